"""A stick as a technician has it: a vfat partition labelled QUIETUS, filled and read with mtools."""

import contextlib
import pathlib
import subprocess

import content

SECTOR = 512
START = 2048


def _tool(name, *arguments, **options):
    return content.run(name, *arguments, env={"MTOOLS_SKIP_CHECK": "1", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
                       **options)


def make(path, megabytes=16):
    """A stick with a partition table and one empty partition."""
    content.blank(path, megabytes)
    content.run("sfdisk", "-q", path, input=f"label: dos\nstart={START}, type=c\n".encode())
    content.run("mkfs.vfat", "-n", "QUIETUS", "--offset", START, path, (megabytes << 10) - START // 2)
    return path


class Stick:
    """The file system of an image, at an offset in bytes."""

    def __init__(self, path, offset=START * SECTOR):
        self.image = f"{path}@@{offset}"

    def put(self, name, data):
        """Writes a file, with its folders, that the technician's PC puts there."""
        self.make_folders(*sorted(str(f) for f in pathlib.PurePosixPath(name).parents if str(f) != "."))
        data = data.encode() if isinstance(data, str) else data
        _tool("mcopy", "-o", "-i", self.image, "-", f"::/{name}", input=data)

    def make_folders(self, *folders):
        for folder in folders:
            subprocess.run(["mmd", "-D", "s", "-i", self.image, f"::/{folder}"], capture_output=True)

    def fill(self):
        """Until not even a small file goes on it; the folders are there."""
        self.make_folders("orders", "keys", "certificates", "logs", "state")
        for size in (1 << 20, 1 << 16, 1 << 11):
            with contextlib.suppress(RuntimeError):
                for number in range(1000):
                    self.put(f"filler/{size}-{number}", b"x" * size)

    def names(self, folder):
        listed = _tool("mdir", "-b", "-i", self.image, f"::/{folder}/")
        return sorted(line.rsplit("/", 1)[1] for line in listed.splitlines() if line and not line.endswith("/"))

    def copy_out(self, folder, target, whole_only=False):
        """All files of a folder, in a new one. whole_only: without those that were only being written (of these there
        may be a name and no clusters)."""
        target = pathlib.Path(target)
        target.mkdir()
        for name in self.names(folder):
            if not (whole_only and ".tmp" in name):
                _tool("mcopy", "-i", self.image, f"::/{folder}/{name}", target / name)
        return target
