"""The technician's screen of the booted image, used as a person uses it: over the serial line and at the
monitor, with a stick that is put in and pulled out, disks that are pulled out, and the wrong things typed."""

import base64
import contextlib
import json
import pathlib
import subprocess
import tempfile
import time

import content
import machine
import stick
from machine import Machine, QUIETUS
from monitor import Monitor
from person import PATIENCE, Person

HERE = pathlib.Path(__file__).parent
PASSPHRASE = "correct horse battery"  # of sealed.key
MIB = 1 << 20
OPTIONS = "console=tty0 console=ttyS0 quietus.settle=1 no-scroll"  # Monitor wants the last
MONITOR = ["-vga", "std"]


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="quietus-screen-") as name:
        yield pathlib.Path(name)


def stick_with_key(place):
    """A stick whose key wants its passphrase. (The key was sealed with less work than `keygen --passphrase` wants,
    which takes an emulated processor half a minute.)"""
    image = stick.make(place / "stick.img")
    stick.Stick(image).put("keys/site.key", HERE.joinpath("sealed.key").read_bytes())
    return image


def usb(image, other):
    """Sockets for sticks, and two sticks beside it, not yet put in."""
    return ["-device", "qemu-xhci,id=xhci", "-blockdev", f"driver=file,node-name=stick,filename={image}",
            "-blockdev", f"driver=file,node-name=other,filename={other}"]


def put_in(vm, name="stick"):
    vm.qmp("device_add", driver="usb-storage", bus="xhci.0", drive=name, id=name, serial=name.upper())


def payload(path):
    return json.loads(base64.b64decode(json.loads(path.read_text())["payload"]))


def code_on(monitor):
    """The text of the QR code on a picture of the monitor."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        picture = monitor.picture(monitor.folder / "monitor.ppm")
        time.sleep(0.5)
        read = subprocess.run(["zbarimg", "-q", "--raw", picture], capture_output=True, text=True).stdout
        if read:
            return read.strip()
    raise AssertionError("no code can be read on the monitor")


def go_to_confirmation(person, again=False):
    person.presses("n")
    person.waits_for("nothing is done yet")
    person.presses("n")
    person.waits_for("Who, and why")
    if again:
        person.presses("Enter")  # name and ticket are there still
        person.presses("Enter")
        return
    person.presses("Enter")
    person.waits_for("A name is needed")
    person.types("Änn Example")
    person.presses("Enter")
    person.types("T-77")
    person.presses("Enter")


def documents(image, place):
    """What is on the stick: all intact, by what their names end in."""
    files = stick.Stick(image).copy_out("certificates", place / "out")
    subprocess.run([QUIETUS, "check", "--trust", HERE / "sealed.pub", *files.iterdir()], check=True,
                   capture_output=True)
    return {path.name.split("-", 4)[-1].removesuffix(".json"): payload(path) for path in files.iterdir()}


def test_person_with_a_stick():
    """One session: serial line and monitor, a stick that comes late and is pulled out, a key with a passphrase, the
    wrong things typed, another size of the window, a disk that is pulled out. In the end every document is on the
    stick, and only then the machine goes off."""
    with folder() as place:
        first = content.disk_with_ext4(place / "first.img", "first", 32)
        second = content.disk_with_ext4(place / "second.img", "second", 32)
        pulled = content.blank(place / "pulled.img", 256)  # minutes: it is pulled out long before its end
        image = stick_with_key(place)
        before = content.digest(first), content.digest(second)
        disks = [machine.sata(first, "S-FIRST", **{"throttling.bps-write": 4 * MIB}), machine.scsi(second, "S-SECOND"),
                 machine.scsi(pulled, "S-PULLED", extra=",id=pulled", **{"throttling.bps-write": 2 * MIB}),
                 usb(image, stick.make(place / "other.img")), MONITOR]
        with Machine(disks, OPTIONS, network=False, keyboard=True) as vm, \
                Person.at_serial_line(vm) as person:
            person.waits_for("press Enter here")
            person.presses("Enter")
            person.waits_for("serial QT-SRV-0042")
            person.waits_for("a key made in memory")
            # A stick is put in, and its key is seen.
            put_in(vm)
            person.waits_for("the site's key, with its passphrase")
            used = person.waits_for(r"^Stick: (/dev/sd.1) \(QEMU HARDDISK, 16.8 MB, volume [-0-9A-F]{9}\)$").group(1)
            # Another one is told of, on the screen, and pulled out again.
            put_in(vm, "other")
            other = person.waits_for("stick labelled QUIETUS is in and NOT used: (/dev/sd.1) ").group(1)
            assert used != other
            vm.qmp("device_del", id="other")
            person.waits_until_gone("NOT used")
            person.presses("a")
            person.waits_for("3 of 3 disks chosen")
            # The wrong things typed.
            go_to_confirmation(person)
            person.waits_for("Its passphrase")
            person.types("wrong horse battery")
            person.presses("Enter")
            person.waits_for("the passphrase is another one")
            person.types(PASSPHRASE)
            assert PASSPHRASE not in person.sees()
            person.presses("Enter")
            person.waits_for("EVERYTHING on these 3 disks")
            for wrong in ("3", "yes", "S-FIRST", "Three"):
                person.types(wrong)
                person.presses("Enter")
                person.waits_for("Nothing was done")
            assert before == (content.digest(first), content.digest(second))
            person.types("three")
            person.presses("Enter")
            person.waits_for("S-PULLED +writing")
            person.waits_for(r"S-FIRST .*\b31 C")  # attribute 190, as QEMU's disks have it
            # A stop that was not meant; another size; the stick pulled out, and then a disk.
            person.presses("C-c")
            person.waits_for("Type stop")
            person.types("yes")
            person.presses("Enter")
            person.waits_for("It goes on")
            for columns, rows, seen in ((132, 50, r"S-PULLED +writing +\[[#.]{20}\]"), (30, 8, "Too small: 30x8"),
                                        (50, 12, r"^S-PULLED +writing +\[[#.]{6}\]")):
                person.resizes(columns, rows)
                person.presses("C-l")
                person.waits_for(seen)
            vm.qmp("device_del", id="stick")
            time.sleep(2)
            vm.qmp("device_del", id="pulled")
            person.waits_for("2 erased, 1 failed")
            person.resizes(80, 24)
            person.presses("C-l")
            person.waits_for("^Record .*-record$")  # not shown on a low screen
            person.waits_for("There is no stick")
            # No way to end without what is not saved yet.
            person.presses("q")
            person.waits_for("not powered off or rebooted before")
            person.presses("p", "r", "Enter")
            time.sleep(1)
            assert vm.process.poll() is None
            put_in(vm)
            person.waits_for("p  power off")
            person.presses("Escape")
            # The record's code is read off both screens.
            person.presses("R")
            digest = "".join(person.waits_for(r"sha256:(\w+)\n.* (\w+)\n").groups())
            monitor = Monitor(vm, place)
            monitor.presses("ret")
            person.waits_for("the technician's screen is on another console")
            assert code_on(monitor).endswith(f"-RECORD:SHA256:{digest.upper()}")
            monitor.presses("esc")
            monitor.waits_for("^2 erased, 1 failed")
            assert monitor.looks() > 40
            person.presses("Enter")
            person.waits_for(r"Documents saved: 5, in the folder certificates: all on /dev/sd.1 \(")
            person.presses("q")
            person.waits_for("p  power off")
            person.presses("p")
            vm.wait_until_off()
        found = documents(image, place)
        outcomes = {name.split("-")[1]: document["disposition"] for name, document in found.items()
                    if name.endswith("certificate")}
        assert outcomes == {"FIRST": "erased", "SECOND": "erased", "PULLED": "failed"}, found.keys()
        record = found["record"]
        assert record["assurance"]["level"] == "site" and "begun" in found
        authority = next(d for n, d in found.items() if "FIRST" in n)["authority"]
        assert authority["confirmed_by_typing"] == "three" and authority["operator"] == "Änn Example"
        assert sorted(authority["disks_shown"]) == ["S-FIRST", "S-PULLED", "S-SECOND"]
        assert content.count(first, content.canary("first")) == content.count(second, content.canary("second")) == 0


def test_stop_and_power_cut():
    """Stopped by Ctrl-C, a disk ends as unknown; after a power cut the stick knows what was begun."""
    with folder() as place:
        disk = content.blank(place / "disk.img", 256)  # neither run comes to its end
        image = stick.make(place / "stick.img")
        disks = [machine.sata(disk, "S-SLOW", **{"throttling.bps-write": 2 * MIB}),
                 machine.usb_stick(image, "STICK")]
        with Machine(disks, OPTIONS, network=False, keyboard=True) as vm, \
                Person.at_serial_line(vm, columns=132, rows=40) as person:
            person.waits_for("press Enter here")
            person.presses("Enter")
            person.waits_for("S-SLOW")
            # The stick itself cannot be chosen.
            person.presses("a")
            person.waits_for("1 of 2 disks chosen")
            go_to_confirmation(person)
            person.waits_for("Type its serial number")
            person.types("STICK")
            person.presses("Enter")
            person.waits_for("Nothing was done")
            person.types("S-SLOW")
            person.presses("Enter")
            person.waits_for(r"S-SLOW +writing .*left")
            person.presses("C-c")
            person.waits_for("Type stop")
            person.types("stop")
            person.presses("Enter")
            person.waits_for("1 unknown")
            person.waits_for("Documents saved: 3")
            person.presses("d")
            person.waits_for("1 of 2 disks chosen")
            go_to_confirmation(person, again=True)
            person.waits_for("Type its serial number")
            person.types("S-SLOW")
            person.presses("Enter")
            person.waits_for(r"S-SLOW +writing .*left")
            end = time.monotonic() + PATIENCE
            while sum(name.endswith("begun.json") for name in stick.Stick(image).names("certificates")) < 2:
                assert time.monotonic() < end, person.sees()
                time.sleep(0.2)
            vm.kill()
        names = stick.Stick(image).names("certificates")
        assert [sum(name.endswith(end) for name in names) for end in ("begun.json", "certificate.json", "record.json")] \
            == [2, 1, 1], names
        certificate = next(payload(path) for path in stick.Stick(image).copy_out("certificates", place / "out").iterdir()
                           if path.name.endswith("certificate.json"))
        assert certificate["disposition"] == "unknown" and "SIGINT" in certificate["reason"], certificate["reason"]


def test_a_misspelt_word_is_no_screen():
    with Machine([], "quietus.settle=1 quietus.mdoe=erase", network=False) as vm:
        assert vm.wait_for_end() == 1
        assert "has quietus.mdoe=erase, which means nothing; nothing was done" in vm.console()
