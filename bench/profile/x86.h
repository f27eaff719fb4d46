/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROFILE_X86_H
#define PROFILE_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* x86.c: what an instruction is, from its bytes. */
bool x86_is_locked(const uint8_t *bytes, size_t size);
bool x86_is_call(const uint8_t *bytes, size_t size);
/* The program's mark that it is (../mark.h), or 0. */
unsigned int x86_mark(const uint8_t *bytes, size_t size);

#endif /* PROFILE_X86_H */
