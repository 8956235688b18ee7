#!/usr/bin/env python3
"""Measures what the README states. One run, everything side by side; medians, since machines are noisy.
scripts/bench calls this; the figures are also left in out/bench.json."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests" / folder) for folder in ("vm", "boot")]

import booting  # noqa: E402
import generators  # noqa: E402
import machine  # noqa: E402
import tables  # noqa: E402
import tools  # noqa: E402
from machine import OUT  # noqa: E402


def boot(runs):
    with tempfile.TemporaryDirectory(prefix="quietus-bench-") as folder:
        return booting.all_figures(pathlib.Path(folder), runs)


KINDS = {"boot": boot, "paths": lambda _: booting.paths(), "engine": tools.all_figures, "pattern": generators.all_figures}


def sizes():
    return {name: (OUT / name).stat().st_size for name in ("quietus", "vmlinuz", "initramfs.img")}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each kind, but paths, where it is one")
    parser.add_argument("what", nargs="*", choices=[*KINDS, []], help="only this")
    options = parser.parse_args()
    build_programs()
    figures = {"sizes_bytes": sizes(), "runs": options.runs}
    for kind in options.what or KINDS:
        figures[kind] = KINDS[kind](options.runs)
    qemu = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True).stdout
    figures["machine"] = {"qemu": qemu.splitlines()[0], "accelerator": "tcg", "virtual_cpus": 2,
                          "kernel": (machine.BUILD / "kernel/release").read_text().strip()}
    (OUT / "bench.json").write_text(json.dumps(figures, indent=2) + "\n")
    show(figures)


def build_programs():
    folder = machine.BUILD / "release"
    for command in (["cmake", "-G", "Ninja", "-S", TOP, "-B", folder, f"-DQUIETUS_DEPS={machine.BUILD}/deps"],
                    ["cmake", "--build", folder]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def show(figures):
    total = figures["sizes_bytes"]["vmlinuz"] + figures["sizes_bytes"]["initramfs.img"]
    for name, size in figures["sizes_bytes"].items():
        print(f"{name:15} {size / 1e6:6.1f} MB")
    print(f"{'kernel+image':15} {total / 1e6:6.1f} MB (limit 30)")
    if "boot" in figures:
        print("\n" + "\n".join(booting.rows(figures["boot"])))
    if "paths" in figures:
        print("\nOne boot each:\n\n" + "\n".join(booting.paths_table(figures["paths"])))
    if "engine" in figures:
        tables.show(figures["engine"])
    if "pattern" in figures:
        generators.show(figures["pattern"])


if __name__ == "__main__":
    main()
