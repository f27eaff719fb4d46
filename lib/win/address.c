// SPDX-License-Identifier: MIT
/* Addresses as text, and back. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sock.h"

const IN6_ADDR in6addr_any = IN6ADDR_ANY_INIT;
const IN6_ADDR in6addr_loopback = IN6ADDR_LOOPBACK_INIT;

ULONG inet_addr(const char *text)
{
	ULONG addr;

	if (!text)
		return INADDR_NONE;
	if (!*text || !strcmp(text, " "))
		return INADDR_ANY;
	return libc_inet_aton(text, &addr) ? addr : INADDR_NONE;
}

char *inet_ntoa(struct in_addr in)
{
	static __thread char text[16];

	snprintf(text, sizeof(text), "%u.%u.%u.%u", in.S_un.S_un_b.s_b1,
		 in.S_un.S_un_b.s_b2, in.S_un.S_un_b.s_b3,
		 in.S_un.S_un_b.s_b4);
	return text;
}

INT inet_pton(INT family, PCSTR text, PVOID addr)
{
	if (family != AF_INET && family != AF_INET6)
		return win_fail(WSAEAFNOSUPPORT);
	if (!text || !addr)
		return win_fail(WSAEFAULT);
	return libc_inet_pton(family, text, addr);
}

PCSTR inet_ntop(INT family, const VOID *addr, PSTR text, size_t size)
{
	if (family != AF_INET && family != AF_INET6) {
		win_fail(WSAEAFNOSUPPORT);
		return NULL;
	}
	if (!addr || !text ||
	    !libc_inet_ntop(family, addr, text,
			    size < INET6_ADDRSTRLEN ? size :
						      INET6_ADDRSTRLEN)) {
		win_fail(ERROR_INVALID_PARAMETER);
		return NULL;
	}
	return text;
}

/* Addresses have ASCII only; false if @wide has other things or is longer. */
static bool narrow(const wchar_t *wide, char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (wide[i] < 0 || wide[i] > 0x7f)
			return false;
		text[i] = (char)wide[i];
		if (!wide[i])
			return true;
	}
	return false;
}

static void widen(const char *text, wchar_t *wide)
{
	do {
		*wide++ = (unsigned char)*text;
	} while (*text++);
}

INT InetPtonW(INT family, PCWSTR text, PVOID addr)
{
	char ascii[INET6_ADDRSTRLEN];

	if (!text)
		return win_fail(WSAEFAULT);
	if (!narrow(text, ascii, sizeof(ascii)))
		return 0;
	return inet_pton(family, ascii, addr);
}

PCWSTR InetNtopW(INT family, const VOID *addr, PWSTR text, size_t size)
{
	char ascii[INET6_ADDRSTRLEN];

	if (!inet_ntop(family, addr, ascii, sizeof(ascii)))
		return NULL;
	if (!text || strlen(ascii) >= size) {
		win_fail(ERROR_INVALID_PARAMETER);
		return NULL;
	}
	widen(ascii, text);
	return text;
}

/* Takes ":port" off @text; -1 if it is none, 0 if there isn't one. */
static int split_port(char *text)
{
	char *colon = strrchr(text, ':'), *end;
	unsigned long port;

	if (!colon)
		return 0;
	*colon++ = 0;
	port = strtoul(colon, &end, 10);
	return *colon && !*end && port <= 0xffff ? (int)port : -1;
}

static bool parse4(char *text, SOCKADDR_IN *addr)
{
	int port = split_port(text);

	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_port = htons((u_short)port);
	return port >= 0 && libc_inet_aton(text, &addr->sin_addr);
}

/* address, address%scope, [address%scope]:port */
static bool parse6(char *text, SOCKADDR_IN6 *addr)
{
	char *close = strrchr(text, ']'), *percent;
	int port = 0;

	memset(addr, 0, sizeof(*addr));
	if (*text == '[' && close) {
		port = split_port(close + 1);
		if (close[1] || port < 0)
			return false;
		*close = 0;
		text++;
	}
	percent = strchr(text, '%');
	if (percent) {
		*percent++ = 0;
		addr->sin6_scope_id = (ULONG)strtoul(percent, NULL, 10);
	}
	addr->sin6_family = AF_INET6;
	addr->sin6_port = htons((u_short)port);
	return libc_inet_pton(AF_INET6, text, &addr->sin6_addr) == 1;
}

INT WSAStringToAddressA(LPSTR text, INT family, LPWSAPROTOCOL_INFOA info,
			LPSOCKADDR addr, LPINT length)
{
	INT need = family == AF_INET6 ? sizeof(SOCKADDR_IN6) :
					sizeof(SOCKADDR_IN);
	char copy[80];

	if (!text || !addr || !length || *length < need)
		return win_fail(WSAEFAULT);
	if (info || (family != AF_INET && family != AF_INET6) ||
	    strlen(text) >= sizeof(copy))
		return win_fail(WSAEINVAL);
	strcpy(copy, text);
	if (family == AF_INET ? !parse4(copy, (SOCKADDR_IN *)addr) :
				!parse6(copy, (SOCKADDR_IN6 *)addr))
		return win_fail(WSAEINVAL);
	*length = need;
	return 0;
}

INT WSAStringToAddressW(LPWSTR text, INT family, LPWSAPROTOCOL_INFOW info,
			LPSOCKADDR addr, LPINT length)
{
	char ascii[80];

	if (!text)
		return win_fail(WSAEFAULT);
	if (info || !narrow(text, ascii, sizeof(ascii)))
		return win_fail(WSAEINVAL);
	return WSAStringToAddressA(ascii, family, NULL, addr, length);
}

static int print4(const SOCKADDR_IN *addr, char *text, size_t size)
{
	char host[16];

	libc_inet_ntop(AF_INET, &addr->sin_addr, host, sizeof(host));
	if (!addr->sin_port)
		return snprintf(text, size, "%s", host);
	return snprintf(text, size, "%s:%u", host, ntohs(addr->sin_port));
}

static int print6(const SOCKADDR_IN6 *addr, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN], scope[12] = "";

	libc_inet_ntop(AF_INET6, &addr->sin6_addr, host, sizeof(host));
	if (addr->sin6_scope_id)
		snprintf(scope, sizeof(scope), "%%%u", addr->sin6_scope_id);
	if (!addr->sin6_port)
		return snprintf(text, size, "%s%s", host, scope);
	return snprintf(text, size, "[%s%s]:%u", host, scope,
			ntohs(addr->sin6_port));
}

INT WSAAddressToStringA(LPSOCKADDR addr, DWORD length, LPWSAPROTOCOL_INFOA info,
			LPSTR text, LPDWORD textlen)
{
	char copy[80];
	DWORD need;

	if (!addr || !text || !textlen)
		return win_fail(WSAEFAULT);
	if (!info && length >= sizeof(SOCKADDR_IN) &&
	    addr->sa_family == AF_INET)
		need = print4((SOCKADDR_IN *)addr, copy, sizeof(copy)) + 1;
	else if (!info && length >= sizeof(SOCKADDR_IN6) &&
		 addr->sa_family == AF_INET6)
		need = print6((SOCKADDR_IN6 *)addr, copy, sizeof(copy)) + 1;
	else
		return win_fail(WSAEINVAL);
	if (*textlen < need) {
		*textlen = need;
		return win_fail(WSAEFAULT);
	}
	*textlen = need;
	memcpy(text, copy, need);
	return 0;
}

INT WSAAddressToStringW(LPSOCKADDR addr, DWORD length, LPWSAPROTOCOL_INFOW info,
			LPWSTR text, LPDWORD textlen)
{
	DWORD need = 80;
	char ascii[80];

	if (!text || !textlen)
		return win_fail(WSAEFAULT);
	if (info)
		return win_fail(WSAEINVAL);
	if (WSAAddressToStringA(addr, length, NULL, ascii, &need))
		return -1;
	if (*textlen < need) {
		*textlen = need;
		return win_fail(WSAEFAULT);
	}
	*textlen = need;
	widen(ascii, text);
	return 0;
}
