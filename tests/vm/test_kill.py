"""The program killed, with no chance to say a word, at fifty points of its way: whatever is in the spool then
is true."""

import pathlib
import re
import tempfile

import content
import machine
from machine import Machine

TIMES, MIB, MIB_PER_SECOND = 50, 3, 8

SCRIPT = f"""
now() {{ read seconds rest </proc/uptime; echo $seconds | tr -d .; }}
pause() {{ sleep $(printf '%d.%02d' $(($1 / 100)) $(($1 % 100))); }}
begin() {{
    dd if=/tmp/planted of=/dev/vda bs=1M conv=fsync 2>/dev/null
    quietus erase --progress none --spool /tmp/spool-$1 /dev/vda </tmp/typed >/dev/null 2>&1 &
    pid=$!
}}
report() {{
    left=$(grep -c PLANTED-DATA /dev/vda)
    echo "KILLED $1 left $left: $(cd /tmp/spool-$1 2>/dev/null && ls | tr '\\n' ' ')"
    for file in /tmp/spool-$1/*certificate.json; do
        [ ! -e "$file" ] || echo "SAYS $1 $(quietus check "$file" | grep says)"
    done
}}
echo K-1 >/tmp/typed
yes PLANTED-DATA | head -c {MIB << 20} >/tmp/planted
began=$(now)
begin whole
wait $pid
whole=$(($(now) - began))
report whole
i=0
while [ $i -lt {TIMES} ]; do
    begin $i
    pause $((whole * i * i / {TIMES * TIMES})) # closer together at the beginning, which is short
    kill -9 $pid
    wait $pid 2>/dev/null
    report $i
    i=$((i + 1))
done
"""


def test_killed_at_any_point():
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        path = content.blank(folder / "disk.img", MIB)
        disk = ["-drive", f"if=none,id=k,format=raw,cache=unsafe,file={path},throttling.bps-write={MIB_PER_SECOND << 20}",
                "-device", "virtio-blk-pci,drive=k,serial=K-1"]
        script = machine.many(folder / "many.img", SCRIPT, network=False)
        with Machine([disk], "rdinit=/many", initrds=[script], network=False) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
    rows = re.findall(r"KILLED (\S+) left (\d+): (.*)", console)
    says = dict(re.findall(r"SAYS (\S+) +says +(.*)", console))
    whole = max(int(left) for _, left, _ in rows)
    assert len(rows) == TIMES + 1, console
    assert whole > 0 and rows[0][1] == "0" and "erased, clear" in says["whole"], console
    for number, left, files in rows:
        if "erased" in says.get(number, ""):
            assert left == "0", (number, console)
        if int(left) < whole:
            assert "begun.json" in files, f"{number}: destroyed, and nothing says so\n{console}"
    # The points are spread over all of the way, or this says little.
    assert sum("begun.json" not in files for _, _, files in rows) >= 2, console
    assert sum("begun.json" in files and number not in says for number, _, files in rows) >= 5, console
