/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROFILE_LINES_H
#define PROFILE_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* lines.c: cache lines, and which CPUs touched them. */
int lines_open(void);
void lines_begin(void);
void lines_touch(unsigned int cpu, uint64_t phys, bool store);
/* A locked instruction at @va, in a function called from @caller. */
void lines_lock(unsigned int cpu, uint64_t phys, uint64_t va, uint64_t caller);
void lines_print(FILE *file);

#endif /* PROFILE_LINES_H */
