// SPDX-License-Identifier: GPL-2.0
/*
 * For how long a peer can keep pages from their owner, as
 * Documentation/security.rst says: TCP's own time. For a machine whose clock
 * jumps to the next timer when there is nothing to do: KERNEL=6.12.minutes.
 */
#include "regbuf_left.h"

#include "kselftest_harness.h"

#include <sys/stat.h>

#define MINUTE	60
#define LEN	(RB_LEFT * RB_PAGE)

FIXTURE(peer)
{
	struct rb_rig rig;
	long long began;
};

FIXTURE_VARIANT(peer)
{
	int family;
	int round_trip_us;
};

FIXTURE_VARIANT_ADD(peer, near4) { AF_INET, 0 };
FIXTURE_VARIANT_ADD(peer, near6) { AF_INET6, 0 };
FIXTURE_VARIANT_ADD(peer, far4) { AF_INET, 1000000 };
FIXTURE_VARIANT_ADD(peer, far6) { AF_INET6, 1000000 };

FIXTURE_SETUP(peer)
{
	struct rb_netem slow = { .delay_us = variant->round_trip_us };
	struct rb_rig *rig = &self->rig;
	int sv[2];

	ASSERT_EQ(0, chmod(REGBUF_DEVICE, 0666));
	ASSERT_EQ(0, rb_net_setup(&rig->net));
	ASSERT_EQ(0, rb_net_peer_netem(&rig->net, &slow));
	ASSERT_EQ(0, rb_pair(&rig->net, variant->family, SOCK_STREAM, sv));
	rig->near = sv[0];
	rig->far = sv[1];
}

/* Others open the device as they may. */
FIXTURE_TEARDOWN_PARENT(peer)
{
	EXPECT_EQ(0, chmod(REGBUF_DEVICE, 0660));
}

/* The owner is gone from here on. */
static void leave(struct __test_metadata *_metadata, FIXTURE_DATA(peer) *self)
{
	ASSERT_EQ(0, rb_sockbuf(self->rig.near, SO_SNDBUFFORCE, 8 * LEN));
	ASSERT_EQ(0, rb_send_and_exit(&self->rig));
	self->began = rb_now();
	ASSERT_EQ(RB_LEFT, rb_charged_to(RB_NOBODY));
}

/* It says nothing any more. */
static void silence(struct __test_metadata *_metadata, FIXTURE_DATA(peer) *self)
{
	struct rb_netem none = { .loss = 100 };

	ASSERT_EQ(0, rb_net_peer_netem(&self->rig.net, &none));
	leave(_metadata, self);
}

/* It reads nothing, and has room for nothing. */
static void close_window(struct __test_metadata *_metadata,
			 FIXTURE_DATA(peer) *self)
{
	char page[RB_PAGE] = "";

	ASSERT_EQ(0, rb_sockbuf(self->rig.far, SO_RCVBUF, 4096));
	while (rb_tcp_info(self->rig.near, RB_TCPI_SND_WND)) {
		send(self->rig.near, page, sizeof(page), MSG_DONTWAIT);
		sleep(1);
	}
	leave(_metadata, self);
}

/* Seconds until the pages are the owner's again, or all that there are. */
static int held(const FIXTURE_DATA(peer) *self, int seconds)
{
	int past;

	do {
		sleep(1);
		past = (rb_now() - self->began) / RB_SEC;
	} while (past < seconds && rb_charged_to(RB_NOBODY));
	return past;
}

TEST_F_TIMEOUT(peer, is_silent_to_nobodys_socket, 1800)
{
	int seconds;

	silence(_metadata, self);
	close(self->rig.near);
	seconds = held(self, 5 * MINUTE);
	EXPECT_LE(102, seconds);
	EXPECT_GT(4 * MINUTE, seconds);
}

TEST_F_TIMEOUT(peer, closes_its_window_to_nobodys_socket, 1800)
{
	close_window(_metadata, self);
	close(self->rig.near);
	EXPECT_GT(6 * MINUTE, held(self, 7 * MINUTE));
}

TEST_F_TIMEOUT(peer, is_silent_to_somebodys_socket, 3600)
{
	int seconds;

	silence(_metadata, self);
	seconds = held(self, 20 * MINUTE);
	EXPECT_LE(925, seconds);
	EXPECT_GT(18 * MINUTE, seconds);
}

/* "Never": not in half an hour. */
TEST_F_TIMEOUT(peer, closes_its_window_to_somebodys_socket, 3600)
{
	close_window(_metadata, self);
	EXPECT_LE(30 * MINUTE, held(self, 30 * MINUTE));
	EXPECT_EQ(RB_LEFT, rb_charged_to(RB_NOBODY));
}

TEST_HARNESS_MAIN
