// SPDX-License-Identifier: GPL-2.0
/* Buffers: maps, or parts of them, that are registered. */
#include "soak.h"

/* What this may be refused with is what this user has too little of. */
int buf_register(struct buf *b, struct map *map, size_t off, size_t len,
		 __u32 access, __u32 flags)
{
	struct regbuf_ioc_register reg;
	int err = rb_register_flags(w.dev, map->mem + off, len, access, flags,
				    &reg);

	if (err && err != -ENOMEM && (err != -ENOBUFS || w.root))
		die("register %zu bytes at %zu of %s, access %u, flags %#x: %s",
		    len, off, map_text(map), access, flags, strerror(-err));
	if (err)
		return err;
	*b = (struct buf){
		.id = reg.id,
		.map = map,
		.off = off,
		.len = len,
		.key = map->key,
		.base = off,
		.access = access,
		.flags = flags,
	};
	map->refs++;
	return 0;
}

/* C6, in every form; with F_BUSY it may live on. */
void buf_deregister(struct buf *b, __u32 flags)
{
	struct regbuf_ioc_deregister dereg;
	bool wait = flags & REGBUF_DEREGISTER_F_WAIT;
	int err;

	if (!b->id)
		return;
	err = rb_deregister_flags(w.dev, b->id, flags, wait ? RB_SHORT : 0,
				  &dereg);
	if (err == -EBUSY && flags & REGBUF_DEREGISTER_F_BUSY)
		return;
	if (b->imported)
		ALLOW("deregister an import", err, ESTALE, EINPROGRESS);
	else
		ALLOW("deregister", err, EINPROGRESS);
	map_put(b->map);
	*b = (struct buf){ };
}

/* The same id may be in several slots (F_COUNT). */
unsigned int bufs_live(void)
{
	unsigned int nr = 0;

	for (int i = 0; i < BUFS; i++) {
		bool first = w.bufs[i].id && !w.bufs[i].imported;

		for (int j = 0; j < i; j++)
			first &= w.bufs[j].id != w.bufs[i].id;
		nr += first;
	}
	for (unsigned int i = 0; i < w.nr_table; i++)
		nr += !!w.table[i].id;
	for (int i = 0; i < QUEUES; i++)
		nr += !!w.queues[i].arena.id + !!w.queues[i].pool.id;
	return nr;
}

/* Their context is gone. */
void bufs_forget(void)
{
	for (int i = 0; i < BUFS; i++) {
		map_put(w.bufs[i].map);
		w.bufs[i] = (struct buf){ };
	}
}

static bool has(const struct buf *b, __u32 access)
{
	return b->id && b->access & access;
}

/* Any; perhaps one that must be refused. NULL if there is none there. */
struct buf *buf_to_send(void)
{
	struct buf *b = &w.bufs[rnd(BUFS)];

	if (!has(b, RB_READ) || (b->map && b->map->landing))
		return NULL;
	return b;
}

/* One receive at a time, so that what it got can be looked at. */
struct buf *buf_to_land(void)
{
	struct buf *b = &w.bufs[rnd(BUFS)];

	if (!has(b, RB_WRITE) || !b->map || !b->map->landing ||
	    b->map->gone || b->map->disturbed || b->map->busy)
		return NULL;
	return b;
}

static enum kind any_kind(void)
{
	switch (rnd(16)) {
	case 0:
		return THP;
	case 1:
		return HUGETLB;
	case 2:
		return MEMFD_HUGE;
	case 3 ... 5:
		return MEMFD;
	case 6 ... 7:
		return PRIVATE_FILE;
	case 8 ... 9:
		return READ_ONLY;
	default:
		return SMALL;
	}
}

static size_t any_size(enum kind kind)
{
	if (kind == THP || kind == HUGETLB || kind == MEMFD_HUGE)
		return HUGE_PAGE;
	return RB_PAGE * (1 + rnd(chance(4) ? 64 : 12));
}

static __u32 any_flags(void)
{
	return rnd(4) * REGBUF_REGISTER_F_COUNT;
}

/* A new one, in the place of what was there. */
void op_register(void)
{
	struct buf *b = &w.bufs[rnd(BUFS)];
	enum kind kind = any_kind();
	size_t size = any_size(kind), off, len;
	bool landing = kind != READ_ONLY && chance(3);
	__u32 flags = any_flags(), old = rnd(3);
	struct map *map;

	off = chance(2) ? 0 : rnd(RB_PAGE - 1);
	len = size - off - (chance(2) ? 0 : rnd(size - off - 1));
	buf_deregister(b, old);
	if (b->id)
		return;
	map = map_new(kind, size, landing);
	if (!map)
		return;
	buf_register(b, map, off, len, landing ? RB_READ | RB_WRITE : RB_READ,
		     flags);
	map_put(map);
}

/* C11: the same again, or a part of it. */
void op_again(void)
{
	const struct buf *from = &w.bufs[rnd(BUFS)];
	struct buf *b = &w.bufs[rnd(BUFS)];
	__u32 flags = chance(2) ? from->flags : any_flags();
	struct buf again = *from;

	if (!from->map || from->map->gone || from->map->disturbed || b == from)
		return;
	if (chance(4) && again.len > 1) {
		again.len = 1 + rnd(again.len - 1);
		again.off += rnd(from->len - again.len);
	}
	buf_deregister(b, 0);
	buf_register(b, again.map, again.off, again.len, again.access, flags);
}

void op_deregister(void)
{
	buf_deregister(&w.bufs[rnd(BUFS)], rnd(3));
}

/* C5, C6: what is told of a buffer, and what is waited for. */
void op_look(void)
{
	const struct buf *b = &w.bufs[rnd(BUFS)];
	bool wait = chance(4);
	struct regbuf_ioc_query query = { .size = sizeof(query) };
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;
	int err;

	if (rb_stats(w.dev, &stats) ||
	    rb_ioctl(w.dev, REGBUF_IOC_QUERY, &query))
		die("stats or query: %d", -errno);
	if (!b->id)
		return;
	err = wait ? rb_wait(w.dev, b->id, RB_SHORT / 4) :
		     rb_status(w.dev, b->id, &status);
	if (b->imported)
		ALLOW("look at an import", err, ESTALE, ETIMEDOUT);
	else
		ALLOW("look", err, wait ? ETIMEDOUT : 0);
	if (!err && !wait && !b->imported &&
	    (status.length != b->len || status.access != b->access))
		die("C5: id %llx has %llu bytes, access %u; not %zu, %u",
		    b->id, status.length, status.access, b->len, b->access);
}

/* What the slots say of what we know to be live. */
void op_slots(void)
{
	size_t size = BUFS * 8 * sizeof(struct regbuf_slot);
	const struct regbuf_slot *slots;

	size = (size + RB_PAGE - 1) & ~(RB_PAGE - 1);
	slots = mmap(NULL, size, PROT_READ, MAP_SHARED, w.dev, 0);
	if (slots == MAP_FAILED)
		return;
	for (int i = 0; i < BUFS; i++) {
		const struct buf *b = &w.bufs[i];
		__u32 slot = b->id, state;

		if (!b->id || b->imported || slot >= BUFS * 8)
			continue;
		state = __atomic_load_n(&slots[slot].state, __ATOMIC_ACQUIRE);
		if (slots[slot].id != b->id || slots[slot].length != b->len ||
		    (state != REGBUF_STATE_LIVE &&
		     state != REGBUF_STATE_DETACHED))
			die("slot %u: id %llx, %llu bytes, state %u; not %llx",
			    slot, slots[slot].id, slots[slot].length, state,
			    b->id);
	}
	munmap((void *)slots, size);
}
