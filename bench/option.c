// SPDX-License-Identifier: GPL-2.0
/*
 * Lists of words on the command line, between spaces or commas.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define SEPARATORS	" ,"

/* Is @word in it? Everything is in a list that was not given. */
bool option_has(const char *list, const char *word)
{
	size_t n;

	if (!list || !*list)
		return true;
	for (; *list; list += n) {
		list += strspn(list, SEPARATORS);
		n = strcspn(list, SEPARATORS);
		if (n == strlen(word) && !strncmp(list, word, n))
			return true;
	}
	return false;
}

/* Take the next number off it. */
bool option_next(const char **list, size_t *number)
{
	char *end;

	*list += strspn(*list, SEPARATORS);
	*number = strtoul(*list, &end, 10);
	if (end == *list)
		return false;
	*list = end;
	return true;
}
