"""What devices send: their name, what they saved, and when they say it was."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from syncd.errors import BadRequest

NAME_CHARACTERS = 200
FIRST_MS, LAST_MS = -62_135_596_800_000, 253_402_300_799_999  # the years 1 to 9999, as ISO 8601 writes them

_ISO = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_MAIL = re.compile(  # RFC 2822 §3.3, as a browser's toUTCString() writes it too
    r"(?:[a-z]{3}, *)?(?P<day>[0-9]{1,2}) (?P<month>[a-z]{3}) (?P<year>[0-9]{4})"
    r" (?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?(?: (?P<zone>gmt|utc?|z|[+-][0-9]{4}))?",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A save that a device offers."""

    device: str
    said_ms: int  # Unix ms, when it says that its settings were changed
    data: str


def device_name(text: str) -> str:
    """*text* if it can name a device: it is shown on pages and terminals. Raises BadRequest."""
    if len(text) > NAME_CHARACTERS:
        raise BadRequest(f"Device name is too long; it may have {NAME_CHARACTERS} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        raise BadRequest("Device name must not hold control characters or half a character")
    return text


def moment(value: str | float) -> int:
    """The time that *value* tells, in whole Unix milliseconds, finer ones cut off; raises BadRequest.

    ISO 8601 or RFC 2822, without a zone in UTC, or a number of milliseconds (protocol page §2.4). Years 1 to 9999.
    """
    try:
        when_ms = _told(value) if isinstance(value, str) else int(value)
    except (ValueError, OverflowError) as exc:
        raise BadRequest("Invalid time value") from exc
    if not FIRST_MS <= when_ms <= LAST_MS:
        raise BadRequest("Invalid time value")
    return when_ms


def _told(text: str) -> int:
    """Raises ValueError."""
    found = _ISO.fullmatch(text) or _MAIL.fullmatch(text)
    if found is None:
        raise ValueError("neither ISO 8601 nor RFC 2822")
    part = found.groupdict()
    month = part["month"].lower()
    when = datetime(
        *(int(part["year"]), _MONTHS.index(month) + 1 if month.isalpha() else int(month), int(part["day"])),
        *(int(part["hour"] or 0), int(part["minute"] or 0), int(part["second"] or 0)),
        tzinfo=UTC,
    )
    since = when - _EPOCH
    milliseconds = int((part.get("fraction") or "")[:3].ljust(3, "0"))
    return (since.days * 86_400 + since.seconds - _east_s(part["zone"] or "")) * 1000 + milliseconds


def _east_s(zone: str) -> int:
    """How many seconds *zone* is ahead of UTC; raises ValueError."""
    if zone[:1] not in ("+", "-"):
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError("no such zone")
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def written(when_ms: int) -> str:
    """A time as ISO 8601 in UTC, `2025-01-01T00:00:00.000Z`; what was restored may be later than can be written."""
    seconds, milliseconds = divmod(min(when_ms, LAST_MS), 1000)
    when = _EPOCH + timedelta(seconds=seconds)
    return f"{when.replace(tzinfo=None).isoformat(timespec='seconds')}.{milliseconds:03}Z"
