// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel complains about without dying of it, such as lockdep.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int fd = -1;

int fz_report_open(void)
{
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

static bool fz_complains(const char *line)
{
	static const char * const words[] = {
		"BUG", "WARNING", "Oops", "KASAN:", "UBSAN:", "refcount_t",
		"blocked for more than", "Call Trace", "ODEBUG",
		"general protection", "suspicious", "while atomic", "corrupt",
		"Bad page", "Bad rss",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

/* Since it was asked last. Shows the first line. */
bool fz_report_any(void)
{
	char line[1024];
	bool any = false;
	ssize_t got;

	while (fd >= 0 && (got = read(fd, line, sizeof(line) - 1)) > 0) {
		line[got] = 0;
		if (any || !fz_complains(line))
			continue;
		printf("fuzz: the kernel complains: %s", line);
		any = true;
	}
	return any;
}
