// SPDX-License-Identifier: GPL-2.0
/*
 * The layout is the interface: nothing may move.
 */
#include <linux/build_bug.h>
#include <linux/stddef.h>

#include <uapi/linux/regbuf.h>

#define REGBUF_ASSERT(type, member, at) \
	static_assert(offsetof(struct type, member) == (at))

REGBUF_ASSERT(regbuf_ioc_query, features, 8);
REGBUF_ASSERT(regbuf_ioc_query, register_flags, 16);
REGBUF_ASSERT(regbuf_ioc_query, access, 24);
REGBUF_ASSERT(regbuf_ioc_query, deregister_flags, 32);
REGBUF_ASSERT(regbuf_ioc_query, send_flags, 40);
REGBUF_ASSERT(regbuf_ioc_query, slice_flags, 48);
REGBUF_ASSERT(regbuf_ioc_query, copy_reasons, 56);
REGBUF_ASSERT(regbuf_ioc_query, max_buffers, 64);
REGBUF_ASSERT(regbuf_ioc_query, max_slices, 68);
REGBUF_ASSERT(regbuf_ioc_query, max_inline, 72);
REGBUF_ASSERT(regbuf_ioc_query, __resv, 76);
REGBUF_ASSERT(regbuf_ioc_query, max_length, 80);
static_assert(sizeof(struct regbuf_ioc_query) == 88);

REGBUF_ASSERT(regbuf_ioc_register, addr, 8);
REGBUF_ASSERT(regbuf_ioc_register, length, 16);
REGBUF_ASSERT(regbuf_ioc_register, access, 24);
REGBUF_ASSERT(regbuf_ioc_register, result, 28);
REGBUF_ASSERT(regbuf_ioc_register, id, 32);
REGBUF_ASSERT(regbuf_ioc_register, needed, 40);
REGBUF_ASSERT(regbuf_ioc_register, charged, 48);
REGBUF_ASSERT(regbuf_ioc_register, allowed, 56);
static_assert(sizeof(struct regbuf_ioc_register) == 64);

REGBUF_ASSERT(regbuf_ioc_deregister, id, 8);
REGBUF_ASSERT(regbuf_ioc_deregister, timeout_ns, 16);
REGBUF_ASSERT(regbuf_ioc_deregister, in_flight, 24);
REGBUF_ASSERT(regbuf_ioc_deregister, __resv, 28);
static_assert(sizeof(struct regbuf_ioc_deregister) == 32);

REGBUF_ASSERT(regbuf_ioc_status, id, 8);
REGBUF_ASSERT(regbuf_ioc_status, addr, 16);
REGBUF_ASSERT(regbuf_ioc_status, length, 24);
REGBUF_ASSERT(regbuf_ioc_status, pages, 32);
REGBUF_ASSERT(regbuf_ioc_status, access, 40);
REGBUF_ASSERT(regbuf_ioc_status, state, 44);
REGBUF_ASSERT(regbuf_ioc_status, in_flight, 48);
REGBUF_ASSERT(regbuf_ioc_status, __resv, 52);
static_assert(sizeof(struct regbuf_ioc_status) == 56);

REGBUF_ASSERT(regbuf_ioc_wait, id, 8);
REGBUF_ASSERT(regbuf_ioc_wait, timeout_ns, 16);
static_assert(sizeof(struct regbuf_ioc_wait) == 24);

REGBUF_ASSERT(regbuf_slice, id, 0);
REGBUF_ASSERT(regbuf_slice, offset, 8);
REGBUF_ASSERT(regbuf_slice, length, 16);
REGBUF_ASSERT(regbuf_slice, flags, 20);
static_assert(sizeof(struct regbuf_slice) == 24);

REGBUF_ASSERT(regbuf_ioc_send, fd, 8);
REGBUF_ASSERT(regbuf_ioc_send, nr_slices, 12);
REGBUF_ASSERT(regbuf_ioc_send, slices, 16);
REGBUF_ASSERT(regbuf_ioc_send, addr, 24);
REGBUF_ASSERT(regbuf_ioc_send, addr_len, 32);
REGBUF_ASSERT(regbuf_ioc_send, error, 36);
REGBUF_ASSERT(regbuf_ioc_send, sent, 40);
REGBUF_ASSERT(regbuf_ioc_send, zerocopied, 48);
REGBUF_ASSERT(regbuf_ioc_send, copied, 56);
REGBUF_ASSERT(regbuf_ioc_send, copy_reasons, 64);
REGBUF_ASSERT(regbuf_ioc_send, __resv, 68);
static_assert(sizeof(struct regbuf_ioc_send) == 72);

REGBUF_ASSERT(regbuf_ioc_stats, buffers, 8);
REGBUF_ASSERT(regbuf_ioc_stats, pages, 16);
REGBUF_ASSERT(regbuf_ioc_stats, sends, 24);
REGBUF_ASSERT(regbuf_ioc_stats, zerocopied, 32);
REGBUF_ASSERT(regbuf_ioc_stats, copied, 40);
REGBUF_ASSERT(regbuf_ioc_stats, copied_later, 168);
REGBUF_ASSERT(regbuf_ioc_stats, deregistered_in_flight, 176);
static_assert(sizeof(struct regbuf_ioc_stats) == 184);
