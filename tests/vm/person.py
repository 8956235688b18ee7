"""A person at a terminal: types, and looks at what it shows. The terminal is tmux."""

import pathlib
import re
import subprocess
import tempfile
import time

# Seconds until something has to be on the screen; for a busy machine, on which everything takes several times as long.
PATIENCE = 120
RELAY = pathlib.Path(__file__).with_name("relay.py")


class Watched:
    """What sees() gives is looked at until it is as it should be."""

    def waits_for(self, pattern, seconds=PATIENCE):
        """Until the screen shows the regular expression; returns the match."""
        end = time.monotonic() + seconds
        while True:
            match = re.search(pattern, self.sees(), re.M)
            if match:
                return match
            if time.monotonic() > end:
                raise AssertionError(f"no {pattern!r} on the screen:\n{self.sees()}")
            time.sleep(0.1)


class Person(Watched):
    """Use as a context manager, which closes the terminal."""

    def __init__(self, *command, columns=80, rows=24, environment=None):
        self.folder = tempfile.TemporaryDirectory(prefix="quietus-tmux-")
        pathlib.Path(self.folder.name, "conf").write_text("set -s escape-time 0\n")
        self.tmux("-f", f"{self.folder.name}/conf", "new-session", "-d", "-x", str(columns), "-y", str(rows), "env",
                  *[f"{name}={value}" for name, value in (environment or {}).items()],
                  # The last screen stays when the program has ended; tmux itself does not always see that.
                  "sh", "-c", 'trap : INT; "$@"; echo "ended with status $?"; sleep 1000', "sh", *map(str, command))

    @classmethod
    def at_serial_line(cls, machine, **options):
        """Of a machine with keyboard=True."""
        while not (machine.folder / "serial").exists():
            time.sleep(0.05)
        return cls("python3", RELAY, machine.folder / "serial", **options)

    def tmux(self, *arguments):
        done = subprocess.run(["tmux", "-S", f"{self.folder.name}/tmux", *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"tmux {arguments}: {done.stderr}")
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-S", f"{self.folder.name}/tmux", "kill-server"], capture_output=True)
        self.folder.cleanup()

    def sees(self):
        return self.tmux("capture-pane", "-p")

    def waits_until_gone(self, pattern, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while re.search(pattern, self.sees(), re.M):
            assert time.monotonic() < end, f"{pattern!r} stays on the screen:\n{self.sees()}"
            time.sleep(0.1)

    def presses(self, *keys):
        """Names of keys as tmux has them: Enter, Escape, Up, C-c, a."""
        self.tmux("send-keys", *keys)

    def types(self, text):
        self.tmux("send-keys", "-l", text)

    def resizes(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))
