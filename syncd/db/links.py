"""Short links: which version of which file one leads to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from syncd.db import moments
from syncd.db.database import Database, Transaction, built
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
    found = await db.read(f"SELECT user_id, node, content, {moments.COLUMNS} FROM links WHERE hash = ?", (digest,))
    if not found:
        return None
    user_id, node, content, *since = found[0]
    return built(partial(Link, since=moments.read(*since)), user_id, node, content)


async def add(transaction: Transaction, digest: bytes, link: Link, most: int) -> None:
    """Keep one more of a user, and at most *most*: the oldest go."""
    await transaction.run(
        f"INSERT INTO links (hash, user_id, node, content, {moments.COLUMNS}) VALUES (?,?,?,?,?,?,?)",
        (digest, link.user_id, link.node, link.content, *moments.written(link.since)),
    )
    await moments.drop_oldest(transaction, "links", link.user_id, most)
