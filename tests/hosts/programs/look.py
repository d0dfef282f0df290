#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints all that a move could leave on a host, in sections. One process reads what files tell: a host is
looked at hundreds of times in a run of the tests.

Usage: look.py [same]. With "same" the containers are listed with their processes and their age: the very
same containers have to be there, not only containers of the same names.
"""

import json
import os
import re
import stat
import subprocess
import sys
import zlib

CONTAINERS = "/runc/containers"
LARGE = 1000 << 10
# The root of a file system, what runc and CRIU keep for themselves, what a test's own clients write.
UNSEEN = re.compile(r"/run/runc|/run/runc/[^/]*/.*|/run/criu\.kdat|/tmp/[a-z-]*\.(out|err|pid)")


def output_of(*words, errors=subprocess.STDOUT):
    """What a command prints, its errors included; a word of it where the host lacks the program."""
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                              errors="replace").stdout
    except FileNotFoundError:
        return f"no {words[0]}\n"


def processes():
    """Yields the session and the command line of each process."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as file:
                name, _, rest = file.read().partition("(")[2].rpartition(")")
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield int(rest.split()[3]), name, words or f"[{name}]"


def programs():
    own = os.getsid(0)
    lines = (words for session, _, words in processes() if session != own)
    return sorted(line for line in lines if "sshd-session" not in line and "sshd-auth" not in line)


def without_comments(text):
    return [line for line in text.splitlines() if not line.startswith(("#", ":"))]


def settings():
    lines = []
    for family in "ipv4", "ipv6":
        for device in "all", "default", "eth0":
            top = f"/proc/sys/net/{family}/conf/{device}"
            for name in sorted(os.listdir(top)):
                try:
                    with open(f"{top}/{name}") as file:
                        lines.append(f"{family} {device} {name} {file.read().strip()}")
                except OSError:
                    pass  # some can only be written, or hold a secret that is not set
    return lines


def kind(mode):
    return stat.filemode(mode)[0].replace("-", "f")


def entries(top):
    """Yields (path, status) of all that is below it, and of itself."""
    try:
        status = os.lstat(top)
        names = os.listdir(top) if stat.S_ISDIR(status.st_mode) else []
    except FileNotFoundError:
        return
    yield top, status
    for name in names:
        yield from entries(f"{top}/{name}")


def files():
    lines = []
    for top in "/run", "/tmp":
        for path, status in entries(top):
            if UNSEEN.fullmatch(path):
                continue
            # runc gives its directory of a container another mode when it is restored.
            mode = "" if re.fullmatch("/run/runc/[^/]*", path) else f" {status.st_mode & 0o7777:o}"
            lines.append(f"{kind(status.st_mode)}{mode} {status.st_uid} {path}")
    return sorted(lines)


def checksum(path):
    with open(path, "rb") as file:
        return f"{zlib.crc32(file.read()):08x}"


def bundles():
    """The record of the moves is meant to stay."""
    lines = []
    for path, status in entries(CONTAINERS):
        if path.endswith("/.cmigrate") or path.endswith("/.cmigrate/history"):
            continue
        line = f"{kind(status.st_mode)} {status.st_mode & 0o7777:o} {status.st_uid} {path}"
        if kind(status.st_mode) == "f" and status.st_size < LARGE:
            line += " " + checksum(path)
        lines.append(line)
    return sorted(lines)


def containers(same):
    listed = json.loads(output_of("runc", "list", "--format", "json", errors=subprocess.DEVNULL) or "null") or []
    keys = ("id", "status", "pid", "created") if same else ("id", "status")
    return [" ".join(str(container[key]) for key in keys) for container in listed]


def show(name, lines):
    print(f"== {name}")
    if isinstance(lines, str):
        lines = lines.splitlines()
    print("".join(f"{line}\n" for line in lines), end="")


def main():
    show("programs", programs())
    show("addresses", output_of("ip", "addr").replace(" tentative", ""))
    show("routes", output_of("ip", "route") + output_of("ip", "-6", "route"))
    show("qdiscs", output_of("tc", "qdisc"))
    show("filters", output_of("tc", "filter", "show", "dev", "eth0", "parent", "ffff:"))
    show("rules", output_of("nft", "list", "ruleset"))
    show("iptables", without_comments(output_of("iptables-save") + output_of("ip6tables-save")))
    show("settings", settings())
    show("files", files())
    show("bundles", bundles())
    show("containers", containers("same" in sys.argv[1:]))


main()
