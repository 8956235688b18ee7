"""What is built: static, reproducible, small enough, and with nothing in it that does not belong."""

import os
import pathlib
import re
import subprocess
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
OUT = pathlib.Path(os.environ.get("QUIETUS_OUT", TOP / "out"))
BUILD = pathlib.Path(os.environ.get("QUIETUS_BUILD", TOP / "build"))
LIMIT = 30_000_000  # kernel and initramfs, without an operator's firmware


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def unpacked(folder):
    """The initramfs, unpacked."""
    archive = subprocess.run(["zstd", "-dc", OUT / "initramfs.img"], check=True, capture_output=True).stdout
    subprocess.run(["cpio", "-id", "--quiet"], input=archive, cwd=folder, check=True, capture_output=True)
    return pathlib.Path(folder)


def test_agent_is_static():
    assert "statically linked" in run("file", OUT / "quietus")
    assert run("readelf", "-d", OUT / "quietus").find("NEEDED") == -1
    assert run(OUT / "quietus", "--version").strip()


def test_no_symbol_is_defined_twice():
    """The simulated drives share programs with the agent's code: of two definitions in archives the linker
    takes the first and says nothing."""
    places = {}
    for archive in (BUILD / "release").rglob("*.a"):
        names = {line.split()[-1] for line in run("nm", "-g", "--defined-only", archive).splitlines()
                 if len(line.split()) == 3}
        for name in names:
            places.setdefault(name, []).append(archive.name)
    assert len(places) > 500, "the archives are not there"
    twice = {name: archives for name, archives in places.items() if len(archives) > 1}
    assert not twice, twice


IMAGES = ("quietus", "initramfs.img", "vmlinuz", "quietus.efi", "quietus.iso")


def images_of_this_commit():
    """As they were built here, or None: something has been changed since the commit."""
    commit = run("git", "-C", TOP, "rev-parse", "--short=12", "HEAD").strip()
    changed = run("git", "-C", TOP, "status", "--porcelain").strip()
    if changed or f"({commit})" not in run(OUT / "quietus", "--version"):
        return None
    return {name: (OUT / name).read_bytes() for name in IMAGES}


def test_two_builds_are_the_same():
    """This checkout and a clone of it, or two clones, in folders of different names, give the same bytes."""
    results = [images for images in [images_of_this_commit()] if images]
    for name in ("one", "another-place")[len(results):]:
        with tempfile.TemporaryDirectory(prefix=f"quietus-{name}-") as folder:
            clone = pathlib.Path(folder, "clone")
            run("git", "clone", "--quiet", TOP, clone)
            build = clone / "build"
            build.mkdir()
            for part in ("deps", "kernel", "efi"):
                (build / part).symlink_to(BUILD / part)
            environment = {k: v for k, v in os.environ.items() if not k.startswith("QUIETUS_")}
            run(clone / "scripts/build", env=environment, umask=0o077 if results else 0o022)
            results.append({name: (clone / "out" / name).read_bytes() for name in IMAGES})
            if name == "another-place":
                _image_is_built_when_an_input_changes(clone, environment)
    for name in results[0]:
        assert results[0][name] == results[1][name], f"{name} differs between two builds"


def _image_is_built_when_an_input_changes(clone, environment):
    """Not again as long as nothing has; at once if what goes into it has, or the image itself."""
    image = clone / "out/initramfs.img"

    def build():
        before = image.stat().st_mtime_ns
        run(clone / "initramfs/build", clone / "out/quietus", image, env=environment)
        return image.stat().st_mtime_ns != before

    good = image.read_bytes()
    assert not build()
    boot = clone / "initramfs/boot"
    boot.write_text(boot.read_text() + "# changed\n")
    assert build() and image.read_bytes() != good
    assert not build()
    boot.write_text(boot.read_text().removesuffix("# changed\n"))
    assert build() and image.read_bytes() == good
    image.write_bytes(b"cut")
    assert build() and image.read_bytes() == good


def test_size():
    size = sum((OUT / name).stat().st_size for name in ("vmlinuz", "initramfs.img"))
    assert size <= LIMIT, f"kernel and initramfs have {size} bytes"


def test_nothing_secret_is_in_the_image():
    """Law 9. Whoever can boot the image can read it."""
    with tempfile.TemporaryDirectory() as folder:
        assert not pathlib.Path(unpacked(folder), "etc/quietus/shell").exists(), "this image gives a shell"
        for path in pathlib.Path(folder).rglob("*"):
            if path.is_symlink() or not path.is_file():
                continue
            data = path.read_bytes()
            if path.name in ("quietus", "busybox") or path.suffix == ".ko":
                continue  # they name the forms of keys that they can read
            assert b"PRIVATE KEY" not in data, path
            assert path.suffix not in (".key", ".p12"), path
        keys = list(pathlib.Path(folder, "etc/quietus/trust").rglob("*"))
        assert keys == [], "the plain image trusts nobody"


def test_nothing_assembles_or_mounts():
    """No md, device-mapper, multipath, LVM, ZFS, network storage; no udev."""
    unwanted = re.compile(r"^(dm-|md-|raid[0-9]|linear|multipath|bcache|drbd|nbd|rbd|nvme-(tcp|rdma|fc|loop)|iscsi|"
                          r"libiscsi|qla2xxx|lpfc|ext[234]|xfs|btrfs)")
    with tempfile.TemporaryDirectory() as folder:
        root = unpacked(folder)
        modules = [path.stem for path in root.rglob("*.ko")]
        assert len(modules) > 100
        assert not [name for name in modules if unwanted.match(name)]
        assert not list(root.rglob("*udev*"))


def test_drivers_of_the_list_are_there():
    wanted = re.sub(r"#.*", "", (TOP / "initramfs/modules.list").read_text()).split()
    with tempfile.TemporaryDirectory() as folder:
        root = unpacked(folder)
        present = {path.stem.replace("-", "_") for path in root.rglob("*.ko")}
        release = (BUILD / "kernel/release").read_text().strip()
        builtin = (BUILD / f"kernel/root/lib/modules/{release}/modules.builtin").read_text()
        built_in = {pathlib.PurePath(line).stem.replace("-", "_") for line in builtin.splitlines()}
        missing = [name for name in wanted if name.replace("-", "_") not in present | built_in]
        assert not missing, missing


def test_table_of_hardware():
    """What servers of the last ten years have: each with its driver and its name."""
    text = (OUT / "hardware.txt").read_text()
    known = [("1000:0097", "mpt3sas", "SAS3008"), ("1000:00a5", "mpi3mr", "SAS40xx"), ("1000:0016", "megaraid_sas", "3508"),
             ("103c:3239", "hpsa", "P244br"), ("8086:201d", "vmd", "Volume Management"),
             ("8086:1533", "igb", "I210"), ("8086:1572", "i40e", "X710"), ("8086:1592", "ice", "E810"),
             ("14e4:16d7", "bnxt_en", "BCM57414"), ("14e4:165f", "tg3", "BCM5720"),
             ("15b3:1017", "mlx5_core", "ConnectX-5"), ("1077:1656", "qede", "FastLinQ"), ("1dd8:1002", "ionic", "DSC")]
    for number, module, name in known:
        lines = [line for line in text.splitlines() if line.startswith(f"{number} ")]
        assert any(line.split()[3] == module and name in line for line in lines), (number, module, name, lines)
    assert re.search(r"^\*:\* .*010601. ahci +any vendor", text, re.M), "AHCI is driven by its class"
    assert re.search(r"^\*:\* .*010802.* nvme +any vendor", text, re.M), "NVMe is driven by its class"
    assert re.search(r"^bnx2x +bnx2x/.*not in the image$", text, re.M)


def test_manifest_is_of_the_image():
    """The list whose digest certificates carry names every file with its digest."""
    with tempfile.TemporaryDirectory() as folder:
        root = unpacked(folder)
        listed = run("sha256sum", "--quiet", "-c", "etc/quietus/manifest", cwd=root)
        assert listed == ""
        count = len((root / "etc/quietus/manifest").read_text().splitlines())
        files = [p for p in root.rglob("*") if p.is_file() and not p.is_symlink()]
        assert count == len(files) - 1


def test_site_image():
    """scripts/site takes public keys and certificates, and nothing else."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run(OUT / "quietus", "keygen", folder / "a")
        run(TOP / "scripts/site", "--trust", folder / "a.pub", "--trust", f"security={folder}/a.pub",
            folder / "site.img")
        root = folder / "root"
        root.mkdir()
        archive = subprocess.run(["zstd", "-dc", folder / "site.img"], check=True, capture_output=True).stdout
        subprocess.run(["cpio", "-id", "--quiet"], input=archive, cwd=root, check=True)
        files = sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
        assert files == ["etc/quietus/trust/a.pub", "etc/quietus/trust/security/a.pub"]
        done = subprocess.run([TOP / "scripts/site", folder / "nobody.img"], capture_output=True, text=True)
        assert done.returncode == 0 and "warning: no --trust" in done.stderr and (folder / "nobody.img").exists()
        done = subprocess.run([TOP / "scripts/site", "--trust", folder / "a.pub", folder / "site.img"],
                              capture_output=True, text=True)
        assert done.returncode == 0 and done.stderr == ""
        assert run(TOP / "scripts/site", "--help", cwd=folder).startswith("usage: ")
        assert not list(folder.glob("--*")), "an option was taken for the output"
        for arguments in (["--trust", folder / "a.key"], ["--ca", folder / "a.pub"], ["--key", "x"]):
            done = subprocess.run([TOP / "scripts/site", *arguments, folder / "bad.img"], capture_output=True)
            assert done.returncode != 0, arguments
            assert not (folder / "bad.img").exists()


def test_examples_are_valid():
    """The examples of a site's servers are at least what their programs can read."""
    run("dnsmasq", "--test", "-C", TOP / "initramfs/ipxe/dnsmasq.conf")
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "nginx.conf")
        site = (TOP / "initramfs/ipxe/nginx.conf").read_text().replace("listen 80", "listen 127.0.0.1:18080")
        config.write_text(f"pid {folder}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{site}\n}}\n")
        run("nginx", "-t", "-c", config, "-e", f"{folder}/error.log")


def _run_setup(folder, *arguments, apt_status=0):
    """scripts/setup where no package is installed, with an apt-get that only notes what it is asked and
    whether a package may start services meanwhile."""
    for name in ("scripts", "bin", "build/kernel", "build/deps/lib", "build/qemu", "build/efi",
                 "build/firmware"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for script in ("setup", "lib.sh"):
        text = (TOP / "scripts" / script).read_text().replace("/usr/sbin/policy-rc.d", f"{folder}/policy")
        (folder / "scripts" / script).write_text(text)
        (folder / "scripts" / script).chmod(0o755)
    (folder / "build/kernel/release").write_text("x\n")
    for library in ("libcurl.a", "libqrencode.a"):
        (folder / "build/deps/lib" / library).touch()
    (folder / "build/qemu/run").touch()
    (folder / "build/efi/linuxx64.efi.stub").touch()
    (folder / "build/firmware/complete").touch()
    fakes = {"apt-get": f'[ "$1" != install ] || {{ echo "$*" >{folder}/asked; {folder}/policy; '
                        f'echo $? >{folder}/may-start; exit {apt_status}; }}',
             "dpkg-query": "echo not-installed", "id": "echo 0"}
    for name, body in fakes.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / "bin" / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "QUIETUS_BUILD": f"{folder}/build"}
    done = subprocess.run([folder / "scripts/setup", *arguments], env=environment, capture_output=True, text=True)
    assert (done.returncode == 0) == (apt_status == 0), done
    return (folder / "asked").read_text().split(), (folder / "may-start").read_text().strip()


def test_setup_installs_what_is_asked_and_starts_no_service():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for arguments, status in (((), 0), (("--tests",), 0), (("--tests",), 100)):
            packages, may_start = _run_setup(folder, *arguments, apt_status=status)
            assert may_start == "101", "policy-rc.d did not forbid it"
            assert not (folder / "policy").exists(), "policy-rc.d is still there"
            assert "libsodium-dev" in packages
            for package in ("qemu-system-x86", "nginx-light", "libcmocka-dev", "clang-tidy"):
                assert (package in packages) == bool(arguments), package
        # The machine's own policy is left as it is.
        (folder / "policy").write_text("#!/bin/sh\nexit 104\n")
        (folder / "policy").chmod(0o755)
        assert _run_setup(folder)[1] == "104"
        assert (folder / "policy").read_text() == "#!/bin/sh\nexit 104\n"
        done = subprocess.run([folder / "scripts/setup", "--all"], capture_output=True, text=True)
        assert done.returncode == 1 and "usage: scripts/setup [--tests|--bench]" in done.stderr
