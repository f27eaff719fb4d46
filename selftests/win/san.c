// SPDX-License-Identifier: GPL-2.0
/* Memory that is registered for sockets of SANs. */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <ws2san.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "plain.h"
#include "plain_san.h"

#define PAGE	4096UL
#define NOBODY	65534

static char *map(size_t length, int fill)
{
	char *mem = mmap(NULL, length, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	madvise(mem, length, MADV_NOHUGEPAGE);
	memset(mem, fill, length);
	return mem;
}

/* Become a user who may pin that many pages. */
static int limit_to(unsigned long pages)
{
	struct rlimit limit = { pages * PAGE, pages * PAGE };

	return setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(NOBODY) ||
	       setuid(NOBODY);
}

FIXTURE(san) {
	char *mem;
	int sv[2];
	int other[2];
	SOCKET s;
	SOCKET o;
};

FIXTURE_VARIANT(san) {
	int family;
};

FIXTURE_VARIANT_ADD(san, ipv4) {
	.family = AF_INET,
};

FIXTURE_VARIANT_ADD(san, ipv6) {
	.family = AF_INET6,
};

FIXTURE_SETUP(san)
{
	WSADATA data;
	int err = 0;
	HANDLE h;

	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &data));
	self->mem = map(4 * PAGE, 'a');
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, plain_pair(variant->family, SOCK_STREAM, false, self->sv));
	ASSERT_EQ(0, plain_pair(variant->family, SOCK_STREAM, false,
				self->other));
	self->s = (SOCKET)self->sv[0];
	self->o = (SOCKET)self->other[0];
	/* The device is opened before users change. */
	h = WSPRegisterMemory(self->s, map(1, 0), 1, MEM_READ, &err);
	ASSERT_EQ(0, WSPDeregisterMemory(self->s, h, &err));
	SetLastError(4711);
}

FIXTURE_TEARDOWN(san)
{
	/* S41: no call has touched it, whatever became of it. */
	EXPECT_EQ(4711, GetLastError());
	closesocket(self->s);
	closesocket(self->o);
}

/* The code of a send of so much, or 0 if the peer got it. */
static int sent(SOCKET s, int peer, char *mem, DWORD length)
{
	WSABUF buf = { length, mem };
	char got[4 * PAGE];
	DWORD n = 0;
	int err = 0;

	if (WSPSend(s, &buf, 1, &n, 0, NULL, NULL, NULL, &err))
		return err;
	if (n != length || plain_recv(peer, got, length) ||
	    memcmp(got, mem, length))
		return -1;
	return 0;
}

static int received(SOCKET s, int peer, char *mem, DWORD length)
{
	WSABUF buf = { length, mem };
	char what[4 * PAGE];
	DWORD n = 0, flags = MSG_WAITALL;
	int err = 0;

	memset(what, 'r', length);
	if (plain_send(peer, what, length))
		return -1;
	if (WSPRecv(s, &buf, 1, &n, &flags, NULL, NULL, NULL, &err)) {
		recv(s, what, (int)length, MSG_WAITALL);
		return err;
	}
	if (n != length || flags || memcmp(what, mem, length))
		return -1;
	return 0;
}

/* S38, S39, S41: registered, used and given up. */
TEST_F(san, memory_is_registered)
{
	int err = 0;
	HANDLE h = WSPRegisterMemory(self->s, self->mem, PAGE, MEM_READWRITE,
				     &err);

	ASSERT_NE(NULL, h);
	EXPECT_EQ(0, err);
	EXPECT_EQ(0, sent(self->s, self->sv[1], self->mem + 100, 1000));
	EXPECT_EQ(0, received(self->s, self->sv[1], self->mem + 1, 1000));
	EXPECT_EQ(0, WSPDeregisterMemory(self->s, h, &err));
	EXPECT_EQ(SOCKET_ERROR, WSPDeregisterMemory(self->s, h, &err));
	EXPECT_EQ(WSAEINVAL, err);
}

/* S40 */
TEST_F(san, streams_must_be_connected)
{
	SOCKET tcp = socket(variant->family, SOCK_STREAM, 0);
	SOCKET udp = socket(variant->family, SOCK_DGRAM, 0);
	int err = 0;

	EXPECT_EQ(NULL, WSPRegisterMemory(tcp, self->mem, PAGE, MEM_READ,
					  &err));
	EXPECT_EQ(WSAENOTCONN, err);
	EXPECT_NE(NULL, WSPRegisterMemory(udp, self->mem, PAGE, MEM_READ,
					  &err));
	EXPECT_EQ(NULL, WSPRegisterMemory(INVALID_SOCKET, self->mem, PAGE,
					  MEM_READ, &err));
	EXPECT_EQ(WSAENOTSOCK, err);
	EXPECT_EQ(NULL, WSPRegisterMemory(0x10000000, self->mem, PAGE,
					  MEM_READ, &err));
	EXPECT_EQ(WSAENOTSOCK, err);
	closesocket(tcp);
	closesocket(udp);
}

/* S42: and what is kept for later makes way. */
TEST_F(san, budgets_are_told_apart)
{
	int err = 0, i;
	HANDLE h;

	ASSERT_EQ(0, limit_to(8));
	EXPECT_EQ(NULL, WSPRegisterMemory(self->s, map(9 * PAGE, 0), 9 * PAGE,
					  MEM_READ, &err));
	EXPECT_EQ(WSAENOBUFS, err);
	for (i = 0; i < 3; i++) {
		h = WSPRegisterMemory(self->s, self->mem, 2 * PAGE, MEM_READ,
				      &err);
		ASSERT_NE(NULL, h);
		ASSERT_EQ(0, WSPDeregisterMemory(self->s, h, &err));
	}
	EXPECT_NE(NULL, WSPRegisterMemory(self->s, map(8 * PAGE, 0), 8 * PAGE,
					  MEM_READ, &err));
}

/* S43 */
TEST_F(san, bad_memory_is_refused)
{
	char *gone = map(2 * PAGE, 0);
	int fd = open("/proc/self/exe", O_RDONLY), err = 0;
	void *file = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	static const uintptr_t wrong[] = {
		0, UINTPTR_MAX - 100, UINTPTR_MAX / 2 + 1,
	};

	ASSERT_NE(MAP_FAILED, file);
	ASSERT_EQ(0, munmap(gone + PAGE, PAGE));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		err = 0;
		EXPECT_EQ(NULL, WSPRegisterMemory(self->s, (void *)wrong[i],
						  PAGE, MEM_READ, &err));
		EXPECT_EQ(WSAEFAULT, err);
	}
	EXPECT_EQ(NULL, WSPRegisterMemory(self->s, gone, 2 * PAGE, MEM_READ,
					  &err));
	EXPECT_EQ(WSAEFAULT, err);
	err = 0;
	EXPECT_EQ(NULL, WSPRegisterMemory(self->s, file, PAGE, MEM_READ, &err));
	EXPECT_EQ(WSAEFAULT, err);
	EXPECT_EQ(NULL, WSPRegisterMemory(self->s, self->mem, 0, MEM_READ,
					  &err));
	EXPECT_EQ(WSAEINVAL, err);
}

/* S44, S50 */
TEST_F(san, flags_are_checked)
{
	static const DWORD wrong[] = { 0, 4, 7, 0xffffffff };
	static const DWORD right[] = { MEM_READ, MEM_WRITE, MEM_READWRITE };
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		err = 0;
		EXPECT_EQ(NULL, WSPRegisterMemory(self->s, self->mem, PAGE,
						  wrong[i], &err));
		EXPECT_EQ(WSAEINVAL, err);
	}
	for (size_t i = 0; i < ARRAY_SIZE(right); i++)
		EXPECT_NE(NULL, WSPRegisterMemory(self->s, self->mem, PAGE,
						  right[i], &err));
	EXPECT_EQ(1, MEM_READ);
	EXPECT_EQ(2, MEM_WRITE);
	EXPECT_EQ(3, MEM_READWRITE);
}

/* S45: for deregistering; sanrdma.c has the rest. */
TEST_F(san, handles_are_of_one_socket)
{
	int err = 0;
	HANDLE h = WSPRegisterMemory(self->s, self->mem, PAGE, MEM_READ, &err);

	ASSERT_NE(NULL, h);
	EXPECT_EQ(SOCKET_ERROR, WSPDeregisterMemory(self->o, h, &err));
	EXPECT_EQ(WSAEINVAL, err);
	EXPECT_EQ(SOCKET_ERROR, WSPDeregisterMemory(INVALID_SOCKET, h, &err));
	EXPECT_EQ(WSAENOTSOCK, err);
	EXPECT_EQ(0, WSPDeregisterMemory(self->s, h, &err));
}

/* S46, S47: for any number of sockets; whichever handle, each has its own. */
TEST_F(san, sockets_share_memory)
{
	int err = 0;
	HANDLE a = WSPRegisterMemory(self->s, self->mem, PAGE, MEM_READ, &err);
	HANDLE b = WSPRegisterMemory(self->o, self->mem, PAGE, MEM_READ, &err);

	ASSERT_NE(NULL, a);
	ASSERT_NE(NULL, b);
	EXPECT_EQ(0, WSPDeregisterMemory(self->s, a, &err));
	EXPECT_EQ(0, sent(self->o, self->other[1], self->mem, PAGE));
	EXPECT_EQ(0, WSPDeregisterMemory(self->o, b, &err));
}

/* S48, S49: the last one frees. */
TEST_F(san, registrations_are_counted)
{
	char *more = map(2 * PAGE, 'b');
	HANDLE h[3];
	int err = 0, i;

	ASSERT_EQ(0, limit_to(2));
	for (i = 0; i < 3; i++) {
		h[i] = WSPRegisterMemory(self->s, self->mem, 2 * PAGE,
					 MEM_WRITE, &err);
		ASSERT_NE(NULL, h[i]);
	}
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, WSPDeregisterMemory(self->s, h[i], &err));
		/* Without MEM_READ it would not be refused were it unknown. */
		EXPECT_EQ(WSAEFAULT, sent(self->s, self->sv[1], self->mem, 1));
		EXPECT_EQ(NULL, WSPRegisterMemory(self->s, more, 2 * PAGE,
						  MEM_READ, &err));
		EXPECT_EQ(WSAENOBUFS, err);
	}
	EXPECT_EQ(0, WSPDeregisterMemory(self->s, h[2], &err));
	EXPECT_EQ(0, sent(self->s, self->sv[1], self->mem, 1));
	EXPECT_NE(NULL, WSPRegisterMemory(self->s, more, 2 * PAGE, MEM_READ,
					  &err));
	EXPECT_EQ(SOCKET_ERROR, WSPDeregisterMemory(self->s, h[0], &err));
	EXPECT_EQ(WSAEINVAL, err);
}

/* S51 */
TEST_F(san, read_only_memory_is_for_reading)
{
	int err = 0;

	ASSERT_EQ(0, mprotect(self->mem, PAGE, PROT_READ));
	EXPECT_EQ(NULL, WSPRegisterMemory(self->s, self->mem, PAGE, MEM_WRITE,
					  &err));
	EXPECT_EQ(WSAEFAULT, err);
	err = 0;
	EXPECT_EQ(NULL, WSPRegisterMemory(self->s, self->mem, PAGE,
					  MEM_READWRITE, &err));
	EXPECT_EQ(WSAEFAULT, err);
	EXPECT_NE(NULL, WSPRegisterMemory(self->s, self->mem, PAGE, MEM_READ,
					  &err));
	EXPECT_EQ(0, sent(self->s, self->sv[1], self->mem, PAGE));
}

/* S52, S53 */
TEST_F(san, rights_are_for_what_they_say)
{
	char *w = self->mem + PAGE, *unknown = self->mem + 2 * PAGE;
	int err = 0;

	ASSERT_NE(NULL, WSPRegisterMemory(self->s, self->mem, PAGE, MEM_READ,
					  &err));
	ASSERT_NE(NULL, WSPRegisterMemory(self->s, w, PAGE, MEM_WRITE, &err));
	EXPECT_EQ(0, sent(self->s, self->sv[1], self->mem, PAGE));
	EXPECT_EQ(WSAEFAULT, sent(self->s, self->sv[1], w, PAGE));
	EXPECT_EQ(0, received(self->s, self->sv[1], w, PAGE));
	EXPECT_EQ(WSAEFAULT, received(self->s, self->sv[1], self->mem, PAGE));
	EXPECT_EQ(0, sent(self->s, self->sv[1], unknown, PAGE));
	EXPECT_EQ(0, received(self->s, self->sv[1], unknown, PAGE));
	/* They are this socket's alone. */
	EXPECT_EQ(0, sent(self->o, self->other[1], w, PAGE));
}

/* S54: and C9: what is sent is what was registered, or nothing. */
TEST_F(san, sends_find_registrations)
{
	WSABUF two[2] = { { 10, self->mem }, { 20, self->mem + 100 } };
	char got[30];
	int err = 0;
	DWORD n = 0;

	ASSERT_NE(NULL, WSPRegisterMemory(self->s, self->mem, 2 * PAGE,
					  MEM_READ, &err));
	memset(self->mem + 100, 'b', 20);
	ASSERT_EQ(0, WSPSend(self->s, two, 2, &n, 0, NULL, NULL, NULL, &err));
	EXPECT_EQ(30, n);
	ASSERT_EQ(0, plain_recv(self->sv[1], got, 30));
	EXPECT_EQ('a', got[9]);
	EXPECT_EQ('b', got[10]);
	/* Half of it, and the other half is not. */
	two[1].buf = self->mem + 3 * PAGE;
	ASSERT_EQ(0, WSPSend(self->s, two, 2, &n, 0, NULL, NULL, NULL, &err));
	ASSERT_EQ(0, plain_recv(self->sv[1], got, 30));
	EXPECT_EQ('a', got[29]);
	/* Unmapped, and something else is there now. */
	ASSERT_NE(MAP_FAILED, mmap(self->mem, PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				   0));
	EXPECT_EQ(WSAEFAULT, sent(self->s, self->sv[1], self->mem, PAGE));
}

/* S54: nothing can go wrong silently. */
TEST_F(san, sends_fail_as_others_do)
{
	WSABUF buf = { PAGE, self->mem };
	u_long on = 1;
	DWORD n = 0, flags = 0, tries;
	int err = 0;

	EXPECT_EQ(SOCKET_ERROR, WSPSend(INVALID_SOCKET, &buf, 1, &n, 0, NULL,
					NULL, NULL, &err));
	EXPECT_EQ(WSAENOTSOCK, err);
	EXPECT_EQ(SOCKET_ERROR, WSPSend(self->s, &buf, 1, &n, 1, NULL, NULL,
					NULL, &err));
	EXPECT_EQ(WSAEINVAL, err);
	EXPECT_EQ(SOCKET_ERROR, WSPSend(self->s, NULL, 1, &n, 0, NULL, NULL,
					NULL, &err));
	EXPECT_EQ(WSAEFAULT, err);
	ASSERT_NE(NULL, WSPRegisterMemory(self->s, self->mem, PAGE,
					  MEM_READWRITE, &err));
	ASSERT_EQ(0, ioctlsocket(self->s, FIONBIO, &on));
	EXPECT_EQ(SOCKET_ERROR, WSPRecv(self->s, &buf, 1, &n, &flags, NULL,
					NULL, NULL, &err));
	EXPECT_EQ(WSAEWOULDBLOCK, err);
	err = 0;
	for (tries = 0; tries < 100000 && !err; tries++)
		WSPSend(self->s, &buf, 1, &n, 0, NULL, NULL, NULL, &err);
	EXPECT_EQ(WSAEWOULDBLOCK, err);
	plain_close(self->sv[1]);
}

struct receiver {
	SOCKET s;
	WSABUF buf;
	int result;
	int err;
};

static DWORD WINAPI receive(void *arg)
{
	struct receiver *r = arg;
	DWORD n = 0, flags = MSG_WAITALL;

	r->result = WSPRecv(r->s, &r->buf, 1, &n, &flags, NULL, NULL, NULL,
			    &r->err);
	return 0;
}

/* S49: what a receive uses is not given up. */
TEST_F(san, receives_keep_memory)
{
	struct receiver r = { self->s, { 2, self->mem }, -1, 0 };
	HANDLE thread, h;
	u_long there = 1;
	int err = 0;

	h = WSPRegisterMemory(self->s, self->mem, PAGE, MEM_WRITE, &err);
	ASSERT_NE(NULL, h);
	ASSERT_EQ(0, plain_send(self->sv[1], "x", 1));
	ASSERT_TRUE(plain_readable(self->sv[0], 10000));
	thread = CreateThread(NULL, 0, receive, &r, 0, NULL);
	ASSERT_NE(NULL, thread);
	/* It has begun when it has taken the first one. */
	while (there)
		ASSERT_EQ(0, ioctlsocket(self->s, FIONREAD, &there));
	EXPECT_EQ(SOCKET_ERROR, WSPDeregisterMemory(self->s, h, &err));
	EXPECT_EQ(WSAEINVAL, err);
	ASSERT_EQ(0, plain_send(self->sv[1], "y", 1));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, 10000));
	EXPECT_EQ(0, r.result);
	EXPECT_EQ('y', self->mem[1]);
	EXPECT_EQ(0, WSPDeregisterMemory(self->s, h, &err));
	CloseHandle(thread);
	SetLastError(4711);
}

/* To a plain socket, from one that was made here. */
static SOCKET connected(int family, int *peer)
{
	SOCKET s = socket(family, SOCK_STREAM, 0);
	int listener = plain_bind(family, SOCK_STREAM, false);
	SOCKADDR_INET to = { 0 };

	if (family == AF_INET) {
		to.Ipv4.sin_family = AF_INET;
		to.Ipv4.sin_port = htons((u_short)plain_port(listener));
		to.Ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else {
		to.Ipv6.sin6_family = AF_INET6;
		to.Ipv6.sin6_port = htons((u_short)plain_port(listener));
		to.Ipv6.sin6_addr = in6addr_loopback;
	}
	if (connect(s, (struct sockaddr *)&to, family == AF_INET ?
		    sizeof(to.Ipv4) : sizeof(to.Ipv6)))
		return INVALID_SOCKET;
	*peer = plain_accept(listener);
	plain_close(listener);
	return s;
}

/* closesocket() by another thread ends a receive. */
TEST_F(san, closing_ends_receives)
{
	struct receiver r = { 0, { 2, self->mem }, -1, 0 };
	u_long there = 1;
	HANDLE thread;
	int err = 0, peer;

	r.s = connected(variant->family, &peer);
	ASSERT_NE(INVALID_SOCKET, r.s);
	ASSERT_NE(NULL, WSPRegisterMemory(r.s, self->mem, PAGE, MEM_WRITE,
					  &err));
	ASSERT_EQ(0, plain_send(peer, "x", 1));
	ASSERT_TRUE(plain_readable((int)r.s, 10000));
	thread = CreateThread(NULL, 0, receive, &r, 0, NULL);
	ASSERT_NE(NULL, thread);
	while (there)
		ASSERT_EQ(0, ioctlsocket(r.s, FIONREAD, &there));
	ASSERT_EQ(0, closesocket(r.s));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, 10000));
	CloseHandle(thread);
	SetLastError(4711);
}

/* An operation is over when the call is; the event says so if it is wanted. */
TEST_F(san, overlapped_calls_complete)
{
	WSABUF buf = { 100, self->mem };
	OVERLAPPED o = { .hEvent = CreateEventA(NULL, TRUE, FALSE, NULL) };
	OVERLAPPED quiet = { .hEvent = (HANDLE)((uintptr_t)o.hEvent | 1) };
	HANDLE event = o.hEvent;
	int err = 0;
	DWORD n = 0;

	ASSERT_NE(NULL, event);
	SetLastError(4711);
	ASSERT_NE(NULL, WSPRegisterMemory(self->s, self->mem, PAGE, MEM_READ,
					  &err));
	ASSERT_EQ(0, WSPSend(self->s, &buf, 1, &n, 0, &quiet, NULL, NULL,
			     &err));
	EXPECT_EQ(100, quiet.InternalHigh);
	EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(event, 0));
	ASSERT_EQ(0, WSPSend(self->s, &buf, 1, &n, 0, &o, NULL, NULL, &err));
	EXPECT_EQ(0, o.Internal);
	EXPECT_EQ(100, o.InternalHigh);
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(event, 0));
	CloseHandle(event);
}

/* S55: neither a child, */
TEST_F(san, children_have_nothing)
{
	int err = 0, status;
	HANDLE h = WSPRegisterMemory(self->s, self->mem, PAGE, MEM_WRITE,
				     &err);
	pid_t pid;

	ASSERT_NE(NULL, h);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (!WSPDeregisterMemory(self->s, h, &err) || err != WSAEINVAL)
			_exit(1);
		/* Unknown memory is sent from; here that is refused. */
		if (sent(self->s, self->sv[1], self->mem, 100))
			_exit(2);
		h = WSPRegisterMemory(self->s, self->mem, PAGE, MEM_READ, &err);
		if (!h || sent(self->s, self->sv[1], self->mem, 100))
			_exit(3);
		_exit(WSPDeregisterMemory(self->s, h, &err) ? 4 : 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(WSAEFAULT, sent(self->s, self->sv[1], self->mem, 100));
	EXPECT_EQ(0, WSPDeregisterMemory(self->s, h, &err));
}

/* S55: nor who guesses; nor are handles those of other calls. */
TEST_F(san, guesses_are_refused)
{
	int err = 0;
	HANDLE h = WSPRegisterMemory(self->s, self->mem, PAGE, MEM_READ, &err);
	uintptr_t guess;

	ASSERT_NE(NULL, h);
	for (guess = 0; guess < 1000; guess++) {
		if ((HANDLE)guess == h)
			continue;
		err = 0;
		EXPECT_EQ(SOCKET_ERROR, WSPDeregisterMemory(self->s,
							    (HANDLE)guess,
							    &err));
		EXPECT_EQ(WSAEINVAL, err);
	}
	EXPECT_EQ(SOCKET_ERROR, WSPDeregisterMemory(self->s,
						    INVALID_HANDLE_VALUE,
						    &err));
	EXPECT_FALSE(CloseHandle(h));
	SetLastError(4711);
	EXPECT_EQ(0, WSPDeregisterMemory(self->s, h, &err));
}

/* closesocket() ends what was not given up, in whatever order. */
TEST_F(san, sockets_end_registrations)
{
	int sv[2], err = 0, i;
	SOCKET s;

	ASSERT_EQ(0, limit_to(3));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, plain_pair(variant->family, SOCK_STREAM, false,
					sv));
		s = (SOCKET)sv[0];
		ASSERT_NE(NULL, WSPRegisterMemory(s, map(2 * PAGE, 'c'),
						  2 * PAGE, MEM_READ, &err));
		ASSERT_NE(NULL, WSPRegisterMemory(s, self->mem, 1, MEM_READ,
						  &err));
		ASSERT_EQ(0, closesocket(s));
		plain_close(sv[1]);
	}
}

/* What is registered again and again is kept; it is given up when asked to. */
TEST_F(san, the_cache_can_be_emptied)
{
	int err = 0, i;
	HANDLE h;

	EXPECT_EQ(SOCKET_ERROR, WSPMemoryRegistrationCacheCallback(self->mem,
								   PAGE, &err));
	EXPECT_EQ(WSAEINVAL, err);
	for (i = 0; i < 3; i++) {
		h = WSPRegisterMemory(self->s, self->mem, PAGE, MEM_READ, &err);
		ASSERT_NE(NULL, h);
		err = 0;
		EXPECT_EQ(SOCKET_ERROR,
			  WSPMemoryRegistrationCacheCallback(self->mem, 1,
							     &err));
		EXPECT_EQ(WSAEFAULT, err);
		ASSERT_EQ(0, WSPDeregisterMemory(self->s, h, &err));
	}
	EXPECT_EQ(0, WSPMemoryRegistrationCacheCallback(self->mem + 100, 10,
							&err));
	EXPECT_EQ(SOCKET_ERROR, WSPMemoryRegistrationCacheCallback(self->mem,
								   PAGE, &err));
	EXPECT_EQ(WSAEINVAL, err);
	EXPECT_EQ(SOCKET_ERROR, WSPMemoryRegistrationCacheCallback(self->mem, 0,
								   &err));
	EXPECT_EQ(SOCKET_ERROR,
		  WSPMemoryRegistrationCacheCallback(self->mem, SIZE_MAX,
						     &err));
	EXPECT_EQ(WSAEINVAL, err);
}

/* C9: what was kept is not used when something else is mapped there. */
TEST_F(san, the_cache_knows_what_moved)
{
	int err = 0, i;
	HANDLE h;

	for (i = 0; i < 4; i++) {
		h = WSPRegisterMemory(self->s, self->mem, PAGE, MEM_READ, &err);
		ASSERT_NE(NULL, h);
		ASSERT_EQ(0, WSPDeregisterMemory(self->s, h, &err));
	}
	ASSERT_NE(MAP_FAILED, mmap(self->mem, PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				   0));
	memset(self->mem, 'z', PAGE);
	ASSERT_NE(NULL, WSPRegisterMemory(self->s, self->mem, PAGE, MEM_READ,
					  &err));
	EXPECT_EQ(0, sent(self->s, self->sv[1], self->mem, PAGE));
}

/* S56: and how they are found. */
TEST_F(san, functions_are_found)
{
	static const struct {
		GUID guid;
		void *function;
	} all[] = {
		{ WSAID_REGISTERMEMORY, WSPRegisterMemory },
		{ WSAID_DEREGISTERMEMORY, WSPDeregisterMemory },
		{ WSAID_REGISTERRDMAMEMORY, WSPRegisterRdmaMemory },
		{ WSAID_DEREGISTERRDMAMEMORY, WSPDeregisterRdmaMemory },
		{ WSAID_RDMAWRITE, WSPRdmaWrite },
		{ WSAID_RDMAREAD, WSPRdmaRead },
		{ WSAID_MEMORYREGISTRATIONCACHECALLBACK,
		  WSPMemoryRegistrationCacheCallback },
	};
	LPFN_WSPREGISTERMEMORY function = NULL;
	GUID guid = all[0].guid;
	DWORD n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		guid = all[i].guid;
		EXPECT_EQ(0, WSAIoctl(self->s,
				      SIO_GET_EXTENSION_FUNCTION_POINTER,
				      &guid, sizeof(guid), &function,
				      sizeof(function), &n, NULL, NULL));
		EXPECT_EQ(all[i].function, (void *)function);
		EXPECT_EQ(sizeof(function), n);
	}
	SetLastError(4711);
}

/* S54: and the memory is the program's again when the other end has it all. */
TEST(sends_end_when_memory_is_free)
{
	char got[4 * PAGE], *mem = map(4 * PAGE, 'a');
	WSABUF buf = { 4 * PAGE, mem };
	int sv[2], err = 0;
	WSADATA data;
	DWORD n = 0;
	HANDLE h;

	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &data));
	ASSERT_EQ(0, plain_san_net());
	ASSERT_EQ(0, plain_san_pair(AF_INET, sv));
	ASSERT_EQ(0, plain_san_delay(200));
	h = WSPRegisterMemory((SOCKET)sv[0], mem, 4 * PAGE, MEM_READ, &err);
	ASSERT_NE(NULL, h);
	ASSERT_EQ(0, WSPSend((SOCKET)sv[0], &buf, 1, &n, 0, NULL, NULL, NULL,
			     &err));
	EXPECT_EQ(4 * PAGE, n);
	EXPECT_EQ(0, WSPDeregisterMemory((SOCKET)sv[0], h, &err));
	memset(mem, 'b', 4 * PAGE);
	ASSERT_EQ(0, plain_recv(sv[1], got, 4 * PAGE));
	EXPECT_EQ('a', got[0]);
	EXPECT_EQ('a', got[4 * PAGE - 1]);
}

TEST_HARNESS_MAIN
