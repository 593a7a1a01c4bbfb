"""How the server's JSON is read, and how hashes and times are written in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from syncd.client.trouble import Away

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_T = TypeVar("_T")


class Fields:
    """A JSON object from the server; reading what is not there as it must be raises Away: that is no syncd."""

    def __init__(self, value: object) -> None:
        self._value: dict[str, object] = value if isinstance(value, dict) else {}

    def _typed(self, name: str, kind: type[_T]) -> _T:
        value = self._value.get(name)
        if not isinstance(value, kind):
            raise Away(f"the server's answer is not understood: no {name!r} in it")
        return value

    def text(self, name: str) -> str:
        return self._typed(name, str)

    def number(self, name: str) -> int:
        return self._typed(name, int)

    def flag(self, name: str) -> bool:
        return self._typed(name, bool)

    def has(self, name: str) -> bool:
        return self._value.get(name) is not None

    def inner(self, name: str) -> Fields:
        return Fields(self._value.get(name))

    def items(self, name: str) -> list[Fields]:
        return [Fields(one) for one in self._typed(name, list)]

    def texts(self, name: str) -> list[str]:
        return [str(one) for one in self._typed(name, list)]

    def ranges(self, name: str) -> tuple[tuple[int, int], ...]:
        return tuple((int(first), int(last)) for first, last in self._typed(name, list))


def marked(digest: str) -> str:
    """A hash as the protocol writes it."""
    return f"sha256:{digest}"


def bare(text: str) -> str:
    """The hash in it."""
    return text.removeprefix("sha256:")


def rfc3339(mtime_ns: int) -> str:
    """Unix ns as a time for the server, which counts in ms."""
    try:
        when = _EPOCH + timedelta(milliseconds=mtime_ns // 1_000_000)
    except OverflowError:  # a broken clock's year 10000
        when = _EPOCH
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unix_ms(text: str) -> int | None:
    """A time of the server as Unix ms; None when it is none."""
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, TypeError):
        return None
