// SPDX-License-Identifier: MIT
/* Overlapped sending and receiving. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "async.h"
#include "transfer.h"

/* So much of it is done. */
static void advance(struct async_request *req, size_t n)
{
	struct libc_msghdr *msg = &req->msg;

	req->done += n;
	while (msg->iovlen && n >= msg->iov->iov_len) {
		n -= msg->iov->iov_len;
		msg->iov++;
		msg->iovlen--;
	}
	if (msg->iovlen) {
		msg->iov->iov_base = (char *)msg->iov->iov_base + n;
		msg->iov->iov_len -= n;
	}
}

static enum async_step fail(struct async_request *req, DWORD code)
{
	req->code = code;
	return ASYNC_DONE;
}

static ssize_t receive(struct async_sock *s, struct async_request *req)
{
	const int flags = (int)req->flags | LIBC_MSG_DONTWAIT;
	ssize_t n;

	do {
		req->msg.namelen = req->room;
		n = libc_recvmsg(s->fd, &req->msg, flags);
	} while (n < 0 && (errno == EINTR || win_is_muted(s->fd, errno)));
	return n;
}

enum async_step async_recv_step(struct async_sock *s, struct async_request *req)
{
	ssize_t n = receive(s, req);

	if (n < 0 && errno == EAGAIN)
		return ASYNC_WAIT;
	if (n < 0)
		return fail(req, win_recv_code(s->fd, errno));
	advance(req, (size_t)n);
	if (s->stream && req->flags & MSG_WAITALL && n &&
	    req->done < req->length)
		return async_recv_step(s, req);
	if (req->msg.flags & MSG_TRUNC)
		req->code = WSAEMSGSIZE;
	/* A stream's are not given. */
	if (req->from_len && req->msg.namelen)
		*req->from_len = (INT)req->msg.namelen;
	return ASYNC_DONE;
}

enum async_step async_send_step(struct async_sock *s, struct async_request *req)
{
	const int flags = (int)req->flags | LIBC_MSG_DONTWAIT |
			  LIBC_MSG_NOSIGNAL;
	DWORD code = 0;
	ssize_t n;

	do {
		n = libc_sendmsg(s->fd, &req->msg, flags);
		if (n > 0)
			advance(req, (size_t)n);
	} while ((n > 0 && s->stream && req->done < req->length) ||
		 (n < 0 && (errno == EINTR || win_is_muted(s->fd, errno))));
	if (n >= 0)
		return ASYNC_DONE;
	if (errno == EAGAIN)
		return ASYNC_WAIT;
	if (errno == EINVAL && req->msg.name)
		code = win_addr_check(s->fd, req->msg.name,
				      (int)req->msg.namelen);
	return fail(req, code ? code : win_send_code(s->fd, errno));
}

DWORD async_excluded(int fd, enum async_lane lane)
{
	return win_rio_uses(fd, lane == ASYNC_OUT) ? ERROR_BUSY : 0;
}

static DWORD put_bufs(struct async_request *req, const WSABUF *bufs,
		      DWORD count)
{
	WSABUF some[16];
	DWORD i;

	for (i = 0; i < count; i++) {
		if (i % 16 == 0 &&
		    !win_copy_in(some, bufs + i, sizeof(some[0]) *
				 (count - i < 16 ? count - i : 16)))
			return WSAEFAULT;
		req->iov[i].iov_base = some[i % 16].buf;
		req->iov[i].iov_len = some[i % 16].len;
		req->length += some[i % 16].len;
	}
	return 0;
}

/* With the buffers. NULL and *@code. */
static struct async_request *request(const WSABUF *bufs, DWORD count,
				     LPOVERLAPPED overlapped, DWORD *code)
{
	struct async_request *req;

	*code = !bufs ? WSAEFAULT : !count ? WSAEINVAL :
		count > IOV_MAX ? WSAENOBUFS : 0;
	if (*code)
		return NULL;
	req = async_request_new(count, overlapped, code);
	if (!req)
		return NULL;
	*code = put_bufs(req, bufs, count);
	if (!*code)
		return req;
	req->code = *code;
	async_request_free(req);
	return NULL;
}

/* What is wrong with the request, if @code: else it begins. */
static DWORD begin(int fd, enum async_lane lane, struct async_request *req,
		   DWORD code, DWORD *bytes)
{
	struct async_sock *s = NULL;

	if (!code)
		code = async_excluded(fd, lane);
	if (!code)
		s = async_get(fd, &code);
	if (!s) {
		req->code = code;
		async_request_free(req);
		return code;
	}
	code = async_start(s, lane, req, bytes);
	async_put(s);
	return code;
}

static DWORD take_to(struct async_request *req, const struct sockaddr *to,
		     int length)
{
	if (!to)
		return 0;
	if (length < 0)
		return WSAEFAULT;
	if (length > (int)sizeof(req->name))
		length = sizeof(req->name);
	req->msg.name = &req->name;
	req->msg.namelen = (unsigned int)length;
	return win_copy_in(&req->name, to, (size_t)length) ? 0 : WSAEFAULT;
}

DWORD win_async_send(int fd, const WSABUF *bufs, DWORD count, DWORD *sent,
		     DWORD flags, const struct sockaddr *to, int to_len,
		     LPOVERLAPPED overlapped)
{
	struct async_request *req;
	DWORD code;

	req = request(bufs, count, overlapped, &code);
	if (!req)
		return code;
	req->step = async_send_step;
	req->flags = flags;
	code = take_to(req, to, to_len);
	if (!code)
		code = win_check_send(fd, &req->msg, flags);
	return begin(fd, ASYNC_OUT, req, code, sent);
}

static DWORD take_from(struct async_request *req, struct sockaddr *from,
		       INT *from_len)
{
	INT room;

	if (!from)
		return 0;
	if (!win_copy_in(&room, from_len, sizeof(room)) || room < 0)
		return WSAEFAULT;
	req->from_len = from_len;
	req->room = (unsigned int)room;
	req->msg.name = from;
	req->msg.namelen = req->room;
	return 0;
}

DWORD win_async_recv(int fd, const WSABUF *bufs, DWORD count, DWORD *received,
		     DWORD flags, struct sockaddr *from, INT *from_len,
		     LPOVERLAPPED overlapped)
{
	struct async_request *req;
	DWORD code;

	req = request(bufs, count, overlapped, &code);
	if (!req)
		return code;
	req->step = async_recv_step;
	code = take_from(req, from, from_len);
	if (!code)
		code = win_check_recv(fd, &req->msg, flags);
	req->flags = flags;
	return begin(fd, ASYNC_IN, req, code, received);
}
