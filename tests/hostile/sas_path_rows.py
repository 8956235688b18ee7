"""Rows of the table: SAS disks on two paths, each by a host adapter of its own, and what becomes of their
sectors."""

import re

from sas_rows import HDD_OVERWRITE, HOST_ONLY, sas
from trial import STRICT

ON_MEDIUM = re.compile(r" scsi (04|08|0a|28|2a|41|48|88|8a|93) .* port=(\d) ")
CHANGES = ("04", "0a", "2a", "41", "48", "8a", "93")
# And few samples, for those who share the machine: see power_rows.
CLEAR = {**STRICT, "clear_reservations": True, "sector_size": 512, "verify": "0.1%"}


def other_path_quiet(one):
    """From the first command that changes the medium to the last: all by one port."""
    found = ON_MEDIUM.findall(one.trace)
    changes = [i for i, (opcode, _) in enumerate(found) if opcode in CHANGES]
    if not changes:
        return "nothing was sent to its medium"
    used = {port for _, port in found[changes[0]:changes[-1] + 1]}
    return None if len(used) == 1 else f"commands to its medium by ports {sorted(used)}"


def excepted(text):
    """The certificate has it as an exception."""
    def check(one):
        return None if any(text in line for line in one.certificate["exceptions"]) else f"no exception '{text}'"
    return check


def has_512(one):
    """Reformatted after it was erased, and the certificate says so."""
    reformat = one.certificate.get("reformat", {})
    return None if (reformat.get("sector_size_before"), reformat.get("sector_size_after")) == (520, 512) \
        else f"reformat: {reformat}"


ROWS = [
    sas("sas-two-paths", HDD_OVERWRITE, paths=2, category="purge", method="scsi-sanitize-overwrite",
        check=other_path_quiet),
    sas("sas-two-paths-overwrite", HOST_ONLY, paths=2, category="clear", method="overwrite",
        check=other_path_quiet),
    sas("sas-two-paths-hidden", HOST_ONLY + "visible = 1M", paths=2, category="clear", method="overwrite",
        check=other_path_quiet),
    sas("sas-path-in-standby", HOST_ONLY + "standby-port = 1", paths=2, category="clear", method="overwrite",
        check=other_path_quiet),
    sas("sas-retires-sectors", HOST_ONLY + "bad-blocks = 100 3000 7000", category="clear", method="overwrite",
        check=excepted("the grown defect list went from")),
    sas("sas-reservation-cleared", HDD_OVERWRITE + "reserved-by = 0xabcde 3", CLEAR, category="purge",
        check=excepted("the reservation and all registrations were cleared")),
    sas("sas-reservation-preempted", HDD_OVERWRITE + "reserved-by = 0xabcde 8; clear-refused = yes", CLEAR,
        category="purge", check=excepted("preempted and released"), note="knows no CLEAR; all registrants hold it"),
    sas("sas-520-to-512", HDD_OVERWRITE + "sector = 520", CLEAR, category="purge", check=has_512),
    sas("sas-two-paths-520-to-512", HOST_ONLY + "sector = 520", CLEAR, paths=2, category="clear",
        check=has_512),
]
