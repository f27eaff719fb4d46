// SPDX-License-Identifier: MIT
/*
 * send_file HOST PORT FILE [BYTES]: send a file over TCP from a pool of
 * registered slices, as many sends in flight as there are slices. A slice is
 * filled again when its completion says that the network has let go of it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"

#define SLICES	8
#define SLICE	(1 << 20)

static struct regbuf *rb;
static struct regbuf_queue *queue;
static struct regbuf_pool *pool;
static uint32_t endpoint, in_flight, most;

static int dial(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai;
	int sock, ret = getaddrinfo(host, port, &hints, &ai);

	if (ret)
		errx(1, "%s: %s", host, gai_strerror(ret));
	sock = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
	if (sock < 0 || connect(sock, ai->ai_addr, ai->ai_addrlen))
		err(1, "%s port %s", host, port);
	freeaddrinfo(ai);
	return sock;
}

static void setup(int sock)
{
	struct regbuf_queue_params params = {
		.sq_entries = SLICES,
		.cq_entries = SLICES + 1,
	};
	struct regbuf_ioc_attach attach = {
		.size = sizeof(attach),
		.flags = REGBUF_ATTACH_F_SEND,
	};

	check("opening " REGBUF_DEVICE, regbuf_open(&rb));
	check("registering", regbuf_pool_create(rb, SLICE, SLICES, 0, &pool));
	check("making a queue", regbuf_queue_create(rb, &params, &queue));
	check("attaching", regbuf_queue_attach(queue, sock, &attach));
	endpoint = attach.endpoint;
}

static uint32_t fill(const struct regbuf_pool_slice *slice, int file,
		     uint64_t left)
{
	uint32_t want = left < SLICE ? left : SLICE, have = 0;
	ssize_t n;

	while (have < want) {
		n = read(file, (char *)slice->ptr + have, want - have);
		if (n < 0)
			err(1, "reading");
		if (!n)
			errx(1, "the file is shorter than that");
		have += n;
	}
	return have;
}

/* Fill slices and send them, as long as there are any. How many bytes. */
static uint64_t send_some(int file, uint64_t left)
{
	struct regbuf_pool_slice slice;
	struct regbuf_sqe *sqe;
	uint64_t done = 0;
	uint32_t n;

	while (done < left && !regbuf_pool_get(pool, &slice)) {
		n = fill(&slice, file, left - done);
		sqe = regbuf_queue_sqe(queue);
		regbuf_prep_send(sqe, endpoint, slice.id, slice.offset, n);
		sqe->user_data = slice.index;
		check("submitting", regbuf_queue_submit(queue));
		done += n;
		in_flight++;
	}
	most = in_flight > most ? in_flight : most;
	return done;
}

/* Wait for a completion, and take all that are there. */
static void take_back(void)
{
	struct regbuf_cqe cqe;

	check("waiting", regbuf_queue_wait(queue, 1, -1, NULL));
	while (regbuf_queue_reap(queue, &cqe, 1)) {
		check("sending", regbuf_cqe_error(&cqe));
		regbuf_pool_put(pool, cqe.user_data);
		in_flight--;
	}
}

static void report(void)
{
	struct regbuf_ioc_stats st = { .size = sizeof(st) };
	unsigned int i;

	check("statistics", regbuf_stats(rb, &st));
	printf("zero-copied: %" PRIu64 "\n", (uint64_t)st.zerocopied);
	for (i = 0; i < REGBUF_COPY_NR; i++)
		if (st.copied[i])
			printf("copied: %" PRIu64 " (%s)\n",
			       (uint64_t)st.copied[i], regbuf_copy_reason(i));
	printf("copied on the way: %" PRIu64 "\n", (uint64_t)st.copied_later);
	printf("pinned while sending: %" PRIu64 " pages\n", (uint64_t)st.pages);
	printf("in flight at once: %u sends\n", most);
}

int main(int argc, char **argv)
{
	int file = argc > 3 ? open(argv[3], O_RDONLY) : -1;
	uint64_t size, done = 0;
	struct stat st;

	if (argc < 4) {
		fprintf(stderr, "usage: send_file HOST PORT FILE [BYTES]\n");
		return 2;
	}
	if (file < 0 || fstat(file, &st))
		err(1, "%s", argv[3]);
	size = argc > 4 ? strtoull(argv[4], NULL, 0) : (uint64_t)st.st_size;
	setup(dial(argv[1], argv[2]));
	while (done < size || in_flight) {
		done += send_some(file, size - done);
		take_back();
	}
	report();
	printf("sent: %" PRIu64 " bytes\n", done);
	check("closing", regbuf_queue_detach(queue, endpoint,
					     REGBUF_DETACH_F_CLOSE));
	regbuf_pool_destroy(pool);
	regbuf_queue_destroy(queue);
	regbuf_close(rb);
	return 0;
}
