/* SPDX-License-Identifier: MIT */
/*
 * Types that Windows programs are written in, of the sizes that they have there
 * on 64-bit machines: LONG and DWORD are 32 bits, unlike long here.
 */
#ifndef REGBUF_WIN_MINWINDEF_H
#define REGBUF_WIN_MINWINDEF_H

#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#ifdef __cplusplus
#define REGBUF_WIN_LINKAGE	extern "C"
#else
#define REGBUF_WIN_LINKAGE	extern
#endif
#define REGBUF_WIN_API		\
	REGBUF_WIN_LINKAGE __attribute__((visibility("default")))
/*
 * For what has the name of a C library's function but not its meaning: the
 * symbol is another one. As a declaration's end: REGBUF_WIN_NAME(bind).
 */
#define REGBUF_WIN_NAME(name)	__asm__("regbuf_win_" #name)

/* What is to be true of the headers themselves: a condition, maybe a text. */
#define REGBUF_WIN_FIRST(first, ...)	first
#ifdef __cplusplus
#define REGBUF_WIN_ASSERT(...)	\
	static_assert(REGBUF_WIN_FIRST(__VA_ARGS__, 0), #__VA_ARGS__)
#else
#define REGBUF_WIN_ASSERT(...)	\
	__extension__ _Static_assert(REGBUF_WIN_FIRST(__VA_ARGS__, 0), \
				     #__VA_ARGS__)
#endif

/* Calling conventions and annotations that have no meaning here. */
#define WINAPI
#define WSAAPI
#define WSPAPI
#define CALLBACK
#define APIENTRY
#define PASCAL
#define FAR
#define NEAR
#define CONST	const
#define __cdecl
#define __stdcall
#define __fastcall
#define _cdecl
#define _stdcall
#define __forceinline	inline __attribute__((__always_inline__))
#define FORCEINLINE	__forceinline
#define DECLSPEC_ALIGN(n)	__attribute__((__aligned__(n)))
#define UNREFERENCED_PARAMETER(p)	((void)(p))
#define IN
#define OUT
#define OPTIONAL

#ifndef TRUE
#define FALSE	0
#define TRUE	1
#endif

typedef void VOID, *PVOID, *LPVOID;
typedef const void *LPCVOID;
typedef char CHAR, *PCHAR, *LPCH, *PSTR, *LPSTR;
typedef const char *PCSTR, *LPCSTR;
typedef wchar_t WCHAR, *PWCHAR, *PWSTR, *LPWSTR;
typedef const wchar_t *PCWSTR, *LPCWSTR;
typedef int8_t INT8, *PINT8;
typedef int16_t SHORT, *PSHORT, INT16, *PINT16;
typedef int32_t INT, *PINT, *LPINT, INT32, *PINT32, LONG32;
typedef int32_t LONG, *PLONG, *LPLONG;
typedef int32_t BOOL, *PBOOL, *LPBOOL;
typedef long long LONGLONG, *PLONGLONG, INT64, *PINT64, LONG64, *PLONG64;
typedef uint8_t BYTE, *PBYTE, *LPBYTE, UCHAR, *PUCHAR, UINT8, *PUINT8;
typedef BYTE BOOLEAN, *PBOOLEAN;
typedef uint16_t WORD, *PWORD, *LPWORD, USHORT, *PUSHORT, UINT16, *PUINT16;
typedef uint32_t UINT, *PUINT, UINT32, *PUINT32, ULONG32;
typedef uint32_t DWORD, *PDWORD, *LPDWORD, DWORD32;
typedef uint32_t ULONG, *PULONG;
typedef unsigned long long ULONGLONG, *PULONGLONG, UINT64, *PUINT64;
typedef unsigned long long DWORDLONG, ULONG64, *PULONG64, DWORD64, *PDWORD64;
typedef intptr_t INT_PTR, *PINT_PTR, LONG_PTR, *PLONG_PTR, SSIZE_T, *PSSIZE_T;
typedef uintptr_t UINT_PTR, *PUINT_PTR, ULONG_PTR, *PULONG_PTR;
typedef uintptr_t DWORD_PTR, *PDWORD_PTR, SIZE_T, *PSIZE_T, KAFFINITY;
typedef float FLOAT;
typedef double DOUBLE;
typedef int32_t HRESULT;
typedef int32_t NTSTATUS;
typedef void *HANDLE, **PHANDLE, **LPHANDLE;
typedef void *HMODULE, *HINSTANCE, *HLOCAL;
typedef intptr_t (WINAPI *FARPROC)(void);

#define __int8	char
#define __int16	short
#define __int32	int
#define __int64	long long

#define MAXDWORD	0xffffffffU
#define MAXUINT32	0xffffffffU
#define MAXLONG		0x7fffffff

typedef union _LARGE_INTEGER {
	__extension__ struct {
		DWORD LowPart;
		LONG HighPart;
	};
	struct {
		DWORD LowPart;
		LONG HighPart;
	} u;
	LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
	__extension__ struct {
		DWORD LowPart;
		DWORD HighPart;
	};
	struct {
		DWORD LowPart;
		DWORD HighPart;
	} u;
	ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef struct _GUID {
	uint32_t Data1;
	uint16_t Data2;
	uint16_t Data3;
	uint8_t Data4[8];
} GUID, *LPGUID, IID, CLSID;

typedef struct _FILETIME {
	DWORD dwLowDateTime;
	DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

typedef struct _OVERLAPPED {
	ULONG_PTR Internal;
	ULONG_PTR InternalHigh;
	__extension__ union {
		__extension__ struct {
			DWORD Offset;
			DWORD OffsetHigh;
		};
		PVOID Pointer;
	};
	HANDLE hEvent;
} OVERLAPPED, *LPOVERLAPPED;

typedef struct _OVERLAPPED_ENTRY {
	ULONG_PTR lpCompletionKey;
	LPOVERLAPPED lpOverlapped;
	ULONG_PTR Internal;
	DWORD dwNumberOfBytesTransferred;
} OVERLAPPED_ENTRY, *LPOVERLAPPED_ENTRY;

typedef struct _SECURITY_ATTRIBUTES {
	DWORD nLength;
	LPVOID lpSecurityDescriptor;
	BOOL bInheritHandle;
} SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;

#define INVALID_HANDLE_VALUE	((HANDLE)(LONG_PTR)-1)
#define INFINITE		0xffffffffU
#define MAX_PATH		260

#define MAKEWORD(low, high)	\
	((WORD)((BYTE)(low) | (WORD)((WORD)(BYTE)(high) << 8)))
#define MAKELONG(low, high)	\
	((LONG)((WORD)(low) | (DWORD)((DWORD)(WORD)(high) << 16)))
#define LOWORD(n)	((WORD)((DWORD_PTR)(n) & 0xffff))
#define HIWORD(n)	((WORD)((DWORD_PTR)(n) >> 16 & 0xffff))
#define LOBYTE(n)	((BYTE)((DWORD_PTR)(n) & 0xff))
#define HIBYTE(n)	((BYTE)((DWORD_PTR)(n) >> 8 & 0xff))

#endif /* REGBUF_WIN_MINWINDEF_H */
