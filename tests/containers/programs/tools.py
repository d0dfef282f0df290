# SPDX-License-Identifier: MIT
"""tools: what several kinds need."""
import ctypes
import os
import time

libc = ctypes.CDLL(None, use_errno=True)
# It keeps the interpreter's lock: for calls that must not let other threads run.
locked_libc = ctypes.PyDLL(None, use_errno=True)
MACHINE = os.uname().machine


def call(name, *arguments):
    """A function of libc; OSError if it says -1."""
    result = getattr(libc, name)(*arguments)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def system(number, *arguments):
    """A system call by its number on x86-64, or by (x86-64, arm64)."""
    if isinstance(number, tuple):
        number = number[MACHINE == "aarch64"]
    return call("syscall", ctypes.c_long(number), *arguments)


def wait(holds):
    while not holds():
        time.sleep(0.01)


def child(function=None):
    """A process that calls the function, if there is one, and then waits for good. Returns when it has."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        said = os.read(reader, 1)
        os.close(reader)
        if said != b"x":
            raise RuntimeError("a child has ended")
        return pid
    os.close(reader)
    try:
        if function:
            function()
        os.write(writer, b"x")
        os.close(writer)
        while True:
            time.sleep(1e6)
    finally:
        os._exit(1)


def lives(*pids):
    """Tells whether these children live."""
    return lambda: all(os.waitpid(pid, os.WNOHANG)[0] == 0 for pid in pids)


def status(pid, key):
    """A line of /proc/PID/status; "" if there is none."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith(key + ":"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return ""


def fdinfo(fd, *keys):
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
        lines = [line.split() for line in file]
    return [line for line in lines if line and line[0].rstrip(":") in keys]
