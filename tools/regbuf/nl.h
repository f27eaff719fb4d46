/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NL_H
#define NL_H

/*
 * Netlink, as much as the commands need. Calls return 0 or a negative errno;
 * rbnl_error() has the kernel's own words, if it had any.
 */

#include "records.h"

struct rbnl;
struct event;
struct endpoint;

/* -ENOENT: the module is not there. */
int rbnl_open(struct rbnl **out);

/* Also of what was not opened. */
void rbnl_close(struct rbnl *nl);

/* Why the last call failed; empty if the kernel did not say. */
const char *rbnl_error(const struct rbnl *nl);

/*
 * All records of a kind that have the keys of @which: those of its members that
 * are not 0. The caller frees @out->items, after a failure as well.
 */
int rbnl_dump(struct rbnl *nl, const struct kind *kind, const void *which,
	      struct records *out);

/* The one that has the keys of @which; @out may be the same. */
int rbnl_get(struct rbnl *nl, const struct kind *kind, const void *which,
	     void *out);

int rbnl_abort(struct rbnl *nl, const struct endpoint *which);

/* Have events kept from now on, for rbnl_next(). */
int rbnl_listen(struct rbnl *nl);

/* Wait for an event. -EINTR: a signal came. -ENOBUFS: some were missed. */
int rbnl_next(struct rbnl *nl, struct event *out);

/* Tell @learn of each active feature of each network interface, in turn. */
int rbnl_cards(int (*learn)(const char *card, const char *feature, void *arg),
	       void *arg);

#endif
