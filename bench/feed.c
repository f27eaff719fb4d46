// SPDX-License-Identifier: GPL-2.0
/*
 * The feeder: has the card deliver a batch whenever it is told to, from a
 * process of its own, so that the receiver can be waiting when it comes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define CARD_INJECT	"/sys/kernel/debug/regbuf_nic/inject"

static int wanted = -1;		/* batches that are */
static pid_t feeder;

static int local_port(int sock)
{
	struct sockaddr_in at;
	socklen_t length = sizeof(at);

	if (getsockname(sock, (struct sockaddr *)&at, &length))
		return -errno;
	return ntohs(at.sin_port);
}

static void feed(const char *line)
{
	int fd = open(CARD_INJECT, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(line);
	uint64_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(wanted, &n, sizeof(n)) == sizeof(n))
		if (write(fd, line, length) != (ssize_t)length)
			break;
	bench_say("%s: %s", CARD_INJECT, strerror(errno));
	/* The receiver would wait for ever. */
	kill(getppid(), SIGTERM);
	_exit(1);
}

int feed_start(struct run *run)
{
	const struct cell *cell = run->cell;
	int port = local_port(run->socks[0]);
	char line[64];

	if (port < 0)
		return bench_failed("the socket's port", port);
	if (work_is_tcp(cell->work))
		snprintf(line, sizeof(line), "tcp %zu %d",
			 cell->size * cell->depth, port);
	else
		snprintf(line, sizeof(line), "udp %zu %u %d", cell->size,
			 cell->depth, port);
	wanted = eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC);
	if (wanted < 0)
		return bench_failed("an eventfd", -errno);
	feeder = fork();
	if (feeder < 0)
		return bench_failed("starting the feeder", -errno);
	if (!feeder)
		feed(line);
	return 0;
}

int feed_batch(void)
{
	uint64_t one = 1;

	if (write(wanted, &one, sizeof(one)) != sizeof(one))
		return bench_failed("the feeder", -errno);
	return 0;
}

void feed_stop(void)
{
	if (feeder > 0) {
		kill(feeder, SIGKILL);
		waitpid(feeder, NULL, 0);
	}
	if (wanted >= 0)
		close(wanted);
	feeder = 0;
	wanted = -1;
}
