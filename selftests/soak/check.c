// SPDX-License-Identifier: GPL-2.0
/*
 * What must hold whenever nobody is in a call: pins are those of the buffers
 * that there are, what is locked is what they are charged with, and each queue
 * has posted and has pending what the worker's books say. What the network
 * lets go of in that moment may be between two of these, so it is looked at
 * again until it holds; but it has to hold soon.
 */
#include "soak.h"

static char odd[256];		/* what does not hold */
static long pins_before = -1;

/* It may hold the next time; if not, this is said. */
static int is_odd(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static int is_odd(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(odd, sizeof(odd), format, args);
	va_end(args);
	return -1;
}

/* Whose context this is: as it was named. */
static bool is_of(const struct ctx_state *ctx, unsigned int nr, __u32 life)
{
	char name[16];
	size_t len;

	len = snprintf(name, sizeof(name), "s%u.%u.", nr, life);
	return !strncmp(ctx->comm, name, len);
}

static bool is_current(const struct ctx_state *ctx)
{
	for (unsigned int i = 0; i < SEATS; i++)
		if (shared->seats[i].pid &&
		    is_of(ctx, i, shared->seats[i].life))
			return true;
	return false;
}

/* C6, C10: of the machine. */
static int check_pins(const struct state *state)
{
	double pins = 0;

	for (unsigned int i = 0; i < state->nr_ctxs; i++)
		pins += state->ctxs[i].pins;
	if (state->pins - pins_before != (long)(pins + 0.5))
		return is_odd("%ld pages are pinned, buffers have %.1f",
			      state->pins - pins_before, pins);
	return 0;
}

/* C15: of the dead only what is in flight is left. */
static int check_dead(const struct state *state)
{
	for (unsigned int i = 0; i < state->nr_ctxs; i++) {
		const struct ctx_state *ctx = &state->ctxs[i];

		if (ctx->live && !is_current(ctx))
			return is_odd("%s is dead, and has %u live buffers",
				      ctx->comm, ctx->live);
	}
	return 0;
}

static long locked_by(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return rb_number(path, "VmPin") * 1024L / (long)RB_PAGE;
}

/* C10: of a process. */
static int check_locked(const struct state *state, unsigned int nr)
{
	const struct seat *seat = &shared->seats[nr];
	long locked = locked_by(seat->pid);
	__u64 pages = 0;

	for (unsigned int i = 0; i < state->nr_ctxs; i++)
		if (is_of(&state->ctxs[i], nr, seat->life))
			pages += state->ctxs[i].pages;
	if (locked >= 0 && (__u64)locked != pages)
		return is_odd("worker %u has %ld pages locked, its contexts"
			      " %llu", nr, locked, pages);
	return 0;
}

/* C1: each request that was taken is pending, or was completed once. */
static int check_queue(const struct state *state, unsigned int nr,
		       const struct ctx_state *ctx, int which)
{
	const struct ledger *books = &shared->seats[nr].ledger;
	__u32 consumed = books->queues[which].consumed;
	__u32 pending = books->queues[which].pending;
	const struct queue_state *q = state->queues;

	if (!books->queues[which].id)
		return 0;
	while (q < state->queues + state->nr_queues &&
	       (q->ctx != ctx->id || q->id != books->queues[which].id))
		q++;
	if (q == state->queues + state->nr_queues)
		return is_odd("worker %u: no queue %u", nr,
			      books->queues[which].id);
	if (q->posted != consumed + q->unconsumed)
		return is_odd("worker %u, queue %u: %u completions posted,"
			      " %u consumed, %u not", nr, q->id, q->posted,
			      consumed, q->unconsumed);
	if (q->pending > pending || q->pending + q->unconsumed < pending)
		return is_odd("worker %u, queue %u: %u requests are pending,"
			      " %u expected, %u completions are there", nr,
			      q->id, q->pending, pending, q->unconsumed);
	return 0;
}

static int check_worker(const struct state *state, unsigned int nr)
{
	const struct seat *seat = &shared->seats[nr];
	const struct ctx_state *ctx = NULL;
	char name[16];
	int err = 0;

	/* One that has died, or is not born yet, has no books. */
	if (!seat->pid || seat->parked != shared->pause)
		return 0;
	snprintf(name, sizeof(name), "s%u.%u.%u", nr, seat->life,
		 seat->ledger.opened);
	for (unsigned int i = 0; i < state->nr_ctxs; i++)
		if (!strcmp(state->ctxs[i].comm, name))
			ctx = &state->ctxs[i];
	if (!ctx)
		return is_odd("no context %s", name);
	if (ctx->live != seat->ledger.buffers)
		return is_odd("%s has %u live buffers, not %u", name, ctx->live,
			      seat->ledger.buffers);
	for (int i = 0; i < QUEUES && !err; i++)
		err = check_queue(state, nr, ctx, i);
	return err ?: check_locked(state, nr);
}

/* As the kernel tells somebody of that user who is refused. */
static void tell_charged(int to)
{
	long charged = -1;

	if (!setresgid(UID, UID, UID) && !setresuid(UID, UID, UID)) {
		int dev = rb_open();

		if (dev >= 0)
			charged = rb_charged(dev);
	}
	if (write(to, &charged, sizeof(charged)) < 0)
		_exit(1);
	_exit(0);
}

static long user_charged(void)
{
	long charged = -1;
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid)
		tell_charged(fd[1]);
	close(fd[1]);
	if (read(fd[0], &charged, sizeof(charged)) != sizeof(charged))
		charged = -1;
	close(fd[0]);
	waitpid(pid, NULL, 0);
	return charged;
}

/* C10: of a user, and that nobody else is charged. */
static int check_charged(const struct state *state)
{
	long charged = user_charged();
	__u64 sum = 0;

	for (unsigned int i = 0; i < state->nr_ctxs; i++) {
		sum += state->ctxs[i].charged;
		if (state->ctxs[i].charged && state->ctxs[i].uid != UID)
			return is_odd("%s is charged", state->ctxs[i].comm);
	}
	if (charged < 0 || (__u64)charged != sum)
		return is_odd("the user is charged %ld pages, the contexts"
			      " %llu", charged, sum);
	return 0;
}

static int check_state(const struct state *state)
{
	int err = check_pins(state) ?: check_dead(state);

	for (unsigned int i = 0; i < SEATS && !err; i++)
		err = check_worker(state, i);
	return err ?: check_charged(state);
}

static int look(void)
{
	static struct state before, after;

	state_read(&before);
	state_read(&after);
	if (before.broken || after.broken)
		return is_odd("dumps are interrupted");
	if (memcmp(&before, &after, sizeof(before)))
		return is_odd("what is pinned changes all the time");
	return check_state(&after);
}

/* 0 if all is as it should be. */
int check_quiet(void)
{
	if (rb_within(patience() / RB_SEC, !look()))
		return 0;
	printf("# %s\n", odd);
	return -1;
}

/* Nobody is left, so nothing may be. */
static int look_empty(void)
{
	static struct state state;

	state_read(&state);
	if (state.nr_ctxs)
		return is_odd("context %s is left, with %u buffers",
			      state.ctxs[0].comm, state.ctxs[0].buffers);
	return check_pins(&state) ?: check_charged(&state);
}

/* With no worker: before, and after all. */
int check_empty(long pins)
{
	if (pins_before < 0)
		pins_before = pins;
	if (rb_within(patience() / RB_SEC, !look_empty()))
		return 0;
	printf("# %s\n", odd);
	return -1;
}

/* The kernel's log, since the last time: nothing that it should not say. */
int check_log(void)
{
	static const char * const bad[] = {
		"BUG", "WARNING:", "Oops", "KASAN:", "KCSAN:", "UBSAN:",
		"refcount_t", "detected stall", "soft lockup",
		"blocked for more than", "general protection", "suspicious",
		"while atomic", "leaked", "corrupt",
	};
	static int fd = -1;
	char line[1024];
	int err = 0;
	ssize_t n;

	if (fd < 0) {
		fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		lseek(fd, 0, SEEK_END);
	}
	for (;;) {
		n = read(fd, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return err;
		line[n] = 0;
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
			if (strstr(line, bad[i])) {
				printf("# %s", line);
				err = -1;
			}
	}
}
