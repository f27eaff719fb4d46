/* SPDX-License-Identifier: MIT */
/*
 * Interlocked operations, on any integer that the machine can change as one:
 * programs have counters that are long, and so no LONG here. All are full
 * barriers.
 */
#ifndef REGBUF_WIN_INTERLOCKEDAPI_H
#define REGBUF_WIN_INTERLOCKEDAPI_H

#include "minwindef.h"

#define MemoryBarrier()	__atomic_thread_fence(__ATOMIC_SEQ_CST)

#if defined(__x86_64__) || defined(__i386__)
#define YieldProcessor()	__builtin_ia32_pause()
#elif defined(__aarch64__)
#define YieldProcessor()	__asm__ __volatile__("yield" ::: "memory")
#else
#define YieldProcessor()	__asm__ __volatile__("" ::: "memory")
#endif

#ifdef __cplusplus

/* Also for members and names in other scopes, which macros would break. */
#define REGBUF_WIN_INTERLOCKED_1(name, result)				\
	template <typename T>						\
	inline T name(volatile T *target)				\
	{								\
		return result;						\
	}

#define REGBUF_WIN_INTERLOCKED_2(name, result)				\
	template <typename T, typename U>				\
	inline T name(volatile T *target, U operand)			\
	{								\
		const T value = (T)operand;				\
									\
		return result;						\
	}

#define REGBUF_WIN_INTERLOCKED_3(name)					\
	template <typename T, typename U, typename V>			\
	inline T name(volatile T *target, U operand, V comparand)	\
	{								\
		return __sync_val_compare_and_swap(target, (T)comparand, \
						   (T)operand);	\
	}

#define REGBUF_WIN_INTERLOCKED(size)					\
	REGBUF_WIN_INTERLOCKED_1(InterlockedIncrement##size,		\
		__atomic_add_fetch(target, 1, __ATOMIC_SEQ_CST))	\
	REGBUF_WIN_INTERLOCKED_1(InterlockedDecrement##size,		\
		__atomic_sub_fetch(target, 1, __ATOMIC_SEQ_CST))	\
	REGBUF_WIN_INTERLOCKED_2(InterlockedExchange##size,		\
		__atomic_exchange_n(target, value, __ATOMIC_SEQ_CST))	\
	REGBUF_WIN_INTERLOCKED_2(InterlockedExchangeAdd##size,		\
		__atomic_fetch_add(target, value, __ATOMIC_SEQ_CST))	\
	REGBUF_WIN_INTERLOCKED_2(InterlockedAdd##size,			\
		__atomic_add_fetch(target, value, __ATOMIC_SEQ_CST))	\
	REGBUF_WIN_INTERLOCKED_2(InterlockedOr##size,			\
		__atomic_fetch_or(target, value, __ATOMIC_SEQ_CST))	\
	REGBUF_WIN_INTERLOCKED_2(InterlockedAnd##size,			\
		__atomic_fetch_and(target, value, __ATOMIC_SEQ_CST))	\
	REGBUF_WIN_INTERLOCKED_2(InterlockedXor##size,			\
		__atomic_fetch_xor(target, value, __ATOMIC_SEQ_CST))	\
	REGBUF_WIN_INTERLOCKED_3(InterlockedCompareExchange##size)

extern "C++" {
REGBUF_WIN_INTERLOCKED()
REGBUF_WIN_INTERLOCKED(16)
REGBUF_WIN_INTERLOCKED(64)
} /* extern "C++" */

#else

#define InterlockedIncrement(target)	\
	__atomic_add_fetch((target), 1, __ATOMIC_SEQ_CST)
#define InterlockedDecrement(target)	\
	__atomic_sub_fetch((target), 1, __ATOMIC_SEQ_CST)
#define InterlockedExchange(target, value)	\
	__atomic_exchange_n((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedExchangeAdd(target, value)	\
	__atomic_fetch_add((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedAdd(target, value)	\
	__atomic_add_fetch((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedOr(target, value)	\
	__atomic_fetch_or((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedAnd(target, value)	\
	__atomic_fetch_and((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedXor(target, value)	\
	__atomic_fetch_xor((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedCompareExchange(target, value, comparand)	\
	__sync_val_compare_and_swap((target), (comparand), (value))

#define InterlockedIncrement16		InterlockedIncrement
#define InterlockedDecrement16		InterlockedDecrement
#define InterlockedExchange16		InterlockedExchange
#define InterlockedExchangeAdd16	InterlockedExchangeAdd
#define InterlockedOr16			InterlockedOr
#define InterlockedAnd16		InterlockedAnd
#define InterlockedXor16		InterlockedXor
#define InterlockedCompareExchange16	InterlockedCompareExchange
#define InterlockedIncrement64		InterlockedIncrement
#define InterlockedDecrement64		InterlockedDecrement
#define InterlockedExchange64		InterlockedExchange
#define InterlockedExchangeAdd64	InterlockedExchangeAdd
#define InterlockedAdd64		InterlockedAdd
#define InterlockedOr64			InterlockedOr
#define InterlockedAnd64		InterlockedAnd
#define InterlockedXor64		InterlockedXor
#define InterlockedCompareExchange64	InterlockedCompareExchange

#endif /* __cplusplus */

static inline PVOID InterlockedExchangePointer(PVOID volatile *target,
					       PVOID value)
{
	return __atomic_exchange_n(target, value, __ATOMIC_SEQ_CST);
}

static inline PVOID
InterlockedCompareExchangePointer(PVOID volatile *target, PVOID value,
				  PVOID comparand)
{
	return __sync_val_compare_and_swap(target, comparand, value);
}

/* Weaker ones may be stronger. */
#define InterlockedIncrementAcquire		InterlockedIncrement
#define InterlockedIncrementRelease		InterlockedIncrement
#define InterlockedIncrementNoFence		InterlockedIncrement
#define InterlockedDecrementAcquire		InterlockedDecrement
#define InterlockedDecrementRelease		InterlockedDecrement
#define InterlockedDecrementNoFence		InterlockedDecrement
#define InterlockedExchangeAcquire		InterlockedExchange
#define InterlockedExchangeNoFence		InterlockedExchange
#define InterlockedCompareExchangeAcquire	InterlockedCompareExchange
#define InterlockedCompareExchangeRelease	InterlockedCompareExchange
#define InterlockedCompareExchangeNoFence	InterlockedCompareExchange
#define InterlockedIncrementSizeT		InterlockedIncrement
#define InterlockedDecrementSizeT		InterlockedDecrement
#define InterlockedExchangeAddSizeT		InterlockedExchangeAdd
#define InterlockedExchangeSubtract(target, value)	\
	InterlockedExchangeAdd((target), -(value))

#endif /* REGBUF_WIN_INTERLOCKEDAPI_H */
