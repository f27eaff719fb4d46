/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RB_H
#define RB_H

#include <regbuf.h>

#include "perf.h"

/* What both directions need of regbuf. */
struct rb {
	struct regbuf *regbuf;
	struct regbuf_queue *queue;
	uint64_t id;
	uint32_t endpoint;
};

/* Say what failed, in regbuf's words. */
int rb_failed(struct stream *s, const char *what, int err);

/* A context, with this memory registered in it. */
int rb_register(struct stream *s, struct rb *rb, void *addr, size_t length,
		unsigned int access);

/* A queue, with the stream's socket attached to it. */
int rb_queue(struct stream *s, struct rb *rb,
	     const struct regbuf_queue_params *params, uint32_t lanes);

/* Whatever there is of it. */
void rb_close(struct rb *rb);

#endif /* RB_H */
