// SPDX-License-Identifier: MIT
/* Overlapped requests: at once, or when the socket is ready, or cancelled. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <processthreadsapi.h>
#include <winbase.h>

#include "async.h"

/* An event with this bit says that there is to be no packet. */
#define NO_PACKET	1u

static struct {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned int nr;
} waiting = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.cond = PTHREAD_COND_INITIALIZER,
};

void async_wait_forked(void)
{
	pthread_mutex_init(&waiting.lock, NULL);
	pthread_cond_init(&waiting.cond, NULL);
	waiting.nr = 0;
}

static bool is_pending(LPOVERLAPPED overlapped)
{
	return __atomic_load_n(&overlapped->Internal, __ATOMIC_SEQ_CST) ==
	       STATUS_PENDING;
}

void async_wait(LPOVERLAPPED overlapped)
{
	pthread_mutex_lock(&waiting.lock);
	__atomic_fetch_add(&waiting.nr, 1, __ATOMIC_SEQ_CST);
	while (is_pending(overlapped))
		pthread_cond_wait(&waiting.cond, &waiting.lock);
	__atomic_fetch_sub(&waiting.nr, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&waiting.lock);
}

/* From here on it's the program's again. */
static void tell(LPOVERLAPPED overlapped, DWORD code, size_t bytes)
{
	overlapped->InternalHigh = bytes;
	__atomic_store_n(&overlapped->Internal, win_status(code),
			 __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&waiting.nr, __ATOMIC_SEQ_CST))
		return;
	pthread_mutex_lock(&waiting.lock);
	pthread_cond_broadcast(&waiting.cond);
	pthread_mutex_unlock(&waiting.lock);
}

static DWORD take_event(struct async_request *req)
{
	const ULONG_PTR handle = (ULONG_PTR)req->overlapped->hEvent;

	if (!(handle & ~(ULONG_PTR)NO_PACKET))
		return 0;
	req->event = win_handle_get(req->overlapped->hEvent, WIN_EVENT);
	if (!req->event)
		return WSA_INVALID_HANDLE;
	win_event_reset(req->event);
	return 0;
}

struct async_request *async_request_new(size_t iovs, LPOVERLAPPED overlapped,
					DWORD *code)
{
	const ULONG_PTR begin[2] = { STATUS_PENDING, 0 };
	struct async_request *req;

	req = calloc(1, sizeof(*req) + iovs * sizeof(req->iov[0]));
	if (!req) {
		*code = WSAENOBUFS;
		return NULL;
	}
	req->msg.iov = req->iov;
	req->msg.iovlen = iovs;
	req->overlapped = overlapped;
	req->thread = GetCurrentThreadId();
	if (!overlapped)
		return req;
	*code = WSAEFAULT;
	if (win_copy_out(overlapped, begin, sizeof(begin))) {
		*code = take_event(req);
		if (!*code)
			return req;
		overlapped->Internal = win_status(*code);
	}
	free(req);
	return NULL;
}

static void leave(struct async_sock *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->accepting = NULL;
	pthread_mutex_unlock(&s->lock);
	async_put(s);
}

/* What it has taken; the packet may be the port's by now. */
static void let_go(struct async_request *req)
{
	leave(req->accept);
	req->accept = NULL;
	if (req->away)
		__atomic_fetch_sub(&req->owner->away, 1, __ATOMIC_SEQ_CST);
	if (req->owner)
		async_put(req->owner);
	req->owner = NULL;
	if (req->event)
		win_object_put(req->event);
	req->event = NULL;
}

void async_request_free(struct async_request *req)
{
	if (req->overlapped)
		tell(req->overlapped, req->code, req->done);
	let_go(req);
	if (req->port)
		win_object_put(req->port);
	free(req);
}

static void post(struct async_request *req)
{
	struct win_object *port = req->port;

	req->packet.entry.lpOverlapped = req->overlapped;
	req->packet.entry.Internal = win_status(req->code);
	req->packet.entry.dwNumberOfBytesTransferred = (DWORD)req->done;
	win_port_push(port, &req->packet);
	win_object_put(port);
}

/*
 * The event is set when all else is done, and there is no waiting for it before
 * the OVERLAPPED has the result.
 */
void async_complete(struct async_request *req)
{
	struct win_object *event = req->event;

	if (req->overlapped)
		tell(req->overlapped, req->code, req->done);
	req->event = NULL;
	let_go(req);
	if (event) {
		win_event_set(event);
		win_object_put(event);
	}
	if (req->port)
		post(req);
	else
		free(req);
}

void async_run(struct async_sock *s, enum async_lane lane)
{
	struct async_request *req;
	enum async_step step;

	while ((req = TAILQ_FIRST(&s->lanes[lane]))) {
		step = req->step(s, req);
		if (step == ASYNC_WAIT)
			return;
		TAILQ_REMOVE(&s->lanes[lane], req, link);
		if (step == ASYNC_DONE)
			async_complete(req);
		else
			async_accept_moved(req);
	}
}

void async_abort(struct async_sock *s, enum async_lane lane, DWORD code)
{
	struct async_request *req;

	while ((req = TAILQ_FIRST(&s->lanes[lane]))) {
		TAILQ_REMOVE(&s->lanes[lane], req, link);
		req->code = code;
		async_complete(req);
	}
}

DWORD async_queue(struct async_sock *s, enum async_lane lane,
		  struct async_request *req)
{
	TAILQ_INSERT_TAIL(&s->lanes[lane], req, link);
	req->code = async_arm(s);
	if (!req->code)
		return WSA_IO_PENDING;
	TAILQ_REMOVE(&s->lanes[lane], req, link);
	return req->code;
}

static void take_port(struct async_sock *s, struct async_request *req)
{
	if (!s->port || !req->overlapped ||
	    (ULONG_PTR)req->overlapped->hEvent & NO_PACKET)
		return;
	req->port = win_object_get(s->port);
	req->packet.entry.lpCompletionKey = s->key;
}

/* Was it too much for the buffer, it has been received. */
static bool is_told(const struct async_request *req)
{
	return !req->code || req->late || req->code == WSAEMSGSIZE;
}

/* It's through. 0, WSA_IO_PENDING, or an error: the request is ours still. */
static DWORD ended(struct async_sock *s, struct async_request *req,
		   DWORD *bytes)
{
	DWORD code = req->code;

	if (!is_told(req))
		return code;
	if (!code && bytes)
		*bytes = (DWORD)req->done;
	if (!code && req->port &&
	    s->modes & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS) {
		win_object_put(req->port);
		req->port = NULL;
	}
	async_complete(req);
	return code ? WSA_IO_PENDING : 0;
}

static DWORD start(struct async_sock *s, enum async_lane lane,
		   struct async_request *req, DWORD *bytes)
{
	enum async_step step = ASYNC_WAIT;

	if (s->closed)
		return req->code = WSAENOTSOCK;
	take_port(s, req);
	/* Those that came before are first. */
	if (TAILQ_EMPTY(&s->lanes[lane]))
		step = req->step(s, req);
	if (step == ASYNC_WAIT)
		return async_queue(s, lane, req);
	if (step == ASYNC_DONE)
		return ended(s, req, bytes);
	async_accept_moved(req);
	return WSA_IO_PENDING;
}

DWORD async_start(struct async_sock *s, enum async_lane lane,
		  struct async_request *req, DWORD *bytes)
{
	DWORD code;

	pthread_mutex_lock(&s->lock);
	code = start(s, lane, req, bytes);
	if (code && code != WSA_IO_PENDING)
		async_request_free(req);
	pthread_mutex_unlock(&s->lock);
	return code;
}

static bool is_chosen(const struct async_sock *s,
		      const struct async_request *req,
		      const struct async_chosen *chosen)
{
	if ((req->owner ? req->owner : s) != chosen->owner)
		return false;
	return req->overlapped &&
	       (!chosen->overlapped || req->overlapped == chosen->overlapped) &&
	       (!chosen->thread || req->thread == chosen->thread) &&
	       (!chosen->accept || req->accept == chosen->accept);
}

static bool cancel_in(struct async_sock *s, enum async_lane lane,
		      const struct async_chosen *chosen)
{
	struct async_request *req, *next;
	bool any = false;

	for (req = TAILQ_FIRST(&s->lanes[lane]); req; req = next) {
		next = TAILQ_NEXT(req, link);
		if (!is_chosen(s, req, chosen))
			continue;
		TAILQ_REMOVE(&s->lanes[lane], req, link);
		req->code = ERROR_OPERATION_ABORTED;
		async_complete(req);
		any = true;
	}
	return any;
}

static bool cancel(struct async_sock *s, const struct async_chosen *chosen)
{
	bool in, out;

	pthread_mutex_lock(&s->lock);
	in = cancel_in(s, ASYNC_IN, chosen);
	out = cancel_in(s, ASYNC_OUT, chosen);
	pthread_mutex_unlock(&s->lock);
	return in || out;
}

struct everywhere {
	const struct async_chosen *chosen;
	bool *any;
};

static bool cancel_elsewhere(struct async_sock *s, const void *what)
{
	const struct everywhere *everywhere = what;

	if (s != everywhere->chosen->owner && cancel(s, everywhere->chosen))
		*everywhere->any = true;
	return !__atomic_load_n(&everywhere->chosen->owner->away,
				__ATOMIC_SEQ_CST);
}

bool async_cancel(const struct async_chosen *chosen)
{
	bool any = cancel(chosen->owner, chosen);
	const struct everywhere everywhere = { chosen, &any };

	if (__atomic_load_n(&chosen->owner->away, __ATOMIC_SEQ_CST))
		async_any(cancel_elsewhere, &everywhere);
	return any;
}
