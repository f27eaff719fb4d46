// SPDX-License-Identifier: GPL-2.0
/* Memory of another process: what may be done to it, and what not. */
#include "san_target.h"

/* S38: there and back, small and in many pieces. */
TEST_F(rdma, memory_is_written_and_read)
{
	static const size_t lengths[] = { 1, 100, PAGE, 65536, 65537, SIZE };
	struct descriptor d = expose(self, SIZE, MEM_READWRITE);
	size_t i, length;

	ASSERT_NE(0, d.length);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		length = lengths[i];
		memset(self->mem, 'A' + (int)i, length);
		ASSERT_EQ(0, put(self, 0, length, d, 0));
		ASSERT_EQ(0, there(self, 0, length, 'A' + (int)i));
		memset(self->mem, 0, length);
		ASSERT_EQ(0, get(self, 0, length, d, 0));
		ASSERT_EQ(0, look(self->mem, length, 'A' + (int)i));
	}
	/* The connection has not had a byte of it. */
	EXPECT_FALSE(plain_readable((int)self->s, 0));
}

/* Local pieces to one range at an offset, and from there. */
TEST_F(rdma, pieces_are_gathered)
{
	struct descriptor d = expose(self, SIZE, MEM_READWRITE);
	WSABUFEX bufs[100];
	DWORD n = 0;
	size_t i;

	for (i = 0; i < 100; i++) {
		bufs[i].len = (ULONG)(i % 7 ? i * 13 : 0);
		bufs[i].buf = self->mem + i * 2048;
		bufs[i].handle = self->h;
		memset(bufs[i].buf, (int)i, bufs[i].len);
		n += bufs[i].len;
	}
	ASSERT_EQ(0, move(true, self->s, bufs, 100, d, 77, &n));
	EXPECT_EQ(0, there(self, 0, 77, 't'));
	EXPECT_EQ(0, there(self, 77, 13, 1));
	EXPECT_EQ(0, there(self, 77 + n - 99 * 13, 99 * 13, 99));
	EXPECT_EQ(0, there(self, 77 + n, PAGE, 't'));
	memset(self->mem, 0, SIZE);
	ASSERT_EQ(0, move(false, self->s, bufs, 100, d, 77, &n));
	for (i = 0; i < 100; i++)
		EXPECT_EQ(0, look(bufs[i].buf, bufs[i].len, (int)i));
	EXPECT_EQ(0, look(self->mem + 13 + 2048, 2048 - 13, 0));
	EXPECT_EQ(0, move(true, self->s, bufs, 0, d, 0, &n));
	EXPECT_EQ(0, n);
	EXPECT_EQ(0, move(true, self->s, NULL, 0, d, (DWORD)SIZE, &n));
}

TEST_F(rdma, big_transfers_arrive)
{
	struct descriptor d = expose(self, BIG, MEM_READWRITE);
	int err = 0;
	size_t i;

	ASSERT_NE(0, d.length);
	ASSERT_EQ(0, WSPDeregisterMemory(self->s, self->h, &err));
	self->h = WSPRegisterMemory(self->s, self->mem, BIG, MEM_READWRITE,
				    &err);
	ASSERT_NE(NULL, self->h);
	for (i = 0; i < BIG; i += PAGE)
		memset(self->mem + i, (int)(i / PAGE % 251), PAGE);
	ASSERT_EQ(0, put(self, 0, BIG, d, 0));
	for (i = 0; i < BIG; i += BIG / 64)
		EXPECT_EQ(0, there(self, i, PAGE, (int)(i / PAGE % 251)));
	memset(self->mem, 0, BIG);
	ASSERT_EQ(0, get(self, 0, BIG, d, 0));
	for (i = 0; i < BIG; i += PAGE)
		ASSERT_EQ(0, look(self->mem + i, PAGE, (int)(i / PAGE % 251)));
}

/* One byte more is too much, and so is what wraps around; on both sides. */
TEST_F(rdma, bounds_are_checked)
{
	struct descriptor d = expose(self, PAGE, MEM_READWRITE);
	struct descriptor lie = d;

	EXPECT_EQ(0, put(self, 0, PAGE, d, 0));
	EXPECT_EQ(WSAEFAULT, put(self, 0, PAGE, d, 1));
	EXPECT_EQ(WSAEFAULT, put(self, 0, PAGE + 1, d, 0));
	EXPECT_EQ(WSAEFAULT, put(self, 0, 2, d, 0xffffffff));
	EXPECT_EQ(WSAEFAULT, get(self, 0, 0x10, d, 0xfffffff8));
	EXPECT_EQ(WSAEFAULT, get(self, SIZE - 1, 2, d, 0));
	EXPECT_EQ(WSAEFAULT, put(self, SIZE - 1, 2, d, 0));
	/* What this side is told does not matter to the other. */
	memset(lie.bytes + LENGTH_AT, 0xff, 4);
	EXPECT_EQ(WSAEFAULT, put(self, 0, PAGE, lie, 1));
	EXPECT_EQ(WSAEFAULT, put(self, 0, SIZE, lie, 0));
	EXPECT_EQ(WSAEFAULT, put(self, 0, 2, lie, 0xfffffffd));
	EXPECT_EQ(WSAEFAULT, get(self, 0, SIZE, lie, 0));
	EXPECT_EQ(0, there(self, PAGE, PAGE, 't'));
	EXPECT_EQ(0, get(self, 0, PAGE, d, 0));
}

/* S50: read is not written, write is not read; on both sides. */
TEST_F(rdma, rights_are_checked)
{
	struct descriptor r = expose(self, PAGE, MEM_READ);
	struct descriptor w = expose(self, PAGE, MEM_WRITE);

	EXPECT_EQ(0, get(self, 0, PAGE, r, 0));
	EXPECT_EQ(0, put(self, 0, PAGE, w, 0));
	EXPECT_EQ(WSAEACCES, put(self, 0, PAGE, r, 0));
	EXPECT_EQ(WSAEACCES, get(self, 0, PAGE, w, 0));
	memset(r.bytes + ACCESS_AT, 0xff, 4);
	memset(w.bytes + ACCESS_AT, 0xff, 4);
	EXPECT_EQ(WSAEACCES, put(self, 0, PAGE, r, 0));
	EXPECT_EQ(WSAEACCES, put(self, 0, 1, r, 0));
	EXPECT_EQ(WSAEACCES, get(self, 0, PAGE, w, 0));
}

/* S45, S52, S53: handles of this socket, with the rights, and inside. */
TEST_F(rdma, local_handles_are_checked)
{
	struct descriptor d = expose(self, PAGE, MEM_READWRITE);
	char *mem = self->mem + SIZE;
	WSABUFEX buf = { 100, mem, NULL };
	HANDLE r, w, other;
	DWORD n = 0;
	int err = 0;

	r = WSPRegisterMemory(self->s, mem, PAGE, MEM_READ, &err);
	w = WSPRegisterMemory(self->s, mem, PAGE, MEM_WRITE, &err);
	other = WSPRegisterMemory(self->o, mem, PAGE, MEM_READWRITE, &err);
	EXPECT_EQ(WSAEINVAL, move(true, self->s, &buf, 1, d, 0, &n));
	buf.handle = r;
	EXPECT_EQ(0, move(true, self->s, &buf, 1, d, 0, &n));
	EXPECT_EQ(WSAEACCES, move(false, self->s, &buf, 1, d, 0, &n));
	buf.handle = w;
	EXPECT_EQ(0, move(false, self->s, &buf, 1, d, 0, &n));
	EXPECT_EQ(WSAEACCES, move(true, self->s, &buf, 1, d, 0, &n));
	/* S55: neither bytes of the page beyond it, nor before. */
	buf.buf = mem + PAGE - 99;
	EXPECT_EQ(WSAEFAULT, move(false, self->s, &buf, 1, d, 0, &n));
	buf.buf = mem - 1;
	EXPECT_EQ(WSAEFAULT, move(false, self->s, &buf, 1, d, 0, &n));
	buf.buf = mem;
	buf.handle = other;
	EXPECT_EQ(WSAEINVAL, move(false, self->s, &buf, 1, d, 0, &n));
	ASSERT_EQ(0, WSPDeregisterMemory(self->s, w, &err));
	buf.handle = w;
	EXPECT_EQ(WSAEINVAL, move(false, self->s, &buf, 1, d, 0, &n));
}

/* What names nothing, or nothing any more. */
TEST_F(rdma, wrong_descriptors_are_refused)
{
	struct descriptor d = expose(self, PAGE, MEM_READWRITE), lie = d;

	lie.bytes[KEY_AT] ^= 1;
	EXPECT_EQ(WSAEINVAL, put(self, 0, 100, lie, 0));
	EXPECT_EQ(WSAEINVAL, get(self, 0, 100, lie, 0));
	EXPECT_EQ(0, put(self, 0, 100, d, 0));
	EXPECT_EQ(WSAEINVAL, put(self, 0, 100, lie, 0));
	lie = d;
	lie.length--;
	lie.bytes[0] ^= 1;
	EXPECT_EQ(WSAEINVAL, put(self, 0, 100, lie, 0));
	memset(lie.bytes, 0xff, sizeof(lie.bytes));
	EXPECT_EQ(WSAEINVAL, put(self, 0, 100, lie, 0));
	lie = d;
	lie.length = 10;
	EXPECT_EQ(WSAEINVAL, put(self, 0, 100, lie, 0));
	EXPECT_EQ(0, get(self, 0, PAGE, d, 0));
}

/* A descriptor is good for one connection. */
TEST_F(rdma, other_connections_have_no_access)
{
	struct descriptor d = expose(self, PAGE, MEM_READWRITE);
	struct report r;
	WSABUFEX buf = { 100, self->mem, NULL };
	int err = 0;
	DWORD n;

	buf.handle = WSPRegisterMemory(self->o, self->mem, PAGE, MEM_READWRITE,
				       &err);
	ASSERT_NE(NULL, buf.handle);
	EXPECT_EQ(WSAEINVAL, move(true, self->o, &buf, 1, d, 0, &n));
	r = TELL(.what = WITHDRAW, .socket = 1, .d = d);
	EXPECT_EQ(SOCKET_ERROR, r.result);
	EXPECT_EQ(WSAEINVAL, r.err);
	/* The same memory for that one is something else. */
	r = TELL(.what = EXPOSE, .socket = 1, .length = PAGE,
		 .flags = MEM_READWRITE);
	ASSERT_EQ(0, r.result);
	EXPECT_NE(0, memcmp(r.d.bytes, d.bytes, d.length));
	EXPECT_EQ(0, move(true, self->o, &buf, 1, r.d, 0, &n));
	EXPECT_EQ(WSAEINVAL, put(self, 0, 100, r.d, 0));
	EXPECT_EQ(0, TELL(.what = CLOSE, .socket = 1).result);
	EXPECT_EQ(0, put(self, 0, 100, d, 0));
}

/* S44, S40, S43, and how long descriptors are. */
TEST_F(rdma, exposing_is_checked)
{
	static const DWORD wrong[] = { 0, 4, 0xffffffff };
	SOCKET udp = socket(variant->family, SOCK_DGRAM, 0);
	SOCKET tcp = socket(variant->family, SOCK_STREAM, 0);
	struct descriptor d;
	struct report r;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		r = TELL(.what = EXPOSE, .length = PAGE, .flags = wrong[i]);
		EXPECT_EQ(SOCKET_ERROR, r.result);
		EXPECT_EQ(WSAEINVAL, r.err);
	}
	r = TELL(.what = EXPOSE, .offset = BIG - PAGE, .length = 3UL << 30,
		 .flags = MEM_READ);
	EXPECT_EQ(SOCKET_ERROR, r.result);
	EXPECT_EQ(WSAEFAULT, r.err);
	r = TELL(.what = EXPOSE, .length = PAGE, .flags = MEM_READ, .byte = 1);
	EXPECT_EQ(SOCKET_ERROR, r.result);
	EXPECT_EQ(WSAEFAULT, r.err);
	EXPECT_LT(1, r.d.length);
	d.length = sizeof(d.bytes);
	EXPECT_EQ(SOCKET_ERROR, WSPRegisterRdmaMemory(tcp, self->mem, PAGE,
						      MEM_READ, d.bytes,
						      &d.length, &err));
	EXPECT_EQ(WSAENOTCONN, err);
	EXPECT_EQ(SOCKET_ERROR, WSPRegisterRdmaMemory(udp, self->mem, PAGE,
						      MEM_READ, d.bytes,
						      &d.length, &err));
	EXPECT_EQ(WSAEOPNOTSUPP, err);
	closesocket(tcp);
	closesocket(udp);
}

/* Who is about to unmap memory hears that the peer may still use it. */
TEST_F(rdma, exposed_memory_is_not_released)
{
	char *mem = self->mem + SIZE;
	struct descriptor d;
	int err = 0;

	d.length = sizeof(d.bytes);
	ASSERT_EQ(0, WSPRegisterRdmaMemory(self->s, mem, PAGE, MEM_READ,
					   d.bytes, &d.length, &err));
	EXPECT_EQ(SOCKET_ERROR,
		  WSPMemoryRegistrationCacheCallback(mem, PAGE, &err));
	EXPECT_EQ(WSAEFAULT, err);
	EXPECT_EQ(SOCKET_ERROR,
		  WSPMemoryRegistrationCacheCallback(mem + PAGE, PAGE, &err));
	EXPECT_EQ(WSAEINVAL, err);
	ASSERT_EQ(0, WSPDeregisterRdmaMemory(self->s, d.bytes, d.length,
					     &err));
	EXPECT_EQ(SOCKET_ERROR,
		  WSPMemoryRegistrationCacheCallback(mem, PAGE, &err));
	EXPECT_EQ(WSAEINVAL, err);
}

/* S49: what is counted ends with the last, and at once. */
TEST_F(rdma, memory_is_taken_back)
{
	struct descriptor a = expose(self, PAGE, MEM_READWRITE);
	struct descriptor b = expose(self, PAGE, MEM_READWRITE);
	struct report r;
	int err;

	EXPECT_EQ(0, put(self, 0, 100, b, 0));
	EXPECT_EQ(0, TELL(.what = WITHDRAW, .d = b).result);
	EXPECT_EQ(0, put(self, 0, 100, a, 0));
	EXPECT_EQ(0, TELL(.what = WITHDRAW, .d = a).result);
	EXPECT_EQ(WSAEINVAL, put(self, 100, 100, a, 0));
	EXPECT_EQ(0, there(self, 100, PAGE, 't'));
	r = TELL(.what = WITHDRAW, .d = a);
	EXPECT_EQ(SOCKET_ERROR, r.result);
	EXPECT_EQ(WSAEINVAL, r.err);
	a = expose(self, PAGE, MEM_READWRITE);
	EXPECT_EQ(0, put(self, 0, 100, a, 0));
	/* The agent may be somewhere else by now. */
	err = put(self, 0, 100, b, 0);
	EXPECT_TRUE(err == WSAEINVAL || err == WSAECONNREFUSED);
}

/* C9: what is unmapped there is out of reach, whatever is there now. */
TEST_F(rdma, unmapped_memory_is_out_of_reach)
{
	struct descriptor d = expose(self, 4 * PAGE, MEM_READWRITE);

	ASSERT_EQ(0, put(self, 0, 100, d, 0));
	ASSERT_EQ(0, TELL(.what = UNMAP, .length = 4 * PAGE).result);
	EXPECT_EQ(WSAEFAULT, put(self, 0, 100, d, 0));
	EXPECT_EQ(WSAEFAULT, get(self, 0, 100, d, 0));
	EXPECT_EQ(0, there(self, 0, 4 * PAGE, 0));
	EXPECT_EQ(0, TELL(.what = WITHDRAW, .d = d).result);
	/* And here. */
	d = expose(self, PAGE, MEM_READWRITE);
	ASSERT_NE(MAP_FAILED, mmap(self->mem, SIZE, PROT_READ | PROT_WRITE,
				   MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1,
				   0));
	EXPECT_EQ(WSAEFAULT, put(self, 0, 100, d, 0));
	EXPECT_EQ(WSAEFAULT, get(self, 0, 100, d, 0));
	EXPECT_EQ(0, look(self->mem, PAGE, 0));
}

/* The connection is down: with it goes what it was for. */
TEST_F(rdma, a_closed_connection_has_no_access)
{
	struct descriptor d = expose(self, PAGE, MEM_READWRITE);

	ASSERT_EQ(0, put(self, 0, 100, d, 0));
	ASSERT_EQ(0, TELL(.what = CLOSE).result);
	ASSERT_TRUE(plain_readable((int)self->s, 10000));
	EXPECT_EQ(WSAECONNRESET, put(self, 0, 100, d, 0));
	EXPECT_EQ(WSAECONNRESET, get(self, 0, 100, d, 0));
}

TEST_F(rdma, this_end_closes)
{
	struct descriptor d = expose(self, PAGE, MEM_READWRITE);
	WSABUFEX buf = { 100, self->mem, self->h };
	SOCKET s = self->s;
	int before = fds();
	DWORD n;

	ASSERT_EQ(0, put(self, 0, 100, d, 0));
	ASSERT_EQ(0, closesocket(s));
	/* What the memory was reached by is gone as well. */
	EXPECT_EQ(before - 1, fds());
	EXPECT_EQ(WSAENOTSOCK, move(true, s, &buf, 1, d, 0, &n));
	self->s = INVALID_SOCKET;
}

/* An operation is over when the call is. */
TEST_F(rdma, overlapped_calls_complete)
{
	struct descriptor d = expose(self, PAGE, MEM_READWRITE);
	OVERLAPPED o = { .hEvent = CreateEventA(NULL, TRUE, FALSE, NULL) };
	WSABUFEX buf = { 100, self->mem, self->h };
	HANDLE event = o.hEvent;
	int err = 0;

	ASSERT_NE(NULL, event);
	SetLastError(4711);
	o.hEvent = (HANDLE)((uintptr_t)event | 1);
	ASSERT_EQ(0, WSPRdmaWrite(self->s, &buf, 1, d.bytes, d.length, 0, NULL,
				  0, &o, NULL, NULL, &err));
	EXPECT_EQ(100, o.InternalHigh);
	EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(event, 0));
	o.hEvent = event;
	ASSERT_EQ(0, WSPRdmaRead(self->s, &buf, 1, d.bytes, d.length, 0, NULL,
				 0, &o, NULL, NULL, &err));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(event, 0));
	EXPECT_EQ(SOCKET_ERROR, WSPRdmaRead(self->s, &buf, 1, d.bytes, d.length,
					    0, NULL, 1, &o, NULL, NULL, &err));
	EXPECT_EQ(WSAEINVAL, err);
	CloseHandle(event);
}

TEST_F(rdma, sizes_are_told)
{
	DWORD max = 0, threshold = 0;
	int length = sizeof(max);

	EXPECT_EQ(0, getsockopt(self->s, SOL_SOCKET, SO_MAX_RDMA_SIZE,
				(char *)&max, &length));
	EXPECT_EQ(0, getsockopt(self->s, SOL_SOCKET, SO_RDMA_THRESHOLD_SIZE,
				(char *)&threshold, &length));
	EXPECT_LT(0, threshold);
	EXPECT_LT(threshold, max);
	EXPECT_EQ(SOCKET_ERROR, setsockopt(self->s, SOL_SOCKET,
					   SO_MAX_RDMA_SIZE, (char *)&max,
					   length));
	SetLastError(4711);
}

TEST_HARNESS_MAIN
