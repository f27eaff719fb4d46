/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_STATE_H
#define REGBUF_STATE_H

/* What another thread is doing. Also for tests that include winsock2.h. */

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Whether a process, or thread, is in a state: a letter of /proc/ID/stat. */
static inline int rb_in_state(pid_t pid, char state)
{
	char path[64], text[128] = "", *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	end = strrchr(text, ')');
	return end && end[2] == state;
}

/* Until the thread has said which it is, and sleeps. */
static inline void rb_until_asleep(const int *tid)
{
	while (!__atomic_load_n(tid, __ATOMIC_ACQUIRE))
		sched_yield();
	while (!rb_in_state(*tid, 'S'))
		sched_yield();
}

#endif /* REGBUF_STATE_H */
