// SPDX-License-Identifier: GPL-2.0
/* RIOSendEx and RIOReceiveEx: addresses, control data, flags. */

#include "rio_test.h"
#include "plain_rio.h"

/* Where things are in the buffer. */
#define DATA	0u
#define LOCAL	(2 * PAGE)
#define REMOTE	(3 * PAGE)
#define CONTROL	(4 * PAGE)
#define FLAGS	(5 * PAGE)

FIXTURE(ex) {
	RIO_CQ cq;
	char *mem;
	RIO_BUFFERID id;
	SOCKET sock;
	RIO_RQ rq;
	int port;
	int peer;
	RIO_BUF data;
	RIO_BUF local;
	RIO_BUF remote;
	RIO_BUF control;
	RIO_BUF flags;
};

FIXTURE_VARIANT(ex) {
	int family;
};

FIXTURE_VARIANT_ADD(ex, ipv4) {
	.family = AF_INET,
};

FIXTURE_VARIANT_ADD(ex, ipv6) {
	.family = AF_INET6,
};

/* Bound to no address, so that a datagram's own can be told from it. */
static SOCKET any(int family, int *port)
{
	SOCKET sock = rio_sock(family, SOCK_DGRAM);
	SOCKADDR_INET at = { 0 };

	at.si_family = family;
	if (bind(sock, (struct sockaddr *)&at, family == AF_INET ?
		 sizeof(at.Ipv4) : sizeof(at.Ipv6)))
		return INVALID_SOCKET;
	*port = plain_port(sock);
	return sock;
}

static void loopback(SOCKADDR_INET *at, int family, int port)
{
	memset(at, 0, sizeof(*at));
	at->si_family = family;
	at->Ipv4.sin_port = htons(port);
	if (family == AF_INET)
		at->Ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		at->Ipv6.sin6_addr.s6_addr[15] = 1;
}

FIXTURE_SETUP(ex)
{
	ASSERT_EQ(0, rio_start());
	self->cq = rio.RIOCreateCompletionQueue(300, NULL);
	ASSERT_NE(RIO_INVALID_CQ, self->cq);
	self->mem = VirtualAlloc(NULL, MEM, MEM_COMMIT | MEM_RESERVE,
				 PAGE_READWRITE);
	self->id = rio.RIORegisterBuffer(self->mem, MEM);
	ASSERT_NE(RIO_INVALID_BUFFERID, self->id);
	self->sock = any(variant->family, &self->port);
	ASSERT_NE(INVALID_SOCKET, self->sock);
	self->rq = rio.RIOCreateRequestQueue(self->sock, 200, 1, 100, 1,
					     self->cq, self->cq, CTX(7));
	ASSERT_NE(RIO_INVALID_RQ, self->rq);
	self->peer = plain_bind(variant->family, SOCK_DGRAM, false);
	self->data = rio_buf(self->id, DATA, 100);
	self->local = rio_buf(self->id, LOCAL, sizeof(SOCKADDR_INET));
	self->remote = rio_buf(self->id, REMOTE, sizeof(SOCKADDR_INET));
	self->control = rio_buf(self->id, CONTROL, 264);
	self->flags = rio_buf(self->id, FLAGS, sizeof(DWORD));
	memset(self->mem, 0xee, MEM);
}

FIXTURE_TEARDOWN(ex)
{
	closesocket(self->sock);
	rio.RIOCloseCompletionQueue(self->cq);
	rio.RIODeregisterBuffer(self->id);
	plain_close(self->peer);
	WSACleanup();
}

#define AT(type, offset)	((type *)(self->mem + (offset)))

/* R9, R10, P5: everything at once, in one buffer. */
TEST_F(ex, receive_everything)
{
	SOCKADDR_INET local, remote;
	RIORESULT result;

	ASSERT_TRUE(rio.RIOReceiveEx(self->rq, &self->data, 1, &self->local,
				     &self->remote, &self->control,
				     &self->flags, 0, CTX(1)));
	ASSERT_EQ(0, plain_sendto(self->peer, "abc", 3, false, self->port));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	EXPECT_EQ(3, result.BytesTransferred);
	EXPECT_EQ(0, memcmp(self->mem, "abc", 3));
	loopback(&local, variant->family, self->port);
	loopback(&remote, variant->family, plain_port(self->peer));
	EXPECT_EQ(0, memcmp(&local, self->mem + LOCAL, sizeof(local)));
	EXPECT_EQ(0, memcmp(&remote, self->mem + REMOTE, sizeof(remote)));
	EXPECT_EQ(0, *AT(DWORD, FLAGS));
}

/* R9: each by itself. */
TEST_F(ex, receive_one_of_them)
{
	SOCKADDR_INET local, remote;
	RIORESULT result;
	int i;

	loopback(&local, variant->family, self->port);
	loopback(&remote, variant->family, plain_port(self->peer));
	for (i = 0; i < 5; i++) {
		ASSERT_TRUE(rio.RIOReceiveEx(self->rq, &self->data, 1,
					     i == 0 ? &self->local : NULL,
					     i == 1 ? &self->remote : NULL,
					     i == 2 ? &self->control : NULL,
					     i == 3 ? &self->flags : NULL, 0,
					     CTX(i)));
		ASSERT_EQ(0, plain_sendto(self->peer, "abc", 3, false,
					  self->port));
		ASSERT_EQ(1, rio_take(self->cq, &result, 1));
		EXPECT_EQ(0, result.Status);
		EXPECT_EQ(i, result.RequestContext);
	}
	EXPECT_EQ(0, memcmp(&local, self->mem + LOCAL, sizeof(local)));
	EXPECT_EQ(0, memcmp(&remote, self->mem + REMOTE, sizeof(remote)));
	EXPECT_EQ(0, *AT(DWORD, FLAGS));
	EXPECT_LE(RIO_CMSG_BASE_SIZE, *AT(DWORD, CONTROL));
}

/* R8: SOCKADDR_INET, or as much more as one likes. */
TEST_F(ex, sizes_of_addresses)
{
	static const ULONG good[] = { 28, 32, 64, sizeof(SOCKADDR_STORAGE) };
	RIORESULT result;
	size_t i;

	for (i = 0; i < NR(good); i++) {
		self->remote.Length = good[i];
		self->local.Length = good[i];
		memset(self->mem + REMOTE, 0xee, 256);
		ASSERT_TRUE(rio.RIOReceiveEx(self->rq, &self->data, 1,
					     &self->local, &self->remote, NULL,
					     NULL, 0, NULL));
		ASSERT_EQ(0, plain_sendto(self->peer, "abc", 3, false,
					  self->port));
		ASSERT_EQ(1, rio_take(self->cq, &result, 1));
		EXPECT_EQ(variant->family,
			  AT(SOCKADDR_INET, REMOTE)->si_family);
		EXPECT_EQ((char)0xee, self->mem[REMOTE + 28]);
	}
	self->remote.Length = 27;
	EXPECT_FALSE(rio.RIOReceiveEx(self->rq, &self->data, 1, NULL,
				      &self->remote, NULL, NULL, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	EXPECT_FALSE(rio.RIOSendEx(self->rq, &self->data, 1, NULL,
				   &self->remote, NULL, NULL, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	self->remote.Offset = MEM - 10;
	self->remote.Length = 28;
	EXPECT_FALSE(rio.RIOReceiveEx(self->rq, &self->data, 1, NULL,
				      &self->remote, NULL, NULL, 0, NULL));
	EXPECT_EQ(WSAEFAULT, WSAGetLastError());
}

/* What was asked for last has the address of the last. */
TEST_F(ex, many_at_once)
{
	RIORESULT results[150];
	SOCKADDR_INET local;
	int i;

	loopback(&local, variant->family, self->port);
	for (i = 0; i < 150; i++) {
		self->local.Offset = LOCAL + i * 64;
		self->data.Offset = i;
		self->data.Length = 1;
		ASSERT_TRUE(rio.RIOReceiveEx(self->rq, &self->data, 1,
					     &self->local, NULL, NULL, NULL,
					     i < 149 ? RIO_MSG_DEFER : 0,
					     CTX(i)));
	}
	for (i = 0; i < 150; i++)
		ASSERT_EQ(0, plain_sendto(self->peer, "x", 1, false,
					  self->port));
	ASSERT_EQ(150, rio_take(self->cq, results, 150));
	for (i = 0; i < 150; i++)
		EXPECT_EQ(0, memcmp(&local, self->mem + LOCAL + i * 64,
				    sizeof(local)));
}

/* R9: each datagram's own, where there are several addresses. */
TEST_F(ex, local_addresses)
{
	SOCKET other = rio_sock(AF_INET, SOCK_DGRAM);
	RIORESULT results[3];
	SOCKADDR_INET to;
	int i;

	if (variant->family != AF_INET)
		SKIP(return, "one address");
	for (i = 0; i < 3; i++) {
		self->local.Offset = LOCAL + i * 64;
		/* With control data of the program's, or without. */
		ASSERT_TRUE(rio.RIOReceiveEx(self->rq, &self->data, 1,
					     &self->local, NULL,
					     i == 1 ? &self->control : NULL,
					     NULL, 0, NULL));
	}
	for (i = 0; i < 3; i++) {
		loopback(&to, AF_INET, self->port);
		to.Ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + i);
		ASSERT_EQ(1, sendto(other, "x", 1, 0, (struct sockaddr *)&to,
				    sizeof(to.Ipv4)));
	}
	ASSERT_EQ(3, rio_take(self->cq, results, 3));
	for (i = 0; i < 3; i++) {
		loopback(&to, AF_INET, self->port);
		to.Ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + i);
		EXPECT_EQ(0, memcmp(&to.Ipv4, AT(char, LOCAL + i * 64),
				    sizeof(to.Ipv4)));
	}
	closesocket(other);
}

/* R10: more room than there ever is to tell. */
TEST_F(ex, control_with_much_room)
{
	RIORESULT result;

	self->control.Length = PAGE;
	ASSERT_TRUE(rio.RIOReceiveEx(self->rq, &self->data, 1, NULL, NULL,
				     &self->control, NULL, 0, NULL));
	ASSERT_EQ(0, plain_sendto(self->peer, "abc", 3, false, self->port));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	EXPECT_EQ(RIO_CMSG_BASE_SIZE, *AT(DWORD, CONTROL));
}

static int ask(SOCKET sock, int family, bool hops)
{
	DWORD on = 1;
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int option = family == AF_INET ? IP_PKTINFO : IPV6_PKTINFO;

	if (hops)
		option = family == AF_INET ? IP_RECVTTL : IPV6_HOPLIMIT;
	return setsockopt(sock, level, option, (char *)&on, sizeof(on));
}

/* Its cmsg_type is Linux' value, and its data an INT, as on Windows. */
static bool tos_is_int(const WSACMSGHDR *cmsg)
{
	return cmsg->cmsg_len == WSA_CMSG_LEN(sizeof(INT)) &&
	       *(INT *)WSA_CMSG_DATA(cmsg) == 0;
}

/* R10: what the options ask for. */
TEST_F(ex, control_data_received)
{
	DWORD on = 1;
	RIO_CMSG_BUFFER *control = AT(RIO_CMSG_BUFFER, CONTROL);
	bool info = false, hops = false, tos = variant->family != AF_INET;
	RIORESULT result;
	WSACMSGHDR *cmsg;

	ASSERT_EQ(0, ask(self->sock, variant->family, false));
	ASSERT_EQ(0, ask(self->sock, variant->family, true));
	if (variant->family == AF_INET)
		ASSERT_EQ(0, setsockopt(self->sock, IPPROTO_IP, IP_RECVTOS,
					(char *)&on, sizeof(on)));
	ASSERT_TRUE(rio.RIOReceiveEx(self->rq, &self->data, 1, NULL, NULL,
				     &self->control, &self->flags, 0, NULL));
	ASSERT_EQ(0, plain_sendto(self->peer, "abc", 3, false, self->port));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_LT(RIO_CMSG_BASE_SIZE, control->TotalLength);
	for (cmsg = RIO_CMSG_FIRSTHDR(control); cmsg;
	     cmsg = RIO_CMSG_NEXTHDR(control, cmsg)) {
		if (cmsg->cmsg_level == IPPROTO_IP &&
		    cmsg->cmsg_type == IP_PKTINFO) {
			IN_PKTINFO *in = (IN_PKTINFO *)WSA_CMSG_DATA(cmsg);

			info = in->ipi_ifindex == 1 && in->ipi_addr.s_addr ==
						       htonl(INADDR_LOOPBACK);
		} else if (cmsg->cmsg_level == IPPROTO_IPV6 &&
			   cmsg->cmsg_type == IPV6_PKTINFO) {
			IN6_PKTINFO *in6 = (IN6_PKTINFO *)WSA_CMSG_DATA(cmsg);

			info = in6->ipi6_ifindex == 1 &&
			       in6->ipi6_addr.s6_addr[15] == 1;
		} else if (cmsg->cmsg_type == IP_TOS) {
			tos = tos_is_int(cmsg);
		} else {
			hops = *(INT *)WSA_CMSG_DATA(cmsg) == 64;
		}
	}
	EXPECT_TRUE(info);
	EXPECT_TRUE(hops);
	EXPECT_TRUE(tos);
	EXPECT_EQ(0, *AT(DWORD, FLAGS));
}

/* R10, 2.2: less room than there is to tell. */
TEST_F(ex, control_data_cut_off)
{
	RIORESULT result;

	ASSERT_EQ(0, ask(self->sock, variant->family, false));
	self->control.Length = RIO_CMSG_BASE_SIZE + 16;
	self->data.Length = 2;
	ASSERT_TRUE(rio.RIOReceiveEx(self->rq, &self->data, 1, NULL, NULL,
				     &self->control, &self->flags, 0, NULL));
	ASSERT_EQ(0, plain_sendto(self->peer, "abc", 3, false, self->port));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(WSAEMSGSIZE, result.Status);
	EXPECT_EQ(2, result.BytesTransferred);
	EXPECT_EQ(MSG_TRUNC | MSG_CTRUNC, *AT(DWORD, FLAGS));
	self->control.Length = 3;
	EXPECT_FALSE(rio.RIOReceiveEx(self->rq, &self->data, 1, NULL, NULL,
				      &self->control, NULL, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	self->flags.Length = 3;
	EXPECT_FALSE(rio.RIOReceiveEx(self->rq, &self->data, 1, NULL, NULL,
				      NULL, &self->flags, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
}

/* R9, X3 */
TEST_F(ex, send_to)
{
	RIORESULT result;
	char got[8];
	int port;

	loopback(AT(SOCKADDR_INET, REMOTE), variant->family,
		 plain_port(self->peer));
	memcpy(self->mem, "hello", 5);
	self->data.Length = 5;
	ASSERT_TRUE(rio.RIOSendEx(self->rq, &self->data, 1, NULL, &self->remote,
				  NULL, NULL, 0, CTX(1)));
	ASSERT_EQ(5, plain_recvfrom(self->peer, got, sizeof(got), &port));
	EXPECT_EQ(self->port, port);
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	EXPECT_FALSE(rio.RIOSendEx(self->rq, &self->data, 1, &self->local,
				   &self->remote, NULL, NULL, 0, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	/* Nowhere: the socket is not connected. */
	ASSERT_TRUE(rio.RIOSendEx(self->rq, &self->data, 1, NULL, NULL, NULL,
				  NULL, 0, CTX(2)));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_NE(0, result.Status);
	EXPECT_EQ(2, result.RequestContext);
}

/* The rest of a control buffer. */
static void *item(RIO_CMSG_BUFFER *control, int level, int type, size_t size)
{
	WSACMSGHDR *cmsg = (WSACMSGHDR *)((char *)control +
					  control->TotalLength);

	memset(cmsg, 0, WSA_CMSG_SPACE(size));
	cmsg->cmsg_len = WSA_CMSG_LEN(size);
	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	control->TotalLength += WSA_CMSG_SPACE(size);
	return WSA_CMSG_DATA(cmsg);
}

/* R10: from where, in segments of what size. */
TEST_F(ex, control_data_sent)
{
	RIO_CMSG_BUFFER *control = AT(RIO_CMSG_BUFFER, CONTROL);
	RIORESULT result;
	char got[64];
	int i;

	loopback(AT(SOCKADDR_INET, REMOTE), variant->family,
		 plain_port(self->peer));
	control->TotalLength = RIO_CMSG_BASE_SIZE;
	if (variant->family == AF_INET) {
		IN_PKTINFO *in = item(control, IPPROTO_IP, IP_PKTINFO,
				      sizeof(*in));

		in->ipi_addr.s_addr = htonl(0x7f000002);
	}
	*(DWORD *)item(control, IPPROTO_UDP, UDP_SEND_MSG_SIZE,
		       sizeof(DWORD)) = 30;
	rio_pattern(self->mem, 100, 5);
	ASSERT_TRUE(rio.RIOSendEx(self->rq, &self->data, 1, NULL, &self->remote,
				  &self->control, NULL, 0, CTX(1)));
	/* Read already. */
	memset(control, 0xff, 264);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, plain_recv(self->peer, got, i < 3 ? 30 : 10));
		EXPECT_EQ(0, memcmp(got, self->mem + i * 30, i < 3 ? 30 : 10));
	}
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	EXPECT_EQ(100, result.BytesTransferred);
}

/* 2.4: items that make no sense. */
TEST_F(ex, bad_control_data)
{
	RIO_CMSG_BUFFER *control = AT(RIO_CMSG_BUFFER, CONTROL);
	RIORESULT result;
	char got[200];

	loopback(AT(SOCKADDR_INET, REMOTE), variant->family,
		 plain_port(self->peer));
	control->TotalLength = 265;
	EXPECT_FALSE(rio.RIOSendEx(self->rq, &self->data, 1, NULL,
				   &self->remote, &self->control, NULL, 0,
				   NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	control->TotalLength = RIO_CMSG_BASE_SIZE;
	item(control, IPPROTO_IP, IP_PKTINFO, 12);
	RIO_CMSG_FIRSTHDR(control)->cmsg_len = 100000;
	EXPECT_FALSE(rio.RIOSendEx(self->rq, &self->data, 1, NULL,
				   &self->remote, &self->control, NULL, 0,
				   NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	RIO_CMSG_FIRSTHDR(control)->cmsg_len = 0;
	EXPECT_FALSE(rio.RIOSendEx(self->rq, &self->data, 1, NULL,
				   &self->remote, &self->control, NULL,
				   RIO_MSG_DEFER, NULL));
	EXPECT_EQ(WSAEINVAL, WSAGetLastError());
	/* None at all is none. */
	control->TotalLength = 0;
	EXPECT_TRUE(rio.RIOSendEx(self->rq, &self->data, 1, NULL, &self->remote,
				  &self->control, NULL, 0, NULL));
	EXPECT_EQ(100, plain_recv_some(self->peer, got, sizeof(got)));
	EXPECT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
}

/* A send with the control data that there are; true if it is WSAEINVAL. */
static bool is_refused(FIXTURE_DATA(ex) *self)
{
	return !rio.RIOSendEx(self->rq, &self->data, 1, NULL, &self->remote,
			      &self->control, NULL, 0, NULL) &&
	       WSAGetLastError() == WSAEINVAL;
}

/* R10, 2.4: sizes of segments that are none, and more than fits. */
TEST_F(ex, control_data_too_large)
{
	RIO_CMSG_BUFFER *control = AT(RIO_CMSG_BUFFER, CONTROL);
	RIORESULT result;
	char got[200];

	loopback(AT(SOCKADDR_INET, REMOTE), variant->family,
		 plain_port(self->peer));
	self->control.Length = 600;
	control->TotalLength = RIO_CMSG_BASE_SIZE;
	*(DWORD *)item(control, IPPROTO_UDP, UDP_SEND_MSG_SIZE,
		       sizeof(DWORD)) = 0x10000 + 30;
	EXPECT_TRUE(is_refused(self));
	control->TotalLength = RIO_CMSG_BASE_SIZE;
	*(WORD *)item(control, IPPROTO_UDP, UDP_SEND_MSG_SIZE,
		      sizeof(WORD)) = 30;
	EXPECT_TRUE(is_refused(self));
	/* Nor does it harm what another one has, that waits. */
	control->TotalLength = RIO_CMSG_BASE_SIZE;
	*(DWORD *)item(control, IPPROTO_UDP, UDP_SEND_MSG_SIZE,
		       sizeof(DWORD)) = 70;
	ASSERT_TRUE(rio.RIOSendEx(self->rq, &self->data, 1, NULL, &self->remote,
				  &self->control, NULL, RIO_MSG_DEFER, NULL));
	control->TotalLength = RIO_CMSG_BASE_SIZE;
	item(control, IPPROTO_IP, IP_TTL, 120);
	item(control, IPPROTO_IP, IP_TTL, 120);
	EXPECT_TRUE(is_refused(self));
	ASSERT_TRUE(rio.RIOSend(self->rq, NULL, 0, RIO_MSG_COMMIT_ONLY, NULL));
	EXPECT_EQ(70, plain_recv_some(self->peer, got, sizeof(got)));
	EXPECT_EQ(30, plain_recv_some(self->peer, got, sizeof(got)));
	EXPECT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	/* Behind the slice, though it is in the buffer. */
	control->TotalLength = RIO_CMSG_BASE_SIZE;
	*(DWORD *)item(control, IPPROTO_UDP, UDP_SEND_MSG_SIZE,
		       sizeof(DWORD)) = 60;
	self->control.Length = control->TotalLength - 4;
	EXPECT_TRUE(is_refused(self));
	self->control.Length = 600;
	/* The last item needs no room behind it. */
	control->TotalLength = RIO_CMSG_BASE_SIZE;
	*(DWORD *)item(control, IPPROTO_UDP, UDP_SEND_MSG_SIZE,
		       sizeof(DWORD)) = 60;
	control->TotalLength -= 4;
	ASSERT_FALSE(is_refused(self));
	EXPECT_EQ(60, plain_recv_some(self->peer, got, sizeof(got)));
	EXPECT_EQ(40, plain_recv_some(self->peer, got, sizeof(got)));
	EXPECT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	EXPECT_EQ(0, rio.RIODequeueCompletion(self->cq, &result, 1));
}

/* R11, R4: a deferred one that is refused later completes with the error. */
TEST_F(ex, deferred_and_refused)
{
	RIO_CMSG_BUFFER *control = AT(RIO_CMSG_BUFFER, CONTROL);
	RIORESULT results[3];
	RIO_BUFFERID other;
	RIO_BUF gone;
	int i;

	other = rio.RIORegisterBuffer(self->mem, PAGE);
	gone = rio_buf(other, 0, 10);
	loopback(AT(SOCKADDR_INET, REMOTE), variant->family,
		 plain_port(self->peer));
	control->TotalLength = RIO_CMSG_BASE_SIZE;
	ASSERT_TRUE(rio.RIOSendEx(self->rq, &gone, 1, NULL, &self->remote, NULL,
				  NULL, RIO_MSG_DEFER, CTX(1)));
	ASSERT_TRUE(rio.RIOSendEx(self->rq, &self->data, 1, NULL, &self->remote,
				  NULL, NULL, RIO_MSG_DEFER, CTX(2)));
	rio.RIODeregisterBuffer(other);
	ASSERT_TRUE(rio.RIOSendEx(self->rq, &self->data, 1, NULL, &self->remote,
				  NULL, NULL, 0, CTX(3)));
	ASSERT_EQ(3, rio_take(self->cq, results, 3));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(results[i].RequestContext == 1 ? WSAEFAULT : 0,
			  results[i].Status);
		EXPECT_EQ(7, results[i].SocketContext);
	}
}

/* F20: what is to be written to is gone when the completion is taken. */
TEST_F(ex, deregistered_before_it_is_taken)
{
	RIORESULT result;

	ASSERT_TRUE(rio.RIOReceiveEx(self->rq, &self->data, 1, &self->local,
				     &self->remote, &self->control,
				     &self->flags, 0, CTX(1)));
	ASSERT_EQ(0, plain_sendto(self->peer, "abc", 3, false, self->port));
	ASSERT_TRUE(plain_posted(1, false));
	rio.RIODeregisterBuffer(self->id);
	ASSERT_TRUE(VirtualFree(self->mem, 0, MEM_RELEASE));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	EXPECT_EQ(3, result.BytesTransferred);
}

/* F20: only the control data are, though another part is told from them. */
TEST_F(ex, control_gone_before_it_is_taken)
{
	char *mem = VirtualAlloc(NULL, PAGE, MEM_COMMIT | MEM_RESERVE,
				 PAGE_READWRITE);
	RIO_BUFFERID other = rio.RIORegisterBuffer(mem, PAGE);
	RIORESULT result;

	ASSERT_NE(RIO_INVALID_BUFFERID, other);
	self->control = rio_buf(other, 0, 264);
	ASSERT_TRUE(rio.RIOReceiveEx(self->rq, &self->data, 1, &self->local,
				     NULL, &self->control, NULL, 0, CTX(1)));
	ASSERT_EQ(0, plain_sendto(self->peer, "abc", 3, false, self->port));
	ASSERT_TRUE(plain_posted(1, false));
	rio.RIODeregisterBuffer(other);
	ASSERT_TRUE(VirtualFree(mem, 0, MEM_RELEASE));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	/* The socket's own is all that is known. */
	EXPECT_EQ(variant->family, AT(SOCKADDR_INET, LOCAL)->si_family);
	EXPECT_EQ(htons(self->port), AT(SOCKADDR_INET, LOCAL)->Ipv4.sin_port);
}

/* R9, R10: control data that have no room do not keep others from theirs. */
TEST_F(ex, control_without_room)
{
	static const ULONG lengths[] = { 4, 7, 8 };
	SOCKADDR_INET local;
	RIORESULT result;
	size_t i, j;

	loopback(&local, variant->family, self->port);
	for (i = 0; i < NR(lengths); i++) {
		self->control.Length = lengths[i];
		memset(self->mem, 0xee, MEM);
		ASSERT_TRUE(rio.RIOReceiveEx(self->rq, &self->data, 1,
					     &self->local, NULL, &self->control,
					     NULL, 0, NULL));
		ASSERT_EQ(0, plain_sendto(self->peer, "abc", 3, false,
					  self->port));
		ASSERT_EQ(1, rio_take(self->cq, &result, 1));
		EXPECT_EQ(0, result.Status);
		EXPECT_EQ(0, memcmp(&local, AT(char, LOCAL), sizeof(local)));
		EXPECT_EQ(lengths[i] < 8 ? 0 : 8, *AT(DWORD, CONTROL));
		for (j = lengths[i]; j < 300; j++)
			ASSERT_EQ((char)0xee, *AT(char, CONTROL + j));
	}
}

/* What the library has registered for itself goes with the queue. */
TEST_F(ex, nothing_stays_registered)
{
	RIO_CQ cq = rio.RIOCreateCompletionQueue(100, NULL);
	struct plain_stats before, after;
	int port = 0, i;
	SOCKET sock;
	RIO_RQ rq;

	sock = any(variant->family, &port);
	rq = rio.RIOCreateRequestQueue(sock, 100, 1, 0, 1, cq, cq, NULL);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	ASSERT_EQ(0, plain_stats(&before));
	for (i = 0; i < 100; i++)
		ASSERT_TRUE(rio.RIOReceiveEx(rq, &self->data, 1, &self->local,
					     NULL, NULL, NULL, 0, NULL));
	ASSERT_EQ(0, plain_stats(&after));
	EXPECT_LT(before.buffers, after.buffers);
	closesocket(sock);
	rio.RIOCloseCompletionQueue(cq);
	ASSERT_EQ(0, plain_stats(&after));
	EXPECT_EQ(before.buffers, after.buffers);
}

/* R23: there was no datagram that had an address. */
TEST_F(ex, aborted)
{
	RIORESULT result;
	int i;

	ASSERT_TRUE(rio.RIOReceiveEx(self->rq, &self->data, 1, &self->local,
				     &self->remote, NULL, NULL, 0, CTX(1)));
	ASSERT_EQ(0, closesocket(self->sock));
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(WSA_OPERATION_ABORTED, result.Status);
	for (i = 0; i < 28; i++) {
		EXPECT_EQ((char)0xee, self->mem[LOCAL + i]);
		EXPECT_EQ((char)0xee, self->mem[REMOTE + i]);
	}
}

/* R2: by then another socket may have the number of the one that is closed. */
TEST_F(ex, taken_after_the_end)
{
	SOCKET other;
	RIORESULT result;
	int port = 0;

	ASSERT_TRUE(rio.RIOReceiveEx(self->rq, &self->data, 1, &self->local,
				     NULL, NULL, NULL, 0, CTX(1)));
	ASSERT_EQ(0, plain_sendto(self->peer, "abc", 3, false, self->port));
	ASSERT_TRUE(plain_posted(1, false));
	ASSERT_EQ(0, closesocket(self->sock));
	other = any(variant->family, &port);
	EXPECT_EQ(self->sock, other);
	ASSERT_EQ(1, rio_take(self->cq, &result, 1));
	EXPECT_EQ(0, result.Status);
	EXPECT_EQ(3, result.BytesTransferred);
	EXPECT_NE(htons(port), AT(SOCKADDR_INET, LOCAL)->Ipv4.sin_port);
}

/* On a stream addresses are not looked at. */
TEST_F(ex, streams)
{
	RIO_CMSG_BUFFER *control = AT(RIO_CMSG_BUFFER, CONTROL);
	RIORESULT results[2];
	int sv[2], i;
	char got[8];
	RIO_RQ rq;

	ASSERT_EQ(0, plain_pair(variant->family, SOCK_STREAM, false, sv));
	rq = rio.RIOCreateRequestQueue(sv[0], 0, 1, 0, 1, self->cq, self->cq,
				       NULL);
	EXPECT_EQ(RIO_INVALID_RQ, rq);
	closesocket(self->sock);
	rq = rio.RIOCreateRequestQueue(sv[0], 2, 1, 2, 1, self->cq, self->cq,
				       NULL);
	ASSERT_NE(RIO_INVALID_RQ, rq);
	ASSERT_TRUE(rio.RIOReceiveEx(rq, &self->data, 1, &self->local,
				     &self->remote, &self->control,
				     &self->flags, 0, CTX(1)));
	ASSERT_EQ(0, plain_send(sv[1], "abc", 3));
	ASSERT_EQ(1, rio_take(self->cq, results, 1));
	EXPECT_EQ(3, results[0].BytesTransferred);
	EXPECT_EQ(0, *AT(DWORD, FLAGS));
	for (i = 0; i < 28; i++) {
		EXPECT_EQ((char)0xee, self->mem[LOCAL + i]);
		EXPECT_EQ((char)0xee, self->mem[REMOTE + i]);
		EXPECT_EQ((char)0xee, self->mem[CONTROL + i]);
	}
	self->data.Length = 3;
	control->TotalLength = RIO_CMSG_BASE_SIZE;
	*(DWORD *)item(control, IPPROTO_UDP, UDP_SEND_MSG_SIZE,
		       sizeof(DWORD)) = 1;
	ASSERT_TRUE(rio.RIOSendEx(rq, &self->data, 1, NULL, &self->remote,
				  &self->control, NULL, 0, CTX(2)));
	ASSERT_EQ(0, plain_recv(sv[1], got, 3));
	EXPECT_EQ(0, memcmp(got, "abc", 3));
	ASSERT_EQ(1, rio_take(self->cq, results, 1));
	EXPECT_EQ(0, results[0].Status);
}

TEST_HARNESS_MAIN
