// SPDX-License-Identifier: GPL-2.0
/*
 * What a program writes into its queues' rings: requests, and nonsense.
 */
#include "world.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/socket.h>

/* What the last argument of fz_call_sqe() is made of. */
#define EXTRA_TIMEOUT	0x7
#define EXTRA_EXT	0x18
#define EXTRA_DATA	0x60
#define EXTRA_WHERE(x)	((x) >> 8 & 0xf)
#define EXTRA_HIDDEN	0x1000

static struct regbuf_ring *fz_ring(struct fz_queue *q)
{
	return (struct regbuf_ring *)q->map;
}

static __u32 fz_extend(struct fz_world *w, __u64 op, __u64 extra)
{
	struct regbuf_ext *ext = &w->args.ext;
	struct cmsghdr *cmsg = (struct cmsghdr *)w->args.control;
	int tos = 4;

	*ext = (struct regbuf_ext){ .size = sizeof(*ext) };
	switch ((extra & EXTRA_EXT) >> 3) {
	case 0:
		return 0;
	case 1:
		ext->segment = 100;
		return 1;
	}
	if (op == REGBUF_OP_SEND) {
		cmsg->cmsg_len = CMSG_LEN(sizeof(tos));
		cmsg->cmsg_level = extra & EXTRA_WHERE(1) ? SOL_IPV6 : SOL_IP;
		cmsg->cmsg_type = IP_TOS;
		memcpy(CMSG_DATA(cmsg), &tos, sizeof(tos));
		ext->ctl_id = (unsigned long)cmsg;
		ext->ctl_length = CMSG_SPACE(sizeof(tos));
	} else {
		ext->ctl_id = fz_id(w, EXTRA_WHERE(extra));
		ext->ctl_length = 64;
	}
	return 1;
}

/* Several buffers, each from the same place. */
static void fz_list(struct fz_world *w, const __u64 *arg)
{
	__u32 i;

	for (i = 0; i < FZ_SLICES; i++)
		w->args.slice[i] = (struct regbuf_slice){
			.id = arg[2] & REGBUF_SQE_F_INDEX ? arg[4] + i :
			      fz_id(w, arg[4] + i),
			.offset = arg[5],
			.length = arg[6] >> 8 ? arg[6] >> 8 : 100 * i,
			.flags = arg[2] & REGBUF_SQE_F_INDEX ?
				 REGBUF_SLICE_F_INDEX : 0,
		};
}

/* What the operation calls id. */
static __u64 fz_subject(struct fz_world *w, const __u64 *arg)
{
	if (arg[1] == REGBUF_OP_CANCEL)
		return arg[4] & 3;
	if (arg[1] == REGBUF_OP_ARRAY)
		return (unsigned long)&w->args.array;
	if (arg[2] & REGBUF_SQE_F_LIST) {
		fz_list(w, arg);
		return (unsigned long)w->args.slice;
	}
	if (arg[2] & REGBUF_SQE_F_INLINE)
		return (unsigned long)FZ_ARENA + arg[5] % FZ_ARENA_SIZE;
	if (arg[2] & REGBUF_SQE_F_INDEX)
		return arg[4];
	if (arg[2] & REGBUF_SQE_F_POOL || arg[1] == REGBUF_OP_NOP ||
	    (arg[1] >= REGBUF_OP_SHUTDOWN && arg[1] < REGBUF_OP_CANCEL))
		return arg[4] >= FZ_RAW ? arg[4] : 0;
	return fz_id(w, arg[4]);
}

static void fz_address(struct fz_world *w, struct regbuf_sqe *sqe,
		       __u32 where)
{
	socklen_t length = sizeof(w->args.addr);

	if (sqe->flags & REGBUF_SQE_F_ADDR) {
		sqe->addr_id = sqe->flags & REGBUF_SQE_F_INDEX ? where :
			       fz_id(w, where);
		sqe->addr_offset = 64 * where;
	} else if (sqe->flags & REGBUF_SQE_F_ADDR_PTR) {
		getsockname(fz_sock(w, where), (void *)w->args.addr, &length);
		sqe->addr_id = (unsigned long)w->args.addr;
	}
}

/* queue, op, flags, endpoint, buffer, offset, length, extra */
long fz_call_sqe(struct fz_world *w, const __u64 *arg)
{
	static const __u32 timeouts[] = { 0, 0, 0, 1, 100, 3000, 20000, -1 };
	struct fz_queue *q = fz_queue(w, arg[0]);
	struct regbuf_ring *ring = fz_ring(q);
	struct regbuf_sqe *sqe;
	bool listed = arg[2] & REGBUF_SQE_F_LIST;
	bool plain = arg[1] == REGBUF_OP_SEND || arg[1] == REGBUF_OP_RECV;

	if (!ring || !q->sq_entries)
		return -1;
	sqe = (struct regbuf_sqe *)(q->map + q->sq_off) +
	      ring->sq_tail % q->sq_entries;
	*sqe = (struct regbuf_sqe){
		.op = arg[1],
		.flags = arg[2],
		.endpoint = arg[3] == 0xff ? 0 : fz_ep(q, arg[3]),
		.user_data = arg[1] << 8 | (arg[7] & EXTRA_DATA) >> 5,
		.id = fz_subject(w, arg),
		.offset = (plain && listed) ||
			  arg[2] & REGBUF_SQE_F_INLINE ? 0 : arg[5],
		.length = plain && listed ? arg[6] & 0xff : arg[6],
		.timeout_us = timeouts[arg[7] & EXTRA_TIMEOUT],
	};
	fz_address(w, sqe, EXTRA_WHERE(arg[7]));
	if (fz_extend(w, arg[1], arg[7]))
		sqe->ext = (unsigned long)&w->args.ext;
	if (!(arg[7] & EXTRA_HIDDEN))
		__atomic_store_n(&ring->sq_tail, ring->sq_tail + 1,
				 __ATOMIC_RELEASE);
	return 0;
}

/* Endpoints come of completions, too. */
static void fz_learn(struct fz_queue *q, const struct regbuf_cqe *cqe)
{
	if (cqe->user_data >> 8 == REGBUF_OP_ACCEPT && !cqe->error)
		fz_add_ep(q, cqe->value);
}

/* queue, how many at most */
long fz_call_reap(struct fz_world *w, const __u64 *arg)
{
	struct fz_queue *q = fz_queue(w, arg[0]);
	struct regbuf_ring *ring = fz_ring(q);
	__u32 head, nr = arg[1];

	if (!ring || !q->cq_entries)
		return -1;
	head = ring->cq_head;
	if (nr > __atomic_load_n(&ring->cq_tail, __ATOMIC_ACQUIRE) - head)
		nr = ring->cq_tail - head;
	if (nr > q->cq_entries)
		nr = q->cq_entries;
	while (nr--)
		fz_learn(q, (struct regbuf_cqe *)(q->map + q->cq_off) +
			    head++ % q->cq_entries);
	__atomic_store_n(&ring->cq_head, head, __ATOMIC_RELEASE);
	return 0;
}

/* queue, which word of its head, what, whether added */
long fz_call_poke(struct fz_world *w, const __u64 *arg)
{
	static const __u32 words[] = {
		offsetof(struct regbuf_ring, sq_tail),
		offsetof(struct regbuf_ring, cq_head),
		offsetof(struct regbuf_ring, pool_tail),
		offsetof(struct regbuf_ring, cq_armed),
		offsetof(struct regbuf_ring, sq_head),
		offsetof(struct regbuf_ring, cq_tail),
		offsetof(struct regbuf_ring, pool_head),
		offsetof(struct regbuf_ring, flags),
	};
	struct fz_queue *q = fz_queue(w, arg[0]);
	__u32 *word;

	if (!q->map)
		return -1;
	word = (__u32 *)(q->map + words[arg[1] % 8]);
	*word = arg[3] & 1 ? *word + arg[2] : arg[2];
	return 0;
}

/* queue, number, how many: give slices of the pool back */
long fz_call_return(struct fz_world *w, const __u64 *arg)
{
	struct fz_queue *q = fz_queue(w, arg[0]);
	struct regbuf_ring *ring = fz_ring(q);
	__u32 i, nr = arg[2] % 64;

	if (!ring || !q->pool_entries)
		return -1;
	for (i = 0; i < nr; i++) {
		((__u32 *)(q->map + q->pool_off))[ring->pool_tail %
						  q->pool_entries] = arg[1] + i;
		__atomic_store_n(&ring->pool_tail, ring->pool_tail + 1,
				 __ATOMIC_RELEASE);
	}
	return 0;
}

/* queue, number */
long fz_call_arm(struct fz_world *w, const __u64 *arg)
{
	struct regbuf_ring *ring = fz_ring(fz_queue(w, arg[0]));

	if (!ring)
		return -1;
	__atomic_store_n(&ring->cq_armed, arg[1], __ATOMIC_SEQ_CST);
	return 0;
}

/* where: from now on, something writes there */
long fz_call_scribble(struct fz_world *w, const __u64 *arg)
{
	__atomic_store_n(&w->scribble, arg[0], __ATOMIC_RELAXED);
	return 0;
}

/* A word of it, in the way that goes unnoticed most often: back and forth. */
static void fz_flip(struct fz_rng *rng, void *at, size_t size)
{
	__u32 *word = (__u32 *)at + fz_below(rng, size / sizeof(*word));
	__u32 old = *(volatile __u32 *)word, i;
	__u32 other = fz_interesting(rng);

	for (i = 0; i < 32; i++) {
		__atomic_store_n(word, other, __ATOMIC_RELAXED);
		__atomic_store_n(word, old, __ATOMIC_RELAXED);
	}
	if (!fz_below(rng, 4))
		__atomic_store_n(word, other, __ATOMIC_RELAXED);
}

static void fz_flip_queue(struct fz_world *w, struct fz_rng *rng,
			  unsigned int where)
{
	struct fz_queue *q = fz_queue(w, fz_below(rng, FZ_QUEUES));
	struct regbuf_ring *ring = fz_ring(q);
	__u32 next;

	if (!ring)
		return;
	/* What is taken next, or thereabouts. */
	next = ring->sq_head + fz_below(rng, 2);
	if (where & FZ_SCRIBBLE_SQES && q->sq_entries)
		fz_flip(rng, q->map + q->sq_off + next % q->sq_entries *
			sizeof(struct regbuf_sqe), sizeof(struct regbuf_sqe));
	if (where & FZ_SCRIBBLE_RING && !fz_below(rng, 16))
		fz_flip(rng, ring, sizeof(*ring));
	if (where & FZ_SCRIBBLE_POOL && q->pool_entries)
		fz_flip(rng, q->map + q->pool_off, 4 * q->pool_entries);
}

/**
 * fz_scribble() - write a little where the kernel may be reading
 * @w: what there is
 * @rng: chance
 */
void fz_scribble(struct fz_world *w, struct fz_rng *rng)
{
	unsigned int where = __atomic_load_n(&w->scribble, __ATOMIC_RELAXED);

	fz_flip_queue(w, rng, where);
	if (where & FZ_SCRIBBLE_ARGS)
		fz_flip(rng, &w->args, sizeof(w->args));
}
