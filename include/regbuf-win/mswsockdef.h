/* SPDX-License-Identifier: MIT */
/*
 * Registered I/O: names and structures. What calls there are, and what differs
 * from Windows, is in mswsock.h.
 */
#ifndef REGBUF_WIN_MSWSOCKDEF_H
#define REGBUF_WIN_MSWSOCKDEF_H

#include "minwindef.h"

/* Numbers in truth: nothing is behind these pointers. */
typedef struct RIO_BUFFERID_t *RIO_BUFFERID, **PRIO_BUFFERID;
typedef struct RIO_CQ_t *RIO_CQ, **PRIO_CQ;
typedef struct RIO_RQ_t *RIO_RQ, **PRIO_RQ;

/* Flags of requests. */
#define RIO_MSG_DONT_NOTIFY	0x00000001
#define RIO_MSG_DEFER		0x00000002
#define RIO_MSG_WAITALL		0x00000004
#define RIO_MSG_COMMIT_ONLY	0x00000008

#define RIO_INVALID_BUFFERID	((RIO_BUFFERID)(ULONG_PTR)0xffffffffU)
#define RIO_INVALID_CQ		((RIO_CQ)0)
#define RIO_INVALID_RQ		((RIO_RQ)0)

/* Entries of a completion queue. The kernel has its own maximum, below this. */
#define RIO_MAX_CQ_SIZE		0x8000000
#define RIO_CORRUPT_CQ		0xffffffffU

/* A part of a registered buffer. */
typedef struct _RIO_BUF {
	RIO_BUFFERID BufferId;
	ULONG Offset;
	ULONG Length;
} RIO_BUF, *PRIO_BUF;

/* What became of a request. Status is 0 or a WSA code. */
typedef struct _RIORESULT {
	LONG Status;
	ULONG BytesTransferred;
	ULONGLONG SocketContext;
	ULONGLONG RequestContext;
} RIORESULT, *PRIORESULT;

/* Control data: WSACMSGHDRs follow, from RIO_CMSG_BASE_SIZE on. */
typedef struct _RIO_CMSG_BUFFER {
	ULONG TotalLength;
} RIO_CMSG_BUFFER, *PRIO_CMSG_BUFFER;

#ifdef __cplusplus
static_assert(sizeof(RIO_BUF) == 16, "size of RIO_BUF");
static_assert(sizeof(RIORESULT) == 24, "size of RIORESULT");
static_assert(sizeof(RIO_CMSG_BUFFER) == 4, "size of RIO_CMSG_BUFFER");
#else
_Static_assert(sizeof(RIO_BUF) == 16, "size of RIO_BUF");
_Static_assert(sizeof(RIORESULT) == 24, "size of RIORESULT");
_Static_assert(sizeof(RIO_CMSG_BUFFER) == 4, "size of RIO_CMSG_BUFFER");
#endif

#endif /* REGBUF_WIN_MSWSOCKDEF_H */
