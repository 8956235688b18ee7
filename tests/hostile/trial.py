"""What a scenario is, and one boot (or two) of many of them: the real image in a virtual machine with
simulated drives, a signed order over HTTP, documents by PUT, and the oracle over the media afterwards."""

import dataclasses
import re
import subprocess
import time

import machine
from machine import Machine
from simulated import PROGRAM, Simulation
from test_vm import quietus, workplace

ORACLE = PROGRAM.parent / "quietus-oracle"
FRONT_PORTS = 24  # drives on one AHCI controller or SCSI host adapter
TIME_FACTOR = 10  # the drives' clocks run so many times faster than the agent's
ATTESTED = "attested by the drive alone"
STATUSES = {"unknown": 21, "absent": 21, "failed": 20, "refused": 10, "held": 10}

# Policies that orders of the table give. Three minutes: on a busy host a guest may take more than one until a drive
# that lost its power is back in its place.
STRICT = {"fallback": False, "stall_minutes": 3}
LADDER = {"fallback": True, "stall_minutes": 3}
FORMAT = {"methods": ["scsi-format"], "fallback": False, "stall_minutes": 3}

MARKED = "samples show content"  # what the agent says of a lie that it saw through

# A lie about this operation alone is a lie of this method.
METHOD_OF = {
    **{f"{family}-sanitize-{kind}": f"{family}-sanitize-{kind}"
       for family in ("nvme", "ata", "scsi") for kind in ("crypto", "block", "overwrite")},
    "nvme-format-user-data": "nvme-format-user-data",
    "nvme-format-crypto": "nvme-format-crypto",
    "security-erase": "ata-security-erase",
    "security-erase-enhanced": "ata-security-erase-enhanced",
    "scsi-format": "scsi-format",
    "overwrite": "overwrite",
}


@dataclasses.dataclass
class Scenario:
    """A row of the table; see README.md."""
    name: str
    policy: dict
    front: str  # nvme, ahci, scsi
    drive: str  # lines of its description, ";" between them
    family: str = ""  # if the front does not tell: scsi is a SAS disk there, or an ATA one behind a SATL
    ends: str = "erased"
    category: str = ""  # that the certificate has to claim
    method: str = ""  # that the certificate has to name as the one that erased
    after: tuple = ()  # methods that it has to name as tried before
    says: str = ""  # a pattern that the record's line has to show
    unseen: bool = False  # what is left can be seen by no host
    out_of_sight: bool = False  # ... and is in LBAs: capacity that the drive keeps hidden
    may_be: tuple = ()  # other ends that are as true
    parts: tuple = ()  # further logical units of the device: lines of their descriptions besides the first's
    order: str = "serial"  # what the order names the drive by: serial, wwn, device, part, capacity
    content: object = "not-checked"
    paths: int = 1  # of a SAS disk, each by a host adapter of its own
    twins: int = 1  # so many drives of one description
    cut: bool = False  # in the batch of two boots
    kernel: str = ""  # more of the command line of its machine
    check: object = None  # a function of the Ended drive, for more
    note: str = ""

    @property
    def kind(self):
        """nvme, ahci, satl or sas."""
        if self.front != "scsi":
            return self.front
        return "sas" if self.family == "scsi" else "satl"

    @property
    def controllers(self):
        found = re.search(r"controllers = (\d)", self.drive)
        return int(found.group(1)) if found else 1

    def liars(self):
        """The methods whose erase this drive claims and does not do, so that a host can see it."""
        if self.out_of_sight:
            return set()
        found = re.findall(r"misbehave = (?:lie|ignore|partial) (\S+)", self.drive)
        return {METHOD_OF[operation] for operation in found if operation in METHOD_OF}


@dataclasses.dataclass
class Drive:
    """One simulated drive of a batch."""
    scenario: Scenario
    name: str
    number: int

    @property
    def wwn(self):
        return f"0x5000c5{self.number:08x}00"

    @property
    def serial(self):
        own = re.search(r"(?:^|;) *serial = ([^;]*)", self.scenario.drive)
        return own.group(1).strip() if own else f"QH-{self.number:05d}"

    @property
    def names(self):
        """Of its descriptions: one, or one of each logical unit."""
        return [self.name] + [f"{self.name}-unit-{i + 1}" for i in range(len(self.scenario.parts))]

    def sections(self):
        if not self.scenario.parts:
            return [self.section(self.name, self.wwn, "")]
        of_all = f"; target = {self.wwn}"
        return [self.section(name, self.wwn[:-1] + "0468"[i], of_all + "; " + lines)
                for i, (name, lines) in enumerate(zip(self.names, ("", *self.scenario.parts)))]

    def section(self, name, wwn, more):
        lines = [line.strip() for line in re.split(r";|\n", self.scenario.drive + more) if line.strip()]
        family = self.scenario.family or ("nvme" if self.scenario.front == "nvme" else "ata")
        given = {line.split(" = ")[0] for line in lines}
        defaults = {"size": "4M", "spare": "1M", "serial": self.serial, "wwn": wwn,
                    "plant": "PLANT every=4 stale=20 remapped=5"}
        lines += [f"{key} = {value}" for key, value in defaults.items() if key not in given]
        # "plant = none": a drive on which nothing was ever written.
        lines = [line for line in lines if line != "plant = none"]
        return "\n".join([f"[drive {name}]", f"family = {family}", *lines]) + "\n"

    def order(self):
        names = {"serial": {"serial": self.serial}, "wwn": {"wwn": self.identity_wwn},
                 "device": {"wwn": self.device}, "part": {"wwn": self.unit_wwn[:-1] + "4"},
                 "capacity": {"capacity": 8 << 20}}  # of both of two parts
        entry = {"content": self.scenario.content}
        for key in self.scenario.order.split("+"):
            entry.update(names[key])
        return entry

    @property
    def unit_wwn(self):
        """As the agent writes it; of an NVMe drive, its first namespace's."""
        digits = self.wwn[2:]
        return f"eui.{digits}{1:016x}" if self.scenario.front == "nvme" else f"naa.{digits}"

    @property
    def device(self):
        """The target device's name; the drive counts it after those of its unit and its two ports."""
        return f"naa.{int(self.wwn, 16) + 3:x}"

    @property
    def identity_wwn(self):
        return self.device if self.scenario.parts else self.unit_wwn


@dataclasses.dataclass
class Ended:
    """What became of a drive."""
    drive: Drive
    line: dict = None
    certificate: dict = None
    visible: int = -1
    recoverable: int = -1
    trace: str = ""
    problem: str = ""

    @property
    def got(self):
        return self.line["disposition"] if self.line else "no line"

    @property
    def claim(self):
        method = (self.certificate or {}).get("method")
        return method["claim"]["category"] if method else ""

    @property
    def by(self):
        method = (self.certificate or {}).get("method")
        return method["name"] if method else ""

    @property
    def attempts(self):
        return (self.certificate or {}).get("attempts", [])

    def left_on_medium(self):
        return f"{self.visible} visible, {self.recoverable} recoverable"


def ports_of(front, path, names):
    """The host adapters for some drives; the second path to a SAS disk is its port 1."""
    second = "controller = 1\n" if path else ""
    for first in range(0, len(names), FRONT_PORTS):
        some = " ".join(names[first:first + FRONT_PORTS])
        yield f"[port {front}{path}x{first}]\nfront = {front}\ndrives = {some}\n{second}"


class Batch:
    """The drives of some scenarios in one machine."""

    def __init__(self, scenarios, policy, cut=None, processors=1):
        """cut: two boots; a function of the simulation and the drives, called in the first boot, that
        returns when the plug is to be pulled. processors: of the machine."""
        self.policy, self.cut, self.processors = policy, cut, processors
        self.drives = []
        for scenario in scenarios:
            for twin in range(scenario.twins):
                name = scenario.name if scenario.twins == 1 else f"{scenario.name}-{twin + 1}"
                self.drives.append(Drive(scenario, name, len(self.drives) + 1))

    def sections(self):
        sections = [section for drive in self.drives for section in drive.sections()]
        for drive in self.drives:
            for controller in range(drive.scenario.controllers if drive.scenario.front == "nvme" else 0):
                sections.append(f"[port n{drive.number}-{controller}]\nfront = nvme\n"
                                f"drives = {drive.name}\ncontroller = {controller}\n")
        for front in ("ahci", "scsi"):
            for path in (0, 1):
                names = [" ".join(drive.names) for drive in self.drives
                         if drive.scenario.front == front and drive.scenario.paths > path]
                sections += ports_of(front, path, names)
        return sections

    def order(self, place):
        """Signed without an inventory: nobody booted this server before."""
        place.order(None, server={"serial": machine.SERIAL, "uuid": machine.UUID}, policy=self.policy,
                    disks=self.disks(), site="Hostile", purpose="hostile drives")

    def disks(self):
        entries = []
        for drive in self.drives:
            if drive.order() not in entries:
                entries.append(drive.order())
        return entries

    def run(self, log=None):
        """Returns (the drives as they ended, the seconds from power-on to power-off, the record)."""
        with workplace() as place:
            self.order(place)
            self.simulation = Simulation(place.folder / "drives", *self.sections(), factor=TIME_FACTOR)
            with self.simulation as sim:
                if self.cut:
                    self.first_boot(place, sim)
                began = time.monotonic()
                with self.machine(place, sim, "out", log) as vm:
                    status = vm.wait_for_end()
                    console = vm.console()
                seconds = time.monotonic() - began
            ended = [Ended(drive) for drive in self.drives]
            record = place.record("out")
            self.match(place, record, ended)
            assert_record(record, ended, status, console)
            self.look(sim, ended)
            return ended, seconds, record

    def machine(self, place, sim, folder, log):
        return Machine(sim_drives=sim, initrds=[place.site], memory=1024, time_limit=1200, log=log,
                       processors=self.processors,
                       kernel_options=f"{self.kernel_options()} quietus.mode=erase quietus.order={place.url}/order.json "
                                      f"quietus.report={place.url}/{folder} quietus.progress=none")

    def kernel_options(self):
        return " ".join(sorted({drive.scenario.kernel for drive in self.drives}))

    def first_boot(self, place, sim):
        """Ends as soon as every drive is at work, as a power cut."""
        with self.machine(place, sim, "first", None) as vm:
            self.cut(vm, sim, self.drives)
            vm.kill()

    def match(self, place, record, ended):
        """Gives every drive its line of the record and its certificate."""
        certificates = {name: document for name, document in place.documents("out").items()
                        if name.endswith("certificate.json")}
        for one in ended:
            lines = [line for line in record["disks"]
                     if line["identity"].get("wwn") in (one.drive.identity_wwn, None, "")
                     and (line["identity"].get("wwn") or line["identity"].get("serial") == one.drive.serial)]
            if len(lines) != 1:
                one.problem = f"{len(lines)} lines of the record are about it"
                continue
            one.line = lines[0]
            file = one.line.get("certificate", {}).get("file")
            one.certificate = certificates.get(file)

    def look(self, sim, ended):
        log = sim.log()
        for one in ended:
            one.visible, one.recoverable = 0, 0
            for name in one.drive.names:
                found = subprocess.run([ORACLE, sim.media(name)], capture_output=True, text=True)
                counts = re.search(r"visible=(\d+) recoverable=(\d+)", found.stdout)
                assert counts, found.stdout + found.stderr
                one.visible += int(counts.group(1))
                one.recoverable += int(counts.group(2))
            names = "|".join(re.escape(name) for name in one.drive.names)
            one.trace = "".join(re.findall(rf"^(?:{names}) .*\n", log, re.M))


def assert_record(record, ended, status, console):
    """Every drive has one line, and the exit status is what the lines make it."""
    wanted = len({one.drive.name for one in ended})
    assert len(record["disks"]) == wanted, f"{len(record['disks'])} lines for {wanted} drives\n{console}"
    assert record["summary"]["lines"] == wanted
    of_lines = [STATUSES.get(line["disposition"], 0) for line in record["disks"]]
    by_rank = next((s for s in (21, 20, 10) if s in of_lines), 0)
    assert (status, record["exit_status"]) == (by_rank, by_rank), \
        f"exit status {status}, in the record {record['exit_status']}, by the lines {by_rank}"


def judge(one):
    """What is wrong with a drive's end, or None."""
    problems = list(laws(one)) + list(expectations(one))
    return "; ".join(problems) or None


def laws(one):
    """What must never happen, whatever the table says."""
    if one.problem:
        yield one.problem
        return
    if not one.certificate or one.certificate["disposition"] != one.got:
        yield "its certificate is missing, or says something else than the record"
        return
    liars = one.drive.scenario.liars()
    for attempt in one.attempts:
        if attempt["judged"] == "erased" and attempt["method"] in liars:
            yield f"{attempt['method']} lied and was believed"
    if one.got != "erased":
        return
    exceptions = one.certificate["exceptions"]
    if one.visible > 0 and not one.drive.scenario.out_of_sight:
        yield "erased, and planted data is visible"
    if one.claim == "purge" and one.recoverable > 0 and not one.drive.scenario.unseen:
        yield "purged, and planted data is recoverable"
    if one.claim == "purge" and one.recoverable > 0 and not any(ATTESTED in text for text in exceptions):
        yield "no exception says that the media are attested by the drive alone"
    if one.visible > 0 and not any("is hidden" in text for text in exceptions):
        yield "no exception says that a part is hidden"
    for attempt in one.attempts[:-1]:
        if not any("fallback" in text and attempt["method"] in text for text in exceptions):
            yield f"no exception says that {attempt['method']} was tried before"


def expectations(one):
    """What the table says."""
    row = one.drive.scenario
    if one.got != row.ends and one.got not in row.may_be:
        yield f"{one.got} ({one.line['reason'] if one.line else ''}), not {row.ends}"
        return
    if one.got == "erased" and row.category and one.claim != row.category:
        yield f"claims {one.claim}, not {row.category}"
    if one.got == "erased" and row.method and one.by != row.method:
        yield f"by {one.by}, not {row.method}"
    tried = [attempt["method"] for attempt in one.attempts]
    for method in row.after:
        if method not in tried[:-1]:
            yield f"{method} was not tried before"
    if row.says and not re.search(row.says, one.line["reason"]):
        yield f"the reason is '{one.line['reason']}'"
    if row.check:
        problem = row.check(one)
        if problem:
            yield problem
