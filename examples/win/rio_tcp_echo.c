// SPDX-License-Identifier: MIT
/*
 * Each connection gets back what it sends.
 *
 *   rio_tcp_echo 4|6 PORT CONNECTIONS
 *
 * One completion queue serves all connections: a thread waits for it on a
 * completion port, while the main thread accepts. All the memory is one
 * registration, a slice for each connection. The server ends when that many
 * connections came and went, or never if 0.
 */
#include "common.h"

#define CLIENTS	64
#define SLICE	16384

enum { KEY_STOP, KEY_RIO };

struct client {
	SOCKET sock;
	RIO_RQ requests;
	RIO_BUF slice;
	int sending;
	ULONGLONG received;
	struct client *next;
};

static struct client clients[CLIENTS];
static struct client *unused;
static HANDLE port, room;
static RIO_CQ queue;
static OVERLAPPED overlapped;
/* The list of unused clients, and the queue while request queues are made. */
static CRITICAL_SECTION lock;

static void explain(void)
{
	fprintf(stderr, "usage: rio_tcp_echo 4|6 PORT CONNECTIONS\n"
		"Send back what comes. PORT 0: any. CONNECTIONS 0: for ever.\n");
	exit(2);
}

static void finish(struct client *client, LONG status)
{
	fprintf(stderr, "%llu bytes", (unsigned long long)client->received);
	if (status)
		fprintf(stderr, ", status %d", (int)status);
	fprintf(stderr, "\n");
	closesocket(client->sock);
	client->next = unused;
	unused = client;
	ReleaseSemaphore(room, 1, NULL);
}

/* What was received goes back; what was sent makes room to receive. */
static void proceed(struct client *client, const RIORESULT *result)
{
	RIO_BUF *slice = &client->slice;
	BOOL ok;

	if (result->Status || !result->BytesTransferred) {
		finish(client, result->Status);
		return;
	}
	client->sending = !client->sending;
	if (client->sending) {
		client->received += result->BytesTransferred;
		slice->Length = result->BytesTransferred;
		ok = rio.RIOSend(client->requests, slice, 1, 0, client);
	} else {
		slice->Length = SLICE;
		ok = rio.RIOReceive(client->requests, slice, 1, 0, client);
	}
	if (!ok)
		finish(client, GetLastError());
}

/* Ends at a packet with another key than the queue's. */
static DWORD WINAPI serve(LPVOID unused_argument)
{
	RIORESULT results[CLIENTS];
	OVERLAPPED *which;
	ULONG i, count;
	ULONG_PTR key;
	DWORD bytes;

	(void)unused_argument;
	for (;;) {
		if (!GetQueuedCompletionStatus(port, &bytes, &key, &which,
					       INFINITE))
			fail("GetQueuedCompletionStatus");
		if (key != KEY_RIO)
			return 0;
		EnterCriticalSection(&lock);
		count = rio.RIODequeueCompletion(queue, results, CLIENTS);
		if (!count || count == RIO_CORRUPT_CQ)
			fail("RIODequeueCompletion");
		for (i = 0; i < count; i++)
			proceed((struct client *)(size_t)
				results[i].RequestContext, &results[i]);
		if (rio.RIONotify(queue))
			fail("RIONotify");
		LeaveCriticalSection(&lock);
	}
}

/* Under the lock. */
static void start_client(SOCKET sock)
{
	struct client *client = unused;

	unused = client->next;
	client->sock = sock;
	client->sending = 0;
	client->received = 0;
	client->slice.Length = SLICE;
	client->requests = rio.RIOCreateRequestQueue(sock, 1, 1, 1, 1, queue,
						     queue, client);
	if (client->requests == RIO_INVALID_RQ)
		fail("RIOCreateRequestQueue");
	if (!rio.RIOReceive(client->requests, &client->slice, 1, 0, client))
		finish(client, GetLastError());
}

static void accept_clients(SOCKET listener, unsigned long connections)
{
	unsigned long i;
	SOCKET sock;

	for (i = 0; !connections || i < connections; i++) {
		WaitForSingleObject(room, INFINITE);
		sock = accept(listener, NULL, NULL);
		if (sock == INVALID_SOCKET)
			fail("accept");
		EnterCriticalSection(&lock);
		start_client(sock);
		LeaveCriticalSection(&lock);
	}
	/* All the room is there again when all clients are gone. */
	for (i = 0; i < CLIENTS; i++)
		WaitForSingleObject(room, INFINITE);
}

static void make_queue(void)
{
	RIO_NOTIFICATION_COMPLETION completion;

	port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
	room = CreateSemaphore(NULL, CLIENTS, CLIENTS, NULL);
	if (!port || !room)
		fail("port");
	completion.Type = RIO_IOCP_COMPLETION;
	completion.Iocp.IocpHandle = port;
	completion.Iocp.CompletionKey = (void *)KEY_RIO;
	completion.Iocp.Overlapped = &overlapped;
	queue = rio.RIOCreateCompletionQueue(2 * CLIENTS, &completion);
	if (queue == RIO_INVALID_CQ)
		fail("RIOCreateCompletionQueue");
	if (rio.RIONotify(queue))
		fail("RIONotify");
}

static void make_clients(RIO_BUFFERID id)
{
	struct client *client;

	for (client = clients; client < clients + CLIENTS; client++) {
		client->slice.BufferId = id;
		client->slice.Offset = (ULONG)(client - clients) * SLICE;
		client->next = unused;
		unused = client;
	}
}

int main(int argc, char **argv)
{
	unsigned long tcp_port, connections;
	RIO_BUFFERID id;
	HANDLE thread;
	SOCKET sock;
	char *memory;

	if (argc != 4 || family_of(argv[1]) == AF_UNSPEC)
		explain();
	tcp_port = number(argv[2], 65535);
	connections = number(argv[3], 1000000);
	if (tcp_port > 65535 || connections > 1000000)
		explain();

	start_winsock();
	InitializeCriticalSection(&lock);
	sock = rio_socket(family_of(argv[1]), SOCK_STREAM);
	load_rio(sock);
	memory = allocate(CLIENTS * SLICE, &id);
	make_clients(id);
	make_queue();
	thread = CreateThread(NULL, 0, serve, NULL, 0, NULL);
	if (!thread)
		fail("CreateThread");
	bind_port(sock, family_of(argv[1]), (int)tcp_port);
	if (listen(sock, SOMAXCONN))
		fail("listen");
	accept_clients(sock, connections);

	PostQueuedCompletionStatus(port, 0, KEY_STOP, NULL);
	WaitForSingleObject(thread, INFINITE);
	CloseHandle(thread);
	closesocket(sock);
	rio.RIOCloseCompletionQueue(queue);
	CloseHandle(port);
	CloseHandle(room);
	release(memory, id);
	DeleteCriticalSection(&lock);
	WSACleanup();
	return 0;
}
