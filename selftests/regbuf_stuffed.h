/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection that takes no more: its peer does not read, and nothing is on
 * its way that would make room.
 */
#ifndef REGBUF_STUFFED_H
#define REGBUF_STUFFED_H

#include <stdbool.h>

#include "regbuf_lane.h"

/* What was sent is acknowledged: nothing that comes makes room any more. */
static inline bool rb_all_acknowledged(int sock)
{
	struct tcp_info info = { };
	socklen_t len = sizeof(info);

	return !getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &len) &&
	       !info.tcpi_unacked;
}

/* One more page, or it is full; bytes that went in are counted. */
static inline bool rb_fill(int sock, const void *page, size_t *bytes)
{
	ssize_t n = send(sock, page, RB_PAGE, MSG_DONTWAIT);

	*bytes += n > 0 ? n : 0;
	return n < 0 && errno == EAGAIN;
}

static inline bool rb_is_full(const struct rb_qrig *qr)
{
	size_t bytes = 0;

	return rb_fill(qr->rig.near, qr->rig.mem, &bytes);
}

/* Any connection, with few bytes: how many, or -1. */
static inline ssize_t rb_stuff(int sock, const void *page)
{
	size_t bytes = 0;

	if (rb_sockbuf(sock, SO_SNDBUF, 8192) ||
	    !rb_within(20, rb_fill(sock, page, &bytes) &&
			   rb_all_acknowledged(sock) &&
			   rb_fill(sock, page, &bytes)))
		return -1;
	return bytes;
}

/*
 * And will be: what was in flight before is not; nor does the peer have room,
 * for which a part would be sent after a while.
 */
static inline bool rb_is_stuffed(const struct rb_qrig *qr)
{
	return rb_is_full(qr) && rb_all_acknowledged(qr->rig.near) &&
	       !rb_tcp_info(qr->rig.near, RB_TCPI_SND_WND) && rb_is_full(qr);
}

#endif
