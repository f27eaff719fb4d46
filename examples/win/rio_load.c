// SPDX-License-Identifier: MIT
/*
 * Datagrams from registered memory as fast as they go.
 *
 *   rio_load HOST PORT DATAGRAMS SIZE
 *
 * HOST is a name or address of either family. Requests are deferred and started
 * by batches. Each datagram is full of its number's last digit.
 */
#include "common.h"

#define SLOTS	256
#define BATCH	32

static RIO_BUF slices[SLOTS], destination;
static RIO_CQ queue;
static RIO_RQ requests;
static char *memory;

static void explain(void)
{
	fprintf(stderr, "usage: rio_load HOST PORT DATAGRAMS SIZE\n"
		"Send that many UDP datagrams of SIZE bytes.\n");
	exit(2);
}

/* A socket with a port of its own, and where it is to send to. */
static SOCKET open_to(const char *host, const char *port, SOCKADDR_INET *addr)
{
	struct addrinfo hints, *found;
	SOCKADDR_INET own;
	SOCKET sock;
	int error;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_DGRAM;
	error = getaddrinfo(host, port, &hints, &found);
	if (error)
		fail_with(host, error);
	memset(addr, 0, sizeof(*addr));
	memcpy(addr, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	sock = rio_socket(addr->si_family, SOCK_DGRAM);
	memset(&own, 0, sizeof(own));
	own.si_family = addr->si_family;
	if (bind(sock, (struct sockaddr *)&own, address_size(own.si_family)))
		fail("bind");
	return sock;
}

static void make_queues(SOCKET sock)
{
	queue = rio.RIOCreateCompletionQueue(SLOTS, NULL);
	if (queue == RIO_INVALID_CQ)
		fail("RIOCreateCompletionQueue");
	requests = rio.RIOCreateRequestQueue(sock, 0, 1, SLOTS, 1, queue, queue,
					     NULL);
	if (requests == RIO_INVALID_RQ)
		fail("RIOCreateRequestQueue");
}

/* SLOTS slices of a datagram, and the address behind them. */
static RIO_BUFFERID make_memory(ULONG size, const SOCKADDR_INET *addr)
{
	RIO_BUFFERID id;
	ULONG i;

	memory = allocate(SLOTS * size + sizeof(*addr), &id);
	for (i = 0; i < SLOTS; i++) {
		slices[i].BufferId = id;
		slices[i].Offset = i * size;
		slices[i].Length = size;
	}
	destination.BufferId = id;
	destination.Offset = SLOTS * size;
	destination.Length = sizeof(*addr);
	memcpy(memory + destination.Offset, addr, sizeof(*addr));
	return id;
}

static void send_one(RIO_BUF *slice, unsigned long nr, DWORD flags)
{
	memset(memory + slice->Offset, '0' + nr % 10, slice->Length);
	if (!rio.RIOSendEx(requests, slice, 1, NULL, &destination, NULL, NULL,
			   flags, slice))
		fail("RIOSendEx");
}

/* The slices that are through; those that failed are told. */
static ULONG collect(RIO_BUF **through)
{
	RIORESULT results[SLOTS];
	ULONG i, count = rio.RIODequeueCompletion(queue, results, SLOTS);

	if (count == RIO_CORRUPT_CQ)
		fail("RIODequeueCompletion");
	for (i = 0; i < count; i++) {
		if (results[i].Status)
			fail_with("send", results[i].Status);
		through[i] = (RIO_BUF *)(size_t)results[i].RequestContext;
	}
	return count;
}

/* The last of a batch, and of all, starts what was deferred before it. */
static void send_all(unsigned long datagrams)
{
	RIO_BUF *idle[2 * SLOTS];
	unsigned long sent = 0;
	ULONG count, left;

	for (count = 0; count < SLOTS; count++)
		idle[count] = &slices[count];
	while (sent < datagrams) {
		left = datagrams - sent < BATCH ? datagrams - sent : BATCH;
		while (count < left)
			count += collect(idle + count);
		for (; left; left--)
			send_one(idle[--count], sent++,
				 left > 1 ? RIO_MSG_DEFER : 0);
		count += collect(idle + count);
	}
	while (count < SLOTS)
		count += collect(idle + count);
}

int main(int argc, char **argv)
{
	LARGE_INTEGER frequency, begin, end;
	unsigned long datagrams, size;
	SOCKADDR_INET addr;
	RIO_BUFFERID id;
	SOCKET sock;
	double took;

	datagrams = argc == 5 ? number(argv[3], 100000000) : 100000001;
	size = argc == 5 ? number(argv[4], 65507) : 65508;
	if (datagrams > 100000000 || !size || size > 65507)
		explain();
	start_winsock();
	sock = open_to(argv[1], argv[2], &addr);
	load_rio(sock);
	make_queues(sock);
	id = make_memory((ULONG)size, &addr);

	QueryPerformanceFrequency(&frequency);
	QueryPerformanceCounter(&begin);
	send_all(datagrams);
	QueryPerformanceCounter(&end);
	took = (double)(end.QuadPart - begin.QuadPart) / frequency.QuadPart;
	fprintf(stderr, "%lu datagrams, %llu bytes, %.0f a second\n", datagrams,
		(unsigned long long)datagrams * size,
		took > 0 ? datagrams / took : 0);

	closesocket(sock);
	rio.RIOCloseCompletionQueue(queue);
	release(memory, id);
	WSACleanup();
	return 0;
}
