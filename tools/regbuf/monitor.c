// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf monitor: events, as they happen.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <linux/regbuf_netlink.h>

#include "json.h"
#include "print.h"
#include "session.h"

static void print_range(const struct event *e)
{
	char size[PRINT_SIZE];

	printf(", %s at 0x%" PRIx64, print_size(e->length, size), e->addr);
}

static enum status print_event(const struct event *e)
{
	printf("%s: context %u, pid %u (%s)", print_name(&names_event, e->kind),
	       e->context, e->pid, e->comm);
	if (e->buffer)
		printf(", buffer 0x%" PRIx64, e->buffer);
	if (e->length)
		print_range(e);
	if (e->pages)
		printf(", %" PRIu64 " pages", e->pages);
	if (e->in_flight)
		printf(", %u requests use it", e->in_flight);
	if (e->needed)
		printf(", %" PRIu64 " pages needed, %" PRIu64 " of %" PRIu64
		       " taken", e->needed, e->charged, e->allowed);
	if (e->buffers)
		printf(", %u buffers", e->buffers);
	printf("\n");
	return fflush(stdout) ? STATUS_FAILED : STATUS_OK;
}

static enum status show_event(const struct event *e, bool json)
{
	return json ? json_line(json_record(&kind_event, e)) : print_event(e);
}

static enum status watch(struct rbnl *nl, const struct args *args)
{
	enum status status = STATUS_OK;
	uint64_t seen = 0;
	struct event e;
	int err;

	while (!status && (!args->count || seen < args->count)) {
		err = rbnl_next(nl, &e);
		if (err == -ENOBUFS) {
			fprintf(stderr, "regbuf: some events were missed\n");
		} else if (err) {
			status = session_fail(nl, "events", err);
		} else {
			status = show_event(&e, args->json);
			seen++;
		}
	}
	return status;
}

enum status cmd_monitor(const struct args *args)
{
	enum status status;
	struct rbnl *nl;
	int err;

	status = session_open(&nl);
	if (status)
		return status;
	err = rbnl_listen(nl);
	status = err ? session_fail(nl, "events", err) : watch(nl, args);
	rbnl_close(nl);
	return status;
}
