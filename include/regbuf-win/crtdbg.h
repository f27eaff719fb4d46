/* SPDX-License-Identifier: MIT */
#ifndef REGBUF_WIN_CRTDBG_H
#define REGBUF_WIN_CRTDBG_H

#include <assert.h>

#include "crt.h"

#define _ASSERT(what)	assert(what)
#define _ASSERTE(what)	assert(what)

#endif /* REGBUF_WIN_CRTDBG_H */
