// SPDX-License-Identifier: GPL-2.0
/*
 * Faults in what other tasks do for a queue: its poller, and workers that go on
 * where the program's call ended. Each request that was taken completes once.
 */
#include "regbuf_faultstep.h"

#include <poll.h>

#include "regbuf_stuffed.h"

#define POLLER		"regbuf-"	/* then a process */
#define WORKERS		"kworker/u"
#define CHUNK		1000		/* bytes */

static struct regbuf_slice slices[MANY];
static struct sockaddr_storage name;
static socklen_t name_len;
static int listener;
static int client = -1;
static char want[MANY * CHUNK];
static size_t length;

/* A completion, with no call that would do the queue's work. */
static int await(struct rb_queue *q, struct regbuf_cqe *cqe)
{
	struct pollfd pfd = { .fd = q->fd, .events = POLLIN };

	memset(cqe, 0, sizeof(*cqe));
	if (poll(&pfd, 1, 20000) != 1)
		return -ETIMEDOUT;
	return rb_q_pop(q, cqe) ? 0 : -EIO;
}

/*
 * The poller takes entries: a refusal is a completion.
 */

static int poller_queue(struct rig *rig, int sock)
{
	struct regbuf_ioc_queue params = {
		.flags = REGBUF_QUEUE_F_POLLER,
		.sq_entries = 8,
		.cq_entries = 16,
		.pool_entries = 8,
	};

	rb_q_close(&rig->q);
	return rb_q_open_params(rig->dev, &rig->q, &params) ?:
	       rb_q_attach(&rig->q, sock, RB_BOTH, 0, 0, &rig->ep);
}

static int call_poller(struct rig *rig)
{
	int err = rb_q_kick(&rig->q) ?: await(&rig->q, &rig->cqe);

	return err ?: -(int)rig->cqe.error;
}

/* C2: no place is lost, nor does a completion come that nobody asked for. */
static int poller_whole(struct rig *rig)
{
	for (__u32 done = 0; done < rig->q.cq_entries; done += 8) {
		for (int i = 0; i < 8; i++)
			rb_sqe_nop(&rig->q, i);
		if (rb_q_kick(&rig->q) ||
		    !rb_within(20, rb_q_ready(&rig->q) == done + 8) ||
		    !rb_within(20, rb_load(&rig->q.ring->sq_head) ==
				   rig->q.tail))
			return 21;
	}
	return rb_q_reap(&rig->q) != rig->q.cq_entries;
}

static int prepare_list(struct rig *rig)
{
	static const char head[] = "head";

	length = 0;
	for (int i = 0; i < MANY; i++) {
		slices[i] = i == MANY / 2 ? rb_inline(head, 4) :
			    rb_slice(rig->ids[i], i, CHUNK);
		memcpy(want + length, i == MANY / 2 ? head :
		       rig->mem + i * RB_PAGE + i, slices[i].length);
		length += slices[i].length;
	}
	if (poller_queue(rig, rig->sv[0]))
		return -1;
	return !rb_sqe_send_list(&rig->q, rig->ep, slices, MANY, 7);
}

static int check_list(struct rig *rig, int err)
{
	char got[sizeof(want)];

	if (err && !(rig->cqe.flags & REGBUF_CQE_F_REFUSED))
		return 1;
	if (!err && (rb_recv_all(rig->sv[1], got, length) ||
		     memcmp(want, got, length)))
		return 2;
	if (recv(rig->sv[1], got, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		return 3;
	return poller_whole(rig);
}

FIXTURE_VARIANT_ADD(fault, poller_send) {
	.prepare = prepare_list,
	.call = call_poller,
	.check = check_list,
	.whose = POLLER,
};

static int prepare_timeout(struct rig *rig)
{
	return poller_queue(rig, rig->sv[0]) ||
	       !rb_sqe_timeout(&rig->q, 1000, 7);
}

/* It fires: that is no failure. */
static int call_timeout(struct rig *rig)
{
	int err = call_poller(rig);

	return err == -ETIME ? 0 : err;
}

static int check_timeout(struct rig *rig, int err)
{
	return poller_whole(rig);
}

FIXTURE_VARIANT_ADD(fault, poller_timeout) {
	.prepare = prepare_timeout,
	.call = call_timeout,
	.check = check_timeout,
	.whose = POLLER,
};

/*
 * A worker accepts: what was posted before anybody connected.
 */

static int prepare_accept(struct rig *rig)
{
	if (!listener)
		listener = rb_listener(AF_INET, &name, &name_len);
	if (listener < 0 || new_queue(rig, listener, RB_BOTH) ||
	    rb_fill_table(&rig->q, rig->sv[0]))
		return -1;
	rb_sqe_accept(&rig->q, rig->ep, 0, 0, 7);
	return rb_q_submit_all(&rig->q);
}

static int call_accept(struct rig *rig)
{
	int err;

	client = rb_dial(&name, name_len);
	err = client < 0 ? -errno : await(&rig->q, &rig->cqe);
	return err ?: -(int)rig->cqe.error;
}

/* An endpoint, or an error and no connection that hangs. */
static int check_accept(struct rig *rig, int err)
{
	int bad = rig->cqe.user_data != 7 ||
		  !rig->cqe.error != !!rig->cqe.value;
	char byte;
	int sock;

	if (!bad && !err)
		bad = rb_q_detach(&rig->q, rig->cqe.value, 0) ? 2 : 0;
	bad = bad ?: whole(&rig->q);
	rb_q_close(&rig->q);
	fcntl(listener, F_SETFL, O_NONBLOCK);
	sock = accept(listener, NULL, NULL);
	if (sock >= 0)
		close(sock);
	else if (!bad && recv(client, &byte, 1, 0) > 0)
		bad = 3;
	close(client);
	return bad;
}

FIXTURE_VARIANT_ADD(fault, worker_accept) {
	.prepare = prepare_accept,
	.call = call_accept,
	.check = check_accept,
	.whose = WORKERS,
	.also = ENFILE,
};

/*
 * A worker sends what the socket had no room for, while the peer reads. C4: all
 * of it, whatever memory is lacking on the way.
 */

static ssize_t stuffed;	/* bytes that are in the way */

static int prepare_full(struct rig *rig)
{
	close(rig->sv[0]);
	close(rig->sv[1]);
	if (rb_pair(NULL, AF_INET, SOCK_STREAM, rig->sv))
		return -1;
	stuffed = rb_stuff(rig->sv[0], rig->mem);
	if (stuffed < 0 || new_queue(rig, rig->sv[0], RB_BOTH))
		return -1;
	length = MANY * RB_PAGE;
	for (int i = 0; i < MANY; i++)
		slices[i] = rb_slice(rig->ids[i], 0, RB_PAGE);
	rb_sqe_send_list(&rig->q, rig->ep, slices, MANY, 7);
	return rb_q_submit_all(&rig->q);
}

static int call_read(struct rig *rig)
{
	static char got[MANY * RB_PAGE];
	int err = 0;

	for (ssize_t n; stuffed && !err; stuffed -= n) {
		n = stuffed < (ssize_t)sizeof(got) ? stuffed : sizeof(got);
		err = rb_recv_all(rig->sv[1], got, n);
	}
	if (err || rb_recv_all(rig->sv[1], got, length) ||
	    memcmp(got, rig->mem, length))
		return -EBADMSG;
	return await(&rig->q, &rig->cqe) ?: -(int)rig->cqe.error;
}

static int check_read(struct rig *rig, int err)
{
	return rig->cqe.value != length || whole(&rig->q);
}

FIXTURE_VARIANT_ADD(fault, worker_send) {
	.prepare = prepare_full,
	.call = call_read,
	.check = check_read,
	.whose = WORKERS,
	.absorbs = true,
};

TEST_HARNESS_MAIN
