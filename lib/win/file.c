// SPDX-License-Identifier: MIT
/* Files: opening them, and what is known by name. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fileapi.h>

#include "file.h"

#define WIN_READING	(GENERIC_READ | GENERIC_ALL | FILE_READ_DATA)
#define WIN_WRITING	(GENERIC_WRITE | GENERIC_ALL | FILE_WRITE_DATA)

int win_file_fd(struct win_object *file)
{
	return win_file_of(file)->fd;
}

static void win_file_destroy(struct win_object *obj)
{
	struct win_file *file = win_file_of(obj);

	close(file->fd);
	free(file->doomed);
	free(file);
}

static void win_file_close(struct win_object *obj)
{
	struct win_file *file = win_file_of(obj);

	if (file->doomed)
		unlink(file->doomed);
}

static const struct win_object_ops win_file_ops = {
	.kind = WIN_FILE,
	.destroy = win_file_destroy,
	.close = win_file_close,
};

/* -1 if it is none of them. */
static int win_file_create(DWORD create)
{
	switch (create) {
	case CREATE_NEW:
		return O_CREAT | O_EXCL;
	case CREATE_ALWAYS:
		return O_CREAT | O_TRUNC;
	case OPEN_EXISTING:
		return 0;
	case OPEN_ALWAYS:
		return O_CREAT;
	case TRUNCATE_EXISTING:
		return O_TRUNC;
	default:
		return -1;
	}
}

static int win_file_access(DWORD access)
{
	bool read = access & WIN_READING, write = access & WIN_WRITING;
	int append = 0;

	if (!write && access & FILE_APPEND_DATA) {
		write = true;
		append = O_APPEND;
	}
	if (!write)
		return O_RDONLY;
	return append | (read ? O_RDWR : O_WRONLY);
}

static int win_file_flags(DWORD flags)
{
	int o = O_CLOEXEC | O_NOCTTY;

	if (flags & FILE_FLAG_NO_BUFFERING)
		o |= O_DIRECT;
	if (flags & FILE_FLAG_WRITE_THROUGH)
		o |= O_DSYNC;
	return o;
}

/* Not every file system can do without buffers: it is a wish then. */
static int win_file_open_flags(LPCSTR name, int flags)
{
	int fd = open(name, flags, 0666);

	if (fd < 0 && errno == EINVAL && flags & O_DIRECT)
		fd = open(name, flags & ~O_DIRECT, 0666);
	return fd;
}

static int win_file_open(LPCSTR name, int flags, bool *existed)
{
	int fd;

	*existed = false;
	if (!(flags & O_CREAT) || flags & O_EXCL)
		return win_file_open_flags(name, flags);
	fd = win_file_open_flags(name, flags | O_EXCL);
	if (fd >= 0 || errno != EEXIST)
		return fd;
	*existed = true;
	return win_file_open_flags(name, flags);
}

static void win_file_advise(int fd, DWORD flags)
{
	if (flags & FILE_FLAG_SEQUENTIAL_SCAN)
		posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	else if (flags & FILE_FLAG_RANDOM_ACCESS)
		posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
}

/* Owns @fd, also if it fails. */
static HANDLE win_file_new(int fd, LPCSTR name, DWORD flags)
{
	struct win_file *file = calloc(1, sizeof(*file));
	HANDLE handle;

	if (!file) {
		close(fd);
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
		return INVALID_HANDLE_VALUE;
	}
	file->obj.ops = &win_file_ops;
	file->obj.refs = 1;
	file->fd = fd;
	file->overlapped = flags & FILE_FLAG_OVERLAPPED;
	if (flags & FILE_FLAG_DELETE_ON_CLOSE)
		file->doomed = strdup(name);
	win_file_advise(fd, flags);
	handle = win_handle_new(&file->obj);
	return handle ? handle : INVALID_HANDLE_VALUE;
}

static bool win_is_directory(int fd)
{
	struct stat st;

	return fstat(fd, &st) || S_ISDIR(st.st_mode);
}

HANDLE CreateFileA(LPCSTR name, DWORD access, DWORD share,
		   LPSECURITY_ATTRIBUTES attributes, DWORD create,
		   DWORD flags, HANDLE like)
{
	int how = win_file_create(create), fd;
	HANDLE handle;
	bool existed;

	(void)share;
	(void)attributes;
	if (!name || how < 0 || like) {
		win_refuse(ERROR_INVALID_PARAMETER);
		return INVALID_HANDLE_VALUE;
	}
	fd = win_file_open(name, how | win_file_access(access) |
				 win_file_flags(flags), &existed);
	if (fd < 0) {
		win_refuse(win_code(errno));
		return INVALID_HANDLE_VALUE;
	}
	if (win_is_directory(fd)) {
		close(fd);
		win_refuse(ERROR_ACCESS_DENIED);
		return INVALID_HANDLE_VALUE;
	}
	handle = win_file_new(fd, name, flags);
	if (handle != INVALID_HANDLE_VALUE)
		win_refuse(existed ? ERROR_ALREADY_EXISTS : ERROR_SUCCESS);
	return handle;
}

HANDLE CreateFileW(LPCWSTR name, DWORD access, DWORD share,
		   LPSECURITY_ATTRIBUTES attributes, DWORD create,
		   DWORD flags, HANDLE like)
{
	char *text = win_utf8(name);
	HANDLE handle;

	if (!text)
		return INVALID_HANDLE_VALUE;
	handle = CreateFileA(text, access, share, attributes, create, flags,
			     like);
	free(text);
	return handle;
}

BOOL DeleteFileA(LPCSTR name)
{
	return !unlink(name) || win_refuse(win_code(errno));
}

BOOL DeleteFileW(LPCWSTR name)
{
	char *text = win_utf8(name);
	BOOL done;

	if (!text)
		return FALSE;
	done = DeleteFileA(text);
	free(text);
	return done;
}

DWORD GetFileAttributesA(LPCSTR name)
{
	DWORD found = 0;
	struct stat st;

	if (stat(name, &st)) {
		win_refuse(win_code(errno));
		return INVALID_FILE_ATTRIBUTES;
	}
	if (S_ISDIR(st.st_mode))
		found |= FILE_ATTRIBUTE_DIRECTORY;
	if (access(name, W_OK))
		found |= FILE_ATTRIBUTE_READONLY;
	return found ? found : FILE_ATTRIBUTE_NORMAL;
}

DWORD GetFileAttributesW(LPCWSTR name)
{
	char *text = win_utf8(name);
	DWORD found;

	if (!text)
		return INVALID_FILE_ATTRIBUTES;
	found = GetFileAttributesA(text);
	free(text);
	return found;
}

DWORD GetTempPathA(DWORD length, LPSTR path)
{
	const char *dir = secure_getenv("TMPDIR");
	size_t n;

	if (!dir || !*dir)
		dir = "/tmp";
	n = strlen(dir);
	if (n + 2 > length)
		return n + 2;
	memcpy(path, dir, n);
	if (path[n - 1] != '/')
		path[n++] = '/';
	path[n] = '\0';
	return n;
}
