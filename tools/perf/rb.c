// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "rb.h"

int rb_failed(struct stream *s, const char *what, int err)
{
	return perf_say(s->test, err, "regbuf: %s: %s", what,
			regbuf_strerror(err));
}

/* What to do about it, where something can be done. */
static int no_device(struct stream *s, int err)
{
	if (err == -ENODEV)
		return perf_say(s->test, err, "no %s: load the module",
				REGBUF_DEVICE);
	if (err == -EACCES)
		return perf_say(s->test, err,
				"%s: no permission; whose group is it?",
				REGBUF_DEVICE);
	return rb_failed(s, REGBUF_DEVICE, err);
}

int rb_register(struct stream *s, struct rb *rb, void *addr, size_t length,
		unsigned int access)
{
	char words[REGBUF_BUDGET_STRING_MAX];
	struct regbuf_budget budget;
	int err = regbuf_open(&rb->regbuf);

	if (err)
		return no_device(s, err);
	err = regbuf_register_budget(rb->regbuf, addr, length, access, &rb->id,
				     &budget);
	if (err != -ENOBUFS)
		return err ? rb_failed(s, "registering memory", err) : 0;
	regbuf_budget_string(&budget, words, sizeof(words));
	return perf_say(s->test, err, "registering memory: %s", words);
}

int rb_queue(struct stream *s, struct rb *rb,
	     const struct regbuf_queue_params *params, uint32_t lanes)
{
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = lanes,
	};
	int err = regbuf_queue_create(rb->regbuf, params, &rb->queue);

	if (err)
		return rb_failed(s, "making a queue", err);
	err = regbuf_queue_attach(rb->queue, s->sock, &attach);
	rb->endpoint = attach.endpoint;
	return err ? rb_failed(s, "attaching the socket", err) : 0;
}

void rb_close(struct rb *rb)
{
	regbuf_queue_destroy(rb->queue);
	regbuf_close(rb->regbuf);
}
