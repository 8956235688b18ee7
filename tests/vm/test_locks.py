"""Locked and frozen drives in a whole machine: who gives what, and that nobody ever sees it."""

import json
import re
import subprocess

import machine
from machine import Machine
from simulated import PROGRAM, Simulation, drive, port
from test_vm import quietus, workplace

ORACLE = PROGRAM.parent / "quietus-oracle"
POLICY = {"fallback": False, "stall_minutes": 1}
PASSPHRASE = "correct horse battery"
USER, MASTER, MAXIMUM = "U-pass/0815", "M-pass/4711", "X-pass/1234"


def locked(name, **keywords):
    return drive(name, "ata", size="8M", spare="2M", serial=f"S-{name}", sanitize="block",
                 plant="PLANT every=4", **keywords)


def drives(place):
    names = ("user", "master", "maximum", "nobody")
    return Simulation(place.folder / "drives",
                      locked("user", user_password=f'"{USER}"'),
                      locked("master", user_password='"not known"', master_password=f'"{MASTER}"'),
                      locked("maximum", user_password='"not known"', master_password=f'"{MAXIMUM}"',
                             master_maximum="yes"),
                      locked("nobody", user_password='"not known"'),
                      port("ahci", "ahci", *names), factor=10)


def visible(sim, name):
    found = subprocess.run([ORACLE, sim.media(name)], capture_output=True, text=True).stdout
    return int(re.search(r"visible=(\d+)", found).group(1))


def assert_unseen(secrets, *texts):
    for secret in secrets:
        for text in texts:
            for form in (secret, secret.encode().hex()):
                assert form not in text, f"{secret} is shown as {form}"


def test_sealed_secrets_at_the_console():
    """An order, and beside it a sealed file: somebody types its passphrase at the console. What opens
    goes the way of all drives; what does not has failed."""
    with workplace() as place:
        plain, passphrase = place.folder / "plain", place.folder / "passphrase"
        plain.write_text(f"ata-user S-user = {USER}\nata-master S-master = {MASTER}\n"
                         f"ata-master S-maximum = {MAXIMUM}\n")
        passphrase.write_text(PASSPHRASE + "\n")
        quietus("seal", "--passphrase-file", passphrase, "-o", place.www / "sealed", plain)
        with drives(place) as sim:
            serials = [f"S-{name}" for name in ("user", "master", "maximum", "nobody")]
            place.order(None, server={"serial": machine.SERIAL, "uuid": machine.UUID}, policy=POLICY,
                        disks=[{"serial": serial, "content": "not-checked"} for serial in serials])
            options = (f"quietus.mode=erase quietus.order={place.url}/order.json quietus.report={place.url}/out "
                       f"quietus.secrets={place.url}/sealed quietus.progress=json")
            with Machine(sim_drives=sim, initrds=[place.site], kernel_options=options, memory=1024,
                         keyboard=True) as vm:
                vm.wait_for("Passphrase of the sealed secrets")
                vm.type("wrong\n")
                vm.wait_for("another one, or")
                vm.type(PASSPHRASE + "\n")
                status = vm.wait_for_end()
                console = vm.console()
            record = place.record("out")
            ends = {line["identity"]["serial"]: line["disposition"] for line in record["disks"]}
            assert ends == {"S-user": "erased", "S-master": "erased", "S-maximum": "erased",
                            "S-nobody": "failed"}, console
            assert status == 20
            assert [visible(sim, name) for name in ("user", "master", "maximum")] == [0, 0, 0]
            assert visible(sim, "nobody") > 0
            for name, attempts in (("user", 1), ("master", 1), ("nobody", 4)):
                sent = re.findall(rf"^{name} \d+ ata f2 ", sim.log(), re.M)
                assert 1 <= len(sent) <= 2 * attempts, (name, len(sent))
            documents = [file.read_text() for file in (place.www / "out").glob("*.json")]
            documents += [str(document) for document in place.documents("out").values()]
            assert "given by the operator" in "".join(documents)
            assert_unseen((USER, MASTER, MAXIMUM, PASSPHRASE), console, *documents)


def security_of(scan):
    """What a scan says of each drive's TCG security, and whether it has a note on it."""
    found = {}
    for disk in scan["disks"]:
        tcg = disk.get("tcg", "none")
        notes = [note for note in disk["findings"] if "TCG" in note or "allow_tpm" in note]
        if isinstance(tcg, dict):
            names = ("locking_enabled", "locked", "media_encryption", "mbr_shadow_enabled")
            tcg = (tcg["classes"], *(tcg[name] for name in names))
        found[disk["serial"]] = (tcg, len(notes))
    return found


def test_tcg_discovery_over_every_driver():
    """Level-0 discovery through the kernel's NVMe, libata and SCSI drivers. libata passes TRUSTED RECEIVE on
    only with allow_tpm=1; without that its own translation of the SCSI command is asked."""
    with workplace() as place:
        sections = [drive(f"n{i}", "nvme", size="8M", serial=f"T-N{i}", tcg=tcg) for i, tcg in
                    enumerate(("opal2 locked", "pyrite2 enabled"))]
        sections += [drive("a0", "ata", size="8M", serial="T-A0", tcg="opal2 locked"),
                     drive("a1", "ata", size="8M", serial="T-A1"),
                     drive("s0", "scsi", size="8M", serial="T-S0", tcg="enterprise shadow"),
                     drive("s1", "scsi", size="8M", serial="T-S1")]
        sections += [port("n0", "nvme", "n0"), port("n1", "nvme", "n1"), port("ahci", "ahci", "a0", "a1"),
                     port("scsi", "scsi", "s0", "s1")]
        body = "quietus scan --json >/scan; echo BEGIN-SCAN; cat /scan; echo END-SCAN"
        script = machine.many(place.folder / "many.img", body, network=False)
        for word in ("libata.allow_tpm=1", "libata.allow_tpm=0"):
            with Simulation(place.folder / f"drives-{word[-1]}", *sections) as sim, \
                    Machine(sim_drives=sim, kernel_options=f"rdinit=/many {word}", initrds=[script], network=False,
                            memory=1024) as vm:
                vm.wait_for("ALL-DONE")
                scan = json.loads(re.search(r"BEGIN-SCAN\n(.*?)END-SCAN", vm.console(), re.S).group(1))
            found = security_of(scan)
            assert found == {
                "T-N0": (("Opal 2, Block SID", True, True, True, False), 1),
                "T-N1": (("Pyrite 2, Block SID", True, False, False, False), 2),
                "T-A0": (("Opal 2, Block SID", True, True, True, False), 1),
                "T-A1": ("none", 0),
                "T-S0": (("Enterprise, Block SID", True, False, True, True), 2),
                "T-S1": ("none", 0),
            }, (word, found)


def test_frozen_drives_thaw_in_sleep():
    """quietus.thaw=s3: the machine sleeps and is woken by its clock, before anything is erased. A drive whose
    power the sleep has cut can be erased by its security commands; one that is still frozen is overwritten.
    Without the word, or without a good order, it does not sleep."""
    with workplace() as place:
        keywords = {"size": "8M", "spare": "2M", "plant": "PLANT every=4", "medium": "magnetic", "sanitize": "none",
                    "frozen": "yes"}
        server = {"serial": machine.SERIAL, "uuid": machine.UUID}
        place.order(None, server=server, policy={"fallback": True, "stall_minutes": 1},
                    disks=[{"serial": serial, "content": "not-checked"} for serial in ("F-THAWS", "F-STAYS")])
        sections = (drive("thaws", "ata", serial="F-THAWS", sleep_cuts_power="yes", **keywords),
                    drive("stays", "ata", serial="F-STAYS", **keywords), port("ahci", "ahci", "thaws", "stays"))
        for order, sleeps in (("none", False), ("order", True)):
            options = (f"quietus.mode=erase quietus.progress=none quietus.thaw=s3 quietus.report={place.url}/{order} "
                       f"quietus.order={place.url}/{order}.json")
            with Simulation(place.folder / f"drives-{order}", *sections, factor=10) as sim:
                with Machine(sim_drives=sim, initrds=[place.site], memory=1024, kernel_options=options,
                             extra=["-global", "ICH9-LPC.disable_s3=0"]) as vm:
                    # Not wait_for_end: after a sleep QEMU does not always notice that it was switched off.
                    status = int(vm.wait_for(r"exit status (\d+); poweroff").group(1))
                    console = vm.console()
                assert console.count("pulling the drive") == 2, console
                assert ("the machine sleeps" in console) == sleeps, console
                left = [visible(sim, name) for name in ("thaws", "stays")]
        assert (status, left) == (0, [0, 0]), console
        assert "1 are frozen now" in console
        certificates = place.certificates("order")
        for serial, method, note in (("F-THAWS", "ata-security-erase-enhanced", "is so no more"),
                                     ("F-STAYS", "overwrite", "still is")):
            certificate = certificates[serial]
            assert certificate["method"]["name"] == method, (serial, certificate["method"])
            assert any(note in finding for finding in certificate["disk"]["findings"]), certificate["disk"]


def test_a_person_opens_locked_disks():
    """quietus erase asks for the passwords of locked disks, and shows none."""
    with workplace() as place, drives(place) as sim:
        body = """
for disk in /dev/sd?; do
    quietus scan | grep -q "^$disk .*S-master" && master=$disk
done
quietus erase --spool /spool "$master" </dev/ttyS0 >/dev/ttyS0 2>&1; echo CASE master STATUS $?
cat /spool/*.json
quietus show --json /spool/*.json
"""
        script = machine.many(place.folder / "many.img", body, network=False)
        with Machine(sim_drives=sim, kernel_options="rdinit=/many", initrds=[script], network=False, memory=1024,
                     keyboard=True) as vm:
            vm.wait_for("Type its serial number to go on: ")
            vm.type("S-master\n")
            vm.wait_for("User password of S-master")
            vm.type("\n")
            vm.wait_for("Master password of S-master")
            vm.type(MASTER + "\n")
            vm.wait_for("ALL-DONE")
            console = vm.console()
        assert "CASE master STATUS 0\n" in console, console
        assert visible(sim, "master") == 0
        assert "given by the operator" in console
        assert_unseen((MASTER,), console)
