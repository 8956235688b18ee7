"""A chassis full of disks: in little memory, and what the console shows of it."""

import pathlib
import re
import subprocess
import tempfile

import content
import dsse
import machine
from machine import Machine

DISKS, MIB, MACHINE_MIB, MOST_MIB = 36, 8, 512, 256

SCRIPT = """
echo "quietus.mode=erase quietus.deliver=0" >/tmp/none
quietus agent --command-line /tmp/none --spool /tmp/refused >/tmp/log 2>&1
echo "REFUSED $? $(ls /tmp/refused | grep -c certificate) $(grep -c refused: /tmp/log)"
grep -A4 refused: /tmp/log
echo "quietus.mode=erase quietus.order=/order.json quietus.progress=none quietus.deliver=0" >/tmp/line
quietus agent --command-line /tmp/line --spool /tmp/spool >/tmp/log 2>&1 &
pid=$!
while kill -0 $pid 2>/dev/null; do
    sed -n 's/^MemAvailable: *//p' /proc/meminfo >>/tmp/available
    sleep 0.05
done
wait $pid
echo "STATUS $?"
tail -n 3 /tmp/log
echo "LEAST AVAILABLE $(sort -n /tmp/available | head -n 1)"
echo "CERTIFICATES $(ls /tmp/spool | grep -c certificate)"
"""


def order(folder):
    """For all of them, whatever they hold, to be read in full."""
    subprocess.run([machine.QUIETUS, "keygen", folder / "site"], check=True, capture_output=True)
    dsse.sign(folder / "order.json", {
        "schema": "quietus.order/1", "id": "o-1", "nonce": "0123456789abcdef0123456789abcdef",
        "issued": "2020-01-01T00:00:00Z", "not_before": "2020-01-01T00:00:00Z", "expires": "2100-01-01T00:00:00Z",
        "holds": "not-checked", "server": {"serial": machine.SERIAL, "uuid": machine.UUID},
        "policy": {"verify": "full"},
        "disks": [{"serial": f"C-{i:02}", "content": "not-checked"} for i in range(DISKS)],
    }, folder / "site.key")
    return {"order.json": ((folder / "order.json").read_bytes(), 0o644),
            "etc/quietus/trust/site.pub": ((folder / "site.pub").read_bytes(), 0o644)}


def test_memory_with_many_disks():
    """36 disks at once, all overwritten and read back in full, in a machine of 512 MB: all that is in use at the peak, the
    kernel's own and the image's files too. Before that, without an order: the reason is said once, not for each of the
    36."""
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        disks = [["-device", "virtio-scsi-pci,id=hba"]]
        for i in range(DISKS):
            path = content.blank(folder / f"disk{i}.img", MIB)
            disks.append(["-drive", f"if=none,id=d{i},format=raw,cache=unsafe,file={path}",
                          "-device", f"scsi-hd,bus=hba.0,drive=d{i},serial=C-{i:02}"])
        script = machine.many(folder / "many.img", SCRIPT, network=False, files=order(folder))
        with Machine(disks, "rdinit=/many", initrds=[script], network=False, memory=MACHINE_MIB) as vm:
            vm.wait_for("ALL-DONE")
            console = vm.console()
    assert f"REFUSED 11 {DISKS} 1\n{DISKS} disks refused: no good order: no order was given" in console, console
    assert f"    and {DISKS - 3} more; the record names them all\n" in console, console
    # Nothing could be delivered anywhere (30); every disk is erased.
    assert "STATUS 30\n" in console and f"CERTIFICATES {DISKS}\n" in console, console
    used = MACHINE_MIB - int(re.search(r"LEAST AVAILABLE (\d+) kB", console).group(1)) / 1024
    print(f"        {used:.0f} MiB in use at the peak, of {MACHINE_MIB}", flush=True)
    assert used <= MOST_MIB, f"{used} MiB\n{console}"
