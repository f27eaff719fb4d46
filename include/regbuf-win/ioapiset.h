/* SPDX-License-Identifier: MIT */
/* Completion ports. */
#ifndef REGBUF_WIN_IOAPISET_H
#define REGBUF_WIN_IOAPISET_H

#include "minwindef.h"

/*
 * A new port if @port is NULL. @file is INVALID_HANDLE_VALUE, or a socket,
 * whose overlapped calls will have packets with @key there, until it is closed:
 * ERROR_INVALID_PARAMETER if it has a port already. Files cannot be added:
 * ERROR_NOT_SUPPORTED. Completion queues of RIO name their port when they are
 * created. Any number of threads runs at a time: @threads is not looked at.
 */
REGBUF_WIN_API HANDLE WINAPI CreateIoCompletionPort(HANDLE file, HANDLE port,
						    ULONG_PTR key,
						    DWORD threads);

/*
 * FALSE with *@overlapped NULL: there was no packet. WAIT_TIMEOUT,
 * ERROR_INVALID_HANDLE, or ERROR_ABANDONED_WAIT_0 if the port was closed
 * meanwhile. FALSE with *@overlapped: a request that failed. The codes are of
 * the base system, as there: ERROR_NETNAME_DELETED for a connection that was
 * reset, ERROR_OPERATION_ABORTED for what was cancelled.
 */
REGBUF_WIN_API BOOL WINAPI GetQueuedCompletionStatus(HANDLE port,
						     LPDWORD bytes,
						     PULONG_PTR key,
						     LPOVERLAPPED *overlapped,
						     DWORD milliseconds);

/* At least one, at most @count. @alertable means nothing: no APCs here. */
REGBUF_WIN_API BOOL WINAPI
GetQueuedCompletionStatusEx(HANDLE port, LPOVERLAPPED_ENTRY entries,
			    ULONG count, PULONG removed, DWORD milliseconds,
			    BOOL alertable);

/* One thread has it, once; in the order that they were posted. */
REGBUF_WIN_API BOOL WINAPI PostQueuedCompletionStatus(HANDLE port, DWORD bytes,
						      ULONG_PTR key,
						      LPOVERLAPPED overlapped);

/*
 * Of a socket: the overlapped calls of the calling thread, or that of
 * @overlapped, or all (NULL). They complete with ERROR_OPERATION_ABORTED before
 * this returns. ERROR_NOT_FOUND: there were none, which CancelIo() is content
 * with. Files never have any.
 */
REGBUF_WIN_API BOOL WINAPI CancelIo(HANDLE file);
REGBUF_WIN_API BOOL WINAPI CancelIoEx(HANDLE file, LPOVERLAPPED overlapped);

/*
 * Of a socket, until it is closed. FILE_SKIP_COMPLETION_PORT_ON_SUCCESS: no
 * packet for calls that succeed at once. The other one means nothing here.
 */
#define FILE_SKIP_COMPLETION_PORT_ON_SUCCESS	0x1
#define FILE_SKIP_SET_EVENT_ON_HANDLE		0x2
REGBUF_WIN_API BOOL WINAPI SetFileCompletionNotificationModes(HANDLE file,
							      UCHAR modes);

#endif /* REGBUF_WIN_IOAPISET_H */
