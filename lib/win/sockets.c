// SPDX-License-Identifier: MIT
/*
 * What is remembered of sockets, by descriptor: a table of pages that are made
 * when first written to and stay.
 */

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "sock.h"

#define PAGE_SOCKETS	4096
#define PAGES		4096

struct entry {
	unsigned int flags;
	unsigned int waiting;	/* calls that may wait */
	unsigned int closed;	/* how often */
};

static struct entry *table[PAGES];

static pthread_once_t once = PTHREAD_ONCE_INIT;

static struct entry *find(int fd)
{
	struct entry *page;

	if (fd < 0 || fd / PAGE_SOCKETS >= PAGES)
		return NULL;
	page = __atomic_load_n(&table[fd / PAGE_SOCKETS], __ATOMIC_ACQUIRE);
	return page ? &page[fd % PAGE_SOCKETS] : NULL;
}

/* Those who waited are the parent's. */
static void forked(void)
{
	int i, fd;

	for (i = 0; i < PAGES; i++) {
		for (fd = 0; table[i] && fd < PAGE_SOCKETS; fd++)
			table[i][fd].waiting = 0;
	}
}

static void prepare(void)
{
	pthread_atfork(NULL, NULL, forked);
}

static struct entry *make(int fd)
{
	struct entry *page, *other = NULL;

	if (fd < 0 || fd / PAGE_SOCKETS >= PAGES)
		return NULL;
	if (find(fd))
		return find(fd);
	page = calloc(PAGE_SOCKETS, sizeof(*page));
	if (!page)
		return NULL;
	pthread_once(&once, prepare);
	if (!__atomic_compare_exchange_n(&table[fd / PAGE_SOCKETS], &other,
					 page, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		free(page);
	return find(fd);
}

unsigned int win_sock_flags(int fd)
{
	struct entry *entry = find(fd);

	return entry ? __atomic_load_n(&entry->flags, __ATOMIC_RELAXED) : 0;
}

void win_sock_mark(int fd, unsigned int set, unsigned int clear)
{
	struct entry *entry = find(fd);

	if (!entry || !(win_sock_flags(fd) & SOCK_OURS))
		return;
	if (set)
		__atomic_fetch_or(&entry->flags, set, __ATOMIC_RELAXED);
	if (clear)
		__atomic_fetch_and(&entry->flags, ~clear, __ATOMIC_RELAXED);
}

bool win_sock_begin(int fd, unsigned int flags)
{
	struct entry *entry = make(fd);

	if (entry)
		__atomic_store_n(&entry->flags, flags | SOCK_OURS,
				 __ATOMIC_RELEASE);
	return entry;
}

unsigned int win_sock_enter(int fd)
{
	struct entry *entry = find(fd);

	if (!entry)
		return 0;
	__atomic_fetch_add(&entry->waiting, 1, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&entry->closed, __ATOMIC_SEQ_CST);
}

bool win_sock_leave(int fd, unsigned int ticket)
{
	struct entry *entry = find(fd);
	bool closed;

	if (!entry)
		return false;
	closed = __atomic_load_n(&entry->closed, __ATOMIC_SEQ_CST) != ticket;
	__atomic_fetch_sub(&entry->waiting, 1, __ATOMIC_SEQ_CST);
	return closed;
}

bool win_sock_end(int fd)
{
	struct entry *entry = find(fd);

	if (!entry)
		return false;
	__atomic_fetch_add(&entry->closed, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&entry->flags, SOCK_CLOSING, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&entry->waiting, __ATOMIC_SEQ_CST);
}

/* If it isn't another one's by now. */
void win_sock_ended(int fd)
{
	unsigned int closing = SOCK_CLOSING;
	struct entry *entry = find(fd);

	if (entry)
		__atomic_compare_exchange_n(&entry->flags, &closing, 0, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

void win_sock_drain(int fd)
{
	const struct timespec pause = { .tv_nsec = 100000 };
	struct entry *entry = find(fd);
	int tries = 10000;

	while (tries-- && __atomic_load_n(&entry->waiting, __ATOMIC_SEQ_CST))
		nanosleep(&pause, NULL);
}

void win_sock_each(void (*func)(int fd))
{
	int fd;

	for (fd = 0; fd < PAGES * PAGE_SOCKETS; fd++) {
		if (!find(fd))
			fd |= PAGE_SOCKETS - 1;
		else if (win_sock_flags(fd) & SOCK_OURS)
			func(fd);
	}
}

bool win_socket_sized(int fd)
{
	return win_sock_flags(fd) & SOCK_SIZED;
}

bool win_socket_registered(int fd)
{
	return win_sock_flags(fd) & SOCK_REGISTERED;
}
