/* SPDX-License-Identifier: MIT */
/* Versions of Windows: what is here is that of the version with I/O rings. */
#ifndef REGBUF_WIN_SDKDDKVER_H
#define REGBUF_WIN_SDKDDKVER_H

#include "minwindef.h"

#define _WIN32_WINNT_VISTA	0x0600
#define _WIN32_WINNT_WIN7	0x0601
#define _WIN32_WINNT_WIN8	0x0602
#define _WIN32_WINNT_WINBLUE	0x0603
#define _WIN32_WINNT_WIN10	0x0a00

#ifndef _WIN32_WINNT
#define _WIN32_WINNT		_WIN32_WINNT_WIN10
#endif
#ifndef WINVER
#define WINVER			_WIN32_WINNT
#endif

#endif /* REGBUF_WIN_SDKDDKVER_H */
