// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: which datagrams may be segments of one message (UDP_SEGMENT). Each is to
 * arrive as it would alone, and whoever judges packets is to see it by itself.
 */
#include <linux/bpf-cgroup.h>
#include <linux/udp.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "queue.h"

/* What an IPv4 packet carries. */
#define REGBUF_GSO_BYTES	65507

/* Has the socket's control group programs of a kind? */
#ifdef CONFIG_CGROUP_BPF
#define regbuf_sock_watched(sk, type)					\
	(cgroup_bpf_enabled(type) && cgroup_bpf_sock_enabled(sk, type))
#else
#define regbuf_sock_watched(sk, type)	((void)(sk), false)
#endif

static bool regbuf_gso_watched(struct sock *sk, bool named)
{
	return regbuf_sock_watched(sk, CGROUP_INET_EGRESS) ||
	       (named && (regbuf_sock_watched(sk, CGROUP_UDP4_SENDMSG) ||
			  regbuf_sock_watched(sk, CGROUP_UDP6_SENDMSG)));
}

static bool regbuf_gso_ipv6(const struct sock *sk, const struct regbuf_req *req)
{
	const struct sockaddr_in6 *to;

	if (sk->sk_family != AF_INET6)
		return false;
	if (!req->name_len)
		return !ipv6_addr_v4mapped(&sk->sk_v6_daddr);
	to = (const void *)req->more->name;
	return to->sin6_family == AF_INET6 &&
	       !ipv6_addr_v4mapped(&to->sin6_addr);
}

/* IPv4 decides on DF by the length of the message, unless it is always set. */
static bool regbuf_gso_df(const struct sock *sk, const struct regbuf_req *req)
{
	u8 pmtudisc = READ_ONCE(inet_sk(sk)->pmtudisc);

	return pmtudisc == IP_PMTUDISC_DO || pmtudisc == IP_PMTUDISC_PROBE ||
	       regbuf_gso_ipv6(sk, req);
}

/* Options leave less room; how much less is not worth knowing. */
static bool regbuf_gso_optioned(const struct sock *sk)
{
	if (rcu_access_pointer(inet_sk(sk)->inet_opt))
		return true;
	return sk->sk_family == AF_INET6 &&
	       rcu_access_pointer(inet6_sk(sk)->opt);
}

/* Segments have checksums, and their own times. */
static bool regbuf_gso_plain(struct sock *sk)
{
	return !sk->sk_no_check_tx && !udp_get_no_check6_tx(sk) &&
	       !sock_flag(sk, SOCK_TXTIME) &&
	       !READ_ONCE(udp_sk(sk)->gso_size) && !udp_test_bit(CORK, sk) &&
	       !READ_ONCE(udp_sk(sk)->pending);
}

/**
 * regbuf_gso_may() - may a datagram be the first of several segments
 * @ep: its endpoint
 * @req: the datagram
 *
 * That a socket is corked by somebody else in the meantime is not excluded:
 * then they are one datagram, as all that is sent then.
 *
 * Context: q->lock held.
 */
bool regbuf_gso_may(struct regbuf_ep *ep, const struct regbuf_req *req)
{
	struct sock *sk = ep->sock->sk;

	return !regbuf_req_single(req) && req->cargo.total &&
	       req->cargo.total <= REGBUF_GSO_BYTES &&
	       req->cargo.total < ep->send.gso_refused &&
	       !(req->flags & REGBUF_SQE_F_MORE) && regbuf_gso_plain(sk) &&
	       regbuf_gso_df(sk, req) && !regbuf_gso_optioned(sk) &&
	       !regbuf_gso_watched(sk, req->name_len) &&
	       (req->name_len ||
		regbuf_route_segments(sk, NULL, req->cargo.total));
}

/* Word by word; the name is padded with zeroes. */
static bool regbuf_gso_one_place(const struct regbuf_req *a,
				 const struct regbuf_req *b)
{
	u32 i;

	if (a->name_len != b->name_len)
		return false;
	for (i = 0; i < DIV_ROUND_UP(a->name_len, sizeof(u64)); i++)
		if (a->more->name_words[i] != b->more->name_words[i])
			return false;
	return true;
}

/*
 * The last may be shorter. Not if it is not known whether the others are too
 * long for a link on the way: it could be sent, and they not.
 */
static bool regbuf_gso_size_fits(const struct regbuf_req *first,
				 const struct regbuf_req *req)
{
	return req->cargo.total == first->cargo.total ||
	       (req->cargo.total < first->cargo.total && !first->name_len);
}

/**
 * regbuf_gso_joins() - may a datagram be another segment
 * @batch: what there is so far
 * @first: the first of it
 * @req: the datagram
 *
 * Context: q->lock held.
 */
bool regbuf_gso_joins(const struct regbuf_batch *batch,
		      const struct regbuf_req *first,
		      const struct regbuf_req *req)
{
	return req->op == REGBUF_OP_SEND && !req->control && req->cargo.total &&
	       regbuf_gso_size_fits(first, req) &&
	       !(req->flags & REGBUF_SQE_F_MORE) && batch->nr < batch->max &&
	       batch->bytes + req->cargo.total <= REGBUF_GSO_BYTES &&
	       regbuf_gso_one_place(first, req);
}

/**
 * regbuf_gso_control() - control data that have a message cut up
 * @cmsg: zeroed; CMSG_SPACE() of an u16
 * @size: bytes of each datagram
 *
 * Context: Any.
 */
void regbuf_gso_control(struct cmsghdr *cmsg, u16 size)
{
	cmsg->cmsg_len = CMSG_LEN(sizeof(size));
	cmsg->cmsg_level = SOL_UDP;
	cmsg->cmsg_type = UDP_SEGMENT;
	memcpy(CMSG_DATA(cmsg), &size, sizeof(size));
}
