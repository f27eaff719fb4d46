// SPDX-License-Identifier: GPL-2.0
/*
 * Bugs that were found and must not come back, each with what it took.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include <linux/userfaultfd.h>
#include <netinet/udp.h>

#include "regbuf_lane.h"
#include "kselftest_harness.h"

FIXTURE(regress) {
	int fd;
	struct rb_net net;
	char *mem;
	__u64 id;
};

FIXTURE_SETUP(regress)
{
	self->fd = rb_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, rb_net_setup(&self->net));
	self->mem = rb_mem(16 * RB_PAGE);
	ASSERT_EQ(0, rb_register(self->fd, self->mem, 16 * RB_PAGE, RB_READ,
				 &self->id));
}

FIXTURE_TEARDOWN(regress)
{
	close(self->fd);
}

/* A datagram to an address, from an unconnected socket. */
static int send_to(int fd, int sock, __u64 id, __u32 length,
		   const struct sockaddr_storage *to, socklen_t to_len,
		   struct regbuf_ioc_send *msg)
{
	struct regbuf_slice slice = rb_slice(id, 0, length);

	*msg = rb_msg(sock, &slice, 1);
	msg->addr = (unsigned long)to;
	msg->addr_len = to_len;
	return rb_ioctl(fd, REGBUF_IOC_SEND, msg);
}

/*
 * IPv4 takes AF_UNSPEC for AF_INET. Looking for the reason of the copy we took
 * it for IPv6 and followed a null pointer.
 */
TEST_F(regress, unspec_destination_is_ipv4)
{
	struct sockaddr_storage to;
	struct regbuf_ioc_send msg;
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = rb_addr(AF_INET, RB_PEER4, 9, &to);

	to.ss_family = AF_UNSPEC;
	ASSERT_EQ(0, send_to(self->fd, sock, self->id, 4000, &to, len, &msg));
	EXPECT_EQ(4000, msg.copied);
	EXPECT_EQ(1u << REGBUF_COPY_MTU, msg.copy_reasons);
}

/* IPv6 takes it for no address at all: the connected one counts. */
TEST_F(regress, unspec_destination_is_none_to_ipv6)
{
	struct sockaddr_storage to;
	struct regbuf_ioc_send msg;
	int sv[2];

	ASSERT_EQ(0, rb_pair(&self->net, AF_INET6, SOCK_DGRAM, sv));
	memset(&to, 0, sizeof(to));
	ASSERT_EQ(0, send_to(self->fd, sv[0], self->id, 4000, &to,
			     sizeof(struct sockaddr_in6), &msg));
	EXPECT_EQ(1u << REGBUF_COPY_MTU, msg.copy_reasons);
}

/* UDP_CORK makes even the first piece a corked one; the reason said other. */
TEST_F(regress, first_datagram_under_udp_cork)
{
	struct regbuf_ioc_send msg;
	char got[200];
	int sv[2], on = 1, off = 0;

	ASSERT_EQ(0, rb_pair(&self->net, AF_INET, SOCK_DGRAM, sv));
	ASSERT_EQ(0, setsockopt(sv[0], IPPROTO_UDP, UDP_CORK, &on, sizeof(on)));
	ASSERT_EQ(0, rb_send(self->fd, sv[0], self->id, 0, 100, &msg));
	EXPECT_EQ(1u << REGBUF_COPY_CORK, msg.copy_reasons);
	ASSERT_EQ(0, rb_send(self->fd, sv[0], self->id, 100, 100, &msg));
	EXPECT_EQ(1u << REGBUF_COPY_CORK, msg.copy_reasons);
	ASSERT_EQ(0, setsockopt(sv[0], IPPROTO_UDP, UDP_CORK, &off,
				sizeof(off)));
	ASSERT_EQ(200, recv(sv[1], got, sizeof(got), 0));
	EXPECT_EQ(0, memcmp(got, self->mem, sizeof(got)));
}

/* A connected socket's route says nothing about another destination. */
TEST_F(regress, destination_beats_connected_loopback)
{
	struct sockaddr_storage to;
	struct regbuf_ioc_send msg;
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	int sink = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = rb_addr(AF_INET, RB_NEAR4, 9, &to);

	/* Our own address, which the peer can be reached from. */
	ASSERT_EQ(0, bind(sink, (struct sockaddr *)&to, len));
	ASSERT_EQ(0, connect(sock, (struct sockaddr *)&to, len));
	ASSERT_EQ(0, rb_send(self->fd, sock, self->id, 0, 100, &msg));
	EXPECT_EQ(1u << REGBUF_COPY_LOOPBACK, msg.copy_reasons);
	rb_addr(AF_INET, RB_PEER4, 9, &to);
	ASSERT_EQ(0, send_to(self->fd, sock, self->id, 100, &to, len, &msg));
	EXPECT_EQ(100, msg.zerocopied);
}

struct slow_call {
	int fd;
	struct regbuf_ioc_register *reg;
	int ret;
};

static void *slow_register(void *arg)
{
	struct slow_call *call = arg;

	call->ret = rb_ioctl(call->fd, REGBUF_IOC_REGISTER, call->reg);
	return NULL;
}

/* Make writes to a page wait; the userfaultfd that lets them go on. */
static int write_protect(void *page, int on)
{
	static int uffd = -1;
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};
	struct uffdio_range range = { (unsigned long)page, RB_PAGE };
	struct uffdio_register reg = {
		.range = range,
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	struct uffdio_writeprotect wp = {
		.range = range,
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	if (on) {
		uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
		if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
		    ioctl(uffd, UFFDIO_REGISTER, &reg))
			return -1;
	}
	return ioctl(uffd, UFFDIO_WRITEPROTECT, &wp) ? -1 : uffd;
}

/*
 * A registration whose reply faults may sleep for as long as the program likes.
 * It held the context's lock meanwhile: the worker that gives pages back, for
 * everybody, waited for it, and the buffer it had freed was still in the table.
 */
TEST_F_TIMEOUT(regress, slow_reply_holds_nobody_up, 60)
{
	struct slow_call call = { .fd = self->fd };
	struct regbuf_ioc_status status;
	struct regbuf_ioc_send msg;
	struct pollfd pfd = { .events = POLLIN };
	struct rb_netem held = { .delay_us = 100000000 };
	time_t deadline = time(NULL) + 30;
	pthread_t thread;
	int sv[2], err;

	ASSERT_EQ(0, rb_pair(&self->net, AF_INET, SOCK_DGRAM, sv));
	ASSERT_EQ(0, rb_net_near_netem(&held));
	ASSERT_EQ(0, send_to(self->fd, sv[0], self->id, 1000, NULL, 0, &msg));
	ASSERT_EQ(1000, msg.zerocopied);
	ASSERT_EQ(0, rb_deregister(self->fd, self->id));
	ASSERT_EQ(0, rb_status(self->fd, self->id, &status));
	ASSERT_EQ(REGBUF_STATE_CLOSING, status.state);

	call.reg = (void *)rb_mem(RB_PAGE);
	*call.reg = (struct regbuf_ioc_register){
		.size = sizeof(*call.reg),
		.addr = (unsigned long)self->mem,
		.length = RB_PAGE,
		.access = RB_READ,
	};
	pfd.fd = write_protect(call.reg, 1);
	ASSERT_LE(0, pfd.fd);
	ASSERT_EQ(0, pthread_create(&thread, NULL, slow_register, &call));
	ASSERT_EQ(1, poll(&pfd, 1, 20000));	/* it sleeps in its reply */
	ASSERT_EQ(0, rb_net_near_netem(NULL));

	do {
		err = rb_status(self->fd, self->id, &status);
	} while (!err && time(NULL) < deadline);
	EXPECT_EQ(-ESTALE, err);

	ASSERT_LE(0, write_protect(call.reg, 0));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, call.ret);
	EXPECT_EQ(0, rb_deregister(self->fd, call.reg->id));
}

/*
 * What was charged before must not include what the refused registration had
 * charged so far: its own pages, when only the rest of the huge page is too
 * much.
 */
TEST_F(regress, refused_folio_says_what_others_charged)
{
	struct rlimit limit = { 64 * RB_PAGE, 64 * RB_PAGE };
	struct regbuf_ioc_register reg = {
		.size = sizeof(reg),
		.length = 8 * RB_PAGE,
		.access = RB_READ,
	};
	void *huge;

	ASSERT_EQ(0, rb_sh("echo 4 > /proc/sys/vm/nr_hugepages"));
	huge = rb_map(2 << 20, PROT_READ | PROT_WRITE, MAP_HUGETLB);
	ASSERT_NE(NULL, huge);
	reg.addr = (unsigned long)huge;
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	ASSERT_EQ(-ENOBUFS, rb_ioctl(self->fd, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(512, reg.needed);
	EXPECT_EQ(0, reg.charged);
	EXPECT_EQ(64, reg.allowed);
}

#include "regbuf_main.h"
