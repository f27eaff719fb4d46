#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Documentation/seeds.rst and the tests: each promise is there once, with the
tests whose comments name its number, and no other."""

import re
import sys
from pathlib import Path

import testnames

PAGE = "Documentation/seeds.rst"
PROMISES = [f"{kind}{nr}" for kind, numbers in {
    "S": range(1, 57),
    "R": range(27),
    "P": range(1, 13),
    "X": range(1, 8),
}.items() for nr in numbers]


def order(promise):
    """For sorting: S2 before S10, kinds as on the page."""
    return "SRPX".index(promise[0]), int(promise[1:])


def numbers(comment):
    """Those that a comment names: "S4, S46 to S49, P2: ..."."""
    found = set()
    several = r"\b([SRPX])(\d+)(?: to \1(\d+))?\b"
    for kind, first, last in re.findall(several, comment):
        found.update(f"{kind}{nr}"
                     for nr in range(int(first), int(last or first) + 1))
    return found


def tests_of_sources():
    """Pairs of a number and a test with the comment right above it."""
    test = r"^/\*((?:(?!\*/).)*)\*/\n(TEST\w*)\(([^)]*)\)"
    pairs = set()
    for path in Path("selftests").glob("*/*.c"):
        for comment, kind, args in re.findall(test, path.read_text(),
                                              re.M | re.S):
            name = testnames.named(path, kind, args)
            pairs.update((nr, name) for nr in numbers(comment))
    return pairs


def tests_of_page(entries):
    """The same from the page."""
    return {(nr, f"{program} {name}") for nr, text in entries
            for program, name in testnames.tests_of_page(text) if program}


def complaints():
    """What is wrong, a line each."""
    text = Path(PAGE).read_text()
    entries = re.findall(r"^:([SRPX]\d+): (.*?)(?=^\S|\Z)", text, re.M | re.S)
    said = [nr for nr, _ in entries]
    page, sources = tests_of_page(entries), tests_of_sources()
    for nr in sorted({*said, *PROMISES}, key=order):
        if said.count(nr) != (nr in PROMISES):
            yield f"{nr} is there {said.count(nr)} times"
    for nr, test in sorted(page - sources):
        yield f"{nr}: no test {test} with that number in its comment"
    for nr, test in sorted(sources - page):
        yield f"{nr}: nothing about {test}"


bad = False
for complaint in complaints():
    print(f"{PAGE}: {complaint}")
    bad = True
sys.exit(bad)
