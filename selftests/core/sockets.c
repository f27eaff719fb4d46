// SPDX-License-Identifier: GPL-2.0
/*
 * C18: TCP and UDP over IP, told by their protocol; nothing else.
 */
#include "regbuf_test.h"

#include <net/ethernet.h>
#include <sys/un.h>

#include <linux/netlink.h>

#include "kselftest_harness.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP	262
#endif
#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE	136
#endif

FIXTURE(sockets)
{
	struct rb_rig rig;
	struct regbuf_slice slice;
	struct regbuf_ioc_send msg;
};

FIXTURE_SETUP(sockets)
{
	ASSERT_EQ(0, rb_rig_setup(&self->rig, AF_INET, SOCK_DGRAM, true,
				  RB_PAGE));
	self->slice = rb_slice(self->rig.id, 0, 100);
	self->msg = rb_msg(-1, &self->slice, 1);
}

FIXTURE_TEARDOWN(sockets)
{
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* Refused whatever is asked of it: bytes, none, a destination. */
static void check_refused(struct __test_metadata *_metadata,
			  FIXTURE_DATA(sockets) *self, int fd, int err)
{
	struct sockaddr_storage ss;

	self->msg.fd = fd;
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, err));
	self->slice.length = 0;
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, err));
	self->slice.length = 100;
	self->msg.addr = (unsigned long)&ss;
	self->msg.addr_len = rb_addr(AF_INET, "127.0.0.1", 9, &ss);
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, err));
	self->msg.addr = 0;
	self->msg.addr_len = 0;
}

/* C18, hazard 11: a UNIX socket could hold the device that holds it. */
TEST_F(sockets, unix_domain)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	char byte;
	int sv[2];

	for (int i = 0; i < ARRAY_SIZE(types); i++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, types[i], 0, sv));
		check_refused(_metadata, self, sv[0], -EOPNOTSUPP);
		EXPECT_EQ(-1, recv(sv[1], &byte, 1, MSG_DONTWAIT));
		close(sv[0]);
		close(sv[1]);
	}
}

/* C18: by the kind of socket too: these have UDP's and TCP's number. */
TEST_F(sockets, raw_ip)
{
	static const int protocols[] = { IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP,
					 IPPROTO_RAW };
	static const int families[] = { AF_INET, AF_INET6 };
	int sock;

	for (int i = 0; i < 8; i++) {
		sock = socket(families[i / 4], SOCK_RAW, protocols[i % 4]);
		ASSERT_LE(0, sock);
		check_refused(_metadata, self, sock, -EOPNOTSUPP);
		close(sock);
	}
}

/* C18: datagrams over IP that are not UDP. */
TEST_F(sockets, ping)
{
	int sock;

	ASSERT_EQ(0, rb_sh("echo 0 0 > /proc/sys/net/ipv4/ping_group_range"));
	sock = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	ASSERT_LE(0, sock);
	check_refused(_metadata, self, sock, -EOPNOTSUPP);
	close(sock);
	sock = socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6);
	ASSERT_LE(0, sock);
	check_refused(_metadata, self, sock, -EOPNOTSUPP);
	close(sock);
}

TEST_F(sockets, packet)
{
	int sock = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	ASSERT_LE(0, sock);
	check_refused(_metadata, self, sock, -EOPNOTSUPP);
	close(sock);
	/* A number that means UDP elsewhere. */
	sock = socket(AF_PACKET, SOCK_DGRAM, IPPROTO_UDP);
	ASSERT_LE(0, sock);
	check_refused(_metadata, self, sock, -EOPNOTSUPP);
	close(sock);
}

TEST_F(sockets, netlink)
{
	static const int protocols[] = { NETLINK_ROUTE, NETLINK_GENERIC };
	int sock;

	for (int i = 0; i < ARRAY_SIZE(protocols); i++) {
		sock = socket(AF_NETLINK, SOCK_DGRAM, protocols[i]);
		ASSERT_LE(0, sock);
		check_refused(_metadata, self, sock, -EOPNOTSUPP);
		close(sock);
	}
}

/* C18: like UDP or TCP, but not quite. Is there such a kind? */
static bool check_relative(struct __test_metadata *_metadata,
			   FIXTURE_DATA(sockets) *self, int type, int protocol)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int sock;

	for (int i = 0; i < 2; i++) {
		sock = socket(families[i], type, protocol);
		if (sock < 0) {
			ASSERT_TRUE(errno == EPROTONOSUPPORT ||
				    errno == ENOPROTOOPT);
			return false;
		}
		check_refused(_metadata, self, sock, -EOPNOTSUPP);
		close(sock);
	}
	return true;
}

TEST_F(sockets, udp_lite)
{
	if (!check_relative(_metadata, self, SOCK_DGRAM, IPPROTO_UDPLITE))
		SKIP(return, "this kernel has none");
}

TEST_F(sockets, mptcp)
{
	if (!check_relative(_metadata, self, SOCK_STREAM, IPPROTO_MPTCP))
		SKIP(return, "this kernel has none");
}

/* What is a file, but not a socket. */
TEST_F(sockets, other_files)
{
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	check_refused(_metadata, self, fds[1], -ENOTSOCK);
	check_refused(_metadata, self, self->rig.dev, -ENOTSOCK);
	close(fds[0]);
	close(fds[1]);
	fds[0] = memfd_create("file", 0);
	ASSERT_LE(0, fds[0]);
	check_refused(_metadata, self, fds[0], -ENOTSOCK);
	close(fds[0]);
}

/* A descriptor that only names a file is no descriptor to send with. */
TEST_F(sockets, path_only)
{
	int fd = open("/", O_PATH);

	ASSERT_LE(0, fd);
	check_refused(_metadata, self, fd, -EBADF);
	close(fd);
}

/* The device can't hold itself open through a socket's queue. */
TEST_F(sockets, device_in_a_unix_queue)
{
	int sv[2], dev = rb_open();
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	__u64 id;

	ASSERT_EQ(0, rb_register(dev, self->rig.mem, RB_PAGE, RB_READ, &id));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, sv));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &dev, sizeof(int));
	ASSERT_EQ(1, sendmsg(sv[0], &msg, 0));
	check_refused(_metadata, self, sv[0], -EOPNOTSUPP);
	/* The last descriptors go; the teardown sees the pages go with them. */
	close(dev);
	close(sv[0]);
	close(sv[1]);
}

/* What is taken, so that the refusals above mean something. */
TEST_F(sockets, tcp_and_udp)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct rb_sink sink;
	int sv[2];

	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, rb_pair(NULL, families[i / 2],
				     i % 2 ? SOCK_STREAM : SOCK_DGRAM, sv));
		self->msg.fd = sv[0];
		ASSERT_EQ(0, rb_sink_start(&sink, sv[1], 100));
		EXPECT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_SEND,
				      &self->msg));
		EXPECT_EQ(0, rb_sink_finish(&sink, self->rig.mem));
		close(sv[0]);
		close(sv[1]);
	}
}

#include "regbuf_main.h"
