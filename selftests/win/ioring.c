// SPDX-License-Identifier: GPL-2.0
/*
 * I/O rings on files, which need no module but for registered buffers, and what
 * rings do whatever they are used for. Sockets are in ioringsock.c.
 */
#include <windows.h>
#include <ioringapi.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "ioring_test.h"
#include "plain_ioring.h"

#define SQ	8
#define CQ	16
#define SEC	1000
#define PAGE	4096U

#define AT_END		HRESULT_FROM_WIN32(ERROR_HANDLE_EOF)
#define DENIED		HRESULT_FROM_WIN32(ERROR_ACCESS_DENIED)
#define NO_MEMORY	HRESULT_FROM_WIN32(ERROR_NOACCESS)
#define NO_MODULE	HRESULT_FROM_WIN32(ERROR_DEV_NOT_EXIST)

static HIORING ring_new(IORING_VERSION version, UINT32 sq, UINT32 cq,
			UINT32 advisory)
{
	IORING_CREATE_FLAGS flags = {
		.Advisory = (IORING_CREATE_ADVISORY_FLAGS)advisory,
	};
	HIORING ring;

	return CreateIoRing(version, flags, sq, cq, &ring) ? NULL : ring;
}

/* A file that nobody else has, to read and write. */
static HANDLE file_open(char path[32])
{
	int fd;

	snprintf(path, 32, "/tmp/ioring.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return INVALID_HANDLE_VALUE;
	close(fd);
	return CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL,
			   OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
}

FIXTURE(ring) {
	HIORING ring;
	HANDLE file;
	char path[32];
};

FIXTURE_SETUP(ring)
{
	self->ring = ring_new(IORING_VERSION_4, SQ, CQ, 0);
	ASSERT_NE(NULL, self->ring);
	self->file = file_open(self->path);
	ASSERT_NE(INVALID_HANDLE_VALUE, self->file);
}

FIXTURE_TEARDOWN(ring)
{
	CloseIoRing(self->ring);
	CloseHandle(self->file);
	unlink(self->path);
}

static HRESULT build_write(HIORING ring, IORING_HANDLE_REF file,
			   const char *text, UINT64 at, UINT_PTR user_data)
{
	return BuildIoRingWriteFile(ring, file, raw(text), strlen(text), at,
				    FILE_WRITE_FLAGS_NONE, user_data,
				    IOSQE_FLAGS_NONE);
}

static HRESULT build_read(HIORING ring, IORING_HANDLE_REF file,
			  IORING_BUFFER_REF buffer, UINT32 count,
			  UINT_PTR user_data)
{
	return BuildIoRingReadFile(ring, file, buffer, count, 0, user_data,
				   IOSQE_FLAGS_NONE);
}

/* A request that does nothing but complete. */
static HRESULT build_nothing(HIORING ring, UINT_PTR user_data)
{
	return BuildIoRingRegisterFileHandles(ring, 0, NULL, user_data);
}

static HRESULT submit(HIORING ring)
{
	return SubmitIoRing(ring, 0, 0, NULL);
}

/* The result of the next completion, which is to have these user data. */
static HRESULT pop(HIORING ring, UINT_PTR user_data, ULONG_PTR *information)
{
	IORING_CQE cqe = { 0 };
	HRESULT hr = PopIoRingCompletion(ring, &cqe);

	if (information)
		*information = cqe.Information;
	if (hr != S_OK || cqe.UserData != user_data)
		return E_UNEXPECTED;
	return cqe.ResultCode;
}

/* Runs what was built, and says what became of it. */
static HRESULT run(HIORING ring, UINT_PTR user_data, ULONG_PTR *information)
{
	return submit(ring) ? E_FAIL : pop(ring, user_data, information);
}

static bool is_set(HANDLE event)
{
	return WaitForSingleObject(event, 0) == WAIT_OBJECT_0;
}

/* S37: asked for, not assumed; the same each time. */
TEST(capabilities)
{
	IORING_CAPABILITIES caps, again;

	EXPECT_EQ(E_INVALIDARG, QueryIoRingCapabilities(NULL));
	ASSERT_EQ(S_OK, QueryIoRingCapabilities(&caps));
	EXPECT_EQ(IORING_VERSION_4, caps.MaxVersion);
	EXPECT_EQ(32768, caps.MaxSubmissionQueueSize);
	EXPECT_EQ(65536, caps.MaxCompletionQueueSize);
	EXPECT_TRUE(caps.FeatureFlags & IORING_FEATURE_SET_COMPLETION_EVENT);
	EXPECT_EQ(has_module(),
		  !(caps.FeatureFlags & IORING_FEATURE_UM_EMULATION));
	ASSERT_EQ(S_OK, QueryIoRingCapabilities(&again));
	EXPECT_EQ(0, memcmp(&caps, &again, sizeof(caps)));
}

static HRESULT create(UINT32 version, UINT32 required, UINT32 sq, UINT32 cq)
{
	IORING_CREATE_FLAGS flags = {
		.Required = (IORING_CREATE_REQUIRED_FLAGS)required,
	};
	HIORING ring = (HIORING)1;
	HRESULT hr;

	hr = CreateIoRing((IORING_VERSION)version, flags, sq, cq, &ring);
	if (!hr)
		return CloseIoRing(ring);
	return ring ? E_UNEXPECTED : hr;
}

/* S30: what is required and unknown is refused. */
TEST(create_refuses)
{
	IORING_CREATE_FLAGS none = { 0 };

	EXPECT_EQ(S_OK, create(IORING_VERSION_1, 0, SQ, CQ));
	EXPECT_EQ(S_OK, create(IORING_VERSION_4, 0, 32768, 65536));
	EXPECT_EQ(IORING_E_VERSION_NOT_SUPPORTED, create(0, 0, SQ, CQ));
	EXPECT_EQ(IORING_E_UNKNOWN_VERSION, create(401, 0, SQ, CQ));
	EXPECT_EQ(IORING_E_UNKNOWN_REQUIRED_FLAG,
		  create(IORING_VERSION_3, 1, SQ, CQ));
	EXPECT_EQ(IORING_E_SUBMISSION_QUEUE_TOO_BIG,
		  create(IORING_VERSION_3, 0, 32769, CQ));
	EXPECT_EQ(IORING_E_COMPLETION_QUEUE_TOO_BIG,
		  create(IORING_VERSION_3, 0, SQ, 65537));
	EXPECT_EQ(E_INVALIDARG,
		  CreateIoRing(IORING_VERSION_3, none, SQ, CQ, NULL));
}

static IORING_INFO info_of(IORING_VERSION version, UINT32 sq, UINT32 cq,
			   UINT32 advisory)
{
	HIORING ring = ring_new(version, sq, cq, advisory);
	IORING_INFO info = { 0 };

	if (GetIoRingInfo(ring, &info) || CloseIoRing(ring))
		info.IoRingVersion = IORING_VERSION_INVALID;
	return info;
}

/* S30: and what is advisory and unknown is left out. */
TEST(info)
{
	IORING_INFO info = info_of(IORING_VERSION_3, 20, 20, 0xff);

	EXPECT_EQ(IORING_VERSION_3, info.IoRingVersion);
	EXPECT_EQ(0, info.Flags.Required);
	EXPECT_EQ(IORING_CREATE_SKIP_BUILDER_PARAM_CHECKS, info.Flags.Advisory);
	EXPECT_EQ(32, info.SubmissionQueueSize);
	EXPECT_EQ(64, info.CompletionQueueSize);
	info = info_of(IORING_VERSION_1, 64, 1000, 0);
	EXPECT_EQ(IORING_VERSION_1, info.IoRingVersion);
	EXPECT_EQ(64, info.SubmissionQueueSize);
	EXPECT_EQ(1024, info.CompletionQueueSize);
}

TEST_F(ring, is_not_a_ring)
{
	HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
	HIORING closed = ring_new(IORING_VERSION_4, SQ, CQ, 0);
	HIORING none[] = { NULL, (HIORING)-1, (HIORING)event, closed };
	IORING_HANDLE_REF file = raw_handle(self->file);
	IORING_INFO info;
	IORING_CQE cqe;
	size_t i;

	EXPECT_EQ(E_INVALIDARG, GetIoRingInfo(self->ring, NULL));
	EXPECT_EQ(E_INVALIDARG, PopIoRingCompletion(self->ring, NULL));
	ASSERT_EQ(S_OK, CloseIoRing(closed));
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		EXPECT_EQ(E_HANDLE, CloseIoRing(none[i]));
		EXPECT_EQ(E_HANDLE, GetIoRingInfo(none[i], &info));
		EXPECT_EQ(E_HANDLE, PopIoRingCompletion(none[i], &cqe));
		EXPECT_EQ(E_HANDLE, SubmitIoRing(none[i], 0, 0, NULL));
		EXPECT_EQ(E_HANDLE, SetIoRingCompletionEvent(none[i], event));
		EXPECT_EQ(E_HANDLE, build_write(none[i], file, "", 0, 0));
		EXPECT_EQ(E_HANDLE, build_nothing(none[i], 0));
		EXPECT_FALSE(IsIoRingOpSupported(none[i], IORING_OP_NOP));
	}
	EXPECT_TRUE(CloseHandle(event));
}

/* S30, S37: a version has what it had. */
TEST_F(ring, versions)
{
	HIORING one = ring_new(IORING_VERSION_1, SQ, CQ, 0);
	IORING_HANDLE_REF file = raw_handle(self->file);
	char byte;

	EXPECT_TRUE(IsIoRingOpSupported(one, IORING_OP_CANCEL));
	EXPECT_FALSE(IsIoRingOpSupported(one, IORING_OP_WRITE));
	EXPECT_TRUE(IsIoRingOpSupported(self->ring, IORING_OP_WRITE_GATHER));
	EXPECT_FALSE(IsIoRingOpSupported(self->ring, (IORING_OP_CODE)9));
	EXPECT_FALSE(IsIoRingOpSupported(self->ring, (IORING_OP_CODE)-1));
	EXPECT_EQ(IORING_E_VERSION_NOT_SUPPORTED,
		  build_write(one, file, "", 0, 0));
	EXPECT_EQ(IORING_E_REQUIRED_FLAG_NOT_SUPPORTED,
		  BuildIoRingReadFile(one, file, raw(&byte), 1, 0, 0,
				      IOSQE_FLAGS_DRAIN_PRECEDING_OPS));
	EXPECT_EQ(IORING_E_REQUIRED_FLAG_NOT_SUPPORTED,
		  BuildIoRingReadFile(self->ring, file, raw(&byte), 1, 0, 0,
				      (IORING_SQE_FLAGS)2));
	EXPECT_EQ(S_OK, build_read(one, file, raw(&byte), 1, 0));
	EXPECT_EQ(S_OK, CloseIoRing(one));
}

/* S25: an entry is built; nothing happens before it is submitted. */
TEST_F(ring, write_then_read)
{
	IORING_HANDLE_REF file = raw_handle(self->file);
	UINT32 submitted = 99;
	ULONG_PTR n;
	struct stat st;
	char buf[16];

	ASSERT_EQ(S_OK, build_write(self->ring, file, "hello", 3, 7));
	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_EQ(0, st.st_size);
	ASSERT_EQ(S_OK, SubmitIoRing(self->ring, 1, INFINITE, &submitted));
	EXPECT_EQ(1, submitted);
	ASSERT_EQ(S_OK, pop(self->ring, 7, &n));
	EXPECT_EQ(5, n);
	ASSERT_EQ(S_OK, build_read(self->ring, file, raw(buf), 16, 8));
	ASSERT_EQ(S_OK, run(self->ring, 8, &n));
	ASSERT_EQ(8, n);
	EXPECT_EQ(0, memcmp(buf, "\0\0\0hello", 8));
	ASSERT_EQ(S_OK, SubmitIoRing(self->ring, 0, 0, &submitted));
	EXPECT_EQ(0, submitted);
}

TEST_F(ring, end_of_file)
{
	IORING_HANDLE_REF file = raw_handle(self->file);
	ULONG_PTR n = 9;
	char byte;

	ASSERT_EQ(S_OK, build_read(self->ring, file, raw(&byte), 1, 1));
	EXPECT_EQ(AT_END, run(self->ring, 1, &n));
	EXPECT_EQ(0, n);
	ASSERT_EQ(S_OK, build_read(self->ring, file, raw(NULL), 0, 2));
	EXPECT_EQ(S_OK, run(self->ring, 2, &n));
	EXPECT_EQ(0, n);
}

TEST_F(ring, flush_and_write_through)
{
	IORING_HANDLE_REF file = raw_handle(self->file);
	UINT32 mode;

	ASSERT_EQ(S_OK, BuildIoRingWriteFile(self->ring, file, raw("x"), 1, 0,
					     FILE_WRITE_FLAGS_WRITE_THROUGH, 1,
					     IOSQE_FLAGS_NONE));
	EXPECT_EQ(S_OK, run(self->ring, 1, NULL));
	for (mode = FILE_FLUSH_DEFAULT; mode <= FILE_FLUSH_NO_SYNC; mode++) {
		ASSERT_EQ(S_OK,
			  BuildIoRingFlushFile(self->ring, file,
					       (FILE_FLUSH_MODE)mode, mode,
					       IOSQE_FLAGS_NONE));
		EXPECT_EQ(S_OK, run(self->ring, mode, NULL));
	}
	EXPECT_EQ(E_INVALIDARG,
		  BuildIoRingFlushFile(self->ring, file, (FILE_FLUSH_MODE)4, 0,
				       IOSQE_FLAGS_NONE));
	EXPECT_EQ(E_INVALIDARG,
		  BuildIoRingWriteFile(self->ring, file, raw("x"), 1, 0,
				       (FILE_WRITE_FLAGS)2, 0,
				       IOSQE_FLAGS_NONE));
}

static FILE_SEGMENT_ELEMENT *segments_new(UINT32 nr)
{
	FILE_SEGMENT_ELEMENT *segments = calloc(nr + 1, sizeof(*segments));
	UINT32 i;

	for (i = 0; i < nr; i++) {
		segments[i].Buffer = aligned_alloc(PAGE, PAGE);
		memset(segments[i].Buffer, 'a' + i % 26, PAGE);
	}
	return segments;
}

/* More pages than one system call takes, and the last one not whole. */
TEST_F(ring, gather_and_scatter)
{
	enum { NR = 150, BYTES = NR * PAGE - 100 };
	FILE_SEGMENT_ELEMENT *out = segments_new(NR), *in = segments_new(NR);
	IORING_HANDLE_REF file = raw_handle(self->file);
	ULONG_PTR n;
	UINT32 i;

	for (i = 0; i < NR; i++)
		memset(in[i].Buffer, 0, PAGE);
	EXPECT_EQ(E_INVALIDARG,
		  BuildIoRingWriteFileGather(self->ring, file, 1, out, PAGE + 1,
					     0, FILE_WRITE_FLAGS_NONE, 1,
					     IOSQE_FLAGS_NONE));
	ASSERT_EQ(S_OK, BuildIoRingWriteFileGather(self->ring, file, NR, out,
						   BYTES, 0,
						   FILE_WRITE_FLAGS_NONE, 1,
						   IOSQE_FLAGS_NONE));
	EXPECT_EQ(S_OK, run(self->ring, 1, &n));
	EXPECT_EQ(BYTES, n);
	ASSERT_EQ(S_OK, BuildIoRingReadFileScatter(self->ring, file, NR, in,
						   NR * PAGE, 0, 2,
						   IOSQE_FLAGS_NONE));
	EXPECT_EQ(S_OK, run(self->ring, 2, &n));
	EXPECT_EQ(BYTES, n);
	for (i = 0; i < NR - 1; i++)
		EXPECT_EQ(0, memcmp(in[i].Buffer, out[i].Buffer, PAGE));
	EXPECT_EQ(0, memcmp(in[i].Buffer, out[i].Buffer, PAGE - 100));
	EXPECT_EQ(0, ((char *)in[i].Buffer)[PAGE - 100]);
}

TEST_F(ring, files_that_cannot)
{
	HANDLE reader = CreateFileA(self->path, GENERIC_READ, 0, NULL,
				    OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
	IORING_HANDLE_REF file = raw_handle(reader);
	char byte;

	ASSERT_NE(INVALID_HANDLE_VALUE, reader);
	ASSERT_EQ(S_OK, build_write(self->ring, file, "x", 0, 1));
	EXPECT_EQ(DENIED, run(self->ring, 1, NULL));
	ASSERT_EQ(S_OK, build_write(self->ring, raw_handle(self->file), "x", 0,
				    2));
	ASSERT_EQ(S_OK, build_read(self->ring, file, raw((void *)8), 1, 3));
	EXPECT_EQ(S_OK, run(self->ring, 2, NULL));
	EXPECT_EQ(NO_MEMORY, pop(self->ring, 3, NULL));
	/* One that is closed between being built and being submitted. */
	ASSERT_EQ(S_OK, build_read(self->ring, file, raw(&byte), 1, 4));
	ASSERT_TRUE(CloseHandle(reader));
	EXPECT_EQ(E_HANDLE, run(self->ring, 4, NULL));
	ASSERT_EQ(S_OK, BuildIoRingReadFile(self->ring, raw_handle(self->file),
					    raw(&byte), 1, UINT64_MAX, 5,
					    IOSQE_FLAGS_NONE));
	EXPECT_EQ(E_INVALIDARG, run(self->ring, 5, NULL));
}

static HRESULT build_bad(HIORING ring, HANDLE good, int n)
{
	IORING_BUFFER_REF odd = raw(&ring);
	IORING_HANDLE_REF bad = raw_handle(good);
	char byte;

	odd.Kind = (IORING_REF_KIND)2;
	bad.Kind = (IORING_REF_KIND)2;
	switch (n) {
	case 0:
		return build_read(ring, raw_handle(NULL), raw(&byte), 1, n);
	case 1:
		return build_read(ring, raw_handle(INVALID_HANDLE_VALUE),
				  raw(&byte), 1, n);
	case 2:
		return build_read(ring, raw_handle(good), raw(NULL), 1, n);
	case 3:
		return build_read(ring, raw_handle(good), odd, 1, n);
	case 4:
		return build_read(ring, bad, raw(&byte), 1, n);
	case 5:
		return BuildIoRingRegisterBuffers(ring, 1, NULL, n);
	case 6:
		return BuildIoRingRegisterFileHandles(ring, 1, NULL, n);
	default:
		return BuildIoRingCancelRequest(ring, raw_handle(NULL), 0, n);
	}
}

TEST_F(ring, builders_check)
{
	HIORING lazy = ring_new(IORING_VERSION_4, SQ, CQ,
				IORING_CREATE_SKIP_BUILDER_PARAM_CHECKS);
	int i;

	for (i = 0; i < 8; i++) {
		EXPECT_EQ(E_INVALIDARG, build_bad(self->ring, self->file, i));
		ASSERT_EQ(S_OK, build_bad(lazy, self->file, i));
		EXPECT_EQ(E_INVALIDARG, run(lazy, i, NULL));
	}
	EXPECT_EQ(S_OK, CloseIoRing(lazy));
}

/* S28, S29: full; submit, and there is room. */
TEST_F(ring, submission_queue_full)
{
	UINT32 submitted;
	int i, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < SQ; i++)
			ASSERT_EQ(S_OK, build_nothing(self->ring, i));
		EXPECT_EQ(IORING_E_SUBMISSION_QUEUE_FULL,
			  build_nothing(self->ring, i));
		ASSERT_EQ(S_OK, SubmitIoRing(self->ring, SQ, 0, &submitted));
		EXPECT_EQ(SQ, submitted);
		for (i = 0; i < SQ; i++)
			EXPECT_EQ(S_OK, pop(self->ring, i, NULL));
	}
}

/* No completion is ever lost: all stays in the queue until some are popped. */
TEST_F(ring, completion_queue_full)
{
	IORING_CQE cqe;
	UINT32 submitted = 1;
	int i;

	for (i = 0; i < CQ; i++) {
		ASSERT_EQ(S_OK, build_nothing(self->ring, i));
		ASSERT_EQ(S_OK, submit(self->ring));
	}
	ASSERT_EQ(S_OK, build_nothing(self->ring, i));
	EXPECT_EQ(IORING_E_COMPLETION_QUEUE_TOO_FULL,
		  SubmitIoRing(self->ring, 0, 0, &submitted));
	EXPECT_EQ(0, submitted);
	EXPECT_EQ(S_OK, pop(self->ring, 0, NULL));
	ASSERT_EQ(S_OK, SubmitIoRing(self->ring, 0, 0, &submitted));
	EXPECT_EQ(1, submitted);
	for (i = 1; i <= CQ; i++)
		EXPECT_EQ(S_OK, pop(self->ring, i, NULL));
	EXPECT_EQ(S_FALSE, PopIoRingCompletion(self->ring, &cqe));
}

/* S27: may be anything, 0 and the same again too. */
TEST_F(ring, user_data)
{
	ASSERT_EQ(S_OK, build_nothing(self->ring, 0));
	ASSERT_EQ(S_OK, build_nothing(self->ring, (UINT_PTR)-1));
	ASSERT_EQ(S_OK, build_nothing(self->ring, 0));
	EXPECT_EQ(S_OK, run(self->ring, 0, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, (UINT_PTR)-1, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 0, NULL));
}

TEST_F(ring, pop_nothing)
{
	IORING_CQE cqe, before;

	memset(&cqe, 0x5a, sizeof(cqe));
	before = cqe;
	EXPECT_EQ(S_FALSE, PopIoRingCompletion(self->ring, &cqe));
	EXPECT_EQ(0, memcmp(&cqe, &before, sizeof(cqe)));
	ASSERT_EQ(S_OK, build_nothing(self->ring, 0));
	EXPECT_EQ(S_FALSE, PopIoRingCompletion(self->ring, &cqe));
	EXPECT_EQ(0, memcmp(&cqe, &before, sizeof(cqe)));
}

TEST_F(ring, event_when_no_longer_empty)
{
	HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
	IORING_CQE cqe;

	ASSERT_EQ(S_OK, SetIoRingCompletionEvent(self->ring, event));
	EXPECT_FALSE(is_set(event));
	ASSERT_EQ(S_OK, build_nothing(self->ring, 1));
	ASSERT_EQ(S_OK, submit(self->ring));
	EXPECT_TRUE(is_set(event));
	/* There is one already. */
	ASSERT_EQ(S_OK, build_nothing(self->ring, 2));
	ASSERT_EQ(S_OK, submit(self->ring));
	EXPECT_FALSE(is_set(event));
	EXPECT_EQ(S_OK, pop(self->ring, 1, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 2, NULL));
	EXPECT_EQ(S_FALSE, PopIoRingCompletion(self->ring, &cqe));
	EXPECT_FALSE(is_set(event));
	ASSERT_EQ(S_OK, build_nothing(self->ring, 3));
	ASSERT_EQ(S_OK, submit(self->ring));
	EXPECT_TRUE(is_set(event));
	CloseHandle(event);
}

TEST_F(ring, event_replaced)
{
	HANDLE first = CreateEventA(NULL, TRUE, FALSE, NULL), second, copy;

	second = CreateEventA(NULL, TRUE, FALSE, NULL);
	EXPECT_EQ(E_INVALIDARG, SetIoRingCompletionEvent(self->ring,
							 INVALID_HANDLE_VALUE));
	EXPECT_EQ(E_INVALIDARG,
		  SetIoRingCompletionEvent(self->ring, self->file));
	ASSERT_EQ(S_OK, SetIoRingCompletionEvent(self->ring, first));
	ASSERT_EQ(S_OK, SetIoRingCompletionEvent(self->ring, second));
	/* The ring has a handle of its own. */
	ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), second,
				    GetCurrentProcess(), &copy, 0, FALSE,
				    DUPLICATE_SAME_ACCESS));
	ASSERT_TRUE(CloseHandle(second));
	ASSERT_EQ(S_OK, build_nothing(self->ring, 1));
	EXPECT_EQ(S_OK, run(self->ring, 1, NULL));
	EXPECT_TRUE(is_set(copy));
	EXPECT_FALSE(is_set(first));
	ResetEvent(copy);
	ASSERT_EQ(S_OK, SetIoRingCompletionEvent(self->ring, NULL));
	ASSERT_EQ(S_OK, build_nothing(self->ring, 2));
	EXPECT_EQ(S_OK, run(self->ring, 2, NULL));
	EXPECT_FALSE(is_set(copy));
}

/* What is refused stays in the queue. */
TEST_F(ring, wait_for_too_many)
{
	UINT32 submitted = 9;

	EXPECT_EQ(E_INVALIDARG, SubmitIoRing(self->ring, 1, 0, &submitted));
	ASSERT_EQ(S_OK, build_nothing(self->ring, 1));
	EXPECT_EQ(E_INVALIDARG, SubmitIoRing(self->ring, 2, 0, &submitted));
	EXPECT_EQ(0, submitted);
	EXPECT_EQ(S_OK, SubmitIoRing(self->ring, 1, INFINITE, &submitted));
	EXPECT_EQ(1, submitted);
	/* What was not popped counts. */
	EXPECT_EQ(S_OK, SubmitIoRing(self->ring, 1, INFINITE, &submitted));
	EXPECT_EQ(0, submitted);
	EXPECT_EQ(S_OK, pop(self->ring, 1, NULL));
	EXPECT_EQ(S_OK, SubmitIoRing(self->ring, IORING_SUBMIT_WAIT_ALL,
				     INFINITE, NULL));
}

static HRESULT read_named(HIORING ring, UINT32 index)
{
	char byte;
	HRESULT hr = build_read(ring, named_handle(index), raw(&byte), 1,
				index);

	return hr ? hr : run(ring, index, NULL);
}

static HRESULT files_set(HIORING ring, UINT32 count, const HANDLE *handles)
{
	HRESULT hr = BuildIoRingRegisterFileHandles(ring, count, handles, 77);

	return hr ? hr : run(ring, 77, NULL);
}

TEST_F(ring, registered_files)
{
	HANDLE files[3] = { self->file, INVALID_HANDLE_VALUE, NULL };
	char path[32];

	ASSERT_EQ(S_OK, build_write(self->ring, raw_handle(self->file), "x", 0,
				    1));
	ASSERT_EQ(S_OK, run(self->ring, 1, NULL));
	files[2] = file_open(path);
	ASSERT_EQ(S_OK, files_set(self->ring, 3, files));
	EXPECT_EQ(S_OK, read_named(self->ring, 0));
	EXPECT_EQ(E_INVALIDARG, read_named(self->ring, 1));
	EXPECT_EQ(AT_END, read_named(self->ring, 2));
	EXPECT_EQ(E_INVALIDARG, read_named(self->ring, 3));
	EXPECT_EQ(E_INVALIDARG, read_named(self->ring, UINT32_MAX));
	/* It is named nevertheless. */
	ASSERT_TRUE(CloseHandle(files[2]));
	EXPECT_EQ(AT_END, read_named(self->ring, 2));
	/* All or nothing. */
	EXPECT_EQ(E_HANDLE, files_set(self->ring, 3, files));
	EXPECT_EQ(AT_END, read_named(self->ring, 2));
	/* As a whole. */
	ASSERT_EQ(S_OK, files_set(self->ring, 1, files));
	EXPECT_EQ(S_OK, read_named(self->ring, 0));
	EXPECT_EQ(E_INVALIDARG, read_named(self->ring, 2));
	ASSERT_EQ(S_OK, files_set(self->ring, 0, NULL));
	EXPECT_EQ(E_INVALIDARG, read_named(self->ring, 0));
	unlink(path);
}

static char *pages(unsigned int nr)
{
	void *memory = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static HRESULT buffers_set(HIORING ring, UINT32 count,
			   const IORING_BUFFER_INFO *buffers)
{
	HRESULT hr = BuildIoRingRegisterBuffers(ring, count, buffers, 88);

	return hr ? hr : run(ring, 88, NULL);
}

/* Without it nothing can be pinned: nobody shall think that it was. */
TEST_F(ring, buffers_need_the_module)
{
	IORING_BUFFER_INFO buffer = { &buffer, sizeof(buffer) };

	EXPECT_EQ(has_module() ? S_OK : NO_MODULE,
		  buffers_set(self->ring, 1, &buffer));
	EXPECT_EQ(S_OK, buffers_set(self->ring, 0, NULL));
}

FIXTURE(buffers) {
	HIORING ring;
	HANDLE file;
	char path[32];
	char *memory;
	long pinned;
};

FIXTURE_SETUP(buffers)
{
	if (!has_module())
		SKIP(return, "no module");
	self->ring = ring_new(IORING_VERSION_4, SQ, CQ, 0);
	self->file = file_open(self->path);
	self->memory = pages(8);
	ASSERT_NE(NULL, self->ring);
	ASSERT_NE(INVALID_HANDLE_VALUE, self->file);
	ASSERT_NE(NULL, self->memory);
	self->pinned = plain_pinned();
}

FIXTURE_TEARDOWN(buffers)
{
	CloseIoRing(self->ring);
	EXPECT_EQ(self->pinned, plain_pinned());
	CloseHandle(self->file);
	unlink(self->path);
}

static HRESULT write_named(HIORING ring, HANDLE file, UINT32 index,
			   UINT32 offset, UINT32 count)
{
	HRESULT hr = BuildIoRingWriteFile(ring, raw_handle(file),
					  named(index, offset), count, 0,
					  FILE_WRITE_FLAGS_NONE, 5,
					  IOSQE_FLAGS_NONE);

	return hr ? hr : run(ring, 5, NULL);
}

/*
 * S25, S26, S33: all of an array by one request, when it is submitted; then by
 * index.
 */
TEST_F(buffers, by_index)
{
	IORING_BUFFER_INFO buffers[] = {
		{ self->memory, PAGE },
		{ self->memory + 2 * PAGE, 2 * PAGE },
	};
	char byte;

	memcpy(self->memory + 3 * PAGE, "third", 6);
	ASSERT_EQ(S_OK, BuildIoRingRegisterBuffers(self->ring, 2, buffers, 1));
	EXPECT_EQ(self->pinned, plain_pinned());
	ASSERT_EQ(S_OK, run(self->ring, 1, NULL));
	EXPECT_EQ(self->pinned + 3, plain_pinned());
	EXPECT_EQ(S_OK, write_named(self->ring, self->file, 1, PAGE, 5));
	ASSERT_EQ(S_OK, build_read(self->ring, raw_handle(self->file),
				   named(0, PAGE - 5), 5, 2));
	EXPECT_EQ(S_OK, run(self->ring, 2, NULL));
	EXPECT_EQ(0, memcmp(self->memory + PAGE - 5, "third", 5));
	/* The last byte; past it; past the array. */
	EXPECT_EQ(S_OK, write_named(self->ring, self->file, 0, PAGE - 1, 1));
	EXPECT_EQ(S_OK, write_named(self->ring, self->file, 0, PAGE, 0));
	EXPECT_EQ(E_INVALIDARG,
		  write_named(self->ring, self->file, 0, PAGE - 1, 2));
	EXPECT_EQ(E_INVALIDARG,
		  write_named(self->ring, self->file, 0, UINT32_MAX, 2));
	EXPECT_EQ(E_INVALIDARG,
		  write_named(self->ring, self->file, 0, 1, UINT32_MAX));
	EXPECT_EQ(E_INVALIDARG, write_named(self->ring, self->file, 2, 0, 1));
	ASSERT_EQ(S_OK, build_read(self->ring, raw_handle(self->file),
				   raw(&byte), 1, 3));
	EXPECT_EQ(S_OK, run(self->ring, 3, NULL));
}

/* S34: as a whole. A shorter array leaves nothing of the longer one. */
TEST_F(buffers, replaced)
{
	IORING_BUFFER_INFO buffers[3];
	int i;

	for (i = 0; i < 3; i++)
		buffers[i] = (IORING_BUFFER_INFO){ self->memory + i * PAGE,
						   PAGE };
	ASSERT_EQ(S_OK, buffers_set(self->ring, 3, buffers));
	EXPECT_EQ(S_OK, write_named(self->ring, self->file, 2, 0, 1));
	buffers[0].Address = self->memory + 4 * PAGE;
	ASSERT_EQ(S_OK, buffers_set(self->ring, 1, buffers));
	EXPECT_EQ(self->pinned + 1, plain_pinned());
	EXPECT_EQ(E_INVALIDARG, write_named(self->ring, self->file, 2, 0, 1));
	EXPECT_EQ(E_INVALIDARG, write_named(self->ring, self->file, 1, 0, 1));
	self->memory[0] = 'a';
	self->memory[4 * PAGE] = 'b';
	EXPECT_EQ(S_OK, write_named(self->ring, self->file, 0, 0, 1));
	ASSERT_EQ(S_OK, build_read(self->ring, raw_handle(self->file),
				   raw(self->memory), 1, 2));
	EXPECT_EQ(S_OK, run(self->ring, 2, NULL));
	EXPECT_EQ('b', self->memory[0]);
	ASSERT_EQ(S_OK, buffers_set(self->ring, 0, NULL));
	EXPECT_EQ(self->pinned, plain_pinned());
	EXPECT_EQ(E_INVALIDARG, write_named(self->ring, self->file, 0, 0, 1));
}

/* S35, S36: an index without a buffer; and so only some are released. */
TEST_F(buffers, sparse)
{
	IORING_BUFFER_INFO buffers[3];
	int i;

	for (i = 0; i < 3; i++)
		buffers[i] = (IORING_BUFFER_INFO){ self->memory + i * PAGE,
						   PAGE };
	ASSERT_EQ(S_OK, buffers_set(self->ring, 3, buffers));
	EXPECT_EQ(self->pinned + 3, plain_pinned());
	buffers[1] = (IORING_BUFFER_INFO){ NULL, 0 };
	ASSERT_EQ(S_OK, buffers_set(self->ring, 3, buffers));
	EXPECT_EQ(self->pinned + 2, plain_pinned());
	EXPECT_EQ(S_OK, write_named(self->ring, self->file, 2, 0, 1));
	EXPECT_EQ(E_INVALIDARG, write_named(self->ring, self->file, 1, 0, 1));
	EXPECT_EQ(E_INVALIDARG, write_named(self->ring, self->file, 1, 0, 0));
	/* Not sparse, but wrong: then nothing changes. */
	buffers[1].Length = 1;
	EXPECT_EQ(E_INVALIDARG, buffers_set(self->ring, 3, buffers));
	EXPECT_EQ(self->pinned + 2, plain_pinned());
	EXPECT_EQ(S_OK, write_named(self->ring, self->file, 2, 0, 1));
	/* There, and of no bytes. */
	buffers[1] = (IORING_BUFFER_INFO){ self->memory, 0 };
	EXPECT_EQ(S_OK, buffers_set(self->ring, 3, buffers));
	EXPECT_EQ(S_OK, write_named(self->ring, self->file, 1, 0, 0));
}

/* S31: errors that the page does not list. */
TEST_F(buffers, cannot_be_registered)
{
	IORING_BUFFER_INFO buffers[] = {
		{ self->memory, PAGE },
		{ (void *)8, PAGE },
	};

	EXPECT_EQ(NO_MEMORY, buffers_set(self->ring, 2, buffers));
	EXPECT_EQ(self->pinned, plain_pinned());
	buffers[1].Address = (void *)-PAGE;
	EXPECT_EQ(NO_MEMORY, buffers_set(self->ring, 2, buffers));
	EXPECT_EQ(E_INVALIDARG, write_named(self->ring, self->file, 0, 0, 1));
}

/* S26: what comes after it in the ring does not start before it completes. */
TEST_F(buffers, barrier)
{
	IORING_BUFFER_INFO first = { self->memory, PAGE };
	IORING_BUFFER_INFO second = { self->memory + PAGE, PAGE };
	IORING_HANDLE_REF file = raw_handle(self->file);

	self->memory[0] = 'a';
	self->memory[PAGE] = 'b';
	ASSERT_EQ(S_OK, BuildIoRingRegisterBuffers(self->ring, 1, &first, 1));
	ASSERT_EQ(S_OK, BuildIoRingWriteFile(self->ring, file, named(0, 0), 1,
					     0, FILE_WRITE_FLAGS_NONE, 2,
					     IOSQE_FLAGS_NONE));
	ASSERT_EQ(S_OK, BuildIoRingRegisterBuffers(self->ring, 1, &second, 3));
	ASSERT_EQ(S_OK, BuildIoRingWriteFile(self->ring, file, named(0, 0), 1,
					     1, FILE_WRITE_FLAGS_NONE, 4,
					     IOSQE_FLAGS_NONE));
	EXPECT_EQ(S_OK, run(self->ring, 1, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 2, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 3, NULL));
	EXPECT_EQ(S_OK, pop(self->ring, 4, NULL));
	ASSERT_EQ(S_OK, build_read(self->ring, file,
				   raw(self->memory + 2 * PAGE), 2, 5));
	EXPECT_EQ(S_OK, run(self->ring, 5, NULL));
	EXPECT_EQ(0, memcmp(self->memory + 2 * PAGE, "ab", 2));
}

/* Each ring has its own. */
TEST_F(buffers, of_two_rings)
{
	HIORING other = ring_new(IORING_VERSION_4, SQ, CQ, 0);
	IORING_BUFFER_INFO buffer = { self->memory, PAGE };

	ASSERT_EQ(S_OK, buffers_set(self->ring, 1, &buffer));
	EXPECT_EQ(E_INVALIDARG, write_named(other, self->file, 0, 0, 1));
	ASSERT_EQ(S_OK, buffers_set(other, 1, &buffer));
	ASSERT_EQ(S_OK, buffers_set(self->ring, 0, NULL));
	EXPECT_EQ(S_OK, write_named(other, self->file, 0, 0, 1));
	EXPECT_EQ(S_OK, CloseIoRing(other));
}

TEST_F(ring, cancel_what_is_not_there)
{
	IORING_HANDLE_REF file = raw_handle(self->file);

	ASSERT_EQ(S_OK, BuildIoRingCancelRequest(self->ring, file, 1, 2));
	EXPECT_EQ(NOT_FOUND, run(self->ring, 2, NULL));
	/* Complete already. */
	ASSERT_EQ(S_OK, build_write(self->ring, file, "x", 0, 1));
	ASSERT_EQ(S_OK, BuildIoRingCancelRequest(self->ring, file, 1, 2));
	EXPECT_EQ(S_OK, run(self->ring, 1, NULL));
	EXPECT_EQ(NOT_FOUND, pop(self->ring, 2, NULL));
}

/* Nothing that was not submitted is run. */
TEST_F(ring, close_drops)
{
	HIORING ring = ring_new(IORING_VERSION_4, SQ, CQ, 0);
	struct stat st;

	ASSERT_EQ(S_OK, build_write(ring, raw_handle(self->file), "x", 0, 1));
	ASSERT_EQ(S_OK, CloseIoRing(ring));
	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_EQ(0, st.st_size);
}

TEST_F(ring, forked_child)
{
	int status;
	pid_t pid;

	ASSERT_EQ(S_OK, build_nothing(self->ring, 1));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		HIORING own = ring_new(IORING_VERSION_4, SQ, CQ, 0);

		_exit(submit(self->ring) != E_HANDLE ||
		      CloseIoRing(self->ring) != E_HANDLE ||
		      build_nothing(own, 2) || run(own, 2, NULL));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(S_OK, run(self->ring, 1, NULL));
}

struct worker {
	HIORING ring;
	HANDLE file;
	unsigned int done;
};

#define ROUNDS	2000

/* Builds, submits, and pops what is there, its own or not. */
static void *worker_run(void *arg)
{
	struct worker *w = arg;
	unsigned int i = 0;
	IORING_CQE cqe;
	HRESULT hr;

	while (i < ROUNDS) {
		hr = build_write(w->ring, raw_handle(w->file), "x", 0, i);
		i += hr == S_OK;
		SubmitIoRing(w->ring, 0, 0, NULL);
		if (PopIoRingCompletion(w->ring, &cqe) == S_OK)
			w->done += cqe.ResultCode == S_OK;
	}
	return NULL;
}

/* Each request completes once, whoever submits and pops. */
TEST_F_TIMEOUT(ring, threads, 120)
{
	struct worker workers[2];
	unsigned int i, done = 0;
	pthread_t threads[2];
	IORING_CQE cqe;

	for (i = 0; i < 2; i++) {
		workers[i] = (struct worker){ self->ring, self->file, 0 };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, worker_run,
					    &workers[i]));
	}
	for (i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		done += workers[i].done;
	}
	do {
		submit(self->ring);
		while (PopIoRingCompletion(self->ring, &cqe) == S_OK)
			done += cqe.ResultCode == S_OK;
	} while (SubmitIoRing(self->ring, 1, 0, NULL) == S_OK);
	EXPECT_EQ(2 * ROUNDS, done);
}

TEST_HARNESS_MAIN
