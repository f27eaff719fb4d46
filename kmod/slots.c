// SPDX-License-Identifier: GPL-2.0
/*
 * What became of each id, for programs to see without a call: an array of
 * struct regbuf_slot in pages that come when they are looked at.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "regbuf.h"

#define REGBUF_VIEW_SLOTS	(PAGE_SIZE / sizeof(struct regbuf_slot))
#define REGBUF_VIEW_PAGES	(REGBUF_MAX_BUFFERS / REGBUF_VIEW_SLOTS)

/*
 * What is mapped. It has a file of its own, so that a mapping does not keep the
 * context. References: the context, each such file.
 */
struct regbuf_view {
	refcount_t ref;
	spinlock_t lock;	/* what is below, and the slots in the pages */
	struct regbuf_ctx *ctx;	/* NULL when it is gone */
	struct page *pages[REGBUF_VIEW_PAGES];	/* NULL: not looked at */
};

/* Whoever reads the state first, and then the id, has one that was true. */
static void regbuf_slot_write(struct regbuf_slot *to, u64 id, u64 length,
			      u32 state)
{
	if (to->id != id) {
		WRITE_ONCE(to->state, REGBUF_STATE_NONE);
		/*
		 * Nothing new is seen before that; pairs with the program's
		 * acquire, after which it looks at the id.
		 */
		smp_wmb();
		WRITE_ONCE(to->id, id);
		WRITE_ONCE(to->length, length);
	}
	/* After the id: pairs with the program's acquire. */
	smp_store_release(&to->state, state);
}

/* The table's word for it: a buffer, or the generation that it had last. */
static void regbuf_slot_copy(struct regbuf_ctx *ctx, struct regbuf_slot *to,
			     u32 slot)
{
	const struct regbuf_buf *buf;

	rcu_read_lock();
	buf = xa_load(&ctx->bufs, slot);
	if (xa_is_value(buf))
		regbuf_slot_write(to, (u64)xa_to_value(buf) << 32 | slot,
				  to->length, REGBUF_STATE_NONE);
	else if (buf)
		regbuf_slot_write(to, buf->id, buf->length,
				  regbuf_buf_state(buf));
	rcu_read_unlock();
}

/**
 * regbuf_slot_show() - a buffer's state has changed
 * @ctx: its context
 * @slot: its slot
 *
 * Context: Process context.
 */
void regbuf_slot_show(struct regbuf_ctx *ctx, u32 slot)
{
	struct regbuf_view *view;
	struct page *page;

	/* The change before the look: pairs with regbuf_view_get(). */
	smp_mb();
	view = READ_ONCE(ctx->view);
	if (likely(!view) || slot >= REGBUF_MAX_BUFFERS)
		return;
	spin_lock(&view->lock);
	page = view->pages[slot / REGBUF_VIEW_SLOTS];
	if (page)
		regbuf_slot_copy(ctx, (struct regbuf_slot *)page_address(page) +
				      slot % REGBUF_VIEW_SLOTS, slot);
	spin_unlock(&view->lock);
}

/* A page that nobody has looked at before. */
static struct page *regbuf_view_fill(struct regbuf_view *view, unsigned long nr,
				     struct page *page)
{
	struct regbuf_slot *slots = page_address(page);
	u32 i, first = nr * REGBUF_VIEW_SLOTS;

	lockdep_assert_held(&view->lock);
	for (i = 0; view->ctx && i < REGBUF_VIEW_SLOTS; i++)
		regbuf_slot_copy(view->ctx, &slots[i], first + i);
	view->pages[nr] = page;
	return page;
}

static vm_fault_t regbuf_view_fault(struct vm_fault *vmf)
{
	struct regbuf_view *view = vmf->vma->vm_private_data;
	struct page *page, *spare;

	if (vmf->pgoff >= REGBUF_VIEW_PAGES)
		return VM_FAULT_SIGBUS;
	spare = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!spare)
		return VM_FAULT_OOM;
	spin_lock(&view->lock);
	page = view->pages[vmf->pgoff];
	if (!page) {
		page = regbuf_view_fill(view, vmf->pgoff, spare);
		spare = NULL;
	}
	spin_unlock(&view->lock);
	if (spare)
		put_page(spare);
	get_page(page);
	vmf->page = page;
	return 0;
}

static int regbuf_view_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct regbuf_view_ops = {
	.fault = regbuf_view_fault,
	.mremap = regbuf_view_mremap,
};

static void regbuf_view_put(struct regbuf_view *view)
{
	unsigned long i;

	if (!refcount_dec_and_test(&view->ref))
		return;
	for (i = 0; i < REGBUF_VIEW_PAGES; i++)
		if (view->pages[i])
			put_page(view->pages[i]);
	kvfree(view);
}

static int regbuf_view_release(struct inode *inode, struct file *file)
{
	regbuf_view_put(file->private_data);
	return 0;
}

static const struct file_operations regbuf_view_fops = {
	.owner = THIS_MODULE,
	.release = regbuf_view_release,
};

/* The first who looks makes it. The context keeps it. */
static struct regbuf_view *regbuf_view_get(struct regbuf_ctx *ctx)
{
	struct regbuf_view *view = READ_ONCE(ctx->view), *old;

	if (view)
		return view;
	view = kvzalloc(sizeof(*view), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!view)
		return NULL;
	refcount_set(&view->ref, 1);
	spin_lock_init(&view->lock);
	view->ctx = ctx;
	/* Before the table is looked at: pairs with regbuf_slot_show(). */
	old = cmpxchg(&ctx->view, NULL, view);
	if (old)
		kvfree(view);
	return old ?: view;
}

/**
 * regbuf_slots_map() - map the slots into the owner
 * @ctx: the context; the mapping does not keep it
 * @vma: where
 *
 * Context: Process context, in mmap(2).
 * Return: 0, or what struct regbuf_slot says.
 */
int regbuf_slots_map(struct regbuf_ctx *ctx, struct vm_area_struct *vma)
{
	struct regbuf_view *view;
	struct file *file;

	if (!(vma->vm_flags & VM_MAYSHARE) ||
	    vma->vm_pgoff + vma_pages(vma) > REGBUF_VIEW_PAGES)
		return -EINVAL;
	if (vma->vm_flags & VM_WRITE)
		return -EACCES;
	view = regbuf_view_get(ctx);
	if (!view)
		return -ENOMEM;
	file = anon_inode_getfile("[regbuf-slots]", &regbuf_view_fops, view,
				  O_RDONLY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	refcount_inc(&view->ref);
	vma_set_file(vma, file);
	fput(file);
	vma->vm_ops = &regbuf_view_ops;
	vma->vm_private_data = view;
	vm_flags_mod(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP,
		     VM_MAYWRITE);
	return 0;
}

/**
 * regbuf_slots_close() - the context goes; mappings may stay
 * @ctx: the context; all its slots are free
 *
 * Context: Process context.
 */
void regbuf_slots_close(struct regbuf_ctx *ctx)
{
	struct regbuf_view *view = ctx->view;

	if (!view)
		return;
	spin_lock(&view->lock);
	view->ctx = NULL;
	spin_unlock(&view->lock);
	regbuf_view_put(view);
}
