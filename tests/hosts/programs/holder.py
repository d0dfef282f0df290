# SPDX-License-Identifier: MIT
"""Holds connections in every state that one can be in, while a container moves.

holder.py HOST PORT OPEN SYNS: OPEN connections that say nothing and OPEN that have said half a
request; SYNS half-open ones, of which the kernel knows nothing (their SYN-ACK is answered by
nobody: sent from addresses that no host has). Until SIGTERM; then reports in JSON: how many of the
OPEN ones still live.
"""
import ipaddress
import json
import os
import select
import signal
import socket
import struct
import sys


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def syn(source, target, port, number):
    tcp = struct.pack("!HHIIBBHHH", 20000 + number, port, 1000 + number, 0, 5 << 4, 2, 8192, 0, 0)
    pseudo = source + target + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), number, 0, 64, socket.IPPROTO_TCP, 0)
    return ip + source + target + tcp


def send_syns(host, port, count):
    target = ipaddress.ip_address(host).packed
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for number in range(count):
        source = ipaddress.ip_address(f"10.99.0.{220 + number % 20}").packed
        raw.sendto(syn(source, target, port, number), (host, 0))
    raw.close()


def lives(s):
    readable, _, _ = select.select([s], [], [], 0)
    if not readable:
        return True
    try:
        return s.recv(1, socket.MSG_PEEK) != b""
    except OSError:
        return False


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    host, port, count, syns = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    patience = 15 * int(os.environ.get("TEST_SLOWNESS", "1"))
    open_ones = [socket.create_connection((host, port), patience) for _ in range(2 * count)]
    for s in open_ones[count:]:
        s.sendall(b"GET / HTTP/1.0\r\nX-Half: ")
    if syns:
        send_syns(host, port, syns)
    print("begun", file=sys.stderr, flush=True)
    # Half-open ones go on coming: the kernel forgets them in time.
    while signal.sigtimedwait({signal.SIGTERM}, 0.2) is None:
        if syns:
            send_syns(host, port, syns)
    print(json.dumps({"open": len(open_ones), "alive": sum(lives(s) for s in open_ones)}))
    sys.stdout.flush()
    os._exit(0)


main()
