"""Stand-in for ironic-python-agent's errors, as its API reference has them."""


class RESTError(Exception):
    def __init__(self, details=None):
        self.details = details
        super().__init__(f"{self.message}: {details}")


class IncompatibleHardwareMethodError(RESTError):
    message = "not compatible"


class BlockDeviceEraseError(RESTError):
    message = "Error erasing block device"


class CleaningError(RESTError):
    message = "Clean step failed"
