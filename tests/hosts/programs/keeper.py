# SPDX-License-Identifier: MIT
"""Asks a web server again and again over one connection that is kept alive.

keeper.py HOST PORT TIMEOUT_S: until SIGTERM; then reports in JSON: requests, the first fault (a
connection that broke, an answer that is no page) or null, the answers in order (runs of equal
ones), and the longest time one took.
"""
import http.client
import json
import signal
import sys
import time

stop = False


def on_signal(*_):
    global stop
    stop = True


def ask(connection):
    connection.request("GET", "/")
    answer = connection.getresponse()
    page = answer.read().decode().strip()
    if answer.status != 200 or answer.will_close:
        raise OSError(f"status {answer.status}, closes: {answer.will_close}")
    return page


def main():
    signal.signal(signal.SIGTERM, on_signal)
    connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=int(sys.argv[3]))
    connection.connect()
    # Otherwise http.client would connect anew by itself.
    connection.auto_open = 0
    requests, fault, runs, longest = 0, None, [], 0.0
    print("begun", file=sys.stderr, flush=True)
    while not stop and not fault:
        begin = time.monotonic()
        try:
            page = ask(connection)
        except (OSError, http.client.HTTPException) as error:
            fault = f"{type(error).__name__} {error}"
            break
        longest = max(longest, time.monotonic() - begin)
        requests += 1
        if runs[-1:] != [page]:
            runs.append(page)
        time.sleep(0.05)
    print(json.dumps({"requests": requests, "fault": fault, "runs": runs, "longest_ms": round(longest * 1000)}))


main()
