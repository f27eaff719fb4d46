// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving: what the card delivers while the receiver waits for a whole batch.
 * The cost is all there is: the card's delivery, the stack's work and that of
 * waking the receiver are in it for each engine.
 */
#include "bench.h"

extern const struct engine rx_regbuf, rx_recv, rx_recvmmsg, rx_uring_multi,
	rx_uring_recv, rx_uring_recv_link;

static const struct engine *const receivers[] = {
	&rx_regbuf,
	&rx_recv,
	&rx_recvmmsg,
	&rx_uring_multi,
	&rx_uring_recv,
	&rx_uring_recv_link,
};

static int rx_cell(struct cell *cell)
{
	int err = 0;
	size_t i;

	cell->bench = "rx";
	cell->endpoints = 1;
	cell->huge = true;
	for (i = 0; i < ARRAY_SIZE(receivers); i++)
		if (receivers[i]->fits(cell) &&
		    option_has(options.engines, receivers[i]->name))
			err |= measure_line(cell, receivers[i]);
	return err;
}

int bench_rx(void)
{
	struct cell udp = {
		.name = "udp",
		.work = UDP_RECEIVE,
		.size = 1400,
		.depth = 32,
	};
	struct cell tcp = {
		.name = "tcp",
		.work = TCP,
		.size = 65536,
		.depth = 8,
	};
	int err = net_card("backlogged");

	if (err)
		return err;
	if (option_has(options.works, "udp"))
		err |= rx_cell(&udp);
	if (option_has(options.works, "tcp"))
		err |= rx_cell(&tcp);
	return err;
}
