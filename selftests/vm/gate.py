#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""gate.py LIST SKIPS KERNEL: judge the KTAP that guest-check.sh prints.

Reads it from standard input, shows how each program went and what failed, and
ends with the line "N passed, N failed, N skipped" of the single tests. LIST is
the kselftest-list.txt of what should run, SKIPS the file of allowed skips. Exits
0 only if every program ran, printed as many results as it planned, failed none,
and skipped nothing but what is allowed, and the checks after them were made.
run_kselftest.sh itself exits 0 whatever happens.
"""

import re
import sys
import time

RESULT = re.compile(r"^# (not )?ok (\d+) ?(.*)$")
PROGRAM = re.compile(r"^(not )?ok \d+ selftests: (\S+): (\S+)(.*)$")
PLAN = re.compile(r"^# 1\.\.(\d+)")
START = re.compile(r"^# selftests: (\S+): (\S+)$")


class Gate:
    def __init__(self, wanted, skips):
        self.wanted = set(wanted)
        self.skips = skips
        self.passed = self.failed = self.skipped = 0
        self.ended = False
        self.start("?")

    def start(self, program):
        self.program = program
        self.plan = None
        self.seen = 0
        self.lines = []
        self.begin = time.monotonic()

    def complain(self, text):
        self.failed += 1
        print(f"FAIL {self.program}: {text}", flush=True)

    def result(self, failed, text):
        self.seen += 1
        name = re.sub(r"^[- ]+", "", text)
        if failed:
            self.complain(name)
            print("\n".join(self.since_run()[-30:]), flush=True)
        elif "# SKIP" in text:
            self.skip(name)
        else:
            self.passed += 1

    def since_run(self):
        """What the test printed: the harness announces each with RUN."""
        runs = [i for i, line in enumerate(self.lines) if " RUN  " in line]
        return self.lines[runs[-1]:] if runs else self.lines

    def skip(self, name):
        where = f"{self.program} {name.split()[0]}"
        if any(skip.fullmatch(where) for skip in self.skips):
            self.skipped += 1
        else:
            self.complain(f"skipped, which is not allowed: {name}")

    def check_plan(self):
        if self.plan is None or self.plan != self.seen:
            self.complain(f"planned {self.plan} results, gave {self.seen}")

    def program_ended(self, match):
        failed, collection, name, rest = match.groups()
        self.program = f"{collection}:{name}"
        self.wanted.discard(self.program)
        before = self.failed
        self.check_plan()
        if failed and self.failed == before and not self.failures_shown():
            self.complain(rest.strip() or "failed")
        verdict = "FAIL" if failed else "ok  "
        seconds = time.monotonic() - self.begin
        print(f"{verdict} {self.program}: {self.seen} tests, {seconds:.0f} s",
              flush=True)
        self.start("?")

    def failures_shown(self):
        return any(line.startswith("# not ok") for line in self.lines)

    def line(self, line):
        self.lines.append(line)
        if match := START.match(line):
            self.start(f"{match[1]}:{match[2]}")
        elif match := PLAN.match(line):
            self.plan = int(match[1])
        elif match := PROGRAM.match(line):
            self.program_ended(match)
        elif match := RESULT.match(line):
            if "vm." in match[3] and self.program == "?":
                self.program = "vm"
            self.result(match[1], match[3])
        elif line == "ok vm: guest-check":
            self.check_plan()
            print(f"ok   vm: {self.seen} checks", flush=True)
            self.ended = True

    def verdict(self):
        self.program = "run"
        if self.wanted:
            self.complain("did not run: " + " ".join(sorted(self.wanted)))
        if not self.ended:
            self.complain("the checks after the tests were not made")
        if not self.passed:
            self.complain("no test passed")
        print(f"{self.passed} passed, {self.failed} failed, "
              f"{self.skipped} skipped", flush=True)
        return 1 if self.failed else 0


def read_skips(path, kernel):
    """Lines "KERNEL PROGRAM NAME # why": patterns, for the whole of each."""
    skips = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = line.split("#")[0].split()
            if words and re.fullmatch(words[0], kernel):
                skips.append(re.compile(" ".join(words[1:])))
    return skips


def main():
    list_path, skips_path, kernel = sys.argv[1:]
    with open(list_path, encoding="utf-8") as file:
        wanted = file.read().split()
    gate = Gate(wanted, read_skips(skips_path, kernel))
    for line in sys.stdin.buffer:
        gate.line(line.decode(errors="replace").rstrip("\r\n"))
    return gate.verdict()


sys.exit(main())
