// SPDX-License-Identifier: GPL-2.0
/*
 * libregbuf's handles: registrations for one socket each, as programs for SANs
 * know them.
 */
#include <fcntl.h>
#include <sched.h>

#include "lib_test.h"

#include "kselftest_harness.h"

FIXTURE(handle) {
	struct regbuf *rb;
	char *mem;
	int sv[2];
	int other[2];
};

FIXTURE_SETUP(handle)
{
	ASSERT_EQ(0, regbuf_open(&self->rb));
	self->mem = map(4 * PAGE, 'a');
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, pair(SOCK_STREAM, self->sv));
	ASSERT_EQ(0, pair(SOCK_STREAM, self->other));
}

FIXTURE_TEARDOWN(handle)
{
	regbuf_close(self->rb);
}

/* S38 to S43, S52: and it can be sent from. */
TEST_F(handle, memory_is_sent_from)
{
	struct regbuf_slice slice;
	struct regbuf_message msg = {
		.slices = &slice,
		.nr_slices = 1,
		.sock = self->sv[0],
	};
	uint64_t handle;

	ASSERT_EQ(0, regbuf_handle_register(self->rb, self->sv[0], self->mem,
					    PAGE, READ, &handle));
	EXPECT_NE(0, handle);
	ASSERT_EQ(0, regbuf_handle_slice(self->rb, self->sv[0], handle, 100,
					 1000, &slice));
	ASSERT_EQ(0, regbuf_sendv(self->rb, &msg, NULL));
	EXPECT_EQ('a', received(self->sv[1], 1000));
	EXPECT_EQ(0, regbuf_handle_deregister(self->rb, self->sv[0], handle));
	EXPECT_EQ(0, stats_of(self->rb).buffers);
}

/* S40 */
TEST_F(handle, streams_must_be_connected)
{
	int tcp = socket(AF_INET6, SOCK_STREAM, 0);
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	int local = socket(AF_UNIX, SOCK_STREAM, 0);
	int null = open("/dev/null", O_RDWR);
	uint64_t handle = 1;

	EXPECT_EQ(-ENOTCONN, regbuf_handle_register(self->rb, tcp, self->mem,
						    PAGE, READ, &handle));
	EXPECT_EQ(0, handle);
	EXPECT_EQ(-EOPNOTSUPP, regbuf_handle_register(self->rb, local,
						      self->mem, PAGE, READ,
						      &handle));
	EXPECT_EQ(-ENOTSOCK, regbuf_handle_register(self->rb, null, self->mem,
						    PAGE, READ, &handle));
	EXPECT_EQ(-EBADF, regbuf_handle_register(self->rb, -1, self->mem, PAGE,
						 READ, &handle));
	EXPECT_EQ(0, regbuf_handle_register(self->rb, udp, self->mem, PAGE,
					    READ, &handle));
	EXPECT_NE(0, handle);
}

/* S41 to S44, S51 */
TEST_F(handle, what_is_wrong_is_said)
{
	static const unsigned int wrong[] = { 0, 4, ~0u };
	uint64_t handle = 1;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, regbuf_handle_register(self->rb, self->sv[0],
							  self->mem, PAGE,
							  wrong[i], &handle));
		EXPECT_EQ(0, handle);
	}
	EXPECT_EQ(-EINVAL, regbuf_handle_register(self->rb, self->sv[0],
						  self->mem, 0, READ, &handle));
	ASSERT_EQ(0, mprotect(self->mem, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, regbuf_handle_register(self->rb, self->sv[0],
						  self->mem, PAGE, WRITE,
						  &handle));
	EXPECT_EQ(0, regbuf_handle_register(self->rb, self->sv[0], self->mem,
					    PAGE, READ, &handle));
	ASSERT_EQ(0, munmap(self->mem + PAGE, PAGE));
	EXPECT_EQ(-EFAULT, regbuf_handle_register(self->rb, self->sv[0],
						  self->mem, 2 * PAGE, READ,
						  &handle));
	ASSERT_EQ(0, limit_to(1));
	EXPECT_EQ(-ENOBUFS, regbuf_handle_register(self->rb, self->sv[0],
						   self->mem + 2 * PAGE,
						   2 * PAGE, READ, &handle));
	EXPECT_EQ(0, handle);
}

/* S45: whatever descriptor it has; and no socket inherits it. */
TEST_F(handle, it_is_of_one_socket)
{
	int again = dup(self->sv[0]);
	struct regbuf_slice slice;
	uint64_t handle;

	ASSERT_EQ(0, regbuf_handle_register(self->rb, self->sv[0], self->mem,
					    PAGE, READ, &handle));
	EXPECT_EQ(-ENOENT, regbuf_handle_slice(self->rb, self->other[0], handle,
					       0, 1, &slice));
	EXPECT_EQ(0, slice.id);
	EXPECT_EQ(-ENOENT, regbuf_handle_deregister(self->rb, self->other[0],
						    handle));
	EXPECT_EQ(-ENOENT, regbuf_handle_find(self->rb, self->other[0],
					      self->mem, 1, READ, &slice));
	EXPECT_EQ(0, regbuf_handle_slice(self->rb, again, handle, 0, 1,
					 &slice));
	ASSERT_EQ(self->sv[0], dup2(self->other[0], self->sv[0]));
	EXPECT_EQ(-ENOENT, regbuf_handle_slice(self->rb, self->sv[0], handle, 0,
					       1, &slice));
	EXPECT_EQ(0, regbuf_handle_deregister(self->rb, again, handle));
}

/* S46 to S49: and what is pinned is so once. */
TEST_F(handle, registrations_are_counted)
{
	uint64_t a[3], b;
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, regbuf_handle_register(self->rb, self->sv[0],
						    self->mem, PAGE, READ,
						    &a[i]));
	EXPECT_EQ(a[0], a[1]);
	EXPECT_EQ(a[0], a[2]);
	ASSERT_EQ(0, regbuf_handle_register(self->rb, self->other[0], self->mem,
					    PAGE, READ, &b));
	EXPECT_NE(a[0], b);
	EXPECT_EQ(1, stats_of(self->rb).buffers);
	EXPECT_EQ(1, stats_of(self->rb).pages);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, regbuf_handle_deregister(self->rb, self->sv[0],
						      a[0]));
	EXPECT_EQ(-ENOENT, regbuf_handle_deregister(self->rb, self->sv[0],
						    a[0]));
	EXPECT_EQ(1, stats_of(self->rb).buffers);
	EXPECT_EQ(0, regbuf_handle_deregister(self->rb, self->other[0], b));
	EXPECT_EQ(0, stats_of(self->rb).buffers);
	/* A number is not used again. */
	ASSERT_EQ(0, regbuf_handle_register(self->rb, self->sv[0], self->mem,
					    PAGE, READ, &b));
	EXPECT_NE(a[0], b);
}

/* S54 */
TEST_F(handle, memory_is_found_by_its_address)
{
	struct regbuf_slice slice;
	uint64_t all, part, id;

	ASSERT_EQ(0, regbuf_handle_register(self->rb, self->sv[0], self->mem,
					    3 * PAGE, READ, &all));
	ASSERT_EQ(0, regbuf_handle_find(self->rb, self->sv[0],
					self->mem + PAGE + 1, 2 * PAGE - 1,
					READ, &slice));
	id = slice.id;
	EXPECT_EQ(PAGE + 1, slice.offset);
	EXPECT_EQ(2 * PAGE - 1, slice.length);
	EXPECT_EQ(-ENOENT, regbuf_handle_find(self->rb, self->sv[0],
					      self->mem + PAGE + 1, 2 * PAGE,
					      READ, &slice));
	EXPECT_EQ(-ENOENT, regbuf_handle_find(self->rb, self->sv[0],
					      self->mem - 1, 1, READ, &slice));
	EXPECT_EQ(-ENOENT, regbuf_handle_find(self->rb, self->sv[0], self->mem,
					      1, WRITE, &slice));
	/* The latest; and the earlier where that does not reach. */
	ASSERT_EQ(0, regbuf_handle_register(self->rb, self->sv[0],
					    self->mem + PAGE, PAGE,
					    READ | WRITE, &part));
	ASSERT_EQ(0, regbuf_handle_find(self->rb, self->sv[0],
					self->mem + PAGE, PAGE, READ, &slice));
	EXPECT_NE(id, slice.id);
	EXPECT_EQ(0, slice.offset);
	ASSERT_EQ(0, regbuf_handle_find(self->rb, self->sv[0],
					self->mem + PAGE, PAGE + 1, READ,
					&slice));
	EXPECT_EQ(id, slice.id);
	ASSERT_EQ(0, regbuf_handle_deregister(self->rb, self->sv[0], part));
	ASSERT_EQ(0, regbuf_handle_find(self->rb, self->sv[0],
					self->mem + PAGE, PAGE, READ, &slice));
	EXPECT_EQ(id, slice.id);
}

/* Enough of them that they are moved in memory, in any order. */
TEST_F(handle, many_are_kept_apart)
{
	struct regbuf_slice slice;
	uint64_t handles[60];
	int sock, i;

	for (i = 0; i < 60; i++) {
		sock = i % 3 ? self->sv[i % 2] : self->other[i % 2];
		ASSERT_EQ(0, regbuf_handle_register(self->rb, sock,
						    self->mem + i, 1, READ,
						    &handles[i]));
	}
	for (i = 0; i < 60; i += 2) {
		sock = i % 3 ? self->sv[i % 2] : self->other[i % 2];
		ASSERT_EQ(0, regbuf_handle_deregister(self->rb, sock,
						      handles[i]));
	}
	for (i = 0; i < 60; i++) {
		sock = i % 3 ? self->sv[i % 2] : self->other[i % 2];
		EXPECT_EQ(i % 2 ? 0 : -ENOENT,
			  regbuf_handle_slice(self->rb, sock, handles[i], 0, 1,
					      &slice));
		EXPECT_EQ(i % 2 ? 0 : -ENOENT,
			  regbuf_handle_find(self->rb, sock, self->mem + i, 1,
					     READ, &slice));
	}
	EXPECT_EQ(30, stats_of(self->rb).buffers);
}

/* S55, C8 */
TEST_F(handle, forked_child_is_refused)
{
	uint64_t handle;
	int status;
	pid_t pid;

	ASSERT_EQ(0, regbuf_handle_register(self->rb, self->sv[0], self->mem,
					    PAGE, READ, &handle));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(regbuf_handle_deregister(self->rb, self->sv[0], handle) !=
		      -EPERM);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, regbuf_handle_deregister(self->rb, self->sv[0], handle));
}

/* The last one is refused while the memory is in flight, and then not. */
TEST_F(handle, in_flight_it_stays)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(0x0a4a0002),
	};
	struct regbuf_slice slice;
	uint64_t handle;
	int udp;

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	ASSERT_EQ(0, system("ip link add hold type dummy && "
			    "ip addr add 10.74.0.1/24 dev hold && "
			    "ip link set hold up && "
			    "tc qdisc add dev hold root netem delay 200s"));
	ASSERT_EQ(0, connect(udp, (struct sockaddr *)&sin, sizeof(sin)));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, regbuf_handle_register(self->rb, udp, self->mem,
						    PAGE, READ, &handle));
	ASSERT_EQ(0, regbuf_handle_slice(self->rb, udp, handle, 0, 1200,
					 &slice));
	ASSERT_EQ(0, regbuf_send(self->rb, udp, slice.id, 0, 1200, 0, NULL));
	EXPECT_EQ(0, regbuf_handle_deregister(self->rb, udp, handle));
	EXPECT_EQ(-EBUSY, regbuf_handle_deregister(self->rb, udp, handle));
	EXPECT_EQ(0, regbuf_handle_slice(self->rb, udp, handle, 0, 1, &slice));
	ASSERT_EQ(0, system("tc qdisc replace dev hold root pfifo"));
	ASSERT_EQ(0, regbuf_wait(self->rb, slice.id, -1));
	EXPECT_EQ(0, regbuf_handle_deregister(self->rb, udp, handle));
}

TEST_HARNESS_MAIN
