/* SPDX-License-Identifier: MIT */
/*
 * What programs of RIO, I/O rings and SANs use of Windows, over Linux. What is
 * not here does not compile. There are no completion routines, and no named
 * objects.
 */
#ifndef REGBUF_WIN_WINDOWS_H
#define REGBUF_WIN_WINDOWS_H

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "sdkddkver.h"

/* Microsoft's <iostream> has it, so programs do not ask for it. */
#ifdef __cplusplus
extern "C++" {
#include <limits>
}
#endif

#include "minwindef.h"
#include "winerror.h"

#include "consoleapi.h"
#include "crt.h"
#include "debugapi.h"
#include "errhandlingapi.h"
#include "fileapi.h"
#include "handleapi.h"
#include "heapapi.h"
#include "interlockedapi.h"
#include "ioapiset.h"
#include "memoryapi.h"
#include "processthreadsapi.h"
#include "profileapi.h"
#include "stringapiset.h"
#include "sysinfoapi.h"
#include "synchapi.h"
#include "winbase.h"
#include "winnt.h"

#ifndef WIN32_LEAN_AND_MEAN
#include "timeapi.h"

typedef unsigned char byte;
#endif

/*
 * Macros would break the headers of C++. Templates do what they did, also for
 * two types; std::min() is preferred where both are known.
 */
#ifndef NOMINMAX
#ifdef __cplusplus
extern "C++" {
template <typename A, typename B>
constexpr auto min(const A &a, const B &b) -> decltype(true ? A() : B())
{
	return b < a ? b : a;
}

template <typename A, typename B>
constexpr auto max(const A &a, const B &b) -> decltype(true ? A() : B())
{
	return a < b ? b : a;
}
} /* extern "C++" */

#else
#ifndef min
#define min(a, b)	((a) < (b) ? (a) : (b))
#endif
#ifndef max
#define max(a, b)	((a) > (b) ? (a) : (b))
#endif
#endif
#endif /* NOMINMAX */

#endif /* REGBUF_WIN_WINDOWS_H */
