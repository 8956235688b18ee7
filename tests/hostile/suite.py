"""The suite "hostile" of tests/run.py: which scenarios share a machine, the tests that are no scenario,
and the table of results."""

import os
import re
import subprocess
import time
import traceback

import every_kind
import machine
import scenarios
from simulated import PROGRAM
from trial import LADDER, STRICT, TIME_FACTOR, Batch, Scenario, judge

NVME_AT_ONCE = 24  # controllers in one machine
DRIVES_AT_ONCE = 70

SEEDS = PROGRAM.parents[1] / "harness/quietus-seeds"
SEED_COUNT = 500  # quietus-seeds tries more of them
SEEDS_BEHIND = 60  # RAID controllers, of each kind; NVMe drives among them are passed over
SEEDS_OF_A_KIND = 3  # that are booted: of NVMe, libata, SATL and SAS drives each
# Drives that are given up after the policy's minutes, or over which the kernel spends minutes.
SLOW = re.compile(r"misbehave = (?:stuck|gone|fail ata|power-cut (?:scsi|nvme)-format|return .* as=)")
# What takes an agent longer to give up than a test may last.
TOO_LONG = re.compile(r"hang |gone security|stuck security|stuck nvme-format")


def batches(rows):
    """Lists of scenarios, dealt out to as few machines as can hold them."""
    groups = {}
    for row in rows:
        groups.setdefault((str(row.policy), row.cut), []).append(row)
    out = []
    for some in groups.values():
        out += deal(some)
    return sorted(out, key=lambda rows: not any(is_slow(row) for row in rows))


def is_slow(row):
    return not row.cut and bool(SLOW.search(row.drive))


def deal(rows):
    """Those that take long share the first machine, which gets fewer of the others for it."""
    controllers = sum(row.controllers for row in rows if row.front == "nvme")
    machines = [[] for _ in range(max(-(-controllers // NVME_AT_ONCE), -(-len(rows) // DRIVES_AT_ONCE)))]

    def has_room(machine_rows):
        return sum(row.controllers for row in machine_rows if row.front == "nvme") + 2 <= NVME_AT_ONCE

    # NVMe drives first: their number in a machine is limited.
    for row in sorted(rows, key=lambda row: (not is_slow(row), row.front != "nvme")):
        able = [some for some in machines if row.front != "nvme" or has_room(some)]
        slow = [some for some in able if some is machines[0]] if is_slow(row) else []
        target = (slow or sorted(able, key=len))[0] if able else None
        if target is None:
            machines.append(target := [])
        target.append(row)
    return [some for some in machines if some]


def cut_when_all_work(_, sim, drives):
    """Waits until every drive has its erase command, and a little longer."""
    command = {"nvme": r"nvme-admin (?:84|80)", "ahci": r"ata (?:b4 features=001[1-4]|f4)",
               "satl": r"scsi 85 (?:\S\S \S\S 00 1[1-4] .* b4 |.* f4 )", "sas": r"scsi 48 8[123]"}
    for drive in drives:
        sim.wait_for(rf"^{re.escape(drive.name)} \d+ {command[drive.scenario.kind]}")
    time.sleep(2)


class Hostile:
    name = "hostile"

    def __init__(self, before):
        self.before = before
        self.others = {"machine-seeds": self.machine_seeds, "parallel": self.parallel, "seeds": self.seeds,
                       "every-kind": every_kind.every_kind, "qemus-own": every_kind.qemus_own}
        self.notes = []
        self.ended = []

    def list(self):
        return [row.name for row in scenarios.SCENARIOS] + list(self.others)

    def jobs(self, wanted):
        self.before()
        rows = [row for row in scenarios.SCENARIOS if row.name in wanted]
        return [(lambda batch=batch: self.run_rows(batch)) for batch in batches(rows)] + \
               [(lambda name=name: self.run_other(name)) for name in self.others if name in wanted]

    def finish(self):
        self.write_table()

    def run_rows(self, rows):
        """One machine; a list of (name, error, seconds)."""
        try:
            batch = Batch(rows, rows[0].policy, cut=cut_when_all_work if rows[0].cut else None)
            ended, seconds, _ = batch.run()
        except BaseException:  # nothing is known of any of them then
            error = traceback.format_exc(limit=-4)
            return [(row.name, error if i == 0 else f"see {rows[0].name}: they share a machine", None)
                    for i, row in enumerate(rows)]
        self.ended += ended
        self.notes.append(f"{len(ended)} drives in one machine: {seconds:.0f} s from power-on to power-off")
        return [(row.name, verdict_of(row, ended), None) for row in rows]

    def run_other(self, name):
        began = time.monotonic()
        try:
            error = self.others[name]()
        except BaseException:
            error = traceback.format_exc(limit=-4)
        return [(name, error, time.monotonic() - began)]

    def seeds(self):
        """Random drives without a machine, some of them behind RAID controllers; see tests/harness."""
        runs = [("", ["--count", SEED_COUNT]),
                *[(f" behind {kind}", ["--through", kind, "--count", SEEDS_BEHIND]) for kind in ("megaraid", "cciss")]]
        for where, options in runs:
            done = subprocess.run([SEEDS, *map(str, options)], capture_output=True, text=True)
            self.notes.append(done.stdout.strip().splitlines()[-1] + where)
            if done.returncode != 0:
                return done.stdout[-4000:]
        return None

    def machine_seeds(self):
        """Some of them with one."""
        rows = seeds_to_boot()
        assert len(rows) == 4 * SEEDS_OF_A_KIND, f"{len(rows)} seeds fit"
        ended, seconds, _ = Batch(rows, LADDER).run()
        self.ended += ended
        self.notes.append(f"{len(rows)} seeds in one machine: {seconds:.0f} s from power-on to power-off")
        wrong = [f"{one.drive.name}: {judge(one)}\n{one.drive.section()}" for one in ended if judge(one)]
        return "\n".join(wrong) or None

    def parallel(self):
        """How much longer than its slowest drive one server takes."""
        times = (10, 20, 30, 40)
        rows = [Scenario(f"parallel-{front}-{t}", STRICT, front,
                         f"sanitize = block; time = {family}-sanitize-block {t * TIME_FACTOR}s")
                for front, family in (("nvme", "nvme"), ("ahci", "ata")) for t in times]
        ended, _, record = Batch(rows, STRICT, processors=2).run()
        wrong = [f"{one.drive.name}: {judge(one)}" for one in ended if judge(one)]
        spans = [(seconds_of(one.certificate["started"]), seconds_of(one.certificate["ended"])) for one in ended]
        whole = max(end for _, end in spans) - min(start for start, _ in spans)
        slowest = max(end - start for start, end in spans)
        self.notes.append(
            f"{len(rows)} drives at once, erase times {', '.join(map(str, times))} s twice: {whole:.0f} s for "
            f"all, {slowest:.0f} s for the slowest (marking and reading back included), "
            f"{2 * sum(times)} s if one had waited for the other")
        if whole >= sum(end - start for start, end in spans):
            wrong.append("the drives were erased one after the other")
        return "\n".join(wrong) or None

    def write_table(self):
        if not self.ended:
            return
        rows = [("scenario", "front", "has to be", "was", "by", "on the medium", "note")]
        order = {row.name: i for i, row in enumerate(scenarios.SCENARIOS)}
        for one in sorted(self.ended, key=lambda one: order.get(one.drive.scenario.name, len(order))):
            rows.append(table_row(one))
        text = "\n".join("| " + " | ".join(row) + " |" for row in rows[:1])
        text += "\n" + "|---" * len(rows[0]) + "|\n"
        text += "\n".join("| " + " | ".join(row) + " |" for row in rows[1:])
        ends = [f"{sum(one.got == end for one in self.ended)} {end}" for end in
                ("erased", "failed", "unknown", "refused")]
        unseen = sum(one.drive.scenario.unseen for one in self.ended)
        summary = f"{len(self.ended)} drives: {', '.join(ends)}; {unseen} with what no host can see"
        text = "\n".join([text, "", summary, *self.notes, ""])
        path = machine.OUT / "hostile.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        print(text, flush=True)


def verdict_of(row, ended):
    wrong = [judge(one) for one in ended if one.drive.scenario is row]
    return "; ".join(text for text in wrong if text) or None


def table_row(one):
    row = one.drive.scenario
    wanted = " or ".join([row.ends, *row.may_be])
    by = one.by + "".join(f", after {attempt['method']}" for attempt in one.attempts[:-1])
    got = f"{one.got}, {one.claim}" if one.claim else one.got
    mark = " **WRONG**" if judge(one) else ""
    return (one.drive.name, row.front, wanted, got + mark, by, one.left_on_medium(), row.note)


def seconds_of(text):
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def seeds_to_boot():
    """As many of each kind of drive: the first that fit into one machine and one boot."""
    done = subprocess.run([SEEDS, "--count", str(SEED_COUNT), "--print"], capture_output=True, text=True, check=True)
    rows = {}
    for text in re.split(r"^(?=seed )", done.stdout, flags=re.M)[1:]:
        row = scenario_of_seed(text)
        if row and len(rows.setdefault(row.kind, [])) < SEEDS_OF_A_KIND:
            rows[row.kind].append(row)
    return [row for some in rows.values() for row in some]


def scenario_of_seed(text):
    """None: a seed that needs another policy, or more than a boot, or too long."""
    head, *lines = text.strip().splitlines()
    if "power cut" in head or "at least" in head or TOO_LONG.search(text):
        return None
    front = {"NVMe": "nvme", "libata": "ahci", "SATL": "scsi", "SAS": "scsi"}[re.search(r"by (\w+)", head).group(1)]
    family = re.search(r"^family = (\w+)", text, re.M).group(1)
    drive = "; ".join(line for line in lines if not line.startswith("family"))
    return Scenario(f"seed-{re.search(r'seed (.*?),', head).group(1)}", LADDER, front, drive, family, ends="erased",
                    may_be=() if "has to be erased" in head else ("failed", "unknown"),
                    unseen="may keep" in head)
