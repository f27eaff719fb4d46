// SPDX-License-Identifier: GPL-2.0
/* I/O rings on sockets; what is the same for files is in ioring.c. */
#include <winsock2.h>
#include <ioringapi.h>

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "ioring_test.h"
#include "plain.h"
#include "plain_ioring.h"
#include "rounds.h"

#define SQ	16
#define CQ	64
#define PAGE	4096U
#define LONG_MS	10000
#define SOON_MS	50

#define NOTHING		E_UNEXPECTED

static HIORING ring_new(void)
{
	IORING_CREATE_FLAGS flags = { 0 };
	HIORING ring;

	return CreateIoRing(IORING_VERSION_4, flags, SQ, CQ, &ring) ? NULL :
								      ring;
}

static IORING_HANDLE_REF raw_sock(SOCKET sock)
{
	return raw_handle((HANDLE)sock);
}

static HRESULT build_read(HIORING ring, IORING_HANDLE_REF sock,
			  IORING_BUFFER_REF buffer, UINT32 count,
			  UINT_PTR user_data)
{
	return BuildIoRingReadFile(ring, sock, buffer, count, 0, user_data,
				   IOSQE_FLAGS_NONE);
}

static HRESULT build_write(HIORING ring, IORING_HANDLE_REF sock,
			   IORING_BUFFER_REF buffer, UINT32 count,
			   UINT_PTR user_data)
{
	return BuildIoRingWriteFile(ring, sock, buffer, count, 0,
				    FILE_WRITE_FLAGS_NONE, user_data,
				    IOSQE_FLAGS_NONE);
}

static HRESULT build_drain(HIORING ring, IORING_HANDLE_REF sock,
			   const char *text, UINT_PTR user_data)
{
	return BuildIoRingWriteFile(ring, sock, raw(text), strlen(text), 0,
				    FILE_WRITE_FLAGS_NONE, user_data,
				    IOSQE_FLAGS_DRAIN_PRECEDING_OPS);
}

static HRESULT submit(HIORING ring, UINT32 wait)
{
	return SubmitIoRing(ring, wait, LONG_MS, NULL);
}

/* The next completion is to have these user data. Its result. */
static HRESULT pop(HIORING ring, UINT_PTR user_data, ULONG_PTR *information)
{
	IORING_CQE cqe = { 0 };
	HRESULT hr = PopIoRingCompletion(ring, &cqe);

	if (information)
		*information = cqe.Information;
	if (hr != S_OK || cqe.UserData != user_data)
		return NOTHING;
	return cqe.ResultCode;
}

/* Waits for it, too. */
static HRESULT next(HIORING ring, UINT_PTR user_data, ULONG_PTR *information)
{
	HRESULT hr = submit(ring, 1);

	return hr ? hr : pop(ring, user_data, information);
}

static HRESULT buffers_set(HIORING ring, UINT32 count,
			   const IORING_BUFFER_INFO *buffers)
{
	HRESULT hr = BuildIoRingRegisterBuffers(ring, count, buffers, 88);

	return hr ? hr : next(ring, 88, NULL);
}

static char *pages(unsigned int nr)
{
	void *memory = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

FIXTURE(sock) {
	HIORING ring;
	SOCKET sock;
	IORING_HANDLE_REF ref;
	int peer;
	char *memory;
};

FIXTURE_VARIANT(sock) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(sock, tcp4) { AF_INET, SOCK_STREAM };
FIXTURE_VARIANT_ADD(sock, udp6) { AF_INET6, SOCK_DGRAM };

FIXTURE_SETUP(sock)
{
	WSADATA data;
	int sv[2];

	if (!has_module())
		SKIP(return, "no module");
	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &data));
	self->ring = ring_new();
	ASSERT_NE(NULL, self->ring);
	ASSERT_EQ(0, plain_both(variant->family, variant->type, sv));
	self->sock = sv[0];
	self->ref = raw_sock(self->sock);
	self->peer = sv[1];
	self->memory = pages(64);
	ASSERT_NE(NULL, self->memory);
}

FIXTURE_TEARDOWN(sock)
{
	CloseIoRing(self->ring);
	closesocket(self->sock);
	plain_close(self->peer);
	WSACleanup();
}

/* Raw memory, which nobody has registered: small, and not so small. */
TEST_F(sock, raw_memory)
{
	ULONG_PTR n;
	char buf[16];

	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, raw("hello"), 5, 1));
	EXPECT_EQ(S_OK, next(self->ring, 1, &n));
	EXPECT_EQ(5, n);
	EXPECT_EQ(0, plain_recv(self->peer, buf, 5));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(buf), 16, 2));
	EXPECT_EQ(S_OK, submit(self->ring, 0));
	EXPECT_EQ(NOTHING, pop(self->ring, 2, NULL));
	ASSERT_EQ(0, plain_send(self->peer, "world", 5));
	EXPECT_EQ(S_OK, next(self->ring, 2, &n));
	EXPECT_EQ(5, n);
	EXPECT_EQ(0, memcmp(buf, "world", 5));
	memset(self->memory, 'x', 8000);
	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, raw(self->memory),
				    8000, 3));
	EXPECT_EQ(S_OK, next(self->ring, 3, &n));
	EXPECT_EQ(8000, n);
	EXPECT_EQ(0, plain_recv(self->peer, self->memory + 8192, 8000));
	EXPECT_EQ(0, memcmp(self->memory, self->memory + 8192, 8000));
}

/* S33: by index into the array. */
TEST_F(sock, registered_memory)
{
	IORING_BUFFER_INFO buffers[] = {
		{ self->memory, PAGE },
		{ NULL, 0 },
		{ self->memory + 2 * PAGE, PAGE },
	};
	ULONG_PTR n;

	ASSERT_EQ(S_OK, buffers_set(self->ring, 3, buffers));
	memcpy(self->memory + 100, "hello", 5);
	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, named(0, 100), 5,
				    1));
	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, named(1, 0), 5, 2));
	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, named(3, 0), 5, 3));
	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, named(0, PAGE - 4),
				    5, 4));
	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, named(0, 101), 4,
				    5));
	ASSERT_EQ(S_OK, submit(self->ring, IORING_SUBMIT_WAIT_ALL));
	EXPECT_EQ(E_INVALIDARG, pop(self->ring, 2, NULL));
	EXPECT_EQ(E_INVALIDARG, pop(self->ring, 3, NULL));
	EXPECT_EQ(E_INVALIDARG, pop(self->ring, 4, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 1, &n));
	EXPECT_EQ(5, n);
	EXPECT_EQ(S_OK, pop(self->ring, 5, &n));
	EXPECT_EQ(4, n);
	EXPECT_EQ(0, plain_recv(self->peer, self->memory + 200, 5));
	EXPECT_EQ(0, plain_recv(self->peer, self->memory + 205, 4));
	EXPECT_EQ(0, memcmp(self->memory + 200, "helloello", 9));
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, named(2, 7), 9, 6));
	ASSERT_EQ(0, plain_send(self->peer, "answer", 6));
	EXPECT_EQ(S_OK, next(self->ring, 6, &n));
	EXPECT_EQ(6, n);
	EXPECT_EQ(0, memcmp(self->memory + 2 * PAGE + 7, "answer", 6));
}

/*
 * S26, S34: what was submitted before keeps the buffer it had, to its end, and
 * nothing is in the way of the new ones.
 */
TEST_F(sock, replaced_in_flight)
{
	IORING_BUFFER_INFO first = { self->memory, PAGE };
	IORING_BUFFER_INFO second = { self->memory + PAGE, PAGE };
	long pinned = plain_pinned();

	ASSERT_EQ(S_OK, buffers_set(self->ring, 1, &first));
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, named(0, 0), 3, 1));
	ASSERT_EQ(S_OK, BuildIoRingRegisterBuffers(self->ring, 1, &second, 2));
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, named(0, 0), 3, 3));
	ASSERT_EQ(S_OK, submit(self->ring, 1));
	EXPECT_EQ(S_OK, pop(self->ring, 2, NULL));
	EXPECT_TRUE(plain_pinned_is(pinned + 2));
	ASSERT_EQ(0, plain_send(self->peer, "old", 3));
	EXPECT_EQ(S_OK, next(self->ring, 1, NULL));
	ASSERT_EQ(0, plain_send(self->peer, "new", 3));
	EXPECT_EQ(S_OK, next(self->ring, 3, NULL));
	EXPECT_EQ(0, memcmp(self->memory, "old", 4));
	EXPECT_EQ(0, memcmp(self->memory + PAGE, "new", 4));
	EXPECT_TRUE(plain_pinned_is(pinned + 1));
	/* S36: and what was released in flight. */
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, named(0, 8), 3, 4));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(S_OK, buffers_set(self->ring, 0, NULL));
	ASSERT_EQ(0, plain_send(self->peer, "end", 3));
	EXPECT_EQ(S_OK, next(self->ring, 4, NULL));
	EXPECT_EQ(0, memcmp(self->memory + PAGE + 8, "end", 4));
	EXPECT_TRUE(plain_pinned_is(pinned));
}

TEST_F(sock, registered_sockets)
{
	HANDLE socks[] = { INVALID_HANDLE_VALUE, (HANDLE)self->sock };
	ULONG_PTR n;
	char buf[8];

	ASSERT_EQ(S_OK, BuildIoRingRegisterFileHandles(self->ring, 2, socks,
						       1));
	ASSERT_EQ(S_OK, build_write(self->ring, named_handle(1), raw("x"), 1,
				    2));
	ASSERT_EQ(S_OK, build_write(self->ring, named_handle(0), raw("x"), 1,
				    3));
	ASSERT_EQ(S_OK, submit(self->ring, IORING_SUBMIT_WAIT_ALL));
	EXPECT_EQ(S_OK, pop(self->ring, 1, NULL));
	EXPECT_EQ(E_INVALIDARG, pop(self->ring, 3, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 2, &n));
	EXPECT_EQ(0, plain_recv(self->peer, buf, 1));
	/* Cancelled by whichever name. */
	ASSERT_EQ(S_OK, build_read(self->ring, named_handle(1), raw(buf), 1,
				   4));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(S_OK, BuildIoRingCancelRequest(self->ring, self->ref, 4, 5));
	ASSERT_EQ(S_OK, submit(self->ring, 2));
	EXPECT_EQ(ABORTED, pop(self->ring, 4, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 5, NULL));
	/* A name goes with the socket, and the next one has no name. */
	closesocket(self->sock);
	ASSERT_EQ((int)self->sock, plain_bind(AF_INET, SOCK_DGRAM, false));
	ASSERT_EQ(S_OK, build_write(self->ring, named_handle(1), raw("x"), 1,
				    6));
	EXPECT_EQ(E_HANDLE, next(self->ring, 6, NULL));
	/* What is no socket, and no file. */
	socks[1] = (HANDLE)0x7fff;
	ASSERT_EQ(S_OK, BuildIoRingRegisterFileHandles(self->ring, 2, socks,
						       7));
	EXPECT_EQ(E_HANDLE, next(self->ring, 7, NULL));
	ASSERT_EQ(S_OK, build_read(self->ring, raw_sock(0x7fff), raw(buf), 1,
				   8));
	EXPECT_EQ(E_HANDLE, next(self->ring, 8, NULL));
}

static HANDLE event_new(HIORING ring)
{
	HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);

	return SetIoRingCompletionEvent(ring, event) ? NULL : event;
}

static bool comes(HANDLE event)
{
	return WaitForSingleObject(event, LONG_MS) == WAIT_OBJECT_0;
}

static bool is_set(HANDLE event)
{
	return WaitForSingleObject(event, 0) == WAIT_OBJECT_0;
}

/* Set by the kernel, when the first completion comes; not by the second. */
TEST_F(sock, event)
{
	HANDLE event = event_new(self->ring), other;
	char buf[2];

	ASSERT_NE(NULL, event);
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(buf), 1, 1));
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(buf + 1), 1, 2));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	EXPECT_FALSE(is_set(event));
	ASSERT_EQ(0, plain_send(self->peer, "a", 1));
	EXPECT_TRUE(comes(event));
	ASSERT_EQ(0, plain_send(self->peer, "b", 1));
	ASSERT_EQ(S_OK, submit(self->ring, 2));
	EXPECT_FALSE(is_set(event));
	EXPECT_EQ(S_OK, pop(self->ring, 1, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 2, NULL));
	/* Empty again, without having been told so. */
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(buf), 1, 3));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	EXPECT_FALSE(is_set(event));
	ASSERT_EQ(0, plain_send(self->peer, "c", 1));
	EXPECT_TRUE(comes(event));
	EXPECT_EQ(S_OK, pop(self->ring, 3, NULL));
	/* Another one in its place, while something is pending. */
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(buf), 1, 4));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	other = event_new(self->ring);
	ASSERT_EQ(0, plain_send(self->peer, "d", 1));
	EXPECT_TRUE(comes(other));
	EXPECT_FALSE(is_set(event));
	EXPECT_EQ(S_OK, pop(self->ring, 4, NULL));
}

#define ECHOES	rounds(3000)

/* As many one-byte messages as that, each after the answer to the last. */
static void *echo_client(void *arg)
{
	int peer = *(int *)arg;
	int echoes = ECHOES;
	char byte = 0;

	while (echoes--)
		if (plain_send(peer, &byte, 1) || plain_recv(peer, &byte, 1))
			return arg;
	return NULL;
}

static HRESULT echo(HIORING ring, IORING_HANDLE_REF sock, char *byte,
		    const IORING_CQE *cqe)
{
	HRESULT hr;

	if (cqe->ResultCode)
		return cqe->ResultCode;
	if (cqe->UserData == 2)
		return S_OK;
	hr = build_write(ring, sock, raw(byte), 1, 2);
	return hr ? hr : build_read(ring, sock, raw(byte), 1, 1);
}

/* No signal is lost, if one pops until there is nothing. */
TEST_F_TIMEOUT(sock, events_are_not_lost, 120)
{
	HANDLE event = event_new(self->ring);
	int left = 2 * ECHOES;
	pthread_t thread;
	IORING_CQE cqe;
	void *failed;
	char byte;

	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(&byte), 1, 1));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, echo_client, &self->peer));
	while (left > 0) {
		ASSERT_TRUE(comes(event));
		while (PopIoRingCompletion(self->ring, &cqe) == S_OK) {
			ASSERT_EQ(S_OK, echo(self->ring, self->ref, &byte,
					     &cqe));
			left--;
		}
		ASSERT_EQ(S_OK, submit(self->ring, 0));
	}
	pthread_join(thread, &failed);
	EXPECT_EQ(NULL, failed);
}

/* S27: by its user data; the oldest of those that have them. */
TEST_F(sock, cancel)
{
	char buf[4];

	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(buf), 1, 1));
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(buf + 1), 1, 1));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(S_OK, BuildIoRingCancelRequest(self->ring, self->ref, 9, 2));
	EXPECT_EQ(NOT_FOUND, next(self->ring, 2, NULL));
	ASSERT_EQ(S_OK, BuildIoRingCancelRequest(self->ring,
						 raw_sock(self->peer), 1, 3));
	EXPECT_EQ(NOT_FOUND, next(self->ring, 3, NULL));
	ASSERT_EQ(S_OK, BuildIoRingCancelRequest(self->ring, self->ref, 1, 4));
	ASSERT_EQ(S_OK, submit(self->ring, 2));
	EXPECT_EQ(ABORTED, pop(self->ring, 1, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 4, NULL));
	ASSERT_EQ(0, plain_send(self->peer, "x", 1));
	EXPECT_EQ(S_OK, next(self->ring, 1, NULL));
	EXPECT_EQ('x', buf[1]);
	/* In the same batch. */
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(buf), 1, 5));
	ASSERT_EQ(S_OK, BuildIoRingCancelRequest(self->ring, self->ref, 5, 6));
	ASSERT_EQ(S_OK, submit(self->ring, 2));
	EXPECT_EQ(ABORTED, pop(self->ring, 5, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 6, NULL));
}

/* Not before all that is before it is complete. */
TEST_F(sock, drain)
{
	char byte, got[8];

	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(&byte), 1, 1));
	ASSERT_EQ(S_OK, build_drain(self->ring, self->ref, "late", 2));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	EXPECT_FALSE(plain_readable(self->peer, SOON_MS));
	ASSERT_EQ(0, plain_send(self->peer, "x", 1));
	ASSERT_EQ(S_OK, submit(self->ring, 2));
	EXPECT_EQ(S_OK, pop(self->ring, 1, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 2, NULL));
	EXPECT_EQ(0, plain_recv(self->peer, got, 4));
}

/* A program that waits for the event alone gets there, too. */
TEST_F(sock, drain_by_event)
{
	HANDLE event = event_new(self->ring);
	char byte, got[8];

	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(&byte), 1, 1));
	ASSERT_EQ(S_OK, build_drain(self->ring, self->ref, "late", 2));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(0, plain_send(self->peer, "x", 1));
	ASSERT_TRUE(comes(event));
	EXPECT_EQ(S_OK, pop(self->ring, 1, NULL));
	while (pop(self->ring, 2, NULL) == NOTHING)
		ASSERT_TRUE(comes(event));
	EXPECT_EQ(0, plain_recv(self->peer, got, 4));
}

/* Neither what waits nor what it waits for is out of reach. */
TEST_F(sock, cancel_what_drains)
{
	char byte, got[8];

	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(&byte), 1, 1));
	ASSERT_EQ(S_OK, build_drain(self->ring, self->ref, "two", 2));
	ASSERT_EQ(S_OK, build_drain(self->ring, self->ref, "three", 3));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(S_OK, BuildIoRingCancelRequest(self->ring, self->ref, 2, 4));
	ASSERT_EQ(S_OK, submit(self->ring, 2));
	EXPECT_EQ(ABORTED, pop(self->ring, 2, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 4, NULL));
	ASSERT_EQ(S_OK, BuildIoRingCancelRequest(self->ring, self->ref, 1, 5));
	ASSERT_EQ(S_OK, submit(self->ring, 3));
	EXPECT_EQ(ABORTED, pop(self->ring, 1, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 5, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 3, NULL));
	EXPECT_EQ(0, plain_recv(self->peer, got, 5));
}

TEST_F(sock, wait)
{
	UINT32 submitted;
	char buf[2];

	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(buf), 1, 1));
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(buf + 1), 1, 2));
	EXPECT_EQ(E_INVALIDARG, SubmitIoRing(self->ring, 3, 1, &submitted));
	EXPECT_EQ(IORING_E_WAIT_TIMEOUT,
		  SubmitIoRing(self->ring, 1, 1, &submitted));
	EXPECT_EQ(2, submitted);
	EXPECT_EQ(IORING_E_WAIT_TIMEOUT,
		  SubmitIoRing(self->ring, 1, 0, &submitted));
	EXPECT_EQ(0, submitted);
	ASSERT_EQ(0, plain_send(self->peer, "x", 1));
	EXPECT_EQ(S_OK, SubmitIoRing(self->ring, 1, INFINITE, NULL));
	EXPECT_EQ(IORING_E_WAIT_TIMEOUT, SubmitIoRing(self->ring, 2, 1, NULL));
	EXPECT_EQ(IORING_E_WAIT_TIMEOUT,
		  SubmitIoRing(self->ring, IORING_SUBMIT_WAIT_ALL, 1, NULL));
	ASSERT_EQ(0, plain_send(self->peer, "x", 1));
	EXPECT_EQ(S_OK, SubmitIoRing(self->ring, IORING_SUBMIT_WAIT_ALL,
				     INFINITE, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 1, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 2, NULL));
}

static void *wait_all(void *arg)
{
	return (void *)(intptr_t)SubmitIoRing((HIORING)arg,
					      IORING_SUBMIT_WAIT_ALL, INFINITE,
					      NULL);
}

/* One thread waits, another one lives by the event. */
TEST_F(sock, wait_and_pop)
{
	HANDLE event = event_new(self->ring);
	pthread_t thread;
	IORING_CQE cqe;
	void *result;
	char buf[2];
	int i;

	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(buf), 1, 1));
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(buf + 1), 1, 2));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_all, self->ring));
	while (submit(self->ring, 0) != IORING_E_SUBMIT_IN_PROGRESS)
		Sleep(0);
	for (i = 1; i <= 2; i++) {
		ASSERT_EQ(0, plain_send(self->peer, "x", 1));
		do {
			ASSERT_TRUE(comes(event));
		} while (PopIoRingCompletion(self->ring, &cqe) == S_FALSE);
		EXPECT_EQ(i, cqe.UserData);
		EXPECT_EQ(S_FALSE, PopIoRingCompletion(self->ring, &cqe));
	}
	pthread_join(thread, &result);
	EXPECT_EQ(NULL, result);
}

/* More than the queue had room for at first, and than the ring has. */
TEST_F(sock, many_pending)
{
	enum { NR = 400 };
	char *bytes = self->memory, text[8];
	IORING_CQE cqe;
	ULONG_PTR n;
	int i;

	for (i = 0; i < NR; i++) {
		if (i % SQ == 0)
			ASSERT_EQ(S_OK, submit(self->ring, 0));
		ASSERT_EQ(S_OK, build_read(self->ring, self->ref,
					   raw(bytes + i), 1, i));
	}
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	for (i = 0; i < NR; i++) {
		text[0] = i % 251;
		ASSERT_EQ(0, plain_send(self->peer, text, 1));
		ASSERT_EQ(S_OK, next(self->ring, i, &n));
		ASSERT_EQ(text[0], bytes[i]);
	}
	EXPECT_EQ(S_FALSE, PopIoRingCompletion(self->ring, &cqe));
}

/* Pending requests are cancelled, and the number may be another socket's. */
TEST_F(sock, closed_socket)
{
	char byte;

	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(&byte), 1, 1));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(0, closesocket(self->sock));
	EXPECT_EQ(ABORTED, next(self->ring, 1, NULL));
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(&byte), 1, 2));
	EXPECT_EQ(E_HANDLE, next(self->ring, 2, NULL));
}

TEST_F(sock, closed_ring)
{
	IORING_BUFFER_INFO buffer = { self->memory, PAGE };
	long pinned = plain_pinned();
	HIORING other = ring_new();
	char byte;

	ASSERT_EQ(S_OK, buffers_set(other, 1, &buffer));
	ASSERT_EQ(S_OK, build_read(other, self->ref, named(0, 0), 1, 1));
	ASSERT_EQ(S_OK, submit(other, 0));
	ASSERT_EQ(S_OK, CloseIoRing(other));
	EXPECT_TRUE(plain_pinned_is(pinned));
	/* And the socket is free for others. */
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(&byte), 1, 2));
	ASSERT_EQ(0, plain_send(self->peer, "x", 1));
	EXPECT_EQ(S_OK, next(self->ring, 2, NULL));
	EXPECT_EQ('x', byte);
}

/* One ring receives, the other one sends; no two do the same. */
TEST_F(sock, two_rings)
{
	HIORING other = ring_new();
	char byte;

	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(&byte), 1, 1));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(S_OK, build_write(other, self->ref, raw("x"), 1, 2));
	EXPECT_EQ(S_OK, next(other, 2, NULL));
	ASSERT_EQ(S_OK, build_read(other, self->ref, raw(&byte), 1, 3));
	EXPECT_EQ(HRESULT_FROM_WIN32(ERROR_BUSY), next(other, 3, NULL));
	ASSERT_EQ(0, plain_send(self->peer, "y", 1));
	EXPECT_EQ(S_OK, next(self->ring, 1, NULL));
	EXPECT_EQ('y', byte);
	ASSERT_EQ(S_OK, CloseIoRing(other));
}

/* Memory at an address where there was other memory: never what was there. */
TEST_F(sock, remapped)
{
	char *memory = pages(2), got[5000];
	int i;

	for (i = 0; i < 4; i++) {
		memset(memory, 'a' + i, 5000);
		ASSERT_EQ(S_OK, build_write(self->ring, self->ref, raw(memory),
					    5000, i));
		ASSERT_EQ(S_OK, next(self->ring, i, NULL));
		ASSERT_EQ(0, plain_recv(self->peer, got, 5000));
		EXPECT_EQ('a' + i, got[0]);
		EXPECT_EQ('a' + i, got[4999]);
		if (i % 2) {
			ASSERT_EQ(0, madvise(memory, 2 * PAGE, MADV_DONTNEED));
			continue;
		}
		ASSERT_EQ(memory, mmap(memory, 2 * PAGE, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
				       -1, 0));
	}
}

/* What is a part of the program's file, and so cannot be pinned. */
static const char constant[8000] = { 'c', [7999] = 'd' };

TEST_F(sock, constants)
{
	char got[8000];
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(S_OK, build_write(self->ring, self->ref,
					    raw(constant), 8000, i));
		ASSERT_EQ(S_OK, next(self->ring, i, NULL));
		ASSERT_EQ(0, plain_recv(self->peer, got, 8000));
		EXPECT_EQ(0, memcmp(got, constant, 8000));
	}
}

/* S32: looked at once, when it is registered; not each time it is used. */
TEST_F(sock, checked_once)
{
	IORING_BUFFER_INFO buffer = { self->memory, 2 * PAGE };
	char *got = self->memory + 8 * PAGE;

	memset(self->memory, 'x', 2 * PAGE);
	ASSERT_EQ(S_OK, buffers_set(self->ring, 1, &buffer));
	ASSERT_EQ(0, mprotect(self->memory, 2 * PAGE, PROT_NONE));
	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, named(0, 1), 8000,
				    1));
	ASSERT_EQ(S_OK, next(self->ring, 1, NULL));
	ASSERT_EQ(0, plain_recv(self->peer, got, 8000));
	EXPECT_EQ('x', got[0]);
	EXPECT_EQ('x', got[7999]);
	ASSERT_EQ(0, plain_send(self->peer, "yy", 2));
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, named(0, PAGE - 1), 2,
				   2));
	ASSERT_EQ(S_OK, next(self->ring, 2, NULL));
	ASSERT_EQ(0, mprotect(self->memory, 2 * PAGE, PROT_READ));
	EXPECT_EQ(0, memcmp(self->memory + PAGE - 2, "xyyx", 4));
}

TEST_F(sock, memory_that_is_not_there)
{
	ULONG_PTR n;

	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, raw((void *)8), 9,
				    1));
	EXPECT_EQ(HRESULT_FROM_WIN32(ERROR_NOACCESS), next(self->ring, 1, &n));
	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, raw((void *)8), 5000,
				    2));
	EXPECT_EQ(HRESULT_FROM_WIN32(ERROR_NOACCESS), next(self->ring, 2, &n));
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw((void *)8), 9,
				   3));
	EXPECT_EQ(HRESULT_FROM_WIN32(ERROR_NOACCESS), next(self->ring, 3, &n));
	/* What was refused is not in the way of what follows. */
	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, raw((void *)8), 9,
				    4));
	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, raw("ok"), 2, 5));
	ASSERT_EQ(S_OK, submit(self->ring, 2));
	EXPECT_EQ(HRESULT_FROM_WIN32(ERROR_NOACCESS), pop(self->ring, 4, &n));
	EXPECT_EQ(S_OK, pop(self->ring, 5, &n));
}

TEST_F(sock, not_for_sockets)
{
	FILE_SEGMENT_ELEMENT segment = { self->memory };

	ASSERT_EQ(S_OK, BuildIoRingFlushFile(self->ring, self->ref,
					     FILE_FLUSH_DEFAULT, 1,
					     IOSQE_FLAGS_NONE));
	ASSERT_EQ(S_OK, BuildIoRingReadFileScatter(self->ring, self->ref, 1,
						   &segment, PAGE, 0, 2,
						   IOSQE_FLAGS_NONE));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	EXPECT_EQ(HRESULT_FROM_WIN32(ERROR_INVALID_FUNCTION),
		  pop(self->ring, 1, NULL));
	EXPECT_EQ(HRESULT_FROM_WIN32(ERROR_INVALID_FUNCTION),
		  pop(self->ring, 2, NULL));
}

FIXTURE(stream) {
	HIORING ring;
	SOCKET sock;
	IORING_HANDLE_REF ref;
	int peer;
};

FIXTURE_SETUP(stream)
{
	WSADATA data;
	int sv[2];

	if (!has_module())
		SKIP(return, "no module");
	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &data));
	self->ring = ring_new();
	ASSERT_NE(NULL, self->ring);
	ASSERT_EQ(0, plain_both(AF_INET, SOCK_STREAM, sv));
	self->sock = sv[0];
	self->ref = raw_sock(self->sock);
	self->peer = sv[1];
}

FIXTURE_TEARDOWN(stream)
{
	CloseIoRing(self->ring);
	closesocket(self->sock);
	plain_close(self->peer);
	WSACleanup();
}

TEST_F(stream, end)
{
	ULONG_PTR n = 9;
	char byte;

	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(&byte), 1, 1));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(0, plain_shutdown(self->peer));
	EXPECT_EQ(S_OK, next(self->ring, 1, &n));
	EXPECT_EQ(0, n);
	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, raw("x"), 1, 2));
	EXPECT_EQ(S_OK, next(self->ring, 2, &n));
}

TEST_F(stream, reset)
{
	char byte;

	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(&byte), 1, 1));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(0, plain_reset(self->peer));
	EXPECT_EQ(HRESULT_FROM_WIN32(ERROR_NETNAME_DELETED),
		  next(self->ring, 1, NULL));
	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, raw("x"), 1, 2));
	EXPECT_EQ(HRESULT_FROM_WIN32(ERROR_NETNAME_DELETED),
		  next(self->ring, 2, NULL));
}

/* Reading nothing is waiting for something, which stays there. */
TEST_F(stream, read_nothing)
{
	ULONG_PTR n = 9;
	char byte;

	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(NULL), 0, 1));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	EXPECT_EQ(NOTHING, pop(self->ring, 1, NULL));
	ASSERT_EQ(0, plain_send(self->peer, "x", 1));
	EXPECT_EQ(S_OK, next(self->ring, 1, &n));
	EXPECT_EQ(0, n);
	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(&byte), 1, 2));
	EXPECT_EQ(S_OK, next(self->ring, 2, &n));
	EXPECT_EQ('x', byte);
}

struct reader {
	int peer;
	char *memory;
	size_t length;
};

static void *reader_run(void *arg)
{
	struct reader *reader = arg;

	return plain_recv(reader->peer, reader->memory, reader->length) ?
	       arg : NULL;
}

/* Much more than the socket takes at once; complete when all of it is out. */
TEST_F_TIMEOUT(stream, long_writes, 120)
{
	enum { NR = 8, LENGTH = 3000000 };
	struct reader reader = {
		self->peer, malloc(NR * LENGTH), NR * LENGTH,
	};
	char *memory = malloc(NR * LENGTH);
	pthread_t thread;
	void *failed;
	ULONG_PTR n;
	int i;

	for (i = 0; i < NR * LENGTH; i++)
		memory[i] = i % 251;
	for (i = 0; i < NR; i++)
		ASSERT_EQ(S_OK, build_write(self->ring, self->ref,
					    raw(memory + i * LENGTH), LENGTH,
					    i));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, reader_run, &reader));
	for (i = 0; i < NR; i++) {
		ASSERT_EQ(S_OK, next(self->ring, i, &n));
		EXPECT_EQ(LENGTH, n);
	}
	pthread_join(thread, &failed);
	EXPECT_EQ(NULL, failed);
	EXPECT_EQ(0, memcmp(memory, reader.memory, NR * LENGTH));
}

/* What was submitted before the socket was closed is sent, then its end. */
TEST_F(stream, close_after_writing)
{
	enum { LENGTH = 6000000 };
	char *memory = calloc(1, LENGTH), *got = malloc(LENGTH), byte;
	ULONG_PTR n;

	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, raw(memory), LENGTH,
				    1));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(0, closesocket(self->sock));
	EXPECT_EQ(0, plain_recv(self->peer, got, LENGTH));
	EXPECT_EQ(0, plain_recv_some(self->peer, &byte, 1));
	EXPECT_EQ(S_OK, next(self->ring, 1, &n));
	EXPECT_EQ(LENGTH, n);
}

/* Likewise. */
TEST_F(stream, shutdown_after_writing)
{
	enum { LENGTH = 6000000 };
	char *memory = calloc(1, LENGTH), *got = malloc(LENGTH), byte;
	ULONG_PTR n;

	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, raw(memory), LENGTH,
				    1));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(0, shutdown(self->sock, SD_SEND));
	EXPECT_EQ(0, plain_recv(self->peer, got, LENGTH));
	EXPECT_EQ(0, plain_recv_some(self->peer, &byte, 1));
	EXPECT_EQ(S_OK, next(self->ring, 1, &n));
	EXPECT_EQ(LENGTH, n);
}

/* Unless it is closed the hard way. */
TEST_F(stream, hard_close)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };
	char byte;

	ASSERT_EQ(S_OK, build_read(self->ring, self->ref, raw(&byte), 1, 1));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(0, setsockopt(self->sock, SOL_SOCKET, SO_LINGER,
				(const char *)&hard, sizeof(hard)));
	ASSERT_EQ(0, closesocket(self->sock));
	EXPECT_GT(0, plain_recv_some(self->peer, &byte, 1));
	EXPECT_EQ(ABORTED, next(self->ring, 1, NULL));
}

/* What has not entered the socket by then never does. */
TEST_F(stream, hard_close_while_writing)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };
	enum { LENGTH = 6000000 };
	char *memory = calloc(1, LENGTH);

	ASSERT_EQ(S_OK, build_write(self->ring, self->ref, raw(memory), LENGTH,
				    1));
	ASSERT_EQ(S_OK, submit(self->ring, 0));
	ASSERT_EQ(0, setsockopt(self->sock, SOL_SOCKET, SO_LINGER,
				(const char *)&hard, sizeof(hard)));
	ASSERT_EQ(0, closesocket(self->sock));
	EXPECT_GT(0, plain_recv(self->peer, memory, LENGTH));
	EXPECT_EQ(ABORTED, next(self->ring, 1, NULL));
}

TEST(datagram_too_long)
{
	HIORING ring = ring_new();
	char buf[4] = "";
	ULONG_PTR n;
	int sv[2];

	if (!has_module())
		SKIP(return, "no module");
	ASSERT_EQ(0, plain_both(AF_INET, SOCK_DGRAM, sv));
	ASSERT_EQ(S_OK, build_read(ring, raw_sock(sv[0]), raw(buf), 3, 1));
	ASSERT_EQ(0, plain_send(sv[1], "abcdef", 6));
	EXPECT_EQ(HRESULT_FROM_WIN32(ERROR_MORE_DATA), next(ring, 1, &n));
	EXPECT_EQ(3, n);
	EXPECT_EQ(0, strcmp(buf, "abc"));
	/* An empty one, both ways. */
	ASSERT_EQ(0, plain_send(sv[1], "", 0));
	ASSERT_EQ(S_OK, build_read(ring, raw_sock(sv[0]), raw(buf), 3, 2));
	EXPECT_EQ(S_OK, next(ring, 2, &n));
	EXPECT_EQ(0, n);
	ASSERT_EQ(S_OK, build_write(ring, raw_sock(sv[0]), raw(NULL), 0, 3));
	EXPECT_EQ(S_OK, next(ring, 3, &n));
	EXPECT_EQ(0, plain_recv_some(sv[1], buf, 4));
	EXPECT_EQ(S_OK, CloseIoRing(ring));
}

/* More than the kernel's queue can have: those that are too many are told. */
TEST(too_many_pending)
{
	enum { NR = 65536, FEW = 32768 };
	IORING_CREATE_FLAGS flags = { 0 };
	int sv[2], i, refused = 0, aborted = 0;
	HIORING ring;
	IORING_CQE cqe;
	WSADATA data;
	char byte;

	if (!has_module())
		SKIP(return, "no module");
	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &data));
	ASSERT_EQ(S_OK, CreateIoRing(IORING_VERSION_4, flags, FEW, NR, &ring));
	ASSERT_EQ(0, plain_pair(AF_INET, SOCK_DGRAM, false, sv));
	for (i = 0; i < NR; i++) {
		if (i == FEW)
			ASSERT_EQ(S_OK, submit(ring, 0));
		ASSERT_EQ(S_OK, build_read(ring, raw_sock(sv[0]), raw(&byte),
					   1, (UINT_PTR)i));
	}
	ASSERT_EQ(S_OK, submit(ring, 0));
	while (PopIoRingCompletion(ring, &cqe) == S_OK)
		refused += cqe.ResultCode ==
			   HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES);
	EXPECT_LT(0, refused);
	EXPECT_GT(NR / 8, refused);
	/* The others can still be cancelled, and come in. */
	ASSERT_EQ(S_OK, BuildIoRingCancelRequest(ring, raw_sock(sv[0]), 0,
						 NR));
	EXPECT_EQ(S_OK, submit(ring, 1));
	ASSERT_EQ(0, closesocket((SOCKET)sv[0]));
	EXPECT_EQ(S_OK, submit(ring, IORING_SUBMIT_WAIT_ALL));
	while (PopIoRingCompletion(ring, &cqe) == S_OK)
		aborted += cqe.ResultCode == ABORTED;
	EXPECT_EQ(NR, refused + aborted);
	EXPECT_EQ(0, WSACleanup());
	EXPECT_EQ(S_OK, CloseIoRing(ring));
	plain_close(sv[1]);
}

/* A number that names nothing costs nothing, however large it is. */
TEST(no_socket_at_all)
{
	const struct rlimit little = { 1UL << 30, 1UL << 30 };
	HIORING ring = ring_new();
	char byte;

	if (!has_module())
		SKIP(return, "no module");
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &little));
	ASSERT_EQ(S_OK, build_read(ring, raw_sock(0xfffffff), raw(&byte), 1,
				   1));
	EXPECT_EQ(E_HANDLE, next(ring, 1, NULL));
	EXPECT_EQ(S_OK, CloseIoRing(ring));
}

/* What no TCP or UDP socket is. */
TEST(other_sockets)
{
	HIORING ring = ring_new();
	char byte;
	int fd = plain_other();

	if (!has_module())
		SKIP(return, "no module");
	ASSERT_LE(0, fd);
	ASSERT_EQ(S_OK, build_read(ring, raw_sock(fd), raw(&byte), 1, 1));
	EXPECT_EQ(HRESULT_FROM_WIN32(WSAEOPNOTSUPP), next(ring, 1, NULL));
	EXPECT_EQ(S_OK, CloseIoRing(ring));
}

TEST_HARNESS_MAIN
