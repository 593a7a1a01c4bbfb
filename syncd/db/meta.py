"""Small facts: about the index (integers), and about the box (text, in the accounts database)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Literal

from syncd.db.database import Database, Transaction
from syncd.db.records import Step, decode, encode

# clean         1 while the index was closed in order
# volume        the first 60 bits of the id of the volume it indexes
# durable_seq   in `balanced`: everything up to it survives a power cut
# examined_seq  how far the media worker has come
IndexKey = Literal["clean", "durable_seq", "examined_seq"]


async def number(db: Database, key: IndexKey) -> int:
    """The value of *key*; 0 when it was never set."""
    found = await db.read("SELECT value FROM meta WHERE key = ?", (key,))
    return int(found[0][0] or 0) if found else 0


async def set_number(transaction: Transaction, key: IndexKey, value: int) -> None:
    await transaction.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))


async def text(db: Database, key: str) -> str:
    """The text of *key* in the accounts database; '' when it was never set."""
    found = await db.read("SELECT value FROM meta WHERE key = ?", (key,))
    return str(found[0][0]) if found else ""


async def set_text(transaction: Transaction, key: str, value: str) -> None:
    await transaction.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))


def intend(connection: sqlite3.Connection, steps: Sequence[Step]) -> list[int]:
    """Write down *steps* before they are begun; their ids. Inside a transaction."""
    found = connection.execute(
        "INSERT INTO intents (step) SELECT value FROM json_each(?) RETURNING id",
        (json.dumps([encode(step) for step in steps]),),
    )
    return [number_ for (number_,) in found.fetchall()]


def fulfil(connection: sqlite3.Connection, intents: Sequence[int]) -> None:
    """The steps are done, or undone: forget them. Inside a transaction."""
    connection.executemany("DELETE FROM intents WHERE id = ?", [(one,) for one in intents])


async def intents(db: Database) -> list[tuple[int, Step]]:
    """Steps that were begun and never finished, in order."""
    found = await db.read("SELECT id, step FROM intents ORDER BY id")
    return [(int(number_ or 0), decode(str(step))) for number_, step in found]
