/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAPPED_TEST_H
#define OVERLAPPED_TEST_H

/* What the tests of overlapped calls share: both families, a port, results. */

#include <mswsock.h>
#include <windows.h>

#include "winsock_test.h"

/* How long to wait for what should come, and for what should not, ms. */
#define LONG_MS		10000u
#define SHORT_MS	50u

/* Nobody has that. */
#define BAD_POINTER	((void *)8)

/* A packet: what GetQueuedCompletionStatus() said. */
struct packet {
	DWORD code;
	DWORD bytes;
	ULONG_PTR key;
	LPOVERLAPPED overlapped;
};

static inline struct packet next_packet(HANDLE port, DWORD ms)
{
	struct packet p = { .bytes = 12345, .key = 12345 };

	if (!GetQueuedCompletionStatus(port, &p.bytes, &p.key, &p.overlapped,
				       ms))
		p.code = GetLastError();
	return p;
}

/* Nothing comes. */
static inline bool no_packet(HANDLE port)
{
	struct packet p = next_packet(port, SHORT_MS);

	return !p.overlapped && p.code == WAIT_TIMEOUT;
}

static inline int recv_begin(SOCKET s, char *buf, ULONG length,
			     LPOVERLAPPED overlapped)
{
	WSABUF wsabuf = { length, buf };
	DWORD flags = 0;

	return CODE(WSARecv(s, &wsabuf, 1, NULL, &flags, overlapped, NULL));
}

static inline int send_begin(SOCKET s, const char *buf, ULONG length,
			     LPOVERLAPPED overlapped)
{
	WSABUF wsabuf = { length, (char *)buf };

	return CODE(WSASend(s, &wsabuf, 1, NULL, 0, overlapped, NULL));
}

/* The code that it ended with; *@bytes. */
static inline int result(SOCKET s, LPOVERLAPPED overlapped, DWORD *bytes)
{
	DWORD flags;

	return WSAGetOverlappedResult(s, overlapped, bytes, TRUE, &flags) ?
	       0 : WSAGetLastError();
}

/* Finds an extension; NULL. */
static inline void *extension(SOCKET s, GUID guid)
{
	void *function = NULL;
	DWORD bytes;

	if (WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid,
		     sizeof(guid), &function, sizeof(function), &bytes, NULL,
		     NULL))
		return NULL;
	return function;
}

static inline SOCKET listener_on(int family)
{
	SOCKET s = socket(family, SOCK_STREAM, 0);

	if (bind_any(s, family, 0) || listen(s, 16))
		return INVALID_SOCKET;
	return s;
}

#endif /* OVERLAPPED_TEST_H */
