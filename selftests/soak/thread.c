// SPDX-License-Identifier: GPL-2.0
/*
 * A second thread in each worker, that shares its context and meets it in the
 * middle of what it does. It keeps nothing for long, so it is not in the books.
 */
#include "soak.h"

#include "netlink/nl.h"

static __u64 seed;

/* While it is held, what it looks at may change. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void thread_hold(void)
{
	pthread_mutex_lock(&lock);
}

void thread_release(void)
{
	pthread_mutex_unlock(&lock);
}

static __u32 pick(__u32 below)
{
	return rb_rand(&seed) % below;
}

/* A range that the other one has registered, or just unmapped. */
static void share_pins(void)
{
	const struct map *map = w.queues[pick(QUEUES)].arena.map;
	static unsigned char *own;
	struct regbuf_ioc_register reg;
	void *mem;

	if (!own)
		own = rb_pages(4);
	mem = map && pick(2) ? map->mem : own;
	if (!mem || rb_register_flags(w.dev, mem, 4 * RB_PAGE, RB_READ,
				      pick(4), &reg))
		return;
	if (pick(2))
		madvise(own + pick(4) * RB_PAGE, RB_PAGE, MADV_DONTNEED);
	rb_deregister(w.dev, reg.id);
}

/* Whatever they are by now: the answer does not matter. */
static void look(void)
{
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;
	__u64 id = w.bufs[pick(BUFS)].id;

	switch (pick(4)) {
	case 0:
		rb_stats(w.dev, &stats);
		break;
	case 1:
		rb_wait(w.dev, id, RB_MSEC);
		break;
	case 2:
		rb_q_poll(&w.queues[pick(QUEUES)].rb);
		break;
	default:
		rb_status(w.dev, id, &status);
		break;
	}
}

/* Of what there is to see for this user, while it comes and goes. */
static void dump(void)
{
	static const int cmds[] = {
		REGBUF_CMD_CONTEXT_GET, REGBUF_CMD_BUFFER_GET,
		REGBUF_CMD_QUEUE_GET, REGBUF_CMD_ENDPOINT_GET,
		REGBUF_CMD_HOLD_GET,
	};
	struct rn_answer a = { };
	static struct rn nl;

	if (nl.sk || !rn_open(&nl))
		rn_dump(&nl, cmds[pick(5)], 0, &a);
}

static void turn(void)
{
	__u32 what = pick(8);

	thread_hold();
	if (what < 3)
		share_pins();
	else if (what < 6)
		look();
	thread_release();
	if (what >= 6)
		usleep(1000);
	if (what == 7 && !pick(8))
		dump();
}

/*
 * About as much as the other one: where all is slow it is not to be in its
 * way.
 */
static void *run(void *arg)
{
	for (__u64 turns = 0;;) {
		__u32 pause = rb_load(&shared->pause);

		if (pause) {
			rb_store(&w.seat->thread, pause);
			usleep(1000);
		} else if (turns > 2 * w.seat->ops) {
			usleep(1000);
		} else {
			turn();
			turns++;
		}
	}
	return NULL;
}

void thread_start(void)
{
	pthread_t thread;

	seed = mix(shared->seed ^ w.nr, w.seat->life);
	if (pthread_create(&thread, NULL, run, NULL))
		retire();
}
