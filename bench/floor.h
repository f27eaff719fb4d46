/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_BENCH_FLOOR_H
#define REGBUF_BENCH_FLOOR_H

/*
 * /dev/regbuf-floor: sends from pinned memory with nothing around the stack's
 * own sendmsg but a counter. What any user of zero copy costs on top of this is
 * its own.
 *
 * An open file has one range of memory, a set of sockets, and a set of IPv4
 * destinations; each is set once, before the first send that uses it.
 * All calls return 0, or -1 with errno.
 */

#include <linux/ioctl.h>
#include <linux/types.h>

/* EBUSY if there is one already; else what pinning says. */
struct regbuf_floor_pin {
	__u64 addr;
	__u64 len;
};

/* TCP or UDP sockets; EBUSY if set already. Kept open by the file. */
struct regbuf_floor_sockets {
	__u64 fds;		/* __s32[count] */
	__u32 count;
	__u32 reserved;
};

/* EBUSY if set already. */
struct regbuf_floor_names {
	__u64 names;		/* struct sockaddr_in[count] */
	__u32 count;
	__u32 reserved;
};

/*
 * All sends to the one socket go down together: for TCP in one message, for UDP
 * in super-packets of at most 64 datagrams. Without it each is a message.
 */
#define REGBUF_FLOOR_F_COALESCE	(1U << 0)
/* By copy. */
#define REGBUF_FLOOR_F_COPY	(1U << 1)
/* Send i goes to socket (socket + i) modulo their number. Not with COALESCE. */
#define REGBUF_FLOOR_F_SPREAD	(1U << 2)
/* Send i goes to name i modulo their number. Not with COALESCE. */
#define REGBUF_FLOOR_F_NAMES	(1U << 3)
/* A reference to its page for each fragment, instead of one for all. */
#define REGBUF_FLOOR_F_REFS	(1U << 4)

/*
 * @count sends of @len bytes, send i from @offset + i * @len. Blocks until all
 * have entered their sockets. They are in flight together, until the stack has
 * let go of the last.
 */
struct regbuf_floor_run {
	__u64 offset;
	__u32 len;
	__u32 count;
	__u32 socket;		/* index into the sockets */
	__u32 flags;		/* REGBUF_FLOOR_F_* */
};

/* Wait until at most @count sends are in flight. */
struct regbuf_floor_wait {
	__u32 count;
	__u32 reserved;
};

#define REGBUF_FLOOR_PIN	_IOW(0xf8, 0, struct regbuf_floor_pin)
#define REGBUF_FLOOR_SOCKETS	_IOW(0xf8, 1, struct regbuf_floor_sockets)
#define REGBUF_FLOOR_NAMES	_IOW(0xf8, 2, struct regbuf_floor_names)
#define REGBUF_FLOOR_RUN	_IOW(0xf8, 3, struct regbuf_floor_run)
#define REGBUF_FLOOR_WAIT	_IOW(0xf8, 4, struct regbuf_floor_wait)

#endif /* REGBUF_BENCH_FLOOR_H */
