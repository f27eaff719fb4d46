// SPDX-License-Identifier: MIT
/*
 * HOT: RIO's notifications. The kernel signals the event, or the descriptor
 * that a port reads packets from, once for each time that it is asked to, and
 * never without a completion.
 */
#include <poll.h>

#include "rio.h"
#include "rio_calls.h"

static void rio_tell(struct rio_cq *cq)
{
	if (cq->type == RIO_EVENT_COMPLETION)
		win_event_set(cq->told);
	else
		win_eventfd_write(cq->eventfd);
}

/*
 * What was armed before may be taken up and not signalled yet, and what it was
 * for be gone: the signal must not come after the reset. The kernel holds the
 * queue's lock for both, and takes it to tell who polls.
 */
static void rio_reset(struct rio_cq *cq)
{
	struct pollfd pfd = { .fd = regbuf_queue_fd(cq->q), .events = POLLIN };

	if (win_eventfd_read(cq->eventfd) || !cq->armed)
		return;
	poll(&pfd, 1, 0);
	win_eventfd_read(cq->eventfd);
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
		rio_reset(cq);
	/* What is there already is told of from here. */
	cq->armed = !regbuf_queue_arm(cq->q);
	if (!cq->armed)
		rio_tell(cq);
	return 0;
}
