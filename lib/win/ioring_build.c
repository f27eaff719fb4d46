// SPDX-License-Identifier: MIT
/* I/O rings: building requests. */
#include <stdlib.h>

#include "ioring.h"

/* Bytes of a FILE_SEGMENT_ELEMENT's memory. */
#define IORING_SEGMENT	4096ULL

static bool ioring_file_valid(const IORING_HANDLE_REF *ref)
{
	if (ref->Kind == IORING_REF_REGISTERED)
		return true;
	return ref->Kind == IORING_REF_RAW && ref->Handle.Handle &&
	       ref->Handle.Handle != INVALID_HANDLE_VALUE;
}

static bool ioring_buffer_valid(const struct ioring_op *op)
{
	if (op->buffer.Kind == IORING_REF_REGISTERED)
		return true;
	return op->buffer.Kind == IORING_REF_RAW &&
	       (op->buffer.Buffer.Address || !op->count);
}

static bool ioring_segments_valid(const struct ioring_op *op)
{
	return (op->array || !op->segments) &&
	       op->count <= op->segments * IORING_SEGMENT;
}

static bool ioring_transfer_valid(const struct ioring_op *op)
{
	if (op->mode & ~(UINT32)FILE_WRITE_FLAGS_WRITE_THROUGH)
		return false;
	if (op->code == IORING_OP_READ || op->code == IORING_OP_WRITE)
		return ioring_buffer_valid(op);
	return ioring_segments_valid(op);
}

/* As far as can be told without looking at what is registered and open. */
bool ioring_op_valid(const struct ioring_op *op)
{
	switch (op->code) {
	case IORING_OP_REGISTER_FILES:
	case IORING_OP_REGISTER_BUFFERS:
		return op->array || !op->count;
	case IORING_OP_CANCEL:
		return ioring_file_valid(&op->file);
	case IORING_OP_FLUSH:
		return ioring_file_valid(&op->file) &&
		       op->mode <= FILE_FLUSH_NO_SYNC;
	default:
		return ioring_file_valid(&op->file) &&
		       ioring_transfer_valid(op);
	}
}

static bool ioring_grow(struct ioring *ring)
{
	struct ioring_chunk *chunk = malloc(sizeof(*chunk));
	unsigned int i;

	if (!chunk)
		return false;
	chunk->next = ring->chunks;
	ring->chunks = chunk;
	for (i = 0; i < IORING_CHUNK; i++)
		TAILQ_INSERT_TAIL(&ring->free, &chunk->ops[i], link);
	return true;
}

void ioring_op_free(struct ioring *ring, struct ioring_op *op)
{
	TAILQ_INSERT_HEAD(&ring->free, op, link);
}

void ioring_ops_end(struct ioring *ring)
{
	struct ioring_chunk *chunk;

	while ((chunk = ring->chunks)) {
		ring->chunks = chunk->next;
		free(chunk);
	}
}

static HRESULT ioring_flags_check(const struct ioring *ring, UINT32 flags)
{
	UINT32 known = 0;

	if (ring->info.IoRingVersion >= IORING_VERSION_3)
		known = IOSQE_FLAGS_DRAIN_PRECEDING_OPS;
	return flags & ~known ? IORING_E_REQUIRED_FLAG_NOT_SUPPORTED : S_OK;
}

static HRESULT ioring_op_check(const struct ioring *ring,
			       const struct ioring_op *op, UINT32 flags)
{
	HRESULT hr;

	if (!ioring_supports(ring, op->code))
		return IORING_E_VERSION_NOT_SUPPORTED;
	hr = ioring_flags_check(ring, flags);
	if (FAILED(hr))
		return hr;
	if (!ring->info.Flags.Advisory && !ioring_op_valid(op))
		return E_INVALIDARG;
	if (ring->nr_queued == ring->info.SubmissionQueueSize)
		return IORING_E_SUBMISSION_QUEUE_FULL;
	return S_OK;
}

static HRESULT ioring_add(struct ioring *ring, const struct ioring_op *op,
			  UINT32 flags)
{
	HRESULT hr = ioring_op_check(ring, op, flags);
	struct ioring_op *copy;

	if (FAILED(hr))
		return hr;
	if (TAILQ_EMPTY(&ring->free) && !ioring_grow(ring))
		return E_OUTOFMEMORY;
	copy = TAILQ_FIRST(&ring->free);
	TAILQ_REMOVE(&ring->free, copy, link);
	*copy = *op;
	copy->drain = flags & IOSQE_FLAGS_DRAIN_PRECEDING_OPS;
	TAILQ_INSERT_TAIL(&ring->queued, copy, link);
	ring->nr_queued++;
	return S_OK;
}

static HRESULT ioring_build(HIORING handle, const struct ioring_op *op,
			    UINT32 flags)
{
	struct ioring *ring = ioring_get(handle);
	HRESULT hr;

	if (!ring)
		return E_HANDLE;
	hr = ioring_add(ring, op, flags);
	ioring_put(ring);
	return hr;
}

HRESULT BuildIoRingCancelRequest(HIORING ioRing, IORING_HANDLE_REF file,
				 UINT_PTR opToCancel, UINT_PTR userData)
{
	const struct ioring_op op = {
		.code = IORING_OP_CANCEL,
		.file = file,
		.target = opToCancel,
		.user_data = userData,
	};

	return ioring_build(ioRing, &op, 0);
}

HRESULT BuildIoRingReadFile(HIORING ioRing, IORING_HANDLE_REF fileRef,
			    IORING_BUFFER_REF dataRef,
			    UINT32 numberOfBytesToRead, UINT64 fileOffset,
			    UINT_PTR userData, IORING_SQE_FLAGS sqeFlags)
{
	const struct ioring_op op = {
		.code = IORING_OP_READ,
		.file = fileRef,
		.buffer = dataRef,
		.count = numberOfBytesToRead,
		.offset = fileOffset,
		.user_data = userData,
	};

	return ioring_build(ioRing, &op, sqeFlags);
}

HRESULT BuildIoRingWriteFile(HIORING ioRing, IORING_HANDLE_REF fileRef,
			     IORING_BUFFER_REF bufferRef,
			     UINT32 numberOfBytesToWrite, UINT64 fileOffset,
			     FILE_WRITE_FLAGS writeFlags, UINT_PTR userData,
			     IORING_SQE_FLAGS sqeFlags)
{
	const struct ioring_op op = {
		.code = IORING_OP_WRITE,
		.file = fileRef,
		.buffer = bufferRef,
		.count = numberOfBytesToWrite,
		.offset = fileOffset,
		.mode = writeFlags,
		.user_data = userData,
	};

	return ioring_build(ioRing, &op, sqeFlags);
}

HRESULT BuildIoRingFlushFile(HIORING ioRing, IORING_HANDLE_REF fileRef,
			     FILE_FLUSH_MODE flushMode, UINT_PTR userData,
			     IORING_SQE_FLAGS sqeFlags)
{
	const struct ioring_op op = {
		.code = IORING_OP_FLUSH,
		.file = fileRef,
		.mode = flushMode,
		.user_data = userData,
	};

	return ioring_build(ioRing, &op, sqeFlags);
}

HRESULT BuildIoRingReadFileScatter(HIORING ioRing, IORING_HANDLE_REF fileRef,
				   UINT32 segmentCount,
				   FILE_SEGMENT_ELEMENT segmentArray[],
				   UINT32 numberOfBytesToRead,
				   UINT64 fileOffset, UINT_PTR userData,
				   IORING_SQE_FLAGS sqeFlags)
{
	const struct ioring_op op = {
		.code = IORING_OP_READ_SCATTER,
		.file = fileRef,
		.segments = segmentCount,
		.array = segmentArray,
		.count = numberOfBytesToRead,
		.offset = fileOffset,
		.user_data = userData,
	};

	return ioring_build(ioRing, &op, sqeFlags);
}

HRESULT BuildIoRingWriteFileGather(HIORING ioRing, IORING_HANDLE_REF fileRef,
				   UINT32 segmentCount,
				   FILE_SEGMENT_ELEMENT segmentArray[],
				   UINT32 numberOfBytesToWrite,
				   UINT64 fileOffset,
				   FILE_WRITE_FLAGS writeFlags,
				   UINT_PTR userData, IORING_SQE_FLAGS sqeFlags)
{
	const struct ioring_op op = {
		.code = IORING_OP_WRITE_GATHER,
		.file = fileRef,
		.segments = segmentCount,
		.array = segmentArray,
		.count = numberOfBytesToWrite,
		.offset = fileOffset,
		.mode = writeFlags,
		.user_data = userData,
	};

	return ioring_build(ioRing, &op, sqeFlags);
}

HRESULT BuildIoRingRegisterFileHandles(HIORING ioRing, UINT32 count,
				       HANDLE const handles[],
				       UINT_PTR userData)
{
	const struct ioring_op op = {
		.code = IORING_OP_REGISTER_FILES,
		.count = count,
		.array = handles,
		.user_data = userData,
	};

	return ioring_build(ioRing, &op, 0);
}

HRESULT BuildIoRingRegisterBuffers(HIORING ioRing, UINT32 count,
				   IORING_BUFFER_INFO const buffers[],
				   UINT_PTR userData)
{
	const struct ioring_op op = {
		.code = IORING_OP_REGISTER_BUFFERS,
		.count = count,
		.array = buffers,
		.user_data = userData,
	};

	return ioring_build(ioRing, &op, 0);
}
