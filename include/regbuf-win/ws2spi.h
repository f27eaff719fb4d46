/* SPDX-License-Identifier: MIT */
/*
 * Winsock's provider interface, as far as programs for SANs call it: sends and
 * receives that find registered memory by its address. There are no providers
 * here and no table of theirs; the calls are linked by their names.
 */
#ifndef REGBUF_WIN_WS2SPI_H
#define REGBUF_WIN_WS2SPI_H

#include "winsock2.h"

typedef struct _WSATHREADID {
	HANDLE ThreadHandle;
	DWORD_PTR Reserved;
} WSATHREADID, *LPWSATHREADID;

/**
 * WSPSend() - send from memory, registered or not
 * @s: a connected socket
 * @lpBuffers: the parts, sent in order
 * @dwBufferCount: how many; 0 sends nothing, or an empty datagram
 * @lpNumberOfBytesSent: gets how many bytes; or NULL
 * @dwFlags: 0
 * @lpOverlapped: filled in when this returns, and its event is set unless the
 *                lowest bit of the handle is; or NULL
 * @lpCompletionRoutine: NULL
 * @lpThreadId: not looked at
 * @lpErrno: gets the code on failure. GetLastError() is left alone
 *
 * If all parts lie in memory that was registered for this socket with
 * MEM_READ, they are sent from there, without copying where the route allows,
 * and this returns when the memory is the program's again. Else, and for a
 * socket that does not block, they are copied, as by WSASend(). Memory that was
 * registered for this socket without MEM_READ is refused.
 *
 * Always done when it returns, also with @lpOverlapped: never WSA_IO_PENDING.
 *
 * Return: 0; or SOCKET_ERROR and
 *
 * * WSAENOTSOCK, WSAENOTCONN, WSAEOPNOTSUPP: the socket
 * * WSAEFAULT: registered without MEM_READ, or not mapped any more
 * * WSAEINVAL, WSAEOPNOTSUPP: flags; a completion routine
 * * WSAEWOULDBLOCK, WSAECONNRESET, WSAENOBUFS, ...: as WSASend()
 */
REGBUF_WIN_API int WSPAPI WSPSend(SOCKET s, LPWSABUF lpBuffers,
				  DWORD dwBufferCount,
				  LPDWORD lpNumberOfBytesSent, DWORD dwFlags,
				  LPWSAOVERLAPPED lpOverlapped,
				  LPWSAOVERLAPPED_COMPLETION_ROUTINE
					lpCompletionRoutine,
				  LPWSATHREADID lpThreadId, LPINT lpErrno);

/**
 * WSPRecv() - receive into memory, registered or not
 * @s: a connected socket
 * @lpBuffers: the parts, filled in order
 * @dwBufferCount: how many
 * @lpNumberOfBytesRecvd: gets how many bytes, 0 at the end of a stream; or NULL
 * @lpFlags: MSG_PEEK, MSG_WAITALL or MSG_OOB; 0 when this returns. Or NULL
 * @lpOverlapped: as in WSPSend()
 * @lpCompletionRoutine: NULL
 * @lpThreadId: not looked at
 * @lpErrno: gets the code on failure
 *
 * Memory that was registered for this socket must have been with MEM_WRITE. It
 * cannot be deregistered during the call.
 *
 * Return: 0; or SOCKET_ERROR and
 *
 * * WSAENOTSOCK, WSAENOTCONN: the socket
 * * WSAEFAULT: registered without MEM_WRITE, or not mapped any more
 * * WSAEINVAL, WSAEOPNOTSUPP: flags; a completion routine
 * * WSAEMSGSIZE: a datagram that was cut off
 * * WSAEWOULDBLOCK, WSAECONNRESET, ...: as WSARecv()
 */
REGBUF_WIN_API int WSPAPI WSPRecv(SOCKET s, LPWSABUF lpBuffers,
				  DWORD dwBufferCount,
				  LPDWORD lpNumberOfBytesRecvd, LPDWORD lpFlags,
				  LPWSAOVERLAPPED lpOverlapped,
				  LPWSAOVERLAPPED_COMPLETION_ROUTINE
					lpCompletionRoutine,
				  LPWSATHREADID lpThreadId, LPINT lpErrno);

/**
 * WSPGetOverlappedResult() - what became of an operation
 * @s: not looked at
 * @lpOverlapped: of a call here that returned 0
 * @lpcbTransfer: gets how many bytes; or NULL
 * @fWait: nothing has to be waited for
 * @lpdwFlags: gets 0; or NULL
 * @lpErrno: not written
 *
 * Return: TRUE.
 */
REGBUF_WIN_API BOOL WSPAPI WSPGetOverlappedResult(SOCKET s,
						  LPWSAOVERLAPPED lpOverlapped,
						  LPDWORD lpcbTransfer,
						  BOOL fWait, LPDWORD lpdwFlags,
						  LPINT lpErrno);

typedef int (WSPAPI *LPWSPSEND)(SOCKET s, LPWSABUF lpBuffers,
				DWORD dwBufferCount,
				LPDWORD lpNumberOfBytesSent, DWORD dwFlags,
				LPWSAOVERLAPPED lpOverlapped,
				LPWSAOVERLAPPED_COMPLETION_ROUTINE
					lpCompletionRoutine,
				LPWSATHREADID lpThreadId, LPINT lpErrno);
typedef int (WSPAPI *LPWSPRECV)(SOCKET s, LPWSABUF lpBuffers,
				DWORD dwBufferCount,
				LPDWORD lpNumberOfBytesRecvd, LPDWORD lpFlags,
				LPWSAOVERLAPPED lpOverlapped,
				LPWSAOVERLAPPED_COMPLETION_ROUTINE
					lpCompletionRoutine,
				LPWSATHREADID lpThreadId, LPINT lpErrno);

typedef BOOL (WSPAPI *LPWSPGETOVERLAPPEDRESULT)(SOCKET s,
						LPWSAOVERLAPPED lpOverlapped,
						LPDWORD lpcbTransfer,
						BOOL fWait, LPDWORD lpdwFlags,
						LPINT lpErrno);

#endif /* REGBUF_WIN_WS2SPI_H */
