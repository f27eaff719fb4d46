// SPDX-License-Identifier: MIT
/* Connections to the agents of others. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include "rdma.h"

#define RDMA_CONNECT_MS	10000
/* For one that lives but does not go on. */
#define RDMA_STALL_S	60

/* Whoever closes the socket shuts this one down, under the lock. */
static int rdma_peer_set(struct san_socket *s, int fd)
{
	int old, err = 0;

	pthread_mutex_lock(&san.lock);
	old = s->peer.fd;
	s->peer.fd = fd;
	if (fd >= 0 && s->closed) {
		s->peer.fd = -1;
		err = -ECANCELED;
	}
	pthread_mutex_unlock(&san.lock);
	rdma_detach(&s->peer.endpoint);
	if (old >= 0)
		close(old);
	return err;
}

void rdma_peer_close(struct san_socket *s)
{
	rdma_peer_set(s, -1);
}

/* What is left of it; shut down when the socket was closed. */
void rdma_peer_end(struct san_socket *s)
{
	rdma_detach(&s->peer.endpoint);
	if (s->peer.fd >= 0)
		close(s->peer.fd);
}

static int rdma_peer_wait(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	const uint64_t end = rdma_now() + RDMA_CONNECT_MS;
	socklen_t length = sizeof(int);
	int n, err = 0;

	do {
		const uint64_t now = rdma_now();

		n = poll(&pfd, 1, now < end ? (int)(end - now) : 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n ? -errno : -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &length))
		return -errno;
	return -err;
}

static int rdma_peer_dial(int fd, const struct rdma_name *from,
			  const struct rdma_name *to)
{
	if (bind(fd, (const struct sockaddr *)&from->addr, from->length))
		return -errno;
	if (!connect(fd, (const struct sockaddr *)&to->addr, to->length))
		return 0;
	return errno == EINPROGRESS ? rdma_peer_wait(fd) : -errno;
}

static int rdma_peer_block(int fd)
{
	struct timeval stall = { .tv_sec = RDMA_STALL_S };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof(stall)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stall, sizeof(stall)))
		return -errno;
	rdma_tune(fd);
	return fcntl(fd, F_SETFL, 0) ? -errno : 0;
}

/*
 * From the address that the other end knows. The names are asked for before the
 * socket is known not to be closed: its descriptor may be another's after that.
 */
static int rdma_peer_open(struct san_socket *s, uint16_t port)
{
	struct rdma_name local, remote;
	int err, fd;

	err = rdma_local(s->sock, &local);
	if (!err)
		err = rdma_remote(s->sock, &remote);
	if (err)
		return err;
	rdma_set_port(&local, 0);
	rdma_set_port(&remote, port);
	fd = rdma_socket(&local);
	if (fd < 0)
		return fd;
	err = rdma_peer_set(s, fd);
	if (err) {
		close(fd);
		return err;
	}
	err = rdma_peer_dial(fd, &local, &remote);
	if (!err)
		err = rdma_peer_block(fd);
	if (err)
		rdma_peer_close(s);
	s->peer.port = port;
	return err;
}

int rdma_peer_connect(struct san_socket *s, uint16_t port, bool *reused)
{
	*reused = s->peer.fd >= 0 && s->peer.port == port;
	return *reused ? 0 : rdma_peer_open(s, port);
}

int rdma_peer_recv(int fd, void *buffer, size_t length)
{
	char *at = buffer;
	ssize_t n;

	while (length) {
		n = recv(fd, at, length, MSG_WAITALL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (!n)
			return -ECONNRESET;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

static int rdma_peer_readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int n = poll(&pfd, 1, RDMA_STALL_S * 1000);

	if (n < 0 && errno != EINTR)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

int rdma_peer_fill(struct regbuf *rb, struct rdma_peer *peer,
		   const struct regbuf_slice *slices, uint32_t nr,
		   uint64_t *got)
{
	int err = rdma_attach(rb, peer->fd, &peer->endpoint);
	ssize_t n = -EAGAIN;

	while (!err && n == -EAGAIN) {
		err = rdma_peer_readable(peer->fd);
		if (!err)
			n = rdma_receive(peer->endpoint, slices, nr);
	}
	if (err)
		return err;
	*got = n > 0 ? (uint64_t)n : 0;
	return n > 0 ? 0 : n ? (int)n : -ECONNRESET;
}
