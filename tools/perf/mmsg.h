/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MMSG_H
#define MMSG_H

#include <sys/socket.h>

#include "perf.h"

/* A batch for sendmmsg(2) or recvmmsg(2), a slot's bytes each. */
struct mmsg {
	struct mmsghdr *msgs;
	struct iovec *iov;
	char *room;		/* for what is received; by whoever needs it */
};

int mmsg_open(struct stream *s);
void mmsg_close(struct stream *s);

#endif /* MMSG_H */
