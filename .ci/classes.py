#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Documentation/bug-classes.rst: the functions and tests that it names are
there, tests name its examples, and it has all tests that are for a class."""

import re
import sys
from pathlib import Path

from testnames import tests_of_page, tests_of_sources

PAGE = "Documentation/bug-classes.rst"
FIELDS = ["Examples", "Cause", "Defence", "Tests"]


def classes():
    """Triples: where it is on the page, a field's name, its text."""
    text = Path(PAGE).read_text()
    entry = r"^(\S[^\n]*)\n((?:  \S[^\n]*\n|    [^\n]*\n)+)"
    for title, body in re.findall(entry, text, re.M):
        if not body.startswith("  :"):
            continue
        fields = re.findall(r"^  :(\w+): (.*?)(?=^  :|\Z)", body, re.M | re.S)
        if [name for name, _ in fields] != FIELDS:
            yield title, "", ""
        for name, value in fields:
            yield title, name, value


def names(example):
    """How tests say it: CVE-1-2 in a comment or cve_1_2 in a name."""
    return example.lower().replace("-", "_")


def complaints():
    """What is wrong, a line each."""
    sources = {path: path.read_text() for path in
               [*Path("kmod").glob("*.[ch]"), *Path("selftests").glob("*/*.c")]}
    module = "".join(text for path, text in sources.items()
                     if path.parts[0] == "kmod")
    tested = names("".join(text for path, text in sources.items()
                           if path.parts[0] == "selftests"))
    tests, said, titles = tests_of_sources(), set(), set()
    for title, name, value in classes():
        titles.add(title)
        if not name:
            yield f"{title}: has not the fields {', '.join(FIELDS)}"
        for function in re.findall(r"``(\w+)\(\)``", value):
            if not re.search(rf"^\w.*\b{function}\(", module, re.M):
                yield f"{title}: no function {function}()"
        if name == "Examples":
            for example in re.findall(r"[\w-]+", value):
                if names(example) not in tested:
                    yield f"{title}: no test says {example}"
        if name == "Tests":
            said.update(" ".join(map(str, test))
                        for test in tests_of_page(value))
    if len(titles) != 17:
        yield f"{len(titles)} classes, not 17"
    for test in sorted(said - tests):
        yield f"no test {test}"
    mine = {test for test in tests
            if re.match(r"core:class|\S+ \w+\.cve_", test)}
    for test in sorted(mine - said):
        yield f"nothing about {test}"


bad = False
for complaint in complaints():
    print(f"{PAGE}: {complaint}")
    bad = True
sys.exit(bad)
