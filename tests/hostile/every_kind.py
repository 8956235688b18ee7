"""Whole servers that are no table rows: one with a disk of every kind, of which every line of the record is
looked at; and one with QEMU's own SCSI disks, which say GOOD to FORMAT UNIT and do nothing."""

import re
import subprocess
from dataclasses import dataclass

import content
import machine
from machine import Machine
from simulated import Simulation
from stick import Stick
from test_vm import quietus, workplace
from trial import FORMAT, LADDER, MARKED, ORACLE, TIME_FACTOR

MEGABYTES = 4  # each disk of QEMU's own
TABLE = machine.OUT / "every-kind.txt"


@dataclass
class Kind:
    """A disk, and the line that the record has to have of it."""
    serial: str
    bus: str
    disposition: str
    method: str = ""  # of its certificate
    category: str = ""
    says: str = ""  # a pattern that its reason has to show
    sim: str = ""  # lines of a simulated drive's description, the family first
    front: str = ""
    controllers: int = 1
    qemu: object = None  # a function of its image: QEMU's arguments
    paths: int = 1
    ordered: bool = True  # the order says that it is to be erased
    planted: bool = True
    kept: bool = False  # not a byte of it may change


def two_hbas(image, serial="TWO-PATHS", extra=""):
    """One image behind two adapters: one disk on two paths."""
    arguments = []
    for path in "ab":
        arguments += ["-drive", f"id=two-{path},if=none,file={image},format=raw,file.locking=off,cache=unsafe",
                      "-device", f"virtio-scsi-pci,id=two-hba-{path}",
                      "-device", f"scsi-hd,bus=two-hba-{path}.0,drive=two-{path},serial={serial},"
                                 f"wwn=0x5000c500000000aa,share-rw=on,rotation_rate=7200{extra}"]
    return arguments


def usb(device, serial):
    def arguments(image):
        name = f"usb-{serial.lower()}"
        drive = ["-drive", f"id={name},if=none,file={image},format=raw,cache=unsafe"]
        if device == "usb-storage":
            return drive + ["-device", f"usb-storage,bus=xhci.0,drive={name},serial={serial}"]
        return drive + ["-device", f"usb-uas,id=uas-{name},bus=xhci.0",
                        "-device", f"scsi-hd,bus=uas-{name}.0,drive={name},serial={serial}"]
    return arguments


def virtio(image):
    return ["-drive", f"id=virtio,if=none,file={image},format=raw,cache=unsafe",
            "-device", "virtio-blk-pci,drive=virtio,serial=VIRTIO"]


HDD = "medium = magnetic; encrypts = no; "
EVERY_KIND = [
    Kind("SATA-HDD", "sata", "erased", "ata-sanitize-overwrite", "purge", front="ahci",
         sim=f"ata; {HDD}sanitize = overwrite"),
    Kind("SATA-SSD", "sata", "erased", "ata-sanitize-crypto-block", "purge", front="ahci",
         sim="ata; sanitize = crypto block"),
    Kind("SATA-OLD", "sata", "erased", "ata-security-erase-enhanced", "purge", front="ahci",
         sim=f"ata; {HDD}sanitize = none"),
    Kind("SATA-HPA", "sata", "erased", "overwrite", "clear", front="ahci",
         sim=f"ata; {HDD}sanitize = none; features = hpa; hpa = 2M"),
    Kind("SATA-FROZEN", "sata", "erased", "overwrite", "clear", front="ahci",
         sim=f"ata; {HDD}sanitize = none; frozen = yes"),
    Kind("SATA-LOCKED", "sata", "failed", says="password", front="ahci",
         sim=f'ata; {HDD}sanitize = none; user-password = "somebody\'s"'),
    Kind("SATA-ON-SAS", "scsi", "erased", "ata-sanitize-block", "purge", front="scsi",
         sim="ata; sanitize = block; descriptor-sense = yes"),
    Kind("SAS-HDD", "sas", "erased", "scsi-sanitize-overwrite", "purge", front="scsi",
         sim=f"scsi; {HDD}sanitize = overwrite"),
    Kind("SAS-SSD", "sas", "erased", "scsi-sanitize-crypto-block", "purge", front="scsi",
         sim="scsi; sanitize = crypto block"),
    Kind("SAS-520", "sas", "erased", "overwrite", "clear", front="scsi",
         sim=f"scsi; {HDD}sanitize = none; sector = 520"),
    Kind("SAS-PROTECTED", "sas", "erased", "scsi-sanitize-block", "purge", front="scsi",
         sim="scsi; sanitize = block; protection = 2"),
    Kind("SAS-KEPT", "sas", "excluded", says="retain", front="scsi", sim="scsi; sanitize = block", ordered=False,
         kept=True),
    Kind("SAS-TRANSPORT", "sas", "erased", "overwrite", "clear",
         qemu=lambda image: machine.sas(image, "SAS-TRANSPORT")),
    Kind("TWO-PATHS", "scsi", "erased", "overwrite", "clear", qemu=two_hbas, paths=2),
    Kind("NVME", "nvme", "erased", "nvme-sanitize-crypto-block", "purge", front="nvme", sim="nvme; sanitize = crypto block"),
    Kind("NVME-THREE", "nvme", "erased", "nvme-format-user-data", "clear", front="nvme",
         sim="nvme; sanitize = none; fna = none; namespace = size=1M; namespace = size=1M; namespace = size=1M format=1"),
    Kind("NVME-TWO-PORTS", "nvme", "erased", "nvme-sanitize-block", "purge", front="nvme", controllers=2,
         sim="nvme; sanitize = block; controllers = 2"),
    Kind("USB", "usb", "erased", "overwrite", "clear", qemu=usb("usb-storage", "USB")),
    Kind("UAS", "usb", "erased", "overwrite", "clear", qemu=usb("usb-uas", "UAS")),
    Kind("VIRTIO", "virtio", "erased", "overwrite", "clear", qemu=virtio),
    Kind("BOOT-STICK", "usb", "excluded", says="booted|QUIETUS", qemu=usb("usb-storage", "BOOT-STICK"),
         ordered=False, kept=True),
]

# The disk that does nothing is QEMU's; the one that formats itself shows that the others could be told.
LIARS = [
    Kind("LIAR", "sas", "failed", says=MARKED, qemu=lambda image: machine.sas(image, "LIAR"), kept=False),
    Kind("LIAR-TWO-PATHS", "sas", "failed", says=MARKED, paths=2,
         qemu=lambda image: two_hbas(image, "LIAR-TWO-PATHS", ",port_wwn=0x5000c500000000ab")),
    Kind("HONEST", "sas", "erased", "scsi-format", "clear", front="scsi", sim=f"scsi; {HDD}"),
]


def sections(kinds):
    """Of the simulated ones."""
    out = []
    fronts = {"ahci": [], "scsi": []}
    for number, kind in enumerate(kinds, 1):
        if not kind.sim:
            continue
        family, *lines = re.split(r"; *", kind.sim.rstrip("; "))
        name = kind.serial.lower()
        out.append("\n".join([f"[drive {name}]", f"family = {family}", "size = 4M", "spare = 1M",
                              f"serial = {kind.serial}", f"wwn = 0x5000c5{number:08x}00",
                              "plant = PLANT every=4", *lines, ""]))
        if kind.front == "nvme":
            out += [f"[port {name}-{i}]\nfront = nvme\ndrives = {name}\ncontroller = {i}\n"
                    for i in range(kind.controllers)]
        else:
            fronts[kind.front].append(name)
    out += [f"[port {front}]\nfront = {front}\ndrives = {' '.join(names)}\n"
            for front, names in fronts.items() if names]
    return out


def make_image(place, kind):
    path = place.folder / f"{kind.serial.lower()}.img"
    if kind.serial == "BOOT-STICK":
        content.blank(path, MEGABYTES)
        content.run("mkfs.vfat", "-n", "QUIETUS", path)
    else:
        record = (content.canary(kind.serial) + " ").encode()
        path.write_bytes((record * (MEGABYTES * content.MIB // len(record) + 1))[:MEGABYTES * content.MIB])
    return path


def erase(kinds, policy, extra=()):
    """One run over all of them. Returns (its record, certificates by serial, what is wrong with the disks
    themselves, what `quietus show` says of the record, seconds)."""
    with workplace() as place:
        images = {kind.serial: make_image(place, kind) for kind in kinds if kind.qemu}
        before = {serial: content.digest(image) for serial, image in images.items()}
        place.order(None, server={"serial": machine.SERIAL, "uuid": machine.UUID}, policy=policy, site="Hostile",
                    purpose="a disk of every kind",
                    disks=[{"serial": kind.serial, "content": "not-checked"} for kind in kinds if kind.ordered],
                    retain=[{"serial": kind.serial} for kind in kinds
                            if not kind.ordered and kind.serial != "BOOT-STICK"])
        with Simulation(place.folder / "drives", *sections(kinds), factor=TIME_FACTOR) as sim:
            disks = [["-device", "qemu-xhci,id=xhci"]]
            disks += [kind.qemu(images[kind.serial]) for kind in kinds if kind.qemu]
            with Machine(disks, sim_drives=sim, initrds=[place.site], memory=1024, extra=extra,
                         kernel_options=f"quietus.mode=erase quietus.order={place.url}/order.json "
                                        f"quietus.report={place.url}/out quietus.progress=none") as vm:
                vm.wait_for_end()
            wrong = list(media_problems(kinds, sim, images, before))
        record = place.record("out")
        file = next((place.www / "out").glob("*record.json"))
        return record, place.certificates("out"), wrong, quietus("show", file)


def media_problems(kinds, sim, images, before):
    """What the disks really hold."""
    for kind in kinds:
        if kind.sim:
            found = subprocess.run([ORACLE, sim.media(kind.serial.lower())], capture_output=True, text=True)
            left = int(re.search(r"visible=(\d+)", found.stdout).group(1))
        else:
            left = content.count(images[kind.serial], content.canary(kind.serial))
        if kind.disposition == "erased" and left:
            yield f"{kind.serial}: erased, and {left} places hold what they held"
        if kind.serial == "BOOT-STICK":
            kept = keeps_the_documents(images[kind.serial])
        else:
            kept = left if kind.sim else content.digest(images[kind.serial]) == before[kind.serial]
        if kind.kept and not kept:
            yield f"{kind.serial}: was to be left alone, and was not"


def keeps_the_documents(image):
    """The stick is a stick as before, and has what init puts there."""
    return any(name.endswith("-record.json") for name in Stick(image, offset=0).names("certificates"))


def line_problems(kinds, record, certificates):
    """Every line of the record, and no other."""
    lines = record["disks"]
    if len(lines) != len(kinds) or record["summary"]["lines"] != len(kinds):
        yield f"{len(lines)} lines for {len(kinds)} disks"
    for kind in kinds:
        found = [line for line in lines if line["identity"].get("serial") == kind.serial]
        if len(found) != 1:
            yield f"{kind.serial}: {len(found)} lines"
            continue
        line, certificate = found[0], certificates.get(kind.serial)
        method = ((certificate or {}).get("method") or {})
        got = (line["bus"], line["disposition"], method.get("name", ""), method.get("claim", {}).get("category", ""))
        wanted = (kind.bus, kind.disposition, kind.method, kind.category)
        if got != wanted:
            yield f"{kind.serial}: {got} ({line['reason']}), not {wanted}"
        if not re.search(kind.says, line["reason"]):
            yield f"{kind.serial}: the reason is '{line['reason']}'"
        if certificate and len(certificate["disk"]["paths"]) != kind.paths * kind.controllers and kind.bus != "virtio":
            yield f"{kind.serial}: {len(certificate['disk']['paths'])} paths"


def every_kind():
    """What is wrong, or None; leaves the record's table in out/every-kind.txt. The optical drive gets no line."""
    record, certificates, wrong, shown = erase(EVERY_KIND, LADDER, ["-device", "ide-cd"])
    wrong += line_problems(EVERY_KIND, record, certificates)
    if record["exit_status"] != 20:
        wrong.append(f"exit status {record['exit_status']}")
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(shown)
    return "\n".join(wrong) or None


def qemus_own():
    """QEMU's scsi-hd says GOOD to FORMAT UNIT and does nothing, over one path and over two."""
    record, certificates, wrong, _ = erase(LIARS, FORMAT)
    wrong += line_problems(LIARS, record, certificates)
    for serial in ("LIAR", "LIAR-TWO-PATHS"):
        answers = [event["answer"] for event in certificates.get(serial, {}).get("evidence", [])
                   if event.get("command", {}).get("name") == "FORMAT UNIT"]
        if [answer.get("status") for answer in answers] != [0]:
            wrong.append(f"{serial}: FORMAT UNIT was answered by {answers}, not once by GOOD")
    return "\n".join(wrong) or None
