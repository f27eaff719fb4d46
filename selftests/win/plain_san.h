/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WIN_PLAIN_SAN_H
#define WIN_PLAIN_SAN_H

/* A network to reach memory through. Calls fail with a negative errno. */

/* This process gets one of its own, with another one behind a veth. */
int plain_san_net(void);

/* A stream: sv[1] is of the other network. */
int plain_san_pair(int family, int sv[2]);

/* This process moves there. */
int plain_san_enter(void);

/* A stream from one address of this network's loopback to another. */
int plain_san_connect(const char *from, const char *to, int port);

/* What goes there and what comes from there arrives later. */
int plain_san_delay(int ms);

#endif /* WIN_PLAIN_SAN_H */
