// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include <regbuf.h>

#include "cmd.h"
#include "print.h"

const char *print_size(uint64_t bytes, char *room)
{
	static const char *const units[] = {
		"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"
	};
	double value = bytes / 1024.0;
	size_t i = 0;

	if (bytes < 10240) {
		snprintf(room, PRINT_SIZE, "%" PRIu64 " B", bytes);
		return room;
	}
	while (value >= 999.95 && i + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		i++;
	}
	snprintf(room, PRINT_SIZE, "%.1f %s", value, units[i]);
	return room;
}

const char *print_host(const struct address *address, char *room)
{
	int family = address->len == 4 ? AF_INET : AF_INET6;

	if (!address->len ||
	    !inet_ntop(family, address->bytes, room, INET6_ADDRSTRLEN))
		room[0] = '\0';
	return room;
}

const char *print_socket(const struct address *address, uint16_t port,
			 char *room)
{
	char host[INET6_ADDRSTRLEN];

	print_host(address, host);
	if (!port)
		snprintf(room, PRINT_SOCKET, "*");
	else
		snprintf(room, PRINT_SOCKET, address->len == 16 ? "[%s]:%u" :
								  "%s:%u",
			 host, port);
	return room;
}

const char *print_names(const struct names *names, uint32_t bits, char *room)
{
	size_t i, n = 0;

	snprintf(room, PRINT_NAMES, "-");
	for (i = 0; i < names->nr; i++)
		if (bits & 1u << i)
			n += snprintf(room + n, PRINT_NAMES - n, "%s%s",
				      n ? "," : "", names->list[i]);
	return room;
}

const char *print_age(uint64_t ms, char *room)
{
	if (ms < 1000)
		snprintf(room, PRINT_AGE, "%" PRIu64 " ms", ms);
	else if (ms < 120 * 1000)
		snprintf(room, PRINT_AGE, "%.1f s", ms / 1e3);
	else
		snprintf(room, PRINT_AGE, "%" PRIu64 " min", ms / 60000);
	return room;
}

const char *print_name(const struct names *names, uint32_t value)
{
	const char *name = record_name(names, value);

	return name ? name : "?";
}

void print_number(const char *name, uint64_t value)
{
	printf("%-24s %" PRIu64 "\n", name, value);
}

void print_stats(const struct stats *stats)
{
	char name[40];
	unsigned int i;

	print_number("sends", stats->sends);
	print_number("zero-copied bytes", stats->zerocopied);
	for (i = 0; i < REGBUF_COPY_MAX; i++) {
		snprintf(name, sizeof(name), "copied bytes, %s",
			 regbuf_copy_reason(i));
		if (stats->copied[i])
			print_number(name, stats->copied[i]);
	}
	print_number("copied later", stats->copied_later);
	print_number("deregistered in flight", stats->deregistered_in_flight);
	print_number("used after deregister", stats->used_after_deregister);
	print_number("over budget", stats->over_budget);
	print_number("leaked at exit", stats->leaked_at_exit);
	print_number("detached", stats->detached);
	print_number("used detached", stats->used_detached);
}

const char *print_user(uint32_t uid, char *room)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(room, PRINT_USER, "%s", user->pw_name);
	else
		snprintf(room, PRINT_USER, "%u", uid);
	return room;
}
