// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints, and what hot files call when one is on: a call is all that they
 * have of it.
 */
#include "queue.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * __regbuf_trace_register() - a registration, or its refusal
 * @ctx: the context
 * @id: the buffer's id, if there is one
 * @want: what was asked for, and what it costs
 * @err: 0, or why not
 *
 * Context: Any.
 */
void __regbuf_trace_register(const struct regbuf_ctx *ctx, u64 id,
			     const struct regbuf_want *want, int err)
{
	trace_regbuf_register(ctx, id, want, err);
}

/**
 * __regbuf_trace_deregister() - an id was made dead
 * @ctx: the context
 * @dereg: which, and how
 *
 * Context: Any.
 */
void __regbuf_trace_deregister(const struct regbuf_ctx *ctx,
			       const struct regbuf_ioc_deregister *dereg)
{
	trace_regbuf_deregister(ctx, dereg);
}

/**
 * __regbuf_trace_submit() - an entry was taken, or refused
 * @q: the queue
 * @sqe: the entry
 * @err: 0, or why not
 *
 * Context: q->lock held.
 */
void __regbuf_trace_submit(const struct regbuf_queue *q,
			   const struct regbuf_sqe *sqe, int err)
{
	trace_regbuf_submit(q, sqe, err);
}

/**
 * __regbuf_trace_flight() - a message boards a flight, or it has ended
 * @flight: the flight; its context is there
 * @end: which
 * @bytes: of the message, or those that went by reference
 *
 * Context: Any.
 */
void __regbuf_trace_flight(const struct regbuf_flight *flight, bool end,
			   u64 bytes)
{
	trace_regbuf_flight(flight, end, bytes);
}

/**
 * __regbuf_trace_complete() - a completion is posted, or staged to be
 * @req: the request
 * @flags: of the completion
 *
 * Context: Any.
 */
void __regbuf_trace_complete(const struct regbuf_req *req, u32 flags)
{
	trace_regbuf_complete(req, flags);
}

/**
 * __regbuf_trace_copy() - bytes were copied into the socket
 * @ctx: the context
 * @reason: REGBUF_COPY_*
 * @bytes: how many
 *
 * Context: Any.
 */
void __regbuf_trace_copy(const struct regbuf_ctx *ctx, u32 reason, u32 bytes)
{
	trace_regbuf_copy(ctx, reason, bytes);
}
