// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU's that counts, between two marks of regbuf-bench's, how
 * often each translated block ran and how many instructions that were, and how
 * often each locked instruction did. With lines=on, also which of those were on
 * cache lines that several CPUs touched. The deterministic machine runs all
 * CPUs in one thread, so nothing here needs a lock.
 *
 * out=FILE gets, for each MARK_KEEP, a line "window", and then
 *   tb ADDRESS INSTRUCTIONS TIMES
 *   locked ADDRESS TIMES
 *   shared ADDRESS CALLER TIMES LINE
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mark.h"
#include "lines.h"
#include "qemu.h"
#include "x86.h"

#define COUNTERS	((size_t)1 << 22)	/* a power of two */
#define CPUS		16

/* A block, or a locked instruction. Code counts in place: they never move. */
struct counter {
	uint64_t va;		/* 0: free */
	uint64_t insns;		/* 0: an instruction */
	uint64_t times;
	/* As they were at MARK_END. */
	uint64_t kept_insns;
	uint64_t kept_times;
};

QEMU_EXPORT int qemu_plugin_version = 1;

static struct counter *blocks, *locks;
static const char *out = "profile.out";
static uint64_t calls[CPUS];	/* where each CPU called something last */
static bool lines, counting;

static struct counter *counter_of(struct counter *all, uint64_t va)
{
	struct counter *counter;

	counter = &all[(va * 0x9e3779b97f4a7c15) >> 42];
	while (counter->va && counter->va != va)
		if (++counter == all + COUNTERS)
			counter = all;
	counter->va = va;
	return counter;
}

static void counters_begin(struct counter *all)
{
	struct counter *counter;

	for (counter = all; counter < all + COUNTERS; counter++) {
		if (!counter->va)
			continue;
		counter->insns = 0;
		counter->times = 0;
	}
}

static void counters_end(struct counter *all)
{
	struct counter *counter;

	for (counter = all; counter < all + COUNTERS; counter++) {
		if (!counter->va)
			continue;
		counter->kept_insns = counter->insns;
		counter->kept_times = counter->times;
	}
}

static void keep(void)
{
	FILE *file = fopen(out, "a");
	struct counter *c;

	if (!file) {
		perror(out);
		exit(1);
	}
	fputs("window\n", file);
	for (c = blocks; c < blocks + COUNTERS; c++)
		if (c->kept_times)
			fprintf(file, "tb %016" PRIx64 " %" PRIu64 " %" PRIu64
				"\n", c->va, c->kept_insns, c->kept_times);
	for (c = locks; c < locks + COUNTERS; c++)
		if (c->kept_times)
			fprintf(file, "locked %016" PRIx64 " %" PRIu64 "\n",
				c->va, c->kept_times);
	if (lines)
		lines_print(file);
	fclose(file);
}

static void marked(unsigned int cpu, void *data)
{
	(void)cpu;
	switch ((uintptr_t)data) {
	case MARK_BEGIN:
		counters_begin(blocks);
		counters_begin(locks);
		if (lines)
			lines_begin();
		counting = true;
		break;
	case MARK_END:
		counting = false;
		counters_end(blocks);
		counters_end(locks);
		break;
	case MARK_KEEP:
		keep();
		break;
	}
}

static void called(unsigned int cpu, void *data)
{
	calls[cpu % CPUS] = (uintptr_t)data;
}

/* @data is the instruction's counter if it is a locked one. */
static void touched(unsigned int cpu, qemu_plugin_meminfo_t info,
		    uint64_t vaddr, void *data)
{
	const struct counter *lock = data;
	struct qemu_plugin_hwaddr *at;
	uint64_t phys;

	if (!counting)
		return;
	at = qemu_plugin_get_hwaddr(info, vaddr);
	if (!at || qemu_plugin_hwaddr_is_io(at))
		return;
	phys = qemu_plugin_hwaddr_phys_addr(at);
	/* It reads and writes: once is enough. */
	if (lock && !qemu_plugin_mem_is_store(info))
		lines_lock(cpu, phys, lock->va, calls[cpu % CPUS]);
	else
		lines_touch(cpu, phys, qemu_plugin_mem_is_store(info));
}

static void translate_lines(struct qemu_plugin_insn *insn,
			    struct counter *lock)
{
	uint64_t va = qemu_plugin_insn_vaddr(insn);

	qemu_plugin_register_vcpu_mem_cb(insn, touched, QEMU_PLUGIN_NO_REGS,
					 QEMU_PLUGIN_RW, lock);
	if (x86_is_call(qemu_plugin_insn_data(insn),
			qemu_plugin_insn_size(insn)))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, called,
						       QEMU_PLUGIN_NO_REGS,
						       (void *)va);
}

static void translate_insn(struct qemu_plugin_insn *insn)
{
	const uint8_t *bytes = qemu_plugin_insn_data(insn);
	size_t size = qemu_plugin_insn_size(insn);
	uintptr_t kind = x86_mark(bytes, size);
	struct counter *lock = NULL;

	if (kind)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, marked,
						       QEMU_PLUGIN_NO_REGS,
						       (void *)kind);
	if (x86_is_locked(bytes, size)) {
		lock = counter_of(locks, qemu_plugin_insn_vaddr(insn));
		qemu_plugin_register_vcpu_insn_exec_inline(insn,
							   QEMU_PLUGIN_ADD,
							   &lock->times, 1);
	}
	if (lines)
		translate_lines(insn, lock);
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct counter *block = counter_of(blocks, qemu_plugin_tb_vaddr(tb));
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_ADD,
						 &block->insns, n);
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_ADD,
						 &block->times, 1);
	for (i = 0; i < n; i++)
		translate_insn(qemu_plugin_tb_get_insn(tb, i));
}

QEMU_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
				    const struct qemu_info_t *info, int argc,
				    char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
		lines |= !strcmp(argv[i], "lines=on");
	}
	blocks = calloc(COUNTERS, sizeof(*blocks));
	locks = calloc(COUNTERS, sizeof(*locks));
	if (!blocks || !locks || !out || (lines && lines_open()))
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	return 0;
}
