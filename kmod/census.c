// SPDX-License-Identifier: GPL-2.0
/*
 * All contexts, by id, from open until the network has let go of the last
 * buffer; and what became of those before.
 */
#include <linux/capability.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

#include "regbuf.h"

static unsigned int regbuf_max_contexts = 1024;
module_param_named(max_contexts, regbuf_max_contexts, uint, 0644);
MODULE_PARM_DESC(max_contexts,
		 "Contexts that a user without CAP_SYS_RESOURCE can have at a time");

static DEFINE_XARRAY_FLAGS(regbuf_census, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
static u32 regbuf_census_next_id;

/* Whoever leaves is counted among those gone at once: no sum misses any. */
static DEFINE_MUTEX(regbuf_census_lock);
static struct regbuf_stats regbuf_census_gone;
/* Under the lock, too: how many each user has, as values. */
static DEFINE_XARRAY_FLAGS(regbuf_census_users, XA_FLAGS_ACCOUNT);

static atomic64_t regbuf_census_opened;
static atomic_t regbuf_census_moves;

static unsigned long regbuf_census_user(kuid_t user)
{
	void *nr = xa_load(&regbuf_census_users, __kuid_val(user));

	return nr ? xa_to_value(nr) : 0;
}

/* One more or less; less needs no memory, and cannot fail. */
static int regbuf_census_count(kuid_t user, int sign)
{
	unsigned long nr = regbuf_census_user(user) + sign;

	lockdep_assert_held(&regbuf_census_lock);
	return xa_err(xa_store(&regbuf_census_users, __kuid_val(user),
			       nr ? xa_mk_value(nr) : NULL,
			       GFP_KERNEL_ACCOUNT));
}

/*
 * Each context has workers, which count against no other limit of its user's.
 * His as RLIMIT_MEMLOCK is, and until the last of it is gone.
 */
static int regbuf_census_charge(kuid_t user)
{
	int err = -EMFILE;

	mutex_lock(&regbuf_census_lock);
	if (regbuf_census_user(user) < READ_ONCE(regbuf_max_contexts) ||
	    capable(CAP_SYS_RESOURCE))
		err = regbuf_census_count(user, 1);
	mutex_unlock(&regbuf_census_lock);
	return err;
}

/**
 * regbuf_census_enter() - give a new context its id
 * @ctx: the context; what is to be seen of it is set
 *
 * Context: Process context. May sleep.
 * Return: 0, -ENOMEM, -EMFILE if its user has too many, or -EBUSY if there are.
 */
int regbuf_census_enter(struct regbuf_ctx *ctx)
{
	int err = regbuf_census_charge(ctx->payer);

	if (err)
		return err;
	err = regbuf_id_alloc(&regbuf_census, ctx, &ctx->id,
			      &regbuf_census_next_id);
	if (err) {
		/* It may have been set all the same, and is another's soon. */
		ctx->id = 0;
		mutex_lock(&regbuf_census_lock);
		regbuf_census_count(ctx->payer, -1);
		mutex_unlock(&regbuf_census_lock);
		return err;
	}
	atomic64_inc(&regbuf_census_opened);
	atomic_inc(&regbuf_census_moves);
	return 0;
}

/**
 * regbuf_census_leave() - the last reference to a context is gone
 * @ctx: the context; freed after a grace period
 *
 * Context: Process context. May sleep.
 */
void regbuf_census_leave(struct regbuf_ctx *ctx)
{
	/* It was never there. */
	if (!ctx->id)
		return;
	mutex_lock(&regbuf_census_lock);
	regbuf_stats_add(&regbuf_census_gone, ctx);
	xa_erase(&regbuf_census, ctx->id);
	regbuf_census_count(ctx->payer, -1);
	mutex_unlock(&regbuf_census_lock);
	atomic_inc(&regbuf_census_moves);
}

/**
 * regbuf_census_from() - the first context from an id on
 * @id: the id
 *
 * Context: Process context.
 * Return: the context, with a reference, or NULL.
 */
struct regbuf_ctx *regbuf_census_from(unsigned long id)
{
	struct regbuf_ctx *ctx;

	rcu_read_lock();
	do {
		ctx = xa_find(&regbuf_census, &id, ULONG_MAX, XA_PRESENT);
		id++;
	} while (ctx && !refcount_inc_not_zero(&ctx->ref));
	rcu_read_unlock();
	return ctx;
}

/**
 * regbuf_census_changes() - a number that changes with who is there
 *
 * Context: Any.
 */
u32 regbuf_census_changes(void)
{
	return atomic_read(&regbuf_census_moves);
}

static void regbuf_census_add(struct regbuf_sums *sums, struct regbuf_ctx *ctx)
{
	regbuf_stats_add(&sums->stats, ctx);
	mutex_lock(&ctx->lock);
	sums->buffers += ctx->nr_bufs;
	sums->bytes += ctx->nr_bytes;
	sums->pinned += atomic64_read(&ctx->nr_pinned);
	sums->pages += atomic64_read(&ctx->nr_pages);
	sums->charged += atomic64_read(&ctx->nr_charged);
	mutex_unlock(&ctx->lock);
	sums->contexts++;
}

/**
 * regbuf_census_sum() - add up what there is, and the counters since loading
 * @sums: gets the sums
 *
 * Context: Process context. May sleep.
 */
void regbuf_census_sum(struct regbuf_sums *sums)
{
	struct regbuf_ctx *ctx;
	unsigned long id;

	*sums = (struct regbuf_sums){ };
	/* Who holds it keeps all that are in the table from being freed. */
	mutex_lock(&regbuf_census_lock);
	xa_for_each(&regbuf_census, id, ctx) {
		regbuf_census_add(sums, ctx);
		cond_resched();
	}
	sums->opened = atomic64_read(&regbuf_census_opened);
	regbuf_stats_sum(&sums->stats, &regbuf_census_gone);
	mutex_unlock(&regbuf_census_lock);
}
