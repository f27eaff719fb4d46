// SPDX-License-Identifier: GPL-2.0
/* Winsock: waiting for sockets, and what ends it. */

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "regbuf_proc.h"
#include "winsock_test.h"

TEST_F(winsock, timeouts)
{
	SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
	char byte;
	int sv[2];

	ASSERT_EQ(0, plain_pair(AF_INET, SOCK_STREAM, false, sv));
	ASSERT_EQ(0, set(sv[0], SOL_SOCKET, SO_RCVTIMEO, 20));
	EXPECT_EQ(WSAETIMEDOUT, CODE(recv(sv[0], &byte, 1, 0)));
	set_nonblocking(sv[0]);
	EXPECT_EQ(WSAEWOULDBLOCK, CODE(recv(sv[0], &byte, 1, 0)));
	ASSERT_EQ(0, bind_any(listener, AF_INET, 0));
	ASSERT_EQ(0, listen(listener, 1));
	set_nonblocking(listener);
	EXPECT_EQ(INVALID_SOCKET, accept(listener, NULL, NULL));
	EXPECT_EQ(WSAEWOULDBLOCK, WSAGetLastError());
}

TEST_F(winsock, select)
{
	struct timeval none = { 0, 0 }, negative = { -1, 0 };
	fd_set reads, empty;
	int sv[2];

	ASSERT_EQ(0, plain_pair(AF_INET, SOCK_STREAM, false, sv));
	FD_ZERO(&empty);
	EXPECT_EQ(WSAEINVAL, CODE(select(0, NULL, NULL, NULL, &none)));
	EXPECT_EQ(WSAEINVAL, CODE(select(0, &empty, NULL, NULL, &none)));
	/* No room, as for many sockets there. */
	FD_SET((SOCKET)5000, &empty);
	EXPECT_FALSE(FD_ISSET((SOCKET)5000, &empty));
	EXPECT_EQ(WSAEINVAL, CODE(select(0, &empty, NULL, NULL, &none)));
	FD_ZERO(&reads);
	FD_SET(sv[0], &reads);
	EXPECT_EQ(WSAEINVAL, CODE(select(0, &reads, NULL, NULL, &negative)));
	EXPECT_EQ(0, select(0, &reads, NULL, NULL, &none));
	EXPECT_FALSE(FD_ISSET(sv[0], &reads));
	ASSERT_EQ(0, plain_send(sv[1], "x", 1));
	FD_SET(sv[0], &reads);
	EXPECT_EQ(1, select(0, &reads, NULL, NULL, NULL));
	EXPECT_TRUE(FD_ISSET(sv[0], &reads));
	plain_close(sv[0]);
	EXPECT_EQ(WSAENOTSOCK, CODE(select(0, &reads, NULL, NULL, &none)));
}

TEST_F(winsock, poll)
{
	WSAPOLLFD fds[3] = { 0 };
	int sv[2];

	ASSERT_EQ(0, plain_pair(AF_INET, SOCK_STREAM, false, sv));
	fds[0].fd = sv[0];
	fds[0].events = POLLRDNORM;
	fds[1].fd = INVALID_SOCKET;
	fds[2].fd = sv[1];
	fds[2].events = POLLWRNORM;
	EXPECT_EQ(1, WSAPoll(fds, 3, -1));
	EXPECT_EQ(0, fds[0].revents);
	EXPECT_EQ(POLLNVAL, fds[1].revents);
	EXPECT_EQ(POLLWRNORM, fds[2].revents);
	EXPECT_EQ(0, WSAPoll(fds, 1, 0));
	ASSERT_EQ(0, plain_send(sv[1], "x", 1));
	EXPECT_EQ(1, WSAPoll(fds, 1, 10000));
	EXPECT_EQ(POLLRDNORM, fds[0].revents);
	plain_close(sv[1]);
	fds[0].events = 0;
	EXPECT_EQ(1, WSAPoll(fds, 1, 10000));
	EXPECT_TRUE(fds[0].revents & POLLHUP);
	EXPECT_EQ(WSAEINVAL, CODE(WSAPoll(fds, 0, 0)));
	EXPECT_EQ(WSAEFAULT, CODE(WSAPoll(NULL, 1, 0)));
}

TEST_F(winsock, events)
{
	WSAEVENT events[2] = { WSACreateEvent(), WSACreateEvent() };

	ASSERT_NE(WSA_INVALID_EVENT, events[0]);
	EXPECT_EQ(WSA_WAIT_TIMEOUT, WSAWaitForMultipleEvents(2, events, FALSE,
							     0, FALSE));
	EXPECT_TRUE(WSASetEvent(events[1]));
	EXPECT_EQ(WSA_WAIT_EVENT_0 + 1,
		  WSAWaitForMultipleEvents(2, events, FALSE, WSA_INFINITE,
					   FALSE));
	EXPECT_TRUE(WSAResetEvent(events[1]));
	EXPECT_TRUE(WSACloseEvent(events[0]));
	EXPECT_TRUE(WSACloseEvent(events[1]));
}

struct waiter {
	SOCKET s;
	int type;
	int code;
	int tid;
	pthread_t thread;
};

static void *waiter_main(void *data)
{
	struct waiter *w = data;
	char byte;

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	if (w->type == SOCK_STREAM)
		w->code = accept(w->s, NULL, NULL) == INVALID_SOCKET ?
			  WSAGetLastError() : 0;
	else
		w->code = CODE(recv(w->s, &byte, 1, 0));
	return NULL;
}

FIXTURE(waiting) {
	WSADATA data;
};

FIXTURE_VARIANT(waiting) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(waiting, stream) { AF_INET, SOCK_STREAM };
FIXTURE_VARIANT_ADD(waiting, datagram) { AF_INET, SOCK_DGRAM };
FIXTURE_VARIANT_ADD(waiting, datagram6) { AF_INET6, SOCK_DGRAM };

FIXTURE_SETUP(waiting)
{
	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &self->data));
}

FIXTURE_TEARDOWN(waiting)
{
	EXPECT_EQ(0, WSACleanup());
}

/* Closing a socket ends what waits for it. */
TEST_F(waiting, closed)
{
	struct waiter w = {
		.s = socket(variant->family, variant->type, 0),
		.type = variant->type,
	};

	ASSERT_EQ(0, bind_any(w.s, variant->family, 0));
	if (variant->type == SOCK_STREAM)
		ASSERT_EQ(0, listen(w.s, 1));
	ASSERT_EQ(0, pthread_create(&w.thread, NULL, waiter_main, &w));
	rb_until_asleep(&w.tid);
	ASSERT_EQ(0, closesocket(w.s));
	ASSERT_EQ(0, pthread_join(w.thread, NULL));
	EXPECT_EQ(WSAEINTR, w.code);
}

/* A child closes what it has, which ends nothing here. */
TEST_F(waiting, forked)
{
	struct waiter w = {
		.s = socket(variant->family, variant->type, 0),
		.type = variant->type,
	};
	int status;
	pid_t pid;

	ASSERT_EQ(0, bind_any(w.s, variant->family, 0));
	if (variant->type == SOCK_STREAM)
		ASSERT_EQ(0, listen(w.s, 1));
	ASSERT_EQ(0, pthread_create(&w.thread, NULL, waiter_main, &w));
	rb_until_asleep(&w.tid);
	pid = fork();
	if (!pid)
		_exit(closesocket(w.s) ? 1 : 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	if (variant->type == SOCK_STREAM) {
		ASSERT_LE(0, plain_connect(variant->family, SOCK_STREAM, false,
					   plain_port(w.s)));
	} else {
		ASSERT_EQ(0, plain_sendto(plain_bind(variant->family,
						     SOCK_DGRAM, false), "x",
					  1, false, plain_port(w.s)));
	}
	ASSERT_EQ(0, pthread_join(w.thread, NULL));
	EXPECT_EQ(0, w.code);
}

static void on_signal(int signal)
{
}

/* Signals don't end calls. */
TEST_F(waiting, signal)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct waiter w = {
		.s = socket(variant->family, variant->type, 0),
		.type = variant->type,
	};
	int i, peer;

	sigaction(SIGUSR1, &action, NULL);
	ASSERT_EQ(0, bind_any(w.s, variant->family, 0));
	if (variant->type == SOCK_STREAM)
		ASSERT_EQ(0, listen(w.s, 1));
	ASSERT_EQ(0, pthread_create(&w.thread, NULL, waiter_main, &w));
	for (i = 0; i < 3; i++) {
		rb_until_asleep(&w.tid);
		ASSERT_EQ(0, pthread_kill(w.thread, SIGUSR1));
	}
	if (variant->type == SOCK_STREAM) {
		ASSERT_LE(0, plain_connect(variant->family, SOCK_STREAM, false,
					   plain_port(w.s)));
	} else {
		peer = plain_bind(variant->family, SOCK_DGRAM, false);
		ASSERT_EQ(0, plain_sendto(peer, "x", 1, false,
					  plain_port(w.s)));
	}
	ASSERT_EQ(0, pthread_join(w.thread, NULL));
	EXPECT_EQ(0, w.code);
}

TEST_HARNESS_MAIN
