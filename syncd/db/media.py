"""What photos, videos and sounds say of themselves, by content hash."""

from __future__ import annotations

from dataclasses import dataclass

from syncd.db.database import Database, Transaction, blob, built
from syncd.model import Metadata


@dataclass(frozen=True, slots=True)
class Known:
    """What one look at a content gave."""

    hash: bytes
    mime: str
    has_picture: bool
    note: str
    is_document: bool
    metadata: Metadata


async def of(db: Database, digest: bytes) -> Known | None:
    """What is known of that content; None when it was never looked at."""
    found = await db.read(
        "SELECT hash, mime, has_picture, note, is_document, taken_ms, width, height, orientation, duration_ms,"
        " camera, latitude, longitude FROM media WHERE hash = ?",
        (digest,),
    )
    if not found:
        return None
    digest_, mime, has_picture, note, is_document, *metadata = found[0]
    facts = built(Metadata, *metadata)
    return Known(blob(digest_), str(mime), bool(has_picture), str(note), bool(is_document), facts)


async def keep(transaction: Transaction, known: Known, now_ms: int) -> None:
    """Write or replace what is known of a content."""
    found = known.metadata
    await transaction.run(
        "INSERT OR REPLACE INTO media (hash, mime, has_picture, note, is_document, examined_ms, taken_ms, width,"
        " height, orientation, duration_ms, camera, latitude, longitude) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            *(known.hash, known.mime, int(known.has_picture), known.note, int(known.is_document), now_ms),
            *(found.taken_ms, found.width, found.height, found.orientation, found.duration_ms),
            *(found.camera, found.latitude, found.longitude),
        ),
    )


async def forget(transaction: Transaction, digest: bytes) -> None:
    await transaction.run("DELETE FROM media WHERE hash = ?", (digest,))
