// SPDX-License-Identifier: MIT
/* How often and where threads run. */
#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "thread.h"

static const struct {
	DWORD priority;
	int nice;
} win_classes[] = {
	{ REALTIME_PRIORITY_CLASS, -20 },
	{ HIGH_PRIORITY_CLASS, -15 },
	{ ABOVE_NORMAL_PRIORITY_CLASS, -8 },
	{ NORMAL_PRIORITY_CLASS, 0 },
	{ BELOW_NORMAL_PRIORITY_CLASS, 8 },
	{ IDLE_PRIORITY_CLASS, 19 },
};

static bool win_priority_valid(int priority)
{
	return (priority >= THREAD_PRIORITY_LOWEST &&
		priority <= THREAD_PRIORITY_HIGHEST) ||
	       priority == THREAD_PRIORITY_IDLE ||
	       priority == THREAD_PRIORITY_TIME_CRITICAL;
}

/* Seven steps, over all that there is. */
static int win_priority_nice(int priority)
{
	if (priority == THREAD_PRIORITY_IDLE)
		return 19;
	if (priority == THREAD_PRIORITY_TIME_CRITICAL)
		return -20;
	return -5 * priority;
}

/* As far as the process may: Windows says nothing either. */
BOOL SetThreadPriority(HANDLE handle, int priority)
{
	struct win_thread *thread;

	if (!win_priority_valid(priority))
		return win_refuse(ERROR_INVALID_PARAMETER);
	thread = win_thread_get(handle);
	if (!thread)
		return FALSE;
	pthread_mutex_lock(&thread->lock);
	thread->priority = priority;
	if (!thread->ended)
		setpriority(PRIO_PROCESS, thread->tid,
			    win_priority_nice(priority));
	pthread_mutex_unlock(&thread->lock);
	win_object_put(&thread->obj);
	return TRUE;
}

int GetThreadPriority(HANDLE handle)
{
	struct win_thread *thread = win_thread_get(handle);
	int priority;

	if (!thread)
		return THREAD_PRIORITY_ERROR_RETURN;
	pthread_mutex_lock(&thread->lock);
	priority = thread->priority;
	pthread_mutex_unlock(&thread->lock);
	win_object_put(&thread->obj);
	return priority;
}

static DWORD win_class = NORMAL_PRIORITY_CLASS;

BOOL SetPriorityClass(HANDLE process, DWORD priority)
{
	size_t i;

	if (process != GetCurrentProcess())
		return win_refuse(ERROR_INVALID_HANDLE);
	for (i = 0; i < ARRAYSIZE(win_classes); i++) {
		if (win_classes[i].priority != priority)
			continue;
		setpriority(PRIO_PROCESS, getpid(), win_classes[i].nice);
		__atomic_store_n(&win_class, priority, __ATOMIC_RELAXED);
		return TRUE;
	}
	return win_refuse(ERROR_INVALID_PARAMETER);
}

DWORD GetPriorityClass(HANDLE process)
{
	if (process == GetCurrentProcess())
		return __atomic_load_n(&win_class, __ATOMIC_RELAXED);
	win_refuse(ERROR_INVALID_HANDLE);
	return 0;
}

static DWORD_PTR win_mask_of(const cpu_set_t *set)
{
	DWORD_PTR mask = 0;
	int cpu;

	for (cpu = 0; cpu < MAXIMUM_PROCESSORS; cpu++)
		if (CPU_ISSET(cpu, set))
			mask |= (DWORD_PTR)1 << cpu;
	return mask;
}

static void win_set_of(DWORD_PTR mask, cpu_set_t *set)
{
	int cpu;

	CPU_ZERO(set);
	for (cpu = 0; cpu < MAXIMUM_PROCESSORS; cpu++)
		if (mask & (DWORD_PTR)1 << cpu)
			CPU_SET(cpu, set);
}

/* Windows refuses a processor that is not there; Linux leaves it out. */
static int win_affinity(pid_t tid, DWORD_PTR mask, DWORD_PTR *before)
{
	cpu_set_t set;

	if (sched_getaffinity(tid, sizeof(set), &set))
		return errno;
	*before = win_mask_of(&set);
	win_set_of(mask, &set);
	return sched_setaffinity(tid, sizeof(set), &set) ? errno : 0;
}

DWORD_PTR SetThreadAffinityMask(HANDLE handle, DWORD_PTR mask)
{
	struct win_thread *thread = win_thread_get(handle);
	DWORD_PTR before = 0;
	int err = ESRCH;

	if (!thread)
		return 0;
	pthread_mutex_lock(&thread->lock);
	if (!thread->ended)
		err = win_affinity(thread->tid, mask, &before);
	pthread_mutex_unlock(&thread->lock);
	win_object_put(&thread->obj);
	if (!err)
		return before;
	win_refuse(win_code(err));
	return 0;
}

BOOL SetThreadGroupAffinity(HANDLE handle, const GROUP_AFFINITY *affinity,
			    PGROUP_AFFINITY before)
{
	DWORD_PTR mask;

	if (affinity->Group || affinity->Reserved[0] || affinity->Reserved[1] ||
	    affinity->Reserved[2])
		return win_refuse(ERROR_INVALID_PARAMETER);
	mask = SetThreadAffinityMask(handle, affinity->Mask);
	if (mask && before)
		*before = (GROUP_AFFINITY){ .Mask = mask };
	return mask != 0;
}

DWORD SetThreadIdealProcessor(HANDLE handle, DWORD processor)
{
	struct win_thread *thread;
	DWORD before;

	if (processor > MAXIMUM_PROCESSORS) {
		win_refuse(ERROR_INVALID_PARAMETER);
		return (DWORD)-1;
	}
	thread = win_thread_get(handle);
	if (!thread)
		return (DWORD)-1;
	pthread_mutex_lock(&thread->lock);
	before = thread->ideal;
	if (processor < MAXIMUM_PROCESSORS)
		thread->ideal = processor;
	pthread_mutex_unlock(&thread->lock);
	win_object_put(&thread->obj);
	return before;
}

BOOL GetProcessAffinityMask(HANDLE process, PDWORD_PTR mask, PDWORD_PTR system)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	if (process != GetCurrentProcess())
		return win_refuse(ERROR_INVALID_HANDLE);
	if (sched_getaffinity(getpid(), sizeof(set), &set))
		return win_refuse(win_code(errno));
	*mask = win_mask_of(&set);
	*system = n < MAXIMUM_PROCESSORS ? (1ULL << n) - 1 : ~0ULL;
	return TRUE;
}
