// SPDX-License-Identifier: GPL-2.0
/*
 * holder [loopback]: a program that holds buffers, for cli.sh to look at. It
 * has a queue and a stream over veth, in a namespace of its own, whose
 * acknowledgments do not come; or datagrams over loopback, which copies. Says
 * "ready" with its socket's cookie, inode and ports; then does what each line
 * of its standard input says, and answers "ok" with a number, or "failed" with
 * an errno.
 */
#include "regbuf_queue.h"

#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "kselftest.h"

#define LEN	(64UL << 10)
#define PART	8192

/* With what a terminal, or a line of output, must not be told. */
#define NAME	"ho\033[2J\nld\351r"

struct holder {
	struct rb_qrig qr;
	bool loopback;
	__u64 other;		/* another buffer */
};

static int answer(int err, unsigned long long number)
{
	if (err)
		printf("failed %d\n", err);
	else
		printf("ok %llu\n", number);
	return fflush(stdout);
}

static int port_of(int (*name)(int sock, struct sockaddr *addr, socklen_t *len),
		   int sock)
{
	struct sockaddr_in addr = { 0 };
	socklen_t len = sizeof(addr);

	name(sock, (struct sockaddr *)&addr, &len);
	return ntohs(addr.sin_port);
}

static int say_socket(int sock)
{
	unsigned long long cookie = 0;
	socklen_t len = sizeof(cookie);
	struct stat st;

	if (getsockopt(sock, SOL_SOCKET, SO_COOKIE, &cookie, &len) ||
	    fstat(sock, &st))
		return -1;
	printf("ready %llu %lu %d %d\n", cookie, (unsigned long)st.st_ino,
	       port_of(getsockname, sock), port_of(getpeername, sock));
	return fflush(stdout);
}

/* As anybody: rb_qrig_loopback() counts what is pinned, as root may. */
static int setup_loopback(struct rb_qrig *qr)
{
	struct rb_rig *rig = &qr->rig;
	int sv[2];

	if (rb_pair(NULL, AF_INET, SOCK_DGRAM, sv))
		return -1;
	rig->near = sv[0];
	rig->far = sv[1];
	rig->dev = rb_open();
	rig->mem = rb_mem(LEN);
	if (rig->dev < 0 || !rig->mem)
		return -1;
	return rb_register(rig->dev, rig->mem, LEN, RB_READ, &rig->id) ?:
	       rb_q_open(rig->dev, &qr->q, 8, 8, 0) ?:
	       rb_q_attach(&qr->q, rig->near, RB_BOTH, 0, 0, &qr->ep) ?:
	       say_socket(rig->near);
}

static int setup(struct holder *h)
{
	int large = 8 * LEN;

	if (prctl(PR_SET_NAME, NAME))
		return -1;
	if (h->loopback)
		return setup_loopback(&h->qr);
	if (rb_qrig_setup(&h->qr, AF_INET, SOCK_STREAM, false, LEN, 8) ||
	    rb_net_delay_acks(&h->qr.rig.net, 250000) ||
	    setsockopt(h->qr.rig.near, SOL_SOCKET, SO_SNDBUFFORCE, &large,
		       sizeof(large)))
		return -1;
	return say_socket(h->qr.rig.near);
}

/* Two requests, of half the buffer each. */
static int do_send(struct holder *h)
{
	rb_qrig_send(&h->qr, 0, PART, 1);
	rb_qrig_send(&h->qr, PART, PART, 2);
	return rb_q_submit_all(&h->qr.q);
}

/* One without the queue. */
static int do_plain(struct holder *h)
{
	struct regbuf_ioc_send msg;

	return rb_rig_send(&h->qr.rig, 0, PART, &msg);
}

/* Wait for the two. */
static int do_reap(struct holder *h)
{
	struct regbuf_cqe cqe;

	return rb_q_next(&h->qr.q, &cqe) ?: rb_q_next(&h->qr.q, &cqe);
}

static int do_register(struct holder *h)
{
	return rb_register(h->qr.rig.dev, h->qr.rig.mem, RB_PAGE, RB_READ,
			   &h->other);
}

static int do_deregister(struct holder *h)
{
	return rb_deregister(h->qr.rig.dev, h->other);
}

/* The one that the sends are from. */
static int do_kill(struct holder *h)
{
	return rb_deregister(h->qr.rig.dev, h->qr.rig.id);
}

/* With a dead id, that of do_deregister(); refused. */
static int do_stale(struct holder *h)
{
	struct regbuf_ioc_send msg;
	int err;

	err = rb_send(h->qr.rig.dev, h->qr.rig.near, h->other, 0, 1, &msg);
	return err == -ESTALE ? 0 : err ?: -EINVAL;
}

static int do_budget(struct holder *h)
{
	struct rlimit none = { 0, RLIM_INFINITY };
	__u64 id;
	int err;

	getrlimit(RLIMIT_MEMLOCK, &none);
	none.rlim_cur = 0;
	if (setrlimit(RLIMIT_MEMLOCK, &none))
		return -errno;
	/* Not what is registered already: that costs nothing. */
	err = rb_register(h->qr.rig.dev, h->qr.rig.mem, LEN - 1, RB_READ, &id);
	return err == -ENOBUFS ? 0 : err ?: -EINVAL;
}

static int do_flow(struct holder *h)
{
	return rb_net_undelay(&h->qr.rig.net);
}

/* The card cannot gather any more. */
static int do_cut(struct holder *h)
{
	return rb_ethtool("veth0", ETHTOOL_SSG, 0);
}

static const struct {
	const char *word;
	int (*run)(struct holder *h);
} deeds[] = {
	{ "send", do_send }, { "plain", do_plain }, { "reap", do_reap },
	{ "register", do_register }, { "deregister", do_deregister },
	{ "kill", do_kill }, { "stale", do_stale }, { "budget", do_budget },
	{ "flow", do_flow }, { "cut", do_cut },
};

static int do_line(struct holder *h, const char *word)
{
	struct regbuf_ioc_stats stats;
	int err;

	if (!strcmp(word, "zerocopied")) {
		err = rb_stats(h->qr.rig.dev, &stats);
		return answer(err, stats.zerocopied);
	}
	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++)
		if (!strcmp(word, deeds[i].word))
			return answer(deeds[i].run(h), 0);
	return answer(-EINVAL, 0);
}

int main(int argc, char **argv)
{
	struct holder h = { .loopback = argc > 1 };
	char line[32];

	if (setup(&h)) {
		perror("holder");
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (do_line(&h, line))
			return 1;
	}
	return 0;
}
