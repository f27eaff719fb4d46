// SPDX-License-Identifier: MIT
/* What RIO wants of sockets. The only part that knows them by Linux' names. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "rio.h"

/* What one takes in the socket's buffer, if it is of an Ethernet's size. */
#define RIO_DATAGRAM	2304
/* No more than that of all the machine's memory. */
#define RIO_ROOM	(64 << 20)

DWORD rio_socket_look(int sock, bool *stream, uint64_t *inode)
{
	socklen_t len = sizeof(int);
	struct stat st;
	int type;

	if (getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    fstat(sock, &st))
		return WSAENOTSOCK;
	*stream = type == SOCK_STREAM;
	*inode = st.st_ino;
	return type == SOCK_STREAM || type == SOCK_DGRAM ? 0 : WSAEOPNOTSUPP;
}

static int rio_socket_family(int sock)
{
	socklen_t len = sizeof(int);
	int family = AF_UNSPEC;

	getsockopt(sock, SOL_SOCKET, SO_DOMAIN, &family, &len);
	return family;
}

/* A program that may not have more than others gets what they may have. */
void rio_socket_make_room(int sock, uint32_t receives)
{
	const int64_t want = (int64_t)receives * RIO_DATAGRAM;
	int half = (int)(want < RIO_ROOM ? want : RIO_ROOM) / 2, had;
	socklen_t len = sizeof(int);

	if (win_socket_sized(sock) ||
	    getsockopt(sock, SOL_SOCKET, SO_RCVBUF, &had, &len) ||
	    had / 2 >= half)
		return;
	if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &half, sizeof(half)))
		setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &half, sizeof(half));
}

void rio_socket_pktinfo(int sock)
{
	int on = 1;

	if (rio_socket_family(sock) == AF_INET6)
		setsockopt(sock, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on,
			   sizeof(on));
	else
		setsockopt(sock, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
}

void rio_socket_name(int sock, char name[REGBUF_ADDR_SIZE])
{
	socklen_t len = REGBUF_ADDR_SIZE;

	memset(name, 0, REGBUF_ADDR_SIZE);
	getsockname(sock, (struct sockaddr *)name, &len);
}

static void rio_local_v4(const void *data, char *name)
{
	const struct in_pktinfo *info = data;
	struct sockaddr_in *sin = (struct sockaddr_in *)name;

	if (sin->sin_family == AF_INET)
		sin->sin_addr = info->ipi_addr;
}

static void rio_local_v6(const void *data, char *name)
{
	const struct in6_pktinfo *info = data;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)name;

	if (sin6->sin6_family != AF_INET6)
		return;
	sin6->sin6_addr = info->ipi6_addr;
	if (IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
		sin6->sin6_scope_id = info->ipi6_ifindex;
}

void rio_socket_local(const char *control, uint32_t length,
		      char name[REGBUF_ADDR_SIZE])
{
	struct msghdr msg = {
		.msg_control = (char *)control,
		.msg_controllen = length,
	};
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		if (cmsg->cmsg_level == IPPROTO_IP &&
		    cmsg->cmsg_type == IP_PKTINFO &&
		    cmsg->cmsg_len >= CMSG_LEN(sizeof(struct in_pktinfo)))
			rio_local_v4(CMSG_DATA(cmsg), name);
		else if (cmsg->cmsg_level == IPPROTO_IPV6 &&
			 cmsg->cmsg_type == IPV6_PKTINFO &&
			 cmsg->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo)))
			rio_local_v6(CMSG_DATA(cmsg), name);
	}
}
