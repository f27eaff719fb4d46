#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""spec.py SPEC: what a netlink specification says, as a table in C."""

import sys

import yaml


def upper(*words):
    """The name of a constant."""
    return "_".join(words).replace("-", "_").upper()


def requests(op, mode):
    """The attributes that a request may have; None if there is none."""
    if mode not in op:
        return None
    return (op[mode] or {}).get("request", {}).get("attributes", [])


def attribute(op, attr):
    """A row of the table of attributes."""
    kinds = {"u16": 2, "u32": 4, "u64": 8}
    allowed = [attr["name"] in (requests(op, mode) or [])
               for mode in ("do", "dump")]
    minimum = attr.get("checks", {}).get("min", 0)
    return '\t\t{ "%s", REGBUF_A_%s, %d, %d, %d, %d },' % (
        attr["name"], upper(op["attribute-set"], attr["name"]),
        kinds.get(attr["type"], 0), minimum, *allowed)


def operation(op, attrs):
    """A row of the table of operations."""
    print('\t{ "%s", REGBUF_CMD_%s, REGBUF_A_%s_MAX, %d, %d, %d, {' % (
        op["name"], upper(op["name"]), upper(op["attribute-set"]),
        "do" in op, "dump" in op, "admin-perm" in op.get("flags", [])))
    for attr in attrs:
        print(attribute(op, attr))
    print("\t} },")


def main():
    """Print the table."""
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = yaml.safe_load(file)
    sets = {s["name"]: s["attributes"] for s in spec["attribute-sets"]}
    print("/* Made by spec.py. */")
    print("static const struct spec_op spec_ops[] = {")
    for op in spec["operations"]["list"]:
        if "event" not in op:
            operation(op, sets[op["attribute-set"]])
    print("};")


main()
