/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_BUF_H
#define REGBUF_BUF_H

/*
 * What tests of buffers share: tables and exports as functions that return 0 or
 * -errno, what a buffer is and sends, and another process to share it with.
 */

#include "regbuf_lane.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define RB_NOBODY	65534

/* An entry of a table; with length 0 an empty one. */
static inline struct regbuf_array_entry rb_entry(void *addr, __u64 length,
						 __u32 access)
{
	return (struct regbuf_array_entry){
		.addr = (unsigned long)addr,
		.length = length,
		.access = access,
	};
}

static inline struct regbuf_ioc_array
rb_array_args(__u32 flags, const struct regbuf_array_entry *entries, __u32 nr,
	      __u32 first)
{
	return (struct regbuf_ioc_array){
		.size = sizeof(struct regbuf_ioc_array),
		.flags = flags,
		.entries = (unsigned long)entries,
		.nr = nr,
		.first = first,
	};
}

/* Replace the whole table. */
static inline int rb_array(int fd, struct regbuf_array_entry *entries, __u32 nr)
{
	struct regbuf_ioc_array array = rb_array_args(0, entries, nr, 0);

	return rb_ioctl(fd, REGBUF_IOC_ARRAY, &array);
}

/* Some of its entries, from @first on. */
static inline int rb_array_update(int fd, struct regbuf_array_entry *entries,
				  __u32 nr, __u32 first)
{
	struct regbuf_ioc_array array =
		rb_array_args(REGBUF_ARRAY_F_UPDATE, entries, nr, first);

	return rb_ioctl(fd, REGBUF_IOC_ARRAY, &array);
}

/* A descriptor for others to import, or -errno. */
static inline int rb_export(int fd, __u64 id, __u64 offset, __u64 length,
			    __u32 access)
{
	struct regbuf_ioc_export arg = {
		.size = sizeof(arg),
		.id = id,
		.offset = offset,
		.length = length,
		.access = access,
	};
	int err = rb_ioctl(fd, REGBUF_IOC_EXPORT, &arg);

	return err ?: arg.fd;
}

static inline int rb_import(int fd, int export, __u32 access, __u64 *id)
{
	struct regbuf_ioc_import arg = {
		.size = sizeof(arg),
		.fd = export,
		.access = access,
	};
	int err = rb_ioctl(fd, REGBUF_IOC_IMPORT, &arg);

	*id = arg.id;
	return err;
}

/* All exports of a buffer; with id 0 that one. */
static inline int rb_revoke(int fd, __u64 id, int export)
{
	struct regbuf_ioc_revoke arg = {
		.size = sizeof(arg),
		.id = id,
		.fd = export,
	};

	return rb_ioctl(fd, REGBUF_IOC_REVOKE, &arg);
}

/*
 * What a buffer is
 */

/* REGBUF_STATE_*, or -errno */
static inline int rb_state(int dev, __u64 id)
{
	struct regbuf_ioc_status status;
	int err = rb_status(dev, id, &status);

	return err ?: (int)status.state;
}

/* 0 if all of it can be sent, and these bytes arrive; or -errno. */
static inline int rb_carries(int dev, __u64 id, const void *bytes, size_t len)
{
	char *got = malloc(len);
	int err = rb_fetch(dev, id, 0, len, got);

	if (!err && memcmp(got, bytes, len))
		err = -EBADMSG;
	free(got);
	return err;
}

/* The result of a send of its first byte to nowhere in particular. */
static inline int rb_use(int dev, __u64 id)
{
	struct regbuf_ioc_send msg;
	int sv[2], err;

	if (rb_pair(NULL, AF_INET, SOCK_DGRAM, sv))
		return -errno;
	err = rb_send(dev, sv[0], id, 0, 1, &msg);
	close(sv[0]);
	close(sv[1]);
	return err;
}

/* Pages that the machine has pinned more than @before, in a moment or so. */
static inline int rb_pinned(long before, long pages)
{
	if (rb_within(20, rb_pins() == before + pages))
		return 1;
	fprintf(stderr, "# %ld pages pinned, not %ld\n", rb_pins() - before,
		pages);
	return 0;
}

/* A process that is done: its result, or -1. */
static inline int rb_child_result(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static inline int rb_set_memlock(unsigned long pages)
{
	struct rlimit limit = { pages * RB_PAGE, pages * RB_PAGE };

	return setrlimit(RLIMIT_MEMLOCK, &limit);
}

/*
 * Pages that this user is charged with: a buffer that does not fit into the
 * soft limit of 0 tells. Not for the privileged, who are not charged.
 */
static inline long rb_charged(int dev)
{
	struct regbuf_ioc_register reg;
	struct rlimit limit;
	static char *page;
	int err;

	if (!page)
		page = rb_pages(1);
	getrlimit(RLIMIT_MEMLOCK, &limit);
	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ 0, limit.rlim_max });
	err = rb_register_flags(dev, page, RB_PAGE, RB_READ, 0, &reg);
	setrlimit(RLIMIT_MEMLOCK, &limit);
	return err == -ENOBUFS ? (long)reg.charged : -1;
}

/* Memory of the machine that was freed is soon somebody's: take much of it. */
static inline int rb_churn(void)
{
	size_t len = 64UL << 20;
	char *mem = rb_map(len, PROT_READ | PROT_WRITE, MAP_POPULATE);

	if (!mem)
		return -1;
	memset(mem, 0xa5, len);
	return munmap(mem, len);
}

/*
 * Descriptors between processes, each with some bytes
 */

static inline int rb_pass(int sock, const void *data, size_t len, int fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = rb_cmsg(control, SOL_SOCKET, SCM_RIGHTS,
					     &fd, sizeof(fd));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

/* @fd is -1 if there came none. */
static inline int rb_take(int sock, void *data, size_t len, int *fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { data, len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int *got;

	*fd = -1;
	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != (ssize_t)len)
		return -1;
	got = rb_cmsg_find(control, msg.msg_controllen, SOL_SOCKET, SCM_RIGHTS);
	if (got)
		memcpy(fd, got, sizeof(*fd));
	return 0;
}

/*
 * Another process, with a context of its own, that does what it is told. It has
 * one socket of the test's, to send on, and nothing else.
 */
enum rb_order {
	RB_DO_IMPORT,		/* a descriptor; @access; gives @id, @value */
	RB_DO_REGISTER,		/* @length of memory; gives @id */
	RB_DO_EXPORT,		/* @id, @access; gives a descriptor */
	RB_DO_REVOKE,		/* @id, or a descriptor */
	RB_DO_SEND,		/* @id, @offset, @length; gives bytes sent */
	RB_DO_STATE,		/* @id; gives @value: REGBUF_STATE_* */
	RB_DO_CHARGED,		/* gives pages that the user is charged with */
	RB_DO_DEREGISTER,	/* @id, @access: flags */
	RB_DO_DEVICE,		/* gives the device's descriptor */
	RB_DO_CLOSE,		/* the device */
	RB_DO_EXEC,		/* another program, that waits for the end */
	RB_DO_EXIT,
};

struct rb_task {
	enum rb_order what;
	__u32 access;
	__u32 length;
	__u64 id;
	__u64 offset;
};

struct rb_answer {
	int err;
	__u64 id;
	__u64 value;
};

struct rb_other {
	int sock;	/* set by the test, as the next two */
	int ns;		/* CLONE_NEW*: namespaces of its own */
	uid_t uid;
	int ctl;
	pid_t pid;
	int dev;	/* the process's own */
	struct rb_answer answer;
};

#define RB_EXEC_ENV	"REGBUF_TEST_WAITS"

/* The program after RB_DO_EXEC: until the test is done with it. */
static void __attribute__((constructor)) rb_other_after_exec(void)
{
	const char *ctl = getenv(RB_EXEC_ENV);
	struct rb_answer answer = {};
	char byte;

	if (!ctl)
		return;
	rb_pass(atoi(ctl), &answer, sizeof(answer), -1);
	_exit(recv(atoi(ctl), &byte, 1, 0) != 0);
}

static inline int rb_other_exec(const struct rb_other *o)
{
	char ctl[16];

	snprintf(ctl, sizeof(ctl), "%d", o->ctl);
	setenv(RB_EXEC_ENV, ctl, 1);
	execl("/proc/self/exe", "waits", NULL);
	return -errno;
}

static inline int rb_other_send(const struct rb_other *o,
				const struct rb_task *task,
				struct rb_answer *answer)
{
	struct regbuf_ioc_send msg;
	int err = rb_send(o->dev, o->sock, task->id, task->offset,
			  task->length, &msg);

	answer->value = msg.sent;
	return err;
}

static inline int rb_other_import(const struct rb_other *o,
				  const struct rb_task *task, int fd,
				  struct rb_answer *answer)
{
	struct regbuf_ioc_import arg = {
		.size = sizeof(arg),
		.fd = fd,
		.access = task->access,
	};
	int err = rb_ioctl(o->dev, REGBUF_IOC_IMPORT, &arg);

	answer->id = arg.id;
	answer->value = arg.length;
	return err;
}

/* Its pages are filled as those of rb_mem(). */
static inline int rb_other_register(const struct rb_other *o,
				    const struct rb_task *task,
				    struct rb_answer *answer)
{
	return rb_register(o->dev, rb_pages(task->length / RB_PAGE),
			   task->length, task->access, &answer->id);
}

/* Orders that give a descriptor: it or -errno. */
static inline int rb_other_gives(const struct rb_other *o,
				 const struct rb_task *task)
{
	if (task->what == RB_DO_DEVICE)
		return o->dev;
	return rb_export(o->dev, task->id, task->offset, task->length,
			 task->access);
}

static inline int rb_other_does(struct rb_other *o, const struct rb_task *task,
				int fd, struct rb_answer *answer)
{
	struct regbuf_ioc_deregister dereg;

	switch (task->what) {
	case RB_DO_IMPORT:
		return rb_other_import(o, task, fd, answer);
	case RB_DO_REGISTER:
		return rb_other_register(o, task, answer);
	case RB_DO_REVOKE:
		return rb_revoke(o->dev, task->id, fd < 0 ? 0 : fd);
	case RB_DO_SEND:
		return rb_other_send(o, task, answer);
	case RB_DO_STATE:
		answer->value = rb_state(o->dev, task->id);
		return 0;
	case RB_DO_CHARGED:
		answer->value = rb_charged(o->dev);
		return 0;
	case RB_DO_DEREGISTER:
		return rb_deregister_flags(o->dev, task->id, task->access, 0,
					   &dereg);
	case RB_DO_CLOSE:
		return close(o->dev);
	case RB_DO_EXEC:
		return rb_other_exec(o);
	default:
		_exit(0);
	}
}

/* One order; -1 at the end. */
static inline int rb_other_turn(struct rb_other *o)
{
	struct rb_answer answer = {};
	struct rb_task task;
	int fd, gives = -1;

	if (rb_take(o->ctl, &task, sizeof(task), &fd))
		return -1;
	if (task.what == RB_DO_EXPORT || task.what == RB_DO_DEVICE) {
		gives = rb_other_gives(o, &task);
		answer.err = gives < 0 ? gives : 0;
	} else {
		answer.err = rb_other_does(o, &task, fd, &answer);
	}
	rb_pass(o->ctl, &answer, sizeof(answer), gives);
	if (fd >= 0)
		close(fd);
	if (gives >= 0 && gives != o->dev)
		close(gives);
	return 0;
}

/* What it inherited keeps nothing of the test's open. */
static inline void rb_other_close_all(const struct rb_other *o)
{
	for (int fd = 3; fd < 256; fd++)
		if (fd != o->ctl && fd != o->sock)
			close(fd);
}

/* Survives exec; and so does what is opened here. */
static inline void rb_other_run(struct rb_other *o)
{
	rb_other_close_all(o);
	if (o->ns && unshare(o->ns))
		_exit(1);
	/* Only its children are in a namespace of processes of its own. */
	if (o->ns & CLONE_NEWPID) {
		pid_t pid = fork();

		if (pid)
			_exit(rb_child_result(pid));
	}
	o->dev = open(REGBUF_DEVICE, O_RDWR);
	if (o->dev < 0 || (o->uid && (rb_set_memlock(64) ||
				      setresuid(o->uid, o->uid, o->uid))))
		_exit(1);
	while (!rb_other_turn(o))
		;
	_exit(0);
}

static inline int rb_other_start(struct rb_other *o)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv))
		return -1;
	o->pid = fork();
	if (!o->pid) {
		o->ctl = sv[1];
		rb_other_run(o);
	}
	close(sv[1]);
	o->ctl = sv[0];
	return o->pid < 0 ? -1 : 0;
}

/* An order with a descriptor, or -1, for which one may come; or -errno. */
static inline int rb_other_trade(struct rb_other *o, struct rb_task task,
				 int fd, int *got)
{
	if (rb_pass(o->ctl, &task, sizeof(task), fd) ||
	    rb_take(o->ctl, &o->answer, sizeof(o->answer), got))
		return -EPIPE;
	return o->answer.err;
}

static inline int rb_other_do(struct rb_other *o, struct rb_task task)
{
	int got;

	return rb_other_trade(o, task, -1, &got);
}

/* What it imported gets @id. */
static inline int rb_other_imports(struct rb_other *o, int fd, __u32 access,
				   __u64 *id)
{
	struct rb_task task = { .what = RB_DO_IMPORT, .access = access };
	int got, err = rb_other_trade(o, task, fd, &got);

	*id = o->answer.id;
	return err;
}

static inline int rb_other_sends(struct rb_other *o, __u64 id, __u64 offset,
				 __u32 length)
{
	struct rb_task task = {
		.what = RB_DO_SEND,
		.id = id,
		.offset = offset,
		.length = length,
	};

	return rb_other_do(o, task);
}

static inline int rb_other_state(struct rb_other *o, __u64 id)
{
	struct rb_task task = { .what = RB_DO_STATE, .id = id };

	return rb_other_do(o, task) ?: (int)o->answer.value;
}

/* Let it register pages, and export all of them: a descriptor, or -errno. */
static inline int rb_other_exports(struct rb_other *o, __u32 length,
				   __u32 access, __u64 *id)
{
	struct rb_task task = {
		.what = RB_DO_REGISTER,
		.length = length,
		.access = access,
	};
	int fd, err = rb_other_do(o, task);

	if (err)
		return err;
	task = (struct rb_task){
		.what = RB_DO_EXPORT,
		.id = o->answer.id,
		.access = access,
	};
	*id = o->answer.id;
	err = rb_other_trade(o, task, -1, &fd);
	return err ?: fd;
}

/* Its end; what it returned. */
static inline int rb_other_end(struct rb_other *o)
{
	close(o->ctl);
	return rb_child_result(o->pid);
}

static inline void rb_other_kill(struct rb_other *o)
{
	kill(o->pid, SIGKILL);
	waitpid(o->pid, NULL, 0);
	close(o->ctl);
}

/*
 * Sends that stay in flight: over veth, with no acknowledgment until
 * rb_net_release().
 */
static inline int rb_rig_hold(struct rb_rig *rig, size_t len)
{
	if (rb_sockbuf(rig->near, SO_SNDBUFFORCE,
		       8 * (len < 65536 ? 65536 : len)))
		return -1;
	return rb_net_hold(&rig->net);
}

/* All that was sent arrives, as it was. */
static inline int rb_rig_lands(struct rb_rig *rig, const void *bytes,
			       size_t len)
{
	struct rb_sink sink;

	if (rb_net_release(&rig->net, rig->far) ||
	    rb_sink_start(&sink, rig->far, len))
		return -1;
	return rb_sink_finish(&sink, bytes);
}

#endif /* REGBUF_BUF_H */
