"""The table of hostile drives: what each is and does, and how its erase has to end. See README.md."""

import re

import hidden_rows
import power_rows
import sas_part_rows
import sas_path_rows
import sas_rows
from trial import LADDER, MARKED, STRICT, Scenario


# --- checks beyond the table's columns ---

def few_attempts(one):
    """A drive counts five wrong passwords; the agent has to leave it one."""
    tries = len(re.findall(r" (?:ata f2|scsi 85 .* f2) ", one.trace))
    if not 1 <= tries <= 4:
        return f"{tries} attempts to unlock"
    return None


LONG_MS = 300000  # of the drive's time
ERASE = re.compile(r"^\S+ (\d+) (nvme-admin (?:84|80) |ata (?:b4 features=001[1-4]|f4)|"
                   r"scsi 48 8[123] |scsi 85 (?:\S\S \S\S 00 1[1-4] .* b4 |.* f4 )).*-> (\S+)", re.M)


def starts_of(trace):
    """When the erase was begun, in the drive's time. A command that takes its time has two lines."""
    starts, pending = [], False
    for ms, _, answer in ERASE.findall(trace):
        if not pending:
            starts.append(int(ms))
        pending = answer == "pending"
    return starts


def begun_again(one):
    """Twice in all: by the first boot, and by the second that knows nothing of what the first saw."""
    starts = starts_of(one.trace)
    return None if len(starts) == 2 else f"begun {len(starts)} times"


def waited_for(one):
    """Begun again, and not before it had ended."""
    starts = starts_of(one.trace)
    if len(starts) == 2 and starts[1] - starts[0] < LONG_MS:
        return "begun again while it was still under way"
    return begun_again(one)


# --- the rows ---

def nvme(name, drive, policy=STRICT, **rest):
    return Scenario(name, policy, "nvme", drive, **rest)


def ahci(name, drive, policy=STRICT, **rest):
    return Scenario(name, policy, "ahci", drive, **rest)


def satl(name, drive, policy=STRICT, **rest):
    return Scenario(name, policy, "scsi", drive, **rest)


def ladder(row):
    row.policy = LADDER
    return row


HEALTHY = [
    nvme("good-nvme", "", category="purge", method="nvme-sanitize-crypto-block"),
    nvme("good-nvme-block", "sanitize = block", category="purge", method="nvme-sanitize-block"),
    nvme("good-nvme-crypto", "sanitize = crypto", category="purge", method="nvme-sanitize-crypto"),
    nvme("good-nvme-overwrite", "sanitize = overwrite; encrypts = no", category="purge",
         method="nvme-sanitize-overwrite"),
    nvme("good-nvme-format-crypto", "sanitize = none", category="clear", method="nvme-format-crypto"),
    nvme("good-nvme-format", "sanitize = none; fna = none", category="clear",
         method="nvme-format-user-data"),
    nvme("good-nvme-host-overwrite", "sanitize = none; format-nvm = no", category="clear",
         method="overwrite"),
    nvme("good-nvme-noise", "sanitize = crypto; crypto-unmaps = no", category="purge",
         note="reads as noise after its crypto erase"),
    nvme("good-nvme-4kn", "formats = 512 4096; namespace = format=1", category="purge"),
    nvme("good-nvme-three-namespaces", "size = 8M; namespace = size=3M; namespace = size=2M format=1; "
         "namespace = size=2M", category="purge"),
    nvme("good-nvme-two-controllers", "controllers = 2", category="purge",
         note="one subsystem is one disk"),
    nvme("good-nvme-blank", "plant = none", category="purge",
         note="another tool erased it before; nothing was ever written"),
    nvme("good-nvme-sanitized-before", "last-sanitize = success CDW10=4", category="purge"),
    nvme("good-nvme-slow", "sanitize = block; estimate-block = 1s; time = nvme-sanitize-block 100s",
         category="purge", note="takes a hundred times its estimate"),
    ahci("good-sata", "medium = magnetic; encrypts = no; sanitize = overwrite", category="purge",
         method="ata-sanitize-overwrite"),
    ahci("good-sata-ssd", "", category="purge", method="ata-sanitize-crypto-block"),
    ahci("good-sata-block", "sanitize = block", category="purge", method="ata-sanitize-block"),
    ahci("good-sata-crypto", "sanitize = crypto", category="purge", method="ata-sanitize-crypto"),
    ahci("good-sata-security-enhanced", "medium = magnetic; sanitize = none", category="purge",
         method="ata-security-erase-enhanced"),
    ahci("good-sata-security", "medium = magnetic; sanitize = none; features = security",
         category="clear", method="ata-security-erase"),
    ahci("good-sata-host-overwrite", "medium = magnetic; sanitize = none; features = none",
         category="clear", method="overwrite"),
    ahci("good-sata-4kn", "sector = 4096; sanitize = block", category="purge"),
    ahci("good-sata-blank", "plant = none; sanitize = block", category="purge"),
    ahci("good-sata-sanitized-before", "sanitize = block; sanitize-completed = yes", category="purge"),
    ahci("good-sata-slow", "sanitize = none; erase-time = 2min; erase-time-enhanced = 2min; "
         "misbehave = slow security-erase-enhanced factor=4", category="purge",
         note="takes twice as long as it says"),
    satl("good-satl", "sanitize = block; descriptor-sense = yes", category="purge",
         method="ata-sanitize-block"),
    satl("good-satl-security", "medium = magnetic; sanitize = none", category="purge",
         method="ata-security-erase-enhanced"),
    satl("good-satl-4kn", "medium = magnetic; sector = 4096; sanitize = none; features = none",
         category="clear", method="overwrite"),
]

# The drive takes its time, reports success, and has erased nothing, or not all.
LIES = [
    nvme(f"lie-nvme-sanitize-{kind}", f"sanitize = {kind}; misbehave = lie nvme-sanitize-{kind}",
         ends="failed", says=MARKED) for kind in ("crypto", "block", "overwrite")
] + [
    nvme("lie-nvme-format-crypto", "sanitize = none; misbehave = lie nvme-format-crypto",
         ends="failed", says=MARKED),
    nvme("lie-nvme-format", "sanitize = none; fna = none; misbehave = lie nvme-format-user-data",
         ends="failed", says=MARKED),
] + [
    front(f"lie-ata-sanitize-{kind}-{place}", f"sanitize = {kind}; {more}"
          f"misbehave = lie ata-sanitize-{kind}", ends="failed", says=MARKED)
    for kind, front, place, more in (("crypto", ahci, "ahci", ""), ("block", ahci, "ahci", ""),
                                     ("overwrite", ahci, "ahci", "medium = magnetic; "),
                                     ("block", satl, "satl", "descriptor-sense = yes; "))
] + [
    front(f"lie-security-{kind}-{place}", f"sanitize = none; features = {features}; "
          f"misbehave = lie {operation}", ends="failed", says=MARKED)
    for kind, features, operation, front, place in (
        ("enhanced", "security enhanced", "security-erase-enhanced", ahci, "ahci"),
        ("normal", "security", "security-erase", ahci, "ahci"),
        ("enhanced", "security enhanced", "security-erase-enhanced", satl, "satl"),
        ("normal", "security", "security-erase", satl, "satl"))
] + [
    nvme("lie-on-blank-nvme", "plant = none; sanitize = block; misbehave = lie nvme-sanitize-block",
         ends="failed", says=MARKED, note="only the agent's own markers can tell"),
    ahci("lie-on-blank-sata", "plant = none; sanitize = none; misbehave = lie security-erase-enhanced",
         ends="failed", says=MARKED, note="only the agent's own markers can tell"),
    nvme("ignored-nvme-sanitize", "sanitize = block; misbehave = ignore nvme-sanitize-block",
         ends="unknown", may_be=("failed",), note="good status, and its log never changes"),
    ahci("ignored-ata-sanitize", "sanitize = block; misbehave = ignore ata-sanitize-block",
         ends="unknown", may_be=("failed",)),
    nvme("success-of-years-ago-nvme", "sanitize = block; last-sanitize = success CDW10=2; "
         "misbehave = ignore nvme-sanitize-block", ends="failed",
         note="the log's old success names the same command"),
    ahci("success-of-years-ago-sata", "sanitize = block; sanitize-completed = yes; "
         "misbehave = ignore ata-sanitize-block", ends="failed"),
    nvme("one-namespace-of-three", "size = 8M; namespace = size=2M; namespace = size=2M; namespace = size=2M; "
         "sanitize = block; misbehave = partial nvme-sanitize-block namespaces=2", ends="failed",
         says=MARKED),
    nvme("one-namespace-of-three-format", "size = 8M; namespace = size=2M; namespace = size=2M; "
         "namespace = size=2M; sanitize = none; fna = none; "
         "misbehave = partial nvme-format-user-data namespaces=1", ends="failed", says=MARKED),
    ahci("part-of-the-disk", "sanitize = none; misbehave = partial security-erase-enhanced "
         "from=0 to=4095", ends="failed", says=MARKED),
    ahci("writes-go-nowhere", "medium = magnetic; sanitize = none; features = none; "
         "misbehave = write-ignored", ends="failed"),
    ladder(nvme("lie-then-format", "sanitize = block; misbehave = lie nvme-sanitize-block",
                category="clear", method="nvme-format-crypto", after=("nvme-sanitize-block",))),
    ladder(nvme("every-firmware-lies", "sanitize = block; fna = none; "
                "misbehave = lie nvme-sanitize-block; misbehave = lie nvme-format-user-data",
                category="clear", method="overwrite",
                after=("nvme-sanitize-block", "nvme-format-user-data"))),
    ladder(ahci("lie-then-security", "sanitize = block; misbehave = lie ata-sanitize-block",
                method="ata-security-erase-enhanced", after=("ata-sanitize-block",))),
    ladder(satl("lie-then-overwrite", "medium = magnetic; sanitize = none; features = security; "
                "misbehave = lie security-erase", category="clear", method="overwrite",
                after=("ata-security-erase",))),
]

# What is left can be seen by no host: the certificate has to say who attests the media.
UNSEEN = [
    nvme("keep-remapped-nvme", "sanitize = block; misbehave = keep-remapped nvme-sanitize-block",
         category="purge", unseen=True),
    ahci("keep-remapped-sata", "medium = magnetic; encrypts = no; sanitize = overwrite; "
         "misbehave = keep-remapped ata-sanitize-overwrite", category="purge", unseen=True),
    nvme("keep-spare-nvme", "sanitize = block; misbehave = keep-spare nvme-sanitize-block",
         category="purge", unseen=True),
    nvme("zeros-from-the-map-nvme", "sanitize = block; misbehave = map-only nvme-sanitize-block",
         category="purge", unseen=True, note="reads zeros, with all data beneath"),
    ahci("zeros-from-the-map-sata", "sanitize = block; misbehave = map-only ata-sanitize-block",
         category="purge", unseen=True),
    nvme("crypto-without-encryption", "encrypts = no; sanitize = crypto", category="purge", unseen=True,
         note="offers to change a key that it does not have"),
    ahci("crypto-without-encryption-sata", "encrypts = no; sanitize = crypto", category="purge",
         unseen=True),
]

# Progress, ends and failures.
PROGRESS = [
    nvme("stuck-nvme", "sanitize = block; misbehave = stuck nvme-sanitize-block at=30%", ends="unknown",
         says="no longer moves"),
    ahci("stuck-sata", "sanitize = block; misbehave = stuck ata-sanitize-block at=60%", ends="unknown",
         says="no longer moves"),
    nvme("backwards-nvme", "sanitize = block; misbehave = backwards nvme-sanitize-block",
         category="purge"),
    ahci("backwards-sata", "sanitize = block; misbehave = backwards ata-sanitize-block",
         category="purge"),
    nvme("failed-nvme", "sanitize = block; misbehave = fail nvme-sanitize-block at=40%", ends="failed"),
    ahci("failed-sata", "sanitize = block; misbehave = fail ata-sanitize-block at=40%", ends="failed",
         says="not sanitized"),
    satl("failed-satl", "sanitize = block; descriptor-sense = yes; "
         "misbehave = fail ata-sanitize-block at=40%", ends="failed"),
    ahci("failed-security", "sanitize = none; misbehave = fail security-erase-enhanced at=40%",
         ends="failed"),
    ladder(nvme("failed-then-crypto", "sanitize = crypto block; "
                "misbehave = fail nvme-sanitize-block at=40%", category="purge",
                method="nvme-sanitize-crypto", after=("nvme-sanitize-crypto-block",))),
    ladder(ahci("failed-then-overwrite", "medium = magnetic; sanitize = block overwrite; "
                "misbehave = fail ata-sanitize-block at=40%", category="purge",
                method="ata-sanitize-overwrite", after=("ata-sanitize-block",))),
    ladder(ahci("failed-and-closed", "sanitize = block; misbehave = fail ata-sanitize-block at=40%",
                ends="failed", note="after that it takes nothing but a sanitize")),
    ladder(ahci("security-fails-then-overwrite", "medium = magnetic; sanitize = none; "
                "features = security; misbehave = fail security-erase at=40%", category="clear",
                method="overwrite", after=("ata-security-erase",))),
]

# Drives that go away.
AWAY = [
    nvme("gone-nvme", "sanitize = block; misbehave = gone nvme-sanitize-block at=30%", ends="unknown"),
    ahci("gone-sata", "sanitize = block; misbehave = gone ata-sanitize-block at=30%", ends="unknown"),
    satl("gone-satl", "sanitize = block; descriptor-sense = yes; "
         "misbehave = gone ata-sanitize-block at=30%", ends="unknown"),
    ahci("gone-security", "sanitize = none; misbehave = gone security-erase-enhanced at=30%",
         ends="unknown"),
    nvme("gone-format", "sanitize = none; misbehave = gone nvme-format-crypto at=30%", ends="unknown"),
    ahci("gone-overwrite", "medium = magnetic; sanitize = none; features = none; "
         "misbehave = gone overwrite at=50%", ends="failed", may_be=("unknown",)),
    ahci("returns-sata", "sanitize = block; misbehave = return ata-sanitize-block at=50% after=60s",
         category="purge", note="back under another name"),
    satl("returns-satl", "sanitize = block; descriptor-sense = yes; "
         "misbehave = return ata-sanitize-block at=50% after=60s", category="purge"),
    nvme("returns-nvme", "sanitize = block; misbehave = return nvme-sanitize-block at=50% after=60s",
         category="purge"),
    ahci("another-under-its-name", "sanitize = block; "
         "misbehave = return ata-sanitize-block at=50% after=60s as=STRANGER", ends="unknown",
         may_be=("failed",)),
    nvme("another-under-its-name-nvme", "sanitize = block; "
         "misbehave = return nvme-sanitize-block at=50% after=60s as=STRANGER", ends="unknown",
         may_be=("failed",)),
]

# The drive, not the machine, loses power in the middle of each method, for a second.
POWER = [
    nvme("power-nvme-sanitize", "sanitize = block; "
         "misbehave = power-cut nvme-sanitize-block at=50% after=10s", category="purge"),
    nvme("power-nvme-format", "sanitize = none; fna = none; "
         "misbehave = power-cut nvme-format-user-data at=50% after=10s", ends="unknown",
         may_be=("failed",)),
    ladder(nvme("power-nvme-format-then", "sanitize = none; "
                "misbehave = power-cut nvme-format-crypto at=50% after=10s",
                after=("nvme-format-crypto",))),
    ahci("power-ata-sanitize", "sanitize = block; "
         "misbehave = power-cut ata-sanitize-block at=50% after=10s", category="purge"),
    satl("power-ata-sanitize-satl", "sanitize = block; descriptor-sense = yes; "
         "misbehave = power-cut ata-sanitize-block at=50% after=10s", category="purge"),
    ahci("power-security", "sanitize = none; "
         "misbehave = power-cut security-erase-enhanced at=50% after=10s", category="purge",
         note="comes back locked; the erase is begun again"),
    ahci("disturbed-security", "sanitize = none; misbehave = disturb security-erase-enhanced",
         category="purge", method="ata-security-erase-enhanced",
         note="a command comes between PREPARE and ERASE UNIT"),
    satl("power-security-satl", "sanitize = none; features = security; "
         "misbehave = power-cut security-erase at=50% after=10s", category="clear"),
    ahci("power-host-overwrite", "medium = magnetic; sanitize = none; features = none; "
         "misbehave = power-cut overwrite at=50% after=10s", ends="failed", may_be=("unknown", "erased")),
]

# Answers that say too little, too much or the wrong thing.
ANSWERS = [
    satl("sense-fixed", "sanitize = block; misbehave = sense fixed"),
    satl("sense-descriptor", "sanitize = block; misbehave = sense descriptor", category="purge"),
    ladder(satl("sense-truncated", "sanitize = block; misbehave = sense truncated",
                may_be=("failed", "unknown"))),
    ladder(satl("sense-empty", "sanitize = block; misbehave = sense empty", may_be=("failed", "unknown"))),
    ladder(satl("sense-garbage", "sanitize = block; misbehave = sense garbage",
                may_be=("failed", "unknown"))),
    ladder(satl("registers-zero", "sanitize = block; misbehave = registers zero", ends="unknown",
                says="not reached", note="whether it hides capacity cannot be asked")),
    ladder(satl("registers-garbage", "sanitize = block; misbehave = registers garbage",
                may_be=("failed", "unknown"))),
    satl("unit-attention", "sanitize = block; descriptor-sense = yes; misbehave = unit-attention every",
         category="purge", note="in front of every command"),
    satl("unit-attention-security", "sanitize = none; misbehave = unit-attention every"),
    ladder(satl("lie-with-zero-registers", "sanitize = none; features = security; "
                "misbehave = registers zero; misbehave = lie security-erase", category="clear",
                method="overwrite")),
    nvme("log-zero", "sanitize = block; misbehave = log-zero", ends="failed", may_be=("unknown",)),
    nvme("log-garbage", "sanitize = block; misbehave = log-garbage", ends="failed", may_be=("unknown",)),
    nvme("log-short", "sanitize = block; misbehave = log-short", ends="failed", may_be=("unknown",)),
    nvme("read-errors-announced", "sanitize = crypto; "
         "misbehave = read-errors after=nvme-sanitize-crypto deallocated announced", ends="failed",
         note="the agent does not know the announcement"),
    ladder(nvme("read-errors-then-overwrite", "sanitize = crypto; format-nvm = no; "
                "misbehave = read-errors after=nvme-sanitize-crypto deallocated announced",
                method="overwrite", after=("nvme-sanitize-crypto",))),
    nvme("read-errors-unannounced", "sanitize = crypto; "
         "misbehave = read-errors after=nvme-sanitize-crypto", ends="failed"),
    ladder(ahci("read-errors-sata", "size = 1M; spare = 1M; sanitize = crypto; features = none; "
                "misbehave = read-errors after=ata-sanitize-crypto", method="overwrite",
                after=("ata-sanitize-crypto",))),
]

# Locks, freezes, bits.
STATE = [
    ladder(ahci("frozen", "medium = magnetic; sanitize = none; frozen = yes", category="clear",
                method="overwrite", note="ATA security frozen by the firmware")),
    ladder(ahci("frozen-sanitizes", "sanitize = block; frozen = yes", category="purge",
                method="ata-sanitize-block")),
    satl("sanitize-frozen", "sanitize = block; sanitize-frozen = yes; descriptor-sense = yes",
         ends="failed", says="frozen", note="behind AHCI the kernel's first reset thaws it"),
    ladder(satl("sanitize-frozen-then", "sanitize = block; sanitize-frozen = yes; descriptor-sense = yes",
                method="ata-security-erase-enhanced", after=("ata-sanitize-block",))),
    ladder(ahci("locked-unknown", 'sanitize = none; user-password = "somebody\'s"', ends="failed",
                says="password", check=few_attempts)),
    ladder(ahci("locked-by-quietus", 'sanitize = none; user-password = "Quietus erase in progress"',
                method="ata-security-erase-enhanced")),
    ladder(ahci("locked-by-hdparm", 'sanitize = none; user-password = "NULL"',
                method="ata-security-erase-enhanced")),
    ladder(satl("locked-by-quietus-satl", 'sanitize = none; user-password = "Quietus erase in progress"',
                method="ata-security-erase-enhanced")),
    ladder(ahci("attempts-used-up", 'sanitize = none; user-password = "NULL"; attempts-used-up = yes',
                ends="failed", says="used up")),
    nvme("namespace-write-protected", "sanitize = none; namespace = write-protected=1", ends="failed"),
    nvme("worn-out-nvme", "sanitize = none; format-nvm = no; misbehave = write-protected", ends="failed"),
    ahci("worn-out-sata", "medium = magnetic; sanitize = none; features = none; "
         "misbehave = write-protected", ends="failed"),
    nvme("refused-opcode", "sanitize = block; misbehave = refuse nvme-sanitize-block opcode",
         ends="failed", says="refused"),
    ladder(nvme("refused-then", "sanitize = block; misbehave = refuse nvme-sanitize-block field",
                method="nvme-format-crypto", after=("nvme-sanitize-block",))),
    ladder(ahci("refused-abort", "sanitize = block; misbehave = refuse ata-sanitize-block abort",
                method="ata-security-erase-enhanced", after=("ata-sanitize-block",))),
    ladder(ahci("refused-security", "medium = magnetic; sanitize = none; features = security; "
                "misbehave = refuse security-erase abort", method="overwrite",
                after=("ata-security-erase",))),
    nvme("hidden-nvme", "sanitize = crypto block; misbehave = hidden nvme-sanitize-block",
         method="nvme-sanitize-crypto", note="can, and does not say so"),
    ladder(ahci("hidden-sata", "sanitize = block; misbehave = hidden ata-sanitize-block",
                method="ata-security-erase-enhanced")),
    nvme("unattached-namespace", "size = 8M; namespace = size=3M; namespace = size=3M detached", category="purge",
         method="nvme-sanitize-crypto-block", note="a sanitize reaches it"),
    ladder(nvme("unattached-beyond-reach", "size = 8M; namespace = size=3M; namespace = size=3M detached; "
                "sanitize = none", ends="failed", says="not attached")),
]

# Who the drive is.
IDENTITY = [
    nvme("capacity-changed-nvme", "size = 8M; sanitize = block; misbehave = capacity-change "
         "after=nvme-sanitize-block to=4M", ends="failed"),
    ahci("capacity-changed-sata", "size = 8M; sanitize = block; misbehave = capacity-change "
         "after=ata-sanitize-block to=4M", ends="failed", says="capacity"),
    nvme("identity-changed-nvme", "sanitize = block; misbehave = identity-change "
         "after=nvme-sanitize-block serial=STRANGER", ends="failed", says="another disk"),
    ahci("identity-changed-sata", "sanitize = block; misbehave = identity-change "
         "after=ata-sanitize-block serial=STRANGER", ends="failed", says="another disk"),
    ahci("no-serial", 'sanitize = block; serial = ""', category="purge", order="wwn"),
    nvme("no-serial-nvme", 'sanitize = block; serial = ""', category="purge", order="wwn"),
    ahci("control-characters", r'sanitize = block; serial = "A\"B\x01\x07C\\D\x1b[2J"', order="wwn",
         category="purge"),
    nvme("control-characters-nvme", r'sanitize = block; serial = "A\"B\x01C\\D\xff"', order="wwn",
         category="purge"),
    ahci("equal-serials-by-wwn", "sanitize = block; serial = EQUAL-W", twins=2, order="serial+wwn",
         category="purge"),
    ahci("equal-serials", "sanitize = block; serial = EQUAL-S", twins=2, ends="refused",
         says="more than one disk"),
    ahci("holds-something-else", "sanitize = block", content=["disk gpt 0000"], ends="refused",
         says="holds something else"),
]

# Two boots: the plug is pulled from the machine when all of them are at work.
CUT = [
    nvme("cut-nvme-sanitize", "sanitize = block; time = nvme-sanitize-block 300s", category="purge",
         check=waited_for),
    ahci("cut-ata-sanitize", "sanitize = block; time = ata-sanitize-block 300s", category="purge",
         check=waited_for),
    satl("cut-ata-sanitize-satl", "sanitize = block; descriptor-sense = yes; "
         "time = ata-sanitize-block 300s", category="purge", check=waited_for),
    ahci("cut-security", "sanitize = none; time = security-erase-enhanced 120s", category="purge",
         method="ata-security-erase-enhanced", check=begun_again, note="comes up locked"),
    satl("cut-security-satl", "sanitize = none; features = security; time = security-erase 120s",
         category="clear", method="ata-security-erase", check=begun_again, note="comes up locked"),
    nvme("cut-nvme-format", "sanitize = none; fna = none; time = nvme-format-user-data 120s",
         category="clear", method="nvme-format-user-data", check=begun_again),
    sas_rows.sas("cut-sas-sanitize", "sanitize = block; time = scsi-sanitize-block 300s", ends="failed",
                 may_be=("erased",), note="has no capacity while it works, so the second boot leaves it alone"),
    sas_rows.sas("cut-sas-sanitize-short", "sanitize = overwrite; time = scsi-sanitize-overwrite 40s",
                 category="purge", check=begun_again, note="had ended before the second boot"),
]
for row in CUT:
    row.policy, row.cut = LADDER, True

SCENARIOS = HEALTHY + LIES + UNSEEN + PROGRESS + AWAY + POWER + ANSWERS + STATE + IDENTITY + sas_rows.ROWS + \
    sas_path_rows.ROWS + sas_part_rows.ROWS + hidden_rows.ROWS + power_rows.ROWS + CUT
