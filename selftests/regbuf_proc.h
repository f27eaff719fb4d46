/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_PROC_H
#define REGBUF_PROC_H

/*
 * What /proc says of other threads, and the like. Also for tests that include
 * winsock2.h.
 */
#include <ctype.h>
#include <dirent.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* A file's first line: 0, or -1 and an empty one. */
static inline int rb_first_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");

	line[0] = 0;
	if (!file)
		return -1;
	if (!fgets(line, size, file))
		line[0] = 0;
	fclose(file);
	return line[0] ? 0 : -1;
}

/* Whether a process, or thread, is in a state: a letter of /proc/ID/stat. */
static inline bool rb_in_state(pid_t pid, char state)
{
	char path[64], text[128], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (rb_first_line(path, text, sizeof(text)))
		return false;
	end = strrchr(text, ')');
	return end && end[2] == state;
}

/* Has a thread said which it is, and come to be in that state? */
static inline bool rb_thread_in_state(const pid_t *tid, char state)
{
	pid_t id = __atomic_load_n(tid, __ATOMIC_ACQUIRE);

	return id && rb_in_state(id, state);
}

static inline void rb_until_asleep(const pid_t *tid)
{
	while (!rb_thread_in_state(tid, 'S'))
		sched_yield();
}

/*
 * The next process or thread of the kernel in /proc, and its name; NULL: no
 * more.
 */
static inline const char *rb_next_task(DIR *proc, char *name, int size)
{
	struct dirent *entry;
	char path[300];

	while ((entry = readdir(proc))) {
		if (!isdigit(entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		rb_first_line(path, name, size);
		return entry->d_name;
	}
	return NULL;
}

#endif /* REGBUF_PROC_H */
