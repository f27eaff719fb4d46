/* SPDX-License-Identifier: MIT */
/*
 * Files, by paths of Linux; "\" is not "/". Calls are through when they return,
 * also on a handle with FILE_FLAG_OVERLAPPED: overlapped ones are those of I/O
 * rings. Neither what is shared nor security attributes are looked at.
 */
#ifndef REGBUF_WIN_FILEAPI_H
#define REGBUF_WIN_FILEAPI_H

#include "winnt.h"

#define CREATE_NEW		1
#define CREATE_ALWAYS		2
#define OPEN_EXISTING		3
#define OPEN_ALWAYS		4
#define TRUNCATE_EXISTING	5

#define FILE_SHARE_READ		0x1
#define FILE_SHARE_WRITE	0x2
#define FILE_SHARE_DELETE	0x4

#define FILE_READ_DATA		0x1
#define FILE_WRITE_DATA		0x2
#define FILE_APPEND_DATA	0x4
#define FILE_GENERIC_READ	0x120089
#define FILE_GENERIC_WRITE	0x120116

#define FILE_ATTRIBUTE_READONLY		0x1
#define FILE_ATTRIBUTE_DIRECTORY	0x10
#define FILE_ATTRIBUTE_NORMAL		0x80
#define FILE_ATTRIBUTE_TEMPORARY	0x100
#define INVALID_FILE_ATTRIBUTES		0xffffffffU

#define FILE_FLAG_WRITE_THROUGH		0x80000000U
#define FILE_FLAG_OVERLAPPED		0x40000000U
#define FILE_FLAG_NO_BUFFERING		0x20000000U
#define FILE_FLAG_RANDOM_ACCESS		0x10000000U
#define FILE_FLAG_SEQUENTIAL_SCAN	0x08000000U
#define FILE_FLAG_DELETE_ON_CLOSE	0x04000000U

#define FILE_BEGIN	0
#define FILE_CURRENT	1
#define FILE_END	2
#define INVALID_FILE_SIZE		0xffffffffU
#define INVALID_SET_FILE_POINTER	0xffffffffU

/*
 * INVALID_HANDLE_VALUE if it failed. The last error is ERROR_ALREADY_EXISTS if
 * CREATE_ALWAYS or OPEN_ALWAYS found a file. FILE_FLAG_NO_BUFFERING is
 * O_DIRECT, with what it demands. There are no templates, and no directories.
 */
REGBUF_WIN_API HANDLE WINAPI CreateFileA(LPCSTR name, DWORD access,
					 DWORD share,
					 LPSECURITY_ATTRIBUTES attributes,
					 DWORD create, DWORD flags,
					 HANDLE like);
/* @name in UTF-8 is the file's. */
REGBUF_WIN_API HANDLE WINAPI CreateFileW(LPCWSTR name, DWORD access,
					 DWORD share,
					 LPSECURITY_ATTRIBUTES attributes,
					 DWORD create, DWORD flags,
					 HANDLE like);

/*
 * At @overlapped's offset if there is one, else where the file is, which moves.
 * At the end: 0 bytes, and with @overlapped FALSE and ERROR_HANDLE_EOF.
 */
REGBUF_WIN_API BOOL WINAPI ReadFile(HANDLE file, LPVOID buffer, DWORD length,
				    LPDWORD bytes, LPOVERLAPPED overlapped);
REGBUF_WIN_API BOOL WINAPI WriteFile(HANDLE file, LPCVOID buffer,
				     DWORD length, LPDWORD bytes,
				     LPOVERLAPPED overlapped);
REGBUF_WIN_API BOOL WINAPI FlushFileBuffers(HANDLE file);

REGBUF_WIN_API DWORD WINAPI GetFileSize(HANDLE file, LPDWORD high);
REGBUF_WIN_API BOOL WINAPI GetFileSizeEx(HANDLE file, PLARGE_INTEGER size);
REGBUF_WIN_API DWORD WINAPI SetFilePointer(HANDLE file, LONG distance,
					   PLONG high, DWORD from);
REGBUF_WIN_API BOOL WINAPI SetFilePointerEx(HANDLE file,
					    LARGE_INTEGER distance,
					    PLARGE_INTEGER position,
					    DWORD from);
REGBUF_WIN_API BOOL WINAPI SetEndOfFile(HANDLE file);

REGBUF_WIN_API BOOL WINAPI DeleteFileA(LPCSTR name);
REGBUF_WIN_API BOOL WINAPI DeleteFileW(LPCWSTR name);
/* FILE_ATTRIBUTE_DIRECTORY, _NORMAL and _READONLY: the caller cannot write. */
REGBUF_WIN_API DWORD WINAPI GetFileAttributesA(LPCSTR name);
REGBUF_WIN_API DWORD WINAPI GetFileAttributesW(LPCWSTR name);
/* With the last "/". 0 if it failed, more than @length if that is too short. */
REGBUF_WIN_API DWORD WINAPI GetTempPathA(DWORD length, LPSTR path);

#ifdef UNICODE
#define CreateFile		CreateFileW
#define DeleteFile		DeleteFileW
#define GetFileAttributes	GetFileAttributesW
#else
#define CreateFile		CreateFileA
#define DeleteFile		DeleteFileA
#define GetFileAttributes	GetFileAttributesA
#define GetTempPath		GetTempPathA
#endif

#endif /* REGBUF_WIN_FILEAPI_H */
