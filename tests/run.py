#!/usr/bin/env python3
"""Runs the tests. scripts/test calls it; see `scripts/test --help`.

Suites: lint (looks at the sources), unit (cmocka programs, through ctest), sanitize and valgrind (the
same programs under ASan with UBSan, and under valgrind), cli (commands on this machine), build
(reproducibility, what is in the image), cost (instructions for each MiB that is overwritten or
compared), fuzz (every decoder of bytes from outside, each for a fixed number of inputs), vm (the image
booted in a virtual machine), boot (every way in which a server starts), sim (simulated drives in a
virtual machine, looked at by public tools), hostile (the image on simulated drives that misbehave and
lie).
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import time
import traceback
import xml.etree.ElementTree

TOP = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("QUIETUS_BUILD", TOP / "build"))
sys.path[:0] = [str(TOP / "tests" / folder) for folder in ("vm", "cli", "build", "bench", "sim", "hostile", "boot")]


from suite import Hostile  # noqa: E402 (found by the path above)


class Results:
    def __init__(self):
        self.passed = 0
        self.failed = []

    def add(self, name, error, seconds=None):
        took = f" ({seconds:.1f} s)" if seconds is not None and seconds >= 1 else ""
        if error is None:
            self.passed += 1
            print(f"ok      {name}{took}", flush=True)
        else:
            self.failed.append(name)
            print(f"FAILED  {name}{took}\n" + "".join(f"        {line}\n" for line in error.splitlines()),
                  end="", flush=True)


def ctest(folder, *arguments):
    return subprocess.run(["ctest", "--test-dir", str(folder), *arguments], capture_output=True, text=True)


def configure(folder, *options):
    """Builds the unit tests another way; returns the folder, or raises with the log."""
    folder = BUILD / folder
    for command in (["cmake", "-G", "Ninja", "-S", str(TOP), "-B", str(folder),
                     f"-DQUIETUS_DEPS={BUILD}/deps", *options],
                    ["cmake", "--build", str(folder)]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stdout[-4000:] + done.stderr[-2000:])
    return folder


class Unit:
    """A build of the unit tests; ctest runs them."""

    def __init__(self, name, folder, *options):
        self.name, self.folder, self.options = name, folder, options
        self.built = None

    def build(self):
        if self.built is None:
            self.built = configure(self.folder, *self.options)
        return self.built

    def list(self):
        return re.findall(r"^ *Test +#\d+: (\S+)", ctest(self.build(), "-N").stdout, re.M)

    def run(self, wanted, results):
        try:
            folder = self.build()
        except RuntimeError as error:
            for name in wanted:
                results.add(f"{self.name}/{name}", str(error))
            return
        report = folder / "report.xml"
        report.unlink(missing_ok=True)
        pattern = "^(" + "|".join(name.replace(".", r"\.") for name in wanted) + ")$"
        done = ctest(folder, "-j", str(os.cpu_count()), "-R", pattern, "--output-junit", str(report))
        cases = {}
        if report.exists():
            for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
                failed = case.get("status") != "run" or case.find("failure") is not None
                output = case.findtext("system-out") or "it did not run"
                cases[case.get("name")] = output if failed else None
        for name in wanted:
            results.add(f"{self.name}/{name}", cases.get(name, "it did not run:\n" + done.stdout[-2000:]))


# Whole erases of larger disks, and of simulated drives: under valgrind they take minutes.
SLOW = re.compile(r"sim\.|run\.|bad_sectors\.|format\.|resume|vanished\.|not_begun\.|doubt\.|detection\.|harness\.|secrets\.")


class Checked:
    """The programs of a build of the unit tests, with something that looks for mistakes in the use of memory. Its
    start takes longer than most tests: a program runs once for all of its tests."""

    def __init__(self, name, unit, tool=(), leave_out=None):
        self.name, self.unit, self.tool, self.leave_out = name, unit, tool, leave_out

    def list(self):
        # The names are those of the ordinary build, so that listing builds nothing else.
        return [name for name in UNIT.list() if not self.leave_out or not self.leave_out.match(name)]

    def run(self, wanted, results):
        try:
            tests = json.loads(ctest(self.unit.build(), "--show-only=json-v1").stdout)["tests"]
        except RuntimeError as error:
            for name in wanted:
                results.add(f"{self.name}/{name}", str(error))
            return
        programs = {}
        for test in tests:
            program, name = test["command"]
            programs.setdefault(program, {})[test["name"]] = name
        known = {name for names in programs.values() for name in names}
        for name in set(wanted) - known:
            results.add(f"{self.name}/{name}", "this build does not have it")

        def one(program):
            names = [name for name in programs[program] if name in wanted]
            if len(names) == len(programs[program]):
                return dict.fromkeys(names, self.call(program))
            return {name: self.call(program, programs[program][name]) for name in names}

        slow_first = sorted(programs, key=lambda program: not any(SLOW.match(name) for name in programs[program]))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for errors in pool.map(one, slow_first):
                for name, error in errors.items():
                    results.add(f"{self.name}/{name}", error)

    def call(self, *command):
        try:
            done = subprocess.run([*self.tool, *command], capture_output=True, text=True, errors="replace", timeout=600)
        except subprocess.TimeoutExpired:
            return "it did not end in 600 s"
        return None if done.returncode == 0 else (done.stdout + done.stderr)[-4000:] or "it failed"


class Lint:
    name = "lint"

    def list(self):
        return ["clang-format", "clang-tidy", "cppcheck", "shellcheck"]

    def run(self, wanted, results):
        UNIT.build()
        for name in wanted:
            began = time.monotonic()
            environment = dict(os.environ, QUIETUS_BUILD=str(BUILD))
            done = subprocess.run([TOP / "tests/lint/lint", name], capture_output=True, text=True, env=environment)
            error = None if done.returncode == 0 else (done.stdout + done.stderr)[-6000:] or "it failed"
            results.add(f"lint/{name}", error, time.monotonic() - began)


class Python:
    """Functions test_* of the modules test_*.py of a folder. in_order: one after the other, else each for
    itself. before: makes what they need and scripts/build does not."""

    def __init__(self, name, folder, in_order=False, before=None):
        self.name, self.folder, self.in_order, self.before = name, TOP / "tests" / folder, in_order, before

    def tests(self):
        found = {}
        for path in sorted(self.folder.glob("test_*.py")):
            module = __import__(path.stem)
            for name in vars(module):
                if name.startswith("test_"):
                    found[name.removeprefix("test_")] = getattr(module, name)
        return found

    def list(self):
        return list(self.tests())

    def jobs(self, wanted):
        if self.before:
            self.before()
        tests = self.tests()
        if self.in_order:
            return [lambda: [self.one(name, tests[name]) for name in wanted]]
        return [lambda name=name: [self.one(name, tests[name])] for name in wanted]

    def one(self, name, test):
        began = time.monotonic()
        try:
            test()
            error = None
        except BaseException:  # an assertion, or anything else that went wrong
            error = traceback.format_exc(limit=-4)
        return name, error, time.monotonic() - began

    def finish(self):
        pass


class Fuzz:
    """The libFuzzer targets of tests/fuzz, each for the same inputs in every run."""

    name = "fuzz"
    script = TOP / "tests/fuzz/run"
    # Inputs: as many as take a few seconds.
    runs = 40000
    fewer_runs = {"disk": 5000, "models": 20000, "page_file": 20000, "envelope": 20000}

    def list(self):
        return subprocess.run([self.script, "--list"], capture_output=True, text=True, check=True).stdout.split()

    def run(self, wanted, results):
        environment = dict(os.environ, QUIETUS_BUILD=str(BUILD))

        def call(*arguments):
            done = subprocess.run([self.script, *arguments], capture_output=True, text=True, errors="replace",
                                  env=environment)
            return None if done.returncode == 0 else (done.stdout + done.stderr)[-4000:] or "it failed"

        def one(name):
            began = time.monotonic()
            error = not_built or call(name, "--no-build", "--runs", str(self.fewer_runs.get(name, self.runs)))
            return name, error, time.monotonic() - began

        not_built = call("--build")
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, error, seconds in pool.map(one, wanted):
                results.add(f"fuzz/{name}", error, seconds)


UNIT = Unit("unit", "release")
SUITES = [
    Lint(),
    UNIT,
    Checked("sanitize", Unit("sanitize", "sanitize", "-DCMAKE_BUILD_TYPE=Debug",
                             "-DQUIETUS_SANITIZERS=address,undefined")),
    # fair-sched: else a thread that looks for something again and again may starve the one that it waits for.
    Checked("valgrind", UNIT, ("valgrind", "--quiet", "--error-exitcode=9", "--leak-check=full", "--fair-sched=yes",
                               "--errors-for-leak-kinds=definite", "--child-silent-after-fork=yes"), leave_out=SLOW),
    Fuzz(),
]
# What spends most of its time waiting, for a machine's boot or a drive: all of it side by side, what
# takes longest first.
AT_ONCE = 4
POOLED = [
    Hostile(before=UNIT.build),
    Python("build", "build", in_order=True, before=UNIT.build),
    Python("vm", "vm", before=UNIT.build),
    Python("boot", "boot", before=UNIT.build),
    Python("sim", "sim", before=UNIT.build),
    Python("cli", "cli"),
    Python("cost", "bench", before=UNIT.build),
]


def run_pooled(plan, results):
    jobs = [(suite, job) for suite, wanted in plan for job in suite.jobs(wanted)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = {pool.submit(job): suite for suite, job in jobs}
        for done in concurrent.futures.as_completed(running):
            for name, error, seconds in done.result():
                results.add(f"{running[done].name}/{name}", error, seconds)
    for suite, _ in plan:
        suite.finish()


def run_alone(plan, results):
    for suite, wanted in plan:
        with timed(suite.name):
            suite.run(wanted, results)


@contextlib.contextmanager
def timed(what):
    """Says how long it took, and how much of the processors' time."""
    def used():
        own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in (own, children))

    began, before = time.monotonic(), used()
    yield
    print(f"        {what}: {time.monotonic() - began:.0f} s, {used() - before:.0f} s of processor time", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print every test as suite/name and end")
    parser.add_argument("what", nargs="*", metavar="SUITE[/NAME]", help="run these only")
    options = parser.parse_args()
    plan = [(suite, suite.list()) for suite in SUITES + POOLED
            if not options.what or any(w.split("/")[0] == suite.name for w in options.what)]
    known = {suite.name for suite, _ in plan} | {f"{s.name}/{n}" for s, names in plan for n in names}
    for what in options.what:
        if what not in known:
            parser.error(f"there is no suite or test {what}; --list has all of them")
    plan = [(suite, [name for name in names if not options.what or suite.name in options.what
                     or f"{suite.name}/{name}" in options.what]) for suite, names in plan]
    if options.list:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as of any list: its reader may be head
        print("\n".join(f"{suite.name}/{name}" for suite, wanted in plan for name in wanted))
        return 0
    results = Results()
    run_alone([(suite, wanted) for suite, wanted in plan if suite in SUITES], results)
    pooled = [(suite, wanted) for suite, wanted in plan if suite in POOLED]
    if pooled:
        with timed(", ".join(suite.name for suite, _ in pooled)):
            run_pooled(pooled, results)
    if results.failed:
        print("failed: " + " ".join(results.failed))
    print(f"{results.passed} passed, {len(results.failed)} failed")
    return 1 if results.failed or results.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
