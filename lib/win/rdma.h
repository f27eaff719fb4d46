/* SPDX-License-Identifier: MIT */
/*
 * Remote memory. What one process exposes it serves from one thread, the agent,
 * to connections that others make to it for the purpose. For parts with Linux'
 * names of sockets.
 *
 * On the wire everything is in network order, and every byte of it untrusted.
 */
#ifndef REGBUF_WIN_RDMA_H
#define REGBUF_WIN_RDMA_H

#include <sys/socket.h>

#include "san.h"

#define RDMA_MAGIC	0x52425231	/* RBR1 */
#define RDMA_KEY	16

/* For how long to wait for an acknowledgment of what has arrived. */
#define RDMA_SETTLE_MS	3000

/* What a program sends to its peer. */
struct rdma_descriptor {
	uint32_t magic;
	uint16_t port;		/* of the agent, at the socket's address */
	uint16_t reserved;
	uint8_t key[RDMA_KEY];
	uint32_t length;
	uint32_t access;	/* REGBUF_ACCESS_* */
	/* Of the connection that it is good for, as the target sees it. */
	uint16_t local_port;
	uint16_t peer_port;
};

enum rdma_op {
	RDMA_WRITE = 1,
	RDMA_READ,
};

/*
 * A write of up to RDMA_INLINE bytes has them follow at once; a longer one
 * when the answer says so, and then there is another answer. What is read
 * follows the answer.
 */
#define RDMA_INLINE	65536

struct rdma_request {
	uint32_t magic;
	uint32_t op;
	uint8_t key[RDMA_KEY];
	uint32_t offset;
	uint32_t length;
};

enum rdma_status {
	RDMA_OK,
	RDMA_UNKNOWN,	/* the key, for this connection */
	RDMA_RIGHTS,
	RDMA_BOUNDS,
	RDMA_GONE,	/* it is not mapped any more */
};

struct rdma_answer {
	uint32_t magic;
	uint32_t status;
};

/* Memory that one connection's other end may use. Under the lock. */
struct rdma_region {
	struct rdma_region *next;
	struct san_socket *s;
	struct san_pin pin;
	struct rdma_listener *listener;
	uint8_t key[RDMA_KEY];
	char *addr;
	uint32_t length;
	unsigned int access;
	unsigned int count;
	unsigned int users;
};

/* rdma_addr.c */
struct rdma_name {
	struct sockaddr_storage addr;
	socklen_t length;
};

int rdma_local(int sock, struct rdma_name *name);
int rdma_remote(int sock, struct rdma_name *name);
uint16_t rdma_port(const struct rdma_name *name);
void rdma_set_port(struct rdma_name *name, uint16_t port);
struct rdma_addr rdma_addr(const struct rdma_name *name);
bool rdma_addr_same(const struct rdma_addr *a, const struct rdma_addr *b);

/* A socket for such an address, which does not block. */
int rdma_socket(const struct rdma_name *name);

/* Its end, now: what waits to be sent is forgotten, and lets go of memory. */
void rdma_abort(int fd);

/* What the agent and who asks it want of a connection. */
void rdma_tune(int fd);

/* Now, and not when there is something to send. */
void rdma_acknowledge(int fd);

/* rdma_agent.c. The lock is held. */
struct rdma_conn;

/*
 * A reference to what listens at the address; made, with the thread, if there
 * was nothing.
 */
int rdma_listen(const struct rdma_name *local, struct rdma_listener **out);
uint16_t rdma_listener_port(const struct rdma_listener *listener);
void rdma_listener_put(struct rdma_listener *listener);

/* One more is known for the regions of a socket: not too many are. */
void rdma_acquaintances_limit(const struct rdma_conn *new);

/* Cuts all that a socket's regions were asked for on. */
void rdma_cut(const struct san_socket *s);

/* rdma_region.c. The lock is held. */

/* May this address ask anything? */
bool rdma_welcome(const struct rdma_addr *from);

/*
 * Who may do what; RDMA_OK and a region, with a user. Unless it is
 * RDMA_UNKNOWN, also whose region it is.
 */
enum rdma_status rdma_judge(struct regbuf *rb, const struct rdma_addr *from,
			    const struct rdma_request *request,
			    struct rdma_region **out, uint64_t *owner);

/* rdma_serve.c: a connection to the agent. */
enum rdma_state {
	RDMA_ASKED,	/* a request comes in */
	RDMA_TAKING,	/* bytes for the region do */
	RDMA_SKIPPING,	/* bytes that nobody wants do */
	RDMA_ANSWERING,
	RDMA_GIVING,	/* bytes of the region go out */
	RDMA_ENDED,
};

struct rdma_conn {
	struct rdma_conn *next;
	int fd;
	struct rdma_addr from;
	bool known;		/* had a good key once, */
	uint64_t owner;		/* of a region of the socket with this cookie */
	uint32_t endpoint;	/* once something was to be received; or 0 */
	enum rdma_state state;
	enum rdma_state then;	/* after answering */
	union {
		struct rdma_request request;
		struct rdma_answer answer;
		char bytes[sizeof(struct rdma_request)];
	};
	size_t have;		/* of that, in or out */
	struct rdma_request asked;
	enum rdma_status status;
	struct rdma_region *region;
	uint32_t at;
	uint32_t left;
	uint64_t deadline;	/* ms; UINT64_MAX is never */
};

uint64_t rdma_now(void);
void rdma_conn_init(struct rdma_conn *c, int fd, const struct rdma_addr *from);

/* POLLIN or POLLOUT; as far as it goes. RDMA_ENDED when it is over. */
short rdma_conn_events(const struct rdma_conn *c);
void rdma_conn_run(struct regbuf *rb, struct rdma_conn *c);

/* It lets go of its region, and the other end hears of it at once. */
void rdma_conn_cut(struct rdma_conn *c);

/* rdma_ring.c: bytes of a connection, straight into registered pages. */

/* Makes @fd known there, if @endpoint is 0. Undone before it is closed. */
int rdma_attach(struct regbuf *rb, int fd, uint32_t *endpoint);
void rdma_detach(uint32_t *endpoint);

/* How much; 0 at the end. -EAGAIN of the connection, -ESTALE of the memory. */
ssize_t rdma_receive(uint32_t endpoint, const struct regbuf_slice *slices,
		     uint32_t nr);

/* rdma_peer.c: a connection to an agent. The peer's lock is held. */

/* One that is there or a new one. */
int rdma_peer_connect(struct san_socket *s, uint16_t port, bool *reused);
void rdma_peer_close(struct san_socket *s);

/* All of it, or a negative errno. */
int rdma_peer_recv(int fd, void *buffer, size_t length);

/* What there is, once there is something; or a negative errno. */
int rdma_peer_fill(struct regbuf *rb, struct rdma_peer *peer,
		   const struct regbuf_slice *slices, uint32_t nr,
		   uint64_t *got);

/* rdma_transfer.c */

/*
 * Until nothing uses a buffer, or @end, whichever signals come meanwhile: they
 * are the program's business.
 */
void rdma_settle(struct regbuf *rb, uint64_t id, uint64_t end);

#endif /* REGBUF_WIN_RDMA_H */
