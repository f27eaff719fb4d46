// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets. For datagrams a server has the ports from that of its connections
 * on, one for each stream.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "perf.h"

/* Datagrams that come while nobody looks are lost without room for them. */
#define DATAGRAM_ROOM	(8 << 20)

uint64_t net_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * PERF_NS + now.tv_nsec;
}

static struct addrinfo *resolve(struct test *test, const struct options *opt,
				int type, unsigned int port)
{
	struct addrinfo hints = {
		.ai_family = opt->family,
		.ai_socktype = type,
		.ai_flags = opt->server ? AI_PASSIVE : 0,
	};
	struct addrinfo *list = NULL;
	const char *service = opt->port;
	char number[16];
	int err;

	if (!opt->server && port) {
		snprintf(number, sizeof(number), "%u", port);
		service = number;
	}
	/* One socket for both families, unless one was asked for. */
	if (opt->server && !opt->address && opt->family == AF_UNSPEC)
		hints.ai_family = AF_INET6;
	err = getaddrinfo(opt->address, service, &hints, &list);
	if (!err)
		return list;
	perf_say(test, 0, "%s port %s: %s",
		 opt->address ? opt->address : "any address", service,
		 gai_strerror(err));
	return NULL;
}

int net_buffers(struct test *test, int sock)
{
	int bytes = test->opt.window;

	if (!bytes && test->opt.server && test->opt.udp)
		bytes = DATAGRAM_ROOM;
	if (!bytes)
		return 0;
	/* More than the limit for all is for the privileged. */
	if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
		       sizeof(bytes)) &&
	    setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)))
		return perf_fail(test, "SO_RCVBUF", -errno);
	if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &bytes,
		       sizeof(bytes)) &&
	    setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)))
		return perf_fail(test, "SO_SNDBUF", -errno);
	return 0;
}

static int set_listening(int sock, const struct addrinfo *ai,
			 const struct options *opt)
{
	const int yes = 1, no = opt->family == AF_INET6;

	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (ai->ai_family == AF_INET6)
		setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	return bind(sock, ai->ai_addr, ai->ai_addrlen) ||
	       listen(sock, PERF_STREAMS);
}

int net_listen(struct test *test, const struct options *opt)
{
	struct addrinfo *ai = resolve(test, opt, SOCK_STREAM, 0);
	int sock, err = 0;

	if (!ai)
		return -EINVAL;
	sock = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || set_listening(sock, ai, opt))
		err = perf_say(test, -errno, "port %s: %s", opt->port,
			       strerror(errno));
	freeaddrinfo(ai);
	if (err && sock >= 0)
		close(sock);
	return err ? err : sock;
}

static int dial_one(struct test *test, const struct addrinfo *ai)
{
	int err, sock = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC,
			       0);

	if (sock < 0)
		return -errno;
	err = net_buffers(test, sock);
	if (!err && connect(sock, ai->ai_addr, ai->ai_addrlen))
		err = -errno;
	if (!err)
		return sock;
	close(sock);
	return err;
}

/* A socket that is connected to the server, at the first address that works. */
int net_dial(struct test *test, int type, unsigned int port)
{
	struct addrinfo *list = resolve(test, &test->opt, type, port), *ai;
	int sock = -EINVAL;

	if (!list)
		return -EINVAL;
	for (ai = list; ai; ai = ai->ai_next) {
		sock = dial_one(test, ai);
		if (sock >= 0)
			break;
	}
	freeaddrinfo(list);
	if (sock < 0)
		perf_say(test, 0, "%s port %s: %s", test->opt.address,
			 test->opt.port, strerror(-sock));
	return sock;
}

static unsigned int *port_of(struct sockaddr_storage *ss, unsigned int *port)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	/* Both families have it in the same place. */
	*port = ntohs(in6->sin6_port);
	return port;
}

/* For stream @nr, at the address that the client came to. */
int net_datagrams(struct test *test, unsigned int nr)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int err, sock;
	unsigned int port;

	if (getsockname(fileno(test->control), (struct sockaddr *)&ss, &len))
		return perf_fail(test, "getsockname", -errno);
	port = *port_of(&ss, &port) + nr;
	((struct sockaddr_in6 *)&ss)->sin6_port = htons(port);
	sock = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return perf_fail(test, "making a socket", -errno);
	err = net_buffers(test, sock);
	if (!err && (port > 65535 || bind(sock, (struct sockaddr *)&ss, len)))
		err = perf_say(test, -errno, "UDP port %u: %s", port,
			       port > 65535 ? "there is none" :
			       strerror(errno));
	if (!err)
		return sock;
	close(sock);
	return err;
}

/* Who is at the other end; IPv4 in IPv6 is IPv4. */
int net_peer(struct test *test, int sock)
{
	struct sockaddr_storage ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
	socklen_t len = sizeof(ss);
	const void *addr = &in6->sin6_addr;

	if (getpeername(sock, (struct sockaddr *)&ss, &len))
		return perf_fail(test, "getpeername", -errno);
	port_of(&ss, &test->port);
	test->family = ss.ss_family;
	if (ss.ss_family == AF_INET) {
		addr = &((struct sockaddr_in *)&ss)->sin_addr;
	} else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		test->family = AF_INET;
		addr = &in6->sin6_addr.s6_addr[12];
	}
	if (!inet_ntop(test->family, addr, test->peer, sizeof(test->peer)))
		return perf_fail(test, "inet_ntop", -errno);
	return 0;
}

/* A connection from where the client is, and from nobody else. */
int net_accept(struct test *test, int listener)
{
	struct test other = { 0 };
	int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (sock < 0)
		return perf_fail(test, "accepting", -errno);
	if (!test->control)
		return sock;
	if (!net_peer(&other, sock) && !strcmp(other.peer, test->peer))
		return sock;
	close(sock);
	return -EAGAIN;
}

/* Receive, but wait for no longer than that. */
int net_patience(struct test *test, int sock, unsigned int ms)
{
	const struct timeval tv = {
		.tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000,
	};

	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)))
		return perf_fail(test, "SO_RCVTIMEO", -errno);
	return 0;
}
