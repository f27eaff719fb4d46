// SPDX-License-Identifier: GPL-2.0
/* RIO's queues: how many fit, resizing, closing. */

#include "rio_test.h"
#include "rounds.h"
#include "plain_rio.h"

/* More datagrams than Linux' own size has room for. */
#define BURST		500
#define BURST_LENGTH	1024

FIXTURE(queue) {
	char *mem;
	RIO_BUFFERID id;
	int peer;
};

FIXTURE_SETUP(queue)
{
	ASSERT_EQ(0, rio_start());
	self->mem = VirtualAlloc(NULL, MEM, MEM_COMMIT | MEM_RESERVE,
				 PAGE_READWRITE);
	ASSERT_NE(NULL, self->mem);
	self->id = rio.RIORegisterBuffer(self->mem, MEM);
	ASSERT_NE(RIO_INVALID_BUFFERID, self->id);
	self->peer = plain_bind(AF_INET, SOCK_DGRAM, false);
}

FIXTURE_TEARDOWN(queue)
{
	WSACleanup();
}

static RIO_RQ make(SOCKET *sock, int *port, ULONG recv, ULONG send,
		   RIO_CQ recv_cq, RIO_CQ send_cq)
{
	*sock = rio_udp(AF_INET, port);
	return rio.RIOCreateRequestQueue(*sock, recv, 1, send, 1, recv_cq,
					 send_cq, NULL);
}

/* 2.4: completion queues that can't be. */
TEST_F(queue, sizes)
{
	static const DWORD bad[] = { 0, RIO_MAX_CQ_SIZE + 1, 0xffffffff };
	static const DWORD good[] = { 1, 2, 3, 1000, 4096, 65536 };
	RIO_CQ cq;
	size_t i;

	for (i = 0; i < NR(bad); i++) {
		EXPECT_EQ(RIO_INVALID_CQ,
			  rio.RIOCreateCompletionQueue(bad[i], NULL));
		EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	}
	for (i = 0; i < NR(good); i++) {
		cq = rio.RIOCreateCompletionQueue(good[i], NULL);
		EXPECT_NE(RIO_INVALID_CQ, cq);
		rio.RIOCloseCompletionQueue(cq);
	}
	EXPECT_EQ(RIO_INVALID_CQ,
		  rio.RIOCreateCompletionQueue(RIO_MAX_CQ_SIZE, NULL));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
}

/* 2.4, R2, R5, X4: request queues that can't be. */
TEST_F(queue, request_queues_that_are_refused)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(16, NULL);
	SOCKET sock = rio_sock(AF_INET, SOCK_DGRAM);
	SOCKET raw = WSASocketW(AF_INET, SOCK_RAW, 1, NULL, 0,
				WSA_FLAG_REGISTERED_IO);

	EXPECT_EQ(RIO_INVALID_RQ,
		  rio.RIOCreateRequestQueue(INVALID_SOCKET, 1, 1, 1, 1, cq, cq,
					    NULL));
	EXPECT_EQ(WSAENOTSOCK, WSAGetLastError());
	EXPECT_EQ(RIO_INVALID_RQ,
		  rio.RIOCreateRequestQueue(raw, 1, 1, 1, 1, cq, cq, NULL));
	EXPECT_EQ(WSAEOPNOTSUPP, WSAGetLastError());
	EXPECT_EQ(RIO_INVALID_RQ,
		  rio.RIOCreateRequestQueue(sock, 0, 1, 0, 1, cq, cq, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_EQ(RIO_INVALID_RQ,
		  rio.RIOCreateRequestQueue(sock, 1, 2, 1, 1, cq, cq, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_EQ(RIO_INVALID_RQ,
		  rio.RIOCreateRequestQueue(sock, 1, 1, 1, 0, cq, cq, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_EQ(RIO_INVALID_RQ,
		  rio.RIOCreateRequestQueue(sock, 1, 1, 1, 1, RIO_INVALID_CQ,
					    cq, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_EQ(RIO_INVALID_RQ,
		  rio.RIOCreateRequestQueue(sock, 1, 1, 1, 1, cq,
					    RIO_INVALID_CQ, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_NE(RIO_INVALID_RQ,
		  rio.RIOCreateRequestQueue(sock, 1, 1, 0, 1, cq, cq, NULL));
	/* One for each socket. */
	EXPECT_EQ(RIO_INVALID_RQ,
		  rio.RIOCreateRequestQueue(sock, 0, 1, 1, 1, cq, cq, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
}

/* R5, X4: a direction of which there may be none. */
TEST_F(queue, one_direction)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(4, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	RIORESULT result;
	SOCKET sock;
	RIO_RQ rq;
	int port;

	rq = make(&sock, &port, 4, 0, cq, cq);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	EXPECT_FALSE(rio.RIOSend(rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
	ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false, port));
	EXPECT_EQ(1, rio_take(cq, &result, 1));
}

/* R3: the sum of what may complete into a queue. */
TEST_F(queue, no_more_than_fit)
{
	RIO_CQ a = rio.RIOCreateCompletionQueue(10, NULL);
	RIO_CQ b = rio.RIOCreateCompletionQueue(4, NULL);
	SOCKET socks[4];
	int port;

	EXPECT_EQ(RIO_INVALID_RQ, make(&socks[0], &port, 6, 5, a, a));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
	EXPECT_NE(RIO_INVALID_RQ, make(&socks[0], &port, 6, 4, a, b));
	EXPECT_EQ(RIO_INVALID_RQ, make(&socks[1], &port, 1, 1, a, b));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
	EXPECT_EQ(RIO_INVALID_RQ, make(&socks[1], &port, 5, 0, a, b));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
	EXPECT_EQ(RIO_INVALID_RQ, make(&socks[1], &port, 0xffffffff, 0, a, b));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
	EXPECT_NE(RIO_INVALID_RQ, make(&socks[1], &port, 4, 0, a, a));
	EXPECT_EQ(RIO_INVALID_RQ, make(&socks[2], &port, 1, 0, a, a));
	/* R2: its places are free when the socket is closed. */
	EXPECT_EQ(0, closesocket(socks[1]));
	EXPECT_NE(RIO_INVALID_RQ, make(&socks[3], &port, 2, 2, a, a));
}

/* R2, R4: closed with completions that were not taken, many times. */
TEST_F(queue, closed_sockets_leave_room)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(8, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	RIORESULT results[64];
	SOCKET sock;
	int i, j, port;
	RIO_RQ rq;

	for (i = 0; i < 300; i++) {
		rq = make(&sock, &port, 4, 4, cq, cq);
		ASSERT_NE(RIO_INVALID_RQ, rq);
		for (j = 0; j < 4; j++)
			ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, CTX(i)));
		EXPECT_EQ(0, closesocket(sock));
		if (i % 2)
			EXPECT_EQ(8, rio_take(cq, results, 8));
	}
	EXPECT_EQ(0, rio.RIODequeueCompletion(cq, results, 8));
}

/*
 * R2, R4: no place in the ring, because of what a closed socket left there:
 * requests start when it is taken.
 */
TEST_F_TIMEOUT(queue, places_that_closed_sockets_have, 120)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(8192, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	static RIORESULT results[8192];
	SOCKET sock;
	int i, port;
	RIO_RQ rq;

	rq = make(&sock, &port, 8192, 0, cq, cq);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	for (i = 0; i < 8192; i++)
		ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, RIO_MSG_DEFER, CTX(1)));
	EXPECT_EQ(0, closesocket(sock));
	rq = make(&sock, &port, 8192, 0, cq, cq);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	for (i = 0; i < 10; i++)
		ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, i % 2 ? RIO_MSG_DEFER :
					   0, CTX(2 + i)));
	ASSERT_TRUE(rio.RIOReceive(rq, NULL, 0, RIO_MSG_COMMIT_ONLY, NULL));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false, port));
	ASSERT_EQ(8192, rio_take(cq, results, 8192));
	EXPECT_EQ(1, results[8191].RequestContext);
	EXPECT_EQ(WSA_OPERATION_ABORTED, results[8191].Status);
	ASSERT_EQ(10, rio_take(cq, results, 10));
	for (i = 0; i < 10; i++)
		EXPECT_EQ(2 + i, results[i].RequestContext);
}

/* P9: not while requests wait for such a place; later, yes. */
TEST_F_TIMEOUT(queue, resized_without_places, 120)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(8192, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	static RIORESULT results[8192];
	SOCKET sock;
	int i, port;
	RIO_RQ rq;

	rq = make(&sock, &port, 8192, 0, cq, cq);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	for (i = 0; i < 8192; i++)
		ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, RIO_MSG_DEFER, NULL));
	EXPECT_EQ(0, closesocket(sock));
	/* What was not taken is nobody's, but it is there. */
	EXPECT_FALSE(rio.RIOResizeCompletionQueue(cq, 10));
	EXPECT_EQ(WSAETOOMANYREFS, WSAGetLastError());
	rq = make(&sock, &port, 10, 0, cq, cq);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, CTX(2)));
	EXPECT_FALSE(rio.RIOResizeCompletionQueue(cq, 20000));
	EXPECT_EQ(WSAETOOMANYREFS, WSAGetLastError());
	ASSERT_EQ(8192, rio_take(cq, results, 8192));
	EXPECT_TRUE(rio.RIOResizeCompletionQueue(cq, 20000));
	ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false, port));
	ASSERT_EQ(1, rio_take(cq, results, 1));
	EXPECT_EQ(2, results[0].RequestContext);
}

/* What a thread takes from a queue whose sockets another one closes. */
struct taker {
	RIO_CQ cq;
	ULONG taken;
	ULONG wrong;
	LONG stop;
};

static DWORD WINAPI take_until_stopped(LPVOID arg)
{
	struct taker *t = arg;
	RIORESULT results[3];
	ULONG n, i;
	LONG stop;

	do {
		stop = __atomic_load_n(&t->stop, __ATOMIC_ACQUIRE);
		n = rio.RIODequeueCompletion(t->cq, results, NR(results));
		if (n > NR(results))
			return 1;
		for (i = 0; i < n; i++)
			t->wrong += results[i].Status !=
				    WSA_OPERATION_ABORTED ||
				    results[i].RequestContext != 77;
		t->taken += n;
		if (!n)
			SwitchToThread();
	} while (n || !stop);
	return 0;
}

/* R2, R4, R23: nothing is lost, and all room is there again. */
TEST_F(queue, closed_while_a_thread_takes)
{
	struct taker t = { .cq = rio.RIOCreateCompletionQueue(8, NULL) };
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	ULONG posted = 0;
	HANDLE thread;
	SOCKET sock;
	int i, port;
	RIO_RQ rq;

	thread = CreateThread(NULL, 0, take_until_stopped, &t, 0, NULL);
	for (i = 0; i < 300; i++) {
		/* What was not taken yet may be in the way. */
		while ((rq = make(&sock, &port, 5, 3, t.cq, t.cq)) ==
		       RIO_INVALID_RQ) {
			ASSERT_EQ(WSAENOBUFS, WSAGetLastError());
			ASSERT_EQ(0, closesocket(sock));
			Sleep(1);
		}
		while (rio.RIOReceive(rq, &buf, 1, 0, CTX(77)))
			posted++;
		ASSERT_EQ(WSAENOBUFS, WSAGetLastError());
		ASSERT_EQ(0, closesocket(sock));
	}
	__atomic_store_n(&t.stop, 1, __ATOMIC_RELEASE);
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, LONG_MS));
	EXPECT_EQ(300 * 5, posted);
	EXPECT_EQ(posted, t.taken);
	EXPECT_EQ(0, t.wrong);
	EXPECT_NE(RIO_INVALID_RQ, make(&sock, &port, 4, 4, t.cq, t.cq));
}

/* P9, 2.4: larger and smaller with requests pending. */
TEST_F(queue, completion_queue_resized)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(4, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	RIORESULT results[64];
	SOCKET sock, other;
	int i, port, rest;
	RIO_RQ rq;

	rq = make(&sock, &port, 4, 0, cq, cq);
	for (i = 0; i < 4; i++)
		ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1,
					   i == 3 ? RIO_MSG_DEFER : 0, CTX(i)));
	ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false, port));
	ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false, port));
	ASSERT_TRUE(plain_posted(2, false));
	ASSERT_TRUE(rio.RIOResizeCompletionQueue(cq, 5000));
	EXPECT_NE(RIO_INVALID_RQ, make(&other, &rest, 4996, 0, cq, cq));
	/* What was there is there. */
	EXPECT_EQ(2, rio.RIODequeueCompletion(cq, results, 64));
	EXPECT_EQ(0, results[0].RequestContext);
	EXPECT_EQ(1, results[1].RequestContext);
	ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false, port));
	ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false, port));
	ASSERT_EQ(2, rio_take(cq, results, 2));
	EXPECT_EQ(3, results[1].RequestContext);
	EXPECT_FALSE(rio.RIOResizeCompletionQueue(cq, 4999));
	EXPECT_EQ(WSAETOOMANYREFS, WSAGetLastError());
	EXPECT_EQ(0, closesocket(other));
	EXPECT_TRUE(rio.RIOResizeCompletionQueue(cq, 4));
	EXPECT_FALSE(rio.RIOResizeCompletionQueue(cq, 3));
	EXPECT_EQ(WSAETOOMANYREFS, WSAGetLastError());
	EXPECT_FALSE(rio.RIOResizeCompletionQueue(cq, RIO_MAX_CQ_SIZE + 1));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(rio.RIOResizeCompletionQueue(cq, 0));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(rio.RIOResizeCompletionQueue(RIO_INVALID_CQ, 8));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, CTX(9)));
	ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false, port));
	ASSERT_EQ(1, rio_take(cq, results, 1));
	EXPECT_EQ(9, results[0].RequestContext);
}

/* P9, X2: request queues by four, completion queues by a quarter. */
TEST_F(queue, resized_as_programs_do)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(8, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	static RIORESULT results[512];
	DWORD size = 8, max = 4;
	ULONG posted = 0;
	SOCKET sock;
	RIO_RQ rq;
	int port;

	rq = make(&sock, &port, max, max, cq, cq);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	while (max < 200) {
		while (rio.RIOReceive(rq, &buf, 1, 0, CTX(posted)))
			posted++;
		ASSERT_EQ(WSAENOBUFS, WSAGetLastError());
		ASSERT_EQ(max, posted);
		max += 4;
		while (2 * max > size) {
			EXPECT_FALSE(rio.RIOResizeRequestQueue(rq, max, max));
			EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
			size += (size + 3) / 4;
			ASSERT_TRUE(rio.RIOResizeCompletionQueue(cq, size));
		}
		ASSERT_TRUE(rio.RIOResizeRequestQueue(rq, max, max));
	}
	while (posted--)
		ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false, port));
	ASSERT_EQ(max - 4, rio_take(cq, results, max - 4));
	for (posted = 0; posted < max - 4; posted++)
		EXPECT_EQ(posted, results[posted].RequestContext);
}

/* 2.4, X2 */
TEST_F(queue, request_queue_resized)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(8, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	RIORESULT results[8];
	SOCKET sock;
	int i, port;
	RIO_RQ rq;

	rq = make(&sock, &port, 4, 0, cq, cq);
	for (i = 0; i < 3; i++)
		ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
	EXPECT_FALSE(rio.RIOResizeRequestQueue(rq, 0, 0));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(rio.RIOResizeRequestQueue(RIO_INVALID_RQ, 1, 1));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(rio.RIOResizeRequestQueue(rq, 2, 4));
	EXPECT_EQ(WSAETOOMANYREFS, WSAGetLastError());
	EXPECT_FALSE(rio.RIOResizeRequestQueue(rq, 4, 5));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
	/* A direction that there was not. */
	EXPECT_TRUE(rio.RIOResizeRequestQueue(rq, 3, 5));
	EXPECT_FALSE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false, port));
	ASSERT_TRUE(plain_posted(3, false));
	/* Completed, and not taken. */
	EXPECT_FALSE(rio.RIOResizeRequestQueue(rq, 2, 5));
	EXPECT_EQ(WSAETOOMANYREFS, WSAGetLastError());
	ASSERT_EQ(3, rio_take(cq, results, 3));
	EXPECT_TRUE(rio.RIOResizeRequestQueue(rq, 1, 7));
	for (i = 0; i < 7; i++)
		EXPECT_TRUE(rio.RIOSend(rq, &buf, 1, RIO_MSG_DEFER, NULL));
	EXPECT_FALSE(rio.RIOSend(rq, &buf, 1, RIO_MSG_DEFER, NULL));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
}

/* How many receives it takes. */
static int room(RIO_RQ rq, RIO_BUF buf)
{
	int nr = 0;

	while (rio.RIOReceive(rq, &buf, 1, RIO_MSG_DEFER, NULL))
		nr++;
	return nr;
}

/* 2.4, R3: what shrinks makes room for what grows, in a queue that is full. */
TEST_F(queue, directions_change_places)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(8, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	SOCKET sock;
	RIO_RQ rq;
	int port;

	rq = make(&sock, &port, 0, 8, cq, cq);
	EXPECT_TRUE(rio.RIOResizeRequestQueue(rq, 4, 4));
	EXPECT_TRUE(rio.RIOResizeRequestQueue(rq, 8, 0));
	EXPECT_TRUE(rio.RIOResizeRequestQueue(rq, 1, 7));
	EXPECT_TRUE(rio.RIOResizeRequestQueue(rq, 5, 3));
	EXPECT_EQ(5, room(rq, buf));
	EXPECT_EQ(0, closesocket(sock));
	rq = make(&sock, &port, 8, 0, cq, cq);
	EXPECT_TRUE(rio.RIOResizeRequestQueue(rq, 4, 4));
	EXPECT_EQ(4, room(rq, buf));
}

/* 2.4, R3: each direction in its own queue. */
TEST_F(queue, resized_with_two_queues)
{
	RIO_CQ recv = rio.RIOCreateCompletionQueue(4, NULL);
	RIO_CQ send = rio.RIOCreateCompletionQueue(8, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	SOCKET sock;
	RIO_RQ rq;
	int port;

	rq = make(&sock, &port, 2, 2, recv, send);
	EXPECT_FALSE(rio.RIOResizeRequestQueue(rq, 5, 2));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
	EXPECT_FALSE(rio.RIOResizeRequestQueue(rq, 2, 9));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
	EXPECT_EQ(2, room(rq, buf));
	EXPECT_TRUE(rio.RIOResizeRequestQueue(rq, 4, 8));
	EXPECT_EQ(2, room(rq, buf));
}

/* 2.4: both or none, also if there is no socket to start the other one with. */
TEST_F(queue, resized_by_half)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(16, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	SOCKET sock;
	RIO_RQ rq;
	int port;

	rq = make(&sock, &port, 2, 0, cq, cq);
	ASSERT_EQ(0, plain_close((int)sock));
	EXPECT_FALSE(rio.RIOResizeRequestQueue(rq, 4, 4));
	EXPECT_EQ(WSAENOTSOCK, WSAGetLastError());
	EXPECT_EQ(2, room(rq, buf));
	/* Nor is anything charged. */
	EXPECT_NE(RIO_INVALID_RQ, make(&sock, &port, 14, 0, cq, cq));
}

/* R23: completions are dropped, and the socket goes on without. */
TEST_F(queue, completion_queue_closed_first)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(8, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	RIORESULT result;
	SOCKET sock;
	RIO_RQ rq;
	int port;

	rq = make(&sock, &port, 4, 4, cq, cq);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
	rio.RIOCloseCompletionQueue(cq);
	EXPECT_EQ(RIO_CORRUPT_CQ, rio.RIODequeueCompletion(cq, &result, 1));
	EXPECT_FALSE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(rio.RIOSend(rq, NULL, 0, RIO_MSG_COMMIT_ONLY, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(rio.RIOResizeRequestQueue(rq, 8, 8));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	rio.RIOCloseCompletionQueue(cq);
	rio.RIOCloseCompletionQueue(RIO_INVALID_CQ);
	EXPECT_EQ(0, closesocket(sock));
}

/* R23: one of two. */
TEST_F(queue, one_completion_queue_closed)
{
	RIO_CQ recv = rio.RIOCreateCompletionQueue(8, NULL);
	RIO_CQ send = rio.RIOCreateCompletionQueue(8, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	RIORESULT result;
	SOCKET sock;
	RIO_RQ rq;
	int port;

	rq = make(&sock, &port, 4, 4, recv, send);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, CTX(1)));
	rio.RIOCloseCompletionQueue(send);
	EXPECT_FALSE(rio.RIOSend(rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false, port));
	ASSERT_EQ(1, rio_take(recv, &result, 1));
	EXPECT_EQ(1, result.RequestContext);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, CTX(2)));
	EXPECT_EQ(0, closesocket(sock));
	ASSERT_EQ(1, rio_take(recv, &result, 1));
	EXPECT_EQ(WSA_OPERATION_ABORTED, result.Status);
}

/* R2: the socket's queue goes, the socket's number is another's. */
TEST_F(queue, stale_handles)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(8, NULL), other;
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	SOCKET sock, again;
	RIORESULT result;
	RIO_RQ rq, next;
	int port;

	rq = make(&sock, &port, 1, 1, cq, cq);
	EXPECT_EQ(0, closesocket(sock));
	next = make(&again, &port, 1, 1, cq, cq);
	EXPECT_EQ(sock, again);
	EXPECT_NE(rq, next);
	EXPECT_FALSE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_TRUE(rio.RIOReceive(next, &buf, 1, 0, NULL));
	rio.RIOCloseCompletionQueue(cq);
	other = rio.RIOCreateCompletionQueue(8, NULL);
	EXPECT_NE(cq, other);
	EXPECT_EQ(RIO_CORRUPT_CQ, rio.RIODequeueCompletion(cq, &result, 1));
	EXPECT_EQ(0, rio.RIODequeueCompletion(other, &result, 1));
}

/* R21: sockets of several threads that share their queues. */
struct poster {
	RIO_RQ rq;
	RIO_BUFFERID id;
	ULONG posted;
	DWORD wrong;
};

static DWORD WINAPI post_some(LPVOID arg)
{
	const ULONG nr = (ULONG)rounds(1000);
	struct poster *p = arg;
	RIO_BUF buf = rio_buf(p->id, 0, 0);

	while (p->posted < nr) {
		if (rio.RIOSend(p->rq, &buf, 1,
				p->posted % 3 ? RIO_MSG_DEFER : 0,
				CTX(p->posted))) {
			p->posted++;
			continue;
		}
		p->wrong = WSAGetLastError() ^ WSAENOBUFS;
		if (p->wrong)
			break;
		rio.RIOSend(p->rq, NULL, 0, RIO_MSG_COMMIT_ONLY, NULL);
	}
	return !rio.RIOSend(p->rq, NULL, 0, RIO_MSG_COMMIT_ONLY, NULL);
}

TEST_F(queue, several_threads_share_a_queue)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(64, NULL);
	struct poster posters[4] = { 0 };
	ULONGLONG next[4] = { 0 };
	ULONG taken = 0, n, i, nr = (ULONG)rounds(1000);
	RIORESULT results[7];
	HANDLE threads[4];
	int sv[2];

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, plain_pair(AF_INET, SOCK_DGRAM, false, sv));
		posters[i].id = self->id;
		posters[i].rq = rio.RIOCreateRequestQueue(sv[0], 0, 1, 16, 1,
							  cq, cq, CTX(i));
		ASSERT_NE(RIO_INVALID_RQ, posters[i].rq);
		threads[i] = CreateThread(NULL, 0, post_some, &posters[i], 0,
					  NULL);
	}
	while (taken < 4 * nr) {
		n = rio_take(cq, results, 1);
		ASSERT_EQ(1, n);
		n += rio.RIODequeueCompletion(cq, results + 1, 6);
		for (i = 0; i < n; i++) {
			ASSERT_GT(4, results[i].SocketContext);
			ASSERT_EQ(next[results[i].SocketContext]++,
				  results[i].RequestContext);
			ASSERT_EQ(0, results[i].Status);
		}
		taken += n;
	}
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(WAIT_OBJECT_0,
			  WaitForSingleObject(threads[i], LONG_MS));
		EXPECT_EQ(0, posters[i].wrong);
	}
}

/* 2.4: memory that somebody wrote over. */
TEST_F(queue, damaged_memory)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(8, NULL);
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	RIORESULT results[4];
	SOCKET sock;
	RIO_RQ rq;
	int port;

	rq = make(&sock, &port, 4, 4, cq, cq);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
	ASSERT_EQ(0, plain_damage());
	EXPECT_EQ(RIO_CORRUPT_CQ, rio.RIODequeueCompletion(cq, results, 4));
	EXPECT_EQ(RIO_CORRUPT_CQ, rio.RIODequeueCompletion(cq, results, 4));
	EXPECT_FALSE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(rio.RIOResizeCompletionQueue(cq, 16));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_EQ(0, closesocket(sock));
	rio.RIOCloseCompletionQueue(cq);
}

/* A request queue is used again also if nobody takes its completions. */
TEST_F(queue, places_of_request_queues)
{
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	DWORD place, last = 0, places = 0;
	SOCKET sock;
	int i, port;
	RIO_CQ cq;
	RIO_RQ rq;

	for (i = 0; i < 50; i++) {
		cq = rio.RIOCreateCompletionQueue(8, NULL);
		rq = make(&sock, &port, 4, 4, cq, cq);
		ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
		EXPECT_EQ(0, closesocket(sock));
		rio.RIOCloseCompletionQueue(cq);
		/* Above that is how often it was. */
		place = (DWORD)(ULONG_PTR)rq;
		places += place != last;
		last = place;
	}
	EXPECT_GT(5, places);
}

/* A burst of as many datagrams as there may be receives finds room. */
TEST_F(queue, bursts_have_room)
{
	RIO_BUF buf = rio_buf(self->id, 0, BURST_LENGTH);
	RIO_CQ cq = rio.RIOCreateCompletionQueue(BURST, NULL);
	static RIORESULT results[BURST];
	static char data[BURST_LENGTH];
	int peer, port, i;
	SOCKET sock;
	RIO_RQ rq;

	sock = rio_udp(AF_INET, &port);
	rq = rio.RIOCreateRequestQueue(sock, 1, 1, 0, 1, cq, cq, NULL);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	ASSERT_TRUE(rio.RIOResizeRequestQueue(rq, BURST, 0));
	peer = plain_bind(AF_INET, SOCK_DGRAM, false);
	for (i = 0; i < BURST; i++)
		ASSERT_EQ(0, plain_sendto(peer, data, BURST_LENGTH, false,
					  port));
	for (i = 0; i < BURST; i++)
		ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
	EXPECT_EQ(BURST, rio_take(cq, results, BURST));
	closesocket(sock);
	plain_close(peer);
	rio.RIOCloseCompletionQueue(cq);
}

/* But the program's word is the last. */
TEST_F(queue, room_that_was_asked_for)
{
	int size = 8192, length = sizeof(size), port;
	RIO_CQ cq = rio.RIOCreateCompletionQueue(BURST, NULL);
	SOCKET sock = rio_udp(AF_INET, &port);

	ASSERT_EQ(0, setsockopt(sock, SOL_SOCKET, SO_RCVBUF, (char *)&size,
				sizeof(size)));
	ASSERT_NE(RIO_INVALID_RQ,
		  rio.RIOCreateRequestQueue(sock, BURST, 1, 0, 1, cq, cq,
					    NULL));
	ASSERT_EQ(0, getsockopt(sock, SOL_SOCKET, SO_RCVBUF, (char *)&size,
				&length));
	EXPECT_EQ(8192, size);
	closesocket(sock);
	rio.RIOCloseCompletionQueue(cq);
}

/* Nothing is left open: as often as one likes. */
TEST_F(queue, nothing_leaks)
{
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	int i, fds = 0, port;
	SOCKET sock;
	RIO_CQ cq;
	RIO_RQ rq;

	for (i = 0; i < 20; i++) {
		cq = rio.RIOCreateCompletionQueue(100, NULL);
		rq = make(&sock, &port, 4, 4, cq, cq);
		ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
		if (i % 2)
			rio.RIOCloseCompletionQueue(cq);
		EXPECT_EQ(0, closesocket(sock));
		rio.RIOCloseCompletionQueue(cq);
		if (!i)
			fds = plain_fds();
	}
	EXPECT_EQ(fds, plain_fds());
}

TEST_HARNESS_MAIN
