// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf list: contexts, a line each.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "print.h"
#include "session.h"

static void print_context(const struct context *c)
{
	char user[PRINT_USER], pinned[PRINT_SIZE];

	printf("%-6u %-8u %-10s %-16s %8u %12s %7u %9u %12" PRIu64 "%s\n",
	       c->id, c->pid, print_user(c->uid, user), c->comm, c->buffers,
	       print_size(c->pinned, pinned), c->queues, c->endpoints,
	       c->stats.sends, c->closed ? " closed" : "");
}

static enum status print_list(const struct records *contexts)
{
	size_t i;

	printf("%-6s %-8s %-10s %-16s %8s %12s %7s %9s %12s\n", "CTX", "PID",
	       "USER", "COMMAND", "BUFFERS", "PINNED", "QUEUES", "ENDPOINTS",
	       "SENDS");
	for (i = 0; i < contexts->nr; i++)
		print_context(RECORD(context, contexts, i));
	return STATUS_OK;
}

enum status cmd_list(const struct args *args)
{
	struct records contexts;
	enum status status;
	struct rbnl *nl;

	status = session_open(&nl);
	if (status)
		return status;
	status = session_dump(nl, &kind_context, NULL, &contexts);
	if (!status)
		status = args->json ?
			json_print(json_records(&kind_context, &contexts)) :
			print_list(&contexts);
	free(contexts.items);
	rbnl_close(nl);
	return status;
}
