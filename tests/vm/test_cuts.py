"""The power cut again and again, while a dozen disks are in the middle of a pass: what is on the stick after each cut
is true of the media, and the last boot brings every disk to its end."""

import base64
import dataclasses
import json
import os
import pathlib
import random
import re
import subprocess
import tempfile
import time

import content
import dsse
import machine
import simulated
from machine import Machine

CUTS, AT_LEAST_CUT = 4, 50
MOST_CUTS = 8  # on a busy machine more disks are done, or not at work yet, when the power is cut
WITH_POSITION = 0.75  # of the disks at the last cut; half of all have to be taken up there
LONGEST_WAIT = 6.0  # seconds from when all are at work to the cut
PASSES, BYTE = "random,0x5a", 0x5a
PLANTED = b"QPLANT"
BLANK_ENDS = 1 << 20  # of a random pass, see pattern.h
STICK_MIB = 40
ORACLE = simulated.PROGRAM.parent / "quietus-oracle"


@dataclasses.dataclass
class Disk:
    """One of the disks; no two are of one size, which is how the guest tells them apart."""
    kind: str
    mebibytes: int
    seconds: float  # that a pass takes, as the guest's block layer is told to slow it down
    serial: str = ""
    path: pathlib.Path = None
    wrong: list = dataclasses.field(default_factory=list)

    @property
    def bytes(self):
        return self.mebibytes << 20

    @property
    def is_simulated(self):
        return self.kind.startswith("sim-")

    def image(self):
        """What a host would read of it now."""
        if not self.is_simulated:
            return self.path.read_bytes()
        region = "1" if self.kind == "sim-nvme" else "0"
        return subprocess.run([ORACLE, "--read", region, self.path], check=True, capture_output=True).stdout[:self.bytes]


def all_disks():
    """Long passes and short ones, so that a cut meets each somewhere else. The simulated ones lose what was not flushed."""
    rows = [("sata", 28, 13), ("sata", 32, 16), ("scsi", 36, 13), ("scsi", 38, 24), ("nvme", 31, 14), ("nvme", 42, 20),
            ("virtio", 30, 13), ("virtio", 34, 30), ("virtio", 5, 1.5),
            ("sim-ahci", 29, 12), ("sim-ahci", 33, 18), ("sim-nvme", 27, 13), ("sim-nvme", 35, 22), ("sim-scsi", 37, 13)]
    return [Disk(kind, size, seconds, f"CUT-{i:02}") for i, (kind, size, seconds) in enumerate(rows)]


def plant(disk, folder):
    disk.path = folder / f"{disk.serial}.img"
    line = (PLANTED.decode() + f" {disk.serial} what the customer left here").ljust(64).encode()
    disk.path.write_bytes(line * (disk.bytes // len(line)))


def simulation(folder, disks):
    """Their caches keep 2 MiB back: more than half of the way to the first position that is told of."""
    sections, adapters = [], {"ahci": [], "scsi": []}
    for disk in disks:
        if not disk.is_simulated:
            continue
        family = {"sim-ahci": "ata", "sim-nvme": "nvme", "sim-scsi": "scsi"}[disk.kind]
        more = {"write_cache": "yes"} if family == "scsi" else {}
        sections.append(simulated.drive(disk.serial, family, size=f"{disk.mebibytes}M", serial=disk.serial,
                                        volatile_cache="2M", sanitize="none", plant="CUT every=1", **more))
        disk.path = folder / f"{disk.serial}.media"
        if family == "nvme":
            sections.append(simulated.port(f"p-{disk.serial}", "nvme", disk.serial))
        else:
            adapters[disk.kind.removeprefix("sim-")].append(disk.serial)
    for front, names in adapters.items():
        sections.append(simulated.port(f"p-{front}", front, *names))
    return simulated.Simulation(folder, *sections, trace=False)


def qemu_disk(disk):
    if disk.kind == "virtio":
        return ["-drive", f"if=none,id=v{disk.serial},format=raw,cache=unsafe,file={disk.path}",
                "-device", f"virtio-blk-pci,drive=v{disk.serial},serial={disk.serial}"]
    if disk.kind == "sata":  # each on a port of its own of the machine's controller
        return ["-drive", f"if=none,id=v{disk.serial},format=raw,cache=unsafe,file={disk.path}",
                "-device", f"ide-hd,bus=ide.{int(disk.serial[-2:])},drive=v{disk.serial},serial={disk.serial}"]
    return {"scsi": machine.scsi, "nvme": machine.nvme}[disk.kind](disk.path, disk.serial)


SCRIPT = """
of_size() {{
    for path in /sys/class/block/*; do
        [ $(($(cat $path/size) / 2048)) != $1 ] || echo ${{path##*/}}
    done
}}
modprobe -a -q vfat nls_cp437 nls_ascii
mkdir -p /run/quietus/stick
mount -t vfat /dev/$(of_size {stick}) /run/quietus/stick || echo NO-STICK
mkdir -p /run/quietus/stick/state
sync
{throttled}
echo "quietus.mode=erase quietus.order=/order.json quietus.progress=json quietus.deliver=0" >/tmp/line
quietus agent --command-line /tmp/line --spool /tmp/spool
echo "STATUS $?"
umount /run/quietus/stick
"""

def carried(folder, disks):
    """What goes in beside the image: for the boots that are cut, and for the last one, which is not slowed down."""
    subprocess.run([machine.QUIETUS, "keygen", folder / "site"], check=True, capture_output=True)
    dsse.sign(folder / "order.json", {
        "schema": "quietus.order/1", "id": "o-1", "nonce": "0123456789abcdef0123456789abcdef",
        "issued": "2020-01-01T00:00:00Z", "not_before": "2020-01-01T00:00:00Z", "expires": "2100-01-01T00:00:00Z",
        "holds": "not-checked", "unknown_disks": "leave", "server": {"serial": machine.SERIAL, "uuid": machine.UUID},
        "policy": {"passes": PASSES, "methods": ["overwrite"]},
        "disks": [{"serial": disk.serial, "content": "not-checked"} for disk in disks],
    }, folder / "site.key")
    files = {"order.json": ((folder / "order.json").read_bytes(), 0o644),
             "etc/quietus/trust/site.pub": ((folder / "site.pub").read_bytes(), 0o644)}
    slow = machine.throttled([(f"$(of_size {disk.mebibytes})", disk.bytes / disk.seconds) for disk in disks])
    return [machine.many(folder / name, SCRIPT.format(stick=STICK_MIB, throttled=throttled), network=False, files=files)
            for name, throttled in (("slow.img", slow), ("fast.img", ""))]


def keystream(key, length):
    """AES-256 in counter mode from block 0 of area 0 (pattern.h), by OpenSSL; both ends are blank."""
    done = subprocess.run(["openssl", "enc", "-aes-256-ctr", "-K", key, "-iv", "0" * 32], input=bytes(length),
                          capture_output=True, check=True)
    stream = bytearray(done.stdout)
    stream[:BLANK_ENDS] = stream[length - BLANK_ENDS:] = bytes(BLANK_ENDS)
    return bytes(stream)


def opened(path):
    """The document in an envelope, which must be whole."""
    return json.loads(base64.b64decode(json.loads(path.read_text())["payload"], validate=True))


class Stick:
    """What is on the stick, copied out on the host."""

    def __init__(self, image, folder):
        self.states, self.documents = {}, []
        for path in self.whole_files(image, folder):
            document = opened(path)  # all that has its name is whole
            if document["schema"] == "quietus.progress/1":
                self.add_state(document)
            else:
                self.documents.append(path)
        self.certificates = {path: opened(path) for path in self.documents if "certificate" in path.name}
        if self.documents:
            checked = subprocess.run([machine.QUIETUS, "check", *self.documents], capture_output=True, text=True)
            assert checked.returncode == 3, checked.stdout + checked.stderr  # intact, by a key made in memory

    @staticmethod
    def whole_files(image, folder):
        """All but what was only being written: of such a file a name may be there, and none of its clusters."""
        folder.mkdir()
        for line in content.run("mdir", "-b", "-/", "-i", image, "::").splitlines():
            name = line.removeprefix("::/")
            if name.endswith("/") or not name or ".tmp" in name.lower():
                continue
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            content.run("mcopy", "-n", "-i", image, line, path)
            yield path

    def add_state(self, state):
        """The newest of each disk is the one that counts."""
        serial = state["identity"]["serial"]
        if serial not in self.states or self.states[serial]["written"] < state["written"]:
            self.states[serial] = state


def check_position(disk, state, image):
    """What the state says is on the medium is there."""
    position, number = state["position"], state["pass"]
    assert 4 << 20 <= position <= disk.bytes and position % 512 == 0, state
    if number == 2:
        assert image[:position] == bytes([BYTE]) * position, f"{disk}: not {position} bytes of pass 2"
        before = keystream(state["done"][0]["key"], disk.bytes)
        rest = [image[at:at + 4096] in (before[at:at + 4096], bytes([BYTE]) * 4096)
                for at in range(position // 4096 * 4096, disk.bytes, 4096)]
        assert all(rest), f"{disk}: pass 1 was not on the medium when pass 2 began: {rest.count(False)} units"
        return
    expected = keystream(state["key"], disk.bytes)
    if image[:position] == expected[:position]:
        return
    # At its end the next pass may have begun, and not be told of yet.
    also = bytes([BYTE]) * 512 if position == disk.bytes else None
    wrong = [at for at in range(0, position, 512) if image[at:at + 512] not in (expected[at:at + 512], also)]
    assert not wrong, f"{disk}: {len(wrong)} of {position // 512} sectors below its position are not written, from {wrong[0]}"


def check_after_cut(disks, stick, known):
    """known: certificates of cuts before, whose disks have been begun anew since."""
    images = {disk.serial: disk.image() for disk in disks}
    for disk in disks:
        if disk.serial in stick.states:
            check_position(disk, stick.states[disk.serial], images[disk.serial])
    for path, certificate in stick.certificates.items():
        serial = certificate["disk"]["serial"]
        if path.name not in known and certificate["disposition"] == "erased":
            assert set(images[serial]) == {BYTE}, f"{path.name} says erased"
        known.add(path.name)


def check_resumed(disk, state, earlier):
    """A state of a new run tells which it was taken up from, unless that run had no position in the pass that it was
    cut in (then it is begun anew)."""
    if state["run_id"] == earlier["run_id"]:
        return
    if state.get("earlier"):
        assert [state["earlier"][key] for key in ("run_id", "position")] == [earlier["run_id"], earlier["position"]], \
            (disk, state, earlier)
        return
    assert earlier["position"] == disk.bytes, f"{disk} was begun anew: {state} after {earlier}"


def cut_once(vm, sim, disks, rng):
    """Lets them work for a while, pulls the plug of all at once, and tells which were in a pass."""
    for disk in disks:
        vm.wait_for(rf'"serial":"{disk.serial}","(phase":"(writing|verifying)|disposition)"')
    assert "NOT-THROTTLED" not in vm.console() and "NO-STICK" not in vm.console(), vm.console()
    time.sleep(rng.uniform(0, LONGEST_WAIT))
    vm.kill()
    sim.cut_power()
    last = dict(re.findall(r'"serial":"([^"]*)","phase":"([^"]*)"', vm.console()))
    ended = set(re.findall(r'"event":"ended".*?"serial":"([^"]*)"', vm.console()))
    return {serial for serial, phase in last.items() if phase == "writing" and serial not in ended}


def check_end(disks, stick, last_states):
    """Every disk is erased, and its certificate names the run that it was taken up from."""
    by_run = {}
    for certificate in stick.certificates.values():
        by_run.setdefault(certificate["run_id"], []).append(certificate)
    newest = max(by_run, key=lambda run: by_run[run][0]["ended"])
    found = {certificate["disk"]["serial"]: certificate for certificate in by_run[newest]}
    assert set(found) == {disk.serial for disk in disks}
    taken_up = 0
    for disk in disks:
        certificate, state = found[disk.serial], last_states.get(disk.serial)
        assert certificate["disposition"] == "erased", certificate
        assert set(disk.image()) == {BYTE}, disk
        named = certificate.get("taken_up")
        if named:
            assert (named["run_id"], named["position"]) == (state["run_id"], state["position"]), (named, state)
            assert certificate["attempts"][-1]["verification"]["every_unit"] is True
            taken_up += 1
        else:
            assert state is None or state["position"] == disk.bytes, f"{disk} was begun anew after {state}"
    return taken_up


def run_all(folder, rng):
    disks = all_disks()
    for disk in disks:
        if not disk.is_simulated:
            plant(disk, folder)
    slow, fast = carried(folder, disks)
    stick_image = content.blank(folder / "stick.img", STICK_MIB)
    content.run("mkfs.vfat", "-n", "STATES", stick_image)
    arguments = [qemu_disk(disk) for disk in disks if not disk.is_simulated]
    arguments.append(["-drive", f"if=none,id=stick,format=raw,cache=writethrough,file={stick_image}",
                      "-device", "virtio-blk-pci,drive=stick,serial=STICK"])
    states, known, in_a_pass, positions, number = {}, set(), 0, 0, 0
    while number < CUTS or (number < MOST_CUTS and (in_a_pass < AT_LEAST_CUT or positions < AT_LEAST_CUT / 2 or
                                                    len(states) < WITH_POSITION * len(disks))):
        with simulation(folder / "drives", disks) as sim, \
                Machine(arguments, "rdinit=/many quietus.settle=1", initrds=[slow], network=False, sim_drives=sim) as vm:
            in_a_pass += len(cut_once(vm, sim, disks, rng))
        stick = Stick(stick_image, folder / f"stick-{number}")
        check_after_cut(disks, stick, known)
        for disk in disks:
            if disk.serial in states and disk.serial in stick.states:
                check_resumed(disk, stick.states[disk.serial], states[disk.serial])
        states = stick.states
        positions += len(states)
        number += 1
    assert in_a_pass >= AT_LEAST_CUT, f"only {in_a_pass} passes were cut in {number} cuts"
    assert positions >= AT_LEAST_CUT / 2, f"only {positions} positions were kept in {number} cuts"
    with simulation(folder / "drives", disks) as sim, \
            Machine(arguments, "rdinit=/many quietus.settle=1", initrds=[fast], network=False, sim_drives=sim) as vm:
        vm.wait_for("ALL-DONE")
        console = vm.console()
    stick = Stick(stick_image, folder / "stick-last")
    assert not stick.states, stick.states
    taken_up = check_end(disks, stick, states)
    assert taken_up >= len(disks) / 2, f"only {taken_up} were taken up\n{console}"
    return f"{in_a_pass} passes cut in {number} cuts, {positions} positions kept, {taken_up} of {len(disks)} disks taken up at last"


def test_power_cuts_in_fifty_passes():
    seed = int(os.environ.get("QUIETUS_CUTS_SEED") or random.randrange(1 << 32))
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        try:
            came_to = run_all(pathlib.Path(name), random.Random(seed))
            print(f"        QUIETUS_CUTS_SEED={seed}: {came_to}", flush=True)
        except BaseException as error:
            raise AssertionError(f"with QUIETUS_CUTS_SEED={seed}: {error}") from error
