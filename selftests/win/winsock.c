// SPDX-License-Identifier: GPL-2.0
/* Winsock, as far as it goes: sockets as Windows programs know them. */

#include "winsock_test.h"

/* The library's own; what RIO asks. */
bool win_socket_registered(int sock);

FIXTURE(family) {
	WSADATA data;
};

FIXTURE_VARIANT(family) {
	int family;
};

FIXTURE_VARIANT_ADD(family, ipv4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(family, ipv6) { .family = AF_INET6 };

FIXTURE_SETUP(family)
{
	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &self->data));
}

FIXTURE_TEARDOWN(family)
{
	EXPECT_EQ(0, WSACleanup());
}

TEST(versions)
{
	WSADATA data;

	EXPECT_EQ(WSAVERNOTSUPPORTED, WSAStartup(MAKEWORD(0, 9), &data));
	EXPECT_EQ(WSAEFAULT, WSAStartup(MAKEWORD(2, 2), NULL));
	ASSERT_EQ(0, WSAStartup(MAKEWORD(3, 7), &data));
	EXPECT_EQ(MAKEWORD(2, 2), data.wVersion);
	EXPECT_EQ(MAKEWORD(2, 2), data.wHighVersion);
	EXPECT_STREQ("Running", data.szSystemStatus);
	ASSERT_EQ(0, WSAStartup(MAKEWORD(1, 1), &data));
	EXPECT_EQ(MAKEWORD(1, 1), data.wVersion);
	EXPECT_EQ(0, WSACleanup());
	EXPECT_EQ(0, WSACleanup());
	EXPECT_EQ(WSANOTINITIALISED, CODE(WSACleanup()));
}

TEST(not_started)
{
	struct addrinfo *list;
	WSADATA data;
	SOCKET s;

	EXPECT_EQ(INVALID_SOCKET, socket(AF_INET, SOCK_STREAM, 0));
	EXPECT_EQ(WSANOTINITIALISED, WSAGetLastError());
	EXPECT_EQ(WSANOTINITIALISED, getaddrinfo("::1", NULL, NULL, &list));

	/* The last one to end it closes what is open. */
	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &data));
	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &data));
	s = socket(AF_INET, SOCK_STREAM, 0);
	ASSERT_NE(INVALID_SOCKET, s);
	ASSERT_EQ(0, WSACleanup());
	EXPECT_EQ(0, bind_any(s, AF_INET, 0));
	ASSERT_EQ(0, WSACleanup());
	EXPECT_EQ(WSANOTINITIALISED, CODE(closesocket(s)));
	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &data));
	EXPECT_EQ(WSAENOTSOCK, CODE(closesocket(s)));
}

TEST_F(winsock, make)
{
	SOCKET s;

	EXPECT_EQ(INVALID_SOCKET, socket(777, SOCK_STREAM, 0));
	EXPECT_EQ(WSAEAFNOSUPPORT, WSAGetLastError());
	EXPECT_EQ(INVALID_SOCKET, socket(AF_INET, 77, 0));
	EXPECT_EQ(WSAESOCKTNOSUPPORT, WSAGetLastError());
	EXPECT_EQ(INVALID_SOCKET, socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	EXPECT_EQ(WSAEPROTOTYPE, WSAGetLastError());
	EXPECT_EQ(INVALID_SOCKET, socket(AF_INET, SOCK_STREAM, 777));
	EXPECT_EQ(WSAEPROTONOSUPPORT, WSAGetLastError());
	EXPECT_EQ(INVALID_SOCKET, WSASocket(AF_INET, SOCK_STREAM, 0, NULL, 0,
					    0x8000));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());

	s = socket(AF_UNSPEC, 0, IPPROTO_UDP);
	ASSERT_NE(INVALID_SOCKET, s);
	EXPECT_EQ(SOCK_DGRAM, get(s, SOL_SOCKET, SO_TYPE));
	EXPECT_EQ(0, closesocket(s));
	EXPECT_EQ(WSAENOTSOCK, CODE(closesocket(s)));
	EXPECT_EQ(WSAENOTSOCK, CODE(closesocket(INVALID_SOCKET)));
	EXPECT_EQ(WSAENOTSOCK, CODE(closesocket((SOCKET)1 << 32)));
	EXPECT_EQ(WSAENOTSOCK, CODE(bind_any(INVALID_SOCKET, AF_INET, 0)));
	EXPECT_EQ(WSAENOTSOCK, CODE(bind_any(1, AF_INET, 0)));
	EXPECT_EQ(WSAENOTSOCK, CODE(closesocket(1)));
	EXPECT_EQ(WSAENOTSOCK, CODE(connect_to(s, AF_INET, 1)));
	EXPECT_EQ(WSAENOTSOCK, CODE(send(s, "", 1, 0)));
	EXPECT_EQ(WSAENOTSOCK, CODE(recv(s, NULL, 0, 0)));
	EXPECT_EQ(WSAENOTSOCK, set(s, SOL_SOCKET, SO_KEEPALIVE, 1));
}

/* R1: what such a listener accepts is like it. */
TEST_F(family, registered)
{
	SOCKET s = WSASocket(variant->family, SOCK_STREAM, IPPROTO_TCP, NULL, 0,
			     WSA_FLAG_REGISTERED_IO);
	SOCKADDR_STORAGE addr;
	INT length = sizeof(addr);
	SOCKET c, p;

	ASSERT_NE(INVALID_SOCKET, s);
	EXPECT_TRUE(win_socket_registered(s));
	EXPECT_EQ(WSAEINVAL, CODE(listen(s, SOMAXCONN)));
	EXPECT_EQ(WSAEINVAL, CODE(getsockname(s, (SOCKADDR *)&addr, &length)));
	ASSERT_EQ(0, bind_any(s, variant->family, 0));
	ASSERT_EQ(0, listen(s, SOMAXCONN));
	ASSERT_EQ(0, getsockname(s, (SOCKADDR *)&addr, &length));

	c = socket(variant->family, SOCK_STREAM, 0);
	EXPECT_FALSE(win_socket_registered(c));
	ASSERT_EQ(0, connect(c, (SOCKADDR *)&addr, length));
	EXPECT_EQ(WSAEISCONN, CODE(connect(c, (SOCKADDR *)&addr, length)));
	length = sizeof(addr);
	p = accept(s, (SOCKADDR *)&addr, &length);
	ASSERT_NE(INVALID_SOCKET, p);
	EXPECT_EQ(variant->family, addr.ss_family);
	EXPECT_EQ(plain_port(c), ntohs(SS_PORT(&addr)));
	EXPECT_TRUE(win_socket_registered(p));
	EXPECT_EQ(0, closesocket(p));
	EXPECT_FALSE(win_socket_registered(p));

	length = 8;
	EXPECT_EQ(INVALID_SOCKET, accept(s, (SOCKADDR *)&addr, &length));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_EQ(WSAENOTCONN, CODE(shutdown(s, SD_BOTH)));
	EXPECT_EQ(WSAEINVAL, CODE(connect_to(s, variant->family, 1)));
}

TEST_F(family, refused)
{
	int port = free_port(variant->family, SOCK_STREAM);
	SOCKET s = socket(variant->family, SOCK_STREAM, 0);

	EXPECT_EQ(WSAENOTCONN, CODE(send(s, "x", 1, 0)));
	EXPECT_EQ(WSAENOTCONN, CODE(recv(s, (char *)&port, 0, 0)));
	EXPECT_EQ(WSAENOTCONN, CODE(shutdown(s, SD_SEND)));
	EXPECT_EQ(WSAEADDRNOTAVAIL, CODE(connect_to(s, variant->family, 0)));
	EXPECT_EQ(WSAECONNREFUSED, CODE(connect_to(s, variant->family, port)));
	/* Once more, with the same socket. */
	EXPECT_EQ(WSAECONNREFUSED, CODE(connect_to(s, variant->family, port)));
	EXPECT_EQ(WSAEAFNOSUPPORT,
		  CODE(connect_to(s, variant->family ^ AF_INET ^ AF_INET6,
				  port)) == WSAEFAULT ?
		  WSAEAFNOSUPPORT : WSAGetLastError());
}

TEST_F(family, nonblocking)
{
	int srv = plain_bind(variant->family, SOCK_STREAM, false);
	SOCKET s = socket(variant->family, SOCK_STREAM, 0);
	fd_set reads, writes, excepts;
	struct timeval ten = { 10, 0 };
	char byte;

	set_nonblocking(s);
	EXPECT_EQ(WSAEWOULDBLOCK,
		  CODE(connect_to(s, variant->family, plain_port(srv))));
	FD_ZERO(&reads);
	FD_ZERO(&writes);
	FD_ZERO(&excepts);
	FD_SET(s, &reads);
	FD_SET(s, &writes);
	FD_SET(s, &excepts);
	ASSERT_EQ(1, select(0, &reads, &writes, &excepts, &ten));
	EXPECT_TRUE(FD_ISSET(s, &writes));
	EXPECT_FALSE(FD_ISSET(s, &reads));
	EXPECT_FALSE(FD_ISSET(s, &excepts));
	EXPECT_EQ(0, get(s, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(WSAEISCONN,
		  CODE(connect_to(s, variant->family, plain_port(srv))));
	EXPECT_EQ(WSAEWOULDBLOCK, CODE(recv(s, &byte, 1, 0)));
}

TEST_F(family, nonblocking_refused)
{
	int port = free_port(variant->family, SOCK_STREAM);
	SOCKET s = socket(variant->family, SOCK_STREAM, 0);
	struct timeval ten = { 10, 0 };
	fd_set writes, excepts;

	set_nonblocking(s);
	EXPECT_EQ(WSAEWOULDBLOCK, CODE(connect_to(s, variant->family, port)));
	FD_ZERO(&writes);
	FD_ZERO(&excepts);
	FD_SET(s, &writes);
	FD_SET(s, &excepts);
	ASSERT_EQ(1, select(0, NULL, &writes, &excepts, &ten));
	EXPECT_FALSE(FD_ISSET(s, &writes));
	EXPECT_TRUE(FD_ISSET(s, &excepts));
	EXPECT_EQ(WSAECONNREFUSED, get(s, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(WSAEWOULDBLOCK, CODE(connect_to(s, variant->family, port)));
}

TEST_F(family, stream)
{
	char buf[64];
	WSABUF bufs[2] = { { 3, buf }, { 8, buf + 3 } };
	DWORD n, flags = 0;
	int sv[2];

	ASSERT_EQ(0, plain_pair(variant->family, SOCK_STREAM, false, sv));
	ASSERT_EQ(5, send(sv[0], "hello", 5, 0));
	ASSERT_EQ(0, plain_recv(sv[1], buf, 5));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));

	ASSERT_EQ(0, plain_send(sv[1], "0123456789", 10));
	ASSERT_EQ(4, recv(sv[0], buf, 4, MSG_PEEK));
	ASSERT_EQ(0, WSARecv(sv[0], bufs, 2, &n, &flags, NULL, NULL));
	EXPECT_EQ(10, n);
	EXPECT_EQ(0, flags);
	EXPECT_EQ(0, memcmp(buf, "0123456789", 10));
	ASSERT_EQ(0, WSASend(sv[0], bufs, 2, &n, 0, NULL, NULL));
	EXPECT_EQ(11, n);
	ASSERT_EQ(0, plain_recv(sv[1], buf, 11));

	EXPECT_EQ(WSAEOPNOTSUPP, CODE(send(sv[0], buf, 1, 0x4000)));
	EXPECT_EQ(WSAEOPNOTSUPP, CODE(recv(sv[0], buf, 1, 0x40)));
	EXPECT_EQ(WSAEFAULT, CODE(send(sv[0], NULL, 1, 0)));
	EXPECT_EQ(WSAEFAULT, CODE(send(sv[0], buf, -1, 0)));
	EXPECT_EQ(WSAEFAULT, CODE(WSASend(sv[0], bufs, 2, NULL, 0, NULL,
					  NULL)));
	EXPECT_EQ(WSAEINVAL, CODE(WSASend(sv[0], bufs, 0, &n, 0, NULL, NULL)));

	ASSERT_EQ(0, plain_shutdown(sv[1]));
	EXPECT_EQ(0, recv(sv[0], buf, sizeof(buf), 0));
	EXPECT_EQ(0, shutdown(sv[0], SD_SEND));
}

TEST_F(family, ends)
{
	int srv = plain_bind(variant->family, SOCK_STREAM, false), peer;
	SOCKET s = socket(variant->family, SOCK_STREAM, 0);
	char byte = 0;

	ASSERT_EQ(0, connect_to(s, variant->family, plain_port(srv)));
	peer = plain_accept(srv);
	ASSERT_EQ(0, shutdown(s, SD_SEND));
	EXPECT_EQ(WSAESHUTDOWN, CODE(send(s, "x", 1, 0)));
	EXPECT_EQ(0, plain_recv_some(peer, &byte, 1));
	ASSERT_EQ(0, shutdown(s, SD_RECEIVE));
	EXPECT_EQ(WSAESHUTDOWN, CODE(recv(s, &byte, 1, 0)));
	EXPECT_EQ(WSAEINVAL, CODE(shutdown(s, 7)));
}

TEST_F(family, reset)
{
	char byte;
	int sv[2];

	ASSERT_EQ(0, plain_pair(variant->family, SOCK_STREAM, false, sv));
	ASSERT_EQ(0, plain_reset(sv[1]));
	EXPECT_EQ(WSAECONNRESET, CODE(recv(sv[0], &byte, 1, 0)));
	/* No signal. */
	EXPECT_EQ(WSAECONNABORTED, CODE(send(sv[0], &byte, 1, 0)));
}

/* P8: a close with SO_LINGER 0 resets. */
TEST_F(family, linger)
{
	struct linger linger = { 1, 7 }, now = { 1, 0 };
	int srv = plain_bind(variant->family, SOCK_STREAM, false), peer;
	SOCKET s = socket(variant->family, SOCK_STREAM, 0);
	int length = sizeof(linger);
	char byte;

	ASSERT_EQ(0, setsockopt(s, SOL_SOCKET, SO_LINGER, (char *)&linger,
				sizeof(linger)));
	memset(&linger, 0, sizeof(linger));
	ASSERT_EQ(0, getsockopt(s, SOL_SOCKET, SO_LINGER, (char *)&linger,
				&length));
	EXPECT_EQ(sizeof(linger), length);
	EXPECT_EQ(1, linger.l_onoff);
	EXPECT_EQ(7, linger.l_linger);
	EXPECT_EQ(0, get(s, SOL_SOCKET, SO_DONTLINGER));
	EXPECT_EQ(0, set(s, SOL_SOCKET, SO_DONTLINGER, 1));
	EXPECT_EQ(1, get(s, SOL_SOCKET, SO_DONTLINGER));

	ASSERT_EQ(0, connect_to(s, variant->family, plain_port(srv)));
	peer = plain_accept(srv);
	ASSERT_EQ(0, setsockopt(s, SOL_SOCKET, SO_LINGER, (char *)&now,
				sizeof(now)));
	ASSERT_EQ(0, closesocket(s));
	EXPECT_EQ(-ECONNRESET, plain_recv_some(peer, &byte, 1));
}

/* A server that closed first can be started again at once. */
TEST_F(family, again)
{
	int port = free_port(variant->family, SOCK_STREAM), i, peer;
	SOCKET s, c, other;
	char byte;

	for (i = 0; i < 3; i++) {
		s = socket(variant->family, SOCK_STREAM, 0);
		ASSERT_EQ(0, CODE(bind_any(s, variant->family, port)));
		ASSERT_EQ(0, listen(s, 5));
		EXPECT_EQ(0, get(s, SOL_SOCKET, SO_REUSEADDR));
		other = socket(variant->family, SOCK_STREAM, 0);
		EXPECT_EQ(WSAEADDRINUSE,
			  CODE(bind_any(other, variant->family, port)));
		peer = plain_connect(variant->family, SOCK_STREAM, false, port);
		ASSERT_LE(0, peer);
		c = accept(s, NULL, NULL);
		ASSERT_EQ(0, closesocket(c));
		EXPECT_EQ(0, plain_recv_some(peer, &byte, 1));
		plain_close(peer);
		closesocket(s);
		closesocket(other);
	}
}

TEST_F(family, datagrams)
{
	SOCKET s = socket(variant->family, SOCK_DGRAM, IPPROTO_UDP);
	int peer = plain_bind(variant->family, SOCK_DGRAM, false), port;
	SOCKADDR_STORAGE to, from;
	INT to_len = any_addr(variant->family, loopback(variant->family),
			     plain_port(peer), &to);
	INT from_len = sizeof(from);
	char buf[16] = "";

	EXPECT_EQ(WSAEINVAL, CODE(recv(s, buf, sizeof(buf), 0)));
	EXPECT_EQ(WSAENOTCONN, CODE(send(s, buf, 1, 0)));
	ASSERT_EQ(3, sendto(s, "abc", 3, 0, (SOCKADDR *)&to, to_len));
	ASSERT_EQ(3, plain_recvfrom(peer, buf, sizeof(buf), &port));
	EXPECT_EQ(plain_port(s), port);

	ASSERT_EQ(0, plain_sendto(peer, "0123456789", 10, false, port));
	ASSERT_EQ(10, recvfrom(s, buf, sizeof(buf), 0, (SOCKADDR *)&from,
			       &from_len));
	EXPECT_EQ(to_len, from_len);
	EXPECT_EQ(0, memcmp(&from, &to, to_len));

	/* Too long: what there is room for. */
	memset(buf, 0, sizeof(buf));
	ASSERT_EQ(0, plain_sendto(peer, "0123456789", 10, false, port));
	EXPECT_EQ(WSAEMSGSIZE, CODE(recv(s, buf, 4, 0)));
	EXPECT_EQ(0, memcmp(buf, "0123\0", 5));
	/* An empty one is one. */
	ASSERT_EQ(0, plain_sendto(peer, "", 0, false, port));
	EXPECT_EQ(0, recv(s, buf, 4, 0));

	from_len = 15;
	EXPECT_EQ(WSAEFAULT, CODE(recvfrom(s, buf, 4, 0, (SOCKADDR *)&from,
					   &from_len)));
	EXPECT_EQ(WSAEFAULT, CODE(sendto(s, buf, 4, 0, (SOCKADDR *)&to, 8)));
	SS_PORT(&to) = 0;
	EXPECT_EQ(WSAEADDRNOTAVAIL,
		  CODE(sendto(s, buf, 4, 0, (SOCKADDR *)&to, to_len)));
	EXPECT_EQ(WSAEOPNOTSUPP, CODE(recv(s, buf, 4, MSG_WAITALL)));
	EXPECT_EQ(0, shutdown(s, SD_SEND));
	EXPECT_EQ(WSAESHUTDOWN, CODE(sendto(s, buf, 4, 0, (SOCKADDR *)&to,
					    to_len)));
}

TEST_F(family, datagram_buffers)
{
	char buf[8], big[70000];
	WSABUF bufs[2] = { { 2, buf }, { 3, buf + 2 } };
	SOCKADDR_STORAGE from;
	INT from_len = sizeof(from);
	DWORD n = 77, flags = 0;
	int sv[2];

	ASSERT_EQ(0, plain_pair(variant->family, SOCK_DGRAM, false, sv));
	memset(big, 0, sizeof(big));
	EXPECT_EQ(WSAEMSGSIZE, CODE(send(sv[0], big, sizeof(big), 0)));
	ASSERT_EQ(5, send(sv[0], "abcde", 5, 0));
	ASSERT_EQ(0, WSARecvFrom(sv[1], bufs, 2, &n, &flags, (SOCKADDR *)&from,
				 &from_len, NULL, NULL));
	EXPECT_EQ(5, n);
	EXPECT_EQ(plain_port(sv[0]), ntohs(SS_PORT(&from)));
	ASSERT_EQ(0, WSASendTo(sv[1], bufs, 2, &n, 0, (SOCKADDR *)&from,
			       from_len, NULL, NULL));
	ASSERT_EQ(0, plain_send(sv[0], "0123456789", 10));
	EXPECT_EQ(WSAEMSGSIZE, CODE(WSARecv(sv[1], bufs, 2, &n, &flags, NULL,
					    NULL)));
	EXPECT_EQ(5, n);
	EXPECT_EQ(0, memcmp(buf, "01234", 5));
}

TEST_F(family, unreachable)
{
	int port = free_port(variant->family, SOCK_DGRAM);
	SOCKET s = socket(variant->family, SOCK_DGRAM, 0);
	BOOL off = FALSE;
	DWORD n;
	char byte;

	ASSERT_EQ(0, connect_to(s, variant->family, port));
	ASSERT_EQ(1, send(s, "x", 1, 0));
	EXPECT_EQ(WSAECONNRESET, CODE(recv(s, &byte, 1, 0)));

	ASSERT_EQ(0, WSAIoctl(s, SIO_UDP_CONNRESET, &off, sizeof(off), NULL, 0,
			      &n, NULL, NULL));
	set_nonblocking(s);
	ASSERT_EQ(1, send(s, "x", 1, 0));
	ASSERT_EQ(1, send(s, "x", 1, 0));
	EXPECT_EQ(WSAEWOULDBLOCK, CODE(recv(s, &byte, 1, 0)));
}

TEST_F(family, disconnect)
{
	SOCKET s = socket(variant->family, SOCK_DGRAM, 0);
	SOCKADDR_STORAGE none;
	INT length = any_addr(variant->family,
			      variant->family == AF_INET ? "0.0.0.0" : "::", 0,
			      &none);

	ASSERT_EQ(0, connect_to(s, variant->family, 9));
	ASSERT_EQ(0, connect(s, (SOCKADDR *)&none, length));
	EXPECT_EQ(WSAENOTCONN, CODE(send(s, "x", 1, 0)));
	length = sizeof(none);
	EXPECT_EQ(WSAENOTCONN, CODE(getpeername(s, (SOCKADDR *)&none,
						&length)));
}

/* Windows doesn't take IPv4 in on an IPv6 socket unless asked to. */
TEST_F(winsock, both_families)
{
	int port = free_port(AF_INET6, SOCK_STREAM);
	SOCKET s4 = socket(AF_INET, SOCK_STREAM, 0);
	SOCKET s6 = socket(AF_INET6, SOCK_STREAM, 0);
	SOCKADDR_STORAGE addr;
	INT length;

	EXPECT_EQ(1, get(s6, IPPROTO_IPV6, IPV6_V6ONLY));
	length = any_addr(AF_INET6, "::", port, &addr);
	ASSERT_EQ(0, bind(s6, (SOCKADDR *)&addr, length));
	length = any_addr(AF_INET, "0.0.0.0", port, &addr);
	ASSERT_EQ(0, bind(s4, (SOCKADDR *)&addr, length));
	EXPECT_EQ(0, listen(s6, 1));
	EXPECT_EQ(0, listen(s4, 1));
}

TEST_F(winsock, bind)
{
	int srv = plain_bind(AF_INET, SOCK_STREAM, false);
	SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
	SOCKADDR_STORAGE addr;

	EXPECT_EQ(WSAEADDRINUSE, CODE(bind_any(s, AF_INET, plain_port(srv))));
	any_addr(AF_INET, "192.0.2.1", 0, &addr);
	EXPECT_EQ(WSAEADDRNOTAVAIL, CODE(bind(s, (SOCKADDR *)&addr, 16)));
	EXPECT_EQ(WSAEFAULT, CODE(bind(s, (SOCKADDR *)&addr, 8)));
	EXPECT_EQ(WSAEFAULT, CODE(bind(s, NULL, 16)));
	addr.ss_family = AF_INET6;
	EXPECT_EQ(WSAEAFNOSUPPORT, CODE(bind(s, (SOCKADDR *)&addr, 28)));
	EXPECT_EQ(0, bind_any(s, AF_INET, 0));
	EXPECT_EQ(WSAEINVAL, CODE(bind_any(s, AF_INET, 0)));
}

/* The new socket is like the listener. */
TEST_F(winsock, accept_nonblocking)
{
	SOCKET s = socket(AF_INET, SOCK_STREAM, 0), c;
	struct timeval ten = { 10, 0 };
	fd_set reads;
	char byte;

	ASSERT_EQ(0, bind_any(s, AF_INET, 0));
	ASSERT_EQ(0, listen(s, SOMAXCONN_HINT(5)));
	set_nonblocking(s);
	ASSERT_LE(0, plain_connect(AF_INET, SOCK_STREAM, false, plain_port(s)));
	FD_ZERO(&reads);
	FD_SET(s, &reads);
	ASSERT_EQ(1, select(0, &reads, NULL, NULL, &ten));
	c = WSAAccept(s, NULL, NULL, NULL, 0);
	ASSERT_NE(INVALID_SOCKET, c);
	EXPECT_EQ(WSAEWOULDBLOCK, CODE(recv(c, &byte, 1, 0)));
}

TEST_HARNESS_MAIN
