/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WINSOCK_TEST_H
#define WINSOCK_TEST_H

/* What the tests of Winsock share. */

#include <winsock2.h>
#include <ws2tcpip.h>

#include "kselftest_harness.h"
#include "plain.h"

/* 0, or what a call's SOCKET_ERROR is for. */
#define CODE(call)	((call) == SOCKET_ERROR ? WSAGetLastError() : 0)

static inline INT any_addr(int family, const char *host, int port,
			   SOCKADDR_STORAGE *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->ss_family = family;
	SS_PORT(addr) = htons(port);
	if (family == AF_INET) {
		inet_pton(family, host, &((SOCKADDR_IN *)addr)->sin_addr);
		return sizeof(SOCKADDR_IN);
	}
	inet_pton(family, host, &((SOCKADDR_IN6 *)addr)->sin6_addr);
	return sizeof(SOCKADDR_IN6);
}

static inline const char *loopback(int family)
{
	return family == AF_INET ? "127.0.0.1" : "::1";
}

static inline int bind_any(SOCKET s, int family, int port)
{
	SOCKADDR_STORAGE addr;
	INT length = any_addr(family, loopback(family), port, &addr);

	return bind(s, (SOCKADDR *)&addr, length);
}

static inline int connect_to(SOCKET s, int family, int port)
{
	SOCKADDR_STORAGE addr;
	INT length = any_addr(family, loopback(family), port, &addr);

	return connect(s, (SOCKADDR *)&addr, length);
}

static inline int set(SOCKET s, int level, int option, int value)
{
	return CODE(setsockopt(s, level, option, (char *)&value,
			       sizeof(value)));
}

static inline int get(SOCKET s, int level, int option)
{
	int value = -1, length = sizeof(value);

	if (getsockopt(s, level, option, (char *)&value, &length) ||
	    length != sizeof(value))
		return -1;
	return value;
}

/* A port that nobody has. */
static inline int free_port(int family, int type)
{
	int fd = plain_bind(family, type, false), port = plain_port(fd);

	plain_close(fd);
	return port;
}

static inline void set_nonblocking(SOCKET s)
{
	u_long on = 1;

	ioctlsocket(s, FIONBIO, &on);
}

FIXTURE(winsock) {
	WSADATA data;
};

FIXTURE_SETUP(winsock)
{
	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &self->data));
}

FIXTURE_TEARDOWN(winsock)
{
	EXPECT_EQ(0, WSACleanup());
}

#endif /* WINSOCK_TEST_H */
