// SPDX-License-Identifier: GPL-2.0
/*
 * Who sees what: one's own contexts; with CAP_NET_ADMIN all of the network
 * namespace; nobody those of another one.
 */
#include "nl.h"
#include "kselftest_harness.h"

#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define STRANGER	65533

FIXTURE(perms) {
	struct rb_net net;
	struct rn nl;
	struct rn_ctx mine;	/* nobody's */
	struct rn_ctx roots;
	__u32 ep;		/* of root's only queue */
};

/* A context of a user, which stays with this process; the node is root's. */
static int open_as(uid_t uid, struct rn *nl, struct rn_ctx *ctx)
{
	int dev;

	if (chmod(REGBUF_DEVICE, 0666) || seteuid(uid))
		return -1;
	dev = rb_open();
	if (seteuid(0) || chmod(REGBUF_DEVICE, 0660))
		return -1;
	return dev < 0 ? -1 : rn_newest(nl, ctx) ?: dev;
}

/* What there is to reset. */
static int add_endpoint(int dev, __u32 *ep)
{
	static struct rb_queue q;
	int sv[2];

	return rb_pair(NULL, AF_INET, SOCK_STREAM, sv) ||
	       rb_q_open(dev, &q, 1, 1, 0) ||
	       rb_q_attach(&q, sv[0], RB_BOTH, 0, 0, ep);
}

FIXTURE_SETUP(perms)
{
	int dev;

	ASSERT_EQ(0, rb_net_setup(&self->net));
	ASSERT_EQ(0, rn_open(&self->nl));
	ASSERT_LE(0, open_as(RN_NOBODY, &self->nl, &self->mine));
	dev = open_as(0, &self->nl, &self->roots);
	ASSERT_LE(0, dev);
	ASSERT_EQ(0, add_endpoint(dev, &self->ep));
	rn_close(&self->nl);
}

FIXTURE_TEARDOWN(perms)
{
	rn_close(&self->nl);
}

static int sees(FIXTURE_DATA(perms) *self, const struct rn_ctx *ctx)
{
	struct rn_ctx got;
	int one = rn_ctx(&self->nl, ctx->id, &got);
	int dump = rn_count(&self->nl, REGBUF_CMD_BUFFER_GET, ctx->id);

	/* In each way, or in none. */
	if (!one != (dump >= 0) || (one && one != -ENOENT) ||
	    (dump < 0 && dump != -ENOENT))
		return -1;
	return !one;
}

static int resets(FIXTURE_DATA(perms) *self, struct rn_answer *a)
{
	struct nl_msg *msg = rn_request(&self->nl, REGBUF_CMD_ABORT, 0);

	*a = (struct rn_answer){ };
	nla_put_u32(msg, REGBUF_A_ENDPOINT_CONTEXT, self->roots.id);
	nla_put_u32(msg, REGBUF_A_ENDPOINT_QUEUE, 1);
	nla_put_u32(msg, REGBUF_A_ENDPOINT_ID, self->ep);
	return rn_ask(&self->nl, msg, a);
}

static int counters(FIXTURE_DATA(perms) *self)
{
	struct rn_answer a = { };

	return rn_ask(&self->nl,
		      rn_request(&self->nl, REGBUF_CMD_COUNTERS_GET, 0), &a);
}

TEST_F(perms, root_sees_all)
{
	ASSERT_EQ(0, rn_open(&self->nl));
	EXPECT_EQ(1, sees(self, &self->mine));
	EXPECT_EQ(1, sees(self, &self->roots));
	EXPECT_EQ(RN_NOBODY, self->mine.uid);
	EXPECT_EQ(2, rn_count(&self->nl, REGBUF_CMD_CONTEXT_GET, 0));
	EXPECT_EQ(1, rn_count(&self->nl, REGBUF_CMD_QUEUE_GET, 0));
	EXPECT_EQ(1, rn_count(&self->nl, REGBUF_CMD_ENDPOINT_GET, 0));
	EXPECT_EQ(0, counters(self));
}

TEST_F(perms, others_see_their_own)
{
	struct rn_answer a;

	ASSERT_EQ(0, setresuid(RN_NOBODY, RN_NOBODY, RN_NOBODY));
	ASSERT_EQ(0, rn_open(&self->nl));
	EXPECT_EQ(1, sees(self, &self->mine));
	EXPECT_EQ(0, sees(self, &self->roots));
	EXPECT_EQ(1, rn_count(&self->nl, REGBUF_CMD_CONTEXT_GET, 0));
	EXPECT_EQ(0, rn_count(&self->nl, REGBUF_CMD_QUEUE_GET, 0));
	EXPECT_EQ(-EPERM, counters(self));
	/* What is not seen is not there. */
	EXPECT_EQ(-ENOENT, resets(self, &a));
	EXPECT_STREQ("no such context", a.text);
}

TEST_F(perms, strangers_see_nothing)
{
	ASSERT_EQ(0, setresuid(STRANGER, STRANGER, STRANGER));
	ASSERT_EQ(0, rn_open(&self->nl));
	EXPECT_EQ(0, sees(self, &self->mine));
	EXPECT_EQ(0, sees(self, &self->roots));
	EXPECT_EQ(0, rn_count(&self->nl, REGBUF_CMD_CONTEXT_GET, 0));
}

/* Root in another network namespace is a stranger, too. */
TEST_F(perms, other_namespaces_see_nothing)
{
	ASSERT_EQ(0, rb_net_peer(&self->net));
	ASSERT_EQ(0, rn_open(&self->nl));
	EXPECT_EQ(0, sees(self, &self->mine));
	EXPECT_EQ(0, sees(self, &self->roots));
	EXPECT_EQ(0, rn_count(&self->nl, REGBUF_CMD_CONTEXT_GET, 0));
	/* The sums are of the machine. */
	EXPECT_EQ(0, counters(self));
}

/* Root without CAP_NET_ADMIN sees what is root's, and resets nothing. */
static int drop_net_admin(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -1;
	data[0].effective &= ~(1U << CAP_NET_ADMIN);
	return syscall(SYS_capset, &head, data);
}

TEST_F(perms, without_the_capability)
{
	struct rn_answer a;

	ASSERT_EQ(0, drop_net_admin());
	ASSERT_EQ(0, rn_open(&self->nl));
	EXPECT_EQ(0, sees(self, &self->mine));
	EXPECT_EQ(1, sees(self, &self->roots));
	EXPECT_EQ(-EPERM, counters(self));
	EXPECT_EQ(-EPERM, resets(self, &a));
	EXPECT_STREQ("needs CAP_NET_ADMIN", a.text);
}

/*
 * A stranger has root write into his socket: that shows no more than he may
 * see. Root names the kernel as the destination if he means it.
 */
TEST_F(perms, it_is_the_sockets)
{
	ASSERT_EQ(0, seteuid(STRANGER));
	ASSERT_EQ(0, rn_open(&self->nl));
	ASSERT_EQ(0, seteuid(0));
	self->nl.plain = 1;
	EXPECT_EQ(0, sees(self, &self->mine));
	EXPECT_EQ(0, sees(self, &self->roots));
	EXPECT_EQ(-EPERM, counters(self));
}

TEST_HARNESS_MAIN
