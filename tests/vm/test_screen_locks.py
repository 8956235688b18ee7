"""Locked drives at the technician's screen of the booted image, and sticks that do not take the documents."""

import base64
import contextlib
import time

import machine
import stick
from machine import Machine
from person import PATIENCE, Person
from simulated import Simulation, drive, port
from test_locks import visible
from test_screen import OPTIONS, folder, go_to_confirmation
from test_vm import quietus

USER, WRONG = "U-pass/0815", "W-pass/9999"
PSID = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SLOW = 12000  # bytes in a second: a document takes one or more
STUCK = 10  # and then not one more is done while anybody waits


def drives(place):
    keywords = {"size": "8M", "spare": "2M", "plant": "PLANT every=4"}
    return Simulation(place / "drives",
                      drive("ata", "ata", serial="S-ATA", sanitize="block", user_password=f'"{USER}"', **keywords),
                      drive("tcg", "nvme", serial="S-TCG", tcg=f"opal2 locked psid={PSID}", **keywords),
                      port("ahci", "ahci", "ata"), port("nvme", "nvme", "tcg"), factor=10)


def wrapped(pattern):
    """The words may stand on several lines."""
    return pattern.replace(" ", r"\s+")


class Sticks:
    """Sticks that lie beside the machine; one can be put in at a time."""

    def __init__(self, place):
        self.images = {name: stick.make(place / f"{name}.img") for name in ("protected", "full", "slow", "first",
                                                                            "second")}
        for image in self.images.values():
            stick.Stick(image).make_folders("orders", "keys", "holds", "certificates", "logs", "state")
        stick.Stick(self.images["full"]).fill()

    def arguments(self):
        own = {"protected": "file,read-only=on", "slow": "throttle,throttle-group=slow,file.driver=file"}
        arguments = ["-device", "qemu-xhci,id=xhci", "-object", f"throttle-group,id=slow,x-bps-write={SLOW}"]
        for name, image in self.images.items():
            file = "file.filename" if name == "slow" else "filename"
            arguments += ["-blockdev", f"driver={own.get(name, 'file')},node-name={name},{file}={image}"]
        return arguments

    def names(self, name):
        return [entry for entry in stick.Stick(self.images[name]).names("certificates") if entry.endswith(".json")]

    @contextlib.contextmanager
    def put_in(self, vm, name):
        """Until the end of the block."""
        vm.qmp("device_add", driver="usb-storage", bus="xhci.0", drive=name, id="stick", serial=f"STICK-{name}")
        yield
        if vm.process.poll() is None:
            vm.qmp("device_del", id="stick")


def save_on_sticks_that_fail(vm, person, sticks):
    """Documents that are nowhere yet: no stick, one that is write-protected, one that is full, and one that is pulled
    out at work. None of them makes the machine say that they are saved."""
    person.waits_for(wrapped("Documents in memory alone: 4. There is no stick"))
    for name, words in (("protected", "the stick is write-protected"), ("full", "the stick is full")):
        with sticks.put_in(vm, name):
            person.waits_for(wrapped(f"Documents in memory alone: 4. The stick does not take them: [^:]*: {words}"))
            person.presses("q")
            person.waits_for("not powered off or rebooted before")
            person.presses("p", "r", "Escape")
        person.waits_for("There is no stick")
    with sticks.put_in(vm, "slow"):
        end = time.monotonic() + PATIENCE
        while len(sticks.names("slow")) < 2:  # then the first is done
            assert time.monotonic() < end, person.sees()
            time.sleep(0.1)
        vm.qmp("qom-set", path="/objects/slow", property="limits", value={"bps-write": STUCK})
        person.waits_for("Saving the documents")
    left = int(person.waits_for(wrapped(r"Documents in memory alone: (\d). There is no stick")).group(1))
    assert 1 <= left <= 3, person.sees()
    assert vm.process.poll() is None
    with sticks.put_in(vm, "first"):
        person.waits_for(wrapped(rf"Documents saved: 4, in the folder certificates: {4 - left} on [^)]*\), {left} on /dev/"))
        assert len(sticks.names("first")) == left  # the others are on the stick that was pulled out
        person.presses("s")
        person.waits_for("Saved again, to the stick that was there: all 4")
    person.waits_for("no stick is in now")


def save_on_a_second_stick(vm, person, sticks):
    """Documents that are saved, once more: what a stick has not taken is not said to be on it."""
    person.presses("s")
    person.waits_for("Saved again: NO, there was no stick")
    with sticks.put_in(vm, "full"):
        person.waits_until_gone("no stick is in now")
        person.presses("s")
        person.waits_for(wrapped("Saved again: ONLY 0 of 4. [^:]*: the stick is full"))
    person.waits_for("no stick is in now")
    with sticks.put_in(vm, "second"):
        person.waits_until_gone("no stick is in now")
        person.presses("s")
        person.waits_for("Saved again, to the stick that was there: all 4")
    person.waits_for("no stick is in now")


def copies(sticks, place, name):
    out = stick.Stick(sticks.images[name]).copy_out("certificates", place / f"out-{name}")
    return {path.name: path.read_bytes() for path in out.iterdir() if path.suffix == ".json"}


def assert_nowhere(secrets, *data):
    for secret in secrets:
        plain = secret.encode()
        for form in (plain, plain.hex().encode(), base64.b64encode(plain).rstrip(b"=")[:-1]):
            for text in data:
                assert form not in text, f"{secret} is there as {form}"


def everything_in(documents):
    """The documents as they are, and the payloads in them."""
    shown = [quietus("show", "--json", path) for path in documents]
    return [path.read_bytes() for path in documents] + [text.encode() for text in shown]


def test_locked_drives_and_sticks_that_fail():
    """A drive locked by a password and one locked by TCG security, opened by what is typed at the screen, the password
    only at the second try; nobody sees what was typed. Meanwhile every kind of stick that does not take documents."""
    with folder() as place, drives(place) as sim:
        sticks = Sticks(place)
        with Machine([sticks.arguments()], OPTIONS, network=False, keyboard=True, memory=1024,
                     sim_drives=sim) as vm, Person.at_serial_line(vm) as person:
            person.waits_for("press Enter here")
            person.presses("Enter")
            person.waits_for(r"S-ATA +LOCKED")
            person.waits_for(r"S-TCG +LOCKED")
            person.presses("a")
            go_to_confirmation(person)
            asks_for = lambda what: person.waits_for(wrapped(rf"S-\w+ \([^)]*\) is locked. Its {what}"))  # noqa: E731
            typed = []
            for what, secret in (("PSID", PSID), ("user password", WRONG), ("master password", "")):
                asks_for(what)
                person.types(secret)
                if secret:
                    person.waits_for(r"> \*{%d}_" % len(secret))
                typed.append(person.sees())
                person.presses("Enter")
            person.waits_for("EVERYTHING on these 2 disks")
            person.types("two")
            person.presses("Enter")
            person.waits_for("1 erased, 1 failed")
            person.waits_for(wrapped("what was given for it did not open it; at most 1 of the 5 attempts"))
            person.waits_for("Take it that its data is still there")
            assert visible(sim, "ata") > 0 and visible(sim, "tcg") == 0
            save_on_sticks_that_fail(vm, person, sticks)
            save_on_a_second_stick(vm, person, sticks)
            # The right password, and its disk alone.
            person.presses("d")
            person.waits_for("2 of 2 disks chosen")
            person.waits_for(r"S-TCG +(?!LOCKED)")
            person.presses("a")
            while not person.waits_for(r"(LOCKED by an ATA)|First").group(1):
                person.presses("Down")
            person.presses("Space")
            person.waits_for("1 of 2 disks chosen")
            go_to_confirmation(person, again=True)
            asks_for("user password")
            person.types(USER)
            person.waits_for(r"> \*+_")
            typed.append(person.sees())
            person.presses("Enter")
            asks_for("master password")
            person.presses("Enter")
            person.waits_for("Type its serial number")
            person.types("S-ATA")
            person.presses("Enter")
            person.waits_for("1 erased")
            with sticks.put_in(vm, "second"):
                person.waits_for("Documents saved: 7")
                person.presses("q")
                person.waits_for("p  power off")
                person.presses("p")
                vm.wait_until_off()
                console = vm.log_path.read_bytes()
        assert visible(sim, "ata") == 0
        first, second = (copies(sticks, place, name) for name in ("first", "second"))
        assert len(first) == 4 and len(second) == 7 and first.items() <= second.items()
        quietus("check", *(place / "out-second").iterdir(), status=3)
        images = [image.read_bytes() for image in sticks.images.values()]
        documents = everything_in(sorted((place / "out-second").iterdir()))
        assert all(any(b"S-ATA" in text for text in texts) for texts in ([console], documents))  # it can be searched
        assert_nowhere((USER, WRONG, PSID), console, *images, *(text.encode() for text in typed), *documents)
