// SPDX-License-Identifier: GPL-2.0
/*
 * json POINTER: read JSON from standard input, one document after the other,
 * and print what each has at POINTER (RFC 6901), "" for all; of an array or an
 * object how many members it has. Fails unless there is a document, each is
 * well-formed, and each has it.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1 << 20];

static void print(struct json_object *value)
{
	if (json_object_is_type(value, json_type_array))
		printf("%zu\n", json_object_array_length(value));
	else if (json_object_is_type(value, json_type_object))
		printf("%d\n", json_object_object_length(value));
	else
		printf("%s\n", json_object_get_string(value));
}

/* Where the next document begins; NULL if this one is bad. */
static const char *document(struct json_tokener *parser, const char *from,
			    const char *pointer)
{
	struct json_object *all, *value;
	int err;

	json_tokener_reset(parser);
	all = json_tokener_parse_ex(parser, from, strlen(from) + 1);
	if (json_tokener_get_error(parser) != json_tokener_success)
		return NULL;
	err = json_pointer_get(all, pointer, &value);
	if (!err)
		print(value);
	json_object_put(all);
	from += json_tokener_get_parse_end(parser);
	return err ? NULL : from + strspn(from, "\n");
}

int main(int argc, char **argv)
{
	struct json_tokener *parser = json_tokener_new();
	size_t len = fread(text, 1, sizeof(text) - 1, stdin);
	const char *from = text;

	if (argc != 2 || !parser || !len || memchr(text, '\0', len))
		return 1;
	/* What is left is more documents, or not. */
	json_tokener_set_flags(parser, JSON_TOKENER_VALIDATE_UTF8);
	do {
		from = document(parser, from, argv[1]);
	} while (from && *from);
	json_tokener_free(parser);
	return !from;
}
