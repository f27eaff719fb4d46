/* SPDX-License-Identifier: MIT */
/*
 * Functions of Microsoft's C library that programs use without asking for them,
 * where there is another name or a little more to it here. Those ending in _s
 * that fail return an error and leave an empty string; they never end the
 * program. Formats are those of Linux: %lld for what is %I64d there, and %u and
 * %d for a DWORD and a LONG.
 */
#ifndef REGBUF_WIN_CRT_H
#define REGBUF_WIN_CRT_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "minwindef.h"

typedef int errno_t;
typedef size_t rsize_t;

#define _TRUNCATE	((size_t)-1)
#define _MAX_PATH	MAX_PATH
#ifndef _countof
#define _countof(array)	(sizeof(array) / sizeof((array)[0]))
#endif

#define _alloca		__builtin_alloca
#define _atoi64		atoll
#define _strtoi64	strtoll
#define _strtoui64	strtoull
#define printf_s	printf
#define fprintf_s	fprintf

REGBUF_WIN_API void *_aligned_malloc(size_t size, size_t alignment);
REGBUF_WIN_API void _aligned_free(void *memory);
REGBUF_WIN_API int _stricmp(const char *a, const char *b);
REGBUF_WIN_API int _strnicmp(const char *a, const char *b, size_t n);
REGBUF_WIN_API char *_strdup(const char *text);
REGBUF_WIN_API char *strtok_s(char *text, const char *delimiters,
			      char **context);
REGBUF_WIN_API errno_t localtime_s(struct tm *tm, const time_t *time);
REGBUF_WIN_API errno_t gmtime_s(struct tm *tm, const time_t *time);

/* -1 if it does not fit; there is a NUL in any case. */
__attribute__((__format__(__printf__, 3, 0)))
static inline int _vsnprintf(char *text, size_t size, const char *format,
			     va_list arguments)
{
	int n = vsnprintf(text, size, format, arguments);

	return n < 0 || (size_t)n >= size ? -1 : n;
}

__attribute__((__format__(__printf__, 3, 4)))
static inline int _snprintf(char *text, size_t size, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = _vsnprintf(text, size, format, arguments);
	va_end(arguments);
	return n;
}

__attribute__((__format__(__printf__, 3, 0)))
static inline int vsprintf_s(char *text, size_t size, const char *format,
			     va_list arguments)
{
	int n = _vsnprintf(text, size, format, arguments);

	if (n < 0 && size)
		text[0] = '\0';
	return n;
}

__attribute__((__format__(__printf__, 3, 4)))
static inline int sprintf_s(char *text, size_t size, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsprintf_s(text, size, format, arguments);
	va_end(arguments);
	return n;
}

/* As much as fits if @count is _TRUNCATE. */
__attribute__((__format__(__printf__, 4, 0)))
static inline int _vsnprintf_s(char *text, size_t size, size_t count,
			       const char *format, va_list arguments)
{
	if (count < size)
		size = count + 1;
	return _vsnprintf(text, size, format, arguments);
}

__attribute__((__format__(__printf__, 4, 5)))
static inline int _snprintf_s(char *text, size_t size, size_t count,
			      const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = _vsnprintf_s(text, size, count, format, arguments);
	va_end(arguments);
	return n;
}

static inline errno_t strncat_s(char *to, size_t size, const char *from,
				size_t count)
{
	const char *last = (const char *)memchr(to, 0, size);
	size_t at, n = 0;

	if (!last)
		return EINVAL;
	at = last - to;
	while (n < count && from[n])
		n++;
	if (n >= size - at && count == _TRUNCATE)
		n = size - at - 1;
	if (n >= size - at) {
		to[0] = '\0';
		return ERANGE;
	}
	memcpy(to + at, from, n);
	to[at + n] = '\0';
	return 0;
}

static inline errno_t strncpy_s(char *to, size_t size, const char *from,
				size_t count)
{
	if (!size)
		return EINVAL;
	to[0] = '\0';
	return strncat_s(to, size, from, count);
}

static inline errno_t strcpy_s(char *to, size_t size, const char *from)
{
	return strncpy_s(to, size, from, strlen(from));
}

static inline errno_t strcat_s(char *to, size_t size, const char *from)
{
	return strncat_s(to, size, from, strlen(from));
}

static inline errno_t memcpy_s(void *to, size_t size, const void *from,
			       size_t n)
{
	if (n > size) {
		memset(to, 0, size);
		return ERANGE;
	}
	memcpy(to, from, n);
	return 0;
}

static inline errno_t fopen_s(FILE **file, const char *name, const char *mode)
{
	*file = fopen(name, mode);
	return *file ? 0 : errno;
}

#ifdef __cplusplus
extern "C++" {

/* The size may be left out where it is known. */
template <size_t size>
__attribute__((__format__(__printf__, 2, 3)))
inline int sprintf_s(char (&text)[size], const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsprintf_s(text, size, format, arguments);
	va_end(arguments);
	return n;
}

template <size_t size>
__attribute__((__format__(__printf__, 3, 4)))
inline int _snprintf_s(char (&text)[size], size_t count, const char *format,
		       ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = _vsnprintf_s(text, size, count, format, arguments);
	va_end(arguments);
	return n;
}

template <size_t size>
inline errno_t strcpy_s(char (&to)[size], const char *from)
{
	return strcpy_s(to, size, from);
}

template <size_t size>
inline errno_t strcat_s(char (&to)[size], const char *from)
{
	return strcat_s(to, size, from);
}

template <size_t size>
inline errno_t strncpy_s(char (&to)[size], const char *from, size_t count)
{
	return strncpy_s(to, size, from, count);
}

} /* extern "C++" */
#endif /* __cplusplus */

#endif /* REGBUF_WIN_CRT_H */
