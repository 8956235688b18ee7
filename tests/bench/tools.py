"""Overwriting and reading back beside other tools, on loop devices over memory and inside the virtual machine. Everybody
is measured by quietus-stopwatch, from the first MiB that a tool hands over to the last sector that the device is done
with. All memory behind the devices has been written before, and every run begins with another tool, so that a slow minute
of this machine does not always hit the same."""

import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

import growth
import machine
from machine import BUILD, Machine

ENGINE = BUILD / "release/tests/bench/quietus-engine"
STOPWATCH = BUILD / "release/tests/bench/quietus-stopwatch"
NEWER_NWIPE = BUILD / "nwipe/run"
MIB = 1 << 20

# MiB of the devices, so that everybody takes a second or more: of the fast tools, and of those that need ten times as long.
LOOP_SIZES = {"whole": 4096, "slow": 192}
NVME_SIZES = {"whole": 1024, "slow": 128}

# When a row is too noisy to hold anything against: there is but one run, or the rates of its runs are further apart than this part of their
# median, or it ended too soon for a stopwatch that looks every 2 ms.
MOST_SPREAD = 0.25
LEAST_SECONDS = 0.2

# A thread, not a process of its own: the stopwatch looks at one process.
FIO = ("fio --name=x --thread --filename={dev} --direct=1 --ioengine=io_uring --iodepth=8 --bs=512k "
       "--output-format=json ")
NWIPE = " --autonuke --nogui --nowait --logfile=/dev/null "

# fio is the limit: it does nothing but write, or read.
WRITERS = {
    "fio, zero": FIO + "--rw=write --zero_buffers --end_fsync=1",
    "quietus, zero": "{engine} zero {dev}",
    "dd, zero": "dd if=/dev/zero of={dev} bs=1M oflag=direct conv=fsync,nocreat status=none count={mib}",
    "shred, zero": "shred -n 0 -z {dev}",
    "nwipe, zero": "{nwipe}" + NWIPE + "--noblank --verify=off --method=zero {dev}",
    "newer nwipe, zero": "{newer}" + NWIPE + "--noblank --verify=off --method=zero {dev}",
    "quietus, random": "{engine} random {dev}",
    "shred, random": "shred -n 1 {dev}",
    "nwipe, random": "{nwipe}" + NWIPE + "--noblank --verify=off --method=random {dev}",
    "newer nwipe, random": "{newer}" + NWIPE + "--noblank --verify=off --method=random {dev}",
}
# After a zero pass.
READERS = {
    "fio, read": FIO + "--rw=read",
    "quietus, every byte": "{engine} verify {dev}",
    "quietus, samples": "{engine} sample {dev}",
    "nwipe, every byte": "{nwipe}" + NWIPE + "--method=verify_zero {dev}",
    "newer nwipe, every byte": "{newer}" + NWIPE + "--method=verify_zero {dev}",
}
ALL = {**WRITERS, **READERS}
# The samples are some 10,000 places however large a disk is: bytes a second say nothing of them.
BY_THE_DISK = "quietus, samples"


def size_of(name):
    return "slow" if "nwipe" in name else "whole"


def tools_here():
    """Without the newer nwipe where setup could not fetch it."""
    return [name for name in ALL if "newer" not in name or NEWER_NWIPE.exists()]


def written(path, megabytes):
    """A file in memory that is all there: pages that are only allocated are cleared at the first write, seven times as
    slow as the next."""
    subprocess.run(["dd", "if=/dev/zero", f"of={path}", "bs=1M", f"count={megabytes}", "status=none"], check=True)
    return path


@contextlib.contextmanager
def loops(sizes):
    """Loop devices over files in memory, of so many MiB each."""
    with tempfile.TemporaryDirectory(prefix="quietus-bench-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={sum(sizes) + 16}m", "tmpfs", folder], check=True)
        names = []
        try:
            for i, megabytes in enumerate(sizes):
                path = pathlib.Path(folder, str(i))
                done = subprocess.run(["losetup", "--find", "--show", written(path, megabytes)], check=True,
                                      capture_output=True, text=True)
                names.append(done.stdout.strip())
            yield names
        finally:
            for name in names:
                subprocess.run(["losetup", "--detach", name])
            subprocess.run(["umount", "--lazy", folder])


def in_turn(names, runs):
    """The tools of each run, in an order of its own: (run, name)."""
    for run in range(runs):
        first = run * len(names) // runs
        yield from ((run, name) for name in names[first:] + names[:first])


def command_of(name, device, mebibytes, engine, nwipe, newer):
    """(what to run first, if anything; the stopwatch's arguments)."""
    before = f"{engine} zero {device}" if name in READERS else ""
    command = ALL[name].format(engine=engine, nwipe=nwipe, newer=newer, dev=device, mib=mebibytes)
    return before, f"{'read' if name in READERS else 'write'} {device} {command}"


def on_loops(runs):
    taken = {}
    names = tools_here()
    with loops(LOOP_SIZES.values()) as devices, tempfile.TemporaryDirectory() as folder:  # nwipe leaves a report there
        device_of = dict(zip(LOOP_SIZES, devices))
        for _, name in in_turn(names, runs):
            size = size_of(name)
            before, watched = command_of(name, device_of[size], LOOP_SIZES[size], ENGINE, "nwipe", NEWER_NWIPE)
            if before:
                subprocess.run(before.split(), check=True, capture_output=True)
            done = subprocess.run([STOPWATCH, *watched.split()], capture_output=True, text=True, cwd=folder)
            assert done.returncode == 0, f"{watched}: {done.stderr[-2000:]}"
            taken.setdefault(name, []).append(json.loads(done.stdout))
    return {name: figures_of(name, taken[name]) for name in names}


def figures_of(name, runs):
    """Of all runs of a tool: medians, and how far they are apart."""
    def median(key):
        return statistics.median(run[key] for run in runs)

    gigabytes = median("bytes") / 1e9
    rates = [run["bytes"] / 1e6 / run["seconds"] for run in runs]
    row = {"seconds": round(median("seconds"), 3), "start_s": round(median("start"), 3),
           "cpu_s": round(median("cpu"), 3)}
    if name == BY_THE_DISK:
        return row
    spread = (max(rates) - min(rates)) / statistics.median(rates)
    return {**row, "mb_s": round(statistics.median(rates), 1), "mb_s_all": [round(rate, 1) for rate in rates],
            "cpu_s_per_gb": round(median("cpu") / gigabytes, 3),
            "machine_cpu_s_per_gb": round(median("machine_cpu") / gigabytes, 3),
            "noisy": len(rates) < 2 or spread > MOST_SPREAD or row["seconds"] < LEAST_SECONDS}


GUEST = """
for path in /sys/class/block/nvme*n?; do
    eval "device_$(($(cat $path/size) / 2048))=/dev/${{path##*/}}"
done
{lines}
"""
GUEST_LINE = """{before}; echo "BENCH {run} '{name}' $(/bin/quietus-stopwatch {watched} || echo BENCH-FAILED)"
"""


def guest_lines(names, runs):
    """A run more than is counted: what is started for the first time is slower."""
    for run, name in [(-1, name) for name in names] + list(in_turn(names, runs)):
        megabytes = NVME_SIZES[size_of(name)]
        before, watched = command_of(name, f"$device_{megabytes}", megabytes, "/bin/quietus-engine", "/bin/nwipe",
                                     "/bin/newer-nwipe")
        yield GUEST_LINE.format(run=run, name=name, before=f"{before} >/dev/null" if before else ":",
                                watched=re.sub(r"(\$device_\d+) (?!/)", r"\1 /bin/", watched, count=1))


def newer_nwipe_files():
    """With its own libraries and its own loader: the guest has Debian 12's."""
    root = BUILD / "nwipe/root"
    libraries = root / "usr/lib/x86_64-linux-gnu"
    files = {"newer/nwipe": ((root / "usr/sbin/nwipe").read_bytes(), 0o755),
             "newer/loader": ((root / "usr/lib64/ld-linux-x86-64.so.2").resolve().read_bytes(), 0o755),
             "bin/newer-nwipe": ("#!/bin/sh\nexec /newer/loader --library-path /newer/lib /newer/nwipe \"$@\"\n", 0o755)}
    shown = subprocess.run([NEWER_NWIPE, "--version"], capture_output=True)
    assert shown.returncode == 0
    listed = subprocess.run([root / "usr/lib64/ld-linux-x86-64.so.2", "--library-path", libraries, "--list",
                             root / "usr/sbin/nwipe"], capture_output=True, text=True, check=True).stdout
    for library in re.findall(rf"=> ({re.escape(str(libraries))}/\S+)", listed):
        files[f"newer/lib/{pathlib.Path(library).name}"] = (pathlib.Path(library).read_bytes(), 0o755)
    return files


def in_machine(runs):
    """The same inside the virtual machine on NVMe drives: the devices are emulated, and so is the processor. By the newer
    QEMU, which has AES instructions done by the host's; Debian 12's works them out byte by byte, which no server does. Its
    time for a MB says little: REP MOVS, by which kernels and libraries copy, is emulated byte by byte, AES nearly as on
    the host."""
    names = tools_here()
    with tempfile.TemporaryDirectory(prefix="quietus-bench-", dir="/dev/shm") as name:
        folder = pathlib.Path(name)
        # They come up in any order, and under any name: the guest finds them by their sizes.
        disks = [machine.nvme_namespaces([written(folder / f"{size}.img", megabytes) for size, megabytes in NVME_SIZES.items()],
                                         "BENCH")]
        files = machine.host_tools("fio", "shred", "nwipe", "dd", "hdparm")  # a newer nwipe insists on hdparm
        for program in (ENGINE, STOPWATCH):
            files.update(program_files(program))
        if "newer nwipe, zero" in names:
            files.update(newer_nwipe_files())
        script = machine.many(folder / "bench.img", GUEST.format(lines="".join(guest_lines(names, runs))), network=False,
                              files=files)
        with Machine(disks, "rdinit=/many", initrds=[script], network=False, memory=2048, time_limit=900,
                     newer_qemu=True) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
    assert "BENCH-FAILED" not in console, console[-6000:]
    taken = {}
    for one, text in re.findall(r"BENCH \d+ '(.+)' (\{.*\})", console):
        taken.setdefault(one, []).append(json.loads(text))
    return {one: figures_of(one, taken[one]) for one in names}


def program_files(path):
    """A program of ours with its libraries, for an overlay."""
    files = {f"bin/{pathlib.Path(path).name}": (pathlib.Path(path).read_bytes(), 0o755)}
    files.update(machine.libraries_of(path))
    return files


def all_figures(runs):
    assert os.geteuid() == 0, "loop devices need root"
    figures = {"loops": on_loops(runs), "machine_nvme": in_machine(runs),
               "many_disks": growth.many_disks(program_files(ENGINE)), "growth": growth.memory_and_time(ENGINE, loops, runs)}
    growth.plot(figures["growth"], machine.OUT / "bench-growth.svg")
    return figures
