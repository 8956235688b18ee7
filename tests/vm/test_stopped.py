"""What goes wrong on the way to the end of a run: said on every console, and the documents that are in memory are still
kept, on a stick that comes later (law 8)."""

import contextlib
import pathlib
import re
import tempfile
import time

import machine
import stick
from machine import Machine, QUIETUS
from monitor import Monitor
from test_vm import quietus

# In the place of the agent: it leaves a record in the spool, and then something dies.
DIES = """#!/bin/sh
case $1 in
{command})
    quietus.real agent --command-line /dev/null
    {death}
    exit
    ;;
esac
exec quietus.real "$@"
"""


@contextlib.contextmanager
def stops(command, death, words=""):
    """A machine with a serial line and a monitor as consoles, of which the monitor is /dev/console, and a stick that is
    not yet put in: (machine, monitor, stick)."""
    with tempfile.TemporaryDirectory(prefix="quietus-stopped-") as name:
        folder = pathlib.Path(name)
        image = stick.make(folder / "stick.img")
        dies = machine.overlay(folder / "dies.img", {
            "bin/quietus": (DIES.format(command=command, death=death), 0o755),
            "bin/quietus.real": (QUIETUS.read_bytes(), 0o755)})
        with Machine([["-device", "qemu-xhci,id=xhci", "-blockdev", f"driver=file,node-name=stick,filename={image}"]],
                     f"console=tty0 no-scroll quietus.settle=1 {words}", initrds=[dies], network=False,
                     extra=["-vga", "std"]) as vm:
            yield vm, Monitor(vm, folder), stick.Stick(image)


def keeps_its_documents(vm, monitor, it, message):
    vm.wait_for(f"=== {message}(?s:.*)=== {message}")
    monitor.waits_for(f"^=== {message}")
    # Whole lines, although what died had the terminal in another mode.
    assert len(re.findall(rf"\r\n=== {message}[^\n]*===\r\n", vm.log_path.read_bytes().decode())) == 2
    vm.qmp("device_add", driver="usb-storage", bus="xhci.0", drive="stick", id="stick", serial="STICK")
    vm.wait_for("stick: it has all documents so far")
    monitor.waits_for("stick: it has all documents so far")
    end = time.monotonic() + 60
    while not any(name.endswith("-stopped.txt") for name in it.names("logs")):
        assert time.monotonic() < end, vm.console()
        time.sleep(0.2)
    assert vm.process.poll() is None
    with tempfile.TemporaryDirectory(prefix="quietus-stopped-") as name:
        files = list(it.copy_out("certificates", pathlib.Path(name, "out")).iterdir())
        assert [path.name.endswith("-record.json") for path in files] == [True], files
        quietus("check", *files, status=3)


def test_the_screen_dies():
    """As by SIGSEGV or the OOM killer, with a terminal as the screen needs it."""
    with stops("tui", "for tty in ttyS0 tty0; do stty raw -echo </dev/$tty; done; kill -SEGV $$") as it:
        keeps_its_documents(*it, "QUIETUS STOPPED: the agent ended with 139")


def test_the_boot_script_dies():
    with stops("agent", "kill -KILL $PPID", "quietus.mode=inspect") as it:
        keeps_its_documents(*it, "QUIETUS STOPPED: the boot script ended with 137")


def test_ctrl_alt_del():
    """A button of a BMC's viewer: it restarts nothing, while the documents are in memory alone as before and after."""
    with Machine(kernel_options="console=tty0 quietus.mode=inspect quietus.settle=1", network=False,
                 extra=["-vga", "std"]) as vm:
        keys = [{"type": "qcode", "data": key} for key in ("ctrl", "alt", "delete")]
        vm.wait_for("quietus: Quietus")
        for time_of_run in ("Disks +0", "no poweroff: 1 documents are in /run/quietus/spool alone"):
            vm.wait_for(time_of_run)
            said = vm.console().count("Ctrl-Alt-Del does nothing here")
            vm.qmp("send-key", keys=keys)
            vm.wait_for(f"(?s)(Ctrl-Alt-Del does nothing here.*){{{said + 1}}}", 60)
        time.sleep(3)
        assert vm.process.poll() is None and vm.console().count("quietus: Quietus") == 1, vm.console()
