// SPDX-License-Identifier: MIT
/*
 * Datagrams into registered memory; what they hold goes to standard output.
 *
 *   rio_udp_receive poll|event|port 4|6 PORT DATAGRAMS
 *
 * The completion queue is looked at all the time, or when an event is set, or
 * when a packet comes to a completion port. A datagram that is too long is
 * counted, not written.
 */
#include "common.h"

#define SLOTS	64
#define SLOT	2048

struct slot {
	RIO_BUF data;
	RIO_BUF from;
};

enum mode { POLL, EVENT, PORT };

static enum mode mode;
static HANDLE notified;
static OVERLAPPED overlapped;

static void explain(void)
{
	fprintf(stderr,
		"usage: rio_udp_receive poll|event|port 4|6 PORT DATAGRAMS\n"
		"Write what comes to standard output. PORT 0: any.\n");
	exit(2);
}

static RIO_CQ make_queue(const char *how)
{
	RIO_NOTIFICATION_COMPLETION completion;
	RIO_CQ queue;

	memset(&completion, 0, sizeof(completion));
	if (mode == EVENT) {
		notified = CreateEvent(NULL, FALSE, FALSE, NULL);
		completion.Type = RIO_EVENT_COMPLETION;
		completion.Event.EventHandle = notified;
	} else if (mode == PORT) {
		notified = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL,
						  0, 1);
		completion.Type = RIO_IOCP_COMPLETION;
		completion.Iocp.IocpHandle = notified;
		completion.Iocp.CompletionKey = &overlapped;
		completion.Iocp.Overlapped = &overlapped;
	}
	if (mode != POLL && !notified)
		fail(how);
	queue = rio.RIOCreateCompletionQueue(SLOTS, mode == POLL ? NULL :
					     &completion);
	if (queue == RIO_INVALID_CQ)
		fail("RIOCreateCompletionQueue");
	return queue;
}

/* Until there is something to dequeue; at once when polling. */
static void wait_for(RIO_CQ queue)
{
	OVERLAPPED *which;
	ULONG_PTR key;
	DWORD bytes;
	int error;

	if (mode == POLL) {
		YieldProcessor();
		return;
	}
	error = rio.RIONotify(queue);
	if (error)
		fail_with("RIONotify", error);
	if (mode == EVENT && WaitForSingleObject(notified, INFINITE))
		fail("WaitForSingleObject");
	if (mode == PORT && !GetQueuedCompletionStatus(notified, &bytes, &key,
						       &which, INFINITE))
		fail("GetQueuedCompletionStatus");
}

static void post(RIO_RQ requests, struct slot *slot)
{
	if (!rio.RIOReceiveEx(requests, &slot->data, 1, NULL, &slot->from, NULL,
			      NULL, 0, slot))
		fail("RIOReceiveEx");
}

static void post_all(RIO_RQ requests, RIO_BUFFERID id, struct slot *slots)
{
	DWORD i;

	for (i = 0; i < SLOTS; i++) {
		slots[i].data.BufferId = id;
		slots[i].data.Offset = i * SLOT;
		slots[i].data.Length = SLOT;
		slots[i].from.BufferId = id;
		slots[i].from.Offset = SLOTS * SLOT + i * sizeof(SOCKADDR_INET);
		slots[i].from.Length = sizeof(SOCKADDR_INET);
		post(requests, &slots[i]);
	}
}

static unsigned long long total;
static char sender[INET6_ADDRSTRLEN];

/* One datagram: counted unless there was an error that is not its length. */
static void take(const char *memory, const RIORESULT *result)
{
	const struct slot *slot = (struct slot *)(size_t)result->RequestContext;
	const SOCKADDR_INET *from =
		(const SOCKADDR_INET *)(memory + slot->from.Offset);

	if (result->Status == WSAEMSGSIZE)
		return;
	if (result->Status)
		fail_with("receive", result->Status);
	fwrite(memory + slot->data.Offset, 1, result->BytesTransferred, stdout);
	total += result->BytesTransferred;
	if (from->si_family == AF_INET)
		inet_ntop(AF_INET, &from->Ipv4.sin_addr, sender,
			  sizeof(sender));
	else
		inet_ntop(AF_INET6, &from->Ipv6.sin6_addr, sender,
			  sizeof(sender));
}

static void receive(RIO_CQ queue, RIO_RQ requests, const char *memory,
		    unsigned long datagrams)
{
	RIORESULT results[SLOTS];
	unsigned long done = 0;
	ULONG i, count;

	while (done < datagrams) {
		count = rio.RIODequeueCompletion(queue, results, SLOTS);
		if (count == RIO_CORRUPT_CQ)
			fail("RIODequeueCompletion");
		if (!count)
			wait_for(queue);
		for (i = 0; i < count && done < datagrams; i++, done++) {
			take(memory, &results[i]);
			post(requests,
			     (struct slot *)(size_t)results[i].RequestContext);
		}
	}
}

int main(int argc, char **argv)
{
	static struct slot slots[SLOTS];
	unsigned long port, datagrams;
	RIO_BUFFERID id;
	RIO_RQ requests;
	RIO_CQ queue;
	char *memory;
	SOCKET sock;
	int family;

	if (argc != 5 || family_of(argv[2]) == AF_UNSPEC)
		explain();
	family = family_of(argv[2]);
	mode = !strcmp(argv[1], "poll") ? POLL :
	       !strcmp(argv[1], "event") ? EVENT : PORT;
	port = number(argv[3], 65535);
	datagrams = number(argv[4], 1000000);
	if ((mode == PORT && strcmp(argv[1], "port")) || port > 65535 ||
	    datagrams > 1000000)
		explain();

	start_winsock();
	sock = rio_socket(family, SOCK_DGRAM);
	load_rio(sock);
	queue = make_queue(argv[1]);
	requests = rio.RIOCreateRequestQueue(sock, SLOTS, 1, 0, 1, queue, queue,
					     NULL);
	if (requests == RIO_INVALID_RQ)
		fail("RIOCreateRequestQueue");
	memory = allocate(SLOTS * (SLOT + sizeof(SOCKADDR_INET)), &id);
	post_all(requests, id, slots);
	bind_port(sock, family, (int)port);

	receive(queue, requests, memory, datagrams);
	fprintf(stderr, "%lu datagrams, %llu bytes, last from %s\n", datagrams,
		total, sender);

	closesocket(sock);
	rio.RIOCloseCompletionQueue(queue);
	release(memory, id);
	if (notified)
		CloseHandle(notified);
	WSACleanup();
	return 0;
}
