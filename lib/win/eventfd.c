// SPDX-License-Identifier: MIT
/* Event descriptors that do not block. */
#include <errno.h>
#include <unistd.h>

#include "win.h"

bool win_eventfd_read(int fd)
{
	uint64_t value;
	ssize_t n;

	do {
		n = read(fd, &value, sizeof(value));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(value);
}

void win_eventfd_write(int fd)
{
	const uint64_t one = 1;
	ssize_t n;

	do {
		n = write(fd, &one, sizeof(one));
	} while (n < 0 && errno == EINTR);
}
