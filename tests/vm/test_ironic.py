"""The hardware manager of initramfs/ironic with the real program in a machine, under a stand-in for
ironic-python-agent: no real agent is run."""

import json
import pathlib
import re
import subprocess
import tempfile

import content
import machine
from http_server import Server
from machine import HOST, Machine, TOP

SERIAL = "I-1"
STAND_IN = TOP / "tests/vm/stand_in_ipa"
SCRIPT = """
mkdir -p /usr/local/bin
cp /bin/quietus /usr/local/bin/quietus
export PYTHONHOME=/usr PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/ipa
python3.11 /ipa/clean.py /cases.json
"""


def python_for_guest():
    """Debian's Python with the modules that the manager and the stand-in import; and the codecs, found by name."""
    names = "base64, glob, json, logging, os, subprocess, tempfile, encodings.ascii, encodings.latin_1, random"
    listed = subprocess.run(
        ["/usr/bin/python3.11", "-I", "-c", f"import sys, {names}\n"
         "print('\\n'.join(m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None)))"],
        capture_output=True, text=True, check=True).stdout.split()
    files = {"bin/python3.11": (pathlib.Path("/usr/bin/python3.11").read_bytes(), 0o755),
             **machine.libraries_of("/usr/bin/python3.11")}
    for path in set(listed):
        if path.startswith("/usr/lib/python3"):
            files[path.lstrip("/")] = (pathlib.Path(path).read_bytes(), 0o644)
            if path.endswith(".so"):
                files.update(machine.libraries_of(path))
    return files


def sign_order(folder, name, **server):
    (folder / "description.json").write_text(json.dumps({
        "server": {"serial": machine.SERIAL, "uuid": machine.UUID, **server}, "holds": "not-checked",
        "disks": [{"serial": SERIAL, "content": "not-checked"}]}))
    subprocess.run([machine.QUIETUS, "order", "--key", folder / "site.key", "-o", folder / name,
                    folder / "description.json"], check=True, capture_output=True)
    return json.loads((folder / name).read_text())


def test_hardware_manager():
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        www = folder / "www"
        www.mkdir()
        subprocess.run([machine.QUIETUS, "keygen", folder / "site"], check=True, capture_output=True)
        subprocess.run([TOP / "scripts/site", "--trust", folder / "site.pub", folder / "site.img"], check=True)
        path = content.disk_with_ext4(folder / "disk.img", "disk", 32)
        with Server(www) as server:
            report = f"http://{HOST}:{server.port}/{{serial}}"
            quick = ["quietus.deliver=3"]
            cases = {
                "nowhere": {"extra": {"quietus_order": sign_order(folder, "good.json")}},
                "none": {"extra": {"quietus_report": report}},
                "blank": {"extra": {"quietus_report": report, "quietus_order": "/a b"}},
                "other": {"extra": {"quietus_report": report, "quietus_words": quick,
                                    "quietus_order": sign_order(folder, "other.json", serial="QT-SRV-9")}},
                "inspect": {"extra": {"quietus_report": report}, "step": "quietus_inspect"},
                "good": {"extra": {"quietus_report": report, "quietus_order": sign_order(folder, "good.json")}},
            }
            files = {"cases.json": (json.dumps(cases), 0o644),
                     "ipa/quietus_hardware.py": ((TOP / "initramfs/ironic/quietus_hardware.py").read_bytes(), 0o644)}
            for source in STAND_IN.rglob("*.py"):
                files[f"ipa/{source.relative_to(STAND_IN)}"] = (source.read_bytes(), 0o644)
            script = machine.many(folder / "many.img", SCRIPT, files={**files, **python_for_guest()})
            with Machine([machine.nvme(path, SERIAL)], "rdinit=/many", initrds=[script, folder / "site.img"]) as vm:
                vm.wait_for("ALL-DONE")
                console = vm.console()
        # One step of each case, and Quietus's: IPA's own would have given "generic".
        found = {case: (step, json.loads(text))
                 for case, step, text in re.findall(r"CASE (\w+) (\w+) (\{.*\})", console)}
        assert sorted(found) == sorted(cases), console
        assert all(step == cases[case].get("step", "erase_devices") for case, (step, _) in found.items()), console
        errors = {case: outcome.get("error", "") for case, (_, outcome) in found.items()}
        assert "no address to send certificates to" in errors["nowhere"]
        assert "has no order" in errors["none"]
        assert "has a blank in it" in errors["blank"]
        assert "ended with status 11" in errors["other"] and f"{SERIAL} (" in errors["other"], errors["other"]
        assert "another server" in errors["other"], errors["other"]
        inspected = found["inspect"][1]["result"]
        assert [disk["disposition"] for disk in inspected["disks"]] == ["excluded"], inspected
        result = found["good"][1]["result"]
        assert result["exit_status"] == 0 and [disk["disposition"] for disk in result["disks"]] == ["erased"], result
        assert content.count(path, content.canary("disk")) == 0
        # What the step passes on is what was delivered, and both can be checked.
        for file, envelope in result["documents"].items():
            assert json.loads((www / machine.SERIAL / file).read_text()) == envelope
            (folder / file).write_text(json.dumps(envelope))
            done = subprocess.run([machine.QUIETUS, "check", folder / file], capture_output=True, text=True)
            assert done.returncode == 3, done.stdout
        assert sum(file.endswith("certificate.json") for file in result["documents"]) == 1
