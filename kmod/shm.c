// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of the rings: pages of the kernel's own, charged to the cgroup of
 * whoever makes the queue, mapped here and in the program. A mapping has page
 * references, so it may outlive the queue: nobody reads it then.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "queue.h"

static size_t regbuf_shm_size(const struct regbuf_shm *shm)
{
	return sizeof(*shm->ring) +
	       shm->sq_entries * sizeof(struct regbuf_sqe) +
	       shm->cq_entries * sizeof(struct regbuf_cqe) +
	       shm->pool_entries * sizeof(u32);
}

static void regbuf_shm_free_pages(struct regbuf_shm *shm)
{
	u32 i;

	for (i = 0; i < shm->nr_pages; i++)
		put_page(shm->pages[i]);
	kvfree(shm->pages);
}

static int regbuf_shm_alloc_pages(struct regbuf_shm *shm)
{
	u32 nr = DIV_ROUND_UP(regbuf_shm_size(shm), PAGE_SIZE);

	shm->pages = kvmalloc_array(nr, sizeof(*shm->pages),
				    GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!shm->pages)
		return -ENOMEM;
	for (; shm->nr_pages < nr; shm->nr_pages++) {
		shm->pages[shm->nr_pages] = alloc_page(GFP_KERNEL_ACCOUNT |
						       __GFP_ZERO);
		if (!shm->pages[shm->nr_pages])
			goto err_free;
	}
	return 0;

err_free:
	regbuf_shm_free_pages(shm);
	return -ENOMEM;
}

/* Submission entries first: they are the larger ones. */
static void regbuf_shm_lay_out(struct regbuf_shm *shm, void *at)
{
	shm->ring = at;
	shm->sqes = at + sizeof(*shm->ring);
	shm->cqes = (void *)(shm->sqes + shm->sq_entries);
	shm->pool = (void *)(shm->cqes + shm->cq_entries);
}

/**
 * regbuf_shm_create() - make rings
 * @sq: submission entries, a power of two
 * @cq: completion entries, likewise
 * @pool: returned slices, likewise, or 0
 *
 * Context: Process context. May sleep.
 * Return: the rings, or an ERR_PTR.
 */
struct regbuf_shm *regbuf_shm_create(u32 sq, u32 cq, u32 pool)
{
	struct regbuf_shm *shm = kzalloc(sizeof(*shm), GFP_KERNEL_ACCOUNT);
	void *at;

	if (!shm)
		return ERR_PTR(-ENOMEM);
	shm->sq_entries = sq;
	shm->cq_entries = cq;
	shm->pool_entries = pool;
	if (regbuf_shm_alloc_pages(shm))
		goto err_free;
	at = vmap(shm->pages, shm->nr_pages, VM_MAP, PAGE_KERNEL);
	if (!at)
		goto err_free_pages;
	regbuf_shm_lay_out(shm, at);
	return shm;

err_free_pages:
	regbuf_shm_free_pages(shm);
err_free:
	kfree(shm);
	return ERR_PTR(-ENOMEM);
}

/**
 * regbuf_shm_destroy() - give the kernel's side of rings back
 * @shm: the rings
 *
 * Context: Process context. May sleep.
 */
void regbuf_shm_destroy(struct regbuf_shm *shm)
{
	vunmap(shm->ring);
	regbuf_shm_free_pages(shm);
	kfree(shm);
}

/* Moving it would let it grow over what is not ours, or be two. */
static int regbuf_shm_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct regbuf_shm_vm_ops = {
	.mremap = regbuf_shm_mremap,
};

/**
 * regbuf_shm_map() - map rings into a program
 * @shm: the rings
 * @vma: where; from the start, and no further than they go
 *
 * Context: Process context, in mmap(2).
 * Return: 0, -EINVAL or -ENOMEM.
 */
int regbuf_shm_map(struct regbuf_shm *shm, struct vm_area_struct *vma)
{
	unsigned long nr = vma_pages(vma);
	int err;

	if (vma->vm_pgoff || nr > shm->nr_pages || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vma->vm_ops = &regbuf_shm_vm_ops;
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	err = vm_insert_pages(vma, vma->vm_start, shm->pages, &nr);
	/* All fits: what it had no memory for is a table above the last. */
	return err == -EFAULT ? -ENOMEM : err;
}

static u32 regbuf_shm_off(const struct regbuf_shm *shm, const void *part)
{
	return part - (const void *)shm->ring;
}

/**
 * regbuf_shm_tell() - where the parts are in the mapping
 * @shm: the rings
 * @sq_off: gets the offset of the submission entries
 * @cq_off: of the completion entries
 * @pool_off: of the returned slices
 * @map_size: gets the bytes to map
 */
void regbuf_shm_tell(const struct regbuf_shm *shm, u32 *sq_off, u32 *cq_off,
		     u32 *pool_off, u64 *map_size)
{
	*sq_off = regbuf_shm_off(shm, shm->sqes);
	*cq_off = regbuf_shm_off(shm, shm->cqes);
	*pool_off = regbuf_shm_off(shm, shm->pool);
	*map_size = (u64)shm->nr_pages << PAGE_SHIFT;
}
