/* SPDX-License-Identifier: MIT */
/*
 * Registered I/O, and AcceptEx() and the like, which are at the end. There are
 * no functions of RIO to link with: programs fetch a table of them with
 * WSAIoctl(), as on Windows, and WSAEOPNOTSUPP tells that there is no
 * /dev/regbuf. One table serves all sockets of the process.
 *
 * Where nothing else is said, the calls behave as documented for Windows. Those
 * that return BOOL, a queue or a buffer leave the reason in GetLastError().
 *
 * Threads: one at a time for each request queue, and one for each completion
 * queue, but that a RIO_MSG_COMMIT_ONLY may run beside anything. Request queues
 * that share a completion queue may be used by different threads. Buffers are
 * for any thread.
 *
 * A forked child has none of its parent's buffers and queues: calls with them
 * fail. It may make its own.
 */
#ifndef REGBUF_WIN_MSWSOCK_H
#define REGBUF_WIN_MSWSOCK_H

#include "winsock2.h"

#include "mswsockdef.h"

/*
 * Receive into a part of a buffer; without one (@pData NULL,
 * @DataBufferCount 0), a datagram that nobody wants to read. A datagram that is
 * too long has the status WSAEMSGSIZE, and the bytes that fit.
 *
 * WSAEINVAL: the queue, flags, or count; RIO_MSG_WAITALL for datagrams.
 * WSAEFAULT: not a part of a registered buffer, or its memory is unmapped.
 * WSAENOBUFS: so many are outstanding already.
 */
typedef BOOL (*LPFN_RIORECEIVE)(RIO_RQ SocketQueue, PRIO_BUF pData,
				ULONG DataBufferCount, DWORD Flags,
				PVOID RequestContext);

/*
 * With where to put the local and the peer's address (SOCKADDR_INET: 28 bytes
 * at least), control data, and a DWORD of MSG_TRUNC and MSG_CTRUNC. All are
 * written when the completion is taken, but for the peer's address. Control
 * data are what socket options ask for. On a stream nothing is written but the
 * flags.
 */
typedef int (*LPFN_RIORECEIVEEX)(RIO_RQ SocketQueue, PRIO_BUF pData,
				 ULONG DataBufferCount, PRIO_BUF pLocalAddress,
				 PRIO_BUF pRemoteAddress,
				 PRIO_BUF pControlContext, PRIO_BUF pFlags,
				 DWORD Flags, PVOID RequestContext);

/*
 * Send a part of a buffer; without one, an empty datagram. The completion comes
 * when the memory is not needed any more: for a stream, when the peer has
 * acknowledged it, and in the order of the sends. Errors as of receives.
 */
typedef BOOL (*LPFN_RIOSEND)(RIO_RQ SocketQueue, PRIO_BUF pData,
			     ULONG DataBufferCount, DWORD Flags,
			     PVOID RequestContext);

/*
 * @pLocalAddress is NULL. @pRemoteAddress is where to, not looked at on a
 * stream. @pControlContext holds a RIO_CMSG_BUFFER, of 256 bytes at most, which
 * is read during the call. @pFlags has no meaning.
 */
typedef BOOL (*LPFN_RIOSENDEX)(RIO_RQ SocketQueue, PRIO_BUF pData,
			       ULONG DataBufferCount, PRIO_BUF pLocalAddress,
			       PRIO_BUF pRemoteAddress,
			       PRIO_BUF pControlContext, PRIO_BUF pFlags,
			       DWORD Flags, PVOID RequestContext);

/*
 * What has not entered a socket is cancelled, and completions that were not
 * taken are lost. No other thread may be using it.
 */
typedef VOID (*LPFN_RIOCLOSECOMPLETIONQUEUE)(RIO_CQ CQ);

typedef enum _RIO_NOTIFICATION_COMPLETION_TYPE {
	RIO_EVENT_COMPLETION = 1,
	RIO_IOCP_COMPLETION = 2
} RIO_NOTIFICATION_COMPLETION_TYPE, *PRIO_NOTIFICATION_COMPLETION_TYPE;

typedef struct _RIO_NOTIFICATION_COMPLETION {
	RIO_NOTIFICATION_COMPLETION_TYPE Type;
	__extension__ union {
		struct {
			HANDLE EventHandle;
			BOOL NotifyReset;
		} Event;
		struct {
			HANDLE IocpHandle;
			PVOID CompletionKey;
			PVOID Overlapped;
		} Iocp;
	};
} RIO_NOTIFICATION_COMPLETION, *PRIO_NOTIFICATION_COMPLETION;

/*
 * The event or port may be closed afterwards: the queue keeps it.
 *
 * WSAEINVAL: the size, the event or port, or @Overlapped is NULL. WSAENOBUFS:
 * no memory, or more entries than the kernel gives to one queue. WSAEFAULT: the
 * pointer.
 */
typedef RIO_CQ
(*LPFN_RIOCREATECOMPLETIONQUEUE)(DWORD QueueSize,
				 PRIO_NOTIFICATION_COMPLETION Notification);

/*
 * Any TCP or UDP socket will do, also without WSA_FLAG_REGISTERED_IO; it need
 * not be bound or connected yet. closesocket() ends the queue.
 *
 * WSAEINVAL: a completion queue, the maxima, or the socket has a queue already.
 * WSAENOBUFS: the completion queues don't have so much room left. WSAENOTSOCK,
 * WSAEOPNOTSUPP: the socket. ERROR_BUSY: overlapped calls are pending there.
 */
typedef RIO_RQ (*LPFN_RIOCREATEREQUESTQUEUE)(SOCKET Socket,
					     ULONG MaxOutstandingReceive,
					     ULONG MaxReceiveDataBuffers,
					     ULONG MaxOutstandingSend,
					     ULONG MaxSendDataBuffers,
					     RIO_CQ ReceiveCQ, RIO_CQ SendCQ,
					     PVOID SocketContext);

/* Makes no system call. RIO_CORRUPT_CQ: not a queue, or its memory is bad. */
typedef ULONG (*LPFN_RIODEQUEUECOMPLETION)(RIO_CQ CQ, PRIORESULT Array,
					   ULONG ArraySize);

/* Requests in flight finish normally. What is no buffer is left alone. */
typedef VOID (*LPFN_RIODEREGISTERBUFFER)(RIO_BUFFERID BufferId);

/*
 * An event is reset before, if so wished. Returns the error: WSAEALREADY: there
 * was no completion yet since the last time. WSAEINVAL: not a queue, or without
 * event and port.
 */
typedef INT (*LPFN_RIONOTIFY)(RIO_CQ CQ);

/*
 * To send from and to receive into, so it has to be writable. It counts against
 * RLIMIT_MEMLOCK, by the page: WSAENOBUFS. WSAEINVAL: no bytes. WSAEFAULT: not
 * memory, or memory that cannot be locked, such as a shared mapping of a file.
 */
typedef RIO_BUFFERID (*LPFN_RIOREGISTERBUFFER)(PCHAR DataBuffer,
					       DWORD DataLength);

/* No other thread may be using the queue. WSAETOOMANYREFS: is too small. */
typedef BOOL (*LPFN_RIORESIZECOMPLETIONQUEUE)(RIO_CQ CQ, DWORD QueueSize);

/*
 * WSAETOOMANYREFS: more are outstanding. WSAENOBUFS: no room in the CQ.
 * ERROR_BUSY: as of RIOCreateRequestQueue.
 */
typedef BOOL (*LPFN_RIORESIZEREQUESTQUEUE)(RIO_RQ RQ,
					   DWORD MaxOutstandingReceive,
					   DWORD MaxOutstandingSend);

/* In: nothing. Out: all of it. */
typedef struct _RIO_EXTENSION_FUNCTION_TABLE {
	DWORD cbSize;
	LPFN_RIORECEIVE RIOReceive;
	LPFN_RIORECEIVEEX RIOReceiveEx;
	LPFN_RIOSEND RIOSend;
	LPFN_RIOSENDEX RIOSendEx;
	LPFN_RIOCLOSECOMPLETIONQUEUE RIOCloseCompletionQueue;
	LPFN_RIOCREATECOMPLETIONQUEUE RIOCreateCompletionQueue;
	LPFN_RIOCREATEREQUESTQUEUE RIOCreateRequestQueue;
	LPFN_RIODEQUEUECOMPLETION RIODequeueCompletion;
	LPFN_RIODEREGISTERBUFFER RIODeregisterBuffer;
	LPFN_RIONOTIFY RIONotify;
	LPFN_RIOREGISTERBUFFER RIORegisterBuffer;
	LPFN_RIORESIZECOMPLETIONQUEUE RIOResizeCompletionQueue;
	LPFN_RIORESIZEREQUESTQUEUE RIOResizeRequestQueue;
} RIO_EXTENSION_FUNCTION_TABLE, *PRIO_EXTENSION_FUNCTION_TABLE;

#define WSAID_MULTIPLE_RIO						\
	{ 0x8509e081, 0x96dd, 0x4005,					\
	  { 0xb1, 0x65, 0x9e, 0x2e, 0xe8, 0xc7, 0x9e, 0x3f } }

#define RIO_CMSG_BASE_SIZE	WSA_CMSGHDR_ALIGN(sizeof(RIO_CMSG_BUFFER))

#define RIO_CMSG_FIRSTHDR(buffer)					\
	((buffer)->TotalLength >= RIO_CMSG_BASE_SIZE + sizeof(WSACMSGHDR) ? \
	 (PWSACMSGHDR)((PUCHAR)(buffer) + RIO_CMSG_BASE_SIZE) :		\
	 (PWSACMSGHDR)NULL)

#define RIO_CMSG_NEXTHDR(buffer, cmsg)					\
	((cmsg) == NULL ? RIO_CMSG_FIRSTHDR(buffer) :			\
	 (PUCHAR)(cmsg) + WSA_CMSGHDR_ALIGN((cmsg)->cmsg_len) +		\
	 sizeof(WSACMSGHDR) >						\
	 (PUCHAR)(buffer) + (buffer)->TotalLength ?			\
	 (PWSACMSGHDR)NULL :						\
	 (PWSACMSGHDR)((PUCHAR)(cmsg) +					\
		       WSA_CMSGHDR_ALIGN((cmsg)->cmsg_len)))

/*
 * Sockets' extensions, besides. WSAIoctl(SIO_GET_EXTENSION_FUNCTION_POINTER)
 * finds them, from any socket; the two first have names to link with, too. All
 * need an OVERLAPPED, but for LPFN_DISCONNECTEX, and return FALSE with
 * ERROR_IO_PENDING (WSA_IO_PENDING) if they are not through.
 */
#define WSAID_ACCEPTEX							\
	{ 0xb5367df1, 0xcbac, 0x11cf,					\
	  { 0x95, 0xca, 0x00, 0x80, 0x5f, 0x48, 0xa1, 0x92 } }
#define WSAID_GETACCEPTEXSOCKADDRS					\
	{ 0xb5367df2, 0xcbac, 0x11cf,					\
	  { 0x95, 0xca, 0x00, 0x80, 0x5f, 0x48, 0xa1, 0x92 } }
#define WSAID_CONNECTEX							\
	{ 0x25a207b9, 0xddf3, 0x4660,					\
	  { 0x8e, 0xe9, 0x76, 0xe5, 0x8c, 0x74, 0x06, 0x3e } }
#define WSAID_DISCONNECTEX						\
	{ 0x7fda2e11, 0x8630, 0x436f,					\
	  { 0xa0, 0x31, 0xf5, 0x36, 0xa6, 0xee, 0xc1, 0x57 } }

#define TF_REUSE_SOCKET	0x02

/*
 * AcceptEx() - accept the next connection, to a socket that is there
 * @sAcceptSocket: of the listener's family; not bound, and without a request
 *	queue yet. Its descriptor stays, but is another one of Linux' sockets
 *	afterwards: of options that were set before, SO_LINGER, SO_KEEPALIVE,
 *	time-outs and TCP_NODELAY are kept, others are the listener's
 * @lpOutputBuffer: for the first data, @dwReceiveDataLength bytes, 0 not to
 *	wait for any; then for the addresses
 * @dwLocalAddressLength: the size of an address and 16, at least
 *
 * SO_UPDATE_ACCEPT_CONTEXT may follow; the socket can be used without it.
 *
 * WSAEINVAL: not listening, connected already, in use by another AcceptEx(), or
 * with a request queue. WSAEFAULT: a length, or a pointer.
 */
typedef BOOL (PASCAL FAR *LPFN_ACCEPTEX)(SOCKET sListenSocket,
					 SOCKET sAcceptSocket,
					 PVOID lpOutputBuffer,
					 DWORD dwReceiveDataLength,
					 DWORD dwLocalAddressLength,
					 DWORD dwRemoteAddressLength,
					 LPDWORD lpdwBytesReceived,
					 LPOVERLAPPED lpOverlapped);
REGBUF_WIN_API BOOL PASCAL FAR
AcceptEx(SOCKET sListenSocket, SOCKET sAcceptSocket, PVOID lpOutputBuffer,
	 DWORD dwReceiveDataLength, DWORD dwLocalAddressLength,
	 DWORD dwRemoteAddressLength, LPDWORD lpdwBytesReceived,
	 LPOVERLAPPED lpOverlapped);

/* Where AcceptEx() has put the addresses, with the same lengths. */
typedef void (PASCAL FAR *LPFN_GETACCEPTEXSOCKADDRS)
	(PVOID lpOutputBuffer, DWORD dwReceiveDataLength,
	 DWORD dwLocalAddressLength, DWORD dwRemoteAddressLength,
	 struct sockaddr **LocalSockaddr, LPINT LocalSockaddrLength,
	 struct sockaddr **RemoteSockaddr, LPINT RemoteSockaddrLength);
REGBUF_WIN_API void PASCAL FAR
GetAcceptExSockaddrs(PVOID lpOutputBuffer, DWORD dwReceiveDataLength,
		     DWORD dwLocalAddressLength, DWORD dwRemoteAddressLength,
		     struct sockaddr **LocalSockaddr,
		     LPINT LocalSockaddrLength,
		     struct sockaddr **RemoteSockaddr,
		     LPINT RemoteSockaddrLength);

/*
 * Connect a socket that is bound (WSAEINVAL), and send data (NULL: none) if
 * that works. SO_UPDATE_CONNECT_CONTEXT may follow. That nobody answers, or
 * refuses, comes with the completion.
 */
typedef BOOL (PASCAL FAR *LPFN_CONNECTEX)(SOCKET s,
					  const struct sockaddr *name,
					  int namelen, PVOID lpSendBuffer,
					  DWORD dwSendDataLength,
					  LPDWORD lpdwBytesSent,
					  LPOVERLAPPED lpOverlapped);

/*
 * No more sends, after those that are pending; it does not wait for the peer.
 * With TF_REUSE_SOCKET the SOCKET is a new, unconnected one, for AcceptEx() or
 * ConnectEx(), which does not want it bound again; port and modes of completion
 * stay, its request queue is closed, and overlapped calls that receive are
 * cancelled. What the peer sends to the old connection is answered with a
 * reset.
 */
typedef BOOL (PASCAL FAR *LPFN_DISCONNECTEX)(SOCKET s,
					     LPOVERLAPPED lpOverlapped,
					     DWORD dwFlags, DWORD dwReserved);

REGBUF_WIN_ASSERT(sizeof(RIO_NOTIFICATION_COMPLETION) == 32,
		  "size of RIO_NOTIFICATION_COMPLETION");
REGBUF_WIN_ASSERT(sizeof(RIO_EXTENSION_FUNCTION_TABLE) == 112,
		  "size of RIO_EXTENSION_FUNCTION_TABLE");

#endif /* REGBUF_WIN_MSWSOCK_H */
