/* SPDX-License-Identifier: MIT */
/* The machine, and what time it is. */
#ifndef REGBUF_WIN_SYSINFOAPI_H
#define REGBUF_WIN_SYSINFOAPI_H

#include "minwindef.h"

typedef struct _SYSTEM_INFO {
	__extension__ union {
		DWORD dwOemId;
		__extension__ struct {
			WORD wProcessorArchitecture;
			WORD wReserved;
		};
	};
	DWORD dwPageSize;
	LPVOID lpMinimumApplicationAddress;
	LPVOID lpMaximumApplicationAddress;
	DWORD_PTR dwActiveProcessorMask;
	DWORD dwNumberOfProcessors;
	DWORD dwProcessorType;
	DWORD dwAllocationGranularity;
	WORD wProcessorLevel;
	WORD wProcessorRevision;
} SYSTEM_INFO, *LPSYSTEM_INFO;

typedef struct _SYSTEMTIME {
	WORD wYear;
	WORD wMonth;
	WORD wDayOfWeek;
	WORD wDay;
	WORD wHour;
	WORD wMinute;
	WORD wSecond;
	WORD wMilliseconds;
} SYSTEMTIME, *PSYSTEMTIME, *LPSYSTEMTIME;

/* Processors' type, level and revision are 0. */
REGBUF_WIN_API void WINAPI GetSystemInfo(LPSYSTEM_INFO info);
REGBUF_WIN_API void WINAPI GetNativeSystemInfo(LPSYSTEM_INFO info);
/* There is one group, 0, of all processors. */
REGBUF_WIN_API DWORD WINAPI GetActiveProcessorCount(WORD group);
REGBUF_WIN_API WORD WINAPI GetActiveProcessorGroupCount(void);
REGBUF_WIN_API BOOL WINAPI GetNumaHighestNodeNumber(PULONG node);

REGBUF_WIN_API DWORD WINAPI GetTickCount(void);
REGBUF_WIN_API ULONGLONG WINAPI GetTickCount64(void);
REGBUF_WIN_API void WINAPI GetSystemTimeAsFileTime(LPFILETIME time);
REGBUF_WIN_API void WINAPI GetSystemTimePreciseAsFileTime(LPFILETIME time);
REGBUF_WIN_API void WINAPI GetSystemTime(LPSYSTEMTIME time);
REGBUF_WIN_API void WINAPI GetLocalTime(LPSYSTEMTIME time);

#endif /* REGBUF_WIN_SYSINFOAPI_H */
