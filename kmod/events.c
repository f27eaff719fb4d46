// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to buffers, and what is done wrong with them: counted, and told
 * to those who listen.
 */
#include <linux/err.h>
#include <linux/percpu.h>
#include <net/genetlink.h>

#include "compat.h"
#include "netlink.h"

/* A word of an event. */
struct regbuf_event_word {
	u16 attr;
	u16 size;
	u64 value;
};

#define REGBUF_WORD32(name, val) \
	{ .attr = REGBUF_A_EVENT_##name, .size = sizeof(u32), .value = val }
#define REGBUF_WORD64(name, val) \
	{ .attr = REGBUF_A_EVENT_##name, .size = sizeof(u64), .value = val }

static int regbuf_put_word(struct sk_buff *skb,
			   const struct regbuf_event_word *word)
{
	return word->size == sizeof(u32) ?
	       nla_put_u32(skb, word->attr, word->value) :
	       regbuf_put_u64(skb, word->attr, word->value);
}

static int regbuf_put_event(struct sk_buff *skb, const struct regbuf_ctx *ctx,
			    u32 kind, const struct regbuf_event_word *words,
			    u32 nr)
{
	void *hdr = genlmsg_put(skb, 0, 0, &regbuf_family, 0, REGBUF_CMD_EVENT);
	int err;

	if (!hdr)
		return -EMSGSIZE;
	err = nla_put_u32(skb, REGBUF_A_EVENT_KIND, kind) ||
	      nla_put_u32(skb, REGBUF_A_EVENT_CONTEXT, ctx->id) ||
	      nla_put_u32(skb, REGBUF_A_EVENT_PID, ctx->pid_nr) ||
	      nla_put_string(skb, REGBUF_A_EVENT_COMM, ctx->comm);
	for (; nr && !err; nr--)
		err = regbuf_put_word(skb, words++);
	if (err)
		return -EMSGSIZE;
	genlmsg_end(skb, hdr);
	return 0;
}

static void regbuf_event_to(struct net *net, const struct regbuf_ctx *ctx,
			    u32 kind, const struct regbuf_event_word *words,
			    u32 nr)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);

	if (!skb || regbuf_put_event(skb, ctx, kind, words, nr)) {
		nlmsg_free(skb);
		/* They are to know that they have missed one. */
		genl_set_err(&regbuf_family, net, 0, REGBUF_GROUP_EVENTS,
			     -ENOBUFS);
		return;
	}
	genlmsg_multicast_netns(&regbuf_family, net, skb, 0,
				REGBUF_GROUP_EVENTS, GFP_ATOMIC);
}

/*
 * For those who listen in the context's network namespace. A call on a queue
 * may come so far while the context is closed.
 */
static void regbuf_event(const struct regbuf_ctx *ctx, u32 kind,
			 const struct regbuf_event_word *words, u32 nr)
{
	struct net *net;

	rcu_read_lock();
	net = READ_ONCE(ctx->net);
	if (net && genl_has_listeners(&regbuf_family, net,
				      REGBUF_GROUP_EVENTS))
		regbuf_event_to(net, ctx, kind, words, nr);
	rcu_read_unlock();
}

/* Its memory went from under it; else it was deregistered. */
static bool regbuf_id_detached(struct regbuf_ctx *ctx, u64 id)
{
	const struct regbuf_buf *buf;
	bool detached;

	rcu_read_lock();
	buf = regbuf_buf_find(ctx, id);
	detached = !IS_ERR(buf) && !(atomic_read(&buf->out) & REGBUF_OUT_DEAD);
	rcu_read_unlock();
	return detached;
}

static void regbuf_note_stale(struct regbuf_ctx *ctx, u64 id)
{
	const struct regbuf_event_word words[] = {
		REGBUF_WORD64(BUFFER, id),
	};
	bool detached = regbuf_id_detached(ctx, id);

	if (detached)
		this_cpu_inc(ctx->stats->used_detached);
	else
		this_cpu_inc(ctx->stats->used_after_deregister);
	regbuf_event(ctx, detached ? REGBUF_EVENT_KIND_USED_DETACHED :
				     REGBUF_EVENT_KIND_USED_AFTER_DEREGISTER,
		     words, ARRAY_SIZE(words));
}

/**
 * regbuf_note_failed() - a request named a buffer that it cannot use
 * @ctx: the context
 * @id: what it named
 * @err: why
 *
 * Context: Process context.
 * Return: @err
 */
int regbuf_note_failed(struct regbuf_ctx *ctx, u64 id, int err)
{
	if (err == -ESTALE)
		regbuf_note_stale(ctx, id);
	return err;
}

/**
 * regbuf_note_detached() - other memory is mapped where a buffer is
 * @buf: the buffer
 *
 * Context: Any process, while it changes mappings.
 */
void regbuf_note_detached(const struct regbuf_buf *buf)
{
	const struct regbuf_event_word words[] = {
		REGBUF_WORD64(BUFFER, buf->id),
		REGBUF_WORD64(LENGTH, buf->length),
	};

	this_cpu_inc(buf->ctx->stats->detached);
	regbuf_event(buf->ctx, REGBUF_EVENT_KIND_DETACHED, words,
		     ARRAY_SIZE(words));
}

static void regbuf_note_over_budget(struct regbuf_ctx *ctx,
				    const struct regbuf_want *want)
{
	const struct regbuf_event_word words[] = {
		REGBUF_WORD64(ADDR, want->addr),
		REGBUF_WORD64(LENGTH, want->length),
		REGBUF_WORD64(NEEDED, want->needed),
		REGBUF_WORD64(CHARGED, want->charged),
		REGBUF_WORD64(ALLOWED, want->allowed),
	};

	this_cpu_inc(ctx->stats->over_budget);
	regbuf_event(ctx, REGBUF_EVENT_KIND_OVER_BUDGET, words,
		     ARRAY_SIZE(words));
}

/**
 * regbuf_note_registered() - a buffer was registered, or refused
 * @ctx: the context
 * @id: the buffer's id, if there is one
 * @want: what was asked for, and what it costs
 * @err: 0, or why not
 *
 * Context: Process context.
 */
void regbuf_note_registered(struct regbuf_ctx *ctx, u64 id,
			    const struct regbuf_want *want, int err)
{
	const struct regbuf_event_word words[] = {
		REGBUF_WORD64(BUFFER, id),
		REGBUF_WORD64(ADDR, want->addr),
		REGBUF_WORD64(LENGTH, want->length),
		REGBUF_WORD64(PAGES, want->needed),
	};

	regbuf_trace(register, ctx, id, want, err);
	if (err == -ENOBUFS)
		regbuf_note_over_budget(ctx, want);
	if (!err)
		regbuf_event(ctx, REGBUF_EVENT_KIND_REGISTERED, words,
			     ARRAY_SIZE(words));
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
	const struct regbuf_event_word words[] = {
		REGBUF_WORD64(BUFFER, dereg->id),
		REGBUF_WORD32(IN_FLIGHT, dereg->in_flight),
	};

	regbuf_trace(deregister, ctx, dereg);
	if (!dereg->in_flight || dereg->flags & REGBUF_DEREGISTER_F_ALL) {
		regbuf_event(ctx, REGBUF_EVENT_KIND_DEREGISTERED, words, 1);
		return;
	}
	this_cpu_inc(ctx->stats->deregistered_in_flight);
	regbuf_event(ctx, REGBUF_EVENT_KIND_DEREGISTERED_IN_FLIGHT, words,
		     ARRAY_SIZE(words));
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
	const struct regbuf_event_word words[] = {
		REGBUF_WORD32(BUFFERS, nr),
	};

	this_cpu_add(ctx->stats->leaked_at_exit, nr);
	regbuf_event(ctx, REGBUF_EVENT_KIND_LEAKED_AT_EXIT, words,
		     ARRAY_SIZE(words));
}
