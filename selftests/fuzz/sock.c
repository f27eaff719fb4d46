// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets, in whatever state one can bring them.
 */
#include "world.h"

#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define NONBLOCK	(SOCK_NONBLOCK | SOCK_CLOEXEC)

static socklen_t fz_local(int family, struct sockaddr_in6 *addr)
{
	struct sockaddr_in *in = (struct sockaddr_in *)addr;

	memset(addr, 0, sizeof(*addr));
	addr->sin6_family = family;
	if (family == AF_INET6) {
		addr->sin6_addr = in6addr_loopback;
		return sizeof(*addr);
	}
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(*in);
}

static int fz_bound(int family, int type)
{
	struct sockaddr_in6 addr;
	socklen_t length = fz_local(family, &addr);
	int fd = socket(family, type | NONBLOCK, 0);

	if (fd >= 0 && bind(fd, (void *)&addr, length)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int fz_join(int fd, int to)
{
	struct sockaddr_storage addr;
	socklen_t length = sizeof(addr);

	if (getsockname(to, (void *)&addr, &length))
		return -1;
	return connect(fd, (void *)&addr, length);
}

static int fz_listen(int family)
{
	int fd = fz_bound(family, SOCK_STREAM);

	if (fd >= 0)
		listen(fd, 1);
	return fd;
}

/* Two that are connected to each other. */
static void fz_stream_pair(struct fz_world *w, int family, int buffer)
{
	int listener = fz_listen(family);
	int a = socket(family, SOCK_STREAM | NONBLOCK, 0);

	if (buffer) {
		setsockopt(a, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
		setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &buffer,
			   sizeof(buffer));
	}
	fz_join(a, listener);
	fz_add_sock(w, a);
	fz_add_sock(w, accept4(listener, NULL, NULL, NONBLOCK));
	close(listener);
}

static void fz_dgram_pair(struct fz_world *w, int family)
{
	int a = fz_add_sock(w, fz_bound(family, SOCK_DGRAM));
	int b = fz_add_sock(w, fz_bound(family, SOCK_DGRAM));

	fz_join(a, b);
	fz_join(b, a);
}

/* With connections that nobody accepts, and one that hangs. */
static void fz_queued(struct fz_world *w, int family)
{
	int listener = fz_add_sock(w, fz_listen(family));
	int i, fd;

	for (i = 0; i < 3; i++) {
		fd = fz_add_sock(w, socket(family, SOCK_STREAM | NONBLOCK, 0));
		fz_join(fd, listener);
	}
}

static void fz_encrypted(struct fz_world *w)
{
	struct tls12_crypto_info_aes_gcm_128 info = {
		.info = {
			.version = TLS_1_2_VERSION,
			.cipher_type = TLS_CIPHER_AES_GCM_128,
		},
	};
	int fd;

	fz_stream_pair(w, AF_INET, 0);
	fd = w->sock[(w->nr_socks - 2) % FZ_SOCKS];
	setsockopt(fd, SOL_TCP, TCP_ULP, "tls", sizeof("tls"));
	setsockopt(fd, SOL_TLS, TLS_TX, &info, sizeof(info));
}

static void fz_unix_pair(struct fz_world *w)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | NONBLOCK, 0, fds))
		return;
	fz_add_sock(w, fds[0]);
	fz_add_sock(w, fds[1]);
}

/* kind */
long fz_call_sock(struct fz_world *w, const __u64 *arg)
{
	int family = arg[0] & 1 ? AF_INET6 : AF_INET;

	switch (arg[0] / 2 % 10) {
	case 0:
	case 1:
		fz_stream_pair(w, family, 0);
		break;
	case 2:
		fz_dgram_pair(w, family);
		break;
	case 3:
		fz_stream_pair(w, family, 4096);
		break;
	case 4:
		fz_add_sock(w, fz_bound(family, SOCK_DGRAM));
		break;
	case 5:
		fz_queued(w, family);
		break;
	case 6:
		fz_add_sock(w, socket(family, SOCK_STREAM | NONBLOCK, 0));
		break;
	case 7:
		fz_encrypted(w);
		break;
	case 8:
		fz_unix_pair(w);
		break;
	default:
		fz_add_sock(w, family == AF_INET ?
			    socket(AF_NETLINK, SOCK_RAW | NONBLOCK, 0) :
			    socket(family, SOCK_RAW | NONBLOCK, IPPROTO_UDP));
	}
	return 0;
}

static long fz_close_sock(struct fz_world *w, int fd)
{
	int i;

	for (i = 0; i < FZ_SOCKS; i++)
		if (w->sock[i] == fd)
			w->sock[i] = -1;
	return close(fd);
}

/* With a reset, not politely. */
static long fz_reset(struct fz_world *w, int fd)
{
	struct linger linger = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return fz_close_sock(w, fd);
}

static long fz_disconnect(int fd)
{
	struct sockaddr addr = { .sa_family = AF_UNSPEC };

	return connect(fd, &addr, sizeof(addr));
}

static long fz_move(int fd, bool in, size_t length, int flags)
{
	static char bytes[65536];

	if (length > sizeof(bytes))
		length = sizeof(bytes);
	if (in)
		return recv(fd, bytes, length, MSG_DONTWAIT | flags);
	return send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL | flags);
}

/* socket, what, number */
long fz_call_sockop(struct fz_world *w, const __u64 *arg)
{
	int fd = fz_sock(w, arg[0]);

	switch (arg[1] % 14) {
	case 0:
	case 1:
	case 2:
		return shutdown(fd, arg[1] % 14);
	case 3:
		return fz_close_sock(w, fd);
	case 4:
		return fz_reset(w, fd);
	case 5:
		return fz_disconnect(fd);
	case 6:
		return listen(fd, arg[2] % 4);
	case 7:
		return fz_join(fd, fz_sock(w, arg[2]));
	case 8:
		return fcntl(fd, F_SETFL, arg[2] & 1 ? O_NONBLOCK : 0);
	case 9:
		return fz_move(fd, true, arg[2], MSG_ERRQUEUE);
	case 10:
	case 11:
		return fz_move(fd, true, arg[2], 0);
	default:
		return fz_move(fd, false, arg[2], 0);
	}
}

/* socket, option, value */
long fz_call_sockopt(struct fz_world *w, const __u64 *arg)
{
	static const struct {
		int level;
		int name;
	} options[] = {
		{ SOL_SOCKET, SO_SNDBUF }, { SOL_SOCKET, SO_RCVBUF },
		{ SOL_SOCKET, SO_ZEROCOPY }, { SOL_SOCKET, SO_TIMESTAMPING },
		{ SOL_SOCKET, SO_NO_CHECK }, { SOL_SOCKET, SO_TIMESTAMP },
		{ SOL_SOCKET, SO_RCVLOWAT }, { SOL_SOCKET, SO_BUSY_POLL },
		{ SOL_SOCKET, SO_TXTIME }, { SOL_SOCKET, SO_MARK },
		{ SOL_TCP, TCP_NODELAY }, { SOL_TCP, TCP_CORK },
		{ SOL_TCP, TCP_MAXSEG }, { SOL_TCP, TCP_USER_TIMEOUT },
		{ SOL_TCP, TCP_NOTSENT_LOWAT }, { SOL_TCP, TCP_REPAIR },
		{ SOL_TCP, TCP_FASTOPEN_CONNECT },
		{ SOL_TCP, TCP_DEFER_ACCEPT },
		{ SOL_UDP, UDP_CORK }, { SOL_UDP, UDP_SEGMENT },
		{ SOL_UDP, UDP_GRO }, { SOL_UDP, UDP_ENCAP },
		{ SOL_IP, IP_MTU_DISCOVER }, { SOL_IP, IP_PKTINFO },
		{ SOL_IP, IP_RECVTOS }, { SOL_IP, IP_RECVERR },
		{ SOL_IP, IP_HDRINCL },
		{ SOL_IPV6, IPV6_MTU_DISCOVER }, { SOL_IPV6, IPV6_V6ONLY },
		{ SOL_IPV6, IPV6_RECVPKTINFO }, { SOL_IPV6, IPV6_ADDRFORM },
		{ SOL_SOCKET, SO_SNDTIMEO },
	};
	__u32 nr = ARRAY_SIZE(options);
	struct timeval soon = { .tv_usec = 1000 };
	__u64 value[2] = { arg[2] };
	__u32 at = arg[1] % nr;

	if (options[at].name == SO_SNDTIMEO && options[at].level == SOL_SOCKET)
		return setsockopt(fz_sock(w, arg[0]), SOL_SOCKET, SO_SNDTIMEO,
				  &soon, sizeof(soon));
	return setsockopt(fz_sock(w, arg[0]), options[at].level,
			  options[at].name, value,
			  options[at].name == SO_TXTIME ? 8 : 4);
}
