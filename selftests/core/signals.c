// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that wait are ended by signals, and tell exactly how far they got.
 */
#include "regbuf_alarms.h"
#include "regbuf_test.h"

#include "kselftest_harness.h"

#define LEN	(8UL << 20)

FIXTURE(signals)
{
	struct rb_rig rig;
	struct regbuf_ioc_send msg;
	struct regbuf_ioc_stats stats;
};

FIXTURE_VARIANT(signals)
{
	int family;
};

FIXTURE_VARIANT_ADD(signals, tcp4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(signals, tcp6) { .family = AF_INET6 };

FIXTURE_SETUP(signals)
{
	ASSERT_EQ(0, rb_rig_setup(&self->rig, variant->family, SOCK_STREAM,
				  false, LEN));
}

FIXTURE_TEARDOWN(signals)
{
	EXPECT_EQ(0, rb_stop_alarms());
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/*
 * Fill the socket with the first bytes of the buffer; how many. Nothing is
 * acknowledged, so it stays full, and the buffer in flight.
 */
static __u64 fill(struct __test_metadata *_metadata, struct rb_rig *rig)
{
	struct regbuf_slice slice;
	struct regbuf_ioc_send msg;
	__u64 total = 0;
	int err;

	ASSERT_EQ(0, rb_net_delay_acks(&rig->net, 100000));
	do {
		slice = rb_slice(rig->id, total, LEN - total);
		msg = rb_msg(rig->near, &slice, 1);
		msg.flags = REGBUF_SEND_F_DONTWAIT;
		err = rb_ioctl(rig->dev, REGBUF_IOC_SEND, &msg);
		if (!err)
			total += msg.sent;
	} while (!err);
	ASSERT_EQ(-EAGAIN, err);
	ASSERT_GT(LEN / 2, total);
	ASSERT_LT(0, rb_in_flight(rig->dev, rig->id));
	return total;
}

/* Let it through; a byte of the peer's carries the acknowledgment. */
static int release(struct rb_rig *rig)
{
	return rb_net_undelay(&rig->net) || send(rig->far, "!", 1, 0) != 1;
}

/* C4: what went in before the signal is told, and nothing is lost or twice. */
TEST_F(signals, send_is_interrupted_half_way)
{
	struct rb_rig *rig = &self->rig;
	struct rb_sink sink;
	__u64 sent;

	ASSERT_EQ(0, rb_start_alarms(0));
	ASSERT_EQ(0, rb_rig_send(rig, 0, LEN, &self->msg));
	sent = self->msg.sent;
	EXPECT_LT(0, rb_alarms);
	EXPECT_LT(0, sent);
	EXPECT_GT(LEN, sent);
	EXPECT_EQ(EINTR, self->msg.error);
	EXPECT_EQ(sent, self->msg.zerocopied + self->msg.copied);
	ASSERT_EQ(0, rb_stats(rig->dev, &self->stats));
	EXPECT_EQ(sent, rb_total(&self->stats));

	/* Go on from there, still under fire. */
	ASSERT_EQ(0, rb_sink_start(&sink, rig->far, LEN));
	while (sent < LEN) {
		int err = rb_rig_send(rig, sent, LEN - sent, &self->msg);

		ASSERT_TRUE(!err || err == -EINTR);
		sent += err ? 0 : self->msg.sent;
	}
	ASSERT_EQ(0, rb_stop_alarms());
	EXPECT_EQ(0, rb_sink_finish(&sink, rig->mem));
	ASSERT_EQ(0, rb_stats(rig->dev, &self->stats));
	EXPECT_EQ(LEN, rb_total(&self->stats));
	EXPECT_EQ(0, rb_wait(rig->dev, rig->id, 20 * RB_SEC));
}

/* C4: with nothing sent it is an error, and nothing was sent. */
TEST_F(signals, send_is_interrupted_at_once)
{
	struct rb_rig *rig = &self->rig;
	struct rb_sink sink;
	__u64 sent = fill(_metadata, rig);

	ASSERT_EQ(0, rb_start_alarms(0));
	EXPECT_EQ(-EINTR, rb_rig_send(rig, sent, 1000, &self->msg));
	ASSERT_EQ(0, rb_stop_alarms());
	ASSERT_EQ(0, rb_stats(rig->dev, &self->stats));
	EXPECT_EQ(sent, rb_total(&self->stats));
	ASSERT_EQ(0, release(rig));
	ASSERT_EQ(0, rb_sink_start(&sink, rig->far, sent));
	EXPECT_EQ(0, rb_sink_finish(&sink, rig->mem));
	EXPECT_EQ(0, rb_rig_silent(rig));
}

/* A thread that lets the send go on when so many signals came. */
static void *release_after_alarms(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (!rb_within(20, rb_alarms >= 3))
		return (void *)-1L;
	return (void *)(long)release(arg);
}

/* As sendmsg(2): with SA_RESTART the program does not notice. */
TEST_F(signals, send_is_restarted)
{
	struct rb_rig *rig = &self->rig;
	struct rb_sink sink;
	pthread_t releaser;
	__u64 sent = fill(_metadata, rig);
	void *result;

	ASSERT_EQ(0, pthread_create(&releaser, NULL, release_after_alarms,
				    rig));
	ASSERT_EQ(0, rb_start_alarms(SA_RESTART));
	ASSERT_EQ(0, rb_rig_send(rig, sent, 1000, &self->msg));
	ASSERT_EQ(0, rb_stop_alarms());
	EXPECT_LE(3, rb_alarms);
	ASSERT_EQ(0, pthread_join(releaser, &result));
	ASSERT_EQ(NULL, result);
	EXPECT_EQ(1000, self->msg.sent);
	EXPECT_EQ(0, self->msg.error);
	ASSERT_EQ(0, rb_sink_start(&sink, rig->far, sent + 1000));
	EXPECT_EQ(0, rb_sink_finish(&sink, rig->mem));
	EXPECT_EQ(0, rb_rig_silent(rig));
}

/* What was sent while it was held arrives. */
static void land(struct __test_metadata *_metadata, struct rb_rig *rig,
		 __u64 sent)
{
	struct rb_sink sink;

	ASSERT_EQ(0, rb_stop_alarms());
	ASSERT_EQ(0, release(rig));
	ASSERT_EQ(0, rb_sink_start(&sink, rig->far, sent));
	EXPECT_EQ(0, rb_sink_finish(&sink, rig->mem));
}

/* A wait is interrupted; the buffer is as it was. */
TEST(wait_is_interrupted)
{
	struct rb_rig rig;
	__u64 sent;

	ASSERT_EQ(0, rb_rig_setup(&rig, AF_INET, SOCK_STREAM, false, LEN));
	sent = fill(_metadata, &rig);
	ASSERT_EQ(0, rb_start_alarms(0));
	EXPECT_EQ(-EINTR, rb_wait(rig.dev, rig.id, RB_FOREVER));
	EXPECT_EQ(-EINTR, rb_wait(rig.dev, rig.id, 20 * RB_SEC));
	EXPECT_LT(0, rb_in_flight(rig.dev, rig.id));
	land(_metadata, &rig, sent);
	EXPECT_EQ(0, rb_wait(rig.dev, rig.id, 20 * RB_SEC));
	EXPECT_EQ(0, rb_rig_close(&rig));
}

/* C6: so is a deregistration; the id is dead, the release goes on. */
TEST(deregistration_is_interrupted)
{
	struct regbuf_ioc_deregister dereg = {
		.size = sizeof(dereg),
		.flags = REGBUF_DEREGISTER_F_WAIT,
		.timeout_ns = RB_FOREVER,
	};
	struct regbuf_ioc_status status;
	struct regbuf_ioc_send msg;
	struct rb_rig rig;
	__u64 sent;
	int err;

	ASSERT_EQ(0, rb_rig_setup(&rig, AF_INET6, SOCK_STREAM, false, LEN));
	sent = fill(_metadata, &rig);
	dereg.id = rig.id;
	ASSERT_EQ(0, rb_start_alarms(SA_RESTART));
	EXPECT_EQ(-EINPROGRESS, rb_ioctl(rig.dev, REGBUF_IOC_DEREGISTER,
					 &dereg));
	EXPECT_EQ(-ESTALE, rb_rig_send(&rig, 0, 1, &msg));
	ASSERT_EQ(0, rb_status(rig.dev, rig.id, &status));
	EXPECT_EQ(REGBUF_STATE_CLOSING, status.state);
	land(_metadata, &rig, sent);
	err = rb_wait(rig.dev, rig.id, 20 * RB_SEC);
	EXPECT_TRUE(!err || err == -ESTALE);
	EXPECT_EQ(rig.pins, rb_pins());
	EXPECT_EQ(0, rb_rig_close(&rig));
}

#include "regbuf_main.h"
