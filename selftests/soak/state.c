// SPDX-License-Identifier: GPL-2.0
/* What the kernel says of all contexts, in both namespaces. */
#include "soak.h"

#include "netlink/nl.h"

static struct rn nets[2];

int state_open(void)
{
	struct rb_net net = { shared->near, shared->peer };

	return rn_open(&nets[0]) || rb_net_peer(&net) || rn_open(&nets[1]) ||
	       rb_net_near(&net);
}

static struct ctx_state *ctx_of(struct state *state, __u32 id)
{
	for (unsigned int i = 0; i < state->nr_ctxs; i++)
		if (state->ctxs[i].id == id)
			return &state->ctxs[i];
	return NULL;
}

static void read_ctx(struct nlattr **at, void *arg)
{
	struct state *state = arg;
	struct ctx_state *ctx = &state->ctxs[state->nr_ctxs];

	if (state->nr_ctxs == CTXS) {
		state->broken = true;
		return;
	}
	state->nr_ctxs++;
	ctx->id = nla_get_u32(at[REGBUF_A_CONTEXT_ID]);
	ctx->pid = nla_get_u32(at[REGBUF_A_CONTEXT_PID]);
	ctx->uid = nla_get_u32(at[REGBUF_A_CONTEXT_UID]);
	ctx->buffers = nla_get_u32(at[REGBUF_A_CONTEXT_BUFFERS]);
	ctx->pinned = nla_get_u64(at[REGBUF_A_CONTEXT_PINNED]);
	ctx->pages = nla_get_u64(at[REGBUF_A_CONTEXT_PAGES]);
	ctx->charged = nla_get_u64(at[REGBUF_A_CONTEXT_CHARGED]);
	ctx->closed = at[REGBUF_A_CONTEXT_CLOSED];
	nla_strlcpy(ctx->comm, at[REGBUF_A_CONTEXT_COMM], sizeof(ctx->comm));
}

/* Pins that a range has: one for each page, of whatever size. */
static double pins_of(__u64 addr, __u64 len)
{
	__u64 page = addr >= HUGE_AREA && addr < HUGE_AREA_END ? HUGE_PAGE :
								 RB_PAGE;

	return (addr + len - 1) / page - addr / page + 1;
}

/* Ids that share their pins have a part of them each. */
static void read_buf(struct nlattr **at, void *arg)
{
	__u32 flags = nla_get_u32(at[REGBUF_A_BUFFER_FLAGS]);
	__u32 is = nla_get_u32(at[REGBUF_A_BUFFER_STATE]);
	struct state *state = arg;
	struct ctx_state *ctx;

	ctx = ctx_of(state, nla_get_u32(at[REGBUF_A_BUFFER_CONTEXT]));
	if (!ctx) {
		state->broken = true;
		return;
	}
	if (flags & REGBUF_BUFFER_FLAG_IMPORTED)
		return;
	ctx->live += is != REGBUF_BUFFER_STATE_CLOSING;
	ctx->pins += pins_of(nla_get_u64(at[REGBUF_A_BUFFER_ADDR]),
			     nla_get_u64(at[REGBUF_A_BUFFER_LENGTH])) /
		     nla_get_u32(at[REGBUF_A_BUFFER_SHARED]);
}

static void read_queue(struct nlattr **at, void *arg)
{
	struct state *state = arg;

	if (state->nr_queues == QS) {
		state->broken = true;
		return;
	}
	state->queues[state->nr_queues++] = (struct queue_state){
		.ctx = nla_get_u32(at[REGBUF_A_QUEUE_CONTEXT]),
		.id = nla_get_u32(at[REGBUF_A_QUEUE_ID]),
		.pending = nla_get_u32(at[REGBUF_A_QUEUE_PENDING]),
		.posted = nla_get_u32(at[REGBUF_A_QUEUE_POSTED]),
		.unconsumed = nla_get_u32(at[REGBUF_A_QUEUE_UNCONSUMED]),
	};
}

static void read_one(struct rn *nl, struct state *state, int cmd,
		     void (*each)(struct nlattr **attrs, void *arg))
{
	struct rn_answer a = { .each = each, .arg = state };

	if (rn_dump(nl, cmd, 0, &a) || a.interrupted)
		state->broken = true;
}

void state_read(struct state *state)
{
	memset(state, 0, sizeof(*state));
	for (int i = 0; i < 2; i++)
		read_one(&nets[i], state, REGBUF_CMD_CONTEXT_GET, read_ctx);
	for (int i = 0; i < 2; i++)
		read_one(&nets[i], state, REGBUF_CMD_BUFFER_GET, read_buf);
	for (int i = 0; i < 2; i++)
		read_one(&nets[i], state, REGBUF_CMD_QUEUE_GET, read_queue);
	state->pins = rb_pins();
}
