// SPDX-License-Identifier: GPL-2.0
/*
 * Sends, in every form: from the request's own memory, gathered from buffers
 * (by id, by index, imported) behind inline bytes, and inline; and receives.
 */
#include "soak.h"

static void frame_start(struct req *r)
{
	r->frame = (struct frame){
		.magic = FRAME_DATA,
		.link = r->link->key,
		.seq = ++r->link->seq,
	};
}

/* The frame, and what it says follows, at @to. */
static void frame_write(const struct frame *f, unsigned char *to)
{
	memcpy(to, f, sizeof(*f));
	to += sizeof(*f);
	for (int i = 0; i < PARTS; i++) {
		pattern(to, f->parts[i].len, f->parts[i].key,
			f->parts[i].base);
		to += f->parts[i].len;
	}
}

/* One part, made up for it. */
static void make_up(struct req *r, size_t len)
{
	r->frame.parts[0].key = name_new(NAME_REQUEST, r->data);
	r->frame.parts[0].base = r->data % 4096;
	r->frame.parts[0].len = len;
	frame_seal(&r->frame);
	r->len = frame_len(&r->frame);
}

static void send_own(struct req *r)
{
	size_t at = (r - w.reqs) * ARENA_SLOT + rnd(64), len;
	bool same = chance(2);
	struct regbuf_sqe *sqe;

	/* Often the same length: datagrams go together then. */
	len = rnd(r->link->stream ? 3800 : 1200);
	frame_start(r);
	make_up(r, same ? 1000 : len);
	frame_write(&r->frame, r->q->arena.map->mem + at);
	sqe = req_sqe(r);
	sqe->id = r->q->arena.id;
	sqe->offset = at;
	sqe->length = r->len;
}

static void send_inline(struct req *r)
{
	struct regbuf_sqe *sqe;

	frame_start(r);
	make_up(r, rnd(INLINE - sizeof(r->frame)));
	frame_write(&r->frame, r->bytes);
	sqe = req_sqe(r);
	sqe->id = (unsigned long)r->bytes;
	sqe->length = r->len;
	sqe->flags = REGBUF_SQE_F_INLINE;
}

/* A slice of a buffer, by id or by index. */
static void add_slice(struct req *r, const struct buf *b, int index, size_t max)
{
	unsigned int i = r->nr_slices - 1;
	struct part *part = &r->frame.parts[i];
	size_t off = rnd(b->len), len = b->len - off;

	if (len > max)
		len = max;
	len -= rnd(len);
	part->key = b->key;
	part->base = b->base + off;
	part->len = len;
	part->from = FROM_BUFFER | (b->flags << 4 & FROM_FLAGS) |
		     (b->map ? b->map->kind : 0) |
		     (b->imported ? FROM_IMPORT : 0) |
		     (index < 0 ? 0 : FROM_INDEX) | (r->q ? 0 : FROM_SYNC);
	r->slices[r->nr_slices++] = index < 0 ? rb_slice(b->id, off, len) :
						rb_at(index, off, len);
	r->from[i] = b->map;
	r->kept[i] = b->flags & REGBUF_REGISTER_F_KEEP;
	r->foreign |= b->imported;
	if (b->map)
		b->map->refs++;
}

static void send_list(struct req *r)
{
	unsigned int nr = 1 + rnd(PARTS);
	size_t max = r->link->stream ? 24000 : 300;
	struct regbuf_sqe *sqe;

	frame_start(r);
	r->slices[0] = rb_inline(&r->frame, sizeof(r->frame));
	r->nr_slices = 1;
	for (unsigned int i = 0; i < nr; i++) {
		int index = chance(3) ? (int)rnd(TABLE) : -1;
		struct buf *b = index < 0 ? buf_to_send() : &w.table[index];

		/* The poller would look the index up later. */
		if (!b || !b->id || (index >= 0 && r->q->poller))
			continue;
		add_slice(r, b, index, max);
	}
	frame_seal(&r->frame);
	r->len = frame_len(&r->frame);
	sqe = req_sqe(r);
	sqe->id = (unsigned long)r->slices;
	sqe->length = r->nr_slices;
	sqe->flags = REGBUF_SQE_F_LIST;
}

/* The entry that was just drafted. */
static struct regbuf_sqe *last_sqe(struct queue *q)
{
	return &q->rb.sqes[(q->rb.tail - 1) & (q->rb.sq_entries - 1)];
}

static void add_flags(struct req *r)
{
	bool silent = chance(8), early = chance(6), more = chance(6);
	__u32 timeout = chance(8) ? 1 + rnd(20000) : 0;
	struct regbuf_sqe *sqe = last_sqe(r->q);

	if (silent)
		sqe->flags |= REGBUF_SQE_F_SILENT;
	if (early)
		sqe->flags |= REGBUF_SQE_F_EARLY;
	if (more && r->link->stream)
		sqe->flags |= REGBUF_SQE_F_MORE;
	sqe->timeout_us = timeout;
	r->flags = sqe->flags;
}

/* A datagram goes to anybody, of the socket's family. */
static void add_address(struct req *r)
{
	struct sockaddr_storage own = { };
	socklen_t len = sizeof(own);
	struct regbuf_sqe *sqe = last_sqe(r->q);
	__u32 to = rnd(SEATS);

	getsockname(r->link->fd, (struct sockaddr *)&own, &len);
	address_of(to, own.ss_family, &r->to);
	sqe->flags |= REGBUF_SQE_F_ADDR_PTR;
	sqe->addr_id = (unsigned long)&r->to;
}

static bool draft_send(struct link *l)
{
	struct req *r;

	if (l->broken || l->ending || l->over)
		return false;
	r = req_new(l->q, REGBUF_OP_SEND, l);
	if (!r)
		return false;
	switch (rnd(5)) {
	case 0:
		send_inline(r);
		break;
	case 1 ... 2:
		send_own(r);
		break;
	default:
		send_list(r);
		break;
	}
	if (!l->stream)
		add_address(r);
	add_flags(r);
	return true;
}

void op_send(void)
{
	struct link *l = any_link(!chance(4));

	if (l && draft_send(l))
		submit(l->q);
}

/* Several: what goes together, and completes together. */
void op_burst(void)
{
	struct link *l = any_link(!chance(3));
	__u32 nr = 2 + rnd(12);

	while (l && nr-- && draft_send(l))
		;
	if (l)
		submit(l->q);
}

static void receive_pool(struct req *r)
{
	bool multi = chance(2);
	__u32 times = rnd(8);
	struct regbuf_sqe *sqe;

	sqe = req_sqe(r);
	sqe->flags = REGBUF_SQE_F_POOL;
	if (multi) {
		sqe->flags |= REGBUF_SQE_F_MULTI;
		sqe->length = times;
		r->link->multi = true;
	}
	r->flags = sqe->flags;
	r->len = POOL_SLICE;
}

/* Into one slice of a buffer, or two that may lie anywhere in it. */
static void receive_into(struct req *r, const struct buf *b)
{
	size_t half = (b->len < 65536 ? b->len : 65536) / 2;
	size_t first = half - rnd(half / 2), second = half - rnd(half / 2);
	bool list = chance(2), all = chance(4);
	struct regbuf_sqe *sqe = req_sqe(r);

	r->map = b->map;
	r->map->refs++;
	r->map->busy = true;
	r->base = b->off;
	r->slices[0] = rb_slice(b->id, 0, first);
	r->slices[1] = rb_slice(b->id, b->len - second, second);
	r->nr_slices = 1 + list;
	r->len = first + (list ? second : 0);
	sqe->id = b->id;
	sqe->length = first;
	if (list) {
		sqe->id = (unsigned long)r->slices;
		sqe->length = 2;
		sqe->flags = REGBUF_SQE_F_LIST;
	}
	if (all && r->link->stream)
		sqe->flags |= REGBUF_SQE_F_WAITALL;
	r->flags = sqe->flags;
}

static void receive(struct link *l, bool pool)
{
	struct buf *b = buf_to_land();
	__u32 timeout = chance(6) ? 1 + rnd(100000) : 0;
	struct req *r;

	/* A pool is good for anybody. */
	pool |= !b || b->len < 256;
	if ((pool && l->multi) || (!pool && b->len < 256) || l->over ||
	    l->broken)
		return;
	r = req_new(l->q, REGBUF_OP_RECV, l);
	if (!r)
		return;
	if (pool)
		receive_pool(r);
	else
		receive_into(r, b);
	last_sqe(l->q)->timeout_us = timeout;
	submit(l->q);
}

void op_receive(void)
{
	bool stream = !chance(3), pool = chance(3);
	struct link *l = any_link(stream);

	if (l && l->recvs < 4)
		receive(l, pool);
}

/* C3: without a queue; EBUSY while there are sends in the lane. */
void op_sync(void)
{
	struct link *l = any_link(!chance(3));
	struct buf *b = buf_to_send();
	struct regbuf_ioc_send msg;
	struct sockaddr_storage to;
	struct req r = { .link = l };
	__u32 who = rnd(SEATS);
	int err;

	if (!l || !b || l->fd < 0 || l->broken || l->ending || l->over)
		return;
	/*
	 * What the poller has not taken yet is in no lane: this would overtake.
	 * What is cut off in the middle in this moment leaves a hole.
	 */
	if (l->sends && (l->q->poller || l->stream))
		return;
	frame_start(&r);
	r.slices[0] = rb_inline(&r.frame, sizeof(r.frame));
	r.nr_slices = 1;
	add_slice(&r, b, -1, l->stream ? 24000 : 1000);
	frame_seal(&r.frame);
	r.len = frame_len(&r.frame);
	msg = rb_msg(l->fd, r.slices, r.nr_slices);
	msg.flags = REGBUF_SEND_F_DONTWAIT;
	if (!l->stream) {
		socklen_t len = sizeof(to);

		getsockname(l->fd, (struct sockaddr *)&to, &len);
		msg.addr_len = address_of(who, to.ss_family, &to);
		msg.addr = (unsigned long)&to;
	}
	err = rb_ioctl(w.dev, REGBUF_IOC_SEND, &msg);
	if (err == -ESTALE && !b->imported && !b->map->gone &&
	    !b->map->disturbed)
		die("a send is refused with ESTALE, and nothing was moved");
	if (!err && b->map && b->map->gone && !r.kept[0])
		die("C9: a send was accepted, its memory is unmapped");
	if (b->map)
		map_put(b->map);
	if (l->stream && !err) {
		l->frames += msg.sent == r.len;
		l->broken |= msg.sent != r.len;
	}
}
