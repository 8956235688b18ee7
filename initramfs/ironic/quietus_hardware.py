"""Cleans bare-metal nodes of OpenStack Ironic by Quietus: a hardware manager for ironic-python-agent (IPA).

The step erase_devices runs `quietus agent` in the agent's ramdisk, by an order that the site has signed, and
succeeds only if every disk that the order names was erased and verified and all documents were acknowledged. The
node's verdicts and certificates are the step's result. README.md tells how to set it up.
"""

import base64
import glob
import json
import os
import subprocess
import tempfile

from ironic_python_agent import errors
from ironic_python_agent import hardware
from oslo_log import log

LOG = log.getLogger()

PROGRAM = "/usr/local/bin/quietus"
# Defaults for all nodes, a JSON object with members of the same names as the node's "extra" has, without "quietus_".
SETTINGS = "/etc/quietus/ironic.json"
SPOOL = "/run/quietus/ironic"

GOOD = 0


class QuietusHardwareManager(hardware.HardwareManager):
    HARDWARE_MANAGER_NAME = "QuietusHardwareManager"
    HARDWARE_MANAGER_VERSION = "1"

    def evaluate_hardware_support(self):
        """Before IPA's generic manager, on every server whose ramdisk has the program."""
        if os.access(PROGRAM, os.X_OK):
            return hardware.HardwareSupport.SERVICE_PROVIDER
        LOG.warning("there is no %s: Quietus erases nothing here", PROGRAM)
        return hardware.HardwareSupport.NONE

    def get_clean_steps(self, node, ports):
        """erase_devices takes the place of IPA's own step. Its erase_devices_metadata is switched off: it would
        run first, and the disks would not hold any more what the order says that they hold."""
        return [
            _step("erase_devices", priority=10),
            _step("erase_devices_metadata", priority=0),
            _step("quietus_inspect", priority=0),
        ]

    def erase_devices(self, node, ports):
        """Erases what the node's order names; raises unless all of it is erased, verified and delivered."""
        settings = _settings(node)
        order = settings.get("order")
        if not order:
            raise errors.BlockDeviceEraseError("the node has no order (extra: quietus_order); nothing was erased")
        with tempfile.TemporaryDirectory() as folder:
            if isinstance(order, dict):
                path = os.path.join(folder, "order.json")
                with open(path, "w") as file:
                    json.dump(order, file)
                order = path
            return _run(folder, settings, ["quietus.mode=erase", "quietus.order=" + order])

    def quietus_inspect(self, node, ports):
        """Changes nothing; the record that it delivers is what an order is made from."""
        with tempfile.TemporaryDirectory() as folder:
            return _run(folder, _settings(node), ["quietus.mode=inspect"])


def _step(name, priority):
    return {"step": name, "priority": priority, "interface": "deploy", "reboot_requested": False, "abortable": False}


def _settings(node):
    """The defaults of the ramdisk, and before them what the node's extra says."""
    settings = {}
    if os.path.exists(SETTINGS):
        with open(SETTINGS) as file:
            settings = json.load(file)
    for name, value in (node.get("extra") or {}).items():
        if name.startswith("quietus_"):
            settings[name[len("quietus_"):]] = value
    if not settings.get("report"):
        raise errors.BlockDeviceEraseError(
            "no address to send certificates to (extra: quietus_report): without it they would be lost with the ramdisk")
    return settings


def _run(folder, settings, words):
    """Runs the agent as init would from the kernel's command line."""
    words = words + ["quietus.report=" + settings["report"], "quietus.progress=json"] + settings.get("words", [])
    if any(len(word.split()) != 1 for word in words):
        raise errors.BlockDeviceEraseError("a word of Quietus's settings has a blank in it, or is empty")
    line = os.path.join(folder, "command-line")
    with open(line, "w") as file:
        file.write(" ".join(words))
    os.makedirs(SPOOL, mode=0o700, exist_ok=True)
    # A spool of its own for each run: what an earlier one could not deliver stays where it is.
    spool = tempfile.mkdtemp(dir=SPOOL)
    process = subprocess.Popen([PROGRAM, "agent", "--command-line", line, "--spool", spool],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               universal_newlines=True, errors="replace")
    said = []
    for text in process.stdout:
        LOG.info("quietus: %s", text.rstrip())
        said = (said + [text.rstrip()])[-20:]
    status = process.wait()
    result = _result(spool, status)
    if status != GOOD:
        raise errors.BlockDeviceEraseError(_what_failed(result, said))
    return result


def _documents(spool):
    """Every document of the run, as it was signed: delivered or not."""
    found = {}
    for path in sorted(glob.glob(os.path.join(spool, "*.json")) + glob.glob(os.path.join(spool, "sent", "*.json"))):
        with open(path) as file:
            found[os.path.basename(path)] = json.load(file)
    return found


def _result(spool, status):
    documents = _documents(spool)
    shown = {"exit_status": status, "disks": [], "documents": documents}
    for name, envelope in documents.items():
        if name.endswith("-record.json"):
            record = _payload(envelope)
            shown["disks"] = [{"serial": line["identity"].get("serial", ""), "node": line.get("node", ""),
                               "disposition": line["disposition"], "reason": line["reason"]}
                              for line in record["disks"]]
    return shown


def _payload(envelope):
    """What a DSSE envelope carries. Whether its signature is good is for those to check who keep it."""
    return json.loads(base64.b64decode(envelope["payload"]))


def _what_failed(result, said):
    lines = ["%(serial)s (%(node)s): %(disposition)s: %(reason)s" % disk for disk in result["disks"]
             if disk["disposition"] not in ("erased", "excluded")]
    return "quietus ended with status %d. %s" % (result["exit_status"], "; ".join(lines or said[-5:]))
