// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf doctor: is this machine ready, and if not, how to mend it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "doctor.h"
#include "json.h"

static void (*const checks[])(struct doctor *d) = {
	doctor_module, doctor_device, doctor_memory, doctor_copying,
	doctor_cards, doctor_kernel, doctor_uring,
};

static const char *const verdicts[] = {
	[VERDICT_OK] = "ok",
	[VERDICT_WARN] = "warn",
	[VERDICT_BAD] = "bad",
};

void doctor_say(struct doctor *d, const char *check, enum verdict verdict,
		const char *format, ...)
{
	struct finding *f;
	va_list args;

	f = realloc(d->findings, (d->nr + 1) * sizeof(*f));
	if (!f) {
		perror("regbuf: doctor");
		exit(STATUS_FAILED);
	}
	d->findings = f;
	f += d->nr++;
	*f = (struct finding) { .check = check, .verdict = verdict };
	va_start(args, format);
	vsnprintf(f->text, sizeof(f->text), format, args);
	va_end(args);
}

void doctor_mend(struct doctor *d, const char *format, ...)
{
	struct finding *f = &d->findings[d->nr - 1];
	va_list args;

	va_start(args, format);
	vsnprintf(f->mend, sizeof(f->mend), format, args);
	va_end(args);
}

bool doctor_find(const char *path, const char *name, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, size, file))
		found = !strncmp(line, name, strlen(name));
	fclose(file);
	if (!found)
		return false;
	line[strcspn(line, "\n")] = '\0';
	memmove(line, line + strlen(name), strlen(line + strlen(name)) + 1);
	return true;
}

bool doctor_read(const char *path, char *line, size_t size)
{
	return doctor_find(path, "", line, size);
}

static void print(const struct finding *f)
{
	printf("%-5s %-10s %s\n", verdicts[f->verdict], f->check, f->text);
	if (f->mend[0])
		printf("%-5s %-10s -> %s\n", "", "", f->mend);
}

static struct json_object *finding_json(const struct finding *f)
{
	struct json_object *one = json_object_new_object();

	json_text(one, "check", f->check);
	json_text(one, "verdict", verdicts[f->verdict]);
	json_text(one, "text", f->text);
	if (f->mend[0])
		json_text(one, "mend", f->mend);
	return one;
}

static enum status print_json(const struct doctor *d)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < d->nr; i++)
		json_object_array_add(list, finding_json(&d->findings[i]));
	return json_print(list);
}

enum status cmd_doctor(const struct args *args)
{
	enum status status = STATUS_OK;
	struct doctor d = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(checks); i++)
		checks[i](&d);
	if (args->json)
		status = print_json(&d);
	for (i = 0; i < d.nr; i++) {
		if (!args->json)
			print(&d.findings[i]);
		if (d.findings[i].verdict == VERDICT_BAD)
			status = STATUS_FAILED;
	}
	free(d.findings);
	return status;
}
