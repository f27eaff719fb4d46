/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LIB_PAIR_H
#define LIB_PAIR_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connected over loopback: sv[0] to send from, sv[1] to receive with. */
static inline int pair(int type, int sv[2])
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(sin);
	int srv = socket(AF_INET, type, 0);

	if (bind(srv, (struct sockaddr *)&sin, len) ||
	    getsockname(srv, (struct sockaddr *)&sin, &len) ||
	    (type == SOCK_STREAM && listen(srv, 1)))
		return -1;
	sv[0] = socket(AF_INET, type, 0);
	if (connect(sv[0], (struct sockaddr *)&sin, len))
		return -1;
	sv[1] = srv;
	if (type == SOCK_STREAM) {
		sv[1] = accept(srv, NULL, NULL);
		close(srv);
	}
	return sv[1] < 0 ? -1 : 0;
}

#endif /* LIB_PAIR_H */
