# SPDX-License-Identifier: MIT
"""container: the container of one case: made, looked at, moved, removed."""

import json
import os
import shlex
import time

from lab import scaled

PROGRAMS = "/opt/cmigrate/tests/containers/programs"
SHARED_FLAGS = ("--tmpfs", "/tmp", "--tmpfs", "/run", "--read-only", "--bind", f"{PROGRAMS}:/srv:ro,bind")
ROOT = "/runc/rootfs"
# An empty root with the hosts' own programs and settings.
REAL_ROOT = "/runc/real"
REAL_FLAGS = ("--bind", "/usr:/usr:ro,bind", "--bind", "/etc:/etc:ro,bind", "--tmpfs", "/var:size=256m")
MAKE_REAL_ROOT = f"""mkdir -p {REAL_ROOT} && cd {REAL_ROOT} && mkdir -p usr etc var run tmp srv proc sys dev data root
ln -sfn usr/bin bin; ln -sfn usr/sbin sbin; ln -sfn usr/lib lib; ln -sfn usr/lib64 lib64"""
# For the lines of the tables. grows N: whether N is more than the last time.
SHELL = """grows() {
	local last=-1
	[[ ! -e /runc/$name.count ]] || last=$(</runc/$name.count)
	echo "$1, last $last"
	echo "$1" >"/runc/$name.count"
	((last < $1))
}
"""
# partner FAMILY WORD...: a program outside that the container talks with, programs/partner.py.
PARTNER = f"""partner() {{
	python3 {PROGRAMS}/partner.py "$name" "$@"
}}
end_partner() {{
	[[ ! -e /run/$name.pid ]] || {{ kill "$(</run/$name.pid)" && rm "/run/$name.pid"; }}
}}
"""
# Where the program of a kind reports: programs/kinds.py.
REPORT_FD = 900
LIMITS = ("memory.limit_in_bytes", "memory.max", "memory.high", "pids.max", "cpu.shares", "cpu.weight",
          "cpu.cfs_quota_us", "cpu.max", "cpuset.cpus", "freezer.state", "cgroup.freeze")


class Broken(Exception):
    """What the case needs could not be had: no verdict about the program."""


class Container:
    def __init__(self, lab, row, lane):
        self.lab, self.row, self.name = lab, row, row.container
        self.on_host_network = "own-network" not in row.flags
        self.reports, self.real = row.program.startswith("kinds "), row.is_real
        # Below those that the hosts connect from.
        self.port = 700 + lane if self.on_host_network and self.reports else 0
        self.address = f"10.99.0.{100 + lane}"
        self.bundle = f"/runc/containers/{self.name}"
        self.connection = None

    def words(self):
        """The command of its first process."""
        kind, _, rest = self.row.program.partition(" ")
        if kind == "kinds":
            return ["python3", "-S", "-E", "/srv/kinds.py", str(self.port), *self.fill(rest).split()]
        if kind in ("run", "real"):
            return shlex.split(rest)
        raise Broken(f"no program: '{self.row.program}'")

    def make(self):
        words = ["cmigrate", "generate", self.name]
        for word in self.words():
            words += ["--args", word]
        if self.on_host_network:
            words += ["--network", "host"]
        if self.port or self.real:
            words += ["--address", f"{self.address}/32"]
        words += [*SHARED_FLAGS, "--rootfs", REAL_ROOT if self.real else ROOT, *(REAL_FLAGS if self.real else ())]
        words += [self.fill(flag) for flag in self.row.flags if flag != "own-network"]
        self.need("rhel01", *words)
        if "config" in self.row.lines:
            self.need("rhel01", "bash", "-ec", 'new=$(jq "$1" "$2") && cat >"$2" <<<"$new"', "-",
                      self.row.lines["config"], f"{self.bundle}/config.json")

    def start(self):
        self.need("rhel01", "cmigrate", "--quiet", "run", self.name)
        if self.reports:
            self.wait_ready()
        if self.port:
            self.connection = self.lab.connect(self.address, self.port)

    def wait_ready(self):
        def is_ready():
            report = self.report("rhel01")
            if report.get("error"):
                raise Broken(f"its program: {report['error']}")
            return report.get("ready")
        try:
            self.wait(is_ready, "its program is ready")
        except Broken as e:
            raise Broken(f"{e}; pid {self.pid('rhel01')}, {self.report('rhel01')}") from None

    def need(self, host, *words):
        status, out, error = self.lab.hosts[host].run(*words)
        if status != 0:
            raise Broken(f"{shlex.join(words)} on {host}: {status}: {out}{error}")

    def fill(self, text):
        return text.replace("$name", self.name).replace("$address", self.address)

    def shell(self, host, line):
        """Runs a line of the table."""
        setting = (f"name={self.name} bundle={self.bundle} host={host} pid={self.pid(host)} address={self.address} "
                   f"port={self.port}\n")
        return self.lab.hosts[host].run("bash", "-ec", setting + SHELL + PARTNER + line)

    def line(self, when, *hosts):
        """Runs the line for that moment, if there is one, and needs it to succeed."""
        line = self.row.lines.get(when)
        for host in hosts if line else ():
            status, out, error = self.shell(host, line)
            if status != 0:
                raise Broken(f"{when}: {line}: on {host}: {status}: {out}{error}")

    def wait(self, holds, what, seconds=20):
        deadline = time.monotonic() + scaled(seconds)
        while not holds():
            if time.monotonic() > deadline:
                raise Broken(f"not within {scaled(seconds)} s: {what}")
            time.sleep(0.01)

    def pid(self, host):
        """Of its first process, as the host numbers it; 0: not there."""
        state = self.lab.hosts[host].read(f"run/runc/{self.name}/state.json")
        try:
            pid = json.loads(state)["init_process_pid"] if state else 0
        except ValueError:
            return 0
        return pid if self.lab.hosts[host].read(f"proc/{pid}/cmdline") else 0

    def report(self, host):
        """What the program of a kind says of itself; {} if nothing, or not now."""
        text = self.lab.hosts[host].read(f"proc/{self.pid(host)}/fd/{REPORT_FD}")
        try:
            return json.loads(text.partition("\n")[0])
        except ValueError:
            return {}

    def first_process(self, host):
        return self.lab.hosts[host].read(f"proc/{self.pid(host)}/cmdline")

    def limits(self, host):
        """Of its cgroup: file to text. What a host tells of them alone is left out."""
        there = {}
        for top in ("memory/", "pids/", "cpu/", "cpuset/", "freezer/", ""):
            for name in LIMITS:
                text = self.lab.hosts[host].read(f"sys/fs/cgroup/{top}{self.name}/{name}")
                if text:
                    there[name] = text.strip()
        return there

    def processes(self, host):
        """How many there are."""
        for top in ("pids/", ""):
            text = self.lab.hosts[host].read(f"sys/fs/cgroup/{top}{self.name}/cgroup.procs")
            if text:
                return len(text.split())
        return 0

    def address_is_on(self):
        """The hosts that have its service address; None: it has none."""
        if not self.port and not self.real:
            return None
        return [host.name for host in self.lab.hosts.values()
                if f" {self.address}\n" in host.read("proc/1/net/fib_trie")]

    def check(self):
        """The checks that say something: id to (result, message)."""
        status, out, error = self.lab.hosts["rhel01"].run("cmigrate", "--json", "check", self.name, "rhel02",
                                                          *self.row.options)
        checks = {}
        for line in out.splitlines():
            row = json.loads(line)
            if row.get("result") in ("refused", "warning"):
                checks[row["check"]] = (row["result"], f"{row['message']}; {row['remedy']}")
        if status not in (0, 3) or not out:
            raise Broken(f"check: {status}: {error}")
        return checks

    def move(self, source, destination):
        """The exit code (None: it did not end), and the summary."""
        status, out, error = self.lab.hosts[source].run("cmigrate", "--json", "move", self.name, destination,
                                                        *self.row.options, seconds=240)
        try:
            summary = json.loads(out.splitlines()[-1])
        except (ValueError, IndexError):
            summary = {}
        return status, summary.get("error") or error.strip()

    def answers(self):
        """Whether the client's connection is alive and answered."""
        if not self.connection:
            return True
        try:
            self.connection.sendall(b"?")
            return self.connection.recv(100).endswith(b"\n")
        except OSError:
            return False

    def leavings(self):
        """What a move has left on the hosts."""
        left = [f"{host.name}:/run/cmigrate/{self.name}" for host in self.lab.hosts.values()
                if os.path.exists(host.path("run/cmigrate", self.name))]
        try:
            names = os.listdir(self.lab.hosts["rhel01"].path(f"{self.bundle[1:]}/.cmigrate"))
        except OSError:
            names = []
        return left + [name for name in names if name.startswith(("images-", "journal"))]

    def remove(self):
        if self.connection:
            self.connection.close()
        for host in ("rhel01", "rhel02"):
            if not os.path.exists(self.lab.hosts[host].path("run/runc", self.name)):
                continue
            # A container that is frozen does not end.
            self.lab.hosts[host].run(
                "bash", "-c", 'runc resume "$1"; runc delete --force "$1"; rm -rf "/run/cmigrate/$1"; '
                'ip addr del "$2/32" dev eth0; true', "-", self.name, self.address)
        if "end" in self.row.lines:
            for host in ("rhel01", "rhel02"):
                self.shell(host, self.row.lines["end"])
        self.lab.hosts["rhel01"].run("rm", "-rf", self.bundle, f"/runc/{self.name}.count")
