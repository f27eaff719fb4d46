// SPDX-License-Identifier: GPL-2.0
/*
 * What whoever may open the device can cost the machine at most, as
 * Documentation/security.rst says: memory of the kernel for each thing that
 * there is, charged to the cgroup of who wants it. CVE class: unaccounted
 * memory, exhaustion.
 */
#include "regbuf_lane.h"
#include "regbuf_buf.h"
#include "regbuf_slow.h"

#include "kselftest_harness.h"

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOBODY		65534
#define GROUPS		"/tmp/costs"
#define GROUP		GROUPS "/opener"
#define FILES		16384
#define MIB		(1L << 20)
#define SOCKETS		4000
#define LIMIT		"10M"
#define LIMIT_BYTES	(10 * MIB)

/*
 * Bytes at most, on kernels of distributions; Documentation/security.rst has
 * the same numbers under the same names.
 */
#define MAX_SQ			32768
#define MAX_CQ			262144
#define MAX_POOL		65536
#define COST_CONTEXT		4096
#define COST_QUEUE		81920
#define COST_SQ_ENTRY		64
#define COST_CQ_ENTRY		224
#define COST_POOL_ENTRY		12
#define COST_ID			128
#define COST_RANGE		1280
#define COST_EXPORT		768
#define COST_IMPORT		256
#define COST_ENDPOINT		1024
#define COST_CONNECTION		6144
#define COST_TIMER		256
#define COST_LIST		33024
#define COST_INLINE		4352
#define COST_FLIGHT		256
#define COST_SLOT		36

/* What is counted is counted by pages, and by CPU. */
#define SLACK		(512 * 1024L)
/*
 * Of pages that nobody has. 7.x may go on charging a group for what was freed
 * in its name, in bytes, until the group itself ends: 1.5 MiB were seen, with
 * the module unloaded no less; 90 KiB with sockets alone, and without it.
 */
#define LEFT		(3 * MIB)

/* A number in a file of the cgroup's, after a word, or the only one. */
static long group_number(const char *name, const char *word)
{
	char path[128], line[128];
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), GROUP "/%s", name);
	file = fopen(path, "re");
	while (file && number < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, word, strlen(word)))
			number = strtol(line + strlen(word), NULL, 10);
	if (file)
		fclose(file);
	return number;
}

/* Memory of the kernel that the cgroup is charged with. */
static long charged(void)
{
	return group_number("memory.stat", "kernel ");
}

/* Of that, what is known to be in use: all but single pages. */
static long in_use(void)
{
	static const char *const kinds[] = {
		"slab ", "vmalloc ", "percpu ", "pagetables ",
	};
	long bytes = 0;

	for (int i = 0; i < ARRAY_SIZE(kinds); i++)
		bytes += group_number("memory.stat", kinds[i]);
	return bytes;
}

/* Somebody without privileges, in a cgroup of his own, and what he has. */
struct opener {
	struct rb_qrig qr;
	struct regbuf_slice slices[1024];
	unsigned char *mem;
	int dev;
	int export;
	int dialer;
	__u32 ep;
	int socks[SOCKETS];
	struct sockaddr_storage ss;
	socklen_t len;
};

/* As root still: what there is before anything is counted. */
static int prepare(struct opener *o)
{
	o->dev = rb_open();
	o->mem = rb_pages(1);
	return o->dev < 0 || !o->mem;
}

static int make_context(struct opener *o, int i)
{
	return rb_open() < 0 ? -errno : 0;
}

static int make_queue_of(int dev, __u32 sq, __u32 cq, __u32 pool)
{
	struct regbuf_ioc_queue queue = {
		.size = sizeof(queue),
		.sq_entries = sq,
		.cq_entries = cq,
		.pool_entries = pool,
	};

	return rb_ioctl(dev, REGBUF_IOC_QUEUE, &queue);
}

static int make_queue(struct opener *o, int i)
{
	return make_queue_of(o->dev, 1, 1, 0);
}

/* And its context: workers are made with the first queue. */
static int make_first_queue(struct opener *o, int i)
{
	int dev = rb_open();

	return dev < 0 ? -errno : make_queue_of(dev, 1, 1, 0);
}

static int make_largest_queue(struct opener *o, int i)
{
	return make_queue_of(o->dev, MAX_SQ, MAX_CQ, MAX_POOL);
}

/* Of the same range, time and again. */
static int make_id(struct opener *o, int i)
{
	__u64 id;

	return rb_register(o->dev, o->mem, 1, RB_READ, &id);
}

/* As far from each other as costs most. */
#define FAR		(128 * MIB)
#define RANGES		3000

static int prepare_ranges(struct opener *o)
{
	void *at;

	if (prepare(o) || rb_set_memlock(RANGES + 1))
		return -1;
	at = mmap(NULL, (RANGES + 1) * FAR, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED ||
	    rb_advise_huge(at, (RANGES + 1) * FAR, MADV_NOHUGEPAGE))
		return -1;
	o->mem = at;
	for (int i = 0; i <= RANGES; i++)
		o->mem[i * FAR] = i;
	return 0;
}

static int make_range(struct opener *o, int i)
{
	__u64 id;

	return rb_register(o->dev, o->mem + i * FAR, 1, RB_READ, &id);
}

static int prepare_export(struct opener *o)
{
	if (prepare(o) ||
	    rb_register(o->dev, o->mem, 1, RB_READ, &o->qr.rig.id))
		return -1;
	o->export = rb_export(o->dev, o->qr.rig.id, 0, 1, RB_READ);
	return o->export < 0;
}

static int make_export(struct opener *o, int i)
{
	int fd = rb_export(o->dev, o->qr.rig.id, 0, 1, RB_READ);

	return fd < 0 ? fd : 0;
}

/* Of several contexts: one's can be imported so often only. */
static int make_import(struct opener *o, int i)
{
	__u64 id;

	if (i % 4000 == 3999 && prepare_export(o))
		return -1;
	return rb_import(o->dev, o->export, RB_READ, &id);
}

/* A queue, a buffer of a page, and so many sockets. */
static int prepare_sockets(struct opener *o, int type, int nr)
{
	if (rb_qrig_bare(&o->qr, RB_PAGE, 16384))
		return -1;
	for (int i = 0; i < nr; i++) {
		o->socks[i] = socket(AF_INET, type | SOCK_CLOEXEC, 0);
		if (o->socks[i] < 0)
			return -1;
	}
	for (int i = 0; i < ARRAY_SIZE(o->slices); i++)
		o->slices[i] = rb_slice(o->qr.rig.id, 0, 1);
	return 0;
}

static int prepare_endpoints(struct opener *o)
{
	return prepare_sockets(o, SOCK_DGRAM, SOCKETS);
}

static int make_endpoint(struct opener *o, int i)
{
	__u32 ep;

	return rb_q_attach(&o->qr.q, o->socks[i], RB_BOTH, 0, 0, &ep);
}

/* The other ends are not in the cgroup. A byte for each, until the end. */
static int start_dialer(struct opener *o)
{
	int sv[2];
	char byte;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
		return -1;
	pid = fork();
	if (!pid) {
		close(sv[0]);
		if (rb_write_file(GROUPS "/cgroup.procs", "0"))
			_exit(1);
		while (recv(sv[1], &byte, 1, 0) == 1)
			rb_dial(&o->ss, o->len);
		_exit(0);
	}
	close(sv[1]);
	o->dialer = sv[0];
	return pid < 0;
}

/* Nobody calls from now on: the worker accepts. */
static int prepare_connections(struct opener *o)
{
	int listener;

	if (rb_qrig_bare(&o->qr, RB_PAGE, 4096))
		return -1;
	listener = rb_listener(AF_INET, &o->ss, &o->len);
	if (listener < 0 || rb_q_attach(&o->qr.q, listener, RB_BOTH, 0, 0,
					&o->ep))
		return -1;
	rb_sqe_accept(&o->qr.q, o->ep, REGBUF_SQE_F_MULTI, 0, 1);
	return rb_q_submit_all(&o->qr.q) ?: start_dialer(o);
}

static int make_connection(struct opener *o, int i)
{
	if (send(o->dialer, "", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	return rb_within(10, rb_q_ready(&o->qr.q) > i) ? 0 : -ETIME;
}

/* A stream that is not connected keeps what is posted. */
static int prepare_requests(struct opener *o)
{
	return prepare_sockets(o, SOCK_STREAM, 1) ?:
	       rb_q_attach(&o->qr.q, o->socks[0], RB_BOTH, 0, 0,
			   &o->ep);
}

static int make_timer(struct opener *o, int i)
{
	rb_sqe_timeout(&o->qr.q, 3600 * RB_SEC, i);
	return rb_q_submit_all(&o->qr.q);
}

static int make_list(struct opener *o, int i)
{
	rb_sqe_send_list(&o->qr.q, o->ep, o->slices,
			 ARRAY_SIZE(o->slices), i);
	return rb_q_submit_all(&o->qr.q);
}

static int make_inline(struct opener *o, int i)
{
	rb_sqe_send_inline(&o->qr.q, o->ep, o->qr.rig.mem, 4096, i);
	return rb_q_submit_all(&o->qr.q);
}

/* Nothing is acknowledged, no two go together; closing resets. */
static int prepare_flights(struct opener *o)
{
	struct linger reset = { .l_onoff = 1 };
	struct rb_qrig *qr = &o->qr;

	return rb_qrig_setup(qr, AF_INET, SOCK_STREAM, 0, MIB, 4096) ?:
	       rb_rig_hold(&qr->rig, 4 * MIB) ?:
	       setsockopt(qr->rig.near, SOL_SOCKET, SO_LINGER, &reset,
			  sizeof(reset)) ?:
	       rb_q_detach(&qr->q, qr->ep, 0) ?:
	       rb_q_attach(&qr->q, qr->rig.near,
			   RB_BOTH | REGBUF_ATTACH_F_SINGLE, 0, 0, &qr->ep);
}

static int make_flight(struct opener *o, int i)
{
	rb_qrig_send(&o->qr, i * 4096L % MIB, 4096, i);
	return rb_q_submit_all(&o->qr.q);
}

#define SLOTS		(1 << 20)
#define VIEW		(SLOTS * 32L)

static int prepare_slots(struct opener *o)
{
	if (prepare(o))
		return -1;
	o->mem = mmap(NULL, VIEW, PROT_READ, MAP_SHARED, o->dev, 0);
	return o->mem == MAP_FAILED;
}

/* 128 of them. */
static int make_slots(struct opener *o, int i)
{
	return *(volatile unsigned char *)(o->mem + i * RB_PAGE);
}

struct thing {
	int (*prepare)(struct opener *o);
	int (*make)(struct opener *o, int i);
	int nr;
	long cost;		/* bytes of each, at most */
};

static const struct thing context = {
	prepare, make_context, 1000, COST_CONTEXT,
};

static const struct thing queue = {
	prepare, make_queue, 1000, COST_QUEUE,
};

static const struct thing first_queue = {
	prepare, make_first_queue, 1000, COST_CONTEXT + COST_QUEUE,
};

static const struct thing largest_queue = {
	prepare, make_largest_queue, 3,
	COST_QUEUE + MAX_SQ * COST_SQ_ENTRY + MAX_CQ * COST_CQ_ENTRY +
	MAX_POOL * COST_POOL_ENTRY,
};

static const struct thing id = {
	prepare, make_id, 40000, COST_ID,
};

static const struct thing range = {
	prepare_ranges, make_range, RANGES, COST_RANGE,
};

static const struct thing export = {
	prepare_export, make_export, 4000, COST_EXPORT,
};

static const struct thing import = {
	prepare_export, make_import, 16000, COST_IMPORT,
};

static const struct thing endpoint = {
	prepare_endpoints, make_endpoint, SOCKETS - 1, COST_ENDPOINT,
};

static const struct thing connection = {
	prepare_connections, make_connection, SOCKETS / 2, COST_CONNECTION,
};

static const struct thing timer = {
	prepare_requests, make_timer, 16000, COST_TIMER,
};

static const struct thing list = {
	prepare_requests, make_list, 1000, COST_LIST,
};

static const struct thing inlined = {
	prepare_requests, make_inline, 2000, COST_INLINE,
};

static const struct thing flight = {
	prepare_flights, make_flight, 4000, COST_FLIGHT,
};

static const struct thing slots = {
	prepare_slots, make_slots, VIEW / RB_PAGE - 1, 128 * COST_SLOT,
};

static int make_group(void)
{
	struct rlimit files = { FILES, FILES };

	mkdir(GROUPS, 0755);
	return mount("costs", GROUPS, "cgroup2", 0, NULL) ?:
	       rb_write_file(GROUPS "/cgroup.subtree_control", "+memory") ?:
	       mkdir(GROUP, 0755) ?: chmod(REGBUF_DEVICE, 0666) ?:
	       setrlimit(RLIMIT_NOFILE, &files);
}

/* When nobody is in it any more: 0 if all that he cost was given back. */
static int end_group(void)
{
	int err = !rb_within(60, in_use() < SLACK && charged() < LEFT);

	if (err)
		fprintf(stderr, "# %ld bytes are charged, %ld of them in use\n",
			charged(), in_use());
	return err | !rb_within(20, !rmdir(GROUP)) | umount(GROUPS) |
	       chmod(REGBUF_DEVICE, 0660);
}

/* From now on what this process does is charged to the cgroup. */
static int join(const struct thing *thing, struct opener *o)
{
	return rb_write_file(GROUP "/cgroup.procs", "0") ?:
	       thing->prepare(o) ?: setresgid(NOBODY, NOBODY, NOBODY) ?:
	       setresuid(NOBODY, NOBODY, NOBODY);
}

FIXTURE(costs) {
	struct opener o;
	long pins;
};

FIXTURE_VARIANT(costs) {
	const struct thing *thing;
};

FIXTURE_SETUP(costs)
{
	self->pins = rb_pins();
	ASSERT_EQ(0, make_group());
}

/* By root, when the process is gone. */
FIXTURE_TEARDOWN_PARENT(costs)
{
	EXPECT_EQ(0, end_group());
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

#define COSTS(of)	FIXTURE_VARIANT_ADD(costs, of) { .thing = &of }

COSTS(context);
COSTS(queue);
COSTS(first_queue);
COSTS(largest_queue);
COSTS(id);
COSTS(range);
COSTS(export);
COSTS(import);
COSTS(endpoint);
COSTS(connection);
COSTS(timer);
COSTS(list);
COSTS(inlined);
COSTS(flight);
COSTS(slots);

/* C10: each costs no more than is said, and that is charged */
TEST_F_TIMEOUT(costs, are_charged, 120)
{
	const struct thing *thing = variant->thing;
	int nr = rb_slow() ? (thing->nr + 9) / 10 : thing->nr;
	long before, spent;

	ASSERT_EQ(0, join(thing, &self->o));
	/* What comes with the first. */
	ASSERT_EQ(0, thing->make(&self->o, 0));
	before = charged();
	for (int i = 1; i <= nr; i++)
		ASSERT_EQ(0, thing->make(&self->o, i));
	spent = charged() - before;
	TH_LOG("%ld bytes each, of %ld", spent / nr, thing->cost);
	EXPECT_LE(thing->cost * nr / 4, spent + SLACK);
	/* Sanitizers make all larger. */
	if (!rb_slow())
		EXPECT_GE(thing->cost * nr + SLACK, spent);
}

FIXTURE(stopped) {
	struct opener o;
	long pins;
};

FIXTURE_VARIANT(stopped) {
	const struct thing *thing;
};

FIXTURE_SETUP(stopped)
{
	self->pins = rb_pins();
	ASSERT_EQ(0, make_group());
	ASSERT_EQ(0, rb_write_file(GROUP "/memory.max", LIMIT));
}

FIXTURE_TEARDOWN(stopped)
{
	EXPECT_EQ(0, end_group());
	EXPECT_TRUE(rb_pinned(self->pins, 0));
}

#define STOPPED(of)	FIXTURE_VARIANT_ADD(stopped, of) { .thing = &of }

STOPPED(largest_queue);
STOPPED(id);
STOPPED(list);
STOPPED(inlined);
STOPPED(slots);

/* More and more of it: there is an error, or it is killed. */
static void make_all(const struct thing *thing, struct opener *o)
{
	int err = join(thing, o);

	for (int i = 0; !err; i++)
		err = thing->make(o, i);
	_exit(err == -ENOMEM ? 0 : 1);
}

/* C10: memory.max stops it, the machine goes on, and all comes back */
TEST_F_TIMEOUT(stopped, by_the_cgroup, 240)
{
	pid_t pid = fork();
	int status, dev;

	if (!pid)
		make_all(variant->thing, &self->o);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL :
					  !WEXITSTATUS(status));
	EXPECT_GE(LIMIT_BYTES + MIB, group_number("memory.peak", ""));
	dev = rb_open();
	EXPECT_LE(0, dev);
	close(dev);
}

TEST_HARNESS_MAIN
