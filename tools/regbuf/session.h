/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SESSION_H
#define SESSION_H

/*
 * Calls of nl.h for commands: they say what failed, and return what the program
 * exits with.
 */

#include "cmd.h"
#include "nl.h"

enum status session_open(struct rbnl **out);

enum status session_dump(struct rbnl *nl, const struct kind *kind,
			 const void *which, struct records *out);

enum status session_get(struct rbnl *nl, const struct kind *kind,
			const void *which, void *out);

/* Context @id, or if that is 0 all there are. */
enum status session_contexts(struct rbnl *nl, uint32_t id, struct records *out);

/* What a context has that was there a moment ago: none if it is gone. */
enum status session_part(struct rbnl *nl, const struct kind *kind,
			 const void *which, struct records *out);

/* Say that @what failed with @err, in the kernel's words if there are any. */
enum status session_fail(const struct rbnl *nl, const char *what, int err);

#endif
