"""Simulated drives (tests/sim) for a Machine: the program that serves them, their description, and the
arguments that put them on QEMU's bus."""

import json
import os
import pathlib
import re
import select
import subprocess
import time

import machine

PROGRAM = pathlib.Path(os.environ.get("QUIETUS_SIM", machine.BUILD / "release/tests/sim/quietus-sim"))

# PCI Express root ports that share a slot, as its functions; the first slot that they take on q35.
PORTS_PER_SLOT = 8
FIRST_PORT_SLOT = 0x10


def drive(name, family, **keywords):
    """A section of a description. A keyword with a list stands on several lines; underscores in its
    name are written as hyphens."""
    lines = [f"[drive {name}]", f"family = {family}"]
    for keyword, value in keywords.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            lines.append(f"{keyword.replace('_', '-')} = {one}")
    return "\n".join(lines) + "\n"


def port(name, front, *drives, controller=None):
    """A controller: nvme with one drive, ahci or scsi with several."""
    text = f"[port {name}]\nfront = {front}\ndrives = {' '.join(drives)}\n"
    return text if controller is None else text + f"controller = {controller}\n"


class Simulation:
    """quietus-sim, from construction to close() or the end of the with block. Media, state and sockets
    are in the folder and stay there; a second Simulation of it finds the drives as they were left."""

    def __init__(self, folder, *sections, factor=1, trace=True):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.description = self.folder / "drives.conf"
        self.description.write_text("\n".join(sections))
        self.is_cut = False
        self.ports = re.findall(r"^\[port (\S+)\]\nfront = (\S+)", self.description.read_text(), re.M)
        self.log_path = self.folder / "sim.log"
        command = [str(PROGRAM), "--factor", str(factor), *(["--trace"] if trace else []),
                   str(self.description)]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=log)
        self._wait_until_ready()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _wait_until_ready(self):
        readable, _, _ = select.select([self.process.stdout], [], [], 60)
        if not readable or self.process.stdout.readline() != b"ready\n":
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"quietus-sim did not start:\n{self.log()}")

    def log(self):
        """With trace: a line for each command and its result (trace.h)."""
        return self.log_path.read_text(errors="replace")

    def wait_for(self, pattern, seconds=240):
        """Waits until the log shows the regular expression; returns the match."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            match = re.search(pattern, self.log(), re.M)
            if match:
                return match
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"no {pattern!r} in the simulation's log:\n{self.log()[-4000:]}")

    def media(self, name):
        """The file that holds what is on a drive."""
        return self.folder / f"{name}.media"

    def close(self):
        """Ends it by SIGTERM; an end with an error, or none in time, is one here."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = "not in time"
        self.process.stdout.close()
        if status != 0 and not self.is_cut:
            raise RuntimeError(f"quietus-sim ended with {status}:\n{self.log()[-4000:]}")

    def cut_power(self):
        """Ends it by SIGKILL: what is in the drives' caches is lost."""
        self.process.kill()
        self.process.wait()
        self.is_cut = True

    def qemu_arguments(self):
        """The devices for the ports."""
        arguments = []
        root_ports = 0
        for name, front in self.ports:
            socket = f"{self.folder}/{name}.sock"
            if front == "scsi":
                arguments += ["-chardev", f"socket,id=chardev-{name},path={socket}",
                              "-device", f"vhost-user-scsi-pci,id={name},chardev=chardev-{name}"]
                continue
            device = {"driver": "vfio-user-pci", "id": name, "socket": {"type": "unix", "path": socket}}
            if front == "nvme":
                arguments += _root_port(root_ports)
                device["bus"] = f"rp{root_ports}"
                root_ports += 1
            arguments += ["-device", json.dumps(device)]
        return arguments


def _root_port(number):
    slot = FIRST_PORT_SLOT + number // PORTS_PER_SLOT
    function = number % PORTS_PER_SLOT
    return ["-device", f"pcie-root-port,id=rp{number},chassis={number + 1},addr={slot:#x}.{function:#x},"
                       f"multifunction=on,io-reserve=0"]
