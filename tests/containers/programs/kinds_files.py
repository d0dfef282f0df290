# SPDX-License-Identifier: MIT
"""Files, locks, mounts."""
import ctypes
import fcntl
import mmap
import os
import stat
import struct

from tools import call, child, lives

OFD_SETLK, OFD_GETLK = 37, 36


def ofd(fd, kind, start=0, length=0):
    fcntl.fcntl(fd, OFD_SETLK, struct.pack("hhqqi4x", kind, 0, start, length, 0))


LOCKS = {
    "flock-exclusive": (os.O_RDWR, lambda fd: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)),
    "flock-shared": (os.O_RDWR, lambda fd: fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)),
    "posix-exclusive": (os.O_RDWR, lambda fd: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)),
    "posix-shared": (os.O_RDWR, lambda fd: fcntl.lockf(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)),
    "posix-ranges": (os.O_RDWR, lambda fd: [fcntl.lockf(fd, fcntl.LOCK_EX, 10, start) for start in (0, 20, 1 << 40)]),
    "ofd-exclusive": (os.O_RDWR, lambda fd: ofd(fd, fcntl.F_WRLCK)),
    "ofd-shared": (os.O_RDWR, lambda fd: ofd(fd, fcntl.F_RDLCK)),
    "ofd-ranges": (os.O_RDWR, lambda fd: [ofd(fd, fcntl.F_WRLCK, start, 5) for start in (0, 50)]),
    "lease-write": (os.O_RDWR, lambda fd: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)),
    "lease-read": (os.O_RDONLY, lambda fd: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)),
}


def lock_rows(fd):
    """Kind, mode and range of the locks of a descriptor."""
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
        return [line.split()[2:5] + line.split()[7:] for line in file if line.startswith("lock:")]


def lock(kind, directory):
    flags, take = LOCKS[kind]
    fd = os.open(os.path.join(directory, kind), os.O_CREAT | flags)
    take(fd)
    return lambda: lock_rows(fd)


def lock_of_child(kind, directory, how="own"):
    """Taken by a child. inherited: the parent has the same open file."""
    flags, take = LOCKS[kind]
    path = os.path.join(directory, kind)
    fd = os.open(path, os.O_CREAT | flags)

    def own():
        if how == "own":
            os.dup2(os.open(path, flags), fd)
        take(fd)
    pid = child(own)

    def look():
        with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as file:
            return [line.split()[2:5] for line in file if line.startswith("lock:")]
    return look


def lock_of_child_lost(directory):
    lock_of_child("posix-exclusive", directory, "inherited")


def lock_waiter(kind, path):
    """A child waits for what its parent holds."""
    flags, take = LOCKS[kind]
    fd = os.open(path, os.O_CREAT | flags)
    take(fd)

    def wait():
        import threading
        other = os.open(path, flags)
        function = fcntl.flock if kind.startswith("flock") else fcntl.lockf
        threading.Thread(target=function, args=(other, fcntl.LOCK_EX), daemon=True).start()
    pid = child(wait)
    return lambda: [lock_rows(fd)[0][:2], lives(pid)()]


def lock_on_directory(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return lambda: lock_rows(fd)


def lock_on_memfd():
    fd = os.memfd_create("locked")
    fcntl.flock(fd, fcntl.LOCK_EX)
    return lambda: lock_rows(fd)


def file(path, mode="w+"):
    """Open in the middle."""
    held = open(path, mode, encoding="ascii")
    if "r" not in mode:
        held.write("0123456789")
        held.flush()
    held.seek(4)
    return lambda: [held.tell(), os.pread(held.fileno(), 4, 4).decode()]


def deleted(path, size="10", how="plain"):
    """An open file without a name; sparse, or with a second name."""
    fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    if how == "sparse":
        os.ftruncate(fd, int(size))
    os.pwrite(fd, b"here" * (1 if how == "sparse" else int(size) // 4 or 1), 0)
    if how == "linked":
        os.link(path, path + ".other")
    os.unlink(path)
    return lambda: [os.pread(fd, 4, 0).decode(), os.fstat(fd).st_size]


def deleted_directory(path):
    os.mkdir(path)
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    os.rmdir(path)
    return lambda: stat.S_ISDIR(os.fstat(fd).st_mode)


def fifo(path):
    os.mkfifo(path)
    fd = os.open(path, os.O_RDWR)
    os.write(fd, b"in the fifo")

    def look():
        text = os.read(fd, 100)
        os.write(fd, text)
        return text.decode()
    return look


def path_descriptor(path):
    fd = os.open(path, os.O_PATH)
    return lambda: os.readlink(f"/proc/self/fd/{fd}")


def temporary_file(path):
    """O_TMPFILE: it never had a name."""
    fd = os.open(path, os.O_TMPFILE | os.O_RDWR)
    os.write(fd, b"nameless")
    return lambda: os.pread(fd, 8, 0).decode()


def mapped_file(path, how="shared"):
    fd = os.open(path, os.O_CREAT | os.O_RDWR)
    os.ftruncate(fd, 8192)
    memory = mmap.mmap(fd, 8192, flags=mmap.MAP_SHARED if how == "shared" else mmap.MAP_PRIVATE)
    memory[4096:4100] = b"kept"
    os.close(fd)
    return lambda: bytes(memory[4096:4100]).decode()


def other_root():
    """A child with another root and another directory."""
    def change():
        os.mkdir("/tmp/root")
        os.chroot("/tmp/root")
        os.chdir("/")
    pid = child(change)
    return lambda: [os.readlink(f"/proc/{pid}/root"), os.readlink(f"/proc/{pid}/cwd")]
