// SPDX-License-Identifier: MIT
/*
 * Buffers that are shared with other processes.
 */
#include <errno.h>

#include "regbuf_int.h"

REGBUF_EXPORT int regbuf_export(struct regbuf *rb, uint64_t id, uint64_t offset,
				uint64_t length, unsigned int access)
{
	struct regbuf_ioc_export export = {
		.size = sizeof(export),
		.id = id,
		.offset = offset,
		.length = length,
		.access = access,
	};
	int err = regbuf_call(rb, REGBUF_IOC_EXPORT, &export);

	return err ? err : export.fd;
}

REGBUF_EXPORT int regbuf_import(struct regbuf *rb, int fd, unsigned int access,
				uint64_t *id, uint64_t *length)
{
	struct regbuf_ioc_import import = {
		.size = sizeof(import),
		.fd = fd,
		.access = access,
	};
	int err = regbuf_call(rb, REGBUF_IOC_IMPORT, &import);

	*id = err ? REGBUF_ID_NONE : import.id;
	if (length)
		*length = err ? 0 : import.length;
	return err;
}

static int regbuf_revoke_call(struct regbuf *rb, uint64_t id, int fd,
			      unsigned int *in_flight)
{
	struct regbuf_ioc_revoke revoke = {
		.size = sizeof(revoke),
		.id = id,
		.fd = fd,
	};
	int err = regbuf_call(rb, REGBUF_IOC_REVOKE, &revoke);

	if (in_flight)
		*in_flight = err ? 0 : revoke.in_flight;
	return err;
}

REGBUF_EXPORT int regbuf_revoke(struct regbuf *rb, uint64_t id,
				unsigned int *in_flight)
{
	if (id != REGBUF_ID_NONE)
		return regbuf_revoke_call(rb, id, 0, in_flight);
	/* To the kernel that would mean descriptor 0. */
	if (in_flight)
		*in_flight = 0;
	return -ENOENT;
}

REGBUF_EXPORT int regbuf_revoke_fd(struct regbuf *rb, int fd,
				   unsigned int *in_flight)
{
	return regbuf_revoke_call(rb, REGBUF_ID_NONE, fd, in_flight);
}
