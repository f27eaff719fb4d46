// SPDX-License-Identifier: MIT
/*
 * VirtualAlloc(): blocks of pages, each of which is committed, with a
 * protection, or only reserved.
 */
#include <errno.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memoryapi.h>
#include <processthreadsapi.h>

#include "win.h"

#define WIN_MEM_TYPES	\
	(MEM_COMMIT | MEM_RESERVE | MEM_TOP_DOWN | MEM_LARGE_PAGES)
/* mbind()'s, of a header that is the kernel's. */
#define WIN_MPOL_PREFERRED	1

struct win_range {
	uintptr_t start;
	uintptr_t end;
};

struct win_block {
	struct win_range range;
	BYTE *pages;	/* PAGE_* of each; 0 if it is only reserved */
	bool large;
};

static struct {
	pthread_mutex_t lock;
	void *tree;	/* struct win_block, by address */
} win_memory = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void win_memory_lock(void)
{
	pthread_mutex_lock(&win_memory.lock);
}

static void win_memory_unlock(void)
{
	pthread_mutex_unlock(&win_memory.lock);
}

/* A child has its parent's memory. */
__attribute__((constructor))
static void win_memory_init(void)
{
	pthread_atfork(win_memory_lock, win_memory_unlock, win_memory_unlock);
}

static uintptr_t win_page(void)
{
	return sysconf(_SC_PAGESIZE);
}

static uintptr_t win_round_down(uintptr_t n, uintptr_t to)
{
	return n & ~(to - 1);
}

/* Ranges that overlap are the same. */
static int win_range_compare(const void *a, const void *b)
{
	const struct win_range *x = a, *y = b;

	return x->end <= y->start ? -1 : x->start >= y->end;
}

/* Whole pages; false if there are none, or too many. */
static bool win_range(LPVOID address, SIZE_T size, struct win_range *range)
{
	uintptr_t start = (uintptr_t)address, page = win_page();

	if (!size || start > UINTPTR_MAX - page ||
	    size > UINTPTR_MAX - page - start)
		return false;
	range->start = win_round_down(start, page);
	range->end = win_round_down(start + size + page - 1, page);
	return true;
}

/* The block that has all of it, or NULL and ERROR_INVALID_ADDRESS. */
static struct win_block *win_block_find(const struct win_range *range)
{
	struct win_block **found = tfind(range, &win_memory.tree,
					 win_range_compare);

	if (found && (*found)->range.start <= range->start &&
	    (*found)->range.end >= range->end)
		return *found;
	win_refuse(ERROR_INVALID_ADDRESS);
	return NULL;
}

static BYTE *win_block_pages(const struct win_block *block,
			     const struct win_range *range)
{
	return block->pages + (range->start - block->range.start) / win_page();
}

static size_t win_range_size(const struct win_range *range)
{
	return range->end - range->start;
}

/* PROT_*, or -1. */
static int win_protection(DWORD protect)
{
	switch (protect) {
	case PAGE_NOACCESS:
		return PROT_NONE;
	case PAGE_READONLY:
		return PROT_READ;
	case PAGE_READWRITE:
		return PROT_READ | PROT_WRITE;
	case PAGE_EXECUTE:
		return PROT_EXEC;
	case PAGE_EXECUTE_READ:
		return PROT_READ | PROT_EXEC;
	case PAGE_EXECUTE_READWRITE:
		return PROT_READ | PROT_WRITE | PROT_EXEC;
	default:
		return -1;
	}
}

static BOOL win_protect(struct win_block *block, const struct win_range *range,
			DWORD protect)
{
	size_t size = win_range_size(range);

	if (mprotect((void *)range->start, size, win_protection(protect)))
		return win_refuse(win_code(errno));
	memset(win_block_pages(block, range), protect, size / win_page());
	return TRUE;
}

static void *win_map(uintptr_t at, size_t size, int flags)
{
	return mmap((void *)at, size, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

/* Where the caller wants it: nothing else may be there. */
static BOOL win_map_at(struct win_range *range)
{
	void *at;

	range->start = win_round_down(range->start, WIN_GRANULARITY);
	at = win_map(range->start, win_range_size(range), MAP_FIXED_NOREPLACE);
	if (at == MAP_FAILED)
		return win_refuse(ERROR_INVALID_ADDRESS);
	/* Kernels before 4.17 take it for advice. */
	if ((uintptr_t)at != range->start) {
		munmap(at, win_range_size(range));
		return win_refuse(ERROR_INVALID_ADDRESS);
	}
	return TRUE;
}

/* More than that is mapped, and what is too much given back. */
static BOOL win_map_anywhere(struct win_range *range)
{
	size_t size = win_range_size(range);
	uintptr_t got, start;
	void *at;

	if (size > SIZE_MAX - WIN_GRANULARITY)
		return win_refuse(ERROR_NOT_ENOUGH_MEMORY);
	at = win_map(0, size + WIN_GRANULARITY, 0);
	if (at == MAP_FAILED)
		return win_refuse(win_code(errno));
	got = (uintptr_t)at;
	start = win_round_down(got + WIN_GRANULARITY - 1, WIN_GRANULARITY);
	if (start > got)
		munmap(at, start - got);
	munmap((void *)(start + size), got + WIN_GRANULARITY - start);
	range->start = start;
	range->end = start + size;
	return TRUE;
}

/* The kernel gives all or nothing, and aligns it. */
static BOOL win_map_large(struct win_range *range)
{
	size_t size = win_range_size(range), least = GetLargePageMinimum();
	void *at;

	if (!least)
		return win_refuse(ERROR_NO_SYSTEM_RESOURCES);
	if (range->start || size % least)
		return win_refuse(ERROR_INVALID_PARAMETER);
	at = win_map(0, size, MAP_HUGETLB);
	if (at == MAP_FAILED)
		return win_refuse(ERROR_NO_SYSTEM_RESOURCES);
	range->start = (uintptr_t)at;
	range->end = range->start + size;
	return TRUE;
}

static BOOL win_map_range(struct win_range *range, DWORD type)
{
	if (type & MEM_LARGE_PAGES)
		return win_map_large(range);
	return range->start ? win_map_at(range) : win_map_anywhere(range);
}

static void win_block_free(struct win_block *block)
{
	if (!block)
		return;
	free(block->pages);
	free(block);
}

static struct win_block *win_block_new(size_t size)
{
	struct win_block *block = calloc(1, sizeof(*block));

	if (block)
		block->pages = calloc(size / win_page(), 1);
	if (!block || !block->pages) {
		win_block_free(block);
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	return block;
}

static void win_unmap(const struct win_range *range)
{
	munmap((void *)range->start, win_range_size(range));
}

/* The whole of a new block, which @range becomes. */
static struct win_block *win_reserve(struct win_range *range, DWORD type)
{
	struct win_block *block;

	if (!win_map_range(range, type))
		return NULL;
	block = win_block_new(win_range_size(range));
	if (!block)
		goto err_unmap;
	block->range = *range;
	block->large = type & MEM_LARGE_PAGES;
	if (!tsearch(block, &win_memory.tree, win_range_compare)) {
		win_refuse(ERROR_NOT_ENOUGH_MEMORY);
		goto err_free;
	}
	return block;

err_free:
	win_block_free(block);
err_unmap:
	win_unmap(range);
	return NULL;
}

static void win_release(struct win_block *block)
{
	tdelete(block, &win_memory.tree, win_range_compare);
	win_unmap(&block->range);
	win_block_free(block);
}

static LPVOID win_reserve_commit(struct win_range *range, DWORD type,
				 DWORD protect)
{
	struct win_block *block = win_reserve(range, type);

	if (!block)
		return NULL;
	if (type & MEM_COMMIT && !win_protect(block, range, protect)) {
		win_release(block);
		return NULL;
	}
	return (LPVOID)range->start;
}

static LPVOID win_commit(const struct win_range *range, DWORD protect)
{
	struct win_block *block = win_block_find(range);

	if (!block || !win_protect(block, range, protect))
		return NULL;
	return (LPVOID)range->start;
}

static bool win_type_valid(DWORD type)
{
	if (type & ~WIN_MEM_TYPES || !(type & (MEM_COMMIT | MEM_RESERVE)))
		return false;
	return !(type & MEM_LARGE_PAGES) ||
	       (type & MEM_COMMIT && type & MEM_RESERVE);
}

LPVOID VirtualAlloc(LPVOID address, SIZE_T size, DWORD type, DWORD protect)
{
	struct win_range range;
	LPVOID memory;

	if (!win_type_valid(type) || win_protection(protect) < 0 ||
	    !win_range(address, size, &range)) {
		win_refuse(ERROR_INVALID_PARAMETER);
		return NULL;
	}
	win_memory_lock();
	if (type & MEM_RESERVE || !address)
		memory = win_reserve_commit(&range, type, protect);
	else
		memory = win_commit(&range, protect);
	win_memory_unlock();
	return memory;
}

/* What was there is gone for all, whoever has pinned it. */
static BOOL win_decommit(const struct win_range *range)
{
	struct win_block *block = win_block_find(range);
	size_t size = win_range_size(range);

	if (!block)
		return FALSE;
	if (block->large)
		return win_refuse(ERROR_INVALID_PARAMETER);
	if (win_map(range->start, size, MAP_FIXED) == MAP_FAILED)
		return win_refuse(win_code(errno));
	memset(win_block_pages(block, range), 0, size / win_page());
	return TRUE;
}

static struct win_block *win_block_at(LPVOID address)
{
	const uintptr_t start = (uintptr_t)address;
	const struct win_range range = { start, start + 1 };
	struct win_block *block = win_block_find(&range);

	if (!block || block->range.start == start)
		return block;
	win_refuse(ERROR_INVALID_ADDRESS);
	return NULL;
}

static BOOL win_free(LPVOID address, SIZE_T size, DWORD type)
{
	struct win_block *block;
	struct win_range range;

	if (type == MEM_DECOMMIT && size) {
		if (!win_range(address, size, &range))
			return win_refuse(ERROR_INVALID_PARAMETER);
		return win_decommit(&range);
	}
	block = win_block_at(address);
	if (!block)
		return FALSE;
	if (type == MEM_DECOMMIT)
		return win_decommit(&block->range);
	win_release(block);
	return TRUE;
}

BOOL VirtualFree(LPVOID address, SIZE_T size, DWORD type)
{
	BOOL done;

	if (!address || (type != MEM_DECOMMIT && type != MEM_RELEASE) ||
	    (type == MEM_RELEASE && size))
		return win_refuse(ERROR_INVALID_PARAMETER);
	win_memory_lock();
	done = win_free(address, size, type);
	win_memory_unlock();
	return done;
}

static BOOL win_reprotect(const struct win_range *range, DWORD protect,
			  PDWORD before)
{
	struct win_block *block = win_block_find(range);
	size_t pages = win_range_size(range) / win_page();
	BYTE first;

	if (!block)
		return FALSE;
	if (memchr(win_block_pages(block, range), 0, pages))
		return win_refuse(ERROR_INVALID_ADDRESS);
	first = *win_block_pages(block, range);
	if (!win_protect(block, range, protect))
		return FALSE;
	*before = first;
	return TRUE;
}

BOOL VirtualProtect(LPVOID address, SIZE_T size, DWORD protect, PDWORD before)
{
	struct win_range range;
	BOOL done;

	if (!before)
		return win_refuse(ERROR_NOACCESS);
	if (win_protection(protect) < 0 || !win_range(address, size, &range))
		return win_refuse(ERROR_INVALID_PARAMETER);
	win_memory_lock();
	done = win_reprotect(&range, protect, before);
	win_memory_unlock();
	return done;
}

LPVOID VirtualAllocEx(HANDLE process, LPVOID address, SIZE_T size, DWORD type,
		      DWORD protect)
{
	if (process == GetCurrentProcess())
		return VirtualAlloc(address, size, type, protect);
	win_refuse(ERROR_ACCESS_DENIED);
	return NULL;
}

BOOL VirtualFreeEx(HANDLE process, LPVOID address, SIZE_T size, DWORD type)
{
	if (process != GetCurrentProcess())
		return win_refuse(ERROR_ACCESS_DENIED);
	return VirtualFree(address, size, type);
}

/* A node is a preference, there and here: it may well be elsewhere. */
LPVOID VirtualAllocExNuma(HANDLE process, LPVOID address, SIZE_T size,
			  DWORD type, DWORD protect, DWORD node)
{
	unsigned long mask = node < 63 ? 1UL << node : 0;
	LPVOID memory;

	memory = VirtualAllocEx(process, address, size, type, protect);
	if (memory && mask)
		syscall(SYS_mbind, memory, size, WIN_MPOL_PREFERRED, &mask,
			8 * sizeof(mask), 0);
	return memory;
}

BOOL VirtualLock(LPVOID address, SIZE_T size)
{
	if (!size)
		return win_refuse(ERROR_INVALID_PARAMETER);
	if (!mlock(address, size))
		return TRUE;
	return win_refuse(errno == EINVAL ? ERROR_INVALID_PARAMETER :
					    ERROR_WORKING_SET_QUOTA);
}

BOOL VirtualUnlock(LPVOID address, SIZE_T size)
{
	if (size && !munlock(address, size))
		return TRUE;
	return win_refuse(size ? ERROR_NOT_LOCKED : ERROR_INVALID_PARAMETER);
}
