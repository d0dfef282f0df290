# SPDX-License-Identifier: MIT
"""Never stops incrementing the counter, and remembers the highest value it was told.

client.py HOST PORT STATE LOSSES [PATIENCE]: STATE always has "VALUE HOST NANOSECONDS" of the last answer. A value
that is not higher than all before is a loss: LOSSES gets "NANOSECONDS HIGHEST HOST VALUE HOST".
A connection that breaks or is silent for PATIENCE seconds (0.3) is opened again, and given twice the time while none
answers: on a busy machine the counter may be slower than that.
"""
import os
import socket
import sys
import time

HOST, PORT, STATE, LOSSES = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
INTERVAL, PATIENCE = 0.01, float((sys.argv[5:] or [0.3])[0])
MOST_PATIENCE = 16 * PATIENCE


class Client:
    def __init__(self):
        self.state = os.open(STATE, os.O_RDWR | os.O_CREAT, 0o644)
        self.highest, self.host = 0, "nobody"
        self.patience = PATIENCE
        self.socket = self.file = None

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = self.file = None

    def ask(self):
        if not self.socket:
            self.socket = socket.create_connection((HOST, PORT), self.patience)
            self.file = self.socket.makefile("rb")
        self.socket.sendall(b"inc\n")
        value, host = self.file.readline().split()
        return int(value), host.decode()

    def take(self, value, host):
        if value <= self.highest:
            with open(LOSSES, "a", encoding="ascii") as f:
                f.write(f"{time.time_ns()} {self.highest} {self.host} {value} {host}\n")
        self.highest, self.host = value, host
        os.pwrite(self.state, f"{value} {host} {time.time_ns()}\n".ljust(64).encode(), 0)

    def run(self):
        while True:
            try:
                self.take(*self.ask())
                self.patience = PATIENCE
            except (OSError, ValueError):
                self.patience = min(2 * self.patience, MOST_PATIENCE)
                self.close()
            time.sleep(INTERVAL)


Client().run()
