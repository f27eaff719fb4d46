// SPDX-License-Identifier: GPL-2.0
/*
 * A server: one client after the other.
 */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "perf.h"

/* So long after the last datagram the others are lost. */
#define PATIENCE_MS	10000

/* The client says how much it was. */
static int server_news(struct test *test)
{
	json_t *messages, *words = control_get(test);
	unsigned int i;

	if (!words)
		return -EIO;
	messages = json_object_get(words, "messages");
	for (i = 0; i < test->opt.streams; i++) {
		json_t *n = json_array_get(messages, i);

		__atomic_store_n(&test->streams[i].expected,
				 (uint64_t)json_integer_value(n),
				 __ATOMIC_RELAXED);
	}
	json_decref(words);
	return 0;
}

/* Streams have an end; of datagrams the client says how many there are. */
static bool complete(const struct stream *s, unsigned int quiet_ms)
{
	uint64_t expected = perf_read(&s->expected);

	if (!s->test->opt.udp)
		return s->eof;
	return expected != UINT64_MAX &&
	       (s->messages >= expected || quiet_ms >= PATIENCE_MS);
}

static int server_stream(struct stream *s)
{
	unsigned int quiet_ms = 0;
	int err = 0;

	while (!err && !complete(s, quiet_ms) && !test_stopped(s->test)) {
		err = s->test->mode->turn(s, s->test->opt.depth);
		if (err == -ETIMEDOUT) {
			quiet_ms += PERF_TICK_MS;
			err = 0;
			continue;
		}
		quiet_ms = 0;
		__atomic_store_n(&s->last, net_now(), __ATOMIC_RELAXED);
	}
	return err;
}

/* What a client says is not what it has to be. */
static int server_limits(struct test *test)
{
	const struct options *opt = &test->opt;

	if (!opt->size || opt->size > (opt->udp ? PERF_DATAGRAM : PERF_MEMORY))
		return perf_say(test, -EINVAL, "no such size");
	if (!opt->depth || opt->depth > PERF_DEPTH)
		return perf_say(test, -EINVAL, "no such depth");
	if (!opt->streams || opt->streams > PERF_STREAMS)
		return perf_say(test, -EINVAL, "no such number of streams");
	return 0;
}

static int server_hello(struct test *test)
{
	json_t *words = control_get(test);
	struct options *opt = &test->opt;

	if (!words)
		return -EIO;
	opt->udp = json_is_true(json_object_get(words, "udp"));
	opt->verify = json_is_true(json_object_get(words, "verify"));
	opt->size = control_number(words, "size");
	opt->depth = control_number(words, "depth");
	opt->streams = control_number(words, "streams");
	json_decref(words);
	return server_limits(test);
}

/* The next connection of the client, unless it hangs up. */
static int server_accept(struct test *test, int listener)
{
	struct pollfd fds[] = {
		{ .fd = listener, .events = POLLIN },
		/* It may be through and say so before we are here. */
		{ .fd = fileno(test->control), .events = POLLRDHUP },
	};
	int sock;

	do {
		int n = poll(fds, ARRAY_SIZE(fds), PERF_SILENCE * 1000);

		if (n <= 0)
			return perf_fail(test, "waiting for connections",
					 n ? -errno : -ETIMEDOUT);
		if (fds[1].revents) {
			json_decref(control_get(test));
			return perf_say(test, -EIO, "%s hung up", test->peer);
		}
		sock = net_accept(test, listener);
	} while (sock == -EAGAIN);
	return sock;
}

static int server_sockets(struct test *test, int listener)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < test->opt.streams && !err; i++) {
		struct stream *s = &test->streams[i];

		s->sock = test->opt.udp ? net_datagrams(test, i) :
					  server_accept(test, listener);
		err = s->sock < 0 ? s->sock :
		      net_patience(test, s->sock, PERF_TICK_MS);
	}
	return err;
}

static int server_answer(struct test *test)
{
	return control_put(test, json_pack("{s:s}", "mode", test->mode->name));
}

/* Ports for datagrams have to be there before, connections come after. */
static int server_meet(struct test *test, int listener)
{
	int err = server_hello(test);

	if (!err)
		err = test_open(test);
	if (!err && !test->opt.udp)
		err = server_answer(test);
	if (!err)
		err = server_sockets(test, listener);
	if (!err && test->opt.udp)
		err = server_answer(test);
	return err;
}

static int server_receipt(struct test *test)
{
	struct receipt *receipt = &test->receipt;
	struct interval total;
	unsigned int i;

	test_total(test, &total);
	receipt->bytes = total.bytes;
	receipt->messages = total.messages;
	for (i = 0; i < test->opt.streams; i++) {
		receipt->bad += test->streams[i].bad;
		receipt->gaps += test->streams[i].gaps;
	}
	snprintf(receipt->mode, sizeof(receipt->mode), "%s", test->mode->name);
	return control_put(test, control_receipt(receipt));
}

/* Streams may end before their client has said how much it was. */
static int server_heard(struct test *test)
{
	if (test->streams[0].expected != UINT64_MAX)
		return 0;
	return server_news(test);
}

static int server_test(struct test *test, int listener)
{
	int err = server_meet(test, listener);

	if (!err)
		report_head(test);
	if (!err)
		err = test_run(test);
	if (!err)
		err = server_heard(test);
	if (!err)
		err = server_receipt(test);
	return err ? err : report_end(test);
}

static int server_one(const struct options *opt, int listener)
{
	struct test test = {
		.opt = *opt,
		.ended = -1,
		.run = server_stream,
		.news = server_news,
	};
	int err = mode_check(&test), sock;

	if (err)
		return err;
	sock = net_accept(&test, listener);
	if (sock < 0)
		return sock;
	err = net_peer(&test, sock);
	test.control = fdopen(sock, "r");
	if (!test.control)
		return perf_fail(&test, "fdopen", -errno);
	if (!err)
		err = net_patience(&test, sock, PERF_SILENCE * 1000);
	if (!err)
		err = server_test(&test, listener);
	if (err)
		control_give_up(&test);
	fclose(test.control);
	test_close(&test);
	return err;
}

/* Where it is to be found, even if that was left to the kernel. */
static int server_ready(int listener)
{
	struct sockaddr_in6 addr;
	socklen_t len = sizeof(addr);

	if (getsockname(listener, (struct sockaddr *)&addr, &len))
		return perf_fail(NULL, "getsockname", -errno);
	fprintf(stderr, "regbuf-perf: port %u\n", ntohs(addr.sin6_port));
	return 0;
}

int server_run(const struct options *opt)
{
	struct test none = { .opt = *opt };
	int err = mode_check(&none), listener;

	if (err)
		return err;
	listener = net_listen(&none, opt);
	if (listener < 0)
		return listener;
	err = server_ready(listener);
	if (err)
		return err;
	do
		err = server_one(opt, listener);
	while (!opt->once);
	close(listener);
	return err;
}
