// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps while everything comes and goes: nothing that stays is missing or told
 * twice, unless the dump says that it was interrupted; and nothing breaks.
 */
#include "nl.h"
#include "regbuf_slow.h"
#include "kselftest_harness.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define NR_BUFS		300	/* several messages */
#define NR_LOOPS	4
#define ROUNDS		60
#define SLOW_ROUNDS	12	/* where each is slow */

struct busy {
	int dev;
	unsigned char *mem;
	struct rb_net *net;
	atomic_int *stop;
	pthread_t thread;
};

FIXTURE(race) {
	struct rb_net net;
	struct rn nl;
	struct rn_ctx ctx;
	int dev;
	unsigned char *mem;
	atomic_int stop;
	struct busy busy[NR_LOOPS];
	int rounds;
};

FIXTURE_SETUP(race)
{
	__u64 id;

	ASSERT_EQ(0, rb_net_setup(&self->net));
	self->dev = rb_open();
	ASSERT_LE(0, self->dev);
	self->mem = rb_mem(4 * RB_PAGE);
	for (int i = 0; i < NR_BUFS; i++)
		ASSERT_EQ(0, rb_register(self->dev, self->mem, RB_PAGE,
					 RB_READ, &id));
	ASSERT_EQ(0, rn_open(&self->nl));
	ASSERT_EQ(0, rn_newest(&self->nl, &self->ctx));
	self->rounds = rb_slow() ? SLOW_ROUNDS : ROUNDS;
}

FIXTURE_TEARDOWN(race)
{
	rn_close(&self->nl);
	close(self->dev);
}

static void *contexts(void *arg)
{
	struct busy *b = arg;
	__u64 id;

	while (!atomic_load(b->stop)) {
		int dev = rb_open();

		rb_register(dev, b->mem, RB_PAGE, RB_READ, &id);
		close(dev);
	}
	return NULL;
}

static void *buffers(void *arg)
{
	struct busy *b = arg;
	__u64 id;

	while (!atomic_load(b->stop)) {
		if (rb_register(b->dev, b->mem, RB_PAGE, RB_READ, &id))
			break;
		rb_deregister(b->dev, id);
	}
	return NULL;
}

/* Sends of all kinds, and then everything at once goes. */
static void sends(struct busy *b, const int sv[2])
{
	struct regbuf_slice list[4];
	struct rb_queue q;
	__u32 ep;
	__u64 id;

	if (rb_q_open(b->dev, &q, 8, 8, 0))
		return;
	if (!rb_register(b->dev, b->mem, 4 * RB_PAGE, RB_READ, &id) &&
	    !rb_q_attach(&q, sv[0], RB_BOTH, 0, 0, &ep)) {
		for (int i = 0; i < 4; i++)
			list[i] = rb_slice(id, i * RB_PAGE, 2000);
		for (int i = 0; i < 4; i++) {
			rb_sqe_send(&q, ep, id, 0, RB_PAGE, i);
			rb_sqe_send_list(&q, ep, list, 4, i);
			rb_q_submit_all(&q);
		}
	}
	rb_deregister(b->dev, id);
	rb_q_close(&q);
}

static void *queues(void *arg)
{
	struct busy *b = arg;
	int sv[2];

	/* A thread has its network namespace to itself. */
	while (!atomic_load(b->stop)) {
		if (rb_pair(b->net, AF_INET, SOCK_DGRAM, sv))
			break;
		sends(b, sv);
		close(sv[0]);
		close(sv[1]);
	}
	return NULL;
}

static int start(FIXTURE_DATA(race) *self, int nr, void *(*what)(void *))
{
	self->busy[nr] = (struct busy){
		.dev = self->dev,
		.mem = self->mem,
		.net = &self->net,
		.stop = &self->stop,
	};
	return pthread_create(&self->busy[nr].thread, NULL, what,
			      &self->busy[nr]);
}

static void stop(FIXTURE_DATA(race) *self, int nr)
{
	atomic_store(&self->stop, 1);
	for (int i = 0; i < nr; i++)
		pthread_join(self->busy[i].thread, NULL);
}

/* Every buffer is told of once, and in order. */
struct tally {
	__u32 last;
	int disorder;
};

static void count(struct nlattr **at, void *arg)
{
	__u32 slot = nla_get_u64(at[REGBUF_A_BUFFER_ID]);
	struct tally *t = arg;

	t->disorder += slot < t->last;
	t->last = slot + 1;
}

TEST_F_TIMEOUT(race, dumps_of_what_stays, 120)
{
	int interrupted = 0;

	ASSERT_EQ(0, start(self, 0, buffers));
	ASSERT_EQ(0, start(self, 1, contexts));
	for (int i = 0; i < self->rounds || !interrupted; i++) {
		struct tally t = { };
		struct rn_answer a = { .each = count, .arg = &t };

		ASSERT_EQ(0, rn_dump(&self->nl, REGBUF_CMD_BUFFER_GET,
				     self->ctx.id, &a));
		ASSERT_EQ(0, t.disorder);
		ASSERT_LE(NR_BUFS, a.nr);
		ASSERT_GE(NR_BUFS + 2, a.nr);
		interrupted += a.interrupted;
	}
	stop(self, 2);
	/* It was told of: several messages, and a busy thread. */
	EXPECT_LT(0, interrupted);
}

/* Nobody changes anything: no dump says so. */
TEST_F(race, quiet_dumps_are_not_interrupted)
{
	struct rn_answer a = { };

	ASSERT_EQ(0, rn_dump(&self->nl, REGBUF_CMD_BUFFER_GET, self->ctx.id,
			     &a));
	EXPECT_EQ(NR_BUFS, a.nr);
	EXPECT_EQ(0, a.interrupted);
}

/* Hazards 8, 9: what is looked at goes while it is looked at. */
TEST_F_TIMEOUT(race, dumps_of_what_goes, 120)
{
	static const int cmds[] = {
		REGBUF_CMD_CONTEXT_GET, REGBUF_CMD_BUFFER_GET,
		REGBUF_CMD_QUEUE_GET, REGBUF_CMD_ENDPOINT_GET,
		REGBUF_CMD_HOLD_GET,
	};

	ASSERT_EQ(0, start(self, 0, buffers));
	ASSERT_EQ(0, start(self, 1, contexts));
	ASSERT_EQ(0, start(self, 2, queues));
	ASSERT_EQ(0, start(self, 3, queues));
	for (int i = 0; i < 4 * self->rounds; i++) {
		struct rn_answer a = { };

		ASSERT_EQ(0, rn_dump(&self->nl, cmds[i % 5], 0, &a));
		a = (struct rn_answer){ };
		ASSERT_EQ(0, rn_ask(&self->nl,
				    rn_request(&self->nl,
					       REGBUF_CMD_COUNTERS_GET, 0),
				    &a));
	}
	stop(self, 4);
}

/* A process with one of everything, in use, that is killed. */
static void be_killed(struct rb_net *net, unsigned char *mem)
{
	int dev = rb_open(), sv[2];
	struct rb_queue q;
	__u32 ep;
	__u64 id;

	if (rb_pair(net, AF_INET, SOCK_STREAM, sv) ||
	    rb_q_open(dev, &q, 8, 8, 0) ||
	    rb_register(dev, mem, 4 * RB_PAGE, RB_READ | RB_WRITE, &id) ||
	    rb_q_attach(&q, sv[0], RB_BOTH, 0, 0, &ep))
		_exit(1);
	rb_sqe_recv(&q, ep, id, 0, 100, 1);
	for (int i = 0; i < 4; i++)
		rb_sqe_send(&q, ep, id, 0, 4 * RB_PAGE, 2);
	if (rb_q_submit_all(&q))
		_exit(1);
	kill(getpid(), SIGKILL);
}

/*
 * CVE-2023-46862, CVE-2025-38002: what belongs to a process is looked at while
 * the process ends.
 */
TEST_F_TIMEOUT(race, cve_2023_46862_dumps_of_what_is_killed, 120)
{
	static const int cmds[] = {
		REGBUF_CMD_CONTEXT_GET, REGBUF_CMD_BUFFER_GET,
		REGBUF_CMD_QUEUE_GET, REGBUF_CMD_ENDPOINT_GET,
		REGBUF_CMD_HOLD_GET,
	};
	int status = 0;

	for (int i = 0; i < self->rounds; i++) {
		pid_t pid = fork();

		if (!pid)
			be_killed(&self->net, self->mem);
		for (int j = 0; !waitpid(pid, &status, WNOHANG); j++) {
			struct rn_answer a = { };

			ASSERT_EQ(0, rn_dump(&self->nl, cmds[j % 5], 0, &a));
		}
		ASSERT_TRUE(WIFSIGNALED(status));
	}
}

/* A dump that nobody reads on goes with its socket. */
TEST_F(race, dumps_that_are_left)
{
	for (int i = 0; i < 20; i++) {
		struct nl_msg *msg;
		struct rn nl;

		ASSERT_EQ(0, rn_open(&nl));
		msg = rn_request(&nl, REGBUF_CMD_BUFFER_GET, NLM_F_DUMP);
		ASSERT_LT(0, nl_send_auto(nl.sk, msg));
		nlmsg_free(msg);
		rn_close(&nl);
	}
}

TEST_HARNESS_MAIN
