// SPDX-License-Identifier: MIT
/* Files: reading and writing, at a place or where the file is. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fileapi.h>
#include <synchapi.h>
#include <winbase.h>

#include "file.h"

/* As OVERLAPPED has them: a code of Win32 as an NTSTATUS. */
#define WIN_STATUS(code)	((ULONG_PTR)(0xc0070000U | (code)))

/* What is to be moved, in which direction, and how much of it was. */
struct win_transfer {
	char *buffer;
	size_t length;
	size_t done;
	int64_t at;	/* -1: where the file is */
	bool write;
};

static struct win_file *win_file_get(HANDLE handle)
{
	return (struct win_file *)win_handle_get(handle, WIN_FILE);
}

static ssize_t win_transfer_once(int fd, const struct win_transfer *transfer)
{
	char *buffer = transfer->buffer + transfer->done;
	size_t left = transfer->length - transfer->done;
	off_t at = transfer->at + transfer->done;

	if (transfer->at < 0)
		return transfer->write ? write(fd, buffer, left) :
					 read(fd, buffer, left);
	return transfer->write ? pwrite(fd, buffer, left, at) :
				 pread(fd, buffer, left, at);
}

/* The descriptor is one, so it was not opened for this. */
static DWORD win_file_code(int err)
{
	return err == EBADF ? ERROR_ACCESS_DENIED : win_code(err);
}

/* What comes from a pipe or a terminal is not waited for to the last byte. */
static DWORD win_transfer_all(int fd, struct win_transfer *transfer)
{
	ssize_t n = 1;

	while (n > 0 && transfer->done < transfer->length) {
		n = win_transfer_once(fd, transfer);
		if (n > 0)
			transfer->done += n;
		else if (n < 0 && errno == EINTR)
			n = 1;
		if (n > 0 && !transfer->write && transfer->at < 0)
			break;
	}
	if (n < 0 && !transfer->done)
		return win_file_code(errno);
	return ERROR_SUCCESS;
}

/* For who asks later, by OVERLAPPED or event. */
static void win_overlapped_done(LPOVERLAPPED overlapped, size_t bytes,
				DWORD code)
{
	struct win_object *event;

	overlapped->Internal = code ? WIN_STATUS(code) : 0;
	overlapped->InternalHigh = bytes;
	if (!overlapped->hEvent)
		return;
	event = win_handle_get(overlapped->hEvent, WIN_EVENT);
	if (!event)
		return;
	win_event_set(event);
	win_object_put(event);
}

static DWORD win_transfer_overlapped(int fd, struct win_transfer *transfer,
				     LPOVERLAPPED overlapped)
{
	DWORD code;

	transfer->at = (uint64_t)overlapped->OffsetHigh << 32 |
		       overlapped->Offset;
	if (transfer->at < 0)
		return ERROR_INVALID_PARAMETER;
	if (overlapped->hEvent)
		ResetEvent(overlapped->hEvent);
	code = win_transfer_all(fd, transfer);
	if (!code && !transfer->write && !transfer->done && transfer->length)
		code = ERROR_HANDLE_EOF;
	win_overlapped_done(overlapped, transfer->done, code);
	return code;
}

static BOOL win_transfer(HANDLE handle, struct win_transfer *transfer,
			 LPDWORD bytes, LPOVERLAPPED overlapped)
{
	struct win_file *file = win_file_get(handle);
	DWORD code;

	if (bytes)
		*bytes = 0;
	if (!file)
		return FALSE;
	if (overlapped)
		code = win_transfer_overlapped(file->fd, transfer, overlapped);
	else if (file->overlapped || !bytes)
		code = ERROR_INVALID_PARAMETER;
	else
		code = win_transfer_all(file->fd, transfer);
	if (bytes)
		*bytes = transfer->done;
	win_object_put(&file->obj);
	return !code || win_refuse(code);
}

BOOL ReadFile(HANDLE file, LPVOID buffer, DWORD length, LPDWORD bytes,
	      LPOVERLAPPED overlapped)
{
	struct win_transfer transfer = {
		.buffer = buffer,
		.length = length,
		.at = -1,
	};

	return win_transfer(file, &transfer, bytes, overlapped);
}

BOOL WriteFile(HANDLE file, LPCVOID buffer, DWORD length, LPDWORD bytes,
	       LPOVERLAPPED overlapped)
{
	struct win_transfer transfer = {
		.buffer = (char *)buffer,
		.length = length,
		.at = -1,
		.write = true,
	};

	return win_transfer(file, &transfer, bytes, overlapped);
}

BOOL FlushFileBuffers(HANDLE handle)
{
	struct win_file *file = win_file_get(handle);
	DWORD code;

	if (!file)
		return FALSE;
	code = fsync(file->fd) ? win_file_code(errno) : ERROR_SUCCESS;
	win_object_put(&file->obj);
	return !code || win_refuse(code);
}

BOOL GetFileSizeEx(HANDLE handle, PLARGE_INTEGER size)
{
	struct win_file *file = win_file_get(handle);
	struct stat st;
	DWORD code;

	if (!file)
		return FALSE;
	code = fstat(file->fd, &st) ? win_file_code(errno) : ERROR_SUCCESS;
	win_object_put(&file->obj);
	if (code)
		return win_refuse(code);
	size->QuadPart = st.st_size;
	return TRUE;
}

DWORD GetFileSize(HANDLE file, LPDWORD high)
{
	LARGE_INTEGER size;

	if (!GetFileSizeEx(file, &size))
		return INVALID_FILE_SIZE;
	if (high)
		*high = size.HighPart;
	win_refuse(ERROR_SUCCESS);
	return size.LowPart;
}

static const int win_whences[] = {
	[FILE_BEGIN] = SEEK_SET,
	[FILE_CURRENT] = SEEK_CUR,
	[FILE_END] = SEEK_END,
};

BOOL SetFilePointerEx(HANDLE handle, LARGE_INTEGER distance,
		      PLARGE_INTEGER position, DWORD from)
{
	struct win_file *file;
	off_t at;
	int err;

	if (from > FILE_END)
		return win_refuse(ERROR_INVALID_PARAMETER);
	file = win_file_get(handle);
	if (!file)
		return FALSE;
	at = lseek(file->fd, distance.QuadPart, win_whences[from]);
	err = errno;
	win_object_put(&file->obj);
	if (at < 0)
		return win_refuse(err == EINVAL ? ERROR_NEGATIVE_SEEK :
						  win_file_code(err));
	if (position)
		position->QuadPart = at;
	return TRUE;
}

/* With @high it is the distance's upper half, without it the sign counts. */
DWORD SetFilePointer(HANDLE file, LONG distance, PLONG high, DWORD from)
{
	LARGE_INTEGER where = { .QuadPart = distance };

	if (high) {
		where.LowPart = distance;
		where.HighPart = *high;
	}
	if (!SetFilePointerEx(file, where, &where, from))
		return INVALID_SET_FILE_POINTER;
	if (high)
		*high = where.HighPart;
	win_refuse(ERROR_SUCCESS);
	return where.LowPart;
}

BOOL SetEndOfFile(HANDLE handle)
{
	struct win_file *file = win_file_get(handle);
	DWORD code = ERROR_SUCCESS;
	off_t at;

	if (!file)
		return FALSE;
	at = lseek(file->fd, 0, SEEK_CUR);
	if (at < 0 || ftruncate(file->fd, at))
		code = errno == EINVAL ? ERROR_ACCESS_DENIED :
					 win_file_code(errno);
	win_object_put(&file->obj);
	return !code || win_refuse(code);
}
