"""What a person, or a program, is told: a line for each thing that happened, and a progress bar on a terminal.

With --json each line of standard output is one object: {"event": "sent", "path": "a/b.txt", "size": 12, ...}.
Events: sent, fetched, moved, deleted, made, removed, conflict, skipped, held, error, online, offline, in_step.
"""

from __future__ import annotations

import json
import sys
from types import TracebackType
from typing import Protocol, Self

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_WORDS = {"in_step": "in step", "made": "made folder", "removed": "removed folder"}  # for people
_ALARMING = ("error", "offline", "held", "conflict")


class Bar(Protocol):
    """What is used of tqdm."""

    total: float | None

    def update(self, n: float = 1) -> bool | None: ...
    def refresh(self) -> None: ...
    def clear(self) -> None: ...
    def close(self) -> None: ...


def human(size: int) -> str:
    """*size* in bytes for people."""
    value = float(size)
    for unit in UNITS:
        if value < 1024 or unit == UNITS[-1]:
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


class Teller:
    """Where events go. A progress bar appears while bytes travel, if a person looks on and tqdm is there."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._json = as_json
        self._said: dict[tuple[str, str], set[str]] = {}  # reasons by event and path
        self._bar: Bar | None = None
        self._shows_bar = not as_json and sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_bar()

    def say(self, event: str, path: str = "", why: str = "", **more: str | int | bool) -> None:
        """Tell *event*; fields that are empty are left out."""
        if self._bar is not None:
            self._bar.clear()
        if self._json:
            fields = {"event": event, "path": path, "why": why, **more}
            line = json.dumps({name: value for name, value in fields.items() if value != ""}, ensure_ascii=True)
        else:
            line = _line(event, path, why, more)
        stream = sys.stderr if event in _ALARMING and not self._json else sys.stdout
        print(line.encode("utf-8", "backslashreplace").decode(), file=stream, flush=True)

    def say_once(self, event: str, path: str = "", why: str = "") -> None:
        """The same, unless it was said before."""
        said = self._said.setdefault((event, path), set())
        if why not in said:
            said.add(why)
            self.say(event, path, why)

    def unsay(self, event: str, path: str) -> None:
        """It is over: said again if it comes again."""
        self._said.pop((event, path), None)

    def expect(self, size: int) -> None:
        """So many more bytes are going to travel."""
        if self._shows_bar and self._bar is None:
            self._bar = _new_bar()
            self._shows_bar = self._bar is not None
        if self._bar is not None:
            self._bar.total = (self._bar.total or 0) + size
            self._bar.refresh()

    def travelled(self, size: int) -> None:
        if self._bar is not None:
            self._bar.update(size)

    def end_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _line(event: str, path: str, why: str, more: dict[str, str | int | bool]) -> str:
    words = [_WORDS.get(event, event)]
    if more.get("dry"):
        words.insert(0, "would be")
    if path:
        words.append(_printable(path))
    if "to" in more:
        words.append(f"-> {_printable(str(more['to']))}")
    if "size" in more:
        words.append(f"({human(int(more['size']))})")
    if "side" in more:
        words.append(f"({more['side']})")
    return " ".join(words) + (f": {why}" if why else "")


def _printable(text: str) -> str:
    """A name from elsewhere must not steer the terminal."""
    return "".join(ch if ch.isprintable() else "\ufffd" for ch in text)


def _new_bar() -> Bar | None:
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    bar: Bar = tqdm(total=0, unit="B", unit_scale=True, unit_divisor=1024, leave=False, dynamic_ncols=True)
    return bar
