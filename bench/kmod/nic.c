// SPDX-License-Identifier: GPL-2.0
/*
 * rbnic0: a network card without faults, to measure what sending costs.
 *
 * It takes whatever a card can take: scattered pages, checksums to fill in,
 * TCP and UDP super-packets. There is no wire. Every address of its nets but
 * its own is the peer, which drops UDP and acknowledges TCP (answer.c). When
 * packets are freed and answers come is the mode's:
 *
 * 0, immediate: inside the transmit routine, as if the card and the wire took
 *    no time at all. No queue ever builds.
 * 1, backlogged: later, in batches (hold.c), as on a busy link.
 *
 * In debugfs, regbuf_nic/ has the time by CLOCK_MONOTONIC at which the last
 * batch came back (released_ns; 0 before the first), and what is to be received
 * (inject.c).
 */
#include <linux/debugfs.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/module.h>
#include <linux/netdevice.h>

#include "nic.h"

#define REGBUF_NIC_FEATURES	(NETIF_F_SG | NETIF_F_HW_CSUM | \
				 NETIF_F_HIGHDMA | NETIF_F_TSO | \
				 NETIF_F_TSO_ECN | NETIF_F_TSO6 | \
				 NETIF_F_GSO_UDP_L4)

static unsigned int mode;
module_param(mode, uint, 0644);
MODULE_PARM_DESC(mode, "0: answer at once; 1: backlogged, in batches");

static struct net_device *regbuf_nic_dev;

static void regbuf_nic_send_now(struct regbuf_nic *nic, struct sk_buff *skb)
{
	struct sk_buff *answer = NULL;

	if (regbuf_nic_wants_answer(skb))
		answer = regbuf_nic_answer(nic, skb);
	dev_consume_skb_any(skb);
	/* Not further here: the stack may hold the socket's lock. */
	if (answer)
		__netif_rx(answer);
}

/*
 * A queue for each CPU, if there are several, as real cards have. What is held
 * back is one batch all the same, so there is one queue then.
 */
static u16 regbuf_nic_select_queue(struct net_device *dev, struct sk_buff *skb,
				   struct net_device *sb_dev)
{
	return READ_ONCE(mode) ? 0 : raw_smp_processor_id() %
				     dev->real_num_tx_queues;
}

static netdev_tx_t regbuf_nic_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct regbuf_nic *nic = netdev_priv(dev);
	u32 packets = skb_shinfo(skb)->gso_segs ?: 1;

	skb_tx_timestamp(skb);
	/* On a wire, a super-packet is several. */
	dev_sw_netstats_tx_add(dev, packets, skb->len);
	if (unlikely(READ_ONCE(nic->injecting)))
		regbuf_nic_peer_heard(nic, skb);
	if (READ_ONCE(mode))
		regbuf_nic_hold(nic, skb, packets);
	else
		regbuf_nic_send_now(nic, skb);
	return NETDEV_TX_OK;
}

static int regbuf_nic_open(struct net_device *dev)
{
	regbuf_nic_hold_start(netdev_priv(dev));
	netif_start_queue(dev);
	return 0;
}

static int regbuf_nic_stop(struct net_device *dev)
{
	netif_stop_queue(dev);
	regbuf_nic_hold_stop(netdev_priv(dev));
	return 0;
}

static int regbuf_nic_init(struct net_device *dev)
{
	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	return dev->tstats ? 0 : -ENOMEM;
}

static void regbuf_nic_uninit(struct net_device *dev)
{
	free_percpu(dev->tstats);
}

static const struct net_device_ops regbuf_nic_ops = {
	.ndo_init		= regbuf_nic_init,
	.ndo_uninit		= regbuf_nic_uninit,
	.ndo_open		= regbuf_nic_open,
	.ndo_stop		= regbuf_nic_stop,
	.ndo_start_xmit		= regbuf_nic_xmit,
	.ndo_select_queue	= regbuf_nic_select_queue,
	.ndo_get_stats64	= dev_get_tstats64,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_set_mac_address	= eth_mac_addr,
};

static const struct ethtool_ops regbuf_nic_ethtool_ops = {
	.get_link	= ethtool_op_get_link,
	.get_ts_info	= ethtool_op_get_ts_info,
};

static void regbuf_nic_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &regbuf_nic_ops;
	dev->ethtool_ops = &regbuf_nic_ethtool_ops;
	dev->flags |= IFF_NOARP;
	dev->features |= REGBUF_NIC_FEATURES | NETIF_F_RXCSUM;
	dev->hw_features |= dev->features;
	eth_hw_addr_random(dev);
}

static int __init regbuf_nic_create(struct regbuf_nic *nic)
{
	int err = regbuf_nic_peer_init(nic);

	if (err)
		return err;
	err = regbuf_nic_inject_init(nic);
	if (err)
		goto err_free_peer;
	regbuf_nic_hold_init(nic);
	err = register_netdev(nic->dev);
	if (err)
		goto err_free_inject;
	return 0;

err_free_inject:
	regbuf_nic_inject_free(nic);
err_free_peer:
	regbuf_nic_peer_free(nic);
	return err;
}

static int __init regbuf_nic_start(void)
{
	struct net_device *dev;
	struct regbuf_nic *nic;
	int err;

	dev = alloc_netdev_mqs(sizeof(*nic), "rbnic%d", NET_NAME_ENUM,
			       regbuf_nic_setup, num_possible_cpus(), 1);
	if (!dev)
		return -ENOMEM;
	nic = netdev_priv(dev);
	nic->dev = dev;
	err = regbuf_nic_create(nic);
	if (err) {
		free_netdev(dev);
		return err;
	}
	regbuf_nic_dev = dev;
	nic->dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_u64("released_ns", 0444, nic->dir, &nic->released_ns);
	regbuf_nic_inject_open(nic);
	return 0;
}
module_init(regbuf_nic_start);

static void __exit regbuf_nic_end(void)
{
	struct regbuf_nic *nic = netdev_priv(regbuf_nic_dev);

	debugfs_remove(nic->dir);
	unregister_netdev(nic->dev);
	regbuf_nic_inject_free(nic);
	regbuf_nic_peer_free(nic);
	free_netdev(nic->dev);
}
module_exit(regbuf_nic_end);

MODULE_DESCRIPTION("regbuf: a faultless network card to measure against");
MODULE_LICENSE("GPL");
