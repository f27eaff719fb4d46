/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FUZZ_H
#define FUZZ_H

/*
 * A fuzzer of regbuf's own interface. A program is a list of calls with numbers
 * for arguments; what the numbers mean is up to the call: an offset in the
 * arena, the n-th buffer that was registered, and so on (world.h). So every
 * list of numbers is a program, and can be printed, read back, and changed at
 * will.
 */

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define FZ_CALLS	20	/* in a program */
#define FZ_ARGS		8
#define FZ_TEXT		8192	/* bytes of a program as text, at most */

struct fz_call {
	__u8 nr;		/* of fz_descs */
	__u8 aside;		/* in the second thread */
	__u16 nth;		/* this allocation in it fails; 0: none */
	__u64 arg[FZ_ARGS];
};

struct fz_prog {
	__u32 nr;
	struct fz_call call[FZ_CALLS];
};

/* What an argument may be; fz_desc.arg[].max limits the first two. */
enum fz_kind {
	FZ_NONE,
	FZ_PICK,		/* 0 to max - 1 */
	FZ_BITS,		/* of the mask max */
	FZ_ADDR,		/* see fz_addr() */
	FZ_LEN,
	FZ_OFF,
	FZ_TIME,		/* nanoseconds */
	FZ_COUNT,
	FZ_BUF,			/* see fz_id() */
	FZ_ANY,
};

struct fz_world;

struct fz_desc {
	const char *name;
	long (*run)(struct fz_world *w, const __u64 *arg);
	unsigned int weight;	/* how often, among others */
	bool ours;		/* the module's: allocations may fail in it */
	struct {
		enum fz_kind kind;
		__u64 max;
	} arg[FZ_ARGS];
};

extern const struct fz_desc fz_descs[];
extern const unsigned int fz_nr_descs;

/* gen.c: random programs. */
struct fz_rng {
	__u64 state;
};

void fz_seed(struct fz_rng *rng, __u64 seed);
__u64 fz_random(struct fz_rng *rng);
__u32 fz_below(struct fz_rng *rng, __u32 limit);
__u64 fz_interesting(struct fz_rng *rng);
void fz_generate(struct fz_rng *rng, struct fz_prog *prog);
void fz_mutate(struct fz_rng *rng, struct fz_prog *prog,
	       const struct fz_prog *other);

/* text.c: programs as text. */
size_t fz_print(const struct fz_prog *prog, char *text, size_t size);
int fz_read(FILE *file, struct fz_prog *prog);

/* cover.c: where the module has been. */
#define FZ_EDGES	(1u << 18)
#define FZ_POINTS	(1u << 16)

struct fz_cover {
	__u32 nr_edges;
	__u32 nr_points;
	__u8 edge[FZ_EDGES];
	__u64 point[FZ_POINTS];
};

struct fz_trace {
	int fd;
	__u64 *pcs;
};

int fz_trace_open(struct fz_trace *trace);
void fz_trace_start(struct fz_trace *trace);
__u32 fz_trace_stop(struct fz_trace *trace, struct fz_cover *cover);

/* corpus.c: programs that went where none had been. In shared memory. */
#define FZ_CORPUS	8192

struct fz_corpus {
	__u32 nr;
	struct fz_prog prog[FZ_CORPUS];
};

void fz_corpus_add(struct fz_corpus *corpus, const struct fz_prog *prog);
const struct fz_prog *fz_corpus_pick(struct fz_corpus *corpus,
				     struct fz_rng *rng);
int fz_corpus_load(struct fz_corpus *corpus, const char *path);
int fz_corpus_save(const struct fz_corpus *corpus, const char *path);

/* What the process that drives and those that run programs share. */
struct fz_shared {
	struct fz_rng rng;
	__u64 programs;		/* run so far */
	__u64 calls;
	__u64 good;		/* calls of those that returned no error */
	volatile __u64 alive;	/* changes as long as something happens */
	struct fz_cover cover;
	struct fz_corpus corpus;
};

/* exec.c: runs programs, in a process of their own. */
struct fz_exec;

struct fz_exec *fz_exec_start(struct fz_shared *shared);
__u32 fz_exec(struct fz_exec *exec, const struct fz_prog *prog);

/* journal.c: the programs of this process, where they outlive the kernel. */
int fz_journal_open(const char *dir);
void fz_journal_begin(void);
void fz_journal_add(const struct fz_prog *prog);

/* report.c: what the kernel has to say. */
int fz_report_open(void);
bool fz_report_any(void);

#endif
