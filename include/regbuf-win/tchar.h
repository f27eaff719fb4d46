/* SPDX-License-Identifier: MIT */
/* Names for char and wchar_t alike; _UNICODE says which one it is. */
#ifndef REGBUF_WIN_TCHAR_H
#define REGBUF_WIN_TCHAR_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "crt.h"

#ifdef _UNICODE
typedef wchar_t _TCHAR;
#define _tmain		wmain
#define __T(text)	L##text
#define _tprintf	wprintf
#define _ftprintf	fwprintf
#define _stprintf_s	swprintf
#define _sntprintf	swprintf
#define _vtprintf	vwprintf
#define _putts(text)	wprintf(L"%ls\n", (text))
#define _tcslen		wcslen
#define _tcscmp		wcscmp
#define _tcsncmp	wcsncmp
#define _tcsicmp	wcscasecmp
#define _tcsnicmp	wcsncasecmp
#define _tcschr		wcschr
#define _tcsrchr	wcsrchr
#define _tcsstr		wcsstr
#define _tcscpy		wcscpy
#define _tcscat		wcscat
#define _tcsdup		wcsdup
#define _tcstol		wcstol
#define _tcstoul	wcstoul
#define _ttoi(text)	((int)wcstol((text), NULL, 10))
#define _ttol(text)	wcstol((text), NULL, 10)
#define _ttoi64(text)	wcstoll((text), NULL, 10)
#define _istdigit	iswdigit
#define _istspace	iswspace
#else
typedef char _TCHAR;
#define _tmain		main
#define __T(text)	text
#define _tprintf	printf
#define _ftprintf	fprintf
#define _stprintf	sprintf
#define _stprintf_s	sprintf_s
#define _sntprintf	_snprintf
#define _vtprintf	vprintf
#define _putts		puts
#define _tcslen		strlen
#define _tcscmp		strcmp
#define _tcsncmp	strncmp
#define _tcsicmp	_stricmp
#define _tcsnicmp	_strnicmp
#define _tcschr		strchr
#define _tcsrchr	strrchr
#define _tcsstr		strstr
#define _tcscpy		strcpy
#define _tcscpy_s	strcpy_s
#define _tcsncpy_s	strncpy_s
#define _tcscat		strcat
#define _tcscat_s	strcat_s
#define _tcsdup		_strdup
#define _tcstol		strtol
#define _tcstoul	strtoul
#define _ttoi		atoi
#define _ttol		atol
#define _ttoi64		atoll
#define _tfopen		fopen
#define _tfopen_s	fopen_s
#define _istdigit	isdigit
#define _istspace	isspace
#endif

#define _tstoi	_ttoi
#define _tstol	_ttol
#define _tstoi64	_ttoi64
#define _T(text)	__T(text)
#define _TEXT(text)	__T(text)

#endif /* REGBUF_WIN_TCHAR_H */
