// SPDX-License-Identifier: GPL-2.0
/*
 * What is sent: frames, that say what follows them. So whoever gets one can
 * tell whether it is what was sent, whole, once and in order.
 */
#include "soak.h"

static unsigned char byte(__u64 key, __u64 at)
{
	return word(key, at / 8) >> (at % 8 * 8);
}

/* Bytes of the pattern of a key, from one of them on. */
void pattern(void *to, size_t len, __u64 key, __u64 base)
{
	unsigned char *p = to;
	__u64 x;

	for (; len && base % 8; len--)
		*p++ = byte(key, base++);
	for (; len >= 8; len -= 8, base += 8, p += 8) {
		x = word(key, base / 8);
		memcpy(p, &x, 8);
	}
	for (; len; len--)
		*p++ = byte(key, base++);
}

bool pattern_holds(const void *mem, size_t len, __u64 key, __u64 base)
{
	const unsigned char *p = mem;
	bool same = true;
	__u64 x;

	for (; len && base % 8; len--)
		same &= *p++ == byte(key, base++);
	for (; len >= 8; len -= 8, base += 8, p += 8) {
		memcpy(&x, p, 8);
		same &= x == word(key, base / 8);
	}
	for (; len; len--)
		same &= *p++ == byte(key, base++);
	return same;
}

static __u64 frame_sum(const struct frame *f)
{
	__u64 sum = mix(f->magic, f->seq) ^ f->link;

	for (int i = 0; i < PARTS; i++)
		sum = mix(sum ^ f->parts[i].key, f->parts[i].base ^
			  f->parts[i].len ^ (__u64)f->parts[i].from << 32);
	return sum;
}

/* With its parts. */
size_t frame_len(const struct frame *f)
{
	size_t len = sizeof(*f);

	for (int i = 0; i < PARTS; i++)
		len += f->parts[i].len;
	return len;
}

void frame_seal(struct frame *f)
{
	f->sum = frame_sum(f);
}

static void frame_check(const struct frame *f)
{
	if ((f->magic != FRAME_DATA && f->magic != FRAME_END) ||
	    f->sum != frame_sum(f))
		die("received what is no frame: %#x, seq %u, link %llx",
		    f->magic, f->seq, f->link);
	w.seat->frames++;
}

/* C3, C4: in order; and at the end all that succeeded has arrived. */
static void parse_head(struct parser *p)
{
	const struct frame *f = &p->frame;

	frame_check(f);
	if (p->ended)
		die("a frame after the last one of link %llx", f->link);
	if (p->link && f->link != p->link)
		die("a frame of link %llx on link %llx", f->link, p->link);
	p->link = f->link;
	if (f->magic == FRAME_END) {
		p->ended = true;
		if (f->seq != p->frames)
			die("C4: link %llx: %u frames sent, %u received",
			    f->link, f->seq, p->frames);
		return;
	}
	if (f->seq <= p->seq)
		die("C3: link %llx: frame %u after %u", f->link, f->seq,
		    p->seq);
	p->seq = f->seq;
	p->frames++;
	p->part = 0;
	p->done = 0;
}

/* Some bytes of the head; how many. */
static size_t parse_some_head(struct parser *p, const void *bytes, size_t len)
{
	size_t want = sizeof(p->frame) - p->got;

	len = len < want ? len : want;
	memcpy((char *)&p->frame + p->got, bytes, len);
	p->got += len;
	if (p->got == sizeof(p->frame))
		parse_head(p);
	return len;
}

static size_t parse_some_part(struct parser *p, const void *bytes, size_t len)
{
	const struct part *part = &p->frame.parts[p->part];
	size_t want = part->len - p->done;

	len = len < want ? len : want;
	if (!pattern_holds(bytes, len, part->key, part->base + p->done))
		other_bytes("stream", &p->frame, p->part, bytes, len, p->done);
	p->done += len;
	return len;
}

/* On to the next part that has bytes, or to the next frame. */
static void parse_next(struct parser *p)
{
	if (p->got < sizeof(p->frame))
		return;
	while (p->part < PARTS && p->done == p->frame.parts[p->part].len) {
		p->part++;
		p->done = 0;
	}
	if (p->part == PARTS || p->ended) {
		p->got = 0;
		p->part = 0;
	}
}

/* What came next of a stream. */
void parse(struct parser *p, const void *bytes, size_t len)
{
	const char *at = bytes;
	size_t n;

	w.seat->bytes += len;
	while (len && !p->blind) {
		if (p->got < sizeof(p->frame))
			n = parse_some_head(p, at, len);
		else
			n = parse_some_part(p, at, len);
		parse_next(p);
		at += n;
		len -= n;
	}
}

void parse_datagram(const void *bytes, size_t len)
{
	const unsigned char *at = bytes + sizeof(struct frame);
	struct frame f;

	if (len < sizeof(f))
		die("a datagram of %zu bytes", len);
	memcpy(&f, bytes, sizeof(f));
	frame_check(&f);
	if (frame_len(&f) != len)
		die("a datagram of %zu bytes, sent were %zu", len,
		    frame_len(&f));
	for (int i = 0; i < PARTS; i++) {
		if (!pattern_holds(at, f.parts[i].len, f.parts[i].key,
				   f.parts[i].base))
			other_bytes("datagram", &f, i, at, f.parts[i].len, 0);
		at += f.parts[i].len;
	}
	w.seat->bytes += len;
}
