/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NL_H
#define NL_H

/*
 * What the tests of netlink share: a request, and what was answered. Every
 * call returns 0 or -errno, as the kernel said it.
 */

#include "regbuf_lane.h"

#include <linux/genetlink.h>
#include <linux/regbuf_netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#define RN_NOBODY	65534

struct rn {
	struct nl_sock *sk;
	int family;
	int plain;	/* send as who knows nothing of netlink would */
};

struct rn_answer {
	/* set before; looks at each message */
	void (*each)(struct nlattr **attrs, void *arg);
	void *arg;
	/* what came */
	int nr;
	int err;
	int interrupted;	/* a dump, by changes */
	int done;
	int attr;		/* the error is about, or 0 */
	char text[128];
};

static inline int rn_open(struct rn *nl)
{
	int on = 1;

	nl->sk = nl_socket_alloc();
	if (!nl->sk || genl_connect(nl->sk))
		return -1;
	setsockopt(nl_socket_get_fd(nl->sk), SOL_NETLINK, NETLINK_EXT_ACK, &on,
		   sizeof(on));
	nl->family = genl_ctrl_resolve(nl->sk, REGBUF_FAMILY_NAME);
	return nl->family < 0 ? -1 : 0;
}

static inline void rn_close(struct rn *nl)
{
	nl_socket_free(nl->sk);
	nl->sk = NULL;
}

/* A request; attributes are to be put. */
static inline struct nl_msg *rn_request(const struct rn *nl, int cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, nl->family, 0, flags, cmd,
		    REGBUF_FAMILY_VERSION);
	return msg;
}

static inline int rn_on_valid(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[64] = { };
	struct rn_answer *a = arg;

	genlmsg_parse(nlmsg_hdr(msg), 0, attrs, 63, NULL);
	a->nr++;
	if (a->each)
		a->each(attrs, a->arg);
	return NL_OK;
}

static inline int rn_on_end(struct nl_msg *msg, void *arg)
{
	struct rn_answer *a = arg;

	a->done = 1;
	return NL_STOP;
}

static inline int rn_on_interrupt(struct nl_msg *msg, void *arg)
{
	struct rn_answer *a = arg;

	a->interrupted = 1;
	return NL_OK;
}

/* Behind the request, of which the error has all or only the head. */
static inline void rn_read_text(struct rn_answer *a, struct nlmsgerr *err)
{
	struct nlmsghdr *hdr = (void *)((char *)err - NLMSG_HDRLEN);
	size_t at = sizeof(*err);
	struct nlattr *nla, *text;

	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(hdr->nlmsg_flags & NLM_F_CAPPED))
		at += NLMSG_ALIGN(err->msg.nlmsg_len) - NLMSG_HDRLEN;
	nla = (void *)((char *)err + at);
	at = hdr->nlmsg_len - NLMSG_HDRLEN - at;
	text = nla_find(nla, at, NLMSGERR_ATTR_MSG);
	if (text)
		nla_strlcpy(a->text, text, sizeof(a->text));
	a->attr = !!nla_find(nla, at, NLMSGERR_ATTR_OFFS);
}

static inline int rn_on_error(struct sockaddr_nl *from, struct nlmsgerr *err,
			      void *arg)
{
	struct rn_answer *a = arg;

	a->err = err->error;
	a->done = 1;
	rn_read_text(a, err);
	return NL_STOP;
}

static inline int rn_send(const struct rn *nl, struct nl_msg *msg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);

	if (!nl->plain)
		return nl_send_auto(nl->sk, msg);
	nl_complete_msg(nl->sk, msg);
	return send(nl_socket_get_fd(nl->sk), hdr, hdr->nlmsg_len, 0);
}

static inline int rn_ask(struct rn *nl, struct nl_msg *msg,
			 struct rn_answer *a)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_CUSTOM);
	int err = rn_send(nl, msg);

	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, rn_on_valid, a);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, rn_on_end, a);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, rn_on_end, a);
	nl_cb_set(cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, rn_on_interrupt, a);
	nl_cb_err(cb, NL_CB_CUSTOM, rn_on_error, a);
	while (err >= 0 && !a->done)
		err = nl_recvmsgs(nl->sk, cb);
	nl_cb_put(cb);
	nlmsg_free(msg);
	if (err < 0 && !a->done)
		return err == -NLE_DUMP_INTR ? 0 : -EIO;
	return a->err;
}

/* A dump, of one context or of all: 0. Each set has its context there. */
static inline int rn_dump(struct rn *nl, int cmd, __u32 ctx,
			  struct rn_answer *a)
{
	struct nl_msg *msg = rn_request(nl, cmd, NLM_F_DUMP);

	if (ctx)
		nla_put_u32(msg, REGBUF_A_BUFFER_CONTEXT, ctx);
	return rn_ask(nl, msg, a);
}

/* What is known of a context. */
struct rn_ctx {
	__u32 id;
	__u32 pid;
	__u32 uid;
	__u32 closed;
	__u32 buffers;
	__u32 queues;
	__u32 endpoints;
	__u64 bytes;
	__u64 pinned;
	__u64 pages;
	__u64 charged;
	__u64 used_after;
	__u64 over_budget;
	__u64 leaked;
	__u64 in_flight;	/* deregistered there */
	__u64 sends;
	char comm[16];
};

static inline void rn_read_stats(struct nlattr *nest, struct rn_ctx *ctx)
{
	struct nlattr *at[REGBUF_A_STATS_MAX + 1];

	nla_parse_nested(at, REGBUF_A_STATS_MAX, nest, NULL);
	ctx->sends = nla_get_u64(at[REGBUF_A_STATS_SENDS]);
	ctx->used_after = nla_get_u64(at[REGBUF_A_STATS_USED_AFTER_DEREGISTER]);
	ctx->over_budget = nla_get_u64(at[REGBUF_A_STATS_OVER_BUDGET]);
	ctx->leaked = nla_get_u64(at[REGBUF_A_STATS_LEAKED_AT_EXIT]);
	ctx->in_flight = nla_get_u64(at[REGBUF_A_STATS_DEREGISTERED_IN_FLIGHT]);
}

static inline void rn_read_ctx(struct nlattr **at, void *arg)
{
	struct rn_ctx *ctx = arg;

	ctx->id = nla_get_u32(at[REGBUF_A_CONTEXT_ID]);
	ctx->pid = nla_get_u32(at[REGBUF_A_CONTEXT_PID]);
	ctx->uid = nla_get_u32(at[REGBUF_A_CONTEXT_UID]);
	nla_strlcpy(ctx->comm, at[REGBUF_A_CONTEXT_COMM], sizeof(ctx->comm));
	ctx->closed = !!at[REGBUF_A_CONTEXT_CLOSED];
	ctx->buffers = nla_get_u32(at[REGBUF_A_CONTEXT_BUFFERS]);
	ctx->bytes = nla_get_u64(at[REGBUF_A_CONTEXT_BYTES]);
	ctx->pinned = nla_get_u64(at[REGBUF_A_CONTEXT_PINNED]);
	ctx->pages = nla_get_u64(at[REGBUF_A_CONTEXT_PAGES]);
	ctx->charged = nla_get_u64(at[REGBUF_A_CONTEXT_CHARGED]);
	ctx->queues = nla_get_u32(at[REGBUF_A_CONTEXT_QUEUES]);
	ctx->endpoints = nla_get_u32(at[REGBUF_A_CONTEXT_ENDPOINTS]);
	rn_read_stats(at[REGBUF_A_CONTEXT_STATS], ctx);
}

static inline int rn_ctx(struct rn *nl, __u32 id, struct rn_ctx *ctx)
{
	struct rn_answer a = { .each = rn_read_ctx, .arg = ctx };
	struct nl_msg *msg = rn_request(nl, REGBUF_CMD_CONTEXT_GET, 0);

	nla_put_u32(msg, REGBUF_A_CONTEXT_ID, id);
	return rn_ask(nl, msg, &a);
}

/* Of all contexts that are seen, the newest; -1 if there is none. */
static inline int rn_newest(struct rn *nl, struct rn_ctx *ctx)
{
	struct rn_answer a = { .each = rn_read_ctx, .arg = ctx };

	return rn_dump(nl, REGBUF_CMD_CONTEXT_GET, 0, &a) || !a.nr ? -1 : 0;
}

/* Which contexts are seen, by what this program opened. */
static inline int rn_count(struct rn *nl, int cmd, __u32 ctx)
{
	struct rn_answer a = { };

	return rn_dump(nl, cmd, ctx, &a) ?: a.nr;
}

#endif /* NL_H */
