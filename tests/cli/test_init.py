"""Functions of init, by busybox's shell on this machine; what they would do to a machine is a function here."""

import contextlib
import hashlib
import pathlib
import subprocess
import tempfile

INITRAMFS = pathlib.Path(__file__).resolve().parents[2] / "initramfs"

# Nothing is found, mounted or loaded but what a test says.
PROLOGUE = """
. {initramfs}/functions; state={state}; command_line=$state/line; . {initramfs}/network; . {initramfs}/stick
authority=$state/ca.pem
portable_devices() {{ :; }}; modprobe() {{ :; }}; umount() {{ :; }}; mount() {{ return 1; }}
"""


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="quietus-init-") as name:
        place = pathlib.Path(name)
        (place / "line").write_text("quiet\n")
        yield place


def shell(place, script):
    """What is printed, errors too; the script's state is the folder."""
    text = PROLOGUE.format(initramfs=INITRAMFS, state=place) + script
    return subprocess.run(["busybox", "sh", "-c", text], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=120, check=False).stdout


def test_stick_is_there_only_while_mounted():
    """Before, and where it cannot be mounted, nobody finds a folder to write documents to, which would be memory."""
    script = """
find_stick() { echo /dev/sdz1; }
keep_log() { :; }
mount() {
    [ ! -d "$stick" ] || echo "a folder waits for its stick"
    case $* in *rw,*) return $rw ;; *ro,*) return $ro ;; esac
}
for answers in "0 0" "1 0" "1 1"; do
    rw=${answers% *} ro=${answers#* }
    mount_stick; echo "$answers: $? $(ls -d "$stick" 2>/dev/null)"
    release_stick; [ ! -e "$stick" ] || echo "still there"
done
"""
    with folder() as place:
        said = shell(place, script)
        stick = place / "stick"
        lines = [line for line in said.splitlines() if not line.startswith("quietus: ")]
        assert lines == [f"0 0: 0 {stick}", f"1 0: 0 {stick}", "1 1: 1 "], said


def test_two_sticks():
    """One is used, and the other one is not passed over in silence."""
    script = """
portable_devices() { echo /dev/sda1; echo /dev/sdb1; echo /dev/sdc1; echo /dev/sr0; }
name_of_stick() { [ "$1" != /dev/sda1 ] && echo "$1 (Maker)"; }
mounted_device() { echo "$at"; }
at=$(find_stick)
tell_of_sticks; cat "$state/stick.list"
tell_of_sticks # is not told again
at=""; portable_devices() { echo /dev/sdb1; }
tell_of_sticks; cat "$state/stick.list"
"""
    with folder() as place:
        said = shell(place, script).splitlines()
        assert said == ["quietus: stick: /dev/sdc1 (Maker) is one too; it is not used, /dev/sdb1 (Maker) is",
                        "used /dev/sdb1 (Maker)", "unused /dev/sdc1 (Maker)",
                        "quietus: stick: /dev/sdb1 (Maker) is one too; it is not used, none is",
                        "unused /dev/sdb1 (Maker)"], said


def test_whom_https_trusts_is_not_the_sticks_to_say():
    """Where the image has an authority, neither the stick's words nor its file take its place: the time, and with it
    what has expired, rests on it."""
    script = """
take_words_of_stick >/dev/null; cat "$command_line"; take_authority; cat "$authority"
"""
    with folder() as place:
        (place / "stick/keys").mkdir(parents=True)
        (place / "stick/keys/ca.pem").write_text("of the stick\n")
        (place / "stick/quietus.conf").write_text(
            f"quietus.ca={place}/stick/keys/ca.pem quietus.settle=2 quietus.ca_sha256=00\nquietus.ca=http://h/\n")
        (place / "ca.pem").write_text("of the image\n")
        said = shell(place, script)
        assert "quietus.settle=2 " in said and "quietus.ca" not in said, said
        assert said.endswith("of the image\n"), said
        (place / "ca.pem").unlink()
        (place / "command-line").unlink()
        said = shell(place, script)
        assert "quietus.ca_sha256=00" in said, said


def test_the_authority_and_its_digest():
    """In capitals too, for a file as for a URL. By HTTPS it cannot come, and that is said at once."""
    with folder() as place:
        (place / "new.pem").write_text("new\n")
        digest = hashlib.sha256(b"new\n").hexdigest()
        fetches = "quietus() { echo FETCHES $*; }; "
        for words, kept, said_of_it in (
                (f"{place}/new.pem quietus.ca_sha256={digest}", True, ""),
                (f"{place}/new.pem quietus.ca_sha256={digest.upper()}", True, ""),
                (f"{place}/new.pem quietus.ca_sha256={'0' * 64}", False, "is not what quietus.ca_sha256 says"),
                (f"http://h/ca quietus.ca_sha256={digest.upper()}", False, f"FETCHES fetch --sha256 {digest} "),
                (f"https://h/ca quietus.ca_sha256={digest}", False, "give it by http://")):
            (place / "line").write_text(f"quietus.ca={words}\n")
            (place / "ca.pem").write_text("of the image\n")
            said = shell(place, fetches + "take_authority")
            assert (place / "ca.pem").read_text() == ("new\n" if kept else ""), (words, said)
            assert said_of_it in said and ("FETCHES" in said) == ("FETCHES" in said_of_it), (words, said)


def test_an_authority_larger_than_memory():
    with folder() as place:
        (place / "stick/keys").mkdir(parents=True)
        with open(place / "stick/keys/ca.pem", "wb") as carried:
            carried.truncate(3 << 30)
        shell(place, "ulimit -f 4096; take_authority")
        assert (place / "ca.pem").stat().st_size == 1 << 20


def test_a_late_stick_takes_the_place_of_a_cd():
    """Only what can be written to takes documents; what is mounted and does stays."""
    script = """
mkdir "$medium"; ln -s "$medium" "$stick"
mounted_device() { echo "$at"; }
portable_devices() { echo "$there"; }
is_stick() { :; }
umount() { return $busy; }
for case in "/dev/loop0 /dev/sr0 0" "/dev/loop0 /dev/sdb1 0" "/dev/loop0 /dev/sdb1 1" "/dev/sdb1 /dev/sdb1 0"; do
    set -- $case; at=$1 there=$2 busy=$3
    make_room_for_stick; echo "$case: $(cd "$state" && ls -d stick 2>&1 | grep -v No)"
    [ -e "$stick" ] || ln -s "$medium" "$stick"
done
mkdir "$stick/certificates"
at=/dev/sda1 there=/dev/sdb1 busy=0 ; make_room_for_stick; ls -d "$stick/certificates" >/dev/null && echo stays
"""
    with folder() as place:
        said = shell(place, script).splitlines()
        assert said == ["/dev/loop0 /dev/sr0 0: stick", "/dev/loop0 /dev/sdb1 0: ", "/dev/loop0 /dev/sdb1 1: stick",
                        "/dev/sdb1 /dev/sdb1 0: stick", "stays"], said
