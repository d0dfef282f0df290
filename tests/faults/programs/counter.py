# SPDX-License-Identifier: MIT
"""Counts in memory: a line "inc" adds one and is answered "VALUE HOST"; "get" is answered alike.

counter.py PORT NAME-FILE BEATS [SECONDS]: NAME-FILE, which differs from host to host, says where it runs.
Every 10 ms, or so many seconds, it writes "NANOSECONDS HOST VALUE" to BEATS, which the hosts share. SIGUSR1 gives it
a child that waits, in state D, for as long as the child of that lives.
"""
import ctypes
import os
import selectors
import signal
import socket
import sys
import time

PORT, NAME_FILE, BEATS = int(sys.argv[1]), sys.argv[2], sys.argv[3]
BEAT = float((sys.argv[4:] or [0.01])[0])

count = 0
selector = selectors.DefaultSelector()


def host():
    with open(NAME_FILE, encoding="ascii") as f:
        return f.read().strip()


# Opened anew each time: a file that grows could not be restored with the size it was dumped with.
def beat():
    fd = os.open(BEATS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(fd, f"{time.time_ns()} {host()} {count}\n".encode())
    except OSError:
        pass  # a full directory is no reason to stop counting
    finally:
        os.close(fd)


def wait_in_kernel(*_):
    libc = ctypes.PyDLL(None)
    if os.fork() == 0:
        if libc.vfork() == 0:
            while True:
                libc.sleep(1000)
        os._exit(0)


def forget(client):
    selector.unregister(client)
    client.close()


def serve(client):
    global count
    try:
        lines = client.recv(4096).split(b"\n")[:-1]
        if not lines:
            return forget(client)
        for line in lines:
            count += line == b"inc"
            client.sendall(f"{count} {host()}\n".encode())
    except OSError:
        forget(client)


def accept(listener):
    client, _ = listener.accept()
    client.settimeout(1)
    selector.register(client, selectors.EVENT_READ, serve)


signal.signal(signal.SIGUSR1, wait_in_kernel)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
selector.register(
    socket.create_server(("0.0.0.0", PORT), backlog=64), selectors.EVENT_READ, accept
)
due = time.monotonic()
while True:
    for key, _ in selector.select(max(0, due - time.monotonic())):
        key.data(key.fileobj)
    if time.monotonic() >= due:
        due = time.monotonic() + BEAT
        try:
            beat()
        except OSError:
            pass
