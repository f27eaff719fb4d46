// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: REGBUF_IOC_SEND.
 */
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/uaccess.h>
#include <net/sock.h>

#include "regbuf.h"

#define REGBUF_FEW_SLICES	8
#define REGBUF_FEW_BVECS	32

/* A send in the making. */
struct regbuf_xmit {
	struct regbuf_ctx *ctx;
	struct regbuf_ioc_send *send;
	struct socket *sock;
	struct regbuf_flight *flight;
	struct regbuf_gather g;
	int flags;	/* of each message */
	struct sockaddr_storage addr;
	struct regbuf_seg segs[REGBUF_FEW_SLICES];
	struct bio_vec bv[REGBUF_FEW_BVECS];
};

static int regbuf_xmit_addr(struct regbuf_xmit *x)
{
	const struct regbuf_ioc_send *send = x->send;

	if (!send->addr != !send->addr_len)
		return -EINVAL;
	if (!send->addr_len)
		return 0;
	if (sk_is_tcp(x->sock->sk))
		return -EISCONN;
	if (send->addr_len < offsetofend(struct sockaddr, sa_family))
		return -EINVAL;
	/* What is shorter than its family needs, the protocol refuses. */
	memset(&x->addr, 0, sizeof(x->addr));
	if (copy_from_user(&x->addr, u64_to_user_ptr(send->addr),
			   send->addr_len))
		return -EFAULT;
	return 0;
}

static void regbuf_xmit_copied(struct regbuf_xmit *x, int reason, u32 bytes)
{
	if (!bytes)
		return;
	x->send->copied += bytes;
	x->send->copy_reasons |= BIT(reason);
	this_cpu_add(x->ctx->stats->copied[reason], bytes);
}

/* How many of the first @bytes that bvecs describe are inline. */
static u32 regbuf_xmit_inlined(const struct regbuf_xmit *x,
			       const struct bio_vec *bv, u32 bytes)
{
	u32 len, inlined = 0;

	if (!x->flight->inline_page)
		return 0;
	for (; bytes; bytes -= len, bv++) {
		len = min(bytes, bv->bv_len);
		if (bv->bv_page == x->flight->inline_page)
			inlined += len;
	}
	return inlined;
}

/*
 * Hand bvecs to the socket, and count what became of them. @reason says why to
 * copy them, -1 not to if the stack agrees.
 */
static int regbuf_xmit_bvecs(struct regbuf_xmit *x, const struct bio_vec *bv,
			     u32 nr, u32 bytes, int flags, int reason)
{
	struct msghdr msg = { .msg_flags = x->flags | flags };
	u64 before = x->flight->by_ref;
	u32 by_ref, inlined;
	int ret;

	/* A flight without buffers has nothing that keeps its context. */
	if (!x->flight->nr_bufs)
		reason = REGBUF_COPY_INLINE;
	if (x->send->addr_len) {
		msg.msg_name = &x->addr;
		msg.msg_namelen = x->send->addr_len;
	}
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bv, nr, bytes);
	if (reason < 0)
		regbuf_flight_board(x->flight, &msg);
	ret = sock_sendmsg(x->sock, &msg);
	if (ret <= 0) {
		/* What may have been filled in was thrown away. */
		x->flight->by_ref = before;
		return ret;
	}

	by_ref = x->flight->by_ref - before;
	inlined = regbuf_xmit_inlined(x, bv, ret);
	x->send->sent += ret;
	x->send->zerocopied += by_ref;
	this_cpu_add(x->ctx->stats->zerocopied, by_ref);
	regbuf_xmit_copied(x, REGBUF_COPY_INLINE, inlined);
	if (ret - by_ref - inlined && reason < 0)
		reason = regbuf_copy_after(x->sock->sk, &msg, bytes);
	regbuf_xmit_copied(x, reason, ret - by_ref - inlined);
	return ret;
}

/* The errno for what stopped a stream; EAGAIN is all that a signal leaves. */
static int regbuf_xmit_error(int err)
{
	if (err == -ERESTARTSYS ||
	    (err == -EAGAIN && signal_pending(current)))
		return -EINTR;
	return err;
}

/*
 * As much at a time as the bvecs take, until the socket takes no more. It may
 * take a part and keep to itself why; asking once more tells, and must not wait
 * again.
 */
static int regbuf_xmit_stream(struct regbuf_xmit *x)
{
	int reason, flags, ret;
	u32 nr, bytes;

	while (x->g.total) {
		bytes = regbuf_gather_fill(&x->g, x->flight, x->bv,
					   ARRAY_SIZE(x->bv), &nr);
		flags = x->send->flags & REGBUF_SEND_F_MORE ||
			bytes < x->g.total ? MSG_MORE : 0;
		reason = regbuf_copy_before(x->sock, x->send, 0);
		ret = regbuf_xmit_bvecs(x, x->bv, nr, bytes, flags, reason);
		if (ret <= 0)
			goto stopped;
		if (ret < bytes)
			x->flags |= MSG_DONTWAIT;
		regbuf_gather_skip(&x->g, ret);
	}
	return 0;

stopped:
	if (!x->send->sent)
		return ret;
	x->send->error = -regbuf_xmit_error(ret);
	return 0;
}

static int regbuf_xmit_dgram(struct regbuf_xmit *x)
{
	int flags = x->send->flags & REGBUF_SEND_F_MORE ? MSG_MORE : 0;
	u32 max = 2 * x->g.nr_segs + (x->g.total >> PAGE_SHIFT);
	struct bio_vec *bv = x->bv;
	u32 nr, bytes;
	int reason, ret;

	/* No IP datagram is longer; the protocol has the exact limit. */
	if (x->g.total > U16_MAX)
		return -EMSGSIZE;
	if (max > ARRAY_SIZE(x->bv)) {
		bv = kmalloc_array(max, sizeof(*bv), GFP_KERNEL_ACCOUNT);
		if (!bv)
			return -ENOMEM;
	}
	bytes = regbuf_gather_fill(&x->g, x->flight, bv, max, &nr);
	reason = regbuf_copy_before(x->sock, x->send, nr);
	ret = regbuf_xmit_bvecs(x, bv, nr, bytes, flags, reason);
	if (bv != x->bv)
		kfree(bv);
	return ret < 0 ? ret : 0;
}

static int regbuf_xmit_flight(struct regbuf_xmit *x)
{
	int err;

	err = regbuf_import(x->ctx, x->flight, x->send, &x->g);
	if (err)
		return err;
	err = sk_is_tcp(x->sock->sk) ? regbuf_xmit_stream(x) :
				       regbuf_xmit_dgram(x);
	if (!err && (x->send->sent || !sk_is_tcp(x->sock->sk)))
		this_cpu_inc(x->ctx->stats->sends);
	return err;
}

static int regbuf_xmit_sock(struct regbuf_xmit *x)
{
	u32 slices = x->send->nr_slices;
	int err;

	err = regbuf_sock_check(x->sock) ?: regbuf_xmit_addr(x);
	if (err)
		return err;
	x->flags = MSG_NOSIGNAL;
	if (x->send->flags & REGBUF_SEND_F_DONTWAIT ||
	    x->sock->file->f_flags & O_NONBLOCK)
		x->flags |= MSG_DONTWAIT;
	x->g.segs = x->segs;
	if (slices > ARRAY_SIZE(x->segs)) {
		x->g.segs = kmalloc_array(slices, sizeof(*x->g.segs),
					  GFP_KERNEL_ACCOUNT);
		if (!x->g.segs)
			return -ENOMEM;
	}
	x->flight = regbuf_flight_create(x->ctx, slices);
	err = PTR_ERR_OR_ZERO(x->flight);
	if (!err) {
		err = regbuf_xmit_flight(x);
		regbuf_flight_end(x->flight);
	}
	if (x->g.segs != x->segs)
		kfree(x->g.segs);
	return err;
}

int regbuf_ioctl_send(struct regbuf_ctx *ctx, struct regbuf_call *call)
{
	struct regbuf_ioc_send *send = &call->u.send;
	struct regbuf_xmit x;
	int err;

	if (send->__resv || send->nr_slices > REGBUF_MAX_SLICES ||
	    send->addr_len > sizeof(x.addr))
		return -EINVAL;
	send->error = 0;
	send->sent = 0;
	send->zerocopied = 0;
	send->copied = 0;
	send->copy_reasons = 0;
	/* What cannot be told must not be done. */
	err = regbuf_reply(call);
	if (err)
		return err;
	x.ctx = ctx;
	x.send = send;
	x.sock = sockfd_lookup(send->fd, &err);
	if (!x.sock)
		return err;
	err = regbuf_xmit_sock(&x);
	sockfd_put(x.sock);
	return err ?: regbuf_reply(call);
}
