// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to buffers, and what is done wrong with them: counted here.
 */
#include <linux/percpu.h>

#include "regbuf.h"

/**
 * regbuf_note_stale() - a request named a buffer that had been deregistered
 * @ctx: the context
 * @id: the dead id
 *
 * Context: Any.
 */
void regbuf_note_stale(struct regbuf_ctx *ctx, u64 id)
{
	this_cpu_inc(ctx->stats->used_after_deregister);
}

/**
 * regbuf_note_over_budget() - a registration was refused with -ENOBUFS
 * @ctx: the context
 * @reg: what was asked for, and the budget
 *
 * Context: Process context.
 */
void regbuf_note_over_budget(struct regbuf_ctx *ctx,
			     const struct regbuf_ioc_register *reg)
{
	this_cpu_inc(ctx->stats->over_budget);
}

/**
 * regbuf_note_deregistered() - an id was made dead
 * @ctx: the context
 * @dereg: which, how, and how many requests used it
 *
 * Context: Process context.
 */
void regbuf_note_deregistered(struct regbuf_ctx *ctx,
			      const struct regbuf_ioc_deregister *dereg)
{
	if (dereg->in_flight && !(dereg->flags & REGBUF_DEREGISTER_F_ALL))
		this_cpu_inc(ctx->stats->deregistered_in_flight);
}

/**
 * regbuf_note_leaked() - a context was closed with buffers registered
 * @ctx: the context
 * @nr: how many
 *
 * Context: Process context.
 */
void regbuf_note_leaked(struct regbuf_ctx *ctx, u32 nr)
{
	this_cpu_add(ctx->stats->leaked_at_exit, nr);
}
