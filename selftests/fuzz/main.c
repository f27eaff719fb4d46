// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz [-t SECONDS] [-s SEED] [-d DIR] [-p POINTS] [-c CORPUS]...
 * fuzz -r FILE [-n TIMES] [-d DIR]
 *
 * Makes programs and runs them, or with -r those of a file, in processes of
 * their own. In DIR it leaves what runs ("last") and what was worth keeping
 * ("corpus"). Ends with status 1 as soon as the kernel complains. POINTS is how
 * many the module has. With -x it does nothing.
 */
#include "fuzz.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH		16	/* programs that a process runs */
#define NEW		8	/* one of so many programs is wholly new */
#define PATIENCE	6	/* seconds that a program may do nothing */
#define LAST		60	/* seconds that a process may take to die */
#define SHOW		10	/* seconds between lines */

struct fuzz {
	struct fz_shared *shared;
	const char *dir;
	const char *replay;
	unsigned int times;
	unsigned int points;
	time_t seconds;
	time_t begin;
	time_t shown;
	__u64 seed;
};

static time_t fz_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void fz_choose(struct fz_shared *shared, struct fz_prog *prog)
{
	const struct fz_prog *one = fz_corpus_pick(&shared->corpus,
						   &shared->rng);
	const struct fz_prog *other = fz_corpus_pick(&shared->corpus,
						     &shared->rng);

	if (!one || !fz_below(&shared->rng, NEW)) {
		fz_generate(&shared->rng, prog);
		return;
	}
	*prog = *one;
	fz_mutate(&shared->rng, prog, other);
}

/* A process's work. */
static void fz_batch(struct fz_shared *shared)
{
	struct fz_exec *exec = fz_exec_start(shared);
	static struct fz_prog prog;
	int i;

	for (i = 0; i < BATCH; i++) {
		fz_choose(shared, &prog);
		fz_journal_add(&prog);
		if (fz_exec(exec, &prog))
			fz_corpus_add(&shared->corpus, &prog);
	}
	_exit(0);
}

static void fz_repeat_file(struct fz_shared *shared, const char *path)
{
	struct fz_exec *exec = fz_exec_start(shared);
	static struct fz_prog progs[BATCH];
	FILE *file = fopen(path, "r");
	int nr = 0, i;

	if (!file)
		_exit(2);
	while (nr < BATCH && fz_read(file, &progs[nr]) > 0)
		nr++;
	fclose(file);
	for (i = 0; i < nr; i++)
		fz_exec(exec, &progs[i]);
	_exit(nr ? 0 : 2);
}

/* Its threads, and what they wait for. */
static void fz_show_stuck(pid_t pid)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "for t in /proc/%d/task/*; do cat $t/comm $t/stack; done",
		 pid);
	printf("fuzz: a process does not end:\n");
	fflush(stdout);
	if (system(command))
		printf("fuzz: and cannot be looked at\n");
}

/* A second, or less if a process ends. */
static void fz_rest(void)
{
	static const struct timespec second = { .tv_sec = 1 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigtimedwait(&set, NULL, &second);
}

/* What hangs is killed; 0, or -1 if that does not end it. */
static int fz_hurry(pid_t pid, bool *killed)
{
	if (*killed) {
		fz_show_stuck(pid);
		return -1;
	}
	kill(pid, SIGKILL);
	*killed = true;
	return 0;
}

/* Wait for a process; -1 if it cannot be killed, or the kernel complains. */
static int fz_await(struct fuzz *fuzz, pid_t pid)
{
	__u64 alive = fuzz->shared->alive;
	time_t last = fz_now();
	bool killed = false;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		fz_rest();
		if (fz_report_any())
			return -1;
		if (fuzz->shared->alive != alive) {
			alive = fuzz->shared->alive;
			last = fz_now();
		}
		if (fz_now() - last < (killed ? LAST : PATIENCE))
			continue;
		if (fz_hurry(pid, &killed))
			return -1;
		last = fz_now();
	}
	if (fz_report_any())
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static int fz_run_process(struct fuzz *fuzz)
{
	pid_t pid;

	fz_journal_begin();
	fflush(stdout);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		if (fuzz->replay)
			fz_repeat_file(fuzz->shared, fuzz->replay);
		fz_batch(fuzz->shared);
	}
	return pid < 0 ? -1 : fz_await(fuzz, pid);
}

static void fz_show(struct fuzz *fuzz)
{
	const struct fz_shared *shared = fuzz->shared;

	printf("fuzz: %lld s, %llu programs, %llu calls (%llu good), ",
	       (long long)(fz_now() - fuzz->begin),
	       (unsigned long long)shared->programs,
	       (unsigned long long)shared->calls,
	       (unsigned long long)shared->good);
	printf("%u", shared->cover.nr_points);
	if (fuzz->points)
		printf(" of %u", fuzz->points);
	printf(" points, %u edges, %u kept\n", shared->cover.nr_edges,
	       shared->corpus.nr);
	fuzz->shown = fz_now();
}

static bool fz_goes_on(const struct fuzz *fuzz, unsigned int round)
{
	if (fuzz->replay)
		return round < fuzz->times;
	return fz_now() - fuzz->begin < fuzz->seconds;
}

static int fz_drive(struct fuzz *fuzz)
{
	unsigned int round;
	int err = 0;

	for (round = 0; !err && fz_goes_on(fuzz, round); round++) {
		err = fz_run_process(fuzz);
		if (fz_now() - fuzz->shown >= SHOW)
			fz_show(fuzz);
	}
	fz_show(fuzz);
	return err;
}

static struct fz_shared *fz_share(void)
{
	struct fz_shared *shared = mmap(NULL, sizeof(*shared),
					PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED) {
		perror("fuzz: memory");
		exit(2);
	}
	return shared;
}

static void fz_options(struct fuzz *fuzz, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "t:s:d:p:c:r:n:x")) >= 0) {
		switch (opt) {
		case 't':
			fuzz->seconds = strtol(optarg, NULL, 0);
			break;
		case 's':
			fuzz->seed = strtoull(optarg, NULL, 0);
			break;
		case 'd':
			fuzz->dir = optarg;
			break;
		case 'p':
			fuzz->points = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			if (fz_corpus_load(&fuzz->shared->corpus, optarg))
				fprintf(stderr, "fuzz: %s?\n", optarg);
			break;
		case 'r':
			fuzz->replay = optarg;
			break;
		case 'n':
			fuzz->times = strtoul(optarg, NULL, 0);
			break;
		case 'x':
			exit(0);
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct fuzz fuzz = {
		.shared = fz_share(),
		.dir = "/tmp",
		.times = 1,
		.seconds = 60,
		.seed = time(NULL),
	};
	char path[256];
	int err;

	fz_options(&fuzz, argc, argv);
	fz_seed(&fuzz.shared->rng, fuzz.seed);
	printf("fuzz: seed %llu, %u programs to begin with\n",
	       (unsigned long long)fuzz.seed, fuzz.shared->corpus.nr);
	if (!fuzz.replay)
		fz_journal_open(fuzz.dir);
	fz_report_open();
	fuzz.begin = fz_now();
	fuzz.shown = fuzz.begin;
	err = fz_drive(&fuzz);
	snprintf(path, sizeof(path), "%s/corpus", fuzz.dir);
	if (!fuzz.replay && fz_corpus_save(&fuzz.shared->corpus, path))
		perror("fuzz: corpus");
	return err ? 1 : 0;
}
