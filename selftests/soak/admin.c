// SPDX-License-Identifier: GPL-2.0
/* What an administrator can do to a worker, and nobody else. */
#include "soak.h"

#include "netlink/nl.h"

/* Of all that are this process's, the last is open. */
static void read_own(struct nlattr **at, void *arg)
{
	__u32 *id = arg;

	if (nla_get_u32(at[REGBUF_A_CONTEXT_PID]) == getpid())
		*id = nla_get_u32(at[REGBUF_A_CONTEXT_ID]);
}

static int reset(struct rn *nl, const struct link *l)
{
	struct rn_answer own = { }, answer = { };
	struct nl_msg *msg;
	__u32 ctx = 0;

	own.each = read_own;
	own.arg = &ctx;
	if (rn_open(nl) || rn_dump(nl, REGBUF_CMD_CONTEXT_GET, 0, &own))
		return -ENOMEM;
	if (!ctx && w.root)
		die("no context of mine is to be seen");
	msg = rn_request(nl, REGBUF_CMD_ABORT, NLM_F_ACK);
	nla_put_u32(msg, REGBUF_A_ENDPOINT_CONTEXT, ctx);
	nla_put_u32(msg, REGBUF_A_ENDPOINT_QUEUE, l->q->id);
	nla_put_u32(msg, REGBUF_A_ENDPOINT_ID, l->ep);
	return rn_ask(nl, msg, &answer);
}

/* A connection is reset; it may have been already. */
void op_abort(void)
{
	struct link *l = any_link(true);
	struct rn nl;
	int err;

	if (!l)
		return;
	err = reset(&nl, l);
	rn_close(&nl);
	if (!err && !w.root)
		die("reset by who is no administrator");
	ALLOW("abort", err, w.root ? ENOENT : EPERM, ENOMEM);
	l->broken |= !err;
}
