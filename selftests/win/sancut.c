// SPDX-License-Identifier: GPL-2.0
/* Memory of another process: what ends it, and who else comes by. */
#include "regbuf_proc.h"
#include "rounds.h"
#include "san_target.h"

struct mover {
	SOCKET s;
	WSABUFEX buf;
	struct descriptor d;
	bool write;
	bool stop;
	int err;
	int tid;
	unsigned int done;
};

/* Where the agent listens that a descriptor is of. */
static int port_of(const struct descriptor *d)
{
	return d->bytes[PORT_AT] << 8 | d->bytes[PORT_AT + 1];
}

/* A connection to it, without the library. */
static int dial(int family, const struct descriptor *d)
{
	return plain_connect(family, SOCK_STREAM, false, port_of(d));
}

static void *mover(void *arg)
{
	struct mover *m = arg;
	DWORD n;

	__atomic_store_n(&m->tid, gettid(), __ATOMIC_RELEASE);
	while (!m->err && !__atomic_load_n(&m->stop, __ATOMIC_RELAXED)) {
		m->err = move(m->write, m->s, &m->buf, 1, m->d, 0, &n);
		__atomic_fetch_add(&m->done, !m->err, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void moving(struct mover *m, unsigned int times)
{
	while (__atomic_load_n(&m->done, __ATOMIC_RELAXED) < times &&
	       !__atomic_load_n(&m->err, __ATOMIC_RELAXED))
		usleep(1000);
}

/* The target ends in the midst of it. */
TEST_F(rdma, the_target_dies)
{
	struct mover m = {
		.s = self->s,
		.buf = { SIZE, self->mem, self->h },
		.d = expose(self, SIZE, MEM_READWRITE),
		.write = true,
	};
	pthread_t thread;
	int status;

	/* S55: a child of it has the connection no longer. */
	ASSERT_EQ(0, put(self, 0, 100, m.d, 0));
	ASSERT_LT(0, TELL(.what = FORK).result);
	ASSERT_EQ(0, pthread_create(&thread, NULL, mover, &m));
	moving(&m, 10);
	ASSERT_EQ(0, kill(self->pid, SIGKILL));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_TRUE(m.err == WSAECONNRESET || m.err == WSAECONNABORTED ||
		    m.err == WSAECONNREFUSED);
}

/* It closes in the midst of it: nothing is written after that. */
TEST_F(rdma, the_target_closes)
{
	struct mover m = {
		.s = self->s,
		.buf = { SIZE, self->mem, self->h },
		.d = expose(self, SIZE, MEM_READWRITE),
		.write = true,
	};
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, mover, &m));
	moving(&m, 10);
	ASSERT_EQ(0, TELL(.what = CLOSE).result);
	ASSERT_EQ(0, TELL(.what = FILL, .length = SIZE, .byte = 'x').result);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, there(self, 0, SIZE, 'x'));
	EXPECT_TRUE(m.err == WSAECONNRESET || m.err == WSAECONNABORTED ||
		    m.err == WSAECONNREFUSED || m.err == WSAEINVAL);
}

/* closesocket() by another thread ends a transfer. */
TEST_F(rdma, closing_ends_transfers)
{
	struct mover m = {
		.s = self->s,
		.buf = { SIZE, self->mem, self->h },
		.d = expose(self, SIZE, MEM_READWRITE),
	};
	pthread_t thread;
	int status;

	ASSERT_EQ(0, pthread_create(&thread, NULL, mover, &m));
	moving(&m, 10);
	ASSERT_EQ(0, kill(self->pid, SIGSTOP));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, WUNTRACED));
	rb_until_asleep(&m.tid);
	ASSERT_EQ(0, closesocket(self->s));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(WSA_OPERATION_ABORTED, m.err);
	ASSERT_EQ(0, kill(self->pid, SIGCONT));
	self->s = INVALID_SOCKET;
}

/*
 * Taking memory back is refused in the midst of a transfer, or it is done, and
 * then nothing is written any more.
 */
TEST_F(rdma, taking_back_cuts_access)
{
	struct mover m = {
		.s = self->s,
		.buf = { SIZE, self->mem, self->h },
		.write = true,
	};
	pthread_t thread;
	int round, nr = rounds(10);
	struct report r;

	for (round = 0; round < nr; round++) {
		m.d = expose(self, SIZE, MEM_READWRITE);
		m.err = 0;
		m.done = 0;
		ASSERT_NE(0, m.d.length);
		ASSERT_EQ(0, pthread_create(&thread, NULL, mover, &m));
		moving(&m, 3);
		do {
			r = TELL(.what = WITHDRAW, .d = m.d);
			EXPECT_TRUE(!r.result || r.err == WSAEINVAL);
		} while (r.result);
		ASSERT_EQ(0, TELL(.what = FILL, .length = SIZE,
				  .byte = 'x').result);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		EXPECT_EQ(0, there(self, 0, SIZE, 'x'));
		EXPECT_TRUE(m.err == WSAEINVAL || m.err == WSAECONNREFUSED ||
			    m.err == WSAECONNRESET);
	}
}

/* What was read is theirs again when this side says that it has it. */
static void late(struct __test_metadata *_metadata, FIXTURE_DATA(rdma) *self)
{
	struct descriptor d = expose(self, SIZE, MEM_READWRITE);
	int err = 0;

	ASSERT_EQ(0, plain_san_delay(100));
	ASSERT_EQ(0, put(self, 0, SIZE, d, 0));
	EXPECT_EQ(0, WSPDeregisterMemory(self->s, self->h, &err));
	self->h = WSPRegisterMemory(self->s, self->mem, SIZE, MEM_READWRITE,
				    &err);
	ASSERT_EQ(0, get(self, 0, SIZE, d, 0));
	EXPECT_EQ(0, TELL(.what = WITHDRAW, .d = d).result);
}

TEST_F(rdma, late_acknowledgments_are_waited_for)
{
	if (!variant->net)
		SKIP(return, "they are not late on the loopback");
	late(_metadata, self);
}

/* Signals are the programs' business; they end no wait of the library's. */
TEST_F(rdma, late_acknowledgments_are_waited_for_with_signals)
{
	if (!variant->net)
		SKIP(return, "they are not late on the loopback");
	ASSERT_EQ(0, TELL(.what = ALARMS).result);
	ASSERT_EQ(0, rb_start_alarms(SA_RESTART));
	late(_metadata, self);
	EXPECT_LT(0, rb_alarms);
	EXPECT_EQ(0, rb_stop_alarms());
}

/* Threads take turns on one socket. */
TEST_F(rdma, threads_may_move_at_once)
{
	struct descriptor d = expose(self, SIZE, MEM_READWRITE);
	struct mover m[4];
	pthread_t thread[4];
	int i;

	for (i = 0; i < 4; i++) {
		m[i] = (struct mover){
			.s = self->s,
			.buf = { PAGE, self->mem + (size_t)i * PAGE, self->h },
			.d = d,
			.write = i & 1,
		};
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, mover, &m[i]));
	}
	for (i = 0; i < 4; i++)
		moving(&m[i], (unsigned int)rounds(50));
	for (i = 0; i < 4; i++) {
		__atomic_store_n(&m[i].stop, true, __ATOMIC_RELAXED);
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_EQ(0, m[i].err);
	}
}

/* Anybody at the peer's address may connect to the agent, and say anything. */
TEST_F(rdma, garbage_is_harmless)
{
	struct descriptor d = expose(self, SIZE, MEM_READWRITE);
	unsigned int seed = 1;
	int i, j, fd, nr = rounds(200);
	char junk[200], got;

	if (variant->net)
		SKIP(return, "cannot be reached from here");
	ASSERT_EQ(0, put(self, 0, 100, d, 0));
	for (i = 0; i < nr; i++) {
		fd = dial(variant->family, &d);
		ASSERT_LE(0, fd);
		for (j = 0; j < (int)sizeof(junk); j++)
			junk[j] = (char)rand_r(&seed);
		/* A good beginning now and then, of no write. */
		if (i & 1)
			memcpy(junk, "RBR1\0\0\0\1", 8);
		if (i % 4 == 3)
			memcpy(junk + 8, d.bytes + KEY_AT, 16);
		if (i % 8 == 7)
			memset(junk + 24, 0, 8);
		plain_send(fd, junk, (size_t)i % sizeof(junk));
		/* Half of them stay. */
		if (i & 2)
			plain_close(fd);
	}
	fd = dial(variant->family, &d);
	ASSERT_EQ(0, plain_send(fd, junk, sizeof(junk)));
	while ((i = plain_recv_some(fd, &got, 1)) > 0)
		;
	EXPECT_NE(-ETIMEDOUT, i);
	EXPECT_EQ(0, put(self, 0, SIZE, d, 0));
	EXPECT_EQ(0, get(self, 0, SIZE, d, 0));
	EXPECT_EQ(0, there(self, SIZE, SIZE, 't'));
}

/* What the wire has, by hand: a write, whose bytes follow. */
static int ask_by_hand(int fd, const struct descriptor *d, unsigned int length)
{
	unsigned char ask[32] = "RBR1\0\0\0\1";

	memcpy(ask + 8, d->bytes + KEY_AT, 16);
	ask[30] = (unsigned char)(length >> 8);
	ask[31] = (unsigned char)length;
	return plain_send(fd, ask, sizeof(ask));
}

static int send_by_hand(int fd, size_t length)
{
	char bytes[PAGE];

	memset(bytes, 'h', length);
	return plain_send(fd, bytes, length);
}

/* A status, or else negative. */
static int answer_by_hand(int fd)
{
	unsigned char answer[8];
	int err = plain_recv(fd, answer, sizeof(answer));

	if (err)
		return err;
	return memcmp(answer, "RBR1\0\0\0", 7) ? -1 : answer[7];
}

static int write_by_hand(int fd, const struct descriptor *d)
{
	int err = ask_by_hand(fd, d, 4);

	if (!err)
		err = send_by_hand(fd, 4);
	return err ? err : answer_by_hand(fd);
}

/* Who has a key gets connections, but not all of the target's descriptors. */
TEST_F(rdma, few_connections_are_kept)
{
	struct descriptor d = expose(self, SIZE, MEM_READWRITE);
	int before = TELL(.what = FDS).result, fd[40], i;
	char got;

	if (variant->net)
		SKIP(return, "cannot be reached from here");
	for (i = 0; i < 40; i++) {
		fd[i] = dial(variant->family, &d);
		ASSERT_LE(0, fd[i]);
		ASSERT_EQ(0, write_by_hand(fd[i], &d));
	}
	EXPECT_GT(before + 20, TELL(.what = FDS).result);
	EXPECT_EQ(0, put(self, 0, 100, d, 0));
	/* And none when there is nothing to get any more. */
	ASSERT_EQ(0, TELL(.what = CLOSE).result);
	for (i = 0; i < 40; i++) {
		EXPECT_NE(-ETIMEDOUT, plain_recv_some(fd[i], &got, 1));
		plain_close(fd[i]);
	}
}

/* Who shows no key makes room for others. */
TEST_F(rdma, silent_connections_are_ended)
{
	struct descriptor d = expose(self, PAGE, MEM_READWRITE);
	int fd[70], i;
	char got;

	if (variant->net)
		SKIP(return, "cannot be reached from here");
	for (i = 0; i < 70; i++) {
		fd[i] = dial(variant->family, &d);
		ASSERT_LE(0, fd[i]);
	}
	EXPECT_EQ(0, put(self, 0, 100, d, 0));
	/* At once, that is, and not when its time is up. */
	EXPECT_TRUE(plain_readable(fd[0], 8000));
	EXPECT_GE(0, plain_recv_some(fd[0], &got, 1));
	EXPECT_EQ(0, write_by_hand(fd[69], &d));
	for (i = 0; i < 70; i++)
		plain_close(fd[i]);
}

/* Who has a key, and says what makes no sense, is not listened to. */
TEST_F(rdma, nonsense_ends_connections)
{
	static const struct {
		int at;
		unsigned char byte;
	} wrong[] = {
		{ 0, 'r' },		/* whose it is */
		{ 7, 3 },		/* neither a read nor a write */
		{ 28, 0x40 },		/* more than is allowed */
	};
	struct descriptor d = expose(self, SIZE, MEM_READWRITE);
	int fd;
	unsigned char ask[32];
	size_t i;

	if (variant->net)
		SKIP(return, "cannot be reached from here");
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		memcpy(ask, "RBR1\0\0\0\2", 8);
		memcpy(ask + 8, d.bytes + KEY_AT, 16);
		memset(ask + 24, 0, 8);
		ask[31] = 1;
		ask[wrong[i].at] = wrong[i].byte;
		fd = dial(variant->family, &d);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, plain_send(fd, ask, sizeof(ask)));
		EXPECT_GT(0, answer_by_hand(fd));
		plain_close(fd);
	}
}

/* C9: nor does what was begun go on into what is mapped there since. */
TEST_F(rdma, memory_is_unmapped_in_between)
{
	struct descriptor d = expose(self, SIZE, MEM_READWRITE);
	int fd;

	if (variant->net)
		SKIP(return, "cannot be reached from here");
	fd = dial(variant->family, &d);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ask_by_hand(fd, &d, 2 * PAGE));
	ASSERT_EQ(0, send_by_hand(fd, PAGE));
	while (there(self, 0, PAGE, 'h'))
		usleep(1000);
	ASSERT_EQ(0, TELL(.what = UNMAP, .length = SIZE).result);
	/* The agent may have noticed by then. */
	send_by_hand(fd, PAGE);
	EXPECT_GT(0, answer_by_hand(fd));
	EXPECT_EQ(0, there(self, 0, SIZE, 0));
	plain_close(fd);
}

/* Half a write is one that goes on; the socket's end is its end. */
TEST_F(rdma, memory_in_use_stays)
{
	struct descriptor d = expose(self, SIZE, MEM_READWRITE);
	int fd;
	struct report r;

	if (variant->net)
		SKIP(return, "cannot be reached from here");
	fd = dial(variant->family, &d);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ask_by_hand(fd, &d, 2 * PAGE));
	ASSERT_EQ(0, send_by_hand(fd, PAGE));
	while (there(self, 0, PAGE, 'h'))
		usleep(1000);
	r = TELL(.what = WITHDRAW, .d = d);
	EXPECT_EQ(SOCKET_ERROR, r.result);
	EXPECT_EQ(WSAEINVAL, r.err);
	ASSERT_EQ(0, send_by_hand(fd, PAGE));
	EXPECT_EQ(0, answer_by_hand(fd));
	EXPECT_EQ(0, there(self, 0, 2 * PAGE, 'h'));
	ASSERT_EQ(0, ask_by_hand(fd, &d, 2 * PAGE));
	ASSERT_EQ(0, TELL(.what = CLOSE).result);
	ASSERT_EQ(0, TELL(.what = FILL, .length = SIZE, .byte = 'x').result);
	send_by_hand(fd, PAGE);
	EXPECT_GT(0, answer_by_hand(fd));
	EXPECT_EQ(0, there(self, 0, SIZE, 'x'));
	plain_close(fd);
}

/* A key is not enough: whose it is has the peer's address. */
TEST_F(rdma, strangers_are_turned_away)
{
	struct descriptor d = expose(self, SIZE, MEM_READWRITE);
	int port = port_of(&d), fd;

	if (variant->family != AF_INET)
		SKIP(return, "IPv6 has one address here");
	fd = plain_san_connect("127.0.0.2", "127.0.0.1", port);
	ASSERT_LE(0, fd);
	EXPECT_NE(0, write_by_hand(fd, &d));
	EXPECT_EQ(0, there(self, 0, PAGE, 't'));
	fd = plain_san_connect("127.0.0.1", "127.0.0.1", port);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, write_by_hand(fd, &d));
	EXPECT_EQ(0, there(self, 0, 4, 'h'));
	/* And only while the connection is up: this end of it, too. */
	ASSERT_EQ(0, closesocket(self->s));
	self->s = INVALID_SOCKET;
	ASSERT_EQ(0, TELL(.what = FILL, .length = 4, .byte = 't').result);
	EXPECT_EQ(1, write_by_hand(fd, &d));
	EXPECT_EQ(0, there(self, 0, PAGE, 't'));
	plain_close(fd);
}

/* And that of its own connection: other peers have other keys. */
TEST_F(rdma, peers_have_their_own_keys)
{
	struct descriptor mine = { .length = sizeof(mine.bytes) };
	struct descriptor other = { .length = sizeof(other.bytes) };
	int listener, peer, fd, port, err = 0;
	SOCKET s;

	if (variant->family != AF_INET)
		SKIP(return, "IPv6 has one address here");
	listener = plain_bind(AF_INET, SOCK_STREAM, false);
	peer = plain_san_connect("127.0.0.2", "127.0.0.1",
				 plain_port(listener));
	ASSERT_LE(0, peer);
	s = (SOCKET)plain_accept(listener);
	ASSERT_EQ(0, WSPRegisterRdmaMemory(self->s, self->mem, PAGE,
					   MEM_READWRITE, mine.bytes,
					   &mine.length, &err));
	ASSERT_EQ(0, WSPRegisterRdmaMemory(s, self->mem + PAGE, PAGE,
					   MEM_READWRITE, other.bytes,
					   &other.length, &err));
	port = port_of(&other);
	fd = plain_san_connect("127.0.0.2", "127.0.0.1", port);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, write_by_hand(fd, &other));
	EXPECT_EQ(0, look(self->mem + PAGE, 4, 'h'));
	EXPECT_EQ(1, write_by_hand(fd, &mine));
	EXPECT_EQ(0, look(self->mem, PAGE, 'i'));
	ASSERT_EQ(0, closesocket(s));
	plain_close(fd);
	plain_close(peer);
	plain_close(listener);
}

/* S55: a child of who exposes has nothing to do with it, */
TEST_F(rdma, children_serve_nobody)
{
	struct descriptor d = expose(self, PAGE, MEM_READWRITE);

	ASSERT_EQ(0, put(self, 0, 100, d, 0));
	ASSERT_LT(0, TELL(.what = FORK).result);
	memset(self->mem, 'n', 100);
	ASSERT_EQ(0, put(self, 0, 100, d, 0));
	EXPECT_EQ(0, there(self, 0, 100, 'n'));
}

/* S55: nor one of who writes. */
TEST_F(rdma, children_have_no_handles)
{
	struct descriptor d = expose(self, PAGE, MEM_READWRITE);
	int status;
	pid_t pid;

	ASSERT_EQ(0, put(self, 0, 100, d, 0));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(put(self, 0, 100, d, 0) == WSAEINVAL ? 0 : 1);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, put(self, 0, 100, d, 0));
}

TEST_HARNESS_MAIN
