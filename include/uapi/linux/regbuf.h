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
};

/* What a buffer may be used for. */
#define REGBUF_ACCESS_READ	(1u << 0)	/* send from it */
#define REGBUF_ACCESS_WRITE	(1u << 1)	/* receive into it */

/* regbuf_ioc_register.result */
#define REGBUF_REGISTER_R_UNCHARGED	(1u << 0)

/**
 * struct regbuf_ioc_register - pin a range of memory and name it
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @addr: first byte, any alignment
 * @length: bytes, 1 to the queried max_length
 * @access: REGBUF_ACCESS_READ, REGBUF_ACCESS_WRITE or both
 * @result: out: REGBUF_REGISTER_R_UNCHARGED if the caller has CAP_IPC_LOCK and
 *          so was not charged
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
 * uses it is through.
 *
 * Errors:
 *
 * * -EINVAL: length 0; checked before the address.
 * * -EOVERFLOW: more than max_length.
 * * -EFAULT: some of the range is not mapped, not in user space, not
 *   accessible as asked, or missing under userfaultfd.
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
 * @__resv: 0
 *
 * The id is dead at once; requests in flight finish normally, and the pages are
 * unpinned and uncharged when the last one is through, or before this returns
 * if there is none. Deregistering in flight without F_WAIT is counted in
 * regbuf_ioc_stats.deregistered_in_flight.
 *
 * Errors:
 *
 * * -ENOENT, -ESTALE: no such id, or not any more. Harmless.
 * * -EBUSY: F_BUSY, and @in_flight requests are using it. It lives on.
 * * -EINPROGRESS: F_WAIT, and the time ran out or a signal came. The id is
 *   dead and the release goes on.
 */
struct regbuf_ioc_deregister {
	__u32 size;
	__u32 flags;
	__aligned_u64 id;
	__s64 timeout_ns;
	/* out */
	__u32 in_flight;
	__u32 __resv;
};

/* regbuf_ioc_status.state */
#define REGBUF_STATE_LIVE	1	/* registered */
#define REGBUF_STATE_CLOSING	2	/* deregistered, still in flight */

/**
 * struct regbuf_ioc_status - look at a buffer
 * @size: size of this structure in bytes
 * @flags: none yet, 0
 * @id: the buffer
 * @addr: out: first byte, as registered
 * @length: out: bytes
 * @pages: out: pages charged, or that would be but for CAP_IPC_LOCK
 * @access: out: REGBUF_ACCESS_*
 * @state: out: REGBUF_STATE_*
 * @in_flight: out: requests that use it; 0 means that its memory may be reused
 * @__resv: 0
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
	__u32 __resv;
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
#define REGBUF_SLICE_F_ALL	REGBUF_SLICE_F_INLINE

/**
 * struct regbuf_slice - a part of a message
 * @id: the buffer; with REGBUF_SLICE_F_INLINE the address of bytes anywhere in
 *      the caller's memory, which are copied before the call returns
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
#define REGBUF_COPY_NR		8	/* reasons so far */
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
 *
 * @zerocopied and the sum of @copied are what was sent. Counters that move
 * while they are read may be a little apart.
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
};

#endif /* _UAPI_LINUX_REGBUF_H */
