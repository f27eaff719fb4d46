// SPDX-License-Identifier: GPL-2.0
/* Registered memory: C5, C6, C7, C19. */
#include "model.h"

static void add(struct buf *buf, unsigned char *mem, size_t len, __u32 access)
{
	int err;

	*buf = (struct buf){ .mem = mem, .len = len, .access = access };
	err = rb_register(m.dev, mem, len, access, &buf->id);
	check(NULL, !err, "register: %d", err);
	buf->live = true;
}

/* Memory that nothing else lies next to. */
static unsigned char *get_memory(size_t len)
{
	unsigned char *mem = rb_pages(len / RB_PAGE);

	check(NULL, mem, "no memory");
	return mem;
}

/* Part of the time over the table, to send from, or what is received into. */
static struct buf *random_buf(void)
{
	struct buf *buf = calloc(1, sizeof(*buf));
	bool table = chance(2);
	size_t room = table ? TABLE : REQUESTS * REGION;
	unsigned char *mem = table ? m.table : m.regions;
	__u32 access = table ? RB_READ : RB_WRITE;
	size_t len = 1 + rnd(chance(4) ? 5000 : room);

	check(NULL, buf, "no memory");
	add(buf, mem + rnd(room - len + 1), len,
	    chance(4) ? RB_READ | RB_WRITE : access);
	return buf;
}

void buffers_setup(void)
{
	m.table = get_memory(TABLE);
	m.regions = get_memory(REQUESTS * REGION);
	m.pools = get_memory(QUEUES * POOL);
	m.book = get_memory(RB_PAGE);
	for (size_t i = 0; i < TABLE; i++)
		m.table[i] = rnd(256);
	memset(m.regions, CANARY, REQUESTS * REGION);
	add(&m.all_table, m.table, TABLE, RB_READ);
	add(&m.all_regions, m.regions, REQUESTS * REGION, RB_WRITE);
	add(&m.all_pools, m.pools, QUEUES * POOL, RB_WRITE);
	add(&m.all_book, m.book, RB_PAGE, RB_READ);
	for (int i = 0; i < BUFS; i++)
		m.bufs[i] = random_buf();
}

static bool uses(const struct request *req, const struct buf *buf)
{
	for (unsigned int i = 0; i < req->nr_bufs; i++)
		if (req->bufs[i] == buf)
			return req->sqe.op != REGBUF_OP_IDLE;
	return false;
}

/* Through, perhaps, and waiting for others to be told of before it. */
static bool may_wait_its_turn(const struct request *req)
{
	return req->sqe.op == REGBUF_OP_SEND &&
	       req->ep->flags & REGBUF_ATTACH_F_ORDERED;
}

/*
 * A request that uses it, as far as is known: one that is through may have its
 * completion in the ring, or wait its turn. Surely: none of those.
 */
static struct request *user_of(const struct buf *buf, bool surely)
{
	if (surely)
		for (int i = 0; i < QUEUES; i++)
			mark_posted(&m.queues[i]);
	for (int i = 0; i < REQUESTS; i++) {
		struct request *req = &m.reqs[i];

		if (req->state != PENDING || !uses(req, buf))
			continue;
		if (!surely || (!req->posted && !may_wait_its_turn(req)))
			return req;
	}
	return NULL;
}

/*
 * The kernel says that nobody uses it. It may be through with a request a
 * moment before that is posted; but what stays pending does use it.
 */
static void check_unused(const struct buf *buf)
{
	struct request *req;

	if (rb_within(10, !user_of(buf, true)))
		return;
	req = user_of(buf, true);
	die(req->q, "C1: data %llu, op %u, uses the buffer", req->data,
	    req->sqe.op);
}

/* A live buffer with all of that, and these rights. */
struct buf *buf_covering(const unsigned char *mem, size_t len, __u32 access)
{
	unsigned int first = rnd(BUFS);
	struct buf *buf;

	for (unsigned int i = 0; i < BUFS; i++) {
		buf = m.bufs[(first + i) % BUFS];
		if (buf->live && (buf->access & access) == access &&
		    mem >= buf->mem && mem + len <= buf->mem + buf->len)
			return buf;
	}
	return access == RB_READ ? &m.all_table : &m.all_regions;
}

/* What a closed queue sent may take a while yet. */
static void check_idle(const struct buf *buf)
{
	check(NULL, rb_within(PATIENCE, !rb_in_flight(m.dev, buf->id)),
	      "%d in flight, and none is pending",
	      rb_in_flight(m.dev, buf->id));
}

/* C6: an id is dead at once; requests that use the buffer go on. */
static void check_dead(struct buf *buf, bool used)
{
	struct regbuf_ioc_status status;
	int err;

	check(NULL, rb_deregister(m.dev, buf->id) == -ESTALE, "twice");
	err = rb_status(m.dev, buf->id, &status);
	if (!err)
		check(NULL, status.state == REGBUF_STATE_CLOSING, "state %u",
		      status.state);
	else
		check(NULL, err == -ESTALE, "%d", err);
	if (err)
		check_unused(buf);
	if (!used)
		check(NULL, rb_within(PATIENCE, rb_status(m.dev, buf->id,
							  &status) == -ESTALE),
		      "nobody uses it and it is still there");
	m.dead[m.nr_dead < DEAD ? m.nr_dead++ : rnd(DEAD)] = buf->id;
}

/* C6: in one of its three ways. It stays live only if that was EBUSY. */
static bool give_up(struct buf *buf)
{
	static const __u32 ways[] = {
		0, 0, REGBUF_DEREGISTER_F_BUSY, REGBUF_DEREGISTER_F_WAIT,
	};
	struct regbuf_ioc_deregister dereg = {
		.size = sizeof(dereg),
		.flags = ways[rnd(4)],
		.id = buf->id,
	};
	bool maybe = user_of(buf, false);
	int err = rb_ioctl(m.dev, REGBUF_IOC_DEREGISTER, &dereg);

	buf->live = err == -EBUSY;
	if (dereg.flags == REGBUF_DEREGISTER_F_BUSY)
		check(NULL, !err || err == -EBUSY, "%d", err);
	else if (dereg.flags == REGBUF_DEREGISTER_F_WAIT)
		check(NULL, !err || err == -EINPROGRESS, "%d", err);
	else
		check(NULL, !err, "%d", err);
	if (dereg.flags ? !err : !dereg.in_flight)
		check_unused(buf);
	if (!buf->live)
		check_dead(buf, maybe);
	else if (!maybe)
		check_idle(buf);
	return !buf->live;
}

/* What was given up is not freed: requests may point to it. */
void step_buffer(void)
{
	unsigned int i = rnd(BUFS);

	if (give_up(m.bufs[i]))
		m.bufs[i] = random_buf();
}

/* C1: as many requests use it as are pending, as far as one can see. */
void step_status(void)
{
	struct buf *buf = m.bufs[rnd(BUFS)];
	bool maybe = user_of(buf, false);
	int in_flight = rb_in_flight(m.dev, buf->id);

	check(NULL, in_flight >= 0, "%d", in_flight);
	if (!in_flight)
		check_unused(buf);
	if (!maybe)
		check_idle(buf);
}

/* When nothing is pending: C1, and nobody wrote to what is only sent. */
void buffers_idle(void)
{
	struct regbuf_ioc_stats stats;

	check_idle(&m.all_table);
	check_idle(&m.all_regions);
	check_idle(&m.all_book);
	for (int i = 0; i < BUFS; i++)
		check_idle(m.bufs[i]);
	check(NULL, rb_within(PATIENCE, !rb_stats(m.dev, &stats) &&
			      stats.buffers == BUFS + 4),
	      "%llu buffers", stats.buffers);
	for (size_t i = 0; i < REQUESTS * REGION; i += REGION)
		check(NULL, m.regions[i] == CANARY &&
		      !memcmp(m.regions + i, m.regions + i + 1, REGION - 1),
		      "bytes appeared in region %zu", i / REGION);
}

void buffers_close(void)
{
	struct regbuf_ioc_stats stats;

	for (int i = 0; i < BUFS; i++)
		check(NULL, !rb_deregister(m.dev, m.bufs[i]->id), "%d", i);
	check(NULL, !rb_deregister(m.dev, m.all_table.id) &&
	      !rb_deregister(m.dev, m.all_regions.id) &&
	      !rb_deregister(m.dev, m.all_pools.id) &&
	      !rb_deregister(m.dev, m.all_book.id), "at the end");
	check(NULL, rb_within(PATIENCE, !rb_stats(m.dev, &stats) &&
			      !stats.buffers && !stats.pages),
	      "%llu buffers, %llu pages left", stats.buffers, stats.pages);
}
