"""Rows of the table: native SAS disks, on a SCSI port that does not tell the kernel that they are."""

import re

from trial import FORMAT, LADDER, MARKED, STRICT, Scenario


def sas(name, drive, policy=STRICT, **rest):
    return Scenario(name, policy, "scsi", drive, family="scsi", **rest)


def ladder(name, drive, **rest):
    return sas(name, drive, LADDER, **rest)


def formatted(name, drive, **rest):
    """Where FORMAT UNIT is the only method that the order allows."""
    return sas(name, drive, FORMAT, **{"category": "clear", "method": "scsi-format", **rest})


HDD = "medium = magnetic; encrypts = no; "
HDD_OVERWRITE = HDD + "sanitize = overwrite; "
HOST_ONLY = HDD + "sanitize = none; "


def sas_disk(one):
    """No one told the kernel that it is a SAS disk: the disk's own page 83h did."""
    bus = one.line.get("bus") or one.certificate["disk"].get("bus")
    return None if bus == "sas" else f"its bus is {bus}"


def opened(one):
    """All blocks are shown since."""
    found = one.certificate["disk"]["capacity"]
    return None if re.search(r" scsi 55 ", one.trace) else f"no MODE SELECT ({found} bytes)"


def left_alone(one):
    """Nothing that writes or erases reached it."""
    found = re.findall(r" scsi (?:2a|8a|41|93|48|04|42|55|15) ", one.trace)
    return f"it was sent {set(found)}" if found else None


HEALTHY = [
    sas("good-sas-hdd", HDD_OVERWRITE, category="purge", method="scsi-sanitize-overwrite", check=sas_disk),
    sas("good-sas-ssd", "", category="purge", method="scsi-sanitize-crypto-block"),
    sas("good-sas-block", "sanitize = block", category="purge", method="scsi-sanitize-block"),
    sas("good-sas-crypto", "sanitize = crypto", category="purge", method="scsi-sanitize-crypto"),
    sas("good-sas-hdd-encrypting", "medium = magnetic; sanitize = crypto overwrite", category="purge",
        method="scsi-sanitize-crypto"),
    sas("good-sas-host-overwrite", HOST_ONLY, category="clear", method="overwrite"),
    sas("good-sas-4kn", "sector = 4096; sanitize = block", category="purge"),
    sas("good-sas-4kn-overwrite", HOST_ONLY + "sector = 4096", category="clear", method="overwrite"),
    sas("good-sas-520", "sector = 520; sanitize = block", category="purge"),
    sas("good-sas-520-hdd", HDD_OVERWRITE + "sector = 520", category="purge"),
    sas("good-sas-520-host-overwrite", HOST_ONLY + "sector = 520", category="clear", method="overwrite"),
    sas("good-sas-528", "sector = 528; sanitize = crypto block", category="purge"),
    sas("good-sas-528-host-overwrite", HOST_ONLY + "sector = 528", category="clear", method="overwrite"),
    *[sas(f"good-sas-protection-{kind}", f"protection = {kind}; sanitize = block", category="purge")
      for kind in (1, 2, 3)],
    *[sas(f"good-sas-protection-{kind}-host-overwrite", HOST_ONLY + f"protection = {kind}",
          category="clear", method="overwrite") for kind in (1, 2, 3)],
    sas("good-sas-protection-noise", "protection = 1; sanitize = crypto; crypto-unmaps = no", category="purge"),
    sas("good-sas-noise", "sanitize = crypto; crypto-unmaps = no", category="purge",
        note="reads as noise after its crypto erase"),
    sas("good-sas-blank", "plant = none; sanitize = block", category="purge"),
    sas("good-sas-slow", "sanitize = block; misbehave = slow scsi-sanitize-block factor=8", category="purge"),
    sas("good-sas-silent-progress", "sanitize = block; misbehave = no-progress scsi-sanitize-block",
        category="purge", note="at work, and does not say how far"),
    sas("good-sas-thin", "sanitize = block; unmap = yes", category="purge"),
    sas("good-sas-stopped", "sanitize = block; start-needed = yes", category="purge",
        note="waits for START STOP UNIT, which the kernel sends"),
    sas("good-sas-capacity-hidden", "visible = 1M; sanitize = block", category="purge",
        check=opened),
    sas("good-sas-capacity-hidden-overwrite", HOST_ONLY + "visible = 1M", category="clear",
        method="overwrite", check=opened),
    sas("good-sas-capacity-hidden-unsaved", HOST_ONLY + "visible = 1M; mode-saves = no", category="clear",
        check=opened),
]

FORMATS = [
    formatted("format-hdd", HDD, check=sas_disk),
    formatted("format-ssd", ""),
    formatted("format-4kn", "sector = 4096"),
    formatted("format-520", HDD + "sector = 520"),
    formatted("format-528", HDD + "sector = 528"),
    *[formatted(f"format-protection-{kind}", f"{HDD}protection = {kind}") for kind in (1, 2, 3)],
    formatted("format-capacity-hidden", HDD + "visible = 1M"),
    formatted("lie-format", HDD + "misbehave = lie scsi-format", ends="failed", says=MARKED),
    formatted("lie-format-520", HDD + "sector = 520; misbehave = lie scsi-format", ends="failed", says=MARKED),
    formatted("ignored-format", HDD + "misbehave = ignore scsi-format", ends="failed", says=MARKED),
    formatted("part-of-the-format", HDD + "misbehave = partial scsi-format from=0 to=1023", ends="failed",
              says=MARKED),
    formatted("failed-format", HDD + "misbehave = fail scsi-format at=40%", ends="failed"),
    formatted("failed-format-unspoken", HDD + "misbehave = fail scsi-format at=10%; "
              "misbehave = hide-failure scsi-format", ends="failed", says=MARKED,
              note="it says nothing of its failure, and reads as before"),
    formatted("stuck-format", HDD + "misbehave = stuck scsi-format at=30%", ends="unknown", says="no longer moves"),
    formatted("gone-format-sas", HDD + "misbehave = gone scsi-format at=30%", ends="unknown"),
    formatted("power-format", HDD + "misbehave = power-cut scsi-format at=50% after=10s", ends="failed",
              may_be=("unknown",), note="leaves the format corrupt"),
    formatted("refused-format", HDD + "misbehave = refuse scsi-format field", ends="failed", says="refused"),
]

LIES = [
    *[sas(f"lie-sas-sanitize-{kind}", f"{medium}sanitize = {kind}; misbehave = lie scsi-sanitize-{kind}",
          ends="failed", says=MARKED) for kind, medium in (("crypto", ""), ("block", ""), ("overwrite", HDD))],
    sas("lie-sas-520", "sector = 520; sanitize = block; misbehave = lie scsi-sanitize-block", ends="failed",
        says=MARKED),
    sas("lie-sas-protection", "protection = 1; sanitize = block; misbehave = lie scsi-sanitize-block",
        ends="failed", says=MARKED),
    sas("lie-on-blank-sas", "plant = none; sanitize = block; misbehave = lie scsi-sanitize-block",
        ends="failed", says=MARKED, note="only the agent's own markers can tell"),
    sas("lie-sas-overwrite", HOST_ONLY + "misbehave = lie overwrite", ends="failed"),
    sas("ignored-sas-sanitize", "sanitize = block; misbehave = ignore scsi-sanitize-block", ends="failed",
        says=MARKED, note="good status, and nothing moves"),
    sas("part-of-the-sas-disk", "sanitize = block; misbehave = partial scsi-sanitize-block from=0 to=1023",
        ends="failed", says=MARKED),
    sas("failure-unspoken-sas", "sanitize = block; misbehave = fail scsi-sanitize-block at=10%; "
        "misbehave = hide-failure scsi-sanitize-block", ends="failed", says=MARKED,
        note="it says nothing of its failure, and reads as before"),
    ladder("every-firmware-lies-sas", "sanitize = crypto block; misbehave = lie scsi-sanitize-crypto; "
           "misbehave = lie scsi-sanitize-block", category="clear", method="overwrite",
           after=("scsi-sanitize-crypto-block", "scsi-sanitize-block", "scsi-sanitize-crypto")),
    ladder("lie-then-overwrite-520", HDD_OVERWRITE + "sector = 520; misbehave = lie scsi-sanitize-overwrite",
           category="clear", method="overwrite", after=("scsi-sanitize-overwrite",)),
    ladder("overwrite-lies-then-format", HOST_ONLY + "misbehave = lie overwrite", ends="unknown",
           note="it formats itself, but markers cannot be written"),
]

UNSEEN = [
    sas("keep-remapped-sas", HDD_OVERWRITE + "misbehave = keep-remapped scsi-sanitize-overwrite",
        category="purge", unseen=True),
    sas("zeros-from-the-map-sas", "sanitize = block; misbehave = map-only scsi-sanitize-block",
        category="purge", unseen=True),
    sas("crypto-without-encryption-sas", "encrypts = no; sanitize = crypto", category="purge", unseen=True),
]

PROGRESS = [
    sas("stuck-sas", "sanitize = block; misbehave = stuck scsi-sanitize-block at=60%", ends="unknown",
        says="no longer moves"),
    sas("backwards-sas", "sanitize = block; misbehave = backwards scsi-sanitize-block", category="purge"),
    sas("failed-sas", "sanitize = block; misbehave = fail scsi-sanitize-block at=40%", ends="failed",
        note="31/03 from then on"),
    ladder("failed-then-crypto-sas", "sanitize = crypto block; misbehave = fail scsi-sanitize-block at=40%",
           category="purge", method="scsi-sanitize-crypto",
           after=("scsi-sanitize-crypto-block", "scsi-sanitize-block")),
    ladder("failed-and-closed-sas", "sanitize = block; misbehave = fail scsi-sanitize-block at=40%",
           ends="failed", note="after that it takes nothing but a sanitize"),
    sas("gone-sas", "sanitize = block; misbehave = gone scsi-sanitize-block at=30%", ends="unknown"),
    sas("gone-sas-overwrite", HOST_ONLY + "misbehave = gone overwrite at=50%", ends="failed",
        may_be=("unknown",)),
    sas("returns-sas", "sanitize = block; misbehave = return scsi-sanitize-block at=50% after=60s",
        category="purge", note="back under another name"),
    sas("another-under-its-name-sas", "sanitize = block; "
        "misbehave = return scsi-sanitize-block at=50% after=60s as=STRANGER", ends="unknown",
        may_be=("failed",)),
    *[sas(f"power-sas-{kind}", f"{medium}sanitize = {kind}; "
          f"misbehave = power-cut scsi-sanitize-{kind} at=50% after=10s", category="purge")
      for kind, medium in (("crypto", ""), ("block", ""), ("overwrite", HDD))],
    sas("power-sas-host-overwrite", HOST_ONLY + "misbehave = power-cut overwrite at=50% after=10s",
        ends="failed", may_be=("unknown", "erased")),
]

ANSWERS = [
    sas("sense-fixed-sas", "sanitize = block; misbehave = sense fixed", category="purge"),
    sas("sense-descriptor-sas", "sanitize = block; misbehave = sense descriptor", category="purge"),
    sas("sense-descriptor-by-mode-sas", "sanitize = block; descriptor-sense = yes", category="purge"),
    ladder("sense-truncated-sas", "sanitize = block; misbehave = sense truncated", may_be=("failed", "unknown")),
    ladder("sense-empty-sas", "sanitize = block; misbehave = sense empty", may_be=("failed", "unknown")),
    ladder("sense-garbage-sas", "sanitize = block; misbehave = sense garbage", may_be=("failed", "unknown")),
    sas("unit-attention-sas", "sanitize = block; misbehave = unit-attention every", category="purge",
        note="in front of every command"),
    sas("unit-attention-sas-overwrite", HOST_ONLY + "misbehave = unit-attention every", category="clear"),
    ladder("opcodes-not-reported", "sanitize = block; reports-opcodes = no", category="clear",
           method="overwrite", note="a sanitize that nobody can ask about is not sent"),
    ladder("hidden-sas", "sanitize = block; misbehave = hidden scsi-sanitize-block", category="clear",
           method="overwrite", note="can, and does not say so"),
    sas("refused-sas", "sanitize = block; misbehave = refuse scsi-sanitize-block opcode", ends="failed",
        says="refused"),
    ladder("refused-then-sas", HDD_OVERWRITE + "misbehave = refuse scsi-sanitize-overwrite field",
           category="clear", method="overwrite", after=("scsi-sanitize-overwrite",)),
    sas("read-errors-announced-sas", "sanitize = block; after-block-erase = write-required",
        category="purge", note="announced by page B1h"),
    ladder("read-errors-announced-then-sas", "sanitize = block; after-block-erase = write-required",
           category="purge", method="scsi-sanitize-block", note="announced by page B1h"),
    sas("read-errors-unannounced-sas", "sanitize = crypto; misbehave = read-errors after=scsi-sanitize-crypto",
        ends="failed"),
]

STATE = [
    sas("write-protected-sas", "sanitize = block; write-protected = yes", ends="failed"),
    sas("worn-out-sas", HOST_ONLY + "misbehave = write-protected", ends="failed"),
    sas("reserved-sas", "sanitize = block; reserved-by = 0xabcd 1", ends="refused",
        says="write exclusive, key 0x000000000000abcd", check=left_alone,
        note="a host elsewhere holds a persistent reservation"),
    ladder("format-corrupt-sas", "sanitize = block overwrite; format-corrupt = yes", may_be=("failed", "unknown"),
           note="an earlier format was interrupted: 31/00"),
    ladder("bad-sectors-sas", HDD_OVERWRITE + "bad-blocks = 100 2000 3000", category="clear",
           method="overwrite", after=("scsi-sanitize-overwrite",),
           note="three sectors can be read neither before nor after; a write moves them"),
    sas("capacity-hidden-for-good", HOST_ONLY + "visible = 1M; visible-fixed = yes", ends="unknown",
        says="not reached", note="MODE SELECT takes no other number of blocks"),
    sas("capacity-hidden-for-good-sanitized", "sanitize = block; visible = 1M; visible-fixed = yes",
        category="purge", note="a sanitize reaches what is hidden"),
    sas("identity-changed-sas", "sanitize = block; misbehave = identity-change "
        "after=scsi-sanitize-block serial=STRANGER", ends="failed", says="another disk"),
    sas("no-serial-sas", 'sanitize = block; serial = ""', category="purge", order="wwn"),
    sas("equal-serials-sas", "sanitize = block; serial = EQUAL-SAS", twins=2, ends="refused",
        says="more than one disk"),
]

ROWS = HEALTHY + FORMATS + LIES + UNSEEN + PROGRESS + ANSWERS + STATE
