// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf abort: reset a socket, so that what it holds ends.
 */
#include <stdio.h>
#include <stdlib.h>

#include "print.h"
#include "session.h"

static bool answer_is_yes(void)
{
	char line[16];

	fflush(stdout);
	return fgets(line, sizeof(line), stdin) &&
	       (line[0] == 'y' || line[0] == 'Y');
}

static bool confirmed(const struct endpoint *e)
{
	char local[PRINT_SOCKET], remote[PRINT_SOCKET];

	printf("reset the %s socket %s - %s of context %u? [y/N] ",
	       print_name(&names_protocol, e->protocol),
	       print_socket(&e->local, e->local_port, local),
	       print_socket(&e->remote, e->remote_port, remote), e->context);
	if (answer_is_yes())
		return true;
	fprintf(stderr, "regbuf: nothing was reset\n");
	return false;
}

/* Show which it is, and ask. */
static enum status ask(struct rbnl *nl, const struct endpoint *which)
{
	struct endpoint queue = { .context = which->context,
				  .queue = which->queue };
	struct records endpoints;
	enum status status;
	size_t i;

	status = session_dump(nl, &kind_endpoint, &queue, &endpoints);
	if (status)
		goto out;
	for (i = 0; i < endpoints.nr; i++)
		if (RECORD(endpoint, &endpoints, i)->id == which->id)
			break;
	status = STATUS_FAILED;
	if (i == endpoints.nr)
		fprintf(stderr, "regbuf: no such endpoint\n");
	else if (confirmed(RECORD(endpoint, &endpoints, i)))
		status = STATUS_OK;
out:
	free(endpoints.items);
	return status;
}

static enum status parse(const struct args *args, struct endpoint *out)
{
	uint64_t context, queue, id;
	enum status status;

	status = operand(args, 0, "a context", UINT32_MAX, &context);
	if (!status)
		status = operand(args, 1, "a queue", UINT32_MAX, &queue);
	if (!status)
		status = operand(args, 2, "an endpoint", UINT32_MAX, &id);
	if (!status)
		*out = (struct endpoint) { .context = context, .queue = queue,
					   .id = id };
	return status;
}

enum status cmd_abort(const struct args *args)
{
	struct endpoint which;
	enum status status = parse(args, &which);
	struct rbnl *nl;
	int err;

	if (!status)
		status = session_open(&nl);
	if (status)
		return status;
	if (!args->yes)
		status = ask(nl, &which);
	if (!status) {
		err = rbnl_abort(nl, &which);
		if (err)
			status = session_fail(nl, "abort", err);
	}
	rbnl_close(nl);
	return status;
}
