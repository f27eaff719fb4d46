/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHOW_H
#define SHOW_H

#include <json-c/json.h>

#include "session.h"

/* What a context has. */
struct sight {
	struct records buffers;
	struct records queues;
	struct records endpoints;
	struct records holds;	/* the oldest first */
};

/* What of context @id, or of its @buffer if that is not 0, is in flight. */
enum status sight_holds(struct rbnl *nl, uint32_t id, uint64_t buffer,
			struct sight *out);

/* Who holds the buffers: a line each, or objects with the socket in them. */
void print_holds(const struct sight *sight);
void add_holds(struct json_object *list, const struct sight *sight);

#endif
