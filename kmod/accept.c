// SPDX-License-Identifier: GPL-2.0
/*
 * Accepting connections. They become endpoints, without a descriptor: any
 * context may make those.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/net.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>

#include "queue.h"

/* A connection's file. -EAGAIN if there is none. */
static struct file *regbuf_accept_file(struct socket *listener)
{
	struct socket *sock;
	int err;

	err = kernel_accept(listener, &sock, O_NONBLOCK);
	if (err)
		return ERR_PTR(err);
	/* Releases the socket if it fails. */
	return sock_alloc_file(sock, 0, NULL);
}

/* The new endpoint's name, or an error; -EAGAIN if nobody connects. */
static int regbuf_accept_one(struct regbuf_ep *listener)
{
	struct regbuf_queue *q = listener->q;
	struct regbuf_ep *ep;
	struct file *file;
	int err;

	ep = regbuf_ep_create(q, listener->cred,
			      REGBUF_ATTACH_F_SEND | listener->flags);
	if (!ep)
		return -ENOMEM;
	file = regbuf_accept_file(listener->sock);
	if (IS_ERR(file)) {
		regbuf_ep_put(ep);
		return PTR_ERR(file);
	}
	err = regbuf_ep_attach(ep, file, listener->send.max,
			       listener->recv.max);
	if (err) {
		/* A worker must not drop the file. */
		ep->file = file;
		list_add_tail(&ep->node, &q->gone);
		return err;
	}
	return ep->id;
}

/* Errors of a connection that was not to be: the next one may do. */
static bool regbuf_accept_again(int err)
{
	return err == -ECONNABORTED || err == -EPROTO;
}

/**
 * regbuf_accept_run() - accept a connection
 * @ep: the endpoint that listens
 * @req: its request
 *
 * Context: q->lock held; with the endpoint's credentials.
 * Return: 0, or -EAGAIN if the request has to wait.
 */
int regbuf_accept_run(struct regbuf_ep *ep, struct regbuf_req *req)
{
	bool last = !(req->flags & REGBUF_SQE_F_MULTI) ||
		    (req->bounded && req->left == 1);
	int id;

	if (reqsk_queue_empty(&inet_csk(ep->sock->sk)->icsk_accept_queue) &&
	    READ_ONCE(ep->sock->sk->sk_state) == TCP_LISTEN)
		return -EAGAIN;
	if (!last && regbuf_req_reserve(ep->q, 1)) {
		regbuf_stall_for_place(ep);
		return -EAGAIN;
	}
	id = regbuf_accept_one(ep);
	if (id > 0)
		req->value = id;
	if (id > 0 && !last) {
		regbuf_req_post(req);
		req->value = 0;
		if (req->bounded)
			req->left--;
		return 0;
	}
	if (!last)
		regbuf_req_unreserve(ep->q, 1);
	if (id == -EAGAIN)
		return id;
	if (regbuf_accept_again(id))
		return 0;
	regbuf_req_finish(req, min(id, 0));
	return 0;
}
