// SPDX-License-Identifier: GPL-2.0
/*
 * C1, C6, and peers' CVE-2026-46323, CVE-2026-93105 (references that a path
 * forgot), CVE-2026-43284, CVE-2026-43500, CVE-2026-46300 (memory that a path
 * wrote to): registered memory goes through parts of the stack that clone,
 * merge, split, encrypt, hold or read packets. It arrives as it was, is left as
 * it was, and is let go of; also if its owner is long gone.
 */
#include "regbuf_xfrm.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#define PIECE	1200		/* bytes of a request */
#define BATCH	8		/* of them at once: a train of datagrams, too */
#define ROUNDS	12
#define LEN	(BATCH * ROUNDS * PIECE)
#define FRAME	(1 << 16)	/* bytes, and more */

/* Somebody who passes frames from one file to the other, and back. */
struct cable {
	int ends[2];
	int stop[2];
	pthread_t thread;
};

FIXTURE(paths)
{
	struct rb_qrig qr;
	struct rb_net net;
	int middle;		/* a namespace between */
	int helper[2];		/* sockets that a path needs */
	struct cable cable;
};

FIXTURE_VARIANT(paths)
{
	int (*make)(FIXTURE_DATA(paths) *self);
	int family;
	int type;
};

static int ns_path(char path[64], int ns)
{
	return snprintf(path, 64, "/proc/%d/fd/%d", getpid(), ns);
}

/* A new namespace becomes the peer; the one that was it is the middle. */
static int split(FIXTURE_DATA(paths) *self)
{
	char far[64];

	self->middle = self->net.peer;
	if (unshare(CLONE_NEWNET))
		return -1;
	self->net.peer = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ns_path(far, self->net.peer);
	return rb_sh("ip link set lo up") ||
	       setns(self->middle, CLONE_NEWNET) ||
	       rb_sh("ip addr flush dev veth1 && "
		     "ip link add middle1 type veth peer veth1 netns %s && "
		     "ip link set middle1 up", far) ||
	       rb_net_patient(4, "middle1") || rb_net_patient(6, "middle1");
}

/* In the peer: as rb_net_make() would have it. */
static int far_addresses(FIXTURE_DATA(paths) *self)
{
	if (rb_net_peer(&self->net) ||
	    rb_net_patient(4, "veth1") || rb_net_patient(6, "veth1") ||
	    rb_sh("ip addr add " RB_PEER4 "/24 dev veth1 && "
		  "ip addr add " RB_PEER6 "/64 dev veth1 nodad && "
		  "ip link set veth1 up"))
		return -1;
	if (self->middle >= 0 && (setns(self->middle, CLONE_NEWNET) ||
				  !rb_within(20, rb_net_runs("middle1"))))
		return -1;
	return rb_net_near(&self->net);
}

static int make_bridge(FIXTURE_DATA(paths) *self)
{
	if (split(self) ||
	    rb_sh("ip link add bridge0 type bridge && "
		  "ip link set veth1 master bridge0 && "
		  "ip link set middle1 master bridge0 && "
		  "ip link set veth1 up && ip link set bridge0 up"))
		return -1;
	return far_addresses(self);
}

/*
 * What comes in is forwarded; merged before, if it came as it left (GRO). On
 * behalf of others a router asks for neighbours from a link-local address: with
 * none (flushed), or one that still waits to be known as nobody else's, it asks
 * nobody. The first packet would wait for seconds, which the connection takes
 * for its round trip; and what comes back some seconds later would be dropped.
 */
static int make_forward(FIXTURE_DATA(paths) *self)
{
	if (split(self) || rb_ethtool("veth1", ETHTOOL_SGRO, 1) ||
	    rb_sh("ip addr add 10.73.0.254/32 dev veth1 && "
		  "ip addr add fd73::fe/128 dev veth1 nodad && "
		  "ip addr add fe80::fe/64 dev veth1 nodad && "
		  "ip link set veth1 up && "
		  "ip route add " RB_NEAR4 " dev veth1 && "
		  "ip route add " RB_PEER4 " dev middle1 && "
		  "ip -6 route add " RB_NEAR6 " dev veth1 && "
		  "ip -6 route add " RB_PEER6 " dev middle1") ||
	    rb_write_file("/proc/sys/net/ipv4/ip_forward", "1") ||
	    rb_write_file("/proc/sys/net/ipv6/conf/all/forwarding", "1") ||
	    rb_write_file("/proc/sys/net/ipv4/conf/veth1/proxy_arp", "1") ||
	    rb_write_file("/proc/sys/net/ipv4/conf/middle1/proxy_arp", "1") ||
	    rb_sh("ip addr add fd73:1::fe/64 dev middle1 nodad && "
		  "ip addr add fe80::fe/64 dev middle1 nodad"))
		return -1;
	if (far_addresses(self) ||
	    rb_sh("ip -6 route add " RB_PEER6 " via fd73::fe dev veth0") ||
	    rb_net_peer(&self->net) ||
	    rb_sh("ip addr add fd73:1::1/64 dev veth1 nodad && "
		  "ip -6 route add " RB_NEAR6 " via fd73:1::fe dev veth1"))
		return -1;
	return rb_net_near(&self->net);
}

/* Where the sender cuts them up itself, so that there is something to merge. */
static int make_gro(FIXTURE_DATA(paths) *self)
{
	return make_forward(self) || rb_ethtool("veth0", ETHTOOL_STSO, 0);
}

/* Somebody looks at all frames, there and back. */
static int make_tap(FIXTURE_DATA(paths) *self)
{
	self->helper[0] = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC,
				 htons(ETH_P_ALL));
	return self->helper[0] < 0;
}

/* And has a copy of them sent elsewhere, which shares what is in them. */
static int make_mirror(FIXTURE_DATA(paths) *self)
{
	return rb_sh("ip link add dummy0 type dummy && "
		     "ip link set dummy0 up && "
		     "tc qdisc add dev veth0 clsact && "
		     "tc filter add dev veth0 egress matchall "
		     "action mirred egress mirror dev dummy0");
}

/* What is sent comes back in on another device, and goes out from there. */
static int make_redirect(FIXTURE_DATA(paths) *self)
{
	return rb_sh("ip link add ifb0 type ifb && ip link set ifb0 up && "
		     "tc qdisc add dev ifb0 root netem delay 1ms && "
		     "tc qdisc add dev veth0 clsact && "
		     "tc filter add dev veth0 egress matchall "
		     "action mirred egress redirect dev ifb0");
}

static int xfrm_both(FIXTURE_DATA(paths) *self, const char *encap)
{
	if (rb_xfrm(RB_NEAR4, RB_PEER4, true, encap) ||
	    rb_xfrm(RB_NEAR6, RB_PEER6, true, encap) ||
	    rb_net_peer(&self->net) ||
	    rb_xfrm(RB_NEAR4, RB_PEER4, false, encap) ||
	    rb_xfrm(RB_NEAR6, RB_PEER6, false, encap))
		return -1;
	return rb_net_near(&self->net);
}

static int make_esp(FIXTURE_DATA(paths) *self)
{
	return xfrm_both(self, "");
}

static int make_esp_in_udp(FIXTURE_DATA(paths) *self, int family)
{
	self->helper[0] = rb_decapsulate(family);
	if (self->helper[0] < 0 || rb_net_peer(&self->net))
		return -1;
	self->helper[1] = rb_decapsulate(family);
	return self->helper[1] < 0 || rb_net_near(&self->net) ||
	       xfrm_both(self, family == AF_INET ?
			 "encap espinudp 4500 4500 0.0.0.0" :
			 "encap espinudp 4500 4500 ::");
}

static int make_esp_in_udp4(FIXTURE_DATA(paths) *self)
{
	return make_esp_in_udp(self, AF_INET);
}

static int make_esp_in_udp6(FIXTURE_DATA(paths) *self)
{
	return make_esp_in_udp(self, AF_INET6);
}

static void *cable_run(void *of)
{
	struct cable *c = of;
	struct pollfd fds[3] = {
		{ .fd = c->ends[0], .events = POLLIN },
		{ .fd = c->ends[1], .events = POLLIN },
		{ .fd = c->stop[0], .events = POLLIN },
	};
	static char frame[2 * FRAME];
	ssize_t n;

	while (poll(fds, 3, -1) > 0 && !fds[2].revents)
		for (int i = 0; i < 2; i++) {
			n = fds[i].revents ? read(c->ends[i], frame,
						  sizeof(frame)) : 0;
			if (n > 0 && write(c->ends[!i], frame, n) != n)
				fprintf(stderr, "# a frame is lost\n");
		}
	return NULL;
}

/*
 * An address of IPv6 is known to be one's own when a work of the kernel's has
 * run; what comes before that is dropped. Elsewhere nobody finds the neighbour
 * before, and asks again.
 */
static bool is_local(const char *addr6)
{
	return !rb_sh("ip -6 route show table local | grep -q '^local %s '",
		      addr6);
}

/* In this namespace, in veth's place; frames may be as large as they get. */
static int tun_open(const char *name, const char *addr4, const char *addr6)
{
	struct ifreq ifr = {
		.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR,
	};
	unsigned long offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "tun0");
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) ||
	    ioctl(fd, TUNSETOFFLOAD, offload) ||
	    rb_sh("ip addr flush dev %s && ip link set %s down && "
		  "ip link set tun0 txqueuelen 5000 up && "
		  "ip addr add %s/24 dev tun0 && "
		  "ip addr add %s/64 dev tun0 nodad", name, name, addr4,
		  addr6) ||
	    !rb_within(20, is_local(addr6)))
		return -1;
	return fd;
}

/* What goes out is read, and written where it comes in. */
static int make_tun(FIXTURE_DATA(paths) *self)
{
	struct cable *c = &self->cable;

	c->ends[0] = tun_open("veth0", RB_NEAR4, RB_NEAR6);
	if (c->ends[0] < 0 || rb_net_peer(&self->net))
		return -1;
	c->ends[1] = tun_open("veth1", RB_PEER4, RB_PEER6);
	return c->ends[1] < 0 || rb_net_near(&self->net) || pipe(c->stop) ||
	       pthread_create(&c->thread, NULL, cable_run, c);
}

#define PATH(name, make_it)						\
	FIXTURE_VARIANT_ADD(paths, name##_tcp4)				\
	{ make_it, AF_INET, SOCK_STREAM };				\
	FIXTURE_VARIANT_ADD(paths, name##_tcp6)				\
	{ make_it, AF_INET6, SOCK_STREAM };				\
	FIXTURE_VARIANT_ADD(paths, name##_udp4)				\
	{ make_it, AF_INET, SOCK_DGRAM };				\
	FIXTURE_VARIANT_ADD(paths, name##_udp6)				\
	{ make_it, AF_INET6, SOCK_DGRAM }

PATH(bridge, make_bridge);
PATH(forward, make_forward);
PATH(gro, make_gro);
PATH(tap, make_tap);
PATH(mirror, make_mirror);
PATH(redirect, make_redirect);
PATH(esp, make_esp);
PATH(tun, make_tun);
FIXTURE_VARIANT_ADD(paths, esp_in_udp_tcp4)
{ make_esp_in_udp4, AF_INET, SOCK_STREAM };
FIXTURE_VARIANT_ADD(paths, esp_in_udp_tcp6)
{ make_esp_in_udp6, AF_INET6, SOCK_STREAM };
FIXTURE_VARIANT_ADD(paths, esp_in_udp_udp4)
{ make_esp_in_udp4, AF_INET, SOCK_DGRAM };
FIXTURE_VARIANT_ADD(paths, esp_in_udp_udp6)
{ make_esp_in_udp6, AF_INET6, SOCK_DGRAM };

/*
 * Where there are sanitizers, every program that is started takes long: there,
 * a path is for TCP over IPv4 and UDP over IPv6.
 */
static bool is_left_out(const FIXTURE_VARIANT(paths) *variant)
{
	return !access("/sys/kernel/debug/kmemleak", F_OK) &&
	       (variant->type == SOCK_STREAM) != (variant->family == AF_INET);
}

FIXTURE_SETUP(paths)
{
	int sv[2];

	self->middle = -1;
	self->helper[0] = -1;
	self->helper[1] = -1;
	if (is_left_out(variant))
		SKIP(return, "done for the other address family");
	ASSERT_EQ(0, rb_net_setup(&self->net));
	ASSERT_EQ(0, variant->make(self));
	ASSERT_EQ(0, rb_pair(&self->net, variant->family, variant->type, sv));
	ASSERT_EQ(0, rb_qrig_with(&self->qr, sv, LEN, 64));
}

FIXTURE_TEARDOWN(paths)
{
	if (self->cable.thread) {
		close(self->cable.stop[1]);
		pthread_join(self->cable.thread, NULL);
	}
	close(self->helper[0]);
	close(self->helper[1]);
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

/* The next batch of requests, and what comes of it. */
static void send_batch(struct __test_metadata *_metadata, struct rb_qrig *qr,
		       size_t at)
{
	for (int i = 0; i < BATCH; i++)
		rb_qrig_send(qr, at + i * PIECE, PIECE, i + 1);
	ASSERT_EQ(0, rb_q_submit_all(&qr->q));
}

/* Which piece it is; BATCH if none. */
static int piece_of(const unsigned char *want, const char *got)
{
	int i = 0;

	while (i < BATCH && memcmp(want + i * PIECE, got, PIECE))
		i++;
	return i;
}

/*
 * Each whole and once; a stream's in order. Datagrams may pass each other where
 * they are encrypted by another CPU.
 */
static void check_batch(struct __test_metadata *_metadata, int sock, int type,
			const unsigned char *want)
{
	bool there[BATCH + 1] = { };
	char got[PIECE];
	int nr;

	for (int i = 0; i < BATCH; i++) {
		ASSERT_EQ(PIECE, recv(sock, got, PIECE, MSG_WAITALL));
		nr = piece_of(want, got);
		ASSERT_NE(BATCH, nr);
		ASSERT_FALSE(there[nr]);
		there[nr] = true;
		if (type == SOCK_STREAM)
			ASSERT_EQ(i, nr);
	}
}

static void complete_batch(struct __test_metadata *_metadata,
			   struct rb_queue *q)
{
	struct rb_tally *tally = rb_tally_new(BATCH);

	ASSERT_NE(NULL, tally);
	ASSERT_EQ(0, rb_tally_all(tally, q));
	EXPECT_EQ(0, rb_tally_differs(tally, 1, BATCH, 0, PIECE));
	free(tally);
}

static bool is_unchanged(const struct rb_rig *rig)
{
	unsigned char *want = malloc(rig->len);
	bool same;

	rb_pattern(want, rig->len, 1);
	same = !memcmp(want, rig->mem, rig->len);
	free(want);
	return same;
}

/*
 * C1, C4, C6, C7, CVE-2026-43284, CVE-2026-43500, CVE-2026-46300,
 * CVE-2026-43503: whole and in order, one completion each, memory as it was: no
 * path wrote to it.
 */
TEST_F_TIMEOUT(paths, shared_page_write_there_and_unchanged, 120)
{
	struct rb_rig *rig = &self->qr.rig;

	for (size_t at = 0; at < LEN; at += BATCH * PIECE) {
		send_batch(_metadata, &self->qr, at);
		check_batch(_metadata, rig->far, variant->type,
			    rig->mem + at);
		complete_batch(_metadata, &self->qr.q);
	}
	EXPECT_TRUE(is_unchanged(rig));
	EXPECT_EQ(0, rb_deregister(rig->dev, rig->id));
	EXPECT_TRUE(rb_within(20, rb_pins() == rig->pins));
}

/*
 * C1, CVE-2026-46323, CVE-2026-93105: what has completed is free, whatever the
 * path made of the packet: the program writes there at once, and what arrives
 * is what was sent. (A packet that was merged, split or encrypted, and had
 * frags without a reference or a completion too early, would have other bytes.)
 * C6, C15, CVE-2025-68294: at last the id goes while packets are under way, and
 * then the memory.
 */
TEST_F_TIMEOUT(paths, cve_2026_46323_written_to_when_completed, 120)
{
	struct rb_rig *rig = &self->qr.rig;
	unsigned char *want = malloc(LEN);
	size_t at;

	memcpy(want, rig->mem, LEN);
	for (at = 0; at < LEN / 2; at += BATCH * PIECE) {
		send_batch(_metadata, &self->qr, at);
		complete_batch(_metadata, &self->qr.q);
		memset(rig->mem + at, 0xa5, BATCH * PIECE);
		check_batch(_metadata, rig->far, variant->type,
			    want + at);
	}
	send_batch(_metadata, &self->qr, at);
	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	ASSERT_EQ(0, munmap(rig->mem, LEN));
	check_batch(_metadata, rig->far, variant->type, want + at);
	complete_batch(_metadata, &self->qr.q);
	EXPECT_TRUE(rb_within(20, rb_pins() == rig->pins));
	free(want);
}

/* Sends a batch of its own memory, and is gone. */
static int owner(int sock)
{
	struct rb_qrig qr = { };
	int sv[2] = { sock, -1 };

	if (rb_qrig_with(&qr, sv, BATCH * PIECE, 64))
		return 1;
	for (int i = 0; i < BATCH; i++)
		rb_qrig_send(&qr, i * PIECE, PIECE, i + 1);
	return rb_q_submit_all(&qr.q) ? 2 : 0;
}

/*
 * C6, C15: the owner has ended; of a connection's packets all got lost, and
 * have to be sent again from memory that was its own.
 */
TEST_F_TIMEOUT(paths, outlives_its_owner, 120)
{
	struct rb_netem none = { .loss = 100 };
	bool lossy = variant->type == SOCK_STREAM && !self->cable.thread;
	unsigned char want[BATCH * PIECE];
	long pins = rb_pins();
	int status = -1;
	pid_t pid;

	ASSERT_EQ(0, rb_q_detach(&self->qr.q, self->qr.ep, 0));
	if (lossy)
		ASSERT_EQ(0, rb_net_near_netem(&none));
	pid = fork();
	if (!pid)
		_exit(owner(self->qr.rig.near));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	if (lossy)
		ASSERT_EQ(0, rb_net_near_netem(NULL));
	rb_pattern(want, sizeof(want), 1);
	check_batch(_metadata, self->qr.rig.far, variant->type, want);
	EXPECT_TRUE(rb_within(20, rb_pins() == pins));
}

#include "regbuf_main.h"
