// SPDX-License-Identifier: MIT
/* Event descriptors that do not block. */
#include <errno.h>
#include <unistd.h>

#include "win.h"

uint64_t win_eventfd_read(int fd)
{
	uint64_t value;
	ssize_t n;

	do {
		n = read(fd, &value, sizeof(value));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(value) ? value : 0;
}

void win_eventfd_add(int fd, uint64_t value)
{
	ssize_t n;

	do {
		n = write(fd, &value, sizeof(value));
	} while (n < 0 && errno == EINTR);
}

void win_eventfd_write(int fd)
{
	win_eventfd_add(fd, 1);
}
