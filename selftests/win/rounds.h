/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WIN_ROUNDS_H
#define WIN_ROUNDS_H

#include "regbuf_slow.h"

static int rounds_share = 1;

/* Before there are threads. */
__attribute__((constructor))
static void rounds_look(void)
{
	if (rb_slow())
		rounds_share = 5;
}

/* So often; where the kernel looks at all that it does, a fifth will do. */
static inline int rounds(int many)
{
	return many / rounds_share;
}

#endif /* WIN_ROUNDS_H */
