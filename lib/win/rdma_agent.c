// SPDX-License-Identifier: MIT
/*
 * The agent: the thread that serves what this process exposes. It is there from
 * the first time on, and listens while there is anything.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rdma.h"

/*
 * Connections in all; of those that have shown no key yet; and with keys for
 * one socket's regions: descriptors are the program's. Peers need one each, and
 * one more while that breaks.
 */
#define RDMA_CONNS	4096
#define RDMA_STRANGERS	64
#define RDMA_OWNED	16
#define RDMA_BACKLOG	64
/* Without a descriptor for another one. */
#define RDMA_PAUSE_MS	100

struct rdma_listener {
	struct rdma_listener *next;
	int fd;
	struct rdma_addr addr;
	uint16_t port;
	unsigned int refs;	/* at 0 the agent closes it */
};

/* Under the lock. Only the agent takes anything off the lists. */
static struct rdma_agent {
	bool running;
	int wake;
	struct rdma_listener *listeners;
	struct rdma_conn *conns;
	unsigned int nr_conns;
	uint64_t accept_at;	/* ms; not before */
} rdma_agent = { .wake = -1 };

static void rdma_wake(void)
{
	const uint64_t one = 1;
	ssize_t n = write(rdma_agent.wake, &one, sizeof(one));

	/* Full is woken, too. */
	(void)n;
}

static void rdma_conn_free(struct rdma_conn *c)
{
	if (c->state != RDMA_ENDED)
		rdma_conn_cut(c);
	close(c->fd);
	free(c);
	rdma_agent.nr_conns--;
}

static void rdma_conns_reap(void)
{
	struct rdma_conn **at = &rdma_agent.conns, *c;
	const uint64_t now = rdma_now();

	while ((c = *at)) {
		if (c->state != RDMA_ENDED && c->deadline > now) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		rdma_conn_free(c);
	}
}

static void rdma_listeners_reap(void)
{
	struct rdma_listener **at = &rdma_agent.listeners, *l;

	while ((l = *at)) {
		if (l->refs) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		close(l->fd);
		free(l);
	}
}

/* The oldest stranger makes room for a new one. */
static void rdma_strangers_limit(void)
{
	struct rdma_conn *c, *oldest = NULL;
	unsigned int nr = 0;

	for (c = rdma_agent.conns; c; c = c->next) {
		if (c->known || c->state == RDMA_ENDED)
			continue;
		oldest = c;
		nr++;
	}
	if (nr >= RDMA_STRANGERS)
		rdma_conn_cut(oldest);
}

static bool rdma_conn_of(const struct rdma_conn *c, uint64_t owner)
{
	return c->known && c->owner == owner && c->state != RDMA_ENDED;
}

/* Likewise the oldest of those that are known for the same. */
void rdma_acquaintances_limit(const struct rdma_conn *new)
{
	struct rdma_conn *c, *oldest = NULL;
	unsigned int nr = 0;

	for (c = rdma_agent.conns; c; c = c->next) {
		if (!rdma_conn_of(c, new->owner))
			continue;
		nr++;
		if (c != new)
			oldest = c;
	}
	if (nr > RDMA_OWNED)
		rdma_conn_cut(oldest);
}

static void rdma_conn_add(int fd, const struct rdma_addr *from)
{
	struct rdma_conn *c = NULL;

	if (rdma_agent.nr_conns < RDMA_CONNS && rdma_welcome(from))
		c = malloc(sizeof(*c));
	if (!c) {
		close(fd);
		return;
	}
	rdma_strangers_limit();
	rdma_tune(fd);
	rdma_conn_init(c, fd, from);
	c->next = rdma_agent.conns;
	rdma_agent.conns = c;
	rdma_agent.nr_conns++;
}

static void rdma_accept(const struct rdma_listener *l)
{
	struct rdma_name name = { .length = sizeof(name.addr) };
	struct rdma_addr from;
	int fd = accept4(l->fd, (struct sockaddr *)&name.addr, &name.length,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		if (errno != EAGAIN && errno != ECONNABORTED)
			rdma_agent.accept_at = rdma_now() + RDMA_PAUSE_MS;
		return;
	}
	from = rdma_addr(&name);
	rdma_conn_add(fd, &from);
}

/* What to wait for, and who it is: a connection, or else a listener. */
struct rdma_watch {
	struct pollfd *fds;
	void **who;
	size_t nr;
	size_t conns;
	size_t room;
};

static bool rdma_watch_room(struct rdma_watch *w, size_t want)
{
	struct pollfd *fds;
	void **who;

	if (want <= w->room)
		return true;
	want *= 2;
	fds = realloc(w->fds, want * sizeof(*fds));
	if (fds)
		w->fds = fds;
	who = realloc(w->who, want * sizeof(*who));
	if (who)
		w->who = who;
	if (fds && who)
		w->room = want;
	return fds && who;
}

static void rdma_watch_add(struct rdma_watch *w, int fd, short events,
			   void *who)
{
	/* Without memory some have to wait for others to go. */
	if (!rdma_watch_room(w, w->nr + 1))
		return;
	w->fds[w->nr] = (struct pollfd){ .fd = fd, .events = events };
	w->who[w->nr++] = who;
}

static void rdma_watch_all(struct rdma_watch *w)
{
	struct rdma_listener *l;
	struct rdma_conn *c;

	rdma_conns_reap();
	rdma_listeners_reap();
	w->nr = 0;
	rdma_watch_add(w, rdma_agent.wake, POLLIN, NULL);
	for (c = rdma_agent.conns; c; c = c->next)
		rdma_watch_add(w, c->fd, rdma_conn_events(c), c);
	w->conns = w->nr;
	l = rdma_now() < rdma_agent.accept_at ? NULL : rdma_agent.listeners;
	for (; l; l = l->next)
		rdma_watch_add(w, l->fd, POLLIN, l);
}

static int rdma_watch_timeout(void)
{
	uint64_t first = UINT64_MAX, now = rdma_now();
	const struct rdma_conn *c;

	if (rdma_agent.accept_at > now)
		first = rdma_agent.accept_at;
	for (c = rdma_agent.conns; c; c = c->next)
		if (c->deadline < first)
			first = c->deadline;
	if (first == UINT64_MAX)
		return -1;
	return first <= now ? 0 : (int)(first - now) + 1;
}

static void rdma_watch_serve(const struct rdma_watch *w)
{
	struct regbuf *rb;
	uint64_t wakes;
	ssize_t n;
	size_t i;

	if (w->nr && w->fds[0].revents) {
		n = read(rdma_agent.wake, &wakes, sizeof(wakes));
		(void)n;
	}
	/* There is one, or there were no regions. */
	if (win_context(&rb))
		return;
	for (i = 1; i < w->nr; i++) {
		if (!w->fds[i].revents)
			continue;
		if (i < w->conns)
			rdma_conn_run(rb, w->who[i]);
		else
			rdma_accept(w->who[i]);
	}
}

static void *rdma_agent_run(void *unused)
{
	struct rdma_watch w = { NULL, NULL, 0, 0, 0 };
	int timeout, n;

	pthread_mutex_lock(&san.lock);
	for (;;) {
		rdma_watch_all(&w);
		timeout = rdma_watch_timeout();
		pthread_mutex_unlock(&san.lock);
		n = poll(w.fds, w.nr, timeout);
		pthread_mutex_lock(&san.lock);
		if (n > 0)
			rdma_watch_serve(&w);
	}
	return unused;
}

/* Signals are for the program's own threads. */
static int rdma_agent_thread(void)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t thread;
	int err;

	err = pthread_attr_init(&attr);
	if (err)
		return -err;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &attr, rdma_agent_run, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}

static int rdma_agent_start(void)
{
	int err;

	if (rdma_agent.running)
		return 0;
	if (rdma_agent.wake < 0)
		rdma_agent.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rdma_agent.wake < 0)
		return -errno;
	err = rdma_agent_thread();
	rdma_agent.running = !err;
	return err;
}

static int rdma_listener_open(const struct rdma_name *local,
			      struct rdma_listener *l)
{
	struct rdma_name name = *local;
	int err;

	l->fd = rdma_socket(&name);
	if (l->fd < 0)
		return l->fd;
	rdma_set_port(&name, 0);
	err = bind(l->fd, (struct sockaddr *)&name.addr, name.length) ||
	      listen(l->fd, RDMA_BACKLOG) ? -errno : rdma_local(l->fd, &name);
	if (err) {
		close(l->fd);
		return err;
	}
	l->addr = rdma_addr(local);
	l->port = rdma_port(&name);
	l->refs = 1;
	return 0;
}

static int rdma_listener_make(const struct rdma_name *local,
			      struct rdma_listener **out)
{
	struct rdma_listener *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	err = rdma_listener_open(local, l);
	if (err) {
		free(l);
		return err;
	}
	l->next = rdma_agent.listeners;
	rdma_agent.listeners = l;
	rdma_wake();
	*out = l;
	return 0;
}

int rdma_listen(const struct rdma_name *local, struct rdma_listener **out)
{
	struct rdma_addr addr = rdma_addr(local);
	struct rdma_listener *l;
	int err = rdma_agent_start();

	if (err)
		return err;
	for (l = rdma_agent.listeners; l; l = l->next) {
		if (rdma_addr_same(&l->addr, &addr)) {
			l->refs++;
			*out = l;
			return 0;
		}
	}
	return rdma_listener_make(local, out);
}

uint16_t rdma_listener_port(const struct rdma_listener *listener)
{
	return listener->port;
}

void rdma_listener_put(struct rdma_listener *listener)
{
	if (!--listener->refs)
		rdma_wake();
}

void rdma_cut(const struct san_socket *s)
{
	struct rdma_conn *c;

	for (c = rdma_agent.conns; c; c = c->next) {
		if (!rdma_conn_of(c, s->cookie))
			continue;
		rdma_conn_cut(c);
		rdma_wake();
	}
}

/* Open here they would look alive to others when the parent has ended. */
void rdma_agent_forked(void)
{
	struct rdma_listener *l;
	struct san_socket *s;
	struct rdma_conn *c;

	for (l = rdma_agent.listeners; l; l = l->next)
		close(l->fd);
	for (c = rdma_agent.conns; c; c = c->next)
		close(c->fd);
	for (s = san.sockets; s; s = s->next)
		if (s->peer.fd >= 0)
			close(s->peer.fd);
	if (rdma_agent.wake >= 0)
		close(rdma_agent.wake);
	rdma_agent = (struct rdma_agent){ .wake = -1 };
}
