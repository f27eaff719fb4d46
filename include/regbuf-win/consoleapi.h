/* SPDX-License-Identifier: MIT */
/* What ends a program: Ctrl-C and the like. */
#ifndef REGBUF_WIN_CONSOLEAPI_H
#define REGBUF_WIN_CONSOLEAPI_H

#include "minwindef.h"

#define CTRL_C_EVENT		0
#define CTRL_BREAK_EVENT	1
#define CTRL_CLOSE_EVENT	2
#define CTRL_SHUTDOWN_EVENT	6

typedef BOOL (WINAPI *PHANDLER_ROUTINE)(DWORD type);

/*
 * @routine runs in a thread of the library's. CTRL_C_EVENT is SIGINT,
 * CTRL_BREAK_EVENT is SIGQUIT, CTRL_CLOSE_EVENT is SIGHUP and
 * CTRL_SHUTDOWN_EVENT is SIGTERM: from the first call on, the library handles
 * them. The last routine that was added is asked first; if none returns TRUE,
 * the signal is what it was before. NULL: whether to ignore SIGINT.
 */
REGBUF_WIN_API BOOL WINAPI SetConsoleCtrlHandler(PHANDLER_ROUTINE routine,
						 BOOL add);

#endif /* REGBUF_WIN_CONSOLEAPI_H */
