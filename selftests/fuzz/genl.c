// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink family, without a library that would mind what is sent.
 */
#include "world.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/regbuf_netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE	512

struct fz_msg {
	struct nlmsghdr head;
	struct genlmsghdr genl;
	char attrs[SIZE];
};

static void fz_attr(struct fz_msg *msg, int type, const void *value,
		    size_t length)
{
	struct nlattr *attr = (void *)msg + NLMSG_ALIGN(msg->head.nlmsg_len);

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + length;
	memcpy(attr + 1, value, length);
	msg->head.nlmsg_len = NLMSG_ALIGN(msg->head.nlmsg_len) +
			      NLA_ALIGN(attr->nla_len);
}

static struct fz_msg fz_msg(int family, int cmd, int flags)
{
	return (struct fz_msg){
		.head = {
			.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
			.nlmsg_type = family,
			.nlmsg_flags = NLM_F_REQUEST | flags,
		},
		.genl = { .cmd = cmd, .version = 1 },
	};
}

/* Answers are of no interest, but must be made. */
static long fz_talk(int fd, const struct fz_msg *msg, void *answer, size_t size)
{
	long got = send(fd, msg, msg->head.nlmsg_len, MSG_DONTWAIT);
	long first = 0;
	int i;

	for (i = 0; got >= 0 && i < 8; i++) {
		got = recv(fd, answer, size, MSG_DONTWAIT);
		if (!i)
			first = got;
	}
	return first;
}

static int fz_family(int fd)
{
	static int family;
	struct fz_msg msg = fz_msg(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	char answer[4096];
	long got, at;

	if (family)
		return family;
	fz_attr(&msg, CTRL_ATTR_FAMILY_NAME, REGBUF_FAMILY_NAME,
		sizeof(REGBUF_FAMILY_NAME));
	got = fz_talk(fd, &msg, answer, sizeof(answer));
	for (at = NLMSG_LENGTH(GENL_HDRLEN); at + NLA_HDRLEN < got;) {
		struct nlattr *attr = (void *)(answer + at);

		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			family = *(__u16 *)(attr + 1);
		at += NLA_ALIGN(attr->nla_len) ? : NLA_HDRLEN;
	}
	return family;
}

/* Of an answer: the last context that it is about, or 0. */
static __u32 fz_last_context(const char *answer, long size)
{
	const struct nlmsghdr *head = (const void *)answer;
	__u32 found = 0;

	for (; NLMSG_OK(head, size); head = NLMSG_NEXT(head, size)) {
		const struct nlattr *attr = (const void *)head +
					    NLMSG_LENGTH(GENL_HDRLEN);

		if (attr->nla_type == REGBUF_A_CONTEXT_ID)
			found = *(const __u32 *)(attr + 1);
	}
	return found;
}

/* A small number: of the contexts that there are; or that number. */
static __u32 fz_context(int fd, __u64 n)
{
	struct fz_msg msg = fz_msg(fz_family(fd), REGBUF_CMD_CONTEXT_GET,
				   NLM_F_DUMP);
	char answer[8192];
	long got;

	if (n >= 64)
		return n;
	got = fz_talk(fd, &msg, answer, sizeof(answer));
	return got > 0 ? fz_last_context(answer, got) - n : n;
}

/* cmd, flags, context, queue or cookie, number, another attribute */
long fz_call_genl(struct fz_world *w, const __u64 *arg)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	struct fz_msg msg = fz_msg(fz_family(fd), arg[0],
				   arg[1] & 1 ? NLM_F_DUMP : NLM_F_ACK);
	__u32 context = fz_context(fd, arg[2]);
	char answer[8192];
	__u64 id = arg[0] == REGBUF_CMD_BUFFER_GET ||
		   arg[0] == REGBUF_CMD_HOLD_GET ? fz_id(w, arg[4]) : arg[4];
	long ret;

	/* The same numbers in all sets: context, then what is in it. */
	if (arg[1] & 2)
		fz_attr(&msg, REGBUF_A_BUFFER_CONTEXT, &context, 4);
	if (arg[1] & 4)
		fz_attr(&msg, REGBUF_A_ENDPOINT_QUEUE, &arg[3],
			arg[1] & 32 ? 8 : 4);
	if (arg[1] & 8)
		fz_attr(&msg, REGBUF_A_ENDPOINT_ID, &id, arg[1] & 32 ? 8 : 4);
	if (arg[1] & 16)
		fz_attr(&msg, arg[5] & 0x3fff, &arg[3], arg[5] >> 16 & 15);
	ret = fz_talk(fd, &msg, answer, sizeof(answer));
	close(fd);
	return ret;
}
