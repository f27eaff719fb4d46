// SPDX-License-Identifier: GPL-2.0
/*
 * What a program may do to its memory, registered or not.
 */
#define _GNU_SOURCE
#include "world.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of the arena: from a page of it on, no further than it goes. */
static size_t fz_range(__u64 addr, __u64 length, char **at)
{
	size_t from = addr % FZ_ARENA_SIZE & -FZ_PAGE;
	size_t size = (length + FZ_PAGE - 1) & -FZ_PAGE;

	*at = FZ_ARENA + from;
	return size > FZ_ARENA_SIZE - from ? FZ_ARENA_SIZE - from : size;
}

static int fz_file(int kind)
{
	int fd;

	switch (kind) {
	case 0:
	case 1:
		return -1;
	case 2:
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		break;
	case 3:
		return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	default:
		fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	}
	if (ftruncate(fd, FZ_ARENA_SIZE / 2))
		return fd;
	return fd;
}

/* addr, length, protection, kind */
long fz_call_mmap(struct fz_world *w, const __u64 *arg)
{
	int kind = arg[3] % 6, fd = fz_file(kind);
	int flags = MAP_FIXED;
	size_t size;
	char *at;

	size = fz_range(arg[0], arg[1], &at);
	if (kind < 2)
		flags |= MAP_ANONYMOUS;
	flags |= kind & 1 ? MAP_PRIVATE : MAP_SHARED;
	if (mmap(at, size, arg[2] & 3, flags, fd, 0) == MAP_FAILED)
		size = 0;
	if (fd >= 0)
		close(fd);
	return size ? 0 : -1;
}

/* addr, length */
long fz_call_munmap(struct fz_world *w, const __u64 *arg)
{
	char *at;
	size_t size = fz_range(arg[0], arg[1], &at);

	return munmap(at, size);
}

/* addr, length, other length, to */
long fz_call_mremap(struct fz_world *w, const __u64 *arg)
{
	char *at, *to;
	size_t size = fz_range(arg[0], arg[1], &at);
	size_t other = fz_range(arg[3], arg[2], &to);

	return mremap(at, size, other, MREMAP_MAYMOVE | MREMAP_FIXED, to) ==
	       MAP_FAILED ? -1 : 0;
}

/* addr, length, protection */
long fz_call_mprotect(struct fz_world *w, const __u64 *arg)
{
	char *at;
	size_t size = fz_range(arg[0], arg[1], &at);

	return mprotect(at, size, arg[2] & 3);
}

/* addr, length, advice */
long fz_call_madvise(struct fz_world *w, const __u64 *arg)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_DONTNEED, MADV_FREE, MADV_REMOVE,
		MADV_DONTFORK, MADV_WIPEONFORK, MADV_MERGEABLE, MADV_COLD,
		MADV_PAGEOUT, MADV_POPULATE_WRITE, MADV_POPULATE_READ,
		MADV_HUGEPAGE,
	};
	char *at;
	size_t size = fz_range(arg[0], arg[1], &at);

	return madvise(at, size, advice[arg[2] % ARRAY_SIZE(advice)]);
}

/* addr, length: write there, if one may */
long fz_call_touch(struct fz_world *w, const __u64 *arg)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char *at;
	size_t size = fz_range(arg[0], arg[1], &at);
	long ret = read(fd, at, size);

	close(fd);
	return ret;
}
