# SPDX-License-Identifier: MIT
"""A server with a little of everything that a move has to carry: threads that wait, timers, open
files at an offset, a deleted one, pipes with data in them, a file in a tmpfs, a counter.

server.py PORT: GET /state counts, checks all of it and answers in JSON. GET /silent: no more answers
(whoever asks waits); POST /file: a file handed in whole goes to the tmpfs.
"""
import hashlib
import http.server
import json
import os
import socket
import sys
import threading
import time

TMPFS_FILE = "/tmp/data"
SIZE = 2_000_000


class Everything:
    def __init__(self):
        self.lock = threading.Lock()
        self.count = 0
        self.ticks = 0
        self.expirations = 0
        self.last = time.monotonic()
        self.backwards = 0
        self.errors = []
        data = os.urandom(SIZE)
        self.sum = hashlib.sha256(data).hexdigest()
        with open(TMPFS_FILE, "wb") as f:
            f.write(data)
        self.offset_file = open(TMPFS_FILE, "rb", buffering=0)
        self.offset_file.seek(12345)
        self.log = open("/tmp/log", "ab", buffering=0)
        self.deleted = open("/tmp/deleted", "w+b", buffering=0)
        self.deleted.write(b"still here")
        os.unlink("/tmp/deleted")
        self.pipe = os.pipe()
        os.write(self.pipe[1], b"in the pipe")
        self.pair = socket.socketpair()
        self.pair[0].send(b"in the socket")
        self.wake = threading.Condition()
        self.waiting = 0
        for _ in range(8):
            threading.Thread(target=self.wait, daemon=True).start()
        threading.Thread(target=self.timer_fd, daemon=True).start()
        self.tick()

    def wait(self):
        while True:
            with self.wake:
                self.waiting += 1
                self.wake.wait()
                self.waiting -= 1

    def tick(self):
        self.ticks += 1
        now = time.monotonic()
        if now < self.last:
            self.backwards += 1
        self.last = now
        timer = threading.Timer(0.02, self.tick)
        timer.daemon = True
        timer.start()

    # Armed anew each time: CRIU restores a periodic one that expired in the freeze without its timer.
    def timer_fd(self):
        fd = os.timerfd_create(time.CLOCK_MONOTONIC)
        while True:
            os.timerfd_settime(fd, initial=0.01)
            self.expirations += int.from_bytes(os.read(fd, 8), sys.byteorder)

    def expect(self, what, seen, wanted):
        if seen != wanted:
            self.errors.append(f"{what}: {seen!r} instead of {wanted!r}")

    def check(self):
        with open(TMPFS_FILE, "rb") as f:
            self.expect("tmpfs file", hashlib.sha256(f.read()).hexdigest(), self.sum)
        self.expect("offset", self.offset_file.tell(), 12345)
        self.expect("log", os.path.getsize("/tmp/log"), self.count)
        self.deleted.seek(0)
        self.expect("deleted file", self.deleted.read(), b"still here")
        self.pipe_and_socket()
        self.expect("threads", threading.active_count() >= 11, True)

    def pipe_and_socket(self):
        self.expect("pipe", os.read(self.pipe[0], 100), b"in the pipe")
        os.write(self.pipe[1], b"in the pipe")
        self.expect("socket", self.pair[1].recv(100), b"in the socket")
        self.pair[0].send(b"in the socket")

    def state(self):
        with self.lock:
            self.check()
            self.count += 1
            self.log.write(b"x")
            return {
                "count": self.count,
                "ticks": self.ticks,
                "expirations": self.expirations,
                "backwards": self.backwards,
                "pid": os.getpid(),
                "sum": self.sum,
                "errors": self.errors,
            }


class Handler(http.server.BaseHTTPRequestHandler):
    silent = threading.Event()

    def do_GET(self):
        if self.path == "/silent":
            Handler.silent.set()
        elif Handler.silent.is_set() and self.path != "/state":
            threading.Event().wait()
        body = json.dumps(everything.state()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


everything = Everything()
Server(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()
