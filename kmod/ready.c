// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: who does a queue's work. Endpoints become ready in the wait queues of
 * their sockets; whoever has q->lock runs them; when nobody has, a thread that
 * waits on the queue does, or else a worker.
 */
#include <linux/cred.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

#include "queue.h"

/* Endpoints in one go, before others get the lock. */
#define REGBUF_RUN_BUDGET	256

/* Somebody is to run what is ready. */
static void regbuf_queue_kick(struct regbuf_queue *q)
{
	lockdep_assert_held(&q->ready_lock);
	/* After what is ready; pairs with regbuf_queue_unlock(). */
	smp_mb();
	if (READ_ONCE(q->running) || READ_ONCE(q->shut))
		return;
	if (q->nr_waiters)
		__wake_up(&q->wait, TASK_NORMAL, 1, (void *)REGBUF_WAKE_RUN);
	else
		queue_work(q->ctx->wq, &q->run_work);
}

static bool __regbuf_queue_has_ready(const struct regbuf_queue *q)
{
	return !list_empty(&q->ready) || q->timer_due || q->idle_due;
}

/**
 * regbuf_queue_has_ready() - is there something to run
 * @q: the queue
 *
 * Context: Any. Only a hint if q->lock is not held.
 */
bool regbuf_queue_has_ready(struct regbuf_queue *q)
{
	return !regbuf_looks_empty(&q->ready) ||
	       READ_ONCE(q->timer_due) || READ_ONCE(q->idle_due);
}

/**
 * regbuf_queue_lock() - take a queue
 * @q: the queue
 *
 * Context: Process context. May sleep; a worker must not.
 */
void regbuf_queue_lock(struct regbuf_queue *q)
{
	mutex_lock(&q->lock);
	WRITE_ONCE(q->running, true);
}

/**
 * regbuf_queue_lock_killable() - take a queue, unless killed
 * @q: the queue
 *
 * Context: Process context. May sleep.
 * Return: 0 or -EINTR.
 */
int regbuf_queue_lock_killable(struct regbuf_queue *q)
{
	if (mutex_lock_killable(&q->lock))
		return -EINTR;
	WRITE_ONCE(q->running, true);
	return 0;
}

/* If not taken, its holder will see to what is ready. */
static bool regbuf_queue_trylock(struct regbuf_queue *q)
{
	if (!mutex_trylock(&q->lock))
		return false;
	WRITE_ONCE(q->running, true);
	return true;
}

/* What was posted and not run is for others. */
static void regbuf_queue_hand_over(struct regbuf_queue *q)
{
	struct regbuf_ep *ep, *next;

	list_for_each_entry_safe(ep, next, &q->posted, posted) {
		list_del_init(&ep->posted);
		regbuf_ep_ready(ep);
	}
}

/**
 * regbuf_queue_unlock() - let go of a queue, and hand over what is ready
 * @q: the queue
 *
 * Context: Process context.
 */
void regbuf_queue_unlock(struct regbuf_queue *q)
{
	regbuf_cq_flush(q);
	regbuf_queue_hand_over(q);
	mutex_unlock(&q->lock);
	/*
	 * Somebody may have the mutex already, and have set this: then he is
	 * told once more than necessary.
	 */
	WRITE_ONCE(q->running, false);
	/* Before the look at what is ready; pairs with regbuf_queue_kick(). */
	smp_mb();
	if (likely(!regbuf_queue_has_ready(q)))
		return;
	spin_lock_irq(&q->ready_lock);
	if (__regbuf_queue_has_ready(q))
		regbuf_queue_kick(q);
	spin_unlock_irq(&q->ready_lock);
}

/**
 * regbuf_ep_ready() - have an endpoint run
 * @ep: the endpoint
 *
 * Context: Any.
 */
void regbuf_ep_ready(struct regbuf_ep *ep)
{
	struct regbuf_queue *q = ep->q;
	unsigned long flags;

	spin_lock_irqsave(&q->ready_lock, flags);
	if (list_empty(&ep->ready)) {
		list_add_tail(&ep->ready, &q->ready);
		regbuf_queue_kick(q);
	}
	spin_unlock_irqrestore(&q->ready_lock, flags);
}

/**
 * regbuf_queue_due() - have something else of the queue run
 * @q: the queue
 * @what: q->timer_due or q->idle_due
 *
 * Context: Any.
 */
void regbuf_queue_due(struct regbuf_queue *q, bool *what)
{
	unsigned long flags;

	spin_lock_irqsave(&q->ready_lock, flags);
	WRITE_ONCE(*what, true);
	regbuf_queue_kick(q);
	spin_unlock_irqrestore(&q->ready_lock, flags);
}

/**
 * regbuf_queue_waits() - threads come, and run what is ready, or leave
 * @q: the queue
 * @more: 1 or -1
 *
 * Who leaves hands over what became ready while he was counted on.
 *
 * Context: Process context.
 */
void regbuf_queue_waits(struct regbuf_queue *q, int more)
{
	spin_lock_irq(&q->ready_lock);
	q->nr_waiters += more;
	if (more < 0 && __regbuf_queue_has_ready(q))
		regbuf_queue_kick(q);
	spin_unlock_irq(&q->ready_lock);
}

/* The next endpoint to run: with something new, or woken. */
static struct regbuf_ep *regbuf_ready_pop(struct regbuf_queue *q)
{
	struct regbuf_ep *ep;

	ep = list_first_entry_or_null(&q->posted, struct regbuf_ep, posted);
	if (ep) {
		list_del_init(&ep->posted);
		return ep;
	}
	if (regbuf_looks_empty(&q->ready))
		return NULL;
	spin_lock_irq(&q->ready_lock);
	ep = list_first_entry_or_null(&q->ready, struct regbuf_ep, ready);
	if (ep)
		list_del_init(&ep->ready);
	spin_unlock_irq(&q->ready_lock);
	return ep;
}

static bool regbuf_due_take(struct regbuf_queue *q, bool *what)
{
	bool due;

	if (!READ_ONCE(*what))
		return false;
	spin_lock_irq(&q->ready_lock);
	due = *what;
	WRITE_ONCE(*what, false);
	spin_unlock_irq(&q->ready_lock);
	return due;
}

static void regbuf_ep_run(struct regbuf_ep *ep)
{
	const struct cred *old = NULL;

	/* Most likely it will wait: then it needs no second look. */
	if ((ep->recv.count || ep->nr_polls) && !regbuf_ep_watching(ep))
		regbuf_ep_watch(ep, true);
	/*
	 * All this, before the socket is asked. Pairs with skwq_has_sleeper(),
	 * after which regbuf_ep_wake() looks at it.
	 */
	smp_mb();
	if (ep->cred != current_cred())
		old = override_creds(ep->cred);
	/* First: a connect is to see the error that it ended with. */
	if (!list_empty(&ep->polls))
		regbuf_ep_run_polls(ep);
	if (regbuf_ep_run_lanes(ep))
		regbuf_ep_ready(ep);
	else
		regbuf_ep_ran(ep);
	if (old)
		revert_creds(old);
	regbuf_cq_flush(ep->q);
	if (unlikely(ep->draining) && list_empty(&ep->send.reqs))
		regbuf_ep_drained(ep);
}

/**
 * regbuf_queue_run() - do the work that is ready
 * @q: the queue
 *
 * As much as is fair; each endpoint has its turn.
 *
 * Context: q->lock held. Process context; the sockets are not waited for.
 */
void regbuf_queue_run(struct regbuf_queue *q)
{
	unsigned int budget = REGBUF_RUN_BUDGET;
	struct regbuf_ep *ep;

	if (regbuf_due_take(q, &q->timer_due))
		regbuf_timer_run(q);
	while (budget-- && (ep = regbuf_ready_pop(q))) {
		regbuf_ep_run(ep);
		cond_resched();
	}
	if (regbuf_due_take(q, &q->idle_due))
		regbuf_queue_run_idles(q);
}

/*
 * Never waits for the lock: its holder may be held up by the program. What it
 * allocates, connections that it accepts above all, is charged to the queue's
 * cgroup: its own is nobody's.
 */
void regbuf_run_work(struct work_struct *work)
{
	struct regbuf_queue *q = container_of(work, struct regbuf_queue,
					      run_work);
	struct mem_cgroup *old;

	if (!regbuf_queue_trylock(q))
		return;
	old = set_active_memcg(q->memcg);
	regbuf_queue_run(q);
	set_active_memcg(old);
	regbuf_queue_unlock(q);
}
