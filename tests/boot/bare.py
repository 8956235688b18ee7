#!/usr/bin/env python3
"""How long a bare kernel with busybox takes by each path of the boot matrix: run it beside `scripts/test boot`,
which prints the same for the image."""

import pathlib
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests" / folder) for folder in ("vm", "boot")]

import boots  # noqa: E402 (found by the path above)
import machine  # noqa: E402
import test_boot  # noqa: E402

INIT = """#!/bin/busybox sh
echo BARE-IS-UP
/bin/busybox poweroff -f
"""


class Done(Exception):
    pass


def boot(place, name, arguments, refused=None):
    if not refused:
        with machine.Machine(network=False, direct=False, memory=1024, extra=arguments, time_limit=120) as vm:
            vm.wait_for("BARE-IS-UP")
            print(f"{name}: {time.monotonic() - vm.started:.1f} s", flush=True)
    raise Done


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        image = machine.overlay(folder / "bare.img", {
            "init": (INIT, 0o755), "bin/busybox": (pathlib.Path("/bin/busybox").read_bytes(), 0o755)})
        (folder / "site").mkdir()
        boots._site = boots.Site(folder / "site", image)
        test_boot.boot = boot
        for test in [value for key, value in vars(test_boot).items() if key.startswith("test_")]:
            try:
                test()
            except Done:
                pass


if __name__ == "__main__":
    main()
