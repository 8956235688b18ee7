"""Erasing with a stick and no network: order, key and words from it, documents and log to it."""

import base64
import json
import random
import subprocess
import time

import content
import machine
import stick
from machine import Machine, QUIETUS
from test_vm import quietus, workplace

SERVER = {"serial": machine.SERIAL, "uuid": machine.UUID}


def order(place, *serials):
    disks = [{"serial": serial, "content": "not-checked"} for serial in serials]
    return place.order(None, server=SERVER, disks=disks).read_text()


def payload(path):
    return json.loads(base64.b64decode(json.loads(path.read_text())["payload"]))


def test_stick_without_a_network():
    """The stick's order is carried out, its key signs (site), and with the documents on it the machine may power
    off although nobody has acknowledged them. The stick's words do not win over the command line's."""
    with workplace() as place:
        disk = content.disk_with_ext4(place.folder / "disk.img", "stick", 32)
        image = stick.make(place.folder / "stick.img")
        it = stick.Stick(image)
        it.put(f"orders/{machine.SERIAL}.json", order(place, "S-DISK"))
        it.put("keys/site.key", (place.folder / "site.key").read_bytes())
        it.put("quietus.conf", "# as Windows writes it\r\nquietus.mode=erase quietus.verbose=1\r\nquietus.done=reboot\r\n"
                               "init=/bin/sh\r\n")
        before = content.digest(image)
        with Machine([machine.sata(disk, "S-DISK"), machine.usb_stick(image, "STICK")], "quietus.progress=none",
                     initrds=[place.site], network=False) as vm:
            status = vm.wait_for_end()
            console = vm.console()
        assert status == 0, console
        assert "exit status 0; poweroff" in console, "the command line's quietus.done has to win"
        assert "init=/bin/sh" not in console
        assert "Synchronizing SCSI cache" in console, "the stick's quietus.verbose has to count although there is 'quiet'"
        assert content.count(disk, content.canary("stick")) == 0
        assert content.digest(image) != before
        files = it.copy_out("certificates", place.folder / "certificates")
        names = sorted(path.name.split("-", 4)[-1] for path in files.iterdir())
        assert names == ["S-DISK-sda-certificate.json", "begun.json", "record.json"], names
        # Signed by the site's key: trusted without anybody having countersigned.
        quietus("check", "--trust", place.folder / "site.pub", *files.iterdir())
        certificate = payload(next(files.glob("*certificate.json")))
        assert (certificate["disposition"], certificate["assurance"]["level"]) == ("erased", "site")
        record = payload(next(files.glob("*record.json")))
        lines = {line["identity"]["serial"]: (line["disposition"], line["reason"]) for line in record["disks"]}
        assert lines["S-DISK"][0] == "erased" and lines["STICK"][0] == "excluded", lines
        logs = it.copy_out("logs", place.folder / "logs")
        log = next(logs.glob(f"{machine.SERIAL}-*.log")).read_text()
        assert "agent ended with exit status 0" in log
        assert it.names("orders") and it.names("keys")


def test_full_stick():
    """What does not fit on the stick is in memory alone: the machine stays on, until another stick is put in, which gets
    everything. And the stick itself is not erased, though the order, which a trusted key has signed, names it."""
    with workplace() as place:
        disk = content.disk_with_ext4(place.folder / "disk.img", "full", 32)
        image = stick.make(place.folder / "stick.img")
        it = stick.Stick(image)
        it.put(f"orders/{machine.SERIAL}.json", order(place, "S-DISK", "STICK"))
        it.fill()
        second = stick.make(place.folder / "second.img")
        other = stick.Stick(second)
        other.put("quietus.conf", "quietus.done=reboot\n")
        with Machine([machine.sata(disk, "S-DISK"), machine.usb_stick(image, "STICK", extra=",id=stick")],
                     "quietus.mode=erase quietus.progress=none", initrds=[place.site], network=False,
                     extra=["-blockdev", f"driver=file,node-name=second,filename={second}"]) as vm:
            vm.wait_for("no poweroff: [1-9][0-9]* documents are in /run/quietus/spool alone")
            console = vm.console()
            assert "the stick cannot be written to" in console and "No space left" in console
            assert "exit status 10" in console
            assert vm.process.poll() is None
            vm.qmp("device_del", id="stick")
            vm.wait_for(r"stick: /dev/sd[a-z]1 is gone")
            vm.qmp("device_add", driver="usb-storage", bus="xhci.0", drive="second", serial="SECOND")
            vm.wait_for("exit status 10; poweroff")
            assert "quietus.done=reboot" not in vm.console(), "a late stick's words are not taken"
            vm.wait_until_off()
        assert content.count(disk, content.canary("full")) == 0
        kept = other.copy_out("certificates", place.folder / "second")
        endings = sorted(path.name.split("-", 4)[-1] for path in kept.iterdir())
        assert endings == ["S-DISK-sda-certificate.json", "STICK-sdb-certificate.json", "begun.json", "record.json"], endings
        quietus("check", *kept.iterdir(), status=3)
        assert other.names("logs")
        assert it.names("orders") == [f"{machine.SERIAL}.json"], it.names("orders")
        # Nothing is there in part: each name has the whole of an intact document.
        files = it.copy_out("certificates", place.folder / "certificates")
        for path in files.iterdir():
            assert subprocess.run([QUIETUS, "check", path], capture_output=True).returncode == 3, path


def test_power_cut_while_the_stick_is_written():
    """On a stick so slow that a document takes a second: the plug is pulled in the middle. What has a document's name
    is whole or empty, and the stick can be used again."""
    with workplace() as place:
        image = stick.make(place.folder / "stick.img")
        it = stick.Stick(image)
        it.make_folders("orders", "keys", "holds", "certificates", "logs", "state")
        body = """
. /lib/quietus/stick
mount_stick
for round in 1 2 3 4 5 6 7 8 9; do
    quietus agent --command-line /dev/null
    echo "ROUND $round"
done"""
        many = machine.many(place.folder / "many.img", body, network=False)
        before = it.names("certificates")
        with Machine([machine.usb_stick(image, "STICK", **{"throttling.iops-write": 12})], "rdinit=/many", initrds=[many],
                     network=False) as vm:
            vm.wait_for("ROUND 2")
            end = time.monotonic() + 20
            while not any(".tmp" in name for name in it.names("certificates")) and time.monotonic() < end:
                pass
            time.sleep(random.random())
            vm.kill()
        names = it.names("certificates")
        assert before == [] and len(names) >= 2, names
        whole = 0
        for path in it.copy_out("certificates", place.folder / "certificates", whole_only=True).iterdir():
            if path.name.endswith(".json") and path.stat().st_size:
                quietus("check", path, status=3)
                whole += 1
        assert whole >= 2, names
        with Machine([machine.usb_stick(image, "STICK")], "rdinit=/many quietus.verbose=1", initrds=[machine.many(
                place.folder / "again.img", ". /lib/quietus/stick; mount_stick; quietus agent --command-line /dev/null", network=False)],
                     network=False) as vm:
            vm.wait_for("ALL-DONE")
            assert "it can be written to" in vm.console()
        assert len(it.names("certificates")) == len(names) + 1
