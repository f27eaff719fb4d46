/* SPDX-License-Identifier: MIT */
#ifndef REGBUF_WIN_IORINGAPI_H
#define REGBUF_WIN_IORINGAPI_H

/**
 * DOC: I/O rings
 *
 * Requests are built one by one, submitted together, and popped when they are
 * complete. What names a file may be the HANDLE of a file, or a SOCKET: TCP or
 * UDP, over registered buffers as regbuf(7) has them.
 *
 * Files are read and written by the calling thread while it submits: they are
 * complete when SubmitIoRing() returns. Sockets are not: a request waits until
 * the socket can take it, or has something. On a TCP socket that is not yet
 * connected it waits for that, too.
 *
 * A ring may be used by several threads: each call is by itself, but only one
 * may be in SubmitIoRing(). A forked child cannot use its parent's rings:
 * E_HANDLE.
 *
 * Calls return S_OK, or an HRESULT that FAILED() is true for and have had no
 * effect. All that take a ring return E_HANDLE for what is not one (any more);
 * all that build a request:
 *
 * * E_INVALIDARG: a reference that cannot be one, or a NULL pointer where there
 *   is something to point to. With IORING_CREATE_SKIP_BUILDER_PARAM_CHECKS that
 *   is found when the request is run
 * * IORING_E_SUBMISSION_QUEUE_FULL: submit what there is, then try again
 * * IORING_E_VERSION_NOT_SUPPORTED: the ring's version has no such request
 * * IORING_E_REQUIRED_FLAG_NOT_SUPPORTED: nor such a flag
 * * E_OUTOFMEMORY
 *
 * What becomes of a request is in its completion: S_OK, or an error as
 * HRESULT_FROM_WIN32() makes it:
 *
 * * ERROR_INVALID_HANDLE: a file that was closed, or that is none
 * * ERROR_INVALID_PARAMETER: no such index; past the end of a registered
 *   buffer; an index that is not used
 * * ERROR_NOACCESS: memory that is not there
 * * ERROR_HANDLE_EOF: there is nothing to read from there on in the file. A
 *   socket's end is S_OK with 0 bytes
 * * ERROR_MORE_DATA: the datagram was longer; Information is what was kept
 * * ERROR_NETNAME_DELETED: the other side has reset the connection
 * * ERROR_OPERATION_ABORTED: cancelled, or the socket was closed
 * * ERROR_DEV_NOT_EXIST: it needs the kernel module, which is not loaded
 * * ERROR_NO_SYSTEM_RESOURCES: over RLIMIT_MEMLOCK
 * * ERROR_ACCESS_DENIED, ERROR_DISK_FULL, WSAENOTCONN, ...
 */

#include "minwindef.h"
#include "ntioring_x.h"
#include "winerror.h"

/* As the pages call them. */
#define IORING_E_UNKNOWN_REQUIRED_FLAG	IORING_E_REQUIRED_FLAG_NOT_SUPPORTED
#define IORING_E_UNKNOWN_VERSION	IORING_E_VERSION_NOT_SUPPORTED
#define IORING_E_WAIT_TIMEOUT		HRESULT_FROM_WIN32(ERROR_TIMEOUT)

typedef struct HIORING__ *HIORING;

typedef enum IORING_SQE_FLAGS {
	IOSQE_FLAGS_NONE = 0,
	/* Not before all that was submitted before it is complete. */
	IOSQE_FLAGS_DRAIN_PRECEDING_OPS = 1,
} IORING_SQE_FLAGS;
DEFINE_ENUM_FLAG_OPERATORS(IORING_SQE_FLAGS)

typedef enum IORING_CREATE_REQUIRED_FLAGS {
	IORING_CREATE_REQUIRED_FLAGS_NONE = 0,
} IORING_CREATE_REQUIRED_FLAGS;
DEFINE_ENUM_FLAG_OPERATORS(IORING_CREATE_REQUIRED_FLAGS)

typedef enum IORING_CREATE_ADVISORY_FLAGS {
	IORING_CREATE_ADVISORY_FLAGS_NONE = 0,
	IORING_CREATE_SKIP_BUILDER_PARAM_CHECKS = 1,
} IORING_CREATE_ADVISORY_FLAGS;
DEFINE_ENUM_FLAG_OPERATORS(IORING_CREATE_ADVISORY_FLAGS)

typedef struct IORING_CREATE_FLAGS {
	IORING_CREATE_REQUIRED_FLAGS Required;
	IORING_CREATE_ADVISORY_FLAGS Advisory;
} IORING_CREATE_FLAGS;

typedef struct IORING_INFO {
	IORING_VERSION IoRingVersion;
	IORING_CREATE_FLAGS Flags;
	UINT32 SubmissionQueueSize;
	UINT32 CompletionQueueSize;
} IORING_INFO;

typedef struct IORING_CAPABILITIES {
	IORING_VERSION MaxVersion;
	UINT32 MaxSubmissionQueueSize;
	UINT32 MaxCompletionQueueSize;
	IORING_FEATURE_FLAGS FeatureFlags;
} IORING_CAPABILITIES;

typedef enum IORING_REF_KIND {
	IORING_REF_RAW = 0,
	IORING_REF_REGISTERED = 1,
} IORING_REF_KIND;

/* A file's handle, a SOCKET, or the index of a registered one. */
typedef struct IORING_HANDLE_REF {
#ifdef __cplusplus
	explicit IORING_HANDLE_REF(HANDLE h) : Kind(IORING_REF_RAW), Handle(h)
	{
	}
	explicit IORING_HANDLE_REF(UINT32 index)
		: Kind(IORING_REF_REGISTERED), Handle(index)
	{
	}
#endif
	IORING_REF_KIND Kind;
	union HandleUnion {
#ifdef __cplusplus
		HandleUnion(HANDLE h) : Handle(h)
		{
		}
		HandleUnion(UINT32 index) : Index(index)
		{
		}
#endif
		HANDLE Handle;
		UINT32 Index;
	} Handle;
} IORING_HANDLE_REF;

/* Memory, or a place in a registered buffer. */
typedef struct IORING_BUFFER_REF {
#ifdef __cplusplus
	explicit IORING_BUFFER_REF(void *address)
		: Kind(IORING_REF_RAW), Buffer(address)
	{
	}
	explicit IORING_BUFFER_REF(IORING_REGISTERED_BUFFER registered)
		: Kind(IORING_REF_REGISTERED), Buffer(registered)
	{
	}
	IORING_BUFFER_REF(UINT32 index, UINT32 offset)
		: IORING_BUFFER_REF(IORING_REGISTERED_BUFFER{ index, offset })
	{
	}
#endif
	IORING_REF_KIND Kind;
	union BufferUnion {
#ifdef __cplusplus
		BufferUnion(void *address) : Address(address)
		{
		}
		BufferUnion(IORING_REGISTERED_BUFFER registered)
			: IndexAndOffset(registered)
		{
		}
#endif
		void *Address;
		IORING_REGISTERED_BUFFER IndexAndOffset;
	} Buffer;
} IORING_BUFFER_REF;

/* In C these are initializers, as on Windows. */
#ifdef __cplusplus
#define IoRingHandleRefFromHandle(h)	\
	IORING_HANDLE_REF(static_cast<HANDLE>(h))
#define IoRingHandleRefFromIndex(i)	\
	IORING_HANDLE_REF(static_cast<UINT32>(i))
#define IoRingBufferRefFromPointer(p)	\
	IORING_BUFFER_REF(static_cast<void *>(p))
#define IoRingBufferRefFromIndexAndOffset(i, o)	\
	IORING_BUFFER_REF((i), (o))
#else
#define IoRingHandleRefFromHandle(h)	\
	{ IORING_REF_RAW, { .Handle = (h) } }
#define IoRingHandleRefFromIndex(i)	\
	{ IORING_REF_REGISTERED, { .Index = (i) } }
#define IoRingBufferRefFromPointer(p)	\
	{ IORING_REF_RAW, { .Address = (p) } }
#define IoRingBufferRefFromIndexAndOffset(i, o)	\
	{ IORING_REF_REGISTERED, { .IndexAndOffset = { (i), (o) } } }
#endif

typedef struct IORING_CQE {
	UINT_PTR UserData;
	HRESULT ResultCode;
	ULONG_PTR Information;
} IORING_CQE;

#ifndef REGBUF_WIN_FILE_IO
#define REGBUF_WIN_FILE_IO

typedef enum FILE_WRITE_FLAGS {
	FILE_WRITE_FLAGS_NONE = 0,
	/* Complete when it is on the disk. */
	FILE_WRITE_FLAGS_WRITE_THROUGH = 1,
} FILE_WRITE_FLAGS;
DEFINE_ENUM_FLAG_OPERATORS(FILE_WRITE_FLAGS)

typedef enum FILE_FLUSH_MODE {
	FILE_FLUSH_DEFAULT = 0,		/* as fsync(2) */
	FILE_FLUSH_DATA = 1,		/* as fdatasync(2) */
	FILE_FLUSH_MIN_METADATA = 2,	/* likewise */
	FILE_FLUSH_NO_SYNC = 3,		/* the disk may keep it in its cache */
} FILE_FLUSH_MODE;

/* A page of memory. */
typedef union _FILE_SEGMENT_ELEMENT {
	void *Buffer;
	ULONGLONG Alignment;
} FILE_SEGMENT_ELEMENT, *PFILE_SEGMENT_ELEMENT;

#endif /* REGBUF_WIN_FILE_IO */

REGBUF_WIN_ASSERT(sizeof(IORING_CREATE_FLAGS) == 8, "IORING_CREATE_FLAGS");
REGBUF_WIN_ASSERT(sizeof(IORING_INFO) == 20, "IORING_INFO");
REGBUF_WIN_ASSERT(sizeof(IORING_CAPABILITIES) == 16, "IORING_CAPABILITIES");
REGBUF_WIN_ASSERT(sizeof(IORING_HANDLE_REF) == 16, "IORING_HANDLE_REF");
REGBUF_WIN_ASSERT(sizeof(IORING_BUFFER_REF) == 16, "IORING_BUFFER_REF");
REGBUF_WIN_ASSERT(sizeof(IORING_CQE) == 24, "IORING_CQE");
REGBUF_WIN_ASSERT(sizeof(FILE_SEGMENT_ELEMENT) == 8, "FILE_SEGMENT_ELEMENT");

/**
 * QueryIoRingCapabilities() - what there is
 * @capabilities: gets it; the same each time
 *
 * Return: S_OK, or E_INVALIDARG for NULL.
 */
REGBUF_WIN_API HRESULT WINAPI
QueryIoRingCapabilities(IORING_CAPABILITIES *capabilities);

/**
 * CreateIoRing() - make a ring
 * @ioringVersion: IORING_VERSION_*: requests and flags that came later are
 *                 refused
 * @flags: what is unknown is refused if it is required, and left out if not
 * @submissionQueueSize: requests that may be built before they are submitted,
 *                       rounded up to a power of two
 * @completionQueueSize: completions that may be there, rounded up likewise, and
 *                       to twice @submissionQueueSize at least. Any number of
 *                       requests may be pending
 * @h: gets the ring. Close it with CloseIoRing()
 *
 * Return: S_OK, IORING_E_VERSION_NOT_SUPPORTED,
 * IORING_E_REQUIRED_FLAG_NOT_SUPPORTED, IORING_E_SUBMISSION_QUEUE_TOO_BIG,
 * IORING_E_COMPLETION_QUEUE_TOO_BIG, E_INVALIDARG: @h is NULL, or
 * E_OUTOFMEMORY.
 */
REGBUF_WIN_API HRESULT WINAPI
CreateIoRing(IORING_VERSION ioringVersion, IORING_CREATE_FLAGS flags,
	     UINT32 submissionQueueSize, UINT32 completionQueueSize,
	     HIORING *h);

/**
 * GetIoRingInfo() - what a ring is like
 * @ioRing: the ring
 * @info: gets it
 *
 * Return: S_OK, E_HANDLE, or E_INVALIDARG for NULL.
 */
REGBUF_WIN_API HRESULT WINAPI GetIoRingInfo(HIORING ioRing, IORING_INFO *info);

/**
 * IsIoRingOpSupported() - can a request be built
 * @ioRing: the ring
 * @op: IORING_OP_*
 *
 * Return: TRUE; or FALSE, also for what is no ring.
 */
REGBUF_WIN_API BOOL WINAPI IsIoRingOpSupported(HIORING ioRing,
					       IORING_OP_CODE op);

/**
 * SubmitIoRing() - run what was built, then wait
 * @ioRing: the ring
 * @waitOperations: how many completions to wait for, those that were not popped
 *                  count; IORING_SUBMIT_WAIT_ALL: until nothing is pending; 0:
 *                  do not wait
 * @milliseconds: how long to wait at most, or INFINITE
 * @submittedEntries: gets how many requests were submitted; or NULL
 *
 * A request that fails is a completion with an error. With errors other than
 * IORING_E_WAIT_TIMEOUT nothing was submitted.
 *
 * Return:
 *
 * * S_OK
 * * IORING_E_WAIT_TIMEOUT: all was submitted, but fewer completed
 * * IORING_E_COMPLETION_QUEUE_TOO_FULL: pop completions first
 * * IORING_E_SUBMIT_IN_PROGRESS: another thread is waiting in this call
 * * E_INVALIDARG: to wait for more than are built, pending and complete
 * * E_HANDLE
 */
REGBUF_WIN_API HRESULT WINAPI SubmitIoRing(HIORING ioRing,
					   UINT32 waitOperations,
					   UINT32 milliseconds,
					   UINT32 *submittedEntries);

/**
 * CloseIoRing() - close a ring
 * @ioRing: the ring. CloseHandle() is the wrong call
 *
 * What was built and not submitted is dropped. What is pending on sockets and
 * has not begun is cancelled, which Windows does not do: there is no completion
 * of it, and its memory may be freed.
 *
 * Return: S_OK or E_HANDLE.
 */
REGBUF_WIN_API HRESULT WINAPI CloseIoRing(HIORING ioRing);

/**
 * PopIoRingCompletion() - take the oldest completion
 * @ioRing: the ring
 * @cqe: gets it
 *
 * Return: S_OK; S_FALSE: there is none, and @cqe is as it was; E_HANDLE; or
 * E_INVALIDARG for NULL.
 */
REGBUF_WIN_API HRESULT WINAPI PopIoRingCompletion(HIORING ioRing,
						  IORING_CQE *cqe);

/**
 * SetIoRingCompletionEvent() - have an event set
 * @ioRing: the ring
 * @hEvent: the event, which replaces the former one and may be closed; NULL for
 *          none
 *
 * It is set when there is a completion and there was none. So pop until there
 * is none before waiting for it.
 *
 * Return: S_OK, E_HANDLE, or E_INVALIDARG: no event.
 */
REGBUF_WIN_API HRESULT WINAPI SetIoRingCompletionEvent(HIORING ioRing,
						       HANDLE hEvent);

/**
 * BuildIoRingCancelRequest() - cancel a request
 * @ioRing: the ring
 * @file: what the request is on
 * @opToCancel: its user data; the oldest one that has them
 * @userData: of the completion of the cancelling
 *
 * Does not wait for others, not even for IOSQE_FLAGS_DRAIN_PRECEDING_OPS. What
 * has entered a socket whole completes as if nothing had been.
 *
 * Return: as above. In the completion: S_OK, or ERROR_NOT_FOUND: it is not
 * pending.
 */
REGBUF_WIN_API HRESULT WINAPI BuildIoRingCancelRequest(HIORING ioRing,
						       IORING_HANDLE_REF file,
						       UINT_PTR opToCancel,
						       UINT_PTR userData);

/**
 * BuildIoRingReadFile() - read from a file, or receive
 * @ioRing: the ring
 * @fileRef: the file or socket
 * @dataRef: where to. Not to be touched before the completion
 * @numberOfBytesToRead: so many at most
 * @fileOffset: where in the file; sockets have no such thing
 * @userData: of the completion
 * @sqeFlags: IOSQE_FLAGS_*
 *
 * Return: as above. In the completion: Information is how many were read.
 */
REGBUF_WIN_API HRESULT WINAPI
BuildIoRingReadFile(HIORING ioRing, IORING_HANDLE_REF fileRef,
		    IORING_BUFFER_REF dataRef, UINT32 numberOfBytesToRead,
		    UINT64 fileOffset, UINT_PTR userData,
		    IORING_SQE_FLAGS sqeFlags);

/**
 * BuildIoRingWriteFile() - write to a file, or send
 * @ioRing: the ring
 * @fileRef: the file or socket
 * @bufferRef: what. Not to be changed before the completion
 * @numberOfBytesToWrite: how much
 * @fileOffset: where in the file; sockets have no such thing
 * @writeFlags: FILE_WRITE_FLAGS_*; no meaning for sockets
 * @userData: of the completion
 * @sqeFlags: IOSQE_FLAGS_*
 *
 * Return: as above. In the completion: Information is how many were written.
 */
REGBUF_WIN_API HRESULT WINAPI
BuildIoRingWriteFile(HIORING ioRing, IORING_HANDLE_REF fileRef,
		     IORING_BUFFER_REF bufferRef, UINT32 numberOfBytesToWrite,
		     UINT64 fileOffset, FILE_WRITE_FLAGS writeFlags,
		     UINT_PTR userData, IORING_SQE_FLAGS sqeFlags);

/**
 * BuildIoRingFlushFile() - have a file's data written to the disk
 * @ioRing: the ring
 * @fileRef: the file
 * @flushMode: FILE_FLUSH_*
 * @userData: of the completion
 * @sqeFlags: IOSQE_FLAGS_*
 *
 * Return: as above.
 */
REGBUF_WIN_API HRESULT WINAPI
BuildIoRingFlushFile(HIORING ioRing, IORING_HANDLE_REF fileRef,
		     FILE_FLUSH_MODE flushMode, UINT_PTR userData,
		     IORING_SQE_FLAGS sqeFlags);

/**
 * BuildIoRingReadFileScatter() - read from a file into pages
 * @ioRing: the ring
 * @fileRef: the file, not a socket
 * @segmentCount: elements of the array
 * @segmentArray: the pages, of 4096 bytes; in use until the completion
 * @numberOfBytesToRead: so many at most
 * @fileOffset: where in the file
 * @userData: of the completion
 * @sqeFlags: IOSQE_FLAGS_*
 *
 * Return: as above.
 */
REGBUF_WIN_API HRESULT WINAPI
BuildIoRingReadFileScatter(HIORING ioRing, IORING_HANDLE_REF fileRef,
			   UINT32 segmentCount,
			   FILE_SEGMENT_ELEMENT segmentArray[],
			   UINT32 numberOfBytesToRead, UINT64 fileOffset,
			   UINT_PTR userData, IORING_SQE_FLAGS sqeFlags);

/**
 * BuildIoRingWriteFileGather() - write pages to a file
 * @ioRing: the ring
 * @fileRef: the file, not a socket
 * @segmentCount: elements of the array
 * @segmentArray: the pages, of 4096 bytes; in use until the completion
 * @numberOfBytesToWrite: how much
 * @fileOffset: where in the file
 * @writeFlags: FILE_WRITE_FLAGS_*
 * @userData: of the completion
 * @sqeFlags: IOSQE_FLAGS_*
 *
 * Return: as above.
 */
REGBUF_WIN_API HRESULT WINAPI
BuildIoRingWriteFileGather(HIORING ioRing, IORING_HANDLE_REF fileRef,
			   UINT32 segmentCount,
			   FILE_SEGMENT_ELEMENT segmentArray[],
			   UINT32 numberOfBytesToWrite, UINT64 fileOffset,
			   FILE_WRITE_FLAGS writeFlags, UINT_PTR userData,
			   IORING_SQE_FLAGS sqeFlags);

/**
 * BuildIoRingRegisterFileHandles() - name files by index
 * @ioRing: the ring
 * @count: elements of the array; 0: no names any more
 * @handles: the files or sockets; INVALID_HANDLE_VALUE: the index names
 *           nothing. In use until the completion
 * @userData: of the completion
 *
 * All or nothing, in place of what was registered before. Requests that come
 * after it in the ring use it. A file may be closed meanwhile; a socket that is
 * closed has no name any more.
 *
 * Return: as above.
 */
REGBUF_WIN_API HRESULT WINAPI
BuildIoRingRegisterFileHandles(HIORING ioRing, UINT32 count,
			       HANDLE const handles[], UINT_PTR userData);

/**
 * BuildIoRingRegisterBuffers() - pin memory, and name it by index
 * @ioRing: the ring
 * @count: elements of the array; 0: no names any more
 * @buffers: the buffers; in use until the completion
 * @userData: of the completion
 *
 * All or nothing, in place of what was registered before. Requests that come
 * after it in the ring use it; those before it go on with the former buffers,
 * which stay pinned for them.
 *
 * Return: as above. In the completion: ERROR_DEV_NOT_EXIST,
 * ERROR_NO_SYSTEM_RESOURCES, ERROR_NOACCESS: not all of it is memory that can
 * be read and written, ERROR_NOT_SUPPORTED: it cannot be pinned.
 */
REGBUF_WIN_API HRESULT WINAPI
BuildIoRingRegisterBuffers(HIORING ioRing, UINT32 count,
			   IORING_BUFFER_INFO const buffers[],
			   UINT_PTR userData);

#endif /* REGBUF_WIN_IORINGAPI_H */
