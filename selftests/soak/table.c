// SPDX-License-Identifier: GPL-2.0
/* C12: the table, replaced and changed in part. */
#include "soak.h"

/* A part of some map, or nothing. */
static struct buf any_entry(void)
{
	const struct buf *from = &w.bufs[rnd(BUFS)];
	bool keep = chance(4), whole = chance(2);
	struct buf b = *from;

	if (!b.map || b.map->gone || b.map->disturbed || b.map->landing)
		return (struct buf){ };
	if (!whole) {
		b.len = 1 + rnd(b.len);
		b.off += rnd(from->len - b.len + 1);
	}
	b.base = b.off;
	b.access = RB_READ;
	b.flags = keep ? REGBUF_REGISTER_F_KEEP : 0;
	return b;
}

static struct regbuf_array_entry entry_of(const struct buf *b)
{
	struct regbuf_array_entry entry = { };

	if (b->map)
		entry = rb_entry(b->map->mem + b->off, b->len, b->access);
	entry.flags = b->flags;
	return entry;
}

static void entry_set(unsigned int i, const struct buf *b, __u64 id)
{
	if (b->map)
		b->map->refs++;
	map_put(w.table[i].map);
	w.table[i] = *b;
	w.table[i].id = id;
}

/* As a request, among others: it is done when it is taken. */
static int change_by(struct queue *q, struct regbuf_ioc_array *array)
{
	struct req *r = req_new(q, REGBUF_OP_ARRAY, NULL);
	long long end = rb_now() + patience();

	if (!r)
		return -EAGAIN;
	req_sqe(r)->id = (unsigned long)array;
	submit(q);
	if (r->state != PENDING)
		return -EAGAIN;
	while (r->state == PENDING) {
		if (rb_now() > end)
			die("C1: a change of the table does not end");
		reap();
	}
	return -w.array_error;
}

/* Through the call or a queue; 0 or -errno. */
static int change(__u32 flags, const struct buf *bufs, __u32 nr, __u32 first)
{
	struct regbuf_array_entry entries[TABLE];
	struct regbuf_ioc_array array =
		rb_array_args(flags, entries, nr, first);
	struct queue *q = any_queue();
	bool call = chance(2);
	int err;

	for (__u32 i = 0; i < nr; i++)
		entries[i] = entry_of(&bufs[i]);
	err = call || q->poller ? rb_ioctl(w.dev, REGBUF_IOC_ARRAY, &array) :
				  change_by(q, &array);
	ALLOW("array", err, w.root ? ENOMEM : ENOBUFS, ENOMEM, EAGAIN);
	for (__u32 i = 0; i < nr && !err; i++) {
		if (!entries[i].id != !bufs[i].map)
			die("C12: entry %u got id %llx", i, entries[i].id);
		entry_set(first + i, &bufs[i], entries[i].id);
	}
	return err;
}

void op_table(void)
{
	__u32 nr = rnd(TABLE + 1), old = w.nr_table;
	struct buf bufs[TABLE];

	for (__u32 i = 0; i < nr; i++)
		bufs[i] = any_entry();
	if (change(0, bufs, nr, 0))
		return;
	for (__u32 i = nr; i < old; i++)
		entry_set(i, &(struct buf){ }, 0);
	w.nr_table = nr;
}

/* Only as much of it as there is. */
void op_table_entry(void)
{
	__u32 first = rnd(TABLE);
	struct buf b = any_entry();

	if (first < w.nr_table)
		change(REGBUF_ARRAY_F_UPDATE, &b, 1, first);
}

/* Its context is gone. */
void table_forget(void)
{
	for (int i = 0; i < TABLE; i++) {
		map_put(w.table[i].map);
		w.table[i] = (struct buf){ };
	}
	w.nr_table = 0;
}
