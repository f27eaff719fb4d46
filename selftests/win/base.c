// SPDX-License-Identifier: GPL-2.0
/*
 * What libregbuf-win's families stand on: handles, the last error, what is
 * waited for, threads. None of it needs the module.
 */
#include <windows.h>
#include <process.h>

#include "kselftest_harness.h"
#include "rounds.h"

#define THREADS	4
#define ROUNDS	rounds(2000)

/* P10: the last error is each thread's own. */
static DWORD WINAPI other_last_error(LPVOID unused)
{
	DWORD before = GetLastError();

	SetLastError(77);
	return before;
}

static DWORD run(LPTHREAD_START_ROUTINE routine, LPVOID parameter)
{
	HANDLE thread = CreateThread(NULL, 0, routine, parameter, 0, NULL);
	DWORD code = 0xdeadU;

	if (thread && !WaitForSingleObject(thread, INFINITE))
		GetExitCodeThread(thread, &code);
	CloseHandle(thread);
	return code;
}

TEST(last_error_is_per_thread)
{
	SetLastError(1234);
	EXPECT_EQ(0, run(other_last_error, NULL));
	EXPECT_EQ(FALSE, SetEvent(NULL));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
	SetLastError(1234);
	EXPECT_EQ(0, run(other_last_error, NULL));
	EXPECT_EQ(1234, GetLastError());
}

/* A handle that was closed is no other one's, however many there are. */
TEST(stale_handle)
{
	HANDLE stale = CreateEvent(NULL, TRUE, TRUE, NULL), event;
	int i;

	ASSERT_NE(NULL, stale);
	ASSERT_GE((ULONG_PTR)stale, 0x10000000U);
	ASSERT_TRUE(CloseHandle(stale));
	for (i = 0; i < ROUNDS; i++) {
		event = CreateEvent(NULL, TRUE, FALSE, NULL);
		ASSERT_NE(NULL, event);
		ASSERT_NE(stale, event);
		ASSERT_EQ(FALSE, SetEvent(stale));
		ASSERT_EQ(ERROR_INVALID_HANDLE, GetLastError());
		ASSERT_EQ(WAIT_FAILED, WaitForSingleObject(stale, 0));
		ASSERT_EQ(FALSE, CloseHandle(stale));
		ASSERT_EQ(ERROR_INVALID_HANDLE, GetLastError());
		ASSERT_TRUE(CloseHandle(event));
	}
}

TEST(no_handles)
{
	HANDLE none[] = {
		NULL, INVALID_HANDLE_VALUE, (HANDLE)4, (HANDLE)0x10000000,
		(HANDLE)0x13579bdf, (HANDLE)~7ULL, (HANDLE)&none,
	};
	size_t i;

	for (i = 0; i < ARRAYSIZE(none); i++) {
		SetLastError(0);
		EXPECT_EQ(FALSE, ResetEvent(none[i]));
		EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
		EXPECT_EQ(FALSE, ReleaseMutex(none[i]));
		EXPECT_EQ(FALSE, PostQueuedCompletionStatus(none[i], 0, 0,
							    NULL));
		EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
		EXPECT_EQ(WAIT_FAILED, WaitForSingleObject(none[i], 0));
	}
}

/* Each call takes one kind. As there, the lowest two bits do not count. */
TEST(kinds_and_tags)
{
	HANDLE event = CreateEvent(NULL, TRUE, FALSE, NULL);
	HANDLE mutex = CreateMutex(NULL, FALSE, NULL);
	HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);

	EXPECT_EQ(FALSE, SetEvent(mutex));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
	EXPECT_EQ(FALSE, ReleaseMutex(event));
	EXPECT_EQ(FALSE, ReleaseSemaphore(event, 1, NULL));
	EXPECT_EQ(WAIT_FAILED, WaitForSingleObject(port, 0));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
	EXPECT_TRUE(SetEvent((HANDLE)((ULONG_PTR)event | 1)));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(event, 0));
	EXPECT_TRUE(CloseHandle(event));
	EXPECT_TRUE(CloseHandle(mutex));
	EXPECT_TRUE(CloseHandle(port));
}

TEST(many_handles)
{
	static HANDLE events[500];
	size_t i;

	for (i = 0; i < ARRAYSIZE(events); i++) {
		events[i] = CreateEvent(NULL, TRUE, i % 2, NULL);
		ASSERT_NE(NULL, events[i]);
	}
	for (i = 0; i < ARRAYSIZE(events); i++) {
		EXPECT_EQ(i % 2 ? WAIT_OBJECT_0 : WAIT_TIMEOUT,
			  WaitForSingleObject(events[i], 0));
		EXPECT_TRUE(CloseHandle(events[i]));
	}
}

TEST(duplicate)
{
	HANDLE event = CreateEvent(NULL, TRUE, FALSE, NULL), copy, moved;
	HANDLE me = GetCurrentProcess();

	ASSERT_TRUE(DuplicateHandle(me, event, me, &copy, 0, FALSE,
				    DUPLICATE_SAME_ACCESS));
	EXPECT_NE(event, copy);
	EXPECT_TRUE(CloseHandle(event));
	EXPECT_TRUE(SetEvent(copy));
	ASSERT_TRUE(DuplicateHandle(me, copy, me, &moved, 0, FALSE,
				    DUPLICATE_CLOSE_SOURCE));
	EXPECT_EQ(FALSE, SetEvent(copy));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(moved, 0));
	EXPECT_TRUE(CloseHandle(moved));
	EXPECT_EQ(FALSE, DuplicateHandle(NULL, event, me, &copy, 0, FALSE, 0));
	EXPECT_EQ(ERROR_ACCESS_DENIED, GetLastError());
	/* As programs close what they did not open. */
	EXPECT_TRUE(CloseHandle(GetCurrentProcess()));
	EXPECT_TRUE(CloseHandle(GetCurrentThread()));
}

/* Names would have to be known to other processes. */
TEST(no_names)
{
	EXPECT_EQ(NULL, CreateEvent(NULL, TRUE, FALSE, "name"));
	EXPECT_EQ(ERROR_NOT_SUPPORTED, GetLastError());
	EXPECT_EQ(NULL, CreateMutexW(NULL, TRUE, L"name"));
	EXPECT_EQ(ERROR_NOT_SUPPORTED, GetLastError());
	EXPECT_EQ(NULL, CreateSemaphoreA(NULL, 1, 1, "name"));
	EXPECT_EQ(ERROR_NOT_SUPPORTED, GetLastError());
}

TEST(event_manual)
{
	HANDLE event = CreateEvent(NULL, TRUE, FALSE, NULL);

	EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(event, 0));
	EXPECT_TRUE(SetEvent(event));
	EXPECT_TRUE(SetEvent(event));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(event, 0));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(event, INFINITE));
	EXPECT_TRUE(ResetEvent(event));
	EXPECT_TRUE(ResetEvent(event));
	EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(event, 0));
	EXPECT_TRUE(CloseHandle(event));
}

/* Set twice before anybody looks is set once. */
TEST(event_automatic)
{
	HANDLE event = CreateEvent(NULL, FALSE, TRUE, NULL);

	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(event, INFINITE));
	EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(event, 0));
	EXPECT_TRUE(SetEvent(event));
	EXPECT_TRUE(SetEvent(event));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObjectEx(event, 5, FALSE));
	EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(event, 0));
	EXPECT_TRUE(CloseHandle(event));
}

TEST(wait_lasts_as_long_as_it_is_to)
{
	HANDLE event = CreateEventEx(NULL, NULL, CREATE_EVENT_MANUAL_RESET,
				     EVENT_ALL_ACCESS);
	ULONGLONG start = GetTickCount64();

	EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(event, 50));
	EXPECT_GE(GetTickCount64() - start, 49);
	start = GetTickCount64();
	Sleep(30);
	EXPECT_GE(GetTickCount64() - start, 29);
	EXPECT_TRUE(CloseHandle(event));
}

/* The first of those that are set, and only that one is taken. */
TEST(wait_any)
{
	HANDLE events[MAXIMUM_WAIT_OBJECTS];
	int i;

	for (i = 0; i < MAXIMUM_WAIT_OBJECTS; i++)
		events[i] = CreateEvent(NULL, FALSE, FALSE, NULL);
	EXPECT_EQ(WAIT_TIMEOUT, WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS,
						       events, FALSE, 1));
	SetEvent(events[63]);
	SetEvent(events[7]);
	EXPECT_EQ(WAIT_OBJECT_0 + 7,
		  WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, events, FALSE,
					 INFINITE));
	EXPECT_EQ(WAIT_OBJECT_0 + 63,
		  WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, events, FALSE,
					 0));
	EXPECT_EQ(WAIT_TIMEOUT, WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS,
						       events, FALSE, 0));
	for (i = 0; i < MAXIMUM_WAIT_OBJECTS; i++)
		EXPECT_TRUE(CloseHandle(events[i]));
}

/* All or nothing: what is there is not taken while another one is missing. */
TEST(wait_all)
{
	HANDLE objects[3] = {
		CreateEvent(NULL, FALSE, TRUE, NULL),
		CreateSemaphore(NULL, 1, 5, NULL),
		CreateEvent(NULL, FALSE, FALSE, NULL),
	};
	int i;

	EXPECT_EQ(WAIT_TIMEOUT, WaitForMultipleObjects(3, objects, TRUE, 5));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(objects[0], 0));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(objects[1], 0));
	SetEvent(objects[0]);
	SetEvent(objects[2]);
	ReleaseSemaphore(objects[1], 1, NULL);
	EXPECT_EQ(WAIT_OBJECT_0,
		  WaitForMultipleObjects(3, objects, TRUE, INFINITE));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(objects[i], 0));
		EXPECT_TRUE(CloseHandle(objects[i]));
	}
}

TEST(wait_refuses)
{
	HANDLE event = CreateEvent(NULL, TRUE, TRUE, NULL);
	HANDLE objects[65] = { event, event };

	EXPECT_EQ(WAIT_FAILED, WaitForMultipleObjects(0, objects, FALSE, 0));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(WAIT_FAILED, WaitForMultipleObjects(65, objects, FALSE, 0));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(WAIT_FAILED, WaitForMultipleObjects(2, objects, TRUE, 0));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(WAIT_FAILED, WaitForMultipleObjects(3, objects, FALSE, 0));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
	EXPECT_TRUE(CloseHandle(event));
}

struct handoff {
	HANDLE to;
	HANDLE from;
	int value;
};

static DWORD WINAPI answer(LPVOID parameter)
{
	struct handoff *h = parameter;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (WaitForSingleObject(h->to, INFINITE))
			return 1;
		h->value++;
		SetEvent(h->from);
	}
	return 0;
}

/* Nothing is lost between two threads, and what one wrote the other sees. */
TEST(ping_pong)
{
	struct handoff h = {
		CreateEvent(NULL, FALSE, FALSE, NULL),
		CreateEvent(NULL, FALSE, FALSE, NULL), 0,
	};
	HANDLE thread = CreateThread(NULL, 0, answer, &h, 0, NULL);
	DWORD code;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(i, h.value);
		SetEvent(h.to);
		ASSERT_EQ(WAIT_OBJECT_0, WaitForSingleObject(h.from, INFINITE));
	}
	ASSERT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, INFINITE));
	ASSERT_TRUE(GetExitCodeThread(thread, &code));
	EXPECT_EQ(0, code);
	EXPECT_TRUE(CloseHandle(thread));
	EXPECT_TRUE(CloseHandle(h.to));
	EXPECT_TRUE(CloseHandle(h.from));
}

struct crowd {
	HANDLE objects[2];
	HANDLE stop;
	volatile LONG had;
};

static DWORD WINAPI take_both(LPVOID parameter)
{
	struct crowd *c = parameter;

	while (WaitForSingleObject(c->stop, 0) == WAIT_TIMEOUT)
		if (!WaitForMultipleObjects(2, c->objects, TRUE, 1))
			InterlockedIncrement(&c->had);
	return 0;
}

/* One that waits for both of two does not take one of them for nothing. */
TEST(wait_all_among_others)
{
	struct crowd c = {
		{ CreateSemaphore(NULL, 0, ROUNDS, NULL),
		  CreateSemaphore(NULL, 0, ROUNDS, NULL) },
		CreateEvent(NULL, TRUE, FALSE, NULL), 0,
	};
	HANDLE threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		threads[i] = CreateThread(NULL, 0, take_both, &c, 0, NULL);
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_TRUE(ReleaseSemaphore(c.objects[i % 2], 1, NULL));
		/* The others find one without the other one. */
		if (i % 64 == 0)
			Sleep(1);
	}
	while (InterlockedOr(&c.had, 0) < ROUNDS / 2)
		SwitchToThread();
	SetEvent(c.stop);
	EXPECT_EQ(WAIT_OBJECT_0, WaitForMultipleObjects(THREADS, threads, TRUE,
							INFINITE));
	EXPECT_EQ(ROUNDS / 2, c.had);
	for (i = 0; i < THREADS; i++)
		EXPECT_TRUE(CloseHandle(threads[i]));
	EXPECT_TRUE(CloseHandle(c.objects[0]));
	EXPECT_TRUE(CloseHandle(c.objects[1]));
	EXPECT_TRUE(CloseHandle(c.stop));
}

static DWORD WINAPI wait_for(LPVOID parameter)
{
	return WaitForSingleObject(*(HANDLE *)parameter, 200);
}

/* Whoever waits for a handle that is closed does so safely. */
TEST(close_while_waited_for)
{
	HANDLE event = CreateEvent(NULL, TRUE, FALSE, NULL), thread;
	HANDLE copy = event;
	DWORD code;

	thread = CreateThread(NULL, 0, wait_for, &copy, 0, NULL);
	Sleep(20);
	EXPECT_TRUE(CloseHandle(event));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, INFINITE));
	EXPECT_TRUE(GetExitCodeThread(thread, &code));
	/* It may not have begun to wait. */
	EXPECT_TRUE(code == WAIT_TIMEOUT || code == WAIT_FAILED);
	EXPECT_TRUE(CloseHandle(thread));
}

static DWORD WINAPI take_and_end(LPVOID parameter)
{
	return WaitForSingleObject(*(HANDLE *)parameter, INFINITE);
}

static DWORD WINAPI release(LPVOID parameter)
{
	return ReleaseMutex(*(HANDLE *)parameter) ? 0 : GetLastError();
}

TEST(mutex)
{
	HANDLE mutex = CreateMutex(NULL, TRUE, NULL);

	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(mutex, INFINITE));
	EXPECT_EQ(ERROR_NOT_OWNER, run(release, &mutex));
	EXPECT_TRUE(ReleaseMutex(mutex));
	EXPECT_EQ(WAIT_TIMEOUT, run(wait_for, &mutex));
	EXPECT_TRUE(ReleaseMutex(mutex));
	EXPECT_EQ(FALSE, ReleaseMutex(mutex));
	EXPECT_EQ(ERROR_NOT_OWNER, GetLastError());
	EXPECT_EQ(WAIT_OBJECT_0, run(take_and_end, &mutex));
	EXPECT_EQ(WAIT_ABANDONED, WaitForSingleObject(mutex, INFINITE));
	EXPECT_TRUE(ReleaseMutex(mutex));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(mutex, INFINITE));
	/* Its owner's reference keeps it. */
	EXPECT_TRUE(CloseHandle(mutex));
}

TEST(semaphore)
{
	HANDLE sem = CreateSemaphore(NULL, 1, 3, NULL);
	LONG before = -1;

	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(sem, 0));
	EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(sem, 0));
	EXPECT_TRUE(ReleaseSemaphore(sem, 2, &before));
	EXPECT_EQ(0, before);
	EXPECT_EQ(FALSE, ReleaseSemaphore(sem, 2, &before));
	EXPECT_EQ(ERROR_TOO_MANY_POSTS, GetLastError());
	EXPECT_EQ(FALSE, ReleaseSemaphore(sem, 0, NULL));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(sem, 0));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(sem, 0));
	EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(sem, 0));
	EXPECT_TRUE(CloseHandle(sem));
	EXPECT_EQ(NULL, CreateSemaphore(NULL, 2, 1, NULL));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
}

static DWORD WINAPI leave(LPVOID parameter)
{
	ExitThread(*(DWORD *)parameter);
	return 0;
}

static DWORD WINAPI my_id(LPVOID unused)
{
	return GetCurrentThreadId();
}

TEST(thread_codes)
{
	HANDLE go = CreateEvent(NULL, TRUE, FALSE, NULL), thread;
	DWORD code = 99, id = 0;

	EXPECT_EQ(99, run(leave, &code));
	thread = CreateThread(NULL, 0, take_and_end, &go, 0, NULL);
	ASSERT_NE(NULL, thread);
	EXPECT_TRUE(GetExitCodeThread(thread, &code));
	EXPECT_EQ(STILL_ACTIVE, code);
	EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(thread, 0));
	SetEvent(go);
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, INFINITE));
	EXPECT_TRUE(GetExitCodeThread(thread, &code));
	EXPECT_EQ(0, code);
	EXPECT_TRUE(CloseHandle(thread));
	EXPECT_TRUE(CloseHandle(go));
	thread = CreateThread(NULL, 1 << 20, my_id, NULL,
			      STACK_SIZE_PARAM_IS_A_RESERVATION, &id);
	WaitForSingleObject(thread, INFINITE);
	EXPECT_TRUE(GetExitCodeThread(thread, &code));
	EXPECT_EQ(id, code);
	EXPECT_NE(GetCurrentThreadId(), code);
	EXPECT_EQ(id, GetThreadId(thread));
	EXPECT_TRUE(CloseHandle(thread));
}

TEST(thread_suspended)
{
	HANDLE thread;
	DWORD id;

	thread = CreateThread(NULL, 0, my_id, NULL, CREATE_SUSPENDED, &id);
	ASSERT_NE(NULL, thread);
	EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(thread, 20));
	EXPECT_EQ(1, ResumeThread(thread));
	EXPECT_EQ(0, ResumeThread(thread));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, INFINITE));
	EXPECT_TRUE(CloseHandle(thread));
	EXPECT_EQ(NULL, CreateThread(NULL, 0, NULL, NULL, 0, NULL));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
}

static unsigned int __stdcall ex_routine(void *parameter)
{
	_endthreadex(*(unsigned int *)parameter);
	return 0;
}

static void __cdecl plain_routine(void *parameter)
{
	SetEvent(parameter);
}

TEST(thread_of_the_c_library)
{
	HANDLE event = CreateEvent(NULL, TRUE, FALSE, NULL), thread;
	unsigned int code = 31, id;
	DWORD got;

	thread = (HANDLE)_beginthreadex(NULL, 0, ex_routine, &code, 0, &id);
	ASSERT_NE(NULL, thread);
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(thread, INFINITE));
	EXPECT_TRUE(GetExitCodeThread(thread, &got));
	EXPECT_EQ(31, got);
	EXPECT_TRUE(CloseHandle(thread));
	EXPECT_NE(-1, (INT_PTR)_beginthread(plain_routine, 0, event));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(event, INFINITE));
	EXPECT_TRUE(CloseHandle(event));
}

static DWORD WINAPI tls_routine(LPVOID parameter)
{
	DWORD index = *(DWORD *)parameter;

	if (TlsGetValue(index))
		return 1;
	TlsSetValue(index, &index);
	return TlsGetValue(index) != &index;
}

TEST(thread_local_values)
{
	DWORD index = TlsAlloc();

	ASSERT_NE(TLS_OUT_OF_INDEXES, index);
	EXPECT_TRUE(TlsSetValue(index, &index));
	EXPECT_EQ(0, run(tls_routine, &index));
	EXPECT_EQ(&index, TlsGetValue(index));
	EXPECT_TRUE(TlsFree(index));
}

TEST(priorities_and_processors)
{
	GROUP_AFFINITY group = { 0 }, was;
	DWORD_PTR mask, system, before;
	HANDLE me = GetCurrentThread();

	EXPECT_TRUE(SetThreadPriority(me, THREAD_PRIORITY_BELOW_NORMAL));
	EXPECT_EQ(THREAD_PRIORITY_BELOW_NORMAL, GetThreadPriority(me));
	EXPECT_TRUE(SetThreadPriority(me, THREAD_PRIORITY_TIME_CRITICAL));
	EXPECT_EQ(FALSE, SetThreadPriority(me, 3));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	ASSERT_TRUE(GetProcessAffinityMask(GetCurrentProcess(), &mask,
					   &system));
	EXPECT_EQ(mask, mask & system);
	before = SetThreadAffinityMask(me, mask & -mask);
	EXPECT_EQ(mask, before);
	EXPECT_EQ(mask & -mask, SetThreadAffinityMask(me, mask));
	EXPECT_EQ(0, SetThreadAffinityMask(me, 0));
	group.Mask = mask & -mask;
	EXPECT_TRUE(SetThreadGroupAffinity(me, &group, &was));
	EXPECT_EQ(mask, was.Mask);
	group.Mask = mask;
	EXPECT_TRUE(SetThreadGroupAffinity(me, &group, NULL));
	EXPECT_EQ(mask, SetThreadAffinityMask(me, mask));
	group.Group = 1;
	EXPECT_FALSE(SetThreadGroupAffinity(me, &group, NULL));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
}

/* A child has the handles, and is a thread of its own. */
TEST(fork_takes_the_handles)
{
	HANDLE mutex = CreateMutex(NULL, FALSE, NULL), event, child_event;
	int status;
	pid_t pid;

	event = CreateEvent(NULL, TRUE, FALSE, NULL);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		child_event = CreateEvent(NULL, FALSE, TRUE, NULL);
		if (!child_event || WaitForSingleObject(child_event, 0) ||
		    GetCurrentThreadId() != (DWORD)getpid() ||
		    WaitForSingleObject(mutex, 0) || !ReleaseMutex(mutex) ||
		    run(my_id, NULL) == GetCurrentThreadId())
			_exit(1);
		SetEvent(event);
		_exit(0);
	}
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(event, INFINITE));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

static DWORD WINAPI busy(LPVOID parameter)
{
	HANDLE both[2] = { CreateSemaphore(NULL, 0, 1, NULL),
			   CreateSemaphore(NULL, 0, 1, NULL) };
	HANDLE stop = *(HANDLE *)parameter;

	while (WaitForSingleObject(stop, 0) == WAIT_TIMEOUT) {
		WaitForMultipleObjects(2, both, TRUE, 0);
		VirtualFree(VirtualAlloc(NULL, 1, MEM_COMMIT, PAGE_READWRITE),
			    0, MEM_RELEASE);
		CloseHandle(CreateEvent(NULL, TRUE, FALSE, NULL));
	}
	CloseHandle(both[0]);
	CloseHandle(both[1]);
	return 0;
}

/* Whatever lock another thread had just then, a child can go on. */
TEST(fork_while_others_are_busy)
{
	HANDLE stop = CreateEvent(NULL, TRUE, FALSE, NULL), threads[2], set[2];
	int i, status, nr = rounds(200);
	pid_t pid;

	for (i = 0; i < 2; i++) {
		threads[i] = CreateThread(NULL, 0, busy, &stop, 0, NULL);
		set[i] = CreateEvent(NULL, FALSE, TRUE, NULL);
	}
	for (i = 0; i < nr; i++) {
		pid = fork();
		if (!pid) {
			alarm(20);
			if (WaitForMultipleObjects(2, set, TRUE, 0) ||
			    !VirtualAlloc(NULL, 1, MEM_COMMIT, PAGE_READWRITE))
				_exit(1);
			/* What is set is the parent's, too. */
			SetEvent(set[0]);
			SetEvent(set[1]);
			_exit(0);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
	}
	SetEvent(stop);
	WaitForMultipleObjects(2, threads, TRUE, INFINITE);
	for (i = 0; i < 2; i++) {
		CloseHandle(threads[i]);
		CloseHandle(set[i]);
	}
	CloseHandle(stop);
}

TEST(messages)
{
	char text[8], *allocated = NULL;
	DWORD n;

	n = FormatMessageA(FORMAT_MESSAGE_ALLOCATE_BUFFER |
			   FORMAT_MESSAGE_FROM_SYSTEM |
			   FORMAT_MESSAGE_IGNORE_INSERTS, NULL, WSAENOBUFS,
			   MAKELANGID(LANG_NEUTRAL, SUBLANG_DEFAULT),
			   (LPSTR)&allocated, 0, NULL);
	ASSERT_GT(n, 2);
	EXPECT_EQ(n, strlen(allocated));
	EXPECT_STREQ("\r\n", allocated + n - 2);
	EXPECT_EQ(NULL, LocalFree(allocated));
	EXPECT_EQ(0, FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL,
				    WSAENOBUFS, 0, text, sizeof(text), NULL));
	EXPECT_EQ(ERROR_INSUFFICIENT_BUFFER, GetLastError());
	EXPECT_EQ(0, FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, 54321, 0,
				    text, sizeof(text), NULL));
	EXPECT_EQ(ERROR_MR_MID_NOT_FOUND, GetLastError());
}

static HANDLE told;

static BOOL WINAPI on_ctrl(DWORD type)
{
	if (type != CTRL_C_EVENT)
		return FALSE;
	SetEvent(told);
	return TRUE;
}

TEST(ctrl_c)
{
	told = CreateEvent(NULL, FALSE, FALSE, NULL);
	EXPECT_EQ(FALSE, SetConsoleCtrlHandler(on_ctrl, FALSE));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	ASSERT_TRUE(SetConsoleCtrlHandler(on_ctrl, TRUE));
	kill(getpid(), SIGINT);
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(told, INFINITE));
	kill(getpid(), SIGINT);
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(told, INFINITE));
	EXPECT_TRUE(SetConsoleCtrlHandler(NULL, TRUE));
	kill(getpid(), SIGINT);
	EXPECT_EQ(WAIT_TIMEOUT, WaitForSingleObject(told, 20));
	EXPECT_TRUE(SetConsoleCtrlHandler(on_ctrl, FALSE));
}

TEST_SIGNAL(ctrl_c_that_nobody_wants, SIGTERM)
{
	ASSERT_TRUE(SetConsoleCtrlHandler(on_ctrl, TRUE));
	kill(getpid(), SIGTERM);
	Sleep(INFINITE);
}

TEST_HARNESS_MAIN
