// SPDX-License-Identifier: GPL-2.0
/*
 * Faults while the module is loaded: then it is not, and nothing of it stays
 * behind. Leaves it loaded as it was.
 */
#include "regbuf_fault.h"

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <sys/syscall.h>

#define MODULE		"/regbuf.ko"
#define LOADS		400	/* seconds */

static int unload(void)
{
	return syscall(__NR_delete_module, "regbuf", O_NONBLOCK) ? -errno : 0;
}

static int load(void)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC);
	int err = syscall(__NR_finit_module, fd, "", 0) ? -errno : 0;

	close(fd);
	return err;
}

static bool family_is_there(void)
{
	struct nl_sock *nl = nl_socket_alloc();
	bool there = !nl || genl_connect(nl) ||
		     genl_ctrl_resolve(nl, "regbuf") >= 0;

	nl_socket_free(nl);
	return there;
}

/* Some line of a file begins so. */
static bool has_line(const char *path, const char *text)
{
	FILE *file = fopen(path, "re");
	char line[256];
	bool found = !file;

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line + strspn(line, " 0123456789"), text,
				 strlen(text));
	if (file)
		fclose(file);
	return found;
}

/* Of a module that is not there; NULL for nothing. */
static const char *left(void)
{
	struct rig rescuers = { };

	if (!access(REGBUF_DEVICE, F_OK) || has_line("/proc/misc", "regbuf"))
		return "a device";
	if (!access("/sys/class/misc/regbuf", F_OK))
		return "a device in sysfs";
	if (family_is_there())
		return "a netlink family";
	if (has_line("/proc/slabinfo", "regbuf"))
		return "a slab cache";
	if (!access("/sys/module/regbuf", F_OK))
		return "the module";
	rb_fault_victims(&rescuers, "kworker/R-regbu");
	if (rescuers.nr_nth)
		return "a work queue";
	return NULL;
}

/* One load with a step that fails. */
static int load_once(struct rig *rig, int nth, bool *met)
{
	int err = arm(rig, NULL, nth);

	if (err)
		return err;
	err = load();
	*met = disarm(rig, NULL);
	if (!err)
		err = rb_within(20, !unload()) ? 0 : -EBUSY;
	return *met && err == -ENOMEM ? 0 : err;
}

FIXTURE(load) {
	struct rig rig;
};

/* What faults are below of, and not below of; and how many at least. */
FIXTURE_VARIANT(load) {
	const char *below;
	const char *but;
	int least;
};

/*
 * Left out is what shows a slab cache in sysfs: without memory for that the
 * kernel forgets the cache's name.
 */
FIXTURE_VARIANT_ADD(load, all) { "do_one_initcall", "sysfs_slab_add", 10 };
/* How many faults come before it differs from load to load. */
FIXTURE_VARIANT_ADD(load, table) {
	"rhashtable_init_noprof", "kmemleak_alloc", 1
};

FIXTURE_SETUP(load)
{
	if (access("/proc/self/fail-nth", F_OK))
		SKIP(return, "no fault injection in this kernel");
	rb_fault_victim(&self->rig, "self");
	ASSERT_EQ(0, rb_fault_allow());
	ASSERT_EQ(0, rb_fault_symbol("require", variant->below));
	ASSERT_EQ(0, rb_fault_symbol("reject", variant->but));
	ASSERT_TRUE(rb_within(20, !unload()));
	rb_fault_record(true);
}

/* However it ended, in the middle of a load perhaps. */
FIXTURE_TEARDOWN_PARENT(load)
{
	int err = 0;

	rb_fault_record(false);
	rb_fault_save();
	EXPECT_TRUE(rb_within(20, (err = load()) != -EBUSY));
	EXPECT_TRUE(!err || err == -EEXIST);
	EXPECT_TRUE(rb_within(10, !access(REGBUF_DEVICE, F_OK)));
	EXPECT_EQ(0, rb_fault_range("reject", 0, 0));
	EXPECT_EQ(0, rb_fault_allow());
}

/*
 * C15: what was there already goes. Of a slab cache that cannot be made the
 * kernel prints a trace: guest-check.sh knows.
 */
TEST_F_TIMEOUT(load, fault_of_every_step_is_survived, LOADS)
{
	bool met = true;
	int nth;

	for (nth = 1; met && nth < MOST; nth++) {
		EXPECT_EQ(0, load_once(&self->rig, nth, &met))
			TH_LOG("fault %d, met %d", nth, met);
		ASSERT_EQ(NULL, left())
			TH_LOG("fault %d left %s", nth, left());
	}
	TH_LOG("%d faults", nth - 2);
	EXPECT_LE(variant->least, nth - 2);
}

TEST_HARNESS_MAIN
