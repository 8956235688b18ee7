#!/usr/bin/env python3
"""Runs in a terminal and is what a serial cable is: all bytes between it and a socket, unchanged."""

import os
import select
import socket
import sys
import tty

line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
tty.setraw(0)
while True:
    ready, _, _ = select.select([0, line], [], [])
    if 0 in ready:
        typed = os.read(0, 4096)
        if not typed:
            break
        line.sendall(typed)
    if line in ready:
        shown = line.recv(65536)
        if not shown:
            break
        while shown:
            shown = shown[os.write(1, shown):]
