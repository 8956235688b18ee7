"""From the kernel's command line to an address: what initramfs/network does, on a site's network."""

import base64
import calendar
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

import content
import machine
import site_network
from machine import Machine
from site_network import HOST, HOST6, VLAN_HOST, SiteNetwork

DEAD, LATE, MAIN, SIX, TAGGED = (f"52:54:00:51:55:0{n}" for n in range(1, 6))
LATE_SECONDS = 40

# Each phase has a command line of its own, as the kernel would have it; the cards of the phase before are
# taken down, except for the late one's, whose DHCP client goes on in the background.
SCRIPT = """
command_line=/tmp/line
phase() {{
    echo "PHASE $1"
    for folder in "$network"/*; do [ ! -d "$folder" ] || say "$(cat "$folder/address") goes"; done
    for name in $(ls /sys/class/net | grep -v -e lo -e "$late"); do
        ip addr flush dev "$name"
        ip link set "$name" down
        rm -rf "$network/$name"
    done
    for pid in $(pidof udhcpc); do
        grep -q "$late" /proc/$pid/cmdline || kill "$pid"
    done
    shift
    echo "$*" >/tmp/line
    start_network
}}
fetch() {{
    rm -f /tmp/hello
    quietus fetch --output /tmp/hello "$1" && echo "GOT $(cat /tmp/hello) $1"
}}
late=none
echo quietus.x=1 >/tmp/line
late=$(interface_named {LATE})
phase late quietus.nic={late_hyphens} quietus.network_wait=2
phase dhcp BOOTIF=01-{main_hyphens}
fetch http://deploy.example.com/quietus/hello
echo "TIME $(cat $state/ntp)"
phase static quietus.nic={MAIN} quietus.address=10.20.0.77/24,fd00:20::77/64 quietus.gateway={HOST},{HOST6} quietus.dns={HOST6}
fetch http://six.example.com/quietus/hello
ip route | grep default
ip -6 route | grep default
phase six quietus.nic={SIX}
fetch 'http://[{HOST6}]/quietus/hello'
phase vlan quietus.nic={TAGGED} quietus.vlan=5
fetch http://{VLAN_HOST}/quietus/hello
phase all
fetch http://{HOST}/quietus/hello
authority() {{
    echo "AUTHORITY $1"
    shift
    rm -f /etc/quietus/ca.pem
    echo "$*" >/tmp/line
    take_authority
    fetch https://{HOST}/quietus/hello
}}
authority public
authority wrong quietus.ca=http://{HOST}/quietus/ca.pem quietus.ca_sha256={wrong}
authority undigested quietus.ca=http://{HOST}/quietus/ca.pem
authority right quietus.ca=http://{HOST}/quietus/ca.pem quietus.ca_sha256={right}
rm /etc/quietus/ca.pem
mkdir -p $state/stick/keys
cp /tmp/hello /tmp/first
quietus fetch --output $state/stick/keys/ca.pem http://{HOST}/quietus/ca.pem
authority stick
agent() {{
    echo "AGENT $1"
    shift
    echo "$*" >/tmp/agent
    quietus agent --command-line /tmp/agent --spool /tmp/spool
    echo "STATUS $?"
}}
agent plain quietus.mode=erase quietus.order=http://{HOST}/quietus/orders/now.json quietus.report=http://{HOST}/quietus/certificates/plain
agent secure quietus.report=https://{HOST}/quietus/certificates/secure quietus.ntp=10.20.0.99
echo "PHASE back"
while [ ! -e "$network/$late/address" ]; do sleep 1; done
echo "LATE $(cat "$network/$late/address")"
"""


def make_authority(folder):
    """ca.pem, and tls.pem with tls.key for the server's address."""
    content.run("openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2", "-subj", "/CN=Site",
                "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    content.run("openssl", "req", "-newkey", "ed25519", "-nodes", "-subj", "/CN=deploy", "-keyout",
                folder / "tls.key", "-out", folder / "tls.csr")
    (folder / "tls.ext").write_text(f"subjectAltName=IP:{HOST},DNS:deploy.example.com\n")
    content.run("openssl", "x509", "-req", "-in", folder / "tls.csr", "-CA", folder / "ca.pem", "-CAkey",
                folder / "ca.key", "-days", "2", "-extfile", folder / "tls.ext", "-out", folder / "tls.pem")


def tls_site(folder):
    return (f"server {{ listen 443 ssl; ssl_certificate {folder}/tls.pem; ssl_certificate_key {folder}/tls.key; "
            "location / { root /srv/www; dav_methods PUT; create_full_put_path on; } }\n"
            f"server {{ listen [{HOST6}]:80; location / {{ root /srv/www; }} }}")


def sign_order(site, folder):
    """For the one disk of the machine."""
    key = folder / "site"
    subprocess.run([machine.QUIETUS, "keygen", key], check=True, capture_output=True)
    description = folder / "description.json"
    description.write_text(json.dumps({
        "server": {"serial": machine.SERIAL, "uuid": machine.UUID}, "holds": "not-checked",
        "disks": [{"serial": "N-1", "content": "not-checked"}]}))
    subprocess.run([machine.QUIETUS, "order", "--key", f"{key}.key", "-o", site.www / "orders/now.json", description],
                   check=True, capture_output=True)


def document(site, pattern):
    """The payload of the only document that the server has by this name."""
    found = list((site.www / "certificates").glob(pattern))
    assert len(found) == 1, f"{pattern}: {found}"
    return json.loads(base64.b64decode(json.loads(found[0].read_text())["payload"]))


def check_times(site):
    """The machine's clock is seven years behind. NTP corrects it, and what is done by that time says whose it is;
    HTTPS is believed before NTP, by a certificate that is valid at the time that it tells."""
    certificate = document(site, "plain/*certificate.json")
    assert certificate["disposition"] == "erased"
    clock = certificate["clock"]
    assert clock["source"] == f"NTP server {HOST}" and clock["authenticated"] is False
    assert clock["machine_clock_corrected_seconds"] > 7 * 365 * 86400 and clock["error_ms"] < 5000
    assert abs(time.time() - calendar.timegm(time.strptime(certificate["issued"], "%Y-%m-%dT%H:%M:%SZ"))) < 300
    doubts = [text for text in certificate["exceptions"] if "for whom nobody vouches" in text]
    assert len(doubts) == 1 and "2019-" in doubts[0], certificate["exceptions"]
    clock = document(site, "secure/*record.json")["clock"]
    assert clock["source"] == f"Date of https://{HOST}" and clock["authenticated"] is True
    nobody, ntp, https = clock["asked"]
    assert [said["source"] for said in (nobody, ntp, https)] == [
        "NTP server 10.20.0.99", f"NTP server {HOST}", f"Date of https://{HOST}"], clock
    assert "problem" in nobody and "problem" not in https, clock
    # On a busy machine its answer may be late.
    assert ntp.get("problem") in (None, "Connection timed out"), clock


def phases_of(console):
    parts = re.split(r"^(?:PHASE|AUTHORITY|AGENT) (\w+)\n", console, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def test_every_way_to_an_address():
    """DHCP on the card that booted, static IPv4 and IPv6, router advertisements alone, a VLAN, several cards of
    which one is dead and one's port comes up after 40 s, names, and the site's authority by its digest."""
    site_network.have_programs()
    with tempfile.TemporaryDirectory(prefix="quietus-test-") as name:
        folder = pathlib.Path(name)
        make_authority(folder)
        right = hashlib.sha256((folder / "ca.pem").read_bytes()).hexdigest()
        script = machine.many(folder / "many.img", SCRIPT.format(
            **globals(), late_hyphens=LATE.replace(":", "-").upper(), main_hyphens=MAIN.replace(":", "-"),
            right=right, wrong="0" * 64), network=False)
        dnsmasq = ["--interface=vlan", "--dhcp-range=10.50.0.100,10.50.0.200,1h", f"--dhcp-host={SIX},ignore",
                   "--enable-ra", "--dhcp-range=fd00:20::,ra-only", "--local=/example.com/",
                   f"--host-record=six.example.com,{HOST6}",
                   f"--dhcp-option=option:ntp-server,{HOST}"]
        with SiteNetwork(folder, ("late", "main", "six"), 5, dnsmasq, tls_site(folder)) as site:
            (site.www / "hello").write_text("hello")
            (site.www / "ca.pem").write_bytes((folder / "ca.pem").read_bytes())
            sign_order(site, folder)
            subprocess.run([machine.TOP / "scripts/site", "--trust", folder / "site.pub", folder / "site.img"], check=True)
            site.start_in(sys.executable, machine.TOP / "tests/vm/ntp_server.py", HOST)
            disk = machine.nvme(content.blank(folder / "disk.img", 4), "N-1")
            cards = ["-rtc", "base=2019-05-01T00:00:00", "-netdev", "user,id=n-dead,restrict=on", "-device", f"e1000,netdev=n-dead,mac={DEAD},id=dead",
                     *site.tap_arguments("late", LATE, "late"), *site.tap_arguments("main", MAIN, "main", "e1000"),
                     *site.tap_arguments("six", SIX, "six"), *site.vlan_arguments(TAGGED, "tagged")]
            with Machine([disk], "rdinit=/many", initrds=[script, folder / "site.img"], network=False, extra=cards,
                         prefix=site.prefix) as vm:
                for card in ("dead", "late"):
                    vm.qmp("set_link", name=card, up=False)
                vm.wait_for("PHASE dhcp")
                timer = threading.Timer(LATE_SECONDS - 2, vm.qmp, ["set_link"], {"name": "late", "up": True})
                timer.start()
                began = time.monotonic()
                vm.wait_for("ALL-DONE")
                timer.cancel()
                assert time.monotonic() - began >= LATE_SECONDS - 5
                console = vm.console()
            check_times(site)
        said = phases_of(console)

        def has(phase, pattern):
            assert re.search(pattern, said[phase]), f"{phase}: {pattern}\n{console}"

        has("late", r"no address after 2 s; going on without, and still trying")
        has("dhcp", r"network: eth\d has 10\.20\.0\.\d+")
        has("dhcp", r"GOT hello http://deploy")
        has("dhcp", rf"TIME {HOST}\n")
        has("static", r"network: eth\d has 10\.20\.0\.77/24,fd00:20::77/64")
        has("static", r"GOT hello http://six")
        has("static", rf"default via {HOST} dev")
        has("static", rf"default via {HOST6} dev")
        has("six", r"network: eth\d has fd00:0020:")
        has("six", r"GOT hello http://\[")
        has("vlan", r"network: eth\d\.5 has 10\.50\.0\.\d+")
        has("vlan", rf"GOT hello http://{VLAN_HOST}")
        has("all", r"network: eth\d has 10\.20\.0\.\d+")
        has("all", rf"GOT hello http://{HOST}")
        for phase in ("public", "wrong", "undigested"):
            assert "GOT" not in said[phase], console
        # No other authority takes its place.
        has("wrong", "error setting certificate file")
        has("undigested", "error setting certificate file")
        has("wrong", "another digest")
        has("undigested", "needs quietus.ca_sha256")
        has("right", f"GOT hello https://{HOST}")
        has("stick", f"GOT hello https://{HOST}")
        has("plain", "STATUS 0\n")
        has("secure", "STATUS 0\n")
        has("back", r"LATE 10\.20\.0\.\d+")
