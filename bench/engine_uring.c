// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring, one entry for each request: SEND; SEND_ZC; SEND_ZC from registered
 * memory. A stream's bytes have to be in order. With MSG_WAITALL they are, as
 * long as the socket has room for what is in flight, and whoever sees to that
 * does without links; links see to it in any case. For SEND_ZC both are shown,
 * the first unless results out of order prove that it did not work.
 */
#include <errno.h>
#include <sys/socket.h>

#include "uring.h"

enum { COPY = 1, FIXED = 2, LINK = 4 };

static bool uring_links(const struct cell *cell)
{
	return work_is_tcp(cell->work) && cell->endpoints == 1 &&
	       (cell->depth > 1 || cell->header);
}

/* Nobody knows how much room copies have left in the socket: links alone. */
static bool uring_copy_fits(const struct cell *cell)
{
	return !uring_links(cell);
}

/* Room that was set by hand is for a stream what it is: the same. */
static bool uring_zc_fits(const struct cell *cell)
{
	return !(options.sndbuf && uring_links(cell));
}

static int open_with(struct run *run, int bytes)
{
	if (!options.sndbuf && setsockopt(run->socks[0], SOL_SOCKET,
					  SO_SNDBUFFORCE, &bytes,
					  sizeof(bytes)))
		return bench_failed("SO_SNDBUFFORCE", -errno);
	return uring_open(run);
}

/*
 * Room in the socket for all that is to be in flight, so that no send has to
 * wait while the next one finds room.
 */
static int open_zc(struct run *run)
{
	const struct cell *cell = run->cell;

	if (!uring_links(cell))
		return uring_open(run);
	return open_with(run, 2 * run->limit *
			      (cell->size + cell->header + 1024));
}

/*
 * From registered memory on pages of 2 MiB, Linux takes each send for as large
 * as all that is before it in its page: nothing fits in where it should. So
 * there is room for hundreds of those.
 */
static int open_fixed(struct run *run)
{
	if (!run->cell->huge)
		return open_zc(run);
	return open_with(run, run->limit < 256 ? run->limit << 22 : 1 << 30);
}

static unsigned int zc_flags(const struct run *run, int how)
{
	const struct uring *u = run->state;
	unsigned int flags = 0;

	if (how & FIXED)
		flags |= IORING_RECVSEND_FIXED_BUF;
	if (run->report && u->reports)
		flags |= IORING_SEND_ZC_REPORT_USAGE;
	return flags;
}

static void prep_header(struct run *run, const struct request *req, int how)
{
	struct uring *u = run->state;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

	io_uring_prep_send(sqe, req->endpoint, req->header, req->header_size,
			   MSG_NOSIGNAL | MSG_WAITALL | MSG_MORE);
	if (how & LINK)
		sqe->flags |= IOSQE_IO_LINK;
	uring_entry(u, sqe, req->header_size, 0);
}

static void prep_body(struct run *run, const struct request *req, int how,
		      bool last)
{
	struct uring *u = run->state;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
	int flags = MSG_NOSIGNAL;

	if (work_is_tcp(run->cell->work))
		flags |= MSG_WAITALL;
	if (how & COPY)
		io_uring_prep_send(sqe, req->endpoint, req->data, req->size,
				   flags);
	else
		io_uring_prep_send_zc(sqe, req->endpoint, req->data, req->size,
				      flags, zc_flags(run, how));
	if (how & FIXED)
		sqe->buf_index = req->buffer;
	if (req->dest)
		io_uring_prep_send_set_addr(sqe, (const void *)req->dest,
					    net_dest_size());
	if (how & LINK && !last)
		sqe->flags |= IOSQE_IO_LINK;
	uring_entry(u, sqe, req->size, 1);
}

static int batch(struct run *run, int how)
{
	unsigned int i, depth = run->cell->depth;
	struct request req;

	for (i = 0; i < depth; i++) {
		run_request(run, i, &req);
		if (req.header)
			prep_header(run, &req, how);
		prep_body(run, &req, how, i + 1 == depth);
	}
	run->in_flight += depth;
	if (how & COPY)
		return uring_submit(run, 0);
	return uring_submit(run, run_full(run) ? run_half(run) : UINT32_MAX);
}

static int send_batch(struct run *run)
{
	return batch(run, COPY);
}

static int send_link_batch(struct run *run)
{
	return batch(run, COPY | LINK);
}

static int send_zc_batch(struct run *run)
{
	return batch(run, 0);
}

static int fixed_batch(struct run *run)
{
	return batch(run, FIXED);
}

static int fixed_link_batch(struct run *run)
{
	return batch(run, FIXED | LINK);
}

const struct engine engine_uring_send = {
	.name = "uring_send",
	.fits = uring_copy_fits,
	.open = uring_open,
	.batch = send_batch,
	.close = uring_close,
};

const struct engine engine_uring_send_link = {
	.name = "uring_send_link",
	.fits = uring_links,
	.open = uring_open,
	.batch = send_link_batch,
	.close = uring_close,
};

const struct engine engine_uring_zc = {
	.name = "uring_send_zc",
	.fits = uring_zc_fits,
	.open = open_zc,
	.batch = send_zc_batch,
	.drain = uring_drain,
	.copied = uring_copied,
	.close = uring_close,
};

const struct engine engine_uring_fixed = {
	.name = "uring_send_zc_fixed",
	.fits = uring_zc_fits,
	.open = open_fixed,
	.batch = fixed_batch,
	.drain = uring_drain,
	.copied = uring_copied,
	.close = uring_close,
};

const struct engine engine_uring_fixed_link = {
	.name = "uring_send_zc_fixed_link",
	.fits = uring_links,
	.open = open_fixed,
	.batch = fixed_link_batch,
	.drain = uring_drain,
	.copied = uring_copied,
	.close = uring_close,
};
