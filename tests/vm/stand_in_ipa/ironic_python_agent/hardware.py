"""Stand-in for ironic-python-agent's hardware module: the base class and how steps are found and called, as its
documentation on custom hardware managers has it."""
from . import errors


class HardwareSupport:
    NONE = 0
    GENERIC = 1
    MAINLINE = 2
    SERVICE_PROVIDER = 3


class HardwareManager:
    def evaluate_hardware_support(self):
        raise NotImplementedError

    def get_clean_steps(self, node, ports):
        return []

    def get_version(self):
        return {"name": self.HARDWARE_MANAGER_NAME, "version": self.HARDWARE_MANAGER_VERSION}


class GenericHardwareManager(HardwareManager):
    """IPA's own steps, which here only tell that they were called."""
    HARDWARE_MANAGER_NAME = "generic_hardware_manager"
    HARDWARE_MANAGER_VERSION = "1.2"

    def evaluate_hardware_support(self):
        return HardwareSupport.GENERIC

    def get_clean_steps(self, node, ports):
        return [{"step": name, "priority": priority, "interface": "deploy", "reboot_requested": False, "abortable": True}
                for name, priority in (("erase_devices", 10), ("erase_devices_metadata", 99))]

    def erase_devices(self, node, ports):
        return "generic"

    erase_devices_metadata = erase_devices


def managers_of(*classes):
    """Those that support the server, most special first."""
    known = [(kind().evaluate_hardware_support(), kind()) for kind in classes]
    return [manager for support, manager in sorted(known, key=lambda entry: -entry[0]) if support > 0]


def dispatch(managers, method, *arguments):
    """The first manager that has the method and does not say that it is not for it."""
    for manager in managers:
        if hasattr(manager, method):
            try:
                return getattr(manager, method)(*arguments)
            except errors.IncompatibleHardwareMethodError:
                pass
    raise LookupError(method)


def clean_steps(managers, node, ports):
    """Of steps with one name the most special manager's counts; those with priority 0 are not run by themselves."""
    chosen = {}
    for manager in managers:
        for step in manager.get_clean_steps(node, ports):
            chosen.setdefault(step["step"], step)
    return sorted((step for step in chosen.values() if step["priority"] > 0), key=lambda step: -step["priority"])


def execute_clean_step(managers, step, node, ports):
    try:
        return {"clean_result": dispatch(managers, step["step"], node, ports), "clean_step": step}
    except Exception as error:
        raise errors.CleaningError(f"Error performing clean_step {step['step']}: {error}") from error
