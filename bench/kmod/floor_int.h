/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_FLOOR_INT_H
#define REGBUF_FLOOR_INT_H

#include <linux/bvec.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <linux/wait.h>

#include "floor.h"

/* An open file. */
struct regbuf_floor {
	/* Taken by all calls but waiting. */
	struct mutex lock;

	/* Set once: the memory, as runs of adjacent pages in one folio. */
	struct page **pages;
	struct bio_vec *runs;
	u64 *run_starts;	/* offset of each run */
	u32 *run_of;		/* the run that each page is in */
	unsigned long nr_pages;
	u32 nr_runs;
	u64 len;

	/* Set once. */
	struct socket **sockets;
	u32 nr_sockets;
	struct sockaddr_in *names;
	u32 nr_names;

	/* wait.lock */
	wait_queue_head_t wait;
	u32 in_flight;
};

/* floor_pin.c */
int regbuf_floor_pin(struct regbuf_floor *floor, u64 addr, u64 len);
void regbuf_floor_unpin(struct regbuf_floor *floor);

/* floor_send.c */
int regbuf_floor_send(struct regbuf_floor *floor,
		      const struct regbuf_floor_run *run);
int regbuf_floor_send_setup(void);
void regbuf_floor_send_cleanup(void);

#endif /* REGBUF_FLOOR_INT_H */
