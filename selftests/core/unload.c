// SPDX-License-Identifier: GPL-2.0
/*
 * C15, hazard 9: the module stays while anything of it is in use. And what only
 * a module parameter can bring about. Leaves the module loaded as it was.
 */
#include "regbuf_test.h"

#include <sys/syscall.h>

#include "kselftest_harness.h"

#define LEN	(64UL << 10)
#define MODULE	"/regbuf.ko"

/* For a send to go in whole without any acknowledgment. */
static int enlarge(int sock)
{
	int large = 8 * LEN;

	return setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &large,
			  sizeof(large));
}

static int unload(void)
{
	return syscall(__NR_delete_module, "regbuf", O_NONBLOCK) ? -errno : 0;
}

static int load(const char *params)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC);
	int err = syscall(__NR_finit_module, fd, params, 0) ? -errno : 0;

	close(fd);
	return err;
}

/* The device's node is made by a thread of the kernel. */
static int load_and_open(const char *params)
{
	int err = load(params), dev = -1;

	if (err)
		return err;
	return rb_within(10, (dev = rb_open()) >= 0) ? dev : -errno;
}

FIXTURE(unload)
{
	struct rb_rig rig;
	struct regbuf_ioc_send msg;
};

FIXTURE_SETUP(unload)
{
	ASSERT_EQ(0, rb_rig_setup(&self->rig, AF_INET, SOCK_STREAM, false,
				  LEN));
}

FIXTURE_TEARDOWN_PARENT(unload)
{
	/* The test's process is gone, however it ended. */
	ASSERT_TRUE(rb_within(20, unload() != -EAGAIN));
	EXPECT_EQ(0, load(""));
	EXPECT_TRUE(rb_within(10, !access(REGBUF_DEVICE, F_OK)));
}

/* C15: refused for as long as a context is open. */
TEST_F(unload, refused_while_open)
{
	EXPECT_EQ(-EAGAIN, unload());
	/* Nothing happened to it. */
	EXPECT_EQ(0, rb_in_flight(self->rig.dev, self->rig.id));
	EXPECT_EQ(0, rb_rig_close(&self->rig));
	EXPECT_TRUE(rb_within(10, !unload()));
	EXPECT_EQ(-1, rb_open());
}

/* Hazard 8: refused for as long as an skb refers to it, and to nothing else. */
TEST_F(unload, refused_while_in_flight)
{
	struct rb_rig *rig = &self->rig;
	unsigned char sent[LEN];
	struct rb_sink sink;

	memcpy(sent, rig->mem, LEN);
	ASSERT_EQ(0, enlarge(rig->near));
	ASSERT_EQ(0, rb_net_delay_acks(&rig->net, 100000));
	ASSERT_EQ(0, rb_rig_send(rig, 0, LEN, &self->msg));
	ASSERT_EQ(LEN, self->msg.zerocopied);
	close(rig->dev);
	close(rig->near);
	rig->dev = -1;
	rig->near = -1;
	/* Time and again: what a closed file holds goes a bit later. */
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(-EAGAIN, unload());
		usleep(20000);
	}
	ASSERT_EQ(0, rb_net_undelay(&rig->net));
	ASSERT_EQ(0, rb_sink_start(&sink, rig->far, LEN));
	EXPECT_EQ(0, rb_sink_finish(&sink, sent));
	EXPECT_TRUE(rb_within(20, !unload()));
	EXPECT_EQ(rig->pins, rb_pins());
	EXPECT_EQ(0, rb_rig_close(rig));
}

/* Hazard 9: unloading as soon as it may be, right after the last completion. */
TEST_F_TIMEOUT(unload, right_after_the_last_completion, 90)
{
	struct rb_rig *rig = &self->rig;
	struct rb_sink sink;

	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(0, rb_sink_start(&sink, rig->far, LEN));
		ASSERT_EQ(0, rb_rig_send(rig, 0, LEN, &self->msg));
		close(rig->dev);
		while (unload() == -EAGAIN)
			;
		EXPECT_EQ(rig->pins, rb_pins());
		EXPECT_EQ(0, rb_sink_finish(&sink, rig->mem));
		rig->dev = load_and_open("");
		ASSERT_LE(0, rig->dev);
		ASSERT_EQ(0, rb_register(rig->dev, rig->mem, LEN, RB_READ,
					 &rig->id));
	}
	EXPECT_EQ(0, rb_rig_close(rig));
}

/* Register and deregister at once. */
static __u64 one_id(struct __test_metadata *_metadata, struct rb_rig *rig)
{
	__u64 id = 0;

	ASSERT_EQ(0, rb_register(rig->dev, rig->mem, LEN, RB_READ, &id));
	ASSERT_EQ(0, rb_deregister(rig->dev, id));
	return id;
}

/* C5: a slot whose generation would wrap is never used again. */
TEST_F(unload, wrapping_slot_is_retired)
{
	struct rb_rig *rig = &self->rig;
	struct regbuf_ioc_status status;
	__u64 ids[40];

	close(rig->dev);
	ASSERT_TRUE(rb_within(10, !unload()));
	rig->dev = load_and_open("first_generation=0xfffffffe");
	ASSERT_LE(0, rig->dev);
	for (int i = 0; i < ARRAY_SIZE(ids); i++) {
		ids[i] = one_id(_metadata, rig);
		EXPECT_TRUE(ids[i] >> 32 == 0xfffffffe ||
			    ids[i] >> 32 == 0xffffffff);
		for (int j = 0; j < i; j++)
			ASSERT_NE(ids[i], ids[j]);
	}
	EXPECT_EQ(0xfffffffe, ids[0] >> 32);
	EXPECT_EQ(0xffffffff, ids[1] >> 32);
	EXPECT_EQ((__u32)ids[0], (__u32)ids[1]);
	EXPECT_EQ(0xfffffffe, ids[2] >> 32);
	EXPECT_NE((__u32)ids[0], (__u32)ids[2]);
	for (int i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-ESTALE, rb_status(rig->dev, ids[i], &status));
		EXPECT_EQ(-ESTALE, rb_deregister(rig->dev, ids[i]));
		EXPECT_EQ(-ESTALE, rb_wait(rig->dev, ids[i], 0));
		EXPECT_EQ(-ESTALE, rb_send(rig->dev, rig->near, ids[i], 0, 1,
					   &self->msg));
	}
	/* Generation 0 never was. */
	EXPECT_EQ(-ENOENT, rb_status(rig->dev, (__u32)ids[0], &status));
	EXPECT_EQ(0, rb_rig_close(rig));
}

/* What a test that ran out of time leaves undone. */
int main(int argc, char **argv)
{
	int ret = test_harness_run(argc, argv);

	if (access(REGBUF_DEVICE, F_OK))
		load("");
	return ret;
}
