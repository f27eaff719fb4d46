// SPDX-License-Identifier: GPL-2.0
/*
 * Faults in the other operations of queues: each that is taken completes once,
 * and what is refused has not happened.
 */
#include "regbuf_faultstep.h"

#include <sys/epoll.h>

static struct sockaddr_storage name;
static socklen_t name_len;
static int listener;
static int client = -1;

/* Completed as it should, if it was taken. */
static int check_value(struct rig *rig, int err, __u32 error, __u64 value)
{
	int bad = settle(rig, err);

	if (bad)
		return bad;
	if (rig->taken && (rig->cqe.error != error || rig->cqe.value != value))
		return 1;
	return whole(&rig->q);
}

static int check_done(struct rig *rig, int err)
{
	return check_value(rig, err, 0, 0);
}

static int prepare_nop(struct rig *rig)
{
	return new_queue(rig, rig->sv[0], RB_BOTH) || !rb_sqe_nop(&rig->q, 7);
}

FIXTURE_VARIANT_ADD(fault, nop) {
	.prepare = prepare_nop,
	.call = call_enter,
	.check = check_done,
};

static int prepare_shutdown(struct rig *rig)
{
	close(rig->sv[0]);
	close(rig->sv[1]);
	return rb_pair(NULL, AF_INET, SOCK_STREAM, rig->sv) ||
	       new_queue(rig, rig->sv[0], RB_BOTH) ||
	       !rb_sqe_shutdown(&rig->q, rig->ep, 7);
}

/* The stack may have had no memory to tell the peer, and forgets that. */
static int check_shutdown(struct rig *rig, int err)
{
	int bad = check_done(rig, err);

	return bad ?: is_shut(rig->sv[0]) != rig->taken;
}

FIXTURE_VARIANT_ADD(fault, shutdown) {
	.prepare = prepare_shutdown,
	.call = call_enter,
	.check = check_shutdown,
};

/*
 * Accepting
 */

static int prepare_dialled(struct rig *rig, __u16 flags)
{
	if (!listener)
		listener = rb_listener(AF_INET, &name, &name_len);
	client = rb_dial(&name, name_len);
	if (listener < 0 || client < 0 || new_queue(rig, listener, RB_BOTH))
		return -1;
	return !rb_sqe_accept(&rig->q, rig->ep, flags, !!flags, 7);
}

static int prepare_accept(struct rig *rig)
{
	return prepare_dialled(rig, 0);
}

static int prepare_accept_multi(struct rig *rig)
{
	return prepare_dialled(rig, REGBUF_SQE_F_MULTI);
}

/* Of whom nobody has heard: waiting for another accept, or told. */
static int refused_well(void)
{
	int sock = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	char byte;

	if (sock >= 0)
		return close(sock);
	return recv(client, &byte, 1, 0) > 0;
}

/* Bytes there and back: it is that client's. */
static int talks(struct rig *rig, __u32 ep)
{
	char got[8] = "";

	if (send(client, "ping", 4, 0) != 4)
		return 1;
	rb_sqe_recv(&rig->q, ep, rig->ids[1], 0, 4, 8);
	if (rb_q_submit_all(&rig->q) || rb_q_expect(&rig->q, 8, 0))
		return 2;
	rb_sqe_send(&rig->q, ep, rig->ids[1], 0, 4, 9);
	if (rb_q_submit_all(&rig->q) || rb_q_expect(&rig->q, 9, 0))
		return 2;
	return recv(client, got, 4, 0) != 4 || strcmp(got, "ping");
}

/* C1: an endpoint that works, or an error and no connection that hangs. */
static int check_accept(struct rig *rig, int err)
{
	bool none = fcntl(listener, F_SETFL, O_NONBLOCK);
	int bad = settle(rig, err) ?: none;
	__u32 ep = rig->cqe.value;

	if (bad)
		return bad;
	if (rig->cqe.error && !of_memory(&rig->cqe) &&
	    rig->cqe.error != ENFILE)
		return 1;
	if (rig->taken && !rig->cqe.error)
		bad = talks(rig, ep);
	bad = bad ?: whole(&rig->q);
	rb_q_close(&rig->q);
	if (!bad && (!rig->taken || rig->cqe.error))
		bad = refused_well() ? 12 : 0;
	close(client);
	return bad;
}

FIXTURE_VARIANT_ADD(fault, accept) {
	.prepare = prepare_accept,
	.call = call_enter,
	.check = check_accept,
};

FIXTURE_VARIANT_ADD(fault, accept_multi) {
	.prepare = prepare_accept_multi,
	.call = call_enter,
	.check = check_accept,
};

static int prepare_connect(struct rig *rig)
{
	if (!listener)
		listener = rb_listener(AF_INET, &name, &name_len);
	client = rb_dial(&name, name_len);
	if (client < 0 || new_queue(rig, client, RB_BOTH))
		return -1;
	return !rb_sqe_connect(&rig->q, rig->ep, 7);
}

static int check_connect(struct rig *rig, int err)
{
	int sock = accept(listener, NULL, NULL), bad = check_done(rig, err);

	rb_q_close(&rig->q);
	close(client);
	return close(sock) ?: bad;
}

FIXTURE_VARIANT_ADD(fault, connect) {
	.prepare = prepare_connect,
	.call = call_enter,
	.check = check_connect,
};

/*
 * Waiting
 */

static int prepare_poll(struct rig *rig)
{
	return new_queue(rig, rig->sv[0], RB_BOTH) ||
	       !rb_sqe_poll(&rig->q, rig->ep, EPOLLOUT, 7);
}

static int check_poll(struct rig *rig, int err)
{
	return check_value(rig, err, 0, EPOLLOUT);
}

FIXTURE_VARIANT_ADD(fault, poll) {
	.prepare = prepare_poll,
	.call = call_enter,
	.check = check_poll,
};

static int prepare_timeout(struct rig *rig)
{
	return new_queue(rig, rig->sv[0], RB_BOTH) ||
	       !rb_sqe_timeout(&rig->q, 1000, 7);
}

static int check_timeout(struct rig *rig, int err)
{
	return check_value(rig, err, ETIME, 0);
}

FIXTURE_VARIANT_ADD(fault, timeout) {
	.prepare = prepare_timeout,
	.call = call_enter,
	.check = check_timeout,
};

static int prepare_idle(struct rig *rig)
{
	return new_queue(rig, rig->sv[0], RB_BOTH) ||
	       !rb_sqe_idle(&rig->q, rig->ids[0], 7);
}

FIXTURE_VARIANT_ADD(fault, idle) {
	.prepare = prepare_idle,
	.call = call_enter,
	.check = check_done,
};

/* C14: of a receive that waits. */
static int prepare_cancel(struct rig *rig)
{
	if (new_queue(rig, rig->sv[0], RB_BOTH))
		return -1;
	rb_sqe_recv(&rig->q, rig->ep, rig->ids[1], 0, 10, 6);
	return rb_q_submit_all(&rig->q) ||
	       !rb_sqe_cancel(&rig->q, rig->ep, 6, 0, 7);
}

static int check_cancel(struct rig *rig, int err)
{
	int bad;

	if (rb_load(&rig->q.ring->sq_head) != rig->q.tail) {
		rb_q_drop(&rig->q);
		rb_sqe_cancel(&rig->q, rig->ep, 6, 0, 7);
		if (rb_q_submit_all(&rig->q))
			return 11;
		err = 0;
	}
	if (rb_q_expect(&rig->q, 6, ECANCELED))
		return 12;
	bad = settle(rig, err);
	return bad ?: rig->cqe.value != 1 || whole(&rig->q);
}

FIXTURE_VARIANT_ADD(fault, cancel) {
	.prepare = prepare_cancel,
	.call = call_enter,
	.check = check_cancel,
};

/*
 * C12: a table, all of it or nothing: an error is a completion's.
 */

static struct regbuf_array_entry entries[2];
static struct regbuf_ioc_array array;

static int prepare_array(struct rig *rig)
{
	for (int i = 0; i < 2; i++)
		entries[i] = rb_entry(rig->mem + i * RB_PAGE, RB_PAGE, RB_READ);
	array = rb_array_args(0, entries, 2, 0);
	return new_queue(rig, rig->sv[0], RB_BOTH) ||
	       !rb_sqe_array(&rig->q, &array, 7);
}

static int check_array(struct rig *rig, int err)
{
	int bad = settle(rig, err);
	bool done = rig->taken && !rig->cqe.error;

	if (bad)
		return bad;
	if (rig->cqe.error && !of_memory(&rig->cqe))
		return 1;
	for (int i = 0; i < 2 && done; i++)
		if (rb_state(rig->dev, entries[i].id) != REGBUF_STATE_LIVE)
			return 2;
	if (done != !rb_array_update(rig->dev, entries, 1, 0))
		return 3;
	return rb_array(rig->dev, NULL, 0) ?: whole(&rig->q);
}

FIXTURE_VARIANT_ADD(fault, array) {
	.prepare = prepare_array,
	.call = call_enter,
	.check = check_array,
};

TEST_HARNESS_MAIN
