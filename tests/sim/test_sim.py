"""Simulated drives in a virtual machine: the kernel's own drivers bind to them, public tools find in them
what they are described as, and what was written survives both the machine and the simulation."""

import contextlib
import hashlib
import pathlib
import re
import subprocess
import tempfile

import machine
from machine import Machine
from simulated import PROGRAM, Simulation, drive, port

# What drivers say of a device that does not behave as its standard has it.
COMPLAINT = re.compile(r"(?i)(exception Emask|failed command|error handling|timeout|timed out|not ready|"
                       r"invalid|bogus|broken|qc timeout|I/O error|reset failed|call trace)")


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="quietus-sim-") as name:
        yield pathlib.Path(name)


# node ID: the name of the block device with this serial number, or namespace with this number; the
# kernel gives names in the order in which its probes happen to end.
PRELUDE = """echo 1 >/proc/sys/kernel/printk
section() { echo "=== $1"; }
node() {
    for block in /sys/block/*; do
        [ "$(cat $block/nsid 2>/dev/null)" = "$1" ] || grep -qs "$1" $block/device/vpd_pg80 || continue
        echo "${block##*/}"
    done
}
"""


def run(sim, body, tools=(), memory=768, during=None, options=""):
    """Boots a machine with the simulation's drives, runs a script in it; returns {section: text}. In the
    script "section NAME" begins one. during(vm) is called while it runs."""
    script = PRELUDE + body + "\nsection kernel\ndmesg"
    overlay = machine.many(sim.folder / "many.img", script, network=False,
                           files=machine.host_tools(*tools))
    with Machine(sim_drives=sim, kernel_options=f"rdinit=/many {options}", initrds=[overlay],
                 network=False, memory=memory) as vm:
        if during:
            during(vm)
        vm.wait_for("ALL-DONE")
        parts = re.split(r"^=== (.*)\n", vm.console().split("ALL-DONE")[0], flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def complaints(sections, pattern):
    """The kernel's lines on some devices that are no good sign."""
    return [line for line in sections["kernel"].splitlines()
            if re.search(pattern, line) and COMPLAINT.search(line)]


def expect(text, *patterns):
    for pattern in patterns:
        assert re.search(pattern, text, re.M), f"no {pattern!r} in:\n{text[-5000:]}"


THREE_FRONTS = [
    drive("alpha", "nvme", size="64M", serial="NVME-ALPHA", model="Alpha drive", firmware="AL01",
          namespace=["size=24M", "size=32M"], sanitize="crypto block"),
    drive("beta", "ata", size="48M", serial="ATA-BETA", model="Beta disk"),
    drive("gamma", "ata", size="48M", serial="ATA-GAMMA", sanitize="block overwrite"),
    drive("delta", "ata", size="48M", serial="ATA-DELTA"),
    port("first", "nvme", "alpha"),
    port("hba", "ahci", "beta", "gamma"),
    port("scsi", "scsi", "delta"),
]
IDS = ["1", "2", "ATA-BETA", "ATA-GAMMA", "ATA-DELTA"]


def pattern(disk, size):
    line = f"written to {disk} in the first boot\n".encode()
    return (line * (size // len(line) + 1))[:size]


def test_three_fronts():
    """Every front end: what public tools say of the drives, and data that survives a restart of all."""
    with folder() as place:
        write = "\n".join(f"yes 'written to {n} in the first boot' | head -c 2097152 | "
                          f"dd of=/dev/$(node {n}) conv=fsync" for n in IDS)
        tools = ["hdparm", "nvme", "sg_inq", "sg_readcap", "sg_luns", "sg_sat_identify"]
        with Simulation(place, *THREE_FRONTS) as sim:
            first = run(sim, f"""
                section id-ctrl; nvme id-ctrl /dev/nvme0
                section list-ns; nvme list-ns /dev/nvme0
                section sanitize-log; nvme sanitize-log /dev/nvme0
                section get-feature; nvme get-feature /dev/nvme0 -f 7
                section ATA-BETA; hdparm -I /dev/$(node ATA-BETA)
                section ATA-GAMMA; hdparm -I /dev/$(node ATA-GAMMA)
                section ATA-DELTA; hdparm -I /dev/$(node ATA-DELTA)
                section sg_inq; sg_inq /dev/$(node ATA-DELTA)
                section sg_readcap; sg_readcap /dev/$(node ATA-DELTA)
                section sg_luns; sg_luns /dev/$(node ATA-DELTA)
                section sat; sg_sat_identify -H /dev/$(node ATA-DELTA)
                section write
                {write}
                """, tools)
        expect(first["id-ctrl"], r"^sn +: NVME-ALPHA +$", r"^mn +: Alpha drive +$", r"^fr +: AL01 +$")
        expect(first["list-ns"], r"0x1$", r"0x2$")
        expect(first["sanitize-log"], r"Sanitize Progress +\(SPROG\) : +65535")
        expect(first["get-feature"], r"Current value:0x0*1f001f$")
        expect(first["ATA-BETA"], r"Model Number: +Beta disk", r"Serial Number: +ATA-BETA",
               r"^Security:", r"supported: enhanced erase", r"not\s+frozen", r"not\s+locked",
               r"device size with M = 1024\*1024: +48 MBytes")
        expect(first["ATA-GAMMA"], r"Serial Number: +ATA-GAMMA", r"SANITIZE feature set",
               r"BLOCK_ERASE_EXT command")
        expect(first["ATA-DELTA"], r"Serial Number: +ATA-DELTA", r"^Security:")
        expect(first["sg_inq"], r"Vendor identification: ATA", r"Unit serial number: +ATA-DELTA")
        expect(first["sg_readcap"], r"Last LBA=98303 ", r"block length=512")
        expect(first["sg_luns"], r"0000000000000000")
        expect(first["sat"], r"00 +[0-9a-f]{2} ")
        assert not complaints(first, r"nvme|ata\d|ahci|sd [0-9]|scsi")
        with Simulation(place, *THREE_FRONTS) as sim:
            second = run(sim, "\n".join(f"section {n}; dd if=/dev/$(node {n}) bs=1M count=2 | md5sum"
                                          for n in IDS))
        for disk in IDS:
            wanted = hashlib.md5(pattern(disk, 2 << 20)).hexdigest()
            expect(second[disk], wanted)


def test_interrupts_without_messages():
    """The same with pin interrupts: the kernel is told not to use MSI."""
    with folder() as place, Simulation(place, *THREE_FRONTS) as sim:
        found = run(sim, "section write\n" + "\n".join(
            f"yes 'written to {n} in the first boot' | head -c 2097152 | dd of=/dev/$(node {n}) conv=fsync\n"
            f"echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/$(node {n}) bs=1M count=2 | md5sum" for n in IDS)
                    + "\nsection interrupts; cat /proc/interrupts", options="pci=nomsi")
        expect(found["interrupts"], r"IO-APIC.*nvme", r"IO-APIC.*ahci")
        assert "MSI" not in re.sub(r"(?m)^.*(PMI|PIW|PIN|NPI|HYP).*$", "", found["interrupts"])
        for disk in IDS:
            expect(found["write"], hashlib.md5(pattern(disk, 2 << 20)).hexdigest())
        assert not complaints(found, r"nvme|ata\d|ahci|sd [0-9]|scsi")


def test_unreadable_sector():
    """A read error is one sector's, on each front; queued ATA commands tell which through log 10h."""
    drives = [drive(name, family, size="32M", misbehave="read-error from=3000 to=3000")
              for name, family in (("alpha", "nvme"), ("beta", "ata"), ("delta", "ata"))]
    ports = [port("first", "nvme", "alpha"), port("hba", "ahci", "beta"), port("scsi", "scsi", "delta")]
    with folder() as place, Simulation(place, *drives, *ports) as sim:
        # In pages: what is not aligned as a driver wants it busybox reads through the cache, by pages.
        found = run(sim, "\n".join(
            f"section {node}\n"
            f"for at in 374 375 376; do dd if=/dev/{node} of=/dev/null bs=4096 skip=$at count=1 iflag=direct "
            f">/dev/null 2>&1 && echo $at good || echo $at bad; done" for node in ("nvme0n1", "sda", "sdb")))
        for node in ("nvme0n1", "sda", "sdb"):
            assert re.findall(r"^\d+ \w+$", found[node], re.M) == ["374 good", "375 bad", "376 good"], found[node]
        expect(found["kernel"], r"ata\d+\.00: failed command: READ FPDMA QUEUED", r"ata\d+\.00: error: \{ UNC \}",
               r"Unrecovered read error - auto reallocate failed", r"I/O error, dev sd[ab], sector 3000",
               r"critical medium error, dev sd[ab], sector 3000", r"nvme0n1.*sector 3000")
        assert not re.search(r"failed to read log page|hard resetting link", found["kernel"])


def test_long_commands():
    """Security erase and format take their time, and other commands are answered meanwhile."""
    sections = [
        drive("alpha", "nvme", size="32M", time="nvme-format-user-data 4s"),
        drive("beta", "ata", size="32M", serial="ATA-BETA", time="security-erase 4s", erase_time="2min"),
        drive("gamma", "ata", size="32M", serial="ATA-GAMMA"),
        port("first", "nvme", "alpha"), port("hba", "ahci", "beta", "gamma"),
    ]
    with folder() as place, Simulation(place, *sections) as sim:
        found = run(sim, """
            beta=$(node ATA-BETA)
            for n in nvme0n1 $beta; do yes residue | head -c 1048576 | dd of=/dev/$n conv=fsync; done
            hdparm --user-master u --security-set-pass p /dev/$beta
            section erase
            begin=$(cut -d. -f1 /proc/uptime)
            hdparm --user-master u --security-erase p /dev/$beta & one=$!
            nvme format /dev/nvme0 -n 1 -s 1 --force & two=$!
            sleep 1
            hdparm -I /dev/$(node ATA-GAMMA) | grep Serial; nvme id-ctrl /dev/nvme0 | grep ^sn
            wait $one $two
            echo took $(($(cut -d. -f1 /proc/uptime) - begin))
            section left
            echo 3 >/proc/sys/vm/drop_caches
            for n in nvme0n1 $beta; do dd if=/dev/$n bs=1M count=1 | grep -c residue; done
            section security; hdparm -I /dev/$beta
            """, ["hdparm", "nvme"])
        expect(found["erase"], r"Serial", r"^sn", r"Success formatting")
        assert 4 <= int(re.search(r"took (\d+)", found["erase"]).group(1)) <= 60, found["erase"]
        assert re.findall(r"^(\d+)$", found["left"], re.M) == ["0", "0"], found["left"]
        expect(found["security"], r"not\s+enabled")
        expect(sim.log(), r"^beta \d+ ata f4 .* -> pending$", r"^beta \d+ ata f4 .* -> status=50",
               r"^alpha \d+ nvme-admin 80 .* -> pending$", r"^alpha \d+ nvme-admin 80 .* -> status=0000")


def test_vanishing():
    """A disk that leaves its port in the middle of a sanitize and comes back: hot plug, on both fronts."""
    sections = [drive(name, "ata", size="32M", sanitize="block", time="ata-sanitize-block 4s",
                      misbehave="return ata-sanitize-block at=40% after=30s") for name in ("beta", "delta")]
    ports = [port("hba", "ahci", "beta"), port("scsi", "scsi", "delta")]
    with folder() as place, Simulation(place, *sections, *ports) as sim:
        found = run(sim, """
            section start
            for n in sda sdb; do hdparm --yes-i-know-what-i-am-doing --sanitize-block-erase /dev/$n; done
            disks() { ls /sys/block | grep -c ^sd; }
            until_there_are() { for i in $(seq 120); do [ $(disks) != $1 ] || break; sleep 1; done; }
            until_there_are 0
            section away; ls /sys/block
            until_there_are 2
            section back; ls /sys/block; for n in /dev/sd?; do hdparm -I $n | grep Serial; done
            """, ["hdparm"])
        assert "sd" not in found["away"], found["away"]
        assert len(re.findall(r"^sd", found["back"], re.M)) == 2, found["back"]
        assert len(re.findall(r"Serial Number", found["back"])) == 2, found["back"]


def test_vanishing_nvme():
    """A controller whose registers have become all ones is given up by the kernel."""
    sections = [drive("alpha", "nvme", size="32M", sanitize="block", time="nvme-sanitize-block 4s",
                      misbehave="gone nvme-sanitize-block at=40%"),
                port("first", "nvme", "alpha")]
    with folder() as place, Simulation(place, *sections) as sim:
        found = run(sim, """
            section before; ls /sys/block; nvme sanitize /dev/nvme0 -a 2
            sleep 4
            section after; nvme id-ctrl /dev/nvme0 2>&1
            for i in $(seq 120); do [ "$(cat /sys/block/nvme0n1/size)" != 0 ] || break; sleep 0.5; done
            cat /sys/block/nvme0n1/size
            """, ["nvme"], options="nvme_core.admin_timeout=4 nvme_core.io_timeout=4")
        expect(found["before"], r"^nvme0n1$")
        expect(found["after"], r"^0$")
        expect(found["kernel"], r"nvme0: controller is down; will reset: CSTS=0xffffffff",
               r"nvme0: Disabling device after reset failure")


def test_two_controllers():
    """Two controllers of one NVMe subsystem are two paths to its namespaces."""
    sections = [drive("alpha", "nvme", size="32M", controllers=2, serial="TWO"),
                port("left", "nvme", "alpha", controller=0), port("right", "nvme", "alpha", controller=1)]
    with folder() as place, Simulation(place, *sections) as sim:
        found = run(sim, """
            section subsystem; nvme list-subsys
            section ids; for n in 0 1; do nvme id-ctrl /dev/nvme$n | grep -E '^(sn|cntlid)'; done
            section write; yes both | head -c 1048576 | dd of=/dev/nvme0n1 conv=fsync
            """, ["nvme"])
        expect(found["subsystem"], r"nvme0 pcie", r"nvme1 pcie")
        assert len(set(re.findall(r"cntlid +: (\S+)", found["ids"]))) == 2, found["ids"]
        assert not complaints(found, "nvme")


def test_many_drives():
    """Thirty-two drives on one machine."""
    nvme = [f"n{i}" for i in range(10)]
    ahci = [f"a{i}" for i in range(6)]
    scsi = [f"s{i}" for i in range(16)]
    sections = ([drive(n, "nvme", size="16M") for n in nvme] + [drive(n, "ata", size="16M") for n in ahci + scsi]
                + [port(f"p{n}", "nvme", n) for n in nvme]
                + [port("hba", "ahci", *ahci), port("scsi", "scsi", *scsi)])
    with folder() as place, Simulation(place, *sections) as sim:
        found = run(sim, "section scan; quietus scan; section uptime; cat /proc/uptime")
        expect(found["scan"], r"Disks +32")
        assert not complaints(found, r"nvme|ata\d|ahci|sd [0-9]|scsi")


# sg ID: the generic SCSI node of the disk with this serial number, on the adapter with this number (from 0).
SG = """
sg() {
    for generic in /sys/class/scsi_generic/*; do
        grep -qs "$1" $generic/device/vpd_pg80 || continue
        [ "${2:-0}" = 0 ] && echo /dev/${generic##*/} && return
        set -- $1 $(($2 - 1))
    done
}
# The unit attentions that wait there.
settle() { sg_turs -n 4 $1 >/dev/null 2>&1; }
# What works in the disk has ended.
ready() { for i in $(seq 240); do sg_turs $1 >/dev/null 2>&1 && break; sleep 0.5; done; settle $1; }
"""


def test_sas_disk():
    """What sg3-utils say of a native SAS disk, over both of its ports, and of one with 520-byte sectors."""
    sections = [
        drive("delta", "scsi", size="32M", medium="magnetic", vendor="ACME", model="SAS disk", serial="SAS-DELTA",
              firmware="D001", visible="16M", bad_blocks="4000", reserved_by="0xabcd 5", protects="yes",
              rotation=10000, wwn="0x5000c500aabbccd0"),
        drive("odd", "scsi", size="32M", sector=520, serial="SAS-ODD", after_block_erase="write-required"),
        drive("guarded", "scsi", size="16M", protection=1, serial="SAS-GUARDED", unmap="yes"),
        port("left", "scsi", "delta", "odd", "guarded", controller=0), port("right", "scsi", "delta", controller=1)]
    tools = ["sg_inq", "sg_vpd", "sg_readcap", "sg_modes", "sg_requests", "sg_persist", "sg_logs", "sg_opcodes",
             "sg_turs", "sg_reassign", "sg_luns", "sg_raw", "sg_wr_mode"]
    with folder() as place, Simulation(place, *sections) as sim:
        found = run(sim, SG + """
            delta=$(sg SAS-DELTA); other=$(sg SAS-DELTA 1); odd=$(sg SAS-ODD)
            section inquiry; sg_inq $delta; sg_vpd -p di $delta; sg_vpd -p di $other; sg_vpd -p bdc $delta
            section rest; sg_vpd -p lbpv $(sg SAS-GUARDED); sg_vpd -p sv $delta; sg_luns $delta
            section capacity; sg_readcap -l $delta; sg_readcap -l $odd; sg_readcap -l $(sg SAS-GUARDED)
            section modes; sg_modes -a $delta; sg_modes -l -p 1 $delta
            section logs; sg_logs -p 0 $delta; sg_logs -p 0xd $delta; sg_logs -p 0x2f $delta
            section opcodes; sg_opcodes -o 0x48,1 $delta; sg_opcodes -o 0x48,0x10 $delta
            section state; sg_requests $delta; sg_requests -d $delta; sg_turs $delta && echo ready
            section reserved; sg_persist -n -k $other; sg_persist -n -r $other; sg_persist -n -s $other
            sg_wr_mode -p 0xa -c 0a,0a,00,00,00,00,00,00,00,00,00,00 $delta 2>&1
            section taken
            sg_persist -n --out --register --param-sark=0x99 $delta
            sg_persist -n --out --preempt --param-rk=0x99 --param-sark=0xabcd --prout-type=1 $delta
            sg_persist -n -r $delta; settle $other; sg_persist -n -r $other
            section defects; sg_reassign -g $delta; sg_reassign -a 4000 $delta 2>&1; sg_reassign -g $delta
            section blocks; for n in /sys/block/sd*; do echo $(cat $n/size) $(cat $n/device/vpd_pg80); done
            """, tools)
    expect(found["inquiry"], r"Protect=1", r"Vendor identification: ACME", r"Unit serial number: SAS-DELTA",
           r"transport: Serial Attached SCSI", r"Relative target port: 0x1", r"Relative target port: 0x2",
           r"Nominal rotation rate: 10000 rpm", r"WABEREQ=1", r"WACEREQ=1")
    assert found["inquiry"].count("0x5000c500aabbccd0") == 2, found["inquiry"]
    expect(found["rest"], r"\(LBPU\): 1", r"Provisioning type: 2", r"Block limits", r"Lun list length = 8")
    expect(found["capacity"], r"Last LBA=32767 ", r"Last LBA=64526 .*\n +Logical block length=520", r"type 1 protection")
    expect(found["modes"], r"WP=0", r"00 00 80 00 00 00 02 00", r"01 0a c0 14", r"Informational exceptions control")
    expect(found["logs"], r"Verify error", r"Current temperature = 34 C", r"IE asc = 0x0")
    expect(found["opcodes"], r"Sanitize, overwrite\n +Command is supported", r"0x10\n +Command is NOT supported")
    expect(found["state"], r"Fixed format.*No Sense", r"Descriptor format.*No Sense", r"^ready")
    expect(found["reserved"], r"1 registered reservation key", r"Key=0xabcd", r"Write Exclusive, registrants only",
           r"Reservation holder", r"sg_wr_mode failed: Reservation conflict")
    assert found["taken"].count("Key=0x99") == 2, found["taken"]
    assert re.findall(r"grown defect list: (\d+)", found["defects"]) == ["0", "1"], found["defects"]
    # With 520-byte sectors the kernel makes a block device, but one of no size.
    expect(found["blocks"], r"^32768 .*SAS-DELTA", r"^0 .*SAS-ODD", r"^32263 .*SAS-GUARDED")
    expect(found["kernel"], r"Unsupported sector size 520")
    assert not complaints(found, r"call trace|aborting|timed out|resetting")


def test_sas_erase():
    """sg_sanitize and sg_format on a native SAS disk, with their progress on both of its ports; 520 to 512."""
    times = [f"scsi-{name} 8s" for name in ("sanitize-block", "sanitize-crypto", "sanitize-overwrite", "format")]
    sections = [
        drive("delta", "scsi", size="32M", serial="SAS-DELTA", time=times, after_block_erase="write-required",
              plant="RESIDUE every=1"),
        drive("odd", "scsi", size="32M", medium="magnetic", sector=520, serial="SAS-ODD", time=times,
              plant="RESIDUE every=1"),
        port("left", "scsi", "delta", "odd", controller=0), port("right", "scsi", "delta", controller=1)]
    tools = ["sg_sanitize", "sg_format", "sg_requests", "sg_turs", "sg_readcap", "sg_dd", "sg_opcodes", "sg_vpd"]
    with folder() as place, Simulation(place, *sections) as sim:
        found = run(sim, SG + """
            delta=$(sg SAS-DELTA); other=$(sg SAS-DELTA 1); odd=$(sg SAS-ODD)
            yes abcd | head -c 512 >/pattern
            left() { sg_dd if=$1 bs=$2 count=2000 blk_sgio=1 bpt=16 2>/read-errors | grep -c RESIDUE; }
            section before; left $delta 512; left $odd 520
            section block; sg_sanitize --block --quick --early $delta
            sg_requests -p $delta; sg_requests $other; sg_turs -v $other
            sg_readcap -l $delta
            ready $delta; settle $other; sg_requests $delta; left $delta 512; cat /read-errors
            section overwrite; sg_sanitize --overwrite --pattern=/pattern --ipl=512 --quick --wait $odd
            settle $odd; sg_requests $odd; left $odd 520
            section written; sg_dd if=$odd bs=520 count=1 skip=777 blk_sgio=1 2>/dev/null | head -c 20
            section format; sg_format --format --size=512 --quick --early $odd
            sg_requests -p $odd; sg_turs -v $odd
            ready $odd; sg_readcap -l $odd
            section protect; sg_format --format --fmtpinfo=2 --quick --early $delta; ready $delta; sg_readcap -l $delta
            section fail; sg_sanitize --fail --quick --early $delta && echo left
            """, tools)
        log = sim.log()
        looked = subprocess.run([PROGRAM.with_name("quietus-oracle"), sim.media("delta"), sim.media("odd")],
                                capture_output=True, text=True, check=False)
    assert found["before"].split() == ["1", "1"], found["before"]
    expect(found["block"], r"^Progress indication: \d+", r"Not Ready\nAdditional sense: .*sanitize in progress",
           r"READ CAPACITY \(16\) failed: Device not ready", r"^0$",
           r"1 unrecovered error")
    expect(found["overwrite"], r"key: No Sense", r"^0$")
    expect(found["written"], r"^abcd\nabcd$")
    expect(found["format"], r"Block size=520", r"format in progress", r"^Progress indication: \d+",
           r"Last LBA=65535 .*\n +Logical block length=512")
    expect(found["protect"], r"type 1 protection", r"Last LBA=64526 ")
    expect(found["fail"], r"^left$")
    expect(log, r"^delta \d+ scsi 48 82 .* -> status=00$", r"^odd \d+ scsi 48 01 .* -> pending$",
           r"^odd \d+ scsi 48 01 .* -> status=00$", r"^odd \d+ scsi 04 18 .* -> status=00$")
    assert looked.returncode == 0, looked.stdout + looked.stderr
