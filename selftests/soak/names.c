// SPDX-License-Identifier: GPL-2.0
/*
 * Keys of patterns say whose they are, and any two words of a pattern its key
 * and where in it they are. So of bytes that should not have arrived it can be
 * told what they are.
 *
 *   63..60  worker and 1       45..20  which one of its life
 *   59..48  its life           19..0   0: room for the number of a word
 *   47..46  enum name
 */
#include "soak.h"

#define MULTIPLIER	0x9e3779b97f4a7c15ULL
#define INVERSE		0xf1de83e19937733dULL	/* of it, modulo 2^64 */

__u64 name_new(enum name what, __u32 serial)
{
	return (w.nr + 1ULL) << 60 | (w.seat->life & 0xfffULL) << 48 |
	       (__u64)what << 46 | (serial & 0x3ffffffULL) << 20;
}

__u64 word(__u64 key, __u64 nr)
{
	__u64 x = (key + nr) * MULTIPLIER;

	return x ^ x >> 29;
}

/* The sum of key and number that makes a word. */
static __u64 sum_of(const unsigned char *bytes)
{
	__u64 x;

	memcpy(&x, bytes, sizeof(x));
	return (x ^ x >> 29 ^ x >> 58) * INVERSE;
}

static const char *name_text(char *text, size_t size, __u64 key)
{
	static const char * const what[] = { "map", "request", "link", "?" };

	snprintf(text, size, "%s %llu of worker %lld, life %llu",
		 what[key >> 46 & 3], key >> 20 & 0x3ffffff,
		 (long long)(key >> 60) - 1, key >> 48 & 0xfff);
	return text;
}

/* A part of a pattern, from any byte of a word on. */
static bool is_pattern(char *text, size_t size, const unsigned char *bytes,
		       size_t len)
{
	char name[64];
	__u64 sum;

	for (size_t phase = 0; phase < 8 && phase + 16 <= len; phase++) {
		sum = sum_of(bytes + phase);
		if (sum_of(bytes + phase + 8) != sum + 1)
			continue;
		snprintf(text, size, "%s from byte %lld on",
			 name_text(name, sizeof(name), sum),
			 (long long)(sum & 0xfffff) * 8 - (long long)phase);
		return true;
	}
	return false;
}

/* What was there before a page was written, or what a child wrote. */
static bool is_fill(char *text, size_t size, const unsigned char *bytes,
		    size_t len)
{
	for (size_t i = 1; i < len; i++)
		if (bytes[i] != bytes[0])
			return false;
	snprintf(text, size, "bytes that are %#x", bytes[0]);
	return true;
}

static void describe(char *text, size_t size, const unsigned char *bytes,
		     size_t len)
{
	size_t n = 0;

	if (is_pattern(text, size, bytes, len) ||
	    is_fill(text, size, bytes, len))
		return;
	for (size_t i = 0; i < len && i < 24 && n < size; i++)
		n += snprintf(text + n, size - n, "%02x", bytes[i]);
}

static const char *from_text(char *text, size_t size, __u32 from)
{
	snprintf(text, size, "%s%s%s%s, kind %u, flags %u",
		 from & FROM_BUFFER ? "buffer" : "made up",
		 from & FROM_IMPORT ? ", imported" : "",
		 from & FROM_INDEX ? ", by index" : "",
		 from & FROM_SYNC ? ", without a queue" : "", from & FROM_KIND,
		 (from & FROM_FLAGS) >> 4);
	return text;
}

/* The first byte that is another one; @len if there is none. */
static size_t differs(const unsigned char *bytes, size_t len, __u64 key,
		      __u64 base)
{
	unsigned char byte;

	for (size_t i = 0; i < len; i++) {
		pattern(&byte, 1, key, base + i);
		if (bytes[i] != byte)
			return i;
	}
	return len;
}

/* Bytes of a part, from its byte @at on: they are not what was sent. */
void other_bytes(const char *where, const struct frame *f, unsigned int part,
		 const unsigned char *bytes, size_t len, size_t at)
{
	const struct part *p = &f->parts[part];
	size_t first = differs(bytes, len, p->key, p->base + at);
	char link[64], name[64], from[80], found[100];

	describe(found, sizeof(found), bytes + first, len - first);
	die("other bytes: %s, frame %u of %s, part %u of %u bytes, from %zu on:"
	    " %s; should be %s, byte %llu (%s)", where, f->seq,
	    name_text(link, sizeof(link), f->link), part, p->len, at + first,
	    found, name_text(name, sizeof(name), p->key),
	    p->base + at + first, from_text(from, sizeof(from), p->from));
}
