// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: hand a flight's cargo to its socket.
 */
#include <linux/bvec.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <net/sock.h>

#include "regbuf.h"

static void regbuf_xmit_copied(struct regbuf_xmit *x, int reason, u32 bytes)
{
	if (!bytes)
		return;
	x->copied += bytes;
	x->copy_reasons |= BIT(reason);
	this_cpu_add(x->ctx->stats->copied[reason], bytes);
}

/* How many of the first @bytes that bvecs describe are inline. */
static u32 regbuf_xmit_inlined(const struct regbuf_cargo *cargo,
			       const struct bio_vec *bv, u32 bytes)
{
	u32 len, inlined = 0;

	if (!cargo->inline_page)
		return 0;
	for (; bytes; bytes -= len, bv++) {
		len = min(bytes, bv->bv_len);
		if (bv->bv_page == cargo->inline_page)
			inlined += len;
	}
	return inlined;
}

/* Count what became of the first @bytes that went in. */
static void regbuf_xmit_count(struct regbuf_xmit *x, const struct bio_vec *bv,
			      const struct msghdr *msg, u32 len, u32 bytes,
			      u32 by_ref, int reason)
{
	u32 inlined = regbuf_xmit_inlined(&x->flight->cargo, bv, bytes);
	u32 rest = bytes - by_ref - inlined;

	x->sent += bytes;
	x->zerocopied += by_ref;
	this_cpu_add(x->ctx->stats->zerocopied, by_ref);
	regbuf_xmit_copied(x, REGBUF_COPY_INLINE, inlined);
	if (rest && reason < 0)
		reason = regbuf_copy_after(x->sock->sk, msg, len);
	regbuf_xmit_copied(x, reason, rest);
}

/*
 * Hand bvecs to the socket, and count what became of them. @reason says why to
 * copy them, -1 not to if the stack agrees.
 */
static int regbuf_xmit_bvecs(struct regbuf_xmit *x, const struct bio_vec *bv,
			     u32 nr, u32 bytes, int flags, int reason)
{
	struct msghdr msg = {
		.msg_name = x->name,
		.msg_namelen = x->name_len,
		.msg_control = x->control,
		.msg_controllen = x->control_len,
		.msg_flags = x->flags | flags,
	};
	u64 before = x->flight->by_ref;
	int ret;

	/* A flight without buffers has nothing that keeps its context. */
	if (!x->flight->cargo.nr_bufs)
		reason = REGBUF_COPY_INLINE;
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bv, nr, bytes);
	if (reason < 0)
		regbuf_flight_board(x->flight, &msg);
	ret = sock_sendmsg(x->sock, &msg);
	if (ret > 0)
		regbuf_xmit_count(x, bv, &msg, bytes, ret,
				  x->flight->by_ref - before, reason);
	else	/* What may have been filled in was thrown away. */
		x->flight->by_ref = before;
	return ret;
}

/*
 * As much at a time as the bvecs take, until the socket takes no more. It may
 * take a part and keep to itself why; asking once more tells, and must not wait
 * again.
 */
static int regbuf_xmit_stream(struct regbuf_xmit *x)
{
	struct regbuf_cargo *cargo = &x->flight->cargo;
	int reason, flags, ret;
	u32 nr, bytes;

	while (cargo->total) {
		bytes = regbuf_cargo_fill(cargo, x->bv, x->max_bv, &nr);
		flags = x->more || bytes < cargo->total ? MSG_MORE : 0;
		reason = regbuf_copy_before(x, 0);
		ret = regbuf_xmit_bvecs(x, x->bv, nr, bytes, flags, reason);
		if (ret <= 0)
			return ret ?: -EAGAIN;
		if (ret < bytes)
			x->flags |= MSG_DONTWAIT;
		regbuf_cargo_skip(cargo, ret);
	}
	return 0;
}

static int regbuf_xmit_dgram(struct regbuf_xmit *x)
{
	struct regbuf_cargo *cargo = &x->flight->cargo;
	u32 max = 2 * cargo->nr_segs + (cargo->total >> PAGE_SHIFT);
	struct bio_vec *bv = x->bv;
	u32 nr, bytes;
	int ret;

	/* No IP datagram is longer; the protocol has the exact limit. */
	if (cargo->total > U16_MAX)
		return -EMSGSIZE;
	if (max > x->max_bv) {
		bv = kmalloc_array(max, sizeof(*bv), GFP_KERNEL_ACCOUNT);
		if (!bv)
			return -ENOMEM;
	}
	bytes = regbuf_cargo_fill(cargo, bv, max, &nr);
	ret = regbuf_xmit_bvecs(x, bv, nr, bytes, x->more ? MSG_MORE : 0,
				regbuf_copy_before(x, nr));
	if (bv != x->bv)
		kfree(bv);
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
