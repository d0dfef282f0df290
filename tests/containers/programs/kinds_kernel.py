# SPDX-License-Identifier: MIT
"""Descriptors that are neither files nor sockets, timers, watches."""
import ctypes
import os
import select
import signal
import struct
import termios
import threading
import time

from tools import call, child, fdinfo, lives, status, system, wait


def eventfd():
    fd = call("eventfd", 5, 0)
    semaphore = call("eventfd", 3, 1)
    return lambda: [fdinfo(fd, "eventfd-count"), fdinfo(semaphore, "eventfd-count")]


def signalfd():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    mask = ctypes.create_string_buffer(128)
    call("sigemptyset", mask)
    call("sigaddset", mask, int(signal.SIGUSR1))
    fd = call("signalfd", -1, mask, 0)
    os.kill(os.getpid(), signal.SIGUSR1)
    return lambda: [fdinfo(fd, "sigmask"), select.select([fd], [], [], 0)[0] == [fd]]


def pidfd(whose="child"):
    pid = child() if whose == "child" else os.getpid()
    fd = os.pidfd_open(pid)
    return lambda: fdinfo(fd, "Pid")[0][1] == str(pid)


def pidfd_of_dead():
    """Of a child that has ended and was waited for."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    fd = os.pidfd_open(pid)
    os.waitpid(pid, 0)
    return lambda: [fdinfo(fd, "Pid")[0][1], select.select([fd], [], [], 0)[0] == [fd]]


def timerfd(initial, interval, clock="1"):
    """Seconds."""
    fd = call("timerfd_create", int(clock), 0)
    times = [int(float(t) * 1e9) for t in (interval, initial)]
    value = struct.pack("qqqq", times[0] // 10**9, times[0] % 10**9, times[1] // 10**9, times[1] % 10**9)
    call("timerfd_settime", fd, 0, value, None)
    return lambda: fdinfo(fd, "it_interval", "clockid")


def timerfd_read(interval):
    """A periodic one that a thread reads all the time."""
    fd = call("timerfd_create", 1, 0)
    value = struct.pack("qqqq", 0, int(float(interval) * 1e9), 0, int(float(interval) * 1e9))
    call("timerfd_settime", fd, 0, value, None)

    def read():
        while True:
            os.read(fd, 8)
    threading.Thread(target=read, daemon=True).start()


def timers():
    """setitimer in three forms, a POSIX timer that sends a signal: they go on."""
    counts = {signal.SIGALRM: 0, signal.SIGVTALRM: 0, signal.SIGUSR2: 0}

    def count(number, _):
        counts[number] += 1
    for number in counts:
        signal.signal(number, count)
    signal.setitimer(signal.ITIMER_REAL, 0.03, 0.03)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.01, 0.01)
    event = ctypes.create_string_buffer(struct.pack("qii48x", 0, int(signal.SIGUSR2), 0))
    timer = ctypes.c_void_p()
    call("timer_create", 1, event, ctypes.byref(timer))
    call("timer_settime", timer, 0, struct.pack("qqqq", 0, 30000000, 0, 30000000), None)
    last, since = dict(counts), time.monotonic()

    def look():
        nonlocal last, since
        if any(counts[n] == last[n] for n in (signal.SIGALRM, signal.SIGUSR2)):
            if time.monotonic() - since > 10:
                raise AssertionError(f"a timer stands: {counts}, {last}")
        else:
            last, since = dict(counts), time.monotonic()
        return [signal.getitimer(n)[1] for n in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL)]
    return look


def alarm():
    signal.alarm(100000)
    return lambda: 90000 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100000


def clocks():
    """Of this process and since the boot: they go on and never back."""
    last = [time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME)]

    def look():
        nonlocal last
        now = [time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME)]
        if now < last or now[0] - last[0] > 600 or now[1] - last[1] > 600:
            raise AssertionError(f"{last} {now}")
        last = now
    return look


def epoll(how="level"):
    """Sets: nested, exclusive, oneshot, edge triggered, with a descriptor that has another number by now."""
    reader, writer = os.pipe()
    inner, outer = select.epoll(), select.epoll()
    flags = {"level": 0, "edge": select.EPOLLET, "oneshot": select.EPOLLONESHOT, "exclusive": select.EPOLLEXCLUSIVE,
             "nested": 0, "renumbered": 0}[how]
    inner.register(reader, select.EPOLLIN | flags)
    if how == "nested":
        outer.register(inner.fileno(), select.EPOLLIN)
    if how == "renumbered":
        os.dup2(reader, 100)
        os.close(reader)
    os.write(writer, b"x")
    # The number of a renumbered one is the new one after a restore.
    return lambda: [row[2:4] for fd in (inner, outer) for row in fdinfo(fd.fileno(), "tfd")]


def epoll_closed(how="child"):
    """An entry whose descriptor is closed, and that lives on in another number or process."""
    reader = os.pipe()[0]
    if how == "child":
        child()
    elif how == "sent":
        import socket
        pair = socket.socketpair()
        socket.send_fds(pair[0], [b"x"], [reader])
        epoll_closed.pair = pair
    else:
        os.dup2(reader, 100)
    poll = select.epoll()
    poll.register(reader)
    epoll_closed.poll = poll
    os.close(reader)


def epoll_timer(interval):
    fd = call("timerfd_create", 1, 0)
    ns = int(float(interval) * 1e9)
    call("timerfd_settime", fd, 0, struct.pack("qqqq", 0, ns, 0, ns), None)
    poll = select.epoll()
    poll.register(fd)
    epoll_timer.poll = poll


def inotify(path, mask="0x100"):
    fd = call("inotify_init1", 0x800)
    call("inotify_add_watch", fd, path.encode(), int(mask, 16))
    return lambda: len(fdinfo(fd, "inotify"))


def fanotify(path):
    fd = call("fanotify_init", 0, 0)
    call("fanotify_mark", fd, 1, ctypes.c_ulong(0x20), -100, path.encode())
    return lambda: len(fdinfo(fd, "fanotify"))


def userfaultfd():
    system((323, 282), 0x800 | 1)


def perf():
    """A counter of its own page faults."""
    attribute = ctypes.create_string_buffer(struct.pack("IIQ", 1, 112, 2), 112)
    system((298, 241), attribute, 0, -1, -1, 0)


def bpf_map():
    attribute = ctypes.create_string_buffer(struct.pack("IIII", 2, 4, 8, 4), 128)
    system((321, 280), 0, attribute, 128)


def io_uring(how="open"):
    """A ring that is open, or mapped only."""
    parameters = ctypes.create_string_buffer(120)
    fd = system(425, 4, parameters)
    if how == "mapped":
        import mmap
        io_uring.map = mmap.mmap(fd, 4096, offset=0)
        os.close(fd)


def aio():
    """A context of the kernel's asynchronous I/O."""
    context = ctypes.c_ulong()
    system((206, 0), 16, ctypes.byref(context))
    events = ctypes.create_string_buffer(32)
    return lambda: system((208, 4), context, 0, 1, events, ctypes.create_string_buffer(struct.pack("qq", 0, 0)))


def landlock_rules():
    """A set of rules that is open, and not used yet."""
    rules = ctypes.create_string_buffer(struct.pack("Q", 1 << 1))
    system((444, 444), rules, 8, 0)


def file_system_context():
    system((430, 430), b"tmpfs", 0)


def device(path):
    fd = os.open(path, os.O_RDWR)
    return lambda: os.readlink(f"/proc/self/fd/{fd}")


def terminal_pair():
    """A terminal of its own, with a child that has it, raw, of 33 columns."""
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (11, 33)) if hasattr(termios, "tcsetwinsize") else None
    attributes = termios.tcgetattr(slave)
    attributes[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(slave, termios.TCSANOW, attributes)

    def own():
        import fcntl
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    pid = child(own)
    os.write(master, b"typed")
    return lambda: [lives(pid)(), termios.tcgetattr(slave)[3] & (termios.ECHO | termios.ICANON),
                    list(os.get_terminal_size(slave)), select.select([slave], [], [], 0)[0] == [slave]]


def pipes():
    """Full, closed at the other end, not blocking, of another size."""
    import fcntl
    full, half, large = os.pipe(), os.pipe(), os.pipe()
    os.set_blocking(full[1], False)
    try:
        while True:
            os.write(full[1], b"x" * 4096)
    except BlockingIOError:
        pass
    os.write(half[1], b"last words")
    os.close(half[1])
    fcntl.fcntl(large[1], 1031, 1 << 17)
    os.write(large[1], b"y" * 100000)

    def held(fd):
        number = ctypes.c_int()
        call("ioctl", fd, ctypes.c_ulong(0x541B), ctypes.byref(number))
        return number.value
    return lambda: [held(full[0]), held(half[0]), held(large[0]), fcntl.fcntl(large[1], 1032), os.get_blocking(full[1])]


def packet_pipe():
    reader, writer = os.pipe2(os.O_DIRECT)
    os.write(writer, b"one")
    os.write(writer, b"two")

    def look():
        seen = [os.read(reader, 100).decode(), os.read(reader, 100).decode()]
        for word in seen:
            os.write(writer, word.encode())
        return seen
    return look


def descriptor_flags():
    """Close on exec, append, owner of signals, numbers with gaps, one of another process."""
    import fcntl
    fd = os.open("/tmp/flags", os.O_CREAT | os.O_RDWR | os.O_APPEND)
    os.dup2(fd, 777, inheritable=False)
    reader = os.pipe()[0]
    fcntl.fcntl(reader, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(reader, 10, int(signal.SIGUSR1))
    signal.signal(signal.SIGUSR1, lambda *_: None)
    return lambda: [fcntl.fcntl(777, fcntl.F_GETFD), fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND,
                    fcntl.fcntl(reader, fcntl.F_GETOWN) == os.getpid(), fcntl.fcntl(reader, 11)]


def death_notice():
    """A thread waits for a child by its pidfd in a set of epoll."""
    pid = child()
    poll = select.epoll()
    poll.register(os.pidfd_open(pid))
    thread = threading.Thread(target=poll.poll, daemon=True)
    thread.start()
    return lambda: [lives(pid)(), thread.is_alive()]


def cpu_timer():
    """A POSIX timer of the processor time of the process, and one of a thread's that goes on after it."""
    event = ctypes.create_string_buffer(struct.pack("qii48x", 0, int(signal.SIGUSR2), 1))
    timer = ctypes.c_void_p()
    call("timer_create", 2, event, ctypes.byref(timer))
    call("timer_settime", timer, 0, struct.pack("qqqq", 0, 0, 100000, 0), None)
    value = ctypes.create_string_buffer(32)

    def look():
        call("timer_gettime", timer, value)
        return 0 < struct.unpack("qqqq", value.raw)[2] <= 100000
    return look


def directory_notice(path):
    """dnotify: a signal if something is made in the directory."""
    import fcntl
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    signal.signal(signal.SIGIO, lambda *_: None)
    fcntl.fcntl(fd, fcntl.F_NOTIFY, fcntl.DN_CREATE | fcntl.DN_MULTISHOT)
    return lambda: os.readlink(f"/proc/self/fd/{fd}")
