/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CMD_H
#define CMD_H

/*
 * What the parts of the regbuf command share. Each subcommand has a file of its
 * own, which gets what it shows through nl.h.
 */

#include <stdbool.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What the program exits with, and each command returns. */
enum status {
	STATUS_OK,
	STATUS_FAILED,
	STATUS_USAGE,
	STATUS_NO_MODULE,
	STATUS_NOT_PERMITTED,
};

/* From the command line. */
struct args {
	int nr;			/* operands */
	char **operands;
	bool json;
	bool yes;
	bool stuck;
	uint64_t count;		/* rounds or events; 0: no end */
	double delay;		/* seconds */
};

/* Say what is wrong; return STATUS_USAGE. */
enum status usage(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/*
 * Operand @i, a number from 1 to @most that is named @what; if there is none,
 * @out stays as it is.
 */
enum status operand(const struct args *args, int i, const char *what,
		    uint64_t most, uint64_t *out);

enum status cmd_abort(const struct args *args);
enum status cmd_doctor(const struct args *args);
enum status cmd_list(const struct args *args);
enum status cmd_monitor(const struct args *args);
enum status cmd_show(const struct args *args);
enum status cmd_stat(const struct args *args);
enum status cmd_top(const struct args *args);

#endif
