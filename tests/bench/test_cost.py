"""What a MiB costs in instructions, by callgrind: it does not depend on how busy the machine is."""

import re
import subprocess

import machine

COST = machine.BUILD / "release/tests/bench/quietus-cost"


def instructions(what, mebibytes):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", COST, what, str(mebibytes)],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def per_mebibyte(what):
    """Without what it costs to start."""
    return (instructions(what, 96) - instructions(what, 64)) / 32


def test_random_pattern():
    """1.8 million when it was measured, by the processor's AES instructions; a cipher without them needs 20."""
    assert 100_000 < per_mebibyte("pattern") < 5_000_000


def test_comparison():
    """0.3 million when it was measured; byte by byte it would be 4."""
    assert 30_000 < per_mebibyte("compare") < 800_000
