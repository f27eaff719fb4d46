// SPDX-License-Identifier: GPL-2.0
/*
 * Faults in the calls of a context: registration, tables, sharing, slots.
 */
#define SHORTAGE	64
#define PAGES		1
#include "regbuf_faultstep.h"

#include <sys/prctl.h>
#include <sys/stat.h>

#define HUGE		(2UL << 20)
#define FIRST		"rb-first"	/* a process */
#define LARGE		1500	/* pages */
#define TABLE		70	/* buffers: more than the first ones' table */
#define CONTEXTS	2000	/* more counters than in a page */
#define MAX_CONTEXTS	"/sys/module/regbuf/parameters/max_contexts"
#define PLACES		128	/* for contexts: more than one node has */

static struct regbuf_array_entry table[2];	/* the former one */
static char *view;				/* of slots */
static int importer;				/* another context */

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

/* A user's first context: he is counted from now on. Root needs no memory. */
static int call_open_other(struct rig *rig)
{
	int err;

	if (setresuid(RB_NOBODY, 0, 0))
		return -EPERM;
	err = call_open(rig);
	return setresuid(0, 0, 0) ? -EPERM : err;
}

FIXTURE_VARIANT_ADD(fault, open_other) {
	.prepare = nothing,
	.call = call_open_other,
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
		table[i] = rb_entry(rig->mem + i * RB_PAGE, RB_PAGE, RB_READ);
	return rb_array(rig->dev, table, 2);
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
		if (rb_state(rig->dev, table[i].id) !=
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
	free_fds(rig);
	if (!exported(rig, !err, 0))
		return 1;
	return err ? 0 : close(rig->fd);
}

FIXTURE_VARIANT_ADD(fault, export) {
	.prepare = fill_fds,
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

/* Out of its file, too: whoever looks gets a new page, and needs memory. */
static int prepare_moved(struct rig *rig)
{
	return prepare_suspect(rig) ?:
	       madvise(rig->fresh, rig->length, MADV_REMOVE);
}

/* That it is gone is what is to be found out. */
static int call_moved(struct rig *rig)
{
	int err = call_suspect(rig);

	return err == -ESTALE ? 0 : err;
}

/* C9: who could not look has left it to the next one, who can. */
static int check_moved(struct rig *rig, int err)
{
	if (rb_state(rig->dev, rig->id) != REGBUF_STATE_DETACHED)
		return 1;
	return check_register(rig, 0);
}

FIXTURE_VARIANT_ADD(fault, moved) {
	.prepare = prepare_moved,
	.call = call_moved,
	.check = check_moved,
};

/* C9: in a process that nobody watches yet: memory for that is needed, too. */
static int first[2];
static pid_t first_pid;

static void run_first(struct rig *rig)
{
	__u64 id;
	int err;

	prctl(PR_SET_NAME, FIRST);
	rig->dev = rb_open();
	err = send(first[1], "", 1, 0);
	if (recv(first[1], &err, 1, 0) == 1) {
		err = rb_register(rig->dev, rig->mem, RB_PAGE, RB_READ, &id);
		err = send(first[1], &err, sizeof(err), 0);
	}
	/* Until it may end. */
	err = recv(first[1], &err, 1, 0);
	_exit(0);
}

static int prepare_first(struct rig *rig)
{
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, first))
		return -1;
	first_pid = fork();
	if (!first_pid) {
		close(first[0]);
		run_first(rig);
	}
	close(first[1]);
	return first_pid < 0 || recv(first[0], &byte, 1, 0) != 1;
}

static int call_first(struct rig *rig)
{
	int err = -EPIPE;

	if (send(first[0], "", 1, 0) != 1 ||
	    recv(first[0], &err, sizeof(err), 0) != sizeof(err))
		return -EPIPE;
	return err;
}

static int check_first(struct rig *rig, int err)
{
	close(first[0]);
	return rb_child_result(first_pid);
}

FIXTURE_VARIANT_ADD(fault, first) {
	.prepare = prepare_first,
	.call = call_first,
	.check = check_first,
	.whose = FIRST,
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

/* Into a context that has no table yet. */
static int prepare_import_first(struct rig *rig)
{
	importer = rb_open();
	return importer < 0 ? -1 : call_export(rig);
}

static int call_import_first(struct rig *rig)
{
	return rb_import(importer, rig->fd, 0, &rig->id);
}

static int check_import_first(struct rig *rig, int err)
{
	int bad = !exported(rig, 1, !err);

	close(importer);
	return close(rig->fd) ?: bad;
}

FIXTURE_VARIANT_ADD(fault, import_first) {
	.prepare = prepare_import_first,
	.call = call_import_first,
	.check = check_import_first,
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
	view = mmap(NULL, RB_PAGE, PROT_READ, MAP_SHARED, rig->dev, 0);
	if (view == MAP_FAILED || !access(view, F_OK))
		return -errno;
	return errno == ENOENT ? 0 : -errno;
}

static int check_slots(struct rig *rig, int err)
{
	int bad = view != MAP_FAILED && munmap(view, RB_PAGE);

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

/*
 * C10: counters are the one thing that comes from a heap that seldom needs a
 * page. When it does and gets none, the context is refused, and nothing else
 * happens.
 */
TEST(fault_of_counters_is_survived)
{
	static int devs[CONTEXTS];
	int nr;

	if (access("/proc/self/fail-nth", F_OK))
		SKIP(return, "no fault injection in this kernel");
	ASSERT_EQ(0, rb_fault_allow());
	ASSERT_EQ(0, rb_fault_symbol("require", "pcpu_populate_chunk"));
	rb_fault_record(true);
	ASSERT_EQ(0, rb_fault_all("fail_page_alloc", true));
	for (nr = 0; nr < CONTEXTS; nr++) {
		devs[nr] = rb_open();
		if (devs[nr] < 0)
			break;
	}
	EXPECT_EQ(-1, devs[nr]);
	EXPECT_EQ(ENOMEM, errno);
	ASSERT_EQ(0, rb_fault_all("fail_page_alloc", false));
	rb_fault_record(false);
	rb_fault_save();
	devs[nr] = rb_open();
	EXPECT_LE(0, devs[nr]);
	for (; nr >= 0; nr--)
		close(devs[nr]);
	ASSERT_EQ(0, rb_fault_allow());
}

FIXTURE(places) {
	char before[16];
};

FIXTURE_SETUP(places)
{
	if (access("/proc/self/fail-nth", F_OK))
		SKIP(return, "no fault injection in this kernel");
	ASSERT_EQ(0, rb_first_line(MAX_CONTEXTS, self->before,
				   sizeof(self->before)));
	ASSERT_EQ(0, rb_write_file(MAX_CONTEXTS, "128"));
	ASSERT_EQ(0, chmod(REGBUF_DEVICE, 0666));
	ASSERT_EQ(0, rb_fault_allow());
	ASSERT_EQ(0, rb_fault_symbol("require", "__xa_alloc"));
}

FIXTURE_TEARDOWN_PARENT(places)
{
	EXPECT_EQ(0, rb_fault_all("failslab", false));
	EXPECT_EQ(0, rb_fault_allow());
	EXPECT_EQ(0, rb_write_file(MAX_CONTEXTS, self->before));
	EXPECT_EQ(0, chmod(REGBUF_DEVICE, 0660));
}

/* Contexts that a user can open, up to so many, and why no more. */
static int open_by_user(int most, int *err)
{
	int nr = 0;

	*err = setresuid(RB_NOBODY, RB_NOBODY, 0) ? EPERM : 0;
	while (!*err && nr < most) {
		*err = rb_open() < 0 ? errno : 0;
		nr += !*err;
	}
	return setresuid(0, 0, 0) ? -1 : nr;
}

/* C10: a context that got no id does not count: its user has all his places. */
TEST_F(places, fault_of_an_id_is_not_counted)
{
	int err, nr;

	ASSERT_EQ(0, rb_fault_all("failslab", true));
	nr = open_by_user(PLACES, &err);
	ASSERT_EQ(0, rb_fault_all("failslab", false));
	EXPECT_EQ(ENOMEM, err);
	EXPECT_EQ(PLACES - nr, open_by_user(2 * PLACES, &err));
	EXPECT_EQ(EMFILE, err);
}

TEST_HARNESS_MAIN
