// SPDX-License-Identifier: MIT
/*
 * Programs that begin with wmain(). This is a file of its own, so that from a
 * static library only those that have no main() get this one.
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "win.h"

#pragma weak wmain

/* Arguments are UTF-8. NULL: one is not, or no memory. */
static wchar_t **wide_arguments(int argc, char **argv)
{
	wchar_t **wide = calloc(argc + 1, sizeof(*wide));
	size_t room;
	int i;

	for (i = 0; wide && i < argc; i++) {
		room = strlen(argv[i]) + 1;
		wide[i] = calloc(room, sizeof(**wide));
		if (!wide[i] || mbstowcs(wide[i], argv[i], room) == (size_t)-1)
			return NULL;
	}
	return wide;
}

/* They are the program's as long as it runs. */
__attribute__((visibility("default"))) int main(int argc, char **argv)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	locale_t before = uselocale(utf8);
	wchar_t **wide = wide_arguments(argc, argv);

	uselocale(before);
	if (utf8)
		freelocale(utf8);
	return wide && wmain ? wmain(argc, wide) : EXIT_FAILURE;
}
