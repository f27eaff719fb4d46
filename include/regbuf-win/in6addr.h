/* SPDX-License-Identifier: MIT */
#ifndef REGBUF_WIN_IN6ADDR_H
#define REGBUF_WIN_IN6ADDR_H

#include "minwindef.h"

/* In network byte order. */
typedef struct in6_addr {
	union {
		UCHAR Byte[16];
		USHORT Word[8];
	} u;
} IN6_ADDR, *PIN6_ADDR, FAR *LPIN6_ADDR;

#define in_addr6	in6_addr
#define _S6_un		u
#define _S6_u8		Byte
#define s6_addr		_S6_un._S6_u8
#define s6_bytes	u.Byte
#define s6_words	u.Word

#endif /* REGBUF_WIN_IN6ADDR_H */
