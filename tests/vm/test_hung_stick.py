"""A stick that answers no more in the middle of a run: it costs nobody but itself."""

import content
import machine
from machine import Machine
from test_mapper import modules
from test_vm import workplace

MIB, MIB_PER_SECOND = 32, 2  # so that the stick hangs while the disk is overwritten
STICK_SECTORS = 16 << 11

# The stick is a disk of its own here, behind a mapper that can hold it up once it has the first document.
SCRIPT = f"""
modprobe -a -q vfat nls_cp437 nls_ascii
insmod /modules/dm-mod.ko
echo "0 {STICK_SECTORS} linear /dev/vdb 0" | dmsetup create --noudevrules --noudevsync stick && dmsetup mknodes stick
. /lib/quietus/stick
mkdir -p $medium
mount -t vfat /dev/mapper/stick $medium || echo NO-STICK
(cd $medium && mkdir certificates logs state)
ln -s $medium $stick
sync
(
    until ls /tmp/spool/on-stick/*begun.json >/dev/null 2>&1; do sleep 0.1; done
    dmsetup suspend --nolockfs --noflush stick && echo SUSPENDED
) &
echo "quietus.mode=erase quietus.order={{url}}/order.json quietus.report={{url}}/reports quietus.progress=none" >/tmp/line
quietus agent --command-line /tmp/line --spool /tmp/spool 2>&1
echo "ENDED $?"
(cd /tmp/spool/sent && for file in *; do [ -e ../on-stick/$file ] || echo "NOT-ON-STICK $file"; done)
release_stick
echo RELEASED
dmsetup resume stick
"""


def test_stick_that_hangs():
    """The disk is erased, the certificate and the record are made and delivered, and the program ends with what came
    of the disk, as the boot script does; what the stick has not got does not count as on it."""
    with workplace() as place:
        disk = content.disk_with_ext4(place.folder / "disk.img", "hung", MIB)
        image = content.blank(place.folder / "stick.img", STICK_SECTORS >> 11)
        content.run("mkfs.vfat", "-n", "STATES", image)
        place.order(None, server={"serial": machine.SERIAL, "uuid": machine.UUID},
                    disks=[{"serial": "H-1", "content": "not-checked"}], unknown_disks="leave")
        disks = [["-drive", f"if=none,id=d,format=raw,cache=unsafe,file={disk},throttling.bps-write={MIB_PER_SECOND << 20}",
                  "-device", "virtio-blk-pci,drive=d,serial=H-1"],
                 ["-drive", f"if=none,id=s,format=raw,cache=writethrough,file={image}",
                  "-device", "virtio-blk-pci,drive=s,serial=STICK"]]
        script = machine.many(place.folder / "many.img", SCRIPT.replace("{url}", place.url),
                              files={**modules(), **machine.host_tools("dmsetup")})
        with Machine(disks, "rdinit=/many", initrds=[place.site, script]) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
        assert "SUSPENDED" in console and "NO-STICK" not in console, console
        assert "ENDED 0" in console, console
        assert "the stick cannot be written to (it has not answered for 30 s)" in console, console
        assert "holds process" in console.split("ENDED 0")[0], console
        assert "stick: it does not answer and is not waited for" in console and "RELEASED" in console, console
        assert content.count(disk, content.canary("hung")) == 0
        names = sorted(path.name for path in (place.www / "reports").glob("*.json"))
        assert [name.split("-")[-1] for name in names] == ["certificate.json", "begun.json", "record.json"], names
        missing = [line.split("-")[-1] for line in console.splitlines() if line.startswith("NOT-ON-STICK")]
        assert missing == ["certificate.json", "record.json"], console
