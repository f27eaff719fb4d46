#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""docs.py: Documentation's pages are well-formed, and what the pages about locks
and security name is there: functions, tests, and how much there can be of things
and what they cost at most, with the numbers that kmod and selftests/core/costs.c
have."""

import io
import pathlib
import re
import sys

import docutils.core

from testnames import tests_of_sources

PAGES = sorted(pathlib.Path("Documentation").glob("*.rst"))
NAMING = [pathlib.Path("Documentation", page)
          for page in ("locking.rst", "security.rst")]


def texts(*patterns):
    return "".join(path.read_text() for pattern in patterns
                   for path in sorted(pathlib.Path().glob(pattern)))


def malformed(page):
    """What docutils has to say, but for what it says by the way."""
    told = io.StringIO()
    docutils.core.publish_doctree(page.read_text(), str(page),
                                  settings_overrides={"report_level": 2,
                                                      "warning_stream": told})
    return told.getvalue().splitlines()


def missing_functions(page, code):
    for name in set(re.findall(r"``(_*regbuf_\w+)\(\)``", page.read_text())):
        if not re.search(rf"\b{name}\(", code):
            yield f"{page}: there is no {name}()"


def missing_tests(page):
    text = page.read_text()
    for where, program in set(re.findall(r"``(\w+):(\w+)``", text)):
        if not pathlib.Path("selftests", where, program + ".c").exists():
            yield f"{page}: there is no program {where}:{program}"
    tests = {test.split()[1] for test in tests_of_sources()}
    for name in set(re.findall(r"``([a-z]+\.\w+_\w+)``", text)) - tests:
        yield f"{page}: there is no test {name}"


def costs(text, pattern):
    return dict(re.findall(pattern, text, re.MULTILINE))


def other_costs():
    said = costs(NAMING[1].read_text(), r"^``COST_(\w+)``\s+(\d+)\s")
    tested = costs(texts("selftests/core/costs.c"),
                   r"^#define COST_(\w+)\s+(\d+)$")
    for name in sorted(said.keys() | tested.keys()):
        if said.get(name) != tested.get(name):
            yield (f"COST_{name} is {said.get(name)} in {NAMING[1]}, "
                   f"{tested.get(name)} in selftests/core/costs.c")


def other_limits(code):
    text = " ".join(NAMING[1].read_text().split())
    for number, name in re.findall(r"(\S+) \(``(REGBUF_\w+)``\)", text):
        if not re.search(rf"^#define {name}\s+{number}$", code, re.MULTILINE):
            yield f"{name} is not {number}, as {NAMING[1]} says"


def main():
    code = texts("kmod/*.[ch]", "include/*.h", "lib/*.[ch]")
    bad = [line for page in PAGES for line in malformed(page)]
    for page in NAMING:
        bad += missing_functions(page, code)
        bad += missing_tests(page)
    bad += other_costs()
    bad += other_limits(code)
    for line in bad:
        print(line)
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
