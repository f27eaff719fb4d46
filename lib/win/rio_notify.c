// SPDX-License-Identifier: MIT
/*
 * HOT: RIO's notifications. The kernel signals the event, or the descriptor
 * that a port reads packets from, once for each time that it is asked to, and
 * never without a completion.
 */
#include "rio.h"
#include "rio_calls.h"

static void rio_tell(struct rio_cq *cq)
{
	if (cq->type == RIO_EVENT_COMPLETION)
		win_event_set(cq->told);
	else
		win_eventfd_write(cq->eventfd);
}

INT rio_notify(RIO_CQ handle)
{
	struct rio_cq *cq = rio_cq_find(handle);

	if (unlikely(!cq || !cq->told || cq->corrupt))
		return WSAEINVAL;
	/* The kernel takes it back when it signals. */
	if (__atomic_load_n(&cq->q->ring->cq_armed, __ATOMIC_ACQUIRE))
		return WSAEALREADY;
	if (cq->reset)
		win_event_reset(cq->told);
	/* What is there already is told of from here. */
	if (regbuf_queue_arm(cq->q))
		rio_tell(cq);
	return 0;
}
