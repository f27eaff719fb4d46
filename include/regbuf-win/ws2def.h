/* SPDX-License-Identifier: MIT */
/*
 * Addresses, families, levels and options of sockets.
 *
 * Addresses lie in memory as Linux has them, and families, types, protocols,
 * levels, options and MSG_ flags have Linux' values: registered memory holds
 * what the kernel reads and writes. SIO_ codes have Windows' values. Options
 * that are not named in these headers don't exist here.
 */
#ifndef REGBUF_WIN_WS2DEF_H
#define REGBUF_WIN_WS2DEF_H

#include "inaddr.h"

#ifdef _SYS_SOCKET_H
#error "<sys/socket.h> and Windows' headers can't be used in one source file"
#endif

typedef USHORT ADDRESS_FAMILY;

#define AF_UNSPEC	0
#define AF_UNIX		1
#define AF_INET		2
#define AF_INET6	10

#define PF_UNSPEC	AF_UNSPEC
#define PF_UNIX		AF_UNIX
#define PF_INET		AF_INET
#define PF_INET6	AF_INET6

#define SOCK_STREAM	1
#define SOCK_DGRAM	2
#define SOCK_RAW	3
#define SOCK_RDM	4
#define SOCK_SEQPACKET	5

typedef enum {
	IPPROTO_HOPOPTS = 0,
	IPPROTO_ICMP = 1,
	IPPROTO_IGMP = 2,
	IPPROTO_IPV4 = 4,
	IPPROTO_TCP = 6,
	IPPROTO_PUP = 12,
	IPPROTO_UDP = 17,
	IPPROTO_IDP = 22,
	IPPROTO_IPV6 = 41,
	IPPROTO_ROUTING = 43,
	IPPROTO_FRAGMENT = 44,
	IPPROTO_ESP = 50,
	IPPROTO_AH = 51,
	IPPROTO_ICMPV6 = 58,
	IPPROTO_NONE = 59,
	IPPROTO_DSTOPTS = 60,
	IPPROTO_PIM = 103,
	IPPROTO_SCTP = 132,
	IPPROTO_RAW = 255,
	IPPROTO_MAX = 256
} IPPROTO, *PIPROTO;

#define IPPROTO_IP	0

#define SOL_SOCKET	1
#define SOL_IP		0
#define SOL_IPV6	41

/* Options of SOL_SOCKET: int or BOOL where nothing else is said. */
#define SO_REUSEADDR	2
#define SO_TYPE		3
#define SO_ERROR	4	/* a WSA code */
#define SO_DONTROUTE	5
#define SO_BROADCAST	6
#define SO_SNDBUF	7
#define SO_RCVBUF	8
#define SO_KEEPALIVE	9
#define SO_OOBINLINE	10
#define SO_LINGER	13	/* struct linger */
#define SO_RCVTIMEO	20	/* DWORD: ms */
#define SO_SNDTIMEO	21	/* DWORD: ms */
#define SO_ACCEPTCONN	30
/* Made of others: */
#define SO_EXCLUSIVEADDRUSE	((int)(~SO_REUSEADDR))
#define SO_DONTLINGER		((int)(~SO_LINGER))
#define SO_MAX_MSG_SIZE		0x2003
#define SO_UPDATE_ACCEPT_CONTEXT	0x700b	/* SOCKET: who listened */
#define SO_UPDATE_CONNECT_CONTEXT	0x7010	/* no value */
#define SO_REUSE_UNICASTPORT	0x3007

#define TCP_NODELAY	1
#define TCP_MAXSEG	2

#define WSK_SO_BASE	0x4000

/*
 * Linux has some of these names for other values, and its headers may follow:
 * what is made of them must not depend on who came last.
 */
#undef IOC_OUT
#undef IOC_IN
#undef IOC_INOUT
#define IOC_UNIX		0x00000000
#define IOC_WS2			0x08000000
#define IOC_PROTOCOL		0x10000000
#define IOC_VENDOR		0x18000000
#define IOC_WSK			(IOC_WS2 | 0x07000000)
#define IOCPARM_MASK		0x7f
#define IOC_VOID		0x20000000
#define IOC_OUT			0x40000000
#define IOC_IN			0x80000000
#define IOC_INOUT		(IOC_IN | IOC_OUT)
#define _WSAIO(x, y)		(0x20000000 | (x) | (y))
#define _WSAIOR(x, y)		(0x40000000 | (x) | (y))
#define _WSAIOW(x, y)		(0x80000000 | (x) | (y))
#define _WSAIORW(x, y)		(0xc0000000 | (x) | (y))

#define SIO_GET_EXTENSION_FUNCTION_POINTER		_WSAIORW(IOC_WS2, 6)
#define SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER	_WSAIORW(IOC_WS2, 36)

typedef struct sockaddr {
	ADDRESS_FAMILY sa_family;
	CHAR sa_data[14];
} SOCKADDR, *PSOCKADDR, FAR *LPSOCKADDR;

typedef struct sockaddr_in {
	ADDRESS_FAMILY sin_family;
	USHORT sin_port;
	IN_ADDR sin_addr;
	CHAR sin_zero[8];
} SOCKADDR_IN, *PSOCKADDR_IN, FAR *LPSOCKADDR_IN;

typedef struct sockaddr_storage {
	ADDRESS_FAMILY ss_family;
	CHAR __ss_pad1[6];
	LONGLONG __ss_align;
	CHAR __ss_pad2[112];
} SOCKADDR_STORAGE_LH, *PSOCKADDR_STORAGE_LH, FAR *LPSOCKADDR_STORAGE_LH,
  SOCKADDR_STORAGE, *PSOCKADDR_STORAGE, FAR *LPSOCKADDR_STORAGE;

typedef struct _SOCKET_ADDRESS {
	LPSOCKADDR lpSockaddr;
	INT iSockaddrLength;
} SOCKET_ADDRESS, *PSOCKET_ADDRESS, *LPSOCKET_ADDRESS;

__extension__ typedef struct _SCOPE_ID {
	union {
		struct {
			ULONG Zone : 28;
			ULONG Level : 4;
		};
		ULONG Value;
	};
} SCOPE_ID, *PSCOPE_ID;

#define INADDR_ANY		((ULONG)0x00000000)
#define INADDR_LOOPBACK		0x7f000001
#define INADDR_BROADCAST	((ULONG)0xffffffff)
#define INADDR_NONE		0xffffffff

#define IN_CLASSA(i)	(((LONG)(i) & 0x80000000) == 0)
#define IN_CLASSB(i)	(((LONG)(i) & 0xc0000000) == 0x80000000)
#define IN_CLASSC(i)	(((LONG)(i) & 0xe0000000) == 0xc0000000)
#define IN_CLASSD(i)	(((LONG)(i) & 0xf0000000) == 0xe0000000)
#define IN_MULTICAST(i)	IN_CLASSD(i)

#define IPPORT_RESERVED		1024
#define INET_ADDRSTRLEN		22
#define INET6_ADDRSTRLEN	65

typedef struct _WSABUF {
	ULONG len;
	CHAR FAR *buf;
} WSABUF, FAR *LPWSABUF;

typedef struct _WSAMSG {
	LPSOCKADDR name;
	INT namelen;
	LPWSABUF lpBuffers;
	ULONG dwBufferCount;
	WSABUF Control;
	ULONG dwFlags;
} WSAMSG, *PWSAMSG, *FAR LPWSAMSG;

/*
 * Control data, also in a RIO_CMSG_BUFFER: laid out as Linux' struct cmsghdr,
 * which is what Windows' has become on 64-bit machines.
 */
typedef struct _WSACMSGHDR {
	SIZE_T cmsg_len;
	INT cmsg_level;
	INT cmsg_type;
	/* followed by UCHAR cmsg_data[] */
} WSACMSGHDR, *PWSACMSGHDR, FAR *LPWSACMSGHDR;

typedef WSACMSGHDR CMSGHDR, *PCMSGHDR;

#define WSA_CMSGHDR_ALIGN(length)	\
	(((SIZE_T)(length) + sizeof(SIZE_T) - 1) & ~(sizeof(SIZE_T) - 1))
#define WSA_CMSGDATA_ALIGN(length)	WSA_CMSGHDR_ALIGN(length)
#define WSA_CMSG_FIRSTHDR(msg)						\
	((msg)->Control.len >= sizeof(WSACMSGHDR) ?			\
	 (LPWSACMSGHDR)(msg)->Control.buf : (LPWSACMSGHDR)NULL)
#define WSA_CMSG_NXTHDR(msg, cmsg)					\
	(!(cmsg) ? WSA_CMSG_FIRSTHDR(msg) :				\
	 (PUCHAR)(cmsg) + WSA_CMSGHDR_ALIGN((cmsg)->cmsg_len) +		\
	 sizeof(WSACMSGHDR) >						\
	 (PUCHAR)(msg)->Control.buf + (msg)->Control.len ?		\
	 (LPWSACMSGHDR)NULL :						\
	 (LPWSACMSGHDR)((PUCHAR)(cmsg) +				\
			WSA_CMSGHDR_ALIGN((cmsg)->cmsg_len)))
#define WSA_CMSG_DATA(cmsg)		\
	((PUCHAR)(cmsg) + WSA_CMSGDATA_ALIGN(sizeof(WSACMSGHDR)))
#define WSA_CMSG_SPACE(length)		\
	(WSA_CMSGDATA_ALIGN(sizeof(WSACMSGHDR) + WSA_CMSGHDR_ALIGN(length)))
#define WSA_CMSG_LEN(length)		\
	(WSA_CMSGDATA_ALIGN(sizeof(WSACMSGHDR)) + (length))

#define CMSG_FIRSTHDR	WSA_CMSG_FIRSTHDR
#define CMSG_NXTHDR	WSA_CMSG_NXTHDR
#define CMSG_SPACE	WSA_CMSG_SPACE
#define CMSG_LEN	WSA_CMSG_LEN
#define CMSGHDR_ALIGN	WSA_CMSGHDR_ALIGN
#define CMSGDATA_ALIGN	WSA_CMSGDATA_ALIGN

/* In WSAMSG.dwFlags and flags of calls. */
#define MSG_OOB		0x1
#define MSG_PEEK	0x2
#define MSG_DONTROUTE	0x4
#define MSG_CTRUNC	0x8
#define MSG_TRUNC	0x20
#define MSG_WAITALL	0x100

#define AI_PASSIVE	0x0001
#define AI_CANONNAME	0x0002
#define AI_NUMERICHOST	0x0004
#define AI_V4MAPPED	0x0008
#define AI_ALL		0x0010
#define AI_ADDRCONFIG	0x0020
#define AI_NUMERICSERV	0x0400

typedef struct addrinfo {
	int ai_flags;
	int ai_family;
	int ai_socktype;
	int ai_protocol;
	SIZE_T ai_addrlen;
	char *ai_canonname;
	struct sockaddr *ai_addr;
	struct addrinfo *ai_next;
} ADDRINFOA, *PADDRINFOA;

typedef struct addrinfoW {
	int ai_flags;
	int ai_family;
	int ai_socktype;
	int ai_protocol;
	SIZE_T ai_addrlen;
	PWSTR ai_canonname;
	struct sockaddr *ai_addr;
	struct addrinfoW *ai_next;
} ADDRINFOW, *PADDRINFOW;

typedef ADDRINFOA ADDRINFO, FAR *LPADDRINFO;

#define NI_NUMERICHOST	0x01
#define NI_NUMERICSERV	0x02
#define NI_NOFQDN	0x04
#define NI_NAMEREQD	0x08
#define NI_DGRAM	0x10
#define NI_MAXHOST	1025
#define NI_MAXSERV	32

REGBUF_WIN_ASSERT(sizeof(SOCKADDR) == 16);
REGBUF_WIN_ASSERT(sizeof(SOCKADDR_IN) == 16);
REGBUF_WIN_ASSERT(sizeof(SOCKADDR_STORAGE) == 128);
REGBUF_WIN_ASSERT(sizeof(WSABUF) == 16);
REGBUF_WIN_ASSERT(sizeof(WSAMSG) == 56);
REGBUF_WIN_ASSERT(sizeof(ADDRINFOA) == 48);
REGBUF_WIN_ASSERT(sizeof(WSACMSGHDR) == 16 &&
		  offsetof(WSACMSGHDR, cmsg_level) == 8 &&
		  offsetof(WSACMSGHDR, cmsg_type) == 12);

#endif /* REGBUF_WIN_WS2DEF_H */
