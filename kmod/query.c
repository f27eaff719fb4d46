// SPDX-License-Identifier: GPL-2.0
/*
 * REGBUF_IOC_QUERY: what there is.
 */
#include "regbuf.h"

int regbuf_ioctl_query(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_query *query = &call->u.query;

	if (query->__resv)
		return -EINVAL;
	*query = (struct regbuf_ioc_query){
		.size = query->size,
		.features = REGBUF_FEAT_SEND,
		.access = REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE,
		.deregister_flags = REGBUF_DEREGISTER_F_ALL,
		.send_flags = REGBUF_SEND_F_ALL,
		.slice_flags = REGBUF_SLICE_F_ALL,
		.copy_reasons = BIT_ULL(REGBUF_COPY_NR) - 1,
		.max_buffers = REGBUF_MAX_BUFFERS,
		.max_slices = REGBUF_MAX_SLICES,
		.max_inline = REGBUF_MAX_INLINE,
		.max_length = REGBUF_MAX_LENGTH,
	};
	return regbuf_reply(call);
}
