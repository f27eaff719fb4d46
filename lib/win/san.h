/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the SAN calls share. Neither winsock2.h nor sys/socket.h:
 * each part includes the one that it needs.
 *
 * Locks, in this order: change (registrations), a peer's, lock (everything
 * that is listed). Calls here return 0 or a negative errno.
 */
#ifndef REGBUF_WIN_SAN_H
#define REGBUF_WIN_SAN_H

#include <pthread.h>
#include <sys/types.h>

#include "win.h"

/* What one call may name, as the kernel has it. */
#define SAN_MAX_SEGMENTS	1024

/* Of one transfer of remote memory; and from when on that beats sending. */
#define RDMA_MAX_SIZE		(1u << 30)
#define RDMA_THRESHOLD		65536

/* Memory that is registered for a socket in libregbuf. */
struct san_pin {
	uint64_t handle;
	uint64_t id;
};

/* What WSPRegisterMemory() gave a handle for. */
struct san_buffer {
	struct san_buffer *next;
	struct san_pin pin;
	uintptr_t addr;
	uint32_t length;
	unsigned int access;
	unsigned int count;
	unsigned int users;	/* that the kernel does not count */
	bool gone;		/* or going */
};

/* A range that was registered before; pinned since, if it came again. */
struct san_range {
	struct san_range *next;
	uintptr_t addr;
	uint32_t length;
	unsigned int access;
	uint64_t id;		/* or REGBUF_ID_NONE */
};

/* Where remote memory is reached. */
struct rdma_peer {
	pthread_mutex_t lock;
	int fd;			/* changed under the other lock as well */
	uint16_t port;
	uint32_t endpoint;	/* of it in rdma_ring.c, or 0 */
};

struct rdma_region;

/* An address without its port, all families alike. */
struct rdma_addr {
	uint8_t in6[16];
	uint32_t scope;
};

struct san_socket {
	struct san_socket *next;
	uint64_t cookie;
	int sock;
	unsigned int refs;
	bool closed;
	struct san_buffer *buffers;
	struct san_range *ranges;	/* under change */
	struct rdma_region *regions;
	struct rdma_addr peer_addr;	/* once there are regions */
	struct rdma_peer peer;
};

extern struct san_state {
	pthread_mutex_t change;
	pthread_mutex_t lock;
	struct san_socket *sockets;
} san;

/* What a socket does not know is -ENOENT; what is in use, -EBUSY. */
DWORD san_code(int err);

/* The descriptor, or one that is none. */
static inline int san_fd(uintptr_t sock)
{
	return sock > INT32_MAX ? -1 : (int)sock;
}

/* san.c */

/* Before any of the others, and before any lock. */
int san_begin(struct regbuf **rb);

/* MEM_* to REGBUF_ACCESS_*; -EINVAL. */
int san_access(DWORD flags, unsigned int *access);

/* A reference to what is known of a socket, or NULL. The lock is held. */
struct san_socket *san_socket_get(uint64_t cookie);

/* Likewise; made if there was nothing. -ENOMEM. */
int san_socket_make(int sock, uint64_t cookie, struct san_socket **out);

/* Without the lock. */
void san_socket_put(struct san_socket *s);

/* The change lock is held. */
int san_pin(struct regbuf *rb, int sock, void *addr, uint32_t length,
	    unsigned int access, struct san_pin *pin);
int san_unpin(struct regbuf *rb, int sock, const struct san_pin *pin);

/* Memory of a socket that is closed: whoever uses it. */
void san_unpin_now(struct regbuf *rb, int sock, const struct san_pin *pin);

/* Is it still the memory that was registered? */
bool san_live(struct regbuf *rb, uint64_t id);

/* Is any of it registered, for whatever socket? */
bool san_overlaps(uintptr_t addr, size_t length);

/* san_hold.c: memory that somebody writes to. */
struct san_segment {
	char *addr;
	uint32_t length;
	uint64_t handle;
	struct san_buffer *buffer;
};

/* By handle: -ENOENT, -EACCES, -EFAULT. All or none. The lock is held. */
int san_hold(struct san_socket *s, struct san_segment *segments, size_t nr,
	     unsigned int access);

/*
 * By address; what is not registered is let be, what is without rights is
 * -EFAULT. The lock is held.
 */
int san_hold_found(struct san_socket *s, struct san_segment *segments,
		   size_t nr, unsigned int access);

void san_release(struct san_segment *segments, size_t nr);

/* san_cache.c. The change lock is held. */

/* Before the last registration of it is given up. */
void san_keep(struct regbuf *rb, struct san_socket *s,
	      const struct san_buffer *buffer);

/* All that a socket keeps; all that is kept. Whether there was any. */
void san_forget(struct regbuf *rb, struct san_socket *s);
bool san_forget_all(struct regbuf *rb);

/* san_sys.c: what is asked of the kernel about a socket. */
int san_sys_cookie(int sock, uint64_t *cookie);
bool san_sys_inet(int sock);

/* Is it TCP and are both ends there? -EOPNOTSUPP, -ENOTCONN, -ECONNRESET. */
int san_sys_up(int sock);

/* As sendmsg() and recvmsg(); how much, or a negative errno. */
ssize_t san_sys_send(int sock, const struct san_segment *segments, size_t nr);
ssize_t san_sys_recv(int sock, const struct san_segment *segments, size_t nr,
		     unsigned int flags);

/* san_send.c: an overlapped operation is over. */
void san_complete(LPOVERLAPPED overlapped, uint32_t bytes);

/* rdma_region.c: memory that the other end may use. */
int rdma_expose(int sock, void *addr, uint32_t length, unsigned int access,
		void *descriptor, uint32_t *descriptor_length);
int rdma_withdraw(int sock, const void *descriptor, uint32_t length);

/* Is any of it? The lock is held. */
bool rdma_overlaps(const struct san_socket *s, uintptr_t addr, size_t length);

/* Of a socket that is closed. Both locks are held. */
void rdma_regions_end(struct regbuf *rb, struct san_socket *s);

/* rdma_transfer.c */
struct rdma_job {
	int sock;
	bool write;
	struct san_segment *segments;
	uint32_t nr;
	const void *descriptor;
	uint32_t descriptor_length;
	uint32_t offset;
	uint32_t length;	/* set by rdma_transfer() */
};

int rdma_transfer(struct rdma_job *job);

/* rdma_agent.c: a forked child has neither thread nor connections. */
void rdma_agent_forked(void);

/* rdma_ring.c: around a fork, within the other locks. */
void rdma_ring_prepare(void);
void rdma_ring_parent(void);
void rdma_ring_child(void);

/* rdma_peer.c: nobody uses the socket any more. */
void rdma_peer_end(struct san_socket *s);

#endif /* REGBUF_WIN_SAN_H */
