/* SPDX-License-Identifier: MIT */
/* What sending and receiving have in common, overlapped or not. */
#ifndef REGBUF_WIN_TRANSFER_H
#define REGBUF_WIN_TRANSFER_H

#include "sock.h"

/* transfer.c: 0 or the code for what can't be. */
DWORD win_check_send(int fd, const struct libc_msghdr *msg, DWORD flags);
DWORD win_check_recv(int fd, const struct libc_msghdr *msg, DWORD flags);

/* Asked not to tell of datagrams that didn't arrive? */
bool win_is_muted(int fd, int err);

/* async_transfer.c: 0, WSA_IO_PENDING or an error. */
DWORD win_async_send(int fd, const WSABUF *bufs, DWORD count, DWORD *sent,
		     DWORD flags, const struct sockaddr *to, int to_len,
		     LPOVERLAPPED overlapped);
DWORD win_async_recv(int fd, const WSABUF *bufs, DWORD count, DWORD *received,
		     DWORD flags, struct sockaddr *from, INT *from_len,
		     LPOVERLAPPED overlapped);

#endif /* REGBUF_WIN_TRANSFER_H */
