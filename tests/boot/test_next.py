"""quietus.done=next under UEFI: the firmware's next entry boots, and after it the first again."""

import pathlib

from boots import machine, network, run, site, uefi, usb
from machine import OUT, TOP, Machine
from test_boot import folder_for, words


def test_uefi_on_to_the_next_device():
    """The first entry is the network, which has Quietus; the second a stick, which has a kernel that says that it
    is up. No hand in between."""
    place = site()
    folder = folder_for(place, "uefi-next")
    place.uki("uefi-next/quietus", words(place, "uefi-next-out").replace("done=poweroff", f"done=next quietus.mark={place.url}/uefi-next-out/{{serial}}-done")
              .replace("mode=erase", "mode=inspect"))
    stick = folder / "stick.img"
    run(TOP / "initramfs/uki", OUT / "vmlinuz", machine.overlay(folder / "bare.img", {
        "init": ("#!/bin/busybox sh\n/bin/busybox mount -t devtmpfs dev /dev\necho BARE-IS-UP >/dev/console\n"
                 "/bin/busybox poweroff -f\n", 0o755), "dev/null": (b"", 0o644),
        "bin/busybox": (pathlib.Path("/bin/busybox").read_bytes(), 0o755)}), "console=ttyS0 quiet", folder / "bare.efi")
    size = (folder / "bare.efi").stat().st_size // (1 << 20) + 8
    run("truncate", "-s", f"{size}M", stick)
    run("mkfs.vfat", stick)
    run("mmd", "-i", stick, "::EFI", "::EFI/BOOT")
    run("mcopy", "-i", stick, folder / "bare.efi", "::EFI/BOOT/BOOTX64.EFI")
    second = [word.replace("bootindex=0", "bootindex=1") for word in usb(stick)]
    with Machine(network=False, direct=False, memory=1024,
                 extra=[*uefi(folder), *network("virtio-net-pci,romfile=", folder, "quietus.efi"), *second,
                        "-action", "reboot=reset"]) as vm:
        vm.wait_for(r"quietus: the firmware boots Boot[0-9A-F]{4} next")
        vm.wait_for("quietus: exit status 0; next")
        vm.wait_for("BARE-IS-UP")
        console = vm.console()
        vm.wait_until_off()
    assert console.count("quietus: Quietus") == 1, console
    mark = place.www / f"uefi-next-out/{machine.SERIAL}-done"
    assert mark.read_text() == f"exit status 0\nserver {machine.SERIAL}\n"
