// SPDX-License-Identifier: GPL-2.0
/*
 * C6, C15: what is in flight stays pinned and is delivered, whatever its sender
 * does meanwhile; then it is let go of.
 */
#include "regbuf_test.h"

#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#define LEN	(64UL << 10)
#define PAGES	(long)(LEN / RB_PAGE)
#define MSEC	1000000LL

FIXTURE(flight)
{
	struct rb_rig rig;
	struct regbuf_ioc_send msg;
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;
	unsigned char *sent;		/* what the buffer was full of */
};

FIXTURE_VARIANT(flight)
{
	int family;
};

FIXTURE_VARIANT_ADD(flight, tcp4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(flight, tcp6) { .family = AF_INET6 };

FIXTURE_SETUP(flight)
{
	int large = 8 * LEN;

	ASSERT_EQ(0, rb_rig_setup(&self->rig, variant->family, SOCK_STREAM,
				  false, LEN));
	/* For a send to go in whole without any acknowledgment. */
	ASSERT_EQ(0, setsockopt(self->rig.near, SOL_SOCKET, SO_SNDBUFFORCE,
				&large, sizeof(large)));
	self->sent = malloc(LEN);
	ASSERT_NE(NULL, self->sent);
	memcpy(self->sent, self->rig.mem, LEN);
}

FIXTURE_TEARDOWN(flight)
{
	free(self->sent);
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* From here on nothing is acknowledged. */
static int hold(struct rb_rig *rig)
{
	return rb_net_delay_acks(&rig->net, 100000);
}

/*
 * Again it is: at once if the peer has something to say, which carries it; to a
 * socket that is closed it must not, and a retransmission is waited for.
 */
static int release(struct rb_rig *rig)
{
	if (rb_net_undelay(&rig->net))
		return -1;
	return rig->near < 0 || send(rig->far, "!", 1, 0) == 1 ? 0 : -1;
}

/* Send all of the buffer, which stays in flight. */
static void launch(struct __test_metadata *_metadata,
		   FIXTURE_DATA(flight) *self)
{
	ASSERT_EQ(0, hold(&self->rig));
	ASSERT_EQ(0, rb_rig_send(&self->rig, 0, LEN, &self->msg));
	ASSERT_EQ(LEN, self->msg.sent);
	ASSERT_EQ(LEN, self->msg.zerocopied);
}

/* It arrives as it was when it was sent. */
static void land(struct __test_metadata *_metadata, FIXTURE_DATA(flight) *self)
{
	struct rb_sink sink;

	ASSERT_EQ(0, release(&self->rig));
	ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far, LEN));
	EXPECT_EQ(0, rb_sink_finish(&sink, self->sent));
}

/* The id is dead; its pages go when the flight is through. */
static void check_closing(struct __test_metadata *_metadata,
			  FIXTURE_DATA(flight) *self)
{
	struct rb_rig *rig = &self->rig;

	EXPECT_EQ(-ESTALE, rb_rig_send(rig, 0, 1, &self->msg));
	EXPECT_EQ(-ESTALE, rb_deregister(rig->dev, rig->id));
	ASSERT_EQ(0, rb_status(rig->dev, rig->id, &self->status));
	EXPECT_EQ(REGBUF_STATE_CLOSING, self->status.state);
	EXPECT_EQ(1, self->status.in_flight);
	EXPECT_EQ(rig->pins + PAGES, rb_pins());
	ASSERT_EQ(0, rb_stats(rig->dev, &self->stats));
	EXPECT_EQ(1, self->stats.buffers);
	EXPECT_EQ(PAGES, self->stats.pages);
	EXPECT_EQ(-ETIMEDOUT, rb_wait(rig->dev, rig->id, 10 * MSEC));
}

static void check_gone(struct __test_metadata *_metadata,
		       FIXTURE_DATA(flight) *self)
{
	struct rb_rig *rig = &self->rig;
	int err = rb_wait(rig->dev, rig->id, 20 * RB_SEC);

	/* It may be gone before the call. */
	EXPECT_TRUE(!err || err == -ESTALE);
	EXPECT_EQ(-ESTALE, rb_status(rig->dev, rig->id, &self->status));
	EXPECT_EQ(-ESTALE, rb_wait(rig->dev, rig->id, 0));
	EXPECT_EQ(rig->pins, rb_pins());
	ASSERT_EQ(0, rb_stats(rig->dev, &self->stats));
	EXPECT_EQ(0, self->stats.buffers);
	EXPECT_EQ(0, self->stats.pages);
}

static int deregister(struct rb_rig *rig, __u32 flags, long long timeout_ns,
		      __u32 *in_flight)
{
	struct regbuf_ioc_deregister dereg = {
		.size = sizeof(dereg),
		.flags = flags,
		.id = rig->id,
		.timeout_ns = timeout_ns,
	};
	int err = rb_ioctl(rig->dev, REGBUF_IOC_DEREGISTER, &dereg);

	*in_flight = dereg.in_flight;
	return err;
}

/* C4: data is in use until the other side has acknowledged it. */
TEST_F(flight, wait_times_out_and_succeeds)
{
	struct rb_rig *rig = &self->rig;
	long long start = rb_now();

	EXPECT_EQ(0, rb_wait(rig->dev, rig->id, 0));
	launch(_metadata, self);
	EXPECT_EQ(1, rb_in_flight(rig->dev, rig->id));
	start = rb_now();
	EXPECT_EQ(-ETIMEDOUT, rb_wait(rig->dev, rig->id, 0));
	EXPECT_EQ(-ETIMEDOUT, rb_wait(rig->dev, rig->id, 100 * MSEC));
	EXPECT_LE(100 * MSEC, rb_now() - start);
	EXPECT_EQ(1, rb_in_flight(rig->dev, rig->id));
	land(_metadata, self);
	EXPECT_EQ(0, rb_wait(rig->dev, rig->id, RB_FOREVER));
	EXPECT_EQ(0, rb_in_flight(rig->dev, rig->id));
	ASSERT_EQ(0, rb_status(rig->dev, rig->id, &self->status));
	EXPECT_EQ(REGBUF_STATE_LIVE, self->status.state);
}

/*
 * C6, S12, S21, S23, peers' CVE-2025-68294: deregistering is at once; data goes
 * on.
 */
TEST_F(flight, deregister)
{
	__u32 in_flight;

	launch(_metadata, self);
	EXPECT_EQ(0, deregister(&self->rig, 0, 0, &in_flight));
	EXPECT_EQ(1, in_flight);
	check_closing(_metadata, self);
	EXPECT_EQ(1, self->stats.deregistered_in_flight);
	land(_metadata, self);
	check_gone(_metadata, self);
	EXPECT_EQ(1, self->stats.deregistered_in_flight);
}

/* C6, S23: nothing in flight: unpinned before it returns, and no misuse. */
TEST_F(flight, deregister_idle)
{
	__u32 in_flight = 7;

	launch(_metadata, self);
	land(_metadata, self);
	ASSERT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 20 * RB_SEC));
	EXPECT_EQ(0, deregister(&self->rig, 0, 0, &in_flight));
	EXPECT_EQ(0, in_flight);
	EXPECT_EQ(self->rig.pins, rb_pins());
	check_gone(_metadata, self);
	EXPECT_EQ(0, self->stats.deregistered_in_flight);
}

/* C6, S23: F_BUSY refuses, and the buffer lives on. */
TEST_F(flight, deregister_busy)
{
	struct rb_rig *rig = &self->rig;
	__u32 in_flight = 0;

	launch(_metadata, self);
	EXPECT_EQ(-EBUSY, deregister(rig, REGBUF_DEREGISTER_F_BUSY, 0,
				     &in_flight));
	EXPECT_EQ(1, in_flight);
	ASSERT_EQ(0, rb_status(rig->dev, rig->id, &self->status));
	EXPECT_EQ(REGBUF_STATE_LIVE, self->status.state);
	ASSERT_EQ(0, rb_stats(rig->dev, &self->stats));
	EXPECT_EQ(0, self->stats.deregistered_in_flight);
	ASSERT_EQ(0, rb_rig_send(rig, 0, 10, &self->msg));
	EXPECT_EQ(2, rb_in_flight(rig->dev, rig->id));
	land(_metadata, self);
	ASSERT_EQ(0, rb_wait(rig->dev, rig->id, 20 * RB_SEC));
	EXPECT_EQ(0, deregister(rig, REGBUF_DEREGISTER_F_BUSY, 0, &in_flight));
	check_gone(_metadata, self);
}

/* C6: F_WAIT gives up in time; the id is dead and the release goes on. */
TEST_F(flight, deregister_wait_times_out)
{
	struct rb_rig *rig = &self->rig;
	__u32 in_flight;

	launch(_metadata, self);
	EXPECT_EQ(-EINPROGRESS, deregister(rig, REGBUF_DEREGISTER_F_WAIT,
					   50 * MSEC, &in_flight));
	check_closing(_metadata, self);
	EXPECT_EQ(0, self->stats.deregistered_in_flight);
	land(_metadata, self);
	check_gone(_metadata, self);
}

/* C6: F_WAIT returns when the pages are unpinned, not before. */
TEST_F(flight, deregister_wait_succeeds)
{
	struct rb_rig *rig = &self->rig;
	long long start;
	__u32 in_flight;

	/* This one is let go of by itself. */
	ASSERT_EQ(0, rb_net_delay_acks(&rig->net, 700));
	start = rb_now();
	ASSERT_EQ(0, rb_rig_send(rig, 0, 1000, &self->msg));
	EXPECT_EQ(0, deregister(rig, REGBUF_DEREGISTER_F_WAIT, 20 * RB_SEC,
				&in_flight));
	EXPECT_LE(700 * MSEC, rb_now() - start);
	EXPECT_EQ(rig->pins, rb_pins());
	check_gone(_metadata, self);
	EXPECT_EQ(0, self->stats.deregistered_in_flight);
}

/* The promise of in_flight 0: the memory may be reused. */
TEST_F(flight, memory_is_reused_when_idle)
{
	struct rb_rig *rig = &self->rig;
	struct rb_sink sink;

	ASSERT_EQ(0, rb_net_delay_acks(&rig->net, 20));
	for (unsigned int round = 0; round < 10; round++) {
		rb_pattern(rig->mem, LEN, round * 3);
		memcpy(self->sent, rig->mem, LEN);
		ASSERT_EQ(0, rb_rig_send(rig, 0, LEN, &self->msg));
		ASSERT_EQ(LEN, self->msg.sent);
		ASSERT_TRUE(rb_within(10, !rb_in_flight(rig->dev, rig->id)));
		memset(rig->mem, 0xee, LEN);
		ASSERT_EQ(0, rb_sink_start(&sink, rig->far, LEN));
		ASSERT_EQ(0, rb_sink_finish(&sink, self->sent));
	}
}

/* Hazard 8: the mapping goes, the bytes still arrive. */
TEST_F(flight, munmap)
{
	void *other;

	launch(_metadata, self);
	ASSERT_EQ(0, munmap(self->rig.mem, LEN));
	other = mmap(self->rig.mem, LEN, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ASSERT_EQ(self->rig.mem, other);
	memset(other, 0xee, LEN);
	EXPECT_EQ(self->rig.pins + PAGES, rb_pins());
	land(_metadata, self);
	EXPECT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 20 * RB_SEC));
}

/* Hazard 8: the socket goes, the bytes still arrive, and then the end. */
TEST_F(flight, close_socket)
{
	struct rb_rig *rig = &self->rig;
	char byte;

	launch(_metadata, self);
	close(rig->near);
	rig->near = -1;
	EXPECT_EQ(1, rb_in_flight(rig->dev, rig->id));
	land(_metadata, self);
	EXPECT_EQ(0, rb_wait(rig->dev, rig->id, 20 * RB_SEC));
	EXPECT_EQ(0, recv(rig->far, &byte, 1, 0));
}

/* C15, hazard 8: the context goes, the bytes still arrive, the pages go. */
TEST_F(flight, close_device)
{
	struct rb_rig *rig = &self->rig;

	launch(_metadata, self);
	close(rig->dev);
	rig->dev = -1;
	ASSERT_EQ(0, munmap(rig->mem, LEN));
	EXPECT_EQ(rig->pins + PAGES, rb_pins());
	land(_metadata, self);
	EXPECT_TRUE(rb_within(20, rb_pins() == rig->pins));
}

/* The other process: sends, says so, and waits for its end. */
static void send_and_hang(struct rb_rig *rig, int tell)
{
	struct regbuf_ioc_send msg;
	__u64 id;
	int dev = rb_open();

	if (dev < 0 || rb_register(dev, rig->mem, LEN, RB_READ, &id) ||
	    rb_send(dev, rig->near, id, 0, LEN, &msg) || msg.sent != LEN)
		_exit(1);
	if (write(tell, "!", 1) == 1)
		pause();
	_exit(1);
}

/* C15: kill -9 in flight. */
TEST_F(flight, kill_sender)
{
	struct rb_rig *rig = &self->rig;
	int status, tell[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	ASSERT_EQ(rig->pins, rb_pins());
	ASSERT_EQ(0, pipe2(tell, O_CLOEXEC));
	ASSERT_EQ(0, hold(rig));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		send_and_hang(rig, tell[1]);
	close(tell[1]);
	ASSERT_EQ(1, read(tell[0], &byte, 1));
	close(rig->near);
	rig->near = -1;
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(rig->pins + PAGES, rb_pins());
	land(_metadata, self);
	EXPECT_TRUE(rb_within(20, rb_pins() == rig->pins));
}

/* Hazard 10: a peer that never reads, and the way out of it. */
TEST_F(flight, peer_never_reads)
{
	struct linger linger = { .l_onoff = 1 };
	struct rb_rig *rig = &self->rig;
	struct regbuf_slice slice = rb_slice(rig->id, 0, LEN);
	int err;

	do {
		self->msg = rb_msg(rig->near, &slice, 1);
		self->msg.flags = REGBUF_SEND_F_DONTWAIT;
		err = rb_ioctl(rig->dev, REGBUF_IOC_SEND, &self->msg);
	} while (!err);
	ASSERT_EQ(-EAGAIN, err);
	EXPECT_EQ(-ETIMEDOUT, rb_wait(rig->dev, rig->id, 500 * MSEC));
	ASSERT_EQ(0, setsockopt(rig->near, SOL_SOCKET, SO_LINGER, &linger,
				sizeof(linger)));
	close(rig->near);
	rig->near = -1;
	EXPECT_EQ(0, rb_wait(rig->dev, rig->id, 20 * RB_SEC));
}

/* Hazard 17: what is lost on the way is sent again, from pinned memory. */
TEST_F_TIMEOUT(flight, retransmission, 60)
{
	struct rb_rig *rig = &self->rig;
	struct rb_sink sink;
	__u32 in_flight;

	ASSERT_EQ(0, rb_sh("tc qdisc add dev veth0 root netem loss 100%%"));
	ASSERT_EQ(0, rb_rig_send(rig, 0, LEN, &self->msg));
	ASSERT_EQ(LEN, self->msg.zerocopied);
	EXPECT_EQ(-ETIMEDOUT, rb_wait(rig->dev, rig->id, 500 * MSEC));
	EXPECT_EQ(0, deregister(rig, 0, 0, &in_flight));
	ASSERT_EQ(0, munmap(rig->mem, LEN));
	EXPECT_EQ(rig->pins + PAGES, rb_pins());
	EXPECT_EQ(-1, recv(rig->far, self->sent, 1, MSG_DONTWAIT));
	ASSERT_EQ(0, rb_sh("tc qdisc del dev veth0 root"));
	ASSERT_EQ(0, rb_sink_start(&sink, rig->far, LEN));
	EXPECT_EQ(0, rb_sink_finish(&sink, self->sent));
	check_gone(_metadata, self);
}

/* Hazard 17: a lossy link; many are sent again and again. */
TEST_F_TIMEOUT(flight, lossy_link, 90)
{
	struct rb_rig *rig = &self->rig;
	unsigned char *all = malloc(8 * LEN);
	struct rb_sink sink;

	ASSERT_NE(NULL, all);
	for (int i = 0; i < 8; i++)
		memcpy(all + i * LEN, rig->mem, LEN);
	ASSERT_EQ(0, rb_sh("tc qdisc add dev veth0 root netem loss 3%%"));
	ASSERT_EQ(0, rb_sink_start(&sink, rig->far, 8 * LEN));
	for (int i = 0; i < 8; i++) {
		ASSERT_EQ(0, rb_rig_send(rig, 0, LEN, &self->msg));
		ASSERT_EQ(LEN, self->msg.sent);
	}
	EXPECT_EQ(0, rb_sink_finish(&sink, all));
	EXPECT_EQ(0, rb_wait(rig->dev, rig->id, 30 * RB_SEC));
	free(all);
}

/* Each request counts, once, however many slices of the buffer it has. */
TEST_F(flight, requests_are_counted)
{
	struct rb_rig *rig = &self->rig;
	struct regbuf_slice slices[3];
	__u64 other;

	ASSERT_EQ(0, rb_register(rig->dev, rig->mem, RB_PAGE, RB_READ, &other));
	ASSERT_EQ(0, hold(rig));
	for (int i = 1; i <= 5; i++) {
		ASSERT_EQ(0, rb_rig_send(rig, i * 100, 100 * i, &self->msg));
		EXPECT_EQ(i, rb_in_flight(rig->dev, rig->id));
	}
	slices[0] = rb_slice(rig->id, 0, 10);
	slices[1] = rb_slice(other, 0, 10);
	slices[2] = rb_slice(rig->id, 5, 10);
	self->msg = rb_msg(rig->near, slices, 3);
	ASSERT_EQ(0, rb_ioctl(rig->dev, REGBUF_IOC_SEND, &self->msg));
	EXPECT_EQ(6, rb_in_flight(rig->dev, rig->id));
	EXPECT_EQ(1, rb_in_flight(rig->dev, other));
	EXPECT_EQ(-ETIMEDOUT, rb_wait(rig->dev, other, 0));
	ASSERT_EQ(0, release(rig));
	EXPECT_EQ(0, rb_wait(rig->dev, rig->id, 20 * RB_SEC));
	EXPECT_EQ(0, rb_wait(rig->dev, other, 20 * RB_SEC));
}

/* C5: contexts know nothing of each other's buffers and flights. */
TEST_F(flight, two_contexts)
{
	struct rb_rig *rig = &self->rig, other = self->rig;
	struct rb_sink sink;

	other.dev = rb_open();
	ASSERT_LE(0, other.dev);
	ASSERT_EQ(0, rb_register(other.dev, rig->mem, LEN, RB_READ, &other.id));
	ASSERT_EQ(0, hold(rig));
	ASSERT_EQ(0, rb_rig_send(rig, 0, 1000, &self->msg));
	EXPECT_EQ(0, rb_in_flight(other.dev, other.id));
	ASSERT_EQ(0, rb_rig_send(&other, 1000, 1000, &self->msg));
	EXPECT_EQ(1, rb_in_flight(other.dev, other.id));
	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	ASSERT_EQ(0, rb_status(other.dev, other.id, &self->status));
	EXPECT_EQ(REGBUF_STATE_LIVE, self->status.state);
	/* One goes; the other's flight does not care. */
	close(rig->dev);
	rig->dev = -1;
	ASSERT_EQ(0, rb_rig_send(&other, 2000, 1000, &self->msg));
	ASSERT_EQ(0, release(rig));
	ASSERT_EQ(0, rb_sink_start(&sink, rig->far, 3000));
	EXPECT_EQ(0, rb_sink_finish(&sink, self->sent));
	EXPECT_EQ(0, rb_wait(other.dev, other.id, 20 * RB_SEC));
	ASSERT_EQ(0, rb_stats(other.dev, &self->stats));
	EXPECT_EQ(2, self->stats.sends);
	EXPECT_EQ(2000, rb_total(&self->stats));
	EXPECT_EQ(0, self->stats.deregistered_in_flight);
	close(other.dev);
}

/* A slot is not given to another buffer while its last one is in flight. */
TEST_F(flight, closing_slot_is_not_reused)
{
	struct rb_rig *rig = &self->rig;
	__u64 id;

	launch(_metadata, self);
	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(0, rb_register(rig->dev, rig->mem, LEN, RB_READ,
					 &id));
		EXPECT_NE((__u32)rig->id, (__u32)id);
		EXPECT_EQ(0, rb_in_flight(rig->dev, id));
		ASSERT_EQ(0, rb_deregister(rig->dev, id));
	}
	ASSERT_EQ(0, rb_status(rig->dev, rig->id, &self->status));
	land(_metadata, self);
	check_gone(_metadata, self);
}

/* Are those that were sent then on the wire by now? */
static bool is_late(long long start)
{
	return rb_now() - start >= 5 * RB_SEC;
}

/* UDP is in flight for as long as it waits to be put on the wire. */
TEST(datagrams_held_on_the_way_out)
{
	struct regbuf_ioc_status status = {};
	struct regbuf_ioc_send msg;
	unsigned char sent[1000];
	struct rb_sink sink;
	struct rb_rig rig;
	long long start;
	long seen;

	ASSERT_EQ(0, rb_rig_setup(&rig, AF_INET, SOCK_DGRAM, false, LEN));
	memcpy(sent, rig.mem, sizeof(sent));
	ASSERT_EQ(0, rb_sh("tc qdisc add dev veth0 root netem delay 5s"));
	start = rb_now();
	for (int i = 1; i <= 3; i++) {
		ASSERT_EQ(0, rb_rig_send(&rig, 0, 1000, &msg));
		EXPECT_EQ(1000, msg.zerocopied);
		seen = rb_in_flight(rig.dev, rig.id);
		EXPECT_TRUE(seen == i || is_late(start));
	}
	seen = rb_wait(rig.dev, rig.id, 50 * MSEC);
	EXPECT_TRUE(seen == -ETIMEDOUT || is_late(start));
	ASSERT_EQ(0, rb_deregister(rig.dev, rig.id));
	seen = rb_status(rig.dev, rig.id, &status);
	EXPECT_TRUE(!seen || is_late(start));
	EXPECT_EQ(seen ? 0 : REGBUF_STATE_CLOSING, status.state);
	close(rig.near);
	close(rig.dev);
	rig.near = -1;
	rig.dev = -1;
	ASSERT_EQ(0, munmap(rig.mem, LEN));
	seen = rb_pins();
	EXPECT_TRUE(seen == rig.pins + PAGES || is_late(start));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, rb_sink_start(&sink, rig.far, 1000));
		EXPECT_EQ(0, rb_sink_finish(&sink, sent));
	}
	EXPECT_EQ(0, rb_rig_close(&rig));
}

/* The wire drops them: the buffer is free all the same. */
TEST(datagrams_dropped)
{
	struct regbuf_ioc_send msg;
	struct rb_rig rig;

	ASSERT_EQ(0, rb_rig_setup(&rig, AF_INET6, SOCK_DGRAM, false, LEN));
	ASSERT_EQ(0, rb_sh("tc qdisc add dev veth0 root netem loss 100%%"));
	for (int i = 0; i < 10; i++)
		ASSERT_EQ(0, rb_rig_send(&rig, 0, 1000, &msg));
	EXPECT_EQ(0, rb_wait(rig.dev, rig.id, 10 * RB_SEC));
	EXPECT_EQ(0, rb_rig_close(&rig));
}

#include "regbuf_main.h"
