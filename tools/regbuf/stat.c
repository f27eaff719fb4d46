// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf stat: counters, of a context or of the whole module.
 */
#include <inttypes.h>
#include <stdio.h>

#include "json.h"
#include "print.h"
#include "session.h"

static enum status stat_module(struct rbnl *nl, bool json)
{
	struct counters c;
	enum status status = session_get(nl, &kind_counters, NULL, &c);

	if (status)
		return status;
	if (json)
		return json_print(json_record(&kind_counters, &c));
	print_number("contexts", c.contexts);
	print_number("opened", c.opened);
	print_number("buffers", c.buffers);
	print_number("bytes", c.bytes);
	print_number("pinned bytes", c.pinned);
	print_number("pages", c.pages);
	print_number("charged pages", c.charged);
	print_stats(&c.stats);
	return STATUS_OK;
}

static enum status stat_context(struct rbnl *nl, uint32_t id, bool json)
{
	struct context c = { .id = id };
	enum status status = session_get(nl, &kind_context, &c, &c);

	if (status)
		return status;
	if (json)
		return json_print(json_record(&kind_stats, &c.stats));
	print_stats(&c.stats);
	return STATUS_OK;
}

enum status cmd_stat(const struct args *args)
{
	uint64_t id = 0;
	enum status status = operand(args, 0, "a context", UINT32_MAX, &id);
	struct rbnl *nl;

	if (!status)
		status = session_open(&nl);
	if (status)
		return status;
	status = id ? stat_context(nl, id, args->json) :
		      stat_module(nl, args->json);
	rbnl_close(nl);
	return status;
}
