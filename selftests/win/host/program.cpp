// SPDX-License-Identifier: GPL-2.0
/*
 * How programs for Windows are written: this compiles without a warning as C
 * and C++.
 */
#define WIN32_LEAN_AND_MEAN
#include <Windows.h>
#include <process.h>
#include <tchar.h>

#pragma comment(lib, "ws2_32.lib")
#pragma warning(disable : 4996)

#ifdef __cplusplus
#include <algorithm>
#include <string>
using namespace std;
#endif

static __declspec(thread) int this_thread;
static volatile LONG counter;
static volatile long other_count;
static volatile LONGLONG long_count;
static void *volatile pointer;
static SRWLOCK srwlock = SRWLOCK_INIT;
static CONDITION_VARIABLE condition = CONDITION_VARIABLE_INIT;
static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static CRITICAL_SECTION section;

typedef struct __declspec(align(64)) _ALIGNED {
	char bytes[64];
} ALIGNED, *PALIGNED;

C_ASSERT(sizeof(DWORD) == 4 && sizeof(LONG) == 4 && sizeof(ULONG) == 4);
C_ASSERT(sizeof(LARGE_INTEGER) == 8 && sizeof(ULARGE_INTEGER) == 8);
C_ASSERT(sizeof(OVERLAPPED) == 32 && sizeof(OVERLAPPED_ENTRY) == 32);
C_ASSERT(sizeof(GUID) == 16 && sizeof(FILETIME) == 8);
C_ASSERT(sizeof(SYSTEM_INFO) == 48 && sizeof(SYSTEMTIME) == 16);
C_ASSERT(sizeof(HANDLE) == 8 && sizeof(SIZE_T) == 8);

static __forceinline int always(int n)
{
	__assume(n > 0);
	return n;
}

FORCEINLINE int also(int n)
{
	return n + 1;
}

#ifdef __cplusplus
class counter_of {
public:
	counter_of() : n(0) {}
	__forceinline int next() { return ++n; }
private:
	int n;
};
#endif

static DWORD WINAPI thread_routine(_In_ LPVOID parameter)
{
	UNREFERENCED_PARAMETER(parameter);
	this_thread = 1;
	return 0;
}

static unsigned __stdcall crt_routine(void *parameter)
{
	(void)parameter;
	_endthreadex(0);
	return 0;
}

static BOOL WINAPI once_routine(PINIT_ONCE init, PVOID parameter,
				PVOID *context)
{
	(void)init;
	(void)parameter;
	(void)context;
	return TRUE;
}

static void interlocked(void)
{
	InterlockedIncrement(&counter);
	InterlockedDecrement(&other_count);
	InterlockedIncrement64(&long_count);
	InterlockedExchangeAdd64(&long_count, 5);
	InterlockedCompareExchange(&counter, 1, 0);
	InterlockedExchange(&other_count, 7);
	InterlockedOr(&counter, 4);
	InterlockedExchangePointer(&pointer, NULL);
	InterlockedCompareExchangePointer(&pointer, NULL, NULL);
	MemoryBarrier();
	YieldProcessor();
}

static void locks(void)
{
	InitializeCriticalSectionAndSpinCount(&section, 4000);
	EnterCriticalSection(&section);
	LeaveCriticalSection(&section);
	DeleteCriticalSection(&section);
	AcquireSRWLockExclusive(&srwlock);
	WakeAllConditionVariable(&condition);
	ReleaseSRWLockExclusive(&srwlock);
	InitOnceExecuteOnce(&once, once_routine, NULL, NULL);
}

static void print_error(const TCHAR *what)
{
	LPTSTR text = NULL;

	FormatMessage(FORMAT_MESSAGE_ALLOCATE_BUFFER |
		      FORMAT_MESSAGE_FROM_SYSTEM |
		      FORMAT_MESSAGE_IGNORE_INSERTS,
		      NULL, GetLastError(),
		      MAKELANGID(LANG_NEUTRAL, SUBLANG_DEFAULT),
		      (LPTSTR)&text, 0, NULL);
	_tprintf(_T("%s: %s"), what, text);
	LocalFree(text);
}

static HANDLE threads(void)
{
	HANDLE thread = CreateThread(NULL, 0, thread_routine, NULL, 0, NULL);
	HANDLE other = (HANDLE)_beginthreadex(NULL, 0, crt_routine, NULL, 0,
					      NULL);
	HANDLE both[2] = { thread, other };

	if (WaitForMultipleObjects(ARRAYSIZE(both), both, TRUE, INFINITE) ==
	    WAIT_FAILED)
		print_error(TEXT("WaitForMultipleObjects"));
	CloseHandle(other);
	return thread;
}

static void memory(void)
{
	SYSTEM_INFO info;
	char text[32];
	PVOID p;

	GetSystemInfo(&info);
	p = VirtualAlloc(NULL, max(info.dwAllocationGranularity, 3U),
			 MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
	ZeroMemory(p, min(10, 20));
	VirtualFree(p, 0, MEM_RELEASE);
	sprintf_s(text, sizeof(text), "%d", 5);
	strcpy_s(text, _countof(text), "text");
	_aligned_free(_aligned_malloc(sizeof(ALIGNED), 64));
#ifdef __cplusplus
	sprintf_s(text, "%d", max(1, 2));
	strcpy_s(text, "text");
#endif
}

int _tmain(int argc, _TCHAR *argv[])
{
	LARGE_INTEGER frequency, start;
	HANDLE event;

	UNREFERENCED_PARAMETER(argc);
	UNREFERENCED_PARAMETER(argv);
	QueryPerformanceFrequency(&frequency);
	QueryPerformanceCounter(&start);
	event = CreateEvent(NULL, TRUE, FALSE, NULL);
	if (event == NULL)
		return 1;
#ifdef __cplusplus
	counter_of of;

	of.next();
#endif
	interlocked();
	locks();
	also(always(argc));
	memory();
	CloseHandle(threads());
	CloseHandle(event);
	return 0;
}
