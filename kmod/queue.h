/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_QUEUE_H
#define REGBUF_QUEUE_H

/*
 * Queues: who keeps what alive
 *
 *   queue     References: its file; all its requests that are not free together
 *             have one; whoever works on it from outside.
 *   endpoint  a socket's file. References: the queue's table while attached,
 *             each request in flight that completes in order. The file is
 *             dropped by tasks of the owner only: closing a socket may linger.
 *   request   belongs to the queue, always. On one list: free, a lane, an
 *             endpoint's polls, the queue's others, or a flight's; or else in
 *             q->fresh.
 *   flight    belongs to the queue, always: boarded, or in q->spare, or in
 *             q->landed. That of the first request it carries, which has a
 *             reference while it is pending.
 *
 * Locks, in this order; Documentation/locking.rst has all:
 *
 *   q->kill_lock   mutex: ending the queue, by its file or its context.
 *   q->lock        mutex: submission, endpoints, lanes, timers, the pool. Held
 *                  through the socket calls, which do not block. Workers only
 *                  try it: whoever has it finds what became ready meanwhile
 *                  when he lets go.
 *   q->map_lock    mutex: the rings stay while they are mapped into a program.
 *                  Under mmap_lock, which q->lock never is.
 *   q->cq_lock     spinlock, irq: completions, free requests, ORDERED lists.
 *                  Taken when the stack lets go of a flight, in any context.
 *   q->ready_lock  spinlock, irq: what is ready, who may run it. Taken in the
 *                  wait queue callbacks of sockets.
 *
 * The registry's locks come under q->lock, and under none of the others;
 * q->stock has one of its own, that nothing is taken under.
 */

#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rhashtable-types.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/timerqueue.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/sock.h>

#include "regbuf.h"

struct cred;
struct regbuf_ep;
struct regbuf_queue;
struct eventfd_ctx;
struct mem_cgroup;
struct task_struct;

#define REGBUF_MAX_SQ		32768
#define REGBUF_MAX_CQ		262144
#define REGBUF_MAX_POOL		65536
#define REGBUF_MAX_ENDPOINTS	65536

/* Of a context: whoever calls in what they keep looks at each. */
#define REGBUF_MAX_QUEUES	4096

/* Free requests to take at a time, and completions to tell of. */
#define REGBUF_FRESH		32
#define REGBUF_STAGED		32

/* Endpoints that were asked for last. */
#define REGBUF_FOUND		64

/* Flights for a message: one to board, one for the rest of its last request. */
#define REGBUF_FLEET_MIN	2

/* Workers of one context at a time. */
#define REGBUF_RUN_WORKERS	4

/* Enough for any datagram: two for each slice, one for each page. */
#define REGBUF_QUEUE_BVECS	(2 * REGBUF_MAX_SLICES + 32)

/* Due at a time, under q->lock. */
struct regbuf_timer {
	struct timerqueue_node node;
	void (*fire)(struct regbuf_queue *q, struct regbuf_timer *timer);
};

/* The rings: pages that both sides have mapped. */
struct regbuf_shm {
	struct regbuf_ring *ring;
	struct regbuf_sqe *sqes;
	struct regbuf_cqe *cqes;
	u32 *pool;
	u32 sq_entries;
	u32 cq_entries;
	u32 pool_entries;
	u32 nr_pages;
	struct page **pages;
};

enum regbuf_req_state {
	REGBUF_REQ_FREE,
	REGBUF_REQ_PENDING,	/* on a list; may be cancelled */
	REGBUF_REQ_FLIGHT,	/* in the socket; the network decides */
	REGBUF_REQ_LANDING,	/* no more; its cargo is going */
};

/* What few requests have: made when first wanted, and kept. */
struct regbuf_more {
	struct regbuf_req *req;
	/* send: where to, and control data; ctl_len is of both */
	union {
		u8 name[REGBUF_ADDR_SIZE];
		u64 name_words[DIV_ROUND_UP(REGBUF_ADDR_SIZE, sizeof(u64))];
	};
	void *ctl;
	u32 ctl_len;
	/* receive: where those go */
	struct regbuf_seg name_seg;
	struct regbuf_seg ctl_seg;
	struct regbuf_timer timer;
	struct list_head order;	/* ep->order */
	u64 buf_id;		/* to become idle */
};

struct regbuf_req {
	struct list_head node;
	struct regbuf_queue *q;
	struct regbuf_ep *ep;	/* while pending; in flight only if ordered */
	struct regbuf_more *more;	/* or NULL */
	u64 user_data;
	u8 op;
	u8 state;
	u16 flags;		/* REGBUF_SQE_F_* */
	u32 left;		/* shots; poll: events; send: the endpoint */

	struct_group(zero,	/* at first */
		bool bounded;	/* shots are counted */
		bool ordered;
		bool landed;	/* ordered, and waiting for its turn */
		bool early;	/* the early completion is to come */
		bool fancy;	/* see regbuf_req_fancy() */
		bool control;	/* there are control data, or room for them */
		u16 name_len;
		/* results */
		u16 ctl_length;
		u16 copy_reasons;
		u32 error;
		u32 cqe_flags;
		u32 detail;
		u64 value;
		struct regbuf_flight *flight;	/* that it leads, if it does */
	);
	struct regbuf_cargo cargo;
};

struct regbuf_chunk {
	struct list_head node;
	u32 nr;
	struct regbuf_req reqs[];
};

struct regbuf_lane {
	struct rhash_head hash;
	unsigned long key;	/* the sock, and the direction; 0: none */
	struct rcu_head rcu;
	/* q->lock */
	struct list_head reqs;
	u32 max;
	bool broken;		/* a stream with a hole */
	u32 gso_refused;	/* datagrams of this size go one by one */
	int connection;		/* that has a part of the first request */
	struct regbuf_flight *flight;	/* the last; perhaps not ours now */
	/* q->lock; read without */
	u32 count;
};

struct regbuf_ep {
	/* set once */
	struct regbuf_queue *q;
	struct file *file;
	struct socket *sock;
	const struct cred *cred;
	u32 id;
	u32 flags;		/* REGBUF_ATTACH_F_* */
	/* the socket's wait queue's lock */
	struct wait_queue_entry wait;
	/* q->lock */
	struct regbuf_lane send;
	struct regbuf_lane recv;
	struct list_head polls;
	u32 nr_polls;
	bool draining;
	bool closing;		/* shut down when drained */
	bool was_closed;	/* set when woken: not in mid-send, is it? */
	struct list_head node;	/* q->stalled, q->gone */
	struct list_head posted;
	/* q->ready_lock */
	struct list_head ready;
	/* q->cq_lock */
	struct list_head order;
	/* own synchronisation */
	refcount_t ref;
	struct regbuf_timer timer;
	struct rcu_head rcu;
};

/* Sends at the head of a lane that go in one message. */
struct regbuf_batch {
	struct regbuf_xmit x;
	struct regbuf_segment {
		char cmsg[CMSG_SPACE(sizeof(u16))] __aligned(sizeof(long));
	} segment;
	u32 max;		/* requests */

	struct_group(zero,	/* at first */
		u32 nr;
		u32 bytes;
		bool stream;
		bool extend;	/* may go with the flight before */
		bool more;	/* MSG_MORE */
		bool refs;	/* some bytes are in buffers */
		u32 holds;	/* references on the flight */
	);
};

/* A message that is being received. */
struct regbuf_rx {
	struct msghdr msg;
	bool checked;		/* security modules were asked, in this run */
	struct sockaddr_storage name;
	u8 ctl[REGBUF_MAX_CONTROL] __aligned(8);
};

struct regbuf_pool {
	u64 id;
	u64 offset;
	u32 length;
	u32 count;		/* 0: no pool */
	u32 nr_free;
	u32 head;		/* of the ring of returned slices */
	u32 *free;
	unsigned long *out;	/* bit set: the program's */
};

struct regbuf_queue {
	/* set once */
	struct regbuf_ctx *ctx;
	u32 id;			/* of the context's */
	u32 flags;
	struct mem_cgroup *memcg;	/* of who made it */
	struct bio_vec *bv;	/* scratch, under q->lock */
	/* Likewise: too much for the stack, which is zeroed each time. */
	struct regbuf_rx rx;
	struct regbuf_batch batch;
	struct regbuf_sqe sqe;
	struct page_frag frag;	/* where inline bytes go; likewise */
	struct task_struct *poller;
	u64 poller_idle_ns;
	/* q->lock */
	struct mutex lock;
	struct mutex map_lock;	/* shm stays */
	struct mutex kill_lock;	/* before lock: one kills at a time */
	struct regbuf_shm *shm;	/* changes under map_lock and cq_lock, too */
	u32 cq_entries;		/* of shm; read without */
	u32 sq_head;
	u32 promised;		/* places, ever; read without */
	u32 cq_seen;		/* of the program's index */
	struct regbuf_req *fresh[REGBUF_FRESH];	/* to be started */
	u32 nr_fresh;
	u32 nr_spare;
	struct regbuf_flight *spare;	/* flights to board */
	u32 nr_staged;
	struct regbuf_cqe staged[REGBUF_STAGED];	/* to be told */
	struct regbuf_hold hold;
	struct regbuf_stock stock;	/* has its own lock */
	u32 next_id;
	u32 nr_eps;
	bool shut;
	struct xarray eps;
	struct list_head others;	/* timeouts */
	struct list_head idles;
	struct list_head stalled;	/* endpoints that wait for a place */
	struct list_head posted;	/* endpoints with something new */
	struct list_head chunks;	/* added to under cq_lock, too */
	struct list_head gone;	/* endpoints whose file is to be dropped */
	struct regbuf_pool pool;
	struct timerqueue_head timers;
	struct hrtimer timer;
	struct wait_queue_entry idle_wait;	/* on ctx->wait */
	bool idle_waits;
	/* q->cq_lock */
	spinlock_t cq_lock ____cacheline_aligned_in_smp;
	u32 cq_tail;		/* read without */
	u32 cq_loud;
	u32 needs;		/* REGBUF_NEED_* */
	u32 nr_busy;		/* requests that are not in free */
	bool broken;
	bool closed;		/* the file is */
	struct list_head free;
	struct regbuf_flight *landed;	/* flights */
	struct eventfd_ctx *eventfd;
	/* q->ready_lock */
	spinlock_t ready_lock ____cacheline_aligned_in_smp;
	struct list_head ready;	/* endpoints */
	bool timer_due;
	bool idle_due;
	u32 nr_waiters;		/* threads that will run what is ready */
	struct work_struct run_work;
	/* own synchronisation */
	bool running;		/* somebody has q->lock; see ready.c */
	wait_queue_head_t wait;	/* threads in REGBUF_IOC_ENTER, the poller */
	wait_queue_head_t poll;	/* poll and epoll */
	refcount_t ref;
	struct list_head node;	/* ctx->queues; ctx->lock */
	struct work_struct end_work;
	struct work_struct free_work;
	struct rcu_head rcu;	/* not far from the start: kfree_rcu() */
	/* q->lock */
	struct regbuf_ep *found[REGBUF_FOUND];	/* by the end of their names */
};

/* Members of a submission entry that an operation has a use for. */
#define REGBUF_USES_ENDPOINT	BIT(0)
#define REGBUF_USES_ID		BIT(1)
#define REGBUF_USES_OFFSET	BIT(2)
#define REGBUF_USES_LENGTH	BIT(3)
#define REGBUF_USES_TIMEOUT	BIT(4)
#define REGBUF_USES_ADDR	BIT(5)
#define REGBUF_USES_EXT		BIT(6)
#define REGBUF_USES_ALL		(BIT(7) - 1)

struct regbuf_op {
	u16 flags;
	u16 uses;
	int (*start)(struct regbuf_queue *q, struct regbuf_req *req,
		     const struct regbuf_sqe *sqe);
};

/* Keys of wake-ups on q->wait. */
#define REGBUF_WAKE_RUN		1UL
#define REGBUF_WAKE_POSTED	2UL

/* shm.c */
struct regbuf_shm *regbuf_shm_create(u32 sq, u32 cq, u32 pool);
void regbuf_shm_destroy(struct regbuf_shm *shm);
int regbuf_shm_map(struct regbuf_shm *shm, struct vm_area_struct *vma);
void regbuf_shm_tell(const struct regbuf_shm *shm, u32 *sq_off, u32 *cq_off,
		     u32 *pool_off, u64 *map_size);

/* queue.c */
void regbuf_queue_put(struct regbuf_queue *q);
struct regbuf_queue *regbuf_queue_from(struct regbuf_ctx *ctx, u32 id);
void regbuf_queue_kill_all(struct regbuf_ctx *ctx);
int regbuf_ioctl_queue(void *of, struct regbuf_call *call);

/* resize.c */
int regbuf_ioctl_resize(void *of, struct regbuf_call *call);

/* req.c */
struct regbuf_chunk *regbuf_chunk_create(struct regbuf_queue *q, u32 nr);
void regbuf_chunk_add(struct regbuf_queue *q, struct regbuf_chunk *chunk);
void regbuf_chunk_destroy(struct regbuf_chunk *chunk);
int __regbuf_req_more(struct regbuf_req *req);
void __regbuf_req_refill(struct regbuf_queue *q);
void regbuf_req_refuse(struct regbuf_req *req, u32 places);
bool regbuf_reqs_shut(struct regbuf_queue *q);
int regbuf_cq_look(struct regbuf_queue *q);
int __regbuf_req_reserve(struct regbuf_queue *q, u32 places);
void regbuf_req_unreserve(struct regbuf_queue *q, u32 places);
void regbuf_req_post(struct regbuf_req *req);
void regbuf_req_post_early(struct regbuf_req *req);
void regbuf_req_fancy(struct regbuf_req *req);
void regbuf_req_complete(struct regbuf_req *req, int err);
void __regbuf_cq_flush(struct regbuf_queue *q);
void regbuf_req_finish(struct regbuf_req *req, int err);
void regbuf_req_abort(struct regbuf_req *req, int err);
void regbuf_list_abort(struct list_head *reqs);
void regbuf_queue_break(struct regbuf_queue *q);
bool regbuf_cq_has_place(struct regbuf_queue *q);
bool regbuf_cq_loud_ready(struct regbuf_queue *q);
u32 regbuf_cq_ready(struct regbuf_queue *q);

/* fleet.c */
bool __regbuf_fleet_ready(struct regbuf_queue *q);
void regbuf_fleet_return(struct regbuf_flight *flight);
void regbuf_fleet_free(struct regbuf_queue *q);

/* ready.c */
void regbuf_queue_lock(struct regbuf_queue *q);
int regbuf_queue_lock_killable(struct regbuf_queue *q);
void regbuf_queue_unlock(struct regbuf_queue *q);
void regbuf_ep_ready(struct regbuf_ep *ep);
bool regbuf_queue_has_ready(struct regbuf_queue *q);
void regbuf_queue_due(struct regbuf_queue *q, bool *what);
void regbuf_queue_run(struct regbuf_queue *q);
void regbuf_queue_waits(struct regbuf_queue *q, int more);
void regbuf_run_work(struct work_struct *work);

/* stall.c */
#define REGBUF_NEED_ROOM	BIT(0)	/* something is stalled */
#define REGBUF_NEED_POLLER	BIT(1)	/* it sleeps */
#define REGBUF_NEED_SHUT	BIT(2)	/* to be told */

void regbuf_ring_need(struct regbuf_queue *q, u32 why, bool need);
void regbuf_stall_for_slice(struct regbuf_ep *ep);
void regbuf_stall_for_place(struct regbuf_ep *ep);
void regbuf_queue_unstall(struct regbuf_queue *q);

/* submit.c */
int regbuf_submit(struct regbuf_queue *q, u32 max, u32 *submitted);
int regbuf_submit_poller(struct regbuf_queue *q, u32 *submitted);

/* msg.c */
int regbuf_op_send(struct regbuf_queue *q, struct regbuf_req *req,
		   const struct regbuf_sqe *sqe);
int regbuf_op_recv(struct regbuf_queue *q, struct regbuf_req *req,
		   const struct regbuf_sqe *sqe);

/* ops.c */
extern const struct regbuf_op regbuf_ops[REGBUF_OP_NR];
void regbuf_queue_abort_others(struct regbuf_queue *q);
void regbuf_ep_run_polls(struct regbuf_ep *ep);
void regbuf_queue_run_idles(struct regbuf_queue *q);
void regbuf_queue_idle_stop(struct regbuf_queue *q);

/* timer.c */
void regbuf_timer_init(struct regbuf_queue *q);
void regbuf_timer_setup(struct regbuf_timer *timer,
			void (*fire)(struct regbuf_queue *q,
				     struct regbuf_timer *timer));
void regbuf_timer_add(struct regbuf_queue *q, struct regbuf_timer *timer,
		      u64 ns);
void regbuf_timer_del(struct regbuf_queue *q, struct regbuf_timer *timer);
void regbuf_timer_run(struct regbuf_queue *q);

/* lane.c */
int regbuf_lanes_init(void);
void regbuf_lanes_exit(void);
int regbuf_lane_open(struct regbuf_lane *lane, const struct sock *sk, bool send,
		     u32 max);
void regbuf_lane_close(struct regbuf_lane *lane);
bool regbuf_lane_busy(const struct sock *sk);
struct regbuf_lane *regbuf_req_lane(const struct regbuf_req *req);
bool regbuf_ep_run_lanes(struct regbuf_ep *ep);

/* sends.c */
void regbuf_send_done(struct regbuf_ep *ep, struct regbuf_req *req, int err);
bool regbuf_send_run(struct regbuf_ep *ep);

/* stream.c */
int regbuf_stream_send(struct regbuf_ep *ep, unsigned int max);

/* gso.c */
bool regbuf_gso_may(struct regbuf_ep *ep, const struct regbuf_req *req);
bool regbuf_gso_joins(const struct regbuf_batch *batch,
		      const struct regbuf_req *first,
		      const struct regbuf_req *req);
void regbuf_gso_control(struct cmsghdr *cmsg, u16 size);

/* dgram.c */
int regbuf_dgram_send(struct regbuf_ep *ep, unsigned int max);

/* recv.c */
bool regbuf_recv_run(struct regbuf_ep *ep);

/* accept.c */
int regbuf_accept_run(struct regbuf_ep *ep, struct regbuf_req *req);

/* pool.c */
int regbuf_pool_take(struct regbuf_queue *q, u32 *nr);
void regbuf_pool_untake(struct regbuf_queue *q, u32 nr);
void regbuf_pool_free(struct regbuf_pool *pool);
int regbuf_ioctl_pool(void *of, struct regbuf_call *call);

/* ep.c */
struct regbuf_ep *regbuf_ep_create(struct regbuf_queue *q,
				   const struct cred *cred, u32 flags);
int regbuf_ep_attach(struct regbuf_ep *ep, struct file *file, u32 max_send,
		     u32 max_recv);
void regbuf_ep_put(struct regbuf_ep *ep);
void regbuf_ep_watch(struct regbuf_ep *ep, bool watch);
void regbuf_ep_ran(struct regbuf_ep *ep);
struct regbuf_ep *__regbuf_ep_find(struct regbuf_queue *q, u32 id);
void regbuf_ep_detach_all(struct regbuf_queue *q);
void regbuf_ep_drained(struct regbuf_ep *ep);
void __regbuf_ep_reap(struct regbuf_queue *q);
int regbuf_ioctl_attach(void *of, struct regbuf_call *call);
int regbuf_ioctl_detach(void *of, struct regbuf_call *call);
int regbuf_ioctl_socket(void *of, struct regbuf_call *call);

/* enter.c */
int regbuf_ioctl_enter(void *of, struct regbuf_call *call);
bool regbuf_enter_quick(struct regbuf_queue *q, unsigned long arg, long *ret);

/* notify.c */
void regbuf_notify(struct regbuf_queue *q);
__poll_t regbuf_queue_poll(struct file *file, poll_table *table);
int regbuf_ioctl_eventfd(void *of, struct regbuf_call *call);

/* poller.c */
int regbuf_poller_start(struct regbuf_queue *q, u32 idle_us);
void regbuf_poller_stop(struct regbuf_queue *q);

/**
 * regbuf_req_reserve() - promise places in the completion ring
 * @q: the queue
 * @places: how many
 *
 * Context: q->lock held.
 * Return: 0, -ENOBUFS if there are not as many, -ENOTRECOVERABLE.
 */
static inline int regbuf_req_reserve(struct regbuf_queue *q, u32 places)
{
	if (unlikely(q->promised + places - q->cq_seen > q->cq_entries ||
		     READ_ONCE(q->broken)))
		return __regbuf_req_reserve(q, places);
	WRITE_ONCE(q->promised, q->promised + places);
	return 0;
}

/**
 * regbuf_req_start() - take a free request, and promise its places
 * @q: the queue
 * @places: in the completion ring
 *
 * Context: q->lock held.
 * Return: the request, with the results cleared, or an ERR_PTR as of
 *         regbuf_req_reserve().
 */
static inline struct regbuf_req *regbuf_req_start(struct regbuf_queue *q,
						  u32 places)
{
	int err = regbuf_req_reserve(q, places);
	struct regbuf_req *req;

	if (unlikely(err))
		return ERR_PTR(err);
	if (unlikely(!q->nr_fresh))
		__regbuf_req_refill(q);
	/* Each has a place of its own: there are as many as places. */
	if (WARN_ON_ONCE(!q->nr_fresh)) {
		regbuf_req_unreserve(q, places);
		return ERR_PTR(-ENOMEM);
	}
	req = q->fresh[--q->nr_fresh];
	req->ep = NULL;
	memset(&req->zero, 0, sizeof(req->zero));
	regbuf_cargo_init(&req->cargo);
	return req;
}

/**
 * regbuf_cq_peek() - completions that the program sees, and has not consumed
 * @q: the queue
 *
 * Others that are on their way into the ring do not count: whoever posts them
 * moves q->cq_tail before the program's. What the program makes of its own
 * index it is told.
 *
 * Context: q->lock held; others may post more meanwhile.
 * Return: how many at least.
 */
static inline u32 regbuf_cq_peek(struct regbuf_queue *q)
{
	const struct regbuf_ring *ring = q->shm->ring;
	u32 used;

	/*
	 * In this order: no more than there are. Pairs with
	 * regbuf_cq_publish(), and with the program's store of its index, which
	 * comes after it has seen ours.
	 */
	used = smp_load_acquire(&ring->cq_tail);
	used -= READ_ONCE(ring->cq_head);
	/* Or there are others by now, and it has consumed some; or it lies. */
	return likely(used <= q->cq_entries) ? used : regbuf_cq_ready(q);
}

/**
 * regbuf_req_more() - have room for what few requests have
 * @req: the request
 *
 * Context: Process context. q->lock held.
 * Return: 0 or -ENOMEM.
 */
static inline int regbuf_req_more(struct regbuf_req *req)
{
	return likely(req->more) ? 0 : __regbuf_req_more(req);
}

/**
 * regbuf_fleet_ready() - have flights for another message
 * @q: the queue
 *
 * Context: Process context. q->lock held.
 * Return: false if there is no memory.
 */
static inline bool regbuf_fleet_ready(struct regbuf_queue *q)
{
	return likely(q->nr_spare >= REGBUF_FLEET_MIN) ||
	       __regbuf_fleet_ready(q);
}

/**
 * regbuf_fleet_land() - a flight may be boarded again
 * @flight: it carries nothing, and nobody has a reference
 *
 * Context: q->cq_lock held.
 */
static inline void regbuf_fleet_land(struct regbuf_flight *flight)
{
	struct regbuf_queue *q = flight->q;

	lockdep_assert_held(&q->cq_lock);
	flight->next = q->landed;
	q->landed = flight;
}

/**
 * regbuf_req_lead() - have a reference to a request's own flight
 * @req: the request; has one of its own until it is through
 *
 * Context: q->lock held, after regbuf_fleet_ready().
 * Return: the flight.
 */
static inline struct regbuf_flight *regbuf_req_lead(struct regbuf_req *req)
{
	struct regbuf_queue *q = req->q;

	if (unlikely(req->flight)) {
		refcount_inc(&req->flight->ubuf.refcnt);
		return req->flight;
	}
	req->flight = q->spare;
	q->spare = req->flight->next;
	q->nr_spare--;
	regbuf_flight_start(req->flight, 2);
	return req->flight;
}

/**
 * regbuf_cq_flush() - tell of what is staged
 * @q: the queue
 *
 * Context: q->lock held.
 */
static inline void regbuf_cq_flush(struct regbuf_queue *q)
{
	if (q->nr_staged)
		__regbuf_cq_flush(q);
}

/**
 * regbuf_ep_find() - look an endpoint up
 * @q: the queue
 * @id: its name
 *
 * Context: q->lock held, which keeps it.
 * Return: the endpoint; NULL if there is none, or it is being detached.
 */
static inline struct regbuf_ep *regbuf_ep_find(struct regbuf_queue *q, u32 id)
{
	struct regbuf_ep *ep = q->found[id % REGBUF_FOUND];

	return likely(ep && ep->id == id) ? ep : __regbuf_ep_find(q, id);
}

/**
 * regbuf_ep_watching() - will the socket wake it
 * @ep: the endpoint
 *
 * Context: Any. If it has just been woken, it is ready, too.
 */
static inline bool regbuf_ep_watching(const struct regbuf_ep *ep)
{
	return !regbuf_looks_empty(&ep->wait.entry);
}

/**
 * regbuf_ep_posted() - have an endpoint run for something new
 * @ep: the endpoint
 *
 * Context: q->lock held, and the queue is run or handed over with it.
 */
static inline void regbuf_ep_posted(struct regbuf_ep *ep)
{
	if (list_empty(&ep->posted))
		list_add_tail(&ep->posted, &ep->q->posted);
}

/**
 * regbuf_req_single() - must a send go alone
 * @req: the send, of a lane
 *
 * Control data are for one message; so are transmit timestamps.
 */
static inline bool regbuf_req_single(const struct regbuf_req *req)
{
	return req->control || req->ep->flags & REGBUF_ATTACH_F_SINGLE ||
	       READ_ONCE(req->ep->sock->sk->sk_tsflags) &
	       SOF_TIMESTAMPING_TX_RECORD_MASK;
}

/**
 * regbuf_ep_reap() - drop the files of endpoints that were detached
 * @q: the queue
 *
 * Context: Process context, of the owner. q->lock not held. May sleep.
 */
static inline void regbuf_ep_reap(struct regbuf_queue *q)
{
	if (unlikely(!regbuf_looks_empty(&q->gone)))
		__regbuf_ep_reap(q);
}

/**
 * regbuf_pool_give() - the program gets a slice
 * @q: the queue
 * @nr: the slice; a completion will name it
 *
 * Context: q->lock held.
 */
static inline void regbuf_pool_give(struct regbuf_queue *q, u32 nr)
{
	__set_bit(nr, q->pool.out);
}

/**
 * regbuf_lane_add() - queue a request
 * @lane: of the request's endpoint
 * @req: the request
 *
 * Context: q->lock held.
 * Return: 0, -ENOBUFS if the lane is full.
 */
static inline int regbuf_lane_add(struct regbuf_lane *lane,
				  struct regbuf_req *req)
{
	if (lane->max && lane->count >= lane->max)
		return -ENOBUFS;
	list_add_tail(&req->node, &lane->reqs);
	WRITE_ONCE(lane->count, lane->count + 1);
	regbuf_ep_posted(req->ep);
	return 0;
}

/**
 * regbuf_ep_listens() - is it a socket that accepts
 * @ep: the endpoint
 *
 * Context: Any.
 */
static inline bool regbuf_ep_listens(const struct regbuf_ep *ep)
{
	return READ_ONCE(ep->sock->sk->sk_state) == TCP_LISTEN &&
	       sk_is_tcp(ep->sock->sk);
}

/**
 * regbuf_op_lane() - find the endpoint of a request, for one of its lanes
 * @req: the request; gets the endpoint
 * @sqe: its entry
 * @send: which lane
 *
 * Those that listen have it for accepting only.
 *
 * Context: q->lock held.
 * Return: 0, -ENOENT or -EOPNOTSUPP.
 */
static __always_inline int regbuf_op_lane(struct regbuf_req *req,
					  const struct regbuf_sqe *sqe,
					  bool send)
{
	const struct regbuf_ep *ep;

	req->ep = regbuf_ep_find(req->q, sqe->endpoint);
	ep = req->ep;
	if (unlikely(!ep))
		return -ENOENT;
	if (unlikely(!(send ? ep->send.key : ep->recv.key)))
		return -EOPNOTSUPP;
	if (unlikely(regbuf_ep_listens(ep)) && req->op != REGBUF_OP_ACCEPT)
		return -EOPNOTSUPP;
	return 0;
}

#endif /* REGBUF_QUEUE_H */
