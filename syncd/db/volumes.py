"""Which disks this box serves, and which sequences may have been issued for them."""

from __future__ import annotations

from dataclasses import dataclass

from syncd.db.database import Database, Transaction

OPEN = -1


@dataclass(frozen=True, slots=True)
class Served:
    """Every seq up to `reserved` may have been issued; `last` was the newest when the index was closed, OPEN if not."""

    reserved: int
    last: int


async def served(db: Database) -> dict[str, Served]:
    """The volumes of this box, by id."""
    found = await db.read("SELECT id, reserved, last FROM volumes")
    return {str(volume): Served(int(reserved or 0), int(last or 0)) for volume, reserved, last in found}


async def serve(transaction: Transaction, volume_id: str) -> None:
    """Serve that volume from now on."""
    await transaction.run("INSERT OR IGNORE INTO volumes (id, reserved, last) VALUES (?, 0, 0)", (volume_id,))


async def reserve(transaction: Transaction, volume_id: str, seq: int) -> None:
    """Every seq up to *seq* may be issued from now on."""
    await transaction.run("UPDATE volumes SET reserved = max(reserved, ?) WHERE id = ?", (seq, volume_id))


async def note_last(transaction: Transaction, volume_id: str, seq: int) -> None:
    """Its index was closed with *seq* as the newest, or (OPEN) is in use."""
    await transaction.run("UPDATE volumes SET last = ? WHERE id = ?", (seq, volume_id))
