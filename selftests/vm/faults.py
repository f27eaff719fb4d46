#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""faults.py MODULE WAYS: which allocation sites of the module the tests failed.

A site is a call from which an allocation, or a copy to or from user memory,
that failed can come back: a relocation in MODULE (with debug information) to a
function that faults.symbols says so of. WAYS is what guest-check.sh made of the
failures: a count, and the addresses from where it failed out to the system call.
The innermost of the module's is the site that was hit.

faults.unhit has the sites that can't be hit, and why. Prints a table of the
sites, and as the last line "N of M sites hit". Exits with 1 if a site is neither
hit nor on that list, if a line there is of none or of a hit one, or if a
function is called that looks like one that allocates and nobody has said so.
"""

import os
import re
import subprocess
import sys
from collections import Counter, defaultdict

HERE = os.path.dirname(os.path.abspath(__file__))
SECTION = re.compile(r"^Disassembly of section (\S+):$")
FUNCTION = re.compile(r"^([0-9a-f]+) <(\S+)>:$")
RELOC = re.compile(r"^\s+([0-9a-f]+): R_X86_64_(?:PLT|PC)32\s+([\w.]+)-0x4$")
FRAME = re.compile(r"([\w.]+)\+0x([0-9a-f]+)/0x[0-9a-f]+\[regbuf\]")
# The sanitizers' own allocations: they do without.
OTHERS = re.compile(r"kmemleak|kasan|stack_depot|debug_object|__debug|"
                    r"lookup_object|.*page_owner")
RAW = re.compile(r"^0x([0-9a-f]+)$")
SUSPICIOUS = re.compile(
    r"alloc|create|_insert$|register_|dup$|copy_|refill|vmap|xa_|user_pages|sendm|"
    r"recvm|accept|getfile|get_unused_fd|usercopy|route|broadcast|unicast|cmpxchg")


class Call:
    def __init__(self, section, offset, symbol):
        self.section = section
        self.offset = offset	# of what the relocation changes
        self.symbol = symbol
        self.file = self.function = "?"
        self.line = 0

    def place(self):
        return (self.file, self.line, self.function, self.symbol)


def read_words(name):
    """The lines of a file beside this one, without comments."""
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        for line in file:
            words = line.split("#")[0].split()
            if words:
                yield words


def read_symbols():
    """What can fail, and what can't: patterns."""
    kinds = {"fails": [], "never": []}
    for words in read_words("faults.symbols"):
        kinds[words[0]] += words[1:]
    return {kind: re.compile("|".join(patterns))
            for kind, patterns in kinds.items()}


def run(*command, text=None):
    return subprocess.run(command, input=text, check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def read_calls(module):
    """All calls out of the module, and where its functions begin."""
    section, calls, functions = "", [], defaultdict(list)
    for line in run("objdump", "-dr", "--no-show-raw-insn",
                    module).splitlines():
        if match := SECTION.match(line):
            section = match[1]
        elif match := FUNCTION.match(line):
            functions[match[2]].append((section, int(match[1], 16)))
        elif match := RELOC.match(line):
            calls.append(Call(section, int(match[1], 16), match[2]))
    return calls, functions


def locate(module, calls):
    """The innermost line of a .c file of ours, and the function it is in."""
    by_section = defaultdict(list)
    for call in calls:
        by_section[call.section].append(call)
    for section, some in by_section.items():
        text = "".join(f"{call.offset - 1:#x}\n" for call in some)
        out = run("addr2line", "-afie", module, "-j", section, text=text)
        for call, part in zip(some, out.split("\n0x"), strict=True):
            lines = part.splitlines()[1:]
            for function, place in zip(lines[::2], lines[1::2]):
                match = re.search(r"/(kmod/\w+\.c):(\d+)", place)
                if match:
                    call.function = function
                    call.file, call.line = match[1], int(match[2])
                    break


def hit_in(frame, functions):
    """Where a frame of the module returns to, as offsets of relocations."""
    match = FRAME.match(frame)
    return [(section, start + int(match[2], 16) - 4)
            for section, start in functions[match[1]]]


def hit_in_init(frames, calls):
    """While it loads its code has no name, but starts at a page."""
    for callee, frame in zip(frames, frames[1:]):
        match = RAW.match(frame)
        if match:
            low = int(match[1], 16) - 4 & 0xfff
            symbol = callee.split("+")[0]
            return [(call.section, call.offset) for call in calls
                    if call.offset & 0xfff == low and call.symbol == symbol]
    return []


def read_hits(path, calls, functions):
    hits, deep = Counter(), Counter()
    known = {(call.section, call.offset): call for call in calls}
    with open(path, encoding="utf-8") as file:
        for line in file:
            count, *frames = line.split()
            count = int(count)
            own = [frame for frame in frames if "[regbuf]" in frame]
            inner = frames[:frames.index(own[0])] if own else frames
            if any(OTHERS.match(frame) for frame in inner):
                continue
            found = hit_in(own[0], functions) if own else \
                hit_in_init(frames, calls)
            places = {known[at].place() for at in found if at in known}
            for place in places:
                hits[place] += count
            if own and not places:
                deep[own[0]] += count
    return hits, deep


def read_unhit():
    return {(words[0], words[1]) for words in read_words("faults.unhit")}


def print_table(sites, hits, unhit):
    for place in sorted(sites):
        file, line, function, symbol = place
        if hits[place]:
            said = f"{hits[place]} times"
        elif (function, symbol) in unhit:
            said = "not, see faults.unhit"
        else:
            said = "NOT HIT"
        print(f"{file}:{line} {function} {symbol}: {said}")


def complain(sites, hits, unhit, calls, kinds):
    bad = 0
    left = {place[2:] for place in sites if not hits[place]}
    for key in sorted(unhit - left):
        print(f"faults.unhit: {' '.join(key)}: hit, or no site")
        bad = 1
    for key in sorted(left - unhit):
        bad = 1
    for symbol in sorted({call.symbol for call in calls}):
        if SUSPICIOUS.search(symbol) and \
                not any(kind.fullmatch(symbol) for kind in kinds.values()):
            print(f"faults.symbols: {symbol}: can it fail?")
            bad = 1
    return bad


def main():
    module, ways = sys.argv[1:]
    kinds = read_symbols()
    calls, functions = read_calls(module)
    own = set(functions)
    calls = [call for call in calls if call.symbol not in own]
    candidates = [c for c in calls if kinds["fails"].fullmatch(c.symbol)]
    locate(module, calls)
    sites = {call.place() for call in candidates}
    hits, deep = read_hits(ways, calls, functions)
    unhit = read_unhit()
    print_table(sites, hits, unhit)
    for place in sorted(set(hits) - sites):
        print(f"besides: {place[0]}:{place[1]} {place[2]} {place[3]}: "
              f"{hits[place]} times")
    for frame in sorted(deep):
        print(f"besides, by pointer: {frame}: {deep[frame]} times")
    bad = complain(sites, hits, unhit, calls, kinds)
    print(f"{sum(hits[place] > 0 for place in sites)} of {len(sites)} "
          f"sites hit")
    return bad


sys.exit(main())
