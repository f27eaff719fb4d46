/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIO_TEST_H
#define RIO_TEST_H

/*
 * What the tests of RIO share: the table, buffers, sockets, and waiting for
 * completions. The other side is in plain.h.
 */

#include <winsock2.h>
#include <mswsock.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <memoryapi.h>
#include <sysinfoapi.h>

#include "kselftest_harness.h"
#include "plain.h"

#define PAGE	4096u
#define MEM	(16 * PAGE)
/* How long to wait for what should come, ms. */
#define LONG_MS	10000u
/* And for what should not. */
#define SHORT_MS	50u
#define NR(a)	(sizeof(a) / sizeof((a)[0]))

#define CTX(n)	((PVOID)(ULONG_PTR)(n))

static RIO_EXTENSION_FUNCTION_TABLE rio;

/* A socket of Windows, that RIO may be used with. */
static inline SOCKET rio_sock(int family, int type)
{
	return WSASocketW(family, type, 0, NULL, 0, WSA_FLAG_REGISTERED_IO);
}

/* The table; 0 or what was wrong. */
static inline int rio_start(void)
{
	GUID guid = WSAID_MULTIPLE_RIO;
	DWORD bytes = 0;
	WSADATA data;
	SOCKET sock;
	int err;

	err = WSAStartup(MAKEWORD(2, 2), &data);
	if (err)
		return err;
	sock = rio_sock(AF_INET, SOCK_DGRAM);
	err = WSAIoctl(sock, SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER, &guid,
		       sizeof(guid), &rio, sizeof(rio), &bytes, NULL, NULL);
	if (err || bytes != sizeof(rio))
		return WSAGetLastError();
	return closesocket(sock);
}

/* Bound to the loopback; @port gets its port in host order. */
static inline SOCKET rio_udp(int family, int *port)
{
	SOCKET sock = rio_sock(family, SOCK_DGRAM);
	SOCKADDR_INET at = { 0 };

	at.si_family = (ADDRESS_FAMILY)family;
	if (family == AF_INET)
		at.Ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		at.Ipv6.sin6_addr.s6_addr[15] = 1;
	if (bind(sock, (struct sockaddr *)&at, family == AF_INET ?
		 sizeof(at.Ipv4) : sizeof(at.Ipv6)))
		return INVALID_SOCKET;
	*port = plain_port((int)sock);
	return sock;
}

static inline RIO_BUF rio_buf(RIO_BUFFERID id, ULONG offset, ULONG length)
{
	RIO_BUF buf = { id, offset, length };

	return buf;
}

/* Exactly so many completions, when they are there; how many otherwise. */
static inline ULONG rio_take(RIO_CQ cq, RIORESULT *results, ULONG nr)
{
	ULONGLONG end = GetTickCount64() + LONG_MS;
	ULONG got = 0, n;

	while (got < nr && GetTickCount64() < end) {
		n = rio.RIODequeueCompletion(cq, results + got, nr - got);
		if (n == RIO_CORRUPT_CQ)
			return n;
		got += n;
		if (!n)
			Sleep(1);
	}
	return got;
}

/* None comes within a short time. */
static inline bool rio_quiet(RIO_CQ cq)
{
	RIORESULT result;

	Sleep(SHORT_MS);
	return rio.RIODequeueCompletion(cq, &result, 1) == 0;
}

static inline void rio_pattern(char *mem, size_t length, unsigned int seed)
{
	size_t i;

	for (i = 0; i < length; i++)
		mem[i] = (char)(seed + i * 7 + (i >> 8) * 13);
}

#endif /* RIO_TEST_H */
