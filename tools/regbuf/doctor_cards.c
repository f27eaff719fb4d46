// SPDX-License-Identifier: GPL-2.0
/*
 * What network interfaces need so that sends go out without copies.
 */
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "doctor.h"
#include "nl.h"

#define NO_COPIES	3u	/* the first two of needs[] */

/* One of the features is enough; ethtool switches all of them by one word. */
static const struct need {
	const char *features[3];
	const char *name;
	const char *word;
} needs[] = {
	{ { "tx-scatter-gather" }, "scatter-gather", "sg" },
	{ { "tx-checksum-ip-generic", "tx-checksum-ipv4", "tx-checksum-ipv6" },
	  "TX checksums", "tx" },
	{ { "tx-tcp-segmentation" }, "TCP segmentation", "tso" },
	{ { "tx-udp-segmentation" }, "UDP segmentation",
	  "tx-udp-segmentation" },
};

struct cards {
	struct {
		char name[IF_NAMESIZE];
		unsigned int has;	/* bits, as needs[] */
	} *cards;
	size_t nr;
};

static unsigned int need_bit(const char *feature)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(needs); i++)
		for (j = 0; j < ARRAY_SIZE(needs[i].features); j++)
			if (needs[i].features[j] &&
			    !strcmp(needs[i].features[j], feature))
				return 1u << i;
	return 0;
}

/* rbnl_cards() tells of one card after the other. */
static int learn(const char *card, const char *feature, void *arg)
{
	struct cards *all = arg;
	void *more;

	if (!all->nr || strcmp(all->cards[all->nr - 1].name, card)) {
		more = realloc(all->cards, (all->nr + 1) * sizeof(*all->cards));
		if (!more)
			return -1;
		all->cards = more;
		snprintf(all->cards[all->nr].name, IF_NAMESIZE, "%s", card);
		all->cards[all->nr++].has = 0;
	}
	all->cards[all->nr - 1].has |= need_bit(feature);
	return 0;
}

static bool is_virtual(const char *card)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/device", card);
	return access(path, F_OK);
}

static void say_card(struct doctor *d, const char *card, unsigned int has)
{
	char lacks[128] = "", words[128] = "";
	size_t i, n = 0, m = 0;

	for (i = 0; i < ARRAY_SIZE(needs); i++) {
		if (has & 1u << i)
			continue;
		n += snprintf(lacks + n, sizeof(lacks) - n, "%s %s",
			      n ? "," : "", needs[i].name);
		m += snprintf(words + m, sizeof(words) - m, " %s on",
			      needs[i].word);
	}
	if (n) {
		doctor_say(d, "interface", VERDICT_WARN,
			   "%s lacks%s: %s", card, lacks,
			   (has & NO_COPIES) == NO_COPIES ?
			   "the processor cuts packets" : "sends are copied");
		doctor_mend(d, "ethtool -K %s%s, if its driver can", card,
			    words);
		return;
	}
	doctor_say(d, "interface", VERDICT_OK, "%s has what zero copy needs%s",
		   card, is_virtual(card) ?
		   "; virtual: it may copy what it delivers" : "");
}

/* Is it up, and one that sends to others? */
static bool is_used(const struct ifaddrs *all, const char *card)
{
	const struct ifaddrs *a;

	for (a = all; a; a = a->ifa_next)
		if (!strcmp(a->ifa_name, card))
			return (a->ifa_flags & IFF_UP) &&
			       !(a->ifa_flags & IFF_LOOPBACK);
	return false;
}

void doctor_cards(struct doctor *d)
{
	struct ifaddrs *addresses = NULL;
	struct cards all = { 0 };
	size_t i, before = d->nr;
	int err = rbnl_cards(learn, &all);

	if (err || getifaddrs(&addresses)) {
		doctor_say(d, "interface", VERDICT_OK,
			   "cannot tell: the kernel does not say what they can");
	} else {
		for (i = 0; i < all.nr; i++)
			if (is_used(addresses, all.cards[i].name))
				say_card(d, all.cards[i].name,
					 all.cards[i].has);
		if (d->nr == before)
			doctor_say(d, "interface", VERDICT_OK,
				   "none is up but loopback, which copies");
	}
	freeifaddrs(addresses);
	free(all.cards);
}
