"""Rows of the table: ATA drives that hide capacity, behind the kernel's AHCI driver and behind a SATL."""

import re

from trial import LADDER, STRICT, Scenario

# Only the host can erase it, and so has to reach everything; or the drive erases itself.
HOST = "medium = magnetic; sanitize = none; "
AREAS = {
    "hpa": "features = hpa; hpa = 2M",
    "amac": "features = amac; amac = 2M",
    "dco": "features = dco; dco = 2M",
    "hpa-and-dco": "features = hpa dco; hpa = 1M; dco = 3M",
}


def ahci(name, drive, policy=STRICT, **rest):
    return Scenario(name, policy, "ahci", drive, **rest)


def satl(name, drive, policy=STRICT, **rest):
    return Scenario(name, policy, "scsi", "descriptor-sense = yes; " + drive, **rest)


def whole(one):
    """The evidence says what was hidden, and that all of it is there since."""
    sizes = re.findall(r"'sectors_before': (\d+), 'sectors_now': (\d+), 'native_sectors': (\d+)",
                       str(one.certificate["evidence"]))
    if len(sizes) != 1:
        return f"{len(sizes)} times the evidence says what was hidden"
    before, now, native = map(int, sizes[0])
    return None if before < now == native else f"{before} sectors before, {now} now, {native} in all"


OPEN = [front(f"{area}-opened-{place}", HOST + lines, category="clear", method="overwrite", check=whole)
        for front, place in ((ahci, "ahci"), (satl, "satl")) for area, lines in AREAS.items()] + [
    ahci("hpa-opened-sanitize", "sanitize = block; features = hpa; hpa = 2M", category="purge", check=whole),
    ahci("hpa-opened-security", HOST + "features = security hpa; hpa = 2M", category="clear",
         method="ata-security-erase", check=whole),
    satl("amac-opened-sanitize", "sanitize = crypto; features = amac; amac = 2M", category="purge", check=whole),
]

FROZEN = [front(f"{area}-frozen-{place}", f"{HOST}{lines}; hidden-frozen = yes", ends="unknown", says="not reached")
          for front, place in ((ahci, "ahci"), (satl, "satl")) for area, lines in AREAS.items()] + [
    ahci("hpa-frozen-sanitize", "sanitize = block; features = hpa; hpa = 2M; hidden-frozen = yes", category="purge",
         method="ata-sanitize-block", note="a sanitize reaches what stays hidden"),
    ahci("hpa-frozen-security", HOST + "features = security hpa; hpa = 2M; hidden-frozen = yes", ends="unknown",
         says="not reached", note="a normal security erase ends where the host's capacity does"),
    ahci("hpa-frozen-then", HOST + "features = security hpa; hpa = 2M; hidden-frozen = yes", LADDER, ends="unknown",
         says="not reached"),
    ahci("hpa-frozen-lie", "sanitize = block; features = hpa; hpa = 2M; hidden-frozen = yes; "
         "misbehave = partial ata-sanitize-block from=0 to=4095", category="purge", method="ata-sanitize-block",
         unseen=True, out_of_sight=True, note="it leaves out what it hides: beyond the host's sight"),
]

ROWS = OPEN + FROZEN
