// SPDX-License-Identifier: GPL-2.0
/*
 * The table of a context: buffers by index. It holds ids: what an index means
 * is looked up, and then the id is, as any other.
 */
#include <linux/err.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "regbuf.h"

struct regbuf_table {
	struct rcu_head rcu;
	u32 nr;
	u64 ids[];	/* 0: empty */
};

/* What is to be put into the table. */
struct regbuf_change {
	struct regbuf_ctx *ctx;
	struct regbuf_ioc_array *arg;
	struct regbuf_array_entry __user *entries;
	struct regbuf_buf **bufs;	/* NULL: empty */
	u64 *old;		/* ids, that go */
	u32 nr_old;
	struct regbuf_table *table;	/* the new one; none for an update */
};

static u64 regbuf_index_id(struct regbuf_ctx *ctx, u64 index)
{
	struct regbuf_table *table;
	u64 id = REGBUF_ID_NONE;

	rcu_read_lock();
	table = rcu_dereference(ctx->table);
	if (table && index < table->nr)
		id = READ_ONCE(table->ids[array_index_nospec(index,
							     table->nr)]);
	rcu_read_unlock();
	return id;
}

/**
 * regbuf_index_get() - find the live buffer that an index means
 * @hold: as of regbuf_hold_get()
 * @index: in the table
 *
 * Context: Process context. May sleep.
 * Return: as regbuf_hold_get(). A table that is replaced meanwhile means one or
 *         the other.
 */
struct regbuf_buf *regbuf_index_get(struct regbuf_hold *hold, u64 index)
{
	u64 id = regbuf_index_id(hold->ctx, index), was;
	struct regbuf_buf *buf;

	do {
		if (id == REGBUF_ID_NONE)
			return ERR_PTR(-ENOENT);
		buf = regbuf_hold_get(hold, id);
		was = id;
	} while (buf == ERR_PTR(-ESTALE) &&
		 (id = regbuf_index_id(hold->ctx, index)) != was);
	return buf;
}

/**
 * regbuf_array_free() - a context goes
 * @ctx: the context
 *
 * Context: Process context.
 */
void regbuf_array_free(struct regbuf_ctx *ctx)
{
	kvfree(rcu_dereference_protected(ctx->table, true));
}

static int regbuf_entry_check(const struct regbuf_array_entry *entry,
			      struct regbuf_want *want)
{
	if (!entry->addr != !entry->length ||
	    (!entry->length && (entry->access || entry->flags)))
		return -EINVAL;
	if (entry->flags & ~REGBUF_REGISTER_F_KEEP)
		return -EOPNOTSUPP;
	*want = (struct regbuf_want){
		.addr = entry->addr,
		.length = entry->length,
		.access = entry->access,
		.flags = entry->flags,
	};
	return entry->length ? regbuf_register_check(want) : 0;
}

static int regbuf_entry_tell(struct regbuf_array_entry __user *entry,
			     const struct regbuf_buf *buf)
{
	return put_user(buf ? buf->id : REGBUF_ID_NONE, &entry->id);
}

/* Register what an entry wants; its id is told, but not live. */
static int regbuf_change_entry(struct regbuf_change *c, u32 i)
{
	struct regbuf_ioc_array *arg = c->arg;
	struct regbuf_array_entry entry;
	struct regbuf_want want;
	struct regbuf_buf *buf;
	int err;

	if (copy_from_user(&entry, &c->entries[i], sizeof(entry)))
		return -EFAULT;
	err = regbuf_entry_check(&entry, &want);
	if (err || !entry.length)
		return err ?: regbuf_entry_tell(&c->entries[i], NULL);
	buf = regbuf_register(c->ctx, &want);
	arg->needed = want.needed;
	arg->charged = want.charged;
	arg->allowed = want.allowed;
	if (IS_ERR(buf)) {
		err = PTR_ERR(buf);
		regbuf_note_registered(c->ctx, REGBUF_ID_NONE, &want, err);
		return err;
	}
	c->bufs[i] = buf;
	arg->result |= want.result & REGBUF_REGISTER_R_UNCHARGED;
	return regbuf_entry_tell(&c->entries[i], buf);
}

static int regbuf_change_register(struct regbuf_change *c)
{
	int err = 0;
	u32 i;

	for (i = 0; i < c->arg->nr && !err; i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		c->arg->failed = i;
		err = regbuf_change_entry(c, i);
		cond_resched();
	}
	return err;
}

/* Nobody has been told of them. */
static void regbuf_change_undo(struct regbuf_change *c)
{
	u32 i;

	for (i = 0; i < c->arg->nr; i++)
		if (c->bufs[i]) {
			regbuf_buf_release(c->bufs[i]);
			cond_resched();
		}
}

static void regbuf_entry_done(struct regbuf_buf *buf)
{
	const struct regbuf_want want = {
		.addr = buf->mem->pin.start + buf->mem->first,
		.length = buf->length,
		.access = buf->access,
		.needed = buf->mem->charge.pages,
	};

	regbuf_register_done(buf, &want);
}

static struct regbuf_table *regbuf_change_table(const struct regbuf_change *c)
{
	return rcu_dereference_protected(c->ctx->table,
					 lockdep_is_held(&c->ctx->lock));
}

static u64 regbuf_change_id(const struct regbuf_change *c, u32 i)
{
	return c->bufs[i] ? c->bufs[i]->id : REGBUF_ID_NONE;
}

/* Another table, whole. */
static void regbuf_change_replace(struct regbuf_change *c)
{
	struct regbuf_table *old = regbuf_change_table(c);
	u32 i;

	for (i = 0; i < c->arg->nr; i++)
		c->table->ids[i] = regbuf_change_id(c, i);
	rcu_assign_pointer(c->ctx->table, c->table);
	c->table = old;
	if (old) {
		c->old = old->ids;
		c->nr_old = old->nr;
	}
}

/* Other ids in the table that there is. */
static void regbuf_change_update(struct regbuf_change *c)
{
	struct regbuf_table *table = regbuf_change_table(c);
	u32 i, at = c->arg->first;

	for (i = 0; i < c->arg->nr; i++, at++) {
		c->old[i] = table->ids[at];
		WRITE_ONCE(table->ids[at], regbuf_change_id(c, i));
	}
	c->nr_old = c->arg->nr;
}

static bool regbuf_change_fits(const struct regbuf_change *c)
{
	const struct regbuf_table *table = regbuf_change_table(c);
	u32 nr = table ? table->nr : 0;

	return !(c->arg->flags & REGBUF_ARRAY_F_UPDATE) ||
	       (c->arg->first <= nr && c->arg->nr <= nr - c->arg->first);
}

/* From here on it cannot fail: the ids are live before an index is them. */
static int regbuf_change_commit(struct regbuf_change *c)
{
	bool fits;
	u32 i;

	mutex_lock(&c->ctx->lock);
	fits = regbuf_change_fits(c);
	if (fits) {
		for (i = 0; i < c->arg->nr; i++)
			if (c->bufs[i]) {
				regbuf_entry_done(c->bufs[i]);
				cond_resched();
			}
		if (c->arg->flags & REGBUF_ARRAY_F_UPDATE)
			regbuf_change_update(c);
		else
			regbuf_change_replace(c);
	}
	mutex_unlock(&c->ctx->lock);
	return fits ? 0 : -ERANGE;
}

/* What the table does not name any more. */
static void regbuf_change_end(struct regbuf_change *c)
{
	u32 i;

	for (i = 0; i < c->nr_old; i++) {
		if (c->old[i])
			regbuf_deregister_id(c->ctx, c->old[i]);
		cond_resched();
	}
}

static int regbuf_change_alloc(struct regbuf_change *c)
{
	u32 nr = c->arg->nr;

	c->bufs = kvcalloc(nr, sizeof(*c->bufs),
			   GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (nr && !c->bufs)
		return -ENOMEM;
	if (c->arg->flags & REGBUF_ARRAY_F_UPDATE) {
		c->old = kvcalloc(nr, sizeof(*c->old),
				  GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		return nr && !c->old ? -ENOMEM : 0;
	}
	if (!nr)
		return 0;
	c->table = kvzalloc(struct_size(c->table, ids, nr),
			    GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!c->table)
		return -ENOMEM;
	c->table->nr = nr;
	return 0;
}

/* The old table, or the new one if that is not used. */
static void regbuf_change_free(struct regbuf_change *c)
{
	if (c->arg->flags & REGBUF_ARRAY_F_UPDATE)
		kvfree(c->old);
	kvfree(c->bufs);
	if (c->table)
		kvfree_rcu(c->table, rcu);
}

static int regbuf_change_do(struct regbuf_change *c, struct regbuf_call *call)
{
	struct regbuf_ioc_array *arg = c->arg;
	int err;

	err = regbuf_change_register(c);
	if (err != -ENOBUFS) {
		arg->needed = 0;
		arg->charged = 0;
		arg->allowed = 0;
	}
	if (!err)
		arg->failed = 0;
	/* What cannot be told must not be done. */
	if (regbuf_reply(call))
		err = -EFAULT;
	err = err ?: regbuf_change_commit(c);
	if (err)
		regbuf_change_undo(c);
	else
		regbuf_change_end(c);
	return err;
}

int regbuf_ioctl_array(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_array *arg = &call->u.array;
	bool update = arg->flags & REGBUF_ARRAY_F_UPDATE;
	struct regbuf_change c = {
		.ctx = of,
		.arg = arg,
		.entries = u64_to_user_ptr(arg->entries),
	};
	int err;

	if (arg->first && !update)
		return -EINVAL;
	arg->result = 0;
	arg->failed = 0;
	arg->needed = 0;
	arg->charged = 0;
	arg->allowed = 0;
	if (arg->nr > REGBUF_MAX_ARRAY)
		return -ERANGE;
	mutex_lock(&c.ctx->lock);
	err = regbuf_change_fits(&c) ? 0 : -ERANGE;
	mutex_unlock(&c.ctx->lock);
	if (err)
		return err;
	err = regbuf_change_alloc(&c) ?: regbuf_change_do(&c, call);
	regbuf_change_free(&c);
	return err;
}
