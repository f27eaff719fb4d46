// SPDX-License-Identifier: MIT
/* Pointers of the program's that may lead nowhere: false, and no signal. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include "win.h"

/* Not every kernel has the system calls for it, and they may be forbidden. */
static bool is_forbidden(void)
{
	return errno == EPERM || errno == ENOSYS;
}

/* So much as a pipe always takes at once. */
static ssize_t copy_some(const int pipe[2], char *to, const char *from,
			 size_t length)
{
	size_t most = length < PIPE_BUF ? length : PIPE_BUF;
	ssize_t n = write(pipe[1], from, most);

	return n <= 0 ? -1 : read(pipe[0], to, n);
}

static bool copy_by_pipe(char *to, const char *from, size_t length)
{
	int pipe[2];
	ssize_t n;

	if (pipe2(pipe, O_CLOEXEC))
		return false;
	for (; length; length -= n, to += n, from += n) {
		n = copy_some(pipe, to, from, length);
		if (n <= 0)
			break;
	}
	close(pipe[0]);
	close(pipe[1]);
	return !length;
}

bool win_copy_in(void *to, const void *from, size_t length)
{
	struct iovec local = { to, length };
	struct iovec remote = { (void *)from, length };
	ssize_t n;

	if (!length)
		return true;
	n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	if (n < 0 && is_forbidden())
		return copy_by_pipe(to, from, length);
	return n == (ssize_t)length;
}

bool win_copy_out(void *to, const void *from, size_t length)
{
	struct iovec local = { (void *)from, length };
	struct iovec remote = { to, length };
	ssize_t n;

	if (!length)
		return true;
	n = process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
	if (n < 0 && is_forbidden())
		return copy_by_pipe(to, from, length);
	return n == (ssize_t)length;
}
