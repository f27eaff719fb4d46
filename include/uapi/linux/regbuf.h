/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
#ifndef _UAPI_LINUX_REGBUF_H
#define _UAPI_LINUX_REGBUF_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: registered network buffers
 *
 * /dev/regbuf keeps a registry of pinned user memory and sends from it without
 * copying. Each open file is a context of its own. Only the process that
 * opened it may use it: threads and vfork children share its memory and count
 * as it; a forked child, a process that the descriptor was passed to, and the
 * opener itself after exec get -EPERM.
 *
 * Every call is an ioctl with a pointer to a structure that starts with its own
 * size in bytes and a word of flags. A structure longer than the kernel's is
 * taken if the part the kernel does not know is zero; a shorter one, as an
 * older program has, is taken as if followed by zeros. Members under "out" are
 * written by the kernel and ignored on input; everything else is left alone.
 * Reserved members must be zero. Do not change a structure from another thread
 * while a call uses it: what the kernel read may be written back.
 *
 * Errors that every call may return:
 *
 * * -ENOTTY: no such call.
 * * -EPERM: the caller is not the process that opened the device.
 * * -EINVAL: the structure is shorter than its first version, a reserved
 *   member is not zero, or a value makes no sense.
 * * -E2BIG: the structure is longer than the kernel's and the rest is not zero,
 *   or it is longer than a page.
 * * -EOPNOTSUPP: a flag that this kernel does not know, or a combination of
 *   object and request that cannot work.
 * * -EFAULT: the structure, or what it points to, is not the caller's to
 *   read or write.
 * * -ENOMEM: no memory for the kernel's own bookkeeping.
 *
 * A call that returns an error has had no effect, unless it says otherwise: or
 * if it is -EFAULT because the structure stopped being writable meanwhile.
 *
 * The type byte is not taken in the kernel's ioctl-number.rst.
 */
#define REGBUF_IOC_TYPE		0xEB

#define REGBUF_IOC_QUERY	_IO(REGBUF_IOC_TYPE, 0x00)
#define REGBUF_IOC_REGISTER	_IO(REGBUF_IOC_TYPE, 0x01)
#define REGBUF_IOC_DEREGISTER	_IO(REGBUF_IOC_TYPE, 0x02)
#define REGBUF_IOC_STATUS	_IO(REGBUF_IOC_TYPE, 0x03)
#define REGBUF_IOC_WAIT		_IO(REGBUF_IOC_TYPE, 0x04)
#define REGBUF_IOC_SEND		_IO(REGBUF_IOC_TYPE, 0x05)
#define REGBUF_IOC_STATS	_IO(REGBUF_IOC_TYPE, 0x06)
#define REGBUF_IOC_QUEUE	_IO(REGBUF_IOC_TYPE, 0x07)
#define REGBUF_IOC_ARRAY	_IO(REGBUF_IOC_TYPE, 0x08)
#define REGBUF_IOC_EXPORT	_IO(REGBUF_IOC_TYPE, 0x09)
#define REGBUF_IOC_IMPORT	_IO(REGBUF_IOC_TYPE, 0x0a)
#define REGBUF_IOC_REVOKE	_IO(REGBUF_IOC_TYPE, 0x0b)

/* On the descriptor of a queue. */
#define REGBUF_IOC_ENTER	_IO(REGBUF_IOC_TYPE, 0x20)
#define REGBUF_IOC_ATTACH	_IO(REGBUF_IOC_TYPE, 0x21)
#define REGBUF_IOC_DETACH	_IO(REGBUF_IOC_TYPE, 0x22)
#define REGBUF_IOC_RESIZE	_IO(REGBUF_IOC_TYPE, 0x23)
#define REGBUF_IOC_EVENTFD	_IO(REGBUF_IOC_TYPE, 0x24)
#define REGBUF_IOC_POOL		_IO(REGBUF_IOC_TYPE, 0x25)
#define REGBUF_IOC_SOCKET	_IO(REGBUF_IOC_TYPE, 0x26)

/* Where the device is. */
#define REGBUF_DEVICE		"/dev/regbuf"

/*
 * Buffer ids: the slot in the low half, its generation in the high half. The
 * generation is never 0, so neither 0 nor 0xffffffff is ever an id. A slot
 * given to another buffer gets another generation, so an id that was valid once
 * and is not any more is recognised: -ESTALE. One that never was is -ENOENT.
 */
#define REGBUF_ID_NONE		0

/* regbuf_ioc_query.features */
#define REGBUF_FEAT_SEND	(1ULL << 0)	/* REGBUF_IOC_SEND */
#define REGBUF_FEAT_QUEUE	(1ULL << 1)	/* REGBUF_IOC_QUEUE */
#define REGBUF_FEAT_MOVED	(1ULL << 2)	/* unmapped memory is noticed */
#define REGBUF_FEAT_SLOTS	(1ULL << 3)	/* struct regbuf_slot */
#define REGBUF_FEAT_ARRAY	(1ULL << 4)	/* REGBUF_IOC_ARRAY */
#define REGBUF_FEAT_EXPORT	(1ULL << 5)	/* REGBUF_IOC_EXPORT */

/**
 * struct regbuf_ioc_query - what this kernel can do
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @features: out: REGBUF_FEAT_* bits
 * @register_flags: out: flags that REGBUF_IOC_REGISTER knows
 * @access: out: access bits that REGBUF_IOC_REGISTER knows
 * @deregister_flags: out: flags that REGBUF_IOC_DEREGISTER knows
 * @send_flags: out: flags that REGBUF_IOC_SEND knows
 * @slice_flags: out: flags of struct regbuf_slice that it knows
 * @copy_reasons: out: bit n set if REGBUF_COPY_* reason n may occur
 * @max_buffers: out: buffers that one context may hold
 * @max_slices: out: slices in one send
 * @max_inline: out: bytes in the inline slices of one send, together
 * @__resv: 0
 * @max_length: out: bytes in one buffer
 * @queue_flags: out: flags that REGBUF_IOC_QUEUE knows
 * @attach_flags: out: flags that REGBUF_IOC_ATTACH knows
 * @detach_flags: out: flags that REGBUF_IOC_DETACH knows
 * @ops: out: bit n set if REGBUF_OP_* operation n is known
 * @sqe_flags: out: flags of struct regbuf_sqe that are known
 * @max_sq_entries: out: submission entries of one queue
 * @max_cq_entries: out: completion entries, and so requests, of one queue
 * @max_pool_entries: out: slices in a queue's pool
 * @max_endpoints: out: endpoints of one queue
 * @array_flags: out: flags that REGBUF_IOC_ARRAY knows
 * @max_array: out: entries in the table of a context
 * @slot_size: out: bytes of a struct regbuf_slot, as the kernel writes them
 *
 * The place to learn from: no version number says what is there.
 */
struct regbuf_ioc_query {
	__u32 size;
	__u32 flags;
	/* out */
	__aligned_u64 features;
	__aligned_u64 register_flags;
	__aligned_u64 access;
	__aligned_u64 deregister_flags;
	__aligned_u64 send_flags;
	__aligned_u64 slice_flags;
	__aligned_u64 copy_reasons;
	__u32 max_buffers;
	__u32 max_slices;
	__u32 max_inline;
	__u32 __resv;
	__aligned_u64 max_length;
	__aligned_u64 queue_flags;
	__aligned_u64 attach_flags;
	__aligned_u64 detach_flags;
	__aligned_u64 ops;
	__aligned_u64 sqe_flags;
	__u32 max_sq_entries;
	__u32 max_cq_entries;
	__u32 max_pool_entries;
	__u32 max_endpoints;
	__aligned_u64 array_flags;
	__u32 max_array;
	__u32 slot_size;
};

/* What a buffer may be used for. */
#define REGBUF_ACCESS_READ	(1u << 0)	/* send from it */
#define REGBUF_ACCESS_WRITE	(1u << 1)	/* receive into it */

/* regbuf_ioc_register.flags */
/* The same id again for the same range, and count; see below. */
#define REGBUF_REGISTER_F_COUNT	(1u << 0)
/* The pages stay what the buffer is, whatever becomes of the mapping. */
#define REGBUF_REGISTER_F_KEEP	(1u << 1)
#define REGBUF_REGISTER_F_ALL \
	(REGBUF_REGISTER_F_COUNT | REGBUF_REGISTER_F_KEEP)

/* regbuf_ioc_register.result */
#define REGBUF_REGISTER_R_UNCHARGED	(1u << 0)	/* CAP_IPC_LOCK */
#define REGBUF_REGISTER_R_SHARED	(1u << 1)	/* nothing was pinned */
#define REGBUF_REGISTER_R_COUNTED	(1u << 2)	/* the id was there */

/**
 * struct regbuf_ioc_register - pin a range of memory and name it
 * @size: size of this structure in bytes
 * @flags: REGBUF_REGISTER_F_*
 * @addr: first byte, any alignment
 * @length: bytes, 1 to the queried max_length
 * @access: REGBUF_ACCESS_READ, REGBUF_ACCESS_WRITE or both
 * @result: out: REGBUF_REGISTER_R_*; R_UNCHARGED if the caller has CAP_IPC_LOCK
 *          and so was not charged
 * @id: out: the buffer's id
 * @needed: out: pages that the buffer is charged with
 * @charged: out: pages that the user's processes were charged with before
 * @allowed: out: the caller's RLIMIT_MEMLOCK in pages
 *
 * Whole pages are pinned, and whole huge pages charged even if a part is
 * registered. The budget is the one that io_uring and MSG_ZEROCOPY charge: all
 * the pages pinned by one user against RLIMIT_MEMLOCK. Sends are never charged.
 *
 * Anonymous memory, shared memory (memfd, shmem, hugetlbfs) and private
 * writable mappings of files can be registered. Shared memory must be mapped
 * writable even for READ. Page-cache pages of files are refused.
 *
 * The pages stay pinned, whatever the program does to the mapping, until the
 * buffer is deregistered (or the context closed) and the last request that
 * uses it is through. But once the memory is not what is mapped there any more,
 * new requests get -ESTALE: at once after munmap(2), mremap(2), brk(2) or the
 * end of the process's memory (exit, execve(2)); from the next use on, if the
 * pages turn out to be others, after MADV_DONTNEED and the like. The buffer is
 * REGBUF_STATE_DETACHED then, and wants to be deregistered. With F_KEEP it goes
 * on with the pages that it has, until the process's memory ends. fork(2) and
 * mprotect(2) change nothing.
 *
 * The same range again (@addr, @length, F_KEEP), while the first has at least
 * these rights and its pages are what is mapped there: a second id, which
 * shares the pins and the charge with the first; they go with the last one:
 * R_SHARED. With F_COUNT the id that an earlier call with F_COUNT and the same
 * rights got: R_COUNTED. It then takes as many deregistrations as there were
 * registrations to make it dead.
 *
 * Errors:
 *
 * * -EINVAL: length 0; checked before the address.
 * * -EOVERFLOW: more than max_length.
 * * -EFAULT: some of the range is not mapped, not in user space, not
 *   accessible as asked, a mapping of a driver's or the kernel's own, or
 *   missing under userfaultfd.
 * * -EOPNOTSUPP: an unknown access bit, or memory that must not be pinned: file
 *   pages.
 * * -ENOBUFS: over the budget; @needed, @charged and @allowed are written.
 * * -ENOSPC: max_buffers are registered.
 * * -EINTR: a fatal signal came.
 */
struct regbuf_ioc_register {
	__u32 size;
	__u32 flags;
	__aligned_u64 addr;
	__aligned_u64 length;
	__u32 access;
	/* out */
	__u32 result;
	__aligned_u64 id;
	__aligned_u64 needed;
	__aligned_u64 charged;
	__aligned_u64 allowed;
};

/* regbuf_ioc_deregister.flags */
#define REGBUF_DEREGISTER_F_BUSY	(1u << 0)
#define REGBUF_DEREGISTER_F_WAIT	(1u << 1)
#define REGBUF_DEREGISTER_F_ALL \
	(REGBUF_DEREGISTER_F_BUSY | REGBUF_DEREGISTER_F_WAIT)

/**
 * struct regbuf_ioc_deregister - give up a buffer
 * @size: size of this structure in bytes
 * @flags: REGBUF_DEREGISTER_F_BUSY: refuse with -EBUSY while requests use it;
 *         REGBUF_DEREGISTER_F_WAIT: return only when the pages are unpinned.
 *         Not both.
 * @id: the buffer
 * @timeout_ns: with F_WAIT: how long to wait at most, in nanoseconds; negative
 *              for no limit. Without F_WAIT: 0
 * @in_flight: out: requests that were using the buffer
 * @count: out: registrations with REGBUF_REGISTER_F_COUNT that are left: if not
 *         0, the buffer lives on, and nothing else happened
 *
 * The id is dead at once, and so is what others imported of it; requests in
 * flight finish normally, and the pages are unpinned and uncharged when the
 * last one is through, or before this returns if there is none. Deregistering
 * in flight without F_WAIT is counted in
 * regbuf_ioc_stats.deregistered_in_flight.
 *
 * Errors:
 *
 * * -ENOENT, -ESTALE: no such id, or not any more. Harmless.
 * * -EBUSY: F_BUSY, and @in_flight requests are using it. It lives on.
 * * -EINPROGRESS: F_WAIT, and the time ran out or a signal came. The id is
 *   dead and the release goes on. With F_BUSY: others had imported the buffer,
 *   and began to use it in the same moment.
 */
struct regbuf_ioc_deregister {
	__u32 size;
	__u32 flags;
	__aligned_u64 id;
	__s64 timeout_ns;
	/* out */
	__u32 in_flight;
	__u32 count;
};

/* regbuf_ioc_status.state, regbuf_slot.state */
#define REGBUF_STATE_NONE	0	/* free */
#define REGBUF_STATE_LIVE	1	/* registered */
#define REGBUF_STATE_CLOSING	2	/* deregistered, still in flight */
#define REGBUF_STATE_DETACHED	3	/* its memory is not mapped any more */

/**
 * struct regbuf_ioc_status - look at a buffer
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @id: the buffer
 * @addr: out: first byte, as registered; 0 for imported ones
 * @length: out: bytes
 * @pages: out: pages charged, or that would be but for CAP_IPC_LOCK; those of
 *         shared pins for each of the ids; 0 for imported ones
 * @access: out: REGBUF_ACCESS_*
 * @state: out: REGBUF_STATE_*
 * @in_flight: out: requests that use it, of those who imported it too; 0 means
 *             that its memory may be reused
 * @count: out: registrations, with REGBUF_REGISTER_F_COUNT; else 1
 * @shared: out: ids of this context, this one included, that share its pins
 * @exports: out: exports that are not revoked
 * @imports: out: live imports of those
 * @flags_out: out: REGBUF_STATUS_R_*
 *
 * A buffer that was deregistered in flight is still found, as
 * REGBUF_STATE_CLOSING, until its pages are unpinned.
 *
 * Errors: -ENOENT, -ESTALE: no such id, or not any more.
 */
struct regbuf_ioc_status {
	__u32 size;
	__u32 flags;
	__aligned_u64 id;
	/* out */
	__aligned_u64 addr;
	__aligned_u64 length;
	__aligned_u64 pages;
	__u32 access;
	__u32 state;
	__u32 in_flight;
	__u32 count;
	__u32 shared;
	__u32 exports;
	__u32 imports;
	__u32 flags_out;
};

/* regbuf_ioc_status.flags_out */
#define REGBUF_STATUS_R_IMPORTED	(1u << 0)
#define REGBUF_STATUS_R_KEEP		(1u << 1)	/* F_KEEP */

/**
 * struct regbuf_slot - what became of an id
 * @id: the id that the slot has, or had last
 * @length: bytes of the buffer
 * @state: REGBUF_STATE_*
 * @__resv: 0
 *
 * The slots of a context are an array of these, of the queried slot_size bytes
 * each, by the low half of the id, that can be mapped from offset 0 of the
 * device's descriptor: shared and read-only, as long as one likes, at most
 * max_buffers of them. So one can tell without a call whether an id is good:
 * read @state with acquire semantics, then @id. What is live may die the moment
 * after, and what MADV_DONTNEED took is found at the next use only: requests
 * are checked all the same.
 *
 * The mapping is not inherited by fork. It keeps the context's memory, not the
 * context: when the descriptor is closed all slots are REGBUF_STATE_NONE, as
 * soon as no request is in flight.
 *
 * Errors of mmap(2): -EPERM: the caller is not the owner. -EACCES: writable.
 * -EINVAL: private, or past the end.
 */
struct regbuf_slot {
	__aligned_u64 id;
	__aligned_u64 length;
	__u32 state;
	__u32 __resv[3];
};

/**
 * struct regbuf_ioc_wait - wait until no request uses a buffer
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @id: the buffer, live or closing
 * @timeout_ns: how long to wait at most, in nanoseconds; negative for no limit
 *
 * On success a live buffer was idle at some moment during the call, and a
 * closing one has been unpinned. How long that takes is up to the network: data
 * handed to TCP is in use until the other side acknowledges it.
 *
 * Errors:
 *
 * * -ENOENT: no such id.
 * * -ESTALE: it was gone already.
 * * -ETIMEDOUT: still in use.
 * * -EINTR: a signal came.
 */
struct regbuf_ioc_wait {
	__u32 size;
	__u32 flags;
	__aligned_u64 id;
	__s64 timeout_ns;
};

/* regbuf_slice.flags */
#define REGBUF_SLICE_F_INLINE	(1u << 0)
#define REGBUF_SLICE_F_INDEX	(1u << 1)
#define REGBUF_SLICE_F_ALL	(REGBUF_SLICE_F_INLINE | REGBUF_SLICE_F_INDEX)

/**
 * struct regbuf_slice - a part of a message
 * @id: the buffer; with REGBUF_SLICE_F_INDEX its index in the table; with
 *      REGBUF_SLICE_F_INLINE the address of bytes anywhere in the caller's
 *      memory, which are copied before the call returns
 * @offset: where in the buffer it starts, in bytes; 0 with F_INLINE
 * @length: bytes; may be 0
 * @flags: REGBUF_SLICE_F_*
 */
struct regbuf_slice {
	__aligned_u64 id;
	__aligned_u64 offset;
	__u32 length;
	__u32 flags;
};

/* regbuf_ioc_send.flags */
#define REGBUF_SEND_F_DONTWAIT	(1u << 0)	/* as MSG_DONTWAIT */
#define REGBUF_SEND_F_MORE	(1u << 1)	/* as MSG_MORE */
#define REGBUF_SEND_F_ALL	(REGBUF_SEND_F_DONTWAIT | REGBUF_SEND_F_MORE)

/*
 * Why bytes were copied. Numbers, to index regbuf_ioc_stats.copied with;
 * regbuf_ioc_send.copy_reasons has the bit of each that applied.
 */
#define REGBUF_COPY_INLINE	0	/* the slice was inline */
#define REGBUF_COPY_LOOPBACK	1	/* the receiver is this machine */
#define REGBUF_COPY_DEVICE	2	/* lacks SG or checksum offload */
#define REGBUF_COPY_MTU		3	/* datagram would be fragmented */
#define REGBUF_COPY_FRAGS	4	/* datagram in too many pieces */
#define REGBUF_COPY_CORK	5	/* datagram, MSG_MORE or UDP_CORK */
#define REGBUF_COPY_PROTOCOL	6	/* kTLS, sockmap: reads the bytes */
#define REGBUF_COPY_OTHER	7	/* the stack had another reason */
#define REGBUF_COPY_SMALL	8	/* cheaper; queues only */
#define REGBUF_COPY_NR		9	/* reasons so far */
#define REGBUF_COPY_MAX		16	/* reasons there will ever be */

/**
 * struct regbuf_ioc_send - send from registered memory
 * @size: size of this structure in bytes
 * @flags: REGBUF_SEND_F_DONTWAIT: as if the socket were non-blocking;
 *         REGBUF_SEND_F_MORE: more data follows at once
 * @fd: a TCP or UDP socket, IPv4 or IPv6
 * @nr_slices: how many, 0 to the queried max_slices
 * @slices: pointer to an array of struct regbuf_slice
 * @addr: pointer to the destination's struct sockaddr, or 0 if connected
 * @addr_len: bytes at @addr, at most 128; 0 if connected
 * @error: out: 0, or the (positive) errno that stopped a stream after @sent
 *         bytes: EAGAIN, EINTR, EPIPE, ECONNRESET, ...
 * @sent: out: bytes that entered the socket
 * @zerocopied: out: of those, bytes that went in by reference. A tap or a
 *              virtual device on the way may still copy some later:
 *              regbuf_ioc_stats.copied_later
 * @copied: out: the other bytes sent
 * @copy_reasons: out: bit n set if REGBUF_COPY_* reason n applied
 * @__resv: 0
 *
 * All slices together are sent, in order: as one datagram, or as a run of bytes
 * of the stream. Every slice is checked before anything is sent. The buffers
 * are in use until the stack has let go of the last byte, for a stream until
 * the other side has acknowledged it: REGBUF_IOC_STATUS and REGBUF_IOC_WAIT
 * tell. Changing the bytes before that may change what is sent; retransmissions
 * read them again.
 *
 * Success with @sent less than the slices' total happens on a stream only;
 * @error says why: the socket is full and must not block, a signal came, the
 * connection is gone.
 * SIGPIPE is never raised. A zero-length stream send does nothing.
 *
 * Errors (nothing was sent):
 *
 * * -EBADF, -ENOTSOCK: @fd.
 * * -EOPNOTSUPP: not TCP or UDP over IP; unknown flags.
 * * -ENOENT, -ESTALE: a slice's buffer. -EACCES: it lacks ACCESS_READ.
 * * -EFAULT: a slice runs past its buffer's end; an inline slice or the address
 *   cannot be read.
 * * -EINVAL: too many slices, or too long an address.
 * * -EMSGSIZE: inline slices longer than max_inline together, or a datagram
 *   longer than the protocol allows.
 * * -EISCONN: a destination for TCP.
 * * -EBUSY: a queue has sends waiting for this socket.
 * * -EAGAIN, -EPIPE, -ENOTCONN, -EDESTADDRREQ, ... as sendmsg(2).
 */
struct regbuf_ioc_send {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 nr_slices;
	__aligned_u64 slices;
	__aligned_u64 addr;
	__u32 addr_len;
	/* out */
	__u32 error;
	__aligned_u64 sent;
	__aligned_u64 zerocopied;
	__aligned_u64 copied;
	__u32 copy_reasons;
	__u32 __resv;
};

/**
 * struct regbuf_ioc_stats - counters of a context since it was opened
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @buffers: out: buffers that are live or closing, now
 * @pages: out: pages that they are charged with, now
 * @sends: out: calls of REGBUF_IOC_SEND that sent something
 * @zerocopied: out: bytes that entered a socket by reference
 * @copied: out: bytes copied instead, by REGBUF_COPY_* reason
 * @copied_later: out: bytes of @zerocopied in sends of which the stack reported
 *                that some were copied on the way (veth, packet taps, tun).
 *                Known when the send is through; an upper bound
 * @deregistered_in_flight: out: buffers deregistered in use without F_WAIT
 * @used_after_deregister: out: times that a request named a buffer that was
 *                         deregistered, and was refused with -ESTALE
 * @over_budget: out: registrations refused with -ENOBUFS
 * @detached: out: buffers whose memory went from under them
 * @used_detached: out: times that a request named such a buffer, and got
 *                 -ESTALE
 *
 * @zerocopied and the sum of @copied are what was sent. Counters that move
 * while they are read may be a little apart. The first version ended with
 * @deregistered_in_flight.
 */
struct regbuf_ioc_stats {
	__u32 size;
	__u32 flags;
	/* out */
	__aligned_u64 buffers;
	__aligned_u64 pages;
	__aligned_u64 sends;
	__aligned_u64 zerocopied;
	__aligned_u64 copied[REGBUF_COPY_MAX];
	__aligned_u64 copied_later;
	__aligned_u64 deregistered_in_flight;
	__aligned_u64 used_after_deregister;
	__aligned_u64 over_budget;
	__aligned_u64 detached;
	__aligned_u64 used_detached;
};

/**
 * struct regbuf_array_entry - what an entry of the table shall be
 * @addr: first byte; 0 with @length 0: an empty entry
 * @length: bytes
 * @access: REGBUF_ACCESS_*; 0 for an empty entry
 * @flags: REGBUF_REGISTER_F_KEEP or 0; 0 for an empty entry
 * @id: out: the buffer's id, 0 for an empty entry
 */
struct regbuf_array_entry {
	__aligned_u64 addr;
	__aligned_u64 length;
	__u32 access;
	__u32 flags;
	__aligned_u64 id;
};

/* regbuf_ioc_array.flags */
#define REGBUF_ARRAY_F_UPDATE	(1u << 0)
#define REGBUF_ARRAY_F_ALL	REGBUF_ARRAY_F_UPDATE

/**
 * struct regbuf_ioc_array - a table of buffers, to be named by index
 * @size: size of this structure in bytes
 * @flags: 0: replace the whole table by these entries;
 *         REGBUF_ARRAY_F_UPDATE: only those from @first on
 * @entries: pointer to an array of struct regbuf_array_entry
 * @nr: how many, 0 to the queried max_array; 0 without F_UPDATE: no table
 * @first: with F_UPDATE: index of the first of them; else 0
 * @result: out: REGBUF_REGISTER_R_UNCHARGED
 * @failed: out: the entry that was refused, counted from the first given
 * @needed: out: if that was -ENOBUFS, of that entry, as in regbuf_ioc_register
 * @charged: out: likewise
 * @allowed: out: likewise
 *
 * Each context has one table. An index is an id with the generation left out,
 * and only taken where a flag says so (REGBUF_SQE_F_INDEX,
 * REGBUF_SLICE_F_INDEX). It is looked up when the request is taken: what was
 * taken before uses the former buffer to its end.
 *
 * All or nothing: the new buffers are registered first; then the table is
 * changed, and what it named before and names no more is deregistered, as by
 * REGBUF_IOC_DEREGISTER without flags. Nothing is waited for. The same range
 * again shares its pins, so an entry that is replaced by itself stays pinned
 * and charged once, under another id.
 *
 * The ids work as any others. Deregistering one leaves an index that is
 * -ESTALE. Do not change @entries meanwhile.
 *
 * Errors, besides those of REGBUF_IOC_REGISTER, for entry @failed:
 *
 * * -EINVAL: an address without a length, or a length without one; an empty
 *   entry with other members; @first without F_UPDATE.
 * * -ERANGE: past the end of the table (F_UPDATE), or longer than max_array.
 */
struct regbuf_ioc_array {
	__u32 size;
	__u32 flags;
	__aligned_u64 entries;
	__u32 nr;
	__u32 first;
	/* out */
	__u32 result;
	__u32 failed;
	__aligned_u64 needed;
	__aligned_u64 charged;
	__aligned_u64 allowed;
};

/**
 * struct regbuf_ioc_export - let others use a buffer
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @id: a live buffer, not an imported one
 * @offset: first byte of it that they may use
 * @length: bytes; 0 for the rest
 * @access: REGBUF_ACCESS_*, no more than the buffer has
 * @fd: out: a descriptor, close-on-exec, to pass to them
 *
 * Whoever has the descriptor may import the buffer, as often as he likes, in
 * any process, user or namespace. Pages and charge stay the exporter's. The
 * descriptor keeps neither: deregistering the buffer, REGBUF_IOC_REVOKE, or the
 * exporter's exit make all imports dead, for new requests at once; requests in
 * flight finish, and the pages go with the last one.
 *
 * Errors: -ENOENT, -ESTALE, -EFAULT: the buffer or the range. -EINVAL: no
 * access. -EACCES: more than the buffer has. -EOPNOTSUPP: an imported buffer,
 * or an unknown access bit. -ENOSPC: the context has 4096 exports and imports
 * of them. -EMFILE, -ENFILE: no descriptor.
 */
struct regbuf_ioc_export {
	__u32 size;
	__u32 flags;
	__aligned_u64 id;
	__aligned_u64 offset;
	__aligned_u64 length;
	__u32 access;
	/* out */
	__s32 fd;
};

/**
 * struct regbuf_ioc_import - use a buffer of another context
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @fd: what REGBUF_IOC_EXPORT gave
 * @access: REGBUF_ACCESS_*, no more than the export has; 0 for all of it
 * @id: out: a new id, in this context
 * @length: out: bytes
 * @granted: out: REGBUF_ACCESS_*
 * @__resv: 0
 *
 * An id as any other: it is deregistered by REGBUF_IOC_DEREGISTER, which leaves
 * the exporter's alone, or with the context. It is not charged.
 *
 * Errors: -EBADF: @fd is no descriptor. -EINVAL: it is something else. -ESTALE:
 * the buffer is gone, or the export revoked. -EACCES: more than the export
 * has. -EOPNOTSUPP: an unknown access bit. -ENOSPC: max_buffers, or as of
 * struct regbuf_ioc_export.
 */
struct regbuf_ioc_import {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 access;
	/* out */
	__aligned_u64 id;
	__aligned_u64 length;
	__u32 granted;
	__u32 __resv;
};

/**
 * struct regbuf_ioc_revoke - take an export back
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @id: the buffer, for all of its exports; or 0
 * @fd: one export, if @id is 0; else 0
 * @in_flight: out: requests that use its imports
 *
 * Their ids are dead at once, and the descriptor is good for nothing any more.
 * Doing it twice is harmless. The buffer itself lives on.
 *
 * Errors: -ENOENT, -ESTALE: no such buffer, or not any more. -EBADF: @fd is no
 * descriptor. -EINVAL: it is something else. -EPERM: it is another context's.
 */
struct regbuf_ioc_revoke {
	__u32 size;
	__u32 flags;
	__aligned_u64 id;
	__s32 fd;
	/* out */
	__u32 in_flight;
};

/**
 * DOC: queues
 *
 * A queue is a pair of rings in shared memory: the program writes what it wants
 * into the submission ring, REGBUF_IOC_ENTER (or the poller) takes it from
 * there, and each request that was accepted yields one completion in the
 * completion ring, when the kernel does not need its memory any more. Many
 * queues may use the buffers of one context, one for each thread, say.
 *
 * An endpoint is a socket attached to a queue. It has a send lane and a receive
 * lane: sends enter the socket in the order of submission, whole and not
 * interleaved; receives complete in the order posted. No socket has more than
 * one lane in each direction, in the whole system.
 *
 * Sends that follow each other in a lane may go into the stack together, and
 * complete together then, when the network lets go of the last of them (a
 * flight: at most 64 requests, which the module's parameter flight_requests
 * changes; nothing joins one that has 256 KiB or is older than two ticks of the
 * clock). REGBUF_ATTACH_F_SINGLE keeps those of an endpoint apart. What goes
 * into the stack together is copied, and completes at once, where that is
 * cheaper (REGBUF_COPY_SMALL): if it has less than 256 bytes for each piece of
 * memory and three pieces more, so for one piece less than 1024; the module's
 * parameter copy_below is that number, 0 for never.
 *
 * Datagrams of one size to one destination do so as segments (UDP_SEGMENT), and
 * arrive as they would alone; over IPv4 only if the socket always sets DF
 * (IP_MTU_DISCOVER is IP_PMTUDISC_DO or IP_PMTUDISC_PROBE). Packet filters of
 * this machine see them together, as with all segments; not so programs of the
 * socket's cgroup. If some of them may have been sent when an error comes from
 * below, all have it, with REGBUF_CQE_F_SHARED; none is sent twice.
 *
 * One thread at a time submits to a queue; one at a time consumes completions;
 * any may wait, attach, detach. Different queues are independent.
 *
 * The ring is mapped with mmap(2) at offset 0 of the queue's descriptor,
 * shared, readable and writable. It is not inherited by fork and cannot be
 * remapped.
 *
 * Indices run freely and are taken modulo the number of entries, a power of
 * two. A consumer reads the producer's index with acquire semantics, and writes
 * its own with release semantics when it is done with an entry; a producer the
 * other way round.
 */

/* regbuf_ring.flags: written by the kernel */
/* Call REGBUF_IOC_ENTER: the poller sleeps, or something waits for room. */
#define REGBUF_RING_F_NEED_ENTER	(1u << 0)
/* The program moved an index where it cannot be; nothing works any more. */
#define REGBUF_RING_F_BROKEN		(1u << 1)

/**
 * struct regbuf_ring - head of a queue's shared memory
 * @sq_head: kernel: submission entries taken
 * @flags: kernel: REGBUF_RING_F_*
 * @sq_tail: program: submission entries written
 * @cq_tail: kernel: completions posted
 * @cq_loud: kernel: completions posted up to and with the last that was not
 *           REGBUF_SQE_F_SILENT
 * @cq_head: program: completions consumed
 * @cq_armed: program sets it to a number that is not 0, another one each time:
 *            one signal to the eventfd is wanted at the next completion that is
 *            not silent; kernel sets it to 0 when it takes that up. Look at
 *            @cq_loud after setting it. Who finds it 0 when taking it back
 *            (exchange) has a signal coming
 * @pool_head: kernel: returned slices taken
 * @pool_tail: program: slices returned
 * @__pad0: padding
 * @__pad1: padding
 * @__pad2: padding
 * @__pad3: padding
 * @__pad4: padding
 * @__pad5: padding
 */
struct regbuf_ring {
	__u32 sq_head;
	__u32 flags;
	__u32 __pad0[14];
	__u32 sq_tail;
	__u32 __pad1[15];
	__u32 cq_tail;
	__u32 cq_loud;
	__u32 __pad2[14];
	__u32 cq_head;
	__u32 cq_armed;
	__u32 __pad3[14];
	__u32 pool_head;
	__u32 __pad4[15];
	__u32 pool_tail;
	__u32 __pad5[15];
};

/* regbuf_ioc_queue.flags */
/* A kernel thread takes submissions. Needs CAP_SYS_NICE: nobody is charged. */
#define REGBUF_QUEUE_F_POLLER	(1u << 0)
#define REGBUF_QUEUE_F_ALL	REGBUF_QUEUE_F_POLLER

/**
 * struct regbuf_ioc_queue - make a queue (on a context)
 * @size: size of this structure in bytes
 * @flags: REGBUF_QUEUE_F_*
 * @sq_entries: submission entries wanted, 1 to max_sq_entries; out: the power
 *              of two that there are
 * @cq_entries: completion entries, 1 to max_cq_entries; out: likewise. Also how
 *              many requests may be pending
 * @pool_entries: room for returned pool slices, 0 to max_pool_entries; out:
 *                likewise
 * @poller_idle_us: with F_POLLER: microseconds without work after which the
 *                  poller sleeps, 0 for 1000. Else 0
 * @fd: out: the queue's descriptor, close-on-exec. Readable (poll, epoll) while
 *      a completion that is not silent is unconsumed; EPOLLERR: nothing works
 *      any more; EPOLLHUP: the context was closed
 * @sq_off: out: offset of the struct regbuf_sqe array in the mapping
 * @cq_off: out: of the struct regbuf_cqe array
 * @pool_off: out: of the __u32 array of returned slices
 * @map_size: out: bytes to map
 *
 * The queue keeps its context's buffers usable; closing the context's own
 * descriptor nevertheless ends all its queues: what has not entered a socket is
 * cancelled, and every call returns -ESHUTDOWN. Memory for the rings and the
 * requests is charged to the caller's cgroup.
 *
 * Errors: -EINVAL: too many entries, or none. -EPERM: F_POLLER without the
 * capability. -ENOSPC: the context has 4096 queues, or has had some 2^32.
 * -EMFILE, -ENFILE: no descriptor.
 */
struct regbuf_ioc_queue {
	__u32 size;
	__u32 flags;
	__u32 sq_entries;
	__u32 cq_entries;
	__u32 pool_entries;
	__u32 poller_idle_us;
	/* out */
	__s32 fd;
	__u32 sq_off;
	__u32 cq_off;
	__u32 pool_off;
	__aligned_u64 map_size;
};

/* Operations: regbuf_sqe.op. Members not named there are 0. */
/* Completes at once. */
#define REGBUF_OP_NOP		0
/*
 * endpoint, id, offset, length: send a slice, or with F_LIST a list, or with
 * F_INLINE bytes. addr*: destination, datagrams only. ext: control data,
 * segment size. F_MORE: more follows at once. value: bytes that entered the
 * socket.
 */
#define REGBUF_OP_SEND		1
/*
 * endpoint, id, offset, length: receive into a slice (or F_LIST). addr*: where
 * the source address goes. ext: where control data go. F_WAITALL: streams
 * complete when full only. F_POOL: into a slice of the pool, taken when data
 * arrive; detail is its number; with F_MULTI again and again, @length times or
 * without limit if 0. value: bytes; 0 with F_EOF at the end of a stream. A
 * stream receive of length 0 completes when there is something to read.
 */
#define REGBUF_OP_RECV		2
/* endpoint: shut down sending (shutdown(2), SHUT_WR), after the sends before.*/
#define REGBUF_OP_SHUTDOWN	3
/*
 * endpoint (a listening TCP socket): accept a connection and attach it to this
 * queue with both lanes and the listener's maxima. F_MULTI: again and again,
 * @length times or without limit if 0. value: the new endpoint.
 */
#define REGBUF_OP_ACCEPT	4
/*
 * endpoint (TCP): completes when a connection that connect(2) began is made, or
 * has failed: error is what SO_ERROR would say.
 */
#define REGBUF_OP_CONNECT	5
/* endpoint, length: EPOLL* events to wait for. value: those that came. */
#define REGBUF_OP_POLL		6
/* offset: completes with ETIME after so many nanoseconds. */
#define REGBUF_OP_TIMEOUT	7
/*
 * Cancel requests that have user data @id (any, with F_ANY, which needs an
 * endpoint), of @endpoint or, if that is 0, of the whole queue; the oldest, or
 * with F_ALL all. They complete with ECANCELED, or with what they did. value:
 * how many. Errors: ENOENT: none; EALREADY: only such as have entered the
 * socket whole and wait for the network.
 */
#define REGBUF_OP_CANCEL	8
/* id: completes when no request uses that buffer, or it is gone. */
#define REGBUF_OP_IDLE		9
/*
 * id: address of a struct regbuf_ioc_array: change the table, after the entries
 * before this one were taken, and before those after it are. Written back as by
 * the call; a refused table is a completion with the error. Not with a poller.
 */
#define REGBUF_OP_ARRAY		10
#define REGBUF_OP_NR		11

/* regbuf_sqe.flags */
#define REGBUF_SQE_F_SILENT	(1u << 0)	/* wake nobody */
#define REGBUF_SQE_F_EARLY	(1u << 1)	/* send: REGBUF_CQE_F_EARLY */
#define REGBUF_SQE_F_LIST	(1u << 2)	/* id: struct regbuf_slice[] */
#define REGBUF_SQE_F_INLINE	(1u << 3)	/* send; id: address of bytes */
#define REGBUF_SQE_F_ADDR	(1u << 4)	/* addr_id: a buffer */
#define REGBUF_SQE_F_ADDR_PTR	(1u << 5)	/* send; addr_id: an address */
#define REGBUF_SQE_F_MORE	(1u << 6)	/* send: as MSG_MORE */
#define REGBUF_SQE_F_WAITALL	(1u << 7)	/* receive: as MSG_WAITALL */
#define REGBUF_SQE_F_POOL	(1u << 8)	/* receive into the pool */
#define REGBUF_SQE_F_MULTI	(1u << 9)	/* receive, accept */
#define REGBUF_SQE_F_ANY	(1u << 10)	/* cancel */
#define REGBUF_SQE_F_ALL	(1u << 11)	/* cancel */
#define REGBUF_SQE_F_INDEX	(1u << 12)	/* buffers by index */
#define REGBUF_SQE_F_KNOWN	((1u << 13) - 1)

/* Bytes of an address slice: a struct sockaddr_in6, or a sockaddr_in in it. */
#define REGBUF_ADDR_SIZE	28

/**
 * struct regbuf_sqe - what is to be done
 * @op: REGBUF_OP_*
 * @__resv: 0
 * @flags: REGBUF_SQE_F_*
 * @endpoint: which socket
 * @user_data: handed back in the completion
 * @id: the buffer; or see @op and @flags. With F_INDEX it, and @addr_id and
 *      ctl_id of a receive, where they name buffers, are indices in the table
 * @offset: where in the buffer the slice starts
 * @length: bytes of the slice; with F_LIST, slices at @id; or see @op
 * @timeout_us: 0, or microseconds after which the request is cancelled, and
 *              completes with ETIME, if it has not entered the socket whole
 * @addr_id: with F_ADDR, the buffer of an address slice; with F_ADDR_PTR, an
 *           address in the caller's memory. Datagrams only
 * @addr_offset: with F_ADDR, where in that buffer
 * @ext: pointer to a struct regbuf_ext, or 0
 *
 * Lists, inline bytes, addresses to send to and @ext are read when the entry is
 * taken, and may be reused after that.
 *
 * Errors that refuse an entry, besides those of REGBUF_IOC_SEND for its slices:
 *
 * * -EINVAL: unknown operation, or a member that the operation has no use for
 *   is not 0.
 * * -EOPNOTSUPP: an unknown flag, or one that the operation does not have; a
 *   send or receive on a listening socket, accept on another; a lane not
 *   attached.
 * * -ENOENT: no such endpoint, or it is being detached.
 * * -EACCES: a buffer lacks REGBUF_ACCESS_READ (sends) or _WRITE (receives).
 * * -ENOBUFS: no place left in the completion ring, or the lane is full.
 */
struct regbuf_sqe {
	__u8 op;
	__u8 __resv;
	__u16 flags;
	__u32 endpoint;
	__aligned_u64 user_data;
	__aligned_u64 id;
	__aligned_u64 offset;
	__u32 length;
	__u32 timeout_us;
	__aligned_u64 addr_id;
	__aligned_u64 addr_offset;
	__aligned_u64 ext;
};

/* Bytes of control data, at most. */
#define REGBUF_MAX_CONTROL	256

/**
 * struct regbuf_ext - what few requests need
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @ctl_id: send: address of control data in the caller's memory; receive: the
 *          buffer that they go to
 * @ctl_offset: receive: where in that buffer; send: 0
 * @ctl_length: bytes, at most REGBUF_MAX_CONTROL
 * @segment: send: UDP segment size (UDP_SEGMENT), 0 for none
 * @__resv: 0
 *
 * Control data are struct cmsghdr as of a 64-bit program, for 32-bit ones too.
 */
struct regbuf_ext {
	__u32 size;
	__u32 flags;
	__aligned_u64 ctl_id;
	__aligned_u64 ctl_offset;
	__u32 ctl_length;
	__u16 segment;
	__u16 __resv;
};

/* regbuf_cqe.flags */
/* Not the last of this request: a multishot goes on. */
#define REGBUF_CQE_F_MORE	(1u << 0)
/* Not the last either: all bytes entered the socket; asked for by F_EARLY. */
#define REGBUF_CQE_F_EARLY	(1u << 1)
/* The end of the stream. */
#define REGBUF_CQE_F_EOF	(1u << 2)
/* The datagram was longer than the slices; value is what was kept. */
#define REGBUF_CQE_F_TRUNC	(1u << 3)
/* Control data were longer than their slice. */
#define REGBUF_CQE_F_CTRUNC	(1u << 4)
/* The stack copied bytes of the flight that had gone in by reference. */
#define REGBUF_CQE_F_COPIED	(1u << 5)
/* The error hit a flight: this request may or may not have been sent. */
#define REGBUF_CQE_F_SHARED	(1u << 6)
/* Poller: the entry was refused; as what REGBUF_IOC_ENTER would return. */
#define REGBUF_CQE_F_REFUSED	(1u << 7)
/* detail is the number of a slice of the pool, now the program's. */
#define REGBUF_CQE_F_POOL	(1u << 8)
/* Was submitted with REGBUF_SQE_F_SILENT. */
#define REGBUF_CQE_F_SILENT	(1u << 9)

/**
 * struct regbuf_cqe - what became of a request
 * @user_data: of its submission
 * @error: 0, or an errno, positive
 * @flags: REGBUF_CQE_F_*
 * @value: bytes, also if there was an error; or see the operation
 * @copy_reasons: sends: bit n set if bytes were copied for REGBUF_COPY_* reason
 *                n; exact
 * @ctl_length: receives: bytes of control data
 * @detail: with F_POOL the slice's number
 *
 * An error of a stream send is followed by ECANCELED for all later sends of
 * that lane: the stream would have a hole. ECANCELED and ETIME of a request of
 * which nothing had been sent are no such error.
 */
struct regbuf_cqe {
	__aligned_u64 user_data;
	__u32 error;
	__u32 flags;
	__aligned_u64 value;
	__u16 copy_reasons;
	__u16 ctl_length;
	__u32 detail;
};

/**
 * struct regbuf_ioc_enter - submit requests and wait for completions
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @submit: how many entries of the submission ring to take at most; 0 with
 *          REGBUF_QUEUE_F_POLLER
 * @wait: how many unconsumed completions to wait for, silent ones too
 * @timeout_ns: how long to wait at most, in nanoseconds; negative for no limit
 * @sigmask: pointer to a signal mask to wait with (as ppoll(2)), or 0
 * @sigmask_size: bytes of it: 8, or 0
 * @submitted: out: entries taken
 * @error: out: errno, positive, of the first entry that was refused; it and
 *         what follows stay in the ring, and there was no waiting
 * @ready: out: completions that are unconsumed
 *
 * Nothing here blocks but the wait. While it waits, the thread does the queue's
 * work itself. A wait for more than there are entries is one for all. Silent
 * completions do not end a wait when they come.
 *
 * Errors; @submitted, @error and @ready are written nevertheless:
 *
 * * -ETIMEDOUT: fewer completions came.
 * * -EINTR: a signal came first.
 * * -ENOTRECOVERABLE: REGBUF_RING_F_BROKEN.
 * * -ESHUTDOWN: the context was closed.
 */
struct regbuf_ioc_enter {
	__u32 size;
	__u32 flags;
	__u32 submit;
	__u32 wait;
	__s64 timeout_ns;
	__aligned_u64 sigmask;
	__u32 sigmask_size;
	/* out */
	__u32 submitted;
	__u32 error;
	__u32 ready;
};

/* regbuf_ioc_attach.flags */
#define REGBUF_ATTACH_F_SEND	(1u << 0)	/* with a send lane */
#define REGBUF_ATTACH_F_RECV	(1u << 1)	/* with a receive lane */
/* Sends complete in order, a copied one after zero-copied ones before it. */
#define REGBUF_ATTACH_F_ORDERED	(1u << 2)
/* No flights: each send is by itself, and completes by itself. */
#define REGBUF_ATTACH_F_SINGLE	(1u << 3)
#define REGBUF_ATTACH_F_ALL \
	(REGBUF_ATTACH_F_SEND | REGBUF_ATTACH_F_RECV | \
	 REGBUF_ATTACH_F_ORDERED | REGBUF_ATTACH_F_SINGLE)

/**
 * struct regbuf_ioc_attach - make a socket an endpoint of the queue
 * @size: size of this structure in bytes
 * @flags: REGBUF_ATTACH_F_*; a lane at least
 * @fd: a TCP or UDP socket, IPv4 or IPv6; bound, connected or neither
 * @max_send: requests pending in the send lane at most, 0 for no limit
 * @max_recv: likewise in the receive lane
 * @endpoint: out: its name in the queue, never 0
 * @copy_reasons: out: bit n set if sends now would be copied for REGBUF_COPY_*
 *                reason n; 0 if they would not, as far as one can know
 * @__resv: 0
 *
 * The endpoint keeps the socket open, even if the descriptor is closed. Sends
 * and receives on a TCP socket that is not connected wait until it is. All is
 * done with the credentials that the caller has now.
 *
 * Errors: -EBADF, -ENOTSOCK: @fd. -EOPNOTSUPP: not TCP or UDP over IP.
 * -EBUSY: the socket has a lane in that direction, in any queue. -EINVAL: no
 * lane asked for. -ENOSPC: max_endpoints.
 */
struct regbuf_ioc_attach {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 max_send;
	__u32 max_recv;
	/* out */
	__u32 endpoint;
	__u32 copy_reasons;
	__u32 __resv;
};

/* regbuf_ioc_detach.flags */
/* Let the sends that were submitted enter the socket first. */
#define REGBUF_DETACH_F_DRAIN	(1u << 0)
/* As DRAIN, then shut the connection down in both directions. */
#define REGBUF_DETACH_F_CLOSE	(1u << 1)
#define REGBUF_DETACH_F_ALL	(REGBUF_DETACH_F_DRAIN | REGBUF_DETACH_F_CLOSE)

/**
 * struct regbuf_ioc_detach - give an endpoint up
 * @size: size of this structure in bytes
 * @flags: none: cancel all that has not entered the socket; or
 *         REGBUF_DETACH_F_DRAIN or _CLOSE
 * @endpoint: which
 * @__resv: 0
 *
 * Receives and everything else but sends are cancelled at once in any case; new
 * requests are refused at once. When the call returns (F_DRAIN, F_CLOSE: when
 * the last send has entered the socket) the socket may be attached again. What
 * the network still holds completes later, into the same queue.
 *
 * A peer that does not read keeps sends from entering for as long as it likes:
 * give them deadlines, cancel them by user_data, which finds them still, or set
 * TCP_USER_TIMEOUT.
 *
 * Errors: -ENOENT: no such endpoint, or being detached already.
 */
struct regbuf_ioc_detach {
	__u32 size;
	__u32 flags;
	__u32 endpoint;
	__u32 __resv;
};

/**
 * struct regbuf_ioc_resize - make the rings larger or smaller
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @sq_entries: as in regbuf_ioc_queue; 0 to leave it; out: what there are
 * @cq_entries: likewise
 * @sq_off: out: as in regbuf_ioc_queue
 * @cq_off: out: likewise
 * @pool_off: out: likewise
 * @__resv: 0
 * @map_size: out: likewise
 *
 * Requests may be in flight, but no other thread may touch the rings meanwhile.
 * Afterwards the old mapping is dead memory: map the queue again, indices go on
 * where they were.
 *
 * Errors: -EINVAL: too many entries. -EBUSY: what is in the rings, or pending,
 * does not fit.
 */
struct regbuf_ioc_resize {
	__u32 size;
	__u32 flags;
	__u32 sq_entries;
	__u32 cq_entries;
	/* out */
	__u32 sq_off;
	__u32 cq_off;
	__u32 pool_off;
	__u32 __resv;
	__aligned_u64 map_size;
};

/**
 * struct regbuf_ioc_eventfd - have an eventfd signalled
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @fd: an eventfd, or -1 for none
 * @__resv: 0
 *
 * It gets 1 when a completion that is not silent is posted while
 * regbuf_ring.cq_armed is set. One eventfd may serve several queues.
 *
 * Errors: -EBADF: not a descriptor. -EINVAL: not an eventfd.
 */
struct regbuf_ioc_eventfd {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 __resv;
};

/**
 * struct regbuf_ioc_pool - give the queue a pool of slices to receive into
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @id: a buffer with REGBUF_ACCESS_WRITE
 * @offset: where in it slice 0 starts
 * @length: bytes of each slice, one after another
 * @count: how many, at most pool_entries of the queue; 0 takes the pool away
 *
 * All slices are the kernel's to begin with. One that a completion names is the
 * program's until it writes the number into the ring of returned slices; a
 * number that is not the program's to return is ignored. With
 * REGBUF_RING_F_NEED_ENTER set, call REGBUF_IOC_ENTER after returning some.
 *
 * A datagram received with F_ADDR or ext has them in front: first, if F_ADDR,
 * REGBUF_ADDR_SIZE bytes of address and 4 of padding; then ctl_length of the
 * ext, a multiple of 8, bytes for control data; then the payload. addr_id,
 * addr_offset, ctl_id and ctl_offset are 0.
 *
 * The pool does not keep the buffer: a receive that finds it deregistered
 * completes with ESTALE.
 *
 * Errors: -ENOENT, -ESTALE, -EACCES, -EFAULT: the buffer or the range. -EINVAL:
 * @length 0, or too many. -EBUSY: there is a pool already.
 */
struct regbuf_ioc_pool {
	__u32 size;
	__u32 flags;
	__aligned_u64 id;
	__aligned_u64 offset;
	__u32 length;
	__u32 count;
};

/**
 * struct regbuf_ioc_socket - get a descriptor for an endpoint's socket
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @endpoint: which
 * @fd: out: a new descriptor, close-on-exec
 *
 * For socket options and the like, above all on accepted connections.
 *
 * Errors: -ENOENT: no such endpoint. -EMFILE: no descriptor.
 */
struct regbuf_ioc_socket {
	__u32 size;
	__u32 flags;
	__u32 endpoint;
	/* out */
	__s32 fd;
};

#endif /* _UAPI_LINUX_REGBUF_H */
