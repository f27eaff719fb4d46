/* SPDX-License-Identifier: MIT */
/*
 * What the parts of libregbuf-win share: the last error, objects behind
 * handles, and what may be waited for.
 */
#ifndef REGBUF_WIN_INT_H
#define REGBUF_WIN_INT_H

#include <stdbool.h>

#include <regbuf.h>

#include "minwindef.h"
#include "winerror.h"

/* error.c: GetLastError() and WSAGetLastError() are the same, per thread. */

/* The Winsock code that a (positive) errno stands for. */
DWORD win_wsa_code(int err);

/* The code that it stands for in calls that are not of Winsock. */
DWORD win_code(int err);

/* Sets the thread's last error; false, for calls that return BOOL. */
BOOL win_refuse(DWORD code);

/* Likewise; -1 (SOCKET_ERROR). */
int win_fail(DWORD code);

/*
 * status.c: the NTSTATUS for a code of Winsock, and what Winsock and the base
 * system say of one.
 */
DWORD win_status(DWORD wsa);
DWORD win_status_wsa(DWORD status);
DWORD win_status_code(DWORD status);

/* copy.c: false if the program's pointer is bad. Not for where it's hot. */
bool win_copy_in(void *to, const void *from, size_t length);
bool win_copy_out(void *to, const void *from, size_t length);

/*
 * context.c: the process's one context. Opened when first used, again after
 * fork. 0 or a negative errno.
 */
int win_context(struct regbuf **out);

/*
 * handle.c: a HANDLE is a number with a generation, never below 0x10000000, so
 * that no socket and no stale handle is taken for one.
 */
#define WIN_HANDLE_BASE		0x10000000U

enum win_kind {
	WIN_ANY,
	WIN_EVENT,
	WIN_PORT,
	WIN_THREAD,
	WIN_MUTEX,
	WIN_SEMAPHORE,
	WIN_FILE,
	WIN_RING,
	WIN_HEAP,
};

struct win_object;

struct win_object_ops {
	enum win_kind kind;
	void (*destroy)(struct win_object *obj);
	/* To poll for POLLIN; NULL if it cannot be waited for. */
	int (*fd)(struct win_object *obj);
	/* After that: was it signalled? Takes what an automatic one has. */
	bool (*take)(struct win_object *obj);
	/* Gives back what take() took; NULL if it takes nothing. */
	void (*untake)(struct win_object *obj);
	/* The last handle was closed, others may still use it; may be NULL. */
	void (*close)(struct win_object *obj);
};

struct win_object {
	const struct win_object_ops *ops;
	unsigned int refs;
	unsigned int handles;	/* under the lock of the table */
};

/*
 * Takes over the caller's reference, of a new object (refs 1). NULL and the
 * object is destroyed if there is no room (ERROR_NOT_ENOUGH_MEMORY).
 */
HANDLE win_handle_new(struct win_object *obj);

/* A reference, or NULL and ERROR_INVALID_HANDLE. */
struct win_object *win_handle_get(HANDLE handle, enum win_kind kind);

struct win_object *win_object_get(struct win_object *obj);
void win_object_put(struct win_object *obj);

/* Removes the handle; the rest is as CloseHandle(). */
BOOL win_handle_close(HANDLE handle, enum win_kind kind);

/*
 * eventfd.c: descriptors that do not block. Full is written, too. What was
 * read, 0 if there was nothing.
 */
uint64_t win_eventfd_read(int fd);
void win_eventfd_add(int fd, uint64_t value);
void win_eventfd_write(int fd);

/* thread.c: the calling thread's object, or NULL and the last error. */
struct win_object *win_thread_self(void);

/* mutex.c: the calling thread ends, and what it owns is there for others. */
void win_mutex_abandon_all(void);

/* After a mutex was taken: did its owner end? False for all other objects. */
bool win_mutex_was_abandoned(struct win_object *obj);

/* memory.c: where blocks of memory begin. */
#define WIN_GRANULARITY		0x10000U

/* text.c: malloc()ed, or NULL and the last error. */
char *win_utf8(LPCWSTR text);

/* file.c: the file's descriptor, while the reference lasts. */
int win_file_fd(struct win_object *file);

/* wait.c: when @milliseconds will be over. */
struct win_deadline {
	uint64_t at;	/* nanoseconds of CLOCK_MONOTONIC; UINT64_MAX: never */
};

struct win_deadline win_deadline(DWORD milliseconds);

/* For poll() and epoll_wait(): rounded up, -1 is never, 0 is now or before. */
int win_deadline_left(struct win_deadline deadline);

/* event.c */

/* The event's eventfd: 1 while it is set. For the kernel to signal. */
int win_event_fd(struct win_object *event);

void win_event_set(struct win_object *event);
void win_event_reset(struct win_object *event);

/* port.c */

/*
 * For each 1 that is written to @fd (an eventfd, not blocking, no semaphore)
 * one thread that waits for the port gets a packet of these. The port does not
 * own @fd. Take it off before it is closed; no packet comes after that returns.
 */
int win_port_watch(struct win_object *port, int fd, ULONG_PTR key,
		   LPOVERLAPPED overlapped);
void win_port_unwatch(struct win_object *port, int fd);

/*
 * sockets.c: was it made with WSA_FLAG_REGISTERED_IO, or accepted from such
 * a one? Takes no lock.
 */
bool win_socket_registered(int sock);

/* Has the program said how large its receive buffer is to be? */
bool win_socket_sized(int sock);

/* socket.c calls these before a socket's descriptor is closed. */

/* rio_socket.c: cancels what the socket's request queue has pending. */
void win_rio_close(int sock);

/*
 * Likewise: if it has sends pending the socket is shut down for sending, after
 * them, and this returns true. Else the caller has to do it.
 */
bool win_rio_shutdown(int sock);

/* ioring_ring.c: rings give it up; what they have sent still goes out. */
void win_ioring_close(int sock);

/* As win_rio_shutdown(). */
bool win_ioring_shutdown(int sock);

/* san.c: ends the socket's registrations. */
void win_san_close(int sock);

/*
 * async.c: what is pending of overlapped calls ends, and there will be no more.
 * The second one is for after the descriptor was closed.
 */
void win_async_close(int sock);
void win_async_closed(int sock);

/* As win_rio_shutdown(). */
bool win_async_shutdown(int sock);

/* async.c: has it overlapped calls pending, in that direction? */
bool win_async_busy(int sock, bool send);

/* rio_rq.c: has it a request queue, in that direction? */
bool win_rio_uses(int sock, bool send);

/* async_function.c: as win_san_function(), of Winsock's own. */
void *win_async_function(const GUID *guid);

/*
 * rio_table.c: WSAIoctl(SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER). 0 or a
 * WSA code.
 */
DWORD win_rio_table(const GUID *guid, void *out, DWORD length, DWORD *bytes);

/*
 * san.c: WSAIoctl(SIO_GET_EXTENSION_FUNCTION_POINTER) for the GUIDs of SANs;
 * NULL if it is another one.
 */
void *win_san_function(const GUID *guid);

/* san_function.c: SO_MAX_RDMA_SIZE and SO_RDMA_THRESHOLD_SIZE. */
DWORD win_san_max_rdma(void);
DWORD win_san_rdma_threshold(void);

/* The program's, if it has one instead of main(). */
int wmain(int argc, wchar_t **argv);

#endif /* REGBUF_WIN_INT_H */
