// SPDX-License-Identifier: GPL-2.0
/*
 * C4: what was sent in part to one peer does not go on to the next that the
 * socket is connected to, even if the queue was at the socket's lock already
 * when it was given away.
 */
#include "regbuf_halt.h"
#include "regbuf_lane.h"
#include "regbuf_proc.h"
#include "regbuf_stuffed.h"

#include "kselftest_harness.h"

#define LEN	(1UL << 20)

/* A thread that makes one call, which halts. */
struct caller {
	pthread_t thread;
	pid_t tid;
	int sock;
	void *page;
	struct sockaddr_storage to;
	socklen_t len;
	struct rb_queue *q;
	int ret;
};

FIXTURE(reconnect)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	int near;
	int listener;
	int uffd;
	struct caller holds;
	struct caller disconnects;
	struct caller connects;
	struct caller sends;
};

FIXTURE_VARIANT(reconnect)
{
	int family;
};

FIXTURE_VARIANT_ADD(reconnect, tcp4) { AF_INET };
FIXTURE_VARIANT_ADD(reconnect, tcp6) { AF_INET6 };

FIXTURE_SETUP(reconnect)
{
	struct caller *to = &self->connects;

	ASSERT_EQ(0, rb_qrig_loopback(&self->qr, variant->family, SOCK_STREAM,
				      LEN, 64));
	self->q = &self->qr.q;
	self->near = self->qr.rig.near;
	self->listener = rb_listener(variant->family, &to->to, &to->len);
	ASSERT_LE(0, self->listener);
	self->disconnects.to.ss_family = AF_UNSPEC;
	self->disconnects.len = sizeof(struct sockaddr);
	self->holds.page = rb_map(RB_PAGE, PROT_READ | PROT_WRITE, 0);
	ASSERT_NE(NULL, self->holds.page);
	self->uffd = rb_miss_page(self->holds.page);
	ASSERT_LE(0, self->uffd);
}

FIXTURE_TEARDOWN(reconnect)
{
	close(self->uffd);
	close(self->listener);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

static void *hold(void *of)
{
	struct caller *c = of;

	c->ret = recv(c->sock, c->page, 1, 0);
	return c;
}

static void *connect_to(void *of)
{
	struct caller *c = of;

	__atomic_store_n(&c->tid, gettid(), __ATOMIC_RELEASE);
	c->ret = connect(c->sock, (struct sockaddr *)&c->to, c->len);
	return c;
}

static void *submit(void *of)
{
	struct caller *c = of;

	__atomic_store_n(&c->tid, gettid(), __ATOMIC_RELEASE);
	c->ret = rb_q_submit_all(c->q);
	return c;
}

static int start(FIXTURE_DATA(reconnect) *self, struct caller *c,
		 void *(*call)(void *of))
{
	c->sock = self->near;
	c->q = self->q;
	return pthread_create(&c->thread, NULL, call, c);
}

/* It is in line for the socket's lock, behind those before it. */
static int in_line(struct caller *c)
{
	return rb_within(20, rb_thread_in_state(&c->tid, 'D'));
}

/*
 * A send of which a part is in the socket, and no more can be: an
 * acknowledgment that came while the lock is held would have the queue try
 * again when it is let go of, and who is in line and finds it taken goes to the
 * line's end.
 */
static void send_in_part(struct __test_metadata *_metadata,
			 FIXTURE_DATA(reconnect) *self)
{
	char data[100];

	ASSERT_EQ(0, rb_sockbuf(self->near, SO_SNDBUF, 32768));
	ASSERT_EQ(0, rb_sockbuf(self->qr.rig.far, SO_RCVBUF, 32768));
	rb_qrig_send(&self->qr, 0, LEN, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_TRUE(rb_within(10, recv(self->qr.rig.far, data, 100,
				       MSG_PEEK | MSG_DONTWAIT) == 100));
	ASSERT_TRUE(rb_within(20, rb_is_stuffed(&self->qr)));
}

/* A receive has the socket's lock, and misses the page to receive into. */
static void hold_the_lock(struct __test_metadata *_metadata,
			  FIXTURE_DATA(reconnect) *self)
{
	ASSERT_EQ(1, send(self->qr.rig.far, "x", 1, 0));
	ASSERT_EQ(0, start(self, &self->holds, hold));
	ASSERT_TRUE(rb_is_missed(self->uffd));
}

static void let_go(struct __test_metadata *_metadata,
		   FIXTURE_DATA(reconnect) *self)
{
	char page[RB_PAGE] = "";

	ASSERT_EQ(0, rb_give_page(self->uffd, self->holds.page, page));
	ASSERT_EQ(0, pthread_join(self->holds.thread, NULL));
	ASSERT_EQ(0, pthread_join(self->disconnects.thread, NULL));
	ASSERT_EQ(0, pthread_join(self->connects.thread, NULL));
	ASSERT_EQ(0, pthread_join(self->sends.thread, NULL));
	EXPECT_EQ(1, self->holds.ret);
	EXPECT_EQ(0, self->disconnects.ret);
	EXPECT_EQ(0, self->connects.ret);
	EXPECT_EQ(0, self->sends.ret);
}

TEST_F(reconnect, the_rest_is_not_for_the_next_peer)
{
	struct regbuf_cqe cqe;
	int peer;
	char byte;

	send_in_part(_metadata, self);
	hold_the_lock(_metadata, self);
	ASSERT_EQ(0, start(self, &self->disconnects, connect_to));
	ASSERT_TRUE(in_line(&self->disconnects));
	ASSERT_EQ(0, start(self, &self->connects, connect_to));
	ASSERT_TRUE(in_line(&self->connects));
	rb_qrig_send(&self->qr, 0, 100, 2);
	ASSERT_EQ(0, start(self, &self->sends, submit));
	ASSERT_TRUE(in_line(&self->sends));
	let_go(_metadata, self);
	ASSERT_EQ(0, rb_q_next(self->q, &cqe));
	EXPECT_EQ(1, cqe.user_data);
	EXPECT_EQ(ECONNRESET, cqe.error);
	EXPECT_LT(0, cqe.value);
	EXPECT_GT(LEN, cqe.value);
	EXPECT_EQ(0, rb_q_error(self->q, 2, ECANCELED));
	peer = accept(self->listener, NULL, NULL);
	ASSERT_LE(0, peer);
	ASSERT_EQ(0, shutdown(self->near, SHUT_WR));
	EXPECT_EQ(0, recv(peer, &byte, 1, 0));
	close(peer);
}

TEST_HARNESS_MAIN
