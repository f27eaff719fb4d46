// SPDX-License-Identifier: GPL-2.0
/*
 * Sharing buffers: exports, and what others import of them.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "regbuf.h"

/*
 * One for all: whoever exports and whoever imports have no lock in common. So
 * nobody may make it long to look at what he shares.
 */
static DEFINE_SPINLOCK(regbuf_export_lock);

/* Exports of a context, and imports of those. */
#define REGBUF_MAX_SHARES	4096

struct regbuf_export {
	/* set once */
	u64 id;
	u64 offset;
	u64 length;
	u8 access;
	/* own synchronisation */
	refcount_t ref;
	/* regbuf_export_lock */
	struct regbuf_ctx *ctx;		/* NULL when it is gone */
	struct regbuf_buf *origin;	/* to look at if it is not ended */
	bool ended;
	struct list_head node;		/* ctx->exports */
	struct list_head live;		/* imports */
	struct list_head dead;		/* that are not released yet */
};

static void regbuf_export_put(struct regbuf_export *export)
{
	if (!refcount_dec_and_test(&export->ref))
		return;
	spin_lock(&regbuf_export_lock);
	list_del(&export->node);
	if (export->ctx)
		export->ctx->nr_shares--;
	spin_unlock(&regbuf_export_lock);
	kfree(export);
}

static int regbuf_export_release(struct inode *inode, struct file *file)
{
	regbuf_export_put(file->private_data);
	return 0;
}

static void regbuf_export_show(struct seq_file *seq, struct file *file)
{
	const struct regbuf_export *export = file->private_data;

	seq_printf(seq, "regbuf-id:\t%#llx\n", export->id);
	seq_printf(seq, "regbuf-offset:\t%llu\n", export->offset);
	seq_printf(seq, "regbuf-length:\t%llu\n", export->length);
	seq_printf(seq, "regbuf-access:\t%u\n", export->access);
	seq_printf(seq, "regbuf-ended:\t%d\n", READ_ONCE(export->ended));
}

static const struct file_operations regbuf_export_fops = {
	.owner = THIS_MODULE,
	.release = regbuf_export_release,
	.show_fdinfo = regbuf_export_show,
	.llseek = noop_llseek,
};

/*
 * What queues only keep of imports is no use: they are on the buffer's range,
 * too. There may be many queues, so this is without the lock.
 */
static void regbuf_imports_recall(const struct regbuf_buf *buf)
{
	struct regbuf_buf *other;

	rcu_read_lock();
	hlist_for_each_entry_rcu(other, &buf->mem->bufs, node)
		if (other->imported && regbuf_import(other)->origin == buf &&
		    regbuf_buf_in_flight(other))
			regbuf_stock_recall(other);
	rcu_read_unlock();
}

/* Those of the imports, instead of what these hold. */
static u32 regbuf_imports_uses(struct list_head *imports)
{
	struct regbuf_import *import;
	u32 nr = 0;

	list_for_each_entry(import, imports, node)
		nr += regbuf_buf_in_flight(&import->buf) - 1;
	return nr;
}

/**
 * regbuf_export_uses() - regbuf_buf_uses(), of one that was exported
 * @buf: the buffer
 *
 * Context: Any but softirq.
 */
u32 regbuf_export_uses(struct regbuf_buf *buf)
{
	struct regbuf_export *export;
	u32 nr;

	regbuf_imports_recall(buf);
	spin_lock(&regbuf_export_lock);
	nr = regbuf_buf_in_flight(buf);
	list_for_each_entry(export, &buf->ctx->exports, node)
		if (export->origin == buf)
			nr += regbuf_imports_uses(&export->live) +
			      regbuf_imports_uses(&export->dead);
	spin_unlock(&regbuf_export_lock);
	return nr;
}

/**
 * regbuf_export_count() - who may use a buffer
 * @buf: the buffer; kept by RCU
 * @status: gets it
 *
 * Context: Process context.
 */
void regbuf_export_count(struct regbuf_buf *buf,
			 struct regbuf_ioc_status *status)
{
	struct regbuf_export *export;
	struct list_head *import;

	spin_lock(&regbuf_export_lock);
	list_for_each_entry(export, &buf->ctx->exports, node) {
		if (export->origin != buf || export->ended)
			continue;
		status->exports++;
		list_for_each(import, &export->live)
			status->imports++;
	}
	spin_unlock(&regbuf_export_lock);
}

/**
 * regbuf_import_kill() - regbuf_buf_kill(), of one that was imported
 * @buf: the buffer
 * @idle: only if that is the last reference, which it takes, too
 *
 * Context: Process context.
 * Return: 0, -EBUSY, or -ESTALE if somebody else has.
 */
int regbuf_import_kill(struct regbuf_buf *buf, bool idle)
{
	struct regbuf_import *import = regbuf_import(buf);
	int err = 0;

	spin_lock(&regbuf_export_lock);
	if (atomic_read(&buf->out) & REGBUF_OUT_DEAD)
		err = -ESTALE;
	else if (idle && !refcount_dec_if_one(&buf->ref))
		err = -EBUSY;
	else
		err = __regbuf_buf_kill(buf);
	if (!err)
		list_move(&import->node, &import->export->dead);
	spin_unlock(&regbuf_export_lock);
	if (!err)
		regbuf_stock_recall(buf);
	return err;
}

/**
 * regbuf_import_release() - the last reference to an import is gone
 * @buf: the buffer; kept by RCU
 *
 * Context: Process context.
 */
void regbuf_import_release(struct regbuf_buf *buf)
{
	struct regbuf_import *import = regbuf_import(buf);

	spin_lock(&regbuf_export_lock);
	if (!list_empty(&import->node))
		import->export->ctx->nr_shares--;
	list_del(&import->node);
	spin_unlock(&regbuf_export_lock);
	regbuf_export_put(import->export);
	regbuf_buf_put(import->origin, 1);
}

/* One that lives still, dead now: the caller drops its id's reference. */
static struct regbuf_buf *regbuf_export_kill_one(struct regbuf_export *export)
{
	struct regbuf_import *import;

	spin_lock(&regbuf_export_lock);
	import = list_first_entry_or_null(&export->live, struct regbuf_import,
					  node);
	if (import) {
		__regbuf_buf_kill(&import->buf);
		list_move(&import->node, &export->dead);
	}
	spin_unlock(&regbuf_export_lock);
	if (!import)
		return NULL;
	regbuf_stock_recall(&import->buf);
	return &import->buf;
}

/* Nobody imports it any more, and nobody uses what was imported. */
static u32 regbuf_export_end(struct regbuf_export *export)
{
	struct regbuf_buf *buf;
	u32 uses = 0;

	spin_lock(&regbuf_export_lock);
	WRITE_ONCE(export->ended, true);
	spin_unlock(&regbuf_export_lock);
	while ((buf = regbuf_export_kill_one(export))) {
		uses += regbuf_buf_uses(buf) - 1;
		regbuf_buf_drop(buf);
		cond_resched();
	}
	return uses;
}

/* One of a buffer's that is not ended; with a reference. */
static struct regbuf_export *regbuf_export_next(const struct regbuf_buf *buf)
{
	struct regbuf_export *export, *found = NULL;

	spin_lock(&regbuf_export_lock);
	list_for_each_entry(export, &buf->ctx->exports, node) {
		if (export->origin != buf || export->ended ||
		    !refcount_inc_not_zero(&export->ref))
			continue;
		found = export;
		break;
	}
	spin_unlock(&regbuf_export_lock);
	return found;
}

/**
 * regbuf_exports_end() - nobody imports a buffer any more, nor uses imports
 * @buf: the buffer, dead or to live on; the caller keeps it
 *
 * Context: Process context. May sleep.
 * Return: how many requests use what was imported.
 */
u32 regbuf_exports_end(const struct regbuf_buf *buf)
{
	struct regbuf_export *export;
	u32 uses = 0;

	while ((export = regbuf_export_next(buf))) {
		uses += regbuf_export_end(export);
		regbuf_export_put(export);
	}
	return uses;
}

/**
 * regbuf_exports_forget() - a context goes; descriptors may stay
 * @ctx: the context
 *
 * Context: Process context.
 */
void regbuf_exports_forget(struct regbuf_ctx *ctx)
{
	struct regbuf_export *export, *next;

	spin_lock(&regbuf_export_lock);
	list_for_each_entry_safe(export, next, &ctx->exports, node) {
		list_del_init(&export->node);
		WRITE_ONCE(export->ctx, NULL);
	}
	spin_unlock(&regbuf_export_lock);
}

static int regbuf_export_check(const struct regbuf_buf *buf,
			       struct regbuf_ioc_export *arg)
{
	if (arg->access & ~(REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE) ||
	    buf->imported)
		return -EOPNOTSUPP;
	if (!arg->access)
		return -EINVAL;
	if (arg->access & ~buf->access)
		return -EACCES;
	if (arg->offset >= buf->length ||
	    arg->length > buf->length - arg->offset)
		return -EFAULT;
	return 0;
}

/* One of a context's, or an import of one; there is room for so many. */
static int regbuf_share_count(struct regbuf_ctx *ctx)
{
	lockdep_assert_held(&regbuf_export_lock);
	if (ctx->nr_shares == REGBUF_MAX_SHARES)
		return -ENOSPC;
	ctx->nr_shares++;
	return 0;
}

static struct regbuf_export *
regbuf_export_create(struct regbuf_buf *buf,
		     const struct regbuf_ioc_export *arg)
{
	struct regbuf_export *export = kzalloc(sizeof(*export),
					       GFP_KERNEL_ACCOUNT);
	int err;

	if (!export)
		return ERR_PTR(-ENOMEM);
	export->id = buf->id;
	export->offset = arg->offset;
	export->length = arg->length ?: buf->length - arg->offset;
	export->access = arg->access;
	export->ctx = buf->ctx;
	export->origin = buf;
	refcount_set(&export->ref, 1);
	INIT_LIST_HEAD(&export->live);
	INIT_LIST_HEAD(&export->dead);
	spin_lock(&regbuf_export_lock);
	err = regbuf_share_count(buf->ctx);
	if (!err) {
		list_add(&export->node, &buf->ctx->exports);
		WRITE_ONCE(buf->exported, true);
	}
	spin_unlock(&regbuf_export_lock);
	if (!err)
		return export;
	kfree(export);
	return ERR_PTR(err);
}

/* Told, and then given a descriptor. */
static int regbuf_export_install(struct regbuf_export *export,
				 struct regbuf_call *call)
{
	struct file *file;
	int fd, err;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	call->u.export.fd = fd;
	err = regbuf_reply(call);
	if (err)
		goto err_put_fd;
	file = anon_inode_getfile("[regbuf-export]", &regbuf_export_fops,
				  export, O_RDONLY);
	err = PTR_ERR_OR_ZERO(file);
	if (err)
		goto err_put_fd;
	fd_install(fd, file);
	return 0;

err_put_fd:
	put_unused_fd(fd);
	return err;
}

/* Found under ctx->lock, which whoever makes it dead takes first. */
static struct regbuf_export *
regbuf_export_make(struct regbuf_ctx *ctx, struct regbuf_ioc_export *arg)
{
	struct regbuf_export *export;
	struct regbuf_buf *buf;
	int err;

	/* It is to be what is mapped. */
	buf = regbuf_buf_get(ctx, arg->id, 1);
	if (IS_ERR(buf))
		return ERR_CAST(buf);
	err = regbuf_export_check(buf, arg);
	mutex_lock(&ctx->lock);
	if (!err && atomic_read(&buf->out) & REGBUF_OUT_DEAD)
		err = -ESTALE;
	export = err ? ERR_PTR(err) : regbuf_export_create(buf, arg);
	mutex_unlock(&ctx->lock);
	regbuf_buf_put(buf, 1);
	return export;
}

int regbuf_ioctl_export(void *of, struct regbuf_call *call)
{
	struct regbuf_export *export = regbuf_export_make(of, &call->u.export);
	int err;

	if (IS_ERR(export))
		return PTR_ERR(export);
	err = regbuf_export_install(export, call);
	if (err)
		regbuf_export_put(export);
	return err;
}

/* What a descriptor stands for; with a reference. */
static struct regbuf_export *regbuf_export_get(int fd)
{
	struct regbuf_export *export = ERR_PTR(-EINVAL);
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op == &regbuf_export_fops) {
		export = file->private_data;
		refcount_inc(&export->ref);
	}
	fput(file);
	return export;
}

/* The buffer behind an export, with a reference. */
static struct regbuf_buf *regbuf_export_origin(struct regbuf_export *export)
{
	struct regbuf_buf *origin = ERR_PTR(-ESTALE);

	spin_lock(&regbuf_export_lock);
	if (!export->ended && !(atomic_read(&export->origin->out) &
				~REGBUF_OUT_SUSPECT) &&
	    refcount_inc_not_zero(&export->origin->ref))
		origin = export->origin;
	spin_unlock(&regbuf_export_lock);
	return origin;
}

/* Two references on the way to it, which are the import's from then on. */
static struct regbuf_import *
regbuf_import_create(struct regbuf_ctx *ctx, struct regbuf_export *export,
		     u32 access)
{
	struct regbuf_import *import;
	struct regbuf_buf *origin;

	import = kzalloc(sizeof(*import), GFP_KERNEL_ACCOUNT);
	if (!import)
		return ERR_PTR(-ENOMEM);
	origin = regbuf_export_origin(export);
	if (IS_ERR(origin)) {
		kfree(import);
		return ERR_CAST(origin);
	}
	import->origin = origin;
	import->export = export;
	import->buf.imported = true;
	INIT_LIST_HEAD(&import->node);
	regbuf_mem_hold(origin->mem);
	regbuf_buf_init(&import->buf, ctx, origin->mem, access);
	import->buf.length = export->length;
	import->buf.first = origin->first + export->offset;
	refcount_inc(&export->ref);
	return import;
}

/* Not in the table yet. */
static void regbuf_import_undo(struct regbuf_import *import)
{
	regbuf_mem_leave(&import->buf);
	regbuf_import_release(&import->buf);
	kfree_rcu(import, buf.rcu);
}

/* From here on it dies with the export; unless that has ended by now. */
static int regbuf_import_start(struct regbuf_import *import)
{
	struct regbuf_export *export = import->export;
	int err;

	spin_lock(&regbuf_export_lock);
	err = export->ended ? -ESTALE : regbuf_share_count(export->ctx);
	if (!err) {
		list_add(&import->node, &export->live);
		regbuf_buf_publish(&import->buf);
	}
	spin_unlock(&regbuf_export_lock);
	return err;
}

static int regbuf_import_make(struct regbuf_ctx *ctx,
			      struct regbuf_export *export,
			      struct regbuf_call *call)
{
	struct regbuf_ioc_import *arg = &call->u.import;
	struct regbuf_import *import;
	int err;

	import = regbuf_import_create(ctx, export,
				      arg->access ?: export->access);
	if (IS_ERR(import))
		return PTR_ERR(import);
	err = regbuf_buf_insert(&import->buf);
	if (err) {
		regbuf_import_undo(import);
		return err;
	}
	arg->id = import->buf.id;
	arg->length = import->buf.length;
	arg->granted = import->buf.access;
	err = regbuf_reply(call) ?: regbuf_import_start(import);
	if (err)
		regbuf_buf_release(&import->buf);
	return err;
}

int regbuf_ioctl_import(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_import *arg = &call->u.import;
	struct regbuf_export *export;
	int err;

	if (arg->__resv)
		return -EINVAL;
	if (arg->access & ~(REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE))
		return -EOPNOTSUPP;
	export = regbuf_export_get(arg->fd);
	if (IS_ERR(export))
		return PTR_ERR(export);
	err = arg->access & ~export->access ? -EACCES :
	      regbuf_import_make(of, export, call);
	regbuf_export_put(export);
	return err;
}

static int regbuf_revoke_fd(struct regbuf_ctx *ctx,
			    struct regbuf_ioc_revoke *arg)
{
	struct regbuf_export *export = regbuf_export_get(arg->fd);
	int err = 0;

	if (IS_ERR(export))
		return PTR_ERR(export);
	if (READ_ONCE(export->ctx) != ctx)
		err = -EPERM;
	else
		arg->in_flight = regbuf_export_end(export);
	regbuf_export_put(export);
	return err;
}

static int regbuf_revoke_all(struct regbuf_ctx *ctx,
			     struct regbuf_ioc_revoke *arg)
{
	struct regbuf_buf *buf;
	int err;

	rcu_read_lock();
	buf = regbuf_buf_find(ctx, arg->id);
	if (!IS_ERR(buf) && (atomic_read(&buf->out) & REGBUF_OUT_DEAD ||
			     !refcount_inc_not_zero(&buf->ref)))
		buf = ERR_PTR(-ESTALE);
	err = PTR_ERR_OR_ZERO(buf);
	rcu_read_unlock();
	if (err)
		return err;
	arg->in_flight = regbuf_exports_end(buf);
	regbuf_buf_put(buf, 1);
	return 0;
}

int regbuf_ioctl_revoke(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_revoke *arg = &call->u.revoke;
	int err;

	if (arg->id && arg->fd)
		return -EINVAL;
	arg->in_flight = 0;
	/* What cannot be told must not be done. */
	err = regbuf_reply(call);
	if (err)
		return err;
	err = arg->id ? regbuf_revoke_all(of, arg) : regbuf_revoke_fd(of, arg);
	return err ?: regbuf_reply(call);
}
