"""What the daemon and the worker say to each other over a socket pair.

Request:  length (4 bytes, big endian), JSON; an open file rides on the same message (SCM_RIGHTS).
Reply:    length of the JSON, length of the picture (4 bytes each), JSON, picture.

The daemon trusts no reply: the worker has read a stranger's file.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from typing import Literal

from syncd.model import Metadata

HEAD = struct.Struct("!I")
REPLY_HEAD = struct.Struct("!II")
JSON_LIMIT = 16 * 1024
PICTURE_LIMIT = 8 << 20
NOTE_LENGTH = 200

Action = Literal["examine", "preview"]


class BadFrame(ValueError):
    """The other side does not speak the protocol."""


@dataclass(frozen=True, slots=True)
class Request:
    action: Action
    memory: int  # bytes that the worker may hold
    cpu_s: int
    orientation: int = 0  # 1..8 where the container of the picture knows it; 0: the picture's own


@dataclass(frozen=True, slots=True)
class Reply:
    metadata: Metadata
    is_document: bool
    note: str  # why there is no picture
    foreign: bool  # not a format that Pillow reads here
    picture: bytes


def pack_request(request: Request) -> bytes:
    text = json.dumps(asdict(request)).encode()
    return HEAD.pack(len(text)) + text


def parse_request(text: bytes) -> Request:
    """The request in *text*. The daemon is trusted; a mismatch is our own mistake and raises as it likes."""
    return Request(**json.loads(text))


def pack_reply(reply: Reply) -> bytes:
    fields = {
        "metadata": asdict(reply.metadata),
        "is_document": reply.is_document,
        "note": reply.note,
        "foreign": reply.foreign,
    }
    text = json.dumps(fields).encode()
    return REPLY_HEAD.pack(len(text), len(reply.picture)) + text + reply.picture


def reply_lengths(head: bytes) -> tuple[int, int]:
    """The two lengths in a reply's head; raises BadFrame when they are beyond the bounds."""
    text, picture = REPLY_HEAD.unpack(head)
    if text > JSON_LIMIT or picture > PICTURE_LIMIT:
        raise BadFrame(f"a reply of {text} and {picture} bytes")
    return text, picture


def parse_reply(text: bytes, picture: bytes) -> Reply:
    """The reply, every field checked for type and range; raises BadFrame."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise BadFrame("not JSON") from exc
    if not isinstance(fields, dict) or not isinstance(fields.get("metadata"), dict):
        raise BadFrame("not a reply")
    note = fields.get("note")
    return Reply(
        metadata=checked_metadata(fields["metadata"]),
        is_document=fields.get("is_document") is True,
        note=note[:NOTE_LENGTH] if isinstance(note, str) else "",
        foreign=fields.get("foreign") is True,
        picture=picture,
    )


def checked_metadata(fields: dict[str, object]) -> Metadata:
    """The metadata in *fields*; what is out of its range is left out."""
    return Metadata(
        taken_ms=whole(fields.get("taken_ms"), -(1 << 42), 1 << 43),
        width=whole(fields.get("width"), 1, 1 << 24),
        height=whole(fields.get("height"), 1, 1 << 24),
        orientation=whole(fields.get("orientation"), 1, 8),
        duration_ms=whole(fields.get("duration_ms"), 0, 1 << 40),
        camera=label(fields.get("camera")),
        latitude=degrees(fields.get("latitude"), 90),
        longitude=degrees(fields.get("longitude"), 180),
    )


def whole(value: object, low: int, high: int) -> int | None:
    """*value* if it is a whole number from *low* to *high*."""
    return value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else None


def degrees(value: object, most: int) -> float | None:
    """*value* as degrees, from -*most* to *most*."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -most <= value <= most else None


def label(value: object) -> str | None:
    """*value* as one short printable line, or None."""
    if not isinstance(value, str):
        return None
    text = " ".join("".join(ch if ch.isprintable() else " " for ch in value).split())[:128]
    return text or None
