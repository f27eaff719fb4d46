// SPDX-License-Identifier: GPL-2.0
/*
 * From time to time all that is pending is brought to an end: what can be sent
 * is sent and read, the rest cancelled. Then it has to add up.
 */
#include "model.h"

/* Consume; let the kernel work. */
static void pump(struct queue *q)
{
	enter(q, ENTRIES, 0, 0);
	consume(q, ENTRIES);
	step_return(q);
}

static void pump_all(void)
{
	for (int i = 0; i < QUEUES; i++)
		pump(&m.queues[i]);
}

/* As the stack sees them. */
static void print_sockets(void)
{
	static const char command[] =
		"cat /proc/net/tcp /proc/net/tcp6 | sed 's/^/# /'";

	fflush(stdout);
	if (rb_sh(command) || rb_net_peer(&m.net) || rb_sh(command))
		printf("# no more of the sockets\n");
}

/* What is pending still, before the model gives up. */
static void complain(const char *what)
{
	struct queue *q = NULL;

	for (int i = 0; i < REQUESTS; i++) {
		const struct request *req = &m.reqs[i];

		if (req->state != PENDING)
			continue;
		q = req->q;
		printf("# queue %d: data %llu, op %u, on %u, must end %d\n",
		       (int)(q - m.queues), req->data, req->sqe.op,
		       req->sqe.endpoint, req->must_end);
	}
	print_sockets();
	die(q, "%s", what);
}

/* Keep going until something is so; die if it does not come true. */
#define until(condition, what) do {					\
	long long __end = rb_now() + PATIENCE * RB_SEC;			\
									\
	while (!(condition)) {						\
		pump_all();						\
		if (rb_now() > __end)					\
			complain(what);					\
	}								\
} while (0)

static bool none_of(const struct pair *pair)
{
	for (int i = 0; i < REQUESTS; i++)
		if (m.reqs[i].state == PENDING && m.reqs[i].ep &&
		    m.reqs[i].ep->end->pair == pair)
			return false;
	return true;
}

/* C15: a pair was closed, and its endpoints detached. */
void settle_pair(const struct pair *pair)
{
	until(none_of(pair), "C15: requests on a closed socket do not end");
}

static bool none_overdue(void)
{
	for (int i = 0; i < REQUESTS; i++)
		if (m.reqs[i].state == PENDING && m.reqs[i].must_end)
			return false;
	return true;
}

static bool nothing_untaken(void)
{
	for (int i = 0; i < QUEUES; i++)
		if (untaken(&m.queues[i]))
			return false;
	return true;
}

static void read_flow(struct end *end)
{
	while (end->fd >= 0 && !end->in->recvs && end_read(end))
		;
}

/* Sends with F_MORE may be held back; nothing more comes. */
static void push(struct end *end)
{
	int one = 1;

	if (end->fd >= 0 && end->out->stream)
		setsockopt(end->fd, IPPROTO_TCP, TCP_NODELAY, &one,
			   sizeof(one));
}

static void read_all(void)
{
	for (int i = 0; i < PAIRS; i++) {
		read_flow(&m.pairs[i]->end[0]);
		read_flow(&m.pairs[i]->end[1]);
	}
}

/* What was sent has gone in, and all that can be read is read. */
static bool all_sent(void)
{
	bool all = true;

	read_all();
	for (int i = 0; i < PAIRS; i++) {
		struct end *end = m.pairs[i]->end;

		for (int j = 0; j < 2; j++) {
			push(&end[j]);
			all &= !end[j].in->sends || end[j].in->broken;
		}
	}
	return all;
}

/* And has arrived. */
static bool all_clear(void)
{
	bool all = true;

	read_all();
	for (int i = 0; i < PAIRS; i++) {
		const struct end *end = m.pairs[i]->end;

		for (int j = 0; j < 2; j++)
			all &= end[j].fd < 0 || flow_clear(end[j].in);
	}
	return all;
}

/* Completions need places too. */
static void make_room(struct queue *q)
{
	int err;

	consume(q, ENTRIES);
	if (q->nr_pending < q->rb.cq_entries)
		return;
	err = rb_q_resize(&q->rb, 0, 2 * q->rb.cq_entries);
	check(q, !err, "resize: %d", err);
}

/* CANCEL by name, of all that is left, one after another. */
static void cancel_rest(struct queue *q)
{
	for (int i = 0; i < REQUESTS; i++) {
		struct request *req = &m.reqs[i];

		if (req->state != PENDING || req->q != q)
			continue;
		make_room(q);
		if (req->state == PENDING)
			draft_cancel(q, req->data);
		pump(q);
	}
}

/* What is left waits for something that does not come. */
static bool all_cancelled(void)
{
	bool all = true;

	read_all();
	for (int i = 0; i < QUEUES; i++) {
		cancel_rest(&m.queues[i]);
		all &= !m.queues[i].nr_pending;
	}
	return all;
}

/* C2: no place has got lost: as many requests fit as there are entries. */
static void check_places(struct queue *q)
{
	unsigned int before = q->nr_pending, batch;

	check(q, !before, "%u pending", before);
	while (q->nr_pending < q->rb.cq_entries) {
		batch = q->rb.cq_entries - q->nr_pending;
		for (unsigned int i = 0; i < batch && i < q->rb.sq_entries; i++)
			draft_nop(q);
		enter(q, ENTRIES, 0, 0);
		check(q, !untaken(q), "C2: %u taken of %u", q->nr_pending,
		      q->rb.cq_entries);
	}
	check(q, rb_q_ready(&q->rb) == q->rb.cq_entries,
	      "%u of %u are there at once", rb_q_ready(&q->rb),
	      q->rb.cq_entries);
	consume(q, ENTRIES);
	check(q, rb_q_empty(&q->rb) && !q->nr_pending, "C1: some are left");
}

/* A stream with a clean end shows it, when it has been read. */
static void check_ends(void)
{
	read_all();
	for (int i = 0; i < PAIRS; i++) {
		const struct flow *flow = m.pairs[i]->flow;

		for (int j = 0; j < 2; j++)
			check(NULL, !flow[j].eof || flow_clear(&flow[j]),
			      "C4: bytes are missing at the end");
	}
}

void settle(void)
{
	until(nothing_untaken(), "entries are not taken");
	until(none_overdue(), "C14, C15: what was cancelled does not end");
	for (int i = 0; i < PAIRS; i++) {
		end_reopen(&m.pairs[i]->end[0]);
		end_reopen(&m.pairs[i]->end[1]);
	}
	until(all_sent(), "C3, C4: not all is sent");
	until(all_cancelled(), "C1, C14: requests do not end");
	until(all_clear(), "C4: not all that was sent arrives");
	check_ends();
	for (int i = 0; i < QUEUES; i++)
		check_places(&m.queues[i]);
	buffers_idle();
}
