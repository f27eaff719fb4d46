// SPDX-License-Identifier: GPL-2.0
/*
 * Pinning a range of the caller's memory, and folding its pages.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "regbuf.h"

/* Pages pinned in one go: how long mmap_lock is held. */
#define REGBUF_PIN_BATCH	512

/* Memory shared with others that may be pinned: nobody's file on disk. */
static bool regbuf_vma_is_shm(const struct vm_area_struct *vma)
{
	if (is_vm_hugetlb_page((struct vm_area_struct *)vma))
		return true;
	return vma->vm_file && shmem_mapping(vma->vm_file->f_mapping);
}

/*
 * What may be pinned, and how. Always for writing, so that no shared page, and
 * never the zero page, can end up in an skb: private pages are copied first,
 * page-cache pages are refused. Kernels before 6.5 would pin those.
 *
 * Read-only private anonymous memory needs FOLL_FORCE for that; nothing else
 * read-only can be had. A private mapping of a file that is writable is pinned
 * as the anonymous copy that writing to it would make.
 */
static int regbuf_vma_check(const struct vm_area_struct *vma, u32 access,
			    unsigned int *gup_flags)
{
	bool shared = vma->vm_flags & VM_MAYSHARE;

	*gup_flags = FOLL_WRITE | FOLL_LONGTERM;
	if (vma->vm_flags & (VM_IO | VM_PFNMAP))
		return -EFAULT;
	if ((access & REGBUF_ACCESS_READ) && !(vma->vm_flags & VM_READ))
		return -EFAULT;
	if (shared && !regbuf_vma_is_shm(vma))
		return -EOPNOTSUPP;
	if (vma->vm_flags & VM_WRITE)
		return 0;
	if ((access & REGBUF_ACCESS_WRITE) || shared)
		return -EFAULT;
	if (!vma_is_anonymous((struct vm_area_struct *)vma))
		return -EOPNOTSUPP;
	*gup_flags |= FOLL_FORCE;
	return 0;
}

/* Pin some pages from @addr on, at most to the end of its mapping. */
static long regbuf_pin_some(unsigned long addr, unsigned long nr, u32 access,
			    struct page **pages)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	unsigned int gup_flags;
	long ret = -EFAULT;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	vma = find_vma(mm, addr);
	if (vma && vma->vm_start <= addr) {
		ret = regbuf_vma_check(vma, access, &gup_flags);
		nr = min3(nr, (vma->vm_end - addr) >> PAGE_SHIFT,
			  (unsigned long)REGBUF_PIN_BATCH);
	}
	if (ret == 0)
		ret = regbuf_pin_user_pages(addr, nr, gup_flags, pages);
	mmap_read_unlock(mm);
	/* No page and no error would be our own mistake: never loop on it. */
	return ret ?: -EFAULT;
}

static int regbuf_pin_pages(struct regbuf_pin *pin, u32 access,
			    struct page **pages)
{
	unsigned long done = 0;
	long ret;

	while (done < pin->nr_pages) {
		ret = regbuf_pin_some(pin->start + (done << PAGE_SHIFT),
				      pin->nr_pages - done, access,
				      pages + done);
		if (ret < 0) {
			unpin_user_pages(pages, done);
			return ret;
		}
		done += ret;
		cond_resched();
	}
	return 0;
}

static bool regbuf_adjacent(struct page *a, struct page *b)
{
	return page_to_pfn(a) + 1 == page_to_pfn(b) &&
	       page_folio(a) == page_folio(b);
}

/*
 * The largest unit that the range can be cut into, as an order of pages: a
 * break in contiguity must be at a multiple of it. Counts whole folios on the
 * way; a folio met again after another is counted again, never too little.
 */
static unsigned int regbuf_pin_order(struct regbuf_pin *pin,
				     struct page **pages)
{
	unsigned long first = pin->start >> PAGE_SHIFT;
	unsigned int order = fls64(first ^ (first + pin->nr_pages - 1));
	unsigned long i;

	pin->charge = folio_nr_pages(page_folio(pages[0]));
	for (i = 1; i < pin->nr_pages; i++) {
		if (regbuf_adjacent(pages[i - 1], pages[i]))
			continue;
		order = min_t(unsigned int, order, __ffs(first + i));
		if (page_folio(pages[i - 1]) != page_folio(pages[i]))
			pin->charge += folio_nr_pages(page_folio(pages[i]));
	}
	return order;
}

/* Turn the pages, in place, into one frame number for each unit. */
static void regbuf_pin_fold(struct regbuf_pin *pin, struct page **pages)
{
	unsigned long first = pin->start >> PAGE_SHIFT;
	unsigned int order = regbuf_pin_order(pin, pages);
	unsigned long mask = (1UL << order) - 1;
	unsigned long i, nr = 0;

	for (i = 0; i < pin->nr_pages; i = ((first + i) | mask) + 1 - first)
		pin->pfns[nr++] = page_to_pfn(pages[i]) - ((first + i) & mask);
	pin->nr_units = nr;
	pin->shift = PAGE_SHIFT + order;
}

static void regbuf_pin_shrink(struct regbuf_pin *pin)
{
	unsigned long *less;

	if (pin->nr_units > pin->nr_pages / 2)
		return;
	less = kvmalloc_array(pin->nr_units, sizeof(*less), GFP_KERNEL_ACCOUNT);
	if (!less)
		return;
	memcpy(less, pin->pfns, pin->nr_units * sizeof(*less));
	kvfree(pin->pfns);
	pin->pfns = less;
}

/**
 * regbuf_pin_range() - pin a range of current's memory
 * @pin: what was pinned
 * @addr: first byte
 * @length: bytes, 1 to REGBUF_MAX_LENGTH; the range is in user space
 * @access: REGBUF_ACCESS_*
 *
 * Context: Process context. Takes mmap_lock.
 * Return: 0, or what regbuf_ioc_register says, with nothing pinned.
 */
int regbuf_pin_range(struct regbuf_pin *pin, unsigned long addr, u64 length,
		     u32 access)
{
	struct page **pages;
	int err;

	pin->start = addr & PAGE_MASK;
	pin->written = access & REGBUF_ACCESS_WRITE;
	pin->nr_pages = PAGE_ALIGN(offset_in_page(addr) + length) >> PAGE_SHIFT;
	pin->pfns = kvmalloc_array(pin->nr_pages, sizeof(*pin->pfns),
				   GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pin->pfns)
		return -ENOMEM;
	/* Filled with page pointers first: they are as long. */
	pages = (struct page **)pin->pfns;
	err = regbuf_pin_pages(pin, access, pages);
	if (err) {
		kvfree(pin->pfns);
		return err;
	}
	regbuf_pin_fold(pin, pages);
	regbuf_pin_shrink(pin);
	return 0;
}

/**
 * regbuf_unpin() - undo regbuf_pin_range()
 * @pin: what it pinned
 *
 * Context: Process context, of anybody.
 */
void regbuf_unpin(struct regbuf_pin *pin)
{
	unsigned long first = pin->start >> PAGE_SHIFT;
	unsigned long mask = (1UL << (pin->shift - PAGE_SHIFT)) - 1;
	unsigned long i, next, unit = 0;
	struct page *page;

	for (i = 0; i < pin->nr_pages; i = next) {
		next = min(((first + i) | mask) + 1 - first, pin->nr_pages);
		page = pfn_to_page(pin->pfns[unit++] + ((first + i) & mask));
		/* What was received shows in no page table. */
		unpin_user_page_range_dirty_lock(page, next - i, pin->written);
		cond_resched();
	}
	kvfree(pin->pfns);
}

/* What regbuf_pin_run() returns if it is more than the rest of a unit. */
u32 __regbuf_pin_run(const struct regbuf_pin *pin, unsigned long unit,
		     unsigned long run, u32 len)
{
	unsigned long size = 1UL << pin->shift;
	unsigned long end;

	while (run < len) {
		end = pin->pfns[unit] + (size >> PAGE_SHIFT);
		if (pin->pfns[++unit] != end ||
		    page_folio(pfn_to_page(end)) !=
		    page_folio(pfn_to_page(end - 1)))
			break;
		run += size;
	}
	return min_t(unsigned long, run, len);
}
