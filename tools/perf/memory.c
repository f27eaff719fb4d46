// SPDX-License-Identifier: GPL-2.0
/*
 * What is sent: slots, each with the message's bytes for good, so that nobody
 * has to fill them. Both ends know them. A stream is the slots over and over; a
 * datagram begins with the number of its slot, as far as it has room for that.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "perf.h"

#define HUGE	((size_t)2 << 20)

static size_t used(const struct test *test)
{
	return (size_t)test->slots * test->opt.size;
}

/* No period that a message or a page could have. */
static void fill(struct test *test)
{
	uint64_t x = 0x9e3779b97f4a7c15ull;
	size_t i, n = used(test);

	for (i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		test->memory[i] = x >> 32;
	}
}

/* In a byte order that both ends have. */
static void number_slots(struct test *test)
{
	size_t i, byte, size = test->opt.size;

	for (i = 0; i < test->slots; i++)
		for (byte = 0; byte < size && byte < 4; byte++)
			test->memory[i * size + byte] = i >> (8 * byte);
}

int memory_open(struct test *test)
{
	size_t length = (used(test) + HUGE - 1) & ~(HUGE - 1);

	test->memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (test->memory == MAP_FAILED) {
		test->memory = NULL;
		return perf_fail(test, "memory for the messages", -errno);
	}
	test->length = length;
	if (madvise(test->memory, length, test->opt.huge ? MADV_HUGEPAGE :
							   MADV_NOHUGEPAGE) &&
	    test->opt.huge)
		return perf_fail(test, "huge pages", -errno);
	fill(test);
	number_slots(test);
	return 0;
}

void memory_close(struct test *test)
{
	if (test->memory)
		munmap(test->memory, test->length);
}

static void check_stream(struct stream *s, const char *data, size_t n)
{
	size_t at, part, all = used(s->test);
	bool same = true;

	for (; n; n -= part, data += part) {
		at = s->position % all;
		part = n < all - at ? n : all - at;
		same &= !memcmp(data, s->test->memory + at, part);
		s->position += part;
	}
	s->bad += !same;
}

static void check_datagram(struct stream *s, const char *data, size_t n)
{
	const struct test *test = s->test;
	size_t byte, size = test->opt.size;
	unsigned int slot = 0;

	for (byte = 0; byte < n && byte < 4; byte++)
		slot |= (unsigned int)(unsigned char)data[byte] << (8 * byte);
	if (n != size || (size >= 4 && slot >= test->slots) ||
	    memcmp(data, test->memory + slot % test->slots * size, n)) {
		s->bad++;
		return;
	}
	/* Shorter than a number: it is known in part. */
	if (size < 4)
		return;
	s->gaps += slot != s->next;
	s->next = (slot + 1) % test->slots;
}

void memory_received(struct stream *s, const char *data, size_t n)
{
	const struct options *opt = &s->test->opt;

	perf_add(&s->bytes, n);
	if (opt->udp) {
		perf_add(&s->messages, 1);
		if (opt->verify)
			check_datagram(s, data, n);
		return;
	}
	if (opt->verify)
		check_stream(s, data, n);
	__atomic_store_n(&s->messages, s->bytes / opt->size, __ATOMIC_RELAXED);
}
