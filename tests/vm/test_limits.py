"""A full chassis may not be begun all at once: --parallel and --start-rate. And a disk whose requests are stuck in the
kernel keeps nobody from coming to an end."""

import datetime
import json
import pathlib
import re
import tempfile

import content
import machine
from machine import Machine

SERIALS = ["L-1", "L-2", "L-3", "L-4"]
HELD = [5, 6]  # disks that answer no flush
MIB, MIB_PER_SECOND = 12, 4  # so that a disk takes three seconds
LONGEST_END = 60  # seconds that a run may take to end when it is told to; with its requests it would take days

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
# Requests to the second disk get stuck in the block layer, and a flush of the fifth holds a thread in the kernel; the
# first ends; the run is ended.
mount -t cgroup2 none /sys/fs/cgroup
echo +io >/sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/stuck
limit() { echo "$(cat /sys/class/block/vdb/dev) wbps=$1" >/sys/fs/cgroup/stuck/io.max || echo NOT-STUCK; }
written() { set -- $(cat /sys/class/block/vdb/stat); echo $7; }
at_first=$(written)
limit 800000 # so that it is far from its end when it gets stuck, however slow this machine is
(echo 0 >/sys/fs/cgroup/stuck/cgroup.procs
printf 'L-1\nL-2\nL-5\n' | quietus erase --progress none --spool /tmp/stuck /dev/vda /dev/vdb /dev/vde >/tmp/said 2>&1
echo "STATUS stuck $?") &
certificate() { ls /tmp/stuck/*$1*certificate.json 2>/dev/null; }
while [ $(written) = $at_first ]; do sleep 0.2; done
limit 2
while [ -z "$(certificate L-1)" ]; do sleep 0.2; done
held() { cat /proc/[0-9]*/task/*/stack 2>/dev/null | grep -c blkdev_issue_flush; }
while [ $(held) -lt 1 ]; do sleep 0.2; done
[ -z "$(certificate L-2)" ] || echo NOT-STUCK
stuck_at=$(written)
sleep 2 # by the first limit another megabyte would come
[ $(written) = $stuck_at ] || echo NOT-STUCK
read began rest </proc/uptime
kill -TERM $(pidof quietus)
wait $!
read ended rest </proc/uptime
echo "ENDED AFTER $((${ended%.*} - ${began%.*}))"
sed 's/^/SAID /' /tmp/said
for serial in L-1 L-2 L-5; do
    echo "SAYS $serial $(quietus check $(certificate $serial) | grep says)"
done
# Another one, held in the same way, whose work ends by a signal before it has said anything.
echo L-6 >/tmp/typed
quietus erase --progress none --spool /tmp/killed /dev/vdf </tmp/typed >/tmp/said 2>&1 &
program=$!
while [ $(held) -lt 2 ]; do sleep 0.2; done
kill -KILL $(cat /proc/$program/task/$program/children)
wait $program
echo "STATUS killed $?"
sed 's/^/SAID /' /tmp/said
quietus erase --parallel 0 /dev/vda; echo "STATUS zero $?"
quietus erase --start-rate nan /dev/vda; echo "STATUS nan $?"
echo ALL-DONE
. /lib/quietus/stick
finish 21 # as init does, with all that is held
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


def check_stuck(console):
    assert "STATUS stuck 21" in console and "NOT-STUCK" not in console, console
    assert re.search(r"SAYS L-1 +says +disk L-1 .*: erased", console), console
    for serial in ("L-2", "L-5"):
        assert re.search(rf"SAYS {serial} +says +disk {serial} .*: unknown", console), console
    assert "STATUS killed 137" in console, console
    assert len(re.findall("SAID .*a disk that does not answer holds process", console)) == 2, console
    assert int(re.search(r"ENDED AFTER (\d+)", console).group(1)) <= LONGEST_END, console


def test_disks_at_once():
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        disks = []
        for i, serial in enumerate(SERIALS):
            path = content.blank(folder / f"{i}.img", MIB)
            disks.append(["-drive", f"if=none,id=l{i},format=raw,cache=unsafe,file={path},"
                                    f"throttling.bps-write={MIB_PER_SECOND << 20}",
                          "-device", f"virtio-blk-pci,drive=l{i},serial={serial}"])
        for i in HELD:
            path = content.blank(folder / f"{i}.img", MIB)
            disks.append(["-drive", f"if=none,id=l{i},driver=raw,file.driver=blkdebug,file.image.driver=file,"
                                    f"file.image.filename={path}",
                          "-device", f"virtio-blk-pci,drive=l{i},serial=L-{i}"])
        script = machine.many(folder / "many.img", SCRIPT, network=False)
        with Machine(disks, "rdinit=/many", initrds=[script], network=False) as vm:
            for i in HELD:  # the first flush never comes back
                vm.qmp("human-monitor-command", **{"command-line": f'qemu-io l{i} "break flush_to_disk held"'})
            vm.wait_for("ALL-DONE")
            vm.wait_for("reboot: Power down")  # QEMU itself waits for what it keeps
            console = vm.console()
    for name in ("together", "two", "slowly"):
        assert f"STATUS {name} 0" in console, console
    assert most_at_once(spans(console, "together")) == 4, console
    assert most_at_once(spans(console, "two")) == 2, console
    begins = [began for began, _ in spans(console, "slowly")]
    assert all(later - earlier >= 1 for earlier, later in zip(begins, begins[1:])), begins
    assert begins[-1] - begins[0] >= 5, begins
    check_stuck(console)
    assert "STATUS zero 1" in console and "STATUS nan 1" in console, console
