/* SPDX-License-Identifier: MIT */
/* Heaps: malloc(), and what a heap still has is freed with it. */
#ifndef REGBUF_WIN_HEAPAPI_H
#define REGBUF_WIN_HEAPAPI_H

#include "minwindef.h"

#define HEAP_NO_SERIALIZE	0x1
#define HEAP_ZERO_MEMORY	0x8

REGBUF_WIN_API HANDLE WINAPI GetProcessHeap(void);
/* It grows as it needs to: the sizes are not looked at. */
REGBUF_WIN_API HANDLE WINAPI HeapCreate(DWORD flags, SIZE_T initial,
					SIZE_T maximum);
/* Nobody may be using it. */
REGBUF_WIN_API BOOL WINAPI HeapDestroy(HANDLE heap);
REGBUF_WIN_API LPVOID WINAPI HeapAlloc(HANDLE heap, DWORD flags, SIZE_T size);
REGBUF_WIN_API LPVOID WINAPI HeapReAlloc(HANDLE heap, DWORD flags,
					 LPVOID memory, SIZE_T size);
REGBUF_WIN_API BOOL WINAPI HeapFree(HANDLE heap, DWORD flags, LPVOID memory);
REGBUF_WIN_API SIZE_T WINAPI HeapSize(HANDLE heap, DWORD flags,
				      LPCVOID memory);

#endif /* REGBUF_WIN_HEAPAPI_H */
