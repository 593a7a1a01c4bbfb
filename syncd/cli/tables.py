"""How listings look: columns for people, JSON for programs, times and sizes that can be read."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence

from syncd.core.admin.wish import encode
from syncd.errors import BadRequest


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, below their heads."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def as_json(value: object) -> str:
    return json.dumps(encode(value), indent=2)


def day(when_ms: int | None) -> str:
    """Local date and time; "never" for None."""
    return "never" if when_ms is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(when_ms / 1000))


def size(count: int) -> str:
    """Bytes in the unit a person would choose."""
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def several(count: int, what: str) -> str:
    """ "1 file", "2 files"."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def confirmed(question: str, yes: bool) -> bool:
    """Does the person agree? Raises BadRequest when nobody can be asked and --yes was not said."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise BadRequest("nobody is at a terminal to be asked; add --yes if you are sure")
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
