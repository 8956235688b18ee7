"""The words of scripts/build --cmdline, as GRUB hands them to the kernel."""

import pathlib
import tempfile

import machine
from boots import run, usb
from machine import OUT, TOP, Machine

INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo "IS $(/bin/busybox cat /proc/cmdline) END"
/bin/busybox poweroff -f
"""

# What a word may hold that means something to GRUB's own language.
WORDS = ("console=ttyS0 quiet quietus.report=http://h/{serial}/?a=1&b=$c;d quietus.mark=http://h/{mac} "
         "quietus.expected=http://h/<*>|[x]!#~`(y) quietus.done=poweroff")


def test_words_of_the_build_under_bios():
    with tempfile.TemporaryDirectory(prefix="quietus-words-") as name:
        folder = pathlib.Path(name)
        bare = machine.overlay(folder / "bare.img", {
            "init": (INIT, 0o755), "proc/.empty": ("", 0o644),
            "bin/busybox": (pathlib.Path("/bin/busybox").read_bytes(), 0o755)})
        image = folder / "bare.iso"
        run(TOP / "initramfs/iso", OUT / "vmlinuz", bare, WORDS, bare, image)
        with Machine(network=False, direct=False, extra=usb(image)) as vm:
            said = vm.wait_for("IS (.*) END", 240).group(1)
            vm.wait_until_off()
    words = said.split()
    assert words[0] == "BOOT_IMAGE=/boot/vmlinuz" and words[-1].startswith("quietus.medium="), said
    assert words[1:-1] == WORDS.split(), said
