// SPDX-License-Identifier: MIT
/*
 * tcp_echo PORT: send back what comes over TCP, with one queue for thousands of
 * connections.
 *
 * A connection has one request at a time: a receive, then the send of what was
 * received. So a completion says all there is to know of it. Memory is taken
 * from the queue's pool when bytes arrive: idle connections need none.
 */
#include <netinet/tcp.h>

#include "common.h"

#define CONNECTIONS	8191
#define SLICES		256
#define SLICE		16384

/* Upper half of user data: what it was; lower half: which endpoint. */
enum { ACCEPT, RECV, SEND };		/* SEND + n: of slice n */

static char memory[SLICES][SLICE] __attribute__((aligned(4096)));
static struct regbuf_queue *queue;
static uint64_t id;
static uint32_t listener, connections;
static int accepting;

static void setup(struct regbuf *rb, int sock)
{
	struct regbuf_queue_params params = {
		.sq_entries = 256,
		.cq_entries = CONNECTIONS + 1,
		.pool_entries = SLICES,
	};
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = REGBUF_ATTACH_F_SEND | REGBUF_ATTACH_F_RECV,
	};

	check("registering", regbuf_register(rb, memory, sizeof(memory),
					     REGBUF_ACCESS_READ |
					     REGBUF_ACCESS_WRITE, &id));
	check("making a queue", regbuf_queue_create(rb, &params, &queue));
	check("the pool", regbuf_queue_pool_set(queue, id, 0, SLICE, SLICES));
	check("attaching", regbuf_queue_attach(queue, sock, &attach));
	listener = attach.endpoint;
}

static struct regbuf_sqe *entry(uint32_t what, uint32_t endpoint)
{
	struct regbuf_sqe *sqe = regbuf_queue_sqe(queue);

	while (!sqe) {
		check("submitting", regbuf_queue_submit(queue));
		sqe = regbuf_queue_sqe(queue);
	}
	sqe->user_data = (uint64_t)what << 32 | endpoint;
	return sqe;
}

/* No more connections than there is room for their completions. */
static void accept_more(void)
{
	if (accepting || connections == CONNECTIONS)
		return;
	regbuf_prep_accept_multi(entry(ACCEPT, listener), listener,
				 CONNECTIONS - connections);
	accepting = 1;
}

static void receive(uint32_t endpoint)
{
	regbuf_prep_recv_pool(entry(RECV, endpoint), endpoint);
}

static void hang_up(uint32_t endpoint)
{
	check("closing", regbuf_queue_detach(queue, endpoint,
					     REGBUF_DETACH_F_CLOSE));
	connections--;
}

static void accepted(const struct regbuf_cqe *cqe)
{
	check("accepting", regbuf_cqe_error(cqe));
	accepting = cqe->flags & REGBUF_CQE_F_MORE;
	connections++;
	receive(cqe->value);
}

static void received(const struct regbuf_cqe *cqe, uint32_t endpoint)
{
	uint32_t n = cqe->detail;

	if (!cqe->error && cqe->value) {
		regbuf_prep_send(entry(SEND + n, endpoint), endpoint, id,
				 (uint64_t)n * SLICE, cqe->value);
		return;
	}
	if (cqe->flags & REGBUF_CQE_F_POOL)
		regbuf_queue_pool_return(queue, n);
	hang_up(endpoint);
}

static void sent(const struct regbuf_cqe *cqe, uint32_t endpoint, uint32_t n)
{
	regbuf_queue_pool_return(queue, n);
	if (cqe->error)
		hang_up(endpoint);
	else
		receive(endpoint);
}

static void handle(const struct regbuf_cqe *cqe)
{
	uint32_t what = cqe->user_data >> 32, endpoint = cqe->user_data;

	if (what == ACCEPT)
		accepted(cqe);
	else if (what == RECV)
		received(cqe, endpoint);
	else
		sent(cqe, endpoint, what - SEND);
}

int main(int argc, char **argv)
{
	int port = port_argument(argc, argv), ms = 10000, sock, ret;
	struct regbuf_cqe cqe;
	struct regbuf *rb;
	sigset_t waiting;

	check("opening " REGBUF_DEVICE, regbuf_open(&rb));
	catch_signals(&waiting);
	sock = bind_port(SOCK_STREAM, port);
	/* Connections inherit it: who does not read must not keep a slice. */
	setsockopt(sock, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	setup(rb, sock);
	while (!stop) {
		accept_more();
		ret = regbuf_queue_submit_wait(queue, 1, -1, &waiting);
		check("waiting", ret == -EINTR ? 0 : ret);
		while (regbuf_queue_reap(queue, &cqe, 1))
			handle(&cqe);
	}
	regbuf_queue_destroy(queue);
	regbuf_close(rb);
	return 0;
}
