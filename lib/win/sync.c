// SPDX-License-Identifier: MIT
/*
 * Locks that programs have in their own memory, over those of the C library.
 * All of those are zero at first, as the locks of Windows may be.
 */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <interlockedapi.h>
#include <synchapi.h>

#include "win.h"

struct win_once {
	unsigned int done;
	pthread_mutex_t lock;
	PVOID context;
};

struct win_condition {
	pthread_mutex_t lock;
	pthread_cond_t cond;
};

_Static_assert(sizeof(pthread_mutex_t) <=
	       sizeof(((CRITICAL_SECTION *)0)->Reserved), "room for a lock");
_Static_assert(sizeof(pthread_rwlock_t) <= sizeof(SRWLOCK), "room for a lock");
_Static_assert(sizeof(struct win_condition) <= sizeof(CONDITION_VARIABLE),
	       "room for a condition");
_Static_assert(sizeof(struct win_once) <= sizeof(INIT_ONCE), "room for it");

/* Its address stands for the thread. */
static __thread char win_me;

static pthread_mutex_t *win_section_lock(LPCRITICAL_SECTION cs)
{
	return (pthread_mutex_t *)cs->Reserved;
}

static bool win_section_mine(LPCRITICAL_SECTION cs)
{
	return __atomic_load_n(&cs->OwningThread, __ATOMIC_RELAXED) == &win_me;
}

static void win_section_owner(LPCRITICAL_SECTION cs, void *owner)
{
	__atomic_store_n(&cs->OwningThread, owner, __ATOMIC_RELAXED);
}

BOOL InitializeCriticalSectionEx(LPCRITICAL_SECTION cs, DWORD spins,
				 DWORD flags)
{
	(void)flags;
	memset(cs, 0, sizeof(*cs));
	cs->SpinCount = spins & 0xffffff;
	pthread_mutex_init(win_section_lock(cs), NULL);
	return TRUE;
}

BOOL InitializeCriticalSectionAndSpinCount(LPCRITICAL_SECTION cs, DWORD spins)
{
	return InitializeCriticalSectionEx(cs, spins, 0);
}

void InitializeCriticalSection(LPCRITICAL_SECTION cs)
{
	InitializeCriticalSectionEx(cs, 0, 0);
}

DWORD SetCriticalSectionSpinCount(LPCRITICAL_SECTION cs, DWORD spins)
{
	return __atomic_exchange_n(&cs->SpinCount, spins & 0xffffff,
				   __ATOMIC_RELAXED);
}

static bool win_section_spin(LPCRITICAL_SECTION cs)
{
	DWORD spins = __atomic_load_n(&cs->SpinCount, __ATOMIC_RELAXED);

	for (; spins; spins--) {
		if (!pthread_mutex_trylock(win_section_lock(cs)))
			return true;
		YieldProcessor();
	}
	return false;
}

void EnterCriticalSection(LPCRITICAL_SECTION cs)
{
	if (!win_section_mine(cs)) {
		if (!win_section_spin(cs))
			pthread_mutex_lock(win_section_lock(cs));
		win_section_owner(cs, &win_me);
	}
	cs->RecursionCount++;
}

BOOL TryEnterCriticalSection(LPCRITICAL_SECTION cs)
{
	if (!win_section_mine(cs)) {
		if (pthread_mutex_trylock(win_section_lock(cs)))
			return FALSE;
		win_section_owner(cs, &win_me);
	}
	cs->RecursionCount++;
	return TRUE;
}

void LeaveCriticalSection(LPCRITICAL_SECTION cs)
{
	if (!win_section_mine(cs) || --cs->RecursionCount)
		return;
	win_section_owner(cs, NULL);
	pthread_mutex_unlock(win_section_lock(cs));
}

void DeleteCriticalSection(LPCRITICAL_SECTION cs)
{
	pthread_mutex_destroy(win_section_lock(cs));
}

static pthread_rwlock_t *win_rwlock_of(PSRWLOCK lock)
{
	return (pthread_rwlock_t *)lock;
}

void InitializeSRWLock(PSRWLOCK lock)
{
	memset(lock, 0, sizeof(*lock));
}

void AcquireSRWLockExclusive(PSRWLOCK lock)
{
	pthread_rwlock_wrlock(win_rwlock_of(lock));
}

void AcquireSRWLockShared(PSRWLOCK lock)
{
	pthread_rwlock_rdlock(win_rwlock_of(lock));
}

BOOLEAN TryAcquireSRWLockExclusive(PSRWLOCK lock)
{
	return !pthread_rwlock_trywrlock(win_rwlock_of(lock));
}

BOOLEAN TryAcquireSRWLockShared(PSRWLOCK lock)
{
	return !pthread_rwlock_tryrdlock(win_rwlock_of(lock));
}

void ReleaseSRWLockExclusive(PSRWLOCK lock)
{
	pthread_rwlock_unlock(win_rwlock_of(lock));
}

void ReleaseSRWLockShared(PSRWLOCK lock)
{
	pthread_rwlock_unlock(win_rwlock_of(lock));
}

static struct win_condition *win_condition_of(PCONDITION_VARIABLE condition)
{
	return (struct win_condition *)condition;
}

void InitializeConditionVariable(PCONDITION_VARIABLE condition)
{
	memset(condition, 0, sizeof(*condition));
}

/*
 * Who wakes takes the condition's own lock: nobody who has it before giving up
 * the program's can be missed.
 */
static BOOL win_condition_sleep(struct win_condition *condition,
				DWORD milliseconds)
{
	struct win_deadline deadline = win_deadline(milliseconds);
	const struct timespec at = {
		.tv_sec = deadline.at / 1000000000,
		.tv_nsec = deadline.at % 1000000000,
	};
	int err;

	if (milliseconds == INFINITE)
		err = pthread_cond_wait(&condition->cond, &condition->lock);
	else
		err = pthread_cond_clockwait(&condition->cond,
					     &condition->lock, CLOCK_MONOTONIC,
					     &at);
	pthread_mutex_unlock(&condition->lock);
	return !err || win_refuse(ERROR_TIMEOUT);
}

BOOL SleepConditionVariableCS(PCONDITION_VARIABLE condition,
			      PCRITICAL_SECTION cs, DWORD milliseconds)
{
	BOOL woken;

	pthread_mutex_lock(&win_condition_of(condition)->lock);
	LeaveCriticalSection(cs);
	woken = win_condition_sleep(win_condition_of(condition), milliseconds);
	EnterCriticalSection(cs);
	return woken;
}

BOOL SleepConditionVariableSRW(PCONDITION_VARIABLE condition, PSRWLOCK lock,
			       DWORD milliseconds, ULONG flags)
{
	BOOL woken;

	pthread_mutex_lock(&win_condition_of(condition)->lock);
	pthread_rwlock_unlock(win_rwlock_of(lock));
	woken = win_condition_sleep(win_condition_of(condition), milliseconds);
	if (flags & CONDITION_VARIABLE_LOCKMODE_SHARED)
		AcquireSRWLockShared(lock);
	else
		AcquireSRWLockExclusive(lock);
	return woken;
}

void WakeConditionVariable(PCONDITION_VARIABLE condition)
{
	pthread_mutex_lock(&win_condition_of(condition)->lock);
	pthread_cond_signal(&win_condition_of(condition)->cond);
	pthread_mutex_unlock(&win_condition_of(condition)->lock);
}

void WakeAllConditionVariable(PCONDITION_VARIABLE condition)
{
	pthread_mutex_lock(&win_condition_of(condition)->lock);
	pthread_cond_broadcast(&win_condition_of(condition)->cond);
	pthread_mutex_unlock(&win_condition_of(condition)->lock);
}

void InitOnceInitialize(PINIT_ONCE once)
{
	memset(once, 0, sizeof(*once));
}

BOOL InitOnceExecuteOnce(PINIT_ONCE init, PINIT_ONCE_FN routine,
			 PVOID parameter, LPVOID *context)
{
	struct win_once *once = (struct win_once *)init;

	if (!__atomic_load_n(&once->done, __ATOMIC_ACQUIRE)) {
		pthread_mutex_lock(&once->lock);
		if (!once->done && routine(init, parameter, &once->context))
			__atomic_store_n(&once->done, 1, __ATOMIC_RELEASE);
		pthread_mutex_unlock(&once->lock);
		if (!__atomic_load_n(&once->done, __ATOMIC_ACQUIRE))
			return FALSE;
	}
	if (context)
		*context = once->context;
	return TRUE;
}
