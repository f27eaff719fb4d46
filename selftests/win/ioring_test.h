/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IORING_TEST_H
#define IORING_TEST_H

/* What tests of I/O rings share: what requests name. */

#include <stdbool.h>
#include <unistd.h>

#include <windows.h>
#include <ioringapi.h>

#define ABORTED		HRESULT_FROM_WIN32(ERROR_OPERATION_ABORTED)
#define NOT_FOUND	HRESULT_FROM_WIN32(ERROR_NOT_FOUND)

static inline bool has_module(void)
{
	return !access("/dev/regbuf", R_OK | W_OK);
}

/* A file, or a socket. */
static inline IORING_HANDLE_REF raw_handle(HANDLE handle)
{
	IORING_HANDLE_REF ref = IoRingHandleRefFromHandle(handle);

	return ref;
}

static inline IORING_HANDLE_REF named_handle(UINT32 index)
{
	IORING_HANDLE_REF ref = IoRingHandleRefFromIndex(index);

	return ref;
}

static inline IORING_BUFFER_REF raw(const void *memory)
{
	IORING_BUFFER_REF ref = IoRingBufferRefFromPointer((void *)memory);

	return ref;
}

static inline IORING_BUFFER_REF named(UINT32 index, UINT32 offset)
{
	IORING_BUFFER_REF ref =
		IoRingBufferRefFromIndexAndOffset(index, offset);

	return ref;
}

#endif /* IORING_TEST_H */
