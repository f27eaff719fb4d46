/* SPDX-License-Identifier: MIT */
#ifndef REGBUF_WIN_MSTCPIP_H
#define REGBUF_WIN_MSTCPIP_H

#include "winsock2.h"

/* Of SIO_KEEPALIVE_VALS. Probes begin after whole seconds, at least one. */
struct tcp_keepalive {
	ULONG onoff;
	ULONG keepalivetime;		/* ms */
	ULONG keepaliveinterval;	/* ms */
};

#endif /* REGBUF_WIN_MSTCPIP_H */
