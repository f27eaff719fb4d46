// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel has or lacks that matters to zero copy, and whether io_uring
 * can be used beside us.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd.h"
#include "doctor.h"

#define FIX	"the fix of CVE-2026-46323, for SEND_ZC of io_uring"

struct release {
	int major;
	int minor;
	int patch;
};

/*
 * CVE-2026-46323: frags managed by whoever sends them, as io_uring's SEND_ZC
 * does and we do not, outlive their pages in GRO. From 6.0; fixed in
 */
static const struct release managed_fixed[] = {
	{ 6, 1, 176 }, { 6, 6, 142 }, { 6, 12, 92 }, { 6, 18, 34 },
	{ 7, 0, 11 },
};

static bool parse(const char *text, struct release *r)
{
	return sscanf(text, "%d.%d.%d", &r->major, &r->minor, &r->patch) == 3;
}

/*
 * What upstream release the kernel is. A distribution's release may lack the
 * third number: Debian's is in the version; of others we only trust those that
 * carry no name of a distribution.
 */
static bool release_of(const struct utsname *name, struct release *r)
{
	const char *debian = strstr(name->version, "Debian ");

	if (debian)
		return parse(debian + strlen("Debian "), r);
	return !strchr(name->release, '-') && parse(name->release, r);
}

/* 1, 0, or -1 if nobody can tell. */
static int managed_is_fixed(const struct release *r)
{
	size_t i;

	if (r->major < 6 || r->major > 7 || (r->major == 7 && r->minor))
		return 1;
	for (i = 0; i < ARRAY_SIZE(managed_fixed); i++)
		if (r->major == managed_fixed[i].major &&
		    r->minor == managed_fixed[i].minor)
			return r->patch >= managed_fixed[i].patch;
	return -1;
}

static void managed_frags(struct doctor *d, const struct utsname *name)
{
	struct release r;
	int fixed = release_of(name, &r) ? managed_is_fixed(&r) : -1;

	if (fixed < 0)
		doctor_say(d, "kernel", VERDICT_OK,
			   FIX ": cannot tell of %s; regbuf does without",
			   name->release);
	else
		doctor_say(d, "kernel", fixed ? VERDICT_OK : VERDICT_WARN,
			   FIX ": %d.%d.%d %s; regbuf does without", r.major,
			   r.minor, r.patch, fixed ? "has it" : "lacks it");
	if (!fixed)
		doctor_mend(d, "install a newer kernel, or do not use SEND_ZC");
}

/* Is there a function of the kernel's by this name? -1: nobody can tell. */
static int has_symbol(const char *name)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[256], symbol[128];
	int found = -1;

	if (!file)
		return -1;
	while (found < 1 && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*s %127s", symbol) == 1)
			found = !strcmp(symbol, name);
	fclose(file);
	return found;
}

/* Since Linux 6.10, by this function. */
static void linked_sends(struct doctor *d)
{
	static const char *const words[] = {
		"may or may not put", "does not put", "puts"
	};

	doctor_say(d, "kernel", VERDICT_OK,
		   "io_uring %s several sends into a packet; regbuf always can",
		   words[has_symbol("io_link_skb") + 1]);
}

void doctor_kernel(struct doctor *d)
{
	struct utsname name;

	uname(&name);
	managed_frags(d, &name);
	linked_sends(d);
}

/* Why io_uring cannot be had; NULL if it can. A null pointer makes no ring. */
static const char *uring_refused(void)
{
	char line[64];

	if (!syscall(SYS_io_uring_setup, 1, NULL) || errno == EFAULT)
		return NULL;
	if (doctor_read("/proc/sys/kernel/io_uring_disabled", line,
			sizeof(line)) && line[0] != '0')
		return line[0] == '1' ?
			"kernel.io_uring_disabled is 1: for a group alone" :
			"kernel.io_uring_disabled is 2";
	if (doctor_find("/proc/self/status", "Seccomp:", line, sizeof(line)) &&
	    atoi(line))
		return "a seccomp filter refuses it";
	return strerror(errno);
}

void doctor_uring(struct doctor *d)
{
	const char *why = uring_refused();

	doctor_say(d, "io_uring", VERDICT_OK, "%s%s; regbuf does without",
		   why ? "cannot be used: " : "can be used", why ? why : "");
}
