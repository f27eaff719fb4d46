// SPDX-License-Identifier: MIT
/* Clocks. */
#include <time.h>

#include <profileapi.h>
#include <sysinfoapi.h>
#include <timeapi.h>

#include "win.h"

/* 100 ns: what programs multiply has to fit into 64 bits, as it does there. */
#define WIN_TICKS	10000000

/* From 1601, when FILETIME begins, to 1970. */
#define WIN_EPOCH	11644473600ULL

static uint64_t win_ticks(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * WIN_TICKS + now.tv_nsec / 100;
}

BOOL QueryPerformanceCounter(LARGE_INTEGER *count)
{
	count->QuadPart = win_ticks(CLOCK_MONOTONIC);
	return TRUE;
}

BOOL QueryPerformanceFrequency(LARGE_INTEGER *frequency)
{
	frequency->QuadPart = WIN_TICKS;
	return TRUE;
}

ULONGLONG GetTickCount64(void)
{
	return win_ticks(CLOCK_BOOTTIME) / (WIN_TICKS / 1000);
}

DWORD GetTickCount(void)
{
	return GetTickCount64();
}

DWORD timeGetTime(void)
{
	return GetTickCount64();
}

MMRESULT timeBeginPeriod(UINT milliseconds)
{
	return milliseconds ? TIMERR_NOERROR : TIMERR_NOCANDO;
}

MMRESULT timeEndPeriod(UINT milliseconds)
{
	return timeBeginPeriod(milliseconds);
}

void GetSystemTimePreciseAsFileTime(LPFILETIME time)
{
	uint64_t now = win_ticks(CLOCK_REALTIME) + WIN_EPOCH * WIN_TICKS;

	time->dwLowDateTime = now;
	time->dwHighDateTime = now >> 32;
}

void GetSystemTimeAsFileTime(LPFILETIME time)
{
	GetSystemTimePreciseAsFileTime(time);
}

static void win_system_time(LPSYSTEMTIME time, const struct tm *tm, long ns)
{
	time->wYear = tm->tm_year + 1900;
	time->wMonth = tm->tm_mon + 1;
	time->wDayOfWeek = tm->tm_wday;
	time->wDay = tm->tm_mday;
	time->wHour = tm->tm_hour;
	time->wMinute = tm->tm_min;
	time->wSecond = tm->tm_sec;
	time->wMilliseconds = ns / 1000000;
}

void GetSystemTime(LPSYSTEMTIME time)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	win_system_time(time, gmtime_r(&now.tv_sec, &tm), now.tv_nsec);
}

void GetLocalTime(LPSYSTEMTIME time)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	win_system_time(time, localtime_r(&now.tv_sec, &tm), now.tv_nsec);
}
