# SPDX-License-Identifier: MIT
"""Which rows the matrix runs.

plan.py [--vm] [--all]: prints a line for each row: kind, form, side, step, when, strategy, transport, controller,
detail, name, separated by tabs, "-" for what a row hasn't. Rows that wait most come first.

The full plan (--all) has every combination of values that can occur. The reduced plan, the default, is a subset:

- every two values of kind, side, step, when, strategy, transport and controller that occur together in a row of the
  full plan meet in a row of the reduced one;
- each form of a kind occurs (which signal, a cut for a while or for good), and each kind on each side;
- a kill, on which every other recovery rests, occurs both before and after each step.

A detail (which program hangs, which image is spoilt) only tells rows of the full plan apart. On virtual machines,
which are some thirty times slower, it is not pairs that occur but single values of kind, side, strategy and controller,
and of steps only those that other hosts lack.

A fault is a function here, which yields its rows, and a function fault_KIND in cases/, which runs one of them. The
steps are those of src/move/step_tables.c: a new one has rows by itself.
"""
import collections
import itertools
import pathlib
import re
import sys
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
TABLES = HERE.parent.parent / "src/move/step_tables.c"
CONTROLLERS = ("source", "destination", "third")
SIDES = ("source", "destination")
SIGNALS = ("INT", "TERM", "HUP")
COLD, DIRECT, POST_COPY = ("cold", "shared"), ("cold", "direct"), ("post-copy", "shared")
# A cold move whose memory follows from the images.
LAZY, LAZY_DIRECT = ("cold-lazy", "shared"), ("cold-lazy", "direct")
PRE_COPY, HYBRID = ("pre-copy", "shared"), ("hybrid", "shared")
# The same after passes.
PRE_COPY_LAZY = ("pre-copy-lazy", "shared")
# No move: the container stays, whatever happens.
REHEARSAL = ("rehearsal", "shared")
# About how many seconds longer than a kill.
WAITS = {"cut": 12, "hang": 12, "crash": 3, "silence": 2, "rush": 4, "agent": 8, "disk": 1}


class Row(NamedTuple):
    kind: str
    form: str
    side: str
    step: str
    when: str
    strategy: str
    transport: str
    controller: str
    detail: str

    def name(self):
        words = [] if self.strategy == "cold" else [f"{self.strategy}:"]
        words += [] if self.transport == "shared" else [f"{self.transport}:"]
        words += [self.kind, self.side, self.form]
        words += ["-" if self.step == "-" else f"{self.step}:{self.when}", self.detail]
        return " ".join(word for word in words if word != "-")


def row(kind, way, controller, point="-:-", side="-", form="-", detail="-"):
    step, when = point.split(":")
    return Row(kind, form, side, step, when, *way, controller, detail)


def read_tables():
    """Names of tables to lists of (step, has an undo)."""
    text = TABLES.read_text(encoding="utf-8")
    return {
        table.replace("_", "-"): re.findall(r'\{"([\w-]+)",\s*\w+,\s*(\w+)', body)
        for table, body in re.findall(r"static const struct step (\w+)\[\] = \{\n(.*?)\n\};", text, re.S)
    }


TABLE = read_tables()


def steps(way):
    return [name for name, _ in TABLE[way[0]]]


def undos(way):
    return [name for name, undo in TABLE[way[0]] if undo != "NULL"]


def points(way, first=None, last=None):
    """Before and after each step, between two points and with them."""
    every = [f"{step}:{when}" for step in steps(way) for when in ("before", "after")]
    return every[every.index(first) if first else 0 : every.index(last) + 1 if last else None]


def turns(values, every):
    """Each value with one of those that take turns."""
    return zip(values, itertools.cycle(every))


# Faults between namespaces.


def kill():
    for way in (COLD, DIRECT, POST_COPY, LAZY, REHEARSAL):
        for point, controller in itertools.product(points(way), CONTROLLERS):
            yield row("kill", way, controller, point)


def moment():
    """Anywhere, in the middle of a step too."""
    for ms, controller in turns(range(300, 1300, 5), CONTROLLERS):
        form = "early" if ms < 600 else "midway" if ms < 900 else "late"
        yield row("moment", COLD, controller, form=form, detail=str(ms))


def signal():
    for point, controller, form in itertools.product(points(COLD, last="clean:before"), CONTROLLERS, SIGNALS):
        yield row("signal", COLD, controller, point, form=form)
    for point, controller, form in (
        ("dump:after", "source", "INT-twice"),
        ("hold:after", "third", "TERM-twice"),
        ("clean:before", "destination", "INT-twice"),
    ):
        yield row("signal", COLD, controller, point, form=form)


def crash():
    """A host loses its power: with the controller killed at that point, or a controller that lives on; it may stay off."""
    yield from crash_destination()
    yield from crash_source()
    for way, form in (COLD, "stays-off"), (DIRECT, "with-controller"):
        yield row("crash", way, "third", "dump:after", "both", form)


def crash_destination():
    for way in (COLD, DIRECT, POST_COPY):
        for point, controller in itertools.product(points(way, last="clean:before"), ("source", "third")):
            yield row("crash", way, controller, point, "destination", "with-controller")
    for point, controller in itertools.product(points(LAZY, "serve:before", "commit:before"), ("source", "third")):
        yield row("crash", LAZY, controller, point, "destination", "with-controller")
    for point, controller in itertools.product(points(COLD, last="restore:after"), ("source", "third")):
        if point not in ("prepare:after", "hold:after", "address:after", "settle:after", "freeze:after"):
            yield row("crash", COLD, controller, point, "destination", "lives-on")
    for point, controller in itertools.product(points(COLD, last="answer:after"), ("source", "third")):
        yield row("crash", COLD, controller, point, "destination", "stays-off")


def crash_source():
    controllers = ("destination", "third")
    for point, controller in itertools.product(
        ("hold:after", "settle:after", "freeze:before", "freeze:after", "dump:before"), controllers
    ):
        yield row("crash", COLD, controller, point, "source", "with-controller")
    for point, controller in itertools.product(
        ("prepare:after", "hold:after", "settle:after", "freeze:before", "dump:before"), controllers
    ):
        yield row("crash", COLD, controller, point, "source", "lives-on")
    for point, controller in itertools.product(points(COLD, "dump:after", "open-gate:before"), controllers):
        yield row("crash", COLD, controller, point, "source", "with-controller")
    for point, controller in itertools.product(("freeze:after", "dump:after", "restore:before"), controllers):
        yield row("crash", DIRECT, controller, point, "source", "with-controller")
    # The memory is in the images that the destination has.
    for point, controller in itertools.product(points(LAZY, "dump:after", "open-gate:before"), controllers):
        yield row("crash", LAZY, controller, point, "source", "with-controller")
    for point, controller in itertools.product(("dump:after", "serve:after", "drain:before"), controllers):
        yield row("crash", LAZY_DIRECT, controller, point, "source", "with-controller")
    for point, controller in (("dump:after", "destination"), ("restore:after", "third")):
        yield row("crash", COLD, controller, point, "source", "stays-off")
    yield row("crash", POST_COPY, "third", "drain:in", "source", "lives-on")


def recovery():
    """The move is killed at the point that is the form, recoveries at others, and a last one is let end."""
    forward = [f"{step}:{when}" for step in ("release", "answer", "commit", "open-gate", "clean") for when in ("before", "after")]
    for controller in CONTROLLERS:
        for step in undos(COLD):
            for at in ("prepare:after", "hold:after", "freeze:after", "dump:after", "restore:before"):
                yield row("recovery", COLD, controller, f"{step}:undo", form=at)
        for point in forward:
            for at in ("restore:after", "release:before", "release:after"):
                yield row("recovery", COLD, controller, point, form=at)
            # A second one is past that already.
            if point != "commit:after":
                yield row("recovery", COLD, controller, point, form="restore:after", detail=point)
    for controller, at, point, detail in (
        ("source", "open-gate:before", "open-gate:before", "clean:after"),
        ("destination", "dump:after", "dump:undo", "freeze:undo"),
        ("third", "settle:after", "freeze:undo", "address:undo"),
        ("third", "restore:after", "answer:before", "open-gate:after"),
        ("source", "hold:after", "freeze:undo", "hold:undo"),
    ):
        yield row("recovery", COLD, controller, point, form=at, detail=detail)
    # The source was lost after its dump: from its images.
    for point in (
        "prepare:before",
        "prepare:after",
        "hold:after",
        "address:after",
        "restore:before",
        "restore:after",
        "release:after",
        "commit:after",
        "clean:before",
    ):
        yield row("recovery", COLD, "third", point, "source", "dump:after")


def cut():
    """The wire between the controller and a host, which is both for a third one and the other for the rest."""
    ends = [("third", "source"), ("third", "destination"), ("source", "destination"), ("destination", "source")]
    for step, (controller, side), form in itertools.product(steps(COLD), ends, ("a-while", "for-good")):
        yield row("cut", COLD, controller, f"{step}:before", side, form)
    for step, controller in itertools.product(("prepare", "freeze", "dump", "restore"), ("third", "source")):
        yield row("cut", DIRECT, controller, f"{step}:before", "destination", "for-good")


def agent():
    """Killed, or stopped for longer than a controller waits for a sign of life."""
    forms = "killed", "stopped", "stays-stopped"
    for way in (COLD, DIRECT, POST_COPY, LAZY, REHEARSAL):
        for (point, side), turn in turns(itertools.product(points(way), SIDES), itertools.permutations(CONTROLLERS)):
            for form, controller in zip(forms[:1] if way == REHEARSAL else forms, turn):
                yield row("agent", way, controller, point, side, form)


def disk():
    """The shared directory's, or the /run of a host."""
    for side, controller, point in itertools.product(
        SIDES, CONTROLLERS, ("prepare:before", "hold:after", "freeze:before", "dump:after", "restore:after", "clean:before")
    ):
        yield row("disk", COLD, controller, point, side, "run-full")
    for controller in CONTROLLERS:
        yield row("disk", COLD, controller, form="full-from-the-start")
        yield row("disk", COLD, controller, form="no-room-for-the-images")
        yield row("disk", COLD, controller, "dump:before", form="fills-up")
        for step in steps(COLD):
            yield row("disk", COLD, controller, f"{step}:before", form="full")


def leave():
    """The container ends by itself."""
    for side, controller, point in (
        ("source", "source", "hold:before"),
        ("source", "destination", "settle:after"),
        ("source", "third", "freeze:before"),
        ("destination", "source", "release:before"),
    ):
        yield row("leave", COLD, controller, point, side)


def killed():
    """The destination's copy, by the kernel, for want of memory."""
    for point, controller in turns(points(COLD, "restore:after", "commit:before"), CONTROLLERS):
        yield row("killed", COLD, controller, point, "destination")
    yield row("killed", POST_COPY, "source", "answer:after", "destination")


def unseized():
    """A process of the source that CRIU finds in another state than it wants; the steps after that are tried again."""
    for form, controller in (("stopped", "source"), ("traced", "third"), ("in-state-D", "destination")):
        yield row("unseized", COLD, controller, "prepare:after", "source", form)


def hang():
    """Each program that a move starts on a host, where it matters one use of it at a time."""
    lines = [line.split() for line in (HERE / "hangs").read_text(encoding="ascii").splitlines() if line[:1] != "#"]
    for (side, program, word, _), controller in turns(lines, ("third", "source", "destination")):
        yield row("hang", COLD, controller, side=side, detail=f"{program} {word}")
    yield row("hang", COLD, "source", "restore:in", "destination", "killed")


def image():
    for detail, controller in turns(
        (
            "pages-truncated",
            "pages-missing",
            "inventory-missing",
            "core-flipped",
            "pagemap-truncated",
            "descriptors-missing",
            "all-missing",
        ),
        CONTROLLERS,
    ):
        yield row("image", COLD, controller, "dump:after", detail=detail)


def silence():
    """An endpoint that never answers."""
    for form, controller in (("rolled-back", "source"), ("kept", "third"), ("kept-and-killed", "destination")):
        yield row("silence", COLD, controller, "answer:in", form=form)


def rush():
    for detail in ("once", "again"):
        yield row("rush", COLD, "both", detail=detail)


def program():
    """What carries the pages is killed, in the drain or before it."""
    for side, controller in (("source", "third"), ("destination", "source")):
        yield row("program", POST_COPY, controller, "drain:in", side)
    # A small container has all its memory as soon as it runs; until then all of it is restored at once instead.
    for way, controller in (LAZY, "source"), (LAZY_DIRECT, "third"):
        yield row("program", way, controller, "restore:before", "destination")


def observer():
    yield row("observer", COLD, "-")


# Faults between virtual machines, where memory can go ahead of the container.


def vm_kill():
    for way in (PRE_COPY, PRE_COPY_LAZY, HYBRID):
        for point, controller in turns(points(way), CONTROLLERS):
            yield row("kill", way, controller, point)
    yield row("kill", PRE_COPY, "third", "pre-copy:in")
    yield row("kill", HYBRID, "source", "pre-copy:in")


def vm_crash():
    yield row("crash", PRE_COPY, "source", "pre-copy:in", "destination", "lives-on")
    yield row("crash", PRE_COPY, "third", "pre-copy:in", "source", "lives-on")
    yield row("crash", PRE_COPY, "destination", "dump:after", "source", "with-controller")
    yield row("crash", PRE_COPY, "third", "restore:after", "source", "with-controller")
    yield row("crash", PRE_COPY, "third", "pre-copy:after", "destination", "with-controller")
    yield row("crash", PRE_COPY, "source", "restore:after", "destination", "with-controller")
    yield row("crash", HYBRID, "third", "answer:after", "destination", "with-controller")
    yield row("crash", HYBRID, "third", "drain:in", "source", "lives-on")


def vm_pass():
    yield row("pass", PRE_COPY, "source", "pre-copy:in", "source")


def vm_program():
    for side, controller in (("source", "third"), ("destination", "source")):
        yield row("program", HYBRID, controller, "drain:in", side)


FAULTS = (
    observer,
    kill,
    moment,
    signal,
    crash,
    recovery,
    cut,
    agent,
    disk,
    leave,
    killed,
    unseized,
    hang,
    image,
    silence,
    rush,
    program,
)
VM_FAULTS = (vm_kill, vm_crash, vm_pass, vm_program)


def full_plan(vm):
    return [r for fault in (VM_FAULTS if vm else FAULTS) for r in fault()]


PAIRED = ("kind", "side", "step", "when", "strategy", "transport", "controller")


def values(row_, fields):
    return [(field, getattr(row_, field)) for field in fields if getattr(row_, field) != "-"]


def meets(row_):
    """What a row contributes: pairs of values, its form, and of a kill its point."""
    found = set(itertools.combinations(values(row_, PAIRED), 2))
    found.add((("kind", row_.kind), ("form", row_.form)))
    if row_.kind == "kill":
        found.add((("kind", "kill"), ("point", f"{row_.step}:{row_.when}")))
    return found


def shows(row_):
    """The same on virtual machines."""
    found = set(values(row_, ("kind", "side", "strategy", "controller")))
    if row_.step not in steps(POST_COPY) + steps(COLD):
        found.add(("step", row_.step))
    return found


def choose(rows, covers):
    """Greedily: always the row that adds most, of equals the one with values that were chosen least, of those the
    first. Then without the rows that later ones made needless.
    """
    wanted = [covers(r) for r in rows]
    gains = [len(w) for w in wanted]  # they only fall
    missing, chosen, used = set().union(*wanted), [], collections.Counter()
    while missing:
        best, best_key = 0, (0,)
        for i, r in enumerate(rows):
            if gains[i] < best_key[0]:
                continue
            gains[i] = len(wanted[i] & missing)
            key = (gains[i], -sum(used[value] for value in values(r, PAIRED)))
            if key > best_key:
                best, best_key = i, key
        chosen.append(best)
        missing -= wanted[best]
        used.update(values(rows[best], PAIRED))
    for i in list(chosen):
        if wanted[i] <= set().union(*(wanted[j] for j in chosen if j != i)):
            chosen.remove(i)
    return [rows[i] for i in sorted(chosen)]


def main(words):
    vm = "--vm" in words
    plan = full_plan(vm)
    if "--all" not in words:
        plan = choose(plan, shows if vm else meets)
    plan.sort(key=lambda r: -WAITS.get(r.kind, 0))
    for r in plan:
        print(*r, r.name(), sep="\t")


main(sys.argv[1:])
