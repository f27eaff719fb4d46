// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <jansson.h>
#include <sys/socket.h>
#include <unistd.h>

#include "perf.h"

/* While streams run, a server has nothing to say but that it cannot go on. */
static int client_news(struct test *test)
{
	json_decref(control_get(test));
	return -EIO;
}

static uint64_t messages_of(const struct options *opt)
{
	if (!opt->bytes)
		return UINT64_MAX;
	return opt->bytes / opt->size + !!(opt->bytes % opt->size);
}

/* Batch after batch, to the last message or until the time is over. */
static int send_all(struct stream *s)
{
	const struct options *opt = &s->test->opt;
	uint64_t left = messages_of(opt);
	int err = 0;

	while (left && !err && !test_stopped(s->test)) {
		unsigned int n = left < opt->depth ? left : opt->depth;
		uint64_t now;

		err = s->test->mode->turn(s, n);
		if (err)
			break;
		left -= n;
		perf_add(&s->messages, n);
		perf_add(&s->bytes, (uint64_t)n * opt->size);
		now = net_now();
		__atomic_store_n(&s->last, now, __ATOMIC_RELAXED);
		if (!opt->bytes && now >= s->test->deadline)
			break;
	}
	return err;
}

static int client_stream(struct stream *s)
{
	const struct mode *mode = s->test->mode;
	int err = send_all(s);

	if (!err && mode->drain)
		err = mode->drain(s);
	if (!err && !s->test->opt.udp && shutdown(s->sock, SHUT_WR))
		err = perf_fail(s->test, "shutdown", -errno);
	__atomic_store_n(&s->last, net_now(), __ATOMIC_RELAXED);
	return err;
}

static int client_hello(struct test *test)
{
	const struct options *opt = &test->opt;
	json_t *words = json_pack("{s:s, s:b, s:i, s:i, s:i, s:b}",
				  "regbuf-perf", REGBUF_VERSION,
				  "udp", opt->udp, "size", opt->size,
				  "depth", opt->depth, "streams", opt->streams,
				  "verify", opt->verify);
	int err = control_put(test, words);

	if (err)
		return err;
	words = control_get(test);
	json_decref(words);
	return words ? 0 : -EIO;
}

static int client_connect(struct test *test)
{
	const struct options *opt = &test->opt;
	unsigned int i;

	for (i = 0; i < opt->streams; i++) {
		int sock = opt->udp ?
			   net_dial(test, SOCK_DGRAM, test->port + i) :
			   net_dial(test, SOCK_STREAM, 0);

		if (sock < 0)
			return sock;
		test->streams[i].sock = sock;
	}
	return 0;
}

static int client_control(struct test *test)
{
	int sock = net_dial(test, SOCK_STREAM, 0);
	int err;

	if (sock < 0)
		return sock;
	err = net_peer(test, sock);
	test->control = fdopen(sock, "r");
	if (!test->control)
		err = perf_fail(test, "fdopen", -errno);
	return err;
}

/* How much it was, in exchange for how much arrived. */
static int client_compare(struct test *test)
{
	json_t *words, *messages = json_array();
	unsigned int i;
	int err;

	for (i = 0; i < test->opt.streams; i++)
		json_array_append_new(messages,
				      json_integer(test->streams[i].messages));
	err = control_put(test, json_pack("{s:o}", "messages", messages));
	if (err)
		return err;
	words = control_get(test);
	if (!words)
		return -EIO;
	control_read_receipt(words, &test->receipt);
	json_decref(words);
	return 0;
}

static int client_test(struct test *test)
{
	int err = mode_check(test);

	if (!err)
		err = test_open(test);
	if (!err)
		err = client_control(test);
	if (!err)
		err = client_hello(test);
	if (!err)
		err = client_connect(test);
	if (!err)
		report_head(test);
	if (!err)
		err = test_run(test);
	if (!err)
		err = client_compare(test);
	return err ? err : report_end(test);
}

int client_run(const struct options *opt)
{
	struct test test = {
		.opt = *opt,
		.ended = -1,
		.run = client_stream,
		.news = client_news,
	};
	int err = client_test(&test);

	if (err)
		control_give_up(&test);
	test_close(&test);
	return err;
}
