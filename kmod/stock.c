// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: references on a buffer that a queue keeps at hand: while all its
 * requests use the same one, they count nothing that other queues count, too.
 * They are not uses: whoever asks for those calls all stocks in first.
 */
#include <linux/rculist.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "regbuf.h"

/**
 * regbuf_stock_open() - begin to keep references
 * @stock: empty; freed after a grace period
 * @ctx: the context whose buffers they are on
 *
 * Context: ctx->lock held.
 */
void regbuf_stock_open(struct regbuf_stock *stock, struct regbuf_ctx *ctx)
{
	lockdep_assert_held(&ctx->lock);
	spin_lock_init(&stock->lock);
	hlist_add_head_rcu(&stock->node, &ctx->stocks);
	/*
	 * Before anything is put into it: who calls stocks in sees this one, or
	 * we see in regbuf_stock_may() what he did before, which is followed by
	 * a full barrier (atomic_fetch_or() in __regbuf_buf_kill(), and that of
	 * who waits on ctx->wait).
	 */
	smp_mb();
}

/* What it has of a buffer, or of any. */
static u32 regbuf_stock_empty(struct regbuf_stock *stock,
			      const struct regbuf_buf *buf)
{
	u32 left = 0;

	lockdep_assert_held(&stock->lock);
	if (!buf || stock->buf == buf)
		swap(left, stock->left);
	return left;
}

/**
 * regbuf_stock_close() - keep no more references
 * @stock: the stock; may have been closed before
 *
 * Context: ctx->lock held.
 */
void regbuf_stock_close(struct regbuf_stock *stock)
{
	u32 left;

	hlist_del_init_rcu(&stock->node);
	spin_lock_irq(&stock->lock);
	stock->closed = true;
	left = regbuf_stock_empty(stock, NULL);
	spin_unlock_irq(&stock->lock);
	if (left)
		regbuf_buf_put(stock->buf, left);
}

/**
 * regbuf_stock_take() - have references on a live buffer
 * @hold: gets as many as it wants, or all there are
 * @id: the buffer's id
 *
 * Context: Any.
 * Return: true if there were some.
 */
bool regbuf_stock_take(struct regbuf_hold *hold, u64 id)
{
	struct regbuf_stock *stock = hold->stock;
	unsigned long flags;

	spin_lock_irqsave(&stock->lock, flags);
	if (stock->left && stock->buf->id == id &&
	    regbuf_buf_usable(stock->buf)) {
		hold->buf = stock->buf;
		hold->left = min(stock->left, max(hold->want, 1));
		stock->left -= hold->left;
	}
	spin_unlock_irqrestore(&stock->lock, flags);
	return hold->left;
}

/*
 * Nobody is to wait for what is kept. Who waits, or makes the id dead, calls it
 * in afterwards: under the lock we see that, or he sees it.
 */
static bool regbuf_stock_may(const struct regbuf_stock *stock,
			     const struct regbuf_buf *buf)
{
	lockdep_assert_held(&stock->lock);
	if (stock->closed || !regbuf_buf_usable(buf))
		return false;
	if (waitqueue_active(&buf->ctx->wait)) /* the lock orders it */
		return false;
	/* Likewise. */
	return !waitqueue_active(&regbuf_buf_owner(buf)->wait);
}

/**
 * regbuf_stock_put() - keep references, instead of others
 * @hold: has them, and none afterwards
 *
 * Context: Any.
 */
void regbuf_stock_put(struct regbuf_hold *hold)
{
	struct regbuf_stock *stock = hold->stock;
	struct regbuf_hold back = { };
	unsigned long flags;

	spin_lock_irqsave(&stock->lock, flags);
	if (likely(regbuf_stock_may(stock, hold->buf))) {
		if (stock->buf != hold->buf) {
			back.buf = stock->buf;
			back.left = regbuf_stock_empty(stock, NULL);
			stock->buf = hold->buf;
		}
		stock->left += hold->left;
		hold->left = 0;
	}
	spin_unlock_irqrestore(&stock->lock, flags);
	if (unlikely(back.left))
		regbuf_buf_put(back.buf, back.left);
	if (unlikely(hold->left))
		regbuf_buf_put(hold->buf, hold->left);
	hold->left = 0;
}

/**
 * regbuf_stock_recall() - have all references back that are only kept
 * @buf: the buffer
 *
 * Context: Any.
 */
void regbuf_stock_recall(struct regbuf_buf *buf)
{
	struct regbuf_stock *stock;
	unsigned long flags;
	u32 left;

	rcu_read_lock();
	hlist_for_each_entry_rcu(stock, &buf->ctx->stocks, node) {
		spin_lock_irqsave(&stock->lock, flags);
		left = regbuf_stock_empty(stock, buf);
		spin_unlock_irqrestore(&stock->lock, flags);
		if (left)
			regbuf_buf_put(buf, left);
	}
	rcu_read_unlock();
}
