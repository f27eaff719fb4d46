/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PRINT_H
#define PRINT_H

/*
 * What people read: numbers, addresses, tables. Functions that are given room
 * for a text return it.
 */

#include <stdint.h>

#include "records.h"

#define PRINT_SIZE	16	/* room for print_size() */
#define PRINT_SOCKET	80	/* for print_socket() */
#define PRINT_NAMES	80	/* for print_names() */
#define PRINT_USER	33	/* for print_user() */
#define PRINT_AGE	24	/* for print_age() */

/* As "4096 B" or "7.5 MiB". */
const char *print_size(uint64_t bytes, char *room);

/* An address without its port; room for INET6_ADDRSTRLEN. */
const char *print_host(const struct address *address, char *room);

/* Address and port, as "10.0.0.1:80", "[::1]:80", or "*". */
const char *print_socket(const struct address *address, uint16_t port,
			 char *room);

/* The names of bits, with commas between; "-" if there is none. */
const char *print_names(const struct names *names, uint32_t bits, char *room);

/* The name of a user, or his number. */
const char *print_user(uint32_t uid, char *room);

/* Milliseconds as "12 ms", "3.4 s", "5 min". */
const char *print_age(uint64_t ms, char *room);

/* The one whose value is @value, or "?". */
const char *print_name(const struct names *names, uint32_t value);

/* Lines of a struct stats. */
void print_stats(const struct stats *stats);

/* One such line. */
void print_number(const char *name, uint64_t value);

#endif
