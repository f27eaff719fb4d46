// SPDX-License-Identifier: GPL-2.0
/*
 * As much about x86-64 instructions as there is need to know.
 */
#include <string.h>

#include "../mark.h"
#include "x86.h"

static bool is_prefix(uint8_t byte)
{
	static const uint8_t prefixes[] = {
		0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3,
	};

	return memchr(prefixes, byte, sizeof(prefixes));
}

static bool is_rex(uint8_t byte)
{
	return (byte & 0xf0) == 0x40;
}

/* Begins with the lock prefix, among others; or is xchg with memory. */
bool x86_is_locked(const uint8_t *bytes, size_t size)
{
	size_t i = 0;

	for (; i < size && (is_prefix(bytes[i]) || bytes[i] == 0xf0); i++)
		if (bytes[i] == 0xf0)
			return true;
	if (i < size && is_rex(bytes[i]))
		i++;
	return i + 1 < size && (bytes[i] == 0x86 || bytes[i] == 0x87) &&
	       bytes[i + 1] >> 6 != 3;
}

/* Direct, or through a register or memory. */
bool x86_is_call(const uint8_t *bytes, size_t size)
{
	size_t i = 0;

	while (i < size && (is_prefix(bytes[i]) || is_rex(bytes[i])))
		i++;
	if (i < size && bytes[i] == 0xe8)
		return true;
	return i + 1 < size && bytes[i] == 0xff &&
	       (bytes[i + 1] >> 3 & 7) == 2;
}

unsigned int x86_mark(const uint8_t *bytes, size_t size)
{
	static const uint8_t mark[] = { 0x0f, 0x1f, 0x80 };
	uint32_t value;

	if (size != sizeof(mark) + sizeof(value) ||
	    memcmp(bytes, mark, sizeof(mark)))
		return 0;
	memcpy(&value, bytes + sizeof(mark), sizeof(value));
	return value >> 8 == MARK_MAGIC ? value & 0xff : 0;
}
