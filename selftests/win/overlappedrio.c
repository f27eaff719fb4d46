// SPDX-License-Identifier: GPL-2.0
/* RIO on sockets that AcceptEx() and ConnectEx() connected, on one port. */
#include "rio_test.h"

#define SPACE	(sizeof(SOCKADDR_STORAGE) + 16)
#define CLIENTS	4
#define KEY_ACCEPT	1
#define KEY_RIO		2

FIXTURE(overlappedrio) {
	HANDLE port;
	OVERLAPPED accepted;
	OVERLAPPED told;
	LPFN_ACCEPTEX accept_ex;
	LPFN_DISCONNECTEX disconnect_ex;
	SOCKET listener;
	RIO_CQ cq;
	RIO_BUFFERID id;
	char *mem;
	char out[2 * SPACE];
};

FIXTURE_VARIANT(overlappedrio) {
	int family;
};

FIXTURE_VARIANT_ADD(overlappedrio, v4) { AF_INET };
FIXTURE_VARIANT_ADD(overlappedrio, v6) { AF_INET6 };

static void *extension(SOCKET s, GUID guid)
{
	void *function = NULL;
	DWORD bytes;

	WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof(guid),
		 &function, sizeof(function), &bytes, NULL, NULL);
	return function;
}

static SOCKET listen_on(int family)
{
	SOCKET s = rio_sock(family, SOCK_STREAM);
	SOCKADDR_INET at = { 0 };

	at.si_family = (ADDRESS_FAMILY)family;
	if (bind(s, (struct sockaddr *)&at, family == AF_INET ?
		 sizeof(at.Ipv4) : sizeof(at.Ipv6)) || listen(s, 16))
		return INVALID_SOCKET;
	return s;
}

FIXTURE_SETUP(overlappedrio)
{
	RIO_NOTIFICATION_COMPLETION how = { .Type = RIO_IOCP_COMPLETION };

	ASSERT_EQ(0, rio_start());
	self->listener = listen_on(variant->family);
	ASSERT_NE(INVALID_SOCKET, self->listener);
	self->port = CreateIoCompletionPort((HANDLE)self->listener, NULL,
					    KEY_ACCEPT, 0);
	self->accept_ex = extension(self->listener, (GUID)WSAID_ACCEPTEX);
	self->disconnect_ex = extension(self->listener,
					(GUID)WSAID_DISCONNECTEX);
	how.Iocp.IocpHandle = self->port;
	how.Iocp.CompletionKey = CTX(KEY_RIO);
	how.Iocp.Overlapped = &self->told;
	self->cq = rio.RIOCreateCompletionQueue(64, &how);
	ASSERT_NE(RIO_INVALID_CQ, self->cq);
	self->mem = VirtualAlloc(NULL, MEM, MEM_COMMIT | MEM_RESERVE,
				 PAGE_READWRITE);
	self->id = rio.RIORegisterBuffer(self->mem, MEM);
	ASSERT_NE(RIO_INVALID_BUFFERID, self->id);
}

FIXTURE_TEARDOWN(overlappedrio)
{
	WSACleanup();
	rio.RIOCloseCompletionQueue(self->cq);
	rio.RIODeregisterBuffer(self->id);
	CloseHandle(self->port);
}

/* The socket that will be connected; it can have no request queue before. */
static SOCKET accept_begin(FIXTURE_DATA(overlappedrio) *self, int family)
{
	SOCKET s = rio_sock(family, SOCK_STREAM);
	DWORD bytes;

	if (self->accept_ex(self->listener, s, self->out, 0, SPACE, SPACE,
			    &bytes, &self->accepted) ||
	    GetLastError() != ERROR_IO_PENDING)
		return INVALID_SOCKET;
	return s;
}

static RIO_RQ queue_of(FIXTURE_DATA(overlappedrio) *self, SOCKET s, int n)
{
	return rio.RIOCreateRequestQueue(s, 4, 1, 4, 1, self->cq, self->cq,
					 CTX(n));
}

/* What the next packet is for. */
static ULONG_PTR next_key(FIXTURE_DATA(overlappedrio) *self)
{
	LPOVERLAPPED overlapped;
	ULONG_PTR key;
	DWORD bytes;

	if (!GetQueuedCompletionStatus(self->port, &bytes, &key, &overlapped,
				       LONG_MS))
		return 0;
	if (overlapped != (key == KEY_ACCEPT ? &self->accepted : &self->told))
		return 0;
	return key;
}

/* A server: accepts, receives and sends back, all told by one port. */
TEST_F(overlappedrio, echo)
{
	RIO_RQ rqs[CLIENTS];
	SOCKET s[CLIENTS];
	RIORESULT results[8];
	int fds[CLIENTS], i, done = 0;
	char got[64];
	RIO_BUF buf;
	ULONG n, j;

	for (i = 0; i < CLIENTS; i++) {
		s[i] = accept_begin(self, variant->family);
		ASSERT_NE(INVALID_SOCKET, s[i]);
		fds[i] = plain_connect(variant->family, SOCK_STREAM, false,
				       plain_port(self->listener));
		ASSERT_EQ(KEY_ACCEPT, next_key(self));
		ASSERT_EQ(0, setsockopt(s[i], SOL_SOCKET,
					SO_UPDATE_ACCEPT_CONTEXT,
					(char *)&self->listener,
					sizeof(self->listener)));
		rqs[i] = queue_of(self, s[i], i);
		ASSERT_NE(RIO_INVALID_RQ, rqs[i]);
		buf = rio_buf(self->id, i * 64, 64);
		ASSERT_TRUE(rio.RIOReceive(rqs[i], &buf, 1, 0, CTX(1)));
	}
	ASSERT_EQ(0, rio.RIONotify(self->cq));
	for (i = 0; i < CLIENTS; i++)
		ASSERT_EQ(0, plain_send(fds[i], "echo me", 7));
	while (done < 2 * CLIENTS) {
		ASSERT_EQ(KEY_RIO, next_key(self));
		n = rio.RIODequeueCompletion(self->cq, results, 8);
		for (j = 0; j < n; j++, done++) {
			ASSERT_EQ(0, results[j].Status);
			ASSERT_EQ(7, results[j].BytesTransferred);
			i = (int)results[j].SocketContext;
			buf = rio_buf(self->id, i * 64, 7);
			if (results[j].RequestContext == 1)
				ASSERT_TRUE(rio.RIOSend(rqs[i], &buf, 1, 0,
							CTX(2)));
		}
		ASSERT_EQ(0, rio.RIONotify(self->cq));
	}
	for (i = 0; i < CLIENTS; i++) {
		ASSERT_EQ(0, plain_recv(fds[i], got, 7));
		EXPECT_EQ(0, memcmp(got, "echo me", 7));
		ASSERT_EQ(0, closesocket(s[i]));
	}
}

static int recv_begin(SOCKET s, char *mem, LPOVERLAPPED overlapped)
{
	WSABUF wsabuf = { 16, mem };
	DWORD flags = 0;

	return WSARecv(s, &wsabuf, 1, NULL, &flags, overlapped, NULL) ?
	       WSAGetLastError() : 0;
}

/* A direction is RIO's or of overlapped calls. */
TEST_F(overlappedrio, one_or_the_other)
{
	SOCKET s = accept_begin(self, variant->family);
	OVERLAPPED own = { 0 };
	WSABUF wsabuf = { 16, self->mem };
	DWORD bytes;
	RIO_RQ rq;
	int fd;

	/* Not before it is the socket that it will be. */
	EXPECT_EQ(RIO_INVALID_RQ, queue_of(self, s, 0));
	EXPECT_EQ(ERROR_BUSY, GetLastError());
	fd = plain_connect(variant->family, SOCK_STREAM, false,
			   plain_port(self->listener));
	ASSERT_LE(0, fd);
	ASSERT_EQ(KEY_ACCEPT, next_key(self));
	ASSERT_EQ(WSA_IO_PENDING, recv_begin(s, self->mem, &own));
	EXPECT_EQ(RIO_INVALID_RQ, queue_of(self, s, 0));
	EXPECT_EQ(ERROR_BUSY, GetLastError());
	/* The other direction is free. */
	rq = rio.RIOCreateRequestQueue(s, 0, 0, 4, 1, self->cq, self->cq, NULL);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	EXPECT_EQ(-1, WSASend(s, &wsabuf, 1, &bytes, 0, &own, NULL));
	EXPECT_EQ(ERROR_BUSY, WSAGetLastError());
	EXPECT_FALSE(rio.RIOResizeRequestQueue(rq, 4, 4));
	EXPECT_EQ(ERROR_BUSY, GetLastError());
	EXPECT_TRUE(CancelIoEx((HANDLE)s, NULL));
	EXPECT_TRUE(rio.RIOResizeRequestQueue(rq, 4, 4));
	EXPECT_EQ(ERROR_BUSY, recv_begin(s, self->mem, &own));
	/* One with a queue can't be accepted to. */
	EXPECT_FALSE(self->accept_ex(self->listener, s, self->out, 0, SPACE,
				     SPACE, &bytes, &self->accepted));
	EXPECT_EQ(WSAEINVAL, GetLastError());
}

/* What RIO was to send comes before the end; then it's another socket. */
TEST_F(overlappedrio, disconnected)
{
	RIO_BUF buf = rio_buf(self->id, 0, 7);
	RIORESULT result;
	char got[16];
	RIO_RQ rq;
	SOCKET s;
	int fd, i;

	s = accept_begin(self, variant->family);
	for (i = 0; i < 2; i++) {
		fd = plain_connect(variant->family, SOCK_STREAM, false,
				   plain_port(self->listener));
		ASSERT_EQ(KEY_ACCEPT, next_key(self));
		rq = queue_of(self, s, 0);
		ASSERT_NE(RIO_INVALID_RQ, rq);
		ASSERT_TRUE(rio.RIOSend(rq, &buf, 1, 0, NULL));
		ASSERT_EQ(1, rio_take(self->cq, &result, 1));
		EXPECT_TRUE(self->disconnect_ex(s, NULL, TF_REUSE_SOCKET, 0));
		ASSERT_EQ(0, plain_recv(fd, got, 7));
		EXPECT_EQ(0, plain_recv_some(fd, got, 16));
		EXPECT_FALSE(rio.RIOSend(rq, &buf, 1, 0, NULL));
		plain_close(fd);
		EXPECT_FALSE(self->accept_ex(self->listener, s, self->out, 0,
					     SPACE, SPACE, (DWORD[]){ 0 },
					     &self->accepted));
		ASSERT_EQ(ERROR_IO_PENDING, GetLastError());
	}
}

TEST_HARNESS_MAIN
