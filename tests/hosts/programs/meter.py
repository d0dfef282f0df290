# SPDX-License-Identifier: MIT
"""What a program itself takes, without the programs that it starts.

meter.py COMMAND...: runs it, and reports in JSON on standard error: its peak of resident memory in kB,
its own processor time and the time from start to end in ms, its exit status. The memory is looked at
every ms.
"""
import json
import os
import sys
import time


def peak_kb(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def image(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return own_image


own_image = os.readlink("/proc/self/exe")


def main():
    begin = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    peak = 0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        # Before it is executed it is this program, and larger.
        if image(pid) != own_image:
            peak = max(peak, peak_kb(pid))
        time.sleep(0.001)
    wall = (time.monotonic() - begin) * 1000
    # Of a process that has ended and was not waited for: its own times, not yet its children's.
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    cpu = (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(json.dumps({"peak_kb": peak, "cpu_ms": round(cpu), "ms": round(wall), "status": status}), file=sys.stderr)
    sys.exit(status)


main()
