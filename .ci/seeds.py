#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Documentation/seeds.rst and the tests: each promise is there once, with the
tests whose comments name its number, and no other."""

import re
import sys
from pathlib import Path

PAGE = "Documentation/seeds.rst"
PROMISES = range(1, 57)


def numbers(comment):
    """Those that a comment names: "S4, S46 to S49: ..."."""
    found = set()
    for first, last in re.findall(r"\bS(\d+)(?: to S(\d+))?\b", comment):
        found.update(range(int(first), int(last or first) + 1))
    return found


def tests_of_sources():
    """Pairs of a number and a test with the comment right above it."""
    test = r"^/\*((?:(?!\*/).)*)\*/\n(TEST\w*)\(([^)]*)\)"
    pairs = set()
    for path in Path("selftests").glob("*/*.c"):
        program = f"{path.parent.name}:{path.stem}"
        text = path.read_text()
        for comment, kind, args in re.findall(test, text, re.M | re.S):
            words = re.findall(r"\w+", args)
            name = ".".join(words[:2] if "_F" in kind else words[:1])
            pairs.update((nr, f"{program} {name}") for nr in numbers(comment))
    return pairs


def tests_of_page(entries):
    """The same from the page: a program, and its tests up to the next one."""
    pairs = set()
    for nr, text in entries:
        program = None
        for word in re.findall(r"``([a-z0-9_.:]+)``", text):
            if ":" in word:
                program = word
            elif program:
                pairs.add((nr, f"{program} {word}"))
    return pairs


def complaints():
    """What is wrong, a line each."""
    text = Path(PAGE).read_text()
    entries = [(int(nr), body) for nr, body in
               re.findall(r"^:S(\d+): (.*?)(?=^\S|\Z)", text, re.M | re.S)]
    said = [nr for nr, _ in entries]
    page, sources = tests_of_page(entries), tests_of_sources()
    for nr in sorted({*said, *PROMISES}):
        if said.count(nr) != (nr in PROMISES):
            yield f"S{nr} is there {said.count(nr)} times"
    for nr, test in sorted(page - sources):
        yield f"S{nr}: no test {test} with that number in its comment"
    for nr, test in sorted(sources - page):
        yield f"S{nr}: nothing about {test}"


bad = False
for complaint in complaints():
    print(f"{PAGE}: {complaint}")
    bad = True
sys.exit(bad)
