// SPDX-License-Identifier: MIT
/*
 * HOT: sending.
 */
#include <errno.h>

#include "regbuf_int.h"

static uint64_t regbuf_message_length(const struct regbuf_message *msg)
{
	uint64_t length = 0;
	uint32_t i;

	for (i = 0; i < msg->nr_slices; i++)
		length += msg->slices[i].length;
	return length;
}

static void regbuf_result_fill(struct regbuf_result *res,
			       const struct regbuf_ioc_send *send, int err)
{
	*res = (struct regbuf_result){
		.sent = send->sent,
		.zerocopied = send->zerocopied,
		.copied = send->copied,
		.copy_reasons = send->copy_reasons,
		.error = err ? err : -(int)send->error,
	};
}

static int regbuf_send_call(const struct regbuf *rb,
			    const struct regbuf_message *msg,
			    struct regbuf_ioc_send *send)
{
	/* For members to come: a program that sets them wants what they do. */
	if (msg->reserved[0] || msg->reserved[1])
		return -EINVAL;
	send->size = sizeof(*send);
	send->flags = msg->flags;
	send->fd = msg->sock;
	send->nr_slices = msg->nr_slices;
	send->slices = (uintptr_t)msg->slices;
	send->addr = (uintptr_t)msg->addr;
	send->addr_len = msg->addr_len;
	return regbuf_call(rb, REGBUF_IOC_SEND, send);
}

REGBUF_EXPORT int regbuf_sendv(struct regbuf *rb,
			       const struct regbuf_message *msg,
			       struct regbuf_result *res)
{
	struct regbuf_ioc_send send = { 0 };
	int err = regbuf_send_call(rb, msg, &send);

	if (res) {
		regbuf_result_fill(res, &send, err);
		return err;
	}
	if (err)
		return err;
	/* Nobody would hear of a short count. */
	return send.sent == regbuf_message_length(msg) ? 0 : -EIO;
}

REGBUF_EXPORT int regbuf_send(struct regbuf *rb, int sock, uint64_t id,
			      uint64_t offset, uint32_t length,
			      unsigned int flags, struct regbuf_result *res)
{
	struct regbuf_slice slice = regbuf_slice_of(id, offset, length);
	struct regbuf_message msg = {
		.slices = &slice,
		.nr_slices = 1,
		.sock = sock,
		.flags = flags,
	};

	return regbuf_sendv(rb, &msg, res);
}
