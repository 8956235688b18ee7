"""How time and memory grow with the number of disks and with their size."""

import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile

import content
import machine
from machine import Machine

# Megabytes a second of the slow disk and, at least, of the others, and MiB that each holds: eight seconds.
SLOW, FAST, DISK_MIB = 2, 20, 16
COUNTS = (1, 2, 4, 8, 16)

# MiB of each disk where their number grows, and the sizes of one disk.
EACH, SIZES = 64, (64, 128, 256, 512, 1024)


def many_disks(files):
    """Disks with a speed of their own by the limits of the guest's block layer, the first ten times slower than the
    others: seconds for the first so many of them at once. One machine for all."""
    with tempfile.TemporaryDirectory(prefix="quietus-bench-", dir="/dev/shm") as name:
        folder = pathlib.Path(name)
        disks = []
        for i in range(max(COUNTS)):
            path = content.blank(folder / f"disk{i}.img", DISK_MIB)
            disks.append(["-drive", f"if=none,id=d{i},format=raw,cache=unsafe,file={path}",
                          "-device", f"virtio-blk-pci,drive=d{i},serial=BENCH-{i}"])
        names = [f"vd{chr(ord('a') + i)}" for i in range(max(COUNTS))]
        nodes = [f"/dev/{name}" for name in names]
        body = machine.throttled([(name, (FAST + i if i else SLOW) * 1000000) for i, name in enumerate(names)])
        body += "".join(f"read begin idle </proc/uptime; quietus-engine zero {' '.join(nodes[:count])} >/tmp/log; "
                       f"read end idle </proc/uptime; echo BENCH {count} $begin $end $(sed 's/.*good //; s/ s .*//' /tmp/log)\n"
                       for count in COUNTS)
        script = machine.many(folder / "bench.img", body, network=False, files=files)
        with Machine(disks, "rdinit=/many", initrds=[script], network=False, memory=1024, time_limit=400) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
    assert "NOT-THROTTLED" not in console, console[-2000:]
    rows = []
    for count, begin, end, each in re.findall(r"BENCH (\d+) (\S+) (\S+) ([\d. ]+)", console):
        seconds = [float(value) for value in each.split()]
        assert len(seconds) == int(count), console[-2000:]
        rows.append({"disks": int(count), "seconds": round(float(end) - float(begin), 2), "slowest": max(seconds),
                     "others": round(statistics.median(seconds[1:]), 2) if len(seconds) > 1 else None})
    assert len(rows) == len(COUNTS), console[-2000:]
    return rows


def timed(command):
    """(seconds, peak MiB) of a command."""
    done = subprocess.run([shutil.which("time"), "-f", "%e %M", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    elapsed, peak = done.stderr.split()[-2:]
    return float(elapsed), int(peak) / 1024


def memory_and_time(engine, loops, runs):
    """A random pass and reading all of it back, on loop devices over memory."""
    rows = []
    shapes = [(count, EACH) for count in COUNTS] + [(1, size) for size in SIZES[1:]]
    for count, megabytes in shapes:
        with loops([megabytes] * count) as devices:
            written = [timed([engine, "random", *devices]) for _ in range(runs)]
            subprocess.run([engine, "zero", *devices], check=True, capture_output=True)
            read = [timed([engine, "verify", *devices]) for _ in range(runs)]
        rows.append({"disks": count, "megabytes_each": megabytes,
                     "seconds": round(statistics.median(s for s, _ in written), 3),
                     "verify_seconds": round(statistics.median(s for s, _ in read), 3),
                     "peak_mib": round(max(m for _, m in written + read), 1)})
    return rows


def per_disk(rows):
    """(MiB for each disk, MiB for none): a line through the first and the last number of disks."""
    by_disks = [row for row in rows if row["megabytes_each"] == EACH]
    first, last = by_disks[0], by_disks[-1]
    slope = (last["peak_mib"] - first["peak_mib"]) / (last["disks"] - first["disks"])
    return slope, first["peak_mib"] - slope


# buffers.h: so many disks get 4 MiB each, others half of it.
WITH_ALL_BUFFERS, SAVED = 16, 2


def memory_of(rows, disks):
    slope, base = per_disk(rows)
    return base + slope * disks - SAVED * max(disks - WITH_ALL_BUFFERS, 0)


PLOT = """set terminal svg size 860,380 dynamic background 'white'
set output '{path}'
set multiplot layout 1,2
set key top left
set ytics nomirror
set y2tics
set ylabel 'seconds'
set y2label 'peak memory, MiB'
set yrange [0:*]
set y2range [0:*]
set xlabel 'disks of {each} MiB at once'
plot '{data}' index 0 using 1:2 with linespoints title 'random pass', '' index 0 using 1:3 with linespoints \\
  title 'every byte read', '' index 0 using 1:4 axes x1y2 with linespoints title 'memory'
set xlabel 'MiB of one disk'
plot '{data}' index 1 using 1:2 with linespoints title 'random pass', '' index 1 using 1:3 with linespoints \\
  title 'every byte read', '' index 1 using 1:4 axes x1y2 with linespoints title 'memory'
"""


def plot(rows, path):
    """Time and memory against the number of disks and against capacity."""
    def lines(key, chosen):
        return "\n".join(f"{r[key]} {r['seconds']} {r['verify_seconds']} {r['peak_mib']}" for r in chosen)

    data = (lines("disks", [r for r in rows if r["megabytes_each"] == EACH]) + "\n\n\n"
            + lines("megabytes_each", [r for r in rows if r["disks"] == 1]) + "\n")
    with tempfile.NamedTemporaryFile("w", suffix=".dat") as file:
        file.write(data)
        file.flush()
        subprocess.run(["gnuplot"], input=PLOT.format(path=path, data=file.name, each=EACH), text=True, check=True)
