// SPDX-License-Identifier: GPL-2.0
/*
 * A program of a control group looks at each packet that goes out: it is shown
 * the datagrams that were sent, not several as one.
 */
#include <linux/bpf.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "regbuf_lane.h"
#include "kselftest_harness.h"

#define LEN	(1UL << 20)
#define ENTRIES	64
#define NR	20
#define SIZE	1000
#define ROOT	"/tmp/watched"
#define GROUP	ROOT "/group"

FIXTURE(watched)
{
	struct rb_qrig qr;
	struct rb_queue *q;
	struct rb_tally *tally;
	int group;
	int prog;
};

FIXTURE_VARIANT(watched)
{
	int family;
	bool named;
};

FIXTURE_VARIANT_ADD(watched, udp4) { AF_INET };
FIXTURE_VARIANT_ADD(watched, udp6) { AF_INET6 };
FIXTURE_VARIANT_ADD(watched, udp4_named) { AF_INET, true };
FIXTURE_VARIANT_ADD(watched, udp6_named) { AF_INET6, true };

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* Lets packets pass that are no longer than any of the datagrams. */
static int load(void)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_1,
		  .off = offsetof(struct __sk_buff, len) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 0 },
		{ .code = BPF_JMP | BPF_JGT | BPF_K, .dst_reg = BPF_REG_2,
		  .imm = SIZE + 100, .off = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_SKB,
		.expected_attach_type = BPF_CGROUP_INET_EGRESS,
		.insns = (unsigned long)insns,
		.insn_cnt = ARRAY_SIZE(insns),
		.license = (unsigned long)"GPL",
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

static int attach(int cmd, int group, int prog)
{
	union bpf_attr attr = {
		.target_fd = group,
		.attach_bpf_fd = prog,
		.attach_type = BPF_CGROUP_INET_EGRESS,
	};

	return bpf(cmd, &attr);
}

/* A group for this process, whose sockets belong to it from now on. */
static int join_group(void)
{
	mkdir(ROOT, 0700);
	if (mount("none", ROOT, "cgroup2", 0, NULL) && errno != EBUSY)
		return -1;
	if ((mkdir(GROUP, 0700) && errno != EEXIST) ||
	    rb_write_file(GROUP "/cgroup.procs", "0"))
		return -1;
	return open(GROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

FIXTURE_SETUP(watched)
{
	struct rb_rig *rig = &self->qr.rig;
	int what = IP_PMTUDISC_DO;

	self->q = &self->qr.q;
	self->group = join_group();
	ASSERT_LE(0, self->group);
	self->prog = load();
	ASSERT_LE(0, self->prog);
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, variant->family, SOCK_DGRAM,
				   false, LEN, ENTRIES));
	if (variant->family == AF_INET)
		ASSERT_EQ(0, setsockopt(rig->near, SOL_IP, IP_MTU_DISCOVER,
					&what, sizeof(what)));
	self->tally = rb_tally_new(NR);
	ASSERT_NE(NULL, self->tally);
}

FIXTURE_TEARDOWN(watched)
{
	free(self->tally);
	/* Others are not to be watched. */
	attach(BPF_PROG_DETACH, self->group, self->prog);
	close(self->prog);
	close(self->group);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
	EXPECT_EQ(0, rb_write_file(ROOT "/cgroup.procs", "0"));
	EXPECT_EQ(0, rmdir(GROUP));
	EXPECT_EQ(0, umount(ROOT));
}

/* Equal ones, to where the socket is connected, perhaps by name. */
static void post_all(struct __test_metadata *_metadata,
		     FIXTURE_DATA(watched) *self, bool named)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct regbuf_sqe *sqe;

	ASSERT_EQ(0, getsockname(self->qr.rig.far, (struct sockaddr *)&ss,
				 &len));
	for (int i = 1; i <= NR; i++) {
		sqe = rb_qrig_send(&self->qr, i * SIZE, SIZE, i);
		if (!named)
			continue;
		sqe->flags = REGBUF_SQE_F_ADDR_PTR;
		sqe->addr_id = (unsigned long)&ss;
	}
	ASSERT_EQ(0, rb_q_submit_all(self->q));
}

static void send_all(struct __test_metadata *_metadata,
		     FIXTURE_DATA(watched) *self, bool named)
{
	unsigned char bytes[SIZE + 1];

	memset(self->tally, 0, sizeof(*self->tally));
	self->tally->nr = NR;
	post_all(_metadata, self, named);
	ASSERT_EQ(0, rb_tally_all(self->tally, self->q));
	EXPECT_EQ(0, rb_tally_differs(self->tally, 1, NR, 0, SIZE));
	for (int i = 1; i <= NR; i++) {
		ASSERT_TRUE(rb_within(20, recv(self->qr.rig.far, bytes,
					       sizeof(bytes),
					       MSG_DONTWAIT) == SIZE));
		EXPECT_EQ(0, memcmp(bytes, self->qr.rig.mem + i * SIZE, SIZE));
	}
}

/* C3, C4: all pass, as they would alone; before, and when it is there. */
TEST_F(watched, each_is_seen)
{
	send_all(_metadata, self, variant->named);
	ASSERT_EQ(0, attach(BPF_PROG_ATTACH, self->group, self->prog));
	send_all(_metadata, self, variant->named);
}

/* It is a program that refuses, or the above shows nothing. */
TEST_F(watched, long_ones_are_refused)
{
	ASSERT_EQ(0, attach(BPF_PROG_ATTACH, self->group, self->prog));
	rb_qrig_send(&self->qr, 0, SIZE + 200, 1);
	ASSERT_EQ(0, rb_q_submit_all(self->q));
	EXPECT_EQ(0, rb_q_error(self->q, 1, EPERM));
}

#include "regbuf_main.h"
