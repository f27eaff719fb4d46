/* SPDX-License-Identifier: MIT */
/*
 * Memory in pages. Blocks begin at multiples of 64 KiB, as there. The calls
 * know only what VirtualAlloc() made: other memory is ERROR_INVALID_ADDRESS.
 */
#ifndef REGBUF_WIN_MEMORYAPI_H
#define REGBUF_WIN_MEMORYAPI_H

#include "winnt.h"

/*
 * MEM_LARGE_PAGES needs huge pages that the administrator set aside
 * (vm.nr_hugepages): without it is ERROR_NO_SYSTEM_RESOURCES.
 */
REGBUF_WIN_API LPVOID WINAPI VirtualAlloc(LPVOID address, SIZE_T size,
					  DWORD type, DWORD protect);
REGBUF_WIN_API BOOL WINAPI VirtualFree(LPVOID address, SIZE_T size,
				       DWORD type);
REGBUF_WIN_API BOOL WINAPI VirtualProtect(LPVOID address, SIZE_T size,
					  DWORD protect, PDWORD before);

/* @process is GetCurrentProcess(); others are ERROR_ACCESS_DENIED. */
REGBUF_WIN_API LPVOID WINAPI VirtualAllocEx(HANDLE process, LPVOID address,
					    SIZE_T size, DWORD type,
					    DWORD protect);
REGBUF_WIN_API BOOL WINAPI VirtualFreeEx(HANDLE process, LPVOID address,
					 SIZE_T size, DWORD type);
REGBUF_WIN_API LPVOID WINAPI VirtualAllocExNuma(HANDLE process, LPVOID address,
						SIZE_T size, DWORD type,
						DWORD protect, DWORD node);

/* Any memory. Over RLIMIT_MEMLOCK it is ERROR_WORKING_SET_QUOTA. */
REGBUF_WIN_API BOOL WINAPI VirtualLock(LPVOID address, SIZE_T size);
REGBUF_WIN_API BOOL WINAPI VirtualUnlock(LPVOID address, SIZE_T size);

/* 0: there are none. */
REGBUF_WIN_API SIZE_T WINAPI GetLargePageMinimum(void);

#endif /* REGBUF_WIN_MEMORYAPI_H */
