// SPDX-License-Identifier: GPL-2.0
/*
 * SO_TIMESTAMPING: a socket tells of as many events, with the same names, as if
 * each message had been sent with send(2): messages that travel as one would
 * share them (design, part 4).
 */
#include "regbuf_stuffed.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "kselftest_harness.h"

#define LEN	(64UL << 10)
#define NR	8
#define MAX	64
#define TYPES	3	/* software, scheduler, acknowledgment */

struct events {
	unsigned int nr[TYPES];
	__u32 keys[TYPES][MAX];
};

FIXTURE(stamps)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct events events;
};

FIXTURE_VARIANT(stamps)
{
	int family;
	int type;
	__u32 length;
};

FIXTURE_VARIANT_ADD(stamps, tcp4) { AF_INET, SOCK_STREAM, 100 };
FIXTURE_VARIANT_ADD(stamps, tcp6_large) { AF_INET6, SOCK_STREAM, 1400 };
FIXTURE_VARIANT_ADD(stamps, udp4) { AF_INET, SOCK_DGRAM, 1000 };
FIXTURE_VARIANT_ADD(stamps, udp6) { AF_INET6, SOCK_DGRAM, 100 };

static int ask(int sock, int type)
{
	int what = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
		   SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_OPT_ID |
		   SOF_TIMESTAMPING_OPT_TSONLY;

	if (type == SOCK_STREAM) {
		what |= SOF_TIMESTAMPING_TX_ACK;
		if (rb_sockopt_on(sock, SOL_TCP, TCP_NODELAY))
			return -1;
	}
	return setsockopt(sock, SOL_SOCKET, SO_TIMESTAMPING, &what,
			  sizeof(what));
}

FIXTURE_SETUP(stamps)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, variant->family, variant->type,
				   false, LEN, 64));
	ASSERT_EQ(0, ask(self->rig->near, variant->type));
}

FIXTURE_TEARDOWN(stamps)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* Note one event of the error queue: 1, or 0 if there is none. */
static int take(int sock, struct events *events)
{
	struct sock_extended_err *err = NULL;
	char control[512];
	struct msghdr msg = {
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};

	if (recvmsg(sock, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c;
	     c = CMSG_NXTHDR(&msg, c))
		if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR))
			err = (void *)CMSG_DATA(c);
	if (err && err->ee_origin == SO_EE_ORIGIN_TIMESTAMPING &&
	    err->ee_info < TYPES && events->nr[err->ee_info] < MAX)
		events->keys[err->ee_info][events->nr[err->ee_info]++] =
			err->ee_data;
	return 1;
}

static int compare(const void *a, const void *b)
{
	return (int)(*(const __u32 *)a - *(const __u32 *)b);
}

/* All events, of which there are that many of a type at least, if ever. */
static void collect(int sock, struct events *events, int type, unsigned int nr)
{
	memset(events, 0, sizeof(*events));
	if (!rb_within(20, ({
			while (take(sock, events))
				;
			events->nr[SCM_TSTAMP_SND] >= nr &&
			events->nr[SCM_TSTAMP_SCHED] >= nr &&
			(type == SOCK_DGRAM ||
			 events->nr[SCM_TSTAMP_ACK] >= nr); })))
		fprintf(stderr, "# %u, %u, %u of %u events\n", events->nr[0],
			events->nr[1], events->nr[2], nr);
	for (int i = 0; i < TYPES; i++)
		qsort(events->keys[i], events->nr[i], sizeof(__u32), compare);
}

/* What send(2) gives, on a connection like ours. */
static void plain(struct __test_metadata *_metadata,
		  FIXTURE_DATA(stamps) *self, const FIXTURE_VARIANT(stamps) *v,
		  struct events *events)
{
	int sv[2];

	ASSERT_EQ(0, rb_pair(&self->rig->net, v->family, v->type, sv));
	ASSERT_EQ(0, ask(sv[0], v->type));
	for (int i = 0; i < NR; i++)
		ASSERT_EQ(v->length, send(sv[0], self->rig->mem + i * 2000,
					  v->length, MSG_NOSIGNAL));
	collect(sv[0], events, v->type, NR);
	close(sv[0]);
	close(sv[1]);
}

/* What a queue gives; the same messages, at once or one by one. */
static void queued(struct __test_metadata *_metadata,
		   FIXTURE_DATA(stamps) *self, const FIXTURE_VARIANT(stamps) *v,
		   bool one_by_one)
{
	struct rb_tally *tally = rb_tally_new(NR);

	for (int i = 0; i < NR; i++) {
		rb_qrig_send(&self->qr, i * 2000, v->length, i + 1);
		if (one_by_one)
			ASSERT_EQ(0, rb_q_submit_all(self->q));
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	collect(self->rig->near, &self->events, v->type, NR);
	if (v->type == SOCK_DGRAM) {
		/* They are in use until somebody reads them. */
		for (int i = 0; i < NR; i++)
			ASSERT_EQ(v->length, recv(self->rig->far,
						  self->rig->mem, v->length,
						  0));
	}
	ASSERT_EQ(0, rb_tally_all(tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(tally, 1, NR, 0, v->length));
	free(tally);
}

static void check_same(struct __test_metadata *_metadata,
		       FIXTURE_DATA(stamps) *self,
		       const FIXTURE_VARIANT(stamps) *v)
{
	struct events events;

	plain(_metadata, self, v, &events);
	EXPECT_EQ(NR, events.nr[SCM_TSTAMP_SND]);
	for (int type = 0; type < TYPES; type++) {
		EXPECT_EQ(events.nr[type], self->events.nr[type]);
		EXPECT_EQ(0, memcmp(events.keys[type], self->events.keys[type],
				    sizeof(events.keys[type])));
	}
}

TEST_F(stamps, as_many_as_with_send)
{
	queued(_metadata, self, variant, false);
	check_same(_metadata, self, variant);
}

TEST_F(stamps, as_many_as_with_send_one_by_one)
{
	queued(_metadata, self, variant, true);
	check_same(_metadata, self, variant);
}

/* Asked for when sends wait in the lane: they count, too. */
TEST_F(stamps, switched_on_later)
{
	int what = 0;

	ASSERT_EQ(0, setsockopt(self->rig->near, SOL_SOCKET, SO_TIMESTAMPING,
				&what, sizeof(what)));
	rb_qrig_send(&self->qr, 0, 50, 90);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	if (variant->type == SOCK_DGRAM)
		ASSERT_EQ(50, recv(self->rig->far, self->rig->mem, 50, 0));
	ASSERT_EQ(0, rb_q_value(self->q, 90, 50));
	/* Or they are counted, too. */
	if (variant->type == SOCK_STREAM)
		ASSERT_TRUE(rb_within(20,
				      rb_all_acknowledged(self->rig->near)));
	ASSERT_EQ(0, ask(self->rig->near, variant->type));
	queued(_metadata, self, variant, false);
	check_same(_metadata, self, variant);
}

#include "regbuf_main.h"
