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

/* Pages pinned in one go: how long mmap_lock is held, or interrupts are off. */
#define REGBUF_PIN_BATCH	512

/* As many of them as need no memory for their pointers. */
#define REGBUF_PIN_FEW		16

/* A range while it is being pinned. */
struct regbuf_pinner {
	struct regbuf_pin *pin;
	u32 access;
	/* in pages: */
	unsigned long at;	/* what comes next */
	unsigned long end;
	/* the mapping that was looked at last */
	unsigned long vm_end;
	unsigned int gup_flags;
	bool huge;		/* hugetlb */
	/* to be folded */
	struct page **pages;
	unsigned long max;
	/* the last page */
	struct folio *folio;
	unsigned long pfn;	/* and one */
	unsigned long charge;	/* pages with whole folios */
};

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
 *
 * What a driver, or the kernel itself, put there is not the program's to give,
 * whichever way they did: newer kernels map pages where older ones mapped raw
 * frames, and a program is told the same of both.
 */
static int regbuf_vma_check(const struct vm_area_struct *vma, u32 access,
			    unsigned int *gup_flags)
{
	bool shared = vma->vm_flags & VM_MAYSHARE;

	*gup_flags = FOLL_WRITE | FOLL_LONGTERM;
	if (vma->vm_flags & (VM_IO | VM_PFNMAP | VM_MIXEDMAP))
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

/* Look at the mapping at @addr. Caller holds mmap_lock. */
static int regbuf_pin_look(struct regbuf_pinner *pinner, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(current->mm, addr);

	if (!vma || vma->vm_start > addr)
		return -EFAULT;
	pinner->vm_end = vma->vm_end;
	pinner->huge = is_vm_hugetlb_page(vma);
	return regbuf_vma_check(vma, pinner->access, &pinner->gup_flags);
}

/* How many pages to pin at once: of a hugetlb page, one stands for all. */
static unsigned long regbuf_pin_nr(const struct regbuf_pinner *pinner,
				   unsigned long addr)
{
	unsigned long end = min(pinner->end << PAGE_SHIFT, pinner->vm_end);

	if (pinner->huge)
		return 1;
	return min((end - addr) >> PAGE_SHIFT, pinner->max);
}

/* Whatever it takes, and under the lock that the mapping was looked at. */
static long regbuf_pin_slow(struct regbuf_pinner *pinner, unsigned long addr)
{
	long ret;

	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	ret = regbuf_pin_look(pinner, addr);
	if (ret == 0)
		ret = regbuf_pin_user_pages(addr, regbuf_pin_nr(pinner, addr),
					    pinner->gup_flags, pinner->pages);
	mmap_read_unlock(current->mm);
	/* No page and no error would be our own mistake: never loop on it. */
	return ret ?: -EFAULT;
}

/*
 * Pin some pages from @addr on, at most to the end of its mapping. Those that
 * are there come without a lock: then the mapping may be another one by now,
 * and what it had is told from the pages. What has to be brought in is not:
 * that could wait for user space, which pin_user_pages() under the lock never
 * does.
 */
static long regbuf_pin_some(struct regbuf_pinner *pinner, unsigned long addr)
{
	long ret = 0;

	if (addr >= pinner->vm_end) {
		if (mmap_read_lock_killable(current->mm))
			return -EINTR;
		ret = regbuf_pin_look(pinner, addr);
		mmap_read_unlock(current->mm);
	}
	if (ret < 0)
		return ret;
	ret = pin_user_pages_fast(addr, regbuf_pin_nr(pinner, addr),
				  pinner->gup_flags | FOLL_NOFAULT,
				  pinner->pages);
	return ret > 0 ? ret : regbuf_pin_slow(pinner, addr);
}

static bool regbuf_folio_is_huge(struct folio *folio)
{
	return folio_test_large(folio) && folio_test_hugetlb(folio);
}

/* Pages of a folio from one of them on. */
static unsigned long regbuf_folio_rest(struct folio *folio, struct page *page)
{
	return folio_nr_pages(folio) - folio_page_idx(folio, page);
}

/*
 * Memory of nobody's file on disk, and of no driver. Hugetlb pages come from
 * where they were looked for, or have one pin too many.
 */
static int regbuf_folio_check(const struct regbuf_pinner *pinner,
			      struct folio *folio)
{
	struct address_space *mapping;
	int err = -EFAULT;

	if (regbuf_folio_is_huge(folio))
		return pinner->huge ? 0 : -EFAULT;
	if (likely(folio_test_anon(folio)))
		return 0;
	/* Without the folio in it the mapping could go. */
	rcu_read_lock();
	mapping = READ_ONCE(folio->mapping);
	if (mapping)
		err = shmem_mapping(mapping) ? 0 : -EOPNOTSUPP;
	rcu_read_unlock();
	return err;
}

/* Of @nr pages, how many follow the first within its folio. */
static unsigned long regbuf_pin_together(const struct regbuf_pinner *pinner,
					 struct folio *folio,
					 struct page **pages, unsigned long nr)
{
	unsigned long pfn = page_to_pfn(pages[0]), rest, i;

	if (!folio_test_large(folio))
		return 1;
	rest = regbuf_folio_rest(folio, pages[0]);
	if (regbuf_folio_is_huge(folio)) {
		pinner->pin->huge = true;
		return min(rest, pinner->end - pinner->at);
	}
	nr = min(nr, rest);
	for (i = 1; i < nr && page_to_pfn(pages[i]) == pfn + i; i++)
		;
	return i;
}

/* Cut all into units of @order, which is less than it was or the first. */
static int regbuf_pin_cut(struct regbuf_pinner *pinner, unsigned int order)
{
	struct regbuf_pin *pin = pinner->pin;
	unsigned int old = pin->shift - PAGE_SHIFT;
	unsigned long first = pin->start >> PAGE_SHIFT;
	unsigned long nr = ((pinner->end - 1) >> order) - (first >> order) + 1;
	unsigned long mask = (1UL << order) - 1;
	unsigned long *pfns, at;

	pfns = kvmalloc_array(nr, sizeof(*pfns),
			      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pfns)
		return -ENOMEM;
	for (at = first; at < pinner->at; at = (at | mask) + 1)
		pfns[(at >> order) - (first >> order)] =
			pin->pfns[(at >> old) - (first >> old)] +
			(at & ((1UL << old) - 1)) - (at & mask);
	kvfree(pin->pfns);
	pin->pfns = pfns;
	pin->nr_units = nr;
	pin->shift = PAGE_SHIFT + order;
	return 0;
}

/*
 * The next pages do not follow the last ones in memory, or within their folio:
 * that has to be where one unit ends and another begins. Whole folios are
 * charged; one met again after another is charged again, never too little.
 */
static int regbuf_pin_break(struct regbuf_pinner *pinner, struct folio *folio)
{
	struct regbuf_pin *pin = pinner->pin;
	unsigned long first = pin->start >> PAGE_SHIFT;
	unsigned int order;
	int err;

	err = regbuf_folio_check(pinner, folio);
	if (err)
		return err;
	if (folio != pinner->folio) {
		pinner->charge += folio_nr_pages(folio);
		pinner->folio = folio;
	}
	if (pinner->at == first)
		order = fls64(first ^ (pinner->end - 1));
	else
		order = __ffs(pinner->at);
	if (pin->pfns && order >= pin->shift - PAGE_SHIFT)
		return 0;
	return regbuf_pin_cut(pinner, order);
}

/* Note where @nr pages in a row are: for each unit, where it starts. */
static void regbuf_pin_note(struct regbuf_pinner *pinner, unsigned long pfn,
			    unsigned long nr)
{
	struct regbuf_pin *pin = pinner->pin;
	unsigned int order = pin->shift - PAGE_SHIFT;
	unsigned long mask = (1UL << order) - 1;
	unsigned long base = pin->start >> pin->shift;
	unsigned long at = pinner->at, end = at + nr;

	pfn -= at;
	for (; at < end; at = (at | mask) + 1)
		pin->pfns[(at >> order) - base] = pfn + (at & ~mask);
	pinner->at = end;
	pinner->pfn = pfn + end;
}

/*
 * Small folios, when all is cut into pages anyway: the least for each, as there
 * are most of them. Returns how many it took.
 */
static unsigned long regbuf_pin_small(struct regbuf_pinner *pinner,
				      struct page **pages, unsigned long nr)
{
	struct regbuf_pin *pin = pinner->pin;
	struct folio *folio, *last = pinner->folio;
	unsigned long i, *pfns;

	if (!pin->pfns || pin->shift > PAGE_SHIFT)
		return 0;
	pfns = pin->pfns + pinner->at - (pin->start >> PAGE_SHIFT);
	for (i = 0; i < nr; i++) {
		folio = page_folio(pages[i]);
		if (folio_test_large(folio) || folio == last ||
		    (!folio_test_anon(folio) &&
		     regbuf_folio_check(pinner, folio)))
			break;
		pfns[i] = folio_pfn(folio);
		last = folio;
	}
	if (i) {
		pinner->folio = last;
		pinner->pfn = pfns[i - 1] + 1;
		pinner->at += i;
		pinner->charge += i;
	}
	return i;
}

/* Any pages. Returns how many it took, or an error. */
static long regbuf_pin_next(struct regbuf_pinner *pinner, struct page **pages,
			    unsigned long nr)
{
	struct folio *folio = page_folio(pages[0]);
	unsigned long pfn = page_to_pfn(pages[0]);
	int err;

	if (pfn != pinner->pfn || folio != pinner->folio) {
		err = regbuf_pin_break(pinner, folio);
		if (err)
			return err;
	}
	nr = regbuf_pin_together(pinner, folio, pages, nr);
	regbuf_pin_note(pinner, pfn, nr);
	return nr;
}

/* Fold pages that have just been pinned; on error those left are unpinned. */
static long regbuf_pin_fold(struct regbuf_pinner *pinner, unsigned long nr)
{
	struct page **pages = pinner->pages;
	unsigned long i;
	long step;

	for (i = 0; i < nr; i += step) {
		step = regbuf_pin_small(pinner, pages + i, nr - i);
		if (!step)
			step = regbuf_pin_next(pinner, pages + i, nr - i);
		if (step < 0) {
			unpin_user_pages(pages + i, nr - i);
			return step;
		}
	}
	return 0;
}

static int regbuf_pin_all(struct regbuf_pinner *pinner)
{
	long ret;

	while (pinner->at < pinner->end) {
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = regbuf_pin_some(pinner, pinner->at << PAGE_SHIFT);
		if (ret > 0)
			ret = regbuf_pin_fold(pinner, ret);
		if (ret < 0)
			return ret;
		cond_resched();
	}
	return 0;
}

/* Pin with room for the pointers to some pages. */
static int regbuf_pin_batches(struct regbuf_pinner *pinner)
{
	unsigned long nr = pinner->end - pinner->at;
	struct page *few[REGBUF_PIN_FEW];
	int err;

	pinner->pages = few;
	pinner->max = REGBUF_PIN_FEW;
	if (nr <= REGBUF_PIN_FEW)
		return regbuf_pin_all(pinner);
	pinner->max = min_t(unsigned long, nr, REGBUF_PIN_BATCH);
	pinner->pages = kmalloc_array(pinner->max, sizeof(*pinner->pages),
				      GFP_KERNEL);
	if (!pinner->pages)
		return -ENOMEM;
	err = regbuf_pin_all(pinner);
	kfree(pinner->pages);
	return err;
}

/**
 * regbuf_pin_range() - pin a range of current's memory
 * @mem: the range; its pin has nothing but where it starts
 * @charge: gets how many pages lie in the folios that were pinned
 *
 * Context: Process context. Takes mmap_lock.
 * Return: 0, or what regbuf_ioc_register says, with nothing pinned.
 */
int regbuf_pin_range(struct regbuf_mem *mem, unsigned long *charge)
{
	unsigned long first = mem->pin.start >> PAGE_SHIFT;
	struct regbuf_pinner pinner = {
		.pin = &mem->pin,
		.access = mem->access,
		.at = first,
		.end = first + mem->nr_pages,
	};
	int err;

	err = regbuf_pin_batches(&pinner);
	if (err) {
		mem->nr_pages = pinner.at - first;
		regbuf_unpin(mem);
		return err;
	}
	mem->pin.written = mem->access & REGBUF_ACCESS_WRITE;
	*charge = pinner.charge;
	return 0;
}

/* What was received shows in no page table: it makes the folio dirty. */
static inline void regbuf_unpin_page(struct page *page, unsigned long nr,
				     bool written)
{
	struct folio *folio = page_folio(page);

	if (written && !folio_test_dirty(folio))
		unpin_user_page_range_dirty_lock(page, nr, true);
	else
		regbuf_unpin_folio(folio, nr);
}

/* Unpin what lies together from page @at on. Returns how many pages. */
static unsigned long regbuf_unpin_some(const struct regbuf_pin *pin,
				       unsigned long at, unsigned long nr)
{
	unsigned int order = pin->shift - PAGE_SHIFT;
	unsigned long in = at & ((1UL << order) - 1);
	unsigned long unit = (at >> order) - (pin->start >> pin->shift);
	struct page *page = pfn_to_page(pin->pfns[unit] + in);
	struct folio *folio = page_folio(page);

	if (pin->huge && regbuf_folio_is_huge(folio)) {
		/* One pin, however many units it is cut into. */
		regbuf_unpin_page(page, 1, pin->written);
		return min(nr, regbuf_folio_rest(folio, page));
	}
	nr = min(nr, (1UL << order) - in);
	regbuf_unpin_page(page, nr, pin->written);
	return nr;
}

/* Unpin units of one page. */
static void regbuf_unpin_pages(const unsigned long *pfns, unsigned long nr,
			       bool written)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		regbuf_unpin_page(pfn_to_page(pfns[i]), 1, written);
}

/* Unpin some more, from page @at on. Returns how many pages. */
static unsigned long regbuf_unpin_batch(const struct regbuf_pin *pin,
					unsigned long at, unsigned long nr)
{
	if (pin->huge || pin->shift > PAGE_SHIFT)
		return regbuf_unpin_some(pin, at, nr);
	nr = min_t(unsigned long, nr, REGBUF_PIN_BATCH);
	regbuf_unpin_pages(pin->pfns + at - (pin->start >> PAGE_SHIFT), nr,
			   pin->written);
	return nr;
}

/**
 * regbuf_unpin() - undo regbuf_pin_range()
 * @mem: the range
 *
 * Context: Process context, of anybody.
 */
void regbuf_unpin(struct regbuf_mem *mem)
{
	unsigned long at = mem->pin.start >> PAGE_SHIFT;
	unsigned long end = at + mem->nr_pages;

	while (at < end) {
		at += regbuf_unpin_batch(&mem->pin, at, end - at);
		cond_resched();
	}
	kvfree(mem->pin.pfns);
}

/* Where page @at of the address space was pinned. */
static unsigned long regbuf_pin_pfn(const struct regbuf_pin *pin,
				    unsigned long at)
{
	unsigned int order = pin->shift - PAGE_SHIFT;
	unsigned long unit = (at >> order) - (pin->start >> pin->shift);

	return pin->pfns[unit] + (at & ((1UL << order) - 1));
}

/* Some pages from @at on; how many are what was pinned, or an error. */
static long regbuf_pin_compare_some(const struct regbuf_pin *pin,
				    struct mm_struct *mm, unsigned long at,
				    unsigned long nr)
{
	struct page *pages[REGBUF_PIN_FEW];
	bool same = true;
	long got, i;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	/* FOLL_FORCE: that it may not be read now is not what is asked. */
	got = regbuf_get_user_pages_remote(mm, at << PAGE_SHIFT,
					   min_t(unsigned long, nr,
						 REGBUF_PIN_FEW),
					   FOLL_FORCE, pages);
	mmap_read_unlock(mm);
	for (i = 0; i < got; i++) {
		same &= page_to_pfn(pages[i]) == regbuf_pin_pfn(pin, at + i);
		put_page(pages[i]);
	}
	if (got == -ENOMEM)
		return got;
	if (got <= 0 && fatal_signal_pending(current))
		return -EINTR;
	return got > 0 && same ? got : -ESTALE;
}

/**
 * regbuf_pin_compare() - is what was pinned mapped where it was
 * @mem: the range
 * @mm: where; the caller has a reference to its users
 *
 * Pages that are not there, because they were swapped out or never touched
 * again, are brought in.
 *
 * Context: Process context, of anybody. Takes mmap_lock.
 * Return: 0, -ESTALE if not, -EINTR if a fatal signal came, -ENOMEM if a page
 *         could not be brought in.
 */
int regbuf_pin_compare(const struct regbuf_mem *mem, struct mm_struct *mm)
{
	unsigned long at = mem->pin.start >> PAGE_SHIFT;
	unsigned long end = at + mem->nr_pages;
	long nr;

	for (; at < end; at += nr) {
		nr = regbuf_pin_compare_some(&mem->pin, mm, at, end - at);
		if (nr < 0)
			return nr;
		cond_resched();
	}
	return 0;
}

/* What a lookup returns if it is more than the rest of a unit. */
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
