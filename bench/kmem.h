/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KMEM_H
#define KMEM_H

/* Print what kernel memory buffers and rings take, regbuf's and io_uring's. */
int kmem_show(void);

#endif /* KMEM_H */
