// SPDX-License-Identifier: MIT
/* Sending and receiving. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "netevent.h"
#include "transfer.h"

#define FEW	16

/* Buffers as Linux takes them. */
struct vector {
	struct iovec few[FEW];
	struct iovec *iov;
	size_t n;
};

static DWORD vector_init(struct vector *v, const WSABUF *bufs, DWORD count)
{
	DWORD i;

	if (!bufs)
		return WSAEFAULT;
	if (!count)
		return WSAEINVAL;
	if (count > IOV_MAX)
		return WSAENOBUFS;
	v->iov = count > FEW ? malloc(count * sizeof(*v->iov)) : v->few;
	if (!v->iov)
		return WSAENOBUFS;
	v->n = count;
	for (i = 0; i < count; i++) {
		v->iov[i].iov_base = bufs[i].buf;
		v->iov[i].iov_len = bufs[i].len;
	}
	return 0;
}

static void vector_end(struct vector *v)
{
	if (v->iov != v->few)
		free(v->iov);
}

static bool is_datagram(int fd)
{
	return win_sock_option(fd, SO_TYPE, SOCK_STREAM) != SOCK_STREAM;
}

/* What both directions have in common. */
static DWORD code_of(int fd, int err)
{
	switch (err) {
	case EAGAIN:
		return win_sock_blocks(fd) ? WSAETIMEDOUT : WSAEWOULDBLOCK;
	case ECONNREFUSED:
		return is_datagram(fd) ? WSAECONNRESET : WSAENOTCONN;
	default:
		return win_wsa_code(err);
	}
}

DWORD win_send_code(int fd, int err)
{
	struct libc_pollfd poll = { .fd = fd, .events = LIBC_POLLRDHUP };

	if (err != EPIPE)
		return code_of(fd, err);
	if (win_sock_flags(fd) & SOCK_SHUT_SEND)
		return WSAESHUTDOWN;
	/* The peer is gone, or there never was one. */
	libc_poll(&poll, 1, 0);
	return poll.revents & LIBC_POLLRDHUP ? WSAECONNABORTED : WSAENOTCONN;
}

DWORD win_recv_code(int fd, int err)
{
	return err == EPIPE ? WSAECONNRESET : code_of(fd, err);
}

bool win_is_muted(int fd, int err)
{
	return err == ECONNREFUSED && win_sock_flags(fd) & SOCK_NO_RESET;
}

static ssize_t send_msg(int fd, const struct libc_msghdr *msg, int flags)
{
	unsigned int ticket = win_sock_enter(fd);
	ssize_t n;

	do {
		n = libc_sendmsg(fd, msg, flags | LIBC_MSG_NOSIGNAL);
	} while (n < 0 && (errno == EINTR || win_is_muted(fd, errno)));
	if (!win_sock_leave(fd, ticket) || n > 0)
		return n;
	errno = EINTR;
	return -1;
}

DWORD win_check_send(int fd, const struct libc_msghdr *msg, DWORD flags)
{
	if (flags & ~(MSG_OOB | MSG_DONTROUTE))
		return WSAEOPNOTSUPP;
	if (win_sock_flags(fd) & SOCK_SHUT_SEND)
		return WSAESHUTDOWN;
	if (msg->namelen >= sizeof(SOCKADDR_IN) && win_addr_nobody(msg->name) &&
	    win_sock_option(fd, SO_TYPE, 0) == SOCK_DGRAM)
		return WSAEADDRNOTAVAIL;
	return 0;
}

static DWORD send_to(int fd, struct libc_msghdr *msg, DWORD flags, DWORD *sent)
{
	DWORD code = win_check_send(fd, msg, flags);
	ssize_t n;

	if (code)
		return code;
	n = send_msg(fd, msg, (int)flags);
	if (n < 0 && errno == EAGAIN)
		win_event_again(fd, FD_WRITE);
	if (n >= 0) {
		*sent = (DWORD)n;
		return 0;
	}
	if (errno == EINVAL && msg->name)
		code = win_addr_check(fd, msg->name, (int)msg->namelen);
	return code ? code : win_send_code(fd, errno);
}

static ssize_t recv_msg(int fd, struct libc_msghdr *msg, int flags)
{
	unsigned int ticket = win_sock_enter(fd);
	unsigned int namelen = msg->namelen;
	ssize_t n;

	do {
		msg->namelen = namelen;
		n = libc_recvmsg(fd, msg, flags);
	} while (n < 0 && (errno == EINTR || win_is_muted(fd, errno)));
	if (!win_sock_leave(fd, ticket) || n > 0)
		return n;
	errno = EINTR;
	return -1;
}

DWORD win_check_recv(int fd, const struct libc_msghdr *msg, DWORD flags)
{
	if (flags & ~(MSG_OOB | MSG_PEEK | MSG_WAITALL))
		return WSAEOPNOTSUPP;
	if (win_sock_flags(fd) & SOCK_SHUT_RECV)
		return WSAESHUTDOWN;
	if (flags & (MSG_OOB | MSG_WAITALL) && is_datagram(fd))
		return WSAEOPNOTSUPP;
	/* Linux would wait for what can't come. */
	if (!win_sock_bound(fd) && is_datagram(fd))
		return WSAEINVAL;
	if (msg->name && msg->namelen < sizeof(SOCKADDR_IN6) &&
	    (int)msg->namelen < win_sock_addrlen(fd) && is_datagram(fd))
		return WSAEFAULT;
	return 0;
}

static DWORD recv_from(int fd, struct libc_msghdr *msg, DWORD flags,
		       DWORD *received)
{
	DWORD code = win_check_recv(fd, msg, flags);
	ssize_t n;
	int err;

	if (code)
		return code;
	n = recv_msg(fd, msg, (int)flags);
	err = errno;
	win_event_again(fd, flags & MSG_OOB ? FD_OOB : FD_READ);
	if (n < 0)
		return win_recv_code(fd, err);
	*received = (DWORD)n;
	return msg->flags & MSG_TRUNC ? WSAEMSGSIZE : 0;
}

int sendto(SOCKET s, const char *buf, int length, int flags,
	   const struct sockaddr *to, int to_len)
{
	struct iovec iov = { (void *)buf, (size_t)length };
	struct libc_msghdr msg = {
		.name = (void *)to,
		.namelen = to ? (unsigned int)to_len : 0,
		.iov = &iov,
		.iovlen = 1,
	};
	int fd = win_sock(s);
	DWORD code, n = 0;

	if (fd < 0)
		return -1;
	if (length < 0 || (to && to_len < 0))
		return win_fail(WSAEFAULT);
	code = send_to(fd, &msg, (DWORD)flags, &n);
	return code ? win_fail(code) : (int)n;
}

int send(SOCKET s, const char *buf, int length, int flags)
{
	int n = sendto(s, buf, length, flags, NULL, 0);

	if (n < 0 && WSAGetLastError() == WSAEDESTADDRREQ)
		WSASetLastError(WSAENOTCONN);
	return n;
}

int recvfrom(SOCKET s, char *buf, int length, int flags,
	     struct sockaddr *from, int *from_len)
{
	struct iovec iov = { buf, (size_t)length };
	struct libc_msghdr msg = {
		.name = from,
		.iov = &iov,
		.iovlen = 1,
	};
	int fd = win_sock(s);
	DWORD code, n = 0;

	if (fd < 0)
		return -1;
	if (length < 0 || (from && (!from_len || *from_len < 0)))
		return win_fail(WSAEFAULT);
	if (from)
		msg.namelen = (unsigned int)*from_len;
	code = recv_from(fd, &msg, (DWORD)flags, &n);
	/* A stream's are not given. */
	if (from && (!code || code == WSAEMSGSIZE) && msg.namelen)
		*from_len = (int)msg.namelen;
	return code ? win_fail(code) : (int)n;
}

int recv(SOCKET s, char *buf, int length, int flags)
{
	return recvfrom(s, buf, length, flags, NULL, NULL);
}

static DWORD send_bufs(int fd, const WSABUF *bufs, DWORD count, DWORD *sent,
		       DWORD flags, const struct sockaddr *to, int to_len)
{
	struct libc_msghdr msg = {
		.name = (void *)to,
		.namelen = to ? (unsigned int)to_len : 0,
	};
	struct vector v;
	DWORD code;

	if (!sent || (to && to_len < 0))
		return WSAEFAULT;
	code = vector_init(&v, bufs, count);
	if (code)
		return code;
	msg.iov = v.iov;
	msg.iovlen = v.n;
	code = send_to(fd, &msg, flags, sent);
	vector_end(&v);
	return code;
}

int WSASendTo(SOCKET s, LPWSABUF bufs, DWORD count, LPDWORD sent, DWORD flags,
	      const struct sockaddr *to, int to_len,
	      LPWSAOVERLAPPED overlapped, REGBUF_WIN_NULL routine)
{
	int fd = win_sock(s);
	DWORD code;

	if (fd < 0)
		return -1;
	if (routine.nothing)
		return win_fail(WSAEOPNOTSUPP);
	if (overlapped)
		code = win_async_send(fd, bufs, count, sent, flags, to, to_len,
				      overlapped);
	else
		code = send_bufs(fd, bufs, count, sent, flags, to, to_len);
	return code ? win_fail(code) : 0;
}

int WSASend(SOCKET s, LPWSABUF bufs, DWORD count, LPDWORD sent, DWORD flags,
	    LPWSAOVERLAPPED overlapped, REGBUF_WIN_NULL routine)
{
	int err = WSASendTo(s, bufs, count, sent, flags, NULL, 0, overlapped,
			    routine);

	if (err && WSAGetLastError() == WSAEDESTADDRREQ)
		WSASetLastError(WSAENOTCONN);
	return err;
}

/* @from_len is what the buffer has, and then what was put there. */
static DWORD recv_bufs(int fd, const WSABUF *bufs, DWORD count, DWORD *received,
		       DWORD flags, struct sockaddr *from, INT *from_len)
{
	struct libc_msghdr msg = {
		.name = from,
		.namelen = from ? (unsigned int)*from_len : 0,
	};
	struct vector v;
	DWORD code;

	code = vector_init(&v, bufs, count);
	if (code)
		return code;
	msg.iov = v.iov;
	msg.iovlen = v.n;
	code = recv_from(fd, &msg, flags, received);
	if (from && (!code || code == WSAEMSGSIZE) && msg.namelen)
		*from_len = (int)msg.namelen;
	vector_end(&v);
	return code;
}

int WSARecvFrom(SOCKET s, LPWSABUF bufs, DWORD count, LPDWORD received,
		LPDWORD flags, struct sockaddr *from, LPINT from_len,
		LPWSAOVERLAPPED overlapped, REGBUF_WIN_NULL routine)
{
	int fd = win_sock(s);
	DWORD code;

	if (fd < 0)
		return -1;
	if (routine.nothing)
		return win_fail(WSAEOPNOTSUPP);
	if (!flags || (!received && !overlapped) ||
	    (from && (!from_len || *from_len < 0)))
		return win_fail(WSAEFAULT);
	if (overlapped)
		code = win_async_recv(fd, bufs, count, received, *flags, from,
				      from_len, overlapped);
	else
		code = recv_bufs(fd, bufs, count, received, *flags, from,
				 from_len);
	if (code)
		return win_fail(code);
	*flags = 0;
	return 0;
}

int WSARecv(SOCKET s, LPWSABUF bufs, DWORD count, LPDWORD received,
	    LPDWORD flags, LPWSAOVERLAPPED overlapped, REGBUF_WIN_NULL routine)
{
	return WSARecvFrom(s, bufs, count, received, flags, NULL, NULL,
			   overlapped, routine);
}
