// SPDX-License-Identifier: GPL-2.0
/*
 * soak [-n OPERATIONS | -t SECONDS] [-s SEED] [-p]: workers do everything at
 * once, for so many operations each or so long (default: for a short while);
 * -p: and with hardly any memory. The same seed makes the same choices.
 * REGBUF_SOAK (environment) may have options, too.
 */
#include "soak.h"

#include <sys/stat.h>

#define SHORT		25	/* seconds */
#define TELL		20	/* seconds between two lines */

struct shared *shared;

struct options {
	__u64 ops;
	long seconds;
	__u64 seed;
	bool press;
};

static int shared_make(void)
{
	int fd = memfd_create("soak", 0);

	/* It has to be there after exec. */
	if (fd < 0 || ftruncate(fd, sizeof(*shared)) ||
	    dup2(fd, SHARED_FD) < 0)
		return -1;
	close(fd);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		      SHARED_FD, 0);
	return shared == MAP_FAILED ? -1 : 0;
}

/* Where everybody may put files and sockets, and open the device. */
static int set_up(const struct options *opt)
{
	struct rb_net net;

	if (shared_make() || rb_net_make(&net))
		return -1;
	shared->seed = opt->seed;
	shared->ops = opt->ops;
	shared->near = net.near;
	shared->peer = net.peer;
	snprintf(shared->dir, sizeof(shared->dir), "/tmp/soak.XXXXXX");
	rb_write_file("/proc/sys/vm/nr_hugepages", "8");
	rb_write_file("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
	if (!mkdtemp(shared->dir) || chmod(shared->dir, 0777) ||
	    chmod(REGBUF_DEVICE, 0666))
		return -1;
	return state_open();
}

static void tell(long long begin)
{
	__u64 ops = 0, taken = 0, done = 0, bytes = 0, frames = 0, lives = 0;

	for (int i = 0; i < SEATS; i++) {
		const struct seat *seat = &shared->seats[i];

		ops += seat->total;
		taken += seat->accepted;
		done += seat->completed;
		bytes += seat->bytes;
		frames += seat->frames;
		lives += seat->life;
	}
	printf("# %lld s: %llu operations in %llu lives, %llu requests taken,"
	       " %llu completed, %llu frames, %llu KiB received, %ld pinned\n",
	       (rb_now() - begin) / RB_SEC, ops, lives, taken, done, frames,
	       bytes >> 10, rb_pins());
	fflush(stdout);
}

static int soak(const struct options *opt)
{
	long long begin = rb_now(), told = begin;
	int err = 0;

	while (!err && !guard_done() &&
	       (!opt->seconds || rb_now() < begin + opt->seconds * RB_SEC)) {
		err = guard_turn(true);
		if (rb_now() > told + TELL * RB_SEC) {
			tell(begin);
			told = rb_now();
		}
		usleep(20000);
	}
	err = err ?: guard_quiet();
	tell(begin);
	if (err)
		guard_dump();
	guard_stop();
	return err;
}

static int run(const struct options *opt)
{
	long pins = rb_pins();
	int err;

	check_log();
	if (set_up(opt) || check_empty(pins)) {
		printf("# nothing works: errno %d\n", errno);
		return -1;
	}
	guard_start(opt->seed);
	trouble_memory(opt->press);
	err = soak(opt);
	trouble_memory_end();
	trouble_end();
	rb_sh("rm -r %s", shared->dir);
	rb_write_file("/proc/sys/vm/nr_hugepages", "0");
	return err ?: check_empty(pins) ?: check_log();
}

static int options(struct options *opt, int argc, char **argv)
{
	int c;

	optind = 1;
	while ((c = getopt(argc, argv, "n:t:s:p")) != -1) {
		switch (c) {
		case 'n':
			opt->ops = strtoull(optarg, NULL, 0);
			break;
		case 't':
			opt->seconds = strtol(optarg, NULL, 0);
			break;
		case 's':
			opt->seed = strtoull(optarg, NULL, 0);
			break;
		case 'p':
			opt->press = true;
			break;
		default:
			return -1;
		}
	}
	return 0;
}

/* The runner gives programs no arguments. */
static int more_options(struct options *opt)
{
	char *text = getenv("REGBUF_SOAK"), *argv[16] = { "soak" };
	int argc = 1;

	for (text = text ? strtok(strdup(text), " ") : NULL; text && argc < 15;
	     text = strtok(NULL, " "))
		argv[argc++] = text;
	return options(opt, argc, argv);
}

int main(int argc, char **argv)
{
	struct options opt = { .seed = time(NULL) };

	reborn(argc, argv);
	if (options(&opt, argc, argv) || more_options(&opt))
		return KSFT_FAIL;
	if (!opt.seconds && !opt.ops)
		opt.seconds = SHORT;
	ksft_print_header();
	ksft_set_plan(1);
	printf("# seed %llu\n", opt.seed);
	fflush(stdout);
	ksft_test_result(!run(&opt), "soak\n");
	ksft_finished();
}
