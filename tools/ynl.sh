#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# ynl.sh: print the header of the netlink interface, generated from its
# specification by the kernel's generator.

set -eu

cd "$(dirname "$0")/.."
source=$(selftests/vm/kernel.sh source)
tree=$(mktemp -d "${TMPDIR:-/tmp}/regbuf-ynl.XXXXXX")
trap 'rm -rf "$tree"' EXIT

# It looks upwards for the top of a kernel tree, and for the schema beside the
# specification's directory.
mkdir -p "$tree/Documentation/netlink/specs"
touch "$tree/MAINTAINERS"
cp "$source"/Documentation/netlink/*.yaml "$tree/Documentation/netlink/"
cp Documentation/netlink/specs/regbuf.yaml "$tree/Documentation/netlink/specs/"
python3 "$source/tools/net/ynl/ynl-gen-c.py" --mode uapi --header \
	--spec "$tree/Documentation/netlink/specs/regbuf.yaml"
