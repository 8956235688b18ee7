"""A virtual machine that boots the image: QEMU under TCG, with a time limit, ended by its own pid."""

import contextlib
import gzip
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
OUT = pathlib.Path(os.environ.get("QUIETUS_OUT", TOP / "out"))
BUILD = pathlib.Path(os.environ.get("QUIETUS_BUILD", TOP / "build"))
QUIETUS = OUT / "quietus"

# The guest reaches servers on the host's loopback by this address (QEMU's user network).
HOST = "10.0.2.2"

# Two good factors of a server's identity, as QEMU puts them into SMBIOS.
SERIAL = "QT-SRV-0042"
UUID = "6a1f3c52-9d0e-4b7a-8c11-0f5e2d7b9a01"
BOARD = "QT-BOARD-77"
MAC = "52:54:00:51:54:01"

# Processors take turns: where each runs in a thread of its own, one may go on executing a breakpoint that another has taken
# out of the kernel's text again, and the kernel dies of it (seen once in some thousand boots, as "Oops: int3").
ACCELERATOR = ("-accel", "tcg,thread=single")


# Seconds from power-on until a test is given up. On an idle machine few take 60; on one with other work to do all of
# this may last five times as long, and whoever waits here waits no longer for that.
TIME_LIMIT = 600


def sata(path, serial, **options):
    """QEMU arguments of a SATA disk on the machine's AHCI controller."""
    return _drive(path, options) + ["-device", f"ide-hd,drive={_id(path)},serial={serial},rotation_rate=7200"]


def sas(path, serial, wwn="0x5000c5000a0b0c0d", **options):
    """A SAS disk behind an LSI 1068."""
    return _drive(path, options) + [
        "-device", f"mptsas1068,id=hba-{_id(path)}",
        "-device", f"scsi-hd,bus=hba-{_id(path)}.0,drive={_id(path)},serial={serial},wwn={wwn},"
                   f"rotation_rate=10000,product=SAS-DISK,vendor=QUIETEST"]


def scsi(path, serial, **options):
    """A SCSI disk behind virtio-scsi; extra: properties of scsi-hd."""
    extra = options.pop("extra", "")
    return _drive(path, options) + [
        "-device", f"virtio-scsi-pci,id=hba-{_id(path)}",
        "-device", f"scsi-hd,bus=hba-{_id(path)}.0,drive={_id(path)},serial={serial}{extra}"]


def nvme(path, serial, **options):
    """An NVMe drive with one namespace."""
    extra = options.pop("extra", "")
    return _drive(path, options) + ["-device", f"nvme,drive={_id(path)},serial={serial}{extra}"]


def nvme_namespaces(paths, serial):
    """An NVMe drive with a namespace for each image."""
    arguments = ["-device", f"nvme,id=nvme-{_id(paths[0])},serial={serial}"]
    for nsid, path in enumerate(paths, 1):
        arguments += _drive(path, {}) + ["-device", f"nvme-ns,bus=nvme-{_id(paths[0])},drive={_id(path)},nsid={nsid}"]
    return arguments


def usb_stick(path, serial, **options):
    extra = options.pop("extra", "")
    return _drive(path, options) + ["-device", "qemu-xhci,id=xhci", "-device",
                                    f"usb-storage,bus=xhci.0,drive={_id(path)},serial={serial}{extra}"]


def _id(path):
    return "d" + re.sub(r"[^A-Za-z0-9]", "_", pathlib.Path(path).stem)


def _drive(path, options):
    text = f"id={_id(path)},if=none,cache=unsafe"
    blkdebug = options.pop("blkdebug", None)
    if blkdebug:
        text += f",driver=raw,file.driver=blkdebug,file.config={blkdebug},file.image.driver=file," \
                f"file.image.filename={path}"
    else:
        text += f",file={path},format={options.pop('format', 'raw')}"
    for name, value in options.items():
        text += f",{name.replace('_', '-')}={value}"
    return ["-drive", text]


def _has_nvme(disks, extra):
    return any(argument.startswith("nvme,") for disk in [*disks, extra] for argument in disk)


def _program(sim_drives, memory, newer_qemu):
    """Debian's QEMU; or the newer one, whose memory simulated drives can get at, and whose NVMe drives lose no completions
    (7.2's do, in a machine whose processors take turns; the driver finds them half a minute later)."""
    if not sim_drives:
        return [str(BUILD / "qemu/run") if newer_qemu else "qemu-system-x86_64", "-machine", "q35"]
    return [str(BUILD / "qemu/run"), "-machine", "q35,memory-backend=memory",
            "-object", f"memory-backend-memfd,id=memory,size={memory}M,share=on"]


class Machine:
    """Starts on construction; use as a context manager, which ends it."""

    def __init__(self, disks=(), kernel_options="", initrds=(), network=True, memory=768, tftp=None,
                 bootfile=None, extra=(), direct=True, only=None, log=None, time_limit=TIME_LIMIT,
                 sim_drives=None, keyboard=False, prefix=(), newer_qemu=False, processors=1):
        """only: initrds to boot instead of the image; sim_drives: a simulated.Simulation; keyboard: type()
        can be used on the serial console; prefix: what QEMU is run by, such as "ip netns exec NAME"; processors: a second one
        makes a boot cost half as much again."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quietus-vm-"))
        self.log_path = pathlib.Path(log) if log else self.folder / "serial.log"
        self.time_limit = time_limit
        self.started = time.monotonic()
        arguments = [
            *prefix, *_program(sim_drives, memory, newer_qemu or _has_nvme(disks, extra)), *ACCELERATOR, "-cpu", "max",
            "-m", str(memory), "-smp", str(processors),
            "-nodefaults", "-display", "none", "-no-reboot", "-boot", "order=n" if tftp else "order=c",
            "-chardev", f"socket,id=serial,path={self.folder}/serial,server=on,wait=off,logfile={self.log_path}"
            if keyboard else f"file,id=serial,path={self.log_path}", "-serial", "chardev:serial",
            "-qmp", f"unix:{self.folder}/qmp,server=on,wait=off",
            "-smbios", f"type=1,manufacturer=Quietest,product=Bench,serial={SERIAL},uuid={UUID}",
            "-smbios", f"type=2,serial={BOARD}",
        ]
        if network:
            user = "user,id=net0"
            if tftp:
                user += f",tftp={tftp},bootfile={bootfile}"
            arguments += ["-netdev", user, "-device", f"e1000,netdev=net0,mac={MAC},id=nic0"]
        if direct:
            initrd = self.folder / "initrd"
            with open(initrd, "wb") as joined:
                for part in only or [OUT / "initramfs.img", *initrds]:
                    joined.write(pathlib.Path(part).read_bytes())
            arguments += ["-kernel", str(OUT / "vmlinuz"), "-initrd", str(initrd), "-append",
                          f"console=ttyS0 no_timer_check panic=10 libata.allow_tpm=1 quietus.done=poweroff "
                          f"{'' if 'ignore_loglevel' in kernel_options else 'quiet '}{kernel_options}"]
        for disk in disks:
            arguments += disk
        if sim_drives:
            arguments += sim_drives.qemu_arguments()
        arguments += extra
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL,
                                        stderr=open(self.folder / "qemu.err", "wb"))
        self._qmp = self._keyboard = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def console(self):
        """What the serial console has shown so far, without terminal sequences."""
        try:
            text = self.log_path.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1bc|\r", "", text)

    def fail(self, what):
        errors = (self.folder / "qemu.err").read_text(errors="replace")
        raise AssertionError(f"{what}\n--- console ---\n{self.console()[-6000:]}\n{errors[-2000:]}")

    def wait_for(self, pattern, seconds=None):
        """Waits until the console shows the regular expression; returns the match."""
        end = self.started + self.time_limit if seconds is None else time.monotonic() + seconds
        while True:
            match = re.search(pattern, self.console())
            if match:
                return match
            if self.process.poll() is not None:
                match = re.search(pattern, self.console())
                return match if match else self.fail(f"the machine ended without showing {pattern!r}")
            if time.monotonic() > end:
                self.fail(f"no {pattern!r} in time")
            time.sleep(0.05)

    def wait_until_off(self):
        """Waits until the machine powers off."""
        left = self.started + self.time_limit - time.monotonic()
        try:
            self.process.wait(timeout=max(left, 0.1))
        except subprocess.TimeoutExpired:
            self.fail("the machine did not power off in time")

    def wait_for_end(self):
        """Waits until the machine powers off; returns the agent's exit status as init shows it."""
        self.wait_until_off()
        match = re.search(r"agent ended with exit status (\d+)", self.console())
        if not match:
            self.fail("the agent's exit status was not shown")
        return int(match.group(1))

    def qmp(self, command, **arguments):
        """Sends a command to QEMU's monitor and returns its answer."""
        if self._qmp is None:
            while not (self.folder / "qmp").exists() and self.process.poll() is None:
                time.sleep(0.02)
            self._qmp = socket.socket(socket.AF_UNIX)
            self._qmp.settimeout(60)
            self._qmp.connect(f"{self.folder}/qmp")
            self._lines = self._qmp.makefile("r")
            self._lines.readline()
            self.qmp("qmp_capabilities")
        message = {"execute": command}
        if arguments:
            message["arguments"] = {k.replace("_", "-"): v for k, v in arguments.items()}
        self._qmp.sendall(json.dumps(message).encode() + b"\n")
        while True:
            answer = json.loads(self._lines.readline())
            if "error" in answer:
                raise RuntimeError(answer["error"])
            if "return" in answer:
                return answer["return"]

    def type(self, text):
        """Types on the serial console, with a pause, since what is typed ahead of a question about a secret is
        thrown away."""
        time.sleep(0.5)
        if self._keyboard is None:
            self._keyboard = socket.socket(socket.AF_UNIX)
            self._keyboard.connect(f"{self.folder}/serial")
            # What the console shows is in the log; but it stops if nobody takes it here.
            threading.Thread(target=self._drain, args=(self._keyboard,), daemon=True).start()
        self._keyboard.sendall(text.encode())

    @staticmethod
    def _drain(connection):
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                pass

    def set_network(self, up):
        self.qmp("set_link", name="nic0", up=up)

    def kill(self):
        """Pulls the plug."""
        for connection in (self._qmp, self._keyboard):
            if connection:
                connection.close()
        self._qmp = self._keyboard = None
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def overlay(path, files):
    """An image to be loaded beside the initramfs: {path in it: (content, mode)}."""
    folders = sorted({str(parent) for name in files for parent in pathlib.PurePosixPath(name).parents
                      if str(parent) not in (".", "/")})
    entries = [(name, 0o40755, b"") for name in folders] + [
        (name.lstrip("/"), 0o100000 | mode, content if isinstance(content, bytes) else content.encode())
        for name, (content, mode) in files.items()] + [("TRAILER!!!", 0, b"")]
    data = b""
    for number, (name, mode, content) in enumerate(entries):
        header = [number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        data += b"070701" + b"".join(b"%08x" % value for value in header) + name.encode() + b"\0"
        data += b"\0" * (-len(data) % 4) + content
        data += b"\0" * (-len(data) % 4)
    pathlib.Path(path).write_bytes(gzip.compress(data))
    return path


# A stand-in for init's last part, for tests that run several commands in one boot. What comes before
# the agent is the image's own.
MANY = """#!/bin/sh
PATH=/bin
. /lib/quietus/functions
. /lib/quietus/network
mount_kernel_file_systems
start_consoles
load_drivers
wait_for_disks
drop_network_drivers
{network}
{body}
echo ALL-DONE
sleep 1
poweroff -f
"""


def many(path, body, network=True, files=None):
    """An overlay whose /many runs a shell script in the booted image; boot with rdinit=/many. files: more
    of them, as overlay takes them."""
    return overlay(path, {"many": (MANY.format(
        body=body, network="start_network" if network else ""), 0o755), **(files or {})})


def throttled(rates):
    """Lines for a script: what it starts from then on writes at so many bytes a second to each block device, by the
    kernel's own limits (blk-throttle by cgroup v2 io.max). rates: [(name of the block device, rate)]."""
    group = "/sys/fs/cgroup/throttled"
    lines = ["mount -t cgroup2 none /sys/fs/cgroup", "echo +io >/sys/fs/cgroup/cgroup.subtree_control", f"mkdir {group}"]
    lines += [f'echo "$(cat /sys/class/block/{name}/dev) wbps={int(rate)}" >{group}/io.max || echo NOT-THROTTLED'
              for name, rate in rates]
    return "\n".join([*lines, f"echo $$ >{group}/cgroup.procs || echo NOT-THROTTLED", ""])


def libraries_of(program):
    """The shared libraries of a program of this machine, for an overlay."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return {library.lstrip("/"): (pathlib.Path(library).read_bytes(), 0o755)
            for library in re.findall(r"(/(?:usr/)?lib\S+)", listed)}


def host_tools(*names):
    """Programs of this machine with their libraries, for an overlay: they are in the guest's /bin."""
    files = {}
    for name in names:
        program = shutil.which(name)
        if not program:
            raise RuntimeError(f"there is no {name} on this machine")
        files[f"bin/{name}"] = (pathlib.Path(program).read_bytes(), 0o755)
        files.update(libraries_of(program))
    return files
