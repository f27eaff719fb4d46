// SPDX-License-Identifier: GPL-2.0
/*
 * The module, its device, and who may open that.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <regbuf.h>

#include "doctor.h"

#define NUMBER	"/sys/class/misc/regbuf/dev"
#define RULE	"install 60-regbuf.rules, then: udevadm control --reload; " \
		"udevadm trigger --name-match=regbuf"

void doctor_module(struct doctor *d)
{
	char version[64];

	if (access("/sys/module/regbuf", F_OK)) {
		doctor_say(d, "module", VERDICT_BAD, "it is not loaded");
		doctor_mend(d, "modprobe regbuf");
		return;
	}
	if (!doctor_read("/sys/module/regbuf/version", version,
			 sizeof(version)))
		snprintf(version, sizeof(version), "unknown");
	doctor_say(d, "module", VERDICT_OK, "loaded, version %s", version);
	if (strcmp(version, REGBUF_VERSION)) {
		d->findings[d->nr - 1].verdict = VERDICT_WARN;
		doctor_mend(d, "install the release that this is of: %s",
			    REGBUF_VERSION);
	}
}

/* The name of a group, or of nobody's. */
static const char *group_name(gid_t gid)
{
	const struct group *group = getgrgid(gid);

	return group ? group->gr_name : "without a name";
}

/* Who but root may open it? */
static void device_mode(struct doctor *d, const struct stat *st)
{
	if (st->st_mode & 0006) {
		doctor_say(d, "device", VERDICT_WARN,
			   REGBUF_DEVICE ": everybody may open it (mode %03o)",
			   st->st_mode & 0777);
		doctor_mend(d, "chmod o= " REGBUF_DEVICE);
	} else if (!st->st_gid || !(st->st_mode & 0060)) {
		doctor_say(d, "device", VERDICT_WARN,
			   REGBUF_DEVICE ": root alone may open it");
		doctor_mend(d, "groupadd --system regbuf; " RULE);
	} else {
		doctor_say(d, "device", VERDICT_OK,
			   REGBUF_DEVICE ": group %s may open it (mode %03o)",
			   group_name(st->st_gid), st->st_mode & 0777);
	}
}

static bool in_group(gid_t gid)
{
	gid_t groups[1024];
	int nr = getgroups(1024, groups);

	while (nr-- > 0)
		if (groups[nr] == gid)
			return true;
	return getegid() == gid;
}

static void not_allowed(struct doctor *d, const struct stat *st)
{
	const struct passwd *user = getpwuid(geteuid());

	doctor_say(d, "access", VERDICT_BAD, "you may not open it%s",
		   in_group(st->st_gid) ? " though you are in its group" :
					  ": you are not in its group");
	if (!st->st_gid)
		doctor_mend(d, "mend the device first");
	else
		doctor_mend(d, "usermod --append --groups %s %s; log in again",
			    group_name(st->st_gid),
			    user ? user->pw_name : "YOU");
}

static void device_access(struct doctor *d, const struct stat *st)
{
	struct regbuf *rb;
	int err = regbuf_open(&rb);

	if (err == -EACCES || err == -EPERM) {
		not_allowed(d, st);
		return;
	}
	if (err) {
		doctor_say(d, "access", VERDICT_BAD, "it cannot be opened: %s",
			   regbuf_strerror(err));
		doctor_mend(d, "rmmod regbuf; modprobe regbuf");
		return;
	}
	regbuf_close(rb);
	doctor_say(d, "access", VERDICT_OK, "you may open it");
}

void doctor_device(struct doctor *d)
{
	struct stat st;

	if (stat(REGBUF_DEVICE, &st) || !S_ISCHR(st.st_mode)) {
		doctor_say(d, "device", VERDICT_BAD,
			   "there is no device " REGBUF_DEVICE);
		if (access(NUMBER, F_OK))
			doctor_mend(d, "modprobe regbuf");
		else
			doctor_mend(d, "mknod " REGBUF_DEVICE
				    " c $(tr : ' ' < %s)", NUMBER);
		return;
	}
	device_mode(d, &st);
	device_access(d, &st);
}
