/* SPDX-License-Identifier: MIT */
/* Texts of errors, memory that they come in, and names for memcpy(). */
#ifndef REGBUF_WIN_WINBASE_H
#define REGBUF_WIN_WINBASE_H

#include <stdarg.h>
#include <string.h>

#include "winnt.h"

#define CopyMemory(to, from, n)		memcpy((to), (from), (n))
#define MoveMemory(to, from, n)		memmove((to), (from), (n))
#define FillMemory(to, n, value)	memset((to), (value), (n))
#define ZeroMemory(to, n)		memset((to), 0, (n))
#define RtlCopyMemory(to, from, n)	memcpy((to), (from), (n))
#define RtlMoveMemory(to, from, n)	memmove((to), (from), (n))
#define RtlFillMemory(to, n, value)	memset((to), (value), (n))
#define RtlZeroMemory(to, n)		memset((to), 0, (n))
#define RtlEqualMemory(a, b, n)		(!memcmp((a), (b), (n)))
#define SecureZeroMemory(to, n)		regbuf_win_wipe((to), (n))

/* Also if nobody reads it afterwards. */
REGBUF_WIN_API void regbuf_win_wipe(void *memory, SIZE_T n);

#define FORMAT_MESSAGE_ALLOCATE_BUFFER	0x100
#define FORMAT_MESSAGE_IGNORE_INSERTS	0x200
#define FORMAT_MESSAGE_FROM_SYSTEM	0x1000
#define FORMAT_MESSAGE_MAX_WIDTH_MASK	0xff

/*
 * What a code of winerror.h, Win32's, Winsock's or an HRESULT, means; the text
 * is ours, in English, and ends as there with CR LF. There are no inserts and
 * no other sources: ERROR_NOT_SUPPORTED. Characters without the last NUL, or 0:
 * ERROR_MR_MID_NOT_FOUND, ERROR_INSUFFICIENT_BUFFER. LocalFree() what was
 * allocated.
 */
REGBUF_WIN_API DWORD WINAPI FormatMessageA(DWORD flags, LPCVOID source,
					   DWORD code, DWORD language,
					   LPSTR text, DWORD length,
					   va_list *arguments);
REGBUF_WIN_API DWORD WINAPI FormatMessageW(DWORD flags, LPCVOID source,
					   DWORD code, DWORD language,
					   LPWSTR text, DWORD length,
					   va_list *arguments);

#define LMEM_FIXED	0x0
#define LMEM_ZEROINIT	0x40
#define LPTR		(LMEM_FIXED | LMEM_ZEROINIT)
#define GMEM_FIXED	0x0
#define GMEM_ZEROINIT	0x40
#define GPTR		(GMEM_FIXED | GMEM_ZEROINIT)

typedef HANDLE HGLOBAL;

/* Only memory that does not move. */
REGBUF_WIN_API HLOCAL WINAPI LocalAlloc(UINT flags, SIZE_T size);
REGBUF_WIN_API HLOCAL WINAPI LocalFree(HLOCAL memory);
REGBUF_WIN_API HGLOBAL WINAPI GlobalAlloc(UINT flags, SIZE_T size);
REGBUF_WIN_API HGLOBAL WINAPI GlobalFree(HGLOBAL memory);

/*
 * Of ReadFile() and WriteFile(), which are through when they return, and of
 * what else fills an OVERLAPPED, as calls of sockets do. ERROR_IO_INCOMPLETE if
 * that is not through and @wait is FALSE.
 */
REGBUF_WIN_API BOOL WINAPI GetOverlappedResult(HANDLE file,
					       LPOVERLAPPED overlapped,
					       LPDWORD bytes, BOOL wait);
#define HasOverlappedIoCompleted(overlapped)	\
	((DWORD)(overlapped)->Internal != (DWORD)STATUS_PENDING)

#ifdef UNICODE
#define FormatMessage	FormatMessageW
#else
#define FormatMessage	FormatMessageA
#endif

#endif /* REGBUF_WIN_WINBASE_H */
