// SPDX-License-Identifier: GPL-2.0
/*
 * A test from its setup to its report: the same for both sides, but for what
 * the threads do.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "perf.h"

/* With the work known: its memory, and streams that have no sockets yet. */
int test_open(struct test *test)
{
	unsigned int i, n = test->opt.streams;

	test->slots = 4 * test->opt.depth;
	if ((uint64_t)test->slots * test->opt.size > PERF_MEMORY)
		return perf_say(test, -EINVAL,
				"too long or too many messages at once");
	sem_init(&test->ready, 0, 0);
	sem_init(&test->go, 0, 0);
	test->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (test->ended < 0)
		return perf_fail(test, "eventfd", -errno);
	test->streams = calloc(n, sizeof(test->streams[0]));
	if (!test->streams)
		return perf_fail(test, "streams", -ENOMEM);
	for (i = 0; i < n; i++) {
		test->streams[i].test = test;
		test->streams[i].nr = i;
		test->streams[i].sock = -1;
		test->streams[i].expected = UINT64_MAX;
	}
	return memory_open(test);
}

void test_close(struct test *test)
{
	unsigned int i;

	for (i = 0; test->streams && i < test->opt.streams; i++)
		if (test->streams[i].sock >= 0)
			close(test->streams[i].sock);
	if (test->ended >= 0)
		close(test->ended);
	memory_close(test);
	free(test->intervals);
	free(test->streams);
}

/* End it before its time, and wake those that wait for a socket. */
void test_stop(struct test *test)
{
	unsigned int i;

	__atomic_store_n(&test->stop, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < test->opt.streams; i++)
		shutdown(test->streams[i].sock, SHUT_RDWR);
}

void test_total(const struct test *test, struct interval *total)
{
	uint64_t last = test->start;
	unsigned int i;

	*total = (struct interval) { 0 };
	for (i = 0; i < test->opt.streams; i++) {
		const struct stream *s = &test->streams[i];

		total->bytes += perf_read(&s->bytes);
		total->messages += perf_read(&s->messages);
		if (perf_read(&s->last) > last)
			last = perf_read(&s->last);
	}
	total->to = (double)(last - test->start) / PERF_NS;
}

/* What is new since the last report. */
static int report_since(struct test *test, struct interval *before, double now)
{
	struct interval total, step;

	test_total(test, &total);
	step.from = before->to;
	step.to = now;
	step.bytes = total.bytes - before->bytes;
	step.messages = total.messages - before->messages;
	*before = total;
	before->to = now;
	return report_interval(test, &step);
}

/* How long it is until @when, for poll(). */
static int until(uint64_t when)
{
	uint64_t now = net_now();

	return when > now ? (when - now + 999999) / 1000000 : 0;
}

static unsigned int ended(struct test *test)
{
	uint64_t n = 0;

	return read(test->ended, &n, sizeof(n)) < 0 ? 0 : n;
}

static void *thread(void *arg)
{
	struct stream *s = arg;
	struct test *test = s->test;
	int err = test->mode->open(s);

	if (err)
		test_stop(test);
	sem_post(&test->ready);
	while (sem_wait(&test->go))
		;
	if (!err && !test_stopped(test)) {
		err = test->run(s);
		if (err)
			test_stop(test);
	}
	test->mode->close(s);
	eventfd_write(test->ended, 1);
	return NULL;
}

/* All that could be started, when they are ready to go. */
static unsigned int start(struct test *test)
{
	unsigned int i, n;

	for (n = 0; n < test->opt.streams; n++) {
		struct stream *s = &test->streams[n];
		int err = pthread_create(&s->thread, NULL, thread, s);

		if (err) {
			perf_fail(test, "making a thread", -err);
			test_stop(test);
			break;
		}
	}
	for (i = 0; i < n; i++)
		while (sem_wait(&test->ready))
			;
	return n;
}

/* Each second, and when there is something to hear, as long as they run. */
static int attend(struct test *test, unsigned int streams,
		  struct interval *told)
{
	struct pollfd fds[] = {
		{ .fd = test->ended, .events = POLLIN },
		{ .fd = fileno(test->control), .events = POLLIN },
	};
	uint64_t next = test->start + PERF_NS;
	int err = 0;

	while (streams) {
		poll(fds, ARRAY_SIZE(fds), until(next));
		if (fds[1].revents && test->news(test)) {
			test_stop(test);
			fds[1].fd = -1;
		}
		if (fds[0].revents)
			streams -= ended(test);
		if (streams && net_now() >= next) {
			err |= report_since(test, told,
					    (double)(next - test->start) /
					    PERF_NS);
			next += PERF_NS;
		}
	}
	return err;
}

/* What came after the last full second. */
static int report_rest(struct test *test, struct interval *told)
{
	struct interval total;

	test_total(test, &total);
	if (total.to <= told->to && total.bytes == told->bytes)
		return 0;
	return report_since(test, told,
			    total.to > told->to ? total.to : told->to);
}

int test_run(struct test *test)
{
	struct interval told = { 0 };
	unsigned int i, n = start(test);
	int err = cpu_read(&test->before);

	test->start = net_now();
	test->deadline = test->start + test->opt.seconds * PERF_NS;
	for (i = 0; i < n; i++)
		sem_post(&test->go);
	err |= attend(test, n, &told);
	for (i = 0; i < n; i++)
		pthread_join(test->streams[i].thread, NULL);
	err |= cpu_read(&test->after);
	err |= report_rest(test, &told);
	return err || test_stopped(test) ? -EIO : 0;
}
