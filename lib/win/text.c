// SPDX-License-Identifier: MIT
/* Wide text and UTF-8, whatever the program's locale is. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <stringapiset.h>

#include "win.h"

#define WIN_NO_CHARACTER	0xfffd

/* Up to four bytes. What is no character becomes one that says so. */
static int win_utf8_put(char *to, uint32_t c)
{
	int more, i;

	if (c < 0x80) {
		*to = c;
		return 1;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = WIN_NO_CHARACTER;
	more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	for (i = more; i; i--, c >>= 6)
		to[i] = 0x80 | (c & 0x3f);
	to[0] = 0xff00 >> (more + 1) | c;
	return more + 1;
}

char *win_utf8(LPCWSTR text)
{
	char *copy = malloc(4 * wcslen(text) + 1), *to = copy;

	if (!copy) {
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	while (*text)
		to += win_utf8_put(to, *text++);
	*to = '\0';
	return copy;
}

static int win_utf8_more(unsigned char first)
{
	if (first < 0x80)
		return 0;
	if (first >= 0xc2 && first < 0xe0)
		return 1;
	if (first >= 0xe0 && first < 0xf0)
		return 2;
	return first >= 0xf0 && first < 0xf5 ? 3 : -1;
}

/* The first character of @n > 0 bytes; its bytes, or -1 if they are none. */
static int win_utf8_get(const char *text, int n, wchar_t *c)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	int more = win_utf8_more(text[0]), i;
	uint32_t value;

	if (more < 0 || more >= n)
		return -1;
	value = more ? text[0] & (0x3f >> more) : text[0];
	for (i = 1; i <= more; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return -1;
		value = value << 6 | (text[i] & 0x3f);
	}
	if (value < least[more] || value > 0x10ffff ||
	    (value >= 0xd800 && value < 0xe000))
		return -1;
	*c = value;
	return more + 1;
}

static bool win_page_valid(UINT page, const void *from, int length, int room)
{
	return (page == CP_ACP || page == CP_UTF8) && from && length &&
	       length >= -1 && room >= 0;
}

/* How many it is too many for is an error; without room it is the answer. */
static int win_text_done(size_t n, int room)
{
	if (n <= INT_MAX && (!room || n <= (size_t)room))
		return n;
	win_refuse(ERROR_INSUFFICIENT_BUFFER);
	return 0;
}

int MultiByteToWideChar(UINT page, DWORD flags, LPCSTR text, int length,
			LPWSTR wide, int room)
{
	int left, used, n = 0;
	wchar_t c;

	if (!win_page_valid(page, text, length, room)) {
		win_refuse(ERROR_INVALID_PARAMETER);
		return 0;
	}
	left = length < 0 ? (int)strlen(text) + 1 : length;
	for (; left; left -= used, text += used, n++) {
		used = win_utf8_get(text, left, &c);
		if (used < 0 && flags & MB_ERR_INVALID_CHARS) {
			win_refuse(ERROR_NO_UNICODE_TRANSLATION);
			return 0;
		}
		if (used < 0) {
			used = 1;
			c = WIN_NO_CHARACTER;
		}
		if (n < room)
			wide[n] = c;
	}
	return win_text_done(n, room);
}

int WideCharToMultiByte(UINT page, DWORD flags, LPCWSTR wide, int length,
			LPSTR text, int room, LPCSTR unknown, LPBOOL used)
{
	size_t left, n = 0;
	char bytes[4];
	int size;

	(void)flags;
	if (!win_page_valid(page, wide, length, room) || unknown || used) {
		win_refuse(ERROR_INVALID_PARAMETER);
		return 0;
	}
	left = length < 0 ? wcslen(wide) + 1 : (size_t)length;
	for (; left; left--, n += size) {
		size = win_utf8_put(bytes, *wide++);
		if (n + size <= (size_t)room)
			memcpy(text + n, bytes, size);
	}
	return win_text_done(n, room);
}
