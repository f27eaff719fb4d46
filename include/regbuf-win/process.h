/* SPDX-License-Identifier: MIT */
/* Threads by the C library's calls, which are CreateThread()'s here. */
#ifndef REGBUF_WIN_PROCESS_H
#define REGBUF_WIN_PROCESS_H

#include "minwindef.h"

typedef unsigned int (__stdcall *_beginthreadex_proc_type)(void *parameter);
typedef void (__cdecl *_beginthread_proc_type)(void *parameter);

/* 0 and errno if it failed; otherwise a handle, to be closed. */
REGBUF_WIN_API uintptr_t
_beginthreadex(void *attributes, unsigned int stack,
	       _beginthreadex_proc_type routine, void *parameter,
	       unsigned int flags, unsigned int *id);

/* -1 and errno if it failed. The handle is closed when the thread ends. */
REGBUF_WIN_API uintptr_t _beginthread(_beginthread_proc_type routine,
				      unsigned int stack, void *parameter);

REGBUF_WIN_API void _endthreadex(unsigned int code)
	__attribute__((__noreturn__));
REGBUF_WIN_API void _endthread(void) __attribute__((__noreturn__));

#endif /* REGBUF_WIN_PROCESS_H */
