/* SPDX-License-Identifier: MIT */
/* What the parts of Winsock share. */
#ifndef REGBUF_WIN_SOCK_H
#define REGBUF_WIN_SOCK_H

#include <winsock2.h>
#include <ws2tcpip.h>

#include "libc.h"
#include "win.h"

/* What is remembered of a socket that was made here. */
enum {
	SOCK_OURS	= 1 << 0,
	SOCK_REGISTERED	= 1 << 1,	/* WSA_FLAG_REGISTERED_IO */
	SOCK_BOUND	= 1 << 2,	/* is known to have a local address */
	SOCK_CONNECTING	= 1 << 3,	/* or has failed to */
	SOCK_SHUT_SEND	= 1 << 4,
	SOCK_SHUT_RECV	= 1 << 5,
	SOCK_EXCLUSIVE	= 1 << 6,	/* SO_EXCLUSIVEADDRUSE */
	SOCK_SHARED	= 1 << 7,	/* SO_REUSEADDR */
	SOCK_NO_RESET	= 1 << 8,	/* SIO_UDP_CONNRESET is off */
	SOCK_POLLED	= 1 << 9,	/* the descriptor does not block; */
	SOCK_BLOCKS	= 1 << 10,	/* if that is set the socket does */
	SOCK_CLOSING	= 1 << 11,	/* alone: nothing may begin */
	SOCK_SIZED	= 1 << 12,	/* SO_RCVBUF was set */
};

/* sockets.c: the table of them, by descriptor. Reading takes no lock. */

/* 0 for one that wasn't made here. */
unsigned int win_sock_flags(int fd);
void win_sock_mark(int fd, unsigned int set, unsigned int clear);

/* Forgets what was remembered, and begins anew. false: no room for it. */
bool win_sock_begin(int fd, unsigned int flags);

/*
 * Around a call that may wait: what win_sock_enter() returned says, when given
 * to win_sock_leave(), if the socket was closed meanwhile.
 */
unsigned int win_sock_enter(int fd);
bool win_sock_leave(int fd, unsigned int ticket);

/*
 * Is one waiting? Those that are will see that the socket was closed. Then,
 * when the descriptor was.
 */
bool win_sock_end(int fd);
void win_sock_ended(int fd);

/* Waits, not forever, for them to leave: others may get the descriptor soon. */
void win_sock_drain(int fd);

/* Calls @func for each socket that was made here. */
void win_sock_each(void (*func)(int fd));

/* socket.c */

bool win_started(void);

/* The descriptor; or -1 and WSANOTINITIALISED or WSAENOTSOCK. */
int win_sock(SOCKET s);

/* connect.c */

/* A socket's integer option of SOL_SOCKET; @none if there is none. */
int win_sock_option(int fd, int option, int none);

bool win_sock_blocks(int fd);
DWORD win_sock_set_blocking(int fd, bool blocks);

/* Has it a local address? */
bool win_sock_bound(int fd);

/* The length of addresses of the socket's family, 0 for others than IP. */
int win_sock_addrlen(int fd);

/* 0, or the code for an address that isn't one of the socket's family. */
DWORD win_addr_check(int fd, const struct sockaddr *addr, int length);

/* Nobody's address, or port: Linux would take it for this machine's. */
bool win_addr_nobody(const struct sockaddr *addr);

/* transfer.c: the code for errno @err of a transfer. */
DWORD win_send_code(int fd, int err);
DWORD win_recv_code(int fd, int err);

/* Fails with the code that errno stands for; EBADF is WSAENOTSOCK. */
int win_fail_errno(void);

#endif /* REGBUF_WIN_SOCK_H */
