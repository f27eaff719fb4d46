// SPDX-License-Identifier: GPL-2.0
/*
 * Faults in requests by netlink, and in events: who asks is told, or asks
 * again; who listens is told that he has missed something.
 */
/* One by one, where somebody has a cgroup; else many count as one. */
#define PAGES		256
#include "nl.h"
#include "regbuf_faultstep.h"

#define ROOM		65536
#define BUFFERS		1000	/* that a send holds */
#define ENDPOINTS	8	/* together twice what there is room for */
#define NUMBERS		64	/* of contexts, that memory is for at a time */
#define PIECE		512	/* bytes; fewer would be copied */

static struct rn nl;
static __u32 ctx;
static struct nl_msg *request;
static __u32 opened;		/* contexts, in the last step */
static int answers;
static bool interrupted;	/* something is missing */
static int sock = -1;		/* a new one for each request */
static struct nl_sock *ears;

/* The only context, unless a step makes others. */
static int find(struct rig *rig)
{
	struct rn_ctx newest;

	if (ctx)
		return 0;
	if (rn_open(&nl) || rn_newest(&nl, &newest))
		return -1;
	ctx = newest.id;
	return 0;
}

static int new_sock(void)
{
	struct timeval time = { .tv_sec = 20 };
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };

	if (sock >= 0)
		close(sock);
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	return sock < 0 || bind(sock, (struct sockaddr *)&addr, sizeof(addr)) ||
	       setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
}

static int ask(struct rig *rig, int cmd, int flags, int attr)
{
	if (find(rig) || new_sock())
		return -1;
	if (request)
		nlmsg_free(request);
	request = rn_request(&nl, cmd, flags | NLM_F_ACK);
	nl_complete_msg(nl.sk, request);
	nlmsg_hdr(request)->nlmsg_pid = 0;
	return attr ? nla_put_u32(request, attr, ctx) : 0;
}

/* What a message says: 0 to go on, 1 at the end, or an error. */
static int look(const struct nlmsghdr *hdr)
{
	const struct nlmsgerr *err = nlmsg_data(hdr);

	if (hdr->nlmsg_type == NLMSG_ERROR)
		return err->error ?: 1;
	interrupted |= hdr->nlmsg_flags & NLM_F_DUMP_INTR;
	if (hdr->nlmsg_type == NLMSG_DONE)
		return *(const int *)nlmsg_data(hdr) ?: 1;
	answers++;
	return 0;
}

/* No library: it has its own way with errors. */
static int call(struct rig *rig)
{
	static __u64 text[ROOM / sizeof(__u64)];
	struct nlmsghdr *hdr = nlmsg_hdr(request);
	int n, end = 0;

	answers = 0;
	interrupted = false;
	if (send(sock, hdr, hdr->nlmsg_len, 0) < 0)
		return -errno;
	while (!end) {
		n = recv(sock, text, sizeof(text), 0);
		if (n < 0)
			return -errno;
		hdr = (struct nlmsghdr *)text;
		for (; !end && nlmsg_ok(hdr, n); hdr = nlmsg_next(hdr, &n))
			end = look(hdr);
	}
	return end < 0 ? end : 0;
}

/* All, if it says that it was all; asked again, all in any case. */
static int check_answers(struct rig *rig, int nr)
{
	return new_sock() || call(rig) || answers != nr;
}

static int check_one(struct rig *rig, int err)
{
	return (!err && answers != 1) || check_answers(rig, 1);
}

static int prepare_context(struct rig *rig)
{
	return ask(rig, REGBUF_CMD_CONTEXT_GET, 0, REGBUF_A_CONTEXT_ID);
}

FIXTURE_VARIANT_ADD(fault, context) {
	.prepare = prepare_context,
	.call = call,
	.check = check_one,
	.also = ENOBUFS,
};

static int prepare_buffer(struct rig *rig)
{
	return ask(rig, REGBUF_CMD_BUFFER_GET, 0, REGBUF_A_BUFFER_CONTEXT) ?:
	       nla_put_u64(request, REGBUF_A_BUFFER_ID, rig->ids[0]);
}

FIXTURE_VARIANT_ADD(fault, buffer) {
	.prepare = prepare_buffer,
	.call = call,
	.check = check_one,
	.also = ENOBUFS,
};

static int prepare_counters(struct rig *rig)
{
	return ask(rig, REGBUF_CMD_COUNTERS_GET, 0, 0);
}

FIXTURE_VARIANT_ADD(fault, counters) {
	.prepare = prepare_counters,
	.call = call,
	.check = check_one,
	.also = ENOBUFS,
};

static int prepare_contexts(struct rig *rig)
{
	return ask(rig, REGBUF_CMD_CONTEXT_GET, NLM_F_DUMP, 0);
}

FIXTURE_VARIANT_ADD(fault, contexts) {
	.prepare = prepare_contexts,
	.call = call,
	.check = check_one,
	.also = ENOBUFS,
};

static int prepare_buffers(struct rig *rig)
{
	return ask(rig, REGBUF_CMD_BUFFER_GET, NLM_F_DUMP,
		   REGBUF_A_BUFFER_CONTEXT);
}

static int check_buffers(struct rig *rig, int err)
{
	return (!err && answers != MANY) || check_answers(rig, MANY);
}

FIXTURE_VARIANT_ADD(fault, buffers) {
	.prepare = prepare_buffers,
	.call = call,
	.check = check_buffers,
	.also = ENOBUFS,
};

static int with_queue(struct rig *rig)
{
	return rig->q.map ? 0 : new_queue(rig, rig->sv[0], RB_BOTH);
}

static int prepare_queues(struct rig *rig)
{
	return with_queue(rig) ?: ask(rig, REGBUF_CMD_QUEUE_GET, NLM_F_DUMP, 0);
}

FIXTURE_VARIANT_ADD(fault, queues) {
	.prepare = prepare_queues,
	.call = call,
	.check = check_one,
	.also = ENOBUFS,
};

static int prepare_endpoints(struct rig *rig)
{
	return with_queue(rig) ?:
	       ask(rig, REGBUF_CMD_ENDPOINT_GET, NLM_F_DUMP, 0);
}

FIXTURE_VARIANT_ADD(fault, endpoints) {
	.prepare = prepare_endpoints,
	.call = call,
	.check = check_one,
	.also = ENOBUFS,
};

/* A context whose number is the first of those that need memory. */
static int prepare_next(struct rig *rig)
{
	static __u32 next;
	int dev;

	if (!next && find(rig))
		return -1;
	next = next ?: ctx + 1;
	for (next += opened; next % NUMBERS; next++) {
		dev = rb_open();
		if (dev < 0)
			return -1;
		close(dev);
	}
	opened = 0;
	return 0;
}

static int call_next(struct rig *rig)
{
	rig->fd = rb_open();
	return rig->fd < 0 ? -errno : 0;
}

static int check_next(struct rig *rig, int err)
{
	struct rn_ctx newest;

	opened = !err;
	if (rn_newest(&nl, &newest) ||
	    (err ? newest.id != ctx : newest.id % NUMBERS))
		return 1;
	return err ? 0 : close(rig->fd);
}

FIXTURE_VARIANT_ADD(fault, next_context) {
	.prepare = prepare_next,
	.call = call_next,
	.check = check_next,
};

/* A connection that is there to be reset; its queue is the context's last. */
static int prepare_abort(struct rig *rig)
{
	static __u32 queues;

	close(rig->sv[0]);
	close(rig->sv[1]);
	if (rb_pair(NULL, AF_INET, SOCK_STREAM, rig->sv) ||
	    new_queue(rig, rig->sv[0], RB_BOTH) ||
	    ask(rig, REGBUF_CMD_ABORT, 0, REGBUF_A_ENDPOINT_CONTEXT))
		return -1;
	return nla_put_u32(request, REGBUF_A_ENDPOINT_QUEUE, ++queues) ?:
	       nla_put_u32(request, REGBUF_A_ENDPOINT_ID, rig->ep);
}

/* That is done, if the stack has no memory to tell the peer, too. */
static int check_abort(struct rig *rig, int err)
{
	return err || !is_shut(rig->sv[0]) || whole(&rig->q);
}

FIXTURE_VARIANT_ADD(fault, abort) {
	.prepare = prepare_abort,
	.call = call,
	.check = check_abort,
	.absorbs = true,
};

/*
 * What is held: more than there is room for at first. Whoever gets no more room
 * gets what fits, and is told to ask again.
 */

static struct regbuf_slice slices[BUFFERS];
static struct rb_net net;
static int home = -1;		/* the context's network */
static int held[ENDPOINTS][2];

/* Many ids of one page, and a network that holds what is sent from it. */
static int prepare_many(struct rig *rig)
{
	__u64 id;

	if (home >= 0)
		return 0;
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < BUFFERS; i++) {
		if (rb_register(rig->dev, rig->mem, RB_PAGE, RB_READ, &id))
			return -1;
		slices[i] = rb_slice(id, i % 2 * 1024, PIECE);
	}
	return rb_stats(rig->dev, &rig->before) || rb_net_setup(&net) ||
	       setns(home, CLONE_NEWNET);
}

static int hold_one(struct rig *rig, int sv[2])
{
	__u32 ep;

	if (rb_pair(&net, AF_INET, SOCK_STREAM, sv) ||
	    rb_sockbuf(sv[0], SO_SNDBUFFORCE, 4 * BUFFERS * PIECE) ||
	    rb_q_attach(&rig->q, sv[0], RB_BOTH, 0, 0, &ep))
		return -1;
	rb_sqe_send_list(&rig->q, ep, slices, BUFFERS, 7);
	return 0;
}

static int prepare_holds(struct rig *rig)
{
	int err = prepare_many(rig) || new_queue(rig, rig->sv[0], RB_BOTH) ||
		  rb_net_near(&net);

	for (int i = 0; i < ENDPOINTS && !err; i++)
		err = hold_one(rig, held[i]);
	return err || rb_net_hold(&net) || rb_q_submit_all(&rig->q) ||
	       setns(home, CLONE_NEWNET) ||
	       ask(rig, REGBUF_CMD_HOLD_GET, NLM_F_DUMP, 0);
}

static bool told;	/* that something is missing, when it was */

static bool was_told(void)
{
	return told;
}

static int check_holds(struct rig *rig, int err)
{
	int nr = ENDPOINTS * BUFFERS;
	bool missing = !err && interrupted && answers < nr;
	int bad = (!err && !interrupted && answers != nr) ||
		  check_answers(rig, nr);

	told |= missing;
	rb_q_close(&rig->q);
	for (int i = 0; i < ENDPOINTS; i++) {
		rb_reset(held[i][0]);
		close(held[i][1]);
	}
	return bad || rb_net_near(&net) || rb_net_release(&net, -1) ||
	       setns(home, CLONE_NEWNET);
}

FIXTURE_VARIANT_ADD(fault, holds) {
	.prepare = prepare_holds,
	.call = call,
	.check = check_holds,
	.also = ENOBUFS,
	.seen = was_told,
};

/*
 * Events
 */

static int listen_to_events(void)
{
	int group;

	ears = nl_socket_alloc();
	if (!ears || genl_connect(ears))
		return -1;
	group = genl_ctrl_resolve_grp(ears, REGBUF_FAMILY_NAME,
				      REGBUF_MCGRP_EVENTS);
	return group < 0 ? group : nl_socket_add_membership(ears, group);
}

/* Events, and errors that say that there were more. */
static int heard(void)
{
	char text[4096];
	int nr = 0;

	while (recv(nl_socket_get_fd(ears), text, sizeof(text),
		    MSG_DONTWAIT) > 0 || errno == ENOBUFS)
		nr++;
	return nr;
}

static int prepare_event(struct rig *rig)
{
	if (!ears && listen_to_events())
		return -1;
	heard();
	return 0;
}

static int call_event(struct rig *rig)
{
	return rb_register(rig->dev, rig->mem, 1, RB_READ, &rig->id);
}

static int check_event(struct rig *rig, int err)
{
	if (heard() != !err)
		return 1;
	return err ? 0 : rb_deregister(rig->dev, rig->id);
}

FIXTURE_VARIANT_ADD(fault, event) {
	.prepare = prepare_event,
	.call = call_event,
	.check = check_event,
};

TEST_HARNESS_MAIN
