/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_H
#define REGBUF_H

/*
 * Objects and who keeps them alive
 *
 *   context   an open file of /dev/regbuf. References: the file, each buffer.
 *             Holds the module.
 *   buffer    see registry.h
 *   flight    sends on their way through the stack together: a ubuf_info.
 *             References: the sender while it submits, each skb that carries
 *             its bytes, the flight that has the first part of one that is cut
 *             in two.
 *   queue     see queue.h
 *
 * A flight ends in any context, softirq included, and then only counts, wakes
 * and drops its buffers; unpinning goes to a worker. Buffers and contexts are
 * freed an RCU grace period after their last reference, so a reader under
 * rcu_read_lock() may look at what it finds in the table.
 *
 * Lock order: see registry.h and queue.h. No user memory is touched with
 * ctx->lock held: a fault may sleep for as long as a program
 * likes, and the worker that unpins for everybody takes it.
 */

#include <linux/atomic.h>
#include <linux/bvec.h>
#include <linux/fault-inject-usercopy.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/pfn.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <linux/tracepoint-defs.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <uapi/linux/regbuf.h>

#include "registry.h"

struct file;
struct mm_struct;
struct msghdr;
struct net;
struct page;
struct page_frag;
struct pid;
struct regbuf_flight;
struct regbuf_lane;
struct regbuf_queue;
struct regbuf_req;
struct sock;
struct socket;
struct user_struct;

#define REGBUF_MAX_SLICES	1024
#define REGBUF_MAX_INLINE	PAGE_SIZE

/* Counters of a context, one set per CPU; summed, as words, when asked for. */
struct regbuf_stats {
	u64 sends;
	u64 zerocopied;
	u64 copied[REGBUF_COPY_NR];
	u64 copied_later;
	u64 deregistered_in_flight;
	u64 used_after_deregister;
	u64 over_budget;
	u64 leaked_at_exit;
	u64 detached;
	u64 used_detached;
};

struct regbuf_ctx {
	/* set once */
	struct mm_struct *mm;			/* owner; mmgrab */
	struct regbuf_stats __percpu *stats;
	u32 id;			/* in the census */
	u32 pid_nr;		/* in its own namespace */
	struct pid *pid;
	kuid_t uid;
	kuid_t payer;		/* the user that it counts for */
	u64 net_cookie;
	char comm[TASK_COMM_LEN];
	/* until it is closed; read under RCU */
	struct net *net;
	/* ctx->lock; read under RCU */
	struct xarray bufs;	/* slot: buffer, or last generation */
	struct regbuf_table __rcu *table;	/* indices */
	/* ctx->lock */
	struct mutex lock;
	u32 nr_slots;
	u32 nr_bufs;
	u32 nr_queues;		/* ever */
	u64 nr_bytes;
	struct list_head queues;
	struct hlist_head stocks;	/* read under RCU */
	struct workqueue_struct *wq;	/* made with the first queue */
	struct regbuf_view *view;	/* or NULL; see slots.c */
	/* own synchronisation */
	bool closed;
	atomic_t changes;	/* of what netlink lists */
	atomic_t open_queues;	/* until they are freed */
	wait_queue_head_t wait;	/* a buffer became idle, or went */
	refcount_t ref;
	/* ranges */
	atomic64_t nr_pages;		/* with whole folios */
	atomic64_t nr_pinned;		/* pages */
	atomic64_t nr_charged;		/* of nr_pages, to the user */
	struct llist_head unused;	/* buffers to release */
	struct work_struct release_work;
	struct work_struct exit_work;	/* the owner's memory has ended */
	struct work_struct work;
	struct rcu_head rcu;
	/* registration */
	struct mutex count_lock;	/* REGBUF_REGISTER_F_COUNT: one id */
	struct mutex watch_lock;
	struct xarray watches;		/* watch_lock; by address */
	spinlock_t mem_lock;		/* ranges and who uses them */
	struct rb_root mems;		/* mem_lock; by address and length */
	/* regbuf_export_lock */
	struct list_head exports;
	u32 nr_shares;		/* those, and imports of them */
};

/* A checked slice. */
struct regbuf_seg {
	struct regbuf_buf *buf;	/* NULL: inline bytes */
	u64 off;		/* in the buffer; inline: address */
	u32 len;
	bool holds;		/* a reference to the buffer, or to the page */
};

#define REGBUF_CARGO_FEW	2

/* At most this much in one call of the stack: lengths there are ints. */
#define REGBUF_CARGO_BYTES	((u32)SZ_1G)

/* Bvecs that are being filled. */
struct regbuf_bvecs {
	struct bio_vec *bv;
	u32 nr;
	u32 max;
	phys_addr_t end;	/* of the last one */
	phys_addr_t limit;	/* of its folio */
};

/* The slices of a request, and what keeps them. */
struct regbuf_cargo {
	struct regbuf_seg *segs;	/* and then others that are held */
	u64 total;		/* bytes left */
	u32 off;		/* where the next bytes come from */
	u16 seg;
	u16 nr_segs;
	u8 nr_others;
	bool plain;		/* one slice, of a buffer, in few_segs */
	u16 nr_bufs;		/* buffers; each is held once */
	u32 inlined;		/* bytes that came with the request */
	struct regbuf_seg few_segs[REGBUF_CARGO_FEW];
};

struct regbuf_flight {
	struct ubuf_info ubuf;
	/* set once */
	struct regbuf_ctx *ctx;
	struct regbuf_queue *q;	/* NULL: a solo */
	/* the submitter's, while he has a reference */
	const struct regbuf_lane *lane;	/* that may send more with it */
	struct regbuf_flight *next;	/* waits for this one */
	struct list_head reqs;	/* that have entered the socket whole */
	u64 by_ref;		/* bytes that went in by reference */
	unsigned long born;	/* jiffies */
	u32 nr_reqs;
	/* any context */
	bool copied_later;
	bool part_copied;	/* of the leader, in the flight before */
};

/* A send without a queue. */
struct regbuf_solo {
	struct regbuf_flight flight;
	struct regbuf_cargo cargo;
};

/* A send under way. */
struct regbuf_xmit {
	struct regbuf_ctx *ctx;
	struct socket *sock;
	struct regbuf_flight *flight;
	struct regbuf_cargo *cargo;
	struct msghdr msg;	/* its name and control data are for all */
	struct regbuf_bvecs to;	/* to work with */
	int flags;		/* of each message */
	u32 segment;		/* bytes of each datagram in it, 0 for one */
	bool more;
	bool resumes;		/* its first part has been sent */
	int connection;		/* that has it */
	/* results */
	/* of the last message */
	u32 by_ref;
	int reason;		/* to copy, or -1 */
	bool touched;
	/* of all */
	u32 copy_reasons;
	u64 sent;
	u64 zerocopied;
	u64 copied;
};

/* The caller's structure: a copy, and where it came from. */
struct regbuf_call {
	void __user *arg;
	u32 size;	/* of what both sides know */
	union {
		struct regbuf_head {
			u32 size;
			u32 flags;
		} head;
		struct regbuf_ioc_query query;
		struct regbuf_ioc_register reg;
		struct regbuf_ioc_deregister dereg;
		struct regbuf_ioc_status status;
		struct regbuf_ioc_wait wait;
		struct regbuf_ioc_send send;
		struct regbuf_ioc_stats stats;
		struct regbuf_ioc_array array;
		struct regbuf_ioc_export export;
		struct regbuf_ioc_import import;
		struct regbuf_ioc_revoke revoke;
		struct regbuf_ioc_queue queue;
		struct regbuf_ioc_enter enter;
		struct regbuf_ioc_attach attach;
		struct regbuf_ioc_detach detach;
		struct regbuf_ioc_resize resize;
		struct regbuf_ioc_eventfd eventfd;
		struct regbuf_ioc_pool pool;
		struct regbuf_ioc_socket socket;
	} u;
};

/* main.c */
extern struct workqueue_struct *regbuf_wq;
extern struct workqueue_struct *regbuf_ctx_wq;

/* trace.c */
DECLARE_TRACEPOINT(regbuf_register);
DECLARE_TRACEPOINT(regbuf_deregister);
DECLARE_TRACEPOINT(regbuf_submit);
DECLARE_TRACEPOINT(regbuf_flight);
DECLARE_TRACEPOINT(regbuf_complete);
DECLARE_TRACEPOINT(regbuf_copy);

void __regbuf_trace_register(const struct regbuf_ctx *ctx, u64 id,
			     const struct regbuf_want *want, int err);
void __regbuf_trace_deregister(const struct regbuf_ctx *ctx,
			       const struct regbuf_ioc_deregister *dereg);
void __regbuf_trace_submit(const struct regbuf_queue *q,
			   const struct regbuf_sqe *sqe, int err);
void __regbuf_trace_flight(const struct regbuf_flight *flight, bool end,
			   u64 bytes);
void __regbuf_trace_complete(const struct regbuf_req *req, u32 flags);
void __regbuf_trace_copy(const struct regbuf_ctx *ctx, u32 reason, u32 bytes);

/* One instruction while it is off. */
#define regbuf_trace(event, ...)					\
do {									\
	if (tracepoint_enabled(regbuf_##event))				\
		__regbuf_trace_##event(__VA_ARGS__);			\
} while (0)

/* A row of a table of calls; @of is the context or the queue. */
struct regbuf_ioctl {
	u32 size;
	u32 min_size;	/* of the first version */
	u32 flags;	/* known ones */
	int (*handle)(void *of, struct regbuf_call *call);
};

#define REGBUF_IOCTL(cmd, type, last, known, fn)			\
	[_IOC_NR(cmd)] = {						\
		.size = sizeof(struct type),				\
		.min_size = offsetofend(struct type, last),		\
		.flags = known,						\
		.handle = fn,						\
	}

/**
 * regbuf_read_words() - copy a few words from the program
 * @to: gets them
 * @from: where they are
 * @size: bytes
 *
 * One by one: copy_from_user() looks at each side for longer than it copies.
 *
 * Context: Process context. May sleep.
 * Return: 0 or -EFAULT.
 */
static inline int regbuf_read_words(u64 *to, const u64 __user *from, u32 size)
{
	u32 i;

	if (should_fail_usercopy() || !user_read_access_begin(from, size))
		return -EFAULT;
#pragma GCC unroll 8
	for (i = 0; i < size / sizeof(*to); i++)
		unsafe_get_user(to[i], &from[i], fault);
	user_read_access_end();
	return 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

/* ioctl.c */
long regbuf_ioctl(const struct regbuf_ioctl *table, unsigned int nr_calls,
		  void *of, unsigned int cmd, unsigned long arg);
int regbuf_reply(const struct regbuf_call *call);

/* chardev.c */
long regbuf_ctx_call(struct regbuf_ctx *ctx, unsigned int cmd,
		     unsigned long arg);
int regbuf_chardev_init(void);
void regbuf_chardev_exit(void);

/* query.c */
int regbuf_ioctl_query(void *of, struct regbuf_call *call);

/* id.c */
int regbuf_id_alloc(struct xarray *xa, void *entry, u32 *id, u32 *next);

/* ctx.c */
struct regbuf_ctx *regbuf_ctx_create(void);
void regbuf_ctx_put(struct regbuf_ctx *ctx);
void regbuf_ctx_close(struct regbuf_ctx *ctx);
void __regbuf_ctx_count(struct regbuf_ctx *ctx, const struct regbuf_buf *buf,
			int sign);
void regbuf_stats_sum(struct regbuf_stats *sum,
		      const struct regbuf_stats *more);
void regbuf_stats_add(struct regbuf_stats *sum, const struct regbuf_ctx *ctx);
int regbuf_ioctl_stats(void *of, struct regbuf_call *call);

/* census.c */
struct regbuf_sums {
	u32 contexts;
	u64 opened;
	u64 buffers;
	u64 bytes;
	u64 pinned;
	u64 pages;
	u64 charged;
	struct regbuf_stats stats;
};

int regbuf_census_enter(struct regbuf_ctx *ctx);
void regbuf_census_leave(struct regbuf_ctx *ctx);
struct regbuf_ctx *regbuf_census_from(unsigned long id);
u32 regbuf_census_changes(void);
void regbuf_census_sum(struct regbuf_sums *sums);

/* netlink.c */
int regbuf_netlink_init(void);
void regbuf_netlink_exit(void);

/* events.c */
int regbuf_note_failed(struct regbuf_ctx *ctx, u64 id, int err);
void regbuf_note_detached(const struct regbuf_buf *buf);
void regbuf_note_registered(struct regbuf_ctx *ctx, u64 id,
			    const struct regbuf_want *want, int err);
void regbuf_note_deregistered(struct regbuf_ctx *ctx,
			      const struct regbuf_ioc_deregister *dereg);
void regbuf_note_leaked(struct regbuf_ctx *ctx, u32 nr);

/* cargo.c */
int regbuf_cargo_room(struct regbuf_cargo *cargo, u32 nr);
void __regbuf_cargo_drop(struct regbuf_cargo *cargo, struct regbuf_hold *hold);
int regbuf_cargo_other(struct regbuf_cargo *cargo, struct regbuf_hold *hold,
		       u32 access, const struct regbuf_slice *slice,
		       struct regbuf_seg *seg);
int regbuf_cargo_load(struct regbuf_cargo *cargo, struct regbuf_hold *hold,
		      u32 access, const struct regbuf_slice *slice);
int regbuf_cargo_import(struct regbuf_cargo *cargo, struct regbuf_hold *hold,
			u32 access, const struct regbuf_slice __user *from,
			u32 nr);
int regbuf_cargo_take(struct regbuf_cargo *cargo, struct page_frag *frag);
u32 __regbuf_cargo_fill(const struct regbuf_cargo *cargo,
			struct regbuf_bvecs *to);
u32 regbuf_cargo_inlined(const struct regbuf_cargo *cargo, u32 bytes);
void regbuf_cargo_skip(struct regbuf_cargo *cargo, u32 bytes);
void regbuf_seg_write(const struct regbuf_seg *seg, const void *from, u32 len);
void regbuf_seg_read(const struct regbuf_seg *seg, void *to, u32 len);

/**
 * regbuf_cargo_init() - an empty cargo
 * @cargo: the cargo
 *
 * Context: Any.
 */
static inline void regbuf_cargo_init(struct regbuf_cargo *cargo)
{
	cargo->segs = cargo->few_segs;
	cargo->total = 0;
	cargo->off = 0;
	cargo->seg = 0;
	cargo->nr_segs = 0;
	cargo->nr_others = 0;
	cargo->plain = false;
	cargo->nr_bufs = 0;
	cargo->inlined = 0;
}

/**
 * regbuf_looks_empty() - was a list empty just now
 * @list: one that others change, under a lock that the caller lacks
 *
 * Context: Any. A hint; barriers with whoever changes it are the caller's.
 */
static inline bool regbuf_looks_empty(const struct list_head *list)
{
	/* An entry that comes or goes at this moment is seen, or not. */
	return data_race(list_empty_careful(list));
}

/**
 * regbuf_bvecs_add() - describe one more run
 * @to: has room for it
 * @at: where it starts; contiguous within one folio
 * @len: its bytes
 *
 * Context: Any.
 */
static inline void regbuf_bvecs_add(struct regbuf_bvecs *to, phys_addr_t at,
				    u32 len)
{
	struct bio_vec *bv = &to->bv[to->nr];
	struct folio *folio;
	struct page *page;

	if (to->end == at && at != to->limit && to->nr) {
		bv[-1].bv_len += len;
	} else {
		page = pfn_to_page(PHYS_PFN(at));
		folio = page_folio(page);
		bvec_set_page(bv, page, len, offset_in_page(at));
		to->limit = PFN_PHYS(folio_pfn(folio)) + folio_size(folio);
		to->nr++;
	}
	to->end = at + len;
}

/**
 * regbuf_cargo_fill() - describe the next bytes as bvecs
 * @cargo: where they come from; not moved
 * @to: the bvecs, to be added to
 *
 * Each bvec is contiguous within one folio.
 *
 * Context: Any.
 * Return: the bytes described; fewer than are left if there was no more room.
 */
static inline u32 regbuf_cargo_fill(const struct regbuf_cargo *cargo,
				    struct regbuf_bvecs *to)
{
	const struct regbuf_seg *seg = cargo->few_segs;
	u32 left = cargo->total;
	phys_addr_t at;

	/* Most often that is one run; of nothing is none. */
	if (likely(cargo->plain && cargo->total - 1 < REGBUF_CARGO_BYTES &&
		   to->nr < to->max) &&
	    likely(regbuf_buf_run(seg->buf, seg->off + cargo->off, left,
				  &at) == left)) {
		regbuf_bvecs_add(to, at, left);
		return left;
	}
	return __regbuf_cargo_fill(cargo, to);
}

/**
 * regbuf_cargo_drop() - let go of buffers and memory
 * @cargo: the cargo
 * @hold: gets the references
 *
 * Context: Any.
 */
static inline void regbuf_cargo_drop(struct regbuf_cargo *cargo,
				     struct regbuf_hold *hold)
{
	if (likely(cargo->plain && !cargo->nr_others))
		regbuf_hold_add(hold, cargo->few_segs[0].buf);
	else
		__regbuf_cargo_drop(cargo, hold);
}

/**
 * regbuf_seg_set() - check a range of a buffer
 * @seg: gets the range
 * @buf: the buffer, held
 * @access: what it must allow
 * @off: where the range begins
 * @len: its bytes
 *
 * Return: 0, -EACCES or -EFAULT.
 */
static inline int regbuf_seg_set(struct regbuf_seg *seg, struct regbuf_buf *buf,
				 u32 access, u64 off, u32 len)
{
	if (!(buf->access & access))
		return -EACCES;
	if (off > buf->length || len > buf->length - off)
		return -EFAULT;
	seg->buf = buf;
	seg->off = off;
	seg->len = len;
	return 0;
}

/* flight.c */
int regbuf_flight_setup(void);
void regbuf_flight_cleanup(void);
void regbuf_flight_init(struct regbuf_flight *flight, struct regbuf_ctx *ctx,
			struct regbuf_queue *q);
struct regbuf_solo *regbuf_solo_create(struct regbuf_ctx *ctx);
void regbuf_flight_landed(struct regbuf_flight *flight);
void regbuf_flight_board(struct regbuf_flight *flight, struct msghdr *msg);

/**
 * regbuf_flight_start() - make a flight ready to board
 * @flight: the flight, that nobody has
 * @nr: references that there are then, of the submitter
 *
 * Context: Any.
 */
static inline void regbuf_flight_start(struct regbuf_flight *flight, u32 nr)
{
	refcount_set(&flight->ubuf.refcnt, nr);
	flight->lane = NULL;
	flight->next = NULL;
	flight->by_ref = 0;
	flight->nr_reqs = 0;
	flight->copied_later = false;
	flight->part_copied = false;
}

/**
 * regbuf_flight_end() - let go of a flight
 * @flight: the flight; may be gone after this
 * @nr: references
 *
 * Context: Any, with any lock held.
 */
static inline void regbuf_flight_end(struct regbuf_flight *flight, u32 nr)
{
	if (refcount_sub_and_test(nr, &flight->ubuf.refcnt))
		regbuf_flight_landed(flight);
}

/* req.c */
void regbuf_reqs_landed(struct regbuf_flight *flight);

/* route.c */
int regbuf_sock_check(const struct socket *sock);
int regbuf_copy_before(const struct regbuf_xmit *x, u32 nr_bvecs);
int regbuf_copy_after(struct sock *sk, const struct msghdr *msg, size_t len);
bool regbuf_route_segments(struct sock *sk, const void *name, u32 len);

/* xmit.c */
u32 regbuf_xmit_count_plain(struct regbuf_xmit *x, u32 bytes);
u32 regbuf_xmit_count(struct regbuf_xmit *x, const struct regbuf_cargo *cargo,
		      u32 bytes);
int regbuf_xmit_message(struct regbuf_xmit *x, u32 bytes, int flags);
int regbuf_xmit(struct regbuf_xmit *x);

/* send.c */
int regbuf_ioctl_send(void *of, struct regbuf_call *call);

#endif /* REGBUF_H */
