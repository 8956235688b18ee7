"""Commands as a person or a script types them, on this machine; no disk of it is touched."""

import base64
import contextlib
import json
import os
import pathlib
import pty
import re
import resource
import signal
import socket
import shutil
import subprocess
import tempfile
import threading
import time

import dsse
from http_server import Server
from person import Person

TOP = pathlib.Path(__file__).resolve().parents[2]
QUIETUS = pathlib.Path(os.environ.get("QUIETUS_OUT", TOP / "out")) / "quietus"
FIXTURES = TOP / "tests/unit/fixtures"

GOOD, USAGE, REFUSED, ORDER, FAILED, UNKNOWN, UNDELIVERED = 0, 1, 10, 11, 20, 21, 30
UNPROVEN, NOT_INTACT = 3, 4


def quietus(*arguments, status=GOOD, **options):
    done = subprocess.run([str(a) for a in (QUIETUS, *arguments)], capture_output=True, text=True, **options)
    assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout if status == GOOD else done.stdout + done.stderr


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="quietus-cli-") as name:
        yield pathlib.Path(name)


def inspect(place, options="", status=None, **arguments):
    """A run of the agent on this machine, an inspection unless the options say otherwise; what it said. What it
    is not told to deliver stays in the spool, and the status says so."""
    if status is None:
        status = GOOD if "quietus.report=" in options else UNDELIVERED
    line = place / "cmdline"
    line.write_text(f"quiet {options}\n")
    output = quietus("agent", "--command-line", line, "--spool", place / "spool", "--trust", place / "trust",
                     status=status, **arguments)
    return output


def make_order(place, **members):
    """A signed order for the disks of a saved tree."""
    subprocess.run(["tar", "xzf", FIXTURES / "four-disks.tar.gz", "-C", place], check=True)
    (place / "dev").mkdir(exist_ok=True)
    for node in ("sda", "sdb", "vda", "nvme0n1"):
        with open(place / "dev" / node, "wb") as image:
            image.truncate(64 << 20)
    (place / "scan.json").write_text(quietus("scan", "--json", "--sysroot", place))
    (place / "description.json").write_text(json.dumps({"disks": "all", "holds": "not-checked", **members}))
    if not (place / "site.key").exists():
        quietus("keygen", place / "site")
    quietus("order", "--key", place / "site.key", "--inventory", place / "scan.json", "-o",
            place / "order.json", place / "description.json")
    return place / "order.json"


def test_help_names_every_option():
    agent = quietus("help", "agent")
    table = (TOP / "agent/cli/agent_words.c").read_text()
    words = re.findall(r'^    \{"(\w+)", (?:take_|leave_to_init)', table, re.M)
    assert len(words) >= 28 and "mode" in words and "ca_sha256" in words, words
    for word in words:
        assert f"quietus.{word}=" in agent, word
    assert "--version" in quietus("help")
    for command, options in (("plan", ("--sysroot", "--json", "--least")), ("sign", ("--key", "--output")),
                             ("check", ("--trust", "--quiet")), ("seal", ("--output", "--passphrase-file")),
                             ("erase", ("--secrets", "--passphrase-file")), ("scan", ("--sysroot", "--json"))):
        for option in options:
            assert option in quietus("help", command), (command, option)


def test_help_and_usage():
    text = quietus("help")
    commands = [line.split()[0] for line in text.splitlines() if line.startswith("  ")]
    assert {"scan", "plan", "erase", "agent", "order", "check", "show"} <= set(commands)
    for command in commands:
        assert f"usage: quietus {command}" in quietus("help", command)
        assert f"usage: quietus {command}" in quietus(command, "--help")
        quietus(command, "--no-such-option", status=USAGE)
    quietus("wipe", status=USAGE)
    quietus("help", "wipe", status=USAGE)
    assert quietus("--version").startswith("0.")
    for arguments in (["check"], ["show"], ["erase"], ["keygen"], ["order", "x"], ["inspect"],
                      ["inspect", "--ata-identify", "/nonexistent"], ["deliver", "--spool", "/tmp"],
                      ["deliver", "--spool", "/nonexistent", "--to", "http://127.0.0.1:1/"],
                      ["scan", "--sysroot", "/nonexistent"], ["scan", "--sysroot", "/etc"],
                      ["plan", "--sysroot", "/nonexistent"],
                      ["plan", "--least", "some"], ["plan", "--verify", "0%"], ["plan", "--passes", "gutmann"],
                      ["plan", "--method", "trim"], ["scan", "extra"]):
        quietus(*arguments, status=USAGE)


def test_inspect_saved_pages():
    sata = json.loads(quietus("inspect", "--ata-identify", FIXTURES / "sata.identify.hdparm"))
    assert (sata["serial"], sata["wwn"], sata["rotation_rate"]) == ("S-SATA", "naa.5000c500aabbccdd", 7200)
    nvme = json.loads(quietus("inspect", "--nvme-id-ctrl", FIXTURES / "nvme.id-ctrl.bin"))
    assert nvme["serial"] == "S-NVME" and nvme["format"]["supported"]
    assert nvme == json.loads(quietus("inspect", "--nvme-id-ctrl", FIXTURES / "nvme.id-ctrl.hexdump"))
    sas = json.loads(quietus("inspect", "--scsi-vpd", FIXTURES / "sas.vpd0x83.hex"))
    assert sas["logical_unit"] == "naa.5000c50012345678"
    sense = json.loads(quietus("inspect", "--scsi-sense", "-",
                               input="72 01 00 1d 00 00 00 0e 09 0c 00 00 00 00 00 00 00 4f 00 c2 00 50"))
    assert sense["ata_status"] == 0x50
    quietus("inspect", "--nvme-id-ctrl", FIXTURES / "sata.identify.hdparm", status=USAGE)


def test_scan_of_a_saved_tree():
    with folder() as place:
        subprocess.run(["tar", "xzf", FIXTURES / "four-disks.tar.gz", "-C", place], check=True)
        text = quietus("scan", "--sysroot", place)
        for serial in ("S-SATA", "S-SAS", "S-NVME", "S-VIRTIO", "QT-SRV-0042"):
            assert serial in text
        scan = json.loads(quietus("scan", "--json", "--sysroot", place))
        assert len(scan["disks"]) == 4


def test_locate():
    """By node or serial number, through the enclosure's bay; nothing is lit for what has no light."""
    with folder() as place:
        subprocess.run(["tar", "xzf", FIXTURES / "four-disks.tar.gz", "-C", place], check=True)
        address = next(place.glob("sys/class/block/sda/device")).resolve().name
        bay = place / "sys/class/enclosure/0:0:9:0/Slot 03"
        bay.mkdir(parents=True)
        for name, value in (("status", "OK"), ("type", "array device"), ("slot", "3"), ("locate", "0")):
            (bay / name).write_text(f"{value}\n")
        (bay / "device").symlink_to(f"../../../../devices/pci0000:00/{address}")
        assert "enclosure 0:0:9:0, bay 3, labelled Slot 03" in quietus("scan", "--sysroot", place)
        for disk, how, shown in (("/dev/sda", "on", "1\n"), ("S-SAS", "off", "0\n")):
            assert f"is {how}" in quietus("locate", "--sysroot", place, disk, how)
            assert (bay / "locate").read_text() == shown
        assert "no light is known" in quietus("locate", "--sysroot", place, "S-NVME", "on", status=USAGE)
        assert "not one disk" in quietus("locate", "--sysroot", place, "/dev/nope", "on", status=USAGE)
        quietus("locate", "--sysroot", place, "/dev/sda", "maybe", status=USAGE)
        quietus("locate", "--sysroot", place, "/dev/sda", status=USAGE)


def drive(number, serial, **members):
    """A Drive resource as a BMC has it."""
    return {"@odata.id": f"/redfish/v1/Systems/1/Storage/1/Drives/{number}", "@odata.type": "#Drive.v1_17_0.Drive",
            "SerialNumber": serial, "PhysicalLocation": {"PartLocation": {"LocationOrdinalValue": number}}, **members}


def test_expected_disks():
    """A BMC's inventory: who is missing, who is too many; in the scan, in an order, and in the record."""
    with folder() as place:
        order = make_order(place)
        full = [drive(n, s) for n, s in enumerate(("S-SATA", "S-SAS", "S-NVME", "S-VIRTIO"))]
        expected = place / "redfish.json"
        expected.write_text(json.dumps({"Members": full}))
        text = quietus("scan", "--sysroot", place, "--expected", expected)
        assert "ABSENT" not in text and "NOT EXPECTED" not in text
        expected.write_text(json.dumps({"Members": [*full[1:], drive(7, "S-GONE")]}))
        text = quietus("scan", "--sysroot", place, "--expected", expected, status=UNKNOWN)
        assert "ABSENT: S-GONE, slot bay 7: " in text and "NOT EXPECTED: S-SATA" in text
        kinds = [f["kind"] for f in json.loads(quietus("scan", "--json", "--sysroot", place, "--expected", expected,
                                                       status=UNKNOWN))["findings"]]
        assert sorted(kinds) == ["absent", "unexpected"]
        # Today's scan is a list, too.
        quietus("scan", "--sysroot", place, "--expected", place / "scan.json")
        # Into the order, where it is shown.
        quietus("order", "--key", place / "site.key", "--inventory", place / "scan.json", "--expected", expected,
                "-o", order, place / "description.json")
        assert lines_of(quietus("show", order))["Expected"][-1].startswith("S-GONE")
        assert dsse.payload(order)["expected"][-1] == {"serial": "S-GONE", "place": "bay 7"}
        # The agent on this machine: the line is in the record, and the status says so.
        said = inspect(place, f"quietus.expected={expected}", status=UNKNOWN)
        record = dsse.payload(next((place / "spool").glob("*record.json")))
        absent = [line for line in record["disks"] if line["disposition"] == "absent"]
        assert [line["identity"]["serial"] for line in absent] == ["S-SAS", "S-NVME", "S-VIRTIO", "S-GONE"], said
        assert "it should be in bay 7" in absent[-1]["reason"]
        assert f"quietus: absent: S-GONE: {absent[-1]['reason']}" in said
        # What cannot be compared is said.
        expected.write_text("{}")
        for path in (expected, place / "nothing.json"):
            assert quietus("scan", "--sysroot", place, "--expected", path, status=USAGE)
            subprocess.run(["rm", "-rf", place / "spool"], check=True)
            inspect(place, f"quietus.expected={path}")
            record = dsse.payload(next((place / "spool").glob("*record.json")))
            assert [f["kind"] for f in record["findings"]].count("expected") == 1


def test_plan_of_a_saved_tree():
    with folder() as place:
        subprocess.run(["tar", "xzf", FIXTURES / "four-disks.tar.gz", "-C", place], check=True)
        nodes = [line.split()[0] for line in quietus("plan", "--sysroot", place).splitlines() if line[0] == "/"]
        assert nodes == ["/dev/nvme0n1", "/dev/sda", "/dev/sdb", "/dev/vda"]
        plans = json.loads(quietus("plan", "--json", "--sysroot", place, "/dev/sda"))
        assert [plan["node"] for plan in plans] == ["/dev/sda"]
        # A name that is no disk: nothing is planned for the others either.
        for name in ("/dev/nope", "/dev/sda1", "sda"):
            done = subprocess.run([QUIETUS, "plan", "--sysroot", place, "/dev/sda", name], capture_output=True,
                                  text=True)
            assert done.returncode == USAGE and f"there is no disk {name};" in done.stderr, done
            assert done.stdout == ""


def test_a_tree_saved_here_scans():
    """scripts/save-tree on this machine: the scan of the tree finds the disks that the live scan finds."""
    with folder() as place:
        subprocess.run([TOP / "scripts/save-tree", place / "tree"], check=True)
        saved = json.loads(quietus("scan", "--json", "--sysroot", place / "tree"))
        live = json.loads(quietus("scan", "--json"))
        assert [d["areas"][0]["node"] for d in saved["disks"] if d["areas"]] == \
            [d["areas"][0]["node"] for d in live["disks"] if d["areas"]]
        assert saved["server"] == live["server"]


def test_orders():
    with folder() as place:
        order = make_order(place, site="Lab", valid_hours=3)
        text = quietus("show", order)
        assert "Lab" in text and "S-SATA" in text and "S-NVME" in text
        quietus("check", "--trust", place / "site.pub", order)
        quietus("check", order, status=NOT_INTACT)
        quietus("keygen", place / "second")
        quietus("sign", "--key", place / "second.key", "-o", place / "both.json", order)
        quietus("check", "--trust", place / "second.pub", place / "both.json")
        for key in ("site", "second"):
            assert "already" in quietus("sign", "--key", place / f"{key}.key", "-o", place / "thrice.json",
                                        place / "both.json", status=USAGE)
        assert not (place / "thrice.json").exists()
        quietus("keygen", place / "site", status=USAGE)  # never over an existing key
        (place / "bad.json").write_text('{"disks":"all"}')
        assert "holds" in quietus("order", "--key", place / "site.key", "--inventory", place / "scan.json",
                                  place / "bad.json", status=USAGE)


def lines_of(text):
    """The labels of `show` or `check`, and what stands behind each."""
    found = {}
    label = ""
    for line in text.splitlines():
        if line.startswith("  "):
            label = line[:18].strip() or label
            found.setdefault(label, []).append(line[18:].strip())
    return found


def test_show_order():
    """Everything that limits what an order does is shown."""
    with folder() as place:
        plain = lines_of(quietus("show", make_order(place)))
        assert plain["Approvals"] == ["1 trusted key must have signed"]
        assert plain["Unknown disks"] == ["if there is one, nothing of the server is erased"]
        assert plain["Least category"] == ["clear"] and plain["Fallback"] == ["to the next method"]
        order = make_order(
            place, disks=["S-SATA", {"serial": "S-NVME", "content": "not-checked"}], retain=["S-SAS"],
            unknown_disks="leave", approvals={"needed": 2, "roles": ["security", "legal"]},
            notice={"date": "2026-01-02", "channel": "registered letter"},
            policy={"least_category": "purge", "methods": ["nvme-format-crypto", "overwrite"],
                    "fallback": False, "passes": "zero", "verify": "full", "stall_minutes": 7,
                    "sector_size": 4096, "clear_reservations": True})
        shown = lines_of(quietus("show", order))
        assert shown["Erase"] == ["S-SATA, naa.5000c500aabbccdd, QEMU HARDDISK, 67.1 MB",
                                  "S-NVME, QEMU NVMe Ctrl, 67.1 MB"]
        assert shown["if it holds"] == ["nothing that is recognised", "anything: its content is not compared"]
        assert shown["Retain"] == ["S-SAS, naa.5000c50012345678, QEMU HARDDISK, 67.1 MB"]
        assert shown["Unknown disks"] == ["are left alone"]
        assert shown["MACs"] == ["52:54:00:12:34:56"]
        assert shown["Approvals"] == ["2 trusted keys must have signed"] and shown["roles"] == ["security", "legal"]
        assert shown["Notice, date"] == ["2026-01-02"] and shown["Notice, channel"] == ["registered letter"]
        assert shown["Least category"] == ["purge"] and shown["Methods"] == ["nvme-format-crypto", "overwrite"]
        assert (shown["Fallback"], shown["Passes"], shown["Verify"]) == (["no"], ["zero"], ["full"])
        assert shown["Given up after"] == ["7 minutes without progress"]
        assert shown["Sector size"] == ["4096 bytes, by a reformat of SAS disks that have others"]
        assert shown["Reservations"] == ["of other hosts on SAS disks ARE CLEARED"]
        quietus("keygen", place / "second")
        quietus("sign", "--key", place / "second.key", "-o", place / "both.json", order)
        ids = [subprocess.run(["sh", "-c", f"openssl pkey -pubin -in {place}/{key}.pub -outform DER | sha256sum"],
                              capture_output=True, text=True, check=True).stdout.split()[0]
               for key in ("site", "second")]
        assert lines_of(quietus("show", place / "both.json"))["Signed by key"] == ids
        # What its disks held is shown too.
        subprocess.run(["mkfs.ext4", "-q", "-U", "6a1f3c52-9d0e-4b7a-8c11-0f5e2d7b9a01", place / "dev/sda"],
                       check=True)
        (place / "scan.json").write_text(quietus("scan", "--json", "--sysroot", place))
        (place / "description.json").write_text(json.dumps(
            {"disks": ["S-SAS"], "unknown_disks": "leave", "holds": "not-checked"}))
        quietus("order", "--key", place / "site.key", "--inventory", place / "scan.json", "-o",
                place / "ext4.json", place / "description.json")
        assert lines_of(quietus("show", place / "ext4.json"))["if it holds"] == [
            "disk ext4 6a1f3c52-9d0e-4b7a-8c11-0f5e2d7b9a01"]


def test_check_order():
    """Who signed, how long it is valid and whether that is enough; unknown signers are no alteration."""
    with folder() as place:
        order = make_order(place, approvals={"needed": 2, "roles": ["security"]},
                           not_before="2037-01-01T00:00:00Z", expires="2037-01-02T00:00:00Z")
        quietus("keygen", place / "second")
        unknown = quietus("check", "--trust", place / "second.pub", order, status=NOT_INTACT)
        assert "order.json: CANNOT BE CHECKED" in unknown and "altered" not in unknown
        assert unknown.count("(--trust)") == 1
        one = quietus("check", "--trust", place / "site.pub", order)
        assert "INTACT AND TRUSTED" in one and "signed   by site, whom you trust" in one
        assert "by 1 of the keys that you trust; it needs 2, or it is refused" in one
        assert "one of them for the role security" in one
        assert "from 2037-01-01T00:00:00Z to 2037-01-02T00:00:00Z; not yet" in one
        quietus("sign", "--key", place / "second.key", "-o", place / "both.json", order)
        both = quietus("check", "--trust", place / "site.pub", "--trust", place / "second.pub",
                       "--trust", place / "site.pub", place / "both.json")
        assert both.count("whom you trust") == 2
        assert "by 2 of the keys that you trust; it needs 2\n" in both
        expired = dsse.sign(place / "expired.json", {
            **dsse.payload(order), "not_before": "2020-01-01T00:00:00Z", "expires": "2020-01-02T00:00:00Z"},
            place / "site.key")
        assert "it has expired" in quietus("check", "--trust", place / "site.pub", expired)
        # A signature that says it is of a trusted key and is not good: that is an alteration.
        envelope = json.loads(order.read_text())
        envelope["payload"] = json.loads(expired.read_text())["payload"]
        (place / "altered.json").write_text(json.dumps(envelope))
        altered = quietus("check", "--trust", place / "site.pub", place / "altered.json", status=NOT_INTACT)
        assert "NOT INTACT" in altered and "it was altered" in altered and "2020" not in altered


def test_check_of_many_files():
    """A file that cannot be read does not end the check of the others; a line sums up."""
    with folder() as place:
        order = make_order(place)
        inspect(place)
        record = next((place / "spool").glob("*record.json"))
        (place / "junk.json").write_text("hello")
        text = quietus("check", "--trust", place / "site.pub", record, place / "none.json", order, status=USAGE)
        assert "INTACT, ORIGIN UNPROVEN" in text and "INTACT AND TRUSTED" in text
        assert "none.json: No such file" in text
        assert "\n3 files: 1 intact and trusted, 1 intact, origin unproven, 1 could not be read\n" in text
        text = quietus("check", place / "none.json", place / "junk.json", order, record, status=NOT_INTACT)
        assert "\n4 files: 1 intact, origin unproven, 1 not intact, 1 cannot be checked, " \
               "1 could not be read\n" in text
        assert all(line.strip() for line in text.splitlines()), "no blank lines"
        assert max(len(line) for line in text.splitlines() if line.startswith("    ")) <= 100


def test_countersigning():
    """A site vouches for a document that it has received by adding its signature."""
    with folder() as place:
        options = "quietus.mode=erase"  # without an order: a certificate of refusal for each disk, and a record
        inspect(place, options, status=ORDER)
        quietus("keygen", place / "site")
        documents = sorted((place / "spool").glob("*.json"))
        assert len(documents) >= 2
        quietus("check", "--trust", place / "site.pub", *documents, status=UNPROVEN)
        for document in documents:
            quietus("sign", "--key", place / "site.key", "-o", document, document)
        text = quietus("check", "--trust", place / "site.pub", *documents)
        assert text.count("INTACT AND TRUSTED") == len(documents)
        text = quietus("check", *documents, status=UNPROVEN)
        assert "NOT INTACT" not in text


def typed_at(arguments, answers):
    """Runs a command at a terminal and types an answer after each prompt; (status, what was shown)."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(QUIETUS, [str(QUIETUS), *map(str, arguments)])
    shown = b""
    for prompt, answer in answers:
        while prompt not in shown:
            shown += os.read(terminal, 4096)
        shown = shown[shown.index(prompt) + len(prompt):]
        os.write(terminal, answer + b"\n")
    with contextlib.suppress(OSError):  # how Linux says that nobody has the terminal open any more
        while data := os.read(terminal, 4096):
            shown += data
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_seal():
    """Secrets go into a file that shows nothing of them, and are opened by its passphrase alone."""
    with folder() as place:
        plain, sealed, passphrase = place / "plain", place / "sealed", place / "passphrase"
        plain.write_text("ata-user S-1 = Ze5am\npsid S 2 = ABCDEFGHIJKLMNOPQRSTUVWXYZ012345\n")
        passphrase.write_text("correct horse battery\nmore\n")
        assert quietus("seal", "--passphrase-file", passphrase, "-o", sealed, plain) == ""
        for word in ("Ze5am", "S-1", "ABCDEFG", "correct"):
            assert word not in sealed.read_text()
        opened = ("erase", "--secrets", sealed, "/dev/nothing")
        assert "is no disk" in quietus(*opened, "--passphrase-file", passphrase, status=USAGE)
        passphrase.write_text("correct horse batterz\n")
        assert "another one, or" in quietus(*opened, "--passphrase-file", passphrase, status=USAGE)
        assert "no passphrase" in quietus(*opened, stdin=subprocess.DEVNULL, status=USAGE)
        # In clear they are not taken, whatever the passphrase.
        assert "quietus seal" in quietus("erase", "--secrets", plain, "/dev/nothing", "--passphrase-file",
                                         passphrase, status=USAGE)
        passphrase.write_text("short\n")
        assert "12 characters" in quietus("seal", "--passphrase-file", passphrase, "-o", place / "no", plain,
                                          status=USAGE)
        plain.write_text("ata-user S-1 Ze5am\n")
        passphrase.write_text("correct horse battery\n")
        said = quietus("seal", "--passphrase-file", passphrase, "-o", place / "no", plain, status=USAGE)
        assert "line 1" in said and "Ze5am" not in said and not (place / "no").exists()


def test_passphrases_are_typed_without_echo():
    with folder() as place:
        plain, sealed = place / "plain", place / "sealed"
        plain.write_text("ata-user S-1 = Ze5am\n")
        new, again, ask = b"New passphrase: ", b"Once more: ", b"Passphrase of the sealed secrets: "
        status, shown = typed_at(("seal", "-o", sealed, plain), [(new, b"correct horse"), (again, b"correct hearse")])
        assert status == USAGE and "not the same" in shown and not sealed.exists()
        status, shown = typed_at(("seal", "-o", sealed, plain), [(new, b"correct horse"), (again, b"correct horse")])
        assert status == GOOD and "horse" not in shown
        # Three tries.
        arguments = ("erase", "--secrets", sealed, "/dev/nothing")
        status, shown = typed_at(arguments, [(ask, b"wrong"), (ask, b"correct horse")])
        assert status == USAGE and "is no disk" in shown and "horse" not in shown
        status, shown = typed_at(arguments, [(ask, b"wrong")] * 3)
        assert status == USAGE and "another one, or" in shown and "wrong" not in shown


def test_agent_inspects_by_default():
    with folder() as place:
        inspect(place)
        records = list((place / "spool").glob("*record.json"))
        assert len(records) == 1
        quietus("check", records[0], status=UNPROVEN)
        shown = json.loads(quietus("show", "--json", records[0]))
        assert shown["mode"] == "inspect" and shown["scan"]["schema"] == "quietus.scan/1"
        assert all(line["disposition"] == "excluded" for line in shown["disks"])


def test_agent_refuses_what_it_does_not_understand():
    for options in ("quietus.mode=wipe", "quietus.ordr=x", "quietus.mode", "quietus.deliver=soon",
                    "quietus.order_wait=-1", "quietus.progress=bar", "quietus.report={nothing}", "quietus.report",
                    "quietus.report=", "quietus.order=", "quietus.thaw=s4", "quietus.thaw"):
        with folder() as place:
            assert "nothing" in inspect(place, options, status=USAGE), options
            assert not (place / "spool").exists(), options


def last_record(place):
    """The newest record in the spool, as a document, and the certificates of its run."""
    record = max((place / "spool").glob("*record.json"), key=lambda path: path.stat().st_mtime_ns)
    run = record.name.removesuffix("record.json")
    return dsse.payload(record), sorted((place / "spool").glob(f"{run}*certificate.json"))


def test_agent_without_a_good_order():
    with folder() as place:
        order = make_order(place)  # for another server
        trust = place / "trust"
        trust.mkdir()
        expected = [("", "no good order: no order was given", None),
                    (f"quietus.order={order}", "no good order: no key is trusted here", None),
                    (f"quietus.order={order}", "no good order: it is for another server", place / "site.pub"),
                    (f"quietus.order={order}", "no good order: ", "not a key"),
                    ("quietus.order=http://127.0.0.1:1/x quietus.order_wait=0", "no good order: http://127.0", None)]
        for options, problem, trusted in expected:
            if trusted:
                text = trusted if isinstance(trusted, str) else trusted.read_text()
                (trust / f"key{len(list(trust.iterdir()))}.pub").write_text(text)
            output = inspect(place, f"quietus.mode=erase {options}", status=ORDER)
            assert f"quietus: {problem}" in output, output
            record, certificates = last_record(place)
            assert (record["mode"], record["exit_status"]) == ("erase", ORDER)
            assert record["order"]["problem"].startswith(problem)
            lines = [line["disposition"] for line in record["disks"]]
            # The order was for disks that this machine does not have; that it is not good changes nothing.
            assert lines.count("absent") == (4 if "another server" in problem else 0), lines
            assert set(lines) <= {"refused", "absent"}
            assert len(certificates) == lines.count("refused") > 0
            # Who watches the console is told of every disk, too; of many at once.
            if len(certificates) > 3:
                assert f"\n{len(certificates)} disks refused: {problem}" in output, output
            else:
                assert output.count(f"refused: {problem}") == len(certificates), output
            assert output.count("quietus: absent: ") == lines.count("absent"), output
            shown = lines_of(quietus("show", certificates[0]))
            assert shown["problem"] == [record["order"]["problem"]]
            named = "signed by key0" in shown["Authority"][0]
            assert named == ("another server" in problem), shown
            assert named or shown["Authority"] == ["none: there was no good order"]


def test_nobody_can_make_the_agent_crash():
    """Whatever answers instead of the order's server, and whatever is on the command line, there is a record."""
    def envelope(kind, payload):
        return json.dumps({"payloadType": kind, "payload": base64.b64encode(payload.encode()).decode(),
                           "signatures": [{"keyid": "63" + 61 * "a" + "\u00e9", "sig": base64.b64encode(bytes(64)).decode()}]})

    order = "application/vnd.quietus.order+json"
    for text in (envelope(order, json.dumps({59 * "a" + "\u00e9": 1}, ensure_ascii=False)),
                 envelope(79 * "a" + "\u00e9", "{}"), "\u001b[2J", "[" * 3000):
        with folder() as place:
            (place / "order.json").write_text(text)
            quietus("keygen", place / "site")
            (place / "trust").mkdir()
            (place / "trust/site.pub").write_text((place / "site.pub").read_text())
            output = inspect(place, f"quietus.mode=erase quietus.order={place}/order.json", status=ORDER)
            assert "\u001b" not in output
            assert last_record(place)[0]["exit_status"] == ORDER
    with folder() as place:
        line = place / "cmdline"
        line.write_bytes(b"quietus.mode=erase quietus.order=/tmp/\xff.json\n")
        quietus("agent", "--command-line", line, "--spool", place / "spool", status=ORDER)
        assert "/tmp/?.json" in last_record(place)[0]["order"]["problem"]
        quietus("keygen", place / "site")
        (place / "x.json").write_text(envelope(order, "{}"))
        quietus("sign", "--key", place / "site.key", "-o", place / "y.json", place / "x.json")


def test_agent_inspects_where_there_is_no_order():
    """404: the order for this server does not exist (yet). One boot script serves to inspect and to erase:
    the record has the scan, no disk is refused, and the status is 11 all the same, at once."""
    with folder() as place, Server(place / "www") as server:
        for where in (f"http://127.0.0.1:{server.port}/orders/none.json", place / "none.json"):
            began = time.monotonic()
            output = inspect(place, f"quietus.mode=erase quietus.order={where}", status=ORDER)
            assert time.monotonic() - began < 60, "it waited for an order that is not there"
            assert "no order for this server, inspected only: " in output and "refused" not in output
            record, certificates = last_record(place)
            assert (record["mode"], record["exit_status"]) == ("inspect", ORDER)
            assert record["order"]["problem"].startswith("no order for this server, inspected only: ")
            assert record["scan"]["schema"] == "quietus.scan/1" and certificates == []
            assert {line["disposition"] for line in record["disks"]} == {"excluded"}
        assert [request for request in server.requests if "none.json" in request[1]] == [
            ("GET", "/orders/none.json")]


def test_check_tells_what_is_not_intact():
    with folder() as place:
        inspect(place)
        record = next((place / "spool").glob("*record.json"))
        text = record.read_text()
        envelope = json.loads(text)
        payload = base64.b64decode(envelope["payload"])
        altered = dict(envelope, payload=base64.b64encode(payload.replace(b'"inspect"', b'"erase"  ')).decode())
        retyped = dict(envelope, payloadType="application/vnd.quietus.certificate+json")
        for name, content in (("altered", json.dumps(altered)), ("retyped", json.dumps(retyped)),
                              ("cut", text[:-40]), ("empty", ""), ("text", "hello"), ("list", "[]")):
            path = place / f"{name}.json"
            path.write_text(content)
            assert "NOT INTACT" in quietus("check", path, status=NOT_INTACT), name
            assert subprocess.run([TOP / "scripts/check-with-openssl", path], capture_output=True).returncode == 1
        done = subprocess.run([TOP / "scripts/check-with-openssl", record], capture_output=True, text=True)
        assert done.returncode == 0 and "anybody could have made it" in done.stdout, done
        # The worst of several counts, and a file that is not there is a usage error.
        quietus("check", record, place / "altered.json", status=NOT_INTACT)
        quietus("check", "--quiet", record, status=UNPROVEN)
        quietus("check", place / "none.json", status=USAGE)
        # Spaces and line breaks in the envelope are no alteration of what was signed.
        (place / "pretty.json").write_text(json.dumps(envelope, indent=2))
        quietus("check", place / "pretty.json", status=UNPROVEN)


def test_openssl_and_quietus_agree_on_keys():
    with folder() as place:
        order = make_order(place)
        quietus("keygen", place / "other")
        script = TOP / "scripts/check-with-openssl"
        assert subprocess.run([script, order, place / "site.pub"], capture_output=True).returncode == 0
        assert subprocess.run([script, order, place / "other.pub"], capture_output=True).returncode == 1
        # Without a key there is none to check an order by: that is said, and is no verdict on the order.
        done = subprocess.run([script, order], capture_output=True, text=True)
        assert done.returncode == 1 and "CANNOT BE CHECKED: order.json: it names no key" in done.stdout, done
        done = subprocess.run([script, place / "none.json"], capture_output=True, text=True)
        assert done.returncode == 1 and "no such file" in done.stdout
        done = subprocess.run([script, order, place / "site.key"], capture_output=True, text=True)
        assert done.returncode == 1 and "no public key" in done.stdout
        quietus("sign", "--key", place / "other.key", "-o", place / "both.json", order)
        for key in ("site.pub", "other.pub"):
            done = subprocess.run([script, place / "both.json", place / key], capture_output=True, text=True)
            assert done.returncode == 0 and done.stdout.endswith(f", signed by {key}\n"), done
        done = subprocess.run([script, order, place / "site.pub", order], capture_output=True, text=True)
        assert done.returncode == 1 and "usage" in done.stderr, "a third argument is not checked in silence"


def spool_of(place, documents=2):
    for _ in range(documents):
        inspect(place)
    return place / "spool"


def test_deliver():
    with folder() as place, Server(place / "www") as server:
        spool = spool_of(place)
        names = sorted(p.name for p in spool.glob("*.json"))
        quietus("deliver", "--spool", spool, "--to", f"http://127.0.0.1:{server.port}/a/b/")
        assert sorted(p.name for p in (place / "www/a/b").glob("*")) == names
        assert not list(spool.glob("*.json"))
        assert sorted(p.name for p in (spool / "sent").glob("*")) == names
        for name in names:
            assert (spool / "sent" / name).read_bytes() == (place / "www/a/b" / name).read_bytes()


def test_deliver_is_not_deceived():
    """A 200 alone acknowledges nothing (law 8): a portal that keeps nothing, a server that hands back
    something else, one that refuses, one that is not there."""
    cases = {
        "portal": {"keep": False, "put_status": 200},
        "other bytes": {"alter": lambda path, body: body + b" "},
        "cut": {"alter": lambda path, body: body[:-1]},
        "refuses": {"put_status": 403},
        "fails": {"put_status": 500},
    }
    for name, options in cases.items():
        with folder() as place, Server(place / "www", **options) as server:
            spool = spool_of(place, 1)
            quietus("deliver", "--spool", spool, "--to", f"http://127.0.0.1:{server.port}/x", status=UNDELIVERED)
            assert len(list(spool.glob("*.json"))) == 1, name
            assert not (spool / "sent").exists(), name
    with folder() as place:
        spool = spool_of(place, 1)
        quietus("deliver", "--spool", spool, "--to", "http://127.0.0.1:1/x", status=UNDELIVERED)
        assert len(list(spool.glob("*.json"))) == 1


def test_agent_sends_until_it_is_acknowledged():
    """The server comes up while the agent is trying; the run ends as soon as it has everything."""
    with folder() as place:
        with Server(place / "www") as first:
            port = first.port
        late = []

        def come_up():
            time.sleep(3)
            late.append(Server(place / "www", port=port))

        thread = threading.Thread(target=come_up)
        thread.start()
        began = time.monotonic()
        inspect(place, f"quietus.report=http://127.0.0.1:{port}/certs quietus.deliver=60")
        took = time.monotonic() - began
        thread.join()
        assert len(list((place / "www/certs").glob("*record.json"))) == 1
        assert took < 55
        late[0].__exit__()


def test_agent_gives_up_in_time_and_keeps_everything():
    with folder() as place:
        output = inspect(place, "quietus.report=http://127.0.0.1:1/certs quietus.deliver=2",
                         status=UNDELIVERED)
        assert "stay in" in output
        assert len(list((place / "spool").glob("*.json"))) == 1


def test_spool_that_cannot_be_written():
    """What cannot be spooled is told at once, and shown, so that it is not lost."""
    with folder() as place:
        (place / "spool").write_text("a file is in the way")
        output = inspect(place, status=UNDELIVERED)
        assert "cannot be written" in output and '"payloadType"' in output


def test_json_progress_is_json():
    with folder() as place:
        output = inspect(place, "quietus.progress=json")
        for line in output.splitlines():
            if line.startswith("{"):
                json.loads(line)


def test_spool_that_fills_up():
    """The record does not fit: it is shown, the status says so, and a mark tells init to stay on."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    with folder() as place:
        output = inspect(place, status=UNDELIVERED, preexec_fn=limit)
        assert "record.json cannot be written: File too large" in output and '"payloadType"' in output
        assert [path.name[:11] for path in (place / "spool").iterdir()] == ["incomplete-"]
    with folder() as place:
        inspect(place)
        assert [path.suffix for path in (place / "spool").iterdir()] == [".json"]


class SlowServer:
    """Answers every request, ten bytes in a quarter of a second and without an end."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.running = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while self.running:
                connection.sendall(b"0123456789")
                time.sleep(0.25)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.running = False
        self.listener.close()


def test_a_slow_server_holds_nobody_up():
    """It sends just enough not to be given up for its speed."""
    with folder() as place, SlowServer() as server:
        began = time.monotonic()
        output = inspect(place, f"quietus.mode=erase quietus.order=http://127.0.0.1:{server.port}/o.json "
                                f"quietus.order_wait=1 quietus.report=http://127.0.0.1:{server.port}/certs "
                                "quietus.deliver=1", status=ORDER, timeout=300)
        took = time.monotonic() - began
        assert "the time for it is over" in output and "stay in" in output
        assert took < 200, took  # what it sends would take seven hours
        assert last_record(place)[0]["exit_status"] == ORDER


def test_nobody_reads_what_is_said():
    """The reader of the output goes away; the run goes on to its record."""
    with folder() as place:
        line = place / "cmdline"
        line.write_text("quiet\n")
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run([QUIETUS, "agent", "--command-line", line, "--spool", place / "spool"],
                              stdout=writing, stderr=writing)
        os.close(writing)
        assert done.returncode == UNDELIVERED, done
        assert len(list((place / "spool").glob("*record.json"))) == 1


def test_no_standard_files():
    """Started without standard input, output and errors: what is printed gets into no file."""
    for closed in (">&-", "2>&- >&-", "<&- >&- 2>&-"):
        with folder() as place:
            assert subprocess.run(["sh", "-c", f"exec {QUIETUS} keygen {place}/k {closed}"]).returncode == GOOD
            for name, last in (("k.key", "-----END PRIVATE KEY-----"), ("k.pub", "-----END PUBLIC KEY-----")):
                lines = (place / name).read_text().splitlines()
                assert len(lines) == 3 and lines[-1] == last, (closed, name)


def run_init_function(place, call, words="", spool=()):
    """A function of the image's init, here, with commands that only tell that they were called."""
    (place / "state/spool/on-stick").mkdir(parents=True)
    (place / "cmdline").write_text(f"quiet {words}\n")
    for name in spool:
        (place / "state/spool" / name).write_text("x")
    script = f"""
        . {TOP}/initramfs/functions
        . {TOP}/initramfs/stick
        . {TOP}/initramfs/next
        state={place}/state stick={place}/state/stick command_line={place}/cmdline console=/dev/null
        stopped={place}/stopped.txt
        consoles() {{ echo {place}/tty0; echo {place}/ttyS0; }}
        poweroff() {{ echo POWEROFF; exit 0; }}
        reboot() {{ echo REBOOT; exit 0; }}
        sync() {{ :; }}
        slept=0
        sleep() {{ slept=$((slept + $1)); [ "$slept" -lt 200 ] || {{ echo HOLD; exit 0; }}; }}
        start_stick_watch() {{ :; }}
        entry_after_this() {{ return 1; }}
        quietus() {{ echo "CALLED $*"; rm -f $state/spool/*.json; }}
        {call}"""
    done = subprocess.run(["busybox", "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=120)
    assert done.returncode == 0, done
    return done.stdout


def test_init_does_not_power_off_on_documents():
    """Whatever the agent ended with, documents that are nowhere else keep the machine on (law 8)."""
    put_in = "start_stick_watch() { : >$state/spool/on-stick/a.json; }; "
    cases = [
        ("finish 0", "quietus.done=poweroff", (), "POWEROFF"),
        ("finish 0", "quietus.done=reboot", (), "REBOOT"),
        ("finish 0", "", (), "HOLD"),
        ("finish 0", "quietus.done=poweroff", ("a.json",), "HOLD"),
        ("finish 21", "quietus.done=reboot", ("incomplete-7",), "HOLD"),
        ("finish 30", "quietus.done=poweroff quietus.undelivered=give-up", ("a.json",), "POWEROFF"),
        # On a stick, read back, it is safe; that one of two is does not help the other.
        ("finish 0", "quietus.done=poweroff", ("a.json", "on-stick/a.json"), "POWEROFF"),
        ("finish 0", "quietus.done=poweroff", ("a.json", "b.json", "on-stick/a.json"), "HOLD"),
        ("deliver_what_is_left; finish 30", "quietus.done=poweroff quietus.report=http://a/",
         ("a.json", "on-stick/a.json"), "POWEROFF"),
        # Nor does it power off before a stick that is put in then has all of them.
        (put_in + "finish 30", "quietus.done=poweroff", ("a.json",), "POWEROFF"),
        (put_in + "finish 30", "quietus.done=poweroff", ("a.json", "b.json"), "HOLD"),
        (put_in + "finish 30", "quietus.done=poweroff", ("a.json", "incomplete-7"), "HOLD"),
        ("finish 0", "quietus.done=halt", (), "HOLD"),
        # Of two words the last counts, for init as for the agent.
        ("finish 0", "quietus.done=hold quietus.done=poweroff", (), "POWEROFF"),
        ("deliver_what_is_left; finish 30", "quietus.done=poweroff quietus.report=http://a/ quietus.report=http://b/",
         ("a.json",), "POWEROFF"),
    ]
    for call, words, spool, expected in cases:
        with folder() as place:
            output = run_init_function(place, call, words, spool)
            assert output.splitlines()[-1] == expected, (call, words, spool, output)
            if "b/" in words:
                assert f"CALLED deliver --spool {place}/state/spool --to http://b/" in output


def test_only_who_is_done_with_goes_on():
    """A mark is left and the next device booted where everything was erased, and documents are safe; else the machine
    powers off, and boots Quietus again. A mark that cannot be stored is no restart."""
    fails = "quietus() { echo CALLED; return 1; }; "
    mark = "quietus.mark=http://h/done/52-54"
    for call, spool, marks, expected in (
            ("finish 0", (), 1, "REBOOT"), ("finish 30", ("a.json", "on-stick/a.json"), 1, "REBOOT"),
            ("finish 30", ("a.json",), 0, "HOLD"), ("finish 10", (), 0, "POWEROFF"), ("finish 11", (), 0, "POWEROFF"),
            ("finish 20", (), 0, "POWEROFF"), ("finish 21", (), 0, "POWEROFF"), ("finish 1", (), 0, "POWEROFF"),
            (fails + "finish 0", (), 6, "HOLD")):
        with folder() as place:
            output = run_init_function(place, call, f"quietus.done=next {mark}", spool)
            assert output.splitlines()[-1] == expected and output.count("CALLED") == marks, (call, spool, output)
            assert ("not at http://h/done/52-54" in output) == (marks > 1), output
            if marks == 1:
                assert f"--file {place}/state/done --as 52-54 --to http://h/done" in output
    with folder() as place:
        output = run_init_function(place, "finish 30", f"quietus.done=next {mark} quietus.undelivered=give-up", ("a.json",))
        assert output.splitlines()[-1] == "POWEROFF" and "CALLED" not in output, output


def test_emergency_delivers_first():
    """What an agent that crashed has spooled is sent; and nobody is told that no erase goes on."""
    with folder() as place:
        output = run_init_function(place, "emergency 'the agent ended with 139'", "quietus.report=http://r/", ("a.json",))
        assert "CALLED deliver" in output and output.splitlines()[-1] == "HOLD"
        for console in ("tty0", "ttyS0"):
            assert (place / console).read_text().count("=== QUIETUS STOPPED: the agent ended with 139 ===") == 2
    assert "No erase is running" not in (TOP / "initramfs/functions").read_text()


def test_emergency_keeps_documents_on_the_stick():
    """On one that is there, and what watches for one that comes later is begun, whatever watched before."""
    watches = "start_stick_watch() { echo WATCHES; }; : >$state/stick-watcher; "
    with folder() as place:
        for name in ("certificates", "logs"):
            (place / "state/stick" / name).mkdir(parents=True)
        output = run_init_function(place, watches + "emergency 'the agent ended with 139'", "", ("a.json",))
        assert f"CALLED deliver --spool {place}/state/spool --stick {place}/state/stick" in output and "WATCHES" in output
        logs = list((place / "state/stick/logs").iterdir())
        assert len(logs) == 1 and "QUIETUS STOPPED" in logs[0].read_text(), logs


def test_seconds_that_are_none():
    """They are no reason not to wait for disks and the network."""
    for word, seconds in (("", 3), ("quietus.settle=5", 5), ("quietus.settle=0", 0), ("quietus.settle=3s", 3),
                          ("quietus.settle=", 3), ("quietus.settle=-1", 3), ("quietus.settle=99999999999999999999", 3)):
        with folder() as place:
            call = "device_aliases() { :; }; load_drivers() { :; }; wait_for_disks; echo WAITED $slept"
            output = run_init_function(place, call, word)
            assert output.splitlines()[-1] == f"WAITED {seconds}", (word, output)
            assert ("is no number of seconds; it is 3 now" in output) == (seconds == 3 and word != ""), (word, output)


def test_which_kernel_messages_are_shown():
    for words, before, after in (("", "7", "4"), ("quietus.verbose=1", "4", "7"), ("quietus.verbose=1", "8", "8")):
        with folder() as place:
            (place / "printk").write_text(f"{before}\t4\t1\t7\n")
            run_init_function(place, f"printk={place}/printk; show_kernel_messages", words)
            assert (place / "printk").read_text().split()[0] == after, (words, before)


def test_key_with_a_passphrase():
    """keygen --passphrase: a person is asked for it, three times; without a terminal the key is of no use."""
    with folder() as place:
        (place / "passphrase").write_text("correct horse battery\n")
        quietus("keygen", "--passphrase-file", place / "passphrase", place / "site")
        text = (place / "site.key").read_text()
        assert "PRIVATE KEY" not in text and json.loads(text)["schema"] == "quietus.key/1"
        (place / "description.json").write_text(json.dumps({
            "disks": [{"serial": "S-1", "content": "not-checked"}], "holds": "not-checked",
            "server": {"serial": "SRV-1", "uuid": "6a1f3c52-9d0e-4b7a-8c11-0f5e2d7b9a01"}}))
        arguments = ["order", "--key", place / "site.key", "-o", place / "order.json", place / "description.json"]
        assert "no terminal" in quietus(*arguments, status=USAGE, stdin=subprocess.DEVNULL)
        with Person(QUIETUS, *arguments) as person:
            person.waits_for("^Passphrase of the key:")
            person.types("wrong horse battery")
            person.presses("Enter")
            person.waits_for("the passphrase is another one")
            person.types("correct horse battery")
            person.presses("Enter")
            person.waits_for("ended with status 0")
            assert "horse" not in person.sees()
        quietus("check", "--trust", place / "site.pub", place / "order.json")


def test_screen_in_a_terminal():
    """The technician's screen on a saved tree: whatever the terminal, it is used and left as it was."""
    with folder() as place:
        subprocess.run(["tar", "xzf", FIXTURES / "four-disks.tar.gz", "-C", place], check=True)
        screen = [QUIETUS, "tui", "--sysroot", place, "--spool", place / "spool"]
        assert "takes options only" in quietus("tui", "/dev/sda", status=USAGE)
        for terminal in ("dumb", "no-such-terminal"):
            with Person(*screen, environment={"TERM": terminal}) as person:
                person.waits_for("or use quietus erase")
                person.waits_for("ended with status 1")
        for terminal in ("linux", "vt100", "vt220", "xterm", "screen", "tmux", "ansi"):
            with Person(*screen, environment={"TERM": terminal}) as person:
                person.waits_for("0 of 4 disks chosen")
                person.presses("Down")
                person.presses("Space")
                person.waits_for(r"^\[x\] sda .* S-SAS ")
                if terminal != "tmux":
                    continue
                person.resizes(40, 10)
                person.waits_until_gone("^.{41,}$")
                person.waits_for(r"^\[x\] 67.1 MB +Clear S-SAS")
                person.presses("Enter")
                person.waits_for("Serial   S-SAS")
                person.presses("Escape")
                person.waits_for("1 of 4 disks chosen")
                person.resizes(132, 50)
                person.waits_for("KIND")
                person.presses("C-c")
                person.waits_for("ended with status 0")
        assert not (place / "spool").exists()


def add_disks(place, count):
    """So many more disks in a saved tree, as its virtio disk is."""
    controller = place / "sys/devices/pci0000:00/0000:00:05.0"
    for number in range(1, count + 1):
        name = f"vdx{number:02}"
        block = controller / f"virtio{number}/block"
        block.mkdir(parents=True)
        shutil.copytree(controller / "virtio0/block/vda", block / name, symlinks=True)
        (block / name / "serial").write_text(f"S-MORE-{number:02}")
        (block / name / "dev").write_text(f"240:{number}\n")
        for folder, up in (("sys/block", ".."), ("sys/class/block", "../..")):
            (place / folder / name).symlink_to(f"{up}/devices/pci0000:00/0000:00:05.0/virtio{number}/block/{name}")


def test_sixty_disks_on_the_screen():
    """In a terminal of 24 lines: the list scrolls, by lines, pages and to its end; all of them have to be seen before
    they are confirmed; the help and a window that is too small."""
    with folder() as place:
        subprocess.run(["tar", "xzf", FIXTURES / "four-disks.tar.gz", "-C", place], check=True)
        add_disks(place, 56)
        with Person(QUIETUS, "tui", "--sysroot", place, "--spool", place / "spool",
                    environment={"TERM": "vt100"}) as person:
            person.waits_for("0 of 60 disks chosen")
            assert "S-MORE-56" not in person.sees()
            person.presses("End")
            person.waits_for("S-MORE-56")
            person.waits_for(r"\(lines \d+ to 60 of 60\)")
            person.presses("Home")
            person.waits_for(r"\(lines 1 to \d+ of 60\)")
            person.presses(*["Down"] * 30)
            person.waits_for("S-MORE-27")
            person.presses("h")
            person.waits_for("even from a laboratory")
            person.presses("Escape", "a")
            person.waits_for("60 of 60 disks chosen")
            person.presses("n")
            person.waits_for("but what the drive has set")
            person.presses("n")
            person.types("Ännq")
            person.waits_for(r"\?nnq_")  # there are terminals that could not show it
            person.presses("BSpace", "Enter", "Enter")
            person.waits_for("EVERYTHING on these 60 disks")
            person.types("sixty")
            person.presses("Enter")
            person.waits_for("Look at all of them first")
            person.resizes(39, 24)
            person.waits_for("Too small: 39x24")
            person.presses("Enter", "q")
            person.resizes(132, 60)
            person.waits_for("> sixty_")
            for _ in range(8):
                person.presses("PageDown")
            person.waits_for("S-MORE-56")
            person.presses("Enter")
            person.waits_for("there is nothing to erase")
        assert not (place / "spool").exists()
