# SPDX-License-Identifier: MIT
"""Watches for two running copies of a container, from outside of the hosts.

observer.py NAME BEATS DOUBLES STATS OFF HOST=CGROUP=PIDFILE...: CGROUP is the host's own, below which the
container NAME has one; PIDFILE has the pid of the host's first process. NAME "*" is every container that two
of the hosts have. Until SIGTERM it looks every 10 ms. A copy runs when one of its processes can: not frozen, not stopped (as CRIU leaves those at its
gate), not on its way out. DOUBLES gets a line for each instant at which two of them run, and for
heartbeats of two hosts that alternate. STATS is written at least once a second. OFF names a host that
is just losing its power.
"""
import itertools
import os
import signal
import sys
import time

NAME, BEATS, DOUBLES, STATS, OFF = sys.argv[1:6]
TICK = 0.01
PF_EXITING = 0x4
SIGKILL_BIT = 1 << (signal.SIGKILL - 1)
# Two copies alternate within a few beats; a copy that ran between two others did so for longer.
FEW_BEATS = 3


def read(path):
    try:
        with open(path, "rb", buffering=0) as f:
            return f.read().decode(errors="replace")
    except OSError:
        return ""


def killed(pid):
    for line in read(f"/proc/{pid}/status").splitlines():
        if line.startswith(("SigPnd:", "ShdPnd:")) and int(line.split()[1], 16) & SIGKILL_BIT:
            return True
    return False


class Host:
    def __init__(self, word):
        self.name, self.cgroup, self.pid_file = word.split("=", 2)

    def containers(self):
        if NAME != "*":
            return {NAME}
        try:
            with os.scandir(self.cgroup) as entries:
                return {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
        except OSError:
            return set()

    def frozen(self, name):
        return read(f"{self.cgroup}/{name}/freezer.state").strip() == "FROZEN" or (
            "frozen 1" in read(f"{self.cgroup}/{name}/cgroup.events")
        )

    def own_namespace(self):
        try:
            return os.stat(f"/proc/{read(self.pid_file).strip()}/ns/pid").st_ino
        except OSError:
            return 0

    def can_run(self, pid, own):
        fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        if not fields or fields[0] in "TtZX" or int(fields[6]) & PF_EXITING:
            return False
        try:
            # runc and criu are in the container's cgroup for a while.
            if os.stat(f"/proc/{pid}/ns/pid").st_ino == own:
                return False
        except OSError:
            return False
        return not killed(pid)

    def running(self, name):
        """The pid of a process of a container that can run, or 0."""
        pids = read(f"{self.cgroup}/{name}/cgroup.procs").split()
        if not pids or self.frozen(name):
            return 0
        own = self.own_namespace()
        return next((int(pid) for pid in pids if self.can_run(pid, own)), 0)


class Beats:
    def __init__(self):
        self.offset, self.rest = 0, ""
        self.runs = []  # [host, beats], the last three

    def look(self):
        try:
            with open(BEATS, "rb", buffering=0) as f:
                f.seek(self.offset)
                data = f.read()
        except OSError:
            return ""
        self.offset += len(data)
        lines = (self.rest + data.decode(errors="replace")).split("\n")
        self.rest = lines.pop()
        return next(filter(None, [self.take(line.split()) for line in lines]), "")

    def take(self, words):
        if len(words) != 3:
            return ""
        if self.runs and self.runs[-1][0] == words[1]:
            self.runs[-1][1] += 1
            return ""
        self.runs = self.runs[-3:] + [[words[1], 1]]
        if len(self.runs) == 4 and self.runs[1][1] <= FEW_BEATS and self.runs[2][1] <= FEW_BEATS:
            return f"beats of {self.runs[2][0]} and {words[1]} alternate at {words[0]}"
        return ""


class Observer:
    def __init__(self, words):
        self.hosts = [Host(word) for word in words]
        self.beats = Beats()
        self.samples = self.seen = 0
        self.longest = 0.0
        self.stop = False

    def report(self, what):
        self.seen += 1
        with open(DOUBLES, "a", encoding="ascii") as f:
            f.write(f"{time.time_ns()} {what}\n")

    # The first is looked at again after the second, so that one that went as the other came does not count.
    def compare(self, name, a, b):
        for first, second in ((a, b), (b, a)):
            pids = first.running(name), second.running(name)
            if not all(pids):
                return
            if not first.running(name) or read(OFF).strip() in (a.name, b.name):
                return
        self.report(f"{name}: {b.name} (pid {pids[0]}) and {a.name} (pid {pids[1]}) run")

    def sample(self):
        have = [(host, host.containers()) for host in self.hosts]
        for (a, in_a), (b, in_b) in itertools.combinations(have, 2):
            for name in in_a & in_b:
                self.compare(name, a, b)

    def write_stats(self):
        with open(f"{STATS}.new", "w", encoding="ascii") as f:
            f.write(f"{self.samples} {self.longest * 1000:.0f} {self.seen}\n")
        os.rename(f"{STATS}.new", STATS)

    def run(self):
        last = time.monotonic()
        while not self.stop:
            self.sample()
            self.samples += 1
            if self.samples % 5 == 0:
                what = self.beats.look()
                if what:
                    self.report(what)
            if self.samples % 25 == 1:
                self.write_stats()
            now = time.monotonic()
            self.longest = max(self.longest, now - last)
            last = now
            time.sleep(TICK)
        self.write_stats()


observer = Observer(sys.argv[6:])
signal.signal(signal.SIGTERM, lambda *_: setattr(observer, "stop", True))
observer.run()
