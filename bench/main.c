// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf-bench BENCH [OPTION]...: instructions per operation of regbuf and of
 * what people would use instead. Runs in bench.sh's machine.
 *
 *   -k NAME    the kernel's name, for the results
 *   -m MODES   the card's: backlogged, immediate
 *   -s SIZES   bytes of a request; lists are words between spaces or commas
 *   -d DEPTHS  requests in a submission
 *   -e ENGINES
 *   -w WORKS   kinds of work
 *   -p PAGES   2m, 4k
 *   -l LAYOUT  of the slots: packed, spaced, random
 *   -f N       requests in flight at most
 *   -b BYTES   SO_SNDBUF
 *   -a ADDRESS the peer's
 *   -P         mark a window of each for the profiler
 *
 * Results go to the standard output, as CSV, all else to standard error. The
 * status is 1 if some of it could not be measured, or not well enough.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

struct options options = {
	.kernel = "?",
	.peer = "10.73.0.2",
};

static const struct {
	const char *name;
	int (*run)(void);
} benches[] = {
	{ "tx", bench_tx },
	{ "reg", bench_reg },
	{ "scale", bench_scale },
	{ "rx", bench_rx },
	{ "cross", bench_cross },
	{ "held", bench_held },
	{ "maps", bench_maps },
};

static bool hushed;

/* Say nothing for a while. Returns what it was. */
bool bench_hush(bool quiet)
{
	bool was = hushed;

	hushed = quiet;
	return was;
}

void bench_say(const char *format, ...)
{
	va_list args;

	if (hushed)
		return;
	fflush(stdout);
	fputs("regbuf-bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* Say so, and return it. */
int bench_failed(const char *what, int err)
{
	bench_say("%s: %s", what, strerror(-err));
	return err;
}

static bool layout_from(const char *name)
{
	static const char *const names[] = { "packed", "spaced", "random" };
	int i;

	for (i = 0; i < 3; i++) {
		if (!strcmp(name, names[i])) {
			options.layout = i;
			return true;
		}
	}
	return false;
}

static const char **option_text(int opt)
{
	switch (opt) {
	case 'k': return &options.kernel;
	case 'm': return &options.mode;
	case 's': return &options.sizes;
	case 'd': return &options.depths;
	case 'e': return &options.engines;
	case 'w': return &options.works;
	case 'p': return &options.pages;
	case 'a': return &options.peer;
	}
	return NULL;
}

static bool option_take(int opt, const char *value)
{
	const char **text = option_text(opt);

	if (text)
		*text = *value ? value : NULL;
	else if (opt == 'f')
		options.limit = atoi(value);
	else if (opt == 'b')
		options.sndbuf = atoi(value);
	else if (opt == 'P')
		options.profile = true;
	else
		return opt == 'l' && layout_from(value);
	return true;
}

static int run_bench(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(benches); i++)
		if (!strcmp(benches[i].name, name))
			return benches[i].run();
	return bench_failed(name, -ENOENT);
}

int main(int argc, char **argv)
{
	int opt, err;

	while ((opt = getopt(argc, argv, "k:m:s:d:e:w:p:a:f:b:l:P")) != -1)
		if (!option_take(opt, optarg))
			return 2;
	if (optind + 1 != argc) {
		fputs("usage: regbuf-bench [OPTION]... BENCH\n", stderr);
		return 2;
	}
	options.bench = argv[optind];
	options.ipv6 = strchr(options.peer, ':');
	err = soak_start();
	if (!err)
		clock_settle();
	if (!err)
		err = clock_calibrate();
	if (!err && !clock_is_exact())
		bench_say("not the deterministic machine: numbers mean little");
	csv_head();
	if (!err)
		err = run_bench(options.bench);
	soak_stop();
	return err ? 1 : 0;
}
