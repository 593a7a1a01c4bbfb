"""How values look in JSON.

Settings are kept as text. A request with a string is answered with a string; one with an object or array gets JSON,
also of what another app stored as text, and the text itself where that is no object or array (protocol page §2.5).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import NoReturn

from syncd.core.settings.incoming import Incoming, device_name, moment, written
from syncd.core.settings.store import Outcome
from syncd.errors import BadRequest
from syncd.web.bodies import JSON_VALUES, JsonObject

ENVELOPE_BYTES = 16 << 10  # of a body: all but the settings

_STRINGS = re.compile(rb'"(?:[^"\\]+|\\.)*"?', re.DOTALL)  # takes also one that never ends: else it would look again


class Form(Enum):
    """In which form an app gives its settings, and gets them."""

    TEXT = auto()
    JSON = auto()


@dataclass(frozen=True, slots=True)
class Offer:
    """A save, and the form in which its app wants the answer."""

    incoming: Incoming
    form: Form


def body_bytes(most_bytes: int) -> int:
    """How large a body may be for settings of *most_bytes*: as JSON, UTF-8 text is at most three times as long.

    But for control characters, which nobody has many of.
    """
    return 3 * most_bytes + ENVELOPE_BYTES


def offer(body: bytes) -> Offer:
    """What a device sends; raises BadRequest with the protocol's words, in its order (§2.2)."""
    fields = _fields(body)
    form, data = _settings(fields.get("settings"))
    device = fields.get("deviceName")
    if not isinstance(device, str) or not device:
        raise BadRequest("Device name is required")
    saved = fields.get("savedTs")
    if saved is None or saved is False or saved == "":
        raise BadRequest("Saved timestamp is required")
    if isinstance(saved, bool) or not isinstance(saved, str | int | float):
        raise BadRequest("Invalid time value")
    return Offer(Incoming(device_name(device), moment(saved), data), form)


def _fields(body: bytes) -> JsonObject:
    """The body's object; empty for an empty body or an array, as the original has it. Raises BadRequest."""
    if not body.strip():
        return {}
    if _holds_too_much(body):
        raise BadRequest("there is too much in these settings; send them as a string")
    try:
        value: object = json.loads(body.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise BadRequest("the body is no JSON object in UTF-8") from exc
    if isinstance(value, list):
        return {}
    if not isinstance(value, dict):
        raise BadRequest("the body is no JSON object in UTF-8")
    return value


def _holds_too_much(body: bytes) -> bool:
    """An empty object is two bytes of a body, and seventy of memory. What is within strings is no value."""
    if _marks(body) <= JSON_VALUES:
        return False
    rest, strings = _STRINGS.subn(b"", body, JSON_VALUES)
    return strings == JSON_VALUES or _marks(rest) > JSON_VALUES


def _marks(body: bytes) -> int:
    return sum(map(body.count, (b",", b"[", b"{")))


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _settings(value: object) -> tuple[Form, str]:
    """The text to keep; raises BadRequest."""
    if isinstance(value, str) and value:
        return Form.TEXT, _whole(value)
    if isinstance(value, dict | list):
        return Form.JSON, _compact(value)
    if not value:
        raise BadRequest("Settings are required")
    raise BadRequest("Invalid settings format")


def _whole(text: str) -> str:
    """*text*, unless half a surrogate pair is in it, which is no text; raises BadRequest."""
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise BadRequest("Invalid settings format") from exc
    return text


def _compact(value: object) -> str:
    """*value* as JSON without spaces; raises BadRequest for numbers that JSON has no words for, such as 1e999."""
    try:
        return _whole(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    except (ValueError, RecursionError) as exc:
        raise BadRequest("Invalid settings format") from exc


def outcome(told: Outcome, form: Form) -> bytes:
    """The answer. What is kept is JSON already, and is not made anew."""
    data = told.data if form is Form.JSON and _is_container(told.data) else json.dumps(told.data, ensure_ascii=False)
    saved = written(told.saved_ms)
    return f'{{"success":true,"data":{data},"action":"{told.action}","savedTs":"{saved}"}}'.encode()


def _is_container(text: str) -> bool:
    """Is *text* an object or array in JSON, and not too much of one to look?"""
    if not text.lstrip(" \t\r\n").startswith(("{", "[")) or _holds_too_much(text.encode()):
        return False
    try:
        json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return False
    return True
