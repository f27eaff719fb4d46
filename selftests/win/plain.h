/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WIN_PLAIN_H
#define WIN_PLAIN_H

/*
 * The other side: plain Linux sockets, as descriptors, for tests that include
 * winsock2.h. Families and types are Linux' values in both. Hosts are text.
 * Calls fail with a negative errno, -ETIMEDOUT after ten seconds.
 *
 * With @net the peer is in another namespace, behind a veth (plain_net()
 * first), otherwise it is on this one's loopback.
 */

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Moves this process to a network of its own, with a peer's. */
int plain_net(void);

/* What the peer sends, acknowledgments among it, comes later; 0: no more. */
int plain_delay(int ms);

/* Where the peer is seen from here, and this side from there. */
const char *plain_peer(int family, bool net);
const char *plain_near(int family, bool net);

/* Two connected sockets: sv[0] here, to be used as a SOCKET, sv[1] there. */
int plain_pair(int family, int type, bool net, int sv[2]);

/* A socket of the peer's, on a port of its choice; a stream's listens. */
int plain_bind(int family, int type, bool net);
int plain_accept(int fd);

/* From the peer to a port of this side. */
int plain_connect(int family, int type, bool net, int port);

/* The socket's local port, in host order. */
int plain_port(int fd);
/* The port of a datagram socket's or stream's peer. */
int plain_peer_port(int fd);

/* Exactly so many bytes; for datagrams one datagram. 0 or an error. */
int plain_send(int fd, const void *buf, size_t length);
int plain_recv(int fd, void *buf, size_t length);

/* What is there, or comes: bytes, 0 at a stream's end. */
int plain_recv_some(int fd, void *buf, size_t length);

/* A datagram and its sender's port. */
int plain_recvfrom(int fd, void *buf, size_t length, int *port);

/* A datagram from the peer to a port of this side. */
int plain_sendto(int fd, const void *buf, size_t length, bool net, int port);

/* Is there something, an end or an error among it, within so many ms? */
bool plain_readable(int fd, int ms);

/* No more from there. */
int plain_shutdown(int fd);
/* Closes with a reset. */
int plain_reset(int fd);
int plain_close(int fd);

/* The kernel's value of an integer option. */
int plain_option(int fd, int level, int option);
int plain_option_set(int fd, int level, int option, int value);

/* Of the same name and value here and there: for a table on either side. */
#define PLAIN_CONSTANT(name)	{ #name, name },
#define PLAIN_CONSTANTS \
	PLAIN_CONSTANT(AF_UNSPEC) PLAIN_CONSTANT(AF_UNIX) \
	PLAIN_CONSTANT(AF_INET) PLAIN_CONSTANT(AF_INET6) \
	PLAIN_CONSTANT(SOCK_STREAM) PLAIN_CONSTANT(SOCK_DGRAM) \
	PLAIN_CONSTANT(SOCK_RAW) PLAIN_CONSTANT(SOCK_RDM) \
	PLAIN_CONSTANT(SOCK_SEQPACKET) PLAIN_CONSTANT(SOL_SOCKET) \
	PLAIN_CONSTANT(SO_REUSEADDR) PLAIN_CONSTANT(SO_TYPE) \
	PLAIN_CONSTANT(SO_ERROR) PLAIN_CONSTANT(SO_DONTROUTE) \
	PLAIN_CONSTANT(SO_BROADCAST) PLAIN_CONSTANT(SO_SNDBUF) \
	PLAIN_CONSTANT(SO_RCVBUF) PLAIN_CONSTANT(SO_KEEPALIVE) \
	PLAIN_CONSTANT(SO_OOBINLINE) PLAIN_CONSTANT(SO_LINGER) \
	PLAIN_CONSTANT(SO_RCVTIMEO) PLAIN_CONSTANT(SO_SNDTIMEO) \
	PLAIN_CONSTANT(SO_ACCEPTCONN) PLAIN_CONSTANT(TCP_NODELAY) \
	PLAIN_CONSTANT(TCP_MAXSEG) PLAIN_CONSTANT(TCP_KEEPIDLE) \
	PLAIN_CONSTANT(TCP_KEEPINTVL) PLAIN_CONSTANT(TCP_KEEPCNT) \
	PLAIN_CONSTANT(IP_TOS) PLAIN_CONSTANT(IP_TTL) \
	PLAIN_CONSTANT(IP_HDRINCL) PLAIN_CONSTANT(IP_OPTIONS) \
	PLAIN_CONSTANT(IP_PKTINFO) PLAIN_CONSTANT(IP_MTU_DISCOVER) \
	PLAIN_CONSTANT(IP_RECVTTL) PLAIN_CONSTANT(IP_RECVTOS) \
	PLAIN_CONSTANT(IP_MTU) PLAIN_CONSTANT(IP_MULTICAST_IF) \
	PLAIN_CONSTANT(IP_MULTICAST_TTL) \
	PLAIN_CONSTANT(IP_MULTICAST_LOOP) \
	PLAIN_CONSTANT(IP_ADD_MEMBERSHIP) \
	PLAIN_CONSTANT(IP_DROP_MEMBERSHIP) \
	PLAIN_CONSTANT(IP_UNICAST_IF) \
	PLAIN_CONSTANT(IPV6_UNICAST_HOPS) \
	PLAIN_CONSTANT(IPV6_MULTICAST_IF) \
	PLAIN_CONSTANT(IPV6_MULTICAST_HOPS) \
	PLAIN_CONSTANT(IPV6_MULTICAST_LOOP) \
	PLAIN_CONSTANT(IPV6_JOIN_GROUP) \
	PLAIN_CONSTANT(IPV6_LEAVE_GROUP) \
	PLAIN_CONSTANT(IPV6_MTU_DISCOVER) PLAIN_CONSTANT(IPV6_MTU) \
	PLAIN_CONSTANT(IPV6_V6ONLY) PLAIN_CONSTANT(IPV6_PKTINFO) \
	PLAIN_CONSTANT(IPV6_HOPLIMIT) PLAIN_CONSTANT(IPV6_TCLASS) \
	PLAIN_CONSTANT(IPV6_RECVTCLASS) \
	PLAIN_CONSTANT(IPV6_DONTFRAG) \
	PLAIN_CONSTANT(IPV6_UNICAST_IF) PLAIN_CONSTANT(IPPROTO_TCP) \
	PLAIN_CONSTANT(IPPROTO_UDP) PLAIN_CONSTANT(IPPROTO_IPV6) \
	PLAIN_CONSTANT(IPPROTO_ICMPV6) PLAIN_CONSTANT(IPPROTO_RAW) \
	PLAIN_CONSTANT(MSG_OOB) PLAIN_CONSTANT(MSG_PEEK) \
	PLAIN_CONSTANT(MSG_DONTROUTE) PLAIN_CONSTANT(MSG_CTRUNC) \
	PLAIN_CONSTANT(MSG_TRUNC) PLAIN_CONSTANT(MSG_WAITALL) \
	PLAIN_CONSTANT(IP_PMTUDISC_DO) \
	PLAIN_CONSTANT(IP_PMTUDISC_DONT) \
	PLAIN_CONSTANT(IP_PMTUDISC_PROBE)

/* Linux' value of a name, to compare with what Windows' headers have. */
struct plain_constant {
	const char *name;
	long value;
};

extern const struct plain_constant plain_constants[];

#ifdef __cplusplus
}
#endif

#endif /* WIN_PLAIN_H */
