/* SPDX-License-Identifier: MIT */
#ifndef REGBUF_WIN_WINDEF_H
#define REGBUF_WIN_WINDEF_H

#include "minwindef.h"

#endif /* REGBUF_WIN_WINDEF_H */
