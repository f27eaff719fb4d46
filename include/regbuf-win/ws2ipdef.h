/* SPDX-License-Identifier: MIT */
/* Addresses, options and control data of IPv4 and IPv6. See ws2def.h. */
#ifndef REGBUF_WIN_WS2IPDEF_H
#define REGBUF_WIN_WS2IPDEF_H

#include "ws2def.h"
#include "in6addr.h"

typedef struct sockaddr_in6 {
	ADDRESS_FAMILY sin6_family;
	USHORT sin6_port;
	ULONG sin6_flowinfo;
	IN6_ADDR sin6_addr;
	__extension__ union {
		ULONG sin6_scope_id;
		SCOPE_ID sin6_scope_struct;
	};
} SOCKADDR_IN6_LH, *PSOCKADDR_IN6_LH, FAR *LPSOCKADDR_IN6_LH,
  SOCKADDR_IN6, *PSOCKADDR_IN6, FAR *LPSOCKADDR_IN6;

typedef struct sockaddr_in6_pair {
	PSOCKADDR_IN6 SourceAddress;
	PSOCKADDR_IN6 DestinationAddress;
} SOCKADDR_IN6_PAIR, *PSOCKADDR_IN6_PAIR;

typedef union _SOCKADDR_INET {
	SOCKADDR_IN Ipv4;
	SOCKADDR_IN6 Ipv6;
	ADDRESS_FAMILY si_family;
} SOCKADDR_INET, *PSOCKADDR_INET;

typedef struct ip_mreq {
	IN_ADDR imr_multiaddr;
	IN_ADDR imr_interface;
} IP_MREQ, *PIP_MREQ;

typedef struct ipv6_mreq {
	IN6_ADDR ipv6mr_multiaddr;
	ULONG ipv6mr_interface;
} IPV6_MREQ, *PIPV6_MREQ;

/* Of IPPROTO_IP. */
#define IP_TOS			1
#define IP_TTL			2
#define IP_HDRINCL		3
#define IP_OPTIONS		4
#define IP_PKTINFO		8
#define IP_MTU_DISCOVER		10	/* enum _PMTUD_STATE */
#define IP_RECVTTL		12
#define IP_RECVTOS		13
#define IP_MTU			14
#define IP_MULTICAST_IF		32
#define IP_MULTICAST_TTL	33
#define IP_MULTICAST_LOOP	34
#define IP_ADD_MEMBERSHIP	35
#define IP_DROP_MEMBERSHIP	36
#define IP_UNICAST_IF		50	/* in network byte order */
#define IP_DONTFRAGMENT		0x4001

#define IP_DEFAULT_MULTICAST_TTL	1
#define IP_DEFAULT_MULTICAST_LOOP	1

/* Of IPPROTO_IPV6. */
#define IPV6_UNICAST_HOPS	16
#define IPV6_MULTICAST_IF	17
#define IPV6_MULTICAST_HOPS	18
#define IPV6_MULTICAST_LOOP	19
#define IPV6_ADD_MEMBERSHIP	20
#define IPV6_DROP_MEMBERSHIP	21
#define IPV6_JOIN_GROUP		IPV6_ADD_MEMBERSHIP
#define IPV6_LEAVE_GROUP	IPV6_DROP_MEMBERSHIP
#define IPV6_MTU_DISCOVER	23	/* enum _PMTUD_STATE */
#define IPV6_MTU		24
#define IPV6_V6ONLY		26
/* Not Linux' value of this name: the control data's type is the same one. */
#define IPV6_PKTINFO		50
#define IPV6_HOPLIMIT		52
#define IPV6_TCLASS		67
#define IPV6_RECVTCLASS		66
#define IPV6_DONTFRAG		62
#define IPV6_UNICAST_IF		76	/* in host byte order */

/* What IP_MTU_DISCOVER is set to; Linux' values. */
typedef enum _PMTUD_STATE {
	IP_PMTUDISC_NOT_SET = 1,
	IP_PMTUDISC_DO = 2,
	IP_PMTUDISC_DONT = 0,
	IP_PMTUDISC_PROBE = 3,
	IP_PMTUDISC_MAX = 4
} PMTUD_STATE, *PPMTUD_STATE;

/* Of IPPROTO_TCP, with those of ws2def.h. */
#define TCP_KEEPALIVE		4	/* s */
#define TCP_KEEPIDLE		TCP_KEEPALIVE
#define TCP_KEEPINTVL		5	/* s */
#define TCP_KEEPCNT		6
#define TCP_MAXRT		0x4005	/* s */
#define TCP_MAXRTMS		0x400e	/* ms */

/* Of IPPROTO_UDP. */
#define UDP_SEND_MSG_SIZE		103	/* 0: one datagram each */
#define UDP_RECV_MAX_COALESCED_SIZE	104	/* 0: none */
#define UDP_COALESCED_INFO		104	/* control data's type: DWORD */

/*
 * Control data of IP_PKTINFO. In memory Linux' struct in_pktinfo: ipi_addr is
 * its ipi_spec_dst, which has the meaning that ipi_addr has on Windows when
 * sending (send from here) and when receiving (the local address), except that
 * for a datagram to a group the group is in ipi_group.
 */
typedef struct in_pktinfo {
	ULONG ipi_ifindex;
	IN_ADDR ipi_addr;
	IN_ADDR ipi_group;
} IN_PKTINFO, *PIN_PKTINFO;

typedef struct in6_pktinfo {
	IN6_ADDR ipi6_addr;
	ULONG ipi6_ifindex;
} IN6_PKTINFO, *PIN6_PKTINFO;

REGBUF_WIN_ASSERT(sizeof(IN6_ADDR) == 16);
REGBUF_WIN_ASSERT(sizeof(SOCKADDR_IN6) == 28);
REGBUF_WIN_ASSERT(sizeof(SOCKADDR_INET) == 28);
REGBUF_WIN_ASSERT(sizeof(IN_PKTINFO) == 12);
REGBUF_WIN_ASSERT(sizeof(IN6_PKTINFO) == 20);

#endif /* REGBUF_WIN_WS2IPDEF_H */
