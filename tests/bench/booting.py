"""How long the image takes to boot, what memory it needs, and the demo's times."""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

import bare
import boots
import content
import machine
import test_boot
from machine import TOP, Machine

# The same kernel with nothing but busybox: what any image has to pay.
BARE = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo BARE-READY
/bin/busybox poweroff -f
"""

# The image waits so long for disks that come late (initramfs/functions).
SETTLE_S = 3

MEMORY = "quietus scan >/dev/null; cat /proc/meminfo"
MEMORY_SIZES = (160, 192, 224, 256, 288, 320, 384, 448, 512)


def disks(folder):
    return [machine.sata(content.blank(folder / "sata.img", 64), "S-SATA"),
            machine.sas(content.blank(folder / "sas.img", 64), "S-SAS"),
            machine.nvme(content.blank(folder / "nvme.img", 64), "S-NVME")]


def seconds_between(vm, first, last):
    """Wall time between two patterns on the console."""
    vm.wait_for(first)
    began = time.monotonic()
    vm.wait_for(last)
    return time.monotonic() - began


def first_scan(folder, runs):
    """Kernel start to the first scan, beside the bare kernel, turn about."""
    bare_image = machine.overlay(folder / "bare.img", {
        "init": (BARE, 0o755), "bin/busybox": (pathlib.Path("/bin/busybox").read_bytes(), 0o755),
        "proc/.keep": ("", 0o644)})
    ours, alone = [], []
    for _ in range(runs):
        # Not "quiet": the kernel's first line is where the clock starts. It talks as much in both. With a mode, or it
        # would wait for a person at the screen.
        with Machine(disks(folder), "ignore_loglevel quietus.mode=inspect", direct=True, time_limit=90) as vm:
            ours.append(seconds_between(vm, "Linux version", r"NODE +BUS"))
        with Machine(disks(folder), "ignore_loglevel", only=[bare_image], time_limit=90) as vm:
            alone.append(seconds_between(vm, "Linux version", "BARE-READY"))
    return {"first_scan_s": round(statistics.median(ours), 2), "bare_kernel_s": round(statistics.median(alone), 2),
            "first_scan_all_s": [round(x, 2) for x in ours], "bare_kernel_all_s": [round(x, 2) for x in alone],
            "settle_s": SETTLE_S, "runs": runs}


def erases_in(folder, script, mebibytes):
    """Whether a machine with so little memory boots and erases three disks."""
    try:
        with Machine(disks(folder), "rdinit=/many panic=1", initrds=[script], memory=mebibytes, network=False,
                     time_limit=90) as vm:
            vm.wait_for("ERASE STATUS (0|10)\n")
    except AssertionError:
        return False
    return True


def memory(folder):
    """What the booted system uses after a scan, and the least memory in which it boots and erases: looked for by
    halving."""
    script = machine.many(folder / "memory.img", MEMORY, network=False)
    with Machine(disks(folder), "rdinit=/many", initrds=[script], memory=1024, time_limit=90) as vm:
        vm.wait_for("ALL-DONE")
        values = {k: int(v) for k, v in re.findall(r"(\w+): +(\d+) kB", vm.console())}
    # All that is not free and could not be had back by dropping caches; the image's own files are Shmem.
    used = (values["MemTotal"] - values["MemFree"] - values["Buffers"] - values["SReclaimable"]
            - (values["Cached"] - values["Shmem"])) / 1024
    erase = machine.many(folder / "erase.img", "printf 'S-SATA\\nS-SAS\\nS-NVME\\n' | quietus erase --progress none "
                         "/dev/sda /dev/sdb /dev/nvme0n1; echo ERASE STATUS $?", network=False)
    low, high = -1, len(MEMORY_SIZES)  # too little; enough, or not known to be
    while high - low > 1:
        middle = (low + high) // 2
        if erases_in(folder, erase, MEMORY_SIZES[middle]):
            high = middle
        else:
            low = middle
    return {"used_after_scan_mib": round(used, 1), "of_which_files_mib": round(values["Shmem"] / 1024, 1),
            "least_memory_mib": MEMORY_SIZES[high] if high < len(MEMORY_SIZES) else None}


def demo():
    """Power-on to power-off of its two boots, as it prints them."""
    environment = {**os.environ, "QUIETUS_BUILD": str(machine.BUILD), "QUIETUS_OUT": str(machine.OUT)}
    done = subprocess.run([sys.executable, TOP / "tests/vm/demo.py"], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    inspect, erase = re.findall(r"powered off after (\d+) s", done.stdout)
    return {"inspection_s": int(inspect), "erase_s": int(erase)}


def all_figures(folder, runs):
    return {**first_scan(folder, runs), "memory": memory(folder), "demo": demo()}


def rows(boot):
    """For the README's table of figures."""
    yield (f"| kernel start to first scan (SATA, SAS and NVMe disk) | {boot['first_scan_s']:.1f} s, of which {boot['settle_s']} s "
           "are the wait for late disks |")
    yield f"| the same kernel with busybox alone | {boot['bare_kernel_s']:.1f} s |"
    yield (f"| memory in use after a scan; the least in which three disks were erased | {boot['memory']['used_after_scan_mib']} MiB, "
           f"of which {boot['memory']['of_which_files_mib']} are the image's files; {boot['memory']['least_memory_mib']} MiB |")
    yield ("| demo: PXE power-on to power-off, inspection of three disks of 201.3 MB | "
           f"{boot['demo']['inspection_s']} s |")
    yield ("| demo: the same, with two of them overwritten and one formatted, verified and certified | "
           f"{boot['demo']['erase_s']} s |")


def paths():
    """By each path of the boot matrix, one boot each: {name: seconds from power-on to the agent's first line and to
    power-off, and the same of a bare kernel with busybox}."""
    for name, test in vars(test_boot).items():
        if name.startswith("test_") and "refuses" not in name:
            test()
    ours = dict(boots.times)
    alone = bare.times_of(ours)
    return {name: {"agent_s": up, "off_s": off, "bare_s": alone[name]} for name, (up, off) in ours.items()}


def paths_table(figures):
    yield ("| power-on by | to the agent's first line, s | to power-off, two drives erased, s | a bare kernel with busybox to its "
           "first line, s |")
    yield "|---|---|---|---|"
    for name, row in figures.items():
        yield f"| {name.replace('_', ' ')} | {row['agent_s']:.1f} | {row['off_s']:.1f} | {row['bare_s']:.1f} |"
