# SPDX-License-Identifier: MIT
"""kinds.py PORT KIND[:ARGUMENT...]...: a container's first process, which has what these kinds are about.

A kind is a function of a kinds_*.py. It makes what it is about, and returns a function that tells how that is now,
or nothing. What that tells must not change: it is asked all the time, and is compared before and after a move. If
it raises an exception, that is told.

It counts, and writes all of that as JSON into a file in memory, descriptor 900, which is read from outside. On PORT
(0: none) it answers each byte with the count.
"""
import importlib
import json
import os
import select
import socket
import sys
import time

MODULES = ("kinds_processes", "kinds_kernel", "kinds_memory", "kinds_ipc", "kinds_files", "kinds_network")
REPORT_FD = 900


def find(name):
    for module in MODULES:
        kind = getattr(importlib.import_module(module), name.replace("-", "_"), None)
        if kind:
            return kind
    raise SystemExit(f"no kind '{name}'")


def begin(names):
    looks = {}
    for name in names:
        kind, *arguments = name.split(":")
        look = find(kind)(*arguments)
        if look:
            looks[name] = look
    return looks


class Report:
    def __init__(self):
        self.looks, self.count, self.error, self.ready = {}, 0, None, False
        fd = os.memfd_create("report")
        os.dup2(fd, REPORT_FD)
        os.close(fd)

    def look(self):
        seen = {}
        for name, look in self.looks.items():
            try:
                seen[name] = look()
            except Exception as e:
                self.error = self.error or f"{name}: {e!r}"
        return seen

    def write(self):
        self.count += 1
        seen = {"count": self.count, "ready": self.ready, "looks": self.look(), "error": self.error}
        os.pwrite(REPORT_FD, json.dumps(seen).encode() + b"\n", 0)


def serve(port, report, sockets):
    report.ready = True
    while True:
        report.write()
        if not port:
            time.sleep(0.02)
            continue
        for ready in select.select(sockets, [], [], 0.02)[0]:
            if ready is sockets[0]:
                sockets.append(ready.accept()[0])
            else:
                answer(ready, sockets, report)


def answer(connection, sockets, report):
    try:
        if connection.recv(100):
            connection.sendall(b"%d\n" % report.count)
            return
    except OSError:
        pass
    sockets.remove(connection)
    connection.close()


def main(port, names):
    report, sockets = Report(), []
    try:
        report.looks = begin(names)
        if port:
            sockets.append(socket.create_server(("", port)))
    except Exception as e:
        report.error = repr(e)
        # It is read from outside.
        report.write()
        time.sleep(1e6)
    serve(port, report, sockets)


main(int(sys.argv[1]), sys.argv[2:])
