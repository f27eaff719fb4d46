// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <regbuf.h>

#include "json.h"
#include "print.h"

void json_add(struct json_object *to, const char *name,
	      struct json_object *value)
{
	if (!to || !value || json_object_object_add(to, name, value)) {
		fprintf(stderr, "regbuf: no memory for JSON\n");
		exit(STATUS_FAILED);
	}
}

void json_text(struct json_object *to, const char *name, const char *text)
{
	json_add(to, name, json_object_new_string(text));
}

void json_number(struct json_object *to, const char *name, uint64_t number)
{
	json_add(to, name, json_object_new_uint64(number));
}

/* Reasons of a newer kernel, that the library does not know, go together. */
static struct json_object *copied_json(const uint64_t *copied)
{
	struct json_object *object = json_object_new_object();
	uint64_t unknown = 0;
	unsigned int i;

	for (i = 0; i < REGBUF_COPY_MAX; i++) {
		const char *name = regbuf_copy_reason(i);

		if (strcmp(name, "unknown"))
			json_number(object, name, copied[i]);
		else
			unknown += copied[i];
	}
	json_number(object, "unknown", unknown);
	return object;
}

static struct json_object *names_json(const struct names *names, uint32_t bits)
{
	struct json_object *list = json_object_new_array(), *name;
	uint32_t i;

	for (i = 0; i < names->nr; i++) {
		if (!(bits & 1u << i))
			continue;
		name = json_object_new_string(names->list[i]);
		json_object_array_add(list, name);
	}
	return list;
}

/* A number that has no name is a number. */
static struct json_object *name_json(const struct names *names, uint32_t value)
{
	const char *name = record_name(names, value);

	return name ? json_object_new_string(name) :
		      json_object_new_uint64(value);
}

static struct json_object *address_json(const struct address *address)
{
	char text[INET6_ADDRSTRLEN];

	return json_object_new_string(print_host(address, text));
}

static struct json_object *field_json(const struct field *field,
				      const void *member)
{
	switch ((enum field_type)field->type) {
	case FIELD_U16:
		return json_object_new_uint64(*(const uint16_t *)member);
	case FIELD_U32:
		return json_object_new_uint64(*(const uint32_t *)member);
	case FIELD_U64:
		return json_object_new_uint64(*(const uint64_t *)member);
	case FIELD_FLAG:
		return json_object_new_boolean(*(const bool *)member);
	case FIELD_TEXT:
		return json_object_new_string(member);
	case FIELD_ADDRESS:
		return address_json(member);
	case FIELD_COPIED:
		return copied_json(member);
	case FIELD_STATS:
		return json_record(&kind_stats, member);
	case FIELD_NAME:
		return name_json(field->names, *(const uint32_t *)member);
	case FIELD_NAMES:
		return names_json(field->names, *(const uint32_t *)member);
	}
	return NULL;
}

struct json_object *json_record(const struct kind *kind, const void *item)
{
	struct json_object *object = json_object_new_object();
	const struct field *field;

	for (field = kind->fields; field->name; field++) {
		const void *member = record_member(item, field);

		if (!field->optional || record_is_set(field, member))
			json_add(object, field->name,
				 field_json(field, member));
	}
	return object;
}

struct json_object *json_records(const struct kind *kind,
				 const struct records *records)
{
	struct json_object *list = json_object_new_array();
	const char *item = records->items;
	size_t i;

	for (i = 0; i < records->nr; i++, item += kind->size)
		json_object_array_add(list, json_record(kind, item));
	return list;
}

static enum status print(struct json_object *object, int form)
{
	const char *text = json_object_to_json_string_ext(object, form);
	int bad = !text || puts(text) == EOF || fflush(stdout);

	json_object_put(object);
	if (bad) {
		perror("regbuf: writing JSON");
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

enum status json_print(struct json_object *object)
{
	return print(object, JSON_C_TO_STRING_PRETTY |
			     JSON_C_TO_STRING_NOSLASHESCAPE);
}

enum status json_line(struct json_object *object)
{
	return print(object, JSON_C_TO_STRING_PLAIN |
			     JSON_C_TO_STRING_NOSLASHESCAPE);
}
