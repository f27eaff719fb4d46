// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: REGBUF_IOC_SEND, a send without a queue.
 */
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/socket.h>
#include <linux/uaccess.h>
#include <net/sock.h>

#include "queue.h"
#include "regbuf.h"

#define REGBUF_FEW_BVECS	32

static int regbuf_send_addr(struct regbuf_xmit *x,
			    const struct regbuf_ioc_send *send,
			    struct sockaddr_storage *addr)
{
	if (!send->addr != !send->addr_len)
		return -EINVAL;
	if (!send->addr_len)
		return 0;
	if (sk_is_tcp(x->sock->sk))
		return -EISCONN;
	if (send->addr_len < offsetofend(struct sockaddr, sa_family))
		return -EINVAL;
	/* What is shorter than its family needs, the protocol refuses. */
	memset(addr, 0, sizeof(*addr));
	if (copy_from_user(addr, u64_to_user_ptr(send->addr), send->addr_len))
		return -EFAULT;
	x->msg.msg_name = addr;
	x->msg.msg_namelen = send->addr_len;
	return 0;
}

/* The errno for what stopped a stream; EAGAIN is all that a signal leaves. */
static int regbuf_send_error(int err)
{
	if (err == -ERESTARTSYS ||
	    (err == -EAGAIN && signal_pending(current)))
		return -EINTR;
	return err;
}

static int regbuf_send_cargo(struct regbuf_xmit *x,
			     const struct regbuf_ioc_send *send)
{
	bool stream = sk_is_tcp(x->sock->sk);
	struct regbuf_hold hold = { .ctx = x->ctx };
	int err;

	err = regbuf_cargo_room(x->cargo, send->nr_slices);
	if (err)
		return err;
	err = regbuf_cargo_import(x->cargo, &hold, REGBUF_ACCESS_READ,
				  u64_to_user_ptr(send->slices),
				  send->nr_slices) ?:
	      regbuf_cargo_take(x->cargo, NULL);
	regbuf_hold_drop(&hold);
	if (err)
		return err;
	err = regbuf_xmit(x);
	if (x->sent || (!err && !stream))
		this_cpu_inc(x->ctx->stats->sends);
	return err;
}

static int regbuf_send_sock(struct regbuf_xmit *x,
			    const struct regbuf_ioc_send *send)
{
	struct bio_vec bv[REGBUF_FEW_BVECS];
	struct sockaddr_storage addr;
	struct regbuf_solo *solo;
	int err;

	err = regbuf_sock_check(x->sock) ?: regbuf_send_addr(x, send, &addr);
	if (err)
		return err;
	if (regbuf_lane_busy(x->sock->sk))
		return -EBUSY;
	x->to.bv = bv;
	x->to.max = ARRAY_SIZE(bv);
	x->more = send->flags & REGBUF_SEND_F_MORE;
	x->flags = MSG_NOSIGNAL;
	if (send->flags & REGBUF_SEND_F_DONTWAIT ||
	    x->sock->file->f_flags & O_NONBLOCK)
		x->flags |= MSG_DONTWAIT;
	solo = regbuf_solo_create(x->ctx);
	if (IS_ERR(solo))
		return PTR_ERR(solo);
	x->flight = &solo->flight;
	x->cargo = &solo->cargo;
	err = regbuf_send_cargo(x, send);
	regbuf_flight_end(x->flight, 1);
	return err;
}

int regbuf_ioctl_send(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_send *send = &call->u.send;
	struct regbuf_xmit x = { .ctx = of };
	int err;

	if (send->__resv || send->nr_slices > REGBUF_MAX_SLICES ||
	    send->addr_len > sizeof(struct sockaddr_storage))
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
	x.sock = sockfd_lookup(send->fd, &err);
	if (!x.sock)
		return err;
	err = regbuf_send_sock(&x, send);
	sockfd_put(x.sock);
	if (err && !x.sent)
		return err;
	send->error = -regbuf_send_error(err);
	send->sent = x.sent;
	send->zerocopied = x.zerocopied;
	send->copied = x.copied;
	send->copy_reasons = x.copy_reasons;
	return regbuf_reply(call);
}
