// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets to the perfect card, behind which every address answers; or to any
 * other peer, to try the program out.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define CARD_MODE	"/sys/module/regbuf_nic/parameters/mode"

#define CARD_IPV6	"fd73::2"

static bool ipv6;		/* the run's */

socklen_t net_dest_size(void)
{
	return ipv6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* Address number @n of the peer's, and a port. */
static int net_address(struct sockaddr_in6 *out, unsigned int n)
{
	const char *peer6 = options.ipv6 ? options.peer : CARD_IPV6;
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	int ok;

	memset(out, 0, sizeof(*out));
	if (ipv6) {
		out->sin6_family = AF_INET6;
		out->sin6_port = htons(BENCH_PORT);
		ok = inet_pton(AF_INET6, peer6, &out->sin6_addr);
		out->sin6_addr.s6_addr[15] += n;
	} else {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(BENCH_PORT);
		ok = inet_pton(AF_INET, options.peer, &v4->sin_addr);
		v4->sin_addr.s_addr = htonl(ntohl(v4->sin_addr.s_addr) + n);
	}
	return ok == 1 ? 0 : bench_failed("the peer's address", -EINVAL);
}

/*
 * Datagrams that no router may cut up, and so need no number each: what whoever
 * sends many asks for.
 */
static int net_whole(int sock)
{
	int err, how = ipv6 ? IPV6_PMTUDISC_DO : IP_PMTUDISC_DO;

	if (ipv6)
		err = setsockopt(sock, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &how,
				 sizeof(how));
	else
		err = setsockopt(sock, IPPROTO_IP, IP_MTU_DISCOVER, &how,
				 sizeof(how));
	return err ? bench_failed("IP_MTU_DISCOVER", -errno) : 0;
}

static int net_options(int sock, bool tcp)
{
	int one = 1;

	if (!tcp && net_whole(sock))
		return -EINVAL;
	if (tcp && setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one,
			      sizeof(one)))
		return bench_failed("TCP_NODELAY", -errno);
	/* As the administrator, past the limit that sysctl sets. */
	if (options.sndbuf && setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE,
					 &options.sndbuf,
					 sizeof(options.sndbuf)))
		return bench_failed("SO_SNDBUFFORCE", -errno);
	return 0;
}

/* A socket that is connected to address number @n. */
int net_socket(bool tcp, unsigned int n)
{
	struct sockaddr_in6 to;
	int sock, err = net_address(&to, n);

	if (err)
		return err;
	sock = socket(ipv6 ? AF_INET6 : AF_INET,
		      (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return bench_failed("making a socket", -errno);
	err = net_options(sock, tcp);
	if (!err && connect(sock, (struct sockaddr *)&to, net_dest_size()))
		err = bench_failed("connecting", -errno);
	if (!err)
		return sock;
	close(sock);
	return err;
}

/* One that sends to many. */
static int net_unconnected(struct run *run)
{
	unsigned int i;
	int err, sock;

	run->dests = calloc(run->cell->dests, sizeof(run->dests[0]));
	if (!run->dests)
		return bench_failed("destinations", -ENOMEM);
	for (i = 0; i < run->cell->dests; i++) {
		err = net_address(&run->dests[i], i);
		if (err)
			return err;
	}
	sock = socket(ipv6 ? AF_INET6 : AF_INET,
		      SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return bench_failed("making a socket", -errno);
	run->socks[0] = sock;
	return net_options(sock, false);
}

/* One that anybody may send to, with room for some batches. */
static int net_receiver(struct run *run)
{
	struct sockaddr_in any = {
		.sin_family = AF_INET,
		.sin_port = htons(BENCH_PORT),
	};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int room = 8 << 20;

	if (sock < 0)
		return bench_failed("making a socket", -errno);
	run->socks[0] = sock;
	if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		return bench_failed("SO_RCVBUFFORCE", -errno);
	if (bind(sock, (struct sockaddr *)&any, sizeof(any)))
		return bench_failed("binding a socket", -errno);
	return 0;
}

int net_open(struct run *run)
{
	const struct cell *cell = run->cell;
	unsigned int i;

	ipv6 = options.ipv6 || cell->ipv6;
	run->socks = malloc(cell->endpoints * sizeof(run->socks[0]));
	if (!run->socks)
		return bench_failed("sockets", -ENOMEM);
	memset(run->socks, 0xff, cell->endpoints * sizeof(run->socks[0]));
	if (cell->work == UDP_RECEIVE)
		return net_receiver(run);
	if (cell->dests)
		return net_unconnected(run);
	for (i = 0; i < cell->endpoints; i++) {
		run->socks[i] = net_socket(work_is_tcp(cell->work), 0);
		if (run->socks[i] < 0)
			return run->socks[i];
	}
	return 0;
}

/* Connections are reset, not left in TIME_WAIT by the thousand. */
static void net_hang_up(int sock)
{
	struct linger linger = { .l_onoff = 1 };

	setsockopt(sock, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(sock);
}

void net_close(struct run *run)
{
	unsigned int i;

	for (i = 0; run->socks && i < run->cell->endpoints; i++)
		if (run->socks[i] >= 0)
			net_hang_up(run->socks[i]);
	free(run->socks);
	free(run->dests);
}

static int net_pending(int sock)
{
	int bytes;

	if (ioctl(sock, SIOCOUTQ, &bytes))
		return bench_failed("SIOCOUTQ", -errno);
	return bytes;
}

/* Wait until the card has let go of everything. */
int net_drain(struct run *run)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	const struct timespec long_enough = { .tv_nsec = 10000000 };
	unsigned int i = 0, patience = 10000;
	int left;

	/* To ask thousands would cost more than what is left. */
	if (run->cell->endpoints > 64)
		return nanosleep(&long_enough, NULL) ? -errno : 0;
	while (i < run->cell->endpoints) {
		left = net_pending(run->socks[i]);
		if (left < 0)
			return left;
		if (!left) {
			i++;
			continue;
		}
		if (!patience--)
			return bench_failed("emptying a socket", -ETIMEDOUT);
		nanosleep(&ms, NULL);
	}
	return 0;
}

/* Tell the card how to behave. */
int net_card(const char *mode)
{
	bool backlogged = !strcmp(mode, "backlogged");
	ssize_t n;
	int fd;

	if (!strcmp(mode, "none"))
		return 0;
	fd = open(CARD_MODE, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return bench_failed(CARD_MODE, -errno);
	n = write(fd, backlogged ? "1\n" : "0\n", 2);
	close(fd);
	return n == 2 ? 0 : bench_failed(CARD_MODE, -EIO);
}
