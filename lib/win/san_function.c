// SPDX-License-Identifier: MIT
/* How programs find the SAN calls. */
#include <string.h>

#include <ws2san.h>

#include "san.h"

static const struct {
	GUID guid;
	void *function;
} san_functions[] = {
	{ WSAID_REGISTERMEMORY, WSPRegisterMemory },
	{ WSAID_DEREGISTERMEMORY, WSPDeregisterMemory },
	{ WSAID_REGISTERRDMAMEMORY, WSPRegisterRdmaMemory },
	{ WSAID_DEREGISTERRDMAMEMORY, WSPDeregisterRdmaMemory },
	{ WSAID_RDMAWRITE, WSPRdmaWrite },
	{ WSAID_RDMAREAD, WSPRdmaRead },
	{ WSAID_MEMORYREGISTRATIONCACHECALLBACK,
	  WSPMemoryRegistrationCacheCallback },
};

void *win_san_function(const GUID *guid)
{
	size_t i;

	for (i = 0; i < sizeof(san_functions) / sizeof(*san_functions); i++)
		if (!memcmp(guid, &san_functions[i].guid, sizeof(*guid)))
			return san_functions[i].function;
	return NULL;
}

DWORD win_san_max_rdma(void)
{
	return RDMA_MAX_SIZE;
}

DWORD win_san_rdma_threshold(void)
{
	return RDMA_THRESHOLD;
}
