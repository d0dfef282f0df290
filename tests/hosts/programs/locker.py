# SPDX-License-Identifier: MIT
# locker DIRECTORY [again]: holds a lock of each kind on a file of its own in DIRECTORY (-: none), and counts in
# /tmp/count. It takes locks, no leases, in the directory that is written in /tmp/take, and removes that file.
# again: tries to take the same locks, and prints those that are free.
import fcntl
import os
import struct
import sys
import time

OFD_SETLK = 37  # which fcntl of older Pythons lacks


def ofd(fd, kind):
    fcntl.fcntl(fd, OFD_SETLK, struct.pack("hhqqi4x", kind, 0, 0, 0, 0))


KINDS = {
    "flock-exclusive": (os.O_RDWR, lambda fd: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)),
    "flock-shared": (os.O_RDWR, lambda fd: fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)),
    "posix-exclusive": (os.O_RDWR, lambda fd: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)),
    "posix-shared": (os.O_RDWR, lambda fd: fcntl.lockf(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)),
    "ofd-exclusive": (os.O_RDWR, lambda fd: ofd(fd, fcntl.F_WRLCK)),
    "ofd-shared": (os.O_RDWR, lambda fd: ofd(fd, fcntl.F_RDLCK)),
    "lease-write": (os.O_RDWR, lambda fd: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)),
    "lease-read": (os.O_RDONLY, lambda fd: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)),
}
# Two shared ones don't exclude each other, and an open file breaks a lease.
EXCLUDING = {
    "flock-exclusive": "flock-exclusive",
    "flock-shared": "flock-exclusive",
    "posix-exclusive": "posix-exclusive",
    "posix-shared": "posix-exclusive",
    "ofd-exclusive": "ofd-exclusive",
    "ofd-shared": "ofd-exclusive",
}


def is_free(path, kind):
    flags, take = KINDS[EXCLUDING[kind]]
    try:
        take(os.open(path, flags))
    except OSError:
        return False
    return True


def hold(directory, kinds=tuple(KINDS)):
    fds = []
    for kind in kinds:
        flags, take = KINDS[kind]
        fds.append(os.open(os.path.join(directory, kind), os.O_CREAT | flags))
        try:
            take(fds[-1])
        except OSError:
            # NFS gives a lease only together with a delegation.
            if not kind.startswith("lease"):
                raise
    return fds


def take_more():
    try:
        with open("/tmp/take", encoding="ascii") as file:
            more = hold(file.read(), EXCLUDING)
    except FileNotFoundError:
        return []
    os.unlink("/tmp/take")
    return more


def count(held):
    n = 0
    # Written over in place: a reader never meets an empty file.
    fd = os.open("/tmp/count", os.O_CREAT | os.O_WRONLY)
    while True:
        n += 1
        held += take_more()
        os.pwrite(fd, b"%d" % n, 0)
        time.sleep(0.02)


if len(sys.argv) > 2:
    print(" ".join(k for k in EXCLUDING if is_free(os.path.join(sys.argv[1], k), k)))
else:
    count([] if sys.argv[1] == "-" else hold(sys.argv[1]))
