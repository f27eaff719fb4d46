// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: queues and their endpoints, and resetting a socket. What is looked
 * at is read without the queue's lock, which its program may hold for long.
 */
#include <linux/err.h>
#include <linux/net.h>
#include <linux/sock_diag.h>
#include <net/genetlink.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "compat.h"
#include "netlink.h"

/* What there is to see of a queue. */
struct regbuf_queue_view {
	u32 sq_entries;
	u32 cq_entries;
	u32 pool_entries;
	u32 flags;
	u32 pending;
	u32 posted;
	u32 unconsumed;
};

static u32 regbuf_queue_flags(const struct regbuf_queue *q)
{
	u32 flags = 0;

	lockdep_assert_held(&q->cq_lock);
	if (q->flags & REGBUF_QUEUE_F_POLLER)
		flags |= REGBUF_QUEUE_FLAG_POLLER;
	if (q->broken)
		flags |= REGBUF_QUEUE_FLAG_BROKEN;
	if (q->needs & REGBUF_NEED_ROOM)
		flags |= REGBUF_QUEUE_FLAG_STALLED;
	if (READ_ONCE(q->shut))
		flags |= REGBUF_QUEUE_FLAG_SHUT;
	return flags;
}

static void regbuf_queue_look(struct regbuf_queue *q,
			      struct regbuf_queue_view *view)
{
	/* Who has the queue changes it all the time. */
	u32 fresh = data_race(q->nr_fresh), used;

	spin_lock_irq(&q->cq_lock);
	view->sq_entries = q->shm->sq_entries;
	view->cq_entries = q->shm->cq_entries;
	view->pool_entries = q->shm->pool_entries;
	view->flags = regbuf_queue_flags(q);
	view->pending = q->nr_busy - min(q->nr_busy, fresh);
	view->posted = q->cq_tail;
	/* The program may have written anything. */
	used = q->cq_tail - READ_ONCE(q->shm->ring->cq_head);
	view->unconsumed = min(used, q->shm->cq_entries);
	spin_unlock_irq(&q->cq_lock);
}

static int regbuf_put_queue(const struct regbuf_answer *to,
			    struct regbuf_queue *q)
{
	struct regbuf_queue_view view;
	struct sk_buff *skb = to->skb;
	void *hdr = regbuf_answer_begin(to);
	int err;

	if (!hdr)
		return -EMSGSIZE;
	regbuf_queue_look(q, &view);
	err = nla_put_u32(skb, REGBUF_A_QUEUE_CONTEXT, q->ctx->id) ||
	      nla_put_u32(skb, REGBUF_A_QUEUE_ID, q->id) ||
	      nla_put_u32(skb, REGBUF_A_QUEUE_SQ_ENTRIES, view.sq_entries) ||
	      nla_put_u32(skb, REGBUF_A_QUEUE_CQ_ENTRIES, view.cq_entries) ||
	      nla_put_u32(skb, REGBUF_A_QUEUE_POOL_ENTRIES,
			  view.pool_entries) ||
	      nla_put_u32(skb, REGBUF_A_QUEUE_FLAGS, view.flags) ||
	      nla_put_u32(skb, REGBUF_A_QUEUE_ENDPOINTS,
			  READ_ONCE(q->nr_eps)) ||
	      nla_put_u32(skb, REGBUF_A_QUEUE_PENDING, view.pending) ||
	      nla_put_u32(skb, REGBUF_A_QUEUE_POSTED, view.posted) ||
	      nla_put_u32(skb, REGBUF_A_QUEUE_UNCONSUMED, view.unconsumed);
	return regbuf_answer_end(to, hdr, err);
}

int regbuf_nl_queues_start(struct netlink_callback *cb)
{
	return regbuf_dump_start(cb, REGBUF_A_QUEUE_CONTEXT);
}

static int regbuf_dump_queues(struct regbuf_dump *dump,
			      const struct regbuf_answer *to,
			      struct regbuf_ctx *ctx)
{
	struct regbuf_queue *q;
	int err;

	while ((q = regbuf_queue_from(ctx, dump->queue))) {
		err = regbuf_put_queue(to, q);
		if (!err)
			dump->queue = q->id + 1;
		regbuf_queue_put(q);
		if (err)
			return err;
	}
	return 0;
}

int regbuf_nl_queues(struct sk_buff *skb, struct netlink_callback *cb)
{
	return regbuf_dump_run(skb, cb, REGBUF_CMD_QUEUE_GET,
			       regbuf_dump_queues);
}

/**
 * regbuf_ep_view() - look at the next endpoint of a queue
 * @q: the queue
 * @id: where to begin; gets which it is
 * @view: gets what there is to see; its sk is to be put
 *
 * An endpoint in the table has its file, and so its socket: that is dropped
 * after it was taken out, under the lock of the table.
 *
 * Context: Process context.
 * Return: false if there is none.
 */
bool regbuf_ep_view(struct regbuf_queue *q, unsigned long *id,
		    struct regbuf_ep_view *view)
{
	struct regbuf_ep *ep;

	xa_lock(&q->eps);
	ep = xa_find(&q->eps, id, ULONG_MAX, XA_PRESENT);
	/* It may be on its way in. */
	while (ep && !READ_ONCE(ep->file))
		ep = xa_find_after(&q->eps, id, ULONG_MAX, XA_PRESENT);
	if (ep) {
		view->sk = ep->sock->sk;
		sock_hold(view->sk);
		view->inode = SOCK_INODE(ep->sock)->i_ino;
		view->id = *id;
		view->flags = ep->flags;
		if (READ_ONCE(ep->draining))
			view->flags |= REGBUF_ENDPOINT_FLAG_DRAINING;
		view->sends = READ_ONCE(ep->send.count);
		view->recvs = READ_ONCE(ep->recv.count);
	}
	xa_unlock(&q->eps);
	return ep;
}

/**
 * regbuf_ep_cookie() - what SO_COOKIE says of an endpoint's socket
 * @view: the endpoint
 *
 * Context: Any.
 */
u64 regbuf_ep_cookie(const struct regbuf_ep_view *view)
{
	u32 cookie[2];

	sock_diag_save_cookie(view->sk, cookie);
	return (u64)cookie[1] << 32 | cookie[0];
}

static int regbuf_put_addr4(struct sk_buff *skb, const struct sock *sk)
{
	__be32 from = READ_ONCE(inet_sk(sk)->inet_rcv_saddr);
	__be32 to = READ_ONCE(sk->sk_daddr);

	return nla_put(skb, REGBUF_A_ENDPOINT_LOCAL_ADDR, sizeof(from),
		       &from) ||
	       nla_put(skb, REGBUF_A_ENDPOINT_REMOTE_ADDR, sizeof(to), &to);
}

static int regbuf_put_addr6(struct sk_buff *skb, const struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	const struct in6_addr from = sk->sk_v6_rcv_saddr;
	const struct in6_addr to = sk->sk_v6_daddr;

	return nla_put(skb, REGBUF_A_ENDPOINT_LOCAL_ADDR, sizeof(from),
		       &from) ||
	       nla_put(skb, REGBUF_A_ENDPOINT_REMOTE_ADDR, sizeof(to), &to);
#else
	return 0;
#endif
}

static int regbuf_put_sock(struct sk_buff *skb,
			   const struct regbuf_ep_view *view)
{
	const struct sock *sk = view->sk;
	u16 family = READ_ONCE(sk->sk_family);

	return nla_put_u32(skb, REGBUF_A_ENDPOINT_FAMILY, family) ||
	       nla_put_u32(skb, REGBUF_A_ENDPOINT_PROTOCOL, sk->sk_protocol) ||
	       nla_put_u32(skb, REGBUF_A_ENDPOINT_STATE,
			   READ_ONCE(sk->sk_state)) ||
	       (family == AF_INET ? regbuf_put_addr4(skb, sk) :
				    regbuf_put_addr6(skb, sk)) ||
	       nla_put_u16(skb, REGBUF_A_ENDPOINT_LOCAL_PORT,
			   READ_ONCE(sk->sk_num)) ||
	       nla_put_u16(skb, REGBUF_A_ENDPOINT_REMOTE_PORT,
			   ntohs(READ_ONCE(sk->sk_dport))) ||
	       regbuf_put_u64(skb, REGBUF_A_ENDPOINT_COOKIE,
			      regbuf_ep_cookie(view)) ||
	       regbuf_put_u64(skb, REGBUF_A_ENDPOINT_INODE, view->inode);
}

static int regbuf_put_ep(const struct regbuf_answer *to, struct regbuf_queue *q,
			 const struct regbuf_ep_view *view,
			 const struct regbuf_held *held)
{
	struct sk_buff *skb = to->skb;
	void *hdr = regbuf_answer_begin(to);
	int err;

	if (!hdr)
		return -EMSGSIZE;
	err = nla_put_u32(skb, REGBUF_A_ENDPOINT_CONTEXT, q->ctx->id) ||
	      nla_put_u32(skb, REGBUF_A_ENDPOINT_QUEUE, q->id) ||
	      nla_put_u32(skb, REGBUF_A_ENDPOINT_ID, view->id) ||
	      nla_put_u32(skb, REGBUF_A_ENDPOINT_FLAGS, view->flags) ||
	      regbuf_put_sock(skb, view) ||
	      nla_put_u32(skb, REGBUF_A_ENDPOINT_PENDING_SENDS, view->sends) ||
	      nla_put_u32(skb, REGBUF_A_ENDPOINT_PENDING_RECEIVES,
			  view->recvs) ||
	      nla_put_u32(skb, REGBUF_A_ENDPOINT_IN_FLIGHT,
			  held ? held->nr : 0) ||
	      regbuf_put_u64(skb, REGBUF_A_ENDPOINT_IN_FLIGHT_BYTES,
			     held ? held->bytes : 0);
	return regbuf_answer_end(to, hdr, err);
}

int regbuf_nl_eps_start(struct netlink_callback *cb)
{
	struct nlattr **attrs = regbuf_dump_attrs(cb);
	struct nlattr *queue = attrs[REGBUF_A_ENDPOINT_QUEUE];
	int err;

	if (queue && !attrs[REGBUF_A_ENDPOINT_CONTEXT]) {
		NL_SET_ERR_MSG_ATTR(cb->extack, queue,
				    "a queue needs its context");
		return -EINVAL;
	}
	err = regbuf_dump_start(cb, REGBUF_A_ENDPOINT_CONTEXT);
	if (!err && queue)
		regbuf_dump_of(cb)->only_queue = nla_get_u32(queue);
	return err;
}

static int regbuf_dump_queue_eps(struct regbuf_dump *dump,
				 const struct regbuf_answer *to,
				 struct regbuf_queue *q)
{
	struct regbuf_ep_view view;
	int err = 0;

	while (!err && regbuf_ep_view(q, &dump->pos, &view)) {
		err = regbuf_put_ep(to, q, &view,
				    regbuf_holds_of(dump->holds, view.id));
		sock_put(view.sk);
		dump->pos += !err;
		cond_resched();
	}
	return err;
}

static int regbuf_dump_eps(struct regbuf_dump *dump,
			   const struct regbuf_answer *to,
			   struct regbuf_ctx *ctx)
{
	return regbuf_dump_by_queue(dump, to, ctx, regbuf_dump_queue_eps);
}

int regbuf_nl_eps(struct sk_buff *skb, struct netlink_callback *cb)
{
	return regbuf_dump_run(skb, cb, REGBUF_CMD_ENDPOINT_GET,
			       regbuf_dump_eps);
}

/* Which endpoint is meant. */
struct regbuf_aim {
	u32 queue;
	u32 ep;
	u64 cookie;
};

static bool regbuf_aim_fits(const struct regbuf_aim *aim,
			    const struct regbuf_ep_view *view)
{
	return aim->cookie ? regbuf_ep_cookie(view) == aim->cookie :
			     view->id == aim->ep;
}

/* Its socket, held, or NULL. */
static struct sock *regbuf_aim_in(struct regbuf_queue *q,
				  const struct regbuf_aim *aim)
{
	struct regbuf_ep_view view;
	unsigned long id = aim->ep;

	for (; regbuf_ep_view(q, &id, &view); id++) {
		if (regbuf_aim_fits(aim, &view))
			return view.sk;
		sock_put(view.sk);
		if (!aim->cookie)
			break;
		cond_resched();
	}
	return NULL;
}

static struct sock *regbuf_aim_find(struct regbuf_ctx *ctx,
				    const struct regbuf_aim *aim)
{
	struct sock *sk = NULL;
	struct regbuf_queue *q;
	u32 id = aim->queue;

	while (!sk && (q = regbuf_queue_from(ctx, id))) {
		id = q->id + 1;
		if (!aim->queue || q->id == aim->queue)
			sk = regbuf_aim_in(q, aim);
		regbuf_queue_put(q);
		if (aim->queue)
			break;
	}
	return sk;
}

static int regbuf_aim_read(struct genl_info *info, struct regbuf_aim *aim)
{
	struct nlattr *cookie = info->attrs[REGBUF_A_ENDPOINT_COOKIE];
	struct nlattr *queue = info->attrs[REGBUF_A_ENDPOINT_QUEUE];
	struct nlattr *id = info->attrs[REGBUF_A_ENDPOINT_ID];

	*aim = (struct regbuf_aim){ };
	if (cookie ? queue || id || !nla_get_u64(cookie) : !queue || !id) {
		GENL_SET_ERR_MSG(info,
				 "either a queue and an endpoint, or a cookie");
		return -EINVAL;
	}
	if (cookie) {
		aim->cookie = nla_get_u64(cookie);
	} else {
		aim->queue = nla_get_u32(queue);
		aim->ep = nla_get_u32(id);
	}
	return 0;
}

/* As SOCK_DESTROY of sock_diag. */
static int regbuf_abort(struct sk_buff *skb, struct genl_info *info,
			struct sock *sk)
{
	int err = -EPERM;

	if (netlink_ns_capable(skb, sock_net(sk)->user_ns, CAP_NET_ADMIN))
		err = sock_diag_destroy(sk, ECONNABORTED);
	if (err == -EPERM)
		GENL_SET_ERR_MSG(info, "needs CAP_NET_ADMIN");
	else if (err == -EOPNOTSUPP)
		GENL_SET_ERR_MSG(info, "the protocol cannot be aborted");
	else if (err)
		GENL_SET_ERR_MSG(info, "the socket is closed");
	return err;
}

int regbuf_nl_abort(struct sk_buff *skb, struct genl_info *info)
{
	struct regbuf_ctx *ctx;
	struct regbuf_aim aim;
	struct sock *sk;
	int err;

	ctx = regbuf_nl_ctx(skb, info, REGBUF_A_ENDPOINT_CONTEXT);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	err = regbuf_aim_read(info, &aim);
	if (err)
		goto out;
	err = -ENOENT;
	sk = regbuf_aim_find(ctx, &aim);
	if (!sk) {
		GENL_SET_ERR_MSG(info, "no such endpoint");
		goto out;
	}
	err = regbuf_abort(skb, info, sk);
	sock_put(sk);
out:
	regbuf_ctx_put(ctx);
	return err;
}
