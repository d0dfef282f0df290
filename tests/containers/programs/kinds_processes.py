# SPDX-License-Identifier: MIT
"""Processes, threads and what belongs to them."""
import ctypes
import os
import resource
import signal
import struct
import threading
import time

from tools import call, child, libc, lives, locked_libc, status, system, wait

NAMESPACES = {"mnt": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000,
              "pid": 0x20000000, "net": 0x40000000, "time": 0x80}


def plain():
    pass


def children(number, depth="1"):
    """A tree of processes."""
    def grow():
        if int(depth) > 1:
            children(number, str(int(depth) - 1))
    return lives(*[child(grow) for _ in range(int(number))])


def threads(number):
    """Threads that wait for each other."""
    counts = [0] * int(number)

    def count(i):
        while True:
            counts[i] += 1
            time.sleep(0.005)

    for i in range(int(number)):
        threading.Thread(target=count, args=(i,), daemon=True).start()
    before = list(counts)

    def look():
        # Those that stand still are told once all had the time to go on.
        nonlocal before
        stands = [i for i in range(len(counts)) if counts[i] == before[i]]
        if len(stands) < len(counts):
            before = list(counts)
        return threading.active_count()
    return look


def stopped(how):
    """A child stopped by SIGSTOP, or one with threads in a group that SIGTSTP stops."""
    def group():
        threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()
        os.setpgid(0, 0)
    pid = child(group if how == "tstp" else None)
    os.kill(pid, signal.SIGTSTP if how == "tstp" else signal.SIGSTOP)
    wait(lambda: status(pid, "State").startswith("T"))
    return lambda: status(pid, "State")


def vfork():
    """One that waits for its vfork."""
    pid = os.fork()
    if pid == 0:
        if locked_libc.vfork() == 0:
            while True:
                locked_libc.sleep(1000)
    wait(lambda: status(pid, "State").startswith("D"))


def exec_loop():
    pid = os.fork()
    if pid == 0:
        line = 'exec sh -c "$0" "$0"'
        os.execv("/bin/sh", ["sh", "-c", line, line])
    return lives(pid)


def spawn_loop():
    def spawn():
        while True:
            os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    pid = os.fork()
    if pid == 0:
        spawn()
    return lives(pid)


def traced(what="child"):
    """A child, or a thread of one, that its parent traces."""
    reader, writer = os.pipe()

    def more():
        thread = threading.Thread(target=time.sleep, args=(1e6,), daemon=True)
        thread.start()
        os.write(writer, struct.pack("i", thread.native_id))
    pid = child(more if what == "thread" else None)
    task = struct.unpack("i", os.read(reader, 4))[0] if what == "thread" else pid
    call("ptrace", 0x4206, task, None, None)
    return lives(pid)


def zombie_leader():
    """The first thread of a child has ended, another one goes on."""
    def end_first():
        threading.Thread(target=time.sleep, args=(1e6,)).start()
        system((60, 93), 0)
    pid = os.fork()
    if pid == 0:
        end_first()
    wait(lambda: status(pid, "State").startswith("Z"))


def zombie():
    """A child that has ended and is not waited for."""
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    return lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT).si_status


def namespace(kind):
    """A child in one of its own."""
    pid = child(lambda: call("unshare", NAMESPACES[kind]))
    return lives(pid)


def pid_namespace():
    """A process in one of its own."""
    def begin():
        call("unshare", NAMESPACES["pid"])
        child(os.setsid)
    return lives(child(begin))


def subreaper():
    call("prctl", 36, 1, 0, 0, 0)
    value = ctypes.c_int()

    def look():
        call("prctl", 37, ctypes.byref(value), 0, 0, 0)
        return value.value
    return look


def orphans():
    """A process whose parent has ended, in a session of its own."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(writer, struct.pack("i", os.getpid()))
            while True:
                time.sleep(1e6)
        os._exit(0)
    pid = struct.unpack("i", os.read(reader, 4))[0]
    return lambda: [status(pid, "PPid"), os.getsid(pid) > 0, os.getpgid(pid) > 0]


def session(how="leader"):
    """Children with sessions and groups of their own."""
    leader = child(os.setsid)
    group = child(lambda: os.setpgid(0, 0))
    return lambda: [os.getsid(leader) == leader, os.getpgid(group) == group]


def priority():
    os.nice(7)
    return lambda: os.getpriority(os.PRIO_PROCESS, 0)


def policy(name="BATCH", level="0"):
    os.sched_setscheduler(0, getattr(os, "SCHED_" + name), os.sched_param(int(level)))
    return lambda: [os.sched_getscheduler(0), os.sched_getparam(0).sched_priority]


def thread_policy():
    """A thread has another policy and nice value than the first."""
    def work():
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        while True:
            time.sleep(1)
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    time.sleep(0.05)
    return lambda: os.sched_getscheduler(thread.native_id)


def affinity():
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])


def thread_affinity():
    """Only a thread, not the first, has CPUs of its own."""
    def work():
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
        while True:
            time.sleep(1)
    threading.Thread(target=work, daemon=True).start()
    time.sleep(0.05)


def timer_slack(ns):
    call("prctl", 29, int(ns))


def core_dumps(what):
    with open("/proc/self/coredump_filter", "w", encoding="ascii") as file:
        file.write(what)


def io_priority(kind, level):
    system((251, 30), 1, 0, int(kind) << 13 | int(level))


def limits():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_STACK, (1 << 22, 1 << 23))
    resource.setrlimit(resource.RLIMIT_NOFILE, (950, 1000))
    return lambda: [resource.getrlimit(i) for i in range(16)]


def no_new_privs():
    call("prctl", 38, 1, 0, 0, 0)
    return lambda: call("prctl", 39, 0, 0, 0, 0)


def oom_score():
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("321")

    def look():
        with open("/proc/self/oom_score_adj", encoding="ascii") as file:
            return file.read()
    return look


def small_things():
    """Name, umask, signal of the parent's death, personality, dumpable, directory."""
    call("prctl", 15, b"renamed", 0, 0, 0)
    os.umask(0o123)
    os.chdir("/tmp")
    pid = child(lambda: call("prctl", 1, 10, 0, 0, 0))

    def look():
        name = ctypes.create_string_buffer(16)
        call("prctl", 16, name, 0, 0, 0)
        return [name.value.decode(), status("self", "Umask"), os.getcwd(), lives(pid)()]
    return look


def personality():
    """Addresses that are not random."""
    call("personality", 0x0040000)


def dumpable():
    call("prctl", 4, 0, 0, 0, 0)
    return lambda: call("prctl", 3, 0, 0, 0, 0)


def parent_death():
    """A child that is signalled when its parent ends."""
    pid = child(lambda: call("prctl", 1, 12, 0, 0, 0))
    return lives(pid)


def capabilities():
    """A child with fewer capabilities, secure bits, and an ambient one."""
    def drop():
        call("prctl", 24, 21, 0, 0, 0)
        call("prctl", 28, 1, 0, 0, 0)
    pid = child(drop)
    return lambda: [status(pid, "CapBnd"), status(pid, "CapEff"), status(pid, "CapAmb")]


def groups():
    os.setgroups([5, 6, 7])
    return os.getgroups


def thp_off():
    call("prctl", 41, 1, 0, 0, 0)
    return lambda: call("prctl", 42, 0, 0, 0, 0)


def seccomp():
    """A child with a filter of its own, which allows all."""
    def restrict():
        call("prctl", 38, 1, 0, 0, 0)
        code = struct.pack("HBBI", 6, 0, 0, 0x7fff0000)
        program = ctypes.create_string_buffer(code, len(code))
        head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 1, ctypes.addressof(program)))
        call("prctl", 22, 2, head, 0, 0)
    pid = child(restrict)
    return lambda: status(pid, "Seccomp")


def seccomp_notify():
    """A filter whose calls another process answers."""
    call("prctl", 38, 1, 0, 0, 0)
    code = struct.pack("HBBI", 6, 0, 0, 0x7fff0000)
    program = ctypes.create_string_buffer(code, len(code))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 1, ctypes.addressof(program)))
    system((317, 277), 1, 8, head)


def landlock():
    """A child that may only read files."""
    def restrict():
        call("prctl", 38, 1, 0, 0, 0)
        rules = ctypes.create_string_buffer(struct.pack("Q", 1 << 1))
        fd = system((444, 444), rules, 8, 0)
        system((446, 446), fd, 0)
        os.close(fd)
    return lives(child(restrict))


def signals():
    """Blocked ones that wait, queued with values, and handlers."""
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    mask = {signal.SIGHUP, signal.SIGRTMIN + 1}
    signal.pthread_sigmask(signal.SIG_BLOCK, mask)
    os.kill(os.getpid(), signal.SIGHUP)
    for value in 41, 42:
        call("sigqueue", os.getpid(), int(signal.SIGRTMIN + 1), ctypes.c_void_p(value))

    def look():
        pending = sorted(int(n) for n in signal.sigpending())
        return [pending, status("self", "SigBlk"), status("self", "SigIgn"), status("self", "SigCgt")]
    return look


def alternate_stack():
    stack = ctypes.create_string_buffer(65536)
    old = ctypes.create_string_buffer(24)
    call("sigaltstack", struct.pack("PixxxxN", ctypes.addressof(stack), 0, 65536), None)

    def look():
        call("sigaltstack", None, old)
        return [struct.unpack("PixxxxN", old.raw)[0] == ctypes.addressof(stack)]
    return look


def nanosleep():
    """A child in a long sleep of python's, which goes on with it."""
    def sleep():
        time.sleep(1e6)
    pid = os.fork()
    if pid == 0:
        sleep()
    return lives(pid)


def poll_without_end():
    """Threads in poll, select, epoll, sigwait, pause, futex and wait."""
    def sleeper():
        import select
        reader = os.pipe()[0]
        poll = select.poll()
        poll.register(reader)
        epoll = select.epoll()
        waits = (poll.poll, epoll.poll, lambda: select.select([reader], [], []), lambda: os.read(reader, 1),
                 lambda: signal.sigwait([signal.SIGUSR1]), threading.Event().wait)
        for function in waits:
            threading.Thread(target=function, daemon=True).start()
        time.sleep(0.05)
    pid = child(sleeper)
    return lambda: [lives(pid)(), status(pid, "Threads")]


def ambient():
    """A child with ambient capabilities, one inheritable."""
    def keep():
        head = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
        data = ctypes.create_string_buffer(24)
        call("capget", head, data)
        effective, permitted = struct.unpack_from("II", data.raw)
        call("capset", head, struct.pack("IIIIII", effective, permitted, 1 << 10, 0, 0, 0))
        call("prctl", 47, 2, 10, 0, 0)
    pid = child(keep)
    return lambda: [status(pid, "CapInh"), status(pid, "CapAmb")]


def seccomp_log():
    """A child whose filter logs a call, as a profile in its trial does."""
    def restrict():
        call("prctl", 38, 1, 0, 0, 0)
        code = struct.pack("HBBI", 6, 0, 0, 0x7ffc0000)
        program = ctypes.create_string_buffer(code, len(code))
        head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 1, ctypes.addressof(program)))
        system((317, 277), 1, 2, head)
    pid = child(restrict)
    return lambda: [status(pid, "Seccomp"), status(pid, "Seccomp_filters")]


def quiet_null(where="root"):
    """A child with the first process's /dev/null as its input, and another root or mount namespace."""
    def change():
        if where == "root":
            os.makedirs("/tmp/jail", exist_ok=True)
            os.chroot("/tmp/jail")
            os.chdir("/")
        else:
            call("unshare", NAMESPACES["mnt"])
    pid = child(change)
    return lambda: [lives(pid)(), os.readlink(f"/proc/{pid}/fd/0")]
