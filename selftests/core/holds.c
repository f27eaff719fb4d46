// SPDX-License-Identifier: GPL-2.0
/*
 * C1, C6: who has seen the last completion of a buffer's requests may count on
 * it: nothing uses the buffer, and nothing says that something does.
 */
#include "regbuf_queue.h"

#include "kselftest_harness.h"

#define LEN	RB_PAGE
#define SHORT	100
/* Enough to hit the moment between the completion and what follows it. */
#define ROUNDS	300

FIXTURE(holds)
{
	struct rb_qrig qr;
	struct rb_queue q;
	struct rb_rig *rig;
	__u32 ep;
	__u64 id;
	char bytes[SHORT];
};

FIXTURE_VARIANT(holds)
{
	int type;
	__u32 flags;	/* of the queue */
};

FIXTURE_VARIANT_ADD(holds, tcp) { SOCK_STREAM, 0 };
FIXTURE_VARIANT_ADD(holds, udp) { SOCK_DGRAM, 0 };
FIXTURE_VARIANT_ADD(holds, tcp_poller) { SOCK_STREAM, REGBUF_QUEUE_F_POLLER };
FIXTURE_VARIANT_ADD(holds, udp_poller) { SOCK_DGRAM, REGBUF_QUEUE_F_POLLER };

FIXTURE_SETUP(holds)
{
	struct regbuf_ioc_queue params = {
		.flags = variant->flags,
		.sq_entries = 16,
		.cq_entries = 16,
	};

	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_loopback(&self->qr, AF_INET, variant->type, LEN,
				      1));
	ASSERT_EQ(0, rb_q_detach(&self->qr.q, self->qr.ep, 0));
	ASSERT_EQ(0, rb_q_open_params(self->rig->dev, &self->q, &params));
	ASSERT_EQ(0, rb_q_attach(&self->q, self->rig->near, RB_BOTH, 0, 0,
				 &self->ep));
}

FIXTURE_TEARDOWN(holds)
{
	rb_q_close(&self->q);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* Let the kernel see what was written: the poller, or by the call. */
static int submit(struct rb_queue *q, __u32 flags)
{
	if (!(flags & REGBUF_QUEUE_F_POLLER))
		return rb_q_submit_all(q);
	return rb_q_kick(q);
}

/* Look for a completion and do nothing else, so as to be there at once. */
static int spin(struct rb_queue *q, struct regbuf_cqe *cqe)
{
	long long end = rb_now() + RB_LONG;

	while (!rb_q_pop(q, cqe))
		if (rb_now() > end)
			return -1;
	return cqe->error;
}

/* A few sends of a buffer that has just been registered; all through. */
static void send_some(struct __test_metadata *_metadata,
		      FIXTURE_DATA(holds) *self, __u32 flags)
{
	struct regbuf_cqe cqe;

	ASSERT_EQ(0, rb_register(self->rig->dev, self->rig->mem, LEN, RB_READ,
				 &self->id));
	for (int i = 0; i < 3; i++)
		rb_sqe_send(&self->q, self->ep, self->id, 0, SHORT, i);
	ASSERT_EQ(0, submit(&self->q, flags));
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, spin(&self->q, &cqe));
}

/* So that there is always room. */
static void receive_them(struct __test_metadata *_metadata,
			 FIXTURE_DATA(holds) *self)
{
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, rb_recv_all(self->rig->far, self->bytes, SHORT));
}

static int deregister(FIXTURE_DATA(holds) *self, __u32 flags, __u32 *in_flight)
{
	struct regbuf_ioc_deregister dereg = {
		.size = sizeof(dereg),
		.flags = flags,
		.id = self->id,
		.in_flight = 99,
	};
	int err = rb_ioctl(self->rig->dev, REGBUF_IOC_DEREGISTER, &dereg);

	*in_flight = dereg.in_flight;
	return err;
}

/* C6: it is not busy. */
TEST_F_TIMEOUT(holds, never_busy, 90)
{
	__u32 in_flight;

	for (int i = 0; i < ROUNDS; i++) {
		send_some(_metadata, self, variant->flags);
		ASSERT_EQ(0, deregister(self, REGBUF_DEREGISTER_F_BUSY,
					&in_flight)) {
			TH_LOG("round %d: %u in flight", i, in_flight);
		}
		receive_them(_metadata, self);
	}
}

/* C6, S23: nor is it misuse. */
TEST_F_TIMEOUT(holds, never_misuse, 90)
{
	struct regbuf_ioc_stats stats;
	__u32 in_flight;

	for (int i = 0; i < ROUNDS; i++) {
		send_some(_metadata, self, variant->flags);
		ASSERT_EQ(0, deregister(self, 0, &in_flight));
		ASSERT_EQ(0, in_flight) {
			TH_LOG("round %d", i);
		}
		receive_them(_metadata, self);
	}
	ASSERT_EQ(0, rb_stats(self->rig->dev, &stats));
	EXPECT_EQ(0, stats.deregistered_in_flight);
}

/* The same by its status, and by a wait that does not wait. */
TEST_F_TIMEOUT(holds, never_in_flight, 90)
{
	__u32 in_flight;

	for (int i = 0; i < ROUNDS; i++) {
		send_some(_metadata, self, variant->flags);
		ASSERT_EQ(0, i % 2 ? rb_in_flight(self->rig->dev, self->id) :
				     rb_wait(self->rig->dev, self->id, 0));
		receive_them(_metadata, self);
		ASSERT_EQ(0, deregister(self, 0, &in_flight));
	}
}

/* A queue sends from the buffer, and is left with what it keeps for it. */
static void send_by(struct __test_metadata *_metadata,
		    FIXTURE_DATA(holds) *self, struct rb_queue *q, __u32 flags)
{
	struct regbuf_cqe cqe;
	__u32 ep;

	ASSERT_EQ(0, rb_q_attach(q, self->rig->near, RB_BOTH, 0, 0, &ep));
	for (int i = 0; i < 3; i++) {
		rb_sqe_send(q, ep, self->id, 0, SHORT, i);
		ASSERT_EQ(0, submit(q, flags));
		ASSERT_EQ(0, spin(q, &cqe));
	}
	ASSERT_EQ(0, rb_q_detach(q, ep, 0));
	receive_them(_metadata, self);
}

/* And so have two queues, in turn. */
static void send_by_two(struct __test_metadata *_metadata,
			FIXTURE_DATA(holds) *self, __u32 flags)
{
	rb_q_detach(&self->q, self->ep, 0);
	ASSERT_EQ(0, rb_register(self->rig->dev, self->rig->mem, LEN, RB_READ,
				 &self->id));
	send_by(_metadata, self, &self->q, flags);
	send_by(_metadata, self, &self->qr.q, 0);
}

/* C6: what queues keep at hand is no use of it. */
TEST_F(holds, two_queues_are_never_busy)
{
	struct regbuf_ioc_stats stats;
	__u32 in_flight;

	for (int i = 0; i < 20; i++) {
		send_by_two(_metadata, self, variant->flags);
		ASSERT_EQ(0, deregister(self, i % 2 ? REGBUF_DEREGISTER_F_BUSY :
						      0, &in_flight));
		ASSERT_EQ(0, in_flight);
	}
	ASSERT_EQ(0, rb_stats(self->rig->dev, &stats));
	EXPECT_EQ(0, stats.deregistered_in_flight);
	/* The rig's own is left. */
	EXPECT_EQ(1, stats.buffers);
}

/* C6: nor does it keep a dead one pinned, or outlive a queue. */
TEST_F(holds, two_queues_let_go)
{
	unsigned long pins;
	__u32 in_flight;

	pins = rb_pins();
	send_by_two(_metadata, self, variant->flags);
	EXPECT_EQ(0, rb_in_flight(self->rig->dev, self->id));
	send_by(_metadata, self, &self->qr.q, 0);
	rb_q_close(&self->qr.q);
	EXPECT_EQ(0, rb_in_flight(self->rig->dev, self->id));
	send_by(_metadata, self, &self->q, variant->flags);
	EXPECT_EQ(0, deregister(self, 0, &in_flight));
	EXPECT_EQ(0, in_flight);
	EXPECT_TRUE(rb_within(10, rb_pins() == pins));
}

TEST_HARNESS_MAIN
