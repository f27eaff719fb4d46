// SPDX-License-Identifier: MIT
/*
 * Contexts, and what is asked of them as a whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "regbuf_int.h"

int regbuf_call(const struct regbuf *rb, unsigned long cmd, void *arg)
{
	return ioctl(rb->fd, cmd, arg) < 0 ? -errno : 0;
}

/* A missing device is not to be taken for a missing buffer. */
static int regbuf_open_device(void)
{
	int fd = open(REGBUF_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	return errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
}

REGBUF_EXPORT int regbuf_open(struct regbuf **out)
{
	struct regbuf *rb;
	int fd;

	*out = NULL;
	fd = regbuf_open_device();
	if (fd < 0)
		return fd;
	rb = malloc(sizeof(*rb));
	if (!rb) {
		close(fd);
		return -ENOMEM;
	}
	rb->fd = fd;
	regbuf_handles_init(&rb->handles);
	*out = rb;
	return 0;
}

REGBUF_EXPORT void regbuf_close(struct regbuf *rb)
{
	if (!rb)
		return;
	close(rb->fd);
	regbuf_handles_free(&rb->handles);
	free(rb);
}

REGBUF_EXPORT int regbuf_fd(const struct regbuf *rb)
{
	return rb->fd;
}

REGBUF_EXPORT int regbuf_query(struct regbuf *rb,
			       struct regbuf_ioc_query *query)
{
	return regbuf_call(rb, REGBUF_IOC_QUERY, query);
}

REGBUF_EXPORT int regbuf_stats(struct regbuf *rb,
			       struct regbuf_ioc_stats *stats)
{
	return regbuf_call(rb, REGBUF_IOC_STATS, stats);
}
