// SPDX-License-Identifier: GPL-2.0
/*
 * Other processes, descriptors, rights.
 */
#define _GNU_SOURCE
#include "world.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In a forked child: what is not its own is refused. */
static void fz_kid_tries(struct fz_world *w)
{
	static const __u64 arg[FZ_ARGS] = { 0, 0, 4096, 3 };

	fz_call_stats(w, arg);
	fz_call_register(w, arg);
	fz_call_enter(w, arg);
	munmap(FZ_ARENA, FZ_ARENA_SIZE / 2);
}

/* In a forked child: a context of its own, with what it was given. */
static void fz_kid_imports(struct fz_world *w)
{
	static const __u64 none[FZ_ARGS] = { };
	static const __u64 reg[FZ_ARGS] = { 0, 0, 8192, 3 };
	static const __u64 sock[FZ_ARGS] = { 4 };
	static const __u64 send[FZ_ARGS] = { 0, 0, 1, 1, 0, 0, 1000 };

	w->nr_bufs = 0;
	w->nr_socks = 0;
	w->nr_queues = 0;
	w->dev[0] = open(REGBUF_DEVICE, O_RDWR | O_CLOEXEC);
	fz_call_import(w, none);
	fz_call_register(w, reg);
	fz_call_sock(w, sock);
	fz_call_send(w, send);
}

static void fz_kid(struct fz_world *w, __u64 what)
{
	switch (what) {
	case 0:
		fz_kid_tries(w);
		break;
	case 1:
		pause();
		break;
	case 2:
		fz_kid_imports(w);
		break;
	case 3:
		fz_kid_imports(w);
		pause();
		break;
	case 4:
		fcntl(w->dev[0], F_SETFD, 0);
		fcntl(fz_queue(w, 0)->fd, F_SETFD, 0);
		execl("/proc/self/exe", "fuzz", "-x", NULL);
		break;
	default:
		close_range(3, ~0U, 0);
		pause();
	}
	_exit(0);
}

/* what: a child that shares no memory; what & 8: one that does */
long fz_call_fork(struct fz_world *w, const __u64 *arg)
{
	pid_t pid;

	if (w->nr_kids == FZ_KIDS)
		return -1;
	if (arg[0] & 8) {
		static const __u64 reg[FZ_ARGS] = { 0, 0, 4096, 3 };

		pid = vfork();
		if (!pid) {
			fz_call_register(w, reg);
			_exit(0);
		}
	} else {
		pid = fork();
		if (!pid)
			fz_kid(w, arg[0] % 6);
	}
	if (pid > 0)
		w->kid[w->nr_kids++] = pid;
	return pid;
}

void fz_kids_end(struct fz_world *w)
{
	while (w->nr_kids) {
		pid_t pid = w->kid[--w->nr_kids];

		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && kill(pid, 0) == 0)
			;
	}
}

/* which: as if without, or again with them */
long fz_call_caps(struct fz_world *w, const __u64 *arg)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -1;
	data[0].effective = data[0].permitted;
	if (arg[0] & 1)
		data[0].effective &= ~(1u << CAP_IPC_LOCK);
	if (arg[0] & 2)
		data[0].effective &= ~(1u << CAP_SYS_NICE);
	if (arg[0] & 4)
		data[0].effective &= ~(1u << CAP_NET_ADMIN);
	return syscall(SYS_capset, &header, data);
}

/* pages */
long fz_call_memlock(struct fz_world *w, const __u64 *arg)
{
	struct rlimit limit = { .rlim_cur = arg[0] * FZ_PAGE };

	limit.rlim_max = RLIM_INFINITY;
	return setrlimit(RLIMIT_MEMLOCK, &limit);
}

/* descriptor */
long fz_call_close(struct fz_world *w, const __u64 *arg)
{
	int fd = fz_fd(w, arg[0]);

	return fd >= 0 ? close(fd) : -1;
}

/* descriptor: what else one can do with any */
long fz_call_dup(struct fz_world *w, const __u64 *arg)
{
	int fd = fz_fd(w, arg[0]);
	char path[64], text[1024];
	int info;
	long ret;

	switch (arg[1] % 5) {
	case 0:
		return fcntl(fd, F_DUPFD_CLOEXEC, 0);
	case 1:
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		info = open(path, O_RDONLY | O_CLOEXEC);
		ret = read(info, text, sizeof(text));
		close(info);
		return ret;
	case 2:
		return fd == w->event ? -1 :
		       read(fd, text, sizeof(text));
	case 3:
		return lseek(fd, 0, SEEK_END);
	default:
		return fcntl(fd, F_SETFL,
			     arg[1] & 8 ? O_NONBLOCK | O_ASYNC : 0);
	}
}

/* descriptor: into a socket, where nobody takes it out */
long fz_call_pass(struct fz_world *w, const __u64 *arg)
{
	char control[CMSG_SPACE(sizeof(int))] = { };
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int fd = fz_fd(w, arg[0]), sv[2];
	long ret;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sv))
		return -1;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	ret = sendmsg(sv[0], &msg, MSG_DONTWAIT);
	if (arg[1] & 1)
		recvmsg(sv[1], &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	close(sv[0]);
	if (arg[1] & 2)
		close(sv[1]);
	return ret;
}

/* descriptor, how, events */
long fz_call_poll(struct fz_world *w, const __u64 *arg)
{
	struct pollfd pfd = { .fd = fz_fd(w, arg[0]), .events = arg[2] };
	struct epoll_event event = { .events = arg[2] };

	if (arg[1] & 1)
		return poll(&pfd, 1, arg[1] >> 1 & 3);
	if (w->epoll < 0)
		w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (arg[1] & 2)
		return epoll_wait(w->epoll, &event, 1, 1);
	return epoll_ctl(w->epoll, arg[1] & 4 ? EPOLL_CTL_DEL : EPOLL_CTL_ADD,
			 pfd.fd, &event);
}

/* microseconds: time for workers */
long fz_call_nap(struct fz_world *w, const __u64 *arg)
{
	struct timespec ts = { .tv_nsec = arg[0] % 3000 * 1000 };

	return nanosleep(&ts, NULL);
}

/* which of the module's parameters, what */
long fz_call_param(struct fz_world *w, const __u64 *arg)
{
	char text[32];
	int fd, length;
	long ret;

	fd = open(arg[0] & 1 ? "/sys/module/regbuf/parameters/copy_below" :
		  "/sys/module/regbuf/parameters/flight_requests",
		  O_WRONLY | O_CLOEXEC);
	length = snprintf(text, sizeof(text), "%u", (__u32)arg[1]);
	ret = write(fd, text, length);
	close(fd);
	return ret;
}
