"""Stand-in for oslo.log: Python's own."""
import logging


def getLogger(name=None):
    return logging.getLogger(name)
