#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# slipped.sh CONSOLE: did the emulator let a kernel die? See emulator() in run.sh:
# newer ones run an int3 that is gone much more rarely, not never. Nothing of ours
# changes code, so it is no fault of what is tested; one in the module would be.

set -eu
first=$(grep -am 1 -A 12 'int3: 0000 \[#1\]' "$1") || exit 1
! echo "$first" | grep -a -m 1 'RIP:' | grep -q '\[regbuf\]'
