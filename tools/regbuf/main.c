// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf: see what registered network buffers are in use for, and why.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

static enum status cmd_help(const struct args *args);
static enum status cmd_version(const struct args *args);

static const struct command {
	const char *name;
	const char *letters;	/* of its options */
	const char *synopsis;
	int least;		/* operands */
	int most;
	enum status (*run)(const struct args *args);
	const char *what;
} commands[] = {
	{ "list", "j", "[-j]", 0, 0, cmd_list,
	  "contexts, a line each" },
	{ "show", "js", "[-js] [CTX [BUFFER]]", 0, 2, cmd_show,
	  "what they have; -s: who holds buffers" },
	{ "stat", "j", "[-j] [CTX]", 0, 1, cmd_stat,
	  "counters of one, or of all there were" },
	{ "top", "jnd", "[-j] [-n ROUNDS] [-d SECONDS]", 0, 0, cmd_top,
	  "who sends how much, refreshed" },
	{ "monitor", "jn", "[-j] [-n COUNT]", 0, 0, cmd_monitor,
	  "events, as they happen" },
	{ "abort", "y", "[-y] CTX QUEUE ENDPOINT", 3, 3, cmd_abort,
	  "reset a socket, to free buffers" },
	{ "doctor", "j", "[-j]", 0, 0, cmd_doctor,
	  "is this machine ready?" },
	{ "help", "", "[COMMAND]", 0, 1, cmd_help,
	  "this" },
	{ "version", "", "", 0, 0, cmd_version,
	  "of this command" },
};

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "stuck", no_argument, NULL, 's' },
	{ "count", required_argument, NULL, 'n' },
	{ "delay", required_argument, NULL, 'd' },
	{ "yes", no_argument, NULL, 'y' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

enum status usage(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "regbuf: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; see: regbuf help\n");
	return STATUS_USAGE;
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void help_one(const struct command *command)
{
	printf("usage: regbuf %s %s\n%s\n", command->name, command->synopsis,
	       command->what);
}

static enum status cmd_help(const struct args *args)
{
	const struct command *command;
	size_t i;

	if (args->nr) {
		command = find(args->operands[0]);
		if (!command)
			return usage("no command \"%s\"", args->operands[0]);
		help_one(command);
		return STATUS_OK;
	}
	printf("usage: regbuf COMMAND [OPTION]... [OPERAND]...\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-8s %-30s %s\n", commands[i].name,
		       commands[i].synopsis, commands[i].what);
	return STATUS_OK;
}

static enum status cmd_version(const struct args *args)
{
	(void)args;
	puts("regbuf " REGBUF_VERSION);
	return STATUS_OK;
}

static enum status number(const char *text, const char *what, uint64_t most,
			  uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	if (errno || *end || !isdigit((unsigned char)*text) || !*out ||
	    *out > most)
		return usage("\"%s\" is not %s", text, what);
	return STATUS_OK;
}

enum status operand(const struct args *args, int i, const char *what,
		    uint64_t most, uint64_t *out)
{
	if (i >= args->nr)
		return STATUS_OK;
	return number(args->operands[i], what, most, out);
}

static enum status delay(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	if (*end || end == text || !isfinite(*out) || *out < 0.01 || *out > 1e6)
		return usage("\"%s\" is not a number of seconds", text);
	return STATUS_OK;
}

static enum status take(int letter, struct args *args)
{
	switch (letter) {
	case 'j':
		args->json = true;
		return STATUS_OK;
	case 's':
		args->stuck = true;
		return STATUS_OK;
	case 'y':
		args->yes = true;
		return STATUS_OK;
	case 'n':
		return number(optarg, "a count", UINT64_MAX, &args->count);
	case 'd':
		return delay(optarg, &args->delay);
	}
	return STATUS_FAILED;
}

/* @argv has the command first. */
static enum status parse(const struct command *command, int argc, char **argv,
			 struct args *args, bool *help)
{
	enum status status;
	int letter;

	opterr = 0;
	while ((letter = getopt_long(argc, argv, "jsyn:d:h", options,
				     NULL)) > 0) {
		*help = letter == 'h';
		if (*help)
			return STATUS_OK;
		if (letter == '?' || !strchr(command->letters, letter))
			return usage("%s: wrong option, or one too many",
				     command->name);
		status = take(letter, args);
		if (status)
			return status;
	}
	args->nr = argc - optind;
	args->operands = argv + optind;
	if (args->nr < command->least || args->nr > command->most)
		return usage("usage: regbuf %s %s", command->name,
			     command->synopsis);
	return STATUS_OK;
}

static const struct command *choose(const char *word)
{
	if (!strcmp(word, "-h") || !strcmp(word, "--help"))
		return find("help");
	if (!strcmp(word, "-v") || !strcmp(word, "--version"))
		return find("version");
	return find(word);
}

int main(int argc, char **argv)
{
	struct args args = { .delay = 2 };
	const struct command *command;
	enum status status;
	bool help = false;

	if (argc < 2)
		return usage("no command");
	command = choose(argv[1]);
	if (!command)
		return usage("no command \"%s\"", argv[1]);
	status = parse(command, argc - 1, argv + 1, &args, &help);
	if (status)
		return status;
	if (help) {
		help_one(command);
		return STATUS_OK;
	}
	status = command->run(&args);
	if (fflush(stdout) || ferror(stdout)) {
		perror("regbuf: writing");
		return STATUS_FAILED;
	}
	return status;
}
