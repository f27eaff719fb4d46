/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_LAYOUT_H
#define REGBUF_LAYOUT_H

/*
 * Where every member of every structure is, written down from the header's text
 * and not from a compiler. The same for 64-bit and 32-bit programs.
 */
#include <stddef.h>

#include <linux/regbuf.h>

#define MEMBER(type, member, at, bytes)					\
	_Static_assert(offsetof(struct type, member) == (at) &&		\
		       sizeof(((struct type *)0)->member) == (bytes),	\
		       #type "." #member)
#define SIZE(type, bytes)						\
	_Static_assert(sizeof(struct type) == (bytes) &&		\
		       _Alignof(struct type) == 8, #type)

MEMBER(regbuf_ioc_query, size, 0, 4);
MEMBER(regbuf_ioc_query, flags, 4, 4);
MEMBER(regbuf_ioc_query, features, 8, 8);
MEMBER(regbuf_ioc_query, register_flags, 16, 8);
MEMBER(regbuf_ioc_query, access, 24, 8);
MEMBER(regbuf_ioc_query, deregister_flags, 32, 8);
MEMBER(regbuf_ioc_query, send_flags, 40, 8);
MEMBER(regbuf_ioc_query, slice_flags, 48, 8);
MEMBER(regbuf_ioc_query, copy_reasons, 56, 8);
MEMBER(regbuf_ioc_query, max_buffers, 64, 4);
MEMBER(regbuf_ioc_query, max_slices, 68, 4);
MEMBER(regbuf_ioc_query, max_inline, 72, 4);
MEMBER(regbuf_ioc_query, __resv, 76, 4);
MEMBER(regbuf_ioc_query, max_length, 80, 8);
SIZE(regbuf_ioc_query, 88);

MEMBER(regbuf_ioc_register, size, 0, 4);
MEMBER(regbuf_ioc_register, flags, 4, 4);
MEMBER(regbuf_ioc_register, addr, 8, 8);
MEMBER(regbuf_ioc_register, length, 16, 8);
MEMBER(regbuf_ioc_register, access, 24, 4);
MEMBER(regbuf_ioc_register, result, 28, 4);
MEMBER(regbuf_ioc_register, id, 32, 8);
MEMBER(regbuf_ioc_register, needed, 40, 8);
MEMBER(regbuf_ioc_register, charged, 48, 8);
MEMBER(regbuf_ioc_register, allowed, 56, 8);
SIZE(regbuf_ioc_register, 64);

MEMBER(regbuf_ioc_deregister, size, 0, 4);
MEMBER(regbuf_ioc_deregister, flags, 4, 4);
MEMBER(regbuf_ioc_deregister, id, 8, 8);
MEMBER(regbuf_ioc_deregister, timeout_ns, 16, 8);
MEMBER(regbuf_ioc_deregister, in_flight, 24, 4);
MEMBER(regbuf_ioc_deregister, __resv, 28, 4);
SIZE(regbuf_ioc_deregister, 32);

MEMBER(regbuf_ioc_status, size, 0, 4);
MEMBER(regbuf_ioc_status, flags, 4, 4);
MEMBER(regbuf_ioc_status, id, 8, 8);
MEMBER(regbuf_ioc_status, addr, 16, 8);
MEMBER(regbuf_ioc_status, length, 24, 8);
MEMBER(regbuf_ioc_status, pages, 32, 8);
MEMBER(regbuf_ioc_status, access, 40, 4);
MEMBER(regbuf_ioc_status, state, 44, 4);
MEMBER(regbuf_ioc_status, in_flight, 48, 4);
MEMBER(regbuf_ioc_status, __resv, 52, 4);
SIZE(regbuf_ioc_status, 56);

MEMBER(regbuf_ioc_wait, size, 0, 4);
MEMBER(regbuf_ioc_wait, flags, 4, 4);
MEMBER(regbuf_ioc_wait, id, 8, 8);
MEMBER(regbuf_ioc_wait, timeout_ns, 16, 8);
SIZE(regbuf_ioc_wait, 24);

MEMBER(regbuf_slice, id, 0, 8);
MEMBER(regbuf_slice, offset, 8, 8);
MEMBER(regbuf_slice, length, 16, 4);
MEMBER(regbuf_slice, flags, 20, 4);
SIZE(regbuf_slice, 24);

MEMBER(regbuf_ioc_send, size, 0, 4);
MEMBER(regbuf_ioc_send, flags, 4, 4);
MEMBER(regbuf_ioc_send, fd, 8, 4);
MEMBER(regbuf_ioc_send, nr_slices, 12, 4);
MEMBER(regbuf_ioc_send, slices, 16, 8);
MEMBER(regbuf_ioc_send, addr, 24, 8);
MEMBER(regbuf_ioc_send, addr_len, 32, 4);
MEMBER(regbuf_ioc_send, error, 36, 4);
MEMBER(regbuf_ioc_send, sent, 40, 8);
MEMBER(regbuf_ioc_send, zerocopied, 48, 8);
MEMBER(regbuf_ioc_send, copied, 56, 8);
MEMBER(regbuf_ioc_send, copy_reasons, 64, 4);
MEMBER(regbuf_ioc_send, __resv, 68, 4);
SIZE(regbuf_ioc_send, 72);

MEMBER(regbuf_ioc_stats, size, 0, 4);
MEMBER(regbuf_ioc_stats, flags, 4, 4);
MEMBER(regbuf_ioc_stats, buffers, 8, 8);
MEMBER(regbuf_ioc_stats, pages, 16, 8);
MEMBER(regbuf_ioc_stats, sends, 24, 8);
MEMBER(regbuf_ioc_stats, zerocopied, 32, 8);
MEMBER(regbuf_ioc_stats, copied, 40, 128);
MEMBER(regbuf_ioc_stats, copied_later, 168, 8);
MEMBER(regbuf_ioc_stats, deregistered_in_flight, 176, 8);
SIZE(regbuf_ioc_stats, 184);

#endif /* REGBUF_LAYOUT_H */
