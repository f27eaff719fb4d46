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

/* A flow, and the first that is not known to have gone in or arrived. */
static void print_flow(const struct end *from, const struct end *to)
{
	const struct segment *seg = &to->in->segs[to->in->head % SEGMENTS];
	const struct flow *flow = to->in;

	printf("# port %u to %u over %s: ended %d, eof %d, %u and %u requests,"
	       " %u sends open, %zu of %zu bytes checked, %ld sent, %zu held\n",
	       port_of(from), port_of(to), flow->veth ? "veth" : "loopback",
	       flow->ended, flow->eof, flow->sends, flow->recvs,
	       flow->tail - flow->head, flow->checked,
	       flow->head == flow->tail ? 0 : seg->len,
	       flow->head == flow->tail ? 0 : seg->sent, flow->held_len);
}

/* Streams that are not whole: as the model sees them. */
static void print_flows(void)
{
	for (int i = 0; i < PAIRS; i++) {
		const struct end *end = m.pairs[i]->end;

		for (int j = 0; j < 2; j++)
			if (!flow_clear(end[j].in))
				print_flow(&end[!j], &end[j]);
	}
}

/* What is pending still, before the model gives up. */
static void complain(const char *what)
{
	struct queue *q = NULL;

	print_flows();
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

/*
 * Keep going until something is so; die if it does not come true and nothing
 * arrives. TCP may send as little as 2048 bytes in 200 ms: when the window is
 * smaller than its segments, each is a probe.
 */
#define until(condition, what) do {					\
	long long __end = rb_now() + PATIENCE * RB_SEC;			\
	__u64 __arrived = m.arrived;					\
									\
	while (!(condition)) {						\
		pump_all();						\
		if (m.arrived != __arrived)				\
			__end = rb_now() + PATIENCE * RB_SEC;		\
		__arrived = m.arrived;					\
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

static void read_flow(struct end *end)
{
	while (end->fd >= 0 && !end->in->recvs && end_read(end))
		;
}

static void read_all(void)
{
	for (int i = 0; i < PAIRS; i++) {
		read_flow(&m.pairs[i]->end[0]);
		read_flow(&m.pairs[i]->end[1]);
	}
}

/* What has entered a socket ends when it is received. */
static bool none_overdue(void)
{
	read_all();
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

/* Sends with F_MORE may be held back; nothing more comes. */
static void push(struct end *end)
{
	int one = 1;

	if (end->fd >= 0 && end->out->stream)
		setsockopt(end->fd, IPPROTO_TCP, TCP_NODELAY, &one,
			   sizeof(one));
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

/* What was sent has arrived, or the connection is gone. */
static bool is_clear(const struct end *from, const struct end *to)
{
	if (to->fd < 0 || flow_clear(to->in))
		return true;
	end_ask(from);
	return false;
}

/* And has arrived. */
static bool all_clear(void)
{
	bool all = true;

	read_all();
	for (int i = 0; i < PAIRS; i++) {
		const struct end *end = m.pairs[i]->end;

		for (int j = 0; j < 2; j++)
			all &= is_clear(&end[!j], &end[j]);
	}
	return all;
}

/* C2: that are promised, as far as is known; early completions need theirs. */
static unsigned int places(const struct queue *q)
{
	unsigned int nr = q->nr_pending;

	for (int i = 0; i < REQUESTS; i++)
		nr += m.reqs[i].state == PENDING && m.reqs[i].q == q &&
		      m.reqs[i].sqe.flags & REGBUF_SQE_F_EARLY &&
		      !m.reqs[i].early;
	return nr;
}

/* Completions need places too. */
static void make_room(struct queue *q)
{
	int err;

	consume(q, ENTRIES);
	if (places(q) < q->rb.cq_entries)
		return;
	err = rb_q_resize(&q->rb, 0, 2 * q->rb.cq_entries);
	check(q, !err, "resize: %d", err);
}

/*
 * CANCEL by name, of all that is left, one after another: one that was refused,
 * because a completion had come in between, may still be in the ring.
 */
static void cancel_rest(struct queue *q)
{
	for (int i = 0; i < REQUESTS; i++) {
		struct request *req = &m.reqs[i];

		if (req->state != PENDING || req->q != q)
			continue;
		make_room(q);
		if (req->state == PENDING && !untaken(q))
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
		all &= !m.queues[i].nr_pending && !untaken(&m.queues[i]);
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
	for (int i = 0; i < PAIRS; i++) {
		end_reopen(&m.pairs[i]->end[0]);
		end_reopen(&m.pairs[i]->end[1]);
	}
	until(nothing_untaken(), "entries are not taken");
	until(none_overdue(), "C14, C15: what was cancelled does not end");
	until(all_sent(), "C3, C4: not all is sent");
	until(all_cancelled(), "C1, C14: requests do not end");
	until(all_clear(), "C4: not all that was sent arrives");
	check_ends();
	for (int i = 0; i < QUEUES; i++)
		check_places(&m.queues[i]);
	buffers_idle();
}
