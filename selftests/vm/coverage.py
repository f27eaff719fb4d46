#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""coverage.py COPY [least]: which lines of the module ran.

COPY is what module.sh built with gcov, with the counts (*.gcda) of a VM beside
the objects. Prints how much of each file ran, then each line that did not, by
function, with the reason that coverage.unrun gives for the function, and as the
last line "N of M lines run: P %".

Exits with 1 if coverage.unrun has a function that is not there. With "least",
that is if all tests ran, also if less than LEAST percent of the lines did.
"""

import glob
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict

HERE = os.path.dirname(os.path.abspath(__file__))
LEAST = 90
HEAD = re.compile(r"^(?!#|\s|[{}/*]).*?(\w+)\(")


def read_counts(copy):
    """How often each line ran, of all objects that have it: {file: {line: n}}."""
    counts = defaultdict(Counter)
    for data in sorted(glob.glob(os.path.join(copy, "kmod", "*.gcda"))):
        out = subprocess.run(["gcov", "-t", "-j", data], check=True, cwd=copy,
                             stdout=subprocess.PIPE, text=True).stdout
        for part in out.splitlines():
            for file in json.loads(part)["files"]:
                name = os.path.relpath(os.path.join(copy, file["file"]), copy)
                if not name.startswith("kmod/"):
                    continue
                for line in file["lines"]:
                    counts[name][line["line_number"]] += line["count"]
    return counts


def drop_braces(counts, lines):
    """An end of a function is no line that could have run or not."""
    for number in list(counts):
        if lines[number - 1].strip() in ("}", "};"):
            del counts[number]


def functions_of(lines):
    """The function that each line is in, by the kernel's style of them."""
    name, inside, found = "", False, {}
    for number, line in enumerate(lines, 1):
        if not inside and (match := HEAD.match(line)):
            name = match[1]
        inside = inside and not line.startswith("}") or line.startswith("{")
        found[number] = name
    return found


def read_reasons():
    """Of functions: why some of their lines do not run."""
    path = os.path.join(HERE, "coverage.unrun")
    with open(path, encoding="utf-8") as file:
        pairs = [line.rstrip("\n").split("\t", 1) for line in file
                 if not line.startswith("#")]
    return {function: why.strip("\t# ") for function, why in pairs}


def print_unrun(name, lines, counts, where, reasons):
    last = None
    for number in sorted(n for n, count in counts.items() if not count):
        function = where[number]
        if function != last:
            print(f"\n{name} {function}: {reasons.get(function, 'NO REASON')}")
            last = function
        print(f"{number:5} {lines[number - 1].rstrip()}")


def main():
    copy = os.path.abspath(sys.argv[1])
    counts, reasons = read_counts(copy), read_reasons()
    texts, known = {}, set()
    for name in sorted(counts):
        with open(os.path.join(copy, name), encoding="utf-8") as file:
            texts[name] = file.read().splitlines()
        drop_braces(counts[name], texts[name])
        ran = sum(count > 0 for count in counts[name].values())
        print(f"{name}: {ran} of {len(counts[name])} lines")
    for name, lines in texts.items():
        where = functions_of(lines)
        known |= set(where.values())
        print_unrun(name, lines, counts[name], where, reasons)
    bad = [name for name in reasons if name not in known]
    for name in bad:
        print(f"coverage.unrun: {name}: no such function")
    total = sum(len(lines) for lines in counts.values())
    ran = sum(n > 0 for lines in counts.values() for n in lines.values())
    share = 100 * ran / total if total else 0
    print(f"\n{ran} of {total} lines run: {share:.1f} %")
    return bool(bad) or ("least" in sys.argv[2:] and share < LEAST)


sys.exit(main())
