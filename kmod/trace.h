/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM regbuf

#if !defined(REGBUF_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define REGBUF_TRACE_H

/*
 * Tracepoints. Only trace.c includes this: hot files test a static branch, and
 * call a function there.
 */

#include <linux/tracepoint.h>

#include <uapi/linux/regbuf.h>

#include "queue.h"

TRACE_EVENT(regbuf_register,
	TP_PROTO(const struct regbuf_ctx *ctx, u64 id,
		 const struct regbuf_want *want, int err),
	TP_ARGS(ctx, id, want, err),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, access)
		__field(u64, id)
		__field(u64, addr)
		__field(u64, length)
		__field(u64, pages)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->ctx = ctx->id;
		__entry->access = want->access;
		__entry->id = id;
		__entry->addr = want->addr;
		__entry->length = want->length;
		__entry->pages = want->needed;
		__entry->err = err;
	),
	TP_printk("ctx=%u id=%#llx addr=%#llx length=%llu access=%u pages=%llu err=%d",
		  __entry->ctx, __entry->id, __entry->addr, __entry->length,
		  __entry->access, __entry->pages, __entry->err)
);

TRACE_EVENT(regbuf_deregister,
	TP_PROTO(const struct regbuf_ctx *ctx,
		 const struct regbuf_ioc_deregister *dereg),
	TP_ARGS(ctx, dereg),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, flags)
		__field(u64, id)
		__field(u32, in_flight)
	),
	TP_fast_assign(
		__entry->ctx = ctx->id;
		__entry->flags = dereg->flags;
		__entry->id = dereg->id;
		__entry->in_flight = dereg->in_flight;
	),
	TP_printk("ctx=%u id=%#llx flags=%#x in_flight=%u",
		  __entry->ctx, __entry->id, __entry->flags,
		  __entry->in_flight)
);

TRACE_EVENT(regbuf_submit,
	TP_PROTO(const struct regbuf_queue *q, const struct regbuf_sqe *sqe,
		 int err),
	TP_ARGS(q, sqe, err),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, queue)
		__field(u32, op)
		__field(u32, flags)
		__field(u32, endpoint)
		__field(u32, length)
		__field(u64, user_data)
		__field(u64, id)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->ctx = q->ctx->id;
		__entry->queue = q->id;
		__entry->op = sqe->op;
		__entry->flags = sqe->flags;
		__entry->endpoint = sqe->endpoint;
		__entry->length = sqe->length;
		__entry->user_data = sqe->user_data;
		__entry->id = sqe->id;
		__entry->err = err;
	),
	TP_printk("ctx=%u queue=%u op=%u endpoint=%u user_data=%#llx id=%#llx length=%u flags=%#x err=%d",
		  __entry->ctx, __entry->queue, __entry->op,
		  __entry->endpoint, __entry->user_data, __entry->id,
		  __entry->length, __entry->flags, __entry->err)
);

TRACE_EVENT(regbuf_flight,
	TP_PROTO(const struct regbuf_flight *flight, bool end, u64 bytes),
	TP_ARGS(flight, end, bytes),
	TP_STRUCT__entry(
		__field(const void *, flight)
		__field(u32, ctx)
		__field(u32, queue)
		__field(u32, requests)
		__field(u64, bytes)
		__field(bool, end)
		__field(bool, copied)
	),
	TP_fast_assign(
		__entry->flight = flight;
		__entry->ctx = flight->ctx->id;
		__entry->queue = flight->q ? flight->q->id : 0;
		__entry->requests = flight->nr_reqs;
		__entry->bytes = bytes;
		__entry->end = end;
		__entry->copied = flight->copied_later;
	),
	TP_printk("ctx=%u queue=%u flight=%p %s requests=%u bytes=%llu copied=%d",
		  __entry->ctx, __entry->queue, __entry->flight,
		  __entry->end ? "end" : "board", __entry->requests,
		  __entry->bytes, __entry->copied)
);

TRACE_EVENT(regbuf_complete,
	TP_PROTO(const struct regbuf_req *req, u32 flags),
	TP_ARGS(req, flags),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, queue)
		__field(u32, op)
		__field(u32, error)
		__field(u64, user_data)
		__field(u64, value)
		__field(u32, flags)
		__field(u32, copy_reasons)
	),
	TP_fast_assign(
		__entry->ctx = req->q->ctx->id;
		__entry->queue = req->q->id;
		__entry->op = req->op;
		__entry->error = req->error;
		__entry->user_data = req->user_data;
		__entry->value = req->value;
		__entry->flags = flags;
		__entry->copy_reasons = req->copy_reasons;
	),
	TP_printk("ctx=%u queue=%u op=%u user_data=%#llx error=%u value=%llu flags=%#x copy_reasons=%#x",
		  __entry->ctx, __entry->queue, __entry->op,
		  __entry->user_data, __entry->error, __entry->value,
		  __entry->flags, __entry->copy_reasons)
);

TRACE_EVENT(regbuf_copy,
	TP_PROTO(const struct regbuf_ctx *ctx, u32 reason, u32 bytes),
	TP_ARGS(ctx, reason, bytes),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, reason)
		__field(u32, bytes)
	),
	TP_fast_assign(
		__entry->ctx = ctx->id;
		__entry->reason = reason;
		__entry->bytes = bytes;
	),
	TP_printk("ctx=%u reason=%u bytes=%u", __entry->ctx, __entry->reason,
		  __entry->bytes)
);

#endif /* REGBUF_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
