// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf-perf: how fast it goes, client and server in one program.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "perf.h"

static pthread_mutex_t voice = PTHREAD_MUTEX_INITIALIZER;

/* The first complaint of a test is the cause; others are its consequences. */
static void complain(struct test *test, const char *text)
{
	pthread_mutex_lock(&voice);
	if (!test || !test->complaint[0])
		fprintf(stderr, "regbuf-perf: %s\n", text);
	if (test && !test->complaint[0])
		snprintf(test->complaint, sizeof(test->complaint), "%s", text);
	pthread_mutex_unlock(&voice);
}

int perf_say(struct test *test, int err, const char *format, ...)
{
	char text[PERF_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	complain(test, text);
	return err;
}

int perf_fail(struct test *test, const char *what, int err)
{
	return perf_say(test, err, "%s: %s", what, strerror(-err));
}

/* As much locked memory as this user may have. */
static void raise_memlock(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

int main(int argc, char **argv)
{
	struct options opt;
	int err = options_parse(argc, argv, &opt);

	if (err)
		return err - 1;
	signal(SIGPIPE, SIG_IGN);
	raise_memlock();
	err = opt.server ? server_run(&opt) : client_run(&opt);
	return err ? 1 : 0;
}
