"""Disks with real content, and looking for what is left of it."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

SECTOR = 512
MIB = 1 << 20


def run(*command, **options):
    """Runs a tool that must succeed; its output is shown if it does not."""
    done = subprocess.run([str(c) for c in command], capture_output=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout.decode()


def blank(path, megabytes):
    with open(path, "wb") as image:
        image.truncate(megabytes * MIB)
    return path


def canary(name):
    """A text that occurs nowhere else, to be searched for afterwards."""
    return f"QUIETUS-TEST-CANARY-{name}-" + hashlib.sha256(name.encode()).hexdigest()


def _write_files(folder, name, megabytes):
    """A tree of files such as a server has, every one with the canary in every 4 KiB."""
    line = (canary(name) + " customer record, keep confidential\n").encode()
    block = (line * (4096 // len(line) + 1))[:4096]
    for i in range(max(1, megabytes * MIB // 65536)):
        sub = pathlib.Path(folder) / f"dir{i % 16}"
        sub.mkdir(exist_ok=True)
        (sub / f"file{i}.txt").write_bytes(b"".join(
            block[:-16] + f"{i:08d}{k:07d}\n".encode() for k in range(16)))


def ext4(path, name, megabytes, filled, offset=0, label="data"):
    """An ext4 file system with `filled` MiB of files, put into an image at an offset."""
    folder = tempfile.mkdtemp(prefix="quietus-files-")
    try:
        _write_files(folder, name, filled)
        part = f"{path}.part"
        blank(part, megabytes)
        run("mkfs.ext4", "-q", "-F", "-L", label, "-d", folder, part)
        insert(path, part, offset)
    finally:
        shutil.rmtree(folder)


def insert(path, part, offset):
    """Copies a partition's image into a disk's, leaving holes where it has zeros."""
    with open(part, "rb") as source, open(path, "r+b") as target:
        at = offset
        while block := source.read(MIB):
            if block.count(0) != len(block):
                target.seek(at)
                target.write(block)
            at += len(block)
    os.unlink(part)


def partition(path, *sizes):
    """A GPT with partitions of so many MiB each, the first at 1 MiB."""
    script = "label: gpt\n" + "".join(f"size={size}MiB\n" for size in sizes)
    run("sfdisk", "-q", path, input=script.encode())


def disk_with_ext4(path, name, megabytes):
    """GPT, a small FAT partition and an ext4 file system full of files."""
    blank(path, megabytes)
    partition(path, 16, megabytes - 20)
    fat = f"{path}.fat"
    blank(fat, 16)
    run("mkfs.vfat", "-n", "EFI", fat)
    insert(path, fat, MIB)
    ext4(path, name, megabytes - 20, (megabytes - 20) * 2 // 3, offset=17 * MIB)
    return path


def disk_with_luks(path, name, megabytes):
    """A LUKS volume; what would be its ciphertext is known bytes, so that it can be looked for."""
    blank(path, megabytes)
    run("cryptsetup", "luksFormat", "-q", "--type", "luks2", "--pbkdf", "pbkdf2",
        "--pbkdf-force-iterations", "1000", path, "-", input=b"passphrase")
    with open(path, "r+b") as image:
        image.seek(16 * MIB)
        for i in range((megabytes - 20) * MIB // 65536):
            image.write(canary(name).encode().ljust(4096, b"=") + os.urandom(65536 - 4096))
    return path


def disk_with_lvm(path, name, megabytes):
    """LVM: a volume group with a logical volume that holds an ext4 file system. The volume is put into
    the group's metadata by restoring an edited copy: lvcreate would want device-mapper."""
    blank(path, megabytes)
    loop = run("losetup", "-f", "--show", path).strip()
    group = "quietus" + hashlib.sha256(str(path).encode()).hexdigest()[:8]
    text = pathlib.Path(f"{path}.lvm")
    lvm = ["--config", f'devices {{ filter=["a|^{loop}$|","r|.*|"] use_devicesfile=0 }} '
                       'backup { backup=0 archive=0 }']
    try:
        run("pvcreate", "-q", "-y", *lvm, loop)
        run("vgcreate", "-q", *lvm, group, loop)
        run("vgcfgbackup", "-q", *lvm, "-f", text, group)
        metadata = text.read_text()
        extents = re.search(r"pe_count = (\d+)", metadata).group(1)
        volume = f"""
            logical_volumes {{ root {{
                id = "aaaaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaaaa"
                status = ["READ", "WRITE", "VISIBLE"]
                segment_count = 1
                segment1 {{ start_extent = 0
                    extent_count = {extents}
                    type = "striped"
                    stripe_count = 1
                    stripes = [ "pv0", 0 ] }} }} }}
            """
        end = metadata.rindex("}")
        text.write_text(metadata[:end] + volume + metadata[end:])
        run("vgcfgrestore", "-q", *lvm, "-f", text, group)
    finally:
        run("losetup", "-d", loop)
        text.unlink(missing_ok=True)
    ext4(path, name, megabytes - 8, (megabytes - 8) * 2 // 3, offset=MIB, label="root")
    return path


def digest(path):
    with open(path, "rb") as image:
        return hashlib.file_digest(image, "sha256").hexdigest() if hasattr(hashlib, "file_digest") \
            else hashlib.sha256(image.read()).hexdigest()


def count(path, text):
    """How often a text occurs in a raw image."""
    found = 0
    tail = b""
    needle = text.encode()
    with open(path, "rb") as image:
        while block := image.read(4 * MIB):
            data = tail + block
            found += data.count(needle)
            tail = data[-(len(needle) - 1):]
    return found


def distinct_sectors(path):
    """The sectors of an image that could be told from an erased one: digest of each that is not of
    one byte."""
    sectors = set()
    with open(path, "rb") as image:
        while block := image.read(4 * MIB):
            for at in range(0, len(block), SECTOR):
                sector = block[at:at + SECTOR]
                if sector.count(sector[0]) != len(sector):
                    sectors.add(hashlib.blake2b(sector, digest_size=16).digest())
    return sectors


def residue(path, before):
    """How many sectors of an image are, anywhere, one of those that were on it before."""
    left = 0
    with open(path, "rb") as image:
        while block := image.read(4 * MIB):
            for at in range(0, len(block), SECTOR):
                sector = block[at:at + SECTOR]
                if hashlib.blake2b(sector, digest_size=16).digest() in before:
                    left += 1
    return left
