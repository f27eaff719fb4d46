/* SPDX-License-Identifier: MIT */
/* Intrinsics of Microsoft's compiler that programs of this kind use. */
#ifndef REGBUF_WIN_INTRIN_H
#define REGBUF_WIN_INTRIN_H

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#endif

#include "interlockedapi.h"

#define _ReadWriteBarrier()	__asm__ __volatile__("" ::: "memory")
#define _ReadBarrier()		_ReadWriteBarrier()
#define _WriteBarrier()		_ReadWriteBarrier()
#define __debugbreak()		__builtin_trap()
#define __nop()			__asm__ __volatile__("nop")

#define _InterlockedIncrement		InterlockedIncrement
#define _InterlockedDecrement		InterlockedDecrement
#define _InterlockedExchange		InterlockedExchange
#define _InterlockedExchangeAdd		InterlockedExchangeAdd
#define _InterlockedOr			InterlockedOr
#define _InterlockedAnd			InterlockedAnd
#define _InterlockedXor			InterlockedXor
#define _InterlockedCompareExchange	InterlockedCompareExchange
#define _InterlockedIncrement64		InterlockedIncrement64
#define _InterlockedDecrement64		InterlockedDecrement64
#define _InterlockedExchange64		InterlockedExchange64
#define _InterlockedExchangeAdd64	InterlockedExchangeAdd64
#define _InterlockedOr64		InterlockedOr64
#define _InterlockedAnd64		InterlockedAnd64
#define _InterlockedCompareExchange64	InterlockedCompareExchange64
#define _InterlockedExchangePointer	InterlockedExchangePointer
#define _InterlockedCompareExchangePointer	\
	InterlockedCompareExchangePointer

#endif /* REGBUF_WIN_INTRIN_H */
