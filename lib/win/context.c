// SPDX-License-Identifier: MIT
/* The process's context of libregbuf. */
#include <pthread.h>

#include "win.h"

static struct {
	struct regbuf *rb;	/* read without the lock */
	pthread_mutex_t lock;
	bool hooked;
} win_ctx = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void win_context_prepare(void)
{
	pthread_mutex_lock(&win_ctx.lock);
}

static void win_context_parent(void)
{
	pthread_mutex_unlock(&win_ctx.lock);
}

/*
 * A child may not use its parent's. That stays open in it, for what still
 * points to it: calls get -EPERM.
 */
static void win_context_child(void)
{
	__atomic_store_n(&win_ctx.rb, NULL, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&win_ctx.lock);
}

static int win_context_open(void)
{
	struct regbuf *rb;
	int err;

	if (win_ctx.rb)
		return 0;
	if (!win_ctx.hooked) {
		err = pthread_atfork(win_context_prepare, win_context_parent,
				     win_context_child);
		if (err)
			return -err;
		win_ctx.hooked = true;
	}
	err = regbuf_open(&rb);
	if (!err)
		__atomic_store_n(&win_ctx.rb, rb, __ATOMIC_RELEASE);
	return err;
}

int win_context(struct regbuf **out)
{
	int err = 0;

	*out = __atomic_load_n(&win_ctx.rb, __ATOMIC_ACQUIRE);
	if (*out)
		return 0;
	pthread_mutex_lock(&win_ctx.lock);
	err = win_context_open();
	*out = win_ctx.rb;
	pthread_mutex_unlock(&win_ctx.lock);
	return err;
}
