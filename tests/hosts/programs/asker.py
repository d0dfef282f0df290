# SPDX-License-Identifier: MIT
"""Asks a web server over a new connection every few ms, and never waits for one before the next.

asker.py INTERVAL_MS TIMEOUT_S URL...: the URLs by turns, until SIGTERM; then reports in JSON: per URL the number of
requests, the failed ones by cause, the answers in the order of asking (runs of equal ones), the
longest time one took; of each lap too, with its hundred longest. SIGUSR1 ends a lap.
"""
import asyncio
import itertools
import json
import resource
import signal
import sys
import time
import urllib.parse

INTERVAL, TIMEOUT = float(sys.argv[1]) / 1000, float(sys.argv[2])


async def ask(host, port, path):
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        answer = await reader.read()
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise ValueError(f"answer {answer[:80]!r}")
    return body.decode().strip()


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
        self.target = (parts.hostname, parts.port or 80, parts.path or "/")
        self.rows = []

    async def one(self, row):
        begin = time.monotonic()
        try:
            row["answer"] = await asyncio.wait_for(ask(*self.target), TIMEOUT)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            row["error"] = f"{type(error).__name__} {error}".strip()
        row["end"] = time.monotonic()
        row["ms"] = (row["end"] - begin) * 1000

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


async def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    done = asyncio.Event()
    laps = []
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, laps.append, None)
    askers = [Asker(url) for url in sys.argv[3:]]
    tasks = set()
    print("begun", file=sys.stderr, flush=True)
    due = time.monotonic()
    for asker in itertools.cycle(askers):
        if done.is_set():
            break
        row = {"lap": len(laps)}
        asker.rows.append(row)
        task = asyncio.create_task(asker.one(row))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        due += INTERVAL
        await asyncio.sleep(max(0, due - time.monotonic()))
    await asyncio.gather(*tasks)
    print(json.dumps([asker.report(len(laps)) for asker in askers]))


asyncio.run(main())
