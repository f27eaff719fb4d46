/* SPDX-License-Identifier: GPL-2.0 */
#ifndef JSON_H
#define JSON_H

/*
 * JSON, by the tables of records.c. Without memory for it the program ends.
 */

#include <json-c/json.h>

#include "cmd.h"
#include "records.h"

struct json_object *json_record(const struct kind *kind, const void *item);
struct json_object *json_records(const struct kind *kind,
				 const struct records *records);

/* Add members to an object. */
void json_add(struct json_object *to, const char *name,
	      struct json_object *value);
void json_text(struct json_object *to, const char *name, const char *text);
void json_number(struct json_object *to, const char *name, uint64_t number);

/* Print, and drop. The last one on a line by itself, to be read at once. */
enum status json_print(struct json_object *object);
enum status json_line(struct json_object *object);

#endif
