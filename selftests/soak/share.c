// SPDX-License-Identifier: GPL-2.0
/*
 * C8: buffers that other workers use, by descriptors that come in the mail.
 * Their exporter may go at any time.
 */
#include "soak.h"

#include <sys/un.h>

/* What is told with a descriptor. */
struct letter {
	__u64 key;
	__u64 base;
	__u64 len;
};

static socklen_t mail_address(unsigned int nr, struct sockaddr_un *un)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	snprintf(un->sun_path, sizeof(un->sun_path), "%s/%u", shared->dir, nr);
	return sizeof(*un);
}

/* By path: it is the same for all network namespaces. */
void mail_open(void)
{
	struct sockaddr_un un;
	socklen_t len = mail_address(w.nr, &un);

	unlink(un.sun_path);
	w.mail = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (w.mail < 0 || bind(w.mail, (struct sockaddr *)&un, len))
		die("mail: %s", strerror(errno));
}

static int post(unsigned int nr, const struct letter *letter, int fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { (void *)letter, sizeof(*letter) };
	struct sockaddr_un un;
	struct msghdr msg = {
		.msg_name = &un,
		.msg_namelen = mail_address(nr, &un),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = rb_cmsg(control, SOL_SOCKET, SCM_RIGHTS, &fd,
					  sizeof(fd)),
	};

	return sendmsg(w.mail, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/*
 * To somebody else: ids of one context that share pins are counted together,
 * and the checker would not know which of them are imports. Some export is
 * lost in the mail, and dies with its descriptor.
 */
void op_export(void)
{
	const struct buf *b = buf_to_send();
	__u32 to = (w.nr + 1 + rnd(SEATS - 1)) % SEATS;
	struct letter letter;
	__u64 off;
	int fd;

	if (!b || b->imported || b->map->disturbed)
		return;
	off = rnd(b->len);
	fd = rb_export(w.dev, b->id, off, 0, RB_READ);
	if (fd < 0) {
		ALLOW("export", fd, ENOMEM, b->map->gone ? ESTALE : ENOMEM);
		return;
	}
	letter = (struct letter){ b->key, b->base + off, b->len - off };
	post(to, &letter, fd);
	close(fd);
}

void op_revoke(void)
{
	const struct buf *b = &w.bufs[rnd(BUFS)];

	if (b->id && !b->imported)
		ALLOW("revoke", rb_revoke(w.dev, b->id, 0), 0);
}

/* It may be dead already: whoever sent it was killed, or thought better. */
static void import(int fd, const struct letter *letter)
{
	struct buf *b = &w.bufs[rnd(BUFS)];
	__u64 id;
	int err;

	if (b->id && !b->imported)
		return;
	buf_deregister(b, 0);
	err = rb_import(w.dev, fd, RB_READ, &id);
	ALLOW("import", err, ESTALE, ENOMEM);
	if (err)
		return;
	*b = (struct buf){
		.id = id,
		.len = letter->len,
		.key = letter->key,
		.base = letter->base,
		.access = RB_READ,
		.imported = true,
	};
}

/* A few of them. */
void mail_read(void)
{
	struct letter letter;
	int fd;

	for (int i = 0; i < 4; i++) {
		if (rb_take(w.mail, &letter, sizeof(letter), &fd))
			return;
		if (fd < 0)
			continue;
		import(fd, &letter);
		close(fd);
	}
}
