/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Include this instead of TEST_HARNESS_MAIN, at the end of a program most of
 * whose tests want a network: the next one is made while a test runs.
 */
#ifndef REGBUF_MAIN_H
#define REGBUF_MAIN_H

/* The harness' own; what it expands to is looked at again. */
#define main	rb_harness_main
TEST_HARNESS_MAIN
#undef main

/* Not a constructor: libnl's would not have run. */
int main(int argc, char **argv)
{
	rb_net_start_maker();
	return rb_harness_main(argc, argv);
}

#endif /* REGBUF_MAIN_H */
