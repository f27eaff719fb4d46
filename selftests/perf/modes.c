// SPDX-License-Identifier: GPL-2.0
/*
 * regbuf-perf over loopback: what the server got is what the client sent, byte
 * by byte and datagram by datagram, in each mode; the figures agree with each
 * other; and what cannot be done is refused with its cause.
 */
#include <arpa/inet.h>
#include <jansson.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#define PROGRAM	"./regbuf-perf"
#define WORDS	32
#define STREAMS	2

/* A program that runs, and what it says. */
struct child {
	pid_t pid;
	int out;
	int err;
};

static void become(char **words, int out, int err, void (*prepare)(void))
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (prepare)
		prepare();
	execv(PROGRAM, words);
	_exit(127);
}

/* With these words, separated by blanks. */
static int child_start(struct child *child, const char *line,
		       void (*prepare)(void))
{
	char *words[WORDS] = { PROGRAM }, *copy = strdup(line), *rest = copy;
	int i = 1, out[2], err[2];

	while (i < WORDS - 1 && (words[i] = strsep(&rest, " ")))
		i++;
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return -1;
	child->pid = fork();
	if (!child->pid)
		become(words, out[1], err[1], prepare);
	close(out[1]);
	close(err[1]);
	child->out = out[0];
	child->err = err[0];
	free(copy);
	return child->pid < 0;
}

/* All that it says there, for as long as it does. */
static char *hear(int fd)
{
	static const size_t room = 1 << 20;
	char *text = calloc(1, room);
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, text + len, room - 1 - len);
		len += n > 0 ? n : 0;
	} while (n > 0);
	close(fd);
	return text;
}

/* Its exit status; its output and its complaints are the caller's. */
static int child_finish(struct child *child, char **out, char **err)
{
	int status = -1;

	*out = hear(child->out);
	*err = hear(child->err);
	waitpid(child->pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A server says first where it is; 0 if that is not what it says. */
static int server_start(struct child *server, const char *mode)
{
	char line[128] = "";
	int port = 0;
	size_t len = 0;

	snprintf(line, sizeof(line), "-s -1 -j -p 0 -m %s", mode);
	if (child_start(server, line, NULL))
		return 0;
	memset(line, 0, sizeof(line));
	while (len < sizeof(line) - 1 && !strchr(line, '\n') &&
	       read(server->err, line + len, 1) == 1)
		len++;
	sscanf(line, "regbuf-perf: port %d", &port);
	return port;
}

static json_int_t number(const json_t *object, const char *part,
			 const char *key)
{
	const json_t *value = json_object_get(json_object_get(object, part),
					      key);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* Of the members of a list. */
static json_int_t sum(const json_t *object, const char *list, const char *key)
{
	json_t *member;
	json_int_t all = 0;
	size_t i;

	json_array_foreach(json_object_get(object, list), i, member)
		all += json_integer_value(json_object_get(member, key));
	return all;
}

static const char *word(const json_t *object, const char *key)
{
	const json_t *work = json_object_get(object, "work");
	const char *value = json_string_value(json_object_get(work, key));

	return value ? value : "";
}

/*
 * In Linux 6.12's io_uring, what KASAN writes into a message at rest is taken
 * for the address of a vector.
 */
static bool uring_crashes(void)
{
	struct utsname name;

	return !access("/sys/kernel/debug/kmemleak", F_OK) && !uname(&name) &&
	       name.release[0] == '6';
}

static bool is_uring(const char *mode)
{
	return !strcmp(mode, "io_uring");
}

FIXTURE(perf)
{
	json_t *client;
	json_t *server;
};

FIXTURE_VARIANT(perf)
{
	const char *mode;
	const char *receive;
	bool udp;
	bool ipv6;
};

#define MODE(name, ...)	FIXTURE_VARIANT_ADD(perf, name) { __VA_ARGS__ }

MODE(tcp_send4, "send", "recv", false, false);
MODE(tcp_send6, "send", "recv", false, true);
MODE(tcp_writev4, "writev", "recv", false, false);
MODE(tcp_writev6, "writev", "recv", false, true);
MODE(tcp_zerocopy4, "zerocopy", "recv", false, false);
MODE(tcp_zerocopy6, "zerocopy", "recv", false, true);
MODE(tcp_io_uring4, "io_uring", "recv", false, false);
MODE(tcp_io_uring6, "io_uring", "recv", false, true);
MODE(tcp_regbuf4, "regbuf", "recv", false, false);
MODE(tcp_regbuf6, "regbuf", "recv", false, true);
MODE(tcp_to_io_uring4, "send", "io_uring", false, false);
MODE(tcp_to_io_uring6, "send", "io_uring", false, true);
MODE(tcp_to_regbuf4, "send", "regbuf", false, false);
MODE(tcp_to_regbuf6, "send", "regbuf", false, true);
MODE(tcp_regbuf_to_regbuf4, "regbuf", "regbuf", false, false);
MODE(tcp_regbuf_to_regbuf6, "regbuf", "regbuf", false, true);
MODE(udp_send4, "send", "recv", true, false);
MODE(udp_send6, "send", "recv", true, true);
MODE(udp_sendmmsg4, "writev", "recv", true, false);
MODE(udp_sendmmsg6, "writev", "recv", true, true);
MODE(udp_gso4, "gso", "recv", true, false);
MODE(udp_gso6, "gso", "recv", true, true);
MODE(udp_zerocopy4, "zerocopy", "recv", true, false);
MODE(udp_zerocopy6, "zerocopy", "recv", true, true);
MODE(udp_io_uring4, "io_uring", "recv", true, false);
MODE(udp_io_uring6, "io_uring", "recv", true, true);
MODE(udp_regbuf4, "regbuf", "recv", true, false);
MODE(udp_regbuf6, "regbuf", "recv", true, true);
MODE(udp_to_io_uring4, "send", "io_uring", true, false);
MODE(udp_to_io_uring6, "send", "io_uring", true, true);
MODE(udp_to_regbuf4, "send", "regbuf", true, false);
MODE(udp_to_regbuf6, "send", "regbuf", true, true);
MODE(udp_regbuf_to_regbuf4, "regbuf", "regbuf", true, false);
MODE(udp_regbuf_to_regbuf6, "regbuf", "regbuf", true, true);

/* The JSON of a program that ended well, or NULL. */
static json_t *outcome(struct child *child)
{
	char *out, *err;
	int status = child_finish(child, &out, &err);
	json_t *json = json_loads(out, 0, NULL);

	if (status || !json) {
		fprintf(stderr, "# status %d: %s%s", status, err, out);
		json_decref(json);
		json = NULL;
	}
	free(out);
	free(err);
	return json;
}

FIXTURE_SETUP(perf)
{
	/* Neither is a multiple of the other, nor of a page. */
	unsigned int size = variant->udp ? 1400 : 10007;
	unsigned int bytes = variant->udp ? 300000 : 4000000;
	struct child server, client;
	char line[256];
	int port;

	if ((is_uring(variant->mode) || is_uring(variant->receive)) &&
	    uring_crashes())
		SKIP(return, "not with this kernel's io_uring");
	port = server_start(&server, variant->receive);
	ASSERT_LT(0, port);
	snprintf(line, sizeof(line),
		 "-c %s -p %d -m %s -j -V -P %d -d 8 -l %u -n %u%s",
		 variant->ipv6 ? "::1" : "127.0.0.1", port, variant->mode,
		 STREAMS, size, bytes, variant->udp ? " -u" : "");
	ASSERT_EQ(0, child_start(&client, line, NULL));
	self->client = outcome(&client);
	self->server = outcome(&server);
	ASSERT_NE(NULL, self->client);
	ASSERT_NE(NULL, self->server);
}

FIXTURE_TEARDOWN(perf)
{
	json_decref(self->client);
	json_decref(self->server);
}

/* C1, C3, C4, C18: as much as was asked for, and the same at both ends. */
TEST_F(perf, all_arrives)
{
	json_int_t size = variant->udp ? 1400 : 10007;
	json_int_t bytes = variant->udp ? 300000 : 4000000;
	json_int_t messages = STREAMS * ((bytes + size - 1) / size);

	EXPECT_EQ(messages, number(self->client, "total", "messages"));
	EXPECT_EQ(messages * size, number(self->client, "total", "bytes"));
	EXPECT_EQ(messages, number(self->client, "received", "messages"));
	EXPECT_EQ(messages * size, number(self->client, "received", "bytes"));
	EXPECT_EQ(messages, number(self->server, "total", "messages"));
	EXPECT_EQ(messages * size, number(self->server, "total", "bytes"));
	EXPECT_EQ(0, number(self->client, "received", "bad"));
	EXPECT_EQ(0, number(self->client, "received", "gaps"));
}

static bool adds_up(const json_t *json)
{
	json_int_t bytes = number(json, "total", "bytes");
	json_int_t messages = number(json, "total", "messages");

	return sum(json, "intervals", "bytes") == bytes &&
	       sum(json, "intervals", "messages") == messages &&
	       sum(json, "streams", "bytes") == bytes &&
	       sum(json, "streams", "messages") == messages;
}

static bool says(const json_t *json, const char *mode, bool udp, bool ipv6)
{
	return !strcmp(word(json, "mode"), mode) &&
	       !strcmp(word(json, "protocol"), udp ? "udp" : "tcp") &&
	       !strcmp(word(json, "family"), ipv6 ? "ipv6" : "ipv4");
}

/* Over loopback all is copied; older kernels' io_uring does not know it. */
static bool copied(const json_t *json, bool uring)
{
	const json_t *copied = json_object_get(json, "copied_percent");

	if (json_is_null(copied))
		return uring;
	return uring ? json_real_value(copied) > 0 :
		       json_real_value(copied) == 100;
}

/* Totals are the sums of intervals and of streams; C13. */
TEST_F(perf, figures_agree)
{
	EXPECT_TRUE(adds_up(self->client));
	EXPECT_TRUE(adds_up(self->server));
	EXPECT_TRUE(says(self->client, variant->mode, variant->udp,
			 variant->ipv6));
	EXPECT_TRUE(says(self->server, variant->receive, variant->udp,
			 variant->ipv6));
	EXPECT_TRUE(copied(self->client, is_uring(variant->mode)));
}

/* It fails, and this is a part of what it says. */
static int complains(const char *line, const char *text, void (*prepare)(void))
{
	struct child child;
	char *out, *err;
	int status;

	if (child_start(&child, line, prepare))
		return -1;
	status = child_finish(&child, &out, &err);
	if (status > 0 && status < 3 && strstr(err, text))
		return 0;
	fprintf(stderr, "# status %d, not \"%s\": %s", status, text, err);
	return -1;
}

TEST(refused_words)
{
	EXPECT_EQ(0, complains("-c 127.0.0.1 -m any", "no mode any: send, ",
			       NULL));
	EXPECT_EQ(0, complains("-c 127.0.0.1 -m gso", "not for TCP", NULL));
	EXPECT_EQ(0, complains("-c 127.0.0.1 -l 0", "-l 0: ", NULL));
	EXPECT_EQ(0, complains("-c 127.0.0.1 -l 16X", "-l 16X: ", NULL));
	EXPECT_EQ(0, complains("-c 127.0.0.1 -u -l 65500", "at most", NULL));
	EXPECT_EQ(0, complains("-s -u", "usage: ", NULL));
	EXPECT_EQ(0, complains("-4", "usage: ", NULL));
}

TEST(no_server)
{
	EXPECT_EQ(0, complains("-c 127.0.0.1 -p 1 -m send",
			       "127.0.0.1 port 1: Connection refused", NULL));
}

static void no_device(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/dev", "tmpfs", 0, NULL))
		_exit(126);
}

static void nobody(void)
{
	if (setgid(65534) || setuid(65534))
		_exit(126);
}

static void little_memory(void)
{
	struct rlimit limit = { 65536, 65536 };

	if (setrlimit(RLIMIT_MEMLOCK, &limit) ||
	    prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK))
		_exit(126);
}

/* The client says why, and so does the server, from the client. */
static int cannot(const char *mode, const char *text, void (*prepare)(void))
{
	struct child server;
	char line[128], *out, *err;
	int status, port = server_start(&server, "recv");

	snprintf(line, sizeof(line), "-c 127.0.0.1 -p %d -m %s -n 1M", port,
		 mode);
	status = complains(line, text, prepare);
	if (child_finish(&server, &out, &err) != 1 || !strstr(err, text)) {
		fprintf(stderr, "# the server: %s", err);
		status = -1;
	}
	free(out);
	free(err);
	return status;
}

TEST(no_module)
{
	EXPECT_EQ(0, cannot("regbuf", "load the module", no_device));
}

TEST(no_permission)
{
	EXPECT_EQ(0, cannot("regbuf", "no permission", nobody));
}

TEST(no_memory_to_lock)
{
	EXPECT_EQ(0, cannot("regbuf", "RLIMIT_MEMLOCK", little_memory));
}

TEST(no_memory_to_lock_io_uring)
{
	if (uring_crashes())
		SKIP(return, "not with this kernel's io_uring");
	EXPECT_EQ(0, cannot("io_uring", "ulimit -l", little_memory));
}

static int dial(int port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(sock, (struct sockaddr *)&to, sizeof(to)) ? -1 : sock;
}

/* Say a line, and hear one. */
static json_t *ask(int sock, const char *line)
{
	char answer[512] = "";
	size_t len = 0;

	if (write(sock, line, strlen(line)) != (ssize_t)strlen(line))
		return NULL;
	while (len < sizeof(answer) - 1 && !strchr(answer, '\n') &&
	       read(sock, answer + len, 1) == 1)
		len++;
	return json_loads(answer, 0, NULL);
}

/* What the check of the bytes is worth: one other byte, and it says so. */
static void send_other(struct __test_metadata *_metadata, const char *mode)
{
	struct child server;
	int control, data, port = server_start(&server, mode);
	char bytes[100] = "", *out, *err;
	json_t *receipt;

	ASSERT_LT(0, port);
	control = dial(port);
	json_decref(ask(control, "{\"udp\":false,\"verify\":true,\"size\":100,"
				 "\"depth\":1,\"streams\":1}\n"));
	data = dial(port);
	ASSERT_EQ(100, write(data, bytes, sizeof(bytes)));
	ASSERT_EQ(0, shutdown(data, SHUT_WR));
	receipt = ask(control, "{\"messages\":[1]}\n");
	EXPECT_EQ(100, json_integer_value(json_object_get(receipt, "bytes")));
	EXPECT_LT(0, json_integer_value(json_object_get(receipt, "bad")));
	EXPECT_EQ(1, child_finish(&server, &out, &err));
	EXPECT_NE(NULL, strstr(err, "other bytes"));
	json_decref(receipt);
	close(data);
	close(control);
	free(out);
	free(err);
}

TEST(other_bytes)
{
	send_other(_metadata, "recv");
	send_other(_metadata, "regbuf");
}

TEST(other_bytes_io_uring)
{
	if (uring_crashes())
		SKIP(return, "not with this kernel's io_uring");
	send_other(_metadata, "io_uring");
}

/* Whoever does not say what a client says hears why not, and nothing breaks. */
TEST(strangers)
{
	static const char *const lines[] = {
		"GET / HTTP/1.0\n", "[]\n", "{\"size\":0}\n",
		"{\"size\":1,\"depth\":1,\"streams\":4096}\n",
		"{\"size\":1073741824,\"depth\":1024,\"streams\":1}\n",
		"{\"size\":1,\"depth\":-1,\"streams\":1}\n",
		NULL
	};
	const char *const *line;
	struct child server;
	char *out, *err;

	for (line = lines; *line; line++) {
		int port = server_start(&server, "recv"), sock = dial(port);
		json_t *answer = ask(sock, *line);

		EXPECT_NE(NULL, json_object_get(answer, "error"));
		EXPECT_EQ(1, child_finish(&server, &out, &err));
		json_decref(answer);
		close(sock);
		free(out);
		free(err);
	}
}

/* The server gives up on who says this and no more. */
static void silence(struct __test_metadata *_metadata, const char *line,
		    const char *text)
{
	struct child server;
	char *out, *err;
	int port = server_start(&server, "recv"), sock = dial(port);

	json_decref(ask(sock, line));
	EXPECT_EQ(1, child_finish(&server, &out, &err));
	EXPECT_NE(NULL, strstr(err, text));
	close(sock);
	free(out);
	free(err);
}

TEST(silent)
{
	silence(_metadata, "", "says nothing");
}

TEST(silent_after_hello)
{
	silence(_metadata, "{\"size\":1,\"depth\":1,\"streams\":1}\n",
		"waiting for connections: ");
}

TEST_HARNESS_MAIN
