# SPDX-License-Identifier: MIT
"""A controller that uses all of cmigrate at random, three commands at a time.

busy.py SEED SECONDS LOG HOST...: LOG gets a line of JSON for each command: its words, its exit code (null: it did not
end), whether it was killed on purpose, its time and its last words. Some commands are killed on their way, as by the
death of their host.
"""
import glob
import json
import os
import random
import subprocess
import sys
import tempfile
import time

SEED, SECONDS, LOG = sys.argv[1], float(sys.argv[2]), sys.argv[3]
HOSTS = sys.argv[4:]
ROOT = "/runc/containers"
AT_ONCE = 3
SLOWNESS = float(os.environ.get("TEST_SLOWNESS", "1"))
# A host that is lost costs a command a minute, and a drain makes several moves one after another.
END_SECONDS = 240 * SLOWNESS

chance = random.Random(SEED)


def names():
    return sorted(os.path.basename(os.path.dirname(path)) for path in glob.glob(f"{ROOT}/*/config.json"))


def a_name():
    return chance.choice(names())


def a_moving_name():
    moving = sorted(path.split("/")[-3] for path in glob.glob(f"{ROOT}/*/.cmigrate/journal"))
    return chance.choice(moving) if moving else a_name()


def a_host():
    return chance.choice(HOSTS)


def move():
    words = ["move"]
    if chance.random() < 0.3:
        words += ["--strategy", chance.choice(["cold", "post-copy"])]
    elif chance.random() < 0.4:
        words += ["--transport", "direct"]
    if chance.random() < 0.4:
        words += ["--bandwidth", "20M"]
    if chance.random() < 0.2:
        words += ["--max-downtime", "500", "--if-slow", chance.choice(["abort", "post-copy"])]
    return words + [a_name(), a_host()]


def follow():
    return ["status", a_moving_name(), "--follow"]


def abort():
    return chance.choice([["abort", a_moving_name()]] * 4 + [["abort", "--drain", a_host()], ["abort", "--rebalance"]])


def tune():
    how = chance.choice([["--bandwidth", "40M"], ["--max-downtime", "200"], ["--post-copy"]])
    return ["tune", a_moving_name()] + how


def drain():
    words = ["drain", a_host(), "--cordon", "--reason", "busy"]
    return words + chance.choice([[], ["--within", "20s"], ["--on-error", "stop"], ["--parallel", "3"]])


def uncordon():
    return ["uncordon", a_host()] + chance.choice([[], ["--return"], ["--return"]])


def rebalance():
    return ["rebalance", "--by", "count", "--threshold", "0"]


def check():
    return chance.choice([["check", a_name()], ["check", a_name(), a_host()], ["move", "--dry-run", a_name(), a_host()]])


def look():
    return chance.choice([["list"], ["status", a_name()], ["history", a_name()]])


def recover():
    return ["recover", a_moving_name()]


ACTIONS = {move: 8, follow: 3, abort: 3, tune: 3, drain: 2, uncordon: 4, rebalance: 2, check: 2, look: 1, recover: 1}


class Command:
    def __init__(self, words):
        self.words, self.begun = words, time.monotonic()
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(
            ["cmigrate", "--json"] + words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors
        )
        self.killed = False
        # A drain may last longer than all the rest.
        self.dies_at = self.begun + chance.uniform(0.2, 4) if chance.random() < 0.05 else None

    def is_over(self):
        if self.dies_at and time.monotonic() > self.dies_at and self.process.poll() is None:
            self.killed = True
            self.process.kill()
            self.process.wait()
        return self.process.poll() is not None

    def note(self, log):
        self.errors.seek(0)
        row = {
            "words": self.words,
            "code": self.process.returncode,
            "killed": self.killed,
            "seconds": round(time.monotonic() - self.begun, 1),
            "error": (self.errors.read().strip().splitlines() or [""])[-1],
        }
        log.write(json.dumps(row) + "\n")
        log.flush()
        self.errors.close()


def main():
    running = []
    end = time.monotonic() + SECONDS
    with open(LOG, "w", encoding="utf-8") as log:
        while time.monotonic() < end or running:
            for command in [c for c in running if c.is_over()]:
                command.note(log)
                running.remove(command)
            if time.monotonic() < end and len(running) < AT_ONCE:
                action = chance.choices(list(ACTIONS), list(ACTIONS.values()))[0]
                running.append(Command(action()))
            elif time.monotonic() > end + END_SECONDS:
                for command in running:
                    command.note(log)
                    command.process.kill()
                return
            else:
                time.sleep(0.05)


main()
