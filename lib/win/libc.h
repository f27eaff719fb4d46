/* SPDX-License-Identifier: MIT */
/*
 * The C library's socket functions, under other names: what winsock2.h declares
 * has taken theirs. Addresses and constants are the same in both; what isn't in
 * winsock2.h is here. layout.c checks it all.
 */
#ifndef REGBUF_WIN_LIBC_H
#define REGBUF_WIN_LIBC_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#define LIBC_SOCK_NONBLOCK	04000
#define LIBC_SOCK_CLOEXEC	02000000
#define LIBC_MSG_DONTWAIT	0x40
#define LIBC_MSG_NOSIGNAL	0x4000

#define LIBC_SO_DOMAIN		39
#define LIBC_SO_REUSEPORT	15
#define LIBC_SO_PROTOCOL	38
#define LIBC_SO_INCOMING_CPU	49
#define LIBC_IP_BIND_ADDRESS_NO_PORT	24
#define LIBC_IPV6_RECVPKTINFO	49
#define LIBC_IPV6_RECVHOPLIMIT	51
#define LIBC_TCP_USER_TIMEOUT	18

#define LIBC_FIONREAD		0x541b
#define LIBC_FIONBIO		0x5421

#define LIBC_POLLRDHUP		0x2000

/* Of getaddrinfo(). */
#define LIBC_EAI_BADFLAGS	(-1)
#define LIBC_EAI_NONAME		(-2)
#define LIBC_EAI_AGAIN		(-3)
#define LIBC_EAI_FAIL		(-4)
#define LIBC_EAI_NODATA		(-5)
#define LIBC_EAI_FAMILY		(-6)
#define LIBC_EAI_SOCKTYPE	(-7)
#define LIBC_EAI_SERVICE	(-8)
#define LIBC_EAI_ADDRFAMILY	(-9)
#define LIBC_EAI_MEMORY		(-10)
#define LIBC_EAI_SYSTEM		(-11)
#define LIBC_EAI_OVERFLOW	(-12)

struct libc_msghdr {
	void *name;
	unsigned int namelen;
	struct iovec *iov;
	size_t iovlen;
	void *control;
	size_t controllen;
	int flags;
};

struct libc_linger {
	int onoff;
	int linger;
};

struct libc_addrinfo {
	int flags;
	int family;
	int socktype;
	int protocol;
	unsigned int addrlen;
	void *addr;
	char *canonname;
	struct libc_addrinfo *next;
};

/* struct ip_mreqn */
struct libc_mreqn {
	unsigned int group;
	unsigned int addr;
	int ifindex;
};

struct libc_pollfd {
	int fd;
	short events;
	short revents;
};

int libc_socket(int family, int type, int protocol) __asm__("socket");
int libc_bind(int fd, const void *addr, unsigned int length) __asm__("bind");
int libc_connect(int fd, const void *addr, unsigned int length)
	__asm__("connect");
int libc_listen(int fd, int backlog) __asm__("listen");
int libc_accept4(int fd, void *addr, void *length, int flags)
	__asm__("accept4");
int libc_shutdown(int fd, int how) __asm__("shutdown");
int libc_getsockname(int fd, void *addr, void *length) __asm__("getsockname");
int libc_getpeername(int fd, void *addr, void *length) __asm__("getpeername");
int libc_setsockopt(int fd, int level, int option, const void *value,
		    unsigned int length) __asm__("setsockopt");
int libc_getsockopt(int fd, int level, int option, void *value, void *length)
	__asm__("getsockopt");
ssize_t libc_sendmsg(int fd, const struct libc_msghdr *msg, int flags)
	__asm__("sendmsg");
ssize_t libc_recvmsg(int fd, struct libc_msghdr *msg, int flags)
	__asm__("recvmsg");
int libc_ioctl(int fd, unsigned long request, ...) __asm__("ioctl");
int libc_poll(struct libc_pollfd *fds, unsigned long count, int timeout_ms)
	__asm__("poll");
int libc_ppoll(struct libc_pollfd *fds, unsigned long count,
	       const struct timespec *timeout, const void *mask)
	__asm__("ppoll");
int libc_inet_pton(int family, const char *text, void *addr)
	__asm__("inet_pton");
const char *libc_inet_ntop(int family, const void *addr, char *text,
			   unsigned int size) __asm__("inet_ntop");
int libc_inet_aton(const char *text, void *addr) __asm__("inet_aton");
int libc_getaddrinfo(const char *name, const char *service,
		     const struct libc_addrinfo *hints,
		     struct libc_addrinfo **out) __asm__("getaddrinfo");
void libc_freeaddrinfo(struct libc_addrinfo *list) __asm__("freeaddrinfo");
int libc_getnameinfo(const void *addr, unsigned int length, char *name,
		     unsigned int namelen, char *service,
		     unsigned int servicelen, int flags)
	__asm__("getnameinfo");
int libc_gethostname(char *name, size_t length) __asm__("gethostname");

#endif /* REGBUF_WIN_LIBC_H */
