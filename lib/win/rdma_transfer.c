// SPDX-License-Identifier: MIT
/* Reads and writes of another process's memory. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rdma.h"

#define RDMA_SLICES	64

/* A transfer on the connection that it has. */
struct rdma_run {
	struct regbuf *rb;
	const struct rdma_job *job;
	struct rdma_peer *peer;
	bool answered;		/* the other end knows of it */
	bool through;		/* both ends are where the next one begins */
	bool zerocopied;
	/* Where it is: of the segments, and in the first of those. */
	uint32_t segment;
	uint32_t done;
};

static int rdma_status_error(uint32_t status)
{
	switch (status) {
	case RDMA_OK:
		return 0;
	case RDMA_UNKNOWN:
		return -EINVAL;
	case RDMA_RIGHTS:
		return -EACCES;
	default:
		return -EFAULT;
	}
}

/* What the other end says: refused, or not. */
static int rdma_run_answer(struct rdma_run *run, uint32_t *status)
{
	struct rdma_answer answer;
	int err = rdma_peer_recv(run->peer->fd, &answer, sizeof(answer));

	if (err)
		return err;
	run->answered = true;
	*status = ntohl(answer.status);
	if (ntohl(answer.magic) != RDMA_MAGIC || *status > RDMA_GONE)
		return -ECONNRESET;
	return 0;
}

/* The header first, if there is one, and as much as fits after it. */
static uint32_t rdma_run_slices(const struct rdma_run *run,
				const struct rdma_request *request,
				struct regbuf_slice *slices)
{
	const struct rdma_job *job = run->job;
	uint32_t nr = 0, done = run->done, i;
	const struct san_segment *segment;

	if (request)
		slices[nr++] = regbuf_slice_inline(request, sizeof(*request));
	for (i = run->segment; i < job->nr && nr < RDMA_SLICES; i++) {
		segment = &job->segments[i];
		slices[nr++] = regbuf_slice_of(segment->buffer->pin.id,
					       (uintptr_t)segment->addr -
					       segment->buffer->addr + done,
					       segment->length - done);
		done = 0;
	}
	return nr;
}

static void rdma_run_advance(struct rdma_run *run, uint64_t sent)
{
	const struct rdma_job *job = run->job;

	while (run->segment < job->nr) {
		uint32_t left = job->segments[run->segment].length - run->done;

		if (sent < left) {
			run->done += (uint32_t)sent;
			return;
		}
		sent -= left;
		run->done = 0;
		run->segment++;
	}
}

static int rdma_run_sendv(struct rdma_run *run,
			  const struct regbuf_slice *slices, uint32_t nr,
			  uint64_t *sent)
{
	struct regbuf_message msg = {
		.slices = slices,
		.nr_slices = nr,
		.sock = run->peer->fd,
	};
	struct regbuf_result res;
	int err;

	do {
		err = regbuf_sendv(run->rb, &msg, &res);
	} while (err == -EINTR);
	*sent = res.sent;
	run->zerocopied |= res.zerocopied != 0;
	return err == -EAGAIN ? -ETIMEDOUT : err;
}

static int rdma_run_payload(struct rdma_run *run)
{
	struct regbuf_slice slices[RDMA_SLICES];
	uint64_t sent;
	uint32_t nr;
	int err = 0;

	/* Empty segments at the end make no message. */
	rdma_run_advance(run, 0);
	while (!err && run->segment < run->job->nr) {
		nr = rdma_run_slices(run, NULL, slices);
		err = rdma_run_sendv(run, slices, nr, &sent);
		if (!err)
			rdma_run_advance(run, sent);
	}
	return err;
}

static int rdma_run_header(struct rdma_run *run,
			   const struct rdma_request *request, bool more)
{
	struct regbuf_slice slices[RDMA_SLICES];
	uint64_t sent;
	uint32_t nr = 1;
	int err;

	if (more)
		nr = rdma_run_slices(run, request, slices);
	else
		slices[0] = regbuf_slice_inline(request, sizeof(*request));
	err = rdma_run_sendv(run, slices, nr, &sent);
	if (err)
		return err;
	/* So short a thing is taken whole, but by a socket that is ending. */
	if (sent < sizeof(*request))
		return -ECONNRESET;
	rdma_run_advance(run, sent - sizeof(*request));
	return 0;
}

static int rdma_run_end(struct rdma_run *run, int err, uint32_t status)
{
	run->through = !err;
	return err ? err : rdma_status_error(status);
}

static int rdma_run_write(struct rdma_run *run,
			  const struct rdma_request *request)
{
	bool at_once = run->job->length <= RDMA_INLINE;
	uint32_t status = RDMA_OK;
	int err = rdma_run_header(run, request, at_once);

	if (!err && !at_once)
		err = rdma_run_answer(run, &status);
	if (!err && status == RDMA_OK)
		err = rdma_run_payload(run);
	if (!err && status == RDMA_OK)
		err = rdma_run_answer(run, &status);
	return rdma_run_end(run, err, status);
}

static int rdma_run_fill(struct rdma_run *run)
{
	struct regbuf_slice slices[RDMA_SLICES];
	uint64_t got;
	uint32_t nr;
	int err = 0;

	rdma_run_advance(run, 0);
	while (!err && run->segment < run->job->nr) {
		nr = rdma_run_slices(run, NULL, slices);
		err = rdma_peer_fill(run->rb, run->peer, slices, nr, &got);
		if (!err)
			rdma_run_advance(run, got);
	}
	/* Their memory is in use until then. */
	if (!err)
		rdma_acknowledge(run->peer->fd);
	return err;
}

static int rdma_run_read(struct rdma_run *run,
			 const struct rdma_request *request)
{
	uint32_t status = RDMA_OK;
	int err = rdma_run_header(run, request, false);

	if (!err)
		err = rdma_run_answer(run, &status);
	if (!err && status == RDMA_OK)
		err = rdma_run_fill(run);
	return rdma_run_end(run, err, status);
}

void rdma_settle(struct regbuf *rb, uint64_t id, uint64_t end)
{
	uint64_t now = rdma_now();

	while (now < end &&
	       regbuf_wait(rb, id, (int64_t)(end - now) * 1000000) == -EINTR)
		now = rdma_now();
}

/*
 * What is with the other end is the program's again, but for what the device
 * may have twice.
 */
static void rdma_run_settle(const struct rdma_run *run)
{
	const uint64_t end = rdma_now() + RDMA_SETTLE_MS;
	uint32_t i;

	for (i = 0; run->zerocopied && i < run->job->nr; i++)
		rdma_settle(run->rb, run->job->segments[i].buffer->pin.id, end);
}

static int rdma_run_once(struct rdma_run *run, struct san_socket *s,
			 const struct rdma_request *request)
{
	int err;

	run->segment = 0;
	run->done = 0;
	run->answered = false;
	run->through = false;
	run->peer = &s->peer;
	err = run->job->write ? rdma_run_write(run, request) :
				rdma_run_read(run, request);
	/* What was not sent yet need not be there any more. */
	if (!run->through) {
		rdma_abort(run->peer->fd);
		rdma_peer_close(s);
	}
	rdma_run_settle(run);
	return err == -ESTALE || err == -ENOENT ? -EFAULT : err;
}

static bool rdma_broken(int err)
{
	return err == -ECONNRESET || err == -EPIPE;
}

/* An idle connection may have been closed; the same again does no harm. */
static int rdma_run(struct rdma_run *run, struct san_socket *s, uint16_t port,
		    const struct rdma_request *request)
{
	bool reused;
	int err = rdma_peer_connect(s, port, &reused);

	if (err)
		return err;
	err = rdma_run_once(run, s, request);
	if (!reused || run->answered || !rdma_broken(err))
		return err;
	err = rdma_peer_connect(s, port, &reused);
	return err ? err : rdma_run_once(run, s, request);
}

/* Is it of this connection, and good for that? The other end checks too. */
static int rdma_check(const struct rdma_job *job,
		      const struct rdma_descriptor *d)
{
	unsigned int access = job->write ? REGBUF_ACCESS_WRITE :
					   REGBUF_ACCESS_READ;
	uint32_t length = ntohl(d->length);
	struct rdma_name local, remote;
	int err;

	err = rdma_local(job->sock, &local);
	if (!err)
		err = rdma_remote(job->sock, &remote);
	if (err)
		return err;
	if (ntohl(d->magic) != RDMA_MAGIC || d->reserved || !d->port ||
	    ntohs(d->local_port) != rdma_port(&remote) ||
	    ntohs(d->peer_port) != rdma_port(&local))
		return -EINVAL;
	if (!(ntohl(d->access) & access))
		return -EACCES;
	if (job->offset > length || job->length > length - job->offset)
		return -EFAULT;
	return 0;
}

static int rdma_measure(struct rdma_job *job)
{
	uint64_t length = 0;
	uint32_t i;

	for (i = 0; i < job->nr; i++)
		length += job->segments[i].length;
	if (length > RDMA_MAX_SIZE)
		return -EMSGSIZE;
	job->length = (uint32_t)length;
	return 0;
}

static int rdma_job_hold(const struct rdma_job *job, struct san_socket **out)
{
	struct san_socket *s;
	uint64_t cookie;
	int err = san_sys_cookie(job->sock, &cookie);

	*out = NULL;
	if (err)
		return err;
	pthread_mutex_lock(&san.lock);
	err = san_socket_make(job->sock, cookie, &s);
	if (!err) {
		*out = s;
		err = san_hold(s, job->segments, job->nr,
			       job->write ? REGBUF_ACCESS_READ :
					    REGBUF_ACCESS_WRITE);
	}
	pthread_mutex_unlock(&san.lock);
	return err;
}

static int rdma_job_run(struct regbuf *rb, const struct rdma_job *job,
			const struct rdma_descriptor *d, struct san_socket *s)
{
	struct rdma_run run = { .rb = rb, .job = job };
	struct rdma_request request = {
		.magic = htonl(RDMA_MAGIC),
		.op = htonl(job->write ? RDMA_WRITE : RDMA_READ),
		.offset = htonl(job->offset),
		.length = htonl(job->length),
	};
	bool closed;
	int err;

	memcpy(request.key, d->key, RDMA_KEY);
	pthread_mutex_lock(&s->peer.lock);
	err = rdma_run(&run, s, ntohs(d->port), &request);
	pthread_mutex_unlock(&s->peer.lock);
	pthread_mutex_lock(&san.lock);
	closed = s->closed;
	pthread_mutex_unlock(&san.lock);
	return err && closed ? -ECANCELED : err;
}

int rdma_transfer(struct rdma_job *job)
{
	struct rdma_descriptor d;
	struct san_socket *s;
	struct regbuf *rb;
	int err;

	err = san_sys_up(job->sock);
	if (!err)
		err = rdma_measure(job);
	if (err)
		return err;
	if (!job->descriptor || job->descriptor_length < sizeof(d))
		return -EINVAL;
	memcpy(&d, job->descriptor, sizeof(d));
	err = san_begin(&rb);
	if (!err)
		err = rdma_job_hold(job, &s);
	else
		s = NULL;
	if (!err) {
		err = rdma_check(job, &d);
		if (!err)
			err = rdma_job_run(rb, job, &d, s);
		san_release(job->segments, job->nr);
	}
	if (s)
		san_socket_put(s);
	return err;
}
