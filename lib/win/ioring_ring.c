// SPDX-License-Identifier: MIT
/* I/O rings: what there is, making and closing them. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ioring.h"

TAILQ_HEAD(ioring_list, ioring);

static struct {
	pthread_mutex_t lock;		/* before that of a ring */
	struct ioring_list rings;
	unsigned int forks;
} ioring_all = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.rings = TAILQ_HEAD_INITIALIZER(ioring_all.rings),
};

static void ioring_fork(void)
{
	pthread_mutex_lock(&ioring_all.lock);
}

static void ioring_forked(void)
{
	pthread_mutex_unlock(&ioring_all.lock);
}

/* A child may not touch its parent's queues. */
static void ioring_child(void)
{
	TAILQ_INIT(&ioring_all.rings);
	ioring_all.forks++;
	pthread_mutex_unlock(&ioring_all.lock);
}

__attribute__((constructor))
static void ioring_init(void)
{
	pthread_atfork(ioring_fork, ioring_forked, ioring_child);
}

struct ioring *ioring_get(HIORING handle)
{
	struct win_object *obj = win_handle_get((HANDLE)handle, WIN_RING);
	struct ioring *ring = (struct ioring *)obj;

	if (!ring)
		return NULL;
	if (ring->born != ioring_all.forks) {
		win_object_put(obj);
		return NULL;
	}
	pthread_mutex_lock(&ring->lock);
	return ring;
}

void ioring_put(struct ioring *ring)
{
	pthread_mutex_unlock(&ring->lock);
	win_object_put(&ring->obj);
}

HRESULT ioring_error(int err)
{
	return HRESULT_FROM_WIN32(win_code(err));
}

/* As files' errors are, not as Winsock's, where there is the choice. */
HRESULT ioring_sock_error(int err)
{
	static const struct {
		int err;
		DWORD code;
	} codes[] = {
		{ EBADF, ERROR_INVALID_HANDLE },
		{ ENOTSOCK, ERROR_INVALID_HANDLE },
		{ EFAULT, ERROR_NOACCESS },
		{ ENOENT, ERROR_NOACCESS },
		{ ESTALE, ERROR_NOACCESS },
		{ EBUSY, ERROR_BUSY },
		{ ENODEV, ERROR_DEV_NOT_EXIST },
		{ ENOMEM, ERROR_NOT_ENOUGH_MEMORY },
		{ ENOBUFS, ERROR_NO_SYSTEM_RESOURCES },
		{ ECONNRESET, ERROR_NETNAME_DELETED },
		{ EPIPE, ERROR_NETNAME_DELETED },
		{ ECONNABORTED, ERROR_CONNECTION_ABORTED },
		{ ECONNREFUSED, ERROR_PORT_UNREACHABLE },
		{ ETIMEDOUT, ERROR_SEM_TIMEOUT },
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (codes[i].err == err)
			return HRESULT_FROM_WIN32(codes[i].code);
	return HRESULT_FROM_WIN32(win_wsa_code(err));
}

HRESULT QueryIoRingCapabilities(IORING_CAPABILITIES *capabilities)
{
	static int features = -1;

	if (!capabilities)
		return E_INVALIDARG;
	if (features < 0)
		features = IORING_FEATURE_SET_COMPLETION_EVENT |
			   (access(REGBUF_DEVICE, R_OK | W_OK) ?
			    IORING_FEATURE_UM_EMULATION : 0);
	*capabilities = (IORING_CAPABILITIES){
		.MaxVersion = IORING_VERSION_4,
		.MaxSubmissionQueueSize = IORING_MAX_SQ,
		.MaxCompletionQueueSize = IORING_MAX_CQ,
		.FeatureFlags = (IORING_FEATURE_FLAGS)features,
	};
	return S_OK;
}

/*
 * Copies of what is on its way are not freed: the network has their pages, and
 * other data may not be in them before it is through.
 */
static void ioring_free(struct ioring *ring)
{
	ioring_ops_end(ring);
	if (ring->event)
		win_object_put(ring->event);
	free(ring->socks);
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

/* A child has a copy of what is the program's, and no queue. */
static void ioring_destroy(struct win_object *obj)
{
	struct ioring *ring = (struct ioring *)obj;

	if (ring->born == ioring_all.forks) {
		pthread_mutex_lock(&ioring_all.lock);
		TAILQ_REMOVE(&ioring_all.rings, ring, link);
		pthread_mutex_unlock(&ioring_all.lock);
		ioring_sock_end(ring);
		ioring_unregister(ring);
	}
	ioring_free(ring);
}

static const struct win_object_ops ioring_ops = {
	.kind = WIN_RING,
	.destroy = ioring_destroy,
};

static UINT32 ioring_round(UINT32 entries)
{
	UINT32 size = 1;

	while (size < entries)
		size *= 2;
	return size;
}

static HRESULT ioring_check(UINT32 version, UINT32 required, UINT32 sq,
			    UINT32 cq)
{
	if (version != IORING_VERSION_1 && version != IORING_VERSION_2 &&
	    version != IORING_VERSION_3 && version != IORING_VERSION_4)
		return IORING_E_VERSION_NOT_SUPPORTED;
	if (required)
		return IORING_E_REQUIRED_FLAG_NOT_SUPPORTED;
	if (sq > IORING_MAX_SQ)
		return IORING_E_SUBMISSION_QUEUE_TOO_BIG;
	if (cq > IORING_MAX_CQ)
		return IORING_E_COMPLETION_QUEUE_TOO_BIG;
	return S_OK;
}

static struct ioring *ioring_new(UINT32 sq, UINT32 cq)
{
	struct ioring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return NULL;
	ring->obj.ops = &ioring_ops;
	ring->obj.refs = 1;
	ring->info.SubmissionQueueSize = ioring_round(sq);
	ring->info.CompletionQueueSize = ioring_round(cq);
	if (ring->info.CompletionQueueSize < 2 * ring->info.SubmissionQueueSize)
		ring->info.CompletionQueueSize =
			2 * ring->info.SubmissionQueueSize;
	pthread_mutex_init(&ring->lock, NULL);
	TAILQ_INIT(&ring->free);
	TAILQ_INIT(&ring->queued);
	TAILQ_INIT(&ring->held);
	TAILQ_INIT(&ring->flying);
	TAILQ_INIT(&ring->done);
	return ring;
}

static HRESULT ioring_publish(struct ioring *ring, HIORING *h)
{
	pthread_mutex_lock(&ioring_all.lock);
	ring->born = ioring_all.forks;
	TAILQ_INSERT_TAIL(&ioring_all.rings, ring, link);
	pthread_mutex_unlock(&ioring_all.lock);
	*h = (HIORING)win_handle_new(&ring->obj);
	return *h ? S_OK : E_OUTOFMEMORY;
}

HRESULT CreateIoRing(IORING_VERSION ioringVersion, IORING_CREATE_FLAGS flags,
		     UINT32 submissionQueueSize, UINT32 completionQueueSize,
		     HIORING *h)
{
	struct ioring *ring;
	HRESULT hr;

	if (!h)
		return E_INVALIDARG;
	*h = NULL;
	hr = ioring_check(ioringVersion, flags.Required, submissionQueueSize,
			  completionQueueSize);
	if (FAILED(hr))
		return hr;
	ring = ioring_new(submissionQueueSize, completionQueueSize);
	if (!ring)
		return E_OUTOFMEMORY;
	ring->info.IoRingVersion = ioringVersion;
	ring->info.Flags.Advisory = (IORING_CREATE_ADVISORY_FLAGS)
		(flags.Advisory & IORING_CREATE_SKIP_BUILDER_PARAM_CHECKS);
	return ioring_publish(ring, h);
}

HRESULT GetIoRingInfo(HIORING ioRing, IORING_INFO *info)
{
	struct ioring *ring = ioring_get(ioRing);

	if (!ring)
		return E_HANDLE;
	if (info)
		*info = ring->info;
	ioring_put(ring);
	return info ? S_OK : E_INVALIDARG;
}

BOOL IsIoRingOpSupported(HIORING ioRing, IORING_OP_CODE op)
{
	struct ioring *ring = ioring_get(ioRing);
	bool supported;

	if (!ring)
		return FALSE;
	supported = ioring_supports(ring, op);
	ioring_put(ring);
	return supported;
}

HRESULT CloseIoRing(HIORING ioRing)
{
	struct ioring *ring = ioring_get(ioRing);

	if (!ring)
		return E_HANDLE;
	ioring_put(ring);
	return win_handle_close((HANDLE)ioRing, WIN_RING) ? S_OK : E_HANDLE;
}

void win_ioring_close(int sock)
{
	struct ioring *ring;

	pthread_mutex_lock(&ioring_all.lock);
	for (ring = TAILQ_FIRST(&ioring_all.rings); ring;
	     ring = TAILQ_NEXT(ring, link)) {
		pthread_mutex_lock(&ring->lock);
		ioring_forget(ring, sock);
		ioring_detach(ring, sock);
		pthread_mutex_unlock(&ring->lock);
	}
	pthread_mutex_unlock(&ioring_all.lock);
}

bool win_ioring_shutdown(int sock)
{
	struct ioring *ring;
	bool done = false;

	pthread_mutex_lock(&ioring_all.lock);
	for (ring = TAILQ_FIRST(&ioring_all.rings); ring;
	     ring = TAILQ_NEXT(ring, link)) {
		pthread_mutex_lock(&ring->lock);
		done |= ioring_shutdown(ring, sock);
		pthread_mutex_unlock(&ring->lock);
	}
	pthread_mutex_unlock(&ioring_all.lock);
	return done;
}
