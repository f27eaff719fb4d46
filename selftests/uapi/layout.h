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
MEMBER(regbuf_ioc_query, queue_flags, 88, 8);
MEMBER(regbuf_ioc_query, attach_flags, 96, 8);
MEMBER(regbuf_ioc_query, detach_flags, 104, 8);
MEMBER(regbuf_ioc_query, ops, 112, 8);
MEMBER(regbuf_ioc_query, sqe_flags, 120, 8);
MEMBER(regbuf_ioc_query, max_sq_entries, 128, 4);
MEMBER(regbuf_ioc_query, max_cq_entries, 132, 4);
MEMBER(regbuf_ioc_query, max_pool_entries, 136, 4);
MEMBER(regbuf_ioc_query, max_endpoints, 140, 4);
MEMBER(regbuf_ioc_query, array_flags, 144, 8);
MEMBER(regbuf_ioc_query, max_array, 152, 4);
MEMBER(regbuf_ioc_query, slot_size, 156, 4);
SIZE(regbuf_ioc_query, 160);

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
MEMBER(regbuf_ioc_deregister, count, 28, 4);
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
MEMBER(regbuf_ioc_status, count, 52, 4);
MEMBER(regbuf_ioc_status, shared, 56, 4);
MEMBER(regbuf_ioc_status, exports, 60, 4);
MEMBER(regbuf_ioc_status, imports, 64, 4);
MEMBER(regbuf_ioc_status, flags_out, 68, 4);
SIZE(regbuf_ioc_status, 72);

MEMBER(regbuf_slot, id, 0, 8);
MEMBER(regbuf_slot, length, 8, 8);
MEMBER(regbuf_slot, state, 16, 4);
MEMBER(regbuf_slot, __resv, 20, 12);
SIZE(regbuf_slot, 32);

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
MEMBER(regbuf_ioc_stats, used_after_deregister, 184, 8);
MEMBER(regbuf_ioc_stats, over_budget, 192, 8);
MEMBER(regbuf_ioc_stats, detached, 200, 8);
MEMBER(regbuf_ioc_stats, used_detached, 208, 8);
SIZE(regbuf_ioc_stats, 216);

MEMBER(regbuf_array_entry, addr, 0, 8);
MEMBER(regbuf_array_entry, length, 8, 8);
MEMBER(regbuf_array_entry, access, 16, 4);
MEMBER(regbuf_array_entry, flags, 20, 4);
MEMBER(regbuf_array_entry, id, 24, 8);
SIZE(regbuf_array_entry, 32);

MEMBER(regbuf_ioc_array, size, 0, 4);
MEMBER(regbuf_ioc_array, flags, 4, 4);
MEMBER(regbuf_ioc_array, entries, 8, 8);
MEMBER(regbuf_ioc_array, nr, 16, 4);
MEMBER(regbuf_ioc_array, first, 20, 4);
MEMBER(regbuf_ioc_array, result, 24, 4);
MEMBER(regbuf_ioc_array, failed, 28, 4);
MEMBER(regbuf_ioc_array, needed, 32, 8);
MEMBER(regbuf_ioc_array, charged, 40, 8);
MEMBER(regbuf_ioc_array, allowed, 48, 8);
SIZE(regbuf_ioc_array, 56);

MEMBER(regbuf_ioc_export, size, 0, 4);
MEMBER(regbuf_ioc_export, flags, 4, 4);
MEMBER(regbuf_ioc_export, id, 8, 8);
MEMBER(regbuf_ioc_export, offset, 16, 8);
MEMBER(regbuf_ioc_export, length, 24, 8);
MEMBER(regbuf_ioc_export, access, 32, 4);
MEMBER(regbuf_ioc_export, fd, 36, 4);
SIZE(regbuf_ioc_export, 40);

MEMBER(regbuf_ioc_import, size, 0, 4);
MEMBER(regbuf_ioc_import, flags, 4, 4);
MEMBER(regbuf_ioc_import, fd, 8, 4);
MEMBER(regbuf_ioc_import, access, 12, 4);
MEMBER(regbuf_ioc_import, id, 16, 8);
MEMBER(regbuf_ioc_import, length, 24, 8);
MEMBER(regbuf_ioc_import, granted, 32, 4);
MEMBER(regbuf_ioc_import, __resv, 36, 4);
SIZE(regbuf_ioc_import, 40);

MEMBER(regbuf_ioc_revoke, size, 0, 4);
MEMBER(regbuf_ioc_revoke, flags, 4, 4);
MEMBER(regbuf_ioc_revoke, id, 8, 8);
MEMBER(regbuf_ioc_revoke, fd, 16, 4);
MEMBER(regbuf_ioc_revoke, in_flight, 20, 4);
SIZE(regbuf_ioc_revoke, 24);

/* What different CPUs write is 64 bytes apart. */
MEMBER(regbuf_ring, sq_head, 0, 4);
MEMBER(regbuf_ring, flags, 4, 4);
MEMBER(regbuf_ring, sq_tail, 64, 4);
MEMBER(regbuf_ring, cq_tail, 128, 4);
MEMBER(regbuf_ring, cq_loud, 132, 4);
MEMBER(regbuf_ring, cq_head, 192, 4);
MEMBER(regbuf_ring, cq_armed, 196, 4);
MEMBER(regbuf_ring, pool_head, 256, 4);
MEMBER(regbuf_ring, pool_tail, 320, 4);
_Static_assert(sizeof(struct regbuf_ring) == 384, "regbuf_ring");

MEMBER(regbuf_ioc_queue, size, 0, 4);
MEMBER(regbuf_ioc_queue, flags, 4, 4);
MEMBER(regbuf_ioc_queue, sq_entries, 8, 4);
MEMBER(regbuf_ioc_queue, cq_entries, 12, 4);
MEMBER(regbuf_ioc_queue, pool_entries, 16, 4);
MEMBER(regbuf_ioc_queue, poller_idle_us, 20, 4);
MEMBER(regbuf_ioc_queue, fd, 24, 4);
MEMBER(regbuf_ioc_queue, sq_off, 28, 4);
MEMBER(regbuf_ioc_queue, cq_off, 32, 4);
MEMBER(regbuf_ioc_queue, pool_off, 36, 4);
MEMBER(regbuf_ioc_queue, map_size, 40, 8);
SIZE(regbuf_ioc_queue, 48);

MEMBER(regbuf_sqe, op, 0, 1);
MEMBER(regbuf_sqe, __resv, 1, 1);
MEMBER(regbuf_sqe, flags, 2, 2);
MEMBER(regbuf_sqe, endpoint, 4, 4);
MEMBER(regbuf_sqe, user_data, 8, 8);
MEMBER(regbuf_sqe, id, 16, 8);
MEMBER(regbuf_sqe, offset, 24, 8);
MEMBER(regbuf_sqe, length, 32, 4);
MEMBER(regbuf_sqe, timeout_us, 36, 4);
MEMBER(regbuf_sqe, addr_id, 40, 8);
MEMBER(regbuf_sqe, addr_offset, 48, 8);
MEMBER(regbuf_sqe, ext, 56, 8);
SIZE(regbuf_sqe, 64);

MEMBER(regbuf_ext, size, 0, 4);
MEMBER(regbuf_ext, flags, 4, 4);
MEMBER(regbuf_ext, ctl_id, 8, 8);
MEMBER(regbuf_ext, ctl_offset, 16, 8);
MEMBER(regbuf_ext, ctl_length, 24, 4);
MEMBER(regbuf_ext, segment, 28, 2);
MEMBER(regbuf_ext, __resv, 30, 2);
SIZE(regbuf_ext, 32);

MEMBER(regbuf_cqe, user_data, 0, 8);
MEMBER(regbuf_cqe, error, 8, 4);
MEMBER(regbuf_cqe, flags, 12, 4);
MEMBER(regbuf_cqe, value, 16, 8);
MEMBER(regbuf_cqe, copy_reasons, 24, 2);
MEMBER(regbuf_cqe, ctl_length, 26, 2);
MEMBER(regbuf_cqe, detail, 28, 4);
SIZE(regbuf_cqe, 32);

MEMBER(regbuf_ioc_enter, size, 0, 4);
MEMBER(regbuf_ioc_enter, flags, 4, 4);
MEMBER(regbuf_ioc_enter, submit, 8, 4);
MEMBER(regbuf_ioc_enter, wait, 12, 4);
MEMBER(regbuf_ioc_enter, timeout_ns, 16, 8);
MEMBER(regbuf_ioc_enter, sigmask, 24, 8);
MEMBER(regbuf_ioc_enter, sigmask_size, 32, 4);
MEMBER(regbuf_ioc_enter, submitted, 36, 4);
MEMBER(regbuf_ioc_enter, error, 40, 4);
MEMBER(regbuf_ioc_enter, ready, 44, 4);
SIZE(regbuf_ioc_enter, 48);

MEMBER(regbuf_ioc_attach, size, 0, 4);
MEMBER(regbuf_ioc_attach, flags, 4, 4);
MEMBER(regbuf_ioc_attach, fd, 8, 4);
MEMBER(regbuf_ioc_attach, max_send, 12, 4);
MEMBER(regbuf_ioc_attach, max_recv, 16, 4);
MEMBER(regbuf_ioc_attach, endpoint, 20, 4);
MEMBER(regbuf_ioc_attach, copy_reasons, 24, 4);
MEMBER(regbuf_ioc_attach, __resv, 28, 4);
_Static_assert(sizeof(struct regbuf_ioc_attach) == 32, "regbuf_ioc_attach");

MEMBER(regbuf_ioc_detach, size, 0, 4);
MEMBER(regbuf_ioc_detach, flags, 4, 4);
MEMBER(regbuf_ioc_detach, endpoint, 8, 4);
MEMBER(regbuf_ioc_detach, __resv, 12, 4);
_Static_assert(sizeof(struct regbuf_ioc_detach) == 16, "regbuf_ioc_detach");

MEMBER(regbuf_ioc_resize, size, 0, 4);
MEMBER(regbuf_ioc_resize, flags, 4, 4);
MEMBER(regbuf_ioc_resize, sq_entries, 8, 4);
MEMBER(regbuf_ioc_resize, cq_entries, 12, 4);
MEMBER(regbuf_ioc_resize, sq_off, 16, 4);
MEMBER(regbuf_ioc_resize, cq_off, 20, 4);
MEMBER(regbuf_ioc_resize, pool_off, 24, 4);
MEMBER(regbuf_ioc_resize, __resv, 28, 4);
MEMBER(regbuf_ioc_resize, map_size, 32, 8);
SIZE(regbuf_ioc_resize, 40);

MEMBER(regbuf_ioc_eventfd, size, 0, 4);
MEMBER(regbuf_ioc_eventfd, flags, 4, 4);
MEMBER(regbuf_ioc_eventfd, fd, 8, 4);
MEMBER(regbuf_ioc_eventfd, __resv, 12, 4);
_Static_assert(sizeof(struct regbuf_ioc_eventfd) == 16, "regbuf_ioc_eventfd");

MEMBER(regbuf_ioc_pool, size, 0, 4);
MEMBER(regbuf_ioc_pool, flags, 4, 4);
MEMBER(regbuf_ioc_pool, id, 8, 8);
MEMBER(regbuf_ioc_pool, offset, 16, 8);
MEMBER(regbuf_ioc_pool, length, 24, 4);
MEMBER(regbuf_ioc_pool, count, 28, 4);
SIZE(regbuf_ioc_pool, 32);

MEMBER(regbuf_ioc_socket, size, 0, 4);
MEMBER(regbuf_ioc_socket, flags, 4, 4);
MEMBER(regbuf_ioc_socket, endpoint, 8, 4);
MEMBER(regbuf_ioc_socket, fd, 12, 4);
_Static_assert(sizeof(struct regbuf_ioc_socket) == 16, "regbuf_ioc_socket");

#endif /* REGBUF_LAYOUT_H */
