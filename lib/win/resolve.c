// SPDX-License-Identifier: MIT
/* Names of machines and services. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sock.h"

static DWORD code_of(int err)
{
	switch (err) {
	case 0:
		return 0;
	case LIBC_EAI_AGAIN:
		return EAI_AGAIN;
	case LIBC_EAI_BADFLAGS:
		return EAI_BADFLAGS;
	case LIBC_EAI_FAMILY:
		return EAI_FAMILY;
	case LIBC_EAI_MEMORY:
		return EAI_MEMORY;
	case LIBC_EAI_NONAME:
	case LIBC_EAI_NODATA:
	case LIBC_EAI_ADDRFAMILY:
		return EAI_NONAME;
	case LIBC_EAI_SERVICE:
		return EAI_SERVICE;
	case LIBC_EAI_SOCKTYPE:
		return EAI_SOCKTYPE;
	case LIBC_EAI_OVERFLOW:
		return WSAEFAULT;
	case LIBC_EAI_SYSTEM:
		return win_wsa_code(errno);
	default:
		return EAI_FAIL;
	}
}

/* Sets the last error, unless it is none. */
static INT done(DWORD code)
{
	if (code)
		win_fail(code);
	return (INT)code;
}

/* What the caller asked for; and type and protocol, which may be 0, of it. */
struct query {
	struct libc_addrinfo hints;
	int socktype;
	int protocol;
};

/*
 * Without either the C library has an entry for each type, Windows one: ask for
 * those of streams, or where a service has none, of datagrams.
 */
static DWORD ask(const char *name, const char *service, struct query *query,
		 struct libc_addrinfo **out)
{
	char host[256];
	int err;

	if (!win_started())
		return WSANOTINITIALISED;
	/* "" is this machine. */
	if (name && !*name)
		name = libc_gethostname(host, sizeof(host)) ? NULL : host;
	query->socktype = query->hints.socktype;
	query->protocol = query->hints.protocol;
	if (query->socktype || query->protocol)
		return code_of(libc_getaddrinfo(name, service, &query->hints,
						out));
	query->hints.socktype = SOCK_STREAM;
	err = libc_getaddrinfo(name, service, &query->hints, out);
	if (err == LIBC_EAI_SERVICE) {
		query->hints.socktype = SOCK_DGRAM;
		err = libc_getaddrinfo(name, service, &query->hints, out);
	}
	return code_of(err);
}

/* The list's entry, with its address behind it. */
static struct addrinfo *entry_of(const struct libc_addrinfo *from,
				 const struct query *query)
{
	struct addrinfo *to = calloc(1, sizeof(*to) + from->addrlen);
	bool any = !query->socktype && !query->protocol;

	if (!to)
		return NULL;
	to->ai_flags = query->hints.flags;
	to->ai_family = from->family;
	to->ai_socktype = any ? 0 : from->socktype;
	to->ai_protocol = any ? 0 : query->protocol;
	to->ai_addrlen = from->addrlen;
	to->ai_addr = (struct sockaddr *)(to + 1);
	memcpy(to->ai_addr, from->addr, from->addrlen);
	if (!from->canonname)
		return to;
	to->ai_canonname = strdup(from->canonname);
	if (to->ai_canonname)
		return to;
	free(to);
	return NULL;
}

static struct addrinfo *list_of(const struct libc_addrinfo *from,
				const struct query *query)
{
	struct addrinfo *list = NULL, **last = &list;

	for (; from; from = from->next) {
		*last = entry_of(from, query);
		if (!*last) {
			freeaddrinfo(list);
			return NULL;
		}
		last = &(*last)->ai_next;
	}
	return list;
}

INT getaddrinfo(PCSTR name, PCSTR service, const ADDRINFOA *hints,
		PADDRINFOA *out)
{
	struct libc_addrinfo *found;
	struct query query = { 0 };
	DWORD code;

	if (!out)
		return done(WSAEFAULT);
	*out = NULL;
	if (hints) {
		if (hints->ai_addrlen || hints->ai_addr ||
		    hints->ai_canonname || hints->ai_next)
			return done(EAI_FAIL);
		query.hints.flags = hints->ai_flags;
		query.hints.family = hints->ai_family;
		query.hints.socktype = hints->ai_socktype;
		query.hints.protocol = hints->ai_protocol;
	}
	code = ask(name, service, &query, &found);
	if (code)
		return done(code);
	*out = list_of(found, &query);
	libc_freeaddrinfo(found);
	return done(*out ? 0 : EAI_MEMORY);
}

void freeaddrinfo(PADDRINFOA list)
{
	struct addrinfo *next;

	for (; list; list = next) {
		next = list->ai_next;
		free(list->ai_canonname);
		free(list);
	}
}

/* One character as UTF-8 at @out, which has room for four bytes. */
static size_t encode(wchar_t wide, char *out)
{
	unsigned int c = wide;

	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (c >> 18 & 7));
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static bool narrow(PCWSTR wide, char *out, size_t size)
{
	size_t used = 0;

	for (; *wide; wide++) {
		if (used + 5 > size)
			return false;
		used += encode(*wide, out + used);
	}
	out[used] = 0;
	return true;
}

/* Canonical names are ASCII. */
static PWSTR widen(const char *text)
{
	PWSTR wide = calloc(strlen(text) + 1, sizeof(*wide)), p = wide;

	while (wide && *text)
		*p++ = (unsigned char)*text++;
	return wide;
}

static struct addrinfoW *wide_entry_of(const struct addrinfo *from)
{
	struct addrinfoW *to = calloc(1, sizeof(*to) + from->ai_addrlen);

	if (!to)
		return NULL;
	to->ai_flags = from->ai_flags;
	to->ai_family = from->ai_family;
	to->ai_socktype = from->ai_socktype;
	to->ai_protocol = from->ai_protocol;
	to->ai_addrlen = from->ai_addrlen;
	to->ai_addr = (struct sockaddr *)(to + 1);
	memcpy(to->ai_addr, from->ai_addr, from->ai_addrlen);
	if (!from->ai_canonname)
		return to;
	to->ai_canonname = widen(from->ai_canonname);
	if (to->ai_canonname)
		return to;
	free(to);
	return NULL;
}

static PADDRINFOW wide_list_of(const struct addrinfo *from)
{
	PADDRINFOW list = NULL, *last = &list;

	for (; from; from = from->ai_next) {
		*last = wide_entry_of(from);
		if (!*last) {
			FreeAddrInfoW(list);
			return NULL;
		}
		last = &(*last)->ai_next;
	}
	return list;
}

INT GetAddrInfoW(PCWSTR name, PCWSTR service, const ADDRINFOW *hints,
		 PADDRINFOW *out)
{
	struct addrinfo asked = { 0 }, *found;
	char host[NI_MAXHOST], port[NI_MAXSERV];
	INT code;

	if (!out)
		return done(WSAEFAULT);
	*out = NULL;
	if ((name && !narrow(name, host, sizeof(host))) ||
	    (service && !narrow(service, port, sizeof(port))))
		return done(EAI_NONAME);
	if (hints) {
		asked.ai_flags = hints->ai_flags;
		asked.ai_family = hints->ai_family;
		asked.ai_socktype = hints->ai_socktype;
		asked.ai_protocol = hints->ai_protocol;
	}
	code = getaddrinfo(name ? host : NULL, service ? port : NULL, &asked,
			   &found);
	if (code)
		return code;
	*out = wide_list_of(found);
	freeaddrinfo(found);
	return done(*out ? 0 : EAI_MEMORY);
}

void FreeAddrInfoW(PADDRINFOW list)
{
	struct addrinfoW *next;

	for (; list; list = next) {
		next = list->ai_next;
		free(list->ai_canonname);
		free(list);
	}
}

INT getnameinfo(const SOCKADDR *addr, socklen_t length, PCHAR name,
		DWORD namelen, PCHAR service, DWORD servicelen, INT flags)
{
	if (!win_started())
		return done(WSANOTINITIALISED);
	if (!addr || length < (socklen_t)sizeof(*addr) ||
	    (addr->sa_family == AF_INET6 &&
	     length < (socklen_t)sizeof(SOCKADDR_IN6)))
		return done(WSAEFAULT);
	return done(code_of(libc_getnameinfo(addr, (unsigned int)length, name,
					     name ? namelen : 0, service,
					     service ? servicelen : 0, flags)));
}

char *gai_strerrorA(int code)
{
	static const struct {
		int code;
		char text[64];
	} texts[] = {
		{ 0, "No error." },
		{ EAI_AGAIN, "The name server could not be reached." },
		{ EAI_BADFLAGS, "An invalid argument was supplied." },
		{ EAI_FAIL, "The name server failed for good." },
		{ EAI_FAMILY, "The address family is not supported." },
		{ EAI_MEMORY, "There is not enough memory." },
		{ EAI_NONAME, "No such host is known." },
		{ EAI_SERVICE, "No such service is known." },
		{ EAI_SOCKTYPE, "The socket type is not supported." },
		{ WSANOTINITIALISED, "WSAStartup() has not been called." },
	};
	static char other[] = "The name could not be looked up.";
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].code == code)
			return (char *)texts[i].text;
	}
	return other;
}

#define HOST_ADDRS	16

/* What gethostbyname() returns: the thread's. */
struct host {
	struct hostent ent;
	char name[NI_MAXHOST];
	struct in_addr addrs[HOST_ADDRS];
	char *aliases[1];
	char *addr_list[HOST_ADDRS + 1];
};

static void host_fill(struct host *host, const char *name,
		      const struct libc_addrinfo *found)
{
	int n = 0;

	memset(host, 0, sizeof(*host));
	strncpy(host->name, found->canonname ? found->canonname : name,
		sizeof(host->name) - 1);
	for (; found && n < HOST_ADDRS; found = found->next, n++) {
		host->addrs[n] = ((SOCKADDR_IN *)found->addr)->sin_addr;
		host->addr_list[n] = (char *)&host->addrs[n];
	}
	host->ent.h_name = host->name;
	host->ent.h_aliases = host->aliases;
	host->ent.h_addrtype = AF_INET;
	host->ent.h_length = sizeof(struct in_addr);
	host->ent.h_addr_list = host->addr_list;
}

struct hostent *gethostbyname(const char *name)
{
	static __thread struct host host;
	struct query query = {
		.hints = {
			.flags = AI_CANONNAME,
			.family = AF_INET,
			.socktype = SOCK_STREAM,
		},
	};
	struct libc_addrinfo *found;
	DWORD code;

	code = ask(name ? name : "", NULL, &query, &found);
	if (code) {
		win_fail(code);
		return NULL;
	}
	host_fill(&host, name ? name : "", found);
	libc_freeaddrinfo(found);
	return &host.ent;
}

int gethostname(char *name, size_t length)
{
	if (!win_started())
		return win_fail(WSANOTINITIALISED);
	if (!name || (ssize_t)length < 0 || libc_gethostname(name, length))
		return win_fail(WSAEFAULT);
	return 0;
}
