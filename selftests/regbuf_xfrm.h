/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_XFRM_H
#define REGBUF_XFRM_H

/* Packets that are encrypted on their way: ESP, and ESP in UDP. */

#include "regbuf_lane.h"

#include <linux/udp.h>
#include <stdbool.h>

/* In this namespace: encrypt between the two, in UDP if @encap. */
static inline int rb_xfrm(const char *near, const char *far, bool out,
			  const char *encap)
{
	/* What the kernel is to open is not encrypted itself. */
	if (*encap &&
	    rb_sh("ip xfrm policy add src %s dst %s proto 17 dport 4500 "
		  "dir in priority 1", out ? far : near, out ? near : far))
		return -1;
	return rb_sh("ip xfrm state add src %s dst %s proto esp spi 0x73 "
		     "mode transport aead 'rfc4106(gcm(aes))' "
		     "0x0102030405060708090a0b0c0d0e0f1011121314 128 %s && "
		     "ip xfrm state add src %s dst %s proto esp spi 0x74 "
		     "mode transport aead 'rfc4106(gcm(aes))' "
		     "0x1112131415161718191a1b1c1d1e1f2021222324 128 %s && "
		     "ip xfrm policy add src %s dst %s dir %s priority 2 "
		     "tmpl proto esp mode transport && "
		     "ip xfrm policy add src %s dst %s dir %s priority 2 "
		     "tmpl proto esp mode transport",
		     near, far, encap, far, near, encap,
		     near, far, out ? "out" : "in",
		     far, near, out ? "in" : "out");
}

/* In this namespace: a socket that has the kernel open what comes. */
static inline int rb_decapsulate(int family)
{
	struct sockaddr_storage ss;
	socklen_t len = rb_addr(family, family == AF_INET ? "0.0.0.0" : "::",
				4500, &ss);
	int sock = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int what = UDP_ENCAP_ESPINUDP;

	rb_sockopt_on(sock, SOL_IPV6, IPV6_V6ONLY);
	if (bind(sock, (struct sockaddr *)&ss, len) ||
	    setsockopt(sock, IPPROTO_UDP, UDP_ENCAP, &what, sizeof(what)))
		return -1;
	return sock;
}

#endif /* REGBUF_XFRM_H */
