"""Disks that are unplugged in the middle of a pass: one on SCSI and one on NVMe come back under other names, and are
gone on with; in the place of the third there is another disk afterwards, which must not be touched."""

import json
import pathlib
import re
import subprocess
import tempfile

import content
import machine
from machine import Machine

MIB, MIB_PER_SECOND = 24, 1
# Each must be unplugged after its first position (4 MiB) and before its end.
WRITTEN = r'"serial":"{}","phase":"writing","part":1,"parts":1,"done":([6-9]|1\d)\d{{6}},'

SCRIPT = """
echo "quietus.mode=erase quietus.order=/order.json quietus.progress=json quietus.deliver=0" >/tmp/line
quietus agent --command-line /tmp/line --spool /tmp/spool
echo "STATUS $?"
for file in /tmp/spool/*certificate.json; do
    echo "CERTIFICATE $(quietus show --json $file | tr -d '\\n')"
    quietus check $file | grep says
done
"""


def order(folder, serials):
    quietus = machine.QUIETUS
    subprocess.run([quietus, "keygen", folder / "site"], check=True, capture_output=True)
    (folder / "description.json").write_text(json.dumps({
        "server": {"serial": machine.SERIAL, "uuid": machine.UUID}, "holds": "not-checked",
        "policy": {"methods": ["overwrite"], "passes": "random", "verify": "1%"},
        "disks": [{"serial": serial, "content": "not-checked"} for serial in serials]}))
    subprocess.run([quietus, "order", "--key", folder / "site.key", "-o", folder / "order.json",
                    folder / "description.json"], check=True, capture_output=True)
    return {"order.json": ((folder / "order.json").read_bytes(), 0o644),
            "etc/quietus/trust/site.pub": ((folder / "site.pub").read_bytes(), 0o644)}


def backend(path, name):
    """Two ways to one image: a slow one to begin with, and one for the disk when it comes back."""
    image = f"driver=file,filename={path},locking=off,cache.direct=off,cache.no-flush=on"
    return ["-blockdev", f"driver=throttle,node-name={name}-slow,throttle-group=slow-{name},"
                         + ",".join(f"file.{option}" for option in image.split(",")),
            "-object", f"throttle-group,id=slow-{name},x-bps-write={MIB_PER_SECOND << 20}",
            "-blockdev", f"{image},node-name={name}-fast"]


def arguments(images, other):
    nvme = ["-device", "pcie-root-port,id=rp1,chassis=1", "-device", "nvme,id=n,bus=rp1,drive=n-slow,serial=N-1"]
    out = [*backend(images["N-1"], "n"), *nvme, "-device", "virtio-scsi-pci,id=hba",
           "-blockdev", f"driver=file,node-name=other,filename={other},cache.direct=off,cache.no-flush=on"]
    for number, name in enumerate(("a", "c")):
        out += [*backend(images[f"S-{name}"], name),
                "-device", f"scsi-hd,id={name},bus=hba.0,scsi-id={number},drive={name}-slow,serial=S-{name}"]
    return out


def unplug_and_back(vm):
    for serial, name in (("S-a", "a"), ("S-c", "c"), ("N-1", "n")):
        vm.wait_for(WRITTEN.format(serial))
        vm.qmp("device_del", id=name)
    for serial in ("S-a", "S-c", "N-1"):
        vm.wait_for(f'"serial":"{serial}","phase":"gone, waiting for it"')
    vm.qmp("device_add", driver="scsi-hd", id="other", bus="hba.0", scsi_id=1, drive="other", serial="S-other")
    vm.qmp("device_add", driver="scsi-hd", id="again", bus="hba.0", scsi_id=5, drive="a-fast", serial="S-a")
    vm.qmp("device_add", driver="nvme", id="nagain", bus="rp1", drive="n-fast", serial="N-1")


def check_went_on(certificate, image, before):
    assert certificate["disposition"] == "erased", certificate
    first, rest = [entry for entry in certificate["evidence"] if entry["kind"] == "overwrite-pass"]
    assert 4 << 20 <= first["flushed_below"] == rest["taken_up_at"] < MIB << 20, certificate
    assert rest["taken_up_at"] + rest["bytes_acknowledged"] == MIB << 20, certificate
    assert first["key"] == rest["key"], certificate
    attempt = certificate["attempts"][-1]
    assert attempt["verification"]["every_unit"] is True, certificate
    told = [text for text in attempt["exceptions"] if "vanished" in text]
    assert len(told) == 1 and re.search(r"came back as /dev/(\w+);", told[0]), told
    found = [entry["node"] for entry in certificate["evidence"] if entry["kind"] == "found-again"]
    was = certificate["disk"]["areas"][0]["node"]
    assert found and found[-1] in told[0] and (found[-1] != was or "nvme" in was), (found, told, was)
    assert content.residue(image, before) == 0


def test_disks_that_are_unplugged():
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        images = {serial: content.disk_with_ext4(folder / f"{serial}.img", serial, MIB)
                  for serial in ("S-a", "S-c", "N-1")}
        before = {serial: content.distinct_sectors(image) for serial, image in images.items()}
        other = content.disk_with_ext4(folder / "other.img", "other", MIB)
        untouched = content.digest(other)
        script = machine.many(folder / "many.img", SCRIPT, network=False, files=order(folder, images))
        with Machine([arguments(images, other)], "rdinit=/many", initrds=[script], network=False) as vm:
            unplug_and_back(vm)
            vm.wait_for("ALL-DONE")
            console = vm.console()
        assert "STATUS 20" in console, console
        found = {c["disk"]["serial"]: c for c in map(json.loads, re.findall("CERTIFICATE (.*)", console))}
        for serial in ("S-a", "N-1"):
            check_went_on(found[serial], images[serial], before[serial])
            assert re.search(rf"says +disk {serial} .*erased, clear", console), console
        assert found["S-c"]["disposition"] == "failed", found["S-c"]
        assert "was not found again within 60 seconds" in found["S-c"]["reason"], found["S-c"]
        assert content.residue(images["S-c"], before["S-c"]) > 0
        assert content.digest(other) == untouched
