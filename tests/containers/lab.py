# SPDX-License-Identifier: MIT
"""lab: the test hosts. Their files are read from outside, which starts no process."""

import ctypes
import os
import shutil
import socket
import subprocess
import threading

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
LAB = os.path.join(TOP, "scripts/lab")
CLONE_NEWNET = 0x40000000


def scaled(seconds):
    return seconds * int(os.environ.get("TEST_SLOWNESS", "1"))


class Host:
    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        with open(f"{lab.directory}/hosts/{name}/pid", encoding="ascii") as file:
            self.root = f"/proc/{file.read().strip()}/root"

    def run(self, *words, seconds=60):
        """The exit status (None: it did not end in time), standard output and error."""
        try:
            done = subprocess.run([LAB, "exec", self.name, "timeout", str(scaled(seconds)), *words],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                                  env=self.lab.environment, check=False)
        except OSError as e:
            return None, "", str(e)
        return None if done.returncode == 124 else done.returncode, done.stdout, done.stderr

    def path(self, *names):
        return os.path.join(self.root, *names)

    def read(self, path):
        """"" if there is no such file."""
        try:
            with open(self.path(path), "rb") as file:
                return file.read().decode(errors="replace")
        except OSError:
            return ""


class Lab:
    def __init__(self, name, packages=""):
        self.name = name
        self.directory = os.path.join(os.environ.get("LAB_BASE", "/var/lib/cmigrate-lab"), name)
        self.environment = {**os.environ, "LAB_NAME": name}
        if packages:
            self.environment["LAB_EXTRA_PACKAGES"] = packages
        self.hosts = {}
        self.lock = threading.Lock()

    def up(self):
        subprocess.run([LAB, "up", "2"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       env=self.environment, check=True)
        self.hosts = {name: Host(self, name) for name in ("rhel01", "rhel02", "client")}
        program = os.environ.get("CMIGRATE") or os.path.join(TOP, "build/test/cmigrate")
        for host in self.hosts.values():
            # The program of the start of the tests, whatever is built meanwhile.
            shutil.copy(program, host.path("usr/local/sbin/cmigrate"))

    def down(self):
        subprocess.run([LAB, "down"], stdin=subprocess.DEVNULL, env=self.environment, check=False)

    def connect(self, ip, port):
        """A connection from the client's network."""
        libc = ctypes.CDLL(None, use_errno=True)
        with self.lock, open("/proc/thread-self/ns/net", "rb") as own, \
                open(f"/run/netns/cmlab.{self.name}.client", "rb") as theirs:
            if libc.setns(theirs.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                return socket.create_connection((ip, port), timeout=scaled(10))
            finally:
                if libc.setns(own.fileno(), CLONE_NEWNET) != 0:
                    os.abort()
