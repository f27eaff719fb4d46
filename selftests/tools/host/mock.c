// SPDX-License-Identifier: GPL-2.0
/*
 * In place of nl.c: a kernel with three contexts, which always does the same.
 * Of the first, one endpoint is stuck; the second is closed; the third has
 * numbers that are newer than we are, and the largest there can be. REGBUF_MOCK
 * says what fails: absent, refused, silent, vanish, torn or missed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/regbuf_netlink.h>

#include "cmd.h"
#include "nl.h"

struct rbnl {
	int looks;
	int events;
	const char *words;
};

static struct context contexts[] = {
	{
		.id = 3, .pid = 4711, .uid = 0, .comm = "server", .buffers = 2,
		.bytes = 70000, .pinned = 73728, .pages = 18, .charged = 18,
		.queues = 1, .endpoints = 2,
		.stats = {
			.sends = 1000, .zerocopied = 5 << 20,
			.copied = { [0] = 64, [1] = 4096 }, .copied_later = 7,
			.deregistered_in_flight = 1, .leaked_at_exit = 2,
		},
	},
	{
		.id = 9, .uid = 4294967294u, .comm = "gone", .closed = true,
		.buffers = 1, .bytes = 1, .pinned = 4096,
	},
	{
		.id = UINT32_MAX, .pid = UINT32_MAX, .uid = 4294967294u,
		.comm = "abcdefghijklmno", .buffers = UINT32_MAX,
		.bytes = UINT64_MAX, .pinned = UINT64_MAX, .pages = UINT64_MAX,
		.charged = UINT64_MAX, .queues = UINT32_MAX,
		.endpoints = UINT32_MAX,
		.stats = { .sends = UINT64_MAX, .zerocopied = UINT64_MAX,
			   .copied = { [14] = 1, [15] = 2 } },
	},
};

static const struct buffer buffers[] = {
	{ 3, 0x100000000, 0x7f0000000000, 65536, 16, 1,
	  REGBUF_BUFFER_STATE_LIVE, 4, 2, 3, 1, 5, REGBUF_BUFFER_FLAG_KEEP },
	{ 3, 0x200000001, 0x7f0000123456, 4464, 2, 3,
	  REGBUF_BUFFER_STATE_CLOSING, 0, 1, 1, 0, 0, 0 },
	{ 9, 0x100000000, 0x1000, 1, 1, 2, REGBUF_BUFFER_STATE_CLOSING, 1, 1, 1,
	  0, 0, 0 },
	{ UINT32_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
	  UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX,
	  UINT32_MAX, UINT32_MAX, UINT32_MAX },
};

static const struct queue queues[] = {
	{ 3, 1, 64, 128, 0, REGBUF_QUEUE_FLAG_POLLER |
	  REGBUF_QUEUE_FLAG_STALLED, 2, 5, 77, 3 },
	{ UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX,
	  UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX },
};

static const struct endpoint endpoints[] = {
	{
		.context = 3, .queue = 1, .id = 1, .flags = 3, .family = 2,
		.protocol = 6, .state = 1, .local = { 4, { 10, 0, 0, 1 } },
		.remote = { 4, { 10, 0, 0, 9 } }, .local_port = 80,
		.remote_port = 40312, .cookie = 77, .inode = 5120,
		.pending_sends = 1, .pending_receives = 2, .in_flight = 4,
		.in_flight_bytes = 65536,
	},
	{
		.context = 3, .queue = 1, .id = 2, .flags = 13, .family = 10,
		.protocol = 17, .state = 7,
		.local = { 16, { [0] = 0xfd, [15] = 1 } }, .local_port = 53,
		.cookie = 78, .inode = 5121,
	},
	{
		.context = UINT32_MAX, .queue = UINT32_MAX, .id = UINT32_MAX,
		.flags = UINT32_MAX, .family = 99, .protocol = 99, .state = 99,
		.cookie = UINT64_MAX, .inode = UINT64_MAX,
		.pending_sends = UINT32_MAX, .pending_receives = UINT32_MAX,
		.in_flight = UINT32_MAX, .in_flight_bytes = UINT64_MAX,
	},
};

/* The oldest is not the first; one use of the first's buffer has no name. */
static const struct hold holds[] = {
	{ 3, 0x100000000, 1, 2, 0, 0, 1, 100, 999 },
	{ 3, 0x100000000, 1, 1, 77, 5120, 2, 65536, 93210 },
	{ 9, 0x100000000, 7, 8, 0, 0, 1, 1, 3600000 },
	{ UINT32_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX, UINT64_MAX,
	  UINT64_MAX, UINT32_MAX, UINT64_MAX, UINT64_MAX },
};

static const struct counters counters = {
	.contexts = 3, .opened = 12, .buffers = 4, .bytes = 80000,
	.pinned = 81920, .pages = 20, .charged = 18,
	.stats = { .sends = 2000, .copied = { [8] = 512 }, .over_budget = 3 },
};

static const struct event events[] = {
	{ .kind = REGBUF_EVENT_KIND_REGISTERED, .context = 3, .pid = 4711,
	  .comm = "server", .buffer = 0x100000000, .addr = 0x7f0000000000,
	  .length = 65536, .pages = 16 },
	{ .kind = REGBUF_EVENT_KIND_DEREGISTERED_IN_FLIGHT, .context = 3,
	  .pid = 4711, .comm = "server", .buffer = 0x100000000,
	  .in_flight = 4 },
	{ .kind = REGBUF_EVENT_KIND_OVER_BUDGET, .context = 3, .pid = 4711,
	  .comm = "server", .addr = 0x1000, .length = 1 << 20, .needed = 256,
	  .charged = 2000, .allowed = 2048 },
	{ .kind = REGBUF_EVENT_KIND_LEAKED_AT_EXIT, .context = 3, .pid = 4711,
	  .comm = "server", .buffers = 2 },
	{ .kind = 99, .context = 3, .pid = 4711, .comm = "server" },
};

static const struct {
	const struct kind *kind;
	const void *items;
	size_t nr;
} tables[] = {
	{ &kind_context, contexts, ARRAY_SIZE(contexts) },
	{ &kind_buffer, buffers, ARRAY_SIZE(buffers) },
	{ &kind_queue, queues, ARRAY_SIZE(queues) },
	{ &kind_endpoint, endpoints, ARRAY_SIZE(endpoints) },
	{ &kind_hold, holds, ARRAY_SIZE(holds) },
	{ &kind_counters, &counters, 1 },
};

static int mocked(const char *what)
{
	const char *set = getenv("REGBUF_MOCK");

	return set && !strcmp(set, what);
}

static int fail(struct rbnl *nl, int err, const char *words)
{
	nl->words = words;
	return err;
}

int rbnl_open(struct rbnl **out)
{
	*out = mocked("absent") ? NULL : calloc(1, sizeof(**out));
	return *out ? 0 : -ENOENT;
}

void rbnl_close(struct rbnl *nl)
{
	free(nl);
}

const char *rbnl_error(const struct rbnl *nl)
{
	return nl && nl->words ? nl->words : "";
}

/* Has @item the keys of @which that are not 0? */
static int matches(const struct kind *kind, const char *item, const void *which)
{
	const struct field *field;

	for (field = kind->fields; which && field->name; field++) {
		size_t size = field->type == FIELD_U64 ? 8 : 4;
		const void *key = record_member(which, field);

		if (field->key && record_is_set(field, key) &&
		    memcmp(key, record_member(item, field), size))
			return 0;
	}
	return 1;
}

static void keep(const struct kind *kind, const void *item, struct records *out)
{
	out->items = realloc(out->items, (out->nr + 1) * kind->size);
	memcpy((char *)out->items + out->nr++ * kind->size, item, kind->size);
}

/* So that there is something to see from one look to the next. */
static void go_on(struct rbnl *nl)
{
	if (nl->looks++) {
		contexts[0].stats.sends += 100;
		contexts[1].stats.zerocopied += 1 << 30;
	}
}

int rbnl_dump(struct rbnl *nl, const struct kind *kind, const void *which,
	      struct records *out)
{
	size_t i, j;

	*out = (struct records) { .torn = mocked("torn") };
	if (mocked("refused"))
		return fail(nl, -EPERM, "not for you");
	if (mocked("silent"))
		return fail(nl, -ENOMEM, NULL);
	if (mocked("vanish") && kind != &kind_context)
		return fail(nl, -ENOENT, "no such context");
	if (kind == &kind_context)
		go_on(nl);
	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (j = 0; tables[i].kind == kind && j < tables[i].nr; j++) {
			const char *item = tables[i].items;

			item += j * kind->size;
			if (matches(kind, item, which))
				keep(kind, item, out);
		}
	return 0;
}

int rbnl_get(struct rbnl *nl, const struct kind *kind, const void *which,
	     void *out)
{
	struct records found;
	int err = rbnl_dump(nl, kind, which, &found);

	if (!err && !found.nr)
		err = fail(nl, -ENOENT, "no such context");
	if (!err)
		memcpy(out, found.items, kind->size);
	free(found.items);
	return err;
}

int rbnl_abort(struct rbnl *nl, const struct endpoint *which)
{
	if (mocked("refused"))
		return fail(nl, -EPERM, "not for you");
	if (which->context == 3 && which->queue == 1 && which->id == 1)
		return 0;
	return fail(nl, -EOPNOTSUPP, "this socket cannot be reset");
}

int rbnl_listen(struct rbnl *nl)
{
	return mocked("refused") ? fail(nl, -EPERM, NULL) : 0;
}

int rbnl_next(struct rbnl *nl, struct event *out)
{
	if (mocked("missed") && nl->events == 1) {
		nl->events++;
		return -ENOBUFS;
	}
	if (nl->events == ARRAY_SIZE(events))
		return fail(nl, -EIO, "no more events");
	*out = events[nl->events++];
	return 0;
}

/* A card that can do all, one that cannot, and loopback. */
int rbnl_cards(int (*learn)(const char *card, const char *feature, void *arg),
	       void *arg)
{
	return learn("lo", "tx-scatter-gather", arg);
}
