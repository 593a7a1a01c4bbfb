"""Preconditions and ranges of RFC 9110, as functions of values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from functools import lru_cache

_RANGE = re.compile(r"bytes=[ \t]*(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))[ \t]*", re.IGNORECASE | re.ASCII)
_TAG = re.compile(r'(W/)?"([^"]*)"')


class Outcome(Enum):
    WHOLE = auto()
    PART = auto()
    NOT_MODIFIED = auto()
    PRECONDITION_FAILED = auto()
    UNSATISFIABLE = auto()


@dataclass(frozen=True, slots=True)
class Selection:
    """What to send: *length* bytes from *start*."""

    outcome: Outcome
    start: int = 0
    length: int = 0


def select(headers: Mapping[str, str], etag: str, mtime_s: int, size: int) -> Selection:
    """What a GET or HEAD with *headers* gets of a file, in the order of RFC 9110 §13.2.2.

    *etag* is the whole field value, quotes and `W/` included; *mtime_s* is Unix seconds.
    """
    if (wanted := headers.get("If-Match")) is not None:
        if not _matches(wanted, etag, weak=False):
            return Selection(Outcome.PRECONDITION_FAILED)
    elif (since := _date(headers.get("If-Unmodified-Since"))) is not None and mtime_s > since:
        return Selection(Outcome.PRECONDITION_FAILED)
    if (known := headers.get("If-None-Match")) is not None:
        if _matches(known, etag, weak=True):
            return Selection(Outcome.NOT_MODIFIED)
    elif (since := _date(headers.get("If-Modified-Since"))) is not None and mtime_s <= since:
        return Selection(Outcome.NOT_MODIFIED)
    wanted = headers.get("Range")
    if wanted is None or not _range_holds(headers.get("If-Range"), etag, mtime_s):
        return Selection(Outcome.WHOLE, 0, size)
    return select_range(wanted, size)


def holds(headers: Mapping[str, str], etag: str | None) -> bool:
    """May a write with *headers* go on (If-Match, If-None-Match), where *etag* stands (None: nothing)?"""
    wanted, unwanted = headers.get("If-Match"), headers.get("If-None-Match")
    if wanted is not None and (etag is None or not _matches(wanted, etag, weak=False)):
        return False
    return unwanted is None or etag is None or not _matches(unwanted, etag, weak=True)


def select_range(header: str, size: int) -> Selection:
    """The one range of *header*; several ranges, other units and nonsense mean the whole (RFC 9110 §14.2)."""
    found = _RANGE.fullmatch(header)
    if found is None:
        return Selection(Outcome.WHOLE, 0, size)
    first, last, suffix = found.groups()
    if suffix is not None:
        length = min(int(suffix), size)
        return Selection(Outcome.PART, size - length, length) if length else Selection(Outcome.UNSATISFIABLE)
    start, end = int(first), int(last) if last else size - 1
    if last and end < start:
        return Selection(Outcome.WHOLE, 0, size)
    if start >= size:
        return Selection(Outcome.UNSATISFIABLE)
    return Selection(Outcome.PART, start, min(end, size - 1) - start + 1)


def _matches(header: str, etag: str, *, weak: bool) -> bool:
    """Does a list of entity tags hold for *etag*? Strong comparison wants both strong (RFC 9110 §8.8.3.2)."""
    if header.strip() == "*":
        return True
    made = _TAG.fullmatch(etag)
    assert made is not None  # it is ours
    own_weak, own = made.groups()
    return any(tag == own and (weak or not (mark or own_weak)) for mark, tag in _TAG.findall(header))


def _range_holds(condition: str | None, etag: str, mtime_s: int) -> bool:
    """If-Range: a strong tag that matches, or exactly the date that was given out (RFC 9110 §13.1.5)."""
    if condition is None:
        return True
    if '"' in condition:
        return _matches(condition, etag, weak=False)
    return _date(condition) == mtime_s


def _date(header: str | None) -> int | None:
    """An HTTP date as Unix seconds; None for one that is missing or nonsense."""
    if header is None:
        return None
    try:
        found = parsedate_to_datetime(header)
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


@lru_cache(256)
def http_date(unix_s: int) -> str:
    """Unix seconds as an HTTP date (RFC 9110 §5.6.7); years a date cannot hold are clamped."""
    when = datetime.fromtimestamp(min(max(unix_s, 0), 253_402_300_799), UTC)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[when.weekday()]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day}, {when.day:02} {months[when.month - 1]} {when.year:04} {when:%H:%M:%S} GMT"
