/* SPDX-License-Identifier: MIT */
/* Threads, and what belongs to one. */
#ifndef REGBUF_WIN_PROCESSTHREADSAPI_H
#define REGBUF_WIN_PROCESSTHREADSAPI_H

#include "minwindef.h"

typedef DWORD (WINAPI *LPTHREAD_START_ROUTINE)(LPVOID parameter);
typedef LPTHREAD_START_ROUTINE PTHREAD_START_ROUTINE;

/* A thread that was created so waits for ResumeThread(). */
#define CREATE_SUSPENDED		0x4
#define STACK_SIZE_PARAM_IS_A_RESERVATION	0x10000
#define STILL_ACTIVE			259
#define TLS_OUT_OF_INDEXES		0xffffffffU

#define THREAD_PRIORITY_IDLE		(-15)
#define THREAD_PRIORITY_LOWEST		(-2)
#define THREAD_PRIORITY_BELOW_NORMAL	(-1)
#define THREAD_PRIORITY_NORMAL		0
#define THREAD_PRIORITY_ABOVE_NORMAL	1
#define THREAD_PRIORITY_HIGHEST		2
#define THREAD_PRIORITY_TIME_CRITICAL	15
#define THREAD_PRIORITY_ERROR_RETURN	0x7fffffff

#define NORMAL_PRIORITY_CLASS		0x20
#define IDLE_PRIORITY_CLASS		0x40
#define HIGH_PRIORITY_CLASS		0x80
#define REALTIME_PRIORITY_CLASS		0x100
#define BELOW_NORMAL_PRIORITY_CLASS	0x4000
#define ABOVE_NORMAL_PRIORITY_CLASS	0x8000

typedef struct _PROCESSOR_NUMBER {
	WORD Group;
	BYTE Number;
	BYTE Reserved;
} PROCESSOR_NUMBER, *PPROCESSOR_NUMBER;

/*
 * It is signalled when all that belonged to it is gone. @stack is what it
 * reserves, 0 for the usual. A thread of another library (pthread_create(),
 * std::thread) may make any call, too.
 */
REGBUF_WIN_API HANDLE WINAPI CreateThread(LPSECURITY_ATTRIBUTES attributes,
					  SIZE_T stack,
					  LPTHREAD_START_ROUTINE routine,
					  LPVOID parameter, DWORD flags,
					  LPDWORD id);
REGBUF_WIN_API void WINAPI ExitThread(DWORD code)
	__attribute__((__noreturn__));
REGBUF_WIN_API BOOL WINAPI GetExitCodeThread(HANDLE thread, LPDWORD code);
/* Only of one that was created suspended: there is no SuspendThread(). */
REGBUF_WIN_API DWORD WINAPI ResumeThread(HANDLE thread);
REGBUF_WIN_API HANDLE WINAPI GetCurrentThread(void);
REGBUF_WIN_API DWORD WINAPI GetCurrentThreadId(void);
REGBUF_WIN_API DWORD WINAPI GetThreadId(HANDLE thread);
REGBUF_WIN_API BOOL WINAPI SwitchToThread(void);

REGBUF_WIN_API HANDLE WINAPI GetCurrentProcess(void);
REGBUF_WIN_API DWORD WINAPI GetCurrentProcessId(void);
/* It is exit(). */
REGBUF_WIN_API void WINAPI ExitProcess(UINT code) __asm__("exit")
	__attribute__((__noreturn__));

/*
 * As nice values. More than normal needs a privilege (RLIMIT_NICE): without it
 * the threads run as before, and the call succeeds as on Windows.
 */
REGBUF_WIN_API BOOL WINAPI SetThreadPriority(HANDLE thread, int priority);
REGBUF_WIN_API int WINAPI GetThreadPriority(HANDLE thread);
REGBUF_WIN_API BOOL WINAPI SetPriorityClass(HANDLE process, DWORD priority);
REGBUF_WIN_API DWORD WINAPI GetPriorityClass(HANDLE process);

/* Of the first 64 processors. What was there before; 0 if it failed. */
REGBUF_WIN_API DWORD_PTR WINAPI SetThreadAffinityMask(HANDLE thread,
						      DWORD_PTR mask);

typedef struct _GROUP_AFFINITY {
	KAFFINITY Mask;
	WORD Group;
	WORD Reserved[3];
} GROUP_AFFINITY, *PGROUP_AFFINITY;

REGBUF_WIN_ASSERT(sizeof(GROUP_AFFINITY) == 16);

/* There is one group, 0: ERROR_INVALID_PARAMETER. @before may be NULL. */
REGBUF_WIN_API BOOL WINAPI
SetThreadGroupAffinity(HANDLE thread, const GROUP_AFFINITY *affinity,
		       PGROUP_AFFINITY before);
/* A wish, which Linux has no ear for: it is only remembered. */
REGBUF_WIN_API DWORD WINAPI SetThreadIdealProcessor(HANDLE thread,
						    DWORD processor);
REGBUF_WIN_API BOOL WINAPI GetProcessAffinityMask(HANDLE process,
						  PDWORD_PTR mask,
						  PDWORD_PTR system);
REGBUF_WIN_API DWORD WINAPI GetCurrentProcessorNumber(void);
REGBUF_WIN_API void WINAPI
GetCurrentProcessorNumberEx(PPROCESSOR_NUMBER number);

REGBUF_WIN_API DWORD WINAPI TlsAlloc(void);
REGBUF_WIN_API BOOL WINAPI TlsFree(DWORD index);
REGBUF_WIN_API LPVOID WINAPI TlsGetValue(DWORD index);
REGBUF_WIN_API BOOL WINAPI TlsSetValue(DWORD index, LPVOID value);

#endif /* REGBUF_WIN_PROCESSTHREADSAPI_H */
