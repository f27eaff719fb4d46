/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_COMPAT_H
#define REGBUF_COMPAT_H

/*
 * Differences between kernels, each as one small inline or macro in the shape
 * that the newest kernel has. Kbuild probes for the REGBUF_HAVE_* names.
 */

#include <linux/eventfd.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <net/genetlink.h>
#include <net/sock.h>

/* 6.1's pin_user_pages() can also report the areas; nobody wants them. */
static inline long regbuf_pin_user_pages(unsigned long start,
					 unsigned long nr, unsigned int flags,
					 struct page **pages)
{
#ifdef REGBUF_HAVE_PIN_VMAS
	return pin_user_pages(start, nr, flags, pages, NULL);
#else
	return pin_user_pages(start, nr, flags, pages);
#endif
}

/* So can get_user_pages_remote(). The caller keeps mmap_lock. */
static inline long regbuf_get_user_pages_remote(struct mm_struct *mm,
						unsigned long start,
						unsigned long nr,
						unsigned int flags,
						struct page **pages)
{
#ifdef REGBUF_HAVE_PIN_VMAS
	return get_user_pages_remote(mm, start, nr, flags, pages, NULL, NULL);
#else
	return get_user_pages_remote(mm, start, nr, flags, pages, NULL);
#endif
}

/* Before 6.11 there was nothing for pins of one folio. */
#ifdef REGBUF_HAVE_UNPIN_FOLIO
#define regbuf_unpin_folio(folio, nr)	unpin_user_folio(folio, nr)
#else
static inline void regbuf_unpin_folio(struct folio *folio, unsigned long nr)
{
	if (nr == 1)
		unpin_user_page(&folio->page);
	else
		unpin_user_page_range_dirty_lock(&folio->page, nr, false);
}
#endif

/*
 * Which of its connections a socket has. Kernels that lack a fix for 6.1 do not
 * count them: there it is what the ports and the address of the peer say.
 */
static inline int regbuf_sock_connection(const struct sock *sk)
{
#ifdef REGBUF_HAVE_DISCONNECTS
	return READ_ONCE(sk->sk_disconnects);
#else
	return READ_ONCE(sk->sk_portpair) ^ (__force int)sk->sk_daddr;
#endif
}

/* Before 6.7 the attributes of a dump's request were kept by themselves. */
static inline struct nlattr **regbuf_dump_attrs(struct netlink_callback *cb)
{
#ifdef REGBUF_HAVE_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/* Kernels that lack a fix for 6.1 know flags of operations there. */
#ifndef GENL_MCAST_CAP_NET_ADMIN
#define GENL_MCAST_CAP_NET_ADMIN	GENL_UNS_ADMIN_PERM
#endif

/* Before 6.3 the flags of an area were set by hand. */
#ifndef REGBUF_HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_mod(struct vm_area_struct *vma, unsigned long set,
				unsigned long clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

/* Before 6.13 a timer's function was set by hand. */
#ifndef REGBUF_HAVE_HRTIMER_SETUP
static inline void
hrtimer_setup(struct hrtimer *timer,
	      enum hrtimer_restart (*function)(struct hrtimer *timer),
	      clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

/* Before 6.8 the caller of eventfd_signal() said by how much. */
#ifdef REGBUF_HAVE_EVENTFD_COUNT
#define eventfd_signal(ctx)	eventfd_signal(ctx, 1)
#endif

/* Before 6.10 a ubuf_info held its callback itself. */
#ifdef REGBUF_HAVE_UBUF_OPS
#define REGBUF_UBUF_OPS(name, fn) \
	static const struct ubuf_info_ops name = { .complete = fn }
#define regbuf_ubuf_set_ops(ubuf, name)	((ubuf)->ops = &(name))
#else
struct regbuf_ubuf_ops {
	void (*complete)(struct sk_buff *skb, struct ubuf_info *ubuf, bool ok);
};

#define REGBUF_UBUF_OPS(name, fn) \
	static const struct regbuf_ubuf_ops name = { .complete = fn }
#define regbuf_ubuf_set_ops(ubuf, name)	((ubuf)->callback = (name).complete)
#endif

/*
 * Before 6.11 whoever filled an skb was told the socket and charged it for the
 * growth; since then the core does. REGBUF_SG_SK is that parameter of a filler.
 */
#ifdef REGBUF_HAVE_SG_FROM_ITER_SK
#define REGBUF_SG_SK	struct sock *sk,
#define regbuf_sg_charge(skb, size)	__regbuf_sg_charge(sk, skb, size)

static inline void __regbuf_sg_charge(struct sock *sk, struct sk_buff *skb,
				      unsigned int size)
{
	if (sk && sk->sk_type == SOCK_STREAM) {
		sk_wmem_queued_add(sk, size);
		if (!skb_zcopy_pure(skb))
			sk_mem_charge(sk, size);
	} else {
		refcount_add(size, &skb->sk->sk_wmem_alloc);
	}
}
#else
#define REGBUF_SG_SK

static inline void regbuf_sg_charge(struct sk_buff *skb, unsigned int size)
{
}
#endif

#endif /* REGBUF_COMPAT_H */
