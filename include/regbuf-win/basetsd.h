/* SPDX-License-Identifier: MIT */
#ifndef REGBUF_WIN_BASETSD_H
#define REGBUF_WIN_BASETSD_H

#include "minwindef.h"

#endif /* REGBUF_WIN_BASETSD_H */
