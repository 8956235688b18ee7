"""A site's network in a namespace of this machine: a bridge with dnsmasq and nginx on it, by the very files of
initramfs/ipxe, and taps that a virtual machine's network cards are plugged into. Needs root."""

import os
import pathlib
import shutil
import subprocess
import sys
import time

from machine import TOP

EXAMPLES = TOP / "initramfs/ipxe"
HOST = "10.20.0.1"
HOST6 = "fd00:20::1"
VLAN_HOST = "10.50.0.1"


class SiteNetwork:
    """Use as a context manager. folder/srv is what nginx and dnsmasq see as /srv. taps: on the bridge;
    vlan: a number, for a network of its own whose frames carry it (see vlan_arguments)."""

    # The bridge has the name that the examples give the server's interface.
    bridge = "eth1"

    def __init__(self, folder, taps=("tap0",), vlan=None, dnsmasq=(), nginx="", dhcp=EXAMPLES / "dnsmasq.conf"):
        self.folder = pathlib.Path(folder)
        self.name = f"quietus-{os.getpid()}-{id(self) & 0xffff:x}"
        self.taps, self.vlan, self.dnsmasq, self.nginx = taps, vlan, dnsmasq, nginx
        self.dhcp = dhcp
        self.srv = self.folder / "srv"
        self.www = self.srv / "www/quietus"
        for path in (self.www / "certificates", self.www / "orders", self.srv / "tftp", self.folder / "nginx"):
            path.mkdir(parents=True, exist_ok=True)
        self.www.joinpath("certificates").chmod(0o777)
        self.folder.chmod(0o755)
        self.processes = []
        self.started = 0
        self.prefix = ["ip", "netns", "exec", self.name]

    def ip(self, *arguments):
        subprocess.run(["ip", "-n", self.name, *arguments], check=True)

    def run_in(self, *command, **options):
        return subprocess.run([*self.prefix, *map(str, command)], check=True, **options)

    def start_in(self, *command):
        """Starts a server whose /srv is ours; ends with the context."""
        script = f"mount --bind {self.srv} /srv && exec \"$@\""
        self.started += 1
        log = open(self.folder / f"{pathlib.Path(command[0]).name}-{self.started}.log", "wb")
        process = subprocess.Popen([*self.prefix, "sh", "-c", script, "sh", *map(str, command)],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def __enter__(self):
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        try:
            self._make_links()
            self._start_servers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(10)
        subprocess.run(["ip", "netns", "del", self.name], check=True)

    def _make_links(self):
        self.ip("link", "set", "lo", "up")
        self.ip("link", "add", self.bridge, "type", "bridge", "forward_delay", "0")
        self.ip("addr", "add", f"{HOST}/24", "dev", self.bridge)
        self.ip("addr", "add", f"{HOST6}/64", "dev", self.bridge, "nodad")
        self.ip("link", "set", self.bridge, "up")
        for tap in self.taps:
            self.ip("tuntap", "add", tap, "mode", "tap")
            self.ip("link", "set", tap, "master", self.bridge, "up")
        if self.vlan:
            self.ip("tuntap", "add", "vlan", "mode", "tap")
            self.ip("addr", "add", f"{VLAN_HOST}/24", "dev", "vlan")
            self.start_in(sys.executable, TOP / "tests/vm/vlan_relay.py", "vlan", self.vlan)
            self.ip("link", "set", "vlan", "up")

    def start_dnsmasq(self, configuration):
        self.dnsmasq_process = self.start_in(
            "dnsmasq", f"--conf-file={configuration}", "--keep-in-foreground", "--user=root", "--pid-file",
            f"--dhcp-leasefile={self.folder}/leases", "--log-facility=-", "--no-resolv", "--no-hosts",
            f"--address=/deploy.example.com/{HOST}", "--log-dhcp", *self.dnsmasq)

    def restart_dnsmasq(self, configuration):
        self.processes.remove(self.dnsmasq_process)
        self.dnsmasq_process.terminate()
        self.dnsmasq_process.wait(10)
        self.start_dnsmasq(configuration)

    def dnsmasq_log(self):
        return "".join(log.read_text(errors="replace") for log in sorted(self.folder.glob("dnsmasq-*.log")))

    def _start_servers(self):
        self.start_dnsmasq(self.dhcp)
        main = self.folder / "nginx/nginx.conf"
        temporary = "\n".join(f"{kind}_temp_path {self.folder}/nginx/tmp;"
                              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        main.write_text(f"daemon off;\nuser root;\npid {self.folder}/nginx/pid;\nevents {{ }}\nhttp {{\n"
                        f"access_log {self.folder}/nginx/access.log;\n{temporary}\n"
                        f"include {EXAMPLES}/nginx.conf;\n{self.nginx}\n}}\n")
        self.start_in("nginx", "-c", main, "-e", self.folder / "nginx/error.log")
        self.wait_for(lambda: "nginx" in self.listeners(":80") and "dnsmasq" in self.listeners(":53"))

    def listeners(self, port):
        return self.run_in("ss", "-Hlntup", capture_output=True, text=True).stdout if port else ""

    def wait_for(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            assert all(process.poll() is None for process in self.processes), self.logs()
            assert time.monotonic() < end, self.logs()
            time.sleep(0.05)

    def logs(self):
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-4000:]}"
                         for path in sorted(self.folder.glob("*.log")))

    @staticmethod
    def tap_arguments(tap, mac, name, model="virtio-net-pci"):
        """QEMU arguments of a card on a tap."""
        return ["-netdev", f"tap,id=n-{name},ifname={tap},script=no,downscript=no",
                "-device", f"{model},netdev=n-{name},mac={mac},id={name}"]

    def vlan_arguments(self, mac, name):
        return ["-netdev", f"socket,id=n-{name},udp=127.0.0.1:7001,localaddr=127.0.0.1:7002",
                "-device", f"virtio-net-pci,netdev=n-{name},mac={mac},id={name}"]


def have_programs():
    missing = [name for name in ("ip", "ss", "dnsmasq", "nginx") if not shutil.which(name)]
    assert not missing, f"not on this machine: {missing}; see scripts/setup --tests"
