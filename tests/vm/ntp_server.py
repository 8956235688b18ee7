"""A server that tells this machine's time by SNTP, on port 123 of the address given; see RFC 4330."""

import socket
import struct
import sys
import time

SINCE_1900 = 2208988800

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 123))
while True:
    question, peer = server.recvfrom(512)
    now = int((time.time() + SINCE_1900) * 2**32).to_bytes(8, "big")
    server.sendto(struct.pack(">BBBbII4s", 0x24, 1, 6, -20, 0, 0x100, b"TEST") + now + question[40:48] + now + now, peer)
