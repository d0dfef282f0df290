# SPDX-License-Identifier: MIT
"""Asks a web server over a new connection every few ms, and never waits for one before the next.

asker.py INTERVAL_MS TIMEOUT_S URL...: the URLs by turns, until SIGTERM; then reports in JSON: per URL the number of
requests, the failed ones by cause, the answers in the order of asking (runs of equal ones), the
longest time one took; of each lap too, with its hundred longest. SIGUSR1 ends a lap.
"""
import errno
import itertools
import json
import os
import resource
import selectors
import signal
import socket
import sys
import time
import urllib.parse

INTERVAL, TIMEOUT = float(sys.argv[1]) / 1000, float(sys.argv[2])


class Request:
    """One of them; step() when its socket is ready, until that returns False."""

    def __init__(self, asker, row, selector):
        self.row, self.selector, self.answer = row, selector, b""
        self.begin = time.monotonic()
        self.request = f"GET {asker.path} HTTP/1.0\r\nHost: {asker.host}\r\n\r\n".encode()
        self.socket = socket.socket(asker.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        selector.register(self.socket, selectors.EVENT_WRITE, self)
        self.going = True
        code = self.socket.connect_ex(asker.address)
        if code not in (0, errno.EINPROGRESS):
            self.fail(OSError(code, os.strerror(code)))

    def step(self):
        try:
            if self.request:
                code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    raise OSError(code, os.strerror(code))
                self.request = self.request[self.socket.send(self.request) :]
                if not self.request:
                    self.selector.modify(self.socket, selectors.EVENT_READ, self)
                return
            part = self.socket.recv(65536)
            self.answer += part
            if not part:
                self.read()
        except (OSError, ValueError) as error:
            self.fail(error)

    def read(self):
        head, _, body = self.answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise ValueError(f"answer {self.answer[:80]!r}")
        self.row["answer"] = body.decode().strip()
        self.end()

    def fail(self, error):
        self.row["error"] = f"{type(error).__name__} {error}".strip()
        self.end()

    def end(self):
        self.row["end"] = time.monotonic()
        self.row["ms"] = (self.row["end"] - self.begin) * 1000
        self.selector.unregister(self.socket)
        self.socket.close()
        self.going = False


def times(rows):
    ms = sorted(row["ms"] for row in rows if "answer" in row)
    return {
        "longest_ms": round(ms[-1] if ms else 0),
        "p99_ms": round(ms[len(ms) * 99 // 100] if ms else 0),
        "slowest_ms": [round(one) for one in ms[-100:]],
    }


class Asker:
    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host, self.path = parts.hostname, parts.path or "/"
        self.family, _, _, _, self.address = socket.getaddrinfo(
            self.host, parts.port or 80, type=socket.SOCK_STREAM
        )[0]
        self.rows = []

    def report(self, laps):
        runs, errors, longest_gap = [], {}, 0.0
        answered = sorted(row["end"] for row in self.rows if "answer" in row)
        for a, b in zip(answered, answered[1:]):
            longest_gap = max(longest_gap, (b - a) * 1000)
        # In the order of the answers: that is when a host served.
        for row in sorted(self.rows, key=lambda row: row.get("end", 0)):
            if "answer" in row and (not runs or runs[-1] != row["answer"]):
                runs.append(row["answer"])
            elif "error" in row:
                errors[row["error"]] = errors.get(row["error"], 0) + 1
        return {
            "requests": len(self.rows),
            "failed": sum(errors.values()),
            "errors": errors,
            "runs": runs,
            "gap_ms": round(longest_gap),
            **{key: value for key, value in times(self.rows).items() if key != "slowest_ms"},
            "laps": [times([row for row in self.rows if row["lap"] == lap]) for lap in range(laps)],
        }


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    done, laps = [], []
    signal.signal(signal.SIGTERM, lambda *_: done.append(None))
    signal.signal(signal.SIGUSR1, lambda *_: laps.append(None))
    askers = [Asker(url) for url in sys.argv[3:]]
    turns = itertools.cycle(askers)
    selector = selectors.DefaultSelector()
    requests = []  # in the order of their beginning
    print("begun", file=sys.stderr, flush=True)
    due = time.monotonic()
    while requests or not done:
        now = time.monotonic()
        if not done and now >= due:
            asker = next(turns)
            asker.rows.append({"lap": len(laps)})
            requests.append(Request(asker, asker.rows[-1], selector))
            due += INTERVAL
            continue
        next_one = due if not done else now + 0.1
        for key, _ in selector.select(max(0, next_one - now)):
            key.data.step()
        while requests and (not requests[0].going or now > requests[0].begin + TIMEOUT):
            if requests[0].going:
                requests[0].fail(TimeoutError())
            requests.pop(0)
    print(json.dumps([asker.report(len(laps)) for asker in askers]))


main()
