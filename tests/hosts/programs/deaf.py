# SPDX-License-Identifier: MIT
"""deaf.py HOST PORT: listens and never accepts."""
import signal
import socket
import sys

listener = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=8)
signal.pause()
