// SPDX-License-Identifier: GPL-2.0
/* Ids of contexts and endpoints, which programs keep. */
#include <linux/minmax.h>
#include <linux/xarray.h>

#include "regbuf.h"

/**
 * regbuf_id_alloc() - an id that was not another's shortly before
 * @xa: gets the entry; allocates
 * @entry: what the id is for
 * @id: the id, 1 or more. May have been set if there is an error
 * @next: the id to begin with; for the next call
 *
 * xa_alloc_cyclic() begins at the lowest again also when there is no memory to
 * go on with, and then gives the id of what was there a moment ago.
 *
 * Context: Process context. May sleep.
 * Return: 0, -ENOMEM, or -EBUSY if all are taken.
 */
int regbuf_id_alloc(struct xarray *xa, void *entry, u32 *id, u32 *next)
{
	struct xa_limit limit;
	int err;

	xa_lock(xa);
	limit = XA_LIMIT(max(*next, 1U), INT_MAX);
	for (;;) {
		err = __xa_alloc(xa, id, entry, limit, GFP_KERNEL_ACCOUNT);
		if (err != -EBUSY || limit.min == 1)
			break;
		limit.min = 1;
	}
	if (!err)
		*next = *id + 1;
	xa_unlock(xa);
	return err;
}
