// SPDX-License-Identifier: GPL-2.0
/*
 * What the peer knows of IPv4 connections, one for each port of the guest, and
 * the streams that it sends into them.
 *
 * Only a SYN is looked at until the first stream is asked for, so that the
 * injector costs nothing where nothing is injected.
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/mm.h>
#include <net/tcp.h>

#include "nic.h"

/*
 * A packet as GRO makes it: of full segments, in one fragment. Byte n of a
 * stream is n modulo 256.
 */
#define REGBUF_NIC_MSS		1460U
#define REGBUF_NIC_GRO_SIZE	(44 * REGBUF_NIC_MSS)

#define REGBUF_NIC_HEADERS	(ETH_HLEN + sizeof(struct iphdr) + \
				 sizeof(struct tcphdr))

struct regbuf_nic_conn {
	struct list_head sending;	/* on nic->sending if left is not 0 */
	__be32 guest, peer;
	__be16 guest_port, peer_port;	/* guest_port is 0 if not connected */
	u8 wscale;
	u32 next;	/* sequence number of the peer's next byte */
	u32 acked;	/* what the guest has of it */
	u32 window;	/* how much more than that it takes */
	u32 guest_next;	/* of the guest's next byte */
	u64 left;	/* to send */
};

static struct regbuf_nic_conn *regbuf_nic_conn(struct regbuf_nic *nic,
					       __be16 guest_port)
{
	return nic->conns + ntohs(guest_port);
}

/* The connection that a packet from the guest belongs to, or NULL. */
static struct regbuf_nic_conn *
regbuf_nic_conn_of(struct regbuf_nic *nic, const struct sk_buff *skb,
		   const struct tcphdr *th)
{
	struct regbuf_nic_conn *conn = regbuf_nic_conn(nic, th->source);

	if (skb->protocol != htons(ETH_P_IP) ||
	    conn->guest_port != th->source || conn->peer_port != th->dest ||
	    conn->guest != ip_hdr(skb)->saddr ||
	    conn->peer != ip_hdr(skb)->daddr)
		return NULL;
	return conn;
}

/* The scale of a SYN's window; its options are the guest's own, thus sound. */
static u8 regbuf_nic_wscale(const struct tcphdr *th)
{
	const u8 *opt = (const u8 *)(th + 1);
	const u8 *end = (const u8 *)th + th->doff * 4;

	while (opt + 2 < end && *opt != TCPOPT_EOL) {
		if (*opt == TCPOPT_WINDOW)
			return min_t(u8, opt[2], TCP_MAX_WSCALE);
		opt += *opt == TCPOPT_NOP ? 1 : max_t(u8, opt[1], 2);
	}
	return 0;
}

static void regbuf_nic_conn_end(struct regbuf_nic_conn *conn)
{
	if (conn->left)
		list_del(&conn->sending);
	conn->left = 0;
	conn->guest_port = 0;
}

/**
 * regbuf_nic_peer_opened() - the guest connects
 * @nic: the card
 * @skb: its SYN
 *
 * Another connection from the same port is forgotten.
 *
 * Context: Bottom halves off.
 */
void regbuf_nic_peer_opened(struct regbuf_nic *nic, const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct regbuf_nic_conn *conn;

	if (skb->protocol != htons(ETH_P_IP) || !th->source)
		return;
	conn = regbuf_nic_conn(nic, th->source);
	spin_lock(&nic->peer_lock);
	regbuf_nic_conn_end(conn);
	conn->guest = ip_hdr(skb)->saddr;
	conn->peer = ip_hdr(skb)->daddr;
	conn->guest_port = th->source;
	conn->peer_port = th->dest;
	conn->wscale = regbuf_nic_wscale(th);
	conn->next = REGBUF_NIC_ISS + 1;
	conn->acked = conn->next;
	conn->window = ntohs(th->window);
	conn->guest_next = ntohl(th->seq) + 1;
	spin_unlock(&nic->peer_lock);
}

static void regbuf_nic_conn_learn(struct regbuf_nic_conn *conn,
				  const struct sk_buff *skb,
				  const struct tcphdr *th)
{
	u32 end = ntohl(th->seq) + regbuf_nic_payload(skb, th) + th->fin;

	conn->acked = ntohl(th->ack_seq);
	conn->window = ntohs(th->window) << conn->wscale;
	if (after(end, conn->guest_next))
		conn->guest_next = end;
}

/**
 * regbuf_nic_peer_heard() - a packet of the guest's arrives
 * @nic: the card, with nic->injecting set
 * @skb: the packet
 *
 * Context: Bottom halves off.
 */
void regbuf_nic_peer_heard(struct regbuf_nic *nic, const struct sk_buff *skb)
{
	const struct tcphdr *th = regbuf_nic_tcp(skb);
	struct regbuf_nic_conn *conn;
	bool more = false;

	if (!th || th->syn)
		return;
	spin_lock(&nic->peer_lock);
	conn = regbuf_nic_conn_of(nic, skb, th);
	if (conn && (th->rst || th->fin)) {
		regbuf_nic_conn_learn(conn, skb, th);
		if (conn->left)
			list_del(&conn->sending);
		conn->left = 0;
	} else if (conn) {
		regbuf_nic_conn_learn(conn, skb, th);
		more = conn->left;
	}
	spin_unlock(&nic->peer_lock);
	if (more)
		napi_schedule(&nic->napi);
}

/**
 * regbuf_nic_peer_seq() - the sequence number to answer a packet with
 * @nic: the card, with nic->injecting set
 * @skb: the guest's packet; TCP, not a SYN
 *
 * Context: Bottom halves off.
 * Return: the peer's next one.
 */
__be32 regbuf_nic_peer_seq(struct regbuf_nic *nic, const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct regbuf_nic_conn *conn;
	__be32 seq;

	spin_lock(&nic->peer_lock);
	conn = regbuf_nic_conn_of(nic, skb, th);
	seq = conn ? htonl(conn->next) : th->ack_seq;
	spin_unlock(&nic->peer_lock);
	return seq;
}

/*
 * How much to send now: whole segments while there is more to come, and no more
 * than the guest has room for.
 */
static u32 regbuf_nic_conn_room(const struct regbuf_nic_conn *conn)
{
	s32 room = conn->acked + conn->window - conn->next;

	if (room <= 0)
		return 0;
	room = min_t(u32, room, REGBUF_NIC_GRO_SIZE);
	if (room >= conn->left)
		return conn->left;
	return room - room % REGBUF_NIC_MSS;
}

static void regbuf_nic_conn_put_tcp(const struct regbuf_nic_conn *conn,
				    struct sk_buff *skb)
{
	struct tcphdr *th = skb_put_zero(skb, sizeof(*th));

	th->source = conn->peer_port;
	th->dest = conn->guest_port;
	th->seq = htonl(conn->next);
	th->ack_seq = htonl(conn->guest_next);
	th->doff = sizeof(*th) / 4;
	th->ack = 1;
	th->window = htons(REGBUF_NIC_WINDOW);
}

static struct sk_buff *regbuf_nic_conn_packet(struct regbuf_nic *nic,
					      struct regbuf_nic_conn *conn,
					      u32 len)
{
	struct sk_buff *skb = napi_alloc_skb(&nic->napi, REGBUF_NIC_HEADERS);
	u32 at = (conn->next - REGBUF_NIC_ISS - 1) % 256;

	if (!skb)
		return NULL;
	regbuf_nic_put_eth(nic, skb, htons(ETH_P_IP));
	regbuf_nic_put_ipv4(skb, conn->peer, conn->guest, IPPROTO_TCP,
			    sizeof(struct tcphdr) + len);
	regbuf_nic_conn_put_tcp(conn, skb);
	regbuf_nic_put_payload(nic, skb, at, len);
	skb_shinfo(skb)->gso_size = REGBUF_NIC_MSS;
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(len, REGBUF_NIC_MSS);
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	regbuf_nic_finish(nic, skb);
	return skb;
}

/* Returns how many packets. */
static u32 regbuf_nic_conn_send(struct regbuf_nic *nic,
				struct regbuf_nic_conn *conn,
				struct list_head *out, u32 max)
{
	struct sk_buff *skb;
	u32 len, n = 0;

	while (n < max && conn->left) {
		len = regbuf_nic_conn_room(conn);
		skb = len ? regbuf_nic_conn_packet(nic, conn, len) : NULL;
		if (!skb)
			break;
		list_add_tail(&skb->list, out);
		conn->next += len;
		conn->left -= len;
		n++;
	}
	if (!conn->left)
		list_del(&conn->sending);
	return n;
}

/**
 * regbuf_nic_peer_send() - make packets of streams, as the guest has room
 * @nic: the card
 * @out: where to put them
 * @max: how many at most
 *
 * Context: Softirq, the card being polled.
 * Return: how many; there may be more to send if it is @max.
 */
u32 regbuf_nic_peer_send(struct regbuf_nic *nic, struct list_head *out, u32 max)
{
	struct regbuf_nic_conn *conn, *next;
	u32 n = 0;

	spin_lock(&nic->peer_lock);
	list_for_each_entry_safe(conn, next, &nic->sending, sending)
		n += regbuf_nic_conn_send(nic, conn, out, max - n);
	spin_unlock(&nic->peer_lock);
	return n;
}

/**
 * regbuf_nic_peer_stream() - send a stream into a connection
 * @nic: the card, which is up
 * @port: the guest's port
 * @bytes: how long a stream; not 0
 *
 * Context: Process context.
 * Return: 0, or -ENOTCONN.
 */
int regbuf_nic_peer_stream(struct regbuf_nic *nic, u16 port, u64 bytes)
{
	struct regbuf_nic_conn *conn = nic->conns + port;
	int err = 0;

	spin_lock_bh(&nic->peer_lock);
	WRITE_ONCE(nic->injecting, true);
	if (!conn->guest_port) {
		err = -ENOTCONN;
	} else {
		if (!conn->left)
			list_add_tail(&conn->sending, &nic->sending);
		conn->left += bytes;
	}
	spin_unlock_bh(&nic->peer_lock);
	if (err)
		return err;
	local_bh_disable();
	napi_schedule(&nic->napi);
	local_bh_enable();
	return 0;
}

/**
 * regbuf_nic_peer_init() - the peer of a new card
 * @nic: the card
 *
 * Return: 0 or -ENOMEM.
 */
int regbuf_nic_peer_init(struct regbuf_nic *nic)
{
	spin_lock_init(&nic->peer_lock);
	INIT_LIST_HEAD(&nic->sending);
	nic->conns = kvcalloc(U16_MAX + 1, sizeof(*nic->conns), GFP_KERNEL);
	return nic->conns ? 0 : -ENOMEM;
}

/**
 * regbuf_nic_peer_free() - undo regbuf_nic_peer_init()
 * @nic: the card
 */
void regbuf_nic_peer_free(struct regbuf_nic *nic)
{
	kvfree(nic->conns);
}
