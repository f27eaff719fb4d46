// SPDX-License-Identifier: MIT
/* WSAStartup() and WSACleanup(), and sockets from beginning to end. */

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sock.h"

static unsigned int started;

/* The highest version that is known and not above @asked. */
static WORD version_for(WORD asked)
{
	unsigned int major = LOBYTE(asked), minor = HIBYTE(asked);

	if (major == 1)
		return MAKEWORD(1, minor ? 1 : 0);
	if (major == 2)
		return MAKEWORD(2, minor < 2 ? minor : 2);
	return MAKEWORD(2, 2);
}

int WSAStartup(WORD version, LPWSADATA data)
{
	if (!LOBYTE(version))
		return WSAVERNOTSUPPORTED;
	if (!data)
		return WSAEFAULT;

	memset(data, 0, sizeof(*data));
	data->wVersion = version_for(version);
	data->wHighVersion = WINSOCK_VERSION;
	if (LOBYTE(data->wVersion) == 1) {
		data->iMaxSockets = 0x7fff;
		data->iMaxUdpDg = 65507;
	}
	strcpy(data->szDescription, "WinSock 2.0");
	strcpy(data->szSystemStatus, "Running");
	__atomic_fetch_add(&started, 1, __ATOMIC_ACQ_REL);
	return 0;
}

bool win_started(void)
{
	return __atomic_load_n(&started, __ATOMIC_ACQUIRE);
}

static int end(int fd)
{
	bool waits;
	int err;

	win_rio_close(fd);
	win_ioring_close(fd);
	win_san_close(fd);
	waits = win_sock_end(fd);
	win_async_close(fd);
	/* Closing a descriptor doesn't end calls that wait for it. */
	if (waits) {
		libc_shutdown(fd, SD_BOTH);
		win_sock_drain(fd);
	}
	err = close(fd);
	win_async_closed(fd);
	win_sock_ended(fd);
	return err;
}

static void end_each(int fd)
{
	end(fd);
}

int WSACleanup(void)
{
	unsigned int n = __atomic_load_n(&started, __ATOMIC_ACQUIRE);

	do {
		if (!n)
			return win_fail(WSANOTINITIALISED);
		if (n == 1)
			win_sock_each(end_each);
	} while (!__atomic_compare_exchange_n(&started, &n, n - 1, false,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return 0;
}

int WSAGetLastError(void)
{
	return (int)GetLastError();
}

void WSASetLastError(int code)
{
	SetLastError((DWORD)code);
}

int win_sock(SOCKET s)
{
	if (!win_started())
		return win_fail(WSANOTINITIALISED);
	if (s > INT_MAX)
		return win_fail(WSAENOTSOCK);
	return (int)s;
}

int win_fail_errno(void)
{
	return win_fail(errno == EBADF ? WSAENOTSOCK : win_wsa_code(errno));
}

static SOCKET refuse(DWORD code)
{
	win_fail(code);
	return INVALID_SOCKET;
}

static int type_of(int protocol)
{
	switch (protocol) {
	case IPPROTO_UDP:
		return SOCK_DGRAM;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return SOCK_RAW;
	default:
		return SOCK_STREAM;
	}
}

/* What Linux has one code for. */
static DWORD no_socket(int err, int family, int protocol)
{
	if (err == EINVAL && (protocol < 0 || protocol >= IPPROTO_MAX))
		return WSAEPROTONOSUPPORT;
	if (err == EINVAL)
		return WSAEINVAL;
	if (err == EPROTONOSUPPORT && protocol && family != AF_UNIX)
		return WSAEPROTOTYPE;
	if (err == EPERM)
		return WSAEACCES;
	return win_wsa_code(err);
}

static SOCKET make(int family, int type, int protocol, DWORD flags)
{
	int fd, one = 1;

	fd = libc_socket(family, type | (flags & WSA_FLAG_NO_HANDLE_INHERIT ?
					 LIBC_SOCK_CLOEXEC : 0), protocol);
	if (fd < 0)
		return refuse(no_socket(errno, family, protocol));
	/* As there, unless the program says otherwise. */
	if (family == AF_INET6)
		libc_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one,
				sizeof(one));
	if (!win_sock_begin(fd, flags & WSA_FLAG_REGISTERED_IO ?
			    SOCK_REGISTERED : 0)) {
		close(fd);
		return refuse(WSAENOBUFS);
	}
	return fd;
}

SOCKET WSASocketW(int family, int type, int protocol, LPWSAPROTOCOL_INFOW info,
		  GROUP group, DWORD flags)
{
	const DWORD known = WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT |
			    WSA_FLAG_REGISTERED_IO;

	if (!win_started())
		return refuse(WSANOTINITIALISED);
	if (info || group || flags & ~known)
		return refuse(WSAEINVAL);
	if (!type)
		type = type_of(protocol);
	if (type < 0 || type > SOCK_SEQPACKET)
		return refuse(WSAESOCKTNOSUPPORT);
	return make(family == AF_UNSPEC ? AF_INET : family, type, protocol,
		    flags);
}

SOCKET WSASocketA(int family, int type, int protocol, LPWSAPROTOCOL_INFOA info,
		  GROUP group, DWORD flags)
{
	if (info)
		return refuse(WSAEINVAL);
	return WSASocketW(family, type, protocol, NULL, group, flags);
}

SOCKET socket(int family, int type, int protocol)
{
	return WSASocketW(family, type, protocol, NULL, 0, WSA_FLAG_OVERLAPPED);
}

int closesocket(SOCKET s)
{
	int fd = win_sock(s);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !S_ISSOCK(st.st_mode))
		return win_fail(WSAENOTSOCK);
	/* Closed it is even when close() says that something went wrong. */
	end(fd);
	return 0;
}
