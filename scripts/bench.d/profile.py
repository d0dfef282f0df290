#!/usr/bin/env python3
"""profile.py NAME DEST: one move, run on its source; prints when each command of it was started.

Times are in ms from the start of the freeze, as a line reached this program. What CRIU itself needed
is read from its own logs, which are kept from the move's end by a link beside them.
"""
import json
import os
import re
import selectors
import subprocess
import sys
import threading
import time

LINKS = "/run/bench-logs"
KEEP_LOGS = f"""mkdir -p {LINKS}; rm -f {LINKS}/*; while sleep 0.01; do
for log in dump restore; do ln -f /run/cmigrate/*/$log.log {LINKS}/ 2>/dev/null; done; done"""


def read_lines(process):
    """Yields (seconds, stream, line) as they come, of both streams."""
    selector = selectors.DefaultSelector()
    left = {process.stdout: b"", process.stderr: b""}
    for stream in left:
        selector.register(stream, selectors.EVENT_READ)
    while selector.get_map():
        for key, _ in selector.select():
            data = os.read(key.fd, 65536)
            now = time.monotonic()
            if not data:
                selector.unregister(key.fileobj)
            *lines, left[key.fileobj] = (left[key.fileobj] + data).split(b"\n")
            for line in lines:
                name = "out" if key.fileobj is process.stdout else "err"
                yield now, name, line.decode(errors="replace")


def criu_time(text):
    """Seconds from CRIU's first to its last line; what follows at the gate is waiting."""
    text = text.split("Running post-dump scripts")[0]
    stamps = [float(t) for t in re.findall(r"^\((\d+\.\d+)\)", text, re.MULTILINE)]
    return stamps[-1] - stamps[0] if stamps else 0


def criu_logs(dest):
    for path, host in ((f"{LINKS}/dump.log", None), (f"{LINKS}/restore.log", dest)):
        if host:
            text = subprocess.run(["ssh", host, "cat", path], capture_output=True, text=True,
                                  errors="replace", check=False).stdout
        elif os.path.exists(path):
            with open(path, errors="replace", encoding="utf-8") as file:
                text = file.read()
        else:
            text = ""
        if text:
            yield os.path.basename(path), criu_time(text) * 1000, text


def main():
    name, dest = sys.argv[1:3]
    keepers = [subprocess.Popen(["sh", "-c", KEEP_LOGS]),
               subprocess.Popen(["ssh", "-tt", dest, KEEP_LOGS], stdin=subprocess.PIPE,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
    time.sleep(0.5)
    process = subprocess.Popen(["cmigrate", "--json", "--verbose", "move", name, dest],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    rows, summary = [], {}
    for now, stream, line in read_lines(process):
        if stream == "out":
            event = json.loads(line)
            if event["event"] == "summary":
                summary = event
            elif event["event"] == "step":
                rows.append((now, f"{event['name']} done, {event['ms']} ms"))
        else:
            rows.append((now, "    " + line))
    for keeper in keepers:
        keeper.terminate()
    if summary.get("outcome") != "moved":
        sys.exit(f"not moved: {summary.get('error')}")
    # The freeze begins as its step does: one step before it ends.
    steps = {step["name"]: step for step in summary["steps"]}
    end = next(now for now, text in rows if text.startswith("freeze done"))
    zero = end - steps["freeze"]["ms"] / 1000
    for now, text in rows:
        print(f"{(now - zero) * 1000:9.1f}  {text[:160]}")
    print(f"\noutage {summary['outage_ms']} ms, frozen {summary['freeze_ms']} ms, "
          f"in all {summary['total_ms']} ms")
    for log, ms, _ in criu_logs(dest):
        step = steps[log.split(".")[0]]["ms"]
        print(f"{log.split('.')[0]}: criu {ms:.1f} ms of the step's {step} ms; "
              f"runc, scripts and ssh {step - ms:.1f} ms")


main()
