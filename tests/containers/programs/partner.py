#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""partner.py NAME FAMILY WORD...: a program outside of the container that it talks with, in the background. It reads,
and answers a stream. /run/NAME.pid has its process, which is ready when this returns."""
import os
import select
import socket
import sys

from kinds_sockets import connected, listening, unix_listening


def serve(server):
    sockets = [server]
    while True:
        for ready in select.select(sockets, [], [])[0]:
            if ready is server and server.type != socket.SOCK_DGRAM:
                sockets.append(server.accept()[0])
                continue
            text = ready.recv(100)
            if ready is not server:
                ready.send(text)
                if not text:
                    sockets.remove(ready)


def main(name, family, *words):
    made = {"unix": unix_listening, "tcp": listening, "client": connected}[family](*words)
    pid = os.fork()
    if pid:
        with open(f"/run/{name}.pid", "w", encoding="ascii") as file:
            file.write(f"{pid}\n")
        return
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    for fd in 0, 1, 2:
        os.dup2(null, fd)
    if family == "client":
        select.select([], [], [])
    serve(made)


main(*sys.argv[1:])
