"""Rows of the table: SAS disks that are two logical units (two actuators), each erased by itself, together
one disk."""

import re

from sas_rows import HDD_OVERWRITE, HOST_ONLY, left_alone, sas

HEALTHY_PART = ("",)


def both_parts(one):
    """Its certificate has two parts, each with a method and places read of its own."""
    parts = one.certificate.get("parts", [])
    if [part["disposition"] for part in parts] != ["erased", "erased"]:
        return f"its parts: {[part['disposition'] for part in parts]}"
    if one.certificate["disk"]["capacity"] != sum(part["disk"]["capacity"] for part in parts):
        return "its capacity is not that of its parts"
    read = [part["attempts"][-1]["verification"]["read"] for part in parts]
    return None if all(read) else f"places read of its parts: {read}"


def each_by_command(one):
    """One SANITIZE to each, one after the other."""
    found = re.findall(r"^(\S+) \d+ scsi 48 8", one.trace, re.M)
    return both_parts(one) or (None if found == one.drive.names else f"SANITIZE was sent to {found}")


def first_is_erased(one):
    """The whole is not, for the other part."""
    ends = [part["disposition"] for part in one.certificate.get("parts", [])]
    return None if ends[:1] == ["erased"] and "erased" not in ends[1:] else f"its parts: {ends}"


def two_ranges(one):
    found = one.certificate["disk"]["areas"][0].get("actuators", [])
    return None if [entry["sectors"] for entry in found] == [4096, 4096] else f"its actuators: {found}"


ROWS = [
    sas("sas-actuators", HDD_OVERWRITE + "actuators = 2", category="purge", check=two_ranges,
        note="two actuators in one unit"),
    sas("sas-parts", HDD_OVERWRITE, parts=HEALTHY_PART, category="purge", method="scsi-sanitize-overwrite",
        check=each_by_command, note="two actuators"),
    sas("sas-parts-overwrite", HOST_ONLY, parts=HEALTHY_PART, paths=2, order="device", category="clear",
        method="overwrite", check=both_parts),
    sas("sas-parts-520", HOST_ONLY + "sector = 520", parts=HEALTHY_PART, order="part", category="clear",
        method="overwrite", check=both_parts),
    sas("sas-parts-weaker", HDD_OVERWRITE, parts=("sanitize = none",), category="clear", method="overwrite",
        check=both_parts, note="one part can only be overwritten"),
    sas("sas-part-lies", "sanitize = block", parts=("misbehave = lie scsi-sanitize-block",), ends="failed",
        says="part /dev/sd.*samples show content", check=first_is_erased),
    sas("sas-part-vanishes", "sanitize = block", parts=("misbehave = gone scsi-sanitize-block at=50%",),
        ends="unknown", may_be=("failed",), says="part /dev/sd", check=first_is_erased),
    sas("sas-part-reserved", "sanitize = block", parts=("reserved-by = 0xabcde 3",), ends="refused",
        says="part /dev/sd.*reserved by another host.*nothing was done", check=left_alone),
    sas("sas-part-missing", "sanitize = block", order="device+capacity", ends="failed",
        says="a part of it is missing", check=left_alone),
]
