// SPDX-License-Identifier: GPL-2.0
/*
 * REGBUF_IOC_QUERY: what there is.
 */
#include "queue.h"
#include "regbuf.h"

int regbuf_ioctl_query(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_query *query = &call->u.query;

	if (query->__resv)
		return -EINVAL;
	*query = (struct regbuf_ioc_query){
		.size = query->size,
		.features = REGBUF_FEAT_SEND | REGBUF_FEAT_QUEUE |
			    REGBUF_FEAT_MOVED | REGBUF_FEAT_SLOTS |
			    REGBUF_FEAT_ARRAY | REGBUF_FEAT_EXPORT,
		.register_flags = REGBUF_REGISTER_F_ALL,
		.access = REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE,
		.deregister_flags = REGBUF_DEREGISTER_F_ALL,
		.send_flags = REGBUF_SEND_F_ALL,
		.slice_flags = REGBUF_SLICE_F_ALL,
		.copy_reasons = BIT_ULL(REGBUF_COPY_NR) - 1,
		.max_buffers = REGBUF_MAX_BUFFERS,
		.max_slices = REGBUF_MAX_SLICES,
		.max_inline = REGBUF_MAX_INLINE,
		.max_length = REGBUF_MAX_LENGTH,
		.queue_flags = REGBUF_QUEUE_F_ALL,
		.attach_flags = REGBUF_ATTACH_F_ALL,
		.detach_flags = REGBUF_DETACH_F_ALL,
		.ops = BIT_ULL(REGBUF_OP_NR) - 1,
		.sqe_flags = REGBUF_SQE_F_KNOWN,
		.max_sq_entries = REGBUF_MAX_SQ,
		.max_cq_entries = REGBUF_MAX_CQ,
		.max_pool_entries = REGBUF_MAX_POOL,
		.max_endpoints = REGBUF_MAX_ENDPOINTS,
		.array_flags = REGBUF_ARRAY_F_ALL,
		.max_array = REGBUF_MAX_ARRAY,
		.slot_size = sizeof(struct regbuf_slot),
	};
	return regbuf_reply(call);
}
