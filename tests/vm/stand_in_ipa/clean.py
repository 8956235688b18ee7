"""In the guest: cleans as the agent would, and prints what comes of it. clean.py SETTINGS"""
import json
import logging
import sys

from ironic_python_agent import errors, hardware
from quietus_hardware import QuietusHardwareManager

logging.basicConfig(level=logging.WARNING)
managers = hardware.managers_of(hardware.GenericHardwareManager, QuietusHardwareManager)
with open(sys.argv[1]) as file:
    cases = json.load(file)
for name, case in cases.items():
    node = {"uuid": "1be26c0b-03f2-4d2e-ae87-c02d7f33c781", "extra": case["extra"]}
    steps = [{"step": case["step"]}] if "step" in case else hardware.clean_steps(managers, node, [])
    for step in steps:
        try:
            outcome = {"result": hardware.execute_clean_step(managers, step, node, [])["clean_result"]}
        except errors.CleaningError as error:
            outcome = {"error": str(error)}
        print(f"CASE {name} {step['step']} {json.dumps(outcome)}", flush=True)
