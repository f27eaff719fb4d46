/* SPDX-License-Identifier: MIT */
/*
 * Registration of memory for one socket each, and access to memory of the other
 * end, as programs for SANs know them.
 *
 * Each call is found with WSAIoctl(SIO_GET_EXTENSION_FUNCTION_POINTER) by its
 * WSAID_*, or linked by its name. Codes of errors go to lpErrno alone: the last
 * error of the thread stays. All calls may be made from any thread.
 */
#ifndef REGBUF_WIN_WS2SAN_H
#define REGBUF_WIN_WS2SAN_H

#include "ws2spi.h"

/* What memory is registered for. */
#define MEM_READ		1
#define MEM_WRITE		2
#define MEM_READWRITE		3

/*
 * getsockopt(SOL_SOCKET), DWORDs: bytes of the largest transfer, and from how
 * many on one is worth its while.
 */
#define SO_MAX_RDMA_SIZE	0x700d
#define SO_RDMA_THRESHOLD_SIZE	0x700e

#define WSAID_REGISTERMEMORY \
	{ 0xc0b422f5, 0xf58c, 0x11d1, \
	  { 0xad, 0x6c, 0x00, 0xc0, 0x4f, 0xa3, 0x4a, 0x2d } }
#define WSAID_DEREGISTERMEMORY \
	{ 0xc0b422f6, 0xf58c, 0x11d1, \
	  { 0xad, 0x6c, 0x00, 0xc0, 0x4f, 0xa3, 0x4a, 0x2d } }
#define WSAID_REGISTERRDMAMEMORY \
	{ 0xc0b422f7, 0xf58c, 0x11d1, \
	  { 0xad, 0x6c, 0x00, 0xc0, 0x4f, 0xa3, 0x4a, 0x2d } }
#define WSAID_DEREGISTERRDMAMEMORY \
	{ 0xc0b422f8, 0xf58c, 0x11d1, \
	  { 0xad, 0x6c, 0x00, 0xc0, 0x4f, 0xa3, 0x4a, 0x2d } }
#define WSAID_RDMAWRITE \
	{ 0xc0b422f9, 0xf58c, 0x11d1, \
	  { 0xad, 0x6c, 0x00, 0xc0, 0x4f, 0xa3, 0x4a, 0x2d } }
#define WSAID_RDMAREAD \
	{ 0xc0b422fa, 0xf58c, 0x11d1, \
	  { 0xad, 0x6c, 0x00, 0xc0, 0x4f, 0xa3, 0x4a, 0x2d } }
#define WSAID_MEMORYREGISTRATIONCACHECALLBACK \
	{ 0xe5da4af8, 0xd824, 0x48cd, \
	  { 0xa7, 0x99, 0x63, 0x37, 0xa9, 0x8e, 0xd2, 0xaf } }

/* A part of memory that WSPRegisterMemory() gave a handle for. */
typedef struct _WSABUFEX {
	ULONG len;
	CHAR *buf;
	HANDLE handle;
} WSABUFEX, *LPWSABUFEX;

/**
 * WSPRegisterMemory() - register memory for one socket
 * @s: a TCP socket that is connected, or a UDP socket
 * @lpBuffer: first byte, any alignment. Stays the caller's
 * @dwBufferLength: bytes, at least 1
 * @dwFlags: MEM_READ to send from it, MEM_WRITE to receive into it, or both
 * @lpErrno: gets the code on failure
 *
 * The same memory may be registered for any number of sockets, and several
 * times for one: with the same flags it has the same handle there, which is to
 * be deregistered as often. What is left ends with closesocket(), and no other
 * process has any of it: neither a forked child nor whom the socket is passed
 * to.
 *
 * Return: a handle that is good for this socket and these calls only, not for
 * CloseHandle(); or NULL and
 *
 * * WSAEINVAL: @dwFlags is something else; @dwBufferLength is 0
 * * WSAENOTSOCK; WSAEOPNOTSUPP: not TCP or UDP over IP
 * * WSAENOTCONN: TCP, and not connected
 * * WSAEFAULT: some of it is not mapped or not accessible as asked, or it is of
 *   a kind that must not be pinned, such as a shared mapping of a file
 * * WSAENOBUFS: over RLIMIT_MEMLOCK, or no memory
 * * WSAENETDOWN: regbuf's kernel module is not loaded
 */
REGBUF_WIN_API HANDLE WSPAPI WSPRegisterMemory(SOCKET s, PVOID lpBuffer,
					       DWORD dwBufferLength,
					       DWORD dwFlags, LPINT lpErrno);

/**
 * WSPDeregisterMemory() - give a handle up
 * @s: the socket that it is of
 * @Handle: the handle
 * @lpErrno: gets the code on failure
 *
 * The last one frees what the memory took. But of a range that is registered
 * again and again the pages may stay pinned until the socket is closed, the
 * memory is unmapped, or WSPMemoryRegistrationCacheCallback() is called.
 *
 * Return: 0; or SOCKET_ERROR and
 *
 * * WSAEINVAL: no such handle of this socket, or a transfer uses the memory;
 *   the handle stays good then
 * * WSAENOTSOCK
 */
REGBUF_WIN_API int WSPAPI WSPDeregisterMemory(SOCKET s, HANDLE Handle,
					      LPINT lpErrno);

/**
 * WSPRegisterRdmaMemory() - let the other end of a connection use memory
 * @s: a connected TCP socket
 * @lpBuffer: first byte
 * @dwBufferLength: bytes, at least 1
 * @dwFlags: MEM_READ to let it be read by WSPRdmaRead(), MEM_WRITE to let it be
 *           written by WSPRdmaWrite(), or both
 * @lpRdmaBufferDescriptor: gets bytes that name the memory. The program sends
 *                          them to the other end
 * @lpdwDescriptorLength: bytes that there is room for; gets how many there are,
 *                        or are needed
 * @lpErrno: gets the code on failure
 *
 * Transfers go over connections of their own, to a port that a thread of this
 * process listens on at the socket's address. Whoever is at the peer's address
 * and has the descriptor may use the memory while this connection is up. What
 * is transferred is not encrypted.
 *
 * The same memory with the same flags has the same descriptor on a socket, to
 * be deregistered as often.
 *
 * Return: 0; or SOCKET_ERROR and as WSPRegisterMemory(), and
 *
 * * WSAEFAULT: no room for the descriptor
 * * WSAEOPNOTSUPP: not TCP
 */
REGBUF_WIN_API int WSPAPI WSPRegisterRdmaMemory(SOCKET s, PVOID lpBuffer,
						DWORD dwBufferLength,
						DWORD dwFlags,
						LPVOID lpRdmaBufferDescriptor,
						LPDWORD lpdwDescriptorLength,
						LPINT lpErrno);

/**
 * WSPDeregisterRdmaMemory() - take memory back from the other end
 * @s: the socket that it was registered for
 * @lpRdmaBufferDescriptor: what names it
 * @dwDescriptorLength: bytes of that
 * @lpErrno: gets the code on failure
 *
 * When the last one returns nobody uses the memory, and nobody will.
 *
 * Return: 0; or SOCKET_ERROR and
 *
 * * WSAEINVAL: no such memory of this socket, or a transfer is going on; the
 *   descriptor stays good then
 * * WSAENOTSOCK
 */
REGBUF_WIN_API int WSPAPI WSPDeregisterRdmaMemory(SOCKET s,
						  LPVOID lpRdmaBufferDescriptor,
						  DWORD dwDescriptorLength,
						  LPINT lpErrno);

/**
 * WSPRdmaWrite() - write to memory of the other end
 * @s: a connected TCP socket
 * @lpBuffers: what to write, in registered memory of this socket with MEM_READ
 * @dwBufferCount: how many of them
 * @lpTargetBufferDescriptor: what names the other end's memory
 * @dwTargetDescriptorLength: bytes of that
 * @dwTargetBufferOffset: where to begin in it
 * @lpdwNumberOfBytesWritten: gets how many bytes; or NULL
 * @dwFlags: 0
 * @lpOverlapped: filled in when this returns, and its event is set unless the
 *                lowest bit of the handle is; or NULL
 * @lpCompletionRoutine: NULL
 * @lpThreadId: not looked at
 * @lpErrno: gets the code on failure
 *
 * Done when it returns: the bytes are in the other end's memory, and the local
 * memory is the program's again. Never WSA_IO_PENDING. After an error a part
 * may have been written.
 *
 * Return: 0; or SOCKET_ERROR and
 *
 * * WSAENOTSOCK; WSAENOTCONN; WSAEOPNOTSUPP: the socket
 * * WSAEINVAL: no such handle of this socket; not a descriptor, or not of this
 *   connection, or of memory that was deregistered; flags; a completion routine
 * * WSAEACCES: local memory without MEM_READ, or other memory without MEM_WRITE
 * * WSAEFAULT: past the end of either, or not mapped any more
 * * WSAEMSGSIZE: more than SO_MAX_RDMA_SIZE
 * * WSAENOBUFS: no memory
 * * WSAECONNREFUSED, WSAETIMEDOUT, WSAECONNRESET, ...: the connection for the
 *   transfer
 * * WSA_OPERATION_ABORTED: @s was closed meanwhile
 */
REGBUF_WIN_API int WSPAPI WSPRdmaWrite(SOCKET s, LPWSABUFEX lpBuffers,
				       DWORD dwBufferCount,
				       LPVOID lpTargetBufferDescriptor,
				       DWORD dwTargetDescriptorLength,
				       DWORD dwTargetBufferOffset,
				       LPDWORD lpdwNumberOfBytesWritten,
				       DWORD dwFlags,
				       LPWSAOVERLAPPED lpOverlapped,
				       LPWSAOVERLAPPED_COMPLETION_ROUTINE
						lpCompletionRoutine,
				       LPWSATHREADID lpThreadId,
				       LPINT lpErrno);

/**
 * WSPRdmaRead() - read from memory of the other end
 * @s: a connected TCP socket
 * @lpBuffers: where to, in registered memory of this socket with MEM_WRITE
 * @dwBufferCount: how many of them
 * @lpTargetBufferDescriptor: what names the other end's memory
 * @dwTargetDescriptorLength: bytes of that
 * @dwTargetBufferOffset: where to begin in it
 * @lpdwNumberOfBytesRead: gets how many bytes; or NULL
 * @dwFlags: 0
 * @lpOverlapped: as in WSPRdmaWrite()
 * @lpCompletionRoutine: NULL
 * @lpThreadId: not looked at
 * @lpErrno: gets the code on failure
 *
 * Return: as WSPRdmaWrite(), with the rights the other way round.
 */
REGBUF_WIN_API int WSPAPI WSPRdmaRead(SOCKET s, LPWSABUFEX lpBuffers,
				      DWORD dwBufferCount,
				      LPVOID lpTargetBufferDescriptor,
				      DWORD dwTargetDescriptorLength,
				      DWORD dwTargetBufferOffset,
				      LPDWORD lpdwNumberOfBytesRead,
				      DWORD dwFlags,
				      LPWSAOVERLAPPED lpOverlapped,
				      LPWSAOVERLAPPED_COMPLETION_ROUTINE
						lpCompletionRoutine,
				      LPWSATHREADID lpThreadId,
				      LPINT lpErrno);

/**
 * WSPMemoryRegistrationCacheCallback() - memory is about to go
 * @lpvAddress: first byte
 * @Size: bytes
 * @lpErrno: gets the code on failure
 *
 * Gives up what is kept pinned of memory that is registered no more. Nobody has
 * to call it: the kernel tells when memory is unmapped.
 *
 * Return: 0; or SOCKET_ERROR and
 *
 * * WSAEFAULT: some of it is registered, and stays so
 * * WSAEINVAL: none of it was kept
 */
REGBUF_WIN_API int WSPAPI WSPMemoryRegistrationCacheCallback(LPVOID lpvAddress,
							     SIZE_T Size,
							     LPINT lpErrno);

typedef HANDLE (WSPAPI *LPFN_WSPREGISTERMEMORY)(SOCKET s, PVOID lpBuffer,
						DWORD dwBufferLength,
						DWORD dwFlags, LPINT lpErrno);
typedef int (WSPAPI *LPFN_WSPDEREGISTERMEMORY)(SOCKET s, HANDLE Handle,
					       LPINT lpErrno);
typedef BOOL (WSPAPI *LPFN_WSPREGISTERRDMAMEMORY)(SOCKET s, PVOID lpBuffer,
						  DWORD dwBufferLength,
						  DWORD dwFlags,
						  LPVOID lpRdmaBufferDescriptor,
						  LPDWORD lpdwDescriptorLength,
						  LPINT lpErrno);
typedef int (WSPAPI *LPFN_WSPDEREGISTERRDMAMEMORY)(SOCKET s,
						   LPVOID
							lpRdmaBufferDescriptor,
						   DWORD dwDescriptorLength,
						   LPINT lpErrno);
typedef int (WSPAPI *LPFN_WSPRDMAWRITE)(SOCKET s, LPWSABUFEX lpBuffers,
					DWORD dwBufferCount,
					LPVOID lpTargetBufferDescriptor,
					DWORD dwTargetDescriptorLength,
					DWORD dwTargetBufferOffset,
					LPDWORD lpdwNumberOfBytesWritten,
					DWORD dwFlags,
					LPWSAOVERLAPPED lpOverlapped,
					LPWSAOVERLAPPED_COMPLETION_ROUTINE
						lpCompletionRoutine,
					LPWSATHREADID lpThreadId,
					LPINT lpErrno);
typedef int (WSPAPI *LPFN_WSPRDMAREAD)(SOCKET s, LPWSABUFEX lpBuffers,
				       DWORD dwBufferCount,
				       LPVOID lpTargetBufferDescriptor,
				       DWORD dwTargetDescriptorLength,
				       DWORD dwTargetBufferOffset,
				       LPDWORD lpdwNumberOfBytesRead,
				       DWORD dwFlags,
				       LPWSAOVERLAPPED lpOverlapped,
				       LPWSAOVERLAPPED_COMPLETION_ROUTINE
						lpCompletionRoutine,
				       LPWSATHREADID lpThreadId,
				       LPINT lpErrno);
typedef int (WSPAPI *LPFN_WSPMEMORYREGISTRATIONCACHECALLBACK)(LPVOID lpvAddress,
							      SIZE_T Size,
							      LPINT lpErrno);

#ifdef __cplusplus
static_assert(sizeof(WSABUFEX) == 24, "as on Windows");
static_assert(sizeof(WSATHREADID) == 16, "as on Windows");
#else
_Static_assert(sizeof(WSABUFEX) == 24, "as on Windows");
_Static_assert(sizeof(WSATHREADID) == 16, "as on Windows");
#endif

#endif /* REGBUF_WIN_WS2SAN_H */
