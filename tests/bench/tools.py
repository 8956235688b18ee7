"""Overwriting and reading back beside other tools, on loop devices over memory and inside the virtual machine; turn
about, so that a slow minute of this machine hits them all alike. Everybody is measured by quietus-stopwatch, and what a
tool needs on a device of nearly nothing (to start, to look for disks) is taken off: what is left is what a byte costs."""

import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

import content
import growth
import machine
from machine import BUILD, Machine

ENGINE = BUILD / "release/tests/bench/quietus-engine"
STOPWATCH = BUILD / "release/tests/bench/quietus-stopwatch"
NEWER_NWIPE = BUILD / "nwipe/run"
MIB = 1 << 20

# MiB of the devices: of all, of the tools that take their time, and of nearly nothing.
LOOP_SIZES = {"whole": 1024, "slow": 96, "none": 4}
NVME_SIZES = {"whole": 128, "slow": 64, "none": 4}

FIO = "fio --name=x --filename={dev} --direct=1 --ioengine=io_uring --iodepth=8 --output-format=json "
NWIPE = " --autonuke --nogui --nowait --logfile=/dev/null "

# fio is the limit: it does nothing but write, or read.
WRITERS = {
    "fio, zero": FIO + "--rw=write --bs=512k --zero_buffers --end_fsync=1",
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
    "fio, read": FIO + "--rw=read --bs=512k",
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


@contextlib.contextmanager
def loops(sizes):
    """Loop devices over files in memory, of so many MiB each."""
    with tempfile.TemporaryDirectory(prefix="quietus-bench-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={sum(sizes) + 16}m", "tmpfs", folder], check=True)
        names = []
        try:
            for i, megabytes in enumerate(sizes):
                path = pathlib.Path(folder, str(i))
                # Written, not only truncated: the memory is there from now on.
                subprocess.run(["dd", "if=/dev/zero", f"of={path}", "bs=1M", f"count={megabytes}", "status=none"], check=True)
                done = subprocess.run(["losetup", "--find", "--show", path], check=True, capture_output=True, text=True)
                names.append(done.stdout.strip())
            yield names
        finally:
            for name in names:
                subprocess.run(["losetup", "--detach", name])
            subprocess.run(["umount", "--lazy", folder])


def stopwatch(command, device):
    with tempfile.TemporaryDirectory() as folder:  # nwipe leaves a report where it is started
        done = subprocess.run([STOPWATCH, device, *command.split()], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, f"{command}: {done.stderr[-2000:]}"
    return json.loads(done.stdout)


def on_loops(runs):
    taken = {}
    names = tools_here()
    with loops(LOOP_SIZES.values()) as devices:
        device_of = dict(zip(LOOP_SIZES, devices))
        for _ in range(runs):
            for name in names:
                for size in ("none", size_of(name)):
                    device = device_of[size]
                    command = ALL[name].format(engine=ENGINE, nwipe="nwipe", newer=NEWER_NWIPE, dev=device, mib=LOOP_SIZES[size])
                    if name in READERS:
                        stopwatch(f"{ENGINE} zero {device}", device)
                    taken.setdefault((name, size), []).append(stopwatch(command, device))
    return {name: figures_of(name, taken, LOOP_SIZES) for name in names}


def figures_of(name, taken, sizes):
    """Medians, of the large device without the small one."""
    def median(size, key):
        return statistics.median(run[key] for run in taken[name, size])

    size = size_of(name)
    amount = (sizes[size] - sizes["none"]) * MIB
    if name == BY_THE_DISK:
        return {"seconds": round(median(size, "seconds"), 3), "cpu_s": round(median(size, "cpu"), 3)}
    seconds = median(size, "seconds") - median("none", "seconds")
    # A tool that needs as long to start as to write cannot be told from noise.
    noisy = seconds < median(size, "seconds") / 5
    row = {"mb_s": round(amount / (median(size, "seconds") if noisy else seconds) / 1e6, 1), "noisy": noisy}
    for key in ("cpu", "machine_cpu"):
        row[f"{key}_s_per_gb"] = round(max(median(size, key) - median("none", key), 0) / (amount / 1e9), 3)
    return row


GUEST = """
for path in /sys/class/block/nvme*n?; do
    eval "device_$(($(cat $path/size) / 2048))=/dev/${{path##*/}}"
done
# Once for nothing: what is started for the first time is slower.
{lines}
echo BENCH-BEGIN
for run in {runs}; do
{lines}
done
"""
GUEST_LINE = """echo "BENCH '{name}' {size} $({before}/bin/quietus-stopwatch {dev} {command} || echo BENCH-FAILED)"
"""


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
    QEMU, which has AES instructions done by the host's; Debian 12's works them out byte by byte, which no server does."""
    names = tools_here()
    with tempfile.TemporaryDirectory(prefix="quietus-bench-", dir="/dev/shm") as name:
        folder = pathlib.Path(name)
        # They come up in any order, and under any name: the guest finds them by their sizes.
        disks = [machine.nvme_namespaces([content.blank(folder / f"{size}.img", megabytes)
                                          for size, megabytes in NVME_SIZES.items()], "BENCH")]
        device_of = {size: f"$device_{megabytes}" for size, megabytes in NVME_SIZES.items()}
        files = machine.host_tools("fio", "shred", "nwipe", "dd", "hdparm")  # a newer nwipe insists on hdparm
        for program in (ENGINE, STOPWATCH):
            files.update(program_files(program))
        if "newer nwipe, zero" in names:
            files.update(newer_nwipe_files())
        lines = ""
        for one in names:
            for size in ("none", size_of(one)):
                device = device_of[size]
                command = ALL[one].format(engine="/bin/quietus-engine", nwipe="/bin/nwipe", newer="/bin/newer-nwipe", dev=device,
                                          mib=NVME_SIZES[size])
                before = f"/bin/quietus-engine zero {device} >/dev/null; " if one in READERS else ""
                # With the folder: busybox's shell takes its own dd and shred else.
                command = command if command.startswith("/") else f"/bin/{command}"
                lines += GUEST_LINE.format(name=one, size=size, dev=device, command=command, before=before)
        script = machine.many(folder / "bench.img", GUEST.format(runs=" ".join(map(str, range(runs))), lines=lines),
                              network=False, files=files)
        with Machine(disks, "rdinit=/many", initrds=[script], network=False, memory=2048, time_limit=900,
                     newer_qemu=True) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
    assert "BENCH-FAILED" not in console, console[-6000:]
    taken = {}
    for one, size, text in re.findall(r"BENCH '(.+)' (\w+) (\{.*\})", console.partition("BENCH-BEGIN")[2]):
        taken.setdefault((one, size), []).append(json.loads(text))
    return {one: figures_of(one, taken, NVME_SIZES) for one in names}


def program_files(path):
    """A program of ours with its libraries, for an overlay."""
    files = {f"bin/{pathlib.Path(path).name}": (pathlib.Path(path).read_bytes(), 0o755)}
    files.update(machine.libraries_of(path))
    return files


def all_figures(runs):
    assert os.geteuid() == 0, "loop devices need root"
    figures = {"loops": on_loops(runs), "machine_nvme": in_machine(max(1, runs - 1)),
               "many_disks": growth.many_disks(program_files(ENGINE)), "growth": growth.memory_and_time(ENGINE, loops, runs)}
    growth.plot(figures["growth"], machine.OUT / "bench-growth.svg")
    return figures
