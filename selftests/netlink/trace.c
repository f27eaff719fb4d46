// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints: what one send does is to be read, in order.
 */
#include "regbuf_lane.h"
#include "kselftest_harness.h"

#include <sys/mount.h>

#define TRACING		"/sys/kernel/tracing/"
#define EVENTS		TRACING "events/regbuf/"

FIXTURE(trace) {
	struct rb_qrig qr;
	char text[65536];
};

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

FIXTURE_SETUP(trace)
{
	if (access(TRACING "trace", F_OK))
		ASSERT_EQ(0, mount("trace", TRACING, "tracefs", 0, NULL));
	ASSERT_EQ(0, rb_qrig_setup(&self->qr, AF_INET, SOCK_STREAM, false,
				   4 * RB_PAGE, 4));
	ASSERT_EQ(0, put(TRACING "trace", ""));
	ASSERT_EQ(0, put(EVENTS "enable", "1"));
}

FIXTURE_TEARDOWN(trace)
{
	EXPECT_EQ(0, put(EVENTS "enable", "0"));
	EXPECT_EQ(0, rb_qrig_close(&self->qr));
}

static int look(FIXTURE_DATA(trace) *self)
{
	int fd = open(TRACING "trace", O_RDONLY | O_CLOEXEC);
	ssize_t n = 0, len = 0;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, self->text + len,
			 sizeof(self->text) - 1 - len)) > 0)
		len += n;
	self->text[len] = 0;
	close(fd);
	return 0;
}

/* A line of that event with these words in order; where it is, or NULL. */
static const char *has(const char *text, const char *event, const char *words)
{
	const char *at = text, *end;
	char line[512];

	while (at && (at = strstr(at, event))) {
		end = strchr(at, '\n');
		snprintf(line, sizeof(line), "%.*s",
			 end ? (int)(end - at) : (int)strlen(at), at);
		if (strstr(line, words))
			return at;
		at = end;
	}
	return NULL;
}

static int traced(FIXTURE_DATA(trace) *self, const char *event,
		  const char *words)
{
	if (!look(self) && has(self->text, event, words))
		return 1;
	fprintf(stderr, "# no %s%s\n", event, words);
	return 0;
}

TEST_F(trace, one_send)
{
	const char *submit, *board, *end, *complete;
	struct regbuf_cqe cqe;

	rb_qrig_send(&self->qr, 0, RB_PAGE, 0x77);
	ASSERT_EQ(0, rb_q_submit_all(&self->qr.q));
	ASSERT_EQ(0, rb_q_one(&self->qr.q, &cqe));
	ASSERT_EQ(0, look(self));
	submit = has(self->text, "regbuf_submit: ", "user_data=0x77");
	board = has(self->text, "regbuf_flight: ",
		    "board requests=0 bytes=4096");
	end = has(self->text, "regbuf_flight: ", "end requests=1 bytes=4096");
	complete = has(self->text, "regbuf_complete: ",
		       "user_data=0x77 error=0 value=4096");
	ASSERT_NE(NULL, submit);
	ASSERT_NE(NULL, board);
	ASSERT_NE(NULL, end);
	ASSERT_NE(NULL, complete);
	EXPECT_LT(submit, board);
	EXPECT_LT(board, end);
	EXPECT_LT(end, complete);
	EXPECT_EQ(NULL, has(self->text, "regbuf_copy: ", ""));
}

TEST_F(trace, refusals_copies_and_buffers)
{
	struct rb_rig *rig = &self->qr.rig;
	struct regbuf_cqe cqe;
	__u64 id;

	rb_qrig_send(&self->qr, 0, 10, 1);
	ASSERT_EQ(0, rb_q_submit_all(&self->qr.q));
	ASSERT_EQ(0, rb_q_one(&self->qr.q, &cqe));
	EXPECT_TRUE(traced(self, "regbuf_copy: ", "reason=8 bytes=10"));
	ASSERT_EQ(0, rb_register(rig->dev, rig->mem, 100, RB_READ, &id));
	EXPECT_TRUE(traced(self, "regbuf_register: ",
			   "length=100 access=1 pages=1 err=0"));
	EXPECT_EQ(-EINVAL, rb_register(rig->dev, rig->mem, 0, RB_READ, &id));
	EXPECT_EQ(-EFAULT, rb_register(rig->dev, NULL, 100, RB_READ, &id));
	EXPECT_TRUE(traced(self, "regbuf_register: ", "err=-14"));
	ASSERT_EQ(0, rb_deregister(rig->dev, rig->id));
	EXPECT_TRUE(traced(self, "regbuf_deregister: ",
			   "flags=0x0 in_flight=0"));
	rb_qrig_send(&self->qr, 0, 10, 2);
	EXPECT_EQ(-ESTALE, rb_q_submit_all(&self->qr.q));
	EXPECT_TRUE(traced(self, "regbuf_submit: ", "err=-116"));
}

#include "regbuf_main.h"
