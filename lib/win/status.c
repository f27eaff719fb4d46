// SPDX-License-Identifier: MIT
/*
 * What became of an overlapped request is an NTSTATUS in its OVERLAPPED, from
 * which Winsock and the base system make different codes.
 */
#include <winnt.h>

#include "win.h"

/* Those without a status of their own: the code itself is in it. */
#define WIN_STATUS_OWN		0xc0070000U

struct win_status {
	DWORD status;
	DWORD wsa;
	DWORD code;
};

/* Of those with the same status the first is what comes back. */
static const struct win_status win_statuses[] = {
	{ 0xc0000120, ERROR_OPERATION_ABORTED, ERROR_OPERATION_ABORTED },
	{ 0xc000020d, WSAECONNRESET, ERROR_NETNAME_DELETED },
	{ 0xc0000241, WSAECONNABORTED, ERROR_CONNECTION_ABORTED },
	{ 0xc0000236, WSAECONNREFUSED, ERROR_CONNECTION_REFUSED },
	{ 0xc00000b5, WSAETIMEDOUT, ERROR_SEM_TIMEOUT },
	{ 0xc000023c, WSAENETUNREACH, ERROR_NETWORK_UNREACHABLE },
	{ 0xc000023d, WSAEHOSTUNREACH, ERROR_HOST_UNREACHABLE },
	{ 0x80000005, WSAEMSGSIZE, ERROR_MORE_DATA },
	{ 0xc0000005, WSAEFAULT, ERROR_NOACCESS },
	{ 0xc000009a, WSAENOBUFS, ERROR_NO_SYSTEM_RESOURCES },
	{ 0xc000000d, WSAEINVAL, ERROR_INVALID_PARAMETER },
	{ 0xc0000008, WSAENOTSOCK, ERROR_INVALID_HANDLE },
};

#define WIN_STATUSES	(sizeof(win_statuses) / sizeof(win_statuses[0]))

DWORD win_status(DWORD wsa)
{
	size_t i;

	if (!wsa)
		return 0;
	for (i = 0; i < WIN_STATUSES; i++)
		if (win_statuses[i].wsa == wsa)
			return win_statuses[i].status;
	return WIN_STATUS_OWN | wsa;
}

static const struct win_status *win_status_find(DWORD status)
{
	size_t i;

	for (i = 0; i < WIN_STATUSES; i++)
		if (win_statuses[i].status == status)
			return &win_statuses[i];
	return NULL;
}

DWORD win_status_wsa(DWORD status)
{
	const struct win_status *found = win_status_find(status);

	return found ? found->wsa : status & 0xffff;
}

DWORD win_status_code(DWORD status)
{
	const struct win_status *found = win_status_find(status);

	return found ? found->code : status & 0xffff;
}
