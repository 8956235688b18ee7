#!/usr/bin/env python3
"""The main job, shown: a server with a SATA, a SAS and an NVMe disk full of data boots Quietus over PXE,
erases them on a signed order, and leaves checked certificates. scripts/demo calls this."""

import json
import pathlib
import shutil
import socket
import subprocess
import sys
import time

import content
import machine
from machine import HOST, OUT, QUIETUS, TOP, Machine

PLACE = OUT / "demo"
SIZE = 192
DISKS = {
    "WD-WMC4N0E1": ("SATA disk, GPT with an ext4 file system", "sata", content.disk_with_ext4, machine.sata),
    "Z1X0ABCD": ("SAS disk, LUKS volume with known bytes for its ciphertext", "sas", content.disk_with_luks, machine.sas),
    "S4EVNF0M": ("NVMe drive, LVM with an ext4 file system", "nvme", content.disk_with_lvm, machine.nvme),
}

NGINX = """
daemon off;
pid {place}/nginx.pid;
error_log {place}/nginx-error.log;
events {{ }}
http {{
    access_log {place}/nginx-access.log;
    client_body_temp_path {place}/tmp;
    proxy_temp_path {place}/tmp;
    fastcgi_temp_path {place}/tmp;
    uwsgi_temp_path {place}/tmp;
    scgi_temp_path {place}/tmp;
    client_max_body_size 16m;
    server {{
        listen 127.0.0.1:{port};
        root {place}/www;
        location /certificates/ {{
            dav_methods PUT;
            create_full_put_path on;
            dav_access user:rw group:r all:r;
        }}
    }}
}}
"""


def say(text=""):
    print(text, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def quietus(*arguments):
    return subprocess.run([str(a) for a in (QUIETUS, *arguments)], check=True, capture_output=True, text=True).stdout


def make_disks():
    """Images with real content; returns what is looked for afterwards."""
    planted = {}
    for serial, (what, name, make, _) in DISKS.items():
        image = make(PLACE / f"{name}.img", name, SIZE)
        found = content.count(image, content.canary(name))
        assert found > 0
        planted[serial] = content.distinct_sectors(image)
        say(f"    {serial:12} {image.stat().st_size / 1e6:.1f} MB  {what}")
        say(f"    {'':12} a known text is in it {found} times, and {len(planted[serial])} distinct known sectors")
    return planted


def start_server(port):
    """nginx: the image and the orders by GET, certificates by PUT."""
    for folder in ("www/orders", "www/certificates", "tmp", "tftp"):
        (PLACE / folder).mkdir(parents=True)
    (PLACE / "www").chmod(0o755)
    for name in ("vmlinuz", "initramfs.img"):
        shutil.copy(OUT / name, PLACE / "www" / name)
    (PLACE / "nginx.conf").write_text(NGINX.format(place=PLACE, port=port))
    user = ["-g", "user root;"] if subprocess.run(["id", "-u"], capture_output=True, text=True).stdout == "0\n" else []
    process = subprocess.Popen(["nginx", "-c", PLACE / "nginx.conf", "-e", PLACE / "nginx-error.log", *user])
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.05)
    raise RuntimeError("nginx does not answer; see " + str(PLACE / "nginx-error.log"))


def write_boot_script(base):
    """The one that is shipped, with this server's address; both boots use it."""
    script = (TOP / "initramfs/ipxe/boot.ipxe").read_text()
    (PLACE / "tftp/boot.ipxe").write_text(
        script.replace("http://deploy.example.com/quietus", base).replace("console=tty0 ", ""))


def boot(log):
    """Power on: the network card's iPXE, TFTP, HTTP, the image. Returns the agent's exit status."""
    disks = [make(PLACE / f"{name}.img", serial) for serial, (_, name, _, make) in DISKS.items()]
    with Machine(disks, direct=False, tftp=PLACE / "tftp", bootfile="boot.ipxe", log=PLACE / log,
                 time_limit=600) as vm:
        began = time.monotonic()
        status = vm.wait_for_end()
        say(f"    powered off after {time.monotonic() - began:.0f} s, exit status {status}")
        return status


def check(certificates):
    """quietus check and the OpenSSL-only script have to agree."""
    done = subprocess.run([QUIETUS, "check", *certificates], capture_output=True, text=True)
    assert done.returncode == 3, done.stdout
    for file in certificates:
        subprocess.run([TOP / "scripts/check-with-openssl", file], check=True, capture_output=True)
    say(f"    quietus check: {len(certificates)} documents intact, origin unproven: they are signed by a key")
    say("        that was made in the server's memory; they show that nobody has altered them since")
    say(f"    OpenSSL alone (scripts/check-with-openssl): {len(certificates)} signatures good")


def look_for_remains(planted):
    for serial, (_, name, _, _) in DISKS.items():
        image = PLACE / f"{name}.img"
        found = content.count(image, content.canary(name))
        left = content.residue(image, planted[serial])
        assert found == 0 and left == 0, f"{serial}: {found} hits, {left} sectors"
        say(f"    {serial:12} known text: found {found} times; {left} of {len(planted[serial])} distinct known "
            "sectors found")


def main():
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    reports = PLACE / "www/certificates" / machine.SERIAL
    order = PLACE / f"www/orders/{machine.SERIAL}.json"
    say("1. A server's disks, with data")
    planted = make_disks()
    port = free_port()
    server = start_server(port)
    try:
        say("2. The operator's keys, and the site image with the public one")
        quietus("keygen", PLACE / "site")
        subprocess.run([TOP / "scripts/site", "--trust", PLACE / "site.pub", PLACE / "www/site.img"], check=True)
        write_boot_script(f"http://{HOST}:{port}")
        say("3. First PXE boot: there is no order for this server, so it reports what it has and changes nothing")
        status = boot("inspect.log")
        assert status == 11, (PLACE / "inspect.log").read_text(errors="replace")[-3000:]
        record = next(reports.glob("*record.json"))
        say("4. The operator signs an order for this server and what its disks hold now")
        (PLACE / "description.json").write_text(json.dumps(
            {"site": "Demo", "purpose": "contract ended", "disks": "all", "holds": "not-checked"}))
        quietus("order", "--key", PLACE / "site.key", "--inventory", record, "--output", order,
                PLACE / "description.json")
        say("5. Second PXE boot, by the same script: erase, verify, certify")
        status = boot("erase.log")
        assert status == 0, (PLACE / "erase.log").read_text(errors="replace")[-3000:]
    finally:
        server.terminate()
        server.wait(10)
    say("6. What is left on the disks, looked for from outside")
    look_for_remains(planted)
    say("7. The certificates, and the records of both boots")
    documents = sorted(reports.glob("*.json"))
    assert len(documents) == 6
    check(documents)
    say()
    say(quietus("show", next(reports.glob("*-certificate.json"))))
    say("Certificates:  " + str(reports))
    say("Consoles:      " + ", ".join(str(PLACE / name) for name in ("inspect.log", "erase.log")))


if __name__ == "__main__":
    try:
        main()
    except (AssertionError, RuntimeError) as error:
        sys.exit(f"demo failed: {error}")
