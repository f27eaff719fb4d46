/* SPDX-License-Identifier: MIT */
#ifndef REGBUF_H
#define REGBUF_H

/**
 * DOC: libregbuf
 *
 * Registered network buffers: memory that is pinned and checked once, named by
 * an id, and then sent from without copying. See regbuf(7).
 *
 * Unless it says otherwise, a call returns 0 or a negative errno value, which
 * regbuf_strerror() explains, and a call that failed has had no effect. None of
 * them reads or promises anything about errno. Pointers must be valid; those
 * that may be NULL are named.
 *
 * Calls may be made on one context from any number of threads at once, except
 * regbuf_close(). They must be made by the process that opened the context: in
 * a forked child they return -EPERM.
 *
 * A call that waits returns -EINTR when a signal came; none is started again
 * by the library. The kernel starts a send again by itself if nothing had been
 * sent and the signal's handler was installed with SA_RESTART.
 *
 * Structures that the kernel defines, struct regbuf_ioc_*, are passed with
 * their size member set by the caller and everything else zero, as by
 * "= { .size = sizeof(x) }": programs and libraries that were built with
 * different headers then agree. One that was filled in may be passed again.
 */

#include <stddef.h>
#include <stdint.h>

#include <linux/regbuf.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A context: an open descriptor and the buffers that were registered in it. */
struct regbuf;

/**
 * regbuf_open() - open a context
 * @out: gets the context, or NULL on failure. Close it with regbuf_close()
 *
 * The calling process owns the context, and no other can use it. The descriptor
 * in it is closed on exec.
 *
 * Return:
 *
 * * 0
 * * -ENODEV: there is no REGBUF_DEVICE; the module is not loaded
 * * -EACCES: no permission to open it
 * * -EMFILE, -ENFILE: too many open files
 * * -ENOMEM
 */
int regbuf_open(struct regbuf **out);

/**
 * regbuf_close() - close a context
 * @rb: the context, or NULL. Gone when this returns
 *
 * Buffers that are still registered are deregistered. Their pages are unpinned
 * at once, or when the last send from them is through; the caller may unmap the
 * memory in either case, but must not change what is being sent.
 *
 * Not thread safe: no other call on @rb may be running or follow. A forked
 * child has a copy of its own, and the buffers live until both are closed.
 */
void regbuf_close(struct regbuf *rb);

/**
 * regbuf_fd() - the descriptor of a context
 * @rb: the context. It keeps the descriptor
 *
 * For calls of the kernel that this library does not have. Do not close it.
 *
 * Return: the descriptor; never negative.
 */
int regbuf_fd(const struct regbuf *rb);

/**
 * regbuf_query() - what this kernel can do, and its limits
 * @rb: the context
 * @query: size set, the rest zero; gets the answer
 *
 * Return:
 *
 * * 0
 * * -EINVAL, -E2BIG: @query->size was not set
 * * -EPERM: another process opened the context
 */
int regbuf_query(struct regbuf *rb, struct regbuf_ioc_query *query);

/**
 * struct regbuf_budget - what a registration takes of RLIMIT_MEMLOCK
 * @needed: pages that it is charged with; all of a huge page if a part of one
 *          is registered
 * @charged: pages that this user's processes were charged with before
 * @allowed: the limit in pages, for the calling process
 * @uncharged: 1 if the caller has CAP_IPC_LOCK and was not charged, else 0
 * @reserved: 0
 */
struct regbuf_budget {
	uint64_t needed;
	uint64_t charged;
	uint64_t allowed;
	uint64_t uncharged;
	uint64_t reserved[2];
};

/**
 * regbuf_register() - pin memory and give it an id
 * @rb: the context
 * @addr: first byte, any alignment. Stays the caller's
 * @length: bytes, 1 to the queried max_length
 * @access: REGBUF_ACCESS_READ to send from it, REGBUF_ACCESS_WRITE to receive
 *          into it, or both
 * @id: gets the id, or REGBUF_ID_NONE on failure
 *
 * Anonymous memory, shared memory and private writable mappings of files can be
 * registered. The pages stay pinned until the buffer is deregistered and the
 * last send from it is through, even if the memory is unmapped before.
 *
 * Return:
 *
 * * 0
 * * -EINVAL: @length or @access is 0
 * * -EOVERFLOW: @length is more than max_length
 * * -EFAULT: some of it is not mapped or not accessible as asked
 * * -EOPNOTSUPP: an unknown access bit, or memory that must not be pinned, such
 *   as a shared mapping of a file
 * * -ENOBUFS: over the user's budget, see regbuf_register_budget()
 * * -ENOSPC: the context holds max_buffers buffers
 * * -ENOMEM
 * * -EINTR: the process is being killed
 * * -EPERM: another process opened the context
 */
int regbuf_register(struct regbuf *rb, void *addr, size_t length,
		    unsigned int access, uint64_t *id);

/**
 * regbuf_register_budget() - register, and tell what it takes
 * @rb: the context
 * @addr: first byte
 * @length: bytes
 * @access: REGBUF_ACCESS_*
 * @id: gets the id, or REGBUF_ID_NONE on failure
 * @budget: written on success and with -ENOBUFS, zeroed with other errors; or
 *          NULL
 *
 * Return: as regbuf_register().
 */
int regbuf_register_budget(struct regbuf *rb, void *addr, size_t length,
			   unsigned int access, uint64_t *id,
			   struct regbuf_budget *budget);

/* Bytes that regbuf_budget_string() writes at most, with the final zero. */
#define REGBUF_BUDGET_STRING_MAX	256

/**
 * regbuf_budget_string() - a budget in words
 * @budget: from regbuf_register_budget()
 * @buf: gets a sentence, zero terminated if @len is not 0
 * @len: bytes at @buf
 *
 * In English, without a full stop or a newline. If the budget was exceeded it
 * ends with what to do about it.
 *
 * Return: 0, or -ERANGE if the text was cut off.
 */
int regbuf_budget_string(const struct regbuf_budget *budget, char *buf,
			 size_t len);

/**
 * regbuf_deregister() - give up a buffer
 * @rb: the context
 * @id: the buffer. Not valid any more when this returns
 *
 * Sends in flight finish normally, and the pages are unpinned after the last of
 * them, or before this returns if there is none. Until then regbuf_status() and
 * regbuf_wait() still know the id. The caller owns the memory throughout, but
 * must not change what is being sent.
 *
 * Return:
 *
 * * 0
 * * -ENOENT: no such id; harmless
 * * -ESTALE: it was deregistered before; harmless
 * * -EPERM: another process opened the context
 */
int regbuf_deregister(struct regbuf *rb, uint64_t id);

/**
 * regbuf_deregister_if_idle() - give up a buffer unless it is in use
 * @rb: the context
 * @id: the buffer. Stays registered if this fails
 * @in_flight: gets the number of sends that were using it, 0 with errors other
 *             than -EBUSY; or NULL
 *
 * On success the pages have been unpinned.
 *
 * Return: as regbuf_deregister(), and -EBUSY: sends are using it.
 */
int regbuf_deregister_if_idle(struct regbuf *rb, uint64_t id,
			      unsigned int *in_flight);

/**
 * regbuf_deregister_wait() - give up a buffer and wait until it is unpinned
 * @rb: the context
 * @id: the buffer. Not valid any more when this returns
 * @timeout_ns: how long to wait at most, in nanoseconds; negative: no limit
 *
 * Return: as regbuf_deregister(), and -EINPROGRESS: the time ran out or a
 * signal came. The id is dead all the same, and the pages are unpinned later;
 * regbuf_wait() can go on waiting.
 */
int regbuf_deregister_wait(struct regbuf *rb, uint64_t id, int64_t timeout_ns);

/**
 * regbuf_status() - look at a buffer
 * @rb: the context
 * @id: the buffer; live, or deregistered and still in flight
 * @status: size set, the rest zero; gets the answer
 *
 * The memory may be changed when @status->in_flight is 0 and no thread is
 * sending.
 *
 * Return:
 *
 * * 0
 * * -ENOENT: no such id
 * * -ESTALE: it was deregistered and is unpinned
 * * -EINVAL, -E2BIG: @status->size was not set
 * * -EPERM: another process opened the context
 */
int regbuf_status(struct regbuf *rb, uint64_t id,
		  struct regbuf_ioc_status *status);

/**
 * regbuf_wait() - wait until no send uses a buffer
 * @rb: the context
 * @id: the buffer; live, or deregistered and still in flight
 * @timeout_ns: how long to wait at most, in nanoseconds; negative: no limit
 *
 * What was handed to TCP is in use until the other side has acknowledged it.
 *
 * Return:
 *
 * * 0: it was idle at some moment during the call, or is unpinned now
 * * -ENOENT: no such id
 * * -ESTALE: it was unpinned before the call
 * * -ETIMEDOUT: still in use
 * * -EINTR: a signal came
 * * -EPERM: another process opened the context
 */
int regbuf_wait(struct regbuf *rb, uint64_t id, int64_t timeout_ns);

/**
 * regbuf_stats() - counters of a context since it was opened
 * @rb: the context
 * @stats: size set, the rest zero; gets the counters. The member copied is
 *         indexed with REGBUF_COPY_*
 *
 * Return:
 *
 * * 0
 * * -EINVAL, -E2BIG: @stats->size was not set
 * * -EPERM: another process opened the context
 */
int regbuf_stats(struct regbuf *rb, struct regbuf_ioc_stats *stats);

/**
 * regbuf_slice_of() - a part of a registered buffer
 * @id: the buffer
 * @offset: where the part starts in it, in bytes
 * @length: bytes; may be 0
 *
 * Return: the slice.
 */
static inline struct regbuf_slice regbuf_slice_of(uint64_t id, uint64_t offset,
						  uint32_t length)
{
	struct regbuf_slice slice;

	slice.id = id;
	slice.offset = offset;
	slice.length = length;
	slice.flags = 0;
	return slice;
}

/**
 * regbuf_slice_inline() - bytes of unregistered memory
 * @ptr: the bytes. Copied when they are sent, the caller's again after that
 * @length: how many; may be 0. All inline slices of one message together have
 *          at most the queried max_inline
 *
 * Return: the slice.
 */
static inline struct regbuf_slice regbuf_slice_inline(const void *ptr,
						      uint32_t length)
{
	struct regbuf_slice slice;

	slice.id = (uintptr_t)ptr;
	slice.offset = 0;
	slice.length = length;
	slice.flags = REGBUF_SLICE_F_INLINE;
	return slice;
}

/**
 * struct regbuf_message - what to send where
 * @slices: the parts, sent in order as one datagram or one run of a stream
 * @nr_slices: how many, 0 to the queried max_slices
 * @sock: a TCP or UDP socket, IPv4 or IPv6
 * @flags: REGBUF_SEND_F_DONTWAIT: as if the socket were non-blocking;
 *         REGBUF_SEND_F_MORE: more data follows at once
 * @addr_len: bytes at @addr; 0 if the socket is connected
 * @addr: a struct sockaddr of the socket's family; NULL if it is connected
 * @reserved: 0
 */
struct regbuf_message {
	const struct regbuf_slice *slices;
	uint32_t nr_slices;
	int32_t sock;
	uint32_t flags;
	uint32_t addr_len;
	const void *addr;
	uint64_t reserved[2];
};

/**
 * struct regbuf_result - what became of a message
 * @sent: bytes that entered the socket
 * @zerocopied: of those, bytes that were not copied; a virtual device or a
 *              packet tap on the way may still copy some later
 * @copied: the other bytes of @sent
 * @copy_reasons: bit n is set if REGBUF_COPY_* reason n applied; see
 *                regbuf_copy_reason()
 * @error: 0, or the negative errno value that stopped it. What the call
 *         returned if nothing was sent; else why a stream took only @sent bytes
 * @reserved: 0
 */
struct regbuf_result {
	uint64_t sent;
	uint64_t zerocopied;
	uint64_t copied;
	uint32_t copy_reasons;
	int32_t error;
	uint64_t reserved[2];
};

/**
 * regbuf_sendv() - send parts of registered buffers and inline bytes
 * @rb: the context
 * @msg: the message. It and the slices are the caller's again afterwards; the
 *       bytes in buffers are in use until the stack has let go of them
 * @res: gets the result, whatever is returned; or NULL
 *
 * A stream may take less than all: the socket is non-blocking and full, a
 * signal came, or an error stopped it. That is a success with @res->sent less
 * than the message, and @res->error says why. Without @res it is -EIO, after
 * which nobody knows where the stream is.
 *
 * A datagram is taken whole or not at all. SIGPIPE is never raised.
 *
 * Calls for one socket from several threads each send their message as if by
 * sendmsg(2); the parts of messages on one stream may be interleaved.
 *
 * Return:
 *
 * * 0
 * * -EBADF, -ENOTSOCK: the socket
 * * -EOPNOTSUPP: not TCP or UDP over IP; an unknown flag
 * * -ENOENT, -ESTALE: no such buffer, or not any more
 * * -EACCES: it was registered without REGBUF_ACCESS_READ
 * * -EFAULT: a slice runs past the end of its buffer, or bytes that the message
 *   points to cannot be read
 * * -EINVAL: too many slices, too long an address, a reserved member is not 0
 * * -EMSGSIZE: inline slices longer than max_inline together, or too long a
 *   datagram
 * * -EISCONN: a destination for TCP
 * * -EIO: @res is NULL and a stream took only a part
 * * -EPERM: another process opened the context, or a firewall refused
 * * -EAGAIN, -EPIPE, -ENOTCONN, -EDESTADDRREQ, -EINTR, ...: as sendmsg(2)
 */
int regbuf_sendv(struct regbuf *rb, const struct regbuf_message *msg,
		 struct regbuf_result *res);

/**
 * regbuf_send() - send a part of one buffer on a connected socket
 * @rb: the context
 * @sock: a connected TCP or UDP socket
 * @id: the buffer
 * @offset: where the part starts in it, in bytes
 * @length: bytes
 * @flags: REGBUF_SEND_F_*
 * @res: gets the result, whatever is returned; or NULL
 *
 * Return: as regbuf_sendv().
 */
int regbuf_send(struct regbuf *rb, int sock, uint64_t id, uint64_t offset,
		uint32_t length, unsigned int flags, struct regbuf_result *res);

/**
 * regbuf_strerror() - what the return of a call means
 * @err: what was returned, 0 or negative
 *
 * Return: a constant text in English, never NULL.
 */
const char *regbuf_strerror(int err);

/**
 * regbuf_copy_reason() - the name of a reason for copying
 * @reason: REGBUF_COPY_*, or a number that a newer kernel uses
 *
 * Return: a constant word: "inline", "loopback", "device", "mtu", "fragments",
 * "cork", "protocol", "other", or "unknown". Never NULL.
 */
const char *regbuf_copy_reason(unsigned int reason);

/**
 * regbuf_version() - the version of the library that is running
 *
 * To be shown to people. What the kernel can do is in regbuf_query().
 *
 * Return: a constant text such as "0.1.0".
 */
const char *regbuf_version(void);

#ifdef __cplusplus
}
#endif

#endif /* REGBUF_H */
