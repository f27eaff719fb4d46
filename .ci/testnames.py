# SPDX-License-Identifier: GPL-2.0
"""How pages and tests name tests: "core:register reg.null_is_refused"."""

import re
from pathlib import Path


def text_with_headers(path):
    """A program's text, and that of what it includes: tests may be there."""
    text = path.read_text()
    for name in re.findall(r'^#include "(regbuf_\w+\.h)"', text, re.M):
        text += (Path("selftests") / name).read_text()
    return text


def named(path, kind, args):
    """TEST_F(reg, null_is_refused), say, in a program."""
    words = re.findall(r"\w+", args)
    name = ".".join(words[:2] if "_F" in kind else words[:1])
    return f"{path.parent.name}:{path.stem} {name}"


def tests_of_sources():
    """All tests."""
    return {named(path, kind, args)
            for path in Path("selftests").glob("*/*.c")
            for kind, args in re.findall(r"^(TEST\w*)\(([^)]*)\)",
                                         text_with_headers(path), re.M)}


def tests_of_page(text):
    """Pairs that it names: a program, None before the first, and a test of it."""
    program = None
    for word in re.findall(r"``([a-z0-9_.:]+)``", text):
        if ":" in word:
            program = word
        else:
            yield program, word
