// SPDX-License-Identifier: GPL-2.0
/*
 * C1, C3, C6, C16: receives complete in the order posted, with what came, and
 * with where it came from.
 */
#include "regbuf_lane.h"

#include "kselftest_harness.h"

#define LEN	(128UL << 10)
#define EOF_FLAG(cqe)	((cqe)->flags & REGBUF_CQE_F_EOF)

FIXTURE(receive)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	unsigned char *sent;		/* a pattern that the buffer has not */
	struct regbuf_cqe cqe;
};

FIXTURE_VARIANT(receive)
{
	int family;
	int type;
	bool loopback;
};

FIXTURE_VARIANT_ADD(receive, tcp4) { AF_INET, SOCK_STREAM };
FIXTURE_VARIANT_ADD(receive, udp6) { AF_INET6, SOCK_DGRAM };
FIXTURE_VARIANT_ADD(receive, tcp6_loopback) { AF_INET6, SOCK_STREAM, true };
FIXTURE_VARIANT_ADD(receive, udp4_loopback) { AF_INET, SOCK_DGRAM, true };

/* The far socket knows where to send to, too. */
static int connect_back(struct rb_rig *rig)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return getsockname(rig->near, (struct sockaddr *)&ss, &len) ?:
	       connect(rig->far, (struct sockaddr *)&ss, len);
}

FIXTURE_SETUP(receive)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, variant->family, variant->type,
				   variant->loopback, LEN, 64));
	if (variant->type == SOCK_DGRAM)
		ASSERT_EQ(0, connect_back(self->rig));
	self->sent = malloc(LEN);
	ASSERT_NE(NULL, self->sent);
	rb_pattern(self->sent, LEN, 111);
	memset(self->rig->mem, 0, LEN);
}

FIXTURE_TEARDOWN(receive)
{
	free(self->sent);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* The far side sends. */
static void say(struct __test_metadata *_metadata, FIXTURE_DATA(receive) *self,
		size_t offset, size_t len)
{
	ASSERT_EQ(len, send(self->rig->far, self->sent + offset, len,
			    MSG_NOSIGNAL));
}

/* C1, C3: posted first, completed first; each with what came. */
TEST_F(receive, in_the_order_posted)
{
	size_t offset = 0;

	for (int i = 1; i <= 20; i++)
		rb_qrig_recv(&self->qr, i * 1000, 50 + i, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 1; i <= 20; i++) {
		say(_metadata, self, offset, 50 + i);
		ASSERT_EQ(0, rb_q_value(self->q, i, 50 + i));
		EXPECT_EQ(0, memcmp(self->rig->mem + i * 1000,
				    self->sent + offset, 50 + i));
		EXPECT_EQ(0, self->rig->mem[i * 1000 + 50 + i]);
		offset += 50 + i;
	}
	EXPECT_EQ(0, rb_q_quiet(self->q));
}

/* C3: data were there first: the same. */
TEST_F(receive, what_is_there_already)
{
	for (int i = 0; i < 5; i++)
		say(_metadata, self, i * 100, 100);
	for (int i = 1; i <= 5; i++)
		rb_qrig_recv(&self->qr, i * 100, 100, i)->flags =
			variant->type == SOCK_STREAM ? REGBUF_SQE_F_WAITALL : 0;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 1; i <= 5; i++)
		ASSERT_EQ(0, rb_q_value(self->q, i, 100));
	EXPECT_EQ(0, memcmp(self->rig->mem + 100, self->sent, 500));
}

/* C16: nobody waits and nobody calls; a worker does it. */
TEST_F(receive, nobody_waits)
{
	struct regbuf_cqe cqe;

	for (int i = 1; i <= 10; i++) {
		rb_qrig_recv(&self->qr, 0, 1000, i);
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		EXPECT_TRUE(rb_q_empty(self->q));
		say(_metadata, self, i, 100);
		ASSERT_TRUE(rb_within(10, rb_q_pop(self->q, &cqe)));
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(100, cqe.value);
		EXPECT_EQ(0, memcmp(self->rig->mem, self->sent + i, 100));
	}
}

/* A list of slices is filled one after the other, over two buffers. */
TEST_F(receive, lists)
{
	struct regbuf_slice list[] = {
		rb_slice(self->rig->id, 0, 10),
		rb_slice(0, 4090, 20),
		rb_slice(self->rig->id, 1, 0),
		rb_slice(self->rig->id, 50, 100),
	};
	unsigned char *other = rb_mem(2 * RB_PAGE);
	__u64 id;

	ASSERT_EQ(0, rb_register(self->rig->dev, other, 2 * RB_PAGE, RB_WRITE,
				 &id));
	list[1].id = id;
	rb_sqe_recv_list(self->q, self->qr.ep, list, 4, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	memset(list, 0xff, sizeof(list));
	say(_metadata, self, 0, 80);
	ASSERT_EQ(0, rb_q_value(self->q, 1, 80));
	EXPECT_EQ(0, memcmp(self->rig->mem, self->sent, 10));
	EXPECT_EQ(0, memcmp(other + 4090, self->sent + 10, 20));
	EXPECT_EQ(0, memcmp(self->rig->mem + 50, self->sent + 30, 50));
	EXPECT_EQ(0, self->rig->mem[10]);
	EXPECT_EQ(0, self->rig->mem[100]);
}

/* C5, C7, S13, S19, S53: what may not be received into. */
TEST_F(receive, refused)
{
	__u64 id, inline_slice;
	struct regbuf_slice list[] = { rb_slice(self->rig->id, 0, 10), {} };

	ASSERT_EQ(0, rb_register(self->rig->dev, self->rig->mem, LEN, RB_READ,
				 &id));
	rb_sqe_recv(self->q, self->qr.ep, id, 0, 10, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -EACCES));
	list[1] = rb_slice(id, 0, 10);
	rb_sqe_recv_list(self->q, self->qr.ep, list, 2, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -EACCES));
	list[1] = rb_slice(self->rig->id, LEN, 1);
	rb_sqe_recv_list(self->q, self->qr.ep, list, 2, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -EFAULT));
	rb_qrig_recv(&self->qr, LEN - 9, 10, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -EFAULT));
	ASSERT_EQ(0, rb_deregister(self->rig->dev, id));
	rb_sqe_recv(self->q, self->qr.ep, id, 0, 10, 1);
	EXPECT_EQ(0, rb_q_refuses(self->q, -ESTALE));
	/* There are no inline bytes to receive into. */
	list[1] = rb_inline(&inline_slice, sizeof(inline_slice));
	rb_sqe_recv_list(self->q, self->qr.ep, list, 2, 1);
	EXPECT_GT(0, rb_q_submit_all(self->q));
	rb_q_drop(self->q);
	say(_metadata, self, 0, 10);
	rb_qrig_recv(&self->qr, 0, 10, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_value(self->q, 2, 10));
}

/*
 * C6, S21, S22: a posted receive goes on when its buffer is deregistered: the
 * id is dead, the pages stay until it is through.
 */
TEST_F(receive, deregistered_while_posted)
{
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;

	rb_qrig_recv(&self->qr, 5, 100, 1);
	rb_qrig_recv(&self->qr, 500, 100, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(2, rb_in_flight(self->rig->dev, self->rig->id));
	ASSERT_EQ(0, rb_deregister(self->rig->dev, self->rig->id));
	ASSERT_EQ(0, rb_status(self->rig->dev, self->rig->id, &status));
	EXPECT_EQ(REGBUF_STATE_CLOSING, status.state);
	rb_qrig_recv(&self->qr, 0, 1, 3);
	EXPECT_EQ(0, rb_q_refuses(self->q, -ESTALE));
	say(_metadata, self, 0, 100);
	EXPECT_EQ(0, rb_q_value(self->q, 1, 100));
	EXPECT_EQ(0, memcmp(self->rig->mem + 5, self->sent, 100));
	EXPECT_LT(self->rig->pins, rb_pins());
	say(_metadata, self, 100, 100);
	EXPECT_EQ(0, rb_q_value(self->q, 2, 100));
	EXPECT_EQ(0, memcmp(self->rig->mem + 500, self->sent + 100, 100));
	EXPECT_TRUE(rb_within(10, rb_pins() <= self->rig->pins));
	EXPECT_TRUE(rb_within(10, !rb_stats(self->rig->dev, &stats) &&
			      !stats.buffers));
	EXPECT_EQ(1, stats.deregistered_in_flight);
}

FIXTURE(stream_receive)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct regbuf_cqe cqe;
};

FIXTURE_SETUP(stream_receive)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET, SOCK_STREAM, true, LEN,
				   64));
	memset(self->rig->mem, 0, LEN);
}

FIXTURE_TEARDOWN(stream_receive)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* Not before it is full, in however many pieces; those behind it wait. */
TEST_F(stream_receive, wait_for_all)
{
	rb_qrig_recv(&self->qr, 0, 12, 1)->flags = REGBUF_SQE_F_WAITALL;
	rb_qrig_recv(&self->qr, 100, 12, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 0; i < 11; i++) {
		ASSERT_EQ(1, send(self->rig->far, "hello world!" + i, 1, 0));
		if (i % 5 == 0)
			EXPECT_EQ(0, rb_q_quiet(self->q));
	}
	EXPECT_EQ(0, rb_q_quiet(self->q));
	ASSERT_EQ(3, send(self->rig->far, "!ab", 3, 0));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 12));
	EXPECT_EQ(0, rb_q_value(self->q, 2, 2));
	EXPECT_EQ(0, memcmp(self->rig->mem, "hello world!", 12));
	EXPECT_EQ(0, memcmp(self->rig->mem + 100, "ab", 3));
}

/* More than the socket's buffer holds. */
TEST_F(stream_receive, wait_for_much)
{
	unsigned char *sent = malloc(LEN);

	rb_pattern(sent, LEN, 5);
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_RCVBUF, 8192));
	rb_qrig_recv(&self->qr, 0, LEN, 1)->flags = REGBUF_SQE_F_WAITALL;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	/* Blocks until there is room again and again: a worker makes it. */
	ASSERT_EQ(LEN, send(self->rig->far, sent, LEN, 0));
	EXPECT_EQ(0, rb_q_value(self->q, 1, LEN));
	EXPECT_EQ(0, memcmp(self->rig->mem, sent, LEN));
	free(sent);
}

/* The end of the stream: what was there, and then the end, as often as asked.*/
TEST_F(stream_receive, end)
{
	rb_qrig_recv(&self->qr, 0, 100, 1)->flags = REGBUF_SQE_F_WAITALL;
	for (int i = 2; i <= 4; i++)
		rb_qrig_recv(&self->qr, 0, 100, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(7, send(self->rig->far, "the end", 7, 0));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	ASSERT_EQ(0, shutdown(self->rig->far, SHUT_WR));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 7));
	EXPECT_EQ(0, memcmp(self->rig->mem, "the end", 7));
	for (int i = 2; i <= 4; i++) {
		ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
		EXPECT_EQ(i, self->cqe.user_data);
		EXPECT_EQ(0, self->cqe.error);
		EXPECT_EQ(0, self->cqe.value);
		EXPECT_TRUE(EOF_FLAG(&self->cqe));
	}
}

/* No bytes asked for: whether there is something to read; it is not read. */
TEST_F(stream_receive, readable)
{
	rb_qrig_recv(&self->qr, 0, 0, 1);
	rb_qrig_recv(&self->qr, 10, 100, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	ASSERT_EQ(4, send(self->rig->far, "data", 4, 0));
	ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
	EXPECT_EQ(1, self->cqe.user_data);
	EXPECT_EQ(0, self->cqe.error);
	EXPECT_EQ(0, self->cqe.value);
	EXPECT_FALSE(EOF_FLAG(&self->cqe));
	EXPECT_EQ(0, rb_q_value(self->q, 2, 4));
	EXPECT_EQ(0, memcmp(self->rig->mem + 10, "data", 4));
}

/* C1, C4: the peer resets: one is told, and none is left behind. */
TEST_F(stream_receive, reset)
{
	struct rb_tally *tally = rb_tally_new(4);

	for (int i = 1; i <= 4; i++)
		rb_qrig_recv(&self->qr, 0, 100, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(0, rb_reset(self->rig->far));
	self->rig->far = -1;
	ASSERT_EQ(0, rb_tally_all(tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(tally, 1, 1, ECONNRESET, 0));
	for (int i = 2; i <= 4; i++)
		EXPECT_EQ(0, tally->cqes[i].value);
	EXPECT_EQ(4, tally->last);
	free(tally);
}

/* C19: into the same bytes, by turns. */
TEST_F(stream_receive, into_the_same_bytes)
{
	for (int i = 1; i <= 30; i++)
		rb_qrig_recv(&self->qr, 0, 4, i)->flags = REGBUF_SQE_F_WAITALL;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 1; i <= 30; i++) {
		ASSERT_EQ(4, send(self->rig->far, &i, 4, 0));
		ASSERT_EQ(0, rb_q_value(self->q, i, 4));
		EXPECT_EQ(i, *(int *)self->rig->mem);
	}
}

FIXTURE(dgram_receive)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct sockaddr_storage near;
	struct sockaddr_storage far;
	socklen_t len;
	struct regbuf_cqe cqe;
};

FIXTURE_VARIANT(dgram_receive)
{
	int family;
};

FIXTURE_VARIANT_ADD(dgram_receive, udp4) { AF_INET };
FIXTURE_VARIANT_ADD(dgram_receive, udp6) { AF_INET6 };

FIXTURE_SETUP(dgram_receive)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, variant->family, SOCK_DGRAM, true,
				   LEN, 64));
	ASSERT_EQ(0, connect_back(self->rig));
	self->len = sizeof(self->far);
	ASSERT_EQ(0, getsockname(self->rig->far, (struct sockaddr *)&self->far,
				 &self->len));
	ASSERT_EQ(0, getsockname(self->rig->near,
				 (struct sockaddr *)&self->near, &self->len));
	memset(self->rig->mem, 0, LEN);
}

FIXTURE_TEARDOWN(dgram_receive)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* C3: bounds are kept, an empty one is one, and one too long says so. */
TEST_F(dgram_receive, truncated)
{
	for (int i = 1; i <= 5; i++)
		rb_qrig_recv(&self->qr, i * 100, 10, i);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 0; i < 5; i++)
		ASSERT_EQ(i * 5, send(self->rig->far, "0123456789abcdefghijk",
				      i * 5, 0));
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
		EXPECT_EQ(i + 1, self->cqe.user_data);
		EXPECT_EQ(0, self->cqe.error);
		EXPECT_EQ(i > 2 ? 10 : i * 5, self->cqe.value);
		EXPECT_EQ(i > 2 ? REGBUF_CQE_F_TRUNC : 0, self->cqe.flags);
		EXPECT_EQ(0, self->rig->mem[(i + 1) * 100 + 10]);
	}
}

/* C3: into hundreds of pieces that lie apart from each other. */
TEST_F(dgram_receive, long_list)
{
	struct regbuf_slice list[700];
	unsigned char sent[1400];

	for (int i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = rb_slice(self->rig->id, i * 150, 2);
	rb_pattern(sent, sizeof(sent), 3);
	rb_sqe_recv_list(self->q, self->qr.ep, list, ARRAY_SIZE(list), 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(sizeof(sent), send(self->rig->far, sent, sizeof(sent), 0));
	ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
	EXPECT_EQ(sizeof(sent), self->cqe.value);
	EXPECT_EQ(0, self->cqe.flags);
	for (int i = 0; i < ARRAY_SIZE(list); i++) {
		ASSERT_EQ(0, memcmp(self->rig->mem + i * 150, sent + i * 2, 2));
		ASSERT_EQ(0, self->rig->mem[i * 150 + 2]);
	}
}

/* No room asked for: the datagram is discarded. */
TEST_F(dgram_receive, discard)
{
	rb_qrig_recv(&self->qr, 0, 0, 1);
	rb_qrig_recv(&self->qr, 10, 100, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_quiet(self->q));
	ASSERT_EQ(3, send(self->rig->far, "one", 3, 0));
	ASSERT_EQ(5, send(self->rig->far, "other", 5, 0));
	ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
	EXPECT_EQ(1, self->cqe.user_data);
	EXPECT_EQ(0, self->cqe.error);
	EXPECT_EQ(0, self->cqe.value);
	EXPECT_EQ(REGBUF_CQE_F_TRUNC, self->cqe.flags);
	EXPECT_EQ(0, rb_q_value(self->q, 2, 5));
	EXPECT_EQ(0, memcmp(self->rig->mem + 10, "other", 5));
}

/* Where it came from, into a slice of its own. */
TEST_F(dgram_receive, source_address)
{
	struct regbuf_sqe *sqe;

	for (int i = 1; i <= 4; i++) {
		sqe = rb_qrig_recv(&self->qr, 0, 100, i);
		sqe->flags = REGBUF_SQE_F_ADDR;
		sqe->addr_id = self->rig->id;
		sqe->addr_offset = 1000 + i * 40;
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	for (int i = 1; i <= 4; i++) {
		ASSERT_EQ(i, send(self->rig->far, "data", i, 0));
		ASSERT_EQ(0, rb_q_value(self->q, i, i));
		EXPECT_EQ(0, memcmp(self->rig->mem + 1000 + i * 40, &self->far,
				    self->len));
		/* Nothing past its end. */
		EXPECT_EQ(0, self->rig->mem[1000 + i * 40 + REGBUF_ADDR_SIZE]);
	}
}

/* C5, C7: where an address or control data must not go. */
TEST_F(dgram_receive, side_slices_out_of_bounds)
{
	struct regbuf_ext ext = {
		.size = sizeof(ext),
		.ctl_id = self->rig->id,
		.ctl_offset = LEN - 60,
		.ctl_length = 64,
	};
	struct regbuf_sqe *sqe;
	__u64 id;

	ASSERT_EQ(0, rb_register(self->rig->dev, self->rig->mem, LEN, RB_READ,
				 &id));
	sqe = rb_qrig_recv(&self->qr, 0, 100, 1);
	sqe->flags = REGBUF_SQE_F_ADDR;
	sqe->addr_id = id;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EACCES));
	sqe = rb_qrig_recv(&self->qr, 0, 100, 1);
	sqe->flags = REGBUF_SQE_F_ADDR;
	sqe->addr_id = self->rig->id;
	sqe->addr_offset = LEN - REGBUF_ADDR_SIZE + 1;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EFAULT));
	rb_qrig_recv(&self->qr, 0, 100, 1)->ext = (unsigned long)&ext;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EFAULT));
	ext.ctl_offset = 0;
	ext.ctl_id = id;
	rb_qrig_recv(&self->qr, 0, 100, 1)->ext = (unsigned long)&ext;
	EXPECT_EQ(0, rb_q_refuses(self->q, -EACCES));
	EXPECT_EQ(0, rb_in_flight(self->rig->dev, self->rig->id));
}

static int ask_for_control_data(int sock, int family)
{
	if (family == AF_INET)
		return rb_sockopt_on(sock, IPPROTO_IP, IP_PKTINFO) ?:
		       rb_sockopt_on(sock, IPPROTO_IP, IP_RECVTOS);
	return rb_sockopt_on(sock, IPPROTO_IPV6, IPV6_RECVPKTINFO) ?:
	       rb_sockopt_on(sock, IPPROTO_IPV6, IPV6_RECVTCLASS);
}

/* Which interface it came in by. */
static unsigned int packet_info(void *control, size_t len, int family)
{
	struct in6_pktinfo *info6;
	struct in_pktinfo *info;

	if (family == AF_INET) {
		info = rb_cmsg_find(control, len, IPPROTO_IP, IP_PKTINFO);
		return info ? info->ipi_ifindex : 0;
	}
	info6 = rb_cmsg_find(control, len, IPPROTO_IPV6, IPV6_PKTINFO);
	return info6 ? info6->ipi6_ifindex : 0;
}

static int traffic_class(void *control, size_t len, int family)
{
	unsigned char *value = family == AF_INET ?
		rb_cmsg_find(control, len, IPPROTO_IP, IP_TOS) :
		rb_cmsg_find(control, len, IPPROTO_IPV6, IPV6_TCLASS);

	return value ? *value : -1;
}

static int set_traffic_class(int sock, int family, int value)
{
	return family == AF_INET ?
		setsockopt(sock, IPPROTO_IP, IP_TOS, &value, sizeof(value)) :
		setsockopt(sock, IPPROTO_IPV6, IPV6_TCLASS, &value,
			   sizeof(value));
}

/* Control data go to a slice; how long they are is told. */
TEST_F(dgram_receive, control_data)
{
	unsigned char *control = self->rig->mem + 2000;
	struct regbuf_ext ext = {
		.size = sizeof(ext),
		.ctl_id = self->rig->id,
		.ctl_offset = 2000,
		.ctl_length = 128,
	};

	ASSERT_EQ(0, ask_for_control_data(self->rig->near, variant->family));
	for (int i = 1; i <= 3; i++) {
		rb_qrig_recv(&self->qr, 0, 100, i)->ext = (unsigned long)&ext;
		ASSERT_EQ(0, rb_q_submit_all(self->q));
		ASSERT_EQ(0, set_traffic_class(self->rig->far, variant->family,
					       i << 3));
		ASSERT_EQ(i, send(self->rig->far, "data", i, 0));
		ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
		EXPECT_EQ(i, self->cqe.user_data);
		EXPECT_EQ(i, self->cqe.value);
		EXPECT_EQ(0, self->cqe.flags);
		ASSERT_LT(0, self->cqe.ctl_length);
		ASSERT_GE(128, self->cqe.ctl_length);
		EXPECT_EQ(if_nametoindex("lo"),
			  packet_info(control, self->cqe.ctl_length,
				      variant->family));
		EXPECT_EQ(i << 3, traffic_class(control, self->cqe.ctl_length,
						variant->family));
		EXPECT_EQ(0, control[128]);
	}
}

/* Too little room for them is told, and room for none is kept to. */
TEST_F(dgram_receive, control_data_truncated)
{
	unsigned char *control = self->rig->mem + 2000;
	struct regbuf_ext ext = {
		.size = sizeof(ext),
		.ctl_id = self->rig->id,
		.ctl_offset = 2000,
		.ctl_length = 24,
	};

	ASSERT_EQ(0, ask_for_control_data(self->rig->near, variant->family));
	rb_qrig_recv(&self->qr, 0, 2, 1)->ext = (unsigned long)&ext;
	rb_qrig_recv(&self->qr, 10, 100, 2);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	ASSERT_EQ(4, send(self->rig->far, "data", 4, 0));
	ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
	EXPECT_EQ(1, self->cqe.user_data);
	EXPECT_EQ(2, self->cqe.value);
	EXPECT_EQ(REGBUF_CQE_F_TRUNC | REGBUF_CQE_F_CTRUNC, self->cqe.flags);
	EXPECT_GE(24, self->cqe.ctl_length);
	for (int i = 24; i < 128; i++)
		ASSERT_EQ(0, control[i]);
	/* Not asked for at all: none, whatever the socket would give. */
	ASSERT_EQ(4, send(self->rig->far, "data", 4, 0));
	ASSERT_EQ(0, rb_q_next(self->q, &self->cqe));
	EXPECT_EQ(2, self->cqe.user_data);
	EXPECT_EQ(4, self->cqe.value);
	EXPECT_EQ(0, self->cqe.ctl_length);
}

/* C6: an address slice's buffer is one that the request uses, too. */
TEST_F(dgram_receive, address_buffer_is_in_use)
{
	unsigned char *other = rb_mem(RB_PAGE);
	struct regbuf_sqe *sqe;
	__u64 id;
	int err;

	ASSERT_EQ(0, rb_register(self->rig->dev, other, RB_PAGE, RB_WRITE,
				 &id));
	sqe = rb_qrig_recv(&self->qr, 0, 100, 1);
	sqe->flags = REGBUF_SQE_F_ADDR;
	sqe->addr_id = id;
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(1, rb_in_flight(self->rig->dev, id));
	ASSERT_EQ(0, rb_deregister(self->rig->dev, id));
	ASSERT_EQ(4, send(self->rig->far, "data", 4, 0));
	EXPECT_EQ(0, rb_q_value(self->q, 1, 4));
	EXPECT_EQ(0, memcmp(other, &self->far, self->len));
	err = rb_wait(self->rig->dev, id, 10 * RB_SEC);
	EXPECT_TRUE(!err || err == -ESTALE);
	munmap(other, RB_PAGE);
}

#include "regbuf_main.h"
