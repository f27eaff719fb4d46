/* SPDX-License-Identifier: MIT */
/* The few that programs of this kind compare with. */
#ifndef REGBUF_WIN_NTSTATUS_H
#define REGBUF_WIN_NTSTATUS_H

#include "winnt.h"

#endif /* REGBUF_WIN_NTSTATUS_H */
