/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REGBUF_WRAP_H
#define REGBUF_WRAP_H

#include <sys/types.h>

/* What "ld --wrap" calls instead of a system call, and what that was. */
int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long cmd, ...);
void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t off);
void *__real_mmap(void *at, size_t len, int prot, int flags, int fd, off_t off);
int __wrap_munmap(void *at, size_t len);
int __real_munmap(void *at, size_t len);

#endif /* REGBUF_WRAP_H */
