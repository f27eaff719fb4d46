// SPDX-License-Identifier: GPL-2.0
/* See plain.h. */

#include <netinet/udp.h>
#include <poll.h>

#include "plain.h"
#include "regbuf_test.h"

#define TIMEOUT_MS	10000

static struct rb_net plain_network;

int plain_net(void)
{
	return rb_net_setup(&plain_network) ? -errno : 0;
}

int plain_delay(int ms)
{
	return (ms ? rb_net_delay_acks(&plain_network, ms) :
		     rb_net_undelay(&plain_network)) ? -EIO : 0;
}

const char *plain_peer(int family, bool net)
{
	if (net)
		return family == AF_INET ? RB_PEER4 : RB_PEER6;
	return family == AF_INET ? "127.0.0.1" : "::1";
}

const char *plain_near(int family, bool net)
{
	if (net)
		return family == AF_INET ? RB_NEAR4 : RB_NEAR6;
	return plain_peer(family, false);
}

int plain_pair(int family, int type, bool net, int sv[2])
{
	return rb_pair(net ? &plain_network : NULL, family, type, sv) ?
	       -errno : 0;
}

/* A socket of the peer's namespace. */
static int make(int family, int type, bool net)
{
	int fd;

	if (net && rb_net_peer(&plain_network))
		return -errno;
	fd = socket(family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fd = -errno;
	if (net && rb_net_near(&plain_network))
		return -errno;
	return fd;
}

int plain_bind(int family, int type, bool net)
{
	struct sockaddr_storage ss;
	socklen_t len = rb_addr(family, plain_peer(family, net), 0, &ss);
	int fd = make(family, type, net);

	if (fd < 0)
		return fd;
	if (bind(fd, (struct sockaddr *)&ss, len) ||
	    (type == SOCK_STREAM && listen(fd, 16))) {
		close(fd);
		return -errno;
	}
	return fd;
}

static bool ready(int fd, int events, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, ms) == 1;
}

bool plain_readable(int fd, int ms)
{
	return ready(fd, POLLIN, ms);
}

int plain_accept(int fd)
{
	int peer;

	if (!plain_readable(fd, TIMEOUT_MS))
		return -ETIMEDOUT;
	peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	return peer < 0 ? -errno : peer;
}

int plain_connect(int family, int type, bool net, int port)
{
	struct sockaddr_storage ss;
	socklen_t len = rb_addr(family, plain_near(family, net), port, &ss);
	int fd = make(family, type, net), err;

	if (fd < 0)
		return fd;
	if (!connect(fd, (struct sockaddr *)&ss, len))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int port_of(const struct sockaddr_storage *ss)
{
	return ntohs(((const struct sockaddr_in *)ss)->sin_port);
}

int plain_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return getsockname(fd, (struct sockaddr *)&ss, &len) ? -errno :
							       port_of(&ss);
}

int plain_peer_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return getpeername(fd, (struct sockaddr *)&ss, &len) ? -errno :
							       port_of(&ss);
}

int plain_send(int fd, const void *buf, size_t length)
{
	const char *p = buf;
	ssize_t n;

	do {
		if (!ready(fd, POLLOUT, TIMEOUT_MS))
			return -ETIMEDOUT;
		n = send(fd, p, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n > 0) {
			p += n;
			length -= n;
		}
	} while (length);
	return 0;
}

int plain_recv_some(int fd, void *buf, size_t length)
{
	ssize_t n;

	if (!plain_readable(fd, TIMEOUT_MS))
		return -ETIMEDOUT;
	n = recv(fd, buf, length, MSG_DONTWAIT | MSG_TRUNC);
	return n < 0 ? -errno : n;
}

int plain_recv(int fd, void *buf, size_t length)
{
	int type = plain_option(fd, SOL_SOCKET, SO_TYPE), n;
	char *p = buf;

	if (type == SOCK_DGRAM) {
		n = plain_recv_some(fd, buf, length);
		return n < 0 ? n : n == length ? 0 : -EMSGSIZE;
	}
	while (length) {
		if (!plain_readable(fd, TIMEOUT_MS))
			return -ETIMEDOUT;
		n = recv(fd, p, length, MSG_DONTWAIT);
		if (n <= 0)
			return n ? -errno : -EPIPE;
		p += n;
		length -= n;
	}
	return 0;
}

int plain_recvfrom(int fd, void *buf, size_t length, int *port)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	ssize_t n;

	if (!plain_readable(fd, TIMEOUT_MS))
		return -ETIMEDOUT;
	n = recvfrom(fd, buf, length, MSG_DONTWAIT | MSG_TRUNC,
		     (struct sockaddr *)&ss, &len);
	if (n < 0)
		return -errno;
	*port = port_of(&ss);
	return n;
}

int plain_sendto(int fd, const void *buf, size_t length, bool net, int port)
{
	int family = plain_option(fd, SOL_SOCKET, SO_DOMAIN);
	struct sockaddr_storage ss;
	socklen_t len = rb_addr(family, plain_near(family, net), port, &ss);

	return sendto(fd, buf, length, MSG_NOSIGNAL, (struct sockaddr *)&ss,
		      len) < 0 ? -errno : 0;
}

int plain_shutdown(int fd)
{
	return shutdown(fd, SHUT_WR) ? -errno : 0;
}

int plain_reset(int fd)
{
	struct linger now = { .l_onoff = 1 };

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)))
		return -errno;
	return plain_close(fd);
}

int plain_close(int fd)
{
	return close(fd) ? -errno : 0;
}

int plain_option(int fd, int level, int option)
{
	socklen_t len = sizeof(int);
	int value;

	return getsockopt(fd, level, option, &value, &len) ? -errno : value;
}

int plain_option_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) ? -errno :
								      0;
}

const struct plain_constant plain_constants[] = {
	PLAIN_CONSTANTS
	{ "UDP_SEND_MSG_SIZE", UDP_SEGMENT },
	{ "UDP_RECV_MAX_COALESCED_SIZE", UDP_GRO },
	{ NULL, 0 },
};
