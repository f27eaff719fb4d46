/* SPDX-License-Identifier: MIT */
/* Constants and macros of the base system. */
#ifndef REGBUF_WIN_WINNT_H
#define REGBUF_WIN_WINNT_H

#include "minwindef.h"
#include "sal.h"

/* Text: TCHAR is char unless UNICODE is defined. wchar_t has 32 bits here. */
#ifdef UNICODE
typedef WCHAR TCHAR, *PTCHAR, *LPTSTR, *PTSTR;
typedef LPCWSTR LPCTSTR, PCTSTR;
#define __TEXT(text)	L##text
#else
typedef char TCHAR, *PTCHAR, *LPTSTR, *PTSTR;
typedef LPCSTR LPCTSTR, PCTSTR;
#define __TEXT(text)	text
#endif
#define TEXT(text)	__TEXT(text)

#ifdef __cplusplus
#define EXTERN_C	extern "C"
#else
#define EXTERN_C	extern
#endif
#define STDAPICALLTYPE	__stdcall
#define STDMETHODCALLTYPE	__stdcall
#define NTAPI
#define ANYSIZE_ARRAY	1
#define UNALIGNED
#define DECLSPEC_NORETURN	__attribute__((__noreturn__))
#define DECLSPEC_NOINLINE	__attribute__((__noinline__))
#define DECLSPEC_CACHEALIGN	DECLSPEC_ALIGN(64)
#define SYSTEM_CACHE_ALIGNMENT_SIZE	64
#define MEMORY_ALLOCATION_ALIGNMENT	16

#define DECLARE_HANDLE(name)	\
	struct name##__ { int unused; }; typedef struct name##__ *name

#define __assume(what)	((what) ? (void)0 : __builtin_unreachable())
#define __noop(...)	((void)0)
#define UNREFERENCED_LOCAL_VARIABLE(v)	((void)(v))

#ifndef __declspec
#define __declspec(what)	REGBUF_WIN_DECLSPEC_##what
#endif
#define REGBUF_WIN_DECLSPEC_align(n)	__attribute__((__aligned__(n)))
#define REGBUF_WIN_DECLSPEC_deprecated	__attribute__((__deprecated__))
#define REGBUF_WIN_DECLSPEC_dllexport	\
	__attribute__((__visibility__("default")))
#define REGBUF_WIN_DECLSPEC_dllimport
#define REGBUF_WIN_DECLSPEC_noinline	__attribute__((__noinline__))
#define REGBUF_WIN_DECLSPEC_noreturn	__attribute__((__noreturn__))
#define REGBUF_WIN_DECLSPEC_nothrow	__attribute__((__nothrow__))
#define REGBUF_WIN_DECLSPEC_novtable
#define REGBUF_WIN_DECLSPEC_restrict	__attribute__((__malloc__))
#define REGBUF_WIN_DECLSPEC_selectany	__attribute__((__weak__))
#define REGBUF_WIN_DECLSPEC_thread	__thread

#define FIELD_OFFSET(type, field)	((LONG)offsetof(type, field))
#define UFIELD_OFFSET(type, field)	((DWORD)offsetof(type, field))
#define RTL_FIELD_SIZE(type, field)	(sizeof(((type *)0)->field))
#define RTL_NUMBER_OF(array)	(sizeof(array) / sizeof((array)[0]))
#define ARRAYSIZE(array)	RTL_NUMBER_OF(array)
#define CONTAINING_RECORD(address, type, field)	\
	((type *)((char *)(address) - offsetof(type, field)))
#define C_ASSERT(what)	REGBUF_WIN_ASSERT(what)

#define MAXSHORT	0x7fff
#define MAXUSHORT	0xffff
#define MAXULONG	0xffffffffU
#define MAXLONGLONG	0x7fffffffffffffffLL
#define MAXULONGLONG	0xffffffffffffffffULL
#define MAXUINT		0xffffffffU
#define MAXUINT64	MAXULONGLONG

#define PAGE_NOACCESS		0x1
#define PAGE_READONLY		0x2
#define PAGE_READWRITE		0x4
#define PAGE_EXECUTE		0x10
#define PAGE_EXECUTE_READ	0x20
#define PAGE_EXECUTE_READWRITE	0x40

#define MEM_COMMIT		0x1000
#define MEM_RESERVE		0x2000
#define MEM_DECOMMIT		0x4000
#define MEM_RELEASE		0x8000
#define MEM_TOP_DOWN		0x100000
#define MEM_LARGE_PAGES		0x20000000

#define GENERIC_READ		0x80000000U
#define GENERIC_WRITE		0x40000000U
#define GENERIC_EXECUTE		0x20000000U
#define GENERIC_ALL		0x10000000U
#define DELETE			0x10000
#define READ_CONTROL		0x20000

#define PROCESSOR_ARCHITECTURE_AMD64	9
#define PROCESSOR_ARCHITECTURE_ARM64	12
#define PROCESSOR_ARCHITECTURE_INTEL	0
#define PROCESSOR_ARCHITECTURE_UNKNOWN	0xffff
#define MAXIMUM_PROCESSORS	64
#define ALL_PROCESSOR_GROUPS	0xffff

#define LANG_NEUTRAL		0x00
#define LANG_ENGLISH		0x09
#define SUBLANG_NEUTRAL		0x00
#define SUBLANG_DEFAULT		0x01
#define SUBLANG_ENGLISH_US	0x01
#define MAKELANGID(primary, sub)	((WORD)((WORD)(sub) << 10 | (primary)))

#define STATUS_SUCCESS			((NTSTATUS)0x00000000)
#define STATUS_TIMEOUT			((NTSTATUS)0x00000102)
#define STATUS_PENDING			((NTSTATUS)0x00000103)
#define STATUS_UNSUCCESSFUL		((NTSTATUS)0xc0000001)
#define STATUS_INVALID_HANDLE		((NTSTATUS)0xc0000008)
#define STATUS_INVALID_PARAMETER	((NTSTATUS)0xc000000d)
#define STATUS_END_OF_FILE		((NTSTATUS)0xc0000011)
#define STATUS_CANCELLED		((NTSTATUS)0xc0000120)
#define NT_SUCCESS(status)		((NTSTATUS)(status) >= 0)

#endif /* REGBUF_WIN_WINNT_H */
