// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation and every copy to or from the caller fails once, in each
 * call: the call then says so and has had no effect, or does without. The one
 * exception is the result, which can't be written any more when all is done.
 * Needs a kernel with fault injection: see vm/kasan.config.
 */
#include "regbuf_buf.h"
#include "kselftest_harness.h"

#define INJECT		"/sys/kernel/debug/"
#define NR_HUGE		"/proc/sys/vm/nr_hugepages"
#define RW		(PROT_READ | PROT_WRITE)
#define HUGE		(2UL << 20)
#define MOST		2000	/* faults that one call can have */
#define UNMET		16	/* calls without: there are no more */
#define ROUNDS		1	/* more would take other steps, too */
#define LARGE		1500	/* pages */
#define FEW		2	/* slices */
#define MANY		12	/* slices: a buffer each, one inline */
#define TABLE		70	/* buffers: more than the first ones' table */
#define CHUNK		1000	/* bytes in a slice */
#define SECONDS		200

struct rig {
	int nth;		/* /proc/self/fail-nth */
	int dev;
	int sv[2];
	char *mem;		/* MANY pages, registered as ids[] */
	__u64 ids[MANY];
	unsigned int nr_slices;
	struct regbuf_slice slices[MANY + 1];
	struct regbuf_ioc_send msg;
	char *fresh;		/* memory to register */
	size_t length;
	__u64 id;		/* of it */
	int fd;			/* opened */
	struct regbuf_array_entry table[2];	/* the former one */
	char *view;		/* of slots */
	struct rb_queue q;
	__u32 ep;
	int late;		/* failures after all was done */
	struct regbuf_ioc_stats before;
	long pins;
};

FIXTURE(fault) {
	struct rig rig;
};

/*
 * What a call is made of: what it needs, itself, and a look at what it did,
 * which is undone.
 */
FIXTURE_VARIANT(fault) {
	int (*prepare)(struct rig *rig);
	int (*call)(struct rig *rig);
	int (*check)(struct rig *rig, int err);
};

static int nothing(struct rig *rig)
{
	return 0;
}

static int same(struct rig *rig, int err)
{
	return 0;
}

static int call_open(struct rig *rig)
{
	rig->fd = rb_open();
	return rig->fd < 0 ? -errno : 0;
}

static int check_open(struct rig *rig, int err)
{
	return err ? 0 : close(rig->fd);
}

FIXTURE_VARIANT_ADD(fault, open) {
	.prepare = nothing,
	.call = call_open,
	.check = check_open,
};

static int prepare_untouched(struct rig *rig)
{
	rig->length = 8 * RB_PAGE;
	rig->fresh = rb_map(rig->length, RW, 0);
	return rig->fresh ? madvise(rig->fresh, rig->length, MADV_NOHUGEPAGE) :
			    -1;
}

static int prepare_large(struct rig *rig)
{
	rig->length = LARGE * RB_PAGE;
	rig->fresh = rb_pages(LARGE);
	return rig->fresh ? 0 : -1;
}

static int prepare_huge(struct rig *rig)
{
	rig->length = HUGE;
	rig->fresh = rb_map(HUGE, RW, MAP_HUGETLB);
	return rig->fresh ? 0 : -1;
}

static int call_register(struct rig *rig)
{
	return rb_register(rig->dev, rig->fresh + 1, rig->length - 1, RB_READ,
			   &rig->id);
}

static int check_register(struct rig *rig, int err)
{
	if (!err)
		err = rb_deregister(rig->dev, rig->id);
	else
		err = 0;
	return munmap(rig->fresh, rig->length) ?: err;
}

FIXTURE_VARIANT_ADD(fault, register_untouched) {
	.prepare = prepare_untouched,
	.call = call_register,
	.check = check_register,
};

FIXTURE_VARIANT_ADD(fault, register_large) {
	.prepare = prepare_large,
	.call = call_register,
	.check = check_register,
};

FIXTURE_VARIANT_ADD(fault, register_hugetlb) {
	.prepare = prepare_huge,
	.call = call_register,
	.check = check_register,
};

/* Registering so many that the table of buffers grows. */
static int call_register_many(struct rig *rig)
{
	__u64 ids[TABLE];
	int nr, err = 0;

	for (nr = 0; nr < TABLE && !err; nr++)
		err = rb_register(rig->dev, rig->mem, 1, RB_READ, &ids[nr]);
	nr -= !!err;
	/* A fault that was met by now can't come again. */
	while (err && nr)
		rb_deregister(rig->dev, ids[--nr]);
	rig->id = nr ? ids[0] : 0;
	return err;
}

/* With a context for each try, or the table would be there already. */
static int prepare_table(struct rig *rig)
{
	rig->fd = rig->dev;
	rig->dev = rb_open();
	return rig->dev < 0 ? -1 : 0;
}

static int check_table(struct rig *rig, int err)
{
	struct regbuf_ioc_stats stats;
	int bad = rb_stats(rig->dev, &stats);

	bad |= stats.buffers != (err ? 0 : TABLE);
	close(rig->dev);
	rig->dev = rig->fd;
	return bad;
}

FIXTURE_VARIANT_ADD(fault, register_many) {
	.prepare = prepare_table,
	.call = call_register_many,
	.check = check_table,
};

/* The same, with flags. */
static int register_as(struct rig *rig, __u32 flags)
{
	struct regbuf_ioc_register reg;
	int err = rb_register_flags(rig->dev, rig->fresh + 1, rig->length - 1,
				    RB_READ, flags, &reg);

	rig->id = reg.id;
	return err;
}

static int call_register_keep(struct rig *rig)
{
	return register_as(rig, REGBUF_REGISTER_F_KEEP);
}

FIXTURE_VARIANT_ADD(fault, register_keep) {
	.prepare = prepare_untouched,
	.call = call_register_keep,
	.check = check_register,
};

static int call_register_count(struct rig *rig)
{
	return register_as(rig, REGBUF_REGISTER_F_COUNT);
}

FIXTURE_VARIANT_ADD(fault, register_count) {
	.prepare = prepare_untouched,
	.call = call_register_count,
	.check = check_register,
};

static int prepare_again(struct rig *rig)
{
	return prepare_untouched(rig) ?: call_register_count(rig);
}

static int call_register_again(struct rig *rig)
{
	__u64 id = rig->id;
	int err = call_register_count(rig);

	if (!err && rig->id != id)
		return -ESTALE;
	rig->id = id;
	return err;
}

/* C11: counted once more if it was done, and not if it was not. */
static int check_again(struct rig *rig, int err)
{
	struct regbuf_ioc_status status;

	if (rb_status(rig->dev, rig->id, &status) ||
	    status.count != (err ? 1 : 2))
		return 1;
	if (!err && rb_deregister(rig->dev, rig->id))
		return 2;
	return check_register(rig, 0);
}

FIXTURE_VARIANT_ADD(fault, register_again) {
	.prepare = prepare_again,
	.call = call_register_again,
	.check = check_again,
};

/* C11: as another plain one. */
static int call_register_shared(struct rig *rig)
{
	return rb_register(rig->dev, rig->mem, RB_PAGE, RB_READ, &rig->id);
}

static int check_shared(struct rig *rig, int err)
{
	return err ? 0 : rb_deregister(rig->dev, rig->id);
}

FIXTURE_VARIANT_ADD(fault, register_shared) {
	.prepare = nothing,
	.call = call_register_shared,
	.check = check_shared,
};

/* A table that there is already, and memory for another. */
static int prepare_array(struct rig *rig)
{
	if (prepare_untouched(rig))
		return -1;
	for (int i = 0; i < 2; i++)
		rig->table[i] = rb_entry(rig->mem + i * RB_PAGE, RB_PAGE,
					 RB_READ);
	return rb_array(rig->dev, rig->table, 2);
}

static int call_array(struct rig *rig)
{
	struct regbuf_array_entry entries[4] = {
		rb_entry(rig->fresh, 2 * RB_PAGE, RB_READ),
		{},
		rb_entry(rig->mem, RB_PAGE, RB_READ),
		rb_entry(rig->fresh + 4 * RB_PAGE, RB_PAGE, RB_READ),
	};

	return rb_array(rig->dev, entries, 4);
}

/* C12: all of it or nothing: the former ids are as good as the table. */
static int check_array(struct rig *rig, int err)
{
	for (int i = 0; i < 2; i++)
		if (rb_state(rig->dev, rig->table[i].id) !=
		    (err ? REGBUF_STATE_LIVE : -ESTALE))
			return 1;
	if (rb_array(rig->dev, NULL, 0))
		return 2;
	return munmap(rig->fresh, rig->length);
}

FIXTURE_VARIANT_ADD(fault, array) {
	.prepare = prepare_array,
	.call = call_array,
	.check = check_array,
};

static int call_array_update(struct rig *rig)
{
	struct regbuf_array_entry entries[2] = {
		rb_entry(rig->fresh, 3 * RB_PAGE, RB_READ),
	};

	return rb_array_update(rig->dev, entries, 2, 0);
}

FIXTURE_VARIANT_ADD(fault, array_update) {
	.prepare = prepare_array,
	.call = call_array_update,
	.check = check_array,
};

static int call_export(struct rig *rig)
{
	rig->fd = rb_export(rig->dev, rig->ids[0], 0, 0, RB_READ);
	return rig->fd < 0 ? rig->fd : 0;
}

/* C8: exports, and imports of them, of the first buffer. */
static bool exported(const struct rig *rig, __u32 exports, __u32 imports)
{
	struct regbuf_ioc_status status;

	return !rb_status(rig->dev, rig->ids[0], &status) &&
	       status.exports == exports && status.imports == imports;
}

static int check_export(struct rig *rig, int err)
{
	if (!exported(rig, !err, 0))
		return 1;
	return err ? 0 : close(rig->fd);
}

FIXTURE_VARIANT_ADD(fault, export) {
	.prepare = nothing,
	.call = call_export,
	.check = check_export,
};

/* Out of the page table, and found in its file again: to be looked at. */
static int prepare_suspect(struct rig *rig)
{
	rig->length = 4 * RB_PAGE;
	rig->fresh = mmap(NULL, rig->length, RW, MAP_SHARED | MAP_ANONYMOUS, -1,
			  0);
	if (rig->fresh == MAP_FAILED)
		return -1;
	return call_register(rig) ?:
	       madvise(rig->fresh, rig->length, MADV_DONTNEED);
}

static int call_suspect(struct rig *rig)
{
	rig->fd = rb_export(rig->dev, rig->id, 0, 0, RB_READ);
	return rig->fd < 0 ? rig->fd : 0;
}

/* C9: that one could not look is no reason to take it away. */
static int check_suspect(struct rig *rig, int err)
{
	if (!err && close(rig->fd))
		return 1;
	if (rb_use(rig->dev, rig->id))
		return 2;
	return check_register(rig, 0);
}

FIXTURE_VARIANT_ADD(fault, suspect) {
	.prepare = prepare_suspect,
	.call = call_suspect,
	.check = check_suspect,
};

static int call_import(struct rig *rig)
{
	return rb_import(rig->dev, rig->fd, 0, &rig->id);
}

static int check_import(struct rig *rig, int err)
{
	if (!exported(rig, 1, !err))
		return 1;
	if (!err && rb_deregister(rig->dev, rig->id))
		return 2;
	return close(rig->fd);
}

FIXTURE_VARIANT_ADD(fault, import) {
	.prepare = call_export,
	.call = call_import,
	.check = check_import,
};

static int prepare_revoke(struct rig *rig)
{
	return call_export(rig) ?: call_import(rig);
}

static int call_revoke(struct rig *rig)
{
	return rb_revoke(rig->dev, rig->ids[0], 0);
}

/* Failed: the import lives, unless only the result got lost. */
static int check_revoke(struct rig *rig, int err)
{
	bool done = rb_state(rig->dev, rig->id) == -ESTALE;

	rig->late += done && err == -EFAULT;
	if (!exported(rig, !done, !done) || (!err && !done))
		return 1;
	if (!done && call_revoke(rig))
		return 2;
	return close(rig->fd);
}

FIXTURE_VARIANT_ADD(fault, revoke) {
	.prepare = prepare_revoke,
	.call = call_revoke,
	.check = check_revoke,
};

/*
 * The first page is looked at by the kernel, which says so if that fails; free
 * slots are as good as an empty name.
 */
static int call_slots(struct rig *rig)
{
	rig->view = mmap(NULL, RB_PAGE, PROT_READ, MAP_SHARED, rig->dev, 0);
	if (rig->view == MAP_FAILED || !access(rig->view, F_OK))
		return -errno;
	return errno == ENOENT ? 0 : -errno;
}

static int check_slots(struct rig *rig, int err)
{
	int bad = rig->view != MAP_FAILED && munmap(rig->view, RB_PAGE);

	close(rig->dev);
	rig->dev = rig->fd;
	return bad;
}

FIXTURE_VARIANT_ADD(fault, slots) {
	.prepare = prepare_table,	/* nobody has looked at these slots */
	.call = call_slots,
	.check = check_slots,
};

static int prepare_deregister(struct rig *rig)
{
	return rb_register(rig->dev, rig->mem, RB_PAGE, RB_READ, &rig->id);
}

static int call_deregister(struct rig *rig)
{
	return rb_deregister(rig->dev, rig->id);
}

/* Failed: it is live. Done: it is not. */
static int check_deregister(struct rig *rig, int err)
{
	struct regbuf_ioc_status status;

	if (err == -EFAULT &&
	    rb_status(rig->dev, rig->id, &status) == -ESTALE) {
		rig->late++;
		return 0;
	}
	if (!err)
		return rb_status(rig->dev, rig->id, &status) != -ESTALE;
	return rb_status(rig->dev, rig->id, &status) ||
	       status.state != REGBUF_STATE_LIVE ||
	       rb_deregister(rig->dev, rig->id);
}

FIXTURE_VARIANT_ADD(fault, deregister) {
	.prepare = prepare_deregister,
	.call = call_deregister,
	.check = check_deregister,
};

static int call_status(struct rig *rig)
{
	struct regbuf_ioc_status status;

	return rb_status(rig->dev, rig->ids[0], &status);
}

FIXTURE_VARIANT_ADD(fault, status) {
	.prepare = nothing,
	.call = call_status,
	.check = same,
};

static int call_query(struct rig *rig)
{
	struct regbuf_ioc_query query = { .size = sizeof(query) };

	return rb_ioctl(rig->dev, REGBUF_IOC_QUERY, &query);
}

FIXTURE_VARIANT_ADD(fault, query) {
	.prepare = nothing,
	.call = call_query,
	.check = same,
};

static int call_stats(struct rig *rig)
{
	struct regbuf_ioc_stats stats;

	return rb_stats(rig->dev, &stats);
}

FIXTURE_VARIANT_ADD(fault, stats) {
	.prepare = nothing,
	.call = call_stats,
	.check = same,
};

static int call_wait(struct rig *rig)
{
	return rb_wait(rig->dev, rig->ids[0], RB_SEC);
}

FIXTURE_VARIANT_ADD(fault, wait) {
	.prepare = nothing,
	.call = call_wait,
	.check = same,
};

static int prepare_send(struct rig *rig, unsigned int nr)
{
	static const char head[] = "head";

	rig->nr_slices = nr;
	for (unsigned int i = 0; i < nr; i++)
		rig->slices[i] = rb_slice(rig->ids[i], i, CHUNK);
	if (nr > FEW)
		rig->slices[nr / 2] = rb_inline(head, 4);
	rig->msg = rb_msg(rig->sv[0], rig->slices, nr);
	return 0;
}

static int prepare_send_few(struct rig *rig)
{
	return prepare_send(rig, FEW);
}

static int prepare_send_many(struct rig *rig)
{
	return prepare_send(rig, MANY);
}

static int call_send(struct rig *rig)
{
	return rb_ioctl(rig->dev, REGBUF_IOC_SEND, &rig->msg);
}

static size_t message(const struct rig *rig, char *to)
{
	char *start = to;

	for (unsigned int i = 0; i < rig->nr_slices; i++) {
		const struct regbuf_slice *slice = &rig->slices[i];
		const char *from = rig->mem + i * RB_PAGE + slice->offset;

		if (slice->flags & REGBUF_SLICE_F_INLINE)
			from = (const char *)(unsigned long)slice->id;
		memcpy(to, from, slice->length);
		to += slice->length;
	}
	return to - start;
}

/* Whether it was only the result that got lost: then all was sent. */
static bool sent_after_all(struct rig *rig, size_t length)
{
	struct regbuf_ioc_stats stats;

	if (rb_stats(rig->dev, &stats) || stats.sends == rig->before.sends)
		return false;
	rig->late++;
	rig->msg.sent = length;
	rig->msg.copied = length;
	rig->msg.zerocopied = 0;
	return true;
}

/*
 * Refused: nothing arrives. Else as much as it says, the right bytes, and all
 * of them unless it says why not.
 */
static int check_send(struct rig *rig, int err)
{
	char want[MANY * CHUNK], got[MANY * CHUNK];
	size_t length = message(rig, want);
	struct regbuf_ioc_stats stats;
	int left = 0;

	if (!err || (err == -EFAULT && sent_after_all(rig, length))) {
		if (rig->msg.sent == 0 || rig->msg.sent > length ||
		    (rig->msg.sent < length) != (rig->msg.error != 0) ||
		    rig->msg.sent != rig->msg.copied + rig->msg.zerocopied ||
		    rb_recv_all(rig->sv[1], got, rig->msg.sent) ||
		    memcmp(want, got, rig->msg.sent))
			return 1;
		rig->before.sends++;
	}
	for (int i = 0; i < MANY; i++)
		if (rb_wait(rig->dev, rig->ids[i], 20 * RB_SEC))
			return 2;
	if (rb_stats(rig->dev, &stats) || stats.sends != rig->before.sends)
		return 3;
	return ioctl(rig->sv[1], FIONREAD, &left) || left ? 4 : 0;
}

FIXTURE_VARIANT_ADD(fault, send_few) {
	.prepare = prepare_send_few,
	.call = call_send,
	.check = check_send,
};

FIXTURE_VARIANT_ADD(fault, send_many) {
	.prepare = prepare_send_many,
	.call = call_send,
	.check = check_send,
};

static int call_queue(struct rig *rig)
{
	return rb_q_open(rig->dev, &rig->q, 8, 64, 8);
}

static int check_queue(struct rig *rig, int err)
{
	if (!err)
		rb_q_close(&rig->q);
	return 0;
}

FIXTURE_VARIANT_ADD(fault, queue) {
	.prepare = nothing,
	.call = call_queue,
	.check = check_queue,
};

static int prepare_queue(struct rig *rig)
{
	return rig->q.map ? 0 : call_queue(rig);
}

static int call_attach(struct rig *rig)
{
	return rb_q_attach(&rig->q, rig->sv[0], RB_BOTH, 0, 0, &rig->ep);
}

/* C3: what failed has left no lane behind. */
static int check_attach(struct rig *rig, int err)
{
	if (err && call_attach(rig))
		return 1;
	return rb_q_detach(&rig->q, rig->ep, 0) ? 2 : 0;
}

FIXTURE_VARIANT_ADD(fault, attach) {
	.prepare = prepare_queue,
	.call = call_attach,
	.check = check_attach,
};

static int prepare_enter(struct rig *rig)
{
	bool first = !rig->q.map;

	if (prepare_queue(rig) || (first && call_attach(rig)) ||
	    prepare_send_many(rig))
		return -1;
	rb_sqe_send_list(&rig->q, rig->ep, rig->slices, rig->nr_slices, 7);
	rb_q_publish(&rig->q);
	return 0;
}

static int call_enter(struct rig *rig)
{
	struct regbuf_ioc_enter out;
	int err = rb_q_enter(&rig->q, 1, 0, 0, &out);

	return err ?: -(int)out.error;
}

/*
 * C1, C4: refused, or sent whole: memory that the socket lacks is waited for.
 */
static int check_enter(struct rig *rig, int err)
{
	bool taken = rb_load(&rig->q.ring->sq_head) == rig->q.tail;
	char want[MANY * CHUNK], got[MANY * CHUNK];
	size_t length = message(rig, want);
	struct regbuf_cqe cqe;
	int left = 0;

	rig->late += taken && err;
	if (taken != !err && err != -EFAULT)
		return 1;
	if (taken && (rb_recv_all(rig->sv[1], got, length) ||
		      memcmp(want, got, length) || rb_q_next(&rig->q, &cqe) ||
		      cqe.error || cqe.value != length))
		return 2;
	rb_q_drop(&rig->q);
	if (!rb_q_empty(&rig->q))
		return 3;
	return ioctl(rig->sv[1], FIONREAD, &left) || left ? 4 : 0;
}

FIXTURE_VARIANT_ADD(fault, enter) {
	.prepare = prepare_enter,
	.call = call_enter,
	.check = check_enter,
};

/* All kinds of allocations may fail, quietly. */
static int allow_faults(void)
{
	return rb_write_file(INJECT "failslab/ignore-gfp-wait", "N") ||
	       rb_write_file(INJECT "failslab/verbose", "0") ||
	       rb_write_file(INJECT "fail_page_alloc/ignore-gfp-wait", "N") ||
	       rb_write_file(INJECT "fail_page_alloc/ignore-gfp-highmem",
			     "N") ||
	       rb_write_file(INJECT "fail_page_alloc/min-order", "0") ||
	       rb_write_file(INJECT "fail_page_alloc/verbose", "0") ||
	       rb_write_file(INJECT "fail_usercopy/verbose", "0");
}

FIXTURE_SETUP(fault)
{
	struct rig *rig = &self->rig;

	rig->nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	if (rig->nth < 0)
		SKIP(return, "no fault injection in this kernel");
	ASSERT_EQ(0, allow_faults());
	ASSERT_EQ(0, rb_write_file(NR_HUGE, "2"));
	rig->dev = rb_open();
	ASSERT_GE(rig->dev, 0);
	ASSERT_EQ(0, rb_pair(NULL, AF_INET, SOCK_STREAM, rig->sv));
	rig->mem = rb_pages(MANY);
	ASSERT_NE(NULL, rig->mem);
	for (int i = 0; i < MANY; i++)
		ASSERT_EQ(0, rb_register(rig->dev, rig->mem + i * RB_PAGE,
					 RB_PAGE, RB_READ, &rig->ids[i]));
	ASSERT_EQ(0, rb_stats(rig->dev, &rig->before));
	rig->pins = rb_pins();
}

FIXTURE_TEARDOWN(fault)
{
	if (self->rig.q.map)
		rb_q_close(&self->rig.q);
	close(self->rig.sv[0]);
	close(self->rig.sv[1]);
	close(self->rig.dev);
	EXPECT_EQ(0, rb_vmpin());
	EXPECT_EQ(self->rig.pins - MANY, rb_pins());
	EXPECT_EQ(0, rb_write_file(NR_HUGE, "0"));
}

/* Make the nth thing that can fail, from now on, do so. */
static int arm(struct rig *rig, int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", nth);
	return pwrite(rig->nth, text, strlen(text), 0) < 0 ? -errno : 0;
}

/*
 * No more; and whether it did. The reading and writing to find out may meet the
 * fault themselves: then nothing before did.
 */
static bool disarm(struct rig *rig)
{
	char text[16] = "";
	bool met = pread(rig->nth, text, sizeof(text) - 1, 0) > 0 &&
		   atoi(text) == 0;

	if (pwrite(rig->nth, "0", 1, 0) < 0)
		pwrite(rig->nth, "0", 1, 0);
	return met;
}

static bool as_before(const struct rig *rig)
{
	struct regbuf_ioc_stats stats;

	return !rb_stats(rig->dev, &stats) &&
	       stats.buffers == rig->before.buffers &&
	       stats.pages == rig->before.pages &&
	       stats.deregistered_in_flight == 0 &&
	       rb_vmpin() == MANY && rb_pins() == rig->pins;
}

/* One call with each of its steps failing in turn; how often it failed. */
static int every_step(struct __test_metadata *_metadata, struct rig *rig,
		      const FIXTURE_VARIANT(fault) *variant)
{
	int nth, err, failed = 0, unmet = 0;
	bool met;

	rig->late = 0;
	/* How many steps there are differs a bit from call to call. */
	for (nth = 1; unmet < UNMET && nth < MOST; nth++) {
		ASSERT_EQ(0, variant->prepare(rig));
		ASSERT_EQ(0, arm(rig, nth));
		err = variant->call(rig);
		met = disarm(rig);
		unmet = met ? 0 : unmet + 1;
		failed += err != 0;
		if (err)
			EXPECT_TRUE(err == -ENOMEM || err == -EFAULT);
		EXPECT_TRUE(met || err == 0);
		ASSERT_EQ(0, variant->check(rig, err))
			TH_LOG("fault %d, result %d", nth, err);
		ASSERT_TRUE(as_before(rig))
			TH_LOG("fault %d, result %d", nth, err);
	}
	TH_LOG("%d faults, %d failures", nth - 1 - unmet, failed);
	EXPECT_LT(nth, MOST);
	/* The last step of a call; twice if that was a different one. */
	EXPECT_GE(2, rig->late);
	return failed;
}

/* C10: every step of every call is undone when a later one fails */
TEST_F_TIMEOUT(fault, fault_of_every_step_is_survived, SECONDS)
{
	for (int i = 0; i < ROUNDS; i++)
		EXPECT_LT(0, every_step(_metadata, &self->rig, variant));
}

TEST_HARNESS_MAIN
