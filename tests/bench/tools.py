"""Overwriting and reading back beside other tools, on loop devices over memory and inside the virtual
machine; turn about, so that a slow minute of this machine hits them all alike."""

import contextlib
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import tempfile
import time

import content
import machine
from machine import Machine

ENGINE = machine.BUILD / "release/tests/bench/quietus-engine"
MIB = 1 << 20

# fio is the limit: it does nothing but write, and tells its rate without the time that it needs to start.
WRITERS = {
    "fio, zero": "fio --name=w --filename={dev} --rw=write --bs=512k --iodepth=8 --direct=1 --ioengine=io_uring "
                 "--zero_buffers --end_fsync=1 --output-format=json",
    "quietus, zero": "{engine} zero {dev}",
    "dd, zero": "dd if=/dev/zero of={dev} bs=1M oflag=direct conv=fsync,nocreat status=none count={mib}",
    "shred, zero": "shred -n 0 -z {dev}",
    "nwipe, zero": "nwipe --autonuke --nogui --noblank --verify=off --method=zero --logfile=/dev/null {dev}",
    "quietus, random": "{engine} random {dev}",
    "shred, random": "shred -n 1 {dev}",
    "nwipe, random": "nwipe --autonuke --nogui --noblank --verify=off --method=random --logfile=/dev/null {dev}",
}
# After a zero pass.
READERS = {
    "fio, read": "fio --name=r --filename={dev} --rw=read --bs=1M --iodepth=8 --direct=1 --ioengine=io_uring "
                 "--output-format=json",
    "quietus, every byte": "{engine} verify {dev}",
    "quietus, samples": "{engine} sample {dev}",
    "nwipe, every byte": "nwipe --autonuke --nogui --method=verify_zero --logfile=/dev/null {dev}",
}


@contextlib.contextmanager
def loops(count, megabytes):
    """Loop devices over files in memory."""
    with tempfile.TemporaryDirectory(prefix="quietus-bench-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={count * megabytes + 16}m", "tmpfs", folder], check=True)
        names = []
        try:
            for i in range(count):
                path = pathlib.Path(folder, str(i))
                with open(path, "wb") as file:
                    file.truncate(megabytes * MIB)
                done = subprocess.run(["losetup", "--find", "--show", path], check=True, capture_output=True, text=True)
                names.append(done.stdout.strip())
            yield names
        finally:
            for name in names:
                subprocess.run(["losetup", "--detach", name])
            subprocess.run(["umount", "--lazy", folder])


def measure(command, amount):
    """(bytes a second, CPU seconds) of a command that goes over so many bytes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(command.split(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    rate = fio_rate(done.stdout) or amount / (time.monotonic() - began)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}"
    return rate, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def fio_rate(text):
    """What fio says of itself in bytes a second; None of any other text."""
    found = [int(value) for value in re.findall(r'"bw_bytes" : (\d+)', text)]
    return max(found) if found else None


def on_loops(runs, megabytes=1024):
    figures = {name: {"mb_s": [], "cpu_s_per_gb": []} for name in {**WRITERS, **READERS}}
    amount = megabytes * MIB
    with loops(1, megabytes) as (device,):
        fill = dict(engine=ENGINE, dev=device, mib=megabytes)
        measure(WRITERS["dd, zero"].format(**fill), amount)  # the memory is there from now on
        for _ in range(runs):
            for name, command in WRITERS.items():
                note(figures[name], amount, *measure(command.format(**fill), amount))
            measure(WRITERS["dd, zero"].format(**fill), amount)
            for name, command in READERS.items():
                note(figures[name], amount, *measure(command.format(**fill), amount))
    return {name: medians(rows) for name, rows in figures.items()}


def note(rows, amount, rate, cpu):
    rows["mb_s"].append(rate / 1e6)
    rows["cpu_s_per_gb"].append(cpu / (amount / 1e9))


def medians(rows):
    return {key: round(statistics.median(values), 3) for key, values in rows.items()}


# In the machine: busybox has no way to tell times but /proc/uptime.
GUEST = """
modprobe nvme 2>/dev/null
for run in {runs}; do
{lines}
done
"""
GUEST_LINE = """read begin idle </proc/uptime; {command} >/tmp/log 2>&1 || {{ echo BENCH-FAILED '{name}'; cat /tmp/log; }}
read end idle </proc/uptime; echo "BENCH '{name}' $begin $end" $(grep bw_bytes /tmp/log)
"""


def in_machine(runs, megabytes=256):
    """The same inside the virtual machine on an NVMe drive: the device is emulated, and so is the processor."""
    with tempfile.TemporaryDirectory(prefix="quietus-bench-", dir="/dev/shm") as name:
        folder = pathlib.Path(name)
        fill = dict(engine="/bin/quietus-engine", dev="/dev/nvme0n1", mib=megabytes)
        files = machine.host_tools("fio", "shred", "nwipe", "dd")
        files.update(program(ENGINE, "bin/quietus-engine"))
        names = [*WRITERS, "dd, zero", *READERS]
        # With the folder: busybox's shell takes its own dd and shred else.
        commands = {one: "/bin/" + command.format(**fill).removeprefix("/bin/") for one, command in
                    {**WRITERS, **READERS}.items()}
        lines = "".join(GUEST_LINE.format(name=one, command=commands[one]) for one in names)
        script = machine.many(folder / "bench.img", GUEST.format(runs=" ".join(map(str, range(runs))), lines=lines),
                              network=False, files=files)
        disk = machine.nvme(content.blank(folder / "disk.img", megabytes), "BENCH")
        with Machine([disk], "rdinit=/many", initrds=[script], memory=2048, time_limit=1200) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
    assert "BENCH-FAILED" not in console, "\n".join(re.findall("BENCH.*", console)) + console[:6000]
    rates = {}
    for one, begin, end, rest in re.findall(r"BENCH '(.+)' (\S+) (\S+)(.*)", console):
        rate = fio_rate(rest) or megabytes * MIB / max(float(end) - float(begin), 0.01)
        rates.setdefault(one, []).append(rate / 1e6)
    return {one: round(statistics.median(values), 1) for one, values in rates.items()}


def program(path, name):
    """A program of ours with its libraries, for an overlay."""
    files = {name: (pathlib.Path(path).read_bytes(), 0o755)}
    files.update(machine.libraries_of(path))
    return files


def memory_and_time(runs):
    """How both grow with disks and with capacity: one tmpfs, the engine's own high-water mark."""
    rows = []
    for count, megabytes in ((1, 128), (2, 128), (4, 128), (8, 128), (16, 128), (1, 256), (1, 512), (1, 1024), (1, 2048)):
        with loops(count, megabytes) as devices:
            command = [str(ENGINE), "random", *devices]
            subprocess.run(command, check=True, capture_output=True)
            seconds = [timed(command) for _ in range(runs)]
            rows.append({"disks": count, "megabytes_each": megabytes,
                         "seconds": round(statistics.median(s for s, _ in seconds), 3),
                         "peak_mib": round(statistics.median(m for _, m in seconds), 1)})
    return rows


def timed(command):
    """(seconds, peak MiB) of a command."""
    time_program = shutil.which("time") or "/usr/bin/time"
    done = subprocess.run([time_program, "-f", "%e %M", *command], capture_output=True, text=True, check=True)
    elapsed, peak = done.stderr.split()[-2:]
    return float(elapsed), int(peak) / 1024


# Megabytes a second of the slow disk and of the others, and what each holds.
SLOW, FAST, DISK_MIB = 1, 10, 24


def many_disks(counts=(1, 2, 4, 8, 16)):
    """Disks with a speed of their own, the first ten times slower than the others: seconds for all of them, beside
    the slowest alone."""
    rows = []
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="quietus-bench-", dir="/dev/shm") as name:
            folder = pathlib.Path(name)
            disks, nodes = [], []
            for i in range(count):
                path = content.blank(folder / f"disk{i}.img", DISK_MIB)
                rate = (SLOW if i == 0 else FAST) * 1000000
                disks.append(["-drive", f"if=none,id=d{i},format=raw,cache=unsafe,file={path},throttling.bps-write={rate}",
                              "-device", f"virtio-blk-pci,drive=d{i},serial=BENCH-{i}"])
                nodes.append(f"/dev/vd{chr(ord('a') + i)}")
            body = (f"read begin idle </proc/uptime; quietus-engine zero {' '.join(nodes)}; read end idle </proc/uptime; "
                    'echo "BENCH-ALL $begin $end"')
            script = machine.many(folder / "bench.img", body, network=False, files=program(ENGINE, "bin/quietus-engine"))
            with Machine(disks, "rdinit=/many", initrds=[script], memory=1024, time_limit=300) as vm:
                vm.wait_for("ALL-DONE")
                console = vm.console()
        begin, end = re.search(r"BENCH-ALL (\S+) (\S+)", console).groups()
        each = [float(s) for s in re.findall(r"/dev/vd\w good (\S+) s", console)]
        assert len(each) == count, console[-2000:]
        rows.append({"disks": count, "seconds": round(float(end) - float(begin), 2), "slowest": max(each),
                     "others": round(statistics.median(each[1:]), 2) if count > 1 else None})
    return rows


def plot(figures, path):
    """Time and memory against the number of disks and against capacity."""
    if not shutil.which("gnuplot"):
        return
    rows = figures["growth"]
    by_disks = [row for row in rows if row["megabytes_each"] == 128]
    by_size = [row for row in rows if row["disks"] == 1]
    data = "\n".join(f"{r['disks']} {r['seconds']} {r['peak_mib']}" for r in by_disks) + "\n\n\n"
    data += "\n".join(f"{r['megabytes_each']} {r['seconds']} {r['peak_mib']}" for r in by_size) + "\n"
    with tempfile.NamedTemporaryFile("w", suffix=".dat") as file:
        file.write(data)
        file.flush()
        script = f"""set terminal svg size 800,360 dynamic background 'white'
set output '{path}'
set multiplot layout 1,2
set key top left
set ytics nomirror
set y2tics
set ylabel 'seconds'
set y2label 'peak memory, MiB'
set yrange [0:*]
set y2range [0:*]
set xlabel 'disks of 128 MiB at once'
plot '{file.name}' index 0 using 1:2 with linespoints title 'time', '' index 0 using 1:3 axes x1y2 with linespoints title 'memory'
set xlabel 'MiB of one disk'
plot '{file.name}' index 1 using 1:2 with linespoints title 'time', '' index 1 using 1:3 axes x1y2 with linespoints title 'memory'
"""
        subprocess.run(["gnuplot"], input=script, text=True, check=True)


def show(figures):
    fio = figures["loops"]["fio, zero"]["mb_s"]
    print(f"\n{'loop device over memory':24} {'MB/s':>9} {'of fio':>7} {'CPU s/GB':>9}")
    for name, row in figures["loops"].items():
        base = figures["loops"]["fio, read"]["mb_s"] if name in READERS else fio
        print(f"{name:24} {row['mb_s']:9.0f} {row['mb_s'] / base:7.2f} {row['cpu_s_per_gb']:9.2f}")
    fio = figures["machine_nvme"]["fio, zero"]
    print(f"\n{'NVMe in the machine':24} {'MB/s':>9} {'of fio':>7}")
    for name, rate in figures["machine_nvme"].items():
        base = figures["machine_nvme"]["fio, read"] if name in READERS else fio
        print(f"{name:24} {rate:9.0f} {rate / base:7.2f}")
    print(f"\ndisks at once, {DISK_MIB} MiB each, one of {SLOW} MB/s, the others of {FAST}")
    for row in figures["many_disks"]:
        print(f"{row['disks']:4} disks {row['seconds']:7.1f} s, the slowest {row['slowest']:.1f} s, "
              f"the others {row['others'] or '-'} s")
    print("\ndisks  MiB each  seconds  peak MiB")
    for row in figures["growth"]:
        print(f"{row['disks']:5} {row['megabytes_each']:9} {row['seconds']:8.2f} {row['peak_mib']:9.1f}")


def all_figures(runs):
    assert os.geteuid() == 0, "loop devices need root"
    figures = {"loops": on_loops(runs), "machine_nvme": in_machine(max(1, runs - 2)), "many_disks": many_disks(),
               "growth": memory_and_time(runs)}
    plot(figures, machine.OUT / "bench-growth.svg")
    return figures
