// SPDX-License-Identifier: GPL-2.0
/*
 * On the deterministic machine an instruction takes a nanosecond of the guest's
 * time, so its raw monotonic clock counts instructions. The guest may be a
 * little wrong about its clock's frequency: a loop of known length tells.
 */
#include <math.h>
#include <time.h>

#include "bench.h"

#define LOOPS	20000000ULL

static double factor = 1;

static double clock_raw(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* Instructions since some moment. */
double clock_now(void)
{
	return clock_raw() * factor;
}

/* Likewise, without those that the soaker did because nobody else had any. */
double clock_busy(void)
{
	return clock_now() - soak_instructions();
}

/* Two instructions each. */
static void clock_loop(uint64_t n)
{
	asm volatile("1: dec %0; jnz 1b" : "+r" (n) : : "cc");
}

/* Is it the deterministic machine at all? */
bool clock_is_exact(void)
{
	return fabs(factor - 1) < 0.02;
}

/* The shortest of some: a timer interrupt or two is in each of them. */
int clock_calibrate(void)
{
	double best = 0, start, took, soaked;
	int i;

	for (i = 0; i < 5; i++) {
		soaked = soak_instructions();
		start = clock_raw();
		clock_loop(LOOPS / 10);
		took = clock_raw() - start;
		soaked = soak_instructions() - soaked;
		if (!i || took - soaked < best)
			best = took - soaked;
	}
	if (best <= 0)
		return bench_failed("calibrating the clock", -1);
	factor = LOOPS / 10 * 2 / best;
	/* An interrupt's worth is no error of the clock. */
	if (clock_is_exact())
		factor = 1;
	return 0;
}

/*
 * Wait for what the kernel still does when it has just booted, or when somebody
 * has closed thousands of sockets.
 */
void clock_settle(void)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	double start, busy;
	int i;

	nanosleep(&pause, NULL);
	/* Where there is no soaker one cannot tell. */
	if (!soak_instructions())
		return;
	for (i = 0; i < 2000; i++) {
		start = clock_now();
		busy = clock_busy();
		nanosleep(&pause, NULL);
		if (clock_busy() - busy < 0.01 * (clock_now() - start))
			return;
	}
	bench_say("the machine does not become quiet");
}
