"""Names of devices are given out again: what is written to has to be the disk that was asked."""

import pathlib
import tempfile

import content
import machine
from machine import Machine

# The block nodes of the two disks of each kind change places behind the agent's back, as they do when disks
# are taken out and put back in another order. Whichever name is erased, and whichever serial number is
# typed, no disk may change.
SCRIPT = """
swap() {
    a=$(cat /sys/class/block/$1/dev) b=$(cat /sys/class/block/$2/dev)
    rm /dev/$1 /dev/$2
    mknod /dev/$1 b ${b%:*} ${b#*:}
    mknod /dev/$2 b ${a%:*} ${a#*:}
}
erase() {
    for serial in S-A S-B N-A N-B; do
        echo $serial | quietus erase --method overwrite --spool /tmp/spool-$1-$serial /dev/$1
        echo "CASE $1 $serial STATUS $?"
    done
}
cd /sys/class/block
set -- sd?
swap $1 $2
erase $1
erase $2
set -- nvme*n2
two=$1 same=${1%n2}n1
set -- $(ls -d nvme*n1 | grep -v "^$same$")
other=$1
swap $same $two
erase $same
erase $two
swap $same $two
swap $same $other
erase $same
erase $other
"""


def test_a_node_of_another_disk():
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        images = [content.disk_with_ext4(folder / f"{each}.img", each, 32) for each in "abcde"]
        before = [content.digest(image) for image in images]
        disks = [machine.scsi(images[0], "S-A"), machine.scsi(images[1], "S-B"),
                 machine.nvme(images[2], "N-A"), machine.nvme_namespaces(images[3:], "N-B")]
        script = machine.many(folder / "many.img", SCRIPT, network=False)
        with Machine(disks, "rdinit=/many", initrds=[script], network=False) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
        assert console.count("CASE ") == 24, console
        assert "STATUS 0" not in console, console
        assert console.count("the name leads to another disk now") >= 4, console
        assert [content.digest(image) for image in images] == before, console
