"""The suite "hostile" of tests/run.py: which scenarios share a machine, the tests that are no scenario,
and the table of results."""

import concurrent.futures
import os
import re
import subprocess
import time
import traceback

import machine
import scenarios
from simulated import PROGRAM
from trial import LADDER, STRICT, TIME_FACTOR, Batch, Scenario, judge

NVME_AT_ONCE = 24  # controllers in one machine
DRIVES_AT_ONCE = 40
MACHINES_AT_ONCE = 2

SEEDS = PROGRAM.parents[1] / "harness/quietus-seeds"
SEED_COUNT = 1000
SEEDS_IN_MACHINE = 12
# What takes an agent longer to give up than a test may last.
TOO_LONG = re.compile(r"hang |gone security|stuck security|stuck nvme-format")


def batches(rows):
    """Lists of scenarios, dealt out to as few machines as can hold them."""
    groups = {}
    for row in rows:
        groups.setdefault((str(row.policy), row.cut), []).append(row)
    out = []
    for some in groups.values():
        controllers = [row for row in some if row.front == "nvme"]
        rest = [row for row in some if row.front != "nvme"]
        machines = max(-(-len(controllers) // NVME_AT_ONCE), -(-len(some) // DRIVES_AT_ONCE))
        out += [controllers[i::machines] + rest[i::machines] for i in range(machines)]
    return out


def cut_when_all_work(_, sim, drives):
    """Waits until every drive has its erase command, and a little longer."""
    command = {"nvme": r"nvme-admin (?:84|80)", "ahci": r"ata (?:b4 features=001[1-4]|f4)",
               "scsi": r"scsi 85 (?:\S\S \S\S 00 1[1-4] .* b4 |.* f4 )"}
    for drive in drives:
        sim.wait_for(rf"^{re.escape(drive.name)} \d+ {command[drive.scenario.front]}", seconds=240)
    time.sleep(2)


class Hostile:
    name = "hostile"

    def __init__(self, before):
        self.before = before
        self.others = {"machine-seeds": self.machine_seeds, "parallel": self.parallel, "seeds": self.seeds}
        self.notes = []
        self.ended = []

    def list(self):
        return [row.name for row in scenarios.SCENARIOS] + list(self.others)

    def run(self, wanted, results):
        self.before()
        rows = [row for row in scenarios.SCENARIOS if row.name in wanted]
        jobs = [(lambda batch=batch: self.run_rows(batch)) for batch in batches(rows)]
        jobs += [(lambda name=name: self.run_other(name)) for name in self.others if name in wanted]
        with concurrent.futures.ThreadPoolExecutor(MACHINES_AT_ONCE) as pool:
            for verdicts in pool.map(lambda job: job(), jobs):
                for name, error, seconds in verdicts:
                    results.add(f"hostile/{name}", error, seconds)
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
        """Random drives without a machine; see tests/harness."""
        done = subprocess.run([SEEDS, "--count", str(SEED_COUNT)], capture_output=True, text=True)
        self.notes.append(done.stdout.strip().splitlines()[-1])
        return None if done.returncode == 0 else done.stdout[-4000:]

    def machine_seeds(self):
        """Some of them with one."""
        rows = []
        seed = 0
        while len(rows) < SEEDS_IN_MACHINE:
            seed += 1
            row = scenario_of_seed(seed)
            if row:
                rows.append(row)
        ended, seconds, _ = Batch(rows, LADDER).run()
        self.ended += ended
        self.notes.append(f"{len(rows)} seeds in one machine: {seconds:.0f} s")
        wrong = [f"{one.drive.name}: {judge(one)}\n{one.drive.section()}" for one in ended if judge(one)]
        return "\n".join(wrong) or None

    def parallel(self):
        """How much longer than its slowest drive one server takes."""
        times = (10, 20, 30, 40)
        rows = [Scenario(f"parallel-{front}-{t}", STRICT, front,
                         f"sanitize = block; time = {family}-sanitize-block {t * TIME_FACTOR}s")
                for front, family in (("nvme", "nvme"), ("ahci", "ata")) for t in times]
        ended, _, record = Batch(rows, STRICT).run()
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
        for one in self.ended:
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


def scenario_of_seed(seed):
    """None: a seed that needs another policy, or more than a boot, or too long, or is a SAS disk."""
    done = subprocess.run([SEEDS, "--from", str(seed), "--count", "1", "--print"], capture_output=True,
                          text=True, check=True)
    head, *lines = done.stdout.strip().splitlines()
    if "power cut" in head or "at least" in head or "by SAS" in head or TOO_LONG.search(done.stdout):
        return None
    front = {"NVMe": "nvme", "libata": "ahci", "SATL": "scsi"}[re.search(r"by (\w+)", head).group(1)]
    drive = "; ".join(line for line in lines if not line.startswith("family"))
    good = "has to be erased" in head
    return Scenario(f"seed-{seed}", LADDER, front, drive, ends="erased",
                    may_be=() if good else ("failed", "unknown"),
                    unseen="may keep" in head)
