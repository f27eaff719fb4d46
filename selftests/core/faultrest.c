// SPDX-License-Identifier: GPL-2.0
/*
 * Faults in the rest of sends that did not go in at once, as the program waits
 * for it; also where another protocol lies over TCP, with memory of its own.
 */
#include "regbuf_faultstep.h"

#include "regbuf_stuffed.h"
#include "regbuf_tls.h"

#define TIMES		4	/* the same memory: more than a packet takes */
#define ROOM		(8 * RB_PAGE)	/* for what comes */
#define BYTES		(TIMES * MANY * RB_PAGE)

static struct regbuf_slice slices[TIMES * MANY];
static char got[BYTES];
static ssize_t have;		/* less than 0: what is in the way */
static bool tls;

static int new_pair(struct rig *rig, int from, int to)
{
	close(rig->sv[0]);
	close(rig->sv[1]);
	if (rb_pair(NULL, AF_INET, SOCK_STREAM, rig->sv))
		return -1;
	return tls && (rb_tls_layer(rig->sv[0]) || rb_tls_layer(rig->sv[1]) ||
		       rb_tls_key(rig->sv[from], TLS_TX) ||
		       rb_tls_key(rig->sv[to], TLS_RX)) ? -1 : 0;
}

static int prepare_stream(struct rig *rig)
{
	ssize_t stuffed;

	/* Little is in the way: to encrypt it takes long. */
	if (new_pair(rig, 0, 1) || rb_sockbuf(rig->sv[1], SO_RCVBUF, ROOM))
		return -1;
	stuffed = rb_stuff(rig->sv[0], rig->mem);
	if (stuffed < 0 || new_queue(rig, rig->sv[0], RB_BOTH))
		return -1;
	have = -stuffed;
	for (int i = 0; i < TIMES * MANY; i++)
		slices[i] = rb_slice(rig->ids[i % MANY], 0, RB_PAGE);
	rb_sqe_send_list(&rig->q, rig->ep, slices, TIMES * MANY, 7);
	return 0;
}

static int prepare_tls(struct rig *rig)
{
	tls = true;
	return prepare_stream(rig);
}

/* The next bytes, those that are in the way first. */
static ssize_t read_some(const struct rig *rig, int flags)
{
	size_t room = have < 0 ? -have : BYTES - have;
	ssize_t n;

	if (have < 0 && room > sizeof(got))
		room = sizeof(got);
	n = recv(rig->sv[1], got + (have < 0 ? 0 : have), room, flags);
	have += n > 0 ? n : 0;
	return n;
}

static int read_rest(const struct rig *rig)
{
	while (have < (ssize_t)BYTES)
		if (read_some(rig, 0) <= 0)
			return -1;
	return 0;
}

/* What came is what was sent first. */
static bool is_prefix(const struct rig *rig)
{
	for (ssize_t i = 0; i < have; i += MANY * RB_PAGE)
		if (memcmp(got + i, rig->mem, have - i < MANY * RB_PAGE ?
			   have - i : MANY * RB_PAGE))
			return false;
	return true;
}

/*
 * Submit, and read and do the queue's work in turn; also if all that failed was
 * to tell. A failed wait is none.
 */
static int call_stream(struct rig *rig)
{
	long long end = rb_now() + RB_LONG;
	int err = call_enter(rig);
	bool taken = rb_load(&rig->q.ring->sq_head) == rig->q.tail;

	while (taken && rb_q_empty(&rig->q) && rb_now() < end) {
		read_some(rig, MSG_DONTWAIT);
		rb_q_enter(&rig->q, 0, 1, RB_MSEC, NULL);
	}
	return err;
}

/* C4: whole. */
static int check_stream(struct rig *rig, int err)
{
	int bad = settle(rig, err);

	if (bad)
		return bad;
	if (rig->taken && (rig->cqe.error || rig->cqe.value != BYTES))
		return 1;
	if (rig->taken && read_rest(rig))
		return 2;
	if (rig->taken && !is_prefix(rig))
		return 3;
	return whole(&rig->q);
}

FIXTURE_VARIANT_ADD(fault, stream) {
	.prepare = prepare_stream,
	.call = call_stream,
	.check = check_stream,
};

/*
 * C4: that protocol may give up, with what it has got: a prefix. What it has no
 * memory to pass on it keeps until the next send, whoever's.
 */
static int check_tls(struct rig *rig, int err)
{
	int bad;

	if (rb_load(&rig->q.ring->sq_head) != rig->q.tail)
		return check_stream(rig, err);
	bad = settle(rig, err);
	if (bad)
		return bad;
	if (!rig->cqe.error && (rig->cqe.value != BYTES ||
				send(rig->sv[0], "", 1, 0) != 1 ||
				read_rest(rig)))
		return 1;
	return !is_prefix(rig) || whole(&rig->q);
}

FIXTURE_VARIANT_ADD(fault, tls) {
	.prepare = prepare_tls,
	.call = call_stream,
	.check = check_tls,
};

/* The other way: what comes is decrypted in memory. */
static int prepare_tls_recv(struct rig *rig)
{
	tls = true;
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
	rb_pattern(rig->mem, MANY * RB_PAGE, 1);
	return whole(&rig->q);
}

FIXTURE_VARIANT_ADD(fault, tls_recv) {
	.prepare = prepare_tls_recv,
	.call = call_enter,
	.check = check_tls_recv,
};

TEST_HARNESS_MAIN
