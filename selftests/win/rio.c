// SPDX-License-Identifier: GPL-2.0
/* Registered I/O: the table, names and sizes, sends and receives, polled. */

#include "rio_test.h"
#include "plain_rio.h"

/* A C++ program's struct that is one more. */
struct derived {
	RIO_BUF base;
	int mine;
};

/* 2.1, 2.2, S16, X1, X5 */
TEST(names_and_sizes)
{
	const GUID guid = WSAID_MULTIPLE_RIO;
	RIO_NOTIFICATION_COMPLETION how;
	struct derived derived;
	PRIO_BUF base;

	EXPECT_EQ(1, RIO_MSG_DONT_NOTIFY);
	EXPECT_EQ(2, RIO_MSG_DEFER);
	EXPECT_EQ(4, RIO_MSG_WAITALL);
	EXPECT_EQ(8, RIO_MSG_COMMIT_ONLY);
	EXPECT_EQ(0xffffffffUL, (ULONG_PTR)RIO_INVALID_BUFFERID);
	EXPECT_EQ(0, (ULONG_PTR)RIO_INVALID_CQ);
	EXPECT_EQ(0, (ULONG_PTR)RIO_INVALID_RQ);
	EXPECT_EQ(134217728, RIO_MAX_CQ_SIZE);
	EXPECT_EQ(0xffffffff, RIO_CORRUPT_CQ);
	EXPECT_EQ(1, RIO_EVENT_COMPLETION);
	EXPECT_EQ(2, RIO_IOCP_COMPLETION);
	EXPECT_EQ(0x100, WSA_FLAG_REGISTERED_IO);
	EXPECT_EQ(0xc8000024, SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER);
	EXPECT_EQ(0x8509e081, guid.Data1);
	EXPECT_EQ(0x3f, guid.Data4[7]);
	EXPECT_EQ(16, sizeof(RIO_BUF));
	EXPECT_EQ(24, sizeof(RIORESULT));
	EXPECT_EQ(32, sizeof(how));
	EXPECT_EQ(8, (char *)&how.Iocp.IocpHandle - (char *)&how);
	EXPECT_EQ(16, (char *)&how.Event.NotifyReset - (char *)&how);
	EXPECT_EQ(112, sizeof(RIO_EXTENSION_FUNCTION_TABLE));
	EXPECT_EQ(8, RIO_CMSG_BASE_SIZE);
	base = (PRIO_BUF)&derived;
	EXPECT_EQ((void *)&derived, (void *)base);
}

/* R0, S15, S17, S24, P2, P3 */
TEST(table_of_functions)
{
	GUID guid = WSAID_MULTIPLE_RIO, other = guid;
	RIO_EXTENSION_FUNCTION_TABLE table;
	DWORD bytes = 0;
	WSADATA data;
	SOCKET sock;

	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &data));
	sock = rio_sock(AF_INET6, SOCK_STREAM);
	ASSERT_NE(INVALID_SOCKET, sock);
	memset(&table, 0xcc, sizeof(table));
	ASSERT_EQ(0, WSAIoctl(sock, SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER,
			      &guid, sizeof(guid), &table, sizeof(table),
			      &bytes, NULL, NULL));
	EXPECT_EQ(sizeof(table), bytes);
	EXPECT_EQ(sizeof(table), table.cbSize);
	EXPECT_NE(NULL, table.RIOReceive);
	EXPECT_NE(NULL, table.RIOResizeRequestQueue);
	EXPECT_EQ(SOCKET_ERROR,
		  WSAIoctl(sock, SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER,
			   &guid, sizeof(guid), &table, sizeof(table) - 1,
			   &bytes, NULL, NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	other.Data1++;
	EXPECT_EQ(SOCKET_ERROR,
		  WSAIoctl(sock, SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER,
			   &other, sizeof(other), &table, sizeof(table),
			   &bytes, NULL, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	ASSERT_EQ(0, closesocket(sock));
	EXPECT_EQ(SOCKET_ERROR,
		  WSAIoctl(sock, SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER,
			   &guid, sizeof(guid), &table, sizeof(table),
			   &bytes, NULL, NULL));
	EXPECT_EQ(WSAENOTSOCK, WSAGetLastError());
	/* The socket that it came from is closed. */
	EXPECT_NE(RIO_INVALID_CQ, table.RIOCreateCompletionQueue(1, NULL));
}

FIXTURE(rio) {
	RIO_CQ cq;
	char *mem;
	RIO_BUFFERID id;
	SOCKET sock;
	RIO_RQ rq;
	int port;
	int peer;
};

FIXTURE_SETUP(rio)
{
	SOCKADDR_INET *at;

	ASSERT_EQ(0, rio_start());
	self->cq = rio.RIOCreateCompletionQueue(64, NULL);
	ASSERT_NE(RIO_INVALID_CQ, self->cq);
	self->mem = VirtualAlloc(NULL, MEM, MEM_COMMIT | MEM_RESERVE,
				 PAGE_READWRITE);
	ASSERT_NE(NULL, self->mem);
	self->id = rio.RIORegisterBuffer(self->mem, MEM);
	ASSERT_NE(RIO_INVALID_BUFFERID, self->id);
	self->sock = rio_udp(AF_INET, &self->port);
	ASSERT_NE(INVALID_SOCKET, self->sock);
	self->rq = rio.RIOCreateRequestQueue(self->sock, 16, 1, 16, 1, self->cq,
					     self->cq, CTX(7));
	ASSERT_NE(RIO_INVALID_RQ, self->rq);
	self->peer = plain_bind(AF_INET, SOCK_DGRAM, false);
	ASSERT_LE(0, self->peer);
	/* The peer's address, in the buffer's last page. */
	at = (SOCKADDR_INET *)(self->mem + MEM - PAGE);
	at->Ipv4.sin_family = AF_INET;
	at->Ipv4.sin_port = htons(plain_port(self->peer));
	at->Ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

FIXTURE_TEARDOWN(rio)
{
	closesocket(self->sock);
	rio.RIOCloseCompletionQueue(self->cq);
	rio.RIODeregisterBuffer(self->id);
	plain_close(self->peer);
	WSACleanup();
}

#define TO	rio_buf(self->id, MEM - PAGE, sizeof(SOCKADDR_INET))

/* R0, S13, P11 */
TEST_F(rio, a_datagram_is_received)
{
	RIO_BUF buf = rio_buf(self->id, 100, 50);
	RIORESULT result;

	ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, 0,
				   CTX(0x123456789abcdefULL)));
	EXPECT_TRUE(rio_quiet(self->cq));
	ASSERT_EQ(0, plain_sendto(self->peer, "hello", 5, false, self->port));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	EXPECT_EQ(5, result.BytesTransferred);
	EXPECT_EQ(7, result.SocketContext);
	EXPECT_EQ(0x123456789abcdefULL, result.RequestContext);
	EXPECT_EQ(0, memcmp(self->mem + 100, "hello", 5));
}

/* R7, R9, P5 */
TEST_F(rio, a_datagram_is_sent)
{
	RIO_BUF buf = rio_buf(self->id, 200, 6), to = TO;
	RIORESULT result;
	char got[64];

	memcpy(self->mem + 200, "abcdef", 6);
	ASSERT_TRUE(rio.RIOSendEx(self->rq, &buf, 1, NULL, &to, NULL, NULL, 0,
				  CTX(1)));
	/* The caller's again. */
	memset(&buf, 0xff, sizeof(buf));
	memset(&to, 0xff, sizeof(to));
	ASSERT_EQ(0, plain_recv(self->peer, got, 6));
	EXPECT_EQ(0, memcmp(got, "abcdef", 6));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	EXPECT_EQ(6, result.BytesTransferred);
	EXPECT_EQ(1, result.RequestContext);
}

/* R20 */
TEST_F(rio, receives_complete_in_order)
{
	RIORESULT results[10];
	char name = 'a';
	RIO_BUF buf;
	int i;

	for (i = 0; i < 10; i++) {
		buf = rio_buf(self->id, i * 100, 100);
		ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, 0, CTX(i)));
	}
	for (i = 0; i < 10; i++, name++)
		ASSERT_EQ(0, plain_sendto(self->peer, &name, 1, false,
					  self->port));
	ASSERT_EQ(10, rio_take(self->cq, results, 10));
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(i, results[i].RequestContext);
		EXPECT_EQ('a' + i, self->mem[i * 100]);
	}
}

/* R24 */
TEST_F(rio, a_datagram_that_is_too_long)
{
	RIO_BUF buf = rio_buf(self->id, 0, 10);
	RIORESULT result;

	ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, 0, NULL));
	ASSERT_EQ(0, plain_sendto(self->peer, "0123456789abc", 13, false,
				  self->port));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(WSAEMSGSIZE, result.Status);
	EXPECT_EQ(10, result.BytesTransferred);
	EXPECT_EQ(0, memcmp(self->mem, "0123456789\0", 11));
}

/* R5, R6 */
TEST_F(rio, without_data)
{
	RIO_BUF buf = rio_buf(self->id, 0, 10), to = TO;
	RIORESULT result;
	char got;

	ASSERT_TRUE(rio.RIOReceive(self->rq, NULL, 0, 0, CTX(1)));
	ASSERT_EQ(0, plain_sendto(self->peer, "abc", 3, false, self->port));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	EXPECT_EQ(0, result.BytesTransferred);
	ASSERT_TRUE(rio.RIOSendEx(self->rq, NULL, 0, NULL, &to, NULL, NULL, 0,
				  CTX(2)));
	EXPECT_EQ(0, plain_recv_some(self->peer, &got, 1));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	EXPECT_FALSE(rio.RIOReceive(self->rq, NULL, 1, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(rio.RIOReceive(self->rq, &buf, 0, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(rio.RIOReceive(self->rq, &buf, 2, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
}

/* S13, R7: first, middle and last byte; one past the end. */
TEST_F(rio, slices)
{
	static const ULONG offsets[] = { 0, MEM / 2, MEM - 1 };
	RIORESULT result;
	RIO_BUF buf;
	size_t i;

	for (i = 0; i < NR(offsets); i++) {
		buf = rio_buf(self->id, offsets[i], 1);
		ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, 0, NULL));
		ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false,
					  self->port));
		ASSERT_EQ(1, rio_take(self->cq, &result, 1));
		EXPECT_EQ('x', self->mem[offsets[i]]);
	}
	buf = rio_buf(self->id, MEM, 1);
	EXPECT_FALSE(rio.RIOReceive(self->rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	buf = rio_buf(self->id, MEM - 1, 2);
	EXPECT_FALSE(rio.RIOSend(self->rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	buf = rio_buf(self->id, 2, 0xffffffff);
	EXPECT_FALSE(rio.RIOSend(self->rq, &buf, 1, RIO_MSG_DEFER, NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_EQ(WSAEFAULT, GetLastError());
}

/* 2.4, P10: flags, queues and buffers that are none. */
TEST_F(rio, requests_that_are_refused)
{
	static const DWORD recv_flags[] = { 16, 0x80000000,
					    RIO_MSG_WAITALL };
	static const DWORD send_flags[] = { 16, RIO_MSG_WAITALL };
	RIO_BUF buf = rio_buf(self->id, 0, 10);
	RIORESULT result;
	size_t i;

	for (i = 0; i < NR(recv_flags); i++) {
		EXPECT_FALSE(rio.RIOReceive(self->rq, &buf, 1, recv_flags[i],
					    NULL));
		EXPECT_EQ(WSAEINVAL, GetLastError());
	}
	for (i = 0; i < NR(send_flags); i++) {
		EXPECT_FALSE(rio.RIOSend(self->rq, &buf, 1, send_flags[i],
					 NULL));
		EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	}
	SetLastError(0);
	EXPECT_FALSE(rio.RIOReceive(RIO_INVALID_RQ, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAEINVAL, GetLastError());
	EXPECT_FALSE(rio.RIOSend((RIO_RQ)(ULONG_PTR)0x123456789abc, &buf, 1, 0,
				 NULL));
	EXPECT_EQ(WSAEINVAL, GetLastError());
	EXPECT_FALSE(rio.RIOSend((RIO_RQ)self->cq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAEINVAL, GetLastError());
	buf.BufferId = RIO_INVALID_BUFFERID;
	EXPECT_FALSE(rio.RIOReceive(self->rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	buf.BufferId = NULL;
	EXPECT_FALSE(rio.RIOSend(self->rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_EQ(0, rio.RIODequeueCompletion(self->cq, &result, 1));
}

/* R11: a deferred one starts with a later one, of the same direction. */
TEST_F(rio, deferred_until_the_next)
{
	RIO_BUF buf = rio_buf(self->id, 0, 1), to = TO;
	RIORESULT results[3];
	char got;
	int i;

	for (i = 0; i < 3; i++) {
		self->mem[i] = '0' + i;
		buf.Offset = i;
		ASSERT_TRUE(rio.RIOSendEx(self->rq, &buf, 1, NULL, &to, NULL,
					  NULL, i < 2 ? RIO_MSG_DEFER : 0,
					  CTX(i)));
	}
	ASSERT_EQ(3, rio_take(self->cq, results, 3));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, plain_recv(self->peer, &got, 1));
		EXPECT_EQ('0' + i, got);
		EXPECT_EQ(i, results[i].RequestContext);
	}
}

/* R11, R12 */
TEST_F(rio, committed)
{
	RIO_BUF buf = rio_buf(self->id, 0, 1), to = TO;
	RIORESULT results[2];
	char got;

	ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, RIO_MSG_DEFER, CTX(1)));
	ASSERT_TRUE(rio.RIOSendEx(self->rq, &buf, 1, NULL, &to, NULL, NULL,
				  RIO_MSG_DEFER, CTX(2)));
	ASSERT_TRUE(rio.RIOSend(self->rq, NULL, 0, RIO_MSG_COMMIT_ONLY, NULL));
	ASSERT_EQ(0, plain_recv(self->peer, &got, 1));
	ASSERT_EQ(1, rio_take(self->cq, results, 1));
	EXPECT_EQ(2, results[0].RequestContext);
	ASSERT_TRUE(rio.RIOReceive(self->rq, NULL, 0, RIO_MSG_COMMIT_ONLY,
				   NULL));
	ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false, self->port));
	ASSERT_EQ(1, rio_take(self->cq, results, 1));
	EXPECT_EQ(1, results[0].RequestContext);
	/* Alone, with nothing else. */
	EXPECT_FALSE(rio.RIOSend(self->rq, &buf, 1, RIO_MSG_COMMIT_ONLY, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(rio.RIOSend(self->rq, NULL, 0, RIO_MSG_COMMIT_ONLY,
				 CTX(1)));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(rio.RIOSend(self->rq, NULL, 0,
				 RIO_MSG_COMMIT_ONLY | RIO_MSG_DEFER, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_TRUE(rio.RIOSend(self->rq, NULL, 0, RIO_MSG_COMMIT_ONLY, NULL));
}

struct committer {
	RIO_RQ rq;
	LONG stop;
	LONG failed;
};

static DWORD WINAPI commit_often(LPVOID arg)
{
	struct committer *c = arg;

	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED))
		c->failed += !rio.RIOSend(c->rq, NULL, 0, RIO_MSG_COMMIT_ONLY,
					  NULL);
	return 0;
}

/* R12: beside another thread's sends on the same queue. */
TEST_F(rio, committed_by_another_thread)
{
	struct committer c = { .rq = self->rq };
	RIO_BUF buf = rio_buf(self->id, 0, 4), to = TO;
	RIORESULT result;
	HANDLE thread;
	int i, got;

	thread = CreateThread(NULL, 0, commit_often, &c, 0, NULL);
	ASSERT_NE(NULL, thread);
	for (i = 0; i < 500; i++) {
		memcpy(self->mem, &i, 4);
		ASSERT_TRUE(rio.RIOSendEx(self->rq, &buf, 1, NULL, &to, NULL,
					  NULL, RIO_MSG_DEFER, CTX(i)));
		ASSERT_EQ(0, plain_recv(self->peer, &got, 4));
		EXPECT_EQ(i, got);
		ASSERT_EQ(1, rio_take(self->cq, &result, 1));
		EXPECT_EQ(i, result.RequestContext);
	}
	__atomic_store_n(&c.stop, 1, __ATOMIC_RELAXED);
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, LONG_MS));
	EXPECT_EQ(0, c.failed);
}

/* R4, F12: charged when accepted, deferred or not, until it is taken. */
TEST_F(rio, charged_until_taken)
{
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	RIORESULT results[16];
	int i;

	for (i = 0; i < 16; i++)
		ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1,
					   i % 2 ? RIO_MSG_DEFER : 0, NULL));
	EXPECT_FALSE(rio.RIOReceive(self->rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
	ASSERT_TRUE(rio.RIOReceive(self->rq, NULL, 0, RIO_MSG_COMMIT_ONLY,
				   NULL));
	for (i = 0; i < 16; i++)
		ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false,
					  self->port));
	/* All have completed, and none was taken. */
	ASSERT_TRUE(plain_posted(16, false));
	EXPECT_FALSE(rio.RIOReceive(self->rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
	ASSERT_EQ(1, rio.RIODequeueCompletion(self->cq, results, 1));
	EXPECT_TRUE(rio.RIOReceive(self->rq, &buf, 1, 0, NULL));
	EXPECT_FALSE(rio.RIOReceive(self->rq, &buf, 1, 0, NULL));
	EXPECT_EQ(15, rio_take(self->cq, results, 15));
}

/* R7, R19: taking calls the kernel as little as deferred requests do. */
TEST_F(rio, taking_makes_no_system_call)
{
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	RIORESULT results[8];
	ULONG n = 0;
	pid_t child;
	int i, status;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* A child has none of these: make others. */
		rio_start();
		self->cq = rio.RIOCreateCompletionQueue(64, NULL);
		self->id = rio.RIORegisterBuffer(self->mem, MEM);
		self->sock = rio_udp(AF_INET, &self->port);
		self->rq = rio.RIOCreateRequestQueue(self->sock, 8, 1, 8, 1,
						     self->cq, self->cq, NULL);
		buf.BufferId = self->id;
		for (i = 0; i < 4; i++)
			rio.RIOReceive(self->rq, &buf, 1, 0, NULL);
		for (i = 0; i < 4; i++)
			plain_sendto(self->peer, "x", 1, false, self->port);
		plain_posted(4, false);
		plain_no_calls();
		for (i = 0; i < 4; i++)
			rio.RIOReceive(self->rq, &buf, 1, RIO_MSG_DEFER, NULL);
		n = rio.RIODequeueCompletion(self->cq, results, 8);
		n += rio.RIODequeueCompletion(self->cq, results, 8);
		/* exit_group() would be one too many. */
		syscall(60, n == 4 ? 77 : 1);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(77, WEXITSTATUS(status));
}

/* P1: receives on a socket that is bound later; sends too. */
TEST_F(rio, not_bound_yet)
{
	SOCKET sock = rio_sock(AF_INET, SOCK_DGRAM);
	RIO_BUF buf = rio_buf(self->id, 0, 10);
	struct sockaddr_in sin = { 0 };
	RIORESULT result;
	RIO_RQ rq;

	rq = rio.RIOCreateRequestQueue(sock, 4, 1, 4, 1, self->cq, self->cq,
				       CTX(8));
	ASSERT_NE(RIO_INVALID_RQ, rq);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, CTX(1)));
	EXPECT_TRUE(rio_quiet(self->cq));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ASSERT_EQ(0, bind(sock, (struct sockaddr *)&sin, sizeof(sin)));
	ASSERT_EQ(0, plain_sendto(self->peer, "late", 4, false,
				  plain_port((int)sock)));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(8, result.SocketContext);
	EXPECT_EQ(4, result.BytesTransferred);
	EXPECT_EQ(0, closesocket(sock));
}

/* F4, F14: a closed port of the peer's is an error of one request. */
TEST_F(rio, port_unreachable)
{
	RIO_BUF buf = rio_buf(self->id, 0, 10);
	RIORESULT results[2];
	int sv[2];
	RIO_RQ rq;

	ASSERT_EQ(0, plain_pair(AF_INET, SOCK_DGRAM, false, sv));
	rq = rio.RIOCreateRequestQueue(sv[0], 4, 1, 4, 1, self->cq, self->cq,
				       NULL);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, CTX(1)));
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, CTX(2)));
	ASSERT_EQ(0, plain_close(sv[1]));
	ASSERT_TRUE(rio.RIOSend(rq, &buf, 1, RIO_MSG_DONT_NOTIFY, CTX(3)));
	ASSERT_EQ(2, rio_take(self->cq, results, 2));
	EXPECT_EQ(3, results[0].RequestContext);
	EXPECT_EQ(0, results[0].Status);
	EXPECT_EQ(1, results[1].RequestContext);
	EXPECT_EQ(WSAECONNRESET, results[1].Status);
	EXPECT_TRUE(rio_quiet(self->cq));
}

/* F20: a forked child has none of it, and fails without harm. */
TEST_F(rio, fork_leaves_queues_behind)
{
	RIO_BUF buf = rio_buf(self->id, 0, 1);
	RIORESULT result;
	int status, bad = 0;
	pid_t child;

	ASSERT_TRUE(rio.RIOReceive(self->rq, &buf, 1, 0, CTX(3)));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		bad |= rio.RIOReceive(self->rq, &buf, 1, 0, NULL) ? 1 : 0;
		bad |= rio.RIODequeueCompletion(self->cq, &result, 1) !=
		       RIO_CORRUPT_CQ ? 2 : 0;
		bad |= rio.RIONotify(self->cq) != WSAEINVAL ? 4 : 0;
		rio.RIODeregisterBuffer(self->id);
		rio.RIOCloseCompletionQueue(self->cq);
		closesocket(self->sock);
		self->id = rio.RIORegisterBuffer(self->mem, MEM);
		bad |= self->id == RIO_INVALID_BUFFERID ? 8 : 0;
		self->cq = rio.RIOCreateCompletionQueue(4, NULL);
		bad |= self->cq == RIO_INVALID_CQ ? 16 : 0;
		_exit(bad);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false, self->port));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(3, result.RequestContext);
}

/* F20, R23: nor does it keep them when they are closed here. */
TEST_F(rio, fork_leaves_descriptors_behind)
{
	int i, fds, kept, status;
	pid_t child;

	for (i = 0; i < 5; i++)
		ASSERT_NE(RIO_INVALID_CQ,
			  rio.RIOCreateCompletionQueue(4, NULL));
	fds = plain_fds();
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		kept = plain_fds();
		_exit(kept < 0 || kept > fds - 5);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
