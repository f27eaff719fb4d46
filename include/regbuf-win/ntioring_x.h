/* SPDX-License-Identifier: MIT */
/* Types of I/O rings; see ioringapi.h. */
#ifndef REGBUF_WIN_NTIORING_X_H
#define REGBUF_WIN_NTIORING_X_H

#include "minwindef.h"

#ifndef REGBUF_WIN_ASSERT
#ifdef __cplusplus
#define REGBUF_WIN_ASSERT(cond, text)	static_assert(cond, text)
#else
#define REGBUF_WIN_ASSERT(cond, text)	_Static_assert(cond, text)
#endif
#endif

/* C++ programs combine flags of one type. */
#ifndef DEFINE_ENUM_FLAG_OPERATORS
#ifdef __cplusplus
#define REGBUF_WIN_FLAG_OPERATOR(type, op)				\
	inline constexpr type operator op(type a, type b)		\
	{								\
		return (type)((unsigned int)a op (unsigned int)b);	\
	}								\
	inline type &operator op##=(type &a, type b)			\
	{								\
		return a = a op b;					\
	}
#define DEFINE_ENUM_FLAG_OPERATORS(type)				\
	REGBUF_WIN_FLAG_OPERATOR(type, |)				\
	REGBUF_WIN_FLAG_OPERATOR(type, &)				\
	REGBUF_WIN_FLAG_OPERATOR(type, ^)				\
	inline constexpr type operator~(type a)				\
	{								\
		return (type)~(unsigned int)a;				\
	}
#else
#define DEFINE_ENUM_FLAG_OPERATORS(type)
#endif
#endif

typedef enum IORING_VERSION {
	IORING_VERSION_INVALID = 0,
	IORING_VERSION_1 = 1,
	IORING_VERSION_2 = 2,
	IORING_VERSION_3 = 300,		/* write, flush, drain */
	IORING_VERSION_4 = 400,		/* scatter, gather */
} IORING_VERSION;

typedef enum IORING_FEATURE_FLAGS {
	IORING_FEATURE_FLAGS_NONE = 0,
	/* There is no kernel module: files only, no registered buffers. */
	IORING_FEATURE_UM_EMULATION = 1,
	IORING_FEATURE_SET_COMPLETION_EVENT = 2,
} IORING_FEATURE_FLAGS;
DEFINE_ENUM_FLAG_OPERATORS(IORING_FEATURE_FLAGS)

typedef enum IORING_OP_CODE {
	IORING_OP_NOP = 0,
	IORING_OP_READ = 1,
	IORING_OP_REGISTER_FILES = 2,
	IORING_OP_REGISTER_BUFFERS = 3,
	IORING_OP_CANCEL = 4,
	IORING_OP_WRITE = 5,
	IORING_OP_FLUSH = 6,
	IORING_OP_READ_SCATTER = 7,
	IORING_OP_WRITE_GATHER = 8,
} IORING_OP_CODE;

/**
 * struct IORING_BUFFER_INFO - a buffer to register
 * @Address: first byte; NULL with @Length 0: the index names nothing
 * @Length: bytes
 */
typedef struct IORING_BUFFER_INFO {
	void *Address;
	UINT32 Length;
} IORING_BUFFER_INFO;

/**
 * struct IORING_REGISTERED_BUFFER - a place in a registered buffer
 * @BufferIndex: where it was in the array
 * @Offset: from its first byte
 */
typedef struct IORING_REGISTERED_BUFFER {
	UINT32 BufferIndex;
	UINT32 Offset;
} IORING_REGISTERED_BUFFER;

/* SubmitIoRing(): wait until nothing that was submitted is pending. */
#define IORING_SUBMIT_WAIT_ALL	MAXUINT32

REGBUF_WIN_ASSERT(sizeof(IORING_BUFFER_INFO) == 16, "IORING_BUFFER_INFO");
REGBUF_WIN_ASSERT(sizeof(IORING_REGISTERED_BUFFER) == 8,
		  "IORING_REGISTERED_BUFFER");

#endif /* REGBUF_WIN_NTIORING_X_H */
