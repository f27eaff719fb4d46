// SPDX-License-Identifier: GPL-2.0
/*
 * Much data through a small pool, as a program would: every word is checked at
 * the other side, and nothing grows.
 */
#include "regbuf_test.h"

#include "kselftest_harness.h"

#define BUFFERS		16
#define BUFFER		(1UL << 20)
#define POOL		(BUFFERS * BUFFER)
#define SLICE		(64UL << 10)
#define WARM_UP		(64UL << 20)
#define PAGES		(long)(POOL / RB_PAGE)

FIXTURE(pool)
{
	struct rb_rig rig;		/* mem is all of the pool */
	__u64 ids[BUFFERS];
	__u64 sent;			/* bytes, ever */
	__u64 charged;			/* pages; whole huge ones, if any */
	bool kasan;
};

FIXTURE_SETUP(pool)
{
	struct regbuf_ioc_stats stats;

	/* Found on kernels built to find mistakes, which are slow. */
	self->kasan = !access("/sys/kernel/debug/kmemleak", F_OK);
	ASSERT_EQ(0, rb_rig_setup(&self->rig, AF_INET, SOCK_STREAM, false,
				  POOL));
	ASSERT_EQ(0, rb_deregister(self->rig.dev, self->rig.id));
	for (int i = 0; i < BUFFERS; i++)
		ASSERT_EQ(0, rb_register(self->rig.dev,
					 self->rig.mem + i * BUFFER, BUFFER,
					 RB_READ, &self->ids[i]));
	ASSERT_EQ(0, rb_stats(self->rig.dev, &stats));
	self->charged = stats.pages;
	ASSERT_LE(PAGES, self->charged);
}

FIXTURE_TEARDOWN(pool)
{
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* The stream's contents: a word that depends on its place. */
static __u64 word_at(__u64 nr)
{
	return (nr + 1) * 0x9e3779b97f4a7c15ULL;
}

/* Reads until the end; the first wrong byte, or how many were right. */
static void *read_and_check(void *arg)
{
	static __u64 words[1 << 15];
	int sock = *(int *)arg;
	size_t have = 0, nr;
	__u64 done = 0;
	ssize_t n;

	while ((n = recv(sock, (char *)words + have, sizeof(words) - have,
			 0)) > 0) {
		have += n;
		nr = have / 8;
		for (size_t i = 0; i < nr; i++, done++)
			if (words[i] != word_at(done))
				return (void *)(done * 8);
		have %= 8;
		memmove(words, words + nr, have);
	}
	return (void *)(done * 8);
}

/* Fill a buffer when it is free, and send it slice by slice. */
static void send_buffer(struct __test_metadata *_metadata,
			FIXTURE_DATA(pool) *self, unsigned int i)
{
	__u64 *words = (__u64 *)(self->rig.mem + i * BUFFER);
	struct regbuf_ioc_send msg;

	ASSERT_EQ(0, rb_wait(self->rig.dev, self->ids[i], 20 * RB_SEC));
	for (size_t w = 0; w < BUFFER / 8; w++)
		words[w] = word_at(self->sent / 8 + w);
	for (size_t off = 0; off < BUFFER; off += SLICE) {
		ASSERT_EQ(0, rb_send(self->rig.dev, self->rig.near,
				     self->ids[i], off, SLICE, &msg));
		ASSERT_EQ(SLICE, msg.sent);
	}
	self->sent += BUFFER;
}

static void send_much(struct __test_metadata *_metadata,
		      FIXTURE_DATA(pool) *self, __u64 bytes)
{
	__u64 end = self->sent + bytes;

	while (self->sent < end)
		send_buffer(_metadata, self, self->sent / BUFFER % BUFFERS);
	for (int i = 0; i < BUFFERS; i++)
		ASSERT_EQ(0, rb_wait(self->rig.dev, self->ids[i], 20 * RB_SEC));
}

/* A line of a file in /proc with a number in kB. */
static long kilobytes(const char *file, const char *key)
{
	long value, found = -1;
	char line[128], name[64];
	FILE *f = fopen(file, "re");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]: %ld", name, &value) == 2 &&
		    !strcmp(name, key))
			found = value;
	fclose(f);
	return found;
}

/*
 * C15: a leak of 64 bytes for each of the 15000 sends would be 1 MiB, a page
 * for each more than that. The sanitizer keeps what was freed for a while.
 */
TEST_F_TIMEOUT(pool, much_data_through_few_buffers, 300)
{
	__u64 bytes = self->kasan ? 256UL << 20 : 1UL << 30;
	long slack = self->kasan ? 65536 : 900;
	struct regbuf_ioc_stats stats;
	long slab, pinned, locked;
	pthread_t reader;
	void *checked;

	ASSERT_EQ(0, pthread_create(&reader, NULL, read_and_check,
				    &self->rig.far));
	send_much(_metadata, self, WARM_UP);
	EXPECT_EQ(self->rig.pins + PAGES, rb_pins());
	slab = kilobytes("/proc/meminfo", "SUnreclaim");
	pinned = kilobytes("/proc/self/status", "VmPin");
	locked = kilobytes("/proc/self/status", "VmLck");
	ASSERT_LT(0, slab);

	send_much(_metadata, self, bytes - WARM_UP);
	EXPECT_EQ(self->rig.pins + PAGES, rb_pins());
	EXPECT_EQ(pinned, kilobytes("/proc/self/status", "VmPin"));
	EXPECT_EQ(locked, kilobytes("/proc/self/status", "VmLck"));
	EXPECT_TRUE(rb_within(10, kilobytes("/proc/meminfo", "SUnreclaim") <
			      slab + slack)) {
		TH_LOG("slab: %ld kB, then %ld kB", slab,
		       kilobytes("/proc/meminfo", "SUnreclaim"));
	}

	ASSERT_EQ(0, rb_stats(self->rig.dev, &stats));
	EXPECT_EQ(bytes / SLICE, stats.sends);
	EXPECT_EQ(bytes, stats.zerocopied);
	EXPECT_EQ(bytes, rb_total(&stats));
	EXPECT_EQ(BUFFERS, stats.buffers);
	EXPECT_EQ(self->charged, stats.pages);
	ASSERT_EQ(0, shutdown(self->rig.near, SHUT_WR));
	ASSERT_EQ(0, pthread_join(reader, &checked));
	EXPECT_EQ(bytes, (__u64)checked);
}

/* C6: the same pages registered, sent, and given up over and over. */
TEST_F_TIMEOUT(pool, register_send_deregister, 120)
{
	unsigned int rounds = self->kasan ? 500 : 3000;
	struct regbuf_ioc_stats stats;
	struct regbuf_ioc_send msg;
	pthread_t reader;
	void *checked;
	__u64 id;

	ASSERT_EQ(0, pthread_create(&reader, NULL, read_and_check,
				    &self->rig.far));
	for (unsigned int i = 0; i < rounds; i++) {
		__u64 *words = (__u64 *)self->rig.mem;

		/* One page for each, at a place that is certainly idle. */
		words += i % (POOL / RB_PAGE) * (RB_PAGE / 8);
		for (size_t w = 0; w < RB_PAGE / 8; w++)
			words[w] = word_at(i * (RB_PAGE / 8) + w);
		ASSERT_EQ(0, rb_register(self->rig.dev, words, RB_PAGE,
					 RB_READ, &id));
		ASSERT_EQ(0, rb_send(self->rig.dev, self->rig.near, id, 0,
				     RB_PAGE, &msg));
		ASSERT_EQ(RB_PAGE, msg.sent);
		ASSERT_EQ(0, rb_deregister(self->rig.dev, id));
	}
	ASSERT_EQ(0, shutdown(self->rig.near, SHUT_WR));
	ASSERT_EQ(0, pthread_join(reader, &checked));
	EXPECT_EQ(rounds * RB_PAGE, (__u64)checked);
	EXPECT_TRUE(rb_within(20, rb_pins() == self->rig.pins + PAGES));
	/* Counted down behind the last of them. */
	EXPECT_TRUE(rb_within(20, !rb_stats(self->rig.dev, &stats) &&
			      stats.buffers == BUFFERS));
	EXPECT_EQ(self->charged, stats.pages);
	EXPECT_EQ(rounds, stats.sends);
}

#include "regbuf_main.h"
