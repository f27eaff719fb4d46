/* SPDX-License-Identifier: MIT */
/* Milliseconds since the machine started. */
#ifndef REGBUF_WIN_TIMEAPI_H
#define REGBUF_WIN_TIMEAPI_H

#include "minwindef.h"

typedef UINT MMRESULT;

#define TIMERR_NOERROR	0
#define TIMERR_NOCANDO	97

REGBUF_WIN_API DWORD WINAPI timeGetTime(void);
/* Timers are as precise as they can be at all times: nothing changes. */
REGBUF_WIN_API MMRESULT WINAPI timeBeginPeriod(UINT milliseconds);
REGBUF_WIN_API MMRESULT WINAPI timeEndPeriod(UINT milliseconds);

#endif /* REGBUF_WIN_TIMEAPI_H */
