// SPDX-License-Identifier: MIT
/*
 * send_file HOST PORT FILE [BYTES]: send a file over TCP from a pool of
 * registered slices. A slice is filled again when the network has let go of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <regbuf.h>

#define SLICES	16
#define SLICE	(1 << 20)

static struct regbuf *rb;
static uint64_t ids[SLICES];
static char *pool;

static void check(const char *what, int err)
{
	if (!err)
		return;
	fprintf(stderr, "send_file: %s: %s\n", what, regbuf_strerror(err));
	exit(1);
}

static int dial(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai;
	int sock;

	if (getaddrinfo(host, port, &hints, &ai))
		check(host, -ENOENT);
	sock = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
	if (sock < 0 || connect(sock, ai->ai_addr, ai->ai_addrlen))
		check(host, -errno);
	freeaddrinfo(ai);
	return sock;
}

static void pool_open(void)
{
	int i;

	check("opening " REGBUF_DEVICE, regbuf_open(&rb));
	pool = mmap(NULL, SLICES * SLICE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pool == MAP_FAILED)
		check("memory", -errno);
	for (i = 0; i < SLICES; i++)
		check("registering",
		      regbuf_register(rb, pool + i * SLICE, SLICE,
				      REGBUF_ACCESS_READ, &ids[i]));
}

/* Fill a slice, once it is free. */
static size_t slice_fill(int i, int file, uint64_t left)
{
	size_t want = left < SLICE ? left : SLICE, have = 0;
	ssize_t n;

	check("waiting", regbuf_wait(rb, ids[i], -1));
	while (have < want) {
		n = read(file, pool + i * SLICE + have, want - have);
		if (n <= 0)
			check("reading", n < 0 ? -errno : -ENODATA);
		have += n;
	}
	return have;
}

static void slice_send(int i, int sock, size_t len)
{
	struct regbuf_result res;
	size_t done;

	for (done = 0; done < len; done += res.sent) {
		check("sending", regbuf_send(rb, sock, ids[i], done, len - done,
					     0, &res));
		check("sending", res.error);
	}
}

static void report(double seconds)
{
	struct regbuf_ioc_stats st = { .size = sizeof(st) };
	uint64_t total;
	unsigned int i;

	check("statistics", regbuf_stats(rb, &st));
	total = st.zerocopied;
	printf("zero-copied: %" PRIu64 "\n", (uint64_t)st.zerocopied);
	for (i = 0; i < REGBUF_COPY_NR; i++) {
		total += st.copied[i];
		if (st.copied[i])
			printf("copied: %" PRIu64 " (%s)\n",
			       (uint64_t)st.copied[i], regbuf_copy_reason(i));
	}
	printf("copied on the way: %" PRIu64 "\n", (uint64_t)st.copied_later);
	printf("pinned while sending: %" PRIu64 " pages\n", (uint64_t)st.pages);
	printf("sent: %" PRIu64 " bytes in %.2f s, %.1f MB/s\n", total,
	       seconds, total / seconds / 1e6);
}

int main(int argc, char **argv)
{
	int file = argc > 3 ? open(argv[3], O_RDONLY) : -1, sock, i;
	uint64_t size, done = 0, told = 0;
	struct timespec begin, end;
	struct stat st;
	size_t n;

	if (file < 0 || fstat(file, &st)) {
		fprintf(stderr, "usage: send_file HOST PORT FILE [BYTES]\n");
		return 2;
	}
	size = argc > 4 ? strtoull(argv[4], NULL, 0) : (uint64_t)st.st_size;
	pool_open();
	sock = dial(argv[1], argv[2]);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; done < size; i = (i + 1) % SLICES) {
		n = slice_fill(i, file, size - done);
		slice_send(i, sock, n);
		done += n;
		if (done - told >= size / 10 || done == size) {
			printf("sent %" PRIu64 " of %" PRIu64 " KiB\n",
			       done >> 10, size >> 10);
			fflush(stdout);
			told = done;
		}
	}
	shutdown(sock, SHUT_WR);
	for (i = 0; i < SLICES; i++)
		check("waiting", regbuf_wait(rb, ids[i], -1));
	clock_gettime(CLOCK_MONOTONIC, &end);
	report(end.tv_sec - begin.tv_sec +
	       (end.tv_nsec - begin.tv_nsec) / 1e9);
	regbuf_close(rb);
	return 0;
}
