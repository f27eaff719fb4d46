// SPDX-License-Identifier: MIT
/* Memory that the other end of a connection may use, and who may what of it. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "rdma.h"

/* In constant time: how much of a key was right is nobody's business. */
static bool rdma_key_same(const uint8_t *a, const uint8_t *b)
{
	uint8_t differs = 0;
	int i;

	for (i = 0; i < RDMA_KEY; i++)
		differs |= a[i] ^ b[i];
	return !differs;
}

static struct rdma_region *rdma_region_find(const struct san_socket *s,
					    const uint8_t *key)
{
	struct rdma_region *region = s->regions;

	while (region && !rdma_key_same(region->key, key))
		region = region->next;
	return region;
}

bool rdma_welcome(const struct rdma_addr *from)
{
	const struct san_socket *s;

	for (s = san.sockets; s; s = s->next)
		if (s->regions && rdma_addr_same(&s->peer_addr, from))
			return true;
	return false;
}

static struct rdma_region *rdma_region_of(const struct rdma_addr *from,
					  const uint8_t *key)
{
	struct rdma_region *region = NULL;
	const struct san_socket *s;

	for (s = san.sockets; s && !region; s = s->next)
		if (rdma_addr_same(&s->peer_addr, from))
			region = rdma_region_find(s, key);
	return region;
}

/* Is it still that socket, and connected? */
static bool rdma_region_up(const struct rdma_region *region)
{
	uint64_t cookie;

	return !san_sys_cookie(region->s->sock, &cookie) &&
	       cookie == region->s->cookie && !san_sys_up(region->s->sock);
}

enum rdma_status rdma_judge(struct regbuf *rb, const struct rdma_addr *from,
			    const struct rdma_request *request,
			    struct rdma_region **out, uint64_t *owner)
{
	struct rdma_region *region = rdma_region_of(from, request->key);
	unsigned int access = request->op == RDMA_WRITE ? REGBUF_ACCESS_WRITE :
							  REGBUF_ACCESS_READ;

	*out = NULL;
	if (!region || !rdma_region_up(region))
		return RDMA_UNKNOWN;
	*owner = region->s->cookie;
	if (!(region->access & access))
		return RDMA_RIGHTS;
	if (request->offset > region->length ||
	    request->length > region->length - request->offset)
		return RDMA_BOUNDS;
	if (!san_live(rb, region->pin.id))
		return RDMA_GONE;
	region->users++;
	*out = region;
	return RDMA_OK;
}

static int rdma_describe(int sock, const struct rdma_region *region,
			 struct rdma_descriptor *d)
{
	struct rdma_name local, remote;
	int err = rdma_local(sock, &local);

	if (!err)
		err = rdma_remote(sock, &remote);
	if (err)
		return err;
	*d = (struct rdma_descriptor){
		.magic = htonl(RDMA_MAGIC),
		.port = htons(rdma_listener_port(region->listener)),
		.length = htonl(region->length),
		.access = htonl(region->access),
		.local_port = htons(rdma_port(&local)),
		.peer_port = htons(rdma_port(&remote)),
	};
	memcpy(d->key, region->key, RDMA_KEY);
	return 0;
}

static int rdma_key_make(uint8_t *key)
{
	ssize_t n;

	do {
		n = getrandom(key, RDMA_KEY, 0);
	} while (n < 0 && errno == EINTR);
	return n == RDMA_KEY ? 0 : -EIO;
}

static int rdma_region_listen(struct rdma_region *region, int sock)
{
	struct rdma_name local, remote;
	int err = rdma_local(sock, &local);

	if (!err)
		err = rdma_remote(sock, &remote);
	if (!err)
		err = rdma_listen(&local, &region->listener);
	if (!err)
		region->s->peer_addr = rdma_addr(&remote);
	return err;
}

/* The same again is the same. */
static struct rdma_region *rdma_region_again(const struct rdma_region *new)
{
	struct rdma_region *region = new->s->regions;

	while (region && (region->addr != new->addr ||
			  region->pin.id != new->pin.id))
		region = region->next;
	return region;
}

/* Takes @new over, unless it fails. */
static int rdma_region_add(struct rdma_region *new, int sock,
			   struct rdma_descriptor *d)
{
	struct rdma_region *region = rdma_region_again(new);
	int err;

	if (region) {
		err = rdma_describe(sock, region, d);
		if (err)
			return err;
		region->count++;
		free(new);
		return 0;
	}
	err = rdma_key_make(new->key);
	if (!err)
		err = rdma_region_listen(new, sock);
	if (err)
		return err;
	err = rdma_describe(sock, new, d);
	if (err) {
		rdma_listener_put(new->listener);
		return err;
	}
	new->next = new->s->regions;
	new->s->regions = new;
	return 0;
}

static int rdma_region_insert(struct rdma_region *new, int sock,
			      struct rdma_descriptor *d)
{
	struct san_socket *s;
	uint64_t cookie;
	int err = san_sys_cookie(sock, &cookie);

	if (err)
		return err;
	pthread_mutex_lock(&san.lock);
	err = san_socket_make(sock, cookie, &s);
	if (!err) {
		new->s = s;
		err = rdma_region_add(new, sock, d);
	}
	pthread_mutex_unlock(&san.lock);
	if (s)
		san_socket_put(s);
	return err;
}

static int rdma_region_register(struct regbuf *rb, int sock,
				struct rdma_region *new,
				struct rdma_descriptor *d)
{
	int err;

	pthread_mutex_lock(&san.change);
	err = san_pin(rb, sock, new->addr, new->length, new->access,
		      &new->pin);
	if (!err) {
		struct san_pin pin = new->pin;

		err = rdma_region_insert(new, sock, d);
		if (err)
			san_unpin_now(rb, sock, &pin);
	}
	pthread_mutex_unlock(&san.change);
	return err;
}

static int rdma_expose_as(int sock, void *addr, uint32_t length,
			  unsigned int access, struct rdma_descriptor *d)
{
	struct rdma_region *new;
	struct regbuf *rb;
	int err = san_begin(&rb);

	if (err)
		return err;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->addr = addr;
	new->length = length;
	new->access = access;
	new->count = 1;
	err = rdma_region_register(rb, sock, new, d);
	if (err)
		free(new);
	return err;
}

int rdma_expose(int sock, void *addr, uint32_t length, unsigned int access,
		void *descriptor, uint32_t *descriptor_length)
{
	struct rdma_descriptor d;
	uint32_t room = *descriptor_length;
	int err = san_sys_up(sock);

	if (err)
		return err;
	*descriptor_length = sizeof(d);
	if (!descriptor || room < sizeof(d))
		return -EFAULT;
	err = rdma_expose_as(sock, addr, length, access, &d);
	if (!err)
		memcpy(descriptor, &d, sizeof(d));
	return err;
}

static void rdma_region_remove(struct rdma_region *region)
{
	struct rdma_region **at = &region->s->regions;

	while (*at != region)
		at = &(*at)->next;
	*at = region->next;
	rdma_listener_put(region->listener);
	free(region);
}

/*
 * Under the lock nobody begins to use it, so what is idle is gone when this is
 * done. What was read of it is refused by the kernel while it is on its way:
 * -EAGAIN, and the id.
 */
static int rdma_region_leave(struct regbuf *rb, int sock,
			     const struct san_socket *s, const uint8_t *key,
			     uint64_t *id)
{
	struct rdma_region *region = rdma_region_find(s, key);
	int err;

	if (!region)
		return -ENOENT;
	if (region->count == 1 && region->users)
		return -EBUSY;
	*id = region->pin.id;
	err = san_unpin(rb, sock, &region->pin);
	if (!err && !--region->count)
		rdma_region_remove(region);
	return err == -EBUSY ? -EAGAIN : err;
}

static int rdma_withdraw_once(struct regbuf *rb, int sock, uint64_t cookie,
			      const uint8_t *key, uint64_t *id)
{
	struct san_socket *s;
	int err = -ENOENT;

	pthread_mutex_lock(&san.change);
	pthread_mutex_lock(&san.lock);
	s = san_socket_get(cookie);
	if (s)
		err = rdma_region_leave(rb, sock, s, key, id);
	pthread_mutex_unlock(&san.lock);
	pthread_mutex_unlock(&san.change);
	if (s)
		san_socket_put(s);
	return err;
}

int rdma_withdraw(int sock, const void *descriptor, uint32_t length)
{
	struct rdma_descriptor d;
	uint64_t cookie, id;
	struct regbuf *rb;
	int err;

	err = san_sys_cookie(sock, &cookie);
	if (err)
		return err;
	if (!descriptor || length < sizeof(d))
		return -EINVAL;
	memcpy(&d, descriptor, sizeof(d));
	err = san_begin(&rb);
	if (err)
		return err;
	err = rdma_withdraw_once(rb, sock, cookie, d.key, &id);
	/* The other end has it all, and may have said so; but not yet to us. */
	if (err == -EAGAIN) {
		rdma_settle(rb, id, rdma_now() + RDMA_SETTLE_MS);
		err = rdma_withdraw_once(rb, sock, cookie, d.key, &id);
	}
	return err == -EAGAIN ? -EBUSY : err;
}

bool rdma_overlaps(const struct san_socket *s, uintptr_t addr, size_t length)
{
	const struct rdma_region *region;
	uintptr_t begin;

	for (region = s->regions; region; region = region->next) {
		begin = (uintptr_t)region->addr;
		if (begin < addr + length && addr < begin + region->length)
			return true;
	}
	return false;
}

void rdma_regions_end(struct regbuf *rb, struct san_socket *s)
{
	struct rdma_region *region;

	if (s->peer.fd >= 0)
		shutdown(s->peer.fd, SHUT_RDWR);
	rdma_cut(s);
	while ((region = s->regions)) {
		for (; region->count; region->count--)
			san_unpin_now(rb, s->sock, &region->pin);
		rdma_region_remove(region);
	}
}
