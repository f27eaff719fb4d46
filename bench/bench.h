/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_H
#define BENCH_H

/*
 * What the parts of regbuf-bench share. A cell is a piece of work to measure;
 * an engine is one way of doing it; a run is an engine at work on a cell.
 *
 * Calls return 0 or a negative errno, and have said what failed.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_HUGE	((size_t)2 << 20)
#define BENCH_PORT	7000

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

enum work { UDP, UDP_DESTS, UDP_RECEIVE, TCP, TCP_HEADER, TCP_FAN };

enum layout { PACKED, SPACED, RANDOM };

struct cell {
	const char *bench;
	const char *name;	/* of the work */
	enum work work;
	size_t size;		/* bytes of each request that are in a slot */
	size_t header;		/* bytes in front of them, from elsewhere */
	unsigned int depth;	/* requests in each submission */
	unsigned int endpoints;
	unsigned int dests;
	unsigned int buffers;	/* a slot in each; 0: one for all of them */
	bool huge;		/* pages of 2 MiB */
	bool ipv6;
	bool first;		/* latency: see latency.c */
};

/* From the command line. */
struct options {
	const char *kernel;
	const char *bench;
	const char *mode;
	const char *sizes;
	const char *depths;
	const char *engines;
	const char *works;
	const char *pages;
	const char *peer;
	enum layout layout;
	int sndbuf;		/* 0 for the default */
	unsigned int limit;	/* requests in flight; 0 for the default */
	bool ipv6;
	bool profile;
};

extern struct options options;

struct run;

struct engine {
	const char *name;
	/* Is it a way to do this work? */
	bool (*fits)(const struct cell *cell);
	int (*open)(struct run *run);
	/*
	 * Submit as many requests as the cell is deep, reap what is done, and
	 * return when there is room in the limit for as many again.
	 */
	int (*batch)(struct run *run);
	/* Wait until nothing is in flight. None if batch() leaves nothing. */
	int (*drain)(struct run *run);
	/* Wait until one is done, at least. */
	int (*first)(struct run *run);
	/* Percent that was copied, negative if unknown. None for 100. */
	double (*copied)(struct run *run);
	void (*close)(struct run *run);
};

struct memory {
	char *base;
	size_t length;		/* mapped */
};

struct run {
	const struct cell *cell;
	const struct engine *engine;
	const struct run *lead;	/* whose memory it is, if not its own */
	struct memory mem;
	size_t *offsets;	/* of the slots, in the order of their use */
	unsigned int slots;
	unsigned int next;	/* slot */
	unsigned int turn;	/* endpoint that is next */
	char *headers;		/* one for each slot */
	int *socks;		/* one for each endpoint */
	struct sockaddr_in6 *dests;
	unsigned int in_flight;
	unsigned int limit;
	bool report;		/* while warming up: ask what was copied */
	uint64_t told;		/* requests of which it is known */
	uint64_t told_copied;
	uint64_t sent;		/* bytes of all requests */
	void *state;		/* the engine's own */
};

/* One request of a batch. */
struct request {
	unsigned int endpoint;
	unsigned int buffer;
	size_t offset;		/* in the buffer */
	char *data;
	size_t size;
	char *header;		/* NULL if there is none */
	size_t header_size;
	const struct sockaddr_in6 *dest;	/* NULL if connected */
};

/* Request number @i of the batch. What it costs, it costs each engine. */
static inline void run_request(struct run *run, unsigned int i,
			       struct request *req)
{
	const struct cell *cell = run->cell;
	unsigned int slot = run->next;

	if (++run->next == run->slots)
		run->next = 0;
	req->endpoint = run->turn;
	if (++run->turn == cell->endpoints)
		run->turn = 0;
	req->buffer = cell->buffers ? slot : 0;
	req->offset = cell->buffers ? 0 : run->offsets[slot];
	req->data = run->mem.base + run->offsets[slot];
	req->size = cell->size;
	req->header = cell->header ? run->headers + slot * cell->header : NULL;
	req->header_size = cell->header;
	req->dest = cell->dests ? &run->dests[i] : NULL;
}

static inline bool work_is_tcp(enum work work)
{
	return work >= TCP;
}

/* No room for another batch in the limit. */
static inline bool run_full(const struct run *run)
{
	return run->in_flight + run->cell->depth > run->limit;
}

/* How many may stay in flight then: half, so as not to wait for each batch. */
static inline unsigned int run_half(const struct run *run)
{
	unsigned int room = run->limit - run->cell->depth;
	unsigned int half = run->limit / 2;

	return half < room ? half : room;
}

/* main.c */
int bench_failed(const char *what, int err);
bool bench_hush(bool quiet);
void bench_say(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* clock.c: a clock that counts instructions. */
int clock_calibrate(void);
double clock_busy(void);
double clock_now(void);
bool clock_is_exact(void);
void clock_settle(void);

/* soak.c */
int soak_start(void);
void soak_stop(void);
uint64_t soak_instructions(void);

/* mem.c */
int memory_map(struct memory *mem, size_t length, bool huge);
void memory_unmap(struct memory *mem);

/* net.c */
int net_open(struct run *run);
void net_close(struct run *run);
int net_drain(struct run *run);
socklen_t net_dest_size(void);
int net_socket(bool tcp, unsigned int n);
int net_card(const char *mode);

/* param.c: parameters of the module */
struct param {
	char value[32];
};

int param_read(const char *name, struct param *param);
int param_write(const char *name, const char *value);

/* feed.c: a process that has the card deliver, a batch at a time. */
int feed_start(struct run *run);
int feed_batch(void);
void feed_stop(void);

/* run.c */
int run_open(struct run *run, const struct cell *cell,
	     const struct engine *engine, unsigned int limit);
/* Another, with sockets of its own, on the memory of @lead. */
int run_join(struct run *run, const struct run *lead);
void run_close(struct run *run);

/* measure.c */
struct result {
	double per_op;
	double copied;	/* percent, negative if unknown */
	double apart;	/* how far the two windows were, as a fraction */
	unsigned int limit;	/* requests in flight */
	/* From the card's letting go until the program knows; or negative. */
	double p50_ns;
	double p99_ns;
};

/* An engine at its best: with as many in flight as suit it. */
int measure(const struct cell *cell, const struct engine *engine,
	    struct result *result);
/* A window more, for the profiler to keep. */
int measure_profile(const struct cell *cell, const struct engine *engine,
		    const struct result *result);
/* And print it. */
int measure_line(const struct cell *cell, const struct engine *engine);

/* latency.c: how long after the card the program knows. */
int latency_measure(const struct cell *cell, const struct engine *engine,
		    struct result *result);

/* cpus.c: as much work on each of @n CPUs; print it. */
int cpus_measure(const struct cell *cell, const struct engine *engine,
		 unsigned int n);

/* csv.c */
void csv_head(void);
void csv_line(const struct cell *cell, const char *engine,
	      const struct result *result);
/* What the profiler keeps now: so many operations, of so many instructions. */
void csv_profile(const struct cell *cell, const char *engine, uint64_t ops,
		 double per_op);

/* option.c: lists of words, as "64 1400" or "64,1400". */
bool option_has(const char *list, const char *word);
bool option_next(const char **list, size_t *number);

/* engines.c */
extern const struct engine *const engines[];

/* tx.c, reg.c, scale.c, rx.c, cross.c, held.c, maps.c */
int bench_tx(void);
int bench_cross(void);
int bench_held(void);
int bench_maps(void);
int bench_reg(void);
int bench_scale(void);
int bench_rx(void);

#endif /* BENCH_H */
