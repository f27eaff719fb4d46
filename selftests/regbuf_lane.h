/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_LANE_H
#define REGBUF_LANE_H

/*
 * What tests of endpoints and their lanes share: a bad network without starting
 * programs, a stream that is compared as it is read, completions that are
 * counted by request, and control data.
 */

#include "regbuf_queue.h"

#include <linux/pkt_sched.h>
#include <netlink/msg.h>

/* How long nothing should come: too short only misses a mistake. */
#define RB_SHORT	(20 * RB_MSEC)

#define RB_COPY(reason)	(1U << REGBUF_COPY_##reason)

/*
 * netem(8) on a device of this namespace, with the time in microseconds and
 * the rest in percent. Replaces what it was told before.
 */
struct rb_netem {
	__u64 delay_us;
	__u64 jitter_us;
	unsigned int loss;
	unsigned int reorder;
	unsigned int duplicate;
};

static inline __u32 rb_netem_share(unsigned int percent)
{
	return (__u32)(0xffffffffULL * percent / 100);
}

static inline int rb_netem_options(struct nl_msg *msg,
				   const struct rb_netem *netem)
{
	struct tc_netem_reorder reorder = {
		.probability = rb_netem_share(netem->reorder),
	};
	struct tc_netem_qopt qopt = {
		.limit = 10000,
		.loss = rb_netem_share(netem->loss),
		.gap = !!netem->reorder,
		.duplicate = rb_netem_share(netem->duplicate),
	};
	struct nlattr *nest = nla_nest_start(msg, TCA_OPTIONS);

	if (!nest || nlmsg_append(msg, &qopt, sizeof(qopt), NLA_ALIGNTO) ||
	    nla_put_u64(msg, TCA_NETEM_LATENCY64, netem->delay_us * 1000) ||
	    nla_put_u64(msg, TCA_NETEM_JITTER64, netem->jitter_us * 1000) ||
	    nla_put(msg, TCA_NETEM_REORDER, sizeof(reorder), &reorder))
		return -1;
	return nla_nest_end(msg, nest);
}

/* A root qdisc of a kind, NULL to take it away; 0 or not. */
static inline int rb_qdisc(const char *dev, const struct rb_netem *netem)
{
	struct tcmsg tcm = {
		.tcm_ifindex = (int)if_nametoindex(dev),
		.tcm_parent = TC_H_ROOT,
	};
	struct nl_msg *msg = netem ?
		nlmsg_alloc_simple(RTM_NEWQDISC,
				   NLM_F_CREATE | NLM_F_REPLACE) :
		nlmsg_alloc_simple(RTM_DELQDISC, 0);
	struct nl_sock *nl = nl_socket_alloc();
	int err = nl_connect(nl, NETLINK_ROUTE) ?:
		  nlmsg_append(msg, &tcm, sizeof(tcm), NLMSG_ALIGNTO);

	if (!err && netem)
		err = nla_put_string(msg, TCA_KIND, "netem") ?:
		      rb_netem_options(msg, netem);
	if (err)
		nlmsg_free(msg);
	else
		err = nl_send_sync(nl, msg);
	nl_socket_free(nl);
	return err;
}

/* What this side sends. */
static inline int rb_net_near_netem(const struct rb_netem *netem)
{
	return rb_qdisc("veth0", netem);
}

/* What the peer sends, acknowledgments among it. */
static inline int rb_net_peer_netem(const struct rb_net *net,
				    const struct rb_netem *netem)
{
	if (rb_net_peer(net) || rb_qdisc("veth1", netem))
		return -1;
	return rb_net_near(net);
}

/* From here on nothing is acknowledged, until rb_net_release(). */
static inline int rb_net_hold(const struct rb_net *net)
{
	struct rb_netem netem = { .delay_us = 100000000 };

	return rb_net_peer_netem(net, &netem);
}

/* A byte from the peer's socket carries the acknowledgment. */
static inline int rb_net_release(const struct rb_net *net, int far)
{
	if (rb_net_peer_netem(net, NULL))
		return -1;
	return far < 0 || send(far, "!", 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* Numbers that look random, the same each time for the same seed. */
static inline __u32 rb_rand(__u64 *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 33;
}

static inline int rb_sockbuf(int sock, int which, int bytes)
{
	return setsockopt(sock, SOL_SOCKET, which, &bytes, sizeof(bytes));
}

static inline int rb_sockopt_on(int sock, int level, int what)
{
	int one = 1;

	return setsockopt(sock, level, what, &one, sizeof(one));
}

/* From now on veth0 drops what a datagram socket sends, and says so. */
static inline int rb_choke(int sock)
{
	rb_sockopt_on(sock, SOL_IP, IP_RECVERR);
	rb_sockopt_on(sock, SOL_IPV6, IPV6_RECVERR);
	if (rb_sh("tc qdisc replace dev veth0 root netem delay 100s limit 1"))
		return -1;
	while (send(sock, "x", 1, 0) == 1)
		;
	return errno == ENOBUFS ? 0 : -1;
}

/* Events of a socket, now. */
static inline int rb_sock_events(int sock, int events)
{
	struct pollfd pfd = { .fd = sock, .events = events };

	return poll(&pfd, 1, 0) < 0 ? -errno : pfd.revents;
}

/* What a stream should carry: noted when sent, compared when read. */
struct rb_stream {
	unsigned char *bytes;
	size_t size;
	size_t sent;
	size_t seen;
};

static inline int rb_stream_init(struct rb_stream *s, size_t size)
{
	*s = (struct rb_stream){ .bytes = malloc(size), .size = size };
	return s->bytes ? 0 : -1;
}

static inline void rb_stream_note(struct rb_stream *s, const void *mem,
				  size_t len)
{
	if (len > s->size - s->sent) {
		fprintf(stderr, "# a test that sends more than it said\n");
		abort();
	}
	memcpy(s->bytes + s->sent, mem, len);
	s->sent += len;
}

static inline int rb_stream_compare(struct rb_stream *s, const void *bytes,
				    size_t len)
{
	if (len > s->sent - s->seen ||
	    memcmp(bytes, s->bytes + s->seen, len)) {
		fprintf(stderr, "# other bytes at %zu\n", s->seen);
		return -1;
	}
	s->seen += len;
	return 0;
}

/* Read some, if there are any: how many, or -1 at the end or if wrong. */
static inline ssize_t rb_stream_read(struct rb_stream *s, int sock, size_t max)
{
	static unsigned char data[65536];
	ssize_t n;

	n = recv(sock, data, max < sizeof(data) ? max : sizeof(data),
		 MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return -1;
	return rb_stream_compare(s, data, n) ? -1 : n;
}

static inline int rb_stream_whole(const struct rb_stream *s)
{
	return s->seen == s->sent;
}

/* Read what is there, not past the last: there may be the end. */
static inline int rb_stream_some(struct rb_stream *s, int sock)
{
	ssize_t n = 1;

	while (n > 0 && !rb_stream_whole(s))
		n = rb_stream_read(s, sock, 65536);
	return n < 0 ? -1 : 0;
}

/* Read all that is still to come: 0 if it came. */
static inline int rb_stream_rest(struct rb_stream *s, int sock)
{
	if (rb_within(20, rb_stream_some(s, sock) || rb_stream_whole(s)) &&
	    rb_stream_whole(s))
		return 0;
	fprintf(stderr, "# %zu of %zu bytes\n", s->seen, s->sent);
	return -1;
}

/*
 * Completions by user data, which is 1 to @nr: C1 wants exactly one of each.
 */
#define RB_TALLY_MAX	1024

struct rb_tally {
	__u32 nr;
	__u32 done;
	__u32 last;		/* user data of the last one */
	struct regbuf_cqe cqes[RB_TALLY_MAX + 1];
};

static inline struct rb_tally *rb_tally_new(__u32 nr)
{
	struct rb_tally *tally = calloc(1, sizeof(*tally));

	if (tally && nr <= RB_TALLY_MAX)
		tally->nr = nr;
	return tally;
}

static inline int rb_tally_add(struct rb_tally *tally,
			       const struct regbuf_cqe *cqe)
{
	if (cqe->user_data < 1 || cqe->user_data > tally->nr ||
	    tally->cqes[cqe->user_data].user_data ||
	    cqe->flags & (REGBUF_CQE_F_MORE | REGBUF_CQE_F_EARLY)) {
		fprintf(stderr, "# data %llu, error %u, flags %#x: too many\n",
			cqe->user_data, cqe->error, cqe->flags);
		return -1;
	}
	tally->cqes[cqe->user_data] = *cqe;
	tally->last = cqe->user_data;
	tally->done++;
	return 0;
}

/* What is there now; no call. */
static inline int rb_tally_take(struct rb_tally *tally, struct rb_queue *q)
{
	struct regbuf_cqe cqe;

	while (rb_q_pop(q, &cqe))
		if (rb_tally_add(tally, &cqe))
			return -1;
	return 0;
}

/* All of them, and no more. */
static inline int rb_tally_all(struct rb_tally *tally, struct rb_queue *q)
{
	struct regbuf_cqe cqe;

	while (tally->done < tally->nr)
		if (rb_q_next(q, &cqe) || rb_tally_add(tally, &cqe)) {
			fprintf(stderr, "# %u of %u completions\n",
				tally->done, tally->nr);
			return -1;
		}
	return rb_q_empty(q) ? 0 : -1;
}

/* The first that has another error or value; 0 if none. */
static inline __u32 rb_tally_differs(const struct rb_tally *tally, __u32 from,
				     __u32 to, __u32 error, __u64 value)
{
	for (__u32 i = from; i <= to; i++)
		if (tally->cqes[i].error != error ||
		    tally->cqes[i].value != value) {
			fprintf(stderr, "# %u: error %u, value %llu\n", i,
				tally->cqes[i].error, tally->cqes[i].value);
			return i;
		}
	return 0;
}

/* 0 if no completion comes while we wait for one, working for the queue. */
static inline int rb_q_quiet(struct rb_queue *q)
{
	int err = rb_q_enter(q, 0, 1, RB_SHORT, NULL);

	return err == -ETIMEDOUT && rb_q_empty(q) ? 0 : -1;
}

/*
 * The next completion: of that request, without an error, with that value. Says
 * what it was if not.
 */
static inline int rb_q_value(struct rb_queue *q, __u64 data, __u64 value)
{
	struct regbuf_cqe cqe;
	int err = rb_q_next(q, &cqe);

	if (!err && cqe.user_data == data && !cqe.error && cqe.value == value)
		return 0;
	fprintf(stderr, "# %d; data %llu, error %u, flags %#x, value %llu\n",
		err, cqe.user_data, cqe.error, cqe.flags, cqe.value);
	return -1;
}

/* Likewise with an error, as which nothing was sent or received. */
static inline int rb_q_error(struct rb_queue *q, __u64 data, __u32 error)
{
	struct regbuf_cqe cqe;
	int err = rb_q_next(q, &cqe);

	if (!err && cqe.user_data == data && cqe.error == error && !cqe.value)
		return 0;
	fprintf(stderr, "# %d; data %llu, error %u, flags %#x, value %llu\n",
		err, cqe.user_data, cqe.error, cqe.flags, cqe.value);
	return -1;
}

/* Submit what was written, of which the first entry is refused with @err. */
static inline int rb_q_refuses(struct rb_queue *q, int err)
{
	int got = rb_q_submit_all(q);

	rb_q_drop(q);
	if (got == err && rb_q_empty(q))
		return 0;
	fprintf(stderr, "# expected %d, got %d\n", err, got);
	return -1;
}

/* Attach with both lanes; why sends would be copied, or -errno. */
static inline int rb_q_attach_reasons(struct rb_queue *q, int sock, __u32 *ep)
{
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = RB_BOTH,
		.fd = sock,
	};
	int err = rb_ioctl(q->fd, REGBUF_IOC_ATTACH, &attach);

	*ep = attach.endpoint;
	return err ?: (int)attach.copy_reasons;
}

/* A socket bound to a host, with a port of its own; its address. */
static inline int rb_bound(int family, int type, const char *host,
			   struct sockaddr_storage *ss, socklen_t *len)
{
	int sock = socket(family, type | SOCK_CLOEXEC, 0);

	*len = rb_addr(family, host, 0, ss);
	if (sock < 0 || bind(sock, (struct sockaddr *)ss, *len) ||
	    getsockname(sock, (struct sockaddr *)ss, len))
		return -1;
	return sock;
}

static inline const char *rb_loopback(int family)
{
	return family == AF_INET ? "127.0.0.1" : "::1";
}

/* A listening socket on loopback, and where. */
static inline int rb_listener(int family, struct sockaddr_storage *ss,
			      socklen_t *len)
{
	int sock = rb_bound(family, SOCK_STREAM, rb_loopback(family), ss, len);

	return sock >= 0 && !listen(sock, 64) ? sock : -1;
}

static inline int rb_dial(const struct sockaddr_storage *ss, socklen_t len)
{
	int sock = socket(ss->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(sock, (const struct sockaddr *)ss, len) ? -1 : sock;
}

/* Drop the connection at once: the peer is told that it is gone. */
static inline int rb_reset(int sock)
{
	struct linger linger = { .l_onoff = 1 };

	return setsockopt(sock, SOL_SOCKET, SO_LINGER, &linger,
			  sizeof(linger)) ?: close(sock);
}

/* One control message, as sendmsg() takes it; its length. */
static inline size_t rb_cmsg(void *buf, int level, int type, const void *data,
			     size_t len)
{
	struct cmsghdr *cmsg = buf;

	memset(buf, 0, CMSG_SPACE(len));
	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(cmsg), data, len);
	return CMSG_SPACE(len);
}

/* Find one; NULL if it is not there. */
static inline void *rb_cmsg_find(void *buf, size_t len, int level, int type)
{
	struct msghdr msg = { .msg_control = buf, .msg_controllen = len };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c;
	     c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == level && c->cmsg_type == type)
			return CMSG_DATA(c);
	return NULL;
}

#endif /* REGBUF_LANE_H */
