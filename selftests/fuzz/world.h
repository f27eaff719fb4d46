/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

/*
 * What a program's numbers refer to while it runs. Both threads use it, without
 * locks: each entry is a word, and an old one is as good as a new one.
 */

#include "fuzz.h"

#include <linux/regbuf.h>
#include <sys/types.h>

#define FZ_PAGE		4096UL
#define FZ_ARENA	((char *)0x20000000UL)
#define FZ_ARENA_SIZE	(64 * FZ_PAGE)
#define FZ_TOUCHED	(8 * FZ_PAGE)	/* of it, from the start */
#define FZ_WILD		(1ULL << 48)	/* an address not in the arena */
#define FZ_RAW		(1ULL << 16)	/* an id that no buffer has */

#define FZ_DEVS		2
#define FZ_BUFS		16
#define FZ_QUEUES	4
#define FZ_EPS		8
#define FZ_SOCKS	16
#define FZ_EXPORTS	4
#define FZ_KIDS		3
#define FZ_SLICES	16

struct fz_queue {
	int fd;
	char *map;
	size_t size;
	__u32 sq_entries;
	__u32 cq_entries;
	__u32 pool_entries;
	__u32 sq_off;
	__u32 cq_off;
	__u32 pool_off;
	__u32 nr_eps;
	__u32 ep[FZ_EPS];
};

/* What calls point to. The scribbler writes here, too. */
struct fz_args {
	struct regbuf_slice slice[FZ_SLICES];
	struct regbuf_array_entry entry[FZ_SLICES];
	struct regbuf_ioc_array array;
	struct regbuf_ext ext;
	char control[REGBUF_MAX_CONTROL];
	char addr[128];
	__u64 sigmask;
};

struct fz_world {
	int dev[FZ_DEVS];
	__u32 nr_bufs;
	__u64 buf[FZ_BUFS];
	__u32 nr_queues;
	struct fz_queue queue[FZ_QUEUES];
	__u32 nr_socks;
	int sock[FZ_SOCKS];
	__u32 nr_exports;
	int export[FZ_EXPORTS];
	int event;
	int epoll;
	char *view;		/* slots */
	size_t view_size;
	__u32 nr_kids;
	pid_t kid[FZ_KIDS];
	unsigned int scribble;	/* FZ_SCRIBBLE_* */
	struct fz_args args;
};

#define FZ_SCRIBBLE_RING	1u
#define FZ_SCRIBBLE_SQES	2u
#define FZ_SCRIBBLE_ARGS	4u
#define FZ_SCRIBBLE_POOL	8u

/* world.c */
void fz_world_begin(struct fz_world *w);
void fz_world_end(struct fz_world *w);
int fz_dev(struct fz_world *w, __u64 n);
__u64 fz_id(struct fz_world *w, __u64 n);
void *fz_addr(__u64 n);
struct fz_queue *fz_queue(struct fz_world *w, __u64 n);
__u32 fz_ep(struct fz_queue *q, __u64 n);
int fz_sock(struct fz_world *w, __u64 n);
int fz_fd(struct fz_world *w, __u64 n);
void fz_add_id(struct fz_world *w, __u64 id);
void fz_add_ep(struct fz_queue *q, __u32 ep);
int fz_add_sock(struct fz_world *w, int fd);

/* What calls.c lists. */
typedef long fz_run_t(struct fz_world *w, const __u64 *arg);

/* ctxcalls.c: of a context */
fz_run_t fz_call_open, fz_call_query, fz_call_register, fz_call_deregister;
fz_run_t fz_call_status, fz_call_wait, fz_call_stats, fz_call_send;
fz_run_t fz_call_queue, fz_call_array, fz_call_export, fz_call_import;
fz_run_t fz_call_revoke, fz_call_raw, fz_call_view;

/* queuecalls.c: of a queue */
fz_run_t fz_call_enter, fz_call_attach, fz_call_detach, fz_call_resize;
fz_run_t fz_call_eventfd, fz_call_pool, fz_call_socket, fz_call_remap;

/* ring.c: in its rings */
fz_run_t fz_call_sqe, fz_call_reap, fz_call_poke, fz_call_return, fz_call_arm;
fz_run_t fz_call_scribble;
void fz_scribble(struct fz_world *w, struct fz_rng *rng);

/* sock.c */
fz_run_t fz_call_sock, fz_call_sockop, fz_call_sockopt;

/* memory.c */
fz_run_t fz_call_mmap, fz_call_munmap, fz_call_mremap, fz_call_mprotect;
fz_run_t fz_call_madvise, fz_call_touch;

/* process.c */
fz_run_t fz_call_fork, fz_call_caps, fz_call_memlock, fz_call_close;
fz_run_t fz_call_dup, fz_call_pass, fz_call_poll, fz_call_nap, fz_call_param;
void fz_kids_end(struct fz_world *w);

/* genl.c */
fz_run_t fz_call_genl;

#endif
