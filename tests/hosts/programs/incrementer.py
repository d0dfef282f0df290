# SPDX-License-Identifier: MIT
"""Increments a redis counter without pause over one connection, and checks each reply.

incrementer.py HOST PORT KEY [TIMEOUT_S]: until SIGTERM; then reports in JSON: replies, the first fault (a
connection that broke, a reply that is not one more than the last) or null, and the longest pause.
"""
import json
import signal
import socket
import sys
import time

stop = False


def on_signal(*_):
    global stop
    stop = True


def main():
    signal.signal(signal.SIGTERM, on_signal)
    host, port, key = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
    command = b"*2\r\n$4\r\nINCR\r\n$%d\r\n%s\r\n" % (len(key), key)
    replies, fault, longest = 0, None, 0.0
    with socket.create_connection((host, port), 5) as s:
        s.settimeout(int(sys.argv[4]) if len(sys.argv) > 4 else 20)
        f = s.makefile("rb")
        own = s.getsockname()
        print("begun", file=sys.stderr, flush=True)
        while not stop and not fault:
            begin = time.monotonic()
            try:
                s.sendall(command)
                reply = f.readline()
            except OSError as error:
                fault = f"{type(error).__name__} {error}"
                break
            longest = max(longest, time.monotonic() - begin)
            replies += 1
            if reply != b":%d\r\n" % replies:
                fault = f"reply {replies} is {reply!r}"
        if not fault and s.getsockname() != own:
            fault = "another connection"
    print(json.dumps({"replies": replies, "fault": fault, "longest_ms": round(longest * 1000)}))


main()
