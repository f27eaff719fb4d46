/* SPDX-License-Identifier: MIT */
#ifndef REGBUF_WIN_MMSYSTEM_H
#define REGBUF_WIN_MMSYSTEM_H

#include "timeapi.h"

#endif /* REGBUF_WIN_MMSYSTEM_H */
