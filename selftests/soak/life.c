// SPDX-License-Identifier: GPL-2.0
/* Children, other programs, and ends of all kinds. C8, C15. */
#include "soak.h"

#include <sys/prctl.h>

static void child(bool linger)
{
	__u64 id;

	/* The context is its parent's alone. */
	if (rb_register(w.dev, &id, sizeof(id), RB_READ, &id) != -EPERM)
		_exit(1);
	/* It has the device open, perhaps for longer than its parent lives. */
	if (linger)
		usleep(100000);
	_exit(0);
}

/* What it writes is its own: what is in flight is not changed. */
void op_fork(void)
{
	bool linger = chance(2), leave = chance(4);
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return;
	if (!pid) {
		struct buf *b = buf_to_send();

		if (b && b->map && !b->map->gone && b->map->kind == SMALL)
			memset(b->map->mem, 0xee, b->map->len);
		child(linger);
	}
	if (leave)
		return;
	if (waitpid(pid, &status, 0) == pid && status)
		die("C8: a child used its parent's context: %#x", status);
}

static void queues_open(void)
{
	for (int i = 0; i < QUEUES; i++)
		queue_open(&w.queues[i], i && w.root && chance(2));
	for (int i = 0; i < QUEUES; i++)
		links_open(&w.queues[i]);
}

static void open_device(void)
{
	char name[16];

	/* The name that the checker knows the context by. */
	snprintf(name, sizeof(name), "s%u.%u.%u", w.nr, w.seat->life,
		 ++w.opened);
	prctl(PR_SET_NAME, name);
	w.dev = rb_open();
	if (w.dev < 0 && errno == ENOMEM)
		retire();
	if (w.dev < 0)
		die("open: %s", strerror(errno));
	w.queues_made = 0;
	queues_open();
}

/* The context is closed in the middle of everything; then there is another. */
void op_reopen(void)
{
	if (w.dev >= 0 && !chance(3))
		return;
	thread_hold();
	if (w.dev >= 0) {
		close(w.dev);
		/* Their buffers are gone with it. */
		for (int i = 0; i < QUEUES; i++) {
			struct queue *q = &w.queues[i];

			map_put(q->arena.map);
			map_put(q->pool.map);
			q->arena = (struct buf){ };
			q->pool = (struct buf){ };
			queue_close(q);
		}
	}
	bufs_forget();
	table_forget();
	open_device();
	thread_release();
}

/* A life begins anew in the same process, with nothing that it had. */
void op_exec(void)
{
	char nr[16];

	if (!chance(3))
		return;
	snprintf(nr, sizeof(nr), "%u", w.nr);
	execl("/proc/self/exe", "soak", "reborn", nr, NULL);
	die("exec: %s", strerror(errno));
}

void reborn(int argc, char **argv)
{
	if (argc != 3 || strcmp(argv[1], "reborn"))
		return;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		      SHARED_FD, 0);
	if (shared == MAP_FAILED)
		_exit(FAILED);
	shared->seats[atoi(argv[2])].life++;
	run_worker(atoi(argv[2]), false);
}

/* By its own hand, with everything open; or in good order. */
void op_death(void)
{
	bool order = chance(2);

	if (!chance(3))
		return;
	if (!order)
		kill(getpid(), SIGKILL);
	for (int i = 0; i < QUEUES; i++)
		queue_close(&w.queues[i]);
	close(w.dev);
	exit(0);
}
