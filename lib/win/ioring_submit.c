// SPDX-License-Identifier: MIT
/* I/O rings: running requests, and waiting for them. */
#include <errno.h>

#include "ioring.h"

bool ioring_supports(const struct ioring *ring, UINT32 op)
{
	if (op <= IORING_OP_CANCEL)
		return true;
	if (op <= IORING_OP_FLUSH)
		return ring->info.IoRingVersion >= IORING_VERSION_3;
	return op <= IORING_OP_WRITE_GATHER &&
	       ring->info.IoRingVersion >= IORING_VERSION_4;
}

/* True if it flies. */
static bool ioring_transfer(struct ioring *ring, struct ioring_op *op,
			    HRESULT *hr, ULONG_PTR *information)
{
	struct ioring_file file;
	bool flies = false;

	*hr = ioring_file_get(ring, &op->file, &file);
	if (FAILED(*hr))
		return false;
	if (file.obj) {
		*hr = ioring_file_run(ring, op, win_file_fd(file.obj),
				      information);
	} else {
		*hr = ioring_sock_start(ring, op, file.sock);
		flies = SUCCEEDED(*hr);
	}
	ioring_file_put(&file);
	return flies;
}

static void ioring_start(struct ioring *ring, struct ioring_op *op)
{
	ULONG_PTR information = 0;
	HRESULT hr;

	if (!ioring_op_valid(op))
		hr = E_INVALIDARG;
	else if (op->code == IORING_OP_REGISTER_FILES)
		hr = ioring_register_files(ring, op);
	else if (op->code == IORING_OP_REGISTER_BUFFERS)
		hr = ioring_register_buffers(ring, op);
	else if (ioring_transfer(ring, op, &hr, &information))
		return;
	ioring_complete(ring, op, hr, information);
}

/* What is submitted after one that waits for all before it waits for it. */
static void ioring_advance(struct ioring *ring)
{
	struct ioring_op *op;

	while ((op = TAILQ_FIRST(&ring->held))) {
		if (op->drain && ring->nr_flying)
			return;
		TAILQ_REMOVE(&ring->held, op, link);
		ring->nr_held--;
		ioring_start(ring, op);
	}
}

void ioring_run(struct ioring *ring)
{
	if (!ring->nr_flying && !ring->nr_held)
		return;
	do {
		ioring_reap(ring);
		ioring_advance(ring);
		ioring_sock_flush(ring);
	} while (ring->nr_held && !ring->nr_flying);
}

static bool ioring_same(const struct ioring *ring, const struct ioring_op *op,
			const struct ioring_file *file)
{
	struct ioring_file other;
	bool same;

	if (op->code == IORING_OP_REGISTER_FILES ||
	    op->code == IORING_OP_REGISTER_BUFFERS ||
	    FAILED(ioring_file_get(ring, &op->file, &other)))
		return false;
	same = other.obj == file->obj && other.sock == file->sock;
	ioring_file_put(&other);
	return same;
}

static struct ioring_op *ioring_find_flying(const struct ioring *ring,
					    UINT_PTR user_data, int sock)
{
	struct ioring_op *op;

	TAILQ_FOREACH(op, &ring->flying, link)
		if (op->user_data == user_data && op->sock == sock &&
		    op->code != IORING_OP_CANCEL)
			return op;
	return NULL;
}

static struct ioring_op *ioring_find_held(const struct ioring *ring,
					  UINT_PTR user_data,
					  const struct ioring_file *file)
{
	struct ioring_op *op;

	TAILQ_FOREACH(op, &ring->held, link)
		if (op->user_data == user_data && ioring_same(ring, op, file))
			return op;
	return NULL;
}

static HRESULT ioring_cancel_held(struct ioring *ring,
				  const struct ioring_op *op,
				  const struct ioring_file *file)
{
	struct ioring_op *target = ioring_find_held(ring, op->target, file);

	if (!target)
		return HRESULT_FROM_WIN32(ERROR_NOT_FOUND);
	TAILQ_REMOVE(&ring->held, target, link);
	ring->nr_held--;
	ioring_complete(ring, target,
			HRESULT_FROM_WIN32(ERROR_OPERATION_ABORTED), 0);
	return S_OK;
}

static void ioring_cancel(struct ioring *ring, struct ioring_op *op)
{
	struct ioring_file file = { .sock = -1 };
	struct ioring_op *target = NULL;
	HRESULT hr = E_INVALIDARG;

	if (ioring_op_valid(op))
		hr = ioring_file_get(ring, &op->file, &file);
	if (SUCCEEDED(hr)) {
		if (!file.obj)
			target = ioring_find_flying(ring, op->target,
						    file.sock);
		hr = target ? ioring_sock_cancel(ring, op, target) :
			      ioring_cancel_held(ring, op, &file);
		ioring_file_put(&file);
	}
	if (!target || FAILED(hr))
		ioring_complete(ring, op, hr, 0);
}

/* Cancellations are for what is stuck, and so are not held. */
static void ioring_take(struct ioring *ring)
{
	struct ioring_op *op;

	while ((op = TAILQ_FIRST(&ring->queued))) {
		TAILQ_REMOVE(&ring->queued, op, link);
		if (op->code == IORING_OP_CANCEL) {
			ioring_advance(ring);
			ioring_cancel(ring, op);
			continue;
		}
		TAILQ_INSERT_TAIL(&ring->held, op, link);
		ring->nr_held++;
	}
	ring->nr_queued = 0;
}

static HRESULT ioring_may_submit(const struct ioring *ring, UINT32 wait)
{
	UINT64 all = (UINT64)ring->nr_queued + ring->nr_held + ring->nr_flying +
		     ring->nr_done;

	if (wait != IORING_SUBMIT_WAIT_ALL && wait > all)
		return E_INVALIDARG;
	if (ring->nr_queued &&
	    ring->nr_queued + ring->nr_done > ring->info.CompletionQueueSize)
		return IORING_E_COMPLETION_QUEUE_TOO_FULL;
	return S_OK;
}

/*
 * For each completion by itself: others may be waiting to pop it, and no other
 * thread takes it from the queue meanwhile. 0 or a negative errno.
 */
static int ioring_sleep(struct ioring *ring, struct win_deadline deadline)
{
	int left = win_deadline_left(deadline);
	int err;

	pthread_mutex_unlock(&ring->lock);
	err = regbuf_queue_wait(ring->q, 1, left < 0 ? -1 : left * 1000000LL,
				NULL);
	pthread_mutex_lock(&ring->lock);
	return err == -EINTR ? 0 : err;
}

/*
 * Until so many are complete that @wait could have been popped. Others may pop
 * them meanwhile.
 */
static HRESULT ioring_wait(struct ioring *ring, UINT32 wait, DWORD milliseconds)
{
	struct win_deadline deadline = win_deadline(milliseconds);
	UINT64 goal = UINT64_MAX;
	int err = 0;

	if (wait != IORING_SUBMIT_WAIT_ALL)
		goal = ring->completed - ring->nr_done + wait;
	ring->waiting = true;
	while (ring->completed < goal && ring->nr_flying && !err) {
		err = ioring_sleep(ring, deadline);
		ioring_run(ring);
	}
	ring->waiting = false;
	ioring_arm(ring);
	if (!err || ring->completed >= goal || !ring->nr_flying)
		return S_OK;
	return err == -ETIMEDOUT ? IORING_E_WAIT_TIMEOUT : ioring_error(-err);
}

static HRESULT ioring_submit(struct ioring *ring, UINT32 wait,
			     DWORD milliseconds, UINT32 *submitted)
{
	HRESULT hr;

	if (ring->waiting)
		return IORING_E_SUBMIT_IN_PROGRESS;
	ioring_run(ring);
	hr = ioring_may_submit(ring, wait);
	if (FAILED(hr))
		return hr;
	*submitted = ring->nr_queued;
	ioring_take(ring);
	ioring_run(ring);
	return wait ? ioring_wait(ring, wait, milliseconds) : S_OK;
}

HRESULT SubmitIoRing(HIORING ioRing, UINT32 waitOperations, UINT32 milliseconds,
		     UINT32 *submittedEntries)
{
	struct ioring *ring = ioring_get(ioRing);
	UINT32 submitted = 0;
	HRESULT hr;

	if (!ring)
		return E_HANDLE;
	hr = ioring_submit(ring, waitOperations, milliseconds, &submitted);
	ioring_put(ring);
	if (submittedEntries)
		*submittedEntries = submitted;
	return hr;
}
