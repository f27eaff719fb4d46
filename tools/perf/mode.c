// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "perf.h"

static const struct mode *const senders[] = {
	&tx_send, &tx_writev, &tx_sendmmsg, &tx_gso, &tx_zerocopy, &tx_uring,
	&tx_regbuf, NULL
};

static const struct mode *const receivers[] = {
	&rx_plain, &rx_uring, &rx_regbuf, NULL
};

static bool mode_fits(const struct mode *mode, bool udp)
{
	return udp ? mode->udp : mode->tcp;
}

/* "writev" has one form for streams and another for datagrams. */
const struct mode *mode_find(const struct options *opt)
{
	const struct mode *const *modes = opt->server ? receivers : senders;
	const struct mode *found = NULL;

	for (; *modes; modes++)
		if (!strcmp((*modes)->name, opt->mode) &&
		    (!found || mode_fits(*modes, opt->udp)))
			found = *modes;
	return found;
}

int mode_check(struct test *test)
{
	const struct options *opt = &test->opt;

	test->mode = mode_find(opt);
	if (!test->mode)
		return perf_say(test, -EINVAL, "no mode %s: %s", opt->mode,
				mode_names(opt->server));
	if (!mode_fits(test->mode, opt->udp))
		return perf_say(test, -EINVAL, "mode %s is not for %s",
				opt->mode, opt->udp ? "UDP" : "TCP");
	return 0;
}

const char *mode_names(bool receive)
{
	return receive ? "recv, io_uring, regbuf" :
	       "send, writev, gso (UDP), zerocopy, io_uring, regbuf";
}
