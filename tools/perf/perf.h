/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PERF_H
#define PERF_H

/*
 * What the parts of regbuf-perf share. A test is one client's work with one
 * server; each side has a test, with a stream (a socket and a thread) for each
 * of the client's. A mode is one way to send or to receive.
 *
 * Calls return 0 or a negative errno, and have said what failed.
 */

#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define PERF_DEPTH	1024u		/* at most: what writev takes */
#define PERF_STREAMS	1024u
#define PERF_DATAGRAM	65487u		/* that fits with IPv6, too */
#define PERF_MEMORY	((uint64_t)1 << 30)
#define PERF_TICK_MS	100		/* how long receivers wait at once */
#define PERF_SILENCE	10		/* seconds: a server waits no longer */
#define PERF_NS		1000000000ull
#define PERF_TEXT	256		/* bytes of a complaint */

/* From the command line; a server has the work from its client. */
struct options {
	const char *address;	/* NULL: any */
	const char *mode;
	const char *port;
	int family;		/* AF_UNSPEC: whatever there is */
	bool server;
	bool once;
	bool json;
	bool udp;
	bool verify;
	bool huge;
	uint32_t size;		/* bytes of a message */
	uint32_t depth;		/* messages in a batch */
	uint32_t streams;
	double seconds;
	uint64_t bytes;		/* of each stream; 0: as long as it takes */
	int window;		/* SO_SNDBUF, SO_RCVBUF; 0 for the default */
};

/* Processor time so far, in seconds. */
struct cpu {
	double user;		/* of this process */
	double system;
	double machine;		/* of all there is on this machine, busy */
	double processors;	/* how many it has */
};

/* What happened between two moments, in seconds from the beginning. */
struct interval {
	double from;
	double to;
	uint64_t bytes;
	uint64_t messages;
};

/* What a receiver can say of what it got. */
struct receipt {
	uint64_t bytes;
	uint64_t messages;
	uint64_t bad;		/* with other bytes than were sent */
	uint64_t gaps;		/* datagrams that did not follow the last one */
	char mode[16];
};

struct test;

struct stream {
	struct test *test;
	pthread_t thread;
	int sock;
	unsigned int nr;
	unsigned int next;	/* slot to send from, or to be received */
	unsigned int in_flight;
	void *state;		/* the mode's own */
	bool eof;
	uint64_t position;	/* in the stream that is received */
	uint64_t bad;
	uint64_t gaps;
	/* Written by the thread, read by the one that reports. */
	uint64_t bytes;
	uint64_t messages;
	uint64_t told;		/* messages of which it is known */
	uint64_t told_copied;
	uint64_t last;		/* when there was something, in ns */
	uint64_t expected;	/* messages that were sent; by the server */
};

struct mode {
	const char *name;
	bool tcp;
	bool udp;
	bool copies;		/* always; else it tells, or nobody knows */
	int (*open)(struct stream *s);
	/*
	 * Send: @n messages, at most a batch; return when there is room for as
	 * many again. Receive: what there is, or -ETIMEDOUT after a tick.
	 */
	int (*turn)(struct stream *s, unsigned int n);
	/* Wait until nothing is in flight. None if turn() leaves nothing. */
	int (*drain)(struct stream *s);
	/* After open(), also if that failed. */
	void (*close)(struct stream *s);
};

struct test {
	struct options opt;
	const struct mode *mode;
	int family;		/* AF_INET or AF_INET6 */
	char peer[INET6_ADDRSTRLEN];
	unsigned int port;
	FILE *control;
	/* Slots, one after the other, with what is sent from each. */
	char *memory;
	size_t length;		/* mapped */
	unsigned int slots;	/* and so the most that is in flight */
	struct stream *streams;
	int (*run)(struct stream *s);	/* what a thread does */
	int (*news)(struct test *test);	/* the other side spoke meanwhile */
	sem_t ready;
	sem_t go;
	int ended;		/* an eventfd: streams that did */
	int stop;		/* atomic: somebody gave up */
	uint64_t start;		/* in ns */
	uint64_t deadline;	/* for senders */
	struct cpu before;
	struct cpu after;
	struct interval *intervals;
	size_t nr_intervals;
	struct receipt receipt;
	char complaint[PERF_TEXT];	/* the first */
};

extern const struct mode tx_send, tx_writev, tx_sendmmsg, tx_gso, tx_zerocopy,
			 tx_uring, tx_regbuf;
extern const struct mode rx_plain, rx_uring, rx_regbuf;

/* One writer, and readers that can wait for the next value. */
static inline void perf_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline uint64_t perf_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* The slot to send from next. */
static inline size_t stream_slot(struct stream *s)
{
	size_t slot = s->next;

	if (++s->next == s->test->slots)
		s->next = 0;
	return slot * s->test->opt.size;
}

static inline bool test_stopped(const struct test *test)
{
	return __atomic_load_n(&test->stop, __ATOMIC_RELAXED);
}

/* No room for another batch. */
static inline bool stream_full(const struct stream *s)
{
	return s->in_flight + s->test->opt.depth > s->test->slots;
}

/* How many may stay in flight then: half, so as not to wait for each batch. */
static inline unsigned int stream_half(const struct stream *s)
{
	return s->test->slots / 2;
}

/* So many messages are done with; they had been copied or not. */
static inline void stream_told(struct stream *s, uint64_t n, bool copied)
{
	s->told += n;
	s->told_copied += copied ? n : 0;
}

/* main.c */
int perf_fail(struct test *test, const char *what, int err);
int perf_say(struct test *test, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* option.c: 0; or the status to exit with, plus 1. */
int options_parse(int argc, char **argv, struct options *opt);

/* mode.c: NULL if there is none; the names of all, for people. */
const struct mode *mode_find(const struct options *opt);
int mode_check(struct test *test);
const char *mode_names(bool receive);

/* net.c */
uint64_t net_now(void);
int net_listen(struct test *test, const struct options *opt);
int net_dial(struct test *test, int type, unsigned int port);
int net_accept(struct test *test, int listener);
int net_datagrams(struct test *test, unsigned int nr);
int net_peer(struct test *test, int sock);
int net_buffers(struct test *test, int sock);
int net_patience(struct test *test, int sock, unsigned int ms);

/* memory.c */
int memory_open(struct test *test);
void memory_close(struct test *test);
/* Bytes that came: of a stream, or one datagram. Counts and checks them. */
void memory_received(struct stream *s, const char *data, size_t n);

/* control.c: words between client and server, each a line of JSON. */
struct json_t;
int control_put(struct test *test, struct json_t *words);
/* Tell why it came to nothing. */
void control_give_up(struct test *test);
struct json_t *control_get(struct test *test);
uint64_t control_number(const struct json_t *words, const char *key);
struct json_t *control_receipt(const struct receipt *receipt);
void control_read_receipt(const struct json_t *words, struct receipt *receipt);

/* test.c */
int test_open(struct test *test);
/* Start all streams, wait for them, and report as they go. */
int test_run(struct test *test);
void test_stop(struct test *test);
void test_close(struct test *test);
void test_total(const struct test *test, struct interval *total);

/* client.c, server.c */
int client_run(const struct options *opt);
int server_run(const struct options *opt);

/* cpu.c */
int cpu_read(struct cpu *cpu);

/* report.c */
void report_head(const struct test *test);
int report_interval(struct test *test, const struct interval *interval);
int report_end(const struct test *test);
/* Percent that was copied; negative if nobody knows. */
double report_copied(const struct test *test);

/* json.c */
int json_report(const struct test *test);

#endif /* PERF_H */
