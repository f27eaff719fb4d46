// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: datagrams; consecutive ones of one size to one place as segments of one
 * message (UDP_SEGMENT), if nobody can tell the difference.
 */
#include <linux/bpf-cgroup.h>
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/socket.h>
#include <linux/udp.h>
#include <net/dst.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "compat.h"
#include "queue.h"

/* What an IPv4 packet carries. */
#define REGBUF_DGRAM_BYTES	65507
#define REGBUF_DGRAM_SEGMENTS	64

struct regbuf_segment {
	char cmsg[CMSG_SPACE(sizeof(u16))] __aligned(sizeof(long));
};

/* Does a device that checksums segments get packets of that size? */
static bool regbuf_gso_fits(struct sock *sk, u32 len)
{
	struct dst_entry *dst;
	bool fits = false;

	rcu_read_lock();
	dst = __sk_dst_get(sk);
	if (dst) {
		len += sizeof(struct udphdr);
		len += dst->ops->family == AF_INET6 ? sizeof(struct ipv6hdr) :
						      sizeof(struct iphdr);
		fits = len <= dst_mtu(dst) && !dst_xfrm(dst);
	}
	rcu_read_unlock();
	return fits;
}

/* Programs may look at each datagram that goes to an address. */
static bool regbuf_named_watched(void)
{
	return cgroup_bpf_enabled(CGROUP_UDP4_SENDMSG) ||
	       cgroup_bpf_enabled(CGROUP_UDP6_SENDMSG);
}

/* May it be a segment? What the socket says for all of its datagrams. */
static bool regbuf_gso_may(struct regbuf_ep *ep, const struct regbuf_req *req)
{
	struct sock *sk = ep->sock->sk;

	if (regbuf_req_single(req) || !req->cargo.total ||
	    req->cargo.total > REGBUF_DGRAM_BYTES ||
	    req->cargo.total >= ep->send.gso_refused ||
	    req->flags & REGBUF_SQE_F_MORE || sk->sk_no_check_tx ||
	    sock_flag(sk, SOCK_TXTIME) || READ_ONCE(udp_sk(sk)->gso_size) ||
	    udp_test_bit(CORK, sk) || READ_ONCE(udp_sk(sk)->pending))
		return false;
	return req->name_len ? !regbuf_named_watched() :
			       regbuf_gso_fits(sk, req->cargo.total);
}

static bool regbuf_gso_joins(const struct regbuf_batch *batch,
			     const struct regbuf_req *first,
			     const struct regbuf_req *req)
{
	return req->op == REGBUF_OP_SEND && !req->ctl && req->cargo.total &&
	       req->cargo.total <= first->cargo.total &&
	       !(req->flags & REGBUF_SQE_F_MORE) && batch->nr < batch->max &&
	       batch->bytes + req->cargo.total <= REGBUF_DGRAM_BYTES &&
	       req->name_len == first->name_len &&
	       (!req->name_len ||
		!memcmp(req->name, first->name, first->name_len));
}

/* Put it last, unless there would be more pieces than a packet takes. */
static bool regbuf_gso_add(struct regbuf_batch *batch,
			   const struct regbuf_req *req)
{
	struct regbuf_bvecs *to = &batch->x.to;
	u32 nr = to->nr, bytes = batch->bytes;
	u32 last = to->bv[nr - 1].bv_len;

	if (regbuf_batch_add(batch, req) &&
	    (likely(to->nr <= MAX_SKB_FRAGS) || !batch->large))
		return true;
	to->bv[nr - 1].bv_len = last;
	to->nr = nr;
	batch->bytes = bytes;
	batch->nr--;
	return false;
}

static void regbuf_dgram_gather(struct regbuf_ep *ep,
				struct regbuf_batch *batch)
{
	struct regbuf_req *first = list_first_entry(&ep->send.reqs,
						    struct regbuf_req, node);
	struct regbuf_req *req = first;

	regbuf_batch_add(batch, first);
	if (list_is_singular(&ep->send.reqs) || !regbuf_gso_may(ep, first))
		return;
	list_for_each_entry_continue(req, &ep->send.reqs, node) {
		if (!regbuf_gso_joins(batch, first, req) ||
		    !regbuf_gso_add(batch, req))
			return;
		/* The last may be shorter. */
		if (req->cargo.total < first->cargo.total)
			return;
	}
}

static void regbuf_dgram_segment(struct regbuf_xmit *x, u16 size,
				 struct regbuf_segment *segment)
{
	struct cmsghdr *cmsg = (struct cmsghdr *)segment->cmsg;

	memset(segment, 0, sizeof(*segment));
	cmsg->cmsg_len = CMSG_LEN(sizeof(size));
	cmsg->cmsg_level = SOL_UDP;
	cmsg->cmsg_type = UDP_SEGMENT;
	memcpy(CMSG_DATA(cmsg), &size, sizeof(size));
	x->segment = size;
	x->control = segment;
	x->control_len = sizeof(*segment);
}

/* Each of them may have been sent, or none. */
static void regbuf_dgram_lost(struct regbuf_ep *ep, u32 nr, int err)
{
	struct regbuf_req *req;

	while (nr--) {
		req = list_first_entry(&ep->send.reqs, struct regbuf_req, node);
		req->cqe_flags |= REGBUF_CQE_F_SHARED;
		regbuf_send_done(ep, req, err);
	}
}

/*
 * A message of several failed. An error of the message itself that one of its
 * parts would not have had: they go one by one. One that was found before
 * anything was taken is that of the first, as if it had been alone.
 */
static int regbuf_dgram_failed(struct regbuf_ep *ep,
			       const struct regbuf_batch *batch, int err)
{
	if (err == -EAGAIN)
		return err;
	if (err == -EINVAL || err == -EMSGSIZE)
		ep->send.gso_refused = batch->x.segment;
	else if (err == -EIO)
		ep->send.gso_refused = 0;
	else if (batch->x.touched)
		regbuf_dgram_lost(ep, batch->nr, err);
	else
		return err;
	return 0;
}

/**
 * regbuf_dgram_send() - send the first requests of a lane of datagrams
 * @ep: the lane's endpoint
 * @max: how many at most
 *
 * Context: q->lock held; with the endpoint's credentials.
 * Return: 0 if they are through or are to be tried again, or the error of the
 *         first.
 */
int regbuf_dgram_send(struct regbuf_ep *ep, unsigned int max)
{
	struct regbuf_req *first = list_first_entry(&ep->send.reqs,
						    struct regbuf_req, node);
	struct regbuf_segment segment;
	struct regbuf_batch batch;
	int err;

	if (first->cargo.total > U16_MAX)
		return -EMSGSIZE;
	regbuf_batch_init(&batch, ep, min_t(u32, max, REGBUF_DGRAM_SEGMENTS));
	batch.x.more = first->flags & REGBUF_SQE_F_MORE;
	if (first->name_len) {
		batch.x.name = first->name;
		batch.x.name_len = first->name_len;
	}
	regbuf_dgram_gather(ep, &batch);
	batch.x.reason = regbuf_copy_before(&batch.x, batch.x.to.nr);
	if (batch.x.reason < 0 && !batch.large)
		batch.x.reason = REGBUF_COPY_SMALL;
	if (batch.nr > 1)
		regbuf_dgram_segment(&batch.x, first->cargo.total, &segment);
	err = regbuf_batch_send(ep, &batch);
	return err && batch.nr > 1 ? regbuf_dgram_failed(ep, &batch, err) : err;
}
