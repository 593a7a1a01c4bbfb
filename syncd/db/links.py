"""Short links: which version of which file one leads to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from syncd.db.database import Database, Row, Transaction, built
from syncd.model import Moment


@dataclass(frozen=True, slots=True)
class Link:
    """What a link leads to, and since when."""

    user_id: int
    node: int  # the file, wherever it is by now
    content: bytes  # SHA-256 of the version that was meant
    since: Moment


async def at(db: Database, digest: bytes) -> Link | None:
    """The link whose id has that SHA-256."""
    found = await db.read(
        "SELECT user_id, node, content, created_ms, created_up_s, dated FROM links WHERE hash = ?", (digest,)
    )
    return _link(found[0]) if found else None


def _link(row: Row) -> Link:
    user_id, node, content, created_ms, created_up_s, dated = row
    since = built(Moment, created_ms, created_up_s, bool(dated))
    return built(partial(Link, since=since), user_id, node, content)


async def add(transaction: Transaction, digest: bytes, link: Link, most: int) -> None:
    """Keep one more of a user, and at most *most*: the oldest go."""
    since = link.since
    await transaction.run(
        "INSERT INTO links (hash, user_id, node, content, created_ms, created_up_s, dated) VALUES (?,?,?,?,?,?,?)",
        (digest, link.user_id, link.node, link.content, since.wall_ms, since.uptime_s, int(since.is_dated)),
    )
    await transaction.run(
        "DELETE FROM links WHERE user_id = ?1 AND rowid <="
        " (SELECT rowid FROM links WHERE user_id = ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2)",
        (link.user_id, most),
    )


async def drop_over(transaction: Transaction, before: Moment) -> None:
    """Forget what was handed out at *before* or earlier, by uptime or, where both are dated, by the clock."""
    await transaction.run(
        "DELETE FROM links WHERE created_up_s <= ?1 OR (?2 AND dated AND created_ms <= ?3)",
        (before.uptime_s, int(before.is_dated), before.wall_ms),
    )
