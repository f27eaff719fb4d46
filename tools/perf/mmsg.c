// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "mmsg.h"

int mmsg_open(struct stream *s)
{
	unsigned int i, depth = s->test->opt.depth;
	struct mmsg *mmsg = calloc(1, sizeof(*mmsg));

	s->state = mmsg;
	if (!mmsg)
		return perf_fail(s->test, "a batch", -ENOMEM);
	mmsg->msgs = calloc(depth, sizeof(mmsg->msgs[0]));
	mmsg->iov = calloc(depth, sizeof(mmsg->iov[0]));
	if (!mmsg->msgs || !mmsg->iov)
		return perf_fail(s->test, "a batch", -ENOMEM);
	for (i = 0; i < depth; i++) {
		mmsg->iov[i].iov_len = s->test->opt.size;
		mmsg->msgs[i].msg_hdr.msg_iov = &mmsg->iov[i];
		mmsg->msgs[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

void mmsg_close(struct stream *s)
{
	struct mmsg *mmsg = s->state;

	if (!mmsg)
		return;
	free(mmsg->room);
	free(mmsg->msgs);
	free(mmsg->iov);
	free(mmsg);
}
