// SPDX-License-Identifier: GPL-2.0
/*
 * What is shown is what there is: contexts, buffers, queues, endpoints; which
 * socket holds a buffer in flight; resetting that socket.
 */
#include "nl.h"
#include "regbuf_stuffed.h"
#include "kselftest_harness.h"

#include <poll.h>
#include <pthread.h>

#define LEN	(4 * RB_PAGE)
#define SLICE	1024
#define QUEUES	500

/* The last of a dump, whatever of. */
struct seen {
	__u32 ctx;
	__u32 word[32];
	__u64 wide[32];
	char local[16];
	char remote[16];
	int has[32];
};

static void see(struct nlattr **at, void *arg)
{
	struct seen *s = arg;

	memset(s, 0, sizeof(*s));
	for (int i = 1; i < 32; i++) {
		s->has[i] = !!at[i];
		if (at[i] && nla_len(at[i]) == 8)
			s->wide[i] = nla_get_u64(at[i]);
		if (at[i] && nla_len(at[i]) == 4)
			s->word[i] = nla_get_u32(at[i]);
		if (at[i] && nla_len(at[i]) == 2)
			s->word[i] = nla_get_u16(at[i]);
	}
	s->ctx = s->word[REGBUF_A_BUFFER_CONTEXT];
}

FIXTURE(show) {
	struct rb_qrig qr;
	struct rn nl;
	struct rn_ctx ctx;
	struct seen seen;
};

FIXTURE_VARIANT(show) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(show, tcp4) { .family = AF_INET, .type = SOCK_STREAM };
FIXTURE_VARIANT_ADD(show, tcp6) { .family = AF_INET6, .type = SOCK_STREAM };
FIXTURE_VARIANT_ADD(show, udp4) { .family = AF_INET, .type = SOCK_DGRAM };
FIXTURE_VARIANT_ADD(show, udp6) { .family = AF_INET6, .type = SOCK_DGRAM };

FIXTURE_SETUP(show)
{
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, variant->family, variant->type,
				   false, LEN, 16));
	ASSERT_EQ(0, rn_open(&self->nl));
	ASSERT_EQ(0, rn_newest(&self->nl, &self->ctx));
}

FIXTURE_TEARDOWN(show)
{
	rn_close(&self->nl);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

static int dump(FIXTURE_DATA(show) *self, int cmd)
{
	struct rn_answer a = { .each = see, .arg = &self->seen };

	memset(&self->seen, 0, sizeof(self->seen));
	return rn_dump(&self->nl, cmd, self->ctx.id, &a) ?: a.nr;
}

TEST_F(show, a_context)
{
	struct rn_ctx *ctx = &self->ctx;
	__u64 id;

	EXPECT_EQ(getpid(), ctx->pid);
	EXPECT_EQ(0, ctx->uid);
	EXPECT_STREQ("show", ctx->comm);
	EXPECT_EQ(0, ctx->closed);
	EXPECT_EQ(1, ctx->buffers);
	EXPECT_EQ(LEN, ctx->bytes);
	EXPECT_EQ(LEN, ctx->pinned);
	EXPECT_EQ(LEN / RB_PAGE, ctx->pages);
	/* CAP_IPC_LOCK */
	EXPECT_EQ(0, ctx->charged);
	EXPECT_EQ(1, ctx->queues);
	EXPECT_EQ(1, ctx->endpoints);
	ASSERT_EQ(0, rb_register(self->qr.rig.dev, self->qr.rig.mem + 1,
				 RB_PAGE, RB_READ, &id));
	ASSERT_EQ(0, rn_ctx(&self->nl, ctx->id, ctx));
	EXPECT_EQ(2, ctx->buffers);
	EXPECT_EQ(LEN + RB_PAGE, ctx->bytes);
	EXPECT_EQ(LEN + 2 * RB_PAGE, ctx->pinned);
	ASSERT_EQ(0, rb_deregister(self->qr.rig.dev, id));
	ASSERT_EQ(0, rn_ctx(&self->nl, ctx->id, ctx));
	EXPECT_EQ(LEN, ctx->bytes);
	EXPECT_EQ(LEN, ctx->pinned);
}

TEST_F(show, a_buffer)
{
	struct rb_rig *rig = &self->qr.rig;
	struct seen *s = &self->seen;
	struct rn_answer a = { .each = see, .arg = s };
	struct nl_msg *msg;

	EXPECT_EQ(1, dump(self, REGBUF_CMD_BUFFER_GET));
	EXPECT_EQ(self->ctx.id, s->ctx);
	EXPECT_EQ(rig->id, s->wide[REGBUF_A_BUFFER_ID]);
	EXPECT_EQ((unsigned long)rig->mem, s->wide[REGBUF_A_BUFFER_ADDR]);
	EXPECT_EQ(LEN, s->wide[REGBUF_A_BUFFER_LENGTH]);
	EXPECT_EQ(LEN / RB_PAGE, s->wide[REGBUF_A_BUFFER_PAGES]);
	EXPECT_EQ(RB_READ | RB_WRITE, s->word[REGBUF_A_BUFFER_ACCESS]);
	EXPECT_EQ(REGBUF_STATE_LIVE, s->word[REGBUF_A_BUFFER_STATE]);
	EXPECT_EQ(0, s->word[REGBUF_A_BUFFER_IN_FLIGHT]);
	memset(s, 0, sizeof(*s));
	msg = rn_request(&self->nl, REGBUF_CMD_BUFFER_GET, 0);
	nla_put_u32(msg, REGBUF_A_BUFFER_CONTEXT, self->ctx.id);
	nla_put_u64(msg, REGBUF_A_BUFFER_ID, rig->id);
	EXPECT_EQ(0, rn_ask(&self->nl, msg, &a));
	EXPECT_EQ(rig->id, s->wide[REGBUF_A_BUFFER_ID]);
	/* C5: a dead id is told from one that never was. */
	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	a = (struct rn_answer){ };
	msg = rn_request(&self->nl, REGBUF_CMD_BUFFER_GET, 0);
	nla_put_u32(msg, REGBUF_A_BUFFER_CONTEXT, self->ctx.id);
	nla_put_u64(msg, REGBUF_A_BUFFER_ID, rig->id);
	EXPECT_EQ(-ESTALE, rn_ask(&self->nl, msg, &a));
	EXPECT_STREQ("no such buffer", a.text);
	EXPECT_EQ(1, a.attr);
	EXPECT_EQ(0, dump(self, REGBUF_CMD_BUFFER_GET));
}

TEST_F(show, a_queue)
{
	struct seen *s = &self->seen;
	struct rb_queue other;

	rb_sqe_nop(&self->qr.q, 1);
	ASSERT_EQ(0, rb_q_submit_all(&self->qr.q));
	rb_sqe_timeout(&self->qr.q, 1000 * RB_SEC, 2);
	ASSERT_EQ(0, rb_q_submit_all(&self->qr.q));
	EXPECT_EQ(1, dump(self, REGBUF_CMD_QUEUE_GET));
	EXPECT_EQ(self->ctx.id, s->ctx);
	EXPECT_EQ(1, s->word[REGBUF_A_QUEUE_ID]);
	EXPECT_EQ(16, s->word[REGBUF_A_QUEUE_SQ_ENTRIES]);
	EXPECT_EQ(16, s->word[REGBUF_A_QUEUE_CQ_ENTRIES]);
	EXPECT_EQ(64, s->word[REGBUF_A_QUEUE_POOL_ENTRIES]);
	EXPECT_EQ(0, s->word[REGBUF_A_QUEUE_FLAGS]);
	EXPECT_EQ(1, s->word[REGBUF_A_QUEUE_ENDPOINTS]);
	EXPECT_EQ(1, s->word[REGBUF_A_QUEUE_PENDING]);
	EXPECT_EQ(1, s->word[REGBUF_A_QUEUE_POSTED]);
	EXPECT_EQ(1, s->word[REGBUF_A_QUEUE_UNCONSUMED]);
	ASSERT_EQ(0, rb_q_open(self->qr.rig.dev, &other, 1, 1, 0));
	EXPECT_EQ(2, dump(self, REGBUF_CMD_QUEUE_GET));
	EXPECT_EQ(2, s->word[REGBUF_A_QUEUE_ID]);
	/* C17: an index that cannot be. */
	rb_store(&other.ring->cq_head, 77);
	rb_sqe_nop(&other, 1);
	EXPECT_EQ(-ENOTRECOVERABLE, rb_q_submit_all(&other));
	EXPECT_EQ(2, dump(self, REGBUF_CMD_QUEUE_GET));
	EXPECT_EQ(REGBUF_QUEUE_FLAG_BROKEN, s->word[REGBUF_A_QUEUE_FLAGS]);
	EXPECT_GE(1, s->word[REGBUF_A_QUEUE_UNCONSUMED]);
	rb_q_close(&other);
	EXPECT_TRUE(rb_within(10, dump(self, REGBUF_CMD_QUEUE_GET) == 1));
}

/* What the last of a context's is told to be. */
static __u32 flags_of(struct rn *nl, int cmd, int attr, __u32 ctx)
{
	struct seen seen = { };
	struct rn_answer a = { .each = see, .arg = &seen };

	return rn_dump(nl, cmd, ctx, &a) ? 0 : seen.word[attr];
}

static __u32 flags_of_queue(struct rn *nl, __u32 ctx)
{
	return flags_of(nl, REGBUF_CMD_QUEUE_GET, REGBUF_A_QUEUE_FLAGS, ctx);
}

/* C2: one that waits for slices of its pool. */
TEST_F(show, a_queue_without_room)
{
	struct sockaddr_storage ss;
	struct sockaddr *to = (struct sockaddr *)&ss;
	struct rb_queue *q = &self->qr.q;
	socklen_t len = sizeof(ss);

	ASSERT_EQ(0, getsockname(self->qr.rig.near, to, &len));
	if (variant->type == SOCK_DGRAM)
		ASSERT_EQ(0, connect(self->qr.rig.far, to, len));
	ASSERT_EQ(0, rb_q_pool(q, self->qr.rig.id, 64, SLICE, 1));
	rb_sqe_recv_pool(q, self->qr.ep, REGBUF_SQE_F_MULTI, 0, 1);
	ASSERT_EQ(0, rb_q_submit_all(q));
	EXPECT_EQ(0, flags_of_queue(&self->nl, self->ctx.id));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(SLICE, send(self->qr.rig.far, self->qr.rig.mem,
				      SLICE, 0));
	EXPECT_TRUE(rb_within(20, flags_of_queue(&self->nl, self->ctx.id) ==
			      REGBUF_QUEUE_FLAG_STALLED));
}

/* C15: one whose context is closed, and one that the kernel looks after. */
TEST_F(show, queues_of_another_kind)
{
	struct regbuf_ioc_queue params = {
		.flags = REGBUF_QUEUE_F_POLLER,
		.sq_entries = 8,
		.cq_entries = 8,
	};
	int dev = rb_open();
	struct rb_queue q;
	struct rn_ctx ctx;

	ASSERT_LE(0, dev);
	ASSERT_EQ(0, rn_newest(&self->nl, &ctx));
	ASSERT_EQ(0, rb_q_open_params(dev, &q, &params));
	EXPECT_EQ(REGBUF_QUEUE_FLAG_POLLER, flags_of_queue(&self->nl, ctx.id));
	close(dev);
	EXPECT_EQ(REGBUF_QUEUE_FLAG_POLLER | REGBUF_QUEUE_FLAG_SHUT,
		  flags_of_queue(&self->nl, ctx.id));
	rb_q_close(&q);
}

/* More than a message has room for. */
TEST_F_TIMEOUT(show, many_queues, 120)
{
	struct rb_queue q[QUEUES];

	for (int i = 0; i < QUEUES; i++)
		ASSERT_EQ(0, rb_q_open(self->qr.rig.dev, &q[i], 1, 1, 0));
	EXPECT_EQ(QUEUES + 1, dump(self, REGBUF_CMD_QUEUE_GET));
	for (int i = 0; i < QUEUES; i++)
		rb_q_close(&q[i]);
}

static __u64 cookie(int sock)
{
	socklen_t size = sizeof(__u64);
	__u64 value = 0;

	getsockopt(sock, SOL_SOCKET, SO_COOKIE, &value, &size);
	return value;
}

static int port(int sock, int (*name)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_in6 sin6 = { };
	socklen_t len = sizeof(sin6);

	name(sock, (struct sockaddr *)&sin6, &len);
	return ntohs(sin6.sin6_port);
}

TEST_F(show, an_endpoint)
{
	int near = self->qr.rig.near;
	struct seen *s = &self->seen;

	rb_qrig_recv(&self->qr, 0, 1, 1);
	ASSERT_EQ(0, rb_q_submit_all(&self->qr.q));
	EXPECT_EQ(1, dump(self, REGBUF_CMD_ENDPOINT_GET));
	EXPECT_EQ(self->ctx.id, s->ctx);
	EXPECT_EQ(1, s->word[REGBUF_A_ENDPOINT_QUEUE]);
	EXPECT_EQ(self->qr.ep, s->word[REGBUF_A_ENDPOINT_ID]);
	EXPECT_EQ(RB_BOTH, s->word[REGBUF_A_ENDPOINT_FLAGS]);
	EXPECT_EQ(variant->family, s->word[REGBUF_A_ENDPOINT_FAMILY]);
	EXPECT_EQ(variant->type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP,
		  s->word[REGBUF_A_ENDPOINT_PROTOCOL]);
	EXPECT_EQ(TCP_ESTABLISHED, s->word[REGBUF_A_ENDPOINT_STATE]);
	EXPECT_EQ(1, s->has[REGBUF_A_ENDPOINT_LOCAL_ADDR]);
	EXPECT_EQ(1, s->has[REGBUF_A_ENDPOINT_REMOTE_ADDR]);
	if (variant->family == AF_INET) {
		EXPECT_EQ(inet_addr(RB_NEAR4),
			  s->word[REGBUF_A_ENDPOINT_LOCAL_ADDR]);
		EXPECT_EQ(inet_addr(RB_PEER4),
			  s->word[REGBUF_A_ENDPOINT_REMOTE_ADDR]);
	}
	EXPECT_EQ(port(near, getsockname),
		  s->word[REGBUF_A_ENDPOINT_LOCAL_PORT]);
	EXPECT_EQ(port(near, getpeername),
		  s->word[REGBUF_A_ENDPOINT_REMOTE_PORT]);
	EXPECT_EQ(cookie(near), s->wide[REGBUF_A_ENDPOINT_COOKIE]);
	EXPECT_NE(0, s->wide[REGBUF_A_ENDPOINT_INODE]);
	EXPECT_EQ(0, s->word[REGBUF_A_ENDPOINT_PENDING_SENDS]);
	EXPECT_EQ(1, s->word[REGBUF_A_ENDPOINT_PENDING_RECEIVES]);
	EXPECT_EQ(0, s->word[REGBUF_A_ENDPOINT_IN_FLIGHT]);
	EXPECT_EQ(0, dump(self, REGBUF_CMD_HOLD_GET));
	ASSERT_EQ(0, rb_q_detach(&self->qr.q, self->qr.ep, 0));
	EXPECT_EQ(0, dump(self, REGBUF_CMD_ENDPOINT_GET));
}

/* Sends that stay in the network: who holds which buffer, and how much. */
FIXTURE(stuck) {
	struct rb_qrig qr;
	struct rn nl;
	struct rn_ctx ctx;
	struct seen seen;
	__u64 other;
	long long start;
};

FIXTURE_SETUP(stuck)
{
	struct rb_rig *rig = &self->qr.rig;
	struct regbuf_slice list[3];

	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET, SOCK_STREAM, false, LEN,
				   16));
	ASSERT_EQ(0, rn_open(&self->nl));
	ASSERT_EQ(0, rn_newest(&self->nl, &self->ctx));
	ASSERT_EQ(0, rb_register(rig->dev, rig->mem, LEN, RB_READ,
				 &self->other));
	ASSERT_EQ(0, rb_net_hold(&rig->net));
	self->start = rb_now();
	rb_qrig_send(&self->qr, 0, RB_PAGE, 1);
	ASSERT_EQ(0, rb_q_submit_all(&self->qr.q));
	/* Three slices are a list of its own, of two buffers. */
	list[0] = rb_slice(rig->id, 0, 3000);
	list[1] = rb_slice(self->other, 0, 2000);
	list[2] = rb_slice(rig->id, RB_PAGE, 1000);
	rb_sqe_send_list(&self->qr.q, self->qr.ep, list, 3, 2);
	ASSERT_EQ(0, rb_q_submit_all(&self->qr.q));
	ASSERT_EQ(2, rb_in_flight(rig->dev, rig->id));
}

FIXTURE_TEARDOWN(stuck)
{
	rn_close(&self->nl);
	/* Unless the test has done so. */
	rb_net_release(&self->qr.rig.net, self->qr.rig.far);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

static int holds(FIXTURE_DATA(stuck) *self, __u64 buf)
{
	struct rn_answer a = { .each = see, .arg = &self->seen };
	struct nl_msg *msg = rn_request(&self->nl, REGBUF_CMD_HOLD_GET,
					NLM_F_DUMP);

	memset(&self->seen, 0, sizeof(self->seen));
	nla_put_u32(msg, REGBUF_A_HOLD_CONTEXT, self->ctx.id);
	if (buf)
		nla_put_u64(msg, REGBUF_A_HOLD_BUFFER, buf);
	return rn_ask(&self->nl, msg, &a) ?: a.nr;
}

/* The holder has a name; each request counts once for a buffer. */
TEST_F(stuck, holder_is_named)
{
	struct seen *s = &self->seen;

	EXPECT_EQ(2, holds(self, 0));
	EXPECT_EQ(1, holds(self, self->qr.rig.id));
	EXPECT_EQ(self->ctx.id, s->ctx);
	EXPECT_EQ(self->qr.rig.id, s->wide[REGBUF_A_HOLD_BUFFER]);
	EXPECT_EQ(1, s->word[REGBUF_A_HOLD_QUEUE]);
	EXPECT_EQ(self->qr.ep, s->word[REGBUF_A_HOLD_ENDPOINT]);
	EXPECT_EQ(cookie(self->qr.rig.near), s->wide[REGBUF_A_HOLD_COOKIE]);
	EXPECT_NE(0, s->wide[REGBUF_A_HOLD_INODE]);
	EXPECT_EQ(2, s->word[REGBUF_A_HOLD_REQUESTS]);
	EXPECT_EQ(RB_PAGE + 4000, s->wide[REGBUF_A_HOLD_BYTES]);
	EXPECT_EQ(1, holds(self, self->other));
	EXPECT_EQ(1, s->word[REGBUF_A_HOLD_REQUESTS]);
	EXPECT_EQ(2000, s->wide[REGBUF_A_HOLD_BYTES]);
	EXPECT_TRUE(rb_within(10, holds(self, self->other) == 1 &&
			      s->wide[REGBUF_A_HOLD_AGE] >= 20));
	/* One clock stops when the machine does, the other may not. */
	EXPECT_GE((__u64)(rb_now() - self->start) / RB_MSEC + 20000,
		  s->wide[REGBUF_A_HOLD_AGE]);
}

TEST_F(stuck, endpoint_tells_how_much)
{
	struct rn_answer a = { .each = see, .arg = &self->seen };

	ASSERT_EQ(0, rn_dump(&self->nl, REGBUF_CMD_ENDPOINT_GET, self->ctx.id,
			     &a));
	EXPECT_EQ(1, a.nr);
	EXPECT_EQ(2, self->seen.word[REGBUF_A_ENDPOINT_IN_FLIGHT]);
	EXPECT_EQ(RB_PAGE + 6000,
		  self->seen.wide[REGBUF_A_ENDPOINT_IN_FLIGHT_BYTES]);
}

static __u32 flags_of_endpoint(FIXTURE_DATA(stuck) *self)
{
	return flags_of(&self->nl, REGBUF_CMD_ENDPOINT_GET,
			REGBUF_A_ENDPOINT_FLAGS, self->ctx.id);
}

static void *detach(void *arg)
{
	FIXTURE_DATA(stuck) *self = arg;

	return (void *)(long)rb_q_detach(&self->qr.q, self->qr.ep,
					 REGBUF_DETACH_F_DRAIN);
}

/* C15: one that is being detached, and waits for its peer to read. */
TEST_F(stuck, endpoint_drains)
{
	size_t bytes = 0;
	pthread_t thread;
	void *result;

	/* Nothing is acknowledged: it stays full. */
	while (!rb_fill(self->qr.rig.near, self->qr.rig.mem, &bytes))
		;
	rb_qrig_send(&self->qr, 0, RB_PAGE, 3);
	ASSERT_EQ(0, rb_q_submit_all(&self->qr.q));
	EXPECT_EQ(RB_BOTH, flags_of_endpoint(self));
	ASSERT_EQ(0, pthread_create(&thread, NULL, detach, self));
	EXPECT_TRUE(rb_within(20, flags_of_endpoint(self) ==
			      (RB_BOTH | REGBUF_ENDPOINT_FLAG_DRAINING)));
	rb_sqe_cancel(&self->qr.q, 0, 3, 0, 4);
	ASSERT_EQ(0, rb_q_submit_all(&self->qr.q));
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(NULL, result);
}

/* When the network lets go, nothing is held. */
TEST_F(stuck, until_it_is_acknowledged)
{
	ASSERT_EQ(0, rb_net_release(&self->qr.rig.net, self->qr.rig.far));
	EXPECT_EQ(0, rb_q_enter(&self->qr.q, 0, 2, RB_LONG, NULL));
	EXPECT_EQ(0, holds(self, 0));
}

/* Detached, the holder has no socket to name any more; closed, no context. */
TEST_F(stuck, detached_and_closed)
{
	struct rb_rig *rig = &self->qr.rig;
	struct rn_ctx *ctx = &self->ctx;

	ASSERT_EQ(0, rb_q_detach(&self->qr.q, self->qr.ep, 0));
	EXPECT_EQ(1, holds(self, self->other));
	EXPECT_EQ(self->qr.ep, self->seen.word[REGBUF_A_HOLD_ENDPOINT]);
	EXPECT_EQ(0, self->seen.has[REGBUF_A_HOLD_COOKIE]);
	rb_q_close(&self->qr.q);
	close(rig->dev);
	rig->dev = -1;
	ASSERT_EQ(0, rn_ctx(&self->nl, ctx->id, ctx));
	EXPECT_EQ(1, ctx->closed);
	EXPECT_EQ(2, ctx->buffers);
	EXPECT_EQ(2, ctx->leaked);
	EXPECT_EQ(0, ctx->queues);
	ASSERT_EQ(0, rb_net_release(&rig->net, rig->far));
	EXPECT_TRUE(rb_within(20, rn_ctx(&self->nl, ctx->id, ctx) == -ENOENT));
}

/* Only the context is closed: its queue holds what it held, and is shown. */
TEST_F(stuck, context_closed)
{
	struct rb_rig *rig = &self->qr.rig;

	close(rig->dev);
	rig->dev = -1;
	EXPECT_EQ(1, holds(self, self->other));
	EXPECT_EQ(1, self->seen.word[REGBUF_A_HOLD_QUEUE]);
	EXPECT_EQ(2000, self->seen.wide[REGBUF_A_HOLD_BYTES]);
	ASSERT_EQ(0, rn_ctx(&self->nl, self->ctx.id, &self->ctx));
	EXPECT_EQ(1, self->ctx.closed);
	EXPECT_EQ(1, self->ctx.queues);
	EXPECT_EQ(0, self->ctx.endpoints);
	ASSERT_EQ(0, rb_net_release(&rig->net, rig->far));
	EXPECT_TRUE(rb_within(20, holds(self, 0) == 0));
}

static int reset(FIXTURE_DATA(stuck) *self, __u32 queue, __u32 ep, __u64 by,
		 struct rn_answer *a)
{
	struct nl_msg *msg = rn_request(&self->nl, REGBUF_CMD_ABORT, 0);

	*a = (struct rn_answer){ };
	nla_put_u32(msg, REGBUF_A_ENDPOINT_CONTEXT, self->ctx.id);
	if (queue)
		nla_put_u32(msg, REGBUF_A_ENDPOINT_QUEUE, queue);
	if (ep)
		nla_put_u32(msg, REGBUF_A_ENDPOINT_ID, ep);
	if (by)
		nla_put_u64(msg, REGBUF_A_ENDPOINT_COOKIE, by);
	return rn_ask(&self->nl, msg, a);
}

/* C15: the socket is reset on request, and what it held ends. */
TEST_F(stuck, abort_by_name)
{
	struct rn_answer a;

	EXPECT_EQ(0, reset(self, 1, self->qr.ep, 0, &a));
	EXPECT_TRUE(rb_within(20, rb_in_flight(self->qr.rig.dev,
					       self->qr.rig.id) == 0));
	EXPECT_EQ(0, rb_q_enter(&self->qr.q, 0, 2, RB_LONG, NULL));
	EXPECT_EQ(0, holds(self, 0));
	EXPECT_EQ(-ENOENT, reset(self, 1, self->qr.ep, 0, &a));
	EXPECT_STREQ("the socket is closed", a.text);
}

TEST_F(stuck, abort_by_cookie)
{
	__u64 by = cookie(self->qr.rig.near);
	struct rn_answer a;

	EXPECT_EQ(0, reset(self, 0, 0, by, &a));
	EXPECT_TRUE(rb_within(20, rb_in_flight(self->qr.rig.dev,
					       self->qr.rig.id) == 0));
}

TEST_F(stuck, abort_of_nothing)
{
	struct rn_answer a;

	EXPECT_EQ(-ENOENT, reset(self, 1, self->qr.ep + 1, 0, &a));
	EXPECT_STREQ("no such endpoint", a.text);
	EXPECT_EQ(-ENOENT, reset(self, 2, self->qr.ep, 0, &a));
	EXPECT_EQ(-ENOENT, reset(self, 0, 0, 1, &a));
	EXPECT_EQ(-EINVAL, reset(self, 1, 0, 0, &a));
	EXPECT_STREQ("either a queue and an endpoint, or a cookie", a.text);
	EXPECT_EQ(-EINVAL, reset(self, 1, self->qr.ep, 1, &a));
	EXPECT_EQ(2, rb_in_flight(self->qr.rig.dev, self->qr.rig.id));
	EXPECT_EQ(2, holds(self, 0));
}

#include "regbuf_main.h"
