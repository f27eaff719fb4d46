// SPDX-License-Identifier: MIT
/*
 * The table of handles. A slot's generation goes up when its handle is closed,
 * so that no handle comes back before 2^31 others had its slot.
 */
#include <pthread.h>
#include <stdlib.h>

#include <handleapi.h>
#include <processthreadsapi.h>

#include "win.h"

#define WIN_HANDLE_SLOTS	(1U << 24)
#define WIN_GENERATIONS		0x7fffffffU
#define WIN_NO_SLOT		UINT32_MAX

struct win_slot {
	struct win_object *obj;
	uint32_t generation;
	uint32_t next;		/* of the free ones */
};

static struct {
	pthread_mutex_t lock;	/* the last one that is taken */
	struct win_slot *slots;
	uint32_t nr;
	uint32_t free;
} win_table = { .lock = PTHREAD_MUTEX_INITIALIZER, .free = WIN_NO_SLOT };

static void win_table_lock(void)
{
	pthread_mutex_lock(&win_table.lock);
}

static void win_table_unlock(void)
{
	pthread_mutex_unlock(&win_table.lock);
}

/* A child has the handles of its parent, and a table that can be used. */
__attribute__((constructor))
static void win_table_init(void)
{
	pthread_atfork(win_table_lock, win_table_unlock, win_table_unlock);
}

struct win_object *win_object_get(struct win_object *obj)
{
	__atomic_fetch_add(&obj->refs, 1, __ATOMIC_RELAXED);
	return obj;
}

void win_object_put(struct win_object *obj)
{
	if (__atomic_sub_fetch(&obj->refs, 1, __ATOMIC_ACQ_REL) == 0)
		obj->ops->destroy(obj);
}

static HANDLE win_handle_of(uint32_t at)
{
	uint64_t generation = win_table.slots[at].generation;

	return (HANDLE)(generation << 32 | (WIN_HANDLE_BASE + (at << 2)));
}

static struct win_slot *win_slot_find(HANDLE handle)
{
	uint64_t value = (uintptr_t)handle;
	uint32_t low = (uint32_t)value, at;

	if (low < WIN_HANDLE_BASE)
		return NULL;
	at = (low - WIN_HANDLE_BASE) >> 2;
	if (at >= win_table.nr || !win_table.slots[at].obj ||
	    win_table.slots[at].generation != value >> 32)
		return NULL;
	return &win_table.slots[at];
}

static bool win_table_grow(void)
{
	uint32_t nr = win_table.nr ? 2 * win_table.nr : 64, at;
	struct win_slot *slots;

	if (nr > WIN_HANDLE_SLOTS)
		return false;
	slots = realloc(win_table.slots, nr * sizeof(*slots));
	if (!slots)
		return false;
	for (at = win_table.nr; at < nr; at++)
		slots[at] = (struct win_slot){ .next = at + 1 };
	slots[nr - 1].next = WIN_NO_SLOT;
	win_table.free = win_table.nr;
	win_table.slots = slots;
	win_table.nr = nr;
	return true;
}

HANDLE win_handle_new(struct win_object *obj)
{
	HANDLE handle = NULL;
	uint32_t at;

	win_table_lock();
	if (win_table.free != WIN_NO_SLOT || win_table_grow()) {
		at = win_table.free;
		win_table.free = win_table.slots[at].next;
		win_table.slots[at].obj = obj;
		obj->handles++;
		handle = win_handle_of(at);
	}
	win_table_unlock();
	if (!handle) {
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
		win_object_put(obj);
	}
	return handle;
}

static bool win_kind_is(const struct win_object *obj, enum win_kind kind)
{
	return kind == WIN_ANY || obj->ops->kind == kind;
}

struct win_object *win_handle_get(HANDLE handle, enum win_kind kind)
{
	struct win_object *obj = NULL;
	struct win_slot *slot;

	win_table_lock();
	slot = win_slot_find(handle);
	if (slot && win_kind_is(slot->obj, kind))
		obj = win_object_get(slot->obj);
	win_table_unlock();
	if (!obj)
		win_refuse(ERROR_INVALID_HANDLE);
	return obj;
}

static void win_slot_free(struct win_slot *slot)
{
	slot->obj = NULL;
	slot->generation = (slot->generation + 1) & WIN_GENERATIONS;
	slot->next = win_table.free;
	win_table.free = slot - win_table.slots;
}

BOOL win_handle_close(HANDLE handle, enum win_kind kind)
{
	struct win_object *obj = NULL;
	struct win_slot *slot;
	bool last = false;

	win_table_lock();
	slot = win_slot_find(handle);
	if (slot && win_kind_is(slot->obj, kind)) {
		obj = slot->obj;
		last = --obj->handles == 0;
		win_slot_free(slot);
	}
	win_table_unlock();
	if (!obj)
		return win_refuse(ERROR_INVALID_HANDLE);
	if (last && obj->ops->close)
		obj->ops->close(obj);
	win_object_put(obj);
	return TRUE;
}

/* Neither needs to be closed, and may be. */
static bool win_handle_pseudo(HANDLE handle)
{
	return handle == GetCurrentProcess() || handle == GetCurrentThread();
}

BOOL CloseHandle(HANDLE handle)
{
	return win_handle_pseudo(handle) || win_handle_close(handle, WIN_ANY);
}

BOOL DuplicateHandle(HANDLE from, HANDLE handle, HANDLE to, LPHANDLE out,
		     DWORD access, BOOL inherit, DWORD options)
{
	struct win_object *obj;
	HANDLE copy;

	(void)access;
	(void)inherit;
	if (from != GetCurrentProcess() || to != GetCurrentProcess())
		return win_refuse(ERROR_ACCESS_DENIED);
	if (handle == GetCurrentThread())
		obj = win_thread_self();
	else
		obj = win_handle_get(handle, WIN_ANY);
	if (!obj)
		return FALSE;
	copy = win_handle_new(obj);
	if (!copy)
		return FALSE;
	if (options & DUPLICATE_CLOSE_SOURCE)
		CloseHandle(handle);
	*out = copy;
	return TRUE;
}
