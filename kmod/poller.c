// SPDX-License-Identifier: GPL-2.0
/*
 * A queue's poller: a kernel thread that takes submissions and does the queue's
 * work, so that the program needs no system call. It sleeps when there has been
 * nothing to do for a while, and asks to be woken by a flag in shared memory.
 */
#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>

#include "queue.h"

#define REGBUF_POLLER_IDLE_US	1000

/* Submissions, if there is a place for what becomes of them. */
static bool regbuf_poller_has_work(struct regbuf_queue *q)
{
	struct regbuf_ring *ring;
	bool work;

	if (regbuf_queue_has_ready(q))
		return true;
	spin_lock_irq(&q->cq_lock);
	ring = q->shm->ring;
	work = READ_ONCE(ring->sq_tail) != READ_ONCE(q->sq_head) &&
	       regbuf_cq_has_place(q);
	spin_unlock_irq(&q->cq_lock);
	return work;
}

/* Take what is there if we may, and run what is ready; was there anything? */
static bool regbuf_poller_turn(struct regbuf_queue *q, bool submit)
{
	bool ready = regbuf_queue_has_ready(q);
	u32 submitted = 0;

	regbuf_queue_lock(q);
	regbuf_queue_unstall(q);
	if (submit && !q->shut)
		regbuf_submit_poller(q, &submitted);
	regbuf_queue_run(q);
	regbuf_queue_unlock(q);
	return submitted || ready;
}

/* Lists and inline bytes are in the owner's memory: none without it. */
static bool regbuf_poller_work(struct regbuf_queue *q)
{
	struct mm_struct *mm = q->ctx->mm;
	bool progress;

	if (!mmget_not_zero(mm))
		return regbuf_poller_turn(q, false);
	kthread_use_mm(mm);
	progress = regbuf_poller_turn(q, true);
	kthread_unuse_mm(mm);
	mmput(mm);
	return progress;
}

/* Completions are not its business. */
static int regbuf_poller_wake(struct wait_queue_entry *entry, unsigned int mode,
			      int sync, void *key)
{
	if (key == (void *)REGBUF_WAKE_POSTED)
		return 0;
	return autoremove_wake_function(entry, mode, sync, key);
}

/* Until there is work; or, if what is submitted is stuck, until woken. */
static void regbuf_poller_sleep(struct regbuf_queue *q, bool stuck)
{
	DEFINE_WAIT_FUNC(wait, regbuf_poller_wake);

	regbuf_ring_need(q, REGBUF_NEED_POLLER, true);
	prepare_to_wait(&q->wait, &wait, TASK_INTERRUPTIBLE | TASK_FREEZABLE);
	/*
	 * The flag before the look. Pairs with the program's barrier between
	 * writing its index and reading the flag.
	 */
	smp_mb();
	if (!kthread_should_stop() && !regbuf_queue_has_ready(q) &&
	    (stuck || !regbuf_poller_has_work(q)))
		schedule();
	finish_wait(&q->wait, &wait);
	regbuf_ring_need(q, REGBUF_NEED_POLLER, false);
}

static int regbuf_poller(void *data)
{
	struct regbuf_queue *q = data;
	u64 last = ktime_get_ns();
	struct mem_cgroup *old;
	bool work;

	set_freezable();
	/* See regbuf_run_work(). */
	old = set_active_memcg(q->memcg);
	regbuf_queue_waits(q, 1);
	while (!kthread_should_stop()) {
		try_to_freeze();
		work = regbuf_poller_has_work(q);
		if (work && regbuf_poller_work(q))
			last = ktime_get_ns();
		else if (ktime_get_ns() - last > q->poller_idle_ns)
			regbuf_poller_sleep(q, work);
		cond_resched();
	}
	regbuf_queue_waits(q, -1);
	set_active_memcg(old);
	return 0;
}

/**
 * regbuf_poller_start() - start a queue's poller if it wants one
 * @q: the queue
 * @idle_us: microseconds without work before it sleeps, 0 for the default
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM.
 */
int regbuf_poller_start(struct regbuf_queue *q, u32 idle_us)
{
	struct task_struct *poller;

	if (!(q->flags & REGBUF_QUEUE_F_POLLER))
		return 0;
	q->poller_idle_ns = (idle_us ?: REGBUF_POLLER_IDLE_US) * 1000ULL;
	poller = kthread_create(regbuf_poller, q, "regbuf-%d", current->pid);
	if (IS_ERR(poller))
		return PTR_ERR(poller);
	get_task_struct(poller);
	q->poller = poller;
	wake_up_process(poller);
	return 0;
}

/**
 * regbuf_poller_stop() - stop a queue's poller, if it has one
 * @q: the queue
 *
 * Context: Process context, of whoever ends the queue. May sleep.
 */
void regbuf_poller_stop(struct regbuf_queue *q)
{
	struct task_struct *poller = xchg(&q->poller, NULL);

	if (!poller)
		return;
	kthread_stop(poller);
	put_task_struct(poller);
}
