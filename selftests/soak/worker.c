// SPDX-License-Identifier: GPL-2.0
/*
 * A worker's life. What it does, in which order and with what parameters
 * follows from the seed, its number, which of its lives it is, and how many
 * operations there were: whatever the kernel answered, so that the same seed
 * does the same.
 */
#include "soak.h"

#include <sys/prctl.h>

struct worker w;

struct op {
	const char *name;
	void (*run)(void);
	unsigned int weight;
};

#define OP(name, weight)	{ #name, op_##name, weight }

static const struct op ops[] = {
	OP(send, 90), OP(burst, 60), OP(receive, 160), OP(sync, 25),
	OP(connect, 30), OP(end, 12), OP(close, 3), OP(abort, 2),
	OP(enter, 25), OP(poll, 10), OP(eventfd, 10),
	OP(cancel, 8), OP(misc, 30), OP(resize, 3), OP(queue, 4),
	OP(register, 40), OP(again, 12), OP(deregister, 12), OP(look, 12),
	OP(slots, 4), OP(table, 6), OP(table_entry, 8),
	OP(export, 12), OP(revoke, 3),
	OP(unmap, 5), OP(move, 3), OP(disturb, 5), OP(advise, 6),
	OP(fork, 2), OP(reopen, 1), OP(exec, 1), OP(death, 1), OP(settle, 3),
};

__u64 mix(__u64 a, __u64 b)
{
	a = (a ^ b * 0x9e3779b97f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
	a = (a ^ a >> 31) * 0x94d049bb133111ebULL;
	return a ^ a >> 29;
}

__u32 rnd(__u32 below)
{
	w.rng = w.rng * 6364136223846793005ULL + 1442695040888963407ULL;
	return (w.rng >> 33) % below;
}

bool chance(__u32 one_in)
{
	return !rnd(one_in);
}

const char *op_name(__u32 op)
{
	return op < ARRAY_SIZE(ops) ? ops[op].name : "begin";
}

/* Something is wrong: said to whoever looks after us. */
void die(const char *format, ...)
{
	char *to = w.seat->verdict;
	va_list args;

	va_start(args, format);
	vsnprintf(to, sizeof(w.seat->verdict), format, args);
	va_end(args);
	_exit(FAILED);
}

/*
 * Nothing is wrong, but there is no going on: another life may have more
 * luck.
 */
void retire(void)
{
	usleep(50000);
	_exit(0);
}

void allow(const char *what, int err, const int *allowed)
{
	if (!err)
		return;
	for (; *allowed; allowed++)
		if (err == -*allowed)
			return;
	die("%s: %s", what, strerror(-err));
}

static __u32 pick_op(void)
{
	unsigned int sum = 0, n;
	__u32 op = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		sum += ops[i].weight;
	for (n = rnd(sum); n >= ops[op].weight; op++)
		n -= ops[op].weight;
	return op;
}

static void keep_books(void)
{
	struct ledger *books = &w.seat->ledger;

	*books = (struct ledger){
		.opened = w.opened,
		.buffers = bufs_live(),
	};
	for (int i = 0; i < QUEUES; i++) {
		const struct queue *q = &w.queues[i];

		books->queues[i].id = q->id;
		books->queues[i].consumed = q->consumed;
		/* But for what the poller has not taken yet. */
		books->queues[i].pending = q->pending -
			(q->rb.tail - rb_load(&q->rb.ring->sq_head));
	}
}

/* Nobody is in a call: the books can be compared. */
static void park(void)
{
	__u32 pause;

	while (waitpid(-1, NULL, 0) > 0)
		;
	reap();
	while ((pause = rb_load(&shared->pause))) {
		keep_books();
		rb_store(&w.seat->parked, pause);
		usleep(1000);
	}
}

static void step(void)
{
	struct seat *seat = w.seat;
	__u32 op;

	w.rng = mix(shared->seed ^ w.nr << 24 ^ seat->life, seat->ops);
	op = pick_op();
	seat->recent[seat->ops % RECENT] = op;
	seat->since = rb_now();
	rb_store(&seat->what, op);
	ops[op].run();
	reap();
	links_tidy();
	mail_read();
	seat->ops++;
	seat->total++;
}

/* Half of them at the other end of the network, half of them have no rights. */
static void settle_down(void)
{
	struct rlimit limit = { MEMLOCK, MEMLOCK };
	struct rb_net net = { shared->near, shared->peer };

	if (w.nr % 2 && rb_net_peer(&net))
		die("no namespace: %s", strerror(errno));
	if (w.nr < SEATS / 2)
		return;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setresgid(UID, UID, UID) ||
	    setresuid(UID, UID, UID))
		die("no other user: %s", strerror(errno));
}

void run_worker(unsigned int nr, bool fresh)
{
	memset(&w, 0, sizeof(w));
	w.nr = nr;
	w.seat = &shared->seats[nr];
	w.dev = -1;
	w.seat->ops = 0;
	w.seat->since = rb_now();
	w.seat->what = ARRAY_SIZE(ops);
	w.rng = mix(shared->seed, nr);
	signal(SIGPIPE, SIG_IGN);
	if (fresh)
		settle_down();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	w.root = !getuid();
	mail_open();
	op_reopen();
	thread_start();
	while (!rb_load(&shared->stop) &&
	       (!shared->ops || w.seat->total < shared->ops)) {
		if (rb_load(&shared->pause))
			park();
		else
			step();
	}
	op_death();
	_exit(0);
}
