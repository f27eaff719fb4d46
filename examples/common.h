/* SPDX-License-Identifier: MIT */
#ifndef COMMON_H
#define COMMON_H

/*
 * What the examples share, and what is not about regbuf: errors end the
 * program, a port comes from the command line, and a signal asks a server to
 * finish.
 */

#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <regbuf.h>

/* Negative is an error of the library: say what failed, and why. */
static inline void check(const char *what, int error)
{
	if (error < 0)
		errx(1, "%s: %s", what, regbuf_strerror(error));
}

/* The only argument. */
static inline int port_argument(int argc, char **argv)
{
	char *end = argc == 2 ? argv[1] : "?";
	unsigned long port = argc == 2 ? strtoul(argv[1], &end, 10) : 0;

	if (!*end && end != argv[1] && port <= 65535)
		return port;
	fprintf(stderr, "usage: %s PORT\n"
		"Send back what comes, over IPv4 and IPv6. PORT 0: any.\n",
		argv[0]);
	exit(2);
}

/* A socket for IPv6 and IPv4 on a port, which is printed. */
static inline int bind_port(int type, int port)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6 };
	const int tcp = type == SOCK_STREAM, no = 0, size = sizeof(int);
	int sock = socket(AF_INET6, type, 0);
	socklen_t len = sizeof(addr);

	addr.sin6_port = htons(port);
	if (sock < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &tcp, size) ||
	    setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &no, size) ||
	    bind(sock, (struct sockaddr *)&addr, len) ||
	    (tcp && listen(sock, SOMAXCONN)) ||
	    getsockname(sock, (struct sockaddr *)&addr, &len))
		err(1, "port %d", port);
	printf("port %d\n", ntohs(addr.sin6_port));
	fflush(stdout);
	return sock;
}

static atomic_int stop;

static inline void on_signal(int sig)
{
	stop = sig;
}

/*
 * From here on SIGINT and SIGTERM set @stop. They are blocked but for waiting
 * with the mask that is returned, so none is missed just before it.
 */
static inline void catch_signals(sigset_t *waiting)
{
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGINT);
	sigaddset(&both, SIGTERM);
	sigprocmask(SIG_BLOCK, &both, waiting);
	sigdelset(waiting, SIGINT);
	sigdelset(waiting, SIGTERM);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
}

#endif /* COMMON_H */
