// SPDX-License-Identifier: GPL-2.0
/*
 * What RIO's queues stand on, without a queue: a port gives a packet to one
 * thread for each time that a descriptor is signalled, and none once it is not
 * watched any more.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <windows.h>

#include <win.h>

#define THREADS	4
#define WATCHES	20
#define ROUNDS	300

#define CHECK(what) do {						\
	if (!(what)) {							\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
		exit(1);						\
	}								\
} while (0)

static HANDLE port;
static volatile LONG seen[WATCHES];

static DWORD WINAPI work(LPVOID unused)
{
	LPOVERLAPPED overlapped;
	ULONG_PTR key;
	DWORD bytes;

	(void)unused;
	while (GetQueuedCompletionStatus(port, &bytes, &key, &overlapped,
					 INFINITE)) {
		if (key >= WATCHES)
			continue;
		CHECK(overlapped == (LPOVERLAPPED)&seen[key]);
		InterlockedIncrement(&seen[key]);
	}
	/* Waiting, or on its way to it. */
	CHECK(GetLastError() == ERROR_ABANDONED_WAIT_0 ||
	      GetLastError() == ERROR_INVALID_HANDLE);
	return 0;
}

static int signalled(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	CHECK(fd >= 0);
	return fd;
}

/* Each is signalled when the last packet of it has come: one for one. */
static void once_each(struct win_object *obj)
{
	HANDLE threads[THREADS];
	int fds[WATCHES], i;
	LONG round;

	for (i = 0; i < WATCHES; i++) {
		fds[i] = signalled();
		CHECK(!win_port_watch(obj, fds[i], i, (LPOVERLAPPED)&seen[i]));
	}
	CHECK(win_port_watch(obj, fds[0], 0, NULL) < 0);
	for (i = 0; i < THREADS; i++)
		threads[i] = CreateThread(NULL, 0, work, NULL, 0, NULL);
	for (round = 1; round <= ROUNDS; round++) {
		for (i = 0; i < WATCHES; i++)
			win_eventfd_write(fds[i]);
		PostQueuedCompletionStatus(port, 0, WATCHES, NULL);
		for (i = 0; i < WATCHES; i++)
			while (InterlockedOr(&seen[i], 0) < round)
				SwitchToThread();
	}
	for (i = 0; i < WATCHES; i++) {
		win_port_unwatch(obj, fds[i]);
		win_eventfd_write(fds[i]);
		close(fds[i]);
	}
	CloseHandle(port);
	CHECK(!WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE));
	for (i = 0; i < THREADS; i++)
		CloseHandle(threads[i]);
	for (i = 0; i < WATCHES; i++)
		CHECK(seen[i] == ROUNDS);
}

/* Neither starves the other, however many of them there are. */
static void both_kinds(struct win_object *obj)
{
	OVERLAPPED_ENTRY entries[2];
	int fd = signalled(), watched = 0, i;
	ULONG n, had = 0;

	CHECK(!win_port_watch(obj, fd, 1, NULL));
	for (i = 0; i < 100; i++)
		CHECK(PostQueuedCompletionStatus(port, 0, 2, NULL));
	win_eventfd_write(fd);
	while (had < 101) {
		CHECK(GetQueuedCompletionStatusEx(port, entries, 2, &n, 0, 0));
		had += n;
		watched += entries[0].lpCompletionKey == 1 ||
			   (n > 1 && entries[1].lpCompletionKey == 1);
		CHECK(had < 10 || watched == 1);
	}
	win_eventfd_write(fd);
	win_port_unwatch(obj, fd);
	CHECK(!GetQueuedCompletionStatusEx(port, entries, 2, &n, 0, 0));
	CHECK(GetLastError() == WAIT_TIMEOUT);
	close(fd);
}

/* A packet for each, though nobody took the one before. */
static void several_signals(struct win_object *obj)
{
	OVERLAPPED_ENTRY entries[8];
	int fd = signalled(), i, left;
	ULONG n;

	CHECK(!win_port_watch(obj, fd, 1, NULL));
	for (i = 0; i < 100; i++)
		win_eventfd_write(fd);
	for (left = 100; left; left -= n) {
		CHECK(GetQueuedCompletionStatusEx(port, entries, 8, &n, 0, 0));
		CHECK(entries[0].lpCompletionKey == 1);
	}
	CHECK(!GetQueuedCompletionStatusEx(port, entries, 8, &n, 0, 0));
	CHECK(GetLastError() == WAIT_TIMEOUT);
	win_port_unwatch(obj, fd);
	close(fd);
}

static void codes(void)
{
	int err;

	CHECK(!win_wsa_code(0) && !win_code(0));
	for (err = 1; err < 200; err++)
		CHECK(win_wsa_code(err) && win_code(err));
	CHECK(win_wsa_code(ECANCELED) == ERROR_OPERATION_ABORTED);
	CHECK(win_wsa_code(EFAULT) == WSAEFAULT);
	CHECK(win_wsa_code(ENOMEM) == WSAENOBUFS);
}

int main(void)
{
	struct win_object *obj;

	codes();
	port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
	obj = win_handle_get(port, WIN_PORT);
	CHECK(obj);
	both_kinds(obj);
	several_signals(obj);
	once_each(obj);
	win_object_put(obj);
	return 0;
}
