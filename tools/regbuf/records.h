/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RECORDS_H
#define RECORDS_H

/*
 * What the kernel tells of, and a table for each kind of it: what netlink calls
 * a member, what JSON calls it, and where it is.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/regbuf.h>

#define RECORD_COMM	16

struct stats {
	uint64_t sends;
	uint64_t zerocopied;
	uint64_t copied[REGBUF_COPY_MAX];
	uint64_t copied_later;
	uint64_t deregistered_in_flight;
	uint64_t used_after_deregister;
	uint64_t over_budget;
	uint64_t leaked_at_exit;
	uint64_t detached;
	uint64_t used_detached;
};

struct context {
	uint32_t id;
	uint32_t pid;
	uint32_t uid;
	char comm[RECORD_COMM];
	bool closed;
	uint32_t buffers;
	uint64_t bytes;
	uint64_t pinned;
	uint64_t pages;
	uint64_t charged;
	uint32_t queues;
	uint32_t endpoints;
	struct stats stats;
};

struct buffer {
	uint32_t context;
	uint64_t id;
	uint64_t addr;
	uint64_t length;
	uint64_t pages;
	uint32_t access;
	uint32_t state;
	uint32_t in_flight;
	uint32_t count;
	uint32_t shared;
	uint32_t exports;
	uint32_t imports;
	uint32_t flags;
};

struct queue {
	uint32_t context;
	uint32_t id;
	uint32_t sq_entries;
	uint32_t cq_entries;
	uint32_t pool_entries;
	uint32_t flags;
	uint32_t endpoints;
	uint32_t pending;
	uint32_t posted;
	uint32_t unconsumed;
};

struct address {
	uint8_t len;		/* 0: none, 4 or 16 */
	uint8_t bytes[16];
};

struct endpoint {
	uint32_t context;
	uint32_t queue;
	uint32_t id;
	uint32_t flags;
	uint32_t family;
	uint32_t protocol;
	uint32_t state;
	struct address local;
	struct address remote;
	uint16_t local_port;
	uint16_t remote_port;
	uint64_t cookie;
	uint64_t inode;
	uint32_t pending_sends;
	uint32_t pending_receives;
	uint32_t in_flight;
	uint64_t in_flight_bytes;
};

struct hold {
	uint32_t context;
	uint64_t buffer;
	uint32_t queue;
	uint32_t endpoint;
	uint64_t cookie;
	uint64_t inode;
	uint32_t requests;
	uint64_t bytes;
	uint64_t age;		/* ms, of the oldest */
};

/* Of the whole module. */
struct counters {
	uint32_t contexts;
	uint64_t opened;
	uint64_t buffers;
	uint64_t bytes;
	uint64_t pinned;
	uint64_t pages;
	uint64_t charged;
	struct stats stats;
};

struct event {
	uint32_t kind;
	uint32_t context;
	uint32_t pid;
	char comm[RECORD_COMM];
	uint64_t buffer;
	uint64_t addr;
	uint64_t length;
	uint64_t pages;
	uint32_t in_flight;
	uint64_t needed;
	uint64_t charged;
	uint64_t allowed;
	uint32_t buffers;
};

enum field_type {
	FIELD_U16,
	FIELD_U32,
	FIELD_U64,
	FIELD_FLAG,		/* a bool */
	FIELD_TEXT,		/* RECORD_COMM bytes */
	FIELD_ADDRESS,
	FIELD_COPIED,		/* bytes by reason */
	FIELD_STATS,
	FIELD_NAME,		/* a u32, the number of a name */
	FIELD_NAMES,		/* a u32, with a bit for each name */
};

/* Words for numbers; there may be none for some. */
struct names {
	const char *const *list;
	size_t nr;
};

struct field {
	const char *name;
	const struct names *names;
	unsigned short attr;
	unsigned char type;
	bool key;		/* sent with a request, unless 0 */
	bool optional;		/* JSON leaves it out if 0 */
	size_t offset;
};

struct kind {
	unsigned char cmd;
	size_t size;
	const struct field *fields;	/* up to one without a name */
};

/* Any number of one kind. */
struct records {
	void *items;
	size_t nr;
	bool torn;		/* there were changes while it was read */
};

extern const struct kind kind_context, kind_buffer, kind_queue, kind_endpoint,
			 kind_hold, kind_counters, kind_event, kind_stats;

extern const struct names names_access, names_buffer_state, names_buffer_flags,
			  names_queue_flags, names_endpoint_flags,
			  names_family, names_protocol, names_socket_state,
			  names_event;

/* The word for @value, or NULL. */
const char *record_name(const struct names *names, uint32_t value);

/* Is a member that is a key or optional other than 0? */
bool record_is_set(const struct field *field, const void *member);

/* The member of record @item that @field is about. */
static inline void *record_member(const void *item, const struct field *field)
{
	return (char *)item + field->offset;
}

/* Record @i of @records. */
#define RECORD(type, records, i)	\
	(&((const struct type *)(records)->items)[i])

#endif
