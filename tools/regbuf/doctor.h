/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DOCTOR_H
#define DOCTOR_H

/*
 * Whether this machine is ready for regbuf: checks, each of which says one
 * thing or several. What is bad keeps programs from working, a warning does
 * not.
 */

#include <stdbool.h>
#include <stddef.h>

enum verdict { VERDICT_OK, VERDICT_WARN, VERDICT_BAD };

struct finding {
	const char *check;
	enum verdict verdict;
	char text[200];		/* a sentence */
	char mend[160];		/* what to do; empty if nothing */
};

struct doctor {
	struct finding *findings;
	size_t nr;
};

void doctor_module(struct doctor *d);
void doctor_device(struct doctor *d);
void doctor_memory(struct doctor *d);
void doctor_copying(struct doctor *d);
void doctor_cards(struct doctor *d);
void doctor_kernel(struct doctor *d);
void doctor_uring(struct doctor *d);

/* Enter a finding. Never fails: what does not fit ends the program. */
void doctor_say(struct doctor *d, const char *check, enum verdict verdict,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* How to mend what was said last. */
void doctor_mend(struct doctor *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first line of a file, without its end; false if there is none. */
bool doctor_read(const char *path, char *line, size_t size);

/* The line of a file that starts with @name, after it. */
bool doctor_find(const char *path, const char *name, char *line, size_t size);

#endif
