// SPDX-License-Identifier: GPL-2.0
#include <linux/in.h>
#include <linux/regbuf_netlink.h>
#include <sys/socket.h>

#include "cmd.h"
#include "records.h"

#define KEY		.key = true
#define OPTIONAL	.optional = true
#define NAMES(list)	.names = &names_##list

/* Member @m of struct @s, which netlink calls REGBUF_A_@S_@M. */
#define ROW(s, S, m, M, t, ...)						\
	{ .name = #m, .attr = REGBUF_A_##S##_##M, .type = FIELD_##t,	\
	  .offset = offsetof(struct s, m), ##__VA_ARGS__ }

static const char *const access_list[] = { "read", "write" };

const struct names names_access = {
	access_list, ARRAY_SIZE(access_list)
};

static const char *const buffer_states[] = {
	[REGBUF_BUFFER_STATE_LIVE] = "live",
	[REGBUF_BUFFER_STATE_CLOSING] = "closing",
	[REGBUF_BUFFER_STATE_DETACHED] = "detached",
};

const struct names names_buffer_state = {
	buffer_states, ARRAY_SIZE(buffer_states)
};

static const char *const buffer_flags[] = { "imported", "keep" };

const struct names names_buffer_flags = {
	buffer_flags, ARRAY_SIZE(buffer_flags)
};

static const char *const queue_flags[] = {
	"poller", "broken", "stalled", "shut"
};

const struct names names_queue_flags = {
	queue_flags, ARRAY_SIZE(queue_flags)
};

static const char *const endpoint_flags[] = {
	"send", "recv", "ordered", "single", "draining"
};

const struct names names_endpoint_flags = {
	endpoint_flags, ARRAY_SIZE(endpoint_flags)
};

static const char *const families[] = {
	[AF_INET] = "ipv4",
	[AF_INET6] = "ipv6",
};

const struct names names_family = {
	families, ARRAY_SIZE(families)
};

static const char *const protocols[] = {
	[IPPROTO_TCP] = "tcp",
	[IPPROTO_UDP] = "udp",
};

const struct names names_protocol = {
	protocols, ARRAY_SIZE(protocols)
};

static const char *const socket_states[] = {
	NULL, "established", "syn-sent", "syn-recv", "fin-wait-1",
	"fin-wait-2", "time-wait", "close", "close-wait", "last-ack",
	"listen", "closing", "new-syn-recv"
};

const struct names names_socket_state = {
	socket_states, ARRAY_SIZE(socket_states)
};

static const char *const events[] = {
	[REGBUF_EVENT_KIND_REGISTERED] = "registered",
	[REGBUF_EVENT_KIND_DEREGISTERED] = "deregistered",
	[REGBUF_EVENT_KIND_DEREGISTERED_IN_FLIGHT] = "deregistered-in-flight",
	[REGBUF_EVENT_KIND_DETACHED] = "detached",
	[REGBUF_EVENT_KIND_USED_AFTER_DEREGISTER] = "used-after-deregister",
	[REGBUF_EVENT_KIND_OVER_BUDGET] = "over-budget",
	[REGBUF_EVENT_KIND_LEAKED_AT_EXIT] = "leaked-at-exit",
	[REGBUF_EVENT_KIND_USED_DETACHED] = "used-detached",
};

const struct names names_event = {
	events, ARRAY_SIZE(events)
};

static const struct field stats_fields[] = {
	ROW(stats, STATS, sends, SENDS, U64),
	ROW(stats, STATS, zerocopied, ZEROCOPIED, U64),
	ROW(stats, STATS, copied, COPIED, COPIED),
	ROW(stats, STATS, copied_later, COPIED_LATER, U64),
	ROW(stats, STATS, deregistered_in_flight, DEREGISTERED_IN_FLIGHT, U64),
	ROW(stats, STATS, used_after_deregister, USED_AFTER_DEREGISTER, U64),
	ROW(stats, STATS, over_budget, OVER_BUDGET, U64),
	ROW(stats, STATS, leaked_at_exit, LEAKED_AT_EXIT, U64),
	ROW(stats, STATS, detached, DETACHED, U64),
	ROW(stats, STATS, used_detached, USED_DETACHED, U64),
	{ 0 }
};

static const struct field context_fields[] = {
	ROW(context, CONTEXT, id, ID, U32, KEY),
	ROW(context, CONTEXT, pid, PID, U32),
	ROW(context, CONTEXT, uid, UID, U32),
	ROW(context, CONTEXT, comm, COMM, TEXT),
	ROW(context, CONTEXT, closed, CLOSED, FLAG),
	ROW(context, CONTEXT, buffers, BUFFERS, U32),
	ROW(context, CONTEXT, bytes, BYTES, U64),
	ROW(context, CONTEXT, pinned, PINNED, U64),
	ROW(context, CONTEXT, pages, PAGES, U64),
	ROW(context, CONTEXT, charged, CHARGED, U64),
	ROW(context, CONTEXT, queues, QUEUES, U32),
	ROW(context, CONTEXT, endpoints, ENDPOINTS, U32),
	ROW(context, CONTEXT, stats, STATS, STATS),
	{ 0 }
};

static const struct field buffer_fields[] = {
	ROW(buffer, BUFFER, context, CONTEXT, U32, KEY),
	ROW(buffer, BUFFER, id, ID, U64, KEY),
	ROW(buffer, BUFFER, addr, ADDR, U64),
	ROW(buffer, BUFFER, length, LENGTH, U64),
	ROW(buffer, BUFFER, pages, PAGES, U64),
	ROW(buffer, BUFFER, access, ACCESS, NAMES, NAMES(access)),
	ROW(buffer, BUFFER, state, STATE, NAME, NAMES(buffer_state)),
	ROW(buffer, BUFFER, in_flight, IN_FLIGHT, U32),
	ROW(buffer, BUFFER, count, COUNT, U32),
	ROW(buffer, BUFFER, shared, SHARED, U32),
	ROW(buffer, BUFFER, exports, EXPORTS, U32),
	ROW(buffer, BUFFER, imports, IMPORTS, U32),
	ROW(buffer, BUFFER, flags, FLAGS, NAMES, NAMES(buffer_flags)),
	{ 0 }
};

static const struct field queue_fields[] = {
	ROW(queue, QUEUE, context, CONTEXT, U32, KEY),
	ROW(queue, QUEUE, id, ID, U32),
	ROW(queue, QUEUE, sq_entries, SQ_ENTRIES, U32),
	ROW(queue, QUEUE, cq_entries, CQ_ENTRIES, U32),
	ROW(queue, QUEUE, pool_entries, POOL_ENTRIES, U32),
	ROW(queue, QUEUE, flags, FLAGS, NAMES, NAMES(queue_flags)),
	ROW(queue, QUEUE, endpoints, ENDPOINTS, U32),
	ROW(queue, QUEUE, pending, PENDING, U32),
	ROW(queue, QUEUE, posted, POSTED, U32),
	ROW(queue, QUEUE, unconsumed, UNCONSUMED, U32),
	{ 0 }
};

static const struct field endpoint_fields[] = {
	ROW(endpoint, ENDPOINT, context, CONTEXT, U32, KEY),
	ROW(endpoint, ENDPOINT, queue, QUEUE, U32, KEY),
	ROW(endpoint, ENDPOINT, id, ID, U32, KEY),
	ROW(endpoint, ENDPOINT, flags, FLAGS, NAMES, NAMES(endpoint_flags)),
	ROW(endpoint, ENDPOINT, family, FAMILY, NAME, NAMES(family)),
	ROW(endpoint, ENDPOINT, protocol, PROTOCOL, NAME, NAMES(protocol)),
	ROW(endpoint, ENDPOINT, state, STATE, NAME, NAMES(socket_state)),
	ROW(endpoint, ENDPOINT, local, LOCAL_ADDR, ADDRESS),
	ROW(endpoint, ENDPOINT, local_port, LOCAL_PORT, U16),
	ROW(endpoint, ENDPOINT, remote, REMOTE_ADDR, ADDRESS),
	ROW(endpoint, ENDPOINT, remote_port, REMOTE_PORT, U16),
	ROW(endpoint, ENDPOINT, cookie, COOKIE, U64),
	ROW(endpoint, ENDPOINT, inode, INODE, U64),
	ROW(endpoint, ENDPOINT, pending_sends, PENDING_SENDS, U32),
	ROW(endpoint, ENDPOINT, pending_receives, PENDING_RECEIVES, U32),
	ROW(endpoint, ENDPOINT, in_flight, IN_FLIGHT, U32),
	ROW(endpoint, ENDPOINT, in_flight_bytes, IN_FLIGHT_BYTES, U64),
	{ 0 }
};

static const struct field hold_fields[] = {
	ROW(hold, HOLD, context, CONTEXT, U32, KEY),
	ROW(hold, HOLD, buffer, BUFFER, U64, KEY),
	ROW(hold, HOLD, queue, QUEUE, U32),
	ROW(hold, HOLD, endpoint, ENDPOINT, U32),
	ROW(hold, HOLD, cookie, COOKIE, U64, OPTIONAL),
	ROW(hold, HOLD, inode, INODE, U64, OPTIONAL),
	ROW(hold, HOLD, requests, REQUESTS, U32),
	ROW(hold, HOLD, bytes, BYTES, U64),
	ROW(hold, HOLD, age, AGE, U64),
	{ 0 }
};

static const struct field counters_fields[] = {
	ROW(counters, COUNTERS, contexts, CONTEXTS, U32),
	ROW(counters, COUNTERS, opened, OPENED, U64),
	ROW(counters, COUNTERS, buffers, BUFFERS, U64),
	ROW(counters, COUNTERS, bytes, BYTES, U64),
	ROW(counters, COUNTERS, pinned, PINNED, U64),
	ROW(counters, COUNTERS, pages, PAGES, U64),
	ROW(counters, COUNTERS, charged, CHARGED, U64),
	ROW(counters, COUNTERS, stats, STATS, STATS),
	{ 0 }
};

static const struct field event_fields[] = {
	ROW(event, EVENT, kind, KIND, NAME, NAMES(event)),
	ROW(event, EVENT, context, CONTEXT, U32),
	ROW(event, EVENT, pid, PID, U32),
	ROW(event, EVENT, comm, COMM, TEXT),
	ROW(event, EVENT, buffer, BUFFER, U64, OPTIONAL),
	ROW(event, EVENT, addr, ADDR, U64, OPTIONAL),
	ROW(event, EVENT, length, LENGTH, U64, OPTIONAL),
	ROW(event, EVENT, pages, PAGES, U64, OPTIONAL),
	ROW(event, EVENT, in_flight, IN_FLIGHT, U32, OPTIONAL),
	ROW(event, EVENT, needed, NEEDED, U64, OPTIONAL),
	ROW(event, EVENT, charged, CHARGED, U64, OPTIONAL),
	ROW(event, EVENT, allowed, ALLOWED, U64, OPTIONAL),
	ROW(event, EVENT, buffers, BUFFERS, U32, OPTIONAL),
	{ 0 }
};

const struct kind kind_stats = {
	.size = sizeof(struct stats),
	.fields = stats_fields,
};

const struct kind kind_context = {
	.cmd = REGBUF_CMD_CONTEXT_GET,
	.size = sizeof(struct context),
	.fields = context_fields,
};

const struct kind kind_buffer = {
	.cmd = REGBUF_CMD_BUFFER_GET,
	.size = sizeof(struct buffer),
	.fields = buffer_fields,
};

const struct kind kind_queue = {
	.cmd = REGBUF_CMD_QUEUE_GET,
	.size = sizeof(struct queue),
	.fields = queue_fields,
};

const struct kind kind_endpoint = {
	.cmd = REGBUF_CMD_ENDPOINT_GET,
	.size = sizeof(struct endpoint),
	.fields = endpoint_fields,
};

const struct kind kind_hold = {
	.cmd = REGBUF_CMD_HOLD_GET,
	.size = sizeof(struct hold),
	.fields = hold_fields,
};

const struct kind kind_counters = {
	.cmd = REGBUF_CMD_COUNTERS_GET,
	.size = sizeof(struct counters),
	.fields = counters_fields,
};

const struct kind kind_event = {
	.cmd = REGBUF_CMD_EVENT,
	.size = sizeof(struct event),
	.fields = event_fields,
};

const char *record_name(const struct names *names, uint32_t value)
{
	return value < names->nr ? names->list[value] : NULL;
}

bool record_is_set(const struct field *field, const void *member)
{
	return field->type == FIELD_U64 ? *(const uint64_t *)member :
					  *(const uint32_t *)member;
}
