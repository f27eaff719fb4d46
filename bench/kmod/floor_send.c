// SPDX-License-Identifier: GPL-2.0
/*
 * The floor's sends: as little as there can be around sock_sendmsg().
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/udp.h>
#include <net/sock.h>

#include "compat.h"
#include "floor_int.h"

/* What fits into a UDP super-packet over IPv4. */
#define REGBUF_FLOOR_MAX_SEGS	64
#define REGBUF_FLOOR_MAX_DGRAM	65507

/* What one run has in the stack. */
struct regbuf_floor_flight {
	struct ubuf_info ubuf;
	struct regbuf_floor *floor;
	u32 count;
	bool refs;		/* each fragment has a reference */
};

/* One message, and what stays the same for the next. */
struct regbuf_floor_msg {
	struct msghdr msg;
	struct regbuf_floor_flight *flight;	/* NULL to copy */
	union {
		struct cmsghdr header;
		u8 room[CMSG_SPACE(sizeof(u16))];
	} control;
};

static struct kmem_cache *regbuf_floor_flights;

static void regbuf_floor_land(struct regbuf_floor_flight *flight)
{
	struct regbuf_floor *floor = flight->floor;
	u32 count = flight->count;
	unsigned long irq;

	kmem_cache_free(regbuf_floor_flights, flight);
	/* The file may be gone as soon as this lock is free. */
	spin_lock_irqsave(&floor->wait.lock, irq);
	WRITE_ONCE(floor->in_flight, floor->in_flight - count);
	wake_up_locked(&floor->wait);
	spin_unlock_irqrestore(&floor->wait.lock, irq);
}

static void regbuf_floor_complete(struct sk_buff *skb, struct ubuf_info *ubuf,
				  bool ok)
{
	if (refcount_dec_and_test(&ubuf->refcnt))
		regbuf_floor_land(container_of(ubuf, struct regbuf_floor_flight,
					       ubuf));
}

REGBUF_UBUF_OPS(regbuf_floor_ubuf_ops, regbuf_floor_complete);

static struct regbuf_floor_flight *
regbuf_floor_take_off(struct regbuf_floor *floor, u32 count, bool refs)
{
	struct regbuf_floor_flight *flight;

	flight = kmem_cache_alloc(regbuf_floor_flights, GFP_KERNEL);
	if (!flight)
		return NULL;
	flight->ubuf.flags = SKBFL_ZEROCOPY_FRAG | SKBFL_DONT_ORPHAN;
	regbuf_ubuf_set_ops(&flight->ubuf, regbuf_floor_ubuf_ops);
	refcount_set(&flight->ubuf.refcnt, 1);
	flight->floor = floor;
	flight->count = count;
	flight->refs = refs;
	spin_lock_irq(&floor->wait.lock);
	floor->in_flight += count;
	spin_unlock_irq(&floor->wait.lock);
	return flight;
}

/*
 * Does an skb that is being filled leave it to the flight to keep its pages?
 * All its fragments have to be alike.
 */
static bool regbuf_floor_manages(const struct regbuf_floor_flight *flight,
				 struct sk_buff *skb)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (!shinfo->nr_frags && !flight->refs)
		shinfo->flags |= SKBFL_MANAGED_FRAG_REFS;
	return skb_zcopy_managed(skb);
}

/* One fragment for each run, by reference; called by the stack. */
static int regbuf_floor_fill(REGBUF_SG_SK struct sk_buff *skb,
			     struct iov_iter *from, size_t length)
{
	struct msghdr *msg = container_of(from, struct msghdr, msg_iter);
	struct regbuf_floor_flight *flight =
		container_of(msg->msg_ubuf, struct regbuf_floor_flight, ubuf);
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	bool managed = regbuf_floor_manages(flight, skb);
	u32 len, at, filled = 0, truesize = 0;
	const struct bio_vec *bv = from->bvec;
	struct page *page;

	/* Less than nothing, of a socket that may not grow. */
	if ((ssize_t)length < 0)
		return -EMSGSIZE;
	length = min(length, from->count);
	while (filled < length && shinfo->nr_frags < MAX_SKB_FRAGS) {
		at = bv->bv_offset + from->iov_offset;
		len = min_t(size_t, length - filled,
			    bv->bv_len - from->iov_offset);
		page = bv->bv_page + (at >> PAGE_SHIFT);
		at = offset_in_page(at);
		if (!managed)
			get_page(page);
		__skb_fill_page_desc_noacc(shinfo, shinfo->nr_frags++, page,
					   at, len);
		truesize += PAGE_ALIGN(at + len);
		filled += len;
		from->iov_offset += len;
		if (from->iov_offset == bv->bv_len) {
			bv++;
			from->iov_offset = 0;
		}
	}
	from->nr_segs -= bv - from->bvec;
	from->bvec = bv;
	from->count -= filled;
	skb->data_len += filled;
	skb->len += filled;
	skb->truesize += truesize;
	regbuf_sg_charge(skb, truesize);
	return filled < length ? -EMSGSIZE : 0;
}

/* The bytes [offset, offset + len) as one message, whole. */
static int regbuf_floor_one(struct regbuf_floor *floor, struct socket *sock,
			    struct regbuf_floor_msg *m, u64 offset, u32 len)
{
	unsigned int begun = floor->runs[0].bv_offset;
	u32 run = floor->run_of[(begun + offset) >> PAGE_SHIFT];
	struct msghdr *msg = &m->msg;
	int ret;

	msg->msg_flags = MSG_NOSIGNAL;
	if (m->flight) {
		msg->msg_flags |= MSG_ZEROCOPY;
		msg->msg_ubuf = &m->flight->ubuf;
		msg->sg_from_iter = regbuf_floor_fill;
	}
	iov_iter_bvec(&msg->msg_iter, ITER_SOURCE, floor->runs + run,
		      floor->nr_runs - run, len);
	msg->msg_iter.iov_offset = offset - floor->run_starts[run];
	ret = sock_sendmsg(sock, msg);
	if (ret < 0)
		return ret;
	return ret == len ? 0 : -EINTR;
}

static void regbuf_floor_set_segment(struct regbuf_floor_msg *m, u16 size)
{
	struct cmsghdr *header = &m->control.header;

	header->cmsg_level = SOL_UDP;
	header->cmsg_type = UDP_SEGMENT;
	header->cmsg_len = CMSG_LEN(sizeof(size));
	*(u16 *)CMSG_DATA(header) = size;
}

static int regbuf_floor_super_packets(struct regbuf_floor *floor,
				      struct regbuf_floor_msg *m,
				      const struct regbuf_floor_run *run)
{
	u32 segs = min_t(u32, REGBUF_FLOOR_MAX_SEGS,
			 REGBUF_FLOOR_MAX_DGRAM / run->len);
	u32 i, n;
	int err;

	if (!segs)
		return -EMSGSIZE;
	regbuf_floor_set_segment(m, run->len);
	for (i = 0; i < run->count; i += n) {
		n = min(segs, run->count - i);
		/* The stack moves these on. */
		m->msg.msg_control = &m->control;
		m->msg.msg_controllen = sizeof(m->control);
		err = regbuf_floor_one(floor, floor->sockets[run->socket], m,
				       run->offset + (u64)i * run->len,
				       n * run->len);
		if (err)
			return err;
	}
	return 0;
}

static int regbuf_floor_singles(struct regbuf_floor *floor,
				struct regbuf_floor_msg *m,
				const struct regbuf_floor_run *run)
{
	u32 i, socket = run->socket, name = 0;
	int err = 0;

	for (i = 0; !err && i < run->count; i++) {
		if (run->flags & REGBUF_FLOOR_F_NAMES) {
			m->msg.msg_name = floor->names + name;
			m->msg.msg_namelen = sizeof(*floor->names);
			if (++name == floor->nr_names)
				name = 0;
		}
		err = regbuf_floor_one(floor, floor->sockets[socket], m,
				       run->offset + (u64)i * run->len,
				       run->len);
		if (run->flags & REGBUF_FLOOR_F_SPREAD &&
		    ++socket == floor->nr_sockets)
			socket = 0;
	}
	return err;
}

static int regbuf_floor_check(const struct regbuf_floor *floor,
			      const struct regbuf_floor_run *run)
{
	u32 spread = REGBUF_FLOOR_F_SPREAD | REGBUF_FLOOR_F_NAMES;
	u64 bytes = (u64)run->len * run->count;

	if (!bytes || bytes > floor->len || run->offset > floor->len - bytes)
		return -EFAULT;
	if (run->socket >= floor->nr_sockets)
		return -EBADF;
	if (run->flags & REGBUF_FLOOR_F_NAMES && !floor->nr_names)
		return -EDESTADDRREQ;
	if (run->flags & REGBUF_FLOOR_F_COALESCE && run->flags & spread)
		return -EINVAL;
	return 0;
}

/**
 * regbuf_floor_send() - do what REGBUF_FLOOR_RUN asks for
 * @floor: the file; its lock is held
 * @run: the sends
 *
 * Context: Process context. Sleeps until all have entered their sockets.
 * Return: 0, or a negative errno: some may have entered then.
 */
int regbuf_floor_send(struct regbuf_floor *floor,
		      const struct regbuf_floor_run *run)
{
	bool refs = run->flags & REGBUF_FLOOR_F_REFS;
	struct regbuf_floor_msg m = {};
	int err;

	lockdep_assert_held(&floor->lock);
	err = regbuf_floor_check(floor, run);
	if (err)
		return err;
	if (!(run->flags & REGBUF_FLOOR_F_COPY)) {
		m.flight = regbuf_floor_take_off(floor, run->count, refs);
		if (!m.flight)
			return -ENOMEM;
	}
	if (!(run->flags & REGBUF_FLOOR_F_COALESCE))
		err = regbuf_floor_singles(floor, &m, run);
	else if (sk_is_tcp(floor->sockets[run->socket]->sk))
		err = regbuf_floor_one(floor, floor->sockets[run->socket], &m,
				       run->offset, run->len * run->count);
	else
		err = regbuf_floor_super_packets(floor, &m, run);
	if (m.flight)
		regbuf_floor_complete(NULL, &m.flight->ubuf, true);
	return err;
}

int __init regbuf_floor_send_setup(void)
{
	regbuf_floor_flights = KMEM_CACHE(regbuf_floor_flight, 0);
	return regbuf_floor_flights ? 0 : -ENOMEM;
}

void regbuf_floor_send_cleanup(void)
{
	kmem_cache_destroy(regbuf_floor_flights);
}
