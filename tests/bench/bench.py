#!/usr/bin/env python3
"""Measures what the README states. One run, everything side by side; medians, since machines are noisy.
scripts/bench calls this; the figures are also left in out/bench.json."""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/vm"))

import content  # noqa: E402
import generators  # noqa: E402
import machine  # noqa: E402
import tables  # noqa: E402
import tools  # noqa: E402
from machine import OUT, Machine  # noqa: E402

# The same kernel with nothing but busybox: what any image has to pay.
BARE = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo BARE-READY
/bin/busybox poweroff -f
"""

MEMORY = "quietus scan >/dev/null; cat /proc/meminfo"


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


def boot_times(folder, runs):
    """Kernel start to the first scan, beside the bare kernel, turn about."""
    bare_image = machine.overlay(folder / "bare.img", {
        "init": (BARE, 0o755), "bin/busybox": (pathlib.Path("/bin/busybox").read_bytes(), 0o755),
        "proc/.keep": ("", 0o644)})
    ours, bare = [], []
    for _ in range(runs):
        # Not "quiet": the kernel's first line is where the clock starts. It talks as much in both.
        with Machine(disks(folder), "ignore_loglevel", direct=True) as vm:
            ours.append(seconds_between(vm, "Linux version", r"NODE +BUS"))
        with Machine(disks(folder), "ignore_loglevel", only=[bare_image]) as vm:
            bare.append(seconds_between(vm, "Linux version", "BARE-READY"))
    return {"first_scan_s": round(statistics.median(ours), 2), "bare_kernel_s": round(statistics.median(bare), 2),
            "first_scan_all_s": [round(x, 2) for x in ours], "bare_kernel_all_s": [round(x, 2) for x in bare],
            "settle_s": 3, "runs": runs}


def memory(folder):
    """What the booted system uses after a scan, and the least memory in which it boots and erases."""
    script = machine.many(folder / "memory.img", MEMORY, network=False)
    with Machine(disks(folder), "rdinit=/many", initrds=[script], memory=1024) as vm:
        vm.wait_for("ALL-DONE")
        values = {k: int(v) for k, v in re.findall(r"(\w+): +(\d+) kB", vm.console())}
    # All that is not free and could not be had back by dropping caches; the image's own files are Shmem.
    used = (values["MemTotal"] - values["MemFree"] - values["Buffers"] - values["SReclaimable"]
            - (values["Cached"] - values["Shmem"])) / 1024
    erase = machine.many(folder / "erase.img", "printf 'S-SATA\\nS-SAS\\nS-NVME\\n' | quietus erase --progress none "
                         "/dev/sda /dev/sdb /dev/nvme0n1; echo ERASE STATUS $?", network=False)
    least = None
    for size in (512, 448, 384, 320, 288, 256, 224, 192):
        try:
            with Machine(disks(folder), "rdinit=/many panic=1", initrds=[erase], memory=size, time_limit=90) as vm:
                vm.wait_for("ERASE STATUS (0|10)\n")
                least = size
        except AssertionError:
            break
    return {"used_after_scan_mib": round(used, 1), "of_which_files_mib": round(values["Shmem"] / 1024, 1),
            "least_memory_mib": least}


def sizes():
    return {name: (OUT / name).stat().st_size for name in ("quietus", "vmlinuz", "initramfs.img")}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each kind")
    parser.add_argument("what", nargs="*", choices=["boot", "engine", "pattern", []], help="only this")
    options = parser.parse_args()
    figures = {"sizes_bytes": sizes()}
    wanted = options.what or ["boot", "engine", "pattern"]
    with tempfile.TemporaryDirectory(prefix="quietus-bench-") as name:
        folder = pathlib.Path(name)
        if "boot" in wanted:
            figures["boot"] = boot_times(folder, options.runs)
            figures["memory"] = memory(folder)
    if "engine" in wanted:
        build_engine()
        figures["engine"] = tools.all_figures(options.runs)
    if "pattern" in wanted:
        build_engine()
        figures["pattern"] = generators.all_figures(options.runs)
    qemu = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True).stdout
    figures["machine"] = {"qemu": qemu.splitlines()[0], "accelerator": "tcg", "virtual_cpus": 2,
                          "kernel": (machine.BUILD / "kernel/release").read_text().strip()}
    (OUT / "bench.json").write_text(json.dumps(figures, indent=2) + "\n")
    show(figures)


def build_engine():
    folder = machine.BUILD / "release"
    for command in (["cmake", "-G", "Ninja", "-S", TOP, "-B", folder, f"-DQUIETUS_DEPS={machine.BUILD}/deps"],
                    ["cmake", "--build", folder, "--target", "quietus-engine", "quietus-generators",
                     "quietus-stopwatch"]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def show(figures):
    total = figures["sizes_bytes"]["vmlinuz"] + figures["sizes_bytes"]["initramfs.img"]
    for name, size in figures["sizes_bytes"].items():
        print(f"{name:15} {size / 1e6:6.1f} MB")
    print(f"{'kernel+image':15} {total / 1e6:6.1f} MB (limit 40)")
    if "boot" in figures:
        boot = figures["boot"]
        print(f"kernel start to first scan   {boot['first_scan_s']:6.2f} s (of which {boot['settle_s']} s wait for late disks)")
        print(f"bare kernel with busybox     {boot['bare_kernel_s']:6.2f} s")
        print(f"memory used after a scan     {figures['memory']['used_after_scan_mib']:6.1f} MiB "
              f"(the image's files: {figures['memory']['of_which_files_mib']} MiB)")
        print(f"least memory that it ran in  {figures['memory']['least_memory_mib']:6} MiB")
    if "engine" in figures:
        tables.show(figures["engine"])
    if "pattern" in figures:
        generators.show(figures["pattern"])


if __name__ == "__main__":
    main()
