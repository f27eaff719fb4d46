/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_SLOW_H
#define REGBUF_SLOW_H

#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>

/* A kernel that looks at all that it does: those that vm/kernel.sh builds. */
static inline bool rb_slow(void)
{
	struct utsname name;

	return !uname(&name) && strstr(name.release, "-regbuf-");
}

#endif
