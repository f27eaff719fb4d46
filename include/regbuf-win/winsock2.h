/* SPDX-License-Identifier: MIT */
/*
 * Winsock 2.2, as much of it as programs with registered buffers use.
 *
 * A SOCKET is a descriptor of a Linux socket. Functions that have the name of
 * one of the C library's are other ones: they set WSAGetLastError(), take
 * Windows' structures and options, and never raise SIGPIPE. This header and
 * <sys/socket.h>, <netinet/in.h>, <netdb.h> can't be used in one source file.
 *
 * Unless said otherwise, calls return 0, or SOCKET_ERROR and the thread's last
 * error is set; they may be made from any thread, and fail with
 * WSANOTINITIALISED before WSAStartup(). fd_set and struct timeval are the C
 * library's: sets hold sockets below FD_SETSIZE, 1024.
 *
 * There are no completion routines: where one could be passed only NULL can,
 * and that is checked when compiling.
 */
#ifndef REGBUF_WIN_WINSOCK2_H
#define REGBUF_WIN_WINSOCK2_H

#ifdef _NETDB_H
#error "<netdb.h> and Windows' headers can't be used in one source file"
#endif

#include <sys/select.h>
#include <sys/types.h>

#include "windows.h"
#include "ws2def.h"

#define WINSOCK_VERSION		MAKEWORD(2, 2)
#define WINSOCK2API
#define _WINSOCK2API_
#define _WINSOCKAPI_

typedef unsigned char u_char;
typedef unsigned short u_short;
typedef unsigned int u_int;
/* 32 bits, as there; the C library has one of 64. */
#define u_long	ULONG
typedef unsigned long long u_int64;

typedef UINT_PTR SOCKET;

#define INVALID_SOCKET	((SOCKET)~0)
#define SOCKET_ERROR	(-1)
#define SOMAXCONN	0x7fffffff
#define SOMAXCONN_HINT(n)	(-(n))

#define SD_RECEIVE	0
#define SD_SEND		1
#define SD_BOTH		2

#define MSG_MAXIOVLEN	16
#define MAXGETHOSTSTRUCT	1024
#define FROM_PROTOCOL_INFO	(-1)

#define WSADESCRIPTION_LEN	256
#define WSASYS_STATUS_LEN	128

typedef struct WSAData {
	WORD wVersion;
	WORD wHighVersion;
	unsigned short iMaxSockets;
	unsigned short iMaxUdpDg;
	char FAR *lpVendorInfo;
	char szDescription[WSADESCRIPTION_LEN + 1];
	char szSystemStatus[WSASYS_STATUS_LEN + 1];
} WSADATA, FAR *LPWSADATA;

struct linger {
	u_short l_onoff;
	u_short l_linger;	/* s */
};

struct hostent {
	char FAR *h_name;
	char FAR * FAR *h_aliases;
	short h_addrtype;
	short h_length;
	char FAR * FAR *h_addr_list;
};

#define h_addr	h_addr_list[0]

typedef struct linger LINGER, *PLINGER, FAR *LPLINGER;
typedef fd_set *PFD_SET, FAR *LPFD_SET;
typedef struct hostent HOSTENT, *PHOSTENT, FAR *LPHOSTENT;
typedef struct timeval TIMEVAL, *PTIMEVAL, FAR *LPTIMEVAL;
typedef unsigned int GROUP;

#define SG_UNCONSTRAINED_GROUP	0x01
#define SG_CONSTRAINED_GROUP	0x02

#define WSA_FLAG_OVERLAPPED		0x01
#define WSA_FLAG_NO_HANDLE_INHERIT	0x80
#define WSA_FLAG_REGISTERED_IO		0x100

typedef HANDLE WSAEVENT, FAR *LPWSAEVENT;
typedef OVERLAPPED WSAOVERLAPPED;
typedef LPOVERLAPPED LPWSAOVERLAPPED;
typedef void (CALLBACK *LPWSAOVERLAPPED_COMPLETION_ROUTINE)
	(DWORD error, DWORD length, LPWSAOVERLAPPED overlapped, DWORD flags);
/* There are no descriptions of protocols, nor conditions: NULL. */
typedef struct _WSAPROTOCOL_INFOA *LPWSAPROTOCOL_INFOA;
typedef struct _WSAPROTOCOL_INFOW *LPWSAPROTOCOL_INFOW;

/*
 * Where only NULL may be passed: no object has this type. C would only warn of
 * another pointer, but not when it is passed for a union.
 */
#ifdef __cplusplus
typedef struct regbuf_win_nothing *REGBUF_WIN_NULL;
#else
typedef union {
	struct regbuf_win_nothing *nothing;
} REGBUF_WIN_NULL __attribute__((transparent_union));
#endif

#define WSA_IO_PENDING		997
#define WSA_IO_INCOMPLETE	996
#define WSA_INVALID_HANDLE	6
#define WSA_INVALID_PARAMETER	87
#define WSA_NOT_ENOUGH_MEMORY	8
#define WSA_OPERATION_ABORTED	995
#define WSA_INVALID_EVENT	((WSAEVENT)NULL)
#define WSA_MAXIMUM_WAIT_EVENTS	64
#define WSA_WAIT_FAILED		0xffffffffU
#define WSA_WAIT_EVENT_0	0
#define WSA_WAIT_IO_COMPLETION	0xc0
#define WSA_WAIT_TIMEOUT	258
#define WSA_INFINITE		0xffffffffU
#define HOST_NOT_FOUND		WSAHOST_NOT_FOUND
#define TRY_AGAIN		WSATRY_AGAIN
#define NO_RECOVERY		WSANO_RECOVERY
#define NO_DATA			WSANO_DATA
#define h_errno			WSAGetLastError()

/* Requests of ioctlsocket(). Linux' values will do too. */
#undef FIONREAD
#undef FIONBIO
#define FIONREAD	0x4004667f
#define FIONBIO		0x8004667e

/* Requests of WSAIoctl(). */
#define SIO_LOOPBACK_FAST_PATH	_WSAIOW(IOC_VENDOR, 16)
#define SIO_CPU_AFFINITY	_WSAIOW(IOC_VENDOR, 21)
#define SIO_UDP_CONNRESET	_WSAIOW(IOC_VENDOR, 12)
#define SIO_UDP_NETRESET	_WSAIOW(IOC_VENDOR, 15)
#define SIO_KEEPALIVE_VALS	_WSAIOW(IOC_VENDOR, 4)

/* Of WSAPoll(). */
#define POLLIN		0x001
#define POLLPRI		0x002
#define POLLOUT		0x004
#define POLLERR		0x008
#define POLLHUP		0x010
#define POLLNVAL	0x020
#define POLLRDNORM	0x040
#define POLLRDBAND	0x080
#define POLLWRNORM	0x100
#define POLLWRBAND	0x200

typedef struct regbuf_win_pollfd {
	SOCKET fd;
	SHORT events;
	SHORT revents;
} WSAPOLLFD, *PWSAPOLLFD, FAR *LPWSAPOLLFD;

REGBUF_WIN_ASSERT(sizeof(WSADATA) == 408);
REGBUF_WIN_ASSERT(sizeof(struct linger) == 4);
REGBUF_WIN_ASSERT(sizeof(HOSTENT) == 32);
REGBUF_WIN_ASSERT(sizeof(WSAPOLLFD) == 16);

/*
 * WSAStartup() - begin to use sockets
 * @version: MAKEWORD(2, 2); 1.0, 1.1, 2.0 and 2.1 are known too
 *
 * Counted. Return: 0; WSAVERNOTSUPPORTED below 1.0; WSAEFAULT. The last error
 * isn't set.
 */
REGBUF_WIN_API int WSAAPI WSAStartup(WORD version, LPWSADATA data);

/**
 * WSACleanup() - end that
 *
 * The last one closes the process's sockets, as on Windows.
 */
REGBUF_WIN_API int WSAAPI WSACleanup(void);

/* The same as GetLastError() and SetLastError(). */
REGBUF_WIN_API int WSAAPI WSAGetLastError(void);
REGBUF_WIN_API void WSAAPI WSASetLastError(int code);

/*
 * WSASocketA() - make a socket
 * @family: AF_UNSPEC is AF_INET, as is 0 for what @type and @protocol allow
 * @info: NULL
 * @group: 0
 * @flags: WSA_FLAG_REGISTERED_IO, for request queues; accept() on such a
 *	socket makes others like it. Without WSA_FLAG_NO_HANDLE_INHERIT programs
 *	that this one executes have the socket too
 *
 * Errors: WSAEAFNOSUPPORT, WSAESOCKTNOSUPPORT, WSAEPROTONOSUPPORT,
 * WSAEPROTOTYPE, WSAEMFILE, WSAENOBUFS, WSAEINVAL (flags), WSAEACCES
 * (SOCK_RAW).
 *
 * Return: a socket or INVALID_SOCKET.
 */
REGBUF_WIN_API SOCKET WSAAPI
WSASocketA(int family, int type, int protocol, LPWSAPROTOCOL_INFOA info,
	   GROUP group, DWORD flags);
REGBUF_WIN_API SOCKET WSAAPI
WSASocketW(int family, int type, int protocol, LPWSAPROTOCOL_INFOW info,
	   GROUP group, DWORD flags);
#ifdef UNICODE
#define WSASocket	WSASocketW
#else
#define WSASocket	WSASocketA
#endif

REGBUF_WIN_API SOCKET WSAAPI socket(int family, int type, int protocol)
	REGBUF_WIN_NAME(socket);

/*
 * Ends calls that wait for the socket in other threads, with WSAEINTR, and
 * overlapped ones, with WSA_OPERATION_ABORTED.
 */
REGBUF_WIN_API int WSAAPI closesocket(SOCKET s);

REGBUF_WIN_API int WSAAPI
bind(SOCKET s, const struct sockaddr *addr, int length) REGBUF_WIN_NAME(bind);
REGBUF_WIN_API int WSAAPI
connect(SOCKET s, const struct sockaddr *addr, int length)
	REGBUF_WIN_NAME(connect);
REGBUF_WIN_API int WSAAPI listen(SOCKET s, int backlog) REGBUF_WIN_NAME(listen);

/* The new socket blocks or not as @s does. */
REGBUF_WIN_API SOCKET WSAAPI
accept(SOCKET s, struct sockaddr *addr, int *length) REGBUF_WIN_NAME(accept);
REGBUF_WIN_API SOCKET WSAAPI
WSAAccept(SOCKET s, struct sockaddr *addr, LPINT length,
	  REGBUF_WIN_NULL condition, DWORD_PTR data);
REGBUF_WIN_API int WSAAPI
WSAConnect(SOCKET s, const struct sockaddr *addr, int length,
	   REGBUF_WIN_NULL caller, REGBUF_WIN_NULL callee,
	   REGBUF_WIN_NULL sending, REGBUF_WIN_NULL group);
REGBUF_WIN_API int WSAAPI shutdown(SOCKET s, int how) REGBUF_WIN_NAME(shutdown);

REGBUF_WIN_API int WSAAPI
getsockname(SOCKET s, struct sockaddr *addr, int *length)
	REGBUF_WIN_NAME(getsockname);
REGBUF_WIN_API int WSAAPI
getpeername(SOCKET s, struct sockaddr *addr, int *length)
	REGBUF_WIN_NAME(getpeername);

/*
 * Bytes, or SOCKET_ERROR. A datagram that is longer than the buffer is
 * WSAEMSGSIZE, and the buffer is filled. One that was answered with "port
 * unreachable" makes a later call fail with WSAECONNRESET, on sockets that are
 * connected; see SIO_UDP_CONNRESET. SO_RCVTIMEO and SO_SNDTIMEO end a call with
 * WSAETIMEDOUT.
 */
REGBUF_WIN_API int WSAAPI
send(SOCKET s, const char *buf, int length, int flags) REGBUF_WIN_NAME(send);
REGBUF_WIN_API int WSAAPI
sendto(SOCKET s, const char *buf, int length, int flags,
       const struct sockaddr *to, int to_len) REGBUF_WIN_NAME(sendto);
REGBUF_WIN_API int WSAAPI
recv(SOCKET s, char *buf, int length, int flags) REGBUF_WIN_NAME(recv);
REGBUF_WIN_API int WSAAPI
recvfrom(SOCKET s, char *buf, int length, int flags,
	 struct sockaddr *from, int *from_len) REGBUF_WIN_NAME(recvfrom);

/*
 * Several buffers at once; 0 or SOCKET_ERROR. With an OVERLAPPED they don't
 * wait, also if the socket blocks: WSA_IO_PENDING, and what comes of it is told
 * by the socket's completion port, the OVERLAPPED's event, or
 * WSAGetOverlappedResult(). That is so if the call succeeds at once, too; after
 * any other error nothing comes. Buffers, the OVERLAPPED, @from and @from_len
 * have to stay until then, @bufs need not. Requests of one direction are
 * carried out in the order of the calls, and a send on a stream sends all.
 *
 * One of no bytes to receive from a stream is through when there are some.
 * ERROR_BUSY: the socket has a request queue of RIO in that direction.
 * WSAEFAULT: the OVERLAPPED among others. WSA_INVALID_HANDLE: its event.
 */
REGBUF_WIN_API int WSAAPI
WSASend(SOCKET s, LPWSABUF bufs, DWORD count, LPDWORD sent, DWORD flags,
	LPWSAOVERLAPPED overlapped, REGBUF_WIN_NULL routine);
REGBUF_WIN_API int WSAAPI
WSASendTo(SOCKET s, LPWSABUF bufs, DWORD count, LPDWORD sent, DWORD flags,
	  const struct sockaddr *to, int to_len, LPWSAOVERLAPPED overlapped,
	  REGBUF_WIN_NULL routine);
REGBUF_WIN_API int WSAAPI
WSARecv(SOCKET s, LPWSABUF bufs, DWORD count, LPDWORD received, LPDWORD flags,
	LPWSAOVERLAPPED overlapped, REGBUF_WIN_NULL routine);
REGBUF_WIN_API int WSAAPI
WSARecvFrom(SOCKET s, LPWSABUF bufs, DWORD count, LPDWORD received,
	    LPDWORD flags, struct sockaddr *from, LPINT from_len,
	    LPWSAOVERLAPPED overlapped, REGBUF_WIN_NULL routine);

/*
 * WSA_IO_INCOMPLETE if it isn't through and @wait is FALSE; else what it failed
 * with. Winsock's codes; GetOverlappedResult() and
 * GetQueuedCompletionStatus() have those of the base system, as there.
 */
REGBUF_WIN_API BOOL WSAAPI
WSAGetOverlappedResult(SOCKET s, LPWSAOVERLAPPED overlapped, LPDWORD bytes,
		       BOOL wait, LPDWORD flags);

/*
 * Options that Windows shapes otherwise than Linux are as there: struct linger
 * of two u_short, timeouts of one DWORD in ms, SO_ERROR a WSA code. SO_RCVBUF
 * and SO_SNDBUF are what was asked for, not what Linux makes of it.
 * Errors: WSAENOPROTOOPT, WSAEINVAL, WSAEFAULT (too short).
 */
REGBUF_WIN_API int WSAAPI
setsockopt(SOCKET s, int level, int option, const char *value, int length)
	REGBUF_WIN_NAME(setsockopt);
REGBUF_WIN_API int WSAAPI
getsockopt(SOCKET s, int level, int option, char *value, int *length)
	REGBUF_WIN_NAME(getsockopt);

REGBUF_WIN_API int WSAAPI
regbuf_win_ioctlsocket(SOCKET s, long request, void *value, size_t size);

/* FIONBIO, FIONREAD. unsigned long, of 64 bits, will do too. */
#ifdef __cplusplus
static inline int ioctlsocket(SOCKET s, long request, ULONG *value)
{
	return regbuf_win_ioctlsocket(s, request, value, sizeof(*value));
}

static inline int ioctlsocket(SOCKET s, long request, unsigned long *value)
{
	return regbuf_win_ioctlsocket(s, request, value, sizeof(*value));
}
#else
#define ioctlsocket(s, request, value)	\
	regbuf_win_ioctlsocket(s, request, value, sizeof(*(value)))
#endif

/*
 * WSAIoctl() - requests of all kinds
 *
 * SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER (any socket),
 * SIO_GET_EXTENSION_FUNCTION_POINTER (mswsock.h and ws2san.h have GUIDs),
 * SIO_KEEPALIVE_VALS, SIO_UDP_CONNRESET, SIO_CPU_AFFINITY (a USHORT, before
 * bind(): such datagram sockets share a port), SIO_UDP_NETRESET (off),
 * SIO_LOOPBACK_FAST_PATH (Linux' loopback always is), FIONBIO, FIONREAD. All
 * are answered at once.
 *
 * Errors: WSAEFAULT (a buffer is bad or too small), WSAEINVAL (GUID not known,
 * or a value), WSAEOPNOTSUPP (request not known), WSAENOTSOCK.
 */
REGBUF_WIN_API int WSAAPI
WSAIoctl(SOCKET s, DWORD request, LPVOID in, DWORD inlen, LPVOID out,
	 DWORD outlen, LPDWORD bytes, REGBUF_WIN_NULL overlapped,
	 REGBUF_WIN_NULL routine);

/* Those that a set has no room for are left out, as there. */
static inline unsigned long *regbuf_win_fd_word(SOCKET s, const fd_set *set)
{
	if (s >= sizeof(*set) * 8)
		return NULL;
	return (unsigned long *)set + s / (sizeof(long) * 8);
}

static inline void regbuf_win_fd_set(SOCKET s, fd_set *set)
{
	unsigned long *word = regbuf_win_fd_word(s, set);

	if (word)
		*word |= 1UL << s % (sizeof(long) * 8);
}

static inline void regbuf_win_fd_clear(SOCKET s, fd_set *set)
{
	unsigned long *word = regbuf_win_fd_word(s, set);

	if (word)
		*word &= ~(1UL << s % (sizeof(long) * 8));
}

static inline int regbuf_win_fd_isset(SOCKET s, const fd_set *set)
{
	const unsigned long *word = regbuf_win_fd_word(s, set);

	return word && *word >> s % (sizeof(long) * 8) & 1;
}

#undef FD_SET
#undef FD_CLR
#undef FD_ISSET
#define FD_SET(s, set)		regbuf_win_fd_set(s, set)
#define FD_CLR(s, set)		regbuf_win_fd_clear(s, set)
#define FD_ISSET(s, set)	regbuf_win_fd_isset(s, set)

/*
 * @nfds is ignored, as on Windows. An attempt to connect that failed is in
 * @exceptfds, not in @writefds. A set with a descriptor that is no socket:
 * WSAENOTSOCK. Nothing to wait for: WSAEINVAL.
 */
REGBUF_WIN_API int WSAAPI
select(int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds,
       struct timeval *timeout) REGBUF_WIN_NAME(select);
REGBUF_WIN_API int WSAAPI
WSAPoll(LPWSAPOLLFD fds, ULONG count, INT timeout_ms);

static inline u_short htons(u_short n)
{
	return __builtin_bswap16(n);
}

static inline u_short ntohs(u_short n)
{
	return __builtin_bswap16(n);
}

static inline u_long htonl(u_long n)
{
	return __builtin_bswap32(n);
}

static inline u_long ntohl(u_long n)
{
	return __builtin_bswap32(n);
}

static inline unsigned long long htonll(unsigned long long n)
{
	return __builtin_bswap64(n);
}

static inline unsigned long long ntohll(unsigned long long n)
{
	return __builtin_bswap64(n);
}

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "libregbuf-win is for little-endian machines"
#endif

/* INADDR_NONE if @text is none. "" is 0.0.0.0. */
REGBUF_WIN_API ULONG WSAAPI inet_addr(const char *text)
	REGBUF_WIN_NAME(inet_addr);
/* In a buffer of the thread's. */
REGBUF_WIN_API char *WSAAPI inet_ntoa(struct in_addr in)
	REGBUF_WIN_NAME(inet_ntoa);

/* IPv4 only; the result is the thread's. NULL: WSAHOST_NOT_FOUND ... */
REGBUF_WIN_API struct hostent *WSAAPI gethostbyname(const char *name)
	REGBUF_WIN_NAME(gethostbyname);
#ifdef __cplusplus
REGBUF_WIN_API int WSAAPI gethostname(char *name, size_t length)
	__THROW REGBUF_WIN_NAME(gethostname);
#else
REGBUF_WIN_API int WSAAPI gethostname(char *name, size_t length)
	REGBUF_WIN_NAME(gethostname);
#endif

REGBUF_WIN_API INT WSAAPI
WSAStringToAddressA(LPSTR text, INT family, LPWSAPROTOCOL_INFOA info,
		    LPSOCKADDR addr, LPINT length);
REGBUF_WIN_API INT WSAAPI
WSAAddressToStringA(LPSOCKADDR addr, DWORD length, LPWSAPROTOCOL_INFOA info,
		    LPSTR text, LPDWORD textlen);
REGBUF_WIN_API INT WSAAPI
WSAStringToAddressW(LPWSTR text, INT family, LPWSAPROTOCOL_INFOW info,
		    LPSOCKADDR addr, LPINT length);
REGBUF_WIN_API INT WSAAPI
WSAAddressToStringW(LPSOCKADDR addr, DWORD length, LPWSAPROTOCOL_INFOW info,
		    LPWSTR text, LPDWORD textlen);
#ifdef UNICODE
#define WSAStringToAddress	WSAStringToAddressW
#define WSAAddressToString	WSAAddressToStringW
#else
#define WSAStringToAddress	WSAStringToAddressA
#define WSAAddressToString	WSAAddressToStringA
#endif

/* Events: those of CreateEvent(), which stay set until they are reset. */
static inline WSAEVENT WSACreateEvent(void)
{
	return CreateEventA(NULL, TRUE, FALSE, NULL);
}

static inline BOOL WSACloseEvent(WSAEVENT event)
{
	return CloseHandle(event);
}

static inline BOOL WSASetEvent(WSAEVENT event)
{
	return SetEvent(event);
}

static inline BOOL WSAResetEvent(WSAEVENT event)
{
	return ResetEvent(event);
}

static inline DWORD WSAWaitForMultipleEvents(DWORD count,
					     const WSAEVENT *events, BOOL all,
					     DWORD timeout_ms, BOOL alertable)
{
	return WaitForMultipleObjectsEx(count, events, all, timeout_ms,
					alertable);
}

/*
 * Events of the network, each a bit of WSAEventSelect() and of what was
 * recorded, and the place of its error.
 */
#define FD_READ_BIT	0
#define FD_READ		(1 << FD_READ_BIT)
#define FD_WRITE_BIT	1
#define FD_WRITE	(1 << FD_WRITE_BIT)
#define FD_OOB_BIT	2
#define FD_OOB		(1 << FD_OOB_BIT)
#define FD_ACCEPT_BIT	3
#define FD_ACCEPT	(1 << FD_ACCEPT_BIT)
#define FD_CONNECT_BIT	4
#define FD_CONNECT	(1 << FD_CONNECT_BIT)
#define FD_CLOSE_BIT	5
#define FD_CLOSE	(1 << FD_CLOSE_BIT)
#define FD_MAX_EVENTS	10

typedef struct _WSANETWORKEVENTS {
	LONG lNetworkEvents;
	int iErrorCode[FD_MAX_EVENTS];
} WSANETWORKEVENTS, FAR *LPWSANETWORKEVENTS;

REGBUF_WIN_ASSERT(sizeof(WSANETWORKEVENTS) == 44);

/*
 * WSAEventSelect() - have @event set when something happens to a socket
 * @events: FD_READ ..., 0 for no more
 *
 * The socket does not block from then on, and cannot be made to. Events are
 * recorded once, and again after the call that they are for: FD_READ and FD_OOB
 * after one that receives, FD_ACCEPT after one that accepts, FD_WRITE after a
 * send that failed with WSAEWOULDBLOCK; FD_CLOSE, with what ended the
 * connection, comes when there are no more data. What accept() returns has the
 * same event. Overlapped calls don't count.
 *
 * Errors: WSAEINVAL (@events), WSA_INVALID_HANDLE (@event), WSAENOTSOCK.
 */
REGBUF_WIN_API int WSAAPI
WSAEventSelect(SOCKET s, WSAEVENT event, long events);

/* What was recorded, which is forgotten; resets @event if it isn't NULL. */
REGBUF_WIN_API int WSAAPI
WSAEnumNetworkEvents(SOCKET s, WSAEVENT event, LPWSANETWORKEVENTS events);

#ifdef __cplusplus
/*
 * What programs have in inline functions that they never use is no error: only
 * a call with a completion routine that is really made.
 */
extern "C++" {
namespace regbuf_win {
template <class T> struct when_routine { };
template <class R, class... A> struct when_routine<R (*)(A...)> {
	typedef int type;
};
template <class T> struct when_ulong { };
template <> struct when_ulong<unsigned long> { typedef int type; };
}

#define REGBUF_WIN_ROUTINE						\
	__attribute__((error("there are no completion routines of Winsock")))

template <class R>
typename regbuf_win::when_routine<R>::type
WSASend(SOCKET, LPWSABUF, DWORD, LPDWORD, DWORD, LPWSAOVERLAPPED, R)
	REGBUF_WIN_ROUTINE;

template <class R>
typename regbuf_win::when_routine<R>::type
WSASendTo(SOCKET, LPWSABUF, DWORD, LPDWORD, DWORD, const struct sockaddr *, int,
	  LPWSAOVERLAPPED, R) REGBUF_WIN_ROUTINE;

template <class R>
typename regbuf_win::when_routine<R>::type
WSARecv(SOCKET, LPWSABUF, DWORD, LPDWORD, LPDWORD, LPWSAOVERLAPPED, R)
	REGBUF_WIN_ROUTINE;

template <class R>
typename regbuf_win::when_routine<R>::type
WSARecvFrom(SOCKET, LPWSABUF, DWORD, LPDWORD, LPDWORD, struct sockaddr *,
	    LPINT, LPWSAOVERLAPPED, R) REGBUF_WIN_ROUTINE;

/* With an unsigned long, of 64 bits here, for the number of bytes. */
template <class T>
typename regbuf_win::when_ulong<T>::type
WSAIoctl(SOCKET s, DWORD request, LPVOID in, DWORD inlen, LPVOID out,
	 DWORD outlen, T *bytes, REGBUF_WIN_NULL overlapped,
	 REGBUF_WIN_NULL routine)
{
	DWORD n = 0;
	int ret = WSAIoctl(s, request, in, inlen, out, outlen, &n, overlapped,
			   routine);

	*bytes = n;
	return ret;
}
}
#endif

#endif /* REGBUF_WIN_WINSOCK2_H */
