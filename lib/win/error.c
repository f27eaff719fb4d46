// SPDX-License-Identifier: MIT
/* The last error, and what Linux' errors are called on Windows. */
#include <errno.h>

#include <errhandlingapi.h>

#include "win.h"

struct win_code {
	int err;
	DWORD code;
};

static __thread DWORD win_last;

DWORD GetLastError(void)
{
	return win_last;
}

void SetLastError(DWORD code)
{
	win_last = code;
}

BOOL win_refuse(DWORD code)
{
	win_last = code;
	return FALSE;
}

int win_fail(DWORD code)
{
	win_last = code;
	return -1;
}

/*
 * What may surprise: a number that is no descriptor is no socket there.
 * Sending to who has closed gives EPIPE here and an abort there; so does a
 * send after one's own shutdown, which only the caller can tell
 * (WSAESHUTDOWN). Out of a budget is out of buffers. ENOENT and ESTALE are of
 * ids of buffers.
 */
static const struct win_code win_wsa_codes[] = {
	{ EINTR, WSAEINTR },
	{ EBADF, WSAENOTSOCK },
	{ EACCES, WSAEACCES },
	{ EPERM, WSAEACCES },
	{ EFAULT, WSAEFAULT },
	{ ENOENT, WSAEFAULT },
	{ ESTALE, WSAEFAULT },
	{ EMFILE, WSAEMFILE },
	{ ENFILE, WSAEMFILE },
	{ EAGAIN, WSAEWOULDBLOCK },
	{ EINPROGRESS, WSAEINPROGRESS },
	{ EALREADY, WSAEALREADY },
	{ ENOTSOCK, WSAENOTSOCK },
	{ EDESTADDRREQ, WSAEDESTADDRREQ },
	{ EMSGSIZE, WSAEMSGSIZE },
	{ EPROTOTYPE, WSAEPROTOTYPE },
	{ ENOPROTOOPT, WSAENOPROTOOPT },
	{ EPROTONOSUPPORT, WSAEPROTONOSUPPORT },
	{ ESOCKTNOSUPPORT, WSAESOCKTNOSUPPORT },
	{ EOPNOTSUPP, WSAEOPNOTSUPP },
	{ ENOSYS, WSAEOPNOTSUPP },
	{ ENOTTY, WSAEOPNOTSUPP },
	{ EPFNOSUPPORT, WSAEPFNOSUPPORT },
	{ EAFNOSUPPORT, WSAEAFNOSUPPORT },
	{ EADDRINUSE, WSAEADDRINUSE },
	{ EADDRNOTAVAIL, WSAEADDRNOTAVAIL },
	{ ENETDOWN, WSAENETDOWN },
	{ ENODEV, WSAENETDOWN },
	{ ENETUNREACH, WSAENETUNREACH },
	{ ENETRESET, WSAENETRESET },
	{ ECONNABORTED, WSAECONNABORTED },
	{ EPIPE, WSAECONNABORTED },
	{ ECONNRESET, WSAECONNRESET },
	{ ENOBUFS, WSAENOBUFS },
	{ ENOMEM, WSAENOBUFS },
	{ ENOSPC, WSAENOBUFS },
	{ EISCONN, WSAEISCONN },
	{ ENOTCONN, WSAENOTCONN },
	{ ESHUTDOWN, WSAESHUTDOWN },
	{ ETOOMANYREFS, WSAETOOMANYREFS },
	{ ETIMEDOUT, WSAETIMEDOUT },
	{ ETIME, WSAETIMEDOUT },
	{ ECONNREFUSED, WSAECONNREFUSED },
	{ ELOOP, WSAELOOP },
	{ ENAMETOOLONG, WSAENAMETOOLONG },
	{ EHOSTDOWN, WSAEHOSTDOWN },
	{ EHOSTUNREACH, WSAEHOSTUNREACH },
	{ ENOTEMPTY, WSAENOTEMPTY },
	{ EUSERS, WSAEUSERS },
	{ EDQUOT, WSAEDQUOT },
	{ EREMOTE, WSAEREMOTE },
	{ ECANCELED, ERROR_OPERATION_ABORTED },
	{ 0, WSAEINVAL },
};

static const struct win_code win_codes[] = {
	{ ENOENT, ERROR_FILE_NOT_FOUND },
	{ ENOTDIR, ERROR_PATH_NOT_FOUND },
	{ ENAMETOOLONG, ERROR_FILENAME_EXCED_RANGE },
	{ EMFILE, ERROR_TOO_MANY_OPEN_FILES },
	{ ENFILE, ERROR_TOO_MANY_OPEN_FILES },
	{ EACCES, ERROR_ACCESS_DENIED },
	{ EPERM, ERROR_ACCESS_DENIED },
	{ EROFS, ERROR_WRITE_PROTECT },
	{ EISDIR, ERROR_ACCESS_DENIED },
	{ EBADF, ERROR_INVALID_HANDLE },
	{ ENOMEM, ERROR_NOT_ENOUGH_MEMORY },
	{ ENOBUFS, ERROR_NO_SYSTEM_RESOURCES },
	{ EAGAIN, ERROR_NO_SYSTEM_RESOURCES },
	{ EBUSY, ERROR_BUSY },
	{ ETXTBSY, ERROR_SHARING_VIOLATION },
	{ EIO, ERROR_IO_DEVICE },
	{ ENODEV, ERROR_DEV_NOT_EXIST },
	{ ENXIO, ERROR_DEV_NOT_EXIST },
	{ EOPNOTSUPP, ERROR_NOT_SUPPORTED },
	{ ENOSYS, ERROR_NOT_SUPPORTED },
	{ EEXIST, ERROR_FILE_EXISTS },
	{ EPIPE, ERROR_BROKEN_PIPE },
	{ ENOSPC, ERROR_DISK_FULL },
	{ EDQUOT, ERROR_DISK_FULL },
	{ EFBIG, ERROR_DISK_FULL },
	{ ESPIPE, ERROR_SEEK_ON_DEVICE },
	{ ENOTEMPTY, ERROR_DIR_NOT_EMPTY },
	{ EFAULT, ERROR_NOACCESS },
	{ ECANCELED, ERROR_OPERATION_ABORTED },
	{ ETIMEDOUT, ERROR_TIMEOUT },
	{ 0, ERROR_INVALID_PARAMETER },
};

static DWORD win_code_find(const struct win_code *codes, int err)
{
	if (!err)
		return ERROR_SUCCESS;
	while (codes->err && codes->err != err)
		codes++;
	return codes->code;
}

DWORD win_wsa_code(int err)
{
	return win_code_find(win_wsa_codes, err);
}

DWORD win_code(int err)
{
	return win_code_find(win_codes, err);
}
