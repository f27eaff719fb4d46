// SPDX-License-Identifier: MIT
/* What libc.h says of the C library. */

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "libc.h"

#define SAME(a, b)	_Static_assert((a) == (b), #a)
#define SAME_MEMBER(s, m, t, n)						\
	_Static_assert(offsetof(struct s, m) == offsetof(struct t, n) &&\
		       sizeof(((struct s *)0)->m) ==			\
		       sizeof(((struct t *)0)->n), #s " " #m)

SAME(LIBC_SOCK_NONBLOCK, SOCK_NONBLOCK);
SAME(LIBC_SOCK_CLOEXEC, SOCK_CLOEXEC);
SAME(LIBC_MSG_DONTWAIT, MSG_DONTWAIT);
SAME(LIBC_MSG_NOSIGNAL, MSG_NOSIGNAL);
SAME(LIBC_SO_DOMAIN, SO_DOMAIN);
SAME(LIBC_SO_REUSEPORT, SO_REUSEPORT);
SAME(LIBC_SO_PROTOCOL, SO_PROTOCOL);
SAME(LIBC_SO_INCOMING_CPU, SO_INCOMING_CPU);
SAME(LIBC_IP_BIND_ADDRESS_NO_PORT, IP_BIND_ADDRESS_NO_PORT);
SAME(LIBC_IPV6_RECVPKTINFO, IPV6_RECVPKTINFO);
SAME(LIBC_IPV6_RECVHOPLIMIT, IPV6_RECVHOPLIMIT);
SAME(LIBC_TCP_USER_TIMEOUT, TCP_USER_TIMEOUT);
SAME(LIBC_FIONREAD, FIONREAD);
SAME(LIBC_FIONBIO, FIONBIO);
SAME(LIBC_POLLRDHUP, POLLRDHUP);
SAME(LIBC_EAI_BADFLAGS, EAI_BADFLAGS);
SAME(LIBC_EAI_NONAME, EAI_NONAME);
SAME(LIBC_EAI_AGAIN, EAI_AGAIN);
SAME(LIBC_EAI_FAIL, EAI_FAIL);
SAME(LIBC_EAI_NODATA, EAI_NODATA);
SAME(LIBC_EAI_FAMILY, EAI_FAMILY);
SAME(LIBC_EAI_SOCKTYPE, EAI_SOCKTYPE);
SAME(LIBC_EAI_SERVICE, EAI_SERVICE);
SAME(LIBC_EAI_ADDRFAMILY, EAI_ADDRFAMILY);
SAME(LIBC_EAI_MEMORY, EAI_MEMORY);
SAME(LIBC_EAI_SYSTEM, EAI_SYSTEM);
SAME(LIBC_EAI_OVERFLOW, EAI_OVERFLOW);

SAME(sizeof(struct libc_msghdr), sizeof(struct msghdr));
SAME_MEMBER(libc_msghdr, name, msghdr, msg_name);
SAME_MEMBER(libc_msghdr, namelen, msghdr, msg_namelen);
SAME_MEMBER(libc_msghdr, iov, msghdr, msg_iov);
SAME_MEMBER(libc_msghdr, iovlen, msghdr, msg_iovlen);
SAME_MEMBER(libc_msghdr, control, msghdr, msg_control);
SAME_MEMBER(libc_msghdr, controllen, msghdr, msg_controllen);
SAME_MEMBER(libc_msghdr, flags, msghdr, msg_flags);

SAME(sizeof(struct libc_linger), sizeof(struct linger));
SAME_MEMBER(libc_linger, onoff, linger, l_onoff);
SAME_MEMBER(libc_linger, linger, linger, l_linger);

SAME(sizeof(struct libc_addrinfo), sizeof(struct addrinfo));
SAME_MEMBER(libc_addrinfo, flags, addrinfo, ai_flags);
SAME_MEMBER(libc_addrinfo, family, addrinfo, ai_family);
SAME_MEMBER(libc_addrinfo, socktype, addrinfo, ai_socktype);
SAME_MEMBER(libc_addrinfo, protocol, addrinfo, ai_protocol);
SAME_MEMBER(libc_addrinfo, addrlen, addrinfo, ai_addrlen);
SAME_MEMBER(libc_addrinfo, addr, addrinfo, ai_addr);
SAME_MEMBER(libc_addrinfo, canonname, addrinfo, ai_canonname);
SAME_MEMBER(libc_addrinfo, next, addrinfo, ai_next);

SAME(sizeof(struct libc_mreqn), sizeof(struct ip_mreqn));
SAME_MEMBER(libc_mreqn, group, ip_mreqn, imr_multiaddr);
SAME_MEMBER(libc_mreqn, addr, ip_mreqn, imr_address);
SAME_MEMBER(libc_mreqn, ifindex, ip_mreqn, imr_ifindex);

SAME(sizeof(struct libc_pollfd), sizeof(struct pollfd));
SAME_MEMBER(libc_pollfd, fd, pollfd, fd);
SAME_MEMBER(libc_pollfd, events, pollfd, events);
SAME_MEMBER(libc_pollfd, revents, pollfd, revents);
