/* SPDX-License-Identifier: MIT */
/*
 * What the parts of RIO share.
 *
 * A completion queue is a queue of libregbuf, and a table of records, one for
 * each request that its request queues may have outstanding. A request queue is
 * a socket with a lane for each direction, attached to the queue of that
 * direction's completion queue. A lane owns as many records as requests may be
 * outstanding in it: one that is not free is a request's charge, from the call
 * that accepts it until its completion is taken. What the kernel hands back of
 * a request is its record's number.
 *
 * Locks: rio_lock for what is made, changed and closed, and inside it a
 * completion queue's lock, for whoever submits to it. Who takes completions
 * needs none: free records go back through a list that both sides may change.
 *
 * Queues are never freed, but used again: one that a stale handle names, or a
 * late completion, can be looked at.
 */
#ifndef REGBUF_WIN_RIO_H
#define REGBUF_WIN_RIO_H

#include <pthread.h>

#include "win.h"

#include "mswsockdef.h"

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/* Objects of one kind: at most RIO_CHUNKS times RIO_CHUNK. */
#define RIO_CHUNK	64u
#define RIO_CHUNKS	16384u

/* @handle: generation, number, kind; 0 while it is free or dying. */
struct rio_object {
	uint64_t handle;
	uint32_t number;
	uint32_t generation;
	struct rio_object *next;
};

struct rio_space {
	uint32_t size;
	uint32_t kind;
	uint32_t count;
	struct rio_object *free;
	char *chunks[RIO_CHUNKS];
};

#define RIO_KIND_CQ	0x10
#define RIO_KIND_RQ	0x20

enum rio_direction {
	RIO_RECV,
	RIO_SEND,
};

/* Of records: the number and 1, so that 0 is none. */
typedef uint32_t rio_link;

struct rio_record {
	uint64_t context;
	struct rio_rq *rq;
	rio_link next;
	DWORD refused;		/* a deferred one's error */
	uint8_t direction;
	bool busy;
	bool blank;		/* without data */
	bool extra;		/* has something in its struct rio_extra */
};

/* Where to write when a completion is taken; @at is NULL if not wanted. */
struct rio_place {
	uint64_t id;
	char *at;
	uint32_t length;
};

/* What few requests have besides. @bytes: control data to send. */
struct rio_extra {
	struct regbuf_ext ext;
	struct rio_place local;
	struct rio_place control;
	struct rio_place flags;
	char bytes[REGBUF_MAX_CONTROL];
};

/* Registered memory for control data that the program does not ask for. */
#define RIO_AREA_EACH	64u
#define RIO_AREA_NR	64u

struct rio_area {
	char *mem;
	uint64_t id;
};

struct rio_lane {
	struct rio_cq *cq;	/* NULL if not attached, or that is closed */
	struct rio_cq *home;	/* the same, also if not attached */
	struct rio_rq *rq;
	struct rio_lane *next;	/* of the completion queue */
	struct rio_lane **at;
	uint32_t endpoint;
	uint32_t max;
	uint32_t missing;	/* closing: records that are not back */
	rio_link free;		/* for whoever submits */
	rio_link returned;	/* by who takes completions */
};

struct rio_cq {
	struct rio_object obj;
	struct regbuf_queue *q;
	struct rio_record *records;
	struct rio_extra *extras;
	uint32_t capacity;	/* records */
	bool corrupt;
	bool stuck;		/* the ring is full; entries wait */

	/* Whom to tell. */
	DWORD type;
	bool reset;
	bool armed;		/* when last asked to: the kernel signals */
	int eventfd;
	struct win_object *told;

	pthread_mutex_t lock;
	uint32_t size;
	uint32_t used;
	uint32_t fresh;		/* records from here on were never used */
	rio_link spare;		/* records of no lane */
	struct rio_area *areas;
	struct rio_lane *lanes;
};

struct rio_rq {
	struct rio_object obj;
	bool closing;
	bool stream;
	bool pktinfo;
	int sock;
	uint64_t inode;
	uint64_t context;
	struct rio_lane lanes[2];
	char name[REGBUF_ADDR_SIZE];	/* of the socket, once it has a port */
};

/* What RIOSendEx and RIOReceiveEx have besides. */
struct rio_names {
	const RIO_BUF *local;
	const RIO_BUF *remote;
	const RIO_BUF *control;
	const RIO_BUF *flags;
};

/* rio_handle.c */

extern pthread_mutex_t rio_lock;
extern struct rio_space rio_cqs;
extern struct rio_space rio_rqs;

/* rio_lock held. NULL if there are too many, or no memory. */
void *rio_object_new(struct rio_space *space);

/* It is ready: calls find it. */
void rio_object_show(struct rio_space *space, struct rio_object *obj);

/* No call finds it any more. */
void rio_object_kill(struct rio_object *obj);

/* Killed: may be used again. */
void rio_object_free(struct rio_space *space, struct rio_object *obj);

static inline void *rio_object_at(const struct rio_space *space, size_t size,
				  uint32_t number)
{
	char *chunk;

	if (unlikely(number >= RIO_CHUNK * RIO_CHUNKS))
		return NULL;
	chunk = __atomic_load_n(&space->chunks[number / RIO_CHUNK],
				__ATOMIC_ACQUIRE);
	return chunk ? chunk + number % RIO_CHUNK * size : NULL;
}

static inline void *rio_object_find(const struct rio_space *space, size_t size,
				    uint64_t handle)
{
	struct rio_object *obj;

	obj = rio_object_at(space, size, (uint32_t)handle >> 8);
	if (unlikely(!obj || !handle))
		return NULL;
	return __atomic_load_n(&obj->handle, __ATOMIC_ACQUIRE) == handle ?
	       obj : NULL;
}

static inline struct rio_cq *rio_cq_find(RIO_CQ handle)
{
	return rio_object_find(&rio_cqs, sizeof(struct rio_cq),
			       (uintptr_t)handle);
}

static inline struct rio_rq *rio_rq_find(RIO_RQ handle)
{
	return rio_object_find(&rio_rqs, sizeof(struct rio_rq),
			       (uintptr_t)handle);
}

/* rio_buffer.c */

/* @addrs: where each buffer is, by the low half of its id. */
extern struct rio_buffers {
	struct regbuf *rb;
	struct regbuf_slots slots;
	uint64_t *addrs;
} rio_buffers;

/* Opens what buffers and queues need. 0 or a WSA code. */
DWORD rio_open(struct regbuf **rb);

/* In a forked child. */
void rio_buffers_forget(void);

/* rio_fork.c: rio_lock held. 0 or a negative errno. */
int rio_fork_hook(void);

static inline bool rio_buffer_live(uint64_t id)
{
	return regbuf_slot_state(&rio_buffers.slots, id) ==
	       REGBUF_STATE_LIVE;
}

/* Is it a part of a buffer? Of a moment ago: the kernel looks again. */
static inline bool rio_slice_good(const RIO_BUF *buf)
{
	const struct regbuf_slots *slots = &rio_buffers.slots;
	uint64_t id = (uintptr_t)buf->BufferId;
	const struct regbuf_slot *slot;

	if (unlikely(!rio_buffer_live(id)))
		return false;
	slot = (const void *)((const char *)slots->map +
			      (size_t)(uint32_t)id * slots->stride);
	return (uint64_t)buf->Offset + buf->Length <= slot->length;
}

/* Where it is, if it is a part of a buffer. */
static inline char *rio_slice_at(const RIO_BUF *buf)
{
	uint64_t id = (uintptr_t)buf->BufferId;

	return (char *)(uintptr_t)rio_buffers.addrs[(uint32_t)id] + buf->Offset;
}

/* rio_cq.c */

/* Records are the completion queue's again, or a lane's. Its lock held. */
bool rio_records_take(struct rio_lane *lane, struct rio_cq *cq, uint32_t nr);
uint32_t rio_records_give(struct rio_cq *cq, rio_link first);

/* In a forked child. */
void rio_cq_forget(struct rio_cq *cq);

/* rio_rq.c */

/* rio_lock held: the completion queue is gone. */
void rio_lane_orphan(struct rio_lane *lane);

/* Records came back to one that is closed. */
void rio_rq_reap(struct rio_rq *rq);

/* In a forked child. */
void rio_socks_forget(void);

/* rio_request.c */

/* The kernel's completion of a record has this, and its number. */
#define RIO_USER_DATA	0x52494f51ULL
/* That of a request of the library's own. */
#define RIO_USER_OWN	(0x52494f52ULL << 32)

/*
 * The completion queue's lock held: have the kernel take what is in the ring.
 * The code if it did not take @own, which is not there any more then; else 0.
 */
DWORD rio_cq_submit(struct rio_cq *cq, uint64_t own);

/* rio_control.c */

/* The completion queue's lock held. 0 or a WSA code. */
DWORD rio_names_send(struct rio_lane *lane, struct regbuf_sqe *sqe,
		     uint32_t number, const struct rio_names *names);
DWORD rio_names_recv(struct rio_lane *lane, struct regbuf_sqe *sqe,
		     uint32_t number, const struct rio_names *names);

/* Are they parts of buffers, and large enough? */
DWORD rio_names_check(enum rio_direction direction,
		      const struct rio_names *names);

/* The completion was taken: write what is wanted. */
void rio_names_done(struct rio_cq *cq, uint32_t number,
		    const struct regbuf_cqe *cqe);

/* rio_cq.c: no requests use them any more. */
void rio_areas_free(struct rio_cq *cq);

/* rio_socket.c: sockets by their Linux names. */

/* 0 or a WSA code. */
DWORD rio_socket_look(int sock, bool *stream, uint64_t *inode);

/*
 * Of a datagram socket, for as many at once as there may be receives, unless
 * the program has said how much room it wants.
 */
void rio_socket_make_room(int sock, uint32_t receives);

/* Have datagrams tell where they were sent to. */
void rio_socket_pktinfo(int sock);

/* The socket's own address, or zeros. */
void rio_socket_name(int sock, char name[REGBUF_ADDR_SIZE]);

/* Control data have a local address: put it into @name. */
void rio_socket_local(const char *control, uint32_t length,
		      char name[REGBUF_ADDR_SIZE]);

#endif /* REGBUF_WIN_RIO_H */
