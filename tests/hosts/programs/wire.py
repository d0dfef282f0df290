"""wire.py DEVICE MARKER: reads every packet of DEVICE, until SIGTERM; then one line of JSON: packets, bytes, lost
(packets that came too fast), seen (packets with MARKER)."""

import json
import signal
import socket
import struct
import sys

SOL_PACKET, PACKET_STATISTICS, SO_RCVBUFFORCE, ETH_P_ALL = 263, 6, 33, 3


def main():
    device, marker = sys.argv[1], sys.argv[2].encode()
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    wire.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 512 << 20)
    wire.bind((device, ETH_P_ALL))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    packets = size = seen = 0
    print("reads", flush=True)
    try:
        while True:
            packet = wire.recv(1 << 17)
            packets += 1
            size += len(packet)
            seen += marker in packet
    finally:
        _, lost = struct.unpack("II", wire.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        print(json.dumps({"packets": packets, "bytes": size, "lost": lost, "seen": seen}), flush=True)


main()
