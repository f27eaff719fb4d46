// SPDX-License-Identifier: GPL-2.0
/*
 * That nothing is charged to a user any more shows when exactly as much as the
 * limit can be registered.
 */
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/capability.h>

#include "regbuf_test.h"

#define PAGES	64

static int drop_ipc_lock(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	unsigned int lock = CAP_TO_MASK(CAP_IPC_LOCK);

	if (syscall(SYS_capget, &head, data))
		return -1;
	data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective &= ~lock;
	return syscall(SYS_capset, &head, data);
}

static int whole_limit_registers(uid_t uid)
{
	struct rlimit limit = { PAGES * RB_PAGE, PAGES * RB_PAGE };
	struct regbuf_ioc_register reg = {
		.size = sizeof(reg),
		.addr = (unsigned long)rb_map(PAGES * RB_PAGE,
					      PROT_READ | PROT_WRITE, 0),
		.length = PAGES * RB_PAGE,
		.access = RB_READ,
	};
	int fd = rb_open();

	madvise((void *)(unsigned long)reg.addr, reg.length, MADV_NOHUGEPAGE);
	if (fd < 0 || setrlimit(RLIMIT_MEMLOCK, &limit) || drop_ipc_lock() ||
	    setresuid(uid, uid, uid))
		return 1;
	if (!rb_ioctl(fd, REGBUF_IOC_REGISTER, &reg) && !reg.result)
		return 0;
	printf("# uid %d: %llu pages are charged\n", uid, reg.charged);
	return 1;
}

static int check(uid_t uid)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		exit(whole_limit_registers(uid));
	return waitpid(pid, &status, 0) != pid || status;
}

int main(void)
{
	return check(0) | check(65534);
}
