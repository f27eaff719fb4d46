/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_QUEUE_H
#define REGBUF_QUEUE_H

/*
 * Queues through the raw interface: ioctls as functions that return 0 or
 * -errno, and the rings. Entries are written with rb_sqe_*(), which return them
 * for a test to change before they are submitted:
 *
 *	rb_sqe_send(&q, ep, id, 0, 100, 7)->flags |= REGBUF_SQE_F_EARLY;
 *	ASSERT_EQ(0, rb_q_submit_all(&q));
 *	ASSERT_EQ(0, rb_q_next(&q, &cqe));
 */

#include "regbuf_test.h"

#include <linux/regbuf.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define RB_BOTH		(REGBUF_ATTACH_F_SEND | REGBUF_ATTACH_F_RECV)
#define RB_MSEC		1000000LL
/* How long to wait for what should come. */
#define RB_LONG		(20 * RB_SEC)

struct rb_queue {
	int fd;
	void *map;
	size_t map_size;
	__u32 sq_entries;
	__u32 cq_entries;
	__u32 pool_entries;
	__u32 tail;		/* of entries written, some not published yet */
	__u32 arms;		/* how often a signal was asked for */
	struct regbuf_ring *ring;
	struct regbuf_sqe *sqes;
	struct regbuf_cqe *cqes;
	__u32 *pool;
};

static inline __u32 rb_load(const __u32 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void rb_store(__u32 *p, __u32 value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

/* Map what the kernel made; 0 or -errno. */
static inline int rb_q_map(struct rb_queue *q, size_t size, __u32 sq_off,
			   __u32 cq_off, __u32 pool_off)
{
	q->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, q->fd, 0);
	if (q->map == MAP_FAILED) {
		q->map = NULL;
		return -errno;
	}
	q->map_size = size;
	q->ring = q->map;
	q->sqes = (void *)((char *)q->map + sq_off);
	q->cqes = (void *)((char *)q->map + cq_off);
	q->pool = (void *)((char *)q->map + pool_off);
	return 0;
}

/* With all that the call takes; what it says is left in @params. */
static inline int rb_q_open_params(int dev, struct rb_queue *q,
				   struct regbuf_ioc_queue *params)
{
	int err;

	memset(q, 0, sizeof(*q));
	q->fd = -1;
	params->size = sizeof(*params);
	err = rb_ioctl(dev, REGBUF_IOC_QUEUE, params);
	if (err)
		return err;
	q->fd = params->fd;
	q->sq_entries = params->sq_entries;
	q->cq_entries = params->cq_entries;
	q->pool_entries = params->pool_entries;
	return rb_q_map(q, params->map_size, params->sq_off, params->cq_off,
			params->pool_off);
}

static inline int rb_q_open(int dev, struct rb_queue *q, __u32 sq, __u32 cq,
			    __u32 pool)
{
	struct regbuf_ioc_queue params = {
		.sq_entries = sq,
		.cq_entries = cq,
		.pool_entries = pool,
	};

	return rb_q_open_params(dev, q, &params);
}

static inline void rb_q_unmap(struct rb_queue *q)
{
	if (q->map)
		munmap(q->map, q->map_size);
	q->map = NULL;
}

static inline void rb_q_close(struct rb_queue *q)
{
	rb_q_unmap(q);
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
}

/* Other sizes, 0 to leave one; maps the rings anew. */
static inline int rb_q_resize(struct rb_queue *q, __u32 sq, __u32 cq)
{
	struct regbuf_ioc_resize resize = {
		.size = sizeof(resize),
		.sq_entries = sq,
		.cq_entries = cq,
	};
	int err = rb_ioctl(q->fd, REGBUF_IOC_RESIZE, &resize);

	if (err)
		return err;
	rb_q_unmap(q);
	q->sq_entries = resize.sq_entries;
	q->cq_entries = resize.cq_entries;
	return rb_q_map(q, resize.map_size, resize.sq_off, resize.cq_off,
			resize.pool_off);
}

/*
 * Endpoints
 */

static inline int rb_q_attach(struct rb_queue *q, int sock, __u32 flags,
			      __u32 max_send, __u32 max_recv, __u32 *ep)
{
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = flags,
		.fd = sock,
		.max_send = max_send,
		.max_recv = max_recv,
	};
	int err = rb_ioctl(q->fd, REGBUF_IOC_ATTACH, &attach);

	*ep = attach.endpoint;
	return err;
}

static inline int rb_q_detach(struct rb_queue *q, __u32 ep, __u32 flags)
{
	struct regbuf_ioc_detach detach = {
		.size = sizeof(detach),
		.flags = flags,
		.endpoint = ep,
	};

	return rb_ioctl(q->fd, REGBUF_IOC_DETACH, &detach);
}

/* Detach in a thread of its own: it may wait. */
struct rb_giver {
	struct rb_queue *q;
	__u32 ep;
	__u32 flags;
	int err;
	pthread_t thread;
};

static inline void *rb_give_up(void *arg)
{
	struct rb_giver *giver = arg;

	giver->err = rb_q_detach(giver->q, giver->ep, giver->flags);
	return NULL;
}

/* A new descriptor of an endpoint's socket, or -errno. */
static inline int rb_q_socket(struct rb_queue *q, __u32 ep)
{
	struct regbuf_ioc_socket sock = {
		.size = sizeof(sock),
		.endpoint = ep,
	};
	int err = rb_ioctl(q->fd, REGBUF_IOC_SOCKET, &sock);

	return err ?: sock.fd;
}

/*
 * Submission
 */

/* The next entry, zeroed. A test that asks for more than there are is wrong. */
static inline struct regbuf_sqe *rb_q_sqe(struct rb_queue *q)
{
	struct regbuf_sqe *sqe = &q->sqes[q->tail & (q->sq_entries - 1)];

	if (q->tail - rb_load(&q->ring->sq_head) >= q->sq_entries) {
		fprintf(stderr, "# the submission ring is full\n");
		abort();
	}
	q->tail++;
	memset(sqe, 0, sizeof(*sqe));
	return sqe;
}

/* Let the kernel see what was written. */
static inline void rb_q_publish(struct rb_queue *q)
{
	rb_store(&q->ring->sq_tail, q->tail);
}

/* Take back what was not taken: for what follows a refused entry. */
static inline void rb_q_drop(struct rb_queue *q)
{
	q->tail = rb_load(&q->ring->sq_head);
	rb_q_publish(q);
}

static inline struct regbuf_sqe *rb_sqe_op(struct rb_queue *q, __u8 op,
					   __u32 ep, __u64 data)
{
	struct regbuf_sqe *sqe = rb_q_sqe(q);

	sqe->op = op;
	sqe->endpoint = ep;
	sqe->user_data = data;
	return sqe;
}

static inline struct regbuf_sqe *rb_sqe_nop(struct rb_queue *q, __u64 data)
{
	return rb_sqe_op(q, REGBUF_OP_NOP, 0, data);
}

/* A send or a receive of one slice. */
static inline struct regbuf_sqe *rb_sqe_io(struct rb_queue *q, __u8 op,
					   __u32 ep, __u64 id, __u64 offset,
					   __u32 length, __u64 data)
{
	struct regbuf_sqe *sqe = rb_sqe_op(q, op, ep, data);

	sqe->id = id;
	sqe->offset = offset;
	sqe->length = length;
	return sqe;
}

static inline struct regbuf_sqe *rb_sqe_send(struct rb_queue *q, __u32 ep,
					     __u64 id, __u64 offset,
					     __u32 length, __u64 data)
{
	return rb_sqe_io(q, REGBUF_OP_SEND, ep, id, offset, length, data);
}

static inline struct regbuf_sqe *rb_sqe_recv(struct rb_queue *q, __u32 ep,
					     __u64 id, __u64 offset,
					     __u32 length, __u64 data)
{
	return rb_sqe_io(q, REGBUF_OP_RECV, ep, id, offset, length, data);
}

static inline struct regbuf_sqe *rb_sqe_send_list(struct rb_queue *q, __u32 ep,
						  const struct regbuf_slice *s,
						  __u32 nr, __u64 data)
{
	struct regbuf_sqe *sqe = rb_sqe_send(q, ep, (unsigned long)s, 0, nr,
					     data);

	sqe->flags = REGBUF_SQE_F_LIST;
	return sqe;
}

static inline struct regbuf_sqe *rb_sqe_recv_list(struct rb_queue *q, __u32 ep,
						  const struct regbuf_slice *s,
						  __u32 nr, __u64 data)
{
	struct regbuf_sqe *sqe = rb_sqe_recv(q, ep, (unsigned long)s, 0, nr,
					     data);

	sqe->flags = REGBUF_SQE_F_LIST;
	return sqe;
}

static inline struct regbuf_sqe *rb_sqe_send_inline(struct rb_queue *q,
						    __u32 ep, const void *bytes,
						    __u32 length, __u64 data)
{
	struct regbuf_sqe *sqe = rb_sqe_send(q, ep, (unsigned long)bytes, 0,
					     length, data);

	sqe->flags = REGBUF_SQE_F_INLINE;
	return sqe;
}

/* Into slices of the pool, @count times, or once without F_MULTI. */
static inline struct regbuf_sqe *rb_sqe_recv_pool(struct rb_queue *q, __u32 ep,
						  __u16 flags, __u32 count,
						  __u64 data)
{
	struct regbuf_sqe *sqe = rb_sqe_recv(q, ep, 0, 0, count, data);

	sqe->flags = REGBUF_SQE_F_POOL | flags;
	return sqe;
}

static inline struct regbuf_sqe *rb_sqe_shutdown(struct rb_queue *q, __u32 ep,
						 __u64 data)
{
	return rb_sqe_op(q, REGBUF_OP_SHUTDOWN, ep, data);
}

/* flags: 0 or REGBUF_SQE_F_MULTI, @count times */
static inline struct regbuf_sqe *rb_sqe_accept(struct rb_queue *q, __u32 ep,
					       __u16 flags, __u32 count,
					       __u64 data)
{
	struct regbuf_sqe *sqe = rb_sqe_op(q, REGBUF_OP_ACCEPT, ep, data);

	sqe->flags = flags;
	sqe->length = count;
	return sqe;
}

static inline struct regbuf_sqe *rb_sqe_connect(struct rb_queue *q, __u32 ep,
						__u64 data)
{
	return rb_sqe_op(q, REGBUF_OP_CONNECT, ep, data);
}

static inline struct regbuf_sqe *rb_sqe_poll(struct rb_queue *q, __u32 ep,
					     __u32 events, __u64 data)
{
	struct regbuf_sqe *sqe = rb_sqe_op(q, REGBUF_OP_POLL, ep, data);

	sqe->length = events;
	return sqe;
}

static inline struct regbuf_sqe *rb_sqe_timeout(struct rb_queue *q, __u64 ns,
						__u64 data)
{
	struct regbuf_sqe *sqe = rb_sqe_op(q, REGBUF_OP_TIMEOUT, 0, data);

	sqe->offset = ns;
	return sqe;
}

/* flags: REGBUF_SQE_F_ANY, REGBUF_SQE_F_ALL; @ep may be 0 */
static inline struct regbuf_sqe *rb_sqe_cancel(struct rb_queue *q, __u32 ep,
					       __u64 what, __u16 flags,
					       __u64 data)
{
	struct regbuf_sqe *sqe = rb_sqe_op(q, REGBUF_OP_CANCEL, ep, data);

	sqe->id = what;
	sqe->flags = flags;
	return sqe;
}

static inline struct regbuf_sqe *rb_sqe_idle(struct rb_queue *q, __u64 id,
					     __u64 data)
{
	struct regbuf_sqe *sqe = rb_sqe_op(q, REGBUF_OP_IDLE, 0, data);

	sqe->id = id;
	return sqe;
}

/* Change the table; the structure must stay until the entry is taken. */
static inline struct regbuf_sqe *rb_sqe_array(struct rb_queue *q,
					      struct regbuf_ioc_array *array,
					      __u64 data)
{
	struct regbuf_sqe *sqe = rb_sqe_op(q, REGBUF_OP_ARRAY, 0, data);

	sqe->id = (unsigned long)array;
	return sqe;
}

/*
 * Publish, submit, wait. @out may be NULL; without it a refused entry is the
 * result, so that no test overlooks one.
 */
static inline int rb_q_enter(struct rb_queue *q, __u32 submit, __u32 wait,
			     long long timeout_ns, struct regbuf_ioc_enter *out)
{
	struct regbuf_ioc_enter enter = {
		.size = sizeof(enter),
		.submit = submit,
		.wait = wait,
		.timeout_ns = timeout_ns,
	};
	int err;

	rb_q_publish(q);
	err = rb_ioctl(q->fd, REGBUF_IOC_ENTER, &enter);
	if (out)
		*out = enter;
	else if (!err)
		err = -(int)enter.error;
	return err;
}

/* Does the kernel want to be told of what is stored in the ring */
static inline int rb_q_wants_call(const struct rb_queue *q)
{
	return rb_load(&q->ring->flags) & REGBUF_RING_F_NEED_ENTER;
}

/* Call, if the kernel wants to be told of what was stored in the ring. */
static inline int rb_q_call(struct rb_queue *q)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return rb_q_wants_call(q) ? rb_q_enter(q, 0, 0, 0, NULL) : 0;
}

/* Let the poller see what was written, and wake it if it sleeps. */
static inline int rb_q_kick(struct rb_queue *q)
{
	rb_q_publish(q);
	return rb_q_call(q);
}

/* All that was written; 0, or the error of the first that was refused. */
static inline int rb_q_submit_all(struct rb_queue *q)
{
	__u32 nr = q->tail - rb_load(&q->ring->sq_head);
	struct regbuf_ioc_enter out;
	int err = rb_q_enter(q, nr, 0, 0, &out);

	if (err || out.error)
		return err ?: -(int)out.error;
	return out.submitted == nr ? 0 : -EIO;
}

/*
 * Completions
 */

/* How many there are to consume. */
static inline __u32 rb_q_ready(const struct rb_queue *q)
{
	return rb_load(&q->ring->cq_tail) - q->ring->cq_head;
}

static inline int rb_q_empty(const struct rb_queue *q)
{
	return !rb_q_ready(q);
}

/* Consume one if there is one: 1 or 0. No call. */
static inline int rb_q_pop(struct rb_queue *q, struct regbuf_cqe *cqe)
{
	__u32 head = q->ring->cq_head;

	if (rb_q_empty(q))
		return 0;
	*cqe = q->cqes[head & (q->cq_entries - 1)];
	rb_store(&q->ring->cq_head, head + 1);
	return 1;
}

/* Consume one, for which it is waited: 0 or -errno. */
static inline int rb_q_next(struct rb_queue *q, struct regbuf_cqe *cqe)
{
	int err = 0;

	memset(cqe, 0, sizeof(*cqe));
	if (rb_q_pop(q, cqe))
		return 0;
	err = rb_q_enter(q, 0, 1, RB_LONG, NULL);
	if (rb_q_pop(q, cqe))
		return 0;
	return err ?: -EIO;
}

/* Submit all that was written and consume one completion: 0 or -errno. */
static inline int rb_q_one(struct rb_queue *q, struct regbuf_cqe *cqe)
{
	return rb_q_submit_all(q) ?: rb_q_next(q, cqe);
}

/* Consume all that are there; how many. */
static inline __u32 rb_q_reap(struct rb_queue *q)
{
	__u32 nr = rb_q_ready(q);

	rb_store(&q->ring->cq_head, q->ring->cq_head + nr);
	return nr;
}

/*
 * 0 if the next completion is of that request, with that error. Says what it
 * was if not.
 */
static inline int rb_q_expect(struct rb_queue *q, __u64 data, int error)
{
	struct regbuf_cqe cqe;
	int err = rb_q_next(q, &cqe);

	if (!err && cqe.user_data == data && (int)cqe.error == error)
		return 0;
	fprintf(stderr, "# %d; data %llu, error %u, flags %#x, value %llu\n",
		err, cqe.user_data, cqe.error, cqe.flags, cqe.value);
	return -1;
}

/* Whether a completion that is not silent is unconsumed. */
static inline int rb_q_loud(const struct rb_queue *q)
{
	return (__s32)(rb_load(&q->ring->cq_loud) - q->ring->cq_head) > 0;
}

/*
 * One signal is wanted. Returns whether there is something to consume already:
 * look before sleeping, and rb_q_disarm() if so.
 */
static inline int rb_q_arm(struct rb_queue *q)
{
	/* Another number each time, and never 0. */
	__atomic_store_n(&q->ring->cq_armed, 2 * q->arms++ + 1,
			 __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return rb_q_loud(q);
}

/* Whether it came too late: a signal was or will be given. */
static inline int rb_q_disarm(struct rb_queue *q)
{
	return !__atomic_exchange_n(&q->ring->cq_armed, 0, __ATOMIC_SEQ_CST);
}

static inline int rb_q_eventfd(struct rb_queue *q, int fd)
{
	struct regbuf_ioc_eventfd arg = {
		.size = sizeof(arg),
		.fd = fd,
	};

	return rb_ioctl(q->fd, REGBUF_IOC_EVENTFD, &arg);
}

/* poll(2) the queue without waiting: its events. */
static inline int rb_q_poll(const struct rb_queue *q)
{
	struct pollfd pfd = { .fd = q->fd, .events = POLLIN };

	return poll(&pfd, 1, 0) < 0 ? -errno : pfd.revents;
}

/*
 * The pool
 */

static inline int rb_q_pool(struct rb_queue *q, __u64 id, __u64 offset,
			    __u32 length, __u32 count)
{
	struct regbuf_ioc_pool pool = {
		.size = sizeof(pool),
		.id = id,
		.offset = offset,
		.length = length,
		.count = count,
	};

	return rb_ioctl(q->fd, REGBUF_IOC_POOL, &pool);
}

/* Give a slice back, and call if somebody waits for it. */
static inline int rb_q_return(struct rb_queue *q, __u32 nr)
{
	__u32 tail = q->ring->pool_tail;

	q->pool[tail & (q->pool_entries - 1)] = nr;
	rb_store(&q->ring->pool_tail, tail + 1);
	return rb_q_call(q);
}

/*
 * What nearly every test has: a buffer that may be sent from and received into,
 * two connected sockets, of which rig.near is an endpoint with both lanes, and
 * a queue. rb_qrig_close() checks that all pages are let go of.
 */
struct rb_qrig {
	struct rb_rig rig;
	struct rb_queue q;
	__u32 ep;
};

static inline int rb_qrig_queue(struct rb_qrig *qr, size_t len, __u32 entries)
{
	struct rb_rig *rig = &qr->rig;
	int err;

	rig->pins = rb_pins();
	rig->dev = rb_open();
	rig->mem = rb_mem(len);
	rig->len = len;
	if (rig->pins < 0 || rig->dev < 0 || !rig->mem)
		return -1;
	err = rb_register(rig->dev, rig->mem, len, RB_READ | RB_WRITE,
			  &rig->id);
	return err ?: rb_q_open(rig->dev, &qr->q, entries, entries, 64);
}

/* The sockets are there: the rest. */
static inline int rb_qrig_with(struct rb_qrig *qr, const int sv[2], size_t len,
			       __u32 entries)
{
	qr->rig.near = sv[0];
	qr->rig.far = sv[1];
	return rb_qrig_queue(qr, len, entries) ?:
	       rb_q_attach(&qr->q, sv[0], RB_BOTH, 0, 0, &qr->ep);
}

/* Over loopback, in the namespace that this process is in. */
static inline int rb_qrig_loopback(struct rb_qrig *qr, int family, int type,
				   size_t len, __u32 entries)
{
	int sv[2];

	if (rb_pair(NULL, family, type, sv))
		return -1;
	return rb_qrig_with(qr, sv, len, entries);
}

/* Over veth, in a new namespace, or over loopback. */
static inline int rb_qrig_setup(struct rb_qrig *qr, int family, int type,
				int loopback, size_t len, __u32 entries)
{
	int sv[2];

	if (loopback)
		return rb_qrig_loopback(qr, family, type, len, entries);
	if (rb_net_setup(&qr->rig.net) ||
	    rb_pair(&qr->rig.net, family, type, sv))
		return -1;
	return rb_qrig_with(qr, sv, len, entries);
}

/* Only a device, a buffer and a queue, no sockets. */
static inline int rb_qrig_bare(struct rb_qrig *qr, size_t len, __u32 entries)
{
	qr->rig.near = -1;
	qr->rig.far = -1;
	return rb_qrig_queue(qr, len, entries);
}

static inline int rb_qrig_close(struct rb_qrig *qr)
{
	rb_q_close(&qr->q);
	return rb_rig_close(&qr->rig);
}

static inline struct regbuf_sqe *rb_qrig_send(struct rb_qrig *qr, __u64 offset,
					      __u32 length, __u64 data)
{
	return rb_sqe_send(&qr->q, qr->ep, qr->rig.id, offset, length, data);
}

static inline struct regbuf_sqe *rb_qrig_recv(struct rb_qrig *qr, __u64 offset,
					      __u32 length, __u64 data)
{
	return rb_sqe_recv(&qr->q, qr->ep, qr->rig.id, offset, length, data);
}

#endif /* REGBUF_QUEUE_H */
