/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WIN_ROUNDS_H
#define WIN_ROUNDS_H

#include <unistd.h>

/* So often; where the kernel looks at all that it does, a fifth will do. */
static inline int rounds(int many)
{
	static int thorough = -1;

	if (thorough < 0)
		thorough = !access("/sys/kernel/debug/kmemleak", F_OK);
	return thorough ? many / 5 : many;
}

#endif /* WIN_ROUNDS_H */
