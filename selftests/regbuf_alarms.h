/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_ALARMS_H
#define REGBUF_ALARMS_H

/* SIGALRM again and again, so that one that comes too early does no harm. */
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

static volatile sig_atomic_t rb_alarms;

static inline void rb_on_alarm(int sig)
{
	rb_alarms++;
}

static inline int rb_start_alarms(int flags)
{
	struct sigaction sa = { .sa_handler = rb_on_alarm, .sa_flags = flags };
	struct itimerval every = {
		.it_interval.tv_usec = 20000,
		.it_value.tv_usec = 20000,
	};

	rb_alarms = 0;
	return sigaction(SIGALRM, &sa, NULL) ||
	       setitimer(ITIMER_REAL, &every, NULL);
}

static inline int rb_stop_alarms(void)
{
	const struct itimerval never = { 0 };

	return setitimer(ITIMER_REAL, &never, NULL);
}

#endif
