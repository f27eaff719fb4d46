// SPDX-License-Identifier: MIT
/*
 * S54: plain sends and receives find registered memory by its address.
 */
#include <errno.h>
#include <stdlib.h>

#include <errhandlingapi.h>
#include <ws2san.h>

#include "san.h"
#include "sock.h"

/* The event, if there is one and it is wanted; S41: the last error stays. */
void san_complete(LPOVERLAPPED overlapped, uint32_t bytes)
{
	struct win_object *event;
	DWORD last;

	if (!overlapped)
		return;
	overlapped->Internal = 0;
	overlapped->InternalHigh = bytes;
	if (!overlapped->hEvent || (uintptr_t)overlapped->hEvent & 1)
		return;
	last = GetLastError();
	event = win_handle_get(overlapped->hEvent, WIN_EVENT);
	if (event) {
		win_event_set(event);
		win_object_put(event);
	}
	SetLastError(last);
}

static int san_segments(struct san_segment *segments, const WSABUF *buffers,
			DWORD nr)
{
	uint64_t total = 0;
	DWORD i;

	if (nr > SAN_MAX_SEGMENTS)
		return -EMSGSIZE;
	if (nr && !buffers)
		return -EFAULT;
	for (i = 0; i < nr; i++) {
		segments[i] = (struct san_segment){
			.addr = buffers[i].buf,
			.length = buffers[i].len,
		};
		total += buffers[i].len;
	}
	return total > INT32_MAX ? -EMSGSIZE : 0;
}

/* S52: 0 if some of it is not registered, 1 if all can be sent from. */
static int san_send_find(struct regbuf *rb, int sock,
			 const struct san_segment *segments, DWORD nr,
			 struct regbuf_slice *slices)
{
	struct regbuf_slice any;
	int all = nr != 0, err;
	DWORD i;

	for (i = 0; i < nr; i++) {
		err = regbuf_handle_find(rb, sock, segments[i].addr,
					 segments[i].length,
					 REGBUF_ACCESS_READ, &slices[i]);
		if (!err)
			continue;
		if (err != -ENOENT)
			return err;
		/* With other rights, perhaps. */
		err = regbuf_handle_find(rb, sock, segments[i].addr,
					 segments[i].length, 0, &any);
		if (!err)
			return -EFAULT;
		all = 0;
	}
	return all;
}

/* Until the memory is the program's: the other end has it, or never will. */
static void san_send_wait(struct regbuf *rb, const struct regbuf_slice *slices,
			  DWORD nr)
{
	DWORD i;
	int err;

	for (i = 0; i < nr; i++) {
		do {
			err = regbuf_wait(rb, slices[i].id, -1);
		} while (err == -EINTR);
	}
}

static int san_send_slices(struct regbuf *rb, int sock,
			   const struct regbuf_slice *slices, DWORD nr,
			   uint32_t *sent)
{
	struct regbuf_message msg = {
		.slices = slices,
		.nr_slices = nr,
		.sock = sock,
	};
	struct regbuf_result res;
	int err;

	do {
		err = regbuf_sendv(rb, &msg, &res);
	} while (err == -EINTR);
	if (err)
		return err;
	*sent = (uint32_t)res.sent;
	if (res.zerocopied)
		san_send_wait(rb, slices, nr);
	return 0;
}

static int san_send_copied(int sock, const struct san_segment *segments,
			   DWORD nr, uint32_t *sent)
{
	ssize_t n;

	do {
		n = san_sys_send(sock, segments, nr);
	} while (n == -EINTR);
	if (n < 0)
		return (int)n;
	*sent = (uint32_t)n;
	return 0;
}

/* Who must not wait has it copied; C9: but not what was mapped there since. */
static int san_send_unless_moved(struct regbuf *rb, int sock,
				 const struct regbuf_slice *slices,
				 const struct san_segment *segments, DWORD nr,
				 uint32_t *sent)
{
	DWORD i;

	for (i = 0; i < nr; i++)
		if (!san_live(rb, slices[i].id))
			return -EFAULT;
	return san_send_copied(sock, segments, nr, sent);
}

static int san_send(int sock, const WSABUF *buffers, DWORD nr, uint32_t *sent)
{
	struct regbuf_slice slices[SAN_MAX_SEGMENTS];
	struct san_segment segments[SAN_MAX_SEGMENTS];
	unsigned int ticket;
	struct regbuf *rb;
	int found = 0, err;

	err = san_segments(segments, buffers, nr);
	if (err)
		return err;
	/* Without the module nothing is registered. */
	if (!san_begin(&rb))
		found = san_send_find(rb, sock, segments, nr, slices);
	if (found < 0)
		return found;
	ticket = win_sock_enter(sock);
	if (!found)
		err = san_send_copied(sock, segments, nr, sent);
	else if (win_sock_blocks(sock))
		err = san_send_slices(rb, sock, slices, nr, sent);
	else
		err = san_send_unless_moved(rb, sock, slices, segments, nr,
					    sent);
	return win_sock_leave(sock, ticket) && err ? -EINTR : err;
}

int WSPAPI WSPSend(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount,
		   LPDWORD lpNumberOfBytesSent, DWORD dwFlags,
		   LPWSAOVERLAPPED lpOverlapped,
		   LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine,
		   LPWSATHREADID lpThreadId, LPINT lpErrno)
{
	uint32_t sent = 0;
	int err;

	(void)lpThreadId;
	if (dwFlags || lpCompletionRoutine)
		err = dwFlags ? -EINVAL : -EOPNOTSUPP;
	else
		err = san_send(san_fd(s), lpBuffers, dwBufferCount, &sent);
	if (err) {
		*lpErrno = (INT)(err == -EPIPE ?
				 win_send_code(san_fd(s), EPIPE) :
				 san_code(err));
		return SOCKET_ERROR;
	}
	if (lpNumberOfBytesSent)
		*lpNumberOfBytesSent = sent;
	san_complete(lpOverlapped, sent);
	return 0;
}

/* S53: what is written to is counted meanwhile. */
static int san_recv_hold(int sock, struct san_segment *segments, DWORD nr,
			 struct san_socket **out)
{
	uint64_t cookie;
	int err = san_sys_cookie(sock, &cookie);

	*out = NULL;
	if (err)
		return err;
	pthread_mutex_lock(&san.lock);
	*out = san_socket_get(cookie);
	if (*out)
		err = san_hold_found(*out, segments, nr, REGBUF_ACCESS_WRITE);
	pthread_mutex_unlock(&san.lock);
	return err;
}

/* C9: what was unmapped is not written to, whatever is there now. */
static int san_recv_live(const struct san_segment *segments, DWORD nr)
{
	struct regbuf *rb;
	DWORD i;

	for (i = 0; i < nr; i++) {
		if (!segments[i].buffer)
			continue;
		if (san_begin(&rb) || !san_live(rb, segments[i].buffer->pin.id))
			return -EFAULT;
	}
	return 0;
}

/* Closing the socket ends it. */
static ssize_t san_recv_wait(int sock, const struct san_segment *segments,
			     DWORD nr, unsigned int flags)
{
	unsigned int ticket = win_sock_enter(sock);
	ssize_t n;

	do {
		n = san_sys_recv(sock, segments, nr, flags);
	} while (n == -EINTR);
	return win_sock_leave(sock, ticket) && n <= 0 ? -EINTR : n;
}

static int san_recv(int sock, const WSABUF *buffers, DWORD nr,
		    unsigned int flags, uint32_t *received)
{
	struct san_segment segments[SAN_MAX_SEGMENTS];
	struct san_socket *s;
	ssize_t n;
	int err;

	err = san_segments(segments, buffers, nr);
	if (err)
		return err;
	err = san_recv_hold(sock, segments, nr, &s);
	if (!err)
		err = san_recv_live(segments, nr);
	if (!err) {
		n = san_recv_wait(sock, segments, nr, flags);
		*received = n < 0 ? 0 : (uint32_t)n;
		err = n < 0 ? (int)n : 0;
	}
	if (s) {
		san_release(segments, nr);
		san_socket_put(s);
	}
	return err;
}

static int san_recv_flags(LPDWORD flags, unsigned int *out)
{
	*out = flags ? *flags : 0;
	return *out & ~(unsigned int)(MSG_PEEK | MSG_WAITALL | MSG_OOB) ?
	       -EOPNOTSUPP : 0;
}

int WSPAPI WSPRecv(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount,
		   LPDWORD lpNumberOfBytesRecvd, LPDWORD lpFlags,
		   LPWSAOVERLAPPED lpOverlapped,
		   LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine,
		   LPWSATHREADID lpThreadId, LPINT lpErrno)
{
	unsigned int flags = 0;
	uint32_t received = 0;
	int err;

	(void)lpThreadId;
	err = lpCompletionRoutine ? -EOPNOTSUPP :
				    san_recv_flags(lpFlags, &flags);
	if (!err)
		err = san_recv(san_fd(s), lpBuffers, dwBufferCount, flags,
			       &received);
	if (err) {
		*lpErrno = (INT)san_code(err);
		return SOCKET_ERROR;
	}
	if (lpFlags)
		*lpFlags = 0;
	if (lpNumberOfBytesRecvd)
		*lpNumberOfBytesRecvd = received;
	san_complete(lpOverlapped, received);
	return 0;
}

BOOL WSPAPI WSPGetOverlappedResult(SOCKET s, LPWSAOVERLAPPED lpOverlapped,
				   LPDWORD lpcbTransfer, BOOL fWait,
				   LPDWORD lpdwFlags, LPINT lpErrno)
{
	(void)s;
	(void)fWait;
	(void)lpErrno;
	if (lpcbTransfer)
		*lpcbTransfer = (DWORD)lpOverlapped->InternalHigh;
	if (lpdwFlags)
		*lpdwFlags = 0;
	return TRUE;
}
