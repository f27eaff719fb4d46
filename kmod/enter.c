// SPDX-License-Identifier: GPL-2.0
/*
 * HOT: REGBUF_IOC_ENTER: submit, do the queue's work, wait.
 */
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "queue.h"

/* A thread that waits for completions. */
struct regbuf_waiter {
	struct wait_queue_entry entry;
	struct regbuf_queue *q;
	u32 want;
	u32 loud;	/* as of the beginning */
};

/* A wait for more than there are entries is one for all. */
static bool regbuf_enter_enough(const struct regbuf_queue *q, u32 ready,
				u32 want)
{
	return ready >= min(want, READ_ONCE(q->cq_entries));
}

/* True if there is enough; or an error that there never will be. */
static bool regbuf_waiter_done(struct regbuf_waiter *w, int *err)
{
	struct regbuf_queue *q = w->q;

	*err = 0;
	if (READ_ONCE(q->shut))
		*err = -ESHUTDOWN;
	else if (regbuf_enter_enough(q, regbuf_cq_ready(q), w->want))
		return true;
	else if (READ_ONCE(q->broken))
		*err = -ENOTRECOVERABLE;
	return *err;
}

/* Silent ones that came since do not end the wait. */
static bool regbuf_waiter_woken(struct regbuf_waiter *w, int *err)
{
	return regbuf_waiter_done(w, err) &&
	       (*err || READ_ONCE(w->q->cq_loud) != w->loud);
}

/*
 * Completions that are not enough need no wake-up. Only for those is q->cq_lock
 * held, which keeps the rings; what there is to run wakes in any case.
 */
static int regbuf_waiter_wake(struct wait_queue_entry *entry, unsigned int mode,
			      int sync, void *key)
{
	struct regbuf_waiter *w = container_of(entry, struct regbuf_waiter,
					       entry);
	struct regbuf_queue *q = w->q;
	u32 used;

	if (key == (void *)REGBUF_WAKE_POSTED) {
		used = q->cq_tail - READ_ONCE(q->shm->ring->cq_head);
		if (!regbuf_enter_enough(q, used, w->want))
			return 0;
	}
	return autoremove_wake_function(entry, mode, sync, key);
}

/*
 * Run what is ready, or wait until whoever is at it is done. The lock is not
 * held for long, unless by the program's own doing.
 */
static int regbuf_waiter_run(struct regbuf_queue *q, const ktime_t *until)
{
	if (regbuf_queue_lock_killable(q))
		return -EINTR;
	regbuf_queue_run(q);
	regbuf_queue_unlock(q);
	regbuf_ep_reap(q);
	if (signal_pending(current))
		return -EINTR;
	return until && ktime_get() >= *until ? -ETIMEDOUT : 0;
}

/* Sleep, unless there is something to do. */
static int regbuf_waiter_sleep(ktime_t *until)
{
	if (signal_pending(current))
		return -EINTR;
	if (!schedule_hrtimeout_range(until, current->timer_slack_ns,
				      HRTIMER_MODE_ABS))
		return -ETIMEDOUT;
	return 0;
}

/* Until there is enough, a signal or the time is up. */
static int regbuf_waiter_wait(struct regbuf_waiter *w, ktime_t *until)
{
	struct regbuf_queue *q = w->q;
	int err = 0, stop = 0;

	for (;;) {
		prepare_to_wait(&q->wait, &w->entry,
				TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		if (regbuf_waiter_woken(w, &err))
			break;
		/* The last look was after the time was up. */
		if (stop) {
			err = regbuf_waiter_done(w, &err) ? err : stop;
			break;
		}
		if (regbuf_queue_has_ready(q)) {
			finish_wait(&q->wait, &w->entry);
			stop = regbuf_waiter_run(q, until);
		} else {
			stop = regbuf_waiter_sleep(until);
		}
	}
	finish_wait(&q->wait, &w->entry);
	return err;
}

static int regbuf_enter_wait(struct regbuf_queue *q, u32 want, s64 timeout_ns)
{
	struct regbuf_waiter w = {
		.q = q,
		.want = want,
		.loud = READ_ONCE(q->cq_loud),
	};
	ktime_t until, *limit = NULL;
	int err;

	if (regbuf_waiter_done(&w, &err))
		return err;
	if (timeout_ns >= 0) {
		until = ktime_add_safe(ktime_get(), timeout_ns);
		limit = &until;
	}
	init_wait_entry(&w.entry, 0);
	w.entry.func = regbuf_waiter_wake;
	regbuf_queue_waits(q, 1);
	err = regbuf_waiter_wait(&w, limit);
	regbuf_queue_waits(q, -1);
	return err;
}

/* As ppoll(2): a signal that ends the wait is handled with the mask set. */
static int regbuf_enter_masked(struct regbuf_queue *q,
			       const struct regbuf_ioc_enter *arg)
{
	sigset_t mask, old;
	int err;

	if (arg->sigmask_size != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, u64_to_user_ptr(arg->sigmask), sizeof(mask)))
		return -EFAULT;
	sigdelsetmask(&mask, sigmask(SIGKILL) | sigmask(SIGSTOP));
	sigprocmask(SIG_SETMASK, &mask, &old);
	err = regbuf_enter_wait(q, arg->wait, arg->timeout_ns);
	if (err == -EINTR) {
		current->saved_sigmask = old;
		set_restore_sigmask();
	} else {
		sigprocmask(SIG_SETMASK, &old, NULL);
	}
	return err;
}

static int regbuf_enter_submit(struct regbuf_queue *q,
			       struct regbuf_ioc_enter *arg)
{
	int err = 0;

	if (regbuf_queue_lock_killable(q))
		return -EINTR;
	regbuf_queue_unstall(q);
	if (q->shut)
		err = -ESHUTDOWN;
	else if (arg->submit)
		err = regbuf_submit(q, arg->submit, &arg->submitted);
	regbuf_queue_run(q);
	regbuf_cq_flush(q);
	arg->ready = regbuf_cq_peek(q);
	regbuf_queue_unlock(q);
	regbuf_ep_reap(q);
	if (!err || err == -ESHUTDOWN || err == -ENOTRECOVERABLE)
		return err;
	arg->error = -err;
	return 0;
}

static int regbuf_enter(struct regbuf_queue *q, struct regbuf_ioc_enter *arg)
{
	int err = 0;

	if (q->flags & REGBUF_QUEUE_F_POLLER)
		wake_up(&q->wait);
	if (arg->submit || regbuf_queue_has_ready(q) ||
	    !regbuf_looks_empty(&q->stalled) || READ_ONCE(q->shut) ||
	    !regbuf_looks_empty(&q->gone)) {
		err = regbuf_enter_submit(q, arg);
		if (err || arg->error ||
		    regbuf_enter_enough(q, arg->ready, arg->wait))
			return err;
	}
	if (arg->wait)
		err = arg->sigmask ? regbuf_enter_masked(q, arg) :
				     regbuf_enter_wait(q, arg->wait,
						       arg->timeout_ns);
	arg->ready = regbuf_cq_ready(q);
	return err;
}

/* All that a caller is told. */
static int regbuf_enter_tell(const struct regbuf_ioc_enter *arg,
			     struct regbuf_ioc_enter __user *to)
{
	if (should_fail_usercopy() || !user_write_access_begin(to, sizeof(*to)))
		return -EFAULT;
	unsafe_put_user(arg->submitted, &to->submitted, fault);
	unsafe_put_user(arg->error, &to->error, fault);
	unsafe_put_user(arg->ready, &to->ready, fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

static int regbuf_enter_call(struct regbuf_queue *q,
			     struct regbuf_ioc_enter *arg,
			     struct regbuf_ioc_enter __user *to)
{
	int err;

	if ((arg->submit && q->flags & REGBUF_QUEUE_F_POLLER) ||
	    !arg->sigmask != !arg->sigmask_size ||
	    (arg->sigmask && arg->sigmask_size != sizeof(sigset_t)))
		return -EINVAL;
	arg->submitted = 0;
	arg->error = 0;
	arg->ready = 0;
	/* What cannot be told must not be done. */
	err = arg->submit ? regbuf_enter_tell(arg, to) : 0;
	if (err)
		return err;
	err = regbuf_enter(q, arg);
	/* The last of them came after the last look. */
	if (err == -ETIMEDOUT && regbuf_enter_enough(q, arg->ready, arg->wait))
		err = 0;
	if (!err && READ_ONCE(q->broken))
		err = -ENOTRECOVERABLE;
	return regbuf_enter_tell(arg, to) ?: err;
}

int regbuf_ioctl_enter(void *of, struct regbuf_call *call)
{
	return regbuf_enter_call(of, &call->u.enter, call->arg);
}

/**
 * regbuf_enter_quick() - REGBUF_IOC_ENTER as most callers make it
 * @q: the queue
 * @arg: as of ioctl(2)
 * @ret: gets what the call returns
 *
 * It is made for each batch, or each send: the structure is read once, as long
 * as it is now, and of the reply only the results are written.
 *
 * Context: Process context, of the owner.
 * Return: false if the call is another's to read: that finds what is unusual.
 */
bool regbuf_enter_quick(struct regbuf_queue *q, unsigned long arg, long *ret)
{
	union {
		struct regbuf_ioc_enter enter;
		u64 words[sizeof(struct regbuf_ioc_enter) / sizeof(u64)];
	} u;
	void __user *from = (void __user *)arg;

	BUILD_BUG_ON(sizeof(u.words) != sizeof(u.enter));
	if (regbuf_read_words(u.words, from, sizeof(u)) ||
	    u.enter.size != sizeof(u) || u.enter.flags)
		return false;
	*ret = regbuf_enter_call(q, &u.enter, from);
	return true;
}
