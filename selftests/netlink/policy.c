// SPDX-License-Identifier: GPL-2.0
/*
 * The module takes what Documentation/netlink/specs/regbuf.yaml says, and
 * refuses everything else, with a reason. spec.h is made of it.
 */
#include "nl.h"
#include "kselftest_harness.h"

#include <sys/utsname.h>

struct spec_attr {
	const char *name;
	int nr;
	int size;
	int min;
	int in_do;
	int in_dump;
};

struct spec_op {
	const char *name;
	int cmd;
	int max;
	int has_do;
	int has_dump;
	int admin;
	struct spec_attr attrs[24];
};

#include "spec.h"

#define NR_OPS	ARRAY_SIZE(spec_ops)

FIXTURE(policy) {
	struct rn nl;
};

FIXTURE_SETUP(policy)
{
	ASSERT_EQ(0, rn_open(&self->nl));
}

FIXTURE_TEARDOWN(policy)
{
	rn_close(&self->nl);
}

/* One attribute, zeros, alone in a request. */
static int ask_with(struct rn *nl, const struct spec_op *op, int dump, int attr,
		    int size, struct rn_answer *a)
{
	struct nl_msg *msg = rn_request(nl, op->cmd, dump ? NLM_F_DUMP : 0);
	char zeros[64] = "";

	*a = (struct rn_answer){ };
	nla_put(msg, attr, size, zeros);
	return rn_ask(nl, msg, a);
}

static int refused(int err)
{
	return err == -EINVAL || err == -ERANGE;
}

/* Before 6.7 what refuses to start a dump cannot say why. */
static bool dumps_say_why(void)
{
	int major = 0, minor = 0;
	struct utsname name;

	uname(&name);
	sscanf(name.release, "%d.%d", &major, &minor);
	return major > 6 || (major == 6 && minor >= 7);
}

/* An attribute that is not for this request, or is malformed. */
static int check_attr(struct rn *nl, const struct spec_op *op,
		      const struct spec_attr *attr, int dump)
{
	int in = dump ? attr->in_dump : attr->in_do, bad = 0;
	struct rn_answer a;

	if (!in || attr->min) {
		ask_with(nl, op, dump, attr->nr, attr->size, &a);
		/* What is missing besides is another error. */
		bad |= in ? a.err != -ERANGE : !refused(a.err);
		bad |= !a.text[0] && (!dump || dumps_say_why());
	}
	bad |= !refused(ask_with(nl, op, dump, attr->nr, attr->size + 1, &a));
	bad |= !refused(ask_with(nl, op, dump, attr->nr, attr->size + 8, &a));
	if (attr->size)
		bad |= !refused(ask_with(nl, op, dump, attr->nr,
					 attr->size - 1, &a));
	if (bad)
		fprintf(stderr, "# %s %s: %s: %d \"%s\"\n", op->name,
			dump ? "dump" : "do", attr->name, a.err, a.text);
	return bad;
}

static int check_mode(struct rn *nl, const struct spec_op *op, int dump)
{
	const struct spec_attr *attr;
	struct rn_answer a;
	int bad = 0;

	for (attr = op->attrs; attr->name; attr++)
		bad += check_attr(nl, op, attr, dump);
	bad += !refused(ask_with(nl, op, dump, op->max + 1, 4, &a));
	bad += !refused(ask_with(nl, op, dump, 0x3fff, 0, &a));
	return bad;
}

/* C17: what is not in the specification is refused. */
TEST_F(policy, refuses_what_is_not_specified)
{
	for (size_t i = 0; i < NR_OPS; i++) {
		const struct spec_op *op = &spec_ops[i];

		if (op->has_do)
			EXPECT_EQ(0, check_mode(&self->nl, op, 0));
		if (op->has_dump)
			EXPECT_EQ(0, check_mode(&self->nl, op, 1));
	}
}

/* Operations are done, or dumped, or both, as specified. */
TEST_F(policy, refuses_other_modes)
{
	for (size_t i = 0; i < NR_OPS; i++) {
		const struct spec_op *op = &spec_ops[i];
		struct rn_answer a = { };

		if (!op->has_do)
			EXPECT_EQ(-EOPNOTSUPP,
				  rn_ask(&self->nl,
					 rn_request(&self->nl, op->cmd, 0),
					 &a));
		a = (struct rn_answer){ };
		if (!op->has_dump)
			EXPECT_EQ(-EOPNOTSUPP,
				  rn_ask(&self->nl,
					 rn_request(&self->nl, op->cmd,
						    NLM_F_DUMP), &a));
	}
}

/* There is nothing behind what is specified; events are not asked for. */
TEST_F(policy, refuses_other_operations)
{
	struct rn_answer a = { };

	EXPECT_EQ(-EOPNOTSUPP,
		  rn_ask(&self->nl, rn_request(&self->nl, REGBUF_CMD_EVENT, 0),
			 &a));
	a = (struct rn_answer){ };
	EXPECT_EQ(-EOPNOTSUPP,
		  rn_ask(&self->nl,
			 rn_request(&self->nl, REGBUF_CMD_MAX + 1, 0), &a));
	EXPECT_EQ(NR_OPS + 1, REGBUF_CMD_MAX);
}

/* A dump of all takes nothing, and succeeds. */
TEST_F(policy, dumps_without_attributes)
{
	for (size_t i = 0; i < NR_OPS; i++) {
		const struct spec_op *op = &spec_ops[i];

		if (op->has_dump)
			EXPECT_LE(0, rn_count(&self->nl, op->cmd, 0));
	}
}

static int says(struct rn *nl, struct nl_msg *msg, int err, const char *text)
{
	bool dump = nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP;
	struct rn_answer a = { };
	int got = rn_ask(nl, msg, &a);

	if (got == err && (!strcmp(a.text, text) ||
			   (dump && !a.text[0] && !dumps_say_why())))
		return 1;
	fprintf(stderr, "# expected %d \"%s\", got %d \"%s\"\n", err, text, got,
		a.text);
	return 0;
}

/* Each refusal of our own has a text. */
TEST_F(policy, refusals_say_why)
{
	static const int of_ctx[] = {
		REGBUF_CMD_CONTEXT_GET, REGBUF_CMD_BUFFER_GET, REGBUF_CMD_ABORT,
	};
	struct rn *nl = &self->nl;
	int dev = rb_open();
	struct nl_msg *msg;
	struct rn_ctx ctx;

	for (int i = 0; i < 3; i++) {
		EXPECT_TRUE(says(nl, rn_request(nl, of_ctx[i], 0), -EINVAL,
				 "a context must be named"));
		msg = rn_request(nl, of_ctx[i], 0);
		nla_put_u32(msg, REGBUF_A_BUFFER_CONTEXT, INT32_MAX);
		EXPECT_TRUE(says(nl, msg, -ENOENT, "no such context"));
	}
	ASSERT_LE(0, dev);
	ASSERT_EQ(0, rn_newest(nl, &ctx));
	msg = rn_request(nl, REGBUF_CMD_BUFFER_GET, 0);
	nla_put_u32(msg, REGBUF_A_BUFFER_CONTEXT, ctx.id);
	EXPECT_TRUE(says(nl, msg, -EINVAL, "a buffer must be named"));
	close(dev);
}

/* What refuses a dump. */
TEST_F(policy, refused_dumps_say_why)
{
	struct rn *nl = &self->nl;
	struct nl_msg *msg;

	for (int cmd = REGBUF_CMD_BUFFER_GET; cmd <= REGBUF_CMD_HOLD_GET;
	     cmd++) {
		msg = rn_request(nl, cmd, NLM_F_DUMP);
		nla_put_u32(msg, REGBUF_A_BUFFER_CONTEXT, INT32_MAX);
		EXPECT_TRUE(says(nl, msg, -ENOENT, "no such context"));
	}
	msg = rn_request(nl, REGBUF_CMD_ENDPOINT_GET, NLM_F_DUMP);
	nla_put_u32(msg, REGBUF_A_ENDPOINT_QUEUE, 1);
	EXPECT_TRUE(says(nl, msg, -EINVAL, "a queue needs its context"));
	msg = rn_request(nl, REGBUF_CMD_HOLD_GET, NLM_F_DUMP);
	nla_put_u64(msg, REGBUF_A_HOLD_BUFFER, 1);
	EXPECT_TRUE(says(nl, msg, -EINVAL, "a buffer needs its context"));
	msg = rn_request(nl, REGBUF_CMD_CONTEXT_GET, NLM_F_DUMP);
	nla_put_u32(msg, REGBUF_A_CONTEXT_ID, 1);
	EXPECT_TRUE(says(nl, msg, -EINVAL, "a dump is of all of them"));
}

/* The specification's numbers are those of the ioctls. */
TEST(the_same_numbers)
{
	EXPECT_EQ(REGBUF_COPY_INLINE, REGBUF_COPY_REASON_INLINE);
	EXPECT_EQ(REGBUF_COPY_LOOPBACK, REGBUF_COPY_REASON_LOOPBACK);
	EXPECT_EQ(REGBUF_COPY_DEVICE, REGBUF_COPY_REASON_DEVICE);
	EXPECT_EQ(REGBUF_COPY_MTU, REGBUF_COPY_REASON_MTU);
	EXPECT_EQ(REGBUF_COPY_FRAGS, REGBUF_COPY_REASON_FRAGS);
	EXPECT_EQ(REGBUF_COPY_CORK, REGBUF_COPY_REASON_CORK);
	EXPECT_EQ(REGBUF_COPY_PROTOCOL, REGBUF_COPY_REASON_PROTOCOL);
	EXPECT_EQ(REGBUF_COPY_OTHER, REGBUF_COPY_REASON_OTHER);
	EXPECT_EQ(REGBUF_COPY_SMALL, REGBUF_COPY_REASON_SMALL);
	EXPECT_EQ(REGBUF_COPY_NR, REGBUF_COPY_REASON_SMALL + 1);
	EXPECT_EQ(REGBUF_ACCESS_READ, REGBUF_BUFFER_ACCESS_READ);
	EXPECT_EQ(REGBUF_ACCESS_WRITE, REGBUF_BUFFER_ACCESS_WRITE);
	EXPECT_EQ(REGBUF_STATE_LIVE, REGBUF_BUFFER_STATE_LIVE);
	EXPECT_EQ(REGBUF_STATE_CLOSING, REGBUF_BUFFER_STATE_CLOSING);
	EXPECT_EQ(REGBUF_ATTACH_F_SEND, REGBUF_ENDPOINT_FLAG_SEND);
	EXPECT_EQ(REGBUF_ATTACH_F_RECV, REGBUF_ENDPOINT_FLAG_RECV);
	EXPECT_EQ(REGBUF_ATTACH_F_ORDERED, REGBUF_ENDPOINT_FLAG_ORDERED);
	EXPECT_EQ(REGBUF_ATTACH_F_SINGLE, REGBUF_ENDPOINT_FLAG_SINGLE);
}

TEST_HARNESS_MAIN
