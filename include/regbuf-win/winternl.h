/* SPDX-License-Identifier: MIT */
/* Types only: none of the calls of ntdll is here. */
#ifndef REGBUF_WIN_WINTERNL_H
#define REGBUF_WIN_WINTERNL_H

#include "winnt.h"

#endif /* REGBUF_WIN_WINTERNL_H */
