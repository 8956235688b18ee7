"""Power cuts in the middle of a pass: what the next boot makes of the stick."""

import json
import pathlib
import re
import subprocess
import tempfile

import content
import dsse
import machine
from machine import Machine

MIB, MIB_PER_SECOND = 32, 2  # so that the pass that is cut takes sixteen seconds
UUIDS = {"R-1": "11111111-2222-4333-8444-555555555501", "R-2": "11111111-2222-4333-8444-555555555502"}

# The stick is a disk of its own here: the agent takes any folder.
SCRIPT = """
modprobe -a -q vfat nls_cp437 nls_ascii
mkdir -p /run/quietus/stick
mount -t vfat /dev/vdc /run/quietus/stick || echo NO-STICK
mkdir -p /run/quietus/stick/state
sync
echo "quietus.mode=erase quietus.order=/order.json quietus.progress=json quietus.deliver=0" >/tmp/line
quietus agent --command-line /tmp/line --spool /tmp/spool
echo "STATUS $?"
for file in /tmp/spool/*certificate.json; do
    echo "CERTIFICATE $(quietus show --json $file | tr -d '\\n')"
    quietus check $file | grep says
done
echo "LEFT $(find /run/quietus/stick/state -type f | wc -l)"
umount /run/quietus/stick
"""


def order(folder):
    """For the two disks, while each holds its file system."""
    quietus = machine.QUIETUS
    subprocess.run([quietus, "keygen", folder / "site"], check=True, capture_output=True)
    dsse.sign(folder / "order.json", {
        "schema": "quietus.order/1", "id": "o-1", "nonce": "0123456789abcdef0123456789abcdef",
        "issued": "2020-01-01T00:00:00Z", "not_before": "2020-01-01T00:00:00Z", "expires": "2100-01-01T00:00:00Z",
        "holds": "not-checked", "unknown_disks": "leave",
        "server": {"serial": machine.SERIAL, "uuid": machine.UUID},
        "disks": [{"serial": serial, "content": [f"disk ext4 {uuid}"]} for serial, uuid in UUIDS.items()],
    }, folder / "site.key")
    return machine.overlay(folder / "carried.img", {
        "order.json": ((folder / "order.json").read_bytes(), 0o644),
        "etc/quietus/trust/site.pub": ((folder / "site.pub").read_bytes(), 0o644)})


def disk_with_file_system(path, serial):
    content.blank(path, MIB)
    content.ext4(path, serial, MIB, MIB * 2 // 3, label=serial)
    content.run("tune2fs", "-f", "-U", UUIDS[serial], path)
    assert content.count(path, content.canary(serial)) > 0
    return path


def virtio_disks(images, stick, limit=""):
    """QEMU's arguments; limit: of the disks' writing, none of the stick's."""
    disks = [["-drive", f"if=none,id=d{i},format=raw,cache=unsafe,file={image}{limit}",
              "-device", f"virtio-blk-pci,drive=d{i},serial={serial}"] for i, (serial, image) in enumerate(images.items())]
    return [*disks, ["-drive", f"if=none,id=stick,format=raw,cache=writethrough,file={stick}",
                     "-device", "virtio-blk-pci,drive=stick,serial=STICK"]]


def states(stick):
    """The files below state/ on the stick."""
    listed = content.run("mdir", "-/", "-b", "-i", stick, "::state")
    return [line for line in listed.split() if re.search(r"/(R|BEGUN|begun)[^/]*\.json$", line, re.I)]


def test_power_cut_in_a_pass():
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        images = {serial: disk_with_file_system(folder / f"{serial}.img", serial) for serial in UUIDS}
        before = {serial: content.distinct_sectors(image) for serial, image in images.items()}
        stick = content.blank(folder / "stick.img", 16)
        content.run("mkfs.vfat", "-n", "STATES", stick)
        carried = [order(folder), machine.many(folder / "many.img", SCRIPT, network=False)]
        slow = virtio_disks(images, stick, f",throttling.bps-write={MIB_PER_SECOND << 20}")
        with Machine(slow, "rdinit=/many", initrds=carried, network=False) as vm:
            # Past the first position, and before the last of what the file system holds.
            vm.wait_for(r'"serial":"R-1","phase":"writing","part":1,"parts":1,"done":(9|1\d)\d{6},')
            vm.kill()
        kept = states(stick)
        assert len(kept) == 3, kept
        for image in images.values():
            assert 0 < content.count(image, "QUIETUS-TEST-CANARY")
        # What was known of the second disk is gone: nobody can say what became of it.
        content.run("mdel", "-i", stick, next(path for path in kept if "/R-2" in path))
        with Machine(virtio_disks(images, stick), "rdinit=/many", initrds=carried, network=False) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
        found = {c["disk"]["serial"]: c for c in map(json.loads, re.findall("CERTIFICATE (.*)", console))}
        assert "STATUS 10" in console and "LEFT 0" in console, console
        assert found["R-1"]["disposition"] == "erased", console
        assert re.search(r"says +disk R-1 .*erased, clear", console), console
        taken_up = found["R-1"]["taken_up"]
        assert taken_up["run_id"] != found["R-1"]["run_id"]
        assert 4 << 20 <= taken_up["position"] < MIB << 20
        assert found["R-1"]["attempts"][-1]["verification"]["every_unit"] is True
        assert "interrupted run" in found["R-1"]["authority"]["content"]
        acknowledged = [e for e in found["R-1"]["evidence"] if e["kind"] == "overwrite-pass"]
        assert [e["taken_up_at"] + e["bytes_acknowledged"] for e in acknowledged] == [MIB << 20]
        assert content.residue(images["R-1"], before["R-1"]) == 0
        assert found["R-2"]["disposition"] == "refused", console
        assert "holds something else" in found["R-2"]["reason"]
        assert content.residue(images["R-2"], before["R-2"]) > 0
