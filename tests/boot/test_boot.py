"""Every way in which a server starts: each ends in erased drives and certificates that check, or in a refusal."""

import contextlib
import pathlib
import re
import shutil
import time

import boots
import site_network
from authority import Authority
from boots import FIRMWARE, OUT, TOP, boot, cdrom, check_documents, network, site, uefi, usb
from framebuffer import FrameBuffer
from site_network import SiteNetwork


def folder_for(place, name):
    folder = place.folder / name
    folder.mkdir()
    return folder


def ipxe_script(place, target, report):
    """The boot script as it is shipped, for this site."""
    text = (TOP / "initramfs/ipxe/boot.ipxe").read_text()
    text = text.replace("http://deploy.example.com/quietus", place.url)
    text = text.replace("${base}/certificates/{serial}", f"{place.url}/{report}")
    text = text.replace(" quiet ", " no_timer_check quiet ")
    target.write_text(text.replace(" quietus.done", " quietus.settle=2 quietus.progress=none quietus.done"))
    for name, source in (("vmlinuz", OUT / "vmlinuz"), ("initramfs.img", place.image), ("site.img", place.site)):
        with contextlib.suppress(FileExistsError):
            (place.www / name).symlink_to(source)


def test_bios_pxe_ipxe():
    """The network card's own iPXE gets the script by TFTP, and the rest by HTTP."""
    place = site()
    folder = folder_for(place, "bios-pxe")
    ipxe_script(place, folder / "boot.ipxe", "bios-pxe-out")
    boot(place, "bios_pxe_ipxe", network("e1000", folder, "boot.ipxe"))
    check_documents(place, place.www / "bios-pxe-out")


def test_uefi_pxe_ipxe():
    """The firmware's PXE gets iPXE, which uses the firmware's driver (snponly)."""
    place = site()
    folder = folder_for(place, "uefi-pxe")
    shutil.copy(FIRMWARE / "lib/ipxe/snponly.efi", folder)
    ipxe_script(place, folder / "autoexec.ipxe", "uefi-pxe-out")
    boot(place, "uefi_pxe_ipxe", uefi(folder) + network("virtio-net-pci,romfile=", folder, "snponly.efi"))
    check_documents(place, place.www / "uefi-pxe-out")


def words(place, report):
    return place.words.replace("certificates/{serial}", report)


def test_uefi_pxe_image():
    """The firmware's PXE gets quietus.efi itself; the command line is in it, with the server's serial to be put in."""
    place = site()
    folder = folder_for(place, "uefi-pxe-image")
    place.uki("uefi-pxe-image/quietus", words(place, "{serial}-uki-out"))
    boot(place, "uefi_pxe_image", uefi(folder) + network("virtio-net-pci,romfile=", folder, "quietus.efi"))
    check_documents(place, place.www / f"{boots.machine.SERIAL}-uki-out")


def test_uefi_http_image():
    """The firmware's HTTP boot asks DHCP, gets the image's URL and loads it: dnsmasq and nginx by the examples. The
    command line is in the image."""
    place = site()
    site_network.have_programs()
    folder = folder_for(place, "uefi-http")
    with SiteNetwork(folder) as net:
        url = "http://deploy.example.com/quietus"
        place.uki("uefi-http/srv/www/quietus/quietus", place.words.replace(place.url, url))
        (net.www / f"orders/{boots.machine.SERIAL}.json").write_text(place.order_text())
        card = net.tap_arguments("tap0", boots.machine.MAC, "card", "virtio-net-pci,romfile=,bootindex=0")
        boot(place, "uefi_http_image", uefi(folder) + boots.http_alone() + card, prefix=net.prefix)
        said = net.dnsmasq_log()
        assert "HTTPClient:Arch:00016" in said, said
        assert "GET /quietus/quietus.efi" in (folder / "nginx/access.log").read_text()
        assert "sent /srv/tftp" not in said, said
        check_documents(place, net.www / f"certificates/{boots.machine.SERIAL}")


def test_uefi_https_image():
    """The same over HTTPS, by a site's own authority, which the firmware's set-up has: the image, and then all that
    Quietus fetches and sends."""
    place = site()
    site_network.have_programs()
    folder = folder_for(place, "uefi-https")
    authority = Authority(folder, "deploy.example.com")
    dhcp = folder / "dnsmasq.conf"
    example = (site_network.EXAMPLES / "dnsmasq.conf").read_text()
    assert example.count("tag:http,http://") == 1
    dhcp.write_text(example.replace("tag:http,http://", "tag:http,https://"))
    nginx = (site_network.EXAMPLES / "nginx.conf").read_text()
    for listens, instead in (("listen 80;", "listen 443 ssl;"), ("listen [::]:80;", "listen [::]:443 ssl;")):
        assert nginx.count(listens) == 1
        nginx = nginx.replace(listens, instead)
    nginx = nginx.replace("server_name", f"ssl_certificate {authority.server}; ssl_certificate_key "
                                         f"{authority.server_key}; server_name")
    with SiteNetwork(folder, dhcp=dhcp, nginx=nginx) as net:
        host = "deploy.example.com/quietus"
        place.uki("uefi-https/srv/www/quietus/quietus", place.words.replace(place.url, f"https://{host}") +
                  f" quietus.ca=http://{host}/ca.pem quietus.ca_sha256={authority.digest()}")
        shutil.copy(authority.certificate, net.www)
        (net.www / f"orders/{boots.machine.SERIAL}.json").write_text(place.order_text())
        card = net.tap_arguments("tap0", boots.machine.MAC, "card", "virtio-net-pci,romfile=,bootindex=0")
        console = boot(place, "uefi_https_image", uefi(folder) + boots.http_alone() + authority.enrolled() + card,
                       prefix=net.prefix)
        assert "URI: https://deploy.example.com/quietus/quietus.efi" in console, console
        check_documents(place, net.www / f"certificates/{boots.machine.SERIAL}")


def over_ipv6_alone(folder):
    """The example of dnsmasq with its lines for IPv6 in force, and without those for IPv4."""
    text = (site_network.EXAMPLES / "dnsmasq.conf").read_text()
    before, after = text.split("#enable-ra\n")
    assert before.count("\ndhcp-range=10.") == 1
    path = folder / "dnsmasq.conf"
    path.write_text(before.replace("\ndhcp-range=10.", "\n#dhcp-range=10.") + "enable-ra\n" + after.replace("#", ""))
    return path


# Until the link's address is nobody else's (RFC 4862, 5.4: a second) OVMF's HTTP boot cannot ask; it does not wait.
WAIT_BEFORE_BOOT = ["-boot", "menu=on,splash-time=3000"]


def test_uefi_http_image_over_ipv6():
    """Firmware, DHCP, HTTP and then Quietus have IPv6 and nothing else; by the examples."""
    place = site()
    site_network.have_programs()
    folder = folder_for(place, "uefi-http6")
    with SiteNetwork(folder, dhcp=over_ipv6_alone(folder)) as net:
        url = f"http://[{site_network.HOST6}]/quietus"
        place.uki("uefi-http6/srv/www/quietus/quietus", place.words.replace(place.url, url))
        (net.www / f"orders/{boots.machine.SERIAL}.json").write_text(place.order_text())
        card = net.tap_arguments("tap0", boots.machine.MAC, "card", "virtio-net-pci,romfile=,bootindex=0")
        console = boot(place, "uefi_http_image_over_ipv6", uefi(folder) + boots.http_alone(without=["IPv4"]) + card +
                       WAIT_BEFORE_BOOT, prefix=net.prefix)
        asked = (folder / "nginx/access.log").read_text()
        assert "GET /quietus/quietus.efi" in asked and not re.search(r"^\d+\.", asked, re.M), asked
        assert re.search("network: .* has fd00:0020:", console), console
        check_documents(place, net.www / f"certificates/{boots.machine.SERIAL}")


STICK_WORDS = "quietus.mode=erase quietus.done=poweroff quietus.progress=none\n"


def stick_files(place):
    return {f"orders/{boots.machine.SERIAL}.json": place.order_text(), "quietus.conf": STICK_WORDS,
            "keys/site.key": (place.folder / "site.key").read_bytes()}


def erase_by_stick(name, firmware, *more):
    """No network: order, key and words are on the stick, and the certificates are there afterwards."""
    place = site()
    folder = folder_for(place, name)
    with place.lock:
        source = place.plain_iso
    image, it = place.medium(name, source, **stick_files(place))
    console = boot(place, name, (uefi(folder) if firmware == "uefi" else []) + usb(image) + list(more))
    assert "it can be written to" in console
    check_documents(place, it.copy_out("certificates", folder / "out"), trusted=True)
    assert it.names("logs")
    image.unlink()


def test_usb_bios_with_a_screen():
    erase_by_stick("usb_bios_with_a_screen", "bios", "-device", "VGA")


def test_usb_uefi_serial_only_no_network():
    """As all machines of these tests it has no screen but a serial line, and here no network card either."""
    erase_by_stick("usb_uefi_serial_only_no_network", "uefi")


def test_uefi_with_a_screen():
    """What most technicians have: a stick, UEFI, and a monitor on the firmware's frame buffer. Nothing says what is to
    be done, so the screen comes up; at it the disks are erased."""
    place = site()
    folder = folder_for(place, "uefi-screen")
    with place.lock:
        source = place.plain_iso
    image, it = place.medium("uefi-screen", source)
    with boots.machine_with_drives(place, "uefi-screen", uefi(folder) + usb(image) + ["-device", "VGA"]) as (vm, sim):
        monitor = FrameBuffer(vm, folder)
        monitor.waits_for("Quietus: press Enter here to have the technician's screen on this console.")
        monitor.presses("ret")
        monitor.waits_for("0 of 3 disks chosen")
        monitor.presses("a")  # but for the stick
        monitor.waits_for("2 of 3 disks chosen")
        monitor.presses("n", "n")
        monitor.waits_for("Who, and why")
        monitor.types("Ann Example\nT-77\n")
        monitor.presses("ret", "ret")
        monitor.waits_for("EVERYTHING on these 2 disks")
        monitor.types("two\n")
        monitor.waits_for("2 erased")
        monitor.waits_for("Documents saved")
        while len(it.names("certificates")) < 3:
            assert vm.process.poll() is None and time.monotonic() < vm.started + vm.time_limit
            time.sleep(1)
        vm.kill()
        assert boots.left(sim) == [boots.NOTHING, boots.NOTHING]
    check_documents(place, it.copy_out("certificates", folder / "out", whole_only=True))
    image.unlink()


def erase_by_cd(name, firmware):
    """A CD cannot be written to: its order is taken, and the documents go over the network."""
    place = site()
    folder = folder_for(place, name)
    with place.lock:
        source = place.plain_iso
    files = stick_files(place)
    files["quietus.conf"] = STICK_WORDS.strip() + f" quietus.report={place.url}/{name}-out\n"
    image, _ = place.medium(name, source, **files)
    console = boot(place, name, (uefi(folder) if firmware == "uefi" else []) + cdrom(image) +
                   ["-netdev", "user,id=net0", "-device", "e1000,netdev=net0,romfile="])
    assert "it cannot be written to" in console
    out = place.www / f"{name}-out"
    check_documents(place, out, trusted=True)
    record = boots.payload(next(out.glob("*record.json")))
    assert [f["kind"] for f in record["findings"]] == ["stick"], record["findings"]
    image.unlink()


def test_cd_bios():
    erase_by_cd("cd_bios", "bios")


def test_cd_uefi():
    erase_by_cd("cd_uefi", "uefi")


def test_secure_boot_signed():
    """Signed by a key that the firmware has: it boots, the kernel is locked down, and both pass-throughs erase. The
    words are on the stick: none can be given from outside."""
    place = site()
    folder = folder_for(place, "secure")
    certificate = place.key[1]
    signed = place.iso("signed", place.uki("signed", "", *place.key), certificate)
    boots.run("mcopy", "-i", f"{signed}@@{boots.stick_offset(signed, 2)}", "::/db.cer", folder / "db.cer")
    boots.run("openssl", "x509", "-inform", "DER", "-in", folder / "db.cer", "-out", folder / "db.pem")
    assert (folder / "db.pem").read_text() in certificate.read_text(), "for the firmware's setup to enrol"
    image, it = place.medium("secure", signed, **stick_files(place))
    console = boot(place, "secure_boot_signed", uefi(folder, secure=True) + usb(image))
    assert "quietus: kernel lockdown: integrity" in console, console[-5000:]
    check_documents(place, it.copy_out("certificates", folder / "out"), trusted=True)
    for path in (image, signed):
        path.unlink()


def esp(path, program):
    """A stick with nothing but an EFI system partition's file system."""
    size = program.stat().st_size // 1024 + 2048
    boots.run("truncate", "-s", f"{size}K", path)
    boots.run("mkfs.vfat", path)
    boots.run("mmd", "-i", path, "::/EFI", "::/EFI/BOOT")
    boots.run("mcopy", "-i", path, program, "::/EFI/BOOT/BOOTX64.EFI")
    return path


def test_secure_boot_refuses():
    """What is not signed, and what was altered after it was signed (one letter of the command line)."""
    place = site()
    unsigned = place.uki("unsigned", words(place, "unsigned-out"))
    altered = place.uki("to-alter", words(place, "altered-out"), *place.key)
    data = altered.read_bytes()
    assert data.count(b"altered-out") == 1
    altered.write_bytes(data.replace(b"altered-out", b"altered-ouT"))
    for name, program in (("unsigned", unsigned), ("altered", altered)):
        folder = folder_for(place, f"refused-{name}")
        image = esp(folder / "esp.img", pathlib.Path(program))
        boot(place, f"secure_boot_{name}", uefi(folder, secure=True) + usb(image),
             refused="Access Denied|Security Violation")
