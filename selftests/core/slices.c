// SPDX-License-Identifier: GPL-2.0
/*
 * A message of many parts: all of them arrive, in order, or none does.
 */
#include "regbuf_test.h"

#include "kselftest_harness.h"

#define LEN	(1UL << 20)
#define MAX	1024		/* slices, as queried */

FIXTURE(slices)
{
	struct rb_rig rig;
	struct regbuf_ioc_query query;
	struct regbuf_ioc_send msg;
	struct regbuf_slice slices[MAX + 1];
	__u64 ids[16];			/* of 64 KiB each, all over mem */
	unsigned char expected[LEN];
};

FIXTURE_VARIANT(slices)
{
	int family;
	int type;
};

/* What is checked here does not know of addresses. */
FIXTURE_VARIANT_ADD(slices, tcp4) { AF_INET, SOCK_STREAM };
FIXTURE_VARIANT_ADD(slices, udp6) { AF_INET6, SOCK_DGRAM };

FIXTURE_SETUP(slices)
{
	ASSERT_EQ(0, rb_rig_setup(&self->rig, variant->family, variant->type,
				  false, LEN));
	self->query.size = sizeof(self->query);
	ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_QUERY, &self->query));
	ASSERT_EQ(MAX, self->query.max_slices);
	for (int i = 0; i < ARRAY_SIZE(self->ids); i++)
		ASSERT_EQ(0, rb_register(self->rig.dev,
					 self->rig.mem + i * 65536, 65536,
					 RB_READ, &self->ids[i]));
}

FIXTURE_TEARDOWN(slices)
{
	EXPECT_EQ(0, rb_rig_close(&self->rig));
}

/* Add a slice of a buffer (-1: that of all memory); its bytes are expected. */
static void add(FIXTURE_DATA(slices) *self, int buffer, __u64 offset,
		__u32 length)
{
	unsigned char *from = self->rig.mem + offset;
	__u64 id = self->rig.id;

	if (buffer >= 0) {
		id = self->ids[buffer];
		from += buffer * 65536;
	}
	memcpy(self->expected + self->msg.sent, from, length);
	self->msg.sent += length;
	self->slices[self->msg.nr_slices++] = rb_slice(id, offset, length);
}

static void add_inline(FIXTURE_DATA(slices) *self, const void *bytes,
		       __u32 length)
{
	memcpy(self->expected + self->msg.sent, bytes, length);
	self->msg.sent += length;
	self->slices[self->msg.nr_slices++] = rb_inline(bytes, length);
}

static void finish(FIXTURE_DATA(slices) *self)
{
	self->msg.size = sizeof(self->msg);
	self->msg.fd = self->rig.near;
	self->msg.slices = (unsigned long)self->slices;
}

/* Send what was added and see it arrive; msg keeps the report. */
static void check(struct __test_metadata *_metadata,
		  FIXTURE_DATA(slices) *self)
{
	__u64 total = self->msg.sent;
	struct rb_sink sink;

	finish(self);
	ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far, total));
	ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_SEND, &self->msg));
	EXPECT_EQ(total, self->msg.sent);
	EXPECT_EQ(total, self->msg.zerocopied + self->msg.copied);
	ASSERT_EQ(0, rb_sink_finish(&sink, self->expected));
	EXPECT_TRUE(rb_within(10, !rb_in_flight(self->rig.dev, self->rig.id)));
}

static void restart(FIXTURE_DATA(slices) *self)
{
	memset(&self->msg, 0, sizeof(self->msg));
}

/* What was added is refused because of its last slice; nothing was sent. */
static void check_refused(struct __test_metadata *_metadata,
			  FIXTURE_DATA(slices) *self, int err)
{
	finish(self);
	EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, err));
	for (int i = 0; i < ARRAY_SIZE(self->ids); i++)
		EXPECT_EQ(0, rb_in_flight(self->rig.dev, self->ids[i]));
	EXPECT_EQ(0, rb_rig_silent(&self->rig));
	restart(self);
}

/* C4: several parts of one buffer, in any order and alignment. */
TEST_F(slices, of_one_buffer)
{
	add(self, -1, 70001, 333);
	add(self, -1, 3, 1);
	add(self, -1, LEN - 400, 400);
	check(_metadata, self);
}

/* C4: every buffer in one message, more than fit in a small array. */
TEST_F(slices, of_many_buffers)
{
	for (int i = 15; i >= 0; i--)
		add(self, i, i * 1001, 70 + i);
	check(_metadata, self);
	for (int i = 0; i < 16; i++)
		EXPECT_EQ(0, rb_wait(self->rig.dev, self->ids[i], 10 * RB_SEC));
}

/* Hazard 6: as many slices as there may be, none of them contiguous. */
TEST_F(slices, as_many_as_allowed)
{
	for (int i = 0; i < MAX; i++)
		add(self, i % 17 - 1, (i * 4099UL) % 65000, i % 60 + 1);
	check(_metadata, self);
}

/* Hazard 6: pieces of memory around what fits in an skb, and over 32. */
TEST_F(slices, pieces_around_the_limits)
{
	for (int nr = 15; nr <= 35; nr++) {
		restart(self);
		for (int i = 0; i < nr; i++)
			add(self, i % 16, i / 16 * 8192 + 4000, 40);
		check(_metadata, self);
	}
}

/* A slice that starts in the middle and crosses many pages, beside others. */
TEST_F(slices, long_ones)
{
	add(self, 3, 4095, 20000);
	add(self, 4, 1, 20001);
	add(self, 3, 65535, 1);
	add(self, -1, 500001, 4097);
	check(_metadata, self);
}

TEST_F(slices, one_too_many_is_refused)
{
	for (int i = 0; i <= MAX; i++)
		add(self, 0, i, 1);
	check_refused(_metadata, self, -EINVAL);
	add(self, 0, 0, 1);
	self->msg.nr_slices = ~0U;
	check_refused(_metadata, self, -EINVAL);
}

/* Empty slices are nothing, wherever they are, the end of a buffer included. */
TEST_F(slices, empty_ones_among_others)
{
	add(self, 0, 0, 0);
	add(self, 1, 100, 200);
	add(self, 2, 65536, 0);
	add_inline(self, NULL, 0);
	add(self, 3, 300, 400);
	add(self, 4, 0, 0);
	check(_metadata, self);
	EXPECT_EQ(0, self->msg.copied);
}

/* C13: an inline header is copied, and said to be, to the byte. */
TEST_F(slices, inline_header_and_body)
{
	struct regbuf_ioc_stats stats;
	char header[] = "Content-Length: 1000\r\n\r\n";
	__u64 length = sizeof(header) - 1;

	add_inline(self, header, length);
	add(self, 5, 77, 1000);
	check(_metadata, self);
	EXPECT_EQ(length, self->msg.copied);
	EXPECT_EQ(1000, self->msg.zerocopied);
	EXPECT_EQ(1U << REGBUF_COPY_INLINE, self->msg.copy_reasons);
	ASSERT_EQ(0, rb_stats(self->rig.dev, &stats));
	EXPECT_EQ(length, stats.copied[REGBUF_COPY_INLINE]);
	EXPECT_EQ(1000, stats.zerocopied);
}

/* C13: the inline bytes belong to the caller again when the call returns. */
TEST_F(slices, inline_bytes_are_taken_at_once)
{
	char bytes[1200];
	struct rb_sink sink;

	rb_pattern(bytes, sizeof(bytes), 9);
	add_inline(self, bytes, 100);
	add(self, 0, 0, 50);
	add_inline(self, bytes + 100, 1100);
	finish(self);
	ASSERT_EQ(0, rb_sh("tc qdisc add dev veth0 root netem delay 500ms"));
	ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_SEND, &self->msg));
	memset(bytes, 0xee, sizeof(bytes));
	ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far, 1250));
	ASSERT_EQ(0, rb_sink_finish(&sink, self->expected));
	EXPECT_EQ(1200, self->msg.copied);
}

/* A message may be all inline, up to the limit; the limit is on the sum. */
TEST_F(slices, inline_only)
{
	unsigned int max = self->query.max_inline;
	unsigned char *bytes = self->rig.mem;

	ASSERT_LT(1, max);
	ASSERT_GT(LEN / 2, max);
	add_inline(self, bytes, 1);
	check(_metadata, self);
	EXPECT_EQ(1, self->msg.copied);

	restart(self);
	add_inline(self, bytes + 5, max / 2);
	add_inline(self, bytes + 9, max - max / 2);
	check(_metadata, self);
	EXPECT_EQ(max, self->msg.copied);
	EXPECT_EQ(0, self->msg.zerocopied);
	EXPECT_EQ(1U << REGBUF_COPY_INLINE, self->msg.copy_reasons);

	restart(self);
	add(self, 0, 0, 10);
	add_inline(self, bytes, max);
	add_inline(self, bytes, 1);
	check_refused(_metadata, self, -EMSGSIZE);
	add_inline(self, bytes, 1);
	self->slices[0].length = ~0U;
	check_refused(_metadata, self, -EMSGSIZE);
}

/* C17: inline bytes that end at a hole in memory. */
TEST_F(slices, inline_that_cannot_be_read)
{
	char *edge = rb_mem(2 * RB_PAGE);

	ASSERT_NE(NULL, edge);
	ASSERT_EQ(0, munmap(edge + RB_PAGE, RB_PAGE));
	add(self, 0, 0, 10);
	add_inline(self, edge + RB_PAGE - 50, 50);
	self->slices[1].length = 51;
	check_refused(_metadata, self, -EFAULT);

	add(self, 0, 0, 10);
	self->slices[self->msg.nr_slices++] = rb_inline(NULL, 1);
	check_refused(_metadata, self, -EFAULT);

	/* Kernel memory. */
	add(self, 0, 0, 10);
	self->slices[self->msg.nr_slices++] =
		rb_inline((void *)0xffff888000000000UL, 8);
	check_refused(_metadata, self, -EFAULT);
}

TEST_F(slices, inline_with_an_offset_is_refused)
{
	add_inline(self, "hello", 5);
	self->slices[0].offset = 1;
	check_refused(_metadata, self, -EINVAL);
}

/* C5, S13: outside a buffer, by one and by a wrap, in the last slice only. */
TEST_F(slices, outside_the_buffer)
{
	static const struct { __u64 offset; __u32 length; } bad[] = {
		{ 65535, 2 },			/* one past the end */
		{ 0, 65537 },
		{ 65536, 1 },			/* starts at the end */
		{ 65537, 0 },			/* past it, and empty */
		{ 1ULL << 32, 1 },		/* 0 in 32 bits */
		{ ~0ULL, 2 },			/* wraps to 1 */
		{ ~0ULL, 1 },
		{ -4096ULL, 8192 },
		{ 1ULL << 63, 16 },
		{ 10, ~0U },
		{ 65535, ~0U },
	};

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		add(self, 2, 0, 10);
		add(self, 3, 0, 10);
		self->slices[1].offset = bad[i].offset;
		self->slices[1].length = bad[i].length;
		check_refused(_metadata, self, -EFAULT);
	}
	add(self, 3, 65535, 1);
	check(_metadata, self);
}

/* C5, S19: ids that never were, or are not any more, in the last slice only. */
TEST_F(slices, bad_ids)
{
	__u64 unknown[] = { REGBUF_ID_NONE, 0xffffffff, ~0ULL,
			    self->ids[0] & 0xffffffff,
			    self->ids[0] + (1ULL << 40),
			    self->ids[0] | 0xfffff };
	__u64 dead = self->ids[7];

	for (int i = 0; i < ARRAY_SIZE(unknown); i++) {
		add(self, 0, 0, 10);
		add(self, 0, 0, 10);
		self->slices[1].id = unknown[i];
		check_refused(_metadata, self, -ENOENT);
	}
	ASSERT_EQ(0, rb_deregister(self->rig.dev, dead));
	ASSERT_EQ(0, rb_register(self->rig.dev, self->rig.mem, 65536, RB_READ,
				 &self->ids[7]));
	ASSERT_NE(dead, self->ids[7]);
	add(self, 0, 0, 10);
	add(self, 7, 0, 10);
	self->slices[1].id = dead;
	check_refused(_metadata, self, -ESTALE);

	/* An empty slice names a buffer all the same. */
	add(self, 0, 0, 10);
	add(self, 7, 0, 0);
	self->slices[1].id = dead;
	check_refused(_metadata, self, -ESTALE);
}

/* C5: ids belong to a context. */
TEST_F(slices, id_of_another_context)
{
	int other = rb_open();
	__u64 id;

	ASSERT_LE(0, other);
	/* Into a slot that this context has not used. */
	for (int i = 0; i < 30; i++)
		ASSERT_EQ(0, rb_register(other, self->rig.mem, 4096, RB_READ,
					 &id));
	add(self, 0, 0, 10);
	add(self, 0, 0, 10);
	self->slices[1].id = id;
	check_refused(_metadata, self, -ENOENT);
	close(other);
}

/* C7: what may only be received into is not sent from. */
TEST_F(slices, without_the_right_to_read)
{
	__u64 id;

	ASSERT_EQ(0, rb_register(self->rig.dev, self->rig.mem, 4096, RB_WRITE,
				 &id));
	add(self, 0, 0, 10);
	add(self, 0, 0, 10);
	self->slices[1].id = id;
	check_refused(_metadata, self, -EACCES);

	ASSERT_EQ(0, rb_register(self->rig.dev, self->rig.mem, 4096,
				 RB_READ | RB_WRITE, &id));
	add(self, 0, 0, 10);
	self->slices[0].id = id;
	check(_metadata, self);
}

/* C17: the array of slices is somewhere bad, or half of it is. */
TEST_F(slices, array_that_cannot_be_read)
{
	const size_t two = 2 * sizeof(struct regbuf_slice);
	char *edge = rb_mem(2 * RB_PAGE);
	unsigned long bad[] = { 0, 1UL << 63, -RB_PAGE,
				(unsigned long)edge + RB_PAGE,
				/* the second is cut in two */
				(unsigned long)edge + RB_PAGE - two + 8 };

	ASSERT_NE(NULL, edge);
	ASSERT_EQ(0, munmap(edge + RB_PAGE, RB_PAGE));
	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		add(self, 0, 0, 10);
		add(self, 0, 20, 10);
		if (i == 4)
			memcpy((void *)bad[i], self->slices, two - 8);
		finish(self);
		self->msg.slices = bad[i];
		EXPECT_EQ(0, rb_rig_refuses(&self->rig, &self->msg, -EFAULT));
		EXPECT_EQ(0, rb_in_flight(self->rig.dev, self->ids[0]));
		EXPECT_EQ(0, rb_rig_silent(&self->rig));
		restart(self);
	}
}

TEST_F(slices, unknown_flags_are_refused)
{
	for (__u32 flag = REGBUF_SLICE_F_ALL + 1; flag; flag <<= 1) {
		add(self, 0, 0, 10);
		add(self, 0, 0, 10);
		self->slices[1].flags = flag;
		check_refused(_metadata, self, -EOPNOTSUPP);
	}
	for (__u32 flag = REGBUF_SEND_F_ALL + 1; flag; flag <<= 1) {
		add(self, 0, 0, 10);
		self->msg.flags = flag;
		check_refused(_metadata, self, -EOPNOTSUPP);
	}
}

/* C19: the same bytes any number of times, overlapping, under several ids. */
TEST_F(slices, overlapping)
{
	for (int i = 0; i < 60; i++)
		add(self, i % 2 - 1, 100 + i % 5, 20);
	check(_metadata, self);
	restart(self);
	for (int i = 0; i < 7; i++)
		add(self, 3, 4096, 8192);
	check(_metadata, self);
}

/* The same memory many times over, side by side. */
static unsigned char *repeated(size_t once, size_t times)
{
	unsigned char *mem = rb_map(once * times, PROT_NONE, MAP_NORESERVE);
	int fd = memfd_create("once", 0);

	if (!mem || fd < 0 || ftruncate(fd, once))
		return NULL;
	for (size_t i = 0; i < times; i++)
		if (mmap(mem + i * once, once, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			return NULL;
	close(fd);
	rb_pattern(mem, once, 3);
	return mem;
}

/* Peers' overflows: a total that is 100 if counted in 32 bits. */
TEST_F(slices, longer_than_32_bits_in_total)
{
	const size_t part = 64 << 20, parts = (1ULL << 32) / part;
	unsigned char *mem = repeated(LEN, part / LEN);
	struct regbuf_slice *slices = self->slices;
	struct rb_sink sink;
	__u64 id;

	ASSERT_NE(NULL, mem);
	ASSERT_EQ(0, rb_register(self->rig.dev, mem, part, RB_READ, &id));
	for (int i = 0; i < parts; i++)
		slices[i] = rb_slice(id, 0, part);
	slices[parts] = rb_slice(id, 0, 100);
	self->msg.nr_slices = parts + 1;
	if (variant->type == SOCK_DGRAM) {
		check_refused(_metadata, self, -EMSGSIZE);
	} else {
		finish(self);
		self->msg.flags = REGBUF_SEND_F_DONTWAIT;
		ASSERT_EQ(0, rb_ioctl(self->rig.dev, REGBUF_IOC_SEND,
				      &self->msg));
		ASSERT_LT(0, self->msg.sent);
		ASSERT_GT(part, self->msg.sent);
		ASSERT_EQ(0, rb_sink_start(&sink, self->rig.far,
					   self->msg.sent));
		EXPECT_EQ(0, rb_sink_finish(&sink, mem));
	}
	EXPECT_EQ(0, rb_wait(self->rig.dev, id, 10 * RB_SEC));
	EXPECT_EQ(0, rb_deregister(self->rig.dev, id));
}

/*
 * C17: another thread rewrites the request while it is read. Nobody else's
 * memory may ever go out: what is beside the buffer is full of canaries.
 */
#define CANARY	0xa5
#define SHOTS	4000

struct scribbler {
	struct regbuf_slice slices[4];
	struct regbuf_ioc_send msg;
	__u64 ids[2];
	volatile int stop;
	bool stream;
	int sock;
};

static void *scribble(void *arg)
{
	struct scribbler *s = arg;
	unsigned int i = 0;

	while (!s->stop) {
		struct regbuf_slice *slice = &s->slices[i % 4];

		i = i * 1103515245 + 12345;
		slice->id = s->ids[i >> 16 & 1] + (i >> 20 & 31 ? 0 : 1);
		slice->offset = i >> 17 & 3 ? i >> 18 & 4095 : -(i >> 18 & 255);
		slice->length = i >> 15 & 1 ? i >> 19 & 255 : i >> 14 & 8191;
		s->msg.nr_slices = i >> 21 & 7;
		if (s->msg.nr_slices > 4)
			s->msg.nr_slices = 4;
		s->msg.flags = i >> 22 & 1 ? 0 : i >> 23;
		s->msg.sent = i;
	}
	return NULL;
}

/* Read all there is until the end; the first canary, or 0. */
static void *look_for_canaries(void *arg)
{
	struct scribbler *s = arg;
	static unsigned char data[65536];
	unsigned char *found = NULL;
	ssize_t n;

	do {
		n = recv(s->sock, data, sizeof(data), 0);
		if (n > 0 && !found)
			found = memchr(data, CANARY, n);
	} while (n > 0 || (n < 0 && (s->stream || !s->stop)));
	return found;
}

static void start_scribbler(struct __test_metadata *_metadata,
			    FIXTURE_DATA(slices) *self,
			    const FIXTURE_VARIANT(slices) *variant,
			    struct scribbler *s)
{
	unsigned char *mem = rb_map(64 * RB_PAGE, PROT_READ | PROT_WRITE, 0);
	struct timeval tv = { .tv_usec = 100000 };

	ASSERT_NE(NULL, mem);
	memset(mem, CANARY, 64 * RB_PAGE);
	for (int i = 0; i < 2; i++) {
		/* Not whole pages, so that canaries share the pinned ones. */
		unsigned char *part = mem + (20 * i + 10) * RB_PAGE + 100;

		memset(part, i + 1, 4096);
		ASSERT_EQ(0, rb_register(self->rig.dev, part, 4096, RB_READ,
					 &s->ids[i]));
	}
	s->sock = self->rig.far;
	s->stream = variant->type == SOCK_STREAM;
	/* The end of datagrams is silence. */
	setsockopt(s->sock, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

TEST_F_TIMEOUT(slices, scribbled_over, 120)
{
	struct scribbler s = {};
	struct regbuf_ioc_stats stats;
	pthread_t writer, reader;
	__u64 sends = 0;
	void *canary;

	start_scribbler(_metadata, self, variant, &s);
	ASSERT_EQ(0, pthread_create(&reader, NULL, look_for_canaries, &s));
	ASSERT_EQ(0, pthread_create(&writer, NULL, scribble, &s));
	for (int i = 0; i < SHOTS || !sends; i++) {
		s.msg.size = sizeof(s.msg);
		s.msg.fd = self->rig.near;
		s.msg.addr = 0;
		s.msg.addr_len = 0;
		s.msg.slices = (unsigned long)s.slices;
		sends += !rb_ioctl(self->rig.dev, REGBUF_IOC_SEND, &s.msg);
	}
	s.stop = 1;
	ASSERT_EQ(0, pthread_join(writer, NULL));
	shutdown(self->rig.near, SHUT_WR);
	ASSERT_EQ(0, pthread_join(reader, &canary));
	EXPECT_EQ(NULL, canary);
	ASSERT_EQ(0, rb_stats(self->rig.dev, &stats));
	EXPECT_GE(sends, stats.sends);
	EXPECT_EQ(0, rb_wait(self->rig.dev, s.ids[0], 10 * RB_SEC));
	EXPECT_EQ(0, rb_wait(self->rig.dev, s.ids[1], 10 * RB_SEC));
}

#include "regbuf_main.h"
