// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "uring.h"

static const char *hint(int err)
{
	switch (-err) {
	case EPERM:
		return "; it may be switched off, see kernel.io_uring_disabled";
	case ENOMEM:
		return "; is it the limit of locked memory, ulimit -l?";
	case EINVAL:
		return "; it needs Linux 6.1";
	}
	return "";
}

static int failed(struct stream *s, const char *what, int err)
{
	return perf_say(s->test, err, "%s: %s%s", what, strerror(-err),
			hint(err));
}

int uring_setup(struct stream *s, struct io_uring *ring, unsigned int entries,
		unsigned int completions)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER |
			 IORING_SETUP_DEFER_TASKRUN,
		.cq_entries = completions,
	};
	int err = io_uring_queue_init_params(entries, ring, &params);

	if (err)
		return failed(s, "io_uring", err);
	err = io_uring_register_ring_fd(ring);
	if (err < 0) {
		io_uring_queue_exit(ring);
		return failed(s, "registering the ring", err);
	}
	err = io_uring_register_files(ring, &s->sock, 1);
	if (err) {
		io_uring_queue_exit(ring);
		return failed(s, "registering the socket", err);
	}
	return 0;
}
