"""Drives that lose their power in an overwrite, with what they had acknowledged: the kernel resets them and repeats
what had no answer, so that nothing fails. Few samples are read: only the drives' own counters tell."""

from sas_path_rows import CLEAR
from trial import MARKED, Scenario

CUT = "size = 16M; sanitize = none; misbehave = power-cut overwrite at=50% after=10s; "
NVME = "format-nvm = no; "
SATA = "medium = magnetic; features = none; "
CACHE = "volatile-cache = 512K; "


def read_in_full(one):
    """The counters went up, and so every byte was read."""
    events = [event for event in one.certificate["evidence"] if event["kind"] == "power-counters"]
    if len(events) != 1 or not events[0]["before"]:
        return f"{len(events)} readings of counters in the evidence"
    rose = [name for name, count in events[0]["before"].items() if events[0]["after"].get(name, 0) > count]
    if sorted(rose) != sorted(events[0]["before"]):
        return f"of {sorted(events[0]['before'])} only {rose} rose"
    if not one.attempts[-1]["verification"]["every_unit"]:
        return "it was not read in full"
    if not any("may have lost power" in text for text in one.certificate["exceptions"]):
        return "no exception says that it may have lost power"
    return None


def lost_and_read(one):
    return "nothing was lost" if one.visible == 0 else read_in_full(one)


ROWS = [
    Scenario("power-loses-writes-nvme", CLEAR, "nvme", CUT + CACHE + NVME, ends="failed", says=MARKED,
             check=lost_and_read, kernel="nvme_core.io_timeout=10", note="the kernel hides it; the drive counts it"),
    Scenario("power-loses-writes-sata", CLEAR, "ahci", CUT + CACHE + SATA, ends="failed", says=MARKED,
             check=lost_and_read, note="the kernel hides it; the drive counts it"),
    Scenario("power-loses-nothing-sata", CLEAR, "ahci", CUT + SATA, category="clear", method="overwrite",
             check=read_in_full, note="the kernel hides it; the drive counts it"),
    Scenario("power-loses-writes-sas", CLEAR, "scsi", CUT + CACHE + "medium = magnetic; write-cache = yes", "scsi",
             category="clear", method="overwrite", check=read_in_full,
             note="the kernel does not hide it; the pass goes on where all was flushed"),
]
