// SPDX-License-Identifier: GPL-2.0
/* RIONotify: events and completion ports. */

#include "rio_test.h"
#include "rounds.h"
#include "plain_rio.h"

#define KEY	((PVOID)0x1234)
#define MANY	rounds(2000)

enum how {
	MANUAL,		/* that the program resets */
	MANUAL_RESET,	/* that RIONotify resets */
	AUTOMATIC,
	PORT,
};

FIXTURE(notify) {
	HANDLE told;
	OVERLAPPED overlapped;
	RIO_CQ cq;
	char *mem;
	RIO_BUFFERID id;
	SOCKET sock;
	RIO_RQ rq;
	int port;
	int peer;
};

FIXTURE_VARIANT(notify) {
	enum how how;
};

FIXTURE_VARIANT_ADD(notify, manual_event) {
	.how = MANUAL,
};

FIXTURE_VARIANT_ADD(notify, manual_event_reset) {
	.how = MANUAL_RESET,
};

FIXTURE_VARIANT_ADD(notify, automatic_event) {
	.how = AUTOMATIC,
};

FIXTURE_VARIANT_ADD(notify, port) {
	.how = PORT,
};

FIXTURE_SETUP(notify)
{
	RIO_NOTIFICATION_COMPLETION how = { 0 };

	ASSERT_EQ(0, rio_start());
	if (variant->how == PORT) {
		self->told = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL,
						    0, 0);
		how.Type = RIO_IOCP_COMPLETION;
		how.Iocp.IocpHandle = self->told;
		how.Iocp.CompletionKey = KEY;
		how.Iocp.Overlapped = &self->overlapped;
		memset(&self->overlapped, 0xcc, sizeof(self->overlapped));
	} else {
		self->told = CreateEventA(NULL, variant->how != AUTOMATIC,
					  FALSE, NULL);
		how.Type = RIO_EVENT_COMPLETION;
		how.Event.EventHandle = self->told;
		how.Event.NotifyReset = variant->how == MANUAL_RESET;
	}
	ASSERT_NE(NULL, self->told);
	self->cq = rio.RIOCreateCompletionQueue(64, &how);
	ASSERT_NE(RIO_INVALID_CQ, self->cq);
	self->mem = VirtualAlloc(NULL, MEM, MEM_COMMIT | MEM_RESERVE,
				 PAGE_READWRITE);
	self->id = rio.RIORegisterBuffer(self->mem, MEM);
	ASSERT_NE(RIO_INVALID_BUFFERID, self->id);
	self->sock = rio_udp(AF_INET, &self->port);
	self->rq = rio.RIOCreateRequestQueue(self->sock, 32, 1, 16, 1, self->cq,
					     self->cq, NULL);
	ASSERT_NE(RIO_INVALID_RQ, self->rq);
	self->peer = plain_bind(AF_INET, SOCK_DGRAM, false);
}

FIXTURE_TEARDOWN(notify)
{
	closesocket(self->sock);
	rio.RIOCloseCompletionQueue(self->cq);
	rio.RIODeregisterBuffer(self->id);
	CloseHandle(self->told);
	plain_close(self->peer);
	WSACleanup();
}

/* A notification within so long, with what it should have. */
static bool told(FIXTURE_DATA(notify) *self, enum how how, DWORD ms)
{
	LPOVERLAPPED overlapped = NULL;
	ULONG_PTR key = 0;
	DWORD bytes = 1;

	if (how == PORT)
		return GetQueuedCompletionStatus(self->told, &bytes, &key,
						 &overlapped, ms) &&
		       key == (ULONG_PTR)KEY &&
		       overlapped == &self->overlapped && bytes == 0;
	if (WaitForSingleObject(self->told, ms) != WAIT_OBJECT_0)
		return false;
	return how != MANUAL || ResetEvent(self->told);
}

static bool post(FIXTURE_DATA(notify) *self, int nr, DWORD flags)
{
	RIO_BUF buf = rio_buf(self->id, 0, 16);

	while (nr--)
		if (!rio.RIOReceive(self->rq, &buf, 1, flags, NULL))
			return false;
	return true;
}

static bool arrive(FIXTURE_DATA(notify) *self, int nr)
{
	while (nr--)
		if (plain_sendto(self->peer, "x", 1, false, self->port))
			return false;
	return true;
}

/* R15: nothing without RIONotify; then one for the next completion. */
TEST_F(notify, one_for_the_next)
{
	RIORESULT result;

	ASSERT_TRUE(post(self, 2, 0));
	EXPECT_FALSE(told(self, variant->how, SHORT_MS));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	EXPECT_FALSE(told(self, variant->how, SHORT_MS));
	ASSERT_TRUE(arrive(self, 1));
	EXPECT_TRUE(told(self, variant->how, LONG_MS));
	/* P6: there is something, at once. */
	EXPECT_EQ(1, rio.RIODequeueCompletion(self->cq, &result, 1));
	ASSERT_TRUE(arrive(self, 1));
	if (variant->how != MANUAL_RESET)
		EXPECT_FALSE(told(self, variant->how, SHORT_MS));
	EXPECT_EQ(1, rio_take(self->cq, &result, 1));
}

/* R15, P7: what is there already. */
TEST_F(notify, at_once_for_what_is_left)
{
	RIORESULT results[4];

	ASSERT_TRUE(post(self, 3, 0));
	ASSERT_TRUE(arrive(self, 3));
	ASSERT_TRUE(plain_posted(3, false));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	EXPECT_TRUE(told(self, variant->how, 0));
	EXPECT_EQ(1, rio.RIODequeueCompletion(self->cq, results, 1));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	EXPECT_TRUE(told(self, variant->how, 0));
	EXPECT_EQ(2, rio.RIODequeueCompletion(self->cq, results, 4));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	EXPECT_FALSE(told(self, variant->how, SHORT_MS));
}

/* R15: armed twice; not so once it was delivered. */
TEST_F(notify, already_armed)
{
	RIORESULT result;

	ASSERT_TRUE(post(self, 2, 0));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	EXPECT_EQ(WSAEALREADY, rio.RIONotify(self->cq));
	EXPECT_EQ(WSAEALREADY, rio.RIONotify(self->cq));
	ASSERT_TRUE(arrive(self, 1));
	EXPECT_TRUE(told(self, variant->how, LONG_MS));
	EXPECT_EQ(1, rio.RIODequeueCompletion(self->cq, &result, 1));
	EXPECT_EQ(0, rio.RIONotify(self->cq));
	EXPECT_EQ(WSAEALREADY, rio.RIONotify(self->cq));
	ASSERT_TRUE(arrive(self, 1));
	EXPECT_TRUE(told(self, variant->how, LONG_MS));
	EXPECT_EQ(1, rio.RIODequeueCompletion(self->cq, &result, 1));
}

/* R13: such completions don't count, but are there. */
TEST_F(notify, silent_completions)
{
	RIORESULT results[4];

	ASSERT_TRUE(post(self, 2, RIO_MSG_DONT_NOTIFY));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	ASSERT_TRUE(arrive(self, 2));
	ASSERT_TRUE(plain_posted(2, true));
	EXPECT_FALSE(told(self, variant->how, SHORT_MS));
	EXPECT_EQ(2, rio.RIODequeueCompletion(self->cq, results, 4));
	ASSERT_TRUE(post(self, 1, RIO_MSG_DONT_NOTIFY));
	ASSERT_TRUE(post(self, 1, 0));
	ASSERT_TRUE(arrive(self, 1));
	EXPECT_FALSE(told(self, variant->how, SHORT_MS));
	ASSERT_TRUE(arrive(self, 1));
	EXPECT_TRUE(told(self, variant->how, LONG_MS));
	EXPECT_EQ(2, rio.RIODequeueCompletion(self->cq, results, 4));
	/* A queue that has nothing else is empty. */
	ASSERT_TRUE(post(self, 1, RIO_MSG_DONT_NOTIFY));
	ASSERT_TRUE(arrive(self, 1));
	ASSERT_TRUE(plain_posted(1, false));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	EXPECT_FALSE(told(self, variant->how, SHORT_MS));
	EXPECT_EQ(1, rio.RIODequeueCompletion(self->cq, results, 4));
}

/* R17, P6: one for many; and never one without a completion. */
TEST_F_TIMEOUT(notify, never_for_nothing, 120)
{
	RIORESULT results[32];
	ULONG left, n;
	int i, round, nr = rounds(200);

	for (round = 0; round < nr; round++) {
		ASSERT_TRUE(post(self, 8, 0));
		ASSERT_EQ(0, rio.RIONotify(self->cq));
		ASSERT_TRUE(arrive(self, 8));
		for (left = 8; left; left -= n) {
			ASSERT_TRUE(told(self, variant->how, LONG_MS));
			n = rio.RIODequeueCompletion(self->cq, results,
						     1 + round % 8);
			ASSERT_LT(0, n);
			i = rio.RIONotify(self->cq);
			ASSERT_EQ(0, i);
		}
		/* Armed; take it back by letting it fire. */
		ASSERT_TRUE(post(self, 1, 0));
		ASSERT_TRUE(arrive(self, 1));
		ASSERT_TRUE(told(self, variant->how, LONG_MS));
		ASSERT_EQ(1, rio.RIODequeueCompletion(self->cq, results, 32));
	}
}

/* R16, X6: reset when RIONotify is called, if so wished. */
TEST_F(notify, events_of_which_the_program_takes_care)
{
	RIORESULT result;

	if (variant->how == PORT || variant->how == AUTOMATIC)
		SKIP(return, "manual events");
	ASSERT_TRUE(SetEvent(self->told));
	ASSERT_TRUE(post(self, 1, 0));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	EXPECT_EQ(variant->how == MANUAL ? WAIT_OBJECT_0 : WAIT_TIMEOUT,
		  WaitForSingleObject(self->told, 0));
	ASSERT_TRUE(ResetEvent(self->told));
	ASSERT_TRUE(arrive(self, 1));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(self->told, LONG_MS));
	/* It stays set. */
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(self->told, 0));
	EXPECT_EQ(1, rio.RIODequeueCompletion(self->cq, &result, 1));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	EXPECT_EQ(variant->how == MANUAL ? WAIT_OBJECT_0 : WAIT_TIMEOUT,
		  WaitForSingleObject(self->told, 0));
}

static bool is_set(HANDLE event)
{
	return WaitForSingleObject(event, 0) == WAIT_OBJECT_0;
}

/* X6: when it is armed; not when it fires, nor at any other time. */
TEST_F(notify, events_of_which_some_are_reset_when_armed)
{
	bool stays = variant->how == MANUAL;
	RIORESULT results[2];

	if (variant->how == PORT || variant->how == AUTOMATIC)
		SKIP(return, "manual events");
	ASSERT_TRUE(post(self, 3, 0));
	ASSERT_TRUE(SetEvent(self->told));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	EXPECT_EQ(stays, is_set(self->told));
	/* Nor by who is told that it is armed already. */
	ASSERT_TRUE(SetEvent(self->told));
	EXPECT_EQ(WSAEALREADY, rio.RIONotify(self->cq));
	EXPECT_TRUE(is_set(self->told));
	/* It fires, on one that is set. */
	ASSERT_TRUE(arrive(self, 1));
	ASSERT_TRUE(plain_posted(1, false));
	EXPECT_TRUE(is_set(self->told));
	EXPECT_TRUE(is_set(self->told));
	EXPECT_EQ(1, rio.RIODequeueCompletion(self->cq, results, 1));
	EXPECT_TRUE(is_set(self->told));
	/* First it is reset, then set for what is there. */
	ASSERT_TRUE(arrive(self, 2));
	ASSERT_TRUE(plain_posted(2, false));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	EXPECT_TRUE(is_set(self->told));
	EXPECT_EQ(2, rio.RIODequeueCompletion(self->cq, results, 2));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	EXPECT_EQ(stays, is_set(self->told));
}

/* The event or port lives as long as the queue. */
TEST_F(notify, handle_closed_before_the_queue)
{
	RIORESULT result;
	HANDLE other;

	if (variant->how == PORT)
		SKIP(return, "nobody could wait for it");
	other = self->told;
	ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), other,
				    GetCurrentProcess(), &self->told, 0, FALSE,
				    DUPLICATE_SAME_ACCESS));
	ASSERT_TRUE(CloseHandle(other));
	ASSERT_TRUE(post(self, 1, 0));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	ASSERT_TRUE(arrive(self, 1));
	EXPECT_TRUE(told(self, variant->how, LONG_MS));
	EXPECT_EQ(1, rio.RIODequeueCompletion(self->cq, &result, 1));
}

/* R23: a queue that was closed tells nobody. */
TEST_F(notify, closed_queue)
{
	ASSERT_TRUE(post(self, 1, 0));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	rio.RIOCloseCompletionQueue(self->cq);
	ASSERT_TRUE(arrive(self, 1));
	EXPECT_FALSE(told(self, variant->how, SHORT_MS));
	EXPECT_EQ(WSAEINVAL, rio.RIONotify(self->cq));
}

/* P6, R13: a shutdown that waits for sends is no request of the program's. */
TEST_F(notify, shutdown_is_not_told)
{
	RIO_BUF buf = rio_buf(self->id, 0, MEM);
	static RIORESULT results[8];
	static char got[MEM];
	int i, n, sv[2];
	RIO_RQ rq;

	ASSERT_EQ(0, plain_pair(AF_INET, SOCK_STREAM, false, sv));
	ASSERT_EQ(0, plain_option_set(sv[0], SOL_SOCKET, SO_SNDBUF, PAGE));
	rq = rio.RIOCreateRequestQueue(sv[0], 0, 1, 8, 1, self->cq, self->cq,
				       NULL);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	for (i = 0; i < 8; i++)
		ASSERT_TRUE(rio.RIOSend(rq, &buf, 1, RIO_MSG_DONT_NOTIFY,
					NULL));
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	ASSERT_EQ(0, shutdown(sv[0], SD_SEND));
	do {
		n = plain_recv_some(sv[1], got, MEM);
	} while (n > 0);
	EXPECT_EQ(0, n);
	EXPECT_FALSE(told(self, variant->how, SHORT_MS));
	EXPECT_EQ(8, rio_take(self->cq, results, 8));
	EXPECT_EQ(0, closesocket(sv[0]));
	EXPECT_EQ(0, plain_close(sv[1]));
}

/* 2.4: memory that somebody wrote over. */
TEST_F(notify, damaged_memory)
{
	RIORESULT result;

	ASSERT_EQ(0, plain_damage());
	EXPECT_EQ(RIO_CORRUPT_CQ, rio.RIODequeueCompletion(self->cq, &result,
							   1));
	EXPECT_EQ(WSAEINVAL, rio.RIONotify(self->cq));
}

struct waiter {
	FIXTURE_DATA(notify) *self;
	enum how how;
	int taken;
	int empty;
};

static DWORD WINAPI take_all(LPVOID arg)
{
	struct waiter *w = arg;
	const int many = MANY;
	RIORESULT results[4];
	ULONG n;

	while (w->taken < many) {
		if (!told(w->self, w->how, LONG_MS))
			return 1;
		n = rio.RIODequeueCompletion(w->self->cq, results, 4);
		w->taken += n;
		w->empty += !n;
		if (rio.RIONotify(w->self->cq))
			return 2;
	}
	return 0;
}

/* P6, R21: taken by a thread that waits, posted by another one. */
TEST_F_TIMEOUT(notify, by_a_thread_that_waits, 120)
{
	struct waiter w = { .self = self, .how = variant->how };
	RIO_BUF buf = rio_buf(self->id, 0, 16);
	DWORD code = 9;
	HANDLE thread;
	int posted = 0, sent = 0, many = MANY;

	ASSERT_EQ(0, rio.RIONotify(self->cq));
	thread = CreateThread(NULL, 0, take_all, &w, 0, NULL);
	ASSERT_NE(NULL, thread);
	while (sent < many) {
		while (posted < many && rio.RIOReceive(self->rq, &buf, 1, 0,
						       NULL))
			posted++;
		for (; sent < posted; sent++)
			ASSERT_TRUE(arrive(self, 1));
	}
	ASSERT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, 9 * LONG_MS));
	ASSERT_TRUE(GetExitCodeThread(thread, &code));
	EXPECT_EQ(0, code);
	EXPECT_EQ(0, w.empty);
	EXPECT_EQ(many, w.taken);
}

/* R17: though nobody took the packet of the last one. */
TEST(a_packet_for_each_notification)
{
	RIO_NOTIFICATION_COMPLETION how = { .Type = RIO_IOCP_COMPLETION };
	OVERLAPPED_ENTRY entries[4];
	OVERLAPPED overlapped;
	int port = 0, peer, i;
	RIORESULT result;
	RIO_BUF buf;
	SOCKET sock;
	char *mem;
	RIO_CQ cq;
	RIO_RQ rq;
	ULONG n;

	ASSERT_EQ(0, rio_start());
	how.Iocp.IocpHandle = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL,
						     0, 0);
	how.Iocp.CompletionKey = KEY;
	how.Iocp.Overlapped = &overlapped;
	cq = rio.RIOCreateCompletionQueue(4, &how);
	mem = malloc(PAGE);
	buf = rio_buf(rio.RIORegisterBuffer(mem, PAGE), 0, 16);
	sock = rio_udp(AF_INET, &port);
	rq = rio.RIOCreateRequestQueue(sock, 4, 1, 0, 1, cq, cq, NULL);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	peer = plain_bind(AF_INET, SOCK_DGRAM, false);
	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
		ASSERT_EQ(0, rio.RIONotify(cq));
		ASSERT_EQ(0, plain_sendto(peer, "x", 1, false, port));
		ASSERT_TRUE(plain_posted(1, false));
		ASSERT_EQ(1, rio.RIODequeueCompletion(cq, &result, 1));
	}
	for (i = 0; i < 3; i += (int)n) {
		ASSERT_TRUE(GetQueuedCompletionStatusEx(how.Iocp.IocpHandle,
							entries, 4, &n,
							LONG_MS, FALSE));
		EXPECT_EQ((ULONG_PTR)KEY, entries[0].lpCompletionKey);
	}
	EXPECT_FALSE(GetQueuedCompletionStatusEx(how.Iocp.IocpHandle, entries,
						 4, &n, SHORT_MS, FALSE));
	closesocket(sock);
	rio.RIOCloseCompletionQueue(cq);
}

/* R18, 2.4 */
TEST(polling_only)
{
	RIO_CQ cq;

	ASSERT_EQ(0, rio_start());
	cq = rio.RIOCreateCompletionQueue(8, NULL);
	EXPECT_EQ(WSAEINVAL, rio.RIONotify(cq));
	EXPECT_EQ(WSAEINVAL, rio.RIONotify(RIO_INVALID_CQ));
	EXPECT_EQ(WSAEINVAL, rio.RIONotify((RIO_CQ)(ULONG_PTR)0xdeadbeef10));
	rio.RIOCloseCompletionQueue(cq);
	EXPECT_EQ(WSAEINVAL, rio.RIONotify(cq));
}

/* 2.4, R17: what a queue can't tell. */
TEST(bad_notifications)
{
	RIO_NOTIFICATION_COMPLETION how = { 0 };
	OVERLAPPED overlapped;
	HANDLE event, port;

	ASSERT_EQ(0, rio_start());
	event = CreateEventA(NULL, FALSE, FALSE, NULL);
	port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
	how.Type = (RIO_NOTIFICATION_COMPLETION_TYPE)3;
	how.Event.EventHandle = event;
	EXPECT_EQ(RIO_INVALID_CQ, rio.RIOCreateCompletionQueue(8, &how));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	how.Type = RIO_EVENT_COMPLETION;
	how.Event.EventHandle = port;
	EXPECT_EQ(RIO_INVALID_CQ, rio.RIOCreateCompletionQueue(8, &how));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	how.Event.EventHandle = NULL;
	EXPECT_EQ(RIO_INVALID_CQ, rio.RIOCreateCompletionQueue(8, &how));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	how.Type = RIO_IOCP_COMPLETION;
	how.Iocp.IocpHandle = port;
	how.Iocp.Overlapped = NULL;
	EXPECT_EQ(RIO_INVALID_CQ, rio.RIOCreateCompletionQueue(8, &how));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	how.Iocp.IocpHandle = event;
	how.Iocp.Overlapped = &overlapped;
	EXPECT_EQ(RIO_INVALID_CQ, rio.RIOCreateCompletionQueue(8, &how));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_EQ(RIO_INVALID_CQ,
		  rio.RIOCreateCompletionQueue(8, (void *)(ULONG_PTR)16));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
}

TEST_HARNESS_MAIN
