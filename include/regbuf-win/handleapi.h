/* SPDX-License-Identifier: MIT */
/*
 * Handles. One that was closed is never taken for another one: whoever uses it
 * gets ERROR_INVALID_HANDLE. As there, the lowest two bits are not looked at.
 */
#ifndef REGBUF_WIN_HANDLEAPI_H
#define REGBUF_WIN_HANDLEAPI_H

#include "minwindef.h"

#define DUPLICATE_CLOSE_SOURCE	0x1
#define DUPLICATE_SAME_ACCESS	0x2

/*
 * Others may be waiting for it, or in a call on it: a port's waiters fail with
 * ERROR_ABANDONED_WAIT_0, and all others go on as if it was still open.
 */
REGBUF_WIN_API BOOL WINAPI CloseHandle(HANDLE handle);

/*
 * Both processes have to be GetCurrentProcess(): ERROR_ACCESS_DENIED.
 * @access and @inherit mean nothing here.
 */
REGBUF_WIN_API BOOL WINAPI DuplicateHandle(HANDLE from, HANDLE handle,
					   HANDLE to, LPHANDLE out,
					   DWORD access, BOOL inherit,
					   DWORD options);

#endif /* REGBUF_WIN_HANDLEAPI_H */
