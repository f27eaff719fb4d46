#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""syz.py check|consts: syzkaller's description of the interface.

"consts" prints regbuf.txt.const: the numbers that regbuf.txt names. "check"
compares both with the headers in include/uapi: every call, flag, structure, and
member, in order and of the right size, and the netlink commands with what they
take, occurs in the description, and nothing else does. Status 1 if not.
"""

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
UAPI = HERE.parents[1] / "include" / "uapi"
TEXT = HERE / "regbuf.txt"
CONSTS = HERE / "regbuf.txt.const"

# No call takes them: sums of others, names, limits that only QUERY tells.
NOT_NUMBERS = re.compile(r"""
    REGBUF_\w+_F_(ALL|KNOWN)$ (?<!SQE_F_ALL) | REGBUF_IOC_TYPE$ |
    REGBUF_DEVICE$ | REGBUF_ID_NONE$ | REGBUF_COPY_NR$ | REGBUF_OP_NR$ |
    REGBUF_ADDR_SIZE$""", re.X)
SIZES = {"int8": 1, "int16": 2, "int32": 4, "int64": 8, "vma64": 8, "ptr64": 8,
         "sock": 4, "fd_regbuf_export": 4, "fd_regbuf_queue": 4, "fd_event": 4,
         "regbuf_id": 8, "regbuf_endpoint": 4}
WORDS = {"u8": 1, "u16": 2, "u32": 4, "s32": 4, "aligned_u64": 8, "s64": 8}


def headers():
    return "".join((UAPI / "linux" / name).read_text(encoding="utf-8")
                   for name in ("regbuf.h", "regbuf_netlink.h"))


def no_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def numbers(text):
    names = re.findall(r"^#define\s+(REGBUF_[A-Z0-9_]+)\s", text, re.M)
    return [name for name in names if not NOT_NUMBERS.match(name)
            and not name.startswith(("REGBUF_FAMILY", "REGBUF_MCGRP"))]


def header_structs(text):
    """name -> [(member, bytes of one, how many)]"""
    found = {}
    for name, body in re.findall(r"struct (regbuf_\w+) \{(.*?)\n\};", text,
                                 re.S):
        found[name] = [
            (member, WORDS[word], count or "1") for word, member, count in
            re.findall(r"__(\w+)\s+(\w+)(?:\[(\w+)\])?;", body)]
    return found


def described(text):
    """name -> [(member, type)] of the structures and unions"""
    return {name: re.findall(r"^\t(\w+)\s+(\S.*?)\s*(?:\((?:in|out|inout)\))?$",
                             body, re.M)
            for name, body in re.findall(
                r"^(\w+) [\[{]\n(.*?)^[\]}]", text, re.M | re.S)}


def size_of(kind, known):
    """Bytes of one, and how many, of a type of the description."""
    array = re.match(r"array\[(.*), (\w+)\]$", kind)
    if array:
        return size_of(array[1], known)[0], array[2]
    base = re.match(r"\w+", kind)[0]
    if base in ("const", "flags", "len"):
        return SIZES[re.search(r", (\w+)\]$", kind)[1]], "1"
    if base in known:
        return size_of(known[base][0][1], known)[0], "1"
    return SIZES[base], "1"


def wrong_structs(text, desc):
    known = described(desc)
    for name, members in header_structs(text).items():
        if name not in known:
            yield f"struct {name} is not described"
            continue
        got = [(member, *size_of(kind, known)) for member, kind in known[name]]
        for want, have in zip(members, got):
            if want != have:
                yield f"{name}: described {have}, is {want}"
        if len(members) != len(got):
            yield f"{name}: {len(got)} members described, has {len(members)}"


def wrong_names(text, desc):
    words = set(re.findall(r"\bREGBUF_\w+", desc))
    known = set(numbers(text)) | set(re.findall(r"\bREGBUF_(?:CMD|A)_\w+", text))
    for name in numbers(text):
        if name not in words:
            yield f"{name} is not described"
        if name.startswith("REGBUF_IOC_") and f"ioctl${name}(" not in desc:
            yield f"{name} is no call"
    for name in re.findall(r"^\t(REGBUF_CMD_\w+)", text, re.M):
        if not name.endswith("_MAX") and f"sendmsg${name}(" not in desc:
            yield f"{name} is no call"
    for name in words - known - {"REGBUF_RING", "REGBUF_TAIL", "REGBUF_HEAD",
                                 "REGBUF_SQE", "REGBUF_CQE", "REGBUF_SLOT"}:
        yield f"{name} is in no header"


def spec_attrs():
    """What requests take, by the netlink specification."""
    import yaml  # pylint: disable=import-outside-toplevel

    path = (UAPI.parents[1] / "Documentation" / "netlink" / "specs" /
            "regbuf.yaml")
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    for op in spec["operations"]["list"]:
        for how in ("do", "dump"):
            for attr in op.get(how, {}).get("request", {}).get(
                    "attributes", ()):
                name = f"REGBUF_A_{op['attribute-set']}_{attr}"
                yield name.upper().replace("-", "_")


def wrong_attrs(desc):
    for name in sorted(set(spec_attrs())):
        if f"nlattr[{name}," not in desc:
            yield f"{name} is not described"


def consts(text, desc):
    """As syzkaller's own extractor would write it."""
    wanted = set(re.findall(r"\b(?:REGBUF_\w+|AT_FDCWD|O_RDWR|PROT_READ|"
                            r"MAP_SHARED)\b", desc))
    known = set(re.findall(r"\bREGBUF_\w+", text))
    names = sorted(name for name in wanted if name in known or
                   not name.startswith("REGBUF"))
    source = ["#include <fcntl.h>", "#include <stdio.h>",
              "#include <sys/mman.h>", "#include <linux/regbuf.h>",
              "#include <linux/regbuf_netlink.h>", "int main(void)", "{"]
    source += [f'printf("{name} = %llu\\n", (unsigned long long){name});'
               for name in names]
    program = HERE.parents[1] / "build" / "syz-consts"
    program.parent.mkdir(exist_ok=True)
    subprocess.run(["gcc", f"-I{UAPI}", "-xc", "-", "-o", program],
                   input="\n".join(source + ["}", ""]), text=True, check=True)
    out = subprocess.run([program], capture_output=True, text=True, check=True)
    return ("# SPDX-License-Identifier: GPL-2.0\n"
            "# Made by syz.py. Do not edit.\narches = amd64\n" + out.stdout)


def main():
    text = no_comments(headers())
    desc = TEXT.read_text(encoding="utf-8")
    code = re.sub(r"^#.*$", "", desc, flags=re.M)
    if sys.argv[1:] == ["consts"]:
        print(consts(text, code), end="")
        return 0
    wrong = [*wrong_structs(text, code), *wrong_names(text, code),
             *wrong_attrs(code)]
    have = CONSTS.read_text(encoding="utf-8") if CONSTS.exists() else ""
    if have != consts(text, code):
        wrong.append("regbuf.txt.const is not what syz.py consts prints")
    for line in wrong:
        print(f"selftests/fuzz/regbuf.txt: {line}")
    return 1 if wrong else 0


sys.exit(main())
