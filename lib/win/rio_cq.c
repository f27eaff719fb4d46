// SPDX-License-Identifier: MIT
/* RIO's completion queues: making, resizing, closing; their records. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rio.h"
#include "rio_calls.h"

/* Submission entries; more deferred requests than that start early. */
#define RIO_SQ_ENTRIES	4096u
/*
 * Small rings are larger than need be: what a closed socket left in them may
 * stay there for a while.
 */
#define RIO_CQ_SMALL	4096u

bool rio_records_take(struct rio_lane *lane, struct rio_cq *cq, uint32_t nr)
{
	struct rio_record *record;
	rio_link link;

	while (nr) {
		link = cq->spare;
		if (link)
			cq->spare = cq->records[link - 1].next;
		else if (cq->fresh < cq->capacity)
			link = ++cq->fresh;
		else
			return false;
		record = &cq->records[link - 1];
		record->rq = lane->rq;
		record->direction = lane - lane->rq->lanes;
		record->next = lane->free;
		lane->free = link;
		nr--;
	}
	return true;
}

uint32_t rio_records_give(struct rio_cq *cq, rio_link first)
{
	struct rio_record *record;
	uint32_t nr = 0;
	rio_link next;

	for (; first; first = next, nr++) {
		record = &cq->records[first - 1];
		next = record->next;
		record->next = cq->spare;
		cq->spare = first;
	}
	return nr;
}

static void *rio_array_map(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

static bool rio_array_grow(void *array, size_t each, uint32_t from, uint32_t to)
{
	void **at = array;
	void *map;

	map = *at ? mremap(*at, from * each, to * each, MREMAP_MAYMOVE) :
		    rio_array_map(to * each);
	if (!map || map == MAP_FAILED)
		return false;
	*at = map;
	return true;
}

static uint32_t rio_areas_nr(uint32_t capacity)
{
	return capacity / RIO_AREA_NR + 1;
}

/*
 * Room for so many records. What did grow before something could not is larger
 * than it is said to be, which does no harm: it is never unmapped as a whole
 * before it was said.
 */
static bool rio_records_grow(struct rio_cq *cq, uint32_t capacity)
{
	uint32_t had = cq->capacity;

	if (capacity <= had)
		return true;
	if (!rio_array_grow(&cq->records, sizeof(*cq->records), had, capacity))
		return false;
	if (!rio_array_grow(&cq->extras, sizeof(*cq->extras), had, capacity))
		return false;
	if (!rio_array_grow(&cq->areas, sizeof(*cq->areas), rio_areas_nr(had),
			    rio_areas_nr(capacity)))
		return false;
	cq->capacity = capacity;
	return true;
}

static void rio_records_free(struct rio_cq *cq)
{
	if (cq->records)
		munmap(cq->records, cq->capacity * sizeof(*cq->records));
	if (cq->extras)
		munmap(cq->extras, cq->capacity * sizeof(*cq->extras));
	if (cq->areas)
		munmap(cq->areas, rio_areas_nr(cq->capacity) *
				  sizeof(*cq->areas));
	cq->records = NULL;
	cq->extras = NULL;
	cq->areas = NULL;
	cq->capacity = 0;
}

/* How large the kernel's rings are to be. 0 or a WSA code. */
static DWORD rio_ring_sizes(struct regbuf *rb, DWORD size,
			    struct regbuf_queue_params *params)
{
	struct regbuf_ioc_query query = { .size = sizeof(query) };
	int err = regbuf_query(rb, &query);
	uint32_t sq = RIO_SQ_ENTRIES;

	if (err)
		return win_wsa_code(-err);
	if (size > query.max_cq_entries)
		return WSAENOBUFS;
	params->cq_entries = size <= RIO_CQ_SMALL ? 2 * size : size;
	if (params->cq_entries > query.max_cq_entries)
		params->cq_entries = query.max_cq_entries;
	if (sq > query.max_sq_entries)
		sq = query.max_sq_entries;
	params->sq_entries = size < sq ? size : sq;
	return 0;
}

static DWORD rio_cq_tell_event(struct rio_cq *cq,
			       const RIO_NOTIFICATION_COMPLETION *how)
{
	cq->told = win_handle_get(how->Event.EventHandle, WIN_EVENT);
	if (!cq->told)
		return WSAEINVAL;
	cq->reset = how->Event.NotifyReset;
	cq->eventfd = win_event_fd(cq->told);
	return 0;
}

/* A descriptor of its own: the port has a packet for each signal. */
static DWORD rio_cq_tell_port(struct rio_cq *cq,
			      const RIO_NOTIFICATION_COMPLETION *how)
{
	int err;

	if (!how->Iocp.Overlapped)
		return WSAEINVAL;
	cq->told = win_handle_get(how->Iocp.IocpHandle, WIN_PORT);
	if (!cq->told)
		return WSAEINVAL;
	cq->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = cq->eventfd < 0 ? -errno :
	      win_port_watch(cq->told, cq->eventfd,
			     (ULONG_PTR)how->Iocp.CompletionKey,
			     how->Iocp.Overlapped);
	if (!err)
		return 0;
	if (cq->eventfd >= 0)
		close(cq->eventfd);
	win_object_put(cq->told);
	cq->told = NULL;
	return win_wsa_code(-err);
}

static DWORD rio_cq_tell(struct rio_cq *cq,
			 const RIO_NOTIFICATION_COMPLETION *how)
{
	cq->told = NULL;
	cq->type = 0;
	cq->reset = false;
	cq->armed = false;
	if (!how)
		return 0;
	cq->type = how->Type;
	switch (how->Type) {
	case RIO_EVENT_COMPLETION:
		return rio_cq_tell_event(cq, how);
	case RIO_IOCP_COMPLETION:
		return rio_cq_tell_port(cq, how);
	}
	return WSAEINVAL;
}

static void rio_cq_tell_nobody(struct rio_cq *cq)
{
	if (!cq->told)
		return;
	if (cq->type == RIO_IOCP_COMPLETION) {
		win_port_unwatch(cq->told, cq->eventfd);
		close(cq->eventfd);
	}
	win_object_put(cq->told);
	cq->told = NULL;
}

static DWORD rio_cq_open(struct rio_cq *cq, struct regbuf *rb, DWORD size)
{
	struct regbuf_queue_params params = { 0 };
	DWORD code = rio_ring_sizes(rb, size, &params);
	int err;

	if (code)
		return code;
	err = regbuf_queue_create(rb, &params, &cq->q);
	if (err)
		return win_wsa_code(-err);
	if (!rio_records_grow(cq, size + regbuf_queue_cq_entries(cq->q)))
		return WSAENOBUFS;
	err = cq->told ? regbuf_queue_eventfd(cq->q, cq->eventfd) : 0;
	return win_wsa_code(-err);
}

static void rio_cq_drop(struct rio_cq *cq)
{
	/* Nobody is told of what is cancelled. */
	if (cq->q && cq->told)
		regbuf_queue_eventfd(cq->q, -1);
	regbuf_queue_destroy(cq->q);
	cq->q = NULL;
	rio_areas_free(cq);
	rio_records_free(cq);
	rio_cq_tell_nobody(cq);
	rio_object_free(&rio_cqs, &cq->obj);
}

static DWORD rio_cq_init(struct rio_cq *cq, struct regbuf *rb, DWORD size,
			 const RIO_NOTIFICATION_COMPLETION *how)
{
	DWORD code;

	cq->q = NULL;
	cq->corrupt = false;
	cq->stuck = false;
	cq->size = size;
	cq->used = 0;
	cq->fresh = 0;
	cq->spare = 0;
	cq->lanes = NULL;
	code = rio_cq_tell(cq, how);
	return code ? code : rio_cq_open(cq, rb, size);
}

/* A pointer to nowhere is an error, not the program's end. */
static DWORD rio_cq_read(const RIO_NOTIFICATION_COMPLETION *from,
			 RIO_NOTIFICATION_COMPLETION *how)
{
	return win_copy_in(how, from, sizeof(*how)) ? 0 : WSAEFAULT;
}

static DWORD rio_cq_make(DWORD size, const RIO_NOTIFICATION_COMPLETION *how,
			 struct rio_cq **out)
{
	struct rio_cq *cq;
	struct regbuf *rb;
	DWORD code;

	code = rio_open(&rb);
	if (code)
		return code;
	pthread_mutex_lock(&rio_lock);
	cq = rio_object_new(&rio_cqs);
	code = cq ? rio_cq_init(cq, rb, size, how) : WSAENOBUFS;
	if (!code)
		rio_object_show(&rio_cqs, &cq->obj);
	else if (cq)
		rio_cq_drop(cq);
	pthread_mutex_unlock(&rio_lock);
	*out = cq;
	return code;
}

RIO_CQ rio_cq_create(DWORD size, PRIO_NOTIFICATION_COMPLETION notification)
{
	RIO_NOTIFICATION_COMPLETION how;
	struct rio_cq *cq = NULL;
	DWORD code = 0;

	if (size < 1 || size > RIO_MAX_CQ_SIZE)
		code = WSAEINVAL;
	if (!code && notification)
		code = rio_cq_read(notification, &how);
	if (!code)
		code = rio_cq_make(size, notification ? &how : NULL, &cq);
	if (!code)
		return (RIO_CQ)(uintptr_t)cq->obj.handle;
	win_refuse(code);
	return RIO_INVALID_CQ;
}

static void rio_cq_end(struct rio_cq *cq)
{
	struct rio_lane *lane;

	rio_object_kill(&cq->obj);
	while ((lane = cq->lanes)) {
		cq->lanes = lane->next;
		rio_lane_orphan(lane);
	}
	pthread_mutex_lock(&cq->lock);
	rio_cq_drop(cq);
	pthread_mutex_unlock(&cq->lock);
}

void rio_cq_close(RIO_CQ handle)
{
	struct rio_cq *cq;

	pthread_mutex_lock(&rio_lock);
	cq = rio_cq_find(handle);
	if (cq)
		rio_cq_end(cq);
	pthread_mutex_unlock(&rio_lock);
}

/* -ENOMEM may have left new rings that are not mapped: get others. */
static int rio_cq_repair(struct rio_cq *cq, uint32_t sq, uint32_t entries)
{
	if (regbuf_queue_resize(cq->q, sq, entries))
		cq->corrupt = true;
	return -ENOMEM;
}

static DWORD rio_cq_resize_rings(struct rio_cq *cq, DWORD size,
				 const struct regbuf_queue_params *params)
{
	uint32_t entries = regbuf_queue_cq_entries(cq->q);
	uint32_t sq = regbuf_queue_sq_entries(cq->q);
	int err;

	/* Entries point to extras, which may move. */
	rio_cq_submit(cq, 0);
	if (regbuf_queue_refused(cq->q))
		return WSAETOOMANYREFS;
	/* The kernel rounds up. */
	if (!rio_records_grow(cq, size + params->cq_entries * 2))
		return WSAENOBUFS;
	err = regbuf_queue_resize(cq->q, params->sq_entries,
				  params->cq_entries);
	if (err == -ENOMEM)
		err = rio_cq_repair(cq, sq, entries);
	return err == -EBUSY ? WSAETOOMANYREFS : win_wsa_code(-err);
}

static DWORD rio_cq_resize_to(struct rio_cq *cq, DWORD size)
{
	struct regbuf_queue_params params = { 0 };
	DWORD code = rio_ring_sizes(rio_buffers.rb, size, &params);

	if (code)
		return code;
	pthread_mutex_lock(&cq->lock);
	if (cq->corrupt)
		code = WSAEINVAL;
	else if (size < cq->used)
		code = WSAETOOMANYREFS;
	else
		code = rio_cq_resize_rings(cq, size, &params);
	if (!code)
		cq->size = size;
	pthread_mutex_unlock(&cq->lock);
	return code;
}

BOOL rio_cq_resize(RIO_CQ handle, DWORD size)
{
	struct rio_cq *cq;
	DWORD code;

	pthread_mutex_lock(&rio_lock);
	cq = rio_cq_find(handle);
	if (!cq || size < 1 || size > RIO_MAX_CQ_SIZE)
		code = WSAEINVAL;
	else
		code = rio_cq_resize_to(cq, size);
	pthread_mutex_unlock(&rio_lock);
	return code ? win_refuse(code) : TRUE;
}

/* In a forked child: its parent has the rings. */
void rio_cq_forget(struct rio_cq *cq)
{
	pthread_mutex_init(&cq->lock, NULL);
	if (!cq->obj.handle)
		return;
	rio_object_kill(&cq->obj);
	close(regbuf_queue_fd(cq->q));
	if (cq->told && cq->type == RIO_IOCP_COMPLETION)
		close(cq->eventfd);
}
