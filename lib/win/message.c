// SPDX-License-Identifier: MIT
/* What codes mean. */
#include <stdlib.h>
#include <string.h>

#include <winbase.h>

#include "win.h"

struct win_text {
	DWORD code;
	const char *text;
};

static const struct win_text win_texts[] = {
	{ ERROR_SUCCESS, "It worked." },
	{ ERROR_INVALID_FUNCTION, "There is no such function." },
	{ ERROR_FILE_NOT_FOUND, "There is no such file." },
	{ ERROR_PATH_NOT_FOUND, "There is no such path." },
	{ ERROR_TOO_MANY_OPEN_FILES, "Too many files are open." },
	{ ERROR_ACCESS_DENIED, "That is not allowed." },
	{ ERROR_INVALID_HANDLE, "The handle is none, or not of this kind." },
	{ ERROR_NOT_ENOUGH_MEMORY, "There is not enough memory." },
	{ ERROR_OUTOFMEMORY, "There is not enough memory." },
	{ ERROR_WRITE_PROTECT, "It cannot be written to." },
	{ ERROR_GEN_FAILURE, "A device does not work." },
	{ ERROR_SHARING_VIOLATION, "Somebody else is using the file." },
	{ ERROR_HANDLE_EOF, "The file ends here." },
	{ ERROR_NOT_SUPPORTED, "That is not supported." },
	{ ERROR_DEV_NOT_EXIST, "There is no such device." },
	{ ERROR_NETNAME_DELETED, "The connection has gone." },
	{ ERROR_FILE_EXISTS, "The file exists already." },
	{ ERROR_INVALID_PARAMETER, "A parameter is wrong." },
	{ ERROR_BROKEN_PIPE, "The other end is closed." },
	{ ERROR_DISK_FULL, "There is no room left." },
	{ ERROR_INSUFFICIENT_BUFFER, "The buffer is too small." },
	{ ERROR_NEGATIVE_SEEK, "No file begins before 0." },
	{ ERROR_SEEK_ON_DEVICE, "This has no positions." },
	{ ERROR_DIR_NOT_EMPTY, "The directory is not empty." },
	{ ERROR_NOT_LOCKED, "The memory is not locked." },
	{ ERROR_BUSY, "It is in use." },
	{ ERROR_ALREADY_EXISTS, "It exists already." },
	{ ERROR_FILENAME_EXCED_RANGE, "The file's name is too long." },
	{ ERROR_MORE_DATA, "There is more than fits." },
	{ WAIT_TIMEOUT, "The time was over before it happened." },
	{ ERROR_NOT_OWNER, "The mutex is somebody else's." },
	{ ERROR_TOO_MANY_POSTS, "The semaphore's maximum is less." },
	{ ERROR_MR_MID_NOT_FOUND, "There is no text for this code." },
	{ ERROR_INVALID_ADDRESS, "The address is wrong." },
	{ ERROR_ABANDONED_WAIT_0, "It was closed by who waited for it." },
	{ ERROR_OPERATION_ABORTED, "The operation was cancelled." },
	{ ERROR_IO_INCOMPLETE, "The operation is not through yet." },
	{ ERROR_IO_PENDING, "The operation goes on." },
	{ ERROR_NOACCESS, "There is no such memory." },
	{ ERROR_IO_DEVICE, "The device failed." },
	{ ERROR_NOT_FOUND, "There is none." },
	{ ERROR_PORT_UNREACHABLE, "Nobody listens on that port." },
	{ ERROR_CONNECTION_REFUSED, "The peer refuses the connection." },
	{ ERROR_GRACEFUL_DISCONNECT, "The peer has closed the connection." },
	{ ERROR_NETWORK_UNREACHABLE, "There is no way to that network." },
	{ ERROR_HOST_UNREACHABLE, "There is no way to that host." },
	{ ERROR_CONNECTION_ABORTED, "The connection was given up." },
	{ ERROR_PRIVILEGE_NOT_HELD, "That needs a privilege." },
	{ ERROR_NO_SYSTEM_RESOURCES, "The system has no more of this." },
	{ ERROR_WORKING_SET_QUOTA, "It is over the limit of locked memory." },
	{ ERROR_TIMEOUT, "The time was over before it happened." },
	{ WSAEINTR, "The call was interrupted." },
	{ WSAEBADF, "That is no file." },
	{ WSAEACCES, "That is not allowed." },
	{ WSAEFAULT, "An address or a buffer's id is wrong." },
	{ WSAEINVAL, "An argument is wrong." },
	{ WSAEMFILE, "Too many sockets are open." },
	{ WSAEWOULDBLOCK, "It would have to wait." },
	{ WSAEINPROGRESS, "Another call is going on." },
	{ WSAEALREADY, "It is going on already." },
	{ WSAENOTSOCK, "That is no socket." },
	{ WSAEDESTADDRREQ, "It needs an address to send to." },
	{ WSAEMSGSIZE, "The datagram is larger than its buffer or limit." },
	{ WSAEPROTOTYPE, "The protocol is not of this type of sockets." },
	{ WSAENOPROTOOPT, "There is no such option here." },
	{ WSAEPROTONOSUPPORT, "There is no such protocol." },
	{ WSAESOCKTNOSUPPORT, "There is no such type of sockets." },
	{ WSAEOPNOTSUPP, "This cannot be done with it." },
	{ WSAEPFNOSUPPORT, "There is no such family of protocols." },
	{ WSAEAFNOSUPPORT, "There is no such family of addresses." },
	{ WSAEADDRINUSE, "The address is in use." },
	{ WSAEADDRNOTAVAIL, "The address is none of this machine's." },
	{ WSAENETDOWN, "The network is down." },
	{ WSAENETUNREACH, "No route goes to that network." },
	{ WSAENETRESET, "The connection did not stay alive." },
	{ WSAECONNABORTED, "The connection was given up." },
	{ WSAECONNRESET, "The peer has reset the connection." },
	{ WSAENOBUFS, "There is no room for more, or memory is short." },
	{ WSAEISCONN, "The socket is connected." },
	{ WSAENOTCONN, "The socket is not connected." },
	{ WSAESHUTDOWN, "The socket has been shut down." },
	{ WSAETOOMANYREFS, "Too much of it is in use." },
	{ WSAETIMEDOUT, "The peer did not answer in time." },
	{ WSAECONNREFUSED, "Nobody listens there." },
	{ WSAELOOP, "The name goes in circles." },
	{ WSAENAMETOOLONG, "The name is too long." },
	{ WSAEHOSTDOWN, "The host is down." },
	{ WSAEHOSTUNREACH, "No route goes to that host." },
	{ WSAENOTEMPTY, "The directory is not empty." },
	{ WSASYSNOTREADY, "The network cannot be used yet." },
	{ WSAVERNOTSUPPORTED, "There is no such version of Winsock." },
	{ WSANOTINITIALISED, "WSAStartup() was not called." },
	{ WSAEDISCON, "The peer has closed the connection." },
	{ WSAHOST_NOT_FOUND, "There is no such host." },
	{ WSATRY_AGAIN, "The name may be found later." },
	{ WSANO_RECOVERY, "The name cannot be looked up." },
	{ WSANO_DATA, "The name has no address of this kind." },
	{ (DWORD)E_NOTIMPL, "That is not implemented." },
	{ (DWORD)E_POINTER, "A pointer is wrong." },
	{ (DWORD)E_FAIL, "It failed." },
	{ (DWORD)IORING_E_REQUIRED_FLAG_NOT_SUPPORTED,
	  "A flag that is required is not known." },
	{ (DWORD)IORING_E_SUBMISSION_QUEUE_FULL,
	  "The submission queue is full." },
	{ (DWORD)IORING_E_VERSION_NOT_SUPPORTED,
	  "There is no such version of I/O rings." },
	{ (DWORD)IORING_E_SUBMISSION_QUEUE_TOO_BIG,
	  "The submission queue would be too big." },
	{ (DWORD)IORING_E_COMPLETION_QUEUE_TOO_BIG,
	  "The completion queue would be too big." },
	{ (DWORD)IORING_E_SUBMIT_IN_PROGRESS,
	  "Another thread is submitting." },
	{ (DWORD)IORING_E_CORRUPT, "The ring was damaged." },
	{ (DWORD)IORING_E_COMPLETION_QUEUE_TOO_FULL,
	  "The completion queue has no room for all of it." },
};

#define WIN_TEXT_MAX	128

/* An HRESULT may have a code of Win32 in it. */
static DWORD win_message_code(DWORD code)
{
	return code >> 16 == 0x8007 ? HRESULT_CODE(code) : code;
}

/* A space in place of CR LF if the caller wants no lines. */
static size_t win_message_end(DWORD flags, char *end)
{
	const char *last = flags & FORMAT_MESSAGE_MAX_WIDTH_MASK ? " " : "\r\n";
	size_t n = strlen(last);

	memcpy(end, last, n + 1);
	return n;
}

static size_t win_message(DWORD flags, DWORD code, char *text)
{
	size_t i, n;

	code = win_message_code(code);
	for (i = 0; i < ARRAYSIZE(win_texts); i++) {
		if (win_texts[i].code != code)
			continue;
		n = strlen(win_texts[i].text);
		memcpy(text, win_texts[i].text, n);
		return n + win_message_end(flags, text + n);
	}
	return 0;
}

/* Where it goes: the caller's memory or new memory that the caller gets. */
static void *win_message_room(DWORD flags, void *text, DWORD length, size_t n,
			      size_t size)
{
	void *room = text;

	if (flags & FORMAT_MESSAGE_ALLOCATE_BUFFER) {
		room = malloc((n < length ? length : n + 1) * size);
		if (room)
			memcpy(text, &room, sizeof(room));
		else
			win_refuse(ERROR_NOT_ENOUGH_MEMORY);
		return room;
	}
	if (n < length)
		return room;
	win_refuse(ERROR_INSUFFICIENT_BUFFER);
	return NULL;
}

static size_t win_message_find(DWORD flags, DWORD code, char *text)
{
	const DWORD known = FORMAT_MESSAGE_ALLOCATE_BUFFER |
			    FORMAT_MESSAGE_IGNORE_INSERTS |
			    FORMAT_MESSAGE_FROM_SYSTEM |
			    FORMAT_MESSAGE_MAX_WIDTH_MASK;
	size_t n;

	if (flags & ~known || !(flags & FORMAT_MESSAGE_FROM_SYSTEM)) {
		win_refuse(ERROR_NOT_SUPPORTED);
		return 0;
	}
	n = win_message(flags, code, text);
	if (!n)
		win_refuse(ERROR_MR_MID_NOT_FOUND);
	return n;
}

DWORD FormatMessageA(DWORD flags, LPCVOID source, DWORD code, DWORD language,
		     LPSTR text, DWORD length, va_list *arguments)
{
	char found[WIN_TEXT_MAX], *room;
	size_t n = win_message_find(flags, code, found);

	(void)source;
	(void)language;
	(void)arguments;
	if (!n)
		return 0;
	room = win_message_room(flags, text, length, n, sizeof(*room));
	if (!room)
		return 0;
	memcpy(room, found, n + 1);
	return n;
}

DWORD FormatMessageW(DWORD flags, LPCVOID source, DWORD code, DWORD language,
		     LPWSTR text, DWORD length, va_list *arguments)
{
	size_t n, i;
	char found[WIN_TEXT_MAX];
	wchar_t *room;

	(void)source;
	(void)language;
	(void)arguments;
	n = win_message_find(flags, code, found);
	if (!n)
		return 0;
	room = win_message_room(flags, text, length, n, sizeof(*room));
	if (!room)
		return 0;
	for (i = 0; i <= n; i++)
		room[i] = found[i];
	return n;
}

HLOCAL LocalAlloc(UINT flags, SIZE_T size)
{
	void *memory = flags & LMEM_ZEROINIT ? calloc(1, size) : malloc(size);

	if (!memory)
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
	return memory;
}

HLOCAL LocalFree(HLOCAL memory)
{
	free(memory);
	return NULL;
}

HGLOBAL GlobalAlloc(UINT flags, SIZE_T size)
{
	return LocalAlloc(flags, size);
}

HGLOBAL GlobalFree(HGLOBAL memory)
{
	return LocalFree(memory);
}
