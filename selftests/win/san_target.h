/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SAN_TARGET_H
#define SAN_TARGET_H

/*
 * Memory of another process, over a connection: that one does what it is told,
 * and this one reads and writes.
 */
#include <winsock2.h>
#include <ws2san.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "plain.h"
#include "plain_san.h"
#include "regbuf_alarms.h"

#define PAGE	4096UL
#define SIZE	(64 * PAGE)
/* More than is given and taken in one go; of that little is touched mostly. */
#define BIG	(8UL << 20)
#define FILLED	(2 * SIZE)
/* The first bytes of a descriptor, which a program should not know of. */
#define PORT_AT	4
#define KEY_AT	8
#define LENGTH_AT	24
#define ACCESS_AT	28

struct descriptor {
	DWORD length;
	unsigned char bytes[64];
};

enum what {
	EXPOSE,
	WITHDRAW,
	CLOSE,
	SHUTDOWN,
	FILL,
	LOOK,
	UNMAP,
	FORK,
	FDS,
	ALARMS,
	LEAVE,
};

struct order {
	enum what what;
	int socket;		/* which of the two */
	size_t offset;
	size_t length;
	DWORD flags;
	int byte;
	struct descriptor d;
};

struct report {
	int result;
	int err;
	struct descriptor d;
};

static char *map(size_t length, int fill)
{
	char *mem = mmap(NULL, length, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	memset(mem, fill, length < FILLED ? length : FILLED);
	return mem;
}

/* Are all bytes that? */
static int look(const char *mem, size_t length, int byte)
{
	return length && (mem[0] != (char)byte ||
			  memcmp(mem, mem + 1, length - 1)) ? -1 : 0;
}

static int fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static void target_fork(struct report *r)
{
	pid_t pid = fork();

	/* It lives until it is killed with the parent's group. */
	if (!pid)
		for (;;)
			pause();
	r->result = pid;
}

static void target_do(const struct order *o, struct report *r, SOCKET *s,
		      char *mem)
{
	r->d = o->d;
	switch (o->what) {
	case EXPOSE:
		r->d.length = o->byte ? (DWORD)o->byte : sizeof(r->d.bytes);
		r->result = WSPRegisterRdmaMemory(s[o->socket], mem + o->offset,
						  (DWORD)o->length, o->flags,
						  r->d.bytes, &r->d.length,
						  &r->err);
		break;
	case WITHDRAW:
		r->result = WSPDeregisterRdmaMemory(s[o->socket], r->d.bytes,
						    r->d.length, &r->err);
		break;
	case CLOSE:
		r->result = closesocket(s[o->socket]);
		break;
	case SHUTDOWN:
		r->result = shutdown(s[o->socket], SD_SEND);
		break;
	case FILL:
		memset(mem + o->offset, o->byte, o->length);
		break;
	case LOOK:
		r->result = look(mem + o->offset, o->length, o->byte);
		break;
	case UNMAP:
		r->result = mmap(mem + o->offset, o->length,
				 PROT_READ | PROT_WRITE, MAP_FIXED |
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			    MAP_FAILED;
		break;
	case FORK:
		target_fork(r);
		break;
	case FDS:
		r->result = fds();
		break;
	case ALARMS:
		r->result = rb_start_alarms(SA_RESTART);
		break;
	case LEAVE:
		_exit(0);
	}
}

static void target(int in, int out, SOCKET *s)
{
	char *mem = map(BIG, 't');
	struct order o;

	while (read(in, &o, sizeof(o)) == sizeof(o)) {
		struct report r = { 0 };

		target_do(&o, &r, s, mem);
		if (write(out, &r, sizeof(r)) != sizeof(r))
			break;
	}
	_exit(0);
}

FIXTURE(rdma) {
	pid_t pid;
	int to;
	int from;
	char *mem;
	SOCKET s;
	SOCKET o;
	HANDLE h;
};

FIXTURE_VARIANT(rdma) {
	int family;
	bool net;
};

FIXTURE_VARIANT_ADD(rdma, ipv4) {
	.family = AF_INET,
};

/* Where memory is sent from as it is; and the other family. */
FIXTURE_VARIANT_ADD(rdma, network) {
	.family = AF_INET6,
	.net = true,
};

static int pair(int family, bool net, int sv[2])
{
	return net ? plain_san_pair(family, sv) :
		     plain_pair(family, SOCK_STREAM, false, sv);
}

FIXTURE_SETUP(rdma)
{
	int sv[2], other[2], to[2], from[2], err = 0;
	WSADATA data;
	SOCKET s[2];

	ASSERT_EQ(0, WSAStartup(MAKEWORD(2, 2), &data));
	if (variant->net)
		ASSERT_EQ(0, plain_san_net());
	ASSERT_EQ(0, pair(variant->family, variant->net, sv));
	ASSERT_EQ(0, pair(variant->family, variant->net, other));
	ASSERT_EQ(0, pipe(to));
	ASSERT_EQ(0, pipe(from));
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		setpgid(0, 0);
		close(sv[0]);
		close(other[0]);
		close(to[1]);
		s[0] = (SOCKET)sv[1];
		s[1] = (SOCKET)other[1];
		if (variant->net)
			plain_san_enter();
		target(to[0], from[1], s);
	}
	setpgid(self->pid, self->pid);
	close(sv[1]);
	close(other[1]);
	close(to[0]);
	close(from[1]);
	self->to = to[1];
	self->from = from[0];
	self->s = (SOCKET)sv[0];
	self->o = (SOCKET)other[0];
	self->mem = map(BIG, 'i');
	ASSERT_NE(NULL, self->mem);
	self->h = WSPRegisterMemory(self->s, self->mem, SIZE, MEM_READWRITE,
				    &err);
	ASSERT_NE(NULL, self->h);
	SetLastError(4711);
}

FIXTURE_TEARDOWN(rdma)
{
	/* S41 */
	EXPECT_EQ(4711, GetLastError());
	close(self->to);
	closesocket(self->s);
	closesocket(self->o);
	kill(-self->pid, SIGKILL);
	waitpid(self->pid, NULL, 0);
}

static struct report tell(FIXTURE_DATA(rdma) *self, struct order o)
{
	struct report r = { .result = -2 };

	if (write(self->to, &o, sizeof(o)) != sizeof(o) ||
	    read(self->from, &r, sizeof(r)) != sizeof(r))
		r.result = -3;
	return r;
}

#define TELL(...)	tell(self, (struct order){ __VA_ARGS__ })

static struct descriptor expose(FIXTURE_DATA(rdma) *self, size_t length,
				DWORD flags)
{
	struct report r = TELL(.what = EXPOSE, .length = length,
			       .flags = flags);

	if (r.result)
		r.d.length = 0;
	return r.d;
}

static int move(bool write, SOCKET s, WSABUFEX *bufs, DWORD nr,
		struct descriptor d, DWORD offset, DWORD *bytes)
{
	DWORD n = 0xffffffff;
	int err = 0;

	if ((write ? WSPRdmaWrite : WSPRdmaRead)(s, bufs, nr, d.bytes, d.length,
						 offset, &n, 0, NULL, NULL,
						 NULL, &err))
		return err ? err : -1;
	*bytes = n;
	return 0;
}

/* One piece of this side's memory; 0, a code, or -1 if it was not all. */
static int put(FIXTURE_DATA(rdma) *self, size_t from, size_t length,
	       struct descriptor d, DWORD offset)
{
	WSABUFEX buf = { (ULONG)length, self->mem + from, self->h };
	DWORD n = 0;
	int err = move(true, self->s, &buf, 1, d, offset, &n);

	return err ? err : n == length ? 0 : -1;
}

static int get(FIXTURE_DATA(rdma) *self, size_t to, size_t length,
	       struct descriptor d, DWORD offset)
{
	WSABUFEX buf = { (ULONG)length, self->mem + to, self->h };
	DWORD n = 0;
	int err = move(false, self->s, &buf, 1, d, offset, &n);

	return err ? err : n == length ? 0 : -1;
}

static int there(FIXTURE_DATA(rdma) *self, size_t offset, size_t length,
		 int byte)
{
	return TELL(.what = LOOK, .offset = offset, .length = length,
		    .byte = byte).result;
}

#endif /* SAN_TARGET_H */
