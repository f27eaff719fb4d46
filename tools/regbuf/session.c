// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

enum status session_fail(const struct rbnl *nl, const char *what, int err)
{
	const char *words = rbnl_error(nl);

	fprintf(stderr, "regbuf: %s: %s\n", what,
		words[0] ? words : strerror(-err));
	return err == -EPERM || err == -EACCES ? STATUS_NOT_PERMITTED :
						 STATUS_FAILED;
}

enum status session_open(struct rbnl **out)
{
	int err = rbnl_open(out);

	if (!err)
		return STATUS_OK;
	if (err != -ENOENT)
		return session_fail(NULL, "netlink", err);
	fprintf(stderr, "regbuf: the module is not there: modprobe regbuf\n");
	return STATUS_NO_MODULE;
}

/* What a complaint about a kind of record begins with. */
static const char *subject(const struct kind *kind)
{
	return kind == &kind_buffer ? "buffer" :
	       kind == &kind_counters ? "counters of the module" : "context";
}

enum status session_dump(struct rbnl *nl, const struct kind *kind,
			 const void *which, struct records *out)
{
	int err = rbnl_dump(nl, kind, which, out);

	if (err)
		return session_fail(nl, subject(kind), err);
	if (out->torn)
		fprintf(stderr, "regbuf: there were changes all the time; "
			"some may be missing\n");
	return STATUS_OK;
}

enum status session_get(struct rbnl *nl, const struct kind *kind,
			const void *which, void *out)
{
	int err = rbnl_get(nl, kind, which, out);

	return err ? session_fail(nl, subject(kind), err) : STATUS_OK;
}

enum status session_contexts(struct rbnl *nl, uint32_t id, struct records *out)
{
	struct context *one;
	enum status status;

	if (!id)
		return session_dump(nl, &kind_context, NULL, out);
	*out = (struct records) { 0 };
	one = calloc(1, sizeof(*one));
	if (!one)
		return session_fail(NULL, "context", -ENOMEM);
	one->id = id;
	status = session_get(nl, &kind_context, one, one);
	*out = (struct records) { .items = one, .nr = status ? 0 : 1 };
	return status;
}

enum status session_part(struct rbnl *nl, const struct kind *kind,
			 const void *which, struct records *out)
{
	int err = rbnl_dump(nl, kind, which, out);

	if (err && err != -ENOENT)
		return session_fail(nl, subject(kind), err);
	if (err)
		out->nr = 0;
	return STATUS_OK;
}
