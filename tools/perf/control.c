// SPDX-License-Identifier: GPL-2.0
/*
 * Client and server talk over a connection of its own, in lines of JSON, each
 * the answer to the one before: the client says what is to come, the server
 * that it is ready; the client how much it was, the server what it got. Either
 * may say "error" instead.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "perf.h"

#define LINE	65536

int control_put(struct test *test, json_t *words)
{
	char *text = words ? json_dumps(words, JSON_COMPACT) : NULL;
	int err = text ? 0 : -ENOMEM;

	json_decref(words);
	if (text && dprintf(fileno(test->control), "%s\n", text) < 0)
		err = -errno;
	free(text);
	return err ? perf_fail(test, "talking to the other side", err) : 0;
}

void control_give_up(struct test *test)
{
	if (test->control)
		control_put(test, json_pack("{s:s}", "error",
					    test->complaint));
}

static json_t *parse(struct test *test, const char *line)
{
	json_t *words = json_loads(line, 0, NULL);
	const char *error = json_string_value(json_object_get(words, "error"));

	if (!json_is_object(words))
		perf_say(test, 0, "the other side is not regbuf-perf");
	else if (error)
		perf_say(test, 0, "%s: %.200s", test->peer, error);
	else
		return words;
	json_decref(words);
	return NULL;
}

json_t *control_get(struct test *test)
{
	char line[LINE];

	if (fgets(line, sizeof(line), test->control))
		return parse(test, line);
	perf_say(test, 0, "%s %s", test->peer, feof(test->control) ?
		 "hung up" : "says nothing");
	return NULL;
}

uint64_t control_number(const json_t *words, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(words, key));

	return value < 0 ? 0 : value;
}

json_t *control_receipt(const struct receipt *receipt)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I}",
			 "mode", receipt->mode,
			 "bytes", (json_int_t)receipt->bytes,
			 "messages", (json_int_t)receipt->messages,
			 "bad", (json_int_t)receipt->bad,
			 "gaps", (json_int_t)receipt->gaps);
}

void control_read_receipt(const json_t *words, struct receipt *receipt)
{
	const char *mode = json_string_value(json_object_get(words, "mode"));

	snprintf(receipt->mode, sizeof(receipt->mode), "%s",
		 mode ? mode : "?");
	receipt->bytes = control_number(words, "bytes");
	receipt->messages = control_number(words, "messages");
	receipt->bad = control_number(words, "bad");
	receipt->gaps = control_number(words, "gaps");
}
