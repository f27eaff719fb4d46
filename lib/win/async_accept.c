// SPDX-License-Identifier: MIT
/*
 * AcceptEx(): who connects comes to a socket that was made before. The
 * descriptor stays, and is another socket then.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <mswsock.h>

#include "async.h"
#include "netevent.h"

/* What addresses take more there than their size. */
#define MORE	16

enum { DATA, NEAR_NAME, PEER_NAME };

static const struct {
	int level;
	int option;
	unsigned int length;
} kept[] = {
	{ SOL_SOCKET, SO_KEEPALIVE, sizeof(int) },
	{ SOL_SOCKET, SO_LINGER, sizeof(struct libc_linger) },
	{ SOL_SOCKET, SO_RCVTIMEO, sizeof(struct timeval) },
	{ SOL_SOCKET, SO_SNDTIMEO, sizeof(struct timeval) },
	{ IPPROTO_TCP, TCP_NODELAY, sizeof(int) },
};

/* What the program has set of the one before. */
static void keep_options(int from, int to)
{
	char value[sizeof(struct timeval)];
	unsigned int length;
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		length = kept[i].length;
		if (!libc_getsockopt(from, kept[i].level, kept[i].option, value,
				     &length))
			libc_setsockopt(to, kept[i].level, kept[i].option,
					value, length);
	}
	fcntl(to, F_SETFL, fcntl(from, F_GETFL));
}

DWORD async_replace(struct async_sock *s, int other, unsigned int flags)
{
	int cloexec = fcntl(s->fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0;
	int err;

	keep_options(s->fd, other);
	async_disarm(s);
	err = dup3(other, s->fd, cloexec) < 0 ? errno : 0;
	close(other);
	if (err)
		return win_wsa_code(err);
	win_sock_mark(s->fd, flags, ~(SOCK_OURS | SOCK_REGISTERED | flags));
	return 0;
}

static enum async_step fail(struct async_request *req, DWORD code)
{
	req->code = code;
	req->late = true;
	return ASYNC_DONE;
}

/* The address, and its length at the end of its space. */
static bool put_name(char *to, DWORD space, const void *name, INT length)
{
	return win_copy_out(to, name, (size_t)length) &&
	       win_copy_out(to + space - sizeof(length), &length,
			    sizeof(length));
}

static DWORD put_names(int fd, const struct async_request *req)
{
	char *at = req->out + req->spaces[DATA];
	SOCKADDR_STORAGE near_name, peer;
	INT near_len = sizeof(near_name), peer_len = sizeof(peer);

	if (libc_getsockname(fd, &near_name, &near_len))
		return win_wsa_code(errno);
	/* Whoever has gone again is nobody. */
	if (libc_getpeername(fd, &peer, &peer_len)) {
		memset(&peer, 0, sizeof(peer));
		peer.ss_family = near_name.ss_family;
		peer_len = near_len;
	}
	if (!put_name(at, req->spaces[NEAR_NAME], &near_name, near_len) ||
	    !put_name(at + req->spaces[NEAR_NAME], req->spaces[PEER_NAME],
		      &peer, peer_len))
		return WSAEFAULT;
	return 0;
}

/* Who listens is locked, too. */
static DWORD take_peer(struct async_sock *s, struct async_request *req,
		       int peer)
{
	DWORD code;

	pthread_mutex_lock(&s->lock);
	if (s->closed) {
		close(peer);
		code = ERROR_OPERATION_ABORTED;
	} else {
		code = async_replace(s, peer, SOCK_BOUND);
	}
	if (!code)
		code = put_names(s->fd, req);
	pthread_mutex_unlock(&s->lock);
	return code;
}

static enum async_step accept_step(struct async_sock *s,
				   struct async_request *req)
{
	DWORD code;
	int peer;

	do {
		peer = libc_accept4(s->fd, NULL, NULL, 0);
	} while (peer < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (peer < 0 && errno == EAGAIN)
		return ASYNC_WAIT;
	if (peer < 0)
		return fail(req, win_wsa_code(errno));
	code = take_peer(req->accept, req, peer);
	if (code)
		return fail(req, code);
	if (!req->spaces[DATA])
		return ASYNC_DONE;
	__atomic_fetch_add(&s->away, 1, __ATOMIC_SEQ_CST);
	req->away = true;
	return ASYNC_MOVED;
}

/* Now it waits for the first data. */
void async_accept_moved(struct async_request *req)
{
	struct async_sock *s = req->accept;
	enum async_step step;

	req->step = async_recv_step;
	req->accept = NULL;
	pthread_mutex_lock(&s->lock);
	s->accepting = NULL;
	step = s->closed ? ASYNC_DONE : async_recv_step(s, req);
	if (s->closed)
		req->code = ERROR_OPERATION_ABORTED;
	if (step == ASYNC_DONE ||
	    async_queue(s, ASYNC_IN, req) != WSA_IO_PENDING)
		async_complete(req);
	pthread_mutex_unlock(&s->lock);
	async_put(s);
}

/*
 * Accepting would block where someone else is faster: the descriptor doesn't
 * any more, and calls that are to block wait before.
 */
static DWORD dont_block(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (win_sock_flags(fd) & SOCK_POLLED)
		return 0;
	if (!win_sock_flags(fd) && !win_sock_begin(fd, SOCK_BOUND))
		return WSAENOBUFS;
	win_sock_mark(fd, SOCK_POLLED | (flags & O_NONBLOCK ? 0 : SOCK_BLOCKS),
		      0);
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK) ? win_wsa_code(errno) : 0;
}

static bool is_peerless(int fd)
{
	SOCKADDR_STORAGE name;
	unsigned int length = sizeof(name);

	return libc_getpeername(fd, &name, &length) &&
	       !win_sock_option(fd, SO_ACCEPTCONN, 0);
}

/* It's for one connection at a time. */
static DWORD reserve(struct async_sock *listener, struct async_sock *s)
{
	DWORD code = 0;

	if (win_rio_uses(s->fd, true) || win_rio_uses(s->fd, false) ||
	    !is_peerless(s->fd))
		return WSAEINVAL;
	pthread_mutex_lock(&s->lock);
	if (s->closed)
		code = WSAENOTSOCK;
	else if (s->accepting)
		code = WSAEINVAL;
	else
		s->accepting = listener;
	pthread_mutex_unlock(&s->lock);
	return code;
}

static DWORD check(int fd, int peer, const void *out, const DWORD spaces[3])
{
	DWORD least;
	int length;

	if (win_sock_option(fd, SO_TYPE, -1) < 0 ||
	    win_sock_option(peer, SO_TYPE, -1) < 0)
		return WSAENOTSOCK;
	length = win_sock_addrlen(fd);
	if (!win_sock_option(fd, SO_ACCEPTCONN, 0) || !out || !length ||
	    win_sock_addrlen(peer) != length)
		return WSAEINVAL;
	least = (DWORD)length + MORE;
	return spaces[NEAR_NAME] < least || spaces[PEER_NAME] < least ?
	       WSAEFAULT : 0;
}

/* Takes both sockets' references. */
static DWORD start(struct async_sock *listener, struct async_sock *peer,
		   struct async_request *req, DWORD *bytes)
{
	DWORD code = dont_block(listener->fd);

	if (!code)
		code = reserve(listener, peer);
	if (code) {
		req->code = code;
		async_request_free(req);
		async_put(peer);
		return code;
	}
	req->accept = peer;
	req->owner = async_hold(listener);
	req->step = accept_step;
	return async_start(listener, ASYNC_IN, req, bytes);
}

static DWORD accept_to(int fd, int peer, struct async_request *req,
		       DWORD *bytes)
{
	struct async_sock *listener, *to = NULL;
	DWORD code = 0;

	listener = async_get(fd, &code);
	if (listener)
		to = async_get(peer, &code);
	if (to) {
		code = start(listener, to, req, bytes);
	} else {
		req->code = code;
		async_request_free(req);
	}
	if (listener)
		async_put(listener);
	return code;
}

BOOL AcceptEx(SOCKET s, SOCKET peer, PVOID out, DWORD receive, DWORD near_space,
	      DWORD peer_space, LPDWORD received, LPOVERLAPPED overlapped)
{
	const DWORD spaces[3] = { receive, near_space, peer_space };
	int fd = win_sock(s), peer_fd = win_sock(peer);
	struct async_request *req;
	DWORD code;

	if (fd < 0 || peer_fd < 0)
		return FALSE;
	if (!overlapped)
		return win_refuse(ERROR_INVALID_PARAMETER);
	code = check(fd, peer_fd, out, spaces);
	if (code)
		return win_refuse(code);
	req = async_request_new(1, overlapped, &code);
	if (!req)
		return win_refuse(code);
	req->out = out;
	memcpy(req->spaces, spaces, sizeof(spaces));
	req->iov[0].iov_base = out;
	req->iov[0].iov_len = receive;
	req->length = receive;
	code = accept_to(fd, peer_fd, req, received);
	win_event_again(fd, FD_ACCEPT);
	return !code || win_refuse(code);
}

static void find_name(char *at, DWORD space, struct sockaddr **name,
		      INT *length)
{
	if (name)
		*name = (struct sockaddr *)at;
	if (length)
		memcpy(length, at + space - sizeof(*length), sizeof(*length));
}

void GetAcceptExSockaddrs(PVOID out, DWORD receive, DWORD near_space,
			  DWORD peer_space, struct sockaddr **near_name,
			  LPINT near_len, struct sockaddr **peer,
			  LPINT peer_len)
{
	char *at = (char *)out + receive;

	find_name(at, near_space, near_name, near_len);
	find_name(at + near_space, peer_space, peer, peer_len);
}
