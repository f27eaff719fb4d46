// SPDX-License-Identifier: MIT
/* The machine: its processors and pages. */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <memoryapi.h>
#include <processthreadsapi.h>
#include <sysinfoapi.h>

#include "win.h"

#if defined(__x86_64__)
#define WIN_ARCHITECTURE	PROCESSOR_ARCHITECTURE_AMD64
#elif defined(__aarch64__)
#define WIN_ARCHITECTURE	PROCESSOR_ARCHITECTURE_ARM64
#else
#define WIN_ARCHITECTURE	PROCESSOR_ARCHITECTURE_UNKNOWN
#endif

static DWORD win_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? n : 1;
}

void GetSystemInfo(LPSYSTEM_INFO info)
{
	DWORD n = win_processors();

	memset(info, 0, sizeof(*info));
	info->wProcessorArchitecture = WIN_ARCHITECTURE;
	info->dwPageSize = sysconf(_SC_PAGESIZE);
	info->lpMinimumApplicationAddress = (LPVOID)0x10000;
	info->lpMaximumApplicationAddress = (LPVOID)0x7ffffffeffff;
	info->dwActiveProcessorMask = n < 64 ? (1ULL << n) - 1 : ~0ULL;
	info->dwNumberOfProcessors = n;
	info->dwAllocationGranularity = WIN_GRANULARITY;
}

void GetNativeSystemInfo(LPSYSTEM_INFO info)
{
	GetSystemInfo(info);
}

DWORD GetActiveProcessorCount(WORD group)
{
	if (!group || group == ALL_PROCESSOR_GROUPS)
		return win_processors();
	win_refuse(ERROR_INVALID_PARAMETER);
	return 0;
}

WORD GetActiveProcessorGroupCount(void)
{
	return 1;
}

DWORD GetCurrentProcessorNumber(void)
{
	int cpu = sched_getcpu();

	return cpu < 0 ? 0 : cpu;
}

/* Groups have as many as there are bits in a mask. */
void GetCurrentProcessorNumberEx(PPROCESSOR_NUMBER number)
{
	DWORD cpu = GetCurrentProcessorNumber();

	memset(number, 0, sizeof(*number));
	number->Group = cpu / MAXIMUM_PROCESSORS;
	number->Number = cpu % MAXIMUM_PROCESSORS;
}

/* Up to @size bytes, with a NUL. */
static bool win_read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* "0-1" or "0,2" or "0": the last number. */
BOOL GetNumaHighestNodeNumber(PULONG node)
{
	char text[128], *last = text;
	size_t skip;

	*node = 0;
	if (!win_read_text("/sys/devices/system/node/online", text,
			   sizeof(text)))
		return TRUE;
	while (last[skip = strcspn(last, "-,")])
		last += skip + 1;
	*node = strtoul(last, NULL, 10);
	return TRUE;
}

SIZE_T GetLargePageMinimum(void)
{
	static const char name[] = "Hugepagesize:";
	char text[4096];
	const char *at;

	if (!win_read_text("/proc/meminfo", text, sizeof(text)))
		return 0;
	at = strstr(text, name);
	return at ? strtoul(at + strlen(name), NULL, 10) * 1024 : 0;
}
