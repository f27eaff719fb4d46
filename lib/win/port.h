/* SPDX-License-Identifier: MIT */
/* What completion ports are told of overlapped requests. */
#ifndef REGBUF_WIN_PORT_H
#define REGBUF_WIN_PORT_H

#include <sys/queue.h>

#include "win.h"

/* The first member of what malloc() gave: the port frees that. */
struct win_packet {
	STAILQ_ENTRY(win_packet) link;
	OVERLAPPED_ENTRY entry;
};

/* Takes the packet over. A port that was closed drops it. */
void win_port_push(struct win_object *port, struct win_packet *packet);

/* async_result.c: for CreateIoCompletionPort(). False and the last error. */
bool win_async_associate(HANDLE sock, struct win_object *port, ULONG_PTR key);

#endif /* REGBUF_WIN_PORT_H */
