// SPDX-License-Identifier: GPL-2.0
/*
 * What people see: a line when it begins, one each second, some at the end.
 */
#include <errno.h>
#include <stdlib.h>

#include "perf.h"

void report_head(const struct test *test)
{
	const struct options *opt = &test->opt;

	if (opt->json)
		return;
	printf("%s/%s %s %s port %u: mode %s, ",
	       opt->udp ? "UDP" : "TCP",
	       test->family == AF_INET ? "IPv4" : "IPv6",
	       opt->server ? "from" : "to", test->peer, test->port,
	       test->mode->name);
	printf("%u bytes, depth %u, %u stream%s\n", opt->size, opt->depth,
	       opt->streams, opt->streams == 1 ? "" : "s");
	fflush(stdout);
}

/* The start of a line: when, how fast. */
static void print_speed(const struct interval *step)
{
	double seconds = step->to - step->from;

	if (seconds <= 0)
		seconds = 1 / 1e9;
	printf("%7.2f - %7.2f s %10.3f Gbit/s %12.0f messages/s", step->from,
	       step->to, step->bytes * 8 / seconds / 1e9,
	       step->messages / seconds);
}

static int keep(struct test *test, const struct interval *interval)
{
	struct interval *more = test->intervals;

	/* Doubled whenever it is full. */
	if (!(test->nr_intervals & (test->nr_intervals - 1)))
		more = realloc(more, (2 * test->nr_intervals + 1) *
				     sizeof(*more));
	if (!more)
		return perf_fail(test, "an interval", -ENOMEM);
	test->intervals = more;
	more[test->nr_intervals++] = *interval;
	return 0;
}

int report_interval(struct test *test, const struct interval *interval)
{
	if (!test->opt.json) {
		print_speed(interval);
		putchar('\n');
		fflush(stdout);
	}
	return keep(test, interval);
}

double report_copied(const struct test *test)
{
	uint64_t told = 0, copied = 0;
	unsigned int i;

	if (test->mode->copies)
		return 100;
	for (i = 0; i < test->opt.streams; i++) {
		told += test->streams[i].told;
		copied += test->streams[i].told_copied;
	}
	return told ? 100.0 * copied / told : -1;
}

static void print_copied(const struct test *test)
{
	double copied = report_copied(test);

	if (copied < 0)
		printf(", copied: unknown");
	else
		printf(", copied: %.1f %%", copied);
}

static void print_cpu(const struct test *test, double seconds)
{
	const struct cpu *a = &test->before, *b = &test->after;
	double user = b->user - a->user, system = b->system - a->system;

	printf("CPU: process %.2f s (user %.2f, system %.2f), machine %.2f s, ",
	       user + system, user, system, b->machine - a->machine);
	printf("in %.2f s of %.0f CPU%s\n", seconds, b->processors,
	       b->processors == 1 ? "" : "s");
}

static void print_receipt(const struct test *test, const struct interval *total)
{
	const struct receipt *receipt = &test->receipt;

	printf("received (%s): %llu of %llu bytes, %llu of %llu messages",
	       receipt->mode, (unsigned long long)receipt->bytes,
	       (unsigned long long)total->bytes,
	       (unsigned long long)receipt->messages,
	       (unsigned long long)total->messages);
	if (test->opt.verify)
		printf(", %llu bad, %llu gaps",
		       (unsigned long long)receipt->bad,
		       (unsigned long long)receipt->gaps);
	putchar('\n');
}

/* A stream that arrived in part, or other bytes than were sent, are errors. */
static int judge(const struct test *test, const struct interval *total)
{
	const struct receipt *receipt = &test->receipt;

	if (receipt->bad)
		return perf_say(NULL, -EIO, "other bytes came than were sent");
	if (!test->opt.udp && receipt->bytes != total->bytes)
		return perf_say(NULL, -EIO, "not all that was sent came");
	return 0;
}

int report_end(const struct test *test)
{
	struct interval total;
	int err;

	test_total(test, &total);
	if (test->opt.json) {
		err = json_report(test);
		return err ? err : judge(test, &total);
	}
	printf("total:\n");
	print_speed(&total);
	if (!test->opt.server)
		print_copied(test);
	putchar('\n');
	print_cpu(test, total.to);
	if (!test->opt.server)
		print_receipt(test, &total);
	fflush(stdout);
	return judge(test, &total);
}
