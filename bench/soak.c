// SPDX-License-Identifier: GPL-2.0
/*
 * The soaker: a process that runs when nothing else wants to, and counts the
 * instructions that it does. What a window took less what was soaked up in it
 * is what the work took, switching to and from the soaker included, as it would
 * be with the idle task.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static uint64_t *soaked;
static pid_t soaker;

uint64_t soak_instructions(void)
{
	return soaked ? __atomic_load_n(soaked, __ATOMIC_RELAXED) : 0;
}

/* By this name the profiler knows it. */
static __attribute__((noinline)) void soak(void)
{
	struct sched_param param = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sched_setscheduler(0, SCHED_IDLE, &param))
		_exit(1);
	/* Two instructions each time round. */
	asm volatile("1: addq $2, (%0); jmp 1b" : : "r" (soaked) : "memory");
}

int soak_start(void)
{
	/* Where there are more CPUs it would run beside the work. */
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		return 0;
	soaked = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (soaked == MAP_FAILED)
		return bench_failed("mapping the soaker's counter", -errno);
	soaker = fork();
	if (soaker < 0)
		return bench_failed("starting the soaker", -errno);
	if (!soaker)
		soak();
	return 0;
}

void soak_stop(void)
{
	if (soaker <= 0)
		return;
	kill(soaker, SIGKILL);
	waitpid(soaker, NULL, 0);
}
