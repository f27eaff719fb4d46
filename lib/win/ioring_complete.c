// SPDX-License-Identifier: MIT
/* I/O rings: completions, and the event that tells of the first of them. */
#include "ioring.h"

/*
 * There is a completion, and there was none. The queue has signalled the event,
 * or will, if it was armed and took that up; but who waits in SubmitIoRing()
 * may have taken the completion later than somebody else looked for it.
 */
static void ioring_signal(struct ioring *ring)
{
	if (!ring->event)
		return;
	if (ring->armed) {
		ring->armed = false;
		if (regbuf_queue_disarm(ring->q) && !ring->waiting)
			return;
	}
	win_event_set(ring->event);
}

void ioring_complete(struct ioring *ring, struct ioring_op *op, HRESULT result,
		     ULONG_PTR information)
{
	op->result = result;
	op->information = information;
	TAILQ_INSERT_TAIL(&ring->done, op, link);
	ring->completed++;
	if (!ring->nr_done++)
		ioring_signal(ring);
}

void ioring_reap(struct ioring *ring)
{
	const struct regbuf_cqe *cqe;
	uint32_t n = 0;

	if (!ring->q)
		return;
	regbuf_for_each_cqe(ring->q, n, cqe)
		ioring_sock_done(ring, cqe);
	if (n)
		regbuf_queue_advance(ring->q, n);
}

void ioring_arm(struct ioring *ring)
{
	if (!ring->event || !ring->q || ring->armed || ring->nr_done)
		return;
	if (!regbuf_queue_arm(ring->q))
		ring->armed = true;
	else if (!ring->waiting)
		ioring_reap(ring);
}

static HRESULT ioring_pop(struct ioring *ring, IORING_CQE *cqe)
{
	struct ioring_op *op;

	if (!ring->waiting)
		ioring_run(ring);
	op = TAILQ_FIRST(&ring->done);
	if (!op) {
		ioring_arm(ring);
		return ring->nr_done ? ioring_pop(ring, cqe) : S_FALSE;
	}
	TAILQ_REMOVE(&ring->done, op, link);
	ring->nr_done--;
	*cqe = (IORING_CQE){
		.UserData = op->user_data,
		.ResultCode = op->result,
		.Information = op->information,
	};
	ioring_op_free(ring, op);
	ioring_arm(ring);
	return S_OK;
}

HRESULT PopIoRingCompletion(HIORING ioRing, IORING_CQE *cqe)
{
	struct ioring *ring = ioring_get(ioRing);
	HRESULT hr;

	if (!ring)
		return E_HANDLE;
	hr = cqe ? ioring_pop(ring, cqe) : E_INVALIDARG;
	ioring_put(ring);
	return hr;
}

/* What is complete already is not told of. */
static void ioring_event_set(struct ioring *ring, struct win_object *event)
{
	if (!ring->waiting)
		ioring_run(ring);
	if (ring->armed)
		regbuf_queue_disarm(ring->q);
	ring->armed = false;
	if (ring->q)
		regbuf_queue_eventfd(ring->q, event ? win_event_fd(event) : -1);
	if (ring->event)
		win_object_put(ring->event);
	ring->event = event;
	ioring_arm(ring);
}

HRESULT SetIoRingCompletionEvent(HIORING ioRing, HANDLE hEvent)
{
	struct ioring *ring = ioring_get(ioRing);
	struct win_object *event = NULL;

	if (!ring)
		return E_HANDLE;
	if (hEvent) {
		event = win_handle_get(hEvent, WIN_EVENT);
		if (!event) {
			ioring_put(ring);
			return E_INVALIDARG;
		}
	}
	ioring_event_set(ring, event);
	ioring_put(ring);
	return S_OK;
}
