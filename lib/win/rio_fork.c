// SPDX-License-Identifier: MIT
/*
 * RIO after fork(). The rings are not mapped in the child: it must find none of
 * its parent's queues and buffers. It may make others.
 */
#include "rio.h"

static void rio_fork_prepare(void)
{
	pthread_mutex_lock(&rio_lock);
}

static void rio_fork_parent(void)
{
	pthread_mutex_unlock(&rio_lock);
}

/* What they have is lost to the child, but for descriptors. */
static void rio_fork_child(void)
{
	struct rio_rq *rq;
	uint32_t i;

	for (i = 0; i < rio_cqs.count; i++)
		rio_cq_forget(rio_object_at(&rio_cqs, sizeof(struct rio_cq),
					    i));
	for (i = 0; i < rio_rqs.count; i++) {
		rq = rio_object_at(&rio_rqs, sizeof(*rq), i);
		rio_object_kill(&rq->obj);
	}
	rio_socks_forget();
	rio_buffers_forget();
	pthread_mutex_unlock(&rio_lock);
}

int rio_fork_hook(void)
{
	static bool hooked;
	int err = 0;

	if (!hooked)
		err = pthread_atfork(rio_fork_prepare, rio_fork_parent,
				     rio_fork_child);
	hooked = !err;
	return -err;
}
