// SPDX-License-Identifier: GPL-2.0
/* Starts workers, kills some, and sees that all of them get on. */
#include "soak.h"

static __u64 dice;
/* In operations of all workers: how long they take depends on the machine. */
static __u64 next_kill, next_check, next_net;

static void begin(unsigned int nr)
{
	struct seat *seat = &shared->seats[nr];
	pid_t pid;

	seat->life++;
	seat->since = rb_now();
	seat->parked = 0;
	seat->thread = 0;
	/* The child sees the seat, too. */
	pid = fork();
	if (!pid)
		run_worker(nr, true);
	seat->pid = pid;
}

static __u32 roll(__u32 below)
{
	return rb_rand(&dice) % below;
}

void guard_start(__u64 seed)
{
	dice = seed;
	next_check = 300;
	next_kill = 200;
	for (unsigned int i = 0; i < SEATS; i++)
		begin(i);
}

static bool has_done(const struct seat *seat)
{
	return shared->stop || (shared->ops && seat->total >= shared->ops);
}

bool guard_done(void)
{
	for (int i = 0; i < SEATS; i++)
		if (shared->seats[i].pid || !has_done(&shared->seats[i]))
			return false;
	return true;
}

/* How it ended: 0 if in one of the ways that it may. */
static int ended(unsigned int nr, int status)
{
	struct seat *seat = &shared->seats[nr];

	seat->pid = 0;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return 0;
	printf("# worker %u, life %u, operation %llu (%s), status %#x:"
	       " %s\n", nr, seat->life, seat->ops, op_name(seat->what), status,
	       seat->verdict[0] ? seat->verdict : "it crashed");
	return -1;
}

/* Who has died; others take their place, unless told not to. */
static int bury(bool replace)
{
	int status, err = 0;

	for (unsigned int i = 0; i < SEATS; i++) {
		struct seat *seat = &shared->seats[i];

		if (seat->pid && waitpid(seat->pid, &status, WNOHANG) > 0)
			err |= ended(i, status);
		if (!err && !seat->pid && replace && !has_done(seat))
			begin(i);
	}
	return err;
}

static int check_progress(void)
{
	for (unsigned int i = 0; i < SEATS; i++) {
		const struct seat *seat = &shared->seats[i];

		if (!seat->pid || rb_now() - seat->since < 2 * patience())
			continue;
		printf("# no progress: worker %u, life %u, operation %llu"
		       " (%s)\n", i, seat->life, seat->ops,
		       op_name(seat->what));
		return -1;
	}
	return 0;
}

static bool parked(void)
{
	bool all = true;

	for (unsigned int i = 0; i < SEATS; i++) {
		const struct seat *seat = &shared->seats[i];

		all &= !seat->pid ||
		       (rb_load(&seat->parked) == shared->pause &&
			rb_load(&seat->thread) == shared->pause);
	}
	return all;
}

static void resume(void)
{
	for (unsigned int i = 0; i < SEATS; i++)
		shared->seats[i].since = rb_now();
	rb_store(&shared->pause, 0);
}

/* Nobody is in a call any more: see whether it adds up. */
int guard_quiet(void)
{
	static __u32 pauses;
	int err = 0;

	rb_store(&shared->pause, ++pauses);
	if (!rb_within(2 * patience() / RB_SEC, bury(false) || parked())) {
		printf("# not all come to rest\n");
		return -1;
	}
	err = bury(false) ?: check_quiet();
	if (!err)
		resume();
	return err;
}

static void kill_one(void)
{
	struct seat *seat = &shared->seats[roll(SEATS)];

	if (!seat->pid)
		return;
	kill(seat->pid, SIGKILL);
	seat->killed++;
}

static __u64 operations(void)
{
	__u64 sum = 0;

	for (int i = 0; i < SEATS; i++)
		sum += shared->seats[i].total;
	return sum;
}

/* Once in a while, in a loop; 0 as long as nothing is wrong. */
int guard_turn(bool kill_some)
{
	int err = bury(true) ?: check_progress() ?: check_log();
	__u64 ops = operations();

	if (!err && ops >= next_kill) {
		if (kill_some)
			kill_one();
		next_kill = ops + 100 + roll(1200);
	}
	if (!err && ops >= next_net) {
		trouble_net(mix(dice, ops));
		next_net = ops + 200 + roll(2000);
	}
	if (!err && ops >= next_check) {
		err = guard_quiet();
		next_check = ops + 200 + roll(1000);
	}
	return err;
}

/* All of them, wherever they are. */
void guard_stop(void)
{
	rb_store(&shared->stop, 1);
	for (unsigned int i = 0; i < SEATS; i++) {
		struct seat *seat = &shared->seats[i];

		if (!seat->pid)
			continue;
		kill(seat->pid, SIGKILL);
		waitpid(seat->pid, NULL, 0);
		seat->pid = 0;
	}
}

static void dump_worker(unsigned int nr)
{
	const struct seat *seat = &shared->seats[nr];

	printf("# worker %u: pid %d, life %u, %llu operations, %s since %lld"
	       " ms, parked %u, before that:", nr, seat->pid, seat->life,
	       seat->ops, op_name(seat->what),
	       (rb_now() - seat->since) / RB_MSEC, seat->parked);
	for (__u64 i = 1; i < RECENT && i <= seat->ops; i++)
		printf(" %s", op_name(seat->recent[(seat->ops - i) % RECENT]));
	printf("\n");
	fflush(stdout);
	if (seat->pid)
		rb_sh("grep -H . /proc/%d/task/*/stack | sed 's/^/# /'",
		      seat->pid);
}

/* What the kernel knows of contexts, and who has the device open. */
static void dump_contexts(void)
{
	static struct state state;

	state_read(&state);
	for (unsigned int i = 0; i < state.nr_ctxs; i++) {
		const struct ctx_state *ctx = &state.ctxs[i];

		printf("# context %u, %s, pid %u%s: %u buffers, %u live, %llu"
		       " bytes pinned, %.1f pins, %llu pages, %llu charged\n",
		       ctx->id, ctx->comm, ctx->pid,
		       ctx->closed ? ", closed" : "", ctx->buffers, ctx->live,
		       ctx->pinned, ctx->pins, ctx->pages, ctx->charged);
	}
	for (unsigned int i = 0; i < state.nr_queues; i++) {
		const struct queue_state *q = &state.queues[i];

		printf("# queue %u of context %u: %u pending, %u posted, %u"
		       " unconsumed\n", q->id, q->ctx, q->pending, q->posted,
		       q->unconsumed);
	}
	fflush(stdout);
	rb_sh("ls -l /proc/[0-9]*/fd 2>/dev/null |"
	      " grep -E '^/proc|regbuf' | grep -B1 regbuf | sed 's/^/# /'");
	rb_sh("ps | sed 's/^/# /'");
}

/* What everybody was doing; and of the kernel whatever there is to have. */
void guard_dump(void)
{
	for (unsigned int i = 0; i < SEATS; i++)
		dump_worker(i);
	dump_contexts();
	rb_sh("for p in /proc/[0-9]*; do"
	      " grep -q regbuf $p/comm && grep -H . $p/stack; done |"
	      " sed 's/^/# /'");
	rb_sh("cat /proc/net/tcp /proc/net/tcp6 |"
	      " sed 's/^/# /'");
	rb_write_file("/proc/sysrq-trigger", "w");
}
