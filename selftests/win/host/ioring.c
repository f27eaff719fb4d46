// SPDX-License-Identifier: GPL-2.0
/*
 * How programs with I/O rings are written: this compiles without a warning as C
 * and C++. What the calls do is tested in ../ioring.c.
 */
#include <Windows.h>
#include <ioringapi.h>
#include <ntioring_x.h>
#include <winerror.h>

C_ASSERT(IORING_VERSION_3 == 300 && IORING_VERSION_4 == 400);
C_ASSERT(IORING_OP_CANCEL == 4 && IORING_OP_WRITE_GATHER == 8);
C_ASSERT(IORING_FEATURE_UM_EMULATION == 1);
C_ASSERT(IORING_FEATURE_SET_COMPLETION_EVENT == 2);
C_ASSERT(IORING_SUBMIT_WAIT_ALL == MAXUINT32);
C_ASSERT(IOSQE_FLAGS_DRAIN_PRECEDING_OPS == 1);
C_ASSERT(IORING_CREATE_SKIP_BUILDER_PARAM_CHECKS == 1);
C_ASSERT((ULONG)IORING_E_SUBMISSION_QUEUE_FULL == 0x80460002);
C_ASSERT((ULONG)IORING_E_COMPLETION_QUEUE_TOO_FULL == 0x80460008);
C_ASSERT((ULONG)IORING_E_WAIT_TIMEOUT == 0x800705b4);
C_ASSERT((ULONG)HRESULT_FROM_WIN32(ERROR_HANDLE_EOF) == 0x80070026);
C_ASSERT(sizeof(HIORING) == 8 && sizeof(IORING_CQE) == 24);
C_ASSERT(FIELD_OFFSET(IORING_CQE, Information) == 16);
C_ASSERT(FIELD_OFFSET(IORING_HANDLE_REF, Handle) == 8);

static char memory[2][4096];
static IORING_BUFFER_INFO buffers[] = {
	{ memory[0], sizeof(memory[0]) },
	{ NULL, 0 },
};

static HRESULT build(HIORING ring, HANDLE file)
{
	IORING_HANDLE_REF handle = IoRingHandleRefFromHandle(file);
	IORING_HANDLE_REF index = IoRingHandleRefFromIndex(0);
	IORING_BUFFER_REF raw = IoRingBufferRefFromPointer(memory[1]);
	IORING_BUFFER_REF named = IoRingBufferRefFromIndexAndOffset(0, 16);
	HRESULT hr;

	hr = BuildIoRingRegisterFileHandles(ring, 1, &file, 1);
	if (FAILED(hr))
		return hr;
	hr = BuildIoRingRegisterBuffers(ring, ARRAYSIZE(buffers), buffers, 2);
	if (hr == IORING_E_SUBMISSION_QUEUE_FULL || FAILED(hr))
		return hr;
	hr = BuildIoRingReadFile(ring, handle, raw, 16, 0, (UINT_PTR)buffers,
				 IOSQE_FLAGS_NONE);
	if (FAILED(hr))
		return hr;
	hr = BuildIoRingWriteFile(ring, index, named, 16, 0,
				  FILE_WRITE_FLAGS_NONE, 3,
				  IOSQE_FLAGS_DRAIN_PRECEDING_OPS);
	if (FAILED(hr))
		return hr;
	return BuildIoRingFlushFile(ring, index, FILE_FLUSH_DEFAULT, 4,
				    IOSQE_FLAGS_NONE);
}

static void drain(HIORING ring)
{
	IORING_CQE cqe;

	while (PopIoRingCompletion(ring, &cqe) == S_OK) {
		if (FAILED(cqe.ResultCode) ||
		    HRESULT_CODE(cqe.ResultCode) == ERROR_HANDLE_EOF)
			memory[0][0] = (char)cqe.Information;
	}
}

static HRESULT run(HIORING ring, HANDLE file)
{
	HANDLE event = CreateEvent(NULL, FALSE, FALSE, NULL);
	UINT32 submitted = 0;
	HRESULT hr;

	hr = SetIoRingCompletionEvent(ring, event);
	if (SUCCEEDED(hr))
		hr = build(ring, file);
	if (SUCCEEDED(hr))
		hr = SubmitIoRing(ring, 0, 0, &submitted);
	if (SUCCEEDED(hr) && WaitForSingleObject(event, 0) == WAIT_OBJECT_0)
		drain(ring);
	CloseHandle(event);
	return hr;
}

int main(void)
{
	IORING_CREATE_FLAGS flags = {
		IORING_CREATE_REQUIRED_FLAGS_NONE,
		IORING_CREATE_ADVISORY_FLAGS_NONE,
	};
	IORING_CAPABILITIES capabilities;
	HIORING ring = NULL;
	HRESULT hr;

	hr = QueryIoRingCapabilities(&capabilities);
	if (FAILED(hr) || capabilities.MaxVersion < IORING_VERSION_3)
		return 1;
	if (!(capabilities.FeatureFlags & IORING_FEATURE_SET_COMPLETION_EVENT))
		return 1;
	hr = CreateIoRing(capabilities.MaxVersion, flags, 8, 16, &ring);
	if (FAILED(hr))
		return 1;
	if (IsIoRingOpSupported(ring, IORING_OP_WRITE))
		hr = run(ring, INVALID_HANDLE_VALUE);
	CloseIoRing(ring);
	return FAILED(hr);
}
