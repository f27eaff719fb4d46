/* SPDX-License-Identifier: MIT */
#ifndef COMMON_H
#define COMMON_H

/*
 * What the samples share: errors end the program with the system's own words,
 * the functions of registered I/O, addresses from the command line, memory.
 */

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static RIO_EXTENSION_FUNCTION_TABLE rio;

static inline void fail_with(const char *what, DWORD code)
{
	char text[256] = "";

	FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM |
		       FORMAT_MESSAGE_IGNORE_INSERTS, NULL, code, 0, text,
		       sizeof(text), NULL);
	text[strcspn(text, "\r\n")] = 0;
	fprintf(stderr, "%s: %s (%u)\n", what, text, (unsigned int)code);
	exit(1);
}

static inline void fail(const char *what)
{
	fail_with(what, GetLastError());
}

static inline void start_winsock(void)
{
	WSADATA data;
	int error = WSAStartup(MAKEWORD(2, 2), &data);

	if (error)
		fail_with("WSAStartup", error);
}

/* Any socket that was made for registered I/O gives the functions for all. */
static inline void load_rio(SOCKET sock)
{
	GUID id = WSAID_MULTIPLE_RIO;
	DWORD bytes = 0;

	if (WSAIoctl(sock, SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER, &id,
		     sizeof(id), &rio, sizeof(rio), &bytes, NULL, NULL))
		fail("registered I/O");
}

static inline SOCKET rio_socket(int family, int type)
{
	SOCKET sock = WSASocket(family, type, 0, NULL, 0,
				WSA_FLAG_REGISTERED_IO);

	if (sock == INVALID_SOCKET)
		fail("WSASocket");
	return sock;
}

/* A number up to @max, or @max + 1 if it is none. */
static inline unsigned long number(const char *text, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	return *text && !*end && value <= max ? value : max + 1;
}

static inline int family_of(const char *text)
{
	if (!strcmp(text, "4"))
		return AF_INET;
	return strcmp(text, "6") ? AF_UNSPEC : AF_INET6;
}

static inline int address_size(int family)
{
	return family == AF_INET ? sizeof(SOCKADDR_IN) : sizeof(SOCKADDR_IN6);
}

/* Listens or receives on a port of all addresses, and tells which it is. */
static inline void bind_port(SOCKET sock, int family, int port)
{
	int len = address_size(family);
	SOCKADDR_INET addr;

	memset(&addr, 0, sizeof(addr));
	addr.si_family = family;
	addr.Ipv4.sin_port = htons((u_short)port);
	if (bind(sock, (struct sockaddr *)&addr, len) ||
	    getsockname(sock, (struct sockaddr *)&addr, &len))
		fail("bind");
	fprintf(stderr, "port %d\n", ntohs(addr.Ipv4.sin_port));
}

/* Memory of whole pages, registered. */
static inline char *allocate(DWORD length, RIO_BUFFERID *id)
{
	char *memory = (char *)VirtualAlloc(NULL, length,
					    MEM_COMMIT | MEM_RESERVE,
					    PAGE_READWRITE);

	if (!memory)
		fail("VirtualAlloc");
	*id = rio.RIORegisterBuffer(memory, length);
	if (*id == RIO_INVALID_BUFFERID)
		fail("RIORegisterBuffer");
	return memory;
}

static inline void release(char *memory, RIO_BUFFERID id)
{
	rio.RIODeregisterBuffer(id);
	VirtualFree(memory, 0, MEM_RELEASE);
}

#endif /* COMMON_H */
