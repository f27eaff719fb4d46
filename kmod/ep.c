// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints: sockets attached to a queue.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "queue.h"

/* What a wake-up must be about to be worth a run. */
static __poll_t regbuf_ep_wants(const struct regbuf_ep *ep)
{
	__poll_t wants = 0;

	if (READ_ONCE(ep->send.count))
		wants |= EPOLLOUT | EPOLLERR | EPOLLHUP;
	if (READ_ONCE(ep->recv.count))
		wants |= EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP;
	if (READ_ONCE(ep->nr_polls))
		wants = ~(__force __poll_t)0;
	return wants;
}

/*
 * Something happened to the socket. In any context, the stack's locks held.
 * What pairs with the barrier of regbuf_ep_run() is in skwq_has_sleeper(): the
 * run that is due sees what comes before it. So datagrams need one wake-up for
 * each run; a stream's are all looked at, for its state.
 */
static int regbuf_ep_wake(struct wait_queue_entry *wait, unsigned int mode,
			  int sync, void *key)
{
	struct regbuf_ep *ep = container_of(wait, struct regbuf_ep, wait);
	__poll_t what = key_to_poll(key), wants = regbuf_ep_wants(ep);
	const struct sock *sk = ep->sock->sk;
	bool closed = READ_ONCE(sk->sk_state) == TCP_CLOSE;

	if (closed)
		WRITE_ONCE(ep->was_closed, true);
	/* Some wake-ups, of a new state for one, do not say what for. */
	if (!(what ? what & wants : wants))
		return 0;
	if (!sk_is_tcp(sk))
		list_del_init(&wait->entry);
	else if (!closed && !regbuf_looks_empty(&ep->ready))
		return 0;
	/* Ready or not: its lock has the run see what was changed here. */
	regbuf_ep_ready(ep);
	return 0;
}

static void regbuf_ep_retry(struct regbuf_queue *q, struct regbuf_timer *timer)
{
	regbuf_ep_ready(container_of(timer, struct regbuf_ep, timer));
}

static void regbuf_lane_init(struct regbuf_lane *lane)
{
	INIT_LIST_HEAD(&lane->reqs);
	lane->gso_refused = U32_MAX;
}

/**
 * regbuf_ep_create() - make an endpoint that has no socket yet
 * @q: its queue
 * @cred: to act with
 * @flags: REGBUF_ATTACH_F_*
 *
 * Context: Process context. May sleep.
 * Return: the endpoint, with one reference, or NULL.
 */
struct regbuf_ep *regbuf_ep_create(struct regbuf_queue *q,
				   const struct cred *cred, u32 flags)
{
	struct regbuf_ep *ep = kzalloc(sizeof(*ep), GFP_KERNEL_ACCOUNT);

	if (!ep)
		return NULL;
	ep->q = q;
	ep->cred = get_cred(cred);
	ep->flags = flags;
	regbuf_lane_init(&ep->send);
	regbuf_lane_init(&ep->recv);
	INIT_LIST_HEAD(&ep->polls);
	INIT_LIST_HEAD(&ep->node);
	INIT_LIST_HEAD(&ep->posted);
	INIT_LIST_HEAD(&ep->ready);
	INIT_LIST_HEAD(&ep->order);
	init_waitqueue_func_entry(&ep->wait, regbuf_ep_wake);
	INIT_LIST_HEAD(&ep->wait.entry);
	regbuf_timer_setup(&ep->timer, regbuf_ep_retry);
	refcount_set(&ep->ref, 1);
	return ep;
}

/**
 * regbuf_ep_put() - drop a reference
 * @ep: the endpoint; its file is gone, or was never there
 *
 * Context: Any.
 */
void regbuf_ep_put(struct regbuf_ep *ep)
{
	if (!refcount_dec_and_test(&ep->ref))
		return;
	put_cred(ep->cred);
	kfree_rcu(ep, rcu);
}

/**
 * regbuf_ep_watch() - be woken by the socket, or not
 * @ep: the endpoint
 * @watch: which
 *
 * Context: q->lock held.
 */
void regbuf_ep_watch(struct regbuf_ep *ep, bool watch)
{
	struct wait_queue_head *head = &ep->sock->wq.wait;

	spin_lock_irq(&head->lock);
	if (!watch)
		list_del_init(&ep->wait.entry);
	else if (list_empty(&ep->wait.entry))
		__add_wait_queue(head, &ep->wait);
	spin_unlock_irq(&head->lock);
}

/**
 * regbuf_ep_ran() - an endpoint of datagrams is watched while it waits only
 * @ep: the endpoint, after its lanes were run
 *
 * Each datagram that leaves wakes who waits for its socket.
 *
 * Context: q->lock held.
 */
void regbuf_ep_ran(struct regbuf_ep *ep)
{
	bool waits = ep->send.count || ep->recv.count || ep->nr_polls;

	if (waits == regbuf_ep_watching(ep) || sk_is_tcp(ep->sock->sk))
		return;
	/* It was woken meanwhile, and will run again. */
	if (waits && !regbuf_looks_empty(&ep->ready))
		return;
	regbuf_ep_watch(ep, waits);
	/* Once more, for what came before we watched. */
	if (waits)
		regbuf_ep_ready(ep);
}

static int regbuf_ep_open_lanes(struct regbuf_ep *ep, u32 max_send,
				u32 max_recv)
{
	const struct sock *sk = ep->sock->sk;
	int err = 0;

	if (ep->flags & REGBUF_ATTACH_F_SEND)
		err = regbuf_lane_open(&ep->send, sk, true, max_send);
	if (!err && ep->flags & REGBUF_ATTACH_F_RECV)
		err = regbuf_lane_open(&ep->recv, sk, false, max_recv);
	if (err)
		regbuf_lane_close(&ep->send);
	return err;
}

/**
 * regbuf_ep_attach() - give an endpoint its socket, and a name
 * @ep: from regbuf_ep_create()
 * @file: the socket's; the endpoint has it if this succeeds
 * @max_send: of the send lane
 * @max_recv: of the receive lane
 *
 * Context: q->lock held. May sleep.
 * Return: 0, or what regbuf_ioc_attach says.
 */
int regbuf_ep_attach(struct regbuf_ep *ep, struct file *file, u32 max_send,
		     u32 max_recv)
{
	struct regbuf_queue *q = ep->q;
	int err;

	if (q->nr_eps >= REGBUF_MAX_ENDPOINTS)
		return -ENOSPC;
	ep->sock = sock_from_file(file);
	err = regbuf_ep_open_lanes(ep, max_send, max_recv);
	if (err)
		return err;
	err = regbuf_id_alloc(&q->eps, ep, &ep->id, &q->next_id);
	if (err)
		goto err_close;
	WRITE_ONCE(q->nr_eps, q->nr_eps + 1);
	/* It can be seen under the lock of the table from now on. */
	WRITE_ONCE(ep->file, file);
	atomic_inc(&q->ctx->changes);
	/* A stream is watched all the time: it may be torn in mid-send. */
	if (sk_is_tcp(ep->sock->sk))
		regbuf_ep_watch(ep, true);
	return 0;

err_close:
	regbuf_lane_close(&ep->send);
	regbuf_lane_close(&ep->recv);
	return err;
}

/* regbuf_ep_find(), if it was not found shortly before. */
struct regbuf_ep *__regbuf_ep_find(struct regbuf_queue *q, u32 id)
{
	struct regbuf_ep *ep = xa_load(&q->eps, id);

	if (!ep || ep->draining)
		return NULL;
	q->found[id % REGBUF_FOUND] = ep;
	return ep;
}

/* It is not to be found any more. */
static void regbuf_ep_forget(struct regbuf_ep *ep)
{
	ep->q->found[ep->id % REGBUF_FOUND] = NULL;
}

/* Cancel what is pending, and let go of the socket; regbuf_ep_reap() does. */
static void regbuf_ep_detach(struct regbuf_ep *ep)
{
	struct regbuf_queue *q = ep->q;

	regbuf_ep_forget(ep);
	regbuf_ep_watch(ep, false);
	regbuf_list_abort(&ep->send.reqs);
	regbuf_list_abort(&ep->recv.reqs);
	regbuf_list_abort(&ep->polls);
	regbuf_timer_del(q, &ep->timer);
	regbuf_lane_close(&ep->send);
	regbuf_lane_close(&ep->recv);
	list_del_init(&ep->posted);
	spin_lock_irq(&q->ready_lock);
	list_del_init(&ep->ready);
	spin_unlock_irq(&q->ready_lock);
	xa_erase(&q->eps, ep->id);
	WRITE_ONCE(q->nr_eps, q->nr_eps - 1);
	atomic_inc(&q->ctx->changes);
	/* It may have been stalled. */
	list_move_tail(&ep->node, &q->gone);
}

/**
 * regbuf_ep_detach_all() - detach all endpoints of a queue
 * @q: the queue
 *
 * Context: q->lock held.
 */
void regbuf_ep_detach_all(struct regbuf_queue *q)
{
	struct regbuf_ep *ep;
	unsigned long id;

	xa_for_each(&q->eps, id, ep) {
		regbuf_ep_detach(ep);
		cond_resched();
	}
}

/**
 * regbuf_ep_drained() - the last send of an endpoint to be detached went in
 * @ep: the endpoint
 *
 * Context: q->lock held.
 */
void regbuf_ep_drained(struct regbuf_ep *ep)
{
	if (ep->closing)
		kernel_sock_shutdown(ep->sock, SHUT_RDWR);
	regbuf_ep_detach(ep);
}

static void regbuf_ep_drain(struct regbuf_ep *ep, bool close)
{
	regbuf_ep_forget(ep);
	WRITE_ONCE(ep->draining, true);
	ep->closing = close;
	regbuf_list_abort(&ep->recv.reqs);
	regbuf_list_abort(&ep->polls);
	if (list_empty(&ep->send.reqs))
		regbuf_ep_drained(ep);
}

/*
 * Dropping the last reference to a socket may take as long as it lingers. That
 * is its owner's time. A thread of the kernel that closes the queue, collecting
 * garbage for all, must not wait.
 */
static void regbuf_ep_drop_file(struct regbuf_ep *ep)
{
	struct sock *sk = sock_from_file(ep->file)->sk;

	if (current->flags & PF_KTHREAD) {
		lock_sock(sk);
		sock_reset_flag(sk, SOCK_LINGER);
		release_sock(sk);
	}
	fput(ep->file);
}

/* regbuf_ep_reap(), if there are some. */
void __regbuf_ep_reap(struct regbuf_queue *q)
{
	struct regbuf_ep *ep, *next;
	LIST_HEAD(gone);

	regbuf_queue_lock(q);
	list_splice_init(&q->gone, &gone);
	regbuf_queue_unlock(q);
	list_for_each_entry_safe(ep, next, &gone, node) {
		regbuf_ep_drop_file(ep);
		regbuf_ep_put(ep);
	}
}

/* Why sends would be copied now, as a set. */
static u32 regbuf_ep_reasons(struct socket *sock)
{
	struct regbuf_xmit x = { .sock = sock };
	int reason = regbuf_copy_before(&x, 0);

	return reason < 0 ? 0 : BIT(reason);
}

static int regbuf_attach_file(struct regbuf_queue *q, struct file *file,
			      struct regbuf_call *call)
{
	struct regbuf_ioc_attach *arg = &call->u.attach;
	struct regbuf_ep *ep;
	int err;

	ep = regbuf_ep_create(q, current_cred(), arg->flags);
	if (!ep)
		return -ENOMEM;
	if (regbuf_queue_lock_killable(q)) {
		regbuf_ep_put(ep);
		return -EINTR;
	}
	err = q->shut ? -ESHUTDOWN : regbuf_ep_attach(ep, file, arg->max_send,
						      arg->max_recv);
	if (err) {
		regbuf_ep_put(ep);
		goto out;
	}
	get_file(file);
	arg->endpoint = ep->id;
	arg->copy_reasons = regbuf_ep_reasons(ep->sock);
out:
	regbuf_queue_unlock(q);
	return err;
}

static int regbuf_detach(struct regbuf_queue *q, u32 id, u32 flags)
{
	struct regbuf_ep *ep;

	if (regbuf_queue_lock_killable(q))
		return -EINTR;
	ep = regbuf_ep_find(q, id);
	if (ep && flags)
		regbuf_ep_drain(ep, flags & REGBUF_DETACH_F_CLOSE);
	else if (ep)
		regbuf_ep_detach(ep);
	regbuf_queue_unlock(q);
	regbuf_ep_reap(q);
	return ep ? 0 : -ENOENT;
}

int regbuf_ioctl_attach(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_attach *arg = &call->u.attach;
	struct regbuf_queue *q = of;
	struct socket *sock;
	int err;

	if (arg->__resv || !(arg->flags & (REGBUF_ATTACH_F_SEND |
					   REGBUF_ATTACH_F_RECV)))
		return -EINVAL;
	regbuf_ep_reap(q);
	sock = sockfd_lookup(arg->fd, &err);
	if (!sock)
		return err;
	err = regbuf_sock_check(sock) ?:
	      regbuf_attach_file(q, sock->file, call);
	sockfd_put(sock);
	if (err)
		return err;
	err = regbuf_reply(call);
	/* Nobody knows its name. */
	if (err)
		regbuf_detach(q, arg->endpoint, 0);
	return err;
}

int regbuf_ioctl_detach(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_detach *arg = &call->u.detach;

	if (arg->__resv)
		return -EINVAL;
	return regbuf_detach(of, arg->endpoint, arg->flags);
}

int regbuf_ioctl_socket(void *of, struct regbuf_call *call)
{
	struct regbuf_ioc_socket *arg = &call->u.socket;
	struct regbuf_queue *q = of;
	struct file *file = NULL;
	struct regbuf_ep *ep;
	int err;

	if (regbuf_queue_lock_killable(q))
		return -EINTR;
	ep = regbuf_ep_find(q, arg->endpoint);
	if (ep)
		file = get_file(ep->file);
	regbuf_queue_unlock(q);
	if (!file)
		return -ENOENT;
	arg->fd = get_unused_fd_flags(O_CLOEXEC);
	if (arg->fd < 0) {
		fput(file);
		return arg->fd;
	}
	err = regbuf_reply(call);
	if (err) {
		put_unused_fd(arg->fd);
		fput(file);
		return err;
	}
	fd_install(arg->fd, file);
	return 0;
}
