// SPDX-License-Identifier: GPL-2.0
/*
 * The only user of libnl: requests from the keys of a record, records from
 * answers, both by the tables of records.c.
 */
#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <linux/regbuf_netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cmd.h"
#include "nl.h"

#define RETRIES		8	/* of a dump that was overtaken by changes */
#define ROOM		(1 << 20)	/* bytes of events not yet read */

struct rbnl {
	struct nl_sock *sock;
	int family;
	char error[256];
	/* The call that is under way. */
	struct nl_cb *cb;
	const struct kind *kind;
	struct records *out;
	int (*valid)(struct rbnl *nl, const struct nlmsghdr *msg);
	int (*learn)(const char *card, const char *feature, void *arg);
	void *arg;
	bool pending;
	int err;
};

/* What libnl says, as an errno. */
static int nl_errno(int err)
{
	switch (-err) {
	case NLE_SUCCESS:
		return 0;
	case NLE_INTR:
		return -EINTR;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
		return -EPERM;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	}
	return -EIO;
}

static void parse_copied(struct nlattr *nest, uint64_t *copied)
{
	struct nlattr *reason = nla_find(nla_data(nest), nla_len(nest),
					 REGBUF_A_COPIED_REASON);
	struct nlattr *bytes = nla_find(nla_data(nest), nla_len(nest),
					REGBUF_A_COPIED_BYTES);

	if (reason && bytes && nla_get_u32(reason) < REGBUF_COPY_MAX)
		copied[nla_get_u32(reason)] = nla_get_u64(bytes);
}

static void parse_address(struct nlattr *attr, struct address *out)
{
	if (nla_len(attr) > (int)sizeof(out->bytes))
		return;
	out->len = nla_len(attr);
	memcpy(out->bytes, nla_data(attr), out->len);
}

/* A process names itself: no codes for terminals, no broken UTF-8. */
static void parse_text(struct nlattr *attr, char *text)
{
	nla_strlcpy(text, attr, RECORD_COMM);
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static void parse(const struct kind *kind, struct nlattr *attrs, int len,
		  void *item);

static void parse_field(const struct field *field, struct nlattr *attr,
			void *member)
{
	switch ((enum field_type)field->type) {
	case FIELD_U16:
		*(uint16_t *)member = nla_get_u16(attr);
		break;
	case FIELD_U32:
	case FIELD_NAME:
	case FIELD_NAMES:
		*(uint32_t *)member = nla_get_u32(attr);
		break;
	case FIELD_U64:
		*(uint64_t *)member = nla_get_u64(attr);
		break;
	case FIELD_FLAG:
		*(bool *)member = true;
		break;
	case FIELD_TEXT:
		parse_text(attr, member);
		break;
	case FIELD_ADDRESS:
		parse_address(attr, member);
		break;
	case FIELD_COPIED:
		parse_copied(attr, member);
		break;
	case FIELD_STATS:
		parse(&kind_stats, nla_data(attr), nla_len(attr), member);
		break;
	}
}

/* How long it must be, for what parse_field() reads without asking. */
static int field_size(const struct field *field)
{
	switch ((enum field_type)field->type) {
	case FIELD_U16:
		return sizeof(uint16_t);
	case FIELD_U32:
	case FIELD_NAME:
	case FIELD_NAMES:
		return sizeof(uint32_t);
	case FIELD_U64:
		return sizeof(uint64_t);
	default:
		return 0;
	}
}

/* Attributes that we do not know are those of a newer module. */
static void parse(const struct kind *kind, struct nlattr *attrs, int len,
		  void *item)
{
	const struct field *field;
	struct nlattr *attr;
	int rest;

	nla_for_each_attr(attr, attrs, len, rest)
		for (field = kind->fields; field->name; field++)
			if (nla_type(attr) == field->attr &&
			    nla_len(attr) >= field_size(field))
				parse_field(field, attr,
					    record_member(item, field));
}

static int keep_record(struct rbnl *nl, const struct nlmsghdr *msg)
{
	const struct genlmsghdr *genl = nlmsg_data(msg);
	struct records *out = nl->out;
	void *item;

	/* An event may come between the parts of an answer. */
	if (genl->cmd != nl->kind->cmd)
		return 0;
	item = realloc(out->items, (out->nr + 1) * nl->kind->size);
	if (!item)
		return -ENOMEM;
	out->items = item;
	item = (char *)item + out->nr++ * nl->kind->size;
	memset(item, 0, nl->kind->size);
	parse(nl->kind, genlmsg_attrdata(genl, 0), genlmsg_attrlen(genl, 0),
	      item);
	return 0;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct rbnl *nl = arg;
	int err = nl->valid(nl, nlmsg_hdr(msg));

	if (!err)
		return NL_OK;
	nl->err = err;
	nl->pending = false;
	return NL_STOP;
}

/* The extended ack: attributes after the first @skip bytes of a message. */
static void keep_words(struct rbnl *nl, const struct nlmsghdr *hdr, int skip)
{
	struct nlattr *text;

	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS) || nlmsg_datalen(hdr) < skip)
		return;
	text = nla_find((struct nlattr *)((char *)nlmsg_data(hdr) + skip),
			nlmsg_datalen(hdr) - skip, NLMSGERR_ATTR_MSG);
	if (text)
		nla_strlcpy(nl->error, text, sizeof(nl->error));
}

/* With NETLINK_CAP_ACK the request's header is there, and no more of it. */
static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct nlmsghdr *hdr = (struct nlmsghdr *)error - 1;
	struct rbnl *nl = arg;

	(void)from;
	nl->err = error->error;
	nl->pending = false;
	keep_words(nl, hdr, sizeof(*error));
	return NL_STOP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct rbnl *nl = arg;

	(void)msg;
	nl->pending = false;
	return NL_STOP;
}

static int on_finish(struct nl_msg *msg, void *arg)
{
	const struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct rbnl *nl = arg;

	nl->pending = false;
	if (nlmsg_datalen(hdr) >= (int)sizeof(nl->err)) {
		memcpy(&nl->err, nlmsg_data(hdr), sizeof(nl->err));
		keep_words(nl, hdr, sizeof(nl->err));
	}
	return NL_STOP;
}

static int on_torn(struct nl_msg *msg, void *arg)
{
	struct rbnl *nl = arg;

	(void)msg;
	if (nl->out)
		nl->out->torn = true;
	return NL_OK;
}

/* Events have no number of a request. */
static int on_sequence(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

static int set_callbacks(struct rbnl *nl)
{
	nl->cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!nl->cb)
		return -ENOMEM;
	nl_cb_set(nl->cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, nl);
	nl_cb_set(nl->cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, nl);
	nl_cb_set(nl->cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, nl);
	nl_cb_set(nl->cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_torn, nl);
	nl_cb_set(nl->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_sequence, nl);
	nl_cb_err(nl->cb, NL_CB_CUSTOM, on_error, nl);
	return 0;
}

static int connect_to(struct rbnl *nl, const char *family)
{
	int one = 1, err = set_callbacks(nl);

	nl->sock = nl_socket_alloc();
	if (err || !nl->sock)
		return -ENOMEM;
	err = genl_connect(nl->sock);
	if (err)
		return nl_errno(err);
	/* Without words an error still has its number. */
	setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_EXT_ACK,
		   &one, sizeof(one));
	setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_CAP_ACK,
		   &one, sizeof(one));
	nl->family = genl_ctrl_resolve(nl->sock, family);
	return nl->family < 0 ? nl_errno(nl->family) : 0;
}

static int open_family(const char *family, struct rbnl **out)
{
	struct rbnl *nl = calloc(1, sizeof(*nl));
	int err = nl ? connect_to(nl, family) : -ENOMEM;

	*out = err ? NULL : nl;
	if (err)
		rbnl_close(nl);
	return err;
}

int rbnl_open(struct rbnl **out)
{
	return open_family(REGBUF_FAMILY_NAME, out);
}

void rbnl_close(struct rbnl *nl)
{
	if (!nl)
		return;
	nl_socket_free(nl->sock);
	nl_cb_put(nl->cb);
	free(nl);
}

const char *rbnl_error(const struct rbnl *nl)
{
	return nl ? nl->error : "";
}

static int put_keys(struct nl_msg *msg, const struct kind *kind,
		    const void *which)
{
	const struct field *field;

	for (field = kind->fields; which && field->name; field++) {
		const void *member = record_member(which, field);

		if (field->key && record_is_set(field, member) &&
		    nla_put(msg, field->attr, field_size(field), member))
			return -ENOMEM;
	}
	return 0;
}

/* Send @msg, which is gone then, and wait for all of the answer. */
static int talk(struct rbnl *nl, struct nl_msg *msg)
{
	int err = nl_send_auto(nl->sock, msg);

	nlmsg_free(msg);
	nl->err = 0;
	nl->error[0] = '\0';
	nl->pending = err >= 0;
	while (nl->pending) {
		err = nl_recvmsgs(nl->sock, nl->cb);
		if (err < 0)
			nl->pending = false;
	}
	return nl->err ? nl->err : err < 0 ? nl_errno(err) : 0;
}

static struct nl_msg *request(struct rbnl *nl, unsigned char cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg && !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, nl->family, 0,
				flags, cmd, REGBUF_FAMILY_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int ask(struct rbnl *nl, unsigned char cmd, int flags,
	       const struct kind *kind, const void *which, struct records *out)
{
	struct nl_msg *msg = request(nl, cmd, flags);

	if (!msg)
		return -ENOMEM;
	if (put_keys(msg, kind, which)) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	nl->kind = kind;
	nl->out = out;
	nl->valid = keep_record;
	return talk(nl, msg);
}

int rbnl_dump(struct rbnl *nl, const struct kind *kind, const void *which,
	      struct records *out)
{
	int err, i;

	*out = (struct records) { 0 };
	for (i = 0; i < RETRIES; i++) {
		out->nr = 0;
		out->torn = false;
		err = ask(nl, kind->cmd, NLM_F_DUMP, kind, which, out);
		if (err || !out->torn)
			break;
	}
	return err;
}

int rbnl_get(struct rbnl *nl, const struct kind *kind, const void *which,
	     void *out)
{
	struct records one = { 0 };
	int err = ask(nl, kind->cmd, NLM_F_ACK, kind, which, &one);

	if (!err && !one.nr)
		err = -EIO;
	if (!err)
		memcpy(out, one.items, kind->size);
	free(one.items);
	return err;
}

int rbnl_abort(struct rbnl *nl, const struct endpoint *which)
{
	struct records none = { 0 };

	return ask(nl, REGBUF_CMD_ABORT, NLM_F_ACK, &kind_endpoint, which,
		   &none);
}

int rbnl_listen(struct rbnl *nl)
{
	int group = genl_ctrl_resolve_grp(nl->sock, REGBUF_FAMILY_NAME,
					  REGBUF_MCGRP_EVENTS);
	int fd = nl_socket_get_fd(nl->sock);

	if (group < 0)
		return nl_errno(group);
	nl_socket_set_buffer_size(nl->sock, ROOM, 0);
	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
		       sizeof(group)))
		return -errno;
	return 0;
}

static int parse_event(struct rbnl *nl, const void *bytes, int len,
		       struct event *out)
{
	const struct nlmsghdr *hdr = bytes;
	const struct genlmsghdr *genl = nlmsg_data(hdr);

	if (!nlmsg_ok(hdr, len) || hdr->nlmsg_type != nl->family ||
	    nlmsg_datalen(hdr) < (int)GENL_HDRLEN ||
	    genl->cmd != kind_event.cmd)
		return -EAGAIN;
	*out = (struct event) { 0 };
	parse(&kind_event, genlmsg_attrdata(genl, 0),
	      genlmsg_attrlen(genl, 0), out);
	return 0;
}

/* Each event is a message by itself. libnl would not end for a signal. */
int rbnl_next(struct rbnl *nl, struct event *out)
{
	char bytes[8192] __attribute__((aligned(4)));
	ssize_t len;
	int err;

	do {
		len = recv(nl_socket_get_fd(nl->sock), bytes, sizeof(bytes), 0);
		err = len < 0 ? -errno : parse_event(nl, bytes, len, out);
	} while (err == -EAGAIN);
	return err;
}

static const char *card_name(struct nlattr *header)
{
	struct nlattr *name = header ? nla_find(nla_data(header),
						nla_len(header),
						ETHTOOL_A_HEADER_DEV_NAME) :
				       NULL;

	return name ? nla_get_string(name) : "";
}

/* One card's active features, each a bit with its name. */
static int learn_features(struct rbnl *nl, const struct nlmsghdr *msg)
{
	const struct genlmsghdr *genl = nlmsg_data(msg);
	struct nlattr *attrs = genlmsg_attrdata(genl, 0), *bits, *bit, *name;
	int len = genlmsg_attrlen(genl, 0), rest, err = 0;
	const char *card;

	card = card_name(nla_find(attrs, len, ETHTOOL_A_FEATURES_HEADER));
	bits = nla_find(attrs, len, ETHTOOL_A_FEATURES_ACTIVE);
	bits = bits ? nla_find(nla_data(bits), nla_len(bits),
			       ETHTOOL_A_BITSET_BITS) : NULL;
	if (!bits)
		return 0;
	nla_for_each_nested(bit, bits, rest) {
		name = nla_find(nla_data(bit), nla_len(bit),
				ETHTOOL_A_BITSET_BIT_NAME);
		if (name && !err)
			err = nl->learn(card, nla_get_string(name), nl->arg);
	}
	return err;
}

int rbnl_cards(int (*learn)(const char *card, const char *feature, void *arg),
	       void *arg)
{
	struct nl_msg *msg;
	struct rbnl *nl;
	int err = open_family(ETHTOOL_GENL_NAME, &nl);

	if (err)
		return err;
	msg = request(nl, ETHTOOL_MSG_FEATURES_GET, NLM_F_DUMP);
	/* Older kernels want it, although it is empty. */
	if (msg && nla_put(msg, ETHTOOL_A_FEATURES_HEADER | NLA_F_NESTED, 0,
			   NULL)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	nl->valid = learn_features;
	nl->learn = learn;
	nl->arg = arg;
	err = msg ? talk(nl, msg) : -ENOMEM;
	rbnl_close(nl);
	return err;
}
