// SPDX-License-Identifier: MIT
/* select() and WSAPoll(), over poll(). */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sock.h"

/* What time-outs end at, or NULL. */
static const struct timespec *deadline_of(long long ns, struct timespec *end)
{
	if (ns < 0)
		return NULL;
	clock_gettime(CLOCK_MONOTONIC, end);
	ns += end->tv_nsec;
	end->tv_sec += ns / 1000000000;
	end->tv_nsec = ns % 1000000000;
	return end;
}

static struct timespec until(const struct timespec *end)
{
	struct timespec now, left = { 0 };
	long long ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (end->tv_sec - now.tv_sec) * 1000000000LL + end->tv_nsec -
	     now.tv_nsec;
	if (ns > 0) {
		left.tv_sec = ns / 1000000000;
		left.tv_nsec = ns % 1000000000;
	}
	return left;
}

/* Signals don't end it. @ns: -1 for no end. */
static int wait_for(struct libc_pollfd *fds, unsigned int n, long long ns)
{
	struct timespec end, left;
	const struct timespec *deadline = deadline_of(ns, &end);
	int err;

	do {
		if (deadline)
			left = until(deadline);
		err = libc_ppoll(fds, n, deadline ? &left : NULL, NULL);
	} while (err < 0 && errno == EINTR);
	return err;
}

static bool has(const fd_set *set, int fd)
{
	return set && FD_ISSET(fd, set);
}

static unsigned int collect(struct libc_pollfd *fds, const fd_set *reads,
			    const fd_set *writes, const fd_set *excepts)
{
	unsigned int n = 0;
	int fd;

	for (fd = 0; fd < FD_SETSIZE; fd++) {
		if (!has(reads, fd) && !has(writes, fd) && !has(excepts, fd))
			continue;
		fds[n].fd = fd;
		fds[n].events = (has(reads, fd) ? POLLIN : 0) |
				(has(writes, fd) ? POLLOUT : 0) |
				(has(excepts, fd) ? POLLPRI : 0);
		n++;
	}
	return n;
}

/* Could not connect: Linux tells who reads or writes. */
static bool has_failed(const struct libc_pollfd *fd)
{
	if (!(win_sock_flags(fd->fd) & SOCK_CONNECTING))
		return false;
	if (fd->revents & (POLLERR | POLLHUP))
		return true;
	if (fd->revents & POLLOUT)
		win_sock_mark(fd->fd, 0, SOCK_CONNECTING);
	return false;
}

static int put(fd_set *set, int fd, bool ready)
{
	if (!has(set, fd))
		return 0;
	if (!ready)
		FD_CLR(fd, set);
	return ready;
}

static int report(const struct libc_pollfd *fds, unsigned int n, fd_set *reads,
		  fd_set *writes, fd_set *excepts)
{
	const short end = POLLERR | POLLHUP;
	int count = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		short events = fds[i].revents;
		bool failed = has_failed(&fds[i]);

		count += put(reads, fds[i].fd,
			     !failed && events & (POLLIN | end));
		count += put(writes, fds[i].fd,
			     !failed && events & (POLLOUT | POLLERR));
		count += put(excepts, fds[i].fd, failed || events & POLLPRI);
	}
	return count;
}

static bool have_invalid(const struct libc_pollfd *fds, unsigned int n)
{
	while (n--) {
		if (fds[n].revents & POLLNVAL)
			return true;
	}
	return false;
}

int select(int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds,
	   struct timeval *timeout)
{
	struct libc_pollfd fds[FD_SETSIZE];
	long long ns = -1;
	unsigned int n;

	(void)nfds;
	if (!win_started())
		return win_fail(WSANOTINITIALISED);
	n = collect(fds, readfds, writefds, exceptfds);
	if (!n || (timeout && (timeout->tv_sec < 0 || timeout->tv_usec < 0)))
		return win_fail(WSAEINVAL);
	if (timeout)
		ns = timeout->tv_sec * 1000000000LL + timeout->tv_usec * 1000LL;
	if (wait_for(fds, n, ns) < 0)
		return win_fail_errno();
	if (have_invalid(fds, n))
		return win_fail(WSAENOTSOCK);
	return report(fds, n, readfds, writefds, exceptfds);
}

/* Negative ones are left out, as there. */
static void poll_begin(struct libc_pollfd *to, const WSAPOLLFD *from, ULONG n)
{
	ULONG i;

	for (i = 0; i < n; i++) {
		to[i].fd = from[i].fd > INT_MAX ? -1 : (int)from[i].fd;
		to[i].events = from[i].events | LIBC_POLLRDHUP;
		to[i].revents = 0;
	}
}

static short poll_result(const struct libc_pollfd *fd)
{
	short events = fd->revents & ~LIBC_POLLRDHUP;

	if (fd->fd < 0)
		return POLLNVAL;
	return fd->revents & LIBC_POLLRDHUP ? events | POLLHUP : events;
}

int WSAPoll(LPWSAPOLLFD fds, ULONG count, INT timeout_ms)
{
	struct libc_pollfd few[64], *all = few;
	ULONG i;
	int n;

	if (!win_started())
		return win_fail(WSANOTINITIALISED);
	if (!count)
		return win_fail(WSAEINVAL);
	if (!fds)
		return win_fail(WSAEFAULT);
	if (count > sizeof(few) / sizeof(few[0]))
		all = calloc(count, sizeof(*all));
	if (!all)
		return win_fail(WSAENOBUFS);

	poll_begin(all, fds, count);
	n = wait_for(all, count, timeout_ms < 0 ? -1 : timeout_ms * 1000000LL);
	for (i = 0; n >= 0 && i < count; i++)
		fds[i].revents = poll_result(&all[i]);
	if (n < 0)
		win_fail_errno();
	if (all != few)
		free(all);
	return n;
}
