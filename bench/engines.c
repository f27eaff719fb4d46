// SPDX-License-Identifier: GPL-2.0
#include "bench.h"

extern const struct engine engine_regbuf, engine_send, engine_sendmmsg,
	engine_writev, engine_gso, engine_zerocopy, engine_zerocopy_gather,
	engine_uring_send, engine_uring_send_link, engine_uring_bundle,
	engine_uring_zc, engine_uring_fixed, engine_uring_fixed_link,
	engine_uring_gather, engine_floor;

/* In the order that they are run in, and columns of the table. */
const struct engine *const engines[] = {
	&engine_regbuf,
	&engine_send,
	&engine_sendmmsg,
	&engine_writev,
	&engine_gso,
	&engine_zerocopy,
	&engine_zerocopy_gather,
	&engine_uring_send,
	&engine_uring_send_link,
	&engine_uring_bundle,
	&engine_uring_zc,
	&engine_uring_fixed,
	&engine_uring_fixed_link,
	&engine_uring_gather,
	&engine_floor,
	NULL
};
