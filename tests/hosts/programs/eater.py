# SPDX-License-Identifier: MIT
# eater MEGABYTES CHILDREN: fills so much memory, and shares it with so many children.
import os
import sys
import time

pages = [bytearray(os.urandom(1 << 20)) for _ in range(int(sys.argv[1]))]
for _ in range(int(sys.argv[2])):
    if os.fork() == 0:
        break
with open(f"/tmp/ready-{os.getpid()}", "w", encoding="ascii") as file:
    file.write("yes")
while True:
    time.sleep(1)
