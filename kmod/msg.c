// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: from a submission entry to a send or receive: slices, addresses, control
 * data.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/uaccess.h>
#include <linux/udp.h>
#include <net/sock.h>

#include "queue.h"

#define REGBUF_SEND_NAMED	(REGBUF_SQE_F_ADDR | REGBUF_SQE_F_ADDR_PTR)
#define REGBUF_SEND_SLICES	(REGBUF_SQE_F_LIST | REGBUF_SQE_F_INLINE)

/* How the buffers are named that an entry names. */
static u32 regbuf_slice_flags(const struct regbuf_sqe *sqe)
{
	return sqe->flags & REGBUF_SQE_F_INDEX ? REGBUF_SLICE_F_INDEX : 0;
}

static bool regbuf_both(u32 flags, u32 a, u32 b)
{
	return flags & a && flags & b;
}

/* Buffers besides those of slices: of an address, of control data. */
static u32 regbuf_msg_others(const struct regbuf_sqe *sqe)
{
	return !!(sqe->flags & REGBUF_SQE_F_ADDR) + !!sqe->ext;
}

/*
 * The slice, the list or the bytes; and room for other buffers. What is not
 * inline has something on the stack, which sends of one slice do without.
 */
static noinline int regbuf_msg_slices(struct regbuf_req *req,
				      const struct regbuf_sqe *sqe, u32 access)
{
	struct regbuf_cargo *cargo = &req->cargo;
	struct regbuf_hold *hold = &req->q->hold;
	struct regbuf_slice slice = {
		.id = sqe->id,
		.offset = sqe->offset,
		.length = sqe->length,
		.flags = regbuf_slice_flags(sqe),
	};
	bool list = sqe->flags & REGBUF_SQE_F_LIST;
	int err;

	if (list && (sqe->offset || sqe->length > REGBUF_MAX_SLICES))
		return -EINVAL;
	err = regbuf_cargo_room(cargo, (list ? sqe->length : 1) +
				       regbuf_msg_others(sqe));
	if (err)
		return err;
	if (sqe->flags & REGBUF_SQE_F_INLINE)
		slice.flags = REGBUF_SLICE_F_INLINE;
	/* An empty datagram, or nothing to receive into, needs no buffer. */
	else if (!sqe->id && !sqe->offset && !sqe->length && !slice.flags)
		return 0;
	err = list ? regbuf_cargo_import(cargo, hold, access,
					 u64_to_user_ptr(sqe->id),
					 sqe->length) :
		     regbuf_cargo_load(cargo, hold, access, &slice);
	return err ?: regbuf_cargo_take(cargo, &req->q->frag);
}

/* One slice and nothing else, as most are. */
static __always_inline int regbuf_msg_plain(struct regbuf_req *req,
					    const struct regbuf_sqe *sqe,
					    u32 access)
{
	struct regbuf_cargo *cargo = &req->cargo;
	struct regbuf_seg *seg = cargo->few_segs;
	struct regbuf_buf *buf;

	if (!sqe->id || sqe->ext || sqe->flags & REGBUF_SQE_F_INDEX)
		return regbuf_msg_slices(req, sqe, access);
	buf = regbuf_hold_get(&req->q->hold, sqe->id);
	if (IS_ERR(buf))
		return regbuf_note_failed(req->q->ctx, sqe->id, PTR_ERR(buf));
	seg->buf = buf;
	seg->holds = true;
	cargo->plain = true;
	cargo->nr_segs = 1;
	cargo->nr_bufs = 1;
	cargo->total = sqe->length;
	return regbuf_seg_set(seg, buf, access, sqe->offset, sqe->length);
}

static int regbuf_msg_ext(const struct regbuf_sqe *sqe, struct regbuf_ext *ext)
{
	void __user *from = u64_to_user_ptr(sqe->ext);
	u32 size;
	int err;

	if (get_user(size, (u32 __user *)from))
		return -EFAULT;
	if (size < sizeof(*ext))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(ext, sizeof(*ext), from, size);
	if (err)
		return err;
	if (ext->flags)
		return -EOPNOTSUPP;
	if (ext->__resv || ext->ctl_length > REGBUF_MAX_CONTROL)
		return -EINVAL;
	return 0;
}

/* As copy_from_user(), of which these few words would be a small part. */
static int regbuf_name_copy(struct regbuf_more *more, const void __user *from)
{
	const u64 __user *words = from;
	u32 i;

	if (should_fail_usercopy() ||
	    !user_access_begin(from, REGBUF_ADDR_SIZE))
		return -EFAULT;
#pragma GCC unroll 3
	for (i = 0; i < REGBUF_ADDR_SIZE / sizeof(u64); i++)
		unsafe_get_user(more->name_words[i], &words[i], fault);
	/* The rest is half a word. */
	BUILD_BUG_ON(REGBUF_ADDR_SIZE % sizeof(u64) != sizeof(u32));
	unsafe_get_user(more->name_words[i], (const u32 __user *)&words[i],
			fault);
	user_access_end();
	return 0;

fault:
	user_access_end();
	return -EFAULT;
}

static noinline int regbuf_name_read(struct regbuf_req *req,
				     const struct regbuf_sqe *sqe)
{
	struct regbuf_slice slice = {
		.id = sqe->addr_id,
		.offset = sqe->addr_offset,
		.length = REGBUF_ADDR_SIZE,
		.flags = regbuf_slice_flags(sqe),
	};
	struct regbuf_more *more = req->more;
	struct regbuf_seg seg;
	int err;

	err = regbuf_cargo_other(&req->cargo, &req->q->hold,
				 REGBUF_ACCESS_READ, &slice, &seg);
	if (err)
		return err;
	more->name_words[ARRAY_SIZE(more->name_words) - 1] = 0;
	regbuf_seg_read(&seg, more->name, REGBUF_ADDR_SIZE);
	return 0;
}

/* Where to: read now, from a buffer or from the caller's memory. */
static int regbuf_send_name(struct regbuf_req *req,
			    const struct regbuf_sqe *sqe)
{
	bool ptr = sqe->flags & REGBUF_SQE_F_ADDR_PTR;
	const struct sockaddr *name;
	int err;

	if (sk_is_tcp(req->ep->sock->sk))
		return -EISCONN;
	if (ptr && sqe->addr_offset)
		return -EINVAL;
	err = regbuf_req_more(req);
	if (err)
		return err;
	err = ptr ? regbuf_name_copy(req->more, u64_to_user_ptr(sqe->addr_id)) :
		    regbuf_name_read(req, sqe);
	if (err)
		return err;
	name = (const struct sockaddr *)req->more->name;
	req->name_len = name->sa_family == AF_INET ?
			sizeof(struct sockaddr_in) : REGBUF_ADDR_SIZE;
	return 0;
}

static int regbuf_send_control(struct regbuf_req *req,
			       const struct regbuf_ext *ext)
{
	u32 len = ALIGN(ext->ctl_length, sizeof(long));
	u32 room = len + (ext->segment ? CMSG_SPACE(sizeof(u16)) : 0);
	struct regbuf_more *more;

	if (ext->ctl_offset || !ext->ctl_id != !ext->ctl_length ||
	    (ext->segment && sk_is_tcp(req->ep->sock->sk)))
		return -EINVAL;
	if (!room)
		return 0;
	if (regbuf_req_more(req))
		return -ENOMEM;
	more = req->more;
	more->ctl = kzalloc(room, GFP_KERNEL_ACCOUNT);
	if (!more->ctl)
		return -ENOMEM;
	more->ctl_len = room;
	req->control = true;
	req->fancy = true;
	if (copy_from_user(more->ctl, u64_to_user_ptr(ext->ctl_id),
			   ext->ctl_length))
		return -EFAULT;
	if (ext->segment)
		regbuf_gso_control(more->ctl + len, ext->segment);
	return 0;
}

static noinline int regbuf_send_ext(struct regbuf_req *req,
				    const struct regbuf_sqe *sqe)
{
	struct regbuf_ext ext;

	return regbuf_msg_ext(sqe, &ext) ?: regbuf_send_control(req, &ext);
}

static int regbuf_msg_send(struct regbuf_req *req,
			   const struct regbuf_sqe *sqe)
{
	u32 flags = sqe->flags;
	bool named = flags & REGBUF_SEND_NAMED;
	int err;

	if (regbuf_both(flags, REGBUF_SQE_F_LIST, REGBUF_SQE_F_INLINE) ||
	    regbuf_both(flags, REGBUF_SQE_F_ADDR, REGBUF_SQE_F_ADDR_PTR) ||
	    (!named && (sqe->addr_id || sqe->addr_offset)))
		return -EINVAL;
	err = flags & REGBUF_SEND_SLICES ?
	      regbuf_msg_slices(req, sqe, REGBUF_ACCESS_READ) :
	      regbuf_msg_plain(req, sqe, REGBUF_ACCESS_READ);
	if (!err && named)
		err = regbuf_send_name(req, sqe);
	if (!err && sqe->ext)
		err = regbuf_send_ext(req, sqe);
	return err;
}

int regbuf_op_send(struct regbuf_queue *q, struct regbuf_req *req,
		   const struct regbuf_sqe *sqe)
{
	int err = regbuf_op_lane(req, sqe, true);

	if (unlikely(err))
		return err;
	err = regbuf_msg_send(req, sqe);
	if (unlikely(err))
		return err;
	/* In flight, req->ep may be gone. */
	req->left = sqe->endpoint;
	if (unlikely(req->ep->flags & REGBUF_ATTACH_F_ORDERED)) {
		req->fancy = true;
		err = regbuf_req_more(req);
	}
	return err ?: regbuf_lane_add(&req->ep->send, req);
}

/* In a slice of the pool, or in one of the program's choice. */
static int regbuf_recv_name(struct regbuf_req *req,
			    const struct regbuf_sqe *sqe)
{
	struct regbuf_slice slice = {
		.id = sqe->addr_id,
		.offset = sqe->addr_offset,
		.length = REGBUF_ADDR_SIZE,
		.flags = regbuf_slice_flags(sqe),
	};

	if (regbuf_req_more(req))
		return -ENOMEM;
	req->name_len = REGBUF_ADDR_SIZE;
	if (sqe->flags & REGBUF_SQE_F_POOL)
		return sqe->addr_id || sqe->addr_offset ? -EINVAL : 0;
	return regbuf_cargo_other(&req->cargo, &req->q->hold,
				  REGBUF_ACCESS_WRITE, &slice,
				  &req->more->name_seg);
}

static int regbuf_recv_control(struct regbuf_req *req,
			       const struct regbuf_sqe *sqe)
{
	struct regbuf_slice slice = { .flags = regbuf_slice_flags(sqe) };
	struct regbuf_ext ext;
	int err = regbuf_msg_ext(sqe, &ext);

	if (err)
		return err;
	if (ext.segment)
		return -EINVAL;
	err = regbuf_req_more(req);
	if (err)
		return err;
	req->control = ext.ctl_length;
	req->more->ctl_len = ext.ctl_length;
	if (sqe->flags & REGBUF_SQE_F_POOL)
		return ext.ctl_id || ext.ctl_offset || ext.ctl_length % 8 ?
		       -EINVAL : 0;
	if (!ext.ctl_length)
		return ext.ctl_id || ext.ctl_offset ? -EINVAL : 0;
	slice.id = ext.ctl_id;
	slice.offset = ext.ctl_offset;
	slice.length = ext.ctl_length;
	return regbuf_cargo_other(&req->cargo, &req->q->hold,
				  REGBUF_ACCESS_WRITE, &slice,
				  &req->more->ctl_seg);
}

static int regbuf_recv_pooled(struct regbuf_req *req,
			      const struct regbuf_sqe *sqe)
{
	bool multi = sqe->flags & REGBUF_SQE_F_MULTI;

	if (sqe->id || sqe->offset || (sqe->length && !multi) ||
	    !req->q->pool.count)
		return -EINVAL;
	req->left = sqe->length;
	req->bounded = sqe->length;
	return 0;
}

static int regbuf_msg_recv(struct regbuf_req *req,
			   const struct regbuf_sqe *sqe)
{
	bool stream = sk_is_tcp(req->ep->sock->sk);
	bool pool = sqe->flags & REGBUF_SQE_F_POOL;
	bool named = sqe->flags & REGBUF_SQE_F_ADDR;
	bool all = sqe->flags & REGBUF_SQE_F_WAITALL;
	int err;

	if ((sqe->flags & REGBUF_SQE_F_MULTI && !pool) ||
	    (pool && (all || sqe->flags & (REGBUF_SQE_F_LIST |
					   REGBUF_SQE_F_INDEX))) ||
	    (!named && (sqe->addr_id || sqe->addr_offset)) ||
	    (stream && (named || sqe->ext)) || (!stream && all))
		return -EINVAL;
	if (pool)
		err = regbuf_recv_pooled(req, sqe);
	else if (sqe->flags & REGBUF_SQE_F_LIST)
		err = regbuf_msg_slices(req, sqe, REGBUF_ACCESS_WRITE);
	else
		err = regbuf_msg_plain(req, sqe, REGBUF_ACCESS_WRITE);
	if (!err && named)
		err = regbuf_recv_name(req, sqe);
	if (!err && sqe->ext)
		err = regbuf_recv_control(req, sqe);
	return err;
}

int regbuf_op_recv(struct regbuf_queue *q, struct regbuf_req *req,
		   const struct regbuf_sqe *sqe)
{
	int err = regbuf_op_lane(req, sqe, false) ?: regbuf_msg_recv(req, sqe);

	return err ?: regbuf_lane_add(&req->ep->recv, req);
}
