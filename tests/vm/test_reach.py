"""What is no disk of the machine: the booted image beside disks of a network, which it must leave alone."""

import pathlib
import re
import subprocess
import tempfile

import content
import machine
from machine import BUILD, Machine

MIB = 1 << 20


def modules(*names):
    """Kernel modules that the image leaves out on purpose, with what they need, for an overlay; and the
    shell commands that load them."""
    root = BUILD / "kernel/root"
    release = (BUILD / "kernel/release").read_text().strip()
    listed = subprocess.run(["modprobe", "-a", "-d", str(root), "-S", release, "--show-depends", *names],
                            capture_output=True, text=True, check=True).stdout
    files, commands = {}, []
    for path in dict.fromkeys(re.findall(r"^insmod (\S+)", listed, re.M)):
        data = pathlib.Path(path).read_bytes()
        if path.endswith(".xz"):
            data = subprocess.run(["xz", "-dc"], input=data, capture_output=True, check=True).stdout
        name = pathlib.Path(path).name.removesuffix(".xz")
        files[f"modules/{name}"] = (data, 0o644)
        commands.append(f"insmod /modules/{name} 2>/dev/null")  # some are there already
    return files, "\n".join(commands)


# A storage array of one logical unit: the kernel's NVMe target over TCP, on the machine's own loopback.
# Every command that it gets is in the trace; what is counted is all but the kernel's own keep-alives.
ARRAY = """
ip link set lo up
{modules}
mount -t configfs none /sys/kernel/config
mount -t tracefs none /sys/kernel/tracing
yes PLANTED-ON-THE-ARRAY | head -c {size} >/lun
cd /sys/kernel/config/nvmet || echo NO-TARGET
mkdir -p subsystems/nqn.array/namespaces/1 ports/1
echo 1 >subsystems/nqn.array/attr_allow_any_host
printf LUN-0001 >subsystems/nqn.array/attr_serial
echo 1 >subsystems/nqn.array/namespaces/1/buffered_io
printf /lun >subsystems/nqn.array/namespaces/1/device_path
echo 1 >subsystems/nqn.array/namespaces/1/enable
echo tcp >ports/1/addr_trtype
echo ipv4 >ports/1/addr_adrfam
echo 127.0.0.1 >ports/1/addr_traddr
echo 4420 >ports/1/addr_trsvcid
ln -s /sys/kernel/config/nvmet/subsystems/nqn.array ports/1/subsystems/nqn.array
cd /
echo transport=tcp,traddr=127.0.0.1,trsvcid=4420,nqn=nqn.array >/dev/nvme-fabrics
wait=0
until lun=$(grep -l LUN-0001 /sys/class/nvme-subsystem/*/serial) || [ $wait = 120 ]; do
    sleep 1
    wait=$((wait + 1))
done
lun=$(basename $(dirname "$lun")/nvme*n1)
echo "ARRAY $lun $(cat /sys/block/$lun/size)"
echo 1 >/sys/kernel/tracing/events/nvmet/nvmet_req_init/enable
commands() {{ grep nvmet_req_init: /sys/kernel/tracing/trace | grep -vc keep_alive; }}
# Until the kernel has asked all that it wants to know of it.
for i in $(seq 60); do
    echo >/sys/kernel/tracing/trace
    sleep 1
    [ $(commands) != 0 ] || break
done

# counted NAME COMMAND...: runs it, and tells how many commands came to the array meanwhile.
counted() {{
    local name=$1 status
    shift
    echo >/sys/kernel/tracing/trace
    "$@"
    status=$?
    # A change of state that the command caused late would come now.
    sleep 1
    echo "CASE $name STATUS $status COMMANDS $(commands)"
}}
"""

# Orders are made in the guest, by the same program.
RUNS = """
mkdir -p /w/trust
quietus keygen /w/site >/dev/null
cp /w/site.pub /w/trust/
agent() {
    local mode=$1 order=$2
    echo "quietus.mode=$mode ${order:+quietus.order=$order} quietus.progress=none" >/w/line
    rm -rf /w/spool
    quietus agent --command-line /w/line --trust /w/trust --spool /w/spool
}
order() {
    echo "$2" >/w/description.json
    quietus order --key /w/site.key --inventory /w/scan.json -o "/w/$1.json" /w/description.json || echo NO-ORDER
}
counted scan quietus scan
quietus scan --json >/w/scan.json
counted plan quietus plan
counted inspect agent inspect
counted no-order agent erase
order all '{"disks": "all", "holds": "not-checked"}'
counted all agent erase /w/all.json
quietus show /w/spool/*record.json
echo LUN-0001 >/w/typed
erase() { quietus erase --spool /w/person "/dev/$lun" </w/typed; }
counted person erase
echo "PLANTED $(grep -c PLANTED-ON-THE-ARRAY /lun)"
order named '{"disks": [{"serial": "LUN-0001", "content": "not-checked"}], "unknown_disks": "leave",
              "holds": "not-checked", "policy": {"verify": "full"}}'
counted named agent erase /w/named.json
quietus show /w/spool/*LUN*certificate.json
echo "PLANTED $(grep -c PLANTED-ON-THE-ARRAY /lun)"
"""


def test_a_network_disk_is_sent_nothing():
    """No command reaches a disk over fabrics in scan, plan and agent, inspecting or erasing everything; one
    that an order names is overwritten, which shows that the counter counts."""
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        image = content.blank(folder / "local.img", 16)
        with open(image, "r+b") as local:
            local.write(b"PLANTED-ON-THE-LOCAL-DISK" * 1000)
        files, load = modules("nvme-tcp", "nvmet-tcp")
        body = ARRAY.format(modules=load, size=16 * MIB) + RUNS
        script = machine.many(folder / "many.img", body, network=False, files=files)
        with Machine([machine.nvme(image, "S-LOCAL")], "rdinit=/many", initrds=[script]) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
        cases = {case: (int(status), int(commands)) for case, status, commands
                 in re.findall(r"CASE (\S+) STATUS (\d+) COMMANDS (\d+)", console)}
        assert re.search(r"ARRAY nvme\d+n1 32768\n", console), console
        # Nothing is delivered here, so an agent that did all it should ends with 30.
        for case, status in (("scan", 0), ("plan", 0), ("inspect", 30), ("no-order", 11), ("all", 30),
                             ("person", 10)):
            assert cases[case] == (status, 0), f"{case}: {cases[case]}\n{console}"
        assert "EXCLUDED  LUN-0001" in console and "ERASED    S-LOCAL" in console, console
        assert b"PLANTED" not in pathlib.Path(image).read_bytes()
        planted = re.findall(r"PLANTED (\d+)\n", console)
        assert len(planted) == 2 and int(planted[0]) > 100000 and planted[1] == "0", planted
        status, commands = cases["named"]
        assert status == 30 and commands > 30, f"{cases}\n{console}"
        assert "on the other side were not reached" in console, console


# What the kernel has sent to a SCSI device is counted by the kernel itself, pass-through included.
BEHIND = """
mkdir -p /w/trust
quietus keygen /w/site >/dev/null
cp /w/site.pub /w/trust/
medium=$(dirname $(grep -l HDisk0 /sys/class/scsi_device/*/device/model))
sent() { cat "$medium/iorequest_cnt"; }
counted() {
    local name=$1 before status
    shift
    before=$(sent)
    "$@"
    status=$?
    echo "CASE $name STATUS $status COMMANDS $(($(sent) - before))"
}
agent() {
    echo "quietus.mode=$1 ${2:+quietus.order=$2} quietus.progress=none" >/w/line
    rm -rf /w/spool
    quietus agent --command-line /w/line --trust /w/trust --spool /w/spool
}
for function in /sys/bus/pci/drivers/sym53c8xx/0000:*; do
    echo "${function##*/}" >/sys/bus/pci/drivers/sym53c8xx/unbind
done
counted scan quietus scan
counted plan quietus plan
# An order that names a disk which is not here, and leaves the others.
cat >/w/description.json <<END
{"server": {"serial": "QT-SRV-0042", "board_serial": "QT-BOARD-77"}, "unknown_disks": "leave",
 "disks": [{"serial": "NOT-HERE", "content": "not-checked"}], "holds": "not-checked"}
END
quietus order --key /w/site.key -o /w/order.json /w/description.json
counted inspect agent inspect
counted agent agent erase /w/order.json
# Persistent memory has no serial number, and QEMU's volume has its member's, so no order can tell them;
# a person can.
volume=$(ls /sys/class/scsi_device/*:2:*/device/block)
person() {
    printf 'erase /dev/pmem0\nVOLUME-1\n' | quietus erase --spool /w/person /dev/pmem0 "/dev/$volume"
}
counted person person
quietus show /w/person/*record.json
quietus show /w/spool/*record.json
quietus show /w/person/*VOLUME*certificate.json
# The counter counts: one sector is read.
counted control dd if=/dev/$(ls "$medium/block") of=/dev/null bs=512 count=1 iflag=direct
"""


def test_what_stands_between():
    """A RAID volume, persistent memory, the BMC's virtual disk and a controller without a driver, in one
    server: the first two are overwritten and say what they are, the third is sent nothing, the fourth is a
    finding of the record."""
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        images = {kind: content.blank(folder / f"{kind}.img", 32) for kind in ("volume", "bmc", "memory", "lsi")}
        for image in images.values():
            with open(image, "r+b") as opened:
                opened.write(b"PLANTED" * 10000)
        disks = [
            machine._drive(images["volume"], {}) + [
                "-device", "megasas-gen2,id=raid", "-device", "scsi-hd,bus=raid.0,drive=dvolume,serial=VOLUME-1"],
            machine._drive(images["bmc"], {}) + [
                "-device", "qemu-xhci,id=xhci", "-device", "usb-uas,id=uas,bus=xhci.0", "-device",
                "scsi-hd,bus=uas.0,scsi-id=0,lun=0,drive=dbmc,serial=BMC-1,vendor=AMI,product=Virtual HDisk0"],
            machine._drive(images["lsi"], {}) + [
                "-device", "lsi53c895a,id=lsi,addr=0x1b", "-device", "scsi-hd,bus=lsi.0,drive=dlsi,serial=HIDDEN"],
            ["-machine", "nvdimm=on", "-m", "768,slots=2,maxmem=2G", "-object",
             f"memory-backend-file,id=pm,share=on,mem-path={images['memory']},size=32M",
             "-device", "nvdimm,id=nvdimm,memdev=pm"],
        ]
        script = machine.many(folder / "many.img", BEHIND, network=False)
        with Machine(disks, "rdinit=/many", initrds=[script]) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
        cases = {case: (int(status), int(commands)) for case, status, commands
                 in re.findall(r"CASE (\S+) STATUS (\d+) COMMANDS (\d+)", console)}
        for case, status in (("scan", 0), ("plan", 0), ("inspect", 30), ("agent", 21), ("person", 0)):
            assert cases[case] == (status, 0), f"{case}: {cases}\n{console}"
        assert cases["control"][1] > 0, f"{cases}\n{console}"
        for said in (r"it is a virtual medium of the BMC: it is sent nothing",
                     r"NOT REACHED: PCI 1000:0012 .* at 0000:00:1b.0: storage controller without a driver",
                     r"NOT REACHED: megaraid_sas at 0000:.*1 volumes",
                     r"NOT REACHED: nmem0: persistent memory module",
                     r"not scsi-.*: it is a volume \(RAID volume of megaraid_sas\)",
                     r"ERASED +VOLUME-1", r"ERASED +33\.\d MB", r"EXCLUDED .*virtual medium of the BMC",
                     r"it is a volume \(RAID volume of megaraid_sas\): of the disks behind it",
                     r"  Not reached +PCI 1000:0012"):
            assert re.search(said, console), f"{said}\n{console}"
        for kind, left in (("volume", False), ("memory", False), ("bmc", True), ("lsi", True)):
            assert (b"PLANTED" in pathlib.Path(images[kind]).read_bytes()) == left, f"{kind}\n{console}"


LIGHTS = """
mkdir -p /w/trust
quietus keygen /w/site >/dev/null
cp /w/site.pub /w/trust/
lights() { echo "LIGHTS $1 $(cat /sys/bus/pci/slots/5/attention) $(cat /sys/bus/pci/slots/6/attention)"; }
agent() {
    echo "quietus.mode=$1 quietus.order=/w/all.json quietus.progress=none $2" >/w/line
    rm -rf /w/spool
    quietus agent --command-line /w/line --trust /w/trust --spool /w/spool >/dev/null
    echo "AGENT $1 $?"
}
quietus scan
quietus scan --json >/w/scan.json
echo '{"disks": "all", "holds": "not-checked", "policy": {"methods": ["overwrite"]}}' >/w/description.json
quietus order --key /w/site.key --inventory /w/scan.json -o /w/all.json /w/description.json
quietus locate S-GOOD on
lights before
agent inspect
lights inspected
agent erase
lights erased
quietus show /w/spool/*S-BAD*certificate.json
quietus locate S-GOOD off
quietus locate S-BAD off
lights by-hand
"""


def test_lights_of_slots():
    """A slot's light (PCI Express hot-plug): put out when the erase begins, lit for the disk that failed; and
    switched by a person."""
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        good, bad = (content.blank(folder / f"{kind}.img", 16) for kind in ("good", "bad"))
        errors = folder / "errors.conf"
        errors.write_text('[inject-error]\nevent = "write_aio"\nerrno = "5"\nonce = "off"\n')
        ports = [["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"],  # the slots' own, not ACPI's
                 *(["-device", f"pcie-root-port,id=rp{n},chassis={n},slot={n},addr={0x10 + n:#x}"] for n in (5, 6))]
        disks = [*ports, machine.nvme(good, "S-GOOD", extra=",bus=rp5"),
                 machine.nvme(bad, "S-BAD", extra=",bus=rp6", blkdebug=errors, werror="report")]
        script = machine.many(folder / "many.img", LIGHTS, network=False)
        with Machine(disks, "rdinit=/many", initrds=[script]) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
        lights = dict(re.findall(r"LIGHTS (\S+) (\d \d)\n", console))
        assert lights == {"before": "1 0", "inspected": "1 0", "erased": "0 1", "by-hand": "0 0"}, \
            f"{lights}\n{console}"
        assert "AGENT erase 20\n" in console and re.search(r"place +slot 5\n", console), console
        assert re.search(r"FAILED[\s\S]*  slot +6\n", console), console
