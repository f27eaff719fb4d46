// SPDX-License-Identifier: GPL-2.0
/*
 * Pinned memory against RLIMIT_MEMLOCK: the counter of the user that io_uring
 * and MSG_ZEROCOPY use too. mm_account_pinned_pages() would serve it, but adds
 * two pages to every call; ours is exact.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm_types.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>

#include "regbuf.h"

static bool regbuf_charge_user(struct user_struct *user, unsigned long pages,
			       struct regbuf_want *want)
{
	long old = atomic_long_read(&user->locked_vm);

	do {
		want->charged = old;
		if (old + pages > want->allowed)
			return false;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old, old + pages));
	return true;
}

/**
 * regbuf_charge() - raise a charge to a number of pages
 * @charge: the charge; zeroed before the first call
 * @mm: of the owner
 * @pages: what it shall be
 * @want: gets needed, charged, allowed and result
 *
 * Context: Process context, on behalf of current.
 * Return: 0, or -ENOBUFS and the charge is what it was.
 */
int regbuf_charge(struct regbuf_charge *charge, struct mm_struct *mm,
		  unsigned long pages, struct regbuf_want *want)
{
	unsigned long more = pages - charge->pages;

	want->needed = pages;
	want->allowed = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	if (!charge->user && !charge->pages && !capable(CAP_IPC_LOCK))
		charge->user = get_uid(current_user());
	if (charge->user) {
		bool ok = regbuf_charge_user(charge->user, more, want);

		want->charged -= charge->pages;
		if (!ok)
			return -ENOBUFS;
	} else {
		want->charged = atomic_long_read(&current_user()->locked_vm);
		want->result |= REGBUF_REGISTER_R_UNCHARGED;
	}
	atomic64_add(more, &mm->pinned_vm);
	charge->pages = pages;
	return 0;
}

/**
 * regbuf_charge_tell() - what is charged already, for somebody else
 * @charge: the charge
 * @want: gets needed, charged, allowed and result
 *
 * Context: Process context, on behalf of current.
 */
void regbuf_charge_tell(const struct regbuf_charge *charge,
			struct regbuf_want *want)
{
	want->needed = charge->pages;
	want->charged = atomic_long_read(&current_user()->locked_vm);
	want->allowed = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	if (!charge->user)
		want->result |= REGBUF_REGISTER_R_UNCHARGED;
}

/**
 * regbuf_uncharge() - pay a charge back
 * @charge: the charge
 * @mm: of the owner
 *
 * Context: Process context, of anybody.
 */
void regbuf_uncharge(struct regbuf_charge *charge, struct mm_struct *mm)
{
	if (charge->user) {
		atomic_long_sub(charge->pages, &charge->user->locked_vm);
		free_uid(charge->user);
	}
	atomic64_sub(charge->pages, &mm->pinned_vm);
}
