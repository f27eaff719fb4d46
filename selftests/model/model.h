/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MODEL_H
#define MODEL_H

/*
 * A model of the contract: what buffers, queues, sockets and requests there
 * are, as far as a program can know. What the kernel does when is its own
 * affair; the model says what it may answer, and in the end must have done.
 *
 *   buffer.c   registered memory, who uses it
 *   queue.c    rings: entries taken, completions consumed, places
 *   pair.c     connected sockets, their endpoints
 *   flow.c     what is under way in one direction of a pair: bytes, datagrams
 *   entry.c    makes up submission entries
 *   refusal.c  which of them have to be refused, and which are accepted
 *   judge.c    whether a completion is right
 *   settle.c   waits until nothing is pending, and looks whether it adds up
 */
#include "regbuf_queue.h"

#include <stdbool.h>

#define QUEUES		3	/* at a time */
#define PAIRS		8
#define BUFS		16
#define ENTRIES		64	/* in a ring at most */
#define REQUESTS	400	/* more than fit in all the rings */
#define REGION		4096	/* bytes that each receives into */
#define SLICES		4
#define INLINE		256	/* bytes */
#define TABLE		(256UL << 10)
#define LONGEST		20000	/* send */
#define POOL_SLICES	8
#define POOL_SLICE	2048
#define POOL		(POOL_SLICES * POOL_SLICE)
#define HEADER		32	/* in a pool's slice: an address and padding */
#define CANARY		0xa5
#define EVENTS		50	/* of a queue, to print */
#define DEAD		32	/* ids to remember */
#define GRAMS		1024
#define SEGMENTS	1024
#define PATIENCE	60	/* seconds for what must happen */
#define PROBES_MS	30000	/* of a closed window; less than that */

/* What the kernel may refuse an entry with: a set. */
enum {
	R_EINVAL	= 1 << 0,
	R_EOPNOTSUPP	= 1 << 1,
	R_ENOENT	= 1 << 2,
	R_ESTALE	= 1 << 3,
	R_EFAULT	= 1 << 4,
	R_EACCES	= 1 << 5,
	R_ENOBUFS	= 1 << 6,
	R_UNEXPECTED	= 1 << 7,
};

struct buf {
	__u64 id;
	unsigned char *mem;
	size_t len;
	__u32 access;
	bool live;
};

/* Bytes of a stream that one send writes: a part of the table. */
struct segment {
	size_t start;
	size_t len;
	long sent;		/* how many went in; -1: not known yet */
	struct request *req;	/* until that is known; NULL: plain write */
};

/* A datagram: likewise. */
struct gram {
	size_t start;
	size_t len;
	bool sent;		/* or may be; the slot is used */
	bool taken;
	size_t got;		/* bytes of it, then */
	__u64 data;		/* of the request; 0: plain write */
};

/* One direction of a pair. */
struct flow {
	bool stream;
	bool veth;		/* sends are zero-copied, end when acked */
	bool ended;		/* the writer shut down, or is about to */
	bool broken;		/* closed or reset: bytes may get lost */
	bool blind;		/* a queue took completions with it */
	bool eof;		/* the reader saw the end */
	unsigned int sends;	/* requests, as far as is known */
	unsigned int recvs;
	/* A stream: segments not checked yet, and bytes that were received. */
	struct segment segs[SEGMENTS];
	unsigned int head, tail;
	size_t checked;		/* bytes of the first segment */
	unsigned char *held;
	size_t held_len, held_room;
	struct gram grams[GRAMS];
	unsigned int next_gram;
};

struct end {
	struct pair *pair;
	int fd;			/* -1: closed, or an endpoint alone has it */
	bool connected;
	struct sockaddr_storage addr;
	struct endpoint *tx, *rx;	/* whose the lanes are */
	bool drained;		/* once: the lanes were free a bit later */
	struct flow *out, *in;
	size_t book;		/* where its address is in the book */
};

struct pair {
	struct end end[2];
	struct flow flow[2];	/* written by that end */
};

struct endpoint {
	__u32 nr;
	__u32 flags;
	__u32 max_send, max_recv;
	struct queue *q;
	struct end *end;
	bool live;
	bool failed;		/* a stream send did: what is later, too */
	__u64 failed_order;
	unsigned int sends;	/* requests pending, as far as is known */
};

enum state { FREE, DRAFT, PENDING };

struct request {
	enum state state;
	__u64 data;		/* user_data: its index, and a serial number */
	__u64 order;		/* of being accepted */
	struct queue *q;
	struct endpoint *ep;
	struct flow *flow;	/* that it writes or reads */
	struct regbuf_sqe sqe;
	struct regbuf_slice slices[SLICES];
	struct buf *bufs[SLICES + 1];
	unsigned int nr_bufs;
	unsigned int wrong;	/* R_*: what was made wrong on purpose */
	unsigned char *mem;	/* send: in the table; receive: its region */
	size_t len;
	size_t inlined;		/* bytes */
	unsigned char bytes[INLINE];
	struct sockaddr_storage to;
	unsigned int gram;
	unsigned int times;	/* multishot: so far; CANCEL: sends in reach */
	bool early;		/* that completion came */
	bool may_cancel;	/* somebody tried */
	bool must_end;		/* soon, whatever the network does */
	bool posted;		/* its completion is in the ring */
	bool entered;		/* the early one is, or was */
	__u64 hit_by;		/* order of the last CANCEL that fits */
};

struct event {
	const char *format;
	long long args[6];
};

struct queue {
	struct rb_queue rb;
	struct request *entries[ENTRIES];	/* by index in the ring */
	struct endpoint *eps[2 * PAIRS];
	unsigned int nr_eps;
	__u32 dead_ep;
	bool pooled;
	bool mine[POOL_SLICES];		/* slices that the program has */
	unsigned int nr_pending;
	struct event events[EVENTS];
	unsigned int nr_events;
};

#define RESETS		4	/* in a walk */

struct model {
	int dev;
	struct rb_net net;
	__u64 seed, random;
	__u64 ops;
	__u64 order, serial;
	unsigned char *table;	/* what is sent; never changes */
	unsigned char *regions;	/* what is received into, by request */
	unsigned char *pools;	/* likewise, by queue */
	unsigned char *book;	/* addresses */
	struct buf all_table, all_regions, all_pools, all_book;
	struct buf *bufs[BUFS];
	__u64 dead[DEAD];	/* ids */
	unsigned int nr_dead;
	struct request reqs[REQUESTS];
	struct queue queues[QUEUES];
	struct pair *pairs[PAIRS];
	__u64 accepted, refused, completed, calls;	/* to tell */
	__u64 arrived;		/* bytes */
	unsigned int resets;	/* that nobody had asked for */
};

extern struct model m;

/* model.c */
unsigned int rnd(unsigned int below);
bool chance(unsigned int one_in);
void note_event(struct queue *q, const char *format, const long long *args);
void die(struct queue *q, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#define note(q, format, ...) \
	note_event(q, format, (long long [6]){ __VA_ARGS__ })
#define check(q, condition, format, ...) do {				\
	if (!(condition))						\
		die(q, "%s:%d: %s: " format, __FILE__, __LINE__,	\
		    #condition, ##__VA_ARGS__);				\
} while (0)

/* buffer.c */
void buffers_setup(void);
void buffers_close(void);
void step_buffer(void);
void step_status(void);
struct buf *buf_covering(const unsigned char *mem, size_t len, __u32 access);
void buffers_idle(void);

/* queue.c */
void queue_open(struct queue *q);
void queue_close(struct queue *q);
void step_resize(struct queue *q);
void step_look(struct queue *q);
void step_return(struct queue *q);
unsigned int untaken(const struct queue *q);
void enter(struct queue *q, __u32 submit, __u32 wait, long long timeout_ns);
void step_enter(struct queue *q);
unsigned int consume(struct queue *q, unsigned int nr);
void mark_posted(struct queue *q);
bool surely_waits(const struct request *req);

/* pair.c */
void pairs_setup(void);
void pairs_close(void);
void pairs_leave(const struct queue *q);
struct endpoint *endpoint_find(struct queue *q, __u32 nr);
void endpoint_detach(struct endpoint *ep, __u32 flags);
void step_attach(void);
void step_detach(void);
void step_break(void);
void step_write(void);
void step_read(void);
void step_sync_send(void);
bool end_read(struct end *end);
void end_ask(const struct end *end);
bool pair_over(const struct pair *pair);
bool pair_reset(struct pair *pair);
struct pair *pair_of(const struct flow *flow);
unsigned int port_of(const struct end *end);
void end_left(struct end *end);
void end_release(const struct endpoint *ep);
void end_reopen(struct end *end);

/* flow.c */
size_t pick_length(bool stream);
size_t pick_start(size_t len);
void flow_wrote(struct flow *flow, const unsigned char *mem, size_t len,
		long sent, struct request *req);
void flow_sent(struct queue *q, struct flow *flow, struct request *req,
	       long sent);
void flow_got(struct queue *q, struct flow *flow, const void *data, size_t len,
	      bool trunc);
void flow_end(struct queue *q, struct flow *flow);
bool flow_clear(const struct flow *flow);
bool flow_room(const struct flow *flow);

/* entry.c */
void step_draft(struct queue *q);
void draft_nop(struct queue *q);
void draft_cancel(struct queue *q, __u64 data);
void request_free(struct request *req);

/* refusal.c */
void accept_entry(struct queue *q, struct request *req);
void refuse_entry(struct queue *q, struct request *req, int error);

/* judge.c */
void judge(struct queue *q, const struct regbuf_cqe *cqe);
bool after_failure(const struct request *req);

/* settle.c */
void settle(void);
void settle_pair(const struct pair *pair);

#endif /* MODEL_H */
