"""What a random pass could be made by: the figures by which include/quietus/pattern.h chooses."""

import concurrent.futures
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

import machine
import tools
from machine import BUILD, Machine

PROGRAM = BUILD / "release/tests/bench/quietus-generators"
NATIVE_MIB, GUEST_MIB, COST_MIB, PACKED_MIB = 512, 64, (16, 32), 64

# OpenSSL leaves AES-NI and PCLMULQDQ alone then (OPENSSL_ia32cap(3)): as on a server from before 2010.
WITHOUT_AES = {"OPENSSL_ia32cap": "~0x200000200000000"}

# A server processor with AES instructions and without AVX: after AVX the host's AES instructions, by which QEMU's are
# done, take three times as long, until something else is emulated.
PROCESSOR = ["-cpu", "Westmere"]


def megabytes_a_second(name, runs, environment=None):
    """Of one processor."""
    rates = []
    for _ in range(runs):
        done = subprocess.run([PROGRAM, name, str(NATIVE_MIB)], capture_output=True, text=True, check=True,
                              env={**os.environ, **(environment or {})})
        rates.append(NATIVE_MIB * tools.MIB / 1e6 / float(done.stdout))
    return statistics.median(rates)


def instructions(name, mebibytes):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", PROGRAM, name, str(mebibytes)],
                          capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def instructions_per_mib(name):
    """Without what it costs to start."""
    few, more = COST_MIB
    return (instructions(name, more) - instructions(name, few)) / (more - few)


def packed_mib(name):
    """What a good compressor with a long memory leaves of it."""
    with subprocess.Popen([PROGRAM, name, str(PACKED_MIB), "-"], stdout=subprocess.PIPE) as made:
        done = subprocess.run(["zstd", "-19", "--long=27", "--stdout", "--quiet"], stdin=made.stdout, capture_output=True,
                              check=True)
    assert made.returncode == 0
    return len(done.stdout) / tools.MIB


def in_guest(names, runs):
    """MB/s of each in the virtual machine, with no disk."""
    body = f"for run in {' '.join(map(str, range(runs)))}; do\n" + "".join(
        f'echo "MADE {name} $(quietus-generators {name} {GUEST_MIB})"\n' for name in names) + "done\n"
    with tempfile.TemporaryDirectory(prefix="quietus-bench-") as folder:
        script = machine.many(pathlib.Path(folder) / "bench.img", body, network=False, files=tools.program_files(PROGRAM))
        with Machine([], "rdinit=/many", initrds=[script], network=False, time_limit=240, newer_qemu=True,
                     extra=PROCESSOR) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
    taken = {}
    for name, seconds in re.findall(r"MADE (\S+) ([\d.]+)", console):
        taken.setdefault(name, []).append(GUEST_MIB * tools.MIB / 1e6 / float(seconds))
    return {name: statistics.median(taken[name]) for name in names}


def all_figures(runs):
    names = subprocess.run([PROGRAM], capture_output=True, text=True, check=True).stdout.split()
    rows = {name: {"mb_s": megabytes_a_second(name, runs), "without_aes_mb_s": megabytes_a_second(name, runs, WITHOUT_AES)}
            for name in names}
    guest = in_guest(names, runs)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        packed = dict(zip(names, pool.map(packed_mib, names)))
    for name, row in rows.items():
        row.update(vm_mb_s=guest[name], packed_mib=packed[name], instructions_per_mib=instructions_per_mib(name))
    return {name: {key: round(value, 2) for key, value in row.items()} for name, row in rows.items()}


def table(rows):
    yield (f"| generator | MB/s of one processor | without its AES instructions | in the VM | million instructions for each MiB "
           f"| {PACKED_MIB} MiB after zstd -19 --long, MiB |")
    yield "|---|---|---|---|---|---|"
    for name, row in rows.items():
        yield (f"| {name} | {row['mb_s']:.0f} | {row['without_aes_mb_s']:.0f} | {row['vm_mb_s']:.0f} | "
               f"{row['instructions_per_mib'] / 1e6:.2f} | {row['packed_mib']:.1f} |")


def show(rows):
    """Ready for the README."""
    print()
    print("\n".join(table(rows)))
