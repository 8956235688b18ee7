"""What the boot matrix has in common: a site with its images, firmware for the machine, and what a boot has to
leave: an erased simulated drive and certificates that check, or a refusal."""

import atexit
import base64
import contextlib
import functools
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

import machine
from http_server import Server
from machine import BUILD, HOST, OUT, TOP, Machine
from simulated import PROGRAM, Simulation, drive, port
from stick import Stick
from test_vm import Workplace, quietus

ORACLE = PROGRAM.parent / "quietus-oracle"
FIRMWARE = BUILD / "firmware/root/usr"
SERVER = {"serial": machine.SERIAL, "uuid": machine.UUID}
# no_timer_check: a busy host lets QEMU's timer tick so late that the kernel gives it up.
COMMAND_LINE = "no_timer_check quiet panic=30 libata.allow_tpm=1 console=tty0 console=ttyS0,115200"
# Two drives, so that both pass-throughs are used: NVMe admin commands, and SG_IO with ATA's.
DRIVES = (("S-NVME", "nvme"), ("S-SATA", "ata"))


def run(*command):
    environment = {**os.environ, "QUIETUS_BUILD": str(BUILD), "QUIETUS_OUT": str(OUT),
                   "SOURCE_DATE_EPOCH": "1790000000"}
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


class Site(Workplace):
    """A site's key, orders and HTTP server, and the images made for it."""

    def __init__(self, folder, image=OUT / "initramfs.img"):
        super().__init__(folder)
        self.server = Server(self.www)
        self.url = f"http://{HOST}:{self.server.port}"
        self.words = (f"quietus.mode=erase quietus.order={self.url}/orders/{{serial}}.json "
                      f"quietus.report={self.url}/certificates/{{serial}} quietus.done=poweroff "
                      "quietus.settle=2 quietus.progress=none")
        self.image = image
        self.initrd = folder / "initrd"
        self.initrd.write_bytes(image.read_bytes() + self.site.read_bytes())
        (self.www / "orders").mkdir()
        self.order(None, path=f"orders/{machine.SERIAL}.json", server=SERVER,
                   disks=[{"serial": serial, "content": "not-checked"} for serial, _ in DRIVES])
        self.lock = threading.Lock()

    def uki(self, name, words, *key_and_certificate):
        """A unified kernel image with these words in it."""
        path = self.folder / f"{name}.efi"
        run(TOP / "initramfs/uki", OUT / "vmlinuz", self.initrd, f"{COMMAND_LINE} {words}", path,
            *key_and_certificate)
        return path

    def iso(self, name, uki, *certificate):
        path = self.folder / f"{name}.iso"
        run(TOP / "initramfs/iso", OUT / "vmlinuz", self.initrd, COMMAND_LINE, uki, path, *certificate)
        return path

    @functools.cached_property
    def plain_iso(self):
        return self.iso("plain", self.uki("plain", ""))

    @functools.cached_property
    def key(self):
        """The key that OVMF's "snakeoil" variables have enrolled, and its certificate."""
        key = self.folder / "secure-boot.key"
        run("openssl", "rsa", "-in", FIRMWARE / "share/ovmf/PkKek-1-snakeoil.key", "-passin", "pass:snakeoil",
            "-out", key)
        return key, FIRMWARE / "share/ovmf/PkKek-1-snakeoil.pem"

    def medium(self, name, source, **files):
        """A copy of an image with files on its stick; as a technician makes it."""
        path = self.folder / f"{name}.medium"
        shutil.copyfile(source, path)
        it = Stick(path, stick_offset(path))
        for file, data in files.items():
            it.put(file, data)
        return path, it

    def order_text(self):
        return (self.www / f"orders/{machine.SERIAL}.json").read_text()


def stick_offset(image, partition=3):
    """Where a partition begins, by the boot record; the third is the stick's, the second the firmware's."""
    with open(image, "rb") as file:
        record = file.read(512)
    entry = 446 + 16 * (partition - 1)
    return int.from_bytes(record[entry + 8:entry + 12], "little") * 512


_site = None
_lock = threading.Lock()


def site():
    """One for the whole suite: the images are made once."""
    global _site
    with _lock:
        if _site is None:
            _site = Site(pathlib.Path(tempfile.mkdtemp(prefix="quietus-boot-")))
            atexit.register(shutil.rmtree, _site.folder, ignore_errors=True)
        return _site


def uefi(folder, secure=False):
    """OVMF with variables of this machine's own; secure: Secure Boot is on, with the snakeoil key."""
    variables = pathlib.Path(folder, "variables.fd")
    shutil.copyfile(FIRMWARE / f"share/OVMF/OVMF_VARS_4M{'.snakeoil' if secure else ''}.fd", variables)
    code = FIRMWARE / f"share/OVMF/OVMF_CODE_4M{'.secboot' if secure else ''}.fd"
    arguments = ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}",
                 "-drive", f"if=pflash,format=raw,unit=1,file={variables}"]
    if secure:
        arguments += ["-machine", "smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"]
    return arguments


def http_alone(without=()):
    """The firmware's set-up: network boot by HTTP, not by PXE, and without IPv4 or IPv6 (OVMF takes it from QEMU, by
    names of its own)."""
    names = ("IPv4PXESupport", "IPv6PXESupport", *(f"{family}Support" for family in without))
    return [word for name in names for word in ("-fw_cfg", f"name=opt/org.tianocore/{name},string=no")]


def usb(path, read_only=False):
    return ["-drive", f"id=usb,if=none,format=raw,file={path},readonly={'on' if read_only else 'off'}",
            "-device", "qemu-xhci,id=xhci", "-device", "usb-storage,bus=xhci.0,drive=usb,bootindex=0,serial=STICK"]


def cdrom(path):
    return ["-drive", f"id=cd,if=none,format=raw,media=cdrom,readonly=on,file={path}",
            "-device", "ide-cd,bus=ide.0,drive=cd,bootindex=0"]


def network(card, tftp=None, bootfile=None):
    user = "user,id=net0" + (f",tftp={tftp},bootfile={bootfile}" if bootfile else "")
    return ["-netdev", user, "-device", f"{card},netdev=net0,mac={machine.MAC},bootindex=0"]


VISIBLE, NOTHING = 11, 0


def left(sim):
    """What is left of the planted data on both drives, as quietus-oracle's exit status tells."""
    return [subprocess.run([ORACLE, sim.media(serial.lower())], capture_output=True).returncode
            for serial, _ in DRIVES]


# Seconds in which an image that was started after all would have shown its first line twice over.
AFTER_REFUSAL = 15

# Of each boot that was not refused: seconds from power-on to the agent's first line, and to power-off.
times = {}


@contextlib.contextmanager
def machine_with_drives(place, name, arguments, time_limit=machine.TIME_LIMIT, prefix=()):
    """Power on, with two drives that hold data: (machine, simulation)."""
    sections = [drive(serial.lower(), family, serial=serial, size="2M", spare="1M", plant="PLANT every=4", sanitize="block")
                for serial, family in DRIVES]
    sections += [port("nvme", "nvme", "s-nvme"), port("ahci", "ahci", "s-sata")]
    with Simulation(place.folder / f"{name}-drives", *sections, factor=10, trace=False) as sim:
        assert left(sim) == [VISIBLE, VISIBLE], "nothing was planted"
        with Machine(network=False, direct=False, memory=512, sim_drives=sim, extra=arguments,
                     time_limit=time_limit, prefix=prefix) as vm:
            yield vm, sim


def boot(place, name, arguments, refused=None, time_limit=machine.TIME_LIMIT, prefix=()):
    """Boots the machine by what the arguments say, with two drives that hold data. Returns its console; the drives
    are erased then, or, with refused (a pattern), untouched."""
    with machine_with_drives(place, name, arguments, time_limit, prefix) as (vm, sim):
        vm.wait_for(refused or r"quietus: Quietus")
        up = time.monotonic() - vm.started
        if refused:
            time.sleep(AFTER_REFUSAL)
            assert "quietus: Quietus" not in vm.console(), vm.console()[-6000:]
        else:
            status = vm.wait_for_end()
            times[name] = up, time.monotonic() - vm.started
            assert status == 0, vm.console()[-6000:]
        console = vm.console()
        vm.kill()  # nothing of it is written any more
        assert left(sim) == ([VISIBLE, VISIBLE] if refused else [NOTHING, NOTHING]), (left(sim), console[-3000:])
    print(f"        {name}: {'refused' if refused else 'agent'} after {up:.1f} s"
          + ("" if refused else f", off after {times[name][1]:.1f} s"), flush=True)
    return console


def check_documents(place, folder, trusted=False):
    """Two certificates of erased drives and a record; checked, and by the site's key if trusted."""
    files = sorted(pathlib.Path(folder).glob("*.json"))
    assert len([f for f in files if f.name.endswith("-certificate.json")]) == 2, files
    assert len([f for f in files if f.name.endswith("-record.json")]) == 1, files
    output = quietus("check", *(["--trust", place.folder / "site.pub"] if trusted else []), *files,
                     status=0 if trusted else 3)
    assert output.count(": erased, purge") == 2, output


def payload(path):
    return json.loads(base64.b64decode(json.loads(path.read_text())["payload"]))

