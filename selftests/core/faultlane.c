// SPDX-License-Identifier: GPL-2.0
/*
 * Faults in sends and receives of queues: each that is taken completes once, as
 * it says, and what is refused has not happened.
 */
#include "regbuf_faultstep.h"

#define CHUNK		1000	/* bytes in a slice */
#define NAME_AT		(RB_PAGE - 64)	/* in the first buffer */

static struct regbuf_slice slices[MANY];
static struct sockaddr_storage name;
static struct regbuf_ext ext;
static char control[64];
static int udp[2];		/* connected to each other */
static struct rb_net net;
static char want[MANY * RB_PAGE];
static size_t length;

/* What the slices have, all together. */
static void expect_slices(const struct rig *rig, unsigned int nr)
{
	length = 0;
	for (unsigned int i = 0; i < nr; i++) {
		const struct regbuf_slice *slice = &slices[i];
		const char *from = rig->mem + i * RB_PAGE + slice->offset;

		if (slice->flags & REGBUF_SLICE_F_INLINE)
			from = (const char *)(unsigned long)slice->id;
		memcpy(want + length, from, slice->length);
		length += slice->length;
	}
}

static int prepare_stream(struct rig *rig)
{
	rb_pattern(rig->mem, MANY * RB_PAGE, 1);
	slices[0] = rb_slice(rig->ids[0], 1, CHUNK);
	expect_slices(rig, 1);
	return new_queue(rig, rig->sv[0], RB_BOTH);
}

/* Two, each of which sends to the other. */
static int make_udp(void)
{
	socklen_t len = sizeof(name);

	return udp[0] ? 0 :
	       rb_pair(NULL, AF_INET, SOCK_DGRAM, udp) ||
	       getsockname(udp[0], (struct sockaddr *)&name, &len) ||
	       connect(udp[1], (struct sockaddr *)&name, len);
}

static int prepare_dgram(struct rig *rig)
{
	rb_pattern(rig->mem, MANY * RB_PAGE, 1);
	slices[0] = rb_slice(rig->ids[0], 1, CHUNK);
	expect_slices(rig, 1);
	return make_udp() ?: new_queue(rig, udp[0], RB_BOTH);
}

static struct regbuf_sqe *write_send(struct rig *rig)
{
	return rb_sqe_send(&rig->q, rig->ep, rig->ids[0], 1, CHUNK, 7);
}

static void write_list(struct rig *rig)
{
	static const char head[] = "head";

	for (int i = 0; i < MANY; i++)
		slices[i] = rb_slice(rig->ids[i], i, CHUNK);
	slices[MANY / 2] = rb_inline(head, 4);
	expect_slices(rig, MANY);
	rb_sqe_send_list(&rig->q, rig->ep, slices, MANY, 7);
}

/*
 * Sends
 */

/* Nothing that was not to come. */
static bool silent(int sock)
{
	char byte;

	return recv(sock, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* C4: whole: memory that the socket lacks is waited for. */
static int check_stream(struct rig *rig, int err)
{
	char got[sizeof(want)];
	int bad = settle(rig, err);

	if (bad)
		return bad;
	if (rig->taken &&
	    (rig->cqe.error || rig->cqe.value != length ||
	     rb_recv_all(rig->sv[1], got, length) || memcmp(want, got, length)))
		return 1;
	if (!silent(rig->sv[1]))
		return 2;
	return whole(&rig->q);
}

/* What arrives lets go of the memory: it is read first. */
static int check_flight(struct rig *rig, int err)
{
	char got[sizeof(want)];
	bool taken = rb_load(&rig->q.ring->sq_head) == rig->q.tail;
	int bad;

	if (taken && (rb_recv_all(rig->sv[1], got, length) ||
		      memcmp(want, got, length)))
		return 1;
	bad = settle(rig, err);
	if (bad)
		return bad;
	if (taken && (rig->cqe.error || rig->cqe.value != length))
		return 2;
	return whole(&rig->q);
}

/* C4: sent, or an error of the datagram. */
static int check_dgram(struct rig *rig, int err)
{
	char got[sizeof(want) + 1];
	int bad = settle(rig, err);

	if (bad)
		return bad;
	if (rig->taken && !rig->cqe.error &&
	    (rig->cqe.value != length ||
	     recv(udp[1], got, sizeof(got), 0) != (ssize_t)length ||
	     memcmp(want, got, length)))
		return 1;
	if (rig->cqe.error && !of_memory(&rig->cqe))
		return 2;
	if (!silent(udp[1]))
		return 3;
	return whole(&rig->q);
}

static int prepare_send(struct rig *rig)
{
	return prepare_stream(rig) || !write_send(rig);
}

FIXTURE_VARIANT_ADD(fault, send) {
	.prepare = prepare_send,
	.call = call_enter,
	.check = check_stream,
};

static int prepare_send_list(struct rig *rig)
{
	if (prepare_stream(rig))
		return -1;
	write_list(rig);
	return 0;
}

FIXTURE_VARIANT_ADD(fault, send_list) {
	.prepare = prepare_send_list,
	.call = call_enter,
	.check = check_stream,
};

static int prepare_send_inline(struct rig *rig)
{
	if (prepare_stream(rig))
		return -1;
	rb_sqe_send_inline(&rig->q, rig->ep, want, length, 7);
	return 0;
}

FIXTURE_VARIANT_ADD(fault, send_inline) {
	.prepare = prepare_send_inline,
	.call = call_enter,
	.check = check_stream,
};

static int prepare_send_timed(struct rig *rig)
{
	if (prepare_stream(rig))
		return -1;
	write_send(rig)->timeout_us = 100000000;
	return 0;
}

FIXTURE_VARIANT_ADD(fault, send_timed) {
	.prepare = prepare_send_timed,
	.call = call_enter,
	.check = check_stream,
};

static int prepare_send_early(struct rig *rig)
{
	if (prepare_stream(rig))
		return -1;
	write_send(rig)->flags |= REGBUF_SQE_F_EARLY;
	return 0;
}

/* C1: the early one, and the one. */
static int check_early(struct rig *rig, int err)
{
	if (rb_load(&rig->q.ring->sq_head) == rig->q.tail &&
	    (rb_q_next(&rig->q, &rig->cqe) ||
	     !(rig->cqe.flags & REGBUF_CQE_F_EARLY)))
		return 11;
	return check_stream(rig, err);
}

FIXTURE_VARIANT_ADD(fault, send_early) {
	.prepare = prepare_send_early,
	.call = call_enter,
	.check = check_early,
};

static int prepare_send_ordered(struct rig *rig)
{
	if (prepare_stream(rig) ||
	    new_queue(rig, rig->sv[0], RB_BOTH | REGBUF_ATTACH_F_ORDERED))
		return -1;
	return !write_send(rig);
}

FIXTURE_VARIANT_ADD(fault, send_ordered) {
	.prepare = prepare_send_ordered,
	.call = call_enter,
	.check = check_stream,
};

/* Zero-copied, which on the way to this machine itself it would not be. */
static int prepare_flight(struct rig *rig)
{
	if (!net.near) {
		close(rig->sv[0]);
		close(rig->sv[1]);
		if (rb_net_setup(&net) ||
		    rb_pair(&net, AF_INET, SOCK_STREAM, rig->sv))
			return -1;
	}
	rb_pattern(rig->mem, MANY * RB_PAGE, 1);
	for (int i = 0; i < MANY; i++)
		slices[i] = rb_slice(rig->ids[i], 0, RB_PAGE);
	expect_slices(rig, MANY);
	if (new_queue(rig, rig->sv[0], RB_BOTH))
		return -1;
	return !rb_sqe_send_list(&rig->q, rig->ep, slices, MANY, 7);
}

FIXTURE_VARIANT_ADD(fault, flight) {
	.prepare = prepare_flight,
	.call = call_enter,
	.check = check_flight,
};

static int prepare_datagram(struct rig *rig)
{
	return prepare_dgram(rig) || !write_send(rig);
}

FIXTURE_VARIANT_ADD(fault, datagram) {
	.prepare = prepare_datagram,
	.call = call_enter,
	.check = check_dgram,
};

static int prepare_datagram_list(struct rig *rig)
{
	if (prepare_dgram(rig))
		return -1;
	write_list(rig);
	return 0;
}

FIXTURE_VARIANT_ADD(fault, datagram_list) {
	.prepare = prepare_datagram_list,
	.call = call_enter,
	.check = check_dgram,
};

/* To who is named: in the program's memory, or in a buffer. */
static int prepare_named(struct rig *rig, __u16 flag)
{
	struct regbuf_sqe *sqe;
	socklen_t len = sizeof(name);

	if (prepare_dgram(rig) ||
	    getsockname(udp[1], (struct sockaddr *)&name, &len))
		return -1;
	memcpy(rig->mem + NAME_AT, &name, REGBUF_ADDR_SIZE);
	sqe = write_send(rig);
	sqe->flags |= flag;
	sqe->addr_id = rig->ids[0];
	sqe->addr_offset = NAME_AT;
	if (flag == REGBUF_SQE_F_ADDR_PTR) {
		sqe->addr_id = (unsigned long)&name;
		sqe->addr_offset = 0;
	}
	return 0;
}

static int prepare_datagram_to(struct rig *rig)
{
	return prepare_named(rig, REGBUF_SQE_F_ADDR_PTR);
}

FIXTURE_VARIANT_ADD(fault, datagram_to) {
	.prepare = prepare_datagram_to,
	.call = call_enter,
	.check = check_dgram,
};

static int prepare_datagram_to_buffer(struct rig *rig)
{
	return prepare_named(rig, REGBUF_SQE_F_ADDR);
}

FIXTURE_VARIANT_ADD(fault, datagram_to_buffer) {
	.prepare = prepare_datagram_to_buffer,
	.call = call_enter,
	.check = check_dgram,
};

static int prepare_datagram_control(struct rig *rig)
{
	int tos = 4;

	if (prepare_dgram(rig))
		return -1;
	ext = (struct regbuf_ext){
		.size = sizeof(ext),
		.ctl_id = (unsigned long)control,
		.ctl_length = rb_cmsg(control, IPPROTO_IP, IP_TOS, &tos,
				      sizeof(tos)),
		.segment = CHUNK,
	};
	write_send(rig)->ext = (unsigned long)&ext;
	return 0;
}

FIXTURE_VARIANT_ADD(fault, datagram_control) {
	.prepare = prepare_datagram_control,
	.call = call_enter,
	.check = check_dgram,
};

/*
 * Receives: the bytes that were sent, in the buffers they were meant for; or
 * they are there for another.
 */

static int send_bytes(int sock)
{
	return send(sock, want, length, 0) == (ssize_t)length ? 0 : -1;
}

/* What came is put to where it was to come, for a comparison. */
static int check_received(struct rig *rig, int err, int sock, const char *at)
{
	char got[sizeof(want)];
	int bad = settle(rig, err);

	if (bad)
		return bad;
	if (!rig->taken && recv(sock, got, length, 0) != (ssize_t)length)
		return 1;
	if (rig->taken && (rig->cqe.error || rig->cqe.value != length ||
			   memcmp(want, at, length)))
		return 2;
	if (!silent(sock))
		return 3;
	return whole(&rig->q);
}

static int check_recv(struct rig *rig, int err)
{
	return check_received(rig, err, rig->sv[0], rig->mem + RB_PAGE);
}

static int check_recv_dgram(struct rig *rig, int err)
{
	return check_received(rig, err, udp[0], rig->mem + RB_PAGE);
}

static struct regbuf_sqe *write_recv(struct rig *rig)
{
	return rb_sqe_recv(&rig->q, rig->ep, rig->ids[1], 0, CHUNK, 7);
}

static int prepare_recv(struct rig *rig)
{
	return prepare_stream(rig) || send_bytes(rig->sv[1]) ||
	       !write_recv(rig);
}

FIXTURE_VARIANT_ADD(fault, recv) {
	.prepare = prepare_recv,
	.call = call_enter,
	.check = check_recv,
};

static int prepare_recv_list(struct rig *rig)
{
	if (prepare_stream(rig) || send_bytes(rig->sv[1]))
		return -1;
	for (int i = 0; i < 4; i++)
		slices[i] = rb_slice(rig->ids[1], i * CHUNK / 4, CHUNK / 4);
	rb_sqe_recv_list(&rig->q, rig->ep, slices, 4, 7)->flags |=
		REGBUF_SQE_F_WAITALL;
	return 0;
}

FIXTURE_VARIANT_ADD(fault, recv_list) {
	.prepare = prepare_recv_list,
	.call = call_enter,
	.check = check_recv,
};

/* With who sent it, and control data. */
static int prepare_recv_from(struct rig *rig)
{
	struct regbuf_sqe *sqe;

	if (prepare_dgram(rig) || send_bytes(udp[1]))
		return -1;
	ext = (struct regbuf_ext){
		.size = sizeof(ext),
		.ctl_id = rig->ids[3],
		.ctl_length = 64,
	};
	sqe = write_recv(rig);
	sqe->flags |= REGBUF_SQE_F_ADDR;
	sqe->addr_id = rig->ids[2];
	sqe->ext = (unsigned long)&ext;
	return 0;
}

FIXTURE_VARIANT_ADD(fault, recv_from) {
	.prepare = prepare_recv_from,
	.call = call_enter,
	.check = check_recv_dgram,
};

static int prepare_recv_pool(struct rig *rig)
{
	if (prepare_dgram(rig) || send_bytes(udp[1]) ||
	    rb_q_pool(&rig->q, rig->ids[1], 0, RB_PAGE / 2, 1))
		return -1;
	rb_sqe_recv_pool(&rig->q, rig->ep, REGBUF_SQE_F_MULTI, 1, 7);
	return 0;
}

FIXTURE_VARIANT_ADD(fault, recv_pool) {
	.prepare = prepare_recv_pool,
	.call = call_enter,
	.check = check_recv_dgram,
};

TEST_HARNESS_MAIN
