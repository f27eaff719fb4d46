// SPDX-License-Identifier: MIT
/* What is asked of the kernel about a socket. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "san.h"

static int san_sys_option(int sock, int option, void *value, socklen_t length)
{
	return getsockopt(sock, SOL_SOCKET, option, value, &length) ? -errno :
								      0;
}

int san_sys_cookie(int sock, uint64_t *cookie)
{
	return san_sys_option(sock, SO_COOKIE, cookie, sizeof(*cookie));
}

static int san_sys_kind(int sock, int *domain, int *protocol)
{
	int err = san_sys_option(sock, SO_DOMAIN, domain, sizeof(*domain));

	if (err)
		return err;
	return san_sys_option(sock, SO_PROTOCOL, protocol, sizeof(*protocol));
}

bool san_sys_inet(int sock)
{
	int domain, protocol;

	return !san_sys_kind(sock, &domain, &protocol) &&
	       (domain == AF_INET || domain == AF_INET6) &&
	       (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP);
}

static int san_sys_state(int sock)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	if (getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &length))
		return -errno;
	return info.tcpi_state;
}

/* An end that was closed looks as one that only said that it sends no more. */
int san_sys_up(int sock)
{
	int domain, protocol, err;

	err = san_sys_kind(sock, &domain, &protocol);
	if (err)
		return err;
	if ((domain != AF_INET && domain != AF_INET6) ||
	    protocol != IPPROTO_TCP)
		return -EOPNOTSUPP;
	switch (san_sys_state(sock)) {
	case TCP_ESTABLISHED:
	case TCP_FIN_WAIT1:
	case TCP_FIN_WAIT2:
		return 0;
	case TCP_CLOSE_WAIT:
	case TCP_LAST_ACK:
	case TCP_CLOSING:
	case TCP_TIME_WAIT:
		return -ECONNRESET;
	default:
		return -ENOTCONN;
	}
}

static void san_sys_message(struct msghdr *msg, struct iovec *iov,
			    const struct san_segment *segments, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		iov[i].iov_base = segments[i].addr;
		iov[i].iov_len = segments[i].length;
	}
	*msg = (struct msghdr){ .msg_iov = iov, .msg_iovlen = nr };
}

ssize_t san_sys_send(int sock, const struct san_segment *segments, size_t nr)
{
	struct iovec iov[SAN_MAX_SEGMENTS];
	struct msghdr msg;
	ssize_t n;

	san_sys_message(&msg, iov, segments, nr);
	n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

ssize_t san_sys_recv(int sock, const struct san_segment *segments, size_t nr,
		     unsigned int flags)
{
	struct iovec iov[SAN_MAX_SEGMENTS];
	struct msghdr msg;
	ssize_t n;

	san_sys_message(&msg, iov, segments, nr);
	n = recvmsg(sock, &msg, (int)flags);
	if (n < 0)
		return -errno;
	return msg.msg_flags & MSG_TRUNC ? -EMSGSIZE : n;
}
