// SPDX-License-Identifier: MIT
/* Addresses of sockets: bind(), connect(), listen(), accept() and what ends. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "netevent.h"

int win_sock_option(int fd, int option, int none)
{
	unsigned int length = sizeof(int);
	int value;

	if (libc_getsockopt(fd, SOL_SOCKET, option, &value, &length))
		return none;
	return value;
}

bool win_sock_blocks(int fd)
{
	const unsigned int flags = win_sock_flags(fd);

	if (flags & SOCK_POLLED)
		return flags & SOCK_BLOCKS;
	return !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

DWORD win_sock_set_blocking(int fd, bool blocks)
{
	int flags = fcntl(fd, F_GETFL);

	if (win_sock_flags(fd) & SOCK_POLLED) {
		win_sock_mark(fd, blocks ? SOCK_BLOCKS : 0,
			      blocks ? 0 : SOCK_BLOCKS);
		return 0;
	}
	if (flags < 0 || fcntl(fd, F_SETFL, blocks ? flags & ~O_NONBLOCK :
						     flags | O_NONBLOCK))
		return win_wsa_code(errno);
	return 0;
}

static int length_of(int family)
{
	switch (family) {
	case AF_INET:
		return sizeof(SOCKADDR_IN);
	case AF_INET6:
		return sizeof(SOCKADDR_IN6);
	default:
		return 0;
	}
}

int win_sock_addrlen(int fd)
{
	return length_of(win_sock_option(fd, LIBC_SO_DOMAIN, AF_UNSPEC));
}

DWORD win_addr_check(int fd, const struct sockaddr *addr, int length)
{
	int family = win_sock_option(fd, LIBC_SO_DOMAIN, AF_UNSPEC);

	if (length < (int)sizeof(addr->sa_family) || length < length_of(family))
		return WSAEFAULT;
	if (length_of(family) && addr->sa_family != family)
		return WSAEAFNOSUPPORT;
	return 0;
}

static USHORT port_of(const struct sockaddr *addr)
{
	return ((const struct sockaddr_in *)addr)->sin_port;
}

bool win_sock_bound(int fd)
{
	SOCKADDR_STORAGE addr;
	unsigned int length = sizeof(addr);

	if (win_sock_flags(fd) & SOCK_BOUND)
		return true;
	if (libc_getsockname(fd, &addr, &length))
		return true;
	if (length_of(addr.ss_family) && !port_of((struct sockaddr *)&addr) &&
	    win_sock_option(fd, SO_TYPE, SOCK_RAW) != SOCK_RAW)
		return false;
	win_sock_mark(fd, SOCK_BOUND, 0);
	return true;
}

/*
 * Addresses of connections that were closed may be bound again, as there. What
 * is bound now is not shared with anyone: SO_REUSEADDR comes after that.
 */
static int bind_again(int fd, const struct sockaddr *addr, int length)
{
	int one = 1, zero = 0;

	if (errno != EADDRINUSE || win_sock_flags(fd) & SOCK_EXCLUSIVE ||
	    win_sock_option(fd, SO_TYPE, 0) != SOCK_STREAM)
		return -1;
	libc_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!libc_bind(fd, addr, length))
		return 0;
	libc_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &zero, sizeof(zero));
	errno = EADDRINUSE;
	return -1;
}

int bind(SOCKET s, const struct sockaddr *addr, int length)
{
	int fd = win_sock(s);
	DWORD code;

	if (fd < 0)
		return -1;
	if (!libc_bind(fd, addr, length))
		return 0;
	if (errno == EADDRINUSE && !bind_again(fd, addr, length))
		return 0;
	code = errno == EINVAL ? win_addr_check(fd, addr, length) : 0;
	return code ? win_fail(code) : win_fail_errno();
}

static bool is_any(const struct sockaddr *addr)
{
	if (addr->sa_family == AF_INET)
		return IN4ADDR_ISANY((const SOCKADDR_IN *)addr);
	return addr->sa_family == AF_INET6 &&
	       IN6ADDR_ISANY((const SOCKADDR_IN6 *)addr);
}

bool win_addr_nobody(const struct sockaddr *addr)
{
	return length_of(addr->sa_family) && (is_any(addr) || !port_of(addr));
}

/* A datagram socket has no peer any more. */
static int disconnect(int fd)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	return libc_connect(fd, &none, sizeof(none)) ? win_fail_errno() : 0;
}

/* The connection goes on being made after a signal. */
static int await_connection(int fd)
{
	struct libc_pollfd poll = { .fd = fd, .events = POLLOUT };

	while (libc_poll(&poll, 1, -1) < 0) {
		if (errno != EINTR)
			return -1;
	}
	errno = win_sock_option(fd, SO_ERROR, EBADF);
	return errno ? -1 : 0;
}

static int start_connection(int fd, const struct sockaddr *addr, int length)
{
	unsigned int ticket = win_sock_enter(fd);
	int err = libc_connect(fd, addr, length);

	/* That was left of an attempt whose end had been asked for. */
	if (err && errno == ECONNABORTED)
		err = libc_connect(fd, addr, length);
	if (err && errno == EINTR && win_sock_blocks(fd))
		err = await_connection(fd);
	if (win_sock_leave(fd, ticket)) {
		errno = EINTR;
		return -1;
	}
	return err;
}

static DWORD no_connection(int fd, int err)
{
	switch (err) {
	case EINPROGRESS:
		if (win_sock_blocks(fd))
			return WSAETIMEDOUT;
		win_sock_mark(fd, SOCK_CONNECTING, 0);
		win_event_changed(fd);
		return WSAEWOULDBLOCK;
	case EISCONN:
		return win_sock_option(fd, SO_ACCEPTCONN, 0) ? WSAEINVAL :
		       WSAEISCONN;
	case EBADF:
		return WSAENOTSOCK;
	case EPERM:
		return WSAEACCES;
	default:
		return win_wsa_code(err);
	}
}

/* Linux may say of one that it is connected now: once. */
static bool is_connected(int fd)
{
	SOCKADDR_STORAGE addr;
	unsigned int length = sizeof(addr);

	return !libc_getpeername(fd, &addr, &length);
}

static DWORD check_stream(int fd, const struct sockaddr *addr)
{
	if (is_connected(fd))
		return WSAEISCONN;
	return win_addr_nobody(addr) ? WSAEADDRNOTAVAIL : 0;
}

static int connect_fd(int fd, const struct sockaddr *addr, int length)
{
	int type = win_sock_option(fd, SO_TYPE, -1);
	DWORD code;

	if (type < 0)
		return win_fail_errno();
	if (length >= 2 && type == SOCK_DGRAM &&
	    (addr->sa_family == AF_UNSPEC || is_any(addr)))
		return disconnect(fd);
	code = win_addr_check(fd, addr, length);
	if (!code && type == SOCK_STREAM)
		code = check_stream(fd, addr);
	if (code)
		return win_fail(code);
	if (start_connection(fd, addr, length))
		return win_fail(no_connection(fd, errno));
	win_sock_mark(fd, SOCK_BOUND, SOCK_CONNECTING);
	if (type == SOCK_STREAM)
		win_event_connected(fd, 0);
	return 0;
}

int connect(SOCKET s, const struct sockaddr *addr, int length)
{
	SOCKADDR_STORAGE copy = { 0 };
	int fd = win_sock(s);

	if (fd < 0)
		return -1;
	if (length < 0)
		return win_fail(WSAEFAULT);
	if (length > (int)sizeof(copy))
		length = sizeof(copy);
	if (!win_copy_in(&copy, addr, (size_t)length))
		return win_fail(WSAEFAULT);
	return connect_fd(fd, (struct sockaddr *)&copy, length);
}

int WSAConnect(SOCKET s, const struct sockaddr *addr, int length,
	       REGBUF_WIN_NULL caller, REGBUF_WIN_NULL callee,
	       REGBUF_WIN_NULL sending, REGBUF_WIN_NULL group)
{
	if (caller.nothing || callee.nothing || sending.nothing ||
	    group.nothing)
		return win_fail(WSAEOPNOTSUPP);
	return connect(s, addr, length);
}

int listen(SOCKET s, int backlog)
{
	int fd = win_sock(s), one = 1;

	if (fd < 0)
		return -1;
	if (!win_sock_bound(fd))
		return win_fail(WSAEINVAL);
	if (libc_listen(fd, backlog < 0 ? -backlog : backlog)) {
		if (errno == EINVAL && is_connected(fd))
			return win_fail(WSAEISCONN);
		return win_fail_errno();
	}
	/* For whoever binds after all connections were closed. */
	if (!(win_sock_flags(fd) & SOCK_EXCLUSIVE))
		libc_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
				sizeof(one));
	win_event_changed(fd);
	return 0;
}

/* For a socket that blocks though its descriptor doesn't. */
static int poll_for_peer(int fd)
{
	struct libc_pollfd poll = { .fd = fd, .events = POLLIN };
	struct timeval limit = { 0 };
	unsigned int length = sizeof(limit);
	int ms = -1;

	if ((win_sock_flags(fd) & (SOCK_POLLED | SOCK_BLOCKS)) !=
	    (SOCK_POLLED | SOCK_BLOCKS))
		return 0;
	if (!libc_getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &length) &&
	    (limit.tv_sec || limit.tv_usec))
		ms = (int)(limit.tv_sec * 1000 + limit.tv_usec / 1000);
	return libc_poll(&poll, 1, ms);
}

static int wait_for_peer(int fd, struct sockaddr *addr, int *length)
{
	bool blocks = win_sock_blocks(fd);
	unsigned int ticket = win_sock_enter(fd);
	int peer, ready;

	do {
		ready = poll_for_peer(fd);
		peer = libc_accept4(fd, addr, length,
				    blocks ? 0 : LIBC_SOCK_NONBLOCK);
		/* Someone else may have been faster. */
	} while (peer < 0 && (errno == EINTR || (errno == EAGAIN && ready)));

	if (!win_sock_leave(fd, ticket))
		return peer;
	if (peer >= 0)
		close(peer);
	errno = EINTR;
	return -1;
}

static DWORD no_peer(int fd, int err)
{
	switch (err) {
	case EBADF:
		return WSAENOTSOCK;
	case ECONNABORTED:
		return WSAECONNRESET;
	case EAGAIN:
		return win_sock_blocks(fd) ? WSAETIMEDOUT : WSAEWOULDBLOCK;
	case EPERM:
		return WSAECONNREFUSED;
	default:
		return win_wsa_code(err);
	}
}

SOCKET accept(SOCKET s, struct sockaddr *addr, int *length)
{
	int fd = win_sock(s), peer;
	unsigned int flags;

	if (fd < 0)
		return INVALID_SOCKET;
	if (addr && (!length || *length < win_sock_addrlen(fd))) {
		win_fail(WSAEFAULT);
		return INVALID_SOCKET;
	}
	flags = win_sock_flags(fd) & (SOCK_REGISTERED | SOCK_EXCLUSIVE);
	peer = wait_for_peer(fd, addr, length);
	win_event_again(fd, FD_ACCEPT);
	if (peer < 0) {
		win_fail(no_peer(fd, errno));
		return INVALID_SOCKET;
	}
	if (!win_sock_begin(peer, flags | SOCK_BOUND)) {
		close(peer);
		win_fail(WSAENOBUFS);
		return INVALID_SOCKET;
	}
	win_event_inherit(fd, peer);
	return peer;
}

SOCKET WSAAccept(SOCKET s, struct sockaddr *addr, LPINT length,
		 REGBUF_WIN_NULL condition, DWORD_PTR data)
{
	(void)data;
	if (condition.nothing) {
		win_fail(WSAEOPNOTSUPP);
		return INVALID_SOCKET;
	}
	return accept(s, addr, length);
}

int shutdown(SOCKET s, int how)
{
	static const unsigned int marks[] = {
		[SD_RECEIVE] = SOCK_SHUT_RECV,
		[SD_SEND] = SOCK_SHUT_SEND,
		[SD_BOTH] = SOCK_SHUT_RECV | SOCK_SHUT_SEND,
	};
	int fd = win_sock(s), rest = how;

	if (fd < 0)
		return -1;
	/* Linux would not listen any more. */
	if (win_sock_option(fd, SO_ACCEPTCONN, 0))
		return win_fail(WSAENOTCONN);
	/* What is pending is to be sent before. */
	if ((how == SD_SEND || how == SD_BOTH) &&
	    (win_rio_shutdown(fd) || win_ioring_shutdown(fd) ||
	     win_async_shutdown(fd)))
		rest = how == SD_BOTH ? SD_RECEIVE : -1;
	/* Without a peer it works, but Linux says so. */
	if (rest != -1 && libc_shutdown(fd, rest) &&
	    (errno != ENOTCONN ||
	     win_sock_option(fd, SO_TYPE, 0) != SOCK_DGRAM))
		return win_fail_errno();
	win_sock_mark(fd, marks[how], 0);
	return 0;
}

int getsockname(SOCKET s, struct sockaddr *addr, int *length)
{
	int fd = win_sock(s);

	if (fd < 0)
		return -1;
	if (!addr || !length || *length < win_sock_addrlen(fd))
		return win_fail(WSAEFAULT);
	if (!win_sock_bound(fd))
		return win_fail(WSAEINVAL);
	return libc_getsockname(fd, addr, length) ? win_fail_errno() : 0;
}

int getpeername(SOCKET s, struct sockaddr *addr, int *length)
{
	int fd = win_sock(s);

	if (fd < 0)
		return -1;
	if (!addr || !length || *length < win_sock_addrlen(fd))
		return win_fail(WSAEFAULT);
	return libc_getpeername(fd, addr, length) ? win_fail_errno() : 0;
}
