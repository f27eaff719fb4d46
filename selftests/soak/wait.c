// SPDX-License-Identifier: GPL-2.0
/* Waiting, in every way; and bringing all that is pending to its end. */
#include "soak.h"
#include "regbuf_slow.h"

/* How long what must come may take: the machine is slow, and busy. */
long long patience(void)
{
	static int slow = -1;

	if (slow < 0)
		slow = rb_slow();
	return (slow ? 240 : 90) * RB_SEC;
}

void op_enter(void)
{
	struct queue *q = any_queue();
	__u32 want = 1 + rnd(4), ns = 1 + rnd(20000000);

	ALLOW("wait", rb_q_enter(&q->rb, 0, want, ns, NULL), ETIMEDOUT);
}

/* C16: what is there to consume makes it readable. */
void op_poll(void)
{
	struct queue *q = any_queue();
	struct pollfd pfd = { .fd = q->rb.fd, .events = POLLIN };

	if (poll(&pfd, 1, rnd(20)) < 0)
		die("poll: %s", strerror(errno));
	if (rb_q_loud(&q->rb) && !(rb_q_poll(&q->rb) & POLLIN))
		die("C16: a completion, and the queue is not readable");
}

/* C16: a signal that the kernel took up comes. */
void op_eventfd(void)
{
	struct queue *q = any_queue();
	struct pollfd pfd = { .fd = q->efd, .events = POLLIN };
	__u32 ms = rnd(20);
	__u64 count;

	if (!rb_q_arm(&q->rb) && poll(&pfd, 1, ms) < 0)
		die("poll: %s", strerror(errno));
	if (rb_q_disarm(&q->rb) && poll(&pfd, 1, patience() / RB_MSEC) != 1)
		die("C16: a signal is lost");
	if (pfd.revents && read(q->efd, &count, sizeof(count)) < 0 &&
	    errno != EAGAIN)
		die("eventfd: %s", strerror(errno));
	while (read(q->efd, &count, sizeof(count)) > 0)
		;
}

static unsigned int pending(void)
{
	return w.queues[0].pending + w.queues[1].pending;
}

static void cancel(struct req *what)
{
	struct req *r = req_new(what->q, REGBUF_OP_CANCEL, NULL);

	if (!r)
		return;
	req_sqe(r)->id = what->data;
	submit(what->q);
	reap();
}

/* Timers, polls, sends of a lane that was to be drained. */
static void cancel_all(void)
{
	for (int i = 0; i < REQS; i++)
		if (w.reqs[i].state == PENDING &&
		    w.reqs[i].op != REGBUF_OP_CANCEL)
			cancel(&w.reqs[i]);
}

static void complain(void)
{
	const struct req *r = w.reqs;

	while (r->state != PENDING)
		r++;
	die("C1: %u requests do not end; one: queue %u, op %u, data %#llx, link"
	    " %d, %zu bytes", pending(), r->q->id, r->op, r->data,
	    r->link ? (int)(r->link - w.links) : -1, r->len);
}

/* Nothing is in flight that the checker could not know of. */
static void check_idle(void)
{
	long long end = rb_now() + patience();
	struct regbuf_ioc_status status;

	for (int i = 0; i < BUFS; i++) {
		const struct buf *b = &w.bufs[i];

		if (!b->id || b->imported)
			continue;
		while (!rb_status(w.dev, b->id, &status) &&
		       status.in_flight && !status.imports) {
			if (rb_now() > end)
				die("C1: %u requests use a buffer, and none is"
				    " pending", status.in_flight);
			usleep(2000);
		}
	}
}

/* C1: every request that was accepted ends. */
void op_settle(void)
{
	long long end = rb_now() + patience();

	if (!chance(3))
		return;
	for (int i = 0; i < LINKS; i++)
		if (w.links[i].used && !w.links[i].dead)
			link_abort(&w.links[i]);
	reap();
	cancel_all();
	while (pending()) {
		for (int i = 0; i < QUEUES; i++)
			rb_q_enter(&w.queues[i].rb, 0, 1, 5 * RB_MSEC, NULL);
		reap();
		if (rb_now() > end)
			complain();
	}
	check_idle();
	for (int i = 0; i < QUEUES; i++)
		links_open(&w.queues[i]);
}
