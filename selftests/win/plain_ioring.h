/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WIN_PLAIN_IORING_H
#define WIN_PLAIN_IORING_H

#include <stdbool.h>

/* Pages that this process has pinned. */
long plain_pinned(void);

/* So many, in a moment or so. */
bool plain_pinned_is(long pages);

/* As plain_pair() on the loopback, datagram sockets connected both ways. */
int plain_both(int family, int type, int sv[2]);

/* A socket that is neither TCP nor UDP. */
int plain_other(void);

#endif /* WIN_PLAIN_IORING_H */
