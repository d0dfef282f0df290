# SPDX-License-Identifier: MIT
"""Sockets other than unix sockets."""
import os
import socket
import struct

from tools import call


def family(number, kind="3", protocol="0"):
    """A socket of some family."""
    s = socket.socket(int(number), int(kind), int(protocol))
    return lambda: s.getsockopt(socket.SOL_SOCKET, 39)


def netlink():
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.bind((0, 1))
    return lambda: s.getsockname()[1]


def netlink_member(protocol, group):
    """A member of a group, which hears nothing."""
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, int(protocol))
    s.bind((0, 0))
    s.setsockopt(270, 1, int(group))
    return lambda: s.getsockopt(270, 9, 4).hex()
