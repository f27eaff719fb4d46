// SPDX-License-Identifier: GPL-2.0
/* See plain_san.h. */

#include "plain_san.h"
#include "regbuf_test.h"

static struct rb_net network;

int plain_san_net(void)
{
	return rb_net_setup(&network) ? -errno : 0;
}

int plain_san_pair(int family, int sv[2])
{
	return rb_pair(&network, family, SOCK_STREAM, sv) ? -errno : 0;
}

int plain_san_enter(void)
{
	return rb_net_peer(&network) ? -errno : 0;
}

int plain_san_connect(const char *from, const char *to, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct sockaddr_in b = {
		.sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, from, &a.sin_addr) != 1 ||
	    inet_pton(AF_INET, to, &b.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    connect(fd, (struct sockaddr *)&b, sizeof(b)))
		return -errno;
	return fd;
}

int plain_san_delay(int ms)
{
	return rb_net_delay_acks(&network, ms) ||
	       rb_sh("tc qdisc replace dev veth0 root netem delay %dms", ms) ?
	       -EIO : 0;
}
