/* SPDX-License-Identifier: MIT */
/* Names, and IPv6. See winsock2.h. */
#ifndef REGBUF_WIN_WS2TCPIP_H
#define REGBUF_WIN_WS2TCPIP_H

#include "winsock2.h"
#include "ws2ipdef.h"

/* Signed, as there: the C library's is not. */
#ifdef __socklen_t_defined
#define socklen_t	int
#else
#define __socklen_t_defined
typedef int socklen_t;
#endif

#define EAI_AGAIN	WSATRY_AGAIN
#define EAI_BADFLAGS	WSAEINVAL
#define EAI_FAIL	WSANO_RECOVERY
#define EAI_FAMILY	WSAEAFNOSUPPORT
#define EAI_MEMORY	WSA_NOT_ENOUGH_MEMORY
#define EAI_NONAME	WSAHOST_NOT_FOUND
#define EAI_NODATA	EAI_NONAME
#define EAI_SERVICE	WSATYPE_NOT_FOUND
#define EAI_SOCKTYPE	WSAESOCKTNOSUPPORT

/*
 * getaddrinfo() - addresses of a name
 *
 * With neither type nor protocol asked for there is one entry for each address,
 * and its type is 0. Free the result with freeaddrinfo().
 *
 * Return: 0 or one of EAI_..., which is the last error then too.
 */
REGBUF_WIN_API INT WSAAPI
getaddrinfo(PCSTR name, PCSTR service, const ADDRINFOA *hints, PADDRINFOA *out)
	REGBUF_WIN_NAME(getaddrinfo);
REGBUF_WIN_API void WSAAPI freeaddrinfo(PADDRINFOA list)
	REGBUF_WIN_NAME(freeaddrinfo);
REGBUF_WIN_API INT WSAAPI
GetAddrInfoW(PCWSTR name, PCWSTR service, const ADDRINFOW *hints,
	     PADDRINFOW *out);
REGBUF_WIN_API void WSAAPI FreeAddrInfoW(PADDRINFOW list);
REGBUF_WIN_API INT WSAAPI
getnameinfo(const SOCKADDR *addr, socklen_t length, PCHAR name, DWORD namelen,
	    PCHAR service, DWORD servicelen, INT flags)
	REGBUF_WIN_NAME(getnameinfo);
/* What FormatMessage() says of the code; never NULL. */
REGBUF_WIN_API char *WSAAPI gai_strerrorA(int code);
#ifdef UNICODE
#define GetAddrInfo	GetAddrInfoW
#define FreeAddrInfo	FreeAddrInfoW
#else
#define GetAddrInfo	getaddrinfo
#define FreeAddrInfo	freeaddrinfo
#define gai_strerror	gai_strerrorA
#endif
#define GetAddrInfoA	getaddrinfo
#define FreeAddrInfoA	freeaddrinfo
#define GetNameInfoA	getnameinfo

/* 1; 0 if @text is no address; -1 and WSAEAFNOSUPPORT, WSAEFAULT. */
REGBUF_WIN_API INT WSAAPI inet_pton(INT family, PCSTR text, PVOID addr)
	REGBUF_WIN_NAME(inet_pton);
/* @text, or NULL and WSAEAFNOSUPPORT, ERROR_INVALID_PARAMETER (no room). */
REGBUF_WIN_API PCSTR WSAAPI
inet_ntop(INT family, const VOID *addr, PSTR text, size_t size)
	REGBUF_WIN_NAME(inet_ntop);
REGBUF_WIN_API INT WSAAPI InetPtonW(INT family, PCWSTR text, PVOID addr);
REGBUF_WIN_API PCWSTR WSAAPI
InetNtopW(INT family, const VOID *addr, PWSTR text, size_t size);
#define InetPtonA	inet_pton
#define InetNtopA	inet_ntop
#ifdef UNICODE
#define InetPton	InetPtonW
#define InetNtop	InetNtopW
#else
#define InetPton	inet_pton
#define InetNtop	inet_ntop
#endif

REGBUF_WIN_API const IN6_ADDR in6addr_any REGBUF_WIN_NAME(in6addr_any);
REGBUF_WIN_API const IN6_ADDR in6addr_loopback
	REGBUF_WIN_NAME(in6addr_loopback);

#define IN6ADDR_ANY_INIT	{{{0}}}
#define IN6ADDR_LOOPBACK_INIT	\
	{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}}

static inline BOOLEAN IN6_ADDR_EQUAL(const IN6_ADDR *a, const IN6_ADDR *b)
{
	return !__builtin_memcmp(a, b, sizeof(*a));
}

static inline BOOLEAN IN6_IS_ADDR_UNSPECIFIED(const IN6_ADDR *a)
{
	return IN6_ADDR_EQUAL(a, &in6addr_any);
}

static inline BOOLEAN IN6_IS_ADDR_LOOPBACK(const IN6_ADDR *a)
{
	return IN6_ADDR_EQUAL(a, &in6addr_loopback);
}

static inline BOOLEAN IN6_IS_ADDR_MULTICAST(const IN6_ADDR *a)
{
	return a->s6_bytes[0] == 0xff;
}

static inline BOOLEAN IN6_IS_ADDR_LINKLOCAL(const IN6_ADDR *a)
{
	return a->s6_bytes[0] == 0xfe && (a->s6_bytes[1] & 0xc0) == 0x80;
}

static inline BOOLEAN IN6_IS_ADDR_V4MAPPED(const IN6_ADDR *a)
{
	return !a->s6_words[0] && !a->s6_words[1] && !a->s6_words[2] &&
	       !a->s6_words[3] && !a->s6_words[4] && a->s6_words[5] == 0xffff;
}

static inline BOOLEAN IN4ADDR_ISANY(const SOCKADDR_IN *a)
{
	return !a->sin_addr.s_addr;
}

static inline BOOLEAN IN4ADDR_ISLOOPBACK(const SOCKADDR_IN *a)
{
	return a->sin_addr.S_un.S_un_b.s_b1 == 127;
}

static inline BOOLEAN IN6ADDR_ISANY(const SOCKADDR_IN6 *a)
{
	return IN6_IS_ADDR_UNSPECIFIED(&a->sin6_addr);
}

static inline BOOLEAN IN6ADDR_ISLOOPBACK(const SOCKADDR_IN6 *a)
{
	return IN6_IS_ADDR_LOOPBACK(&a->sin6_addr);
}

static inline VOID IN4ADDR_SETANY(PSOCKADDR_IN a)
{
	__builtin_memset(a, 0, sizeof(*a));
	a->sin_family = AF_INET;
}

static inline VOID IN4ADDR_SETLOOPBACK(PSOCKADDR_IN a)
{
	IN4ADDR_SETANY(a);
	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static inline VOID IN6ADDR_SETANY(PSOCKADDR_IN6 a)
{
	__builtin_memset(a, 0, sizeof(*a));
	a->sin6_family = AF_INET6;
}

static inline VOID IN6ADDR_SETLOOPBACK(PSOCKADDR_IN6 a)
{
	IN6ADDR_SETANY(a);
	a->sin6_addr.s6_bytes[15] = 1;
}

static inline VOID INETADDR_SETANY(PSOCKADDR a)
{
	if (a->sa_family == AF_INET6)
		IN6ADDR_SETANY((PSOCKADDR_IN6)a);
	else
		IN4ADDR_SETANY((PSOCKADDR_IN)a);
}

static inline VOID INETADDR_SETLOOPBACK(PSOCKADDR a)
{
	if (a->sa_family == AF_INET6)
		IN6ADDR_SETLOOPBACK((PSOCKADDR_IN6)a);
	else
		IN4ADDR_SETLOOPBACK((PSOCKADDR_IN)a);
}

static inline USHORT INETADDR_PORT(const SOCKADDR *a)
{
	return ((const SOCKADDR_IN *)a)->sin_port;
}

#define SS_PORT(a)	(((PSOCKADDR_IN)(a))->sin_port)

static inline VOID INETADDR_SET_PORT(PSOCKADDR a, USHORT port)
{
	SS_PORT(a) = port;
}

/* UDP_SEND_MSG_SIZE and UDP_RECV_MAX_COALESCED_SIZE as functions. */
static inline INT WSASetUdpSendMessageSize(SOCKET s, DWORD size)
{
	return setsockopt(s, IPPROTO_UDP, UDP_SEND_MSG_SIZE,
			  (const char *)&size, sizeof(size));
}

static inline INT WSAGetUdpSendMessageSize(SOCKET s, DWORD *size)
{
	INT length = sizeof(*size);

	return getsockopt(s, IPPROTO_UDP, UDP_SEND_MSG_SIZE, (char *)size,
			  &length);
}

static inline INT WSASetUdpRecvMaxCoalescedSize(SOCKET s, DWORD size)
{
	return setsockopt(s, IPPROTO_UDP, UDP_RECV_MAX_COALESCED_SIZE,
			  (const char *)&size, sizeof(size));
}

static inline INT WSAGetUdpRecvMaxCoalescedSize(SOCKET s, DWORD *size)
{
	INT length = sizeof(*size);

	return getsockopt(s, IPPROTO_UDP, UDP_RECV_MAX_COALESCED_SIZE,
			  (char *)size, &length);
}

#endif /* REGBUF_WIN_WS2TCPIP_H */
