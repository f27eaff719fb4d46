// SPDX-License-Identifier: GPL-2.0
/* Registered I/O on TCP. */

#include "rio_test.h"

/* For what comes by itself. */
#define SOON_MS	10000

FIXTURE(stream) {
	RIO_CQ cq;
	char *mem;
	RIO_BUFFERID id;
	SOCKET sock;
	RIO_RQ rq;
	int peer;
};

FIXTURE_VARIANT(stream) {
	int family;
	bool net;
};

FIXTURE_VARIANT_ADD(stream, loopback) {
	.family = AF_INET,
};

FIXTURE_VARIANT_ADD(stream, loopback_ipv6) {
	.family = AF_INET6,
};

FIXTURE_VARIANT_ADD(stream, network) {
	.family = AF_INET,
	.net = true,
};

FIXTURE_SETUP(stream)
{
	int sv[2];

	if (variant->net)
		ASSERT_EQ(0, plain_net());
	ASSERT_EQ(0, rio_start());
	self->cq = rio.RIOCreateCompletionQueue(64, NULL);
	ASSERT_NE(RIO_INVALID_CQ, self->cq);
	self->mem = VirtualAlloc(NULL, MEM, MEM_COMMIT | MEM_RESERVE,
				 PAGE_READWRITE);
	ASSERT_NE(NULL, self->mem);
	self->id = rio.RIORegisterBuffer(self->mem, MEM);
	ASSERT_NE(RIO_INVALID_BUFFERID, self->id);
	ASSERT_EQ(0, plain_pair(variant->family, SOCK_STREAM, variant->net,
				sv));
	self->sock = sv[0];
	self->peer = sv[1];
	self->rq = rio.RIOCreateRequestQueue(self->sock, 16, 1, 16, 1, self->cq,
					     self->cq, CTX(7));
	ASSERT_NE(RIO_INVALID_RQ, self->rq);
}

FIXTURE_TEARDOWN(stream)
{
	closesocket(self->sock);
	rio.RIOCloseCompletionQueue(self->cq);
	rio.RIODeregisterBuffer(self->id);
	plain_close(self->peer);
	WSACleanup();
}

/* R1, S13, R25: completions in the order of the sends, the bytes too. */
TEST_F(stream, sends_and_receives)
{
	static char got[8 * PAGE];
	RIORESULT results[8];
	RIO_BUF buf;
	ULONG total = 0;
	int i;

	rio_pattern(self->mem, MEM, 1);
	for (i = 0; i < 8; i++) {
		buf = rio_buf(self->id, i * PAGE, i % 2 ? PAGE : 100);
		ASSERT_TRUE(rio.RIOSend(self->rq, &buf, 1, 0, CTX(i)));
		total += buf.Length;
	}
	ASSERT_EQ(0, plain_recv(self->peer, got, total));
	EXPECT_EQ(0, memcmp(got, self->mem, 100));
	EXPECT_EQ(0, memcmp(got + 100, self->mem + PAGE, PAGE));
	ASSERT_EQ(8, rio_take(self->cq, results, 8));
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, results[i].Status);
		EXPECT_EQ(i % 2 ? PAGE : 100, results[i].BytesTransferred);
		EXPECT_EQ(i, results[i].RequestContext);
		EXPECT_EQ(7, results[i].SocketContext);
	}
	buf = rio_buf(self->id, 5, 1000);
	ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, 0, CTX(9)));
	ASSERT_EQ(0, plain_send(self->peer, "answer", 6));
	ASSERT_EQ(1, rio_take(self->cq, results, 1));
	EXPECT_EQ(6, results[0].BytesTransferred);
	EXPECT_EQ(0, memcmp(self->mem + 5, "answer", 6));
}

/* R24: the end is no bytes and no error, as often as it is asked for. */
TEST_F(stream, end_of_stream)
{
	RIO_BUF buf = rio_buf(self->id, 0, 100);
	RIORESULT result;
	int i;

	ASSERT_EQ(0, plain_shutdown(self->peer));
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, 0, NULL));
		ASSERT_EQ(1, rio_take(self->cq, &result, 1));
		EXPECT_EQ(0, result.Status);
		EXPECT_EQ(0, result.BytesTransferred);
	}
}

/* 2.1 */
TEST_F(stream, reset_by_the_peer)
{
	RIO_BUF buf = rio_buf(self->id, 0, 100);
	RIORESULT result;

	ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, 0, CTX(5)));
	ASSERT_EQ(0, plain_reset(self->peer));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(WSAECONNRESET, result.Status);
	EXPECT_EQ(5, result.RequestContext);
	EXPECT_EQ(0, result.BytesTransferred);
	self->peer = plain_bind(AF_INET, SOCK_DGRAM, false);
}

/* R14, P8 */
TEST_F(stream, receive_all)
{
	RIO_BUF buf = rio_buf(self->id, 0, 100);
	RIORESULT result;

	ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, RIO_MSG_WAITALL, NULL));
	ASSERT_EQ(0, plain_send(self->peer, self->mem + PAGE, 60));
	EXPECT_TRUE(rio_quiet(self->cq));
	ASSERT_EQ(0, plain_send(self->peer, self->mem + PAGE, 60));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	EXPECT_EQ(100, result.BytesTransferred);
	/* Or to the end. */
	ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, RIO_MSG_WAITALL, NULL));
	ASSERT_EQ(0, plain_shutdown(self->peer));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	EXPECT_EQ(20, result.BytesTransferred);
}

/* R5, R6: a stream has no empty messages. */
TEST_F(stream, without_data)
{
	EXPECT_FALSE(rio.RIOReceive(self->rq, NULL, 0, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(rio.RIOSend(self->rq, NULL, 0, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
}

/* P8: on a socket that does not block; and its end. */
TEST_F(stream, nonblocking_and_shutdown)
{
	RIO_BUF buf = rio_buf(self->id, 0, 5);
	RIORESULT result;
	u_long on = 1;
	char got[8];

	ASSERT_EQ(0, ioctlsocket(self->sock, FIONBIO, &on));
	ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, 0, CTX(1)));
	EXPECT_TRUE(rio_quiet(self->cq));
	buf.Offset = 100;
	ASSERT_TRUE(rio.RIOSend(self->rq, &buf, 1, 0, CTX(2)));
	ASSERT_EQ(0, plain_recv(self->peer, got, 5));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(2, result.RequestContext);
	ASSERT_EQ(0, shutdown(self->sock, SD_SEND));
	EXPECT_EQ(0, plain_recv_some(self->peer, got, 5));
	ASSERT_TRUE(rio.RIOSend(self->rq, &buf, 1, 0, CTX(3)));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_NE(0, result.Status);
	/* The other direction goes on. */
	ASSERT_EQ(0, plain_send(self->peer, "x", 1));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(1, result.RequestContext);
	EXPECT_EQ(1, result.BytesTransferred);
}

/* P8: what was accepted is sent before the end, though it doesn't fit yet. */
TEST_F(stream, shutdown_after_what_is_pending)
{
	static char got[MEM];
	static RIORESULT results[16];
	RIO_BUF buf = rio_buf(self->id, 0, MEM);
	size_t total = 0;
	int i, n, nr = 16;

	rio_pattern(self->mem, MEM, 4);
	ASSERT_EQ(0, plain_option_set((int)self->sock, SOL_SOCKET, SO_SNDBUF,
				      PAGE));
	for (i = 0; i < nr; i++)
		ASSERT_TRUE(rio.RIOSend(self->rq, &buf, 1,
					i == 7 ? 0 : RIO_MSG_DEFER, CTX(i)));
	ASSERT_EQ(0, shutdown(self->sock, SD_SEND));
	while ((n = plain_recv_some(self->peer, got, MEM)) > 0)
		total += n;
	EXPECT_EQ(0, n);
	EXPECT_EQ(nr * (size_t)MEM, total);
	ASSERT_EQ(nr, rio_take(self->cq, results, nr));
	for (i = 0; i < nr; i++) {
		EXPECT_EQ(0, results[i].Status);
		EXPECT_EQ(MEM, results[i].BytesTransferred);
	}
	EXPECT_EQ(0, rio.RIODequeueCompletion(self->cq, results, 1));
}

/* Much more than the socket takes, all of it asked for. */
static bool send_much(FIXTURE_DATA(stream) *self, RIO_RQ rq, int nr)
{
	RIO_BUF buf = rio_buf(self->id, 0, MEM);
	int i;

	for (i = 0; i < nr; i++)
		if (!rio.RIOSend(rq, &buf, 1, i == 7 ? 0 : RIO_MSG_DEFER,
				 CTX(i)))
			return false;
	return rio.RIOSend(rq, NULL, 0, RIO_MSG_COMMIT_ONLY, NULL);
}

/* To the end, which comes soon: bytes, or an error. */
static long read_all(int peer)
{
	static char got[MEM];
	long total = 0;
	int n;

	do {
		if (!plain_readable(peer, SOON_MS))
			return -1;
		n = plain_recv_some(peer, got, MEM);
		total += n;
	} while (n > 0);
	return n ? n : total;
}

/* What the network had is there; the rest was aborted, in order. */
static bool is_told(RIO_CQ cq, ULONG nr, long total)
{
	static RIORESULT results[16];
	LONG status = 0;
	ULONG i;

	if (rio_take(cq, results, nr) != nr)
		return false;
	for (i = 0; i < nr; i++) {
		if (results[i].RequestContext != i ||
		    (results[i].Status != status && status))
			return false;
		status = results[i].Status;
		total -= results[i].BytesTransferred;
	}
	return !total && (!status || status == WSA_OPERATION_ABORTED);
}

/* R2, R23: bytes, then the end, though nobody calls any more. */
TEST_F(stream, closed_with_sends_pending)
{
	long total;

	ASSERT_EQ(0, plain_option_set((int)self->sock, SOL_SOCKET, SO_SNDBUF,
				      PAGE));
	ASSERT_TRUE(send_much(self, self->rq, 16));
	ASSERT_EQ(0, closesocket(self->sock));
	total = read_all(self->peer);
	EXPECT_LT(0, total);
	EXPECT_GT(16 * (long)MEM, total);
	EXPECT_TRUE(is_told(self->cq, 16, total));
}

/* P8, R23: likewise. */
TEST_F(stream, closed_after_shutdown)
{
	long total;

	ASSERT_EQ(0, plain_option_set((int)self->sock, SOL_SOCKET, SO_SNDBUF,
				      PAGE));
	ASSERT_TRUE(send_much(self, self->rq, 16));
	ASSERT_EQ(0, shutdown(self->sock, SD_SEND));
	ASSERT_EQ(0, closesocket(self->sock));
	total = read_all(self->peer);
	EXPECT_LT(0, total);
	EXPECT_TRUE(is_told(self->cq, 16, total));
}

/* P8: a receive ends at once, sends are sent. */
TEST_F(stream, shutdown_of_both_directions)
{
	RIO_CQ other = rio.RIOCreateCompletionQueue(1, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	RIORESULT result;
	RIO_RQ rq;
	int sv[2];

	ASSERT_EQ(0, plain_pair(variant->family, SOCK_STREAM, variant->net,
				sv));
	ASSERT_EQ(0, plain_option_set(sv[0], SOL_SOCKET, SO_SNDBUF, PAGE));
	rq = rio.RIOCreateRequestQueue(sv[0], 1, 1, 16, 1, other, self->cq,
				       NULL);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, CTX(99)));
	ASSERT_TRUE(send_much(self, rq, 16));
	ASSERT_EQ(0, shutdown(sv[0], SD_BOTH));
	ASSERT_EQ(1, rio_take(other, &result, 1));
	EXPECT_EQ(99, result.RequestContext);
	EXPECT_EQ(0, result.BytesTransferred);
	EXPECT_EQ(16 * (long)MEM, read_all(sv[1]));
	EXPECT_TRUE(is_told(self->cq, 16, 16 * (long)MEM));
	EXPECT_EQ(0, closesocket(sv[0]));
	EXPECT_EQ(0, plain_close(sv[1]));
}

/* P8: with a completion queue for each direction. */
TEST_F(stream, shutdown_with_two_queues)
{
	RIO_CQ other = rio.RIOCreateCompletionQueue(16, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	RIORESULT result;
	RIO_RQ rq;
	int sv[2];

	ASSERT_EQ(0, plain_pair(variant->family, SOCK_STREAM, variant->net,
				sv));
	ASSERT_EQ(0, plain_option_set(sv[0], SOL_SOCKET, SO_SNDBUF, PAGE));
	rq = rio.RIOCreateRequestQueue(sv[0], 4, 1, 16, 1, self->cq, other,
				       CTX(7));
	ASSERT_NE(RIO_INVALID_RQ, rq);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, CTX(99)));
	ASSERT_TRUE(send_much(self, rq, 16));
	ASSERT_EQ(0, shutdown(sv[0], SD_SEND));
	EXPECT_EQ(16 * (long)MEM, read_all(sv[1]));
	EXPECT_TRUE(is_told(other, 16, 16 * (long)MEM));
	EXPECT_EQ(0, rio.RIODequeueCompletion(other, &result, 1));
	/* The other direction goes on. */
	ASSERT_EQ(0, plain_send(sv[1], "x", 1));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(99, result.RequestContext);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, CTX(98)));
	EXPECT_EQ(0, closesocket(sv[0]));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(WSA_OPERATION_ABORTED, result.Status);
	EXPECT_EQ(0, plain_close(sv[1]));
	rio.RIOCloseCompletionQueue(other);
}

/* R2, R23: of a socket with two queues, one of which is gone. */
TEST_F(stream, closed_with_two_queues)
{
	RIO_CQ other = rio.RIOCreateCompletionQueue(16, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	RIORESULT result;
	RIO_RQ rq;
	int sv[2];

	ASSERT_EQ(0, plain_pair(variant->family, SOCK_STREAM, variant->net,
				sv));
	rq = rio.RIOCreateRequestQueue(sv[0], 4, 1, 16, 1, other, self->cq,
				       NULL);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, CTX(1)));
	ASSERT_TRUE(rio.RIOSend(rq, &buf, 1, RIO_MSG_DEFER, CTX(2)));
	rio.RIOCloseCompletionQueue(other);
	EXPECT_FALSE(plain_readable(sv[1], SHORT_MS));
	EXPECT_EQ(0, closesocket(sv[0]));
	/* It may have started. */
	EXPECT_LE(0, read_all(sv[1]));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(2, result.RequestContext);
	EXPECT_EQ(0, plain_close(sv[1]));
}

/* R23, R2: what is pending completes, and the queue is gone. */
TEST_F(stream, closesocket_aborts)
{
	RIO_BUF buf = rio_buf(self->id, 0, 100);
	RIORESULT results[8];
	int i;

	for (i = 0; i < 5; i++)
		ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1,
					   i == 4 ? RIO_MSG_DEFER : 0, CTX(i)));
	ASSERT_EQ(0, closesocket(self->sock));
	ASSERT_EQ(5, rio_take(self->cq, results, 5));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(WSA_OPERATION_ABORTED, results[i].Status);
		EXPECT_EQ(i, results[i].RequestContext);
		EXPECT_EQ(7, results[i].SocketContext);
	}
	EXPECT_FALSE(rio.RIOReceive(self->rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_EQ(0, plain_recv_some(self->peer, self->mem, 1));
}

/* P8: closed at once, with a reset. */
TEST_F(stream, closed_without_lingering)
{
	struct linger linger = { .l_onoff = 1 };
	RIO_BUF buf = rio_buf(self->id, 0, 100);
	RIORESULT result;

	ASSERT_EQ(0, setsockopt(self->sock, SOL_SOCKET, SO_LINGER,
				(char *)&linger, sizeof(linger)));
	ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, 0, NULL));
	ASSERT_EQ(0, closesocket(self->sock));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(WSA_OPERATION_ABORTED, result.Status);
	EXPECT_GT(0, plain_recv_some(self->peer, self->mem, 1));
}

/* R22, F1: one buffer in many requests at once. */
TEST_F(stream, slices_of_one_buffer_at_once)
{
	static char got[16 * 64];
	RIORESULT results[32];
	RIO_BUF buf;
	int i;

	rio_pattern(self->mem, 16 * 64, 3);
	for (i = 0; i < 16; i++) {
		buf = rio_buf(self->id, PAGE + i * 64, 64);
		ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, RIO_MSG_WAITALL,
					   CTX(100 + i)));
		buf = rio_buf(self->id, i * 64, 64);
		ASSERT_TRUE(rio.RIOSend(self->rq, &buf, 1, 0, CTX(i)));
	}
	ASSERT_EQ(0, plain_recv(self->peer, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(got, self->mem, sizeof(got)));
	ASSERT_EQ(0, plain_send(self->peer, got, sizeof(got)));
	ASSERT_EQ(32, rio_take(self->cq, results, 32));
	EXPECT_EQ(0, memcmp(got, self->mem + PAGE, sizeof(got)));
}

/* S12, S21, S22, F20: deregistered while in use, and it looks normal. */
TEST_F(stream, deregistered_in_flight)
{
	RIO_BUF buf = rio_buf(self->id, 0, PAGE);
	RIORESULT results[2];
	static char got[PAGE];

	rio_pattern(self->mem, PAGE, 9);
	ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, 0, CTX(1)));
	buf.Offset = PAGE;
	ASSERT_TRUE(rio.RIOSend(self->rq, &buf, 1, 0, CTX(2)));
	rio.RIODeregisterBuffer(self->id);
	ASSERT_EQ(0, plain_recv(self->peer, got, PAGE));
	EXPECT_EQ(0, memcmp(got, self->mem + PAGE, PAGE));
	ASSERT_EQ(0, plain_send(self->peer, "x", 1));
	ASSERT_EQ(2, rio_take(self->cq, results, 2));
	EXPECT_EQ(0, results[0].Status);
	EXPECT_EQ(0, results[1].Status);
	EXPECT_EQ('x', self->mem[0]);
}

/* P1: receives and sends wait until the socket is connected. */
TEST_F(stream, not_connected_yet)
{
	struct sockaddr_storage name;
	int listener, peer, length;
	SOCKET sock = rio_sock(variant->family, SOCK_STREAM);
	RIO_BUF buf = rio_buf(self->id, 0, 10);
	RIORESULT results[2];
	char got[8];
	RIO_RQ rq;

	if (variant->net)
		SKIP(return, "same as on the loopback");
	rq = rio.RIOCreateRequestQueue(sock, 4, 1, 4, 1, self->cq, self->cq,
				       CTX(8));
	ASSERT_NE(RIO_INVALID_RQ, rq);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, CTX(1)));
	buf = rio_buf(self->id, 20, 5);
	memcpy(self->mem + 20, "early", 5);
	ASSERT_TRUE(rio.RIOSend(rq, &buf, 1, 0, CTX(2)));
	EXPECT_TRUE(rio_quiet(self->cq));
	listener = plain_bind(variant->family, SOCK_STREAM, false);
	length = sizeof(name);
	ASSERT_EQ(0, getsockname(listener, (struct sockaddr *)&name, &length));
	ASSERT_EQ(0, connect(sock, (struct sockaddr *)&name, length));
	peer = plain_accept(listener);
	ASSERT_EQ(0, plain_recv(peer, got, 5));
	EXPECT_EQ(0, memcmp(got, "early", 5));
	ASSERT_EQ(0, plain_send(peer, "late", 4));
	ASSERT_EQ(2, rio_take(self->cq, results, 2));
	EXPECT_EQ(2, results[0].RequestContext);
	EXPECT_EQ(0, results[0].Status);
	EXPECT_EQ(1, results[1].RequestContext);
	EXPECT_EQ(4, results[1].BytesTransferred);
	EXPECT_EQ(0, closesocket(sock));
}

/* P8: there is nothing to shut down, as without RIO. */
TEST_F(stream, shutdown_without_connection)
{
	SOCKET sock = rio_sock(variant->family, SOCK_STREAM);
	RIO_RQ rq;

	rq = rio.RIOCreateRequestQueue(sock, 1, 1, 1, 1, self->cq, self->cq,
				       NULL);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	EXPECT_EQ(SOCKET_ERROR, shutdown(sock, SD_SEND));
	EXPECT_EQ(WSAENOTCONN, WSAGetLastError());
	EXPECT_EQ(0, closesocket(sock));
}

/* R1: what a listener with the flag accepts. */
TEST_F(stream, accepted_sockets)
{
	SOCKET listener = rio_sock(variant->family, SOCK_STREAM), sock;
	RIO_BUF buf = rio_buf(self->id, 0, 10);
	SOCKADDR_INET at = { 0 };
	RIORESULT result;
	RIO_RQ rq;
	int peer;

	if (variant->net)
		SKIP(return, "same as on the loopback");
	at.si_family = variant->family;
	ASSERT_EQ(0, bind(listener, (struct sockaddr *)&at,
			  variant->family == AF_INET ? sizeof(at.Ipv4) :
						       sizeof(at.Ipv6)));
	ASSERT_EQ(0, listen(listener, 5));
	peer = plain_connect(variant->family, SOCK_STREAM, false,
			     plain_port(listener));
	ASSERT_LE(0, peer);
	sock = accept(listener, NULL, NULL);
	ASSERT_NE(INVALID_SOCKET, sock);
	rq = rio.RIOCreateRequestQueue(sock, 1, 1, 1, 1, self->cq, self->cq,
				       NULL);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
	ASSERT_EQ(0, plain_send(peer, "abc", 3));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(3, result.BytesTransferred);
	EXPECT_EQ(0, closesocket(sock));
	EXPECT_EQ(0, closesocket(listener));
}

TEST_HARNESS_MAIN
