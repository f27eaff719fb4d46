/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_REGISTRY_H
#define REGBUF_REGISTRY_H

/*
 * The registry: who keeps what alive
 *
 *   buffer    what an id names. References: its slot while the id is live, each
 *             flight that uses it, each import of it. The last one frees it.
 *   range     pinned memory (struct regbuf_mem): of one buffer, or of several
 *             that share its pins. It goes with the last of them.
 *   watch     tells of changes to the mapping of some ranges that lie close
 *             together. It goes with the last of those.
 *   export    what others may import. References: its descriptor, each import.
 *             It has none on its buffer, whose end is its own.
 *   import    a buffer in another context, on the range of the one that was
 *             exported, to which it has a reference.
 *
 * Lock order: q->lock, ctx->count_lock, ctx->watch_lock, mmap_lock; then, where
 * faults of user memory must not happen, ctx->lock, regbuf_export_lock or
 * ctx->mem_lock, the lock of a view. The last three are spinlocks of process
 * context; two of them are also taken when mappings change.
 */

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/pfn.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include <uapi/linux/regbuf.h>

struct regbuf_call;
struct regbuf_ctx;
struct regbuf_export;
struct regbuf_view;
struct user_struct;
struct vm_area_struct;

#define REGBUF_MAX_BUFFERS	SZ_1M
#define REGBUF_MAX_ARRAY	SZ_1M
#define REGBUF_MAX_LENGTH	(64ULL * SZ_1G)

/*
 * Pinned pages, folded: the range is cut at multiples of 1 << shift of its
 * address, and each such unit is physically contiguous within one folio.
 */
struct regbuf_pin {
	unsigned long start;	/* address, page aligned */
	unsigned long *pfns;	/* of where each unit starts or would start */
	u32 nr_units;
	u8 shift;
	bool written;		/* by receives, for all we know */
	bool huge;		/* has hugetlb pages: one pin for each */
};

/* A debt in RLIMIT_MEMLOCK and mm->pinned_vm, paid back once. */
struct regbuf_charge {
	struct user_struct *user;	/* NULL: CAP_IPC_LOCK */
	unsigned long pages;
};

/*
 * Why a buffer cannot be used as it is: regbuf_buf.out and, but for DEAD,
 * regbuf_mem.out. None of them is one load for the send path.
 */
#define REGBUF_OUT_NEW		BIT(0)	/* not told to anybody yet */
#define REGBUF_OUT_DEAD		BIT(1)	/* deregistered */
#define REGBUF_OUT_DETACHED	BIT(2)	/* other memory is mapped there */
#define REGBUF_OUT_SUSPECT	BIT(3)	/* perhaps; to be looked at */
#define REGBUF_OUT_ENDED	BIT(4)	/* its process's memory has ended */

/* Ranges that are told of changes together; see watch.c. */
struct regbuf_watch {
	struct mmu_interval_notifier sub;
	/* set once */
	struct regbuf_ctx *ctx;
	/* ctx->mem_lock */
	struct hlist_head mems;
	/* ctx->watch_lock */
	u32 refs;
	bool own;		/* of one range; in no table */
};

struct regbuf_mem {
	/* set once; first, for the send path */
	struct regbuf_pin pin;
	struct regbuf_watch *watch;
	u64 length;		/* as registered */
	struct regbuf_charge charge;
	u32 nr_pages;
	u16 first;		/* offset of the first byte in its page */
	u8 access;
	bool keep;		/* moving it is fine, for its buffers */
	/* ctx->mem_lock */
	union {
		struct rb_node node;	/* ctx->mems */
		struct rcu_head rcu;	/* when it is gone */
	};
	struct hlist_node watched;	/* watch->mems */
	struct hlist_head bufs;		/* read under RCU */
	u32 refs;		/* buffers */
	u8 out;			/* read without */
};

struct regbuf_buf {
	/* set once; first, for the send path */
	u64 id;
	u64 length;
	u64 first;		/* its first byte, from that of the pin's */
	struct regbuf_mem *mem;
	struct regbuf_ctx *ctx;
	/* own synchronisation */
	atomic_t out;		/* REGBUF_OUT_* */
	refcount_t ref;
	/* set once */
	u8 access;
	bool imported;		/* a struct regbuf_import */
	bool counted;		/* REGBUF_REGISTER_F_COUNT */
	/* regbuf_export_lock; read without */
	bool exported;
	/* ctx->lock */
	u32 count;
	/* mem's lock */
	struct hlist_node node;	/* mem->bufs */
	/* when it is released */
	union {
		struct llist_node unused;	/* ctx->unused */
		struct rcu_head rcu;
	};
};

struct regbuf_import {
	struct regbuf_buf buf;
	struct regbuf_buf *origin;
	struct regbuf_export *export;
	struct list_head node;	/* of its export; regbuf_export_lock */
};

static inline struct regbuf_import *regbuf_import(const struct regbuf_buf *buf)
{
	return (struct regbuf_import *)container_of(buf, struct regbuf_import,
						    buf);
}

/*
 * References on a buffer to give away one by one, or to give back together:
 * one locked instruction for many.
 */
struct regbuf_hold {
	struct regbuf_ctx *ctx;
	struct regbuf_stock *stock;	/* from and to there, or NULL */
	struct regbuf_buf *buf;
	u32 left;		/* 0: no buffer */
	u32 want;		/* of the stock's at a time */
};

/* References that are kept for the next request; see stock.c. */
struct regbuf_stock {
	/* ctx->lock */
	struct hlist_node node;	/* ctx->stocks */
	/* own synchronisation */
	spinlock_t lock;
	bool closed;
	u32 left;
	struct regbuf_buf *buf;	/* if there are some left */
};

/* What is to be registered. */
struct regbuf_want {
	u64 addr;
	u64 length;
	u32 access;
	u32 flags;	/* REGBUF_REGISTER_F_* */
	/* gets: */
	u32 result;	/* REGBUF_REGISTER_R_* */
	u64 needed;
	u64 charged;
	u64 allowed;
};

/* pin.c */
int regbuf_pin_range(struct regbuf_mem *mem, unsigned long *charge);
void regbuf_unpin(struct regbuf_mem *mem);
int regbuf_pin_compare(const struct regbuf_mem *mem, struct mm_struct *mm);
u32 __regbuf_pin_run(const struct regbuf_pin *pin, unsigned long unit,
		     unsigned long run, u32 len);

/* charge.c */
int regbuf_charge(struct regbuf_charge *charge, struct mm_struct *mm,
		  unsigned long pages, struct regbuf_want *want);
void regbuf_uncharge(struct regbuf_charge *charge, struct mm_struct *mm);
void regbuf_charge_tell(const struct regbuf_charge *charge,
			struct regbuf_want *want);

/* watch.c */
int regbuf_watch_start(struct regbuf_mem *mem, struct regbuf_ctx *ctx);
void regbuf_watch_end(struct regbuf_mem *mem);

/* mem.c */
struct regbuf_mem *regbuf_mem_get(struct regbuf_ctx *ctx,
				  struct regbuf_want *want);
void regbuf_mem_hold(struct regbuf_mem *mem);
void regbuf_mem_put(struct regbuf_mem *mem);
void regbuf_mem_join(struct regbuf_mem *mem, struct regbuf_buf *buf);
void regbuf_mem_leave(struct regbuf_buf *buf);
void regbuf_mem_mark(struct regbuf_mem *mem, u8 out);
int regbuf_mem_verify(struct regbuf_mem *mem);
int regbuf_mem_check(struct regbuf_mem *mem);
struct regbuf_buf *regbuf_mem_counted(struct regbuf_ctx *ctx,
				      const struct regbuf_want *want);

/* buf.c */
struct regbuf_buf *regbuf_buf_find(struct regbuf_ctx *ctx, u64 id);
struct regbuf_buf *regbuf_buf_get(struct regbuf_ctx *ctx, u64 id, u32 nr);
void regbuf_buf_put(struct regbuf_buf *buf, u32 nr);
void regbuf_buf_drop(struct regbuf_buf *buf);
void regbuf_buf_init(struct regbuf_buf *buf, struct regbuf_ctx *ctx,
		     struct regbuf_mem *mem, u32 access);
int regbuf_buf_insert(struct regbuf_buf *buf);
void regbuf_buf_publish(struct regbuf_buf *buf);
void regbuf_buf_release(struct regbuf_buf *buf);
void regbuf_buf_release_all(struct work_struct *work);
u32 regbuf_buf_in_flight(const struct regbuf_buf *buf);
u32 regbuf_buf_uses(struct regbuf_buf *buf);
struct regbuf_buf *__regbuf_hold_get(struct regbuf_hold *hold, u64 id);

/* register.c */
int regbuf_register_check(const struct regbuf_want *want);
struct regbuf_buf *regbuf_register(struct regbuf_ctx *ctx,
				   struct regbuf_want *want);
void regbuf_register_done(struct regbuf_buf *buf,
			  const struct regbuf_want *want);
int regbuf_ioctl_register(void *of, struct regbuf_call *call);

/* deregister.c */
int __regbuf_buf_kill(struct regbuf_buf *buf);
void regbuf_buf_kill_all(struct regbuf_ctx *ctx);
void regbuf_deregister_id(struct regbuf_ctx *ctx, u64 id);
int regbuf_ioctl_deregister(void *of, struct regbuf_call *call);

/* status.c */
u32 regbuf_buf_state(const struct regbuf_buf *buf);
int regbuf_buf_idle(struct regbuf_ctx *ctx, u64 id);
int regbuf_buf_wait(struct regbuf_ctx *ctx, u64 id, s64 timeout_ns);
int regbuf_buf_look(struct regbuf_ctx *ctx, struct regbuf_ioc_status *status);
bool regbuf_buf_next(struct regbuf_ctx *ctx, unsigned long *slot,
		     struct regbuf_ioc_status *status);
int regbuf_ioctl_status(void *of, struct regbuf_call *call);
int regbuf_ioctl_wait(void *of, struct regbuf_call *call);

/* stock.c */
void regbuf_stock_open(struct regbuf_stock *stock, struct regbuf_ctx *ctx);
void regbuf_stock_close(struct regbuf_stock *stock);
bool regbuf_stock_take(struct regbuf_hold *hold, u64 id);
void regbuf_stock_put(struct regbuf_hold *hold);
void regbuf_stock_recall(struct regbuf_buf *buf);

/* slots.c */
void regbuf_slot_show(struct regbuf_ctx *ctx, u32 slot);
int regbuf_slots_map(struct regbuf_ctx *ctx, struct vm_area_struct *vma);
void regbuf_slots_close(struct regbuf_ctx *ctx);

/* array.c */
struct regbuf_buf *regbuf_index_get(struct regbuf_hold *hold, u64 index);
void regbuf_array_free(struct regbuf_ctx *ctx);
int regbuf_ioctl_array(void *of, struct regbuf_call *call);

/* export.c */
void regbuf_import_release(struct regbuf_buf *buf);
int regbuf_import_kill(struct regbuf_buf *buf, bool idle);
u32 regbuf_export_uses(struct regbuf_buf *buf);
void regbuf_export_count(struct regbuf_buf *buf,
			 struct regbuf_ioc_status *status);
u32 regbuf_exports_end(const struct regbuf_buf *buf);
void regbuf_exports_forget(struct regbuf_ctx *ctx);
int regbuf_ioctl_export(void *of, struct regbuf_call *call);
int regbuf_ioctl_import(void *of, struct regbuf_call *call);
int regbuf_ioctl_revoke(void *of, struct regbuf_call *call);

static inline u32 regbuf_id_slot(u64 id)
{
	return lower_32_bits(id);
}

static inline u32 regbuf_id_gen(u64 id)
{
	return upper_32_bits(id);
}

/**
 * regbuf_buf_owner() - whose memory a buffer is
 * @buf: the buffer; kept by the caller, or by RCU
 *
 * Return: its context, or that which exported it.
 */
static inline struct regbuf_ctx *regbuf_buf_owner(const struct regbuf_buf *buf)
{
	return unlikely(buf->imported) ? regbuf_import(buf)->origin->ctx :
					 buf->ctx;
}

/**
 * regbuf_buf_usable() - may new requests use a buffer
 * @buf: the buffer
 *
 * Context: Any.
 * Return: false if not, or if somebody has to look first.
 */
static inline bool regbuf_buf_usable(const struct regbuf_buf *buf)
{
	return !atomic_read(&buf->out);
}

/**
 * regbuf_hold_get() - find a live buffer to use it
 * @hold: whose buffer it often is
 * @id: the buffer's id
 *
 * Context: Process context. May sleep.
 * Return: as regbuf_buf_get(), with one reference.
 */
static inline struct regbuf_buf *regbuf_hold_get(struct regbuf_hold *hold,
						 u64 id)
{
	if (unlikely(!hold->left || hold->buf->id != id ||
		     !regbuf_buf_usable(hold->buf)))
		return __regbuf_hold_get(hold, id);
	hold->left--;
	return hold->buf;
}

/**
 * regbuf_hold_drop() - give the references back
 * @hold: has none afterwards
 *
 * Context: Any.
 */
static inline void regbuf_hold_drop(struct regbuf_hold *hold)
{
	if (!hold->left)
		return;
	if (hold->stock) {
		regbuf_stock_put(hold);
	} else {
		regbuf_buf_put(hold->buf, hold->left);
		hold->left = 0;
	}
}

/**
 * regbuf_hold_add() - one more reference to give back
 * @hold: gets it
 * @buf: the buffer
 *
 * Context: Any.
 */
static inline void regbuf_hold_add(struct regbuf_hold *hold,
				   struct regbuf_buf *buf)
{
	if (hold->buf != buf) {
		regbuf_hold_drop(hold);
		hold->buf = buf;
	}
	hold->left++;
}

/**
 * regbuf_buf_run() - where some bytes of a buffer are
 * @buf: the buffer
 * @off: byte in it
 * @len: bytes wanted; the buffer has them
 * @at: gets the address of the first one
 *
 * Context: Any.
 * Return: how many of them follow each other in memory within one folio.
 */
static inline u32 regbuf_buf_run(const struct regbuf_buf *buf,
				 unsigned long off, u32 len, phys_addr_t *at)
{
	const struct regbuf_pin *pin = &buf->mem->pin;
	unsigned long va = pin->start + buf->first + off;
	unsigned long unit = (va >> pin->shift) - (pin->start >> pin->shift);
	unsigned long size = 1UL << pin->shift;
	unsigned long in = va & (size - 1);

	unit = array_index_nospec(unit, pin->nr_units);
	*at = PFN_PHYS(pin->pfns[unit]) + in;
	if (likely(size - in >= len))
		return len;
	return __regbuf_pin_run(pin, unit, size - in, len);
}

#endif /* REGBUF_REGISTRY_H */
