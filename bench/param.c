// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters of the module, which are what some cells differ in.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

static int param_open(const char *name, int flags)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/module/regbuf/parameters/%s", name);
	return open(path, flags | O_CLOEXEC);
}

int param_read(const char *name, struct param *param)
{
	int fd = param_open(name, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return bench_failed(name, -errno);
	n = read(fd, param->value, sizeof(param->value) - 1);
	close(fd);
	if (n <= 0)
		return bench_failed(name, -EIO);
	param->value[n] = 0;
	return 0;
}

int param_write(const char *name, const char *value)
{
	int fd = param_open(name, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return bench_failed(name, -errno);
	n = write(fd, value, strlen(value));
	close(fd);
	return n == (ssize_t)strlen(value) ? 0 : bench_failed(name, -EIO);
}
