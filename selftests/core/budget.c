// SPDX-License-Identifier: GPL-2.0
/*
 * C10: pinned pages are charged to the user, against RLIMIT_MEMLOCK, by the
 * whole (huge) page, when registering and only then, and given back once.
 */
#include "regbuf_test.h"
#include "kselftest_harness.h"

#include <linux/capability.h>
#include <linux/io_uring.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define NOBODY		65534
#define LIMIT		16	/* pages */
#define SMALL		64	/* bytes: LIMIT of them fit in a page */
#define RW		(PROT_READ | PROT_WRITE)
#define HUGE		(2UL << 20)
#define HUGE_PAGES	(HUGE / RB_PAGE)
#define NR_HUGE		"/proc/sys/vm/nr_hugepages"

static int set_limit(unsigned long pages)
{
	struct rlimit limit = { pages * RB_PAGE, pages * RB_PAGE };

	return setrlimit(RLIMIT_MEMLOCK, &limit);
}

static struct regbuf_ioc_register request(void *at, __u64 length)
{
	return (struct regbuf_ioc_register){
		.size = sizeof(struct regbuf_ioc_register),
		.addr = (unsigned long)at,
		.length = length,
		.access = RB_READ,
	};
}

/* What the user is charged with: a buffer that fits in nowhere tells. */
static long charged(int dev)
{
	static char *big;
	struct regbuf_ioc_register reg;
	struct rlimit limit;

	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (!big)
		big = rb_pages(1);
	reg = request(big, RB_PAGE);
	/* Soft limit 0, for a moment. */
	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ 0, limit.rlim_max });
	if (rb_ioctl(dev, REGBUF_IOC_REGISTER, &reg) != -ENOBUFS)
		reg.charged = -1;
	setrlimit(RLIMIT_MEMLOCK, &limit);
	return reg.charged;
}

/* A process of a user of no privileges, with a limit. */
FIXTURE(user) {
	int dev;
	int other;	/* a second context */
	char *mem;	/* twice the limit */
	long pins;
};

FIXTURE_SETUP(user)
{
	self->pins = rb_pins();
	ASSERT_EQ(0, rb_write_file(NR_HUGE, "4"));
	ASSERT_LE(4, rb_number("/proc/meminfo", "HugePages_Free"));
	self->dev = rb_open();
	ASSERT_GE(self->dev, 0);
	self->other = rb_open();
	ASSERT_GE(self->other, 0);
	self->mem = rb_pages(2 * LIMIT);
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, set_limit(LIMIT));
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	ASSERT_EQ(0, charged(self->dev));
}

/* By root, when the process is gone. */
FIXTURE_TEARDOWN_PARENT(user)
{
	EXPECT_EQ(self->pins, rb_pins());
	EXPECT_EQ(0, rb_write_file(NR_HUGE, "0"));
}

/* The last thing in each test: all is given back. */
#define EXPECT_NOTHING_CHARGED() do {					\
	EXPECT_EQ(0, rb_left(self->dev));				\
	EXPECT_EQ(0, charged(self->dev));				\
} while (0)

/* C10, S6, S42: N pages are fine, N + 1 are not; the reply has the numbers */
TEST_F(user, limit_is_exact)
{
	struct regbuf_ioc_register reg;

	reg = request(self->mem, (LIMIT + 1) * RB_PAGE);
	EXPECT_EQ(-ENOBUFS, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(LIMIT + 1, reg.needed);
	EXPECT_EQ(0, reg.charged);
	EXPECT_EQ(LIMIT, reg.allowed);
	EXPECT_EQ(0, reg.result);
	EXPECT_NOTHING_CHARGED();

	/* As many bytes, but one page more. */
	reg = request(self->mem + 1, LIMIT * RB_PAGE);
	EXPECT_EQ(-ENOBUFS, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(LIMIT + 1, reg.needed);
	EXPECT_NOTHING_CHARGED();

	reg = request(self->mem, LIMIT * RB_PAGE);
	ASSERT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(LIMIT, reg.needed);
	EXPECT_EQ(0, reg.charged);
	EXPECT_EQ(LIMIT, reg.allowed);
	EXPECT_EQ(0, reg.result);
	EXPECT_EQ(LIMIT, charged(self->dev));
	EXPECT_EQ(LIMIT, rb_vmpin());
	EXPECT_EQ(0, rb_deregister(self->dev, reg.id));
	EXPECT_NOTHING_CHARGED();
}

/* C10: many buffers count together; each deregistered one makes room */
TEST_F(user, buffers_are_summed_up)
{
	struct regbuf_ioc_register reg;
	__u64 ids[LIMIT];

	for (int i = 0; i < LIMIT; i++) {
		reg = request(self->mem + i * RB_PAGE + 5, 1);
		ASSERT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
		EXPECT_EQ(1, reg.needed);
		EXPECT_EQ(i, reg.charged);
		ids[i] = reg.id;
	}
	EXPECT_EQ(LIMIT, rb_vmpin());
	reg = request(self->mem, 1);
	EXPECT_EQ(-ENOBUFS, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(1, reg.needed);
	EXPECT_EQ(LIMIT, reg.charged);
	EXPECT_EQ(LIMIT, reg.allowed);
	EXPECT_EQ(0, rb_deregister(self->dev, ids[3]));
	reg = request(self->mem, 1);
	EXPECT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(LIMIT - 1, reg.charged);
	EXPECT_EQ(0, rb_deregister(self->dev, reg.id));
	for (int i = 0; i < LIMIT; i++)
		EXPECT_EQ(i == 3 ? -ESTALE : 0,
			  rb_deregister(self->dev, ids[i]));
	EXPECT_NOTHING_CHARGED();
}

/* C10, S3: a refusal gives no id, and says itself why */
TEST_F(user, refusal_gives_no_id)
{
	struct regbuf_ioc_register reg;

	reg = request(self->mem, (LIMIT + 1) * RB_PAGE);
	reg.id = -1ULL;
	EXPECT_EQ(-ENOBUFS, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(REGBUF_ID_NONE, reg.id);
	EXPECT_EQ(-ENOENT, rb_deregister(self->dev, reg.id));
	EXPECT_NOTHING_CHARGED();
}

/* C10, S10: small buffers all over memory cost a page each, packed ones less */
TEST_F(user, packed_buffers_cost_less)
{
	struct regbuf_ioc_register reg;
	__u64 ids[LIMIT];

	for (int i = 0; i < LIMIT; i++)
		ASSERT_EQ(0, rb_register(self->dev, self->mem + i * RB_PAGE,
					 SMALL, RB_READ, &ids[i]));
	EXPECT_EQ(LIMIT, charged(self->dev));
	for (int i = 0; i < LIMIT; i++)
		EXPECT_EQ(0, rb_deregister(self->dev, ids[i]));
	EXPECT_NOTHING_CHARGED();

	reg = request(self->mem, LIMIT * SMALL);
	ASSERT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(1, charged(self->dev));
	EXPECT_EQ(0, rb_deregister(self->dev, reg.id));
	EXPECT_NOTHING_CHARGED();
}

/* C10: deregistering twice gives back once */
TEST_F(user, charge_is_given_back_once)
{
	__u64 keep, id;

	ASSERT_EQ(0, rb_register(self->dev, self->mem, 4 * RB_PAGE, RB_READ,
				 &keep));
	ASSERT_EQ(0, rb_register(self->dev, self->mem, 2 * RB_PAGE, RB_READ,
				 &id));
	EXPECT_EQ(6, charged(self->dev));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	EXPECT_EQ(-ESTALE, rb_deregister(self->dev, id));
	EXPECT_EQ(-ESTALE, rb_deregister(self->dev, id));
	EXPECT_EQ(4, charged(self->dev));
	EXPECT_EQ(0, rb_deregister(self->dev, keep));
	EXPECT_NOTHING_CHARGED();
}

/* C10: closing a context gives back what its buffers were charged with */
TEST_F(user, close_gives_back_all)
{
	__u64 id;

	ASSERT_EQ(0, rb_register(self->dev, self->mem, 3 * RB_PAGE, RB_READ,
				 &id));
	for (int i = 0; i < 5; i++) {
		__u64 lost;

		ASSERT_EQ(0, rb_register(self->other, self->mem + i * RB_PAGE,
					 2 * RB_PAGE, RB_READ, &lost));
	}
	EXPECT_EQ(13, charged(self->dev));
	EXPECT_EQ(13, rb_vmpin());
	close(self->other);
	EXPECT_EQ(3, charged(self->dev));
	EXPECT_EQ(3, rb_vmpin());
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	EXPECT_NOTHING_CHARGED();
}

/* C10: the same pages twice are charged twice at most, and back to nothing */
TEST_F(user, overlapping_buffers_come_back_to_nothing)
{
	__u64 ids[4];

	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 4; i++)
			ASSERT_EQ(0, rb_register(self->dev, self->mem +
						 i * RB_PAGE / 2, 2 * RB_PAGE,
						 RB_READ, &ids[i]));
		EXPECT_LE(4, charged(self->dev));
		EXPECT_GE(2 + 3 + 2 + 3, charged(self->dev));
		for (int i = 0; i < 4; i++)
			EXPECT_EQ(0, rb_deregister(self->dev,
						   ids[i ^ round]));
		EXPECT_NOTHING_CHARGED();
	}
}

/* C10: a refusal for another reason leaves no charge */
TEST_F(user, failed_registration_charges_nothing)
{
	struct regbuf_ioc_query limits = { .size = sizeof(limits) };
	char *mem = rb_pages(9);
	__u64 id;

	ASSERT_EQ(0, munmap(mem + 5 * RB_PAGE, RB_PAGE));
	ASSERT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_QUERY, &limits));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EFAULT, rb_register(self->dev, mem, 9 * RB_PAGE,
					       RB_READ, &id));
		EXPECT_NOTHING_CHARGED();
		EXPECT_EQ(-EFAULT, rb_register(self->dev, NULL, RB_PAGE,
					       RB_READ, &id));
		EXPECT_EQ(-EINVAL, rb_register(self->dev, mem, 0, RB_READ,
					       &id));
		EXPECT_EQ(-EOVERFLOW, rb_register(self->dev, mem,
						  limits.max_length + 1,
						  RB_READ, &id));
		EXPECT_EQ(-EOPNOTSUPP, rb_register(self->dev, "constant", 1,
						   RB_READ, &id));
		EXPECT_NOTHING_CHARGED();
	}
}

/* C10: the reply can't be written: no buffer, no charge */
TEST_F(user, unwritable_reply_charges_nothing)
{
	struct regbuf_ioc_register *reg = (void *)rb_pages(1);

	*reg = request(self->mem, 4 * RB_PAGE);
	ASSERT_EQ(0, mprotect(reg, RB_PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, reg));
	EXPECT_NOTHING_CHARGED();
}

/* C10: a limit of nothing, and one that was lowered later */
TEST_F(user, lowered_limit_holds_for_new_ones)
{
	struct regbuf_ioc_register reg;
	__u64 id;

	ASSERT_EQ(0, rb_register(self->dev, self->mem, 10 * RB_PAGE, RB_READ,
				 &id));
	ASSERT_EQ(0, set_limit(4));
	reg = request(self->mem, 1);
	EXPECT_EQ(-ENOBUFS, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(10, reg.charged);
	EXPECT_EQ(4, reg.allowed);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	ASSERT_EQ(0, set_limit(0));
	reg = request(self->mem, 1);
	EXPECT_EQ(-ENOBUFS, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(1, reg.needed);
	EXPECT_EQ(0, reg.charged);
	EXPECT_EQ(0, reg.allowed);
	EXPECT_NOTHING_CHARGED();
}

/* C10: a limit that is not in whole pages allows the whole ones only */
TEST_F(user, limit_is_rounded_down)
{
	struct rlimit limit = { 3 * RB_PAGE - 1, LIMIT * RB_PAGE };
	struct regbuf_ioc_register reg = request(self->mem, 3 * RB_PAGE);
	__u64 id;

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	EXPECT_EQ(-ENOBUFS, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(2, reg.allowed);
	ASSERT_EQ(0, rb_register(self->dev, self->mem, 2 * RB_PAGE, RB_READ,
				 &id));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	EXPECT_NOTHING_CHARGED();
}

/* C10: sends need no budget: all of it is used, and they go on and on */
TEST_F(user, sends_are_not_charged)
{
	struct regbuf_ioc_send msg;
	char *got = malloc(LIMIT * RB_PAGE);
	int sv[2];
	__u64 id;

	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, sv));
	ASSERT_EQ(0, rb_register(self->dev, self->mem, LIMIT * RB_PAGE,
				 RB_READ, &id));
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, rb_send(self->dev, sv[0], id, i, LIMIT * RB_PAGE -
				     i, &msg));
		EXPECT_EQ(LIMIT, charged(self->dev));
		ASSERT_EQ(LIMIT * RB_PAGE - i, msg.sent);
		ASSERT_EQ(0, rb_recv_all(sv[1], got, msg.sent));
		EXPECT_EQ(0, memcmp(got, self->mem + i, msg.sent));
		EXPECT_EQ(LIMIT, charged(self->dev));
	}
	close(sv[0]);
	close(sv[1]);
	EXPECT_EQ(0, rb_wait(self->dev, id, 20 * RB_SEC));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	EXPECT_NOTHING_CHARGED();
	free(got);
}

/* C10: part of a huge page: charged whole, and so over this budget */
TEST_F(user, huge_page_does_not_fit)
{
	char *mem = rb_map(HUGE, RW, MAP_HUGETLB);
	struct regbuf_ioc_register reg;

	ASSERT_NE(NULL, mem);
	reg = request(mem + 100, 1);
	EXPECT_EQ(-ENOBUFS, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(HUGE_PAGES, reg.needed);
	EXPECT_EQ(0, reg.charged);
	EXPECT_EQ(LIMIT, reg.allowed);
	EXPECT_NOTHING_CHARGED();
	munmap(mem, HUGE);
}

/* C10: the counter is the one of io_uring, both ways */
TEST_F(user, budget_is_shared_with_io_uring)
{
	struct iovec iov = { self->mem, 6 * RB_PAGE };
	struct io_uring_params params = { 0 };
	int ring = syscall(SYS_io_uring_setup, 4, &params);
	__u64 id;

	ASSERT_GE(ring, 0);
	ASSERT_EQ(0, charged(self->dev));
	ASSERT_EQ(0, syscall(SYS_io_uring_register, ring,
			     IORING_REGISTER_BUFFERS, &iov, 1));
	EXPECT_EQ(6, charged(self->dev));
	EXPECT_EQ(-ENOBUFS, rb_register(self->dev, self->mem,
					(LIMIT - 5) * RB_PAGE, RB_READ, &id));
	ASSERT_EQ(0, rb_register(self->dev, self->mem, (LIMIT - 6) * RB_PAGE,
				 RB_READ, &id));
	EXPECT_EQ(LIMIT, charged(self->dev));
	ASSERT_EQ(0, syscall(SYS_io_uring_register, ring,
			     IORING_UNREGISTER_BUFFERS, NULL, 0));
	EXPECT_EQ(LIMIT - 6, charged(self->dev));
	iov.iov_len = 7 * RB_PAGE;
	EXPECT_EQ(-1, syscall(SYS_io_uring_register, ring,
			      IORING_REGISTER_BUFFERS, &iov, 1));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	EXPECT_EQ(0, syscall(SYS_io_uring_register, ring,
			     IORING_REGISTER_BUFFERS, &iov, 1));
	EXPECT_EQ(0, syscall(SYS_io_uring_register, ring,
			     IORING_UNREGISTER_BUFFERS, NULL, 0));
	close(ring);
	EXPECT_NOTHING_CHARGED();
}

/* C10: root in a user namespace of one's own has no budget to give away */
TEST_F(user, root_of_a_user_namespace_is_charged)
{
	struct regbuf_ioc_register reg;

	ASSERT_EQ(0, unshare(CLONE_NEWUSER));
	reg = request(self->mem, (LIMIT + 1) * RB_PAGE);
	EXPECT_EQ(-ENOBUFS, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	reg = request(self->mem, LIMIT * RB_PAGE);
	ASSERT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(0, reg.result);
	EXPECT_EQ(LIMIT, charged(self->dev));
	EXPECT_EQ(0, rb_deregister(self->dev, reg.id));
	EXPECT_NOTHING_CHARGED();
}

/* Root: not charged, or charged once it has given up the capability. */
FIXTURE(root) {
	int dev;
	char *mem;
	long pins;
};

FIXTURE_SETUP(root)
{
	self->pins = rb_pins();
	self->dev = rb_open();
	ASSERT_GE(self->dev, 0);
	self->mem = rb_pages(2 * LIMIT);
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, set_limit(LIMIT));
}

FIXTURE_TEARDOWN(root)
{
	EXPECT_EQ(0, rb_left(self->dev));
	close(self->dev);
	EXPECT_EQ(self->pins, rb_pins());
}

static int drop_ipc_lock(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -1;
	data[0].effective &= ~(1u << CAP_IPC_LOCK);
	return syscall(SYS_capset, &head, data);
}

/* C10: CAP_IPC_LOCK: over any limit, said so, seen as pinned, not charged */
TEST_F(root, is_not_charged)
{
	struct regbuf_ioc_register reg;
	struct regbuf_ioc_stats stats;
	__u64 id;

	ASSERT_EQ(0, set_limit(0));
	reg = request(self->mem, 2 * LIMIT * RB_PAGE);
	ASSERT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(REGBUF_REGISTER_R_UNCHARGED, reg.result);
	EXPECT_EQ(2 * LIMIT, reg.needed);
	EXPECT_EQ(0, reg.charged);
	EXPECT_EQ(0, reg.allowed);
	id = reg.id;
	reg = request(self->mem, RB_PAGE);
	ASSERT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(0, reg.charged);
	EXPECT_EQ(2 * LIMIT + 1, rb_vmpin());
	ASSERT_EQ(0, rb_stats(self->dev, &stats));
	EXPECT_EQ(2 * LIMIT + 1, stats.pages);
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	EXPECT_EQ(1, rb_vmpin());
	EXPECT_EQ(0, rb_deregister(self->dev, reg.id));
}

/* C10: it is the capability that counts, not who one is */
TEST_F(root, without_the_capability_is_charged)
{
	struct regbuf_ioc_register reg;

	ASSERT_EQ(0, drop_ipc_lock());
	reg = request(self->mem, (LIMIT + 1) * RB_PAGE);
	EXPECT_EQ(-ENOBUFS, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(LIMIT + 1, reg.needed);
	EXPECT_EQ(0, reg.charged);
	reg = request(self->mem, LIMIT * RB_PAGE);
	ASSERT_EQ(0, rb_ioctl(self->dev, REGBUF_IOC_REGISTER, &reg));
	EXPECT_EQ(0, reg.result);
	EXPECT_EQ(LIMIT, charged(self->dev));
	EXPECT_EQ(0, rb_deregister(self->dev, reg.id));
	EXPECT_EQ(0, charged(self->dev));
}

/* C10: what was registered uncharged isn't given back as if it had been */
TEST_F(root, uncharged_buffer_gives_back_nothing)
{
	__u64 free_one, paid;

	ASSERT_EQ(0, rb_register(self->dev, self->mem, 5 * RB_PAGE, RB_READ,
				 &free_one));
	ASSERT_EQ(0, drop_ipc_lock());
	ASSERT_EQ(0, rb_register(self->dev, self->mem, 3 * RB_PAGE, RB_READ,
				 &paid));
	EXPECT_EQ(3, charged(self->dev));
	EXPECT_EQ(0, rb_deregister(self->dev, free_one));
	EXPECT_EQ(3, charged(self->dev));
	EXPECT_EQ(0, rb_deregister(self->dev, paid));
	EXPECT_EQ(0, charged(self->dev));
}

/* C10: the charge goes back to who was charged, whoever one is by then */
TEST_F(root, charge_goes_back_to_its_user)
{
	__u64 id;

	ASSERT_EQ(0, drop_ipc_lock());
	ASSERT_EQ(0, rb_register(self->dev, self->mem, 4 * RB_PAGE, RB_READ,
				 &id));
	ASSERT_EQ(0, setresuid(NOBODY, 0, 0));
	ASSERT_EQ(0, drop_ipc_lock());
	EXPECT_EQ(0, charged(self->dev));
	EXPECT_EQ(0, rb_deregister(self->dev, id));
	EXPECT_EQ(0, charged(self->dev));
	ASSERT_EQ(0, setresuid(0, 0, 0));
	ASSERT_EQ(0, drop_ipc_lock());
	EXPECT_EQ(0, charged(self->dev));
}

/* Processes of one user, told what to do; each with the same huge page. */
struct order {
	__u64 offset;		/* registers from there, if length */
	__u64 length;
	__u64 id;		/* deregisters that, else */
};

struct worker {
	pid_t pid;
	int sock;
};

static void work(int sock, char *mem, uid_t uid)
{
	struct regbuf_ioc_register reg;
	struct order order;
	int dev = rb_open();

	if (set_limit(4 * HUGE_PAGES) || setresuid(uid, uid, uid))
		_exit(1);
	while (recv(sock, &order, sizeof(order), 0) == sizeof(order)) {
		reg = request(mem + order.offset, order.length);
		if (order.length && rb_ioctl(dev, REGBUF_IOC_REGISTER, &reg))
			reg.id = 0;
		if (!order.length)
			reg.id = rb_deregister(dev, order.id);
		/* What is charged now, of all processes. */
		reg.charged = charged(dev);
		send(sock, &reg, sizeof(reg), MSG_NOSIGNAL);
	}
	_exit(rb_left(dev));
}

FIXTURE(users) {
	struct worker workers[3];	/* the last one is another user */
	char *mem;
	long pins;
};

FIXTURE_SETUP(users)
{
	int sv[2];

	self->pins = rb_pins();
	ASSERT_EQ(0, rb_write_file(NR_HUGE, "2"));
	self->mem = mmap(NULL, HUGE, RW, MAP_SHARED | MAP_ANONYMOUS |
			 MAP_HUGETLB, -1, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC,
					0, sv));
		self->workers[i].sock = sv[0];
		self->workers[i].pid = fork();
		if (!self->workers[i].pid) {
			for (int j = 0; j <= i; j++)
				close(self->workers[j].sock);
			work(sv[1], self->mem, i == 2 ? NOBODY - 1 : NOBODY);
		}
		close(sv[1]);
	}
}

FIXTURE_TEARDOWN(users)
{
	int status;

	for (int i = 0; i < 3; i++) {
		close(self->workers[i].sock);
		EXPECT_EQ(self->workers[i].pid,
			  waitpid(self->workers[i].pid, &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_EQ(self->pins, rb_pins());
	munmap(self->mem, HUGE);
	EXPECT_EQ(0, rb_write_file(NR_HUGE, "0"));
}

static struct regbuf_ioc_register tell(const struct worker *worker,
				       struct order order)
{
	struct regbuf_ioc_register reg = { 0 };

	if (send(worker->sock, &order, sizeof(order), MSG_NOSIGNAL) < 0 ||
	    recv(worker->sock, &reg, sizeof(reg), 0) != sizeof(reg))
		reg.charged = -1;
	return reg;
}

static __u64 tell_register(struct __test_metadata *_metadata,
			   const struct worker *worker, __u64 offset,
			   __u64 length, __u64 charged_then)
{
	struct regbuf_ioc_register reg;

	reg = tell(worker, (struct order){ offset, length });
	EXPECT_NE(0, reg.id);
	EXPECT_EQ(HUGE_PAGES, reg.needed);
	EXPECT_EQ(charged_then, reg.charged);
	return reg.id;
}

static void tell_deregister(struct __test_metadata *_metadata,
			    const struct worker *worker, __u64 id,
			    __u64 charged_then)
{
	struct regbuf_ioc_register reg;

	reg = tell(worker, (struct order){ .id = id });
	EXPECT_EQ(0, reg.id);
	EXPECT_EQ(charged_then, reg.charged);
}

/*
 * C10, "fix RLIMIT_MEMLOCK bypass": overlapping buffers in one huge page, of
 * two processes of one user, released in each order: the sum is right on the
 * way, and nothing at the end.
 */
TEST_F(users, huge_page_of_two_processes_comes_back_to_nothing)
{
	static const int orders[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	const struct worker *who[3] = {
		&self->workers[0], &self->workers[1], &self->workers[1],
	};
	__u64 ids[3];

	for (int i = 0; i < ARRAY_SIZE(orders); i++) {
		ids[0] = tell_register(_metadata, who[0], 0, 10 * RB_PAGE,
				       HUGE_PAGES);
		ids[1] = tell_register(_metadata, who[1], 5 * RB_PAGE,
				       10 * RB_PAGE, 2 * HUGE_PAGES);
		ids[2] = tell_register(_metadata, who[2], 7 * RB_PAGE + 1, 1,
				       3 * HUGE_PAGES);
		for (int j = 0; j < 3; j++)
			tell_deregister(_metadata, who[orders[i][j]],
					ids[orders[i][j]],
					(2 - j) * HUGE_PAGES);
	}
}

/* C10: the budget is the user's: its processes share it */
TEST_F(users, processes_of_one_user_share_the_budget)
{
	struct regbuf_ioc_register reg;
	__u64 ids[4];

	for (int i = 0; i < 4; i++)
		ids[i] = tell_register(_metadata, &self->workers[i & 1],
				       i * RB_PAGE, 1, (i + 1) * HUGE_PAGES);
	for (int i = 0; i < 2; i++) {
		reg = tell(&self->workers[i], (struct order){ 4 * RB_PAGE, 1 });
		EXPECT_EQ(0, reg.id);
		EXPECT_EQ(4 * HUGE_PAGES, reg.charged);
	}
	for (int i = 0; i < 4; i++)
		tell_deregister(_metadata, &self->workers[i & 1], ids[i],
				(3 - i) * HUGE_PAGES);
}

/* C10: another user has another one, even for the same page */
TEST_F(users, have_each_their_own_budget)
{
	__u64 one, other;

	one = tell_register(_metadata, &self->workers[0], 0, RB_PAGE,
			    HUGE_PAGES);
	other = tell_register(_metadata, &self->workers[2], 0, RB_PAGE,
			      HUGE_PAGES);
	tell_deregister(_metadata, &self->workers[0], one, 0);
	tell_deregister(_metadata, &self->workers[2], other, 0);
}

/* C10: a process that dies gives back its charge, and no other's */
TEST_F(users, death_gives_back_the_charge)
{
	struct regbuf_ioc_register reg;
	int status;
	__u64 id;

	tell_register(_metadata, &self->workers[1], 0, RB_PAGE, HUGE_PAGES);
	id = tell_register(_metadata, &self->workers[0], 0, RB_PAGE,
			   2 * HUGE_PAGES);
	kill(self->workers[1].pid, SIGKILL);
	ASSERT_EQ(self->workers[1].pid,
		  waitpid(self->workers[1].pid, &status, 0));
	reg = tell(&self->workers[0], (struct order){ .id = id });
	EXPECT_EQ(0, reg.id);
	EXPECT_EQ(0, reg.charged);
	/* For the teardown to have something to wait for. */
	self->workers[1].pid = fork();
	if (!self->workers[1].pid)
		_exit(0);
}

TEST_HARNESS_MAIN
