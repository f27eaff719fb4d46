// SPDX-License-Identifier: GPL-2.0
/* Connected sockets, and what a program does with them besides queues. */
#include "model.h"

static int peer_of(const struct end *end)
{
	return end == end->pair->end;
}

static void set_end(struct pair *pair, int i, int fd, size_t book)
{
	struct end *end = &pair->end[i];
	socklen_t len = sizeof(end->addr);

	end->pair = pair;
	end->fd = fd;
	end->out = &pair->flow[i];
	end->in = &pair->flow[!i];
	end->connected = true;
	end->book = book;
	check(NULL, !getsockname(fd, (void *)&end->addr, &len), "%d", errno);
	memcpy(m.book + book, &end->addr, 28);
}

/* The far end of a UDP pair may be connected, or see addresses. */
static void connect_far(struct pair *pair)
{
	struct end *far = &pair->end[1];

	far->connected = chance(2);
	if (far->connected)
		check(NULL, !connect(far->fd, (void *)&pair->end[0].addr,
				     sizeof(pair->end[0].addr)), "%d", errno);
}

/* So that sends do not fit, half of the time. */
static void small_buffers(const int fd[2])
{
	int size = 2048 << rnd(3);

	for (int i = 0; i < 2; i++) {
		if (chance(2))
			setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &size,
				   sizeof(size));
		if (chance(2))
			setsockopt(fd[i], SOL_SOCKET, SO_RCVBUF, &size,
				   sizeof(size));
	}
}

/*
 * TCP asks a window that was closed at less and less often, for minutes: also
 * one that stays so, because the peer shut its socket down with bytes in it,
 * read those, and went.
 */
static void limit_probes(const int fd[2])
{
	int ms = PROBES_MS;

	for (int i = 0; i < 2; i++)
		check(NULL, !setsockopt(fd[i], IPPROTO_TCP, TCP_USER_TIMEOUT,
					&ms, sizeof(ms)), "%d", errno);
}

unsigned int port_of(const struct end *end)
{
	const struct sockaddr_in *sin = (const void *)&end->addr;

	return ntohs(sin->sin_port);
}

static bool has_port(const struct pair *pair, unsigned int port)
{
	return pair && (port_of(&pair->end[0]) == port ||
			port_of(&pair->end[1]) == port);
}

/* Is its port that of a socket of another pair, or was it? */
static bool is_known_port(int fd)
{
	struct sockaddr_in6 addr;
	socklen_t len = sizeof(addr);

	check(NULL, !getsockname(fd, (void *)&addr, &len), "%d", errno);
	for (int i = 0; i < PAIRS; i++)
		if (has_port(m.pairs[i], ntohs(addr.sin6_port)))
			return true;
	return false;
}

/*
 * Two sockets with new ports: when one of a pair is gone, datagrams are sent to
 * it still, and who had its port would get them.
 */
static void open_sockets(bool veth, int family, int type, int fd[2])
{
	while (true) {
		check(NULL, !rb_pair(veth ? &m.net : NULL, family, type, fd),
		      "errno %d", errno);
		if (!is_known_port(fd[0]) && !is_known_port(fd[1]))
			return;
		close(fd[0]);
		close(fd[1]);
	}
}

/* Queues do not want sockets to be non-blocking; neither do we. */
static struct pair *pair_open(unsigned int nr)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	int family = chance(2) ? AF_INET : AF_INET6;
	int type = chance(3) ? SOCK_DGRAM : SOCK_STREAM;
	bool veth = chance(2);
	int fd[2];

	check(NULL, pair, "no memory");
	open_sockets(veth, family, type, fd);
	small_buffers(fd);
	if (type == SOCK_STREAM)
		limit_probes(fd);
	for (int i = 0; i < 2; i++) {
		pair->flow[i].stream = type == SOCK_STREAM;
		pair->flow[i].veth = veth;
		set_end(pair, i, fd[i], (2 * nr + i) * 32);
	}
	if (type == SOCK_DGRAM)
		connect_far(pair);
	return pair;
}

struct endpoint *endpoint_find(struct queue *q, __u32 nr)
{
	for (unsigned int i = 0; i < q->nr_eps; i++)
		if (q->eps[i]->nr == nr)
			return q->eps[i];
	return NULL;
}

/* An entry that names none must not mean the next that gets the number. */
static bool none_named(struct queue *q)
{
	__u32 head = rb_load(&q->rb.ring->sq_head), nr;

	for (__u32 i = head; i != q->rb.tail; i++) {
		nr = q->entries[i % ENTRIES]->sqe.endpoint;
		if (nr && !endpoint_find(q, nr))
			return true;
	}
	return false;
}

static void break_flows(struct pair *pair)
{
	pair->flow[0].broken = true;
	pair->flow[1].broken = true;
}

/* Without a descriptor and an endpoint the socket is closed, soon at least. */
void end_left(struct end *end)
{
	if (end->fd < 0 && !(end->tx && end->tx->live) &&
	    !(end->rx && end->rx->live))
		break_flows(end->pair);
}

/* Its lanes are free. */
void end_release(const struct endpoint *ep)
{
	struct end *end = ep->end;

	if (end->tx == ep)
		end->tx = NULL;
	if (end->rx == ep)
		end->rx = NULL;
}

static void attached(struct queue *q, struct end *end, struct endpoint *ep)
{
	check(q, ep->nr && !endpoint_find(q, ep->nr), "endpoint %u", ep->nr);
	note(q, "new endpoint %lld, flags %#llx, maxima %lld and %lld",
	     ep->nr, ep->flags, ep->max_send, ep->max_recv);
	ep->q = q;
	ep->end = end;
	ep->live = true;
	if (ep->flags & REGBUF_ATTACH_F_SEND)
		end->tx = ep;
	if (ep->flags & REGBUF_ATTACH_F_RECV)
		end->rx = ep;
	q->eps[q->nr_eps++] = ep;
}

static int try_attach(struct queue *q, struct endpoint *ep, int fd)
{
	return rb_q_attach(&q->rb, fd, ep->flags, ep->max_send, ep->max_recv,
			   &ep->nr);
}

/* The last send that was drained is posted just before its lane is free. */
static int attach_soon(struct queue *q, struct endpoint *ep, int fd)
{
	check(q, rb_within(PATIENCE, !try_attach(q, ep, fd)),
	      "a lane that was drained is not free");
	return 0;
}

/*
 * C3: a lane in each direction, in the whole system. The one of an endpoint
 * that is drained may be free already, and we have not seen it.
 */
static void attach(struct queue *q, struct end *end, __u32 flags)
{
	struct endpoint *tx = flags & REGBUF_ATTACH_F_SEND ? end->tx : NULL;
	struct endpoint *rx = flags & REGBUF_ATTACH_F_RECV ? end->rx : NULL;
	struct endpoint *ep = calloc(1, sizeof(*ep));
	int err;

	check(q, ep, "no memory");
	while (none_named(q))
		enter(q, ENTRIES, 0, 0);
	ep->flags = flags;
	ep->max_send = chance(4) ? 1 + rnd(6) : 0;
	ep->max_recv = chance(4) ? 1 + rnd(6) : 0;
	err = try_attach(q, ep, end->fd);
	if ((rx && rx->live) || (tx && tx->live))
		check(q, err == -EBUSY, "C3: %d, it has a lane", err);
	else if (rx || tx)
		check(q, !err || err == -EBUSY, "%d", err);
	else if (err && end->drained)
		err = attach_soon(q, ep, end->fd);
	else
		check(q, !err, "%d, it is free", err);
	if (err)
		free(ep);
	else
		attached(q, end, ep);
}

static struct end *any_end(void)
{
	return &m.pairs[rnd(PAIRS)]->end[rnd(2)];
}

void step_attach(void)
{
	static const __u32 lanes[] = {
		RB_BOTH, RB_BOTH, REGBUF_ATTACH_F_SEND, REGBUF_ATTACH_F_RECV,
	};
	struct queue *q = &m.queues[rnd(QUEUES)];
	struct end *end = any_end();
	__u32 flags = lanes[rnd(4)];

	/* At most as many as there are ends: no limit of the kernel's. */
	if (end->fd < 0 || q->nr_eps == 2 * PAIRS)
		return;
	/* Which bytes the lane before got must be known before more are. */
	if (!(end->rx && end->rx->live) && end->in->recvs)
		return;
	if (chance(4) && flags & REGBUF_ATTACH_F_SEND)
		flags |= REGBUF_ATTACH_F_ORDERED;
	if (chance(4) && flags & REGBUF_ATTACH_F_SEND)
		flags |= REGBUF_ATTACH_F_SINGLE;
	attach(q, end, flags);
}

/* C15: requests that have not entered the socket end; nothing new comes. */
static void cancel_pending(const struct endpoint *ep, bool sends)
{
	for (int i = 0; i < REQUESTS; i++) {
		struct request *req = &m.reqs[i];
		bool send = req->sqe.op == REGBUF_OP_SEND;

		if (req->state != PENDING || req->ep != ep)
			continue;
		if (send && !sends)
			continue;
		req->may_cancel = true;
		req->must_end = !send && req->sqe.op != REGBUF_OP_SHUTDOWN;
	}
}

static void remove_endpoint(struct endpoint *ep)
{
	struct queue *q = ep->q;
	unsigned int i = 0;

	while (q->eps[i] != ep)
		i++;
	q->eps[i] = q->eps[--q->nr_eps];
	q->dead_ep = ep->nr;
	ep->live = false;
}

void endpoint_detach(struct endpoint *ep, __u32 flags)
{
	struct end *end = ep->end;
	struct queue *q = ep->q;
	int err = rb_q_detach(&q->rb, ep->nr, flags);

	note(q, "detached endpoint %lld, flags %#llx: %lld", ep->nr, flags,
	     err);
	check(q, !err, "detach: %d", err);
	check(q, rb_q_detach(&q->rb, ep->nr, 0) == -ENOENT, "twice");
	remove_endpoint(ep);
	cancel_pending(ep, !flags);
	if (!flags || !ep->sends)
		end_release(ep);
	for (int i = 0; i < 2 && flags & REGBUF_DETACH_F_CLOSE; i++) {
		end->pair->flow[i].broken = true;
		end->pair->flow[i].ended = true;
	}
	end_left(end);
}

void step_detach(void)
{
	static const __u32 ways[] = {
		0, 0, REGBUF_DETACH_F_DRAIN, REGBUF_DETACH_F_DRAIN,
		REGBUF_DETACH_F_CLOSE,
	};
	struct queue *q = &m.queues[rnd(QUEUES)];

	if (q->nr_eps)
		endpoint_detach(q->eps[rnd(q->nr_eps)], ways[rnd(5)]);
}

static void pair_close(struct pair *pair)
{
	struct linger reset = { .l_onoff = 1 };

	break_flows(pair);
	for (int i = 0; i < 2; i++) {
		struct end *end = &pair->end[i];

		if (end->tx && end->tx->live)
			endpoint_detach(end->tx, 0);
		if (end->rx && end->rx->live)
			endpoint_detach(end->rx, 0);
		if (end->fd < 0)
			continue;
		if (chance(4))
			setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &reset,
				   sizeof(reset));
		close(end->fd);
		end->fd = -1;
	}
	settle_pair(pair);
	free(pair->flow[0].held);
	free(pair->flow[1].held);
	free(pair);
}

/* Everything of it ends, at once or when the network lets go. */
static void pair_replace(unsigned int i)
{
	pair_close(m.pairs[i]);
	m.pairs[i] = NULL;
	m.pairs[i] = pair_open(i);
}

static void pair_leave(struct pair *pair, const struct queue *q)
{
	for (int i = 0; i < 2; i++) {
		struct end *end = &pair->end[i];

		if (end->tx && end->tx->q == q)
			end->tx = NULL;
		if (end->rx && end->rx->q == q)
			end->rx = NULL;
		end_left(end);
	}
}

/*
 * A queue was closed: the lanes are free, and its completions not to be had.
 * Other queues' completions are looked at while a pair is replaced: by then it
 * has to be known of all pairs whether they are broken.
 */
void pairs_leave(const struct queue *q)
{
	for (unsigned int i = 0; i < PAIRS; i++)
		pair_leave(m.pairs[i], q);
	for (unsigned int i = 0; i < PAIRS; i++)
		if (m.pairs[i]->flow[0].blind || m.pairs[i]->flow[1].blind)
			pair_replace(i);
}

void pairs_setup(void)
{
	for (unsigned int i = 0; i < PAIRS; i++)
		m.pairs[i] = pair_open(i);
}

void pairs_close(void)
{
	for (unsigned int i = 0; i < PAIRS; i++)
		pair_close(m.pairs[i]);
}

/* The endpoint has the socket, and nobody else; or the peer goes away. */
static void close_end(struct end *end)
{
	struct linger reset = { .l_onoff = 1 };

	if (end->fd < 0)
		return;
	if (!end->tx && !end->rx) {
		break_flows(end->pair);
		if (chance(2))
			setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &reset,
				   sizeof(reset));
	}
	close(end->fd);
	end->fd = -1;
}

/* C15: an endpoint keeps its socket, and gives a descriptor of it. */
void end_reopen(struct end *end)
{
	struct endpoint *ep = end->rx ?: end->tx;

	if (end->fd >= 0 || !ep || !ep->live)
		return;
	end->fd = rb_q_socket(&ep->q->rb, ep->nr);
	check(ep->q, end->fd >= 0, "socket: %d", end->fd);
}

/* Half of the time, a pair of which nothing can come any more. */
static unsigned int spent_pair(void)
{
	unsigned int first = rnd(PAIRS);

	for (unsigned int i = 0; i < PAIRS && chance(2); i++) {
		const struct pair *pair = m.pairs[(first + i) % PAIRS];

		if (pair->flow[0].broken || pair->flow[0].ended ||
		    pair->flow[1].ended)
			return (first + i) % PAIRS;
	}
	return first;
}

void step_break(void)
{
	struct end *end = any_end();

	switch (rnd(4)) {
	case 0:
		close_end(end);
		break;
	case 1:
		end_reopen(end);
		break;
	case 2:
		if (!end->out->stream || end->fd < 0 || end->out->sends)
			break;
		shutdown(end->fd, SHUT_WR);
		end->out->ended = true;
		break;
	case 3:
		pair_replace(spent_pair());
		return;		/* maybe the end's */
	}
	end_left(end);
}

/* Whose flow it is. */
struct pair *pair_of(const struct flow *flow)
{
	for (int i = 0; i < PAIRS; i++)
		if (flow == &m.pairs[i]->flow[0] ||
		    flow == &m.pairs[i]->flow[1])
			return m.pairs[i];
	die(NULL, "a flow of no pair");
}

/* TCP may reset a connection for reasons of its own, but not often. */
bool pair_reset(struct pair *pair)
{
	if (++m.resets > RESETS)
		return false;
	break_flows(pair);
	return true;
}

/* Both sides have shut down; what comes late may be answered with a reset. */
bool pair_over(const struct pair *pair)
{
	return pair->flow[0].ended && pair->flow[1].ended;
}

/* Of a call by somebody else on the socket. */
static void check_errno(const struct end *end, const struct flow *flow,
			int error)
{
	if (error == EAGAIN || (error == ENOBUFS && !flow->stream))
		return;
	check(NULL, flow->broken || (flow->ended && error == EPIPE) ||
	      flow->blind || pair_over(end->pair) ||
	      (flow->stream && pair_reset(end->pair)), "%s", strerror(error));
}

static ssize_t plain_send(struct end *end, const void *mem, size_t len)
{
	struct end *to = &end->pair->end[peer_of(end)];
	bool v4 = to->addr.ss_family == AF_INET;
	socklen_t size = v4 ? sizeof(struct sockaddr_in) :
			      sizeof(struct sockaddr_in6);

	if (end->connected)
		return send(end->fd, mem, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sendto(end->fd, mem, len, MSG_DONTWAIT | MSG_NOSIGNAL,
		      (void *)&to->addr, size);
}

/* While no request could get between. */
void step_write(void)
{
	struct end *end = any_end();
	size_t len = pick_length(end->out->stream);
	unsigned char *mem = m.table + pick_start(len);
	ssize_t n;

	if (end->fd < 0 || end->out->sends || !flow_room(end->out))
		return;
	m.calls++;
	n = plain_send(end, mem, len);
	if (n < 0)
		check_errno(end, end->out, errno);
	else
		flow_wrote(end->out, mem, n, n, NULL);
}

/* Some of what is there; false if there was nothing. */
bool end_read(struct end *end)
{
	static unsigned char bytes[65536];
	struct flow *flow = end->in;
	ssize_t n;

	n = recv(end->fd, bytes, chance(4) ? sizeof(bytes) : 9000,
		 MSG_DONTWAIT);
	if (n < 0)
		check_errno(end, flow, errno);
	else if (n || !flow->stream)
		flow_got(NULL, flow, bytes, n, false);
	else
		flow_end(NULL, flow);
	return n > 0;
}

/*
 * TCP may give up a connection of which one direction has ended, and the rest
 * of what was sent in the other is lost. recv(2) tells of nothing but the end
 * then, and the peer need not hear of it.
 */
void end_ask(const struct end *end)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (end->fd < 0)
		return;
	check(NULL, !getsockopt(end->fd, SOL_SOCKET, SO_ERROR, &error, &len),
	      "%s", strerror(errno));
	if (error)
		check_errno(end, end->out, error);
}

/* Some of what is there, unless a request is to have it. */
void step_read(void)
{
	struct end *end = any_end();

	if (end->fd < 0 || end->in->recvs)
		return;
	m.calls++;
	end_read(end);
}

static bool is_waiting(const struct flow *flow)
{
	for (int i = 0; i < QUEUES; i++)
		mark_posted(&m.queues[i]);
	for (int i = 0; i < REQUESTS; i++)
		if (surely_waits(&m.reqs[i]) && m.reqs[i].flow == flow)
			return true;
	return false;
}

/* C3: EBUSY while a lane has work. Sends that the network has are none. */
void step_sync_send(void)
{
	struct end *end = any_end();
	struct flow *flow = end->out;
	size_t len = pick_length(flow->stream);
	unsigned char *mem = m.table + pick_start(len);
	struct regbuf_slice slice = rb_slice(m.all_table.id, mem - m.table,
					     len);
	struct regbuf_ioc_send msg = rb_msg(end->fd, &slice, 1);
	bool maybe = flow->sends;
	int err;

	if (end->fd < 0 || !end->connected || !flow_room(flow))
		return;
	msg.flags = REGBUF_SEND_F_DONTWAIT;
	err = rb_ioctl(m.dev, REGBUF_IOC_SEND, &msg);
	if (err == -EBUSY) {
		check(NULL, maybe, "C3: busy, and nothing is pending");
		return;
	}
	check(NULL, !is_waiting(flow), "C3: %d, and requests wait", err);
	if (err)
		check_errno(end, flow, -err);
	else
		flow_wrote(flow, mem, msg.sent, msg.sent, NULL);
}
