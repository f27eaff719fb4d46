// SPDX-License-Identifier: GPL-2.0
/*
 * What programs see: all that people see, as one object.
 */
#include <errno.h>
#include <jansson.h>

#include "perf.h"

#define FORM	(JSON_INDENT(2) | JSON_REAL_PRECISION(12))

static json_t *interval_json(const struct interval *step)
{
	double seconds = step->to - step->from;

	return json_pack("{s:f, s:f, s:I, s:I, s:f, s:f}",
			 "from", step->from, "to", step->to,
			 "bytes", (json_int_t)step->bytes,
			 "messages", (json_int_t)step->messages,
			 "bits_per_second",
			 seconds > 0 ? step->bytes * 8 / seconds : 0.0,
			 "messages_per_second",
			 seconds > 0 ? step->messages / seconds : 0.0);
}

static json_t *intervals_json(const struct test *test)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < test->nr_intervals; i++)
		json_array_append_new(list,
				      interval_json(&test->intervals[i]));
	return list;
}

static json_t *total_json(const struct test *test)
{
	struct interval total;

	test_total(test, &total);
	return interval_json(&total);
}

static json_t *streams_json(const struct test *test)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < test->opt.streams; i++) {
		const struct stream *s = &test->streams[i];

		json_t *one = json_pack("{s:I, s:I}",
					"bytes", (json_int_t)s->bytes,
					"messages", (json_int_t)s->messages);

		json_array_append_new(list, one);
	}
	return list;
}

static json_t *cpu_json(const struct test *test)
{
	const struct cpu *a = &test->before, *b = &test->after;

	return json_pack("{s:f, s:f, s:f, s:f}",
			 "process_user_seconds", b->user - a->user,
			 "process_system_seconds", b->system - a->system,
			 "machine_seconds", b->machine - a->machine,
			 "machine_cpus", b->processors);
}

static json_t *copied_json(const struct test *test)
{
	double copied = report_copied(test);

	return copied < 0 ? json_null() : json_real(copied);
}

static json_t *work_json(const struct test *test)
{
	const struct options *opt = &test->opt;

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:b}",
			 "version", REGBUF_VERSION,
			 "protocol", opt->udp ? "udp" : "tcp",
			 "family", test->family == AF_INET ? "ipv4" : "ipv6",
			 "peer", test->peer,
			 "mode", test->mode->name,
			 "port", test->port, "size", opt->size,
			 "depth", opt->depth, "streams", opt->streams,
			 "verify", opt->verify);
}

int json_report(const struct test *test)
{
	bool server = test->opt.server;
	json_t *all = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
				"role", server ? "server" : "client",
				"work", work_json(test),
				"intervals", intervals_json(test),
				"streams", streams_json(test),
				"total", total_json(test),
				"cpu", cpu_json(test),
				"received", control_receipt(&test->receipt));
	int err;

	if (all && !server)
		json_object_set_new(all, "copied_percent", copied_json(test));
	err = all ? json_dumpf(all, stdout, FORM) : -1;
	json_decref(all);
	if (err || putchar('\n') == EOF || fflush(stdout))
		return perf_fail(NULL, "writing JSON", -EIO);
	return 0;
}
