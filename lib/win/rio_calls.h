/* SPDX-License-Identifier: MIT */
/* The calls of RIO's table. They are documented in mswsock.h. */
#ifndef REGBUF_WIN_RIO_CALLS_H
#define REGBUF_WIN_RIO_CALLS_H

#include <mswsock.h>

RIO_BUFFERID rio_register(PCHAR data, DWORD length);
void rio_deregister(RIO_BUFFERID id);

RIO_CQ rio_cq_create(DWORD size, PRIO_NOTIFICATION_COMPLETION notification);
void rio_cq_close(RIO_CQ handle);
BOOL rio_cq_resize(RIO_CQ handle, DWORD size);
ULONG rio_dequeue(RIO_CQ handle, PRIORESULT results, ULONG max);
INT rio_notify(RIO_CQ handle);

RIO_RQ rio_rq_create(SOCKET sock, ULONG max_recv, ULONG recv_buffers,
		     ULONG max_send, ULONG send_buffers, RIO_CQ recv_cq,
		     RIO_CQ send_cq, PVOID context);
BOOL rio_rq_resize(RIO_RQ handle, DWORD max_recv, DWORD max_send);

BOOL rio_receive(RIO_RQ handle, PRIO_BUF data, ULONG count, DWORD flags,
		 PVOID context);
int rio_receive_ex(RIO_RQ handle, PRIO_BUF data, ULONG count, PRIO_BUF local,
		   PRIO_BUF remote, PRIO_BUF control, PRIO_BUF flags_slice,
		   DWORD flags, PVOID context);
BOOL rio_send(RIO_RQ handle, PRIO_BUF data, ULONG count, DWORD flags,
	      PVOID context);
BOOL rio_send_ex(RIO_RQ handle, PRIO_BUF data, ULONG count, PRIO_BUF local,
		 PRIO_BUF remote, PRIO_BUF control, PRIO_BUF flags_slice,
		 DWORD flags, PVOID context);

#endif /* REGBUF_WIN_RIO_CALLS_H */
