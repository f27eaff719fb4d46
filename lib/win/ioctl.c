// SPDX-License-Identifier: MIT
/* ioctlsocket() and WSAIoctl(). */

#include <errno.h>
#include <string.h>
#include <sys/sysinfo.h>

#include <mstcpip.h>

#include "netevent.h"

/* One whose events are selected doesn't. */
static DWORD set_blocking(int fd, bool blocks)
{
	if (blocks && win_event_selected(fd))
		return WSAEINVAL;
	return win_sock_set_blocking(fd, blocks);
}

static DWORD readable(int fd, ULONG *bytes)
{
	int n = 0;

	if (libc_ioctl(fd, LIBC_FIONREAD, &n))
		return win_wsa_code(errno);
	*bytes = (ULONG)n;
	return 0;
}

/* A socket's descriptor, or -1 and the last error. */
static int socket_of(SOCKET s)
{
	int fd = win_sock(s);

	if (fd >= 0 && win_sock_option(fd, SO_TYPE, -1) < 0)
		return win_fail_errno();
	return fd;
}

int regbuf_win_ioctlsocket(SOCKET s, long request, void *value, size_t size)
{
	int fd = socket_of(s);
	uint64_t wide;
	ULONG n = 0;
	DWORD code;

	if (fd < 0)
		return -1;
	if (size < sizeof(n) || !win_copy_in(&n, value, sizeof(n)))
		return win_fail(WSAEFAULT);
	switch ((DWORD)request) {
	case FIONBIO:
	case LIBC_FIONBIO:
		code = set_blocking(fd, !n);
		break;
	case FIONREAD:
	case LIBC_FIONREAD:
		code = readable(fd, &n);
		if (code)
			break;
		wide = n;
		if (!win_copy_out(value, &wide, size < sizeof(wide) ? size :
						       sizeof(wide)))
			code = WSAEFAULT;
		break;
	default:
		code = WSAEOPNOTSUPP;
	}
	return code ? win_fail(code) : 0;
}

#define MAX_REQUEST	512

/* What WSAIoctl() is given, as much of it as any request has. */
struct request {
	int fd;
	DWORD inlen;
	DWORD outlen;
	DWORD bytes;	/* of @out that were filled */
	char in[MAX_REQUEST] __attribute__((aligned(16)));
	char out[MAX_REQUEST] __attribute__((aligned(16)));
};

static DWORD get_functions(struct request *req)
{
	GUID guid;

	if (req->inlen < sizeof(guid))
		return WSAEFAULT;
	memcpy(&guid, req->in, sizeof(guid));
	return win_rio_table(&guid, req->out, req->outlen, &req->bytes);
}

static DWORD get_function(struct request *req)
{
	void *function;
	GUID guid;

	if (req->inlen < sizeof(guid) || req->outlen < sizeof(function))
		return WSAEFAULT;
	memcpy(&guid, req->in, sizeof(guid));
	function = win_async_function(&guid);
	if (!function)
		function = win_san_function(&guid);
	if (!function)
		return WSAEINVAL;
	memcpy(req->out, &function, sizeof(function));
	req->bytes = sizeof(function);
	return 0;
}

/* Linux counts seconds, and no more of them than this. */
static int keepalive_seconds(ULONG ms)
{
	ULONG s = ms / 1000 + !!(ms % 1000);

	return s > 32767 ? 32767 : s ? (int)s : 1;
}

static DWORD set_keepalive(struct request *req)
{
	struct tcp_keepalive ka;
	int on, idle, interval;

	if (req->inlen < sizeof(ka))
		return WSAEFAULT;
	memcpy(&ka, req->in, sizeof(ka));
	on = !!ka.onoff;
	idle = keepalive_seconds(ka.keepalivetime);
	interval = keepalive_seconds(ka.keepaliveinterval);
	if (on && (libc_setsockopt(req->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle,
				   sizeof(idle)) ||
		   libc_setsockopt(req->fd, IPPROTO_TCP, TCP_KEEPINTVL,
				   &interval, sizeof(interval))))
		return win_wsa_code(errno);
	return libc_setsockopt(req->fd, SOL_SOCKET, SO_KEEPALIVE, &on,
			       sizeof(on)) ? win_wsa_code(errno) : 0;
}

static DWORD set_connreset(struct request *req)
{
	BOOL on = 0;

	/* One byte will do, there too. */
	if (!req->inlen)
		return WSAEFAULT;
	if (win_sock_option(req->fd, SO_TYPE, 0) != SOCK_DGRAM)
		return WSAEOPNOTSUPP;
	memcpy(&on, req->in, req->inlen < sizeof(on) ? req->inlen : sizeof(on));
	win_sock_mark(req->fd, on ? 0 : SOCK_NO_RESET, on ? SOCK_NO_RESET : 0);
	return 0;
}

/* Expired datagrams are never told of here. */
static DWORD set_netreset(struct request *req)
{
	BOOL on = 0;

	if (!req->inlen)
		return WSAEFAULT;
	memcpy(&on, req->in, req->inlen < sizeof(on) ? req->inlen : sizeof(on));
	return on ? WSAEOPNOTSUPP : 0;
}

/* Datagrams that came in on that processor are for this one of the port's. */
static DWORD set_processor(struct request *req)
{
	int processor, one = 1;
	USHORT number;

	if (req->inlen < sizeof(number))
		return WSAEFAULT;
	memcpy(&number, req->in, sizeof(number));
	processor = number;
	if (win_sock_option(req->fd, SO_TYPE, 0) != SOCK_DGRAM ||
	    win_sock_bound(req->fd) || processor >= get_nprocs_conf())
		return WSAEINVAL;
	if (libc_setsockopt(req->fd, SOL_SOCKET, LIBC_SO_REUSEPORT, &one,
			    sizeof(one)) ||
	    libc_setsockopt(req->fd, SOL_SOCKET, LIBC_SO_INCOMING_CPU,
			    &processor, sizeof(processor)))
		return win_wsa_code(errno);
	return 0;
}

/* Nothing is faster than Linux' loopback. */
static DWORD set_loopback(struct request *req)
{
	return req->inlen < sizeof(DWORD) ? WSAEFAULT : 0;
}

static DWORD set_nonblocking(struct request *req)
{
	ULONG n;

	if (req->inlen < sizeof(n))
		return WSAEFAULT;
	memcpy(&n, req->in, sizeof(n));
	return set_blocking(req->fd, !n);
}

static DWORD get_readable(struct request *req)
{
	ULONG n = 0;
	DWORD code;

	if (req->outlen < sizeof(n))
		return WSAEFAULT;
	code = readable(req->fd, &n);
	if (code)
		return code;
	memcpy(req->out, &n, sizeof(n));
	req->bytes = sizeof(n);
	return 0;
}

static const struct {
	DWORD request;
	DWORD (*func)(struct request *req);
} requests[] = {
	{ SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER, get_functions },
	{ SIO_GET_EXTENSION_FUNCTION_POINTER, get_function },
	{ SIO_KEEPALIVE_VALS, set_keepalive },
	{ SIO_UDP_CONNRESET, set_connreset },
	{ SIO_UDP_NETRESET, set_netreset },
	{ SIO_CPU_AFFINITY, set_processor },
	{ SIO_LOOPBACK_FAST_PATH, set_loopback },
	{ FIONBIO, set_nonblocking },
	{ FIONREAD, get_readable },
};

static DWORD answer(DWORD request, struct request *req)
{
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].request == request)
			return requests[i].func(req);
	}
	return WSAEOPNOTSUPP;
}

static DWORD room(const void *buf, DWORD length)
{
	if (!buf)
		return 0;
	return length < MAX_REQUEST ? length : MAX_REQUEST;
}

int WSAIoctl(SOCKET s, DWORD request, LPVOID in, DWORD inlen, LPVOID out,
	     DWORD outlen, LPDWORD bytes, REGBUF_WIN_NULL overlapped,
	     REGBUF_WIN_NULL routine)
{
	struct request req = {
		.fd = socket_of(s),
		.inlen = room(in, inlen),
		.outlen = room(out, outlen),
	};
	DWORD code;

	if (req.fd < 0)
		return -1;
	if (overlapped.nothing || routine.nothing)
		return win_fail(WSAEOPNOTSUPP);
	if (!win_copy_in(req.in, in, req.inlen))
		return win_fail(WSAEFAULT);
	code = answer(request, &req);
	/* Nothing is done that a bad pointer here would have to undo. */
	if (!code && !win_copy_out(out, req.out, req.bytes))
		code = WSAEFAULT;
	if (!win_copy_out(bytes, &req.bytes, sizeof(req.bytes)))
		code = WSAEFAULT;
	return code ? win_fail(code) : 0;
}
