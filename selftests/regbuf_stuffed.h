/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection that takes no more: its peer does not read, and nothing is on
 * its way that would make room.
 */
#ifndef REGBUF_STUFFED_H
#define REGBUF_STUFFED_H

#include <stdbool.h>

#include "regbuf_queue.h"

/* What was sent is acknowledged: nothing that comes makes room any more. */
static inline bool rb_all_acknowledged(int sock)
{
	struct tcp_info info = { };
	socklen_t len = sizeof(info);

	return !getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &len) &&
	       !info.tcpi_unacked;
}

/* One more page, or it is full. */
static inline bool rb_is_full(const struct rb_qrig *qr)
{
	return send(qr->rig.near, qr->rig.mem, RB_PAGE, MSG_DONTWAIT) < 0 &&
	       errno == EAGAIN;
}

/* And will be: what was in flight before is not. */
static inline bool rb_is_stuffed(const struct rb_qrig *qr)
{
	return rb_is_full(qr) && rb_all_acknowledged(qr->rig.near) &&
	       rb_is_full(qr);
}

#endif
