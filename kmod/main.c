// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "queue.h"
#include "regbuf.h"

struct workqueue_struct *regbuf_wq;
struct workqueue_struct *regbuf_ctx_wq;

static int __init regbuf_init(void)
{
	int err;

	/* It gives memory back: it must not need any to run. */
	regbuf_wq = alloc_workqueue("regbuf", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!regbuf_wq)
		return -ENOMEM;
	regbuf_ctx_wq = alloc_workqueue("regbuf-ctx", WQ_UNBOUND, 0);
	err = regbuf_ctx_wq ? regbuf_flight_setup() : -ENOMEM;
	if (err)
		goto err_destroy_wqs;
	err = regbuf_lanes_init();
	if (err)
		goto err_flight_cleanup;
	err = regbuf_netlink_init();
	if (err)
		goto err_lanes_exit;
	err = regbuf_chardev_init();
	if (err)
		goto err_netlink_exit;
	return 0;

err_netlink_exit:
	regbuf_netlink_exit();
err_lanes_exit:
	regbuf_lanes_exit();
err_flight_cleanup:
	regbuf_flight_cleanup();
err_destroy_wqs:
	if (regbuf_ctx_wq)
		destroy_workqueue(regbuf_ctx_wq);
	destroy_workqueue(regbuf_wq);
	return err;
}

/*
 * Every context holds the module, and gives it up in a work item at the latest.
 * What may still run of our text then is that work item's tail and the tail of
 * the completion that queued it, in softirq or in a preempted task: wait for
 * each.
 */
static void __exit regbuf_exit(void)
{
	regbuf_chardev_exit();
	regbuf_netlink_exit();
	destroy_workqueue(regbuf_wq);
	destroy_workqueue(regbuf_ctx_wq);
	synchronize_rcu();
	synchronize_rcu_tasks();
	regbuf_lanes_exit();
	regbuf_flight_cleanup();
}

module_init(regbuf_init);
module_exit(regbuf_exit);
MODULE_DESCRIPTION("Registered network buffers");
MODULE_LICENSE("GPL");
MODULE_VERSION(REGBUF_VERSION);
