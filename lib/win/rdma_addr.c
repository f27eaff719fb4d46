// SPDX-License-Identifier: MIT
/* Addresses of sockets, whatever their family. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "rdma.h"

/* For how long nobody may hear of the other end, and how to find out. */
#define RDMA_SILENCE_MS	30000
#define RDMA_IDLE_S	10
#define RDMA_PROBE_S	5

int rdma_local(int sock, struct rdma_name *name)
{
	name->length = sizeof(name->addr);
	return getsockname(sock, (struct sockaddr *)&name->addr,
			   &name->length) ? -errno : 0;
}

int rdma_remote(int sock, struct rdma_name *name)
{
	name->length = sizeof(name->addr);
	return getpeername(sock, (struct sockaddr *)&name->addr,
			   &name->length) ? -errno : 0;
}

static in_port_t *rdma_port_of(struct rdma_name *name)
{
	if (name->addr.ss_family == AF_INET6)
		return &((struct sockaddr_in6 *)&name->addr)->sin6_port;
	return &((struct sockaddr_in *)&name->addr)->sin_port;
}

uint16_t rdma_port(const struct rdma_name *name)
{
	return ntohs(*rdma_port_of((struct rdma_name *)name));
}

void rdma_set_port(struct rdma_name *name, uint16_t port)
{
	*rdma_port_of(name) = htons(port);
}

struct rdma_addr rdma_addr(const struct rdma_name *name)
{
	const struct sockaddr_in6 *in6 = (const void *)&name->addr;
	const struct sockaddr_in *in = (const void *)&name->addr;
	struct rdma_addr addr = { { 0 }, 0 };

	if (name->addr.ss_family == AF_INET6) {
		memcpy(addr.in6, &in6->sin6_addr, sizeof(addr.in6));
		addr.scope = in6->sin6_scope_id;
	} else {
		addr.in6[10] = 0xff;
		addr.in6[11] = 0xff;
		memcpy(&addr.in6[12], &in->sin_addr, sizeof(in->sin_addr));
	}
	return addr;
}

bool rdma_addr_same(const struct rdma_addr *a, const struct rdma_addr *b)
{
	return !memcmp(a->in6, b->in6, sizeof(a->in6)) && a->scope == b->scope;
}

static void rdma_set(int fd, int level, int option, int value)
{
	/* None of them is needed to be right. */
	setsockopt(fd, level, option, &value, sizeof(value));
}

int rdma_socket(const struct rdma_name *name)
{
	int fd = socket(name->addr.ss_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* Addresses of IPv4 may be in sockets of IPv6. */
	if (name->addr.ss_family == AF_INET6)
		rdma_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	return fd;
}

void rdma_abort(int fd)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	connect(fd, &none, sizeof(none));
}

void rdma_acknowledge(int fd)
{
	rdma_set(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
}

void rdma_tune(int fd)
{
	rdma_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	rdma_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, RDMA_SILENCE_MS);
	rdma_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	rdma_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, RDMA_IDLE_S);
	rdma_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, RDMA_PROBE_S);
}
