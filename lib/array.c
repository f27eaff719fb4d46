// SPDX-License-Identifier: MIT
/*
 * The table of buffers that are named by index.
 */
#include <errno.h>

#include "regbuf_int.h"

/* The kernel has numbers of entries that were not refused, too. */
static void regbuf_array_budget(struct regbuf_budget *budget,
				const struct regbuf_ioc_array *array, int err)
{
	memset(budget, 0, sizeof(*budget));
	if (err && err != -ENOBUFS)
		return;
	budget->needed = array->needed;
	budget->charged = array->charged;
	budget->allowed = array->allowed;
	budget->uncharged = !!(array->result & REGBUF_REGISTER_R_UNCHARGED);
	budget->result = array->result;
}

static int regbuf_array_call(struct regbuf *rb, struct regbuf_ioc_array *array,
			     unsigned int *failed, struct regbuf_budget *budget)
{
	int err;

	array->size = sizeof(*array);
	err = regbuf_call(rb, REGBUF_IOC_ARRAY, array);
	if (failed)
		*failed = err ? array->failed : 0;
	if (budget)
		regbuf_array_budget(budget, array, err);
	return err;
}

REGBUF_EXPORT int regbuf_array_set(struct regbuf *rb,
				   struct regbuf_array_entry *entries,
				   uint32_t nr, unsigned int *failed,
				   struct regbuf_budget *budget)
{
	struct regbuf_ioc_array array = {
		.entries = (uintptr_t)entries,
		.nr = nr,
	};

	return regbuf_array_call(rb, &array, failed, budget);
}

REGBUF_EXPORT int regbuf_array_update(struct regbuf *rb, uint32_t first,
				      struct regbuf_array_entry *entries,
				      uint32_t nr, unsigned int *failed,
				      struct regbuf_budget *budget)
{
	struct regbuf_ioc_array array = {
		.flags = REGBUF_ARRAY_F_UPDATE,
		.entries = (uintptr_t)entries,
		.nr = nr,
		.first = first,
	};

	return regbuf_array_call(rb, &array, failed, budget);
}
