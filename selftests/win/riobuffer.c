// SPDX-License-Identifier: GPL-2.0
/* RIORegisterBuffer and RIODeregisterBuffer. */

#include "rio_test.h"
#include "plain_rio.h"

FIXTURE(buffer) {
	char *mem;
};

FIXTURE_SETUP(buffer)
{
	ASSERT_EQ(0, rio_start());
	self->mem = VirtualAlloc(NULL, MEM, MEM_COMMIT | MEM_RESERVE,
				 PAGE_READWRITE);
	ASSERT_NE(NULL, self->mem);
}

FIXTURE_TEARDOWN(buffer)
{
	WSACleanup();
}

static uint64_t pages(void)
{
	struct plain_stats stats;

	return plain_stats(&stats) ? ~0ULL : stats.pages;
}

/* S1, S2, S14, S18, X7 */
TEST_F(buffer, registered_and_deregistered)
{
	RIO_BUFFERID ids[100];
	uint64_t before;
	int i, j;

	ids[0] = rio.RIORegisterBuffer(self->mem, 1);
	rio.RIODeregisterBuffer(ids[0]);
	before = pages();
	for (i = 0; i < 100; i++) {
		ids[i] = rio.RIORegisterBuffer(self->mem, MEM);
		ASSERT_NE(RIO_INVALID_BUFFERID, ids[i]);
		ASSERT_NE(NULL, ids[i]);
		for (j = 0; j < i; j++)
			ASSERT_NE(ids[j], ids[i]);
	}
	EXPECT_LT(before, pages());
	for (i = 0; i < 100; i++)
		rio.RIODeregisterBuffer(ids[i]);
	EXPECT_EQ(before, pages());
}

/*
 * S3, S4, P10: NULL, nothing there, no access, the kernel's, past an end, and
 * around the end of all addresses.
 */
TEST_F(buffer, bad_addresses)
{
	char *none = plain_map_none(4 * PAGE);
	char *last = plain_map_none(2 * PAGE);
	char *const bad[] = {
		NULL,
		(char *)8,
		none,
		(char *)0xffff800000000000UL,
		(char *)0xffffffffffffff00UL,
		self->mem + MEM - 1,
	};
	size_t i;

	ASSERT_NE(NULL, none);
	ASSERT_EQ(0, plain_unmap(self->mem + MEM - PAGE, PAGE));
	for (i = 0; i < NR(bad); i++) {
		SetLastError(0);
		EXPECT_EQ(RIO_INVALID_BUFFERID,
			  rio.RIORegisterBuffer(bad[i], PAGE));
		EXPECT_EQ(WSAEFAULT, WSAGetLastError()) TH_LOG("case %zu", i);
		EXPECT_EQ(WSAEFAULT, GetLastError());
	}
	EXPECT_EQ(RIO_INVALID_BUFFERID,
		  rio.RIORegisterBuffer(self->mem, MEM - PAGE + 1));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_NE(RIO_INVALID_BUFFERID,
		  rio.RIORegisterBuffer(self->mem, MEM - PAGE));
	EXPECT_EQ(0, plain_unmap(last, 2 * PAGE));
}

/* S5: whatever the address is. */
TEST_F(buffer, no_bytes)
{
	EXPECT_EQ(RIO_INVALID_BUFFERID, rio.RIORegisterBuffer(self->mem, 0));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_EQ(RIO_INVALID_BUFFERID, rio.RIORegisterBuffer(NULL, 0));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
}

/* S7: as long as a DWORD can say, of which little is there. */
TEST_F(buffer, largest_lengths)
{
	static const DWORD lengths[] = { 0xffffffff, 0xfffff001, 0xfffff000,
					 0x80000000 };
	size_t i;

	for (i = 0; i < NR(lengths); i++) {
		EXPECT_EQ(RIO_INVALID_BUFFERID,
			  rio.RIORegisterBuffer(self->mem + 1, lengths[i]));
		EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	}
}

/* P4: tiny ones anywhere; several times; what cannot be written is refused. */
TEST_F(buffer, all_kinds_of_memory)
{
	char *read_only = plain_map_read(PAGE);
	char *heap = malloc(28);
	static char object[64];

	EXPECT_NE(RIO_INVALID_BUFFERID, rio.RIORegisterBuffer(heap, 28));
	EXPECT_NE(RIO_INVALID_BUFFERID, rio.RIORegisterBuffer(heap, 28));
	EXPECT_NE(RIO_INVALID_BUFFERID, rio.RIORegisterBuffer(object + 3, 28));
	EXPECT_NE(RIO_INVALID_BUFFERID, rio.RIORegisterBuffer(object, 64));
	EXPECT_EQ(RIO_INVALID_BUFFERID, rio.RIORegisterBuffer(read_only, PAGE));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
}

/* S8, S9: by the page. */
TEST_F(buffer, costs_whole_pages)
{
	uint64_t before;
	RIO_BUFFERID id;

	rio.RIODeregisterBuffer(rio.RIORegisterBuffer(self->mem, 1));
	before = pages();
	id = rio.RIORegisterBuffer(self->mem + PAGE - 1, 1);
	EXPECT_EQ(before + 1, pages());
	rio.RIODeregisterBuffer(id);
	id = rio.RIORegisterBuffer(self->mem + PAGE - 1, 2);
	EXPECT_EQ(before + 2, pages());
	rio.RIODeregisterBuffer(id);
	EXPECT_EQ(before, pages());
}

/* S10, S11, S12: scattered and in one piece. */
TEST_F(buffer, one_allocation_costs_less)
{
	uint64_t before, scattered;
	RIO_BUFFERID ids[16], id;
	int i;

	rio.RIODeregisterBuffer(rio.RIORegisterBuffer(self->mem, 1));
	before = pages();
	for (i = 0; i < 16; i++)
		ids[i] = rio.RIORegisterBuffer(self->mem + i * PAGE, 64);
	scattered = pages() - before;
	EXPECT_EQ(16, scattered);
	for (i = 0; i < 16; i++)
		rio.RIODeregisterBuffer(ids[i]);
	id = rio.RIORegisterBuffer(self->mem, 16 * 64);
	EXPECT_EQ(before + 1, pages());
	rio.RIODeregisterBuffer(id);
}

/* S6: over the budget. */
TEST_F(buffer, over_the_budget)
{
	RIO_BUFFERID id;

	rio.RIODeregisterBuffer(rio.RIORegisterBuffer(self->mem, 1));
	ASSERT_EQ(0, plain_limit(8 * PAGE));
	EXPECT_EQ(RIO_INVALID_BUFFERID, rio.RIORegisterBuffer(self->mem, MEM));
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
	id = rio.RIORegisterBuffer(self->mem, 4 * PAGE);
	EXPECT_NE(RIO_INVALID_BUFFERID, id);
}

/* S20: nothing, garbage, twice. */
TEST_F(buffer, deregistering_nothing_is_harmless)
{
	RIO_BUFFERID id = rio.RIORegisterBuffer(self->mem, MEM), other;
	uint64_t before;

	rio.RIODeregisterBuffer(RIO_INVALID_BUFFERID);
	rio.RIODeregisterBuffer(NULL);
	rio.RIODeregisterBuffer((RIO_BUFFERID)(ULONG_PTR)0x123456789abcdef0);
	rio.RIODeregisterBuffer((RIO_BUFFERID)self->mem);
	before = pages();
	EXPECT_LT(0, before);
	rio.RIODeregisterBuffer(id);
	EXPECT_GT(before, pages());
	other = rio.RIORegisterBuffer(self->mem, MEM);
	EXPECT_NE(id, other);
	rio.RIODeregisterBuffer(id);
	EXPECT_EQ(before, pages());
}

/* S19, S23: in every slice of a request; and it is counted. */
TEST_F(buffer, not_usable_any_more)
{
	RIO_BUFFERID id = rio.RIORegisterBuffer(self->mem, MEM);
	RIO_BUFFERID live = rio.RIORegisterBuffer(self->mem, MEM);
	RIO_CQ cq = rio.RIOCreateCompletionQueue(8, NULL);
	RIO_BUF bad = rio_buf(id, 0, 64), good = rio_buf(live, 0, 64);
	struct plain_stats stats;
	SOCKET sock;
	int port;
	RIO_RQ rq;

	sock = rio_udp(AF_INET, &port);
	rq = rio.RIOCreateRequestQueue(sock, 4, 1, 4, 1, cq, cq, NULL);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	ASSERT_TRUE(rio.RIOReceive(rq, &bad, 1, 0, NULL));
	rio.RIODeregisterBuffer(id);
	ASSERT_EQ(0, plain_stats(&stats));
	EXPECT_EQ(1, stats.deregistered_in_flight);
	EXPECT_FALSE(rio.RIOReceive(rq, &bad, 1, 0, NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_FALSE(rio.RIOSend(rq, &bad, 1, RIO_MSG_DEFER, NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_FALSE(rio.RIOReceiveEx(rq, &good, 1, &bad, NULL, NULL, NULL, 0,
				      NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_FALSE(rio.RIOReceiveEx(rq, &good, 1, NULL, &bad, NULL, NULL, 0,
				      NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_FALSE(rio.RIOReceiveEx(rq, &good, 1, NULL, NULL, &bad, NULL, 0,
				      NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_FALSE(rio.RIOReceiveEx(rq, &good, 1, NULL, NULL, NULL, &bad, 0,
				      NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_FALSE(rio.RIOSendEx(rq, &good, 1, NULL, &bad, NULL, NULL, 0,
				   NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	closesocket(sock);
	rio.RIOCloseCompletionQueue(cq);
}

/* 2.4: memory that was freed, though not deregistered. */
TEST_F(buffer, freed_memory)
{
	RIO_BUFFERID id = rio.RIORegisterBuffer(self->mem, MEM);
	RIO_CQ cq = rio.RIOCreateCompletionQueue(8, NULL);
	RIO_BUF buf = rio_buf(id, 0, 64);
	SOCKET sock;
	int port;
	RIO_RQ rq;

	sock = rio_udp(AF_INET, &port);
	rq = rio.RIOCreateRequestQueue(sock, 4, 1, 4, 1, cq, cq, NULL);
	ASSERT_TRUE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
	ASSERT_EQ(0, plain_unmap(self->mem, MEM));
	EXPECT_FALSE(rio.RIOReceive(rq, &buf, 1, 0, NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	closesocket(sock);
	rio.RIOCloseCompletionQueue(cq);
}

/* R26: again and again. */
TEST_F(buffer, many_times)
{
	RIO_BUFFERID id;
	int i;

	for (i = 0; i < 2000; i++) {
		id = rio.RIORegisterBuffer(self->mem + i, PAGE);
		ASSERT_NE(RIO_INVALID_BUFFERID, id);
		rio.RIODeregisterBuffer(id);
	}
	EXPECT_EQ(0, pages());
}

TEST_HARNESS_MAIN
