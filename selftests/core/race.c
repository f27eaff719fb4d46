// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once, for the sanitizers to look at; and then it must all add
 * up and be gone. By iterations, so that a slow machine does the same.
 */
#include "regbuf_test.h"

#include "kselftest_harness.h"

#define LEN	(256UL << 10)
#define SENDERS	3
#define ROUNDS	400
#define SLOTS	8

FIXTURE(race)
{
	struct rb_rig rig;
	volatile int stop;
	volatile __u64 ids[SLOTS];	/* come and go */
	__u64 total;			/* bytes that senders were told of */
	__u64 sends;
	__u64 wrong;			/* errors that must not be */
};

FIXTURE_VARIANT(race)
{
	int family;
	int type;
	bool loopback;
};

FIXTURE_VARIANT_ADD(race, tcp4) { AF_INET, SOCK_STREAM };
FIXTURE_VARIANT_ADD(race, udp6) { AF_INET6, SOCK_DGRAM };
FIXTURE_VARIANT_ADD(race, tcp6_loopback) { AF_INET6, SOCK_STREAM, true };

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, rb_rig_setup(&self->rig, variant->family, variant->type,
				  variant->loopback, LEN));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

struct sender {
	FIXTURE_DATA(race) *self;
	int sv[2];
	unsigned int seed;
	pthread_t thread, drain;
};

static unsigned int next(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 12;
}

/* Read and forget, until the end; of datagrams a timeout after the last. */
static void *drain(void *arg)
{
	struct sender *s = arg;
	static __thread char data[65536];
	struct timeval tv = { .tv_usec = 200000 };
	socklen_t size = sizeof(int);
	int type = 0;
	ssize_t n;

	setsockopt(s->sv[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	getsockopt(s->sv[1], SOL_SOCKET, SO_TYPE, &type, &size);
	do {
		n = recv(s->sv[1], data, sizeof(data), 0);
	} while (n > 0 || (n < 0 && errno == EAGAIN &&
			   (type == SOCK_STREAM || !s->self->stop)));
	return NULL;
}

/* Send from the buffer of all and from one that comes and goes. */
static void *send_all_the_time(void *arg)
{
	struct sender *s = arg;
	FIXTURE_DATA(race) *self = s->self;
	struct regbuf_slice slices[3];
	struct regbuf_ioc_send msg;
	__u32 length;
	int err;

	for (int i = 0; i < ROUNDS; i++) {
		length = next(&s->seed) % 1300;
		slices[0] = rb_slice(self->rig.id, next(&s->seed) % 100000,
				     length + 1);
		slices[1] = rb_inline("head", 4);
		slices[2] = rb_slice(self->ids[next(&s->seed) % SLOTS], 0, 50);
		msg = rb_msg(s->sv[0], slices, 1 + next(&s->seed) % 3);
		err = rb_ioctl(self->rig.dev, REGBUF_IOC_SEND, &msg);
		if (!err) {
			__sync_fetch_and_add(&self->total, msg.sent);
			__sync_fetch_and_add(&self->sends, 1);
			err = msg.zerocopied + msg.copied != msg.sent;
		} else if (err == -ESTALE || err == -ENOENT ||
			   err == -EAGAIN || err == -ENOBUFS) {
			err = 0;
		}
		if (err) {
			fprintf(stderr, "# send: %d\n", err);
			__sync_fetch_and_add(&self->wrong, 1);
		}
	}
	return NULL;
}

/* Register and deregister, in each of the ways. */
static void *come_and_go(void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	struct regbuf_ioc_deregister dereg;
	unsigned int seed = 5, slot;
	__u64 id;
	int err;

	while (!self->stop) {
		slot = next(&seed) % SLOTS;
		dereg = (struct regbuf_ioc_deregister){
			.size = sizeof(dereg),
			.flags = next(&seed) % 3,
			.id = self->ids[slot],
			.timeout_ns = 0,
		};
		err = rb_ioctl(self->rig.dev, REGBUF_IOC_DEREGISTER, &dereg);
		if (err == -EBUSY)
			continue;
		if (err && err != -ENOENT && err != -EINPROGRESS)
			__sync_fetch_and_add(&self->wrong, 1);
		err = rb_register(self->rig.dev, self->rig.mem + slot * 4096,
				  8192, RB_READ, &id);
		if (err)
			__sync_fetch_and_add(&self->wrong, 1);
		self->ids[slot] = err ? 0 : id;
	}
	return NULL;
}

/* Look at everything. */
static void *look(void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	struct regbuf_ioc_status status;
	struct regbuf_ioc_stats stats;
	__u64 before = 0;
	int err;

	for (unsigned int i = 0; !self->stop; i++) {
		err = rb_stats(self->rig.dev, &stats);
		/* What was sent does not go back. */
		if (err || stats.sends < before)
			__sync_fetch_and_add(&self->wrong, 1);
		before = stats.sends;
		err = rb_status(self->rig.dev, self->ids[i % SLOTS], &status);
		if (err && err != -ESTALE && err != -ENOENT)
			__sync_fetch_and_add(&self->wrong, 1);
		err = rb_wait(self->rig.dev, self->rig.id, 1000000);
		if (err && err != -ETIMEDOUT)
			__sync_fetch_and_add(&self->wrong, 1);
	}
	return NULL;
}

static void start_senders(struct __test_metadata *_metadata,
			  FIXTURE_DATA(race) *self,
			  const FIXTURE_VARIANT(race) *variant,
			  struct sender *senders)
{
	for (int i = 0; i < SENDERS; i++) {
		struct sender *s = &senders[i];

		s->self = self;
		s->seed = i * 77 + 1;
		ASSERT_EQ(0, rb_pair(variant->loopback ? NULL : &self->rig.net,
				     variant->family, variant->type, s->sv));
		ASSERT_EQ(0, pthread_create(&s->drain, NULL, drain, s));
		ASSERT_EQ(0, pthread_create(&s->thread, NULL,
					    send_all_the_time, s));
	}
}

static void finish_senders(struct __test_metadata *_metadata,
			   FIXTURE_DATA(race) *self, struct sender *senders)
{
	for (int i = 0; i < SENDERS; i++)
		ASSERT_EQ(0, pthread_join(senders[i].thread, NULL));
	self->stop = 1;
	for (int i = 0; i < SENDERS; i++) {
		shutdown(senders[i].sv[0], SHUT_WR);
		ASSERT_EQ(0, pthread_join(senders[i].drain, NULL));
	}
}

/* Peers' lock and quiesce bugs; C19, C6, C13: it all adds up in the end. */
TEST_F_TIMEOUT(race, all_calls_at_once, 120)
{
	struct sender senders[SENDERS];
	struct regbuf_ioc_stats stats;
	pthread_t others[3];
	int mine = 0;

	start_senders(_metadata, self, variant, senders);
	ASSERT_EQ(0, pthread_create(&others[0], NULL, come_and_go, self));
	ASSERT_EQ(0, pthread_create(&others[1], NULL, look, self));
	ASSERT_EQ(0, pthread_create(&others[2], NULL, look, self));
	finish_senders(_metadata, self, senders);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_join(others[i], NULL));

	EXPECT_EQ(0, self->wrong);
	EXPECT_LT(0, self->sends);
	EXPECT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 20 * RB_SEC));
	ASSERT_EQ(0, rb_stats(self->rig.dev, &stats));
	EXPECT_EQ(self->sends, stats.sends);
	EXPECT_EQ(self->total, rb_total(&stats));
	for (int i = 0; i < SLOTS; i++)
		mine += !rb_deregister(self->rig.dev, self->ids[i]);
	EXPECT_LT(0, mine);
	/* Those deregistered in flight are through by now, or soon. */
	EXPECT_TRUE(rb_within(20, !rb_stats(self->rig.dev, &stats) &&
			      stats.buffers == 1));
	EXPECT_EQ(LEN / RB_PAGE, stats.pages);
	EXPECT_EQ(self->rig.pins + (long)(LEN / RB_PAGE), rb_pins());
	for (int i = 0; i < SENDERS; i++) {
		close(senders[i].sv[0]);
		close(senders[i].sv[1]);
	}
}

/* Sends to a descriptor that another thread closes and opens again. */
static void *reopen(void *arg)
{
	struct sender *s = arg;
	int sv[2] = { -1, -1 };

	for (int i = 0; i < 30; i++) {
		if (rb_pair(NULL, AF_INET, SOCK_DGRAM, sv) ||
		    dup2(sv[0], s->sv[0]) < 0)
			__sync_fetch_and_add(&s->self->wrong, 1);
		close(sv[0]);
		close(sv[1]);
		usleep(1000);
	}
	return NULL;
}

/* Hazard 12: a socket is closed while it is sent on. */
TEST_F_TIMEOUT(race, socket_is_closed_under_a_send, 60)
{
	struct regbuf_ioc_send msg;
	struct regbuf_ioc_stats stats;
	struct sender s = { self, { self->rig.near, self->rig.far } };
	__u64 total = 0, sends = 0;
	int err;

	ASSERT_EQ(0, pthread_create(&s.drain, NULL, drain, &s));
	ASSERT_EQ(0, pthread_create(&s.thread, NULL, reopen, &s));
	for (int i = 0; i < 1000; i++) {
		err = rb_rig_send(&self->rig, i, 1000, &msg);
		total += err ? 0 : msg.sent;
		sends += !err;
		if (err && err != -ECONNREFUSED)
			self->wrong++;
	}
	ASSERT_EQ(0, pthread_join(s.thread, NULL));
	self->stop = 1;
	ASSERT_EQ(0, pthread_join(s.drain, NULL));
	EXPECT_EQ(0, self->wrong);
	EXPECT_EQ(0, rb_wait(self->rig.dev, self->rig.id, 20 * RB_SEC));
	ASSERT_EQ(0, rb_stats(self->rig.dev, &stats));
	EXPECT_EQ(sends, stats.sends);
	EXPECT_EQ(total, rb_total(&stats));
}

/* Blocked in a send when the socket's other end, or the device, goes. */
static void *block_in_send(void *arg)
{
	struct rb_rig *rig = arg;
	struct regbuf_ioc_send msg;

	return (void *)(long)rb_rig_send(rig, 0, LEN, &msg);
}

/* C15: the device is closed while other threads are inside. */
TEST_F_TIMEOUT(race, device_is_closed_under_calls, 60)
{
	struct rb_rig *rig = &self->rig;
	struct sender s = { self, { rig->near, rig->far } };
	pthread_t threads[4];
	void *result;

	ASSERT_EQ(0, pthread_create(&s.drain, NULL, drain, &s));
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL,
						    block_in_send, rig));
		close(rig->dev);
		for (int i = 0; i < 4; i++) {
			ASSERT_EQ(0, pthread_join(threads[i], &result));
			/* It was in, or it came too late. */
			EXPECT_TRUE(!result || (long)result == -EBADF ||
				    (variant->type == SOCK_DGRAM &&
				     (long)result == -EMSGSIZE));
		}
		rig->dev = rb_open();
		ASSERT_LE(0, rig->dev);
		ASSERT_EQ(0, rb_register(rig->dev, rig->mem, LEN, RB_READ,
					 &rig->id));
	}
	shutdown(rig->near, SHUT_WR);
	self->stop = 1;
	ASSERT_EQ(0, pthread_join(s.drain, NULL));
}

#include "regbuf_main.h"
