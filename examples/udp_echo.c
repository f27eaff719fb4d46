// SPDX-License-Identifier: MIT
/*
 * udp_echo PORT: send each datagram back to where it came from, with one queue.
 *
 * There are as many places as receives are posted at once. Each has memory for
 * a datagram and for the address of its sender: the receive writes it there,
 * the send reads it from there.
 */
#include <stddef.h>

#include "common.h"

#define PLACES		64
#define SENT		PLACES		/* user data: SENT + n: place n was */

static struct memory {
	char addr[PLACES][REGBUF_ADDR_SIZE];
	char data[PLACES][65536];
} memory __attribute__((aligned(4096)));

static struct regbuf_queue *queue;
static uint64_t id;
static uint32_t endpoint;

static void setup(struct regbuf *rb, int sock)
{
	struct regbuf_queue_params params = {
		.sq_entries = PLACES,
		.cq_entries = PLACES,
	};
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = REGBUF_ATTACH_F_SEND | REGBUF_ATTACH_F_RECV,
	};

	check("registering", regbuf_register(rb, &memory, sizeof(memory),
					     REGBUF_ACCESS_READ |
					     REGBUF_ACCESS_WRITE, &id));
	check("making a queue", regbuf_queue_create(rb, &params, &queue));
	check("attaching", regbuf_queue_attach(queue, sock, &attach));
	endpoint = attach.endpoint;
}

static uint64_t addr_at(uint32_t n)
{
	return offsetof(struct memory, addr) + n * sizeof(memory.addr[0]);
}

static uint64_t data_at(uint32_t n)
{
	return offsetof(struct memory, data) + n * sizeof(memory.data[0]);
}

/* Each place has one request, and so there is always an entry for it. */
static void receive(uint32_t n)
{
	struct regbuf_sqe *sqe = regbuf_queue_sqe(queue);

	regbuf_prep_recv(sqe, endpoint, id, data_at(n), sizeof(memory.data[0]));
	regbuf_sqe_addr(sqe, id, addr_at(n));
	sqe->user_data = n;
}

static void send_back(uint32_t n, uint32_t length)
{
	struct regbuf_sqe *sqe = regbuf_queue_sqe(queue);

	regbuf_prep_send(sqe, endpoint, id, data_at(n), length);
	regbuf_sqe_addr(sqe, id, addr_at(n));
	sqe->user_data = SENT + n;
}

/* What cannot be sent back is lost, as datagrams may be. */
static void handle(const struct regbuf_cqe *cqe)
{
	if (cqe->user_data >= SENT) {
		receive(cqe->user_data - SENT);
	} else {
		check("receiving", regbuf_cqe_error(cqe));
		send_back(cqe->user_data, cqe->value);
	}
}

int main(int argc, char **argv)
{
	int port = port_argument(argc, argv), ret;
	struct regbuf_cqe cqe;
	struct regbuf *rb;
	sigset_t waiting;
	uint32_t n;

	check("opening " REGBUF_DEVICE, regbuf_open(&rb));
	catch_signals(&waiting);
	setup(rb, bind_port(SOCK_DGRAM, port));
	for (n = 0; n < PLACES; n++)
		receive(n);
	while (!stop) {
		ret = regbuf_queue_submit_wait(queue, 1, -1, &waiting);
		check("waiting", ret == -EINTR ? 0 : ret);
		while (regbuf_queue_reap(queue, &cqe, 1))
			handle(&cqe);
	}
	regbuf_queue_destroy(queue);
	regbuf_close(rb);
	return 0;
}
