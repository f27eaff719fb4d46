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
REGBUF_ASSERT(regbuf_ioc_query, queue_flags, 88);
REGBUF_ASSERT(regbuf_ioc_query, attach_flags, 96);
REGBUF_ASSERT(regbuf_ioc_query, detach_flags, 104);
REGBUF_ASSERT(regbuf_ioc_query, ops, 112);
REGBUF_ASSERT(regbuf_ioc_query, sqe_flags, 120);
REGBUF_ASSERT(regbuf_ioc_query, max_sq_entries, 128);
REGBUF_ASSERT(regbuf_ioc_query, max_cq_entries, 132);
REGBUF_ASSERT(regbuf_ioc_query, max_pool_entries, 136);
REGBUF_ASSERT(regbuf_ioc_query, max_endpoints, 140);
REGBUF_ASSERT(regbuf_ioc_query, array_flags, 144);
REGBUF_ASSERT(regbuf_ioc_query, max_array, 152);
REGBUF_ASSERT(regbuf_ioc_query, slot_size, 156);
static_assert(sizeof(struct regbuf_ioc_query) == 160);

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
REGBUF_ASSERT(regbuf_ioc_deregister, count, 28);
static_assert(sizeof(struct regbuf_ioc_deregister) == 32);

REGBUF_ASSERT(regbuf_ioc_status, id, 8);
REGBUF_ASSERT(regbuf_ioc_status, addr, 16);
REGBUF_ASSERT(regbuf_ioc_status, length, 24);
REGBUF_ASSERT(regbuf_ioc_status, pages, 32);
REGBUF_ASSERT(regbuf_ioc_status, access, 40);
REGBUF_ASSERT(regbuf_ioc_status, state, 44);
REGBUF_ASSERT(regbuf_ioc_status, in_flight, 48);
REGBUF_ASSERT(regbuf_ioc_status, count, 52);
REGBUF_ASSERT(regbuf_ioc_status, shared, 56);
REGBUF_ASSERT(regbuf_ioc_status, exports, 60);
REGBUF_ASSERT(regbuf_ioc_status, imports, 64);
REGBUF_ASSERT(regbuf_ioc_status, flags_out, 68);
static_assert(sizeof(struct regbuf_ioc_status) == 72);

REGBUF_ASSERT(regbuf_slot, id, 0);
REGBUF_ASSERT(regbuf_slot, length, 8);
REGBUF_ASSERT(regbuf_slot, state, 16);
REGBUF_ASSERT(regbuf_slot, __resv, 20);
static_assert(sizeof(struct regbuf_slot) == 32);

REGBUF_ASSERT(regbuf_array_entry, addr, 0);
REGBUF_ASSERT(regbuf_array_entry, length, 8);
REGBUF_ASSERT(regbuf_array_entry, access, 16);
REGBUF_ASSERT(regbuf_array_entry, flags, 20);
REGBUF_ASSERT(regbuf_array_entry, id, 24);
static_assert(sizeof(struct regbuf_array_entry) == 32);

REGBUF_ASSERT(regbuf_ioc_array, entries, 8);
REGBUF_ASSERT(regbuf_ioc_array, nr, 16);
REGBUF_ASSERT(regbuf_ioc_array, first, 20);
REGBUF_ASSERT(regbuf_ioc_array, result, 24);
REGBUF_ASSERT(regbuf_ioc_array, failed, 28);
REGBUF_ASSERT(regbuf_ioc_array, needed, 32);
REGBUF_ASSERT(regbuf_ioc_array, charged, 40);
REGBUF_ASSERT(regbuf_ioc_array, allowed, 48);
static_assert(sizeof(struct regbuf_ioc_array) == 56);

REGBUF_ASSERT(regbuf_ioc_export, id, 8);
REGBUF_ASSERT(regbuf_ioc_export, offset, 16);
REGBUF_ASSERT(regbuf_ioc_export, length, 24);
REGBUF_ASSERT(regbuf_ioc_export, access, 32);
REGBUF_ASSERT(regbuf_ioc_export, fd, 36);
static_assert(sizeof(struct regbuf_ioc_export) == 40);

REGBUF_ASSERT(regbuf_ioc_import, fd, 8);
REGBUF_ASSERT(regbuf_ioc_import, access, 12);
REGBUF_ASSERT(regbuf_ioc_import, id, 16);
REGBUF_ASSERT(regbuf_ioc_import, length, 24);
REGBUF_ASSERT(regbuf_ioc_import, granted, 32);
REGBUF_ASSERT(regbuf_ioc_import, __resv, 36);
static_assert(sizeof(struct regbuf_ioc_import) == 40);

REGBUF_ASSERT(regbuf_ioc_revoke, id, 8);
REGBUF_ASSERT(regbuf_ioc_revoke, fd, 16);
REGBUF_ASSERT(regbuf_ioc_revoke, in_flight, 20);
static_assert(sizeof(struct regbuf_ioc_revoke) == 24);

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
REGBUF_ASSERT(regbuf_ioc_stats, used_after_deregister, 184);
REGBUF_ASSERT(regbuf_ioc_stats, over_budget, 192);
REGBUF_ASSERT(regbuf_ioc_stats, detached, 200);
REGBUF_ASSERT(regbuf_ioc_stats, used_detached, 208);
static_assert(sizeof(struct regbuf_ioc_stats) == 216);

REGBUF_ASSERT(regbuf_ring, sq_head, 0);
REGBUF_ASSERT(regbuf_ring, flags, 4);
REGBUF_ASSERT(regbuf_ring, sq_tail, 64);
REGBUF_ASSERT(regbuf_ring, cq_tail, 128);
REGBUF_ASSERT(regbuf_ring, cq_loud, 132);
REGBUF_ASSERT(regbuf_ring, cq_head, 192);
REGBUF_ASSERT(regbuf_ring, cq_armed, 196);
REGBUF_ASSERT(regbuf_ring, pool_head, 256);
REGBUF_ASSERT(regbuf_ring, pool_tail, 320);
static_assert(sizeof(struct regbuf_ring) == 384);

REGBUF_ASSERT(regbuf_sqe, op, 0);
REGBUF_ASSERT(regbuf_sqe, __resv, 1);
REGBUF_ASSERT(regbuf_sqe, flags, 2);
REGBUF_ASSERT(regbuf_sqe, endpoint, 4);
REGBUF_ASSERT(regbuf_sqe, user_data, 8);
REGBUF_ASSERT(regbuf_sqe, id, 16);
REGBUF_ASSERT(regbuf_sqe, offset, 24);
REGBUF_ASSERT(regbuf_sqe, length, 32);
REGBUF_ASSERT(regbuf_sqe, timeout_us, 36);
REGBUF_ASSERT(regbuf_sqe, addr_id, 40);
REGBUF_ASSERT(regbuf_sqe, addr_offset, 48);
REGBUF_ASSERT(regbuf_sqe, ext, 56);
static_assert(sizeof(struct regbuf_sqe) == 64);

REGBUF_ASSERT(regbuf_cqe, user_data, 0);
REGBUF_ASSERT(regbuf_cqe, error, 8);
REGBUF_ASSERT(regbuf_cqe, flags, 12);
REGBUF_ASSERT(regbuf_cqe, value, 16);
REGBUF_ASSERT(regbuf_cqe, copy_reasons, 24);
REGBUF_ASSERT(regbuf_cqe, ctl_length, 26);
REGBUF_ASSERT(regbuf_cqe, detail, 28);
static_assert(sizeof(struct regbuf_cqe) == 32);

REGBUF_ASSERT(regbuf_ext, size, 0);
REGBUF_ASSERT(regbuf_ext, flags, 4);
REGBUF_ASSERT(regbuf_ext, ctl_id, 8);
REGBUF_ASSERT(regbuf_ext, ctl_offset, 16);
REGBUF_ASSERT(regbuf_ext, ctl_length, 24);
REGBUF_ASSERT(regbuf_ext, segment, 28);
REGBUF_ASSERT(regbuf_ext, __resv, 30);
static_assert(sizeof(struct regbuf_ext) == 32);

REGBUF_ASSERT(regbuf_ioc_queue, sq_entries, 8);
REGBUF_ASSERT(regbuf_ioc_queue, cq_entries, 12);
REGBUF_ASSERT(regbuf_ioc_queue, pool_entries, 16);
REGBUF_ASSERT(regbuf_ioc_queue, poller_idle_us, 20);
REGBUF_ASSERT(regbuf_ioc_queue, fd, 24);
REGBUF_ASSERT(regbuf_ioc_queue, sq_off, 28);
REGBUF_ASSERT(regbuf_ioc_queue, cq_off, 32);
REGBUF_ASSERT(regbuf_ioc_queue, pool_off, 36);
REGBUF_ASSERT(regbuf_ioc_queue, map_size, 40);
static_assert(sizeof(struct regbuf_ioc_queue) == 48);

REGBUF_ASSERT(regbuf_ioc_enter, submit, 8);
REGBUF_ASSERT(regbuf_ioc_enter, wait, 12);
REGBUF_ASSERT(regbuf_ioc_enter, timeout_ns, 16);
REGBUF_ASSERT(regbuf_ioc_enter, sigmask, 24);
REGBUF_ASSERT(regbuf_ioc_enter, sigmask_size, 32);
REGBUF_ASSERT(regbuf_ioc_enter, submitted, 36);
REGBUF_ASSERT(regbuf_ioc_enter, error, 40);
REGBUF_ASSERT(regbuf_ioc_enter, ready, 44);
static_assert(sizeof(struct regbuf_ioc_enter) == 48);

REGBUF_ASSERT(regbuf_ioc_attach, fd, 8);
REGBUF_ASSERT(regbuf_ioc_attach, max_send, 12);
REGBUF_ASSERT(regbuf_ioc_attach, max_recv, 16);
REGBUF_ASSERT(regbuf_ioc_attach, endpoint, 20);
REGBUF_ASSERT(regbuf_ioc_attach, copy_reasons, 24);
REGBUF_ASSERT(regbuf_ioc_attach, __resv, 28);
static_assert(sizeof(struct regbuf_ioc_attach) == 32);

REGBUF_ASSERT(regbuf_ioc_detach, endpoint, 8);
REGBUF_ASSERT(regbuf_ioc_detach, __resv, 12);
static_assert(sizeof(struct regbuf_ioc_detach) == 16);

REGBUF_ASSERT(regbuf_ioc_resize, sq_entries, 8);
REGBUF_ASSERT(regbuf_ioc_resize, cq_entries, 12);
REGBUF_ASSERT(regbuf_ioc_resize, sq_off, 16);
REGBUF_ASSERT(regbuf_ioc_resize, cq_off, 20);
REGBUF_ASSERT(regbuf_ioc_resize, pool_off, 24);
REGBUF_ASSERT(regbuf_ioc_resize, __resv, 28);
REGBUF_ASSERT(regbuf_ioc_resize, map_size, 32);
static_assert(sizeof(struct regbuf_ioc_resize) == 40);

REGBUF_ASSERT(regbuf_ioc_eventfd, fd, 8);
REGBUF_ASSERT(regbuf_ioc_eventfd, __resv, 12);
static_assert(sizeof(struct regbuf_ioc_eventfd) == 16);

REGBUF_ASSERT(regbuf_ioc_pool, id, 8);
REGBUF_ASSERT(regbuf_ioc_pool, offset, 16);
REGBUF_ASSERT(regbuf_ioc_pool, length, 24);
REGBUF_ASSERT(regbuf_ioc_pool, count, 28);
static_assert(sizeof(struct regbuf_ioc_pool) == 32);

REGBUF_ASSERT(regbuf_ioc_socket, endpoint, 8);
REGBUF_ASSERT(regbuf_ioc_socket, fd, 12);
static_assert(sizeof(struct regbuf_ioc_socket) == 16);
