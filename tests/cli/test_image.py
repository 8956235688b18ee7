"""Parts of the image's init and of scripts/build, on this machine."""

import os
import pathlib
import subprocess
import sys
import tempfile

from test_cli import FIXTURES, QUIETUS

TOP = pathlib.Path(__file__).resolve().parents[2]


def init(folder, script):
    """A script after init's functions, with their state in a folder."""
    text = f"""
        . {TOP}/initramfs/functions
        . {TOP}/initramfs/stick
        . {TOP}/initramfs/screen
        state={folder} stick={folder}/stick command_line={folder}/cmdline shell_allowed={folder}/shell
        setsid() {{ echo "SHELL $*"; exit 0; }}
        {script}"""
    done = subprocess.run(["busybox", "sh", "-c", text], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done
    return done.stdout


def test_a_shell_needs_the_build_and_the_command_line():
    for built, words, shells in ((False, "quietus.done=hold", False), (True, "", False),
                                 (True, "quietus.done=poweroff", False), (True, "quietus.done=hold", True)):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "cmdline").write_text(f"quiet {words}\n")
            if built:
                (folder / "shell").touch()
            script = """consoles() { echo /dev/tty0; echo /dev/ttyS0; }
                offer_shell; wait"""
            assert ("SHELL" in init(folder, script)) == shells, (built, words)


def test_the_screen_takes_words_as_the_agent_does():
    """One that means nothing is no reason to wait at the screen, and those that mean something there are passed on."""
    for words, good in (("quietus.parallel=2 quietus.done=poweroff", True), ("", True), ("quietus.mdoe=erase", False),
                        ("quietus.parallel=none quietus.settle=1", False), ("quietus.order=", False), ("quietus.settle=1 quietus.ca=/x", True)):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "cmdline").write_text(f"quiet {words}\n")
            said = init(folder, f"""quietus() {{ {QUIETUS} "$@"; }}
                wants_screen && words_are_good && echo SCREEN; :""")
            assert ("SCREEN" in said) == good, (words, said)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "cmdline").write_text("quietus.parallel=2 quietus.settle=1 quietus.start_rate=0.5 quietus.ntp=a,b\n")
        assert init(folder, "screen_options").split() == ["--parallel", "2", "--start-rate", "0.5", "--ntp", "a,b"]


def test_the_screen_asks_what_time_it_is():
    """As the agent does, before there is a screen."""
    server = subprocess.Popen([sys.executable, TOP / "tests/vm/ntp_server.py", "127.0.0.1"])
    try:
        with tempfile.TemporaryDirectory() as name:
            subprocess.run(["tar", "xzf", FIXTURES / "four-disks.tar.gz", "-C", name], check=True)
            for _ in range(20):
                done = subprocess.run([QUIETUS, "tui", "--sysroot", name, "--ntp", "127.0.0.1"], capture_output=True,
                                      text=True, stdin=subprocess.DEVNULL, env={"TERM": "dumb"})
                if "NTP" in done.stdout:
                    break
            assert "time: NTP server 127.0.0.1, which nobody vouches for" in done.stdout, done
    finally:
        server.kill()
        server.wait()


def test_words_of_the_stick():
    """Quietus's own words and no others, without comments; and the command line, which comes last, wins."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "stick").mkdir()
        (folder / "stick/quietus.conf").write_bytes(
            b"# quietus.mode=inspect\r\nquietus.mode=erase  quietus.done=hold # why\r\ninit=/bin/sh rdinit=/bin/sh\r\n"
            b"xquietus.report=a\nBOOTIF=01-52-54-00-00-00-01\nquietus.order_wait=1")
        (folder / "cmdline").write_text("quiet quietus.done=poweroff\n")
        output = init(folder, """
            cat() { case $1 in /proc/cmdline) command cat $state/cmdline ;; *) command cat "$@" ;; esac; }
            take_words_of_stick; echo "IS $command_line"; kernel_option quietus.done; kernel_option quietus.mode""")
        assert output.splitlines()[-3:] == [f"IS {folder}/command-line", "poweroff", "erase"], output
        line = (folder / "command-line").read_text()
        assert line == ("quietus.mode=erase quietus.done=hold BOOTIF=01-52-54-00-00-00-01 quietus.order_wait=1 "
                        "quiet quietus.done=poweroff\n")


def test_a_users_clone_that_root_builds_has_a_commit():
    """git refuses other people's clones, and certificates would name no commit."""
    with tempfile.TemporaryDirectory() as name:
        clone = pathlib.Path(name)
        (clone / "scripts").mkdir()
        (clone / "scripts/lib.sh").write_bytes((TOP / "scripts/lib.sh").read_bytes())
        for arguments in (["init", "-q"], ["add", "."],
                          ["-c", "user.name=N", "-c", "user.email=n@example.com", "commit", "-q", "-m", "m"]):
            subprocess.run(["git", "-C", clone, *arguments], check=True)
        for path in [clone, *clone.rglob("*")]:
            os.chown(path, 65534, 65534)
        done = subprocess.run(["bash", "-c", f". {clone}/scripts/lib.sh; source_commit; source_epoch"],
                              capture_output=True, text=True, check=True)
        commit, epoch = done.stdout.split()
        assert len(commit) == 12 and int(epoch) > 0, done


def test_build_says_what_is_wrong():
    for arguments, problem in ((["--sign", "/none"], "usage"), (["--sign", "/none", "/none2"], "no file /none"),
                               (["--site", "/none"], "no file /none"), (["--firmware", "/none"], "no folder /none"),
                               (["--cmdline"], "usage"), (["--cmdline", "a='b'"], "cannot have"),
                               (["--cmdline", "a\\b"], "cannot have"), (["--cmdline", '"a"'], "cannot have"), (["x"], "usage"), (["x", "y"], "usage")):
        done = subprocess.run([TOP / "scripts/build", *arguments], capture_output=True, text=True)
        assert done.returncode == 1 and problem in done.stderr, (arguments, done)
    done = subprocess.run([TOP / "scripts/build", "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "--cmdline TEXT" in done.stdout
