/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_NETLINK_H
#define REGBUF_NETLINK_H

#include <linux/list.h>
#include <linux/uidgid.h>
#include <net/genetlink.h>

#include <uapi/linux/regbuf_netlink.h>

#include "queue.h"

/* The only group. */
#define REGBUF_GROUP_EVENTS	0

/* Who asks. */
struct regbuf_viewer {
	u64 net;	/* namespace */
	kuid_t uid;
	bool admin;	/* of that namespace */
};

/* Where answers go. */
struct regbuf_answer {
	struct sk_buff *skb;
	struct netlink_callback *cb;	/* of a dump, or NULL */
	u32 portid;
	u32 seq;
	u8 cmd;
};

/* Sends in flight that have something in common. */
struct regbuf_held {
	u64 buf;		/* 0: of any buffer */
	u64 bytes;
	u32 ep;
	u32 nr;
	unsigned long born;	/* jiffies, of the endpoint's oldest flight */
	bool has_born;
};

/* All of a queue, sorted by endpoint and buffer. */
struct regbuf_holds {
	u32 nr;
	u32 max;
	bool lacks;		/* some are missing */
	struct regbuf_held held[];
};

/* A dump, between two messages: numbers only, nothing that could go. */
struct regbuf_dump {
	struct regbuf_viewer viewer;
	/* what was asked for; 0: all */
	u32 only_ctx;
	u32 only_queue;
	u64 only_buf;
	/* where to go on */
	unsigned long ctx;
	u32 queue;
	unsigned long pos;
	struct regbuf_holds *holds;	/* of that queue */
	/* what it looked like */
	u32 seq;
	u32 moves;
	u32 changes;
};

/* Has one context put into a dump, from @dump->queue and @dump->pos on. */
typedef int (*regbuf_dump_fn)(struct regbuf_dump *dump,
			      const struct regbuf_answer *to,
			      struct regbuf_ctx *ctx);

/* The same for one queue, from @dump->pos on. */
typedef int (*regbuf_dump_queue_fn)(struct regbuf_dump *dump,
				    const struct regbuf_answer *to,
				    struct regbuf_queue *q);

/* The socket of an endpoint, held, and what else there is to see of it. */
struct regbuf_ep_view {
	struct sock *sk;
	u64 inode;
	u32 id;
	u32 flags;
	u32 sends;
	u32 recvs;
};

/* Each set of attributes has its padding first. */
static inline int regbuf_put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, REGBUF_A_CONTEXT_PAD);
}

/* netlink.c */
extern struct genl_family regbuf_family;

void regbuf_viewer_init(struct regbuf_viewer *viewer, struct sk_buff *skb);
struct regbuf_ctx *regbuf_viewer_find(const struct regbuf_viewer *viewer,
				      u32 id);
void *regbuf_answer_begin(const struct regbuf_answer *to);
int regbuf_answer_end(const struct regbuf_answer *to, void *hdr, int err);
struct regbuf_ctx *regbuf_nl_ctx(struct sk_buff *skb, struct genl_info *info,
				 u32 attr);
int regbuf_dump_refuse(struct netlink_callback *cb, u32 attr);
int regbuf_dump_start(struct netlink_callback *cb, u32 ctx_attr);
struct regbuf_dump *regbuf_dump_of(struct netlink_callback *cb);
int regbuf_dump_run(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		    regbuf_dump_fn fn);

/* nlqueue.c */
bool regbuf_ep_view(struct regbuf_queue *q, unsigned long *id,
		    struct regbuf_ep_view *view);
u64 regbuf_ep_cookie(const struct regbuf_ep_view *view);
int regbuf_nl_queues_start(struct netlink_callback *cb);
int regbuf_nl_queues(struct sk_buff *skb, struct netlink_callback *cb);
int regbuf_nl_eps_start(struct netlink_callback *cb);
int regbuf_nl_eps(struct sk_buff *skb, struct netlink_callback *cb);
int regbuf_nl_abort(struct sk_buff *skb, struct genl_info *info);

/* nlhold.c */
int regbuf_holds_take(struct regbuf_dump *dump, struct regbuf_queue *q);
void regbuf_holds_drop(struct regbuf_dump *dump);
const struct regbuf_held *regbuf_holds_of(const struct regbuf_holds *holds,
					  u32 ep);
int regbuf_dump_by_queue(struct regbuf_dump *dump,
			 const struct regbuf_answer *to, struct regbuf_ctx *ctx,
			 regbuf_dump_queue_fn fn);
int regbuf_nl_holds_start(struct netlink_callback *cb);
int regbuf_nl_holds(struct sk_buff *skb, struct netlink_callback *cb);

#endif /* REGBUF_NETLINK_H */
