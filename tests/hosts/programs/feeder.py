# SPDX-License-Identifier: MIT
"""A server of long connections: feeder.py PORT. A line is answered by itself; "get BYTES" by so many bytes,
each MiB of them different, and their SHA-256 as a line.
"""
import asyncio
import hashlib
import resource
import sys

BLOCK = 1 << 20


def block(number):
    return hashlib.sha256(b"%d" % number).digest() * (BLOCK // 32)


async def feed(writer, left):
    digest, number = hashlib.sha256(), 0
    while left:
        data = block(number)[:left]
        digest.update(data)
        writer.write(data)
        await writer.drain()
        left -= len(data)
        number += 1
    writer.write(digest.hexdigest().encode() + b"\n")
    await writer.drain()


async def serve(reader, writer):
    while line := await reader.readline():
        if line.startswith(b"get "):
            await feed(writer, int(line[4:]))
        else:
            writer.write(line)
            await writer.drain()
    writer.close()


async def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = await asyncio.start_server(serve, None, int(sys.argv[1]), backlog=512)
    async with server:
        await server.serve_forever()


asyncio.run(main())
