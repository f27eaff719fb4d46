// SPDX-License-Identifier: GPL-2.0
/*
 * C8, C15: queues end in every way and at every stage: what has entered a
 * socket is sent, the rest is cancelled, and nothing stays behind.
 */
#include "regbuf_queue.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#define LEN		(64UL << 10)
#define PAGES		(long)(LEN / RB_PAGE)
#define ENTRIES		256
#define NEVER		(3600 * RB_SEC)
#define NR_CALLS	7
#define EXEC_ENV	"REGBUF_TEST_EXEC_QUEUE"

FIXTURE(teardown)
{
	struct rb_qrig qr;
	struct regbuf_ioc_enter out;
	struct regbuf_cqe cqe;
};

FIXTURE_VARIANT(teardown)
{
	int loopback;
};

FIXTURE_VARIANT_ADD(teardown, loopback) { .loopback = true };
FIXTURE_VARIANT_ADD(teardown, veth) { .loopback = false };

FIXTURE_SETUP(teardown)
{
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET, SOCK_STREAM,
				   variant->loopback, LEN, ENTRIES));
}

FIXTURE_TEARDOWN(teardown)
{
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* A child's exit code, or -1. */
static int child_result(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Requests of all kinds that wait for something that does not come. */
static int park(struct rb_qrig *qr)
{
	struct rb_queue *q = &qr->q;

	for (int i = 0; i < 5; i++) {
		rb_qrig_recv(qr, i * 10, 10, i);
		rb_sqe_timeout(q, NEVER, i);
		rb_sqe_poll(q, qr->ep, EPOLLIN, i);
		rb_sqe_idle(q, qr->rig.id, i);
	}
	return rb_q_submit_all(q);
}

/* Sends until one is stuck in its lane, and others are behind it. */
static int jam(struct rb_qrig *qr)
{
	for (int i = 0; i < 200; i++)
		rb_qrig_send(qr, 0, LEN, i);
	return rb_q_submit_all(&qr->q);
}

/* Whether the socket may be attached again: its endpoint is no more. */
static int is_free(struct rb_qrig *qr)
{
	struct rb_queue q;
	__u32 ep;
	int err;

	if (rb_q_open(qr->rig.dev, &q, 1, 1, 0))
		return 0;
	err = rb_q_attach(&q, qr->rig.near, RB_BOTH, 0, 0, &ep);
	rb_q_close(&q);
	return !err;
}

/* C15: requests that wait are cancelled; the buffer and socket live on. */
TEST_F(teardown, queue_closes_with_requests_parked)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_rig *rig = &qr->rig;

	ASSERT_EQ(0, park(qr));
	EXPECT_LT(0, rb_in_flight(rig->dev, rig->id));
	rb_q_close(&qr->q);
	EXPECT_TRUE(rb_within(20, !rb_in_flight(rig->dev, rig->id)));
	EXPECT_TRUE(rb_within(20, is_free(qr)));
	EXPECT_EQ(0, rb_rig_silent(rig));
}

/* C15: the same with sends in the lane; what went in whole arrives. */
TEST_F_TIMEOUT(teardown, queue_closes_with_sends_stuck, 60)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_rig *rig = &qr->rig;
	struct rb_sink sink;

	ASSERT_EQ(0, jam(qr));
	rb_q_close(&qr->q);
	ASSERT_TRUE(rb_within(20, is_free(qr)));
	ASSERT_EQ(0, shutdown(rig->near, SHUT_WR));
	ASSERT_EQ(0, rb_sink_start(&sink, rig->far, 200 * LEN));
	ASSERT_EQ(0, pthread_join(sink.thread, NULL));
	EXPECT_LT(0, sink.got);
	EXPECT_GT(200 * LEN, sink.got);
	for (size_t at = 0; at < sink.got; at++)
		ASSERT_EQ(rig->mem[at % LEN], sink.data[at]);
	EXPECT_TRUE(rb_within(20, !rb_in_flight(rig->dev, rig->id)));
	free(sink.data);
}

/* C15: what the network holds stays pinned, and arrives, without the queue. */
TEST_F(teardown, queue_closes_with_sends_in_flight)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_rig *rig = &qr->rig;
	struct rb_sink sink;
	int large = 8 * LEN;

	if (variant->loopback)
		SKIP(return, "nothing waits: it was copied");
	ASSERT_EQ(0, setsockopt(rig->near, SOL_SOCKET, SO_SNDBUFFORCE, &large,
				sizeof(large)));
	ASSERT_EQ(0, rb_net_delay_acks(&rig->net, 100000));
	rb_qrig_send(qr, 0, LEN, 1);
	ASSERT_EQ(0, rb_q_submit_all(&qr->q));
	EXPECT_TRUE(rb_q_empty(&qr->q));
	rb_q_close(&qr->q);
	close(rig->dev);
	rig->dev = -1;
	/* Whatever is let go of at the end is let go of: not these. */
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(rig->pins + PAGES, rb_pins());
		usleep(10000);
	}
	ASSERT_EQ(0, rb_net_undelay(&rig->net));
	ASSERT_EQ(1, send(rig->far, "!", 1, 0));
	ASSERT_EQ(0, rb_sink_start(&sink, rig->far, LEN));
	EXPECT_EQ(0, rb_sink_finish(&sink, rig->mem));
	EXPECT_TRUE(rb_within(20, rb_pins() <= rig->pins));
}

/* How many of a queue's calls, each right in itself, give that result. */
static int calls_that_give(int want, struct rb_queue *q, __u32 ep, int sock,
			   __u64 id)
{
	struct regbuf_ioc_enter out;
	int nr = 0, fd;
	__u32 none;

	out = (struct regbuf_ioc_enter){ .size = sizeof(out) };
	nr += rb_ioctl(q->fd, REGBUF_IOC_ENTER, &out) == want;
	nr += rb_q_attach(q, sock, RB_BOTH, 0, 0, &none) == want;
	fd = rb_q_socket(q, ep);
	nr += fd == want;
	nr += rb_q_eventfd(q, -1) == want;
	nr += rb_q_pool(q, id, 0, 1, 1) == want;
	nr += rb_q_detach(q, ep, 0) == want;
	nr += rb_q_resize(q, 0, 0) == want;
	return nr;
}

/* C15: the context's descriptor is closed: that ends its queues. */
TEST_F(teardown, context_closes_first)
{
	struct rb_qrig *qr = &self->qr;
	struct pollfd poll_q = { .fd = qr->q.fd };
	struct rb_rig *rig = &qr->rig;
	struct regbuf_ioc_enter out;

	ASSERT_EQ(0, park(qr));
	close(rig->dev);
	rig->dev = -1;
	EXPECT_EQ(-ESHUTDOWN, rb_q_enter(&qr->q, 0, 1, RB_FOREVER, &out));
	EXPECT_EQ(1, poll(&poll_q, 1, -1));
	EXPECT_EQ(POLLHUP, poll_q.revents & (POLLHUP | POLLERR));
	EXPECT_EQ(NR_CALLS, calls_that_give(-ESHUTDOWN, &qr->q, qr->ep,
					    rig->near, rig->id));
	EXPECT_TRUE(rb_within(20, rb_pins() <= rig->pins));
	EXPECT_EQ(0, rb_rig_silent(rig));
}

static void *wait_for_more(void *arg)
{
	struct rb_queue *q = arg;
	struct regbuf_ioc_enter enter = {
		.size = sizeof(enter),
		.wait = ENTRIES,
		.timeout_ns = RB_LONG,
	};

	return (void *)(long)rb_ioctl(q->fd, REGBUF_IOC_ENTER, &enter);
}

/* C15, C16: threads that wait in it hear of it. */
TEST_F(teardown, context_closes_under_waiting_threads)
{
	struct rb_qrig *qr = &self->qr;
	pthread_t threads[4];
	void *result;

	ASSERT_EQ(0, park(qr));
	for (int i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, wait_for_more,
					    &qr->q));
	usleep(20000);	/* before or after they wait: both is right */
	close(qr->rig.dev);
	qr->rig.dev = -1;
	for (int i = 0; i < ARRAY_SIZE(threads); i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &result));
		EXPECT_EQ(-ESHUTDOWN, (long)result);
	}
}

static void *wait_a_bit(void *arg)
{
	struct regbuf_ioc_enter enter = {
		.size = sizeof(enter),
		.wait = 1,
		.timeout_ns = 100 * RB_MSEC,
	};
	int fd = (long)arg;

	return (void *)(long)rb_ioctl(fd, REGBUF_IOC_ENTER, &enter);
}

/* C15: a thread waits in the queue that another one closes. */
TEST_F(teardown, queue_closes_under_a_waiting_thread)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_rig *rig = &qr->rig;
	pthread_t thread;
	void *result;

	ASSERT_EQ(0, park(qr));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_a_bit,
				    (void *)(long)qr->q.fd));
	usleep(20000);	/* before or after it waits: both is right */
	rb_q_close(&qr->q);
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_TRUE((long)result == -ETIMEDOUT || (long)result == -EBADF);
	EXPECT_TRUE(rb_within(20, !rb_in_flight(rig->dev, rig->id)));
	EXPECT_TRUE(rb_within(20, is_free(qr)));
}

/* C15: an endpoint keeps its socket open; the last one closes it. */
TEST_F(teardown, queue_closes_its_sockets)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_rig *rig = &qr->rig;
	char byte;

	ASSERT_EQ(0, park(qr));
	close(rig->near);
	rig->near = -1;
	EXPECT_EQ(-1, recv(rig->far, &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	rb_q_close(&qr->q);
	EXPECT_EQ(0, recv(rig->far, &byte, 1, 0));
}

/* C8: a forked child is refused by every call, and harms nothing. */
TEST_F(teardown, forked_child_is_refused)
{
	struct rb_qrig *qr = &self->qr;
	pid_t pid = fork();

	if (!pid) {
		int sock = socket(AF_INET, SOCK_DGRAM, 0);

		_exit(calls_that_give(-EPERM, &qr->q, qr->ep, sock,
				      qr->rig.id));
	}
	EXPECT_EQ(NR_CALLS, child_result(pid));
	EXPECT_EQ(0, park(qr));
}

/* C8: and may not make a queue on the context. */
TEST_F(teardown, forked_child_makes_no_queue)
{
	struct rb_queue q;
	pid_t pid = fork();

	if (!pid)
		_exit(rb_q_open(self->qr.rig.dev, &q, 1, 1, 0) == -EPERM);
	EXPECT_EQ(1, child_result(pid));
}

/*
 * This program again, after exec: its result is the number of calls refused.
 * A constructor, as the harness has the main().
 */
static void __attribute__((constructor)) after_exec(void)
{
	const char *args = getenv(EXEC_ENV);
	struct rb_queue q = {};
	unsigned long long id;
	unsigned int ep;
	int sock;

	if (!args)
		return;
	if (sscanf(args, "%d %u %llx", &q.fd, &ep, &id) != 3)
		_exit(99);
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	_exit(calls_that_give(-EPERM, &q, ep, sock, id));
}

/* A queue of this process, with requests that wait, and the program anew. */
static void exec_with_queue(void)
{
	struct rb_qrig qr = {};
	char args[64];

	if (rb_qrig_loopback(&qr, AF_INET, SOCK_STREAM, LEN, ENTRIES) ||
	    park(&qr) || jam(&qr))
		_exit(97);
	fcntl(qr.q.fd, F_SETFD, 0);
	snprintf(args, sizeof(args), "%d %u %llx", qr.q.fd, qr.ep,
		 (unsigned long long)qr.rig.id);
	setenv(EXEC_ENV, args, 1);
	execl("/proc/self/exe", "teardown", NULL);
	_exit(98);
}

/* C8, C15: after exec it is another program, which has a useless descriptor. */
TEST_F(teardown, exec_with_requests_in_flight)
{
	long pins = rb_pins();
	pid_t pid = fork();

	if (!pid)
		exec_with_queue();
	EXPECT_EQ(NR_CALLS, child_result(pid));
	EXPECT_TRUE(rb_within(20, rb_pins() <= pins));
}

/* A process that is in the middle of everything, and says so. */
static void be_killed(const struct rb_net *net, int ready)
{
	struct rb_qrig qr = {};
	pthread_t threads[4];
	int sv[2];

	if (rb_pair(net, AF_INET, SOCK_STREAM, sv) ||
	    rb_qrig_with(&qr, sv, LEN, ENTRIES) || park(&qr) || jam(&qr))
		_exit(1);
	for (int i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, wait_for_more, &qr.q);
	if (write(ready, "r", 1) != 1)
		_exit(2);
	/* And goes on with it. */
	for (;;) {
		if (qr.q.tail == rb_load(&qr.q.ring->sq_head))
			rb_sqe_nop(&qr.q, 1);
		rb_q_enter(&qr.q, 1, 0, 0, NULL);
		rb_q_reap(&qr.q);
	}
}

/* C15: killed, at once or a bit later. */
TEST_F_TIMEOUT(teardown, killed_with_requests_in_flight, 90)
{
	struct rb_net *net = variant->loopback ? NULL : &self->qr.rig.net;
	long pins = rb_pins();
	int ready[2], status;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	for (int i = 0; i < 5; i++) {
		pid = fork();
		if (!pid)
			be_killed(net, ready[1]);
		ASSERT_EQ(1, read(ready[0], &byte, 1));
		usleep(i * 3000);	/* anywhere in it is right */
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		EXPECT_TRUE(rb_within(20, rb_pins() <= pins));
	}
}

/* C15: a child that keeps the descriptors keeps the queue, but no more. */
TEST_F(teardown, last_descriptor_counts)
{
	struct rb_qrig *qr = &self->qr;
	struct rb_rig *rig = &qr->rig;
	int hold[2];
	char byte;
	pid_t pid;

	ASSERT_EQ(0, park(qr));
	ASSERT_EQ(0, pipe(hold));
	pid = fork();
	if (!pid) {
		close(hold[1]);
		_exit(read(hold[0], &byte, 1));
	}
	rb_q_close(&qr->q);
	for (int i = 0; i < 5; i++) {
		EXPECT_FALSE(is_free(qr));
		usleep(5000);
	}
	EXPECT_LT(0, rb_in_flight(rig->dev, rig->id));
	close(hold[1]);
	EXPECT_EQ(0, child_result(pid));
	close(hold[0]);
	EXPECT_TRUE(rb_within(20, is_free(qr)));
	EXPECT_TRUE(rb_within(20, !rb_in_flight(rig->dev, rig->id)));
}

static int unload(void)
{
	return syscall(__NR_delete_module, "regbuf", O_NONBLOCK) ? -errno : 0;
}

/* C15: the module stays as long as there is a queue, with or without context */
TEST_F(teardown, module_stays)
{
	struct rb_qrig *qr = &self->qr;

	EXPECT_EQ(-EAGAIN, unload());
	ASSERT_EQ(0, park(qr));
	close(qr->rig.dev);
	qr->rig.dev = -1;
	EXPECT_EQ(-EAGAIN, unload());
	/* Nothing happened to it. */
	EXPECT_EQ(-ESHUTDOWN, rb_q_enter(&qr->q, 0, 0, 0, NULL));
}

#define LINGERERS	100

/* A connection whose other end reads nothing, closed only by its queue. */
static int lingering_queue(int dev, struct rb_queue *q)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 600 };
	char bytes[65536] = "";
	int sv[2], err;
	__u32 ep;

	if (rb_pair(NULL, AF_INET, SOCK_STREAM, sv) ||
	    setsockopt(sv[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)))
		return -1;
	while (send(sv[0], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	err = rb_q_open(dev, q, 4, 4, 0) ?:
	      rb_q_attach(q, sv[0], RB_BOTH, 0, 0, &ep);
	rb_q_unmap(q);
	close(sv[0]);
	return err;
}

static void *close_queue(void *arg)
{
	struct rb_queue *q = arg;

	close(q->fd);
	return NULL;
}

/* A process that closes all its queues at once, and is stuck in that. */
static void linger(int ready)
{
	static struct rb_queue qs[LINGERERS];
	pthread_t thread;
	int dev = rb_open();

	for (int i = 0; i < LINGERERS; i++)
		if (lingering_queue(dev, &qs[i]))
			_exit(1);
	for (int i = 0; i < LINGERERS; i++)
		if (pthread_create(&thread, NULL, close_queue, &qs[i]))
			_exit(2);
	if (write(ready, "r", 1) != 1)
		_exit(3);
	for (;;)
		pause();
}

/* What others do meanwhile: a queue, a send, a receive, and all of it closed */
static int life_goes_on(void)
{
	long pins = rb_pins();
	struct rb_qrig qr = {};
	char got[1000];
	int err;

	if (rb_qrig_loopback(&qr, AF_INET, SOCK_STREAM, LEN, ENTRIES))
		return 1;
	rb_qrig_send(&qr, 0, sizeof(got), 1);
	if (rb_q_submit_all(&qr.q) ||
	    rb_recv_all(qr.rig.far, got, sizeof(got)) ||
	    memcmp(got, qr.rig.mem, sizeof(got)) || rb_q_expect(&qr.q, 1, 0))
		return 2;
	rb_qrig_recv(&qr, 0, 10, 2);
	rb_sqe_timeout(&qr.q, RB_MSEC, 3);
	if (rb_q_submit_all(&qr.q) || rb_q_expect(&qr.q, 3, ETIME))
		return 3;
	if (rb_deregister(qr.rig.dev, qr.rig.id))
		return 4;
	close(qr.rig.near);
	qr.rig.near = -1;
	err = rb_qrig_close(&qr);
	return err || rb_pins() > pins ? 5 : 0;
}

/* C15: SO_LINGER and a peer that is stuck stall who closes, and nobody else. */
TEST_F_TIMEOUT(teardown, lingering_sockets_stall_nobody, 120)
{
	int ready[2], status;
	char byte;
	pid_t pid;

	if (!variant->loopback)
		SKIP(return, "it has its own network");
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid)
		linger(ready[1]);
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(0, life_goes_on());
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
}

#include "regbuf_main.h"
