// SPDX-License-Identifier: GPL-2.0
/* See plain_ioring.h. */

#include "plain.h"
#include "plain_ioring.h"
#include "regbuf_test.h"

long plain_pinned(void)
{
	return rb_vmpin();
}

bool plain_pinned_is(long pages)
{
	return rb_within(10, rb_vmpin() == pages);
}

int plain_both(int family, int type, int sv[2])
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	int err = plain_pair(family, type, false, sv);

	if (err || type == SOCK_STREAM)
		return err;
	if (getsockname(sv[0], (struct sockaddr *)&addr, &len) ||
	    connect(sv[1], (struct sockaddr *)&addr, len))
		return -errno;
	return 0;
}

int plain_other(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}
