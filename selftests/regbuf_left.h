/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_LEFT_H
#define REGBUF_LEFT_H

/* What a user has left behind who is gone: pages that the network has. */

#include "regbuf_buf.h"

#define RB_LEFT		16	/* pages */

/*
 * Somebody sends all that he may pin into a socket with room for it, and is
 * gone before it is acknowledged.
 */
static inline int rb_send_and_exit(struct rb_rig *rig)
{
	struct regbuf_ioc_send msg;
	size_t len = RB_LEFT * RB_PAGE;
	pid_t pid = fork();

	if (pid)
		return rb_child_result(pid);
	if (rb_set_memlock(RB_LEFT) ||
	    setresuid(RB_NOBODY, RB_NOBODY, RB_NOBODY))
		_exit(1);
	rig->dev = rb_open();
	rig->mem = rb_pages(RB_LEFT);
	if (rb_register(rig->dev, rig->mem, len, RB_READ, &rig->id) ||
	    rb_rig_send(rig, 0, len, &msg) || msg.zerocopied != len)
		_exit(1);
	_exit(0);
}

/* Pages that a user is charged with; 255 if he cannot even ask. */
static inline int rb_charged_to(uid_t uid)
{
	pid_t pid = fork();

	if (pid)
		return rb_child_result(pid);
	if (rb_set_memlock(RB_LEFT) || setresuid(uid, uid, uid))
		_exit(255);
	_exit(rb_charged(rb_open()));
}

#endif /* REGBUF_LEFT_H */
