// SPDX-License-Identifier: GPL-2.0
/*
 * The calls that programs are made of: name, how often, whether it is the
 * module's, and what its arguments may be.
 */
#include "world.h"

#include <linux/regbuf_netlink.h>

#define DEV		{ FZ_PICK, 2 }
#define QUEUE		{ FZ_PICK, 2 }
#define EP		{ FZ_PICK, 4 }
#define SOCK		{ FZ_PICK, 6 }
#define ANY_FD		{ FZ_PICK, 64 }
#define BUF		{ FZ_BUF }
#define ADDR		{ FZ_ADDR }
#define LEN		{ FZ_LEN }
#define OFF		{ FZ_OFF }
#define TIME		{ FZ_TIME }
#define COUNT		{ FZ_COUNT }
#define ANY		{ FZ_ANY }
#define PICK(n)		{ FZ_PICK, n }
#define BITS(mask)	{ FZ_BITS, mask }
#define ACCESS		BITS(3)

#define OURS(name, weight, ...) \
	{ #name, fz_call_##name, weight, true, { __VA_ARGS__ } }
#define OTHER(name, weight, ...) \
	{ #name, fz_call_##name, weight, false, { __VA_ARGS__ } }

const struct fz_desc fz_descs[] = {
	OURS(open, 2, DEV),
	OURS(query, 1, DEV),
	OURS(register, 10, DEV, ADDR, LEN, ACCESS, BITS(REGBUF_REGISTER_F_ALL)),
	OURS(deregister, 6, DEV, BUF, BITS(REGBUF_DEREGISTER_F_ALL), TIME),
	OURS(status, 2, DEV, BUF),
	OURS(wait, 3, DEV, BUF, TIME),
	OURS(stats, 1, DEV),
	OURS(send, 10, DEV, SOCK, BITS(REGBUF_SEND_F_ALL), COUNT, BUF, OFF, LEN,
	     BITS(0xf03)),
	OURS(queue, 4, DEV, BITS(REGBUF_QUEUE_F_ALL), COUNT, COUNT, COUNT, OFF),
	OURS(array, 5, DEV, BITS(REGBUF_ARRAY_F_ALL), COUNT, COUNT, ADDR, LEN,
	     ACCESS, BITS(0xffff02)),
	OURS(export, 4, DEV, BUF, OFF, LEN, ACCESS),
	OURS(import, 4, DEV, PICK(4), ACCESS),
	OURS(revoke, 2, DEV, PICK(2), BUF, PICK(4)),
	OURS(raw, 4, ANY_FD, PICK(0x28), LEN, BITS(3), ANY, ANY, ANY, ANY),
	OURS(view, 2, DEV, OFF, LEN, BITS(3), PICK(2)),

	OURS(enter, 10, QUEUE, COUNT, COUNT, TIME, PICK(3)),
	OURS(attach, 6, QUEUE, SOCK, BITS(REGBUF_ATTACH_F_ALL), COUNT, COUNT),
	OURS(detach, 3, QUEUE, EP, BITS(REGBUF_DETACH_F_ALL)),
	OURS(resize, 2, QUEUE, COUNT, COUNT, PICK(8)),
	OURS(eventfd, 2, QUEUE, PICK(8)),
	OURS(pool, 4, QUEUE, BUF, OFF, LEN, COUNT),
	OURS(socket, 1, QUEUE, EP),
	OURS(remap, 1, QUEUE, PICK(6)),

	OTHER(sqe, 40, QUEUE, PICK(REGBUF_OP_NR), BITS(REGBUF_SQE_F_KNOWN), EP,
	      BUF, OFF, LEN, BITS(0x1f7f)),
	OTHER(reap, 6, QUEUE, COUNT),
	OTHER(poke, 3, QUEUE, PICK(8), ANY, PICK(2)),
	OTHER(return, 3, QUEUE, ANY, COUNT),
	OTHER(arm, 2, QUEUE, COUNT),
	OTHER(scribble, 2, BITS(15)),

	OTHER(sock, 8, PICK(20)),
	OTHER(sockop, 8, SOCK, PICK(14), LEN),
	OTHER(sockopt, 4, SOCK, PICK(32), COUNT),

	OTHER(mmap, 3, ADDR, LEN, BITS(3), PICK(6)),
	OTHER(munmap, 3, ADDR, LEN),
	OTHER(mremap, 2, ADDR, LEN, LEN, ADDR),
	OTHER(mprotect, 1, ADDR, LEN, BITS(3)),
	OTHER(madvise, 4, ADDR, LEN, PICK(12)),
	OTHER(touch, 2, ADDR, LEN),

	OTHER(fork, 2, PICK(16)),
	OTHER(caps, 1, BITS(7)),
	OTHER(memlock, 1, COUNT),
	OTHER(close, 3, ANY_FD),
	OTHER(dup, 2, ANY_FD, PICK(16)),
	OTHER(pass, 1, ANY_FD, PICK(4)),
	OTHER(poll, 2, ANY_FD, PICK(8), BITS(0x1f)),
	OTHER(nap, 2, COUNT),
	OTHER(param, 1, PICK(2), COUNT),
	OURS(genl, 3, PICK(REGBUF_CMD_MAX + 1), BITS(31), COUNT, COUNT, COUNT,
	     ANY),
};

const unsigned int fz_nr_descs = ARRAY_SIZE(fz_descs);
