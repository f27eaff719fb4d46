// SPDX-License-Identifier: GPL-2.0
/*
 * A receiver as many are: told by an event of the first of some datagrams, it
 * polls until there are none, posting its receives again, and arms anew.
 * Whatever arrives in between, it misses nothing and is told of nothing twice.
 */

#include "rio_test.h"
#include "plain_rio.h"
#include "regbuf_slow.h"

/* Receives that are posted. */
#define RECEIVES	128
#define LENGTH		1024
/* Datagrams on their way at once: as many as the socket has room for. */
#define WINDOW		100
#define ROOM		212992

FIXTURE(polled) {
	HANDLE event;
	RIO_CQ cq;
	char *mem;
	RIO_BUFFERID id;
	SOCKET sock;
	RIO_RQ rq;
	int port;
};

FIXTURE_VARIANT(polled) {
	BOOL manual;
	int busy;	/* threads that have the processors work */
};

FIXTURE_VARIANT_ADD(polled, manual) {
	.manual = TRUE,
};

FIXTURE_VARIANT_ADD(polled, automatic) {
	.manual = FALSE,
};

FIXTURE_VARIANT_ADD(polled, manual_busy) {
	.manual = TRUE,
	.busy = 3,
};

FIXTURE_SETUP(polled)
{
	RIO_NOTIFICATION_COMPLETION how = { .Type = RIO_EVENT_COMPLETION };

	ASSERT_EQ(0, rio_start());
	self->event = CreateEventA(NULL, variant->manual, FALSE, NULL);
	how.Event.EventHandle = self->event;
	how.Event.NotifyReset = variant->manual;
	self->cq = rio.RIOCreateCompletionQueue(RECEIVES, &how);
	ASSERT_NE(RIO_INVALID_CQ, self->cq);
	self->mem = VirtualAlloc(NULL, RECEIVES * LENGTH,
				 MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
	self->id = rio.RIORegisterBuffer(self->mem, RECEIVES * LENGTH);
	ASSERT_NE(RIO_INVALID_BUFFERID, self->id);
	self->sock = rio_udp(AF_INET, &self->port);
	ASSERT_EQ(0, plain_option_set((int)self->sock, SOL_SOCKET, SO_RCVBUF,
				      ROOM));
	self->rq = rio.RIOCreateRequestQueue(self->sock, RECEIVES, 1, 0, 1,
					     self->cq, self->cq, NULL);
	ASSERT_NE(RIO_INVALID_RQ, self->rq);
}

FIXTURE_TEARDOWN(polled)
{
	closesocket(self->sock);
	rio.RIOCloseCompletionQueue(self->cq);
	rio.RIODeregisterBuffer(self->id);
	CloseHandle(self->event);
	WSACleanup();
}

static bool post(FIXTURE_DATA(polled) *self, ULONG slot)
{
	RIO_BUF buf = rio_buf(self->id, slot * LENGTH, LENGTH);

	return rio.RIOReceive(self->rq, &buf, 1, 0, CTX(slot));
}

/* What sender and receiver have counted. */
struct count {
	int port;
	ULONG total;
	ULONG sent;
	ULONG taken;
	ULONG wrong;
	ULONG empty;
	LONG stop;
};

static ULONG taken_of(struct count *c)
{
	return __atomic_load_n(&c->taken, __ATOMIC_ACQUIRE);
}

static bool stopped(struct count *c)
{
	return __atomic_load_n(&c->stop, __ATOMIC_RELAXED);
}

/* Bursts of all sizes; after some, not before everything was taken. */
static DWORD WINAPI send_all(LPVOID arg)
{
	int peer = plain_bind(AF_INET, SOCK_DGRAM, false);
	struct count *c = arg;
	char data[LENGTH] = { 0 };
	ULONG burst = 0, left = 0;

	while (c->sent < c->total && !stopped(c)) {
		if (!left) {
			left = 1 + burst * 7 % 61;
			while (burst++ % 3 && taken_of(c) < c->sent &&
			       !stopped(c))
				SwitchToThread();
		}
		if (c->sent - taken_of(c) >= WINDOW) {
			SwitchToThread();
			continue;
		}
		memcpy(data, &c->sent, sizeof(c->sent));
		if (plain_sendto(peer, data, LENGTH, false, c->port))
			return 1;
		c->sent++;
		left--;
	}
	plain_close(peer);
	return 0;
}

static DWORD WINAPI burn(LPVOID arg)
{
	while (!stopped(arg))
		;
	return 0;
}

/* In the order in which they were sent, each in the receive that was next. */
static bool take(FIXTURE_DATA(polled) *self, struct count *c,
		 const RIORESULT *results, ULONG n)
{
	ULONG i, slot, number;

	for (i = 0; i < n; i++) {
		slot = (ULONG)results[i].RequestContext;
		memcpy(&number, self->mem + slot * LENGTH, sizeof(number));
		c->wrong += results[i].Status || number != c->taken + i ||
			    results[i].BytesTransferred != LENGTH;
		if (!post(self, slot))
			return false;
	}
	__atomic_store_n(&c->taken, c->taken + n, __ATOMIC_RELEASE);
	return true;
}

/* Once told, until there is nothing more. */
static bool told_and_polled(FIXTURE_DATA(polled) *self, struct count *c)
{
	RIORESULT results[17];
	ULONG n;

	if (rio.RIONotify(self->cq) ||
	    WaitForSingleObject(self->event, LONG_MS) != WAIT_OBJECT_0)
		return false;
	n = rio.RIODequeueCompletion(self->cq, results, NR(results));
	c->empty += !n;
	while (n) {
		if (n == RIO_CORRUPT_CQ || !take(self, c, results, n))
			return false;
		n = rio.RIODequeueCompletion(self->cq, results, NR(results));
	}
	return true;
}

/* P6, R15, R20: all that was sent, but for what the socket had no room for. */
TEST_F_TIMEOUT(polled, nothing_is_missed, 120)
{
	struct count c = {
		.port = self->port,
		.total = rb_slow() ? 3000 : 30000,
	};
	HANDLE sender, busy[4];
	int i, refused;

	for (i = 0; i < RECEIVES; i++)
		ASSERT_TRUE(post(self, i));
	refused = plain_refused_datagrams();
	ASSERT_LE(0, refused);
	for (i = 0; i < variant->busy; i++)
		busy[i] = CreateThread(NULL, 0, burn, &c, 0, NULL);
	sender = CreateThread(NULL, 0, send_all, &c, 0, NULL);
	while (c.taken < c.total && told_and_polled(self, &c))
		;
	__atomic_store_n(&c.stop, 1, __ATOMIC_RELAXED);
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(sender, LONG_MS));
	for (i = 0; i < variant->busy; i++)
		EXPECT_EQ(WAIT_OBJECT_0,
			  WaitForSingleObject(busy[i], LONG_MS));
	EXPECT_EQ(0, plain_refused_datagrams() - refused);
	EXPECT_EQ(c.total, c.taken);
	EXPECT_EQ(c.sent, c.taken);
	EXPECT_EQ(0, c.wrong);
	EXPECT_EQ(0, c.empty);
}

/*
 * P6: who polls takes a completion before the event is set for it, and arms:
 * the event is reset, and not set then for what is gone.
 */
TEST_F(polled, nothing_is_left_of_the_last_signal)
{
	int peer = plain_bind(AF_INET, SOCK_DGRAM, false), round, err;
	ULONG n, late = 0, already = 0;
	RIORESULT result;

	if (!variant->manual || variant->busy)
		SKIP(return, "manual events, at rest");
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	for (round = 0; round < 2000; round++) {
		ASSERT_TRUE(post(self, 0));
		ASSERT_EQ(0, plain_sendto(peer, "x", 1, false, self->port));
		do {
			n = rio.RIODequeueCompletion(self->cq, &result, 1);
		} while (!n);
		ASSERT_EQ(1, n);
		err = rio.RIONotify(self->cq);
		/* Then it is the last one's that may come. */
		already += err == WSAEALREADY;
		if (err == WSAEALREADY)
			continue;
		ASSERT_EQ(0, err);
		late += WaitForSingleObject(self->event, 1) == WAIT_OBJECT_0;
	}
	EXPECT_EQ(0, late);
	EXPECT_GT(2000, already);
}

TEST_HARNESS_MAIN
