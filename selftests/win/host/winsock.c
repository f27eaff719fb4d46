// SPDX-License-Identifier: GPL-2.0
/*
 * Winsock as programs write it, C or C++. It is compiled, and not run: that
 * there is a declaration for all of it, whatever else was included.
 */

#ifdef __cplusplus
#include <algorithm>
#include <functional>
#include <thread>
#include <vector>
#else
#include <stdlib.h>
#include <unistd.h>
#endif

#define WIN32_LEAN_AND_MEAN
#include <WinSock2.h>
#include <WS2tcpip.h>
#include <MSWSock.h>
#include <mstcpip.h>
#include <Windows.h>

/* Where only NULL may be passed there is a union, in C. */
#pragma GCC diagnostic ignored "-Wpedantic"

int winsock_main(SOCKET s);

#ifdef __cplusplus
/* What macros for these names would break. */
static void library(SOCKET s)
{
	using namespace std;
	SOCKADDR_IN addr = {};
	auto bound = std::bind(&::bind, s, (sockaddr *)&addr,
			       (int)sizeof(addr));
	function<int(SOCKET, int)> listener = &::listen;
	vector<SOCKET> all(3, INVALID_SOCKET);
	socklen_t length = sizeof(addr);
	unsigned long wide = 1;
	thread closer{closesocket, s};

	closer.join();
	bound();
	listener(s, SOMAXCONN);
	sort(all.begin(), all.end());
	getsockname(s, (sockaddr *)&addr, &length);
	ioctlsocket(s, FIONBIO, &wide);
	WSAAccept(s, nullptr, nullptr, nullptr, 0);
}
#endif

static void addresses(SOCKADDR_INET *inet)
{
	struct in_addr in;
	IN6_ADDR in6 = IN6ADDR_LOOPBACK_INIT;
	char text[INET6_ADDRSTRLEN];

	inet->si_family = AF_INET6;
	inet->Ipv6.sin6_addr = in6addr_any;
	inet->Ipv6.sin6_scope_id = 1;
	inet->Ipv6.sin6_addr.s6_addr[0] = 1;
	inet->Ipv4.sin_addr.S_un.S_addr = htonl(INADDR_ANY);
	inet->Ipv4.sin_addr.S_un.S_un_b.s_b1 = 1;
	in.s_addr = inet_addr("127.0.0.1");
	inet_ntoa(in);
	inet_pton(AF_INET6, "::1", &in6);
	InetNtop(AF_INET6, &in6, text, sizeof(text));
}

static void transfers(SOCKET s, struct sockaddr *addr)
{
	struct timeval second = { 1, 0 };
	WSABUF buf = { 0, NULL };
	DWORD n = 0, flags = 0;
	char text[8] = "";
	WSAPOLLFD fd;
	int length = 16;
	fd_set set;

	send(s, text, 1, 0);
	recv(s, text, (int)sizeof(text), MSG_PEEK);
	sendto(s, text, 1, 0, addr, length);
	recvfrom(s, text, 1, 0, (LPSOCKADDR)addr, &length);
	WSASend(s, &buf, 1, &n, 0, NULL, NULL);
	WSARecv(s, &buf, 1, &n, &flags, 0, 0);
	FD_ZERO(&set);
	FD_SET(s, &set);
	select((int)s + 1, &set, NULL, NULL, &second);
	fd.fd = s;
	fd.events = POLLRDNORM | POLLIN;
	WSAPoll(&fd, 1, 0);
}

/* What programs put around an OVERLAPPED. */
#ifdef __cplusplus
struct request : OVERLAPPED {
	WSABUF buf;
};

/* Nobody calls it: no completion routine is asked for. */
inline void never(SOCKET s, request *r,
		  LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
	WSASend(s, &r->buf, 1, nullptr, 0, r, routine);
}

static LPOVERLAPPED overlapped_of(request *r)
{
	return r;
}
#else
struct request {
	OVERLAPPED overlapped;
	WSABUF buf;
};

static LPOVERLAPPED overlapped_of(struct request *r)
{
	return &r->overlapped;
}
#endif

static void overlapped(SOCKET s, HANDLE port)
{
	GUID guid = WSAID_ACCEPTEX;
	LPFN_ACCEPTEX accept_ex = NULL;
	LPFN_CONNECTEX connect_ex = NULL;
	struct request r;
	const UCHAR modes = FILE_SKIP_COMPLETION_PORT_ON_SUCCESS;
	DWORD n = 0, flags = 0;
	char out[64];

	ZeroMemory(&r, sizeof(r));
	CreateIoCompletionPort((HANDLE)s, port, (ULONG_PTR)&r, 0);
	SetFileCompletionNotificationModes((HANDLE)s, modes);
	WSARecv(s, &r.buf, 1, &n, &flags, overlapped_of(&r), NULL);
	WSASend(s, &r.buf, 1, NULL, 0, overlapped_of(&r), 0);
#ifdef __cplusplus
	WSARecvFrom(s, &r.buf, 1, &n, &flags, nullptr, nullptr, &r, nullptr);
	WSASendTo(s, &r.buf, 1, &n, 0, nullptr, 0, &r, NULL);
#endif
	WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof(guid),
		 &accept_ex, sizeof(accept_ex), &n, NULL, NULL);
	if (!accept_ex(s, s, out, 0, 32, 32, &n, overlapped_of(&r)) &&
	    WSAGetLastError() != ERROR_IO_PENDING)
		CancelIoEx((HANDLE)s, overlapped_of(&r));
	if (connect_ex)
		connect_ex(s, NULL, 0, NULL, 0, &n, overlapped_of(&r));
	WSAGetOverlappedResult(s, overlapped_of(&r), &n, TRUE, &flags);
	CancelIo((HANDLE)s);
}

static void events(SOCKET s, WSAEVENT event)
{
	WSANETWORKEVENTS happened;

	WSAEventSelect(s, event, FD_READ | FD_WRITE | FD_CLOSE);
	WSAEnumNetworkEvents(s, event, &happened);
	if (happened.lNetworkEvents & FD_READ)
		WSASetLastError(happened.iErrorCode[FD_READ_BIT]);
}

static void settings(SOCKET s)
{
	LINGER linger = { 1, 0 };
	u_long on = 1;
	DWORD n = 1;
	BOOL yes = TRUE;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, (const char *)&yes,
		   sizeof(yes));
	setsockopt(s, SOL_SOCKET, SO_LINGER, (char *)&linger, sizeof(linger));
	ioctlsocket(s, FIONBIO, &on);
	ioctlsocket(s, FIONREAD, &n);
	WSAIoctl(s, SIO_UDP_CONNRESET, &yes, sizeof(yes), NULL, 0, &n, NULL,
		 NULL);
}

static void names(void)
{
	struct addrinfo hints, *list;
	char name[NI_MAXHOST];

	ZeroMemory(&hints, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_PASSIVE;
	if (getaddrinfo(NULL, "7", &hints, &list) == 0)
		freeaddrinfo(list);
	gethostname(name, sizeof(name));
}

int winsock_main(SOCKET s)
{
	struct sockaddr_in addr;
	SOCKADDR_INET inet;
	WSADATA data;
	SOCKET other;

	if (WSAStartup(MAKEWORD(2, 2), &data) != 0)
		return 1;
	other = WSASocket(AF_INET, SOCK_DGRAM, IPPROTO_UDP, NULL, 0,
			  WSA_FLAG_REGISTERED_IO | WSA_FLAG_OVERLAPPED);
	memset(&addr, 0, sizeof(addr));
	addr.sin_family = AF_INET;
	addr.sin_addr.s_addr = INADDR_ANY;
	if (bind(other, (struct sockaddr *)&addr, sizeof(addr)) == SOCKET_ERROR)
		return WSAGetLastError();
	connect(other, (SOCKADDR *)&addr, sizeof(addr));
	accept(s, NULL, NULL);
	addresses(&inet);
	transfers(s, (struct sockaddr *)&addr);
	overlapped(s, NULL);
	events(s, WSACreateEvent());
	settings(s);
	names();
#ifdef __cplusplus
	library(s);
#endif
	shutdown(s, SD_BOTH);
	closesocket(s);
	return WSACleanup();
}
