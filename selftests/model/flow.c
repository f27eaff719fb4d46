// SPDX-License-Identifier: GPL-2.0
/*
 * What is under way from one socket to the other. Every send takes its bytes
 * from the table, so what arrives can be told: streams in order and whole (C3,
 * C4), datagrams whole and once.
 */
#include "model.h"

size_t pick_length(bool stream)
{
	static size_t last = 100;

	switch (rnd(16)) {
	case 0 ... 2:
		break;		/* the same again: those are coalesced */
	case 3 ... 9:
		last = 1 + rnd(300);
		break;
	case 10 ... 14:
		last = 1 + rnd(3000);
		break;
	default:
		last = rnd(stream ? LONGEST : 8000);
		break;
	}
	if (!stream && last > 8000)
		last = 8000;
	return last;
}

size_t pick_start(size_t len)
{
	return rnd(TABLE - len + 1);
}

static void add_segment(struct flow *flow, size_t start, size_t len, long sent,
			struct request *req)
{
	if (!len)
		return;
	check(NULL, flow->tail - flow->head < SEGMENTS, "too many segments");
	flow->segs[flow->tail++ % SEGMENTS] = (struct segment){
		.start = start,
		.len = len,
		.sent = sent,
		.req = req,
	};
}

static void add_gram(struct flow *flow, size_t start, size_t len,
		     struct request *req)
{
	unsigned int nr = flow->next_gram++ % GRAMS;

	flow->grams[nr] = (struct gram){ start, len, .sent = true };
	if (req) {
		req->gram = nr;
		flow->grams[nr].data = req->data;
	}
}

/* Bytes of the table go that way: for certain, or if the request succeeds. */
void flow_wrote(struct flow *flow, const unsigned char *mem, size_t len,
		long sent, struct request *req)
{
	if (flow->stream)
		add_segment(flow, mem - m.table, len, sent, req);
	else
		add_gram(flow, mem - m.table, len, req);
}

/*
 * May it be that it sends less than all, and the stream goes on? What was
 * cancelled after a failure may not have been heard of yet, and others send.
 */
static bool may_fail(const struct segment *seg)
{
	return seg->req->may_cancel || seg->req->sqe.timeout_us ||
	       after_failure(seg->req);
}

/* How much of it has to come; -1: one can't know yet. */
static long expected(const struct segment *seg)
{
	if (seg->sent >= 0)
		return seg->sent;
	return may_fail(seg) ? -1 : (long)seg->len;
}

/* Compare what was received, as far as it is known what it should be. */
static void verify(struct queue *q, struct flow *flow)
{
	size_t done = 0, len;
	struct segment *seg;
	long due;

	while (flow->head != flow->tail) {
		seg = &flow->segs[flow->head % SEGMENTS];
		due = expected(seg);
		if (due < 0)
			break;
		len = due - flow->checked;
		if (len > flow->held_len - done)
			len = flow->held_len - done;
		check(q, !memcmp(flow->held + done,
				 m.table + seg->start + flow->checked, len),
		      "C3: other bytes than sent, %zu into a send of %zu",
		      flow->checked, seg->len);
		flow->checked += len;
		done += len;
		if (seg->sent < 0 || (long)flow->checked < seg->sent)
			break;
		flow->head++;
		flow->checked = 0;
	}
	check(q, flow->head != flow->tail || done == flow->held_len,
	      "C4: %zu bytes that nobody sent", flow->held_len - done);
	memmove(flow->held, flow->held + done, flow->held_len - done);
	flow->held_len -= done;
}

static void hold(struct flow *flow, const void *data, size_t len)
{
	if (flow->held_room < flow->held_len + len) {
		flow->held_room = 2 * (flow->held_len + len);
		flow->held = realloc(flow->held, flow->held_room);
		check(NULL, flow->held, "no memory");
	}
	memcpy(flow->held + flow->held_len, data, len);
	flow->held_len += len;
}

/* What is known of a datagram that should not have come. */
static void explain(const struct flow *flow, const unsigned char *data,
		    size_t len)
{
	const unsigned char *at = memmem(m.table, TABLE, data,
					 len < 16 ? len : 16);
	size_t start = at ? at - m.table : TABLE;

	printf("# over %s, %u were sent; the first bytes are at %zu of %lu\n",
	       flow->veth ? "veth" : "loopback", flow->next_gram, start,
	       TABLE);
	for (unsigned int i = 0; i < GRAMS; i++) {
		const struct gram *gram = &flow->grams[i];

		if (gram->len >= len && gram->start == start)
			printf("# number %u: %zu bytes, data %llu, sent %d,"
			       " taken %d, %zu bytes\n", i, gram->len,
			       gram->data, gram->sent, gram->taken, gram->got);
	}
}

/* A datagram came: is it one of those on the way? */
static void got_gram(struct queue *q, struct flow *flow, const void *data,
		     size_t len, bool trunc)
{
	for (unsigned int i = 0; i < GRAMS; i++) {
		struct gram *gram = &flow->grams[(flow->next_gram + i) % GRAMS];

		if (!gram->sent || gram->taken ||
		    (trunc ? gram->len <= len : gram->len != len) ||
		    memcmp(m.table + gram->start, data, len))
			continue;
		gram->taken = true;
		gram->got = len;
		return;
	}
	explain(flow, data, len);
	die(q, "C4: a datagram that nobody sent, or sent once: %zu bytes, %d",
	    len, trunc);
}

void flow_got(struct queue *q, struct flow *flow, const void *data, size_t len,
	      bool trunc)
{
	m.arrived += len;
	if (flow->blind)
		return;
	if (!flow->stream) {
		got_gram(q, flow, data, len, trunc);
		return;
	}
	hold(flow, data, len);
	verify(q, flow);
}

static struct segment *find_segment(struct flow *flow, struct request *req)
{
	for (unsigned int i = flow->head; i != flow->tail; i++)
		if (flow->segs[i % SEGMENTS].req == req)
			return &flow->segs[i % SEGMENTS];
	return NULL;
}

static void sent_segment(struct queue *q, struct flow *flow,
			 struct request *req, long sent)
{
	struct segment *seg = find_segment(flow, req);

	check(q, seg || !req->len, "the model lost a segment");
	if (!seg)
		return;
	if (seg == &flow->segs[flow->head % SEGMENTS])
		check(q, sent >= (long)flow->checked,
		      "C4: %zu bytes arrived, %ld are said to be sent",
		      flow->checked, sent);
	seg->sent = sent;
	seg->req = NULL;
	verify(q, flow);
}

/* A send is through. -1: of a datagram nobody knows whether it was sent. */
void flow_sent(struct queue *q, struct flow *flow, struct request *req,
	       long sent)
{
	struct gram *gram = &flow->grams[req->gram];

	if (flow->blind)
		return;
	if (flow->stream) {
		sent_segment(q, flow, req, sent);
		return;
	}
	if (sent == (long)req->len || sent < 0 || gram->len != req->len ||
	    gram->start != (size_t)(req->mem - m.table))
		return;
	/* Short ones are hard to tell from each other. */
	check(q, !gram->taken || req->len < 16,
	      "C4: a datagram arrived, and its send failed");
	gram->sent = false;
}

/*
 * The reader sees the end of the stream. That is also what is left of a reset
 * when somebody else has been told the error.
 */
void flow_end(struct queue *q, struct flow *flow)
{
	check(q, flow->stream && (flow->ended || flow->broken || flow->blind ||
				  pair_reset(pair_of(flow))),
	      "the end of a stream that nobody ended");
	flow->eof = true;
}

/* All that was sent has arrived. */
bool flow_clear(const struct flow *flow)
{
	return flow->broken || flow->blind || !flow->stream ||
	       (flow->head == flow->tail && !flow->held_len);
}

/* Is there room to write down another send? */
bool flow_room(const struct flow *flow)
{
	return flow->tail - flow->head < SEGMENTS - 2 * ENTRIES * QUEUES;
}
