/* SPDX-License-Identifier: MIT */
/* What file.c and fileio.c share. */
#ifndef REGBUF_WIN_FILE_H
#define REGBUF_WIN_FILE_H

#include "win.h"

struct win_file {
	struct win_object obj;
	int fd;
	bool overlapped;	/* each call says where */
	char *doomed;		/* to delete when it is closed */
};

static inline struct win_file *win_file_of(struct win_object *obj)
{
	return (struct win_file *)obj;
}

#endif /* REGBUF_WIN_FILE_H */
