// SPDX-License-Identifier: MIT
/* How programs find AcceptEx() and the like. */
#include <string.h>

#include <mswsock.h>

#include "async.h"

static const struct {
	GUID guid;
	void *function;
} functions[] = {
	{ WSAID_ACCEPTEX, AcceptEx },
	{ WSAID_GETACCEPTEXSOCKADDRS, GetAcceptExSockaddrs },
	{ WSAID_CONNECTEX, win_connect_ex },
	{ WSAID_DISCONNECTEX, win_disconnect_ex },
};

void *win_async_function(const GUID *guid)
{
	size_t i;

	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (!memcmp(guid, &functions[i].guid, sizeof(*guid)))
			return functions[i].function;
	return NULL;
}
