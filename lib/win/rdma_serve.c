// SPDX-License-Identifier: MIT
/*
 * A connection to the agent: requests come in, one after another, and bytes go
 * straight into registered memory or out of it. The lock is held for a step at
 * a time, so nobody sees memory used that was taken back. Nothing here waits.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rdma.h"

/* Without a good key; and without any progress. */
#define RDMA_STRANGER_MS	10000
#define RDMA_PATIENCE_MS	30000
#define RDMA_STEP		(256U << 10)
#define RDMA_STEPS		8

uint64_t rdma_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Who has shown no key yet gets no more time by saying something. */
static void rdma_conn_wait(struct rdma_conn *c)
{
	if (!c->known)
		return;
	c->deadline = c->state == RDMA_ASKED && !c->have ?
		      UINT64_MAX : rdma_now() + RDMA_PATIENCE_MS;
}

static void rdma_conn_enter(struct rdma_conn *c, enum rdma_state state)
{
	c->state = state;
	c->have = 0;
}

void rdma_conn_init(struct rdma_conn *c, int fd, const struct rdma_addr *from)
{
	memset(c, 0, sizeof(*c));
	c->fd = fd;
	c->from = *from;
	c->deadline = rdma_now() + RDMA_STRANGER_MS;
}

/* After the last byte came in there is an answer to be made. */
short rdma_conn_events(const struct rdma_conn *c)
{
	switch (c->state) {
	case RDMA_TAKING:
	case RDMA_SKIPPING:
		return c->left ? POLLIN : POLLOUT;
	case RDMA_ANSWERING:
	case RDMA_GIVING:
		return POLLOUT;
	default:
		return POLLIN;
	}
}

static void rdma_conn_release(struct rdma_conn *c)
{
	if (c->region)
		c->region->users--;
	c->region = NULL;
}

/* What waits in the socket is not sent any more. */
void rdma_conn_cut(struct rdma_conn *c)
{
	rdma_conn_release(c);
	rdma_detach(&c->endpoint);
	rdma_abort(c->fd);
	c->state = RDMA_ENDED;
}

static void rdma_conn_answer(struct rdma_conn *c, enum rdma_status status,
			     enum rdma_state then)
{
	rdma_conn_enter(c, RDMA_ANSWERING);
	c->answer.magic = htonl(RDMA_MAGIC);
	c->answer.status = htonl(status);
	c->then = then;
}

/* Strangers get one try. */
static enum rdma_state rdma_conn_next(const struct rdma_conn *c)
{
	return c->known ? RDMA_ASKED : RDMA_ENDED;
}

static void rdma_conn_know(struct rdma_conn *c, uint64_t owner)
{
	if (c->known && c->owner == owner)
		return;
	c->known = true;
	c->owner = owner;
	rdma_acquaintances_limit(c);
}

static void rdma_conn_judge(struct regbuf *rb, struct rdma_conn *c)
{
	const struct rdma_request *r = &c->asked;
	bool write = r->op == RDMA_WRITE;
	uint64_t owner;

	c->status = rdma_judge(rb, &c->from, r, &c->region, &owner);
	if (c->status != RDMA_UNKNOWN)
		rdma_conn_know(c, owner);
	c->at = r->offset;
	c->left = r->length;
	if (write && r->length <= RDMA_INLINE)
		rdma_conn_enter(c, c->region ? RDMA_TAKING : RDMA_SKIPPING);
	else if (c->region)
		rdma_conn_answer(c, RDMA_OK,
				 write ? RDMA_TAKING : RDMA_GIVING);
	else
		rdma_conn_answer(c, c->status, rdma_conn_next(c));
}

/* Did it get any further? If not it waits, or is over. */
static bool rdma_conn_moved(struct rdma_conn *c, ssize_t n)
{
	if (n > 0)
		return true;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	rdma_conn_cut(c);
	return false;
}

static bool rdma_conn_ask(struct regbuf *rb, struct rdma_conn *c)
{
	struct rdma_request *r = &c->asked;
	ssize_t n = recv(c->fd, c->bytes + c->have,
			 sizeof(c->request) - c->have, MSG_DONTWAIT);

	if (!rdma_conn_moved(c, n))
		return false;
	c->have += (size_t)n;
	if (c->have < sizeof(c->request))
		return true;
	*r = c->request;
	r->op = ntohl(r->op);
	r->offset = ntohl(r->offset);
	r->length = ntohl(r->length);
	if (ntohl(r->magic) != RDMA_MAGIC || r->length > RDMA_MAX_SIZE ||
	    (r->op != RDMA_WRITE && r->op != RDMA_READ))
		rdma_conn_cut(c);
	else
		rdma_conn_judge(rb, c);
	return c->state != RDMA_ENDED;
}

static void rdma_conn_took(struct rdma_conn *c)
{
	rdma_conn_release(c);
	rdma_conn_answer(c, c->status, rdma_conn_next(c));
}

static uint32_t rdma_conn_step(const struct rdma_conn *c)
{
	return c->left < RDMA_STEP ? c->left : RDMA_STEP;
}

static ssize_t rdma_conn_receive(struct regbuf *rb, struct rdma_conn *c)
{
	const struct regbuf_slice slice =
		regbuf_slice_of(c->region->pin.id, c->at, rdma_conn_step(c));
	int err = rdma_attach(rb, c->fd, &c->endpoint);

	return err ? err : rdma_receive(c->endpoint, &slice, 1);
}

/* Into the pages that were registered. */
static bool rdma_conn_take(struct regbuf *rb, struct rdma_conn *c)
{
	ssize_t n;

	if (!c->left) {
		rdma_conn_took(c);
		return true;
	}
	n = rdma_conn_receive(rb, c);
	errno = n < 0 ? (int)-n : 0;
	if (!rdma_conn_moved(c, n))
		return false;
	c->at += (uint32_t)n;
	c->left -= (uint32_t)n;
	return true;
}

static bool rdma_conn_skip(struct rdma_conn *c)
{
	char waste[4096];
	size_t step = c->left < sizeof(waste) ? c->left : sizeof(waste);
	ssize_t n;

	if (!c->left) {
		rdma_conn_took(c);
		return true;
	}
	n = recv(c->fd, waste, step, MSG_DONTWAIT);
	if (!rdma_conn_moved(c, n))
		return false;
	c->left -= (uint32_t)n;
	return true;
}

static bool rdma_conn_say(struct rdma_conn *c)
{
	ssize_t n = send(c->fd, c->bytes + c->have, sizeof(c->answer) - c->have,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (!rdma_conn_moved(c, n))
		return false;
	c->have += (size_t)n;
	if (c->have == sizeof(c->answer))
		rdma_conn_enter(c, c->then);
	return c->state != RDMA_ENDED;
}

/* From the pages that were registered. */
static bool rdma_conn_give(struct regbuf *rb, struct rdma_conn *c)
{
	struct regbuf_result res;
	int err;

	if (!c->left) {
		rdma_conn_release(c);
		rdma_conn_enter(c, RDMA_ASKED);
		return true;
	}
	err = regbuf_send(rb, c->fd, c->region->pin.id, c->at,
			  rdma_conn_step(c), REGBUF_SEND_F_DONTWAIT, &res);
	errno = -err;
	if (!rdma_conn_moved(c, err ? -1 : (ssize_t)res.sent))
		return false;
	c->at += (uint32_t)res.sent;
	c->left -= (uint32_t)res.sent;
	return true;
}

static bool rdma_conn_go(struct regbuf *rb, struct rdma_conn *c)
{
	switch (c->state) {
	case RDMA_ASKED:
		return rdma_conn_ask(rb, c);
	case RDMA_TAKING:
		return rdma_conn_take(rb, c);
	case RDMA_SKIPPING:
		return rdma_conn_skip(c);
	case RDMA_ANSWERING:
		return rdma_conn_say(c);
	case RDMA_GIVING:
		return rdma_conn_give(rb, c);
	case RDMA_ENDED:
		break;
	}
	return false;
}

void rdma_conn_run(struct regbuf *rb, struct rdma_conn *c)
{
	int steps = 0;

	while (steps < RDMA_STEPS && rdma_conn_go(rb, c))
		steps++;
	if (steps)
		rdma_conn_wait(c);
}
