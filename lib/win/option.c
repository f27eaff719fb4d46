// SPDX-License-Identifier: MIT
/* Socket options: most are Linux' own, some have another shape or meaning. */

#include <errno.h>
#include <string.h>
#include <sys/time.h>

#include <ws2san.h>

#include "sock.h"

struct option {
	int level;
	int option;
	/* Codes. @value has @length bytes at least: an int where it is 0. */
	DWORD (*set)(int fd, const void *value, int length);
	DWORD (*get)(int fd, void *value, int *length);
	int length;
};

static DWORD code_of(int err)
{
	if (!err)
		return 0;
	return errno == EBADF ? WSAENOTSOCK : win_wsa_code(errno);
}

static DWORD set_int(int fd, int level, int option, int value)
{
	return code_of(libc_setsockopt(fd, level, option, &value,
				       sizeof(value)));
}

static DWORD get_int(int fd, int level, int option, int *value)
{
	unsigned int length = sizeof(*value);

	return code_of(libc_getsockopt(fd, level, option, value, &length));
}

static int int_of(const void *value)
{
	int n;

	memcpy(&n, value, sizeof(n));
	return n;
}

static DWORD put_int(void *value, int *length, int n)
{
	memcpy(value, &n, sizeof(n));
	*length = sizeof(n);
	return 0;
}

/* An int that is Linux' int, but for what @convert does to it. */
static DWORD get_converted(int fd, int level, int option, void *value,
			   int *length, int (*convert)(int))
{
	DWORD code;
	int n;

	code = get_int(fd, level, option, &n);
	return code ? code : put_int(value, length, convert(n));
}

static DWORD set_linger(int fd, const void *value, int length)
{
	struct libc_linger linger;
	struct linger from;

	(void)length;
	memcpy(&from, value, sizeof(from));
	linger.onoff = !!from.l_onoff;
	linger.linger = from.l_linger;
	return code_of(libc_setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger,
				       sizeof(linger)));
}

static DWORD linger_of(int fd, struct libc_linger *linger)
{
	unsigned int length = sizeof(*linger);

	return code_of(libc_getsockopt(fd, SOL_SOCKET, SO_LINGER, linger,
				       &length));
}

static DWORD get_linger(int fd, void *value, int *length)
{
	struct libc_linger linger;
	struct linger to;
	DWORD code;

	code = linger_of(fd, &linger);
	if (code)
		return code;
	to.l_onoff = (u_short)linger.onoff;
	to.l_linger = (u_short)linger.linger;
	memcpy(value, &to, sizeof(to));
	*length = sizeof(to);
	return 0;
}

static DWORD set_dontlinger(int fd, const void *value, int length)
{
	struct libc_linger linger;
	DWORD code;

	(void)length;
	code = linger_of(fd, &linger);
	if (code)
		return code;
	linger.onoff = !int_of(value);
	return code_of(libc_setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger,
				       sizeof(linger)));
}

static DWORD get_dontlinger(int fd, void *value, int *length)
{
	struct libc_linger linger;
	DWORD code;

	code = linger_of(fd, &linger);
	return code ? code : put_int(value, length, !linger.onoff);
}

static DWORD set_timeout(int fd, int option, const void *value)
{
	DWORD ms = (DWORD)int_of(value);
	struct timeval timeout = {
		.tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000,
	};

	return code_of(libc_setsockopt(fd, SOL_SOCKET, option, &timeout,
				       sizeof(timeout)));
}

static DWORD get_timeout(int fd, int option, void *value, int *length)
{
	struct timeval timeout;
	unsigned int timeoutlen = sizeof(timeout);
	DWORD code;

	code = code_of(libc_getsockopt(fd, SOL_SOCKET, option, &timeout,
				       &timeoutlen));
	return code ? code : put_int(value, length,
				     (int)(timeout.tv_sec * 1000 +
					   timeout.tv_usec / 1000));
}

static DWORD set_rcvtimeo(int fd, const void *value, int length)
{
	(void)length;
	return set_timeout(fd, SO_RCVTIMEO, value);
}

static DWORD get_rcvtimeo(int fd, void *value, int *length)
{
	return get_timeout(fd, SO_RCVTIMEO, value, length);
}

static DWORD set_sndtimeo(int fd, const void *value, int length)
{
	(void)length;
	return set_timeout(fd, SO_SNDTIMEO, value);
}

static DWORD get_sndtimeo(int fd, void *value, int *length)
{
	return get_timeout(fd, SO_SNDTIMEO, value, length);
}

/*
 * Who asks for an address alone doesn't share it; that is so here already
 * without asking. What is set for listeners is not what the program asked for.
 */
static DWORD set_exclusive(int fd, const void *value, int length)
{
	(void)length;
	if (!int_of(value)) {
		win_sock_mark(fd, 0, SOCK_EXCLUSIVE);
		return 0;
	}
	if (win_sock_flags(fd) & SOCK_SHARED)
		return WSAEINVAL;
	win_sock_mark(fd, SOCK_EXCLUSIVE, 0);
	return set_int(fd, SOL_SOCKET, SO_REUSEADDR, 0);
}

static DWORD get_exclusive(int fd, void *value, int *length)
{
	return put_int(value, length, !!(win_sock_flags(fd) & SOCK_EXCLUSIVE));
}

static DWORD set_shared(int fd, const void *value, int length)
{
	bool on = int_of(value);

	(void)length;
	if (on && win_sock_flags(fd) & SOCK_EXCLUSIVE)
		return WSAEINVAL;
	win_sock_mark(fd, on ? SOCK_SHARED : 0, on ? 0 : SOCK_SHARED);
	return set_int(fd, SOL_SOCKET, SO_REUSEADDR, on);
}

static DWORD get_shared(int fd, void *value, int *length)
{
	return put_int(value, length, !!(win_sock_flags(fd) & SOCK_SHARED));
}

static int half(int n)
{
	return n / 2;
}

static DWORD set_rcvbuf(int fd, const void *value, int length)
{
	(void)length;
	win_sock_mark(fd, SOCK_SIZED, 0);
	return set_int(fd, SOL_SOCKET, SO_RCVBUF, int_of(value));
}

static DWORD get_rcvbuf(int fd, void *value, int *length)
{
	return get_converted(fd, SOL_SOCKET, SO_RCVBUF, value, length, half);
}

static DWORD get_sndbuf(int fd, void *value, int *length)
{
	return get_converted(fd, SOL_SOCKET, SO_SNDBUF, value, length, half);
}

static DWORD get_error(int fd, void *value, int *length)
{
	DWORD code;
	int err;

	code = get_int(fd, SOL_SOCKET, SO_ERROR, &err);
	if (code)
		return code;
	if (err == ECONNREFUSED &&
	    win_sock_option(fd, SO_TYPE, SOCK_STREAM) != SOCK_STREAM)
		err = ECONNRESET;
	return put_int(value, length, (int)win_wsa_code(err));
}

static DWORD get_max_msg_size(int fd, void *value, int *length)
{
	if (win_sock_option(fd, SO_TYPE, SOCK_STREAM) != SOCK_DGRAM)
		return WSAENOPROTOOPT;
	return put_int(value, length,
		       win_sock_addrlen(fd) == sizeof(SOCKADDR_IN6) ? 65527 :
								      65507);
}

static DWORD get_max_rdma(int fd, void *value, int *length)
{
	(void)fd;
	return put_int(value, length, (int)win_san_max_rdma());
}

static DWORD get_rdma_threshold(int fd, void *value, int *length)
{
	(void)fd;
	return put_int(value, length, (int)win_san_rdma_threshold());
}

static DWORD refuse(int fd, const void *value, int length)
{
	(void)fd;
	(void)value;
	(void)length;
	return WSAENOPROTOOPT;
}

/* The port is chosen when the socket is connected. */
static DWORD set_unicastport(int fd, const void *value, int length)
{
	(void)length;
	return set_int(fd, IPPROTO_IP, LIBC_IP_BIND_ADDRESS_NO_PORT,
		       int_of(value));
}

static DWORD get_unicastport(int fd, void *value, int *length)
{
	DWORD code;
	int n;

	code = get_int(fd, IPPROTO_IP, LIBC_IP_BIND_ADDRESS_NO_PORT, &n);
	return code ? code : put_int(value, length, n);
}

static DWORD set_dontfragment(int fd, const void *value, int length)
{
	(void)length;
	return set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER,
		       int_of(value) ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT);
}

static int dontfragment(int n)
{
	return n == IP_PMTUDISC_DO || n == IP_PMTUDISC_PROBE;
}

static DWORD get_dontfragment(int fd, void *value, int *length)
{
	return get_converted(fd, IPPROTO_IP, IP_MTU_DISCOVER, value, length,
			     dontfragment);
}

/* 0.x.x.x is the number of an interface, not an address of one. */
static struct libc_mreqn interface_of(ULONG group, ULONG addr)
{
	ULONG index = ntohl(addr);
	struct libc_mreqn req = { .group = group };

	if (index && index < 0x1000000)
		req.ifindex = (int)index;
	else
		req.addr = addr;
	return req;
}

static DWORD set_multicast_if(int fd, const void *value, int length)
{
	struct libc_mreqn req = interface_of(0, (ULONG)int_of(value));

	(void)length;
	return code_of(libc_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &req,
				       sizeof(req)));
}

static DWORD set_membership(int fd, int option, const void *value)
{
	struct libc_mreqn req;
	struct ip_mreq from;

	memcpy(&from, value, sizeof(from));
	req = interface_of(from.imr_multiaddr.s_addr,
			   from.imr_interface.s_addr);
	return code_of(libc_setsockopt(fd, IPPROTO_IP, option, &req,
				       sizeof(req)));
}

static DWORD join(int fd, const void *value, int length)
{
	(void)length;
	return set_membership(fd, IP_ADD_MEMBERSHIP, value);
}

static DWORD leave(int fd, const void *value, int length)
{
	(void)length;
	return set_membership(fd, IP_DROP_MEMBERSHIP, value);
}

/* Linux has other options for those that tell what to receive. */
static DWORD set_pktinfo6(int fd, const void *value, int length)
{
	(void)length;
	return set_int(fd, IPPROTO_IPV6, LIBC_IPV6_RECVPKTINFO, int_of(value));
}

static DWORD get_pktinfo6(int fd, void *value, int *length)
{
	*length = sizeof(int);
	return get_int(fd, IPPROTO_IPV6, LIBC_IPV6_RECVPKTINFO, value);
}

static DWORD set_hoplimit6(int fd, const void *value, int length)
{
	(void)length;
	return set_int(fd, IPPROTO_IPV6, LIBC_IPV6_RECVHOPLIMIT, int_of(value));
}

static DWORD get_hoplimit6(int fd, void *value, int *length)
{
	*length = sizeof(int);
	return get_int(fd, IPPROTO_IPV6, LIBC_IPV6_RECVHOPLIMIT, value);
}

static DWORD set_unicast_if6(int fd, const void *value, int length)
{
	(void)length;
	return set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_IF,
		       (int)htonl((ULONG)int_of(value)));
}

static int host_order(int n)
{
	return (int)ntohl((ULONG)n);
}

static DWORD get_unicast_if6(int fd, void *value, int *length)
{
	return get_converted(fd, IPPROTO_IPV6, IPV6_UNICAST_IF, value, length,
			     host_order);
}

static DWORD set_maxrt(int fd, const void *value, int length)
{
	int s = int_of(value);

	(void)length;
	/* -1: never give up. Linux' 0 is what it is without the option. */
	if (s < 0 || s > 0x7fffffff / 1000)
		s = 0x7fffffff / 1000;
	return set_int(fd, IPPROTO_TCP, LIBC_TCP_USER_TIMEOUT, s * 1000);
}

static int seconds(int ms)
{
	return ms / 1000;
}

static DWORD get_maxrt(int fd, void *value, int *length)
{
	return get_converted(fd, IPPROTO_TCP, LIBC_TCP_USER_TIMEOUT, value,
			     length, seconds);
}

static DWORD set_maxrtms(int fd, const void *value, int length)
{
	(void)length;
	return set_int(fd, IPPROTO_TCP, LIBC_TCP_USER_TIMEOUT, int_of(value));
}

static DWORD get_maxrtms(int fd, void *value, int *length)
{
	*length = sizeof(int);
	return get_int(fd, IPPROTO_TCP, LIBC_TCP_USER_TIMEOUT, value);
}

/* Linux puts together up to 64 KiB, or nothing. */
static DWORD set_coalesced(int fd, const void *value, int length)
{
	(void)length;
	return set_int(fd, IPPROTO_UDP, UDP_RECV_MAX_COALESCED_SIZE,
		       !!int_of(value));
}

static int all_or_nothing(int n)
{
	return n ? 65535 : 0;
}

static DWORD get_coalesced(int fd, void *value, int *length)
{
	return get_converted(fd, IPPROTO_UDP, UDP_RECV_MAX_COALESCED_SIZE,
			     value, length, all_or_nothing);
}

/* What AcceptEx() left to do: nothing. @value: who listened. */
static DWORD update_accepted(int fd, const void *value, int length)
{
	SOCKADDR_STORAGE name;
	unsigned int name_len = sizeof(name);
	SOCKET listener;

	(void)length;
	memcpy(&listener, value, sizeof(listener));
	if (win_sock_option((int)listener, SO_TYPE, -1) < 0)
		return WSAENOTSOCK;
	if (!win_sock_option((int)listener, SO_ACCEPTCONN, 0))
		return WSAEINVAL;
	return code_of(libc_getpeername(fd, &name, &name_len));
}

static DWORD update_connected(int fd)
{
	SOCKADDR_STORAGE name;
	unsigned int length = sizeof(name);

	return code_of(libc_getpeername(fd, &name, &length));
}

static const struct option options[] = {
	{ SOL_SOCKET, SO_LINGER, set_linger, get_linger,
	  sizeof(struct linger) },
	{ SOL_SOCKET, SO_DONTLINGER, set_dontlinger, get_dontlinger, 0 },
	{ SOL_SOCKET, SO_RCVTIMEO, set_rcvtimeo, get_rcvtimeo, 0 },
	{ SOL_SOCKET, SO_SNDTIMEO, set_sndtimeo, get_sndtimeo, 0 },
	{ SOL_SOCKET, SO_EXCLUSIVEADDRUSE, set_exclusive, get_exclusive, 0 },
	{ SOL_SOCKET, SO_REUSEADDR, set_shared, get_shared, 0 },
	{ SOL_SOCKET, SO_RCVBUF, set_rcvbuf, get_rcvbuf, 0 },
	{ SOL_SOCKET, SO_SNDBUF, NULL, get_sndbuf, 0 },
	{ SOL_SOCKET, SO_ERROR, NULL, get_error, 0 },
	{ SOL_SOCKET, SO_MAX_MSG_SIZE, refuse, get_max_msg_size, 0 },
	{ SOL_SOCKET, SO_MAX_RDMA_SIZE, refuse, get_max_rdma, 0 },
	{ SOL_SOCKET, SO_RDMA_THRESHOLD_SIZE, refuse, get_rdma_threshold, 0 },
	{ SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, update_accepted, NULL,
	  sizeof(SOCKET) },
	{ SOL_SOCKET, SO_REUSE_UNICASTPORT, set_unicastport, get_unicastport,
	  0 },
	{ IPPROTO_IP, IP_DONTFRAGMENT, set_dontfragment, get_dontfragment, 0 },
	{ IPPROTO_IP, IP_MULTICAST_IF, set_multicast_if, NULL, 0 },
	{ IPPROTO_IP, IP_ADD_MEMBERSHIP, join, NULL, sizeof(struct ip_mreq) },
	{ IPPROTO_IP, IP_DROP_MEMBERSHIP, leave, NULL,
	  sizeof(struct ip_mreq) },
	{ IPPROTO_IPV6, IPV6_PKTINFO, set_pktinfo6, get_pktinfo6, 0 },
	{ IPPROTO_IPV6, IPV6_HOPLIMIT, set_hoplimit6, get_hoplimit6, 0 },
	{ IPPROTO_IPV6, IPV6_UNICAST_IF, set_unicast_if6, get_unicast_if6, 0 },
	{ IPPROTO_TCP, TCP_MAXRT, set_maxrt, get_maxrt, 0 },
	{ IPPROTO_TCP, TCP_MAXRTMS, set_maxrtms, get_maxrtms, 0 },
	{ IPPROTO_UDP, UDP_RECV_MAX_COALESCED_SIZE, set_coalesced,
	  get_coalesced, 0 },
};

static const struct option *find(int level, int option)
{
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (options[i].level == level && options[i].option == option)
			return &options[i];
	}
	return NULL;
}

#define MAX_OPTION	16

/* The longest one has that many bytes: what follows is not looked at. */
static DWORD set_own(int fd, const struct option *o, const void *value,
		     int length)
{
	char copy[MAX_OPTION] = "";
	int n = length < MAX_OPTION ? length : MAX_OPTION;

	if (!win_copy_in(copy, value, (size_t)n))
		return WSAEFAULT;
	return o->set(fd, copy, n);
}

static DWORD get_own(int fd, const struct option *o, void *value, int *length)
{
	char copy[MAX_OPTION];
	DWORD code;

	code = o->get(fd, copy, length);
	if (!code && !win_copy_out(value, copy, (size_t)*length))
		code = WSAEFAULT;
	return code;
}

/* IP takes one byte for an int, as there; others have a BOOL of four. */
static bool is_short(int level, const struct option *o, int length)
{
	int need = o && o->length ? o->length : (int)sizeof(int);

	if (!o && length && (level == IPPROTO_IP || level == IPPROTO_IPV6))
		return false;
	return length < need;
}

int setsockopt(SOCKET s, int level, int option, const char *value, int length)
{
	const struct option *o = find(level, option);
	int fd = win_sock(s), wide;
	DWORD code;

	if (fd < 0)
		return -1;
	/* It has no value. */
	if (level == SOL_SOCKET && option == SO_UPDATE_CONNECT_CONTEXT) {
		code = update_connected(fd);
		return code ? win_fail(code) : 0;
	}
	if (!value)
		return win_fail(WSAEFAULT);
	/* A BOOLEAN does for what TCP has. */
	if (level == IPPROTO_TCP && length == 1) {
		wide = 0;
		if (!win_copy_in(&wide, value, 1))
			return win_fail(WSAEFAULT);
		return setsockopt(s, level, option, (char *)&wide,
				  sizeof(wide));
	}
	if (is_short(level, o, length))
		return win_fail(WSAEFAULT);
	/* Linux sees to it that it's a socket, for those that it is asked. */
	if (win_sock_option(fd, SO_TYPE, -1) < 0)
		return win_fail_errno();
	if (o && o->set)
		code = set_own(fd, o, value, length);
	else
		code = code_of(libc_setsockopt(fd, level, option, value,
					       (unsigned int)length));
	return code ? win_fail(code) : 0;
}

int getsockopt(SOCKET s, int level, int option, char *value, int *length)
{
	const struct option *o = find(level, option);
	int fd = win_sock(s), room = 0;
	DWORD code;

	if (fd < 0)
		return -1;
	if (!win_copy_in(&room, length, sizeof(room)) ||
	    is_short(level, o, room))
		return win_fail(WSAEFAULT);
	if (win_sock_option(fd, SO_TYPE, -1) < 0)
		return win_fail_errno();
	if (o && o->get)
		code = get_own(fd, o, value, length);
	else
		code = code_of(libc_getsockopt(fd, level, option, value,
					       length));
	return code ? win_fail(code) : 0;
}
