// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "perf.h"

static const struct option options[] = {
	{ "server", no_argument, NULL, 's' },
	{ "client", required_argument, NULL, 'c' },
	{ "address", required_argument, NULL, 'a' },
	{ "port", required_argument, NULL, 'p' },
	{ "mode", required_argument, NULL, 'm' },
	{ "udp", no_argument, NULL, 'u' },
	{ "size", required_argument, NULL, 'l' },
	{ "depth", required_argument, NULL, 'd' },
	{ "streams", required_argument, NULL, 'P' },
	{ "seconds", required_argument, NULL, 't' },
	{ "bytes", required_argument, NULL, 'n' },
	{ "window", required_argument, NULL, 'w' },
	{ "huge", no_argument, NULL, 'H' },
	{ "verify", no_argument, NULL, 'V' },
	{ "json", no_argument, NULL, 'j' },
	{ "once", no_argument, NULL, '1' },
	{ "version", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static void help(FILE *file)
{
	fprintf(file,
		"usage: regbuf-perf -s [-46j1] [-a ADDRESS] [-p PORT] [-m MODE] [-w BYTES]\n"
		"       regbuf-perf -c HOST [-46ujVH] [-p PORT] [-m MODE] [-l SIZE] [-d DEPTH]\n"
		"                   [-P STREAMS] [-t SECONDS | -n BYTES] [-w BYTES]\n"
		"modes of a client: %s\n"
		"modes of a server: %s\n",
		mode_names(false), mode_names(true));
}

static int wrong(char option, const char *text)
{
	return perf_say(NULL, 2 + 1, "-%c %s: not a number that it can be",
			option, text);
}

/* A whole number, with K, M or G for 2^10, 2^20, 2^30. */
static int number(char option, uint64_t least, uint64_t most, uint64_t *out)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;

	errno = 0;
	*out = strtoull(optarg, &end, 10);
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (unit) {
		unsigned int shift = 10 * (unit - units + 1);

		end++;
		if (*out > UINT64_MAX >> shift)
			return wrong(option, optarg);
		*out <<= shift;
	}
	if (errno || *end || !isdigit((unsigned char)*optarg) ||
	    *out < least || *out > most)
		return wrong(option, optarg);
	return 0;
}

static int number32(char option, uint32_t least, uint32_t most, uint32_t *out)
{
	uint64_t value;
	int err = number(option, least, most, &value);

	*out = value;
	return err;
}

static int duration(double *out)
{
	char *end;

	*out = strtod(optarg, &end);
	if (*end || end == optarg || !isfinite(*out) || *out <= 0 || *out > 1e6)
		return wrong('t', optarg);
	return 0;
}

static int parse_number(int option, struct options *opt)
{
	uint32_t bytes;
	int err;

	switch (option) {
	case 'l':
		return number32('l', 1, PERF_MEMORY, &opt->size);
	case 'd':
		return number32('d', 1, PERF_DEPTH, &opt->depth);
	case 'P':
		return number32('P', 1, PERF_STREAMS, &opt->streams);
	case 'n':
		return number('n', 1, UINT64_MAX / 2, &opt->bytes);
	case 't':
		return duration(&opt->seconds);
	case 'w':
		err = number32('w', 1, INT32_MAX, &bytes);
		opt->window = bytes;
		return err;
	}
	help(stderr);
	return 2 + 1;
}

static int parse(int option, struct options *opt)
{
	switch (option) {
	case '4':
		opt->family = AF_INET;
		return 0;
	case '6':
		opt->family = AF_INET6;
		return 0;
	case 's':
		opt->server = true;
		return 0;
	case 'c':
	case 'a':
		opt->address = optarg;
		return 0;
	case 'p':
		opt->port = optarg;
		return 0;
	case 'm':
		opt->mode = optarg;
		return 0;
	case 'u':
		opt->udp = true;
		return 0;
	case 'H':
		opt->huge = true;
		return 0;
	case 'V':
		opt->verify = true;
		return 0;
	case 'j':
		opt->json = true;
		return 0;
	case '1':
		opt->once = true;
		return 0;
	case 'v':
		puts("regbuf-perf " REGBUF_VERSION);
		return 1;
	case 'h':
		help(stdout);
		return 1;
	}
	return parse_number(option, opt);
}

/* What was not said depends on the rest. */
static int complete(struct options *opt)
{
	if (!opt->mode)
		opt->mode = opt->server ? "recv" : "regbuf";
	if (!opt->size)
		opt->size = opt->udp ? 1400 : 16384;
	if (opt->udp && opt->size > PERF_DATAGRAM)
		return perf_say(NULL, 2 + 1,
				"-l %u: a datagram has at most %u bytes",
				opt->size, PERF_DATAGRAM);
	return 0;
}

/* Is there one of the options that are for a client alone, and no other? */
static bool mixed(const struct options *opt, bool client, bool work)
{
	return opt->server ? client || work : !client || opt->once;
}

int options_parse(int argc, char **argv, struct options *opt)
{
	static const char letters[] = "46sc:a:p:m:ul:d:P:t:n:w:HVj1vh";
	bool client = false, work = false;
	int option, err;

	*opt = (struct options) { .port = "5201", .depth = 32, .seconds = 10 };
	while ((option = getopt_long(argc, argv, letters, options, NULL)) > 0) {
		client |= option == 'c';
		work |= !!strchr("uldPtnHV", option);
		err = parse(option, opt);
		if (err)
			return err;
	}
	if (optind < argc || mixed(opt, client, work)) {
		help(stderr);
		return 2 + 1;
	}
	if (!opt->server && !opt->streams)
		opt->streams = 1;
	return complete(opt);
}
