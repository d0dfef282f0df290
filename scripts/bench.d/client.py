#!/usr/bin/env python3
"""client.py URL [PAUSE_MS [TIMEOUT_S]]: keeps asking URL, a new connection each time.

Prints "ready" after the first answer, and when its standard input ends one line of JSON:

  asked, failed      requests
  longest_ms         the longest that a request waited for its answer
  gap_ms             the longest time between two answers
  answers            what was answered, in the order of first sight, with counts

A request that is refused, reset or not answered within TIMEOUT_S (10) has failed. URL is
http://HOST[:PORT]/ (the answer is the first line of the page) or redis://HOST[:PORT]
(a PING; the answer is PONG).
"""
import json
import select
import socket
import sys
import time
from urllib.parse import urlsplit

TIMEOUT = float(sys.argv[3]) if len(sys.argv) > 3 else 10


def request_of(url):
    parts = urlsplit(url)
    if parts.scheme == "redis":
        return (parts.hostname, parts.port or 6379), b"PING\r\n"
    text = f"GET {parts.path or '/'} HTTP/1.0\r\nHost: {parts.hostname}\r\n\r\n"
    return (parts.hostname, parts.port or 80), text.encode()


def read_answer(sock, is_http):
    data = b""
    while is_http or b"\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            break
        data += more
    if not is_http:
        return data.decode(errors="replace").strip().lstrip("+")
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator or b" 200 " not in head.split(b"\r\n")[0]:
        raise OSError("not a page")
    return body.decode(errors="replace").split("\n")[0]


def ask(address, request):
    with socket.create_connection(address, TIMEOUT) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(request)
        return read_answer(sock, request.startswith(b"GET"))


def main():
    # The name is resolved once, so that no wait includes a look-up.
    (host, port), request = request_of(sys.argv[1])
    address = (socket.gethostbyname(host), port)
    pause = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.002
    asked = failed = 0
    longest = gap = 0.0
    last = None
    answers = {}
    while not select.select([sys.stdin], [], [], pause)[0]:
        begin = time.monotonic()
        asked += 1
        try:
            answer = ask(address, request)
        except OSError:
            failed += 1
            longest = max(longest, time.monotonic() - begin)
            continue
        end = time.monotonic()
        if not answers:
            print("ready", flush=True)
        answers[answer] = answers.get(answer, 0) + 1
        longest = max(longest, end - begin)
        gap = max(gap, end - last if last else 0)
        last = end
    print(json.dumps({"asked": asked, "failed": failed, "longest_ms": round(longest * 1000, 1),
                      "gap_ms": round(gap * 1000, 1), "answers": answers}))


main()
