// SPDX-License-Identifier: GPL-2.0
/*
 * Programs as text: a line for each call, its name and its arguments in
 * hexadecimal, those at the end that are 0 left out. "@" before the name: in
 * the second thread; "!n" at the end: the n-th allocation fails. A line "end"
 * ends the program, "#" begins a comment, and a line "stop" ends everything.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

/* Between words. */
#define FZ_SPACE	"\t\n "

static int fz_print_call(const struct fz_call *call, char *text, size_t size)
{
	int nr = FZ_ARGS, at, i;

	while (nr && !call->arg[nr - 1])
		nr--;
	at = snprintf(text, size, "%s%s", call->aside ? "@" : "",
		      fz_descs[call->nr].name);
	for (i = 0; i < nr; i++)
		at += snprintf(text + at, size - at, " %llx",
			       (unsigned long long)call->arg[i]);
	if (call->nth)
		at += snprintf(text + at, size - at, " !%u", call->nth);
	return at + snprintf(text + at, size - at, "\n");
}

/**
 * fz_print() - print a program
 * @prog: the program
 * @text: gets it
 * @size: bytes there, FZ_TEXT are enough
 *
 * Return: bytes of text.
 */
size_t fz_print(const struct fz_prog *prog, char *text, size_t size)
{
	size_t at = 0;
	__u32 i;

	for (i = 0; i < prog->nr; i++)
		at += fz_print_call(&prog->call[i], text + at, size - at);
	return at + snprintf(text + at, size - at, "end\n");
}

static int fz_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < fz_nr_descs; i++)
		if (!strcmp(fz_descs[i].name, name))
			return i;
	return -1;
}

static int fz_read_call(char *line, struct fz_call *call)
{
	char *rest, *word = strtok_r(line, FZ_SPACE, &rest);
	int nr, i = 0;

	memset(call, 0, sizeof(*call));
	call->aside = *word == '@';
	nr = fz_find(word + call->aside);
	if (nr < 0) {
		fprintf(stderr, "fuzz: no call %s\n", word);
		return -1;
	}
	call->nr = nr;
	while ((word = strtok_r(NULL, FZ_SPACE, &rest))) {
		if (*word == '!')
			call->nth = strtoul(word + 1, NULL, 0);
		else if (i < FZ_ARGS)
			call->arg[i++] = strtoull(word, NULL, 16);
	}
	return 0;
}

/**
 * fz_read() - read the next program
 * @file: where from
 * @prog: gets it
 *
 * Return: 1, or 0 at the end, or -1.
 */
int fz_read(FILE *file, struct fz_prog *prog)
{
	char line[512];

	prog->nr = 0;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "#")] = 0;
		if (!line[strspn(line, " \t\n")])
			continue;
		if (!strcmp(line, "stop\n"))
			return 0;
		if (!strcmp(line, "end\n")) {
			if (prog->nr)
				return 1;
			continue;
		}
		if (prog->nr == FZ_CALLS ||
		    fz_read_call(line, &prog->call[prog->nr]))
			return -1;
		prog->nr++;
	}
	return prog->nr ? 1 : 0;
}
