/* SPDX-License-Identifier: MIT */
/* The last error of each thread. */
#ifndef REGBUF_WIN_ERRHANDLINGAPI_H
#define REGBUF_WIN_ERRHANDLINGAPI_H

#include "minwindef.h"

/* The calling thread's. WSAGetLastError() reads the same. */
REGBUF_WIN_API DWORD WINAPI GetLastError(void);
REGBUF_WIN_API void WINAPI SetLastError(DWORD code);

#endif /* REGBUF_WIN_ERRHANDLINGAPI_H */
