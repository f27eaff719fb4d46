// SPDX-License-Identifier: GPL-2.0
/* Overlapped sends and receives: completion ports, events, cancelling. */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "overlapped_test.h"

#define BIG	(16u << 20)
#define SOME	(64u << 10)

FIXTURE(overlapped) {
	WSADATA data;
	HANDLE port;
	SOCKET s;
	int peer;
	OVERLAPPED mem[8];
	LPOVERLAPPED at;
};

FIXTURE_VARIANT(overlapped) {
	int family;
};

FIXTURE_VARIANT_ADD(overlapped, v4) { AF_INET };
FIXTURE_VARIANT_ADD(overlapped, v6) { AF_INET6 };

FIXTURE_SETUP(overlapped)
{
	SOCKET listener;
	int fd;

	self->at = self->mem;
	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &self->data));
	self->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
	listener = listener_on(variant->family);
	fd = plain_connect(variant->family, SOCK_STREAM, false,
			   plain_port(listener));
	self->s = accept(listener, NULL, NULL);
	self->peer = fd;
	ASSERT_NE(INVALID_SOCKET, self->s);
	ASSERT_EQ(0, closesocket(listener));
	ASSERT_EQ(self->port, CreateIoCompletionPort((HANDLE)self->s,
						     self->port, 77, 0));
}

FIXTURE_TEARDOWN(overlapped)
{
	EXPECT_EQ(0, WSACleanup());
	CloseHandle(self->port);
}

/* What is there is received at once, and there is a packet all the same. */
TEST_F(overlapped, at_once)
{
	char buf[8] = "", zero;
	WSABUF bufs[2] = { { 2, buf }, { 6, buf + 2 } };
	DWORD bytes = 0, flags = 0;
	struct packet p;

	ASSERT_EQ(0, plain_send(self->peer, "hello", 5));
	ASSERT_TRUE(plain_readable(self->s, LONG_MS));
	ASSERT_EQ(0, CODE(WSARecv(self->s, bufs, 2, &bytes, &flags, self->at,
				  NULL)));
	EXPECT_EQ(5, bytes);
	EXPECT_STREQ("hello", buf);
	EXPECT_TRUE(HasOverlappedIoCompleted(self->at));
	EXPECT_EQ(5, self->at[0].InternalHigh);
	p = next_packet(self->port, 0);
	EXPECT_EQ(0, p.code);
	EXPECT_EQ(5, p.bytes);
	EXPECT_EQ(77, p.key);
	EXPECT_EQ(self->at, p.overlapped);
	ASSERT_EQ(0, CODE(WSASend(self->s, bufs, 1, &bytes, 0, self->at + 1,
				  NULL)));
	EXPECT_EQ(2, bytes);
	EXPECT_EQ(self->at + 1, next_packet(self->port, 0).overlapped);
	ASSERT_EQ(0, plain_recv(self->peer, buf, 2));
	EXPECT_FALSE(plain_readable(self->peer, 0));
	EXPECT_EQ(WSAEWOULDBLOCK, (set_nonblocking(self->s),
				   CODE(recv(self->s, &zero, 1, 0))));
}

/* No packet for that, if so wished; one for what had to wait. */
TEST_F(overlapped, skip_on_success)
{
	const UCHAR modes = FILE_SKIP_COMPLETION_PORT_ON_SUCCESS |
			    FILE_SKIP_SET_EVENT_ON_HANDLE;
	char buf[8];

	ASSERT_TRUE(SetFileCompletionNotificationModes((HANDLE)self->s, modes));
	EXPECT_EQ(0, send_begin(self->s, "x", 1, self->at));
	EXPECT_TRUE(no_packet(self->port));
	EXPECT_EQ(WSA_IO_PENDING, recv_begin(self->s, buf, 8, self->at));
	ASSERT_EQ(0, plain_send(self->peer, "yz", 2));
	EXPECT_EQ(2, next_packet(self->port, LONG_MS).bytes);
	EXPECT_FALSE(SetFileCompletionNotificationModes((HANDLE)self->s, 4));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_FALSE(SetFileCompletionNotificationModes((HANDLE)9999, 1));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
}

/* Requests wait their turn, each for some of the stream. */
TEST_F(overlapped, order)
{
	char buf[8][2] = { 0 };
	struct packet p;
	int i;

	for (i = 0; i < 8; i++)
		ASSERT_EQ(WSA_IO_PENDING,
			  recv_begin(self->s, buf[i], 1, self->at + i));
	EXPECT_FALSE(HasOverlappedIoCompleted(self->at));
	EXPECT_EQ(0x103, self->at[0].Internal);
	EXPECT_TRUE(no_packet(self->port));
	ASSERT_EQ(0, plain_send(self->peer, "abcd", 4));
	for (i = 0; i < 8; i++) {
		p = next_packet(self->port, LONG_MS);
		ASSERT_EQ(0, p.code);
		ASSERT_EQ(self->at + i, p.overlapped);
		ASSERT_EQ(1, p.bytes);
		EXPECT_EQ('a' + i, buf[i][0]);
		if (i == 3)
			ASSERT_EQ(0, plain_send(self->peer, "efgh", 4));
	}
}

/*
 * All of it is sent, however long that takes, and in order: also those that
 * there would be some room for already, when the one before waits for more.
 */
TEST_F_TIMEOUT(overlapped, sends_all, 120)
{
	char *mem = malloc(BIG), *got = malloc(BIG + 6);
	DWORD i, bytes = 0, read = 0;

	for (i = 0; i < BIG; i++)
		mem[i] = (char)(i * 7 + (i >> 9));
	ASSERT_EQ(WSA_IO_PENDING, send_begin(self->s, mem, BIG, self->at));
	for (i = 0; i < 6; i++, read += SOME) {
		ASSERT_EQ(0, plain_recv(self->peer, got + read, SOME));
		Sleep(2);
		ASSERT_EQ(WSA_IO_PENDING, send_begin(self->s, "123456" + i, 1,
						     self->at + 1 + i));
	}
	EXPECT_TRUE(no_packet(self->port));
	ASSERT_EQ(0, shutdown(self->s, SD_SEND));
	ASSERT_EQ(0, plain_recv(self->peer, got + read, BIG + 6 - read));
	EXPECT_EQ(0, memcmp(got, mem, BIG));
	EXPECT_EQ(0, memcmp(got + BIG, "123456", 6));
	for (i = 0; i < 7; i++)
		EXPECT_EQ(self->at + i,
			  next_packet(self->port, LONG_MS).overlapped);
	EXPECT_EQ(0, result(self->s, self->at, &bytes));
	EXPECT_EQ(BIG, bytes);
	/* After them came the end. */
	EXPECT_EQ(0, plain_recv_some(self->peer, got, 1));
	EXPECT_EQ(WSAESHUTDOWN, send_begin(self->s, "x", 1, self->at));
}

/* To receive nothing is to wait for something. */
TEST_F(overlapped, no_bytes)
{
	char buf[4];

	ASSERT_EQ(WSA_IO_PENDING, recv_begin(self->s, NULL, 0, self->at));
	EXPECT_TRUE(no_packet(self->port));
	ASSERT_EQ(0, plain_send(self->peer, "abc", 3));
	EXPECT_EQ(self->at, next_packet(self->port, LONG_MS).overlapped);
	EXPECT_EQ(0, recv_begin(self->s, buf, 4, self->at));
	EXPECT_EQ(3, next_packet(self->port, 0).bytes);
}

TEST_F(overlapped, wait_all)
{
	char buf[6];
	WSABUF wsabuf = { 6, buf };
	DWORD flags = MSG_WAITALL;

	ASSERT_EQ(WSA_IO_PENDING, CODE(WSARecv(self->s, &wsabuf, 1, NULL,
					       &flags, self->at, NULL)));
	ASSERT_EQ(0, plain_send(self->peer, "abc", 3));
	EXPECT_TRUE(no_packet(self->port));
	ASSERT_EQ(0, plain_send(self->peer, "def", 3));
	EXPECT_EQ(6, next_packet(self->port, LONG_MS).bytes);
	EXPECT_EQ(0, memcmp(buf, "abcdef", 6));
}

/* The end is no bytes; a reset has a code for each who asks. */
TEST_F(overlapped, ends)
{
	DWORD bytes = 5;
	struct packet p;
	char buf[4];

	ASSERT_EQ(WSA_IO_PENDING, recv_begin(self->s, buf, 4, self->at));
	ASSERT_EQ(0, plain_shutdown(self->peer));
	p = next_packet(self->port, LONG_MS);
	EXPECT_EQ(0, p.code);
	EXPECT_EQ(0, p.bytes);
	EXPECT_EQ(self->at, p.overlapped);
	EXPECT_EQ(0, result(self->s, self->at, &bytes));
	EXPECT_EQ(0, bytes);
}

TEST_F(overlapped, reset)
{
	DWORD bytes = 5;
	struct packet p;
	char buf[4];

	ASSERT_EQ(WSA_IO_PENDING, recv_begin(self->s, buf, 4, self->at));
	ASSERT_EQ(0, plain_reset(self->peer));
	p = next_packet(self->port, LONG_MS);
	EXPECT_EQ(ERROR_NETNAME_DELETED, p.code);
	EXPECT_EQ(self->at, p.overlapped);
	EXPECT_EQ(77, p.key);
	EXPECT_EQ(0xc000020d, self->at[0].Internal);
	EXPECT_EQ(WSAECONNRESET, result(self->s, self->at, &bytes));
	EXPECT_EQ(0, bytes);
	EXPECT_FALSE(GetOverlappedResult((HANDLE)self->s, self->at, &bytes,
					 FALSE));
	EXPECT_EQ(ERROR_NETNAME_DELETED, GetLastError());
	/* What fails at once has no packet. */
	EXPECT_EQ(WSAECONNABORTED, send_begin(self->s, "x", 1, self->at));
	EXPECT_TRUE(HasOverlappedIoCompleted(self->at));
	EXPECT_TRUE(no_packet(self->port));
}

/* The event is reset when it begins, and set at the end; packets come too. */
TEST_F(overlapped, event)
{
	HANDLE event = CreateEvent(NULL, TRUE, TRUE, NULL);
	DWORD bytes = 0;
	char buf[4];

	self->at[0].hEvent = event;
	ASSERT_EQ(WSA_IO_PENDING, recv_begin(self->s, buf, 4, self->at));
	EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(event, 0));
	EXPECT_FALSE(WSAGetOverlappedResult(self->s, self->at, &bytes, FALSE,
					    &bytes));
	EXPECT_EQ(WSA_IO_INCOMPLETE, WSAGetLastError());
	ASSERT_EQ(0, plain_send(self->peer, "ab", 2));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(event, LONG_MS));
	EXPECT_EQ(0, result(self->s, self->at, &bytes));
	EXPECT_EQ(2, bytes);
	EXPECT_EQ(self->at, next_packet(self->port, LONG_MS).overlapped);
	ResetEvent(event);
	EXPECT_EQ(0, send_begin(self->s, "x", 1, self->at));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(event, 0));
	EXPECT_EQ(self->at, next_packet(self->port, 0).overlapped);
	CloseHandle(event);
}

/* An event's lowest bit: no packet. */
TEST_F(overlapped, event_without_packet)
{
	HANDLE event = CreateEvent(NULL, FALSE, FALSE, NULL);
	DWORD bytes = 0;
	char buf[4];

	self->at[0].hEvent = (HANDLE)((ULONG_PTR)event | 1);
	ASSERT_EQ(WSA_IO_PENDING, recv_begin(self->s, buf, 4, self->at));
	ASSERT_EQ(0, plain_send(self->peer, "ab", 2));
	EXPECT_EQ(0, result(self->s, self->at, &bytes));
	EXPECT_EQ(2, bytes);
	EXPECT_EQ(0, send_begin(self->s, "x", 1, self->at));
	EXPECT_TRUE(no_packet(self->port));
	CloseHandle(event);
}

struct sender {
	int peer;
	int err;
};

static DWORD WINAPI send_later(LPVOID parameter)
{
	struct sender *sender = parameter;

	Sleep(SHORT_MS);
	sender->err = plain_send(sender->peer, "late", 4);
	return 0;
}

/* Neither event nor port is needed to wait. */
TEST_F(overlapped, wait_without_event)
{
	struct sender sender = { self->peer, 0 };
	DWORD bytes = 0;
	HANDLE thread;
	char buf[4];

	ASSERT_EQ(WSA_IO_PENDING, recv_begin(self->s, buf, 4, self->at));
	thread = CreateThread(NULL, 0, send_later, &sender, 0, NULL);
	EXPECT_TRUE(GetOverlappedResult((HANDLE)self->s, self->at, &bytes,
					TRUE));
	EXPECT_EQ(4, bytes);
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, LONG_MS));
	CloseHandle(thread);
}

/* One of several, by its OVERLAPPED; then the others. */
TEST_F(overlapped, cancel)
{
	struct packet p;
	char buf[3][4];
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(WSA_IO_PENDING,
			  recv_begin(self->s, buf[i], 4, self->at + i));
	ASSERT_TRUE(CancelIoEx((HANDLE)self->s, self->at + 1));
	p = next_packet(self->port, 0);
	EXPECT_EQ(self->at + 1, p.overlapped);
	EXPECT_EQ(ERROR_OPERATION_ABORTED, p.code);
	EXPECT_EQ(0xc0000120, self->at[1].Internal);
	EXPECT_FALSE(CancelIoEx((HANDLE)self->s, self->at + 1));
	EXPECT_EQ(ERROR_NOT_FOUND, GetLastError());
	EXPECT_TRUE(CancelIoEx((HANDLE)self->s, NULL));
	EXPECT_EQ(self->at, next_packet(self->port, 0).overlapped);
	EXPECT_EQ(self->at + 2, next_packet(self->port, 0).overlapped);
	EXPECT_FALSE(CancelIoEx((HANDLE)self->s, NULL));
	EXPECT_EQ(ERROR_NOT_FOUND, GetLastError());
	/* The stream is whole. */
	ASSERT_EQ(0, plain_send(self->peer, "abc", 3));
	ASSERT_TRUE(plain_readable(self->s, LONG_MS));
	EXPECT_EQ(0, recv_begin(self->s, buf[0], 4, self->at));
	EXPECT_EQ(3, next_packet(self->port, 0).bytes);
	EXPECT_FALSE(CancelIoEx((HANDLE)9999, NULL));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
	EXPECT_FALSE(CancelIoEx((HANDLE)0x20000000, NULL));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
	/* What has nothing to cancel. */
	EXPECT_FALSE(CancelIoEx(self->port, NULL));
	EXPECT_EQ(ERROR_NOT_FOUND, GetLastError());
	EXPECT_TRUE(CancelIo(self->port));
}

static DWORD WINAPI cancel_own(LPVOID parameter)
{
	return CancelIo(parameter);
}

/* CancelIo() is for what this thread began. */
TEST_F(overlapped, cancel_own)
{
	HANDLE thread;
	char buf[4];
	DWORD code;

	ASSERT_EQ(WSA_IO_PENDING, recv_begin(self->s, buf, 4, self->at));
	thread = CreateThread(NULL, 0, cancel_own, (LPVOID)self->s, 0, NULL);
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, LONG_MS));
	EXPECT_TRUE(GetExitCodeThread(thread, &code));
	EXPECT_EQ(TRUE, code);
	EXPECT_TRUE(no_packet(self->port));
	EXPECT_TRUE(CancelIo((HANDLE)self->s));
	EXPECT_EQ(ERROR_OPERATION_ABORTED, next_packet(self->port, 0).code);
	EXPECT_TRUE(CancelIo((HANDLE)self->s));
	CloseHandle(thread);
}

/* Packets come for what was pending, and nothing is touched afterwards. */
TEST_F(overlapped, closed)
{
	char *mem = malloc(BIG);
	struct packet p;
	char buf[4];
	int i;

	memset(mem, 1, BIG);
	ASSERT_EQ(WSA_IO_PENDING, recv_begin(self->s, buf, 4, self->at));
	ASSERT_EQ(WSA_IO_PENDING, recv_begin(self->s, buf, 4, self->at + 1));
	ASSERT_EQ(WSA_IO_PENDING, send_begin(self->s, mem, BIG, self->at + 2));
	ASSERT_EQ(0, closesocket(self->s));
	for (i = 0; i < 3; i++) {
		p = next_packet(self->port, 0);
		EXPECT_EQ(self->at + i, p.overlapped);
		EXPECT_EQ(ERROR_OPERATION_ABORTED, p.code);
		EXPECT_EQ(77, p.key);
	}
	EXPECT_TRUE(no_packet(self->port));
	EXPECT_EQ(WSAENOTSOCK, recv_begin(self->s, buf, 4, self->at));
	free(mem);
}

/* A descriptor that comes back has nothing of what was before. */
TEST_F(overlapped, association_ends)
{
	HANDLE other = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
	char buf[4];
	SOCKET s;

	EXPECT_EQ(NULL, CreateIoCompletionPort((HANDLE)self->s, other, 1, 0));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	ASSERT_EQ(0, closesocket(self->s));
	s = socket(variant->family, SOCK_DGRAM, 0);
	ASSERT_EQ(self->s, s);
	ASSERT_EQ(0, bind_any(s, variant->family, 0));
	ASSERT_EQ(WSA_IO_PENDING, recv_begin(s, buf, 4, self->at));
	ASSERT_TRUE(CancelIoEx((HANDLE)s, NULL));
	EXPECT_TRUE(no_packet(self->port));
	EXPECT_EQ(other, CreateIoCompletionPort((HANDLE)s, other, 1, 0));
	ASSERT_EQ(WSA_IO_PENDING, recv_begin(s, buf, 4, self->at));
	ASSERT_EQ(0, closesocket(s));
	EXPECT_EQ(1, next_packet(other, 0).key);
	EXPECT_TRUE(CloseHandle(other));
}

/* A port for a socket, in one call; and closed before what it is to be told. */
TEST_F(overlapped, port_with_socket)
{
	SOCKET s = socket(variant->family, SOCK_DGRAM, 0);
	HANDLE port = CreateIoCompletionPort((HANDLE)s, NULL, 3, 1);
	char buf[4];

	ASSERT_NE(NULL, port);
	ASSERT_EQ(0, bind_any(s, variant->family, 0));
	ASSERT_EQ(WSA_IO_PENDING, recv_begin(s, buf, 4, self->at));
	ASSERT_TRUE(CloseHandle(port));
	ASSERT_EQ(0, closesocket(s));
	EXPECT_TRUE(HasOverlappedIoCompleted(self->at));
	EXPECT_EQ(NULL, CreateIoCompletionPort((HANDLE)9999, NULL, 0, 0));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
	EXPECT_EQ(NULL, CreateIoCompletionPort((HANDLE)self->s,
					       (HANDLE)0x20000000, 0, 0));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
}

/* What can't be: refused at once, nothing comes later, no signal. */
TEST_F(overlapped, refuses)
{
	SOCKET fresh = socket(variant->family, SOCK_STREAM, 0);
	char buf[4];
	WSABUF wsabuf = { 4, buf };
	DWORD flags = 0, bytes;

	EXPECT_EQ(WSAEFAULT, recv_begin(self->s, buf, 4, BAD_POINTER));
	EXPECT_EQ(WSAEFAULT, CODE(WSARecv(self->s, &wsabuf, 1, NULL, NULL,
					  self->at, NULL)));
	EXPECT_EQ(WSAEFAULT, CODE(WSARecv(self->s, BAD_POINTER, 1, NULL, &flags,
					  self->at, NULL)));
	EXPECT_EQ(WSAEFAULT, CODE(WSASend(self->s, NULL, 1, NULL, 0, self->at,
					  NULL)));
	EXPECT_EQ(WSAEINVAL, CODE(WSASend(self->s, &wsabuf, 0, NULL, 0,
					  self->at, NULL)));
	EXPECT_EQ(WSAEFAULT, send_begin(self->s, BAD_POINTER, 4, self->at));
	EXPECT_EQ(WSAENOTCONN, recv_begin(fresh, buf, 4, self->at));
	EXPECT_EQ(WSAENOTCONN, send_begin(fresh, buf, 4, self->at));
	EXPECT_EQ(WSAENOTSOCK, recv_begin(9999, buf, 4, self->at));
	self->at[0].hEvent = (HANDLE)0x20000000;
	EXPECT_EQ(WSA_INVALID_HANDLE, recv_begin(self->s, buf, 4, self->at));
	EXPECT_TRUE(HasOverlappedIoCompleted(self->at));
	EXPECT_FALSE(WSAGetOverlappedResult(9999, self->at, &bytes, FALSE,
					    &flags));
	EXPECT_EQ(WSAENOTSOCK, WSAGetLastError());
	EXPECT_FALSE(WSAGetOverlappedResult(self->s, self->at, &bytes, FALSE,
					    NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
	EXPECT_TRUE(no_packet(self->port));
}

/* Memory that has gone when data come fails that request only. */
TEST_F(overlapped, buffer_unmapped)
{
	char *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_EQ(WSA_IO_PENDING, recv_begin(self->s, mem, 4, self->at));
	munmap(mem, 4096);
	ASSERT_EQ(0, plain_send(self->peer, "abcd", 4));
	EXPECT_EQ(ERROR_NOACCESS, next_packet(self->port, LONG_MS).code);
	EXPECT_EQ(WSAEFAULT, result(self->s, self->at, (DWORD[]){ 0 }));
}

static SOCKET bound(int family, HANDLE port, ULONG_PTR key)
{
	SOCKET s = socket(family, SOCK_DGRAM, 0);

	if (bind_any(s, family, 0) ||
	    !CreateIoCompletionPort((HANDLE)s, port, key, 0))
		return INVALID_SOCKET;
	return s;
}

/* Each has one datagram, and who sent it. */
TEST_F(overlapped, datagrams)
{
	SOCKET s = bound(variant->family, self->port, 5);
	INT lengths[2] = { sizeof(SOCKADDR_STORAGE), sizeof(SOCKADDR_STORAGE) };
	int fd = plain_bind(variant->family, SOCK_DGRAM, false);
	char buf[2][4];
	SOCKADDR_STORAGE from[2];
	DWORD flags = 0, bytes;
	struct packet p;
	WSABUF wsabuf;
	int i, port;

	for (i = 0; i < 2; i++) {
		wsabuf = (WSABUF){ 4, buf[i] };
		ASSERT_EQ(WSA_IO_PENDING,
			  CODE(WSARecvFrom(s, &wsabuf, 1, NULL, &flags,
					   (SOCKADDR *)&from[i], &lengths[i],
					   self->at + i, NULL)));
	}
	ASSERT_EQ(0, plain_sendto(fd, "abc", 3, false, plain_port(s)));
	p = next_packet(self->port, LONG_MS);
	EXPECT_EQ(self->at, p.overlapped);
	EXPECT_EQ(3, p.bytes);
	EXPECT_EQ(5, p.key);
	EXPECT_EQ(variant->family, from[0].ss_family);
	EXPECT_EQ(plain_port(fd), ntohs(SS_PORT(&from[0])));
	EXPECT_EQ(variant->family == AF_INET ? sizeof(SOCKADDR_IN) :
		  sizeof(SOCKADDR_IN6), lengths[0]);
	/* Too much: what fits, and a code. */
	ASSERT_EQ(0, plain_sendto(fd, "abcdef", 6, false, plain_port(s)));
	p = next_packet(self->port, LONG_MS);
	EXPECT_EQ(self->at + 1, p.overlapped);
	EXPECT_EQ(ERROR_MORE_DATA, p.code);
	EXPECT_EQ(4, p.bytes);
	EXPECT_EQ(WSAEMSGSIZE, result(s, self->at + 1, &bytes));
	/* Also if it's there already: it has been received, so there's one. */
	ASSERT_EQ(0, plain_sendto(fd, "abcdef", 6, false, plain_port(s)));
	ASSERT_TRUE(plain_readable(s, LONG_MS));
	EXPECT_EQ(WSA_IO_PENDING, recv_begin(s, buf[1], 4, self->at + 1));
	EXPECT_EQ(ERROR_MORE_DATA, next_packet(self->port, 0).code);
	/* Back to where it came from. */
	wsabuf = (WSABUF){ 4, buf[1] };
	ASSERT_EQ(0, CODE(WSASendTo(s, &wsabuf, 1, &bytes, 0,
				    (SOCKADDR *)&from[0], lengths[0],
				    self->at, NULL)));
	EXPECT_EQ(4, next_packet(self->port, 0).bytes);
	ASSERT_EQ(4, plain_recvfrom(fd, buf[0], 4, &port));
	EXPECT_EQ(plain_port(s), port);
	EXPECT_EQ(WSAEFAULT, CODE(WSASendTo(s, &wsabuf, 1, NULL, 0,
					    BAD_POINTER, lengths[0], self->at,
					    NULL)));
}

/* What was sent to a closed port comes back to who receives. */
TEST_F(overlapped, unreachable)
{
	SOCKET s = bound(variant->family, self->port, 5);
	int port = free_port(variant->family, SOCK_DGRAM);
	char buf[4];

	ASSERT_EQ(0, connect_to(s, variant->family, port));
	ASSERT_EQ(WSA_IO_PENDING, recv_begin(s, buf, 4, self->at));
	ASSERT_EQ(0, send_begin(s, "x", 1, self->at + 1));
	EXPECT_EQ(self->at + 1, next_packet(self->port, LONG_MS).overlapped);
	EXPECT_EQ(self->at, next_packet(self->port, LONG_MS).overlapped);
	EXPECT_EQ(WSAECONNRESET, result(s, self->at, (DWORD[]){ 0 }));
}

/* A child has none of it, and may begin anew; it ends nothing here. */
TEST_F(overlapped, forked)
{
	HANDLE port;
	int status;
	char buf[4];
	pid_t pid;

	ASSERT_EQ(WSA_IO_PENDING, recv_begin(self->s, buf, 4, self->at));
	pid = fork();
	if (!pid) {
		if (CancelIoEx((HANDLE)self->s, NULL))
			_exit(1);
		port = CreateIoCompletionPort((HANDLE)self->s, NULL, 9, 0);
		if (!port)
			_exit(2);
		if (recv_begin(self->s, buf, 4, self->at + 1) !=
		    WSA_IO_PENDING || closesocket(self->s))
			_exit(3);
		_exit(next_packet(port, 0).overlapped == self->at + 1 ? 0 : 4);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_FALSE(HasOverlappedIoCompleted(self->at));
	ASSERT_EQ(0, plain_send(self->peer, "abc", 3));
	EXPECT_EQ(3, next_packet(self->port, LONG_MS).bytes);
}

struct storm {
	HANDLE port;
	SOCKET s;
	volatile LONG packets;
	volatile LONG aborted;
};

static DWORD WINAPI count_packets(LPVOID parameter)
{
	struct storm *storm = parameter;
	struct packet p;

	for (;;) {
		p = next_packet(storm->port, INFINITE);
		if (!p.overlapped)
			return 0;
		InterlockedIncrement(&storm->packets);
		if (p.code)
			InterlockedIncrement(&storm->aborted);
		free(p.overlapped);
	}
}

/* Each has one packet, whoever cancels, sends, or takes them meanwhile. */
TEST_F_TIMEOUT(overlapped, storm, 120)
{
	struct storm storm = { .port = self->port };
	const int rounds = 3000;
	LPOVERLAPPED overlapped;
	static char buf[64];
	HANDLE threads[2];
	int i, code;

	for (i = 0; i < 2; i++)
		threads[i] = CreateThread(NULL, 0, count_packets, &storm, 0,
					  NULL);
	for (i = 0; i < rounds; i++) {
		overlapped = calloc(1, sizeof(*overlapped));
		code = recv_begin(self->s, buf, sizeof(buf), overlapped);
		ASSERT_TRUE(!code || code == WSA_IO_PENDING);
		if (i % 3 == 0)
			CancelIoEx((HANDLE)self->s, NULL);
		else if (i % 3 == 1)
			ASSERT_EQ(0, plain_send(self->peer, "x", 1));
	}
	CancelIoEx((HANDLE)self->s, NULL);
	while (InterlockedOr(&storm.packets, 0) < rounds)
		Sleep(1);
	EXPECT_TRUE(CloseHandle(self->port));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForMultipleObjects(2, threads, TRUE,
							LONG_MS));
	EXPECT_EQ(rounds, storm.packets);
	EXPECT_LT(0, storm.aborted);
}

struct receive {
	OVERLAPPED overlapped;
	struct receive *next;
};

struct closing {
	volatile LONG sock;
	volatile LONG stop;
	struct receive *pending;
	int odd;
};

/* Receives from a socket that is closed, and made again, at any time. */
static DWORD WINAPI receive_always(LPVOID parameter)
{
	struct closing *closing = parameter;
	struct receive *receive;
	static char buf[64];
	int code;

	while (!InterlockedOr(&closing->stop, 0)) {
		receive = calloc(1, sizeof(*receive));
		code = recv_begin(InterlockedOr(&closing->sock, 0), buf,
				  sizeof(buf), &receive->overlapped);
		if (code == WSA_IO_PENDING) {
			receive->next = closing->pending;
			__atomic_store_n(&closing->pending, receive,
					 __ATOMIC_RELEASE);
		} else {
			free(receive);
		}
		/* WSAEINVAL: it's the next one, and not bound yet. */
		if (code != WSA_IO_PENDING && code != WSAENOTSOCK &&
		    code != WSAEINVAL)
			closing->odd = code;
	}
	return 0;
}

static bool is_met(const struct closing *closing)
{
	return __atomic_load_n(&closing->pending, __ATOMIC_ACQUIRE);
}

/* Nothing is left in a socket that has gone, nor taken from its successor. */
TEST_F_TIMEOUT(overlapped, closed_under_use, 120)
{
	struct closing closing = { .sock = 9999 };
	int i, nr = 0, left = 0;
	struct receive *receive;
	HANDLE thread;
	SOCKET s;

	thread = CreateThread(NULL, 0, receive_always, &closing, 0, NULL);
	/* And until it has met one of them. */
	for (i = 0; i < 2000 || !is_met(&closing); i++) {
		s = socket(variant->family, SOCK_DGRAM, 0);
		ASSERT_NE(INVALID_SOCKET, s);
		ASSERT_EQ(0, bind_any(s, variant->family, 0));
		InterlockedExchange(&closing.sock, (LONG)s);
		SwitchToThread();
		ASSERT_EQ(0, closesocket(s));
	}
	InterlockedExchange(&closing.stop, 1);
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, LONG_MS));
	for (receive = closing.pending; receive; receive = receive->next) {
		nr++;
		left += !HasOverlappedIoCompleted(&receive->overlapped);
	}
	EXPECT_LT(0, nr);
	EXPECT_EQ(0, left);
	EXPECT_EQ(0, closing.odd);
	CloseHandle(thread);
}

TEST_HARNESS_MAIN
