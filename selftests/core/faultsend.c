// SPDX-License-Identifier: GPL-2.0
/*
 * Faults in sends without a queue.
 */
#define PAGES		1
#include "regbuf_faultstep.h"

#define FEW		2	/* slices: no memory is needed for them */
#define LONG		20	/* slices: a datagram's need memory */
#define LONGEST		40	/* slices: of a stream, in two turns */
#define PIECES		200	/* slices: a datagram's need more than a page */
#define SMALL		60	/* bytes in a slice, then */
#define CHUNK		1000	/* else */
#define LARGE		4000	/* likewise: more in a turn than a packet has */
#define NOBODY		"203.0.113.9"

static struct regbuf_slice slices[PIECES];
static unsigned int nr_slices;
static struct regbuf_ioc_send msg;
static int udp[2];
static int loose;	/* not connected */

static void fill_slices(const struct rig *rig, unsigned int nr)
{
	static const char head[SMALL] = "head";

	nr_slices = nr;
	for (unsigned int i = 0; i < nr; i++)
		slices[i] = rb_slice(rig->ids[i % MANY], i, CHUNK);
	if (nr > FEW)
		slices[nr / 2] = rb_inline(head, 4);
}

static int prepare_few(struct rig *rig)
{
	fill_slices(rig, FEW);
	msg = rb_msg(rig->sv[0], slices, nr_slices);
	return 0;
}

static int prepare_many(struct rig *rig)
{
	fill_slices(rig, MANY);
	msg = rb_msg(rig->sv[0], slices, nr_slices);
	return 0;
}

/* C4: what follows the first turn is for the same connection, or for none. */
static int prepare_rest(struct rig *rig)
{
	fill_slices(rig, LONGEST);
	for (unsigned int i = 0; i < nr_slices; i++)
		if (!(slices[i].flags & REGBUF_SLICE_F_INLINE))
			slices[i].length = LARGE;
	msg = rb_msg(rig->sv[0], slices, nr_slices);
	return 0;
}

static int prepare_dgram(struct rig *rig)
{
	fill_slices(rig, LONG);
	if (!udp[0] && rb_pair(NULL, AF_INET, SOCK_DGRAM, udp))
		return -1;
	msg = rb_msg(udp[0], slices, nr_slices);
	return 0;
}

static int prepare_pieces(struct rig *rig)
{
	if (prepare_dgram(rig))
		return -1;
	fill_slices(rig, PIECES);
	for (unsigned int i = 0; i < nr_slices; i++)
		slices[i].length = SMALL;
	msg = rb_msg(udp[0], slices, nr_slices);
	return 0;
}

/*
 * To somebody who is named, by a route that nobody knows yet: from a socket
 * that is not connected.
 */
static int prepare_named(struct rig *rig)
{
	static struct sockaddr_storage to;
	socklen_t len = sizeof(to);

	if (prepare_dgram(rig) ||
	    getsockname(udp[1], (struct sockaddr *)&to, &len) ||
	    rb_write_file("/proc/sys/net/ipv4/route/flush", "1"))
		return -1;
	if (!loose)
		loose = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	msg.fd = loose;
	msg.addr = (unsigned long)&to;
	msg.addr_len = len;
	return 0;
}

/*
 * To nobody, through a device that has no route there, and takes no datagram in
 * pieces: that is found out afterwards, by way of a route of the socket's own.
 */
static int prepare_lost(struct rig *rig)
{
	static struct sockaddr_storage to;
	static struct rb_net net;

	fill_slices(rig, MANY);
	if (!net.near) {
		if (rb_net_setup(&net) ||
		    rb_ethtool("veth0", ETHTOOL_SSG, 0) ||
		    rb_sh("ip neigh add " NOBODY
			  " lladdr 02:00:00:00:00:01 dev veth0"))
			return -1;
		loose = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (setsockopt(loose, SOL_SOCKET, SO_BINDTODEVICE, "veth0", 5))
			return -1;
	}
	msg = rb_msg(loose, slices, nr_slices);
	msg.addr_len = rb_addr(AF_INET, NOBODY, 9, &to);
	msg.addr = (unsigned long)&to;
	return 0;
}

static int call_send(struct rig *rig)
{
	return rb_ioctl(rig->dev, REGBUF_IOC_SEND, &msg);
}

static size_t message(const struct rig *rig, char *to)
{
	char *start = to;

	for (unsigned int i = 0; i < nr_slices; i++) {
		const struct regbuf_slice *slice = &slices[i];
		const char *from = rig->mem + i % MANY * RB_PAGE +
				   slice->offset;

		if (slice->flags & REGBUF_SLICE_F_INLINE)
			from = (const char *)(unsigned long)slice->id;
		memcpy(to, from, slice->length);
		to += slice->length;
	}
	return to - start;
}

/* What should come does soon: a lost datagram is a failure, and no wait. */
static int receive(int sock, char *bytes, size_t length)
{
	struct timeval time = { .tv_sec = 20 };

	return setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) ?:
	       rb_recv_all(sock, bytes, length);
}

/* Whether it was only the result that got lost: then all was sent. */
static bool sent_after_all(struct rig *rig, size_t length)
{
	struct regbuf_ioc_stats stats;

	if (rb_stats(rig->dev, &stats) || stats.sends == rig->before.sends)
		return false;
	rig->late++;
	msg.sent = length;
	msg.copied = length;
	msg.zerocopied = 0;
	return true;
}

/*
 * Refused: nothing arrives. Else as much as it says, the right bytes, and all
 * of them unless it says why not.
 */
static int check_send(struct rig *rig, int err)
{
	int sock = msg.fd == rig->sv[0] ? rig->sv[1] : udp[1];
	static char want[LONGEST * LARGE], got[LONGEST * LARGE];
	size_t length = message(rig, want);
	struct regbuf_ioc_stats stats;

	if (!err || (err == -EFAULT && sent_after_all(rig, length))) {
		if (msg.sent == 0 || msg.sent > length ||
		    (msg.sent < length) != (msg.error != 0) ||
		    msg.sent != msg.copied + msg.zerocopied ||
		    receive(sock, got, msg.sent) ||
		    memcmp(want, got, msg.sent))
			return 1;
		rig->before.sends++;
	}
	for (int i = 0; i < MANY; i++)
		if (rb_wait(rig->dev, rig->ids[i], 20 * RB_SEC))
			return 2;
	if (rb_stats(rig->dev, &stats) || stats.sends != rig->before.sends)
		return 3;
	return recv(sock, got, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

FIXTURE_VARIANT_ADD(fault, few_slices) {
	.prepare = prepare_few,
	.call = call_send,
	.check = check_send,
	.waits = true,
};

FIXTURE_VARIANT_ADD(fault, many_slices) {
	.prepare = prepare_many,
	.call = call_send,
	.check = check_send,
	.waits = true,
};

FIXTURE_VARIANT_ADD(fault, rest) {
	.prepare = prepare_rest,
	.call = call_send,
	.check = check_send,
	.waits = true,
};

FIXTURE_VARIANT_ADD(fault, datagram) {
	.prepare = prepare_dgram,
	.call = call_send,
	.check = check_send,
	.also = ENOBUFS,
};

FIXTURE_VARIANT_ADD(fault, datagram_in_pieces) {
	.prepare = prepare_pieces,
	.call = call_send,
	.check = check_send,
	.also = ENOBUFS,
};

FIXTURE_VARIANT_ADD(fault, datagram_to) {
	.prepare = prepare_named,
	.call = call_send,
	.check = check_send,
	.also = ENOBUFS,
};

/* All went, as a copy, and the buffers are not in use. */
static int check_lost(struct rig *rig, int err)
{
	struct regbuf_ioc_stats stats;

	if (rb_stats(rig->dev, &stats))
		return 1;
	if (!err && (msg.zerocopied || stats.sends == rig->before.sends))
		return 2;
	rig->late += err == -EFAULT && stats.sends != rig->before.sends;
	rig->before.sends = stats.sends;
	for (int i = 0; i < MANY; i++)
		if (rb_wait(rig->dev, rig->ids[i], 20 * RB_SEC))
			return 3;
	return 0;
}

FIXTURE_VARIANT_ADD(fault, datagram_lost) {
	.prepare = prepare_lost,
	.call = call_send,
	.check = check_lost,
	.also = ENOBUFS,
};

TEST_HARNESS_MAIN
