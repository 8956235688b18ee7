"""A kernel that oopses and goes on, one that panics, and what is left of both."""

import base64
import json
import pathlib
import socket
import subprocess
import tempfile

import content
import machine
from http_server import Server
from machine import HOST, Machine

SERIAL = "C-1"
# An oops in the middle of a run: the disk is slow, and one who calls sethostname meets two bytes that are no
# instruction. Then a panic.
SCRIPT = """
echo "quietus.mode=erase quietus.order=/order.json quietus.heartbeat=1 quietus.report={url}/run" >/tmp/line
(
    while ! grep -q 'writing' /tmp/said; do sleep 0.2; done
    kill -STOP $(pidof quietus) # so that it is in the middle of it, however long this takes
    echo "ADDRESS $(grep ' __x64_sys_sethostname$' /proc/kallsyms)"
    read unused </dev/console
    hostname broken
    echo "HOSTNAME $?"
    kill -CONT $(pidof quietus)
) &
quietus agent --command-line /tmp/line 2>&1 | tee /tmp/said
command_line=/tmp/line
keep_kernel_trouble
sync
echo PANICS
echo c >/proc/sysrq-trigger
"""


class Debugger:
    """QEMU's gdb stub, for one thing: writing into the guest's memory, protected or not."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))

    def ask(self, text):
        self.socket.sendall(b"$" + text.encode() + b"#%02x" % (sum(text.encode()) % 256))
        while True:
            answer = b""
            while b"#" not in answer[-3:-2]:
                answer += self.socket.recv(1)
            self.socket.sendall(b"+")
            answer = answer.split(b"$")[-1][:-3].decode()
            if not answer.startswith("T"):  # it says by itself that it has stopped
                return answer

    def write(self, address, data):
        answer = self.ask(f"M{address:x},{len(data):x}:{data.hex()}")
        assert answer == "OK", f"{answer} for {address:x}"

    def go_on(self):
        self.ask("D")


def sign_order(folder):
    subprocess.run([machine.QUIETUS, "keygen", folder / "site"], check=True, capture_output=True)
    (folder / "description.json").write_text(json.dumps({
        "server": {"serial": machine.SERIAL, "uuid": machine.UUID}, "holds": "not-checked",
        "disks": [{"serial": SERIAL, "content": "not-checked"}]}))
    subprocess.run([machine.QUIETUS, "order", "--key", folder / "site.key", "-o", folder / "order.json",
                    folder / "description.json"], check=True, capture_output=True)
    site = folder / "site.img"
    subprocess.run([machine.TOP / "scripts/site", "--trust", folder / "site.pub", site], check=True)
    return site


def payload(folder, pattern):
    files = list(folder.glob(pattern))
    assert len(files) == 1, f"{pattern}: {sorted(folder.glob('*'))}"
    return json.loads(base64.b64decode(json.loads(files[0].read_text())["payload"]))


def oops(folder, order, site, disk, url, store):
    script = machine.many(folder / "many.img", SCRIPT.format(url=url), files={"order.json": (order.read_bytes(), 0o644)})
    with Machine([disk], "rdinit=/many nokaslr", initrds=[script, site], keyboard=True,
                 extra=[*store, "-gdb", f"unix:{folder}/gdb,server=on,wait=off"]) as vm:
        address = int(vm.wait_for(r"ADDRESS (\w+) T").group(1), 16)
        debugger = Debugger(folder / "gdb")
        debugger.write(address, b"\x0f\x0b")  # ud2
        debugger.go_on()
        vm.type("\n")
        vm.wait_for("Kernel panic - not syncing: sysrq triggered crash")
        vm.wait_until_off()
        return vm.console()


def test_oops_and_panic():
    """After an oops the erase goes on, and its certificate and the record say what it means; the sign of life was
    there; what a panic leaves in the firmware's store is delivered by the next boot, and the store is empty then."""
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        www = folder / "www"
        www.mkdir()
        site = sign_order(folder)
        path = content.blank(folder / "disk.img", 24)
        disk = ["-drive", f"if=none,id=c,format=raw,cache=unsafe,file={path},throttling.bps-write={4 << 20}",
                "-device", f"virtio-blk-pci,drive=c,serial={SERIAL}"]
        store = ["-object", f"memory-backend-file,id=erst,mem-path={folder}/erst,size=65536,share=on",
                 "-device", "acpi-erst,memdev=erst"]
        with Server(www) as server:
            url = f"http://{HOST}:{server.port}"
            console = oops(folder, folder / "order.json", site, disk, url, store)
            assert "invalid opcode" in console and "HOSTNAME 139" in console, console
            certificate = payload(www / "run", "*certificate.json")
            assert certificate["disposition"] == "erased", console
            assert [text for text in certificate["exceptions"] if "oopsed" in text], certificate["exceptions"]
            trouble = payload(www / "run", "*record.json")["kernel_trouble"]
            assert trouble["tainted"] & 128 and any("sethostname" in line for line in trouble["log"]), trouble
            assert "sethostname" in (www / f"run/{machine.SERIAL}-kernel-log.txt").read_text()
            life = json.loads(next((www / "run").glob("*.heartbeat")).read_text())
            assert (life["state"], life["exit_status"]) == ("ended", 0)
            beats = [path for method, path in server.requests if path.endswith(".heartbeat")]
            assert len(beats) >= 2, server.requests  # one while it ran, and the last
            with Machine(kernel_options=f"quietus.report={url}/next", extra=store) as vm:
                assert vm.wait_for_end() == 0
                assert "a kernel has crashed here before this boot" in vm.console()
            crashes = list((www / "next").glob("*crash*"))
            assert any("sysrq triggered crash" in crash.read_text(errors="replace") for crash in crashes), crashes
            said = b"sysrq triggered crash"
            assert said not in (folder / "erst").read_bytes()
