// SPDX-License-Identifier: MIT
/* Functions of Microsoft's C library that have other names here. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <crt.h>
#include <winbase.h>

#include "win.h"

void *_aligned_malloc(size_t size, size_t alignment)
{
	void *memory;
	int err;

	if (alignment < sizeof(void *))
		alignment = sizeof(void *);
	err = posix_memalign(&memory, alignment, size);
	if (!err)
		return memory;
	errno = err;
	return NULL;
}

void _aligned_free(void *memory)
{
	free(memory);
}

int _stricmp(const char *a, const char *b)
{
	return strcasecmp(a, b);
}

int _strnicmp(const char *a, const char *b, size_t n)
{
	return strncasecmp(a, b, n);
}

char *_strdup(const char *text)
{
	return strdup(text);
}

char *strtok_s(char *text, const char *delimiters, char **context)
{
	return strtok_r(text, delimiters, context);
}

errno_t localtime_s(struct tm *tm, const time_t *time)
{
	return localtime_r(time, tm) ? 0 : errno;
}

errno_t gmtime_s(struct tm *tm, const time_t *time)
{
	return gmtime_r(time, tm) ? 0 : errno;
}

void regbuf_win_wipe(void *memory, SIZE_T n)
{
	explicit_bzero(memory, n);
}
