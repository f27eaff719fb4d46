/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_HALT_H
#define REGBUF_HALT_H

/* Calls that are halted in the middle: by a page that is missing, or a lock. */

#include <linux/userfaultfd.h>
#include <sys/syscall.h>

#include "regbuf_test.h"

/* A page that nobody may read before the handler has put it there. */
static inline int rb_miss_page(void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)page, RB_PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &reg))
		return -1;
	return uffd;
}

/* Wait until somebody misses it. */
static inline int rb_is_missed(int uffd)
{
	struct uffd_msg msg;

	return read(uffd, &msg, sizeof(msg)) == sizeof(msg) &&
	       msg.event == UFFD_EVENT_PAGEFAULT;
}

/* Let whoever misses the page have it: these bytes. */
static inline int rb_give_page(int uffd, void *page, const void *bytes)
{
	struct uffdio_copy copy = {
		.dst = (unsigned long)page,
		.src = (unsigned long)bytes,
		.len = RB_PAGE,
	};

	return ioctl(uffd, UFFDIO_COPY, &copy) ? -errno : 0;
}

#endif /* REGBUF_HALT_H */
