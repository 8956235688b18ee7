"""The engine through the kernel's device mapper: sectors that cannot be written, writes that get lost, reads that
lie, a disk that is slow and one that hangs. What each ends in, and that none costs another anything. And the engine
where the kernel lets it lend no buffers, or has no io_uring."""

import lzma
import pathlib
import re
import tempfile

import content
import machine
from machine import BUILD, Machine

MIB = 16
SECTORS = MIB << 11
BAD = [(5000, 8), (20001, 1), (SECTORS - 1, 1)]

# /dev/vda is bad, vdb loses writes, vdc returns other bytes than it has, vdd is slow, vde hangs in mid-pass, vdf is
# good, vdg answers no flush, which holds a thread in the kernel.
SCRIPT = f"""
for module in dm-mod dm-delay dm-flakey; do insmod /modules/$module.ko || echo NO-MODULE $module; done
yes PLANTED-DATA | head -c {MIB << 20} >/tmp/planted
whole=$(grep -c PLANTED-DATA /tmp/planted)
for disk in a b c d e f g; do dd if=/tmp/planted of=/dev/vd$disk bs=1M conv=fsync 2>/dev/null; done
make() {{ dmsetup create --noudevrules --noudevsync "$1" && dmsetup mknodes "$1"; }}
make bad <<END
{{bad}}
END
echo "0 {SECTORS} flakey /dev/vdb 0 0 3600 1 drop_writes" | make lossy
echo "0 {SECTORS} flakey /dev/vdc 0 0 3600 5 corrupt_bio_byte 32 r 1 0" | make lying
echo "0 {SECTORS} delay /dev/vdd 0 100 /dev/vdd 0 2500" | make slow
echo "0 {SECTORS} delay /dev/vde 0 0 /dev/vde 0 1500" | make hanging
echo "0 {SECTORS} linear /dev/vdf 0" | make good
echo "0 {SECTORS} delay /dev/vdg 0 0 /dev/vdg 0 0 /dev/vdg 0 3600000" | make deaf
cd /dev/mapper
(sleep 2; dmsetup suspend --nolockfs --noflush hanging) &
quietus-nodes --hurry 25 /dev/mapper/bad /dev/mapper/lossy /dev/mapper/lying /dev/mapper/slow /dev/mapper/hanging /dev/mapper/good /dev/mapper/deaf 2>&1
echo "ENDED $?"
for disk in a b c d e f g; do echo "LEFT $disk $(grep -c PLANTED-DATA /dev/vd$disk) of $whole"; done
dmsetup resume hanging
# Then without what makes it fast: what the kernel says meanwhile of the ring and of the buffers that it was lent.
echo "0 {SECTORS} delay /dev/vdf 0 0 /dev/vdf 0 80" | make brief
look() {{
    ring=none
    while kill -0 $1 2>/dev/null; do
        worker=$(cat /proc/$1/task/$1/children 2>/dev/null)
        for fd in /proc/${{worker% }}/fd/*; do
            case $(readlink $fd) in *io_uring*) ;; *) continue ;; esac
            [ $ring != none ] || ring=0
            lent=$(sed -n 's/^UserBufs:[^0-9]*//p' /proc/${{worker% }}/fdinfo/${{fd##*/}} 2>/dev/null)
            [ "${{lent:-0}}" -le $ring ] || ring=$lent
        done
        sleep 0.05
    done
}}
with() {{
    name=$1
    shift
    dd if=/tmp/planted of=/dev/vdf bs=1M conv=fsync 2>/dev/null
    "$@" /bin/quietus-nodes /dev/mapper/brief >/tmp/brief &
    look $!
    echo 3 >/proc/sys/vm/drop_caches # of /dev/vdf, which does not know what was written through the mapper
    echo "WITH $name ring $ring $(cat /tmp/brief) LEFT $(grep -c PLANTED-DATA /dev/vdf)"
}}
with all env
with no-locked-memory /bin/prlimit --memlock=0 /bin/setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock
echo 2 >/proc/sys/kernel/io_uring_disabled || echo NO-SWITCH
with no-ring env
"""


def table():
    """All of /dev/vda but the bad sectors."""
    lines, at = [], 0
    for lba, count in BAD:
        lines.append(f"{at} {lba - at} linear /dev/vda {at}")
        lines.append(f"{lba} {count} error")
        at = lba + count
    if at < SECTORS:
        lines.append(f"{at} {SECTORS - at} linear /dev/vda {at}")
    return "\n".join(lines)


def modules():
    """The device mapper, which is not in the image and must not be."""
    release = (BUILD / "kernel/release").read_text().strip()
    folder = BUILD / f"kernel/root/lib/modules/{release}/kernel/drivers/md"
    return {f"modules/{name}.ko": (lzma.decompress((folder / f"{name}.ko.xz").read_bytes()), 0o644)
            for name in ("dm-mod", "dm-delay", "dm-flakey")}


def test_device_mapper():
    program = BUILD / "release/tests/bench/quietus-nodes"
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        disks = []
        for letter in "abcdefg":
            path = content.blank(folder / f"{letter}.img", MIB)
            disks.append(["-drive", f"if=none,id=d{letter},format=raw,cache=unsafe,file={path}",
                          "-device", f"virtio-blk-pci,drive=d{letter},serial=M-{letter}"])
        files = {**modules(), **machine.host_tools("dmsetup", "prlimit", "setpriv"), **machine.libraries_of(program),
                 "bin/quietus-nodes": (program.read_bytes(), 0o755)}
        script = machine.many(folder / "many.img", SCRIPT.replace("{bad}", table()), network=False, files=files)
        with Machine(disks, "rdinit=/many", initrds=[script], network=False) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
    nodes = {node: (outcome, float(seconds), reason) for node, outcome, seconds, reason in
             re.findall(r"^NODE /dev/mapper/(\w+) (\w+) (\S+) (.*)", console, re.M)}
    left = {disk: (int(some), int(whole)) for disk, some, whole in re.findall(r"LEFT (\w) (\d+) of (\d+)", console)}
    assert "ENDED 0" in console and len(nodes) == 7 and len(left) == 7, console
    # Bad sectors: exactly those are listed, the rest is overwritten, and it is no success.
    assert nodes["bad"][0] == "failed", console
    assert re.findall(r"BAD /dev/mapper/bad (\d+)\+(\d+)", console) == [(str(a), str(b)) for a, b in BAD], console
    assert 0 < left["a"][0] <= sum(count for _, count in BAD) * 40, console
    # Writes that got lost, and reads that are not what was written, are found by reading back.
    assert nodes["lossy"][0] == "failed" and "samples" in nodes["lossy"][2] and left["b"][0] == left["b"][1], console
    assert nodes["lying"][0] == "failed" and "samples" in nodes["lying"][2], console
    # The slow one is erased, in its own time; the one that hangs is given up, and nothing is claimed of it.
    assert nodes["slow"][0] == "erased" and left["d"][0] == 0, console
    assert nodes["hanging"][0] == "unknown" and "did not answer" in nodes["hanging"][2], console
    assert left["e"][0] > 0, console
    # A thread that the kernel holds in a flush keeps the program no longer than it says.
    assert nodes["deaf"][0] == "unknown" and "did not answer" in nodes["deaf"][2], console
    assert "a disk that does not answer holds process" in console.split("ENDED 0")[0], console
    assert nodes["good"][0] == "erased" and left["f"][0] == 0, console
    # Without registered buffers, and without io_uring, it is the same, only slower.
    rings = {name: (ring, rest) for name, ring, rest in re.findall(r"WITH (\S+) ring (\S+) (.*)", console)}
    assert {name: ring for name, (ring, _) in rings.items()} == {"all": "1", "no-locked-memory": "0", "no-ring": "none"}, console
    for _, rest in rings.values():
        assert re.fullmatch("NODE /dev/mapper/brief erased .* LEFT 0", rest), console
    assert "NO-SWITCH" not in console, console
    others = max(nodes[name][1] for name in ("bad", "lossy", "lying", "good"))
    # What it is slowed down by is more than that, however slow the machine itself is.
    assert others + 8 < nodes["slow"][1], console
