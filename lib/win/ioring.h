/* SPDX-License-Identifier: MIT */
/*
 * I/O rings. A request is in one list of its ring at a time: queued when it was
 * built; held when it was submitted, until those before it let it start; flying
 * while the kernel's queue has it; done until it is popped. What can be done at
 * once goes from held to done. There is no thread: held requests start, and
 * completions of the kernel's queue are taken, when the program calls.
 */
#ifndef REGBUF_WIN_IORING_H
#define REGBUF_WIN_IORING_H

#include <pthread.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include <ioringapi.h>

#include "win.h"

/* As the kernel's queues have. */
#define IORING_MAX_SQ	32768
#define IORING_MAX_CQ	65536

/* Requests of sockets at a time: some places are for what cancels them. */
#define IORING_MAX_FLYING	(IORING_MAX_CQ - 1024)

struct ioring_op {
	TAILQ_ENTRY(ioring_op) link;
	UINT_PTR user_data;
	HRESULT result;
	ULONG_PTR information;
	IORING_OP_CODE code;
	bool drain;
	bool again;			/* its buffer was registered anew */
	UINT32 count;			/* bytes, or elements of the array */
	UINT32 segments;
	UINT32 mode;			/* FILE_WRITE_FLAGS_*, FILE_FLUSH_* */
	UINT64 offset;
	UINT_PTR target;		/* of a cancellation */
	IORING_HANDLE_REF file;
	IORING_BUFFER_REF buffer;
	const void *array;
	/* While it is flying. */
	int sock;			/* -1 for cancellations */
	struct regbuf_cache_ref ref;	/* of raw memory */
	void *copy;			/* of such as cannot be pinned */
};

TAILQ_HEAD(ioring_ops, ioring_op);

/* A registered buffer. Empty ones have an id if they have bytes. */
struct ioring_buffer {
	void *addr;
	UINT32 length;
	bool used;
	uint64_t id;
};

struct ioring_buffers {
	struct ioring_buffer *entries;
	UINT32 nr;
};

/* What a reference to a file names: a file or, if that is NULL, a socket. */
struct ioring_file {
	struct win_object *obj;
	int sock;			/* -1: nothing */
};

struct ioring_files {
	struct ioring_file *entries;
	UINT32 nr;
};

/* A socket's endpoints in the ring's queue; 0: not attached. */
struct ioring_sock {
	uint32_t recv;
	uint32_t send;
};

/* Requests are allocated so many at a time, and kept. */
#define IORING_CHUNK	32

struct ioring_chunk {
	struct ioring_op ops[IORING_CHUNK];
	struct ioring_chunk *next;
};

struct ioring {
	struct win_object obj;
	TAILQ_ENTRY(ioring) link;	/* of all rings, under their lock */
	unsigned int born;		/* in which of the forked processes */
	IORING_INFO info;

	pthread_mutex_t lock;		/* guards what follows */
	bool waiting;			/* one thread, which alone reaps */
	bool armed;			/* the queue signals the event */
	struct ioring_ops free;
	struct ioring_ops queued;
	struct ioring_ops held;
	struct ioring_ops flying;
	struct ioring_ops done;
	UINT32 nr_queued;
	UINT32 nr_held;
	UINT32 nr_flying;
	UINT32 nr_done;
	UINT64 completed;		/* since it was made */
	struct ioring_chunk *chunks;

	struct win_object *event;
	struct ioring_files files;
	struct ioring_buffers buffers;

	/* When first needed. */
	struct regbuf *rb;
	struct regbuf_queue *q;
	struct regbuf_cache *cache;
	struct ioring_sock *socks;	/* by descriptor */
	int nr_socks;
};

/* ioring_ring.c: with the lock held; or NULL. */
struct ioring *ioring_get(HIORING handle);
void ioring_put(struct ioring *ring);

/* What an errno stands for, of a file or memory; and of a socket. */
HRESULT ioring_error(int err);
HRESULT ioring_sock_error(int err);

/* ioring_build.c */
bool ioring_op_valid(const struct ioring_op *op);
void ioring_op_free(struct ioring *ring, struct ioring_op *op);
void ioring_ops_end(struct ioring *ring);

/* ioring_complete.c */
void ioring_complete(struct ioring *ring, struct ioring_op *op, HRESULT result,
		     ULONG_PTR information);
/* Takes what the queue has completed. */
void ioring_reap(struct ioring *ring);
/* Has the queue signal the event at its next completion, if there is none. */
void ioring_arm(struct ioring *ring);

/* ioring_submit.c */
bool ioring_supports(const struct ioring *ring, UINT32 op);
/* Takes completions, and starts what is held where that is possible now. */
void ioring_run(struct ioring *ring);

/* ioring_registry.c */
HRESULT ioring_register_files(struct ioring *ring, const struct ioring_op *op);
HRESULT ioring_register_buffers(struct ioring *ring,
				const struct ioring_op *op);
void ioring_unregister(struct ioring *ring);
/* A socket is being closed. */
void ioring_forget(struct ioring *ring, int sock);

/* What a reference names; to be given back. S_OK or what to complete with. */
HRESULT ioring_file_get(const struct ioring *ring, const IORING_HANDLE_REF *ref,
			struct ioring_file *file);
void ioring_file_put(struct ioring_file *file);

/* Where @op's bytes are: @buffer is NULL if they are not registered. */
HRESULT ioring_memory(const struct ioring *ring, const struct ioring_op *op,
		      const struct ioring_buffer **buffer, char **addr);

/* ioring_file.c: does it. */
HRESULT ioring_file_run(const struct ioring *ring, const struct ioring_op *op,
			int fd, ULONG_PTR *information);

/* ioring_sock.c: makes it fly. Or not: what to complete with. */
HRESULT ioring_sock_start(struct ioring *ring, struct ioring_op *op, int sock);
HRESULT ioring_sock_cancel(struct ioring *ring, struct ioring_op *op,
			   struct ioring_op *target);
/* Hands what flies over to the kernel. */
void ioring_sock_flush(struct ioring *ring);
/* What became of one; @cqe is the kernel's. */
void ioring_sock_done(struct ioring *ring, const struct regbuf_cqe *cqe);
void ioring_sock_end(struct ioring *ring);

/* ioring_queue.c: made when first needed. 0 or a negative errno. */
int ioring_context(struct ioring *ring);
int ioring_queue(struct ioring *ring);
int ioring_endpoint(struct ioring *ring, int sock, bool send,
		    uint32_t *endpoint);
void ioring_detach(struct ioring *ring, int sock);
/* After the sends that are pending; false if there are none. */
bool ioring_shutdown(struct ioring *ring, int sock);

#endif /* REGBUF_WIN_IORING_H */
