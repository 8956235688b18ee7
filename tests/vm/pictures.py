#!/usr/bin/env python3
"""Makes the README's pictures of the technician's screen: boots the image on drives of several kinds, erases them at
the monitor, and keeps what it shows. It needs scripts/build, and the simulated drives of scripts/test unit.

    tests/vm/pictures.py [FOLDER]        (agent/tui/pictures)
"""

import pathlib
import sys

import content
import machine
import stick
from monitor import Monitor
from simulated import Simulation, drive, port
from test_screen import MONITOR, OPTIONS, folder

PICTURES = machine.TOP / "agent/tui/pictures"
MIB = 1 << 20


def drives(place):
    keywords = {"size": "200M", "spare": "8M"}
    return Simulation(place / "drives",
                      drive("flash", "nvme", serial="S5GXNX0T4021", model='"NVME SSD 980"', sanitize="crypto block",
                            time=["nvme-sanitize-crypto 8s", "nvme-sanitize-block 20s"], **keywords),
                      drive("locked", "ata", serial="ZA1B77QK", model='"SATA HDD 7E8"', sanitize="none",
                            medium="magnetic", user_password='"unknown"', **keywords),
                      port("nvme", "nvme", "flash"), port("ahci", "ahci", "locked"))


def make(target):
    with folder() as place, drives(place) as sim:
        disk = content.disk_with_ext4(place / "disk.img", "disk", 64)
        disks = [machine.scsi(disk, "WD-WMC4N0E1", **{"throttling.bps-write": 3 * MIB}),
                 machine.usb_stick(stick.make(place / "stick.img"), "STICK-1"), MONITOR]
        with machine.Machine(disks, OPTIONS, network=False, keyboard=True, memory=1024, sim_drives=sim) as vm:
            monitor = Monitor(vm, place)
            vm.wait_for("press Enter here")
            monitor.presses("ret")
            monitor.waits_for("of 4 disks chosen", 120)
            monitor.presses("a", "down")
            monitor.waits_for("3 of 4 disks chosen")
            keep(monitor, target / "disks.png")
            monitor.presses("n", "n")
            monitor.types("Ann Example\nT-77\n")
            monitor.presses("ret", "ret")  # no password is known
            monitor.waits_for("EVERYTHING on these 3 disks")
            monitor.types("three\n")
            monitor.waits_for("1 of 3 disks have ended")
            monitor.waits_for(r"WD-WMC4N0E1 +writing .*left")
            keep(monitor, target / "erasing.png")
            monitor.waits_for("2 erased, 1 failed", 120)
            monitor.waits_for("Documents saved: 5")
            keep(monitor, target / "result.png")
            monitor.presses("shift+r")
            monitor.waits_for("Record of this run")
            keep(monitor, target / "code.png")


def keep(monitor, path):
    """When the picture shows what the text is."""
    if path.stem != "code":
        monitor.looks()
    monitor.picture(path, "png")


if __name__ == "__main__":
    where = pathlib.Path(sys.argv[1]) if sys.argv[1:] else PICTURES
    where.mkdir(exist_ok=True)
    make(where.resolve())
