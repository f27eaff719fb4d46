// SPDX-License-Identifier: GPL-2.0
/*
 * How long it takes from the card's letting go of the last packet of a batch
 * until the program sees that all of it is done; or from the submission until
 * it sees that the first of it is. In nanoseconds, which are instructions: what
 * else the CPU has to do in between counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define CARD_RELEASED	"/sys/kernel/debug/regbuf_nic/released_ns"
#define SAMPLES		200

/* When the card let go of something last. The file can be read only once. */
static int64_t released_ns(void)
{
	int fd = open(CARD_RELEASED, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t n;

	if (fd < 0)
		return bench_failed(CARD_RELEASED, -errno);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return bench_failed(CARD_RELEASED, -EIO);
	text[n] = 0;
	return strtoll(text, NULL, 10);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int sample_first(struct run *run, int64_t *out)
{
	int64_t start = now_ns();
	int err = run->engine->batch(run);

	if (!err && run->in_flight == run->cell->depth)
		err = run->engine->first(run);
	*out = now_ns() - start;
	return err ?: run->engine->drain(run);
}

static int sample_last(struct run *run, int64_t *out)
{
	int64_t released;
	int err = run->engine->batch(run);

	if (!err)
		err = run->engine->drain(run);
	if (err)
		return err;
	*out = now_ns();
	released = released_ns();
	if (released < 0)
		return released;
	*out -= released;
	return 0;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int latency_run(struct run *run, struct result *result)
{
	int64_t samples[SAMPLES];
	int i, err = 0;

	/* The first few find the connection cold. */
	for (i = -20; i < SAMPLES && !err; i++)
		err = (run->cell->first ? sample_first : sample_last)
			(run, &samples[i < 0 ? 0 : i]);
	if (err)
		return err;
	qsort(samples, SAMPLES, sizeof(samples[0]), compare);
	result->p50_ns = samples[SAMPLES / 2];
	result->p99_ns = samples[SAMPLES * 99 / 100];
	return 0;
}

/* With nothing but one batch in flight. */
int latency_measure(const struct cell *cell, const struct engine *engine,
		    struct result *result)
{
	struct run run;
	int err = run_open(&run, cell, engine, 2 * cell->depth);

	if (err)
		return err;
	err = latency_run(&run, result);
	run_close(&run);
	return err;
}
