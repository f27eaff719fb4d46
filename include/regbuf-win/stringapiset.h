/* SPDX-License-Identifier: MIT */
/* Between wide text, a character of 32 bits each, and UTF-8. */
#ifndef REGBUF_WIN_STRINGAPISET_H
#define REGBUF_WIN_STRINGAPISET_H

#include "minwindef.h"

/* Both are UTF-8; other code pages are ERROR_INVALID_PARAMETER. */
#define CP_ACP		0
#define CP_UTF8		65001

#define MB_ERR_INVALID_CHARS	0x8

/*
 * What is no UTF-8 becomes U+FFFD, or with MB_ERR_INVALID_CHARS the call fails
 * with ERROR_NO_UNICODE_TRANSLATION. A length of -1 is to the NUL, which is
 * taken along; without room the result is how much would be needed.
 */
REGBUF_WIN_API int WINAPI MultiByteToWideChar(UINT page, DWORD flags,
					      LPCSTR text, int length,
					      LPWSTR wide, int room);
/* @unknown and @used are NULL, as there for UTF-8. */
REGBUF_WIN_API int WINAPI WideCharToMultiByte(UINT page, DWORD flags,
					      LPCWSTR wide, int length,
					      LPSTR text, int room,
					      LPCSTR unknown, LPBOOL used);

#endif /* REGBUF_WIN_STRINGAPISET_H */
