"""The examples of initramfs/ipxe as they stand, on a site's network: from power-on by dnsmasq, undionly.kpxe, iPXE
and nginx to certificates, and on to the next boot device."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import content
import machine
import site_network
from machine import Machine
from site_network import SiteNetwork

SERIAL = "H-1"
# Of the server: in URLs percent-encoded, which nginx decodes, so that the slash makes a folder; in the names of
# documents what is no letter, digit or "-" is "_". The firmware has it with spaces at the end, as many have.
SERVER_SERIAL = "QT SRV/42.1"
SERVER_NAME = "QT_SRV_42_1"
PADDING = "  "
# iPXE has them in its own ${serial}: what it asks for by that is nowhere.
BY_IPXE = "imgfetch ${base}/orders/${serial:uristring}.json ||\n"


def prepare(site, folder):
    for name in ("vmlinuz", "initramfs.img"):
        shutil.copy(machine.OUT / name, site.www / name)
    shutil.copy(machine.BUILD / "firmware/root/usr/lib/ipxe/undionly.kpxe", site.srv / "tftp")
    subprocess.run([machine.QUIETUS, "keygen", folder / "site"], check=True, capture_output=True)
    subprocess.run([machine.TOP / "scripts/site", "--trust", folder / "site.pub", site.www / "site.img"], check=True)
    (folder / "description.json").write_text(json.dumps({
        "server": {"serial": SERVER_SERIAL, "uuid": machine.UUID}, "holds": "not-checked",
        "disks": [{"serial": SERIAL, "content": "not-checked"}]}))
    order = site.www / f"orders/{SERVER_SERIAL}.json"
    order.parent.mkdir()
    subprocess.run([machine.QUIETUS, "order", "--key", folder / "site.key", "-o", order, folder / "description.json"],
                   check=True, capture_output=True)
    script = (site_network.EXAMPLES / "boot.ipxe").read_text()
    # Over the serial line alone, since this machine has no screen; and on to the next device.
    script = script.replace("console=tty0 ", "").replace("set done poweroff", "set done next")
    script = script.replace("imgfetch --name mark", BY_IPXE + "imgfetch --name mark")
    assert "set done next" in script and BY_IPXE in script
    (site.www / "boot.ipxe").write_text(script)


def blind_to_ipxe(folder):
    """The example without the line by which it knows iPXE. QEMU's cards have a PXE client which is iPXE; so answered
    it does what every other maker's does: it takes undionly.kpxe by TFTP, and serves it as its network driver."""
    text = (site_network.EXAMPLES / "dnsmasq.conf").read_text()
    line = "dhcp-match=set:ipxe,175\n"
    assert text.count(line) == 1
    path = folder / "blind.conf"
    path.write_text(text.replace(line, ""))
    return path


def test_dnsmasq_ipxe_and_on():
    """Two boots of one machine, without a hand in between: the first goes by undionly.kpxe, erases and reboots; the
    second finds the mark and leaves the network for the disk. Before, the mark cannot be stored for a while, and there is no
    restart without it."""
    site_network.have_programs()
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        path = content.disk_with_ext4(folder / "disk.img", "disk", 64)
        assert content.count(path, content.canary("disk")) > 0
        with SiteNetwork(folder, dhcp=blind_to_ipxe(folder)) as site:
            prepare(site, folder)
            in_its_way = site.www / "certificates/done"
            in_its_way.parent.mkdir(exist_ok=True)
            in_its_way.write_text("a file where a folder has to be")
            log = folder / "nginx/access.log"
            mark = f"GET /quietus/certificates/done/{machine.MAC.replace(':', '-')} "
            with Machine([machine.sata(path, SERIAL)], direct=False, network=False, prefix=site.prefix,
                         extra=[*site.tap_arguments("tap0", machine.MAC, "card", "e1000"), "-boot", "order=nc",
                                "-smbios", f"type=1,serial={SERVER_SERIAL}{PADDING}",
                                "-action", "reboot=reset"]) as vm:
                site.wait_for(lambda: "sent /srv/tftp/undionly.kpxe" in site.dnsmasq_log(), 300)
                site.restart_dnsmasq(site_network.EXAMPLES / "dnsmasq.conf")
                vm.wait_for("quietus: no restart: the mark .* trying again in 10 s")
                in_its_way.unlink()
                vm.wait_for("quietus: exit status 0; next")
                end = time.monotonic() + 300
                while len(re.findall(mark, log.read_text())) < 3 and time.monotonic() < end:
                    time.sleep(0.2)
                time.sleep(3)
                console = vm.console()
            said = log.read_text()
        # The script asks for the mark in each boot; in between it is stored, and read back.
        answers = re.findall(mark + r'[^"]*" (\d+)', said)
        assert answers == ["404", "200", "200"], f"{said}\n{console}"
        # The older iPXE, in the card, decodes the slash itself.
        by_ipxe = re.findall(r'GET /quietus/orders/QT%20SRV(?:%2F|/)42\.1%20%20\.json [^"]*" (\d+)', said)
        assert by_ipxe == ["404", "404"] and "GET /quietus/orders/QT%20SRV%2F42.1.json " in said, said
        # iPXE says its version: the ROM of QEMU is an older one than undionly.kpxe.
        scripts = re.findall(r'GET /quietus/boot.ipxe[^"]*" 200 .*"iPXE/([^ "]*)', said)
        assert len(scripts) == 2 and scripts[0] != scripts[1], said
        assert said.count("GET /quietus/vmlinuz") == 1, said
        assert content.count(path, content.canary("disk")) == 0
        certificates = list((site.www / f"certificates/{SERVER_SERIAL}").glob(f"{SERVER_NAME}-*-certificate.json"))
        assert len(certificates) == 1
        mark = site.www / f"certificates/done/{machine.MAC.replace(':', '-')}"
        assert mark.read_text() == f"exit status 0\nserver {SERVER_NAME}\n"
        done = subprocess.run([machine.QUIETUS, "check", *certificates], capture_output=True, text=True)
        assert done.returncode == 3 and "erased" in done.stdout, done.stdout
