// SPDX-License-Identifier: GPL-2.0
/*
 * Events: each kind, with what it says; to whom.
 */
#include "nl.h"
#include "kselftest_harness.h"

#include <sys/resource.h>

#define LEN	(2 * RB_PAGE)

struct event {
	__u32 kind;
	__u32 ctx;
	__u32 pid;
	__u32 in_flight;
	__u32 buffers;
	__u64 buffer;
	__u64 addr;
	__u64 length;
	__u64 pages;
	__u64 needed;
	__u64 charged;
	__u64 allowed;
	char comm[16];
};

FIXTURE(events) {
	struct rb_rig rig;
	struct rn nl;		/* asks */
	struct nl_sock *ears;
	struct rn_ctx ctx;
	struct event ev;
	struct regbuf_ioc_send msg;
};

static __u64 wide(struct nlattr **at, int nr)
{
	return at[nr] ? nla_get_u64(at[nr]) : 0;
}

static __u32 word(struct nlattr **at, int nr)
{
	return at[nr] ? nla_get_u32(at[nr]) : 0;
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlattr *at[REGBUF_A_EVENT_MAX + 1];
	struct event *ev = arg;

	if (genlmsg_hdr(nlmsg_hdr(msg))->cmd != REGBUF_CMD_EVENT ||
	    genlmsg_parse(nlmsg_hdr(msg), 0, at, REGBUF_A_EVENT_MAX, NULL))
		return NL_SKIP;
	ev->kind = word(at, REGBUF_A_EVENT_KIND);
	ev->ctx = word(at, REGBUF_A_EVENT_CONTEXT);
	ev->pid = word(at, REGBUF_A_EVENT_PID);
	ev->in_flight = word(at, REGBUF_A_EVENT_IN_FLIGHT);
	ev->buffers = word(at, REGBUF_A_EVENT_BUFFERS);
	ev->buffer = wide(at, REGBUF_A_EVENT_BUFFER);
	ev->addr = wide(at, REGBUF_A_EVENT_ADDR);
	ev->length = wide(at, REGBUF_A_EVENT_LENGTH);
	ev->pages = wide(at, REGBUF_A_EVENT_PAGES);
	ev->needed = wide(at, REGBUF_A_EVENT_NEEDED);
	ev->charged = wide(at, REGBUF_A_EVENT_CHARGED);
	ev->allowed = wide(at, REGBUF_A_EVENT_ALLOWED);
	nla_strlcpy(ev->comm, at[REGBUF_A_EVENT_COMM], sizeof(ev->comm));
	return NL_STOP;
}

static int listen_to(struct nl_sock **ears, struct event *ev)
{
	struct timeval time = { .tv_sec = 10 };
	int group;

	*ears = nl_socket_alloc();
	if (!*ears || genl_connect(*ears))
		return -1;
	group = genl_ctrl_resolve_grp(*ears, REGBUF_FAMILY_NAME,
				      REGBUF_MCGRP_EVENTS);
	nl_socket_disable_seq_check(*ears);
	nl_socket_modify_cb(*ears, NL_CB_VALID, NL_CB_CUSTOM, on_event, ev);
	setsockopt(nl_socket_get_fd(*ears), SOL_SOCKET, SO_RCVTIMEO, &time,
		   sizeof(time));
	return group < 0 ? group : nl_socket_add_membership(*ears, group);
}

FIXTURE_SETUP(events)
{
	ASSERT_EQ(0, rb_rig_setup(&self->rig, AF_INET, SOCK_DGRAM, false, LEN));
	ASSERT_EQ(0, rn_open(&self->nl));
	ASSERT_EQ(0, rn_newest(&self->nl, &self->ctx));
	ASSERT_EQ(0, listen_to(&self->ears, &self->ev));
}

FIXTURE_TEARDOWN(events)
{
	nl_socket_free(self->ears);
	rn_close(&self->nl);
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* The next event is of this kind, and of our context. */
static int next_is(FIXTURE_DATA(events) *self, __u32 kind)
{
	struct event *ev = &self->ev;

	memset(ev, 0, sizeof(*ev));
	nl_recvmsgs_default(self->ears);
	if (ev->kind == kind && ev->ctx == self->ctx.id &&
	    ev->pid == getpid() && !strcmp(ev->comm, "events"))
		return 1;
	fprintf(stderr, "# event %u of %u, %u \"%s\"\n", ev->kind, ev->ctx,
		ev->pid, ev->comm);
	return 0;
}

/* Nothing has come that was not waited for. */
static int silent(FIXTURE_DATA(events) *self)
{
	char byte;

	return recv(nl_socket_get_fd(self->ears), &byte, 1,
		    MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

TEST_F(events, registered_and_deregistered)
{
	struct event *ev = &self->ev;
	void *mem = rb_pages(1);
	__u64 id;

	ASSERT_TRUE(silent(self));
	ASSERT_EQ(0, rb_register(self->rig.dev, mem, 100, RB_READ, &id));
	ASSERT_TRUE(next_is(self, REGBUF_EVENT_KIND_REGISTERED));
	EXPECT_EQ(id, ev->buffer);
	EXPECT_EQ((unsigned long)mem, ev->addr);
	EXPECT_EQ(100, ev->length);
	EXPECT_EQ(1, ev->pages);
	ASSERT_EQ(0, rb_deregister(self->rig.dev, id));
	ASSERT_TRUE(next_is(self, REGBUF_EVENT_KIND_DEREGISTERED));
	EXPECT_EQ(id, ev->buffer);
	/* Refusals for other reasons than the budget are none. */
	EXPECT_EQ(-EINVAL, rb_register(self->rig.dev, mem, 0, RB_READ, &id));
	EXPECT_TRUE(silent(self));
}

/* C6 */
TEST_F(events, deregistered_in_flight)
{
	struct rb_rig *rig = &self->rig;

	ASSERT_EQ(0, rb_net_near_netem(&(struct rb_netem){
			.delay_us = 100000000 }));
	ASSERT_EQ(0, rb_rig_send(rig, 0, 1000, &self->msg));
	ASSERT_EQ(1000, self->msg.zerocopied);
	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	ASSERT_TRUE(next_is(self, REGBUF_EVENT_KIND_DEREGISTERED_IN_FLIGHT));
	EXPECT_EQ(rig->id, self->ev.buffer);
	EXPECT_EQ(1, self->ev.in_flight);
	EXPECT_TRUE(silent(self));
	ASSERT_EQ(0, rb_net_near_netem(NULL));
}

/* C5 */
TEST_F(events, used_after_deregister)
{
	struct rb_rig *rig = &self->rig;

	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	ASSERT_TRUE(next_is(self, REGBUF_EVENT_KIND_DEREGISTERED));
	EXPECT_EQ(-ESTALE, rb_rig_send(rig, 0, 1, &self->msg));
	ASSERT_TRUE(next_is(self, REGBUF_EVENT_KIND_USED_AFTER_DEREGISTER));
	EXPECT_EQ(rig->id, self->ev.buffer);
	EXPECT_TRUE(silent(self));
}

/* C9 */
TEST_F(events, detached_and_used)
{
	struct rb_rig *rig = &self->rig;
	void *mem = rb_pages(1);
	__u64 id;

	ASSERT_EQ(0, rb_register(rig->dev, mem, RB_PAGE, RB_READ, &id));
	ASSERT_TRUE(next_is(self, REGBUF_EVENT_KIND_REGISTERED));
	ASSERT_EQ(0, munmap(mem, RB_PAGE));
	ASSERT_TRUE(next_is(self, REGBUF_EVENT_KIND_DETACHED));
	EXPECT_EQ(id, self->ev.buffer);
	EXPECT_EQ(RB_PAGE, self->ev.length);
	EXPECT_EQ(-ESTALE, rb_send(rig->dev, rig->near, id, 0, 1, &self->msg));
	ASSERT_TRUE(next_is(self, REGBUF_EVENT_KIND_USED_DETACHED));
	EXPECT_EQ(id, self->ev.buffer);
	EXPECT_TRUE(silent(self));
}

/* C10 */
TEST_F(events, over_budget)
{
	struct event *ev = &self->ev;
	void *mem = rb_pages(3);
	__u64 id;

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK,
			       &(struct rlimit){ RB_PAGE, RB_PAGE }));
	ASSERT_EQ(0, setresuid(RN_NOBODY, RN_NOBODY, RN_NOBODY));
	ASSERT_EQ(-ENOBUFS, rb_register(self->rig.dev, mem, 3 * RB_PAGE,
					RB_READ, &id));
	ASSERT_TRUE(next_is(self, REGBUF_EVENT_KIND_OVER_BUDGET));
	EXPECT_EQ((unsigned long)mem, ev->addr);
	EXPECT_EQ(3 * RB_PAGE, ev->length);
	EXPECT_EQ(3, ev->needed);
	EXPECT_EQ(0, ev->charged);
	EXPECT_EQ(1, ev->allowed);
	EXPECT_EQ(0, ev->buffer);
}

/* C15: one for all that the context had. */
TEST_F(events, leaked_at_exit)
{
	__u64 id;

	ASSERT_EQ(0, rb_register(self->rig.dev, self->rig.mem, LEN, RB_READ,
				 &id));
	ASSERT_TRUE(next_is(self, REGBUF_EVENT_KIND_REGISTERED));
	close(self->rig.dev);
	self->rig.dev = -1;
	ASSERT_TRUE(next_is(self, REGBUF_EVENT_KIND_LEAKED_AT_EXIT));
	EXPECT_EQ(2, self->ev.buffers);
	EXPECT_TRUE(silent(self));
}

/* Only those of the network namespace; who joins needs a capability there. */
TEST_F(events, not_of_other_namespaces)
{
	struct nl_sock *other;
	struct event ev = { };
	char byte;
	__u64 id;

	ASSERT_EQ(0, rb_net_peer(&self->rig.net));
	ASSERT_EQ(0, listen_to(&other, &ev));
	ASSERT_EQ(0, rb_net_near(&self->rig.net));
	ASSERT_EQ(0, rb_register(self->rig.dev, self->rig.mem, LEN, RB_READ,
				 &id));
	ASSERT_TRUE(next_is(self, REGBUF_EVENT_KIND_REGISTERED));
	EXPECT_EQ(-1, recv(nl_socket_get_fd(other), &byte, 1,
			   MSG_DONTWAIT | MSG_PEEK));
	nl_socket_free(other);
}

TEST_F(events, joining_needs_a_capability)
{
	struct nl_sock *other;
	struct event ev;

	ASSERT_EQ(0, setresuid(RN_NOBODY, RN_NOBODY, RN_NOBODY));
	EXPECT_EQ(-NLE_PERM, listen_to(&other, &ev));
	nl_socket_free(other);
}

#include "regbuf_main.h"
