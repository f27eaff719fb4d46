// SPDX-License-Identifier: GPL-2.0
/*
 * Faults where another protocol lies over TCP, with memory of its own.
 */
#include "regbuf_faultstep.h"
#include "regbuf_tls.h"


#ifndef SOL_TLS
#define SOL_TLS		282
#endif
#define BYTES		(MANY * RB_PAGE)

static int new_pair(struct rig *rig, int from, int to)
{
	close(rig->sv[0]);
	close(rig->sv[1]);
	if (rb_pair(NULL, AF_INET, SOCK_STREAM, rig->sv))
		return -1;
	return rb_tls_layer(rig->sv[0]) || rb_tls_layer(rig->sv[1]) ||
	       rb_tls_key(rig->sv[from], TLS_TX) ||
	       rb_tls_key(rig->sv[to], TLS_RX);
}

/* What comes is decrypted in memory. */
static int prepare_tls_recv(struct rig *rig)
{
	if (new_pair(rig, 1, 0) || new_queue(rig, rig->sv[0], RB_BOTH) ||
	    send(rig->sv[1], "0123456789", 10, 0) != 10)
		return -1;
	rb_sqe_recv(&rig->q, rig->ep, rig->ids[0], 0, 10, 7);
	return 0;
}

/* C1: completed once, with the bytes or an error. */
static int check_tls_recv(struct rig *rig, int err)
{
	int bad = settle(rig, err);

	if (bad)
		return bad;
	if (rig->taken && !rig->cqe.error &&
	    (rig->cqe.value != 10 || memcmp(rig->mem, "0123456789", 10)))
		return 1;
	rb_pattern(rig->mem, BYTES, 1);
	return whole(&rig->q);
}

FIXTURE_VARIANT_ADD(fault, tls_recv) {
	.prepare = prepare_tls_recv,
	.call = call_enter,
	.check = check_tls_recv,
};

TEST_HARNESS_MAIN
