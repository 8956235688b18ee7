"""A full chassis may not be begun all at once: --parallel and --start-rate."""

import datetime
import json
import pathlib
import re
import tempfile

import content
import machine
from machine import Machine

SERIALS = ["L-1", "L-2", "L-3", "L-4"]
MIB, MIB_PER_SECOND = 12, 4  # so that a disk takes three seconds

SCRIPT = """
run() {
    name=$1
    shift
    printf 'L-1\\nL-2\\nL-3\\nL-4\\n' | quietus erase --progress none --spool /tmp/$name "$@" /dev/vda /dev/vdb /dev/vdc /dev/vdd
    echo "STATUS $name $?"
    for file in /tmp/$name/*certificate.json; do
        echo "TIMES $name $(quietus show --json $file | tr -d '\\n')"
    done
}
run together
run two --parallel 2
run slowly --start-rate 0.5
quietus erase --parallel 0 /dev/vda; echo "STATUS zero $?"
quietus erase --start-rate nan /dev/vda; echo "STATUS nan $?"
"""


def spans(console, name):
    """(began, ended) of each disk of a run, in seconds."""
    out = []
    for text in re.findall(rf"TIMES {name} (.*)", console):
        certificate = json.loads(text)
        out.append(tuple(datetime.datetime.strptime(certificate[key], "%Y-%m-%dT%H:%M:%SZ").timestamp()
                         for key in ("started", "ended")))
    assert len(out) == len(SERIALS), console
    return sorted(out)


def most_at_once(some):
    # A second's resolution: one that ends in the second in which the next begins is not beside it.
    return max(sum(began <= at < ended for began, ended in some) for at, _ in some)


def test_disks_at_once():
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        disks = []
        for i, serial in enumerate(SERIALS):
            path = content.blank(folder / f"{i}.img", MIB)
            disks.append(["-drive", f"if=none,id=l{i},format=raw,cache=unsafe,file={path},"
                                    f"throttling.bps-write={MIB_PER_SECOND << 20}",
                          "-device", f"virtio-blk-pci,drive=l{i},serial={serial}"])
        script = machine.many(folder / "many.img", SCRIPT, network=False)
        with Machine(disks, "rdinit=/many", initrds=[script], network=False) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
    for name in ("together", "two", "slowly"):
        assert f"STATUS {name} 0" in console, console
    assert most_at_once(spans(console, "together")) == 4, console
    assert most_at_once(spans(console, "two")) == 2, console
    begins = [began for began, _ in spans(console, "slowly")]
    assert all(later - earlier >= 1 for earlier, later in zip(begins, begins[1:])), begins
    assert begins[-1] - begins[0] >= 5, begins
    assert "STATUS zero 1" in console and "STATUS nan 1" in console, console
