// SPDX-License-Identifier: GPL-2.0
/* WSAEventSelect(): what is told, once, and when it is told again. */
#include <sys/resource.h>

#include "overlapped_test.h"

FIXTURE(netevent) {
	WSADATA data;
	WSAEVENT event;
	SOCKET listener;
	SOCKET s;
	int port;
	int peer;
};

FIXTURE_VARIANT(netevent) {
	int family;
};

FIXTURE_VARIANT_ADD(netevent, v4) { AF_INET };
FIXTURE_VARIANT_ADD(netevent, v6) { AF_INET6 };

/* @s is connected to @peer; @listener has nobody waiting. */
FIXTURE_SETUP(netevent)
{
	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &self->data));
	self->event = WSACreateEvent();
	self->listener = listener_on(variant->family);
	ASSERT_NE(INVALID_SOCKET, self->listener);
	self->port = plain_port(self->listener);
	self->peer = plain_connect(variant->family, SOCK_STREAM, false,
				   self->port);
	self->s = accept(self->listener, NULL, NULL);
	ASSERT_NE(INVALID_SOCKET, self->s);
}

FIXTURE_TEARDOWN(netevent)
{
	EXPECT_EQ(0, WSACleanup());
	WSACloseEvent(self->event);
}

static bool is_set(WSAEVENT event, DWORD ms)
{
	return WSAWaitForMultipleEvents(1, &event, FALSE, ms, FALSE) ==
	       WSA_WAIT_EVENT_0;
}

/* Waits for the event: what has happened, and the event is reset. */
static LONG happened(SOCKET s, WSAEVENT event, DWORD ms)
{
	WSANETWORKEVENTS events;

	if (!is_set(event, ms))
		return 0;
	if (WSAEnumNetworkEvents(s, event, &events))
		return -1;
	return events.lNetworkEvents;
}

static void until_there(SOCKET s, u_long bytes)
{
	u_long there;

	while (!ioctlsocket(s, FIONREAD, &there) && there < bytes)
		SwitchToThread();
}

/* Told once; and again after recv(), if there is more or when more comes. */
TEST_F(netevent, read)
{
	WSAEVENT event = self->event;
	char buf[4];

	ASSERT_EQ(0, CODE(WSAEventSelect(self->s, event, FD_READ | FD_CLOSE)));
	EXPECT_FALSE(is_set(event, SHORT_MS));
	/* It does not block any more. */
	EXPECT_EQ(WSAEWOULDBLOCK, CODE(recv(self->s, buf, 4, 0)));
	ASSERT_EQ(0, plain_send(self->peer, "abc", 3));
	EXPECT_EQ(FD_READ, happened(self->s, event, LONG_MS));
	EXPECT_FALSE(is_set(event, SHORT_MS));
	ASSERT_EQ(0, plain_send(self->peer, "def", 3));
	EXPECT_FALSE(is_set(event, SHORT_MS));
	until_there(self->s, 6);
	EXPECT_EQ(4, recv(self->s, buf, 4, 0));
	EXPECT_EQ(FD_READ, happened(self->s, event, LONG_MS));
	EXPECT_EQ(2, recv(self->s, buf, 4, 0));
	EXPECT_FALSE(is_set(event, SHORT_MS));
	ASSERT_EQ(0, plain_send(self->peer, "g", 1));
	EXPECT_EQ(FD_READ, happened(self->s, event, LONG_MS));
}

/* What was there before is told, too. */
TEST_F(netevent, read_before)
{
	ASSERT_EQ(0, plain_send(self->peer, "abc", 3));
	ASSERT_TRUE(plain_readable(self->s, LONG_MS));
	ASSERT_EQ(0, CODE(WSAEventSelect(self->s, self->event,
					 FD_READ | FD_WRITE)));
	EXPECT_EQ(FD_READ | FD_WRITE, happened(self->s, self->event, LONG_MS));
	EXPECT_FALSE(is_set(self->event, SHORT_MS));
	/* As if anew. */
	ASSERT_EQ(0, CODE(WSAEventSelect(self->s, self->event, FD_READ)));
	EXPECT_EQ(FD_READ, happened(self->s, self->event, LONG_MS));
}

/* Told at first, and after a send that found no room. */
TEST_F(netevent, write)
{
	static char mem[1 << 20];
	WSAEVENT event = self->event;
	size_t sent = 1;
	int n;

	ASSERT_EQ(0, CODE(WSAEventSelect(self->s, event, FD_WRITE)));
	EXPECT_EQ(FD_WRITE, happened(self->s, event, LONG_MS));
	EXPECT_EQ(1, send(self->s, mem, 1, 0));
	EXPECT_FALSE(is_set(event, SHORT_MS));
	do {
		n = send(self->s, mem, sizeof(mem), 0);
		sent += n > 0 ? n : 0;
	} while (n > 0);
	EXPECT_EQ(WSAEWOULDBLOCK, WSAGetLastError());
	EXPECT_FALSE(is_set(event, SHORT_MS));
	for (; sent; sent -= n)
		ASSERT_LT(0, n = plain_recv_some(self->peer, mem,
						 sizeof(mem)));
	EXPECT_EQ(FD_WRITE, happened(self->s, event, LONG_MS));
}

/* The end, after the data; told once. */
TEST_F(netevent, close)
{
	WSANETWORKEVENTS events;
	char buf[4];

	ASSERT_EQ(0, plain_send(self->peer, "abc", 3));
	ASSERT_EQ(0, plain_shutdown(self->peer));
	ASSERT_TRUE(plain_readable(self->s, LONG_MS));
	ASSERT_EQ(0, CODE(WSAEventSelect(self->s, self->event,
					 FD_READ | FD_CLOSE)));
	EXPECT_EQ(FD_READ, happened(self->s, self->event, LONG_MS));
	EXPECT_FALSE(is_set(self->event, SHORT_MS));
	EXPECT_EQ(3, recv(self->s, buf, 4, 0));
	ASSERT_TRUE(is_set(self->event, LONG_MS));
	ASSERT_EQ(0, WSAEnumNetworkEvents(self->s, self->event, &events));
	EXPECT_EQ(FD_CLOSE, events.lNetworkEvents);
	EXPECT_EQ(0, events.iErrorCode[FD_CLOSE_BIT]);
	EXPECT_EQ(0, recv(self->s, buf, 4, 0));
	EXPECT_FALSE(is_set(self->event, SHORT_MS));
}

TEST_F(netevent, reset)
{
	WSANETWORKEVENTS events;

	ASSERT_EQ(0, CODE(WSAEventSelect(self->s, self->event,
					 FD_READ | FD_CLOSE)));
	ASSERT_EQ(0, plain_reset(self->peer));
	ASSERT_TRUE(is_set(self->event, LONG_MS));
	ASSERT_EQ(0, WSAEnumNetworkEvents(self->s, self->event, &events));
	EXPECT_EQ(FD_CLOSE, events.lNetworkEvents);
	EXPECT_EQ(WSAECONNRESET, events.iErrorCode[FD_CLOSE_BIT]);
	EXPECT_FALSE(is_set(self->event, SHORT_MS));
}

/* One for each accept(); what that returns has the same event. */
TEST_F(netevent, accept)
{
	WSAEVENT event = self->event;
	SOCKET s;
	int fds[2];

	ASSERT_EQ(0, CODE(WSAEventSelect(self->listener, event,
					 FD_ACCEPT | FD_READ)));
	EXPECT_FALSE(is_set(event, SHORT_MS));
	fds[0] = plain_connect(variant->family, SOCK_STREAM, false, self->port);
	EXPECT_EQ(FD_ACCEPT, happened(self->listener, event, LONG_MS));
	fds[1] = plain_connect(variant->family, SOCK_STREAM, false, self->port);
	EXPECT_FALSE(is_set(event, SHORT_MS));
	s = accept(self->listener, NULL, NULL);
	ASSERT_NE(INVALID_SOCKET, s);
	EXPECT_EQ(FD_ACCEPT, happened(self->listener, event, LONG_MS));
	ASSERT_NE(INVALID_SOCKET, accept(self->listener, NULL, NULL));
	EXPECT_FALSE(is_set(event, SHORT_MS));
	ASSERT_EQ(0, plain_send(fds[0], "x", 1));
	EXPECT_EQ(FD_READ, happened(s, event, LONG_MS));
	ASSERT_LE(0, fds[1]);
}

static int events_of_connect(FIXTURE_DATA(netevent) *self, SOCKET s, int family,
			     int port, WSANETWORKEVENTS *events)
{
	int code;

	if (WSAEventSelect(s, self->event, FD_CONNECT | FD_WRITE | FD_READ |
					   FD_CLOSE))
		return -1;
	if (is_set(self->event, SHORT_MS))
		return -2;
	code = CODE(connect_to(s, family, port));
	if (code && code != WSAEWOULDBLOCK)
		return code;
	/* Both may come, one after the other. */
	if (!is_set(self->event, LONG_MS))
		return -3;
	Sleep(SHORT_MS);
	return WSAEnumNetworkEvents(s, self->event, events);
}

TEST_F(netevent, connect)
{
	SOCKET s = socket(variant->family, SOCK_STREAM, 0);
	WSANETWORKEVENTS events;
	char buf[4];
	SOCKET peer;

	ASSERT_EQ(0, events_of_connect(self, s, variant->family, self->port,
				       &events));
	EXPECT_EQ(FD_CONNECT | FD_WRITE, events.lNetworkEvents);
	EXPECT_EQ(0, events.iErrorCode[FD_CONNECT_BIT]);
	peer = accept(self->listener, NULL, NULL);
	ASSERT_EQ(1, send(peer, "x", 1, 0));
	EXPECT_EQ(FD_READ, happened(s, self->event, LONG_MS));
	EXPECT_EQ(1, recv(s, buf, 4, 0));
	ASSERT_EQ(0, closesocket(peer));
	EXPECT_EQ(FD_CLOSE, happened(s, self->event, LONG_MS));
}

TEST_F(netevent, connect_refused)
{
	SOCKET s = socket(variant->family, SOCK_STREAM, 0);
	WSANETWORKEVENTS events = { 0 };
	int code;

	code = events_of_connect(self, s, variant->family,
				 free_port(variant->family, SOCK_STREAM),
				 &events);
	if (code != WSAECONNREFUSED) {
		EXPECT_EQ(0, code);
		EXPECT_EQ(FD_CONNECT, events.lNetworkEvents);
		EXPECT_EQ(WSAECONNREFUSED, events.iErrorCode[FD_CONNECT_BIT]);
	}
	EXPECT_FALSE(is_set(self->event, SHORT_MS));
}

TEST_F(netevent, datagrams)
{
	SOCKET s = socket(variant->family, SOCK_DGRAM, 0);
	int fd = plain_bind(variant->family, SOCK_DGRAM, false);
	char buf[4];

	ASSERT_EQ(0, bind_any(s, variant->family, 0));
	ASSERT_EQ(0, CODE(WSAEventSelect(s, self->event, FD_READ | FD_WRITE)));
	EXPECT_EQ(FD_WRITE, happened(s, self->event, LONG_MS));
	ASSERT_EQ(0, plain_sendto(fd, "", 0, false, plain_port(s)));
	ASSERT_EQ(0, plain_sendto(fd, "abc", 3, false, plain_port(s)));
	EXPECT_EQ(FD_READ, happened(s, self->event, LONG_MS));
	EXPECT_EQ(0, recv(s, buf, 4, 0));
	EXPECT_EQ(FD_READ, happened(s, self->event, LONG_MS));
	EXPECT_EQ(3, recv(s, buf, 4, 0));
	EXPECT_FALSE(is_set(self->event, SHORT_MS));
}

/* Nothing more is told, and the socket may block again, when asked to. */
TEST_F(netevent, no_more)
{
	u_long off = 0;
	char buf[4];

	ASSERT_EQ(0, CODE(WSAEventSelect(self->s, self->event, FD_READ)));
	EXPECT_EQ(WSAEINVAL, CODE(ioctlsocket(self->s, FIONBIO, &off)));
	ASSERT_EQ(0, CODE(WSAEventSelect(self->s, NULL, 0)));
	ASSERT_EQ(0, plain_send(self->peer, "abc", 3));
	EXPECT_FALSE(is_set(self->event, SHORT_MS));
	until_there(self->s, 3);
	EXPECT_EQ(3, recv(self->s, buf, 4, 0));
	EXPECT_EQ(WSAEWOULDBLOCK, CODE(recv(self->s, buf, 4, 0)));
	EXPECT_EQ(0, CODE(ioctlsocket(self->s, FIONBIO, &off)));
	ASSERT_EQ(0, CODE(WSAEventSelect(self->s, self->event, FD_READ)));
	ASSERT_EQ(0, closesocket(self->s));
	ASSERT_EQ(0, plain_send(self->peer, "abc", 3));
	EXPECT_FALSE(is_set(self->event, SHORT_MS));
}

TEST_F(netevent, refuses)
{
	WSANETWORKEVENTS events;

	EXPECT_EQ(WSAENOTSOCK, CODE(WSAEventSelect(9999, self->event,
						   FD_READ)));
	EXPECT_EQ(WSAEINVAL, CODE(WSAEventSelect(self->s, self->event,
						 0x400)));
	EXPECT_EQ(WSA_INVALID_HANDLE, CODE(WSAEventSelect(self->s, NULL,
							  FD_READ)));
	EXPECT_EQ(WSAENOTSOCK, CODE(WSAEnumNetworkEvents(9999, NULL,
							 &events)));
	ASSERT_EQ(0, CODE(WSAEventSelect(self->s, self->event, FD_WRITE)));
	EXPECT_TRUE(is_set(self->event, LONG_MS));
	EXPECT_EQ(WSAEFAULT, CODE(WSAEnumNetworkEvents(self->s, self->event,
						       BAD_POINTER)));
	EXPECT_EQ(FD_WRITE, happened(self->s, self->event, LONG_MS));
	EXPECT_EQ(0, CODE(WSAEnumNetworkEvents(self->s, NULL, &events)));
	EXPECT_EQ(0, events.lNetworkEvents);
}

/* Nobody is busy while nothing is to be told. */
TEST_F(netevent, idle)
{
	struct rusage before, after;
	long switches;
	int fd;

	ASSERT_EQ(0, CODE(WSAEventSelect(self->s, self->event,
					 FD_READ | FD_WRITE | FD_CLOSE)));
	fd = plain_connect(variant->family, SOCK_STREAM, false, self->port);
	ASSERT_EQ(0, CODE(WSAEventSelect(self->listener, self->event,
					 FD_ACCEPT)));
	ASSERT_EQ(0, plain_send(self->peer, "abc", 3));
	ASSERT_EQ(0, plain_reset(self->peer));
	ASSERT_TRUE(is_set(self->event, LONG_MS));
	Sleep(SHORT_MS);
	getrusage(RUSAGE_SELF, &before);
	Sleep(4 * SHORT_MS);
	getrusage(RUSAGE_SELF, &after);
	switches = after.ru_nvcsw + after.ru_nivcsw - before.ru_nvcsw -
		   before.ru_nivcsw;
	EXPECT_GT(20, switches);
	ASSERT_LE(0, fd);
}

TEST_HARNESS_MAIN
