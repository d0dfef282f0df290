# SPDX-License-Identifier: MIT
# threads THREADS CHILDREN: has so many threads beside the first one, and so many children.
import os
import sys
import threading
import time

for _ in range(int(sys.argv[1])):
    threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()
for _ in range(int(sys.argv[2])):
    if os.fork() == 0:
        break
with open(f"/tmp/ready-{os.getpid()}", "w", encoding="ascii") as file:
    file.write("yes")
while True:
    time.sleep(1)
