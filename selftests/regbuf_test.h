/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_TEST_H
#define REGBUF_TEST_H

/*
 * What the tests of the raw interface share: the ioctls as functions that
 * return 0 or -errno, connected sockets, and a network to delay things in. No
 * library: its mistakes must not hide the kernel's.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/regbuf.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>

/* The harness forks inside its setjmp(), safely; gcc can't see that. */
#pragma GCC diagnostic ignored "-Wclobbered"

#define RB_PAGE		4096UL
#define RB_READ		REGBUF_ACCESS_READ
#define RB_WRITE	REGBUF_ACCESS_WRITE
#define RB_FOREVER	(-1)
#define RB_SEC		1000000000LL

static inline int rb_open(void)
{
	return open(REGBUF_DEVICE, O_RDWR | O_CLOEXEC);
}

static inline int rb_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

static inline int rb_register(int fd, void *addr, __u64 length, __u32 access,
			      __u64 *id)
{
	struct regbuf_ioc_register reg = {
		.size = sizeof(reg),
		.addr = (unsigned long)addr,
		.length = length,
		.access = access,
	};
	int err = rb_ioctl(fd, REGBUF_IOC_REGISTER, &reg);

	*id = reg.id;
	return err;
}

static inline int rb_deregister(int fd, __u64 id)
{
	struct regbuf_ioc_deregister dereg = {
		.size = sizeof(dereg),
		.id = id,
	};

	return rb_ioctl(fd, REGBUF_IOC_DEREGISTER, &dereg);
}

/* With flags; what it says is left in @reg. */
static inline int rb_register_flags(int fd, void *addr, __u64 length,
				    __u32 access, __u32 flags,
				    struct regbuf_ioc_register *reg)
{
	*reg = (struct regbuf_ioc_register){
		.size = sizeof(*reg),
		.flags = flags,
		.addr = (unsigned long)addr,
		.length = length,
		.access = access,
	};
	return rb_ioctl(fd, REGBUF_IOC_REGISTER, reg);
}

static inline int rb_deregister_flags(int fd, __u64 id, __u32 flags,
				      long long timeout_ns,
				      struct regbuf_ioc_deregister *dereg)
{
	*dereg = (struct regbuf_ioc_deregister){
		.size = sizeof(*dereg),
		.flags = flags,
		.id = id,
		.timeout_ns = timeout_ns,
	};
	return rb_ioctl(fd, REGBUF_IOC_DEREGISTER, dereg);
}

static inline int rb_status(int fd, __u64 id, struct regbuf_ioc_status *status)
{
	*status = (struct regbuf_ioc_status){
		.size = sizeof(*status),
		.id = id,
	};
	return rb_ioctl(fd, REGBUF_IOC_STATUS, status);
}

static inline int rb_wait(int fd, __u64 id, long long timeout_ns)
{
	struct regbuf_ioc_wait wait = {
		.size = sizeof(wait),
		.id = id,
		.timeout_ns = timeout_ns,
	};

	return rb_ioctl(fd, REGBUF_IOC_WAIT, &wait);
}

static inline int rb_stats(int fd, struct regbuf_ioc_stats *stats)
{
	*stats = (struct regbuf_ioc_stats){ .size = sizeof(*stats) };
	return rb_ioctl(fd, REGBUF_IOC_STATS, stats);
}

static inline struct regbuf_slice rb_slice(__u64 id, __u64 offset, __u32 length)
{
	return (struct regbuf_slice){
		.id = id,
		.offset = offset,
		.length = length,
	};
}

/* A part of what the table has at an index. */
static inline struct regbuf_slice rb_at(__u64 index, __u64 offset, __u32 length)
{
	return (struct regbuf_slice){
		.id = index,
		.offset = offset,
		.length = length,
		.flags = REGBUF_SLICE_F_INDEX,
	};
}

static inline struct regbuf_slice rb_inline(const void *bytes, __u32 length)
{
	return (struct regbuf_slice){
		.id = (unsigned long)bytes,
		.length = length,
		.flags = REGBUF_SLICE_F_INLINE,
	};
}

/* Fill in a send; for tests that then change a member. */
static inline struct regbuf_ioc_send rb_msg(int sock,
					    const struct regbuf_slice *slices,
					    unsigned int nr)
{
	return (struct regbuf_ioc_send){
		.size = sizeof(struct regbuf_ioc_send),
		.fd = sock,
		.slices = (unsigned long)slices,
		.nr_slices = nr,
	};
}

/* Send one slice of a registered buffer. */
static inline int rb_send(int fd, int sock, __u64 id, __u64 offset,
			  __u32 length, struct regbuf_ioc_send *msg)
{
	struct regbuf_slice slice = rb_slice(id, offset, length);

	*msg = rb_msg(sock, &slice, 1);
	return rb_ioctl(fd, REGBUF_IOC_SEND, msg);
}

/* Anonymous memory, filled with a pattern that differs from byte to byte. */
static inline void rb_pattern(void *mem, size_t len, unsigned int seed)
{
	unsigned char *p = mem;

	for (size_t i = 0; i < len; i++)
		p[i] = seed + i * 7 + (i >> 8) * 13 + (i >> 16) * 29;
}

static inline void *rb_map(size_t len, int prot, int flags)
{
	void *mem = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags,
			 -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

static inline void *rb_mem(size_t len)
{
	void *mem = rb_map(len, PROT_READ | PROT_WRITE, 0);

	if (mem)
		rb_pattern(mem, len, 1);
	return mem;
}

static inline long long rb_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * RB_SEC + ts.tv_nsec;
}

/* Wait for a condition; whether it came true within so many seconds. */
#define rb_within(seconds, condition) ({				\
	long long __end = rb_now() + (seconds) * RB_SEC;		\
	int __true = !!(condition);					\
									\
	while (!__true && rb_now() < __end) {				\
		usleep(2000);						\
		__true = !!(condition);					\
	}								\
	__true;								\
})

static inline int rb_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* This thread stays on its CPU: what it sends arrives in order. */
static inline int rb_stay(void)
{
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	return sched_setaffinity(0, sizeof(cpu), &cpu);
}

/* An address of a family with a port; the host part as text. */
static inline socklen_t rb_addr(int family, const char *host, int port,
				struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = family;
	if (family == AF_INET) {
		inet_pton(AF_INET, host, &sin->sin_addr);
		sin->sin_port = htons(port);
		return sizeof(*sin);
	}
	inet_pton(AF_INET6, host, &sin6->sin6_addr);
	sin6->sin6_port = htons(port);
	return sizeof(*sin6);
}

/*
 * A network: this process moves to a namespace of its own that a veth pair
 * joins to another one, reached with rb_net_peer(). Both are gone with the
 * process. Unlike over loopback, sends over it are zero-copied on the sending
 * side (and copied when they arrive), and tc can delay either direction.
 */
#define RB_NEAR4	"10.73.0.1"
#define RB_PEER4	"10.73.0.2"
#define RB_NEAR6	"fd73::1"
#define RB_PEER6	"fd73::2"

struct rb_net {
	int near;	/* namespaces */
	int peer;
};

static inline int rb_sh(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static inline int rb_sh(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return system(command);
}

static inline int rb_net_near(const struct rb_net *net)
{
	return setns(net->near, CLONE_NEWNET);
}

static inline int rb_net_peer(const struct rb_net *net)
{
	return setns(net->peer, CLONE_NEWNET);
}

/* In this namespace: a device gets an address, at once. */
static inline int rb_net_addr(struct nl_sock *nl, const char *dev, int family,
			      const char *text)
{
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_addr *local;
	int err = nl_addr_parse(text, family, &local);

	if (!err) {
		rtnl_addr_set_local(addr, local);
		rtnl_addr_set_ifindex(addr, if_nametoindex(dev));
		rtnl_addr_set_flags(addr, IFA_F_NODAD);
		err = rtnl_addr_add(nl, addr, 0);
		nl_addr_put(local);
	}
	rtnl_addr_put(addr);
	return err;
}

static inline int rb_net_up(const char *dev)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	err = ioctl(sock, SIOCSIFFLAGS, &ifr);
	close(sock);
	return err;
}

/* Before the kernel says so it drops what is sent there. */
static inline int rb_net_runs(const char *dev)
{
	struct ifreq ifr = { };
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	err = ioctl(sock, SIOCGIFFLAGS, &ifr);
	close(sock);
	return !err && ifr.ifr_flags & IFF_RUNNING;
}

static inline int rb_net_veth(struct nl_sock *nl, const char *name,
			      const char *peer_name, int peer_ns)
{
	struct rtnl_link *link = rtnl_link_veth_alloc();
	struct rtnl_link *peer = rtnl_link_veth_get_peer(link);
	int err;

	rtnl_link_set_name(link, name);
	rtnl_link_set_name(peer, peer_name);
	rtnl_link_set_ns_fd(peer, peer_ns);
	rtnl_link_put(peer);
	err = rtnl_link_add(nl, link, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(link);
	return err;
}

/* It asks for a neighbour for a minute: who answers may be late, or lost. */
static inline int rb_net_patient(int version, const char *dev)
{
	char path[128];

	snprintf(path, sizeof(path),
		 "/proc/sys/net/ipv%d/neigh/%s/mcast_solicit", version, dev);
	return rb_write_file(path, "60");
}

/* One end of it: @peer_ns is where to put the other, or -1 if it is there. */
static inline int rb_net_end(const char *dev, const char *addr4,
			     const char *addr6, int peer_ns)
{
	struct nl_sock *nl = nl_socket_alloc();
	int err = nl_connect(nl, NETLINK_ROUTE);

	if (!err && peer_ns >= 0)
		err = rb_net_veth(nl, dev, "veth1", peer_ns);
	err = err || rb_net_patient(4, dev) || rb_net_patient(6, dev) ||
	      rb_net_addr(nl, dev, AF_INET, addr4) ||
	      rb_net_addr(nl, dev, AF_INET6, addr6) ||
	      rb_net_up("lo") || rb_net_up(dev);
	nl_socket_free(nl);
	return err;
}

/* Without programs: starting them takes far longer, and tests do it often. */
static inline int rb_net_make(struct rb_net *net)
{
	if (unshare(CLONE_NEWNET))
		return -1;
	net->peer = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (unshare(CLONE_NEWNET))
		return -1;
	net->near = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (rb_net_end("veth0", RB_NEAR4 "/24", RB_NEAR6 "/64", net->peer) ||
	    rb_net_peer(net) ||
	    rb_net_end("veth1", RB_PEER4 "/24", RB_PEER6 "/64", -1) ||
	    rb_net_near(net))
		return -1;
	return rb_within(20, rb_net_runs("veth0")) ? 0 : -1;
}

/*
 * Where there are sanitizers, a network takes most of a second to make. So a
 * process of the program's (regbuf_main.h) makes the next one while a test
 * runs; it ends with the last who could ask for one.
 */
struct rb_net_maker {
	int sock;
	pid_t pid;
};

static struct rb_net_maker rb_net_maker = { -1, -1 };

/* One is asked for, told, and opened: the namespaces are the test's then. */
static inline int rb_net_hand_over(int sock, struct rb_net *net)
{
	char byte;
	int err = recv(sock, &byte, 1, 0) != 1 ||
		  send(sock, net, sizeof(*net), MSG_NOSIGNAL) < 0 ||
		  recv(sock, &byte, 1, 0) != 1;

	close(net->near);
	close(net->peer);
	return err;
}

static inline void rb_net_run_maker(int sock)
{
	struct rb_net net;

	while (!rb_net_make(&net) && !rb_net_hand_over(sock, &net))
		;
	_exit(0);
}

static inline void rb_net_start_maker(void)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv))
		return;
	rb_net_maker.pid = fork();
	if (!rb_net_maker.pid) {
		close(sv[0]);
		rb_net_run_maker(sv[1]);
	}
	close(sv[1]);
	rb_net_maker.sock = sv[0];
}

static inline int rb_net_open(int number)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", rb_net_maker.pid,
		 number);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static inline int rb_net_setup(struct rb_net *net)
{
	struct rb_net made;

	if (rb_net_maker.sock < 0)
		return rb_net_make(net);
	if (send(rb_net_maker.sock, "", 1, MSG_NOSIGNAL) != 1 ||
	    recv(rb_net_maker.sock, &made, sizeof(made), 0) != sizeof(made))
		return -1;
	net->near = rb_net_open(made.near);
	net->peer = rb_net_open(made.peer);
	if (send(rb_net_maker.sock, "", 1, MSG_NOSIGNAL) != 1)
		return -1;
	return rb_net_near(net);
}

/* Switch something (ETHTOOL_S*) of a device of this namespace on or off. */
static inline int rb_ethtool(const char *device, __u32 cmd, __u32 on)
{
	struct ethtool_value value = { .cmd = cmd, .data = on };
	struct ifreq ifr = { .ifr_data = (void *)&value };
	int sock = socket(AF_INET, SOCK_DGRAM, 0), err;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	err = ioctl(sock, SIOCETHTOOL, &ifr) ? -errno : 0;
	close(sock);
	return err;
}

/* Hold back what the peer sends, acknowledgments among it. */
static inline int rb_net_delay_acks(const struct rb_net *net, int ms)
{
	if (rb_net_peer(net) ||
	    rb_sh("tc qdisc replace dev veth1 root netem delay %dms", ms))
		return -1;
	return rb_net_near(net);
}

/* Let it through again. */
static inline int rb_net_undelay(const struct rb_net *net)
{
	if (rb_net_peer(net) || rb_sh("tc qdisc del dev veth1 root"))
		return -1;
	return rb_net_near(net);
}

/*
 * Have the neighbour found, with an empty datagram: until then the stack keeps
 * few packets for it, and drops others without a word.
 */
static inline int rb_pair_resolve(const int sv[2])
{
	struct pollfd pfd = { .fd = sv[1], .events = POLLIN };
	char none;

	return send(sv[0], "", 0, 0) || poll(&pfd, 1, 10000) != 1 ||
	       recv(sv[1], &none, 1, MSG_DONTWAIT) ? -1 : 0;
}

/*
 * Two connected sockets: sv[0] to send from, sv[1] at the peer. With no net,
 * both are on this namespace's loopback.
 */
static inline int rb_pair_at(const struct rb_net *net, int family, int type,
			     const char *host, int sv[2])
{
	struct sockaddr_storage ss;
	socklen_t len = rb_addr(family, host, 0, &ss);
	int srv;

	if (net && rb_net_peer(net))
		return -1;
	srv = socket(family, type | SOCK_CLOEXEC, 0);
	if (srv < 0 || bind(srv, (struct sockaddr *)&ss, len) ||
	    getsockname(srv, (struct sockaddr *)&ss, &len))
		return -1;
	if (type == SOCK_STREAM && listen(srv, 1))
		return -1;
	if (net && rb_net_near(net))
		return -1;
	sv[0] = socket(family, type | SOCK_CLOEXEC, 0);
	if (sv[0] < 0 || connect(sv[0], (struct sockaddr *)&ss, len))
		return -1;
	sv[1] = srv;
	if (type == SOCK_STREAM) {
		sv[1] = accept(srv, NULL, NULL);
		close(srv);
	} else if (net) {
		return rb_pair_resolve(sv);
	}
	return sv[1] < 0 ? -1 : 0;
}

static inline int rb_pair(const struct rb_net *net, int family, int type,
			  int sv[2])
{
	const char *host = family == AF_INET ? net ? RB_PEER4 : "127.0.0.1" :
					       net ? RB_PEER6 : "::1";

	return rb_pair_at(net, family, type, host, sv);
}

/* Where in TCP_INFO; libc's struct tcp_info does not have them. */
#define RB_TCPI_DATA_SEGS_IN	152
#define RB_TCPI_DATA_SEGS_OUT	156
#define RB_TCPI_SND_WND		228

/* A number of a connection's, by where it is in TCP_INFO; -1 if it is not. */
static inline long rb_tcp_info(int sock, unsigned int offset)
{
	__u32 info[64] = { };
	socklen_t len = sizeof(info);

	if (getsockopt(sock, IPPROTO_TCP, TCP_INFO, info, &len) ||
	    len < offset + sizeof(info[0]))
		return -1;
	return info[offset / sizeof(info[0])];
}

/* Receive exactly that many bytes of a stream; 0 or -1. */
static inline int rb_recv_all(int sock, void *buf, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = recv(sock, (char *)buf + done, len - done, 0);
		if (n <= 0)
			return -1;
		done += n;
	}
	return 0;
}

/*
 * What tests of sending share.
 */

/* A counter of the whole machine; -1 if it is not there. */
static inline long rb_vmstat(const char *name)
{
	char line[128], key[64];
	long value, found = -1;
	FILE *f = fopen("/proc/vmstat", "re");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %ld", key, &value) == 2 &&
		    !strcmp(key, name))
			found = value;
	fclose(f);
	return found;
}

/* Pages pinned in the whole machine, now and not as of a second ago. */
static inline long rb_pins(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1", 1) != 1)
		return -1;
	close(fd);
	return rb_vmstat("nr_foll_pin_acquired") -
	       rb_vmstat("nr_foll_pin_released");
}

/* Requests that use a buffer, or -errno. */
static inline int rb_in_flight(int dev, __u64 id)
{
	struct regbuf_ioc_status status;
	int err = rb_status(dev, id, &status);

	return err ?: (int)status.in_flight;
}

/* Bytes sent, by whatever way. */
static inline __u64 rb_total(const struct regbuf_ioc_stats *stats)
{
	__u64 total = stats->zerocopied;

	for (int i = 0; i < REGBUF_COPY_MAX; i++)
		total += stats->copied[i];
	return total;
}

/* A thread that reads a stream, up to a length or its end, or one datagram. */
struct rb_sink {
	int sock;
	size_t len;
	size_t got;
	unsigned char *data;
	pthread_t thread;
};

static inline void *rb_sink_run(void *arg)
{
	struct rb_sink *sink = arg;
	socklen_t size = sizeof(int);
	int type = 0;
	ssize_t n;

	getsockopt(sink->sock, SOL_SOCKET, SO_TYPE, &type, &size);
	do {
		/* One byte more than expected, to notice a longer datagram. */
		n = recv(sink->sock, sink->data + sink->got,
			 sink->len - sink->got + (type == SOCK_DGRAM), 0);
		if (n > 0)
			sink->got += n;
		/* A signal of the test may have come here. */
	} while ((n < 0 && errno == EINTR) ||
		 (n > 0 && sink->got < sink->len && type == SOCK_STREAM));
	return NULL;
}

static inline int rb_sink_start(struct rb_sink *sink, int sock, size_t len)
{
	*sink = (struct rb_sink){ .sock = sock, .len = len };
	sink->data = malloc(len + 1);
	if (!sink->data)
		return -1;
	return pthread_create(&sink->thread, NULL, rb_sink_run, sink);
}

/* What it read: 0 if that is exactly these bytes. */
static inline int rb_sink_finish(struct rb_sink *sink, const void *expected)
{
	int err = pthread_join(sink->thread, NULL);

	if (!err && sink->got != sink->len) {
		fprintf(stderr, "# received %zu of %zu bytes\n", sink->got,
			sink->len);
		err = -1;
	}
	if (!err && memcmp(sink->data, expected, sink->len)) {
		fprintf(stderr, "# received other bytes\n");
		err = -1;
	}
	free(sink->data);
	return err;
}

/* What nearly every test of sending has: a buffer and two sockets. */
struct rb_rig {
	struct rb_net net;
	int dev;
	int near;		/* sends */
	int far;		/* receives */
	unsigned char *mem;
	size_t len;
	__u64 id;
	long pins;		/* of the machine, before */
};

static inline int rb_rig_buffer(struct rb_rig *rig, size_t len)
{
	rig->pins = rb_pins();
	rig->dev = rb_open();
	rig->mem = rb_mem(len);
	rig->len = len;
	if (rig->pins < 0 || rig->dev < 0 || !rig->mem)
		return -1;
	return rb_register(rig->dev, rig->mem, len, RB_READ, &rig->id);
}

/* Over veth, or over loopback. */
static inline int rb_rig_setup(struct rb_rig *rig, int family, int type,
			       int loopback, size_t len)
{
	int sv[2];

	if (rb_net_setup(&rig->net) ||
	    rb_pair(loopback ? NULL : &rig->net, family, type, sv))
		return -1;
	rig->near = sv[0];
	rig->far = sv[1];
	return rb_rig_buffer(rig, len);
}

/* Close everything; 0 if that lets go of all pages, at once or a bit later. */
static inline int rb_rig_close(struct rb_rig *rig)
{
	if (rig->near >= 0)
		close(rig->near);
	if (rig->far >= 0)
		close(rig->far);
	if (rig->dev >= 0)
		close(rig->dev);
	if (rb_within(20, rb_pins() <= rig->pins))
		return 0;
	fprintf(stderr, "# %ld pages pinned, %ld before\n", rb_pins(),
		rig->pins);
	return -1;
}

static inline int rb_rig_send(struct rb_rig *rig, __u64 offset, __u32 length,
			      struct regbuf_ioc_send *msg)
{
	return rb_send(rig->dev, rig->near, rig->id, offset, length, msg);
}

/*
 * 0 if a send is refused with exactly that error, counted as misuse at most,
 * and holds nothing. That nothing was sent is seen by rb_rig_silent().
 */
static inline int rb_rig_refuses(struct rb_rig *rig,
				 struct regbuf_ioc_send *msg, int err)
{
	struct regbuf_ioc_stats before, after;
	int got;

	if (rb_stats(rig->dev, &before))
		return -1;
	got = rb_ioctl(rig->dev, REGBUF_IOC_SEND, msg);
	if (rb_stats(rig->dev, &after))
		return -1;
	if (got != err) {
		fprintf(stderr, "# expected %d, got %d\n", err, got);
		return -1;
	}
	after.used_after_deregister = before.used_after_deregister;
	if (memcmp(&before, &after, sizeof(before))) {
		fprintf(stderr, "# the counters moved\n");
		return -1;
	}
	return rb_in_flight(rig->dev, rig->id);
}

/*
 * 0 if the peer has nothing to read, for which a mark is sent. It can't be
 * faster than what regbuf may have sent.
 */
static inline int rb_rig_silent(const struct rb_rig *rig)
{
	char mark[8] = "";

	if (send(rig->near, "mark", 4, MSG_NOSIGNAL) != 4 ||
	    recv(rig->far, mark, sizeof(mark), 0) != 4)
		return -1;
	return strcmp(mark, "mark");
}

/* Send a range of a buffer over loopback, and get what arrives there. */
static inline int rb_fetch(int dev, __u64 id, __u64 offset, size_t len,
			   void *got)
{
	struct regbuf_ioc_send msg;
	int sv[2], err = 0;
	size_t done, chunk;

	if (rb_pair(NULL, AF_INET, SOCK_STREAM, sv))
		return -errno;
	for (done = 0; done < len && !err; done += chunk) {
		chunk = len - done < 32768 ? len - done : 32768;
		err = rb_send(dev, sv[0], id, offset + done, chunk, &msg);
		if (!err && (msg.sent != chunk ||
			     rb_recv_all(sv[1], (char *)got + done, chunk)))
			err = -EIO;
	}
	close(sv[0]);
	close(sv[1]);
	return err ?: rb_wait(dev, id, 20 * RB_SEC);
}

/* Memory of single pages, even where huge ones are usual. */
static inline void *rb_pages(unsigned long nr)
{
	void *mem = rb_map(nr * RB_PAGE, PROT_READ | PROT_WRITE, 0);

	if (!mem)
		return NULL;
	madvise(mem, nr * RB_PAGE, MADV_NOHUGEPAGE);
	rb_pattern(mem, nr * RB_PAGE, 1);
	return mem;
}

/* A kernel with PREEMPT_RT has no transparent huge pages. */
static inline int rb_has_huge_pages(void)
{
	return !access("/sys/kernel/mm/transparent_hugepage", F_OK);
}

/* @advice is MADV_HUGEPAGE or MADV_NOHUGEPAGE. */
static inline int rb_advise_huge(void *mem, size_t len, int advice)
{
	return rb_has_huge_pages() ? madvise(mem, len, advice) : 0;
}

/* The number in the line of a file that starts with a word; -1 if none does. */
static inline long rb_number(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	size_t len = strlen(word);
	long number = -1;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, word, len) || !strchr(": \t", line[len]))
			continue;
		number = strtol(line + len + 1, NULL, 10);
		break;
	}
	if (file)
		fclose(file);
	return number;
}

/* Pages that this process has pinned, as the kernel tells everybody. */
static inline long rb_vmpin(void)
{
	return rb_number("/proc/self/status", "VmPin") * 1024L / (long)RB_PAGE;
}

/* What a context without buffers must not have: 0 if it has none of it. */
static inline long rb_left(int dev)
{
	struct regbuf_ioc_stats stats;

	if (rb_stats(dev, &stats))
		return -1;
	return stats.buffers + stats.pages + rb_vmpin();
}

#endif /* REGBUF_TEST_H */
