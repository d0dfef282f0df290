# SPDX-License-Identifier: MIT
"""System V and POSIX IPC, unix sockets."""
import array
import ctypes
import mmap
import os
import select
import socket
import struct

from tools import call, child, libc, lives

libc.shmat.restype = ctypes.c_void_p


def sysv_memory(how="attached", mib="0"):
    """A segment with contents; attached, detached, or removed while it is attached."""
    size = (int(mib) << 20) or 8192
    number = call("shmget", 0x1234 if how != "removed" else 0, size, 0o1600)
    address = libc.shmat(number, None, 0)
    ctypes.memset(address, 0x41, size)
    if how == "removed":
        call("shmctl", number, 0, None)
    if how == "detached":
        call("shmdt", ctypes.c_void_p(address))

        def look():
            again = libc.shmat(number, None, 0)
            text = ctypes.string_at(again, 4).decode()
            call("shmdt", ctypes.c_void_p(again))
            return text
        return look
    return lambda: ctypes.string_at(address + 4096, 4).decode()


def sysv_semaphores():
    number = call("semget", 0x77, 3, 0o1600)
    for i, value in enumerate((5, 0, 7)):
        call("semctl", number, i, 16, value)
    return lambda: [call("semctl", number, i, 12, 0) for i in range(3)]


def semaphore_waiter():
    """A child that waits for a semaphore of System V."""
    number = call("semget", 0, 1, 0o1600)
    pid = os.fork()
    if pid == 0:
        # A dump wakes it (EINTR).
        while libc.semop(number, struct.pack("HhH", 0, -1, 0), 1) == -1 and ctypes.get_errno() == 4:
            pass
        os._exit(1)
    return lambda: [lives(pid)(), call("semctl", number, 0, 14, 0)]


def sysv_queue():
    number = call("msgget", 0x99, 0o1600)
    for kind, text in (1, b"first"), (2, b"second"):
        call("msgsnd", number, struct.pack("l16s", kind, text), 16, 0)
    info = ctypes.create_string_buffer(256)

    def look():
        call("msgctl", number, 2, info)
        return struct.unpack_from("Q", info.raw, 80)[0]
    return look


def posix_memory():
    fd = call("shm_open", b"/kept", 0o102, 0o600)
    os.ftruncate(fd, 8192)
    memory = mmap.mmap(fd, 8192)
    memory[0:4] = b"kept"
    os.close(fd)
    return lambda: bytes(memory[0:4]).decode()


def named_semaphore():
    """Open, with its name or, as many programs do, without."""
    libc.sem_open.restype = ctypes.c_void_p
    semaphore = libc.sem_open(b"/kept", 0o100, 0o600, 3)
    value = ctypes.c_int()

    def look():
        call("sem_getvalue", ctypes.c_void_p(semaphore), ctypes.byref(value))
        return value.value
    return look


def unlinked_semaphore():
    look = named_semaphore()
    call("sem_unlink", b"/kept")
    return look


def queue(how="closed", messages="0"):
    """A POSIX message queue."""
    fd = call("mq_open", b"/jobs", 0o102, 0o600, None)
    for _ in range(int(messages)):
        call("mq_send", fd, b"job", 3, 1)
    if how == "closed":
        os.close(fd)


KINDS = {"stream": socket.SOCK_STREAM, "datagram": socket.SOCK_DGRAM, "seqpacket": socket.SOCK_SEQPACKET}


def unix_pair(kind):
    """With data that nobody has read, in both directions."""
    a, b = socket.socketpair(socket.AF_UNIX, KINDS[kind])
    a.send(b"there")
    b.send(b"back")
    return lambda: [a.recv(100, socket.MSG_PEEK).decode(), b.recv(100, socket.MSG_PEEK).decode()]


def unix_server(kind, path):
    """A server and a connection to it, in another process; PATH may begin with @."""
    server = socket.socket(socket.AF_UNIX, KINDS[kind])
    name = "\0" + path[1:] if path.startswith("@") else path
    server.bind(name)
    keep = []
    if kind != "datagram":
        server.listen(3)

    def connect():
        client = socket.socket(socket.AF_UNIX, KINDS[kind])
        client.connect(name)
        client.send(b"hello")
        keep.append(client)
    pid = child(connect)
    accepted = server.accept()[0] if kind != "datagram" else server
    return lambda: [accepted.recv(100, socket.MSG_PEEK).decode(), lives(pid)(), select.select([server], [], [], 0)[0] == []
                    if kind != "datagram" else None]


def descriptor_in_flight():
    """Sent through a socket, and not received yet."""
    a, b = socket.socketpair()
    reader, writer = os.pipe()
    os.write(writer, b"flying")
    a.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [reader]))])
    os.close(reader)

    def look():
        _, data, _, _ = b.recvmsg(1, socket.CMSG_SPACE(4), socket.MSG_PEEK)
        fd = struct.unpack("i", data[0][2])[0]
        ready = select.select([fd], [], [], 0)[0] == [fd]
        os.close(fd)
        return ready
    return look


def unix_options():
    """Half closed, passing credentials, with buffers of its own."""
    a, b = socket.socketpair()
    a.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 40000)
    b.shutdown(socket.SHUT_WR)
    return lambda: [a.getsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED), a.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF),
                    a.recv(1).decode()]
