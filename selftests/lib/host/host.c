// SPDX-License-Identifier: GPL-2.0
/*
 * What libregbuf does on a machine without the module: runs outside the VM, so
 * also with the sanitizers of user space.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <regbuf.h>

#define CHECK(what) do {						\
	if (!(what)) {							\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
		exit(1);						\
	}								\
} while (0)

static void no_device(void)
{
	struct regbuf *rb = (struct regbuf *)&rb;

	CHECK(regbuf_open(&rb) == -ENODEV);
	CHECK(!rb);
	regbuf_close(rb);
}

static void texts(void)
{
	int err;

	for (err = -200; err <= 0; err++)
		CHECK(regbuf_strerror(err) && *regbuf_strerror(err));
	CHECK(strcmp(regbuf_strerror(-ESTALE), regbuf_strerror(-ENOENT)));
	CHECK(!strcmp(regbuf_copy_reason(REGBUF_COPY_LOOPBACK), "loopback"));
	CHECK(regbuf_copy_reason(REGBUF_COPY_MAX));
	CHECK(regbuf_copy_reason(0xffffffffu));
	CHECK(*regbuf_version());
}

/* Every length of buffer: terminated, and nothing behind it touched. */
static void budget(void)
{
	struct regbuf_budget b = { .needed = 4096, .charged = 120,
				   .allowed = 2048 };
	char text[REGBUF_BUDGET_STRING_MAX + 1];
	size_t len, full;

	CHECK(!regbuf_budget_string(&b, text, sizeof(text)));
	full = strlen(text);
	CHECK(strstr(text, "4096") && strstr(text, "120") &&
	      strstr(text, "2048"));
	for (len = 0; len <= full; len++) {
		memset(text, '#', sizeof(text));
		CHECK(regbuf_budget_string(&b, text, len) == -ERANGE);
		CHECK(len == 0 || strlen(text) == len - 1);
		CHECK(text[len] == '#');
	}
	b = (struct regbuf_budget){ ~0ull, ~0ull, ~0ull, 0, 0, 0 };
	CHECK(!regbuf_budget_string(&b, text, REGBUF_BUDGET_STRING_MAX));
}

int main(void)
{
	no_device();
	texts();
	budget();
	return 0;
}
