// SPDX-License-Identifier: MIT
/*
 * Words for numbers.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "regbuf_int.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static const struct {
	int err;
	const char *text;
} regbuf_errors[] = {
	{ 0, "success" },
	{ -E2BIG, "structure has members that this kernel does not know" },
	{ -EACCES, "no permission for the device or this use of a buffer" },
	{ -EAGAIN, "socket or submission ring is full" },
	{ -EALREADY, "request is in the network, or connection under way" },
	{ -EBADF, "not an open descriptor" },
	{ -EBUSY, "buffer, socket or ring is in use" },
	{ -ECANCELED, "request was cancelled" },
	{ -ECONNREFUSED, "other side refused the connection" },
	{ -ECONNRESET, "other side reset the connection" },
	{ -EDESTADDRREQ, "socket is not connected and no destination given" },
	{ -EFAULT, "memory is not accessible, or slice is outside its buffer" },
	{ -EHOSTUNREACH, "no route to the host" },
	{ -EINPROGRESS, "buffer was deregistered, but requests still use it" },
	{ -EINTR, "a signal came" },
	{ -EINVAL, "invalid argument" },
	{ -EIO, "only a part of the message entered the stream" },
	{ -EISCONN, "destination given for a TCP socket" },
	{ -EMFILE, "too many open files in this process" },
	{ -EMSGSIZE, "datagram or inline bytes too long" },
	{ -ENETUNREACH, "no route to the network" },
	{ -ENFILE, "too many open files in the system" },
	{ -ENOBUFS, "over RLIMIT_MEMLOCK, or no room for packet or request" },
	{ -ENODEV, "no " REGBUF_DEVICE ": is the regbuf module loaded?" },
	{ -ENOENT, "no such buffer, endpoint or request" },
	{ -ENOMEM, "out of memory" },
	{ -ENOSPC, "too many buffers in this context, or endpoints" },
	{ -ENOTCONN, "socket is not connected" },
	{ -ENOTRECOVERABLE, "index of the queue was moved where it cannot be" },
	{ -ENOTSOCK, "not a socket" },
	{ -ENOTTY, "call that this kernel does not have" },
	{ -EOPNOTSUPP, "kind of socket or memory, or flag, not supported" },
	{ -EOVERFLOW, "buffer longer than is allowed" },
	{ -EPERM, "context of another process, no privilege, or firewall" },
	{ -EPIPE, "socket was shut down for sending" },
	{ -ERANGE, "text was cut off, or past the end of the table" },
	{ -ESHUTDOWN, "context of the queue was closed" },
	{ -ESTALE, "buffer was deregistered, or its memory unmapped" },
	{ -ETIME, "time of the request ran out" },
	{ -ETIMEDOUT, "time ran out" },
};

REGBUF_EXPORT const char *regbuf_strerror(int err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(regbuf_errors); i++)
		if (regbuf_errors[i].err == err)
			return regbuf_errors[i].text;
	return "error that regbuf has no words for";
}

static const char *const regbuf_reasons[] = {
	[REGBUF_COPY_INLINE] = "inline",
	[REGBUF_COPY_LOOPBACK] = "loopback",
	[REGBUF_COPY_DEVICE] = "device",
	[REGBUF_COPY_MTU] = "mtu",
	[REGBUF_COPY_FRAGS] = "fragments",
	[REGBUF_COPY_CORK] = "cork",
	[REGBUF_COPY_PROTOCOL] = "protocol",
	[REGBUF_COPY_OTHER] = "other",
	[REGBUF_COPY_SMALL] = "small",
};

REGBUF_EXPORT const char *regbuf_copy_reason(unsigned int reason)
{
	if (reason >= ARRAY_SIZE(regbuf_reasons))
		return "unknown";
	return regbuf_reasons[reason];
}

#define REGBUF_PAGES_MAX	64

/* A number of pages and their size, exact, in the largest unit for that. */
static void regbuf_pages_string(uint64_t pages, char buf[REGBUF_PAGES_MAX])
{
	static const char units[] = "KMGT";
	uint64_t size = pages * ((uint64_t)sysconf(_SC_PAGESIZE) / 1024);
	unsigned int unit = 0;

	while (size && size % 1024 == 0 && units[unit + 1]) {
		size /= 1024;
		unit++;
	}
	snprintf(buf, REGBUF_PAGES_MAX, "%" PRIu64 " pages (%" PRIu64 " %ciB)",
		 pages, size, units[unit]);
}

/* RLIM_INFINITY, in pages. */
static int regbuf_budget_unlimited(const struct regbuf_budget *budget)
{
	return budget->allowed >= UINT64_MAX / (uint64_t)sysconf(_SC_PAGESIZE);
}

static int regbuf_budget_over(const struct regbuf_budget *budget)
{
	return budget->charged > budget->allowed ||
	       budget->needed > budget->allowed - budget->charged;
}

static int regbuf_budget_print(const struct regbuf_budget *budget, char *buf,
			       size_t len)
{
	char needed[REGBUF_PAGES_MAX], allowed[REGBUF_PAGES_MAX];
	const char *hint = "";

	regbuf_pages_string(budget->needed, needed);
	if (budget->uncharged)
		return snprintf(buf, len,
				"needs %s, not charged because of CAP_IPC_LOCK",
				needed);
	if (regbuf_budget_unlimited(budget))
		return snprintf(buf, len,
				"needs %s, not limited by RLIMIT_MEMLOCK",
				needed);
	regbuf_pages_string(budget->allowed, allowed);
	if (regbuf_budget_over(budget))
		hint = ": raise it with ulimit -l or LimitMEMLOCK=";
	return snprintf(buf, len,
			"needs %s, %llu pages charged to this user already, %s allowed by RLIMIT_MEMLOCK%s",
			needed, (unsigned long long)budget->charged, allowed,
			hint);
}

REGBUF_EXPORT int regbuf_budget_string(const struct regbuf_budget *budget,
				       char *buf, size_t len)
{
	int n = regbuf_budget_print(budget, buf, len);

	return n >= 0 && (size_t)n < len ? 0 : -ERANGE;
}

REGBUF_EXPORT const char *regbuf_version(void)
{
	return REGBUF_VERSION;
}
