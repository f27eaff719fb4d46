// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf show: contexts, and what they have; or a buffer, and who holds it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "print.h"
#include "show.h"

static enum status look(struct rbnl *nl, uint32_t id, bool stuck,
			struct sight *out)
{
	struct buffer buffers = { .context = id };
	struct queue queues = { .context = id };
	enum status status = sight_holds(nl, id, 0, out);

	if (!status)
		status = session_part(nl, &kind_buffer, &buffers,
				      &out->buffers);
	if (!status && !stuck)
		status = session_part(nl, &kind_queue, &queues, &out->queues);
	return status;
}

static void sight_free(struct sight *sight)
{
	free(sight->buffers.items);
	free(sight->queues.items);
	free(sight->endpoints.items);
	free(sight->holds.items);
}

static void print_context(const struct context *c)
{
	char user[PRINT_USER], bytes[PRINT_SIZE], pinned[PRINT_SIZE];

	printf("context %u: %s, pid %u, user %s%s\n", c->id, c->comm, c->pid,
	       print_user(c->uid, user), c->closed ? ", closed" : "");
	printf("  %u buffers, %s in %s of pages; %" PRIu64 " pages charged\n",
	       c->buffers, print_size(c->bytes, bytes),
	       print_size(c->pinned, pinned), c->charged);
}

/* What most buffers do not have. */
static void print_sharing(const struct buffer *b)
{
	char flags[PRINT_NAMES];

	if (b->flags)
		printf("    %s\n", print_names(&names_buffer_flags, b->flags,
					       flags));
	if (b->count > 1)
		printf("    registered %u times\n", b->count);
	if (b->shared > 1)
		printf("    %u ids on the same pages\n", b->shared);
	if (b->exports)
		printf("    %u exports, imported %u times\n", b->exports,
		       b->imports);
}

static void print_buffer(const struct buffer *b)
{
	char size[PRINT_SIZE], access[PRINT_NAMES];

	printf("  buffer 0x%" PRIx64 ": %s at 0x%" PRIx64
	       ", %" PRIu64 " pages, %s, %s, %u in flight\n", b->id,
	       print_size(b->length, size), b->addr, b->pages,
	       print_names(&names_access, b->access, access),
	       print_name(&names_buffer_state, b->state), b->in_flight);
	print_sharing(b);
}

static void print_queue(const struct queue *q)
{
	char flags[PRINT_NAMES];

	printf("  queue %u: %u + %u entries, pool of %u, flags %s\n", q->id,
	       q->sq_entries, q->cq_entries, q->pool_entries,
	       print_names(&names_queue_flags, q->flags, flags));
	printf("    %u requests pending, %u completed, %u of those unread\n",
	       q->pending, q->posted, q->unconsumed);
}

static void print_endpoint(const struct endpoint *e)
{
	char local[PRINT_SOCKET], remote[PRINT_SOCKET], flags[PRINT_NAMES];
	char bytes[PRINT_SIZE];

	printf("  endpoint %u of queue %u: %s %s - %s, %s, flags %s\n", e->id,
	       e->queue, print_name(&names_protocol, e->protocol),
	       print_socket(&e->local, e->local_port, local),
	       print_socket(&e->remote, e->remote_port, remote),
	       print_name(&names_socket_state, e->state),
	       print_names(&names_endpoint_flags, e->flags, flags));
	printf("    inode %" PRIu64 ", cookie %" PRIu64
	       ", %u sends and %u receives pending, %u in flight (%s)\n",
	       e->inode, e->cookie, e->pending_sends, e->pending_receives,
	       e->in_flight, print_size(e->in_flight_bytes, bytes));
}

static void print_sight(const struct context *c, const struct sight *sight)
{
	size_t i;

	print_context(c);
	for (i = 0; i < sight->buffers.nr; i++)
		print_buffer(RECORD(buffer, &sight->buffers, i));
	for (i = 0; i < sight->queues.nr; i++)
		print_queue(RECORD(queue, &sight->queues, i));
	for (i = 0; i < sight->endpoints.nr; i++)
		print_endpoint(RECORD(endpoint, &sight->endpoints, i));
	print_holds(sight);
}

static struct json_object *holds_json(const struct sight *sight)
{
	struct json_object *list = json_object_new_array();

	add_holds(list, sight);
	return list;
}

static struct json_object *sight_json(const struct context *c,
				      const struct sight *sight)
{
	struct json_object *one = json_object_new_object();

	json_add(one, "context", json_record(&kind_context, c));
	json_add(one, "buffers", json_records(&kind_buffer, &sight->buffers));
	json_add(one, "queues", json_records(&kind_queue, &sight->queues));
	json_add(one, "endpoints",
		 json_records(&kind_endpoint, &sight->endpoints));
	json_add(one, "holds", holds_json(sight));
	return one;
}

/* @list is where JSON goes, or NULL. */
static enum status show_context(struct rbnl *nl, const struct context *c,
				bool stuck, struct json_object *list)
{
	struct sight sight = { 0 };
	enum status status = look(nl, c->id, stuck, &sight);

	if (status)
		goto out;
	if (list && stuck)
		add_holds(list, &sight);
	else if (list)
		json_object_array_add(list, sight_json(c, &sight));
	else if (stuck)
		print_holds(&sight);
	else
		print_sight(c, &sight);
out:
	sight_free(&sight);
	return status;
}

static enum status show_contexts(struct rbnl *nl, uint32_t id, bool stuck,
				 struct json_object *list)
{
	struct records contexts;
	enum status status = session_contexts(nl, id, &contexts);
	size_t i;

	for (i = 0; !status && i < contexts.nr; i++)
		status = show_context(nl, RECORD(context, &contexts, i), stuck,
				      list);
	free(contexts.items);
	return status;
}

static void print_buffer_sight(const struct buffer *b, bool stuck,
			       const struct sight *sight)
{
	if (!stuck)
		print_buffer(b);
	print_holds(sight);
}

static void add_buffer_sight(struct json_object *list, const struct buffer *b,
			     bool stuck, const struct sight *sight)
{
	struct json_object *one;

	if (stuck) {
		add_holds(list, sight);
		return;
	}
	one = json_record(&kind_buffer, b);
	json_add(one, "holds", holds_json(sight));
	json_object_array_add(list, one);
}

static enum status show_buffer(struct rbnl *nl, const struct buffer *which,
			       bool stuck, struct json_object *list)
{
	struct buffer *b = calloc(1, sizeof(*b));
	struct sight sight = { .buffers = { .items = b, .nr = 1 } };
	enum status status;

	if (!b)
		return session_fail(NULL, "buffer", -ENOMEM);
	status = session_get(nl, &kind_buffer, which, b);
	if (!status)
		status = sight_holds(nl, which->context, which->id, &sight);
	if (!status && list)
		add_buffer_sight(list, b, stuck, &sight);
	else if (!status)
		print_buffer_sight(b, stuck, &sight);
	sight_free(&sight);
	return status;
}

static enum status show(struct rbnl *nl, const struct buffer *which,
			const struct args *args)
{
	struct json_object *list = args->json ? json_object_new_array() : NULL;
	enum status status;

	if (which->id)
		status = show_buffer(nl, which, args->stuck, list);
	else
		status = show_contexts(nl, which->context, args->stuck, list);
	if (list && !status)
		return json_print(list);
	json_object_put(list);
	return status;
}

enum status cmd_show(const struct args *args)
{
	uint64_t context = 0, buffer = 0;
	struct buffer which = { 0 };
	enum status status;
	struct rbnl *nl;

	status = operand(args, 0, "a context", UINT32_MAX, &context);
	if (!status)
		status = operand(args, 1, "a buffer", UINT64_MAX, &buffer);
	if (!status)
		status = session_open(&nl);
	if (status)
		return status;
	which.context = context;
	which.id = buffer;
	status = show(nl, &which, args);
	rbnl_close(nl);
	return status;
}
