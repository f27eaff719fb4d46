// SPDX-License-Identifier: GPL-2.0
/*
 * The programs that this process ran, in a file of the machine outside, before
 * they run: when the kernel dies, it says what to run again.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char stop[] = "stop\n";
static int fd = -1;
static off_t at;

int fz_journal_open(const char *dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/last", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return fd;
}

void fz_journal_begin(void)
{
	at = 0;
}

/* What it is called to do is to have left this kernel when it returns. */
void fz_journal_add(const struct fz_prog *prog)
{
	static char text[FZ_TEXT + sizeof(stop)];
	size_t size = fz_print(prog, text, FZ_TEXT);

	if (fd < 0)
		return;
	memcpy(text + size, stop, sizeof(stop) - 1);
	if (pwrite(fd, text, size + sizeof(stop) - 1, at) > 0)
		at += size;
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE |
			SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}
