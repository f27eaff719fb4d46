// SPDX-License-Identifier: GPL-2.0
/*
 * C3, C4: others send on the same socket, by other ways: what a queue sends is
 * still whole and in order.
 */
#include "regbuf_lane.h"

#include <linux/errqueue.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#define LEN	(256UL << 10)
#define CHUNK	1200

FIXTURE(mixed)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_rig *rig;
	struct rb_stream stream;
};

FIXTURE_VARIANT(mixed)
{
	int family;
	bool loopback;
};

FIXTURE_VARIANT_ADD(mixed, tcp4) { AF_INET };
FIXTURE_VARIANT_ADD(mixed, tcp6) { AF_INET6 };
FIXTURE_VARIANT_ADD(mixed, tcp4_loopback) { AF_INET, true };

FIXTURE_SETUP(mixed)
{
	self->q = &self->qr.q;
	self->rig = &self->qr.rig;
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, variant->family, SOCK_STREAM,
				   variant->loopback, LEN, 64));
	ASSERT_EQ(0, rb_stream_init(&self->stream, 8 * LEN));
	/* Room for all that a test has under way: then ours enter at once. */
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUFFORCE, 4 << 20));
}

FIXTURE_TEARDOWN(mixed)
{
	free(self->stream.bytes);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* Ours: in the socket when the call returns, as there is room. */
static void ours(struct __test_metadata *_metadata, FIXTURE_DATA(mixed) *self,
		 size_t offset, __u64 data)
{
	rb_qrig_send(&self->qr, offset, CHUNK, data);
	rb_stream_note(&self->stream, self->rig->mem + offset, CHUNK);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
}

/* A file's pages, or a pipe's, spliced into the socket. */
static void spliced(struct __test_metadata *_metadata,
		    FIXTURE_DATA(mixed) *self, int file, size_t offset,
		    bool by_pipe)
{
	int fds[2];
	off_t at = offset;

	rb_stream_note(&self->stream, self->rig->mem + offset, CHUNK);
	if (!by_pipe) {
		ASSERT_EQ(CHUNK, sendfile(self->rig->near, file, &at, CHUNK));
		return;
	}
	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(CHUNK, write(fds[1], self->rig->mem + offset, CHUNK));
	ASSERT_EQ(CHUNK, splice(fds[0], NULL, self->rig->near, NULL, CHUNK, 0));
	close(fds[0]);
	close(fds[1]);
}

/* Peers' complaints: pages of others in the skb that ours are added to. */
TEST_F(mixed, splice)
{
	int file = memfd_create("file", 0);
	struct rb_tally *tally = rb_tally_new(40);
	size_t offset = 0;

	ASSERT_EQ(LEN, write(file, self->rig->mem, LEN));
	for (int i = 1; i <= 40; i++) {
		ours(_metadata, self, offset, i);
		offset += CHUNK;
		spliced(_metadata, self, file, offset, i % 3);
		offset += CHUNK;
		/* Keep it flowing; ours must have gone in by itself. */
		ASSERT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	}
	ASSERT_EQ(0, rb_tally_all(tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(tally, 1, 40, 0, CHUNK));
	free(tally);
	close(file);
}

/* Read the error queue for completions of MSG_ZEROCOPY sends; how many came. */
static unsigned int told(int sock)
{
	struct sock_extended_err *err;
	unsigned int seen = 0;
	char control[256];
	struct msghdr msg = { .msg_control = control };

	for (;;) {
		msg.msg_controllen = sizeof(control);
		if (recvmsg(sock, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return seen;
		err = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
		if (err->ee_origin == SO_EE_ORIGIN_ZEROCOPY)
			seen += err->ee_data - err->ee_info + 1;
	}
}

/* By MSG_ZEROCOPY if the kernel takes it now, else plainly: whether it was. */
static int zerocopied(struct __test_metadata *_metadata,
		      FIXTURE_DATA(mixed) *self, size_t offset)
{
	unsigned char *mem = self->rig->mem + offset;
	int sock = self->rig->near;

	rb_stream_note(&self->stream, mem, CHUNK);
	if (send(sock, mem, CHUNK, MSG_ZEROCOPY) == CHUNK)
		return 1;
	ASSERT_EQ(ENOBUFS, errno);
	ASSERT_EQ(CHUNK, send(sock, mem, CHUNK, 0));
	return 0;
}

/* Each kind of zero copy is told of its own completions, and of no other's. */
TEST_F(mixed, msg_zerocopy)
{
	struct rb_tally *tally = rb_tally_new(60);
	unsigned int wanted = 0, seen = 0;
	size_t offset = 0;

	ASSERT_EQ(0, rb_sockopt_on(self->rig->near, SOL_SOCKET, SO_ZEROCOPY));
	for (int i = 1; i <= 60; i++) {
		ours(_metadata, self, offset, i);
		offset += CHUNK;
		wanted += zerocopied(_metadata, self, offset);
		offset += CHUNK;
		if (i % 15)
			continue;
		ASSERT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
		seen += told(self->rig->near);
	}
	ASSERT_EQ(0, rb_tally_all(tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(tally, 1, 60, 0, CHUNK));
	EXPECT_LT(0, wanted);
	EXPECT_TRUE(rb_within(10, (seen += told(self->rig->near)) == wanted));
	EXPECT_TRUE(rb_q_empty(self->q));
	free(tally);
}

/* Plain sends and the synchronous call between ours, by turns. */
TEST_F(mixed, send)
{
	struct rb_tally *tally = rb_tally_new(60);
	struct regbuf_ioc_send msg;
	size_t offset = 0;

	for (int i = 1; i <= 60; i++) {
		ours(_metadata, self, offset, i);
		offset += CHUNK;
		rb_stream_note(&self->stream, self->rig->mem + offset, CHUNK);
		if (i % 2) {
			ASSERT_EQ(CHUNK, send(self->rig->near,
					      self->rig->mem + offset, CHUNK,
					      i % 3 ? 0 : MSG_MORE));
		} else {
			ASSERT_EQ(0, rb_rig_send(self->rig, offset, CHUNK,
						 &msg));
			ASSERT_EQ(CHUNK, msg.sent);
		}
		offset += CHUNK;
		if (i % 10 == 0)
			ASSERT_EQ(0, rb_stream_rest(&self->stream,
						    self->rig->far));
	}
	ASSERT_EQ(0, rb_tally_all(tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(tally, 1, 60, 0, CHUNK));
	free(tally);
}

#define OTHERS	300
#define MARK	0xff

/* The child: short sends of marks, until so many are out or all is over. */
static void send_marks(int sock)
{
	unsigned char marks[7];
	int sent = 0;
	ssize_t n;

	memset(marks, MARK, sizeof(marks));
	while (sent < OTHERS) {
		n = send(sock, marks, sent + 7 < OTHERS ? 7 : OTHERS - sent,
			 MSG_NOSIGNAL);
		if (n < 0)
			_exit(1);
		sent += n;
	}
	_exit(0);
}

/* Take marks out; how many bytes are left. */
static size_t without_marks(unsigned char *data, size_t len)
{
	size_t left = 0;

	for (size_t i = 0; i < len; i++)
		if (data[i] != MARK)
			data[left++] = data[i];
	return left;
}

/*
 * C3: a forked child has the socket, too, and sends plainly: its bytes may fall
 * between the parts of ours, which keep their order. It uses what it inherited
 * of the socket, while the queue is its parent's.
 */
TEST_F(mixed, forked_child_sends)
{
	struct rb_tally *tally = rb_tally_new(20);
	unsigned char *got = malloc(LEN);
	size_t total = 20 * 5000, len = 0;
	pid_t child;
	int status;
	ssize_t n;

	for (size_t i = 0; i < LEN; i++)
		self->rig->mem[i] = (i + i / 251) % 251;
	ASSERT_EQ(0, rb_sockbuf(self->rig->near, SO_SNDBUF, 4096));
	for (int i = 1; i <= 20; i++) {
		rb_qrig_send(&self->qr, i * 3, 5000, i);
		rb_stream_note(&self->stream, self->rig->mem + i * 3, 5000);
	}
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		send_marks(dup(self->rig->near));
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	while (len < total + OTHERS) {
		n = recv(self->rig->far, got + len, total + OTHERS - len, 0);
		ASSERT_LT(0, n);
		len += n;
	}
	EXPECT_EQ(total, without_marks(got, len));
	EXPECT_EQ(0, memcmp(got, self->stream.bytes, total));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, rb_tally_all(tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(tally, 1, 20, 0, 5000));
	free(tally);
	free(got);
}

/* C8, C15: the child's descriptors keep the connection, not the endpoint. */
TEST_F(mixed, forked_child_outlives_the_queue)
{
	pid_t child;
	int status;
	char mark;

	ours(_metadata, self, 0, 1);
	ASSERT_EQ(0, rb_stream_rest(&self->stream, self->rig->far));
	ASSERT_EQ(0, rb_q_value(self->q, 1, CHUNK));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* Until the parent has let go of all it has. */
		while (recv(self->rig->near, &mark, 1, 0) != 1)
			;
		_exit(send(self->rig->near, "!", 1, MSG_NOSIGNAL) != 1);
	}
	rb_q_close(self->q);
	close(self->rig->near);
	self->rig->near = -1;
	ASSERT_EQ(1, send(self->rig->far, "?", 1, 0));
	ASSERT_EQ(1, recv(self->rig->far, &mark, 1, 0));
	EXPECT_EQ('!', mark);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/* C3: somebody else reads, too: what a posted receive gets is its own. */
TEST_F(mixed, others_receive)
{
	char data[4];
	int theirs = 0;

	for (int i = 1; i <= 20; i++) {
		ASSERT_EQ(4, send(self->rig->far, "data", 4, 0));
		if (i % 2) {
			rb_qrig_recv(&self->qr, i * 10, 4, i);
			ASSERT_EQ(0, rb_q_submit_all(self->q));
			ASSERT_EQ(0, rb_q_value(self->q, i, 4));
			EXPECT_EQ(0, memcmp(self->rig->mem + i * 10, "data",
					    4));
			continue;
		}
		ASSERT_EQ(0, rb_recv_all(self->rig->near, data, 4));
		EXPECT_EQ(0, memcmp(data, "data", 4));
		theirs++;
	}
	EXPECT_EQ(10, theirs);
}

#include "regbuf_main.h"
