/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SOAK_H
#define SOAK_H

/*
 * Processes that do everything at once for as long as one likes, some of which
 * are killed now and then, and one that looks whether it still adds up.
 *
 *   soak.c     options, the network, the end
 *   guard.c    starts workers, kills them, looks whether they get on
 *   trouble.c  a bad network, little memory
 *   check.c    what must hold whenever nobody is in a call
 *   state.c    what the kernel says of all contexts
 *   worker.c   a worker's life: an operation after the other
 *   memory.c   maps: memory of all kinds, and what is done to it
 *   buffer.c   buffers: registered maps
 *   table.c    the table of the context
 *   share.c    export, import, descriptors between workers
 *   queue.c    queues and their requests
 *   reap.c     what completions may say
 *   link.c     sockets
 *   traffic.c  sends and receives
 *   wait.c     timers, events, waiting
 *   admin.c    resets from outside
 *   life.c     fork, exec, death
 *   thread.c   another thread of each worker, for races
 *   frame.c    what is sent, and whether it is what arrives
 *   names.c    whose bytes they are that should not have arrived
 */
#include "regbuf_buf.h"

#include <stdbool.h>

#include "kselftest.h"

#define SEATS		4	/* workers at a time */
#define QUEUES		2
#define BUFS		14
#define LINKS		24
#define REQS		128
#define PARTS		4
#define TABLE		6
#define ARENA_SLOT	4096UL
#define POOL_SLICE	2048UL
#define POOL_SLICES	16
#define INLINE		512
#define RECENT		24	/* operations to remember */
#define HUGE_PAGE	(2UL << 20)
#define HUGE_AREA	0x600000000000UL	/* where hugetlb is mapped */
#define HUGE_AREA_END	0x610000000000UL
#define PORT		7300	/* and the worker's number */
#define MEMLOCK		(12UL << 20)
#define UID		2000	/* of the unprivileged half */
#define SHARED_FD	200
#define FAILED		99	/* a worker's exit status */

/* What a worker's books say, for the checker; while it is parked. */
struct ledger {
	__u32 opened;		/* contexts of this life */
	__u32 buffers;		/* live ids, but for imported ones */
	struct {
		__u32 id;	/* 0: none */
		__u32 consumed;	/* completions */
		__u32 pending;	/* requests whose last one did not come */
	} queues[QUEUES];
};

/* A worker's place, that survives it. */
struct seat {
	pid_t pid;
	__u32 life;
	__u32 parked;		/* the pause that it heeds */
	__u32 thread;		/* likewise, its other thread */
	__u64 ops;		/* of this life */
	__u64 total;
	__u64 accepted, completed, bytes, frames, killed;
	long long since;	/* when the operation began */
	__u32 what;
	__u32 recent[RECENT];
	struct ledger ledger;
	char verdict[400];
};

struct shared {
	__u64 seed;
	__u64 ops;		/* of each seat; 0: no limit */
	int near, peer;		/* namespaces */
	__u32 pause;		/* not 0: park */
	__u32 stop;
	char dir[64];
	struct seat seats[SEATS];
};

extern struct shared *shared;

/*
 * What is said on the wire: this, and then parts that are patterns. A datagram
 * is one of them, a stream is a sequence.
 */
#define FRAME_DATA	0x726273f0
#define FRAME_END	0x726273f1	/* seq: how many there were */

struct part {
	__u64 key;
	__u64 base;
	__u32 len;
	__u32 from;		/* FROM_*: where its sender had it */
};

#define FROM_KIND	0xf	/* of memory */
#define FROM_FLAGS	0xf0	/* REGBUF_REGISTER_F_* */
#define FROM_BUFFER	0x100	/* else it was made up */
#define FROM_IMPORT	0x200
#define FROM_INDEX	0x400
#define FROM_SYNC	0x800

struct frame {
	__u32 magic;
	__u32 seq;
	__u64 link;		/* the sender's name for it */
	struct part parts[PARTS];
	__u64 sum;
};

struct parser {
	struct frame frame;
	__u32 got;		/* bytes of the frame's head */
	__u32 part, done;	/* in what follows */
	__u64 link;
	__u32 seq, frames;
	bool blind, ended;
};

/* Memory. */
enum kind {
	SMALL, THP, HUGETLB, MEMFD, MEMFD_HUGE, PRIVATE_FILE, READ_ONLY, KINDS
};

struct map {
	unsigned char *mem;
	size_t len;
	enum kind kind;
	__u64 key;
	unsigned int refs;
	bool landing;		/* received into; else a pattern */
	bool gone;		/* unmapped, or moved */
	bool disturbed;		/* other pages, perhaps */
	bool busy;		/* a receive is posted */
};

struct buf {
	__u64 id;		/* 0: none */
	struct map *map;	/* NULL: imported */
	size_t off, len;
	__u64 key, base;	/* its pattern */
	__u32 access, flags;
	bool imported;
};

struct queue {
	struct rb_queue rb;
	bool open, poller;
	__u32 id, consumed, pending;
	int efd;
	struct buf arena, pool;
};

struct link {
	bool used, dead, stream, listens;
	int fd;
	struct queue *q;
	__u32 ep, flags;
	__u64 key;
	__u32 seq, frames;
	unsigned int pending, sends, recvs;
	bool broken, ending, over, multi;
	__u64 last_recv, last_send;
	struct parser in;
};

struct req {
	enum { FREE, DRAFT, PENDING } state;
	__u64 data, order;
	__u8 op;
	__u16 flags;
	bool early, end;
	struct queue *q;
	struct link *link;
	struct map *map;	/* received into */
	size_t base;		/* where in it the buffer begins */
	struct map *from[PARTS];	/* sent from */
	bool kept[PARTS];	/* F_KEEP */
	bool foreign;		/* imported memory may go at any time */
	struct regbuf_slice slices[PARTS + 1];
	unsigned int nr_slices;
	size_t len;
	struct frame frame;
	unsigned char bytes[INLINE];
	struct sockaddr_storage to;
};

struct worker {
	unsigned int nr;
	struct seat *seat;
	__u64 rng;
	int dev, mail;
	__u32 opened, queues_made;
	bool root;
	__u64 order;
	struct buf bufs[BUFS];
	struct buf table[TABLE];
	unsigned int nr_table;
	__u32 array_error;	/* of the last change by a queue */
	struct queue queues[QUEUES];
	struct link links[LINKS];
	struct req reqs[REQS];
};

extern struct worker w;

/* worker.c */
__u64 mix(__u64 a, __u64 b);
__u32 rnd(__u32 below);
bool chance(__u32 one_in);
void die(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));
__attribute__((noreturn)) void retire(void);
__attribute__((noreturn)) void run_worker(unsigned int nr, bool fresh);
const char *op_name(__u32 op);
void allow(const char *what, int err, const int *allowed);
long long patience(void);

/* An error that this must not have. */
#define ALLOW(what, err, ...) \
	allow(what, err, (const int []){ __VA_ARGS__, 0 })

/* memory.c */
struct map *map_new(enum kind kind, size_t len, bool landing);
void map_put(struct map *map);
const char *map_text(const struct map *map);
void op_unmap(void);
void op_move(void);
void op_disturb(void);
void op_advise(void);

/* buffer.c */
int buf_register(struct buf *b, struct map *map, size_t off, size_t len,
		 __u32 access, __u32 flags);
void buf_deregister(struct buf *b, __u32 flags);
struct buf *buf_to_send(void);
struct buf *buf_to_land(void);
unsigned int bufs_live(void);
void bufs_forget(void);
void op_register(void);
void op_again(void);
void op_deregister(void);
void op_look(void);
void op_slots(void);

/* table.c */
void op_table(void);
void op_table_entry(void);
void table_forget(void);

/* share.c */
void mail_open(void);
void mail_read(void);
void op_export(void);
void op_revoke(void);

/* queue.c */
void queue_open(struct queue *q, bool poller);
void queue_close(struct queue *q);
struct queue *any_queue(void);
struct req *req_new(struct queue *q, __u8 op, struct link *link);
struct regbuf_sqe *req_sqe(struct req *r);
void req_free(struct req *r);
void submit(struct queue *q);
void op_queue(void);
void op_resize(void);
void op_cancel(void);
void op_misc(void);

/* reap.c */
void reap(void);

/* link.c */
struct link *link_new(struct queue *q, bool stream);
struct link *any_link(bool stream);
void link_done(struct link *l);
void link_close(struct link *l);
void link_abort(struct link *l);
void links_open(struct queue *q);
void links_leave(struct queue *q);
void link_accepted(struct queue *q, __u32 ep);
void links_tidy(void);
socklen_t address_of(unsigned int nr, int family, struct sockaddr_storage *ss);
void op_connect(void);
void op_close(void);
void op_end(void);

/* traffic.c */
void op_send(void);
void op_burst(void);
void op_receive(void);
void op_sync(void);

/* wait.c */
void op_enter(void);
void op_poll(void);
void op_eventfd(void);
void op_settle(void);

/* admin.c */
void op_abort(void);

/* life.c */
void op_fork(void);
void op_reopen(void);
void op_exec(void);
void op_death(void);
void reborn(int argc, char **argv);

/* thread.c */
void thread_start(void);
void thread_hold(void);
void thread_release(void);

/* names.c */
enum name { NAME_MAP, NAME_REQUEST, NAME_LINK };

__u64 name_new(enum name what, __u32 serial);
__u64 word(__u64 key, __u64 nr);
__attribute__((noreturn)) void
other_bytes(const char *where, const struct frame *f, unsigned int part,
	    const unsigned char *bytes, size_t len, size_t at);

/* frame.c */
void pattern(void *to, size_t len, __u64 key, __u64 base);
bool pattern_holds(const void *mem, size_t len, __u64 key, __u64 base);
size_t frame_len(const struct frame *f);
void frame_seal(struct frame *f);
void parse(struct parser *p, const void *bytes, size_t len);
void parse_datagram(const void *bytes, size_t len);

/* state.c: the kernel's books */
#define CTXS		256
#define QS		512

struct ctx_state {
	__u32 id, pid, uid, buffers;
	__u64 pinned, pages, charged;
	char comm[16];
	bool closed;
	__u32 live;		/* buffers, but for imported and closing ones */
	double pins;		/* of its buffers */
};

struct queue_state {
	__u32 ctx, id, pending, posted, unconsumed;
};

struct state {
	unsigned int nr_ctxs, nr_queues;
	struct ctx_state ctxs[CTXS];
	struct queue_state queues[QS];
	bool broken;		/* a dump that was interrupted */
	long pins;		/* of the machine */
};

int state_open(void);
void state_read(struct state *state);

/* check.c */
int check_quiet(void);
int check_empty(long pins);
int check_log(void);

/* guard.c */
void guard_start(__u64 seed);
int guard_turn(bool kill_some);
int guard_quiet(void);
void guard_stop(void);
void guard_dump(void);
bool guard_done(void);

/* trouble.c */
void trouble_net(__u64 random);
void trouble_end(void);
void trouble_memory(bool hog);
void trouble_memory_end(void);

#endif /* SOAK_H */
