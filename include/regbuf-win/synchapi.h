/* SPDX-License-Identifier: MIT */
/*
 * What threads wait for. Objects have no names here: a name is refused with
 * ERROR_NOT_SUPPORTED. Security attributes are not looked at.
 */
#ifndef REGBUF_WIN_SYNCHAPI_H
#define REGBUF_WIN_SYNCHAPI_H

#include "minwindef.h"
#include "winerror.h"

#define MAXIMUM_WAIT_OBJECTS	64
#define WAIT_OBJECT_0		0U
#define WAIT_ABANDONED		0x80U
#define WAIT_ABANDONED_0	0x80U
#define WAIT_IO_COMPLETION	0xc0U
#define WAIT_FAILED		0xffffffffU

#define SYNCHRONIZE		0x100000
#define EVENT_MODIFY_STATE	0x2
#define EVENT_ALL_ACCESS	0x1f0003
#define MUTEX_ALL_ACCESS	0x1f0001
#define SEMAPHORE_ALL_ACCESS	0x1f0003
#define CREATE_EVENT_MANUAL_RESET	0x1
#define CREATE_EVENT_INITIAL_SET	0x2
#define CREATE_MUTEX_INITIAL_OWNER	0x1

/* Events. An automatic one lets one waiter go for each time it is set. */
REGBUF_WIN_API HANDLE WINAPI CreateEventA(LPSECURITY_ATTRIBUTES attributes,
					  BOOL manual, BOOL set, LPCSTR name);
REGBUF_WIN_API HANDLE WINAPI CreateEventW(LPSECURITY_ATTRIBUTES attributes,
					  BOOL manual, BOOL set, LPCWSTR name);
REGBUF_WIN_API HANDLE WINAPI CreateEventExA(LPSECURITY_ATTRIBUTES attributes,
					    LPCSTR name, DWORD flags,
					    DWORD access);
REGBUF_WIN_API HANDLE WINAPI CreateEventExW(LPSECURITY_ATTRIBUTES attributes,
					    LPCWSTR name, DWORD flags,
					    DWORD access);
REGBUF_WIN_API BOOL WINAPI SetEvent(HANDLE event);
REGBUF_WIN_API BOOL WINAPI ResetEvent(HANDLE event);

/* Mutexes: the owner may take it again, and gives it back as often. */
REGBUF_WIN_API HANDLE WINAPI CreateMutexA(LPSECURITY_ATTRIBUTES attributes,
					  BOOL owned, LPCSTR name);
REGBUF_WIN_API HANDLE WINAPI CreateMutexW(LPSECURITY_ATTRIBUTES attributes,
					  BOOL owned, LPCWSTR name);
/* ERROR_NOT_OWNER */
REGBUF_WIN_API BOOL WINAPI ReleaseMutex(HANDLE mutex);

REGBUF_WIN_API HANDLE WINAPI CreateSemaphoreA(LPSECURITY_ATTRIBUTES attributes,
					      LONG count, LONG maximum,
					      LPCSTR name);
REGBUF_WIN_API HANDLE WINAPI CreateSemaphoreW(LPSECURITY_ATTRIBUTES attributes,
					      LONG count, LONG maximum,
					      LPCWSTR name);
/* ERROR_TOO_MANY_POSTS: nothing changed. @before may be NULL. */
REGBUF_WIN_API BOOL WINAPI ReleaseSemaphore(HANDLE semaphore, LONG count,
					    LPLONG before);

/*
 * For events, mutexes, semaphores and threads; for others it fails with
 * ERROR_INVALID_HANDLE. @alertable means nothing: there are no APCs here.
 */
REGBUF_WIN_API DWORD WINAPI WaitForSingleObject(HANDLE handle,
						DWORD milliseconds);
REGBUF_WIN_API DWORD WINAPI WaitForSingleObjectEx(HANDLE handle,
						  DWORD milliseconds,
						  BOOL alertable);
REGBUF_WIN_API DWORD WINAPI WaitForMultipleObjects(DWORD count,
						   const HANDLE *handles,
						   BOOL all,
						   DWORD milliseconds);
REGBUF_WIN_API DWORD WINAPI WaitForMultipleObjectsEx(DWORD count,
						     const HANDLE *handles,
						     BOOL all,
						     DWORD milliseconds,
						     BOOL alertable);

/*
 * Locks without handles. Those of Windows are smaller; but for the critical
 * section, zero is an initial one, too. The owner may enter a critical section
 * again, and no other lock. A critical section that is left by who is not in it
 * stays as it is.
 */
typedef struct _RTL_CRITICAL_SECTION {
	PVOID OwningThread;
	LONG RecursionCount;
	DWORD SpinCount;
	ULONGLONG Reserved[6];
} RTL_CRITICAL_SECTION, CRITICAL_SECTION, *PRTL_CRITICAL_SECTION,
	*PCRITICAL_SECTION, *LPCRITICAL_SECTION;

typedef struct _RTL_SRWLOCK {
	ULONGLONG Reserved[8];
} RTL_SRWLOCK, SRWLOCK, *PRTL_SRWLOCK, *PSRWLOCK;

typedef struct _RTL_CONDITION_VARIABLE {
	ULONGLONG Reserved[12];
} RTL_CONDITION_VARIABLE, CONDITION_VARIABLE, *PRTL_CONDITION_VARIABLE,
	*PCONDITION_VARIABLE;

typedef union _RTL_RUN_ONCE {
	PVOID Ptr;
	ULONGLONG Reserved[8];
} RTL_RUN_ONCE, INIT_ONCE, *PRTL_RUN_ONCE, *PINIT_ONCE, *LPINIT_ONCE;

#define RTL_SRWLOCK_INIT		{ { 0 } }
#define SRWLOCK_INIT			RTL_SRWLOCK_INIT
#define RTL_CONDITION_VARIABLE_INIT	{ { 0 } }
#define CONDITION_VARIABLE_INIT		RTL_CONDITION_VARIABLE_INIT
#define RTL_RUN_ONCE_INIT		{ 0 }
#define INIT_ONCE_STATIC_INIT		RTL_RUN_ONCE_INIT

#define CONDITION_VARIABLE_LOCKMODE_SHARED	0x1
#define CRITICAL_SECTION_NO_DEBUG_INFO		0x1000000

REGBUF_WIN_API void WINAPI InitializeCriticalSection(LPCRITICAL_SECTION cs);
REGBUF_WIN_API BOOL WINAPI
InitializeCriticalSectionAndSpinCount(LPCRITICAL_SECTION cs, DWORD spins);
REGBUF_WIN_API BOOL WINAPI InitializeCriticalSectionEx(LPCRITICAL_SECTION cs,
						       DWORD spins,
						       DWORD flags);
REGBUF_WIN_API DWORD WINAPI SetCriticalSectionSpinCount(LPCRITICAL_SECTION cs,
							DWORD spins);
REGBUF_WIN_API void WINAPI EnterCriticalSection(LPCRITICAL_SECTION cs);
REGBUF_WIN_API BOOL WINAPI TryEnterCriticalSection(LPCRITICAL_SECTION cs);
REGBUF_WIN_API void WINAPI LeaveCriticalSection(LPCRITICAL_SECTION cs);
REGBUF_WIN_API void WINAPI DeleteCriticalSection(LPCRITICAL_SECTION cs);

REGBUF_WIN_API void WINAPI InitializeSRWLock(PSRWLOCK lock);
REGBUF_WIN_API void WINAPI AcquireSRWLockExclusive(PSRWLOCK lock);
REGBUF_WIN_API void WINAPI AcquireSRWLockShared(PSRWLOCK lock);
REGBUF_WIN_API BOOLEAN WINAPI TryAcquireSRWLockExclusive(PSRWLOCK lock);
REGBUF_WIN_API BOOLEAN WINAPI TryAcquireSRWLockShared(PSRWLOCK lock);
REGBUF_WIN_API void WINAPI ReleaseSRWLockExclusive(PSRWLOCK lock);
REGBUF_WIN_API void WINAPI ReleaseSRWLockShared(PSRWLOCK lock);

REGBUF_WIN_API void WINAPI
InitializeConditionVariable(PCONDITION_VARIABLE condition);
/* ERROR_TIMEOUT. The critical section is to be entered once. */
REGBUF_WIN_API BOOL WINAPI
SleepConditionVariableCS(PCONDITION_VARIABLE condition, PCRITICAL_SECTION cs,
			 DWORD milliseconds);
REGBUF_WIN_API BOOL WINAPI
SleepConditionVariableSRW(PCONDITION_VARIABLE condition, PSRWLOCK lock,
			  DWORD milliseconds, ULONG flags);
REGBUF_WIN_API void WINAPI
WakeConditionVariable(PCONDITION_VARIABLE condition);
REGBUF_WIN_API void WINAPI
WakeAllConditionVariable(PCONDITION_VARIABLE condition);

typedef BOOL (WINAPI *PINIT_ONCE_FN)(PINIT_ONCE once, PVOID parameter,
				     PVOID *context);

REGBUF_WIN_API void WINAPI InitOnceInitialize(PINIT_ONCE once);
/* It is tried again if @routine returns FALSE. */
REGBUF_WIN_API BOOL WINAPI InitOnceExecuteOnce(PINIT_ONCE once,
					       PINIT_ONCE_FN routine,
					       PVOID parameter,
					       LPVOID *context);

REGBUF_WIN_API void WINAPI Sleep(DWORD milliseconds);
/* 0: there are no APCs that could end it. */
REGBUF_WIN_API DWORD WINAPI SleepEx(DWORD milliseconds, BOOL alertable);

#ifdef UNICODE
#define CreateEvent	CreateEventW
#define CreateEventEx	CreateEventExW
#define CreateMutex	CreateMutexW
#define CreateSemaphore	CreateSemaphoreW
#else
#define CreateEvent	CreateEventA
#define CreateEventEx	CreateEventExA
#define CreateMutex	CreateMutexA
#define CreateSemaphore	CreateSemaphoreA
#endif

#endif /* REGBUF_WIN_SYNCHAPI_H */
