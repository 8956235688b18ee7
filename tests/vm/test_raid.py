"""Disks behind a RAID controller, through the kernel's own megaraid_sas driver and QEMU's firmware for it."""

import pathlib
import tempfile

import content
import machine
from machine import Machine

# The node for the ioctl is not made by anybody before the agent. QEMU's firmware takes no command without data
# ("!iov_count" in its hw/scsi/megasas.c), so the disk's cache cannot be flushed: the overwrite reaches the disk
# and is not called an erase.
SCRIPT = """
ls /dev/megaraid_sas_ioctl_node
quietus scan
quietus erase --method overwrite --spool /tmp/spool megaraid0/0 < /dev/null
echo "UNCONFIRMED $?"
echo S-RAID | quietus erase --method overwrite --spool /tmp/spool megaraid0/0
echo "STATUS $?"
"""

EXPOSED = """
quietus scan
"""


def megasas(path, serial, extra=""):
    return machine._drive(path, {}) + [
        "-device", f"megasas-gen2,id=raid{extra}",
        "-device", f"scsi-hd,bus=raid.0,scsi-id=0,drive={machine._id(path)},serial={serial},wwn=0x5000c5000a0b0c0d,"
                   "vendor=QUIETEST,product=MEMBER"]


def run(folder, script, disk):
    overlay = machine.many(folder / "many.img", script, network=False)
    with Machine([disk], "rdinit=/many", initrds=[overlay], network=False) as vm:
        vm.wait_for("ALL-DONE")
        return vm.console()


def lines_of(console, node):
    """What the scan says of a disk: its line and the indented ones below."""
    lines = console.replace("\r", "").split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith(node + " "))
    end = next(number for number in range(start + 1, len(lines)) if not lines[number].startswith("    "))
    return "\n".join(lines[start:end])


def kept(before, after, block=512):
    """Blocks that held something and still hold it."""
    return sum(1 for at in range(0, len(before), block)
               if any(before[at:at + block]) and before[at:at + block] == after[at:at + block])


def test_a_volume_and_its_disk():
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        image = content.disk_with_ext4(folder / "disk.img", "a", 32)
        before = image.read_bytes()
        console = run(folder, SCRIPT, megasas(image, "S-RAID"))
        assert "No such file" in console, console
        volume, member = lines_of(console, "/dev/sda"), lines_of(console, "megaraid0/0")
        assert "it is no disk but a volume (RAID volume of megaraid_sas)" in volume, console
        assert "S-RAID" in member and "33.6 MB" in member and "naa.5000c5000a0b0c0d" in member, console
        assert "which has it as: offline" in member and "breaks the volume" in member, console
        assert "UNCONFIRMED 10" in console, console
        assert "STATUS 20" in console and "flushing the disk's cache failed" in console, console
        assert kept(before, image.read_bytes()) == 0, "the overwrite has not reached the disk"


def test_a_disk_that_is_exposed():
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        image = content.disk_with_ext4(folder / "disk.img", "a", 32)
        before = content.digest(image)
        console = run(folder, EXPOSED, megasas(image, "S-RAID", ",use_jbod=on"))
        assert "Disks    1" in console, console
        assert "its RAID controller lists it too, as megaraid0/0" in lines_of(console, "/dev/sda"), console
        assert content.digest(image) == before
