// SPDX-License-Identifier: MIT
/* Completion ports of sockets, and what became of overlapped calls. */
#include <handleapi.h>
#include <ioapiset.h>
#include <synchapi.h>
#include <winbase.h>

#include "async.h"

static bool is_socket(HANDLE handle)
{
	return (ULONG_PTR)handle < WIN_HANDLE_BASE;
}

/* Of another kind, or none. */
static BOOL refuse(HANDLE handle, DWORD code)
{
	struct win_object *obj = win_handle_get(handle, WIN_ANY);

	if (!obj)
		return FALSE;
	win_object_put(obj);
	return win_refuse(code);
}

/* A reference, or NULL and the last error. */
static struct async_sock *sock_of(HANDLE handle)
{
	struct async_sock *s;
	DWORD code;

	s = async_get((int)(ULONG_PTR)handle, &code);
	if (!s)
		win_refuse(code == WSAENOTSOCK ? ERROR_INVALID_HANDLE :
						 ERROR_NOT_ENOUGH_MEMORY);
	return s;
}

bool win_async_associate(HANDLE handle, struct win_object *port, ULONG_PTR key)
{
	struct async_sock *s;
	bool first;

	if (!is_socket(handle))
		return refuse(handle, ERROR_NOT_SUPPORTED);
	s = sock_of(handle);
	if (!s)
		return false;
	pthread_mutex_lock(&s->lock);
	first = !s->port;
	if (first) {
		s->port = win_object_get(port);
		s->key = key;
	}
	pthread_mutex_unlock(&s->lock);
	async_put(s);
	return first || win_refuse(ERROR_INVALID_PARAMETER);
}

BOOL SetFileCompletionNotificationModes(HANDLE handle, UCHAR modes)
{
	struct async_sock *s;

	if (modes & ~(FILE_SKIP_COMPLETION_PORT_ON_SUCCESS |
		      FILE_SKIP_SET_EVENT_ON_HANDLE))
		return win_refuse(ERROR_INVALID_PARAMETER);
	if (!is_socket(handle))
		return refuse(handle, ERROR_NOT_SUPPORTED);
	s = sock_of(handle);
	if (!s)
		return FALSE;
	pthread_mutex_lock(&s->lock);
	s->modes |= modes;
	pthread_mutex_unlock(&s->lock);
	async_put(s);
	return TRUE;
}

static BOOL cancel(HANDLE handle, const struct async_chosen *what, DWORD none)
{
	struct async_chosen chosen = *what;
	bool any;

	/* What files had to do is through. */
	if (!is_socket(handle))
		return refuse(handle, none);
	chosen.owner = sock_of(handle);
	if (!chosen.owner)
		return FALSE;
	any = async_cancel(&chosen);
	async_put(chosen.owner);
	return any || win_refuse(none);
}

BOOL CancelIoEx(HANDLE handle, LPOVERLAPPED overlapped)
{
	struct async_chosen chosen = { .overlapped = overlapped };

	return cancel(handle, &chosen, ERROR_NOT_FOUND);
}

BOOL CancelIo(HANDLE handle)
{
	struct async_chosen chosen = { .thread = GetCurrentThreadId() };

	return cancel(handle, &chosen, ERROR_SUCCESS) ||
	       GetLastError() == ERROR_SUCCESS;
}

/* 0, or it is not through. */
static DWORD await(LPOVERLAPPED overlapped, BOOL wait, DWORD *status)
{
	*status = (DWORD)__atomic_load_n(&overlapped->Internal,
					 __ATOMIC_ACQUIRE);
	if (*status != (DWORD)STATUS_PENDING)
		return 0;
	if (!wait)
		return ERROR_IO_INCOMPLETE;
	/* An automatic one is reset by that, as there. */
	if ((ULONG_PTR)overlapped->hEvent > 1 &&
	    WaitForSingleObject(overlapped->hEvent, INFINITE))
		return GetLastError();
	async_wait(overlapped);
	*status = (DWORD)overlapped->Internal;
	return 0;
}

BOOL GetOverlappedResult(HANDLE file, LPOVERLAPPED overlapped, LPDWORD bytes,
			 BOOL wait)
{
	DWORD status, code = await(overlapped, wait, &status);

	(void)file;
	if (code)
		return win_refuse(code);
	*bytes = (DWORD)overlapped->InternalHigh;
	return !status || win_refuse(win_status_code(status));
}

BOOL WSAGetOverlappedResult(SOCKET s, LPWSAOVERLAPPED overlapped, LPDWORD bytes,
			    BOOL wait, LPDWORD flags)
{
	const DWORD none = 0;
	DWORD status, code;
	int fd = win_sock(s);

	if (fd < 0)
		return FALSE;
	if (win_sock_option(fd, SO_TYPE, -1) < 0)
		return win_refuse(WSAENOTSOCK);
	if (!overlapped)
		return win_refuse(WSA_INVALID_PARAMETER);
	if (!bytes || !win_copy_out(flags, &none, sizeof(none)))
		return win_refuse(WSAEFAULT);
	code = await(overlapped, wait, &status);
	if (code)
		return win_refuse(code);
	*bytes = (DWORD)overlapped->InternalHigh;
	return !status || win_refuse(win_status_wsa(status));
}
