# SPDX-License-Identifier: MIT
"""Increments a redis counter over one connection, PAUSE_S (0) apart, and checks each reply.

incrementer.py HOST PORT KEY [TIMEOUT_S [PAUSE_S]]: until SIGTERM; then reports in JSON: replies, the first fault (a
connection that broke, a reply that is not one more than the last) or null, the longest pause, and the
longest of each lap. SIGUSR1 ends a lap.
"""
import json
import os
import signal
import socket
import sys
import time

stop = False
laps_asked = 0


def on_signal(*_):
    global stop
    stop = True


def on_lap(*_):
    global laps_asked
    laps_asked += 1


def main():
    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGUSR1, on_lap)
    host, port, key = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
    command = b"*2\r\n$4\r\nINCR\r\n$%d\r\n%s\r\n" % (len(key), key)
    between = float(sys.argv[5]) if len(sys.argv) > 5 else 0
    replies, fault, longest, lap, laps = 0, None, 0.0, 0.0, []
    with socket.create_connection((host, port), 5) as s:
        s.settimeout(int(sys.argv[4]) if len(sys.argv) > 4 else 20 * int(os.environ.get("TEST_SLOWNESS", "1")))
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
            pause = time.monotonic() - begin
            longest, lap = max(longest, pause), max(lap, pause)
            if laps_asked > len(laps):
                laps.append(round(lap * 1000))
                lap = 0.0
            replies += 1
            if reply != b":%d\r\n" % replies:
                fault = f"reply {replies} is {reply!r}"
            if between:
                time.sleep(between)
        if not fault and s.getsockname() != own:
            fault = "another connection"
    print(json.dumps({"replies": replies, "fault": fault, "longest_ms": round(longest * 1000), "laps_ms": laps}))


main()
