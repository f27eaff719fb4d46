// SPDX-License-Identifier: GPL-2.0
/*
 * Registering and giving up 64 MiB, on both kinds of page; and how much kernel
 * memory registrations and queues take.
 */
#include <errno.h>
#include <liburing.h>
#include <math.h>
#include <regbuf.h>

#include "bench.h"
#include "kmem.h"

#define REG_LENGTH	((size_t)64 << 20)
#define REG_INSNS	20e6
#define REG_TRIES	7

/* Whoever registers: once, and away with it. */
struct registrar {
	const char *name;
	int (*add)(const struct memory *mem);
	int (*drop)(void);
};

static struct regbuf *regbuf;
static uint64_t id;
static struct io_uring ring;

static int rb_add(const struct memory *mem)
{
	int err = regbuf_register(regbuf, mem->base, mem->length,
				  REGBUF_ACCESS_READ | REGBUF_ACCESS_WRITE,
				  &id);

	return err ? bench_failed("registering with regbuf", err) : 0;
}

static int rb_drop(void)
{
	int err = regbuf_deregister_wait(regbuf, id, -1);

	return err ? bench_failed("deregistering", err) : 0;
}

static int uring_add(const struct memory *mem)
{
	struct iovec iov = { mem->base, mem->length };
	int err = io_uring_register_buffers(&ring, &iov, 1);

	return err ? bench_failed("registering with io_uring", err) : 0;
}

static int uring_drop(void)
{
	int err = io_uring_unregister_buffers(&ring);

	return err ? bench_failed("unregistering", err) : 0;
}

static const struct registrar registrars[] = {
	{ "regbuf", rb_add, rb_drop },
	{ "uring_register_buffers", uring_add, uring_drop },
};

struct costs {
	double add;
	double drop;
};

static int reg_window(const struct registrar *reg, const struct memory *mem,
		      unsigned int times, struct costs *costs)
{
	double start, middle;
	unsigned int i;
	int err = 0;

	costs->add = 0;
	costs->drop = 0;
	for (i = 0; i < times && !err; i++) {
		start = clock_busy();
		err = reg->add(mem);
		middle = clock_busy();
		if (!err)
			err = reg->drop();
		costs->add += (middle - start) / times;
		costs->drop += (clock_busy() - middle) / times;
	}
	return err;
}

static double apart(double a, double b)
{
	return fabs(a - b) / b;
}

static int reg_measure(const struct registrar *reg, const struct memory *mem,
		       struct costs *costs)
{
	struct costs last;
	unsigned int times;
	int i, err = reg_window(reg, mem, 2, &last);

	if (err)
		return err;
	times = 2 + REG_INSNS / (last.add + last.drop);
	err = reg_window(reg, mem, times, &last);
	for (i = 0; i < REG_TRIES && !err; i++) {
		err = reg_window(reg, mem, times, costs);
		if (apart(costs->add, last.add) <= 0.01 &&
		    apart(costs->drop, last.drop) <= 0.01)
			return err;
		last = *costs;
		times += times / 2;
	}
	return err ? err : bench_failed("windows that agree", -ERANGE);
}

static int reg_pages(bool huge)
{
	struct cell cell = {
		.bench = "reg",
		.size = REG_LENGTH,
		.depth = 1,
		.endpoints = 0,
		.huge = huge,
	};
	struct result result = { .copied = -1, .p50_ns = -1, .p99_ns = -1 };
	struct memory mem;
	struct costs costs;
	int err = memory_map(&mem, REG_LENGTH, huge), one;
	size_t i;

	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(registrars); i++) {
		one = reg_measure(&registrars[i], &mem, &costs);
		if (one) {
			err = one;
			continue;
		}
		cell.name = "register";
		result.per_op = costs.add;
		csv_line(&cell, registrars[i].name, &result);
		cell.name = "deregister";
		result.per_op = costs.drop;
		csv_line(&cell, registrars[i].name, &result);
	}
	memory_unmap(&mem);
	return err;
}

int bench_reg(void)
{
	int err = regbuf_open(&regbuf);

	if (err)
		return bench_failed("opening regbuf", err);
	err = io_uring_queue_init(8, &ring, IORING_SETUP_SINGLE_ISSUER |
				  IORING_SETUP_DEFER_TASKRUN);
	if (err) {
		regbuf_close(regbuf);
		return bench_failed("making a ring", err);
	}
	if (option_has(options.pages, "4k"))
		err |= reg_pages(false);
	if (option_has(options.pages, "2m"))
		err |= reg_pages(true);
	io_uring_queue_exit(&ring);
	regbuf_close(regbuf);
	err |= kmem_show();
	return err;
}
