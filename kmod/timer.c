// SPDX-License-Identifier: GPL-2.0
/*
 * Deadlines: one timer for each queue, for whatever is due first.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/timerqueue.h>

#include "compat.h"
#include "queue.h"

static enum hrtimer_restart regbuf_timer_due(struct hrtimer *timer)
{
	struct regbuf_queue *q = container_of(timer, struct regbuf_queue,
					      timer);

	regbuf_queue_due(q, &q->timer_due);
	return HRTIMER_NORESTART;
}

/**
 * regbuf_timer_init() - prepare a queue for timers
 * @q: the queue
 *
 * Context: Process context.
 */
void regbuf_timer_init(struct regbuf_queue *q)
{
	timerqueue_init_head(&q->timers);
	hrtimer_setup(&q->timer, regbuf_timer_due, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);
}

/**
 * regbuf_timer_setup() - prepare a timer
 * @timer: the timer
 * @fire: called under q->lock when it is due
 */
void regbuf_timer_setup(struct regbuf_timer *timer,
			void (*fire)(struct regbuf_queue *q,
				     struct regbuf_timer *timer))
{
	timerqueue_init(&timer->node);
	timer->fire = fire;
}

/**
 * regbuf_timer_add() - start a timer
 * @q: the queue
 * @timer: set up, not running
 * @ns: nanoseconds from now
 *
 * Context: q->lock held.
 */
void regbuf_timer_add(struct regbuf_queue *q, struct regbuf_timer *timer,
		      u64 ns)
{
	timer->node.expires = ktime_add_safe(ktime_get(),
					     min_t(u64, ns, KTIME_MAX));
	if (timerqueue_add(&q->timers, &timer->node))
		hrtimer_start(&q->timer, timer->node.expires, HRTIMER_MODE_ABS);
}

/**
 * regbuf_timer_del() - stop a timer
 * @q: the queue
 * @timer: set up, running or not
 *
 * The queue's timer may come too early for what is left: no harm.
 *
 * Context: q->lock held.
 */
void regbuf_timer_del(struct regbuf_queue *q, struct regbuf_timer *timer)
{
	if (unlikely(!RB_EMPTY_NODE(&timer->node.node)))
		timerqueue_del(&q->timers, &timer->node);
}

/**
 * regbuf_timer_run() - fire what is due
 * @q: the queue
 *
 * Context: Process context. q->lock held.
 */
void regbuf_timer_run(struct regbuf_queue *q)
{
	struct timerqueue_node *node;
	ktime_t now = ktime_get();
	struct regbuf_timer *timer;

	while ((node = timerqueue_getnext(&q->timers))) {
		if (node->expires > now) {
			hrtimer_start(&q->timer, node->expires,
				      HRTIMER_MODE_ABS);
			return;
		}
		timerqueue_del(&q->timers, node);
		timer = container_of(node, struct regbuf_timer, node);
		timer->fire(q, timer);
		cond_resched();
	}
}
