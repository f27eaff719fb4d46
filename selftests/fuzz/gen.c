// SPDX-License-Identifier: GPL-2.0
/*
 * Random programs: from nothing, or from others.
 */
#include "fuzz.h"
#include "world.h"

#include <string.h>

#define FEW		6	/* calls of a new program, at least */
#define FAULTS		12	/* allocations that may fail in a call */

static const __u64 numbers[] = {
	0, 1, 2, 3, 7, 8, 16, 63, 64, 255, 256, 1000, 4095, 4096, 4097, 65535,
	65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 1ULL << 32,
	(1ULL << 32) + 1, 1ULL << 47, 1ULL << 62, ~0ULL >> 1, 1ULL << 63,
	~0ULL - 4095, ~0ULL - 1, ~0ULL,
};

static const __u64 lengths[] = {
	0, 1, 8, 28, 64, 100, 255, 256, 1000, 1024, 1400, 1472, 4095, 4096,
	4096, 4096, 4097, 8192, 8192, 12288, 16384, 16384, 32768, 65507, 65536,
	FZ_ARENA_SIZE, FZ_ARENA_SIZE + 1,
};

static const __u64 times[] = {
	0, 0, 1, 1000, 100000, 1000000, 5000000, ~0ULL,
};

static const __u64 counts[] = {
	0, 1, 1, 2, 2, 3, 4, 4, 5, 8, 8, 16, 32, 64, 1024, 65536,
};

#define FZ_ONE_OF(rng, array) \
	((array)[fz_below(rng, ARRAY_SIZE(array))])

void fz_seed(struct fz_rng *rng, __u64 seed)
{
	rng->state = seed * 0x9e3779b97f4a7c15ULL + 0x1234567;
	fz_random(rng);
}

/* splitmix64 */
__u64 fz_random(struct fz_rng *rng)
{
	__u64 x = rng->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

__u32 fz_below(struct fz_rng *rng, __u32 limit)
{
	return limit ? (fz_random(rng) >> 16) % limit : 0;
}

__u64 fz_interesting(struct fz_rng *rng)
{
	switch (fz_below(rng, 4)) {
	case 0:
		return fz_random(rng);
	case 1:
		return 1ULL << fz_below(rng, 64);
	default:
		return FZ_ONE_OF(rng, numbers);
	}
}

static __u64 fz_bits(struct fz_rng *rng, __u64 mask)
{
	int highest;

	switch (fz_below(rng, 8)) {
	case 0:
	case 1:
	case 2:
		return 0;
	case 3:
	case 4:
	case 5:
		highest = 64 - __builtin_clzll(mask);
		return mask & (1ULL << fz_below(rng, highest));
	default:
		return fz_random(rng) & mask;
	}
}

static __u64 fz_somewhere(struct fz_rng *rng)
{
	static const __u32 in_page[] = { 0, 0, 0, 0, 1, 8, 64, 4000, 4095 };
	__u64 at;

	if (!fz_below(rng, 20))
		return FZ_WILD + fz_below(rng, 8);
	at = fz_below(rng, 4) ? fz_below(rng, 8) : fz_below(rng, 64);
	return at * FZ_PAGE + FZ_ONE_OF(rng, in_page);
}

static __u64 fz_value(struct fz_rng *rng, enum fz_kind kind, __u64 max)
{
	if (kind != FZ_NONE && !fz_below(rng, 60))
		return fz_interesting(rng);
	switch (kind) {
	case FZ_PICK:
		return fz_below(rng, max);
	case FZ_BITS:
		return fz_bits(rng, max);
	case FZ_ADDR:
		return fz_somewhere(rng);
	case FZ_LEN:
		return FZ_ONE_OF(rng, lengths);
	case FZ_OFF:
		return fz_below(rng, 3) ? 0 : FZ_ONE_OF(rng, lengths);
	case FZ_TIME:
		return FZ_ONE_OF(rng, times);
	case FZ_COUNT:
		return FZ_ONE_OF(rng, counts);
	case FZ_BUF:
		return fz_below(rng, 16) ? fz_below(rng, 4) :
		       FZ_RAW + fz_below(rng, 8);
	case FZ_ANY:
		return fz_interesting(rng);
	default:
		return 0;
	}
}

static unsigned int fz_pick_desc(struct fz_rng *rng)
{
	unsigned int sum = 0, i;

	for (i = 0; i < fz_nr_descs; i++)
		sum += fz_descs[i].weight;
	sum = fz_below(rng, sum);
	for (i = 0; sum >= fz_descs[i].weight; i++)
		sum -= fz_descs[i].weight;
	return i;
}

static void fz_new_call(struct fz_rng *rng, struct fz_call *call)
{
	const struct fz_desc *desc;
	int i;

	memset(call, 0, sizeof(*call));
	call->nr = fz_pick_desc(rng);
	desc = &fz_descs[call->nr];
	for (i = 0; i < FZ_ARGS; i++)
		call->arg[i] = fz_value(rng, desc->arg[i].kind,
					desc->arg[i].max);
	call->aside = !fz_below(rng, 8);
	if (desc->ours && !fz_below(rng, 16))
		call->nth = 1 + fz_below(rng, FAULTS);
}

void fz_generate(struct fz_rng *rng, struct fz_prog *prog)
{
	__u32 i;

	prog->nr = FEW + fz_below(rng, FZ_CALLS - FEW);
	for (i = 0; i < prog->nr; i++)
		fz_new_call(rng, &prog->call[i]);
}

/* Make place for a call at @at; the last one gives way. */
static void fz_shift(struct fz_prog *prog, __u32 at)
{
	if (prog->nr < FZ_CALLS)
		prog->nr++;
	memmove(&prog->call[at + 1], &prog->call[at],
		(prog->nr - 1 - at) * sizeof(prog->call[0]));
}

static void fz_insert(struct fz_rng *rng, struct fz_prog *prog)
{
	__u32 at = fz_below(rng, prog->nr + 1);

	if (at == FZ_CALLS)
		at--;
	fz_shift(prog, at);
	fz_new_call(rng, &prog->call[at]);
}

static void fz_repeat(struct fz_rng *rng, struct fz_prog *prog)
{
	__u32 from = fz_below(rng, prog->nr), at = fz_below(rng, prog->nr);
	struct fz_call call = prog->call[from];

	fz_shift(prog, at);
	prog->call[at] = call;
}

static void fz_remove(struct fz_rng *rng, struct fz_prog *prog)
{
	__u32 at = fz_below(rng, prog->nr);

	if (prog->nr < 2)
		return;
	prog->nr--;
	memmove(&prog->call[at], &prog->call[at + 1],
		(prog->nr - at) * sizeof(prog->call[0]));
}

static void fz_alter(struct fz_rng *rng, struct fz_prog *prog)
{
	struct fz_call *call = &prog->call[fz_below(rng, prog->nr)];
	const struct fz_desc *desc = &fz_descs[call->nr];
	int i = fz_below(rng, FZ_ARGS);

	if (!desc->arg[0].kind)
		return;
	while (desc->arg[i].kind == FZ_NONE)
		i = fz_below(rng, FZ_ARGS);
	switch (fz_below(rng, 6)) {
	case 0:
		call->arg[i] ^= 1ULL << fz_below(rng, 16);
		break;
	case 1:
		call->arg[i] += (int)fz_below(rng, 9) - 4;
		break;
	default:
		call->arg[i] = fz_value(rng, desc->arg[i].kind,
					desc->arg[i].max);
	}
}

/* Where anything may stand, in rings above all, something else. */
static void fz_lie(struct fz_rng *rng, struct fz_prog *prog)
{
	unsigned int tries, i;

	for (tries = 0; tries < 8; tries++) {
		struct fz_call *call = &prog->call[fz_below(rng, prog->nr)];

		for (i = 0; i < FZ_ARGS; i++) {
			if (fz_descs[call->nr].arg[i].kind != FZ_ANY)
				continue;
			call->arg[i] = fz_interesting(rng);
			return;
		}
	}
}

/* The rest of another program, from somewhere in it. */
static void fz_splice(struct fz_rng *rng, struct fz_prog *prog,
		      const struct fz_prog *other)
{
	__u32 from = fz_below(rng, other->nr);
	__u32 at = fz_below(rng, prog->nr + 1);

	while (from < other->nr && at < FZ_CALLS)
		prog->call[at++] = other->call[from++];
	if (at > prog->nr)
		prog->nr = at;
}

static void fz_fault(struct fz_rng *rng, struct fz_prog *prog)
{
	struct fz_call *call = &prog->call[fz_below(rng, prog->nr)];

	if (fz_descs[call->nr].ours)
		call->nth = fz_below(rng, FAULTS + 1);
}

/**
 * fz_mutate() - make a program into another one
 * @rng: chance
 * @prog: the program; has a call at least, and then again
 * @other: to take from
 */
void fz_mutate(struct fz_rng *rng, struct fz_prog *prog,
	       const struct fz_prog *other)
{
	do {
		switch (fz_below(rng, 16)) {
		case 0:
		case 1:
		case 2:
			fz_insert(rng, prog);
			break;
		case 3:
			fz_remove(rng, prog);
			break;
		case 4:
			fz_repeat(rng, prog);
			break;
		case 5:
			fz_splice(rng, prog, other);
			break;
		case 6:
			prog->call[fz_below(rng, prog->nr)].aside ^= 1;
			break;
		case 7:
			fz_fault(rng, prog);
			break;
		case 8:
		case 9:
			fz_lie(rng, prog);
			break;
		default:
			fz_alter(rng, prog);
		}
	} while (fz_below(rng, 3));
}
