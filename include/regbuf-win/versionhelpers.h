/* SPDX-License-Identifier: MIT */
/* Programs ask before they use RIO: it is here as in each of these. */
#ifndef REGBUF_WIN_VERSIONHELPERS_H
#define REGBUF_WIN_VERSIONHELPERS_H

#include "minwindef.h"

#define IsWindowsXPOrGreater()		TRUE
#define IsWindowsVistaOrGreater()	TRUE
#define IsWindows7OrGreater()		TRUE
#define IsWindows7SP1OrGreater()	TRUE
#define IsWindows8OrGreater()		TRUE
#define IsWindows8Point1OrGreater()	TRUE
#define IsWindows10OrGreater()		TRUE
#define IsWindowsServer()		FALSE

#endif /* REGBUF_WIN_VERSIONHELPERS_H */
