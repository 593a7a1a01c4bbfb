"""How values look on the wire: times, hashes, numbers, and the objects of the protocol."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from aiohttp import web

from syncd.errors import BadRequest
from syncd.model import Clash, Cursor, Device, Entry, Reason, Trashed, TreePath, UploadSession, User
from syncd.web.bodies import JsonObject, text_field

Json = dict[str, object]

BIGGEST = (1 << 63) - 1  # what the index can hold
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE = datetime(1970, 1, 1)  # written four times as fast: the feed has two times a line
_FIRST_MS = -62_135_596_800_000  # the beginning of the year 1
_LAST_MS = 253_402_300_799_999  # the end of the year 9999
_NUMBER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", re.ASCII | re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DIGEST = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]*):", re.ASCII)


# Reading


def number(text: str, name: str, least: int = 0) -> int:
    """A whole number from *least* up; raises BadRequest."""
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= BIGGEST:
        raise BadRequest(f"{name} must be a whole number from {least} up")
    return int(text)


def path_number(request: web.Request, name: str) -> int:
    """A number of the address; 0, which nothing has, for what is none."""
    text = request.match_info[name]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def query_number(request: web.Request, name: str, default: int, least: int = 0) -> int:
    """A number of the query; *default* when it is not there."""
    text = request.query.get(name)
    return number(text, name, least) if text is not None else default


def query_seconds(request: web.Request, name: str, most: float) -> float:
    """Seconds of the query, at most *most*; 0 when they are not there."""
    text = request.query.get(name, "0")
    if not _SECONDS.fullmatch(text):
        raise BadRequest(f"{name} must be seconds from 0 to {most:g}")
    return min(float(text), most)


def number_field(body: JsonObject, name: str, least: int = 0) -> int | None:
    """A whole number of a JSON object; None when it is missing or null. Raises BadRequest."""
    value = body.get(name)
    if value is None:
        return None
    # In Python true is 1, and 1.0 is a number of another kind.
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= BIGGEST:
        raise BadRequest(f"{name} must be a whole number from {least} up")
    return value


def required_number(body: JsonObject, name: str) -> int:
    """As number_field, but it must be there."""
    value = number_field(body, name)
    if value is None:
        raise BadRequest(f"{name} is missing")
    return value


def required_text(body: JsonObject, name: str) -> str:
    """A string of a JSON object, not empty; raises BadRequest."""
    value = text_field(body, name)
    if not value:
        raise BadRequest(f"{name} is missing")
    return value


def switch_field(body: JsonObject, name: str) -> bool | None:
    """True or false of a JSON object; None when it is missing or null."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadRequest(f"{name} must be true or false")
    return value


def content_hash(text: str, name: str) -> bytes:
    """The SHA-256 that `sha256:<64 hex>` stands for; raises BadRequest."""
    kind, _, digits = text.partition(":")
    if kind != "sha256" or not _HEX.fullmatch(digits.lower()):
        raise BadRequest(f"{name} must be sha256: and 64 hexadecimal digits")
    return bytes.fromhex(digits)


def hash_field(body: JsonObject, name: str) -> bytes | None:
    """A content hash of a JSON object; None when it is missing or null."""
    text = text_field(body, name)
    return content_hash(text, name) if text else None


def block_hashes(texts: Iterable[str]) -> list[bytes]:
    """Hashes of blocks: bare hexadecimal digits."""
    found = list(texts)
    if not all(_HEX.fullmatch(one) for one in found):
        raise BadRequest("blocks must be lists of 64 lower-case hexadecimal digits each")
    return [bytes.fromhex(one) for one in found]


def content_digest(request: web.Request) -> bytes | None:
    """The SHA-256 of a Content-Digest header (RFC 9530); None when there is none. Other algorithms are passed over."""
    found = _DIGEST.search(request.headers.get("Content-Digest", ""))
    if found is None:
        return None
    try:
        digest = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != 32:
        raise BadRequest("Content-Digest must be sha-256=:<base64 of 32 bytes>:", code="digest_mismatch")
    return digest


def milliseconds(text: str, name: str) -> int:
    """A time of RFC 3339 as Unix ms; raises BadRequest."""
    try:
        when = datetime.fromisoformat(text.upper())  # RFC 3339 §5.6: t and z may be small
        if when.tzinfo is None or "T" not in text.upper():
            raise ValueError(text)
        return (when - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError) as exc:
        raise BadRequest(f"{name} must be a time like 2026-11-20T08:15:30.123Z") from exc


def query_switch(request: web.Request, name: str) -> bool:
    """Is it asked for in the query? Raises BadRequest for anything but 0 and 1."""
    text = request.query.get(name, "0")
    if text not in ("0", "1"):
        raise BadRequest(f"{name} must be 0 or 1")
    return text == "1"


def prefix(request: web.Request) -> str:
    """The folder of `prefix`, without its slash; '' for the whole tree. Raises BadName."""
    text = request.query.get("prefix", "")
    return str(TreePath.parse(text.removesuffix("/"))) if text else ""


def tree_path(request: web.Request) -> TreePath:
    """The path at the end of the address; raises BadName."""
    return TreePath.parse(request.match_info["path"])


# Writing


def time(unix_ms: int) -> str:
    """Unix ms as RFC 3339 in UTC with milliseconds; years that have no four digits are clamped."""
    when = _NAIVE + timedelta(milliseconds=min(max(unix_ms, _FIRST_MS), _LAST_MS))
    return when.isoformat(timespec="milliseconds") + "Z"


def time_or_none(unix_ms: int | None) -> str | None:
    return time(unix_ms) if unix_ms is not None else None


def named(digest: bytes) -> str:
    """A SHA-256 as the protocol writes it."""
    return f"sha256:{digest.hex()}"


def named_or_none(digest: bytes | None) -> str | None:
    """As named; None for the hash of nothing."""
    return named(digest) if digest else None


def user_json(user: User) -> Json:
    return {"id": user.public_id, "username": user.name, "role": user.role}


def device_json(device: Device, cursor: Cursor | None) -> Json:
    return {
        "id": device.id,
        "name": device.name,
        "device_type": device.kind,
        "client_version": device.client_version,
        "os_info": device.os_info,
        "sync_cursor": cursor.seq if cursor is not None else 0,
        "last_sync_at": time(cursor.acked_ms) if cursor is not None else None,
        "last_seen_at": time_or_none(device.seen_ms),
        "enabled": device.enabled,
        "created_at": time(device.created_ms),
    }


def change_json(entry: Entry, cursor: int) -> Json:
    """One change of the feed, for somebody who has everything up to *cursor*."""
    kind = "deleted" if not entry.live else "created" if entry.born_seq > cursor else "modified"
    modified = entry.disk_mtime_ns // 1_000_000 if entry.live and entry.disk_mtime_ns is not None else None
    change: Json = {
        "sequence": entry.seq,
        "change_type": kind,
        "path": entry.path,
        "content_hash": named_or_none(entry.hash),
        "file_size": entry.size if entry.live else None,
        "modified_at": time_or_none(modified),
        "device_id": entry.device_id,
        "timestamp": time(entry.changed_ms),
    }
    if entry.is_folder:
        change["is_folder"] = True
    if entry.moved_from is not None:
        change["moved_from"] = entry.moved_from
    if entry.moved_to is not None:
        change["moved_to"] = entry.moved_to
    return change


def clash_json(clash: Clash) -> Json:
    return {
        "id": clash.id,
        "path": clash.path,
        "kind": clash.kind,
        "local_hash": named_or_none(clash.local_hash),
        "server_hash": named_or_none(clash.server_hash),
        "device_id": clash.device_id or None,
        "conflicted_copy": clash.copy,
        "detected_at": time(clash.detected_ms),
    }


def session_json(session: UploadSession, missing: Iterable[tuple[int, int]], kept_ms: int) -> Json:
    """*kept_ms*: how long after its last chunk it can be resumed."""
    received = session.received.count(1) if session.stored is None else session.chunk_count
    status = "completed" if session.stored is not None else "in_progress" if received else "pending"
    return {
        "id": session.id,
        "target_path": session.path,
        "expected_hash": named_or_none(session.hash),
        "expected_size": session.size,
        "chunk_size": session.chunk_size,
        "chunk_count": session.chunk_count,
        "received_chunks": received,
        "missing": list(missing),
        "status": status,
        "created_at": time(session.created_ms),
        "expires_at": time(session.touched_ms + kept_ms),
    }


def stored_json(path: str, digest: bytes, size: int, seq: int, clash: Clash | None) -> Json:
    """Where content is that was taken."""
    return {
        "path": path,
        "content_hash": named(digest),
        "file_size": size,
        "sequence": seq,
        "conflict": clash_json(clash) if clash is not None else None,
    }


def trashed_json(lying: Trashed, kept_ms: int) -> Json:
    """*kept_ms*: how long files stay in the trash; 0 for ever."""
    return {
        "id": lying.id,
        "original_path": lying.original,
        "content_hash": named(lying.hash),
        "file_size": lying.size,
        # That it looked like a page of paper is the phone's business.
        "reason": Reason.DELETED if lying.reason is Reason.DOCUMENT else lying.reason,
        "trashed_at": time(lying.trashed_ms),
        "expires_at": time(lying.trashed_ms + kept_ms) if kept_ms else None,
    }
