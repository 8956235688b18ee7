"""How long a bare kernel with busybox takes by each path of the boot matrix, in the same machine with the same drives:
for scripts/bench paths, beside what boots.boot notes of the image."""

import pathlib
import tempfile
import time

import boots
import machine
import test_boot

INIT = """#!/bin/busybox sh
echo BARE-IS-UP
/bin/busybox poweroff -f
"""


class Done(Exception):
    """The boot is over; what a test looks at afterwards is not there."""


def site(folder):
    """With images that hold the bare kernel."""
    image = machine.overlay(folder / "bare.img", {
        "init": (INIT, 0o755), "bin/busybox": (pathlib.Path("/bin/busybox").read_bytes(), 0o755)})
    (folder / "site").mkdir()
    return boots.Site(folder / "site", image)


def times_of(names):
    """{name: seconds from power-on to its first line}, of the boots of these names."""
    times = {}

    def boot(place, name, arguments, time_limit=machine.TIME_LIMIT, prefix=()):
        with boots.machine_with_drives(place, name, arguments, time_limit, prefix) as (vm, _):
            vm.wait_for("BARE-IS-UP")
            times[name] = time.monotonic() - vm.started
        raise Done

    whole, made = test_boot.boot, boots.site()
    with tempfile.TemporaryDirectory() as folder:
        boots._site, test_boot.boot = site(pathlib.Path(folder)), boot
        try:
            for name, test in vars(test_boot).items():
                if name.startswith("test_") and "refuses" not in name:
                    try:
                        test()
                    except Done:
                        pass
        finally:
            boots._site, test_boot.boot = made, whole
    assert set(times) == set(names), (times, names)
    return times
