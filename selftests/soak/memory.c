// SPDX-License-Identifier: GPL-2.0
/*
 * Maps: memory of all kinds. Those to send from have a pattern from end to end
 * and are never written again, so what was accepted has to arrive as it was,
 * whatever becomes of the mapping.
 */
#include "soak.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define RW	(PROT_READ | PROT_WRITE)

/* Where the checker knows that each page is pinned once. */
static void *map_huge(size_t len, int flags, int fd)
{
	static unsigned long next = HUGE_AREA;
	void *mem = mmap((void *)next, len, RW, flags | MAP_FIXED_NOREPLACE, fd,
			 0);

	next += len;
	if (next + (64 << 20) > HUGE_AREA_END)
		next = HUGE_AREA;
	return mem;
}

static void *map_file(size_t len)
{
	char path[96];
	void *mem = MAP_FAILED;
	int fd;

	snprintf(path, sizeof(path), "%s/file.%u", shared->dir, w.nr);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	/* To make it another length would take its pages away. */
	unlink(path);
	if (fd >= 0 && !ftruncate(fd, len))
		mem = mmap(NULL, len, RW, MAP_PRIVATE, fd, 0);
	close(fd);
	return mem;
}

static void *map_memfd(size_t len, unsigned int flags)
{
	int fd = memfd_create("soak", MFD_CLOEXEC | flags);
	void *mem = MAP_FAILED;

	if (fd < 0)
		return mem;
	if (!ftruncate(fd, len))
		mem = flags & MFD_HUGETLB ? map_huge(len, MAP_SHARED, fd) :
		      mmap(NULL, len, RW, MAP_SHARED, fd, 0);
	close(fd);
	return mem;
}

static void *map_anon(size_t len, int advice)
{
	void *mem = mmap(NULL, len, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem != MAP_FAILED)
		madvise(mem, len, advice);
	return mem;
}

static void *map_memory(enum kind kind, size_t len)
{
	switch (kind) {
	case THP:
		return map_anon(len, MADV_HUGEPAGE);
	case HUGETLB:
		return map_huge(len, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
				-1);
	case MEMFD:
		return map_memfd(len, 0);
	case MEMFD_HUGE:
		return map_memfd(len, MFD_HUGETLB);
	case PRIVATE_FILE:
		return map_file(len);
	default:
		return map_anon(len, MADV_NOHUGEPAGE);
	}
}

static bool is_huge(enum kind kind)
{
	return kind == HUGETLB || kind == MEMFD_HUGE;
}

/* NULL if there is no such memory now. */
struct map *map_new(enum kind kind, size_t len, bool landing)
{
	static __u32 serial;
	struct map *map;
	void *mem;

	if (is_huge(kind))
		len = (len + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	mem = map_memory(kind, len);
	if (mem == MAP_FAILED)
		return NULL;
	/* What was set aside may not be to be had while memory is compacted. */
	if (is_huge(kind) && madvise(mem, len, MADV_POPULATE_WRITE)) {
		munmap(mem, len);
		return NULL;
	}
	map = calloc(1, sizeof(*map));
	if (!map)
		retire();
	*map = (struct map){
		.mem = mem,
		.len = len,
		.kind = kind,
		.key = name_new(NAME_MAP, ++serial),
		.refs = 1,
		.landing = landing,
	};
	if (!landing)
		pattern(mem, len, map->key, 0);
	if (kind == READ_ONLY)
		mprotect(mem, len, PROT_READ);
	return map;
}

/* For a verdict. */
const char *map_text(const struct map *map)
{
	static char text[96];

	if (!map)
		return "no map";
	snprintf(text, sizeof(text), "map %p of kind %u, %zu bytes, gone %d,"
		 " disturbed %d", map->mem, map->kind, map->len, map->gone,
		 map->disturbed);
	return text;
}

void map_put(struct map *map)
{
	if (!map || --map->refs)
		return;
	if (map->mem)
		munmap(map->mem, map->len);
	free(map);
}

/* Of a buffer in a slot, if there is one whose memory is still there. */
static struct map *any_map(void)
{
	struct buf *b = &w.bufs[rnd(BUFS)];

	return b->map && !b->map->gone ? b->map : NULL;
}

/* C9: what is accepted from now on must not use it. */
void op_unmap(void)
{
	struct map *map = any_map();

	if (!map)
		return;
	munmap(map->mem, map->len);
	map->mem = NULL;
	map->gone = true;
}

void op_move(void)
{
	struct map *map = any_map();
	void *to;

	if (!map || is_huge(map->kind))
		return;
	to = mmap(NULL, map->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		  0);
	if (to == MAP_FAILED)
		return;
	to = mremap(map->mem, map->len, map->len, MREMAP_MAYMOVE | MREMAP_FIXED,
		    to);
	if (to == MAP_FAILED)
		return;
	map->mem = to;
	map->gone = true;
}

/* Some pages may be others now: that is found out when they are used. */
void op_disturb(void)
{
	struct map *map = any_map();
	size_t page, len = RB_PAGE;

	if (!map)
		return;
	page = rnd(map->len / RB_PAGE);
	if (is_huge(map->kind)) {
		page = 0;
		len = map->len;
	}
	map->disturbed = true;
	madvise(map->mem + page * RB_PAGE, len, MADV_DONTNEED);
}

/* What must not make a difference. */
void op_advise(void)
{
	static const int advice[] = {
		MADV_PAGEOUT, MADV_COLLAPSE, MADV_COLD, MADV_HUGEPAGE,
		MADV_NOHUGEPAGE, MADV_WILLNEED,
	};
	__u32 which = rnd(ARRAY_SIZE(advice) + 1);
	struct map *map = any_map();

	if (!map)
		return;
	if (which < ARRAY_SIZE(advice)) {
		madvise(map->mem, map->len, advice[which]);
	} else {
		mprotect(map->mem, map->len, PROT_READ);
		if (map->kind != READ_ONLY)
			mprotect(map->mem, map->len, RW);
	}
}
