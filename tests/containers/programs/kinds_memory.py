# SPDX-License-Identifier: MIT
"""Memory of all kinds."""
import ctypes
import mmap
import os
import struct
import threading
import time

from tools import call, child, libc, lives, system, wait

PAGE = mmap.PAGESIZE


def hold(mib):
    """Memory whose contents are known."""
    memory = bytearray(os.urandom(1 << 20)) * int(mib)
    total = sum(memory[::4096])
    return lambda: sum(memory[::4096]) == total


def shared(mib="1"):
    """Shared with two children, which write into it."""
    memory = mmap.mmap(-1, int(mib) << 20)

    def work(offset):
        def write():
            def count():
                while True:
                    memory[offset:offset + 8] = (int.from_bytes(memory[offset:offset + 8], "little") + 1).to_bytes(8, "little")
                    time.sleep(0.01)
            threading.Thread(target=count, daemon=True).start()
        return write
    pids = child(work(0)), child(work(4096))
    last, since = [0, 0], time.monotonic()

    def look():
        nonlocal last, since
        now = [int.from_bytes(memory[i:i + 8], "little") for i in (0, 4096)]
        if now[0] > last[0] and now[1] > last[1]:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > 10:
            raise AssertionError(f"a child stands: {now}")
        return lives(*pids)()
    return look


def copied():
    """Pages that a child has shared since its fork, and others that it has written."""
    memory = mmap.mmap(-1, 64 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory[:] = b"a" * len(memory)
    pid = child(lambda: memory.__setitem__(slice(0, PAGE), b"b" * PAGE))
    return lambda: [lives(pid)(), memory[0], memory[PAGE]]


def locked():
    memory = mmap.mmap(-1, 4 * PAGE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    call("mlock", ctypes.c_void_p(address), 4 * PAGE)
    locked.memory = memory

    def look():
        with open("/proc/self/status", encoding="ascii") as file:
            return [line for line in file if line.startswith("VmLck")]
    return look


def advised():
    """Areas with advice: not dumped, wiped or absent after a fork, huge, mergeable; protected ones."""
    areas = []
    for advice in (10, 12, 14, 15, 16, 18):
        memory = mmap.mmap(-1, 4 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        memory[:] = b"x" * len(memory)
        libc.madvise(ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(memory))), 4 * PAGE, advice)
        areas.append(memory)
    libc.mmap.restype = ctypes.c_void_p
    none = libc.mmap(None, 4 * PAGE, 0, 0x22, -1, 0)
    areas.append(none)
    return lambda: [memory[0] for memory in areas[:-1]]


def guard_pages():
    """MADV_GUARD_INSTALL, which new C libraries give the stacks of threads."""
    memory = mmap.mmap(-1, 16 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    call("madvise", ctypes.c_void_p(address), PAGE, 102)
    memory[PAGE:2 * PAGE] = b"x" * PAGE
    reader, writer = os.pipe()

    def look():
        # The kernel says EFAULT if the page can't be read.
        if libc.write(writer, ctypes.c_void_p(address), 1) != -1:
            raise AssertionError("the guard page can be read")
        return memory[PAGE]
    guard_pages.pipe = reader
    return look


def sealed():
    """mseal: an area that can't be unmapped any more."""
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, PAGE, 3, 0x22, -1, 0)
    ctypes.memset(address, 0x41, 1)
    system(462, ctypes.c_void_p(address), PAGE, 0)
    return lambda: ctypes.string_at(address, 1).decode()


def grows_down():
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, 4 * PAGE, 3, 0x122, -1, 0)
    ctypes.memset(address, 0x43, PAGE)
    return lambda: ctypes.string_at(address, 1).decode()


def secret():
    """memfd_secret: memory that nobody else can read."""
    fd = system(447, 0)
    os.ftruncate(fd, PAGE)
    memory = mmap.mmap(fd, PAGE)
    memory[0] = 7
    secret.memory = memory


def memfd(how="plain"):
    """With contents, sealed, mapped."""
    fd = os.memfd_create("kept", os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, 8 * PAGE)
    os.pwrite(fd, b"contents", 100)
    import fcntl
    memory = mmap.mmap(fd, 8 * PAGE) if how == "mapped" else None
    if how == "sealed":
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_WRITE)
    return lambda: [os.pread(fd, 8, 100).decode(errors="replace"), fcntl.fcntl(fd, fcntl.F_GET_SEALS),
                    bytes(memory[100:108]).decode() if memory else None]


def watched_by_userfaultfd():
    """An area whose faults the process handles itself."""
    fd = system((323, 282), 0x800 | 1)
    api = ctypes.create_string_buffer(struct.pack("QQQ", 0xAA, 0, 0))
    call("ioctl", fd, ctypes.c_ulong(0xC018AA3F), api)
    memory = mmap.mmap(-1, 4 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    call("ioctl", fd, ctypes.c_ulong(0xC020AA00),
         ctypes.create_string_buffer(struct.pack("QQQQ", address, 4 * PAGE, 1, 0)))
    watched_by_userfaultfd.memory = memory


def futexes():
    """A mutex in shared memory that a child holds and a thread waits for, and a robust list."""
    memory = mmap.mmap(-1, PAGE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    attribute = ctypes.create_string_buffer(16)
    call("pthread_mutexattr_init", attribute)
    call("pthread_mutexattr_setpshared", attribute, 1)
    call("pthread_mutexattr_setrobust", attribute, 1)
    call("pthread_mutex_init", ctypes.c_void_p(address), attribute)
    futexes.memory = memory
    pid = child(lambda: call("pthread_mutex_lock", ctypes.c_void_p(address)))
    got = []
    threading.Thread(target=lambda: got.append(libc.pthread_mutex_lock(ctypes.c_void_p(address))), daemon=True).start()
    return lambda: [lives(pid)(), got]


def churn():
    """Threads that map, unmap and fork all the time."""
    def work():
        while True:
            area = mmap.mmap(-1, 64 * PAGE)
            area[0] = 1
            area.close()
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
    threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    return lambda: [thread.is_alive() for thread in threads]


def shared_code(how="executed"):
    """A compiler's buffer that processes share, below the program itself."""
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(ctypes.c_void_p(0x200000), 1 << 20, 7, 0x21, -1, 0)
    if address != 0x200000:
        raise OSError(f"mapped at {address:x}")
    if how == "executed":
        call("mprotect", ctypes.c_void_p(address), 1 << 20, 5)
    pid = child()
    return lives(pid)


def swapped_program():
    """Code that was written at run time, as a just-in-time compiler does."""
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, PAGE, 7, 0x22, -1, 0)
    code = b"\xb8\x2a\x00\x00\x00\xc3" if os.uname().machine == "x86_64" else b"\x40\x05\x80\x52\xc0\x03\x5f\xd6"
    ctypes.memmove(address, code, len(code))
    function = ctypes.CFUNCTYPE(ctypes.c_int)(address)
    return function


def huge(how="memfd", mib="2"):
    """Memory in huge pages: a memfd without its pages, one with them, an anonymous area, a segment of System V."""
    size = int(mib) << 20
    if how == "sysv":
        libc.shmat.restype = ctypes.c_void_p
        address = libc.shmat(call("shmget", 0, size, 0o1600 | 0o4000), None, 0)
    elif how == "anonymous":
        libc.mmap.restype = ctypes.c_void_p
        address = libc.mmap(None, ctypes.c_size_t(size), 3, 0x40022, -1, 0)
    else:
        fd = os.memfd_create("huge", 4)
        os.ftruncate(fd, size)
        if how == "memfd":
            return lambda: os.fstat(fd).st_size
        memory = mmap.mmap(fd, size)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        huge.memory = memory
    if address in (None, (1 << 64) - 1):
        raise OSError("no huge pages")
    ctypes.memset(address, 0x44, size)
    return lambda: ctypes.string_at(address + size - 1, 1).decode()
