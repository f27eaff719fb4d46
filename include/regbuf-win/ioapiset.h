/* SPDX-License-Identifier: MIT */
/* Completion ports. */
#ifndef REGBUF_WIN_IOAPISET_H
#define REGBUF_WIN_IOAPISET_H

#include "minwindef.h"

/*
 * A new port: @file is INVALID_HANDLE_VALUE and @port NULL. Any number of
 * threads runs at a time: @threads is not looked at. There is no overlapped
 * input and output here, so no file and no socket can be added to a port:
 * ERROR_NOT_SUPPORTED. Completion queues of RIO name their port when they are
 * created.
 */
REGBUF_WIN_API HANDLE WINAPI CreateIoCompletionPort(HANDLE file, HANDLE port,
						    ULONG_PTR key,
						    DWORD threads);

/*
 * FALSE with *@overlapped NULL: there was no packet. WAIT_TIMEOUT,
 * ERROR_INVALID_HANDLE, or ERROR_ABANDONED_WAIT_0 if the port was closed
 * meanwhile.
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

#endif /* REGBUF_WIN_IOAPISET_H */
