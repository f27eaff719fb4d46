// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets: each worker listens, has datagram sockets, and connects to others.
 * Half of them live at either end of a bad network; those at the same end meet
 * on loopback.
 */
#include "soak.h"

static const char *host_of(unsigned int nr, int family)
{
	if (nr % 2)
		return family == AF_INET ? RB_PEER4 : RB_PEER6;
	return family == AF_INET ? RB_NEAR4 : RB_NEAR6;
}

socklen_t address_of(unsigned int nr, int family, struct sockaddr_storage *ss)
{
	return rb_addr(family, host_of(nr, family), PORT + nr, ss);
}

/* NULL if there are enough. */
struct link *link_new(struct queue *q, bool stream)
{
	static __u32 serial;

	for (int i = 0; i < LINKS; i++) {
		struct link *l = &w.links[i];

		if (l->used)
			continue;
		*l = (struct link){
			.used = true,
			.stream = stream,
			.fd = -1,
			.q = q,
			.key = name_new(NAME_LINK, ++serial),
		};
		return l;
	}
	return NULL;
}

/* One that may be used, if the one that came out is. */
struct link *any_link(bool stream)
{
	struct link *l = &w.links[rnd(LINKS)];

	for (int i = 0; i < LINKS; i++) {
		if (l->used && !l->dead && !l->listens && l->stream == stream)
			return l;
		if (++l == w.links + LINKS)
			l = w.links;
	}
	return NULL;
}

/* Nothing will be heard of it any more. */
void link_done(struct link *l)
{
	if (l->dead && !l->pending)
		*l = (struct link){ };
}

static void link_drop(struct link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->dead = true;
	link_done(l);
}

static void link_detach(struct link *l, __u32 flags)
{
	ALLOW("detach", rb_q_detach(&l->q->rb, l->ep, flags), 0);
}

/* In one way or another; the peer sees the end, or a reset. */
void link_close(struct link *l)
{
	static const __u32 ways[] = {
		0, REGBUF_DETACH_F_DRAIN, REGBUF_DETACH_F_CLOSE,
	};
	struct linger reset = { .l_onoff = 1 };
	bool early = chance(4), abrupt = chance(4);

	if (abrupt && l->fd >= 0)
		setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &reset,
			   sizeof(reset));
	if (early && l->fd >= 0) {
		close(l->fd);
		l->fd = -1;
	}
	link_detach(l, ways[rnd(3)]);
	link_drop(l);
}

/* At once, and what it had under way is forgotten by TCP. */
void link_abort(struct link *l)
{
	struct linger reset = { .l_onoff = 1 };

	if (l->fd < 0)
		l->fd = rb_q_socket(&l->q->rb, l->ep);
	if (l->fd >= 0 && l->stream)
		setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &reset,
			   sizeof(reset));
	link_detach(l, 0);
	link_drop(l);
}

/* Attach; without memory for it there is no such link. */
static bool link_attach(struct link *l, __u32 flags)
{
	__u32 max = chance(3) ? 1 + rnd(8) : 0;
	int err;

	l->flags = RB_BOTH | flags;
	err = rb_q_attach(&l->q->rb, l->fd, l->flags, max, max, &l->ep);
	ALLOW("attach", err, ENOMEM);
	if (!err)
		return true;
	link_drop(l);
	return false;
}

/* So that sends do not fit, and that they end when nobody answers. */
static void socket_options(int fd)
{
	int size = 4096 << rnd(5), ms = 20000;

	if (chance(2))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (chance(2))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

/* -1 if what an earlier life left has the address. */
static int bound(int family, int type)
{
	struct sockaddr_storage ss;
	socklen_t len = address_of(w.nr, family, &ss);
	int fd = socket(family, type | SOCK_CLOEXEC, 0), pmtu = IP_PMTUDISC_DO;

	rb_sockopt_on(fd, SOL_SOCKET, SO_REUSEADDR);
	if (type == SOCK_STREAM)
		socket_options(fd);
	else
		setsockopt(fd, SOL_IP, IP_MTU_DISCOVER, &pmtu, sizeof(pmtu));
	if (!bind(fd, (struct sockaddr *)&ss, len) &&
	    (type != SOCK_STREAM || !listen(fd, 8)))
		return fd;
	close(fd);
	return -1;
}

static void listen_on(struct link *l)
{
	struct req *r;

	l->listens = true;
	if (!link_attach(l, 0))
		return;
	r = req_new(l->q, REGBUF_OP_ACCEPT, l);
	if (!r)
		return;
	r->flags = REGBUF_SQE_F_MULTI;
	req_sqe(r)->flags = r->flags;
	submit(l->q);
}

/* Two that listen with one queue, two for datagrams with the other. */
void links_open(struct queue *q)
{
	int type = q == w.queues ? SOCK_STREAM : SOCK_DGRAM;

	for (int i = 0; i < 2; i++) {
		int fd = bound(i ? AF_INET6 : AF_INET, type);
		struct link *l;

		if (fd < 0)
			continue;
		l = link_new(q, type == SOCK_STREAM);
		if (!l) {
			close(fd);
			continue;
		}
		l->fd = fd;
		if (type == SOCK_STREAM)
			listen_on(l);
		else
			link_attach(l, chance(4) ? REGBUF_ATTACH_F_ORDERED : 0);
	}
}

/* Their queue is about to be closed. */
void links_leave(struct queue *q)
{
	for (int i = 0; i < LINKS; i++) {
		struct link *l = &w.links[i];

		if (l->used && l->q == q && l->fd >= 0) {
			close(l->fd);
			l->fd = -1;
		}
	}
}

/* Somebody connected: it is an endpoint already. */
void link_accepted(struct queue *q, __u32 ep)
{
	struct link *l = link_new(q, true);

	if (!l) {
		ALLOW("detach", rb_q_detach(&q->rb, ep, 0), 0);
		return;
	}
	l->ep = ep;
	l->flags = RB_BOTH;
}

void op_connect(void)
{
	static const __u32 ways[] = {
		0, 0, REGBUF_ATTACH_F_ORDERED, REGBUF_ATTACH_F_SINGLE,
	};
	int family = chance(2) ? AF_INET : AF_INET6;
	struct sockaddr_storage ss;
	socklen_t len = address_of(rnd(SEATS), family, &ss);
	__u32 flags = ways[rnd(4)];
	struct link *l = link_new(any_queue(), true);
	struct req *r;

	if (!l)
		return;
	l->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		die("socket: %s", strerror(errno));
	socket_options(l->fd);
	if (connect(l->fd, (struct sockaddr *)&ss, len) &&
	    errno != EINPROGRESS) {
		link_drop(l);
		return;
	}
	if (!link_attach(l, flags))
		return;
	r = req_new(l->q, REGBUF_OP_CONNECT, l);
	if (!r)
		return;
	req_sqe(r);
	submit(l->q);
}

/* What has come to its end. */
void links_tidy(void)
{
	for (int i = 0; i < LINKS; i++) {
		struct link *l = &w.links[i];

		if (l->used && !l->dead && !l->listens && l->stream &&
		    (l->broken || l->over))
			link_close(l);
	}
}

void op_close(void)
{
	struct link *l = any_link(true);

	if (l)
		link_close(l);
}

/* Nothing comes after what was sent before. */
static void draft_shutdown(struct link *l)
{
	struct req *r = req_new(l->q, REGBUF_OP_SHUTDOWN, l);

	if (r)
		req_sqe(r);
}

/* The last frame says how many there were: C4, none of them is missing. */
void op_end(void)
{
	struct link *l = any_link(true);
	bool shut = chance(2);
	struct regbuf_sqe *sqe;
	struct req *r;

	if (!l || l->sends || l->broken || l->ending)
		return;
	r = req_new(l->q, REGBUF_OP_SEND, l);
	if (!r)
		return;
	r->frame = (struct frame){
		.magic = FRAME_END,
		.seq = l->frames,
		.link = l->key,
	};
	frame_seal(&r->frame);
	r->end = true;
	r->len = sizeof(r->frame);
	sqe = req_sqe(r);
	sqe->id = (unsigned long)&r->frame;
	sqe->length = r->len;
	sqe->flags = REGBUF_SQE_F_INLINE;
	r->flags = sqe->flags;
	l->ending = true;
	if (shut)
		draft_shutdown(l);
	submit(l->q);
}
