// SPDX-License-Identifier: GPL-2.0
/*
 * Which sockets are taken, and why bytes are copied.
 */
#include <linux/netdevice.h>
#include <linux/udp.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>

#include "regbuf.h"

/**
 * regbuf_sock_check() - TCP and UDP over IP, nothing else
 * @sock: the socket
 *
 * A UNIX socket could carry our own descriptor: a cycle never collected.
 * Others have not been shown to keep what we rely on.
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int regbuf_sock_check(const struct socket *sock)
{
	if (sk_is_tcp(sock->sk) || sk_is_udp(sock->sk))
		return 0;
	return -EOPNOTSUPP;
}

/* Why a device cannot be sent to without copying; -1 if it can. */
static int regbuf_dst_reason(const struct dst_entry *dst)
{
	const struct net_device *dev = READ_ONCE(dst->dev);
	netdev_features_t csum = NETIF_F_HW_CSUM;

	csum |= dst->ops->family == AF_INET6 ? NETIF_F_IPV6_CSUM :
					       NETIF_F_IP_CSUM;
	/* The receiving side would copy it anyway, and hold it until then. */
	if (dev->flags & IFF_LOOPBACK)
		return REGBUF_COPY_LOOPBACK;
	/* TCP would go on and have the skb linearised below, unseen. */
	if (!(dev->features & NETIF_F_SG) || !(dev->features & csum))
		return REGBUF_COPY_DEVICE;
	return -1;
}

static int regbuf_connected_reason(struct sock *sk)
{
	struct dst_entry *dst;
	int reason;

	rcu_read_lock();
	dst = __sk_dst_get(sk);
	reason = dst ? regbuf_dst_reason(dst) : -1;
	rcu_read_unlock();
	return reason;
}

/**
 * regbuf_copy_before() - what is better copied from the start
 * @x: the send
 * @nr_bvecs: pieces of memory that a datagram is in; 0 for a stream
 *
 * Return: a REGBUF_COPY_* reason, or -1 to try without copying.
 */
int regbuf_copy_before(const struct regbuf_xmit *x, u32 nr_bvecs)
{
	struct sock *sk = x->sock->sk;
	int reason = x->msg.msg_name ? -1 : regbuf_connected_reason(sk);

	/* Cleared by protocols on top that read the bytes; at any time. */
	if (!test_bit(SOCK_SUPPORT_ZC, &x->sock->flags))
		return REGBUF_COPY_PROTOCOL;
	if (reason >= 0 || sk_is_tcp(sk))
		return reason;
	/* A pending datagram must not belong to a flight: there may be two. */
	if (x->more || udp_test_bit(CORK, sk) || READ_ONCE(udp_sk(sk)->pending))
		return REGBUF_COPY_CORK;
	if (nr_bvecs > MAX_SKB_FRAGS)
		return REGBUF_COPY_FRAGS;
	return -1;
}

static struct dst_entry *regbuf_route4(struct sock *sk, __be32 daddr)
{
	struct flowi4 fl4 = {
		.daddr = daddr,
		.saddr = inet_sk(sk)->inet_saddr,
		.flowi4_oif = READ_ONCE(sk->sk_bound_dev_if),
		.flowi4_mark = READ_ONCE(sk->sk_mark),
		.flowi4_proto = IPPROTO_UDP,
	};
	struct rtable *rt = ip_route_output_key(sock_net(sk), &fl4);

	return IS_ERR(rt) ? NULL : &rt->dst;
}

static struct dst_entry *regbuf_route6(struct sock *sk,
				       const struct sockaddr_in6 *to)
{
#if IS_ENABLED(CONFIG_IPV6)
	struct flowi6 fl6 = {
		.daddr = to->sin6_addr,
		.flowi6_oif = READ_ONCE(sk->sk_bound_dev_if) ?:
			      to->sin6_scope_id,
		.flowi6_mark = READ_ONCE(sk->sk_mark),
		.flowi6_proto = IPPROTO_UDP,
	};

	return ip6_route_output(sock_net(sk), sk, &fl6);
#else
	return NULL;
#endif
}

/* The route of a datagram; not on any path that matters. */
static struct dst_entry *regbuf_route(struct sock *sk, const void *name)
{
	const struct sockaddr_in6 *sin6 = name;
	const struct sockaddr_in *sin = name;

	/* AF_UNSPEC is an IPv4 address to IPv4, and none to IPv6. */
	if (!sin || (sk->sk_family == AF_INET6 && sin->sin_family == AF_UNSPEC))
		return sk_dst_get(sk);
	if (sk->sk_family == AF_INET || sin->sin_family == AF_INET)
		return regbuf_route4(sk, sin->sin_addr.s_addr);
	if (ipv6_addr_v4mapped(&sin6->sin6_addr))
		return regbuf_route4(sk, sin6->sin6_addr.s6_addr32[3]);
	return regbuf_route6(sk, sin6);
}

/* Is a packet with a datagram of @len bytes no larger than the route takes? */
static bool regbuf_dst_fits(const struct dst_entry *dst, size_t len)
{
	len += sizeof(struct udphdr);
	len += dst->ops->family == AF_INET6 ? sizeof(struct ipv6hdr) :
					      sizeof(struct iphdr);
	return len <= dst_mtu(dst);
}

static bool regbuf_dst_segments(const struct dst_entry *dst, size_t len)
{
	return dst && regbuf_dst_fits(dst, len) && !dst_xfrm(dst);
}

/**
 * regbuf_route_segments() - does UDP make segments of a message on its way
 * @sk: the socket
 * @name: where the message goes, NULL if connected
 * @len: bytes of a segment
 *
 * Context: Process context. Slow with a name.
 */
bool regbuf_route_segments(struct sock *sk, const void *name, u32 len)
{
	struct dst_entry *dst;
	bool may;

	if (name) {
		dst = regbuf_route(sk, name);
		may = regbuf_dst_segments(dst, len);
		dst_release(dst);
		return may;
	}
	rcu_read_lock();
	may = regbuf_dst_segments(__sk_dst_get(sk), len);
	rcu_read_unlock();
	return may;
}

static int regbuf_dgram_reason(const struct dst_entry *dst, struct sock *sk,
			       size_t len)
{
	int reason = regbuf_dst_reason(dst);

	if (reason >= 0)
		return reason;
	/* Segments are cut to fit: UDP_SEGMENT. */
	if (!READ_ONCE(udp_sk(sk)->gso_size) && !regbuf_dst_fits(dst, len))
		return REGBUF_COPY_MTU;
	return REGBUF_COPY_OTHER;
}

/**
 * regbuf_copy_after() - why the stack copied what it was free not to
 * @sk: the socket
 * @msg: the message as it was sent
 * @len: its bytes
 *
 * Context: Process context.
 * Return: a REGBUF_COPY_* reason.
 */
int regbuf_copy_after(struct sock *sk, const struct msghdr *msg, size_t len)
{
	int reason = REGBUF_COPY_OTHER;
	struct dst_entry *dst;

	if (sk_is_tcp(sk))
		return reason;
	dst = regbuf_route(sk, msg->msg_name);
	rcu_read_lock();	/* for its device */
	if (dst && !dst->error)
		reason = regbuf_dgram_reason(dst, sk, len);
	rcu_read_unlock();
	dst_release(dst);
	return reason;
}
