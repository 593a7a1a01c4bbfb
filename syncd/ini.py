"""Reading an INI file line by line, so that every mistake is found at once and has its line.

The format is a strict part of what Python's `configparser` reads (a test compares them): `[section]`,
`key = value`, `#` or `;` at the start of a line for comments. It is not read with configparser because that
forgets line numbers, stops at the first mistake, and takes an indented key for more of the value above.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

FILE_BYTES = 65_536  # ten times the shipped file with its comments; more is the wrong file


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it is, what is wrong and what to write instead."""

    file: str
    line: int  # counted from 1; 0: the file as a whole
    text: str
    section: str = ""
    key: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        setting = f"[{self.section}] {self.key}".strip() + ": " if self.section else ""
        return f"{place}: {setting}{self.text}"


class ConfigError(Exception):
    """The configuration cannot be used; its text has a line for each problem."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Assignment:
    """`key = value` below `[section]`, at *line* of the file; *value* without the spaces around it."""

    section: str
    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Lines:
    """What a file says, and what of it could not be understood."""

    assignments: tuple[Assignment, ...]
    sections: tuple[tuple[str, int], ...]  # each with the line of its header
    problems: tuple[Problem, ...]


def read(path: Path) -> str:
    """The text of the file at *path*; raises ConfigError when it cannot, or must not, be read."""
    try:
        # Not blocking, for the path may be a pipe that nobody writes to.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            wrong = _unfit(os.fstat(descriptor).st_mode)
            data = b"" if wrong else os.read(descriptor, FILE_BYTES + 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        # Secrets may stand in it, so on a box with a service it is closed to people.
        cure = "run this as root" if isinstance(exc, PermissionError) else "name a readable file"
        raise ConfigError((Problem(str(path), 0, f"cannot be read: {reason}; {cure}"),)) from exc
    if wrong:
        raise ConfigError((Problem(str(path), 0, wrong),))
    return _text(data, str(path))


def _unfit(mode: int) -> str:
    """Why a file with *mode* is not to be trusted or read; empty if it may be."""
    if not stat.S_ISREG(mode):
        return "is not a file; name the configuration file itself"
    if mode & stat.S_IWOTH:  # it can name a program to run
        return "anybody on this box may write to it; run chmod o-w on it"
    return ""


def _text(data: bytes, file: str) -> str:
    if len(data) > FILE_BYTES:
        raise ConfigError((Problem(file, 1, f"is larger than {FILE_BYTES} bytes; this is no configuration file"),))
    try:
        return data.decode("utf-8-sig")  # editors on Windows begin a file with a byte order mark
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise ConfigError((Problem(file, line, "is not UTF-8; save the file in that encoding"),)) from exc


def parse(text: str, file: str) -> Lines:
    """What *text* says; *file* names it in the problems."""
    assignments: list[Assignment] = []
    sections: list[tuple[str, int]] = []
    problems: list[Problem] = []
    section: str | None = ""  # "": before the first one; None: below a header that could not be read
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.removesuffix("\r").rstrip(" \t")
        if not line or line.lstrip(" \t")[0] in "#;":
            continue
        wrong = _malformed(line, section != "")
        if wrong:
            problems.append(Problem(file, number, wrong))
        if line[0] == "[":
            section = None if wrong else line[1:-1]
            sections += [] if section is None else [(section, number)]
        elif section and not wrong:
            key, _, value = line.partition("=")
            assignments.append(Assignment(section, key.strip(" \t"), value.strip(" \t"), number))
    return Lines(tuple(assignments), tuple(sections), tuple(problems))


def _malformed(line: str, in_section: bool) -> str:
    """What is wrong with the form of *line*, which is neither empty nor a comment; empty if nothing."""
    value = line.partition("=")[2].strip(" \t")
    if line[0] in " \t":
        return "begins with a space or tab; begin at the left edge, and keep a value on one line"
    if not (line.replace("\t", " ").isprintable() and "\t" not in value):
        return "contains a control character or an unusual space; retype the line"
    if line[0] == "[":
        return "" if re.fullmatch(r"\[[^][]+\]", line) else "is no section; write [name], and nothing else on the line"
    if "=" not in line or line[0] == "=":
        return "is neither [section] nor key = value; write one of them, or # before a comment"
    if not in_section:
        return "stands before any [section]; put the section's line above it"
    if any(mark in f" {value} " for mark in (" # ", " ; ")):
        return "has a comment behind the value; give the comment a line of its own"
    return ""
