// SPDX-License-Identifier: GPL-2.0
/* Completion ports, without RIO. */
#include <windows.h>

#include "kselftest_harness.h"
#include "plain.h"
#include "regbuf_proc.h"

#define THREADS	4
#define PACKETS	4000

FIXTURE(port) {
	HANDLE port;
};

FIXTURE_SETUP(port)
{
	self->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
	ASSERT_NE(NULL, self->port);
}

FIXTURE_TEARDOWN(port)
{
	CloseHandle(self->port);
}

/* As posted, in the order of posting. */
TEST_F(port, posted)
{
	LPOVERLAPPED overlapped;
	ULONG_PTR key;
	DWORD bytes, i;

	for (i = 1; i <= 100; i++)
		ASSERT_TRUE(PostQueuedCompletionStatus(self->port, i, ~0ULL - i,
						       (LPOVERLAPPED)&key));
	for (i = 1; i <= 100; i++) {
		ASSERT_TRUE(GetQueuedCompletionStatus(self->port, &bytes, &key,
						      &overlapped, 0));
		EXPECT_EQ(i, bytes);
		EXPECT_EQ(~0ULL - i, key);
		EXPECT_EQ((LPOVERLAPPED)&key, overlapped);
	}
}

TEST_F(port, nothing)
{
	LPOVERLAPPED overlapped = (LPOVERLAPPED)&self->port;
	ULONGLONG start = GetTickCount64();
	OVERLAPPED_ENTRY entry;
	ULONG_PTR key;
	DWORD bytes;
	ULONG n = 5;

	EXPECT_EQ(FALSE, GetQueuedCompletionStatus(self->port, &bytes, &key,
						   &overlapped, 0));
	EXPECT_EQ(WAIT_TIMEOUT, GetLastError());
	EXPECT_EQ(NULL, overlapped);
	EXPECT_EQ(FALSE, GetQueuedCompletionStatusEx(self->port, &entry, 1, &n,
						     50, FALSE));
	EXPECT_EQ(WAIT_TIMEOUT, GetLastError());
	EXPECT_EQ(0, n);
	EXPECT_GE(GetTickCount64() - start, 49);
	EXPECT_EQ(FALSE, GetQueuedCompletionStatusEx(self->port, &entry, 0, &n,
						     0, FALSE));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
}

TEST_F(port, several_at_once)
{
	OVERLAPPED_ENTRY entries[8];
	ULONG n, i, want = 0;

	for (i = 0; i < 10; i++)
		ASSERT_TRUE(PostQueuedCompletionStatus(self->port, i, i, NULL));
	for (; want < 10; want += n) {
		ASSERT_TRUE(GetQueuedCompletionStatusEx(self->port, entries, 8,
							&n, INFINITE, FALSE));
		ASSERT_EQ(want ? 2 : 8, n);
		for (i = 0; i < n; i++) {
			EXPECT_EQ(want + i, entries[i].lpCompletionKey);
			EXPECT_EQ(want + i,
				  entries[i].dwNumberOfBytesTransferred);
		}
	}
}

TEST_F(port, refuses)
{
	HANDLE event = CreateEvent(NULL, TRUE, FALSE, NULL);

	EXPECT_EQ(NULL, CreateIoCompletionPort(event, self->port, 0, 0));
	EXPECT_EQ(ERROR_NOT_SUPPORTED, GetLastError());
	EXPECT_EQ(NULL, CreateIoCompletionPort(INVALID_HANDLE_VALUE,
					       self->port, 0, 0));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(FALSE, PostQueuedCompletionStatus(event, 0, 0, NULL));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
	CloseHandle(event);
}

struct workers {
	HANDLE port;
	volatile LONG seen[PACKETS];
	volatile LONG total;
};

static DWORD WINAPI work(LPVOID parameter)
{
	struct workers *w = parameter;
	LPOVERLAPPED overlapped;
	ULONG_PTR key;
	DWORD bytes;

	while (GetQueuedCompletionStatus(w->port, &bytes, &key, &overlapped,
					 INFINITE)) {
		InterlockedIncrement(&w->seen[key]);
		InterlockedIncrement(&w->total);
	}
	return GetLastError();
}

static DWORD WINAPI work_in_batches(LPVOID parameter)
{
	struct workers *w = parameter;
	OVERLAPPED_ENTRY entries[5];
	ULONG n, i, key;

	while (GetQueuedCompletionStatusEx(w->port, entries, 5, &n, INFINITE,
					   FALSE)) {
		for (i = 0; i < n; i++) {
			key = entries[i].lpCompletionKey;
			InterlockedIncrement(&w->seen[key]);
		}
		InterlockedExchangeAdd(&w->total, n);
	}
	return GetLastError();
}

/* Each packet is one thread's, once. Closing the port ends all of them. */
TEST_F(port, once_each)
{
	static struct workers w;
	HANDLE threads[THREADS];
	DWORD code, i;

	w.port = self->port;
	for (i = 0; i < THREADS; i++)
		threads[i] = CreateThread(NULL, 0, i % 2 ? work :
						  work_in_batches, &w, 0, NULL);
	for (i = 0; i < PACKETS; i++)
		ASSERT_TRUE(PostQueuedCompletionStatus(self->port, 0, i, NULL));
	while (InterlockedOr(&w.total, 0) < PACKETS)
		SwitchToThread();
	EXPECT_TRUE(CloseHandle(self->port));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForMultipleObjects(THREADS, threads, TRUE,
							INFINITE));
	for (i = 0; i < THREADS; i++) {
		EXPECT_TRUE(GetExitCodeThread(threads[i], &code));
		EXPECT_TRUE(code == ERROR_ABANDONED_WAIT_0 ||
			    code == ERROR_INVALID_HANDLE);
		EXPECT_TRUE(CloseHandle(threads[i]));
	}
	EXPECT_EQ(PACKETS, w.total);
	for (i = 0; i < PACKETS; i++)
		ASSERT_EQ(1, w.seen[i]);
}

struct waiter {
	HANDLE port;
	int tid;
};

static DWORD WINAPI wait_once(LPVOID parameter)
{
	struct waiter *w = parameter;
	LPOVERLAPPED overlapped = parameter;
	ULONG_PTR key;
	DWORD bytes;

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	if (GetQueuedCompletionStatus(w->port, &bytes, &key, &overlapped,
				      INFINITE) || overlapped)
		return 0;
	return GetLastError();
}

/* Who is in the call, certainly: it is asleep. */
TEST_F(port, closed_while_waited_for)
{
	struct waiter w = { .port = self->port };
	HANDLE thread = CreateThread(NULL, 0, wait_once, &w, 0, NULL);
	DWORD code;

	rb_until_asleep(&w.tid);
	EXPECT_TRUE(CloseHandle(self->port));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, INFINITE));
	EXPECT_TRUE(GetExitCodeThread(thread, &code));
	EXPECT_EQ(ERROR_ABANDONED_WAIT_0, code);
	EXPECT_TRUE(CloseHandle(thread));
}

/* What was not fetched goes with it. */
TEST_F(port, closed_with_packets)
{
	int i;

	for (i = 0; i < 100; i++)
		EXPECT_TRUE(PostQueuedCompletionStatus(self->port, 1, 2, NULL));
	EXPECT_TRUE(CloseHandle(self->port));
	EXPECT_EQ(FALSE, PostQueuedCompletionStatus(self->port, 1, 2, NULL));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
}

TEST_HARNESS_MAIN
