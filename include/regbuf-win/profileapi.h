/* SPDX-License-Identifier: MIT */
/* The counter for measurements: in 100 ns, since the machine started. */
#ifndef REGBUF_WIN_PROFILEAPI_H
#define REGBUF_WIN_PROFILEAPI_H

#include "minwindef.h"

REGBUF_WIN_API BOOL WINAPI QueryPerformanceCounter(LARGE_INTEGER *count);
REGBUF_WIN_API BOOL WINAPI QueryPerformanceFrequency(LARGE_INTEGER *frequency);

#endif /* REGBUF_WIN_PROFILEAPI_H */
