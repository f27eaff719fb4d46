// SPDX-License-Identifier: GPL-2.0
/* AcceptEx(), ConnectEx() and DisconnectEx(). */
#include "overlapped_test.h"

/* What an address takes there. */
#define SPACE	(sizeof(SOCKADDR_STORAGE) + 16)

FIXTURE(acceptex) {
	WSADATA data;
	HANDLE port;
	SOCKET listener;
	SOCKET s;
	OVERLAPPED mem[4];
	LPOVERLAPPED at;
	LPFN_ACCEPTEX accept_ex;
	LPFN_CONNECTEX connect_ex;
	LPFN_DISCONNECTEX disconnect_ex;
	LPFN_GETACCEPTEXSOCKADDRS names;
	char out[16 + 2 * SPACE];
};

FIXTURE_VARIANT(acceptex) {
	int family;
};

FIXTURE_VARIANT_ADD(acceptex, v4) { AF_INET };
FIXTURE_VARIANT_ADD(acceptex, v6) { AF_INET6 };

FIXTURE_SETUP(acceptex)
{
	self->at = self->mem;
	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &self->data));
	self->listener = listener_on(variant->family);
	ASSERT_NE(INVALID_SOCKET, self->listener);
	self->port = CreateIoCompletionPort((HANDLE)self->listener, NULL, 7, 0);
	ASSERT_NE(NULL, self->port);
	self->s = socket(variant->family, SOCK_STREAM, 0);
	self->accept_ex = extension(self->s, (GUID)WSAID_ACCEPTEX);
	self->connect_ex = extension(self->s, (GUID)WSAID_CONNECTEX);
	self->disconnect_ex = extension(self->s, (GUID)WSAID_DISCONNECTEX);
	self->names = extension(self->s, (GUID)WSAID_GETACCEPTEXSOCKADDRS);
	ASSERT_TRUE(self->accept_ex == AcceptEx);
	ASSERT_TRUE(self->names == GetAcceptExSockaddrs);
	ASSERT_NE(NULL, self->connect_ex);
	ASSERT_NE(NULL, self->disconnect_ex);
}

FIXTURE_TEARDOWN(acceptex)
{
	EXPECT_EQ(0, WSACleanup());
	CloseHandle(self->port);
}

/* 0 or what AcceptEx() failed with. */
static int accept_begin(FIXTURE_DATA(acceptex) *self, SOCKET s, DWORD receive,
			LPOVERLAPPED overlapped)
{
	DWORD bytes;

	return self->accept_ex(self->listener, s, self->out, receive, SPACE,
			       SPACE, &bytes, overlapped) ? 0 :
	       WSAGetLastError();
}

static int peer_of(FIXTURE_DATA(acceptex) *self, int family)
{
	return plain_connect(family, SOCK_STREAM, false,
			     plain_port(self->listener));
}

/* Who connects gets the socket that was there, and its addresses are told. */
TEST_F(acceptex, without_data)
{
	struct sockaddr *near_name, *peer;
	INT near_len = 0, peer_len = 0;
	struct packet p;
	char buf[4];
	int fd;

	ASSERT_EQ(ERROR_IO_PENDING, accept_begin(self, self->s, 0, self->at));
	EXPECT_TRUE(no_packet(self->port));
	fd = peer_of(self, variant->family);
	p = next_packet(self->port, LONG_MS);
	EXPECT_EQ(0, p.code);
	EXPECT_EQ(0, p.bytes);
	EXPECT_EQ(7, p.key);
	EXPECT_EQ(self->at, p.overlapped);
	EXPECT_EQ(0, CODE(setsockopt(self->s, SOL_SOCKET,
				     SO_UPDATE_ACCEPT_CONTEXT,
				     (char *)&self->listener,
				     sizeof(self->listener))));
	self->names(self->out, 0, SPACE, SPACE, &near_name, &near_len, &peer,
		    &peer_len);
	EXPECT_EQ(variant->family, near_name->sa_family);
	EXPECT_EQ(variant->family == AF_INET ? sizeof(SOCKADDR_IN) :
		  sizeof(SOCKADDR_IN6), near_len);
	EXPECT_EQ(near_len, peer_len);
	EXPECT_EQ(plain_port(self->listener), ntohs(SS_PORT(near_name)));
	EXPECT_EQ(plain_port(fd), ntohs(SS_PORT(peer)));
	ASSERT_EQ(2, send(self->s, "hi", 2, 0));
	ASSERT_EQ(0, plain_recv(fd, buf, 2));
	ASSERT_EQ(0, plain_send(fd, "ho", 2));
	EXPECT_EQ(2, recv(self->s, buf, 4, 0));
}

/* Not through before the first data; others are accepted meanwhile. */
TEST_F(acceptex, with_data)
{
	SOCKET other = socket(variant->family, SOCK_STREAM, 0);
	struct sockaddr *near_name, *peer;
	INT near_len = 0, peer_len = 0;
	static char more[16 + 2 * SPACE];
	struct packet p;
	DWORD bytes;
	int fds[2];

	ASSERT_EQ(ERROR_IO_PENDING, accept_begin(self, self->s, 16, self->at));
	EXPECT_FALSE(self->accept_ex(self->listener, other, more, 16, SPACE,
				     SPACE, &bytes, self->at + 1));
	ASSERT_EQ(ERROR_IO_PENDING, GetLastError());
	fds[0] = peer_of(self, variant->family);
	EXPECT_TRUE(no_packet(self->port));
	fds[1] = peer_of(self, variant->family);
	ASSERT_EQ(0, plain_send(fds[1], "second", 6));
	p = next_packet(self->port, LONG_MS);
	EXPECT_EQ(self->at + 1, p.overlapped);
	EXPECT_EQ(7, p.key);
	EXPECT_EQ(6, p.bytes);
	EXPECT_EQ(0, memcmp(more, "second", 6));
	ASSERT_EQ(0, plain_send(fds[0], "first", 5));
	p = next_packet(self->port, LONG_MS);
	EXPECT_EQ(self->at, p.overlapped);
	EXPECT_EQ(5, p.bytes);
	self->names(self->out, 16, SPACE, SPACE, &near_name, &near_len, &peer,
		    &peer_len);
	EXPECT_EQ(plain_port(fds[0]), ntohs(SS_PORT(peer)));
}

/* Who is there already is accepted at once, the event set, the packet there. */
TEST_F(acceptex, at_once)
{
	HANDLE event = CreateEvent(NULL, TRUE, FALSE, NULL);
	int fd = peer_of(self, variant->family);

	ASSERT_LE(0, fd);
	ASSERT_TRUE(plain_readable((int)self->listener, LONG_MS));
	self->at[0].hEvent = event;
	EXPECT_EQ(0, accept_begin(self, self->s, 0, self->at));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(event, 0));
	EXPECT_EQ(self->at, next_packet(self->port, 0).overlapped);
	CloseHandle(event);
}

/* Of the socket what was set before, and its port, stay. */
TEST_F(acceptex, keeps)
{
	HANDLE port = CreateIoCompletionPort((HANDLE)self->s, NULL, 9, 0);
	char buf[4];
	int fd;

	ASSERT_EQ(0, set(self->s, IPPROTO_TCP, TCP_NODELAY, 1));
	ASSERT_EQ(0, set(self->s, SOL_SOCKET, SO_KEEPALIVE, 1));
	ASSERT_EQ(ERROR_IO_PENDING, accept_begin(self, self->s, 0, self->at));
	fd = peer_of(self, variant->family);
	EXPECT_EQ(7, next_packet(self->port, LONG_MS).key);
	EXPECT_EQ(1, get(self->s, IPPROTO_TCP, TCP_NODELAY));
	EXPECT_EQ(1, get(self->s, SOL_SOCKET, SO_KEEPALIVE));
	EXPECT_EQ(WSA_IO_PENDING, recv_begin(self->s, buf, 4, self->at + 1));
	ASSERT_EQ(0, plain_send(fd, "abc", 3));
	EXPECT_EQ(9, next_packet(port, LONG_MS).key);
	CloseHandle(port);
}

/* accept() blocks beside it, or not, as the program had it. */
TEST_F(acceptex, beside_accept)
{
	ULONGLONG start;
	int fd;

	ASSERT_EQ(ERROR_IO_PENDING, accept_begin(self, self->s, 0, self->at));
	ASSERT_TRUE(CancelIoEx((HANDLE)self->listener, self->at));
	fd = peer_of(self, variant->family);
	ASSERT_LE(0, fd);
	EXPECT_NE(INVALID_SOCKET, accept(self->listener, NULL, NULL));
	ASSERT_EQ(0, set(self->listener, SOL_SOCKET, SO_RCVTIMEO, SHORT_MS));
	start = GetTickCount64();
	EXPECT_EQ(INVALID_SOCKET, accept(self->listener, NULL, NULL));
	EXPECT_EQ(WSAETIMEDOUT, WSAGetLastError());
	EXPECT_LE(SHORT_MS - 1, GetTickCount64() - start);
	set_nonblocking(self->listener);
	EXPECT_EQ(INVALID_SOCKET, accept(self->listener, NULL, NULL));
	EXPECT_EQ(WSAEWOULDBLOCK, WSAGetLastError());
}

/* It has a connection, and waits for data. */
static void until_accepted(SOCKET s)
{
	while (plain_peer_port((int)s) < 0)
		SwitchToThread();
}

/* Closing who listens ends all, also those that wait for data. */
TEST_F(acceptex, listener_closed)
{
	SOCKET other = socket(variant->family, SOCK_STREAM, 0);
	int fd, i;

	ASSERT_EQ(ERROR_IO_PENDING, accept_begin(self, self->s, 4, self->at));
	fd = peer_of(self, variant->family);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(no_packet(self->port));
	until_accepted(self->s);
	ASSERT_EQ(ERROR_IO_PENDING, accept_begin(self, other, 4, self->at + 1));
	ASSERT_EQ(0, closesocket(self->listener));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(ERROR_OPERATION_ABORTED,
			  next_packet(self->port, 0).code);
	EXPECT_TRUE(no_packet(self->port));
	/* The sockets are the program's; one has a connection. */
	ASSERT_EQ(0, plain_send(fd, "x", 1));
	EXPECT_EQ(1, recv(self->s, self->out, 4, 0));
	ASSERT_EQ(0, closesocket(other));
}

/* Closing the socket that it is for, too, in each state. */
TEST_F(acceptex, socket_closed)
{
	SOCKET other = socket(variant->family, SOCK_STREAM, 0);
	struct packet p;
	int fd;

	ASSERT_EQ(ERROR_IO_PENDING, accept_begin(self, self->s, 4, self->at));
	ASSERT_EQ(0, closesocket(self->s));
	p = next_packet(self->port, 0);
	EXPECT_EQ(self->at, p.overlapped);
	EXPECT_EQ(ERROR_OPERATION_ABORTED, p.code);
	ASSERT_EQ(ERROR_IO_PENDING, accept_begin(self, other, 4, self->at + 1));
	fd = peer_of(self, variant->family);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(no_packet(self->port));
	ASSERT_EQ(0, closesocket(other));
	p = next_packet(self->port, 0);
	EXPECT_EQ(self->at + 1, p.overlapped);
	EXPECT_EQ(ERROR_OPERATION_ABORTED, p.code);
}

/* Cancelled by the listener; the socket can be used again. */
TEST_F(acceptex, cancel)
{
	struct packet p;
	int fd;

	ASSERT_EQ(ERROR_IO_PENDING, accept_begin(self, self->s, 4, self->at));
	EXPECT_FALSE(CancelIoEx((HANDLE)self->s, NULL));
	EXPECT_EQ(ERROR_NOT_FOUND, GetLastError());
	ASSERT_TRUE(CancelIoEx((HANDLE)self->listener, self->at));
	EXPECT_EQ(ERROR_OPERATION_ABORTED, next_packet(self->port, 0).code);
	ASSERT_EQ(ERROR_IO_PENDING, accept_begin(self, self->s, 4, self->at));
	fd = peer_of(self, variant->family);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(no_packet(self->port));
	/* It waits for data now, still the listener's. */
	EXPECT_FALSE(CancelIoEx((HANDLE)self->s, NULL));
	ASSERT_TRUE(CancelIoEx((HANDLE)self->listener, self->at));
	p = next_packet(self->port, 0);
	EXPECT_EQ(ERROR_OPERATION_ABORTED, p.code);
	EXPECT_EQ(7, p.key);
}

TEST_F(acceptex, refuses)
{
	SOCKET udp = socket(variant->family, SOCK_DGRAM, 0);
	SOCKET connected = socket(variant->family, SOCK_STREAM, 0);
	DWORD bytes;
	int fd;

	EXPECT_FALSE(AcceptEx(self->listener, self->s, self->out, 0, SPACE,
			      SPACE, &bytes, NULL));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(WSAEFAULT, accept_begin(self, self->s, 0, BAD_POINTER));
	EXPECT_FALSE(AcceptEx(self->listener, self->s, NULL, 0, SPACE, SPACE,
			      &bytes, self->at));
	EXPECT_EQ(WSAEINVAL, GetLastError());
	EXPECT_FALSE(AcceptEx(self->listener, self->s, self->out, 0, 16, SPACE,
			      &bytes, self->at));
	EXPECT_EQ(WSAEFAULT, GetLastError());
	EXPECT_FALSE(AcceptEx(self->s, connected, self->out, 0, SPACE, SPACE,
			      &bytes, self->at));
	EXPECT_EQ(WSAEINVAL, GetLastError());
	EXPECT_FALSE(AcceptEx(udp, self->s, self->out, 0, SPACE, SPACE, &bytes,
			      self->at));
	EXPECT_EQ(WSAEINVAL, GetLastError());
	EXPECT_EQ(WSAENOTSOCK, accept_begin(self, 9999, 0, self->at));
	ASSERT_EQ(0, connect_to(connected, variant->family,
				plain_port(self->listener)));
	EXPECT_EQ(WSAEINVAL, accept_begin(self, connected, 0, self->at));
	fd = accept(self->listener, NULL, NULL);
	ASSERT_LE(0, fd);
	ASSERT_EQ(ERROR_IO_PENDING, accept_begin(self, self->s, 0, self->at));
	EXPECT_EQ(WSAEINVAL, accept_begin(self, self->s, 0, self->at + 1));
	EXPECT_TRUE(no_packet(self->port));
	EXPECT_EQ(WSAENOTCONN,
		  CODE(setsockopt(self->s, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
				  (char *)&self->listener,
				  sizeof(self->listener))));
	EXPECT_EQ(WSAEFAULT,
		  CODE(setsockopt(self->s, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
				  (char *)&self->listener, 4)));
	EXPECT_EQ(WSAEINVAL,
		  CODE(setsockopt(fd, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
				  (char *)&self->s, sizeof(self->s))));
}

/* Where its addresses would be is no memory. */
TEST_F(acceptex, bad_output)
{
	DWORD bytes;

	ASSERT_LE(0, peer_of(self, variant->family));
	EXPECT_FALSE(AcceptEx(self->listener, self->s, BAD_POINTER, 0, SPACE,
			      SPACE, &bytes, self->at));
	EXPECT_EQ(ERROR_IO_PENDING, GetLastError());
	EXPECT_EQ(ERROR_NOACCESS, next_packet(self->port, LONG_MS).code);
}

static int connect_begin(FIXTURE_DATA(acceptex) *self, int family, int port,
			 const char *data, LPOVERLAPPED overlapped)
{
	SOCKADDR_STORAGE addr;
	INT length = any_addr(family, loopback(family), port, &addr);

	return self->connect_ex(self->s, (SOCKADDR *)&addr, length,
				(PVOID)data, data ? strlen(data) : 0, NULL,
				overlapped) ? 0 : WSAGetLastError();
}

/* Connects and sends; what is in the completion is what was sent. */
TEST_F(acceptex, connect)
{
	int port = plain_port(self->listener), code;
	DWORD bytes = 5, flags;
	char buf[8] = "";
	SOCKET peer;

	EXPECT_EQ(WSAEINVAL, connect_begin(self, variant->family, port, NULL,
					   self->at));
	ASSERT_EQ(0, bind_any(self->s, variant->family, 0));
	ASSERT_EQ(self->port, CreateIoCompletionPort((HANDLE)self->s,
						     self->port, 8, 0));
	EXPECT_EQ(WSAENOTCONN, CODE(setsockopt(self->s, SOL_SOCKET,
					       SO_UPDATE_CONNECT_CONTEXT, NULL,
					       0)));
	code = connect_begin(self, variant->family, port, "hello", self->at);
	EXPECT_TRUE(!code || code == ERROR_IO_PENDING);
	EXPECT_TRUE(WSAGetOverlappedResult(self->s, self->at, &bytes, TRUE,
					   &flags));
	EXPECT_EQ(5, bytes);
	EXPECT_EQ(8, next_packet(self->port, LONG_MS).key);
	EXPECT_EQ(0, CODE(setsockopt(self->s, SOL_SOCKET,
				     SO_UPDATE_CONNECT_CONTEXT, NULL, 0)));
	peer = accept(self->listener, NULL, NULL);
	EXPECT_EQ(5, recv(peer, buf, sizeof(buf), 0));
	EXPECT_STREQ("hello", buf);
	EXPECT_EQ(WSAEISCONN, connect_begin(self, variant->family, port, NULL,
					    self->at));
	/* It blocks as before. */
	ASSERT_EQ(0, set(self->s, SOL_SOCKET, SO_RCVTIMEO, 20));
	EXPECT_EQ(WSAETIMEDOUT, CODE(recv(self->s, buf, 1, 0)));
}

/* That nobody is there comes with the completion. */
TEST_F(acceptex, connect_refused)
{
	HANDLE event = CreateEvent(NULL, FALSE, FALSE, NULL);
	DWORD bytes = 5;

	ASSERT_EQ(0, bind_any(self->s, variant->family, 0));
	self->at[0].hEvent = event;
	EXPECT_EQ(ERROR_IO_PENDING,
		  connect_begin(self, variant->family,
				free_port(variant->family, SOCK_STREAM), "x",
				self->at));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(event, LONG_MS));
	EXPECT_EQ(WSAECONNREFUSED, result(self->s, self->at, &bytes));
	EXPECT_FALSE(GetOverlappedResult((HANDLE)self->s, self->at, &bytes,
					 FALSE));
	EXPECT_EQ(ERROR_CONNECTION_REFUSED, GetLastError());
	EXPECT_EQ(0, bytes);
	CloseHandle(event);
}

TEST_F(acceptex, connect_refuses)
{
	SOCKADDR_STORAGE addr;
	INT length = any_addr(variant->family, loopback(variant->family), 80,
			      &addr);

	ASSERT_EQ(0, bind_any(self->s, variant->family, 0));
	EXPECT_EQ(ERROR_INVALID_PARAMETER,
		  connect_begin(self, variant->family, 80, NULL, NULL));
	EXPECT_EQ(WSAEFAULT, connect_begin(self, variant->family, 80, NULL,
					   BAD_POINTER));
	EXPECT_FALSE(self->connect_ex(self->s, BAD_POINTER, length, NULL, 0,
				      NULL, self->at));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_FALSE(self->connect_ex(self->s, (SOCKADDR *)&addr, 4, NULL, 0,
				      NULL, self->at));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_EQ(WSAEADDRNOTAVAIL, connect_begin(self, variant->family, 0,
						  NULL, self->at));
	EXPECT_FALSE(self->connect_ex(socket(variant->family, SOCK_DGRAM, 0),
				      (SOCKADDR *)&addr, length, NULL, 0, NULL,
				      self->at));
	EXPECT_EQ(WSAEOPNOTSUPP, WSAGetLastError());
}

/* No more from here, while the peer may go on. */
TEST_F(acceptex, disconnect)
{
	char buf[4];
	int fd;

	EXPECT_FALSE(self->disconnect_ex(self->s, self->at, 0, 0));
	EXPECT_EQ(WSAENOTCONN, WSAGetLastError());
	ASSERT_EQ(ERROR_IO_PENDING, accept_begin(self, self->s, 0, self->at));
	fd = peer_of(self, variant->family);
	EXPECT_EQ(self->at, next_packet(self->port, LONG_MS).overlapped);
	EXPECT_FALSE(self->disconnect_ex(self->s, self->at, 4, 0));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(self->disconnect_ex(self->s, BAD_POINTER, 0, 0));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_TRUE(self->disconnect_ex(self->s, NULL, 0, 0));
	EXPECT_EQ(0, plain_recv_some(fd, buf, 4));
	EXPECT_EQ(WSAESHUTDOWN, CODE(send(self->s, "x", 1, 0)));
	ASSERT_EQ(0, plain_send(fd, "x", 1));
	EXPECT_EQ(1, recv(self->s, buf, 4, 0));
}

/* The socket can accept again, after what was to be sent. */
TEST_F(acceptex, reuse)
{
	const DWORD length = 4u << 20;
	char *mem = calloc(2, length), buf[4];
	HANDLE port;
	int fd, i;

	port = CreateIoCompletionPort((HANDLE)self->s, NULL, 9, 0);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(ERROR_IO_PENDING,
			  accept_begin(self, self->s, 0, self->at));
		fd = peer_of(self, variant->family);
		EXPECT_EQ(self->at,
			  next_packet(self->port, LONG_MS).overlapped);
		ASSERT_EQ(WSA_IO_PENDING, recv_begin(self->s, buf, 4,
						     self->at + 1));
		ASSERT_EQ(WSA_IO_PENDING, send_begin(self->s, mem, length,
						     self->at + 2));
		EXPECT_FALSE(self->disconnect_ex(self->s, self->at + 3,
						 TF_REUSE_SOCKET, 0));
		ASSERT_EQ(ERROR_IO_PENDING, WSAGetLastError());
		ASSERT_EQ(0, plain_recv(fd, mem + length, length));
		EXPECT_EQ(0, plain_recv_some(fd, buf, 4));
		EXPECT_EQ(self->at + 2,
			  next_packet(port, LONG_MS).overlapped);
		/* What waited for data has none. */
		EXPECT_EQ(ERROR_OPERATION_ABORTED,
			  next_packet(port, LONG_MS).code);
		EXPECT_EQ(self->at + 3,
			  next_packet(port, LONG_MS).overlapped);
		plain_close(fd);
	}
	/* And connect, without being bound again. */
	EXPECT_EQ(ERROR_IO_PENDING,
		  connect_begin(self, variant->family,
				plain_port(self->listener), NULL, self->at));
	EXPECT_EQ(self->at, next_packet(port, LONG_MS).overlapped);
	CloseHandle(port);
	free(mem);
}

TEST_HARNESS_MAIN
