// SPDX-License-Identifier: GPL-2.0
/*
 * The echo servers of examples/, as programs: many connections, many senders,
 * clients that misbehave, and a clean end. Over veth, so that what they send is
 * not copied at once. clients.sh has what other programs see of them.
 */
#include "regbuf_slow.h"
#include "regbuf_test.h"

#include <netinet/udp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#define LONGEST4	65507	/* datagrams */
#define LONGEST6	65527
#define ROOM		65536
#define WINDOW		32	/* datagrams that surely fit in a socket */
#define STREAM		(2UL << 20)

/* A server at the peer, and what a client of it needs. */
struct server {
	struct rb_net net;
	long pins;		/* of the machine, before */
	pid_t pid;
	int port;
	int clients;		/* fewer on a kernel built to find mistakes */
	int *socks;
	unsigned char *sent;
	unsigned char *got;
};

/* In the child: become the server, whose output is read from a pipe. */
static void run_server(const char *program, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	execl(program, program, "0", NULL);
	_exit(127);
}

/* What it says first is its port; 0 if that is not what it says. */
static int server_port(int fd)
{
	char line[64] = "";
	size_t len = 0;
	ssize_t n;

	while (!strchr(line, '\n') && len < sizeof(line) - 1) {
		n = read(fd, line + len, sizeof(line) - 1 - len);
		if (n <= 0)
			break;
		len += n;
	}
	return strncmp(line, "port ", 5) ? 0 : atoi(line + 5);
}

/* Returns 0 if it runs. */
static int server_run(struct server *server, const char *program)
{
	int out[2];

	if (pipe2(out, O_CLOEXEC) || rb_net_peer(&server->net))
		return -1;
	server->pid = fork();
	if (!server->pid)
		run_server(program, out[1]);
	close(out[1]);
	server->port = server_port(out[0]);
	close(out[0]);
	return rb_net_near(&server->net) || !server->port;
}

static int server_start(struct server *server, const char *program, int clients)
{
	struct rlimit files = { 4096, 4096 };

	if (rb_slow())
		clients /= 4;
	server->clients = clients;
	server->socks = malloc(clients * sizeof(int));
	server->sent = malloc(ROOM);
	server->got = malloc(ROOM);
	server->pins = rb_pins();
	if (setrlimit(RLIMIT_NOFILE, &files) || rb_net_setup(&server->net))
		return -1;
	return server_run(server, program);
}

/* 0 if it ends by itself, well, and leaves nothing pinned. */
static int server_stop(struct server *server, int sig)
{
	int status = -1;

	if (server->pid <= 0)
		return 0;
	kill(server->pid, sig);
	waitpid(server->pid, &status, 0);
	server->pid = 0;
	if (status)
		fprintf(stderr, "# the server ended with status %#x\n", status);
	if (rb_within(20, rb_pins() <= server->pins))
		return status;
	fprintf(stderr, "# %ld pages pinned, %ld before\n", rb_pins(),
		server->pins);
	return -1;
}

/* A client that waits 20 s for an answer; even ones speak IPv4, others IPv6. */
static int new_client(const struct server *server, int type, int nr)
{
	int family = nr % 2 ? AF_INET6 : AF_INET, sock;
	const char *host = nr % 2 ? RB_PEER6 : RB_PEER4;
	struct timeval limit = { .tv_sec = 20 };
	struct sockaddr_storage ss;
	socklen_t len = rb_addr(family, host, server->port, &ss);

	sock = socket(family, type | SOCK_CLOEXEC, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&ss, len) ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit))) {
		fprintf(stderr, "# client %d: %s\n", nr, strerror(errno));
		return -1;
	}
	return sock;
}

/* What a client sends in a round, and how much. */
static size_t fill(struct server *server, int nr, int round, size_t longest)
{
	size_t len = (nr * 131 + round * 977) % longest + 1;

	rb_pattern(server->sent, len, nr * 31 + round * 17);
	return len;
}

static int say(struct server *server, int nr, int round, size_t longest)
{
	size_t len = fill(server, nr, round, longest);

	return send(server->socks[nr], server->sent, len, MSG_NOSIGNAL) !=
	       (ssize_t)len;
}

/* 0 if exactly that comes back. */
static int hear(struct server *server, int nr, int round, size_t longest)
{
	size_t len = fill(server, nr, round, longest);
	int type = 0, sock = server->socks[nr];
	socklen_t size = sizeof(type);
	ssize_t n;

	getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &size);
	n = recv(sock, server->got, type == SOCK_DGRAM ? ROOM : len,
		 type == SOCK_DGRAM ? 0 : MSG_WAITALL);
	if (n == (ssize_t)len && !memcmp(server->sent, server->got, len))
		return 0;
	fprintf(stderr, "# client %d, round %d: %s, %zd of %zu bytes\n", nr,
		round, n == (ssize_t)len ? "other bytes" : "too few or many", n,
		len);
	return -1;
}

static int open_clients(struct server *server, int type, int clients)
{
	for (int i = 0; i < clients; i++) {
		server->socks[i] = new_client(server, type, i);
		if (server->socks[i] < 0)
			return -1;
	}
	return 0;
}

/* All of these clients say something, then all get it back. */
static int exchange(struct server *server, int from, int to, int round,
		    size_t longest)
{
	int i, err = 0;

	for (i = from; i < to && !err; i++)
		err = say(server, i, round, longest);
	for (i = from; i < to && !err; i++)
		err = hear(server, i, round, longest);
	return err;
}

/* One more client is served. */
static int serves(struct server *server, int type, int nr)
{
	int err, was = server->socks[nr];

	server->socks[nr] = new_client(server, type, nr);
	err = server->socks[nr] < 0 || say(server, nr, 0, 1000) ||
	      hear(server, nr, 0, 1000);
	close(server->socks[nr]);
	server->socks[nr] = was;
	return err;
}

FIXTURE(tcp_echo)
{
	struct server server;
};

FIXTURE_SETUP(tcp_echo)
{
	ASSERT_EQ(0, server_start(&self->server, "./tcp_echo", 2000));
}

FIXTURE_TEARDOWN(tcp_echo)
{
	EXPECT_EQ(0, server_stop(&self->server, SIGTERM));
}

/* C1, C4, C18: all are open at once, all send, then all get it back. */
TEST_F_TIMEOUT(tcp_echo, thousands_of_connections, 200)
{
	struct server *server = &self->server;
	char byte;

	ASSERT_EQ(0, open_clients(server, SOCK_STREAM, server->clients));
	for (int round = 0; round < 3; round++)
		EXPECT_EQ(0, exchange(server, 0, server->clients, round, 3000));
	for (int i = 0; i < server->clients; i++) {
		ASSERT_EQ(0, shutdown(server->socks[i], SHUT_WR));
		ASSERT_EQ(0, recv(server->socks[i], &byte, 1, 0));
	}
}

/* C3, C4: far more than a slice holds, both ways at once. */
TEST_F_TIMEOUT(tcp_echo, long_streams, 120)
{
	struct server *server = &self->server;
	unsigned char *bytes = rb_mem(STREAM);
	struct rb_sink sinks[4];
	size_t done;
	ssize_t n;

	ASSERT_EQ(0, open_clients(server, SOCK_STREAM, 4));
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, rb_sink_start(&sinks[i], server->socks[i],
					   STREAM));
	for (int i = 0; i < 4; i++) {
		for (done = 0; done < STREAM; done += n) {
			n = send(server->socks[i], bytes + done, STREAM - done,
				 MSG_NOSIGNAL);
			ASSERT_LT(0, n);
		}
	}
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, rb_sink_finish(&sinks[i], bytes));
}

/* C15: connections that end with a reset leave their slices to the others. */
TEST_F_TIMEOUT(tcp_echo, clients_that_reset, 120)
{
	struct linger at_once = { .l_onoff = 1 };
	struct server *server = &self->server;

	/* More than there are slices in the server's pool. */
	for (int i = 0; i < 400; i++) {
		server->socks[0] = new_client(server, SOCK_STREAM, i);
		ASSERT_LE(0, server->socks[0]);
		ASSERT_EQ(0, say(server, 0, i, 3000));
		ASSERT_EQ(0, setsockopt(server->socks[0], SOL_SOCKET, SO_LINGER,
					&at_once, sizeof(at_once)));
		close(server->socks[0]);
	}
	EXPECT_EQ(0, serves(server, SOCK_STREAM, 0));
	EXPECT_EQ(0, serves(server, SOCK_STREAM, 1));
}

/* C15: it ends while answers are on their way to clients that do not read. */
TEST_F_TIMEOUT(tcp_echo, ends_with_connections, 120)
{
	struct server *server = &self->server;
	ssize_t n;

	ASSERT_EQ(0, open_clients(server, SOCK_STREAM, 100));
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(0, say(server, i, 0, 3000));
	ASSERT_EQ(0, hear(server, 0, 0, 3000));
	EXPECT_EQ(0, server_stop(server, SIGINT));
	for (int i = 0; i < 100; i++) {
		do {
			n = recv(server->socks[i], server->got, ROOM, 0);
		} while (n > 0);
		EXPECT_TRUE(!n || errno == ECONNRESET);
	}
}

FIXTURE(udp_echo)
{
	struct server server;
};

FIXTURE_SETUP(udp_echo)
{
	cpu_set_t first;

	/* On several, the network may change the order. */
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(first), &first));
	ASSERT_EQ(0, server_start(&self->server, "./udp_echo", 1024));
}

FIXTURE_TEARDOWN(udp_echo)
{
	EXPECT_EQ(0, server_stop(&self->server, SIGTERM));
}

/* C1, C18: to each its own; connected, they hear nobody but the server. */
TEST_F_TIMEOUT(udp_echo, many_sources, 200)
{
	struct server *server = &self->server;

	ASSERT_EQ(0, open_clients(server, SOCK_DGRAM, server->clients));
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < server->clients; i += WINDOW)
			EXPECT_EQ(0, exchange(server, i, i + WINDOW, round,
					      1400));
}

/* C3: the datagrams of one sender come back in their order. */
TEST_F(udp_echo, order)
{
	struct server *server = &self->server;

	/* One socket under many names. */
	ASSERT_EQ(0, open_clients(server, SOCK_DGRAM, 1));
	for (int i = 1; i < WINDOW; i++)
		server->socks[i] = server->socks[0];
	for (int round = 0; round < 20; round++)
		EXPECT_EQ(0, exchange(server, 0, WINDOW, round, 1400));
}

/* C18: none at all, and as many bytes as a datagram can have. */
TEST_F(udp_echo, sizes)
{
	struct server *server = &self->server;
	size_t lens[] = { 0, 1, 1472, 1473, 9000, LONGEST4, LONGEST6 };

	for (int nr = 0; nr < 2; nr++) {
		int sock = new_client(server, SOCK_DGRAM, nr);
		size_t longest = nr ? LONGEST6 : LONGEST4;

		ASSERT_LE(0, sock);
		rb_pattern(server->sent, ROOM, nr);
		for (int i = 0; i < 7 && lens[i] <= longest; i++) {
			size_t len = lens[i];

			ASSERT_EQ(len, send(sock, server->sent, len, 0));
			ASSERT_EQ(len, recv(sock, server->got, ROOM, 0));
			EXPECT_EQ(0, memcmp(server->sent, server->got, len));
		}
		close(sock);
	}
}

/* A datagram that nobody can answer: from port 0. */
static int send_from_nowhere(const struct server *server)
{
	struct {
		struct udphdr head;
		char data[8];
	} dgram = {
		.head.dest = htons(server->port),
		.head.len = htons(sizeof(dgram)),
	};
	int sock = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);
	struct sockaddr_storage ss;
	socklen_t len = rb_addr(AF_INET, RB_PEER4, 0, &ss);
	ssize_t n = sendto(sock, &dgram, sizeof(dgram), 0,
			   (struct sockaddr *)&ss, len);

	close(sock);
	return n != sizeof(dgram);
}

/* C4: an error concerns its datagram, even as many as there are places. */
TEST_F(udp_echo, senders_that_cannot_be_answered)
{
	struct server *server = &self->server;

	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < WINDOW; i++)
			ASSERT_EQ(0, send_from_nowhere(server));
		EXPECT_EQ(0, serves(server, SOCK_DGRAM, round));
	}
}

TEST_HARNESS_MAIN
