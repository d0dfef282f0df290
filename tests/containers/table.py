# SPDX-License-Identifier: MIT
"""table: the cases, one a line, read from cases/*.table. cases/README says what a line has."""

import os
import re

WHENS = ("both", "before", "config", "after", "there", "end")
COLUMN = re.compile(r"(?<=\s)\|(?=\s)")
ANSWER = re.compile(r"(moves|refused|undone)(?: ([a-z-]+))?(?:: (.*))?")
WARNED = re.compile(r"(.*), warned ([a-z-]+)(?:: (.*))?")


class Row:
    """name "FILE: WORDS", container (its name), quick, program, is_real, flags and options (words), answer, check and pattern of it,
    warned (check to pattern), lines (WHEN to shell)."""

    def __init__(self, line, file, number):
        columns = [c.strip() for c in COLUMN.split(line)]
        if len(columns) < 4:
            raise ValueError("a line has a name, a program, flags and an answer")
        self.container = f"{file}-{number}"
        self.quick = columns[0].startswith("*")
        self.name = f"{file}: {columns[0].lstrip('* ')}"
        self.program = columns[1]
        self.is_real = self.program.startswith("real ")
        flags, _, options = f"{columns[2]} ".partition("-- ")
        self.flags, self.options = flags.split(), options.split()
        self.read_answer(columns[3])
        self.lines = dict(self.read_line(c) for c in columns[4:])

    def read_answer(self, text):
        self.warned = {}
        while match := WARNED.fullmatch(text):
            text = match[1]
            self.warned[match[2]] = match[3] or ""
        match = ANSWER.fullmatch(text)
        if not match or (match[1] == "refused") != bool(match[2]):
            raise ValueError(f"no answer: '{text}'")
        self.answer, self.check, self.pattern = match[1], match[2], match[3] or ""

    @staticmethod
    def read_line(column):
        when, colon, line = column.partition(": ")
        if not colon or when not in WHENS:
            raise ValueError(f"'{column}' begins with none of {', '.join(WHENS)}")
        return when, line


def read(directory):
    rows = []
    for file in sorted(os.listdir(directory)):
        if not file.endswith(".table"):
            continue
        with open(os.path.join(directory, file), encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip() or line.startswith("#"):
                    continue
                try:
                    rows.append(Row(line, file.removesuffix(".table"), number))
                except ValueError as e:
                    raise SystemExit(f"{directory}/{file}:{number}: {e}") from None
    return rows
