// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: who may see what, and contexts, buffers and
 * counters. Documentation/netlink/specs/regbuf.yaml says what there is.
 *
 * Nothing here waits for a program: a queue's lock may be held for as long as
 * one likes, and the core's locks are ours while we answer.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "compat.h"
#include "netlink.h"

/**
 * regbuf_viewer_init() - who asks
 * @viewer: gets it
 * @skb: the request
 *
 * Who made the socket is who gets the answer, whoever was made to write into
 * it.
 *
 * Context: Process context, of who sent the request.
 */
void regbuf_viewer_init(struct regbuf_viewer *viewer, struct sk_buff *skb)
{
	struct sock *sk = NETLINK_CB(skb).sk;
	struct net *net = sock_net(sk);

	viewer->net = net->net_cookie;
	viewer->uid = sk->sk_uid;
	viewer->admin = netlink_ns_capable(skb, net->user_ns, CAP_NET_ADMIN);
}

static bool regbuf_viewer_sees(const struct regbuf_viewer *viewer,
			       const struct regbuf_ctx *ctx)
{
	return ctx->net_cookie == viewer->net &&
	       (viewer->admin || uid_eq(ctx->uid, viewer->uid));
}

/**
 * regbuf_viewer_find() - a context that somebody may see
 * @viewer: who
 * @id: the context's
 *
 * Context: Process context.
 * Return: the context, with a reference, or NULL.
 */
struct regbuf_ctx *regbuf_viewer_find(const struct regbuf_viewer *viewer,
				      u32 id)
{
	struct regbuf_ctx *ctx = regbuf_census_from(id);

	if (!ctx || (ctx->id == id && regbuf_viewer_sees(viewer, ctx)))
		return ctx;
	regbuf_ctx_put(ctx);
	return NULL;
}

/**
 * regbuf_answer_begin() - begin a message
 * @to: where to
 *
 * Context: Any.
 * Return: its header, or NULL if there is no room.
 */
void *regbuf_answer_begin(const struct regbuf_answer *to)
{
	void *hdr = genlmsg_put(to->skb, to->portid, to->seq, &regbuf_family,
				to->cb ? NLM_F_MULTI : 0, to->cmd);

	if (hdr && to->cb)
		genl_dump_check_consistent(to->cb, hdr);
	return hdr;
}

/**
 * regbuf_answer_end() - finish a message, or take it back
 * @to: where to
 * @hdr: from regbuf_answer_begin()
 * @err: not 0: there was no room for all of it
 *
 * Context: Any.
 * Return: 0 or -EMSGSIZE.
 */
int regbuf_answer_end(const struct regbuf_answer *to, void *hdr, int err)
{
	if (err) {
		genlmsg_cancel(to->skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(to->skb, hdr);
	return 0;
}

/* Answer a request for one object. */
static int regbuf_nl_reply(struct genl_info *info,
			   int (*put)(const struct regbuf_answer *to,
				      const void *of),
			   const void *of)
{
	struct regbuf_answer to = {
		.portid = info->snd_portid,
		.seq = info->snd_seq,
		.cmd = info->genlhdr->cmd,
	};
	int err;

	to.skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!to.skb)
		return -ENOMEM;
	err = put(&to, of);
	if (err) {
		nlmsg_free(to.skb);
		return err;
	}
	return genlmsg_reply(to.skb, info);
}

/**
 * regbuf_nl_ctx() - the context that a request is about
 * @skb: the request
 * @info: its attributes
 * @attr: which of them names it
 *
 * Context: Process context.
 * Return: the context, with a reference, or an ERR_PTR of -EINVAL or -ENOENT.
 */
struct regbuf_ctx *regbuf_nl_ctx(struct sk_buff *skb, struct genl_info *info,
				 u32 attr)
{
	struct regbuf_viewer viewer;
	struct regbuf_ctx *ctx;

	if (GENL_REQ_ATTR_CHECK(info, attr)) {
		GENL_SET_ERR_MSG(info, "a context must be named");
		return ERR_PTR(-EINVAL);
	}
	regbuf_viewer_init(&viewer, skb);
	ctx = regbuf_viewer_find(&viewer, nla_get_u32(info->attrs[attr]));
	if (ctx)
		return ctx;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr], "no such context");
	return ERR_PTR(-ENOENT);
}

/**
 * regbuf_dump_refuse() - refuse an attribute that is for one object only
 * @cb: a dump that starts
 * @attr: which
 *
 * Context: Process context.
 * Return: 0 or -EINVAL.
 */
int regbuf_dump_refuse(struct netlink_callback *cb, u32 attr)
{
	struct nlattr *nla = regbuf_dump_attrs(cb)[attr];

	if (!nla)
		return 0;
	NL_SET_ERR_MSG_ATTR(cb->extack, nla, "a dump is of all of them");
	return -EINVAL;
}

/**
 * regbuf_dump_of() - a dump that has started
 * @cb: the core's side of it
 */
struct regbuf_dump *regbuf_dump_of(struct netlink_callback *cb)
{
	return (struct regbuf_dump *)cb->args[0];
}

/* Of one context only, and it must be there. */
static int regbuf_dump_narrow(struct netlink_callback *cb, struct nlattr *nla)
{
	struct regbuf_dump *dump = regbuf_dump_of(cb);
	struct regbuf_ctx *ctx;

	ctx = regbuf_viewer_find(&dump->viewer, nla_get_u32(nla));
	if (!ctx) {
		NL_SET_ERR_MSG_ATTR(cb->extack, nla, "no such context");
		return -ENOENT;
	}
	dump->only_ctx = ctx->id;
	dump->ctx = ctx->id;
	regbuf_ctx_put(ctx);
	return 0;
}

static int regbuf_dump_done(struct netlink_callback *cb)
{
	struct regbuf_dump *dump = regbuf_dump_of(cb);

	regbuf_holds_drop(dump);
	kfree(dump);
	return 0;
}

/**
 * regbuf_dump_start() - begin a dump
 * @cb: the core's side of it
 * @ctx_attr: the attribute that may say which context it is of; 0: none may
 *
 * Context: Process context, of who sent the request.
 * Return: 0, -ENOMEM or -ENOENT.
 */
int regbuf_dump_start(struct netlink_callback *cb, u32 ctx_attr)
{
	struct nlattr *nla = ctx_attr ? regbuf_dump_attrs(cb)[ctx_attr] : NULL;
	struct regbuf_dump *dump = kzalloc(sizeof(*dump), GFP_KERNEL_ACCOUNT);
	int err = 0;

	if (!dump)
		return -ENOMEM;
	cb->args[0] = (long)dump;
	dump->seq = 1;
	dump->ctx = 1;
	dump->moves = regbuf_census_changes();
	regbuf_viewer_init(&dump->viewer, cb->skb);
	if (nla)
		err = regbuf_dump_narrow(cb, nla);
	if (err)
		regbuf_dump_done(cb);
	return err;
}

/* The next context, with a reference. */
static struct regbuf_ctx *regbuf_dump_ctx(struct regbuf_dump *dump)
{
	struct regbuf_ctx *ctx = regbuf_census_from(dump->ctx);

	if (ctx && dump->only_ctx && ctx->id != dump->only_ctx) {
		regbuf_ctx_put(ctx);
		return NULL;
	}
	return ctx;
}

/* In the middle of a context's objects. */
static bool regbuf_dump_within(const struct regbuf_dump *dump)
{
	return dump->queue || dump->pos;
}

/* Was something changed where the dump has been? */
static void regbuf_dump_look(struct regbuf_dump *dump, struct regbuf_ctx *ctx)
{
	u32 changes = atomic_read(&ctx->changes);
	bool gone = dump->ctx != ctx->id;

	if (regbuf_dump_within(dump) && (gone || changes != dump->changes))
		dump->seq++;
	if (gone) {
		dump->queue = 0;
		dump->pos = 0;
		regbuf_holds_drop(dump);
	}
	dump->ctx = ctx->id;
	dump->changes = changes;
}

static int regbuf_dump_one(struct regbuf_dump *dump,
			   const struct regbuf_answer *to,
			   struct regbuf_ctx *ctx, regbuf_dump_fn fn)
{
	int err = 0;

	regbuf_dump_look(dump, ctx);
	to->cb->seq = dump->seq;
	if (regbuf_viewer_sees(&dump->viewer, ctx))
		err = fn(dump, to, ctx);
	/* It may have changed while it was looked at. */
	if (!err && regbuf_dump_within(dump) &&
	    dump->changes != atomic_read(&ctx->changes))
		to->cb->seq = ++dump->seq;
	if (!err) {
		dump->ctx++;
		dump->queue = 0;
		dump->pos = 0;
	}
	return err;
}

static void regbuf_dump_moves(struct regbuf_dump *dump)
{
	u32 moves = regbuf_census_changes();

	if (!dump->only_ctx && moves != dump->moves)
		dump->seq++;
	dump->moves = moves;
}

/**
 * regbuf_dump_run() - put as much into a message as it takes
 * @skb: the message
 * @cb: a dump that has started
 * @cmd: what each part is
 * @fn: puts one context into it
 *
 * Context: Process context. May sleep.
 * Return: how much is in it; 0 if there is no more; or an error.
 */
int regbuf_dump_run(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		    regbuf_dump_fn fn)
{
	struct regbuf_dump *dump = regbuf_dump_of(cb);
	struct regbuf_answer to = {
		.skb = skb,
		.cb = cb,
		.portid = NETLINK_CB(cb->skb).portid,
		.seq = cb->nlh->nlmsg_seq,
		.cmd = cmd,
	};
	struct regbuf_ctx *ctx;
	int err = 0;

	regbuf_dump_moves(dump);
	cb->seq = dump->seq;
	while (!err && (ctx = regbuf_dump_ctx(dump))) {
		err = regbuf_dump_one(dump, &to, ctx, fn);
		regbuf_ctx_put(ctx);
		cond_resched();
	}
	return err && !skb->len ? err : skb->len;
}

static int regbuf_put_copied(struct sk_buff *skb, u32 reason, u64 bytes)
{
	struct nlattr *nest = nla_nest_start(skb, REGBUF_A_STATS_COPIED);

	if (!nest ||
	    nla_put_u32(skb, REGBUF_A_COPIED_REASON, reason) ||
	    regbuf_put_u64(skb, REGBUF_A_COPIED_BYTES, bytes))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int regbuf_put_stats(struct sk_buff *skb, int attr,
			    const struct regbuf_stats *s)
{
	struct nlattr *nest = nla_nest_start(skb, attr);
	int i;

	if (!nest ||
	    regbuf_put_u64(skb, REGBUF_A_STATS_SENDS, s->sends) ||
	    regbuf_put_u64(skb, REGBUF_A_STATS_ZEROCOPIED, s->zerocopied) ||
	    regbuf_put_u64(skb, REGBUF_A_STATS_COPIED_LATER, s->copied_later) ||
	    regbuf_put_u64(skb, REGBUF_A_STATS_DEREGISTERED_IN_FLIGHT,
			   s->deregistered_in_flight) ||
	    regbuf_put_u64(skb, REGBUF_A_STATS_USED_AFTER_DEREGISTER,
			   s->used_after_deregister) ||
	    regbuf_put_u64(skb, REGBUF_A_STATS_DETACHED, s->detached) ||
	    regbuf_put_u64(skb, REGBUF_A_STATS_USED_DETACHED,
			   s->used_detached) ||
	    regbuf_put_u64(skb, REGBUF_A_STATS_OVER_BUDGET, s->over_budget) ||
	    regbuf_put_u64(skb, REGBUF_A_STATS_LEAKED_AT_EXIT,
			   s->leaked_at_exit))
		return -EMSGSIZE;
	for (i = 0; i < REGBUF_COPY_NR; i++)
		if (regbuf_put_copied(skb, i, s->copied[i]))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* What is counted of a context. */
struct regbuf_ctx_sums {
	u32 buffers;
	u32 queues;
	u32 eps;
	u64 bytes;
	u64 pinned;
	u64 pages;
	u64 charged;
};

static void regbuf_ctx_sum(struct regbuf_ctx *ctx, struct regbuf_ctx_sums *sums)
{
	struct regbuf_queue *q;

	*sums = (struct regbuf_ctx_sums){ };
	mutex_lock(&ctx->lock);
	sums->buffers = ctx->nr_bufs;
	sums->bytes = ctx->nr_bytes;
	sums->pinned = atomic64_read(&ctx->nr_pinned) << PAGE_SHIFT;
	sums->pages = atomic64_read(&ctx->nr_pages);
	sums->charged = atomic64_read(&ctx->nr_charged);
	list_for_each_entry(q, &ctx->queues, node) {
		sums->queues++;
		sums->eps += READ_ONCE(q->nr_eps);
	}
	mutex_unlock(&ctx->lock);
}

static int regbuf_put_ctx_sums(struct sk_buff *skb, struct regbuf_ctx *ctx)
{
	struct regbuf_ctx_sums sums;

	regbuf_ctx_sum(ctx, &sums);
	return nla_put_u32(skb, REGBUF_A_CONTEXT_BUFFERS, sums.buffers) ||
	       regbuf_put_u64(skb, REGBUF_A_CONTEXT_BYTES, sums.bytes) ||
	       regbuf_put_u64(skb, REGBUF_A_CONTEXT_PINNED, sums.pinned) ||
	       regbuf_put_u64(skb, REGBUF_A_CONTEXT_PAGES, sums.pages) ||
	       regbuf_put_u64(skb, REGBUF_A_CONTEXT_CHARGED, sums.charged) ||
	       nla_put_u32(skb, REGBUF_A_CONTEXT_QUEUES, sums.queues) ||
	       nla_put_u32(skb, REGBUF_A_CONTEXT_ENDPOINTS, sums.eps);
}

static int regbuf_put_ctx(const struct regbuf_answer *to, const void *of)
{
	struct regbuf_ctx *ctx = (struct regbuf_ctx *)of;
	struct sk_buff *skb = to->skb;
	void *hdr = regbuf_answer_begin(to);
	struct regbuf_stats stats = { };
	int err;

	if (!hdr)
		return -EMSGSIZE;
	regbuf_stats_add(&stats, ctx);
	err = nla_put_u32(skb, REGBUF_A_CONTEXT_ID, ctx->id) ||
	      nla_put_u32(skb, REGBUF_A_CONTEXT_PID,
			  pid_nr_ns(ctx->pid, task_active_pid_ns(current))) ||
	      nla_put_u32(skb, REGBUF_A_CONTEXT_UID,
			  from_kuid_munged(current_user_ns(), ctx->uid)) ||
	      nla_put_string(skb, REGBUF_A_CONTEXT_COMM, ctx->comm) ||
	      (READ_ONCE(ctx->closed) &&
	       nla_put_flag(skb, REGBUF_A_CONTEXT_CLOSED)) ||
	      regbuf_put_ctx_sums(skb, ctx) ||
	      regbuf_put_stats(skb, REGBUF_A_CONTEXT_STATS, &stats);
	return regbuf_answer_end(to, hdr, err);
}

static int regbuf_nl_context(struct sk_buff *skb, struct genl_info *info)
{
	struct regbuf_ctx *ctx = regbuf_nl_ctx(skb, info, REGBUF_A_CONTEXT_ID);
	int err;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	err = regbuf_nl_reply(info, regbuf_put_ctx, ctx);
	regbuf_ctx_put(ctx);
	return err;
}

static int regbuf_nl_contexts_start(struct netlink_callback *cb)
{
	return regbuf_dump_refuse(cb, REGBUF_A_CONTEXT_ID) ?:
	       regbuf_dump_start(cb, 0);
}

static int regbuf_dump_ctxs(struct regbuf_dump *dump,
			    const struct regbuf_answer *to,
			    struct regbuf_ctx *ctx)
{
	return regbuf_put_ctx(to, ctx);
}

static int regbuf_nl_contexts(struct sk_buff *skb, struct netlink_callback *cb)
{
	return regbuf_dump_run(skb, cb, REGBUF_CMD_CONTEXT_GET,
			       regbuf_dump_ctxs);
}

/* A buffer of a context. */
struct regbuf_buf_view {
	u32 ctx;
	struct regbuf_ioc_status status;
};

static int regbuf_put_buf(const struct regbuf_answer *to, const void *of)
{
	const struct regbuf_buf_view *view = of;
	const struct regbuf_ioc_status *st = &view->status;
	struct sk_buff *skb = to->skb;
	void *hdr = regbuf_answer_begin(to);
	int err;

	if (!hdr)
		return -EMSGSIZE;
	err = nla_put_u32(skb, REGBUF_A_BUFFER_CONTEXT, view->ctx) ||
	      regbuf_put_u64(skb, REGBUF_A_BUFFER_ID, st->id) ||
	      regbuf_put_u64(skb, REGBUF_A_BUFFER_ADDR, st->addr) ||
	      regbuf_put_u64(skb, REGBUF_A_BUFFER_LENGTH, st->length) ||
	      regbuf_put_u64(skb, REGBUF_A_BUFFER_PAGES, st->pages) ||
	      nla_put_u32(skb, REGBUF_A_BUFFER_ACCESS, st->access) ||
	      nla_put_u32(skb, REGBUF_A_BUFFER_STATE, st->state) ||
	      nla_put_u32(skb, REGBUF_A_BUFFER_IN_FLIGHT, st->in_flight) ||
	      nla_put_u32(skb, REGBUF_A_BUFFER_COUNT, st->count) ||
	      nla_put_u32(skb, REGBUF_A_BUFFER_SHARED, st->shared) ||
	      nla_put_u32(skb, REGBUF_A_BUFFER_EXPORTS, st->exports) ||
	      nla_put_u32(skb, REGBUF_A_BUFFER_IMPORTS, st->imports) ||
	      nla_put_u32(skb, REGBUF_A_BUFFER_FLAGS, st->flags_out);
	return regbuf_answer_end(to, hdr, err);
}

static int regbuf_nl_buffer(struct sk_buff *skb, struct genl_info *info)
{
	struct regbuf_buf_view view = { };
	struct regbuf_ctx *ctx;
	struct nlattr *nla;
	int err;

	ctx = regbuf_nl_ctx(skb, info, REGBUF_A_BUFFER_CONTEXT);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	nla = info->attrs[REGBUF_A_BUFFER_ID];
	if (GENL_REQ_ATTR_CHECK(info, REGBUF_A_BUFFER_ID)) {
		GENL_SET_ERR_MSG(info, "a buffer must be named");
		err = -EINVAL;
		goto out;
	}
	view.ctx = ctx->id;
	view.status.id = nla_get_u64(nla);
	err = regbuf_buf_look(ctx, &view.status);
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, nla, "no such buffer");
	else
		err = regbuf_nl_reply(info, regbuf_put_buf, &view);
out:
	regbuf_ctx_put(ctx);
	return err;
}

static int regbuf_nl_buffers_start(struct netlink_callback *cb)
{
	return regbuf_dump_refuse(cb, REGBUF_A_BUFFER_ID) ?:
	       regbuf_dump_start(cb, REGBUF_A_BUFFER_CONTEXT);
}

static int regbuf_dump_bufs(struct regbuf_dump *dump,
			    const struct regbuf_answer *to,
			    struct regbuf_ctx *ctx)
{
	struct regbuf_buf_view view = { .ctx = ctx->id };
	int err;

	while (regbuf_buf_next(ctx, &dump->pos, &view.status)) {
		err = regbuf_put_buf(to, &view);
		if (err)
			return err;
		dump->pos++;
	}
	return 0;
}

static int regbuf_nl_buffers(struct sk_buff *skb, struct netlink_callback *cb)
{
	return regbuf_dump_run(skb, cb, REGBUF_CMD_BUFFER_GET,
			       regbuf_dump_bufs);
}

static int regbuf_put_sums(const struct regbuf_answer *to, const void *of)
{
	const struct regbuf_sums *sums = of;
	struct sk_buff *skb = to->skb;
	void *hdr = regbuf_answer_begin(to);
	int err;

	if (!hdr)
		return -EMSGSIZE;
	err = nla_put_u32(skb, REGBUF_A_COUNTERS_CONTEXTS, sums->contexts) ||
	      regbuf_put_u64(skb, REGBUF_A_COUNTERS_OPENED, sums->opened) ||
	      regbuf_put_u64(skb, REGBUF_A_COUNTERS_BUFFERS, sums->buffers) ||
	      regbuf_put_u64(skb, REGBUF_A_COUNTERS_BYTES, sums->bytes) ||
	      regbuf_put_u64(skb, REGBUF_A_COUNTERS_PINNED,
			     sums->pinned << PAGE_SHIFT) ||
	      regbuf_put_u64(skb, REGBUF_A_COUNTERS_PAGES, sums->pages) ||
	      regbuf_put_u64(skb, REGBUF_A_COUNTERS_CHARGED, sums->charged) ||
	      regbuf_put_stats(skb, REGBUF_A_COUNTERS_STATS, &sums->stats);
	return regbuf_answer_end(to, hdr, err);
}

static int regbuf_nl_counters(struct sk_buff *skb, struct genl_info *info)
{
	struct regbuf_sums sums;

	regbuf_census_sum(&sums);
	return regbuf_nl_reply(info, regbuf_put_sums, &sums);
}

static const struct nla_policy regbuf_context_policy[] = {
	[REGBUF_A_CONTEXT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy regbuf_buffer_policy[] = {
	[REGBUF_A_BUFFER_CONTEXT] = NLA_POLICY_MIN(NLA_U32, 1),
	[REGBUF_A_BUFFER_ID] = { .type = NLA_U64 },
};

static const struct nla_policy regbuf_queue_policy[] = {
	[REGBUF_A_QUEUE_CONTEXT] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy regbuf_endpoint_policy[] = {
	[REGBUF_A_ENDPOINT_CONTEXT] = NLA_POLICY_MIN(NLA_U32, 1),
	[REGBUF_A_ENDPOINT_QUEUE] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy regbuf_hold_policy[] = {
	[REGBUF_A_HOLD_CONTEXT] = NLA_POLICY_MIN(NLA_U32, 1),
	[REGBUF_A_HOLD_BUFFER] = { .type = NLA_U64 },
};

static const struct nla_policy regbuf_abort_policy[] = {
	[REGBUF_A_ENDPOINT_CONTEXT] = NLA_POLICY_MIN(NLA_U32, 1),
	[REGBUF_A_ENDPOINT_QUEUE] = NLA_POLICY_MIN(NLA_U32, 1),
	[REGBUF_A_ENDPOINT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[REGBUF_A_ENDPOINT_COOKIE] = { .type = NLA_U64 },
};

static const struct genl_ops regbuf_nl_ops[] = {
	{
		.cmd = REGBUF_CMD_CONTEXT_GET,
		.policy = regbuf_context_policy,
		.maxattr = ARRAY_SIZE(regbuf_context_policy) - 1,
		.doit = regbuf_nl_context,
		.start = regbuf_nl_contexts_start,
		.dumpit = regbuf_nl_contexts,
		.done = regbuf_dump_done,
	},
	{
		.cmd = REGBUF_CMD_BUFFER_GET,
		.policy = regbuf_buffer_policy,
		.maxattr = ARRAY_SIZE(regbuf_buffer_policy) - 1,
		.doit = regbuf_nl_buffer,
		.start = regbuf_nl_buffers_start,
		.dumpit = regbuf_nl_buffers,
		.done = regbuf_dump_done,
	},
	{
		.cmd = REGBUF_CMD_QUEUE_GET,
		.policy = regbuf_queue_policy,
		.maxattr = ARRAY_SIZE(regbuf_queue_policy) - 1,
		.start = regbuf_nl_queues_start,
		.dumpit = regbuf_nl_queues,
		.done = regbuf_dump_done,
	},
	{
		.cmd = REGBUF_CMD_ENDPOINT_GET,
		.policy = regbuf_endpoint_policy,
		.maxattr = ARRAY_SIZE(regbuf_endpoint_policy) - 1,
		.start = regbuf_nl_eps_start,
		.dumpit = regbuf_nl_eps,
		.done = regbuf_dump_done,
	},
	{
		.cmd = REGBUF_CMD_HOLD_GET,
		.policy = regbuf_hold_policy,
		.maxattr = ARRAY_SIZE(regbuf_hold_policy) - 1,
		.start = regbuf_nl_holds_start,
		.dumpit = regbuf_nl_holds,
		.done = regbuf_dump_done,
	},
	{
		.cmd = REGBUF_CMD_COUNTERS_GET,
		.flags = GENL_ADMIN_PERM,
		.doit = regbuf_nl_counters,
	},
	{
		.cmd = REGBUF_CMD_ABORT,
		.policy = regbuf_abort_policy,
		.maxattr = ARRAY_SIZE(regbuf_abort_policy) - 1,
		.doit = regbuf_nl_abort,
	},
};

static const struct genl_multicast_group regbuf_nl_groups[] = {
	[REGBUF_GROUP_EVENTS] = {
		.name = REGBUF_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family regbuf_family __ro_after_init = {
	.name = REGBUF_FAMILY_NAME,
	.version = REGBUF_FAMILY_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = regbuf_nl_ops,
	.n_ops = ARRAY_SIZE(regbuf_nl_ops),
	.mcgrps = regbuf_nl_groups,
	.n_mcgrps = ARRAY_SIZE(regbuf_nl_groups),
};

int __init regbuf_netlink_init(void)
{
	return genl_register_family(&regbuf_family);
}

void regbuf_netlink_exit(void)
{
	genl_unregister_family(&regbuf_family);
}
