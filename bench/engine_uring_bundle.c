// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring SEND of a bundle, by copy: a batch that the kernel gathers from a
 * ring of provided buffers, with one entry. Linux 6.10 and later.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "uring.h"

#ifndef IORING_RECVSEND_BUNDLE
#define IORING_RECVSEND_BUNDLE		(1U << 4)
#endif
#ifndef IORING_FEAT_RECVSEND_BUNDLE
#define IORING_FEAT_RECVSEND_BUNDLE	(1U << 14)
#endif

#define BUFFERS		1024	/* a power of two, and some batches */
#define GROUP		1

struct bundle {
	struct uring u;		/* first: what uring.c sees */
	struct io_uring_buf_ring *buffers;
};

static bool bundle_known(void)
{
	struct io_uring_params params = { 0 };
	struct io_uring ring;
	bool known;

	if (io_uring_queue_init_params(2, &ring, &params))
		return false;
	known = params.features & IORING_FEAT_RECVSEND_BUNDLE;
	io_uring_queue_exit(&ring);
	return known;
}

static bool bundle_fits(const struct cell *cell)
{
	return work_is_tcp(cell->work) && cell->endpoints == 1 &&
	       cell->depth > 1 && 2 * cell->depth <= BUFFERS && bundle_known();
}

static int bundle_open(struct run *run)
{
	struct io_uring_buf_reg reg = {
		.ring_entries = BUFFERS,
		.bgid = GROUP,
	};
	struct bundle *bundle;
	int err = uring_open(run);

	if (err)
		return err;
	bundle = realloc(run->state, sizeof(*bundle));
	if (!bundle)
		return bench_failed("a bundle", -ENOMEM);
	run->state = bundle;
	bundle->buffers = mmap(NULL, BUFFERS * sizeof(struct io_uring_buf),
			       PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bundle->buffers == MAP_FAILED) {
		bundle->buffers = NULL;
		return bench_failed("a ring of buffers", -errno);
	}
	reg.ring_addr = (uintptr_t)bundle->buffers;
	err = io_uring_register_buf_ring(&bundle->u.ring, &reg, 0);
	if (err)
		return bench_failed("a ring of buffers", err);
	io_uring_buf_ring_init(bundle->buffers);
	return 0;
}

static void bundle_close(struct run *run)
{
	struct bundle *bundle = run->state;

	if (bundle->buffers)
		munmap(bundle->buffers, BUFFERS * sizeof(struct io_uring_buf));
	uring_close(run);
}

/* Add a request's header and body; returns how many bytes they are. */
static size_t bundle_add(struct run *run, unsigned int i, unsigned int *n)
{
	struct bundle *bundle = run->state;
	int mask = io_uring_buf_ring_mask(BUFFERS);
	struct request req;

	run_request(run, i, &req);
	if (req.header) {
		io_uring_buf_ring_add(bundle->buffers, req.header,
				      req.header_size, *n, mask, *n);
		++*n;
	}
	io_uring_buf_ring_add(bundle->buffers, req.data, req.size, *n, mask,
			      *n);
	++*n;
	return req.size + req.header_size;
}

static int bundle_batch(struct run *run)
{
	struct bundle *bundle = run->state;
	unsigned int i, n = 0, depth = run->cell->depth;
	struct io_uring_sqe *sqe;
	size_t size = 0;

	for (i = 0; i < depth; i++)
		size += bundle_add(run, i, &n);
	io_uring_buf_ring_advance(bundle->buffers, n);
	sqe = io_uring_get_sqe(&bundle->u.ring);
	io_uring_prep_send(sqe, 0, NULL, 0, MSG_NOSIGNAL | MSG_WAITALL);
	sqe->ioprio |= IORING_RECVSEND_BUNDLE;
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = GROUP;
	uring_entry(&bundle->u, sqe, size, depth);
	run->in_flight += depth;
	return uring_submit(run, 0);
}

const struct engine engine_uring_bundle = {
	.name = "uring_send_bundle",
	.fits = bundle_fits,
	.open = bundle_open,
	.batch = bundle_batch,
	.close = bundle_close,
};
