// SPDX-License-Identifier: MIT
/* Heaps: blocks of malloc() in a list. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <heapapi.h>

#include "win.h"

/* In front of each block; its size keeps malloc()'s alignment. */
struct win_chunk {
	LIST_ENTRY(win_chunk) link;
	size_t size;
	size_t unused;
};

LIST_HEAD(win_chunks, win_chunk);

struct win_heap {
	struct win_object obj;
	pthread_mutex_t lock;
	struct win_chunks chunks;
};

static pthread_once_t win_process_once = PTHREAD_ONCE_INIT;
static HANDLE win_process_heap;

static void win_heap_destroy(struct win_object *obj)
{
	struct win_heap *heap = (struct win_heap *)obj;
	struct win_chunk *chunk;

	while ((chunk = LIST_FIRST(&heap->chunks))) {
		LIST_REMOVE(chunk, link);
		free(chunk);
	}
	pthread_mutex_destroy(&heap->lock);
	free(heap);
}

static const struct win_object_ops win_heap_ops = {
	.kind = WIN_HEAP,
	.destroy = win_heap_destroy,
};

HANDLE HeapCreate(DWORD flags, SIZE_T initial, SIZE_T maximum)
{
	struct win_heap *heap;

	(void)initial;
	(void)maximum;
	if (flags & ~HEAP_NO_SERIALIZE) {
		win_refuse(ERROR_INVALID_PARAMETER);
		return NULL;
	}
	heap = calloc(1, sizeof(*heap));
	if (!heap) {
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	heap->obj.ops = &win_heap_ops;
	heap->obj.refs = 1;
	pthread_mutex_init(&heap->lock, NULL);
	return win_handle_new(&heap->obj);
}

static void win_process_init(void)
{
	win_process_heap = HeapCreate(0, 0, 0);
}

HANDLE GetProcessHeap(void)
{
	pthread_once(&win_process_once, win_process_init);
	return win_process_heap;
}

BOOL HeapDestroy(HANDLE heap)
{
	return win_handle_close(heap, WIN_HEAP);
}

static struct win_heap *win_heap_get(HANDLE handle)
{
	return (struct win_heap *)win_handle_get(handle, WIN_HEAP);
}

static struct win_chunk *win_chunk_of(LPCVOID memory)
{
	return (struct win_chunk *)memory - 1;
}

static void win_heap_insert(struct win_heap *heap, struct win_chunk *chunk,
			    size_t size)
{
	chunk->size = size;
	pthread_mutex_lock(&heap->lock);
	LIST_INSERT_HEAD(&heap->chunks, chunk, link);
	pthread_mutex_unlock(&heap->lock);
}

static void win_heap_remove(struct win_heap *heap, struct win_chunk *chunk)
{
	pthread_mutex_lock(&heap->lock);
	LIST_REMOVE(chunk, link);
	pthread_mutex_unlock(&heap->lock);
}

static struct win_chunk *win_chunk_alloc(struct win_chunk *old, size_t size)
{
	struct win_chunk *chunk = NULL;

	if (size <= SIZE_MAX - sizeof(*chunk))
		chunk = realloc(old, sizeof(*chunk) + size);
	if (!chunk)
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
	return chunk;
}

LPVOID HeapAlloc(HANDLE handle, DWORD flags, SIZE_T size)
{
	struct win_heap *heap = win_heap_get(handle);
	struct win_chunk *chunk;

	if (!heap)
		return NULL;
	chunk = win_chunk_alloc(NULL, size);
	if (chunk) {
		if (flags & HEAP_ZERO_MEMORY)
			memset(chunk + 1, 0, size);
		win_heap_insert(heap, chunk, size);
	}
	win_object_put(&heap->obj);
	return chunk ? chunk + 1 : NULL;
}

/* It may not have moved: it is in the list again in any case. */
static struct win_chunk *win_chunk_resize(struct win_heap *heap,
					  struct win_chunk *old, size_t size)
{
	size_t before = old->size;
	struct win_chunk *chunk;

	win_heap_remove(heap, old);
	chunk = win_chunk_alloc(old, size);
	win_heap_insert(heap, chunk ? chunk : old, chunk ? size : before);
	return chunk;
}

LPVOID HeapReAlloc(HANDLE handle, DWORD flags, LPVOID memory, SIZE_T size)
{
	struct win_heap *heap = win_heap_get(handle);
	struct win_chunk *chunk;
	size_t before;

	if (!heap)
		return NULL;
	before = win_chunk_of(memory)->size;
	chunk = win_chunk_resize(heap, win_chunk_of(memory), size);
	win_object_put(&heap->obj);
	if (!chunk)
		return NULL;
	if (flags & HEAP_ZERO_MEMORY && size > before)
		memset((char *)(chunk + 1) + before, 0, size - before);
	return chunk + 1;
}

BOOL HeapFree(HANDLE handle, DWORD flags, LPVOID memory)
{
	struct win_heap *heap = win_heap_get(handle);

	(void)flags;
	if (!heap)
		return FALSE;
	if (memory) {
		win_heap_remove(heap, win_chunk_of(memory));
		free(win_chunk_of(memory));
	}
	win_object_put(&heap->obj);
	return TRUE;
}

SIZE_T HeapSize(HANDLE handle, DWORD flags, LPCVOID memory)
{
	struct win_heap *heap = win_heap_get(handle);
	SIZE_T size;

	(void)flags;
	if (!heap)
		return (SIZE_T)-1;
	size = win_chunk_of(memory)->size;
	win_object_put(&heap->obj);
	return size;
}
