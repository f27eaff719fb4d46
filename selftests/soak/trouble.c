// SPDX-License-Identifier: GPL-2.0
/* A bad network, and a machine that is short of memory. */
#include "soak.h"

#include <sys/prctl.h>

static pid_t hog;

static void netem_of(struct rb_netem *netem, __u64 random)
{
	*netem = (struct rb_netem){
		.delay_us = random % 4 * (random >> 2) % 12000,
		.jitter_us = (random >> 8) % 3 * 800,
		.loss = (random >> 16) % 3 * ((random >> 20) % 6),
		.reorder = (random >> 24) % 3 * ((random >> 28) % 12),
		.duplicate = (random >> 32) % 3 * ((random >> 36) % 6),
	};
	/* Only what is delayed can be overtaken. */
	if (netem->reorder && !netem->delay_us)
		netem->delay_us = 500;
}

/* Another kind of bad network, in each direction. */
void trouble_net(__u64 random)
{
	struct rb_net net = { shared->near, shared->peer };
	struct rb_netem netem;

	netem_of(&netem, random);
	rb_net_near_netem(&netem);
	netem_of(&netem, mix(random, 1));
	rb_net_peer_netem(&net, &netem);
}

void trouble_end(void)
{
	struct rb_net net = { shared->near, shared->peer };

	rb_net_near_netem(NULL);
	rb_net_peer_netem(&net, NULL);
}

static long available(void)
{
	return rb_number("/proc/meminfo", "MemAvailable");
}

/* All but a little, in pieces; and let go of it. */
static void squeeze(void)
{
	enum { PIECES = 512 };
	size_t size = 4UL << 20;
	void *mem[PIECES];
	int nr = 0;

	while (nr < PIECES && available() > 40L << 10) {
		mem[nr] = rb_map(size, PROT_READ | PROT_WRITE, 0);
		if (!mem[nr])
			break;
		memset(mem[nr++], 1, size);
	}
	usleep(500000);
	while (nr--)
		munmap(mem[nr], size);
}

static void press(bool squeezes)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rb_write_file("/proc/self/oom_score_adj", "1000");
	for (;;) {
		long long begin = rb_now();

		rb_write_file("/proc/sys/vm/drop_caches", "7");
		rb_write_file("/proc/sys/vm/compact_memory", "1");
		if (squeezes)
			squeeze();
		/* Most of the time is the workers'. */
		usleep(700000 + 4 * (rb_now() - begin) / 1000);
	}
}

/* Beside the workers: reclaim and compaction run, for want of memory too. */
void trouble_memory(bool squeezes)
{
	hog = fork();
	if (!hog)
		press(squeezes);
}

void trouble_memory_end(void)
{
	if (hog <= 0)
		return;
	kill(hog, SIGKILL);
	waitpid(hog, NULL, 0);
}
