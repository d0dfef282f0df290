# SPDX-License-Identifier: MIT
"""case: one line of the table is tried, there and back, and judged.

right   the answer is that of the table, and the container goes on as it was
late    frozen, to learn what a look could have told
wrong   hung, lost, in doubt, something left behind, or touched though refused
silent  moved, and something is lost without a word
false   refused, or warned of, though it moves
broken  the case itself could not be had
"""

import re
import time

from container import Broken, Container

VERDICTS = ("right", "late", "wrong", "silent", "false", "broken")
# What the test hosts' own checks warn of, whatever the container.
OF_THE_HOSTS = ("criu-check", "endpoint", "packets")


class Verdict(Exception):
    """What is not right, and why."""

    def __init__(self, word, why):
        super().__init__(why)
        self.word = word


class Case:
    def __init__(self, lab, row, lane):
        self.row = row
        self.container = Container(lab, row, lane)

    def try_it(self):
        """A verdict and what it is founded on."""
        c = self.container
        try:
            c.line("both", "rhel01", "rhel02")
            c.line("before", "rhel01")
            c.make()
            c.start()
            c.line("after", "rhel01")
            c.line("there", "rhel01")
            self.judge()
            return "right", ""
        except Verdict as v:
            return v.word, str(v)
        except Broken as e:
            return "broken", str(e)
        finally:
            c.remove()

    def judge(self):
        if self.row.answer == "refused":
            checks = self.container.check()
            self.move_is_refused(checks)
        elif self.row.answer == "undone":
            self.move_is_undone()
        else:
            checks = self.container.check()
            self.expect_checks(checks, None)
            for source, destination in ("rhel01", "rhel02"), ("rhel02", "rhel01"):
                self.moves(source, destination)

    def expect_checks(self, checks, refusing):
        """Exactly the checks of the table say something."""
        for check, (result, message) in checks.items():
            if result == "refused" and check != refusing:
                raise Verdict("false", f"refused by '{check}': {message}")
            if result == "warning" and check not in self.row.warned and check not in OF_THE_HOSTS:
                raise Verdict("false", f"warned by '{check}': {message}")
        for check, pattern in self.row.warned.items():
            message = checks.get(check, ("", "nothing"))[1]
            if check not in checks or not re.search(self.container.fill(pattern), message):
                raise Verdict("silent", f"'{check}' says: {message}")

    def snapshot(self, host):
        c = self.container
        report = c.report(host) if c.reports else {}
        return {"pid": c.pid(host), "first": c.first_process(host), "limits": c.limits(host),
                "processes": 0 if c.reports else c.processes(host), **report}

    def goes_on(self, host, before, moved):
        """The container is there as it was, and runs."""
        c = self.container
        lost = "silent" if moved else "wrong"
        if not c.pid(host):
            raise Verdict("wrong", f"it does not run on {host}")
        if c.reports:
            self.counts_on(host, before, lost)
        after = self.snapshot(host)
        for what in ("first", "looks", "limits") + (() if moved else ("pid", "processes")):
            if before.get(what) != after.get(what):
                raise Verdict(lost, f"{what}: {after.get(what)} on {host}, before {before.get(what)}")
        if c.address_is_on() not in (None, [host]):
            raise Verdict("wrong", f"its address is on {c.address_is_on()}")
        if not c.answers():
            raise Verdict(lost, "the client's connection is dead")
        if left := c.leavings():
            raise Verdict("wrong", f"left behind: {', '.join(left)}")
        if "there" in self.row.lines:
            status, out, error = c.shell(host, self.row.lines["there"])
            if status != 0:
                raise Verdict(lost, f"there: {self.row.lines['there']}: on {host}: {status}: {out}{error}")

    def counts_on(self, host, before, lost):
        c = self.container
        try:
            c.wait(lambda: c.report(host).get("count", 0) > before["count"], f"its counter goes on on {host}")
        except Broken as e:
            raise Verdict(lost, str(e)) from None
        if error := c.report(host).get("error"):
            raise Verdict(lost, error)

    def moves(self, source, destination):
        c = self.container
        before = self.snapshot(source)
        status, error = c.move(source, destination)
        if status == 3:
            raise Verdict("false", error)
        if status == 4:
            self.goes_on(source, before, False)
            raise Verdict("late", error)
        if status != 0:
            raise Verdict("wrong", f"exit code {status}: {error}")
        if c.pid(source):
            raise Verdict("wrong", f"it runs on {source} still")
        self.goes_on(destination, before, True)

    def move_is_refused(self, checks):
        c, row = self.container, self.row
        self.expect_checks(checks, row.check)
        message = checks.get(row.check, ("", "nothing"))[1]
        said = checks.get(row.check, ("",))[0] == "refused" and re.search(c.fill(row.pattern), message)
        before = self.snapshot("rhel01")
        start = time.monotonic()
        status, error = c.move("rhel01", "rhel02")
        if status == 0:
            raise Verdict("silent", f"moved; '{row.check}' says: {message}")
        if status == 4:
            raise Verdict("late", f"undone after {time.monotonic() - start:.1f} s: {error}")
        if status != 3:
            raise Verdict("wrong", f"exit code {status}: {error}")
        if not said or f"check '{row.check}'" not in error:
            raise Verdict("false", f"refused with: {error}; '{row.check}' says: {message}")
        self.goes_on("rhel01", before, False)

    def move_is_undone(self):
        c = self.container
        before = self.snapshot("rhel01")
        status, error = c.move("rhel01", "rhel02")
        if status == 0:
            raise Verdict("silent", "moved")
        if status != 4:
            raise Verdict("wrong" if status != 3 else "false", f"exit code {status}: {error}")
        if not re.search(c.fill(self.row.pattern), error):
            raise Verdict("wrong", f"undone with: {error}")
        self.goes_on("rhel01", before, False)
