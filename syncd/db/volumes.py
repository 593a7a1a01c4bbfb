"""Which disks this box serves, and how far their sequences may have been issued."""

from __future__ import annotations

from syncd.db.database import Database, Transaction


async def served(db: Database) -> dict[str, int]:
    """Volume id -> highest seq that may have been issued for it."""
    return {str(volume): int(reserved or 0) for volume, reserved in await db.read("SELECT id, reserved FROM volumes")}


async def serve(transaction: Transaction, volume_id: str) -> None:
    """Serve that volume from now on."""
    await transaction.run("INSERT OR IGNORE INTO volumes (id, reserved) VALUES (?, 0)", (volume_id,))


async def reserve(transaction: Transaction, volume_id: str, seq: int) -> None:
    """Every seq up to *seq* may be issued from now on."""
    await transaction.run("UPDATE volumes SET reserved = max(reserved, ?) WHERE id = ?", (seq, volume_id))
