// SPDX-License-Identifier: GPL-2.0
/* Winsock: what sockets can be told and asked; addresses and names. */

#include "winsock_test.h"

#include <mstcpip.h>

/* S15, P10: the codes are Windows', the last error is one and per thread. */
TEST(codes)
{
	EXPECT_EQ(0xc8000024U, SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER);
	EXPECT_EQ(0xc8000006U, SIO_GET_EXTENSION_FUNCTION_POINTER);
	EXPECT_EQ(0x98000004U, SIO_KEEPALIVE_VALS);
	EXPECT_EQ(0x9800000cU, SIO_UDP_CONNRESET);
	EXPECT_EQ(0x98000010U, SIO_LOOPBACK_FAST_PATH);
	EXPECT_EQ(0x8004667eU, FIONBIO);
	WSASetLastError(WSAEFAULT);
	EXPECT_EQ(WSAEFAULT, GetLastError());
	SetLastError(WSAENOBUFS);
	EXPECT_EQ(WSAENOBUFS, WSAGetLastError());
}

/* R8: registered memory holds what the kernel reads. */
TEST(values)
{
	static const struct plain_constant ours[] = {
		PLAIN_CONSTANTS
		PLAIN_CONSTANT(UDP_SEND_MSG_SIZE)
		PLAIN_CONSTANT(UDP_RECV_MAX_COALESCED_SIZE)
		{ NULL, 0 },
	};
	size_t i;

	for (i = 0; plain_constants[i].name; i++) {
		ASSERT_STREQ(plain_constants[i].name, ours[i].name);
		EXPECT_EQ(plain_constants[i].value, ours[i].value) {
			TH_LOG("%s", ours[i].name);
		}
	}
	EXPECT_EQ(NULL, ours[i].name);
}

TEST_F(winsock, options)
{
	SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
	BOOLEAN yes = TRUE;
	int length = 2;

	EXPECT_EQ(0, set(s, SOL_SOCKET, SO_RCVTIMEO, 1500));
	EXPECT_EQ(1500, get(s, SOL_SOCKET, SO_RCVTIMEO));
	EXPECT_EQ(0, set(s, SOL_SOCKET, SO_SNDTIMEO, 70));
	EXPECT_LE(70, get(s, SOL_SOCKET, SO_SNDTIMEO));
	EXPECT_EQ(0, set(s, SOL_SOCKET, SO_RCVBUF, 65536));
	EXPECT_EQ(65536, get(s, SOL_SOCKET, SO_RCVBUF));
	EXPECT_EQ(0, set(s, SOL_SOCKET, SO_SNDBUF, 65536));
	EXPECT_EQ(65536, get(s, SOL_SOCKET, SO_SNDBUF));
	EXPECT_EQ(0, set(s, SOL_SOCKET, SO_KEEPALIVE, TRUE));
	EXPECT_EQ(1, get(s, SOL_SOCKET, SO_KEEPALIVE));
	EXPECT_EQ(0, setsockopt(s, IPPROTO_TCP, TCP_NODELAY, (char *)&yes,
				sizeof(yes)));
	EXPECT_EQ(1, get(s, IPPROTO_TCP, TCP_NODELAY));
	EXPECT_EQ(0, set(s, IPPROTO_TCP, TCP_KEEPALIVE, 30));
	EXPECT_EQ(30, get(s, IPPROTO_TCP, TCP_KEEPIDLE));
	EXPECT_EQ(0, set(s, IPPROTO_TCP, TCP_MAXRT, 20));
	EXPECT_EQ(20, get(s, IPPROTO_TCP, TCP_MAXRT));
	EXPECT_EQ(20000, get(s, IPPROTO_TCP, TCP_MAXRTMS));
	EXPECT_EQ(0, set(s, IPPROTO_IP, IP_TTL, 9));
	EXPECT_EQ(9, get(s, IPPROTO_IP, IP_TTL));
	EXPECT_EQ(0, set(s, SOL_SOCKET, SO_REUSE_UNICASTPORT, 1));
	EXPECT_EQ(1, get(s, SOL_SOCKET, SO_REUSE_UNICASTPORT));

	EXPECT_EQ(0, set(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1));
	EXPECT_EQ(1, get(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE));
	EXPECT_EQ(WSAEINVAL, set(s, SOL_SOCKET, SO_REUSEADDR, 1));
	EXPECT_EQ(0, set(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 0));
	EXPECT_EQ(0, set(s, SOL_SOCKET, SO_REUSEADDR, 1));
	EXPECT_EQ(WSAEINVAL, set(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1));

	EXPECT_EQ(WSAENOPROTOOPT, set(s, SOL_SOCKET, 0x7777, 1));
	EXPECT_EQ(WSAENOPROTOOPT, set(s, SOL_SOCKET, SO_TYPE, 1));
	EXPECT_EQ(WSAEFAULT, CODE(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, NULL,
					     4)));
	EXPECT_EQ(WSAEFAULT, CODE(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO,
					     (char *)&yes, 1)));
	EXPECT_EQ(WSAEFAULT, CODE(getsockopt(s, SOL_SOCKET, SO_ERROR,
					     (char *)&length, &length)));
	EXPECT_EQ(WSAENOTSOCK, set(1, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1));
}

TEST_F(winsock, datagram_options)
{
	SOCKET s = socket(AF_INET, SOCK_DGRAM, 0);
	SOCKET s6 = socket(AF_INET6, SOCK_DGRAM, 0);
	DWORD size = 0;

	EXPECT_EQ(65507, get(s, SOL_SOCKET, SO_MAX_MSG_SIZE));
	EXPECT_EQ(0, get(s, IPPROTO_IP, IP_DONTFRAGMENT));
	EXPECT_EQ(0, set(s, IPPROTO_IP, IP_DONTFRAGMENT, 1));
	EXPECT_EQ(1, get(s, IPPROTO_IP, IP_DONTFRAGMENT));
	EXPECT_EQ(IP_PMTUDISC_DO, plain_option(s, IPPROTO_IP,
					       IP_MTU_DISCOVER));
	EXPECT_EQ(0, set(s, IPPROTO_IP, IP_PKTINFO, 1));
	EXPECT_EQ(1, plain_option(s, IPPROTO_IP, IP_PKTINFO));
	EXPECT_EQ(0, set(s6, IPPROTO_IPV6, IPV6_PKTINFO, 1));
	EXPECT_EQ(1, get(s6, IPPROTO_IPV6, IPV6_PKTINFO));
	EXPECT_EQ(1, plain_option(s6, IPPROTO_IPV6, 49));
	EXPECT_EQ(0, set(s6, IPPROTO_IPV6, IPV6_HOPLIMIT, 1));
	EXPECT_EQ(1, plain_option(s6, IPPROTO_IPV6, 51));
	EXPECT_EQ(0, WSASetUdpSendMessageSize(s, 1000));
	EXPECT_EQ(0, WSAGetUdpSendMessageSize(s, &size));
	EXPECT_EQ(1000, size);
	EXPECT_EQ(0, WSASetUdpRecvMaxCoalescedSize(s, 60000));
	EXPECT_EQ(1, plain_option(s, IPPROTO_UDP, UDP_RECV_MAX_COALESCED_SIZE));
	EXPECT_EQ(0, WSASetUdpRecvMaxCoalescedSize(s, 0));
	EXPECT_EQ(0, WSAGetUdpRecvMaxCoalescedSize(s, &size));
	EXPECT_EQ(0, size);
}

TEST_F(winsock, multicast)
{
	SOCKET s = socket(AF_INET, SOCK_DGRAM, 0);
	SOCKADDR_STORAGE addr, group;
	INT length = sizeof(addr);
	struct ip_mreq req;
	char byte = 0;

	any_addr(AF_INET, "0.0.0.0", 0, &addr);
	ASSERT_EQ(0, bind(s, (SOCKADDR *)&addr, sizeof(SOCKADDR_IN)));
	ASSERT_EQ(0, getsockname(s, (SOCKADDR *)&addr, &length));
	ASSERT_EQ(1, inet_pton(AF_INET, "239.7.7.7", &req.imr_multiaddr));
	/* The interface by its number: loopback's is 1. */
	req.imr_interface.s_addr = htonl(1);
	ASSERT_EQ(0, CODE(setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP,
				     (char *)&req, sizeof(req))));
	ASSERT_EQ(0, set(s, IPPROTO_IP, IP_MULTICAST_IF, htonl(1)));
	any_addr(AF_INET, "239.7.7.7", ntohs(SS_PORT(&addr)), &group);
	ASSERT_EQ(1, sendto(s, "m", 1, 0, (SOCKADDR *)&group, 16));
	ASSERT_EQ(1, recv(s, &byte, 1, 0));
	EXPECT_EQ('m', byte);
	EXPECT_EQ(0, CODE(setsockopt(s, IPPROTO_IP, IP_DROP_MEMBERSHIP,
				     (char *)&req, sizeof(req))));
	EXPECT_EQ(WSAEADDRNOTAVAIL,
		  CODE(setsockopt(s, IPPROTO_IP, IP_DROP_MEMBERSHIP,
				  (char *)&req, sizeof(req))));
}

TEST_F(winsock, requests)
{
	struct tcp_keepalive ka = { 1, 5500, 900 };
	unsigned long wide = ~0UL;
	DWORD n = 77, on = 1;
	u_long bytes = 0;
	char table[256];
	void *function;
	GUID guid = { 0 };
	int sv[2];

	ASSERT_EQ(0, plain_pair(AF_INET, SOCK_STREAM, false, sv));
	ASSERT_EQ(0, plain_send(sv[1], "hello", 5));
	ASSERT_TRUE(plain_readable(sv[0], 10000));
	EXPECT_EQ(0, ioctlsocket(sv[0], FIONREAD, &bytes));
	EXPECT_EQ(5, bytes);
	EXPECT_EQ(0, ioctlsocket(sv[0], FIONREAD, &wide));
	EXPECT_EQ(5, wide);
	EXPECT_EQ(0, WSAIoctl(sv[0], FIONREAD, NULL, 0, &bytes, sizeof(bytes),
			      &n, NULL, NULL));
	EXPECT_EQ(4, n);
	EXPECT_EQ(WSAEOPNOTSUPP, CODE(ioctlsocket(sv[0], 0x7777, &bytes)));
	EXPECT_EQ(WSAENOTSOCK, CODE(ioctlsocket(1, FIONREAD, &bytes)));
	EXPECT_EQ(WSAENOTSOCK, CODE(ioctlsocket(INVALID_SOCKET, FIONREAD,
						&bytes)));

	EXPECT_EQ(0, WSAIoctl(sv[0], SIO_KEEPALIVE_VALS, &ka, sizeof(ka), NULL,
			      0, &n, NULL, NULL));
	EXPECT_EQ(0, n);
	EXPECT_EQ(6, get(sv[0], IPPROTO_TCP, TCP_KEEPIDLE));
	EXPECT_EQ(1, get(sv[0], IPPROTO_TCP, TCP_KEEPINTVL));
	EXPECT_EQ(1, get(sv[0], SOL_SOCKET, SO_KEEPALIVE));
	EXPECT_EQ(0, WSAIoctl(sv[0], SIO_LOOPBACK_FAST_PATH, &on, sizeof(on),
			      NULL, 0, &n, NULL, NULL));

	EXPECT_EQ(WSAEFAULT, CODE(WSAIoctl(sv[0], SIO_KEEPALIVE_VALS, &ka, 8,
					   NULL, 0, &n, NULL, NULL)));
	EXPECT_EQ(WSAEFAULT, CODE(WSAIoctl(sv[0], SIO_KEEPALIVE_VALS, &ka,
					   sizeof(ka), NULL, 0, NULL, NULL,
					   NULL)));
	EXPECT_EQ(WSAEOPNOTSUPP, CODE(WSAIoctl(sv[0], 0x777, NULL, 0, NULL, 0,
					       &n, NULL, NULL)));
	EXPECT_EQ(WSAEOPNOTSUPP,
		  CODE(WSAIoctl(sv[0], SIO_UDP_CONNRESET, &on, sizeof(on), NULL,
				0, &n, NULL, NULL)));
	EXPECT_EQ(WSAEINVAL,
		  CODE(WSAIoctl(sv[0], SIO_GET_EXTENSION_FUNCTION_POINTER,
				&guid, sizeof(guid), &function,
				sizeof(function), &n, NULL, NULL)));
	EXPECT_EQ(WSAEINVAL,
		  CODE(WSAIoctl(sv[0],
				SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER,
				&guid, sizeof(guid), table, sizeof(table), &n,
				NULL, NULL)));
	EXPECT_EQ(WSAEFAULT,
		  CODE(WSAIoctl(sv[0], SIO_GET_EXTENSION_FUNCTION_POINTER,
				&guid, 3, &function, sizeof(function), &n,
				NULL, NULL)));
}

/* Pointers that lead nowhere. */
TEST_F(winsock, faults)
{
	void *bad = (void *)16;
	char *into = bad;
	SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
	GUID guid = { 0 };
	BOOL on = TRUE;
	int length = 4;
	DWORD n;

	EXPECT_EQ(WSAEFAULT, CODE(bind(s, bad, 16)));
	EXPECT_EQ(WSAEFAULT, CODE(connect(s, bad, 16)));
	EXPECT_EQ(WSAEFAULT, CODE(connect(s, NULL, 16)));
	EXPECT_EQ(WSAEFAULT, CODE(setsockopt(s, SOL_SOCKET, SO_LINGER, bad,
					     4)));
	EXPECT_EQ(WSAEFAULT, CODE(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, bad,
					     4)));
	EXPECT_EQ(WSAEFAULT, CODE(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, bad,
					     1)));
	EXPECT_EQ(WSAEFAULT, CODE(getsockopt(s, SOL_SOCKET, SO_LINGER, bad,
					     &length)));
	EXPECT_EQ(WSAEFAULT, CODE(getsockopt(s, SOL_SOCKET, SO_LINGER,
					     (char *)&on, bad)));
	EXPECT_EQ(WSAEFAULT, CODE(regbuf_win_ioctlsocket(s, FIONBIO, into, 4)));
	EXPECT_EQ(WSAEFAULT, CODE(WSAIoctl(s, SIO_LOOPBACK_FAST_PATH, bad, 4,
					   NULL, 0, &n, NULL, NULL)));
	EXPECT_EQ(WSAEFAULT, CODE(WSAIoctl(s, SIO_LOOPBACK_FAST_PATH, &on, 4,
					   NULL, 0, bad, NULL, NULL)));
	EXPECT_EQ(WSAEFAULT,
		  CODE(WSAIoctl(s, SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER,
				bad, sizeof(guid), &guid, sizeof(guid), &n,
				NULL, NULL)));
	EXPECT_EQ(0, bind_any(s, AF_INET, 0));
	EXPECT_EQ(0, CODE(listen(s, 1)));
}

TEST_F(winsock, text)
{
	SOCKADDR_STORAGE addr;
	INT length = sizeof(addr);
	char text[INET6_ADDRSTRLEN];
	DWORD textlen = sizeof(text);
	wchar_t wide[32];
	IN6_ADDR in6;
	IN_ADDR in;

	EXPECT_EQ(htonl(0x01020304), inet_addr("1.2.3.4"));
	EXPECT_EQ(INADDR_NONE, inet_addr("1.2.3.x"));
	EXPECT_EQ(INADDR_ANY, inet_addr(""));
	in.s_addr = htonl(INADDR_LOOPBACK);
	EXPECT_STREQ("127.0.0.1", inet_ntoa(in));
	EXPECT_EQ(1, inet_pton(AF_INET6, "fe80::1", &in6));
	EXPECT_TRUE(IN6_IS_ADDR_LINKLOCAL(&in6));
	EXPECT_STREQ("fe80::1", inet_ntop(AF_INET6, &in6, text, sizeof(text)));
	EXPECT_EQ(0, inet_pton(AF_INET6, "fe80::x", &in6));
	EXPECT_EQ(WSAEAFNOSUPPORT, CODE(inet_pton(77, "1.2.3.4", &in6)));
	EXPECT_EQ(NULL, inet_ntop(AF_INET6, &in6, text, 3));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, WSAGetLastError());
	EXPECT_EQ(1, InetPtonW(AF_INET, L"1.2.3.4", &in));
	EXPECT_EQ(&wide[0], InetNtopW(AF_INET, &in, wide, 32));
	EXPECT_EQ(0, wcscmp(L"1.2.3.4", wide));

	EXPECT_EQ(0, WSAStringToAddressA("[fe80::1%7]:80", AF_INET6, NULL,
					 (SOCKADDR *)&addr, &length));
	EXPECT_EQ(sizeof(SOCKADDR_IN6), length);
	EXPECT_EQ(7, ((SOCKADDR_IN6 *)&addr)->sin6_scope_id);
	EXPECT_EQ(0, WSAAddressToStringA((SOCKADDR *)&addr, length, NULL, text,
					 &textlen));
	EXPECT_STREQ("[fe80::1%7]:80", text);
	length = sizeof(addr);
	EXPECT_EQ(0, WSAStringToAddressA("1.2.3.4:99", AF_INET, NULL,
					 (SOCKADDR *)&addr, &length));
	textlen = 3;
	EXPECT_EQ(WSAEFAULT, CODE(WSAAddressToStringA((SOCKADDR *)&addr, length,
						      NULL, text, &textlen)));
	EXPECT_EQ(sizeof("1.2.3.4:99"), textlen);
	length = sizeof(addr);
	EXPECT_EQ(WSAEINVAL, CODE(WSAStringToAddressA("1.2.3.4:x", AF_INET,
						      NULL, (SOCKADDR *)&addr,
						      &length)));
	length = sizeof(addr);
	EXPECT_EQ(0, WSAStringToAddressW(L"1.2.3.4:99", AF_INET, NULL,
					 (SOCKADDR *)&addr, &length));
	textlen = 32;
	EXPECT_EQ(0, WSAAddressToStringW((SOCKADDR *)&addr, length, NULL, wide,
					 &textlen));
	EXPECT_EQ(0, wcscmp(L"1.2.3.4:99", wide));
	EXPECT_EQ(sizeof("1.2.3.4:99"), textlen);
	EXPECT_EQ(0x3412, htons(0x1234));
	EXPECT_EQ(0x0807060504030201ULL, htonll(0x0102030405060708ULL));
}

TEST_F(winsock, names)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *list;
	ADDRINFOW *wide;
	char host[NI_MAXHOST], port[NI_MAXSERV];

	ASSERT_EQ(0, getaddrinfo("127.0.0.1", "80", &hints, &list));
	EXPECT_EQ(AF_INET, list->ai_family);
	/* Neither was asked for: one for both. */
	EXPECT_EQ(0, list->ai_socktype);
	EXPECT_EQ(NULL, list->ai_next);
	EXPECT_EQ(sizeof(SOCKADDR_IN), list->ai_addrlen);
	EXPECT_EQ(htons(80), INETADDR_PORT(list->ai_addr));
	EXPECT_EQ(0, getnameinfo(list->ai_addr, list->ai_addrlen, host,
				 sizeof(host), port, sizeof(port),
				 NI_NUMERICHOST | NI_NUMERICSERV));
	EXPECT_STREQ("127.0.0.1", host);
	EXPECT_STREQ("80", port);
	freeaddrinfo(list);

	hints.ai_socktype = SOCK_DGRAM;
	hints.ai_family = AF_INET6;
	hints.ai_flags |= AI_PASSIVE;
	ASSERT_EQ(0, getaddrinfo(NULL, "7", &hints, &list));
	EXPECT_EQ(SOCK_DGRAM, list->ai_socktype);
	EXPECT_TRUE(IN6ADDR_ISANY((SOCKADDR_IN6 *)list->ai_addr));
	freeaddrinfo(list);

	EXPECT_EQ(WSAHOST_NOT_FOUND, getaddrinfo("x.", "7", &hints, &list));
	EXPECT_EQ(WSAHOST_NOT_FOUND, WSAGetLastError());
	EXPECT_EQ(NULL, list);
	hints.ai_addrlen = 3;
	EXPECT_EQ(WSANO_RECOVERY, getaddrinfo("::1", "7", &hints, &list));
	EXPECT_NE(NULL, gai_strerror(WSAHOST_NOT_FOUND));

	ASSERT_EQ(0, GetAddrInfoW(L"::1", L"7", NULL, &wide));
	EXPECT_EQ(AF_INET6, wide->ai_family);
	FreeAddrInfoW(wide);
	EXPECT_EQ(0, gethostname(host, sizeof(host)));
}

/* R10: items follow each other as in Linux' control data. */
TEST(control)
{
	char space[64] __attribute__((aligned(8))) = "";
	WSAMSG msg = { .Control = { 0, space } };
	WSACMSGHDR *item;

	EXPECT_EQ(32, WSA_CMSG_SPACE(sizeof(IN_PKTINFO)));
	EXPECT_EQ(28, WSA_CMSG_LEN(sizeof(IN_PKTINFO)));
	EXPECT_EQ(40, WSA_CMSG_SPACE(sizeof(IN6_PKTINFO)));
	EXPECT_EQ(NULL, WSA_CMSG_FIRSTHDR(&msg));
	msg.Control.len = WSA_CMSG_SPACE(sizeof(IN_PKTINFO)) +
			  WSA_CMSG_SPACE(sizeof(DWORD));
	item = WSA_CMSG_FIRSTHDR(&msg);
	ASSERT_EQ(&space[0], (char *)item);
	item->cmsg_len = WSA_CMSG_LEN(sizeof(IN_PKTINFO));
	EXPECT_EQ(&space[16], (char *)WSA_CMSG_DATA(item));
	item = WSA_CMSG_NXTHDR(&msg, item);
	ASSERT_EQ(&space[32], (char *)item);
	item->cmsg_len = WSA_CMSG_LEN(sizeof(DWORD));
	EXPECT_EQ(NULL, WSA_CMSG_NXTHDR(&msg, item));
}

/* Sockets of one port, each for what came in on a processor. */
TEST_F(winsock, processors)
{
	SOCKET s = socket(AF_INET, SOCK_DGRAM, 0);
	SOCKET other = socket(AF_INET, SOCK_DGRAM, 0);
	USHORT first = 0, none = 0xffff;
	DWORD bytes;

	EXPECT_EQ(0, CODE(WSAIoctl(s, SIO_CPU_AFFINITY, &first, sizeof(first),
				   NULL, 0, &bytes, NULL, NULL)));
	EXPECT_EQ(0, CODE(WSAIoctl(other, SIO_CPU_AFFINITY, &first,
				   sizeof(first), NULL, 0, &bytes, NULL,
				   NULL)));
	EXPECT_EQ(WSAEINVAL, CODE(WSAIoctl(s, SIO_CPU_AFFINITY, &none,
					   sizeof(none), NULL, 0, &bytes, NULL,
					   NULL)));
	EXPECT_EQ(WSAEFAULT, CODE(WSAIoctl(s, SIO_CPU_AFFINITY, &first, 1, NULL,
					   0, &bytes, NULL, NULL)));
	ASSERT_EQ(0, bind_any(s, AF_INET, 0));
	EXPECT_EQ(0, bind_any(other, AF_INET, plain_port(s)));
	EXPECT_EQ(WSAEINVAL, CODE(WSAIoctl(s, SIO_CPU_AFFINITY, &first,
					   sizeof(first), NULL, 0, &bytes, NULL,
					   NULL)));
}

TEST_HARNESS_MAIN
