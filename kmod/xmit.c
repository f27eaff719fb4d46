// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: hand a flight's cargo to its socket.
 */
#include <linux/bvec.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "compat.h"
#include "regbuf.h"

static u32 regbuf_xmit_copied(struct regbuf_xmit *x, int reason, u32 bytes)
{
	if (!bytes)
		return 0;
	regbuf_trace(copy, x->ctx, reason, bytes);
	x->copied += bytes;
	this_cpu_add(x->ctx->stats->copied[reason], bytes);
	return BIT(reason);
}

/**
 * regbuf_xmit_count_plain() - count what became of bytes that were not inline
 * @x: the send; a message of it was sent
 * @bytes: how many
 *
 * Context: Any.
 * Return: the reason for which they were copied, as a set.
 */
u32 regbuf_xmit_count_plain(struct regbuf_xmit *x, u32 bytes)
{
	x->sent += bytes;
	if (!x->by_ref)
		return regbuf_xmit_copied(x, x->reason, bytes);
	x->zerocopied += bytes;
	this_cpu_add(x->ctx->stats->zerocopied, bytes);
	return 0;
}

/**
 * regbuf_xmit_count() - count what became of bytes that went in
 * @x: the send; a message of it was sent
 * @cargo: where they come from; not moved yet
 * @bytes: how many of it
 *
 * Context: Any.
 * Return: the reasons for which some were copied, as a set.
 */
u32 regbuf_xmit_count(struct regbuf_xmit *x, const struct regbuf_cargo *cargo,
		      u32 bytes)
{
	u32 inlined = regbuf_cargo_inlined(cargo, bytes);
	u32 reasons = regbuf_xmit_copied(x, REGBUF_COPY_INLINE, inlined);

	x->sent += inlined;
	if (x->by_ref)
		x->flight->by_ref -= inlined;
	return reasons | regbuf_xmit_count_plain(x, bytes - inlined);
}

/*
 * The rest of what was sent in part is for the connection that has that part.
 * Whether the socket still has it can be told under its lock only; what is not
 * TCP's own sendmsg() takes the lock itself, and may be late.
 */
static int regbuf_xmit_rest(struct regbuf_xmit *x)
{
	struct sock *sk = x->sock->sk;
	int ret = -ECONNRESET;
	bool same, plain;

	lock_sock(sk);
	same = regbuf_sock_connection(sk) == x->connection;
	plain = READ_ONCE(sk->sk_prot)->sendmsg == tcp_sendmsg;
	if (same && plain)
		ret = tcp_sendmsg_locked(sk, &x->msg, msg_data_left(&x->msg));
	release_sock(sk);
	return plain || !same ? ret : sock_sendmsg(x->sock, &x->msg);
}

/* Security modules were asked about the rest with the first part. */
static int regbuf_xmit_send(struct regbuf_xmit *x)
{
	if (unlikely(x->resumes))
		return regbuf_xmit_rest(x);
	x->connection = regbuf_sock_connection(x->sock->sk);
	return sock_sendmsg(x->sock, &x->msg);
}

/**
 * regbuf_xmit_message() - hand bvecs to the socket
 * @x: the send; @x->reason says why to copy them, -1 not to if the stack
 *     agrees, and gets why it did; @x->by_ref gets what was not copied,
 *     @x->touched whether it took any bytes, which are lost then if it failed
 * @bytes: in @x->to
 * @flags: MSG_* besides @x->flags
 *
 * Context: Process context. Waits for room unless MSG_DONTWAIT is set.
 * Return: how many bytes the socket took, or an error.
 */
int regbuf_xmit_message(struct regbuf_xmit *x, u32 bytes, int flags)
{
	struct msghdr *msg = &x->msg;
	u64 before = 0;
	int ret;

	msg->msg_flags = x->flags | flags;
	msg->msg_ubuf = NULL;
	iov_iter_bvec(&msg->msg_iter, ITER_SOURCE, x->to.bv, x->to.nr, bytes);
	x->by_ref = 0;
	if (x->reason < 0) {
		before = x->flight->by_ref;
		regbuf_flight_board(x->flight, msg);
	}
	ret = regbuf_xmit_send(x);
	if (x->reason < 0)
		x->by_ref = x->flight->by_ref - before;
	/* Of an error, what may have been filled in was thrown away. */
	if (x->by_ref && ret <= 0) {
		x->flight->by_ref = before;
		x->by_ref = 0;
	}
	x->touched = iov_iter_count(&msg->msg_iter) != bytes;
	if (ret > 0 && x->reason < 0 && !x->by_ref)
		x->reason = regbuf_copy_after(x->sock->sk, msg,
					      x->segment ?: bytes);
	return ret;
}

/* A flight without buffers has nothing that keeps its context. */
static int regbuf_xmit_before(const struct regbuf_xmit *x, u32 nr)
{
	return x->cargo->nr_bufs ? regbuf_copy_before(x, nr) :
				   REGBUF_COPY_INLINE;
}

/*
 * As much at a time as the bvecs take, until the socket takes no more. It may
 * take a part and keep to itself why; asking once more tells, and must not wait
 * again.
 */
static int regbuf_xmit_stream(struct regbuf_xmit *x)
{
	struct regbuf_cargo *cargo = x->cargo;
	int flags, ret;
	u32 bytes;

	while (cargo->total) {
		x->to.nr = 0;
		bytes = regbuf_cargo_fill(cargo, &x->to);
		flags = x->more || bytes < cargo->total ? MSG_MORE : 0;
		x->reason = regbuf_xmit_before(x, 0);
		ret = regbuf_xmit_message(x, bytes, flags);
		if (ret <= 0)
			return ret ?: -EAGAIN;
		if (ret < bytes)
			x->flags |= MSG_DONTWAIT;
		x->resumes = true;
		x->copy_reasons |= regbuf_xmit_count(x, cargo, ret);
		regbuf_cargo_skip(cargo, ret);
	}
	return 0;
}

static int regbuf_xmit_dgram(struct regbuf_xmit *x)
{
	struct regbuf_cargo *cargo = x->cargo;
	u32 max = 2 * cargo->nr_segs + (cargo->total >> PAGE_SHIFT);
	struct bio_vec *few = x->to.bv;
	u32 bytes;
	int ret;

	/* No IP datagram is longer; the protocol has the exact limit. */
	if (cargo->total > U16_MAX)
		return -EMSGSIZE;
	if (max > x->to.max) {
		x->to.bv = kvmalloc_array(max, sizeof(*few),
					  GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		if (!x->to.bv)
			return -ENOMEM;
		x->to.max = max;
	}
	bytes = regbuf_cargo_fill(cargo, &x->to);
	x->reason = regbuf_xmit_before(x, x->to.nr);
	ret = regbuf_xmit_message(x, bytes, x->more ? MSG_MORE : 0);
	if (ret > 0)
		x->copy_reasons |= regbuf_xmit_count(x, cargo, ret);
	if (x->to.bv != few)
		kvfree(x->to.bv);
	return ret < 0 ? ret : 0;
}

/**
 * regbuf_xmit() - send what a flight carries
 * @x: the send; the results are added to
 *
 * Context: Process context. Waits for room unless MSG_DONTWAIT is set.
 * Return: 0 if all of it has entered the socket, or what stopped it. Of a
 *         stream, a part may have entered then.
 */
int regbuf_xmit(struct regbuf_xmit *x)
{
	return sk_is_tcp(x->sock->sk) ? regbuf_xmit_stream(x) :
					regbuf_xmit_dgram(x);
}
