"""A switch port with one tagged VLAN: vlan_relay.py TAP NUMBER carries frames between a tap and QEMU's socket
network; there they have the 802.1Q tag, and those that have none or another are dropped."""

import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 2, 0x1000  # linux/if_tun.h
TAG = struct.pack(">HH", 0x8100, int(sys.argv[2]))

tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", sys.argv[1].encode(), IFF_TAP | IFF_NO_PI))
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
peer.bind(("127.0.0.1", 7001))
while True:
    for ready in select.select([tap, peer], [], [])[0]:
        if ready is tap:
            frame = os.read(tap, 65536)
            peer.sendto(frame[:12] + TAG + frame[12:], ("127.0.0.1", 7002))
        else:
            frame = peer.recv(65536)
            if frame[12:16] == TAG:
                os.write(tap, frame[:12] + frame[16:])
