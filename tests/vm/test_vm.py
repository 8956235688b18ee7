"""The booted image, on disks with real content: QEMU's devices, Debian's kernel, the image's own init."""

import base64
import contextlib
import json
import pathlib
import re
import ssl
import subprocess
import tempfile
import time

import content
import dsse
import machine
from http_server import Server
from machine import HOST, Machine, QUIETUS, TOP
from stick import Stick

MIB = 1 << 20


@contextlib.contextmanager
def workplace():
    """A folder with a site's key pair, the site image that trusts it, and a server on its www."""
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        place = Workplace(pathlib.Path(name))
        with Server(place.www) as server:
            place.server = server
            place.url = f"http://{HOST}:{server.port}"
            yield place


class Workplace:
    def __init__(self, folder):
        self.folder = folder
        self.www = folder / "www"
        self.www.mkdir()
        quietus("keygen", folder / "site")
        self.site = folder / "site.img"
        subprocess.run([TOP / "scripts/site", "--trust", folder / "site.pub", self.site], check=True)

    def order(self, inventory, path="order.json", key=None, **description):
        """Signs an order for all disks of an inventory (None: for those of the description) and puts it
        where the server has it."""
        source = self.folder / "description.json"
        source.write_text(json.dumps({"disks": "all", "holds": "not-checked", **description}))
        known = []
        if inventory is not None:
            inventory_file = self.folder / "inventory.json"
            inventory_file.write_text(json.dumps(inventory))
            known = ["--inventory", inventory_file]
        quietus("order", "--key", key or self.folder / "site.key", *known, "--output", self.www / path, source)
        return self.www / path

    def inventory(self, disks):
        """What an inspection by the booted image reports of these disks."""
        with Machine(disks, f"quietus.report={self.url}/inspection", initrds=[self.site]) as vm:
            status = vm.wait_for_end()
            if status != 0:
                vm.fail(f"the inspection ended with {status}")
        return self.record("inspection")["scan"]

    def documents(self, folder):
        """The payloads below a folder of the server, by file name, each checked."""
        files = sorted((self.www / folder).glob("*.json"))
        assert files, f"nothing was delivered to {folder}"
        for file in files:
            done = subprocess.run([QUIETUS, "check", file], capture_output=True, text=True)
            assert done.returncode == 3, done.stdout
        return {file.name: json.loads(base64.b64decode(json.loads(file.read_text())["payload"]))
                for file in files}

    def record(self, folder):
        records = [d for n, d in self.documents(folder).items() if n.endswith("record.json")]
        assert len(records) == 1, f"{len(records)} records"
        return records[0]

    def certificates(self, folder):
        """By serial number."""
        return {d["disk"]["serial"]: d for n, d in self.documents(folder).items()
                if n.endswith("certificate.json")}


def quietus(*arguments, status=0):
    done = subprocess.run([str(a) for a in (QUIETUS, *arguments)], capture_output=True, text=True)
    assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def dispositions(record):
    return {line["identity"].get("serial", ""): line["disposition"] for line in record["disks"]}


def test_pxe_to_certificates():
    """From PXE power-on to checked certificates: SATA, SAS and NVMe disks with ext4, LUKS and LVM. One boot
    script, as it is shipped, inspects first and erases when there is an order."""
    with workplace() as place:
        images = {"S-SATA": content.disk_with_ext4(place.folder / "sata.img", "sata", 96),
                  "S-SAS": content.disk_with_luks(place.folder / "sas.img", "sas", 96),
                  "S-NVME": content.disk_with_lvm(place.folder / "nvme.img", "nvme", 96)}
        names = {"S-SATA": "sata", "S-SAS": "sas", "S-NVME": "nvme"}
        before = {}
        for serial, image in images.items():
            assert content.count(image, content.canary(names[serial])) > 0
            before[serial] = content.distinct_sectors(image)
            assert len(before[serial]) > 1000
        disks = [machine.sata(images["S-SATA"], "S-SATA"), machine.sas(images["S-SAS"], "S-SAS"),
                 machine.nvme(images["S-NVME"], "S-NVME")]
        (place.www / "orders").mkdir()
        for name in ("vmlinuz", "initramfs.img"):
            (place.www / name).symlink_to(machine.OUT / name)
        (place.www / "site.img").symlink_to(place.site)
        tftp = place.folder / "tftp"
        tftp.mkdir()
        script = (TOP / "initramfs/ipxe/boot.ipxe").read_text()
        (tftp / "boot.ipxe").write_text(
            script.replace("http://deploy.example.com/quietus", place.url)
            .replace("console=tty0 ", ""))
        reports = f"certificates/{machine.SERIAL}"

        def boot():
            with Machine(disks, direct=False, tftp=tftp, bootfile="boot.ipxe") as vm:
                return vm.wait_for_end()

        # The first boot finds no order for this server: it inspects, and says so.
        assert boot() == 11
        inspection = place.record(reports)
        assert (inspection["mode"], inspection["exit_status"]) == ("inspect", 11)
        assert "404" in inspection["order"]["problem"]
        assert dispositions(inspection) == dict.fromkeys(images, "excluded")
        assert place.certificates(reports) == {}
        (place.www / reports).rename(place.www / "inspected")
        place.order(inspection["scan"], path=f"orders/{machine.SERIAL}.json")
        # The second erases, by the same script.
        assert boot() == 0
        assert dispositions(place.record(reports)) == dict.fromkeys(images, "erased")
        methods = {s: c["method"]["name"] for s, c in place.certificates(reports).items()}
        assert methods == {"S-SATA": "overwrite", "S-SAS": "overwrite", "S-NVME": "nvme-format-user-data"}
        for serial, image in images.items():
            assert content.count(image, content.canary(names[serial])) == 0
            assert content.residue(image, before[serial]) == 0
        for file in (place.www / reports).glob("*.json"):
            subprocess.run([TOP / "scripts/check-with-openssl", file], check=True, capture_output=True)


def test_without_order_nothing_changes():
    """The default is to inspect; asked to erase without an order, the agent refuses and says so."""
    with workplace() as place:
        image = content.disk_with_ext4(place.folder / "a.img", "a", 64)
        disks = [machine.sata(image, "S-A")]
        before = content.digest(image)
        inventory = place.inventory(disks)
        assert inventory["disks"][0]["serial"] == "S-A"
        assert any("ext4" in entry for entry in inventory["disks"][0]["content_ids"])
        assert content.digest(image) == before
        with Machine(disks, f"quietus.mode=erase quietus.report={place.url}/refused",
                     initrds=[place.site]) as vm:
            assert vm.wait_for_end() == 11, vm.console()
        assert content.digest(image) == before
        record = place.record("refused")
        assert dispositions(record) == {"S-A": "refused"}
        assert "no order" in record["order"]["problem"]
        assert place.certificates("refused")["S-A"]["disposition"] == "refused"


def test_refused_orders_change_nothing():
    """Orders that are not for this server, signed by nobody or others, out of time, altered, or made
    when the disks held something else: each is refused with its status and a signed refusal."""
    with workplace() as place:
        image = content.disk_with_ext4(place.folder / "a.img", "a", 64)
        disks = [machine.sata(image, "S-A")]
        before = content.digest(image)
        inventory = place.inventory(disks)
        other_server = json.loads(json.dumps(inventory))
        other_server["server"]["serial"] = "QT-SRV-9999"
        other_content = json.loads(json.dumps(inventory))
        other_content["disks"][0]["content_ids"][0] = "disk gpt 00000000-0000-0000-0000-000000000000"
        other_disk = json.loads(json.dumps(inventory))
        other_disk["disks"][0]["serial"] = "S-B"
        quietus("keygen", place.folder / "stranger")
        past = {"issued": "2020-01-01T00:00:00Z", "not_before": "2020-01-01T00:00:00Z",
                "expires": "2020-01-02T00:00:00Z"}
        future = {"not_before": "2037-01-01T00:00:00Z", "expires": "2037-01-02T00:00:00Z"}
        place.order(other_server, "other-server.json")
        place.order(inventory, "stranger.json", key=place.folder / "stranger.key")
        place.order(inventory, "not-yet.json", **future)
        place.order(other_content, "other-content.json")
        place.order(other_disk, "other-disk.json")
        good = json.loads(place.order(inventory, "good.json").read_text())
        payload = base64.b64decode(good["payload"])
        # `quietus order` signs no order that has expired already.
        dsse.sign(place.www / "expired.json", {**json.loads(payload), **past}, place.folder / "site.key")
        (place.www / "unsigned.json").write_bytes(payload)
        altered = payload.replace(b'"holds":', b'"purpose":"x","holds":')
        assert altered != payload
        (place.www / "altered.json").write_text(
            json.dumps({**good, "payload": base64.b64encode(altered).decode()}))
        (place.www / "garbage.json").write_bytes(bytes(range(256)) * 40)
        (place.www / "good.json").unlink()
        expected = {"other-server": (11, "another server"), "stranger": (11, "not signed by"),
                    "expired": (11, "expired"), "not-yet": (11, "not valid before"),
                    "other-content": (10, "holds something else"), "unsigned": (11, "not a DSSE"),
                    "altered": (11, "not signed by"), "garbage": (11, "not valid JSON"),
                    "missing": (11, "404"), "other-disk": (21, "does not name it")}
        body = "\n".join(
            f"echo 'quietus.mode=erase quietus.order={place.url}/{case}.json quietus.deliver=30 "
            f"quietus.report={place.url}/out-{case}' >/tmp/line\n"
            f"quietus agent --command-line /tmp/line\necho CASE {case} STATUS $?" for case in expected)
        script = machine.many(place.folder / "many.img", body)
        with Machine(disks, "rdinit=/many", initrds=[place.site, script]) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
        for case, (status, reason) in expected.items():
            assert f"CASE {case} STATUS {status}\n" in console, f"{case}\n{console}"
            record = place.record(f"out-{case}")
            line = next(entry for entry in record["disks"] if entry["identity"].get("serial") == "S-A")
            excluded = case in ("other-disk", "missing")
            assert line["disposition"] == ("excluded" if excluded else "refused"), case
            said = record["order"]["problem"] if case == "missing" else line["reason"]
            assert reason in said, (case, said)
            assert record["exit_status"] == status
        assert content.digest(image) == before


def test_disk_that_fails_half_way():
    """Writes fail, on one disk to a few sectors, on another to all from the middle on: both have failed,
    the rest of the first is overwritten, and the third disk is erased."""
    with workplace() as place:
        good, bad, dying = (content.disk_with_ext4(place.folder / f"{name}.img", name, 64)
                            for name in ("good", "bad", "dying"))

        def rules(name, sectors):
            path = place.folder / f"{name}.conf"
            path.write_text("".join(
                f'[inject-error]\nevent = "write_aio"\nerrno = "5"\niotype = "write"\nsector = "{sector}"\n'
                for sector in sectors))
            return {"blkdebug": path, "werror": "report", "rerror": "report"}

        few = [70000, 70001, 90000]
        disks = [machine.sata(good, "S-GOOD"), machine.scsi(bad, "S-BAD", **rules("bad", few)),
                 machine.scsi(dying, "S-DYING", **rules("dying", range(65536, 131072, 512)))]
        place.order(place.inventory(disks))
        with Machine(disks, f"quietus.mode=erase quietus.order={place.url}/order.json "
                            f"quietus.report={place.url}/out", initrds=[place.site]) as vm:
            assert vm.wait_for_end() == 20, vm.console()
        record = place.record("out")
        assert dispositions(record) == {"S-GOOD": "erased", "S-BAD": "failed", "S-DYING": "failed"}
        assert record["exit_status"] == 20
        certificates = place.certificates("out")
        passes = {serial: next(e for e in certificates[serial]["evidence"] if e["kind"] == "overwrite-pass")
                  for serial in certificates}
        assert certificates["S-BAD"]["method"] is None and certificates["S-DYING"]["method"] is None
        assert passes["S-GOOD"]["bad_lbas"] == 0
        assert passes["S-BAD"]["bad_ranges"] == [{"area": 0, "lba": 70000, "count": 2},
                                                 {"area": 0, "lba": 90000, "count": 1}]
        assert passes["S-DYING"]["bad_lbas"] > 1000
        assert content.count(good, content.canary("good")) == 0
        # What could be written was: of the bad disk at most the bad sectors are left.
        assert content.count(bad, content.canary("bad")) <= len(few) * 6


def test_read_only_disk_has_failed():
    with workplace() as place:
        good = content.disk_with_ext4(place.folder / "good.img", "good", 64)
        locked = content.disk_with_ext4(place.folder / "locked.img", "locked", 64)
        before = content.digest(locked)
        disks = [machine.nvme(good, "S-GOOD"), machine.scsi(locked, "S-LOCKED", readonly="on")]
        place.order(place.inventory(disks))
        with Machine(disks, f"quietus.mode=erase quietus.order={place.url}/order.json "
                            f"quietus.report={place.url}/out", initrds=[place.site]) as vm:
            assert vm.wait_for_end() == 20, vm.console()
        assert dispositions(place.record("out")) == {"S-GOOD": "erased", "S-LOCKED": "failed"}
        assert "write protected" in place.certificates("out")["S-LOCKED"]["reason"]
        assert content.digest(locked) == before


def test_no_network_loses_nothing():
    """The network goes away before the documents can be sent: exit status 30, everything stays in the
    spool, and the machine does not end until it has come back and all is acknowledged."""
    with workplace() as place:
        image = content.disk_with_ext4(place.folder / "a.img", "a", 64)
        disks = [machine.sata(image, "S-A")]
        order = place.order(place.inventory(disks))
        carried = machine.overlay(place.folder / "order.img", {"order.json": (order.read_bytes(), 0o644)})
        with Machine(disks, f"quietus.mode=erase quietus.order=/order.json quietus.deliver=5 "
                            f"quietus.network_wait=3 quietus.report={place.url}/out",
                     initrds=[place.site, carried]) as vm:
            vm.set_network(False)
            vm.wait_for(r"agent ended with exit status 30")
            vm.wait_for(r"3 documents are not delivered yet")
            assert vm.process.poll() is None
            assert not (place.www / "out").exists()
            vm.set_network(True)
            assert vm.wait_for_end() == 30
        assert dispositions(place.record("out")) == {"S-A": "erased"}
        assert content.count(image, content.canary("a")) == 0


def _bootable_stick(path, options):
    """A USB stick that boots the image by GRUB, BIOS, from a FAT file system with the label QUIETUS."""
    content.blank(path, 96)
    content.run("sfdisk", "-q", path, input=b"label: dos\nstart=2048, type=c, bootable\n")
    part = f"{path}.part"
    content.blank(part, 95)
    content.run("mkfs.vfat", "-n", "QUIETUS", part)
    uuid = content.run("blkid", "-p", "-s", "UUID", "-o", "value", part).strip()
    for name in ("vmlinuz", "initramfs.img"):
        content.run("mcopy", "-i", part, machine.OUT / name, f"::{name}")
    with open(path, "r+b") as image:
        image.seek(MIB)
        image.write(pathlib.Path(part).read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        early = pathlib.Path(folder, "early.cfg")
        early.write_text(f"search --no-floppy --fs-uuid --set=root {uuid}\n"
                         f"linux /vmlinuz console=ttyS0 quiet quietus.medium={uuid} {options}\n"
                         "initrd /initramfs.img\nboot\n")
        core = pathlib.Path(folder, "core.img")
        content.run("grub-mkimage", "-O", "i386-pc", "-o", core, "-p", "/boot", "-c", early, "biosdisk",
                    "part_msdos", "fat", "search", "search_fs_uuid", "linux", "normal", "boot", "configfile")
        boot = bytearray(pathlib.Path("/usr/lib/grub/i386-pc/boot.img").read_bytes())
        data = core.read_bytes()
        assert len(data) < MIB - 512
        with open(path, "r+b") as image:
            table = image.read(512)
            boot[440:512] = table[440:512]
            image.seek(0)
            image.write(boot)
            image.write(data)
    pathlib.Path(part).unlink()
    return uuid


def test_stick_that_it_booted_from_is_not_erased():
    with workplace() as place:
        disk = content.disk_with_ext4(place.folder / "disk.img", "disk", 64)
        stick = place.folder / "stick.img"
        _bootable_stick(stick, f"quietus.done=poweroff quietus.report={place.url}/out")
        disks = [machine.usb_stick(stick, "S-STICK", extra=",bootindex=1"), machine.sata(disk, "S-DISK")]
        with Machine(disks, direct=False) as vm:
            assert vm.wait_for_end() == 0, vm.console()
        scan = place.record("out")["scan"]
        found = {d["serial"]: d for d in scan["disks"]}
        assert found["S-STICK"]["bus"] == "usb"
        assert found["S-STICK"]["boot_medium"] and not found["S-DISK"]["boot_medium"]
        assert "quietus.medium" in found["S-STICK"]["boot_reason"]
        # An order for everything, the stick included: the stick is refused, the disk is erased.
        scan["disks"] = [{**d, "boot_medium": False} for d in scan["disks"]]
        order = place.order(scan)
        content.run("mcopy", "-o", "-i", f"{stick}@@{MIB}", place.site, "::site.img")
        content.run("mcopy", "-o", "-i", f"{stick}@@{MIB}", order, "::order.json")
        carried = machine.overlay(place.folder / "order.img", {"order.json": (order.read_bytes(), 0o644)})
        uuid = content.run("blkid", "-p", "-O", MIB, "-s", "UUID", "-o", "value", stick).strip()
        with Machine(disks, f"quietus.medium={uuid} quietus.mode=erase quietus.order=/order.json "
                            f"quietus.report={place.url}/erase", initrds=[place.site, carried]) as vm:
            assert vm.wait_for_end() == 10, vm.console()
        assert dispositions(place.record("erase")) == {"S-STICK": "refused", "S-DISK": "erased"}
        # What was on it is there, and the documents besides.
        kept = Stick(stick, MIB).names("certificates")
        assert sum(name.endswith("-record.json") for name in kept) == 2, kept
        for name, original in (("site.img", place.site), ("order.json", order), ("vmlinuz", machine.OUT / "vmlinuz")):
            content.run("mcopy", "-i", f"{stick}@@{MIB}", f"::{name}", place.folder / "from-stick")
            assert (place.folder / "from-stick").read_bytes() == original.read_bytes(), name
            (place.folder / "from-stick").unlink()
        assert content.count(disk, content.canary("disk")) == 0


def test_https_by_the_sites_own_authority():
    """Order and certificates over HTTPS; a server that the site's authority does not vouch for is not
    spoken to."""
    with workplace() as place:
        image = content.disk_with_ext4(place.folder / "a.img", "a", 64)
        disks = [machine.sata(image, "S-A")]
        folder = place.folder
        for name in ("ca", "stranger"):
            content.run("openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2", "-subj",
                        f"/CN=Test {name}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem")
        content.run("openssl", "req", "-newkey", "ed25519", "-nodes", "-subj", "/CN=deploy", "-keyout",
                    folder / "tls.key", "-out", folder / "tls.csr")
        (folder / "tls.ext").write_text(f"subjectAltName=IP:{HOST}\n")
        content.run("openssl", "x509", "-req", "-in", folder / "tls.csr", "-CA", folder / "ca.pem", "-CAkey",
                    folder / "ca.key", "-days", "2", "-extfile", folder / "tls.ext", "-out", folder / "tls.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls.pem", folder / "tls.key")
        place.order(place.inventory(disks))
        with Server(place.www) as server:
            server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
            url = f"https://{HOST}:{server.port}"
            before = content.digest(image)
            for ca, status in (("stranger", 11), ("ca", 0)):
                site = folder / f"site-{ca}.img"
                subprocess.run([TOP / "scripts/site", "--trust", folder / "site.pub", "--ca",
                                folder / f"{ca}.pem", site], check=True)
                with Machine(disks, f"quietus.mode=erase quietus.order={url}/order.json quietus.order_wait=3 "
                                    f"quietus.deliver=3 quietus.undelivered=give-up "
                                    f"quietus.report={url}/out", initrds=[site]) as vm:
                    assert vm.wait_for_end() == status, vm.console()
                if status:
                    assert content.digest(image) == before
                    assert not (place.www / "out").exists()
        assert dispositions(place.record("out")) == {"S-A": "erased"}


def test_emergencies_are_readable():
    """Whatever goes wrong in init leaves a message on the console, and the machine stays on."""
    with workplace() as place:
        broken = {
            "agent that cannot be run": ({"bin/quietus": ("x", 0o644)},
                                         "QUIETUS STOPPED: the agent ended with 12[67]"),
            "agent that crashes": ({"bin/quietus": ("#!/bin/sh\nkill -SEGV $$\n", 0o755)},
                                   "QUIETUS STOPPED: the agent ended with 139"),
            "functions with a syntax error": ({"lib/quietus/functions": ("say() {\n", 0o644)},
                                              "QUIETUS STOPPED: the boot script ended with 2"),
            "no boot script": ({"lib/quietus/boot": ("exit 7\n", 0o644)},
                               "QUIETUS STOPPED: the boot script ended with 7"),
        }
        for number, (name, (files, message)) in enumerate(broken.items()):
            image = machine.overlay(place.folder / f"{number}.img", files)
            with Machine(initrds=[image]) as vm:
                vm.wait_for(message)
                assert vm.process.poll() is None, name


def test_a_person_erases():
    """quietus erase: asks for the serial number, and refuses what is mounted, whatever is typed."""
    with workplace() as place:
        first = content.disk_with_ext4(place.folder / "first.img", "first", 64)
        second = content.blank(place.folder / "second.img", 64)
        content.run("mkfs.vfat", second)
        disks = [machine.sata(first, "S-FIRST"), machine.scsi(second, "S-SECOND")]
        before = content.digest(first)
        body = r"""
first=$(quietus scan --json | grep -B40 '"S-FIRST"' | grep -o '/dev/sd[ab]' | tail -n 1)
for disk in /dev/sda /dev/sdb; do
    quietus scan | grep -q "^$disk .*S-FIRST" && first=$disk || second=$disk
done
quietus plan "$first"
echo WRONG | quietus erase "$first"; echo CASE wrong STATUS $?
quietus erase "$first" </dev/null; echo CASE silent STATUS $?
quietus erase /dev/sdz </dev/null; echo CASE nodisk STATUS $?
sum=$(sha256sum "$first" | cut -c 1-64); echo DIGEST $sum
mkdir /mnt; mount -t vfat "$second" /mnt; echo S-SECOND | quietus erase "$second"; echo CASE mounted STATUS $?
umount /mnt
printf 'S-FIRST\nS-SECOND\n' | quietus erase --operator Eva --ticket T-7 --verify full --passes zero \
    --spool /spool "$first" "$second"; echo CASE right STATUS $?
quietus check /spool/*.json; echo CASE check STATUS $?
quietus show /spool/*SECOND*.json
"""
        script = machine.many(place.folder / "many.img", body, network=False)
        with Machine(disks, "rdinit=/many", initrds=[script]) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
        for case, status in (("wrong", 10), ("silent", 10), ("nodisk", 1), ("mounted", 10), ("right", 0),
                             ("check", 3)):
            assert f"CASE {case} STATUS {status}\n" in console, f"{case}\n{console}"
        assert f"DIGEST {before}" in console
        assert "it is mounted on /mnt" in console
        assert "Eva" in console and "T-7" in console
        for image in (first, second):
            assert pathlib.Path(image).read_bytes().count(0) == 64 * MIB


def first_sectors(image):
    with open(image, "rb") as opened:
        return opened.read(MIB)


def test_power_cut_in_the_middle():
    """The plug is pulled during a pass. Nothing claims the disk; the next boot finds it to hold something
    else than the order says, refuses, and leaves it as it is."""
    with workplace() as place:
        image = content.disk_with_ext4(place.folder / "a.img", "a", 256)
        before = first_sectors(image)
        slow = [machine.sata(image, "S-A", **{"throttling.bps-write": 8 * MIB})]
        place.order(place.inventory([machine.sata(image, "S-A")]))
        options = f"quietus.mode=erase quietus.order={place.url}/order.json quietus.report={place.url}/out"
        with Machine(slow, options, initrds=[place.site]) as vm:
            vm.wait_for(r"S-A +writing")
            # What a disk begins with is written first; the statement may come later.
            while first_sectors(image) == before or not list((place.www / "out").glob("*-begun.json")):
                assert time.monotonic() < vm.started + vm.time_limit, vm.console()
                time.sleep(0.1)
            vm.kill()
        # All that is left of it is the statement that it began.
        assert [path.name[-11:] for path in (place.www / "out").glob("*.json")] == ["-begun.json"]
        cut = content.digest(image)
        assert 0 < content.count(image, content.canary("a"))
        with Machine([machine.sata(image, "S-A")], options, initrds=[place.site]) as vm:
            assert vm.wait_for_end() == 10, vm.console()
        assert content.digest(image) == cut
        assert dispositions(place.record("out")) == {"S-A": "refused"}


def test_interrupted_erases_leave_documents():
    """SIGTERM: a certificate that says unknown and a record. SIGKILL: the statement that the erase began. A
    reader of the output that goes away: nothing changes."""
    with workplace() as place:
        image = content.disk_with_ext4(place.folder / "a.img", "a", 128)
        disks = [machine.sata(image, "S-A", **{"throttling.bps-write": 8 * MIB})]
        body = r"""
begin() {
    echo S-A >/answer
    quietus erase --spool "/spool-$1" /dev/sda </answer >"/log-$1" 2>&1 &
    while ! grep -q 'S-A .*writing' "/log-$1"; do sleep 0.2; done
    sleep 1
}
begin TERM; kill -TERM $!; wait $!; echo CASE TERM STATUS $?
begin KILL; kill -KILL $!; wait $!; echo CASE KILL STATUS $?
for how in TERM KILL; do
    ls /spool-$how | sed "s/^/SPOOL $how /"; quietus check /spool-$how/*.json; echo CASE check-$how STATUS $?
done
quietus show /spool-KILL/*begun.json
for i in $(seq 60); do sync; blockdev --rereadpt /dev/sda 2>/dev/null && break; sleep 1; done
(echo S-A | quietus erase --spool /spool-PIPE /dev/sda; echo $? >/status) | head -n 1 >/dev/null
echo CASE PIPE STATUS $(cat /status)
"""
        script = machine.many(place.folder / "many.img", body, network=False)
        with Machine(disks, "rdinit=/many", initrds=[script]) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
        for case, status in (("TERM", 21), ("KILL", 137), ("check-TERM", 3), ("check-KILL", 3), ("PIPE", 0)):
            assert f"CASE {case} STATUS {status}\n" in console, f"{case}\n{console}"
        for name in ("TERM .*-begun", "TERM .*-S-A-sda-certificate", "TERM .*-record", "KILL .*-begun"):
            assert re.search(f"SPOOL {name}.json\n", console), f"{name}\n{console}"
        assert "disk S-A (QEMU HARDDISK): unknown" in console and "interrupted (SIGTERM) while writing" in console
        assert re.search(r"SPOOL KILL incomplete-[0-9a-f]+\n", console)
        assert not re.search(r"SPOOL (KILL .*record|TERM incomplete)", console)
        assert "ERASE BEGUN" in console and "the erase of 1 disks began" in console


def test_scan_of_a_running_machine():
    """Every bus, with what each disk says of itself; two paths to one disk are one disk."""
    with workplace() as place:
        images = {name: content.blank(place.folder / f"{name}.img", 16)
                  for name in ("sata", "sas", "nvme", "usb", "virtio", "shared", "big")}
        disks = [
            machine.sata(images["sata"], "S-SATA"), machine.sas(images["sas"], "S-SAS"),
            machine.nvme(images["nvme"], "S-NVME", extra=",logical_block_size=4096,physical_block_size=4096"),
            machine.usb_stick(images["usb"], "S-USB"),
            machine._drive(images["virtio"], {}) + ["-device", "virtio-blk-pci,drive=dvirtio,serial=S-VIRTIO"],
            machine.scsi(images["big"], "S-4KN", extra=",logical_block_size=4096,physical_block_size=4096"),
            ["-drive", f"id=p1,if=none,file={images['shared']},format=raw,file.locking=off",
             "-drive", f"id=p2,if=none,file={images['shared']},format=raw,file.locking=off",
             "-device", "virtio-scsi-pci,id=pa", "-device", "virtio-scsi-pci,id=pb",
             "-device", "scsi-hd,bus=pa.0,drive=p1,serial=S-TWO,wwn=0x5000c500000000aa,share-rw=on",
             "-device", "scsi-hd,bus=pb.0,drive=p2,serial=S-TWO,wwn=0x5000c500000000aa,share-rw=on"],
        ]
        scan = place.inventory(disks)
        assert scan["server"] | {"vendor": "", "product": ""} == {
            "vendor": "", "product": "", "serial": machine.SERIAL, "uuid": machine.UUID,
            "board_serial": machine.BOARD, "macs": [machine.MAC]}
        found = {d["serial"]: d for d in scan["disks"]}
        assert sorted(found) == sorted(
            ["S-SATA", "S-SAS", "S-NVME", "S-USB", "S-VIRTIO", "S-4KN", "S-TWO"]), sorted(found)
        assert len(scan["disks"]) == len(found)
        assert {s: d["bus"] for s, d in found.items()} == {
            "S-SATA": "sata", "S-SAS": "sas", "S-NVME": "nvme", "S-USB": "usb", "S-VIRTIO": "virtio",
            "S-4KN": "scsi", "S-TWO": "scsi"}
        assert all(d["capacity"] == 16 * MIB for d in found.values())
        assert found["S-SATA"]["rotation_rate"] == 7200 and found["S-SATA"]["health"]["state"] == "good"
        assert found["S-SAS"]["wwn"] == "naa.5000c5000a0b0c0d" and found["S-SAS"]["rotation_rate"] == 10000
        assert found["S-NVME"]["nvme"]["format"]["supported"] and found["S-NVME"]["medium"] == "flash"
        assert found["S-4KN"]["areas"][0]["lba_size"] == 4096
        assert len(found["S-TWO"]["paths"]) == 2
