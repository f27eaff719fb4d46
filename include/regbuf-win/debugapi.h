/* SPDX-License-Identifier: MIT */
/* Stopping where something is wrong. */
#ifndef REGBUF_WIN_DEBUGAPI_H
#define REGBUF_WIN_DEBUGAPI_H

#include "minwindef.h"

#define DebugBreak()	__builtin_trap()

#endif /* REGBUF_WIN_DEBUGAPI_H */
