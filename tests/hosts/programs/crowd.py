# SPDX-License-Identifier: MIT
"""Many connections to a feeder.py, and one download through all of it.

crowd.py HOST PORT IDLE BUSY BYTES BYTES_A_SECOND: IDLE connections say nothing until the end, BUSY ones
say a line every 100 ms, and BYTES are downloaded, not faster than that. Until SIGTERM: then every connection says
a last line, the rest is downloaded at once, and it reports in JSON what of it went well.
"""
import asyncio
import hashlib
import json
import signal
import sys
import time

HOST, PORT, IDLE, BUSY, BYTES, RATE = sys.argv[1], *map(int, sys.argv[2:7])
LAST_S = 20


async def say(reader, writer, line):
    writer.write(line)
    await writer.drain()
    return await reader.readline() == line


class Crowd:
    def __init__(self):
        self.done = asyncio.Event()
        self.faults = {}
        self.lines = self.alive = 0
        self.received = self.received_before = 0
        self.download_ok = False
        self.opened = 0

    def fault(self, error):
        text = f"{type(error).__name__} {error}"
        self.faults[text] = self.faults.get(text, 0) + 1

    async def one(self, number, pause):
        try:
            reader, writer = await asyncio.open_connection(HOST, PORT)
            self.opened += 1
            count, good = 0, True
            while not self.done.is_set():
                if pause:
                    good &= await say(reader, writer, b"%d %d\n" % (number, count))
                    count += 1
                try:
                    await asyncio.wait_for(self.done.wait(), pause)
                except asyncio.TimeoutError:
                    pass
            good &= await asyncio.wait_for(say(reader, writer, b"%d last\n" % number), LAST_S)
            self.lines += count
            self.alive += good
            writer.close()
        except (OSError, asyncio.TimeoutError) as error:
            self.fault(error)

    async def download(self):
        try:
            reader, writer = await asyncio.open_connection(HOST, PORT)
            self.opened += 1
            writer.write(b"get %d\n" % BYTES)
            digest, begin = hashlib.sha256(), time.monotonic()
            while self.received < BYTES:
                data = await reader.read(min(1 << 16, BYTES - self.received))
                if not data:
                    raise EOFError(f"after {self.received} bytes")
                digest.update(data)
                self.received += len(data)
                ahead = self.received / RATE - (time.monotonic() - begin)
                if ahead > 0 and not self.done.is_set():
                    await asyncio.sleep(ahead)
            said = await asyncio.wait_for(reader.readline(), LAST_S)
            self.download_ok = said.strip().decode() == digest.hexdigest()
            writer.close()
        except (OSError, EOFError, asyncio.TimeoutError) as error:
            self.fault(error)

    def end(self):
        self.received_before = self.received
        self.done.set()

    def report(self):
        return {
            "opened": self.opened,
            "alive": self.alive,
            "lines": self.lines,
            "faults": self.faults,
            "downloaded": self.received,
            "downloaded_during_moves": self.received_before,
            "download_ok": self.download_ok,
        }


async def main():
    crowd = Crowd()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, crowd.end)
    tasks = [asyncio.create_task(crowd.one(n, None if n < IDLE else 0.1)) for n in range(IDLE + BUSY)]
    tasks.append(asyncio.create_task(crowd.download()))
    while crowd.opened < len(tasks) and not crowd.faults:
        await asyncio.sleep(0.01)
    print("begun", file=sys.stderr, flush=True)
    await asyncio.gather(*tasks)
    print(json.dumps(crowd.report()))


asyncio.run(main())
