// SPDX-License-Identifier: GPL-2.0
/*
 * libregbuf: flags of registrations, the view of the slots, tables of buffers,
 * and buffers of other processes.
 */
#include <fcntl.h>

#include "lib_test.h"

#include "kselftest_harness.h"

FIXTURE(memory) {
	struct regbuf *rb;
	char *mem;
	int sv[2];
};

FIXTURE_SETUP(memory)
{
	ASSERT_EQ(0, regbuf_open(&self->rb));
	self->mem = map(8 * PAGE, 'a');
	ASSERT_NE(NULL, self->mem);
	ASSERT_EQ(0, pair(SOCK_STREAM, self->sv));
}

FIXTURE_TEARDOWN(memory)
{
	regbuf_close(self->rb);
}

static int send_byte(struct regbuf *rb, int sock, struct regbuf_slice slice)
{
	struct regbuf_message msg = {
		.slices = &slice,
		.nr_slices = 1,
		.sock = sock,
	};

	slice.length = 2;
	return regbuf_sendv(rb, &msg, NULL);
}

static int send_id(struct regbuf *rb, int sock, uint64_t id)
{
	return send_byte(rb, sock, regbuf_slice_of(id, 0, 0));
}

/* S46 to S49, C11 */
TEST_F(memory, registrations_can_be_counted)
{
	struct regbuf_budget budget;
	unsigned int left;
	uint64_t id, same;
	int i;

	ASSERT_EQ(0, regbuf_register_flags(self->rb, self->mem, PAGE, READ,
					   REGBUF_REGISTER_F_COUNT, &id,
					   &budget));
	EXPECT_EQ(0, budget.result & REGBUF_REGISTER_R_COUNTED);
	EXPECT_EQ(1, budget.needed);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, regbuf_register_flags(self->rb, self->mem, PAGE,
						   READ,
						   REGBUF_REGISTER_F_COUNT,
						   &same, &budget));
		EXPECT_EQ(id, same);
		EXPECT_NE(0, budget.result & REGBUF_REGISTER_R_COUNTED);
	}
	for (i = 2; i >= 0; i--) {
		EXPECT_EQ(0, send_id(self->rb, self->sv[0], id));
		left = 77;
		ASSERT_EQ(0, regbuf_deregister_count(self->rb, id, &left));
		EXPECT_EQ(i, left);
	}
	left = 77;
	EXPECT_EQ(-ESTALE, regbuf_deregister_count(self->rb, id, &left));
	EXPECT_EQ(0, left);
	EXPECT_EQ(-ESTALE, regbuf_deregister_count(self->rb, id, NULL));
}

/* C11 */
TEST_F(memory, the_same_range_shares_its_pages)
{
	struct regbuf_budget budget;
	uint64_t a, b;

	ASSERT_EQ(0, regbuf_register_budget(self->rb, self->mem, 4 * PAGE, READ,
					    &a, &budget));
	EXPECT_EQ(0, budget.result & REGBUF_REGISTER_R_SHARED);
	ASSERT_EQ(0, regbuf_register_flags(self->rb, self->mem, 4 * PAGE, READ,
					   0, &b, &budget));
	EXPECT_NE(a, b);
	EXPECT_NE(0, budget.result & REGBUF_REGISTER_R_SHARED);
	EXPECT_EQ(2, stats_of(self->rb).buffers);
	ASSERT_EQ(0, regbuf_deregister(self->rb, a));
	EXPECT_EQ(0, send_id(self->rb, self->sv[0], b));
	EXPECT_EQ('a', received(self->sv[1], 2));
	ASSERT_EQ(0, regbuf_deregister(self->rb, b));
	EXPECT_EQ(0, stats_of(self->rb).pages);
}

/* C9: and what is to be kept. */
TEST_F(memory, unmapped_memory_is_kept_if_asked_for)
{
	uint64_t kept, gone, none = 77;

	ASSERT_EQ(0, regbuf_register_flags(self->rb, self->mem, PAGE, READ,
					   REGBUF_REGISTER_F_KEEP, &kept,
					   NULL));
	ASSERT_EQ(0, regbuf_register(self->rb, self->mem, PAGE, READ, &gone));
	ASSERT_EQ(self->mem, map_at(self->mem, PAGE, 'b'));
	EXPECT_EQ(-ESTALE, send_id(self->rb, self->sv[0], gone));
	ASSERT_EQ(0, send_id(self->rb, self->sv[0], kept));
	EXPECT_EQ('a', received(self->sv[1], 2));
	EXPECT_EQ(-EOPNOTSUPP, regbuf_register_flags(self->rb, self->mem, PAGE,
						     READ, 1u << 31, &none,
						     NULL));
	EXPECT_EQ(REGBUF_ID_NONE, none);
}

/* C5, C9: without a call. */
TEST_F(memory, slots_tell_what_became_of_ids)
{
	struct regbuf_slots slots;
	uint64_t id, next;

	ASSERT_EQ(0, regbuf_slots_map(self->rb, &slots));
	EXPECT_EQ(REGBUF_STATE_NONE, regbuf_slot_state(&slots, 0));
	EXPECT_EQ(REGBUF_STATE_NONE, regbuf_slot_state(&slots, ~0ull));
	ASSERT_EQ(0, regbuf_register(self->rb, self->mem, PAGE, READ, &id));
	EXPECT_EQ(REGBUF_STATE_LIVE, regbuf_slot_state(&slots, id));
	EXPECT_EQ(REGBUF_STATE_NONE,
		  regbuf_slot_state(&slots, id + (1ull << 32)));
	ASSERT_EQ(0, munmap(self->mem, PAGE));
	EXPECT_EQ(REGBUF_STATE_DETACHED, regbuf_slot_state(&slots, id));
	ASSERT_EQ(0, regbuf_deregister(self->rb, id));
	EXPECT_EQ(REGBUF_STATE_NONE, regbuf_slot_state(&slots, id));
	ASSERT_EQ(0, regbuf_register(self->rb, self->mem + PAGE, PAGE, READ,
				     &next));
	EXPECT_EQ(REGBUF_STATE_LIVE, regbuf_slot_state(&slots, next));
	EXPECT_EQ(REGBUF_STATE_NONE, regbuf_slot_state(&slots, id));
	regbuf_slots_unmap(&slots);
	EXPECT_EQ(NULL, slots.map);
	EXPECT_EQ(REGBUF_STATE_NONE, regbuf_slot_state(&slots, next));
	regbuf_slots_unmap(&slots);
}

/* C15 */
TEST_F(memory, slots_outlive_the_context)
{
	struct regbuf_slots slots;
	struct regbuf *rb;
	uint64_t id;

	ASSERT_EQ(0, regbuf_open(&rb));
	ASSERT_EQ(0, regbuf_slots_map(rb, &slots));
	ASSERT_EQ(0, regbuf_register(rb, self->mem, PAGE, READ, &id));
	EXPECT_EQ(REGBUF_STATE_LIVE, regbuf_slot_state(&slots, id));
	regbuf_close(rb);
	EXPECT_EQ(REGBUF_STATE_NONE, regbuf_slot_state(&slots, id));
	regbuf_slots_unmap(&slots);
}

/* C8 */
TEST_F(memory, slots_are_the_owners)
{
	struct regbuf_slots slots = { .count = 77 };
	int status;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(regbuf_slots_map(self->rb, &slots) != -EPERM ||
		      slots.count);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

static struct regbuf_array_entry entry(char *mem, size_t length)
{
	return (struct regbuf_array_entry){
		.addr = (uintptr_t)mem,
		.length = length,
		.access = mem ? READ : 0,
	};
}

/* S26, S33 to S36, C12 */
TEST_F(memory, buffers_are_named_by_index)
{
	struct regbuf_array_entry entries[3] = {
		entry(self->mem, PAGE), { 0 }, entry(self->mem + PAGE, PAGE),
	};
	struct regbuf_array_entry other = entry(self->mem + 2 * PAGE, PAGE);
	unsigned int failed = 77;

	memset(self->mem + PAGE, 'b', PAGE);
	memset(self->mem + 2 * PAGE, 'c', PAGE);
	ASSERT_EQ(0, regbuf_array_set(self->rb, entries, 3, &failed, NULL));
	EXPECT_EQ(0, failed);
	EXPECT_NE(0, entries[0].id);
	EXPECT_EQ(0, entries[1].id);
	ASSERT_EQ(0, send_byte(self->rb, self->sv[0],
			       regbuf_slice_index(2, 5, 1)));
	EXPECT_EQ('b', received(self->sv[1], 2));
	EXPECT_EQ(-ENOENT, send_byte(self->rb, self->sv[0],
				     regbuf_slice_index(1, 0, 1)));
	EXPECT_EQ(-ENOENT, send_byte(self->rb, self->sv[0],
				     regbuf_slice_index(3, 0, 1)));
	ASSERT_EQ(0, regbuf_array_update(self->rb, 2, &other, 1, &failed,
					 NULL));
	ASSERT_EQ(0, send_byte(self->rb, self->sv[0],
			       regbuf_slice_index(2, 0, 1)));
	EXPECT_EQ('c', received(self->sv[1], 2));
	EXPECT_EQ(-ESTALE, send_id(self->rb, self->sv[0], entries[2].id));
	EXPECT_EQ(0, send_id(self->rb, self->sv[0], entries[0].id));
	EXPECT_EQ(2, stats_of(self->rb).buffers);
	ASSERT_EQ(0, regbuf_array_set(self->rb, NULL, 0, NULL, NULL));
	EXPECT_EQ(0, stats_of(self->rb).buffers);
}

/* C12: all or nothing. */
TEST_F(memory, tables_say_what_is_wrong)
{
	struct regbuf_array_entry entries[3] = {
		entry(self->mem, PAGE), entry(self->mem + PAGE, PAGE),
		entry(self->mem + 2 * PAGE, 4 * PAGE),
	};
	struct regbuf_budget budget;
	unsigned int failed = 77;

	EXPECT_EQ(-ERANGE, regbuf_array_update(self->rb, 0, entries, 1, NULL,
					       NULL));
	entries[1].length = 0;
	EXPECT_EQ(-EINVAL, regbuf_array_set(self->rb, entries, 3, &failed,
					    &budget));
	EXPECT_EQ(1, failed);
	EXPECT_EQ(0, budget.needed);
	entries[1].length = PAGE;
	ASSERT_EQ(0, limit_to(4));
	EXPECT_EQ(-ENOBUFS, regbuf_array_set(self->rb, entries, 3, &failed,
					     &budget));
	EXPECT_EQ(2, failed);
	EXPECT_EQ(4, budget.needed);
	EXPECT_EQ(4, budget.allowed);
	EXPECT_EQ(0, stats_of(self->rb).buffers);
	ASSERT_EQ(0, regbuf_array_set(self->rb, entries, 2, &failed, &budget));
	EXPECT_EQ(0, failed);
	EXPECT_EQ(-ERANGE, regbuf_array_update(self->rb, 1, entries, 2, NULL,
					       NULL));
	EXPECT_EQ(2, stats_of(self->rb).buffers);
}

/* S25 to S29: in its place among the entries of a queue. */
TEST_F(memory, queues_change_the_table)
{
	struct regbuf_queue_params params = { .sq_entries = 8,
					      .cq_entries = 8 };
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = REGBUF_ATTACH_F_SEND,
	};
	struct regbuf_array_entry first = entry(self->mem, PAGE);
	struct regbuf_array_entry second = entry(self->mem + PAGE, PAGE);
	struct regbuf_ioc_array array = {
		.size = sizeof(array),
		.entries = (uintptr_t)&second,
		.nr = 1,
	};
	struct regbuf_cqe cqes[3];
	struct regbuf_queue *q;
	struct regbuf_sqe *sqe;
	int i;

	memset(self->mem + PAGE, 'b', PAGE);
	ASSERT_EQ(0, regbuf_queue_create(self->rb, &params, &q));
	ASSERT_EQ(0, regbuf_queue_attach(q, self->sv[0], &attach));
	ASSERT_EQ(0, regbuf_array_set(self->rb, &first, 1, NULL, NULL));
	for (i = 0; i < 3; i++) {
		sqe = regbuf_queue_sqe(q);
		ASSERT_NE(NULL, sqe);
		if (i == 1) {
			regbuf_prep_array(sqe, &array);
			continue;
		}
		regbuf_prep_send(sqe, attach.endpoint, 0, 0, 100);
		regbuf_sqe_index(sqe);
	}
	ASSERT_EQ(3, regbuf_queue_submit(q));
	ASSERT_EQ(0, regbuf_queue_wait(q, 3, 20 * SEC, NULL));
	ASSERT_EQ(3, regbuf_queue_reap(q, cqes, 3));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, cqes[i].error);
	EXPECT_EQ('a', received(self->sv[1], 100));
	EXPECT_EQ('b', received(self->sv[1], 100));
	EXPECT_NE(0, second.id);
	regbuf_queue_destroy(q);
}

/* In a process of its own: 0 if each send is as @wanted. */
static int import_and_send(int fd, int sock, const int *wanted, int nr,
			   int turn)
{
	struct regbuf *rb;
	uint64_t id, length;
	int i, ok;
	char c;

	if (regbuf_open(&rb) || regbuf_import(rb, fd, 0, &id, &length))
		return 1;
	ok = length == PAGE;
	for (i = 0; i < nr; i++) {
		if (write(turn, "", 1) != 1 || read(turn, &c, 1) != 1)
			return 2;
		ok = ok && send_id(rb, sock, id) == wanted[i];
	}
	regbuf_close(rb);
	return ok ? 0 : 3;
}

/* C8 */
TEST_F(memory, other_processes_send_what_was_exported)
{
	static const int wanted[] = { 0, -ESTALE };
	unsigned int in_flight = 77;
	int fd, turn[2], status;
	uint64_t id;
	pid_t pid;
	char c;

	memset(self->mem + PAGE, 'b', PAGE);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, turn));
	ASSERT_EQ(0, regbuf_register(self->rb, self->mem, 4 * PAGE, READ, &id));
	fd = regbuf_export(self->rb, id, PAGE, PAGE, READ);
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(import_and_send(fd, self->sv[0], wanted, 2, turn[1]));
	ASSERT_EQ(1, read(turn[0], &c, 1));
	ASSERT_EQ(1, write(turn[0], "", 1));
	EXPECT_EQ('b', received(self->sv[1], 2));
	ASSERT_EQ(1, read(turn[0], &c, 1));
	EXPECT_EQ(0, regbuf_revoke(self->rb, id, &in_flight));
	EXPECT_EQ(0, in_flight);
	ASSERT_EQ(1, write(turn[0], "", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, send_id(self->rb, self->sv[0], id));
}

/* C8, C5 */
TEST_F(memory, exports_say_what_is_wrong)
{
	struct regbuf *other;
	unsigned int in_flight = 77;
	uint64_t id, none = 77, length = 77;
	int fd, null = open("/dev/null", O_RDWR);

	ASSERT_EQ(0, regbuf_register(self->rb, self->mem, PAGE, READ, &id));
	EXPECT_EQ(-EACCES, regbuf_export(self->rb, id, 0, 0, WRITE));
	EXPECT_EQ(-EINVAL, regbuf_export(self->rb, id, 0, 0, 0));
	EXPECT_EQ(-EFAULT, regbuf_export(self->rb, id, 1, PAGE, READ));
	EXPECT_EQ(-ENOENT, regbuf_export(self->rb, REGBUF_ID_NONE, 0, 0, READ));
	fd = regbuf_export(self->rb, id, 0, 0, READ);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, regbuf_open(&other));
	EXPECT_EQ(-EINVAL, regbuf_import(other, null, 0, &none, &length));
	EXPECT_EQ(REGBUF_ID_NONE, none);
	EXPECT_EQ(0, length);
	EXPECT_EQ(-EBADF, regbuf_import(other, -1, 0, &none, NULL));
	EXPECT_EQ(-EACCES, regbuf_import(other, fd, WRITE, &none, NULL));
	EXPECT_EQ(-EPERM, regbuf_revoke_fd(other, fd, NULL));
	EXPECT_EQ(-EINVAL, regbuf_revoke_fd(self->rb, null, &in_flight));
	EXPECT_EQ(0, in_flight);
	EXPECT_EQ(0, regbuf_revoke_fd(self->rb, fd, NULL));
	EXPECT_EQ(0, regbuf_revoke_fd(self->rb, fd, NULL));
	EXPECT_EQ(-ESTALE, regbuf_import(other, fd, 0, &none, NULL));
	regbuf_close(other);
}

/* No id is not a descriptor that happens to be 0. */
TEST_F(memory, revoking_nothing_is_no_export)
{
	unsigned int in_flight = 77;
	struct regbuf *other;
	uint64_t id;
	int fd;

	ASSERT_EQ(0, regbuf_register(self->rb, self->mem, PAGE, READ, &id));
	fd = regbuf_export(self->rb, id, 0, 0, READ);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dup2(fd, 0));
	EXPECT_EQ(-ENOENT, regbuf_revoke(self->rb, REGBUF_ID_NONE, &in_flight));
	EXPECT_EQ(0, in_flight);
	ASSERT_EQ(0, regbuf_open(&other));
	EXPECT_EQ(0, regbuf_import(other, 0, READ, &id, NULL));
	regbuf_close(other);
}

TEST_HARNESS_MAIN
