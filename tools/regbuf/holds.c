// SPDX-License-Identifier: GPL-2.0
/*
 * Which sockets hold buffers in flight.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "print.h"
#include "show.h"

static int older(const void *a, const void *b)
{
	const struct hold *x = a, *y = b;

	return (x->age < y->age) - (x->age > y->age);
}

enum status sight_holds(struct rbnl *nl, uint32_t id, uint64_t buffer,
			struct sight *out)
{
	struct endpoint endpoints = { .context = id };
	struct hold holds = { .context = id, .buffer = buffer };
	enum status status;

	status = session_part(nl, &kind_hold, &holds, &out->holds);
	if (!status)
		status = session_part(nl, &kind_endpoint, &endpoints,
				      &out->endpoints);
	if (!status && out->holds.nr)
		qsort(out->holds.items, out->holds.nr, sizeof(struct hold),
		      older);
	return status;
}

/* The endpoint that holds; NULL if it was detached meanwhile. */
static const struct endpoint *holder(const struct sight *sight,
				     const struct hold *hold)
{
	const struct endpoint *e = sight->endpoints.items;
	size_t i;

	for (i = 0; i < sight->endpoints.nr; i++, e++)
		if (e->queue == hold->queue && e->id == hold->endpoint &&
		    e->cookie == hold->cookie)
			return e;
	return NULL;
}

/* Requests that use a buffer, and are in the network for no endpoint. */
static uint32_t unnamed(const struct sight *sight, const struct buffer *b)
{
	const struct hold *hold = sight->holds.items;
	uint32_t named = 0;
	size_t i;

	for (i = 0; i < sight->holds.nr; i++, hold++)
		if (hold->buffer == b->id)
			named += hold->requests;
	return b->in_flight > named ? b->in_flight - named : 0;
}

static void print_holder(const struct hold *hold, const struct endpoint *e)
{
	char local[PRINT_SOCKET], remote[PRINT_SOCKET];

	printf("queue %u endpoint %u", hold->queue, hold->endpoint);
	if (e)
		printf(", %s %s - %s", print_name(&names_protocol, e->protocol),
		       print_socket(&e->local, e->local_port, local),
		       print_socket(&e->remote, e->remote_port, remote));
	if (hold->cookie)
		printf(", inode %" PRIu64 ", cookie %" PRIu64, hold->inode,
		       hold->cookie);
	else
		printf(", detached");
}

static void print_hold(const struct hold *hold, const struct endpoint *e)
{
	char size[PRINT_SIZE], age[PRINT_AGE];

	printf("context %u buffer 0x%" PRIx64 " held by ", hold->context,
	       hold->buffer);
	print_holder(hold, e);
	printf(": %u requests, %s, for %s\n", hold->requests,
	       print_size(hold->bytes, size), print_age(hold->age, age));
}

static void print_unnamed(const struct buffer *b, uint32_t requests)
{
	printf("context %u buffer 0x%" PRIx64
	       " held by others: %u requests, waiting or without a queue\n",
	       b->context, b->id, requests);
}

void print_holds(const struct sight *sight)
{
	const struct hold *hold = sight->holds.items;
	const struct buffer *b = sight->buffers.items;
	uint32_t requests;
	size_t i;

	for (i = 0; i < sight->holds.nr; i++, hold++)
		print_hold(hold, holder(sight, hold));
	for (i = 0; i < sight->buffers.nr; i++, b++) {
		requests = unnamed(sight, b);
		if (requests)
			print_unnamed(b, requests);
	}
}

static struct json_object *hold_json(const struct hold *hold,
				     const struct endpoint *e)
{
	struct json_object *one = json_record(&kind_hold, hold);

	if (e)
		json_add(one, "socket", json_record(&kind_endpoint, e));
	return one;
}

static struct json_object *unnamed_json(const struct buffer *b,
					uint32_t requests)
{
	struct json_object *one = json_object_new_object();

	json_number(one, "context", b->context);
	json_number(one, "buffer", b->id);
	json_number(one, "requests", requests);
	return one;
}

void add_holds(struct json_object *list, const struct sight *sight)
{
	const struct hold *hold = sight->holds.items;
	const struct buffer *b = sight->buffers.items;
	uint32_t requests;
	size_t i;

	for (i = 0; i < sight->holds.nr; i++, hold++)
		json_object_array_add(list,
				      hold_json(hold, holder(sight, hold)));
	for (i = 0; i < sight->buffers.nr; i++, b++) {
		requests = unnamed(sight, b);
		if (requests)
			json_object_array_add(list, unnamed_json(b, requests));
	}
}
