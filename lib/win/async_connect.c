// SPDX-License-Identifier: MIT
/* ConnectEx() and DisconnectEx(), and shutdown() after what is to be sent. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <mswsock.h>

#include "async.h"

static enum async_step fail(struct async_request *req, DWORD code)
{
	req->code = code;
	req->late = true;
	return ASYNC_DONE;
}

/* Whether it blocks is the program's; this is not to. */
static int try_connect(int fd, const void *name, unsigned int length)
{
	int flags = fcntl(fd, F_GETFL), err;

	if (!(flags & O_NONBLOCK))
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	err = libc_connect(fd, name, length) ? errno : 0;
	if (!(flags & O_NONBLOCK))
		fcntl(fd, F_SETFL, flags);
	return err;
}

static enum async_step connected(struct async_sock *s,
				 struct async_request *req)
{
	win_sock_mark(s->fd, SOCK_BOUND, SOCK_CONNECTING);
	req->msg.name = NULL;
	req->msg.namelen = 0;
	req->step = async_send_step;
	return req->length ? async_send_step(s, req) : ASYNC_DONE;
}

static enum async_step await_step(struct async_sock *s,
				  struct async_request *req)
{
	struct libc_pollfd poll = { .fd = s->fd, .events = POLLOUT };
	int err;

	if (libc_poll(&poll, 1, 0) < 1)
		return ASYNC_WAIT;
	err = win_sock_option(s->fd, SO_ERROR, EBADF);
	return err ? fail(req, win_wsa_code(err)) : connected(s, req);
}

static enum async_step connect_step(struct async_sock *s,
				    struct async_request *req)
{
	int err = try_connect(s->fd, &req->name, req->msg.namelen);

	if (err == EINPROGRESS || err == EINTR) {
		req->step = await_step;
		return ASYNC_WAIT;
	}
	return err ? fail(req, win_wsa_code(err)) : connected(s, req);
}

static bool has_peer(int fd)
{
	SOCKADDR_STORAGE name;
	unsigned int length = sizeof(name);

	return !libc_getpeername(fd, &name, &length);
}

static DWORD check(const struct async_sock *s, const SOCKADDR_STORAGE *name,
		   int length)
{
	const struct sockaddr *addr = (const struct sockaddr *)name;
	DWORD code;

	if (!s->stream)
		return WSAEOPNOTSUPP;
	if (win_sock_option(s->fd, SO_ACCEPTCONN, 0) ||
	    (!win_sock_bound(s->fd) && !s->reused))
		return WSAEINVAL;
	if (has_peer(s->fd))
		return WSAEISCONN;
	code = win_addr_check(s->fd, addr, length);
	if (code)
		return code;
	return win_addr_nobody(addr) ? WSAEADDRNOTAVAIL : 0;
}

static DWORD start(int fd, struct async_request *req, int length, DWORD *bytes)
{
	DWORD code = 0;
	struct async_sock *s = async_get(fd, &code);

	if (s)
		code = check(s, &req->name, length);
	if (!code && req->length)
		code = async_excluded(fd, ASYNC_OUT);
	if (code) {
		req->code = code;
		async_request_free(req);
	} else {
		req->step = connect_step;
		req->msg.namelen = (unsigned int)length;
		code = async_start(s, ASYNC_OUT, req, bytes);
	}
	if (s)
		async_put(s);
	return code;
}

BOOL win_connect_ex(SOCKET s, const struct sockaddr *name, int length,
		    PVOID data, DWORD data_len, LPDWORD sent,
		    LPOVERLAPPED overlapped)
{
	struct async_request *req;
	SOCKADDR_STORAGE copy = { 0 };
	int fd = win_sock(s);
	DWORD code;

	if (fd < 0)
		return FALSE;
	if (!overlapped)
		return win_refuse(ERROR_INVALID_PARAMETER);
	if (length > (int)sizeof(copy))
		length = sizeof(copy);
	if (length < 0 || !win_copy_in(&copy, name, (size_t)length))
		return win_refuse(WSAEFAULT);
	req = async_request_new(1, overlapped, &code);
	if (!req)
		return win_refuse(code);
	req->name = copy;
	req->iov[0].iov_base = data;
	req->length = data ? data_len : 0;
	req->iov[0].iov_len = req->length;
	code = start(fd, req, length, sent);
	return !code || win_refuse(code);
}

static enum async_step shutdown_step(struct async_sock *s,
				     struct async_request *req)
{
	(void)req;
	libc_shutdown(s->fd, SD_SEND);
	return ASYNC_DONE;
}

bool win_async_shutdown(int fd)
{
	struct async_sock *s = async_find(fd);
	struct async_request *req = NULL;
	DWORD code;

	if (!s)
		return false;
	pthread_mutex_lock(&s->lock);
	if (!TAILQ_EMPTY(&s->lanes[ASYNC_OUT]))
		req = async_request_new(0, NULL, &code);
	if (req) {
		req->step = shutdown_step;
		async_queue(s, ASYNC_OUT, req);
	}
	pthread_mutex_unlock(&s->lock);
	async_put(s);
	return req;
}

/* Another socket takes its place; this one is closed in peace. */
static DWORD begin_again(struct async_sock *s)
{
	int family = win_sock_option(s->fd, LIBC_SO_DOMAIN, AF_INET);
	int other = libc_socket(family, SOCK_STREAM, 0), only = 1;
	unsigned int length = sizeof(only);
	DWORD code;

	if (other < 0)
		return win_wsa_code(errno);
	if (family == AF_INET6 &&
	    !libc_getsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &length))
		libc_setsockopt(other, IPPROTO_IPV6, IPV6_V6ONLY, &only,
				length);
	async_abort(s, ASYNC_IN, ERROR_OPERATION_ABORTED);
	code = async_replace(s, other, 0);
	s->reused = !code;
	return code;
}

static enum async_step disconnect_step(struct async_sock *s,
				       struct async_request *req)
{
	/* RIO does it after what it sends. */
	if (!req->began && libc_shutdown(s->fd, SD_SEND))
		return fail(req, win_wsa_code(errno));
	win_sock_mark(s->fd, SOCK_SHUT_SEND, 0);
	if (req->reuse)
		req->code = begin_again(s);
	return ASYNC_DONE;
}

static DWORD disconnect(int fd, struct async_request *req)
{
	DWORD code = 0;
	struct async_sock *s = async_get(fd, &code);

	if (s && !has_peer(fd))
		code = WSAENOTCONN;
	if (code) {
		req->code = code;
		async_request_free(req);
		if (s)
			async_put(s);
		return code;
	}
	req->step = disconnect_step;
	req->began = win_rio_shutdown(fd) || win_ioring_shutdown(fd);
	if (req->reuse) {
		win_rio_close(fd);
		win_ioring_close(fd);
		win_san_close(fd);
	}
	code = async_start(s, ASYNC_OUT, req, NULL);
	async_put(s);
	return code;
}

/* Without an OVERLAPPED it's through when it returns. */
static DWORD disconnect_now(int fd, struct async_request *req)
{
	static __thread OVERLAPPED own;
	DWORD code;

	req->overlapped = &own;
	own.Internal = STATUS_PENDING;
	/* That bit: no packet. */
	own.hEvent = (HANDLE)1;
	code = disconnect(fd, req);
	if (code != WSA_IO_PENDING)
		return code;
	async_wait(&own);
	return win_status_wsa((DWORD)own.Internal);
}

BOOL win_disconnect_ex(SOCKET s, LPOVERLAPPED overlapped, DWORD flags,
		       DWORD reserved)
{
	struct async_request *req;
	int fd = win_sock(s);
	DWORD code;

	if (fd < 0)
		return FALSE;
	if (flags & ~TF_REUSE_SOCKET || reserved)
		return win_refuse(WSAEINVAL);
	req = async_request_new(0, overlapped, &code);
	if (!req)
		return win_refuse(code);
	req->reuse = flags & TF_REUSE_SOCKET;
	code = overlapped ? disconnect(fd, req) : disconnect_now(fd, req);
	return !code || win_refuse(code);
}
