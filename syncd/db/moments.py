"""What is handed out for a while: the same three columns, and the same end, in every such table."""

from __future__ import annotations

from typing import Literal

from syncd.db.database import Row, Transaction, Value, built
from syncd.model import Moment

COLUMNS = "created_ms, created_up_s, dated"

Table = Literal["authids", "links"]


def written(since: Moment) -> tuple[int, int, int]:
    """*since* as COLUMNS have it."""
    return since.wall_ms, since.uptime_s, int(since.is_dated)


def read(created_ms: Value, created_up_s: Value, dated: Value) -> Moment:
    """COLUMNS as a moment."""
    return built(Moment, created_ms, created_up_s, bool(dated))


async def drop_oldest(transaction: Transaction, table: Table, user_id: int, most: int) -> list[Row]:
    """Leave a user the newest *most* rows; the hashes of those that had to go."""
    return await transaction.run(
        f"DELETE FROM {table} WHERE user_id = ?1 AND rowid <="
        f" (SELECT rowid FROM {table} WHERE user_id = ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2) RETURNING hash",
        (user_id, most),
    )


async def drop_over(transaction: Transaction, table: Table, before: Moment) -> None:
    """Forget what was handed out at *before* or earlier, by uptime or, where both are dated, by the clock."""
    await transaction.run(
        f"DELETE FROM {table} WHERE created_up_s <= ?1 OR (?2 AND dated AND created_ms <= ?3)",
        (before.uptime_s, int(before.is_dated), before.wall_ms),
    )
