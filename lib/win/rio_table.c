// SPDX-License-Identifier: MIT
/* The table of RIO's functions, which programs fetch with WSAIoctl(). */
#include <string.h>

#include <mswsock.h>

#include "rio.h"
#include "rio_calls.h"

static const GUID rio_guid = WSAID_MULTIPLE_RIO;

static const RIO_EXTENSION_FUNCTION_TABLE rio_functions = {
	.cbSize = sizeof(RIO_EXTENSION_FUNCTION_TABLE),
	.RIOReceive = rio_receive,
	.RIOReceiveEx = rio_receive_ex,
	.RIOSend = rio_send,
	.RIOSendEx = rio_send_ex,
	.RIOCloseCompletionQueue = rio_cq_close,
	.RIOCreateCompletionQueue = rio_cq_create,
	.RIOCreateRequestQueue = rio_rq_create,
	.RIODequeueCompletion = rio_dequeue,
	.RIODeregisterBuffer = rio_deregister,
	.RIONotify = rio_notify,
	.RIORegisterBuffer = rio_register,
	.RIOResizeCompletionQueue = rio_cq_resize,
	.RIOResizeRequestQueue = rio_rq_resize,
};

DWORD win_rio_table(const GUID *guid, void *out, DWORD length, DWORD *bytes)
{
	struct regbuf *rb;

	if (!guid || !out || length < sizeof(rio_functions))
		return WSAEFAULT;
	if (memcmp(guid, &rio_guid, sizeof(rio_guid)))
		return WSAEINVAL;
	/* A program that can do without RIO does so when it hears this. */
	if (rio_open(&rb))
		return WSAEOPNOTSUPP;
	memcpy(out, &rio_functions, sizeof(rio_functions));
	if (bytes)
		*bytes = sizeof(rio_functions);
	return 0;
}
