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
 * a forked child they return -EPERM. Queues have rules of their own, below.
 *
 * A call that waits returns -EINTR when a signal came; none is started again
 * by the library. The kernel starts a send again by itself if nothing had been
 * sent and the signal's handler was installed with SA_RESTART.
 *
 * Structures that the kernel defines, struct regbuf_ioc_*, are passed with
 * their size member set by the caller and everything else zero, as by
 * "= { .size = sizeof(x) }": programs and libraries that were built with
 * different headers then agree. One that was filled in may be passed again.
 *
 * Short functions are defined here, as static inline, and so compiled into the
 * program. The library exports each of them too, from the same source, for
 * languages that cannot include this file.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

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
 * * -EMFILE, -ENFILE: too many open files, or contexts of this user
 * * -ENOMEM
 */
int regbuf_open(struct regbuf **out);

/**
 * regbuf_close() - close a context
 * @rb: the context, or NULL. Gone when this returns
 *
 * Queues end: see regbuf_queue_create(). Buffers that are still registered are
 * deregistered. Their pages are unpinned at once, or when the last request that
 * uses them is through; the caller may unmap the memory in either case, but
 * must not change what is being sent.
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
 * @result: REGBUF_REGISTER_R_*; of an array: of any of its entries
 * @reserved: 0
 */
struct regbuf_budget {
	uint64_t needed;
	uint64_t charged;
	uint64_t allowed;
	uint64_t uncharged;
	uint64_t result;
	uint64_t reserved;
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
 * last send from it is through, even if the memory is unmapped before. But what
 * is not mapped there any more is not sent: new requests get -ESTALE then, see
 * REGBUF_STATE_DETACHED. The same range again is another id that shares the
 * pages with the first, and costs next to nothing.
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

/**
 * regbuf_register_flags() - register with flags
 * @rb: the context
 * @addr: first byte
 * @length: bytes
 * @access: REGBUF_ACCESS_*
 * @flags: REGBUF_REGISTER_F_COUNT: the same id again for the same range and
 *         rights, to be deregistered as often; REGBUF_REGISTER_F_KEEP: go on
 *         with these pages whatever becomes of the mapping; both, or 0
 * @id: gets the id, or REGBUF_ID_NONE on failure
 * @budget: as in regbuf_register_budget(), with REGBUF_REGISTER_R_* in result;
 *          or NULL
 *
 * Return: as regbuf_register(), and -EOPNOTSUPP: an unknown flag.
 */
int regbuf_register_flags(struct regbuf *rb, void *addr, size_t length,
			  unsigned int access, unsigned int flags,
			  uint64_t *id, struct regbuf_budget *budget);

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
 * regbuf_deregister_count() - give up one of several registrations
 * @rb: the context
 * @id: the buffer, registered with REGBUF_REGISTER_F_COUNT. Not valid any more
 *      if @left is 0
 * @left: gets how many registrations are left, 0 on failure; or NULL
 *
 * What every form of deregistering does with such a buffer; the others do not
 * tell how many are left.
 *
 * Return: as regbuf_deregister().
 */
int regbuf_deregister_count(struct regbuf *rb, uint64_t id, unsigned int *left);

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
 * regbuf_array_set() - register a table of buffers, to be named by index
 * @rb: the context. It has one table: this replaces the former one as a whole
 * @entries: what each is to be; one that is all zero, but for the id, is empty.
 *           Each gets the id of its buffer
 * @nr: how many, 0 to the queried max_array; 0: no table
 * @failed: gets which entry was refused, 0 on success; or NULL
 * @budget: with -ENOBUFS of that entry, zeroed with other errors, on success
 *          of the last; or NULL
 *
 * All or nothing. What the table named before and names no more is deregistered
 * as by regbuf_deregister(): nothing is waited for, and requests that were
 * submitted use it to their end. An entry that stays as it is gets another id,
 * and stays pinned.
 *
 * Return: as regbuf_register_flags(), and
 *
 * * -EINVAL: an address without a length, or a length without one
 * * -ERANGE: more entries than max_array
 */
int regbuf_array_set(struct regbuf *rb, struct regbuf_array_entry *entries,
		     uint32_t nr, unsigned int *failed,
		     struct regbuf_budget *budget);

/**
 * regbuf_array_update() - change a part of the table
 * @rb: the context
 * @first: index of the first entry to change
 * @entries: as in regbuf_array_set()
 * @nr: how many
 * @failed: gets which of @entries was refused, 0 on success; or NULL
 * @budget: of that entry; or NULL
 *
 * Return: as regbuf_array_set(), and -ERANGE: past the end of the table.
 */
int regbuf_array_update(struct regbuf *rb, uint32_t first,
			struct regbuf_array_entry *entries, uint32_t nr,
			unsigned int *failed, struct regbuf_budget *budget);

/**
 * regbuf_export() - let other processes use a buffer
 * @rb: the context
 * @id: a live buffer that was registered here
 * @offset: first byte of it that they may use
 * @length: bytes; 0 for the rest
 * @access: REGBUF_ACCESS_*, no more than the buffer has
 *
 * Whoever gets the descriptor, over a UNIX socket say, may import the buffer.
 * The memory stays this process's and its charge: when it deregisters, revokes,
 * or ends, all imports are stale at once, and requests in flight finish.
 *
 * Return: a new descriptor, which is closed on exec; or
 *
 * * -ENOENT, -ESTALE: no such buffer, or not any more
 * * -EFAULT: outside the buffer
 * * -EINVAL: @access is 0
 * * -EACCES: more than the buffer has
 * * -EOPNOTSUPP: an imported buffer, or an unknown access bit
 * * -EMFILE, -ENFILE: too many open files
 * * -ENOSPC: the context has 4096 exports and imports of them
 * * -ENOMEM
 * * -EPERM: another process opened the context
 */
int regbuf_export(struct regbuf *rb, uint64_t id, uint64_t offset,
		  uint64_t length, unsigned int access);

/**
 * regbuf_import() - use a buffer of another process
 * @rb: the context
 * @fd: what regbuf_export() returned there. It stays the caller's, and may be
 *      closed
 * @access: REGBUF_ACCESS_*, no more than it was exported with; 0 for all of
 *          that
 * @id: gets an id in this context, or REGBUF_ID_NONE on failure. Give it up
 *      with regbuf_deregister()
 * @length: gets the bytes of the buffer, 0 on failure; or NULL
 *
 * The memory is not mapped here by this. It is not charged to the caller.
 *
 * Return:
 *
 * * 0
 * * -EBADF: no descriptor
 * * -EINVAL: it is something else
 * * -ESTALE: the buffer is gone, or the export was revoked
 * * -EACCES: more than it was exported with
 * * -EOPNOTSUPP: an unknown access bit
 * * -ENOSPC: the context holds max_buffers buffers
 * * -ENOMEM
 * * -EPERM: another process opened the context
 */
int regbuf_import(struct regbuf *rb, int fd, unsigned int access, uint64_t *id,
		  uint64_t *length);

/**
 * regbuf_revoke() - take back all exports of a buffer
 * @rb: the context
 * @id: the buffer, which lives on here
 * @in_flight: gets how many requests still use what was imported, 0 on failure;
 *             or NULL
 *
 * Twice is harmless.
 *
 * Return:
 *
 * * 0
 * * -ENOENT, -ESTALE: no such buffer, or not any more
 * * -EPERM: another process opened the context
 */
int regbuf_revoke(struct regbuf *rb, uint64_t id, unsigned int *in_flight);

/**
 * regbuf_revoke_fd() - take back one export
 * @rb: the context
 * @fd: what regbuf_export() returned. Close it as well
 * @in_flight: as in regbuf_revoke()
 *
 * Return:
 *
 * * 0
 * * -EBADF: no descriptor
 * * -EINVAL: it is something else
 * * -EPERM: it is another context's, or another process opened this one
 */
int regbuf_revoke_fd(struct regbuf *rb, int fd, unsigned int *in_flight);

/**
 * struct regbuf_slots - what regbuf_slots_map() mapped
 * @map: struct regbuf_slot, one after another, each of @stride bytes
 * @count: how many
 * @stride: bytes of each, as this kernel has them
 */
struct regbuf_slots {
	const void *map;
	uint32_t count;
	uint32_t stride;
};

/**
 * regbuf_slots_map() - see without a call which ids are good
 * @rb: the context
 * @slots: gets them, zeroed on failure. Give them up with regbuf_slots_unmap(),
 *         before or after regbuf_close(): then no id is good
 *
 * A forked child does not inherit the mapping, and must leave @slots alone.
 *
 * Return:
 *
 * * 0
 * * -EOPNOTSUPP: the kernel's module does not have them
 * * -ENOMEM
 * * -EPERM: another process opened the context
 */
int regbuf_slots_map(struct regbuf *rb, struct regbuf_slots *slots);

/**
 * regbuf_slots_unmap() - give the view of the slots up
 * @slots: what regbuf_slots_map() filled in, or zeros. Zeroed
 *
 * Not thread safe: no thread may be looking at them.
 */
void regbuf_slots_unmap(struct regbuf_slots *slots);

/* The halves of an id, which is too wide for some machines to load at once. */
typedef uint32_t regbuf_half __attribute__((__may_alias__));

/**
 * regbuf_slot_is() - is a slot that of an id?
 * @slot: of the view
 * @id: the buffer
 *
 * The half that is the slot's number is always the same, so the other decides,
 * and an id is never read as a mixture of two.
 *
 * Return: 1 if it is, or was last; else 0.
 */
static inline int regbuf_slot_is(const struct regbuf_slot *slot, uint64_t id)
{
	const regbuf_half *has = (const regbuf_half *)&slot->id;
	const regbuf_half *want = (const regbuf_half *)&id;

	return __atomic_load_n(&has[0], __ATOMIC_RELAXED) == want[0] &&
	       __atomic_load_n(&has[1], __ATOMIC_RELAXED) == want[1];
}

/**
 * regbuf_slot_state() - what became of an id
 * @slots: the view. For any thread
 * @id: the buffer, or any number
 *
 * Without a system call. REGBUF_STATE_LIVE is true of a moment ago: the kernel
 * checks each request all the same, and memory that MADV_DONTNEED took is found
 * by that check only.
 *
 * Return: REGBUF_STATE_*; REGBUF_STATE_NONE if it is not, or not any more, the
 * id of a buffer.
 */
static inline uint32_t regbuf_slot_state(const struct regbuf_slots *slots,
					 uint64_t id)
{
	const struct regbuf_slot *slot;
	uint32_t state;

	if ((uint32_t)id >= slots->count)
		return REGBUF_STATE_NONE;
	slot = (const struct regbuf_slot *)((const char *)slots->map +
					    (size_t)(uint32_t)id *
					    slots->stride);
	/* Pairs with the kernel's release after it wrote the id. */
	state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
	return regbuf_slot_is(slot, id) ? state : REGBUF_STATE_NONE;
}

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
 * regbuf_slice_index() - a part of a buffer of the table
 * @index: its index, see regbuf_array_set()
 * @offset: where the part starts in it, in bytes
 * @length: bytes; may be 0
 *
 * Return: the slice.
 */
static inline struct regbuf_slice regbuf_slice_index(uint32_t index,
						     uint64_t offset,
						     uint32_t length)
{
	struct regbuf_slice slice;

	slice.id = index;
	slice.offset = offset;
	slice.length = length;
	slice.flags = REGBUF_SLICE_F_INDEX;
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
 * DOC: queues
 *
 * A queue is a submission ring and a completion ring in memory that the program
 * shares with the kernel. The program fills entries of the first, and hands
 * over any number of them with one regbuf_queue_submit(); each that was
 * accepted yields one completion in the second, when the kernel does not need
 * its memory any more. An endpoint is a socket that was attached to a queue.
 *
 * The thread that submits, in short the submitter, calls regbuf_queue_sqe(),
 * regbuf_prep_*(), regbuf_queue_space(), regbuf_queue_refused(),
 * regbuf_queue_drop(), regbuf_queue_submit(), regbuf_queue_submit_wait() and
 * regbuf_connect(). The thread that takes completions, in short the consumer,
 * calls regbuf_queue_peek(), regbuf_queue_peek_at(), regbuf_queue_next(),
 * regbuf_queue_ready(), regbuf_queue_advance(), regbuf_queue_reap(),
 * regbuf_queue_arm(), regbuf_queue_disarm() and regbuf_queue_pool_return().
 *
 * Each of these two roles is for one thread at a time; another may take it over
 * after a lock was passed on, say. One thread may have both. All other calls
 * may be made by any thread at any time, except regbuf_queue_resize() and
 * regbuf_queue_destroy(): no other thread may be using the queue then. Queues
 * do not know of each other.
 *
 * The rings are not inherited by fork: a child must leave the queue alone.
 */

/*
 * Barriers, on indices that are shared with the kernel. It has the other half
 * of each pair.
 *
 *   regbuf_load_acquire()  what the kernel wrote before the index is visible
 *   regbuf_store_release() what we wrote before the index is visible to it
 *   regbuf_store_full() and then regbuf_load_full(): the kernel sees our store,
 *                          or we see what it stored before it looked: never
 *                          does each miss the other's
 *   regbuf_exchange()      one of the two sides gets what was there
 */
#define regbuf_load_acquire(p)	   __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define regbuf_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define regbuf_load_full(p)	   __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define regbuf_store_full(p, v)	   __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define regbuf_exchange(p, v)	\
	__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)

/**
 * struct regbuf_queue - a queue
 * @ring: indices, shared with the kernel
 * @sqes: submission ring
 * @cqes: completion ring
 * @returned: numbers of returned pool slices
 * @sq_mask: entries of the submission ring, less 1
 * @cq_mask: entries of the completion ring, less 1
 * @pool_mask: places for returned slices, less 1; or 0
 * @flags: REGBUF_QUEUE_F_* that it was made with
 * @pad0: nothing
 * @pad1: nothing
 * @sq_tail: submitter: entries given out
 * @sq_head: submitter: entries taken by the kernel, when last looked
 * @cq_head: consumer: completions consumed
 * @cq_tail: consumer: completions posted, when last looked
 * @pool_tail: consumer: slices returned
 * @arms: consumer: what regbuf_queue_arm() wrote last
 *
 * For the functions in this file alone: a program has no business in here. The
 * library has more behind it.
 */
struct regbuf_queue {
	struct regbuf_ring *ring;
	struct regbuf_sqe *sqes;
	const struct regbuf_cqe *cqes;
	uint32_t *returned;
	uint32_t sq_mask;
	uint32_t cq_mask;
	uint32_t pool_mask;
	uint32_t flags;
	/* What two threads write is not on one cache line, nor with this. */
	uint32_t pad0[16];
	uint32_t sq_tail;
	uint32_t sq_head;
	uint32_t pad1[16];
	uint32_t cq_head;
	uint32_t cq_tail;
	uint32_t pool_tail;
	uint32_t arms;
};

/**
 * struct regbuf_queue_params - what a queue is to be like
 * @flags: REGBUF_QUEUE_F_POLLER: a kernel thread takes submissions without a
 *         system call
 * @sq_entries: submission entries, 1 to the queried max_sq_entries; rounded up
 *              to a power of two
 * @cq_entries: completion entries, 1 to max_cq_entries; likewise. Also how many
 *              requests may be pending
 * @pool_entries: slices that regbuf_queue_pool_set() may give to it, 0 to
 *                max_pool_entries; likewise
 * @poller_idle_us: with REGBUF_QUEUE_F_POLLER: microseconds without work after
 *                  which that thread sleeps, 0 for 1000. Else 0
 * @reserved: 0
 */
struct regbuf_queue_params {
	uint32_t flags;
	uint32_t sq_entries;
	uint32_t cq_entries;
	uint32_t pool_entries;
	uint32_t poller_idle_us;
	uint32_t reserved[3];
};

/**
 * regbuf_queue_create() - make a queue
 * @rb: the context whose buffers it uses. regbuf_close() ends the queue, too:
 *      calls then return -ESHUTDOWN, but it must be destroyed nevertheless
 * @params: what it is to be like
 * @out: gets the queue, or NULL on failure. Destroy it with
 *       regbuf_queue_destroy()
 *
 * Return:
 *
 * * 0
 * * -EINVAL: too many entries, or none, or a reserved member is not 0
 * * -EOPNOTSUPP: an unknown flag
 * * -ENOTTY: the kernel's module has no queues
 * * -EPERM: another process opened the context; REGBUF_QUEUE_F_POLLER without
 *   CAP_SYS_NICE
 * * -EMFILE, -ENFILE: too many open files
 * * -ENOSPC: the context has 4096 queues
 * * -ENOMEM
 */
int regbuf_queue_create(struct regbuf *rb,
			const struct regbuf_queue_params *params,
			struct regbuf_queue **out);

/**
 * regbuf_queue_destroy() - close a queue
 * @q: the queue, or NULL. Gone when this returns
 *
 * What has not entered a socket is cancelled, what has is sent. Completions
 * that were not consumed are lost; buffers that requests used may still be in
 * flight, see regbuf_wait().
 *
 * Not thread safe: no other call on @q may be running or follow.
 */
void regbuf_queue_destroy(struct regbuf_queue *q);

/**
 * regbuf_queue_fd() - the descriptor of a queue
 * @q: the queue. It keeps the descriptor
 *
 * Readable for poll(2) and epoll(7) while a completion that is not silent is
 * unconsumed. Do not close it.
 *
 * Return: the descriptor; never negative.
 */
int regbuf_queue_fd(const struct regbuf_queue *q);

/**
 * regbuf_queue_attach() - make a socket an endpoint of a queue
 * @q: the queue
 * @sock: a TCP or UDP socket, IPv4 or IPv6; bound, connected or neither. The
 *        descriptor stays the caller's and may be closed; the endpoint keeps
 *        the socket open
 * @attach: size set, flags REGBUF_ATTACH_F_SEND, REGBUF_ATTACH_F_RECV or both,
 *          max_send and max_recv as wanted, the rest zero; gets the endpoint,
 *          and for what reasons it would copy
 *
 * Return:
 *
 * * 0
 * * -EBADF, -ENOTSOCK: the socket
 * * -EOPNOTSUPP: not TCP or UDP over IP; an unknown flag
 * * -EBUSY: the socket has a lane in that direction, in any queue
 * * -EINVAL: no lane asked for, or @attach->size was not set
 * * -ENOSPC: too many endpoints
 * * -ENOMEM
 * * -ESHUTDOWN: the context was closed
 * * -EPERM: another process opened the context
 */
int regbuf_queue_attach(struct regbuf_queue *q, int sock,
			struct regbuf_ioc_attach *attach);

/**
 * regbuf_queue_detach() - give up an endpoint
 * @q: the queue
 * @endpoint: which
 * @flags: 0: cancel all that has not entered the socket;
 *         REGBUF_DETACH_F_DRAIN: but let the sends enter first;
 *         REGBUF_DETACH_F_CLOSE: and then shut the connection down
 *
 * Return:
 *
 * * 0
 * * -ENOENT: no such endpoint, or it is being detached already
 * * -EOPNOTSUPP: an unknown flag
 * * -ESHUTDOWN: the context was closed
 * * -EPERM: another process opened the context
 */
int regbuf_queue_detach(struct regbuf_queue *q, uint32_t endpoint,
			unsigned int flags);

/**
 * regbuf_queue_socket() - get a descriptor of an endpoint's socket
 * @q: the queue
 * @endpoint: which
 *
 * For socket options and the like, above all on accepted connections.
 *
 * Return: a new descriptor, which is closed on exec; or
 *
 * * -ENOENT: no such endpoint
 * * -EMFILE, -ENFILE: too many open files
 * * -ESHUTDOWN: the context was closed
 * * -EPERM: another process opened the context
 */
int regbuf_queue_socket(struct regbuf_queue *q, uint32_t endpoint);

/**
 * regbuf_queue_resize() - make the rings larger or smaller
 * @q: the queue. No other thread may be using it
 * @sq_entries: submission entries, as in struct regbuf_queue_params; 0 to leave
 *              them
 * @cq_entries: completion entries; likewise
 *
 * Requests may be in flight, and what is in the rings stays in them. Entries
 * that were filled are published, as regbuf_queue_submit() does; a poller takes
 * them. Pointers to entries of either ring are not valid any more.
 *
 * Return:
 *
 * * 0
 * * -EINVAL: too many entries
 * * -EBUSY: what is in the rings or pending does not fit
 * * -ENOMEM: nothing may be done with the queue but to try again, or to destroy
 *   it: the new rings may be there but not mapped
 * * -ESHUTDOWN: the context was closed
 * * -EPERM: another process opened the context
 */
int regbuf_queue_resize(struct regbuf_queue *q, uint32_t sq_entries,
			uint32_t cq_entries);

/**
 * regbuf_queue_sq_entries() - the size of the submission ring
 * @q: the queue
 *
 * Return: how many entries it has.
 */
static inline uint32_t regbuf_queue_sq_entries(const struct regbuf_queue *q)
{
	return q->sq_mask + 1;
}

/**
 * regbuf_queue_cq_entries() - the size of the completion ring
 * @q: the queue
 *
 * Return: how many entries it has, and so how many requests may be pending.
 */
static inline uint32_t regbuf_queue_cq_entries(const struct regbuf_queue *q)
{
	return q->cq_mask + 1;
}

/**
 * regbuf_queue_space() - how many entries can be filled
 * @q: the queue. For the submitter
 *
 * Return: how often regbuf_queue_sqe() would succeed now.
 */
static inline uint32_t regbuf_queue_space(struct regbuf_queue *q)
{
	/* Pairs with the kernel's release after it read an entry. */
	q->sq_head = regbuf_load_acquire(&q->ring->sq_head);
	return q->sq_mask + 1 - (q->sq_tail - q->sq_head);
}

/**
 * regbuf_queue_sqe() - the next entry to fill
 * @q: the queue. For the submitter
 *
 * The kernel does not see it before regbuf_queue_submit().
 *
 * Return: an entry that is all zero, and so a REGBUF_OP_NOP; or NULL if the
 * ring is full: submit what there is.
 */
static inline struct regbuf_sqe *regbuf_queue_sqe(struct regbuf_queue *q)
{
	struct regbuf_sqe *sqe;

	if (q->sq_tail - q->sq_head > q->sq_mask && !regbuf_queue_space(q))
		return NULL;
	sqe = &q->sqes[q->sq_tail++ & q->sq_mask];
	memset(sqe, 0, sizeof(*sqe));
	return sqe;
}

/**
 * regbuf_queue_refused() - the oldest entry that was not taken
 * @q: the queue, without a poller. For the submitter
 *
 * After regbuf_queue_submit() took less than all, that is the entry that was
 * refused. It may be corrected, or made a regbuf_prep_nop(), and all be
 * submitted again.
 *
 * Return: the entry; NULL if all were taken, or a poller takes them.
 */
static inline struct regbuf_sqe *regbuf_queue_refused(struct regbuf_queue *q)
{
	if (q->flags & REGBUF_QUEUE_F_POLLER)
		return NULL;
	/* Pairs with the kernel's release after it read an entry. */
	q->sq_head = regbuf_load_acquire(&q->ring->sq_head);
	if (q->sq_head == q->sq_tail)
		return NULL;
	return &q->sqes[q->sq_head & q->sq_mask];
}

/**
 * regbuf_queue_drop() - take back the entries that were not taken
 * @q: the queue, without a poller. For the submitter
 *
 * Nothing will come of them.
 *
 * Return: how many they were; 0 if a poller takes them.
 */
static inline uint32_t regbuf_queue_drop(struct regbuf_queue *q)
{
	uint32_t dropped;

	if (q->flags & REGBUF_QUEUE_F_POLLER)
		return 0;
	/* Pairs with the kernel's release after it read an entry. */
	q->sq_head = regbuf_load_acquire(&q->ring->sq_head);
	dropped = q->sq_tail - q->sq_head;
	q->sq_tail = q->sq_head;
	regbuf_store_release(&q->ring->sq_tail, q->sq_tail);
	return dropped;
}

/**
 * regbuf_prep_nop() - fill an entry: nothing
 * @sqe: an entry. It keeps its user_data alone
 */
static inline void regbuf_prep_nop(struct regbuf_sqe *sqe)
{
	uint64_t user_data = sqe->user_data;

	memset(sqe, 0, sizeof(*sqe));
	sqe->user_data = user_data;
}

/**
 * regbuf_prep_send() - fill an entry: send a part of a buffer
 * @sqe: an entry that is zero, as from regbuf_queue_sqe(). User data, flags and
 *       deadline are set in it by hand; so for all that follow
 * @endpoint: where to
 * @id: the buffer
 * @offset: where the part starts in it, in bytes
 * @length: bytes
 *
 * The completion comes when the memory is free again; value is how many bytes
 * entered the socket.
 */
static inline void regbuf_prep_send(struct regbuf_sqe *sqe, uint32_t endpoint,
				    uint64_t id, uint64_t offset,
				    uint32_t length)
{
	sqe->op = REGBUF_OP_SEND;
	sqe->endpoint = endpoint;
	sqe->id = id;
	sqe->offset = offset;
	sqe->length = length;
}

/**
 * regbuf_prep_sendv() - fill an entry: send several parts as one
 * @sqe: a zero entry
 * @endpoint: where to
 * @slices: the parts. The caller's again after they were submitted
 * @nr_slices: how many, 1 to the queried max_slices
 */
static inline void regbuf_prep_sendv(struct regbuf_sqe *sqe, uint32_t endpoint,
				     const struct regbuf_slice *slices,
				     uint32_t nr_slices)
{
	regbuf_prep_send(sqe, endpoint, (uintptr_t)slices, 0, nr_slices);
	sqe->flags = REGBUF_SQE_F_LIST;
}

/**
 * regbuf_prep_send_inline() - fill an entry: send bytes of any memory
 * @sqe: a zero entry
 * @endpoint: where to
 * @ptr: the bytes. Copied; the caller's again after they were submitted
 * @length: how many, at most the queried max_inline
 */
static inline void regbuf_prep_send_inline(struct regbuf_sqe *sqe,
					   uint32_t endpoint, const void *ptr,
					   uint32_t length)
{
	regbuf_prep_send(sqe, endpoint, (uintptr_t)ptr, 0, length);
	sqe->flags = REGBUF_SQE_F_INLINE;
}

/**
 * regbuf_prep_recv() - fill an entry: receive into a part of a buffer
 * @sqe: a zero entry
 * @endpoint: where from
 * @id: the buffer, registered with REGBUF_ACCESS_WRITE
 * @offset: where the part starts in it, in bytes
 * @length: bytes; a stream receive of 0 completes when there is something to
 *          read
 *
 * The completion's value is how many bytes were received. At the end of a
 * stream it is 0 and the flag REGBUF_CQE_F_EOF is set.
 */
static inline void regbuf_prep_recv(struct regbuf_sqe *sqe, uint32_t endpoint,
				    uint64_t id, uint64_t offset,
				    uint32_t length)
{
	regbuf_prep_send(sqe, endpoint, id, offset, length);
	sqe->op = REGBUF_OP_RECV;
}

/**
 * regbuf_prep_recvv() - fill an entry: receive into several parts
 * @sqe: a zero entry
 * @endpoint: where from
 * @slices: the parts, none inline. The caller's again after they were submitted
 * @nr_slices: how many, 1 to the queried max_slices
 */
static inline void regbuf_prep_recvv(struct regbuf_sqe *sqe, uint32_t endpoint,
				     const struct regbuf_slice *slices,
				     uint32_t nr_slices)
{
	regbuf_prep_sendv(sqe, endpoint, slices, nr_slices);
	sqe->op = REGBUF_OP_RECV;
}

/**
 * regbuf_prep_recv_pool() - fill an entry: receive into the queue's pool
 * @sqe: a zero entry
 * @endpoint: where from
 *
 * A slice is taken when data arrive. The completion has REGBUF_CQE_F_POOL set
 * if there is one, and its number in detail; give it back with
 * regbuf_queue_pool_return().
 */
static inline void regbuf_prep_recv_pool(struct regbuf_sqe *sqe,
					 uint32_t endpoint)
{
	sqe->op = REGBUF_OP_RECV;
	sqe->flags = REGBUF_SQE_F_POOL;
	sqe->endpoint = endpoint;
}

/**
 * regbuf_prep_recv_multi() - fill an entry: receive again and again
 * @sqe: a zero entry
 * @endpoint: where from
 * @times: how often; 0 for no limit
 *
 * As regbuf_prep_recv_pool(), with a completion each time. All but the last
 * have REGBUF_CQE_F_MORE set.
 */
static inline void regbuf_prep_recv_multi(struct regbuf_sqe *sqe,
					  uint32_t endpoint, uint32_t times)
{
	regbuf_prep_recv_pool(sqe, endpoint);
	sqe->flags |= REGBUF_SQE_F_MULTI;
	sqe->length = times;
}

/**
 * regbuf_sqe_addr() - add an address in a buffer to an entry
 * @sqe: a send or receive on a UDP socket
 * @id: the buffer that has REGBUF_ADDR_SIZE bytes for it
 * @offset: where in it, in bytes
 *
 * Where to send to, or where to put who sent it.
 */
static inline void regbuf_sqe_addr(struct regbuf_sqe *sqe, uint64_t id,
				   uint64_t offset)
{
	sqe->flags |= REGBUF_SQE_F_ADDR;
	sqe->addr_id = id;
	sqe->addr_offset = offset;
}

/**
 * regbuf_sqe_addr_ptr() - add an address to an entry
 * @sqe: a send on a UDP socket
 * @addr: REGBUF_ADDR_SIZE bytes, a struct sockaddr_in6 or with a struct
 *        sockaddr_in in front. The caller's again after they were submitted
 */
static inline void regbuf_sqe_addr_ptr(struct regbuf_sqe *sqe, const void *addr)
{
	sqe->flags |= REGBUF_SQE_F_ADDR_PTR;
	sqe->addr_id = (uintptr_t)addr;
}

/**
 * regbuf_prep_shutdown() - fill an entry: shut down sending, after the sends
 * @sqe: a zero entry
 * @endpoint: of which
 */
static inline void regbuf_prep_shutdown(struct regbuf_sqe *sqe,
					uint32_t endpoint)
{
	sqe->op = REGBUF_OP_SHUTDOWN;
	sqe->endpoint = endpoint;
}

/**
 * regbuf_prep_accept() - fill an entry: accept a connection
 * @sqe: a zero entry
 * @endpoint: a listening socket
 *
 * The completion's value is the new endpoint, attached to the same queue.
 */
static inline void regbuf_prep_accept(struct regbuf_sqe *sqe, uint32_t endpoint)
{
	sqe->op = REGBUF_OP_ACCEPT;
	sqe->endpoint = endpoint;
}

/**
 * regbuf_prep_accept_multi() - fill an entry: accept connections
 * @sqe: a zero entry
 * @endpoint: a listening socket
 * @times: how many; 0 for no limit
 *
 * As regbuf_prep_accept(), with a completion each time. All but the last have
 * REGBUF_CQE_F_MORE set.
 */
static inline void regbuf_prep_accept_multi(struct regbuf_sqe *sqe,
					    uint32_t endpoint, uint32_t times)
{
	regbuf_prep_accept(sqe, endpoint);
	sqe->flags = REGBUF_SQE_F_MULTI;
	sqe->length = times;
}

/**
 * regbuf_prep_connect() - fill an entry: wait for a connection to be made
 * @sqe: a zero entry
 * @endpoint: a TCP socket on which connect(2) has begun; see regbuf_connect()
 */
static inline void regbuf_prep_connect(struct regbuf_sqe *sqe,
				       uint32_t endpoint)
{
	sqe->op = REGBUF_OP_CONNECT;
	sqe->endpoint = endpoint;
}

/**
 * regbuf_prep_poll() - fill an entry: wait for a socket
 * @sqe: a zero entry
 * @endpoint: which
 * @events: EPOLL* to wait for; the completion's value are those that came
 */
static inline void regbuf_prep_poll(struct regbuf_sqe *sqe, uint32_t endpoint,
				    uint32_t events)
{
	sqe->op = REGBUF_OP_POLL;
	sqe->endpoint = endpoint;
	sqe->length = events;
}

/**
 * regbuf_prep_timeout() - fill an entry: wait for some time
 * @sqe: a zero entry
 * @ns: nanoseconds, after which it completes with ETIME
 */
static inline void regbuf_prep_timeout(struct regbuf_sqe *sqe, uint64_t ns)
{
	sqe->op = REGBUF_OP_TIMEOUT;
	sqe->offset = ns;
}

/**
 * regbuf_prep_cancel() - fill an entry: cancel the oldest such request
 * @sqe: a zero entry
 * @endpoint: of which endpoint; 0 for the whole queue
 * @user_data: the user data it was submitted with
 *
 * To cancel all that have these user data, add REGBUF_SQE_F_ALL to the flags.
 */
static inline void regbuf_prep_cancel(struct regbuf_sqe *sqe, uint32_t endpoint,
				      uint64_t user_data)
{
	sqe->op = REGBUF_OP_CANCEL;
	sqe->endpoint = endpoint;
	sqe->id = user_data;
}

/**
 * regbuf_prep_cancel_all() - fill an entry: cancel all of an endpoint
 * @sqe: a zero entry
 * @endpoint: which
 */
static inline void regbuf_prep_cancel_all(struct regbuf_sqe *sqe,
					  uint32_t endpoint)
{
	regbuf_prep_cancel(sqe, endpoint, 0);
	sqe->flags = REGBUF_SQE_F_ANY | REGBUF_SQE_F_ALL;
}

/**
 * regbuf_prep_idle() - fill an entry: wait until no request uses a buffer
 * @sqe: a zero entry
 * @id: the buffer
 */
static inline void regbuf_prep_idle(struct regbuf_sqe *sqe, uint64_t id)
{
	sqe->op = REGBUF_OP_IDLE;
	sqe->id = id;
}

/**
 * regbuf_sqe_index() - the buffers of an entry are named by index
 * @sqe: an entry that was filled with indices in place of ids, those in its
 *       struct regbuf_ext too, see regbuf_array_set(). Slices of a list are
 *       each for themselves, see regbuf_slice_index()
 */
static inline void regbuf_sqe_index(struct regbuf_sqe *sqe)
{
	sqe->flags |= REGBUF_SQE_F_INDEX;
}

/**
 * regbuf_prep_array() - fill an entry: change the table
 * @sqe: a zero entry
 * @array: size set, flags, entries, nr and first as wanted, the rest zero; gets
 *         what regbuf_array_set() returns in @failed and @budget. In use, with
 *         the entries that it points to, until the completion
 *
 * Entries of the queue before this one see the former table, those after it the
 * new one. If it is refused the completion has the error. Not with a poller.
 */
static inline void regbuf_prep_array(struct regbuf_sqe *sqe,
				     struct regbuf_ioc_array *array)
{
	sqe->op = REGBUF_OP_ARRAY;
	sqe->id = (uintptr_t)array;
}

/**
 * regbuf_connect() - begin to connect, and fill an entry that waits for it
 * @q: the queue. For the submitter
 * @endpoint: the socket's
 * @sock: a TCP socket
 * @addr: a struct sockaddr of the socket's family
 * @addr_len: bytes at @addr
 * @user_data: for the completion, whose error is 0 when the connection is made
 *
 * It does not block; a socket that is not O_NONBLOCK is so while this runs.
 * The entry still has to be submitted.
 *
 * Return:
 *
 * * 0
 * * -EAGAIN: the submission ring is full; or as connect(2)
 * * -EBADF, -ENETUNREACH, ...: as connect(2). There is no entry
 */
int regbuf_connect(struct regbuf_queue *q, uint32_t endpoint, int sock,
		   const void *addr, uint32_t addr_len, uint64_t user_data);

/**
 * regbuf_queue_submit() - hand over the entries that were filled
 * @q: the queue. For the submitter
 *
 * Does not block. Without a poller, the kernel stops at the first entry that it
 * refuses. It and what follows stay in the ring, and are submitted again next
 * time: see regbuf_queue_refused() and regbuf_queue_drop(). With a poller this
 * is a system call only if that sleeps, and entries that it refuses yield a
 * completion with REGBUF_CQE_F_REFUSED.
 *
 * Return: how many entries were taken, 0 if there were none; with a poller, how
 * many were handed over. If the first was refused, an error of it:
 *
 * * -ENOBUFS: no place in the completion ring, or the endpoint's maximum;
 *   consume completions, and submit again
 * * -EINVAL, -EOPNOTSUPP: unknown operation or flag, or members that it has no
 *   use for
 * * -ENOENT: no such endpoint or buffer; -ESTALE: not any more
 * * -EACCES, -EFAULT, -EMSGSIZE, ...: as regbuf_sendv()
 *
 * Or of the queue:
 *
 * * -ENOTRECOVERABLE: an index was moved where it cannot be
 * * -ESHUTDOWN: the context was closed
 * * -EPERM: another process opened the context
 */
int regbuf_queue_submit(struct regbuf_queue *q);

/**
 * regbuf_queue_submit_wait() - hand over entries, then wait for completions
 * @q: the queue. For the submitter
 * @n: how many unconsumed completions to wait for
 * @timeout_ns: how long to wait at most, in nanoseconds; negative: no limit
 * @sigmask: signal mask to wait with, a sigset_t as for ppoll(2); or NULL
 *
 * One system call does both, or none if there is nothing to do. There is no
 * waiting if an entry is refused.
 *
 * Return: as regbuf_queue_submit(); and if no entry was taken:
 *
 * * -ETIMEDOUT: fewer completions came
 * * -EINTR: a signal came first
 *
 * If some were, their number is returned though the wait ended early.
 */
int regbuf_queue_submit_wait(struct regbuf_queue *q, uint32_t n,
			     int64_t timeout_ns, const void *sigmask);

/**
 * regbuf_queue_wait() - wait for completions
 * @q: the queue. For any thread
 * @n: how many unconsumed completions to wait for
 * @timeout_ns: how long to wait at most, in nanoseconds; negative: no limit
 * @sigmask: signal mask to wait with, a sigset_t as for ppoll(2); or NULL
 *
 * The thread does the queue's work while it waits.
 *
 * Return:
 *
 * * 0: so many are there, or were if another thread consumes them
 * * -ETIMEDOUT: fewer came
 * * -EINTR: a signal came first
 * * -ENOTRECOVERABLE: an index was moved where it cannot be
 * * -ESHUTDOWN: the context was closed
 * * -EPERM: another process opened the context
 */
int regbuf_queue_wait(struct regbuf_queue *q, uint32_t n, int64_t timeout_ns,
		      const void *sigmask);

/**
 * regbuf_queue_kick() - call the kernel because it asks for it
 * @q: the queue. For any thread
 *
 * Other calls do this by themselves when REGBUF_RING_F_NEED_ENTER is set.
 *
 * Return: 0, or an error of the queue as regbuf_queue_submit().
 */
int regbuf_queue_kick(struct regbuf_queue *q);

/**
 * regbuf_queue_ready() - how many completions there are
 * @q: the queue. For the consumer
 *
 * Reads shared memory, nothing else.
 *
 * Return: how many are unconsumed.
 */
static inline uint32_t regbuf_queue_ready(struct regbuf_queue *q)
{
	/* Pairs with the kernel's release after it wrote a completion. */
	q->cq_tail = regbuf_load_acquire(&q->ring->cq_tail);
	return q->cq_tail - q->cq_head;
}

/**
 * regbuf_queue_peek_at() - look at one of the completions
 * @q: the queue. For the consumer
 * @n: how many unconsumed ones to skip
 *
 * Return: the completion, valid until it is consumed with
 * regbuf_queue_advance(); or NULL if there are not so many.
 */
static inline const struct regbuf_cqe *
regbuf_queue_peek_at(struct regbuf_queue *q, uint32_t n)
{
	if (q->cq_tail - q->cq_head <= n && regbuf_queue_ready(q) <= n)
		return NULL;
	return &q->cqes[(q->cq_head + n) & q->cq_mask];
}

/**
 * regbuf_queue_peek() - look at the oldest completion
 * @q: the queue. For the consumer
 *
 * Return: the completion, valid until it is consumed with
 * regbuf_queue_advance(); or NULL if there is none.
 */
static inline const struct regbuf_cqe *regbuf_queue_peek(struct regbuf_queue *q)
{
	return regbuf_queue_peek_at(q, 0);
}

/**
 * regbuf_queue_next() - look at one completion after the other
 * @q: the queue. For the consumer
 * @n: how many were looked at, 0 to begin with; one more if there is one more.
 *     So many are to be consumed in the end: regbuf_queue_advance(q, *n)
 *
 * Return: the completion, valid until it is consumed; or NULL if that were all.
 */
static inline const struct regbuf_cqe *
regbuf_queue_next(struct regbuf_queue *q, uint32_t *n)
{
	const struct regbuf_cqe *cqe = regbuf_queue_peek_at(q, *n);

	if (cqe)
		(*n)++;
	return cqe;
}

/**
 * regbuf_for_each_cqe() - look at all completions
 * @q: the queue. For the consumer
 * @n: a uint32_t that is 0, counts them: call regbuf_queue_advance(q, n) when
 *     the loop ended or was left
 * @cqe: const struct regbuf_cqe *, each in turn
 */
#define regbuf_for_each_cqe(q, n, cqe)	\
	for (; ((cqe) = regbuf_queue_next((q), &(n)));)

/**
 * regbuf_queue_advance() - consume completions
 * @q: the queue. For the consumer
 * @n: how many, at most as many as there are. Their places are the kernel's
 */
static inline void regbuf_queue_advance(struct regbuf_queue *q, uint32_t n)
{
	q->cq_head += n;
	/*
	 * Pairs with the kernel's acquire before it writes to these places; and
	 * with its setting NEED_ENTER, after which it looks for room once more.
	 */
	regbuf_store_full(&q->ring->cq_head, q->cq_head);
	if (regbuf_load_full(&q->ring->flags) & REGBUF_RING_F_NEED_ENTER)
		regbuf_queue_kick(q);
}

/**
 * regbuf_queue_reap() - copy completions and consume them
 * @q: the queue. For the consumer
 * @cqes: gets them, the oldest first
 * @max: how many there is room for
 *
 * Return: how many there were.
 */
uint32_t regbuf_queue_reap(struct regbuf_queue *q, struct regbuf_cqe *cqes,
			   uint32_t max);

/**
 * regbuf_cqe_error() - the error of a completion
 * @cqe: the completion
 *
 * In the completion itself it is positive, other than what calls return.
 *
 * Return: 0, or a negative errno value, as for regbuf_strerror().
 */
static inline int regbuf_cqe_error(const struct regbuf_cqe *cqe)
{
	return -(int)cqe->error;
}

/**
 * regbuf_queue_eventfd() - have an eventfd signalled
 * @q: the queue
 * @fd: an eventfd, which may serve several queues; -1 for none
 *
 * Nothing is signalled before regbuf_queue_arm().
 *
 * Return:
 *
 * * 0
 * * -EBADF: not a descriptor
 * * -EINVAL: not an eventfd
 * * -ESHUTDOWN: the context was closed
 * * -EPERM: another process opened the context
 */
int regbuf_queue_eventfd(struct regbuf_queue *q, int fd);

/**
 * regbuf_queue_arm() - ask for one signal at the next completion
 * @q: the queue, with an eventfd. For the consumer
 *
 * Silent completions do not signal. After 0 was returned read the eventfd, or
 * call regbuf_queue_disarm(), before arming again; then no signal is lost, and
 * none comes without an unconsumed completion.
 *
 * Return: 0 if there is or will be one signal; 1 if a completion is there
 * already and there will be none: consume it.
 */
static inline int regbuf_queue_arm(struct regbuf_queue *q)
{
	uint32_t loud;

	/*
	 * Never 0, and another number each time: the kernel must not take what
	 * was armed after a completion was consumed for what was armed before.
	 */
	q->arms = (q->arms + 2) | 1;
	/* Pairs with the kernel's look at it after posting a completion. */
	regbuf_store_full(&q->ring->cq_armed, q->arms);
	loud = regbuf_load_full(&q->ring->cq_loud);
	if ((int32_t)(loud - q->cq_head) <= 0)
		return 0;
	/* Whoever gets it back decides: 0 is left by a kernel that signals. */
	return regbuf_exchange(&q->ring->cq_armed, 0) != 0;
}

/**
 * regbuf_queue_disarm() - ask for no signal any more
 * @q: the queue. For the consumer, after regbuf_queue_arm() returned 0 and
 *     before the eventfd was read
 *
 * Return: 0 if there was and will be no signal; 1 if there is one, now or very
 * soon: read the eventfd.
 */
static inline int regbuf_queue_disarm(struct regbuf_queue *q)
{
	return !regbuf_exchange(&q->ring->cq_armed, 0);
}

/**
 * regbuf_queue_pool_set() - give the queue slices to receive into
 * @q: the queue
 * @id: a buffer registered with REGBUF_ACCESS_WRITE
 * @offset: where in it the first slice starts, in bytes
 * @length: bytes of each slice, one after another
 * @count: how many, at most the queue's pool_entries; 0, and all else 0, takes
 *         the pool away
 *
 * See regbuf_prep_recv_pool(). All of them are the kernel's to begin with.
 *
 * Return:
 *
 * * 0
 * * -ENOENT, -ESTALE: no such buffer, or not any more
 * * -EACCES: it was registered without REGBUF_ACCESS_WRITE
 * * -EFAULT: the slices run past its end
 * * -EINVAL: @length is 0, or too many slices
 * * -EBUSY: there is a pool already
 * * -ENOMEM
 * * -ESHUTDOWN: the context was closed
 * * -EPERM: another process opened the context
 */
int regbuf_queue_pool_set(struct regbuf_queue *q, uint64_t id, uint64_t offset,
			  uint32_t length, uint32_t count);

/**
 * regbuf_queue_pool_return() - give a slice of the pool back
 * @q: the queue. For the consumer
 * @n: its number, which a completion with REGBUF_CQE_F_POOL had in detail
 *
 * Each slice once: the ring that it goes through has room for no more.
 */
static inline void regbuf_queue_pool_return(struct regbuf_queue *q, uint32_t n)
{
	q->returned[q->pool_tail++ & q->pool_mask] = n;
	/*
	 * Pairs with the kernel's acquire before it reads the number; and with
	 * its setting NEED_ENTER, after which it looks for slices once more.
	 */
	regbuf_store_full(&q->ring->pool_tail, q->pool_tail);
	if (regbuf_load_full(&q->ring->flags) & REGBUF_RING_F_NEED_ENTER)
		regbuf_queue_kick(q);
}

/* Buffers of one size, handed out one by one, in one registration. */
struct regbuf_pool;

/**
 * struct regbuf_pool_slice - a slice that a pool handed out
 * @ptr: its memory
 * @id: the buffer that it is a part of
 * @offset: where it starts in the buffer
 * @length: bytes
 * @index: its number in the pool; it starts at @index times @length
 */
struct regbuf_pool_slice {
	void *ptr;
	uint64_t id;
	uint64_t offset;
	uint32_t length;
	uint32_t index;
};

/* Do not look for huge pages. */
#define REGBUF_POOL_F_SMALL_PAGES	(1u << 0)

/**
 * regbuf_pool_create() - make a pool of buffers
 * @rb: the context that they are registered in
 * @slice_size: bytes of each, rounded up to a multiple of 64
 * @count: how many
 * @flags: 0 or REGBUF_POOL_F_SMALL_PAGES
 * @out: gets the pool, or NULL on failure. Destroy it with
 *       regbuf_pool_destroy()
 *
 * One piece of memory is mapped and registered once, to send from and to
 * receive into. It is made of huge pages if it is as large as one and the
 * system has any to spare; RLIMIT_MEMLOCK is charged with all of it.
 *
 * Return: as regbuf_register(), and
 *
 * * -EINVAL: @slice_size or @count is 0
 * * -EOVERFLOW: more than max_length in all
 * * -EOPNOTSUPP: an unknown flag
 */
int regbuf_pool_create(struct regbuf *rb, uint32_t slice_size, uint32_t count,
		       unsigned int flags, struct regbuf_pool **out);

/**
 * regbuf_pool_destroy() - give up a pool
 * @pool: the pool, or NULL. Gone when this returns, and its memory with it
 *
 * Requests in flight finish normally: the kernel keeps the pages for them.
 * Destroy it before the context is closed. Not thread safe: no other call on
 * @pool may be running or follow.
 */
void regbuf_pool_destroy(struct regbuf_pool *pool);

/**
 * regbuf_pool_get() - take a slice
 * @pool: the pool. For any thread
 * @slice: gets it, zeroed on failure. What is in the memory is whatever was
 *
 * In constant time.
 *
 * Return: 0, or -ENOBUFS: all are taken.
 */
int regbuf_pool_get(struct regbuf_pool *pool, struct regbuf_pool_slice *slice);

/**
 * regbuf_pool_put() - give a slice back
 * @pool: the pool. For any thread
 * @index: which, when no request uses it any more
 *
 * In constant time.
 *
 * Return: 0, or -EINVAL: no such slice, or it was not taken; harmless.
 */
int regbuf_pool_put(struct regbuf_pool *pool, uint32_t index);

/**
 * regbuf_pool_at() - where a slice is
 * @pool: the pool. For any thread
 * @index: which, taken or not
 * @slice: gets it, zeroed on failure
 *
 * Return: 0, or -EINVAL: no such slice.
 */
int regbuf_pool_at(const struct regbuf_pool *pool, uint32_t index,
		   struct regbuf_pool_slice *slice);

/* Registrations of a program's memory that are kept for the next time. */
struct regbuf_cache;

/**
 * struct regbuf_cache_ref - where a range of memory is registered
 * @id: the buffer that it is in
 * @offset: where it starts in the buffer
 * @entry: the cache's own
 */
struct regbuf_cache_ref {
	uint64_t id;
	uint64_t offset;
	void *entry;
};

/**
 * struct regbuf_cache_stats - what a cache did, and what it has
 * @hits: ranges that were there, for which no system call was made
 * @misses: ranges that had to be registered, also if that failed
 * @evictions: buffers that were given up for others
 * @stale: buffers whose memory was not mapped any more
 * @entries: buffers that it holds now
 * @pinned: bytes of those
 * @reserved: 0
 */
struct regbuf_cache_stats {
	uint64_t hits;
	uint64_t misses;
	uint64_t evictions;
	uint64_t stale;
	uint64_t entries;
	uint64_t pinned;
	uint64_t reserved[2];
};

/**
 * regbuf_cache_create() - make a cache of registrations
 * @rb: the context that they are registered in
 * @budget: bytes that it may keep registered, in whole pages. RLIMIT_MEMLOCK is
 *          charged besides, for whole huge pages
 * @out: gets the cache, or NULL on failure. Destroy it with
 *       regbuf_cache_destroy()
 *
 * For programs that send from memory of which they do not know how long it will
 * be there, or whether it will be sent again. A range that was unmapped, and
 * mapped anew, is never taken for what it was: the kernel tells, in a view as
 * that of regbuf_slots_map(). A forked child must leave the cache alone.
 *
 * Return:
 *
 * * 0
 * * -EINVAL: @budget is 0
 * * -EOPNOTSUPP: the kernel's module does not tell of memory that is unmapped
 * * -ENOMEM
 * * -EPERM: another process opened the context
 */
int regbuf_cache_create(struct regbuf *rb, uint64_t budget,
			struct regbuf_cache **out);

/**
 * regbuf_cache_destroy() - give up a cache
 * @cache: the cache, or NULL. Gone when this returns, its buffers deregistered
 *
 * Requests in flight finish normally. Destroy it before the context is closed.
 * Not thread safe: no other call on @cache may be running or follow.
 */
void regbuf_cache_destroy(struct regbuf_cache *cache);

/**
 * regbuf_cache_get() - have a range of memory registered
 * @cache: the cache. For any thread
 * @addr: first byte
 * @length: bytes
 * @access: REGBUF_ACCESS_*
 * @ref: gets where it is registered, zeroed on failure. Give it back with
 *       regbuf_cache_put()
 *
 * If it lies in a range that is registered with these rights, that is used,
 * without a system call. Else the whole pages around it are registered, as one
 * with what they overlap if that can be. What was used least recently, and is
 * not in use by anybody or in flight, is given up where the budget, or the
 * kernel's, demands it.
 *
 * A request may fail with -ESTALE nevertheless: the range was unmapped after
 * this call, or the kernel found that MADV_DONTNEED or the like had given it
 * other pages. regbuf_cache_drop(), get it again, and do it again.
 *
 * Return: as regbuf_register(), and
 *
 * * -ENOBUFS: the budget is exceeded by what is in use
 */
int regbuf_cache_get(struct regbuf_cache *cache, void *addr, size_t length,
		     unsigned int access, struct regbuf_cache_ref *ref);

/**
 * regbuf_cache_put() - give a range back
 * @cache: the cache. For any thread
 * @ref: from regbuf_cache_get(). Zeroed; one that is all zero is left alone
 *
 * When no more requests will be made with it. Those that the kernel has
 * accepted may be in flight.
 */
void regbuf_cache_put(struct regbuf_cache *cache, struct regbuf_cache_ref *ref);

/**
 * regbuf_cache_drop() - give a range back, not to be found again
 * @cache: the cache. For any thread
 * @ref: as in regbuf_cache_put()
 *
 * For a request that failed with -ESTALE. The buffer is deregistered when
 * nobody has it any more.
 */
void regbuf_cache_drop(struct regbuf_cache *cache,
		       struct regbuf_cache_ref *ref);

/**
 * regbuf_cache_flush() - give everything up that is kept
 * @cache: the cache. For any thread
 *
 * What is in use is not found again, and deregistered when nobody has it any
 * more.
 */
void regbuf_cache_flush(struct regbuf_cache *cache);

/**
 * regbuf_cache_stats() - counters of a cache since it was made
 * @cache: the cache. For any thread
 * @stats: gets them
 */
void regbuf_cache_stats(struct regbuf_cache *cache,
			struct regbuf_cache_stats *stats);

/**
 * regbuf_handle_register() - register memory for one socket
 * @rb: the context
 * @sock: a TCP socket that is connected, or a UDP socket. It is remembered by
 *        what it is, not by the descriptor
 * @addr: first byte
 * @length: bytes
 * @access: REGBUF_ACCESS_*
 * @handle: gets the handle, never 0; or 0 on failure
 *
 * The same memory may be registered for any number of sockets, and several
 * times for one: each time is to be deregistered. On one socket the same range
 * with the same rights has the same handle. A number is never used again.
 * Whatever is left ends with the context.
 *
 * Return: as regbuf_register(), and
 *
 * * -EBADF, -ENOTSOCK: the socket
 * * -EOPNOTSUPP: not TCP or UDP over IP
 * * -ENOTCONN: TCP, and not connected
 * * -EINVAL: an unknown access bit, or none
 */
int regbuf_handle_register(struct regbuf *rb, int sock, void *addr,
			   size_t length, unsigned int access,
			   uint64_t *handle);

/**
 * regbuf_handle_deregister() - give up a handle
 * @rb: the context
 * @sock: the socket that it is of
 * @handle: the handle. Not valid any more when it was deregistered as often as
 *          it was registered
 *
 * Return:
 *
 * * 0
 * * -ENOENT: no such handle of this socket; harmless
 * * -EBUSY: requests use the memory, and no other registration keeps it. The
 *   handle stays
 * * -EBADF, -ENOTSOCK: the socket
 * * -EPERM: another process opened the context
 */
int regbuf_handle_deregister(struct regbuf *rb, int sock, uint64_t handle);

/**
 * regbuf_handle_slice() - a part of the memory that a handle is of
 * @rb: the context
 * @sock: the socket that it is to be used with
 * @handle: the handle
 * @offset: where the part starts, in bytes
 * @length: bytes; that they are inside is checked when it is used
 * @slice: gets it, zeroed on failure
 *
 * Return:
 *
 * * 0
 * * -ENOENT: no such handle of this socket
 * * -EBADF, -ENOTSOCK: the socket
 */
int regbuf_handle_slice(struct regbuf *rb, int sock, uint64_t handle,
			uint64_t offset, uint32_t length,
			struct regbuf_slice *slice);

/**
 * regbuf_handle_find() - where memory is registered for a socket
 * @rb: the context
 * @sock: the socket
 * @addr: first byte
 * @length: bytes
 * @access: REGBUF_ACCESS_* that it is needed with
 * @slice: gets it, of the handle that was made last; zeroed on failure
 *
 * Return:
 *
 * * 0
 * * -ENOENT: not in one piece, or not with these rights, or not for this socket
 * * -EBADF, -ENOTSOCK: the socket
 */
int regbuf_handle_find(struct regbuf *rb, int sock, const void *addr,
		       uint32_t length, unsigned int access,
		       struct regbuf_slice *slice);

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
