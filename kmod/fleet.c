// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: the flights of a queue. As many as it ever needed at a time stay with
 * it, so that whoever remembers one, and looks at its count, need not fear.
 */
#include <linux/slab.h>

#include "queue.h"

/* To make, and to take back, at a time. */
#define REGBUF_FLEET_GROWTH	8
#define REGBUF_FLEET_TURN	32

static void regbuf_fleet_add(struct regbuf_queue *q,
			     struct regbuf_flight *flight)
{
	flight->next = q->spare;
	q->spare = flight;
	q->nr_spare++;
}

static void regbuf_fleet_recall(struct regbuf_queue *q)
{
	struct regbuf_flight *flight;

	spin_lock_irq(&q->cq_lock);
	while (q->landed && q->nr_spare < REGBUF_FLEET_TURN) {
		flight = q->landed;
		q->landed = flight->next;
		regbuf_fleet_add(q, flight);
	}
	spin_unlock_irq(&q->cq_lock);
}

static void regbuf_fleet_grow(struct regbuf_queue *q)
{
	struct regbuf_flight *flight;
	int i;

	for (i = 0; i < REGBUF_FLEET_GROWTH; i++) {
		flight = kzalloc(sizeof(*flight), GFP_KERNEL_ACCOUNT);
		if (!flight)
			return;
		regbuf_flight_init(flight, q->ctx, q);
		regbuf_fleet_add(q, flight);
	}
}

/* regbuf_fleet_ready(), if there are too few at hand. */
bool __regbuf_fleet_ready(struct regbuf_queue *q)
{
	regbuf_fleet_recall(q);
	if (unlikely(q->nr_spare < REGBUF_FLEET_MIN))
		regbuf_fleet_grow(q);
	return q->nr_spare >= REGBUF_FLEET_MIN;
}

/**
 * regbuf_fleet_return() - a flight has landed that carried no request whole
 * @flight: the flight
 *
 * Context: Any.
 */
void regbuf_fleet_return(struct regbuf_flight *flight)
{
	struct regbuf_queue *q = flight->q;
	unsigned long flags;

	spin_lock_irqsave(&q->cq_lock, flags);
	regbuf_fleet_land(flight);
	spin_unlock_irqrestore(&q->cq_lock, flags);
}

static void regbuf_fleet_free_all(struct regbuf_flight *flight)
{
	struct regbuf_flight *next;

	for (; flight; flight = next) {
		next = flight->next;
		kfree(flight);
	}
}

/**
 * regbuf_fleet_free() - free all flights
 * @q: the queue, that nobody uses any more
 *
 * Context: Any.
 */
void regbuf_fleet_free(struct regbuf_queue *q)
{
	regbuf_fleet_free_all(q->spare);
	regbuf_fleet_free_all(q->landed);
}
