// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on several queues, and a model that knows what the contract
 * allows as an answer. REGBUF_SEED and REGBUF_OPS (environment) choose another
 * walk, and its length; the same seed makes the same choices as long as the
 * kernel answers in the same order, which is nearly always long enough.
 */
#include "model.h"
#include "regbuf_slow.h"

#include "kselftest_harness.h"

#define OPS		102000	/* of each of two walks */
#define OPS_SLOW	8000	/* on kernels that look for mistakes */
#define SETTLE		2500	/* operations between two looks at the sums */

struct model m;

/* xorshift64 */
static __u64 random64(void)
{
	m.random ^= m.random << 13;
	m.random ^= m.random >> 7;
	m.random ^= m.random << 17;
	return m.random;
}

unsigned int rnd(unsigned int below)
{
	return (random64() >> 11) % below;
}

bool chance(unsigned int one_in)
{
	return !rnd(one_in);
}

/* What happened, for the case that something is wrong: not formatted yet. */
void note_event(struct queue *q, const char *format, const long long *args)
{
	struct event *event = &q->events[q->nr_events++ % EVENTS];

	event->format = format;
	memcpy(event->args, args, sizeof(event->args));
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void print_events(const struct queue *q)
{
	unsigned int i = q->nr_events > EVENTS ? q->nr_events - EVENTS : 0;

	printf("# queue %d; the last things about it:\n", (int)(q - m.queues));
	for (; i < q->nr_events; i++) {
		const struct event *event = &q->events[i % EVENTS];
		const long long *a = event->args;

		printf("#   ");
		printf(event->format, a[0], a[1], a[2], a[3], a[4], a[5]);
		printf("\n");
	}
}

static void print_verdict(const char *format, va_list args)
{
	printf("# REGBUF_SEED=%llu, operation %llu:\n# ", m.seed, m.ops);
	vprintf(format, args);
	printf("\n");
}

/* What is wrong, before and after the events: logs get cut at either end. */
void die(struct queue *q, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	print_verdict(format, args);
	for (int i = 0; i < QUEUES; i++)
		if (!q || q == &m.queues[i])
			print_events(&m.queues[i]);
	print_verdict(format, again);
	va_end(again);
	va_end(args);
	fflush(stdout);
	_exit(KSFT_FAIL);
}

static struct queue *any_queue(void)
{
	return &m.queues[rnd(QUEUES)];
}

/* Requests and what serves them: nine of ten steps. */
static void step_often(void)
{
	struct queue *q = any_queue();

	switch (rnd(16)) {
	case 0 ... 9:
		step_draft(q);
		break;
	case 10 ... 11:
		step_enter(q);
		break;
	case 12 ... 13:
		consume(q, 1 + rnd(ENTRIES));
		break;
	case 14:
		step_read();
		break;
	case 15:
		step_write();
		break;
	}
}

static void step_seldom(void)
{
	switch (rnd(40)) {
	case 0 ... 4:
		step_buffer();
		break;
	case 5 ... 14:
		step_attach();
		break;
	case 15 ... 16:
		step_detach();
		break;
	case 17 ... 18:
		step_break();
		break;
	case 19:
		if (chance(4))
			queue_close(any_queue());
		break;
	case 20 ... 22:
		step_resize(any_queue());
		break;
	case 23 ... 28:
		step_status();
		break;
	case 29 ... 31:
		step_sync_send();
		break;
	case 32 ... 35:
		step_look(any_queue());
		break;
	default:
		step_return(any_queue());
		break;
	}
	m.calls++;
}

static __u64 from_environment(const char *name, __u64 otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

/* As many as asked for; entries that were only written do not count. */
static void walk(__u64 ops)
{
	__u64 settled = 0;

	while (m.ops < ops) {
		if (chance(10))
			step_seldom();
		else
			step_often();
		m.ops = m.accepted + m.refused + m.calls;
		if (m.ops - settled < SETTLE)
			continue;
		settle();
		settled = m.ops;
	}
	settle();
}

/* The whole life of a model; does not return if something is wrong. */
static void run(__u64 seed, __u64 ops)
{
	long pins = rb_pins();

	m.seed = seed;
	m.random = seed * 0x9e3779b97f4a7c15ULL | 1;
	printf("# REGBUF_SEED=%llu REGBUF_OPS=%llu\n", seed, ops);
	fflush(stdout);
	m.dev = rb_open();
	check(NULL, m.dev >= 0, "errno %d", errno);
	check(NULL, !rb_net_setup(&m.net), "errno %d", errno);
	buffers_setup();
	for (int i = 0; i < QUEUES; i++)
		queue_open(&m.queues[i]);
	pairs_setup();
	walk(ops);
	pairs_close();
	for (int i = 0; i < QUEUES; i++)
		rb_q_close(&m.queues[i].rb);
	buffers_close();
	close(m.dev);
	check(NULL, rb_within(PATIENCE, rb_pins() <= pins),
	      "%ld pages are pinned, before it were %ld", rb_pins(), pins);
	printf("# %llu accepted, %llu refused, %llu completed, %u resets\n",
	       m.accepted, m.refused, m.completed, m.resets);
}

static __u64 length_of_walk(void)
{
	return from_environment("REGBUF_OPS", rb_slow() ? OPS_SLOW : OPS);
}

FIXTURE(model) { };
FIXTURE_SETUP(model) { }
FIXTURE_TEARDOWN(model) { }

/* C1 to C7, C14 to C16, C19: the same walk every time. */
TEST_F_TIMEOUT(model, known_walk, 300)
{
	run(1, length_of_walk());
}

/* The same, as nobody has gone before. */
TEST_F_TIMEOUT(model, new_walk, 300)
{
	run(from_environment("REGBUF_SEED", time(NULL)), length_of_walk());
}

TEST_HARNESS_MAIN
