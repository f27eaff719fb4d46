// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf top: who sends how much, refreshed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "print.h"
#include "session.h"

#define ROWS	20	/* that any terminal has, and its head */

/* What a context did from one look to the next, a second. */
struct rate {
	const struct context *context;
	double sends;
	double zerocopied;
	double copied;
};

struct look {
	struct records contexts;
	double when;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static enum status look(struct rbnl *nl, struct look *out)
{
	out->when = now();
	return session_dump(nl, &kind_context, NULL, &out->contexts);
}

static uint64_t copied(const struct stats *stats)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < REGBUF_COPY_MAX; i++)
		sum += stats->copied[i];
	return sum;
}

/* What it had before; nothing if it is new. */
static const struct stats *stats_before(const struct look *before, uint32_t id)
{
	static const struct stats none;
	size_t i;

	for (i = 0; i < before->contexts.nr; i++)
		if (RECORD(context, &before->contexts, i)->id == id)
			return &RECORD(context, &before->contexts, i)->stats;
	return &none;
}

static struct rate rate_of(const struct context *c, const struct look *before,
			   double seconds)
{
	const struct stats *then = stats_before(before, c->id);

	return (struct rate) {
		.context = c,
		.sends = (c->stats.sends - then->sends) / seconds,
		.zerocopied = (c->stats.zerocopied - then->zerocopied) /
			      seconds,
		.copied = (copied(&c->stats) - copied(then)) / seconds,
	};
}

static int busier(const void *a, const void *b)
{
	const struct rate *x = a, *y = b;
	double p = x->zerocopied + x->copied, q = y->zerocopied + y->copied;

	if (p != q)
		return p < q ? 1 : -1;
	return x->context->id < y->context->id ? -1 : 1;
}

static void print_rate(const struct rate *r)
{
	char pinned[PRINT_SIZE], zerocopied[PRINT_SIZE], copies[PRINT_SIZE];

	printf("%-6u %-8u %-16s %8u %12s %12.0f %14s %14s\n", r->context->id,
	       r->context->pid, r->context->comm, r->context->buffers,
	       print_size(r->context->pinned, pinned), r->sends,
	       print_size(r->zerocopied, zerocopied),
	       print_size(r->copied, copies));
}

/* On a terminal each round replaces the last one. */
static enum status print_rates(const struct rate *rates, size_t nr)
{
	bool terminal = isatty(STDOUT_FILENO);
	size_t i;

	if (terminal)
		printf("\033[H\033[2J");
	printf("%-6s %-8s %-16s %8s %12s %12s %14s %14s\n", "CTX", "PID",
	       "COMMAND", "BUFFERS", "PINNED", "SENDS/S", "ZEROCOPIED/S",
	       "COPIED/S");
	for (i = 0; i < nr && (!terminal || i < ROWS); i++)
		print_rate(&rates[i]);
	if (i < nr)
		printf("and %zu more\n", nr - i);
	return fflush(stdout) ? STATUS_FAILED : STATUS_OK;
}

static struct json_object *rate_json(const struct rate *r)
{
	struct json_object *one = json_record(&kind_context, r->context);

	json_add(one, "sends_per_second", json_object_new_double(r->sends));
	json_add(one, "zerocopied_per_second",
		 json_object_new_double(r->zerocopied));
	json_add(one, "copied_per_second", json_object_new_double(r->copied));
	return one;
}

static enum status line_rates(const struct rate *rates, size_t nr)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < nr; i++)
		json_object_array_add(list, rate_json(&rates[i]));
	return json_line(list);
}

static enum status show_rates(const struct look *before,
			      const struct look *after, bool json)
{
	double seconds = after->when - before->when;
	size_t i, nr = after->contexts.nr;
	enum status status;
	struct rate *rates;

	rates = calloc(nr + 1, sizeof(*rates));
	if (!rates) {
		perror("regbuf: top");
		return STATUS_FAILED;
	}
	for (i = 0; i < nr; i++)
		rates[i] = rate_of(RECORD(context, &after->contexts, i), before,
				   seconds);
	qsort(rates, nr, sizeof(*rates), busier);
	status = json ? line_rates(rates, nr) : print_rates(rates, nr);
	free(rates);
	return status;
}

static void pause_for(double seconds)
{
	struct timespec t = {
		.tv_sec = seconds,
		.tv_nsec = (seconds - (long)seconds) * 1e9,
	};

	nanosleep(&t, NULL);
}

static enum status watch(struct rbnl *nl, const struct args *args)
{
	struct look before, after;
	enum status status = look(nl, &before);
	uint64_t round;

	for (round = 0; !status && (!args->count || round < args->count);
	     round++) {
		pause_for(args->delay);
		status = look(nl, &after);
		if (!status)
			status = show_rates(&before, &after, args->json);
		free(before.contexts.items);
		before = after;
	}
	free(before.contexts.items);
	return status;
}

enum status cmd_top(const struct args *args)
{
	enum status status;
	struct rbnl *nl;

	status = session_open(&nl);
	if (status)
		return status;
	status = watch(nl, args);
	rbnl_close(nl);
	return status;
}
