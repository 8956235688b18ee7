"""A monitor of which only pixels can be had: the firmware's frame buffer under UEFI, where the kernel draws the text.
Nothing here knows its font: characters are told by being alike where the text that is looked for has the same one."""

import time

from monitor import Monitor, Pixels
from person import PATIENCE

CELL_WIDTH, CELL_HEIGHT = 8, 16


class FrameBuffer(Monitor):
    """Keys are pressed as at any monitor; what is seen are shapes."""

    def __init__(self, machine, folder):
        super().__init__(machine, folder)
        self.alphabet = {}  # the shape of each character of the texts that were found

    def rows(self):
        """Of each line, the shapes of its cells."""
        pixels = Pixels(self.picture(self.folder / "frame-buffer.ppm"), CELL_WIDTH, CELL_HEIGHT)
        return [[pixels.shape(column, row) for column in range(pixels.width // CELL_WIDTH)]
                for row in range(pixels.height // CELL_HEIGHT)]

    def find(self, text):
        """{character: shape} if some line has it, else None."""
        for row in self.rows():
            for start in range(len(row) - len(text) + 1):
                found = self.match(text, row[start:start + len(text)])
                if found:
                    return found
        return None

    def match(self, text, shapes):
        """Equal characters have to be equal shapes, others others, spaces blank, and all as they were before."""
        found = dict(self.alphabet)
        for character, shape in zip(text, shapes):
            if any(shape) == (character == " ") or found.setdefault(character, shape) != shape:
                return None
        return found if len(set(found.values())) == len(found) else None

    def waits_for(self, text, seconds=PATIENCE):
        """Each text shows what its characters look like: the first ones have to be long."""
        end = time.monotonic() + seconds
        while True:
            found = self.find(text)
            if found:
                self.alphabet = found
                return
            if self.machine.process.poll() is not None or time.monotonic() > end:
                self.machine.fail(f"the frame buffer did not show '{text}'")
            time.sleep(0.5)
