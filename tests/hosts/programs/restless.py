# SPDX-License-Identifier: MIT
"""A server whose tmpfs never rest: a thread makes and removes directories and links in /run all the
time, another counts in a mapped file in /dev/shm; a deleted file is open and a directory watched.

restless.py PORT: GET answers in JSON: rounds so far, the mapped count, and what was found wrong.
"""
import ctypes
import http.server
import json
import mmap
import os
import sys
import threading
import time


class Restless:
    def __init__(self):
        self.errors = []
        self.rounds = 0
        self.deleted = open("/tmp/deleted", "w+b", buffering=0)
        self.deleted.write(b"still here")
        os.unlink("/tmp/deleted")
        libc = ctypes.CDLL(None, use_errno=True)
        self.inotify = libc.inotify_init1(os.O_NONBLOCK)
        libc.inotify_add_watch(self.inotify, b"/tmp", 0x100)  # IN_CREATE
        self.directory = os.open("/tmp", os.O_RDONLY)
        fd = os.open("/dev/shm/count", os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(fd, 4096)
        self.map = mmap.mmap(fd, 4096)
        self.file = fd
        threading.Thread(target=self.directories, daemon=True).start()
        threading.Thread(target=self.count, daemon=True).start()

    def directories(self):
        os.mkdir("/run/0")
        while True:
            n = self.rounds
            try:
                os.mkdir(f"/run/{n + 1}")
                os.symlink(str(n), f"/run/{n + 1}/link")
                if sorted(os.listdir("/run")) != sorted([str(n), str(n + 1)]):
                    self.errors.append(f"round {n}: {os.listdir('/run')}")
                if n > 0:
                    os.unlink(f"/run/{n}/link")
                os.rmdir(f"/run/{n}")
            except OSError as e:
                self.errors.append(f"round {n}: {e}")
                return
            self.rounds = n + 1
            time.sleep(0.002)

    def count(self):
        n = 0
        while True:
            n += 1
            self.map[0:8] = n.to_bytes(8, "little")
            if int.from_bytes(os.pread(self.file, 8, 0), "little") != n:
                self.errors.append(f"count {n} isn't in the file")
                return
            time.sleep(0.0005)

    def watched(self):
        os.mkdir("/tmp/new")
        os.rmdir("/tmp/new")
        try:
            return b"new" in os.read(self.inotify, 4096)
        except BlockingIOError:
            return False

    def state(self):
        if os.pread(self.deleted.fileno(), 100, 0) != b"still here":
            self.errors.append("the deleted file")
        if os.listdir(self.directory) != []:
            self.errors.append(f"the directory: {os.listdir(self.directory)}")
        if not self.watched():
            self.errors.append("the watch")
        count = int.from_bytes(self.map[0:8], "little")
        return {"rounds": self.rounds, "count": count, "errors": self.errors}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(RESTLESS.state()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


RESTLESS = Restless()
http.server.HTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
