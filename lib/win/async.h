/* SPDX-License-Identifier: MIT */
/*
 * Overlapped calls of sockets, and events of the network. What can't be done at
 * once waits in the socket's queue of its direction; one thread waits for all
 * sockets, by epoll, and does what has become possible.
 *
 * Locks, in this order: async_fork, which that thread has while it works; a
 * socket's, and inside it that of a socket that it accepts to; the table's.
 * Ports, events and handles have theirs below.
 */
#ifndef REGBUF_WIN_ASYNC_H
#define REGBUF_WIN_ASYNC_H

#include <pthread.h>

#include "port.h"
#include "sock.h"

enum async_lane {
	ASYNC_IN,	/* receive, accept */
	ASYNC_OUT,	/* send, connect, disconnect */
};

enum async_step {
	ASYNC_WAIT,	/* for the socket */
	ASYNC_DONE,
	ASYNC_MOVED,	/* goes on in the socket that it accepts to */
};

struct async_sock;
struct async_request;

struct async_request {
	struct win_packet packet;
	TAILQ_ENTRY(async_request) link;
	/* As far as it gets without waiting. The socket's lock is held. */
	enum async_step (*step)(struct async_sock *s,
				struct async_request *req);
	LPOVERLAPPED overlapped;	/* NULL: nobody is told */
	struct win_object *event;
	struct win_object *port;
	DWORD thread;
	DWORD code;		/* of Winsock */
	DWORD flags;
	size_t length;		/* of the data */
	size_t done;
	bool late;		/* an error comes with the completion */
	bool began;		/* to connect */
	bool reuse;		/* the socket, for another connection */
	bool away;		/* not in its owner's queue */
	struct async_sock *owner;	/* listens, when this accepts */
	struct async_sock *accept;
	char *out;
	DWORD spaces[3];	/* there: for data, local and peer's address */
	INT *from_len;		/* of @msg's name, with this room */
	unsigned int room;
	struct libc_msghdr msg;
	SOCKADDR_STORAGE name;
	struct iovec iov[];
};

TAILQ_HEAD(async_requests, async_request);

/* netevent.c: what WSAEventSelect() asked for. */
struct async_events {
	struct win_object *event;	/* NULL: nothing */
	LONG wanted;
	LONG enabled;		/* are told when they are so again */
	LONG recorded;
	bool live;		/* was seen to be connected */
	int codes[FD_MAX_EVENTS];
};

struct async_sock {
	int fd;
	uint32_t generation;	/* other than that of the one before */
	unsigned int refs;
	bool stream;
	pthread_mutex_t lock;	/* guards what follows */
	struct async_requests lanes[2];
	bool closed;
	bool reused;		/* was bound, and disconnected */
	bool known;		/* to epoll */
	uint32_t armed;		/* what epoll waits for, once */
	struct win_object *port;
	ULONG_PTR key;
	UCHAR modes;
	struct async_sock *accepting;	/* listens, and this is for its peer */
	unsigned int away;	/* requests that went on elsewhere */
	struct async_events events;
};

/* async.c: the table of sockets. */

/* A reference, or NULL. */
struct async_sock *async_find(int fd);

/* Likewise; made if need be. NULL and *@code. */
struct async_sock *async_get(int fd, DWORD *code);

struct async_sock *async_hold(struct async_sock *s);
void async_put(struct async_sock *s);

/* That one, if it is that generation. A reference, or NULL. */
struct async_sock *async_find_generation(int fd, uint32_t generation);

/* Calls @func for each, which has to lock it. Stops when that returns true. */
bool async_any(bool (*func)(struct async_sock *s, const void *what),
	       const void *what);

/* async_thread.c. Sockets' locks held. */

/* Waits for what the queues and the events need. 0, or what is to fail. */
DWORD async_arm(struct async_sock *s);

/* Before the descriptor is closed or becomes another socket. */
void async_disarm(struct async_sock *s);

void async_thread_forked(void);

extern pthread_mutex_t async_fork;

/* async_connect.c */
BOOL win_connect_ex(SOCKET s, const struct sockaddr *name, int length,
		    PVOID data, DWORD data_len, LPDWORD sent,
		    LPOVERLAPPED overlapped);
BOOL win_disconnect_ex(SOCKET s, LPOVERLAPPED overlapped, DWORD flags,
		       DWORD reserved);

/* async_queue.c */

/*
 * A request with room for @iovs, and a reference to the event that it sets,
 * which is reset. NULL and *@code.
 */
struct async_request *async_request_new(size_t iovs, LPOVERLAPPED overlapped,
					DWORD *code);
void async_request_free(struct async_request *req);

/* The socket's lock held, for these. */
void async_complete(struct async_request *req);
void async_run(struct async_sock *s, enum async_lane lane);
void async_abort(struct async_sock *s, enum async_lane lane, DWORD code);
DWORD async_queue(struct async_sock *s, enum async_lane lane,
		  struct async_request *req);

/*
 * Takes the request. 0 if it is through, and *@bytes (may be NULL) how much it
 * was; or WSA_IO_PENDING; or an error, and nothing will come of it.
 */
DWORD async_start(struct async_sock *s, enum async_lane lane,
		  struct async_request *req, DWORD *bytes);

/* What to cancel: of a socket, of an OVERLAPPED or any, of a thread or any. */
struct async_chosen {
	struct async_sock *owner;
	LPOVERLAPPED overlapped;
	DWORD thread;
	struct async_sock *accept;
};

/* Was there any? */
bool async_cancel(const struct async_chosen *chosen);

/* Until @overlapped isn't pending any more. */
void async_wait(LPOVERLAPPED overlapped);

void async_wait_forked(void);

/*
 * Would overlapped calls get into the way of registered buffers? 0 or
 * ERROR_BUSY.
 */
DWORD async_excluded(int fd, enum async_lane lane);

/* async_transfer.c */
enum async_step async_recv_step(struct async_sock *s,
				struct async_request *req);
enum async_step async_send_step(struct async_sock *s,
				struct async_request *req);

/* async_accept.c */

/* The request has left the queue of who listens: to the other socket. */
void async_accept_moved(struct async_request *req);

/* The socket that @fd was becomes @other, which is closed. 0 or a code. */
DWORD async_replace(struct async_sock *s, int other, unsigned int flags);

/* netevent.c. Sockets' locks held. */

/* What has happened is recorded; for epoll: what is to be waited for. */
uint32_t async_events_check(struct async_sock *s);
void async_events_end(struct async_sock *s);

#endif /* REGBUF_WIN_ASYNC_H */
