// SPDX-License-Identifier: GPL-2.0
/* Memory, heaps, files, clocks and locks of Windows programs. */
#include <windows.h>
#include <mmsystem.h>

#include "kselftest_harness.h"

#define PAGE	4096
#define UNIT	65536
#define THREADS	4
#define ROUNDS	10000

/* Whether a byte can be read and written: a child tries. */
static int reachable(volatile char *p, int write)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		if (write)
			*p = 1;
		else
			(void)*p;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return !status;
}

/* P4: what programs register is of whole allocation units, and zero. */
TEST(virtual_alloc)
{
	SYSTEM_INFO info;
	char *p;
	int i;

	GetSystemInfo(&info);
	EXPECT_EQ(PAGE, info.dwPageSize);
	EXPECT_EQ(UNIT, info.dwAllocationGranularity);
	EXPECT_GE(info.dwNumberOfProcessors, 1);
	p = VirtualAlloc(NULL, 100000, MEM_COMMIT | MEM_RESERVE,
			 PAGE_READWRITE);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, (ULONG_PTR)p % UNIT);
	for (i = 0; i < 100000; i++)
		ASSERT_EQ(0, p[i]);
	memset(p, 1, 25 * PAGE);
	EXPECT_EQ(FALSE, VirtualFree(p, 100000, MEM_RELEASE));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(FALSE, VirtualFree(p + PAGE, 0, MEM_RELEASE));
	EXPECT_EQ(ERROR_INVALID_ADDRESS, GetLastError());
	EXPECT_TRUE(VirtualFree(p, 0, MEM_RELEASE));
	EXPECT_EQ(FALSE, VirtualFree(p, 0, MEM_RELEASE));
	EXPECT_EQ(ERROR_INVALID_ADDRESS, GetLastError());
}

TEST(virtual_alloc_refuses)
{
	EXPECT_EQ(NULL, VirtualAlloc(NULL, 0, MEM_COMMIT, PAGE_READWRITE));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(NULL, VirtualAlloc(NULL, PAGE, MEM_COMMIT, 0));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(NULL, VirtualAlloc(NULL, PAGE, 0, PAGE_READWRITE));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(NULL, VirtualAlloc(NULL, ~0ULL, MEM_COMMIT, PAGE_READWRITE));
	EXPECT_NE(0, GetLastError());
	EXPECT_EQ(NULL, VirtualAlloc(NULL, 1ULL << 50, MEM_RESERVE,
				     PAGE_READWRITE));
	EXPECT_EQ(ERROR_NOT_ENOUGH_MEMORY, GetLastError());
	EXPECT_EQ(NULL, VirtualAlloc((PVOID)(UNIT * 100ULL), PAGE, MEM_COMMIT,
				     PAGE_READWRITE));
	EXPECT_EQ(ERROR_INVALID_ADDRESS, GetLastError());
	EXPECT_EQ(NULL, VirtualAlloc(NULL, PAGE, MEM_COMMIT | MEM_LARGE_PAGES,
				     PAGE_READWRITE));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(NULL, VirtualAllocEx(NULL, NULL, PAGE, MEM_COMMIT,
				       PAGE_READWRITE));
	EXPECT_EQ(ERROR_ACCESS_DENIED, GetLastError());
}

/* With or without huge pages that somebody set aside. */
TEST(virtual_alloc_large)
{
	SIZE_T least = GetLargePageMinimum();
	char *p;

	if (!least)
		SKIP(return, "no huge pages");
	p = VirtualAlloc(NULL, least,
			 MEM_COMMIT | MEM_RESERVE | MEM_LARGE_PAGES,
			 PAGE_READWRITE);
	if (p) {
		p[0] = 1;
		EXPECT_EQ(0, (ULONG_PTR)p % least);
		EXPECT_TRUE(VirtualFree(p, 0, MEM_RELEASE));
	} else {
		EXPECT_EQ(ERROR_NO_SYSTEM_RESOURCES, GetLastError());
	}
	EXPECT_EQ(NULL, VirtualAlloc(NULL, least + PAGE,
				     MEM_COMMIT | MEM_RESERVE | MEM_LARGE_PAGES,
				     PAGE_READWRITE));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
}

TEST(reserve_commit_decommit)
{
	char *p = VirtualAlloc(NULL, 4 * UNIT, MEM_RESERVE, PAGE_READWRITE);

	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, reachable(p, 0));
	EXPECT_EQ(p + UNIT, VirtualAlloc(p + UNIT + 5, PAGE, MEM_COMMIT,
					 PAGE_READWRITE));
	p[UNIT] = 5;
	/* The byte after the page's end is in the next one. */
	p[UNIT + PAGE] = 5;
	EXPECT_EQ(0, reachable(p + UNIT + 2 * PAGE, 0));
	EXPECT_EQ(0, reachable(p + UNIT - 1, 0));
	EXPECT_TRUE(VirtualFree(p + UNIT, 1, MEM_DECOMMIT));
	EXPECT_EQ(0, reachable(p + UNIT, 0));
	EXPECT_EQ(p + UNIT, VirtualAlloc(p + UNIT, PAGE, MEM_COMMIT,
					 PAGE_READWRITE));
	EXPECT_EQ(0, p[UNIT]);
	EXPECT_EQ(5, p[UNIT + PAGE]);
	EXPECT_TRUE(VirtualFree(p, 0, MEM_DECOMMIT));
	EXPECT_EQ(0, reachable(p + UNIT + PAGE, 0));
	EXPECT_EQ(NULL, VirtualAlloc(p + 4 * UNIT - 1, 2, MEM_COMMIT,
				     PAGE_READWRITE));
	EXPECT_EQ(ERROR_INVALID_ADDRESS, GetLastError());
	EXPECT_EQ(NULL, VirtualAlloc(p, UNIT, MEM_RESERVE, PAGE_READWRITE));
	EXPECT_EQ(ERROR_INVALID_ADDRESS, GetLastError());
	EXPECT_TRUE(VirtualFree(p, 0, MEM_RELEASE));
	EXPECT_EQ(p, VirtualAlloc(p, UNIT, MEM_RESERVE, PAGE_READWRITE));
	EXPECT_TRUE(VirtualFree(p, 0, MEM_RELEASE));
}

/* As programs make memory that must not be registered. */
TEST(protect)
{
	char *p = VirtualAlloc(NULL, UNIT, MEM_COMMIT, PAGE_READWRITE);
	DWORD before;

	ASSERT_NE(NULL, p);
	EXPECT_TRUE(VirtualProtect(p, PAGE, PAGE_READONLY, &before));
	EXPECT_EQ(PAGE_READWRITE, before);
	EXPECT_EQ(1, reachable(p, 0));
	EXPECT_EQ(0, reachable(p, 1));
	EXPECT_TRUE(VirtualProtect(p, 1, PAGE_NOACCESS, &before));
	EXPECT_EQ(PAGE_READONLY, before);
	EXPECT_EQ(0, reachable(p, 0));
	EXPECT_EQ(1, reachable(p + PAGE, 1));
	EXPECT_EQ(FALSE, VirtualProtect(p, 1, 3, &before));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(FALSE, VirtualProtect(p, 1, PAGE_READONLY, NULL));
	EXPECT_EQ(ERROR_NOACCESS, GetLastError());
	EXPECT_TRUE(VirtualFree(p, PAGE, MEM_DECOMMIT));
	EXPECT_EQ(FALSE, VirtualProtect(p, 1, PAGE_READONLY, &before));
	EXPECT_EQ(ERROR_INVALID_ADDRESS, GetLastError());
	EXPECT_TRUE(VirtualLock(p + PAGE, PAGE));
	EXPECT_TRUE(VirtualUnlock(p + PAGE, PAGE));
	EXPECT_TRUE(VirtualFree(p, 0, MEM_RELEASE));
}

TEST(heaps)
{
	HANDLE heap = HeapCreate(0, 0, 0), own = GetProcessHeap();
	unsigned char *p;
	int i;

	p = HeapAlloc(own, HEAP_ZERO_MEMORY, 100);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, (ULONG_PTR)p % MEMORY_ALLOCATION_ALIGNMENT);
	EXPECT_EQ(100, HeapSize(own, 0, p));
	memset(p, 7, 100);
	p = HeapReAlloc(own, HEAP_ZERO_MEMORY, p, 100000);
	ASSERT_NE(NULL, p);
	for (i = 0; i < 100000; i++)
		ASSERT_EQ(i < 100 ? 7 : 0, p[i]);
	EXPECT_EQ(NULL, HeapAlloc(own, 0, ~0ULL));
	EXPECT_TRUE(HeapFree(own, 0, p));
	for (i = 0; i < 10; i++)
		EXPECT_NE(NULL, HeapAlloc(heap, 0, 1000));
	EXPECT_TRUE(HeapDestroy(heap));
	EXPECT_EQ(NULL, HeapAlloc(heap, 0, 1));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
	p = _aligned_malloc(10, 256);
	EXPECT_EQ(0, (ULONG_PTR)p % 256);
	_aligned_free(p);
}

FIXTURE(file) {
	char name[MAX_PATH];
	HANDLE file;
};

FIXTURE_SETUP(file)
{
	char dir[MAX_PATH];

	ASSERT_GT(GetTempPathA(sizeof(dir), dir), 0);
	sprintf_s(self->name, sizeof(self->name), "%sregbuf-win-%u", dir,
		  GetCurrentProcessId());
	self->file = CreateFileA(self->name, GENERIC_READ | GENERIC_WRITE, 0,
				 NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
	ASSERT_NE(INVALID_HANDLE_VALUE, self->file);
	EXPECT_EQ(0, GetLastError());
}

FIXTURE_TEARDOWN(file)
{
	CloseHandle(self->file);
	DeleteFileA(self->name);
}

TEST_F(file, where_it_is)
{
	LARGE_INTEGER to = { .QuadPart = 2 }, at;
	char text[10] = "";
	DWORD n;

	ASSERT_TRUE(WriteFile(self->file, "0123456789", 10, &n, NULL));
	EXPECT_EQ(10, n);
	ASSERT_TRUE(GetFileSizeEx(self->file, &at));
	EXPECT_EQ(10, at.QuadPart);
	EXPECT_EQ(10, GetFileSize(self->file, NULL));
	ASSERT_TRUE(SetFilePointerEx(self->file, to, &at, FILE_BEGIN));
	EXPECT_EQ(2, at.QuadPart);
	ASSERT_TRUE(ReadFile(self->file, text, 10, &n, NULL));
	EXPECT_EQ(8, n);
	EXPECT_EQ(0, memcmp(text, "23456789", 8));
	ASSERT_TRUE(ReadFile(self->file, text, 10, &n, NULL));
	EXPECT_EQ(0, n);
	to.QuadPart = -11;
	EXPECT_EQ(FALSE, SetFilePointerEx(self->file, to, NULL, FILE_END));
	EXPECT_EQ(ERROR_NEGATIVE_SEEK, GetLastError());
	EXPECT_EQ(4, SetFilePointer(self->file, 4, NULL, FILE_BEGIN));
	EXPECT_TRUE(SetEndOfFile(self->file));
	EXPECT_EQ(4, GetFileSize(self->file, NULL));
	EXPECT_TRUE(FlushFileBuffers(self->file));
}

TEST_F(file, at_an_offset)
{
	HANDLE event = CreateEvent(NULL, TRUE, FALSE, NULL);
	OVERLAPPED o = { .Offset = 3, .hEvent = event };
	char text[4] = "";
	DWORD n = 9;

	ASSERT_TRUE(WriteFile(self->file, "abc", 3, NULL, &o));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(event, 0));
	EXPECT_TRUE(GetOverlappedResult(self->file, &o, &n, FALSE));
	EXPECT_EQ(3, n);
	EXPECT_TRUE(HasOverlappedIoCompleted(&o));
	EXPECT_TRUE(ReadFile(self->file, text, 4, &n, &o));
	EXPECT_EQ(3, n);
	EXPECT_STREQ("abc", text);
	o.Offset = 6;
	EXPECT_EQ(FALSE, ReadFile(self->file, text, 4, &n, &o));
	EXPECT_EQ(ERROR_HANDLE_EOF, GetLastError());
	EXPECT_EQ(FALSE, GetOverlappedResult(self->file, &o, &n, TRUE));
	EXPECT_EQ(ERROR_HANDLE_EOF, GetLastError());
	CloseHandle(event);
}

TEST_F(file, create)
{
	HANDLE file;
	char c;
	DWORD n;

	EXPECT_EQ(INVALID_HANDLE_VALUE,
		  CreateFileA(self->name, GENERIC_READ, 0, NULL, CREATE_NEW, 0,
			      NULL));
	EXPECT_EQ(ERROR_FILE_EXISTS, GetLastError());
	file = CreateFileW(L"/nowhere/\u00e4", GENERIC_READ, 0, NULL,
			   OPEN_EXISTING, 0, NULL);
	EXPECT_EQ(INVALID_HANDLE_VALUE, file);
	EXPECT_EQ(ERROR_FILE_NOT_FOUND, GetLastError());
	EXPECT_EQ(INVALID_HANDLE_VALUE,
		  CreateFileA("/", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0,
			      NULL));
	EXPECT_EQ(ERROR_ACCESS_DENIED, GetLastError());
	file = CreateFileA(self->name, GENERIC_WRITE, 0, NULL, OPEN_ALWAYS,
			   FILE_FLAG_DELETE_ON_CLOSE, NULL);
	EXPECT_EQ(ERROR_ALREADY_EXISTS, GetLastError());
	EXPECT_EQ(FALSE, ReadFile(file, &c, 1, &n, NULL));
	EXPECT_EQ(ERROR_ACCESS_DENIED, GetLastError());
	EXPECT_EQ(FILE_ATTRIBUTE_NORMAL, GetFileAttributesA(self->name));
	EXPECT_TRUE(CloseHandle(file));
	EXPECT_EQ(INVALID_FILE_ATTRIBUTES, GetFileAttributesA(self->name));
	EXPECT_EQ(FALSE, DeleteFileA(self->name));
	EXPECT_EQ(ERROR_FILE_NOT_FOUND, GetLastError());
}

TEST(clocks)
{
	LARGE_INTEGER frequency, start, end;
	ULARGE_INTEGER wall;
	SYSTEMTIME date;
	FILETIME time;
	DWORD ticks;

	ASSERT_TRUE(QueryPerformanceFrequency(&frequency));
	ASSERT_TRUE(QueryPerformanceCounter(&start));
	Sleep(20);
	ASSERT_TRUE(QueryPerformanceCounter(&end));
	EXPECT_GE((end.QuadPart - start.QuadPart) * 1000,
		  19 * frequency.QuadPart);
	ticks = GetTickCount();
	EXPECT_LE((DWORD)(timeGetTime() - ticks), GetTickCount() - ticks);
	EXPECT_EQ(TIMERR_NOERROR, timeBeginPeriod(1));
	GetSystemTimeAsFileTime(&time);
	GetSystemTime(&date);
	wall.LowPart = time.dwLowDateTime;
	wall.HighPart = time.dwHighDateTime;
	/* Years of 365.2425 days. */
	EXPECT_EQ(date.wYear, 1601 + wall.QuadPart / 315569520000000ULL);
}

struct shared {
	CRITICAL_SECTION cs;
	SRWLOCK lock;
	CONDITION_VARIABLE changed;
	INIT_ONCE once;
	LONG plain;
	LONG guarded;
	volatile LONG interlocked;
	LONG inits;
	int turn;
};

static BOOL WINAPI init(PINIT_ONCE once, PVOID parameter, PVOID *context)
{
	struct shared *s = parameter;

	*context = s;
	return ++s->inits == 2;
}

static DWORD WINAPI count_all(LPVOID parameter)
{
	struct shared *s = parameter;
	PVOID context = NULL;
	int i;

	while (!InitOnceExecuteOnce(&s->once, init, s, &context))
		;
	for (i = 0; i < ROUNDS; i++) {
		EnterCriticalSection(&s->cs);
		EnterCriticalSection(&s->cs);
		s->plain++;
		LeaveCriticalSection(&s->cs);
		s->plain++;
		LeaveCriticalSection(&s->cs);
		AcquireSRWLockExclusive(&s->lock);
		s->guarded++;
		ReleaseSRWLockExclusive(&s->lock);
		InterlockedIncrement(&s->interlocked);
	}
	return context != s;
}

TEST(locks)
{
	struct shared s = { .lock = SRWLOCK_INIT };
	HANDLE threads[THREADS];
	DWORD code;
	int i;

	InitializeCriticalSectionAndSpinCount(&s.cs, 100);
	for (i = 0; i < THREADS; i++)
		threads[i] = CreateThread(NULL, 0, count_all, &s, 0, NULL);
	WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE);
	EXPECT_EQ(2 * THREADS * ROUNDS, s.plain);
	EXPECT_EQ(THREADS * ROUNDS, s.guarded);
	EXPECT_EQ(THREADS * ROUNDS, s.interlocked);
	EXPECT_EQ(2, s.inits);
	for (i = 0; i < THREADS; i++) {
		GetExitCodeThread(threads[i], &code);
		EXPECT_EQ(0, code);
		CloseHandle(threads[i]);
	}
	DeleteCriticalSection(&s.cs);
}

static DWORD WINAPI try_section(LPVOID parameter)
{
	struct shared *s = parameter;

	/* Not its own: stays as it is. */
	LeaveCriticalSection(&s->cs);
	return TryEnterCriticalSection(&s->cs) +
	       2 * TryAcquireSRWLockExclusive(&s->lock);
}

TEST(locks_are_held)
{
	struct shared s = { .lock = SRWLOCK_INIT };
	HANDLE thread;
	DWORD code;

	InitializeCriticalSection(&s.cs);
	EXPECT_TRUE(TryEnterCriticalSection(&s.cs));
	EXPECT_TRUE(TryEnterCriticalSection(&s.cs));
	LeaveCriticalSection(&s.cs);
	AcquireSRWLockShared(&s.lock);
	EXPECT_TRUE(TryAcquireSRWLockShared(&s.lock));
	ReleaseSRWLockShared(&s.lock);
	thread = CreateThread(NULL, 0, try_section, &s, 0, NULL);
	WaitForSingleObject(thread, INFINITE);
	GetExitCodeThread(thread, &code);
	EXPECT_EQ(0, code);
	CloseHandle(thread);
	ReleaseSRWLockShared(&s.lock);
	LeaveCriticalSection(&s.cs);
	DeleteCriticalSection(&s.cs);
}

static DWORD WINAPI take_turns(LPVOID parameter)
{
	struct shared *s = parameter;
	int i;

	for (i = 0; i < 500; i++) {
		EnterCriticalSection(&s->cs);
		while (s->turn % 2 == 0)
			SleepConditionVariableCS(&s->changed, &s->cs, INFINITE);
		s->turn++;
		WakeAllConditionVariable(&s->changed);
		LeaveCriticalSection(&s->cs);
	}
	return 0;
}

TEST(conditions)
{
	struct shared s = { .turn = 0 };
	HANDLE thread;
	BOOL code;
	int i;

	InitializeCriticalSection(&s.cs);
	InitializeConditionVariable(&s.changed);
	thread = CreateThread(NULL, 0, take_turns, &s, 0, NULL);
	for (i = 0; i < 500; i++) {
		EnterCriticalSection(&s.cs);
		while (s.turn % 2)
			SleepConditionVariableCS(&s.changed, &s.cs, INFINITE);
		s.turn++;
		LeaveCriticalSection(&s.cs);
		WakeConditionVariable(&s.changed);
	}
	WaitForSingleObject(thread, INFINITE);
	EXPECT_EQ(1000, s.turn);
	AcquireSRWLockShared(&s.lock);
	code = SleepConditionVariableSRW(&s.changed, &s.lock, 10,
					 CONDITION_VARIABLE_LOCKMODE_SHARED);
	EXPECT_EQ(FALSE, code);
	EXPECT_EQ(ERROR_TIMEOUT, GetLastError());
	EXPECT_TRUE(TryAcquireSRWLockShared(&s.lock));
	CloseHandle(thread);
	DeleteCriticalSection(&s.cs);
}

TEST(text)
{
	char text[4] = "xxx";

	EXPECT_EQ(-1, _snprintf(text, 4, "%d", 12345));
	EXPECT_STREQ("123", text);
	EXPECT_EQ(-1, sprintf_s(text, 4, "%d", 12345));
	EXPECT_STREQ("", text);
	EXPECT_EQ(3, sprintf_s(text, 4, "%d", 123));
	EXPECT_EQ(0, strcpy_s(text, 4, "ab"));
	EXPECT_EQ(0, strcat_s(text, 4, "c"));
	EXPECT_STREQ("abc", text);
	EXPECT_NE(0, strcat_s(text, 4, "d"));
	EXPECT_STREQ("", text);
	EXPECT_EQ(0, strncpy_s(text, 4, "12345", _TRUNCATE));
	EXPECT_STREQ("123", text);
	EXPECT_EQ(0, _stricmp("ABC", "abc"));
}

TEST(wide_text)
{
	static const wchar_t wide[] = L"a\u00e4\u20ac\U0001f600";
	static const char utf8[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
	static const char *const wrong[] = {
		"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\x80",
		"\xf4\x90\x80\x80", "\xe2\x82",
	};
	wchar_t w[10];
	char t[20];
	size_t i;

	EXPECT_EQ(11, WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL,
					  NULL));
	EXPECT_EQ(11, WideCharToMultiByte(CP_ACP, 0, wide, -1, t, 11, NULL,
					  NULL));
	EXPECT_STREQ(utf8, t);
	EXPECT_EQ(0, WideCharToMultiByte(CP_UTF8, 0, wide, -1, t, 10, NULL,
					 NULL));
	EXPECT_EQ(ERROR_INSUFFICIENT_BUFFER, GetLastError());
	EXPECT_EQ(5, MultiByteToWideChar(CP_UTF8, 0, utf8, -1, NULL, 0));
	EXPECT_EQ(4, MultiByteToWideChar(CP_UTF8, 0, utf8, 10, w, 10));
	EXPECT_EQ(0, memcmp(w, wide, 4 * sizeof(*w)));
	EXPECT_EQ(0, MultiByteToWideChar(1252, 0, utf8, -1, w, 10));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	for (i = 0; i < ARRAYSIZE(wrong); i++) {
		EXPECT_EQ(0, MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS,
						 wrong[i], -1, w, 10));
		EXPECT_EQ(ERROR_NO_UNICODE_TRANSLATION, GetLastError());
		EXPECT_LT(1, MultiByteToWideChar(CP_UTF8, 0, wrong[i], -1, w,
						 10));
		EXPECT_EQ(0xfffd, w[0]);
	}
}

TEST_HARNESS_MAIN
