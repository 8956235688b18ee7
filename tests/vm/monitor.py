"""A person at a machine's monitor (QEMU's VGA in text mode) and keyboard."""

import pathlib
import re
import time

from person import PATIENCE, Watched

COLUMNS, ROWS = 80, 25
CELL_WIDTH, CELL_HEIGHT = 9, 16  # of the VGA's text mode, in pixels
TEXT_MEMORY = 0xb8000  # a character and its attribute for each cell
NAMED_KEYS = {" ": "spc", "-": "minus", ".": "dot", "\n": "ret"}


class Monitor(Watched):
    """Of a Machine with "-vga std" and, on its kernel's command line, "no-scroll": else what is shown wanders through
    the card's memory. folder: for what is read off it."""

    def __init__(self, machine, folder):
        self.machine, self.folder = machine, pathlib.Path(folder)

    def sees(self):
        """What the graphics card has to show, as text."""
        path = self.folder / "text-memory"
        self.machine.qmp("pmemsave", val=TEXT_MEMORY, size=2 * COLUMNS * ROWS, filename=str(path))
        cells = path.read_bytes()[::2].decode("cp437")
        return "\n".join(cells[row * COLUMNS:(row + 1) * COLUMNS].rstrip() for row in range(ROWS))

    def presses(self, *keys):
        """Names of keys as QEMU has them: ret, esc, spc, down, a."""
        for key in keys:
            codes = [{"type": "qcode", "data": code} for code in key.split("+")]
            self.machine.qmp("send-key", keys=codes, hold_time=30)
            time.sleep(0.15)

    def types(self, text):
        self.presses(*[NAMED_KEYS.get(c, f"shift+{c.lower()}" if c.isupper() else c) for c in text])

    def picture(self, path, kind="ppm"):
        self.machine.qmp("screendump", filename=str(path), format=kind)
        return path

    def looks(self, seconds=PATIENCE):
        """The monitor as a picture, checked to show the text: every character looks the same wherever it stands, and
        like no other one. Returns how many different ones were seen. (The picture comes a moment after the text.)"""
        end = time.monotonic() + seconds
        while True:
            shapes = self.shapes()
            alike = {}
            for character, shape in shapes.items():
                alike.setdefault(frozenset(shape), []).append(character)
            several = [character for character, shape in shapes.items() if len(shape) > 1]
            same = [characters for characters in alike.values() if len(characters) > 1]
            if not several and not same:
                return len(shapes)
            assert time.monotonic() < end, f"look different at different places: {several}; alike: {same}"

    def shapes(self):
        """By character: what it looks like, at all places where it stands."""
        text = self.sees()
        pixels = Pixels(self.picture(self.folder / "looks.ppm"))
        assert (pixels.width, pixels.height) == (COLUMNS * CELL_WIDTH, ROWS * CELL_HEIGHT), "no text mode"
        shapes = {}
        for row, line in enumerate(text.split("\n")):
            for column, character in enumerate(line.ljust(COLUMNS)):
                shapes.setdefault(character, set()).add(pixels.shape(column, row))
        return shapes


class Pixels:
    """A picture in the PPM format, of cells."""

    def __init__(self, path, cell_width=CELL_WIDTH, cell_height=CELL_HEIGHT):
        self.cell_width, self.cell_height = cell_width, cell_height
        data = path.read_bytes()
        self.width, self.height = (int(n) for n in re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data).groups())
        self.data = data[-3 * self.width * self.height:]

    def shape(self, column, row):
        """Which pixels of a cell differ from its upper left one, the background's."""
        lines = []
        for y in range(row * self.cell_height, (row + 1) * self.cell_height):
            start = 3 * (y * self.width + column * self.cell_width)
            lines.append(self.data[start:start + 3 * self.cell_width])
        background = lines[0][:3]
        return tuple(line[i:i + 3] != background for line in lines for i in range(0, len(line), 3))
